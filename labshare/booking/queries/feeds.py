"""Calendar addresses, and the bookings that stand under one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import contains_eager, joinedload

from labshare.accounts.sessions import digest
from labshare.booking.entries import CLIENT_ENTRY, LAB_ENTRY, entry_params, state_of_entry
from labshare.booking.models import Booking, CalendarFeed, Holding, WantedBlock
from labshare.booking.queries.bookings import visible_bookings
from labshare.booking.queries.loading import holds_from_before, note_of_holding
from labshare.booking.terms import FeedOf, HoldingKind
from labshare.catalogue.formatting import place
from labshare.catalogue.models import Instrument, Lab
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.calendars import Entry
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import twin
from labshare.kernel.terms import EntryState
from labshare.notices.kinds import ENTRIES, filled, json_params
from labshare.notices.services import absolute
from labshare.organisations.models import Membership
from labshare.organisations.queries import account_of_person

PAST = timedelta(days=92)
"""How long a booking that is over stays in a feed."""
MOST_ENTRIES = 2_000
"""Of one feed: the newest by start."""


def open_feeds(person_id: int) -> Sequence[CalendarFeed]:
    """The person's addresses that work, the newest first, with what each shows. One statement."""
    return db.session.scalars(
        select(CalendarFeed)
        .join(Membership, _holds())
        .where(CalendarFeed.person_id == person_id, ~CalendarFeed.revoked)
        .options(joinedload(CalendarFeed.firm), joinedload(CalendarFeed.lab), joinedload(CalendarFeed.instrument))
        .order_by(CalendarFeed.id.desc())
    ).all()


def _holds() -> ColumnElement[bool]:
    """The membership under which it was made has not ended: one that began later does not revive it."""
    return and_(
        Membership.person_id == CalendarFeed.person_id,
        Membership.firm_id == CalendarFeed.firm_id,
        Membership.current,
        Membership.started_at <= CalendarFeed.created_at,
    )


@dataclass(frozen=True, kw_only=True)
class Subscribed:
    """What stands under an address."""

    feed_id: int
    locale: str | None
    """Its person's; none: not chosen."""
    actor: Actor
    feed: CalendarFeed


def subscribed(secret: str, *, demonstration: bool = True) -> Subscribed:
    """What this address shows, for whom. Raises `NotFound` where it never was, was revoked, or its person or their
    membership has ended. Two statements."""
    feed = db.session.scalar(
        select(CalendarFeed)
        .join(Membership, _holds())
        .where(CalendarFeed.secret_digest == digest(secret), ~CalendarFeed.revoked)
        .options(joinedload(CalendarFeed.firm), joinedload(CalendarFeed.lab), joinedload(CalendarFeed.instrument))
    )
    account = account_of_person(feed.person_id, demonstration=demonstration) if feed is not None else None
    if feed is None or account is None:
        raise NotFound
    roles = frozenset(role for firm_id, role in account.memberships if firm_id == feed.firm_id)
    return Subscribed(
        feed_id=feed.id,
        locale=account.locale,
        actor=Actor(person_id=account.id, firm_id=feed.firm_id, roles=roles),
        feed=feed,
    )


def entries_of(subscribed: Subscribed, now: datetime) -> list[Entry]:
    """What stands under an address, by start, in the present language: bookings, and in a lab's or an instrument's what
    the lab keeps for itself. Two statements at most."""
    feed = subscribed.feed
    lab_side = feed.of in (FeedOf.LAB, FeedOf.INSTRUMENT)
    chosen = visible_bookings(subscribed.actor).where(Booking.ends_at > now - PAST)
    if feed.of == FeedOf.LAB:
        chosen = chosen.where(Booking.lab_id == feed.lab_id, Booking.lab_firm_id == feed.firm_id)
    elif feed.of == FeedOf.INSTRUMENT:
        chosen = chosen.where(Booking.instrument_id == feed.instrument_id, Booking.lab_firm_id == feed.firm_id)
    else:
        chosen = chosen.where(Booking.client_firm_id == feed.firm_id)
        if feed.of == FeedOf.PERSON:
            chosen = chosen.where(Booking.booked_by == feed.person_id)
    found = db.session.scalars(
        chosen.options(
            joinedload(Booking.client),
            joinedload(Booking.lab),
            joinedload(Booking.test_item),
            joinedload(Booking.instrument),
        )
        .order_by(Booking.starts_at.desc(), Booking.id.desc())
        .limit(MOST_ENTRIES)
    ).all()
    bookings = [_entry(booking, lab_side=lab_side) for booking in reversed(found)]
    return sorted([*bookings, *_blocks(feed, now)], key=attrgetter("starts_at")) if lab_side else bookings


