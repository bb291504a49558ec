"""The lab's calendar: where bars stand on the axis, what is written on them, what they are called."""

import html
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labshare.booking import services
from labshare.booking.models import Closure, Holding
from labshare.booking.rules.time import Interval
from labshare.booking.terms import HoldingKind
from labshare.kernel.database import db, transaction
from labshare.kernel.formatting import table_slot
from labshare.web.lab.timetable import Axis, at, axis_of, calendar_of
from tests import factories
from tests.bench.measure import statements_of
from tests.signing import sign_in


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026, by the clock in Shanghai."""
    return datetime(2026, 11, day, tzinfo=UTC) + timedelta(hours=hour - 8, minutes=minute)


class House:
    """A lab open from 8 to 17, an instrument, a client; a test of 75 minutes with 20 minutes of clean-up."""

    def __init__(self) -> None:
        factories.working_year()
        self.lab = factories.lab()
        self.instrument = factories.instrument(self.lab, name="万能试验机", name_en="Universal tester")
        self.item = factories.test_item(
            self.instrument, sample_minutes=Decimal(75), cleanup_minutes=20, name="拉伸试验", name_en="Tensile test"
        )
        self.client = factories.firm(name="新昌县绿坞轴承配件有限公司", name_en="Lvwu Bearings Co., Ltd.")
        self.booker = factories.member(self.client, "booker")
        self.hand = factories.member(self.lab.firm, "lab_manager")

    def book(self, now: datetime, starts_at: datetime) -> str:
        return services.book(
            actor=factories.actor(self.booker, self.client, "booker"),
            now=now,
            test_item_id=self.item.id,
            quantity=1,
            starts_at=starts_at,
            sample_description="x",
        ).ref


@pytest.fixture
def house(app: Flask, clock: Any) -> House:
    with transaction():
        return House()


MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("days", "axis", "moment", "minute"),
    [
        (1, (8, 20), (25, 9, 0), 60),
        (1, (8, 20), (25, 10, 15), 135),
        (1, (8, 20), (25, 7, 0), 0),  # left out: at the cut
        (1, (8, 20), (25, 23, 59), 720),
        (1, (8, 20), (26, 3, 0), 720),
        (7, (8, 18), (25, 9, 7), 1267),  # two days of ten hours, then an hour and seven minutes
        (7, (0, 24), (23, 0, 1), 1),
        (7, (0, 24), (29, 23, 59), 7 * 1440 - 1),
    ],
)
def test_a_moment_has_its_minute_on_the_axis(
    app: Flask, days: int, axis: tuple[int, int], moment: tuple[int, ...], minute: int
) -> None:
    first = date(2026, 11, 25) if days == 1 else MONDAY
    assert Axis(first, days, *axis).at(shanghai(*moment)) == minute


@pytest.mark.parametrize(
    ("weekly", "held", "hours"),
    [
        ([], [], (8, 20)),
        ([(510, 1050)], [], (8, 18)),
        ([(0, 1440)], [], (0, 24)),
        ([(1080, 1800)], [], (0, 24)),  # open past midnight
        ([(480, 1020)], [((25, 18, 10), (25, 19, 5))], (8, 20)),
        ([(480, 1020)], [((25, 10, 0), (27, 2, 13))], (8, 17)),  # a night more or less is not shown
        ([(480, 1020)], [((25, 0, 0), (26, 0, 0))], (8, 17)),
    ],
)
def test_the_axis_shows_the_hours_in_which_something_begins(
    app: Flask, weekly: list[Any], held: list[Any], hours: tuple[int, int]
) -> None:
    spans = [Interval(shanghai(*start), shanghai(*end)) for start, end in held]
    axis = axis_of(MONDAY, 7, [weekly], spans)
    assert (axis.opens, axis.closes) == hours


def test_work_and_clean_up_stand_at_their_minutes(house: House, clock: Any) -> None:
    with transaction():
        house.book(clock.now, shanghai(25, 9))
    shown = calendar_of(house.lab, date(2026, 11, 25), days=1, now=clock.now)
    (bar,) = shown.rows[0].bars
    assert (bar.starts_at, bar.ends_at, bar.free_at) == (shanghai(25, 9), shanghai(25, 10, 15), shanghai(25, 10, 35))
    assert (bar.place, bar.tail) == (at(60, 75), at(135, 20)) == ("xh1 xm0 wh1 wm15", "xh2 xm15 wh0 wm20")
    week = calendar_of(house.lab, MONDAY, days=7, now=clock.now)
    assert week.rows[0].bars[0].place == at(2 * 9 * 60 + 60, 75)


def test_a_test_that_takes_longer_is_no_clean_up(house: House, clock: Any) -> None:
    with transaction():
        ref = house.book(clock.now, shanghai(25, 9))
        hand = factories.actor(house.hand, house.lab.firm, "lab_manager")
        services.confirm(actor=hand, now=clock.now, ref=ref)
        services.receive(actor=hand, now=clock.now, ref=ref, samples=1)
    clock.set("2026-11-25 09:00")
    with transaction():
        services.start(actor=hand, now=clock.now, ref=ref)
        db.session.query(Holding).update({"ends_at": shanghai(25, 11, 35)})
    (bar,) = calendar_of(house.lab, date(2026, 11, 25), days=1, now=clock.now).rows[0].bars
    assert (bar.ends_at, bar.free_at) == (shanghai(25, 11, 15), shanghai(25, 11, 35))


def test_closed_hours_and_closures_are_drawn_and_named(house: House, client: FlaskClient, clock: Any) -> None:
    with transaction():
        db.session.add(
            Closure(lab_id=house.lab.id, starts_at=shanghai(25, 13), ends_at=shanghai(26, 0), reason="停电检修")
        )
    shown = calendar_of(house.lab, date(2026, 11, 25), days=1, now=clock.now)
    assert shown.shut == (at(5 * 60, 4 * 60),)
    sign_in(client, house.hand, house.lab.firm)
    page = client.get("/lab/calendar?view=sheet&of=day&from=2026-11-25")
    assert "停电检修" in page.text
    week = client.get("/lab/calendar?view=sheet&from=2026-11-23").text
    assert "不开放" in re.search(r"11-29 周日.*?</th>", week, re.S).group()  # type: ignore[union-attr]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("view", ["day", "week"])
def test_a_bar_says_its_times_and_what_it_is(
    house: House, client: FlaskClient, clock: Any, view: str, language: str
) -> None:
    with transaction():
        ref = house.book(clock.now, shanghai(25, 9))
    sign_in(client, house.hand, house.lab.firm)
    page = client.get(f"/lab/calendar?view=sheet&of={view}&from=2026-11-25", headers={"Accept-Language": language}).text
    bar = re.search(rf'<a class="ev bar-at[^>]*href="/lab/bookings/{ref}"[^>]*>', page)
    assert bar is not None
    label = re.search(r'aria-label="([^"]*)"', bar.group()).group(1)  # type: ignore[union-attr]
    for words in {
        "zh-CN": ("绿坞轴承配件", "拉伸试验", "11-25 周三 09:00–10:15", "待确认", "清洁至 10:35"),
        "en": (
            "Lvwu Bearings",
            "Tensile test",
            "Wed 25 Nov, 09:00–10:15",
            "Awaiting confirmation",
            "clean-up until 10:35",
        ),
    }[language]:
        assert words in label
    assert "<b>09:00</b><i>–</i><b>10:15</b>" in page
    assert "style=" not in page


def test_what_lasts_over_a_night_says_its_days(house: House, client: FlaskClient, clock: Any) -> None:
    with transaction():
        services.block(
            actor=factories.actor(house.hand, house.lab.firm, "lab_manager"),
            now=clock.now,
            instrument_id=house.instrument.id,
            starts_at=shanghai(25, 15),
            ends_at=shanghai(27, 10),
            kind="maintenance",
            note="导轨保养",
        )
    sign_in(client, house.hand, house.lab.firm)
    page = client.get("/lab/calendar?view=sheet&of=day&from=2026-11-26").text
    assert "<b>11-25 15:00</b><i>–</i><b>11-27 10:00</b>" in page


def test_the_data_for_a_script_say_what_the_page_shows(app: Flask, clock: Any, house: House) -> None:
    """To the minute: begin, end, end of the clean-up, client and test of each booking, the note of each block."""
    with transaction():
        ref = house.book(clock(), shanghai(25, 9, 7))
        services.block(
            actor=factories.actor(house.hand, house.lab.firm, "lab_manager"),
            now=clock(),
            instrument_id=house.instrument.id,
            starts_at=shanghai(26, 10),
            ends_at=shanghai(26, 11, 30),
            kind="maintenance",
            note="换油",
        )
    client = app.test_client()
    sign_in(client, house.hand, house.lab.firm)
    data = client.get("/lab/calendar/data?from=2026-11-23&days=7").json
    start = datetime.fromisoformat(data["start"])
    events = [dict(zip(data["columns"], each, strict=True)) for each in data["events"]]
    bars = [(row, bar) for row in calendar_of(house.lab, MONDAY, days=7, now=clock()).rows for bar in row.bars]
    assert [
        (
            data["resources"][each["resource"]]["instrument"],
            data["resources"][each["resource"]]["unit"],
            *(start + timedelta(minutes=each[edge]) for edge in ("start", "end", "free")),
            data["looks"][each["state"] or each["kind"]],
            each["ref"],
        )
        for each in events
    ] == [
        (row.instrument.id, row.unit, bar.starts_at, bar.ends_at, bar.free_at, bar.kind, bar.ref) for row, bar in bars
    ]
    booking, block = events
    assert booking["ref"] == ref
    assert data["clients"][str(booking["client"])] == "新昌县绿坞轴承配件有限公司"
    assert data["items"][str(booking["item"])] == "拉伸试验"
    assert block["note"] == "换油"
    assert "2026-12-07T" in client.get("/lab/calendar/data?from=2026-12-08&days=9999").json["start"]
    assert client.get("/lab/calendar/data?from=2026-12-08&days=9999").json["days"] == 31


CUTS = st.lists(st.integers(0, 7 * 1440), min_size=2, max_size=24, unique=True).map(sorted)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=CUTS,
    kinds=st.lists(st.sampled_from([*HoldingKind.blocks(), HoldingKind.OFFER]), min_size=12, max_size=12),
)
def test_bars_equal_the_holdings_to_the_minute(
    house: House, client: FlaskClient, clock: Any, cuts: list[int], kinds: list[str]
) -> None:
    """Whatever holds the instrument: the grid's data and the table on the page say it, the sheet places it, each to the
    minute, over nights too."""
    start = shanghai(23, 0)
    spans = [(start + timedelta(minutes=a), start + timedelta(minutes=b)) for a, b in pairwise(cuts)]
    with transaction():
        db.session.query(Holding).delete()
        for kind, (starts_at, ends_at) in zip(kinds * 2, spans, strict=False):
            db.session.add(
                Holding(
                    instrument_id=house.instrument.id,
                    unit=1,
                    kind=kind,
                    block=None if kind == "offer" else "a-block",
                    starts_at=starts_at,
                    ends_at=ends_at,
                    created_at=clock(),
                )
            )
    sign_in(client, house.hand, house.lab.firm)
    data = client.get("/lab/calendar/data?from=2026-11-23").json
    columns = [dict(zip(data["columns"], each, strict=True)) for each in data["events"]]
    begin = datetime.fromisoformat(data["start"])
    assert [tuple(begin + timedelta(minutes=each[edge]) for edge in ("start", "end")) for each in columns] == spans
    assert all(each["end"] == each["free"] for each in columns)
    week = calendar_of(house.lab, MONDAY, days=7, now=clock())
    axis = week.axis
    for bar, (starts_at, ends_at) in zip(week.rows[0].bars, spans, strict=True):
        assert (bar.starts_at, bar.ends_at) == (starts_at, ends_at)
        assert bar.place == at(*axis.place(starts_at, ends_at))
    table = client.get("/lab/calendar?view=table&from=2026-11-23").text
    said = [
        " ".join(re.sub("<.*?>", " ", each).split())
        for each in re.findall(r'<td class="nowrap">(.*?)</td>', table, re.S)
    ]
    assert said == [table_slot(*span) for span in spans]


def test_what_has_not_changed_is_not_sent_again(house: House, client: FlaskClient, clock: Any) -> None:
    """304 after two small questions; anybody's booking, block or offer changes the tag, and so does one that lapses."""
    sign_in(client, house.hand, house.lab.firm)
    ask = "/lab/calendar/data?from=2026-11-23"
    seen = [client.get(ask).headers["ETag"]]

    def asked_anew() -> int:
        answer = client.get(ask, headers={"If-None-Match": seen[-1]})
        seen.append(answer.headers["ETag"])
        return answer.status_code

    assert asked_anew() == 304
    with transaction():
        house.book(clock(), shanghai(25, 9))
    assert asked_anew() == 200
    assert asked_anew() == 304
    with transaction():
        db.session.add(
            Holding(
                instrument_id=house.instrument.id,
                unit=1,
                kind="offer",
                held_for=house.booker.id,
                starts_at=shanghai(26, 9),
                ends_at=shanghai(26, 10),
                expires_at=clock() + timedelta(minutes=10),
                created_at=clock(),
            )
        )
    assert asked_anew() == 200
    clock.advance(minutes=11)
    assert asked_anew() == 200
    assert len(client.get(ask).json["events"]) == 1


