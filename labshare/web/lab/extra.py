"""Extra work at the bench: chosen by large buttons, shown with its price and its end, then proposed to the client."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import HiddenField
from wtforms.validators import AnyOf, Optional

from labshare.booking.models import Booking
from labshare.booking.queries.bookings import get_booking
from labshare.booking.rules.extra import MOST_MINUTES
from labshare.booking.rules.lifecycle import ACTIONS
from labshare.booking.services import Found, Wish, look_at_extra, propose_extra
from labshare.booking.terms import ExtraCause, ExtraKind
from labshare.catalogue.queries.own import tests_on
from labshare.http.actor import current_actor
from labshare.http.rights import THE_BOOKING, requires
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.web.forms import (
    Form,
    HoursField,
    QueryForm,
    RadioField,
    TextAreaField,
    WholeNumberField,
    length,
    required,
    show_problem,
)
from labshare.web.lab import blueprint
from labshare.web.steps import posted

SAMPLES = (1, 2, 3, 5, 10)
MINUTES = (15, 30, 60, 120, 240, 480)
"""What buttons offer; any other number is typed."""


class WishForm(QueryForm):
    """What is looked at, in the address."""

    kind = HiddenField(validators=[Optional(), AnyOf(tuple(ExtraKind))])
    quantity = WholeNumberField(_l("Samples"), least=1)
    minutes = WholeNumberField(_l("Minutes"), least=1, most=MOST_MINUTES)
    test_item = WholeNumberField("")
    hours = HoursField(_l("Test hours"))

    @property
    def wish(self) -> Wish | None:
        kind = ExtraKind.known(self.kind.data)
        if kind is None or any(one.errors for one in self):
            return None
        return Wish(
            kind=kind,
            quantity=self.quantity.data,
            minutes=self.minutes.data,
            test_item_id=self.test_item.data,
            hours=self.hours.data,
        )


class ExtraForm(Form):
    cause = RadioField(_l("Why"), choices=ExtraCause.choices(), validators=[required(_l("Choose why."))])
    reason = TextAreaField(_l("Note"), description=_l("The client reads this."), validators=[length(500)])
    seen_fen = WholeNumberField("")


@blueprint.route("/bookings/<ref>/extra", methods=["GET", "POST"])
@requires(ACTIONS["extra"], of=THE_BOOKING, verb="charge.propose_extra")
def extra_work(ref: str) -> Any:
    """More samples, more time, another test: what it comes to, and the question to the client."""
    actor, now = current_actor(), utc_now()
    booking, asked, form = get_booking(actor, ref), WishForm(), ExtraForm()
    wish = asked.wish
    answer: Response | int = 200
    if wish is not None:
        answer = posted(
            form,
            lambda: propose_extra(
                actor=actor,
                now=now,
                ref=ref,
                wish=wish,
                cause=form.cause.data,
                reason=form.reason.data or "",
                seen_fen=form.seen_fen.data,
            ),
            lambda _line: (_("Proposed; the client is asked."), url_for("lab.booking", ref=ref)),
        )
    if isinstance(answer, Response):
        return answer
    found = None
    if wish is not None:
        try:
            found = look_at_extra(actor=actor, now=now, booking=booking, wish=wish)
        except Problem as problem:
            if not form.form_errors:  # else it is said already
                answer = show_problem(form, problem)
    return _page(booking, asked, form, found), answer


def _page(booking: Booking, asked: WishForm, form: ExtraForm, found: Found | None) -> str:
    parameters = {name: value for name, value in request.args.items() if name in asked and value}
    return render_template(
        "lab/extra.html",
        booking=booking,
        asked=asked,
        form=form,
        found=found,
        parameters=parameters,
        samples=[n for n in SAMPLES if booking.quantity + n <= booking.test_item.max_quantity],
        minutes=MINUTES,
        tests=tests_on(booking.instrument_id, statutory=booking.statutory),
    )
