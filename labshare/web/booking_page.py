"""The booking page, shared by both parties and regulators: what it shows, and the forms of its verbs.

Each side's views call `show` and `act`; which verbs stand open comes from `booking.queries.next_steps`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask import current_app, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_babel.speaklater import LazyString

from labshare.booking import services
from labshare.booking.models import Booking, Proposal
from labshare.booking.queries.bench import places_of
from labshare.booking.queries.bookings import (
    cancellation_preview,
    client_contact,
    get_booking,
    history,
    next_steps,
    open_proposal,
    report_due,
    sees_samples,
    without_money,
)
from labshare.booking.queries.delivery import delivery_of
from labshare.booking.queries.handovers import handovers_of
from labshare.booking.rules.lifecycle import possible
from labshare.booking.rules.lines import read_price
from labshare.booking.terms import BookingState, Party, PauseReason
from labshare.http.actor import current_actor
from labshare.http.rights import check_step
from labshare.kernel.database import report_refusal
from labshare.kernel.errors import Problem
from labshare.kernel.media import PICTURES, accept
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.organisations.queries import workers_of
from labshare.organisations.queries.bank_accounts import account_of
from labshare.settlement.models import Dispute
from labshare.settlement.queries.documents import photos_of_samples
from labshare.web.booking_history import BY_RULE, entries, reached
from labshare.web.documents import documents_panel
from labshare.web.forms import (
    BooleanField,
    FileField,
    Form,
    LocalMomentField,
    MoneyField,
    OptionalSelectField,
    RadioField,
    SelectField,
    TextAreaField,
    WholeNumberField,
    length,
    named_choice,
    required,
    show_problem,
)
from labshare.web.public.maps import lab_map, place_address
from labshare.web.steps import Around, carry_out
from labshare.web.talking import dispute_panel, may_contest, may_dispute, rating_panel, sayings, talk_panel


class PlainForm(Form):
    """Nothing to say but yes."""


class ReasonForm(Form):
    reason = TextAreaField(_l("Reason"), validators=[required(), length(500)])


class CancelForm(Form):
    reason = TextAreaField(_l("Reason"), validators=[length(500)])


class ReceiveForm(Form):
    samples = WholeNumberField(lazy_pgettext("count", "Samples received"), validators=[required()])
    differs = BooleanField(_l("The number differs from what was booked; it is counted and right."))
    condition = TextAreaField(
        _l("Condition of the samples"), description=_l("What differs from the description."), validators=[length(500)]
    )
    place_id = OptionalSelectField(_l("Storage place"), coerce=int, choices=[])


class StoreForm(Form):
    place_id = SelectField(_l("Storage place"), coerce=int, choices=[], validate_choice=False)


class AssignForm(Form):
    person_id = OptionalSelectField(_l("Person"), coerce=int, choices=[], blank=_l("Nobody in particular"))


class StartForm(Form):
    at = LocalMomentField(_l("Started at"), description=_l("Left open: now."))
    unit = OptionalSelectField(_l("Unit"), coerce=int, choices=[], blank=_l("As booked"))


class PauseForm(Form):
    reason = RadioField(
        _l("Why"), choices=[(each, each.label) for each in PauseReason], validators=[required(_l("Choose why."))]
    )
    at = LocalMomentField(_l("Since"), description=_l("Left open: now."))


class ResumeForm(Form):
    at = LocalMomentField(_l("Going on since"), description=_l("Left open: now."))


class FinishForm(Form):
    at = LocalMomentField(_l("Finished at"), description=_l("Left open: now."))
    machine_minutes = WholeNumberField(
        _l("Machine time (minutes)"), description=_l("Left open: from start to finish. Never changes the price.")
    )


class SamplePhotoForm(Form):
    photo = FileField(
        _l("Photo"),
        [required(_l("Choose a file."))],
        description=_l("JPEG or PNG, up to 20 MB."),
        render_kw=accept(PICTURES) | {"capture": "environment"},
    )


class ChargeForm(Form):
    amount_fen = MoneyField(
        _l("Change (CNY)"),
        negative=True,
        description=_l("What is added; with a minus sign, taken off."),
        validators=[required()],
    )
    reason = TextAreaField(_l("Reason"), validators=[required(), length(500)])


class AnswerChargeForm(Form):
    charge_id = WholeNumberField("", validators=[required()])


class ProposalForm(Form):
    proposal_id = WholeNumberField("", validators=[required()])


class UnitForm(Form):
    unit = SelectField(_l("Unit"), coerce=int)


@dataclass(frozen=True)
class Verb:
    """A step on the page: its form, its service, the line that tells it was done."""

    form: type[Form]
    service: Callable[..., Any]
    done: LazyString
    fields: Sequence[str] = field(default_factory=tuple)
    step: str = ""
    """Its name in `next_steps`, where that differs."""


VERBS: Mapping[str, Verb] = {
    "confirm": Verb(PlainForm, services.confirm, _l("Confirmed; the client is told.")),
    "decline": Verb(ReasonForm, services.decline, _l("Declined; the slot is free again."), ("reason",)),
    "cancel": Verb(CancelForm, services.cancel, _l("Cancelled; the slot is free again."), ("reason",)),
    "receive": Verb(ReceiveForm, services.receive, _l("Samples received."), ("samples", "condition", "place_id")),
    "store": Verb(StoreForm, services.store, _l("The place is noted."), ("place_id",)),
    "assign": Verb(AssignForm, services.assign, _l("Assigned; who does it is told."), ("person_id",)),
    "start": Verb(StartForm, services.start, _l("The test has begun."), ("at", "unit")),
    "pause": Verb(PauseForm, services.pause, _l("Paused; machine time stands still."), ("reason", "at")),
    "resume": Verb(ResumeForm, services.resume, _l("The test goes on."), ("at",)),
    "finish": Verb(FinishForm, services.finish, _l("The test is finished."), ("at", "machine_minutes")),
    "no-show": Verb(PlainForm, services.no_show, _l("No-show recorded; the slot is free again."), step="no_show"),
    "charge": Verb(
        ChargeForm,
        services.propose_charge,
        _l("Entered. An increase counts once the client consents."),
        ("amount_fen", "reason"),
    ),
    "consent-charge": Verb(
        AnswerChargeForm,
        services.consent_charge,
        _l("Consented; the charge has changed."),
        ("charge_id",),
        "answer_charge",
    ),
    "refuse-charge": Verb(
        AnswerChargeForm,
        services.refuse_charge,
        _l("Refused; the charge stays as it was."),
        ("charge_id",),
        "answer_charge",
    ),
    "withdraw-charge": Verb(
        AnswerChargeForm,
        services.withdraw_charge,
        _l("Taken back; the charge stays as it was."),
        ("charge_id",),
        "charge",
    ),
    "accept-proposal": Verb(
        ProposalForm,
        services.accept_proposal,
        _l("Accepted; the new time is confirmed."),
        ("proposal_id",),
        "accept_proposal",
    ),
    "decline-proposal": Verb(
        ProposalForm,
        services.decline_proposal,
        _l("Declined; the time stays as it was."),
        ("proposal_id",),
        "decline_proposal",
    ),
    "remind": Verb(PlainForm, services.remind_client, _l("Reminded; the client is told once more.")),
    "move-unit": Verb(UnitForm, services.move_unit, _l("Moved to another unit."), ("unit",), "move_unit"),
}


RIGHTS = {
    "confirm": "booking.confirm",
    "decline": "booking.decline",
    "cancel": "booking.cancel",
    "receive": "booking.work",
    "store": "booking.work",
    "assign": "booking.work",
    "start": "booking.work",
    "pause": "booking.work",
    "resume": "booking.work",
    "finish": "booking.work",
    "no-show": "booking.work",
    "charge": "charge.propose",
    "consent-charge": "charge.consent",
    "refuse-charge": "charge.consent",
    "withdraw-charge": "charge.propose",
    "accept-proposal": "booking.answer_proposal",
    "decline-proposal": "booking.answer_proposal",
    "remind": "booking.remind_client",
    "move-unit": "booking.work",
}
"""What each verb's service asks for, asked before anybody waits for the turn to write."""


