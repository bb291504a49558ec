"""The page of a quote, for both parties and regulators."""

from typing import Any

from flask import render_template
from flask_babel import lazy_gettext as _l

from labshare.booking.queries.quotes import QuoteRow, get_quote
from labshare.booking.rules.quotes import least_price
from labshare.booking.terms import Party, QuoteState
from labshare.http.actor import current_actor
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may
from labshare.web.forms import Form, MoneyField, StringField, length, required


class AcceptForm(Form):
    purchase_order = StringField(
        _l("Purchase order number"),
        [required(), length(40)],
        description=_l("Your firm's own number; the price then holds for another 30 days."),
    )


class OwnPriceForm(Form):
    own_fen = MoneyField(_l("Our price, CNY"), [required()])
    reason = StringField(
        _l("Reason"), [required(), length(300)], description=_l("The client and the regulators see it.")
    )


def found_quote(number: str) -> QuoteRow:
    return get_quote(current_actor(), number=number)


def quote_page(row: QuoteRow, *, side: str, form: Form | None = None, status: int = 200) -> Any:
    """The page as `side` sees it; `form` as it was refused."""
    actor, now, quote = current_actor(), utc_now(), row.quote
    state = row.state_at(now)
    client = may(actor, "quote.accept", client=quote.client_firm_id) and side == Party.CLIENT
    lasting = state in (QuoteState.OPEN, QuoteState.ACCEPTED)
    least = least_price(quote.published_fen, row.most_off)
    priced = side == Party.LAB and state == QuoteState.OPEN and least < quote.amount_fen
    return (
        render_template(
            "booking/quote.html",
            row=row,
            quote=quote,
            side=side,
            quote_state=state,
            last_day=row.last_day,
            may_book=client and lasting,
            accept=(form or AcceptForm()) if client and state == QuoteState.OPEN else None,
            own=(form or OwnPriceForm()) if priced and may(actor, "quote.price", lab=quote.lab_firm_id) else None,
            least_fen=least,
        ),
        status,
    )
