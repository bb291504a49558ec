"""Invented statements in the layouts of large Chinese banks, and an invented month with what is owed in it."""

import io
import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import xlsxwriter

from labshare.booking.models import Booking, Charge
from labshare.kernel.database import db
from labshare.settlement.models import Invoice, InvoiceLine, Report
from tests import factories
from tests.settlement.world import BOOKED, FINISHED, World, at

DAY = "2026-07-03"
LAYOUTS: dict[str, list[list[Any]]] = {
    "icbc": [
        ["中国工商银行 账户明细", "", "", "", "", "", ""],
        ["账号：1205 2801 0900 0000 001", "", "", "", "", "", ""],
        ["交易日期", "对方户名", "对方账号", "借方发生额", "贷方发生额", "摘要", "交易流水号"],
        ["2026-07-03", "某公司", "1202", "", "1,234.50", "检测费 B-202606-ABCDE", "ICBC001"],
        ["2026-07-04", "电力公司", "1203", "88.00", "", "电费", "ICBC002"],
        ["合计", "", "", "88.00", "1,234.50", "", ""],
    ],
    "ccb": [
        ["账户", "33050165", "", "", "", "", ""],
        ["交易时间", "借方发生额（支取）", "贷方发生额（收入）", "对方户名", "对方账号", "摘要",
         "账户明细编号-交易流水号"],
        ["20260703 10:22:33", "0.00", "1234.5", "某公司", "1202", "转账", "CCB-9"],
        ["20260704 10:22:33", "88.00", "0.00", "电力公司", "1203", "电费", "CCB-10"],
    ],
    "boc": [
        ["交易日期[ Transaction Date ]", "交易金额[ Trade Amount ]", "付款人名称[ Payer's Name ]", "用途[ Purpose ]",
         "交易流水号[ Transaction reference number ]"],
        ["20260703", "1,234.50", "某公司", "检测费", "BOC1"],
        ["20260704", "-88.00", "本公司", "电费", "BOC2"],
    ],
    "cmb": [
        ["交易日", "交易金额", "借贷标志", "收付方名称", "摘要", "流水号"],
        ["2026年7月3日", "1234.50", "贷", "某公司", "货款", "C001"],
        ["2026/7/4", "88.00", "借", "电力公司", "电费", "C002"],
    ],
    "abc": [
        ["交易时间", "收入金额", "支出金额", "对方户名", "交易用途", "日志号"],
        ["2026-07-03 09:00:00", "1234.50", "", "某公司", "检测费", "A1"],
        ["2026-07-04 09:00:00", "", "88.00", "电力公司", "电费", "A2"],
    ],
}  # fmt: skip
"""Each says 1,234.50 in on 3 July of 某公司, and 88.00 out a day later."""


def csv_of(rows: list[list[Any]], encoding: str = "gb18030") -> bytes:
    return "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode(encoding)


def xlsx_of(rows: list[list[Any]], *, merged: str = "", formula: str = "") -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as made:
        page = made.add_worksheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
        if merged:
            page.merge_range(merged, "合并")
        if formula:
            page.write_formula(formula, "=1+1")
    return file.getvalue()


@dataclass
class Month:
    """Bookings that wait for their payment, and the bank's rows: `truth` says of each reference of the bank which
    bookings it is for, none where it is for none that can be known."""

    world: World
    refs: list[str]
    rows: list[list[Any]]
    truth: dict[str, set[str]]


HEAD = ["交易日期", "贷方发生额", "借方发生额", "对方户名", "摘要", "交易流水号"]


def bookings(world: World, count: int, *, clients: int, seed: int = 1) -> list[tuple[str, Any, int]]:
    """So many bookings with report and invoice, unpaid: reference, client, amount. Written as rows."""
    rng = random.Random(seed)
    firms = [
        factories.firm(name=f"新昌县第{n}轴承有限公司{seed}", name_en=f"Bearings {seed} {n}") for n in range(clients)
    ]
    template = db.session.get_one(Booking, world.id)
    columns = {c.key: getattr(template, c.key) for c in Booking.__table__.columns if c.key not in ("id", "ref")}
    file_id = db.session.scalars(db.select(Report.file_id)).first()
    made = []
    for number in range(count):
        client, fen = firms[number % clients], rng.randrange(10_000, 500_000, 50)
        fen = 30_000 if number % 25 == 0 else fen  # several of the same amount
        booking = Booking(
            **{
                **columns,
                "ref": f"B-202606-{'ABCDEFGHJK'[seed % 10]}{number:04d}",  # the world's own are numbers alone
                "client_firm_id": client.id,
                "price_fen": fen,
                "charged_fen": fen,
                "invoiced_fen": fen,
                "state": "reported",
            }
        )
        db.session.add(booking)
        made.append((booking, client, fen, f"{seed:04d}{number:016d}"))
    db.session.flush()
    for booking, client, fen, invoice_number in made:
        invoice = Invoice(
            seller_firm_id=world.host.id,
            client_firm_id=client.id,
            number=invoice_number,
            issued_on=FINISHED,
            due_on=FINISHED + timedelta(days=30),
        )
        db.session.add_all(
            [
                Charge(
                    booking_id=booking.id,
                    kind="price",
                    amount_fen=fen,
                    state="agreed",
                    entered_at=at(BOOKED),
                    agreed_on=BOOKED,
                ),
                Report(
                    booking_id=booking.id,
                    lab_id=world.lab.id,
                    number=f"R{seed}-{booking.ref}",
                    issued_on=FINISHED,
                    file_id=file_id,
                    recorded_at=at(FINISHED),
                ),
                invoice,
            ]
        )
        db.session.flush()
        db.session.add(
            InvoiceLine(
                invoice_id=invoice.id, booking_id=booking.id, amount_fen=fen, tax_fen=0, recorded_at=at(FINISHED)
            )
        )
    db.session.commit()
    return [(booking.ref, client, fen) for booking, client, fen, _number in made]


def month(world: World, lines: int, *, seed: int = 1) -> Month:
    """An invented month: most lines name the booking, the invoice or nothing, some are of others, some of nobody."""
    rng = random.Random(seed)
    due = bookings(world, lines, clients=max(5, lines // 8), seed=seed)
    rows: list[list[Any]] = [HEAD]
    truth: dict[str, set[str]] = {}
    day = date(2026, 7, 1)
    for number, (ref, client, fen) in enumerate(due):
        serial, kind = f"S{seed:02d}{number:06d}", number % 10
        amount, payer, text, right = f"{fen / 100:.2f}", client.name, "检测费", {ref}
        if kind in (0, 1, 2, 3):
            text = f"检测费 {ref if kind else ref.replace('-', '')}"
        elif kind in (4, 5):
            text = f"发票{seed:04d}{number:016d}"
        elif kind == 8:
            payer, text, right = "王某", "利息", set()  # of nobody that is known, of an amount of its own
            amount = f"{fen / 100 + 0.37:.2f}"
        elif kind == 9:
            payer, text = "某集团财务公司", f"代付 {ref}"  # another payer
        rows.append([(day + timedelta(days=rng.randrange(28))).isoformat(), amount, "", payer, text, serial])
        truth[serial] = right
    rng.shuffle(rows[1:])
    return Month(world, [ref for ref, _client, _fen in due], rows, truth)
