"""What a room says upwards without knowing who listens: events, handled when the step ends, and questions, answered at
once.

A room declares both as frozen dataclasses in its `events`; `labshare/events.py` says in one table who handles and who
answers what. Events are carried by the transaction: its handlers run at its end, before it commits, in the order in
which things happened. So what a handler writes or refuses belongs to the same step, but a service that has emitted an
event cannot read what its handlers will write.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")


class Event:
    """Something that has happened in this step and is flushed. Two that are equal are handled once."""


class Question(Generic[Answer]):
    """Something that only a room above knows."""


Handlers = Mapping[type[Event], tuple[Callable[[Any], None], ...]]
Answers = Mapping[type[Question[Any]], Callable[[Any], Any]]

_handlers: dict[type[Event], tuple[Callable[[Any], None], ...]] = {}
_answers: dict[type[Question[Any]], Callable[[Any], Any]] = {}
_waiting: ContextVar[list[Event] | None] = ContextVar("waiting", default=None)
"""What the transaction under way carries; None outside one."""


def join(handlers: Handlers, answers: Answers) -> None:
    """Say who handles and who answers. `create_app` does, with the table of `labshare/events.py`."""
    _handlers.update(handlers)
    _answers.update(answers)


def emit(event: Event) -> None:
    """Have the transaction carry an event to its end. Not within a savepoint that may be taken back: what happened
    there would be handled all the same. Raises `RuntimeError` outside a transaction, or where its work is committed."""
    waiting = _waiting.get()
    if waiting is None:
        raise RuntimeError(f"an event outside a transaction: {event}")
    if event not in waiting:
        waiting.append(event)


def handle_events() -> None:
    """Hand what waits to its handlers, one event after the other; what they emit comes last. `transaction()` does at
    its end; an edge that reads in the same transaction what the step has left does before."""
    waiting = _waiting.get()
    while waiting:
        event = waiting.pop(0)
        for handler in _handlers[type(event)]:
            handler(event)


@contextmanager
def carrying() -> Iterator[None]:
    """Carry events from here on. For `transaction()`."""
    before = _waiting.set([])
    try:
        yield
    finally:
        _waiting.reset(before)


def carry_no_more() -> None:
    """From here on an event would come too late. For `commit_early`."""
    _waiting.set(None)


def ask(question: Question[Answer]) -> Answer:
    """What the room above answers."""
    answer: Answer = _answers[type(question)](question)
    return answer
