"""Events: handled at the end of the transaction that carries them, in order, once each; all are in the table."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import func, select

from labshare import events as table
from labshare.kernel import events
from labshare.kernel.database import commit_early, db, transaction
from labshare.kernel.events import Event, Question, ask, emit, handle_events, join
from labshare.organisations.models import Firm
from tests import factories as make


@dataclass(frozen=True)
class Said(Event):
    word: str


@dataclass(frozen=True)
class Asked(Question[str]):
    word: str


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the handlers of `Said` were handed: the first hears it, the second answers `more` with one word more."""
    heard: list[str] = []

    def again(event: Said) -> None:
        heard.append(event.word.upper())
        if event.word == "more":
            emit(Said("last"))

    monkeypatch.setattr(events, "_handlers", dict(events._handlers))
    monkeypatch.setattr(events, "_answers", dict(events._answers))
    join({Said: (lambda event: heard.append(event.word), again)}, {Asked: lambda asked: asked.word * 2})
    return heard


def firms_seen_by_others() -> int:
    with db.engine.connect() as other:
        return other.scalar(select(func.count()).select_from(Firm)) or 0


def test_handlers_run_at_the_end_in_order_and_what_they_emit_comes_last(app: Flask, heard: list[str]) -> None:
    with transaction():
        emit(Said("more"))
        emit(Said("then"))
        assert heard == []
    assert heard == ["more", "MORE", "then", "THEN", "last", "LAST"]


def test_events_that_are_equal_are_handled_once(app: Flask, heard: list[str]) -> None:
    with transaction():
        emit(Said("one"))
        emit(Said("one"))
    assert heard == ["one", "ONE"]


def test_a_step_that_fails_hands_nothing_on(app: Flask, heard: list[str]) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        emit(Said("one"))
        raise ZeroDivisionError
    with transaction():
        pass
    assert heard == []


def test_a_handler_that_fails_takes_the_step_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_handlers", {Said: (lambda _event: 1 // 0,)})
    with pytest.raises(ZeroDivisionError), transaction():
        make.firm()
        emit(Said("one"))
    assert firms_seen_by_others() == 0


def test_an_event_without_a_transaction_is_an_error(app: Flask, heard: list[str]) -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        emit(Said("one"))


def test_an_early_commit_handles_what_waits_and_takes_nothing_more(app: Flask, heard: list[str]) -> None:
    with transaction():
        emit(Said("one"))
        commit_early()
        assert heard == ["one", "ONE"]
        with pytest.raises(RuntimeError, match="outside a transaction"):
            emit(Said("two"))


def test_an_edge_that_reads_on_has_events_handled_before(app: Flask, heard: list[str]) -> None:
    with transaction():
        emit(Said("one"))
        handle_events()
        assert heard == ["one", "ONE"]
    assert heard == ["one", "ONE"]


def test_a_question_is_answered_at_once(app: Flask, heard: list[str]) -> None:
    assert ask(Asked("so")) == "soso"


def test_the_table_knows_every_event_and_every_question(app: Flask) -> None:
    def declared(kind: type) -> set[type]:
        return {one for one in kind.__subclasses__() if one.__module__.startswith("labshare.")}

    assert declared(Event) == set(table.HANDLERS)
    assert declared(Question) == set(table.ANSWERS)
