"""Search text: what is written and what is typed are brought to one spelling, then cut into pairs of characters.

Pairs, since neither engine's own word search finds a word of two Chinese characters: SQLite's trigrams need three,
PostgreSQL's word parser does not cut Chinese.
"""

import re
import unicodedata
from collections.abc import Iterable

MAX_TERMS = 12
MAX_LENGTH = 120
_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CHINESE = re.compile(rf"[{_CJK}]")
_PARTS = re.compile(rf"[{_CJK}]+|[^{_CJK}\W_]+")
_JOINERS = re.compile(rf"(?<=[^\W_{_CJK}])[/.\-:](?=[^\W_{_CJK}])")


def _spelling(text: str) -> str:
    """One width, one case; slashes, dots and dashes inside a number or a model drop out: `GB/T 228.1` → `gbt 2281`."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub("[‐‑‒–—―−]", "-", text)
    return _JOINERS.sub("", text)


def normalise(fields: Iterable[str | None]) -> str:
    """The search text of some fields: each a run of letters, digits and Chinese without blanks, fields set apart."""
    runs: list[str] = []
    for field in fields:
        run = "".join(character for character in _spelling(field or "") if character.isalnum())
        if run and run not in runs:
            runs.append(run)
    return " ".join(runs)


def terms(query: str) -> tuple[str, ...]:
    """What is looked for: every one of these must occur. Chinese and Latin that touch are two terms."""
    found: list[str] = []
    for term in _PARTS.findall(_spelling(query[:MAX_LENGTH])):
        if term not in found:
            found.append(term)
    return tuple(found[:MAX_TERMS])


def pairs(run: str) -> list[str]:
    """`盐雾试验` → 盐雾, 雾试, 试验; of one character itself."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def grams(text: str) -> str:
    """What is indexed: the pairs of each field in order, so that a phrase of pairs is a substring, and then every
    single character once, for those who type only one."""
    found = [pair for run in text.split() if len(run) > 1 for pair in pairs(run)]
    singles = dict.fromkeys(character for run in text.split() for character in run)
    return " ".join([*found, *singles])


def parts(query: str) -> list[str]:
    """What something similar would share with a query: its pairs, and its single Chinese characters."""
    words = terms(query)
    singles = [character for word in words if _CHINESE.match(word) for character in word]
    return list(dict.fromkeys([*(pair for word in words for pair in pairs(word)), *singles]))
