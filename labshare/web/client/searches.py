"""The last searches of the firm: kept by the page's script, removed by its people."""

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.catalogue.services import searches
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_BOOKINGS, requires
from labshare.kernel.time import utc_now
from labshare.web.asked import read_number
from labshare.web.client import blueprint
from labshare.web.steps import carry_out


@blueprint.post("/search/recent")
@requires("search.keep", of=OWN_BOOKINGS)
def keep_search() -> Response:
    """What the page of a search posts by itself: looking at it keeps nothing (R-RIGHTS-9)."""
    typed = request.form.get("q", "")
    labs = read_number(request.form.get("labs", "")) or 0
    return carry_out(
        lambda: searches.keep_search(actor=current_actor(), now=utc_now(), typed=typed, labs=labs),
        lambda _done: (None, url_for("public.search", q=typed[:200])),
    )


@blueprint.post("/search/recent/remove")
@requires("search.keep", of=OWN_BOOKINGS)
def remove_search() -> Response:
    key = request.form.get("key", "")
    return carry_out(
        lambda: searches.remove_search(actor=current_actor(), key=key),
        lambda _done: (_("The search is removed."), url_for("public.search")),
    )


@blueprint.post("/search/recent/clear")
@requires("search.keep", of=OWN_BOOKINGS)
def clear_searches() -> Response:
    return carry_out(
        lambda: searches.clear_searches(actor=current_actor()),
        lambda _done: (_("The firm's searches are removed."), url_for("public.search")),
    )
