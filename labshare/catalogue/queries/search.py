"""The one search box: a question taken apart, and the test items that it means, the best first.

Whatever asks in words (this box, `GET /slots`, the lists) means the same by them: `rules.meaning` reads the words,
`queries.matching` finds them. Only the box goes on to what is near where nothing fits.
"""

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import and_, select

from labshare.catalogue.models import Accreditation, AccreditationScope, Lab, TestItem
from labshare.catalogue.queries.filters import Filters, StandardMatch, Words, item_conditions, match_standard
from labshare.catalogue.queries.matching import Sought, hits, sought
from labshare.catalogue.rules.meaning import Meaning
from labshare.catalogue.rules.question import Question
from labshare.catalogue.synonyms import meaning
from labshare.catalogue.terms import SearchKind
from labshare.kernel.database import db

MOST_ITEMS = 2_000
"""The best of so many are weighed by time and price; who has more should say more."""


@dataclass(frozen=True)
class Candidate:
    """A test item that a question means."""

    marks: tuple[str, ...]
    """Accreditations whose scope covers it on the day: CMA, CNAS."""
    relevance: int
    """0 fits best (`matching.EXACT`)."""


@dataclass(frozen=True)
class Found:
    meaning: Meaning
    """Without the words left out."""
    standard: StandardMatch | None
    """What the standard's number means, where somebody has listed it."""
    items: dict[int, Candidate]
    left_out: tuple[str, ...]
    """Words that no test has, or none together with the others."""


def find(question: Question, *, category: str | None, lab: str | None, day: date) -> Found:
    """The test items that a question means, of a category, of one lab. At most five statements.

    By a standard's number: what tests by it or by what is in force instead, narrowed by the other words where any of
    these tests has them all. A number that nobody has listed is a word like others, and one that must occur.
    """
    match = match_standard(question.standard, day) if question.standard else None
    listed = match is not None and bool(match.found)
    asked = meaning(question.rest if listed else question.words)
    filters = Filters(category=category, lab=lab)
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
    kept = tuple(need for need in asked.needs if any(need in group for group in groups))
    left_out = tuple(need.shown for need in asked.needs if need not in kept)
    return Found(replace(asked, needs=kept), None, _items(filters, day, groups, None), left_out)


def _items(filters: Filters, day: date, groups: Sought, match: StandardMatch | None) -> dict[int, Candidate]:
    valid = and_(
        Accreditation.id == AccreditationScope.accreditation_id,
        Accreditation.in_force_on(day),
    )
    found_by = hits("test_item", groups)
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
        select(narrowed.c.id, narrowed.c.relevance, Accreditation.kind)
        .outerjoin(AccreditationScope, AccreditationScope.test_item_id == narrowed.c.id)
        .outerjoin(Accreditation, valid)
        .distinct()
        .order_by(narrowed.c.relevance, narrowed.c.id, Accreditation.kind)
    )
    found: dict[int, Candidate] = {}
    for item_id, relevance, kind in rows:
        known = found.get(item_id)
        marks = (*(known.marks if known else ()), *([kind] if kind else ()))
        found[item_id] = Candidate(marks, relevance)
    return found
