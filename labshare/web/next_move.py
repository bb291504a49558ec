"""Whose turn it is with a booking, for what, and until when: on its page, and in the calendar."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.booking.models import Booking, Proposal
from labshare.booking.queries.bookings import report_due
from labshare.booking.terms import BookingState, Party
from labshare.settlement.models import Dispute


@dataclass(frozen=True)
class NextMove:
    """Whose turn it is (`lab` or `client`), what they do as others say it, and as it is said to them."""

    who: str
    text: LazyString
    to_them: LazyString
    pays: bool = False
    by: datetime | None = None
    """The moment by which, where there is one: what the platform, the order or the promise says."""


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """What comes next in a state as such."""

    move: NextMove
    due: Callable[[Booking], datetime | None]
    verb: str = ""
    """The dialog of the booking's page that takes the lab on, where one does."""
    button: LazyString | str = ""
    """What leads there from the calendar."""


ANSWERS_PROPOSAL = NextMove(
    Party.CLIENT, _l("The client accepts or declines the proposed time."), _l("Accept or decline the proposed time.")
)
ANSWERS_DISPUTE = NextMove(Party.LAB, _l("The lab answers the dispute."), _l("Answer the dispute below."))
SETTLES_DISPUTE = NextMove(
    Party.CLIENT,
    _l("The client says what is to come of the dispute."),
    _l("Say below what is to come of the dispute, or bring it to the authority."),
)
ISSUES_INVOICE = NextMove(Party.LAB, _l("The lab issues the invoice."), _l("Issue the invoice."))
PAYS = NextMove(Party.CLIENT, _l("The client pays."), _l("Pay the lab."), pays=True)
STEPS = {
    BookingState.REQUESTED: NextStep(
        move=NextMove(Party.LAB, _l("The lab answers the request."), _l("Answer the request.")),
        due=lambda booking: booking.answer_by,
        verb="confirm",
        button=_l("Confirm"),
    ),
    BookingState.CONFIRMED: NextStep(
        move=NextMove(
            Party.CLIENT,
            _l("The client brings or sends the samples."),
            _l("Bring or send the samples before the start."),
        ),
        due=lambda booking: booking.starts_at,
        verb="receive",
        button=_l("Receive samples"),
    ),
    BookingState.RECEIVED: NextStep(
        move=NextMove(Party.LAB, _l("The lab starts the test."), _l("Start the test.")),
        due=lambda booking: booking.starts_at,
        verb="start",
        button=_l("Start test"),
    ),
    BookingState.TESTING: NextStep(
        move=NextMove(Party.LAB, _l("The lab finishes the test."), _l("Finish the test.")),
        due=lambda booking: booking.ends_at,
        verb="finish",
        button=_l("Finish test"),
    ),
    BookingState.TESTED: NextStep(
        move=NextMove(Party.LAB, _l("The lab issues the report."), _l("Issue the report.")), due=report_due
    ),
}


def next_move(
    booking: Booking, *, proposal: Proposal | None, dispute: Dispute | None, sees_money: bool
) -> NextMove | None:
    """The one next step; a fee for cancelling or not coming is invoiced and paid like any other."""
    if proposal is not None:
        return replace(ANSWERS_PROPOSAL, by=proposal.answer_by)
    if dispute is not None and dispute.waits_for_lab:
        return replace(ANSWERS_DISPUTE, by=dispute.answer_by)
    if dispute is not None and dispute.waits_for_client:
        return SETTLES_DISPUTE
    if booking.state in (BookingState.REPORTED, BookingState.CANCELLED, BookingState.NO_SHOW):
        if not sees_money:
            return None
        if booking.invoiced_fen < booking.charged_fen:
            return ISSUES_INVOICE
        return PAYS if booking.paid_fen < booking.charged_fen else None
    step = STEPS.get(BookingState(booking.state))
    return step and replace(step.move, by=step.due(booking))
