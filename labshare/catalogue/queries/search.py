"""The one search box: a question taken apart, and what it finds over test items, instruments and labs."""

from dataclasses import dataclass, replace
from datetime import date

from labshare.catalogue.queries.filters import NOT_NARROWED, PER_PAGE, Filters, Page, StandardMatch, match_standard
from labshare.catalogue.queries.lists import (
    InstrumentRow,
    LabRow,
    TestItemRow,
    list_instruments,
    list_labs,
    list_test_items,
    nearest,
)
from labshare.catalogue.rules.question import Question, read_question
from labshare.catalogue.rules.standards import looks_like_number

SIDE = 4
"""How many instruments and labs stand beside the test items."""


@dataclass(frozen=True)
class Found:
    question: Question
    """How the typed text was understood: standard, quantity, hours, by when, and the rest."""
    filters: Filters
    """What was narrowed by, the question's standard and words included."""
    standard: StandardMatch | None
    """What the standard's number means; `standard.replaced` is an old one that led to `standard.current`."""
    items: Page[TestItemRow]
    instruments: Page[InstrumentRow]
    labs: Page[LabRow]
    near: tuple[TestItemRow, ...] = ()
    """Where no test item was found: those that come nearest."""


def search(
    text: str, *, day: date, filters: Filters = NOT_NARROWED, order: str = "relevance", limit: int = PER_PAGE,
    offset: int = 0,
) -> Found:  # fmt: skip
    """Look for everything a question finds. At most 19 statements, on any number of entries; the number does not
    depend on what is found. `filters` are those set beside the box and win over the question's."""
    question = read_question(text, day)
    standard = filters.standard or question.standard
    match = match_standard(standard, day) if standard else None
    rest = question.rest
    if match is not None and not match.found and not filters.standard:
        rest, standard, match = question.words, None, None  # a number nobody has listed is looked for as words
    if standard is None and looks_like_number(rest):
        rest_match = match_standard(rest, day)
        if rest_match.found:
            standard, match, rest = rest, rest_match, ""
    narrowed = replace(filters, q=filters.q or rest, standard=standard)
    items = list_test_items(narrowed, day=day, order=order, limit=limit, offset=offset, match=match)
    words = narrowed.q or (standard or "")
    beside = Filters(q=words, town=filters.town, accreditation=filters.accreditation, class_code=filters.class_code)
    return Found(
        question,
        narrowed,
        match,
        items,
        list_instruments(beside, day=day, limit=SIDE),
        list_labs(beside, day=day, limit=SIDE),
        nearest(words, day=day) if items.total == 0 else (),
    )
