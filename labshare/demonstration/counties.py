"""A county as it is drawn: its firms, labs and tasks, then its bookings."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from labshare.booking.rules.time import WorkingDays
from labshare.demonstration.bookings import Bookings
from labshare.demonstration.calendar import make_calendar
from labshare.demonstration.catalogue import CatalogueMaker, Laboratory, ListedLab, make_standards
from labshare.demonstration.firms import make_clients, make_hosts, make_regulators, make_waiting
from labshare.demonstration.loading import Loading
from labshare.demonstration.photos import add_photos
from labshare.demonstration.runs import schedule_months
from labshare.demonstration.shelf import Shelf
from labshare.demonstration.tasks import Tasks


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

    def count(self) -> tuple[int, int, int]:
        """Labs, instruments, test items."""
        return len(self.labs), sum(len(lab.machines) for lab in self.labs), sum(len(lab.offers) for lab in self.labs)

    def listed(self) -> list[ListedLab]:
        """Its labs, as far as the monthly runs need them."""
        return [lab.listed for lab in self.labs]


def draw_county(loading: Loading, division: str, days: WorkingDays, shelf: Shelf) -> County:
    """Draw its firms, labs and, in the first, the accounts' tasks; the slow part, its bookings, comes with writing."""
    hosts = make_hosts(loading, division)
    clients = make_clients(loading, division, loading.scale.clients)
    labs = CatalogueMaker(loading, division, days, loading.standards).make(hosts)
    county = County(division, labs, Bookings(loading, labs, clients, [host.client for host in hosts], shelf), None)
    if division == loading.scale.divisions[0]:
        make_waiting(loading)
        for lab in labs:
            if lab.demo:
                add_photos(loading, lab, shelf)
        county.tasks = Tasks(loading, labs, shelf)
        for life in county.tasks.make():
            life.hold()
    return county


def draw_bookings(county: County, write: Callable[[], object] = lambda: None) -> int:
    """Its bookings, each with its papers; how many. `write` is called where no row drawn so far changes any more."""
    count = 0
    unfinished = {life.lab.host.id for life in county.tasks.lives} if county.tasks else set()
    for host, theirs in groupby(county.labs, key=lambda lab: lab.host.id):
        lives = [life for lab in theirs for life in county.bookings.make(lab)]
        county.bookings.documents.share_invoices()
        for life in lives:
            life.hold()
        count += len(lives)
        unfinished.discard(host)
        if not unfinished:
            write()
    return count
