"""Definitions of the usage report's figures. Times in minutes, money in fen; rates are exact fractions or None."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from labshare.kernel.money import ZERO, Fen
from labshare.kernel.time import Minutes

STANDARD_YEAR_MINUTES = 1600 * 60
"""Utilisation = effective hours ÷ 1600 a year (national assessment of large instruments, see docs/domain.md)."""
TOO_FEW = 3
"""Public statistics do not show numbers of clients below this."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The figures of one row. `available_minutes` is None where it does not apply (test items)."""

    available_minutes: Minutes | None = Minutes(0)
    booked_minutes: Minutes = Minutes(0)
    used_minutes: Minutes = Minutes(0)
    """Effective time: preparation, test, post-processing of finished work, and in-house use that is over."""
    in_house_minutes: Minutes = Minutes(0)
    """The part of it that the lab kept the instrument for itself (blocks of in-house use)."""
    outside_minutes: Minutes = Minutes(0)
    """Effective time for clients other than the lab's own firm."""
    bookings: int = 0
    no_shows: int = 0
    tests: int = 0
    """Bookings whose work was finished."""
    samples: int = 0
    clients: int = 0
    smes: int = 0
    reports: int = 0
    recognised_fen: Fen = ZERO
    outside_fen: Fen = ZERO
    """What of it came from clients other than the lab's own firm."""
    units: int = 0
    """Units of the instruments of the row."""

    def utilisation(self, months: int) -> Fraction | None:
        """Effective time ÷ 1,600 hours a year for each unit, for so many months; None without units."""
        if not self.units or not months:
            return None
        return Fraction(self.used_minutes * 12, STANDARD_YEAR_MINUTES * months * self.units)

    @property
    def sharing_rate(self) -> Fraction | None:
        """Time for outside clients ÷ effective time; None where nothing was used."""
        return Fraction(self.outside_minutes, self.used_minutes) if self.used_minutes else None


ADDED_UP = tuple(field.name for field in fields(Usage) if field.name not in ("clients", "smes"))
"""Clients of two labs may be one firm: their number does not add up."""


def total(rows: Iterable[Usage], clients: int, smes: int) -> Usage:
    """The row of totals; the numbers of distinct clients are counted apart."""
    rows = list(rows)
    sums: dict[str, Any] = {name: sum(getattr(row, name) or 0 for row in rows) for name in ADDED_UP}
    if rows and all(row.available_minutes is None for row in rows):
        sums["available_minutes"] = None
    return Usage(**sums, clients=clients, smes=smes)


def suppressed(clients: int) -> str:
    """A number of clients as the public sees it: below three only that."""
    return f"<{TOO_FEW}" if clients < TOO_FEW else str(clients)
