"""What those who look after it ask: alive, ready, the figures; and who may not ask for them."""

import re

import pytest
from alembic import command
from flask import Flask
from flask.testing import FlaskClient

from labshare.commands.db import alembic_config
from labshare.jobs.scheduler import run_all_due
from labshare.kernel.database import db, transaction
from labshare.notices.models import OutboxMail
from tests.conftest import Clock, TestDatabase


def test_alive_without_a_database(any_app: Flask) -> None:
    any_app.config["SQLALCHEMY_DATABASE_URI"] = "nobody asks"
    assert any_app.test_client().get("/healthz").text == "alive\n"


def test_ready_with_the_tables_of_this_version(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the database is not migrated: labshare db upgrade\n")
    command.stamp(alembic_config(), "head")
    assert (client.get("/readyz").status_code, client.get("/readyz").text) == (200, "ready\n")


def test_not_ready_without_a_database(client: FlaskClient, database: TestDatabase) -> None:
    db.session.remove()
    db.engine.dispose()
    if database.server:
        database._administer("ALTER DATABASE labshare ALLOW_CONNECTIONS false")
    else:
        database.file.unlink()
        database.file.mkdir()
    try:
        answer = client.get("/readyz")
    finally:
        if database.server:
            database._administer("ALTER DATABASE labshare ALLOW_CONNECTIONS true")
        else:
            database.file.rmdir()
    assert (answer.status_code, answer.text) == (503, "the database does not answer\n")


def figure(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    assert found, f"{name} is not in\n{text[-3000:]}"
    return float(found[1])


def test_the_figures(app: Flask, client: FlaskClient, clock: Clock) -> None:
    def figures() -> str:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert answer.content_type.startswith("text/plain")
        return answer.text

    client.get("/no-such-page")
    before = figure(figures(), 'labshare_request_seconds_count{endpoint="none",method="GET",status="404"}')
    client.get("/no-such-page")
    after = figures()
    assert figure(after, 'labshare_request_seconds_count{endpoint="none",method="GET",status="404"}') == before + 1
    assert figure(after, 'labshare_job_overdue{job="notices.mail"}') == 1
    assert "healthz" not in after
    run_all_due(clock.now)
    with transaction():
        letter = OutboxMail(to="a@test.example", locale="en", subject="A letter", body="Words", created_at=clock.now)
        db.session.add(letter)
    clock.advance(seconds=90)
    text = figures()
    assert figure(text, 'labshare_job_last_success_age_seconds{job="notices.mail"}') == 90
    assert figure(text, 'labshare_job_overdue{job="notices.mail"}') == 0
    assert figure(text, "labshare_mail_queue") == 1
    assert figure(text, "labshare_mail_oldest_age_seconds") == 90
    assert figure(text, "labshare_mail_given_up") == 0
    assert figure(text, "labshare_audit_unsealed_events") == 0


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 404),  # by way of a proxy that nobody has counted
    ],
)
def test_they_are_not_for_the_public(
    app: Flask, client: FlaskClient, address: str, headers: dict[str, str], status: int
) -> None:
    answer = client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == status
