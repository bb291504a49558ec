"""What a firm that begins need not type twice, or look up: clicked."""

from typing import Any

from labshare.catalogue.models import Lab
from labshare.kernel.database import transaction
from labshare.organisations.models import Firm
from tests import factories
from tests.web.clicking import Crew, crew, now_stands

__all__ = ["crew"]

ENGINES = ("sqlite",)


def test_a_lab_begins_with_what_the_firm_has_said(app: Any, crew: Crew) -> None:
    with transaction():
        firm = factories.firm(address="工业大道 8 号", phone="0575-86000000")
        owner = factories.member(firm, name="张小红")
    someone = crew.sits_down(owner, firm).go("/lab/labs/new")
    page = someone.page
    page.fill("[name=name]", "绿坞检测室")
    page.locator(".map-pick").click(position={"x": 120, "y": 100})
    page.locator(".map-pin:not(.visually-hidden)").wait_for()
    someone.press("保存草稿")
    lab = now_stands(Lab, name="绿坞检测室")
    assert (lab.town, lab.address, lab.phone, lab.contact) == (firm.town, firm.address, firm.phone, "张小红")
    assert 120.7 < float(lab.longitude) < 121.3
    assert 29.2 < float(lab.latitude) < 29.6


def test_the_trade_in_a_word_becomes_a_code_and_its_sector(app: Any, crew: Crew) -> None:
    with transaction():
        firm = factories.firm(verified_at=None, verified_by=None)
        owner = factories.member(firm)
    someone = crew.sits_down(owner, firm, "en-GB").go("/account/firm/change")
    someone.page.select_option("[name=sector]", "retail")
    box = someone.page.locator("[name=industry]")
    box.press_sequentially("bearings")
    someone.page.get_by_role("option", name="General-purpose machinery").wait_for()
    someone.finds_it_sound("account.firm_change")
    box.press("ArrowDown")
    box.press("Enter")
    assert (box.input_value(), someone.page.input_value("[name=sector]")) == ("C34", "industry")
    someone.takes(someone.main.locator("form button.btn-primary"))
    assert now_stands(Firm, id=firm.id).industry == "C34"
