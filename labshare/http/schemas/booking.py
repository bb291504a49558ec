"""Slots, holds of time, bookings and what belongs to them."""

from typing import Any, ClassVar

import marshmallow as ma
from flask_babel import lazy_gettext as _l

from labshare.booking.queries.bench import paused_minutes
from labshare.booking.queries.bookings import sees_samples, without_money
from labshare.booking.terms import ApprovalState, BookingState, FeedOf, ForClientState
from labshare.http.actor import current_actor
from labshare.http.fields import (
    Anything,
    Exact,
    Fen,
    Inside,
    Many,
    Minutes,
    Moment,
    Part,
    Several,
    Tenths,
    Text,
    Whole,
    Word,
    YesNo,
)
from labshare.http.schemas.base import Answer
from labshare.http.schemas.catalogue import InstrumentBrief, LabBrief, TestItemBrief
from labshare.organisations.permissions import may


class Slot(Answer):
    instrument = Whole(attribute="instrument_id")
    starts_at = Moment()
    ends_at = Moment()


class Offer(Answer):
    test_item = Inside(TestItemBrief, attribute="item")
    instrument = Inside(InstrumentBrief)
    lab = Inside(LabBrief)
    starts_at = Moment(attribute="slot.starts_at")
    ends_at = Moment(attribute="slot.ends_at")
    amount_fen = Fen()
    distance_km = Tenths(allow_none=True)


class Hold(Answer):
    id = Whole()
    instrument = Whole(attribute="instrument_id")
    starts_at = Moment()
    expires_at = Moment()


class Holding(Answer):
    unit = Whole()
    starts_at = Moment()
    ends_at = Moment()


class ExtraWork(Answer):
    """What a line of extra work is for."""

    kind = Text()
    cause = Text()
    quantity = Whole(allow_none=True)
    minutes = Exact()
    test_item = Whole(attribute="test_item_id", allow_none=True)
    hours = Whole(allow_none=True)


class Charge(Answer):
    id = Whole()
    kind = Text()
    amount_fen = Fen()
    reason = Text(allow_none=True)
    state = Text()
    answer_by = Moment(allow_none=True)
    extra = Inside(ExtraWork, allow_none=True)


class Proposal(Answer):
    id = Whole()
    instrument = Whole(attribute="instrument_id")
    starts_at = Moment()
    ends_at = Moment()
    reason = Text()
    state = Text()
    answer_by = Moment()


class Subject(Answer):
    """What an event of the trail is about."""

    type = Text(attribute="subject_type", allow_none=True)
    id = Text(attribute="subject_id", allow_none=True)


class Event(Answer):
    """An event of the trail."""

    id = Whole()
    at = Moment()
    action = Text()
    person = Whole(attribute="person_id", allow_none=True)
    firm = Whole(attribute="firm_id", allow_none=True)
    subject = Part(Subject)
    before = Anything(allow_none=True)
    after = Anything(allow_none=True)
    refused = YesNo()


class Client(Answer):
    uscc = Text()
    name = Text()
    name_en = Text(allow_none=True)


class BookedInstrument(InstrumentBrief):
    """With the unit that is booked, of a booking."""

    about = "booking"

    id = Whole(attribute="instrument.id")
    name = Text(attribute="instrument.name")
    name_en = Text(attribute="instrument.name_en", allow_none=True)
    unit = Whole()


class AnsweringFile(Answer):
    """A file that answers a question."""

    id = Whole()
    name = Text()
    content_type = Text()
    size = Whole()


class GivenAnswer(Answer):
    """To a question of the test item's sample form, with the question as it was asked. `value` is null, and `file`
    too, where nothing was answered."""

    field = Whole()
    label = Text()
    label_en = Text(dump_default="")
    kind = Text()
    unit = Text(dump_default="")
    value = Text(allow_none=True, dump_default=None)
    value_en = Text(allow_none=True, dump_default=None)
    file = Inside(AnsweringFile, allow_none=True, dump_default=None)


