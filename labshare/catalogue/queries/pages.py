"""Everything one page shows of a lab, an instrument, a test item or a standard."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, func, select, true
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
    PricedItem,
    StandardRow,
    TestItemRow,
    instrument_rows,
    item_rows,
    standard_rows,
)
from labshare.catalogue.queries.sample_forms import sample_form
from labshare.catalogue.queries.single import (
    draft_or_published,
    fees_of,
    get_instrument,
    get_test_item,
)
from labshare.catalogue.rules import standards as numbers
from labshare.catalogue.rules.sample_form import Question
from labshare.catalogue.rules.validity import Span, valid_until
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.organisations.permissions import may


@dataclass(frozen=True)
class ScopeRow:
    accreditation: Accreditation
    item: TestItem
    standard: Standard


@dataclass(frozen=True)
class LabPage:
    lab: Lab
    accreditations: tuple[Accreditation, ...]
    """Newest first, ended ones included."""
    valid: tuple[Accreditation, ...]
    """Those whose span holds the day, by kind."""
    scope: tuple[ScopeRow, ...]
    admissions: tuple[LabAdmission, ...]
    admitted: bool
    instruments: tuple[InstrumentRow, ...]
    test_items: tuple[TestItemRow, ...]
    own: bool
    """Drafts are included: the reader is of the firm, or a regulator."""
    county: str
    """Its county on the day (R-COUNTY-4)."""
    admitted_from: date | None = None
    """First day of the admission that holds."""


@dataclass(frozen=True)
class InstrumentPage:
    instrument: Instrument
    calibrations: tuple[Calibration, ...]
    calibrated_until: date | None
    test_items: tuple[PricedItem, ...]
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
    questions: tuple[Question, ...]
    """Of its sample form."""


@dataclass(frozen=True)
class StandardPage:
    standard: Standard
    current: Standard
    """Itself, or what is in force instead."""
    successors: tuple[Standard, ...]
    predecessors: tuple[Standard, ...]
    test_items: tuple[TestItemRow, ...]
    """Published items by this standard or by what is in force instead."""


def lab_page(actor: Actor, code: str | int, day: date) -> LabPage:
    """By code or id. Five statements. Raises `NotFound` where the actor may not see the lab."""
    lab, admissions = _with_admissions(code)
    held = next((one for one in admissions if one.holds_on(day)), None)
    county = held.division if held else lab.division
    own = may(actor, "catalogue.see_drafts", firm=lab.firm_id, division=county)
    if not lab.published and not own:
        raise NotFound
    accreditations, scope, marks = _accreditations(lab.id, day, own=own)
    items = _items_of(lab.id, own, day)
    by_id = {item.id: item for item, _fee in items}
    standards = {standard.id: standard for item in by_id.values() for standard in item.standards}
    return LabPage(
        lab,
        accreditations,
        tuple(
            sorted(
                (one for one in accreditations if one.in_force_on(day)),
                key=lambda one: (one.kind, one.id),
            )
        ),
        tuple(
            ScopeRow(one, by_id[item_id], standards[standard_id])
            for one, item_id, standard_id in scope
            if item_id in by_id and standard_id in standards
        ),
        admissions,
        held is not None,
        _instruments_of(lab.id, own, day),
        tuple(TestItemRow(item, fee, marks.get(item.id, ())) for item, fee in items),
        own,
        county,
        held.admitted_from if held else None,
    )


def _with_admissions(code: str | int) -> tuple[Lab, tuple[LabAdmission, ...]]:
    """The lab and its admissions, the latest first. One statement. Raises `NotFound`."""
    rows = db.session.execute(
        select(Lab, LabAdmission)
        .outerjoin(LabAdmission, LabAdmission.lab_id == Lab.id)
        .options(joinedload(Lab.firm))
        .where(Lab.code == code if isinstance(code, str) else Lab.id == code)
        .order_by(LabAdmission.admitted_from.desc())
    ).all()
    if not rows:
        raise NotFound
    return rows[0][0], tuple(admission for _lab, admission in rows if admission is not None)


def _accreditations(
    lab_id: int, day: date, *, own: bool
) -> tuple[tuple[Accreditation, ...], list[tuple[Accreditation, int, int]], dict[int, tuple[str, ...]]]:
    """A lab's accreditations (strangers see what is confirmed), what they cover by ids, and the marks of its test items
    on the day. One statement."""
    rows = db.session.execute(
        select(Accreditation, AccreditationScope.test_item_id, AccreditationScope.standard_id)
        .outerjoin(AccreditationScope, AccreditationScope.accreditation_id == Accreditation.id)
        .where(Accreditation.lab_id == lab_id, true() if own else Accreditation.confirmed)
        .order_by(
            Accreditation.valid_to.desc(),
            Accreditation.kind,
            Accreditation.id,
            AccreditationScope.test_item_id,
            AccreditationScope.standard_id,
        )
    ).all()
    scope = [(one, item_id, standard_id) for one, item_id, standard_id in rows if item_id is not None]
    marks: dict[int, set[str]] = {}
    for one, item_id, _standard_id in scope:
        if one.in_force_on(day):
            marks.setdefault(item_id, set()).add(one.kind)
    accreditations = tuple(dict.fromkeys(one for one, _item_id, _standard_id in rows))
    return accreditations, scope, {item_id: tuple(sorted(kinds)) for item_id, kinds in marks.items()}


def _items_of(lab_id: int, own: bool, day: date) -> list[tuple[TestItem, Fee | None]]:
    """A lab's test items with their standards and the fee of the day. Two statements."""
    statement = _priced(own, day).where(TestItem.lab_id == lab_id)
    statement = statement.order_by(TestItem.category, TestItem.name, TestItem.id)
    return [(item, fee) for item, fee in db.session.execute(statement).unique()]


