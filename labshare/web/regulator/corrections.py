"""Corrections of opening balances: one officer proposes, another agrees."""

from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.kernel.database import transaction
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may
from labshare.rewards import services
from labshare.rewards.queries import pages
from labshare.web.forms import Form, MoneyField, StringField, TextAreaField, length, required, show_problem
from labshare.web.layout import flash_done
from labshare.web.regulator import blueprint
from labshare.web.regulator.rewards import reading_regulator


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
def run_corrections() -> Any:
    """Corrections of openings, proposed and decided."""
    return _corrections_page()


def _corrections_page(form: CorrectionForm | None = None, status: int = 200) -> Any:
    actor = reading_regulator()
    html = render_template(
        "regulator/rewards/corrections.html",
        rows=pages.all_corrections(),
        form=form or CorrectionForm(formdata=None),
        decides=may(actor, "correction.decide"),
        me=actor.person_id,
    )
    return html, status


@blueprint.post("/rewards/corrections")
def propose_correction() -> Any:
    actor, form = reading_regulator(), CorrectionForm()
    if not form.validate():
        return _corrections_page(form, 422)
    try:
        with transaction():
            services.propose_correction(
                actor=actor, now=utc_now(), lab=form.lab.data or "", fen=form.fen.data, reason=form.reason.data or ""
            )
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return _corrections_page(form, show_problem(form, problem))
    flash_done(_("The correction waits for a second officer."))
    return redirect(url_for("regulator.run_corrections"), 303)


@blueprint.post("/rewards/corrections/<int:correction_id>/<any(agree, refuse):verdict>")
def decide_correction(correction_id: int, verdict: str) -> Any:
    actor = reading_regulator()
    decide = services.agree_correction if verdict == "agree" else services.refuse_correction
    try:
        with transaction():
            decide(actor=actor, now=utc_now(), correction_id=correction_id)
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        form = CorrectionForm(formdata=None)
        return _corrections_page(form, show_problem(form, problem))
    flash_done(_("The correction counts.") if verdict == "agree" else _("The correction does not count."))
    return redirect(url_for("regulator.run_corrections"), 303)
