"""What is the number of an invoice (R-PAPER-7)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labshare.settlement.rules.invoice_numbers import read_number, ways_to_say


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("26332000000009018427", "26332000000009018427"),
        (" 2633 2000 0000 0901 8427 ", "26332000000009018427"),
        ("3300184130 01234567", "330018413001234567"),
        ("033001900104-01234567", "03300190010401234567"),
        ("２６３３２００００００００９０１８４２７", "26332000000009018427"),
    ],
)
def test_digits_are_kept_whatever_stands_between(typed, kept):  # R-PAPER-7
    assert read_number(typed) == kept
    assert read_number(kept) == kept


@pytest.mark.parametrize(
    "typed", ["", "abc", "01234567", "1" * 17, "1" * 19, "1" * 21, "1" * 19 + "x", "٢" * 20, " " * 50 + "1" * 20]
)
def test_anything_else_is_none(typed):  # R-PAPER-7
    assert read_number(typed) is None


def test_a_number_after_a_code_is_named_without_it_too():
    assert ways_to_say("330018413001234567") == ("330018413001234567", "01234567")
    assert ways_to_say("26332000000009018427") == ("26332000000009018427",)


@settings(max_examples=60)
@given(st.text(alphabet="0123456789 -／/x", max_size=45))
def test_what_is_kept_is_18_or_20_of_the_digits_typed(typed):  # R-PAPER-7
    kept = read_number(typed)
    digits = "".join(each for each in typed if each.isdigit())
    assert kept is None or (kept == digits and len(kept) in (18, 20))
