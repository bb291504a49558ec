"""When two references of a bank are the same (R-DOUBLE-1)."""

import unicodedata

BETWEEN = (" ", "-", "/")
"""Characters that people write between the digits, or leave out."""
LONGEST = 60


def plain(reference: str) -> str:
    """The reference as it is compared: without what stands between, in capital letters of plain width."""
    found = unicodedata.normalize("NFKC", reference)
    for between in BETWEEN:
        found = found.replace(between, "")
    return found.upper()[:LONGEST]
