"""Clients are reminded one working day before, once of each start; also over holidays."""

import pytest

from labshare.booking import services
from labshare.booking.errors import IllegalStep, NothingToRemind, RemindedToday
from labshare.booking.models import WorkingDay
from labshare.jobs.scheduler import run_job
from labshare.jobs.table import JOBS
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound
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


def news_of(person_id: int, kind: str) -> list[str]:
    """The references that notices of this kind to a person name."""
    notices = db.session.scalars(db.select(Notice).where(Notice.person_id == person_id, Notice.kind == kind))
    found = [notice.params["ref"] for notice in notices.all()]
    db.session.rollback()
    return found


def test_the_lab_reminds_once_a_day_of_what_waits(house: House, clock: Clock) -> None:  # R-TOLD-9
    booking = house.book("2026-11-27 09:00")
    with pytest.raises(NothingToRemind):
        house.do(services.remind_client, house.manager, ref=booking.ref)
    house.do(services.confirm, house.manager, ref=booking.ref)
    house.do(services.remind_client, house.manager, ref=booking.ref)
    with pytest.raises(RemindedToday):
        house.do(services.remind_client, house.manager, ref=booking.ref)
    assert news_of(house.client.person_id, "booking.reminder") == [booking.ref]
    clock.set("2026-11-25 08:00")
    move = {"starts_at": at("2026-11-27 14:00"), "reason": "检修"}
    house.do(services.propose, house.manager, ref=booking.ref, **move)
    house.do(services.remind_client, house.manager, ref=booking.ref)
    assert news_of(house.client.person_id, "booking.proposed") == [booking.ref] * 2, "the proposal comes first"
    clock.set("2026-11-26 08:00")
    house.do(services.decline_proposal, house.client, ref=booking.ref, proposal_id=1)
    house.do(services.receive, house.manager, ref=booking.ref, samples=1)
    with pytest.raises(NothingToRemind):
        house.do(services.remind_client, house.manager, ref=booking.ref)
    house.do(services.cancel, house.manager, ref=booking.ref, reason="停电")
    with pytest.raises(IllegalStep):
        house.do(services.remind_client, house.manager, ref=booking.ref)


def test_only_the_lab_reminds(house: House) -> None:  # R-TOLD-9
    booking = house.book("2026-11-27 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    with pytest.raises(NotAllowed):
        house.do(services.remind_client, house.client, ref=booking.ref)
    with transaction():
        stranger = factories.firm()
        other = factories.actor(factories.member(stranger), stranger, "owner")
    with pytest.raises(NotFound):
        house.do(services.remind_client, other, ref=booking.ref)


def test_a_request_nobody_answers_goes_to_the_owner_once(house: House, clock: Clock) -> None:  # R-TOLD-10
    """Asked on Tuesday the 24th, it lapses when Thursday ends: on that morning the owner is told, and nobody else."""
    with transaction():
        owner = factories.member(house.lab.firm, "owner").id
    ref = house.book("2026-12-02 09:00").ref
    for moment, told in (
        ("2026-11-24 23:00", 0),
        ("2026-11-25 07:00", 0),
        ("2026-11-26 07:00", 1),
        ("2026-11-26 07:10", 0),
    ):
        clock.set(moment)
        assert house.do(services.notify_of_requests, SYSTEM) == told, moment
    assert news_of(owner, "booking.unanswered") == [ref]
    assert news_of(house.manager.person_id, "booking.unanswered") == []
    house.do(services.confirm, house.manager, ref=ref)
    house.do(services.reschedule, house.client, ref=ref, starts_at=at("2026-12-03 09:00"))
    clock.set("2026-11-30 07:00")
    assert house.do(services.notify_of_requests, SYSTEM) == 1, "asked again, it has a new time to answer"


def test_what_was_asked_today_is_not_overdue(house: House, clock: Clock) -> None:  # R-TOLD-10
    """Though it lapses today, at its start."""
    house.book("2026-11-24 16:00")
    clock.set("2026-11-24 15:00")
    assert house.do(services.notify_of_requests, SYSTEM) == 0
