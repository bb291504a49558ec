"""Blocks of the lab's calendar: they ask first, are kept as wanted, and repeat by a rule."""

from collections.abc import Sequence
from typing import Any

from flask import jsonify, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from werkzeug.wrappers import Response

from labshare.booking import services
from labshare.booking.queries.clashes import Clash, clashes
from labshare.booking.queries.desk import spans_of_block, wanted_block
from labshare.booking.rules.repeats import MOST, occurrences
from labshare.booking.rules.time import Interval
from labshare.booking.terms import HoldingKind
from labshare.catalogue.formatting import with_model
from labshare.catalogue.models import Instrument
from labshare.catalogue.queries.own import instruments_of_lab
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, THE_BLOCK, requires
from labshare.kernel.errors import NotAllowed, NotFound, Problem
from labshare.kernel.time import local_zone, utc_now
from labshare.organisations.permissions import may
from labshare.web.asked import read_moment, read_number
from labshare.web.forms import (
    BooleanField,
    Form,
    LocalMomentField,
    MultipleField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    WholeNumberField,
    length,
    required,
    show_problem,
)
from labshare.web.lab import blueprint
from labshare.web.lab.board import chosen_lab
from labshare.web.steps import carry_out, posted

SAME_TIME = "same"
"""Marks a way out that leaves the booking's time."""
REPEATS = {
    "": _l("Once"),
    "FREQ=DAILY": _l("Every day"),
    "FREQ=WEEKLY": _l("Every week"),
    "FREQ=WEEKLY;INTERVAL=2": _l("Every two weeks"),
    "FREQ=MONTHLY": _l("Every month"),
}


class TimesForm(Form):
    starts_at = LocalMomentField(lazy_pgettext("moment", "From"), validators=[required()])
    ends_at = LocalMomentField(lazy_pgettext("moment", "Until"), validators=[required()])


class ChangeForm(TimesForm):
    following = BooleanField(_l("The later ones of this repetition move by as much."))


class BlockForm(TimesForm):
    instrument = SelectField(_l("Instrument"), coerce=int, validators=[required()])
    units = MultipleField(_l("Units"), description=_l("None chosen: all units."), coerce=int)
    kind = RadioField(
        _l("Kind"),
        choices=[(kind, kind.label) for kind in HoldingKind.by_hand()],
        default=HoldingKind.MAINTENANCE,
        validators=[required()],
    )
    note = StringField(_l("Note"), validators=[length(200)])
    repeats = SelectField(_l("Repetition"), choices=list(REPEATS.items()), default="")
    times = WholeNumberField(_l("How often"), description=_l("In all, the first one too."))
    rule = StringField(
        _l("Own rule"), description=_l("RFC 5545, such as FREQ=MONTHLY;BYDAY=1MO;COUNT=6."), validators=[length(200)]
    )
    reason = TextAreaField(
        _l("Note to the clients"),
        description=_l("The clients read this. Needed where a time is proposed."),
        validators=[length(500)],
    )

    @property
    def repetition(self) -> str:
        """The rule asked for, of RFC 5545; empty for once."""
        if self.rule.data:
            return str(self.rule.data)
        return f"{self.repeats.data};COUNT={min(self.times.data or 1, MOST + 1)}" if self.repeats.data else ""


def _block_form() -> tuple[BlockForm, dict[int, Instrument]]:
    """The form, on GET filled in with what the address says, and the lab's instruments."""
    lab, _labs = chosen_lab(current_actor())
    form = BlockForm(request.args) if request.method == "GET" else BlockForm()
    rows = {each.id: each for each in instruments_of_lab(lab.id)}
    form.instrument.choices = [(each.id, with_model(each), {"data-units": each.units}) for each in rows.values()]
    most = max((each.units for each in rows.values()), default=1)
    form.units.choices = [(n, str(n)) for n in range(1, most + 1)]
    form.kind.data = form.kind.data or HoldingKind.MAINTENANCE
    return form, rows


def _form_page(form: BlockForm, status: int = 200) -> tuple[str, int]:
    lab, _labs = chosen_lab(current_actor())
    return render_template("lab/calendar/block.html", form=form, lab=lab), status


