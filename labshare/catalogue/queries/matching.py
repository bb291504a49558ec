"""What typed words find in the index: as SQL that both engines answer by their index of pairs and whole words."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from labshare.catalogue.models import Instrument, Lab, SearchEntry, TestItem
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


def hits(kind: SearchKind, groups: Sought, phrases: Sequence[str] = ()) -> CTE:
    """`target_id`, `relevance` and `sort_key` of the entries that meet any of the groups."""
    columns = (SearchEntry.target_id, relevance_of(groups, phrases).label("relevance"), SearchEntry.sort_key)
    return _once(select(*columns).where(SearchEntry.kind == kind, or_(*(contains(needs) for needs in groups))))


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
    checked = [
        or_(*(_occurs(word) for word in need.words)) for need in needs if any(word.checked for word in need.words)
    ]
    if db.engine.dialect.name == "sqlite":
        phrases = " AND ".join(f"({' OR '.join(_phrase(word) for word in need.words)})" for need in needs)
        return and_(_matches(phrases), *checked)
    # the conditions for the index stand by themselves: mixed with the checks, each row would be cut into pairs again
    return and_(*(or_(*(_by_array(word) for word in need.words)) for need in needs), *checked)


def contains_any(parts: Sequence[str]) -> ColumnElement[bool]:
    """Search entries in which any of these pairs or single characters occurs."""
    if db.engine.dialect.name == "sqlite":
        return _matches(" OR ".join(f'"{part}"' for part in parts))
    found: ColumnElement[bool] = _grams_column().overlap(_array(parts))
    return found


def _phrase(word: Word) -> str:
    if word.phrase:
        return f'"{" ".join(word.grams)}"'
    return "(" + " AND ".join(f'"{gram}"' for gram in word.grams) + ")"


def _matches(phrases: str) -> ColumnElement[bool]:
    match = text("search_fts MATCH :phrases").bindparams(bindparam("phrases", phrases, unique=True))
    return SearchEntry.id.in_(select(literal_column("rowid")).select_from(text("search_fts")).where(match))


def _by_array(word: Word) -> ColumnElement[bool]:
    holds: ColumnElement[bool] = _grams_column().contains(_array(sorted(set(word.grams))))
    return holds


def _grams_column() -> Any:
    return func.search_grams(SearchEntry.grams, type_=ARRAY(Text))


def _array(values: Sequence[str]) -> Any:
    return cast(list(values), ARRAY(Text))


def position(pattern: str) -> ColumnElement[int]:
    """Where a pattern stands in the text, from 1; 0 where it does not."""
    find = func.instr if db.engine.dialect.name == "sqlite" else func.strpos
    found: ColumnElement[int] = find(SearchEntry.text, pattern)
    return found


def _occurs(word: Word) -> ColumnElement[bool]:
    return position(word.pattern) > 0


# ── Relevance ────────────────────────────────────────────────────────────

WHOLE, EXACT, NAMED, SAME, PART = range(5)
"""A name begins with all that was typed (盐雾试验); with a word of it; a name holds it; a name says the same in other
words; another field has it: a standard's title, an instrument, the sample type."""


def relevance(needs: Sequence[Need], phrases: Sequence[str] = ()) -> ColumnElement[int]:
    """For a select that joins `SearchEntry`: how well what is found fits, the best first. What says which test is meant
    (`Need.tells`) counts in the test's name only, not in its sample type. `phrases` stood together
    as typed, fillers and all."""
    if not needs:
        return literal(WHOLE)
    names_end, test_ends = position(NAMES_END), position(TEST_ENDS)
    test_end = case((test_ends > 0, test_ends), else_=names_end)

    def named(need: Need, words: Sequence[Word]) -> ColumnElement[bool]:
        end = test_end if need.tells else names_end
        return or_(*(position(word.pattern).between(1, end) for word in words))

    typed = and_(*(named(need, need.typed) for need in needs))
    begins = or_(*(position(word.pattern) == 1 for need in needs for word in need.typed))
    heaviest = max(need.weight for need in needs)
    same = and_(*(named(need, (*need.typed, *need.others)) for need in needs if need.weight == heaviest))
    ranks = [(and_(typed, begins), EXACT), (typed, NAMED), (same, SAME)]
    if phrases:
        ranks.insert(0, (and_(typed, or_(*(position(phrase) == 1 for phrase in phrases))), WHOLE))
    return case(*ranks, else_=PART)


def relevance_of(groups: Sought, phrases: Sequence[str] = ()) -> ColumnElement[int]:
    """The best of what each group makes of it."""
    every = [relevance(group, phrases) for group in groups]
    if len(every) < 2:
        return every[0] if every else literal(PART)
    return func.min(*every) if db.engine.dialect.name == "sqlite" else func.least(*every)
