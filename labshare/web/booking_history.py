"""A booking's time line in words: what happened, when, who did it, and of a move both times, places and the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.accounts.queries import names_of
from labshare.audit.models import AuditEvent
from labshare.booking.models import Booking, Proposal
from labshare.booking.queries.bookings import EventWithoutMoney
from labshare.booking.terms import BookingState, PauseReason
from labshare.catalogue.models import Instrument
from labshare.catalogue.queries.single import instruments_by_id
from labshare.kernel.verbs import action_title

BY_RULE = _l("Confirmed automatically by the lab's rule")
MOVES = frozenset({"booking.reschedule", "booking.accept_proposal", "booking.move_unit"})
ABOUT_PROPOSALS = frozenset(
    {"booking.propose", "booking.accept_proposal", "booking.decline_proposal", "booking.lapse_proposal"}
)


@dataclass(frozen=True)
class Place:
    """Where and when a booking lies, or would."""

    starts_at: datetime
    ends_at: datetime
    instrument: Instrument | None
    unit: int | None


@dataclass(frozen=True)
class Entry:
    """One line. `old` and `new`: of a move, done or proposed."""

    action: str
    label: LazyString | str
    at: datetime
    who: str | None
    """The person's name; None where the system did it."""
    by_rule: bool
    """The step confirmed the booking without anybody's answer."""
    state: str | None
    """The state it led to, where that changed."""
    old: Place | None = None
    new: Place | None = None
    reason: str = ""

    @property
    def other_place(self) -> bool:
        """Whether instrument or unit changes with the time."""
        if self.old is None or self.new is None:
            return False
        return (self.old.instrument, self.old.unit) != (self.new.instrument, self.new.unit)


def entries(booking: Booking, events: Sequence[AuditEvent | EventWithoutMoney]) -> list[Entry]:
    """The lines of a booking's events, oldest first. At most two statements."""
    people = names_of(event.person_id for event in events)
    proposals: dict[int, Proposal] = {one.id: one for one in booking.proposals}  # type: ignore[attr-defined]
    places = [event.after or {} for event in events]
    wanted = {int(after["instrument_id"]) for after in places if after.get("instrument_id")}
    wanted |= {one.instrument_id for one in proposals.values()}
    instruments = instruments_by_id(wanted)
    found, at = [], None
    for event in events:
        after = event.after or {}
        proposal = proposals.get(int(after.get("proposal") or 0)) if event.action in ABOUT_PROPOSALS else None
        new = _moved(at, after, instruments) if event.action not in ABOUT_PROPOSALS - MOVES else None
        offered = _of_proposal(proposal, instruments) if proposal is not None else None
        state = after.get("state") if after.get("state") != (event.before or {}).get("state") else None
        shown = offered or new if event.action in MOVES | ABOUT_PROPOSALS else None
        found.append(
            Entry(
                event.action,
                action_title(event.action),
                event.at,
                people.get(event.person_id or 0),
                state == BookingState.CONFIRMED and event.action in ("booking.book", "booking.reschedule"),
                state,
                at if shown else None,
                shown,
                _reason(after, proposal) if shown or "paused_for" in after else "",
            )
        )
        at = new or at
    return found


def _reason(after: Mapping[str, Any], proposal: Proposal | None) -> str:
    if "paused_for" in after:
        return str(PauseReason(after["paused_for"]).label)
    return str(after.get("reason") or (proposal.reason if proposal else ""))


def reached(lines: Sequence[Entry]) -> dict[str, Entry]:
    """State → the last line that led to it."""
    return {line.state: line for line in lines if line.state}


def _moved(at: Place | None, after: Mapping[str, Any], instruments: Mapping[int, Instrument]) -> Place | None:
    """Where the booking lies after an event that wrote some of its times or places; None if it wrote none."""
    if not {"starts_at", "ends_at", "instrument_id", "unit"} & after.keys():
        return None
    starts_at, ends_at = after.get("starts_at"), after.get("ends_at")
    if at is None and not (starts_at and ends_at):
        return None
    instrument_id = after.get("instrument_id")
    return Place(
        datetime.fromisoformat(starts_at) if starts_at else at.starts_at,  # type: ignore[union-attr]
        datetime.fromisoformat(ends_at) if ends_at else at.ends_at,  # type: ignore[union-attr]
        instruments.get(int(instrument_id)) if instrument_id else at and at.instrument,
        after.get("unit") or (at and at.unit),
    )


def _of_proposal(proposal: Proposal, instruments: Mapping[int, Instrument]) -> Place:
    return Place(proposal.starts_at, proposal.ends_at, instruments.get(proposal.instrument_id), proposal.unit)
