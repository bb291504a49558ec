"""The lab's calendar: what holds its instruments over some days, and where each span stands on the axis of hours.

The axis runs through the days shown and leaves out the hours of the night. Places on it are whole minutes from its
beginning; the page writes them as classes (`labshare.web.lab.timetable.at`), which the stylesheet turns into
percentages, so that no element needs a style of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property
from itertools import zip_longest
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import Row

from labshare.booking.queries.desk import Held, held_between, units_of_lab
from labshare.booking.queries.loading import certificates_of, openings_of
from labshare.booking.rules.time import Closure, DayRange, Interval, Openings, OpeningsOf, without
from labshare.booking.terms import BookingState, HoldingKind
from labshare.catalogue.formatting import kind_of_instrument, make_and_model, with_model
from labshare.catalogue.models import Instrument, Lab
from labshare.kernel.formatting import SlotWriter, clock_time, month_day, twin
from labshare.kernel.time import local_day, local_zone, start_of_day
from labshare.organisations.names import short_firm
from labshare.web.filters import chinese, localized

HOUR, DAY = 60, 1440
USUAL_HOURS = (8, 20)
"""Shown of a day when nothing is open and nothing held."""
MINUTE = timedelta(minutes=1)
PAGE = 25
"""Instruments of a page of the grid that a script draws; the table lists all."""
LONG = 150
"""Minutes from which a bar has room for its own times and name."""

KINDS = {
    "ask": _l("Awaiting confirmation"),
    "": _l("Confirmed"),
    "work": _l("Testing"),
    "done": _l("Finished"),
    "house": _l("In-house use"),
    "train": _l("Training"),
    "block": _l("Maintenance"),
    "early": HoldingKind.EARLIER.label,
}
"""The looks of bars, as the key of the calendar names them."""
LOOKS: dict[str, str] = {
    BookingState.REQUESTED: "ask",
    BookingState.CONFIRMED: "",
    **dict.fromkeys(BookingState.at_work(), "work"),
    **dict.fromkeys(BookingState.tested_or_later(), "done"),
}
HELD: dict[str, str] = {
    HoldingKind.MAINTENANCE: "block",
    HoldingKind.TRAINING: "train",
    HoldingKind.IN_HOUSE: "house",
    HoldingKind.EARLIER: "early",
    HoldingKind.OFFER: "ask",
}
"""The look of what holds time without a booking of its own."""


@dataclass(frozen=True)
class Axis:
    """The days shown, each from `opens` to `closes` o'clock, one behind the other."""

    first: date
    days: int
    opens: int
    closes: int
    zone: tzinfo = field(default_factory=local_zone)

    @property
    def hours(self) -> int:
        """Hours shown of each day."""
        return self.closes - self.opens

    @property
    def end(self) -> int:
        """Its last minute."""
        return self.days * self.hours * HOUR

    def day_end(self, minute: int) -> int:
        """The last minute of the day that this minute lies in."""
        day = self.hours * HOUR
        return (minute // day + 1) * day

    def shows(self, moment: datetime) -> bool:
        """Whether the axis has the moment, and does not leave it out."""
        local = moment.astimezone(local_zone())
        return 0 <= (local.date() - self.first).days < self.days and self.opens <= local.hour < self.closes

    def at(self, moment: datetime) -> int:
        """The minute of the axis at a moment; what the axis leaves out lies where it is cut."""
        local = moment.astimezone(self.zone)
        day = (local.date() - self.first).days
        if day < 0:
            return 0
        if day >= self.days:
            return self.end
        minute = local.hour * HOUR + local.minute + (local.second >= 30) - self.opens * HOUR
        return day * self.hours * HOUR + min(max(minute, 0), self.hours * HOUR)

    def place(self, starts_at: datetime, ends_at: datetime) -> tuple[int, int]:
        """(minute, width in minutes) of a span on the axis."""
        start = self.at(starts_at)
        return start, self.at(ends_at) - start


def axis_of(first: date, days: int, weekly: Iterable[Sequence[tuple[int, int]]], held: Iterable[Interval]) -> Axis:
    """The axis whose days cover the lab's opening hours (minutes after midnight by weekday) and what is held. What runs
    through a night, and what begins or ends at midnight, is cut where the day shown ends, so that one such span does
    not bring all nights onto the page."""
    zone, last_day = local_zone(), first + timedelta(days=days - 1)
    opens, closes = [], []
    for start, end in (span for day in weekly for span in day):
        opens.append(start if end <= DAY else 0)
        closes.append(min(end, DAY))
    for span in held:
        starts_at, ends_at = span.starts_at.astimezone(zone), span.ends_at.astimezone(zone)
        start, end = _minute_of(starts_at), _minute_of(ends_at)
        if start and first <= starts_at.date() <= last_day:
            opens.append(start)
            closes.append(start + 1)
        if end and starts_at.date() == (ends_at - MINUTE).date():
            opens.append(end - 1)
            closes.append(end)
    if not opens:
        return Axis(first, days, *USUAL_HOURS)
    return Axis(first, days, min(opens) // HOUR, -(-max(closes) // HOUR))


def _minute_of(local: datetime) -> int:
    return local.hour * HOUR + local.minute


def at(start: int, width: int) -> str:
    """The classes that put an element at a minute of the axis, as wide as so many minutes (frontend: steps.scss)."""
    return f"xh{start // HOUR} xm{start % HOUR} wh{width // HOUR} wm{width % HOUR}"


class Named:
    """A name in two languages, written once in the reader's for all its bars."""

    def __init__(self, name: str | None, name_en: str | None) -> None:
        self.name, self.name_en = name, name_en

    @cached_property
    def plain(self) -> str:
        return twin(self)

    @cached_property
    def localized(self) -> Markup:
        return localized(self)

    @cached_property
    def short(self) -> Markup:
        """Without place and legal form, for a bar."""
        return chinese(short_firm(self))


@dataclass(kw_only=True)  # not frozen: a table has thousands of them, and freezing costs the most of their making
class Bar:
    """A span of held time: work or a block from `starts_at` to `ends_at`, then the clean-up until `free_at`; local
    moments. What only the grid writes is made when the grid asks."""

    kind: str
    """Chooses its look: ask, work, done, house, train, block, early, or empty for what is confirmed."""
    offered: bool
    """Held, not taken: for a proposal to a client (`ref` is its booking), for one who telephoned (`made`), or while
    somebody books."""
    block: str | None
    note: str
    ref: str | None
    made: int | None
    """What the lab booked for a client that has not accepted it yet."""
    state: str | None
    client: Named | None
    item: Named | None
    starts_at: datetime
    ends_at: datetime
    free_at: datetime
    span: str
    """Both times with their day."""
    what: str
    """Its state, or what else holds the time, in words."""
    cleanup: str
    """The clean-up in words, empty where there is none."""
    axis: Axis
    next: datetime | None
    """When the next bar of the unit begins."""

    @cached_property
    def description(self) -> str:
        """All of it in words that stand alone: for those who do not see the bar, and where it is too narrow to write
        on."""
        named = (self.client.plain, self.item.plain) if self.client and self.item else ()
        return " · ".join(filter(None, (*named, self.span, self.what, self.note, self.cleanup)))

    @cached_property
    def dated(self) -> bool:
        """Lasts over a night: both its times are written with their days."""
        return self.starts_at.date() != (self.ends_at - MINUTE).date()

    @property
    def begins(self) -> str:
        return _on_bar(self.starts_at, self.dated)

    @property
    def ends(self) -> str:
        return _on_bar(self.ends_at, self.dated)

    @cached_property
    def _at(self) -> tuple[int, int]:
        return self.axis.place(self.starts_at, self.ends_at)

    @property
    def width(self) -> int:
        """Minutes of the axis."""
        return self._at[1]

    @property
    def place(self) -> str:
        """Classes of its place on the axis."""
        return at(*self._at)

    @property
    def tail(self) -> str:
        """Classes of the clean-up time; empty where there is none on the axis."""
        start, width = self.axis.place(self.ends_at, self.free_at)
        return at(start, width) if width else ""

    @property
    def room(self) -> str:
        """Classes of where its times and name may be written: a short bar's reach over the free time behind it; in a
        long one (`is-long`) they stay in sight as long as it does."""
        start, width = self._at
        if width >= LONG:
            return at(start, width) + " is-long"
        edge = self.axis.at(self.next) if self.next else self.axis.end
        return at(start, max(width, min(edge, self.axis.day_end(start)) - start))


@dataclass(frozen=True)
class Line:
    """One unit of one instrument."""

    instrument: Instrument
    unit: int
    bars: tuple[Bar, ...]
    uncalibrated_from: date | None
    uncalibrated: str
    """Classes of the days on which the calibration has run out; empty where it holds."""
    shut: tuple[str, ...] | None = None
    """Classes of the spans in which an instrument of its own hours is closed; None: the lab's."""

    @cached_property
    def unit_text(self) -> str:
        """Which unit, where there are several."""
        return f" · {_('unit %(n)s', n=self.unit)}" if self.instrument.units > 1 else ""

    @cached_property
    def label(self) -> Markup:
        """Instrument with model, and the unit where there are several."""
        return chinese(with_model(self.instrument)) + self.unit_text

    @property
    def calibrated_until(self) -> date | None:
        """The last day the calibration holds, where it ends in the days shown."""
        return self.uncalibrated_from - timedelta(days=1) if self.uncalibrated_from else None


@dataclass(frozen=True)
class Calendar:
    """`shut`: classes of the spans on the axis in which the lab is closed. `now`: the present minute, if shown."""

    first: date
    days: tuple[date, ...]
    rows: tuple[Line, ...]
    axis: Axis
    openings: tuple[Interval, ...]
    closures: tuple[Closure, ...]
    shut: tuple[str, ...]
    now: str

    def open_on(self, day: date) -> list[Interval]:
        """The day's opening intervals."""
        return [span for span in self.openings if local_day(span.starts_at) == day]

    def closed_on(self, day: date) -> list[Closure]:
        """Closures that meet the day."""
        since, until = start_of_day(day), start_of_day(day + timedelta(days=1))
        return [each for each in self.closures if each.starts_at < until and since < each.ends_at]

    def hours(self, step: int) -> list[tuple[int, str]]:
        """Every so many hours: the hour of the clock, and the classes of its place."""
        first, last, width = self.axis.opens, self.axis.closes, self.axis.hours
        return [
            (hour, at((day * width + hour - first) * HOUR, 0))
            for day in range(self.axis.days)
            for hour in range(first, last, step)
        ]

    def place_of(self, day: date) -> str:
        """Classes of a day's place on the axis; empty where it is not shown."""
        n = (day - self.first).days
        return at(n * self.axis.hours * HOUR, self.axis.hours * HOUR) if 0 <= n < self.axis.days else ""

    @cached_property
    def by_day(self) -> dict[date, list[tuple[Line, Bar]]]:
        """What is held on each day, in part or whole, in order of time."""
        found: dict[date, list[tuple[Line, Bar]]] = {day: [] for day in self.days}
        for row in self.rows:
            for bar in row.bars:
                day = max(bar.starts_at.date(), self.first)
                last = min((bar.free_at - MINUTE).date(), self.days[-1])
                while day <= last:
                    found[day].append((row, bar))
                    day += timedelta(days=1)
        for held in found.values():
            held.sort(key=lambda each: each[1].starts_at)
        return found

    @property
    def busy(self) -> tuple[Line, ...]:
        """The units that something holds, or that lack a calibration."""
        return tuple(row for row in self.rows if row.bars or row.uncalibrated)

    @property
    def idle(self) -> list[Instrument]:
        """The instruments of which no unit is held."""
        busy = {row.instrument.id for row in self.busy}
        return list({row.instrument.id: row.instrument for row in self.rows if row.instrument.id not in busy}.values())


def paged(units: Sequence[Row[tuple[Instrument, int]]], page: int) -> Sequence[Row[tuple[Instrument, int]]]:
    """The units of the instruments of one page."""
    ids = list(dict.fromkeys(row.Instrument.id for row in units))[(page - 1) * PAGE : page * PAGE]
    return [row for row in units if row.Instrument.id in ids]


def calendar_of(
    lab: Lab, first: date, *, days: int, now: datetime, instrument_id: int | None = None, page: int | None = None
) -> Calendar:
    """All instruments of a lab, or those of one page, over some days, from their holdings. Seven statements."""
    since, until = start_of_day(first), start_of_day(first + timedelta(days=days))
    units = units_of_lab(lab_id=lab.id, instrument_id=instrument_id)
    units = paged(units, page) if page else units
    ids = [instrument.id for instrument, _unit in units]
    found = held_between(ids, since, until, now=now)
    certificates = certificates_of(ids)
    opens = openings_of([lab.id], since)
    openings = opens.of_lab(lab.id)
    axis = _axis(first, days, opens, lab, ids, found)
    held: dict[tuple[int, int], list[Held]] = {}
    for row in found:
        held.setdefault((row.instrument_id, row.unit), []).append(row)
    write = _Writer(axis)
    last_day = first + timedelta(days=days - 1)
    rows = []
    for instrument, unit in units:
        runs_out = _runs_out(instrument, certificates.get(instrument.id, ()))
        runs_out = runs_out if runs_out and runs_out <= last_day else None
        place = at(*axis.place(start_of_day(max(runs_out, first)), until)) if runs_out else ""
        bars = write.bars(held.get((instrument.id, unit), ()))
        own = opens.own_of_lab(lab.id).get(instrument.id)
        shut = _shut(axis, own, since, until) if own is not None else None
        rows.append(Line(instrument, unit, bars, runs_out, place, shut))
    return Calendar(
        first,
        tuple(first + timedelta(days=n) for n in range(days)),
        tuple(rows),
        axis,
        tuple(openings.between(since, until)),
        tuple(openings.closures_within(since, until)),
        _shut(axis, openings, since, until),
        at(axis.at(now), 0) if axis.shows(now) else "",
    )


def _axis(
    first: date, days: int, opens: OpeningsOf, lab: Lab, instrument_ids: Iterable[int], found: Sequence[Held]
) -> Axis:
    """The axis for a lab and those of these instruments that have their own hours."""
    every = [opens.of_lab(lab.id), *(opens.of_instrument(each, lab_id=lab.id) for each in instrument_ids)]
    ends = (first, first + timedelta(days=days - 1))
    weekly = [day for hours in {one.hours for one in every} for end in ends for day in hours.on(end)]
    return axis_of(first, days, weekly, {Interval(row.starts_at, row.ends_at) for row in found})


def _closed(openings: Openings, since: datetime, until: datetime) -> list[Interval]:
    return without([Interval(since, until)], openings.between(since, until))


def _shut(axis: Axis, openings: Openings, since: datetime, until: datetime) -> tuple[str, ...]:
    """Classes of the spans on the axis that lie outside opening hours."""
    places = (axis.place(*span) for span in _closed(openings, since, until))
    return tuple(at(*place) for place in places if place[1])


EVENT = ("resource", "start", "end", "free", "kind", "state", "ref", "client", "item", "block", "note", "made")
"""What stands in an event of `calendar_data`, in order."""


def calendar_data(
    lab: Lab, first: date, days: int, now: datetime, *, instrument_id: int | None = None, page: int | None = None
) -> dict[str, Any]:
    """The same days as plain data for a script, small enough for thousands of bookings.

    `resources`: the units of instruments, each with the minute from which it lacks a calibration, and when it is closed
    where it has its own hours; `clients`, `items`:
    names by id, `shorts` the clients' without place and legal form; `looks`: how a state or kind is drawn (the page's
    key); `grid`: minutes to which tests start; `zone`: minutes of the wall clock before UTC; `hours`: the hours of the
    axis; `shut`: when the lab is closed, in minutes, `closures` among it with reasons. `events`: what holds the units,
    each a list in the order of `columns`: the place of its unit in `resources`, whole minutes after `start` (ISO 8601)
    of its begin, its end and the end of the clean-up, then what it is. Six statements, whatever the number of bookings.
    """
    since, until = start_of_day(first), start_of_day(first + timedelta(days=days))
    units = units_of_lab(lab_id=lab.id, instrument_id=instrument_id)
    units = paged(units, page) if page else units
    places = {(instrument.id, unit): n for n, (instrument, unit) in enumerate(units)}
    ids = list({instrument.id for instrument, _unit in units})
    clients: dict[int, Named] = {}
    items: dict[int, str] = {}
    events = []
    found = held_between(ids, since, until, now=now)
    for held in found:
        client, item = held.client_firm_id, held.test_item_id
        if client is not None and client not in clients:
            clients[client] = Named(held.client, held.client_en)
        if item is not None and item not in items:
            items[item] = twin(Named(held.item, held.item_en))
        events.append(
            (
                places[held.instrument_id, held.unit],
                (held.starts_at - since) // MINUTE,
                (held.work_ends_at - since) // MINUTE,
                (held.ends_at - since) // MINUTE,
                held.kind,
                held.state,
                held.ref,
                client,
                item,
                held.block,
                held.note,
                held.made_id,
            )
        )
    opens, certificates = openings_of([lab.id], since), certificates_of(ids)
    openings = opens.of_lab(lab.id)
    axis = _axis(first, days, opens, lab, ids, found)

    def shut(of: Openings) -> list[tuple[int, int]]:
        return [
            ((span.starts_at - since) // MINUTE, (span.ends_at - since) // MINUTE) for span in _closed(of, since, until)
        ]

    own = {key: shut(of) for key, of in opens.own_of_lab(lab.id).items() if key in ids}
    return {
        "lab": lab.code,
        "grid": lab.start_grid,
        "start": since.isoformat(),
        "zone": (since.astimezone(local_zone()).utcoffset() or timedelta()) // MINUTE,
        "days": days,
        "hours": (axis.opens, axis.closes),
        "shut": shut(openings),
        "closures": [
            ((each.starts_at - since) // MINUTE, (each.ends_at - since) // MINUTE, each.reason)
            for each in openings.closures_within(since, until)
        ],
        "resources": [
            {
                "instrument": instrument.id,
                "unit": unit,
                "units": instrument.units,
                "title": with_model(instrument),
                "kind": kind_of_instrument(instrument),
                "model": make_and_model(instrument),
                "uncalibrated": _lacks_from(instrument, certificates.get(instrument.id, ()), since),
                "shut": own.get(instrument.id),
            }
            for instrument, unit in units
        ],
        "clients": {number: named.plain for number, named in clients.items()},
        "shorts": {number: short_firm(named) for number, named in clients.items()},
        "items": items,
        "looks": LOOKS | HELD,
        "columns": EVENT,
        "events": events,
    }


def _runs_out(instrument: Instrument, certificates: Sequence[DayRange]) -> date | None:
    """The day from which the instrument lacks a calibration; None where it needs or ever had none."""
    ends = [span.last for span in certificates]
    return max(ends) + timedelta(days=1) if ends and instrument.needs_calibration else None


def _lacks_from(instrument: Instrument, certificates: Sequence[DayRange], since: datetime) -> int | None:
    """The same in minutes after `since`."""
    day = _runs_out(instrument, certificates)
    return None if day is None else (start_of_day(day) - since) // MINUTE


class _Writer:
    """Makes bars of rows; each name, and each word that all bars share, is translated once."""

    def __init__(self, axis: Axis) -> None:
        self.axis, self._zone = axis, local_zone()
        self._clients: dict[int, Named] = {}
        self._items: dict[int, Named] = {}
        self._slot = SlotWriter(table=True)
        self._kinds = {kind: str(label) for kind, label in KINDS.items()}
        self._cleanup = _("clean-up until %(time)s")
        self._proposed, self._held = _("Proposed time"), _("Held while a client books")
        self._unaccepted = _("Not accepted by the client yet")

    def bars(self, held: Sequence[Held]) -> tuple[Bar, ...]:
        """The bars of one unit, from what holds it in order of time."""
        starts = [one.starts_at.astimezone(self._zone) for one in held]
        spans = zip_longest(held, starts, starts[1:])
        return tuple(self._bar(one, starts_at=start, then=then) for one, start, then in spans)

    def _bar(self, held: Held, *, starts_at: datetime, then: datetime | None) -> Bar:
        kind = HELD.get(held.kind)
        kind = LOOKS.get(held.state or "", "") if kind is None else kind
        offered = held.kind == HoldingKind.OFFER
        ends_at = free_at = held.work_ends_at.astimezone(self._zone)
        if cleaned := ends_at < held.ends_at:
            free_at = held.ends_at.astimezone(self._zone)
        return Bar(
            kind=kind,
            offered=offered,
            block=held.block,
            note=held.note or "",
            ref=held.ref,
            made=held.made_id,
            state=held.state,
            client=self._client(held),
            item=self._item(held),
            starts_at=starts_at,
            ends_at=ends_at,
            free_at=free_at,
            span=self._slot(starts_at, ends_at),
            what=self._offered(held) if offered else self._kinds[kind],
            cleanup=self._cleanup % {"time": clock_time(free_at)} if cleaned else "",
            axis=self.axis,
            next=then,
        )

    def _client(self, held: Held) -> Named | None:
        number = held.client_firm_id
        if number is not None and number not in self._clients:
            self._clients[number] = Named(held.client, held.client_en)
        return None if number is None else self._clients[number]

    def _item(self, held: Held) -> Named | None:
        number = held.test_item_id
        if number is not None and number not in self._items:
            self._items[number] = Named(held.item, held.item_en)
        return None if number is None else self._items[number]

    def _offered(self, held: Held) -> str:
        return self._proposed if held.ref else self._unaccepted if held.made_id else self._held


def _on_bar(moment: datetime, dated: bool) -> str:
    """A time as a bar says it; one that lasts over a night says the days too."""
    return f"{month_day(moment)} {clock_time(moment)}" if dated else clock_time(moment)
