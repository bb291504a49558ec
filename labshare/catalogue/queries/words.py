"""The words of the field as they hold now, and what was looked for and not found."""

from dataclasses import dataclass

from sqlalchemy import func, select

from labshare.catalogue.models import SearchConcept, SearchMiss
from labshare.catalogue.rules.meaning import Concept, Meaning, Vocabulary
from labshare.catalogue.rules.reading import read_meaning
from labshare.catalogue.synonyms import overlaid, read_concept, shipped
from labshare.catalogue.terms import ConceptKind
from labshare.kernel.database import db

Version = tuple[int, int]
_built: dict[Version, Vocabulary] = {}
"""The vocabulary last built, by what of it was changed: building takes longer than asking."""
_CHANGES = select(func.count(SearchConcept.key), func.coalesce(func.sum(SearchConcept.revision), 0))


def vocabulary() -> Vocabulary:
    """As administrators have changed it. One statement, a second one after a change."""
    count, changed = db.session.execute(_CHANGES).one()
    version = (int(count), int(changed))
    found = _built.get(version)
    if found is None:
        found = Vocabulary(overlaid(shipped(), changed_concepts()))
        _built.clear()
        _built[version] = found
    return found


def changed_concepts() -> list[Concept]:
    """Those in the database. One statement."""
    rows = db.session.scalars(select(SearchConcept).order_by(SearchConcept.key))
    names = ("key", "kind", "zh", "en", "short", "finds", "source")
    return [read_concept({name: getattr(row, name) for name in names}) for row in rows]


def meaning(typed: str, *, forgiving: bool = False) -> Meaning:
    """What typed words mean in the words of the field; `forgiving`, with what was mistyped put right."""
    return read_meaning(typed, vocabulary(), forgiving=forgiving)


@dataclass(frozen=True)
class ConceptRow:
    concept: Concept
    changed: bool
    """By an administrator."""

    @property
    def kind(self) -> ConceptKind:
        return ConceptKind(self.concept.kind)


def list_concepts(q: str = "", limit: int = 60) -> tuple[list[ConceptRow], int]:
    """Concepts of which a word, the key or the source has `q` in it, in the order of their kinds, and how many there
    are. Two statements."""
    changed = set(db.session.scalars(select(SearchConcept.key)))
    wanted = q.strip().casefold()
    found = [
        ConceptRow(concept, concept.key in changed)
        for concept in vocabulary().concepts.values()
        if any(wanted in word.casefold() for word in (concept.key, concept.source, *concept.phrases))
    ]
    return sorted(found, key=lambda row: not row.changed)[:limit], len(found)


def misses(limit: int = 30) -> list[SearchMiss]:
    """What was looked for most and not found. One statement."""
    order = (SearchMiss.times.desc(), SearchMiss.last_day.desc(), SearchMiss.word)
    return list(db.session.scalars(select(SearchMiss).order_by(*order).limit(limit)))
