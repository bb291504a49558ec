"""A row that somebody inserts by hand shows, whatever it says: `labshare audit verify` names it, no seal covers it, and
the honest trail goes on."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from labshare.audit import rules, services
from labshare.audit.errors import ForgedEvents
from labshare.audit.models import AuditEvent, AuditLeaf, AuditSeal
from labshare.commands.audit import audit
from labshare.jobs import scheduler, table
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.models import JobRun
from labshare.kernel.time import utc_now

TODAY = "2026-11-24 01:59:00.000000"
LONG_AGO = "2019-01-01 00:00:00.000000"
IN_YEARS = "2031-01-01 00:00:00.000000"
UNREADABLE = {"sqlite": "the other day", "postgresql": "infinity"}
"""What each engine stores for a moment and nobody can read."""


def write(*numbers: int) -> None:
    """Honest events; with gaps between their numbers, as steps that are rolled back leave them."""
    with transaction():
        for number in numbers:
            event = rules.Event(
                id=number,
                at=utc_now(),
                person_id=None,
                firm_id=None,
                action="thing.change",
                subject_type="thing",
                subject_id="1",
                before={"a": number},
                after={"a": 0},
                refused=False,
            )
            db.session.execute(insert(AuditEvent), rules.as_written(event, services._event_key()))


def seal(app: Flask) -> int:
    return services.seal(utc_now(), key=app.config["AUDIT_KEY"])


def verify() -> tuple[int, str]:
    answer = CliRunner().invoke(audit, ["verify"])
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    return answer.exit_code, answer.output.strip()


NAMED = "event {}: its mac is missing or wrong; it was not written by LabShare"
UNTOUCHED = (0, "the trail is untouched")


def unguarded(connection: Connection) -> None:
    """As someone with every right in the database: its guards off."""
    if connection.dialect.name == "sqlite":
        for guard in ("no_update", "no_delete", "has_mac"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS audit_event_{guard}"))
    else:
        connection.execute(text("ALTER TABLE audit_event DISABLE TRIGGER USER"))


def by_hand(statement: str, **values: Any) -> None:
    with db.engine.begin() as connection:
        unguarded(connection)
        connection.execute(text(statement), values)
    db.session.rollback()


def insert_by_hand(number: int, at: str = TODAY, mac: str | None = "0" * 64) -> None:
    by_hand(
        "INSERT INTO audit_event (id, at, action, subject_type, subject_id, before, after, refused, mac) "
        "VALUES (:number, :at, 'run.approve', 'reward_run', '330624-2026-10', NULL, :after, false, :mac)",
        number=number,
        at=at,
        after='{"fen": 100}',
        mac=mac,
    )


@pytest.fixture
def trail(app: Flask, clock: Any) -> Flask:
    """Events 2, 3, 4 and 6 sealed long ago in two batches; 8 and 9 of today, not sealed yet."""
    clock.advance(hours=-30)
    for batch in ((2, 3, 4), (6,)):
        write(*batch)
        seal(app)
    clock.advance(hours=30)
    write(8, 9)
    assert verify() == UNTOUCHED
    return app


@pytest.mark.slow
@pytest.mark.parametrize("mac", ["0" * 64, None, "kein ascii"])
@pytest.mark.parametrize("at", [TODAY, LONG_AGO, IN_YEARS, "unreadable"])
@pytest.mark.parametrize("number", [-7, 0, 5, 7, 10, 10_000_000])
def test_a_row_inserted_by_hand_shows_before_and_after_the_next_seal(
    trail: Flask, clock: Any, number: int, at: str, mac: str | None
) -> None:  # R-AUDIT-4
    insert_by_hand(number, UNREADABLE[db.engine.dialect.name] if at == "unreadable" else at, mac)
    assert verify() == (1, NAMED.format(number))
    try:
        assert seal(trail) == 2
        assert number < 6, "the sealer came past it without a word"
    except ForgedEvents as forged:
        assert (list(forged.event_ids), forged.sealed) == ([number], 2)
    assert db.session.get(AuditLeaf, number) is None
    assert verify() == (1, NAMED.format(number))
    clock.advance(hours=5)
    assert verify() == (1, NAMED.format(number))


def test_a_copy_of_a_true_event_shows(trail: Flask) -> None:  # R-AUDIT-4
    """Mac and all: it covers the event's number too."""
    by_hand(
        "INSERT INTO audit_event (id, at, action, subject_type, subject_id, before, after, refused, mac) "
        "SELECT 7, at, action, subject_type, subject_id, before, after, refused, mac FROM audit_event WHERE id = 6"
    )
    assert verify() == (1, NAMED.format(7))


@pytest.mark.parametrize(
    "change",
    [
        "action = 'run.pay'",
        "at = '2026-11-24 01:00:00.000000'",
        "person_id = 7",
        "refused = true",
        "subject_id = '2'",
        "after = '{\"a\": 1}'",
        "id = 12",
    ],
)
def test_an_event_changed_before_it_is_sealed_shows(trail: Flask, change: str) -> None:
    by_hand(f"UPDATE audit_event SET {change} WHERE id = 8")
    assert verify() == (1, NAMED.format(12 if change == "id = 12" else 8))
    with pytest.raises(ForgedEvents):
        seal(trail)


