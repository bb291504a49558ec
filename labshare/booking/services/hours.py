"""When labs are open: weekly hours, closures, the public working-day table. New ones list the bookings they hit and
change none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import chinese_calendar
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, exists, extract, or_, select

from labshare.audit.services import record
from labshare.booking.errors import EndBeforeStart, HoursFromThePast
from labshare.booking.models import Closure, OpeningWeek, WorkingDay, WorkingYear
from labshare.booking.queries.bookings import Conflict, bookings_hit
from labshare.booking.rules.hours import check_first_day, check_weekly
from labshare.booking.rules.time import Weekly
from labshare.booking.services.common import plain
from labshare.booking.terms import DayKind
from labshare.catalogue.models import Instrument, Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import InvalidInput, NotFound, ReasonRequired
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions


def lab_to_open(actor: Actor, lab_id: int) -> Lab:
    """The lab, for whoever may set its hours. Raises `NotFound`, `NotAllowed`."""
    lab = db.session.get(Lab, lab_id)
    if lab is None:
        raise NotFound
    if not lab.published and not permissions.may(actor, "catalogue.see_drafts", firm=lab.firm_id):
        raise NotFound
    permissions.check(actor, "time.hours", firm=lab.firm_id)
    return lab


@verb("time.set_hours", title=_l("Opening hours changed"))
def set_opening_hours(
    *,
    actor: Actor,
    now: datetime,
    lab_id: int,
    weekly: Weekly | None,
    instrument_id: int | None = None,
    valid_from: date | None = None,
) -> list[Conflict]:
    """Give a lab, or one of its instruments, weekly hours from a local day on (today by default): seven days from
    Monday, each a sequence of (opens, closes) minutes after local midnight, past midnight counting on. Touching
    intervals are fine. None: the instrument keeps the lab's. Hours entered for a later day stay. Raises `HoursOverlap`
    and `InvalidInput` on `hours`, `HoursFromThePast`. The bookings that now lie outside come back."""
    lab = lab_to_open(actor, lab_id)
    db.session.execute(select(Lab.id).where(Lab.id == lab.id).with_for_update())
    valid_from = valid_from or local_day(now)
    check_hours(weekly, valid_from, now)
    if weekly is None and instrument_id is None:
        raise InvalidInput(field="hours")
    if instrument_id is not None and not db.session.scalar(
        select(exists().where(Instrument.id == instrument_id, Instrument.lab_id == lab.id))
    ):
        raise NotFound
    put_week(actor, now, lab, weekly, valid_from, instrument_id)
    return bookings_hit(now, lab_id=lab.id)


def put_week(
    actor: Actor, now: datetime, lab: Lab, weekly: Weekly | None, valid_from: date, instrument_id: int | None
) -> OpeningWeek:
    """Write a week that was checked, with its event, for whoever may set the lab's hours. The row that says it."""
    of = OpeningWeek.instrument_id == instrument_id if instrument_id else OpeningWeek.instrument_id.is_(None)
    weeks = select(OpeningWeek).where(OpeningWeek.lab_id == lab.id, of).order_by(OpeningWeek.valid_from.desc())
    before = db.session.scalars(weeks.where(OpeningWeek.begun_on(valid_from)).limit(1)).first()
    was = _flat(before.weekly if before is not None else None)
    week = None if weekly is None else [[list(span) for span in sorted(day)] for day in weekly]
    if before is not None and before.valid_from == valid_from:
        row = before
        row.weekly = week
    else:
        row = OpeningWeek(lab_id=lab.id, instrument_id=instrument_id, valid_from=valid_from, weekly=week)
        db.session.add(row)
    db.session.flush()
    what = {"instrument_id": instrument_id} if instrument_id else {}
    after = what | {"hours": _flat(week), "valid_from": valid_from.isoformat()}
    record(actor, now, "time.set_hours", ("lab", lab.code), before=what | {"hours": was}, after=after)
    return row


def check_hours(weekly: Weekly | None, valid_from: date, now: datetime) -> None:
    """What `set_opening_hours` refuses of a week and its first day, before anything is asked or written."""
    check_first_day(valid_from, local_day(now))
    if weekly is not None:
        check_weekly(weekly)


def _flat(weekly: Sequence[Sequence[Sequence[int]]] | None) -> list[list[int]] | None:
    """(weekday, opens, closes) of each interval, as the trail keeps them; None: the lab's."""
    return None if weekly is None else [[weekday, *span] for weekday, day in enumerate(weekly) for span in day]


