"""What each step of a booking writes, decided before anything is written: columns and their values, by name.

Services give these to the rows they have locked; the demonstration gathers those of a whole county and writes them in
bulk. Whether a step may be taken says `lifecycle`; whether its time is free says the database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from labshare.booking.rules.lifecycle import HOLD_FOR
from labshare.booking.rules.lines import written_price
from labshare.booking.rules.price import CancellationTerms, Price, Work
from labshare.booking.rules.starts import Plan
from labshare.booking.terms import BookingState, ChargeKind, ChargeState, HoldingKind, ProposalState
from labshare.kernel.money import Fen
from labshare.kernel.time import MINUTE, ExactMinutes, Minutes

Values = dict[str, Any]
"""Columns, or fields of an event, with their values."""

SNAPSHOT = (
    "state",
    "instrument_id",
    "unit",
    "starts_at",
    "ends_at",
    "quantity",
    "charged_fen",
    "answer_by",
    "samples_received",
    "started_at",
    "finished_at",
    "machine_minutes",
    "end_reason",
    "waive_reason",
)
"""What the trail keeps of a booking before and after a step: ids and values, no personal data."""


def plain(value: Any) -> Any:
    """A value as JSON carries it."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def noted(before: Mapping[str, Any], after: Mapping[str, Any], **more: Any) -> tuple[Values, Values]:
    """What the event of a step keeps: the columns that changed, of two snapshots, and what else it names."""
    changed = [name for name in SNAPSHOT if before[name] != after[name]]
    return (
        {name: before[name] for name in changed},
        {name: after[name] for name in changed} | {name: plain(value) for name, value in more.items()},
    )


# Booking


@dataclass(frozen=True, kw_only=True)
class NewBooking:
    """All that a booking copies when it is made; fen, whole minutes."""

    client_firm_id: int
    client_size: str | None
    client_division: str
    lab_firm_id: int
    lab_id: int
    county: str
    instrument_id: int
    instrument_value_fen: Fen | None
    unit: int
    test_item_id: int
    cleanup_minutes: Minutes
    statutory: bool
    turnaround_days: int
    cancellation: CancellationTerms
    fee_id: int | None
    price: Price
    work: Work
    plan: Plan
    sample_description: str
    booked_by: int | None
    answers: list[Values] | None = None
    confidential: bool = False
    submission: str | None = None
    waive_reason: str | None = None
    cost_centre: str | None = None


def booking(new: NewBooking, state: BookingState, *, now: datetime, today: date, answer_by: datetime | None) -> Values:
    """The booking but for its reference. `answer_by` where it waits for the lab."""
    work, plan = new.work, new.plan
    return {
        "state": str(state),
        "client_firm_id": new.client_firm_id,
        "lab_firm_id": new.lab_firm_id,
        "lab_id": new.lab_id,
        "division": new.county,
        "instrument_id": new.instrument_id,
        "unit": new.unit,
        "test_item_id": new.test_item_id,
        "fee_id": new.fee_id,
        "quantity": work.quantity,
        "hours": work.hours,
        "sample_description": new.sample_description,
        "answers": new.answers,
        "confidential": new.confidential,
        "work_minutes": thousandths(work.minutes),
        "cleanup_minutes": new.cleanup_minutes,
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
        "booked_at": now,
        "booked_on": today,
        "booked_by": new.booked_by,
        "submission": new.submission,
        "waive_reason": new.waive_reason,
        "cost_centre": new.cost_centre,
        "requested_at": now,
        "answer_by": answer_by,
        "client_size": new.client_size,
        "client_division": new.client_division,
        "instrument_value_fen": new.instrument_value_fen,
        "statutory": new.statutory,
        "free_cancel_minutes": new.cancellation.free_minutes,
        "late_cancel_percent": new.cancellation.late_percent,
        "no_show_percent": new.cancellation.no_show_percent,
        "turnaround_days": new.turnaround_days if new.price.rush_days is None else new.price.rush_days,
        "price": written_price(new.price),
        "price_fen": new.price.total_fen,
        "charged_fen": new.price.total_fen,
        "confirmed_at": now if state == BookingState.CONFIRMED else None,
        "revision": int(state == BookingState.CONFIRMED),
    }