CHOICES = ", ".join(f'"{name}"' for name in VERBS)
"""The verbs, for the addresses they post to."""


def _forms(booking: Booking) -> dict[str, Form]:
    made = {name: verb.form(prefix=f"{name}-") for name, verb in VERBS.items()}
    units = [n for n in range(1, booking.instrument.units + 1) if n != booking.unit]
    made["move-unit"].unit.choices = made["start"].unit.choices = [(n, str(n)) for n in units]
    steps = possible(booking.state, Party.LAB) if current_actor().firm_id == booking.lab_firm_id else ()
    if "receive" in steps or "store" in steps:
        places = [named_choice(place.id, place.name) for place in places_of(booking.lab_id)]
        made["receive"].place_id.choices = made["store"].place_id.choices = places
    if "assign" in steps:
        workers = workers_of(booking.lab_firm_id)
        made["assign"].person_id.choices = [named_choice(one.person_id, one.person.name) for one in workers]
    return made


def show(ref: str, *, side: str, forms: dict[str, Form] | None = None, status: int = 200) -> Any:
    """The page for `side`: client, lab or regulator. Raises `NotFound`."""
    actor, now = current_actor(), utc_now()
    booking = get_booking(actor, ref)
    sees_money = may(
        actor,
        "money.see",
        client=booking.client_firm_id,
        lab=booking.lab_firm_id,
        division=booking.division,
    )
    works = may(actor, "booking.work", lab=booking.lab_firm_id)
    events = history(booking)
    lines = entries(booking, events if sees_money else without_money(events))
    steps = next_steps(actor, booking, now) if side != "regulator" else ()
    forms = {**_forms(booking), **sayings(), "photo": SamplePhotoForm(prefix="photo-"), **(forms or {})}
    waiting = open_proposal(booking, now)
    disputes, panel = dispute_panel(booking, actor, side, now), documents_panel(booking, actor)
    pays = side == "client" and sees_money and panel["documents"].payable
    for name, field_name, value in (
        ("receive", "samples", booking.quantity),
        ("store", "place_id", booking.storage_place_id),
        ("assign", "person_id", booking.assignee_id),
    ):
        if forms[name][field_name].data is None:
            forms[name][field_name].data = value
    return (
        render_template(
            "booking/page.html",
            booking=booking,
            side=side,
            person_id=actor.person_id if works else None,
            price=read_price(booking.price) if booking.price else None,
            lines=lines,
            BY_RULE=BY_RULE,
            contact=client_contact(booking) if side == "lab" else None,
            reads_samples=sees_samples(actor, booking),
            delivery=delivery_of(booking) if side == "client" else None,
            map=lab_map(booking.lab),
            place_address=place_address,
            steps=steps,
            forms=forms,
            handovers=handovers_of(booking.id) if works else (),
            photos=photos_of_samples(booking) if sees_samples(actor, booking) else (),
            upload_limit=current_app.config["UPLOAD_LIMIT"],
            proposal=waiting,
            sees_money=sees_money,
            pays_into=account_of(booking.lab_firm_id, local_day(now)) if pays else None,
            waiting_charges=[each for each in booking.charges if each.open_at(now) and sees_money],  # type: ignore[attr-defined]
            cancel_fen=cancellation_preview(booking, now, by_lab=side == "lab"),
            no_show_fen=cancellation_preview(booking, now, no_show=True),
            reached=reached(lines),
            next_move=_timed(
                _next_move(booking, waiting, disputes.open, sees_money=sees_money), booking, waiting, disputes.open
            ),
            now=now,
            may_set_cost_centre=may(actor, "booking.set_cost_centre", client=booking.client_firm_id),
            talk=talk_panel(booking, actor),
            rated=rating_panel(booking, actor),
            disputes=disputes,
            may_contest=side == "client" and may_contest(booking, actor, panel["documents"]),
            may_dispute=side == "client" and may_dispute(booking, actor, panel["documents"].reports, now),
            **panel,
        ),
        status,
    )


