"""Corrections of opening balances: one officer proposes, another agrees."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, requires
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may_anywhere
from labshare.rewards import services
from labshare.rewards.queries import pages
from labshare.web.forms import Form, MoneyField, StringField, TextAreaField, length, required, show_problem
from labshare.web.regulator import blueprint
from labshare.web.steps import posted, pressed


class CorrectionForm(Form):
    lab = StringField(_l("Code of the lab"), [required(), length(20)], render_kw={"class": "ref"})
    fen = MoneyField(
        _l("Amount (CNY)"),
        [required()],
        negative=True,
        description=_l("Above 0: more is recovered. Below 0: in the lab's favour."),
    )
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(500)])


@blueprint.get("/rewards/corrections")
@requires("run.see", of=OWN_DIVISION)
def run_corrections() -> Any:
    """Corrections of openings, proposed and decided."""
    return _corrections_page()


def _corrections_page(form: CorrectionForm | None = None, status: int = 200) -> Any:
    actor = current_actor()
    html = render_template(
        "regulator/rewards/corrections.html",
        rows=pages.all_corrections(actor),
        form=form or CorrectionForm(formdata=None),
        decides=may_anywhere(actor, "correction.decide"),
        me=actor.person_id,
    )
    return html, status


@blueprint.post("/rewards/corrections")
@requires("correction.decide", of=OWN_DIVISION, verb="correction.propose")
def propose_correction() -> Any:
    form = CorrectionForm()
    answer = posted(
        form,
        lambda: services.propose_correction(
            actor=current_actor(),
            now=utc_now(),
            lab=form.lab.data or "",
            fen=form.fen.data,
            reason=form.reason.data or "",
        ),
        lambda _proposed: (_("The correction waits for a second officer."), url_for("regulator.run_corrections")),
    )
    return answer if isinstance(answer, Response) else _corrections_page(form, answer)


@blueprint.post("/rewards/corrections/<int:correction_id>/<any(agree, refuse):verdict>")
@requires("correction.decide", of=OWN_DIVISION)
def decide_correction(correction_id: int, verdict: str) -> Any:
    decide = services.agree_correction if verdict == "agree" else services.refuse_correction
    answer = pressed(
        lambda: decide(actor=current_actor(), now=utc_now(), correction_id=correction_id),
        lambda _decided: (
            _("The correction counts.") if verdict == "agree" else _("The correction does not count."),
            url_for("regulator.run_corrections"),
        ),
    )
    if isinstance(answer, Response):
        return answer
    form = CorrectionForm(formdata=None)
    return _corrections_page(form, show_problem(form, answer))
