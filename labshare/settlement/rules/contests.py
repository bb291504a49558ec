"""Until when a document can be contested, and by whom it is decided (R-CONTEST)."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from labshare.booking.rules.lifecycle import after_working_days
from labshare.booking.rules.time import WorkingDays
from labshare.kernel.terms import OfficialRole
from labshare.organisations.rules import second_person
from labshare.settlement.terms import DocumentKind

CONTEST_WITHIN = 10
"""Working days that the client has, from the document's recording on."""
DECIDE_WITHIN = 20
"""Working days that the county's officers have."""
Hold = tuple[datetime, datetime | None]
"""When it began, and when it ended."""


def contest_until(recorded_at: datetime, holds: Iterable[Hold], *, days: WorkingDays, zone: ZoneInfo) -> datetime:
    """The moment from which on it is too late. Whoever could not, since the booking was held for another reason, has
    the whole time again once that ends."""
    until = after_working_days(recorded_at, CONTEST_WITHIN, days=days, zone=zone)
    for held_at, released_at in sorted(holds, key=lambda hold: hold[0]):
        if held_at < until and released_at is not None and released_at > recorded_at:
            until = max(until, after_working_days(released_at, CONTEST_WITHIN, days=days, zone=zone))
    return until


def read_document(named: str) -> tuple[DocumentKind, int] | None:
    """The kind and the id of a document that is named like `payment-7`; None: it names none."""
    kind, _dash, number = named.partition("-")
    known = DocumentKind.known(kind)
    return (known, int(number)) if known and number.isascii() and number.isdecimal() and len(number) < 16 else None


def decides(*, role: str, prefix: str | None, division: str, late: bool) -> bool:
    """Whether a regulator with this role for this division decides: the county's officers while it is not late, then
    its approvers; officers of a division that contains it at any time."""
    if late:
        return second_person(role=role, prefix=prefix, division=division)
    return role == OfficialRole.OFFICER and prefix is not None and division.startswith(prefix)
