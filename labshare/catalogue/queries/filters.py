"""What a reader may narrow a list by, as SQL that both engines know."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased
from sqlalchemy.types import Text

from labshare.catalogue.models import (
    Accreditation,
    Fee,
    Instrument,
    Lab,
    SearchEntry,
    Standard,
    TestItem,
    TestItemInstrument,
    TestItemStandard,
)
from labshare.catalogue.rules import standards as numbers
from labshare.catalogue.rules import text as spelling
from labshare.kernel.database import db

Row = TypeVar("Row")
PER_PAGE = 12
ORDERS = ("relevance", "name", "fee", "newest")


@dataclass(frozen=True)
class Filters:
    """Empty means: not narrowed. `lab` is a code, `town` a nine-digit code, `class_code` a prefix, money is fen."""

    q: str = ""
    town: str | None = None
    category: str | None = None
    class_code: str | None = None
    accreditation: str | None = None
    standard: str | None = None
    max_fee_fen: int | None = None
    lab: str | None = None
    lab_id: int | None = None


NOT_NARROWED = Filters()


@dataclass(frozen=True)
class Page(Generic[Row]):
    """A piece of a list: `total` counts all of it."""

    items: tuple[Row, ...]
    total: int
    limit: int
    offset: int

    @property
    def size(self) -> int:
        return self.limit

    @property
    def number(self) -> int:
        """Of this page, from 1."""
        return self.offset // self.limit + 1

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.limit))

    @property
    def first(self) -> int:
        return self.offset + 1 if self.items else 0

    @property
    def last(self) -> int:
        return self.offset + len(self.items)


@dataclass(frozen=True)
class StandardMatch:
    """What a typed number means: `found` in the list, and `current` which has replaced them by the day asked about.

    `replaced` is the one to tell of: an old standard found, where something else is in force now.
    """

    asked: str
    found: tuple[Standard, ...] = ()
    current: tuple[Standard, ...] = ()
    ids: frozenset[int] = field(default_factory=frozenset)

    @property
    def replaced(self) -> Standard | None:
        """The old standard that was asked for, where only a newer one is in force."""
        in_force = {standard.id for standard in self.current}
        return next(
            (standard for standard in self.found if standard.id not in in_force and self._names_it(standard)), None
        )

    def _names_it(self, standard: Standard) -> bool:
        return standard.search_number == numbers.normalise(self.asked) or len(self.found) == 1


def match_standard(asked: str, day: date) -> StandardMatch:
    """The listed standards a typed number means, and what is in force instead of them on `day`. One statement."""
    typed = numbers.normalise(asked)
    if not typed:
        return StandardMatch(asked)
    everything = _with_successors(typed)
    found = tuple(
        sorted(
            (one for one in everything.values() if numbers.same_standard(one.search_number, typed)),
            key=lambda standard: standard.number,
        )
    )
    if not found:
        return StandardMatch(asked)
    successors = {
        standard.search_number: (everything[standard.superseded_by_id].search_number, standard.superseded_from or day)
        for standard in everything.values()
        if standard.superseded_by_id in everything
    }
    by_number = {standard.search_number: standard for standard in everything.values()}
    current = dict.fromkeys(by_number[numbers.current(one.search_number, successors, day)] for one in found)
    ids = {one.id for one in found} | {one.id for one in current}
    return StandardMatch(asked, found, tuple(current), frozenset(ids))


def _with_successors(typed: str) -> dict[int | None, Standard]:
    """The standards whose number begins as typed and whatever has replaced them, in one statement."""
    begins = select(Standard.id).where(Standard.search_number.startswith(typed, autoescape=True))
    chain = (
        select(Standard.id, Standard.superseded_by_id)
        .where(Standard.id.in_(begins.order_by(Standard.number).limit(50)))
        .cte("chain", recursive=True)
    )
    later = aliased(Standard)
    chain = chain.union(select(later.id, later.superseded_by_id).join(chain, later.id == chain.c.superseded_by_id))
    rows = db.session.scalars(select(Standard).where(Standard.id.in_(select(chain.c.id)))).all()
    return {standard.id: standard for standard in rows}


# ── Words ────────────────────────────────────────────────────────────────


def contains_all(words: Sequence[str]) -> ColumnElement[bool]:
    """Search entries in which every word occurs: found by their pairs of characters, and, where a word has several,
    checked by the text itself (pairs may meet at the border of two fields)."""
    return and_(true(), _by_index(words), *(_occurs(word) for word in words if len(word) > 2))


def _occurs(word: str) -> ColumnElement[bool]:
    find = func.instr if db.engine.dialect.name == "sqlite" else func.strpos
    found: ColumnElement[bool] = find(SearchEntry.text, word) > 0
    return found


def _by_index(words: Sequence[str]) -> ColumnElement[bool]:
    if not words:
        return true()
    if db.engine.dialect.name == "sqlite":
        phrases = " AND ".join(f'"{" ".join(spelling.pairs(word))}"' for word in words)
        return _matches(phrases)
    pairs = sorted({pair for word in words for pair in spelling.pairs(word)})
    found: ColumnElement[bool] = _grams_column().contains(_array(pairs))
    return found


def contains_any(parts: Sequence[str]) -> ColumnElement[bool]:
    """Search entries in which any of these pairs or single characters occurs."""
    if db.engine.dialect.name == "sqlite":
        return _matches(" OR ".join(f'"{part}"' for part in parts))
    found: ColumnElement[bool] = _grams_column().overlap(_array(parts))
    return found


def _matches(phrases: str) -> ColumnElement[bool]:
    match = text("search_fts MATCH :phrases").bindparams(bindparam("phrases", phrases, unique=True))
    return SearchEntry.id.in_(select(literal_column("rowid")).select_from(text("search_fts")).where(match))


def _grams_column() -> Any:
    return func.search_grams(SearchEntry.grams, type_=ARRAY(Text))


def _array(values: Sequence[str]) -> Any:
    return cast(list(values), ARRAY(Text))


def found_in_text(kind: str, target: Any, words: Sequence[str]) -> ColumnElement[bool]:
    """A condition on `target` (the id column of lab, instrument or test item)."""
    # OFFSET 0: the entries are found once, by their index, and never asked for row by row.
    entries = select(SearchEntry.target_id).where(SearchEntry.kind == kind, contains_all(words)).offset(0)
    found: ColumnElement[bool] = target.in_(entries)
    return found


# ── Conditions ───────────────────────────────────────────────────────────


def fee_in_force(day: date | BindParameter[date]) -> ColumnElement[bool]:
    return and_(Fee.valid_from <= day, or_(Fee.valid_to.is_(None), Fee.valid_to >= day))


def published_instrument() -> ColumnElement[bool]:
    return and_(Instrument.state == "published", Lab.state == "published")


def published_item() -> ColumnElement[bool]:
    return and_(TestItem.state == "published", Lab.state == "published")


def _of_lab(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.town:
        conditions.append(Lab.town == filters.town)
    if filters.lab:
        conditions.append(Lab.code == filters.lab)
    if filters.lab_id is not None:
        conditions.append(Lab.id == filters.lab_id)
    return conditions


def accredited(kind: str, day: date, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        Accreditation.lab_id == Lab.id,
        Accreditation.kind == kind,
        Accreditation.valid_from <= day,
        Accreditation.valid_to >= day,
        *more,
    )


def lab_conditions(filters: Filters, day: date) -> list[ColumnElement[bool]]:
    conditions = [Lab.state == "published", *_of_lab(filters)]
    if filters.accreditation:
        conditions.append(accredited(filters.accreditation, day))
    if words := spelling.terms(filters.q):
        conditions.append(found_in_text("lab", Lab.id, words))
    return conditions


def instrument_conditions(filters: Filters, day: date) -> list[ColumnElement[bool]]:
    conditions = [published_instrument(), *_of_lab(filters)]
    if filters.class_code:
        conditions.append(Instrument.class_code.startswith(filters.class_code, autoescape=True))
    if filters.accreditation:
        conditions.append(accredited(filters.accreditation, day))
    if words := spelling.terms(filters.q):
        conditions.append(found_in_text("instrument", Instrument.id, words))
    return conditions


def item_conditions(filters: Filters, day: date, match: StandardMatch | None = None) -> list[ColumnElement[bool]]:
    """For a select that joins `TestItem` and `Lab`. `match` is `match_standard(filters.standard, day)`."""
    conditions = [published_item(), *_of_lab(filters)]
    if filters.category:
        conditions.append(TestItem.category == filters.category)
    if filters.class_code:
        conditions.append(
            TestItem.id.in_(
                select(TestItemInstrument.test_item_id)
                .join(Instrument, Instrument.id == TestItemInstrument.instrument_id)
                .where(
                    Instrument.class_code.startswith(filters.class_code, autoescape=True),
                    Instrument.state == "published",
                )
            )
        )
    if filters.accreditation:
        conditions.append(accredited(filters.accreditation, day))
    if filters.standard:
        match = match or match_standard(filters.standard, day)
        conditions.append(
            TestItem.id.in_(
                select(TestItemStandard.test_item_id).where(TestItemStandard.standard_id.in_(sorted(match.ids)))
            )
        )
    if filters.max_fee_fen is not None:
        conditions.append(
            exists().where(Fee.test_item_id == TestItem.id, fee_in_force(day), Fee.amount_fen <= filters.max_fee_fen)
        )
    if words := spelling.terms(filters.q):
        conditions.append(found_in_text("test_item", TestItem.id, words))
    return conditions


def select_test_items(filters: Filters, day: date) -> Select[int]:
    """The ids of the published test items that fit, as a select to build on (offers over all labs)."""
    return select(TestItem.id).join(Lab, Lab.id == TestItem.lab_id).where(*item_conditions(filters, day))
