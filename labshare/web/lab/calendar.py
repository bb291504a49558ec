"""The lab's calendar by day or week, its table twin, and blocks."""

from datetime import timedelta
from typing import Any

from flask import jsonify, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from werkzeug.wrappers import Response

from labshare.booking import services
from labshare.booking.queries.desk import spans_of_block
from labshare.booking.terms import HoldingKind
from labshare.catalogue.formatting import with_model
from labshare.catalogue.queries.own import instruments_of_lab
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, THE_BLOCK, requires
from labshare.kernel.errors import NotFound
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.web.asked import asked_choice, asked_day, asked_number
from labshare.web.forms import (
    Form,
    LocalMomentField,
    MultipleField,
    RadioField,
    SelectField,
    StringField,
    length,
    required,
)
from labshare.web.lab import blueprint
from labshare.web.lab.board import chosen_lab
from labshare.web.lab.timetable import calendar_data, calendar_of
from labshare.web.steps import carry_out, posted

VIEWS = {"day": 1, "week": 7, "table": 7}
MOST_DAYS = 31


class BlockForm(Form):
    instrument = SelectField(_l("Instrument"), coerce=int, validators=[required()])
    units = MultipleField(_l("Units"), description=_l("None chosen: all units."), coerce=int)
    kind = RadioField(
        _l("Kind"),
        choices=[(kind, kind.label) for kind in HoldingKind.blocks()],
        default=HoldingKind.MAINTENANCE,
        validators=[required()],
    )
    starts_at = LocalMomentField(lazy_pgettext("moment", "From"), validators=[required()])
    ends_at = LocalMomentField(lazy_pgettext("moment", "Until"), validators=[required()])
    note = StringField(_l("Note"), validators=[length(200)])


@blueprint.get("/calendar")
@requires("booking.see", of=OWN_LABS)
def calendar() -> Any:
    actor, now = current_actor(), utc_now()
    lab, labs = chosen_lab(actor)
    view = asked_choice("view", VIEWS, "week")
    day = asked_day("from") or local_day(now)
    first = day if view == "day" else day - timedelta(days=day.weekday())
    instrument = asked_number("instrument", 0) or None
    shown = calendar_of(lab, first, days=VIEWS[view], now=now, instrument_id=instrument)
    return render_template(
        "lab/calendar/page.html",
        lab=lab,
        labs=labs,
        week=shown,
        view=view,
        now=now,
        day=local_day(now),
        earlier=first - timedelta(days=VIEWS[view]),
        later=first + timedelta(days=VIEWS[view]),
        scale="day" if view == "day" else "fit" if request.args.get("scale") == "fit" else "wide",
        instruments=instruments_of_lab(lab.id),
        instrument=instrument,
        may_block=may(actor, "time.block", lab=actor.firm_id),
    )


@blueprint.get("/calendar/data")
@requires("booking.see", of=OWN_LABS)
def calendar_json() -> Any:
    """The days from `from` on, at most a month, as data for a script; `lab` as on the page."""
    lab, _labs = chosen_lab(current_actor())
    now = utc_now()
    days = min(asked_number("days", 7), MOST_DAYS)
    return jsonify(calendar_data(lab, asked_day("from") or local_day(now), days, now))


def _block_form() -> BlockForm:
    actor = current_actor()
    lab, _labs = chosen_lab(actor)
    form = BlockForm()
    rows = instruments_of_lab(lab.id)
    form.instrument.choices = [(each.id, with_model(each)) for each in rows]
    most = max((each.units for each in rows), default=1)
    form.units.choices = [(n, str(n)) for n in range(1, most + 1)]
    return form


@blueprint.get("/calendar/block")
@requires("time.block", of=OWN_LABS)
def block_form() -> Any:
    form = _block_form()
    form.instrument.data = asked_number("instrument", 0) or None
    return render_template("lab/calendar/block.html", form=form, lab=chosen_lab(current_actor())[0])


@blueprint.post("/calendar/block")
@requires("time.block", of=OWN_LABS)
def block() -> Any:
    actor, now = current_actor(), utc_now()
    form = _block_form()
    lab, _labs = chosen_lab(actor)

    def blocked(made: services.Block) -> Any:
        way = [each.ref for each in made.in_the_way[:20]]
        if not made.taken:
            return lambda: render_template("lab/calendar/blocked.html", spans=(), lab=lab, way=way)
        return (
            ngettext("Blocked; %(num)d span taken.", "Blocked; %(num)d spans taken.", len(made.taken)),
            url_for(".block_page", block_id=made.id, lab=lab.code, way=",".join(way)),
        )

    answer = posted(
        form,
        lambda: services.block(
            actor=actor,
            now=now,
            instrument_id=form.instrument.data,
            starts_at=form.starts_at.data,
            ends_at=form.ends_at.data,
            kind=form.kind.data,
            note=form.note.data or "",
            units=form.units.data or None,
        ),
        blocked,
    )
    if isinstance(answer, Response):
        return answer
    return render_template("lab/calendar/block.html", form=form, lab=lab), answer


@blueprint.get("/calendar/blocks/<block_id>")
@requires("booking.see", of=OWN_LABS)
def block_page(block_id: str) -> Any:
    """What a block took, and the bookings that lay in the way."""
    actor = current_actor()
    lab, _labs = chosen_lab(actor)
    spans = spans_of_block(block_id, actor.firm_id)
    if not spans:
        raise NotFound
    way = [ref for ref in request.args.get("way", "").split(",") if ref]
    may_block = may(actor, "time.block", lab=actor.firm_id)
    return render_template(
        "lab/calendar/blocked.html", spans=spans, block_id=block_id, lab=lab, way=way, may_block=may_block
    )


@blueprint.post("/calendar/blocks/<block_id>/remove")
@requires("time.block", of=THE_BLOCK)
def unblock(block_id: str) -> Any:
    return carry_out(
        lambda: services.unblock(actor=current_actor(), now=utc_now(), block_id=block_id),
        lambda _done: (
            _("The block is removed; the time is free again."),
            url_for(".calendar", lab=request.form.get("lab") or None),
        ),
    )
