"""Steps taken in the lab's lists, with one booking or with all that are ticked: each is judged by its own rule, in a
transaction of its own, and what came of each is told where the list stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import request

from labshare.http.rights import check_step
from labshare.kernel.actor import Actor
from labshare.kernel.database import report_refusal
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.kernel.verbs import action_title
from labshare.web.booking_steps import RIGHTS, VERBS
from labshare.web.steps import Around, carry_out

MOST = 100
"""Bookings at once."""
STEPS = {name: verb.service for name, verb in VERBS.items() if verb.in_lists}


def _given(step: str) -> dict[str, Any]:
    """What is chosen beside the ticks, where something is: whom to assign, nobody where none is named."""
    if step != "assign":
        return {}
    person = request.form.get("person", "")
    return {"person_id": int(person) if person.isdecimal() and len(person) < 10 else None}


@dataclass(frozen=True, kw_only=True)
class StepsOutcome:
    """What came of a step with each booking."""

    step: str
    title: Any
    done: Sequence[str]
    refused: Sequence[tuple[str, Problem]]

    @property
    def refs(self) -> set[str]:
        """Of those that were refused: they stay ticked."""
        return {ref for ref, _problem in self.refused}


def taken(actor: Actor) -> StepsOutcome | None:
    """Take the step that was pressed, with the booking beside its button or with the ticked ones; None on GET, and
    where nothing was pressed."""
    name = next((name for name in STEPS if name in request.form), request.form.get("many", ""))
    if request.method != "POST" or name not in STEPS:
        return None
    refs = [request.form[name]] if name in request.form else request.form.getlist("ref")
    step = STEPS[name]
    action: str = step.action  # type: ignore[attr-defined]
    done, refused = [], []
    for ref in dict.fromkeys(refs[:MOST]):
        try:
            carry_out(
                partial(step, actor=actor, now=utc_now(), ref=ref, **_given(name)),
                lambda _booking: (None, request.full_path),
                Around(
                    before=partial(check_step, actor, ref, action=RIGHTS[name], verb=action),
                    refused=report_refusal,
                ),
            )
            done.append(ref)
        except Problem as problem:
            refused.append((ref, problem))
    return StepsOutcome(step=name, title=action_title(action), done=done, refused=refused)
