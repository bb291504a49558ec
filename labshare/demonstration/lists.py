"""What the demonstration's lab would import: a statement of its bank, and the tax system's list of issued invoices and
red letters, both invented after what its clients owe, with lines that fit and lines that do not; nothing of them is
recorded yet."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from labshare.demonstration.documents import tax_in
from labshare.demonstration.loading import Loading
from labshare.kernel.actor import Actor
from labshare.kernel.money import Fen
from labshare.kernel.sheets import ReadSheet, Row
from labshare.organisations.queries import get_firm
from labshare.organisations.terms import FirmRole
from labshare.settlement.files import TakenFile, path_of
from labshare.settlement.queries.bank import load_dues
from labshare.settlement.queries.tax_list import reversible
from labshare.settlement.rules.bank_sheets import BANK, own_account, read_statement
from labshare.settlement.rules.lists import Columns, Layout, find_layout
from labshare.settlement.rules.matching import Due
from labshare.settlement.rules.reversing import Reversible
from labshare.settlement.rules.tax_sheets import TAX, read_tax_list
from labshare.settlement.services import import_statement, import_tax_list
from labshare.settlement.terms import DocumentKind

LINES = 9
"""Of either list that fit somehow."""
Lines = list[list[str]]


def import_lists(loading: Loading, firm_id: int) -> None:
    """The owner of this firm imports both, as the last thing before midnight."""
    owner = Actor(person_id=loading.accounts[FirmRole.OWNER]["id"], firm_id=firm_id, roles=frozenset({FirmRole.OWNER}))
    _import_statement(loading, owner)
    _import_tax_list(loading, owner, get_firm(firm_id).uscc)


def _import_statement(loading: Loading, owner: Actor) -> None:
    file, sheet, layout = _stored_table(
        f"bank-{loading.today:%Y-%m}.csv", _statement(loading, _spread(load_dues(owner), owner.firm_id)), BANK
    )
    import_statement(
        actor=owner,
        now=loading.midnight,
        account=own_account(sheet, layout),
        heads={},
        file=file,
        rows=read_statement(sheet, layout, today=loading.today).rows,
    )


def _import_tax_list(loading: Loading, owner: Actor, uscc: str) -> None:
    dues = _spread(load_dues(owner, DocumentKind.INVOICE), owner.firm_id)
    recorded = reversible(owner, buyers={due.uscc for due in dues})
    rows = _tax_list(loading, dues, uscc) + _red_letters(loading, recorded, uscc)
    file, sheet, layout = _stored_table(f"tax-list-{loading.today:%Y-%m}.csv", rows, TAX)
    read = read_tax_list(sheet, layout, today=loading.today, seller_uscc=uscc)
    import_tax_list(actor=owner, now=loading.midnight, heads={}, file=file, rows=read.rows)


def _statement(loading: Loading, dues: Sequence[Due]) -> Lines:
    """Payments that name their booking, some that only fit by name and amount, one of half the amount; and what is for
    no booking."""
    rows: Lines = [
        ["演示银行 账户明细", "", "", "", "", ""],
        ["账号：1205 2801 0900 0000 001", "", "", "", "", ""],
        ["交易日期", "对方户名", "借方发生额", "贷方发生额", "摘要", "交易流水号"],
    ]
    for place, due in enumerate(dues):
        day = loading.today - timedelta(days=2 + place % 5)
        text = f"检测费 {due.ref}" if place % 3 else "检测费"
        fen = due.left_fen // 2 if place == LINES - 1 else due.left_fen
        rows.append([f"{day:%Y-%m-%d}", due.names[0], "", _yuan(fen), text, f"DEMO{day:%Y%m%d}{place:04d}"])
    day = loading.today - timedelta(days=2)
    rows += [
        [f"{day:%Y-%m-%d}", "演示银行", "", "36.72", "结息", f"DEMO{day:%Y%m%d}0101"],
        [f"{day:%Y-%m-%d}", "周晓明", "", "500.00", "转账", f"DEMO{day:%Y%m%d}0102"],
        [f"{day:%Y-%m-%d}", "供电公司", "8,420.00", "", "电费", f"DEMO{day:%Y%m%d}0103"],
    ]
    return rows


def _tax_list(loading: Loading, dues: Sequence[Due], seller: str) -> Lines:
    """Invoices of what is to be invoiced, the last of them of a firm that never booked."""
    rows: Lines = [
        ["数电发票号码", "开票日期", "销方识别号", "购方识别号", "购买方名称", "金额", "税额", "价税合计", "备注"]
    ]
    for place, due in enumerate(dues):
        day = loading.today - timedelta(days=1 + place % 6)
        tax = tax_in(due.left_fen)
        amounts = [_yuan(due.left_fen - tax), _yuan(tax), _yuan(due.left_fen)]
        note = due.ref if place % 2 else ""
        rows.append(
            [f"{day.year % 100:02d}338{place:015d}", f"{day:%Y-%m-%d}", seller, due.uscc, due.names[0], *amounts, note]
        )
    day = loading.today - timedelta(days=1)
    other = ["", "新昌县城关文具店", "94.34", "5.66", "100.00", "复印费"]
    rows.append([f"{day.year % 100:02d}338{99:015d}", f"{day:%Y-%m-%d}", seller, *other])
    return rows


def _red_letters(loading: Loading, recorded: Sequence[Reversible], seller: str) -> Lines:
    """One that takes a recorded invoice back whole, one that takes part of another; and one of an invoice that is not
    recorded here."""
    day = loading.today - timedelta(days=1)
    rows: Lines = []
    for place, invoice in enumerate(recorded[-2:]):
        fen, tax = invoice.left_fen, invoice.left_tax_fen
        if place:
            fen, tax = Fen(fen // 2), Fen(tax // 2)
        amounts = [f"-{_yuan(fen - tax)}", f"-{_yuan(tax)}", f"-{_yuan(fen)}"]
        number = f"{day.year % 100:02d}338{200 + place:015d}"
        note = f"被红冲蓝字数电票号码：{invoice.number}"
        rows.append([number, f"{day:%Y-%m-%d}", seller, invoice.uscc, invoice.names[0], *amounts, note])
    number = f"{day.year % 100:02d}338{299:015d}"
    other = ["", "新昌县城关文具店", "-94.34", "-5.66", "-100.00", "对应正数发票代码:3300221130号码:00001234"]
    return [*rows, [number, f"{day:%Y-%m-%d}", seller, *other]]


def _spread(dues: Sequence[Due], firm_id: int | None) -> Sequence[Due]:
    """A few of them, from all over the list, none of the firm itself."""
    dues = [due for due in dues if due.client_id != firm_id]
    return dues[:: max(1, len(dues) // LINES)][:LINES]


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"


def _stored_table(name: str, rows: Lines, columns: Columns) -> tuple[TakenFile, ReadSheet, Layout]:
    """The list as a file that is kept, read as it would be."""
    content = "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    path = path_of(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    sheet = ReadSheet("", [], [], [Row(number, line) for number, line in enumerate(rows, start=1)])
    layout = find_layout(sheet, columns)
    if layout is None:
        raise RuntimeError(f"{name} is not read: the generator is wrong")
    return TakenFile(name, sha256, len(content)), sheet, layout
