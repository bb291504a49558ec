"""The one search box: a question taken apart, and the test items that it means, the best first.

Whatever asks in words (this box, `GET /slots`, the lists) means the same by them: `rules.meaning` reads the words,
`queries.matching` finds them. Only the box goes on to what is near where nothing fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from sqlalchemy import and_, select

from labshare.catalogue.models import Accreditation, AccreditationScope, Lab, TestItem
from labshare.catalogue.queries.filters import (
    Filters,
    StandardMatch,
    Words,
    item_conditions,
    match_standard,
    of_lab,
)
from labshare.catalogue.queries.matching import Sought, hits, sought
from labshare.catalogue.queries.words import vocabulary
from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.meaning import Meaning
from labshare.catalogue.rules.question import Question
from labshare.catalogue.rules.reading import read_meaning
from labshare.catalogue.terms import SearchKind
from labshare.kernel.database import db

MOST_ITEMS = 2_000
"""The best of so many are weighed by time and price; who has more should say more."""


class Mark(NamedTuple):
    """An accreditation whose scope covers a test item, on the days from `first` to `last`."""

    kind: str
    first: date
    last: date


@dataclass(frozen=True)
class Candidate:
    """A test item that a question means."""

    accredited: tuple[Mark, ...]
    """Today or later."""
    relevance: int
    """0 fits best (`matching.WHOLE`)."""

    def marks_on(self, day: date) -> tuple[str, ...]:
        """CMA, CNAS: those whose scope covers it on the day."""
        return tuple(dict.fromkeys(mark.kind for mark in self.accredited if mark.first <= day <= mark.last))


@dataclass(frozen=True)
class Found:
    meaning: Meaning
    """Without the words left out."""
    standard: StandardMatch | None
    """What the standard's number means, where somebody has listed it."""
    items: dict[int, Candidate]
    left_out: tuple[str, ...]
    """Words that no test has, or none together with the others."""

    @property
    def whole(self) -> bool:
        """Whether something was found that has all of it."""
        return bool(self.items) and not self.left_out


def find(question: Question, *, category: str | None, lab: str | None, day: date) -> Found:
    """The test items that a question means, of a category, of one lab. At most nine statements.

    Where nothing has all that was typed, it is read again with what is mistyped put right (`Found.meaning.mended`).
    """
    filters = Filters(category=category, lab=lab)
    words_of_field = vocabulary()
    rest, words = (read_meaning(typed, words_of_field) for typed in (question.rest, question.words))
    found = _find(question, filters, day, rest, words)
    if found.whole:
        return found
    rest, words = (read_meaning(typed, words_of_field, forgiving=True) for typed in (question.rest, question.words))
    if not words.mended:
        return found
    mended = _find(question, filters, day, rest, words)
    return mended if mended.items else found


def _find(question: Question, filters: Filters, day: date, rest: Meaning, words: Meaning) -> Found:
    """By a standard's number: what tests by it or by what is in force instead, narrowed by the other words where any of
    these tests has them all. A number that nobody has listed is a word like others, and one that must occur.
    """
    match = match_standard(question.standard, day) if question.standard else None
    listed = match is not None and bool(match.found)
    asked = rest if listed else words
    if match is not None and listed:
        match = replace(match, ids=match.ids | {one.id for one in match.meanwhile})
        by_number = replace(filters, standard=question.standard)
        items = _items(by_number, day, (asked.needs,), match)
        if items or not asked.needs:
            return Found(asked, match, items, ())
        left_out = tuple(need.shown for need in asked.needs)
        return Found(Meaning(), match, _items(by_number, day, ((),), match), left_out)
    groups = sought(asked, SearchKind.TEST_ITEM)
    if not groups:
        return Found(asked, None, {}, ())
    found = tuple(need for need in asked.needs if any(need in group for group in groups))
    left_out = tuple(need.shown for need in asked.needs if need not in found)
    return Found(
        replace(asked, needs=found), None, _items(filters, day, groups, None, spelling.terms(question.rest)), left_out
    )


def _items(
    filters: Filters, day: date, groups: Sought, match: StandardMatch | None, phrases: Sequence[str] = ()
) -> dict[int, Candidate]:
    valid = and_(
        Accreditation.id == AccreditationScope.accreditation_id,
        Accreditation.confirmed,
        Accreditation.lasts_to(day),
    )
    found_by = hits(SearchKind.TEST_ITEM, groups, phrases, of=of_lab(filters))
    narrowed = (
        select(TestItem.id, found_by.c.relevance)
        .join(found_by, found_by.c.target_id == TestItem.id)
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(*item_conditions(filters, day, Words(), match))
        .order_by(found_by.c.relevance, TestItem.id)
        .limit(MOST_ITEMS)
        .subquery()
    )
    rows = db.session.execute(
        select(
            narrowed.c.id,
            narrowed.c.relevance,
            Accreditation.kind,
            Accreditation.valid_from,
            Accreditation.valid_to,
        )
        .outerjoin(AccreditationScope, AccreditationScope.test_item_id == narrowed.c.id)
        .outerjoin(Accreditation, valid)
        .distinct()
        .order_by(narrowed.c.relevance, narrowed.c.id, Accreditation.kind)
    )
    found: dict[int, Candidate] = {}
    for item_id, relevance, kind, first, last in rows:
        known = found.get(item_id)
        marks = (*(known.accredited if known else ()), *((Mark(kind, first, last),) if kind else ()))
        found[item_id] = Candidate(marks, relevance)
    return found
