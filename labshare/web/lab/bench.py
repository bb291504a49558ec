"""What is pressed at the bench, where the network comes and goes: the phone keeps each press under a key and sends it
until it is answered; it is done once, and told again as often as it is sent (R-BENCH-1).

Answers are JSON for the script that keeps the presses: `done`, or `refused` with the reason. Without a script the forms
of the booking's page are sent as they stand.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Response, jsonify, request
from wtforms import HiddenField
from wtforms.validators import UUID, AnyOf

from labshare.booking import services
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, check_step, requires
from labshare.kernel.database import report_refusal
from labshare.kernel.errors import Problem
from labshare.kernel.kept_answers import KEPT, KeptMeanwhile, keep_answer, kept_answer
from labshare.kernel.time import utc_now
from labshare.kernel.verbs import action_title
from labshare.web.forms import Form, WholeNumberField, required
from labshare.web.lab import blueprint
from labshare.web.steps import Around, carry_out

STEPS: Mapping[str, Callable[..., Any]] = {
    "receive": services.receive,
    "start": services.start,
    "finish": services.finish,
}
DONE_AT = ("start", "finish")
"""Those that were done when they were pressed, however late they are sent."""
LONGEST_AGO = KEPT // timedelta(seconds=1)
"""Seconds that a key is known; what is older is entered by hand."""


class PressForm(Form):
    ref = HiddenField(validators=[required()])
    step = HiddenField(validators=[AnyOf(STEPS)])
    key = HiddenField(validators=[UUID()])
    ago = WholeNumberField("", [required()], least=0, most=LONGEST_AGO)
    """Seconds since it was pressed, as the phone reckons: its clock may be wrong."""


@blueprint.post("/press")
@requires("booking.work", of=OWN_LABS)
def press() -> Any:
    """One press, however often it is sent."""
    form, now = PressForm(), utc_now()
    if not form.validate():
        return _refused([text for _field, text in form.all_errors], 422)
    kept = _kept(form, now=now)
    if kept is None:
        try:
            return _taken(form, now=now)
        except (Problem, KeptMeanwhile) as problem:  # the same press, sent twice, may have been done meanwhile
            kept = _kept(form, now=now)
            if kept is None:
                if not isinstance(problem, Problem):
                    raise
                return _refused([problem.text], problem.status)
    return kept


def _place(form: PressForm) -> dict[str, Any]:
    return {
        "person_id": current_actor().person_id,
        "method": "POST",
        "path": f"{request.path}/{form.ref.data}/{form.step.data}",
        "key": form.key.data,
    }


def _kept(form: PressForm, *, now: datetime) -> Response | None:
    """The first answer to this press, once it was done."""
    row = kept_answer(**_place(form), now=now)
    return row and Response(row.body or b"", row.status, mimetype="application/json")


def _taken(form: PressForm, *, now: datetime) -> Response:
    """Take the step and keep its answer, in one transaction."""
    actor, ref, step = current_actor(), form.ref.data, STEPS[form.step.data]
    action: str = step.action  # type: ignore[attr-defined]
    at = {"at": now - timedelta(seconds=form.ago.data)} if form.step.data in DONE_AT else {}
    answer = json.dumps({"done": f"{action_title(action)}: {ref}"}).encode()

    def once() -> None:
        step(actor=actor, now=now, ref=ref, **at)
        keep_answer(**_place(form), digest="", now=now, status=200, headers=[], body=answer)

    return carry_out(
        once,
        lambda _none: lambda: Response(answer, mimetype="application/json"),
        Around(before=lambda: check_step(actor, ref, action="booking.work", verb=action), refused=report_refusal),
    )


def _refused(texts: list[str], status: int) -> Any:
    return jsonify(refused=texts), status
