"""Opening hours by weekday, of labs and of instruments that differ, and closures. Both ask first: the bookings that
would no longer fit are shown, each with another time to propose; none is changed without it."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from werkzeug.wrappers import Response
from wtforms import ValidationError

from labshare.booking.errors import EndBeforeStart, HoursOverlap
from labshare.booking.formatting import lines_of_week
from labshare.booking.models import OpeningWeek
from labshare.booking.queries.bookings import bookings_hit
from labshare.booking.queries.clashes import newly_hit
from labshare.booking.queries.desk import closures_ahead, lab_of_closure, lab_of_week, opening_weeks
from labshare.booking.queries.loading import Planned, PlannedClosure, PlannedWeek, hours_of_labs
from labshare.booking.rules.hours import as_weekly
from labshare.booking.rules.time import Weekly
from labshare.booking.services import (
    check_hours,
    clear_and_close,
    clear_and_set_hours,
    drop_opening_hours,
    remove_closure,
)
from labshare.catalogue.models import Instrument, Lab
from labshare.catalogue.queries import own
from labshare.catalogue.queries.own import instruments_of_lab
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.opening import HOURS, WEEKDAYS, day_text, read_day
from labshare.kernel.time import local_day, utc_now
from labshare.web.asked import asked_number
from labshare.web.forms import (
    DayField,
    Form,
    RadioField,
    StringField,
    TextAreaField,
    length,
    required,
    show_problem,
)
from labshare.web.lab import blueprint
from labshare.web.lab.blocks import chosen_ways, ways_of
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.forms import ClosureForm
from labshare.web.steps import carry_out, posted

WORKDAYS = 5
AS_THE_LAB, OWN = "lab", "own"
ASKED = ("csrf_token", "sure", "back", "copy", "note")
"""What a page that asks first does not hand on of the form before it."""


def _readable(_form: Form, field: StringField) -> None:
    try:
        read_day(field.data or "")
    except ValueError:
        raise ValidationError(str(HOURS)) from None


class DayHours(StringField):
    """A day's hours, as people write them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, validators=[_readable], **kwargs)
        self.render_kw = {"autocomplete": "off", "placeholder": "—", "list": "hours-such-as"}

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        return read_day(self.data or "")


class HoursForm(Form):
    whose = RadioField(
        _l("Opening hours"),
        choices=[(AS_THE_LAB, _l("As the lab")), (OWN, _l("Own hours"))],
        default=OWN,
        validators=[required()],
    )
    valid_from = DayField(
        lazy_pgettext("day", "From"),
        validators=[required()],
        description=_l("What was booked before stays where it is."),
    )
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = (DayHours(name) for name in WEEKDAYS)

    @property
    def days(self) -> list[DayHours]:
        week = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
        return list(week)

    @property
    def weekly(self) -> Weekly | None:
        """What was entered; None: as the lab."""
        return None if self.whose.data == AS_THE_LAB else tuple(day.spans for day in self.days)


class AskForm(Form):
    note = TextAreaField(
        _l("Note to the clients"),
        description=_l("The clients read this. Needed where a time is proposed."),
        validators=[length(500)],
    )


def _whose(lab: Lab) -> Instrument | None:
    """The instrument whose hours are asked for; None: the lab's. Raises `NotFound`."""
    instrument_id = asked_number("instrument", 0)
    if not instrument_id:
        return None
    found = common.my_instrument(instrument_id)
    if found.lab_id != lab.id:
        raise NotFound
    return found


def _filled(lab: Lab, instrument: Instrument | None, weeks: Sequence[OpeningWeek], *, posted: bool = True) -> HoursForm:
    """The form with what is in force of the lab's `weeks`. `posted` False: on a page where another form was posted."""
    form = HoursForm() if posted else HoursForm(formdata=None)
    if posted and form.is_submitted():
        form.whose.data = form.whose.data if instrument is not None else OWN
        return form
    day = local_day(utc_now())
    weekly = hours_of_labs([lab.id], utc_now())[lab.id].on(day)
    if instrument is not None:
        differs = _in_force([each for each in weeks if each.instrument_id == instrument.id], day)
        form.whose.data = OWN if differs else AS_THE_LAB
        weekly = differs or weekly
    form.valid_from.data = day
    for field, spans in zip(form.days, weekly, strict=True):
        field.data = day_text(spans)
    return form