@blueprint.get("/calendar/block")
@requires("time.block", of=OWN_LABS)
def block_form() -> Any:
    return _form_page(_block_form()[0])


@blueprint.post("/calendar/block")
@requires("time.block", of=OWN_LABS)
def block() -> Any:
    """Block at once where no booking lies in the way; else ask first what is to become of each (`sure` says it)."""
    actor, now = current_actor(), utc_now()
    form, instruments = _block_form()
    lab, _labs = chosen_lab(actor)
    if "back" in request.form or not form.validate():
        return _form_page(form, 200 if "back" in request.form else 422)
    chosen = instruments[form.instrument.data]
    units = form.units.data or list(range(1, chosen.units + 1))

    starts_at: Any = form.starts_at.data
    ends_at: Any = form.ends_at.data

    def asked(status: int = 200) -> tuple[str, int] | None:
        spans = occurrences(Interval(starts_at, ends_at), form.repetition, local_zone())
        found = clashes(chosen.id, units, spans, now=now)
        page = render_template(
            "lab/calendar/block_ask.html",
            form=form,
            lab=lab,
            instrument=chosen,
            units=units,
            spans=spans,
            found=found,
            ways=[ways_of(each, instruments) for each in found],
            chosen={each.booking.ref: request.form.get(f"way-{each.booking.ref}") for each in found},
        )
        return (page, status) if found else None

    if "sure" not in request.form and ends_at > starts_at:
        try:
            question = asked()
        except Problem as problem:
            return _form_page(form, show_problem(form, problem))
        if question is not None:
            return question

    def blocked(made: services.Block) -> Any:
        if not made.taken and not made.in_the_way:
            return lambda: render_template("lab/calendar/blocked.html", spans=(), wanted=None, lab=lab, found=())
        return (
            ngettext("Blocked; %(num)d span taken.", "Blocked; %(num)d spans taken.", len(made.taken)),
            url_for(".block_page", block_id=made.id, lab=lab.code),
        )

    answer = posted(
        form,
        lambda: services.clear_and_block(
            actor=actor,
            now=now,
            instrument_id=chosen.id,
            starts_at=form.starts_at.data,
            ends_at=form.ends_at.data,
            kind=form.kind.data,
            note=form.note.data or "",
            units=form.units.data or None,
            rule=form.repetition,
            ways=chosen_ways(),
            reason=form.reason.data or "",
        ),
        blocked,
    )
    if isinstance(answer, Response):
        return answer
    return (asked(answer) if "sure" in request.form else None) or _form_page(form, answer)


def ways_of(clash: Clash, instruments: dict[int, Instrument]) -> list[tuple[str, Any, Instrument | None]]:
    """What may become of a booking in the way: (value, unit or start, another instrument)."""
    found: list[tuple[str, Any, Instrument | None]] = []
    if clash.unit is not None:
        found.append((f"{SAME_TIME}|{clash.unit}", clash.unit, None))
    for slot in clash.ways:
        other = instruments.get(slot.instrument_id or 0)
        elsewhere = other if other is not None and other.id != clash.booking.instrument_id else None
        found.append((f"{slot.starts_at.isoformat()}|{slot.instrument_id}|{slot.unit}", slot, elsewhere))
    return found


def chosen_ways() -> list[services.Way]:
    """What was chosen for each booking; nothing for one that stays."""
    found = []
    for name, value in request.form.items():
        if not name.startswith("way-") or not value:
            continue
        ref, parts = name.removeprefix("way-"), value.split("|")
        if parts[0] == SAME_TIME:
            found.append(services.Way(ref=ref, unit=read_number(parts[-1])))
            continue
        start, instrument, unit = (*parts, "", "")[:3]
        moment = read_moment(start)
        if moment is None or moment.tzinfo is None:
            raise NotFound
        found.append(
            services.Way(
                ref=ref, starts_at=moment, instrument_id=read_number(instrument), unit=read_number(unit) or None
            )
        )
    return found


