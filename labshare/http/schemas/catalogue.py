"""Labs, instruments, test items, the time they are free."""

from typing import Any

import marshmallow as ma

from labshare.catalogue.terms import FieldKind, LiveState, SurchargeKind
from labshare.http.fields import (
    Day,
    Exact,
    Fen,
    Inside,
    Many,
    Moment,
    OneOf,
    Part,
    Several,
    Text,
    Whole,
    Word,
    YesNo,
)
from labshare.http.schemas.base import Answer, Named


class FirmName(Answer):
    name = Text()
    name_en = Text(allow_none=True)


class LabBrief(Answer):
    code = Text()
    name = Text()
    name_en = Text(allow_none=True)
    town = Text(allow_none=True)


class Lab(LabBrief):
    """Of a `LabRow`."""

    about = "lab"

    firm = Inside(FirmName)
    address = Text(allow_none=True)
    address_en = Text(allow_none=True)
    directions = Text(allow_none=True)
    directions_en = Text(allow_none=True)
    phone = Text(allow_none=True)
    accreditations = Many(Text())
    admitted = YesNo()
    instruments = Whole()
    test_items = Whole()
    automatic_confirmation = YesNo()
    lead_time_minutes = Whole()
    horizon_minutes = Whole()
    start_grid_minutes = Whole(attribute="start_grid")


class InstrumentBrief(Named):
    pass


class Instrument(InstrumentBrief):
    """Of an `InstrumentRow`."""

    about = "instrument"

    lab = Inside(LabBrief)
    model = Text(allow_none=True)
    manufacturer = Text(allow_none=True)
    class_code = Text()
    units = Whole()
    original_value_fen = Fen(allow_none=True)
    in_use_since = Day(attribute="begin_date", allow_none=True)
    calibrated_until = Day(allow_none=True)
    test_items = Whole()
    state = Text(attribute="live", validate=OneOf(LiveState.of_instrument()), allow_none=True, dump_default=None)


class Segment(Answer):
    starts_at = Moment()
    ends_at = Moment()
    units_free = Whole()


class TestItemBrief(Named):
    pass


class Standard(Answer):
    number = Text()


class InstrumentUnits(InstrumentBrief):
    units = Whole()


class Step(Answer):
    """The fee from a quantity on; it holds for all samples."""

    since = Whole(data_key="from", attribute="from")
    amount_fen = Fen()
    sme_amount_fen = Fen(allow_none=True, dump_default=None)


class Surcharge(Answer):
    """What may be ordered on top: a fixed amount, or a percentage of the product."""

    code = Text()
    kind = Word(SurchargeKind)
    name = Text(dump_default="")
    name_en = Text(dump_default="")
    amount_fen = Fen(allow_none=True, dump_default=None)
    percent = Text(allow_none=True, dump_default=None)
    days = Whole(allow_none=True, dump_default=None)


class Discount(Answer):
    """How far the lab's own price in a quote may fall below the fee, from a quantity on."""

    since = Whole(data_key="from", attribute="from")
    percent = Text()


class Fee(Answer):
    basis = Text()
    amount_fen = Fen()
    minimum_fen = Fen(allow_none=True)
    sme_amount_fen = Fen(allow_none=True)
    steps = Several(Step)
    surcharges = Several(Surcharge)
    discounts = Several(Discount)


class Option(Answer):
    """One of a choice, which an answer names by its `name`."""

    name = Text()
    name_en = Text()


class Question(Answer):
    """A field of a test item's sample form, which `POST /bookings` answers under its `id`."""

    id = Whole()
    label = Text()
    label_en = Text()
    kind = Word(FieldKind)
    required = YesNo()
    unit = Text()
    least = Exact(allow_none=True)
    most = Exact(allow_none=True)
    options = Inside(Option, many=True)
    hint = Text()
    hint_en = Text()


class Minutes(Answer):
    """What a test takes, of a `TestItemRow`."""

    about = "item"

    setup = Exact(attribute="setup_minutes")
    per_sample = Exact(attribute="sample_minutes")
    per_run = Exact(attribute="run_minutes")
    cleanup = Exact(attribute="cleanup_minutes")


class Hours(Answer):
    """The hours that a client may choose, of a `TestItemRow`; null where there is no choice."""

    about = "item"

    min = Whole(attribute="hours_min")
    max = Whole(attribute="hours_max")
    step = Whole(attribute="hours_step")

    @ma.post_dump
    def chosen(self, data: dict[str, Any], **_more: Any) -> dict[str, Any] | None:
        return None if data["min"] is None else data


class TestItem(TestItemBrief):
    """Of a `TestItemRow`."""

    about = "item"

    standards = ma.fields.Pluck(Standard, "number", many=True)
    lab = Inside(LabBrief)
    instruments = Inside(InstrumentUnits, many=True)
    fee = Inside(Fee, allow_none=True)
    minutes = Part(Minutes)
    samples_per_run = Whole(allow_none=True)
    hours = Part(Hours, allow_none=True)
    max_quantity = Whole()
    attended = YesNo()
    statutory = YesNo()
    category = Text(allow_none=True)
    accreditations = Many(Text(), attribute="marks")
    turnaround_days = Whole(allow_none=True)
    form_revision = Whole()
    sample_form = Inside(Question, many=True, attribute="questions")
