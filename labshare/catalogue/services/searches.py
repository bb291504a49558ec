"""The last searches of a firm, kept for its bookers (R-SEARCH-6). No verbs: it is no business, and no one else's."""

import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from labshare.catalogue.models import FirmSearch
from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.question import LONGEST_QUESTION, take_standard
from labshare.catalogue.services.words import PERSONAL
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, insert_or_nothing, inserts_or_nothing
from labshare.kernel.errors import NotAllowed
from labshare.organisations import permissions

MOST = 50
RETENTION = timedelta(days=184)
MOST_LABS = 99_999
_SEARCH = inserts_or_nothing(FirmSearch, FirmSearch.key)


def keep_search(*, actor: Actor, now: datetime, typed: str, labs: int) -> None:
    """Keep what was typed, and how many labs had an offer, for the firm acted for; the oldest gives way. Nothing is
    kept of what may have somebody's address or number in it."""
    firm_id = _own_firm(actor)
    words = " ".join(unicodedata.normalize("NFKC", typed[:LONGEST_QUESTION]).split())[:LONGEST_QUESTION].strip()
    _standard, rest = take_standard(words)
    if not spelling.terms(words) or PERSONAL.search(rest):
        return
    key = spelling.one_spelling(words)[:LONGEST_QUESTION]
    found = {"words": words, "labs": min(max(labs, 0), MOST_LABS), "last_at": now}
    of_firm = FirmSearch.firm_id == firm_id
    if insert_or_nothing(_SEARCH, {"firm_id": firm_id, "key": key, **found}).one_or_none() is None:
        db.session.execute(update(FirmSearch).where(of_firm, FirmSearch.key == key).values(found))
        return
    order = (FirmSearch.last_at.desc(), FirmSearch.key)
    latest = select(FirmSearch.key).where(of_firm).order_by(*order).limit(MOST)
    db.session.execute(delete(FirmSearch).where(of_firm, FirmSearch.key.not_in(latest)))


def remove_search(*, actor: Actor, key: str) -> None:
    """Forget one search of the firm acted for; it may be gone already."""
    db.session.execute(delete(FirmSearch).where(FirmSearch.firm_id == _own_firm(actor), FirmSearch.key == key))


def clear_searches(*, actor: Actor) -> None:
    """Forget all searches of the firm acted for."""
    db.session.execute(delete(FirmSearch).where(FirmSearch.firm_id == _own_firm(actor)))


def forget_searches(now: datetime) -> None:
    """Drop what nobody looked for any more."""
    db.session.execute(delete(FirmSearch).where(FirmSearch.last_at < now - RETENTION))


def _own_firm(actor: Actor) -> int:
    permissions.check(actor, "search.keep", client=actor.firm_id)
    if actor.firm_id is None:
        raise NotAllowed
    return actor.firm_id
