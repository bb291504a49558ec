"""What a bank's statement says (R-BANK-1): where its columns stand, and each row read. Amounts in fen, days local.

The heads are those that the large Chinese banks write; whatever they do not cover is mapped by a person and kept for
the account. Nothing here knows a table of ours.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from labshare.kernel.money import ZERO, Fen
from labshare.kernel.sheets import ReadSheet, Row, cut
from labshare.settlement.rules.cells import LARGEST_FEN, read_day, read_fen
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
"""As banks write them, bare of blanks, brackets and what stands in these; the first that is found is taken."""

IN_WORDS = frozenset({"贷", "贷方", "收", "收入", "来账", "转入", "存入", "c", "cr", "credit", "in", "+"})
OUT_WORDS = frozenset({"借", "借方", "支", "支出", "付", "往账", "转出", "支取", "d", "dr", "debit", "out", "-"})
ENDINGS = ("合计", "总计", "小计", "本页", "总笔数", "笔数", "以下空白", "期末", "期初", "total")
HEAD_WITHIN = 40
"""A head stands in one of so many first rows."""
PAYER_LENGTH, TEXT_LENGTH, REFERENCE_LENGTH, ACCOUNT_LENGTH = 120, 300, 60, 40
_OWN_ACCOUNT = re.compile(r"(?:账号|账户|account(?:no\.?|number)?)[:：]?\D{0,12}(\d[\d\- ]{6,38}\d)", re.IGNORECASE)

Wrong = Callable[[BankColumn, str], None]
Places = Mapping[BankColumn, int]
"""Columns, from 0."""


@dataclass(frozen=True)
class Layout:
    """Where the head stands (its row's place among the rows) and what the columns say."""

    head: int
    places: Places
    names: tuple[str, ...]
    """What stands in each cell of the head."""

    @property
    def kept(self) -> dict[str, str]:
        """The heads, to find the columns again in the next file of this account."""
        return {column: self.names[place] for column, place in self.places.items()}


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


@dataclass(frozen=True)
class BadCell:
    row: int
    column: str
    """Its head."""
    wrong: str
    """A key of `WRONG_CELLS`."""
    found: str


@dataclass(kw_only=True)
class ReadStatement:
    rows: list[BankRow] = field(default_factory=list)
    bad: list[BadCell] = field(default_factory=list)
    out: int = 0
    """Rows of money paid out, which are passed over."""
    other: int = 0
    """Rows of totals and the like."""

    @property
    def amount_fen(self) -> Fen:
        return Fen(sum(row.amount_fen for row in self.rows))


def bare(head: str) -> str:
    """A head without blanks, brackets and what stands in them, in small letters."""
    return re.sub(r"[\s*/\-_'’:：]|[\[(（【].*?[\])）】]", "", head).lower()


def find_layout(sheet: ReadSheet, kept: Mapping[str, str] | None = None) -> Layout | None:
    """Where the columns are: by the heads kept of this account if all of them are there, else by what banks write.
    None where no row looks like a head."""
    for place, row in enumerate(sheet.rows[:HEAD_WITHIN]):
        names = tuple(row.text(column) for column in range(len(row.cells)))
        if kept and all(name in names for name in kept.values()):
            found: dict[BankColumn, int] = {
                column: names.index(kept[column]) for column in BankColumn if column in kept
            }
        else:
            found = _known(names)
        if BankColumn.DAY in found and (BankColumn.MONEY_IN in found or BankColumn.AMOUNT in found):
            return Layout(place, found, names)
    return None


def likely_head(sheet: ReadSheet) -> int:
    """The row that has most texts: what a person is asked about where no head is known."""
    first = sheet.rows[:HEAD_WITHIN]
    return max(
        range(len(first)), key=lambda place: sum(isinstance(cell, str) for cell in first[place].cells), default=0
    )


def merged_below(sheet: ReadSheet, layout: Layout) -> list[str]:
    """Merged cells at the head or below it: there each row must speak for itself."""
    first = sheet.rows[layout.head].number
    rows = [(area, re.findall(r"\d+", area)) for area in sheet.merged]
    return [area for area, numbers in rows if numbers and int(numbers[-1]) >= first]


def _known(names: Sequence[str]) -> dict[BankColumn, int]:
    bared = [bare(name) for name in names]
    found: dict[BankColumn, int] = {}
    for column, heads in HEADS.items():
        place = next((bared.index(head) for head in heads if head in bared), None)
        if place is not None and place not in found.values():
            found[column] = place
    if BankColumn.MONEY_IN in found:
        found.pop(BankColumn.AMOUNT, None)
        found.pop(BankColumn.DIRECTION, None)
    return found


def own_account(sheet: ReadSheet, layout: Layout | None) -> str:
    """The account that the rows above the head name; empty where they name none."""
    for row in sheet.rows[: layout.head if layout else HEAD_WITHIN]:
        if said := _OWN_ACCOUNT.search(" ".join(row.text(column) for column in range(len(row.cells)))):
            return re.sub(r"\D", "", said[1])
    return ""


def read_statement(sheet: ReadSheet, layout: Layout, *, today: date) -> ReadStatement:
    """Every row below the head. A row that is neither money in, money out nor an end of the list is bad, cell by
    cell."""
    read = ReadStatement()
    for row in sheet.rows[layout.head + 1 :]:
        _read_row(row, layout, today, read)
    seen: dict[str, int] = {}
    for place, row_read in enumerate(read.rows):
        nth = seen[row_read.mark] = seen.get(row_read.mark, 0) + 1
        if nth > 1:
            read.rows[place] = BankRow(**{**vars(row_read), "mark": _mark(row_read.mark, nth)})
    return read


def _read_row(row: Row, layout: Layout, today: date, read: ReadStatement) -> None:
    places = layout.places
    first = next((row.text(column) for column in range(len(row.cells)) if row.text(column)), "")
    if first.lower().startswith(ENDINGS):
        read.other += 1
        return
    before = len(read.bad)

    def wrong(column: BankColumn, why: str) -> None:
        read.bad.append(
            BadCell(row.number, layout.names[places[column]], why, str(row.cell(places[column]) or "")[:60])
        )

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
    said = {column: row.text(places[column]) if column in places else "" for column in BankColumn}
    text = " ".join(dict.fromkeys(part for part in (said[BankColumn.TEXT], said[BankColumn.NOTE]) if part))
    payer, account = said[BankColumn.PAYER][:PAYER_LENGTH], said[BankColumn.PAYER_ACCOUNT][:ACCOUNT_LENGTH]
    mark = _mark(day, amount, payer, account, said[BankColumn.REFERENCE], text)
    read.rows.append(
        BankRow(
            row=row.number,
            paid_on=day,
            amount_fen=amount,
            payer=payer,
            payer_account=account,
            reference=said[BankColumn.REFERENCE][:REFERENCE_LENGTH] or f"{day:%Y%m%d}-{mark[:8].upper()}",
            text=text[:TEXT_LENGTH],
            mark=mark,
        )
    )


def _mark(*said: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, said)).encode()).hexdigest()[:40]


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
