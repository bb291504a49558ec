"""The lab's calendar by day or week, its table twin, and blocks."""

from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import orjson
from flask import current_app, render_template, request, url_for
from flask_babel import gettext as _

from labshare.audit.queries import latest
from labshare.booking.queries.desk import expiring
from labshare.booking.rules.lifecycle import possible
from labshare.booking.terms import BookingState, Party
from labshare.catalogue.models import Lab
from labshare.catalogue.queries.own import instruments_of_lab
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.formatting import language
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.web.asked import asked_choice, asked_day, asked_number, asked_page
from labshare.web.lab import blueprint
from labshare.web.lab.board import chosen_lab
from labshare.web.lab.timetable import KINDS, PAGE, calendar_data, calendar_of
from labshare.web.next_move import STEPS as NEXT_STEPS

RANGES = ("day", "week", "fortnight", "month")
"""What a page shows of the time; the grid is drawn by a script, `table` and `sheet` (for paper) by the server."""
VIEWS = (*RANGES, "table", "sheet")
SPANS = {"day": 1, "week": 7, "fortnight": 14}
MOST_DAYS = 31
SNAP = 5
"""Minutes to which a drag keeps where no instrument is coarser."""


def _days_of(of: str, day: date) -> tuple[date, int]:
    """The first day and the number of days of the range around a day."""
    if of == "month":
        first = day.replace(day=1)
        return first, ((first + timedelta(days=MOST_DAYS)).replace(day=1) - first).days
    return (day if of == "day" else day - timedelta(days=day.weekday())), SPANS[of]


def _listed(day: date, today: date) -> tuple[date, int]:
    """The phone's agenda: the rest of the week from a chosen day on, the whole of it where today is what is shown. Of a
    lab of several pages it is the day alone; the strip leads to the others."""
    monday = day - timedelta(days=day.weekday())
    return (monday, 7) if day == today else (day, 7 - day.weekday())


@blueprint.get("/calendar")
@requires("booking.see", of=OWN_LABS)
def calendar() -> Any:
    actor, now = current_actor(), utc_now()
    lab, labs = chosen_lab(actor)
    view = asked_choice("view", VIEWS, "week")
    of = view if view in RANGES else asked_choice("of", RANGES if view == "table" else RANGES[:2], "week")
    today = local_day(now)
    day = asked_day("from") or today
    first, days = _days_of(of, day)
    instrument = asked_number("instrument", 0) or None
    drawn = view in RANGES
    instruments = instruments_of_lab(lab.id)
    page = asked_page(1 if instrument else len(instruments), size=PAGE)
    listed, upto = (day, 1) if of == "day" or page.total > PAGE else _listed(day, today)
    shown = calendar_of(
        lab,
        listed if drawn else first,
        days=upto if drawn else days,
        now=now,
        instrument_id=instrument,
        page=page.number if drawn else None,
    )
    board = _board(lab, of, first, days=days, instrument=instrument, page=page.number) if drawn else None
    return render_template(
        "lab/calendar/page.html",
        lab=lab,
        labs=labs,
        week=shown,
        view=view,
        of=of,
        now=now,
        day=today,
        chosen=day,
        first=first,
        days=[first + timedelta(days=n) for n in range(days)],
        strip=[day + timedelta(days=n - day.weekday()) for n in range(7)],
        earlier=(first - timedelta(days=1)).replace(day=1) if of == "month" else first - timedelta(days=days),
        later=first + timedelta(days=days),
        scale="day" if of == "day" else "fit" if request.args.get("scale") == "fit" else "wide",
        paper=asked_choice("paper", ("a4", "a3"), "a4"),
        instruments=instruments,
        instrument=instrument,
        page=page,
        board=board,
        may_block=may(actor, "time.block", lab=actor.firm_id),
    )


def _board(lab: Lab, of: str, first: date, *, days: int, instrument: int | None, page: int) -> dict[str, Any]:
    """What the script that draws the grid must know besides the data: addresses, rights, words."""
    actor = current_actor()
    asked = {"lab": lab.code, "instrument": instrument}
    return {
        "of": of,
        "days": days,
        "data": url_for(".calendar_json", **asked, days=days, page=page, **{"from": first}),
        "booking": url_for(".booking", ref="-")[:-1],
        "block": url_for(".block_page", block_id="-", lab=lab.code),
        "change": url_for(".change_block", block_id="-"),
        "new_block": url_for(".block_form", lab=lab.code),
        "made": url_for(".for_client", made_id=0)[:-1],
        "new_for_client": url_for(".new_for_client", lab=lab.code),
        "may_move": may(actor, "booking.propose", lab=actor.firm_id),
        "may_block": may(actor, "time.block", lab=actor.firm_id),
        "movable": [state for state in BookingState if "propose" in possible(state, Party.LAB)],
        "snap": SNAP,
        "verbs": {state: (step.verb, str(step.button)) for state, step in NEXT_STEPS.items() if step.verb},
        "words": {
            **{f"look:{look}": str(label) for look, label in KINDS.items()},
            "proposed": _("Proposed time"),
            "held": _("Held while a client books"),
            "unaccepted": _("Not accepted by the client yet"),
            "for_client": _("Book for a client"),
            "block": _("Add block"),
            "cleanup": _("clean-up until %(time)s", time="{time}"),
            "unit": _("unit %(n)s", n="{n}"),
            "units": _("%(n)s units", n="{n}"),
            "open": _("Open"),
            "move": _("Propose another time"),
            "fold": _("Fold the units"),
            "unfold": _("Show the units"),
            "closed": _("Closed"),
            "uncalibrated": _("Not calibrated"),
            "lost": _("No connection. Shown as it was at %(time)s.", time="{time}"),
            "changed": _("The calendar has changed."),
            "failed": _("That did not work. Nothing was changed."),
            "instead": _("What would do:"),
            "elsewhere": _("A block stays at its instrument. Draw a new one where it is wanted."),
            "back": _("Moved back."),
        },
    }


@blueprint.get("/calendar/data")
@requires("booking.see", of=OWN_LABS)
def calendar_json() -> Any:
    """The days from `from` on, at most a month, as data for a script; `lab`, `instrument` and `page` as on the page.
    Unchanged since the `ETag` that the script has seen: 304, after two small questions."""
    lab, _labs = chosen_lab(current_actor())
    now = utc_now()
    days, first = min(asked_number("days", 7), MOST_DAYS), asked_day("from") or local_day(now)
    instrument, page = asked_number("instrument", 0), asked_number("page", 0)
    seen = (lab.id, first, days, instrument, page, language(), *latest(), *expiring(lab.id, now))
    tag = sha256(repr(seen).encode()).hexdigest()[:32]
    if request.if_none_match.contains(tag):
        answer = current_app.response_class(status=304)
    else:
        data = calendar_data(lab, first, days, now, instrument_id=instrument or None, page=page or None)
        written = orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)  # thousands of events, in a fifth of the time
        answer = current_app.response_class(written, mimetype="application/json")
    answer.set_etag(tag)
    return answer
