"""Documents that stand on two bookings, both side by side, for officers to decide on (R-DOUBLE)."""

from functools import partial
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, requires
from labshare.kernel.time import utc_now
from labshare.settlement import services
from labshare.settlement.models import DoubleDocument
from labshare.settlement.queries.doubles import count_doubles
from labshare.settlement.queries.doubles import doubles as list_doubles
from labshare.settlement.services.holds import NOTE_LENGTH
from labshare.settlement.terms import DoubleVerdict, HoldCause
from labshare.web.asked import asked_page
from labshare.web.documents import booking_href
from labshare.web.forms import Form, StringField, length, required
from labshare.web.regulator import blueprint
from labshare.web.steps import posted


class DecideDoubleForm(Form):
    note = StringField(
        _l("Note"),
        [required(_l("Give a reason.")), length(NOTE_LENGTH)],
        description=_l("The lab reads it; so does the client whose booking is suspended."),
    )


Place = tuple[int, str]
"""A row and a verdict: each has a dialog with a form of its own."""


def _form(place: Place, **given: Any) -> DecideDoubleForm:
    form = DecideDoubleForm(**given)
    form.with_ids(f"{place[1]}-{place[0]}")
    return form


@blueprint.get("/doubles")
@requires("payer.see", of=OWN_DIVISION)
def doubles() -> Any:
    """Those that wait, and those decided."""
    return _page()


def _page(sent: Any = None, place: Place | None = None, status: int = 200) -> Any:
    """`sent` is the form of `place` that came back with errors."""
    actor = current_actor()
    decided = request.args.get("show") == "decided"
    page = asked_page(count_doubles(actor, decided=decided))
    rows = list_doubles(actor, decided=decided, limit=page.size, offset=page.offset)
    places = [(one.row.id, str(verdict)) for one in rows if one.decides for verdict in DoubleVerdict]
    forms = {each: sent if each == place else _form(each, formdata=None) for each in places}
    html = render_template(
        "regulator/doubles.html",
        rows=rows,
        decided=decided,
        page=page,
        booking_href=partial(booking_href, actor=actor),
        forms=forms,
        refused=None if place in forms else sent,
    )
    return html, status


@blueprint.post("/doubles/<int:double_id>/<any(lawful, double):verdict>")
@requires("double.decide", of=OWN_DIVISION, verb="double.decide")
def decide_double(double_id: int, verdict: str) -> Any:
    """One document for both bookings, or used twice."""
    place = (double_id, verdict)
    form = _form(place)
    answer = posted(
        form,
        lambda: services.decide_double(
            actor=current_actor(), now=utc_now(), double_id=double_id, verdict=verdict, note=form.note.data or ""
        ),
        lambda double: (_done_text(double), url_for("regulator.doubles")),
    )
    return answer if isinstance(answer, Response) else _page(form, place, answer)


def _done_text(double: DoubleDocument) -> str:
    ref, hold = double.booking.ref, double.hold
    if hold is None:
        return _("Decided: one document for both bookings. The lab is told.")
    if hold.cause == HoldCause.SUSPENSION and hold.held_at == double.decided_at:
        return _("Decided: %(ref)s is suspended; lab and client are told.", ref=ref)
    return _(
        "Decided; the lab is told. %(ref)s was held already (%(cause)s) and is not suspended once more.",
        ref=ref,
        cause=HoldCause(hold.cause).label,
    )
