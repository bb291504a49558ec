"""Calendar months, `YYYY-MM`: the only place where a month's edges are worked out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from labshare.kernel.time import local_day, start_of_day

_SPELLING = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month. Sorts by time; `str()` gives `YYYY-MM`, the spelling of the API and of the database."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read `YYYY-MM`. Raises `ValueError` on anything else."""
        match = _SPELLING.fullmatch(text)
        if match is None or match[1] == "0000":
            raise ValueError(f"not a month: {text!r}")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)

    @classmethod
    def at(cls, moment: datetime, zone: ZoneInfo | None = None) -> "Month":
        """The month of a moment's local day."""
        return cls.of(local_day(moment, zone))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def plus(self, months: int) -> "Month":
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    @property
    def next(self) -> "Month":
        return self.plus(1)

    @property
    def previous(self) -> "Month":
        return self.plus(-1)

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        return self.next.first_day - timedelta(days=1)

    def starts_at(self, zone: ZoneInfo | None = None) -> datetime:
        """The month's first moment, UTC."""
        return start_of_day(self.first_day, zone)

    def ends_at(self, zone: ZoneInfo | None = None) -> datetime:
        """The first moment after the month, UTC."""
        return start_of_day(self.next.first_day, zone)

    def through(self, last: "Month") -> Iterator["Month"]:
        """This month and each after it up to `last`, included."""
        month = self
        while month <= last:
            yield month
            month = month.next
