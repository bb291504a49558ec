"""What the sides of a booking say on its page: messages with files, disputes. One form, one service, back to the same
place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_babel.speaklater import LazyString

from labshare.booking import services as booking_services
from labshare.booking.models import Booking, Rating
from labshare.booking.queries.ratings import rating_of
from labshare.booking.services.ratings import RATING_TEXT_LENGTH
from labshare.booking.terms import BookingState
from labshare.http.actor import current_actor
from labshare.kernel.actor import Actor
from labshare.kernel.errors import Problem
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.settlement import services
from labshare.settlement.files import TakenFile, take_in
from labshare.settlement.models import BookingHold, Contest, Dispute, Message
from labshare.settlement.queries.contests import decides_contest
from labshare.settlement.queries.disputes import holds_of
from labshare.settlement.queries.documents import BookingDocuments, ReportLine
from labshare.settlement.queries.messages import last_messages, reads_messages
from labshare.settlement.rules.disputes import disputable, last_day
from labshare.settlement.services.holds import NOTE_LENGTH
from labshare.settlement.services.messages import TEXT_LENGTH
from labshare.settlement.terms import ContestVerdict, DisputeOutcome, DocumentKind, HoldCause
from labshare.web.forms import (
    FilesField,
    Form,
    OptionalSelectField,
    RadioField,
    TextAreaField,
    length,
    required,
    show_problem,
)
from labshare.web.steps import carry_out

AT_FIRST, AT_MOST = 20, 500
"""Messages shown, the last ones; and where all are asked for."""

FILES_HINT = _l("Up to 5 files: PDF, JPEG or PNG, up to 20 MB each.")


class MessageForm(Form):
    text = TextAreaField(_l("Message"), validators=[length(TEXT_LENGTH)])
    files = FilesField(_l("Files"), description=FILES_HINT)


class DisputeForm(Form):
    text = TextAreaField(_l("What is disputed"), validators=[required(_l("Write it in words.")), length(TEXT_LENGTH)])
    files = FilesField(_l("Files"), description=FILES_HINT)


class AnswerForm(Form):
    text = TextAreaField(_l("Answer"), validators=[required(_l("Write it in words.")), length(TEXT_LENGTH)])
    files = FilesField(_l("Files"), description=FILES_HINT)


class SettleForm(Form):
    outcome = RadioField(
        _l("Outcome"), choices=DisputeOutcome.choices(), validators=[required(_l("Choose what is to come of it."))]
    )
    text = TextAreaField(_l("Comment"), validators=[length(TEXT_LENGTH)])


class DecideForm(Form):
    outcome = RadioField(
        _l("Outcome"), choices=DisputeOutcome.choices(), validators=[required(_l("Choose what is to come of it."))]
    )
    text = TextAreaField(_l("Reasons"), validators=[required(_l("Give a reason.")), length(TEXT_LENGTH)])


class ContestForm(Form):
    document = RadioField(_l("Document"), choices=[], validators=[required(_l("Choose a document."))])
    reason = TextAreaField(
        _l("What is not right"), validators=[required(_l("Write it in words.")), length(NOTE_LENGTH)]
    )


class DecideContestForm(Form):
    verdict = RadioField(
        _l("Decision"),
        choices=ContestVerdict.choices(),
        validators=[required(_l("Choose whether the document stands."))],
    )
    note = TextAreaField(_l("Reasons"), validators=[required(_l("Give a reason.")), length(NOTE_LENGTH)])


class SuspendForm(Form):
    note = TextAreaField(
        _l("Note"),
        description=_l("Lab and client read it; it stands in the audit trail."),
        validators=[required(_l("Give a reason.")), length(NOTE_LENGTH)],
    )


POINTS = (
    (5, _l("5, very good")),
    (4, _l("4, good")),
    (3, _l("3, fair")),
    (2, _l("2, poor")),
    (1, _l("1, very poor")),
)


class RatingForm(Form):
    result = OptionalSelectField(_l("Result"), coerce=int, choices=POINTS, validators=[required()])
    service = OptionalSelectField(_l("Service"), coerce=int, choices=POINTS, validators=[required()])
    time = OptionalSelectField(lazy_pgettext("rating", "Time"), coerce=int, choices=POINTS, validators=[required()])
    text = TextAreaField(
        _l("Comment"),
        description=_l("Shown on the lab's page without your firm's name."),
        validators=[length(RATING_TEXT_LENGTH)],
    )


class RatingAnswerForm(Form):
    text = TextAreaField(
        _l("Answer"),
        description=_l("Once, shown beside the rating."),
        validators=[required(_l("Write an answer.")), length(RATING_TEXT_LENGTH)],
    )


class EscalateForm(Form):
    """Nothing to say but yes."""


@dataclass(frozen=True)
class Saying:
    """A form by which something is said at a booking, its service, the line that tells it was done, and the place of
    the page to come back to."""

    form: type[Form]
    service: Callable[..., Any]
    done: LazyString
    place: str


SAYINGS: Mapping[str, Saying] = {
    "message": Saying(MessageForm, services.write_message, _l("Sent; the other side is told."), "messages"),
    "answer": Saying(AnswerForm, services.answer_dispute, _l("Answered; the client is told."), "dispute"),
    "settle": Saying(SettleForm, services.settle_dispute, _l("Said; the other side is told."), "dispute"),
    "escalate": Saying(EscalateForm, services.escalate_dispute, _l("Brought to the authority."), "dispute"),
    "rate": Saying(RatingForm, booking_services.rate, _l("Rated; the lab is told."), "rating"),
    "answer_rating": Saying(
        RatingAnswerForm, booking_services.answer_rating, _l("Answered; the client is told."), "rating"
    ),
    "decide": Saying(DecideForm, services.decide_dispute, _l("Decided; both sides are told."), "dispute"),
    "decide_contest": Saying(
        DecideContestForm, services.decide_contest, _l("Decided; both sides are told."), "contest"
    ),
    "suspend": Saying(SuspendForm, services.suspend_booking, _l("Suspended; lab and client are told."), "hold"),
    "end_suspension": Saying(
        SuspendForm, services.end_suspension, _l("Counts again; lab and client are told."), "hold"
    ),
}


@dataclass(frozen=True)
class Talk:
    """What was written at a booking, as its reader sees it."""

    messages: Sequence[Message]
    more: bool
    """There are earlier ones."""
    writes: bool


@dataclass(frozen=True)
class DisputePanel:
    """The holds of a booking, the disputes among them, as their reader sees them; the first may last."""

    disputes: Sequence[Dispute]
    suspensions: Sequence[BookingHold]
    contests: Sequence[Contest]
    """Of documents that the reader sees."""
    decides_contest: bool
    suspends: bool
    ends_suspension: bool
    steps: tuple[str, ...]
    """What the reader may do with the open one: names of `SAYINGS`."""

    @property
    def contested(self) -> bool:
        """Whether one is undecided."""
        return any(one.undecided for one in self.contests)

    @property
    def open(self) -> Dispute | None:
        return next((one for one in self.disputes if one.lasts), None)


def dispute_panel(booking: Booking, actor: Actor, side: str, now: datetime) -> DisputePanel:
    """On the page of this side. At most three statements."""
    holds = holds_of(booking.id)
    found = [hold.dispute for hold in holds if hold.dispute is not None]
    suspensions = [hold for hold in holds if hold.cause == HoldCause.SUSPENSION]
    lasting, theirs = next((hold for hold in holds if hold.lasts), None), side == "regulator"
    suspends = theirs and _suspends(booking, actor, lasting)
    ends = theirs and _ends_suspension(booking, actor, lasting)
    parties: dict[str, Any] = {
        "client": booking.client_firm_id,
        "lab": booking.lab_firm_id,
        "division": booking.division,
    }
    money = may(actor, "money.see", **parties)
    contests = [one for hold in holds if (one := hold.contest) and (money or one.kind == DocumentKind.REPORT)]
    decides = theirs and any(one.undecided and decides_contest(actor, one, booking.division, now) for one in contests)
    running = next((one for one in found if one.lasts), None)
    steps = _dispute_steps(running, side, now) if running is not None else ()
    return DisputePanel(
        disputes=found,
        suspensions=suspensions,
        contests=contests,
        decides_contest=decides,
        suspends=suspends,
        ends_suspension=ends,
        steps=tuple(name for name in steps if may(actor, f"dispute.{name}", **parties)),
    )


def _dispute_steps(running: Dispute, side: str, now: datetime) -> Sequence[str]:
    """What this side may do with an open dispute as it stands, whoever they are."""
    answers = running.answered_at is None and not running.with_authority
    escalates = not running.with_authority and (running.answered_at is not None or running.overdue_at(now))
    possible = {
        "answer": answers and side == "lab",
        "settle": side != "regulator",
        "escalate": escalates and side != "regulator",
        "decide": running.with_authority and side == "regulator",
    }
    return [name for name, fits in possible.items() if fits]


def _suspends(booking: Booking, actor: Actor, lasting: BookingHold | None) -> bool:
    return lasting is None and may(actor, "hold.suspend", division=booking.division)


def _ends_suspension(booking: Booking, actor: Actor, lasting: BookingHold | None) -> bool:
    if lasting is None or lasting.cause != HoldCause.SUSPENSION:
        return False
    return may(actor, "hold.end", division=booking.division)


def may_dispute(booking: Booking, actor: Actor, reports: Sequence[ReportLine], now: datetime) -> bool:
    """Whether the page offers to open a dispute."""
    reported_on = max((line.report.issued_on for line in reports), default=None)
    last = last_day(reported_on, booking.finished_on, local_day(booking.ended_at) if booking.ended_at else None)
    return (
        disputable(booking.state, booking.charged_fen)
        and (last is None or local_day(now) <= last)
        and may(actor, "dispute.open", client=booking.client_firm_id)
    )


def may_contest(booking: Booking, actor: Actor, documents: BookingDocuments) -> bool:
    """Whether the page leads to contesting a document; that page says which, and until when."""
    any_there = documents.reports or documents.invoices or documents.payments
    return bool(any_there) and may(actor, "contest.raise", client=booking.client_firm_id)


@dataclass(frozen=True)
class RatingPanel:
    """What the client said of a booking, and what the reader may say."""

    rating: Rating | None
    rates: bool
    answers: bool


def rating_panel(booking: Booking, actor: Actor) -> RatingPanel | None:
    """None where nothing can be rated. At most one statement."""
    if booking.state not in BookingState.with_report() or booking.client_firm_id == booking.lab_firm_id:
        return None
    rating = rating_of(booking)
    parties = {"client": booking.client_firm_id, "lab": booking.lab_firm_id}
    return RatingPanel(
        rating,
        rates=rating is None and may(actor, "rating.give", **parties),
        answers=rating is not None and rating.answer is None and may(actor, "rating.answer", **parties),
    )


def sayings() -> dict[str, Form]:
    """The forms, each with its name before its fields'."""
    return {name: saying.form(prefix=f"{name}-") for name, saying in SAYINGS.items()}


