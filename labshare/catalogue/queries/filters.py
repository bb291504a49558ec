"""What a reader may narrow a list by, as SQL that both engines know."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from labshare.catalogue.models import (
    Accreditation,
    AccreditationScope,
    Fee,
    Instrument,
    Lab,
    Standard,
    TestItem,
    TestItemInstrument,
    TestItemStandard,
)
from labshare.catalogue.queries.matching import Sought, found_in_text, sought
from labshare.catalogue.queries.words import meaning
from labshare.catalogue.rules import standards as numbers
from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.reading import literal
from labshare.catalogue.terms import SearchKind
from labshare.kernel.database import db
from labshare.kernel.money import Fen

Row = TypeVar("Row")
PER_PAGE = 12
ORDERS = ("relevance", "name", "fee", "newest")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty means: not narrowed. `lab` is a code, `town` a nine-digit code, `class_code` a prefix, money is fen."""

    q: str = ""
    town: str | None = None
    category: str | None = None
    class_code: str | None = None
    accreditation: str | None = None
    standard: str | None = None
    max_fee_fen: Fen | None = None
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
    changes: tuple["Change", ...] = ()
    """What those found replace or are replaced by, where the number names them or the day lies ahead."""

    @property
    def meanwhile(self) -> tuple[Standard, ...]:
        """What is in force until those found are: nobody may test by a standard before its day, but by these."""
        found = set(self.found)
        return tuple(dict.fromkeys(one.old for one in self.changes if one.ahead and one.new in found))

    @property
    def replaced(self) -> Standard | None:
        """The old standard that was asked for, where only a newer one is in force."""
        in_force = {standard.id for standard in self.current}
        return next(
            (standard for standard in self.found if standard.id not in in_force and self._names_it(standard)), None
        )

    def _names_it(self, standard: Standard) -> bool:
        return standard.search_number == numbers.normalise(self.asked) or len(self.found) == 1


@dataclass(frozen=True)
class Change:
    """One standard replaces another from a day on; `ahead` where that day is still to come."""

    old: Standard
    new: Standard
    since: date | None
    ahead: bool


def match_standard(asked: str, day: date) -> StandardMatch:
    """The listed standards a typed number means, what is in force instead of them on `day`, and what they replace or
    are replaced by. One statement; two where it is not listed as typed, for GB 228 is said for GB/T 228."""
    typed = numbers.normalise(asked)
    if not typed:
        return StandardMatch(asked)
    everything = _with_successors(typed)
    if not everything and (called := numbers.as_recommended(typed)) != typed:
        typed, everything = called, _with_successors(called)
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
    return StandardMatch(asked, found, tuple(current), frozenset(ids), _changes(typed, found, everything, day))


def _changes(
    typed: str, found: Sequence[Standard], everything: dict[int | None, Standard], day: date
) -> tuple[Change, ...]:
    changes = []
    for old in everything.values():
        new = everything.get(old.superseded_by_id)
        if new is None or not (old in found or new in found):
            continue
        ahead = old.replaced_after(day)
        if ahead or typed == new.search_number:
            changes.append(Change(old, new, old.superseded_from, ahead))
    return tuple(sorted(changes, key=lambda one: one.old.search_number))


def _with_successors(typed: str) -> dict[int | None, Standard]:
    """The standards whose number begins as typed, what they have replaced and whatever has replaced them, in one
    statement."""
    begins = select(Standard.id).where(Standard.search_number.startswith(typed, autoescape=True))
    meant = begins.order_by(Standard.number).limit(50)
    chain = (
        select(Standard.id, Standard.superseded_by_id)
        .where(or_(Standard.id.in_(meant), Standard.superseded_by_id.in_(meant)))
        .cte("chain", recursive=True)
    )
    later = aliased(Standard)
    chain = chain.union(select(later.id, later.superseded_by_id).join(chain, later.id == chain.c.superseded_by_id))
    rows = db.session.scalars(select(Standard).where(Standard.id.in_(select(chain.c.id)))).all()
    return {standard.id: standard for standard in rows}


# ── Conditions ───────────────────────────────────────────────────────────


def published_instrument() -> ColumnElement[bool]:
    return and_(Instrument.published, Lab.published)


def published_item() -> ColumnElement[bool]:
    return and_(TestItem.published, Lab.published)


