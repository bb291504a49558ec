"""A small county of labs, clients, affiliations and revenue, at random but the same for the same seed.

Rows, not history: what the calculation reads. Every reason not to count occurs, months before and after too.
"""

import itertools
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from labshare.accounts.models import Person
from labshare.booking.models import Booking
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.organisations.models import Affiliation, Firm
from labshare.rewards.services import draft_policy, publish_policy
from labshare.settlement.models import BookingHold, RevenueEntry
from tests import factories
from tests.factories import LONG_AGO
from tests.rewards.reading import policy_json

SIZES = ["micro", "small", "medium", "large", None]
GRADES = ["excellent", "good", "qualified", "unqualified", "ungraded"]


@dataclass
class World:
    officer: Person
    second_officer: Person
    approver: Person
    hosts: list[Firm] = field(default_factory=list)
    labs: list[Lab] = field(default_factory=list)
    instruments: dict[int, list[Instrument]] = field(default_factory=dict)
    items: dict[int, TestItem] = field(default_factory=dict)
    clients: list[Firm] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)

    def acting(self, who: str) -> Actor:
        role = "officer" if "officer" in who else who
        return factories.actor(getattr(self, who), None, role)

    def of_the_county(self) -> Actor:
        """An officer of the county alone, who is nobody's second person (R-FACT-2)."""
        return factories.actor(self.second_officer, None, "officer", division="330624")


def people() -> World:
    """Two officers and an approver, nothing else."""
    return World(factories.regulator("officer"), factories.regulator("officer"), factories.regulator("approver"))


def add_lab(world: World, host: Firm | None = None, **given: Any) -> Lab:
    """A lab with two instruments and an item, of a new or a given firm."""
    lab = factories.lab(host, **given)
    world.labs.append(lab)
    world.instruments[lab.id] = [factories.instrument(lab, calibrated=None) for _ in range(2)]
    world.items[lab.id] = factories.test_item(world.instruments[lab.id][0])
    return lab


def add_booking(world: World, lab: Lab, client: Firm, on: date, *, instrument: int = 0, **given: Any) -> Booking:
    """A settled booking of a day, so far without revenue."""
    at = datetime(on.year, on.month, on.day, 2, tzinfo=UTC)
    item = world.items[lab.id]
    fee_id = db.session.execute(text("SELECT id FROM fee WHERE test_item_id = :item"), {"item": item.id}).scalar()
    row = {
        "ref": f"B-{on:%Y%m}-{len(world.bookings):05d}",
        "state": "settled",
        "client_firm_id": client.id,
        "lab_firm_id": lab.firm_id,
        "lab_id": lab.id,
        "division": lab.division,
        "instrument_id": world.instruments[lab.id][instrument].id,
        "unit": 1,
        "test_item_id": item.id,
        "fee_id": fee_id,
        "quantity": 1,
        "sample_description": "",
        "work_minutes": Decimal(60),
        "cleanup_minutes": 0,
        "starts_at": at,
        "ends_at": at + timedelta(hours=1),
        "booked_at": at,
        "booked_on": on,
        "booked_by": world.officer.id,
        "requested_at": at,
        "client_size": client.size_class,
        "client_division": client.division,
        "instrument_value_fen": 50_000_000,
        "statutory": False,
        "free_cancel_minutes": 0,
        "late_cancel_percent": 0,
        "no_show_percent": 0,
        "turnaround_days": 5,
        "price_fen": 10_000_000,
        "charged_fen": 10_000_000,
        "received_at": at,
        "started_at": at,
        "finished_at": at + timedelta(hours=1),
    } | given
    booking = factories.add(Booking(**row))
    world.bookings.append(booking)
    return booking


def add_revenue(booking: Booking, month: str, fen: int, tax: int = 0) -> RevenueEntry:
    """One ledger entry of a booking."""
    at = datetime(int(month[:4]), int(month[5:]), 20, tzinfo=UTC)
    return factories.add(
        RevenueEntry(
            booking_id=booking.id,
            lab_id=booking.lab_id,
            instrument_id=booking.instrument_id,
            month=month,
            amount_fen=fen,
            tax_fen=tax,
            recorded_at=at,
        )
    )


