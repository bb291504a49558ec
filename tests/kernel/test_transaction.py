"""`transaction()`: all or nothing, one writer at a time on SQLite, when its turn comes, and what an early commit
hands on."""

import fcntl
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from labshare.kernel.database import commit_early, db, take_turn, transaction
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


def another_writes_a_firm() -> None:
    with Session(db.engine.execution_options(labshare_writes=True)) as other:
        other.add(
            Firm(
                uscc=make.credit_code(999_999),
                name="另一家",
                kind="enterprise",
                division="330624",
                sector="industry",
                created_at=make.LONG_AGO,
            )
        )
        other.commit()


def test_who_reads_first_holds_nobody_up_until_its_turn(app, engine_name):
    with transaction(reads_first=True):
        assert db.session.scalar(select(func.count()).select_from(Firm)) == 0
        another_writes_a_firm()
        take_turn()
        assert db.session.scalar(select(func.count()).select_from(Firm)) == 1, "sees what was written meanwhile"
        if engine_name == "sqlite":
            assert the_next_writer_waits()
        make.firm()
        take_turn()  # a second call changes nothing
    assert firms_seen_by_others() == 2


def test_what_is_written_after_the_turn_goes_when_something_raises(app):
    with pytest.raises(ZeroDivisionError), transaction(reads_first=True):
        db.session.scalar(select(func.count()).select_from(Firm))
        take_turn()
        make.firm()
        db.session.flush()
        raise ZeroDivisionError
    assert firms_seen_by_others() == 0


def test_the_turn_comes_with_the_transaction_when_nothing_was_read(app, engine_name):
    with transaction(reads_first=True):
        take_turn()
        if engine_name == "sqlite":
            assert the_next_writer_waits()
        make.firm()
    assert firms_seen_by_others() == 1
