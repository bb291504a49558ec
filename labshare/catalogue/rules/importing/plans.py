"""What sheets would write, and what stands in the way of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from labshare.catalogue.rules.entries import CalibrationDetails, InstrumentDetails, TestItemDetails
from labshare.catalogue.rules.fees import FeeSpan
from labshare.catalogue.rules.filled import BadCell
from labshare.catalogue.rules.importing.have import (
    FeeValues,
    HaveFee,
    HaveHours,
    HaveInstrument,
    HaveItem,
    HavePromised,
    Promised,
    Week,
)
from labshare.catalogue.terms import SheetKind


@dataclass
class ItemPlan:
    """A test item that is added (`have` None) or changed, or whose fees are."""

    name: str
    have: HaveItem | None
    details: TestItemDetails
    standards: tuple[str, ...]
    instruments: tuple[str, ...]
    changed: bool = False
    fees_added: list[tuple[FeeSpan, FeeValues]] = field(default_factory=list)
    fees_changed: list[tuple[HaveFee, FeeValues]] = field(default_factory=list)
    fees_ended: list[tuple[HaveFee, date | None]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class HoursPlan:
    """Hours that are added (`have` None) or changed."""

    number: str
    valid_from: date
    week: Week
    have: HaveHours | None


@dataclass(frozen=True, kw_only=True)
class PromisedPlan:
    """A booking from before that is added (`have` None), on the unit that it takes, or said otherwise."""

    promised: Promised
    have: HavePromised | None = None


@dataclass
class Plan:
    """What is to be written, and what stands in the way of it."""

    bad: list[BadCell] = field(default_factory=list)
    instruments_added: list[tuple[InstrumentDetails, int]] = field(default_factory=list)
    instruments_changed: list[tuple[HaveInstrument, InstrumentDetails, int]] = field(default_factory=list)
    calibrations_added: list[tuple[str, CalibrationDetails]] = field(default_factory=list)
    items: list[ItemPlan] = field(default_factory=list)
    hours: list[HoursPlan] = field(default_factory=list)
    promised: list[PromisedPlan] = field(default_factory=list)
    rows: dict[SheetKind, int] = field(default_factory=dict)

    def counts(self, kind: SheetKind) -> tuple[int, int]:
        """How many are added and how many changed."""
        if kind == SheetKind.INSTRUMENTS:
            return len(self.instruments_added), len(self.instruments_changed)
        if kind == SheetKind.CALIBRATIONS:
            return len(self.calibrations_added), 0
        if kind == SheetKind.TEST_ITEMS:
            return sum(one.have is None for one in self.items), sum(one.changed for one in self.items)
        if kind in (SheetKind.HOURS, SheetKind.BOOKINGS):
            rows: Sequence[HoursPlan | PromisedPlan] = self.hours if kind == SheetKind.HOURS else self.promised
            changes = sum(one.have is not None for one in rows)
            return len(rows) - changes, changes
        ended = {(have.id) for one in self.items for have, _last in one.fees_ended}
        changed = {(have.id) for one in self.items for have, _values in one.fees_changed}
        return sum(len(one.fees_added) for one in self.items), len(ended | changed)

    @property
    def nothing(self) -> bool:
        return not any(sum(self.counts(kind)) for kind in SheetKind)
