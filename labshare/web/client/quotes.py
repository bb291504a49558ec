"""The firm's quotes: the list, one, its paper, accepting it by a purchase order."""

from typing import Any

from flask import Response, render_template, url_for
from flask_babel import gettext as _

from labshare.booking import services
from labshare.booking.queries.quotes import count_quotes, list_quotes
from labshare.booking.terms import Party
from labshare.http.actor import current_actor
from labshare.http.quote_document import quote_file
from labshare.http.rights import FOUND, OWN_BOOKINGS, THE_QUOTE, requires
from labshare.kernel.time import utc_now
from labshare.web.asked import asked_page
from labshare.web.client import blueprint
from labshare.web.quotes import AcceptForm, found_quote, quote_page
from labshare.web.steps import posted


@blueprint.get("/quotes")
@requires("quote.see", of=OWN_BOOKINGS)
def quotes() -> Any:
    actor = current_actor()
    page = asked_page(count_quotes(actor, Party.CLIENT))
    rows = list_quotes(actor, side=Party.CLIENT, limit=page.size, offset=page.offset)
    return render_template("client/quotes.html", rows=rows, page=page, now=utc_now())


@blueprint.get("/quotes/<number>")
@requires("quote.see", of=FOUND)
def quote(number: str) -> Any:
    return quote_page(found_quote(number), side=Party.CLIENT)


@blueprint.get("/quotes/<number>/pdf")
@requires("quote.see", of=FOUND)
def quote_pdf(number: str) -> Response:
    return quote_file(found_quote(number))


@blueprint.post("/quotes/<number>/accept")
@requires("quote.accept", of=THE_QUOTE, verb="quote.accept")
def accept_quote(number: str) -> Any:
    row, form = found_quote(number), AcceptForm()
    answer = posted(
        form,
        lambda: services.accept_quote(
            actor=current_actor(),
            now=utc_now(),
            quote_id=row.quote.id,
            purchase_order=form.purchase_order.data,
        ),
        lambda _quote: (
            _("Accepted; the lab is told. Choose the slot now or later."),
            url_for(".quote", number=number),
        ),
    )
    return (
        answer
        if isinstance(answer, Response)
        else quote_page(found_quote(number), side=Party.CLIENT, form=form, status=answer)
    )
