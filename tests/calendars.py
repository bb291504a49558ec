"""Calendars read by three libraries that know nothing of one another: they must find the same in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import ics
import vobject
from icalendar import Calendar


@dataclass(frozen=True)
class Read:
    """One entry as a reader understood it."""

    uid: str
    sequence: int
    status: str
    starts_at: datetime
    ends_at: datetime
    title: str
    text: str
    place: str


def _moment(value: Any) -> datetime:
    found: datetime = value if isinstance(value, datetime) else value.datetime
    return found.astimezone(UTC)


def _by_icalendar(content: str) -> Iterator[Read]:
    for event in Calendar.from_ical(content).walk("VEVENT"):
        yield Read(
            str(event["UID"]),
            int(event["SEQUENCE"]),
            str(event["STATUS"]),
            _moment(event["DTSTART"].dt),
            _moment(event["DTEND"].dt),
            str(event["SUMMARY"]),
            str(event.get("DESCRIPTION", "")),
            str(event.get("LOCATION", "")),
        )


def _by_vobject(content: str) -> Iterator[Read]:
    for event in getattr(vobject.readOne(content), "vevent_list", []):
        yield Read(
            event.uid.value,
            int(event.sequence.value),
            event.status.value,
            _moment(event.dtstart.value),
            _moment(event.dtend.value),
            event.summary.value,
            event.description.value if hasattr(event, "description") else "",
            event.location.value if hasattr(event, "location") else "",
        )


def _by_ics(content: str) -> Iterator[Read]:
    for event in ics.Calendar(content).events:
        (sequence,) = (line.value for line in event.extra if line.name == "SEQUENCE")
        yield Read(
            event.uid,
            int(sequence),
            str(event.status),
            _moment(event.begin),
            _moment(event.end),
            event.name,
            event.description or "",
            event.location or "",
        )


def read(content: str | bytes) -> list[Read]:
    """The entries of a calendar by start, as all three read them. Asserts that they agree."""
    text = content.decode() if isinstance(content, bytes) else content
    first, *others = (
        sorted(by(text), key=lambda one: (one.starts_at, one.uid)) for by in (_by_icalendar, _by_vobject, _by_ics)
    )
    assert all(other == first for other in others), (first, others)
    return first


def method_of(content: str | bytes) -> str:
    return str(Calendar.from_ical(content)["METHOD"])
