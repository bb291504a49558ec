"""What is new in the catalogue: items published last, standards soon replaced."""

from datetime import date, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import contains_eager, joinedload

from labshare.catalogue.models import (
    Fee,
    Instrument,
    Lab,
    Standard,
    TestItem,
    TestItemInstrument,
    TestItemStandard,
)
from labshare.catalogue.queries.filters import published_item
from labshare.catalogue.queries.lists import PricedItem, looked_up
from labshare.kernel.database import db

AHEAD = timedelta(days=180)
"""How long before a standard is replaced it is told of."""


def latest_items(day: date, limit: int = 6) -> tuple[PricedItem, ...]:
    """The item each lab published last, the newest of these, with lab, standards and instruments. One statement: joined
    one by one, as SQLite would read all there are of standards and instruments for a join within a join."""
    newest = (TestItem.published_at.desc(), TestItem.id.desc())
    of_lab = (
        select(
            TestItem.id,
            TestItem.published_at,
            func.row_number().over(partition_by=TestItem.lab_id, order_by=newest).label("place"),
        )
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(published_item())
        .subquery()
    )
    chosen = (
        select(of_lab.c.id)
        .where(of_lab.c.place == 1)
        .order_by(of_lab.c.published_at.desc(), of_lab.c.id.desc())
        .limit(limit)
    )
    rows = db.session.execute(
        select(TestItem, Fee)
        .outerjoin(Fee, and_(Fee.test_item_id == TestItem.id, Fee.in_force_on(day)))
        .outerjoin(TestItemStandard, TestItemStandard.test_item_id == TestItem.id)
        .outerjoin(Standard, Standard.id == TestItemStandard.standard_id)
        .outerjoin(TestItemInstrument, TestItemInstrument.test_item_id == TestItem.id)
        .outerjoin(Instrument, Instrument.id == TestItemInstrument.instrument_id)
        .options(joinedload(TestItem.lab), contains_eager(TestItem.standards), contains_eager(TestItem.instruments))
        .where(TestItem.id.in_(chosen))
        .order_by(*newest, Standard.number, Instrument.id)
    ).unique()
    return tuple(PricedItem(item, fee) for item, fee in rows)


def soon_replaced(day: date, limit: int = 3) -> list[tuple[Standard, int]]:
    """Standards that another replaces within half a year, the next first, with the number of published test items by
    them; none without such an item. One statement."""
    rows = db.session.execute(
        select(Standard, func.count(TestItem.id))
        .options(joinedload(Standard.superseded_by))
        .join(TestItemStandard, TestItemStandard.standard_id == Standard.id)
        .join(TestItem, TestItem.id == looked_up(TestItemStandard.test_item_id))
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(published_item(), Standard.replaced_after(day), Standard.superseded_from <= day + AHEAD)
        .group_by(Standard.id)
        .order_by(Standard.superseded_from)
        .limit(limit)
    )
    return [(standard, number) for standard, number in rows]