def _priced(own: bool, day: date) -> Select[Any]:
    statement = (
        select(TestItem, Fee)
        .outerjoin(Fee, and_(Fee.test_item_id == TestItem.id, Fee.in_force_on(day)))
        .options(selectinload(TestItem.standards).joinedload(Standard.superseded_by))
    )
    return statement if own else statement.where(TestItem.published)


def _instruments_of(lab_id: int, own: bool, day: date) -> tuple[InstrumentRow, ...]:
    """A lab's instruments with the number of their test items and their calibration. One statement."""
    count = (
        select(func.count())
        .select_from(TestItemInstrument)
        .join(TestItem, TestItem.id == TestItemInstrument.test_item_id)
        .where(TestItemInstrument.instrument_id == Instrument.id)
        .correlate(Instrument)
    )
    if not own:
        count = count.where(TestItem.published)
    statement = (
        select(Instrument, count.scalar_subquery(), Calibration.valid_from, Calibration.valid_to)
        .outerjoin(Calibration, and_(Calibration.instrument_id == Instrument.id, Calibration.lasts_to(day)))
        .where(Instrument.lab_id == lab_id)
        .order_by(Instrument.name, Instrument.id)
    )
    if not own:
        statement = statement.where(Instrument.published)
    items: dict[Instrument, int] = {}
    spans: dict[Instrument, list[Span]] = {}
    for instrument, n, first, last in db.session.execute(statement):
        items[instrument] = n
        spans.setdefault(instrument, [])
        if first is not None:
            spans[instrument].append(Span(first, last))
    return tuple(InstrumentRow(one, n, valid_until(spans[one], day)) for one, n in items.items())


def instrument_page(actor: Actor, instrument_id: int, day: date) -> InstrumentPage:
    """Four statements. Raises `NotFound` where the actor may not see the instrument."""
    instrument = get_instrument(actor, instrument_id)
    own = draft_or_published(actor, instrument.lab, LifeState.DRAFT)
    calibrations = tuple(
        db.session.scalars(
            select(Calibration)
            .where(Calibration.instrument_id == instrument.id)
            .order_by(Calibration.valid_to.desc(), Calibration.id.desc())
        )
    )
    items = db.session.execute(
        _priced(own, day)
        .join(TestItemInstrument, TestItemInstrument.test_item_id == TestItem.id)
        .where(TestItemInstrument.instrument_id == instrument.id)
        .order_by(TestItem.name, TestItem.id)
    ).unique()
    until = valid_until([Span(one.valid_from, one.valid_to) for one in calibrations], day)
    return InstrumentPage(instrument, calibrations, until, tuple(PricedItem(item, fee) for item, fee in items), own)


def test_item_page(actor: Actor, item_id: int, day: date) -> TestItemPage:
    """Eight statements, nine with a sample form. Raises `NotFound` where the actor may not see the test item."""
    item = get_test_item(actor, item_id)
    own = draft_or_published(actor, item.lab, LifeState.DRAFT)
    rows = tuple(FeeRow(fee, _when(fee, day)) for fee in fees_of(item.id))
    marks = db.session.execute(
        select(Accreditation.kind, Accreditation.number, Standard.number)
        .join(AccreditationScope, AccreditationScope.accreditation_id == Accreditation.id)
        .join(Standard, Standard.id == AccreditationScope.standard_id)
        .where(
            AccreditationScope.test_item_id == item.id,
            Accreditation.in_force_on(day),
        )
        .order_by(Accreditation.kind, Standard.number)
    )
    instruments = [one for one in item.instruments if own or one.published]
    return TestItemPage(
        item,
        next((row.fee for row in rows if row.when == "present"), None),
        rows,
        standard_rows(item.standards, day),
        tuple((kind, number, standard) for kind, number, standard in marks),
        instrument_rows(instruments, day, drafts=own),
        own,
        sample_form(item),
    )


test_item_page.__test__ = False  # type: ignore[attr-defined]


@dataclass(frozen=True)
class StandardOfItem:
    standard: Standard
    marks: tuple[str, ...]
    """Accreditations whose scope covers the item by this standard on the day: CMA, CNAS."""


def standards_of(item_id: int, day: date) -> tuple[StandardOfItem, ...]:
    """The item's standards by number, with the marks they carry. One statement."""
    rows = db.session.execute(
        select(Standard, Accreditation.kind)
        .join(TestItemStandard, TestItemStandard.standard_id == Standard.id)
        .outerjoin(
            AccreditationScope,
            and_(
                AccreditationScope.test_item_id == TestItemStandard.test_item_id,
                AccreditationScope.standard_id == Standard.id,
            ),
        )
        .outerjoin(
            Accreditation,
            and_(
                Accreditation.id == AccreditationScope.accreditation_id,
                Accreditation.in_force_on(day),
            ),
        )
        .options(joinedload(Standard.superseded_by))
        .where(TestItemStandard.test_item_id == item_id)
        .order_by(Standard.number, Accreditation.kind)
    )
    marks: dict[Standard, dict[str, None]] = {}
    for standard, kind in rows:
        marks.setdefault(standard, {})
        if kind:
            marks[standard][kind] = None
    return tuple(StandardOfItem(standard, tuple(kinds)) for standard, kinds in marks.items())


def _when(fee: Fee, day: date) -> str:
    if fee.ahead_on(day):
        return "ahead"
    return "present" if fee.lasts_to(day) else "past"


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
        db.session.scalars(select(Standard).where(Standard.superseded_by_id == standard.id).order_by(Standard.number))
    )
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
