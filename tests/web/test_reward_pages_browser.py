"""Pages about rewards in the browser: no axe finding, no sideways scrolling, at both widths; approving by clicking."""

import re
from datetime import date

import pytest

from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.rewards import services
from labshare.rewards.models import Correction, Policy, RewardRun
from tests import factories
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy
from tests.signing import sign_in_browser
from tests.web import axe
from tests.web.clicking import crew, now_stands

__all__ = ["crew"]
OCTOBER = Month(2026, 10)


@pytest.fixture
def world(app, clock):
    """October published with an open objection, its lines of every kind."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year(2026)
        for number in range(4):
            add_lab(world, name=f"轴承检测中心{number}", name_en=f"Bearing test centre {number}")
        put_policy(world, now, effective_from="2026-10", **{"caps.lab_year_fen": 3_000_000})
        client = factories.firm(name="绿坞轴承配件有限公司", name_en=None)
        for lab in world.labs[:3]:
            for number, given in enumerate([{}, {"statutory": True}, {"client_size": "large"}, {}]):
                booking = add_booking(world, lab, client, date(2026, 10, 5 + number), **given)
                add_revenue(booking, "2026-10", 9_000_000 * (number + 1), 100)
        add_revenue(add_booking(world, world.labs[3], client, date(2026, 10, 9)), "2026-10", -120_000)
        world.owner = factories.member(world.labs[0].firm)
    with transaction():
        services.run_month(actor=world.acting("officer"), now=now, month=OCTOBER)
    with transaction():
        services.publish(actor=world.acting("officer"), now=now, month=OCTOBER)
    with transaction():
        services.raise_objection(
            actor=factories.actor(world.owner, world.labs[0].firm, "owner"),
            now=now,
            month=OCTOBER,
            lab=world.labs[0].code,
            text="10 月 8 日一笔应计入。",
        )
    return world


PAGES = {
    "runs": ("officer", "/regulator/rewards"),
    "run": ("officer", "/regulator/rewards/2026-10"),
    "line": ("officer", "/regulator/rewards/2026-10/labs/{code}"),
    "corrections": ("officer", "/regulator/rewards/corrections"),
    "policies": ("officer", "/regulator/policies"),
    "policy": ("approver", "/regulator/policies/1"),
    "policy form": ("officer", "/regulator/policies/new"),
    "own statements": ("owner", "/lab/rewards"),
    "own statement": ("owner", "/lab/rewards/2026-10/{code}"),
    "expected": ("owner", "/lab/rewards/expected"),
    "not counted": ("owner", "/lab/rewards/not-counted"),
    "objection": ("owner", "/lab/rewards/2026-10/{code}/objections"),
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 1440), ("en-GB", 390)])
def test_pages_are_sound(world, open_browser, name, locale, width):
    who, path = PAGES[name]
    page = open_browser(locale, width=width)
    sign_in_browser(page, getattr(world, who), world.labs[0].firm if who == "owner" else None)
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(path.format(code=world.labs[0].code))
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
    assert axe.findings(page) == []
    assert axe.too_wide(page) <= 0
    assert errors == []


def test_an_officer_answers_and_an_approver_approves_by_clicking(world, open_browser, clock):
    page = open_browser()
    sign_in_browser(page, world.officer)
    page.goto("/regulator/rewards/2026-10")
    page.get_by_role("button", name="异议不成立").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("答复").fill("该笔为法定检测，不计入。")
    dialog.get_by_role("button", name="异议不成立").click()
    page.get_by_text("该笔为法定检测，不计入。").wait_for()
    clock.advance(days=8)
    page = open_browser()
    sign_in_browser(page, world.approver)
    page.goto("/regulator/rewards/2026-10")
    page.get_by_role("button", name="审定", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="审定").click()
    page.get_by_text("已审定").first.wait_for()
    db.session.rollback()
    assert db.session.query(RewardRun).one().state == "approved"


def test_an_objection_upheld_and_a_run_sent_back_start_public_notice_anew(world, crew):
    officer = crew.sits_down(world.officer, None, "en-GB")
    officer.go("/regulator/rewards/2026-10")
    officer.does("Uphold", text="The booking of 8 October counts.").reads("back in calculation")
    assert now_stands(RewardRun).state == "calculated"
    officer.press("Recalculate").reads("is calculated")
    officer.does("Publish run").reads("Public notice")
    officer.does("Return to calculation", reason="A grade was entered late").reads("its ledger is open again")
    assert now_stands(RewardRun).state == "calculated"
    officer.press("Recalculate").does("Publish run").reads("Public notice")
    assert now_stands(RewardRun).state == "published"


def test_a_policy_is_drafted_by_one_and_ended_and_published_by_another(world, crew):
    officer, approver = crew.sits_down(world.officer), crew.sits_down(world.approver, None, "en-GB")
    officer.go("/regulator/policies").follow("起草政策").fill(
        name="第二版",
        legal_basis="新财企〔2027〕12 号",
        division="330624",
        effective_from="2028-01",
        effective_to="",
        lab_year_fen="200000",
        **{"bands-0-from_fen": "0", "bands-0-rate": "0.12"},
    )
    officer.press("保存草稿").reads("草稿已保存", "第二版", "2028年1月", "12%", "200,000.00")
    officer.reads("须由其他人员发布")  # a second person of the platform elsewhere, not of the own draft
    assert officer.main.get_by_role("button", name="发布", exact=True).is_disabled()
    approver.go("/regulator/policies").follow(re.compile("第二版")).does("Publish").reads("2026-10")
    assert now_stands(Policy, name="第二版").state == "draft"  # the first still governs 2028
    approver.go("/regulator/policies/1").does("End the policy", effective_to="2027-12").reads("ends with December 2027")
    approver.go("/regulator/policies").follow(re.compile("第二版")).does("Publish").reads("The policy is published.")
    assert now_stands(Policy, name="第二版").state == "published"


def test_a_correction_is_proposed_confirmed_and_agreed_by_three_persons(world, crew):
    first, second = crew.sits_down(world.officer, None, "en-GB"), crew.sits_down(world.second_officer, None, "en-GB")
    code = world.labs[0].code
    first.go("/regulator/rewards").follow("Corrections")
    first.fill(lab=code, fen="120.50", reason="Refund of an earlier window").press("Propose a correction")
    first.reads("waits for the approver", "120.50")
    assert first.buttons("Agree") == 0
    third = crew.sits_down(world.approver, None, "en-GB")
    third.go("/regulator/rewards/corrections").does("Confirm correction").reads("waits for a second officer")
    second.go("/regulator/rewards/corrections").does("Agree").reads("The correction counts.")
    assert (now_stands(Correction).fen, now_stands(Correction).agreed_by) == (12_050, world.second_officer.id)
