"""Money is an integer number of fen (0.01 yuan); a refund or a red letter is negative. Never a float."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

FEN_PER_YUAN = 100
FEN_PER_WAN = 1_000_000
"""10,000 yuan (万元), the unit of the national instrument platform."""


def round_half_up(amount: Fraction | Decimal | int) -> int:
    """The nearest whole number; a half goes away from zero. The one rounding of LabShare (R-PRICE-4, R-REWARD-10)."""
    exact = Fraction(amount)
    above, below = exact.numerator, exact.denominator
    rounded = (2 * abs(above) + below) // (2 * below)
    return -rounded if above < 0 else rounded


def share_by_largest_remainder(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Share `total` fen among keys in proportion to whole weights ≥ 0 (R-REWARD-12).

    Everyone gets the whole-fen floor of the exact share, then one fen each goes to the largest fractions; ties by
    key, by code point. With all weights 0 everyone gets 0.
    """
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    shares = {key: total * weight // whole for key, weight in weights.items()}
    left = total - sum(shares.values())
    by_fraction = sorted(weights, key=lambda key: (-(total * weights[key] % whole), key))
    for key in by_fraction[:left]:
        shares[key] += 1
    return shares