class Booking(Answer):
    """Of a booking, or of one and its `history`."""

    about = "booking"

    ref = Text()
    state = Word(BookingState)
    client = Inside(Client)
    lab = Inside(LabBrief)
    instrument = Part(BookedInstrument)
    test_item = Inside(TestItemBrief)
    quantity = Whole()
    hours = Whole(allow_none=True)
    starts_at = Moment()
    ends_at = Moment()
    sample_description = Text(allow_none=True)
    answers = Several(GivenAnswer)
    confidential = YesNo()
    price_fen = Fen()
    charged_fen = Fen(allow_none=True)
    invoiced_fen = Fen(allow_none=True)
    paid_fen = Fen(allow_none=True)
    recognised_fen = Fen(allow_none=True)
    charges = Inside(Charge, many=True)
    proposals = Inside(Proposal, many=True)
    history = Inside(Event, many=True, dump_default=())

    columns: ClassVar[dict[str, Any]] = {
        "ref": _l("Reference"),
        "state": _l("State"),
        "test_item": _l("Test item"),
        "lab": _l("Lab"),
        "client": _l("Client"),
        "quantity": _l("Samples"),
        "starts_at": _l("Start"),
        "ends_at": _l("End"),
        "charged_fen": _l("Charged (CNY)"),
        "invoiced_fen": _l("Invoiced (CNY)"),
        "paid_fen": _l("Paid (CNY)"),
        "recognised_fen": _l("Recognised (CNY)"),
    }

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """What was charged, invoiced and paid is null, and no line of it, for the client's members without sight of
        money (R-RIGHTS-11); what the samples are, for whoever may not read it (R-SAMPLE-5)."""
        value = super().get_attribute(obj, attr, default)
        if value is default or attr not in ABOUT_MONEY | ABOUT_SAMPLES:
            return value
        whole = obj["booking"] if isinstance(obj, dict) else obj
        if attr in ABOUT_SAMPLES:
            return value if sees_samples(current_actor(), whole) else None
        if may(
            current_actor(),
            "money.see",
            client=whole.client_firm_id,
            lab=whole.lab_firm_id,
            division=whole.division,
        ):
            return value
        if attr == "history":
            return without_money(value)
        return [] if isinstance(value, list) else None


class LabsBooking(Booking):
    """In the lab's own file: how it arranges its work, too."""

    about = "booking"

    assignee = Text(attribute="assignee.name", allow_none=True)
    storage_place = Text(attribute="storage_place.name", allow_none=True)
    paused_minutes = Minutes()

    columns: ClassVar[dict[str, Any]] = Booking.columns | {
        "assignee": _l("Assigned to"),
        "storage_place": _l("Storage place"),
        "paused_minutes": _l("Paused (hours)"),
    }

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        return paused_minutes(obj) if attr == "paused_minutes" else super().get_attribute(obj, attr, default)


ABOUT_SAMPLES = frozenset({"sample_description", "answers"})
ABOUT_MONEY = frozenset({"charged_fen", "invoiced_fen", "paid_fen", "recognised_fen", "charges", "history"})


class Approval(Answer):
    """Of a booking that waits for its firm's inside yes, or waited."""

    id = Whole()
    state = Word(ApprovalState)
    test_item = Inside(TestItemBrief)
    instrument = Whole(attribute="instrument_id")
    quantity = Whole()
    hours = Whole(allow_none=True)
    surcharges = Many(Text())
    starts_at = Moment()
    ends_at = Moment()
    sample_description = Text()
    answers = Several(GivenAnswer)
    confidential = YesNo()
    cost_centre = Text(allow_none=True)
    price_fen = Fen()
    answer_by = Moment()
    reason = Text(allow_none=True)
    booking = Text(attribute="booking.ref", allow_none=True, dump_default=None)


class ForClient(Answer):
    """Of a booking that a lab made for a client who telephoned: not accepted, or what became of it. `client` is null
    while the firm is not registered."""

    id = Whole()
    state = Word(ForClientState)
    client = Inside(Client, allow_none=True)
    firm_name = Text()
    contact = Text()
    lab = Inside(LabBrief, attribute="test_item.lab")
    test_item = Inside(TestItemBrief)
    instrument = Whole(attribute="instrument_id")
    quantity = Whole()
    hours = Whole(allow_none=True)
    surcharges = Many(Text())
    starts_at = Moment()
    ends_at = Moment()
    sample_description = Text()
    price_fen = Fen()
    answer_by = Moment()
    reason = Text(allow_none=True)
    booking = Text(attribute="booking.ref", allow_none=True, dump_default=None)


class Block(Answer):
    """Time blocked: what was taken, and the bookings that stay in the way."""

    id = Text()
    holdings = Inside(Holding, attribute="taken", many=True)
    in_the_way = ma.fields.Pluck(Booking, "ref", many=True)


class StoragePlace(Answer):
    id = Whole()
    name = Text()


class BenchWorker(Answer):
    id = Whole(attribute="person_id")
    name = Text(attribute="person.name")


class Bench(Answer):
    """What is chosen from at a lab's bench."""

    places = Inside(StoragePlace, many=True)
    workers = Inside(BenchWorker, many=True)


class Feed(Answer):
    """A calendar address, without its secret."""

    id = Whole()
    of = Word(FeedOf)
    name = Text()
    lab = Inside(LabBrief, allow_none=True)
    instrument = Inside(InstrumentBrief, allow_none=True)
    created_at = Moment()


class NewFeed(Feed):
    """With its address, this once: an answer that is given again under an idempotency key has null there."""

    about = "feed"

    address = Text(allow_none=True)
