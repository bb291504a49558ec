"""Instruments and their calibration. Booking changes the number of units: it knows what is held."""

from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.models import Calibration, Instrument, InstrumentUnit
from labshare.catalogue.queries import get_instrument
from labshare.catalogue.queries.publishing import instrument_conditions
from labshare.catalogue.rules.entries import (
    CalibrationDetails,
    InstrumentDetails,
    calibration_problems,
    changes,
    instrument_problems,
    units_problems,
)
from labshare.catalogue.services import common
from labshare.catalogue.services.claims import CLAIMED_FIELDS, claim_anew
from labshare.catalogue.services.index import rebuild_lab
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, raise_all
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions


@verb("instrument.add", title=_l("Instrument added"))
def add_instrument(
    *, actor: Actor, now: datetime, lab_id: int, details: InstrumentDetails, units: int = 1
) -> Instrument:
    """A draft with its units, numbered from 1."""
    lab = common.own_lab(actor, lab_id)
    problems = [*instrument_problems(details, local_day(now)), *units_problems(units)]
    raise_all([*problems, *_number_problems(lab_id=lab.id, inner_id=details.inner_id)])
    instrument = Instrument(lab_id=lab.id, units=units, state=LifeState.DRAFT, created_at=now)
    common.fill(instrument, details)
    with common.refusals({"inner_id": errors.InnerIdUsed}):
        db.session.add(instrument)
    db.session.add_all(InstrumentUnit(instrument_id=instrument.id, unit=unit) for unit in range(1, units + 1))
    db.session.flush()
    _nothing, after = changes(None, details)
    audit.record(
        actor,
        now,
        "instrument.add",
        subject=("instrument", instrument.id),
        before=None,
        after={"lab_id": lab.id, "units": units, **after},
    )
    claim_anew(actor, now, [instrument])
    rebuild_lab(lab.id)
    return instrument


def _number_problems(*, lab_id: int, inner_id: str, but: int | None = None) -> list[Problem]:
    """The firm's own number is unique in a lab; the database stands behind this."""
    same = select(Instrument.id).where(Instrument.lab_id == lab_id, Instrument.inner_id == inner_id)
    if but is not None:
        same = same.where(Instrument.id != but)
    other = db.session.scalar(same)
    return [errors.InnerIdUsed()] if other is not None else []


@verb("instrument.edit", title=_l("Instrument changed"))
def edit_instrument(*, actor: Actor, now: datetime, instrument_id: int, details: InstrumentDetails) -> Instrument:
    """A published instrument must keep what publishing needs."""
    instrument = common.own_instrument(actor, instrument_id)
    today = local_day(now)
    raise_all(
        [
            *instrument_problems(details, today),
            *_number_problems(lab_id=instrument.lab_id, inner_id=details.inner_id, but=instrument.id),
        ]
    )
    before, after = changes(common.read(instrument, InstrumentDetails), details)
    if not after:
        return instrument
    with common.refusals({"inner_id": errors.InnerIdUsed}):
        common.fill(instrument, details)
    if instrument.published:
        common.require(instrument_conditions(instrument, today))
    audit.record(actor, now, "instrument.edit", subject=("instrument", instrument.id), before=before, after=after)
    if not after.keys().isdisjoint(CLAIMED_FIELDS[Instrument]):
        claim_anew(actor, now, [instrument])
    rebuild_lab(instrument.lab_id)
    return instrument


@verb("instrument.publish", title=_l("Instrument published"))
def publish_instrument(*, actor: Actor, now: datetime, instrument_id: int) -> Instrument:
    """Raises `FirmNotVerified` and `NotComplete` for everything that is missing, `WrongState`."""
    instrument = common.own_instrument(actor, instrument_id)
    common.require(instrument_conditions(instrument, local_day(now)))
    common.move(actor, now, instrument, "instrument.publish", LifeState.hidden(), LifeState.PUBLISHED)
    return instrument


@verb("instrument.withdraw", title=_l("Instrument withdrawn"))
def withdraw_instrument(*, actor: Actor, now: datetime, instrument_id: int) -> Instrument:
    """It is offered no more; bookings that are made stay."""
    instrument = common.own_instrument(actor, instrument_id)
    common.move(actor, now, instrument, "instrument.withdraw", (LifeState.PUBLISHED,), LifeState.WITHDRAWN)
    return instrument


@verb("calibration.add", title=_l("Calibration added"))
def add_calibration(
    *, actor: Actor, now: datetime, instrument_id: int, certificate: str, issuer: str, valid_from: date, valid_to: date
) -> Calibration:
    """A certificate, valid on both its days and all between. Successive ones join."""
    instrument = common.own_instrument(actor, instrument_id)
    details = CalibrationDetails(
        certificate=certificate.strip(), issuer=issuer.strip(), valid_from=valid_from, valid_to=valid_to
    )
    raise_all(calibration_problems(details, local_day(now)))
    same = select(Calibration.id).where(
        Calibration.instrument_id == instrument.id,
        Calibration.certificate == details.certificate,
        Calibration.valid_from == valid_from,
    )
    if db.session.scalar(same) is not None:
        raise errors.CertificateOverlaps
    calibration = Calibration(instrument_id=instrument.id, **vars(details))
    db.session.add(calibration)
    db.session.flush()
    audit.record(
        actor,
        now,
        "calibration.add",
        subject=("instrument", instrument.id),
        before=None,
        after=certificate_values(calibration),
    )
    return calibration


@verb("calibration.remove", title=_l("Calibration removed"))
def remove_calibration(*, actor: Actor, now: datetime, calibration_id: int) -> None:
    """Take back a certificate that was entered by mistake; the trail keeps it."""
    calibration = db.session.get(Calibration, calibration_id)
    if calibration is None:
        raise NotFound
    instrument = get_instrument(actor, calibration.instrument_id)
    permissions.check(actor, "catalogue.change", firm=instrument.lab.firm_id)
    before = certificate_values(calibration)
    db.session.delete(calibration)
    db.session.flush()
    audit.record(actor, now, "calibration.remove", subject=("instrument", instrument.id), before=before, after=None)


def certificate_values(calibration: Calibration) -> dict[str, object]:
    """As the trail keeps it."""
    return {
        "calibration_id": calibration.id,
        "certificate": calibration.certificate,
        "valid_from": calibration.valid_from.isoformat(),
        "valid_to": calibration.valid_to.isoformat(),
    }