def _blocks(feed: CalendarFeed, now: datetime) -> list[Entry]:
    """Blocks of the lab or the instrument, each unit by itself; of a booking from before with client and test."""
    which = Instrument.lab_id == feed.lab_id if feed.of == FeedOf.LAB else Instrument.id == feed.instrument_id
    rows = db.session.execute(
        select(Holding, Instrument, note_of_holding())
        .join(Instrument, Instrument.id == Holding.instrument_id)
        .join(Instrument.lab)
        .outerjoin(WantedBlock, holds_from_before())
        .where(which, Lab.firm_id == feed.firm_id, Holding.is_block, Holding.ends_at > now - PAST)
        .options(contains_eager(Instrument.lab))
        .order_by(Holding.starts_at.desc(), Holding.id.desc())
        .limit(MOST_ENTRIES)
    ).all()
    return [
        Entry(
            name=f"block-{holding.id}",
            revision=0,
            state=EntryState.CONFIRMED,
            starts_at=holding.starts_at,
            ends_at=holding.ends_at,
            stamped_at=holding.created_at,
            title=_(
                "%(kind)s: %(instrument)s, place %(unit)s",
                kind=HoldingKind(holding.kind).label,
                instrument=twin(instrument),
                unit=holding.unit,
            ),
            text=note,
            place=place(instrument.lab),
            url=absolute("/lab/calendar"),
        )
        for holding, instrument, note in rows
    ]


def _entry(booking: Booking, *, lab_side: bool) -> Entry:
    texts, of = ENTRIES[LAB_ENTRY if lab_side else CLIENT_ENTRY], json_params(entry_params(booking))
    moments = (
        booking.booked_at,
        booking.requested_at,
        booking.confirmed_at,
        booking.started_at,
        booking.finished_at,
        booking.ended_at,
    )
    return Entry(
        name=booking.ref,
        revision=booking.revision,
        state=state_of_entry(booking),
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        stamped_at=max(moment for moment in moments if moment is not None),
        title=filled(texts.title, of),
        text=filled(texts.text, of),
        place=place(booking.lab),
        url=absolute(f"/{'lab/' if lab_side else ''}bookings/{booking.ref}"),
    )


def address_of_feed(secret: str) -> str:
    """What a calendar is given to read."""
    return f"{current_app.config['BASE_URL'].rstrip('/')}/calendar/{secret}.ics"


def title_of_feed(feed: CalendarFeed) -> str:
    """How a calendar calls it, in the present language."""
    if feed.of == FeedOf.PERSON:
        return str(_("My bookings, %(firm)s", firm=twin(feed.firm)))
    return str(twin(feed.lab or feed.instrument or feed.firm))


def instruments_to_show(firm_id: int) -> Sequence[Instrument]:
    """The instruments of the firm's labs that are not withdrawn, with their labs, by lab and name. One statement."""
    return db.session.scalars(
        select(Instrument)
        .join(Instrument.lab)
        .where(Lab.firm_id == firm_id, Instrument.state != LifeState.WITHDRAWN)
        .options(contains_eager(Instrument.lab))
        .order_by(Lab.code, Instrument.name, Instrument.id)
    ).all()
