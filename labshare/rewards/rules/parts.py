"""What of a month's payable is the month's own, and what belongs to earlier months that were not approved before.

A month pays the window's entitlement less what was approved (R-REWARD-15). As long as an earlier month
is not approved, a later one holds what that would pay: their sums must not be added up, their own parts may.
"""

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime

from labshare.kernel.money import Fen, total
from labshare.kernel.months import Month
from labshare.rewards.terms import RunState

Chain = Sequence[tuple[Month, Fen]]
"""What each month adds to one payable sum, fen: the earlier ones that it holds, and last its own."""


def own_parts(payables: Sequence[int]) -> list[int]:
    """Of months that each hold the one before, fen: what is each one's own. They add up to the last payable."""
    return [fen - before for before, fen in zip([0, *payables], payables, strict=False)]


def counted_once(chains: Iterable[tuple[Hashable, Chain]]) -> tuple[Fen, Fen]:
    """Of several payable sums, each with whose it is: (fen of the months' own parts, fen of the earlier months that
    they hold and that are not among them). Together what all of them pay, each month of each counted once."""
    own: dict[tuple[Hashable, Month], Fen] = {}
    held: dict[tuple[Hashable, Month], tuple[Month, Fen]] = {}
    for whose, chain in chains:
        *earlier, (month, fen) = chain
        own[whose, month] = fen
        for one, part in earlier:
            if (whose, one) not in held or held[whose, one][0] < month:
                held[whose, one] = month, part
    return total(own.values()), total(part for key, (_month, part) in held.items() if key not in own)


def shown_state(state: str, publicity_ends_at: datetime | None, *, now: datetime) -> RunState:
    """A run's state as pages call it: `notice_over` instead of `published` once public notice has ended."""
    over = state == RunState.PUBLISHED and publicity_ends_at is not None and now >= publicity_ends_at
    return RunState.NOTICE_OVER if over else RunState(state)
