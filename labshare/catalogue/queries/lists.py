"""Lists of labs, instruments, test items and standards: filtered, sorted, paged, in a fixed number of statements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
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
    TestItemInstrument,
    TestItemStandard,
)
from labshare.catalogue.queries import filters as narrowing
from labshare.catalogue.queries import matching
from labshare.catalogue.queries.filters import NOT_NARROWED, Filters, Page, StandardMatch, Words
from labshare.catalogue.queries.matching import Sought
from labshare.catalogue.queries.words import meaning
from labshare.catalogue.rules import standards as numbers
from labshare.catalogue.rules.question import take_standard
from labshare.catalogue.rules.reading import literal
from labshare.catalogue.rules.sample_form import Question
from labshare.catalogue.rules.validity import Span, valid_until
from labshare.catalogue.terms import AccreditationKind, SearchKind
from labshare.kernel.database import db


@dataclass(frozen=True)
class LabRow:
    lab: Lab
    instruments: int
    test_items: int
    accreditations: tuple[str, ...]
    """Kinds valid on the day: CMA, CNAS."""
    admitted: bool


@dataclass(frozen=True)
class InstrumentRow:
    instrument: Instrument
    test_items: int
    calibrated_until: date | None
    """End of the unbroken calibration that the day belongs to; None where there is none (or none is needed)."""


@dataclass(frozen=True)
class TestItemRow:
    __test__ = False

    item: TestItem
    fee: Fee | None
    """The fee in force on the day."""
    marks: tuple[str, ...]
    """Accreditations whose scope covers this item on the day: CMA, CNAS."""
    questions: tuple[Question, ...] = ()
    """Of its sample form, where it was asked for."""

    @property
    def lab(self) -> Lab:
        return self.item.lab


@dataclass(frozen=True)
class PricedItem:
    item: TestItem
    fee: Fee | None
    """The fee in force on the day."""


@dataclass(frozen=True)
class StandardRow:
    standard: Standard
    successor: Standard | None
    """What replaces it, now or from `standard.superseded_from` on."""
    superseded: bool
    """On the day."""
    test_items: int


# ── Sorting and paging ───────────────────────────────────────────────────


def _page(
    of: Any, conditions: Sequence[Any], kind: str, sort: "Sort", limit: int, offset: int
) -> tuple[list[int], int]:
    """The ids of a piece of the list in its order, and how many there are in all: narrow rows, so that sorting many of
    them is cheap. Two statements. `of` is the class that is listed; the others are joined to `Lab`."""
    total = db.session.scalar(_with_lab(select(func.count()).select_from(of), of).where(*conditions)) or 0
    if total <= offset:
        return [], total
    statement = _with_lab(select(of.id), of).where(*conditions)
    statement = statement.outerjoin(SearchEntry, and_(SearchEntry.kind == kind, SearchEntry.target_id == of.id))
    for target, on in sort.joins:
        statement = statement.outerjoin(target, on)
    return list(db.session.scalars(statement.order_by(*sort.keys, of.id).limit(limit).offset(offset))), total


def _with_lab(statement: Any, of: Any) -> Any:
    return statement if of is Lab else statement.join(Lab, Lab.id == of.lab_id)


@dataclass(frozen=True)
class Sort:
    keys: tuple[Any, ...]
    joins: tuple[tuple[Any, Any], ...] = ()


def _sort(order: str, groups: Sought, newest: Any, fee: tuple[Any, Any] | None = None) -> Sort:
    """By name in pinyin unless otherwise asked; by relevance, what fits best comes first."""
    if order == "fee" and fee is not None:
        target, on = fee
        return Sort((target.amount_fen.is_(None), target.amount_fen, SearchEntry.sort_key), ((target, on),))
    if order == "newest":
        return Sort((newest.desc(),))
    if order == "relevance" and any(groups):
        return Sort((matching.relevance_of(groups), SearchEntry.sort_key))
    return Sort((SearchEntry.sort_key,))


def _in_order(ids: Sequence[int], rows: Iterable[Any]) -> list[Any]:
    by_id = {row.id: row for row in rows}
    return [by_id[one] for one in ids]


# ── Labs ─────────────────────────────────────────────────────────────────


def list_labs(
    filters: Filters = NOT_NARROWED,
    *,
    day: date,
    order: str = "relevance",
    limit: int = narrowing.PER_PAGE,
    offset: int = 0,
) -> Page[LabRow]:
    """Published labs; filters `q, town, accreditation`. Five statements."""
    sort = _sort(order, (tuple(literal(filters.q)),), Lab.published_at)
    ids, total = _page(Lab, narrowing.lab_conditions(filters, day), SearchKind.LAB, sort, limit, offset)
    rows = db.session.scalars(select(Lab).options(joinedload(Lab.firm)).where(Lab.id.in_(ids)))
    return Page(lab_rows(_in_order(ids, rows), day), total, limit, offset)


def lab_rows(labs: Sequence[Lab], day: date) -> tuple[LabRow, ...]:
    """Two statements."""
    ids = [lab.id for lab in labs]
    counts = {
        row.id: row
        for row in db.session.execute(
            select(
                Lab.id,
                select(func.count())
                .where(Instrument.lab_id == Lab.id, Instrument.published)
                .correlate(Lab)
                .scalar_subquery()
                .label("instruments"),
                select(func.count())
                .where(TestItem.lab_id == Lab.id, TestItem.published)
                .correlate(Lab)
                .scalar_subquery()
                .label("test_items"),
                select(func.count())
                .where(LabAdmission.lab_id == Lab.id, LabAdmission.holds_on(day))
                .correlate(Lab)
                .scalar_subquery()
                .label("admitted"),
            ).where(Lab.id.in_(ids))
        )
    }
    kinds: dict[int, set[str]] = {}
    for lab_id, kind in db.session.execute(
        select(Accreditation.lab_id, Accreditation.kind).where(
            Accreditation.lab_id.in_(ids), Accreditation.in_force_on(day)
        )
    ):
        kinds.setdefault(lab_id, set()).add(kind)
    return tuple(
        LabRow(
            lab,
            counts[lab.id].instruments,
            counts[lab.id].test_items,
            tuple(sorted(kinds.get(lab.id, ()))),
            counts[lab.id].admitted > 0,
        )
        for lab in labs
    )


# ── Instruments ──────────────────────────────────────────────────────────


def list_instruments(
    filters: Filters = NOT_NARROWED,
    *,
    day: date,
    order: str = "relevance",
    limit: int = narrowing.PER_PAGE,
    offset: int = 0,
) -> Page[InstrumentRow]:
    """Published instruments of published labs; filters `q, class_code, lab, town, accreditation`. At most seven
    statements."""
    words = narrowing.words_of(filters, SearchKind.INSTRUMENT)
    sort = _sort(order, words.sought, Instrument.created_at)
    conditions = narrowing.instrument_conditions(filters, day, words)
    ids, total = _page(Instrument, conditions, SearchKind.INSTRUMENT, sort, limit, offset)
    rows = db.session.scalars(
        select(Instrument).options(joinedload(Instrument.lab).joinedload(Lab.firm)).where(Instrument.id.in_(ids))
    )
    return Page(instrument_rows(_in_order(ids, rows), day), total, limit, offset)


def instrument_rows(instruments: Sequence[Instrument], day: date, *, drafts: bool = False) -> tuple[InstrumentRow, ...]:
    """Two statements. `drafts` counts test items in every state."""
    ids = [instrument.id for instrument in instruments]
    count = (
        select(TestItemInstrument.instrument_id, func.count())
        .join(TestItem, TestItem.id == looked_up(TestItemInstrument.test_item_id))
        .where(TestItemInstrument.instrument_id.in_(ids))
        .group_by(TestItemInstrument.instrument_id)
    )
    if not drafts:
        count = count.where(TestItem.published)
    items: dict[int, int] = dict(db.session.execute(count).all())
    until = calibrated_until(ids, day)
    return tuple(
        InstrumentRow(instrument, items.get(instrument.id, 0), until.get(instrument.id)) for instrument in instruments
    )


def looked_up(item_id: Any) -> ColumnElement[int]:
    """By it a few rows find their items, so that SQLite begins with these rows, and not with every item there is."""
    found: ColumnElement[int] = item_id + 0
    return found


def calibrated_until(ids: Iterable[int], day: date) -> dict[int, date]:
    """The end of the unbroken calibration of each instrument that is calibrated on `day`. One statement."""
    spans: dict[int, list[Span]] = {}
    for instrument_id, first, last in db.session.execute(
        select(Calibration.instrument_id, Calibration.valid_from, Calibration.valid_to).where(
            Calibration.instrument_id.in_(list(ids)), Calibration.lasts_to(day)
        )
    ):
        spans.setdefault(instrument_id, []).append(Span(first, last))
    return {one: end for one, found in spans.items() if (end := valid_until(found, day)) is not None}


# ── Test items ───────────────────────────────────────────────────────────


def list_test_items(
    filters: Filters = NOT_NARROWED,
    *,
    day: date,
    order: str = "relevance",
    limit: int = narrowing.PER_PAGE,
    offset: int = 0,
    match: StandardMatch | None = None,
) -> Page[TestItemRow]:
    """Published test items; all filters. At most ten statements.

    `match` is `match_standard(filters.standard, day)` where the caller has it already.
    """
    words = narrowing.words_of(filters, SearchKind.TEST_ITEM)
    sort = _sort(
        order,
        words.sought,
        TestItem.published_at,
        (Fee, and_(Fee.test_item_id == TestItem.id, Fee.in_force_on(day))),
    )
    conditions = narrowing.item_conditions(filters, day, words, match)
    ids, total = _page(TestItem, conditions, SearchKind.TEST_ITEM, sort, limit, offset)
    rows = db.session.execute(
        select(TestItem, Fee)
        .outerjoin(Fee, and_(Fee.test_item_id == TestItem.id, Fee.in_force_on(day)))
        .options(joinedload(TestItem.lab).joinedload(Lab.firm), *parts_of_items())
        .where(TestItem.id.in_(ids))
    ).unique()
    fees = dict(rows.all())
    items = _in_order(ids, fees)
    marks = marks_of(ids, day)
    return Page(tuple(TestItemRow(item, fees[item], marks.get(item.id, ())) for item in items), total, limit, offset)


def parts_of_items() -> tuple[Any, ...]:
    """Loads standards and instruments with test items, two statements for all."""
    return (
        selectinload(TestItem.standards).joinedload(Standard.superseded_by),
        selectinload(TestItem.instruments),
    )


def item_rows(items: Sequence[TestItem], day: date) -> tuple[TestItemRow, ...]:
    """Two statements."""
    ids = [item.id for item in items]
    fees = {
        fee.test_item_id: fee
        for fee in db.session.scalars(select(Fee).where(Fee.test_item_id.in_(ids), Fee.in_force_on(day)))
    }
    marks = marks_of(ids, day)
    return tuple(TestItemRow(item, fees.get(item.id), marks.get(item.id, ())) for item in items)


def marks_of(ids: Sequence[int], day: date) -> dict[int, tuple[str, ...]]:
    """CMA, CNAS by test item, where the scope of a valid accreditation names it. One statement."""
    found: dict[int, set[str]] = {}
    for item_id, kind in db.session.execute(
        select(AccreditationScope.test_item_id, Accreditation.kind)
        .join(Accreditation, Accreditation.id == AccreditationScope.accreditation_id)
        .where(
            AccreditationScope.test_item_id.in_(ids),
            Accreditation.in_force_on(day),
        )
        .distinct()
    ):
        found.setdefault(item_id, set()).add(kind)
    return {item_id: tuple(sorted(kinds)) for item_id, kinds in found.items()}


# ── Standards ────────────────────────────────────────────────────────────


def list_standards(q: str = "", *, day: date, limit: int = narrowing.PER_PAGE, offset: int = 0) -> Page[StandardRow]:
    """All standards by number; `q` is read as the search reads it (R-CATALOGUE-6). Seven statements."""
    statement = select(Standard).options(joinedload(Standard.superseded_by))
    if q.strip():
        statement = statement.where(_asked_for(q, day))
    total = db.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = db.session.scalars(statement.order_by(Standard.search_number, Standard.id).limit(limit).offset(offset))
    return Page(standard_rows(list(rows), day), total, limit, offset)


def _asked_for(q: str, day: date) -> ColumnElement[bool]:
    """What is typed stands in number or names; or the number in it means the standard, and all other words, by
    whatever says the same in the words of the field, stand in its names. Three statements."""
    as_typed = or_(Standard.search_number.contains(numbers.normalise(q), autoescape=True), _named(q.strip()))
    number, rest = take_standard(q)
    needs = meaning(rest, forgiving=True).needs
    meant = [or_(*(_named(word.shown) for word in need.words)) for need in needs]
    if number:
        meant.append(Standard.id.in_(narrowing.match_standard(number, day).ids))
    return or_(as_typed, and_(*meant)) if meant else as_typed


def _named(word: str) -> ColumnElement[bool]:
    return or_(
        func.lower(Standard.name).contains(word.lower(), autoescape=True),
        func.lower(Standard.name_en).contains(word.lower(), autoescape=True),
    )


def standard_rows(standards: Sequence[Standard], day: date) -> tuple[StandardRow, ...]:
    """One statement."""
    counting = (
        select(TestItemStandard.standard_id, func.count())
        .join(TestItem, TestItem.id == looked_up(TestItemStandard.test_item_id))
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(TestItemStandard.standard_id.in_([one.id for one in standards]), narrowing.published_item())
        .group_by(TestItemStandard.standard_id)
    )
    counts: dict[int, int] = dict(db.session.execute(counting).all())
    return tuple(
        StandardRow(
            one,
            one.superseded_by,
            one.replaced_on(day),
            counts.get(one.id, 0),
        )
        for one in standards
    )


# ── Counts beside filters ────────────────────────────────────────────────


def labs_by_town() -> dict[str, int]:
    """Published labs by the code of their town. One statement."""
    counting = select(Lab.town, func.count()).where(Lab.published).group_by(Lab.town)
    return {town or "": number for town, number in db.session.execute(counting)}


def _counted(
    column: Any, filters: Filters, day: date, words: Words, match: StandardMatch | None = None
) -> dict[str, int]:
    counting = (
        select(column, func.count())
        .select_from(TestItem)
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(*narrowing.item_conditions(filters, day, words, match), column.is_not(None))
        .group_by(column)
    )
    return dict(db.session.execute(counting).all())


def facets(filters: Filters, day: date, match: StandardMatch | None = None) -> dict[str, dict[str, int]]:
    """How many test items there would be for each town, category and accreditation, the other filters kept.

    Three statements, two more where a standard is given without `match`, two for words.
    """
    words = narrowing.words_of(filters, SearchKind.TEST_ITEM)
    if filters.standard and match is None:
        match = narrowing.match_standard(filters.standard, day)
    bare = replace(filters, accreditation=None)
    accreditation = db.session.execute(
        select(
            *(
                func.coalesce(func.sum(case((narrowing.accredited(kind, day), 1), else_=0)), 0).label(kind)
                for kind in AccreditationKind
            )
        )
        .select_from(TestItem)
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(*narrowing.item_conditions(bare, day, words, match))
    ).one()
    return {
        "town": _counted(Lab.town, replace(filters, town=None), day, words, match),
        "category": _counted(TestItem.category, replace(filters, category=None), day, words, match),
        "accreditation": {kind: int(n) for kind, n in accreditation._mapping.items()},
    }