@verb("time.drop_hours", title=_l("Planned opening hours removed"))
def drop_opening_hours(*, actor: Actor, now: datetime, week_id: int) -> int:
    """Take back hours that were entered for a day to come; the id of their lab. Raises `NotFound`, `HoursFromThePast`
    for those that hold already."""
    week = db.session.get(OpeningWeek, week_id)
    if week is None:
        raise NotFound
    lab = lab_to_open(actor, week.lab_id)
    if week.begun_on(local_day(now)):
        raise HoursFromThePast
    take_week(actor, now, lab, week)
    return lab.id


def take_week(actor: Actor, now: datetime, lab: Lab, week: OpeningWeek) -> None:
    """Take a week away, with its event, for whoever may set the lab's hours."""
    what = {"instrument_id": week.instrument_id} if week.instrument_id else {}
    before = what | {"hours": _flat(week.weekly), "valid_from": week.valid_from.isoformat()}
    record(actor, now, "time.drop_hours", ("lab", lab.code), before=before)
    db.session.delete(week)
    db.session.flush()


@verb("time.add_closure", title=_l("Closure added"))
def add_closure(
    *, actor: Actor, now: datetime, lab_id: int, starts_at: datetime, ends_at: datetime, reason: str
) -> tuple[Closure, list[Conflict]]:
    """Close a lab for a span, with a reason that everyone sees. Raises `EndBeforeStart`, `ReasonRequired`. The
    bookings that it hits come back, unchanged."""
    lab = lab_to_open(actor, lab_id)
    if ends_at <= starts_at:
        raise EndBeforeStart
    if not reason.strip():
        raise ReasonRequired
    closure = Closure(lab_id=lab.id, starts_at=starts_at, ends_at=ends_at, reason=reason.strip())
    db.session.add(closure)
    db.session.flush()
    record(
        actor,
        now,
        "time.add_closure",
        ("lab", lab.code),
        after={"closure": closure.id, "starts_at": plain(starts_at), "ends_at": plain(ends_at)},
    )
    conflicts = [
        one
        for one in bookings_hit(now, lab_id=lab.id)
        if one.booking.starts_at < ends_at and one.booking.ends_at > starts_at
    ]
    return closure, conflicts


@verb("time.remove_closure", title=_l("Closure removed"))
def remove_closure(*, actor: Actor, now: datetime, closure_id: int) -> None:
    """Open again. Raises `NotFound`."""
    closure = db.session.get(Closure, closure_id)
    if closure is None:
        raise NotFound
    lab = lab_to_open(actor, closure.lab_id)
    record(
        actor,
        now,
        "time.remove_closure",
        ("lab", lab.code),
        before={"closure": closure.id, "starts_at": plain(closure.starts_at), "ends_at": plain(closure.ends_at)},
    )
    db.session.delete(closure)
    db.session.flush()


@dataclass(frozen=True)
class SpecialDay:
    """A day that is not what its weekday says: `kind` is `holiday` or `make_up`."""

    kind: str
    name: str = ""
    name_en: str = ""


@verb("time.set_year", title=_l("Working year changed"))
def set_working_year(
    *, actor: Actor, now: datetime, year: int, days: Mapping[date, SpecialDay], source: str
) -> list[Conflict]:
    """Replace a year of the public working-day table. One with special days is entered whole and thereby confirmed as
    complete; one without is only begun, and pages go on warning. For administrators, and the system when it seeds the
    table. Bookings hit come back."""
    if not actor.is_system:
        permissions.check(actor, "time.working_days")
    if not 2000 <= year <= 2200 or any(day.year != year for day in days):
        raise InvalidInput(field="year")
    if any(DayKind.known(special.kind) is None for special in days.values()):
        raise InvalidInput(field="kind")
    before = _special_days(year)
    db.session.execute(
        delete(WorkingDay).where(extract("year", WorkingDay.day) == year).execution_options(synchronize_session="fetch")
    )
    known = db.session.get(WorkingYear, year)
    if known is None:
        known = WorkingYear(year=year)
        db.session.add(known)
    known.source, known.confirmed_at = source, now if days else None
    db.session.add_all(
        WorkingDay(day=day, kind=special.kind, name=special.name, name_en=special.name_en)
        for day, special in sorted(days.items())
    )
    db.session.flush()
    after = {day.isoformat(): special.kind for day, special in sorted(days.items())}
    record(actor, now, "time.set_year", ("working_year", year), before=before, after=after)
    changed = [date.fromisoformat(day) for day in before.keys() ^ after.keys()]
    changed += [date.fromisoformat(day) for day in before.keys() & after.keys() if before[day] != after[day]]
    changed = [day for day in changed if day >= local_day(now)]
    return bookings_hit(now, days=changed) if changed else []


