"""The regulator's pages answer in both languages, with a fixed number of statements."""

import io
import sys
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import event, select

from labshare.audit import services as audit
from labshare.audit.models import AuditEvent
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from tests import factories
from tests.signing import sign_in

PAGES = [
    "/regulator/",
    "/regulator/?span=year",
    "/regulator/tasks",
    "/regulator/audit",
    "/regulator/audit/thing/1",
    "/regulator/usage",
    "/regulator/usage?by=instrument",
    "/regulator/usage?by=test_item",
    "/regulator/usage?by=firm",
    "/regulator/usage?format=csv",
    "/regulator/usage?format=pdf",
    "/regulator/usage?format=xlsx",
    "/regulator/audit?format=xlsx",
    "/regulator/usage/lab/1",
]


@pytest.fixture
def county(app: Flask, clock: Any) -> None:
    with transaction():
        for _ in range(3):
            lab = factories.lab()
            factories.test_item(factories.instrument(lab))
        factories.working_year()
        audit.record(SYSTEM, utc_now(), "thing.change", ("thing", 1), {"a": 1}, {"a": 2})
    audit.seal(utc_now(), key="k" * 32)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_regulators_page_answers(county: None, client: FlaskClient, path: str, language: str) -> None:
    with transaction():
        auditor = factories.regulator("auditor")
    sign_in(client, auditor)
    count = 0

    def counting(*_: Any) -> None:
        nonlocal count
        count += 1

    event.listen(db.engine, "after_cursor_execute", counting)
    answer = client.get(path, headers={"Accept-Language": language})
    event.remove(db.engine, "after_cursor_execute", counting)
    assert answer.status_code == 200, answer.text
    if "format=" not in path:
        assert count <= 13  # twelve, and SQLite's BEGIN


def test_a_firm_sees_no_regulators_page(county: None, client: FlaskClient) -> None:
    with transaction():
        firm = factories.firm()
        owner = factories.member(firm)
    sign_in(client, owner, firm)
    for path in PAGES:
        assert client.get(path).status_code == 403


def exported(answer: Any) -> list[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    return list(book.get_sheet_by_index(0).to_python())


@pytest.mark.parametrize(("language", "first", "refused"), [("zh-CN", "留痕编号", "否"), ("en", "Event", "No")])
def test_the_trail_as_a_file_is_in_the_readers_language(
    county: None, client: FlaskClient, language: str, first: str, refused: str
) -> None:
    with transaction():
        auditor = factories.regulator("auditor")
        audit.record(SYSTEM, utc_now(), "thing.change", ("thing", 2), {"a": 1}, {"a": '=HYPERLINK("x")'})
    audit.seal(utc_now(), key="k" * 32)
    sign_in(client, auditor)
    head, *rows = exported(client.get("/regulator/audit?format=xlsx&by=system", headers={"Accept-Language": language}))
    assert head[0] == first
    things = [row for row in rows if row[9] in ("1", "2", 1, 2)]
    assert len(things) == 2
    assert all(row[12] == refused and row[13] for row in things)


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "仅含前 1 行"), ("en", "Only the first 1 rows")])
def test_a_file_that_leaves_rows_out_says_so(
    county: None, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    with transaction():
        auditor = factories.regulator("auditor")
        audit.record(SYSTEM, utc_now(), "thing.change", ("thing", 2), {"a": 1}, {"a": 2})
    sign_in(client, auditor)
    path, headers = "/regulator/audit?format=xlsx&by=system&action=thing.change", {"Accept-Language": language}
    assert len(exported(client.get(path, headers=headers))) == 3
    monkeypatch.setattr(sys.modules["labshare.web.regulator.audit"], "EXPORT_AT_MOST", 1)
    rows = exported(client.get(path, headers=headers))
    assert len(rows) == 3
    assert rows[-1][0].startswith(words)


def test_the_trail_is_searched_by_who_acted_and_by_a_reference_in_small_letters(
    county: None, client: FlaskClient
) -> None:
    with transaction():
        auditor = factories.regulator("auditor")
        audit.record(
            Actor(person_id=auditor.id), utc_now(), "thing.change", ("booking", "B-202611-AAAAA"), None, {"a": 1}
        )
    sign_in(client, auditor)

    def finds(query: str) -> bool:
        return "B-202611-AAAAA</a>" in client.get(f"/regulator/audit?{query}").text

    assert finds("by=people")
    assert not finds("by=system")
    assert finds("subject=b-202611-aaaaa")


def test_readers_of_two_languages_read_the_trail_by_turns(county: None, client: FlaskClient) -> None:
    with transaction():
        auditor = factories.regulator("auditor")
        audit.record(SYSTEM, utc_now(), "thing.change", ("thing", 2), {"quantity": 1}, {"quantity": 2})
    sign_in(client, auditor)
    words = {"zh-CN": (">提交预约</option>", ">样品数</span>"), "en": (">Booked</option>", ">Samples</span>")}
    for language in ("zh-CN", "en", "zh-CN"):
        page = client.get("/regulator/audit", headers={"Accept-Language": language}).text
        for reader, theirs in words.items():
            assert all((word in page) == (reader == language) for word in theirs)


def test_what_regulators_take_out_of_the_ledger_is_in_the_trail(county: None, client: FlaskClient) -> None:  # R-AUDIT-7
    with transaction():
        auditor = factories.regulator("auditor")
    sign_in(client, auditor)
    assert client.get("/regulator/ledger?month=2026-10&format=xlsx").status_code == 200
    written = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "export.take")).one()
    assert written.subject_id == "ledger"
    assert written.after == {"month": "2026-10", "lab": "", "format": "xlsx"}


