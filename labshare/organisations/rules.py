"""Size classes of enterprises, and the sector an industry code belongs to.

Source: 中小企业划型标准规定 (工信部联企业〔2011〕300号); its statistical twin 统计上大中小微型企业划分办法（2017）
(国统字〔2017〕213号) has the same bounds and says which codes of GB/T 4754-2017 make up a sector.

Staff are persons, money is fen. The bounds are dated, so that a later standard can stand beside this one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from labshare.kernel.money import FEN_PER_WAN, Fen
from labshare.kernel.terms import OfficialRole
from labshare.organisations.terms import SectorName, SizeClass

Bounds = tuple[int, int, int]
"""The lower bounds of large, medium and small; a value on the bound meets it (及以上)."""


@dataclass(frozen=True)
class Sector:
    """One row of the standard; an indicator that the sector does not use is None."""

    staff: Bounds | None = None
    revenue_wan: Bounds | None = None
    assets_wan: Bounds | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A firm's figures of one year. None: not stated."""

    employees: int | None = None
    revenue_fen: Fen | None = None
    assets_fen: Fen | None = None


SECTORS_2011: Mapping[str, Sector] = {
    SectorName.AGRICULTURE: Sector(revenue_wan=(20000, 500, 50)),
    SectorName.INDUSTRY: Sector(staff=(1000, 300, 20), revenue_wan=(40000, 2000, 300)),
    SectorName.CONSTRUCTION: Sector(revenue_wan=(80000, 6000, 300), assets_wan=(80000, 5000, 300)),
    SectorName.WHOLESALE: Sector(staff=(200, 20, 5), revenue_wan=(40000, 5000, 1000)),
    SectorName.RETAIL: Sector(staff=(300, 50, 10), revenue_wan=(20000, 500, 100)),
    SectorName.TRANSPORT: Sector(staff=(1000, 300, 20), revenue_wan=(30000, 3000, 200)),
    SectorName.WAREHOUSING: Sector(staff=(200, 100, 20), revenue_wan=(30000, 1000, 100)),
    SectorName.POSTAL: Sector(staff=(1000, 300, 20), revenue_wan=(30000, 2000, 100)),
    SectorName.ACCOMMODATION: Sector(staff=(300, 100, 10), revenue_wan=(10000, 2000, 100)),
    SectorName.CATERING: Sector(staff=(300, 100, 10), revenue_wan=(10000, 2000, 100)),
    SectorName.INFORMATION: Sector(staff=(2000, 100, 10), revenue_wan=(100000, 1000, 100)),
    SectorName.SOFTWARE: Sector(staff=(300, 100, 10), revenue_wan=(10000, 1000, 50)),
    SectorName.REAL_ESTATE: Sector(revenue_wan=(200000, 1000, 100), assets_wan=(10000, 5000, 2000)),
    SectorName.PROPERTY: Sector(staff=(1000, 300, 100), revenue_wan=(5000, 1000, 500)),
    SectorName.LEASING_BUSINESS: Sector(staff=(300, 100, 10), assets_wan=(120000, 8000, 100)),
    SectorName.OTHER: Sector(staff=(300, 100, 10)),
}
STANDARDS: tuple[tuple[date, Mapping[str, Sector]], ...] = ((date(2011, 6, 18), SECTORS_2011),)
"""From which day on which bounds hold, the oldest first."""


def bounds_on(day: date) -> Mapping[str, Sector]:
    """The bounds in force on a day; before the first standard, the first."""
    held = [sectors for since, sectors in STANDARDS if since <= day]
    return held[-1] if held else STANDARDS[0][1]


def needed(sector: str, day: date) -> tuple[str, ...]:
    """Which figures the sector's class is derived from: of `employees`, `revenue_fen`, `assets_fen`."""
    row = bounds_on(day)[sector]
    return tuple(
        name
        for name, used in (
            ("employees", row.staff),
            ("revenue_fen", row.revenue_wan),
            ("assets_fen", row.assets_wan),
        )
        if used is not None
    )


