"""The steps of a booking on its page: each with its form, its service, its words; the lists and the bench take some of
them, too. Which stand open says `booking.queries.next_steps`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_babel.speaklater import LazyString

from labshare.booking import services
from labshare.booking.models import Booking
from labshare.booking.queries.bench import places_of
from labshare.booking.rules.lifecycle import ACTIONS, possible
from labshare.booking.terms import Party, PauseReason
from labshare.http.actor import current_actor
from labshare.kernel.media import PICTURES, accept
from labshare.organisations.queries import workers_of
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
)


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
    """A step: what it is called, its form, its service."""

    label: LazyString
    """Out of sight of the booking: after an expired sign-in."""
    form: type[Form]
    service: Callable[..., Any]
    done: LazyString
    """The line that tells it was done."""
    fields: Sequence[str] = ()
    step: str = ""
    """Its name in `next_steps`, where that differs."""
    in_lists: bool = False
    """Taken in the lab's lists, too, with all that are ticked."""
    at_bench: bool = False
    """Pressed on a phone, too, where the network comes and goes."""


VERBS: Mapping[str, Verb] = {
    "confirm": Verb(
        _l("Confirm booking"), PlainForm, services.confirm, _l("Confirmed; the client is told."), in_lists=True
    ),
    "decline": Verb(
        _l("Decline request"), ReasonForm, services.decline, _l("Declined; the slot is free again."), ("reason",)
    ),
    "cancel": Verb(
        _l("Cancel booking"), CancelForm, services.cancel, _l("Cancelled; the slot is free again."), ("reason",)
    ),
    "receive": Verb(
        _l("Receive samples"),
        ReceiveForm,
        services.receive,
        _l("Samples received."),
        ("samples", "condition", "place_id"),
        in_lists=True,
        at_bench=True,
    ),
    "store": Verb(
        _l("Note where the samples lie"),
        StoreForm,
        services.store,
        _l("The place is noted."),
        ("place_id",),
        at_bench=True,
    ),
    "assign": Verb(
        _l("Assign the booking"),
        AssignForm,
        services.assign,
        _l("Assigned; who does it is told."),
        ("person_id",),
        in_lists=True,
    ),
    "start": Verb(
        _l("Start test"),
        StartForm,
        services.start,
        _l("The test has begun."),
        ("at", "unit"),
        in_lists=True,
        at_bench=True,
    ),
    "pause": Verb(
        _l("Pause the test"),
        PauseForm,
        services.pause,
        _l("Paused; machine time stands still."),
        ("reason", "at"),
        at_bench=True,
    ),
    "resume": Verb(
        _l("Let the test go on"),
        ResumeForm,
        services.resume,
        _l("The test goes on."),
        ("at",),
        in_lists=True,
        at_bench=True,
    ),
    "finish": Verb(
        _l("Finish test"),
        FinishForm,
        services.finish,
        _l("The test is finished."),
        ("at", "machine_minutes"),
        in_lists=True,
        at_bench=True,
    ),
    "no-show": Verb(
        _l("Record no-show"),
        PlainForm,
        services.no_show,
        _l("No-show recorded; the slot is free again."),
        step="no_show",
    ),
    "charge": Verb(
        _l("Propose a change of charge"),
        ChargeForm,
        services.propose_charge,
        _l("Entered. An increase counts once the client consents."),
        ("amount_fen", "reason"),
    ),
    "consent-charge": Verb(
        _l("Consent to the change of charge"),
        AnswerChargeForm,
        services.consent_charge,
        _l("Consented; the charge has changed."),
        ("charge_id",),
        "answer_charge",
    ),
    "refuse-charge": Verb(
        _l("Refuse the change of charge"),
        AnswerChargeForm,
        services.refuse_charge,
        _l("Refused; the charge stays as it was."),
        ("charge_id",),
        "answer_charge",
    ),
    "withdraw-charge": Verb(
        _l("Take a change of charge back"),
        AnswerChargeForm,
        services.withdraw_charge,
        _l("Taken back; the charge stays as it was."),
        ("charge_id",),
        "charge",
    ),
    "accept-proposal": Verb(
        _l("Accept the new time"),
        ProposalForm,
        services.accept_proposal,
        _l("Accepted; the new time is confirmed."),
        ("proposal_id",),
        "accept_proposal",
    ),
    "decline-proposal": Verb(
        _l("Decline the new time"),
        ProposalForm,
        services.decline_proposal,
        _l("Declined; the time stays as it was."),
        ("proposal_id",),
        "decline_proposal",
    ),
    "remind": Verb(
        _l("Remind the client"),
        PlainForm,
        services.remind_client,
        _l("Reminded; the client is told once more."),
        in_lists=True,
    ),
    "move-unit": Verb(
        _l("Move to another unit"),
        UnitForm,
        services.move_unit,
        _l("Moved to another unit."),
        ("unit",),
        "move_unit",
    ),
}


RIGHTS = {name: ACTIONS[verb.step or name] for name, verb in VERBS.items()}
"""What each verb's service asks for, asked before anybody waits for the turn to write."""


CHOICES = ", ".join(f'"{name}"' for name in VERBS)
"""The verbs, for the addresses they post to."""


def forms_of(booking: Booking) -> dict[str, Form]:
    """The form of each verb, with what can be chosen for this booking."""
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
