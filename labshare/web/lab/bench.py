"""What is pressed at the bench, where the network comes and goes: the phone keeps each press under a key and sends it
until it is answered; it is done once, and told again as often as it is sent (R-BENCH-1).

Answers are JSON for the script that keeps the presses: `done`, or `refused` with the reason. Without a script the forms
of the booking's page are sent as they stand.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Response, jsonify, request, url_for
from flask_babel import gettext as _
from wtforms import HiddenField
from wtforms.validators import UUID, AnyOf, Optional, Regexp

from labshare.booking.errors import SlotTaken
from labshare.booking.queries.bench import units_free
from labshare.booking.queries.bookings import get_booking
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, check_step, requires
from labshare.kernel.database import report_refusal
from labshare.kernel.errors import InvalidInput, Problem
from labshare.kernel.idempotency import RETENTION, AnsweredMeanwhile, store_answer, stored_answer
from labshare.kernel.time import utc_now
from labshare.kernel.verbs import action_title
from labshare.web.booking_steps import RIGHTS, VERBS
from labshare.web.forms import Form, WholeNumberField, required
from labshare.web.lab import blueprint
from labshare.web.steps import Around, carry_out

STEPS = {name: verb for name, verb in VERBS.items() if verb.at_bench}
DONE_AT = [name for name, verb in STEPS.items() if "at" in verb.fields]
"""Those that were done when they were pressed, however late they are sent."""
CHOSEN: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "receive": ("samples", int),
    "store": ("place_id", int),
    "start": ("unit", int),
    "pause": ("reason", str),
}
"""What is chosen with a press, where something is: as the service calls it, and how it is read."""
LONGEST_AGO = RETENTION // timedelta(seconds=1)
"""Seconds that a key is known; what is older is entered by hand."""


class PressForm(Form):
    ref = HiddenField(validators=[required()])
    step = HiddenField(validators=[AnyOf(STEPS)])
    key = HiddenField(validators=[UUID()])
    ago = WholeNumberField("", [required()], least=0, most=LONGEST_AGO)
    """Seconds since it was pressed, as the phone reckons: its clock may be wrong."""
    choice = HiddenField(validators=[Optional(), Regexp(r"^[a-z0-9_]{1,20}$")])

    def given(self) -> dict[str, Any]:
        """What was chosen, as the step's service takes it. Raises `InvalidInput`."""
        name, read = CHOSEN.get(self.step.data, ("", str))
        if not name or not (self.choice.data or name == "place_id"):
            return {}
        try:
            return {name: read(self.choice.data)}
        except ValueError:
            raise InvalidInput(field=name) from None


@blueprint.post("/press")
@requires("booking.work", of=OWN_LABS)
def press() -> Any:
    """One press, however often it is sent."""
    form, now = PressForm(), utc_now()
    if not form.validate():
        return _refused([text for _field, text in form.all_errors], 422)
    first = _first_answer(form, now=now)
    if first is None:
        try:
            return _taken(form, now=now)
        except (Problem, AnsweredMeanwhile) as problem:  # the same press, sent twice, may have been done meanwhile
            first = _first_answer(form, now=now)
            if first is None:
                if not isinstance(problem, Problem):
                    raise
                return _refused([problem.text], problem.status, ways=_ways(form.ref.data, problem))
    return first


def _ways(ref: str, problem: Problem) -> list[dict[str, str]]:
    """How it can start all the same, where its unit is taken: on another one at once, else at another time or on
    another instrument, which the client is asked."""
    if not isinstance(problem, SlotTaken):
        return []
    booking = get_booking(current_actor(), ref)
    units = units_free(booking, utc_now())
    found = [{"choice": str(unit), "words": _("Start on unit %(n)s", n=unit)} for unit in units]
    return found or [{"href": url_for("lab.move_booking", ref=ref), "words": _("Propose another time or instrument")}]


def _place(form: PressForm) -> dict[str, Any]:
    return {
        "person_id": current_actor().person_id,
        "method": "POST",
        "path": f"{request.path}/{form.ref.data}/{form.step.data}",
        "key": form.key.data,
    }


def _first_answer(form: PressForm, *, now: datetime) -> Response | None:
    """The first answer to this press, once it was done."""
    row = stored_answer(**_place(form), now=now)
    return row and Response(row.body or b"", row.status, mimetype="application/json")


def _taken(form: PressForm, *, now: datetime) -> Response:
    """Take the step and keep its answer, in one transaction."""
    actor, ref, name = current_actor(), form.ref.data, form.step.data
    step = STEPS[name].service
    action: str = step.action  # type: ignore[attr-defined]
    at = {"at": now - timedelta(seconds=form.ago.data)} if name in DONE_AT else {}
    answer = json.dumps({"done": f"{action_title(action)}: {ref}"}).encode()

    def once() -> None:
        step(actor=actor, now=now, ref=ref, **at, **form.given())
        store_answer(**_place(form), digest="", now=now, status=200, headers=[], body=answer)

    return carry_out(
        once,
        lambda _none: lambda: Response(answer, mimetype="application/json"),
        Around(before=lambda: check_step(actor, ref, action=RIGHTS[name], verb=action), refused=report_refusal),
    )


def _refused(texts: list[str], status: int, *, ways: Sequence[dict[str, str]] = ()) -> Any:
    return jsonify({"refused": texts} | ({"ways": ways} if ways else {})), status
