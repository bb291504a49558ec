"""The other counties of a province, drawn in processes of their own while this one writes.

Each has ids, references and chance of its own, so that what is drawn does not depend on how many processes there are.
A process hands back rows as the driver takes them; of a county only what the monthly runs need stays in memory.
"""

import copy
import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from labshare.audit import rules
from labshare.audit.models import AuditEvent
from labshare.booking.rules.time import WorkingDays
from labshare.demonstration.catalogue import Laboratory
from labshare.demonstration.counties import draw_bookings, draw_county
from labshare.demonstration.loading import Loading
from labshare.demonstration.people import People
from labshare.demonstration.rows import Rows
from labshare.demonstration.shelf import Shelf
from labshare.demonstration.trail import COLUMNS, Trail
from labshare.kernel.database import db
from labshare.kernel.references import ALPHABET

FORK = multiprocessing.get_context("fork")
"""The processes share what the first county has drawn."""
ROOM = 2
"""Ids kept for a county, as times of those of the first."""
MOST = len(ALPHABET) ** 2
"""Counties whose references begin with two letters of their own."""


@dataclass(frozen=True)
class Drawn:
    """A county ready to be written."""

    division: str
    labs: list[Laboratory]
    """Without instruments and test items."""
    counts: tuple[int, int, int, int]
    """Labs, instruments, test items, bookings."""
    tables: list[tuple[str, Sequence[str], list[list[Any]]]]
    """Table, columns, rows as the driver takes them; parents before children."""
    leaves: list[tuple[int, bytes]]
    """Of each event its number and its leaf, for the seals."""


def draw_apart(loading: Loading, divisions: Sequence[str], days: WorkingDays) -> Iterator[Drawn]:
    """These counties in order. As many processes as there are cores; each waits until its last county is taken."""
    cores = os.cpu_count() or 1
    waiting: deque[Future[Drawn]] = deque()
    with ProcessPoolExecutor(cores, mp_context=FORK, initializer=_begin, initargs=(loading, days)) as processes:
        for place, division in enumerate(divisions, start=1):
            waiting.append(processes.submit(_draw, place, division))
            if len(waiting) > cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_given: tuple[Loading, WorkingDays]


def _begin(loading: Loading, days: WorkingDays) -> None:
    global _given
    _given = loading, days


def _draw(place: int, division: str) -> Drawn:
    """In a process apart: the county and what becomes of it, in the driver's terms."""
    first, days = _given
    loading = _own(first, place, division)
    county = draw_county(loading, division, days, Shelf(loading, first_slip=place * 1_000_000))
    bookings = draw_bookings(county)
    tables: list[tuple[str, Sequence[str], list[list[Any]]]] = [
        (table.name, names, list(loading.rows.converted(table, names, rows)))
        for table, names, rows in loading.rows.take()
    ]
    events, leaves = [], []
    for event, read in loading.trail.take(loading.midnight):
        events.append([*event, rules.mac(read, loading.trail.key)])
        leaves.append((read.id, rules.leaf(read)))
    written = loading.rows.converted(AuditEvent.__table__, COLUMNS, events)  # type: ignore[arg-type]
    tables.append((AuditEvent.__tablename__, COLUMNS, list(written)))
    for name, number in loading.rows.counters.items():
        if number > ROOM * (place + 1) * first.rows.counters[name]:
            raise RuntimeError(f"{division}: more rows of {name} than there are ids for")
    counts = county.count()
    county.let_go()
    gc.collect()
    return Drawn(division, county.labs, (*counts, bookings), tables, leaves)


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
