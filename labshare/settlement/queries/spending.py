"""What a client spends: invoiced by the invoice's date, paid by the day of payment, less red letters and refunds; by
month, lab, test item, person or cost centre, each figure with its rows; and the statement of account of a lab's month.
Fen, local days, both ends included."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, literal, select, union_all
from sqlalchemy.orm import joinedload

from labshare.accounts.models import Person
from labshare.booking.models import Booking
from labshare.catalogue.models import Lab, TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.organisations.permissions import visible
from labshare.settlement.models import Invoice, InvoiceLine, Payment
from labshare.settlement.terms import Movement, SpendingBy


@dataclass(frozen=True, kw_only=True)
class SpendingRow:
    """`key` opens it; a cost centre that was not written is empty."""

    key: str
    name: str
    name_en: str | None
    invoiced_fen: Fen
    paid_fen: Fen


@dataclass(frozen=True)
class Spending:
    by: SpendingBy
    first: Month
    last: Month
    rows: Sequence[SpendingRow]

    @property
    def invoiced_fen(self) -> Fen:
        return Fen(sum(row.invoiced_fen for row in self.rows))

    @property
    def paid_fen(self) -> Fen:
        return Fen(sum(row.paid_fen for row in self.rows))


@dataclass(frozen=True)
class Moved:
    """An invoice, a red letter, a payment or a refund, for one booking. `text`: its number, or the bank's reference."""

    kind: str
    day: date
    text: str
    amount_fen: Fen
    booking: Booking
    person: str
    """Who booked."""


def ours(actor: Actor) -> ColumnElement[bool]:
    """The bookings of the firm acted for, where its money may be seen."""
    return and_(Booking.client_firm_id == actor.firm_id, visible(actor, "spending.see", client=Booking.client_firm_id))


def _moved(which: ColumnElement[bool], first: date, last: date) -> Any:
    """Every document of these bookings dated in these days that counts."""
    invoiced = (
        select(
            literal(Movement.INVOICED, String).label("kind"),
            InvoiceLine.id,
            InvoiceLine.booking_id,
            Invoice.issued_on.label("day"),
            Invoice.number.label("text"),
            InvoiceLine.amount_fen.label("fen"),
        )
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .join(Booking, Booking.id == InvoiceLine.booking_id)
        .where(which, Invoice.issued_on.between(first, last))
    )
    paid = (
        select(
            literal(Movement.PAID, String),
            Payment.id,
            Payment.booking_id,
            Payment.paid_on,
            Payment.reference,
            Payment.amount_fen,
        )
        .join(Booking, Booking.id == Payment.booking_id)
        .where(which, Payment.paid_on.between(first, last), Payment.counts)
    )
    return union_all(invoiced, paid).subquery()


def _key(by: SpendingBy, moved: Any) -> ColumnElement[Any]:
    columns: dict[SpendingBy, Any] = {
        SpendingBy.MONTH: func.substr(cast(moved.c.day, String), 1, 7),
        SpendingBy.LAB: Booking.lab_id,
        SpendingBy.TEST_ITEM: Booking.test_item_id,
        SpendingBy.PERSON: Booking.booked_by,
        SpendingBy.COST_CENTRE: func.coalesce(Booking.cost_centre, ""),
    }
    found: ColumnElement[Any] = columns[by]
    return found


def _sum(moved: Any, kind: Movement) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((moved.c.kind == kind, moved.c.fen), else_=0)), 0)


def spending(actor: Actor, by: SpendingBy, first: Month, last: Month) -> Spending:
    """What was invoiced and paid in these months. Months in their order, the rest by what was paid, the most first.
    Two statements."""
    moved = _moved(ours(actor), first.first_day, last.last_day)
    key = _key(by, moved).label("key")
    found = db.session.execute(
        select(key, _sum(moved, Movement.INVOICED), _sum(moved, Movement.PAID))
        .join(Booking, Booking.id == moved.c.booking_id)
        .group_by(key)
    ).all()
    named = _names(by, [row[0] for row in found])
    rows = []
    for key, invoiced, paid in found:
        name, name_en = named.get(key, (str(key), None))
        rows.append(_row(str(key), name=name, name_en=name_en, sums=(invoiced, paid)))
    rows.sort(key=lambda row: row.key if by == SpendingBy.MONTH else (-row.paid_fen, -row.invoiced_fen, row.key))
    return Spending(by, first, last, rows)


def _row(key: str, *, name: str, name_en: str | None, sums: tuple[int, int]) -> SpendingRow:
    """`sums`: invoiced and paid, as the database counts them."""
    invoiced, paid = sums
    return SpendingRow(key=key, name=name, name_en=name_en, invoiced_fen=Fen(int(invoiced)), paid_fen=Fen(int(paid)))


def _names(by: SpendingBy, keys: Sequence[Any]) -> dict[Any, tuple[str, str | None]]:
    """How these labs, test items or persons are called, in Chinese and English; what names itself is left out."""
    of: Any = {SpendingBy.LAB: Lab, SpendingBy.TEST_ITEM: TestItem, SpendingBy.PERSON: Person}.get(by)
    if of is None or not keys:
        return {}
    english = literal(None, String) if of is Person else of.name_en
    rows = db.session.execute(select(of.id, of.name, english).where(of.id.in_(keys)))
    return {key: (name, name_en) for key, name, name_en in rows}


