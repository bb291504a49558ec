"""Step 7: from the year's entitlement to what this month pays, and what stays to be recovered."""

from collections.abc import Iterable, Mapping

from labshare.kernel.money import Fen, total
from labshare.rewards.rules import proportion
from labshare.rewards.rules.proportion import Share


def due(*, entitlement_fen: Fen, paid_fen: Fen, opening_fen: Fen) -> Fen:
    """What the entitlement leaves after what was paid and what is open from before, never below 0."""
    return Fen(max(0, entitlement_fen - paid_fen - opening_fen))


def room(limit_fen: Fen | None, paid: Iterable[Fen]) -> Fen | None:
    """What a yearly limit still lets pass after what was paid under it; `None` is no limit."""
    return None if limit_fen is None else Fen(max(0, limit_fen - total(paid)))


def keep_to_cap(room_fen: Fen | None, dues: Mapping[str, Fen]) -> dict[str, Share] | None:
    """The dues of labs that a cap holds together, reduced in proportion where they exceed what it still lets pass."""
    return proportion.reduce_to(room_fen, dues)


def keep_to_budget(room_fen: Fen | None, dues: Mapping[str, Fen]) -> dict[str, Share] | None:
    """All labs' dues, reduced in proportion where they exceed what the budget still lets pass."""
    return proportion.reduce_to(room_fen, dues)


def recoverable(*, paid_fen: Fen, opening_fen: Fen, after_own_cap_fen: Fen) -> Fen:
    """What was paid beyond what the lab had after its own cap: another lab's success never makes a debt."""
    return Fen(max(0, paid_fen + opening_fen - after_own_cap_fen))