def _in_force(weeks: Sequence[OpeningWeek], day: date) -> Weekly | None:
    """The week of these, in order, that holds on a day; None where there is none, or it is as the lab's."""
    return next((as_weekly(each.weekly) for each in reversed(weeks) if each.begun_on(day)), None)


def _own_hours(weeks: Sequence[OpeningWeek], day: date) -> list[tuple[Instrument, Weekly]]:
    """The instruments that have hours of their own on a day."""
    by_instrument: dict[Instrument, list[OpeningWeek]] = {}
    for each in weeks:
        if each.instrument is not None:
            by_instrument.setdefault(each.instrument, []).append(each)
    found = [(instrument, _in_force(its, day)) for instrument, its in by_instrument.items()]
    return [(instrument, weekly) for instrument, weekly in found if weekly is not None]


@blueprint.get("/opening-hours")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def opening_hours() -> Any:
    """The hours of all labs."""
    labs, now = own.lab_choices(common.firm_id()), utc_now()
    ids, day = [lab.id for lab in labs], local_day(now)
    weeks = opening_weeks(ids)
    return render_template(
        "lab/catalogue/opening_hours.html",
        labs=labs,
        hours={lab_id: hours.on(day) for lab_id, hours in hours_of_labs(ids, now).items()},
        day_text=day_text,
        own_hours={lab_id: _own_hours([each for each in weeks if each.lab_id == lab_id], day) for lab_id in ids},
        later=[each for each in weeks if not each.begun_on(day)],
        lines_of=lines_of_week,
        weekdays=WEEKDAYS,
        closures=closures_ahead(ids, now),
        may_change=common.may_change(),
    )


@blueprint.route("/labs/<int:lab_id>/hours", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM, then=("time.hours",))
def lab_hours(lab_id: int) -> Any:
    """The hours of a lab, or (`instrument`) of one of its instruments. What a change hits is asked first (`sure`)."""
    lab = common.my_lab(lab_id)
    instrument = _whose(lab)
    weeks, now = opening_weeks([lab.id]), utc_now()
    form = _filled(lab, instrument, weeks)
    closure_form = ClosureForm(formdata=None)
    if not form.is_submitted() or "back" in request.form:
        return _hours_page(lab, instrument, weeks, form, closure_form)
    if "copy" in request.form:
        for each in form.days[1:WORKDAYS]:
            each.data, each.raw_data = form.monday.data, None
        return _hours_page(lab, instrument, weeks, form, closure_form)
    if not form.validate():
        return _hours_page(lab, instrument, weeks, form, closure_form), 422
    instrument_id = instrument.id if instrument is not None else None
    given = {"lab_id": lab.id, "instrument_id": instrument_id, "valid_from": form.valid_from.data}
    weekly = form.weekly
    try:
        check_hours(weekly, form.valid_from.data, now)
    except Problem as problem:
        status = _at_its_day(form, problem)
        return _hours_page(lab, instrument, weeks, form, closure_form), status
    return _asked_first(
        lab,
        form,
        PlannedWeek(lab.id, instrument_id, form.valid_from.data, weekly),
        lambda ways, note: clear_and_set_hours(
            actor=current_actor(), now=now, weekly=weekly, ways=ways, reason=note, **given
        ),
        lambda: _hours_page(lab, instrument, weeks, form, closure_form),
        instrument,
    )


def _at_its_day(form: HoursForm, problem: Problem) -> int:
    """Say an overlap beside the day that it is about, anything else where it belongs."""
    places = {"hours": form.days[problem.params["weekday"]].name} if isinstance(problem, HoursOverlap) else {}
    return show_problem(form, problem, **places)


