"""What the answers look like, as JSON schemas for the description: the twins of `shapes`, held together by a test."""

from typing import Any

from labshare.api.v1.base import Shape
from labshare.booking.terms import BookingState
from labshare.catalogue.terms import LiveState

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
YES_NO: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}
MONTH: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"}
ANYTHING: Schema = {}
FILE: Schema = {"type": "string", "format": "binary"}
MINUTES: Schema = {"type": ["integer", "string"], "description": "whole, else the exact decimal as text"}
RATE: Schema = {"type": ["string", "null"], "pattern": r"^[0-9]+\.[0-9]{4}$"}


def thing(**properties: Schema) -> Schema:
    """An object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def having(schema: Schema, **more: Schema) -> Schema:
    return thing(**(schema["properties"] | more))


def listing(schema: Schema) -> Shape:
    """`{"items": […], "next_cursor": …}`."""
    found = thing(items=many(schema))
    found["properties"]["next_cursor"] = {"type": ["string", "null"]}
    return Shape(found)


def one(schema: Schema) -> Shape:
    return Shape(schema)


LAB_BRIEF = thing(code=TEXT, name=TEXT, name_en=maybe(TEXT), town=maybe(TEXT))
INSTRUMENT_BRIEF = thing(id=WHOLE, name=TEXT, name_en=maybe(TEXT))
ITEM_BRIEF = INSTRUMENT_BRIEF
LAB = having(
    LAB_BRIEF,
    firm=thing(name=TEXT, name_en=maybe(TEXT)),
    address=maybe(TEXT),
    phone=maybe(TEXT),
    accreditations=many(TEXT),
    admitted=YES_NO,
    instruments=WHOLE,
    test_items=WHOLE,
    automatic_confirmation=YES_NO,
    lead_time_minutes=WHOLE,
    horizon_minutes=WHOLE,
)
INSTRUMENT = having(
    INSTRUMENT_BRIEF,
    lab=LAB_BRIEF,
    model=maybe(TEXT),
    manufacturer=maybe(TEXT),
    class_code=TEXT,
    units=WHOLE,
    original_value_fen=maybe(WHOLE),
    in_use_since=maybe(DAY),
    calibrated_until=maybe(DAY),
    test_items=WHOLE,
    state={"enum": [*LiveState.of_instrument(), None]},
)
TEST_ITEM = having(
    ITEM_BRIEF,
    standards=many(TEXT),
    lab=LAB_BRIEF,
    instruments=many(having(INSTRUMENT_BRIEF, units=WHOLE)),
    fee=maybe(thing(basis=TEXT, amount_fen=WHOLE, minimum_fen=maybe(WHOLE))),
    minutes=thing(setup=MINUTES, per_sample=MINUTES, per_run=MINUTES, cleanup=MINUTES),
    samples_per_run=maybe(WHOLE),
    hours=maybe(thing(min=WHOLE, max=WHOLE, step=WHOLE)),
    max_quantity=WHOLE,
    attended=YES_NO,
    statutory=YES_NO,
    category=maybe(TEXT),
    accreditations=many(TEXT),
    turnaround_days=maybe(WHOLE),
)
SEGMENT = thing(starts_at=MOMENT, ends_at=MOMENT, units_free=WHOLE)
SLOT = thing(instrument=WHOLE, starts_at=MOMENT, ends_at=MOMENT)
OFFER = thing(
    test_item=ITEM_BRIEF,
    instrument=INSTRUMENT_BRIEF,
    lab=LAB_BRIEF,
    starts_at=MOMENT,
    ends_at=MOMENT,
    amount_fen=WHOLE,
    distance_km=maybe({"type": "number"}),
)
HOLD = thing(id=WHOLE, instrument=WHOLE, starts_at=MOMENT, expires_at=MOMENT)
BLOCK = thing(id=TEXT, holdings=many(thing(unit=WHOLE, starts_at=MOMENT, ends_at=MOMENT)), in_the_way=many(TEXT))
CHARGE = thing(id=WHOLE, kind=TEXT, amount_fen=WHOLE, reason=maybe(TEXT), state=TEXT)
PROPOSAL = thing(
    id=WHOLE, instrument=WHOLE, starts_at=MOMENT, ends_at=MOMENT, reason=TEXT, state=TEXT, answer_by=MOMENT
)
EVENT = thing(
    id=WHOLE,
    at=MOMENT,
    action=TEXT,
    person=maybe(WHOLE),
    firm=maybe(WHOLE),
    subject=thing(type=maybe(TEXT), id=maybe(TEXT)),
    before=ANYTHING,
    after=ANYTHING,
    refused=YES_NO,
)
BOOKING = thing(
    ref=TEXT,
    state={"enum": list(BookingState)},
    client=thing(uscc=TEXT, name=TEXT, name_en=maybe(TEXT)),
    lab=LAB_BRIEF,
    instrument=having(INSTRUMENT_BRIEF, unit=WHOLE),
    test_item=ITEM_BRIEF,
    quantity=WHOLE,
    hours=maybe(WHOLE),
    starts_at=MOMENT,
    ends_at=MOMENT,
    sample_description=TEXT,
    price_fen=WHOLE,
    charged_fen=WHOLE,
    invoiced_fen=WHOLE,
    paid_fen=WHOLE,
    recognised_fen=WHOLE,
    charges=many(CHARGE),
    proposals=many(PROPOSAL),
    history=many(EVENT),
)
REPORT = thing(id=WHOLE, number=TEXT, issued_on=DAY, replaces=maybe(WHOLE), withdrawn_on=maybe(DAY))
INVOICE = thing(
    id=WHOLE,
    number=TEXT,
    issued_on=DAY,
    lines=many(thing(id=WHOLE, booking=TEXT, amount_fen=WHOLE, tax_fen=WHOLE, reverses=maybe(TEXT))),
)
PAYMENT = thing(
    id=WHOLE, amount_fen=WHOLE, paid_on=DAY, reference=TEXT, payer_uscc=TEXT, counts=YES_NO, payer_verdict=maybe(TEXT)
)
ENTRY = thing(
    id=WHOLE,
    booking=TEXT,
    month=MONTH,
    amount_fen=WHOLE,
    tax_fen=WHOLE,
    recorded_at=MOMENT,
    document=maybe(thing(kind=TEXT, id=WHOLE, number=maybe(TEXT))),
)
POLICY = thing(
    id=WHOLE,
    version=WHOLE,
    state=TEXT,
    effective_to=maybe(MONTH),
    published_at=maybe(MOMENT),
    document={"type": "object"},
)
LINE = thing(
    code=TEXT,
    grade=maybe(TEXT),
    eligible_ytd_fen=WHOLE,
    entitlement_ytd_fen=WHOLE,
    payable_fen=WHOLE,
    recoverable_fen=WHOLE,
    why=maybe(TEXT),
)
LINE_WITH_TRACE = having(LINE, trace=many(ANYTHING))
RUN = thing(
    month=MONTH,
    state=TEXT,
    policy=thing(id=WHOLE, name=TEXT, version=WHOLE),
    calculation=WHOLE,
    calculated_at=MOMENT,
    published_at=maybe(MOMENT),
    publicity_ends_at=maybe(MOMENT),
    approved_at=maybe(MOMENT),
    paid_on=maybe(DAY),
    labs=many(LINE),
    total_payable_fen=WHOLE,
    to_reclaim=many(ANYTHING),
)
OBJECTION = thing(id=WHOLE, text=TEXT, verdict=maybe(TEXT), answer=maybe(TEXT))
ROW = thing(id=WHOLE, code=maybe(TEXT), name=TEXT, name_en=maybe(TEXT))
FIGURES = thing(
    available_minutes=maybe(WHOLE),
    booked_minutes=WHOLE,
    used_minutes=WHOLE,
    in_house_minutes=WHOLE,
    outside_minutes=WHOLE,
    utilisation=RATE,
    sharing_rate=RATE,
    bookings=WHOLE,
    no_shows=WHOLE,
    tests=WHOLE,
    samples=WHOLE,
    clients=WHOLE,
    smes=WHOLE,
    reports=WHOLE,
    recognised_fen=WHOLE,
    outside_fen=WHOLE,
)
USAGE = thing(**{"from": MONTH, "to": MONTH}, by=TEXT, items=many(having(ROW, **FIGURES["properties"])), total=FIGURES)
PUBLIC_ROW = having(
    ROW,
    open_minutes=WHOLE,
    booked_minutes=WHOLE,
    used_minutes=WHOLE,
    outside_minutes=WHOLE,
    tests=WHOLE,
    clients={"type": "string", "pattern": "^(<3|[0-9]+)$"},
)
STATISTICS = thing(
    month=MONTH,
    labs=WHOLE,
    instruments=WHOLE,
    test_items=WHOLE,
    by_lab=many(PUBLIC_ROW),
    by_instrument=many(PUBLIC_ROW),
)
