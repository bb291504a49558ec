"""Loading: the order in which the parts are made and written."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from flask import current_app

from labshare.audit.services import seal
from labshare.booking.rules.time import WorkingDays
from labshare.catalogue.services.index import rebuild_all
from labshare.demonstration.bookings import Bookings
from labshare.demonstration.calendar import make_calendar
from labshare.demonstration.catalogue import CatalogueMaker, Laboratory, make_standards
from labshare.demonstration.errors import DatabaseNotEmpty, NotInProduction
from labshare.demonstration.firms import make_clients, make_hosts, make_regulators, make_waiting
from labshare.demonstration.loading import Loading
from labshare.demonstration.rows import Rows, empty
from labshare.demonstration.runs import Office, schedule_months
from labshare.demonstration.scale import Scale
from labshare.demonstration.shelf import Shelf
from labshare.demonstration.tasks import Tasks
from labshare.kernel.database import analyse, db, transaction
from labshare.kernel.time import local_day, local_zone
from labshare.oversight.services import keep_months, watch_months

SEALED_AT_ONCE = 10_000
MONTHS_AT_ONCE = 1_000
Progress = Callable[[str], None]


def load(*, scale: Scale, seed: int, now: datetime, say: Progress = lambda _line: None) -> Loading:
    """Fill an empty database with invented data, all of it before 00:00 of the local day of `now`.

    The same scale, seed and local day give the same data. Opens its own transaction. Raises `NotInProduction`,
    `DatabaseNotEmpty`.
    """
    if current_app.config["PRODUCTION"]:
        raise NotInProduction
    with _no_collector(), transaction() as session:
        if not empty(db.metadata.sorted_tables):
            raise DatabaseNotEmpty
        loading = Loading(Rows(session), scale, seed, local_day(now), local_zone())
        days = draw_platform(loading)
        shelf, tasks, every_lab = Shelf(loading), None, []
        for division in scale.divisions:
            county = draw_county(loading, division, days, shelf)
            _write_county(loading, county, say)
            tasks = tasks or county.tasks
            every_lab += county.labs
        loading.rows.continue_numbering()
        say("Monthly runs …")
        Office(loading, days, every_lab).run(tasks.notify if tasks else lambda: None)
        rebuild_all()
    analyse()
    keep_all_months(loading.midnight)
    sealed = seal(loading.midnight, key=current_app.config["AUDIT_KEY"], batch=SEALED_AT_ONCE)
    say(f"{sealed} events sealed")
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


def draw_platform(loading: Loading) -> WorkingDays:
    """What belongs to no county: regulators, working days, standards, when each month was closed."""
    make_regulators(loading)
    days = make_calendar(loading)
    loading.standards = make_standards(loading)
    schedule_months(loading, days)
    return days


@dataclass
class County:
    """One county, drawn but for its bookings."""

    division: str
    labs: list[Laboratory]
    bookings: Bookings
    tasks: Tasks | None
    """What the accounts are promised, in the first county."""


def draw_county(loading: Loading, division: str, days: WorkingDays, shelf: Shelf) -> County:
    """Draw its firms, labs and, in the first, the accounts' tasks; the slow part, its bookings, comes with writing."""
    hosts = make_hosts(loading, division)
    clients = make_clients(loading, division, loading.scale.clients)
    labs = CatalogueMaker(loading, division, days, loading.standards).make(hosts)
    county = County(division, labs, Bookings(loading, labs, clients, [host.client for host in hosts], shelf), None)
    if division == loading.scale.divisions[0]:
        make_waiting(loading)
        county.tasks = Tasks(loading, labs, shelf)
        for life in county.tasks.make():
            life.hold()
    return county


def draw_bookings(county: County) -> int:
    """Its bookings, each with its papers; how many."""
    count = 0
    for _host, theirs in groupby(county.labs, key=lambda lab: lab.host.id):
        lives = [life for lab in theirs for life in county.bookings.make(lab)]
        county.bookings.documents.share_invoices()
        for life in lives:
            life.hold()
        count += len(lives)
    return count


def _write_county(loading: Loading, county: County, say: Progress) -> None:
    """To the database; of its labs only what the runs need is kept."""
    labs, count = county.labs, draw_bookings(county)
    written = loading.rows.write()
    say(
        f"{county.division}: {len(labs)} labs, {sum(len(lab.machines) for lab in labs)} instruments, "
        f"{sum(len(lab.offers) for lab in labs)} test items, {count} bookings; {written} rows"
    )
    if loading.scale.counties > 1:  # events of many counties do not fit into memory: each county's are written at once
        loading.trail.catch_up(loading.midnight)
        gc.collect()
    for lab in labs:
        lab.machines, lab.offers = [], []