def of_lab(filters: Filters) -> list[ColumnElement[bool]]:
    """What the lab must be, for a select that joins it."""
    conditions: list[ColumnElement[bool]] = []
    if filters.town:
        conditions.append(Lab.town == filters.town)
    if filters.lab:
        conditions.append(Lab.code == filters.lab)
    if filters.lab_id is not None:
        conditions.append(Lab.id == filters.lab_id)
    return conditions


def accredited(kind: SearchKind, day: date, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        Accreditation.lab_id == Lab.id,
        Accreditation.kind == kind,
        Accreditation.in_force_on(day),
        *more,
    )


def lab_conditions(filters: Filters, day: date) -> list[ColumnElement[bool]]:
    """Labs are found by their own words: name, firm, place."""
    conditions = [Lab.published, *of_lab(filters)]
    if filters.accreditation:
        conditions.append(accredited(filters.accreditation, day))
    if needs := literal(filters.q):
        conditions.append(found_in_text(SearchKind.LAB, Lab.id, (tuple(needs),)))
    return conditions


@dataclass(frozen=True)
class Words:
    """What the words of a list mean, and which of them the catalogue has together."""

    sought: Sought = ((),)
    mark: str | None = None

    @property
    def any(self) -> bool:
        return self.sought != ((),)


def words_of(filters: Filters, kind: SearchKind, *, forgiving: bool = True) -> Words:
    """At most four statements; none without words. `forgiving`: what is not found as typed is looked for without one
    mistyped letter or character."""
    if not spelling.terms(filters.q):
        return Words()
    asked = meaning(filters.q)
    found = sought(asked, kind)
    if forgiving and found != (asked.needs,):
        mended = meaning(filters.q, forgiving=True)
        found = (mended.mended and sought(mended, kind)) or found
    return Words(found, asked.mark)


def instrument_conditions(filters: Filters, day: date, words: Words) -> list[ColumnElement[bool]]:
    conditions = [published_instrument(), *of_lab(filters)]
    if filters.class_code:
        conditions.append(Instrument.class_code.startswith(filters.class_code, autoescape=True))
    if filters.accreditation:
        conditions.append(accredited(filters.accreditation, day))
    if words.mark:
        conditions.append(accredited(words.mark, day))
    if words.any:
        conditions.append(found_in_text(SearchKind.INSTRUMENT, Instrument.id, words.sought))
    return conditions


def item_conditions(
    filters: Filters, day: date, words: Words, match: StandardMatch | None = None
) -> list[ColumnElement[bool]]:
    """For a select that joins `TestItem` and `Lab`. `words` is `words_of(filters, SearchKind.TEST_ITEM)`, `match`
    `match_standard(filters.standard, day)`."""
    conditions = [published_item(), *of_lab(filters)]
    if filters.category:
        conditions.append(TestItem.category == filters.category)
    if filters.class_code:
        conditions.append(
            TestItem.id.in_(
                select(TestItemInstrument.test_item_id)
                .join(Instrument, Instrument.id == TestItemInstrument.instrument_id)
                .where(
                    Instrument.class_code.startswith(filters.class_code, autoescape=True),
                    Instrument.published,
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
            exists().where(Fee.test_item_id == TestItem.id, Fee.in_force_on(day), Fee.amount_fen <= filters.max_fee_fen)
        )
    if words.mark:
        conditions.append(within_scope(words.mark, day))
    if words.any:
        conditions.append(found_in_text(SearchKind.TEST_ITEM, TestItem.id, words.sought))
    return conditions


def within_scope(kind: SearchKind, day: date) -> ColumnElement[bool]:
    """Test items that the scope of a valid accreditation names."""
    return TestItem.id.in_(
        select(AccreditationScope.test_item_id)
        .join(Accreditation, Accreditation.id == AccreditationScope.accreditation_id)
        .where(Accreditation.kind == kind, Accreditation.in_force_on(day))
    )


def select_test_items(filters: Filters, day: date) -> Select[int]:
    """The ids of the published test items that fit, as a select to build on (offers over all labs). At most three
    statements before it, for what standard and words mean."""
    conditions = item_conditions(filters, day, words_of(filters, SearchKind.TEST_ITEM, forgiving=False))
    return select(TestItem.id).join(Lab, Lab.id == TestItem.lab_id).where(*conditions)
