"""An accountant imports a statement of the bank (invented) and records what it says, by clicking."""

import re
from datetime import date

import pytest

from labshare.kernel.database import db
from tests import factories
from tests.settlement.bank_files import HEAD, csv_of
from tests.settlement.test_tax_list import HEAD as TAX_HEAD
from tests.settlement.test_tax_list import row_of
from tests.settlement.world import World
from tests.signing import sign_in_browser
from tests.web import axe

WORDS = {
    "zh-CN": ("银行对账单", "检查文件", "导入 3 笔", "登记确定的明细", "选择", "登记收款", "搁置：与预约无关"),
    "en-GB": (
        "Bank statement",
        "Check the file",
        "Import 3 lines",
        "Record the sure ones",
        "Choose",
        "Record as payment",
        "Set aside: for no booking",
    ),
}


@pytest.mark.parametrize(("width", "locale"), [(1440, "zh-CN"), (390, "en-GB")])
def test_a_statement_from_file_to_settled(app, open_browser, width, locale):
    """Five clicks for all that is sure; two more for a line over two bookings; two to set one aside."""
    world = World()
    others = [world.another(), world.another(price_fen=50_000)]
    for each in (world, *others):
        each.report()
        each.invoice(each.price_fen)
    client, accountant = world.client.name, db.session.get(factories.Person, world.accountant.person_id)
    rows = [
        HEAD,
        ["2026-07-03", "1000.00", "", client, f"检测费 {world.ref}", "S1"],
        ["2026-07-06", "1250.00", "", client, "货款", "S2"],
        ["2026-07-07", "3.21", "", "某银行", "结息", "S3"],
    ]
    file, check, take_in, sure, choose, record, aside = WORDS[locale]
    page = sign_in_browser(open_browser(locale, width=width), accountant, world.host)
    page.goto("/lab/bank")
    upload = {"name": "流水.csv", "mimeType": "text/csv", "buffer": csv_of(rows)}
    page.get_by_label(file, exact=True).set_input_files(upload)
    page.get_by_role("button", name=check).click()
    page.get_by_role("button", name=take_in).wait_for()
    assert axe.findings(page) == []
    page.get_by_label({"zh-CN": "本方账号", "en-GB": "Own account"}[locale]).fill("6222000000000001")
    page.get_by_role("button", name={"zh-CN": "重新读取", "en-GB": "Read again"}[locale]).click()
    page.get_by_role("button", name=take_in).click()
    page.get_by_role("button", name=sure).first.wait_for()
    assert axe.findings(page) == []
    page.get_by_role("button", name=sure).first.click()
    page.get_by_role("dialog").get_by_role("button", name=sure).click()
    page.wait_for_url("**/lab/bank")
    assert world.stands == "settled"
    page.locator("tr", has_text="S2").get_by_role("link", name=choose).click()
    page.locator(f"input[name='amount-{others[0].ref}']").fill("1000")
    page.locator(f"input[name='amount-{others[1].ref}']").fill("250")
    page.locator("[data-sum-rest]", has_text=re.compile(r"^0\.00$")).wait_for()
    assert axe.findings(page) == []
    assert page.locator("input[name=payer_uscc]").input_value() == world.client.uscc
    page.get_by_role("button", name=record).click()
    page.wait_for_url("**/lab/bank")
    assert [each.money[2] for each in others] == [100_000, 25_000]
    page.locator("tr", has_text="S3").get_by_role("link", name=choose).click()
    page.get_by_role("button", name=aside).click()
    page.wait_for_url("**/lab/bank")
    assert page.locator("tr", has_text="S3").count() == 0
    assert {payment.paid_on for payment in world.reread().payments} == {date(2026, 7, 3)}
    assert axe.too_wide(page) == 0


@pytest.mark.parametrize(("width", "locale"), [(390, "zh-CN")])
def test_the_tax_systems_list_from_file_to_invoices(app, open_browser, width, locale):
    """Five clicks for all that is sure, two more for an invoice over two bookings; what was imported by mistake is
    undone by two."""
    world = World()
    others = [world.another(), world.another(price_fen=50_000)]
    accountant = db.session.get(factories.Person, world.accountant.person_id)
    rows = [TAX_HEAD, row_of(world, 1, note=world.ref), row_of(world, 2, "1500.00", "84.91")]
    page = sign_in_browser(open_browser(locale, width=width), accountant, world.host)

    def take_in(rows: list[list[str]], button: str) -> None:
        page.goto("/lab/tax-list")
        if not page.get_by_label("开票清单", exact=True).last.is_visible():
            page.locator("summary", has_text="导入清单").click()
        upload = {"name": "发票.csv", "mimeType": "text/csv", "buffer": csv_of(rows)}
        page.locator("input[type=file]").set_input_files(upload)
        page.get_by_role("button", name="检查文件").click()
        page.get_by_role("button", name=button).wait_for()
        assert axe.findings(page) == []
        page.get_by_role("button", name=button).click()
        page.wait_for_url("**/lab/tax-list")

    take_in(rows, "导入 2 笔")
    assert axe.findings(page) == []
    page.get_by_role("button", name="登记确定的明细").first.click()
    page.get_by_role("dialog").get_by_role("button", name="登记确定的明细").click()
    page.wait_for_url("**/lab/tax-list")
    assert world.money[1] == 100_000
    page.locator("tr", has_text=row_of(world, 2)[1]).get_by_role("link", name="选择").click()
    page.locator(f"input[name='amount-{others[0].ref}']").fill("1000")
    page.locator(f"input[name='amount-{others[1].ref}']").fill("500")
    page.locator("[data-sum-rest]", has_text=re.compile(r"^0\.00$")).wait_for()
    assert axe.findings(page) == []
    page.get_by_role("button", name="登记为发票").click()
    page.wait_for_url("**/lab/tax-list")
    assert [each.money[1] for each in others] == [100_000, 50_000]
    take_in([TAX_HEAD, row_of(world, 3)], "导入 1 笔")
    page.locator("summary", has_text="导入清单").click()
    page.get_by_role("button", name="撤销").first.click()
    page.get_by_role("dialog").get_by_role("button", name="撤销").click()
    page.wait_for_url("**/lab/tax-list")
    assert page.locator("tr", has_text=row_of(world, 3)[1]).count() == 0
    assert axe.too_wide(page) == 0