def act(ref: str, *, name: str, side: str) -> Any:
    """Take a verb of the page; refused, the page comes again with the message in its form. Raises `NotFound`."""
    actor, now = current_actor(), utc_now()
    booking = get_booking(actor, ref)
    verb = VERBS[name]
    form = _forms(booking)[name]
    if not form.validate_on_submit():
        return show(ref, side=side, forms={name: form}, status=422)
    if isinstance(form, ReceiveForm) and form.samples.data != booking.quantity and not form.differs.data:
        form.samples.errors = [
            _(
                "%(booked)s booked, %(came)s received. If that is right, tick it below.",
                booked=booking.quantity,
                came=form.samples.data,
            )
        ]
        return show(ref, side=side, forms={name: form}, status=422)
    values = {each: _given(each, form[each].data) for each in verb.fields}
    try:
        return carry_out(
            lambda: verb.service(actor=actor, now=now, ref=ref, **values),
            lambda _done: (str(verb.done), url_for(f"{side}.booking", ref=ref)),
            Around(
                before=lambda: check_step(actor, ref, action=RIGHTS[name], verb=verb.service.action),  # type: ignore[attr-defined]
                refused=report_refusal,
            ),
        )
    except Problem as problem:
        return show(ref, side=side, forms={name: form}, status=show_problem(form, problem))


