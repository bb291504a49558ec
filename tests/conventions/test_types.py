"""Types of the field that the type checker keeps apart: fen, minutes, hours, months. A number of one is refused where
another is wanted, and so is a bare number."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conventions.reading import ROOMS, ROOT, dotted, inside, python_files

CALLS = """
from datetime import timedelta
from decimal import Decimal

from labshare.booking.rules.price import CancellationTerms, Fee, HoursChoice, ItemTerms, cancellation_fee, work_of
from labshare.kernel.money import Fen, total
from labshare.kernel.months import Month
from labshare.kernel.time import ExactMinutes, Hours, Minutes
from labshare.rewards.policy import Policy
from labshare.rewards.rules.payable import due
from labshare.settlement.rules.documents import Money, check_amount

terms, free, item = CancellationTerms(free_minutes=Minutes(60)), timedelta(0), ItemTerms()

Fee(basis="sample", amount_fen=Fen(12_000))
Fee(basis="sample", amount_fen=Minutes(30))  # refused
Fee(basis="sample", amount_fen=Decimal("120.00"))  # refused
Fee(basis="sample", amount_fen=12_000)  # refused
Money(amount_fen=Fen(1), tax_fen=Hours(1))  # refused
check_amount(Decimal("120.00"))  # refused
cancellation_fee(terms, Fen(100), until_start=free)
cancellation_fee(terms, Minutes(100), until_start=free)  # refused
due(entitlement_fen=Fen(3), paid_fen=Fen(1), opening_fen=Minutes(1))  # refused
total([Fen(1), Fen(2)])
total([Fen(1), Minutes(2)])  # refused

CancellationTerms(free_minutes=Hours(24))  # refused
CancellationTerms(free_minutes=Fen(24))  # refused
ItemTerms(setup=ExactMinutes(Decimal("7.5")), cleanup=Minutes(5))
ItemTerms(setup=Decimal("7.5"))  # refused
ItemTerms(setup=Minutes(7))  # refused
HoursChoice(min=Hours(1), max=Hours(8), step=Minutes(60))  # refused
work_of(item, 1, Hours(2))
work_of(item, 1, Minutes(120))  # refused
work_of(item, 1, Decimal("1.5"))  # refused


def governed(policy: Policy) -> None:
    policy.governs(Month(2026, 11))
    policy.governs("2026-11")  # refused
    policy.governs(2026_11)  # refused
"""
"""What a room may be handed, and what it may not."""
CONFIGURATION = """
[mypy]
strict = True
[mypy-babel.*,flask.*,flask_babel.*,flask_sqlalchemy.*,sqlalchemy.*]
follow_imports = skip
ignore_missing_imports = True
"""
"""The project's strictness; the libraries, which say nothing of these types, are not looked into."""


def refused(calls: str, folder: Path) -> list[int]:
    """The lines in which the type checker finds a wrong argument."""
    file, configuration = folder / "calls.py", folder / "mypy.ini"
    file.write_text(calls)
    configuration.write_text(CONFIGURATION)
    checker = [sys.executable, "-m", "mypy", "--config-file", configuration, "--cache-dir", folder / "cache"]
    answer = subprocess.run([*checker, "--follow-imports", "silent", file], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode in (0, 1), answer.stdout + answer.stderr
    found = [line.split(":") for line in answer.stdout.splitlines() if ": error:" in line]
    assert all("arg-type" in error[-1] or "list-item" in error[-1] for error in found), answer.stdout
    return [int(error[1]) for error in found]


def test_what_is_something_else_is_refused(tmp_path: Path) -> None:
    wrong = [number for number, line in enumerate(CALLS.splitlines(), 1) if line.endswith("# refused")]
    assert wrong
    assert refused(CALLS, tmp_path) == wrong


NAMED = (("fen", "int"), ("minutes", "int"), ("minutes", "Decimal"))
"""What a name ends in, and the bare type that it then is not."""


def bare(source: str) -> list[str]:
    """Columns, fields, parameters and functions that are named after fen or minutes, but typed as mere numbers."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign):
            name, type = (dotted(node.target) or "").rpartition(".")[2], node.annotation
        elif isinstance(node, ast.arg):
            name, type = node.arg, node.annotation
        elif isinstance(node, ast.FunctionDef):
            name, type = node.name, node.returns
        else:
            continue
        words = {dotted(part) for part in ast.walk(type)} if type is not None else set()
        if any(word in words and (name == unit or name.endswith(f"_{unit}")) for unit, word in NAMED):
            found.append(name)
    return found


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("price_fen: Mapped[int] = mapped_column()", "price_fen"),
        ("class Part:\n    fen: int | None = None", "fen"),
        ("def price(amount_fen: int) -> int: ...", "amount_fen"),
        ("def room(*, setup_minutes: Decimal): ...", "setup_minutes"),
        ("def total_fen(self) -> int: ...", "total_fen"),
        ("self.free_minutes: int = 0", "free_minutes"),
    ],
)
def test_a_bare_number_is_found(source: str, name: str) -> None:
    assert bare(source) == [name]


@pytest.mark.parametrize(
    "source", ["price_fen: Mapped[Fen | None]", "def price(amount_fen: Fen, often: int): ...", "minutes: Fraction"]
)
def test_a_type_of_its_own_is_fine(source: str) -> None:
    assert bare(source) == []


def test_no_room_takes_fen_or_minutes_as_bare_numbers() -> None:
    found = [f"{inside(file)} {name}" for file in python_files(*ROOMS) for name in bare(file.read_text())]
    assert not found, "say Fen, Minutes or ExactMinutes: " + ", ".join(found)
