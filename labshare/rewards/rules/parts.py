"""What of a month's payable is the month's own, and what belongs to earlier months that were not approved before.

A month pays the window's entitlement less what was approved (R-REWARD-15). As long as an earlier month
is not approved, a later one holds what that would pay: their sums must not be added up, their own parts may.
"""

from collections.abc import Sequence
from datetime import datetime

from labshare.rewards.terms import RunState


def own_parts(payables: Sequence[int]) -> list[int]:
    """Of months that each hold the one before, fen: what is each one's own. They add up to the last payable."""
    return [fen - before for before, fen in zip([0, *payables], payables, strict=False)]


def shown_state(state: str, publicity_ends_at: datetime | None, *, now: datetime) -> RunState:
    """A run's state as pages call it: `notice_over` instead of `published` once public notice has ended."""
    over = state == RunState.PUBLISHED and publicity_ends_at is not None and now >= publicity_ends_at
    return RunState.NOTICE_OVER if over else RunState(state)
