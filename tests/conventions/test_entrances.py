"""Entrances do not ask the database: a page, an answer, a job, a command is handed what the rooms' queries found."""

import ast
from collections.abc import Iterator

import pytest

from tests.conventions.reading import ENTRANCES, dotted, inside, python_files

_ENDS_READING = "the job's work opens transactions of its own: what was read to know of it is given back first"
MAY = {
    "labshare/api/writing.py: db.session.rollback": "who called was read before the key was ours",
    "labshare/api/writing.py: sqlalchemy.text": "an advisory lock: it asks for no row",
    "labshare/commands/db.py: db.session": "the plan of an upgrade runs in a connection that is rolled back",
    "labshare/commands/db.py: db.session.remove": "before and after that connection",
    "labshare/commands/db.py: sqlalchemy.create_engine": "a new migration is compared with what migrations alone made",
    "labshare/commands/serve.py: db.session.remove": "what was asked of the role; workers make their own connections",
    "labshare/commands/start.py: db.session.remove": "before the database is replaced or the process forks",
    "labshare/commands/start.py: db.session.rollback": "gives the connection back before the server runs",
    "labshare/jobs/monthly.py: db.session.rollback": _ENDS_READING,
    "labshare/jobs/scheduler.py: db.session.remove": "a job's thread ends",
    "labshare/jobs/scheduler.py: db.session.rollback": _ENDS_READING,
    "labshare/jobs/table.py: db.session.rollback": "ends the reading of a check, whatever it found",
    "labshare/http/retry.py: db.session.rollback": "an attempt that gave way ends before the next one",
    "labshare/http/bodies.py: db.session.rollback": "no connection is held while a long body comes in",
    "labshare/web/errors.py: db.session.rollback": "what failed ends before its error page is made",
    "labshare/web/lab/timetable.py: sqlalchemy.Row": "the type of what it is handed",
    "labshare/web/monitoring.py: db.session.connection": "which migrations the database has: about itself, no row",
}
"""What is no question about rows, and why it must stand in an entrance. Whoever makes one needless strikes it out."""


def questions(source: str) -> set[str]:
    """What in a source asks the database or puts a question together: the session, SQLAlchemy but for its errors, an
    attribute of a model's class."""
    return set(_found(ast.parse(source)))


def _found(tree: ast.Module) -> Iterator[str]:
    sessions: set[str] = set()
    models: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "sqlalchemy")
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if node.module.split(".")[0] == "sqlalchemy" and node.module != "sqlalchemy.exc":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        names = {alias.asname or alias.name: alias.name for alias in node.names}
        if node.module == "labshare.kernel.database":
            sessions |= {name for name, meant in names.items() if meant == "db"}
        if node.module.startswith("labshare.") and node.module.endswith(".models"):
            models |= {name for name, meant in names.items() if not meant.isupper()}
    parts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.withitem) and node.optional_vars and ast.unparse(node.context_expr) == "transaction()":
            yield "transaction() as"
        if not isinstance(node, ast.Attribute) or id(node) in parts or (name := dotted(node)) is None:
            continue
        first, _, rest = name.partition(".")
        if first in sessions and rest.split(".")[0] != "engine":
            yield f"db.{rest}"
        elif first in models:
            yield name


DATABASE = "from labshare.kernel.database import db as database\n"


QUESTIONS = {
    "imported": ("from sqlalchemy import select", "sqlalchemy.select"),
    "imported-late": ("def view():\n    from sqlalchemy.orm import joinedload", "sqlalchemy.orm.joinedload"),
    "whole": ("import sqlalchemy as sa", "sqlalchemy"),
    "session": (f"{DATABASE}database.session.scalars(1).all()", "db.session.scalars"),
    "session-called": (f"{DATABASE}database.session().get(1)", "db.session"),
    "select-of-db": (f"{DATABASE}database.select(1)", "db.select"),
    "session-of-a-step": ("with transaction() as session:\n    session.add(1)", "transaction() as"),
    "attribute": ("from labshare.booking.models import Booking\nshow(Booking.state == 'open')", "Booking.state"),
}
NO_QUESTIONS = {
    "errors": "from sqlalchemy.exc import IntegrityError",
    "engine": f"{DATABASE}database.engine.dispose()",
    "step": "with transaction():\n    book()",
    "row": "from labshare.booking.models import Booking\ndef show(of: Booking) -> str:\n    return of.state",
    "form": "form.select(1)",
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_found(name: str) -> None:
    source, what = QUESTIONS[name]
    assert questions(source) == {what}


@pytest.mark.parametrize("name", NO_QUESTIONS)
def test_what_asks_nothing_passes(name: str) -> None:
    assert questions(NO_QUESTIONS[name]) == set()


def test_entrances_do_not_ask_the_database() -> None:
    found = {f"{inside(file)}: {one}" for file in python_files(*ENTRANCES) for one in questions(file.read_text())}
    assert sorted(found) == sorted(MAY), "an entrance asks the database, or is listed without need"


STEPS = {
    "labshare/web/steps.py::carry_out": "the one that the others go through",
    "labshare/web/account/sign_in.py::verified": "signing in: no page of its own, and the password is hashed before it",
    "labshare/web/proof.py::take_proof": "before whatever act asked for it",
    "labshare/web/account/sign_in.py::_keep_choice": "beside whatever answer the choice of a language gets",
}
"""Where a page opens a transaction; every other step goes through `labshare.web.steps`."""


def test_pages_carry_out_their_steps_in_one_way() -> None:
    found = {
        f"{inside(file)}::{function.name}"
        for file in python_files("web")
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.With) and any("transaction" in ast.unparse(item.context_expr) for item in node.items)
    }
    assert found == STEPS.keys()
