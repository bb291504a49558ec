"""What a booking says in a calendar: to its client, which does not read whose samples are on the machine before, and to
its lab. Invitations and feeds say the same."""

from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.booking.models import Booking
from labshare.booking.terms import BookingState
from labshare.catalogue.formatting import place_in_both
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.terms import EntryState
from labshare.notices.kinds import Appointment, entry

CLIENT_ENTRY = entry(
    "booking.client",
    title=_l("%(item)s, %(lab)s"),
    text=_l("Booking %(ref)s\nInstrument: %(instrument)s\nLab: %(lab)s\nTelephone: %(phone)s"),
)
LAB_ENTRY = entry(
    "booking.lab",
    title=_l("%(item)s, %(client)s"),
    text=_l("Booking %(ref)s\nInstrument: %(instrument)s, place %(unit)s\nClient: %(client)s\nSamples: %(quantity)s"),
)


def state_of_entry(booking: Booking) -> EntryState:
    """A no-show keeps its entry: the time has passed."""
    if booking.unanswered:
        return EntryState.TENTATIVE
    over = booking.state in (BookingState.DECLINED, BookingState.CANCELLED)
    return EntryState.CANCELLED if over else EntryState.CONFIRMED


def entry_params(booking: Booking) -> dict[str, Any]:
    """What fills the words of a booking's entry."""
    return {
        "ref": booking.ref,
        "client": in_both_languages(booking.client),
        "lab": in_both_languages(booking.lab),
        "item": in_both_languages(booking.test_item),
        "instrument": in_both_languages(booking.instrument),
        "unit": booking.unit,
        "quantity": booking.quantity,
        "phone": booking.lab.phone or None,
    }


def appointment(booking: Booking, entry: str) -> Appointment | None:
    """The entry as it stands now, in one side's words, for whoever is told; nothing while nobody was ever invited."""
    if not booking.revision:
        return None
    more = entry_params(booking)
    return Appointment(
        words=entry,
        name=booking.ref,
        revision=booking.revision,
        state=state_of_entry(booking),
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        place=place_in_both(booking.lab),
        more={name: more[name] for name in ("instrument", "unit", "quantity", "phone")},
    )
