"""What one row of the usage report is made of: its bookings, each with its share of every figure, and its ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import joinedload

from labshare.booking.models import Booking, Holding
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.catalogue.queries.admissions import lab_lies_in
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.organisations.models import Firm
from labshare.organisations.permissions import visible
from labshare.oversight.figures import (
    booked_values,
    done_figures,
    done_values,
    finished_in,
    in_house_values,
    past_in_house,
    revenue_figures,
    started_in,
)
from labshare.oversight.queries import key_of, subjects
from labshare.oversight.rules import Usage
from labshare.oversight.terms import UsageBy
from labshare.settlement.models import RevenueEntry


@dataclass(frozen=True)
class BookingShare:
    """A booking behind the row, and what it adds to each of its figures."""

    booking: Booking
    usage: Usage


@dataclass(frozen=True)
class LedgerShare:
    """What the ledger of a lab's month adds to the row, fen."""

    lab: Lab
    month: Month
    recognised_fen: Fen


@dataclass(frozen=True, kw_only=True)
class Behind:
    """A row opened: `code`, `name`, `name_en` of what it is about; `total` is the row's own usage but for what no
    booking makes up: hours open, units and reports."""

    code: str
    name: str
    name_en: str | None
    total: Usage
    bookings: int
    """How many the list has in all."""
    rows: Sequence[BookingShare]
    blocks: int
    """Blocks of in-house use; their minutes are in `total.in_house_minutes`."""
    ledger: Sequence[LedgerShare]


def behind(
    actor: Actor, by: UsageBy, key: int, first: Month, last: Month, now: datetime, *, offset: int, limit: int
) -> Behind:
    """Open one row of the report: every booking that counts in any of its figures, those begun last first. Five
    statements, whatever it shows. Raises `NotFound` for what the actor's report does not list."""
    scope = [
        visible(actor, "usage.see", lab=Lab.firm_id, division=lab_lies_in(local_day(now))),
        Lab.state != LifeState.DRAFT,
    ]
    id_of: Any = {
        UsageBy.LAB: Lab.id,
        UsageBy.INSTRUMENT: Instrument.id,
        UsageBy.TEST_ITEM: TestItem.id,
        UsageBy.FIRM: Firm.id,
    }[by]
    counted = visible(actor, "usage.see", lab=Booking.lab_firm_id, division=Booking.division)
    subject = db.session.execute(subjects(by, [*scope, id_of == key])).first()
    if subject is None:
        raise NotFound
    span = (first.starts_at(), last.ends_at())
    earned = (
        select(RevenueEntry.booking_id, *(value.label(name) for name, value in revenue_figures().items()))
        .join(Booking, Booking.id == RevenueEntry.booking_id)
        .join(Lab, Lab.id == RevenueEntry.lab_id)
        .where(*scope, counted, key_of(by, RevenueEntry) == key, RevenueEntry.month.between(str(first), str(last)))
        .group_by(RevenueEntry.booking_id)
        .subquery()
    )
    mine = key_of(by, Booking) == key
    booked, done = and_(mine, started_in(span)), and_(mine, finished_in(span))
    shares: dict[str, ColumnElement[Any]] = {
        name: case((when, value), else_=0)
        for when, values in ((booked, booked_values()), (done, done_values()))
        for name, value in values.items()
    }
    shares |= {name: func.coalesce(earned.c[name], 0) for name in revenue_figures()}
    distinct = {name: func.coalesce(done_figures()[name], 0) for name in ("clients", "smes")}

    def found(*columns: Any) -> Any:
        return (
            select(*columns)
            .join(Lab, Lab.id == Booking.lab_id)
            .outerjoin(earned, earned.c.booking_id == Booking.id)
            .where(*scope, counted, or_(booked, done, earned.c.booking_id.is_not(None)))
        )

    number, *sums = db.session.execute(found(func.count(), *(func.sum(value) for value in shares.values()))).one()
    clients, smes = db.session.execute(
        select(*distinct.values()).join(Lab, Lab.id == Booking.lab_id).where(*scope, counted, done)
    ).one()
    blocks, in_house = _in_house(by, key, scope, span, now)
    total = {name: int(value or 0) for name, value in zip(shares, sums, strict=True)}
    total["used_minutes"] += in_house
    rows = db.session.execute(
        found(Booking, *shares.values())
        .options(joinedload(Booking.client), joinedload(Booking.test_item))
        .order_by(Booking.starts_at.desc(), Booking.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return Behind(
        code=subject.code,
        name=subject.name,
        name_en=subject.name_en,
        total=Usage(**total, in_house_minutes=in_house, clients=clients, smes=smes),
        bookings=number,
        rows=[
            BookingShare(booking, Usage(**{name: int(value) for name, value in zip(shares, values, strict=True)}))
            for booking, *values in rows
        ],
        blocks=blocks,
        ledger=_ledger(by, key, [*scope, counted], first, last),
    )


def _in_house(
    by: UsageBy, key: int, scope: list[ColumnElement[bool]], span: tuple[datetime, datetime], now: datetime
) -> tuple[int, int]:
    if by == UsageBy.TEST_ITEM:  # a block names none
        return 0, 0
    of: Any = {UsageBy.LAB: Lab.id, UsageBy.INSTRUMENT: Instrument.id, UsageBy.FIRM: Lab.firm_id}[by]
    number, minutes = db.session.execute(
        select(func.count(), func.sum(in_house_values()["in_house_minutes"]))
        .select_from(Holding)
        .join(Instrument, Instrument.id == Holding.instrument_id)
        .join(Lab, Lab.id == Instrument.lab_id)
        .where(*scope, of == key, *past_in_house(span, now))
    ).one()
    return number, int(minutes or 0)


def _ledger(by: UsageBy, key: int, scope: list[ColumnElement[bool]], first: Month, last: Month) -> list[LedgerShare]:
    rows = db.session.execute(
        select(Lab, RevenueEntry.month, revenue_figures()["recognised_fen"])
        .join(RevenueEntry, RevenueEntry.lab_id == Lab.id)
        .join(Booking, Booking.id == RevenueEntry.booking_id)
        .where(*scope, key_of(by, RevenueEntry) == key, RevenueEntry.month.between(str(first), str(last)))
        .group_by(Lab.id, RevenueEntry.month)
        .order_by(RevenueEntry.month.desc(), Lab.code)
    )
    return [LedgerShare(lab, Month.parse(month), int(fen)) for lab, month, fen in rows]
