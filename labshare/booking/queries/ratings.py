"""What clients that tested say of items and labs: averages over a year, and their words (R-RATING-3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from labshare.booking.models import Booking, Rating
from labshare.kernel.database import db
from labshare.kernel.money import round_half_up

YEAR = timedelta(days=365)
SHOWN_FROM = 5
"""Ratings below which no average is shown."""


@dataclass(frozen=True, kw_only=True)
class Average:
    """Mean points of a year's ratings, 1 to 5."""

    count: int
    result: Fraction
    service: Fraction
    time: Fraction

    @cached_property
    def overall(self) -> Fraction:
        return (self.result + self.service + self.time) / 3

    @cached_property
    def tenths(self) -> int:
        """The overall mean as pages show it, in tenths of a point: what is compared is what one sees (R-SEARCH-5)."""
        return round_half_up(self.overall * 10)


def averages_of_items(item_ids: Iterable[int], today: date) -> dict[int, Average]:
    """Test item id → its average; of those with fewer than five ratings in a year, nothing. One statement."""
    wanted = list(set(item_ids))
    if not wanted:
        return {}
    return {each: average_of(sums) for each, *sums in db.session.execute(sums_by(Rating.test_item_id, wanted, today))}


def sums_by(of: Any, ids: Sequence[int] | Select[Any], today: date) -> Select[Any]:
    """Of each, by a column of `Rating`: how many ratings of a year, and the sums of their points; from five on."""
    points = (Rating.result_points, Rating.service_points, Rating.time_points)
    return (
        select(of, func.count().label("given"), *(func.sum(each).label(each.key) for each in points))
        .where(of.in_(ids), Rating.given_on > today - YEAR)
        .group_by(of)
        .having(func.count() >= SHOWN_FROM)
    )


def average_of(sums: Sequence[int]) -> Average:
    """Of how many ratings and the three sums, as `sums_by` gives them."""
    count, *points = sums
    result, service, time = (Fraction(each, count) for each in points)
    return Average(count=count, result=result, service=service, time=time)


def reviews_of_lab(lab_id: int, today: date, *, limit: int) -> Sequence[Rating]:
    """A year's ratings that say something, the latest first, with test item and booking (its client's size). One
    statement."""
    return db.session.scalars(
        select(Rating)
        .where(Rating.lab_id == lab_id, Rating.given_on > today - YEAR, Rating.text != "")
        .options(joinedload(Rating.test_item), joinedload(Rating.booking).load_only(Booking.client_size))
        .order_by(Rating.given_on.desc(), Rating.booking_id.desc())
        .limit(limit)
    ).all()


def rating_of(booking: Booking) -> Rating | None:
    """What the client said of a booking."""
    return db.session.get(Rating, booking.id)
