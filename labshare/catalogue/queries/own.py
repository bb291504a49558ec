"""A firm's own catalogue, drafts and withdrawn entries included: what its workbench lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import joinedload, selectinload

from labshare.catalogue.models import (
    Accreditation,
    AccreditationScope,
    Calibration,
    Fee,
    Instrument,
    Lab,
    LabAdmission,
    SearchEntry,
    Standard,
    TestItem,
    TestItemStandard,
)
from labshare.catalogue.queries.admissions import labs_seen
from labshare.catalogue.queries.filters import Page
from labshare.catalogue.queries.lists import InstrumentRow, TestItemRow, instrument_rows, item_rows
from labshare.catalogue.terms import LifeState, SearchKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db

SOON = timedelta(days=60)
"""How long before its end a certificate is shown as ending."""
PER_PAGE = 50


@dataclass(frozen=True)
class OwnLab:
    lab: Lab
    instruments: int
    instruments_published: int
    test_items: int
    test_items_published: int
    admitted_from: date | None
    """Of the admission that holds on the day."""


@dataclass(frozen=True)
class OwnFee:
    """A test item with the fee of the day and the next one ahead."""

    item: TestItem
    fee: Fee | None
    ahead: Fee | None


@dataclass(frozen=True)
class Ending:
    """A certificate that ends soon or has ended, with nothing after it."""

    kind: SearchKind
    """`calibration` or `accreditation`."""
    last: date
    instrument: Instrument | None = None
    accreditation: Accreditation | None = None


def own_labs(firm_id: int, day: date) -> tuple[OwnLab, ...]:
    """One statement."""

    def count(model: type[Instrument] | type[TestItem], *more: Any) -> Any:
        return select(func.count()).where(model.lab_id == Lab.id, *more).correlate(Lab).scalar_subquery()

    admitted = (
        select(func.max(LabAdmission.admitted_from))
        .where(
            LabAdmission.lab_id == Lab.id,
            LabAdmission.holds_on(day),
        )
        .correlate(Lab)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Lab,
            count(Instrument),
            count(Instrument, Instrument.published),
            count(TestItem),
            count(TestItem, TestItem.published),
            admitted,
        )
        .where(Lab.firm_id == firm_id)
        .order_by(Lab.code)
    )
    return tuple(OwnLab(*row) for row in rows)


def own_instruments(
    firm_id: int,
    day: date,
    *,
    lab_id: int | None = None,
    state: str | None = None,
    limit: int = PER_PAGE,
    offset: int = 0,
) -> Page[InstrumentRow]:
    """Four statements."""
    statement = (
        select(Instrument)
        .join(Lab, Lab.id == Instrument.lab_id)
        .options(joinedload(Instrument.lab))
        .where(Lab.firm_id == firm_id)
    )
    rows, total = _narrowed(
        statement, Instrument, SearchKind.INSTRUMENT, lab_id=lab_id, state=state, limit=limit, offset=offset
    )
    return Page(instrument_rows(rows, day, drafts=True), total, limit, offset)


def own_test_items(
    firm_id: int,
    day: date,
    *,
    lab_id: int | None = None,
    state: str | None = None,
    limit: int = PER_PAGE,
    offset: int = 0,
) -> Page[TestItemRow]:
    """Six statements."""
    statement = (
        select(TestItem)
        .join(Lab, Lab.id == TestItem.lab_id)
        .options(
            joinedload(TestItem.lab),
            selectinload(TestItem.standards).joinedload(Standard.superseded_by),
            selectinload(TestItem.instruments),
        )
        .where(Lab.firm_id == firm_id)
    )
    rows, total = _narrowed(
        statement, TestItem, SearchKind.TEST_ITEM, lab_id=lab_id, state=state, limit=limit, offset=offset
    )
    return Page(item_rows(rows, day), total, limit, offset)


def own_fees(
    firm_id: int,
    day: date,
    *,
    lab_id: int | None = None,
    state: str | None = None,
    limit: int = PER_PAGE,
    offset: int = 0,
) -> Page[OwnFee]:
    """Four statements. Items without a fee today come first."""
    statement = (
        select(TestItem)
        .join(Lab, Lab.id == TestItem.lab_id)
        .options(joinedload(TestItem.lab))
        .where(Lab.firm_id == firm_id)
    )
    has_fee = select(Fee.id).where(Fee.test_item_id == TestItem.id, Fee.in_force_on(day)).correlate(TestItem).exists()
    first = case((and_(~has_fee, TestItem.state != LifeState.WITHDRAWN), 0), else_=1)
    rows, total = _narrowed(
        statement, TestItem, SearchKind.TEST_ITEM, first, lab_id=lab_id, state=state, limit=limit, offset=offset
    )
    fees = db.session.scalars(
        select(Fee)
        .where(Fee.test_item_id.in_([item.id for item in rows]), Fee.lasts_to(day))
        .order_by(Fee.valid_from.desc())
    ).all()
    present = {fee.test_item_id: fee for fee in fees if not fee.ahead_on(day)}
    ahead = {fee.test_item_id: fee for fee in fees if fee.ahead_on(day)}
    return Page(tuple(OwnFee(item, present.get(item.id), ahead.get(item.id)) for item in rows), total, limit, offset)


def _narrowed(
    statement: Any,
    of: Any,
    kind: SearchKind,
    *first: Any,
    lab_id: int | None,
    state: str | None,
    limit: int,
    offset: int,
) -> tuple[list[Any], int]:
    if lab_id is not None:
        statement = statement.where(Lab.id == lab_id)
    if state is not None:
        statement = statement.where(of.state == state)
    total = db.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    statement = statement.outerjoin(SearchEntry, and_(SearchEntry.kind == kind, SearchEntry.target_id == of.id))
    rows = db.session.scalars(
        statement.order_by(*first, SearchEntry.sort_key, of.id).limit(limit).offset(offset)
    ).unique()
    return list(rows), total


def endings(firm_id: int, day: date) -> tuple[Ending, ...]:
    """Calibrations of instruments that are offered, and accreditations, that end within 60 days or have ended, with
    none that goes on after them. Two statements."""
    last = func.max(Calibration.valid_to)
    instruments = db.session.execute(
        select(Instrument, last)
        .join(Lab, Lab.id == Instrument.lab_id)
        .join(Calibration, Calibration.instrument_id == Instrument.id)
        .where(Lab.firm_id == firm_id, Instrument.published, Instrument.needs_calibration.is_(True))
        .group_by(Instrument.id)
        .having(last <= day + SOON)
        .order_by(last, Instrument.id)
        .limit(PER_PAGE)
    ).all()
    accreditations = db.session.scalars(
        select(Accreditation)
        .join(Lab, Lab.id == Accreditation.lab_id)
        .options(joinedload(Accreditation.lab))
        .where(Lab.firm_id == firm_id, Lab.published, Accreditation.valid_to <= day + SOON)
        .order_by(Accreditation.valid_to)
        .limit(PER_PAGE)
    ).all()
    found = [Ending("calibration", end, instrument=instrument) for instrument, end in instruments]
    found += [Ending("accreditation", one.valid_to, accreditation=one) for one in accreditations]
    return tuple(sorted(found, key=lambda ending: ending.last))


def all_labs() -> list[Lab]:
    """Every lab by code. One statement."""
    return list(db.session.scalars(select(Lab).order_by(Lab.code)))


def labs_of_regulator(actor: Actor, day: date) -> list[Lab]:
    """Those of the regulator's division by code. One statement."""
    return list(db.session.scalars(select(Lab).where(labs_seen(actor, "lab.see", day)).order_by(Lab.code)))


