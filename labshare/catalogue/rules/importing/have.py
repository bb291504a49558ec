"""What a lab has, as far as sheets tell of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from labshare.catalogue.rules.entries import CalibrationDetails, InstrumentDetails, TestItemDetails
from labshare.catalogue.rules.fees import Extras, FeeSpan
from labshare.kernel.money import ZERO, Fen


@dataclass(frozen=True, kw_only=True)
class FeeValues:
    """What a fee says, without its days."""

    basis: str
    amount_fen: Fen
    minimum_fen: Fen
    extras: Extras

    def same(self, other: "FeeValues") -> bool:
        """Whether both say the same; codes of components are numbers that nobody sees."""
        return self.plain == other.plain

    @property
    def plain(self) -> "FeeValues":
        bare = tuple(one._replace(code="") for one in self.extras.surcharges)
        return replace(self, extras=self.extras._replace(surcharges=bare))


def fee_of_row(row: Mapping[str, Any]) -> FeeValues:
    """What the row of a fee says."""
    return FeeValues(
        basis=row["basis"],
        amount_fen=row["amount_fen"],
        minimum_fen=row.get("minimum_fen", ZERO),
        extras=Extras(
            sme_amount_fen=row.get("sme_amount_fen"),
            steps=row.get("steps", ()),
            surcharges=row.get("surcharges", ()),
            discounts=row.get("discounts", ()),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class HaveInstrument:
    id: int
    details: InstrumentDetails
    units: int
    published: bool = False
    calibrated: bool = False
    """Today."""


@dataclass(frozen=True, kw_only=True)
class HaveFee:
    id: int
    values: FeeValues
    span: FeeSpan
    used_to: date | None = None
    """The last day on which something was booked with it."""


@dataclass(frozen=True, kw_only=True)
class HaveItem:
    id: int
    details: TestItemDetails
    standards: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    """By their own numbers."""
    published: bool = False
    fees: tuple[HaveFee, ...] = ()


Week = tuple[tuple[tuple[int, int], ...], ...] | None
"""Seven days from Monday, each (opens, closes) in minutes after its midnight; None: an instrument keeps its lab's."""


@dataclass(frozen=True, kw_only=True)
class HaveHours:
    id: int
    week: Week


@dataclass(frozen=True, kw_only=True)
class Promised:
    """Time that the lab had promised a client before it was here, as a sheet tells of it."""

    inner_id: str
    starts_at: datetime
    ends_at: datetime
    client: str
    test: str
    unit: int | None = None
    """None: one that is free."""
    contact: str = ""
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class HavePromised:
    id: str
    """Of the block that holds its time."""
    promised: Promised


@dataclass(frozen=True, kw_only=True)
class Have:
    """A lab's catalogue, as far as sheets tell of it."""

    today: date
    instruments: Mapping[str, HaveInstrument] = field(default_factory=dict)
    """By their own numbers."""
    calibrations: Sequence[tuple[str, CalibrationDetails]] = ()
    items: Mapping[int, HaveItem] = field(default_factory=dict)
    standards: Mapping[str, str] = field(default_factory=dict)
    """Listed numbers as printed, by their one spelling: those that the file names."""
    hours: Mapping[tuple[str, date], HaveHours] = field(default_factory=dict)
    """By the instrument's own number, empty for the lab's, and their first day."""
    promised: Sequence[HavePromised] = ()
    """Those that are over, too."""
