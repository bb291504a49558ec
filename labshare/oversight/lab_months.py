"""The figures of labs' months: what is kept of those that are over, and the sum of all others, in one statement.

What a month's row says is `counted_rows`, grouped; so what is kept and what is summed now cannot differ by definition,
and `labshare check` holds that they do not differ in fact (docs/decisions/months.md).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Date,
    FromClause,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    union_all,
)

from labshare.booking.models import Booking, Holding
from labshare.booking.terms import HoldingKind
from labshare.catalogue.models import Instrument, Lab
from labshare.kernel.database import Numbers, UtcDateTime, db, in_ids
from labshare.kernel.given_rows import given_rows
from labshare.kernel.months import Month
from labshare.kernel.shapes import NOW
from labshare.oversight.figures import (
    booked_values,
    done_values,
    finished_in,
    for_others,
    for_sme,
    in_house_values,
    past_in_house,
    report_values,
    revenue_values,
    started_in,
)
from labshare.oversight.models import ClientMonth, KeptMonth, LabMonth, StaleMonth, UsageMonth
from labshare.settlement.models import Report, RevenueEntry

OfLab = tuple[int, Month]
"""A lab's month."""
KEYS = ("lab_id", "month", "instrument_id", "test_item_id")
"""What a kept row is about."""
FIRM = ("client_firm_id", "sme")
"""Beside `KEYS` in rows of firms served: who it was, and 1 where it was an SME."""
FIGURES = (
    "booked_minutes",
    "bookings",
    "no_shows",
    "tests",
    "used_minutes",
    "outside_minutes",
    "samples",
    "reported",
    "on_time",
    "in_house_minutes",
    "reports",
    "recognised_fen",
    "outside_fen",
)
"""What it says, in the order in which each part of the union gives them."""
EDGES = {
    "month": String(7),
    "starts_at": UtcDateTime(),
    "ends_at": UtcDateTime(),
    "first_day": Date(),
    "last_day": Date(),
}
MOST_MARKS = 10_000


def edges(month: Month) -> tuple[str, datetime, datetime, Any, Any]:
    """A month as the columns of `EDGES`."""
    return str(month), month.starts_at(), month.ends_at(), month.first_day, month.last_day


def asked(first: Month, last: Month, now: datetime, lab_ids: Iterable[int] = ()) -> dict[str, Any]:
    """The parameters of a statement over these months, and over these labs where it is narrowed to some."""
    return {"months": [edges(month) for month in first.through(last)], "now": now, "lab_ids": lab_ids}


def stale(lab_id: Any, month: Any) -> ColumnElement[bool]:
    """Whether a lab's month has changed since it was counted."""
    return exists().where(StaleMonth.lab_id == lab_id, StaleMonth.month == month)


def of_labs_asked(lab_id: Any) -> ColumnElement[bool]:
    """Whether it is one of the labs asked for."""
    return in_ids(lab_id, bindparam("lab_ids", type_=Numbers))


def lab_months(*, narrowed: bool) -> CTE:
    """The months `asked` for of all labs, or of those asked for: their edges, `open_minutes`, and 1 where what is kept
    holds, of its work (`counted`) and of its open time (`open_known`)."""
    months = given_rows("months", **EDGES)
    holds = and_(LabMonth.month.is_not(None), ~stale(LabMonth.lab_id, LabMonth.month))
    query = (
        select(
            *months.c,
            Lab.id.label("lab_id"),
            case((and_(LabMonth.over, holds), 1), else_=0).label("counted"),
            case((holds, 1), else_=0).label("open_known"),
            LabMonth.open_minutes,
        )
        .select_from(months)
        .join(Lab, literal(True))
    )
    stored = and_(LabMonth.lab_id == Lab.id, LabMonth.month == months.c.month)
    if narrowed:  # said of both, or PostgreSQL reads what is kept of all labs
        query = query.where(of_labs_asked(Lab.id))
        stored = and_(stored, of_labs_asked(LabMonth.lab_id))
    return query.outerjoin(LabMonth, stored).cte("lab_months").prefix_with("MATERIALIZED")


@cache
def usage(*, narrowed: bool = False, whole: bool = False) -> Subquery:
    """Rows of `KEYS` and `FIGURES` that sum up to what labs did in the months `asked` for: kept ones, and for months
    that are not kept one for each booking, block, report and entry. `narrowed`: of the labs asked for alone; `whole`:
    where nobody asks for instrument or test item, which kept rows then leave out."""
    months = lab_months(narrowed=narrowed)
    stored = _stored(months, LabMonth if whole else UsageMonth, FIGURES)
    return union_all(stored, *counted_rows(_others(months))).subquery("usage")


