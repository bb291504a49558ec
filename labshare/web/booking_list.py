"""Lists of bookings with filters in the address: the client's, the lab's, the regulators'. One table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import Optional

from labshare.audit.services import record_export
from labshare.booking import models
from labshare.booking.terms import BookingState
from labshare.http.actor import current_actor
from labshare.http.downloads import capped, download_rows
from labshare.http.schemas.booking import Booking, LabsBooking
from labshare.kernel.tables import FORMATS
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.settlement.queries.booking_list import BookingFilter, Side, bookings_for_file, search_bookings
from labshare.web.asked import asked_order, asked_page
from labshare.web.forms import DayField, OptionalSelectField, QueryForm, StringField

EXPORT_AT_MOST = 50_000
PAGE, CLIENTS_PAGE = 50, 20
"""Rows of a page; the client reads it on a phone."""


class ListForm(QueryForm):
    q = StringField(_l("Reference, firm, test, invoice number"))
    lab = StringField(_l("Lab, by name or code"))
    state = OptionalSelectField(_l("State"), choices=BookingState.choices(), blank=_l("All"))
    since = DayField(_l("From"), name="from", validators=[Optional()])
    until = DayField(_l("To"), name="to", validators=[Optional()])


def wanted_of(form: ListForm) -> BookingFilter:
    return BookingFilter(
        text=form.q.data or "",
        lab=form.lab.data or "",
        state=form.state.data,
        since=form.since.data,
        until=form.until.data,
        waits=bool(request.args.get("waits")),
    )


def show(template: str, side: Side) -> Any:
    """The list for `side`."""
    actor, now = current_actor(), utc_now()
    form = ListForm()
    sort = asked_order("-starts_at")
    kind = request.args.get("format")
    if kind in FORMATS:
        record_export(actor, now, "bookings", request.args.to_dict())  # first: its commit expires what is read
        rows = bookings_for_file(actor, side, wanted_of(form), now, sort=sort, limit=EXPORT_AT_MOST + 1)
        return _file(rows, now, kind, side=side)
    page = asked_page(size=CLIENTS_PAGE if side == "client" else PAGE)
    found = search_bookings(actor, side, wanted_of(form), now, sort=sort, limit=page.size, offset=page.offset)
    return render_template(
        template,
        side=side,
        sees_money=side != "client" or may(actor, "money.see", client=actor.firm_id),
        form=form,
        rows=found.rows,
        sort=sort,
        now=now,
        waiting=found.waiting,
        found=found,
        page=page.of(found.total),
    )


def _file(bookings: Sequence[models.Booking], now: datetime, kind: str, *, side: Side) -> Any:
    schema = LabsBooking() if side == "lab" else Booking()
    rows = capped([schema.cells(each) for each in bookings], EXPORT_AT_MOST)
    return download_rows(f"bookings-{local_day(now)}", schema.head(), rows, kind, sheet=_("Bookings"))
