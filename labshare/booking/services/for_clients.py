"""Bookings that a lab makes for a client who telephoned (R-PHONE): they hold their time, and the client's yes, in its
own account, makes each of them a booking."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from labshare.accounts.links import secret_of
from labshare.accounts.models import Person
from labshare.accounts.services import checked_email
from labshare.accounts.sessions import digest
from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import (
    ClientIsOwn,
    ClientUnknown,
    ForClientOver,
    MadeBefore,
    NoFee,
    NotPublished,
    OwnSide,
    SlotTaken,
    TooManyForClient,
    TooManyWaiting,
)
from labshare.booking.models import Booking, ForClient, Holding
from labshare.booking.queries.for_clients import client_meant, loaded_for_client
from labshare.booking.queries.loading import BookableItem, load_bookable_item
from labshare.booking.queries.marks import check_marks
from labshare.booking.queries.slots import alternatives_for, price_for
from labshare.booking.rules.answers import Answers
from labshare.booking.rules.lifecycle import WORKING_DAYS_TO_ANSWER, WORKING_DAYS_TO_REGISTER, after_working_days
from labshare.booking.rules.lines import read_price, written_price
from labshare.booking.rules.rows import plain, time_until_yes
from labshare.booking.rules.starts import Plan
from labshare.booking.services import blocks, holdings
from labshare.booking.services.book import NO_ANSWERS, Written, book, feasible_instruments, free_places, may_waive
from labshare.booking.terms import ForClientState, HoldingKind
from labshare.catalogue.models import Fee
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, ReasonRequired
from labshare.kernel.notifications import makes_link
from labshare.kernel.time import Hours, local_day, local_zone
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.models import Firm
from labshare.organisations.queries import belongs_to

MOST_FOR_CLIENT, MOST_WAITING = 5, 50
"""Of one lab's firm at once: for one client, and for all."""
MOST_TRIES = 3
"""How often one time is held for one client (R-PHONE-5)."""


@verb("phone.book", title=_l("Booked for a client"), money=True)
def book_for_client(
    *,
    actor: Actor,
    now: datetime,
    test_item_id: int,
    quantity: int,
    starts_at: datetime,
    client: str,
    email: str = "",
    contact: str = "",
    hours: Hours | None = None,
    instrument_id: int | None = None,
    surcharges: Collection[str] = (),
    sample_description: str = "",
    waive_reason: str | None = None,
    submission: str | None = None,
) -> ForClient:
    """Hold a time of the own lab for a client who telephoned, at the price that the client would pay, until it answers.

    `client`: name or credit code of a registered firm; with `email`, where none is meant, the name of one to be: it is
    mailed a slip (R-PHONE-4). Raises as `book` for what is asked; `ClientUnknown`, `ClientIsOwn`, `InvalidEmail`,
    `TooManyForClient`, `TooManyWaiting`, `MadeBefore`; a second click finds the first."""
    firm = client_meant(client, lab_firm_id=actor.firm_id)
    bookable = load_bookable_item(test_item_id, now, client_id=firm.id if firm else None)
    if bookable is None or not (bookable.published or bookable.lab.firm_id == actor.firm_id):
        raise NotFound
    permissions.check(actor, "phone.book", lab=bookable.lab.firm_id)
    if submission is not None:
        found = db.session.scalar(
            select(ForClient).where(ForClient.made_by == actor.person_id, ForClient.submission == submission)
        )
        if found is not None:
            return found
    if not bookable.published:
        raise NotPublished
    if firm is None and not email.strip():
        raise ClientUnknown
    if firm is not None and firm.id == bookable.lab.firm_id:
        raise ClientIsOwn
    address = None if firm else checked_email(email)
    waive = may_waive(actor, bookable, waive_reason)
    work = bookable.work(quantity, hours)
    chosen = feasible_instruments(bookable, work, starts_at, now=now, instrument_id=instrument_id, waive=waive)
    price = price_for(bookable, work, surcharges)
    if price is None or bookable.fee is None:
        raise NoFee
    check_marks(bookable.item.id, price, (local_day(now), local_day(starts_at)))
    lapses = lapses_at(bookable, starts_at, registered=firm is not None)
    for instrument, rules, unit in free_places(chosen, starts_at, now=now, person_id=actor.person_id):
        plan = rules.plan(starts_at)
        _check_not_too_often(bookable, firm, address, instrument_id=instrument.id, plan=plan, now=now)
        held = holdings.insert_holding(
            time_until_yes(
                instrument_id=instrument.id,
                unit=unit,
                starts_at=starts_at,
                ends_at=plan.holding_ends_at,
                answer_by=lapses,
                now=now,
            )
        )
        if held is None:
            continue
        nonce = None if firm else secrets.token_urlsafe(32)
        made = ForClient(
            lab_firm_id=bookable.lab.firm_id,
            client_firm_id=firm.id if firm else None,
            firm_name="" if firm else client.strip()[:200],
            contact=contact.strip()[:60],
            email=address,
            nonce=nonce,
            token_digest=digest(secret_of(SLIP, nonce)) if nonce else None,
            made_by=actor.person_id,
            made_at=now,
            submission=submission,
            test_item_id=bookable.item.id,
            instrument_id=instrument.id,
            fee_id=bookable.fee.id,
            quantity=work.quantity,
            hours=work.hours,
            starts_at=starts_at,
            ends_at=plan.ends_at,
            sample_description=sample_description.strip(),
            waive_reason=waive_reason if waive else None,
            price_fen=price.total_fen,
            price=written_price(price),
            answer_by=lapses,
            state=ForClientState.WAITING,
            holding_id=held,
        )
        db.session.add(made)
        db.session.flush()
        record(actor, now, "phone.book", ("for_client", made.id), after=_recorded(made))
        notifications.booked_for_client(made, actor=actor, now=now)
        return made
    holdings.give_back(actor.person_id)
    raise SlotTaken(alternatives_for(bookable, work, starts_at, waive=waive))


