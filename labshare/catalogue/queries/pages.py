"""Everything one page shows of a lab, an instrument, a test item or a standard."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from labshare.catalogue.models import (
    Accreditation,
    AccreditationScope,
    Calibration,
    Fee,
    Instrument,
    Lab,
    LabAdmission,
    Standard,
    TestItem,
    TestItemInstrument,
    TestItemStandard,
)
from labshare.catalogue.queries import filters as narrowing
from labshare.catalogue.queries.lists import (
    InstrumentRow,
    StandardRow,
    TestItemRow,
    calibrated_until,
    instrument_rows,
    item_rows,
    standard_rows,
)
from labshare.catalogue.queries.single import draft_or_published, get_instrument, get_lab_by_code, get_test_item
from labshare.catalogue.rules import standards as numbers
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound


@dataclass(frozen=True)
class ScopeRow:
    accreditation: Accreditation
    item: TestItem
    standard: Standard


@dataclass(frozen=True)
class LabPage:
    lab: Lab
    accreditations: tuple[Accreditation, ...]
    """Newest first; `valid(day)` ones are those whose span holds the day."""
    scope: tuple[ScopeRow, ...]
    admissions: tuple[LabAdmission, ...]
    admitted: bool
    instruments: tuple[InstrumentRow, ...]
    test_items: tuple[TestItemRow, ...]
    own: bool
    """Drafts are included: the reader is of the firm, or a regulator."""


@dataclass(frozen=True)
class InstrumentPage:
    instrument: Instrument
    calibrations: tuple[Calibration, ...]
    calibrated_until: date | None
    test_items: tuple[TestItemRow, ...]
    own: bool


@dataclass(frozen=True)
class FeeRow:
    fee: Fee
    when: str
    """`past`, `present` or `ahead`."""


@dataclass(frozen=True)
class TestItemPage:
    __test__ = False

    item: TestItem
    fee: Fee | None
    fees: tuple[FeeRow, ...]
    """By first day, ended ones included."""
    standards: tuple[StandardRow, ...]
    marks: tuple[tuple[str, str, str], ...]
    """(kind, certificate number, standard's number) of what a valid accreditation covers."""
    instruments: tuple[InstrumentRow, ...]
    own: bool


@dataclass(frozen=True)
class StandardPage:
    standard: Standard
    current: Standard
    """Itself, or what is in force instead."""
    successors: tuple[Standard, ...]
    predecessors: tuple[Standard, ...]
    test_items: tuple[TestItemRow, ...]
    """Published items by this standard or by what is in force instead."""


def lab_page(actor: Actor, code: str, day: date) -> LabPage:
    """Ten statements. Raises `NotFound` where the actor may not see the lab."""
    lab = get_lab_by_code(actor, code)
    own = draft_or_published(actor, lab, "draft")
    accreditations = tuple(
        db.session.scalars(
            select(Accreditation)
            .where(Accreditation.lab_id == lab.id)
            .order_by(Accreditation.valid_to.desc(), Accreditation.kind)
        )
    )
    admissions = tuple(
        db.session.scalars(
            select(LabAdmission).where(LabAdmission.lab_id == lab.id).order_by(LabAdmission.admitted_from.desc())
        )
    )
    instruments = select(Instrument).where(Instrument.lab_id == lab.id).order_by(Instrument.name, Instrument.id)
    items = (
        select(TestItem)
        .options(
            selectinload(TestItem.standards).joinedload(Standard.superseded_by), selectinload(TestItem.instruments)
        )
        .where(TestItem.lab_id == lab.id)
        .order_by(TestItem.category, TestItem.name, TestItem.id)
    )
    if not own:
        instruments = instruments.where(Instrument.state == "published")
        items = items.where(TestItem.state == "published")
    found_items = db.session.scalars(items).unique().all()
    return LabPage(
        lab,
        accreditations,
        scope_rows(lab.id),
        admissions,
        any(_holds(one, day) for one in admissions),
        instrument_rows(db.session.scalars(instruments).all(), day, drafts=own),
        item_rows(found_items, day),
        own,
    )


def _holds(admission: LabAdmission, day: date) -> bool:
    return admission.admitted_from <= day and (admission.suspended_from is None or day < admission.suspended_from)


def scope_rows(lab_id: int) -> tuple[ScopeRow, ...]:
    """What the lab's accreditations cover. One statement."""
    rows = db.session.execute(
        select(Accreditation, TestItem, Standard)
        .join(AccreditationScope, AccreditationScope.accreditation_id == Accreditation.id)
        .join(TestItem, TestItem.id == AccreditationScope.test_item_id)
        .join(Standard, Standard.id == AccreditationScope.standard_id)
        .where(Accreditation.lab_id == lab_id)
        .order_by(Accreditation.id, TestItem.name, Standard.number)
    )
    return tuple(ScopeRow(accreditation, item, standard) for accreditation, item, standard in rows)


def instrument_page(actor: Actor, instrument_id: int, day: date) -> InstrumentPage:
    """Seven statements. Raises `NotFound` where the actor may not see the instrument."""
    instrument = get_instrument(actor, instrument_id)
    own = draft_or_published(actor, instrument.lab, "draft")
    calibrations = tuple(
        db.session.scalars(
            select(Calibration)
            .where(Calibration.instrument_id == instrument.id)
            .order_by(Calibration.valid_to.desc(), Calibration.id.desc())
        )
    )
    items = (
        select(TestItem)
        .join(TestItemInstrument, TestItemInstrument.test_item_id == TestItem.id)
        .options(
            selectinload(TestItem.standards).joinedload(Standard.superseded_by), selectinload(TestItem.instruments)
        )
        .where(TestItemInstrument.instrument_id == instrument.id)
        .order_by(TestItem.name, TestItem.id)
    )
    if not own:
        items = items.where(TestItem.state == "published")
    until = calibrated_until([instrument.id], day)
    rows = item_rows(db.session.scalars(items).unique().all(), day)
    return InstrumentPage(instrument, calibrations, until.get(instrument.id), rows, own)


def test_item_page(actor: Actor, item_id: int, day: date) -> TestItemPage:
    """Eight statements. Raises `NotFound` where the actor may not see the test item."""
    item = get_test_item(actor, item_id)
    own = draft_or_published(actor, item.lab, "draft")
    fees = db.session.scalars(select(Fee).where(Fee.test_item_id == item.id).order_by(Fee.valid_from)).all()
    rows = tuple(FeeRow(fee, _when(fee, day)) for fee in fees)
    marks = db.session.execute(
        select(Accreditation.kind, Accreditation.number, Standard.number)
        .join(AccreditationScope, AccreditationScope.accreditation_id == Accreditation.id)
        .join(Standard, Standard.id == AccreditationScope.standard_id)
        .where(
            AccreditationScope.test_item_id == item.id,
            Accreditation.valid_from <= day,
            Accreditation.valid_to >= day,
        )
        .order_by(Accreditation.kind, Standard.number)
    )
    instruments = [one for one in item.instruments if own or one.state == "published"]
    return TestItemPage(
        item,
        next((row.fee for row in rows if row.when == "present"), None),
        rows,
        standard_rows(item.standards, day),
        tuple((kind, number, standard) for kind, number, standard in marks),
        instrument_rows(instruments, day, drafts=own),
        own,
    )


test_item_page.__test__ = False  # type: ignore[attr-defined]


def _when(fee: Fee, day: date) -> str:
    if fee.valid_from > day:
        return "ahead"
    return "past" if fee.valid_to is not None and fee.valid_to < day else "present"


def standard_page(number: str, day: date) -> StandardPage:
    """A standard by its number, however spelt. At most eight statements. Raises `NotFound`."""
    match = narrowing.match_standard(number, day)
    typed = numbers.normalise(number)
    if not match.found:
        raise NotFound
    standard = next((one for one in match.found if one.search_number == typed), match.found[0])
    exact = narrowing.match_standard(standard.number, day)
    chain: list[Standard] = []
    following = standard.superseded_by
    while following is not None and following not in chain and following is not standard:
        chain.append(following)
        following = following.superseded_by
    predecessors = tuple(
        db.session.scalars(
            select(Standard).where(Standard.superseded_by_id == standard.id).order_by(Standard.number)
        )
    )  # fmt: skip
    items = (
        db.session.scalars(
            select(TestItem)
            .join(Lab, Lab.id == TestItem.lab_id)
            .where(
                narrowing.published_item(),
                TestItem.id.in_(
                    select(TestItemStandard.test_item_id).where(TestItemStandard.standard_id.in_(sorted(exact.ids)))
                ),
            )
            .options(
                joinedload(TestItem.lab).joinedload(Lab.firm),
                selectinload(TestItem.standards).joinedload(Standard.superseded_by),
                selectinload(TestItem.instruments),
            )
            .order_by(TestItem.name, TestItem.id)
            .limit(100)
        )
        .unique()
        .all()
    )
    current = exact.current[0] if exact.current else standard
    return StandardPage(standard, current, tuple(chain), predecessors, item_rows(items, day))
