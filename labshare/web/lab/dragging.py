"""A booking dropped on the calendar's grid: what that would come to, the proposal once it is wanted, or why not.

Answers are JSON for the script that draws the grid: `ask` (the question before the last click, HTML), `done` (what was
done), or `refused` with the reason and the `ways` that would do. Without a script the booking's own page moves it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import jsonify, render_template
from flask_babel import gettext as _
from wtforms import HiddenField

from labshare.booking.errors import InstrumentNotOfItem, MovedMeanwhile, SlotTaken
from labshare.booking.models import Booking
from labshare.booking.queries.bookings import get_booking
from labshare.booking.queries.desk import held_between
from labshare.booking.queries.loading import load_bookable_item
from labshare.booking.rules.slots import Slot
from labshare.booking.services import elsewhere, move_unit, propose, where_to
from labshare.booking.terms import HoldingKind, Party
from labshare.catalogue.formatting import with_model
from labshare.http.actor import current_actor
from labshare.http.rights import THE_BOOKING, requires
from labshare.kernel.errors import InvalidInput, NotAllowed, NotFound, Problem
from labshare.kernel.formatting import sentence_space, table_slot, twin, when
from labshare.kernel.time import utc_now
from labshare.web.asked import read_moment, read_number
from labshare.web.lab import blueprint
from labshare.web.lab.timetable import Named
from labshare.web.moving import ProposeForm
from labshare.web.steps import carry_out


class DropForm(ProposeForm):
    """Where it was dropped, and where it stood when it was taken up."""

    starts_at = HiddenField()
    instrument = HiddenField()
    unit = HiddenField()
    seen = HiddenField()
    sure = HiddenField()


@blueprint.post("/bookings/<ref>/drop")
@requires("booking.propose", of=THE_BOOKING)
def drop(ref: str) -> Any:
    """Ask what a drop would come to, move to another unit at once, or propose (`sure`, with a reason)."""
    actor, now = current_actor(), utc_now()
    form = DropForm()
    booking = get_booking(actor, ref)
    starts_at, instrument_id, unit = _place(form)
    if starts_at is None:
        raise NotFound
    try:
        if form.seen.data and form.seen.data != seen(booking):
            raise MovedMeanwhile(when=f"{when(booking.starts_at)}, {with_model(booking.instrument)}")
        if (starts_at, instrument_id) == (booking.starts_at, booking.instrument_id) and unit:
            return carry_out(
                lambda: move_unit(actor=actor, now=now, ref=ref, unit=unit),
                lambda _moved: _done(_("Moved to another unit.")),
            )
        to: dict[str, Any] = {"starts_at": starts_at, "instrument_id": instrument_id, "unit": unit}
        if not form.sure.data or not form.validate_on_submit():
            return _ask(form, booking, where_to(booking, Party.LAB, now, **to))
        return carry_out(
            lambda: propose(actor=actor, now=now, ref=ref, reason=form.reason.data or "", **to),
            lambda _proposal: _done(_("Proposed; the client is asked.")),
        )
    except (NotAllowed, NotFound):
        raise
    except Problem as problem:
        return _refused(problem, get_booking(actor, ref), now, starts_at=starts_at, instrument_id=instrument_id)


def _done(message: str) -> Callable[[], Any]:
    return lambda: jsonify(done=message)


def seen(booking: Booking) -> str:
    """Where a booking stands, in a word that a drag brings along."""
    return f"{booking.starts_at.isoformat()}|{booking.instrument_id}|{booking.unit}"


def _place(form: DropForm) -> tuple[datetime | None, int | None, int | None]:
    starts_at = read_moment(form.starts_at.data or "")
    if starts_at is not None and starts_at.tzinfo is None:
        starts_at = None
    return starts_at, read_number(form.instrument.data or "") or None, read_number(form.unit.data or "") or None


def _ask(form: DropForm, booking: Booking, move: Any) -> Any:
    html = render_template("lab/calendar/_ask.html", form=form, booking=booking, move=move, side=Party.LAB)
    return jsonify(ask=html), 422 if form.errors else 200


def _refused(
    problem: Problem, booking: Booking, now: datetime, *, starts_at: datetime, instrument_id: int | None
) -> tuple[Any, int]:
    """Why not, in one sentence or two, and up to three starts that would do."""
    ways: tuple[Slot, ...]
    reason, ways = problem.text, ()
    if isinstance(problem, MovedMeanwhile):
        return jsonify(refused=reason, ways=[]), problem.status
    if isinstance(problem, SlotTaken):
        ways = problem.alternatives
        reason = _who_has_it(booking, now, starts_at=starts_at, instrument_id=instrument_id) or reason
    elif isinstance(problem, InstrumentNotOfItem):
        reason = f"{reason}{sentence_space()}{_able(booking, now)}"
    if not ways and isinstance(problem, InvalidInput | SlotTaken):
        ways = elsewhere(booking, now, near=starts_at)
    able = _instruments(booking, now) if ways else {}
    return jsonify(refused=reason, ways=[_way(each, booking, able) for each in ways]), problem.status


def _way(slot: Slot, booking: Booking, instruments: dict[int, Any]) -> dict[str, Any]:
    instrument = instruments.get(slot.instrument_id or 0)
    place = f" · {with_model(instrument)}" if instrument and instrument.id != booking.instrument_id else ""
    return {
        "words": table_slot(slot.starts_at, slot.ends_at) + place,
        "starts_at": slot.starts_at.isoformat(),
        "instrument": slot.instrument_id,
        "unit": slot.unit,
    }


def _able(booking: Booking, now: datetime) -> str:
    """Which instruments do the booking's test."""
    names = _(", ").join(with_model(each) for each in _instruments(booking, now).values())
    return _("Able to do it: %(instruments)s.", instruments=names)


def _instruments(booking: Booking, now: datetime) -> dict[int, Any]:
    bookable = load_bookable_item(booking.test_item_id, now)
    return {each.id: each for each in bookable.instruments} if bookable else {}


def _who_has_it(booking: Booking, now: datetime, *, starts_at: datetime, instrument_id: int | None) -> str:
    """What lies in the way there, by name; empty where it is gone by now."""
    until = starts_at + (booking.ends_at - booking.starts_at) + timedelta(minutes=booking.cleanup_minutes)
    held = held_between([instrument_id or booking.instrument_id], starts_at, until, now=now)
    names = []
    for row in held:
        if row.ref == booking.ref:
            continue
        block = (HoldingKind(row.kind).phrase, row.note)
        named = (row.ref, twin(Named(row.client, row.client_en))) if row.ref else block
        names.append(" · ".join(map(str, filter(None, (*named, table_slot(row.starts_at, row.ends_at))))))
    return _("Taken: %(what)s.", what=_("; ").join(names[:3])) if names else ""
