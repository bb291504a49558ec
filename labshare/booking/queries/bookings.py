"""Bookings: those one may see, their time line, their next step, and which of them a change of hours hits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import joinedload, selectinload, undefer

from labshare.accounts.models import Person
from labshare.audit.models import AuditEvent
from labshare.booking.models import Booking, Charge, ExtraWork, Proposal
from labshare.booking.queries.loading import (
    Planned,
    cancellation_terms,
    certificates_of,
    instrument_terms,
    openings_of,
    work_of_booking,
)
from labshare.booking.rules import lifecycle
from labshare.booking.rules.price import cancellation_fee
from labshare.booking.rules.starts import StartRules
from labshare.booking.terms import BookingState, Party
from labshare.catalogue.models import TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day, start_of_day
from labshare.organisations import permissions
from labshare.organisations.events import PartyIn


def visible_bookings(actor: Actor) -> Select[Any]:
    """The bookings that the actor may see, as a query to narrow and order."""
    return select(Booking).where(
        permissions.visible(
            actor, "booking.see", client=Booking.client_firm_id, lab=Booking.lab_firm_id, division=Booking.division
        )
    )


def list_bookings(
    actor: Actor, *, state: str | None = None, lab: str | None = None, before: int | None = None, limit: int
) -> list[Booking]:
    """The bookings that the actor may see, the newest first, with what the API says of each; `lab` is a lab's code,
    `before` the id of the last one seen. Three statements."""
    statement = visible_bookings(actor).options(
        joinedload(Booking.client),
        joinedload(Booking.lab),
        joinedload(Booking.instrument),
        joinedload(Booking.test_item),
        undefer(Booking.answers),
        with_charges(),
        selectinload(Booking.proposals),  # type: ignore[attr-defined]
    )
    if state:
        statement = statement.where(Booking.state == state)
    if lab:
        statement = statement.where(Booking.lab.has(code=lab))
    if before is not None:
        statement = statement.where(Booking.id < before)
    return list(db.session.scalars(statement.order_by(Booking.id.desc()).limit(limit)))


def get_booking(actor: Actor, ref: str, *, anew: bool = False) -> Booking:
    """One booking with what its page shows; `anew`: as the database has it after what was just written, triggers'
    doing included. Raises `NotFound`, also for what one may not see."""
    return _one_visible(
        visible_bookings(actor)
        .where(Booking.ref == ref)
        .options(
            joinedload(Booking.client),
            with_booker(),
            joinedload(Booking.lab),
            joinedload(Booking.lab_firm),
            joinedload(Booking.instrument),
            joinedload(Booking.test_item).selectinload(TestItem.standards),
            joinedload(Booking.fee),
            joinedload(Booking.assignee),
            joinedload(Booking.storage_place),
            joinedload(Booking.paused),
            undefer(Booking.price),
            undefer(Booking.answers),
            with_charges(),
            selectinload(Booking.proposals),  # type: ignore[attr-defined]
        )
        .execution_options(populate_existing=anew)
    )


def party_in(asked: PartyIn) -> ColumnElement[bool]:
    """Answers `PartyIn`: as a client or as a lab."""
    of = or_(Booking.client_firm_id == asked.firm_id, Booking.lab_firm_id == asked.firm_id)
    return exists().where(of, permissions.lies_in(Booking.division, asked.prefix))


def with_charges() -> Any:
    """An option that loads with bookings what they are charged, and what for."""
    return selectinload(Booking.charges).joinedload(Charge.extra).joinedload(ExtraWork.test_item)  # type: ignore[attr-defined]


def sees_booking(actor: Actor, ref: str) -> bool:
    """Whether there is such a booking for the actor. One statement."""
    return bool(db.session.scalar(select(visible_bookings(actor).where(Booking.ref == ref).exists())))


def sees_samples(actor: Actor, booking: Booking) -> bool:
    """Whether the actor, who sees the booking, may read what its samples are: description, answers, files
    (R-SAMPLE-5)."""
    parties = {"client": booking.client_firm_id, "lab": booking.lab_firm_id}
    return not booking.confidential or permissions.may(actor, "sample.see_confidential", **parties)


def booking_head(actor: Actor, ref: str) -> Booking:
    """One booking with client, lab and test item alone. One statement. Raises `NotFound` as `get_booking`."""
    return _one_visible(
        visible_bookings(actor)
        .where(Booking.ref == ref)
        .options(joinedload(Booking.client), joinedload(Booking.lab), joinedload(Booking.test_item))
    )


def _one_visible(statement: Select[Any]) -> Booking:
    booking: Booking | None = db.session.scalar(statement)
    if booking is None:
        raise NotFound
    return booking


def parties_of(actor: Actor, ref: str) -> tuple[int, int, str]:
    """The ids of a booking's client and lab firm. One statement. Raises `NotFound` as `get_booking`."""
    parties = db.session.execute(
        visible_bookings(actor)
        .where(Booking.ref == ref)
        .with_only_columns(Booking.client_firm_id, Booking.lab_firm_id, Booking.division)
    ).first()
    if parties is None:
        raise NotFound
    client, lab, division = parties
    return client, lab, division


