"""Clients are reminded one working day before, once of each start; also over holidays."""

from labshare.booking import services
from labshare.booking.models import WorkingDay
from labshare.jobs.scheduler import run_job
from labshare.jobs.table import JOBS
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.notices.models import Notice
from tests import factories
from tests.booking.conftest import House, at
from tests.conftest import Clock
from tests.mails import letters_to

JOB = next(job for job in JOBS if job.name == "notices.remind")


def reminded(house: House) -> list[str]:
    """The references of which the client's mails remind, the oldest first."""
    address = db.session.get_one(factories.Person, house.client.person_id).email
    found = [letter.subject for letter in letters_to(address) if letter.subject.startswith("提醒")]
    db.session.rollback()
    return [subject.removeprefix("提醒：").split()[0] for subject in found]


def remind(house: House) -> int:
    return int(house.do(services.remind, SYSTEM))


def confirmed(house: House, start: str) -> str:
    booking = house.book(start)
    house.do(services.confirm, house.manager, ref=booking.ref)
    return str(booking.ref)


def test_a_working_day_before_and_once(house: House, clock: Clock) -> None:  # R-TOLD-5
    """The 27th is a Friday: what begins on Monday, and in between, is reminded of then."""
    monday, tuesday = confirmed(house, "2026-11-30 09:00"), confirmed(house, "2026-12-01 09:00")
    house.book("2026-11-30 14:00")  # nobody has confirmed it
    clock.set("2026-11-26 07:00")
    assert remind(house) == 0
    clock.set("2026-11-27 07:00")
    assert (remind(house), remind(house)) == (1, 0)
    assert reminded(house) == [monday]
    clock.set("2026-11-28 07:00")
    assert remind(house) == 0, "a Saturday"
    clock.set("2026-11-30 07:00")
    assert remind(house) == 1
    assert reminded(house) == [monday, tuesday]


def test_over_a_holiday(house: House, clock: Clock) -> None:  # R-TOLD-5
    with transaction() as session:
        session.add(WorkingDay(day=at("2026-11-30 00:00").date(), kind="holiday", name="调休"))
        session.add(WorkingDay(day=at("2026-11-28 00:00").date(), kind="make_up", name="补班"))
    tuesday = confirmed(house, "2026-12-01 09:00")
    clock.set("2026-11-27 07:00")
    assert remind(house) == 0, "the 28th is a working day"
    clock.set("2026-11-28 07:00")
    assert remind(house) == 1
    assert reminded(house) == [tuesday]


def test_a_move_is_reminded_of_anew(house: House, clock: Clock) -> None:  # R-TOLD-5
    ref = confirmed(house, "2026-12-01 09:00")
    clock.set("2026-11-30 07:00")
    assert remind(house) == 1
    house.do(services.reschedule, house.client, ref=ref, starts_at=at("2026-12-03 10:00"))
    house.do(services.confirm, house.manager, ref=ref)
    clock.set("2026-12-02 07:00")
    assert remind(house) == 1
    assert reminded(house) == [ref, ref]


def test_by_the_job_at_seven(house: House, clock: Clock) -> None:  # R-TOLD-5
    ref = confirmed(house, "2026-12-01 09:00")
    clock.set("2026-11-30 06:59")
    assert not run_job(JOB, clock.now)
    clock.set("2026-11-30 07:00")
    assert run_job(JOB, clock.now)
    assert reminded(house) == [ref]
    assert db.session.query(Notice).filter_by(kind="booking.reminder").count() == 1
