"""What a bank's statement says (R-BANK-1): where its columns stand, and each row read. Amounts in fen, days local.

The heads are those that the large Chinese banks write; whatever they do not cover is mapped by a person and kept for
the account. Nothing here knows a table of ours.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from labshare.kernel.money import ZERO, Fen
from labshare.kernel.sheets import ReadSheet, Row, cut
from labshare.settlement.rules.cells import LARGEST_FEN, read_day, read_fen
from labshare.settlement.rules.lists import HEAD_WITHIN, Columns, Layout, Places, ReadList, Wrong, cell_text, is_ending
from labshare.settlement.terms import BankColumn

HEADS: dict[BankColumn, tuple[str, ...]] = {
    BankColumn.DAY: (
        "交易日期",
        "记账日期",
        "入账日期",
        "交易时间",
        "交易日",
        "记账日",
        "起息日期",
        "日期",
        "transactiondate",
        "date",
    ),
    BankColumn.MONEY_IN: (
        "贷方发生额",
        "收入金额",
        "贷方金额",
        "转入金额",
        "存入金额",
        "贷方",
        "收入",
        "credit",
        "creditamount",
    ),
    BankColumn.MONEY_OUT: ("借方发生额", "支出金额", "借方金额", "转出金额", "借方", "支出", "debit", "debitamount"),
    BankColumn.AMOUNT: ("交易金额", "发生额", "金额", "tradeamount", "amount"),
    BankColumn.DIRECTION: ("借贷标志", "借贷方向", "借贷", "收支", "收支标志", "往来标志", "收付标志", "交易类型方向"),
    BankColumn.PAYER: (
        "对方户名",
        "对方账户名称",
        "对方单位名称",
        "对方单位",
        "对方名称",
        "对手户名",
        "收付方名称",
        "付款人名称",
        "对方账户户名",
        "payersname",
        "payer",
    ),
    BankColumn.PAYER_ACCOUNT: ("对方账号", "对方账户", "对手账号", "收付方账号", "付款人账号", "payeraccount"),
    BankColumn.REFERENCE: (
        "交易流水号",
        "账户明细编号交易流水号",
        "账户明细编号",
        "流水号",
        "交易参考号",
        "日志号",
        "凭证号",
        "凭证号码",
        "回单编号",
        "transactionreference",
        "reference",
    ),
    BankColumn.TEXT: ("摘要", "附言", "用途", "交易用途", "交易附言", "客户附言", "purpose", "description"),
    BankColumn.NOTE: ("附言", "用途", "备注", "个性化信息", "交易摘要", "remark", "note"),
}
"""As banks write them."""

IN_WORDS = frozenset({"贷", "贷方", "收", "收入", "来账", "转入", "存入", "c", "cr", "credit", "in", "+"})
OUT_WORDS = frozenset({"借", "借方", "支", "支出", "付", "往账", "转出", "支取", "d", "dr", "debit", "out", "-"})
PAYER_LENGTH, TEXT_LENGTH, REFERENCE_LENGTH, ACCOUNT_LENGTH = 120, 300, 60, 40
_OWN_ACCOUNT = re.compile(r"(?:账号|账户|account(?:no\.?|number)?)[:：]?\D{0,12}(\d[\d\- ]{6,38}\d)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class BankRow:
    """Money received, as the bank says it."""

    row: int
    """As the spreadsheet counts."""
    paid_on: date
    amount_fen: Fen
    payer: str
    payer_account: str
    reference: str
    text: str
    mark: str
    """Of what it says, and which of several rows that say the same it is: the same row in another file has the
    same."""


BANK = Columns(
    kind=BankColumn,
    heads=HEADS,
    enough=lambda found: BankColumn.DAY in found and bool({BankColumn.MONEY_IN, BankColumn.AMOUNT} & set(found)),
    instead={BankColumn.MONEY_IN: (BankColumn.AMOUNT, BankColumn.DIRECTION)},
)


def own_account(sheet: ReadSheet, layout: Layout | None) -> str:
    """The account that the rows above the head name; empty where they name none."""
    for row in sheet.rows[: layout.head if layout else HEAD_WITHIN]:
        if found := _OWN_ACCOUNT.search(" ".join(row.text(column) for column in range(len(row.cells)))):
            return re.sub(r"\D", "", found[1])
    return ""


def read_statement(sheet: ReadSheet, layout: Layout, *, today: date) -> ReadList:
    """Every row below the head. A row that is neither money in, money out nor an end of the list is bad, cell by
    cell."""
    read = ReadList()
    for row in sheet.rows[layout.head + 1 :]:
        _read_row(row, layout, today, read)
    seen: dict[str, int] = {}
    for place, row_read in enumerate(read.rows):
        nth = seen[row_read.mark] = seen.get(row_read.mark, 0) + 1
        if nth > 1:
            read.rows[place] = BankRow(**{**vars(row_read), "mark": _mark(row_read.mark, nth)})
    return read


def _read_row(row: Row, layout: Layout, today: date, read: ReadList) -> None:
    places = layout.places
    if is_ending(row):
        read.other += 1
        return
    before, wrong = len(read.bad), read.wrong_in(row, layout)
    amount = _amount_in(row, places, wrong)
    if amount is None and len(read.bad) == before:
        read.out += 1
        return
    day = read_day(row.cell(places[BankColumn.DAY]))
    if day is None:
        wrong(BankColumn.DAY, "day")
    elif day > today:
        wrong(BankColumn.DAY, "future")
    if BankColumn.REFERENCE in places and cut(row.cell(places[BankColumn.REFERENCE])):
        wrong(BankColumn.REFERENCE, "cut")
    if len(read.bad) > before or amount is None or day is None:
        return
    texts = {column: cell_text(row, layout, column) for column in BankColumn}
    text = " ".join(dict.fromkeys(part for part in (texts[BankColumn.TEXT], texts[BankColumn.NOTE]) if part))
    payer, account = texts[BankColumn.PAYER][:PAYER_LENGTH], texts[BankColumn.PAYER_ACCOUNT][:ACCOUNT_LENGTH]
    mark = _mark(day, amount, payer, account, texts[BankColumn.REFERENCE], text)
    read.rows.append(
        BankRow(
            row=row.number,
            paid_on=day,
            amount_fen=amount,
            payer=payer,
            payer_account=account,
            reference=texts[BankColumn.REFERENCE][:REFERENCE_LENGTH] or f"{day:%Y%m%d}-{mark[:8].upper()}",
            text=text[:TEXT_LENGTH],
            mark=mark,
        )
    )


def _mark(*fields: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, fields)).encode()).hexdigest()[:40]


def _amount_in(row: Row, places: Places, wrong: Wrong) -> Fen | None:
    """What came in; None: nothing did, money went out, or a cell is wrong, which is said."""
    column = BankColumn.MONEY_IN if BankColumn.MONEY_IN in places else BankColumn.AMOUNT
    cell = row.cell(places[column])
    amount = ZERO if cell is None or row.text(places[column]) in ("-", "--") else read_fen(cell)
    if amount is None or abs(amount) > LARGEST_FEN:
        wrong(column, "amount")
        return None
    if column == BankColumn.MONEY_IN:
        if amount == 0 and BankColumn.MONEY_OUT in places and not read_fen(row.cell(places[BankColumn.MONEY_OUT])):
            wrong(column, "nothing")
        return amount if amount > 0 else None
    if BankColumn.DIRECTION not in places:
        if amount == 0:
            wrong(column, "nothing")
        return amount if amount > 0 else None
    word = row.text(places[BankColumn.DIRECTION]).lower()
    if word not in IN_WORDS | OUT_WORDS:
        wrong(BankColumn.DIRECTION, "direction")
        return None
    return Fen(abs(amount)) if word in IN_WORDS and amount else None
