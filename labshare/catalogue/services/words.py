"""The words of the field: changed by administrators, who also see what was looked for and not found."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.models import SearchConcept, SearchMiss
from labshare.catalogue.queries.words import changed_concepts, vocabulary
from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.meaning import Concept, Vocabulary
from labshare.catalogue.synonyms import BETWEEN, HEARD, overlaid, read_concept, shipped
from labshare.catalogue.terms import ConceptKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.verbs import verb
from labshare.organisations import permissions

MOST_MISSES = 2_000
RETENTION = timedelta(days=365)
"""What was not found is forgotten so long after it was last looked for."""
_KEY = re.compile(r"[a-z][a-z0-9_]{1,39}")
PERSONAL = re.compile(r"\S*@\S*|\d{5,}")
"""An address or a long number may be somebody's."""


@dataclass(frozen=True, kw_only=True)
class ConceptDetails:
    """As typed: several words of a field apart by `|`."""

    kind: str
    zh: str = ""
    en: str = ""
    short: str = ""
    finds: str = ""
    source: str = ""


def details_of(concept: Concept) -> ConceptDetails:
    heard = [HEARD + word for word in concept.heard]
    chinese = [word for word in heard if any(map(spelling.is_chinese, word))]
    latin = [word for word in heard if word not in chinese]
    return ConceptDetails(
        kind=concept.kind,
        zh=BETWEEN.join([*concept.zh, *chinese]),
        en=BETWEEN.join([*concept.en, *latin]),
        short=BETWEEN.join(concept.short),
        finds=BETWEEN.join(concept.finds),
        source=concept.source,
    )


@verb("search.set_concept", title=_l("Search word changed"))
def set_concept(*, actor: Actor, now: datetime, key: str, details: ConceptDetails) -> SearchConcept:
    """Change a concept of the search, or add one. Raises `Required`, `UnknownChoice`, `WordTaken`, `UnknownConcept`."""
    permissions.check(actor, "search.change_words")
    before = vocabulary().concepts.get(key)
    if ConceptKind.known(details.kind) is None:
        raise errors.UnknownChoice("kind")
    concept = read_concept({"key": key, **vars(details)})
    _check(concept)
    row = db.session.get(SearchConcept, key)
    if row is None:
        row = SearchConcept(key=key, revision=0)
        db.session.add(row)
    for name, value in vars(details_of(concept)).items():
        setattr(row, name, value)
    row.revision, row.changed_at = row.revision + 1, now
    db.session.flush()
    audit.record(
        actor,
        now,
        "search.set_concept",
        subject=("search_concept", key),
        before=None if before is None else vars(details_of(before)),
        after=vars(details_of(concept)),
    )
    return row


@verb("search.add_word", title=_l("Word added that was not found"))
def add_word(*, actor: Actor, now: datetime, word: str, key: str) -> SearchConcept:
    """A word that was looked for and not found becomes one of a concept, and is a miss no more."""
    permissions.check(actor, "search.change_words")
    concept = vocabulary().concepts.get(key)
    if concept is None:
        raise errors.UnknownConcept("concept", key=key)
    field = "zh" if any(map(spelling.is_chinese, word)) else "en"
    details = details_of(concept)
    words = BETWEEN.join(filter(None, (getattr(details, field), word.strip())))
    changes: dict[str, Any] = {field: words}
    row = set_concept(actor=actor, now=now, key=key, details=replace(details, **changes))
    db.session.execute(delete(SearchMiss).where(SearchMiss.word == word))
    return row


def note_miss(typed: str, day: date) -> None:
    """Count what was looked for and not found. Kept are the words, how often and the last day: nothing of who typed
    them, no addresses, no long numbers. No verb: everybody may look for something."""
    word = " ".join(PERSONAL.sub(" ", spelling.one_spelling(typed)).split())[:60].strip()
    if not spelling.terms(word):
        return
    miss = db.session.get(SearchMiss, word)
    if miss is not None:
        miss.times, miss.last_day = miss.times + 1, max(day, miss.last_day)
        return
    db.session.execute(delete(SearchMiss).where(SearchMiss.last_day < day - RETENTION))
    if (db.session.scalar(select(func.count()).select_from(SearchMiss)) or 0) < MOST_MISSES:
        db.session.add(SearchMiss(word=word, times=1, last_day=day))
        db.session.flush()


def _check(concept: Concept) -> None:
    problems: list[Problem] = []
    if not _KEY.fullmatch(concept.key):
        problems.append(errors.ConceptKeyMalformed("key"))
    if not concept.phrases:
        problems.append(errors.Required("zh"))
    if not concept.source.strip():
        problems.append(errors.Required("source"))
    others = {one.key: one for one in overlaid(shipped(), changed_concepts()) if one.key != concept.key}
    for key in concept.finds:
        if key not in others:
            problems.append(errors.UnknownConcept("finds", key=key))
    raise_all(problems)
    known = Vocabulary(replace(one, finds=()) for one in others.values())
    for phrase in concept.phrases:
        taken = known.concept_of([token for token, _touches in spelling.tokens(phrase)])
        if taken is not None:
            field = "zh" if any(map(spelling.is_chinese, phrase)) else "short" if phrase in concept.short else "en"
            raise errors.WordTaken(field, word=phrase, key=taken[0].key)
