"""The other counties of a province, drawn and written in processes of their own.

Each has ids, references and chance of its own, so that what is drawn does not depend on how many processes there are.
On PostgreSQL a process writes while it draws, a host firm after the other, and never holds more than that; SQLite has
one writer's place, which a process takes when all is drawn. Only what the monthly runs need of a county comes back.
"""

import copy
import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from labshare.booking.rules.time import WorkingDays
from labshare.demonstration.catalogue import ListedLab
from labshare.demonstration.counties import draw_bookings, draw_county
from labshare.demonstration.loading import Loading
from labshare.demonstration.people import People
from labshare.demonstration.rows import Rows
from labshare.demonstration.shelf import Shelf
from labshare.demonstration.trail import Stretch, Trail, stretches
from labshare.kernel.database import db, transaction
from labshare.kernel.references import ALPHABET

FORK = multiprocessing.get_context("fork")
"""The processes share what the first county has drawn."""
ROOM = 2
"""Ids kept for a county, as times of those of the first."""
MOST = len(ALPHABET) ** 2
"""Counties whose references begin with two letters of their own."""


@dataclass(frozen=True)
class Written:
    """A county as it was written."""

    division: str
    labs: list[ListedLab]
    counts: tuple[int, int, int, int]
    """Labs, instruments, test items, bookings."""
    rows: int
    unsealed: list[Stretch]
    """Its events."""


def write_apart(loading: Loading, divisions: Sequence[str], days: WorkingDays, batch: int) -> Iterator[Written]:
    """These counties in order, their events in stretches of `batch`. As many processes as there are cores; each waits
    until its last county is taken."""
    db.engine.dispose()  # no process may share a connection
    cores = os.cpu_count() or 1
    waiting: deque[Future[Written]] = deque()
    given = loading, days, batch
    with ProcessPoolExecutor(cores, mp_context=FORK, initializer=_begin, initargs=given) as processes:
        for place, division in enumerate(divisions, start=1):
            waiting.append(processes.submit(_write, place, division))
            if len(waiting) > cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def beside(work: Callable[..., None], *given: Any) -> Iterator[None]:
    """Have a process of its own do this meanwhile; on SQLite, where one alone can write, nobody does."""
    if db.engine.dialect.name == "sqlite":
        yield
        return
    db.engine.dispose()  # no process may share a connection
    with ProcessPoolExecutor(1, mp_context=FORK) as processes:
        working = processes.submit(work, *given)
        yield
        working.result()


_given: tuple[Loading, WorkingDays, int]


def _begin(loading: Loading, days: WorkingDays, batch: int) -> None:
    global _given
    _given = loading, days, batch


def _write(place: int, division: str) -> Written:
    """In a process apart: the county and what becomes of it."""
    first, days, batch = _given
    at_once = first.rows.dialect.name == "postgresql"
    with ExitStack() as writing:
        if at_once:
            writing.enter_context(transaction())
        loading = _own(first, place, division)
        county = draw_county(loading, division, days, Shelf(loading, first_slip=place * 1_000_000))
        if at_once:
            bookings = draw_bookings(county, loading.rows.write)
        else:
            bookings = draw_bookings(county)
            writing.enter_context(transaction())
            loading.rows.write()
        begun = loading.rows.counters["audit_event"] + 1
        leaves = loading.trail.write(loading.midnight)
        for name, number in loading.rows.counters.items():
            if number > ROOM * (place + 1) * first.rows.counters[name]:
                raise RuntimeError(f"{division}: more rows of {name} than there are ids for")
    counts, listed = (*county.count(), bookings), county.listed()
    del county
    gc.collect()
    return Written(division, listed, counts, loading.rows.written, stretches(begun, leaves, batch))


def _own(first: Loading, place: int, division: str) -> Loading:
    """The loading of one county apart: it knows the first county, and none of the others."""
    own = copy.copy(first)
    own.rows = Rows(db.session())
    for name, number in first.rows.counters.items():
        own.rows.counters[name] = ROOM * place * number
    own.trail = Trail(own.rows)
    own.people = People(own.rows, own.rng(f"people/{division}"), own.long_ago)
    own.refs, own.used_refs = own.rng(f"references/{division}"), set(first.used_refs)
    own.letters = ALPHABET[place // len(ALPHABET) % len(ALPHABET)] + ALPHABET[place % len(ALPHABET)]
    own.hosts, own.clients, own.related = list(first.hosts), list(first.clients), dict(first.related)
    return own
