"""Registering a firm, inviting, verifying through the pages: bad input at its field, in both languages, nothing lost;
few statements; no accessibility findings."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from labshare.accounts.models import Person
from labshare.kernel.database import db
from labshare.organisations.models import Firm, Membership
from tests import factories as make
from tests.settlement.world import snapshot
from tests.signing import sign_in, sign_in_browser
from tests.web.axe import findings

TYPED = {
    "uscc": make.credit_code(707),
    "name": "新昌县试验轴承有限公司",
    "kind": "enterprise",
    "division": "330624",
    "town": "330624004",
    "sector": "industry",
    "industry": "C3451",
    "address": "澄潭街道 8 号",
    "year": "2025",
    "employees": "40",
    "revenue_fen": "900.50",
}
WRONG_CODE = TYPED["uscc"][:-1] + ("1" if TYPED["uscc"][-1] != "1" else "2")


@pytest.fixture
def someone(app: Flask, clock: Any) -> Person:
    return make.person()


def error_at(page: str, field: str) -> str:
    """The message below a field."""
    found = re.search(rf'id="{field}-error">.*?<span>(.*?)</span>', page, re.DOTALL)
    return found[1] if found else ""


BAD = [
    ("uscc", WRONG_CODE, "统一社会信用代码有误：校验位不符。", "Not a valid credit code"),
    ("name", "", "此项须填写。", "Fill this in."),
    ("industry", "F5211", "该代码属于其他行业：零售业。", "This code belongs to another sector: Retail trade."),
    (
        "industry",
        "贸易咨询",
        "请选择列出的行业，或填一个字母加两至四位数字，如 C3451。",
        "Choose one of the proposals, or enter a letter and two to four digits, such as C3451.",
    ),
    ("revenue_fen", "", "该行业划分规模需要此项数据。", "This sector's size class needs this figure."),
    ("revenue_fen", "九百", "请填写金额，如 1,234.50。", "Enter an amount such as 1,234.50."),
    ("employees", "-3", "不得小于 0。", "At least 0."),
    ("registered_on", "2027-01-01", "日期不得晚于今天。", "The date lies in the future."),
    ("year", "2020", "2024 至 2026", "2024 to 2026"),
]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("field", "value", "chinese", "english"), BAD)
def test_bad_input_has_its_message_and_loses_nothing(
    someone: Person, client: FlaskClient, field: str, value: str, chinese: str, english: str, language: str
) -> None:
    sign_in(client, someone)
    before = snapshot()
    answer = client.post("/account/firm/register", data=TYPED | {field: value}, headers={"Accept-Language": language})
    assert answer.status_code == 422
    assert (chinese if language == "zh" else english) in error_at(answer.text, field).replace("&#39;", "'")
    for name in ("name", "address", "employees", "revenue_fen", "industry", "uscc"):
        typed = value if name == field else TYPED[name]
        assert not typed or f'value="{typed}"' in answer.text, f"{name} was lost"
    assert snapshot() == before


def test_firm_that_exists_says_so_at_the_code(someone: Person, client: FlaskClient) -> None:
    make.firm(uscc=TYPED["uscc"])
    sign_in(client, someone)
    answer = client.post("/account/firm/register", data=TYPED)
    assert answer.status_code == 409
    assert error_at(answer.text, "uscc") == "该企业已注册，可联系企业管理员邀请加入。"


def test_registered_and_acting_for_it(someone: Person, client: FlaskClient) -> None:
    sign_in(client, someone)
    assert client.post("/account/firm/register", data=TYPED).status_code == 303
    page = client.get("/account/firm").text
    assert "新昌县试验轴承有限公司" in page
    assert "待核验" in page
    assert "小型" in page
    db.session.rollback()
    assert db.session.query(Firm).one().verified_at is None


def test_fields_that_are_not_asked_for_are_not_taken(someone: Person, client: FlaskClient) -> None:
    sign_in(client, someone)
    more = {"verified_at": "2026-01-01", "verified_by": "1", "size_class": "micro", "id": "77"}
    client.post("/account/firm/register", data=TYPED | more)
    db.session.rollback()
    made = db.session.query(Firm).one()
    assert (made.verified_at, made.size_class, made.id != 77) == (None, None, True)


def world(app: Flask) -> dict[str, tuple[Person, Firm | None]]:
    firm = make.firm(name="新昌县试验轴承有限公司", name_en=None)
    owner = make.member(firm, "owner")
    for number in range(30):
        make.member(firm, "viewer")
        make.firm(verified_at=None, name=f"待核验企业{number}")
    admin = make.regulator("admin")
    return {"owner": (owner, firm), "admin": (admin, None), "visitor": (owner, None)}


PAGES = {
    "owner": [
        "/account/",
        "/account/firm",
        "/account/firm/change",
        "/account/firm/figures",
        "/account/members",
        "/account/affiliations",
        "/account/tokens",
        "/account/notices",
        "/account/firm/register",
        "/account/change-password",
    ],
    "admin": [
        "/admin/firms",
        "/admin/firms?state=verified",
        "/admin/firms/1",
        "/admin/accounts",
        "/admin/roles",
        "/admin/working-days",
        "/regulator/firms",
        "/regulator/firms/1",
    ],
}


def test_pages_take_few_statements_whatever_they_show(app: Flask, client: FlaskClient, clock: Any) -> None:
    people = world(app)
    for who, paths in PAGES.items():
        sign_in(client, *people[who])
        for path in paths:
            said: list[str] = []
            listen = lambda _c, _cur, statement, *_: said.append(statement)  # noqa: B023, E731
            event.listen(db.engine, "before_cursor_execute", listen)
            answer = client.get(path)
            event.remove(db.engine, "before_cursor_execute", listen)
            assert answer.status_code == 200, path
            count = len([one for one in said if not one.startswith(("BEGIN", "PRAGMA"))])
            assert count <= 12, f"{path}: {count} statements"


@pytest.mark.parametrize(("locale", "width", "scheme"), [("zh-CN", 390, "light"), ("en-GB", 1440, "dark")])
def test_pages_are_for_everybody(
    app: Flask, clock: Any, open_browser: Any, locale: str, width: int, scheme: str
) -> None:
    people = world(app)
    for who, paths in PAGES.items():
        page = open_browser(locale, width=width, color_scheme=scheme)
        sign_in_browser(page, *people[who])
        for path in paths:
            page.goto(path)
            assert findings(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page = open_browser(locale, width=width, color_scheme=scheme)
    for path in ("/account/sign-in", "/account/sign-up", "/account/forgotten"):
        page.goto(path)
        assert findings(page) == [], path


def test_owner_invites_and_ends_by_clicking(app: Flask, clock: Any, open_browser: Any) -> None:
    firm = make.firm()
    owner, member = make.member(firm, "owner"), make.member(firm, "booker")
    page = open_browser("en-GB")
    sign_in_browser(page, owner, firm)
    page.goto("/account/members")
    page.get_by_label("E-mail").fill("guest@test.example")
    page.get_by_label("Role", exact=True).select_option("accountant")
    page.get_by_role("button", name="Invite member").click()
    page.get_by_text("The invitation is on its way to guest@test.example.").wait_for()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="End the membership").click()
    page.get_by_text("The membership has ended.").wait_for()
    db.session.rollback()
    assert db.session.query(Membership).filter_by(person_id=member.id, ended_at=None).count() == 0


def test_administrator_verifies_and_returns_by_clicking(app: Flask, clock: Any, open_browser: Any) -> None:
    first, second = make.firm(verified_at=None, name="甲企业"), make.firm(verified_at=None, name="乙企业")
    page = open_browser("zh-CN")
    sign_in_browser(page, make.regulator("admin"))
    page.goto("/admin/firms")
    page.get_by_role("link", name="甲企业").click()
    page.get_by_role("button", name="通过核验").click()
    page.get_by_role("dialog").get_by_role("button", name="通过核验").click()
    page.get_by_text("企业已通过核验，已通知企业管理员。").wait_for()
    page.get_by_role("link", name="乙企业").click()
    page.get_by_role("button", name="退回").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="退回").click()
    page.get_by_text("此项须填写。").first.wait_for()
    page.get_by_role("dialog").get_by_label("需要更正的内容").fill("名称与执照不符")
    page.get_by_role("dialog").get_by_role("button", name="退回").click()
    page.get_by_text("企业已退回，已通知企业管理员。").wait_for()
    db.session.rollback()
    db.session.expire_all()
    assert first.verified_at is not None
    assert second.return_reason == "名称与执照不符"
