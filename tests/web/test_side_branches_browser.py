"""What goes otherwise than planned, by clicking: answers, moves, ends, money given back, blocks, a slot just taken.

The lab works in Chinese on a dark phone, the client in English at a desk. The steps that go as planned are in
`test_journey_browser.py`.
"""

import re
from typing import Any

import pytest

from labshare.audit.models import AuditEvent
from labshare.booking import services
from labshare.booking.models import Booking, Charge, Holding, Proposal
from labshare.catalogue.models import InstrumentUnit
from labshare.kernel.database import db, transaction
from labshare.oversight.checks import violations
from labshare.settlement.models import Payment
from tests import factories as make
from tests.settlement.world import World, pdf
from tests.web.clicking import Crew, crew, now_stands

__all__ = ["crew"]


class House:
    """A lab with an instrument of two units, a client; both at their browsers."""

    def __init__(self, crew: Crew) -> None:
        with transaction():
            make.working_year()
            self.host = make.firm(name="青坛精密有限公司", name_en="Qingtan Precision", size_class="large")
            self.at = make.lab(self.host, name="力学检测中心", name_en="Mechanics centre")
            self.instrument = make.instrument(self.at, name="万能试验机", name_en="Universal tester")
            self.item = make.test_item(
                self.instrument,
                name="拉伸试验",
                name_en="Tensile test",
                fee_fen=80_000,
                free_cancel_minutes=2880,
                late_cancel_percent=30,
                no_show_percent=50,
            )
            self.firm = make.firm(name="绿坞轴承配件有限公司", name_en="Lvwu Bearings")
            self.booker = make.member(self.firm, "owner", name="陈立")
            self.hand = make.member(self.host, "lab_manager", name="王颖")
        self.crew = crew
        self.client = crew.sits_down(self.booker, self.firm, "en-GB")
        self.lab = crew.sits_down(self.hand, self.host, width=390, height=844, color_scheme="dark")

    def acting(self, side: str) -> Any:
        someone, firm, role = {
            "client": (self.booker, self.firm, "owner"),
            "lab": (self.hand, self.host, "lab_manager"),
        }[side]
        return make.actor(someone, firm, role)

    def booked(self, at: str, *steps: str) -> str:
        """A booking of an hour at that time (Shanghai), brought as far as these verbs go. Gives its reference."""
        db.session.rollback()
        now = self.crew.clock.now
        with transaction():
            booking = services.book(
                actor=self.acting("client"),
                now=now,
                test_item_id=self.item.id,
                quantity=1,
                starts_at=self.crew.clock.at(at),
                sample_description="GCr15 棒料",
            )
            ref = str(booking.ref)
            for step in steps:
                more = {"samples": 1} if step == "receive" else {}
                getattr(services, step)(actor=self.acting("lab"), now=now, ref=ref, **more)
        return ref

    def stands(self, ref: str) -> Any:
        return now_stands(Booking, ref=ref)

    def starts(self, ref: str) -> str:
        """Shanghai time."""
        return f"{self.stands(ref).starts_at.astimezone(self.crew.clock.zone):%Y-%m-%d %H:%M}"


@pytest.fixture
def house(app: Any, crew: Crew) -> Any:
    house = House(crew)
    yield house
    db.session.rollback()
    assert list(violations(crew.clock.now)) == []


