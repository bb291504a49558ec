"""Presses at the bench: however often one is sent, it is one step and one answer (R-BENCH-1)."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from labshare.audit.models import AuditEvent
from labshare.booking import services
from labshare.booking.models import Booking
from labshare.demonstration.photos import drawn
from labshare.kernel.database import db
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import Clock
from tests.signing import sign_in
from tests.web.clicking import crew

__all__ = ["crew"]
pytestmark = pytest.mark.slow


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    return make_house(clock)


@pytest.fixture
def bench(house: House, client: FlaskClient) -> FlaskClient:
    return sign_in(client, db.session.get_one(factories.Person, house.manager.person_id), house.lab.firm)


@pytest.fixture
def ref(house: House) -> str:
    booking = house.book("2026-11-25 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    return str(booking.ref)


def press(bench: FlaskClient, ref: str, step: str, **given: Any) -> tuple[int, dict[str, Any]]:
    form = {"ref": ref, "step": step, "key": str(uuid.uuid4()), "ago": 0} | given
    answer = bench.post("/lab/press", data=form, headers={"Accept-Language": "en"})
    return answer.status_code, answer.get_json()


def events(ref: str, action: str) -> int:
    db.session.rollback()
    done = select(func.count()).where(
        AuditEvent.subject_id == ref, AuditEvent.action == action, AuditEvent.refused.is_(False)
    )
    return int(db.session.scalar(done))


def test_a_press_sent_again_is_one_step(bench: FlaskClient, ref: str, clock: Clock) -> None:  # R-BENCH-1
    """Also after the step that follows, when judging it anew would refuse it."""
    clock.set("2026-11-25 09:00")
    key = str(uuid.uuid4())
    first = press(bench, ref, "receive", key=key)
    assert first == (200, {"done": f"Samples received: {ref}"})
    assert press(bench, ref, "receive", key=key) == first
    assert press(bench, ref, "start")[0] == 200
    assert press(bench, ref, "receive", key=key) == first
    assert press(bench, ref, "receive")[0] == 409, "another press of the same step is judged"
    assert (events(ref, "booking.receive"), events(ref, "booking.start")) == (1, 1)


def test_the_time_is_that_of_the_press(bench: FlaskClient, ref: str, clock: Clock) -> None:  # R-BENCH-1
    clock.set("2026-11-25 09:00")
    press(bench, ref, "receive")
    clock.set("2026-11-25 09:30")
    assert press(bench, ref, "start", ago=25 * 60)[0] == 200
    started_at = db.session.scalar(select(Booking.started_at).where(Booking.ref == ref))
    assert started_at == clock.now.replace(hour=1, minute=5)


@pytest.mark.parametrize(
    "wrong",
    [{"step": "cancel"}, {"key": "1"}, {"key": ""}, {"ago": -1}, {"ago": 86_401}, {"ago": "9" * 40}, {"ref": ""}],
)
def test_what_is_no_press_is_refused(bench: FlaskClient, ref: str, wrong: dict[str, Any]) -> None:
    form = {"ref": ref, "step": "receive", "key": str(uuid.uuid4()), "ago": 0} | wrong
    answer = bench.post("/lab/press", data=form)
    assert (answer.status_code, list(answer.get_json())) == (422, ["refused"])


def test_anothers_booking_is_not_there(bench: FlaskClient, house: House, ref: str, app: Flask) -> None:
    """By a code of another lab, or by the client's own people."""
    other = app.test_client()
    firm = factories.firm()
    sign_in(other, factories.member(firm, "lab_manager"), firm)
    assert press(other, ref, "receive")[0] == 404
    booker = db.session.get_one(factories.Person, house.client.person_id)
    sign_in(other, booker, db.session.get_one(factories.Firm, house.client.firm_id))
    assert press(other, ref, "receive")[0] == 403
    assert events(ref, "booking.receive") == 0


COLOUR = "button => getComputedStyle(button).backgroundColor"


