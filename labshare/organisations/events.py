"""What this room asks those above it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select

from labshare.kernel.events import Question
from labshare.organisations.links import Link


@dataclass(frozen=True)
class FirmsWithLabs(Question[Select[int]]):
    """The ids of firms that have a lab, published or not, as a query."""


@dataclass(frozen=True)
class PartyIn(Question[ColumnElement[bool]]):
    """Whether the firm with this id is a party of a booking of the division: a condition for a statement."""

    firm_id: Any
    prefix: str


@dataclass(frozen=True)
class HostsIn(Question[Select[int]]):
    """The ids of firms with a lab whose county is of the division today, as a query."""

    prefix: str


@dataclass(frozen=True)
class HostCounties(Question[frozenset[str]]):
    """The counties today of the labs of these firms."""

    firm_ids: tuple[int, ...]


@dataclass(frozen=True)
class AfterWorkingDays(Question[date]):
    """The first local day after so many full public working days that follow the moment's."""

    moment: datetime
    count: int


@dataclass(frozen=True)
class TouchedByLink(Question[list[dict[str, Any]]]):
    """What changes in published and approved months when the link `before` becomes `after` (None: is not there), as
    `[{"month", "lab", "entries", "fen"}]`; fen is what would no longer count, negative what would count again."""

    before: Link | None
    after: Link | None


@dataclass(frozen=True)
class ExcludedByLink(Question[bool]):
    """Whether entries of any run, also of one that is only calculated, were left out because of this link."""

    link: Link
