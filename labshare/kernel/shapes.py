"""Statements made once for all actors of one shape: who, when and on which local day are parameters, given when one
is sent."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Date, bindparam

from labshare.kernel.actor import Actor
from labshare.kernel.database import UtcDateTime
from labshare.kernel.time import local_day

NOW: Any = bindparam("now", type_=UtcDateTime)
TODAY: Any = bindparam("today", type_=Date)
_AHEAD: dict[str, timedelta] = {}


def ahead(name: str, span: timedelta) -> Any:
    """The moment this long after `NOW`, given together with it under a name of its own."""
    _AHEAD[name] = span
    return bindparam(name, type_=UtcDateTime)


def whoever(shape: Actor) -> Actor:
    """An actor of this shape (`Actor.shape`), in whose place person and firm are parameters."""
    ids: dict[str, Any] = {name: bindparam(name) for name in ("person_id", "firm_id")}
    return replace(shape, **ids)


def parameters(actor: Actor, now: datetime) -> dict[str, Any]:
    """The values of a statement made for `whoever` has the actor's shape, at `NOW`, on that day."""
    later = {name: now + span for name, span in _AHEAD.items()}
    return {"person_id": actor.person_id, "firm_id": actor.firm_id, "now": now, "today": local_day(now), **later}
