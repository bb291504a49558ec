"""Step 4: from the unit to the lab: instruments capped and summed, a firm's amount shared among its labs."""

from collections.abc import Iterable, Mapping

from labshare.kernel.money import Fen, total
from labshare.rewards.rules import proportion
from labshare.rewards.rules.eligible import not_below_zero
from labshare.rewards.rules.proportion import Share


def cap_instrument(*, cap_fen: Fen | None, amount_fen: Fen) -> Fen:
    """One instrument's amount, at most `instrument_year_fen`. Only the unit instrument knows this cap."""
    return amount_fen if cap_fen is None else min(amount_fen, cap_fen)


def sum_instruments(capped: Iterable[Fen]) -> Fen:
    """A lab's amount: the sum of its instruments' after their cap."""
    return total(capped)


def share_firm(amount_fen: Fen, own_sums: Mapping[str, Fen]) -> dict[str, Share]:
    """A firm's amount among its labs in proportion to max(0, the lab's own eligible sum)."""
    return proportion.share(amount_fen, {code: not_below_zero(fen) for code, fen in own_sums.items()})
