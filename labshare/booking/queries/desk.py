"""What a lab's desk shows: requests to answer, the calendar of its instruments, closures ahead."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import starmap
from typing import Any, NamedTuple

from sqlalchemy import Integer, Row, Select, String, and_, case, cast, func, null, or_, select
from sqlalchemy.orm import aliased, joinedload

from labshare.booking.models import Booking, Closure, ForClient, Holding, OpeningWeek, WantedBlock, WorkingYear
from labshare.booking.queries.bookings import with_booker
from labshare.booking.queries.loading import holdings_in_window, holds_from_before, note_of_holding
from labshare.booking.terms import BookingState, HoldingKind
from labshare.catalogue.models import Instrument, InstrumentUnit, TestItem
from labshare.catalogue.terms import LifeState
from labshare.kernel.database import UtcDateTime, db
from labshare.kernel.errors import NotFound
from labshare.kernel.money import Fen
from labshare.kernel.time import Minutes
from labshare.organisations.models import Firm


def requests_of(lab_ids: Sequence[int]) -> list[Booking]:
    """Requests to answer, the one that lapses first first, with client, test item, instrument and lab."""
    return list(
        db.session.scalars(
            select(Booking)
            .where(Booking.lab_id.in_(lab_ids), Booking.unanswered)
            .options(
                joinedload(Booking.client),
                joinedload(Booking.test_item),
                joinedload(Booking.instrument),
                joinedload(Booking.lab),
                with_booker(),
            )
            .order_by(Booking.answer_by, Booking.id)
        )
    )


@dataclass(frozen=True, kw_only=True)
class PastWithLab:
    """What a client has had done at a lab."""

    bookings: int
    late_samples: int
    """Bookings whose samples came after the start, or never."""
    unpaid_fen: Fen
    """Invoiced and not paid."""


@dataclass(frozen=True, kw_only=True)
class OtherWish:
    """Who else wants the instrument at the time of a request."""

    ref: str | None
    """Of another request; none where the lab wants the time for itself."""
    kind: HoldingKind | None
    """Of the lab's own block."""
    starts_at: datetime
    ends_at: datetime


@dataclass
class AboutRequest:
    """What a request is judged by, beside itself."""

    past: PastWithLab | None = None
    """None of a new client."""
    wishes: list[OtherWish] = field(default_factory=list)
    """Other requests for the instrument at the time, on its other units, and blocks that the lab wants to grow into
    it."""


def about_requests(asked: Iterable[Booking]) -> dict[int, AboutRequest]:
    """Of each request, by its id, its client's past with the lab and who else wants its time. One statement."""
    found = {one.id: AboutRequest() for one in asked}
    if not found:
        return found
    other, past = aliased(Booking), aliased(Booking)
    no_text, no_moment, no_number = cast(null(), String), cast(null(), UtcDateTime), cast(null(), Integer)
    these = Booking.id.in_(found)
    requests = (
        select(
            *(Booking.id, other.ref, no_text.label("kind"), other.starts_at, other.ends_at),
            *(no_number.label(name) for name in ("bookings", "late", "unpaid")),
        )
        .join(other, other.instrument_id == Booking.instrument_id)
        .where(these, other.id != Booking.id, other.unanswered)
        .where(other.starts_at < Booking.ends_at, other.ends_at > Booking.starts_at)
    )
    blocks = (
        select(
            *(Booking.id, no_text, WantedBlock.kind, WantedBlock.starts_at, WantedBlock.ends_at),
            *(no_number, no_number, no_number),
        )
        .join(WantedBlock, WantedBlock.instrument_id == Booking.instrument_id)
        .where(these, WantedBlock.incomplete)
        .where(WantedBlock.starts_at < Booking.ends_at, WantedBlock.ends_at > Booking.starts_at)
    )
    late = or_(past.received_at > past.starts_at, past.state == BookingState.NO_SHOW)
    # found by the client alone (`+ 0`): a lab has more bookings than a client
    its_past = and_(past.client_firm_id == Booking.client_firm_id, past.lab_id + 0 == Booking.lab_id)
    before = (
        select(
            *(Booking.id, no_text, no_text, no_moment, no_moment, func.count()),
            func.sum(case((late, 1), else_=0)),
            func.sum(case((past.owes, past.invoiced_fen - past.paid_fen), else_=0)),
        )
        .join(past, its_past)
        .where(these, past.id != Booking.id, past.state.in_(BookingState.took_time()))
        .group_by(Booking.id)
    )
    for row in db.session.execute(requests.union_all(blocks, before)):
        about = found[row.id]
        if row.bookings is None:
            wish = OtherWish(
                ref=row.ref, kind=HoldingKind.known(row.kind), starts_at=row.starts_at, ends_at=row.ends_at
            )
            about.wishes.append(wish)
        else:
            about.past = PastWithLab(bookings=row.bookings, late_samples=int(row.late), unpaid_fen=Fen(int(row.unpaid)))
    return found


