"""How invoices are numbered: fully digital ones (数电发票) by 20 digits; those before them by a code of 10 or 12
digits and a number of 8 (R-PAPER-7). Nothing here knows a table."""

import re
import unicodedata

NUMBER_LENGTH = 30
"""Characters that are kept: older rows may say anything."""
LONGEST_TYPED = 40
CODED = 18
"""Digits of a number of 8 after a code of 10."""
_BETWEEN = re.compile(r"[\s\-/_.·]+")
_NUMBER = re.compile(r"[0-9]{18}|[0-9]{20}")


def read_number(typed: str) -> str | None:
    """The number as it is kept, digits alone, of what was typed: blanks, hyphens and the like between the digits and
    full-width digits are taken. None: not the number of an invoice."""
    if len(typed) > LONGEST_TYPED:
        return None
    digits = _BETWEEN.sub("", unicodedata.normalize("NFKC", typed))
    return digits if _NUMBER.fullmatch(digits) else None


def ways_to_say(number: str) -> tuple[str, ...]:
    """How a payer may name an invoice: its number as it is kept; after a code of 10 without the code, too."""
    return (number, number[10:]) if len(number) == CODED else (number,)
