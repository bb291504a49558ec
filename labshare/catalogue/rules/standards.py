"""Numbers of standards, however they are typed, and the chain of what replaced what."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-"))
_TRADES = ("GB", "JB", "QC", "HB", "YB", "YS", "SJ", "FZ", "HG", "YY", "JY", "NB", "QB", "HJ", "SY", "SH", "NY", "TB")
"""National and of a trade; recommended ones have /T behind."""
PREFIXES = (*_TRADES, "ChP", "ISO", "IEC", "ASTM", "EN", "DIN", "JIS", "DB", "JJG", "JJF")
_RECOMMENDED = re.compile(rf"^({'|'.join(_TRADES)})T(?=\d)")
_WITHOUT_T = re.compile(rf"^({'|'.join(_TRADES)})(?=\d)")

Successors = Mapping[str, tuple[str, date]]
"""Search number → search number of what replaces it, and from which day."""


def normalise(number: str) -> str:
    """`GB/T 10125-2021` → `GB/T10125-2021`: upper case, no blanks, one kind of dash and slash."""
    text = unicodedata.normalize("NFKC", number).translate(_DASHES).upper()
    text = "".join(text.split())
    return _RECOMMENDED.sub(r"\1/T", text)


def as_recommended(number: str) -> str:
    """`GB228`, as people say it, → `GB/T228`, as it is called; others stay."""
    return _WITHOUT_T.sub(r"\1/T", number)


def same_standard(listed: str, typed: str) -> bool:
    """Whether a typed number (normalised) means a listed one: itself, or all its years or parts where none is given.

    `GB/T10125` means `GB/T10125-2021`, `GB/T24610` means `GB/T24610.2`; `GB/T1012` means neither.
    """
    if listed == typed:
        return True
    return listed.startswith(typed) and listed[len(typed) :][:1] in ("-", ":", ".")


def looks_like_number(text: str) -> bool:
    number = normalise(text)
    return bool(re.match(rf"({'|'.join(PREFIXES)})(/T|/Z)?\d", number, re.IGNORECASE))


def chain(number: str, successors: Successors) -> tuple[str, ...]:
    """A number and everything that replaced it, one after the other; a ring is followed once round."""
    found = [number]
    while (following := successors.get(found[-1])) is not None and following[0] not in found:
        found.append(following[0])
    return tuple(found)


def current(number: str, successors: Successors, day: date) -> str:
    """The standard in force on a day: the number itself, or the last one that has replaced it by then."""
    found = number
    for later in chain(number, successors)[1:]:
        if successors[found][1] > day:
            break
        found = later
    return found
