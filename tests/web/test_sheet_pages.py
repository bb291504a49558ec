"""The page of sheets: check, take in, undo, take away; what a stranger, another browser, a tampered form get."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from flask.testing import FlaskClient
from sqlalchemy import func, select

from labshare.accounts.models import Person
from labshare.booking.models import SheetImport
from labshare.catalogue.models import Instrument
from labshare.commands.sheets import import_
from labshare.kernel.database import db, transaction
from labshare.kernel.sheets import read_sheets
from tests import factories as make
from tests.booking.conftest import House, make_house
from tests.conftest import Clock
from tests.signing import sign_in

ENGINES = ("sqlite",)
"""Pages; what the database decides stands in `tests/catalogue/test_sheets.py`."""


@pytest.fixture
def lab(app: Any, clock: Clock) -> Any:
    with transaction():
        return make.lab()


@pytest.fixture
def house(app: Any, clock: Clock) -> House:
    return make_house(clock)


def table(*rows: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([["内部编号", "仪器名称", "工位数", "启用日期"], *rows])
    return text.getvalue().encode("gb18030")


GOOD = table(["YQ-1", "硬度计", 2, "2026/1/1".replace("/1/1", "/01/01")], ["YQ-2", "显微镜", "", ""])
BAD = table(["YQ-1", "硬度计", 200, ""], ["YQ-1", "", "", "去年"])


def sent(client: FlaskClient, lab: Any, content: bytes, name: str = "仪器.csv") -> Any:
    return client.post(f"/lab/labs/{lab.id}/sheets", data={"file": (io.BytesIO(content), name)})


def checked(answer: Any) -> str:
    return str(re.search(r'name="checked"[^>]*value="([^"]*)"', answer.text)[1])  # type: ignore[index]


def instruments() -> int:
    return db.session.scalar(select(func.count()).select_from(Instrument)) or 0


def test_a_file_is_checked_taken_in_and_undone(lab: Any, client: FlaskClient) -> None:
    sign_in(client, make.member(lab.firm, "lab_manager"), lab.firm)
    assert "模板（XLSX）" in client.get("/lab/sheets").text
    wrong = sent(client, lab, BAD)
    assert wrong.status_code == 422
    for said in ("需改正 4 处", "C2", "200", "1 至 99", "请填写日期，如 2026-11-24。", "与第 2 行相同。"):
        assert said in wrong.text, said
    assert instruments() == 0
    right = sent(client, lab, GOOD)
    assert right.status_code == 200
    assert instruments() == 0
    done = client.post(f"/lab/labs/{lab.id}/sheets/import", data={"checked": checked(right)}, follow_redirects=True)
    assert "已导入 仪器.csv：新增 2 行。" in done.text
    assert instruments() == 2
    again = client.post(f"/lab/labs/{lab.id}/sheets/import", data={"checked": checked(right)}, follow_redirects=True)
    assert "文件内容均已存在，未作改动。" in again.text
    [made] = db.session.scalars(select(SheetImport))
    undone = client.post(f"/lab/imports/{made.id}/undo", follow_redirects=True)
    assert "实验室恢复原状" in undone.text
    assert instruments() == 0


def test_the_file_comes_back_with_its_bad_cells_marked(  # R-SHEET-2
    lab: Any, client: FlaskClient, tmp_path: Path
) -> None:
    """Corrected in that file, it is taken in."""
    manager = make.member(lab.firm, "lab_manager")
    sign_in(client, manager, lab.firm)
    page = sent(client, lab, BAD)
    address = str(re.search(r'href="([^"]*marked.xlsx[^"]*)"', page.text)[1]).replace("&amp;", "&")  # type: ignore[index]
    marked = client.get(address)
    kept = tmp_path / "marked.xlsx"
    kept.write_bytes(marked.data)
    with kept.open("rb") as opened:
        [sheet] = read_sheets(opened)
    assert [list(row.cells)[:2] for row in sheet.rows] == [["内部编号", "仪器名称"], ["YQ-1", "硬度计"], ["YQ-1", None]]
    with zipfile.ZipFile(io.BytesIO(marked.data)) as file:
        comments, cells = file.read("xl/comments1.xml").decode(), file.read("xl/worksheets/sheet1.xml").decode()
    assert set(re.findall(r'<comment ref="(\w+)"', comments)) == {"C2", "A3", "B3", "D3"}
    assert "请填写日期，如 2026-11-24。" in comments
    looks = dict(re.findall(r'<c r="(\w+)" s="(\d+)"', cells))
    assert len({looks[place] for place in ("C2", "A3", "B3", "D3")} | {looks["A2"]}) == 2
    assert "需改正 4 处" in sent(client, lab, marked.data, "仪器.xlsx").text
    sign_in(client, make.member(lab.firm, "owner"), lab.firm)
    assert client.get(address).status_code == 409  # somebody else's file


def test_what_was_not_checked_here_is_not_taken_in(lab: Any, client: FlaskClient, app: Any) -> None:
    manager = make.member(lab.firm, "lab_manager")
    sign_in(client, manager, lab.firm)
    signed = checked(sent(client, lab, GOOD))
    forged = signed[:-2] + ("A" if signed[-2] != "A" else "B") + signed[-1]  # the last sign has bits that say nothing
    other = make.lab(lab.firm)
    db.session.commit()
    address = "/lab/labs/{}/sheets/import"
    assert client.post(address.format(lab.id), data={"checked": forged}).status_code == 409
    assert client.post(address.format(other.id), data={"checked": signed}).status_code == 409
    sign_in(client, make.member(lab.firm, "owner"), lab.firm)
    assert client.post(address.format(lab.id), data={"checked": signed}).status_code == 409
    for path in Path(app.config["UPLOAD_DIR"]).glob("??/*"):
        path.unlink()
    sign_in(client, manager, lab.firm)
    gone = client.post(address.format(lab.id), data={"checked": signed})
    assert gone.status_code == 409
    assert "请重新选择" in gone.text
    assert instruments() == 0


def workbook(sheets: int = 1, rows: int = 1, vba: bool = False) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        for _each in range(sheets):
            page = book.add_worksheet()
            for row in range(rows):
                page.write_row(row, 0, ["innerId", "cname"])
        if vba:
            book.add_vba_project(io.BytesIO(b"x"), is_stream=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"%PDF-1.7", "仪器.xlsx", "CSV 或 XLSX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "仪器.xls", "旧版 XLS"),
        (partial(workbook, vba=True), "仪器.xlsm", "含宏"),
        (b"a,b\n" * 20_001, "仪器.csv", "20,000 行"),
        (partial(workbook, rows=30_000), "仪器.xlsx", "20,000 行"),
        (b"x,y\n1,2\n", "别的.csv", "没有一张表带有模板的表头"),
        (b"innerId,cname\n", "空.csv", "表头下没有内容"),
    ],
    ids=["pdf", "xls", "macros", "too many rows", "too many rows of a workbook", "another table", "empty"],
)
def test_a_file_of_another_kind_is_told_at_its_field(
    lab: Any, client: FlaskClient, content: bytes | Callable[[], bytes], name: str, said: str
) -> None:
    sign_in(client, make.member(lab.firm, "lab_manager"), lab.firm)
    answer = sent(client, lab, content if isinstance(content, bytes) else content(), name)
    assert answer.status_code == 422
    assert said in answer.text
    assert instruments() == 0


def test_the_command_takes_the_same_files(lab: Any, app: Any, tmp_path: Path) -> None:
    run = app.test_cli_runner()
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(GOOD)
    bad.write_bytes(BAD)
    found = run.invoke(import_, ["instruments", str(bad), "--lab", lab.code])
    assert found.exit_code == 1
    assert len([line for line in found.output.splitlines() if line.startswith("instruments ")]) == 4
    assert run.invoke(import_, ["instruments", str(good), "--lab", lab.code, "--dry-run"]).exit_code == 0
    assert instruments() == 0
    assert "instruments: 2 new, 0 changed" in run.invoke(import_, ["instruments", str(good), "--lab", lab.code]).output
    assert instruments() == 2
    assert run.invoke(import_, ["test-items", str(good), "--lab", lab.code]).exit_code == 1
    assert run.invoke(import_, ["instruments", str(good), "--lab", "none"]).exit_code == 1


PROMISED = "内部编号,工位,开始时间,结束时间,委托方,检测内容,联系人,自有编号\n"


def promised(*rows: str) -> bytes:
    return (PROMISED + "\n".join(rows)).encode("gb18030")


def test_what_was_booked_before_stands_in_the_calendar(house: House, client: FlaskClient) -> None:  # R-SHEET-7
    """For the lab alone; with whom and what instead of a note, and on its page with all of it."""
    sign_in(client, db.session.get_one(Person, house.manager.person_id), house.lab.firm)
    number = house.instrument.inner_id
    ref = house.book("2026-11-26 09:00").ref
    house.book("2026-11-26 09:00")
    wrong = sent(client, house.lab, promised(f"{number},,2026-11-26 9:30,2026-11-26 11:00,新光机械厂,盐雾试验,,"))
    assert wrong.status_code == 422
    for said in ("C2", f"已占用：{ref} 11-26 周四", "当天 10:00 起有同样长的空闲", "如 2026-12-08 08:30"):
        assert said in wrong.text, said
    row = f"{number},1,2026-11-26 13:00,2026-11-26 15:00,新光机械厂,盐雾试验,王工,WT-7"
    right = sent(client, house.lab, promised(row))
    assert "上线前预约" in right.text
    taken = {"data": {"checked": checked(right)}, "follow_redirects": True}
    assert "新增 1 行" in client.post(f"/lab/labs/{house.lab.id}/sheets/import", **taken).text
    for view in ("table", "day", "week", "sheet"):
        page = client.get(f"/lab/calendar?view={view}&from=2026-11-26").text
        assert "新光机械厂 · 盐雾试验" in page, view
        assert "上线前预约" in page, view
    data = client.get("/lab/calendar/data?from=2026-11-26&days=1").json
    [event] = [dict(zip(data["columns"], one, strict=True)) for one in data["events"] if "earlier" in one]
    assert (event["note"], data["looks"]["earlier"]) == ("新光机械厂 · 盐雾试验", "early")
    name = event["block"]
    block = client.get(f"/lab/calendar/blocks/{name}").text
    for said in ("上线前预约", "新光机械厂", "盐雾试验", "王工", "WT-7", "只有委托方本人的接受才计入"):
        assert said in block, said
    english = client.get(f"/lab/calendar/blocks/{name}", headers={"Accept-Language": "en"}).text
    assert "Booked before LabShare" in english
    assert "earlier" not in client.get("/lab/calendar/block").text
    by_hand = {"instrument": house.instrument.id, "kind": "earlier", "starts_at": "2026-11-27T08:00"}
    assert client.post("/lab/calendar/block", data={**by_hand, "ends_at": "2026-11-27T09:00"}).status_code == 422
    export = client.get(f"/lab/labs/{house.lab.id}/sheets/export.csv?sheet=bookings").data
    assert "已存在" in sent(client, house.lab, export).text
