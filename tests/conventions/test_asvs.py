"""docs/asvs.md is whole, counts right and names tests that exist: a requirement said to be met is shown to be."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

from tests.conventions.test_security import missing

TEXT = (Path(__file__).parents[2] / "docs" / "asvs.md").read_text()
ROWS = [line.strip("| ").split(" | ") for line in TEXT.splitlines() if re.match(r"\| \d+\.\d+\.\d+ ", line)]
SAYS = ("met", "partly", "not met", "operator", "n/a")
LEVELS = {"1": 70, "2": 183}
"""How many requirements the standard has at each level (5.0.0)."""


def test_every_requirement_stands_once_in_its_order() -> None:
    numbers = [tuple(map(int, row[0].split("."))) for row in ROWS]
    assert [pair for pair in pairwise(numbers) if pair[0] >= pair[1]] == []
    assert Counter(row[1] for row in ROWS) == LEVELS


def test_each_says_how_it_stands_and_why() -> None:
    assert [row[0] for row in ROWS if len(row) != 5 or row[3] not in SAYS or not row[4].strip()] == []


def test_the_sums_are_right() -> None:
    found = Counter(row[3] for row in ROWS)
    said = ", ".join(f"{found[word]} {word}" for word in SAYS)
    assert f"Of {len(ROWS)}: {said}." in TEXT


def test_every_test_that_is_named_exists() -> None:
    assert missing(TEXT) == []
