"""What the tax system's list of issued invoices says (R-TAXLIST-1), each row read. Amounts in fen, tax included; days
local. The heads are those of the electronic tax bureau's export. Nothing here knows a table of ours.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from stdnum.cn import uscc

from labshare.kernel.money import Fen
from labshare.kernel.sheets import ReadSheet, Row, cut
from labshare.settlement.rules.cells import LARGEST_FEN, read_day, read_fen
from labshare.settlement.rules.invoice_numbers import read_number
from labshare.settlement.rules.lists import Columns, Layout, ReadList, Wrong, cell_text, is_ending
from labshare.settlement.terms import TaxColumn

BUYER_LENGTH, NOTE_LENGTH = 120, 300
NOT_TAKEN = re.compile(r"作废|全额")
"""An invoice that was made void or reversed as a whole is none any more."""
_REVERSED = re.compile(
    r"(?:蓝字|正数)\D{0,20}(?:(?P<code>\d{12}|\d{10})\D{1,12}(?P<rest>\d{8})|(?P<whole>\d{20}|\d{18}))(?!\d)"
)
"""How the remark of a red letter names what it reverses: 被红冲蓝字数电票号码：…, 对应正数发票代码:…号码:…"""

TAX = Columns(
    kind=TaxColumn,
    heads={
        TaxColumn.DIGITAL: ("数电发票号码", "数电票号码", "全电发票号码"),
        TaxColumn.CODE: ("发票代码",),
        TaxColumn.NUMBER: ("发票号码", "invoicenumber"),
        TaxColumn.DAY: ("开票日期", "开票时间", "issuedon"),
        TaxColumn.BUYER: ("购买方名称", "购方名称", "受票方名称", "buyer"),
        TaxColumn.BUYER_CODE: (
            "购买方识别号",
            "购方识别号",
            "购买方纳税人识别号",
            "购方税号",
            "购买方统一社会信用代码纳税人识别号",
        ),
        TaxColumn.SELLER_CODE: ("销方识别号", "销售方识别号", "销售方纳税人识别号", "销方税号"),
        TaxColumn.NET: ("金额", "合计金额", "不含税金额"),
        TaxColumn.TAX: ("税额", "合计税额"),
        TaxColumn.WHOLE: ("价税合计", "含税金额"),
        TaxColumn.STATE: ("发票状态", "状态"),
        TaxColumn.REVERSES: (
            "被红冲蓝字数电票号码",
            "被红冲蓝字发票号码",
            "对应蓝字数电票号码",
            "对应蓝字发票号码",
            "原蓝字发票号码",
            "蓝字发票号码",
            "对应正数发票号码",
        ),
        TaxColumn.NOTE: ("备注",),
    },
    enough=lambda found: (
        TaxColumn.DAY in found
        and bool({TaxColumn.DIGITAL, TaxColumn.NUMBER} & set(found))
        and len({TaxColumn.NET, TaxColumn.TAX, TaxColumn.WHOLE} & set(found)) > 1
    ),
)


@dataclass(frozen=True, kw_only=True)
class TaxRow:
    """An invoice that was issued, as the tax system says it; amounts below 0: a red letter."""

    row: int
    """As the spreadsheet counts."""
    number: str
    issued_on: date
    amount_fen: Fen
    tax_fen: Fen
    buyer: str
    buyer_uscc: str
    note: str
    reverses_number: str | None = None
    """Of a red letter: what it says that it reverses."""


def read_tax_list(sheet: ReadSheet, layout: Layout, *, today: date, seller_uscc: str) -> ReadList:
    """Every row below the head. What was made void or reversed as a whole is passed over; what is neither that nor an
    invoice or red letter of this seller is bad, cell by cell."""
    read = ReadList()
    seen: set[str] = set()
    for row in sheet.rows[layout.head + 1 :]:
        if is_ending(row):
            read.other += 1
        elif NOT_TAKEN.search(cell_text(row, layout, TaxColumn.STATE)):
            read.out += 1
        else:
            _read_row(row, layout, today, seller_uscc, read, seen)
    return read


def _read_row(row: Row, layout: Layout, today: date, seller_uscc: str, read: ReadList, seen: set[str]) -> None:
    before, wrong = len(read.bad), read.wrong_in(row, layout)
    amounts = _amounts(row, layout, wrong)
    number, place = _number(row, layout)
    if number is None:
        cells = [
            row.cell(layout.places[each]) for each in (TaxColumn.DIGITAL, TaxColumn.NUMBER) if each in layout.places
        ]
        wrong(place, "cut" if any(cut(cell) for cell in cells) else "number")
    elif number in seen:
        wrong(place, "twice")
    day = read_day(row.cell(layout.places[TaxColumn.DAY]))
    if day is None or day > today:
        wrong(TaxColumn.DAY, "day" if day is None else "future")
    seller = uscc.compact(cell_text(row, layout, TaxColumn.SELLER_CODE))
    if seller and seller != seller_uscc:
        wrong(TaxColumn.SELLER_CODE, "seller")
    reverses = _reverses(row, layout, wrong) if amounts is not None and amounts[0] < 0 else None
    if len(read.bad) > before or amounts is None or number is None or day is None:
        return
    seen.add(number)
    read.rows.append(
        TaxRow(
            row=row.number,
            number=number,
            issued_on=day,
            amount_fen=amounts[0],
            tax_fen=amounts[1],
            buyer=cell_text(row, layout, TaxColumn.BUYER)[:BUYER_LENGTH],
            buyer_uscc=uscc.compact(cell_text(row, layout, TaxColumn.BUYER_CODE))[:18],
            note=cell_text(row, layout, TaxColumn.NOTE)[:NOTE_LENGTH],
            reverses_number=reverses,
        )
    )


def _number(row: Row, layout: Layout) -> tuple[str | None, TaxColumn]:
    """The fully digital number, else code and number together; and where it stands."""
    if digital := cell_text(row, layout, TaxColumn.DIGITAL):
        return read_number(digital), TaxColumn.DIGITAL
    if TaxColumn.NUMBER not in layout.places:
        return None, TaxColumn.DIGITAL
    text = cell_text(row, layout, TaxColumn.CODE) + cell_text(row, layout, TaxColumn.NUMBER)
    return read_number(text), TaxColumn.NUMBER


def _reverses(row: Row, layout: Layout, wrong: Wrong) -> str | None:
    """The number of the invoice that a red letter reverses: as its column says, else its remark; None where neither
    does."""
    if text := cell_text(row, layout, TaxColumn.REVERSES):
        number = read_number(text)
        if number is None:
            wrong(TaxColumn.REVERSES, "number")
        return number
    found = _REVERSED.search(unicodedata.normalize("NFKC", cell_text(row, layout, TaxColumn.NOTE)))
    return (found["whole"] or found["code"] + found["rest"]) if found else None


def _amounts(row: Row, layout: Layout, wrong: Wrong) -> tuple[Fen, Fen] | None:
    """Amount with tax, and tax; None where a cell is wrong, which is said."""
    amounts: dict[TaxColumn, Fen] = {}
    for column in (TaxColumn.NET, TaxColumn.TAX, TaxColumn.WHOLE):
        if column not in layout.places:
            continue
        fen = read_fen(row.cell(layout.places[column]) or "0")
        if fen is None or abs(fen) > LARGEST_FEN:
            wrong(column, "amount")
            return None
        amounts[column] = fen
    net, tax, whole = (amounts.get(column) for column in (TaxColumn.NET, TaxColumn.TAX, TaxColumn.WHOLE))
    if whole is None:
        whole = Fen((net or 0) + (tax or 0))
    if tax is None:
        tax = Fen(whole - (net or 0))
    last = TaxColumn.WHOLE if TaxColumn.WHOLE in amounts else TaxColumn.NET
    if net is not None and net + tax != whole:
        wrong(last, "sum")
    elif whole == 0:
        wrong(last, "nothing")
    elif abs(tax) > abs(whole) or tax * whole < 0:
        wrong(TaxColumn.TAX if TaxColumn.TAX in amounts else last, "tax")
    else:
        return whole, tax
    return None