SLIP = "slip"
"""What the secret of a mailed slip is made for."""


def _slip(made_id: int, now: datetime) -> str | None:
    found = db.session.scalar(select(ForClient).where(ForClient.id == made_id, ForClient.open_at(now)))
    return f"/for-you/{secret_of(SLIP, found.nonce)}" if found and found.nonce else None


makes_link(notifications.SLIP_MAILED, _slip)


def _recorded(made: ForClient) -> dict[str, Any]:
    """What its event says: ids and values, no personal data."""
    names = ("client_firm_id", "test_item_id", "instrument_id", "fee_id", "quantity", "hours")
    more = ("starts_at", "ends_at", "price_fen", "answer_by", "waive_reason")
    lab = {"lab_id": made.test_item.lab_id}
    return lab | {name: plain(getattr(made, name)) for name in (*names, *more)}


def lapses_at(bookable: BookableItem, starts_at: datetime, *, registered: bool) -> datetime:
    """When what is made now for this start lapses, unless the client accepts (R-PHONE-2)."""
    count = WORKING_DAYS_TO_ANSWER if registered else WORKING_DAYS_TO_REGISTER
    return min(after_working_days(bookable.now, count, days=bookable.openings.days, zone=local_zone()), starts_at)


def _check_not_too_often(
    bookable: BookableItem,
    firm: Firm | None,
    email: str | None,
    *,
    instrument_id: int,
    plan: Plan,
    now: datetime,
) -> None:
    """No time is kept from others by asking again and again (R-PHONE-5). Raises `TooManyForClient`,
    `TooManyWaiting`, `MadeBefore`."""
    whose = ForClient.client_firm_id == firm.id if firm else ForClient.email == email
    same_time = (
        ForClient.instrument_id == instrument_id,
        ForClient.starts_at < plan.ends_at,
        ForClient.ends_at > plan.starts_at,
        ForClient.state != ForClientState.ACCEPTED,
    )
    waiting, of_client, before = db.session.execute(
        select(
            func.count().filter(ForClient.open_at(now)),
            func.count().filter(ForClient.open_at(now), whose),
            func.count().filter(whose, *same_time),
        ).where(ForClient.lab_firm_id == bookable.lab.firm_id)
    ).one()
    if of_client >= MOST_FOR_CLIENT:
        raise TooManyForClient(n=MOST_FOR_CLIENT)
    if waiting >= MOST_WAITING:
        raise TooManyWaiting(n=MOST_WAITING)
    if before >= MOST_TRIES:
        raise MadeBefore(n=MOST_TRIES)


@verb("phone.accept", title=_l("Accepted what the lab booked"), money=True)
def accept_for_client(
    *,
    actor: Actor,
    now: datetime,
    made_id: int,
    secret: str | None = None,
    sample_description: str = "",
    answers: Answers = NO_ANSWERS,
    confidential: bool = False,
    cost_centre: str = "",
) -> Booking:
    """The client's yes: what the lab made is booked for the actor's firm, confirmed, from this day on; at the price
    that it was made at, or of today where that is less (R-PHONE-3). `secret`: of the slip, for whoever it reached.

    Raises `NotFound`, `NotAllowed`, `ForClientOver`, `OwnSide`, `FirmUnverified`, and what `book` raises."""
    made = _for_client(actor, now, made_id, secret)
    if made.client_firm_id is None:
        made.client_firm_id = actor.firm_id
    _give_time_back(made)
    booking = book(
        actor=actor,
        now=now,
        test_item_id=made.test_item_id,
        quantity=made.quantity,
        starts_at=made.starts_at,
        sample_description=sample_description.strip() or made.sample_description,
        answers=answers,
        confidential=confidential,
        hours=made.hours,
        instrument_id=made.instrument_id,
        waive_reason=made.waive_reason,
        cost_centre=cost_centre,
        written=Written(db.session.get_one(Fee, made.fee_id), read_price(made.price)),
    )
    made.booking_id = booking.id
    _end(made, ForClientState.ACCEPTED, actor, now, "phone.accept", ref=booking.ref)
    return booking


