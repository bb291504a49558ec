"""A lab, a client and a booking that has come as far as a test needs; and documents for it, short to write."""

import io
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from labshare.booking.models import Booking, Charge
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.time import local_day, utc_now
from labshare.settlement import services
from labshare.settlement.files import TakenFile, take_in
from labshare.settlement.models import Dispute, InvoiceLine, Message, RevenueEntry
from tests import factories
from tests.signing import sign_in

SHANGHAI = ZoneInfo("Asia/Shanghai")
BOOKED, FINISHED = date(2026, 6, 10), date(2026, 6, 20)
ORDER = ("requested", "confirmed", "received", "testing", "tested", "reported", "settled")


def at(day: date, hour: int = 10) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=SHANGHAI)


def pdf(text: str = "report") -> bytes:
    """The smallest PDF a reader opens: one page."""
    page = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
    ]
    return _assembled(objects)


def laughing_pdf() -> bytes:
    """Under a kilobyte and a half that claims ten to the ninth pages: nine times over, ten of what comes next."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    for number in range(3, 12):
        objects.append(b"<< /Type /Pages /Kids [%s] /Count 1 >>" % b" ".join([b"%d 0 R" % number] * 10))
    objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>")
    return _assembled(objects)


def _assembled(objects: list[bytes]) -> bytes:
    written, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n" % size + b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(written))
    return written + table + trailer


def signed_in(app: Any, actor: Actor) -> Any:
    """A client of the application in which they are signed in."""
    person = db.session.get(factories.Person, actor.person_id)
    firm = db.session.get(factories.Firm, actor.firm_id) if actor.firm_id else None
    return sign_in(app.test_client(), person, firm)


def taken(content: bytes | None = None, name: str = "report.pdf", kinds: Any = "pdf") -> TakenFile:
    return take_in(io.BytesIO(pdf() if content is None else content), name, kinds, now=utc_now())


@dataclass
class World:
    """One booking of 1,000.00 yuan unless told otherwise, and who acts around it."""

    state: str = "tested"
    price_fen: int = 100_000
    booked_on: date = BOOKED
    finished_on: date = FINISHED
    lab: Any = None
    client: Any = None
    given: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lab = self.lab or factories.lab()
        self.host = db.session.get_one(type(self.lab).firm.property.entity.class_, self.lab.firm_id)
        self.client = self.client or factories.firm()
        self.manager = factories.actor(factories.member(self.host, "lab_manager"), self.host, "lab_manager")
        self.accountant = factories.actor(factories.member(self.host, "accountant"), self.host, "accountant")
        self.booker = factories.actor(factories.member(self.client, "booker"), self.client, "booker")
        self.officer = factories.actor(factories.regulator("officer"), None, "officer")
        item = factories.test_item(factories.instrument(self.lab), fee_fen=self.price_fen)
        self.booking = self.book(item)
        self.id, self.ref = self.booking.id, self.booking.ref
        db.session.commit()

    def book(self, item: Any) -> Booking:
        starts = at(self.finished_on - timedelta(days=1))
        far = ORDER.index(self.state) if self.state in ORDER else 1
        booking = Booking(
            **{
                "ref": f"B-202606-{next(factories._count):05d}",
                "state": self.state,
                "client_firm_id": self.client.id,
                "lab_firm_id": self.host.id,
                "lab_id": self.lab.id,
                "division": self.lab.division,
                "instrument_id": item.instruments[0].id,
                "unit": 1,
                "test_item_id": item.id,
                "fee_id": db.session.scalars(db.select(factories.Fee.id).filter_by(test_item_id=item.id)).one(),
                "quantity": 1,
                "sample_description": "试样",
                "work_minutes": 60,
                "cleanup_minutes": 0,
                "starts_at": starts,
                "ends_at": starts + timedelta(hours=1),
                "booked_at": at(self.booked_on),
                "booked_on": self.booked_on,
                "booked_by": self.booker.person_id,
                "requested_at": at(self.booked_on),
                "client_division": "330624",
                "statutory": False,
                "free_cancel_minutes": 0,
                "late_cancel_percent": 0,
                "no_show_percent": 0,
                "turnaround_days": 5,
                "price_fen": self.price_fen,
                "charged_fen": self.price_fen,
                "received_at": starts if far >= 2 else None,
                "started_at": starts if far >= 3 else None,
                "finished_at": at(self.finished_on) if far >= 4 else None,
                "finished_on": self.finished_on if far >= 4 else None,
                **self.given,
            }
        )
        factories.add(booking)
        factories.add(
            Charge(
                booking_id=booking.id,
                kind="price",
                amount_fen=self.price_fen,
                state="agreed",
                entered_at=at(self.booked_on),
                agreed_on=self.booked_on,
            )
        )
        return booking

    def another(self, **given: Any) -> "World":
        """Another booking of the same client at the same lab, with the same people."""
        return World(**{"lab": self.lab, "client": self.client, "price_fen": self.price_fen, **given})

    # documents, each in its own transaction

    def report(self, on: date | None = None, **given: Any) -> int:
        if "file" not in given:
            given["file"] = taken()
        with transaction():
            return services.record_report(
                **{
                    "actor": self.manager,
                    "now": utc_now(),
                    "ref": self.ref,
                    "issued_on": on or self.finished_on,
                    **given,
                }
            ).id

    def withdraw(self, report_id: int, **given: Any) -> None:
        with transaction():
            services.withdraw_report(
                **{"actor": self.manager, "now": utc_now(), "report_id": report_id, "reason": "数据有误", **given}
            )

    def invoice(self, fen: int | None = None, on: date | None = None, tax: int = 0, **given: Any) -> int:
        """The id of the invoice line."""
        with transaction():
            invoice = services.record_invoice(
                **{
                    "actor": self.accountant,
                    "now": utc_now(),
                    "ref": self.ref,
                    "number": f"2633{next(factories._count):016d}",
                    "issued_on": on or self.finished_on,
                    "amount_fen": self.price_fen if fen is None else fen,
                    "tax_fen": tax,
                    **given,
                }
            )
            return self._line(invoice.id)

    def red_letter(self, reverses: int | None, fen: int, on: date | None = None, tax: int = 0, **given: Any) -> int:
        with transaction():
            invoice = services.record_red_letter(
                **{
                    "actor": self.accountant,
                    "now": utc_now(),
                    "ref": self.ref,
                    "number": f"2633{next(factories._count):016d}",
                    "issued_on": on or self.today,
                    "amount_fen": fen,
                    "tax_fen": tax,
                    "reverses": reverses,
                    **given,
                }
            )
            return self._line(invoice.id)

    def _line(self, invoice_id: int) -> int:
        return db.session.scalars(db.select(InvoiceLine.id).filter_by(invoice_id=invoice_id, booking_id=self.id)).one()

    def payment(self, fen: int | None = None, on: date | None = None, **given: Any) -> int:
        with transaction():
            return services.record_payment(**self._payment(fen, on, given)).id

    def refund(self, fen: int, on: date | None = None, **given: Any) -> int:
        with transaction():
            return services.record_refund(**self._payment(fen, on or self.today, given)).id

    def _payment(self, fen: int | None, on: date | None, given: dict[str, Any]) -> dict[str, Any]:
        return {
            "actor": self.accountant,
            "now": utc_now(),
            "ref": self.ref,
            "amount_fen": self.price_fen if fen is None else fen,
            "paid_on": on or self.finished_on,
            "reference": f"ICBC{next(factories._count)}",
            "payer_uscc": self.client.uscc,
            **given,
        }

    def accept(self, payment_id: int, **given: Any) -> None:
        with transaction():
            services.accept_payer(**{"actor": self.officer, "now": utc_now(), "payment_id": payment_id, **given})

    def reject(self, payment_id: int, note: str = "代付未附说明", **given: Any) -> None:
        with transaction():
            services.reject_payer(
                **{"actor": self.officer, "now": utc_now(), "payment_id": payment_id, "note": note, **given}
            )

    def message(self, text: str = "样品已寄出", **given: Any) -> Message:
        with transaction():
            return services.write_message(
                **{"actor": self.booker, "now": utc_now(), "ref": self.ref, "text": text, **given}
            )

    def dispute(self, text: str = "3 号试样的结果与实物不符", **given: Any) -> Dispute:
        """Opened by the client."""
        return self.does(services.open_dispute, text=text, **{"actor": self.booker, **given})

    def does(self, service: Any, **given: Any) -> Any:
        """A step of its dispute, by whom `actor` names."""
        with transaction():
            return service(**{"now": utc_now(), "ref": self.ref, **given})

    def charge(self, fen: int, on: date | None = None) -> None:
        """A change of charge that both sides have agreed, as booking tells of it."""
        from labshare.booking.events import ChargeChanged
        from labshare.kernel.events import emit, handle_events

        with transaction():
            booking = db.session.get_one(Booking, self.id)
            line = factories.add(
                Charge(
                    booking_id=booking.id,
                    kind="change",
                    amount_fen=fen,
                    reason="加做",
                    state="agreed",
                    entered_at=utc_now(),
                    agreed_on=on or self.today,
                )
            )
            booking.charged_fen += fen
            db.session.flush()
            emit(ChargeChanged(booking, line.id, self.manager, utc_now()))
            handle_events()

    def close(self, month: Any) -> None:
        with transaction():
            services.close_month(actor=self.officer, now=utc_now(), month=month, division="330624")

    def reopen(self, month: Any) -> int:
        with transaction():
            return services.reopen_month(actor=self.officer, now=utc_now(), month=month, division="330624")

    # what came of it

    @property
    def today(self) -> date:
        return local_day(utc_now())

    @property
    def money(self) -> tuple[int, int, int, int]:
        """charged, invoiced, paid, recognised."""
        booking = self.reread()
        return booking.charged_fen, booking.invoiced_fen, booking.paid_fen, booking.recognised_fen

    @property
    def stands(self) -> str:
        return self.reread().state

    def reread(self) -> Booking:
        db.session.rollback()
        db.session.expire_all()
        return db.session.get_one(Booking, self.id)

    @property
    def ledger(self) -> dict[str, tuple[int, int]]:
        """Month → (amount, tax) of its entries."""
        db.session.rollback()
        sums: dict[str, tuple[int, int]] = {}
        entries = db.session.scalars(db.select(RevenueEntry).filter_by(booking_id=self.id))
        for entry in entries:
            amount, tax = sums.get(entry.month, (0, 0))
            sums[entry.month] = (amount + entry.amount_fen, tax + entry.tax_fen)
        return {month: sums[month] for month in sorted(sums) if sums[month] != (0, 0)}


EVERYTHING_BUT_THE_TRAIL = ("audit_event", "audit_address", "audit_seal", "alembic_version")


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the audit trail's."""
    db.session.rollback()
    tables = {}
    with db.engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            if table.name not in EVERYTHING_BUT_THE_TRAIL:
                rows = connection.execute(db.select(table)).all()
                tables[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return tables


def actor_of(world: World, name: str) -> Actor:
    return getattr(world, name)
