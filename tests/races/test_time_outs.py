"""PostgreSQL's own time-outs: seconds for whoever answers a request, more for commands and jobs."""

import time

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from labshare.kernel.database import db, transaction
from labshare.kernel.errors import Busy
from tests.conftest import TestDatabase

ENGINES = ("postgresql",)  # SQLite's statements have none


@pytest.fixture
def hurried(app: Flask) -> Flask:
    app.config.update(LOCK_SECONDS=1, STATEMENT_SECONDS=0.5, IDLE_SECONDS=0.5)
    db.session.rollback()
    return app


def test_a_statement_ends_in_time(hurried: Flask) -> None:
    with hurried.test_request_context("/"), pytest.raises(Busy), transaction() as session:
        session.execute(text("SELECT pg_sleep(5)"))


def test_a_page_that_only_reads_says_so_too(hurried: Flask, database: TestDatabase) -> None:
    hurried.config["STATEMENT_SECONDS"] = 30
    with psycopg.connect(database.libpq()) as other:
        other.execute("LOCK TABLE test_item IN ACCESS EXCLUSIVE MODE")
        answer = hurried.test_client().get("/search?q=拉伸", headers={"Accept-Language": "en"})
        other.rollback()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "send it again in a few seconds." in answer.text


def test_a_transaction_that_stands_idle_ends(hurried: Flask) -> None:
    with hurried.test_request_context("/"), pytest.raises(Busy), transaction() as session:
        session.execute(text("SELECT 1"))
        time.sleep(1.5)
        session.execute(text("SELECT 1"))


def test_commands_and_jobs_have_more_time(hurried: Flask) -> None:
    def times() -> list[str]:
        db.session.rollback()
        return [
            db.session.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        ]

    assert times() == ["5min", "1h", "1h"]
    with hurried.test_request_context("/"):
        assert times() == ["1s", "500ms", "500ms"]
    assert times() == ["5min", "1h", "1h"]