_BOOKED = (
    "state",
    "client_firm_id",
    "lab_id",
    "division",
    "instrument_id",
    "unit",
    "test_item_id",
    "fee_id",
    "quantity",
    "hours",
    "starts_at",
    "ends_at",
    "price_fen",
    "charged_fen",
    "answer_by",
    "waive_reason",
    "confidential",
)


def booked(made: Mapping[str, Any]) -> Values:
    """What the event of a new booking says, by the booking's values."""
    return {name: plain(made[name]) for name in _BOOKED}


# Answers and moves


def confirmed(state: BookingState, *, now: datetime) -> Values:
    """After a confirmation, or an accepted proposal, which leaves a booking whose samples are there in its state."""
    values: Values = {"state": str(state), "answer_by": None}
    return values | {"confirmed_at": now} if state == BookingState.CONFIRMED else values


def rescheduled(
    state: BookingState, *, now: datetime, answer_by: datetime | None, confirmed_at: datetime | None
) -> Values:
    """After the client's move: asked anew, or confirmed by the lab's rule, since when it first was."""
    if state == BookingState.REQUESTED:
        return {"state": str(state), "answer_by": answer_by, "requested_at": now, "confirmed_at": None}
    return {"state": str(state), "answer_by": answer_by, "confirmed_at": confirmed_at or now}


def placed(
    *, instrument_id: int, instrument_value_fen: Fen | None, unit: int, starts_at: datetime, ends_at: datetime
) -> Values:
    """A booking that has moved there."""
    return {
        "instrument_id": instrument_id,
        "instrument_value_fen": instrument_value_fen,
        "unit": unit,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }


def ended(state: BookingState, *, now: datetime, reason: str) -> Values:
    """After it was declined, has lapsed or was cancelled."""
    return {"state": str(state), "ended_at": now, "end_reason": reason or None, "answer_by": None}


def charge_of_ended_request(*, invoiced_fen: Fen, paid_fen: Fen) -> Fen:
    """Documents may stand from before a move back to `requested`: the charge covers them until they are reversed."""
    return max(invoiced_fen, paid_fen)


def proposal(
    booking_id: int,
    *,
    instrument_id: int,
    unit: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: int | None,
    now: datetime,
    answer_by: datetime,
) -> Values:
    """The lab's move, open until the client answers."""
    return {
        "booking_id": booking_id,
        "instrument_id": instrument_id,
        "unit": unit,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "reason": reason,
        "state": ProposalState.OPEN,
        "proposed_by": by,
        "proposed_at": now,
        "answer_by": answer_by,
    }


def proposed(
    proposal_id: int,
    made: Mapping[str, Any],
    *,
    starts_at: datetime,
    ends_at: datetime,
    replaced: int | None = None,
    waive_reason: str | None = None,
) -> tuple[Values, Values]:
    """What the event of a proposal says: the booking's present time, the open proposal that this one replaces, and
    what is proposed."""
    before: Values = {"starts_at": plain(starts_at), "ends_at": plain(ends_at)}
    if replaced is not None:
        before["proposal"] = replaced
    after: Values = {"proposal": proposal_id} | {
        name: plain(made[name]) for name in ("reason", "instrument_id", "unit", "starts_at", "ends_at", "answer_by")
    }
    return before, after | {"waive_reason": waive_reason}


def answered(state: ProposalState, *, now: datetime) -> Values:
    """A proposal that is no longer open, however it ended."""
    return {"state": state, "answered_at": now}


def proposal_answered(proposal_id: int) -> Values:
    """What the event says where the client kept the present time, or did not answer."""
    return {"proposal": proposal_id}