def put_policy(world: World, now: datetime, **changes: Any) -> Any:
    """A published policy: the standard one of the cases, with changes."""
    policy = draft_policy(actor=world.acting("officer"), now=now, document=policy_json(**changes))
    return publish_policy(actor=world.acting("approver"), now=now, policy_id=policy.id)


def random_affiliation(
    rng: random.Random, world: World, one: Firm, other: Firm, kind: str, start: date, end: date | None
) -> Affiliation:
    """Found, or declared and then agreed, seen, confirmed, ended, voided or not, at moments around bookings'."""

    begins = datetime(start.year, start.month, start.day, tzinfo=UTC)

    def moment(after: datetime = begins) -> datetime:
        """About the hour at which bookings of that day are made, exactly then too."""
        day = min(after.date() + timedelta(days=rng.randint(0, 60)), date(2026, 11, 20))
        return max(after, datetime(day.year, day.month, day.day, rng.choice([1, 2, 3]), tzinfo=UTC))

    by = world.officer.id
    recorded = rng.choice([LONG_AGO, moment(), moment()])
    if rng.random() < 0.3:
        found: dict[str, Any] = {"recorded_at": recorded, "confirmed_at": recorded}
    else:
        found = {"declared_by": rng.choice([one, other]), "recorded_at": recorded}
        found["holds_until_decided"] = rng.random() < 0.25
        touches = [{"month": "2026-01", "lab": "XC-1", "entries": 1, "fen": 1}]
        if rng.random() < 0.2:
            found["declaration_touches"] = touches
        if rng.random() < 0.5:
            found |= {"agreed_at": moment(recorded), "agreed_by": by}
            found["agreement_touches"] = touches if rng.random() < 0.2 else None
        if rng.random() < 0.4:
            found |= {"seen_at": moment(found.get("agreed_at", recorded)), "seen_by": by}
        if rng.random() < 0.3:
            found |= {"confirmed_at": moment(recorded), "confirmed_by": by, "confirmed_source": "inspection"}
    if end is None and rng.random() < 0.3:
        found |= {"ended_at": moment(recorded), "ended_by": by, "ended_on": start + timedelta(days=rng.randint(0, 90))}
    if rng.random() < 0.1:
        found |= {"voided_at": moment(recorded), "voided_by": by, "void_reason": "不实"}
    return factories.affiliation(one, other, kind, start, valid_to=end, entered_by=by, **found)


