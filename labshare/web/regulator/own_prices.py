"""Prices that a lab gave in a quote and nobody else gets."""

from typing import Any

from flask import render_template

from labshare.booking.queries.quotes import own_prices
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, requires
from labshare.web.asked import asked_page
from labshare.web.regulator import blueprint


@blueprint.get("/own-prices", endpoint="own_prices")
@requires("quote.see_own_prices", of=OWN_DIVISION)
def own_prices_list() -> Any:
    page = asked_page()
    rows, total = own_prices(current_actor(), limit=page.size, offset=page.offset)
    return render_template("regulator/own_prices.html", rows=rows, page=page.of(total))
