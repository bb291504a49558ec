"""A lab's reward statement, and objections to it."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.kernel.formatting import month as month_text
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may
from labshare.rewards import services
from labshare.rewards.models import RewardLine
from labshare.rewards.queries import pages
from labshare.rewards.terms import RunState
from labshare.web.asked import month_of
from labshare.web.forms import Form, TextAreaField, length, required
from labshare.web.lab import blueprint
from labshare.web.rewards import statement_page
from labshare.web.steps import Around, posted


class ObjectionForm(Form):
    text = TextAreaField(
        _l("What is wrong"),
        [required(_l("Say what it is about.")), length(4000)],
        description=_l("Name the bookings, and what should have counted."),
    )


def member() -> tuple[Actor, int]:
    """Who acts, and for which firm. Raises `NotAllowed` for who acts for none."""
    actor = current_actor()
    if actor.firm_id is None:
        raise NotAllowed
    return actor, actor.firm_id


@blueprint.get("/rewards/<month>/<code>")
@requires("run.see_line", of=OWN_LABS)
def reward(*, month: str, code: str) -> Any:
    """One lab's statement."""
    return _statement(month=month, code=code)


def _statement(*, month: str, code: str, form: ObjectionForm | None = None, status: int = 200) -> Any:
    actor, line = _line(month=month, code=code)
    return statement_page(
        line,
        actor,
        "lab/rewards/statement.html",
        status=status,
        objects=may(actor, "objection.raise", lab=line.firm_id),
        on_public_notice=on_public_notice(line),
        has_objected=None,
        form=form or ObjectionForm(formdata=None),
    )


def on_public_notice(line: RewardLine) -> bool:
    return line.run.takes_objections_at(utc_now())


def _line(*, month: str, code: str) -> tuple[Actor, RewardLine]:
    """The firm's own line, once published. Raises `NotFound`."""
    actor, _firm = member()
    line = pages.line_with_run(month_of(month), code=code)
    if line is None or line.run.state == RunState.CALCULATED or not may(actor, "run.see_line", lab=line.firm_id):
        raise NotFound
    return actor, line


@blueprint.post("/rewards/<month>/<code>/objections")
@requires("run.see_line", of=OWN_LABS, then=("objection.raise",))
def raise_objection(*, month: str, code: str) -> Any:
    """Object to the line."""
    actor, line = _line(month=month, code=code)
    division, asked = line.run.division, month_of(month)
    form = ObjectionForm()
    answer = posted(
        form,
        lambda: services.raise_objection(
            actor=actor, now=utc_now(), month=asked, lab=code, text=form.text.data or "", division=division
        ),
        lambda _raised: (
            _("The objection to %(month)s is raised; an officer answers it.", month=month_text(asked)),
            url_for("lab.reward", month=month, code=code),
        ),
        Around(reads_first=True),
    )
    return answer if isinstance(answer, Response) else _statement(month=month, code=code, form=form, status=answer)