def year_confirmed(year: int) -> Select[Any]:
    """1 where the table of working days covers the year, as a select."""
    return select(func.count()).where(WorkingYear.year == year, WorkingYear.confirmed)


def units_of_lab(*, lab_id: int, instrument_id: int | None = None) -> Sequence[Row[tuple[Instrument, int]]]:
    """(instrument, unit) of the lab's instruments that are not withdrawn, or of one of them. One statement."""
    units = (
        select(Instrument, InstrumentUnit.unit)
        .join(InstrumentUnit, InstrumentUnit.instrument_id == Instrument.id)
        .where(Instrument.lab_id == lab_id, Instrument.state != LifeState.WITHDRAWN)
        .order_by(Instrument.id, InstrumentUnit.unit)
    )
    if instrument_id:
        units = units.where(Instrument.id == instrument_id)
    return db.session.execute(units).all()


class Held(NamedTuple):
    """What holds a unit of an instrument from `starts_at` to `ends_at`, and the booking it belongs to, if any."""

    instrument_id: int
    unit: int
    kind: str
    block: str | None
    note: str | None
    """Of a booking from before its client and test."""
    starts_at: datetime
    ends_at: datetime
    ref: str | None
    state: str | None
    planned: datetime | None
    """When the work of the booking ends, as planned; then the clean-up begins."""
    cleanup_minutes: Minutes | None
    made_id: int | None
    """Of what is held for a client who telephoned."""
    client_firm_id: int | None
    """Negative of one that is not registered yet."""
    test_item_id: int | None
    client: str | None
    client_en: str | None
    item: str | None
    item_en: str | None

    @property
    def work_ends_at(self) -> datetime:
        """Of a booking, also of one that its client has still to accept, where the clean-up begins; else its end. A
        test that takes longer than planned lengthens its holding: the work with it."""
        if self.planned is None or (self.kind != HoldingKind.BOOKING and self.made_id is None):
            return self.ends_at
        ends_at = self.planned
        if self.state in _RUNNING:
            ends_at = max(ends_at, self.ends_at - timedelta(minutes=self.cleanup_minutes or 0))
        return min(max(ends_at, self.starts_at), self.ends_at)


_RUNNING = BookingState.running()