def size_class(sector: str, figures: Figures, day: date) -> str:
    """`large`, `medium`, `small` or `micro`: the first class, from the top, all of whose lower bounds are met.

    Raises `ValueError` where a figure that the sector needs is missing, `KeyError` on an unknown sector.
    """
    row = bounds_on(day)[sector]
    pairs = []
    for bounds, value, unit in (
        (row.staff, figures.employees, 1),
        (row.revenue_wan, figures.revenue_fen, FEN_PER_WAN),
        (row.assets_wan, figures.assets_fen, FEN_PER_WAN),
    ):
        if bounds is None:
            continue
        if value is None:
            raise ValueError(f"{sector}: a figure is missing")
        pairs.append((bounds, value, unit))
    for rank, name in enumerate((SizeClass.LARGE, SizeClass.MEDIUM, SizeClass.SMALL)):
        if all(value >= bounds[rank] * unit for bounds, value, unit in pairs):
            return name
    return SizeClass.MICRO


_DIVISIONS = {
    "51": SectorName.WHOLESALE,
    "52": SectorName.RETAIL,
    "54": SectorName.TRANSPORT,
    "55": SectorName.TRANSPORT,
    "56": SectorName.TRANSPORT,
    "57": SectorName.TRANSPORT,
    "58": SectorName.TRANSPORT,
    "59": SectorName.WAREHOUSING,
    "60": SectorName.POSTAL,
    "61": SectorName.ACCOMMODATION,
    "62": SectorName.CATERING,
    "63": SectorName.INFORMATION,
    "64": SectorName.INFORMATION,
    "65": SectorName.SOFTWARE,
}
_LETTERS = {
    "A": SectorName.AGRICULTURE,
    "B": SectorName.INDUSTRY,
    "C": SectorName.INDUSTRY,
    "D": SectorName.INDUSTRY,
    "E": SectorName.CONSTRUCTION,
    "L": SectorName.LEASING_BUSINESS,
    "M": SectorName.OTHER,
    "N": SectorName.OTHER,
    "O": SectorName.OTHER,
    "R": SectorName.OTHER,
}
_GROUPS = {
    "591": SectorName.TRANSPORT,
    "701": SectorName.REAL_ESTATE,
    "702": SectorName.PROPERTY,
    "703": SectorName.OTHER,
    "709": SectorName.OTHER,
}

_CODE = re.compile(r"([A-T])(\d{2}|\d{3}|\d{4})")


def is_industry_code(code: str) -> bool:
    """Whether it is spelled like a code of GB/T 4754: a letter and two to four digits (C3451)."""
    return _CODE.fullmatch(code) is not None


def sector_of_industry(code: str) -> str | None:
    """The sector of a GB/T 4754-2017 code such as `C3451`; None where the standard does not cover it.

    Not covered: finance, education, health (Q 84), public administration, railways (G 53).
    """
    match = _CODE.fullmatch(code)
    if match is None:
        return None
    letter, digits = match.groups()
    if letter in "FGHI":
        return _GROUPS.get(digits[:3]) or _DIVISIONS.get(digits[:2])
    if letter == "K":
        return _GROUPS.get(digits[:3])
    if letter == "Q":
        return SectorName.OTHER if digits.startswith("85") else None
    return _LETTERS.get(letter)


EXCLUDING = frozenset({OfficialRole.OFFICER, OfficialRole.APPROVER, OfficialRole.ADMIN})
"""Roles of which one person holds at most one, and none beside a membership in a firm with labs (R-RIGHTS-3)."""


def excluded_by(role: str, held: frozenset[str]) -> str | None:
    """The held role that excludes this one, if any."""
    if role not in EXCLUDING:
        return None
    return next(iter(sorted((held & EXCLUDING) - {role})), None)


def second_person(*, role: str, prefix: str | None, division: str) -> bool:
    """Whether a regulator with this role for this division (None: for none) may be the second person of what officers
    of `division` decide: its approver, or an officer of a division that contains it (R-FACT-2)."""
    if prefix is None or not division.startswith(prefix):
        return False
    return role == OfficialRole.APPROVER or (role == OfficialRole.OFFICER and len(prefix) < len(division))