@verb("phone.decline", title=_l("Declined what the lab booked"))
def decline_for_client(
    *, actor: Actor, now: datetime, made_id: int, secret: str | None = None, reason: str = ""
) -> ForClient:
    """The client's no; it costs nothing, the time is free again, the lab is told. Raises `NotFound`, `NotAllowed`,
    `ForClientOver`."""
    made = _for_client(actor, now, made_id, secret)
    _over(made, ForClientState.DECLINED, actor, now, "phone.decline", reason)
    notifications.for_client_declined(made, actor=actor, now=now)
    return made


@verb("phone.withdraw", title=_l("Booking for a client withdrawn"))
def withdraw_for_client(*, actor: Actor, now: datetime, made_id: int, reason: str) -> ForClient:
    """The lab takes back what its client has not accepted, with a reason. Raises `NotFound`, `NotAllowed`,
    `ForClientOver`, `ReasonRequired`."""
    made = _locked(made_id)
    if not permissions.may(actor, "phone.see", lab=made.lab_firm_id):
        raise NotFound
    permissions.check(actor, "phone.withdraw", lab=made.lab_firm_id)
    if not reason.strip():
        raise ReasonRequired
    if not made.open_at(now):
        raise ForClientOver
    _over(made, ForClientState.WITHDRAWN, actor, now, "phone.withdraw", reason)
    notifications.for_client_withdrawn(made, actor=actor, now=now)
    return made


@verb("phone.lapse", title=_l("Booking for a client lapsed"))
def lapse_for_clients(*, actor: Actor, now: datetime, limit: int = 500) -> int:
    """End what no client accepted in time, and tell both sides. How many. For the system alone."""
    permissions.check(actor, "time.lapse")
    over = db.session.scalars(
        select(ForClient).where(ForClient.lapses_by(now)).order_by(ForClient.id).limit(limit).with_for_update()
    ).all()
    for each in over:
        _over(each, ForClientState.LAPSED, actor, now, "phone.lapse", "")
        notifications.for_client_lapsed(each, actor=actor, now=now)
    return len(over)


def _locked(made_id: int) -> ForClient:
    found = db.session.scalar(
        select(ForClient)
        .where(ForClient.id == made_id)
        .with_for_update(of=ForClient)
        .execution_options(populate_existing=True)
        .options(*loaded_for_client())
    )
    if found is None:
        raise NotFound
    return found


def _for_client(actor: Actor, now: datetime, made_id: int, secret: str | None) -> ForClient:
    """What waits for the actor's firm: it was made for it, or its slip came to the actor. Nobody of the lab answers for
    the client (R-PHONE-3). Raises `NotFound`, `NotAllowed`, `ForClientOver`, `OwnSide`."""
    made = _locked(made_id)
    if not reaches(actor, made, secret):
        raise NotFound
    permissions.check(actor, "phone.answer", client=actor.firm_id)
    if belongs_to(made.lab_firm_id, person_id=actor.person_id):
        raise OwnSide
    if not made.open_at(now):
        raise ForClientOver
    return made


def reaches(actor: Actor, made: ForClient, secret: str | None = None) -> bool:
    """Whether it is for the actor's firm, or for whoever the slip reached."""
    if made.client_firm_id is not None:
        return made.client_firm_id == actor.firm_id
    if secret is not None and made.token_digest == digest(secret):
        return True
    return actor.person_id is not None and db.session.get_one(Person, actor.person_id).email == made.email


def _give_time_back(made: ForClient) -> None:
    """Its own holding, of which nothing but its number is kept: what lapsed meanwhile may be somebody else's."""
    held = db.session.scalar(
        select(Holding.id).where(
            Holding.id == made.holding_id,
            Holding.kind == HoldingKind.OFFER,
            Holding.booking_id.is_(None),
            Holding.held_for.is_(None),
            Holding.instrument_id == made.instrument_id,
            Holding.starts_at == made.starts_at,
        )
    )
    if held is not None:
        holdings.release([held])


def _over(made: ForClient, state: ForClientState, actor: Actor, now: datetime, action: str, reason: str) -> None:
    """Ended without a booking: the time goes to whoever waits for it."""
    _give_time_back(made)
    made.reason = reason.strip()[:500] or None
    _end(made, state, actor, now, action)
    blocks.grow(made.instrument_id, now)


def _end(
    made: ForClient, state: ForClientState, actor: Actor, now: datetime, action: str, *, ref: str | None = None
) -> None:
    made.state, made.ended_at, made.ended_by, made.holding_id = state, now, actor.person_id, None
    db.session.flush()
    after = {"state": state} | ({"booking": ref, "client_firm_id": made.client_firm_id} if ref else {})
    record(actor, now, action, ("for_client", made.id), {"state": ForClientState.WAITING}, after)
