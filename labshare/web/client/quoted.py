"""Booking a quote: the form takes what the quote says, and its price."""

from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _

from labshare.booking import services
from labshare.booking.queries.loading import BookableItem
from labshare.booking.queries.offers import offers
from labshare.booking.queries.quotes import QuoteRow, get_quote
from labshare.http.actor import current_actor
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.web.forms import show_problem
from labshare.web.steps import carry_out
from labshare.web.surcharges import chosen_codes


def quote_asked() -> QuoteRow | None:
    """The quote that the address or the form names. Raises `NotFound`, also for another firm's."""
    number = request.values.get("from_quote")
    if not number:
        return None
    if "quote_asked" not in g:
        g.quote_asked = get_quote(current_actor(), number=number)
    row: QuoteRow = g.quote_asked
    return row


def take_from_quote(form: Any, row: QuoteRow | None) -> None:
    """Quantity, hours and what is ordered on top are the quote's, whatever was sent."""
    if row is None:
        del form.from_quote
        return
    quote = row.quote
    form.from_quote.data, form.from_quote.raw_data = quote.number, [quote.number]
    given = (("quantity", quote.quantity), ("hours", quote.hours))
    for name, value in given:
        if name in form and value is not None:
            form[name].data, form[name].raw_data = value, [str(value)]
            form[name].render_kw = {**(form[name].render_kw or {}), "readonly": True}
    if "surcharges" in form:
        del form.surcharges
    form.test_item.data = str(quote.test_item_id)


def first_start(bookable: BookableItem, row: QuoteRow) -> Any:
    """The first start that can be had for what the quote says, where there is one."""
    found = offers([bookable.item.id], row.quote.quantity, row.quote.hours, bookable.now, free_to_cancel=True, limit=1)
    return found[0].slot.starts_at if found and found[0].slot else None


def make_quote(form: Any, bookable: BookableItem, hours: Any) -> Any:
    """Have a quote made of what stands in the form: a redirect to it, or the status of the form with the problem."""
    try:
        return carry_out(
            lambda: services.make_quote(
                actor=current_actor(),
                now=utc_now(),
                test_item_id=bookable.item.id,
                quantity=form.quantity.data or 0,
                hours=hours,
                surcharges=chosen_codes(form),
            ),
            lambda quote: (
                _("Quote %(number)s made.", number=quote.number),
                url_for("client.quote", number=quote.number),
            ),
        )
    except Problem as problem:
        return show_problem(form, problem)
