"""The generator is a user of booking and settlement: their functions decide the rows that it gathers."""

import ast

import pytest

from tests.conventions.reading import inside, python_files

DECIDED = {"Booking", "Charge", "Holding", "Proposal", "Report", "Invoice", "InvoiceLine", "Payment", "RevenueEntry"}
ITS_OWN = {"ref", "file_id"}
"""What it draws and stores by itself: the reference, and the id of the file."""


def spelled(source: str) -> list[str]:
    """Columns of these rooms' tables that a source spells where it adds a row."""
    return [
        f"{node.args[0].id}.{keyword.arg}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add"
        if node.args and isinstance(node.args[0], ast.Name) and node.args[0].id in DECIDED
        for keyword in node.keywords
        if keyword.arg is not None and keyword.arg not in ITS_OWN
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("self.loading.rows.add(Charge, kind='price', **values)", ["Charge.kind"]),
        ("rows.add(Booking, ref=ref, **values)", []),
        ("rows.add(Lab, name='x')", []),
    ],
)
def test_a_column_that_is_spelled_is_found(source: str, found: list[str]) -> None:
    assert spelled(source) == found


def test_no_column_of_booking_and_settlement_is_spelled() -> None:
    files = python_files("demonstration")
    assert any("Booking" in file.read_text() for file in files)
    found = [f"{inside(file)}: {name}" for file in files for name in spelled(file.read_text())]
    assert not found, "decided twice: " + ", ".join(found)
