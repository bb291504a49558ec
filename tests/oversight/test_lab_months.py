"""What is kept of months never shows: figures are those of a recount after every step, whoever changed what, and
whenever the job last ran; a false sum is found by the check."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, func, select, text, update

from labshare.booking import services as booking
from labshare.booking.models import Booking, Holding
from labshare.booking.terms import BookingState
from labshare.jobs.table import JOBS
from labshare.kernel.database import db, transaction
from labshare.kernel.earlier_writers import earlier_writers_done
from labshare.kernel.errors import Problem
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.oversight.checks.months import open_time_of_months, sums_of_months
from labshare.oversight.dashboard import dashboard
from labshare.oversight.lab_months import pending
from labshare.oversight.models import KeptMonth, LabMonth, StaleMonth, UsageMonth
from labshare.oversight.public import figures_by_month, public_figures
from labshare.oversight.queries import usage_report
from labshare.oversight.services import keep_months, watch_months
from labshare.oversight.statistics import ANYONE
from labshare.oversight.terms import UsageBy
from labshare.settlement import services as settlement
from labshare.settlement.models import Report, StoredFile
from labshare.settlement.services.ledger import refresh
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import Clock, TestDatabase
from tests.oversight.test_one_definition import OCTOBER, world  # noqa: F401 - a fixture
from tests.rewards.world import add_revenue

KEEP = next(job for job in JOBS if job.name == "oversight.months")


def answers(now: datetime) -> dict[str, Any]:
    """Every figure that reads what is kept, of half a year, the month to come included."""
    present = Month.at(now)
    first, last = present.plus(-4), present.next
    reports = {by: usage_report(ANYONE, by, first, last, now) for by in UsageBy}
    shown = dashboard(ANYONE, first, last, now)
    return {
        **{by: (report.rows, report.total) for by, report in reports.items()},
        "overview": (shown.revenue, shown.totals, shown.groups),
        "public": (public_figures(local_day(now)), figures_by_month(local_day(now))),
    }


@contextmanager
def nothing_stored() -> Iterator[None]:
    """Within it every figure is counted anew."""
    db.session.rollback()
    db.session.execute(delete(LabMonth))
    yield
    db.session.rollback()
    db.session.expire_all()


def check_figures(now: datetime) -> None:
    shown = answers(now)
    with nothing_stored():
        assert answers(now) == shown
    assert [*sums_of_months(now), *open_time_of_months(now)] == []
    db.session.rollback()


def keep(now: datetime, at_once: int = 100) -> None:
    with transaction():
        watch_months(now=now)
    with transaction(reads_first=True):
        keep_months(now=now, at_once=at_once)


days = st.integers(-70, 20)
"""From the present one."""
some = st.integers(0, 30)


class Months(RuleBasedStateMachine):
    """A lab over several months: work, papers, blocks and hours, late ones too, the scheduler now and then."""

    house: House
    clock: Clock
    renew: Callable[[], None]

    def __init__(self) -> None:
        super().__init__()
        type(self).renew()

    def do(self, service: Callable[..., Any], actor: Any, **given: Any) -> None:
        try:
            with transaction():
                service(actor=actor, now=self.clock.now, **given)
        except Problem:
            pass

    def moment(self, day: int, hour: int = 10) -> datetime:
        local = (self.clock.now + timedelta(days=day)).astimezone(Clock.zone)
        return local.replace(hour=hour, minute=0, second=0, microsecond=0)

    def one(self, number: int, *states: str) -> str:
        db.session.rollback()
        query = select(Booking.ref).order_by(Booking.id)
        refs = db.session.scalars(query.where(Booking.state.in_(states)) if states else query).all()
        return refs[number % len(refs)] if refs else "B-0"

    @rule(day=st.integers(1, 20), hour=st.integers(9, 15), own=st.booleans(), quantity=st.integers(1, 2))
    def book(self, day: int, hour: int, own: bool, quantity: int) -> None:
        self.do(
            booking.book,
            self.house.manager if own else self.house.client,
            test_item_id=self.house.item.id,
            quantity=quantity,
            starts_at=self.moment(day, hour),
        )

    @rule(number=some, days=st.sampled_from([0, 0, 3, 20]), late=st.booleans())
    def work(self, number: int, days: int, late: bool) -> None:
        """The whole test, from its start on, finished days later."""
        ref = self.one(number, BookingState.REQUESTED, BookingState.CONFIRMED)
        found = db.session.scalar(select(Booking).where(Booking.ref == ref))
        if found is None:
            return
        self.do(booking.confirm, self.house.manager, ref=ref)
        self.clock.set(max(self.clock.now, found.starts_at))
        self.do(booking.receive, self.house.manager, ref=ref, samples=found.quantity)
        self.do(booking.start, self.house.manager, ref=ref)
        self.clock.advance(days=days, minutes=50)
        finished = self.clock.now
        self.clock.advance(days=25 if late else 0)
        self.do(booking.finish, self.house.manager, ref=ref, at=finished, machine_minutes=number or None)

    @rule(number=some)
    def no_show(self, number: int) -> None:
        self.do(booking.no_show, self.house.manager, ref=self.one(number, BookingState.CONFIRMED))

    @rule(number=some)
    def cancel(self, number: int) -> None:
        self.do(booking.cancel, self.house.manager, ref=self.one(number), reason="故障")

    @rule(number=some, ago=st.integers(0, 60))
    def report(self, number: int, ago: int) -> None:
        ref = self.one(number, *BookingState.tested_or_later())
        with transaction():
            found = db.session.scalar(select(Booking).where(Booking.ref == ref))
            if found is None or found.finished_on is None:
                return
            file = factories.add(
                StoredFile(sha256="0" * 64, name="r.pdf", content_type="x", size=1, uploaded_at=self.clock.now)
            )
            issued_on = max(found.finished_on, local_day(self.clock.now) - timedelta(days=ago))
            factories.add(
                Report(
                    booking_id=found.id,
                    lab_id=found.lab_id,
                    number=f"R-{file.id}",
                    issued_on=issued_on,
                    file_id=file.id,
                    recorded_at=self.clock.now,
                )
            )
            refresh(found, actor=self.house.manager, now=self.clock.now)

    @rule(number=some, ago=st.integers(0, 60), paid=st.booleans())
    def invoice_and_payment(self, number: int, ago: int, paid: bool) -> None:
        ref, day = self.one(number, *BookingState.tested_or_later()), local_day(self.clock.now) - timedelta(days=ago)
        count = next(factories._count)
        money = {"ref": ref, "amount_fen": 5_000}
        self.do(
            settlement.record_invoice, self.house.manager, number=f"2633{count:016d}", issued_on=day, tax_fen=0, **money
        )
        if paid:
            payer = {"paid_on": day, "reference": f"P{count}", "payer_uscc": self.client_uscc}
            self.do(settlement.record_payment, self.house.manager, **money, **payer)

    client_uscc: str

    @rule(number=some, by=st.integers(-40, 40))
    def somebody_writes_by_hand(self, number: int, by: int) -> None:
        """What no verb does: a finish is moved, another instrument named."""
        ref = self.one(number, *BookingState.tested_or_later())
        with transaction():
            found = db.session.scalar(select(Booking).where(Booking.ref == ref))
            if found is not None and found.finished_at is not None and found.started_at is not None:
                found.finished_at = max(found.started_at, found.finished_at + timedelta(days=by))
                found.finished_on = local_day(found.finished_at)
                found.instrument_id = self.other_id
                found.client_size = ("micro", "large", None)[number % 3]

    other_id: int

    @rule(
        day=days,
        hours=st.sampled_from([2, 5, 60, 24 * 40]),
        kind=st.sampled_from(["in_house", "maintenance", "training"]),
    )
    def block(self, day: int, hours: int, kind: str) -> None:
        begin = self.moment(day)
        given = {"instrument_id": self.house.instrument.id, "kind": kind, "starts_at": begin}
        self.do(booking.block, self.house.manager, ends_at=begin + timedelta(hours=hours), **given)

    @rule(number=some)
    def unblock(self, number: int) -> None:
        db.session.rollback()
        blocks = db.session.scalars(select(Holding.block).where(Holding.block.is_not(None)).distinct()).all()
        if blocks:
            self.do(booking.unblock, self.house.manager, block_id=sorted(blocks)[number % len(blocks)])

    @rule(day=days, length=st.integers(1, 40))
    def closure(self, day: int, length: int) -> None:
        begin = self.moment(day)
        given = {"starts_at": begin, "ends_at": begin + timedelta(days=length), "reason": "检修"}
        self.do(booking.add_closure, self.house.manager, lab_id=self.house.lab.id, **given)

    @rule(opens=st.integers(0, 12), night=st.booleans())
    def hours(self, opens: int, night: bool) -> None:
        day = ((opens * 60, 1800 if night else 1080),)
        weekly = tuple(day if number % 2 == 0 else () for number in range(7))
        self.do(booking.set_opening_hours, self.house.manager, lab_id=self.house.lab.id, weekly=weekly)

    @rule(day=days, kind=st.sampled_from(["holiday", "make_up", None]))
    def working_day(self, day: int, kind: str | None) -> None:
        self.do(booking.set_working_day, self.admin, day=local_day(self.moment(day)), kind=kind)

    admin: Any

    @rule(days=st.sampled_from([1, 10, 31]))
    def time_passes(self, days: int) -> None:
        self.clock.advance(days=days)

    @rule(at_once=st.sampled_from([1, 2, 100]))
    def scheduler(self, at_once: int) -> None:
        keep(self.clock.now, at_once)

    @rule()
    def another_lab(self) -> None:
        with transaction():
            factories.instrument(factories.lab())

    @invariant()
    def figures_are_those_of_a_recount(self) -> None:
        check_figures(self.clock.now)


@pytest.mark.timeout(900)
def test_random_months(app: Flask, clock: Clock, database: TestDatabase) -> None:  # R-USAGE-5
    def renew() -> None:
        db.session.remove()
        db.engine.dispose()
        database.renew()
        clock.set("2026-11-24 10:00")
        Months.house = make_house(clock, lab={"automatic_confirmation": True}, units=2, setup_minutes=0)
        with transaction():
            other = factories.instrument(Months.house.lab)
            Months.other_id = other.id
            Months.client_uscc = db.session.get_one(factories.Firm, Months.house.client.firm_id).uscc
            Months.admin = factories.actor(factories.regulator("admin"), None, "admin")
            for year in (2025, 2027):
                factories.working_year(year)
        keep(clock.now)

    Months.clock, Months.renew = clock, staticmethod(renew)  # type: ignore[assignment]
    run_state_machine_as_test(
        Months,
        settings=settings(
            max_examples=6 if database.engine == "sqlite" else 2,  # there each recount takes four times as long
            stateful_step_count=20,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


# -- a small world, each property by itself


@pytest.fixture
def kept(world: Any, clock: Clock) -> Any:  # noqa: F811
    keep(clock.now)
    assert db.session.scalar(select(func.count()).select_from(UsageMonth))
    db.session.rollback()
    return world


def counted(kind: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(kind)) or 0


def test_the_job_counts_what_is_over_and_then_has_nothing_to_do(world: Any, clock: Clock) -> None:  # noqa: F811
    assert KEEP.work(clock.now) == "9 counted", "three labs: September, October, and November's open time"
    assert KEEP.work(clock.now) == "0 counted"
    months = db.session.execute(select(KeptMonth.month, KeptMonth.over).order_by(KeptMonth.month)).all()
    assert [tuple(row) for row in months] == [("2026-09", True), ("2026-10", True), ("2026-11", False)]
    assert set(db.session.scalars(select(UsageMonth.month))) == {"2026-09", "2026-10"}
    check_figures(clock.now)
    assert KEEP.work(clock.set("2026-12-01 00:05")) == "6 counted", "November's work, December's open time"
    check_figures(clock.now)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE usage_month SET tests = tests + 1",
        "DELETE FROM client_month",
        "UPDATE lab_month SET open_minutes = 0",
        "UPDATE lab_month SET tests = tests + 1",
        "UPDATE instrument_month SET blocked_minutes = 0",
    ],
)
def test_what_is_kept_is_read_and_a_false_sum_is_found(kept: Any, clock: Clock, change: str) -> None:
    with transaction():
        factories.add(
            Holding(
                instrument_id=kept.instruments[kept.labs[0].id][0].id,
                unit=1,
                kind="maintenance",
                starts_at=clock.at("2026-10-08 09:00"),
                ends_at=clock.at("2026-10-08 11:00"),
                created_at=clock.now,
            )
        )
    keep(clock.now)
    before = [usage_report(ANYONE, by, OCTOBER, OCTOBER, clock.now).rows for by in UsageBy]
    with db.engine.begin() as connection:
        connection.execute(text(f"{change} WHERE month = '2026-10'"))
    db.session.rollback()
    assert [usage_report(ANYONE, by, OCTOBER, OCTOBER, clock.now).rows for by in UsageBy] != before
    found = [subject for subject, _detail in (*sums_of_months(clock.now), *open_time_of_months(clock.now))]
    assert found
    assert all(subject.endswith(", 2026-10") for subject in found)


def test_a_late_paper_is_in_the_figures_at_once_and_counted_by_the_next_run(kept: Any, clock: Clock) -> None:
    before = usage_report(ANYONE, UsageBy.LAB, OCTOBER, OCTOBER, clock.now).total.recognised_fen
    with transaction():
        add_revenue(kept.bookings[0], "2026-10", 777)
    assert counted(StaleMonth) == 1
    assert usage_report(ANYONE, UsageBy.LAB, OCTOBER, OCTOBER, clock.now).total.recognised_fen == before + 777
    assert KEEP.work(clock.now) == "1 counted"
    assert counted(StaleMonth) == 0
    assert usage_report(ANYONE, UsageBy.LAB, OCTOBER, OCTOBER, clock.now).total.recognised_fen == before + 777


def test_the_work_of_today_marks_nothing(kept: Any, clock: Clock) -> None:
    with transaction():
        one = kept.bookings[-1]
        one.starts_at = one.ends_at = one.started_at = one.finished_at = clock.now
        db.session.flush()
        db.session.execute(delete(StaleMonth))
        one.machine_minutes = 5
        add_revenue(one, "2026-11", 5)
    assert counted(StaleMonth) == 0


def test_in_house_use_of_a_past_month_counts_once_it_is_over(kept: Any, clock: Clock) -> None:
    lab = kept.labs[0]
    with transaction():
        factories.add(
            Holding(
                instrument_id=kept.instruments[lab.id][0].id,
                unit=1,
                kind="in_house",
                starts_at=clock.at("2026-10-30 09:00"),
                ends_at=clock.at("2026-12-05 09:00"),
                created_at=clock.now,
            )
        )
    keep(clock.now)
    assert (lab.id, OCTOBER) not in pending(clock.now, 100)
    check_figures(clock.now)
    before = usage_report(ANYONE, UsageBy.LAB, OCTOBER, OCTOBER, clock.now).total.in_house_minutes
    clock.set("2026-12-05 09:00")
    assert usage_report(ANYONE, UsageBy.LAB, OCTOBER, OCTOBER, clock.now).total.in_house_minutes == before + 36 * 1440
    assert pending(clock.now, 100)[lab.id, OCTOBER]
    keep(clock.now)
    check_figures(clock.now)


def test_what_changes_while_it_is_counted_is_counted_again(
    kept: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from labshare.oversight import services

    with transaction():
        add_revenue(kept.bookings[0], "2026-10", 1)

    def meanwhile() -> None:
        with db.engine.begin() as connection:
            later = {"starts_at": clock.at("2026-10-20 10:00"), "ends_at": clock.at("2026-10-20 19:00")}
            connection.execute(update(Booking.__table__).where(Booking.id == kept.bookings[0].id).values(later))
        take_turn()

    take_turn = services.take_turn
    with monkeypatch.context() as patch:
        patch.setattr(services, "take_turn", meanwhile)
        with transaction(reads_first=True):
            assert keep_months(now=clock.now) == 1
    assert counted(StaleMonth)
    check_figures(clock.now)
    keep(clock.now)
    assert counted(StaleMonth) == 0
    check_figures(clock.now)


def test_nothing_is_counted_before_earlier_writers_are_done(app: Flask, clock: Clock, database: TestDatabase) -> None:
    """What somebody changed before the months were watched left no mark."""
    with transaction():
        firm = factories.firm()
        lab = factories.lab(firm)
    writer = db.engine.connect()
    if database.engine == "postgresql":
        writer.execute(text("UPDATE lab SET name = 'x' WHERE id = :id"), {"id": lab.id})
        assert not earlier_writers_done(within=0.2)
        assert KEEP.work(clock.now) == "somebody is writing"
    writer.close()
    assert earlier_writers_done(within=0.2)
    assert KEEP.work(clock.now) == "1 counted"


def test_another_zone_begins_anew(kept: Any, clock: Clock, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from zoneinfo import ZoneInfo

    monkeypatch.setitem(app.config, "ZONE", ZoneInfo("America/New_York"))
    keep(clock.now)
    assert db.session.get_one(KeptMonth, "2026-10").starts_at == datetime.fromisoformat("2026-10-01T04:00:00+00:00")
    check_figures(clock.now)