def test_the_grids_data_are_few_questions_and_small(app: Flask, house: House, client: FlaskClient, clock: Any) -> None:
    with transaction():
        for n in range(30):
            factories.instrument(house.lab, name=f"试验机 {n:02d}")
        house.book(clock(), shanghai(25, 9))
    sign_in(client, house.hand, house.lab.firm)
    ask = "/lab/calendar/data?from=2026-11-23&page={}"
    tag = client.get(ask.format(1)).headers["ETag"]
    assert statements_of(lambda: client.get(ask.format(1))) <= 10
    assert statements_of(lambda: client.get(ask.format(1), headers={"If-None-Match": tag})) <= 6
    data = client.get(ask.format(1)).json
    instrument, booking = (len(orjson.dumps(data[each][0])) + 1 for each in ("resources", "events"))
    assert 100 * instrument + 3_500 * booking + 4_096 <= 300 * 1_024, (instrument, booking)
    pages = [client.get(ask.format(n)).json["resources"] for n in (1, 2)]
    assert [len(each) for each in pages] == [25, 6]
    assert not {each["instrument"] for each in pages[0]} & {each["instrument"] for each in pages[1]}
    assert "1–25 / 31" in client.get("/lab/calendar").text
    assert client.get("/lab/calendar?view=table").status_code == 200


@pytest.mark.parametrize(("of", "days"), [("day", 1), ("week", 7), ("fortnight", 14), ("month", 30)])
def test_each_range_begins_where_it_should(house: House, client: FlaskClient, clock: Any, of: str, days: int) -> None:
    sign_in(client, house.hand, house.lab.firm)
    first = {"day": "2026-11-25", "month": "2026-11-01"}.get(of, "2026-11-23")
    page = client.get(f"/lab/calendar?view={of}&from=2026-11-25").text
    board = json.loads(html.unescape(re.search(r'data-board="(.*?)"', page, re.S).group(1)))  # type: ignore[union-attr]
    assert parse_qs(board["data"].partition("?")[2]) == {
        "lab": [house.lab.code],
        "days": [str(days)],
        "page": ["1"],
        "from": [first],
    }
    for view in ("table", "sheet"):
        assert client.get(f"/lab/calendar?view={view}&of={of}&from=2026-11-25").status_code == 200