def random_world(seed: int, now: datetime, *, bookings: int = 150, **policy: Any) -> World:
    """Labs, firms, affiliations and revenue from November 2025 to October 2026. Commits."""
    rng = random.Random(seed)
    with transaction():
        world = people()
        world.hosts = [factories.firm(size_class=rng.choice(["medium", "large"])) for _ in range(4)]
        for _ in range(7):
            add_lab(world, rng.choice(world.hosts), admitted=False)
        add_lab(world, world.hosts[0], division="330681", admitted=False)  # stands in another county
        world.clients = [
            factories.firm(
                size_class=(size := "small" if number < 10 else rng.choice(SIZES)),
                kind="enterprise" if size else "public_institution",
                division="330624" if number < 10 else rng.choice(["330624", "330624", "330681", "310101"]),
            )
            for number in range(40)
        ]
        firms = world.hosts + world.clients
        edges: list[tuple[Firm | Lab, Firm | None, date]] = []
        """Who with whom on a day at which something begins or ends: the bookings to get wrong."""
        parent = factories.firm(size_class="large")
        daughters = [*world.hosts, *world.clients[:8]]
        for number in range(80):
            one, other = rng.choice([rng.sample(firms, 2), [rng.choice(world.hosts), rng.choice(world.clients[:24])]])
            if number < len(daughters):
                one, other = parent, daughters[number]
            elif rng.random() < 0.5:
                one, other = other, one
            start = date(2025, 10, 1) + timedelta(days=rng.randint(0, 350))
            end = rng.choice([None, start + timedelta(days=rng.randint(0, 60))])
            if one is parent:
                start, end = date(2025, 10, 1), None
                day = date(2026, 1, 1) + timedelta(days=rng.randint(0, 280))
                edges += [(host, sister, day) for host in world.hosts for sister in world.clients[:8]]
            for day in (start - timedelta(days=1), start, *([end, end + timedelta(days=1)] if end else [])):
                edges += [(one, other, day), (other, one, day)]
            kind = "controls" if number < 40 else rng.choice(["shares_owner", "family", "declared"])
            if number in (0, 4, 5):  # declared by both sides and seen
                by = world.officer.id
                made = factories.affiliation(
                    one,
                    other,
                    kind,
                    start,
                    declared_by=one,
                    agreed_by=by,
                    agreed_at=LONG_AGO + timedelta(hours=1),
                    seen_at=LONG_AGO + timedelta(days=1),
                    seen_by=by,
                )
            else:
                made = random_affiliation(rng, world, one, other, kind, start, end)
            entry = made.recorded_at.date()
            for day in (entry - timedelta(days=1), *4 * [entry]):
                edges += [(one, other, day), (other, one, day)]
        for lab in world.labs:
            starts = sorted(rng.sample(range(0, 240, 30), rng.choice([0, 1, 1, 2, 2])))
            for start, following in itertools.zip_longest(starts, starts[1:]):
                first = date(2025, 10, 1) + timedelta(days=start)
                last = rng.choice([None, first, first + timedelta(days=rng.randint(1, 300))])
                if following is not None:
                    last = min(last or date.max, date(2025, 10, 1) + timedelta(days=following))
                edges += 5 * [(lab, None, first), (lab, None, (last or first) - timedelta(days=1))]
                county = rng.choice([lab.division, lab.division, "330624", "330681"])
                factories.admission(lab, first, last, division=county)
            for month in rng.sample(range(1, 13), 2):
                factories.grade(lab, rng.choice(GRADES), f"2026-{month:02d}", year=2026)
        for _ in range(bookings):
            lab, client = rng.choice(world.labs), rng.choice(firms)
            on = date(2025, 11, 1) + timedelta(days=rng.randint(0, 350))
            if rng.random() < 0.1:
                client = lab.firm
            elif rng.random() < 0.4:
                at, whom, on = rng.choice(edges)
                of_host = [one for one in world.labs if at in (one, one.firm)]
                lab, client = rng.choice(of_host or world.labs), whom or client
            booking = add_booking(
                world,
                lab,
                client,
                on,
                instrument=rng.randint(0, 1),
                instrument_value_fen=rng.choice([None, 0, 10_000_000, 50_000_000, 50_000_000, 50_000_000]),
                statutory=rng.random() < 0.2,
            )
            for _ in range(rng.choice([1, 1, 1, 2, 3])):
                month = f"{on:%Y-%m}" if rng.random() < 0.7 else f"2026-{rng.randint(1, 12):02d}"
                fen = rng.choice([1, 1, 1, -1]) * rng.randint(1, 9_000_000)
                add_revenue(booking, month, fen, fen // 17)
            if rng.random() < 0.15:
                factories.add(
                    BookingHold(
                        booking_id=booking.id, cause="flag", held_at=LONG_AGO, released_at=rng.choice([None, now])
                    )
                )
        one_sided(world)
        put_policy(world, now, **policy)
    return world


def one_sided(world: World) -> None:
    """Two clients of a lab that declared on 10 March: bookings before, in the hour before and after, and later; the
    lab's firm agreed to the second one's, which touched published months."""
    lab = add_lab(world)
    host, entry = lab.firm, datetime(2026, 3, 10, 2, tzinfo=UTC)
    agreed = {
        "agreed_at": entry + timedelta(days=9),
        "agreed_by": world.officer.id,
        "agreement_touches": [{"month": 1}],
    }
    for more in ({}, agreed):
        client = factories.firm()
        factories.affiliation(host, client, since=date(2026, 2, 1), declared_by=client, recorded_at=entry, **more)
        for day, hour in ((3, 2), (10, 1), (10, 3), (24, 2)):
            at = datetime(2026, 3, day, hour, tzinfo=UTC)
            add_revenue(add_booking(world, lab, client, at.date(), booked_at=at), "2026-03", 100_000 + day)


def fetch(statement: str) -> list[dict[str, Any]]:
    """Rows as dictionaries, for `tests.independent.run`."""
    return [dict(row) for row in db.session.execute(text(statement)).mappings()]
