"""Loading: the order in which the parts are made and written."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask import current_app

from labshare.audit.models import AuditEvent
from labshare.audit.services import publish_head, seal, signing_key
from labshare.booking.rules.time import WorkingDays
from labshare.catalogue.services.index import rebuild_all
from labshare.demonstration.apart import beside, write_apart
from labshare.demonstration.catalogue import ListedLab
from labshare.demonstration.counties import draw_bookings, draw_county, draw_platform
from labshare.demonstration.errors import DatabaseNotEmpty, NotInProduction
from labshare.demonstration.lists import import_lists
from labshare.demonstration.loading import Loading
from labshare.demonstration.rows import Rows, empty
from labshare.demonstration.runs import Office
from labshare.demonstration.scale import Scale
from labshare.demonstration.shelf import Shelf
from labshare.demonstration.tasks import Tasks
from labshare.demonstration.trail import stretches
from labshare.kernel.database import analyse, db, transaction
from labshare.kernel.time import local_day, local_zone
from labshare.oversight.services import keep_months, watch_months

SEALED_AT_ONCE = 10_000
MONTHS_AT_ONCE = 1_000
Progress = Callable[[str], None]


def load(*, scale: Scale, seed: int, now: datetime, say: Progress = lambda _line: None) -> Loading:
    """Fill an empty database with invented data, all of it before 00:00 of the local day of `now`.

    The same scale, seed and local day give the same data. Opens its own transactions: one for a county alone, whole or
    not at all; of several counties one each, so that a load that was interrupted is to be begun anew on an empty
    database. Raises `NotInProduction`, `DatabaseNotEmpty`.
    """
    if current_app.config["PRODUCTION"]:
        raise NotInProduction
    home, *others = scale.divisions
    key = signing_key()
    with _no_collector():
        with transaction() as session:
            if not empty(db.metadata.sorted_tables):
                raise DatabaseNotEmpty
            loading = Loading(Rows(session), scale, seed, local_day(now), local_zone())
            days = draw_platform(loading)
            labs, tasks = _write_first(loading, home, days, say)
            if others:
                leaves = loading.trail.catch_up(loading.midnight)
                loading.trail.seal(stretches(1, leaves, SEALED_AT_ONCE), loading.midnight)
            else:
                _run_months(loading, tasks, days, labs, say)
        if others:
            with _indexed_afterwards(AuditEvent.__table__):
                labs += _write_others(loading, others, days, say)
            analyse()
            with transaction():
                watch_months(now=loading.midnight)
            with beside(keep_all_months, loading.midnight), transaction():
                _run_months(loading, tasks, days, labs, say)
    analyse()
    keep_all_months(loading.midnight)
    sealed = seal(loading.midnight, key=key, batch=SEALED_AT_ONCE)
    say(f"{sealed} events sealed")
    publish_head(loading.midnight, key=key)
    seal(loading.midnight, key=key)
    return loading


def keep_all_months(now: datetime) -> None:
    """As the scheduler would, without waiting for it."""
    with transaction():
        watch_months(now=now)
    while True:
        with transaction(reads_first=True):
            if not keep_months(now=now, at_once=MONTHS_AT_ONCE):
                return


@contextmanager
def _no_collector() -> Iterator[None]:
    """Millions of small rows live until they are written: looking through them for cycles finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _indexed_afterwards(table: Any) -> Iterator[None]:
    """Without the table's indexes, which are made when millions of rows are there: sorting them once takes less."""
    with db.engine.begin() as connection:
        for index in table.indexes:
            index.drop(connection)
    try:
        yield
    finally:
        with db.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '256MB'")
            for index in table.indexes:
                index.create(connection)


def _write_first(
    loading: Loading, division: str, days: WorkingDays, say: Progress
) -> tuple[list[ListedLab], Tasks | None]:
    """The first county; its labs, and the tasks of the accounts."""
    county = draw_county(loading, division, days, Shelf(loading))
    bookings = draw_bookings(county, loading.rows.write)
    _report(say, division, (*county.count(), bookings), loading.rows.written)
    return county.listed(), county.tasks


def _write_others(loading: Loading, divisions: list[str], days: WorkingDays, say: Progress) -> list[ListedLab]:
    """Each county in a transaction of its own, its events sealed in order; their labs."""
    gc.collect()  # of the first county, which every process would keep
    labs: list[ListedLab] = []
    for written in write_apart(loading, divisions, days, SEALED_AT_ONCE):
        with transaction():
            loading.trail.seal(written.unsealed, loading.midnight)
        labs += written.labs
        _report(say, written.division, written.counts, written.rows)
    return labs


def _report(say: Progress, division: str, counts: tuple[int, int, int, int], written: int) -> None:
    labs, instruments, items, bookings = counts
    say(f"{division}: {labs} labs, {instruments} instruments, {items} test items, {bookings} bookings; {written} rows")


def _run_months(loading: Loading, tasks: Tasks | None, days: WorkingDays, labs: list[ListedLab], say: Progress) -> None:
    """The monthly runs over all labs, what the accounts are told at last, and the index of the search."""
    loading.rows.continue_numbering()
    say("Monthly runs …")
    Office(loading, days, labs).run(tasks.notify if tasks else lambda: None)
    if tasks:
        import_lists(loading, tasks.main.host.id)
    rebuild_all()
