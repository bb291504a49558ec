"""What is new in the catalogue: items published last, standards soon replaced."""

from datetime import date, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import joinedload

from labshare.catalogue.models import Fee, Lab, Standard, TestItem, TestItemStandard
from labshare.catalogue.queries.filters import published_item
from labshare.catalogue.queries.lists import PricedItem, parts_of_items
from labshare.kernel.database import db

AHEAD = timedelta(days=180)
"""How long before a standard is replaced it is told of."""


def latest_items(day: date, limit: int = 6) -> tuple[PricedItem, ...]:
    """The item each lab published last, the newest of these, with lab, standards and instruments. Three
    statements."""
    newest = (TestItem.published_at.desc(), TestItem.id.desc())
    of_lab = (
        select(TestItem.id, func.row_number().over(partition_by=TestItem.lab_id, order_by=newest).label("place"))
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(published_item())
        .subquery()
    )
    rows = db.session.execute(
        select(TestItem, Fee)
        .outerjoin(Fee, and_(Fee.test_item_id == TestItem.id, Fee.in_force_on(day)))
        .options(joinedload(TestItem.lab), *parts_of_items())
        .where(TestItem.id.in_(select(of_lab.c.id).where(of_lab.c.place == 1)))
        .order_by(*newest)
        .limit(limit)
    ).unique()
    return tuple(PricedItem(item, fee) for item, fee in rows)


def soon_replaced(day: date, limit: int = 3) -> list[tuple[Standard, int]]:
    """Standards that another replaces within half a year, the next first, with the number of published test items by
    them; none without such an item. One statement."""
    rows = db.session.execute(
        select(Standard, func.count(TestItem.id))
        .options(joinedload(Standard.superseded_by))
        .join(TestItemStandard, TestItemStandard.standard_id == Standard.id)
        .join(TestItem, TestItem.id == TestItemStandard.test_item_id)
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(published_item(), Standard.replaced_after(day), Standard.superseded_from <= day + AHEAD)
        .group_by(Standard.id)
        .order_by(Standard.superseded_from)
        .limit(limit)
    )
    return [(standard, number) for standard, number in rows]
