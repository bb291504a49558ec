"""Every component on one page, in the language and the colours that its header chooses."""

from collections.abc import Sequence
from typing import Any

from flask import render_template
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from labshare.http.rights import public
from labshare.kernel.time import utc_now
from labshare.organisations.terms import FirmRole
from labshare.web.accounts import PeriodForm
from labshare.web.asked import Page
from labshare.web.charts import stacked_bars
from labshare.web.dev import blueprint
from labshare.web.dev.samples import samples
from labshare.web.forms import BooleanField, Form, RadioField, SelectField, StringField, TextAreaField, required


class ComponentForm(Form):
    """One field of each kind. It is only looked at."""

    name = StringField(_l("Name"), [required()])
    reason = TextAreaField(_l("Reason"), description=_l("The owner is told and can correct and submit it again."))
    role = SelectField(_l("Role"), choices=FirmRole.choices())
    kind = RadioField(_l("Kind of day"), choices=FirmRole.choices()[:2])
    confirmed = BooleanField(_l("Confirmed"))


MONTHS: Sequence[tuple[str, int, int]] = (("9", 12, 3), ("10", 20, 0), ("11", 7, 9))


@blueprint.get("/components")
@public
def components() -> str:
    form: Any = ComponentForm(formdata=None)
    form.name.errors = [gettext("Fill this in.")]
    return render_template(
        "dev/components.html",
        form=form,
        page=Page(2, 12, 82),
        chart=stacked_bars(MONTHS),
        shows=samples(utc_now()),
        days=PeriodForm(),
    )
