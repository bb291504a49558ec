"""Divisions and classes of the national industry classification GB/T 4754-2017, found by what people call their trade.

The standard's names of the 97 divisions stand in `industries.csv` with ours in English and everyday words for what a
division makes; those of its 1,381 classes, as amended in 2019, in `industry_classes.csv`.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from labshare.organisations.rules import is_industry_code, sector_of_industry

DIVISIONS, CLASSES = (Path(__file__).with_name(name) for name in ("industries.csv", "industry_classes.csv"))
DIVISION = len("C34")
MOST = 8
"""Industries that are proposed for what somebody types."""
_MAKES = re.compile("(制造|加工|生产|服务|批发|零售|业)+$")
"""What the standard adds to the name of a trade."""
MADE = 1
"""The place in `Industry.nearness` of a class that makes just what was typed."""


@dataclass(frozen=True, kw_only=True)
class Industry:
    code: str
    """A letter with two digits for a division (C34), with four for a class (C3451)."""
    name: str
    name_en: str = ""
    words: tuple[str, ...] = ()

    @property
    def sector(self) -> str | None:
        return sector_of_industry(self.code)

    @property
    def is_class(self) -> bool:
        return len(self.code) > DIVISION

    @property
    def division(self) -> "Industry":
        """The one that it lies in, or is."""
        return divisions()[self.code[:DIVISION]]

    @cached_property
    def makes(self) -> str:
        """Of a class, the trade without what the standard adds; of a division nothing."""
        return _MAKES.sub("", self.name) if self.is_class else ""

    def nearness(self, text: str) -> int | None:
        """How well it fits, in the order of preference: by its code, what its class makes, a word of its own, a part
        of its names or of a word, a word within what was typed; None: not at all."""
        names = (self.name,) if self.is_class else (self.name, self.name_en.lower())
        fits = (
            text.upper().startswith(self.code) or self.code.startswith(text.upper()) or self.code[1:].startswith(text),
            self.makes == text,
            text in (*self.words, *names),
            any(text in each for each in (*names, *self.words)),
            len(self.makes) > 1 and self.makes in text,
            any(word in text for word in self.words),
        )
        return next((place for place, fit in enumerate(fits) if fit), None)


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


@cache
def divisions() -> dict[str, Industry]:
    """The 97 divisions by code, in the standard's order."""
    return {
        row["code"]: Industry(
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            words=tuple(row["words"].lower().split()),
        )
        for row in _rows(DIVISIONS)
    }


@cache
def classes() -> dict[str, Industry]:
    """The 1,381 classes by code, in the standard's order; the standard has no English names of them."""
    return {row["code"]: Industry(code=row["code"], name=row["name"]) for row in _rows(CLASSES)}


def industry_of(code: str | None) -> Industry | None:
    """The class of a code, else the division that it lies in (C345: C34)."""
    code = code or ""
    return classes().get(code) or divisions().get(code[:DIVISION])


def find_industries(typed: str) -> list[Industry]:
    """The divisions and classes that somebody may mean, the likeliest first, at most `MOST`; divisions before classes
    that fit as well."""
    return [one for _place, one in _near(typed)][:MOST]


def _near(typed: str) -> list[tuple[int, Industry]]:
    text = " ".join(typed.lower().split())
    if not text:
        return []
    both = (*divisions().values(), *classes().values())
    near = [(place, one) for one in both if (place := one.nearness(text)) is not None]
    return sorted(near, key=lambda pair: pair[0])


def read_industry(typed: str) -> str:
    """The code that is meant: one as it is spelled, the only class that makes what was typed, or else the only division
    that the words fit. Else what was typed."""
    code = typed.strip().upper()
    if is_industry_code(code):
        return code
    near = _near(typed)
    made = [one for place, one in near if place == MADE]
    sure = made if len(made) == 1 else [one for _place, one in near if not one.is_class]
    return sure[0].code if len(sure) == 1 else typed.strip()
