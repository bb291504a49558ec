"""Opening hours by weekday, and closures. The bookings that no longer fit are listed; none is changed."""

import re
from collections.abc import Iterator
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response
from wtforms import Field

from labshare.booking.errors import HoursOverlap
from labshare.booking.queries.bookings import bookings_hit
from labshare.booking.queries.desk import closures_ahead, lab_of_closure
from labshare.booking.queries.loading import hours_of_labs
from labshare.booking.rules.time import clock_text
from labshare.booking.services import add_closure, remove_closure, set_opening_hours
from labshare.catalogue.models import Lab
from labshare.catalogue.queries import own
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.errors import Problem
from labshare.kernel.time import DAY_MINUTES, utc_now
from labshare.web.filters import localized
from labshare.web.forms import BooleanField, Form, Line, MinutesField, lines
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.forms import ClosureForm
from labshare.web.steps import carry_out, posted, pressed, words

WEEKDAYS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)
MOST_INTERVALS = 4


class ClockField(MinutesField):
    """A time of day, such as 08:30 ↔ minutes after midnight. 24:00 is the end of the day."""

    message = _l("Enter a time such as 08:30.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = {
            "inputmode": "numeric",
            "class": "num",
            "autocomplete": "off",
            "placeholder": "—",
            "maxlength": "5",
        }

    def read(self, text: str) -> int:  # type: ignore[override]
        match = re.fullmatch(r"(\d{1,2})[:.]?(\d{2})|(\d{1,2})", text.replace("：", ":"), re.ASCII)
        if match is None:
            raise ValueError
        minutes = int(match[1] or match[3]) * 60 + int(match[2] or 0)
        if minutes > DAY_MINUTES or int(match[2] or 0) > 59:
            raise ValueError
        return minutes

    def written(self, data: int) -> str:  # type: ignore[override]
        return f"{data // 60:02d}:{data % 60:02d}"


class SpanLine(Line):
    """An interval of a day: when it opens and closes, and whether it closes the next day."""

    opens = ClockField()
    closes = ClockField()
    next_day = BooleanField()

    @property
    def whole(self) -> bool:
        return self.opens.data is not None and self.closes.data is not None

    @property
    def start(self) -> int:
        """Of a whole one, in minutes after the day's midnight."""
        return int(self.opens.data or 0)

    @property
    def end(self) -> int:
        """The same of its end; more than a day's where it closes the next day."""
        return int(self.closes.data or 0) + (DAY_MINUTES if self.next_day.data else 0)


def _form_class(intervals: int) -> type[Form]:
    """A form with so many intervals for each weekday."""
    day = type("DayLine", (Line,), {"spans": lines(SpanLine, intervals)})
    return type("HoursForm", (Form,), {"days": lines(day, len(WEEKDAYS))})


def _filled(lab_id: int, *, posted: bool = True) -> tuple[Form, int]:
    """The form with what is in force: two intervals a day at least, and one more than there are. `posted` False: on a
    page where another form was posted."""
    weekly = hours_of_labs([lab_id], utc_now())[lab_id].weekly
    most = max(len(day) for day in weekly)
    intervals = max(2, most, min(MOST_INTERVALS, most + 1))
    kind = _form_class(intervals)
    form = kind() if posted else kind(formdata=None)
    for day, _place, span in _spans(form):
        name = WEEKDAYS[day]
        span.opens.label.text = _("%(day)s, opens", day=name)
        span.closes.label.text = _("%(day)s, closes", day=name)
        span.next_day.label.text = _("%(day)s, closes the next day", day=name)
    if not posted or not form.is_submitted():
        for day, at, span in _spans(form):
            if at < len(weekly[day]):
                opens, closes = weekly[day][at]
                over = closes > DAY_MINUTES
                span.opens.data, span.closes.data = opens, closes - (DAY_MINUTES if over else 0)
                span.next_day.data = over
    return form, intervals


def _spans(form: Form) -> Iterator[tuple[int, int, SpanLine]]:
    """Each interval with its weekday and its place in the day."""
    for day, line in enumerate(form["days"]):
        for at, span in enumerate(line.spans):
            yield day, at, span.form


def _weekly(form: Form) -> tuple[tuple[tuple[int, int], ...], ...] | None:
    """What was entered, or None where something is missing or not in order: said at its field."""
    right = True
    week: list[list[tuple[int, int]]] = [[] for _day in WEEKDAYS]
    for day, _at, span in _spans(form):
        opens, closes = span.opens, span.closes
        if opens.data is None and closes.data is None:
            continue
        if not span.whole:
            right = _say(closes if closes.data is None else opens, _("Give both times, or neither."))
        elif span.start >= DAY_MINUTES or span.end <= span.start:
            right = _say(closes, _("Closes before it opens. Tick “next day” where it runs past midnight."))
        else:
            week[day].append((span.start, span.end))
    return tuple(map(tuple, week)) if right else None


def _say(field: Field, message: str) -> bool:
    field.errors = [*field.errors, message]
    return False