@cache
def served(*, narrowed: bool = False) -> Subquery:
    """Rows of `KEYS` and `FIRM`, one or several for each firm that tests were finished for, the lab's own left out."""
    months = lab_months(narrowed=narrowed)
    return union_all(_stored(months, ClientMonth, FIRM), served_rows(_others(months))).subquery("served")


def _stored(months: CTE, kind: Any, names: tuple[str, ...]) -> Select[Any]:
    return (
        select(*(getattr(kind, name, cast(null(), Integer).label(name)) for name in (*KEYS, *names)))
        .select_from(months)
        .join(kind, and_(kind.lab_id == months.c.lab_id, kind.month == months.c.month))
        .where(months.c.counted == 1)
    )


def _others(months: CTE) -> CTE:
    return select(months).where(months.c.counted == 0).cte("other_months").prefix_with("MATERIALIZED")


def sums(of: FromClause) -> dict[str, ColumnElement[int]]:
    """Sums over rows of `usage`, by `FIGURES`."""
    return {name: func.sum(of.c[name]).label(name) for name in FIGURES}


def firms(of: FromClause) -> Select[Any]:
    """How many firms, and how many SMEs, rows of `served` were for."""
    each = _each_firm(of).subquery()
    return select(*_counts(each)).select_from(each)


def firms_by(of: FromClause, key: ColumnElement[Any]) -> Select[Any]:
    """The same by `key`."""
    each = _each_firm(of, key.label("key")).subquery()
    return select(each.c.key, *_counts(each)).group_by(each.c.key)


def firms_by_and_in_all(of: FromClause, key: ColumnElement[int]) -> CompoundSelect[Any]:
    """The same by `key`, and without a key in all, where a firm that several keys served counts once."""
    each = _each_firm(of, key.label("key")).cte("each_firm")
    in_all = firms(each).subquery()
    by_key = select(each.c.key, *_counts(each)).group_by(each.c.key)
    return by_key.union_all(select(cast(null(), Integer), in_all.c.clients, in_all.c.smes))


def _each_firm(of: FromClause, *keys: ColumnElement[Any]) -> Select[Any]:
    return select(*keys, of.c.client_firm_id, func.max(of.c.sme).label("sme")).group_by(*keys, of.c.client_firm_id)


def _counts(each: FromClause) -> tuple[ColumnElement[int], ColumnElement[int]]:
    return func.count().label("clients"), func.coalesce(func.sum(each.c.sme), 0).label("smes")


def counted_rows(months: FromClause) -> tuple[Select[Any], ...]:
    """One row for each thing that counts in one of these labs' months (`EDGES` and `lab_id`), of `KEYS` and
    `FIGURES`."""
    span = _span(months)
    lab_id = _leading(months)

    def rows(of: Any, figures: Mapping[str, Any], *, test_item: Any = Booking.test_item_id) -> Select[Any]:
        keys = zip(KEYS, (months.c.lab_id, months.c.month, of.instrument_id, test_item), strict=True)
        return select(
            *(column.label(name) for name, column in keys),
            *(figures.get(name, literal_column("0")).label(name) for name in FIGURES),
        ).select_from(months)

    return (
        rows(Booking, booked_values()).join(Booking, Booking.lab_id == lab_id).where(started_in(span)),
        rows(Booking, {**done_values(), **report_values()})
        .join(Booking, Booking.lab_id == lab_id)
        .where(finished_in(span)),
        rows(Holding, in_house_values(), test_item=cast(null(), Integer))
        .join(Instrument, Instrument.lab_id == lab_id)
        .join(Holding, Holding.instrument_id == Instrument.id)
        .where(*past_in_house(span, NOW)),
        rows(Booking, {"reports": literal_column("1")})
        .join(Report, Report.lab_id == lab_id)
        .join(Booking, Booking.id == Report.booking_id)
        .where(Report.issued_on.between(months.c.first_day, months.c.last_day)),
        rows(RevenueEntry, revenue_values())
        .join(RevenueEntry, and_(RevenueEntry.lab_id == lab_id, RevenueEntry.month == months.c.month))
        .join(Booking, Booking.id == RevenueEntry.booking_id),
    )


def served_rows(months: FromClause) -> Select[Any]:
    """One row for each booking finished for another firm in one of these labs' months, of `KEYS` and `FIRM`."""
    return (
        select(
            months.c.lab_id,
            months.c.month,
            Booking.instrument_id,
            Booking.test_item_id,
            Booking.client_firm_id,
            for_sme().label("sme"),
        )
        .select_from(months)
        .join(Booking, Booking.lab_id == _leading(months))
        .where(finished_in(_span(months)), for_others())
    )