def talk_panel(booking: Booking, actor: Actor) -> Talk | None:
    """None for whoever may not read it. At most three statements."""
    if not reads_messages(actor, booking):
        return None
    most = AT_MOST if "messages" in request.args else AT_FIRST
    found = last_messages(booking, most + 1)
    writes = may(actor, "message.write", client=booking.client_firm_id, lab=booking.lab_firm_id)
    return Talk(found[-most:], len(found) > most, writes)


def taken(field: FilesField) -> list[TakenFile]:
    """The files, examined and kept, before the transaction begins."""
    return [take_in(file.stream, file.filename, "document", now=utc_now()) for file in field.data or ()]


def say(ref: str, *, name: str, side: str, show: Callable[..., Any]) -> Any:
    """Say it; refused, the page (`show`) comes again with the problem at its field and the words kept. Raises
    `NotFound`."""
    saying = SAYINGS[name]
    form = sayings()[name]
    if not form.validate_on_submit():
        return show(ref, side=side, forms={name: form}, status=422)
    given = {
        each.short_name: taken(each) if isinstance(each, FilesField) else each.data or ""
        for each in form
        if each.short_name not in ("submission", "csrf_token")
    }
    try:
        return carry_out(
            lambda: saying.service(actor=current_actor(), now=utc_now(), ref=ref, **given),
            lambda _done: (str(saying.done), url_for(f"{side}.booking", ref=ref, _anchor=saying.place)),
        )
    except Problem as problem:
        return show(ref, side=side, forms={name: form}, status=show_problem(form, problem))
