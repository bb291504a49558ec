"""Random lives of a lab's calendar on both databases: hours, closures, blocks, sheets, drags and moves in any order.

Whatever happens, nothing is taken outside the hours of that moment or over another, availability is what a naive grid
of minutes says, and the bars of the grid are the holdings.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from labshare.booking import services
from labshare.booking.models import Booking, Charge, Closure, Holding, OpeningWeek, Proposal, SheetImport, WantedBlock
from labshare.booking.queries.slots import availability
from labshare.booking.services.sheets import import_sheets, undo_import
from labshare.booking.terms import HoldingKind, ProposalState
from labshare.catalogue.models import Instrument
from labshare.catalogue.terms import SheetKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import Problem
from labshare.kernel.opening import day_text
from labshare.kernel.time import MINUTE
from labshare.web.lab.timetable import calendar_data
from tests import factories
from tests.booking.conftest import House, make_house
from tests.catalogue.test_sheets import sheet
from tests.conftest import SHANGHAI, Clock
from tests.signing import sign_in

CLEAN_UP = 20
FIRST = date(2026, 11, 25)
DAYS = 5
MIDNIGHT = datetime(2026, 11, 24, 16, tzinfo=UTC)
"""Of the first day, in Shanghai."""
ALWAYS = date(2000, 1, 1)

OPEN = ((480, 1020),)
days = st.sampled_from(
    [(), OPEN, OPEN, ((540, 720), (780, 1020)), ((540, 720), (780, 1020)), ((1320, 1800),), ((0, 1440),)]
)
weeks = st.lists(days, min_size=7, max_size=7).map(tuple)
ahead = st.integers(0, DAYS - 1)
starts = st.tuples(
    st.integers(0, DAYS - 1), st.sampled_from([0, 420, 540, 540, 570, 600, 780, 780, 870, 900, 960, 1380])
)
"""Day from the first, minutes after its midnight."""
machines = st.integers(0, 1)
chosen = st.integers(0, 30)


def moment(when: tuple[int, int]) -> datetime:
    return MIDNIGHT + timedelta(days=when[0], minutes=when[1])


class Life(RuleBasedStateMachine):
    """A lab with two instruments, of two units and of one, and a client. Time stands still on the evening before."""

    house: House
    instruments: list[int]
    numbers: list[str]
    clock: Clock
    browser: FlaskClient
    renew: Callable[[], None]

    def __init__(self) -> None:
        super().__init__()
        type(self).renew()

    # -- helpers

    def do(self, service: Callable[..., Any], actor: Actor | None = None, **given: Any) -> Any:
        """The result; None where it is refused, which leaves every holding as it was."""
        before = held()
        try:
            with transaction():
                return service(actor=actor or self.house.manager, now=self.clock.now, **given)
        except Problem as problem:
            db.session.rollback()
            assert held() == before, f"{problem.code} left a trace"
        return None

    def one(self, number: int, column: Any, *where: Any) -> Any:
        db.session.rollback()
        found = db.session.scalars(select(column).where(*where).order_by(column)).all()
        return found[number % len(found)] if found else None

    def booking(self, number: int) -> Booking | None:
        found: Booking | None = self.one(number, Booking.id)
        return db.session.get(Booking, found) if found else None

    def allowed(self, instrument_id: int, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether every minute is open, by the grid."""
        grid = self.grid(instrument_id)
        return all(minute in grid for minute in range((starts_at - MIDNIGHT) // MINUTE, (ends_at - MIDNIGHT) // MINUTE))

    def grid(self, instrument_id: int) -> dict[int, int]:
        """The open minutes after `MIDNIGHT`, with the units that are free, from the rows of the tables."""
        db.session.rollback()
        rows = db.session.scalars(select(OpeningWeek).where(OpeningWeek.lab_id == self.house.lab.id)).all()
        units = 2 if instrument_id == self.instruments[0] else 1
        grid: dict[int, int] = {}
        for n in range(-2, DAYS):
            day = FIRST + timedelta(days=n)
            week = _in_force(rows, day, instrument_id) or _in_force(rows, day, None) or ((),) * 7
            for opens, closes in week[day.weekday()]:
                grid |= dict.fromkeys(range(n * 1440 + opens, n * 1440 + closes), units)
        for starts_at, ends_at in db.session.execute(select(Closure.starts_at, Closure.ends_at)):
            for minute in _minutes(starts_at, ends_at):
                grid.pop(minute, None)
        taken = select(Holding.starts_at, Holding.ends_at).where(Holding.instrument_id == instrument_id)
        for starts_at, ends_at in db.session.execute(taken):  # time stands still: none has lapsed
            for minute in _minutes(starts_at, ends_at):
                if minute in grid:
                    grid[minute] -= 1
        return grid

    # -- hours, closures, sheets

    @rule(week=weeks, since=ahead, which=st.none() | machines, how=st.sampled_from(["form", "sheet", "as the lab"]))
    def hours(self, week: Any, since: int, which: int | None, how: str) -> None:
        day = FIRST + timedelta(days=since)
        if how == "sheet":
            row = {"inner_id": "" if which is None else self.numbers[which], "valid_from": str(day)}
            row |= {f"day{n}": day_text(spans) for n, spans in enumerate(week, start=1)}
            self.do(import_sheets, lab_id=self.house.lab.id, sheets=[sheet(SheetKind.HOURS, row)], name="hours.csv")
            return
        self.do(
            services.set_opening_hours,
            lab_id=self.house.lab.id,
            weekly=week if which is None or how == "form" else None,
            instrument_id=None if which is None else self.instruments[which],
            valid_from=day,
        )

    @rule(when=starts, length=st.sampled_from([45, 300, 2000]), which=machines, twice=st.booleans())
    def booked_before(self, when: tuple[int, int], length: int, which: int, twice: bool) -> None:
        """What clients had booked before the lab was here, one row or two of the same time."""
        span = {"starts_at": moment(when), "ends_at": moment(when) + length * MINUTE}
        row = {name: f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for name, at in span.items()}
        row |= {"inner_id": self.numbers[which], "test": "盐雾试验"}
        rows = [{**row, "client": client} for client in ("新光机械厂", "天姥五金厂")[: 1 + twice]]
        self.do(import_sheets, lab_id=self.house.lab.id, sheets=[sheet(SheetKind.BOOKINGS, *rows)], name="before.csv")

    @rule(what=st.sampled_from(["hours", "sheet", "closure", "block"]), number=chosen)
    def taken_back(self, what: str, number: int) -> None:
        column, service, name = {
            "hours": (OpeningWeek.id, services.drop_opening_hours, "week_id"),
            "sheet": (SheetImport.id, undo_import, "import_id"),
            "closure": (Closure.id, services.remove_closure, "closure_id"),
            "block": (WantedBlock.id, services.unblock, "block_id"),
        }[what]
        where = (OpeningWeek.valid_from > FIRST,) if what == "hours" else ()
        if found := self.one(number, column, *where):
            self.do(service, **{name: found})

    @rule(when=starts, length=st.sampled_from([30, 240]))
    def closed(self, when: tuple[int, int], length: int) -> None:
        given = {"starts_at": moment(when), "ends_at": moment(when) + length * MINUTE}
        self.do(services.add_closure, lab_id=self.house.lab.id, reason="停电", **given)

    # -- blocks

    @rule(when=starts, length=st.sampled_from([45, 300, 2000]), which=machines)
    def block(self, when: tuple[int, int], length: int, which: int) -> None:
        span = {"starts_at": moment(when), "ends_at": moment(when) + length * MINUTE}
        self.do(services.block, instrument_id=self.instruments[which], kind=HoldingKind.MAINTENANCE, **span)

    @rule(number=chosen, when=starts, length=st.sampled_from([45, 300]))
    def block_dragged(self, number: int, when: tuple[int, int], length: int) -> None:
        if block := self.one(number, WantedBlock.id):
            span = {"starts_at": moment(when), "ends_at": moment(when) + length * MINUTE}
            self.do(services.change_block, block_id=block, **span)

    # -- bookings

    @rule(when=starts, quantity=st.integers(1, 3), which=st.none() | machines)
    def book(self, when: tuple[int, int], quantity: int, which: int | None) -> None:
        made = self.do(
            services.book,
            self.house.client,
            test_item_id=self.house.item.id,
            quantity=quantity,
            starts_at=moment(when),
            instrument_id=None if which is None else self.instruments[which],
        )
        if made is not None:
            assert self.allowed(made.instrument_id, made.starts_at, made.ends_at)

    @precondition(lambda self: self.booking(0) is not None)
    @rule(number=chosen, when=starts)
    def moved(self, number: int, when: tuple[int, int]) -> None:
        booking = self.booking(number)
        moved = self.do(services.reschedule, self.house.client, ref=booking.ref, starts_at=moment(when))
        if moved is not None:
            assert self.allowed(moved.instrument_id, moved.starts_at, moved.ends_at)

    @precondition(lambda self: self.booking(0) is not None)
    @rule(number=chosen, when=st.none() | starts, which=machines, unit=st.none() | st.integers(1, 2))
    def dragged(self, number: int, when: tuple[int, int] | None, which: int, unit: int | None) -> None:
        """As the grid's script sends it, with the last click; in time, to another instrument, or to another unit."""
        booking = self.booking(number)
        to = {"starts_at": booking.starts_at, "instrument": booking.instrument_id}
        if when is not None:
            to = {"starts_at": moment(when), "instrument": self.instruments[which]}
        sent = {"starts_at": to["starts_at"].isoformat(), "instrument": to["instrument"], "unit": unit or ""}
        before = held()
        answer = self.browser.post(
            f"/lab/bookings/{booking.ref}/drop", data={**sent, "sure": "1", "reason": "设备保养"}
        )
        if answer.status_code != 200:
            assert answer.status_code in (403, 409, 422)
            assert held() == before
            return
        length = booking.ends_at - booking.starts_at
        assert "done" in answer.json
        if when is not None:
            assert self.allowed(to["instrument"], to["starts_at"], to["starts_at"] + length)

    @rule(number=chosen, accept=st.sampled_from([True, True, False]))
    def answered(self, number: int, accept: bool) -> None:
        if proposal := self.one(number, Proposal.id, Proposal.state == ProposalState.OPEN):
            answer = services.accept_proposal if accept else services.decline_proposal
            of = db.session.get_one(Proposal, proposal).booking_id
            ref = db.session.get_one(Booking, of).ref
            self.do(answer, self.house.client, ref=ref, proposal_id=proposal)

    @precondition(lambda self: self.booking(0) is not None)
    @rule(number=chosen)
    def cancelled(self, number: int) -> None:
        self.do(services.cancel, self.house.client, ref=self.booking(number).ref, reason="x")

    # -- what is always true

    @invariant()
    def nothing_lies_over_another(self) -> None:
        last: dict[tuple[int, int], datetime] = {}
        for _id, instrument_id, unit, starts_at, ends_at in sorted(held(), key=lambda row: row[1:4]):
            assert last.get((instrument_id, unit), starts_at) <= starts_at
            last[instrument_id, unit] = ends_at

    @invariant()
    def availability_is_the_grid(self) -> None:
        for instrument_id in self.instruments:
            grid = self.grid(instrument_id)
            instrument = db.session.get_one(Instrument, instrument_id)
            free = availability(instrument, MIDNIGHT, MIDNIGHT + timedelta(days=DAYS), now=self.clock.now)
            shown = {minute: one.units_free for one in free for minute in _minutes(one.starts_at, one.ends_at)}
            assert shown == {minute: units for minute, units in grid.items() if 0 <= minute < DAYS * 1440}

    @invariant()
    def bars_are_the_holdings(self) -> None:
        """To the minute: unit, beginning, end with the clean-up."""
        db.session.rollback()
        data = calendar_data(self.house.lab, FIRST, DAYS + 2, self.clock.now)
        columns = {name: place for place, name in enumerate(data["columns"])}
        units = [(self.instruments[0], 1), (self.instruments[0], 2), (self.instruments[1], 1)]
        bars = {
            (*units[event[columns["resource"]]], event[columns["start"]], event[columns["free"]])
            for event in data["events"]
        }
        assert bars == {
            (instrument_id, unit, (starts_at - MIDNIGHT) // MINUTE, (ends_at - MIDNIGHT) // MINUTE)
            for _id, instrument_id, unit, starts_at, ends_at in held()
            if starts_at < MIDNIGHT + timedelta(days=DAYS + 2)
        }


def held() -> list[tuple[Any, ...]]:
    db.session.rollback()
    columns = (Holding.id, Holding.instrument_id, Holding.unit, Holding.starts_at, Holding.ends_at)
    return [tuple(row) for row in db.session.execute(select(*columns).order_by(Holding.id))]


def _in_force(rows: Any, day: date, instrument_id: int | None) -> Any:
    known = [row for row in rows if row.instrument_id == instrument_id and row.valid_from <= day]
    return max(known, key=lambda row: row.valid_from).weekly if known else None


def _minutes(starts_at: datetime, ends_at: datetime) -> Iterator[int]:
    yield from range((starts_at - MIDNIGHT) // MINUTE, (ends_at - MIDNIGHT) // MINUTE)


@pytest.mark.timeout(600)
def test_whatever_is_done_to_the_calendar(app: Flask, client: FlaskClient, clock: Clock) -> None:
    # R-TIME-2, R-TIME-3, R-TIME-17, R-BOOKING-1
    clock.set(MIDNIGHT - timedelta(hours=2))
    house = make_house(clock, units=2, setup_minutes=0, cleanup_minutes=CLEAN_UP)
    with transaction():
        other = factories.instrument(house.lab, units=1)
        house.item.instruments = [house.instrument, other]
        ids, numbers = [house.instrument.id, other.id], [house.instrument.inner_id, other.inner_id]
        person = db.session.get_one(factories.Person, house.manager.person_id)
    sign_in(client, person, house.lab.firm)

    def renew() -> None:
        """One life knows nothing of another."""
        db.session.remove()
        with db.engine.begin() as connection:
            for table in (Holding, WantedBlock, Proposal, Charge, Closure, SheetImport, Booking):
                connection.execute(delete(table.__table__))
            connection.execute(delete(OpeningWeek.__table__).where(OpeningWeek.valid_from > ALWAYS))

    life = {
        "house": house,
        "instruments": ids,
        "numbers": numbers,
        "clock": clock,
        "browser": client,
        "renew": staticmethod(renew),
    }
    run_state_machine_as_test(
        type("LifeHere", (Life,), life),
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            database=None,
            derandomize=True,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