def held_between(instrument_ids: Collection[int], since: datetime, until: datetime, *, now: datetime) -> list[Held]:
    """Holdings that count at `now` and meet `[since, until)`, by start, with the booking, or what was made for a client
    who telephoned, that each belongs to. One statement."""
    held = (
        holdings_in_window(
            Holding.instrument_id,
            Holding.unit,
            Holding.kind,
            Holding.block,
            note_of_holding(),
            Holding.starts_at,
            Holding.ends_at,
            Booking.ref,
            Booking.state,
            func.coalesce(Booking.ends_at, ForClient.ends_at),
            Booking.cleanup_minutes,
            ForClient.id,
            func.coalesce(Booking.client_firm_id, ForClient.client_firm_id, -ForClient.id),
            func.coalesce(Booking.test_item_id, ForClient.test_item_id),
            func.coalesce(Firm.name, ForClient.firm_name),
            Firm.name_en,
            TestItem.name,
            TestItem.name_en,
        )
        .outerjoin(WantedBlock, holds_from_before())
        .outerjoin(Booking, Booking.id == Holding.booking_id)
        .outerjoin(ForClient, and_(ForClient.holding_id == Holding.id, ForClient.open_at(now)))
        .outerjoin(Firm, Firm.id == func.coalesce(Booking.client_firm_id, ForClient.client_firm_id))
        .outerjoin(TestItem, TestItem.id == func.coalesce(Booking.test_item_id, ForClient.test_item_id))
        .where(Holding.counts_at(now))
        .order_by(Holding.starts_at)
    )
    asked = {"instrument_ids": instrument_ids, "since": since, "until": until}
    return list(starmap(Held, db.session.execute(held, asked)))


def expiring(lab_id: int, now: datetime) -> tuple[int, int]:
    """How many holdings of the lab's instruments end by themselves if nothing is done, and the newest one's number:
    what changes without an event when one lapses, or while a client books. One statement."""
    held = (
        select(func.count(), func.max(Holding.id))
        .join(Instrument, Instrument.id == Holding.instrument_id)
        .where(Instrument.lab_id == lab_id, Holding.lapses, Holding.counts_at(now))
    )
    count, newest = db.session.execute(held).one()
    return count, newest or 0


def spans_of_block(block_id: str, firm_id: int | None) -> Sequence[Row[tuple[Holding, Instrument]]]:
    """What a block of one of the firm's labs took, by unit and start, each with its instrument and lab."""
    return db.session.execute(
        select(Holding, Instrument)
        .join(Instrument, Instrument.id == Holding.instrument_id)
        .where(Holding.block == block_id, Instrument.lab.has(firm_id=firm_id))
        .options(joinedload(Instrument.lab))
        .order_by(Holding.unit, Holding.starts_at)
    ).all()


def wanted_block(block_id: str, firm_id: int | None) -> Row[tuple[WantedBlock, Instrument]] | None:
    """A block of one of the firm's labs as it is wanted, with its instrument and lab."""
    return db.session.execute(
        select(WantedBlock, Instrument)
        .join(Instrument, Instrument.id == WantedBlock.instrument_id)
        .where(WantedBlock.id == block_id, Instrument.lab.has(firm_id=firm_id))
        .options(joinedload(Instrument.lab))
    ).first()


def closures_ahead(lab_ids: Collection[int], now: datetime) -> Sequence[Closure]:
    """Closures of these labs that are not over, by start."""
    return db.session.scalars(
        select(Closure).where(Closure.lab_id.in_(lab_ids), Closure.ends_at > now).order_by(Closure.starts_at)
    ).all()


def opening_weeks(lab_ids: Collection[int]) -> Sequence[OpeningWeek]:
    """The weeks of these labs and of their instruments, by the day from which each holds. One statement."""
    return db.session.scalars(
        select(OpeningWeek)
        .where(OpeningWeek.lab_id.in_(lab_ids))
        .options(joinedload(OpeningWeek.instrument))
        .order_by(OpeningWeek.valid_from, OpeningWeek.id)
    ).all()


def lab_of_week(week_id: int) -> int:
    """The id of the lab whose hours these are. Raises `NotFound`."""
    week = db.session.get(OpeningWeek, week_id)
    if week is None:
        raise NotFound
    return week.lab_id


def lab_of_closure(closure_id: int) -> int:
    """The id of the lab that is closed then. Raises `NotFound`."""
    closure = db.session.get(Closure, closure_id)
    if closure is None:
        raise NotFound
    return closure.lab_id
