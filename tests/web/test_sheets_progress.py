"""How far a file is: told by the request that works on it, to its person alone, while nothing of it is in the database
yet; shown in the page's language on a phone."""

import csv
import io
import os
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from labshare.booking.services import sheets as services
from labshare.catalogue.models import Instrument
from labshare.catalogue.terms import SheetKind
from labshare.http import progress as http_progress
from labshare.kernel.database import db, transaction
from labshare.kernel.progress import CHECKING, INDEXING, READING, WRITING
from labshare.settlement.files import sweep
from labshare.web.lab.catalogue import sheets as pages
from tests import factories as make
from tests.catalogue.conftest import House, house  # noqa: F401
from tests.catalogue.test_sheets import machine, sheet
from tests.conftest import Clock
from tests.signing import sign_in, sign_in_browser
from tests.web import axe
from tests.web.test_sheet_pages import GOOD

ENGINES = ("sqlite",)
SECRET = "s" * 22


def test_reading_checking_writing_indexing_are_told_in_order(house: House) -> None:  # noqa: F811  # R-SHEET-3
    steps: list[tuple[str, int, int]] = []
    rows = sheet(SheetKind.INSTRUMENTS, *(machine(f"N-{n:04}") for n in range(1_200)))
    with transaction():
        services.import_sheets(
            **house.who, lab_id=house.lab.id, sheets=[rows], name="x", progress=lambda *one: steps.append(one)
        )
    assert list(dict.fromkeys(what for what, _done, _total in steps)) == [READING, CHECKING, WRITING, INDEXING]
    for what in (READING, WRITING):
        done = [n for one, n, _total in steps if one is what]
        assert done == sorted(done)
        assert len(set(done)) >= 3
    assert [one for one in steps if one[0] is WRITING][-1][1:] == (1_200, 1_200)


@pytest.fixture
def lab(app: Flask, clock: Clock) -> Any:
    with transaction():
        return make.lab()


def test_its_person_alone_reads_it_and_only_while_it_goes(
    lab: Any, client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager, other = make.member(lab.firm, "lab_manager"), make.member(lab.firm, "owner")
    db.session.commit()
    seen: list[Any] = []
    check = pages.check_sheets

    def looked_at(*, progress: Any, **given: Any) -> Any:
        progress(WRITING, 7, 9)
        for person in (manager, other):
            seen.append(sign_in(app.test_client(), person, lab.firm).get(f"/lab/sheets/told/{SECRET}"))
        return check(progress=progress, **given)

    monkeypatch.setattr(pages, "check_sheets", looked_at)
    sign_in(client, manager, lab.firm)
    sent = {"file": (io.BytesIO(GOOD), "仪器.csv"), "progress": SECRET}
    assert client.post(f"/lab/labs/{lab.id}/sheets", data=sent).status_code == 200
    own, others = seen
    assert own.json == {"what": "正在写入各行", "done": 7, "total": 9}
    assert "no-store" in own.headers["Cache-Control"]
    assert (others.status_code, others.data) == (204, b"")
    assert client.get(f"/lab/sheets/told/{SECRET}").status_code == 204
    assert not list(http_progress.folder().glob("progress-*"))


def test_what_fails_leaves_nothing_behind(lab: Any, client: FlaskClient) -> None:
    sign_in(client, make.member(lab.firm, "lab_manager"), lab.firm)
    sent = {"file": (io.BytesIO(b"x,y\n1,2\n"), "x.csv"), "progress": SECRET}
    assert client.post(f"/lab/labs/{lab.id}/sheets", data=sent).status_code == 422
    assert not list(http_progress.folder().glob("progress-*"))
    assert not list(http_progress.folder().glob("incoming-*"))


def test_a_word_is_written_four_times_a_second_at_most(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(n / 100 for n in range(1_000))
    written: list[str] = []
    monkeypatch.setattr(http_progress.time, "monotonic", lambda: next(now))
    replace = http_progress.os.replace
    monkeypatch.setattr(http_progress.os, "replace", lambda *names: (written.append(names[1]), replace(*names)))
    with app.test_request_context(), http_progress.reporting(SECRET) as report:
        for n in range(100):
            report(READING, n, 100)
        assert 3 <= len(written) <= 5
        report(CHECKING, 0, 0)
        assert http_progress.last_progress(SECRET) == {"what": str(CHECKING), "done": 0, "total": 0}


def test_a_phone_sees_how_far_thousands_of_rows_are(  # R-SHEET-3
    app: Flask, clock: Clock, open_browser: Any
) -> None:
    with transaction():
        lab = make.lab()
    page = open_browser("zh-CN", width=390)
    sign_in_browser(page, make.member(lab.firm, "lab_manager"), lab.firm)
    page.goto("/lab/sheets")
    said = io.StringIO()
    csv.writer(said).writerows([["innerId", "cname"], *([f"N-{n:05}", "洛氏硬度计"] for n in range(6_000))])
    page.locator("[name=file]").set_input_files(
        {"name": "仪器.csv", "mimeType": "text/csv", "buffer": said.getvalue().encode()}
    )
    page.evaluate(
        """() => {
          window.bars = [];
          new MutationObserver(() => {
            const line = document.querySelector("[data-progress-url]:not([hidden])");
            if (line) window.bars.push(line.innerText.trim() + "|" + line.querySelector("progress").value);
          }).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
        }"""
    )
    page.get_by_role("button", name="检查文件").click()
    page.get_by_role("button", name="导入").wait_for(timeout=30_000)
    assert any("正在上传" in one for one in page.evaluate("window.bars"))
    page.evaluate("window.bars.length = 0")
    page.get_by_role("button", name="导入").click()
    page.get_by_text("正在写入各行").wait_for(timeout=30_000)
    assert axe.too_wide(page) == 0
    page.get_by_text("新增 6,000 行").wait_for(timeout=60_000)
    writing = {one for one in page.evaluate("window.bars") if "正在写入各行" in one}
    assert len({one.rpartition("|")[2] for one in writing}) >= 2, writing
    assert all("6,000" in one for one in writing)
    assert page.url.endswith(f"/lab/sheets?lab={lab.id}")
    assert axe.findings(page) == []
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Instrument)) == 6_000


def test_what_a_killed_request_left_is_swept(app: Flask, clock: Clock) -> None:
    http_progress.folder().mkdir(parents=True, exist_ok=True)
    left = http_progress.folder() / "progress-left"
    sweep(now=datetime.now(UTC))  # what other tests left
    left.write_text("{}")
    assert sweep(now=datetime.now(UTC)) == 0
    os.utime(left, (0, 0))
    assert sweep(now=datetime.now(UTC)) == 1
    assert not left.exists()