@verb("time.set_day", title=_l("Working day changed"))
def set_working_day(
    *, actor: Actor, now: datetime, day: date, kind: str | None, name: str = "", name_en: str = ""
) -> list[Conflict]:
    """Make one day a holiday or a make-up working day, or (`kind` None) an ordinary day again, as its weekday says. A
    year that the table lacks is begun by it, not confirmed. Bookings hit come back."""
    permissions.check(actor, "time.working_days")
    if kind is not None and DayKind.known(kind) is None:
        raise InvalidInput(field="kind")
    row = db.session.get(WorkingDay, day)
    before = {day.isoformat(): row.kind if row else None}
    if row is not None:
        db.session.delete(row)
        db.session.flush()
    if db.session.get(WorkingYear, day.year) is None:
        db.session.add(WorkingYear(year=day.year, source=""))
    if kind is not None:
        db.session.add(WorkingDay(day=day, kind=kind, name=name, name_en=name_en))
    db.session.flush()
    record(actor, now, "time.set_day", ("working_year", day.year), before=before, after={day.isoformat(): kind})
    return bookings_hit(now, days=[day])


@verb("time.confirm_year", title=_l("Working year confirmed as complete"))
def confirm_working_year(*, actor: Actor, now: datetime, year: int) -> WorkingYear:
    """Say that nothing is missing in a year of the table: pages stop warning. A second time changes nothing.

    Raises `NotFound` for a year that was never begun.
    """
    permissions.check(actor, "time.working_days")
    found = db.session.get(WorkingYear, year)
    if found is None:
        raise NotFound
    if not found.confirmed:
        found.confirmed_at = now
        record(
            actor,
            now,
            "time.confirm_year",
            ("working_year", year),
            before={"confirmed": False},
            after={"confirmed": True, "days": len(_special_days(year))},
        )
        db.session.flush()
    return found


def _special_days(year: int) -> dict[str, str]:
    rows = db.session.execute(
        select(WorkingDay.day, WorkingDay.kind).where(extract("year", WorkingDay.day) == year).order_by(WorkingDay.day)
    )
    return {day.isoformat(): kind for day, kind in rows}


SOURCE = "国务院办公厅关于部分节假日安排的通知"
ENGLISH = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "清明": "Tomb-sweeping Day",
    "劳动节": "Labour Day",
    "端午": "Dragon Boat Festival",
    "中秋": "Mid-Autumn Festival",
    "国庆节": "National Day",
    "抗日战争暨世界反法西斯战争胜利70周年": "70th Anniversary of Victory",
}


def published_year(year: int) -> dict[date, SpecialDay] | None:
    """The State Council's table of one year as the `chinesecalendar` package has it; None if it does not yet.

    A holiday is a day off that its weekday would not be, and the festival's own weekend days; a make-up day is a
    weekend day on which people work."""
    first = date(year, 1, 1)
    found: dict[date, SpecialDay] = {}
    try:
        for number in range((date(year + 1, 1, 1) - first).days):
            day = first + timedelta(days=number)
            off, festival = chinese_calendar.get_holiday_detail(day)
            weekend = day.weekday() >= 5
            if off and (festival or not weekend):
                found[day] = _special(DayKind.HOLIDAY, festival)
            elif not off and weekend:
                found[day] = _special(DayKind.MAKE_UP, festival)
    except NotImplementedError:
        return None
    return found


def _special(kind: str, festival: str | None) -> SpecialDay:
    english = festival or ""
    chinese = next((zh for holiday, zh in _CHINESE.items() if holiday == english), "")
    return SpecialDay(kind, chinese, ENGLISH.get(chinese, english))


_CHINESE = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}


def known_years() -> Sequence[int]:
    """The years that the table covers or has days of, in order."""
    with_days = select(extract("year", WorkingDay.day))
    wanted = or_(WorkingYear.confirmed, WorkingYear.year.in_(with_days))
    return list(db.session.scalars(select(WorkingYear.year).where(wanted).order_by(WorkingYear.year)))


@verb("time.seed_years", title=_l("Working days taken over"))
def seed_working_years(*, actor: Actor, now: datetime, first: int, last: int) -> list[int]:
    """Enter the published years that the table lacks, or that were begun without a day; the years entered. Running it
    again changes nothing."""
    if not actor.is_system:
        permissions.check(actor, "time.working_days")
    present = set(known_years())
    entered = []
    for year in range(first, last + 1):
        days = published_year(year) if year not in present else None
        if days is not None:
            set_working_year(actor=actor, now=now, year=year, days=days, source=SOURCE)
            entered.append(year)
    return entered
