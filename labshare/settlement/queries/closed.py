"""Which months of the ledger are closed for which bookings: by the county that a booking keeps."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select

from labshare.booking.models import Booking
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.settlement.models import ClosedMonth


@dataclass(frozen=True)
class ClosedMonths:
    """The closed months of each division."""

    months: dict[str, frozenset[Month]]

    def of(self, county: str) -> frozenset[Month]:
        """Those closed for a booking of this county: its own and those of every division that contains it."""
        return frozenset().union(*(found for code, found in self.months.items() if county.startswith(code)))

    def has(self, division: str, month: Month) -> bool:
        """Whether the division itself has closed the month."""
        return month in self.months.get(division, ())

    def open_bookings(self, month: Month) -> ColumnElement[bool]:
        """Condition on `Booking`: the month is open for it."""
        return and_(
            True,
            *(~Booking.division.startswith(code, autoescape=True) for code in self.months if self.has(code, month)),
        )


def closed_months() -> ClosedMonths:
    """One statement."""
    found: dict[str, set[Month]] = {}
    for division, month in db.session.execute(select(ClosedMonth.division, ClosedMonth.month)):
        found.setdefault(division, set()).add(Month.parse(month))
    return ClosedMonths({division: frozenset(months) for division, months in found.items()})
