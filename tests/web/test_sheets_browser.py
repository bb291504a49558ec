"""A lab goes live from one file: 30 instruments and 60 test items, by clicking, counted; and on a phone a file with a
bad cell."""

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from labshare.accounts.models import Person
from labshare.booking.services.sheets import import_sheets
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.catalogue.rules.entries import CalibrationDetails, InstrumentDetails, TestItemDetails
from labshare.catalogue.rules.fees import NO_EXTRAS, FeeSpan
from labshare.catalogue.rules.importing.have import FeeValues, Have, HaveFee, HaveInstrument, HaveItem
from labshare.http.sheets import workbook
from labshare.kernel.database import db, transaction
from labshare.kernel.money import Fen
from tests import factories as make
from tests.booking.conftest import make_house
from tests.booking.test_promised_sheets import of, promised
from tests.catalogue.conftest import TODAY
from tests.signing import sign_in_browser
from tests.web import axe

ENGINES = ("sqlite",)
INSTRUMENTS, ITEMS = 30, 60
MOST_STEPS = 10
"""Clicks and choices from the empty lab to the last published item: at a minute each, half of twenty."""


def filled_in() -> Have:
    """What somebody types into the template: invented."""
    machine = InstrumentDetails(name="洛氏硬度计", model="HR-150", manufacturer="华银", class_code="020100")
    item = TestItemDetails(category="mechanics", sample_requirement="1 件", sample_minutes=Decimal(10))
    values = FeeValues(basis="sample", amount_fen=Fen(6_000), minimum_fen=Fen(0), extras=NO_EXTRAS)
    numbers = [f"YQ-{n:03}" for n in range(INSTRUMENTS)]
    certificate = CalibrationDetails(certificate="", issuer="", valid_from=date(2026, 1, 1), valid_to=date(2027, 1, 1))
    return Have(
        today=TODAY,
        instruments={
            one: HaveInstrument(id=n, details=replace(machine, inner_id=one), units=1) for n, one in enumerate(numbers)
        },
        calibrations=[(one, replace(certificate, certificate=f"JZ-{one}")) for one in numbers],
        items={
            n: HaveItem(
                id=n,
                details=replace(item, name=f"洛氏硬度（{n} 号件）"),
                instruments=(numbers[n % INSTRUMENTS],),
                fees=(HaveFee(id=n, values=values, span=FeeSpan(TODAY)),),
            )
            for n in range(ITEMS)
        },
    )


def without_numbers(content: bytes) -> bytes:
    """As a template that was filled in has no numbers of test items."""
    import io

    import xlsxwriter
    from python_calamine import CalamineWorkbook

    made, book = io.BytesIO(), CalamineWorkbook.from_filelike(io.BytesIO(content))
    with xlsxwriter.Workbook(made) as out:
        for name in book.sheet_names:
            page, rows = out.add_worksheet(name), book.get_sheet_by_name(name).to_python()
            at = rows[2].index("item_id") if "item_id" in rows[2] else None
            for line, row in enumerate(rows):
                for place, cell in enumerate(row):
                    if cell != "" and not (place == at and line > 2):
                        page.write(line, place, cell.isoformat() if isinstance(cell, date) else cell)
    return made.getvalue()


class Counted:
    """A page that counts what its reader does."""

    def __init__(self, page: Any) -> None:
        self.page, self.steps = page, 0

    def press(self, role: str, name: str) -> None:
        self.steps += 1
        with self.page.expect_navigation():
            self.page.locator("main").get_by_role(role, name=name, exact=True).first.click()


def test_a_lab_of_thirty_instruments_and_sixty_items_goes_live(app: Any, clock: Any, page: Any, tmp_path: Path) -> None:
    with transaction():
        lab = make.lab(address="工业大道 8 号", phone="0575-1")
    lab_id = lab.id
    file = tmp_path / "实验室.xlsx"
    file.write_bytes(without_numbers(workbook(filled_in())))
    sign_in_browser(page, make.member(lab.firm, "lab_manager"), lab.firm)
    page.goto("/lab/instruments")
    began = time.perf_counter()
    reader = Counted(page)
    reader.press("link", "导入与导出")
    assert axe.findings(page) == []
    reader.steps += 1
    page.locator("[name=file]").set_input_files(file)
    reader.press("button", "检查文件")
    assert axe.findings(page) == []
    reader.press("button", "导入")
    assert "新增 180 行" in page.locator("main").inner_text()
    reader.press("link", "发布草稿")
    assert page.locator("main input[type=checkbox]:checked").count() == INSTRUMENTS + ITEMS
    reader.press("button", "预览")
    assert axe.findings(page) == []
    reader.press("button", f"全部修改（{INSTRUMENTS + ITEMS}）")
    assert f"已修改 {INSTRUMENTS + ITEMS} 行。" in page.locator("main").inner_text()
    assert reader.steps <= MOST_STEPS
    print(f"{reader.steps} steps, {time.perf_counter() - began:.1f} s of pages")
    db.session.rollback()
    for model, count in ((Instrument, INSTRUMENTS), (TestItem, ITEMS)):
        public = select(func.count()).select_from(model).where(model.lab_id == lab_id, model.published)
        assert db.session.scalar(public) == count
    assert db.session.get_one(Lab, lab_id).published


def test_on_a_phone_a_bad_cell_is_told_with_what_would_be_right(app: Any, clock: Any, open_browser: Any) -> None:
    with transaction():
        lab = make.lab()
    page = open_browser("en-GB", width=390)
    sign_in_browser(page, make.member(lab.firm, "lab_manager"), lab.firm)
    page.goto("/lab/sheets")
    content = b"innerId,cname,units,condition\nYQ-1,Hardness tester,200,broken\n"
    page.locator("[name=file]").set_input_files({"name": "list.csv", "mimeType": "text/csv", "buffer": content})
    with page.expect_navigation():
        page.get_by_role("button", name="Check the file").click()
    said = page.locator("main").inner_text()
    assert "To correct: 2" in said
    assert "Between 1 and 99." in said
    assert "Normal / Occasional faults" in said
    assert axe.findings(page) == []
    assert axe.too_wide(page) == 0


def test_what_was_booked_before_stands_in_grid_and_agenda(app: Any, clock: Any, open_browser: Any) -> None:
    """R-SHEET-7. The popover of its bar names client and test, and leads to the rest."""
    house = make_house(clock)
    row = promised(house, "2026-11-26 13:00", "2026-11-26 15:00", contact="王工", reference="WT-7")
    house.do(import_sheets, house.manager, lab_id=house.lab.id, sheets=[of(row)], name="x")
    manager = db.session.get_one(Person, house.manager.person_id)
    for width, language in ((1280, "zh-CN"), (390, "en-GB")):
        page = open_browser(language, width=width)
        sign_in_browser(page, manager, house.lab.firm)
        page.goto("/lab/calendar?from=2026-11-26")
        if width > 1000:
            page.locator(".ec-event[data-block]:not([data-block=''])").first.click()
            page.locator("[data-peek]").get_by_text("新光机械厂 · 盐雾试验").wait_for()
            with page.expect_navigation():
                page.locator("[data-peek] a").last.click()
        else:
            assert "新光机械厂 · 盐雾试验" in page.locator("main").inner_text()
            assert axe.findings(page) == []
            with page.expect_navigation():
                page.get_by_role("link", name="Booked before LabShare").click()
        said = page.locator("main").inner_text()
        assert all(each in said for each in ("新光机械厂", "盐雾试验", "王工", "WT-7"))
        assert axe.findings(page) == []
        assert axe.too_wide(page) == 0
