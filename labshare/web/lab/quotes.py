"""Quotes for our tests, and our own price in one, within the table that the fee published."""

from typing import Any

from flask import Response, render_template, url_for
from flask_babel import gettext as _

from labshare.booking import services
from labshare.booking.queries.quotes import count_quotes, list_quotes
from labshare.booking.terms import Party
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, THE_QUOTE, requires
from labshare.kernel.time import utc_now
from labshare.web.asked import asked_page
from labshare.web.lab import blueprint
from labshare.web.quotes import OwnPriceForm, found_quote, quote_page
from labshare.web.steps import posted


@blueprint.get("/quotes")
@requires("quote.see", of=OWN_LABS)
def quotes() -> Any:
    actor = current_actor()
    page = asked_page(count_quotes(actor, Party.LAB))
    rows = list_quotes(actor, side=Party.LAB, limit=page.size, offset=page.offset)
    return render_template("lab/quotes.html", rows=rows, page=page, now=utc_now())


@blueprint.get("/quotes/<number>")
@requires("quote.see", of=THE_QUOTE)
def quote(number: str) -> Any:
    return quote_page(found_quote(number), side=Party.LAB)


@blueprint.post("/quotes/<number>")
@requires("quote.price", of=THE_QUOTE, verb="quote.price")
def price_quote(number: str) -> Any:
    row, form = found_quote(number), OwnPriceForm()
    answer = posted(
        form,
        lambda: services.price_quote(
            actor=current_actor(),
            now=utc_now(),
            quote_id=row.quote.id,
            own_fen=form.own_fen.data,
            reason=form.reason.data,
        ),
        lambda _quote: (_("The client is told of your price."), url_for(".quote", number=number)),
        amount_fen="own_fen",
    )
    return (
        answer
        if isinstance(answer, Response)
        else quote_page(found_quote(number), side=Party.LAB, form=form, status=answer)
    )
