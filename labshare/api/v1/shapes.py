"""How things look in JSON: money in fen, moments with offset."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from labshare.audit.models import AuditEvent
from labshare.audit.rules import Event
from labshare.booking.models import Booking, Charge, Holding, Proposal
from labshare.booking.queries.offers import Offer
from labshare.booking.rules.slots import Segment, Slot
from labshare.catalogue.models import Fee, Instrument, Lab, TestItem
from labshare.catalogue.queries.lists import InstrumentRow, LabRow, TestItemRow
from labshare.kernel.time import local_zone


def moment(value: datetime | None) -> str | None:
    """RFC 3339 with the platform's offset."""
    return None if value is None else value.astimezone(local_zone()).isoformat()


def number(value: Decimal | int | None) -> int | str | None:
    """Minutes: a whole number where it is one, else its decimal spelling, exact."""
    if value is None or isinstance(value, int):
        return value
    return int(value) if value == int(value) else str(value)


def lab(row: LabRow) -> dict[str, Any]:
    return lab_brief(row.lab) | {
        "firm": {"name": row.lab.firm.name, "name_en": row.lab.firm.name_en},
        "address": row.lab.address,
        "phone": row.lab.phone,
        "accreditations": list(row.accreditations),
        "admitted": row.admitted,
        "instruments": row.instruments,
        "test_items": row.test_items,
        "automatic_confirmation": row.lab.automatic_confirmation,
        "lead_time_minutes": row.lab.lead_time_minutes,
        "horizon_minutes": row.lab.horizon_minutes,
    }


def lab_brief(of: Lab) -> dict[str, Any]:
    return {"code": of.code, "name": of.name, "name_en": of.name_en, "town": of.town}


def instrument_brief(of: Instrument) -> dict[str, Any]:
    return {"id": of.id, "name": of.name, "name_en": of.name_en}


def instrument(row: InstrumentRow, state: str | None = None) -> dict[str, Any]:
    of = row.instrument
    return instrument_brief(of) | {
        "lab": lab_brief(of.lab),
        "model": of.model,
        "manufacturer": of.manufacturer,
        "class_code": of.class_code,
        "units": of.units,
        "original_value_fen": of.original_value_fen,
        "in_use_since": of.begin_date.isoformat() if of.begin_date else None,
        "calibrated_until": row.calibrated_until.isoformat() if row.calibrated_until else None,
        "test_items": row.test_items,
        "state": state,
    }


def fee(of: Fee | None) -> dict[str, Any] | None:
    if of is None:
        return None
    return {"basis": of.basis, "amount_fen": of.amount_fen, "minimum_fen": of.minimum_fen}


def test_item(row: TestItemRow) -> dict[str, Any]:
    of = row.item
    hours = None
    if of.hours_min is not None:
        hours = {"min": of.hours_min, "max": of.hours_max, "step": of.hours_step}
    return test_item_brief(of) | {
        "standards": [standard.number for standard in of.standards],
        "lab": lab_brief(of.lab),
        "instruments": [instrument_brief(each) | {"units": each.units} for each in of.instruments],
        "fee": fee(row.fee),
        "minutes": {
            "setup": number(of.setup_minutes),
            "per_sample": number(of.sample_minutes),
            "per_run": number(of.run_minutes),
            "cleanup": of.cleanup_minutes,
        },
        "samples_per_run": of.samples_per_run,
        "hours": hours,
        "max_quantity": of.max_quantity,
        "attended": of.attended,
        "statutory": of.statutory,
        "category": of.category,
        "accreditations": list(row.marks),
        "turnaround_days": of.turnaround_days,
    }


def test_item_brief(of: TestItem) -> dict[str, Any]:
    return {"id": of.id, "name": of.name, "name_en": of.name_en}


def segment(of: Segment) -> dict[str, Any]:
    return {"starts_at": moment(of.starts_at), "ends_at": moment(of.ends_at), "units_free": of.units_free}


def slot(of: Slot) -> dict[str, Any]:
    return {"instrument": of.instrument_id, "starts_at": moment(of.starts_at), "ends_at": moment(of.ends_at)}


def offer(of: Offer) -> dict[str, Any]:
    assert of.slot is not None  # noqa: S101 - offers without one are left out of this list
    distance = None if of.distance_km is None else round(of.distance_km, 1)
    return {
        "test_item": test_item_brief(of.item),
        "instrument": instrument_brief(of.instrument),
        "lab": lab_brief(of.lab),
        "starts_at": moment(of.slot.starts_at),
        "ends_at": moment(of.slot.ends_at),
        "amount_fen": of.amount_fen,
        "distance_km": distance,
    }


def hold(of: Holding) -> dict[str, Any]:
    return {
        "id": of.id,
        "instrument": of.instrument_id,
        "starts_at": moment(of.starts_at),
        "expires_at": moment(of.expires_at),
    }


def booking(of: Booking, history: Sequence[AuditEvent | Event] = ()) -> dict[str, Any]:
    return {
        "ref": of.ref,
        "state": of.state,
        "client": {"uscc": of.client.uscc, "name": of.client.name, "name_en": of.client.name_en},
        "lab": lab_brief(of.lab),
        "instrument": instrument_brief(of.instrument) | {"unit": of.unit},
        "test_item": test_item_brief(of.test_item),
        "quantity": of.quantity,
        "hours": of.hours,
        "starts_at": moment(of.starts_at),
        "ends_at": moment(of.ends_at),
        "sample_description": of.sample_description,
        "price_fen": of.price_fen,
        "charged_fen": of.charged_fen,
        "invoiced_fen": of.invoiced_fen,
        "paid_fen": of.paid_fen,
        "recognised_fen": of.recognised_fen,
        "charges": [charge(each) for each in of.charges],  # type: ignore[attr-defined]
        "proposals": [proposal(each) for each in of.proposals],  # type: ignore[attr-defined]
        "history": [event(each) for each in history],
    }


def charge(of: Charge) -> dict[str, Any]:
    return {"id": of.id, "kind": of.kind, "amount_fen": of.amount_fen, "reason": of.reason, "state": of.state}


def proposal(of: Proposal) -> dict[str, Any]:
    return {
        "id": of.id,
        "instrument": of.instrument_id,
        "starts_at": moment(of.starts_at),
        "ends_at": moment(of.ends_at),
        "reason": of.reason,
        "state": of.state,
        "answer_by": moment(of.answer_by),
    }


def event(of: AuditEvent | Event) -> dict[str, Any]:
    return {
        "id": of.id,
        "at": moment(of.at),
        "action": of.action,
        "person": of.person_id,
        "firm": of.firm_id,
        "subject": {"type": of.subject_type, "id": of.subject_id},
        "before": of.before,
        "after": of.after,
        "refused": of.refused,
    }
