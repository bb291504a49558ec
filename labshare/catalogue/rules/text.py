"""Search text: what is written and what is typed are brought to one spelling, then cut into pairs of characters.

Pairs, since neither engine's own word search finds a word of two Chinese characters: SQLite's trigrams need three,
PostgreSQL's word parser does not cut Chinese. Latin words are indexed whole as well, for what must not be found inside
another word: NSS is not in “instrument”.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MAX_TERMS = 12
MAX_LENGTH = 120
WHOLE = "ˈ"
"""Stands before a whole Latin word in text and index; a modifier letter, since SQLite indexes letters only."""
TEST_ENDS = "~"
"""Stands after the test's name without its sample type: 盐雾 Ka（膨胀阀线圈） is no test of valves."""
NAMES_END = "|"
"""Stands after the names: what is found before it is found in a name."""
INITIALS = "^"
"""Stands before the initials of the name's pinyin, which are found from their first letter on."""
SHORT = 4
"""Latin words of so many letters or fewer are looked for as whole words only."""

_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CHINESE = re.compile(rf"[{_CJK}]")
_PARTS = re.compile(rf"[{_CJK}]+|[^{_CJK}\W_]+")
_JOINERS = re.compile(rf"(?<=[^\W_{_CJK}])[/.\-:](?=[^\W_{_CJK}])")
_SAMPLE_TYPE = re.compile(r"\s*[（(][^（()）]*[)）]\s*$")
_HYPHENS = re.compile(r"(?<=[a-z]{2})[/\-](?=[a-z]{2})")
"""Between words of letters, which stand by themselves: SEM-EDS. X-ray and Q-FOG are one."""
_LATIN = re.compile(rf"[^\W_{_CJK}]+(?:[/.\-:][^\W_{_CJK}]+)*")


def one_spelling(text: str) -> str:
    """One width, one case, one dash, without the marks that this index sets itself."""
    text = unicodedata.normalize("NFKC", text).casefold().replace(WHOLE, " ")
    return re.sub("[‐‑‒–—―−]", "-", text)


def _spelling(text: str) -> str:
    """Slashes, dots and dashes inside a number or a model drop out too: `GB/T 228.1` → `gbt 2281`."""
    return _JOINERS.sub("", one_spelling(text))


def is_chinese(character: str) -> bool:
    return _CHINESE.match(character) is not None


def run(text: str) -> str:
    """Letters, digits and Chinese in one spelling without blanks."""
    return "".join(character for character in _spelling(text) if character.isalnum())


def normalise(fields: Iterable[str | None]) -> str:
    """The search text of some fields: each a run, fields set apart."""
    return " ".join(dict.fromkeys(found for field in fields if (found := run(field or ""))))


def latin_words(fields: Iterable[str | None]) -> list[str]:
    """The whole Latin words of some fields, each once: `ICP-OES` → icp, oes, icpoes. Bare numbers and single letters
    are none."""
    found: dict[str, None] = {}
    for text in fields:
        for match in _LATIN.findall(one_spelling(text or "")):
            words = re.split(r"[/.\-:]", match)
            for word in [*words, *(["".join(words)] if len(words) > 1 else [])]:
                if len(word) > 1 and not word.isdigit():
                    found[word] = None
    return list(found)


def entry(
    names: Sequence[str | None], fields: Sequence[str | None], pinyin: str = "", initials: str = ""
) -> tuple[str, str]:
    """Text and grams of an entry of the index: the names first, then the other fields, then pinyin and initials."""
    tests = [test_of(name) for name in names if name]
    of_tests = [_piece(tests), TEST_ENDS] if tests != list(filter(None, names)) else []
    others = filter(None, (_piece(fields), run(pinyin), INITIALS + run(initials)))
    text = " ".join([*of_tests, _piece(names), NAMES_END, *others])
    # a whole word is always followed by a blank, so that it can be looked for with its end
    whole = [WHOLE + word for word in latin_words([*names, *fields])]
    return text + " ", " ".join([grams(text), *whole])


