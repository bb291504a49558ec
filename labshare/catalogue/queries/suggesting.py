"""What a question may go on as, while it is typed: the names of tests, by their letters and by what the words mean."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from labshare.catalogue.models import Lab, SearchEntry, TestItem
from labshare.catalogue.queries.matching import in_names
from labshare.catalogue.queries.words import meaning
from labshare.catalogue.rules.text import test_of
from labshare.catalogue.terms import SearchKind
from labshare.kernel.database import db
from labshare.kernel.formatting import language

SHOWN = 8
MOST_ROWS = 400
"""Pairs of name and lab looked at: enough to choose eight names among."""
SHORT = 3
"""Abbreviations of so many letters stand in other words too."""
LONGEST = 40
"""Who has typed more than so many characters is telling, not naming."""


@dataclass(frozen=True)
class Completion:
    """A test's name without the sample type, and how many labs offer it."""

    name: str
    labs: int


def completions(typed: str) -> tuple[Completion, ...]:
    """Names of published tests that have in them what was typed, or the word of the field that it means (HRC, luoshi,
    洛式): those that begin so first, then those that more labs offer. In the reader's language. Two statements."""
    typed = typed.strip()
    if not typed or len(typed) > LONGEST:
        return ()
    words = [word for need in meaning(typed, forgiving=True).needs for word in need.words]
    meant = [word for word in dict.fromkeys(words) if word.phrase or len(word.shown) > SHORT]
    named = select(SearchEntry.target_id).where(SearchEntry.kind == SearchKind.TEST_ITEM, in_names(meant))
    rows = db.session.execute(
        select(TestItem.name, TestItem.name_en, TestItem.lab_id)
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(TestItem.published, Lab.published, or_(_named(typed), *([TestItem.id.in_(named)] if meant else ())))
        .distinct()
        .limit(MOST_ROWS)
    )
    labs: dict[str, set[int]] = {}
    for name, name_en, lab_id in rows:
        labs.setdefault(test_of((language() == "en" and name_en) or name), set()).add(lab_id)

    def order(one: Completion) -> tuple[object, ...]:
        return (not one.name.casefold().startswith(typed.casefold()), -one.labs, one.name)

    return tuple(sorted((Completion(name, len(ids)) for name, ids in labs.items()), key=order)[:SHOWN])


def _named(word: str) -> ColumnElement[bool]:
    """Letters of either language, wherever they stand."""
    return or_(
        TestItem.name.contains(word, autoescape=True),
        func.lower(TestItem.name_en).contains(word.lower(), autoescape=True),
    )
