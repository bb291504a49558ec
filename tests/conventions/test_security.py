"""docs/security.md names tests that exist: a threat without its test would be a promise."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def missing(text: str) -> list[str]:
    """What is named and not there."""
    gone = []
    for path, name in NAMED.findall(text):
        file = ROOT / path
        if not file.is_file() or (name and f"def {name}(" not in file.read_text()):
            gone.append(f"{path}::{name}" if name else path)
    return gone


def test_every_test_that_is_named_exists() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    assert len(NAMED.findall(text)) > 40
    assert not missing(text)


def test_every_threat_has_its_test() -> None:
    rows = [line for line in (ROOT / "docs" / "security.md").read_text().splitlines() if re.match(r"\| \d+ ", line)]
    assert [int(row.split()[1]) for row in rows] == list(range(1, 26))
    assert all(NAMED.search(row) for row in rows)


def test_what_is_not_there_is_found() -> None:
    assert missing("`tests/audit/test_seal.py::test_of_nothing` `tests/audit/test_seal.py` `tests/none.py`") == [
        "tests/audit/test_seal.py::test_of_nothing",
        "tests/none.py",
    ]
