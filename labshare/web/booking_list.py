"""Lists of bookings with filters in the address: the client's, the lab's, the regulators'. One query, one table."""

from datetime import date, datetime, timedelta
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import joinedload
from wtforms.validators import Optional

from labshare.audit.services import record_export
from labshare.booking.models import BOOKING_STATES, Booking, Charge, Proposal
from labshare.booking.queries.bookings import visible_bookings
from labshare.catalogue.models import Lab, TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.tables import to_csv, to_xlsx, yuan
from labshare.kernel.time import local_day, local_zone, start_of_day, utc_now
from labshare.organisations.models import Firm
from labshare.settlement.models import Invoice, InvoiceLine
from labshare.web.actor import current_actor
from labshare.web.downloads import capped, download
from labshare.web.filters import twin
from labshare.web.forms import DayField, OptionalSelectField, QueryForm, StringField
from labshare.web.numbers import asked_number
from labshare.web.words import BOOKING_STATES as STATE_LOOKS

PAGE = 50
EXPORT_AT_MOST = 50_000
SORTS = {
    "starts_at": Booking.starts_at,
    "booked_at": Booking.booked_at,
    "charged": Booking.charged_fen,
    "state": case({state: index for index, state in enumerate(BOOKING_STATES)}, value=Booking.state),
}


class ListForm(QueryForm):
    q = StringField(_l("Reference, firm, test, invoice number"))
    state = OptionalSelectField(
        _l("State"), choices=[(name, look.word) for name, look in STATE_LOOKS.items()], blank=_l("All")
    )
    since = DayField(_l("From"), name="from", validators=[Optional()])
    until = DayField(_l("To"), name="to", validators=[Optional()])


def waits_for_client(now: datetime) -> ColumnElement[bool]:
    """A proposal or a change of charge to answer, money to pay, samples to bring within two days."""
    proposal = exists().where(Proposal.booking_id == Booking.id, Proposal.state == "open", Proposal.answer_by > now)
    charge = exists().where(Charge.booking_id == Booking.id, Charge.state == "proposed")
    owes = Booking.invoiced_fen > Booking.paid_fen
    samples = and_(Booking.state == "confirmed", Booking.starts_at > now, Booking.starts_at < now + timedelta(days=2))
    return or_(proposal, charge, owes, samples)


def waits_for_lab(now: datetime) -> ColumnElement[bool]:
    """A request to answer, work to begin or end, a report or an invoice due."""
    return or_(
        Booking.state.in_(("requested", "received", "testing", "tested")),
        and_(Booking.state == "confirmed", Booking.starts_at < now + timedelta(hours=12)),
        and_(Booking.state == "reported", Booking.invoiced_fen < Booking.charged_fen),
    )


def narrowed(form: ListForm, statement: Select[Any]) -> Select[Any]:
    if form.state.data:
        statement = statement.where(Booking.state == form.state.data)
    if form.since.data:
        statement = statement.where(Booking.starts_at >= start_of_day(form.since.data))
    if form.until.data:
        statement = statement.where(Booking.starts_at < start_of_day(form.until.data + timedelta(days=1)))
    text = (form.q.data or "").strip()
    if text:
        like = f"%{text.replace('%', '')}%"
        invoiced = (
            select(InvoiceLine.booking_id)
            .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
            .where(Invoice.number == text)
        )
        statement = statement.where(
            or_(
                Booking.ref.ilike(like),
                Booking.client_firm_id.in_(select(Firm.id).where(or_(Firm.name.like(like), Firm.name_en.ilike(like)))),
                Booking.test_item_id.in_(
                    select(TestItem.id).where(or_(TestItem.name.like(like), TestItem.name_en.ilike(like)))
                ),
                Booking.id.in_(invoiced),
            )
        )
    return statement


def show(template: str, side: str, *where: ColumnElement[bool], waits: ColumnElement[bool] | None = None) -> Any:
    """The list for `side`; `where` narrows what the actor may see to what this page is about."""
    actor, now = current_actor(), utc_now()
    form = ListForm()
    base = visible_bookings(actor).where(*where)
    statement = narrowed(form, base)
    if request.args.get("waits") and waits is not None:
        statement = statement.where(waits)
    sort = request.args.get("sort", "-starts_at")
    column: Any = SORTS.get(sort.removeprefix("-"), Booking.starts_at)
    ordered = statement.options(*_parts()).order_by(
        column.desc() if sort.startswith("-") else column, Booking.id.desc()
    )
    kind = request.args.get("format")
    if kind in ("csv", "xlsx"):
        return _file(actor, now, kind, ordered)
    page = asked_number("page")
    rows = db.session.scalars(ordered.offset((page - 1) * PAGE).limit(PAGE)).all()
    counts = db.session.execute(
        select(
            select(func.count()).select_from(statement.order_by(None).subquery()).scalar_subquery(),
            select(func.count()).select_from(base.where(waits).subquery()).scalar_subquery()
            if waits is not None
            else select(0).scalar_subquery(),
        )
    ).one()
    return render_template(
        template, side=side, form=form, rows=rows, sort=sort, now=now, waiting=counts[1],
        page={"number": page, "size": PAGE, "total": counts[0]},
    )  # fmt: skip


def _parts() -> tuple[Any, ...]:
    return (
        joinedload(Booking.client), joinedload(Booking.lab), joinedload(Booking.instrument),
        joinedload(Booking.test_item),
    )  # fmt: skip


def _file(actor: Actor, now: datetime, kind: str, statement: Select[Any]) -> Any:
    record_export(actor, now, "bookings", request.args.to_dict())
    head = [
        _("Reference"), _("State"), _("Test item"), _("Lab"), _("Client"), _("Samples"), _("Start"), _("End"),
        _("Charged (CNY)"), _("Invoiced (CNY)"), _("Paid (CNY)"), _("Recognised (CNY)"),
    ]  # fmt: skip
    zone = local_zone()
    rows = [
        [
            each.ref, str(STATE_LOOKS[each.state].word), twin(each.test_item), twin(each.lab), twin(each.client),
            each.quantity, each.starts_at.astimezone(zone), each.ends_at.astimezone(zone), yuan(each.charged_fen),
            yuan(each.invoiced_fen), yuan(each.paid_fen), yuan(each.recognised_fen),
        ]
        for each in db.session.scalars(statement.limit(EXPORT_AT_MOST + 1))
    ]  # fmt: skip
    held = capped(rows, EXPORT_AT_MOST)
    name = f"bookings-{local_day(now)}.{kind}"
    return download(to_csv(head, held) if kind == "csv" else to_xlsx(head, held), name)


def day_in(name: str, otherwise: date) -> date:
    """A day in the address."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return otherwise


def labs_of(actor: Actor) -> list[Lab]:
    """The labs of the actor's firm, by code."""
    return list(
        db.session.scalars(select(Lab).where(Lab.firm_id == actor.firm_id).order_by(Lab.code)) if actor.firm_id else []
    )
