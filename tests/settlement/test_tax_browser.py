"""An accountant imports the tax system's list (invented) and records what it says, by clicking."""

import re

import pytest

from labshare.kernel.database import db
from tests import factories
from tests.settlement.bank_files import csv_of
from tests.settlement.test_tax_list import HEAD as TAX_HEAD
from tests.settlement.test_tax_list import row_of
from tests.settlement.world import World
from tests.signing import sign_in_browser
from tests.web import axe


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
