"""Calendars under their secret addresses: for programs that know nothing else of whoever reads them."""

from flask import Blueprint, g
from werkzeug.wrappers import Response

from labshare.accounts.sessions import digest
from labshare.booking.queries.feeds import entries_of, subscribed, title_of_feed
from labshare.http import limits
from labshare.http.actor import demonstration_allowed
from labshare.http.rights import public
from labshare.kernel.calendars import MEDIA_TYPE, feed
from labshare.kernel.time import utc_now

blueprint = Blueprint("calendars", __name__)


@blueprint.get("/calendar/<secret>.ics")
@public
def calendar(secret: str) -> Response:
    """The bookings under this address, in its person's language. 404 where there is none any more. No cache keeps it,
    and no search engine."""
    limits.count("feed", about=digest(secret))
    found = subscribed(secret, demonstration=demonstration_allowed())
    if found.locale:
        g.language = found.locale[:2]
    content = feed(entries_of(found, utc_now()), title=title_of_feed(found.feed))
    answer = Response(content, content_type=f"{MEDIA_TYPE}; charset=utf-8")
    answer.headers["Content-Disposition"] = 'inline; filename="labshare.ics"'
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
