"""Calendars as iCalendar (RFC 5545): what feeds hold, and invitations by mail (iTIP, RFC 5546). Moments go out in UTC.

The library is imported by those who need it: few requests do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _

from labshare.kernel.terms import EntryState

PRODUCT = "-//LabShare//LabShare//EN"
REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"
MEDIA_TYPE = "text/calendar"
REFRESH = timedelta(hours=1)
"""How often whoever shows a feed should look again."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry, its words in the language of whoever reads it."""

    name: str
    """The same in every calendar and every mail, such as a booking's reference."""
    revision: int
    """Raised with each change of time, place or state; a reader keeps the highest."""
    state: EntryState
    starts_at: datetime
    ends_at: datetime
    stamped_at: datetime
    """When it came to say what it says."""
    title: str
    text: str = ""
    place: str = ""
    url: str | None = None


def feed(entries: Iterable[Entry], *, title: str) -> bytes:
    """A calendar that one subscribes to."""
    return _calendar(entries, method=PUBLISH, title=title)


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """An entry on its way by mail: what a mail program puts into its owner's calendar, or takes out of it."""

    method: str
    """`REQUEST` or `CANCEL`."""
    content: bytes


def invitation(entry: Entry, *, organiser: str, sender: str, guest: str, guest_address: str) -> Invitation:
    """An invitation to the guest, or the end of one. The organiser's address is the one mails are sent from, `sender`:
    mail programs trust no other."""
    from icalendar import vCalAddress

    method = CANCEL if entry.state == EntryState.CANCELLED else REQUEST
    organised = vCalAddress(f"mailto:{parseaddr(sender)[1] or sender}")
    organised.params["CN"] = organiser
    invited = vCalAddress(f"mailto:{guest_address}")
    invited.params.update(CN=guest or guest_address, ROLE="REQ-PARTICIPANT", PARTSTAT="NEEDS-ACTION", RSVP="FALSE")
    people = {"organizer": organised, "attendee": invited}
    return Invitation(method=method, content=_calendar([entry], method=method, people=people))


def _calendar(
    entries: Iterable[Entry], *, method: str, title: str = "", people: Mapping[str, object] | None = None
) -> bytes:
    from icalendar import Calendar, Event

    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", method)
    if title:
        made.add("name", title)
        made.add("x-wr-calname", title)
        made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        made.add("x-published-ttl", "PT1H")
    host = urlsplit(current_app.config["BASE_URL"]).hostname or "localhost"
    for entry in entries:
        event = Event()
        event.add("uid", f"{entry.name}@{host}")
        event.add("sequence", entry.revision)
        for name, moment in (("dtstamp", entry.stamped_at), ("dtstart", entry.starts_at), ("dtend", entry.ends_at)):
            event.add(name, moment.astimezone(UTC))  # an offset would need its time zone beside it
        event.add("status", str(entry.state))
        event.add("transp", "TRANSPARENT" if entry.state == EntryState.CANCELLED else "OPAQUE")
        event.add("summary", _titled(entry))
        for name, value in (("description", entry.text), ("location", entry.place), ("url", entry.url)):
            if value:
                event.add(name, value)
        for name, whom in (people or {}).items():
            event.add(name, whom)
        made.add_component(event)
    return bytes(made.to_ical())


def _titled(entry: Entry) -> str:
    """Many calendars show a state by nothing but its words."""
    if entry.state == EntryState.CONFIRMED:
        return entry.title
    return str(_("%(state)s: %(title)s", state=entry.state.label, title=entry.title))