def _given(name: str, value: Any) -> Any:
    """Text left empty is empty text; anything else left empty is None."""
    return value or "" if name in ("reason", "condition") else value


@dataclass(frozen=True)
class NextMove:
    """Whose turn it is (`lab` or `client`), what they do as others say it, and as it is said to them."""

    who: str
    words: LazyString
    to_them: LazyString
    pays: bool = False
    by: datetime | None = None
    """The moment by which, where there is one."""


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
MOVES = {
    BookingState.REQUESTED: NextMove(Party.LAB, _l("The lab answers the request."), _l("Answer the request.")),
    BookingState.CONFIRMED: NextMove(
        Party.CLIENT, _l("The client brings or sends the samples."), _l("Bring or send the samples before the start.")
    ),
    BookingState.RECEIVED: NextMove(Party.LAB, _l("The lab starts the test."), _l("Start the test.")),
    BookingState.TESTING: NextMove(Party.LAB, _l("The lab finishes the test."), _l("Finish the test.")),
    BookingState.TESTED: NextMove(Party.LAB, _l("The lab issues the report."), _l("Issue the report.")),
}


def _next_move(
    booking: Booking, proposal: Proposal | None, dispute: Dispute | None, *, sees_money: bool
) -> NextMove | None:
    """The one next step; a fee for cancelling or not coming is invoiced and paid like any other."""
    if proposal is not None:
        return ANSWERS_PROPOSAL
    if dispute is not None and dispute.waits_for_lab:
        return ANSWERS_DISPUTE
    if dispute is not None and dispute.waits_for_client:
        return SETTLES_DISPUTE
    if booking.state in (BookingState.REPORTED, BookingState.CANCELLED, BookingState.NO_SHOW):
        if not sees_money:
            return None
        if booking.invoiced_fen < booking.charged_fen:
            return ISSUES_INVOICE
        return PAYS if booking.paid_fen < booking.charged_fen else None
    return MOVES.get(booking.state)


def _timed(
    move: NextMove | None, booking: Booking, proposal: Proposal | None, dispute: Dispute | None
) -> NextMove | None:
    """With the moment by which it is to be done: what the platform, the order or the promise says."""
    if move is None:
        return None
    if proposal is not None:
        return replace(move, by=proposal.answer_by)
    if dispute is not None and move is ANSWERS_DISPUTE:
        return replace(move, by=dispute.answer_by)
    known = {
        BookingState.REQUESTED: booking.answer_by,
        BookingState.CONFIRMED: booking.starts_at,
        BookingState.RECEIVED: booking.starts_at,
        BookingState.TESTING: booking.ends_at,
        BookingState.TESTED: report_due(booking),
    }
    return replace(move, by=known.get(BookingState(booking.state))) if move in MOVES.values() else move
