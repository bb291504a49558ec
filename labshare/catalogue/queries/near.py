"""What comes nearest where nothing was found: never noise, each test once."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import joinedload

from labshare.catalogue.models import Lab, SearchEntry, TestItem
from labshare.catalogue.queries import filters as narrowing
from labshare.catalogue.queries.lists import TestItemRow, item_rows, parts_of_items
from labshare.catalogue.queries.matching import contains_any, hits, position, sought
from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.likeness import ENOUGH, likeness, test_of
from labshare.catalogue.rules.meaning import Meaning
from labshare.catalogue.synonyms import meaning
from labshare.catalogue.terms import SearchKind
from labshare.kernel.database import db

MOST_NAMES = 300
"""Names looked at more closely: those that share most."""


def nearest(q: str, *, day: date, limit: int = 6) -> tuple[TestItemRow, ...]:
    """Published test items that come nearest to `q`, each test once whatever labs and sample types it has: what the
    other words find where a standard's number is not listed, else names that are like it, none under a threshold. At
    most nine statements."""
    asked = meaning(q)
    others = tuple(need for need in asked.needs if not need.must)
    ids = _by_words(replace(asked, needs=others), limit) if others and others != asked.needs else []
    return _rows((ids or _alike(q, asked))[:limit], day)


def _by_words(asked: Meaning, limit: int) -> list[int]:
    groups = sought(asked, SearchKind.TEST_ITEM)
    if not groups:
        return []
    found_by = hits("test_item", groups)
    statement = (
        _names()
        .join(found_by, found_by.c.target_id == TestItem.id)
        .order_by(func.min(found_by.c.relevance), TestItem.name)
    )
    return list(_one_each([tuple(row) for row in db.session.execute(statement.limit(MOST_NAMES))]).values())[:limit]


def _alike(q: str, asked: Meaning) -> list[int]:
    words = [q, *(word.pattern for need in asked.needs for word in need.words if spelling.is_chinese(word.pattern[0]))]
    parts = list(dict.fromkeys(part for need in asked.needs for part in _parts(need.shown)))[:20]
    if not parts:
        return []
    hits = [case((position(part) > 0, len(part)), else_=0) for part in parts]
    shared: Any = sum(hits[1:], start=hits[0])
    like = (
        select(SearchEntry.target_id, shared.label("shared"))
        .where(SearchEntry.kind == SearchKind.TEST_ITEM, contains_any(parts))
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
    return list(_one_each([one[1:] for one in sorted(found, key=lambda one: (one[0], one[1]))]).values())


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


def _one_each(rows: list[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, _name_en, item_id in rows:
        found.setdefault(test_of(name), item_id)
    return found


def _rows(ids: list[int], day: date) -> tuple[TestItemRow, ...]:
    if not ids:
        return ()
    statement = (
        select(TestItem)
        .options(joinedload(TestItem.lab).joinedload(Lab.firm), *parts_of_items())
        .where(TestItem.id.in_(ids))
    )
    by_id = {item.id: item for item in db.session.scalars(statement).unique()}
    return item_rows([by_id[one] for one in ids], day)
