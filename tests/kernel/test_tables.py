"""Files for spreadsheets: what is text stays text."""

import io
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from labshare.kernel.pdf import to_pdf
from labshare.kernel.tables import armed, to_csv, to_xlsx, yuan

FORMULA = '=HYPERLINK("http://127.0.0.1","开奖")'


@pytest.mark.parametrize("cell", [FORMULA, "+1", "-2+3", "@SUM(A1)", "\t=1", "\n=1", "＝1+1", "＠SUM(A1)"])
def test_csv_defuses_formulas(cell: str) -> None:
    line = to_csv(["名称"], [[cell]]).decode("utf-8-sig").splitlines()[1]
    assert line.lstrip('"').startswith("'")
    assert armed(f"'{cell}") == cell


def test_csv_leaves_negative_money_a_number() -> None:
    assert to_csv(["a"], [[yuan(-290000)]]).decode("utf-8-sig").splitlines()[1] == "-2900.00"


def test_xlsx_writes_formulas_as_text_and_money_as_numbers() -> None:
    file = to_xlsx(["名称", "金额", "日期"], [[FORMULA, yuan(123450), date(2026, 11, 24)]])
    rows = CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    assert rows == [["名称", "金额", "日期"], [FORMULA, 1234.5, date(2026, 11, 24)]]


def test_pdf_repeats_its_head_and_takes_no_text_for_markup(app: Flask) -> None:
    rows = [[f"XC-{n:03}", '#panic("x") *盐雾* $1$', yuan(123450 + n)] for n in range(60)]
    rows[1][2] = yuan(-290000)
    file = to_pdf(
        "使用报告",
        ["2026 年 11 月"],
        ["编号", "名称", "收入（元）"],
        [*rows, ["合计", "", yuan(7_408_770)]],
        notes=[("收入", "含税")],
        language="zh",
        made_at=datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
    )
    reader = PdfReader(io.BytesIO(file))
    pages = [page.extract_text() for page in reader.pages]
    assert len(pages) == 2
    assert all("收入（元）" in page for page in pages)
    assert '#panic("x") *盐雾* $1$' in pages[0]
    assert "1,234.50" in pages[0]
    assert "\u22122,900.00" in pages[0]
    assert "74,087.70" in pages[-1]
    assert "含税" in pages[-1]
    assert reader.metadata is not None
    assert reader.metadata.title == "使用报告"
