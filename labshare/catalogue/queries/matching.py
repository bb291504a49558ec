"""What typed words find among the search entries, and how well it fits."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    and_,
    case,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from labshare.catalogue.models import Instrument, Lab, SearchEntry, TestItem
from labshare.catalogue.queries.index import first_mark, indexed, stands
from labshare.catalogue.rules.meaning import Meaning, Need, best_together
from labshare.catalogue.rules.text import NAMES_END, TEST_ENDS, Word
from labshare.catalogue.terms import SearchKind
from labshare.kernel.database import db

Sought = tuple[tuple[Need, ...], ...]
"""What is asked for: every need of a group, in any of the groups. Empty: nothing fits what was typed."""

_TARGETS: dict[str, Any] = {SearchKind.LAB: Lab, SearchKind.INSTRUMENT: Instrument, SearchKind.TEST_ITEM: TestItem}


def sought(meaning: Meaning, kind: SearchKind) -> Sought:
    """All needs where something published meets them together; else those that weigh most of what is there. No
    statement for one need, at most two for several."""
    needs = meaning.needs
    if meaning.only_suggests:
        return ()
    if len(needs) < 2:
        return (needs,)
    target = _TARGETS[kind]
    published = _published(kind)
    entries = _once(select(SearchEntry.target_id).where(SearchEntry.kind == kind, contains(needs)))
    together = select(target.id).join(entries, entries.c.target_id == target.id).where(published).limit(1)
    if db.session.scalar(together) is not None:
        return (needs,)
    met = _once(
        union_all(
            *(
                select(SearchEntry.target_id, literal(1 << place, Integer).label("bit")).where(
                    SearchEntry.kind == kind, contains((need,))
                )
                for place, need in enumerate(needs)
            )
        )
    )
    by_target = (
        select(func.sum(met.c.bit).label("bits"))
        .join(target, target.id == met.c.target_id)
        .where(published)
        .group_by(met.c.target_id)
        .subquery()
    )
    return best_together(needs, [int(bits) for bits in db.session.scalars(select(by_target.c.bits).distinct())])


def _once(statement: Any) -> CTE:
    """Evaluated once, by the index alone: joined to other rows, PostgreSQL would rather ask the dear function for each
    of them where it knows no statistics yet."""
    return statement.cte().prefix_with("MATERIALIZED")  # type: ignore[no-any-return]


def hits(
    kind: SearchKind, groups: Sought, phrases: Sequence[str] = (), *, of: Sequence[ColumnElement[bool]] = ()
) -> CTE:
    """`target_id`, `relevance` and `sort_key` of the entries that meet any of the groups; `of`: those of such labs, so
    that what one lab has is not looked for in what all have."""
    columns = (SearchEntry.target_id, relevance_of(groups, phrases).label("relevance"), SearchEntry.sort_key)
    found = select(*columns).where(SearchEntry.kind == kind, or_(*(contains(needs) for needs in groups)))
    return _once(found.where(SearchEntry.lab_id.in_(select(Lab.id).where(*of))) if of else found)


def _published(kind: SearchKind) -> ColumnElement[bool]:
    target = _TARGETS[kind]
    of_lab = select(Lab.id).where(Lab.published)
    return and_(target.published, true() if kind == SearchKind.LAB else target.lab_id.in_(of_lab))


def found_in_text(kind: SearchKind, target: Any, groups: Sought) -> ColumnElement[bool]:
    """A condition on `target` (the id column of lab, instrument or test item)."""
    if not groups:
        return false()
    if not any(groups):
        return true()
    found: ColumnElement[bool] = target.in_(select(hits(kind, groups).c.target_id))
    return found


def contains(needs: Sequence[Need]) -> ColumnElement[bool]:
    """Search entries that meet every need, all entries where there is none: found by the index, and, where it may find
    too much (pairs that meet at the border of two fields), checked by the text itself."""
    if not needs:
        return true()
    # the condition for the index stands by itself: mixed with the checks, each row would be cut into pairs again
    checked = (need.words for need in needs if any(word.checked for word in need.words))
    return and_(indexed([need.words for need in needs]), *(stands(_patterns(words)) for words in checked))


def _patterns(words: Iterable[Word]) -> list[str]:
    return [word.pattern for word in words]


def in_names(words: Sequence[Word]) -> ColumnElement[bool]:
    """Search entries with any of the words in a name, sample type included."""
    return and_(indexed([words]), stands(_patterns(words), to=_NAMES_END))


# ── Relevance ────────────────────────────────────────────────────────────

_BEGINNING: ColumnElement[int] = literal_column("1")
_NAMES_END, _TEST_END = first_mark(NAMES_END), first_mark(TEST_ENDS, NAMES_END)

WHOLE, EXACT, NAMED, SAME, PART = range(5)
"""A name begins with all that was typed (盐雾试验); with a word of it; a name holds it; a name says the same in other
words; another field has it: a standard's title, an instrument, the sample type."""


def relevance(needs: Sequence[Need], phrases: Sequence[str] = ()) -> ColumnElement[int]:
    """For a select that joins `SearchEntry`: how well what is found fits, the best first. What says which test is meant
    (`Need.tells`) counts in the test's name only, not in its sample type. `phrases` stood together
    as typed, fillers and all."""
    if not needs:
        return literal(WHOLE)

    def named(need: Need, words: Sequence[Word]) -> ColumnElement[bool]:
        return stands(_patterns(words), to=_TEST_END if need.tells else _NAMES_END)

    typed = and_(*(named(need, need.typed) for need in needs))
    begins = stands([word.pattern for need in needs for word in need.typed], to=_BEGINNING)
    heaviest = max(need.weight for need in needs)
    same = and_(*(named(need, (*need.typed, *need.others)) for need in needs if need.weight == heaviest))
    ranks = [(and_(typed, begins), EXACT), (typed, NAMED), (same, SAME)]
    if phrases:
        ranks.insert(0, (and_(typed, stands(phrases, to=_BEGINNING)), WHOLE))
    return case(*ranks, else_=PART)


def relevance_of(groups: Sought, phrases: Sequence[str] = ()) -> ColumnElement[int]:
    """The best of what each group makes of it."""
    every = [relevance(group, phrases) for group in groups]
    if len(every) < 2:
        return every[0] if every else literal(PART)
    return func.min(*every) if db.engine.dialect.name == "sqlite" else func.least(*every)