def _span(months: FromClause) -> tuple[Any, Any]:
    return months.c.starts_at, months.c.ends_at


def _leading(months: FromClause) -> ColumnElement[int]:
    """The lab, so that SQLite begins with the months, few, and finds what is theirs by its indexes."""
    lab_id: ColumnElement[int] = months.c.lab_id + 0
    return lab_id


@cache
def labs_given() -> CTE:
    """The labs' months `given_labs` as rows: `EDGES` and `lab_id`."""
    return given_rows("labs", **EDGES, lab_id=Integer())


@cache
def summed_rows() -> Select[Any]:
    """What is kept of the work of the labs' months `given_labs`: `counted_rows` by `KEYS`, in their order, so that one
    county's rows have the same numbers on both engines."""
    rows = union_all(*counted_rows(labs_given())).subquery("counted")
    keys = [rows.c[name] for name in KEYS]
    figures = (func.sum(rows.c[name]).label(name) for name in FIGURES)
    return select(*keys, *figures).group_by(*keys).order_by(*(key.nulls_first() for key in keys))


@cache
def lab_sums() -> Select[Any]:
    """What is kept of the work of the labs' months `given_labs`, whole: the sums of what is kept by `KEYS`."""
    keys = UsageMonth.lab_id, UsageMonth.month
    figures = (func.sum(getattr(UsageMonth, name)).label(name) for name in FIGURES)
    return select(*keys, *figures).where(of_given_labs(UsageMonth)).group_by(*keys)


@cache
def lab_rows() -> Select[Any]:
    """The same counted anew, a row for each of the labs' months."""
    labs, rows = labs_given(), union_all(*counted_rows(labs_given())).subquery("counted")
    keys = labs.c.lab_id, labs.c.month
    figures = (func.coalesce(func.sum(rows.c[name]), 0).label(name) for name in FIGURES)
    of_lab = and_(rows.c.lab_id == labs.c.lab_id, rows.c.month == labs.c.month)
    return select(*keys, *figures).select_from(labs).outerjoin(rows, of_lab).group_by(*keys)


@cache
def firm_rows() -> Select[Any]:
    """What is kept of the firms served in the labs' months `given_labs`: `served_rows` by `KEYS` and firm."""
    rows = served_rows(labs_given()).subquery("served")
    keys = [rows.c[name] for name in (*KEYS, "client_firm_id")]
    return select(*keys, func.max(rows.c.sme).label("sme")).group_by(*keys)


def given_labs(months: Iterable[OfLab]) -> dict[str, Any]:
    """These labs' months as the parameter of statements."""
    return {"labs": [(*edges(month), lab_id) for lab_id, month in months]}


def of_given_labs(kind: Any) -> ColumnElement[bool]:
    """Rows of a table that are about one of the labs' months `given_labs`."""
    labs = labs_given()
    return tuple_(kind.lab_id, kind.month).in_(select(labs.c.lab_id, labs.c.month))


# What the count asks


def first_month() -> Month | None:
    """The month of the first booking's start."""
    first = db.session.scalar(select(func.min(Booking.starts_at)))
    return Month.at(first) if first else None


def pending(now: datetime, limit: int) -> dict[OfLab, bool]:
    """Labs' months to be counted, at most `limit`, and whether their work is counted too: the month is over, and so is
    the in-house use that began in it."""
    begun = exists().where(
        Instrument.lab_id == Lab.id,
        Holding.instrument_id == Instrument.id,
        Holding.is_block,
        Holding.kind == HoldingKind.IN_HOUSE,
        Holding.ends_at > NOW,
        Holding.starts_at >= KeptMonth.starts_at,
        Holding.starts_at < KeptMonth.ends_at,
    )
    over = and_(KeptMonth.over, ~begun)
    query = (
        select(Lab.id, KeptMonth.month, over)
        .select_from(Lab)
        .join(KeptMonth, literal(True))
        .outerjoin(LabMonth, and_(LabMonth.lab_id == Lab.id, LabMonth.month == KeptMonth.month))
        .where(or_(LabMonth.month.is_(None), and_(~LabMonth.over, over), stale(Lab.id, KeptMonth.month)))
        .order_by(Lab.id, KeptMonth.month)
        .limit(limit)
    )
    return {(lab_id, Month.parse(month)): is_over for lab_id, month, is_over in db.session.execute(query, {"now": now})}


def marks() -> list[tuple[int, OfLab]]:
    """The marks that there are, the oldest of them where they are very many."""
    rows = db.session.execute(
        select(StaleMonth.id, StaleMonth.lab_id, StaleMonth.month).order_by(StaleMonth.id).limit(MOST_MARKS)
    )
    return [(number, (lab_id, Month.parse(month))) for number, lab_id, month in rows]
