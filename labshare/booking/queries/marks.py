"""Whether a report may bear the mark of an accreditation."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select

from labshare.booking.errors import MarkNotCovered
from labshare.booking.rules.price import Price
from labshare.catalogue.models import Accreditation, AccreditationScope, TestItemStandard
from labshare.catalogue.rules.fees import Surcharge
from labshare.catalogue.terms import AccreditationKind
from labshare.kernel.database import db
from labshare.kernel.errors import raise_all


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """An accreditation that covers a test item by a standard."""

    id: int
    kind: str
    number: str
    standard_id: int


def certificates_covering(item_id: int, first: date, last: date) -> list[Certificate]:
    """The accreditations whose scope covers a standard of the item on each day from `first` to `last`, the longest
    valid first. One statement."""
    wanted = _covering(
        item_id, Accreditation.id, Accreditation.kind, Accreditation.number, TestItemStandard.standard_id
    )
    valid = wanted.where(Accreditation.in_force_on(first), Accreditation.in_force_on(last))
    rows = db.session.execute(valid.order_by(Accreditation.valid_to.desc(), Accreditation.id))
    return [Certificate(**row) for row in rows.mappings()]


def marks_on(item_id: int, days: Collection[date]) -> dict[date, set[str]]:
    """The accreditations whose scope covers a standard of the item, by each of these days. One statement."""
    columns = (Accreditation.kind, Accreditation.valid_from, Accreditation.valid_to)
    rows = db.session.execute(_covering(item_id, *columns).distinct()).all()
    return {day: {kind for kind, first, last in rows if first <= day <= last} for day in days}


def _covering(item_id: int, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .join(AccreditationScope, AccreditationScope.accreditation_id == Accreditation.id)
        .join(
            TestItemStandard,
            (TestItemStandard.test_item_id == AccreditationScope.test_item_id)
            & (TestItemStandard.standard_id == AccreditationScope.standard_id),
        )
        .where(AccreditationScope.test_item_id == item_id, Accreditation.confirmed)
    )


def marks_wanted(surcharges: Iterable[Surcharge]) -> list[AccreditationKind]:
    """The marks that these surcharges are for."""
    return [mark for one in surcharges if (mark := one.kind.mark) is not None]


def check_marks(item_id: int, price: Price, days: Sequence[date]) -> None:
    """Whether the marks that were ordered may stand on a report of each of these days. Raises `MarkNotCovered`."""
    wanted = marks_wanted(one.surcharge for one in price.extras)
    if wanted:
        covered = marks_on(item_id, days)
        bare = ((mark, day) for mark in wanted for day in days if mark not in covered[day])
        raise_all([MarkNotCovered(mark=str(mark), date=day) for mark, day in dict(reversed(list(bare))).items()])


def offered_surcharges(item_id: int, surcharges: Sequence[Surcharge], day: date) -> tuple[Surcharge, ...]:
    """Those that can be ordered on a day: a mark only where the accreditation covers a standard of the item."""
    if not marks_wanted(surcharges):
        return tuple(surcharges)
    covered = marks_on(item_id, [day])[day]
    return tuple(one for one in surcharges if one.kind.mark is None or one.kind.mark in covered)
