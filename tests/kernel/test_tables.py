"""Files for spreadsheets: what is text stays text."""

import io
from datetime import date

import pytest
from python_calamine import CalamineWorkbook

from labshare.kernel.tables import to_csv, to_xlsx, yuan

FORMULA = '=HYPERLINK("http://127.0.0.1","开奖")'


@pytest.mark.parametrize("cell", [FORMULA, "+1", "-2+3", "@SUM(A1)", "\t=1"])
def test_csv_defuses_formulas(cell: str) -> None:
    line = to_csv(["名称"], [[cell]]).decode("utf-8-sig").splitlines()[1]
    assert line.lstrip('"').startswith("'")


def test_csv_leaves_negative_money_a_number() -> None:
    assert to_csv(["a"], [[yuan(-290000)]]).decode("utf-8-sig").splitlines()[1] == "-2900.00"


def test_xlsx_writes_formulas_as_text_and_money_as_numbers() -> None:
    file = to_xlsx(["名称", "金额", "日期"], [[FORMULA, yuan(123450), date(2026, 11, 24)]])
    rows = CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    assert rows == [["名称", "金额", "日期"], [FORMULA, 1234.5, date(2026, 11, 24)]]
