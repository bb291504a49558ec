"""Steps 5 and 6: the lab's cap, the firm's cap, the budget. What a cap cuts goes to nobody."""

from collections.abc import Mapping

from labshare.kernel.money import Fen
from labshare.rewards.rules import proportion
from labshare.rewards.rules.proportion import Share


def cap_lab(*, cap_fen: Fen | None, amount_fen: Fen) -> Fen:
    """Step 5: a lab's amount, at most `lab_year_fen`."""
    return amount_fen if cap_fen is None else min(amount_fen, cap_fen)


def cap_firm(cap_fen: Fen | None, amounts: Mapping[str, Fen]) -> dict[str, Share] | None:
    """Step 5: one firm's labs, reduced in proportion where they exceed `firm_year_fen` together."""
    return proportion.reduce_to(cap_fen, amounts)


def cap_budget(budget_fen: Fen | None, amounts: Mapping[str, Fen]) -> dict[str, Share] | None:
    """Step 6: all labs, reduced in proportion where they exceed `budget_year_fen` together."""
    return proportion.reduce_to(budget_fen, amounts)
