"""Steps 5 and 6: the lab's cap, the caps that labs share, the budget. What a cap cuts goes to nobody."""

from collections.abc import Mapping
from typing import Any

from labshare.kernel.money import Fen
from labshare.rewards.rules import proportion
from labshare.rewards.rules.proportion import Share
from labshare.rewards.terms import Together


def cap_lab(*, cap_fen: Fen | None, amount_fen: Fen) -> Fen:
    """Step 5: a lab's amount, at most `lab_year_fen`."""
    return amount_fen if cap_fen is None else min(amount_fen, cap_fen)


def held_together(together: Together, labs: Mapping[str, Any]) -> list[list[str]]:
    """The codes of those held together under one cap. `labs`: by code their facts or positions."""
    found: dict[str, list[str]] = {}
    for code, lab in labs.items():
        found.setdefault(getattr(lab, together.name), []).append(code)
    return list(found.values())


def cap_shared(cap_fen: Fen | None, amounts: Mapping[str, Fen]) -> dict[str, Share] | None:
    """Step 5: labs that a cap holds together, reduced in proportion where they exceed it."""
    return proportion.reduce_to(cap_fen, amounts)


def cap_budget(budget_fen: Fen | None, amounts: Mapping[str, Fen]) -> dict[str, Share] | None:
    """Step 6: all labs, reduced in proportion where they exceed `budget_year_fen` together."""
    return proportion.reduce_to(budget_fen, amounts)
