"""What of an overdue invoice may be asked for once more, how sharply, and until when (R-DUN). Fen, local days."""

from dataclasses import dataclass
from datetime import date, timedelta

from labshare.kernel.money import ZERO, Fen
from labshare.settlement.terms import ReminderLevel

SOONEST, LATEST, USUAL = timedelta(days=3), timedelta(days=60), timedelta(days=10)
"""From the letter to its new date to pay."""


@dataclass(frozen=True, kw_only=True)
class OverdueInvoice:
    """`left_fen`: what is unpaid and may be asked for; `held_fen`: what is unpaid, but in dispute or held; `sent`: so
    many letters named it; `asked_until`: the last one's date to pay."""

    id: int
    number: str
    issued_on: date
    due_on: date
    left_fen: Fen
    held_fen: Fen = ZERO
    sent: int = 0
    asked_until: date | None = None

    @property
    def level(self) -> ReminderLevel:
        """Of the next letter over it."""
        return ReminderLevel.after(self.sent)

    def ready_on(self, day: date) -> bool:
        """Whether a letter may be sent over it: something is left that nobody disputes, and the date to pay that the
        last letter gave has passed."""
        return self.left_fen > 0 and self.due_on < day and (self.asked_until is None or self.asked_until < day)


def payable_from(day: date) -> tuple[date, date]:
    """The first and the last date to pay of a letter of this day."""
    return day + SOONEST, day + LATEST


def usual_date_to_pay(day: date) -> date:
    return day + USUAL
