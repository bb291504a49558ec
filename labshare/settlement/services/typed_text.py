"""Numbers and references as they are typed from paper."""

from labshare.kernel.errors import Problem
from labshare.settlement.errors import NumberNotReadable, ReasonTooLong


def check_line(word: str, most: int, field: str) -> Problem | None:
    """What is wrong with one line of at most `most` printable characters."""
    if not word or len(word) > most or not word.isprintable():
        return NumberNotReadable(field, n=most)
    return None


def check_text(text: str, most: int, field: str) -> Problem | None:
    """What is wrong with a reason or note of several lines: too long, or characters that cannot be written down."""
    if len(text) > most or not all(character.isprintable() or character in "\r\n\t" for character in text):
        return ReasonTooLong(field, n=most)
    return None
