"""Checks of the whole trail (R-AUDIT-13): asked for on a page, done by the scheduler, what came of each kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select

from labshare.audit.models import AuditEvent, TrailCheck
from labshare.audit.services import record
from labshare.audit.terms import Fault
from labshare.audit.verification import Broken
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.verbs import verb

STALE = timedelta(minutes=10)
"""A check that has not ended by then was interrupted with its host: it is begun anew."""


@verb("trail.check", title=_l("Check of the trail asked for"))
def ask_check(*, actor: Actor, now: datetime) -> None:
    """Have the scheduler prove the whole trail untouched; one that waits already is enough."""
    if db.session.scalar(select(TrailCheck.id).where(TrailCheck.started_at.is_(None)).limit(1)) is None:
        db.session.add(_made(now, asked_by=actor.person_id))
        record(actor, now, "trail.check", ("trail", "-"))


def _made(now: datetime, *, asked_by: int | None) -> TrailCheck:
    return TrailCheck(asked_at=now, asked_by=asked_by, events=0, of_events=0)


def begin_check(*, now: datetime, nightly: bool = False) -> int | None:
    """Begin the check that has waited longest, or the nightly one; its number, None where nobody asked."""
    waits = or_(TrailCheck.started_at.is_(None), TrailCheck.started_at < now - STALE)
    query = select(TrailCheck).where(TrailCheck.finished_at.is_(None), waits).order_by(TrailCheck.id).limit(1)
    check = _made(now, asked_by=None) if nightly else db.session.scalar(query.with_for_update(skip_locked=True))
    if check is None:
        return None
    check.started_at, check.events = now, 0
    check.of_events = db.session.scalar(select(func.count(AuditEvent.id))) or 0
    db.session.add(check)
    db.session.flush()
    return check.id


def continue_check(check_id: int, *, events: int) -> None:
    """Write how many events are done."""
    db.session.get_one(TrailCheck, check_id).events = events


def end_check(check_id: int, broken: Broken | None, *, now: datetime) -> None:
    """Write what came of it."""
    check = db.session.get_one(TrailCheck, check_id)
    check.finished_at = now
    if broken is None:
        check.events = check.of_events
    else:
        check.fault = Fault(broken.what)
        check.seal_id, check.event_id, check.head_id = broken.seal_id, broken.event_id, broken.head_id


def last_checks(limit: int = 5) -> Sequence[TrailCheck]:
    """The last ones, newest first, those that wait among them."""
    return db.session.scalars(select(TrailCheck).order_by(TrailCheck.id.desc()).limit(limit)).all()
