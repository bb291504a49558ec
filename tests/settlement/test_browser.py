"""The papers by clicking, in a real browser: from the finished test to the settled booking, and what goes wrong."""

import pytest

from labshare.kernel.database import db
from tests import factories
from tests.settlement.world import World, pdf
from tests.signing import sign_in_browser
from tests.web import axe

PAGES = ("/lab/papers", "/lab/receivables", "/lab/ledger")
FORMS = ("report", "invoice", "red-letter", "payment", "refund")


@pytest.fixture
def world(app):
    return World()


def signed_in(page, world, actor):
    person = db.session.get(factories.Person, actor.person_id)
    firm = db.session.get(factories.Firm, actor.firm_id) if actor.firm_id else None
    return sign_in_browser(page, person, firm)


def report_file(size=0):
    return {"name": "报告.pdf", "mimeType": "application/pdf", "buffer": pdf().ljust(size, b"\0")}


def test_a_file_that_is_too_large_is_told_before_it_is_sent(app, world, page):
    app.config["UPLOAD_LIMIT"] = 1024 * 1024
    signed_in(page, world, world.manager)
    page.goto(f"/lab/bookings/{world.ref}/report")
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.get_by_label("报告文件").set_input_files(report_file(1024 * 1024 + 1))
    assert page.get_by_text("文件超过 1 MB。").is_visible()
    page.get_by_role("button", name="上传报告", exact=True).click()
    assert not sent
    page.get_by_label("报告文件").set_input_files(report_file())
    assert not page.get_by_text("文件超过 1 MB。").is_visible()
    page.get_by_role("button", name="上传报告", exact=True).click()
    page.wait_for_url(f"**/lab/bookings/{world.ref}")
    assert len(sent) == 1


def test_an_officer_accepts_a_payer_in_a_dialog(world, page):
    payment = world.payment(30_000, payer_uscc=factories.credit_code(55_555))
    signed_in(page, world, world.officer)
    page.goto("/regulator/payers")
    page.get_by_role("button", name="认可付款方").click()
    dialog = page.locator(f"#accept-{payment}")
    assert "300.00" in dialog.inner_text()
    dialog.get_by_label("备注").fill("母公司代付，已核对")
    dialog.get_by_role("button", name="认可付款方").click()
    page.wait_for_url("**/regulator/payers")
    assert world.money[2] == 30_000


@pytest.mark.parametrize(("locale", "width", "scheme"), [("zh-CN", 1440, "light"), ("en-GB", 390, "dark")])
def test_nothing_is_in_the_way_of_anybody(world, open_browser, locale, width, scheme):
    report = world.report()
    world.invoice(60_000, tax=3_396)
    world.payment(40_000)
    world.payment(10_000, payer_uscc=factories.credit_code(55_555))
    lab = signed_in(open_browser(locale, width=width, color_scheme=scheme), world, world.manager)
    paths = [*PAGES, *(f"/lab/bookings/{world.ref}/{form}" for form in FORMS), f"/lab/reports/{report}/withdraw"]
    for path in paths:
        lab.goto(path)
        assert (path, axe.findings(lab), axe.too_wide(lab)) == (path, [], 0)
    officer = signed_in(open_browser(locale, width=width, color_scheme=scheme), world, world.officer)
    for path in ("/regulator/payers", "/regulator/payers?show=decided", "/regulator/ledger"):
        officer.goto(path)
        assert (path, axe.findings(officer), axe.too_wide(officer)) == (path, [], 0)
    lab.goto(f"/lab/bookings/{world.ref}/report")
    lab.locator("main form button").last.click()
    lab.wait_for_load_state()
    assert axe.findings(lab) == []
