"""Rows that hold from a day to a day, or are confirmed or refused once: what is asked of them, once for Python and for
SQL."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import InstrumentedAttribute, Mapped


def lasts_in_sql(last: InstrumentedAttribute[date | None], day: date) -> ColumnElement[bool]:
    """Whether a last day, included, is not over on this day. A column without one means: until further notice."""
    reached: ColumnElement[bool] = last >= day
    return or_(last.is_(None), reached) if last.property.columns[0].nullable else reached


class Dated:
    """A row that holds from `valid_from` to `valid_to`, local days, both included; without `valid_to`: until further
    notice. Mixed into the models that have these columns."""

    if TYPE_CHECKING:
        valid_from: Mapped[date]
        valid_to: Mapped[date | None]

    @hybrid_method
    def in_force_on(self, day: date) -> bool:
        """Whether it holds on this day."""
        return self.valid_from <= day and self.lasts_to(day)

    @in_force_on.inplace.expression  # type: ignore[attr-defined, untyped-decorator]
    @classmethod
    def _in_force_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.valid_from <= day, cls.lasts_to(day))

    @hybrid_method
    def lasts_to(self, day: date) -> bool:
        """Whether it is not over on this day; it may be ahead."""
        return self.valid_to is None or day <= self.valid_to

    @lasts_to.inplace.expression  # type: ignore[attr-defined, untyped-decorator]
    @classmethod
    def _lasts_to_in_sql(cls, day: date) -> ColumnElement[bool]:
        return lasts_in_sql(cls.valid_to, day)

    @hybrid_method
    def ahead_on(self, day: date) -> bool:
        """Whether it begins after this day."""
        return day < self.valid_from

    @ahead_on.inplace.expression  # type: ignore[attr-defined, untyped-decorator]
    @classmethod
    def _ahead_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        return cls.valid_from > day


class Decided:
    """A row that one person writes and another decides on: it has `confirmed_at` and `refused_at`, at most one of them
    set. Mixed into the models that have these columns."""

    if TYPE_CHECKING:
        confirmed_at: Mapped[datetime | None]
        refused_at: Mapped[datetime | None]

    @hybrid_property
    def undecided(self) -> bool:
        """Whether it waits for the other person."""
        return self.confirmed_at is None and self.refused_at is None

    @undecided.inplace.expression
    @classmethod
    def _undecided_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.confirmed_at.is_(None), cls.refused_at.is_(None))

    @hybrid_property
    def refused(self) -> bool:
        return self.refused_at is not None

    @refused.inplace.expression
    @classmethod
    def _refused_in_sql(cls) -> ColumnElement[bool]:
        return cls.refused_at.is_not(None)
