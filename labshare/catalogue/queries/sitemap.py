"""Which pages of the catalogue anybody may find."""

from sqlalchemy import String, cast, literal, select, union_all

from labshare.catalogue.models import Instrument, Lab, Standard, TestItem, TestItemStandard
from labshare.catalogue.queries.filters import published_instrument, published_item
from labshare.kernel.database import db

MOST = 49_000
"""Addresses of one map of the site; its format takes 50,000."""


def pages_to_find() -> list[tuple[str, str]]:
    """`lab`, `standard`, `item` or `instrument`, and its code, number or id: what is published, and the standards that
    published tests follow. One statement."""
    kinds = (
        select(literal("lab", String), Lab.code, literal(1).label("rank"), Lab.id.label("id")).where(Lab.published),
        select(literal("standard", String), Standard.number, literal(2), Standard.id).where(
            Standard.id.in_(
                select(TestItemStandard.standard_id)
                .join(TestItem, TestItem.id == TestItemStandard.test_item_id)
                .join(Lab, Lab.id == TestItem.lab_id)
                .where(published_item())
            )
        ),
        select(literal("item", String), cast(TestItem.id, String), literal(3), TestItem.id)
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(published_item()),
        select(literal("instrument", String), cast(Instrument.id, String), literal(4), Instrument.id)
        .join(Lab, Lab.id == Instrument.lab_id)
        .where(published_instrument()),
    )
    found = union_all(*kinds)
    rows = db.session.execute(found.order_by("rank", "id").limit(MOST))
    return [(row[0], row[1]) for row in rows]
