"""Calendar addresses: a secret shown once, for one person in one firm."""

import secrets
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.accounts.sessions import digest
from labshare.audit.services import record
from labshare.booking.errors import TooManyFeeds
from labshare.booking.models import CalendarFeed
from labshare.booking.notifications import FEED_MADE
from labshare.booking.queries.feeds import open_feeds
from labshare.booking.terms import FeedOf
from labshare.catalogue.models import Instrument, Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, take_turn
from labshare.kernel.errors import NotFound, SignInFirst
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations import permissions

MOST_FEEDS = 20
"""Open at once, for one person."""


@verb("feed.make", title=_l("Calendar address made"))
def make_feed(
    *,
    actor: Actor,
    now: datetime,
    of: str,
    lab_code: str | None = None,
    instrument_id: int | None = None,
    name: str = "",
) -> tuple[CalendarFeed, str]:
    """Make an address under which calendars read bookings: the person's own, the firm's, those at a lab or on an
    instrument of the firm. `lab_code` and `instrument_id` belong to the last two alone; others ignore them.

    The row and the secret come back; the secret is kept nowhere. The person is told by a mail that nobody can switch
    off (R-TOLD-8). Raises `SignInFirst`, `NotAllowed`, `NotFound` for what is not the firm's, `TooManyFeeds`.
    """
    if actor.person_id is None:
        raise SignInFirst
    permissions.check(actor, "feed.make", firm=actor.firm_id)
    lab, instrument = None, None
    if of == FeedOf.LAB:
        lab = db.session.scalar(select(Lab).where(Lab.code == lab_code, Lab.firm_id == actor.firm_id))
        if lab is None:
            raise NotFound
    elif of == FeedOf.INSTRUMENT:
        instrument = db.session.scalar(
            select(Instrument).where(Instrument.id == instrument_id, Instrument.lab.has(firm_id=actor.firm_id))
        )
        if instrument is None:
            raise NotFound
    if len(open_feeds(actor.person_id)) >= MOST_FEEDS:
        raise TooManyFeeds(n=MOST_FEEDS)
    take_turn()
    secret = secrets.token_urlsafe(32)
    made = CalendarFeed(
        person_id=actor.person_id,
        firm_id=actor.firm_id,
        of=of,
        lab_id=lab.id if lab else None,
        instrument_id=instrument.id if instrument else None,
        name=name.strip()[:60],
        secret_digest=digest(secret),
        created_at=now,
    )
    db.session.add(made)
    db.session.flush()
    record(
        actor,
        now,
        "feed.make",
        ("feed", made.id),
        after={"of": of, "firm_id": made.firm_id, "lab_id": made.lab_id, "instrument_id": made.instrument_id},
    )
    notify(
        kind=FEED_MADE, now=now, params={"of": FeedOf(of).label}, url="/account/calendar", person_ids=[made.person_id]
    )
    return made, secret


def own_feed(actor: Actor, feed_id: int) -> CalendarFeed:
    """One of the actor's own addresses. Raises `NotFound`."""
    found = db.session.get(CalendarFeed, feed_id)
    if found is None or actor.person_id is None or found.person_id != actor.person_id:
        raise NotFound
    return found


@verb("feed.revoke", title=_l("Calendar address revoked"))
def revoke_feed(*, actor: Actor, now: datetime, feed_id: int) -> CalendarFeed:
    """End one of the own addresses: from now on there is nothing under it. Raises `NotFound`."""
    found = own_feed(actor, feed_id)
    db.session.refresh(found, ["revoked_at"], with_for_update=True)
    if not found.revoked:
        found.revoked_at = now
        db.session.flush()
        record(actor, now, "feed.revoke", ("feed", found.id), {"revoked": False}, {"revoked": True})
    return found


@verb("feed.revoke_all", title=_l("Calendar addresses revoked"))
def revoke_feeds(*, actor: Actor, now: datetime) -> int:
    """End all of the own addresses. How many."""
    if actor.person_id is None:
        raise SignInFirst
    found = open_feeds(actor.person_id)
    for feed in found:
        revoke_feed(actor=actor, now=now, feed_id=feed.id)
    return len(found)