def sides(actor: Actor, booking: Booking) -> tuple[str, ...]:
    """On which sides of the booking the actor's firm stands: client, lab, both or none."""
    return tuple(
        side
        for side, firm_id in ((Party.CLIENT, booking.client_firm_id), (Party.LAB, booking.lab_firm_id))
        if firm_id == actor.firm_id is not None
    )


def next_steps(actor: Actor, booking: Booking, now: datetime) -> tuple[str, ...]:
    """The verbs that the actor may take on this booking at this moment, for the page's buttons."""
    found: list[str] = []
    for side in sides(actor, booking):
        firm = {side: actor.firm_id}
        for verb in lifecycle.possible(booking.state, side):
            action = lifecycle.ACTIONS.get(verb)
            if action and verb not in found and permissions.may(actor, action, **firm):
                found.append(verb)
    begun = booking.starts_at <= now
    open_now = any(one.open_at(now) for one in booking.proposals)  # type: ignore[attr-defined]
    waiting = any(one.open_at(now) for one in booking.charges)  # type: ignore[attr-defined]
    paused = booking.paused is not None
    closed = {
        "reschedule": begun,
        "no_show": now < booking.starts_at + lifecycle.NO_SHOW_AFTER,
        "accept_proposal": not open_now,
        "decline_proposal": not open_now,
        "answer_charge": not waiting,
        "remind": not reminder_of(booking, now) or lifecycle.reminded_today(booking.lab_reminded_at, now=now),
        "move_unit": booking.instrument.units < 2,
        "pause": paused,
        "resume": not paused,
    }
    return tuple(verb for verb in found if not closed.get(verb, False))


def reminder_of(booking: Booking, now: datetime) -> str | None:
    """What its client can be reminded of: `proposal` (another time to answer) before `samples` (to come)."""
    if open_proposal(booking, now) is not None:
        return "proposal"
    return "samples" if booking.state == BookingState.CONFIRMED else None


def cancellation_preview(booking: Booking, now: datetime, *, by_lab: bool = False, no_show: bool = False) -> Fen:
    """The fee in fen that cancelling (or not coming) would leave, for the page before the last click."""
    return cancellation_fee(
        cancellation_terms(booking),
        booking.price_fen,
        until_start=booking.starts_at - now,
        by_lab=by_lab,
        no_show=no_show,
    )


def history(booking: Booking) -> list[AuditEvent]:
    """The booking's time line, oldest first: its events in the audit trail."""
    return list(
        db.session.scalars(
            select(AuditEvent)
            .where(
                AuditEvent.subject_type == "booking",
                AuditEvent.subject_id == booking.ref,
                AuditEvent.refused.is_(False),
            )
            .order_by(AuditEvent.id)
        )
    )


def report_due(booking: Booking) -> datetime | None:
    """The end of the day by which the lab has promised the report of a finished test."""
    if booking.finished_on is None:
        return None
    return start_of_day(booking.finished_on + timedelta(days=booking.turnaround_days + 1))


@dataclass(frozen=True, kw_only=True)
class EventWithoutMoney:
    """An event of the trail for who does not see money: as it is, but for amounts."""

    id: int
    at: datetime
    action: str
    person_id: int | None
    firm_id: int | None
    subject_type: str | None
    subject_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    refused: bool


