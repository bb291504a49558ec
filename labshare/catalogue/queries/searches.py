"""The last searches of a firm, for its bookers."""

from sqlalchemy import select

from labshare.catalogue.models import FirmSearch
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.organisations.permissions import may

IN_LIST = 8


def keeps_searches(actor: Actor) -> bool:
    """Whether searches are kept for the firm acted for, and shown to this person."""
    return may(actor, "search.keep", client=actor.firm_id)


def recent_searches(actor: Actor, *, limit: int = IN_LIST) -> list[FirmSearch]:
    """Those of the firm acted for, the latest first; none for whom they are not kept. One statement at most."""
    if not keeps_searches(actor):
        return []
    statement = select(FirmSearch).where(FirmSearch.firm_id == actor.firm_id)
    return list(db.session.scalars(statement.order_by(FirmSearch.last_at.desc(), FirmSearch.key).limit(limit)))
