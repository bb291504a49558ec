"""Many instruments and test items at once: choose, see what would change, change."""

from datetime import timedelta
from typing import Any

from flask import render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from labshare.catalogue.queries import own
from labshare.catalogue.services.many import Change, change_many, preview_many
from labshare.catalogue.terms import LifeState, ManyKind
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.formatting import plain_amount
from labshare.kernel.money import FEN_PER_YUAN, Fen
from labshare.kernel.time import local_day, utc_now
from labshare.web.forms import (
    DayField,
    Form,
    MultipleField,
    NumberField,
    SelectField,
    WholeNumberField,
    optional,
)
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.forms import default_day
from labshare.web.steps import posted

STEPS = tuple(Fen(step) for step in (1, 10, FEN_PER_YUAN, 10 * FEN_PER_YUAN))


class ManyForm(Form):
    kind = SelectField(_l("What to do"), choices=ManyKind.choices())
    days = WholeNumberField(_l("Turnaround, days"), [optional()], least=0, most=365)
    percent = NumberField(_l("Percent, such as 5 or -10"), [optional()])
    since = DayField(_l("Fees from"), [optional()])
    step_fen = SelectField(_l("Rounded to, CNY"), coerce=int, choices=[(step, plain_amount(step)) for step in STEPS])
    instruments = MultipleField(_l("Instruments"), [optional()], coerce=int, choices=[])
    items = MultipleField(_l("Test items"), [optional()], coerce=int, choices=[])

    def change(self) -> Change:
        return Change(
            kind=ManyKind(self.kind.data),
            days=self.days.data,
            percent=self.percent.data,
            since=self.since.data,
            step_fen=Fen(self.step_fen.data),
        )


@blueprint.route("/labs/<int:lab_id>/many", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def many(lab_id: int) -> Any:
    """Publish, withdraw, change days or fees of what is ticked; `?state=draft` ticks the drafts."""
    lab, today = common.my_lab(lab_id), local_day(utc_now())
    rows: dict[str, Any] = {
        "instruments": own.instrument_choices(firm_id=lab.firm_id, lab_id=lab_id),
        "items": own.item_choices(lab_id),
    }
    form = ManyForm()
    for name, things in rows.items():
        form[name].choices = [(thing.id, thing.name) for thing in things]
    default_day(form, "since", today + timedelta(days=1))
    if not form.is_submitted() and (state := LifeState.known(request.args.get("state"))):
        for name, things in rows.items():
            form[name].data = [thing.id for thing in things if thing.state == state]
    who = {"actor": current_actor(), "now": utc_now()}
    what = {"instruments": form.instruments.data or [], "items": form.items.data or []}

    def page(preview: Any = None) -> str:
        return render_template(
            "lab/catalogue/many.html", lab=common.my_lab(lab_id), form=form, rows=rows, preview=preview, kinds=ManyKind
        )

    if "seen" in request.form:  # what would change
        answer = posted(
            form,
            lambda: change_many(**who, change=form.change(), **what),
            lambda count: (
                ngettext("%(num)d row is changed.", "%(num)d rows are changed.", count),
                url_for("lab.many", lab_id=lab_id),
            ),
        )
    else:
        answer = posted(
            form,
            lambda: preview_many(**who, change=form.change(), **what),
            lambda preview: lambda: page(preview),
        )
    return (page(), answer) if isinstance(answer, int) else answer