def _piece(part: Sequence[str | None]) -> str:
    short = " ".join(WHOLE + word for word in latin_words(part) if len(word) <= SHORT)
    return " ".join(piece for piece in (normalise(part), short) if piece)


def test_of(name: str) -> str:
    """The test without the sample type it stands for: `洛氏硬度（滚子）` → `洛氏硬度`."""
    return _SAMPLE_TYPE.sub("", name).strip() or name


def sample_of(name: str) -> str:
    """The sample type of a test's name: `洛氏硬度（滚子）` → `滚子`; empty where it names none."""
    found = _SAMPLE_TYPE.search(name)
    return found[0].strip(" （()）") if found and test_of(name) != name else ""


def terms(query: str) -> tuple[str, ...]:
    """The words of a query as they stand. Chinese and Latin that touch are two terms."""
    found: list[str] = []
    for term in _PARTS.findall(_spelling(query[:MAX_LENGTH])):
        if term not in found:
            found.append(term)
    return tuple(found[:MAX_TERMS])


Token = tuple[str, bool]
"""A Chinese character, a Latin word or a number, and whether it touches the one before."""


def tokens(query: str) -> list[Token]:
    """What a query is made of, in its order."""
    text = _spelling(_HYPHENS.sub(" ", one_spelling(query[:MAX_LENGTH])))
    found: list[Token] = []
    end = -1
    for match in _PARTS.finditer(text):
        pieces = list(match[0]) if is_chinese(match[0][0]) else [match[0]]
        for at, piece in enumerate(pieces):
            found.append((piece, at > 0 or match.start() == end))
        end = match.end()
    return found


def pairs(run: str) -> list[str]:
    """`盐雾试验` → 盐雾, 雾试, 试验; of one character itself."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def grams(text: str) -> str:
    """What is indexed: the pairs of each field in order, so that a phrase of pairs is a substring, and then every
    single character once, for those who type only one."""
    runs = [run for part in text.split() if part not in (TEST_ENDS, NAMES_END) and (run := part.lstrip(INITIALS))]
    runs = [run for run in runs if not run.startswith(WHOLE)]
    found = [pair for run in runs if len(run) > 1 for pair in pairs(run)]
    singles = dict.fromkeys(character for run in runs for character in run)
    return " ".join([*found, *singles])


@dataclass(frozen=True)
class Word:
    """One way in which something may be written: `pattern` occurs in the text, `grams` are in the index, side by side
    where `phrase`. `shown` is for people."""

    pattern: str
    grams: tuple[str, ...]
    phrase: bool
    shown: str = field(compare=False)

    @property
    def checked(self) -> bool:
        """Whether what the index finds must be checked against the text: several grams may stand apart in it."""
        return len(self.grams) > 1

    def finds(self, other: "Word") -> bool:
        """Whether it occurs wherever the other one does."""
        if self.phrase != other.phrase:
            return False
        if not self.phrase:
            fewer = set(self.grams) < set(other.grams)
            return fewer and (len(self.grams) == 1 or self.pattern in other.pattern)
        return INITIALS not in self.pattern + other.pattern and self.pattern in other.pattern and self != other


def anywhere(typed: str) -> Word:
    """Found inside other words too."""
    found = run(typed)
    return Word(found, tuple(pairs(found)), True, typed)


def whole(typed: str) -> Word:
    """A Latin word, or several in a row, found as whole words only."""
    words = latin_words([typed]) if " " in typed else [run(typed)]
    pattern = f"{WHOLE}{words[0]} " if len(words) == 1 and len(words[0]) <= SHORT else run(typed)
    return Word(pattern, tuple(WHOLE + word for word in words), False, typed)


def initials(typed: str) -> Word:
    """The first letters of a name's pinyin."""
    found = run(typed)
    return Word(INITIALS + found, tuple(pairs(found)), True, typed)