FAR = "9" * 30


@pytest.mark.parametrize(
    "path",
    [
        f"/regulator/audit?before={FAR}",
        f"/regulator/bookings?page={FAR}",
        f"/regulator/usage?page={FAR}",
        f"/regulator/standards?page={FAR}",
        f"/account/notices?before={FAR}",
        f"/admin/accounts?page={FAR}",
        f"/admin/working-days?year={FAR}",
        "/regulator/usage?from=0001-01&to=0001-02",
        "/regulator/usage?from=9999-12&to=9999-12",
        "/regulator/audit?since=0001-01-01&until=9999-12-31",
    ],
)
def test_an_address_with_a_number_out_of_range_is_a_page(county: None, client: FlaskClient, path: str) -> None:
    with transaction():
        auditor = factories.regulator("auditor")
    sign_in(client, auditor)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_an_installation_with_nothing_says_what_comes_first(app: Flask, client: FlaskClient, language: str) -> None:
    with transaction():
        admin = factories.regulator("admin")
    sign_in(client, admin)

    def text(path: str) -> str:
        return client.get(path, headers={"Accept-Language": language}).text

    zh = language == "zh-CN"
    tasks = text("/regulator/tasks")
    for words in (
        ("尚无经办人", "尚无审定人", "尚无已发布的奖励政策")
        if zh
        else ("No officer", "No approver", "No reward policy")
    ):
        assert words in tasks
    assert 'href="/admin/roles"' in tasks
    assert ("该期间暂无数据。" if zh else "Nothing in these months yet.") in text("/regulator/")
    assert ("暂无注册企业" if zh else "No firm has registered yet") in text("/regulator/firms")
    assert ("没有符合条件的企业" if zh else "No firm fits") in text("/regulator/firms?q=zzz")
    assert ("暂无待核验的企业" if zh else "No firm waits") in text("/admin/firms")
    assert ("定时程序尚未运行过" if zh else "No scheduler has run yet") in text("/admin/jobs")
    with transaction():
        for role in ("officer", "approver"):
            factories.regulator(role)
    assert ("尚无经办人" if zh else "No officer") not in text("/regulator/tasks")
