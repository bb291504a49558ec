"""Sharing and reducing in proportion: always by largest remainder (R-REWARD-12)."""

from collections.abc import Mapping
from dataclasses import dataclass

from labshare.kernel.money import Fen, share_by_largest_remainder, total


@dataclass(frozen=True, kw_only=True)
class Share:
    """One lab's part of `available` fen, with what is needed to work it out again.

    result = floor(available × weight ÷ weights) + extra, where `extra` is the one fen of a largest fraction, or 0.
    """

    available: Fen
    weight: Fen
    weights: Fen
    extra: Fen
    result: Fen


def share(available: Fen, weights: Mapping[str, Fen]) -> dict[str, Share]:
    """Share `available` in proportion to `weights`; with all weights 0 nobody gets anything."""
    results = share_by_largest_remainder(available, weights)
    whole = total(weights.values())
    found = {}
    for key, weight in weights.items():
        floor = available * weight // whole if whole else 0
        found[key] = Share(
            available=available, weight=weight, weights=whole, extra=Fen(results[key] - floor), result=results[key]
        )
    return found


def reduce_to(limit: Fen | None, amounts: Mapping[str, Fen]) -> dict[str, Share] | None:
    """What is left to each when `amounts` together exceed `limit`; `None` where nothing needs to be reduced."""
    if limit is None or total(amounts.values()) <= limit:
        return None
    return share(limit, amounts)


def results(shares: Mapping[str, Share] | None, amounts: Mapping[str, Fen]) -> dict[str, Fen]:
    """The amounts after a reduction, or as they were where there was none."""
    return dict(amounts) if shares is None else {key: part.result for key, part in shares.items()}
