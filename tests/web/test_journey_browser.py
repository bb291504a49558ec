"""One test from the search to the paid reward, everything by clicking, each person in a browser of their own.

The client reads Chinese on a dark phone, the lab English at a desk, officer and approver Chinese. What comes before (a
firm's lab, instrument, certificate, item, fee and hours, made and published by clicking) is in
`test_catalogue_browser.py`; what goes otherwise than here in `test_side_branches_browser.py`.
"""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from labshare.audit.models import AuditEvent
from labshare.booking.models import Booking
from labshare.catalogue.services.index import rebuild_all
from labshare.kernel.database import db, transaction
from labshare.oversight.checks import violations
from labshare.rewards.models import RewardLine, RewardRun
from labshare.settlement.models import RevenueEntry
from tests import factories as make
from tests.rewards.reading import policy_json
from tests.settlement.world import pdf
from tests.web.clicking import crew, now_stands

__all__ = ["crew"]
ENGINES = ("sqlite", "postgresql")
"""The one story that a browser tells on both."""


STORY = [
    "lab.admit",
    "booking.hold",
    "booking.book",
    "booking.confirm",
    "booking.receive",
    "booking.start",
    "charge.propose",
    "booking.finish",
    "charge.consent",
    "report.record",
    "invoice.record",
    "payment.record",
    "payment.record",
    "run.calculate",
    "run.publish",
    "objection.raise",
    "objection.answer",
    "run.approve",
    "run.pay",
]
"""What the trail tells, in this order."""

BOOKING_STORY = [
    "Booked",
    "Confirmed",
    "Samples received",
    "Test started",
    "Change of charge proposed",
    "Test finished",
    "Change of charge consented to",
    "Report uploaded",
    "Invoice recorded",
    "Payment recorded",
]


@dataclass
class County:
    lab: Any
    client: Any
    manager: Any
    booker: Any
    officer: Any
    approver: Any
    auditor: Any


@pytest.fixture
def county(app: Any, clock: Any) -> County:
    """A published lab that waits for its admission, a client, regulators, a policy from November on."""
    from labshare.rewards.services import draft_policy, publish_policy

    with transaction():
        make.working_year()
        host = make.firm(name="青坛精密有限公司", name_en="Qingtan Precision", size_class="large")
        lab = make.lab(
            host, admitted=False, name="力学检测中心", name_en="Mechanics centre", contact="王工", phone="0575-86000000"
        )
        item = make.test_item(
            make.instrument(lab, name="万能试验机", name_en="Universal tester", model="Z100"),
            by=make.standard("GB/T 228.1-2021"),
            name="拉伸试验",
            name_en="Tensile test",
            fee_fen=80_000,
            sample_requirement="每种材料 3 根",
            free_cancel_minutes=2880,
            late_cancel_percent=30,
            no_show_percent=50,
        )
        client = make.firm(name="绿坞轴承配件有限公司", name_en="Lvwu Bearings", size_class="small")
        officer, approver = make.regulator("officer", name="李敏"), make.regulator("approver", name="赵岚")
        policy = draft_policy(
            actor=make.actor(officer, None, "officer"),
            now=clock.now,
            document=policy_json(effective_from="2026-11"),
        )
        publish_policy(actor=make.actor(approver, None, "approver"), now=clock.now, policy_id=policy.id)
        made = County(
            lab,
            client,
            make.member(host, "lab_manager", name="王颖"),
            make.member(client, "owner", name="陈立"),
            officer,
            approver,
            make.regulator("auditor", name="孙正"),
        )
        assert item.id
        rebuild_all()
    return made