def test_the_honest_trail_goes_on_past_any_number_of_forged_rows(trail: Flask) -> None:  # R-AUDIT-4
    for number in range(10, 15):
        insert_by_hand(number)
    write(15, 16)
    with pytest.raises(ForgedEvents) as found:
        services.seal(utc_now(), key=trail.config["AUDIT_KEY"], batch=2)
    assert (list(found.value.event_ids), found.value.sealed) == ([10, 11, 12, 13, 14], 4)
    assert {8, 9, 15, 16} <= set(db.session.scalars(db.select(AuditLeaf.event_id)))


def test_the_sealing_job_fails_and_names_it(trail: Flask) -> None:
    """Every half minute, until somebody looks: jobs page, figures and log show it."""
    insert_by_hand(10)
    job = next(job for job in table.JOBS if job.name == "audit.seal")
    assert scheduler.run_job(job, utc_now())
    run = db.session.query(JobRun).filter_by(job="audit.seal").one()
    assert run.failed
    assert run.result == "ForgedEvents: 1 events without a valid mac: 10; 2 others sealed"
    with pytest.raises(RuntimeError, match="audit trail: forged, event 10"):
        table.check_everything(utc_now())


def test_the_command_names_it_too(trail: Flask) -> None:
    insert_by_hand(10)
    answer = CliRunner().invoke(audit, ["seal"])
    assert answer.exit_code == 1
    assert "1 events without a valid mac: 10; 2 others sealed" in answer.output


def test_a_sealed_event_cannot_lose_its_mac(trail: Flask) -> None:
    """Only what was sealed before events had one may lack it; this trail never was without."""
    by_hand("UPDATE audit_event SET mac = NULL WHERE id = 3")
    assert verify() == (1, NAMED.format(3))


def test_a_row_put_under_an_old_seal_shows(trail: Flask) -> None:
    insert_by_hand(5)
    by_hand("INSERT INTO audit_leaf (event_id, seal_id, position) VALUES (5, 1, 3)")
    code, output = verify()
    assert (code, output) == (1, "seal 1: covers another number of events than it says")


def test_nobody_but_the_holder_of_the_key_names_a_last_seal_without_macs(trail: Flask) -> None:
    by_hand("UPDATE audit_event SET mac = NULL WHERE id = 3")
    by_hand(
        "INSERT INTO audit_event (id, at, action, subject_type, subject_id, after, refused, mac) "
        "VALUES (1, :at, 'trail.begin_macs', 'trail', '-', :after, false, :mac)",
        at=LONG_AGO,
        after='{"seal_id": 2}',
        mac="0" * 64,
    )
    assert verify() == (1, NAMED.format(3))


def test_another_key_proves_nothing(trail: Flask) -> None:
    trail.config["EVENT_KEY"] = "another key"
    assert verify() == (1, NAMED.format(2))


def test_the_database_refuses_an_event_without_a_mac(app: Flask, clock: Any) -> None:  # R-AUDIT-4
    """A process of an older version, still running after the upgrade, fails at once instead of writing such events."""
    with pytest.raises(IntegrityError, match="carries its mac"), transaction() as session:
        session.add(AuditEvent(at=utc_now(), action="x.y", subject_type="x", subject_id="1", refused=False))


@pytest.mark.parametrize(
    "values",
    [
        {10: "a", 9: "b"},  # names become text, in another order
        {"名": "值", "nested": {"b": [1, None, True], "a": "é"}},
        {"half": "\ud800", "zero": 0},  # half a character, as JSON can carry it
        {"moment": (1, 2)},
        {},
        None,
    ],
)
def test_whatever_a_service_records_is_genuine_when_read_again(app: Flask, clock: Any, values: Any) -> None:
    clock.set(datetime.fromisoformat("2026-11-24T10:00:00.123456+08:00"))
    with transaction():
        services.record(
            Actor(person_id=7, firm_id=9, roles=frozenset(), address="192.0.2.1"),
            utc_now(),
            "thing.change",
            ("thing", 1),
            values,
            values,
        )
    assert verify() == UNTOUCHED
    assert seal(app) == 1
    assert verify() == UNTOUCHED


def test_numbers_follow_one_another(app: Flask, clock: Any) -> None:
    for _ in range(3):
        with transaction():
            services.record(SYSTEM, utc_now(), "thing.change", ("thing", 1))
            services.record(SYSTEM, utc_now(), "thing.change", ("thing", 2))
    assert list(db.session.scalars(db.select(AuditEvent.id).order_by(AuditEvent.id))) == [1, 2, 3, 4, 5, 6]


def test_the_key_is_in_no_table(app: Flask, clock: Any) -> None:
    with transaction():
        services.record(SYSTEM, utc_now(), "thing.change", ("thing", 1))
    seal(app)
    kept = repr([tuple(row) for row in db.session.execute(db.select(AuditEvent.__table__))])
    kept += repr([tuple(row) for row in db.session.execute(db.select(AuditSeal.__table__))])
    assert app.config["EVENT_KEY"] not in kept


def test_an_honest_event_that_nobody_sealed_for_an_hour_shows_as_before(trail: Flask, clock: Any) -> None:
    clock.advance(minutes=59)
    assert verify() == UNTOUCHED
    clock.set(clock.now + timedelta(minutes=2))
    assert verify() == (1, "event 8: older than an hour and in no seal")
