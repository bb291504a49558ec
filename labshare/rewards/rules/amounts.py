"""What the steps hand on: every lab's amounts, on which the lines and their traces rest. Fen."""

from collections.abc import Mapping
from dataclasses import dataclass

from labshare.kernel.money import Fen
from labshare.rewards.rules import bands
from labshare.rewards.rules.proportion import Share
from labshare.rewards.terms import Cap


@dataclass(frozen=True)
class UnitResult:
    """Steps 2 to 4 of one unit. `sums`: what C is the sum of: by instrument, or (unit firm) by lab."""

    sums: Mapping[str, Fen]
    base: bands.Base
    capped: Fen


@dataclass(frozen=True)
class Held:
    """One lab under a cap that it shares: what those under it had together, and its share where that was too much."""

    together: Fen
    share: Share | None


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """What every lab has after each step, by code; a `Share` where it came from a sharing or a reduction."""

    own_sum: Mapping[str, Fen]
    units: Mapping[str, tuple[UnitResult, ...]]
    unit_share: Mapping[str, Share | None]
    by_units: Mapping[str, Fen]
    own_cap: Mapping[str, Fen]
    shared: Mapping[Cap, Mapping[str, Held]]
    """Step 5, together the amounts before that cap."""
    after_caps: Mapping[str, Fen]
    budget_total: Fen
    budget_share: Mapping[str, Share | None]
    entitlement: Mapping[str, Fen]
    paid: Mapping[str, Fen]
    opening: Mapping[str, Fen]
    due: Mapping[str, Fen]
    due_shared: Mapping[Cap, Mapping[str, Held]]
    """Step 7, together what was paid."""
    due_after_caps: Mapping[str, Fen]
    all_paid: Fen
    due_budget_share: Mapping[str, Share | None]
    payable: Mapping[str, Fen]
    recoverable: Mapping[str, Fen]
