"""`transaction()`: all or nothing, one writer at a time on SQLite, and what an early commit hands on."""

import fcntl
from pathlib import Path

import pytest
from sqlalchemy import func, select

from labshare.kernel.database import commit_early, db, transaction
from labshare.organisations.models import Firm
from tests import factories as make


def firms_seen_by_others() -> int:
    with db.engine.connect() as other:
        return other.scalar(select(func.count()).select_from(Firm))


def the_next_writer_waits() -> bool:
    with Path(db.engine.url.database).with_suffix(".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_nothing_is_written_when_something_raises(app):
    with pytest.raises(ZeroDivisionError), transaction():
        make.firm()
        raise ZeroDivisionError
    assert firms_seen_by_others() == 0


def test_an_early_commit_is_seen_and_lets_the_next_writer_go_on(app, engine_name):
    with transaction():
        made = make.firm()
        db.session.flush()
        assert firms_seen_by_others() == 0
        if engine_name == "sqlite":
            assert the_next_writer_waits()
        commit_early()
        assert firms_seen_by_others() == 1
        if engine_name == "sqlite":
            assert not the_next_writer_waits()
        assert made.name  # and it can still be read
    with transaction():
        make.firm()
    assert firms_seen_by_others() == 2