def paid_by_month(actor: Actor, first: Month, last: Month) -> list[tuple[Month, Fen]]:
    """Paid less refunds in each month: the one figure that pages call "Paid". One statement."""
    found = {row.key: row.paid_fen for row in spending(actor, SpendingBy.MONTH, first, last).rows}
    return [(month, found.get(str(month), Fen(0))) for month in first.through(last)]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A row opened: what it is about, and what makes up its figures."""

    row: SpendingRow
    count: int
    rows: Sequence[Moved]


def opened(
    actor: Actor,
    by: SpendingBy,
    key: str,
    first: Month,
    last: Month,
    *,
    kind: Movement | None = None,
    limit: int,
    offset: int = 0,
) -> Opened:
    """The documents behind a row, the latest first; of one `kind` alone where that is asked. Raises `NotFound` where
    there are none. Three statements."""
    moved = _moved(ours(actor), first.first_day, last.last_day)
    if by in (SpendingBy.LAB, SpendingBy.TEST_ITEM, SpendingBy.PERSON):
        if not key.isdecimal() or len(key) > 9:
            raise NotFound
        wanted: Any = int(key)
    else:
        wanted = key
    chosen = _key(by, moved) == wanted
    count, invoiced, paid = db.session.execute(
        select(func.count(), _sum(moved, Movement.INVOICED), _sum(moved, Movement.PAID))
        .join(Booking, Booking.id == moved.c.booking_id)
        .where(chosen, *_of_kind(moved, kind))
    ).one()
    if not count:
        raise NotFound
    name, name_en = _names(by, [wanted]).get(wanted, (key, None))
    return Opened(
        row=_row(key, name=name, name_en=name_en, sums=(invoiced, paid)),
        count=count,
        rows=_documents(moved, chosen, *_of_kind(moved, kind), limit=limit, offset=offset),
    )


def _of_kind(moved: Any, kind: Movement | None) -> list[ColumnElement[bool]]:
    return [] if kind is None else [moved.c.kind == kind]


def documents(actor: Actor, first: Month, last: Month, *, limit: int) -> Sequence[Moved]:
    """Every document of the months, the latest first: what all rows are made of. One statement."""
    return _documents(_moved(ours(actor), first.first_day, last.last_day), limit=limit)


def _documents(
    moved: Any, *which: ColumnElement[bool], limit: int | None = None, offset: int = 0, oldest_first: bool = False
) -> Sequence[Moved]:
    order = (moved.c.day, moved.c.kind, moved.c.id)
    statement: Select[Any] = (
        select(moved, Booking, Person.name)
        .join(Booking, Booking.id == moved.c.booking_id)
        .join(Person, Person.id == Booking.booked_by)
        .where(*which)
        .options(joinedload(Booking.lab), joinedload(Booking.test_item))
        .order_by(*(order if oldest_first else (column.desc() for column in order)))
        .limit(limit)
        .offset(offset)
    )
    return [
        Moved(row.kind, row.day, row.text, Fen(int(row.fen)), row.Booking, row.name)
        for row in db.session.execute(statement)
    ]


# Statement of account


@dataclass(frozen=True)
class StatementLine:
    """A document with what was owed after it, fen."""

    document: Moved
    balance_fen: Fen

    @property
    def invoiced_fen(self) -> Fen | None:
        return self.document.amount_fen if self.document.kind == Movement.INVOICED else None

    @property
    def paid_fen(self) -> Fen | None:
        return self.document.amount_fen if self.document.kind == Movement.PAID else None


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What passed in these days; `opening_fen`: owed before them, below 0 if paid ahead."""

    since: date
    until: date
    opening_fen: Fen
    lines: Sequence[StatementLine]

    @property
    def invoiced_fen(self) -> Fen:
        return Fen(sum(line.invoiced_fen or 0 for line in self.lines))

    @property
    def paid_fen(self) -> Fen:
        return Fen(sum(line.paid_fen or 0 for line in self.lines))

    @property
    def closing_fen(self) -> Fen:
        return Fen(self.opening_fen + self.invoiced_fen - self.paid_fen)


@dataclass(frozen=True, kw_only=True)
class Statement(Balance):
    """What passed between the client and a lab in a month."""

    lab: Lab
    month: Month


def balance_of(which: ColumnElement[bool], since: date, until: date) -> Balance:
    """The account of these bookings. Two statements."""
    before = _moved(which, date.min, since - timedelta(days=1))
    opening = db.session.scalar(select(_sum(before, Movement.INVOICED) - _sum(before, Movement.PAID)))
    owed, lines = int(opening or 0), []
    for document in _documents(_moved(which, since, until), oldest_first=True):
        owed += document.amount_fen if document.kind == Movement.INVOICED else -document.amount_fen
        lines.append(StatementLine(document, Fen(owed)))
    return Balance(since=since, until=until, opening_fen=Fen(int(opening or 0)), lines=lines)


def statement(actor: Actor, code: str, month: Month) -> Statement:
    """The account with the lab of this code. Raises `NotFound` where the firm never booked there. Three statements."""
    lab = db.session.scalar(
        select(Lab)
        .options(joinedload(Lab.firm))
        .where(Lab.code == code, Lab.id.in_(select(Booking.lab_id).where(ours(actor))))
    )
    if lab is None:
        raise NotFound
    here = and_(ours(actor), Booking.lab_id == lab.id)
    return Statement(lab=lab, month=month, **vars(balance_of(here, month.first_day, month.last_day)))
