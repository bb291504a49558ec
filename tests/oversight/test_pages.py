"""The regulator's pages answer in both languages, with a fixed number of statements."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from labshare.audit import services as audit
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from tests import factories
from tests.signing import sign_in

PAGES = [
    "/regulator/", "/regulator/?span=year", "/regulator/tasks", "/regulator/audit", "/regulator/audit/thing/1",
    "/regulator/usage", "/regulator/usage?by=instrument", "/regulator/usage?by=test_item", "/regulator/usage?by=firm",
    "/regulator/usage?format=csv", "/regulator/usage?format=pdf", "/regulator/usage?format=xlsx",
    "/regulator/audit?format=xlsx", "/regulator/usage/lab/1",
]  # fmt: skip


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
