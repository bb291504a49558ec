"""The negative control: the same house with everything that guards time taken away. A race test that still passes
with this proves nothing."""

import contextlib
from collections.abc import Iterator
from importlib import import_module

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from labshare.audit.services import record
from labshare.booking.services import holdings
from labshare.kernel import database
from labshare.kernel.database import db


def drop_guards() -> None:
    """Drop the database's own guard on holdings, on either engine."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER holding_no_overlap_insert")
            connection.exec_driver_sql("DROP TRIGGER holding_no_overlap_update")
        else:
            connection.exec_driver_sql("ALTER TABLE holding DROP CONSTRAINT holding_no_overlap")
    db.engine.dispose()


@contextlib.contextmanager
def nobody_waits_in_line(app: Flask) -> Iterator[None]:
    """Look, then write, as a house does that has never heard of races: no lock on PostgreSQL, and on SQLite no place
    as the one writer from the beginning of a step."""

    def no_turn() -> None:
        pass

    def numbered_late(*event: object, number: int | None = None, **more: object) -> None:
        """On SQLite two that take the next number at once would meet at the trail's key, which is no guard of time."""
        record(*event, **more)  # type: ignore[arg-type]

    book = import_module("labshare.booking.services.book")
    with pytest.MonkeyPatch.context() as patch:
        for module in (database, book):
            patch.setattr(module, "take_turn", no_turn)
        patch.setattr(book, "record", numbered_late)
        patch.setattr(holdings, "wait_in_line", lambda instrument_id: None)
        event.remove(Engine, "begin", database._begin)
        try:
            yield
        finally:
            event.listen(Engine, "begin", database._begin)


_for_good = contextlib.ExitStack()


def app() -> Flask:
    """For gunicorn: the house in which nobody waits in line, serving the same API."""
    from labshare import create_app

    made = create_app()
    _for_good.enter_context(nobody_waits_in_line(made))
    return made