def lab_choices(firm_id: int | None) -> list[Lab]:
    """The firm's labs by code; none of no firm. One statement."""
    if firm_id is None:
        return []
    return list(db.session.scalars(select(Lab).where(Lab.firm_id == firm_id).order_by(Lab.code)))


def scope_to_choose(accreditation: Accreditation) -> tuple[list[tuple[TestItem, Standard]], set[tuple[int, int]]]:
    """What an accreditation of this lab could cover, and the (item, standard) ids that it does. Two statements."""
    pairs = db.session.execute(
        select(TestItem, Standard)
        .join(TestItemStandard, TestItemStandard.test_item_id == TestItem.id)
        .join(Standard, Standard.id == TestItemStandard.standard_id)
        .where(TestItem.lab_id == accreditation.lab_id)
        .order_by(TestItem.name, TestItem.id, Standard.number)
    )
    covered = db.session.execute(
        select(AccreditationScope.test_item_id, AccreditationScope.standard_id).where(
            AccreditationScope.accreditation_id == accreditation.id
        )
    )
    return [(item, standard) for item, standard in pairs], {(one, other) for one, other in covered}


def instruments_of_lab(lab_id: int) -> Sequence[Instrument]:
    """The lab's instruments that are not withdrawn, in the order in which they were entered. One statement."""
    return db.session.scalars(
        select(Instrument)
        .where(Instrument.lab_id == lab_id, Instrument.state != LifeState.WITHDRAWN)
        .order_by(Instrument.id)
    ).all()


def instrument_choices(*, firm_id: int, lab_id: int | None = None) -> Sequence[Instrument]:
    """The firm's instruments, or those of one of its labs, by lab and name; withdrawn ones too. One statement."""
    chosen = select(Instrument).join(Lab, Lab.id == Instrument.lab_id).where(Lab.firm_id == firm_id)
    if lab_id is not None:
        chosen = chosen.where(Lab.id == lab_id)
    return db.session.scalars(chosen.order_by(Instrument.lab_id, Instrument.name, Instrument.id)).all()


def bookable_items(lab_id: int, *, instrument_id: int | None = None) -> Sequence[TestItem]:
    """The lab's published test items by name, those of this instrument first. One statement."""
    there = TestItem.instruments.any(Instrument.id == instrument_id)
    return db.session.scalars(
        select(TestItem).where(TestItem.lab_id == lab_id, TestItem.published).order_by(~there, TestItem.name)
    ).all()


def tests_on(instrument_id: int, *, statutory: bool) -> Sequence[TestItem]:
    """The published test items that an instrument does, statutory ones or the others, by name. One statement."""
    there = TestItem.instruments.any(Instrument.id == instrument_id)
    return db.session.scalars(
        select(TestItem)
        .where(there, TestItem.published, TestItem.counts_as_statutory.is_(statutory))
        .order_by(TestItem.name, TestItem.id)
    ).all()


def item_choices(lab_id: int) -> Sequence[TestItem]:
    """The lab's test items by name; withdrawn ones too. One statement."""
    return db.session.scalars(
        select(TestItem).where(TestItem.lab_id == lab_id).order_by(TestItem.name, TestItem.id)
    ).all()
