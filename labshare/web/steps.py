"""Carrying out one step of a page: a posted form, or a pressed button. One transaction, then a line and a redirect."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app, redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from labshare.kernel.database import transaction
from labshare.kernel.errors import NotAllowed, NotFound, Problem
from labshare.web.forms import Form, show_problem
from labshare.web.layout import flash_done

Done = Callable[[Any], tuple[str | None, str] | Callable[[], Any]]
"""What to say of the result (None: nothing) and where to go on; or what makes another answer, once all is written."""


@dataclass(frozen=True)
class Around:
    """What goes with a step, outside its transaction."""

    before: Callable[[], Any] = lambda: None
    """Done first; a problem it raises is shown like the step's."""
    after: Callable[[Any], Any] = lambda _result: None
    """Done with the step's result once it is written."""
    refused: Callable[[Problem], Any] = lambda _problem: None
    """Told of a problem before it is shown."""
    reads_first: bool = False
    anew: bool = True
    """Both as of `transaction`."""


STEP_ALONE = Around()


def posted(
    form: Form, step: Callable[[], Any], done: Done, around: Around = STEP_ALONE, **places: str
) -> Response | int:
    """Carry out a posted form: a redirect, or the status for showing it (again). On GET nothing happens: 200.

    `places` says where a service's names differ from the form's; see `show_problem`. What one may not see or do is
    raised, as no field can mend it.
    """
    if request.method != "POST":
        return 200
    if not form.validate():
        return 422
    answer = pressed(step, done, around)
    return show_problem(form, answer, **places) if isinstance(answer, Problem) else answer


def pressed(step: Callable[[], Any], done: Done, around: Around = STEP_ALONE) -> Response | Problem:
    """Carry out a button's step: a redirect, or the problem to show on the page it stands on."""
    try:
        return carry_out(step, done, around)
    except (NotAllowed, NotFound):
        raise
    except Problem as problem:
        return problem


def carry_out(step: Callable[[], Any], done: Done, around: Around = STEP_ALONE) -> Response:
    """Carry out the step of a button whose page has no place for a problem: it is raised."""
    try:
        around.before()
        with transaction(reads_first=around.reads_first, anew=around.anew):
            result = step()
            answer = done(result)
    except Problem as problem:
        around.refused(problem)
        raise
    around.after(result)
    if callable(answer):
        return current_app.make_response(answer())
    message, address = answer
    if message is not None:
        flash_done(message)
    return redirect(address, 303)


def message_with(message: str, **values: Any) -> Markup:
    """A translated message with data in it: Chinese names keep their mark on an English page."""
    return Markup("{}").format(message) % values


def problem_texts(problem: Problem | None) -> list[str]:
    """What a problem says, or each of several."""
    if problem is None:
        return []
    return [each.text for each in (problem.problems)]
