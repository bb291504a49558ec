"""A check of the trail is asked for on a page and done by the scheduler; what came of it stands on the page."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.audit import checks, services, verification
from labshare.audit.models import AuditEvent, TrailCheck
from labshare.audit.terms import Fault
from labshare.jobs import table
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from tests import factories as make
from tests.audit.test_seal import by_hand
from tests.signing import sign_in


@pytest.fixture
def trail(app: Flask, clock: Any) -> Flask:
    for _each in range(3):
        with transaction():
            services.record(SYSTEM, utc_now(), "thing.change", ("thing", 1))
    services.seal(utc_now(), key=app.config["AUDIT_KEY"])
    return app


@pytest.fixture
def auditor(trail: Flask, client: FlaskClient) -> FlaskClient:
    return sign_in(client, make.regulator("auditor", name="审计员甲"))


def the_check() -> TrailCheck:
    db.session.rollback()
    return db.session.query(TrailCheck).one()


def test_the_auditor_asks_and_the_scheduler_answers(auditor: FlaskClient, clock: Any) -> None:  # R-AUDIT-13
    assert auditor.post("/regulator/audit/verify").location == "/regulator/audit#checks"
    assert "最多十秒" in auditor.get("/regulator/audit").text
    assert db.session.query(AuditEvent).filter_by(action="trail.check").count() == 1
    assert table.check_trail(utc_now()) == "untouched"
    check = the_check()
    assert (check.fault, check.events, check.of_events) == (None, 4, 4)
    page = auditor.get("/regulator/audit").text
    assert "审计员甲" in page
    assert "未被改动" in page
    assert table.check_trail(utc_now()) == "nobody asked"


def test_one_that_waits_is_enough(auditor: FlaskClient) -> None:
    auditor.post("/regulator/audit/verify")
    auditor.post("/regulator/audit/verify")
    assert the_check().started_at is None


def test_the_first_broken_place_stands_on_the_page(auditor: FlaskClient, clock: Any) -> None:  # R-AUDIT-13
    by_hand("UPDATE audit_event SET action = 'thing.other' WHERE id = 2")
    auditor.post("/regulator/audit/verify")
    assert table.check_trail(utc_now()) == "broken: event_changed"
    check = the_check()
    assert (check.fault, check.seal_id, check.event_id) == (Fault.EVENT_CHANGED, 1, 2)
    page = auditor.get("/regulator/audit").text
    assert "已封存的记录被修改、移动或调换" in page
    assert "第 2 号记录" in page


def test_the_nightly_check_stands_there_too(auditor: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "violations", lambda _now: [])
    table.check_everything(utc_now())
    assert the_check().asked_by is None
    assert "系统" in auditor.get("/regulator/audit").text


def test_how_far_it_is_is_told(auditor: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    auditor.post("/regulator/audit/verify")
    seen: list[int] = []
    passing = iter(range(1_000))
    monkeypatch.setattr(table.time, "monotonic", lambda: next(passing))
    monkeypatch.setattr(verification, "AT_ONCE", 1)

    def look(check: int, *, events: int) -> None:
        checks.continue_check(check, events=events)
        seen.append(events)

    monkeypatch.setattr(table, "continue_check", look)
    table.check_trail(utc_now())
    assert seen == [3]


def test_one_that_was_interrupted_is_begun_anew(auditor: FlaskClient, clock: Any) -> None:
    auditor.post("/regulator/audit/verify")
    with transaction():
        first = checks.begin_check(now=utc_now())
    with transaction():
        assert checks.begin_check(now=utc_now()) is None
    clock.advance(minutes=10, seconds=1)
    with transaction():
        assert checks.begin_check(now=utc_now()) == first


def test_every_fault_has_its_word() -> None:
    docstring = verification.Broken.__doc__ or ""
    assert all(fault in docstring for fault in Fault)
