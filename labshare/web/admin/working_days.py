"""The working-day calendar: public holidays and make-up working days of a year."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.booking.queries.loading import special_days, working_years
from labshare.booking.services.hours import confirm_working_year, set_working_day, set_working_year
from labshare.booking.terms import DayKind
from labshare.http.actor import current_actor
from labshare.http.rights import requires
from labshare.kernel.time import local_day, utc_now
from labshare.organisations import permissions
from labshare.web.admin import blueprint
from labshare.web.asked import asked_number
from labshare.web.forms import (
    DayField,
    Form,
    RadioField,
    StringField,
    WholeNumberField,
    length,
    optional,
    required,
)
from labshare.web.steps import carry_out, posted

ORDINARY = "ordinary"
"""What the form says for a day that is no special day (any more)."""


class WorkingDayForm(Form):
    day = DayField(_l("Day"), [required()])
    kind = RadioField(
        _l("Kind of day"),
        [required()],
        default=DayKind.HOLIDAY,
        choices=[*DayKind.choices(), (ORDINARY, _l("Back to an ordinary day"))],
    )
    name = StringField(_l("Name"), [optional(), length(60)])
    name_en = StringField(_l("Name in English"), [optional(), length(60)])


class WorkingYearForm(Form):
    year = WholeNumberField(_l("Year"), [required()], least=2000, most=2200)
    source = StringField(
        _l("Source"), [required(), length(200)], description=_l("The notice that announces the year's holidays.")
    )


def _page(
    year: int,
    status: int = 200,
    *,
    day_form: WorkingDayForm | None = None,
    year_form: WorkingYearForm | None = None,
    conflicts: Any = (),
) -> Any:
    days, years = special_days(year), working_years()
    present = local_day(utc_now()).year
    confirmed = {one.year for one in years if one.confirmed}
    begun = {one.year for one in years} - confirmed
    return (
        render_template(
            "admin/working_days.html",
            year=year,
            days=days,
            years=years,
            kinds=dict(DayKind.choices()),
            conflicts=conflicts,
            missing=[one for one in (present, present + 1) if one not in confirmed | begun],
            unconfirmed=[one for one in (present, present + 1) if one in begun],
            shown=next((one for one in years if one.year == year), None),
            day_form=day_form or WorkingDayForm(formdata=None),
            year_form=year_form or WorkingYearForm(formdata=None, year=max(confirmed | begun, default=present - 1) + 1),
            may_change=permissions.may(current_actor(), "time.working_days"),
        ),
        status,
    )


@blueprint.get("/working-days")
@requires("time.see_working_days")
def working_days() -> Any:
    """A year's table, and which years are missing."""
    year = asked_number("year", local_day(utc_now()).year)
    return _page(min(max(year, 2000), 2200))


@blueprint.post("/working-days")
@requires("time.working_days")
def set_day() -> Any:
    """Set one day. Bookings it hits are listed and not changed."""
    form = WorkingDayForm()
    year = form.day.data.year if form.validate() else local_day(utc_now()).year
    answer = posted(
        form,
        lambda: set_working_day(
            actor=current_actor(),
            now=utc_now(),
            day=form.day.data,
            kind=None if form.kind.data == ORDINARY else form.kind.data,
            name=form.name.data or "",
            name_en=form.name_en.data or "",
        ),
        lambda hit: (
            (lambda: _page(year, conflicts=hit))
            if hit
            else (_("The day is set."), url_for("admin.working_days", year=year))
        ),
    )
    if isinstance(answer, Response):
        return answer
    return _page(year, answer, day_form=form)


@blueprint.post("/working-days/years")
@requires("time.working_days")
def add_year() -> Any:
    """Begin a year; its special days follow one by one, and then it is confirmed as complete."""
    form = WorkingYearForm()
    year = form.year.data if form.validate() else local_day(utc_now()).year
    if not form.errors and year in {one.year for one in working_years()}:
        form.year.errors = [_("This year is there already.")]
        return _page(year, 409, year_form=form)
    answer = posted(
        form,
        lambda: set_working_year(actor=current_actor(), now=utc_now(), year=year, days={}, source=form.source.data),
        lambda _made: (
            _("The year is added; add its holidays and make-up days, then confirm that it is complete."),
            url_for("admin.working_days", year=year),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return _page(year, answer, year_form=form)


@blueprint.post("/working-days/years/<int:year>/confirm")
@requires("time.working_days")
def confirm_year(year: int) -> Any:
    """Say that nothing is missing in a year: the warnings about it end."""
    return carry_out(
        lambda: confirm_working_year(actor=current_actor(), now=utc_now(), year=year),
        lambda _done: (
            _("%(year)s is confirmed as complete.", year=str(year)),
            url_for("admin.working_days", year=year),
        ),
    )
