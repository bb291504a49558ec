"""The catalogue in the browser: from an empty firm to a test that anyone can book, by clicking; no axe finding, and no
page that scrolls sideways on a phone."""

import re
from datetime import date

import pytest

from labshare.booking.models import OpeningWeek
from labshare.catalogue import queries
from labshare.catalogue.models import Accreditation, Lab, LabAdmission
from labshare.catalogue.services.index import rebuild_all
from labshare.kernel.database import db
from tests import factories as make
from tests.catalogue.conftest import TODAY
from tests.signing import sign_in_browser
from tests.web import axe

MONDAY = "8-12、13:00–17:00"


def fill(page, **values):
    for name, value in values.items():
        page.locator(f"main [name={name}]").fill(value)


def save(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def confirm(page, name):
    """Press a button that asks once more, and the same verb in its dialog."""
    page.locator("main").get_by_role("button", name=name, exact=True).first.click()
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def test_from_an_empty_firm_to_a_test_that_can_be_booked(app, clock, page, open_browser):
    firm = make.firm(name="青坛精密有限公司", size_class="large")
    make.standard("GB/T 228.1-2021")
    make.working_year()
    officer = make.regulator("officer", name="Li Na")
    sign_in_browser(page, make.member(firm, "lab_manager"), firm)

    page.goto("/account/firm")
    page.get_by_role("link", name="本企业实验室").click()
    page.get_by_role("link", name="添加实验室").click()
    fill(page, name="力学检测中心", name_en="Mechanics lab", address="工业大道 8 号", phone="0575-12345678")
    page.locator("[name=town]").select_option("330624001")
    save(page, "保存草稿")
    assert "草稿" in page.locator(".pagehead").inner_text()

    page.get_by_role("link", name="添加资质").first.click()
    fill(page, number="CNAS L12345", valid_from="2024-01-01", valid_to="2029-12-31")
    page.locator("[name=kind]").select_option("CNAS")
    save(page, "保存")
    page.get_by_role("link", name="返回").click()
    confirm(page, "发布")

    page.get_by_role("link", name="添加仪器").first.click()
    fill(
        page,
        inner_id="SB-1",
        name="万能试验机",
        model="Z100",
        manufacturer="ZwickRoell",
        class_code="020100",
        original_value_fen="75.50",
        units="2",
    )
    save(page, "保存草稿")
    page.get_by_role("link", name="添加证书").first.click()
    fill(page, certificate="JL-2026-1", issuer="省计量院", valid_from="2026-01-01", valid_to="2026-12-31")
    save(page, "保存")
    confirm(page, "发布")

    page.goto("/lab/test-items")
    page.get_by_role("link", name="添加检测项目").first.click()
    fill(
        page,
        name="拉伸试验",
        name_en="Tensile test",
        standards="gb/t228.1-2021",
        sample_requirement="3 根",
        sample_minutes="7.5",
    )
    page.get_by_label("万能试验机").check()
    save(page, "保存草稿")
    fill(page, amount_fen="120.00", minimum_fen="200", valid_from="2026-11-24")
    save(page, "保存")
    confirm(page, "发布")
    assert "已发布" in page.locator(".pagehead").inner_text()

    page.goto("/lab/opening-hours")
    page.get_by_role("link", name="编辑").click()
    fill(page, monday=MONDAY)
    save(page, "复制到周二至周五")
    assert page.locator("[name=friday]").input_value() == MONDAY
    save(page, "保存开放时间")
    fill(page, starts_at="2026-12-07T08:00", ends_at="2026-12-08T08:00", reason="盘点")
    save(page, "添加暂停开放")
    assert "盘点" in page.locator("main").inner_text()

    db.session.rollback()
    lab = db.session.query(Lab).one()
    row = queries.list_test_items(day=TODAY).items[0]
    assert (row.item.name, row.fee.amount_fen, row.fee.minimum_fen) == ("拉伸试验", 12_000, 20_000)
    assert row.item.instruments[0].original_value_fen == 75_500_000
    week = db.session.query(OpeningWeek).filter_by(lab_id=lab.id).one()
    assert week.weekly == [[[480, 720], [780, 1020]]] * 5 + [[], []]

    english = open_browser("en-GB")
    sign_in_browser(english, officer)
    english.goto("/regulator/labs?show=waiting")
    english.get_by_role("link", name="Mechanics lab").click()
    english.get_by_role("button", name="Admit", exact=True).first.click()
    dialog = english.get_by_role("dialog")
    dialog.locator("[name=admitted_from]").fill("2026-12-01")
    dialog.get_by_role("button", name="Admit", exact=True).click()
    english.wait_for_load_state()
    assert "Admitted as an open lab from 1 Dec 2026" in english.locator("main").inner_text()
    db.session.rollback()
    assert db.session.query(LabAdmission).one().admitted_from == date(2026, 12, 1)


@pytest.fixture
def house(app, clock):
    """A firm with a lab, an instrument whose name has no English, a test item, an accreditation."""
    firm = make.firm(size_class="large")
    lab = make.lab(firm, address="人民路 1 号", phone="0575-1")
    instrument = make.instrument(lab, calibrated=(date(2025, 1, 1), date(2026, 12, 1)), name_en=None, model="Z100")
    item = make.test_item(instrument, by=make.standard("GB/T 228.1-2021"))
    make.test_item(make.instrument(lab, calibrated=None, state="draft"), state="draft")
    mark = make.add(
        Accreditation(
            confirmed=True,
            lab_id=lab.id,
            kind="CMA",
            number="121108340012",
            valid_from=date(2021, 1, 1),
            valid_to=date(2026, 12, 31),
        )
    )
    rebuild_all()
    db.session.commit()
    return {"firm": firm, "lab": lab.id, "instrument": instrument.id, "item": item.id, "mark": mark.id}


LAB_PAGES = [
    "/lab/labs",
    "/lab/labs/{lab}",
    "/lab/labs/{lab}/edit",
    "/lab/accreditations/{mark}",
    "/lab/instruments",
    "/lab/instruments/{instrument}",
    "/lab/instruments/{instrument}/edit",
    "/lab/test-items",
    "/lab/test-items/{item}",
    "/lab/test-items/{item}/edit",
    "/lab/fees",
    "/lab/test-items/{item}/fees/new",
    "/lab/opening-hours",
    "/lab/labs/{lab}/hours",
]
OFFICER_PAGES = [
    "/regulator/labs",
    "/regulator/labs/{lab}",
    "/regulator/assessments",
    "/regulator/affiliations",
    "/regulator/standards",
]


@pytest.mark.parametrize(("locale", "width", "scheme"), [("zh-CN", 390, "dark"), ("en-GB", 1440, "light")])
@pytest.mark.parametrize("who", ["lab", "officer"])
def test_pages_are_clean_and_fit(house, open_browser, locale, width, scheme, who):
    page = open_browser(locale, width=width, color_scheme=scheme)
    if who == "lab":
        sign_in_browser(page, make.member(house["firm"], "lab_manager", name="Wang Ying"), house["firm"])
    else:
        sign_in_browser(page, make.regulator("officer", name="Li Na"))
    found = []
    for address in LAB_PAGES if who == "lab" else OFFICER_PAGES:
        page.goto(address.format(**house))
        found += [f"{address}: {finding}" for finding in axe.findings(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{address}: scrolls sideways")
    assert found == []
    assert re.search("LabShare|仪享通", page.title())
