"""Looking changes nothing: every GET of every route, asked by everybody of the rights matrix, writes nothing and does
not ask for the writers' place.

Seen at the database, so that it does not matter how far below the view somebody writes. One thing a GET may leave: the
event of an export by a regulator (R-AUDIT-7).
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import event, text

from labshare.accounts.models import Person
from labshare.commands.db import alembic_config
from labshare.kernel import database
from labshare.kernel.database import db, transaction
from tests.conventions.test_trail import WRITES
from tests.rights.matrix import YES, Case, Trial, nothing_stays, read_cases
from tests.rights.world import ACTORS, build

pytestmark = pytest.mark.timeout(900)
ENGINES = ("sqlite",)  # what a view asks of the database does not depend on the engine

EXPORT = {"turn", "audit_entry"}
"""What is left where a regulator takes data out: an event with its address, in a transaction of its own."""
OTHER_WRITES = re.compile(r"\s*(?:CREATE|DROP|ALTER|REPLACE|TRUNCATE|MERGE|COPY)\b", re.IGNORECASE)


@contextlib.contextmanager
def written(patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The tables written to; `turn` where the writers' place was asked for."""
    tables: list[str] = []
    take_turn = database.take_turn

    def after(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        match = WRITES.match(statement)
        if match:
            tables.append(match[1].lower())
        elif OTHER_WRITES.match(statement):
            tables.append(statement.split()[0])

    def turned() -> None:
        tables.append("turn")
        take_turn()

    event.listen(db.engine, "after_cursor_execute", after)
    try:
        with patch.context() as within:
            within.setattr(database, "take_turn", turned)
            yield tables
    finally:
        event.remove(db.engine, "after_cursor_execute", after)


@pytest.fixture
def trial(app: Flask, clock: Any) -> Trial:
    command.stamp(alembic_config(), "head")
    return Trial(app, build())


def looked_at() -> list[Case]:
    cases = [case for case in read_cases() if case.method == "GET"]
    assert len(cases) > 80, "does this test still ask every page?"
    return cases


def test_no_get_opens_a_transaction(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:  # R-RIGHTS-9
    wrong = []
    with nothing_stays(monkeypatch):
        for case in looked_at():
            for actor in ACTORS:
                with written(monkeypatch) as left:
                    trial.ask(case, actor)
                if left:
                    wrong.append(f"{case.route} {case.path} as {actor}: {', '.join(sorted(set(left)))}")
    assert not wrong, "a GET changes data:\n" + "\n".join(wrong)


def test_an_export_leaves_its_event_and_nothing_else(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    # R-AUDIT-7, R-RIGHTS-9
    """Every address, asked for a file; firms that take their own figures leave no event."""
    wrong, exports = [], set()
    with nothing_stays(monkeypatch):
        for case in looked_at():
            mark = "&" if "?" in case.path else "?"
            file = replace(case, path=f"{case.path}{mark}format=xlsx", text=None)
            for actor in ("officer", "auditor", "client_owner", "lab_owner"):
                with written(monkeypatch) as left:
                    trial.ask(file, actor)
                if set(left) == EXPORT and actor in ("officer", "auditor"):
                    exports.add(case.route)
                elif left:
                    wrong.append(f"{case.route} {file.path} as {actor}: {', '.join(sorted(set(left)))}")
    assert not wrong, "a GET changes data:\n" + "\n".join(wrong)
    assert len(exports) >= 5, exports


@pytest.mark.parametrize("how", ["session", "core", "text", "turn"])
def test_a_write_far_below_a_view_is_seen(trial: Trial, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """The control: whichever way it is written, and though nothing is committed."""

    def deep(**_given: Any) -> str:
        if how == "turn":
            with transaction():
                pass
        elif how == "session":
            db.session.query(Person).order_by(Person.id).first().name = "别人"
            db.session.flush()
        elif how == "core":
            db.session.execute(db.update(Person).values(name="别人"))
        else:
            db.session.execute(text("UPDATE person SET name = 'x'"))
        return ""

    home = next(case for case in looked_at() if case.route == "GET public.home")
    monkeypatch.setitem(trial.app.view_functions, "public.home", deep)
    with nothing_stays(monkeypatch), written(monkeypatch) as left:
        assert trial.ask(home, "visitor")[0] == YES
    assert left == (["turn"] if how == "turn" else ["person"])