def _asked_first(
    lab: Lab,
    form: Form,
    planned: Planned,
    save: Callable[[Sequence[Any], str], Any],
    page: Callable[[], str],
    instrument: Instrument | None = None,
) -> Any:
    """Save what hits no booking; else ask what is to become of each, and save once that is said."""
    found, ask, status = newly_hit(planned, utc_now()), AskForm(), 200
    if not found or "sure" in request.form:
        answer = posted(
            ask,
            lambda: save(chosen_ways(), ask.note.data or ""),
            lambda _hit: (
                _("Saved; the clients are asked.") if any(chosen_ways()) else _("Saved."),
                url_for("lab.lab_hours", lab_id=lab.id, instrument=instrument.id if instrument else None),
            ),
            reason="note",
        )
        if isinstance(answer, Response):
            return answer
        status = answer
    if not found:
        form.form_errors += [message for _field, message in ask.all_errors]
        return page(), status
    instruments = {each.id: each for each in instruments_of_lab(lab.id)}
    return (
        render_template(
            "lab/catalogue/hours_ask.html",
            lab=lab,
            instrument=instrument,
            form=ask,
            given=[(name, value) for name, value in request.form.items(multi=True) if _handed_on(name)],
            found=found,
            ways=[ways_of(each, instruments) for each in found],
            chosen={each.booking.ref: request.form.get(f"way-{each.booking.ref}") for each in found},
        ),
        status,
    )


def _handed_on(name: str) -> bool:
    return name not in ASKED and not name.startswith("way-")


def _hours_page(
    lab: Lab,
    instrument: Instrument | None,
    weeks: Sequence[OpeningWeek],
    form: HoursForm,
    closure_form: ClosureForm,
) -> str:
    now = utc_now()
    day = local_day(now)
    of = instrument.id if instrument is not None else None
    return render_template(
        "lab/catalogue/hours.html",
        lab=lab,
        instrument=instrument,
        form=form,
        own_hours=_own_hours(weeks, day),
        later=[each for each in weeks if not each.begun_on(day) and of in (None, each.instrument_id)],
        instruments=instruments_of_lab(lab.id),
        lines_of=lines_of_week,
        closures=closures_ahead([lab.id], now),
        closure_form=closure_form,
        conflicts=bookings_hit(now, lab_id=lab.id),
    )


@blueprint.post("/hours/<int:week_id>/drop")
@requires("catalogue.change", of=OWN_FIRM, then=("time.hours",))
def hours_drop(week_id: int) -> Any:
    common.my_lab(lab_of_week(week_id))
    return carry_out(
        lambda: drop_opening_hours(actor=current_actor(), now=utc_now(), week_id=week_id),
        lambda lab_id: (_("The planned change is taken back."), url_for("lab.lab_hours", lab_id=lab_id)),
    )


@blueprint.post("/labs/<int:lab_id>/closures")
@requires("catalogue.change", of=OWN_FIRM, then=("time.hours",))
def closure_new(lab_id: int) -> Any:
    """A closure; what it hits is asked first (`sure`)."""
    lab, closure_form = common.my_lab(lab_id), ClosureForm()
    starts_at: Any = closure_form.starts_at.data
    ends_at: Any = closure_form.ends_at.data

    def page() -> str:
        weeks = opening_weeks([lab.id])
        return _hours_page(lab, None, weeks, _filled(lab, None, weeks, posted=False), closure_form)

    if "back" in request.form:
        return page()
    if not closure_form.validate():
        return page(), 422
    if ends_at <= starts_at:
        status = show_problem(closure_form, EndBeforeStart())
        return page(), status
    return _asked_first(
        lab,
        closure_form,
        PlannedClosure(lab.id, starts_at, ends_at),
        lambda ways, note: clear_and_close(
            actor=current_actor(),
            now=utc_now(),
            lab_id=lab_id,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=closure_form.reason.data,
            ways=ways,
            note=note,
        ),
        page,
    )


@blueprint.post("/closures/<int:closure_id>/remove")
@requires("catalogue.change", of=OWN_FIRM, then=("time.hours",))
def closure_remove(closure_id: int) -> Any:
    lab_id = lab_of_closure(closure_id)
    common.my_lab(lab_id)
    return carry_out(
        lambda: remove_closure(actor=current_actor(), now=utc_now(), closure_id=closure_id),
        lambda _none: (_("The closure is taken back."), url_for("lab.lab_hours", lab_id=lab_id)),
    )
