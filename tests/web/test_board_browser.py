"""The calendar's grid in browsers: dragging, what is refused, the keyboard alone, bars at their minute."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from labshare.booking import services
from labshare.booking.models import Booking, Closure, Holding, Proposal
from labshare.kernel.database import db, transaction
from tests import factories
from tests.web.clicking import Crew, Someone, crew, now_stands
from tests.web.test_calendar import House, shanghai

__all__ = ["crew"]

SOON = 5_000
"""Milliseconds in which what others do is seen."""
WEEK = "/lab/calendar?from=2026-11-25"


class Bench(House):
    """Two instruments for the test, the second of two units, and a third that cannot do it."""

    def __init__(self) -> None:
        super().__init__()
        self.second = factories.instrument(self.lab, name="电子拉力机", name_en="Tension tester", units=2)
        self.other = factories.instrument(self.lab, name="盐雾试验箱", name_en="Salt spray chamber")
        self.item = factories.test_item(
            self.instrument, self.second, sample_minutes=Decimal(75), cleanup_minutes=20, name="弯曲试验"
        )

    def hands(self) -> Any:
        return factories.actor(self.hand, self.lab.firm, "lab_manager")

    def books(self) -> Any:
        return factories.actor(self.booker, self.client, "booker")


@pytest.fixture
def bench(app: Any, clock: Any) -> Bench:
    with transaction():
        return Bench()


def bar_of(someone: Someone, ref: str, **more: Any) -> Any:
    marks = "".join(f'[data-{name}="{value}"]' for name, value in {"ref": ref, **more}.items())
    return someone.page.locator(f".ec-event{marks}")


def box_of(someone: Someone, ref: str) -> Any:
    """Where the booking's first bar lies; waits while the grid is drawn anew."""
    found = someone.page.wait_for_function(
        "ref => document.querySelector(`.ec-event[data-ref='${ref}']`)?.getBoundingClientRect()", arg=ref
    )
    return found.evaluate("({ x, y, width, height }) => ({ x, y, width, height })")


def row_y(someone: Someone, name: str) -> float:
    box = someone.page.locator(".ec-row-head", has_text=name).first.bounding_box()
    return float(box["y"] + box["height"] / 2)


def drag(someone: Someone, ref: str, minutes: int = 0, row: str = "") -> None:
    """Take the booking's bar by its beginning and drop it so many minutes later, in another row."""
    bar = bar_of(someone, ref).first
    bar.hover(position={"x": 8, "y": 12})  # tried again when the grid was drawn anew meanwhile
    box, mouse = box_of(someone, ref), someone.page.mouse
    per_minute = box["width"] / someone.page.evaluate(
        "(one) => one.dataset.end - one.dataset.start", bar.element_handle()
    )
    x, y = box["x"] + 8, box["y"] + 12
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 6, y, steps=2)
    mouse.move(x + minutes * per_minute, row_y(someone, row) if row else y, steps=4)
    mouse.up()


def test_a_booking_dragged_to_another_instrument_is_seen_by_others(bench: Bench, crew: Crew) -> None:
    with transaction():
        ref = bench.book(crew.clock.now, shanghai(25, 9))
    lab, other = (crew.sits_down(bench.hand, bench.lab.firm).go(WEEK) for _ in range(2))
    bar_of(other, ref).wait_for()
    bar_of(lab, ref).wait_for()
    assert bar_of(lab, ref).get_attribute("aria-label").startswith("新昌县绿坞轴承配件有限公司 · 弯曲试验")
    lab.finds_it_sound("board")
    drag(lab, ref, minutes=120, row="工位 2")
    asked = lab.dialog.inner_text()
    assert "11月25日 周三 11:00–12:15" in asked
    assert "另一台仪器" in asked
    lab.dialog.locator("[name=reason]").fill("主轴检修")
    lab.dialog.get_by_role("button", name="提议", exact=False).click()
    offered = bar_of(other, ref, instrument=bench.second.id, unit=2)
    offered.wait_for(timeout=SOON)
    proposal = now_stands(Proposal, open=True)
    assert (proposal.starts_at, proposal.instrument_id, proposal.unit) == (shanghai(25, 11), bench.second.id, 2)
    assert proposal.reason == "主轴检修"
    with transaction():
        services.accept_proposal(actor=bench.books(), now=crew.clock.now, ref=ref, proposal_id=proposal.id)
    for each in (lab, other):
        bar_of(each, ref, instrument=bench.instrument.id).wait_for(state="detached", timeout=SOON)
        assert bar_of(each, ref).count() == 1
    assert now_stands(Booking, ref=ref).starts_at == shanghai(25, 11)