@blueprint.get("/calendar/blocks/<block_id>")
@requires("booking.see", of=OWN_LABS)
def block_page(block_id: str) -> Any:
    """What a block took, what is still wanted, and the bookings that lie in the way."""
    return _block_page(block_id)


def _block_page(block_id: str, form: TimesForm | None = None, status: int = 200) -> Any:
    actor, now = current_actor(), utc_now()
    lab, _labs = chosen_lab(actor)
    spans, row = spans_of_block(block_id, actor.firm_id), wanted_block(block_id, actor.firm_id)
    if not spans and row is None:
        raise NotFound
    wanted, instrument = row or (None, spans[0][1])
    starts_at, ends_at = (wanted.starts_at, wanted.ends_at) if wanted else _ends_of(spans)
    found: Sequence[Clash] = ()
    if wanted is not None and wanted.incomplete:
        found = clashes(instrument.id, wanted.units, [Interval(starts_at, ends_at)], now=now)
    page = render_template(
        "lab/calendar/blocked.html",
        spans=spans,
        block_id=block_id,
        lab=lab,
        wanted=wanted,
        instrument=instrument,
        starts_at=starts_at,
        ends_at=ends_at,
        found=found,
        form=form or ChangeForm(data={"starts_at": starts_at, "ends_at": ends_at}),
        may_block=may(actor, "time.block", lab=actor.firm_id),
        HoldingKind=HoldingKind,
    )
    return page, status


def _ends_of(spans: Sequence[Any]) -> tuple[Any, Any]:
    return min(row[0].starts_at for row in spans), max(row[0].ends_at for row in spans)


@blueprint.post("/calendar/blocks/<block_id>/change")
@requires("time.block", of=THE_BLOCK)
def change_block(block_id: str) -> Any:
    """Other times for a block, from its page; or, from the grid, an edge dragged (`was_…`: where the bar stood)."""
    actor, now = current_actor(), utc_now()
    form = ChangeForm()
    if "was_starts_at" in request.form:
        return _dragged(block_id, form)
    answer = posted(
        form,
        lambda: services.change_block(
            actor=actor,
            now=now,
            block_id=block_id,
            starts_at=form.starts_at.data,
            ends_at=form.ends_at.data,
            following=form.following.data,
        ),
        lambda _done: (_("The block is changed."), url_for(".block_page", block_id=block_id)),
    )
    return answer if isinstance(answer, Response) else _block_page(block_id, form, answer)


def _dragged(block_id: str, form: TimesForm) -> Any:
    """JSON for the grid. Of a block in several pieces the edge that was dragged moves; the other stays as wanted."""
    actor, now = current_actor(), utc_now()
    was = [read_moment(request.form.get(name, "")) for name in ("was_starts_at", "was_ends_at")]
    spans, row = spans_of_block(block_id, actor.firm_id), wanted_block(block_id, actor.firm_id)
    if not form.validate() or None in was or not spans:
        raise NotFound
    wanted = (row.WantedBlock.starts_at, row.WantedBlock.ends_at) if row else _ends_of(spans)
    to: list[Any] = [form.starts_at.data, form.ends_at.data]
    if to[0] != was[0] and to[1] != was[1]:
        to = [each + (to[0] - was[0]) for each in wanted]
    else:
        to = [after if after != before else as_wanted for after, before, as_wanted in zip(to, was, wanted, strict=True)]
    try:
        return carry_out(
            lambda: services.change_block(actor=actor, now=now, block_id=block_id, starts_at=to[0], ends_at=to[1]),
            lambda _done: lambda: jsonify(done=_("The block is changed.")),
        )
    except (NotAllowed, NotFound):
        raise
    except Problem as problem:
        return jsonify(refused=problem.text, ways=[]), problem.status


@blueprint.post("/calendar/blocks/<block_id>/remove")
@requires("time.block", of=THE_BLOCK)
def unblock(block_id: str) -> Any:
    following = "following" in request.form
    return carry_out(
        lambda: services.unblock(actor=current_actor(), now=utc_now(), block_id=block_id, following=following),
        lambda _done: (
            _("The block is removed; the time is free again."),
            url_for(".calendar", lab=request.form.get("lab") or None),
        ),
    )