def test_requests_are_declined_and_moved(house: House) -> None:
    client, lab = house.client, house.lab
    ref, other = house.booked("2026-11-25 09:00"), house.booked("2026-11-26 09:00")

    # Declined, with a reason that the client reads; without one nothing happens.
    lab.go("/lab/requests").finds_it_sound("requests")
    lab.does("婉拒")
    assert house.stands(ref).state == "requested"
    lab.reads("此项须填写").settles("婉拒", reason="夹具坏了").reads("夹具坏了", "已婉拒")
    client.go(f"/bookings/{ref}").reads("Declined", "夹具坏了").finds_it_sound("declined booking")
    assert house.stands(ref).state == "declined"
    assert client.buttons("Reschedule") + client.buttons("Cancel booking") + lab.buttons("确认预约") == 0

    # The lab proposes another time; the client declines the first, accepts the second.
    lab.go("/lab/requests").follow("改时间").finds_it_sound("proposing")
    slot = lab.page.locator(".slotday", has_text="11-27").get_by_role("button", name=re.compile("^10:00"))
    lab.takes(slot).reads("11月26日 周四 09:00–10:00", "11月27日 周五 10:00–11:00").finds_it_sound("question of a move")
    lab.takes(lab.main.get_by_role("button", name=re.compile("^提议改为 11-27")))
    lab.reads("此项须填写")
    assert db.session.query(Proposal).count() == 0
    lab.fill(reason="上午校准").takes(lab.main.get_by_role("button", name=re.compile("^提议改为 11-27")))
    lab.reads("已提出", "11月27日")
    client.go(f"/bookings/{other}").reads("The lab proposes another time: Fri 27 Nov, 10:00–11:00", "上午校准")
    client.finds_it_sound("proposal").press("Decline").reads("Declined; the time stays as it was.")
    assert house.starts(other) == "2026-11-26 09:00"
    lab.go(f"/lab/bookings/{other}").follow("改时间").fill(reason="下午可以")
    afternoon = lab.page.locator(".slotday", has_text="11-26")
    afternoon.locator("summary").click()
    lab.takes(afternoon.get_by_role("button", name=re.compile("^14:00")))
    assert lab.main.locator("[name=reason]").input_value() == "下午可以"
    lab.takes(lab.main.get_by_role("button", name=re.compile("^提议改为 11-26")))
    client.go(f"/bookings/{other}").press("Accept the new time").reads("Accepted; the new time is confirmed.")
    assert (house.stands(other).state, house.starts(other)) == ("confirmed", "2026-11-26 14:00")

    # The client moves it once more; the lab has to confirm that.
    client.follow("Reschedule").reads("The price stays.", "The lab has to confirm").finds_it_sound("rescheduling")
    client.takes(client.page.locator(".slotday", has_text="27 Nov").get_by_role("button", name=re.compile("^08:30")))
    client.reads("Thu 26 Nov, 14:00–15:00", "Fri 27 Nov, 08:30–09:30", "moving costs nothing")
    assert house.starts(other) == "2026-11-26 14:00"
    client.finds_it_sound("question of a move by the client").press("Move to Fri 27 Nov 08:30")
    client.reads("Moved to the new time.", "Fri 27 Nov, 08:30")
    assert (house.stands(other).state, house.starts(other)) == ("requested", "2026-11-27 08:30")
    lab.go(f"/lab/bookings/{other}").does("确认预约").reads("已确认")
    assert house.stands(other).state == "confirmed"


def test_bookings_end_early(house: House) -> None:
    client, lab = house.client, house.lab
    free, late = house.booked("2026-11-27 09:00", "confirm"), house.booked("2026-11-25 09:00", "confirm")
    by_lab, not_come = house.booked("2026-11-25 11:00", "confirm"), house.booked("2026-11-25 13:00", "confirm")

    # The client cancels: free in time, later for the fee that the dialog names before the last click.
    client.go(f"/bookings/{free}")
    assert "Cancellation fee ¥0.00" in client.opens("Cancel booking").inner_text()
    client.settles("Cancel booking").reads("Cancelled; the slot is free again.")
    client.go(f"/bookings/{late}")
    dialog = client.opens("Cancel booking")
    assert "Cancellation fee ¥240.00" in dialog.inner_text()
    dialog.get_by_role("button", name="Keep booking").click()
    assert house.stands(late).state == "confirmed"
    client.does("Cancel booking", reason="Order withdrawn").reads("Order withdrawn", "240.00")
    assert [house.stands(ref).charged_fen for ref in (free, late)] == [0, 24_000]

    # The lab cancels: the client owes nothing.
    lab.go(f"/lab/bookings/{by_lab}")
    assert "0.00 元" in lab.opens("取消预约").inner_text()
    lab.settles("取消预约", reason="停电").reads("停电", "已取消")
    assert (house.stands(by_lab).state, house.stands(by_lab).charged_fen) == ("cancelled", 0)

    # Nobody comes: the button is there an hour after the start, and no earlier.
    house.crew.it_is("2026-11-25 13:59")
    lab.go(f"/lab/bookings/{not_come}")
    assert lab.buttons("登记爽约") == 0
    house.crew.it_is("2026-11-25 14:00")
    lab.go(f"/lab/bookings/{not_come}")
    assert "400.00" in lab.opens("登记爽约").inner_text()
    lab.settles("登记爽约").reads("爽约", "400.00").finds_it_sound("no-show")
    assert (house.stands(not_come).state, house.stands(not_come).charged_fen) == ("no_show", 40_000)
    client.go("/bookings").reads("Cancelled", "No-show").finds_it_sound("list of bookings")


