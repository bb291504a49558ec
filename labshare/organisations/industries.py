"""The divisions of the national industry classification GB/T 4754-2017, found by what people call their trade.

The standard's names stand in `industries.csv` with ours in English and everyday words for what a division makes.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labshare.organisations.rules import is_industry_code, sector_of_industry

FILE = Path(__file__).with_name("industries.csv")
MOST = 8
"""Divisions that are proposed for what somebody types."""


@dataclass(frozen=True, kw_only=True)
class Industry:
    code: str
    """A letter and two digits (C34)."""
    name: str
    name_en: str
    words: tuple[str, ...]

    @property
    def sector(self) -> str | None:
        return sector_of_industry(self.code)

    def nearness(self, text: str) -> int | None:
        """How well it fits, in the order of preference: by its code, a word of its own, a part of its names or of a
        word, a word within what was typed. None: not at all."""
        names = (self.name, self.name_en.lower())
        fits = (
            text.upper().startswith(self.code) or self.code.startswith(text.upper()),
            text in (*self.words, *names),
            any(text in each for each in (*names, *self.words)),
            any(word in text for word in self.words),
        )
        return next((place for place, fit in enumerate(fits) if fit), None)


@cache
def industries() -> dict[str, Industry]:
    """The 97 divisions by code, in the standard's order."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Industry(
                code=row["code"],
                name=row["name"],
                name_en=row["name_en"],
                words=tuple(row["words"].lower().split()),
            )
            for row in csv.DictReader(file)
        }


def industry_of(code: str | None) -> Industry | None:
    """The division that a code of any length lies in (C3451: C34)."""
    return industries().get((code or "")[:3])


def find_industries(typed: str) -> list[Industry]:
    """The divisions that somebody may mean, the likeliest first, at most `MOST`."""
    text = " ".join(typed.lower().split())
    if not text:
        return []
    near = [(place, one) for one in industries().values() if (place := one.nearness(text)) is not None]
    return [one for _place, one in sorted(near, key=lambda pair: pair[0])][:MOST]


def read_industry(typed: str) -> str:
    """The code that is meant: one as it is spelled, or the only division that the words fit. Else what was typed."""
    code = typed.strip().upper()
    if is_industry_code(code):
        return code
    found = find_industries(typed)
    return found[0].code if len(found) == 1 else typed.strip()
