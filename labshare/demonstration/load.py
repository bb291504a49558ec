"""Loading: the order in which the parts are made and written."""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby

from flask import current_app

from labshare.audit.services import seal
from labshare.catalogue.services.index import rebuild_all
from labshare.demonstration.bookings import Bookings
from labshare.demonstration.calendar import make_calendar
from labshare.demonstration.catalogue import CatalogueMaker, Laboratory, make_standards
from labshare.demonstration.errors import DatabaseNotEmpty, NotInProduction
from labshare.demonstration.firms import make_clients, make_hosts, make_regulators, make_waiting
from labshare.demonstration.rows import Rows, empty
from labshare.demonstration.runs import Office, make_grades, schedule_months
from labshare.demonstration.scale import Scale
from labshare.demonstration.shelf import Shelf
from labshare.demonstration.tasks import Tasks
from labshare.demonstration.world import World
from labshare.kernel.database import db, transaction
from labshare.kernel.time import local_day, local_zone

SEALED_AT_ONCE = 10_000
Progress = Callable[[str], None]


def load(*, scale: Scale, seed: int, now: datetime, say: Progress = lambda _line: None) -> World:
    """Fill an empty database with invented data, all of it before 00:00 of the local day of `now`.

    The same scale, seed and local day give the same data. Opens its own transaction. Raises `NotInProduction`,
    `DatabaseNotEmpty`.
    """
    if current_app.config["PRODUCTION"]:
        raise NotInProduction
    with transaction() as session:
        if not empty(db.metadata.sorted_tables):
            raise DatabaseNotEmpty
        rows = Rows(session)
        world = World(rows, scale, seed, local_day(now), local_zone())
        make_regulators(world)
        days = make_calendar(world)
        standards = world.standards = make_standards(world)
        shelf: Shelf | None = None
        every_lab: list[Laboratory] = []
        for division in scale.divisions:
            hosts = make_hosts(world, division)
            make_clients(world, division, scale.clients)
            labs = CatalogueMaker(world, division, days, standards).make(hosts)
            schedule_months(world, days)
            shelf = shelf or Shelf(world)
            maker = Bookings(world, labs, world.clients, shelf)
            count = 0
            if division == scale.divisions[0]:
                make_waiting(world)
                tasks = Tasks(world, labs, shelf)
                for life in tasks.make():
                    life.hold()
            for _host, theirs in groupby(labs, key=lambda lab: lab.host.id):
                lives = [life for lab in theirs for life in maker.make(lab)]
                maker.papering.share_invoices()
                for life in lives:
                    life.hold()
                count += len(lives)
            make_grades(world, labs)
            every_lab += labs
            written = rows.write()
            say(f"{division}: {len(labs)} labs, {sum(len(lab.machines) for lab in labs)} instruments, "
                f"{sum(len(lab.offers) for lab in labs)} test items, {count} bookings; {written} rows")  # fmt: skip
        rows.continue_numbering()
        say("Monthly runs …")
        Office(world, days, every_lab).run(tasks.tell)
        rebuild_all()
    sealed = seal(world.midnight, key=current_app.config["AUDIT_KEY"], batch=SEALED_AT_ONCE)
    say(f"{sealed} events sealed")
    return world
