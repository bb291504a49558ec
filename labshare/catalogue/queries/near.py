"""What comes nearest where nothing was found: never noise, each test once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import joinedload

from labshare.catalogue.models import Lab, SearchEntry, TestItem
from labshare.catalogue.queries import filters as narrowing
from labshare.catalogue.queries.index import position, with_any
from labshare.catalogue.queries.lists import TestItemRow, item_rows, parts_of_items
from labshare.catalogue.queries.matching import PART, hits, sought
from labshare.catalogue.queries.words import meaning
from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.likeness import ENOUGH, likeness
from labshare.catalogue.rules.meaning import WEIGHTS, Meaning
from labshare.catalogue.terms import ConceptKind, SearchKind
from labshare.kernel.database import db

MOST_NAMES = 300
"""Names looked at more closely: those that share most."""


@dataclass(frozen=True)
class Near:
    """A test that is near to what was asked, at one lab of those that do it, and why it is shown."""

    row: TestItemRow
    worry: str = ""
    """The symptom typed, of which this is usually tested."""
    about: str = ""
    """The material typed, of which this is tested too. Neither: its name is alike."""

    @property
    def item(self) -> TestItem:
        return self.row.item

    @property
    def lab(self) -> Lab:
        return self.row.lab

    @property
    def test(self) -> str:
        """Its name without the sample type."""
        return spelling.test_of(self.item.name)


def suggested(asked: Meaning, *, day: date, limit: int = 6) -> tuple[Near, ...]:
    """What is usually tested where somebody tells of a worry (生锈): the tests that its concepts name, those for the
    material told of before others, each test once. At most five statements for each of a worry's concepts."""
    about = tuple(need for need in asked.needs if not need.tells)
    found: dict[str, tuple[int, str]] = {}
    for symptom in asked.symptoms:
        for need in symptom.suggests:
            for name, item_id in _by_words(Meaning((need, *about)), limit, named=True).items():
                found.setdefault(name, (item_id, symptom.shown))
    rows = _rows([item_id for item_id, _worry in list(found.values())[:limit]], day)
    worries = dict(found.values())
    return tuple(Near(row, worry=worries[row.item.id]) for row in rows)


def nearest(q: str, *, day: date, limit: int = 6) -> tuple[Near, ...]:
    """Published test items that come nearest to `q`, each test once whatever labs and sample types it has: what the
    other words find where a standard's number is not listed, else names that are like it, none under a threshold, and
    none of another trade. At most ten statements."""
    asked = meaning(q, forgiving=True)
    if asked.only_suggests or any(need.weight == WEIGHTS[ConceptKind.TRADE] for need in asked.needs):
        return ()
    others = tuple(need for need in asked.needs if not need.must)
    found = _by_words(replace(asked, needs=others), limit) if others and others != asked.needs else {}
    if found := found or _alike(q, asked):
        return tuple(map(Near, _rows(list(found.values())[:limit], day)))
    about = tuple(need for need in asked.needs if need.weight == WEIGHTS[ConceptKind.MATERIAL])
    if not about or any(need.tells for need in asked.needs):
        return ()
    rows = _rows(list(_by_words(Meaning(about), limit).values()), day)
    return tuple(Near(row, about=Meaning(about).shown) for row in rows)


def _by_words(asked: Meaning, limit: int, *, named: bool = False) -> dict[str, int]:
    """An item by each test found; `named`, by its name."""
    groups = sought(asked, SearchKind.TEST_ITEM)
    if not groups:
        return {}
    found_by = hits("test_item", groups)
    statement = (
        _names()
        .join(found_by, found_by.c.target_id == TestItem.id)
        .order_by(func.min(found_by.c.relevance), TestItem.name)
    )
    if named:
        statement = statement.where(found_by.c.relevance < PART)
    return dict(list(_one_each(db.session.execute(statement.limit(MOST_NAMES))).items())[:limit])


def _alike(q: str, asked: Meaning) -> dict[str, int]:
    words = [q, *(word.pattern for need in asked.needs for word in need.words if spelling.is_chinese(word.pattern[0]))]
    parts = list(dict.fromkeys(part for need in asked.needs for part in _parts(need.shown)))[:20]
    if not parts:
        return {}
    hits = [case((position(part) > 0, len(part)), else_=0) for part in parts]
    shared: Any = sum(hits[1:], start=hits[0])
    like = (
        select(SearchEntry.target_id, shared.label("shared"))
        .where(SearchEntry.kind == SearchKind.TEST_ITEM, with_any(parts))
        .cte()
        .prefix_with("MATERIALIZED")
    )
    statement = (
        _names().join(like, like.c.target_id == TestItem.id).order_by(func.max(like.c.shared).desc(), TestItem.name)
    )
    found = []
    for name, name_en, item_id in db.session.execute(statement.limit(MOST_NAMES)):
        alike = likeness(words, asked.shown, (name, name_en or ""))
        if alike >= ENOUGH:
            found.append((-alike, name, name_en, item_id))
    return _one_each(one[1:] for one in sorted(found, key=lambda one: (one[0], one[1])))


def _parts(word: str) -> list[str]:
    """What something similar would share with a word: its pairs, and its single Chinese characters."""
    run = spelling.run(word)
    return [*spelling.pairs(run), *filter(spelling.is_chinese, run)] if run else []


def _names() -> Any:
    return (
        select(TestItem.name, TestItem.name_en, func.min(TestItem.id))
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(narrowing.published_item())
        .group_by(TestItem.name, TestItem.name_en)
    )


def _one_each(rows: Iterable[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, _name_en, item_id in rows:
        found.setdefault(spelling.test_of(name), item_id)
    return found


def _rows(ids: Sequence[int], day: date) -> tuple[TestItemRow, ...]:
    if not ids:
        return ()
    statement = (
        select(TestItem)
        .options(joinedload(TestItem.lab).joinedload(Lab.firm), *parts_of_items())
        .where(TestItem.id.in_(ids))
    )
    by_id = {item.id: item for item in db.session.scalars(statement).unique()}
    return item_rows([by_id[one] for one in ids], day)