def test_the_network_cut_between_press_and_answer(house: House, ref: str, crew: Any) -> None:  # R-BENCH-1
    """Once before the press arrives, once when only the answer is lost: one event each, none lost."""
    manager = db.session.get_one(factories.Person, house.manager.person_id)
    crew.it_is("2026-11-25 09:00")
    phone = crew.sits_down(manager, house.lab.firm, "en-GB", width=390, height=844)
    cut = {"before": True, "answer": False}

    def network(route: Any) -> None:
        if cut["answer"]:
            route.fetch()  # it arrives and is done; nothing comes back
        if any(cut.values()):
            route.abort()
        else:
            route.continue_()

    phone.page.route("**/lab/press", network)
    phone.go(f"/lab/bookings/{ref}").main.locator(".bench-step").click()
    phone.page.get_by_text("Kept on this phone").wait_for()
    phone.finds_it_sound("bench without a network")
    assert phone.page.locator(".bench-step").bounding_box()["height"] >= 48
    ways = (".bench-step", "[commandfor=do-receive]", ".bench-also")
    step, dialog, also = (phone.page.locator(one).first.evaluate(COLOUR) for one in ways)
    assert step != dialog == also, "one way of receiving stands out"
    assert events(ref, "booking.receive") == 0
    with phone.page.expect_navigation():
        cut["before"] = False
    assert events(ref, "booking.receive") == 1
    cut["answer"] = True
    phone.main.locator(".bench-step").click()
    phone.page.get_by_text("Kept on this phone").wait_for()
    assert events(ref, "booking.start") == 1
    phone.go(f"/lab/bookings/{ref}").page.get_by_text("Kept on this phone").wait_for()
    with phone.page.expect_navigation():
        cut["answer"] = False
    phone.reads("Finish test").misses("Kept on this phone")
    assert events(ref, "booking.start") == 1


def test_a_bench_workers_day(house: House, ref: str, crew: Any, tmp_path: Any) -> None:  # R-BENCH-2 to 5
    """Assigned by the manager; received with photo and place, started, paused, resumed, finished: nothing is typed."""
    worker = factories.member(house.lab.firm, "lab_manager")
    db.session.commit()
    house.do(services.add_place, house.manager, lab_id=house.lab.id, name="2 号柜")
    picture = tmp_path / "sample.png"
    picture.write_bytes(drawn(400, ()))
    too_large = tmp_path / "large.jpg"
    too_large.write_bytes(b"\xff\xd8\xff" + bytes(40 << 20))
    crew.it_is("2026-11-25 09:00")
    manager = crew.sits_down(db.session.get_one(factories.Person, house.manager.person_id), house.lab.firm, "en-GB")
    manager.go("/lab/today").main.locator(f"input[name=ref][value={ref}]").check()
    manager.main.locator("select[name=person]").select_option(str(worker.id))
    manager.turn(manager.main.locator("button[name=many][value=assign]")).reads(f"Assigned: {ref}")

    phone = crew.sits_down(worker, house.lab.firm, "zh-CN", width=390, height=844)
    phone.go("/lab/today?show=mine").finds_it_sound("my day on a phone")
    phone.takes(phone.main.locator(f"a[href$='/lab/bookings/{ref}']").first)

    def presses(name: str) -> None:
        button = phone.main.locator(".bench").get_by_role("button", name=name, exact=True)
        assert button.bounding_box()["height"] >= 48
        phone.takes(button)

    presses("收样 1 件")
    phone.main.locator(".bench").get_by_role("button", name="样品照片").click()
    phone.dialog.locator("input[type=file]").set_input_files(too_large)
    phone.dialog.get_by_text("文件超过 20 MB。").wait_for()
    phone.dialog.locator("input[type=file]").set_input_files(picture)
    phone.takes(phone.dialog.get_by_role("button", name="添加", exact=True)).reads("sample.png")
    phone.finds_it_sound("bench with places")
    presses("2 号柜")
    phone.reads("样品在 2 号柜")
    presses("开始检测")
    crew.it_is("2026-11-25 09:20")
    phone.go(f"/lab/bookings/{ref}").main.locator(".bench summary").first.click()
    phone.finds_it_sound("bench with reasons")
    presses("仪器需要处理")
    crew.it_is("2026-11-25 09:45")
    phone.go(f"/lab/bookings/{ref}").reads("检测暂停：仪器需要处理")
    presses("继续")
    crew.it_is("2026-11-25 10:05")
    phone.go(f"/lab/bookings/{ref}")
    presses("完成检测")
    phone.reads("机时 40 分钟")
    booking = db.session.scalars(select(Booking).where(Booking.ref == ref)).one()
    assert (booking.machine_minutes, booking.assignee_id) == (40, worker.id)


def test_a_held_unit_leads_to_a_free_one(house: House, ref: str, crew: Any) -> None:  # R-BENCH-6
    second = house.book("2026-11-25 10:00")
    house.do(services.confirm, house.manager, ref=second.ref)
    house.do(services.move_unit, house.manager, ref=second.ref, unit=1)
    crew.it_is("2026-11-25 09:00")
    house.do(services.receive, house.manager, ref=second.ref)
    manager = db.session.get_one(factories.Person, house.manager.person_id)
    phone = crew.sits_down(manager, house.lab.firm, "en-GB", width=390, height=844)
    phone.go(f"/lab/bookings/{second.ref}").main.locator(".bench-step").click()
    phone.main.get_by_text(ref).wait_for()
    phone.takes(phone.main.get_by_role("button", name="Start on unit 2")).reads("Finish test", "unit 2")
