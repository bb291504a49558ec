"""What the steps hand on: every lab's amounts, on which the lines and their traces rest. Fen."""

from collections.abc import Mapping
from dataclasses import dataclass

from labshare.kernel.money import Fen
from labshare.rewards.rules import bands
from labshare.rewards.rules.proportion import Share


@dataclass(frozen=True)
class UnitResult:
    """Steps 2 to 4 of one unit. `sums`: what C is the sum of: by instrument, or (unit firm) by lab."""

    sums: Mapping[str, Fen]
    base: bands.Base
    capped: Fen


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """What every lab has after each step, by code; a `Share` where it came from a sharing or a reduction."""

    own_sum: Mapping[str, Fen]
    units: Mapping[str, tuple[UnitResult, ...]]
    unit_share: Mapping[str, Share | None]
    by_units: Mapping[str, Fen]
    own_cap: Mapping[str, Fen]
    firm_total: Mapping[str, Fen]
    firm_share: Mapping[str, Share | None]
    after_firm_cap: Mapping[str, Fen]
    budget_total: Fen
    budget_share: Mapping[str, Share | None]
    entitlement: Mapping[str, Fen]
    paid: Mapping[str, Fen]
    opening: Mapping[str, Fen]
    due: Mapping[str, Fen]
    firm_paid: Mapping[str, Fen]
    due_firm_share: Mapping[str, Share | None]
    due_after_firm: Mapping[str, Fen]
    all_paid: Fen
    due_budget_share: Mapping[str, Share | None]
    payable: Mapping[str, Fen]
    recoverable: Mapping[str, Fen]