def test_refused_drags_go_back_with_the_reason_and_what_would_do(bench: Bench, crew: Crew) -> None:
    with transaction():
        ref = bench.book(crew.clock.now, shanghai(25, 11))
        taken = bench.book(crew.clock.now, shanghai(25, 14))
        db.session.add(
            Closure(lab_id=bench.lab.id, starts_at=shanghai(26, 0), ends_at=shanghai(27, 0), reason="停电检修")
        )
    crew.it_is("2026-11-25 09:30")
    lab = crew.sits_down(bench.hand, bench.lab.firm).go(WEEK)
    bar_of(lab, taken).wait_for()
    stood = box_of(lab, ref)
    refused = lab.page.locator("[data-refused]")
    day = 9 * 60  # from 08:00 to 17:00
    for minutes, row, reason in (
        (165, "", f"已占用：{taken}"),
        (day, "", "停电检修"),
        (0, "盐雾试验箱", "可做的仪器：万能试验机"),
        (-150, "", "已过"),
    ):
        drag(lab, ref, minutes, row)
        refused.get_by_text(reason).wait_for()
        assert "已移回原处" in refused.inner_text()
        assert refused.locator(".row-x button").count() == 3, reason
        assert box_of(lab, ref) == stood, reason
        refused.get_by_role("button").last.click()
    lab.page.route("**/lab/calendar/data**", lambda asked: asked.abort())  # what others do is not seen before the drag
    with transaction():
        services.reschedule(actor=bench.books(), now=crew.clock.now, ref=ref, starts_at=shanghai(27, 9))
    drag(lab, ref, 30)
    refused.get_by_text("期间已被他人或在另一窗口改动：现在为 11-27 周五 09:00").wait_for()
    lab.page.unroute("**/lab/calendar/data**")
    bar_of(lab, ref, start=4 * 1440 + 540).wait_for(timeout=SOON)
    assert db.session.query(Proposal).count() == 0


def test_what_would_do_is_one_click_away(bench: Bench, crew: Crew) -> None:
    with transaction():
        ref = bench.book(crew.clock.now, shanghai(25, 9))
    lab = crew.sits_down(bench.hand, bench.lab.firm, "en-GB").go(WEEK)
    bar_of(lab, ref).wait_for()
    drag(lab, ref, row="Salt spray chamber")
    way = lab.page.locator("[data-refused] .row-x button").first
    words = way.inner_text()
    way.click()
    assert words.split(" · ")[0] in lab.dialog.inner_text()
    lab.dialog.get_by_role("button", name="Keep the old time").click()
    assert db.session.query(Proposal).count() == 0


def test_a_unit_of_the_same_instrument_needs_nobodys_yes(bench: Bench, crew: Crew) -> None:
    with transaction():
        ref = services.book(
            actor=bench.books(),
            now=crew.clock.now,
            test_item_id=bench.item.id,
            quantity=1,
            instrument_id=bench.second.id,
            starts_at=shanghai(25, 9),
            sample_description="x",
        ).ref
    lab = crew.sits_down(bench.hand, bench.lab.firm).go(WEEK)
    bar_of(lab, ref, unit=1).wait_for()
    drag(lab, ref, row="工位 2")
    bar_of(lab, ref, unit=2).wait_for()
    assert now_stands(Booking, ref=ref).unit == 2


def test_the_keyboard_alone(bench: Bench, crew: Crew) -> None:
    with transaction():
        first = bench.book(crew.clock.now, shanghai(25, 9))
        later = bench.book(crew.clock.now, shanghai(25, 12))
    lab = crew.sits_down(bench.hand, bench.lab.firm).go(WEEK)
    bar_of(lab, later).wait_for()
    key = lab.page.keyboard

    def at() -> str:
        return str(lab.page.evaluate("document.activeElement.dataset.ref ?? ''"))

    lab.page.locator(".seg a").last.focus()
    for _press in range(40):
        if at():
            break
        key.press("Tab")
    assert at() == first
    key.press("ArrowRight")
    assert at() == later
    key.press("ArrowLeft")
    key.press(" ")
    peek = lab.page.locator("[data-peek]")
    assert first in peek.inner_text()
    assert peek.get_by_role("link").first.inner_text() == "确认预约"
    key.press("Escape")
    assert at() == first
    for press, place in (
        ("Enter", f"/lab/bookings/{first}"),
        ("m", f"/lab/bookings/{first}/move"),
        ("b", "/lab/calendar/block?"),
    ):
        bar_of(lab, first).focus()
        with lab.page.expect_navigation():
            key.press(press)
        assert place in lab.page.url
        if press == "b":
            assert lab.page.locator("[name=starts_at]").input_value() == "2026-11-25T09:00"
            assert lab.page.locator("[name=instrument]").input_value() == str(bench.instrument.id)
        lab.go(WEEK)
        bar_of(lab, first).wait_for()


READ = """() => {
  const hours = [...document.querySelectorAll('.ec-header .ec-slots')].map((day) => day.getBoundingClientRect());
  return [...document.querySelectorAll('.ec-event[data-key]')].map((bar) => {
    const box = bar.getBoundingClientRect();
    const place = [Number(bar.dataset.instrument), Number(bar.dataset.unit)];
    return [...place, box.left - hours[0].left, box.width, hours[0].width];
  });
}"""