def _at_its_field(form: Form, problem: HoursOverlap) -> None:
    """Say an overlap beside the interval it names."""
    for day, _at, span in _spans(form):
        if (
            span.whole
            and problem.params.get("hours") == f"{clock_text(span.start)}–{clock_text(span.end)}"
            and _meets(form, day, span)
        ):
            _say(span.opens, problem.text)
            return
    form.form_errors.append(problem.text)


def _meets(form: Form, day: int, one: SpanLine) -> bool:
    start, end = day * DAY_MINUTES + one.start, day * DAY_MINUTES + one.end
    for other_day, _at, other in _spans(form):
        if other is one or not other.whole:
            continue
        since, until = other_day * DAY_MINUTES + other.start, other_day * DAY_MINUTES + other.end
        if any(since + week < end and start < until + week for week in (-7 * DAY_MINUTES, 0, 7 * DAY_MINUTES)):
            return True
    return False


@blueprint.get("/opening-hours")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def opening_hours() -> Any:
    """The hours of all labs."""
    labs, now = own.lab_choices(common.firm_id()), utc_now()
    ids = [lab.id for lab in labs]
    by_lab = {
        lab_id: [[f"{clock_text(opens)}–{clock_text(closes)}" for opens, closes in day] for day in hours.weekly]
        for lab_id, hours in hours_of_labs(ids, now).items()
    }
    return render_template(
        "lab/catalogue/opening_hours.html",
        labs=labs,
        hours=by_lab,
        weekdays=WEEKDAYS,
        closures=closures_ahead(ids, now),
        may_change=common.may_change(),
    )


@blueprint.route("/labs/<int:lab_id>/hours", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM, then=("time.hours",))
def lab_hours(lab_id: int) -> Any:
    lab = common.my_lab(lab_id)
    form, intervals = _filled(lab_id)
    answer: Any = 200
    if form.is_submitted():
        weekly = _weekly(form) if form.validate() else None
        answer = 422
        if weekly is not None:
            saved = pressed(
                lambda: set_opening_hours(actor=current_actor(), now=utc_now(), lab_id=lab_id, weekly=weekly),
                lambda hit: (_hours_saved(lab, len(hit)), url_for("lab.lab_hours", lab_id=lab_id)),
            )
            if not isinstance(saved, Problem):
                return saved
            answer = saved.status
            if isinstance(saved, HoursOverlap):
                _at_its_field(form, saved)
            else:
                form.form_errors.append(saved.text)
    return _hours_page(common.my_lab(lab_id), form, intervals, ClosureForm(formdata=None)), answer


def _hours_saved(lab: Lab, hit: int) -> str:
    if hit:
        return words(
            ngettext(
                "The hours of %(name)s are saved; %(num)d booking no longer fits, see below.",
                "The hours of %(name)s are saved; %(num)d bookings no longer fit, see below.",
                hit,
                name="%(name)s",  # its place is left for `words`
            ),
            name=localized(lab),
        )
    return words(_("The hours of %(name)s are saved."), name=localized(lab))


def _hours_page(lab: Lab, form: Form, intervals: int, closure_form: ClosureForm) -> str:
    now = utc_now()
    return render_template(
        "lab/catalogue/hours.html",
        lab=lab,
        form=form,
        intervals=intervals,
        weekdays=WEEKDAYS,
        closures=closures_ahead([lab.id], now),
        closure_form=closure_form,
        conflicts=bookings_hit(now, lab_id=lab.id),
    )


@blueprint.post("/labs/<int:lab_id>/closures")
@requires("catalogue.change", of=OWN_FIRM, then=("time.hours",))
def closure_new(lab_id: int) -> Any:
    common.my_lab(lab_id)
    closure_form = ClosureForm()
    answer = posted(
        closure_form,
        lambda: add_closure(
            actor=current_actor(),
            now=utc_now(),
            lab_id=lab_id,
            starts_at=closure_form.starts_at.data,
            ends_at=closure_form.ends_at.data,
            reason=closure_form.reason.data,
        ),
        lambda made: (
            ngettext(
                "The lab is closed then; %(num)d booking lies in this time, see below.",
                "The lab is closed then; %(num)d bookings lie in this time, see below.",
                len(made[1]),
            )
            if made[1]
            else _("The lab is closed then."),
            url_for("lab.lab_hours", lab_id=lab_id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    hours_form, intervals = _filled(lab_id, posted=False)
    return _hours_page(common.my_lab(lab_id), hours_form, intervals, closure_form), answer


@blueprint.post("/closures/<int:closure_id>/remove")
@requires("catalogue.change", of=OWN_FIRM, then=("time.hours",))
def closure_remove(closure_id: int) -> Any:
    lab_id = lab_of_closure(closure_id)
    common.my_lab(lab_id)
    return carry_out(
        lambda: remove_closure(actor=current_actor(), now=utc_now(), closure_id=closure_id),
        lambda _none: (_("The closure is taken back."), url_for("lab.lab_hours", lab_id=lab_id)),
    )
