"""Numbers and references as they are typed from paper."""

from labshare.kernel.errors import Problem
from labshare.settlement.errors import NumberNotReadable


def check_word(word: str, most: int, field: str) -> Problem | None:
    """What is wrong with one line of at most `most` printable characters."""
    if not word or len(word) > most or not word.isprintable():
        return NumberNotReadable(field, n=most)
    return None
