"""Sharing and reducing in proportion: always by largest remainder (R-REWARD-12)."""

from collections.abc import Mapping
from dataclasses import dataclass

from labshare.kernel.money import share_by_largest_remainder


@dataclass(frozen=True)
class Share:
    """One lab's part of `available` fen, with what is needed to work it out again.

    result = floor(available × weight ÷ weights) + extra, where `extra` is the one fen of a largest fraction, or 0.
    """

    available: int
    weight: int
    weights: int
    extra: int
    result: int


def share(available: int, weights: Mapping[str, int]) -> dict[str, Share]:
    """Share `available` in proportion to `weights`; with all weights 0 nobody gets anything."""
    results = share_by_largest_remainder(available, weights)
    whole = sum(weights.values())
    return {
        key: Share(available, weight, whole, results[key] - (available * weight // whole if whole else 0), results[key])
        for key, weight in weights.items()
    }


def reduce_to(limit: int | None, amounts: Mapping[str, int]) -> dict[str, Share] | None:
    """What is left to each when `amounts` together exceed `limit`; `None` where nothing needs to be reduced."""
    if limit is None or sum(amounts.values()) <= limit:
        return None
    return share(limit, amounts)


def results(shares: Mapping[str, Share] | None, amounts: Mapping[str, int]) -> dict[str, int]:
    """The amounts after a reduction, or as they were where there was none."""
    return dict(amounts) if shares is None else {key: part.result for key, part in shares.items()}