def test_a_charge_is_refused_and_another_consented_to(house: House) -> None:
    client, lab = house.client, house.lab
    ref = house.booked("2026-11-24 10:30", "confirm", "receive", "start")
    lab.go(f"/lab/bookings/{ref}").does("费用变更", amount_fen="50", reason="加做一根")
    client.go(f"/bookings/{ref}").reads("¥50.00", "¥850.00", "加做一根").press("Refuse").reads("Refused")
    assert house.stands(ref).charged_fen == 80_000
    lab.go(f"/lab/bookings/{ref}").does("费用变更", amount_fen="30", reason="加做半根")
    client.go(f"/bookings/{ref}").does("Consent").reads("Consented", "830.00")
    lab.go(f"/lab/bookings/{ref}").does("费用变更", amount_fen="-13.50", reason="老客户").reads("816.50")
    assert house.stands(ref).charged_fen == 81_650
    changes = db.session.query(Charge).filter_by(kind="change").order_by(Charge.id)
    assert [one.state for one in changes] == ["refused", "agreed", "agreed"]


def test_a_booking_moves_to_another_unit_and_its_report_is_replaced(house: House) -> None:
    client, lab = house.client, house.lab
    with transaction():
        house.instrument = db.session.merge(house.instrument)
        house.instrument.units = 2
        make.add(InstrumentUnit(instrument_id=house.instrument.id, unit=2))
    ref = house.booked("2026-11-24 10:30", "confirm", "receive")
    unit = house.stands(ref).unit
    lab.go(f"/lab/bookings/{ref}").opens("换工位").locator("[name$=unit]").select_option(str(3 - unit))
    lab.settles("换工位").reads(f"工位 {3 - unit}")
    assert house.stands(ref).unit == 3 - unit
    lab.does("开始检测")
    house.crew.it_is("2026-11-24 11:30")
    lab.go(f"/lab/bookings/{ref}").does("完成检测")
    for number, replaced in (("R-1", None), ("R-2", "R-1")):
        lab.follow("上传报告", "main").page.get_by_label("报告文件").set_input_files(
            {"name": "报告.pdf", "mimeType": "application/pdf", "buffer": pdf()}
        )
        if replaced:
            lab.page.get_by_label("代替（选填）").select_option(label=replaced)
            lab.fill(why="试样编号有误")
        lab.fill(number=number).press("上传报告").reads(number)
    client.go(f"/bookings/{ref}").reads("Superseded by R-2", "试样编号有误")


def test_papers_are_taken_back(app: Any, crew: Crew) -> None:
    """A report withdrawn and replaced, a red letter with its refund, another payer accepted and not accepted."""
    world = World()
    person, firm = (
        db.session.get(kind, key)
        for kind, key in ((make.Person, world.manager.person_id), (make.Firm, world.manager.firm_id))
    )
    officer = crew.sits_down(db.session.get(make.Person, world.officer.person_id), None, "en-GB")
    with transaction():
        payer = make.member(world.client, "accountant")
    client = crew.sits_down(payer, world.client, "en-GB")
    lab = crew.sits_down(person, firm, width=390, height=844, color_scheme="dark")
    file = {"name": "报告.pdf", "mimeType": "application/pdf", "buffer": pdf()}
    others = make.credit_code(55_555)

    # Report, invoice; the payer is somebody else, once not accepted and once accepted.
    lab.go(f"/lab/bookings/{world.ref}").follow("上传报告", "main")
    lab.page.get_by_label("报告文件").set_input_files(file)
    lab.press("上传报告").follow("登记发票", "main").fill(number="26332000000000000001").press("登记发票")
    for amount in ("300", "700"):
        lab.follow("登记收款", "main").fill(amount_fen=amount, reference=f"R-{amount}", payer_uscc=others)
        lab.press("登记收款").reads("付款方经经办人认可后计入到账")
    assert world.stands == "reported"
    officer.go("/regulator").follow(re.compile("^Third-party payments")).finds_it_sound("payers")
    officer.main.locator("tr", has_text="R-300").get_by_role("button", name="Do not accept").click()
    officer.settles("Do not accept", note="Nobody knows this firm").reads("does not count")
    officer.does("Accept payer", note="The mother firm").reads("is accepted; ¥700.00 counts")
    assert world.money[2] == 70_000
    client.go(f"/bookings/{world.ref}").reads("Another payer, accepted", "not accepted: not counted", "300.00")
    lab.go(f"/lab/bookings/{world.ref}").follow("登记收款", "main").fill(reference="R-rest").press("登记收款")
    assert world.stands == "settled"

    # The report is withdrawn, for a reason, and another takes its place.
    lab.reads("已结清").page.get_by_role("link", name=re.compile("^撤回报告")).click()
    lab.page.wait_for_url("**/withdraw")
    lab.finds_it_sound("withdrawing").press("撤回报告").reads("请填写原因。")
    lab.fill(reason="数据录错").press("撤回报告").reads("数据录错")
    assert world.stands == "tested"
    client.go(f"/bookings/{world.ref}").reads("Withdrawn on", "数据录错")
    lab.follow("上传报告", "main").page.get_by_label("报告文件").set_input_files(file)
    lab.press("上传报告")
    assert world.stands == "settled"

    # What was charged too much: a red letter and a refund bring the booking back to settled at the lower charge.
    lab.follow("登记红字发票", "main").finds_it_sound("red letter")
    lab.fill(number="26332000000000000002", amount_fen="200", tax_fen="11.32").press("登记红字发票").reads("红字发票")
    lab.follow("登记退款", "main").finds_it_sound("refund")
    lab.fill(amount_fen="2000", reference="F-1").press("登记退款").reads("最多")
    lab.fill(amount_fen="200").press("登记退款").reads("200.00", "已出报告")
    assert world.money[1:3] == (80_000, 80_000)
    assert lab.page.locator(".flow .did").count() == 5  # settled no longer: the time line does not say so
    client.go(f"/bookings/{world.ref}").reads("Red-letter invoice", "Refunded", "−200.00")
    assert db.session.query(Payment).filter(Payment.amount_fen < 0).count() == 1


