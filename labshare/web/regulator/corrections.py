"""Corrections of opening balances: the system or an officer proposes, the approver confirms another amount than the
system's, another officer agrees."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import HiddenField

from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, requires
from labshare.kernel import formatting
from labshare.kernel.money import Fen
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may, may_anywhere
from labshare.rewards import services
from labshare.rewards.queries import pages
from labshare.rewards.terms import Reason
from labshare.web.forms import (
    Form,
    MoneyField,
    SelectField,
    StringField,
    TextAreaField,
    length,
    required,
    show_problem,
)
from labshare.web.regulator import blueprint
from labshare.web.steps import posted, pressed


class CorrectionForm(Form):
    window = SelectField(_l("Window that it corrects"), choices=(), validate_choice=False)
    lab = StringField(_l("Code of the lab"), [required(), length(20)], render_kw={"class": "ref"})
    fen = MoneyField(
        _l("Amount (CNY)"),
        [required()],
        negative=True,
        description=_l("Above 0: more is recovered. Below 0: in the lab's favour."),
    )
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(500)])


class TakeForm(Form):
    """Another amount than the system's."""

    seen = HiddenField()
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
    """What the system proposes, and corrections of openings, proposed and decided."""
    return _corrections_page(chosen_id=request.args.get("take", type=int))


def _corrections_page(
    form: CorrectionForm | None = None, status: int = 200, *, chosen_id: int | None = None, take: TakeForm | None = None
) -> Any:
    actor = current_actor()
    proposed = pages.proposed_corrections(actor)
    decides = may_anywhere(actor, "correction.decide")
    taken = next((one for one in proposed if one.row.id == chosen_id), None)
    if taken is not None and take is None:
        take = TakeForm(formdata=None, data={"seen": str(taken.row.fen), "fen": taken.row.fen})
    html = render_template(
        "regulator/rewards/corrections.html",
        proposed=proposed,
        rows=pages.all_corrections(actor),
        form=_with_windows(form or CorrectionForm(formdata=None)) if decides else None,
        taken=taken,
        take=take,
        decides=decides,
        confirms=lambda row: may(actor, "correction.confirm", division=row.division),
        reasons={None: _("Counted"), **{str(reason): reason.label for reason in Reason}},
        me=actor.person_id,
    )
    return html, status


def _with_windows(form: CorrectionForm) -> CorrectionForm:
    form.window.choices = [
        (
            window.key,
            _("%(division)s, from %(month)s", division=window.policy.division, month=formatting.month(window.first)),
        )
        for window in services.windows_to_correct(current_actor(), utc_now())
    ]
    return form


@blueprint.post("/rewards/corrections")
@requires("correction.decide", of=OWN_DIVISION, verb="correction.propose")
def propose_correction() -> Any:
    form = _with_windows(CorrectionForm())
    answer = posted(
        form,
        lambda: services.propose_correction(
            actor=current_actor(),
            now=utc_now(),
            lab=form.lab.data or "",
            fen=form.fen.data,
            reason=form.reason.data or "",
            window=form.window.data or None,
        ),
        lambda _proposed: (_("The correction waits for the approver."), url_for("regulator.run_corrections")),
    )
    return answer if isinstance(answer, Response) else _corrections_page(form, answer)


@blueprint.post("/rewards/corrections/<int:correction_id>/take")
@requires("correction.decide", of=OWN_DIVISION, verb="correction.take")
def take_correction(correction_id: int) -> Any:
    """Take up what the system proposes; without an amount as it is."""
    form = TakeForm()
    as_it_is = "fen" not in request.form

    def take() -> Any:
        return services.take_correction(
            actor=current_actor(),
            now=utc_now(),
            correction_id=correction_id,
            seen_fen=Fen(int(seen)) if (seen := form.seen.data or "").lstrip("-").isdigit() else Fen(0),
            fen=None if as_it_is else form.fen.data,
            reason=form.reason.data or "",
        )

    def done(taken: Any) -> Any:
        message = _("The correction waits for the approver.")
        if not taken.other_amount:
            message = _("The correction waits for a second officer.")
        return message, url_for("regulator.run_corrections")

    answer = pressed(take, done) if as_it_is else posted(form, take, done)
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, int):
        return _corrections_page(status=answer, chosen_id=correction_id, take=form)
    shown = CorrectionForm(formdata=None)
    return _corrections_page(shown, show_problem(shown, answer))


@blueprint.post("/rewards/corrections/<int:correction_id>/<any(agree, refuse, confirm):verdict>")
@requires("correction.refuse", of=OWN_DIVISION, then=("correction.confirm", "correction.decide"))
def decide_correction(correction_id: int, verdict: str) -> Any:
    decide, message = {
        "agree": (services.agree_correction, _("The correction counts.")),
        "refuse": (services.refuse_correction, _("The correction does not count.")),
        "confirm": (services.confirm_correction, _("Confirmed; the correction waits for a second officer.")),
    }[verdict]
    answer = pressed(
        lambda: decide(actor=current_actor(), now=utc_now(), correction_id=correction_id),
        lambda _decided: (message, url_for("regulator.run_corrections")),
    )
    if isinstance(answer, Response):
        return answer
    form = CorrectionForm(formdata=None)
    return _corrections_page(form, show_problem(form, answer))
