"""PostgreSQL with two roles: the owner upgrades; the role that runs the application does its work, and nothing else."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click import ClickException
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import ProgrammingError

from config import UnsafeSetting, settings
from labshare import create_app
from labshare.audit import services as audit
from labshare.commands.serve import without_excess_rights
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import APPEND_ONLY, db, transaction
from labshare.kernel.roles import LOCKED, excess_rights, grant_runtime
from labshare.kernel.time import utc_now
from tests.conftest import TestDatabase
from tests.conventions.test_trail import looking
from tests.conventions.trail_steps import steps
from tests.rights.matrix import YES, Trial, nothing_stays, read_cases
from tests.rights.world import build

ENGINES = ("postgresql",)
OWNER, RUNTIME = "labshare_owner", "labshare_web"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def as_superuser(server: str, *statements: str) -> None:
    with psycopg.connect(server.format(database="postgres").replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def roles(postgres_server: str) -> str:
    """The server, with the two roles."""
    as_superuser(postgres_server, f"CREATE ROLE {OWNER} LOGIN", f"CREATE ROLE {RUNTIME} LOGIN")
    return postgres_server


@pytest.fixture(scope="session")
def upgraded(roles: str) -> str:
    """The server with a database that `labshare db upgrade` made as the owner, for the other role."""
    as_superuser(roles, f"CREATE DATABASE two_roles OWNER {OWNER}")
    urls = {name: roles.format(database="two_roles").replace("postgres@", f"{name}@") for name in (OWNER, RUNTIME)}
    assert f"{RUNTIME} may run the application" in upgrade(urls[RUNTIME])
    return urls[RUNTIME]


def upgrade(url: str) -> str:
    """What `labshare db upgrade` says, run as the owner for the role of this address."""
    settings = {"DATABASE_URL": url, "MIGRATION_DATABASE_URL": url.replace(f"{RUNTIME}@", f"{OWNER}@")}
    command = [Path(sys.executable).with_name("labshare"), "db", "upgrade"]
    environment = os.environ | {"LABSHARE_ENV": "testing"} | settings
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def running(upgraded: str, monkeypatch: pytest.MonkeyPatch, clock: Any) -> Iterator[Flask]:
    """The application as it runs."""
    monkeypatch.setenv("LABSHARE_ENV", "testing")
    monkeypatch.setenv("DATABASE_URL", upgraded)
    app = create_app(serves=False)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def refused(statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), db.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("table", ["audit_event", "audit_seal", "audit_leaf", "audit_head", "revenue_entry"])
def test_trail_and_ledger_are_only_added_to(running: Flask, table: str) -> None:  # R-AUDIT-11
    assert table in APPEND_ONLY
    for statement in (f"UPDATE {table} SET id = 0", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        refused(statement.replace("SET id = 0", "SET seal_id = 0") if table == "audit_leaf" else statement)


def test_everything_that_is_only_added_to_is_kept_so(running: Flask) -> None:  # R-AUDIT-11
    with db.engine.connect() as connection:
        for table in APPEND_ONLY:
            rights = {
                right
                for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
                if connection.scalar(
                    text("SELECT has_table_privilege(:table, :right)"), {"table": table, "right": right}
                )
            }
            assert rights == {"SELECT", "INSERT"}, table


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE booking CASCADE",
        "TRUNCATE audit_address",
        "DROP TABLE audit_head",
        "ALTER TABLE audit_event DISABLE TRIGGER USER",
        "ALTER TABLE booking ADD COLUMN x INTEGER",
        "DROP TRIGGER audit_event_no_change ON audit_event",
        "CREATE TRIGGER x BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()",
        "CREATE OR REPLACE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TABLE public.mine (id INTEGER)",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = 'initial'",
        f"SET ROLE {OWNER}",
        "SELECT setval('audit_event_id_seq', 1)",
        *(f"DELETE FROM {table}" for table in LOCKED),
    ],
)
def test_no_guard_is_taken_away(running: Flask, statement: str) -> None:  # R-AUDIT-11
    refused(statement)


def test_what_may_be_locked_is_not_changed(running: Flask) -> None:
    """A guard of the database answers where the right to lock a row goes further than is meant."""
    with db.engine.connect() as connection:
        for table, column in LOCKED.items():
            assert connection.scalar(text(f"SELECT count(*) FROM pg_trigger WHERE tgname = '{table}_no_change'")) == 1
            columns = connection.scalars(
                text(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = :t"
                    " AND has_column_privilege(:t, column_name, 'UPDATE')"
                ),
                {"t": table},
            ).all()
            assert columns == [column]


def test_the_application_works_as_its_role(running: Flask, clock: Any) -> None:
    """The trail is written, sealed, its head published, addresses erased."""
    assert excess_rights() is None
    with transaction():
        audit.record(SYSTEM, utc_now(), "thing.change", ("thing", 1))
    key = running.config["AUDIT_KEY"]
    assert audit.seal(utc_now(), key=key) == 1
    assert audit.publish_head(utc_now(), key=key)
    with transaction():
        audit.forget_addresses(utc_now())
    assert audit.verify(utc_now(), key=running.config["AUDIT_PUBLIC_KEY"]) is None


def test_a_second_upgrade_takes_back_what_was_given_by_hand(upgraded: str, roles: str) -> None:
    given = roles.format(database="two_roles").replace("+psycopg", "")
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f"GRANT ALL ON audit_event TO {RUNTIME}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABSHARE_ENV", "testing")
        patch.setenv("DATABASE_URL", upgraded)
        app = create_app(serves=False)
        with app.app_context():
            assert excess_rights() == "may change audit_event"
            db.session.remove()
            db.engine.dispose()
        upgrade(upgraded)
        with app.app_context():
            assert excess_rights() is None
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize(("role", "said"), [(OWNER, "owns "), ("postgres", "is a superuser")])
def test_production_does_not_run_as_owner_or_superuser(
    upgraded: str, monkeypatch: pytest.MonkeyPatch, role: str, said: str
) -> None:  # R-AUDIT-11
    monkeypatch.setenv("LABSHARE_ENV", "testing")
    monkeypatch.setenv("DATABASE_URL", upgraded.replace(f"{RUNTIME}@", f"{role}@"))
    app = create_app(serves=False, PRODUCTION=True)
    with app.app_context():
        with pytest.raises(ClickException, match=said):
            without_excess_rights()
        assert said in app.test_client().get("/readyz", base_url="https://127.0.0.1").text
        db.session.remove()
        db.engine.dispose()


def test_the_owner_is_another_role(upgraded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABSHARE_ENV", "testing")
    monkeypatch.setenv("DATABASE_URL", upgraded)
    monkeypatch.setenv("MIGRATION_DATABASE_URL", upgraded)
    assert settings()["SQLALCHEMY_DATABASE_URI"] == upgraded
    with pytest.raises(UnsafeSetting, match="MIGRATION_DATABASE_URL"):
        settings(owner=True)


def test_every_verb_runs_as_the_role_of_the_application(
    roles: str, app: Flask, database: TestDatabase, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page that writes, of the rights matrix, asked by one who may, and the steps of the scheduler."""
    trial = Trial(app, build())
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        grant_runtime(connection, RUNTIME)
    db.session.remove()
    db.engine.dispose()

    def become(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.execute(f"SET ROLE {RUNTIME}")
        dbapi_connection.commit()

    denied: list[str] = []

    def watch(context: Any) -> None:
        if getattr(context.original_exception, "sqlstate", None) == "42501":
            denied.append(f"{context.statement}: {context.original_exception}")

    event.listen(db.engine, "connect", become)
    event.listen(db.engine, "handle_error", watch)
    ran: set[str] = set()
    try:
        with nothing_stays(monkeypatch):
            for case in read_cases():
                actor = next((name for name, answer in case.expected.items() if answer == YES), None)
                if case.method == "GET" or actor is None or case.path.startswith("/api/"):
                    continue
                with looking() as seen:
                    trial.ask(case, actor)
                ran |= {action for action, problem in seen.verbs if problem is None}
        for _name, step in steps(trial.world, clock):
            with looking() as seen, contextlib.suppress(Exception), transaction():
                step()
            ran |= {action for action, problem in seen.verbs if problem is None}
        assert db.session.scalar(text("SELECT current_user")) == RUNTIME
    finally:
        event.remove(db.engine, "connect", become)
        event.remove(db.engine, "handle_error", watch)
    assert not denied
    assert len(ran) > 150