def test_the_bars_stand_where_the_holdings_are(bench: Bench, crew: Crew) -> None:
    """Read from the page, to the minute, in a browser whose own clock is another; blocks of odd minutes."""
    spans = [
        (shanghai(25, 8, 0) + timedelta(minutes=a), shanghai(25, 8, 0) + timedelta(minutes=b))
        for a, b in ((1, 8), (8, 61), (77, 200), (201, 204), (300, 539))
    ]
    with transaction():
        for starts_at, ends_at in spans:
            services.block(
                actor=bench.hands(),
                now=crew.clock.now,
                instrument_id=bench.second.id,
                units=[2],
                starts_at=starts_at,
                ends_at=ends_at,
                kind="maintenance",
            )
    lab = crew.sits_down(bench.hand, bench.lab.firm, timezone_id="America/New_York").go(WEEK + "&view=day")
    lab.page.locator(".ec-event[data-key]").nth(4).wait_for()
    read = lab.page.evaluate(READ)
    day = shanghai(25, 8)
    seen = sorted(
        (instrument, unit, day + timedelta(minutes=round(left / width * 540)), round(wide / width * 540))
        for instrument, unit, left, wide, width in read
    )
    held = db.session.query(Holding).order_by(Holding.starts_at)
    assert seen == [
        (h.instrument_id, h.unit, h.starts_at, (h.ends_at - h.starts_at) // timedelta(minutes=1)) for h in held
    ]


def test_units_fold_and_stay_folded(bench: Bench, crew: Crew) -> None:
    with transaction():
        services.block(
            actor=bench.hands(),
            now=crew.clock.now,
            instrument_id=bench.second.id,
            starts_at=shanghai(25, 9),
            ends_at=shanghai(25, 11),
            kind="in_house",
            note="内部试验",
        )
    lab = crew.sits_down(bench.hand, bench.lab.firm).go(WEEK)
    lab.page.locator(".ec-row-head", has_text="工位 2").wait_for()
    lab.page.get_by_role("button", name="收起工位").click()
    lab.page.locator(".ec-row-head", has_text="工位 2").wait_for(state="hidden")
    assert lab.page.locator(".ec-event[data-key]").count() == 2
    lab.go(WEEK)
    lab.page.get_by_role("button", name="展开工位").wait_for()


def test_a_block_is_drawn_over_free_time(bench: Bench, crew: Crew) -> None:
    lab = crew.sits_down(bench.hand, bench.lab.firm).go(WEEK + "&view=day")
    lab.page.locator(".ec-row-head").first.wait_for()
    y, mouse = row_y(lab, "盐雾试验箱"), lab.page.mouse
    hours = lab.page.locator(".ec-header .ec-slot time").all()
    nine, eleven = (
        next(one for one in hours if one.inner_text() == clock).bounding_box()["x"] for clock in ("09:00", "11:00")
    )
    mouse.move(nine + 2, y)
    mouse.down()
    mouse.move(nine + 20, y, steps=2)
    mouse.move(eleven - 2, y, steps=3)
    mouse.up()
    lab.follow("新增停用时段", within="[data-peek]")
    values = {name: lab.page.locator(f"[name={name}]").input_value() for name in ("instrument", "starts_at", "ends_at")}
    assert json.dumps(values).count("2026-11-25T") == 2
    assert int(values["instrument"]) == bench.other.id
    assert datetime.fromisoformat(values["starts_at"]).hour == 9
    assert 10 <= datetime.fromisoformat(values["ends_at"]).hour <= 11


def test_a_blocks_edge_is_dragged_and_stops_at_a_booking(bench: Bench, crew: Crew) -> None:
    with transaction():
        ref = bench.book(crew.clock.now, shanghai(25, 14))
        services.block(
            actor=bench.hands(),
            now=crew.clock.now,
            instrument_id=bench.instrument.id,
            starts_at=shanghai(25, 9),
            ends_at=shanghai(25, 11),
            kind="maintenance",
        )
    lab = crew.sits_down(bench.hand, bench.lab.firm).go(WEEK + "&view=day")
    bar = lab.page.locator('.ec-event[data-block]:not([data-block=""])')
    bar.wait_for()

    def drag_edge(minutes: int) -> None:
        box, mouse = bar.bounding_box(), lab.page.mouse
        per_minute = box["width"] / (int(bar.get_attribute("data-end")) - int(bar.get_attribute("data-start")))
        x, y = box["x"] + box["width"] - 3, box["y"] + 20
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 6, y, steps=2)
        mouse.move(x + minutes * per_minute, y, steps=4)
        mouse.up()

    with lab.page.expect_response("**/change") as answered:
        drag_edge(60)
    assert answered.value.status == 200
    assert now_stands(Holding, kind="maintenance").ends_at == shanghai(25, 12)
    lab.page.locator('.ec-event[data-end="720"]').wait_for()
    drag_edge(150)
    lab.page.locator("[data-refused]").get_by_text(ref).wait_for()
    assert now_stands(Holding, kind="maintenance").ends_at == shanghai(25, 12)
    lab.page.locator('.ec-event[data-end="720"]').wait_for()
