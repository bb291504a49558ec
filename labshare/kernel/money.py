"""Money is an integer number of fen (0.01 yuan); a refund or a red letter is negative. Never a float."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NewType

Fen = NewType("Fen", int)
"""A type of its own, so that nothing else is taken for money. Inside a function sums and differences are plain numbers;
what it hands on is `Fen` again."""
ZERO = Fen(0)
FEN_PER_YUAN = 100
FEN_PER_WAN = 1_000_000
"""10,000 yuan (万元), the unit of the national instrument platform."""


def round_half_up(amount: Fraction | Decimal | int) -> int:
    """The nearest whole number; a half goes away from zero. The one rounding of LabShare (R-PRICE-4, R-REWARD-10)."""
    exact = Fraction(amount)
    above, below = exact.numerator, exact.denominator
    rounded = (2 * abs(above) + below) // (2 * below)
    return -rounded if above < 0 else rounded


def total(amounts: Iterable[Fen]) -> Fen:
    return Fen(sum(amounts))


def share_by_largest_remainder(whole: Fen, weights: Mapping[str, Fen]) -> dict[str, Fen]:
    """Share `whole` fen among keys in proportion to whole weights ≥ 0 (R-REWARD-12).

    Everyone gets the whole-fen floor of the exact share, then one fen each goes to the largest fractions; ties by
    key, by code point. With all weights 0 everyone gets 0.
    """
    weight = sum(weights.values())
    if weight == 0:
        return dict.fromkeys(weights, ZERO)
    shares = {key: whole * weights[key] // weight for key in weights}
    left = whole - sum(shares.values())
    by_fraction = sorted(weights, key=lambda key: (-(whole * weights[key] % weight), key))
    for key in by_fraction[:left]:
        shares[key] += 1
    return {key: Fen(share) for key, share in shares.items()}