def test_time_is_blocked_and_given_back_on_the_calendar(house: House) -> None:
    lab, client = house.lab, house.client
    ref = house.booked("2026-11-26 09:00", "confirm")
    lab.go("/lab/calendar").reads("11-26 周四", "拉伸试验").finds_it_sound("calendar")
    lab.follow("新增停用时段", "main").finds_it_sound("block form")
    lab.page.get_by_label("仪器", exact=True).select_option(label="万能试验机")
    lab.fill(starts_at="2026-11-26T08:00", ends_at="2026-11-26T12:00", note="导轨保养").press("新增停用时段")
    lab.reads("1 条预约占用", "绿坞轴承配件", ref).finds_it_sound("block asks")
    lab.page.locator(f"[name=way-{ref}]").select_option("")
    lab.press("停用并发出提议").reads("导轨保养", ref).finds_it_sound("block")
    client.go(f"/test-items/{house.item.id}?quantity=1&from=2026-11-26")
    client.page.locator(".slotday", has_text="26 Nov").get_by_text("Kept by the lab").first.wait_for()
    lab.follow("排期").follow("维护", "main").does("取消停用").reads("已取消停用，时段恢复可约。")
    db.session.rollback()
    assert db.session.query(Holding).filter(Holding.kind != "booking").count() == 0
    assert (
        client.go(f"/test-items/{house.item.id}?quantity=1&from=2026-11-26")
        .page.locator(".slotday", has_text="26 Nov")
        .get_by_text("Kept by the lab")
        .count()
        == 0
    )


def test_a_slot_taken_meanwhile_and_two_clicks(house: House) -> None:
    """The slot goes to somebody else while the form is filled in; the next one is booked by a double click, once."""
    client = house.client
    client.go(f"/test-items/{house.item.id}")
    client.turn(client.page.locator(".slotday", has_text="25 Nov").get_by_role("link", name=re.compile("^09:00")))
    client.follow("Book Wed 25 Nov 09:00").fill(sample_description="Bars, batch 7", quantity=1)
    house.booked("2026-11-25 09:00")
    client.press("Submit booking").reads("Your firm has booked this slot already", "The nearest free slots:", "kept")
    client.finds_it_sound("slot taken")
    others = client.page.locator("#taken").get_by_role("button")
    assert others.count() == 3
    assert client.main.locator("[name=sample_description]").input_value() == "Bars, batch 7"
    chosen = others.first.inner_text()
    others.first.click()
    client.page.locator("[data-left]").wait_for()
    assert client.main.locator("[name=sample_description]").input_value() == "Bars, batch 7"
    assert client.main.locator("[name=quantity]").input_value() == "1"
    posts = []
    client.page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    client.page.get_by_role("button", name="Submit booking").dblclick()
    client.page.wait_for_url("**/bookings/B-*")
    client.reads("Booked as", chosen.split(",")[0])
    db.session.rollback()
    assert db.session.query(Booking).count() == 2
    assert db.session.query(AuditEvent).filter_by(action="booking.book", refused=False).count() == 2
    assert len(posts) == 1
