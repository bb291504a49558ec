"""Documents with their numbers and files: PDFs that name their booking, kept as uploads are. In a county drawn apart
the files of a lab's reports are one, and invoices are on paper: a province's million of files would be the slowest part
of loading it."""

import hashlib
from collections import Counter
from datetime import date, datetime
from pathlib import Path

from labshare.demonstration.loading import Loading
from labshare.demonstration.orders import Order
from labshare.demonstration.pdf import one_page
from labshare.demonstration.rows import Row
from labshare.kernel.formatting import plain_money
from labshare.kernel.media import PDF
from labshare.settlement.files import path_of
from labshare.settlement.models import ReportSeries, StoredFile
from labshare.settlement.rules.numbers import Series


class Shelf:
    """Numbers documents and stores their files. `keep` puts bytes under the SHA-256 of their content."""

    def __init__(self, loading: Loading, *, first_slip: int = 0) -> None:
        self.loading = loading
        self.reports: dict[tuple[int, int], Row] = {}
        """By lab and year: how far the numbers of reports have come."""
        self.codes = loading.rng(f"report codes {first_slip}")
        self.invoices: Counter[int] = Counter()
        self.slips = first_slip
        self.folders: set[Path] = set()
        self.apart = bool(loading.letters)
        self.one_of_lab: dict[int, tuple[str, int]] = {}
        """Digest and size of the one file of a lab's reports."""

    def report_number(self, lab: Row, year: int) -> tuple[str, int]:
        """The next of the lab's series, and its serial."""
        key = lab["id"], year
        if key not in self.reports:
            self.reports[key] = self.loading.rows.add(ReportSeries, lab_id=lab["id"], year=year, first=1, last=0)
        row = self.reports[key]
        row["last"] += 1
        return Series(lab["code"], year).number(row["last"]), row["last"]

    def invoice_number(self, firm_id: int, issued_on: date) -> str:
        """Twenty digits, as fully digital invoices have: year, province, serial."""
        self.invoices[firm_id] += 1
        return f"{issued_on.year % 100:02d}33{firm_id % 10_000:04d}{self.invoices[firm_id]:012d}"

    def bank_reference(self, paid_on: date) -> str:
        self.slips += 1
        return f"{paid_on:%Y%m%d}{self.slips:09d}"

    def report(
        self, order: Order, number: str, issued_on: date, at: datetime, *, replaces: str | None
    ) -> tuple[Row, str]:
        row, lab, item = order.row, order.lab.row, order.offer.row
        if self.apart and lab["id"] in self.one_of_lab:
            sha256, size = self.one_of_lab[lab["id"]]
            return self._enter(sha256, f"{number}.pdf", at, size=size, person_id=order.desk[0])
        lines = [
            f"报告编号 Report number: {number}",
            f"预约编号 Booking: {row['ref']}",
            f"实验室 Lab: {lab['name']} {lab['code']}",
            f"Lab (English): {lab['name_en']}",
            f"委托方 Client: {order.client.row['name']} {order.client.row['uscc']}",
            f"检测项目 Test: {item['name']}",
            f"Test (English): {item['name_en']}",
            f"仪器 Instrument: {order.machine.row['name']}",
            f"样品 Samples: {row['samples_received']}",
            f"检测日期 Tested: {order.loading.day(row['started_at'])} - {row['finished_on']}",
            f"签发日期 Issued: {issued_on}",
            "结论 Result: 见附表，符合委托要求。 See table; meets the order.",
            "演示数据，不作证明之用。 Demonstration data, of no legal effect.",
        ]
        if replaces:
            lines.insert(1, f"代替报告 Replaces: {replaces}")
        made = self.keep(one_page("检测报告 Test report", lines), f"{number}.pdf", order.desk[0], at)
        self.one_of_lab[lab["id"]] = made[1], made[0]["size"]
        return made

    def invoice(self, order: Order, number: str, issued_on: date, amount: int, at: datetime) -> Row | None:
        """The invoice's file; for the last months only, since older ones are kept on paper."""
        if self.apart or issued_on < order.loading.month.plus(-2).first_day:
            return None
        lines = [
            f"发票号码 Invoice number: {number}",
            f"开票日期 Issued: {issued_on}",
            f"购买方 Client: {order.client.row['name']} {order.client.row['uscc']}",
            f"销售方 Seller: {order.lab.host.row['name']} {order.lab.host.row['uscc']}",
            f"价税合计 Total: {plain_money(amount)}",
            f"预约编号 Booking: {order.row['ref']}",
            "演示数据，不作证明之用。 Demonstration data, of no legal effect.",
        ]
        return self.keep(one_page("电子发票 Invoice", lines), f"{number}.pdf", order.office[0], at)[0]

    def keep(
        self, content: bytes, name: str, person_id: int | None, at: datetime, content_type: str = PDF
    ) -> tuple[Row, str]:
        """Store a file and its row; the row and the digest."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = path_of(sha256)
        if path.parent not in self.folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.folders.add(path.parent)
        path.write_bytes(content)
        return self._enter(sha256, name, at, size=len(content), person_id=person_id, content_type=content_type)

    def _enter(
        self, sha256: str, name: str, at: datetime, *, size: int, person_id: int | None, content_type: str = PDF
    ) -> tuple[Row, str]:
        row = self.loading.rows.add(
            StoredFile,
            sha256=sha256,
            name=name,
            content_type=content_type,
            size=size,
            uploaded_by=person_id,
            uploaded_at=at,
        )
        return row, sha256