def test_from_the_search_to_the_paid_reward(county: County, crew: Any) -> None:
    client = crew.sits_down(county.booker, county.client, width=390, height=844, color_scheme="dark")
    lab = crew.sits_down(county.manager, county.lab.firm, "en-GB")
    officer = crew.sits_down(county.officer)
    code = county.lab.code

    # The officer admits the lab as an open lab.
    officer.go("/regulator/labs?show=waiting").follow("力学检测中心")
    officer.does("列入", admitted_from="2026-11-24").reads("已自 2026-11-24 起列入开放实验室")

    # The client searches, picks day and time, sees what it costs, books.
    client.go("/").finds_it_sound("home")
    client.page.locator("#q").fill("拉伸试验")
    client.press("查找", "body").reads("力学检测中心").finds_it_sound("search")
    client.follow("选时段").finds_it_sound("item")
    client.page.locator("#quantity").fill("2")
    client.turn(client.page.locator("h1"))
    tomorrow = client.page.locator(".slotday", has_text="11-25")
    client.turn(tomorrow.get_by_role("link", name=re.compile("^09:00"))).reads("1,600.00")
    client.follow("预约 11-25 周三 09:00")
    client.page.locator("[data-left]").wait_for(state="visible")  # the slot is held
    client.reads("800.00 元/样 × 2 件样品", "1,600.00", "可免费取消", "30%", "每种材料 3 根")
    client.finds_it_sound("booking form")
    client.fill(sample_description="GCr15 棒料 2 根，批号 7").press("提交预约")
    booking = now_stands(Booking)
    ref = booking.ref
    client.reads(f"已预约，编号 {ref}。", "待确认").finds_it_sound("booking of the client")
    assert (booking.state, booking.price_fen, booking.quantity) == ("requested", 160_000, 2)

    # The lab answers the request from its day.
    lab.go("/lab/today").reads("Tensile test", "first lapses: 23 h left").finds_it_sound("day of the lab")
    lab.follow(re.compile("^Requests")).finds_it_sound("requests")
    lab.turn(lab.main.locator("button[name=confirm]")).reads(f"Confirmed: {ref}", "No request waits")
    client.go("/").follow("消息").reads("已确认").press("查看").reads(ref, "已确认")

    # The samples come, the test is done; the material is more than was said, which costs more.
    crew.it_is("2026-11-25 08:50")
    lab.go("/lab/today").page.get_by_role("link", name="other number").click()
    lab.settles("Receive samples", samples=2, condition="One bar is bent").reads("Samples received", "One bar is bent")
    lab.does("Start test").reads("The test has begun.").finds_it_sound("booking of the lab")
    crew.it_is("2026-11-25 10:40")
    lab.does("Change of charge", amount_fen="200.50", reason="A third bar").reads("An increase counts once")
    lab.follow("Today").turn(lab.main.locator("button[name=finish]")).reads(f"Test finished: {ref}")
    client.go("/").follow("消息").press("查看").reads("200.50", "1,800.50").finds_it_sound("charge to consent to")
    client.does("同意").reads("1,800.50")
    assert now_stands(Booking).charged_fen == 180_050

    # Report, invoice, payment, each from what the lab's list of missing papers leads to.
    lab.follow(re.compile("^Missing papers")).follow("Upload report").finds_it_sound("report form")
    lab.page.get_by_label("Report file").set_input_files(
        {"name": "report.pdf", "mimeType": "application/pdf", "buffer": pdf()}
    )
    lab.press("Upload report").reads("is recorded; the client is told.")
    lab.follow(re.compile("^Missing papers")).follow("Add invoice").finds_it_sound("invoice form")
    lab.fill(number="26332000000009018427").press("Add invoice").reads("is recorded; the client is told.")
    client.go("/").follow("我的预约").follow("拉伸试验").reads("1,800.50", ref).finds_it_sound("reported booking")
    lab.follow("Add payment").finds_it_sound("payment form")
    lab.fill(amount_fen="800.50", reference="ICBC-1").press("Add payment").reads("800.50 is recorded")
    lab.follow(re.compile("^Missing papers")).follow("Add payment").fill(reference="ICBC-2").press("Add payment")
    booking = now_stands(Booking)
    assert (booking.state, booking.invoiced_fen, booking.paid_fen) == ("settled", 180_050, 180_050)
    assert booking.recognised_fen == 180_050
    client.follow("我的预约").follow("拉伸试验").reads("已结清")

    # The month turns; the run is calculated and put on public notice; the lab objects and is answered.
    crew.it_is("2026-12-01 09:00")
    officer.go("/regulator").follow("奖励核算").press("核算").reads("180.05", "已核算").finds_it_sound("run")
    officer.does("发起公示").reads("公示中")
    lab.follow("Rewards and objections").finds_it_sound("statements").follow(re.compile("November 2026"), "main")
    lab.reads("180.05").finds_it_sound("statement")
    lab.follow("Raise objection").finds_it_sound("objection").fill(text="The third bar took an hour more.")
    lab.press("Raise objection").reads("The third bar took an hour more.")
    approver = crew.sits_down(county.approver)
    approver.go("/regulator/rewards").follow("2026年11月").reads("异议").finds_it_sound("run on public notice")
    assert now_stands(RewardRun).state == "published"
    officer.go("/regulator/rewards/2026-11").does("异议不成立", text="费用变更已计入。").reads("费用变更已计入。")

    # Public notice passes; another person approves; the officer records the payout; the lab reads that it is paid.
    crew.it_is("2026-12-09 09:00")
    approver.follow("奖励核算").follow("2026年11月").does("审定").reads("2026年11月已审定。")
    assert now_stands(RewardRun).state == "approved"
    officer.go("/regulator/rewards/2026-11").does("登记拨付", reference="新财企〔2026〕88 号").reads("已拨付")
    lab.follow("Rewards and objections").follow(re.compile("November 2026"), "main").reads("Paid", "180.05")

    run, line = now_stands(RewardRun), now_stands(RewardLine)
    entries = db.session.query(RevenueEntry).order_by(RevenueEntry.id).all()
    assert (run.state, run.month, run.total_payable_fen) == ("paid", "2026-11", 18_005)
    assert [(one.month, one.amount_fen) for one in entries] == [("2026-11", 80_050), ("2026-11", 100_000)]
    assert sum(one.tax_fen for one in entries) == 10_192  # 6 % in it, as proposed
    assert (line.payable_fen, line.lab.code, line.month_eligible_fen) == (18_005, code, 180_050)
    assert list(violations(crew.clock.now)) == []

    # Whoever asks later reads it all in the trail.
    auditor = crew.sits_down(county.auditor, None, "en-GB")
    auditor.go("/regulator/bookings").follow("Tensile test").follow("Audit trail", "main").finds_it_sound("story")
    auditor.reads(*BOOKING_STORY)
    told = list(db.session.scalars(db.select(AuditEvent.action).order_by(AuditEvent.id)))
    steps = iter(told)
    missing = [step for step in STORY if step not in steps]
    assert missing == [], told
