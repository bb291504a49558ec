"""One lab, instrument, test item or accreditation, for whoever may see it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from labshare.catalogue.models import Accreditation, Calibration, Fee, Instrument, Lab, Standard, TestItem
from labshare.catalogue.queries.admissions import county_of
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.time import local_day, utc_now
from labshare.organisations import permissions
from labshare.organisations.events import FirmsWithLabs

T = TypeVar("T", Standard, Fee, Calibration)


def draft_or_published(actor: Actor, lab: Lab, state: str = LifeState.PUBLISHED) -> bool:
    """Whether the actor sees something in `state` of `lab`: what is published is everybody's, the rest the firm's
    own and the regulators'."""
    if lab.published and state == LifeState.PUBLISHED:
        return True
    return permissions.may(
        actor, "catalogue.see_drafts", firm=lab.firm_id, division=county_of(lab, local_day(utc_now()))
    )


def get_lab(actor: Actor, lab_id: int) -> Lab:
    lab = db.session.scalar(select(Lab).options(joinedload(Lab.firm)).where(Lab.id == lab_id))
    if lab is None or not draft_or_published(actor, lab, lab.state):
        raise NotFound
    return lab


def get_lab_by_code(actor: Actor, code: str) -> Lab:
    lab = db.session.scalar(select(Lab).options(joinedload(Lab.firm)).where(Lab.code == code))
    if lab is None or not draft_or_published(actor, lab, lab.state):
        raise NotFound
    return lab


def find_instrument(instrument_id: int) -> Instrument | None:
    """Whoever calls asks who may see it."""
    return db.session.scalar(
        select(Instrument)
        .options(joinedload(Instrument.lab).joinedload(Lab.firm))
        .where(Instrument.id == instrument_id)
    )


def get_instrument(actor: Actor, instrument_id: int) -> Instrument:
    instrument = find_instrument(instrument_id)
    if instrument is None or not draft_or_published(actor, instrument.lab, instrument.state):
        raise NotFound
    return instrument


def get_test_item(actor: Actor, item_id: int) -> TestItem:
    """With its lab, standards (and what replaces them) and instruments. Three statements."""
    item = db.session.scalar(
        select(TestItem)
        .options(
            joinedload(TestItem.lab).joinedload(Lab.firm),
            selectinload(TestItem.standards).joinedload(Standard.superseded_by),
            selectinload(TestItem.instruments),
        )
        .where(TestItem.id == item_id)
    )
    if item is None or not draft_or_published(actor, item.lab, item.state):
        raise NotFound
    return item


def get_accreditation(actor: Actor, accreditation_id: int) -> Accreditation:
    accreditation = db.session.scalar(
        select(Accreditation).options(joinedload(Accreditation.lab)).where(Accreditation.id == accreditation_id)
    )
    if accreditation is None or not draft_or_published(actor, accreditation.lab, accreditation.lab.state):
        raise NotFound
    return accreditation


def get_standard(standard_id: int) -> Standard:
    """Raises `NotFound`."""
    return _found(Standard, standard_id)


def get_fee(fee_id: int) -> Fee:
    """A fee of any day; whoever calls asks whose it is. Raises `NotFound`."""
    return _found(Fee, fee_id)


def get_calibration(calibration_id: int) -> Calibration:
    """Whoever calls asks whose it is. Raises `NotFound`."""
    return _found(Calibration, calibration_id)


def _found(of: type[T], id: int) -> T:
    row = db.session.get(of, id)
    if row is None:
        raise NotFound
    return row


def instruments_by_id(ids: Iterable[int]) -> dict[int, Instrument]:
    """These instruments by id, in any state. One statement, none for no instrument."""
    wanted = sorted(set(ids))
    rows = db.session.scalars(select(Instrument).where(Instrument.id.in_(wanted))) if wanted else ()
    return {one.id: one for one in rows}


def fees_of(item_id: int) -> Sequence[Fee]:
    """All dated fees of an item, ended ones included, by first day. One statement."""
    return db.session.scalars(select(Fee).where(Fee.test_item_id == item_id).order_by(Fee.valid_from)).all()


def fee_on(item_id: int, day: date) -> Fee | None:
    """The fee in force on a day."""
    return db.session.scalar(select(Fee).where(Fee.test_item_id == item_id, Fee.in_force_on(day)))


def firms_with_labs(_asked: FirmsWithLabs) -> Select[int]:
    """The ids of firms that have a lab, published or not, as a query."""
    return select(Lab.firm_id)
