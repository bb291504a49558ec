"""Whole numbers in an address: pages, places in a list, ids."""

from flask import request

LARGEST = 2**31 - 1
"""What both databases take for a number, and for an offset of fifty rows a page."""


def asked_number(name: str, otherwise: int = 1) -> int:
    """The number of the address; one that is none, or below 1, is `otherwise`, one too large the largest."""
    text = request.args.get(name, "")
    number = int(text[:20]) if text.isascii() and text.isdigit() else 0
    return min(number, LARGEST) if number > 0 else otherwise