def without_money(events: Iterable[AuditEvent]) -> list[EventWithoutMoney]:
    """A booking's time line without invoices, payments, charges and amounts (R-RIGHTS-11)."""
    return [
        EventWithoutMoney(
            **{name: getattr(event, name) for name in PLAIN},
            before=_without_amounts(event.before),
            after=_without_amounts(event.after),
        )
        for event in events
        if event.action.startswith(("booking.", "report."))
    ]


PLAIN = ("id", "at", "action", "person_id", "firm_id", "subject_type", "subject_id", "refused")


def _without_amounts(values: dict[str, Any] | None) -> dict[str, Any] | None:
    return values and {name: value for name, value in values.items() if not name.endswith("_fen")}


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Whom the lab asks about a booking: the person who booked, with their mobile number, else the firm's telephone."""

    name: str
    email: str
    phone: str


def with_booker() -> Any:
    """An option that loads with bookings what `client_contact` says of whoever booked."""
    return joinedload(Booking.booker).load_only(Person.name, Person.email, Person.mobile)


def client_contact(booking: Booking) -> Contact:
    """The client's contact of a booking, for its lab alone (R-BOOKING-13)."""
    person = booking.booker
    return Contact(name=person.name, email=person.email, phone=person.mobile or booking.client.phone)


def open_proposal(booking: Booking, now: datetime) -> Proposal | None:
    """The proposal that waits for the client's answer."""
    return next((each for each in booking.proposals if each.open_at(now)), None)  # type: ignore[attr-defined]


def charges_of(booking: Booking) -> list[Charge]:
    """The booking's charge lines in the order they were entered."""
    return list(db.session.scalars(select(Charge).where(Charge.booking_id == booking.id).order_by(Charge.id)))


@dataclass(frozen=True)
class Conflict:
    """A booking that no longer keeps the lab's hours."""

    booking: Booking
    problem: Problem


def bookings_hit(
    now: datetime,
    *,
    lab_id: int | None = None,
    lab_ids: Iterable[int] | None = None,
    days: Iterable[date] = (),
    planned: Planned | None = None,
) -> list[Conflict]:
    """Bookings to come that break the hours, closures or working days as they now stand, or as they would with what is
    `planned`. `days` narrows to work that touches one of these local days. Nothing is changed."""
    query = (
        select(Booking)
        .where(
            Booking.state.in_(BookingState.before_start()),
            Booking.starts_at > now,
        )
        .options(
            joinedload(Booking.test_item),
            joinedload(Booking.instrument),
            joinedload(Booking.lab),
            joinedload(Booking.client),
        )
        .order_by(Booking.starts_at, Booking.id)
    )
    if lab_id is not None:
        query = query.where(Booking.lab_id == lab_id)
    if lab_ids is not None:
        query = query.where(Booking.lab_id.in_(list(lab_ids)))
    bookings = list(db.session.scalars(query))
    wanted = set(days)
    if wanted:
        bookings = [one for one in bookings if _touches(one, wanted)]
    if not bookings:
        return []
    opens = openings_of({one.lab_id for one in bookings}, now, planned=planned)
    certificates = certificates_of({one.instrument_id for one in bookings})
    found = []
    for booking in bookings:
        terms = instrument_terms(booking.instrument, booking.lab, certificates)
        openings = opens.of_instrument(booking.instrument_id, lab_id=booking.lab_id)
        rules = StartRules(openings, work_of_booking(booking), terms)
        problem = next(iter(rules.hours_problems(booking.starts_at)), None)
        if problem is not None:
            found.append(Conflict(booking, problem))
    return found


def _touches(booking: Booking, days: set[date]) -> bool:
    first, last = local_day(booking.starts_at), local_day(booking.ends_at)
    return any(first <= day <= last for day in days)


def ref_of_own(*, client_id: int, item_id: int, starts_at: datetime) -> str | None:
    """The firm's own booking of a test at this start."""
    return db.session.scalar(
        select(Booking.ref)
        .where(
            Booking.client_firm_id == client_id,
            Booking.test_item_id == item_id,
            Booking.starts_at == starts_at,
            Booking.state.in_(BookingState.holding_time()),
        )
        .limit(1)
    )


def last_of(*, client_id: int, item_id: int) -> Booking | None:
    """What the firm booked last of a test."""
    return db.session.scalar(
        select(Booking)
        .where(Booking.client_firm_id == client_id, Booking.test_item_id == item_id)
        .order_by(Booking.booked_at.desc(), Booking.id.desc())
        .limit(1)
    )
