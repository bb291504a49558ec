"""What the steps hand on: every lab's amounts, on which the lines and their traces rest. Fen."""

from collections.abc import Mapping
from dataclasses import dataclass

from labshare.rewards.rules import bands
from labshare.rewards.rules.proportion import Share


@dataclass(frozen=True)
class UnitResult:
    """Steps 2 to 4 of one unit. `sums`: what C is the sum of: by instrument, or (unit firm) by lab."""

    sums: Mapping[str, int]
    base: bands.Base
    capped: int


@dataclass(frozen=True)
class Amounts:
    """What every lab has after each step, by code; a `Share` where it came from a sharing or a reduction."""

    own_sum: Mapping[str, int]
    units: Mapping[str, tuple[UnitResult, ...]]
    unit_share: Mapping[str, Share | None]
    by_units: Mapping[str, int]
    own_cap: Mapping[str, int]
    firm_total: Mapping[str, int]
    firm_share: Mapping[str, Share | None]
    after_firm_cap: Mapping[str, int]
    budget_total: int
    budget_share: Mapping[str, Share | None]
    entitlement: Mapping[str, int]
    paid: Mapping[str, int]
    opening: Mapping[str, int]
    due: Mapping[str, int]
    firm_paid: Mapping[str, int]
    due_firm_share: Mapping[str, Share | None]
    due_after_firm: Mapping[str, int]
    all_paid: int
    due_budget_share: Mapping[str, Share | None]
    payable: Mapping[str, int]
    recoverable: Mapping[str, int]
