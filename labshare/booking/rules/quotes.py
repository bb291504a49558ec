"""How long a quote lasts, and how far a lab's own price may go (docs/rules.md, R-QUOTE). Fen; days are local."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from labshare.booking.errors import NoDiscountPublished, OutsideDiscount
from labshare.kernel.errors import Problem
from labshare.kernel.formatting import sentence_money
from labshare.kernel.money import Fen, round_half_up
from labshare.kernel.time import local_day, start_of_day

LASTS = timedelta(days=30)
"""A quote, after the day it was made; and one accepted by a purchase order, after that day."""
MOST_OPEN = 100
"""Quotes of a firm that last, so that nobody fills a lab's list."""


def lasts_until(made_at: datetime) -> datetime:
    """The end of the last day on which it can be booked."""
    return start_of_day(local_day(made_at) + LASTS + timedelta(days=1))


def least_price(published_fen: Fen, percent: Decimal) -> Fen:
    """The price less the most that the discount table allows, rounded half up."""
    return Fen(round_half_up(published_fen * (100 - Fraction(percent)) / 100))


def own_price_problem(own_fen: Fen, *, published_fen: Fen, present_fen: Fen, percent: Decimal) -> Problem | None:
    """What is wrong with a lab's own price: none above what stands in the quote, none below the table's."""
    least = least_price(published_fen, percent)
    most = Fen(present_fen - 1)
    if least > most:
        return NoDiscountPublished()
    if least <= own_fen <= most:
        return None
    return OutsideDiscount(least=sentence_money(least), most=sentence_money(most))
