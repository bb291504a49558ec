"""What the parts of the generator share: seed, moments, rows, and the firms and labs already invented."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from labshare.demonstration.people import People
from labshare.demonstration.rows import Row, Rows
from labshare.demonstration.scale import Scale
from labshare.demonstration.trail import Trail
from labshare.kernel.months import Month
from labshare.kernel.time import start_of_day


@dataclass
class Client:
    """A firm that books (or could)."""

    row: Row
    categories: tuple[str, ...]
    weight: float
    members: list[Row]
    sizes: list[tuple[date, str]] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.row["id"])

    def size_on(self, day: date) -> str | None:
        """The size class in force on a day."""
        found = None
        for since, size in self.sizes:
            if since <= day or found is None:
                found = size
        return found


@dataclass
class HostFirm:
    """A firm with labs: its people at the bench and in the office."""

    row: Row
    owner: Row
    manager: Row
    accountant: Row
    client: Client
    """The same firm as one that books."""

    @property
    def id(self) -> int:
        return int(self.row["id"])


class Loading:
    """One load. Everything in it happened before `midnight`, the first moment of the local day of loading: so the data
    depend on the seed and the day alone, and whatever the hour, nothing lies in the future."""

    def __init__(self, rows: Rows, scale: Scale, seed: int, today: date, zone: ZoneInfo) -> None:
        self.rows, self.scale, self.seed, self.today, self.zone = rows, scale, seed, today, zone
        self.midnight = start_of_day(today, zone)
        self.month = Month.of(today)
        self.first_month = self.month.plus(-12)
        self.first_day = self.first_month.first_day
        self.trail = Trail(rows)
        self.long_ago = start_of_day(self.first_day - timedelta(days=400), zone)
        self.people = People(rows, self.rng("people"), self.long_ago)
        self.refs = self.rng("references")
        self.used_refs: set[str] = set()
        self.letters = ""
        """What the chosen part of a reference begins with: two letters of its own in a county drawn apart."""
        self.closed: dict[Month, datetime] = {}
        """When the ledger of each past month was closed: at the publication of its run."""
        self.accounts: dict[str, Row] = {}
        self.hosts: list[HostFirm] = []
        self.clients: list[Client] = []
        self.related: dict[int, list[Client]] = {}
        """By host firm: clients affiliated with it."""
        self.demo_client: Client
        self.late_affiliation: tuple[HostFirm, Client]
        self.standards: dict[str, Row] = {}

    def rng(self, part: str) -> random.Random:
        """Chance of its own for each part, so that a change in one leaves the others as they were."""
        return random.Random(f"{self.seed}/{part}")

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """A moment of the wall clock on a local day."""
        return datetime.combine(day, time(hour, minute), tzinfo=self.zone).astimezone(UTC)

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()