# The work


def no_show(state: BookingState, *, now: datetime) -> Values:
    return {"state": str(state), "ended_at": now}


def received(state: BookingState, *, now: datetime, samples: int, condition: str) -> Values:
    return {
        "state": str(state),
        "received_at": now,
        "samples_received": samples,
        "sample_condition": condition.strip() or None,
    }


def put_away(ref: str, *, out_of: str | None, into: str) -> tuple[Values, Values]:
    """What the event of the lab says, by the places' names."""
    return {"booking": ref, "storage_place": out_of}, {"booking": ref, "storage_place": into}


def started(state: BookingState, *, at: datetime) -> Values:
    return {"state": str(state), "started_at": at}


def machine_minutes(since: datetime, until: datetime, *, paused: Iterable[tuple[datetime, datetime]] = ()) -> Minutes:
    """How long the instrument ran, unless the lab says otherwise; whole minutes. Pauses, none over another, are left
    out as far as they lie within (R-BENCH-4)."""
    still = sum(
        (max(min(ended, until) - max(began, since), timedelta(0)) for began, ended in paused), start=timedelta(0)
    )
    return Minutes((until - since - still) // MINUTE)


def finished(state: BookingState, *, at: datetime, day: date, starts_at: datetime, machine_minutes: Minutes) -> Values:
    """`day` is the local one of `at`."""
    return {
        "state": str(state),
        "ends_at": max(at, starts_at),
        "finished_at": at,
        "finished_on": day,
        "machine_minutes": machine_minutes,
    }


# Charges


def price_line(*, booking_id: int, amount_fen: Fen, by: int | None, now: datetime, today: date) -> Values:
    """The first line of what is charged."""
    return {
        "booking_id": booking_id,
        "kind": ChargeKind.PRICE,
        "amount_fen": amount_fen,
        "state": ChargeState.AGREED,
        "entered_by": by,
        "entered_at": now,
        "agreed_by": by,
        "agreed_on": today,
        "answer_by": None,
    }


def ending_line(*, booking_id: int, amount_fen: Fen, reason: str, by: int | None, now: datetime, today: date) -> Values:
    """What brings the charge to what an ending costs."""
    line = price_line(booking_id=booking_id, amount_fen=amount_fen, by=by, now=now, today=today)
    return line | {"kind": ChargeKind.ENDING, "reason": reason}


def change_line(*, booking_id: int, amount_fen: Fen, reason: str, by: int | None, now: datetime, today: date) -> Values:
    """A decrease counts at once, an increase waits for the client."""
    lowers = amount_fen < 0
    return {
        "booking_id": booking_id,
        "kind": ChargeKind.CHANGE,
        "amount_fen": amount_fen,
        "reason": reason,
        "state": ChargeState.AGREED if lowers else ChargeState.PROPOSED,
        "entered_by": by,
        "entered_at": now,
        "agreed_by": by if lowers else None,
        "agreed_on": today if lowers else None,
        "answer_by": None,
    }


def extra_line(
    *, booking_id: int, amount_fen: Fen, reason: str, by: int | None, now: datetime, until: datetime
) -> Values:
    """Extra work waits for the client, whatever it comes to, and lapses."""
    return {
        "booking_id": booking_id,
        "kind": ChargeKind.CHANGE,
        "amount_fen": amount_fen,
        "reason": reason,
        "state": ChargeState.PROPOSED,
        "entered_by": by,
        "entered_at": now,
        "answer_by": until,
    }


def extended(*, quantity: int, work_minutes: Fraction, cleanup_minutes: Minutes, ends_at: datetime) -> Values:
    """A booking that was made longer by extra work."""
    return {
        "quantity": quantity,
        "work_minutes": thousandths(work_minutes),
        "cleanup_minutes": cleanup_minutes,
        "ends_at": ends_at,
    }


def thousandths(minutes: Fraction) -> ExactMinutes:
    """Exact to a thousandth, as columns keep them."""
    return ExactMinutes(Decimal(int(minutes * 1000)) / 1000)


def consented(*, by: int | None, today: date) -> Values:
    return {"state": ChargeState.AGREED, "agreed_by": by, "agreed_on": today}


# Time that is held


def time_of_booking(
    booking_id: int,
    *,
    instrument_id: int,
    unit: int,
    starts_at: datetime,
    ends_at: datetime,
    expires_at: datetime | None,
    now: datetime,
) -> Values:
    """The booking's own holding, clean-up included."""
    return {
        "instrument_id": instrument_id,
        "unit": unit,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "kind": HoldingKind.BOOKING,
        "booking_id": booking_id,
        "expires_at": expires_at,
        "created_at": now,
    }


def time_of_proposal(
    booking_id: int,
    *,
    instrument_id: int,
    unit: int,
    starts_at: datetime,
    ends_at: datetime,
    answer_by: datetime,
    now: datetime,
) -> Values:
    """What is held for a proposal until the client answers."""
    held = time_of_booking(
        booking_id,
        instrument_id=instrument_id,
        unit=unit,
        starts_at=starts_at,
        ends_at=ends_at,
        expires_at=answer_by,
        now=now,
    )
    return held | {"kind": HoldingKind.OFFER}


def time_of_hold(
    person_id: int | None, *, instrument_id: int, unit: int, starts_at: datetime, ends_at: datetime, now: datetime
) -> Values:
    """What is held while somebody fills in the form."""
    return {
        "instrument_id": instrument_id,
        "unit": unit,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "kind": HoldingKind.OFFER,
        "held_for": person_id,
        "expires_at": now + HOLD_FOR,
        "created_at": now,
    }


def time_until_yes(
    *, instrument_id: int, unit: int, starts_at: datetime, ends_at: datetime, answer_by: datetime, now: datetime
) -> Values:
    """What is held while a firm's approver, or a client for whom the lab booked, has to answer: to everybody else, a
    client who is booking."""
    return {
        "instrument_id": instrument_id,
        "unit": unit,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "kind": HoldingKind.OFFER,
        "expires_at": answer_by,
        "created_at": now,
    }


def expiry_beside_proposal(answer_by: datetime, *, proposal_answer_by: datetime) -> datetime:
    """While a proposal is open the request does not lapse."""
    return max(answer_by, proposal_answer_by)


def end_of_time(finished_at: datetime, cleanup_minutes: Minutes) -> datetime:
    """Until when a finished booking takes its unit."""
    return finished_at + timedelta(minutes=cleanup_minutes)


def time_of_block(
    block: str,
    *,
    instrument_id: int,
    unit: int,
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    note: str,
    now: datetime,
) -> Values:
    """A span of one unit out of use."""
    return {
        "instrument_id": instrument_id,
        "unit": unit,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "kind": kind,
        "block": block,
        "note": note,
        "created_at": now,
    }


def wanted(
    block: str,
    *,
    instrument_id: int,
    units: list[int],
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    note: str,
    series: str | None,
    now: datetime,
    **of: str,
) -> Values:
    """A block as the lab wants it, before any of it is taken; `of`: client, test, contact and reference of a booking
    from before."""
    return {
        "id": block,
        "instrument_id": instrument_id,
        "units": units,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "kind": kind,
        "note": note,
        "missing_minutes": 0,
        "series": series,
        "created_at": now,
        **of,
    }


def blocked(
    *,
    instrument_id: int,
    units: list[int],
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    holdings: list[int],
    in_the_way: list[str],
) -> Values:
    """What the event of a block says: the holdings it took, the bookings that lie in its way."""
    return {
        "instrument_id": instrument_id,
        "units": units,
        "starts_at": plain(starts_at),
        "ends_at": plain(ends_at),
        "kind": kind,
        "holdings": holdings,
        "in_the_way": in_the_way,
    }
