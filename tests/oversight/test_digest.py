"""The daily digest: what waits for whom, once a day, and nothing where nothing does."""

import pytest
from flask import Flask

from labshare.booking import services
from labshare.jobs.scheduler import run_job
from labshare.jobs.table import JOBS
from labshare.kernel.database import db, transaction
from labshare.notices.models import MailSwitchedOff, OutboxMail
from labshare.notices.services import choose_mails, notify
from labshare.organisations.permissions import PERMISSIONS
from labshare.oversight.digest import digest_of
from labshare.oversight.waiting import KINDS, OF_FIRMS, PERSON
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import Clock
from tests.mails import letters_to

JOB = next(job for job in JOBS if job.name == "oversight.digest")


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    return make_house(clock)


def digests(address: str) -> list[str]:
    found = [letter.body for letter in letters_to(address) if letter.subject.endswith("项")]
    db.session.rollback()
    return found


def address(person_id: int | None) -> str:
    return str(db.session.get_one(factories.Person, person_id).email)


def run(clock: Clock, at: str) -> bool:
    clock.set(at)
    db.session.rollback()
    return run_job(JOB, clock.now)


def test_once_a_day_at_eight_to_whom_something_waits_for(house: House, clock: Clock) -> None:  # R-TOLD-7
    house.book("2026-12-01 09:00")
    assert not run(clock, "2026-11-25 07:59")
    assert run(clock, "2026-11-25 08:00")
    manager, client = address(house.manager.person_id), address(house.client.person_id)
    (body,) = digests(manager)
    assert "- 待答复的预约申请：1 http://127.0.0.1:8000/lab/requests" in body
    assert house.lab.firm.name in body
    assert digests(client) == [], "a client that waits for the lab has nothing to do"
    assert not run(clock, "2026-11-25 09:00")
    assert run(clock, "2026-11-26 08:00")
    assert len(digests(manager)) == 2


def test_a_killed_job_writes_to_nobody_twice(house: House, clock: Clock) -> None:  # R-TOLD-7
    house.book("2026-12-01 09:00")
    clock.set("2026-11-25 08:00")
    assert JOB.work(clock.now) == "1 written"
    assert JOB.work(clock.now) == "0 written"
    clock.advance(days=1)
    assert JOB.work(clock.now) == "1 written"


def test_each_reads_what_their_role_may_do(house: House, clock: Clock) -> None:  # R-TOLD-7
    with transaction():
        viewer = factories.member(house.lab.firm, "viewer")
        accountant = factories.member(house.lab.firm, "accountant")
    booking = house.book("2026-12-01 09:00")
    for person in (viewer, accountant):
        assert digest_of(person.id, clock.now) is None
    house.do(services.confirm, house.manager, ref=booking.ref)
    clock.set("2026-11-30 08:00")
    found = digest_of(house.client.person_id or 0, clock.now)
    assert found is not None
    assert [str(one["what"]) for _line, one in found["lines"] if "what" in one] == ["待送样的预约"]
    assert found["n"] == 1


def test_a_regulator_reads_the_tasks_of_the_role(app: Flask, clock: Clock) -> None:  # R-TOLD-7
    with transaction():
        admin, auditor = factories.regulator("admin"), factories.regulator("auditor")
        factories.firm(verified_at=None)
        factories.working_year()
        factories.working_year(2027)
    found = digest_of(admin.id, clock.now)
    assert found is not None
    whats = [str(one["what"]) for _line, one in found["lines"] if "what" in one]
    assert "待核验的企业" in whats
    assert digest_of(auditor.id, clock.now) is None


def test_news_are_no_task(house: House, clock: Clock) -> None:  # R-TOLD-7
    with transaction():
        notify(kind="account.password_changed", person_ids=[house.client.person_id or 0], now=clock.now)
    assert digest_of(house.client.person_id or 0, clock.now) is None


def test_whoever_switched_it_off_gets_none(house: House, clock: Clock) -> None:  # R-TOLD-4
    house.book("2026-12-01 09:00")
    house.do(choose_mails, house.manager, off=["digest"])
    assert db.session.query(MailSwitchedOff).one().topic == "digest"
    assert run(clock, "2026-11-25 08:00")
    assert db.session.query(OutboxMail).filter_by(kind="digest").count() == 0


def test_every_kind_that_waits_in_a_firm_says_who_may_do_it() -> None:
    """What the digest counts in firms is an action of the permission table; nothing is counted twice."""
    in_firms = [kind for kind in KINDS if kind.whose in OF_FIRMS]
    assert {kind.action for kind in in_firms if kind.line} <= PERMISSIONS.keys()
    assert {kind.name for kind in in_firms if not kind.line} == {"documents"}, "its parts are lines of their own"
    lines = [str(kind.line) for kind in KINDS if kind.line]
    assert len(lines) == len(set(lines))
    assert all(not kind.line for kind in KINDS if kind.whose == PERSON)
