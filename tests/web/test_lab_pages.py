"""The lab's day, requests, calendar, blocks; lists of all three sides: same statements for few rows and many."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, update

from labshare.booking import services
from labshare.booking.models import Booking, Holding, OpeningWeek, Proposal, WantedBlock
from labshare.kernel.database import db, transaction
from labshare.kernel.time import local_day, utc_now
from tests import factories
from tests.signing import sign_in

pytestmark = pytest.mark.slow

LAB_PAGES = [
    "/lab/today",
    "/lab/today?show=running",
    "/lab/requests",
    "/lab/calendar",
    "/lab/calendar?view=day",
    "/lab/calendar?view=table",
    "/lab/calendar/block",
    "/lab/bookings",
    "/lab/bookings?waits=1&q=B-",
    "/lab/bookings?state=confirmed&sort=charged",
    "/lab/conflicts",
    "/lab/usage",
    "/lab/bookings?format=csv",
]


class House:
    """A firm with a lab, and a client; `book` makes bookings a day apart."""

    def __init__(self) -> None:
        factories.working_year()
        factories.working_year(2027)
        self.lab = factories.lab(horizon_minutes=60 * 24 * 365)
        self.instrument = factories.instrument(self.lab, units=3)
        self.item = factories.test_item(self.instrument)
        self.client = factories.firm()
        self.booker = factories.member(self.client, "booker")
        self.hand = factories.member(self.lab.firm, "lab_manager")
        self.next_start = utc_now().replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=1)

    def book(self, count: int) -> None:
        actor = factories.actor(self.booker, self.client, "booker")
        start = self.next_start
        made = 0
        while made < count:
            for _unit in range(3):
                if start.weekday() < 5 and made < count:
                    services.book(
                        actor=actor,
                        now=utc_now(),
                        test_item_id=self.item.id,
                        quantity=1,
                        starts_at=start,
                        sample_description="x",
                    )
                    made += 1
            start += timedelta(days=1)
        self.next_start = start


@pytest.fixture
def house(app: Flask, clock: Any) -> House:
    with transaction():
        return House()


def statements(client: FlaskClient, path: str, language: str = "zh-CN") -> int:
    count = 0

    def counting(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal count
        count += not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE"))

    event.listen(db.engine, "after_cursor_execute", counting)
    answer = client.get(path, headers={"Accept-Language": language})
    event.remove(db.engine, "after_cursor_execute", counting)
    assert answer.status_code == 200, answer.text
    return count


@pytest.mark.parametrize("path", LAB_PAGES)
def test_a_labs_page_costs_the_same_for_few_and_many(house: House, client: FlaskClient, path: str) -> None:
    with transaction():
        house.book(4)
    sign_in(client, house.hand, house.lab.firm)
    few = statements(client, path)
    with transaction():
        house.book(60)
    many = statements(client, path, "en")
    assert many == few
    most = 14 if path.startswith("/lab/today") else 12
    assert many <= most, "the day asks who may be given its work and what the last shift left, too"


def test_a_lab_without_anything_is_led_on(app: Flask, clock: Any, client: FlaskClient) -> None:
    with transaction():
        firm = factories.firm()
        owner = factories.member(firm)
    sign_in(client, owner, firm)
    assert client.get("/lab/today").status_code == 200
    assert client.get("/lab/requests").status_code == 200


def test_a_new_lab_is_led_from_step_to_step_to_its_first_booking(app: Flask, clock: Any, client: FlaskClient) -> None:
    with transaction():
        firm = factories.firm(verified_at=None)
        owner = factories.member(firm)
        lab = factories.lab(firm, state="draft", hours=(), admitted=False, address="", phone="")
    sign_in(client, owner, firm)

    def undone() -> list[str]:
        page = client.get("/lab/today", headers={"Accept-Language": "en"}).text
        panel = re.search(r'<ol class="first-steps">.*?</ol>', page, re.S)
        return re.findall(r'class="no".*?<a href="[^"]*">(.*?)</a>', panel[0], re.S) if panel else []

    assert len(undone()) == 7
    with transaction():
        firm.verified_at = clock.now
        lab.address, lab.phone, lab.state = "人民路 1 号", "0575-1", "published"
        db.session.add(OpeningWeek(lab_id=lab.id, valid_from=local_day(clock.now), weekly=[[[480, 1020]]] + [[]] * 6))
    assert undone() == [
        "An instrument is published",
        "A test item with a fee is published",
        "The lab is an open lab, or has applied to be one",
    ]
    with transaction():
        item = factories.test_item(factories.instrument(lab))
    assert len(undone()) == 1
    with transaction():
        client_firm = factories.firm()
        booker = factories.actor(factories.member(client_firm), client_firm, "owner")
        factories.working_year()
    with transaction():
        start = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
        services.book(actor=booker, now=clock.now, test_item_id=item.id, quantity=1, starts_at=start)
    assert undone() == [], "whoever is booked needs no leading"


def test_lists_of_client_and_regulator(house: House, client: FlaskClient) -> None:
    with transaction():
        house.book(3)
        auditor = factories.regulator("auditor")
    sign_in(client, house.booker, house.client)
    assert statements(client, "/bookings") <= 12
    assert client.get("/bookings").text.count("B-202611-") >= 3
    sign_in(client, auditor)
    assert statements(client, "/regulator/bookings") <= 12


def test_a_block_takes_what_is_free_and_is_removed(house: House, client: FlaskClient) -> None:
    with transaction():
        house.book(1)
    sign_in(client, house.hand, house.lab.firm)
    wrong = client.post(
        "/lab/calendar/block",
        data={
            "instrument": house.instrument.id,
            "kind": "maintenance",
            "starts_at": "2026-11-25T12:00",
            "ends_at": "2026-11-25T08:00",
        },
    )
    assert wrong.status_code == 422
    block = {
        "instrument": house.instrument.id,
        "kind": "training",
        "starts_at": "2026-11-25T08:00",
        "ends_at": "2026-11-25T12:00",
        "note": "新检测员",
    }
    asked = client.post("/lab/calendar/block", data=block)
    assert asked.status_code == 200
    ref = db.session.scalar(select(Booking.ref))
    assert ref in asked.text
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Holding)) == 1  # asking writes nothing
    made = client.post("/lab/calendar/block", data={**block, "sure": "1"})
    assert made.status_code == 303
    page = client.get(made.location)
    db.session.rollback()
    assert ref in page.text
    assert "培训" in client.get("/lab/calendar?view=table&from=2026-11-25").text.partition("新检测员")[0][-400:]
    blocks = select(func.count()).select_from(Holding).where(Holding.kind == "training")
    assert db.session.scalar(blocks) == 4  # two whole units, and the booked one's hours before and after
    name = db.session.scalar(select(Holding.block).where(Holding.kind == "training").limit(1))
    assert client.post(f"/lab/calendar/blocks/{name}/remove", data={}).status_code == 303
    db.session.rollback()
    assert db.session.scalar(blocks) == 0


def test_a_block_asks_and_proposes_to_each_with_one_note(house: House, client: FlaskClient) -> None:
    with transaction():
        house.book(2)
    sign_in(client, house.hand, house.lab.firm)
    block = {
        "instrument": house.instrument.id,
        "kind": "maintenance",
        "starts_at": "2026-11-25T08:00",
        "ends_at": "2026-11-25T18:00",
    }
    asked = client.post("/lab/calendar/block", data=block).text
    ways = {
        name: re.findall(r'<option value="([^"]+)"', options)
        for name, options in re.findall(r'<select[^>]*name="(way-[^"]+)"[^>]*>(.*?)</select>', asked, re.S)
    }
    assert len(ways) == 2
    chosen = {name: values[0] for name, values in ways.items()}
    without = client.post("/lab/calendar/block", data={**block, **chosen, "sure": "1"})
    assert without.status_code == 422
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(WantedBlock)) == 0
    tampered = dict.fromkeys(chosen, "2026-11-25T03:00:00+08:00|1|999")
    for data, status in (
        ({**tampered, "reason": "年度保养"}, 422),
        ({"way-B-202611-XXXXX": "same|2"}, 404),
        ({next(iter(chosen)): "rubbish"}, 404),
    ):
        assert client.post("/lab/calendar/block", data={**block, **data, "sure": "1"}).status_code == status, data
        db.session.rollback()
        assert db.session.scalar(select(func.count()).select_from(WantedBlock)) == 0
    made = client.post("/lab/calendar/block", data={**block, **chosen, "reason": "年度保养", "sure": "1"})
    assert made.status_code == 303
    db.session.rollback()
    assert db.session.scalars(select(Proposal.reason)).all() == ["年度保养"] * 2
    page = client.get(made.location).text
    assert "2 条预约在此时段内" in page
    back = client.post("/lab/calendar/block", data={**block, "back": "1", "note": "保养"})
    assert 'value="保养"' in back.text


def test_a_blocks_times_change_on_its_page(house: House, client: FlaskClient) -> None:
    sign_in(client, house.hand, house.lab.firm)
    block = {
        "instrument": house.instrument.id,
        "kind": "maintenance",
        "starts_at": "2026-11-25T08:00",
        "ends_at": "2026-11-25T12:00",
        "units": "2",
        "repeats": "FREQ=WEEKLY",
        "times": "3",
    }
    for rule in ({"rule": "FREQ=HOURLY"}, {"times": "9999"}):
        assert client.post("/lab/calendar/block", data={**block, **rule}).status_code == 422
    page = client.post("/lab/calendar/block", data=block).location.partition("?")[0]
    changed = client.post(f"{page}/change", data={"starts_at": "2026-11-25T09:00", "ends_at": "2026-11-25T13:00"})
    assert changed.status_code == 303
    assert client.post(f"{page}/change", data={"starts_at": "2026-11-25T09:00", "ends_at": "x"}).status_code == 422
    dragged = {
        "starts_at": "2026-11-25T09:00",
        "ends_at": "2026-11-25T14:30",
        "was_starts_at": "2026-11-25T01:00:00+00:00",
        "was_ends_at": "2026-11-25T05:00:00+00:00",
    }
    assert client.post(f"{page}/change", data=dragged).json["done"]
    assert "09:00–14:30" in client.get(page).text
    house.next_start = house.next_start.replace(day=26)
    with transaction():
        house.book(3)
    beyond = client.post(
        f"{page}/change",
        data={**dragged, "ends_at": "2026-11-26T14:00", "was_ends_at": "2026-11-25T06:30:00+00:00"},
    )
    assert beyond.status_code == 409
    assert "有预约占用" in beyond.json["refused"]
    assert client.post(f"{page}/remove", data={"following": "1"}).status_code == 303
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(WantedBlock)) == 0


def test_a_block_where_nothing_is_free_says_so_and_names_what_is_there(house: House, client: FlaskClient) -> None:
    block = {
        "instrument": house.instrument.id,
        "kind": "maintenance",
        "starts_at": "2026-11-25T08:00",
        "ends_at": "2026-11-25T12:00",
        "note": "导轨保养",
    }
    sign_in(client, house.hand, house.lab.firm)
    assert client.post("/lab/calendar/block", data=block).status_code == 303
    again = client.post("/lab/calendar/block", data=block, headers={"Accept-Language": "en"})
    assert again.status_code == 200
    assert "Nothing was free" in again.text


def test_members_see_only_what_their_role_does(house: House, client: FlaskClient) -> None:
    with transaction():
        house.book(1)
        viewer = factories.member(house.lab.firm, "viewer")
    sign_in(client, house.hand, house.lab.firm)
    block = client.post(
        "/lab/calendar/block",
        data={
            "instrument": house.instrument.id,
            "kind": "maintenance",
            "starts_at": "2026-11-26T08:00",
            "ends_at": "2026-11-26T12:00",
            "note": "导轨保养",
        },
    ).location
    assert "/remove" in client.get(block).text
    now = utc_now()
    with transaction():
        done = update(Booking).values(
            state="tested",
            received_at=now,
            samples_received=1,
            started_at=now,
            finished_at=now,
            finished_on=local_day(now),
        )
        db.session.execute(done)
    ref = db.session.scalar(select(Booking.ref))
    assert f"{ref}/report" in client.get("/lab/papers").text
    sign_in(client, viewer, house.lab.firm)
    assert "/remove" not in client.get(block).text
    page = client.get("/lab/papers").text
    assert ref in page
    assert not any(f"{ref}/{paper}" in page for paper in ("report", "invoice", "payment"))


def test_a_new_lab_is_led_on(house: House, client: FlaskClient) -> None:
    with transaction():
        firm = factories.firm()
        owner = factories.member(firm, "owner")
        lab = factories.lab(firm, state="draft", published_at=None)
    sign_in(client, owner, firm)
    assert f'href="/lab/labs/{lab.id}"' in client.get("/lab/today").text
    for path in ("/lab/instruments", "/lab/test-items", "/lab/fees"):
        page = client.get(path).text
        assert 'class="empty"' in page
        assert 'id="f-lab"' not in page  # nothing to filter
        assert 'id="f-lab"' in client.get(f"{path}?lab={lab.id}").text
    with transaction():
        house.book(1)
    sign_in(client, house.hand, house.lab.firm)
    assert f'href="/lab/labs/{house.lab.id}"' not in client.get("/lab/today").text
    assert 'id="f-lab"' in client.get("/lab/instruments").text
