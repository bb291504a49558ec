"""What may be given by position. Where two numbers or two words of one type meet and one of them is an id, an amount or
a reference, nothing but the reader's eye would see them exchanged: such parameters are given by name, to functions and
to dataclasses alike. Types tell apart what they can (`tests/conventions/test_types.py`)."""

import ast
from collections.abc import Iterator

import pytest

from tests.conventions.reading import inside, python_files

NUMBERS = ("int", "Fen", "Minutes")
"""`Hours` beside another number are told apart by their type."""
IDS = ("id", "but", "client", "firm", "instrument", "lab", "other", "person", "replaces", "reverses")
"""Numbers of these names, or ending like them, say which row."""
REFERENCES = (
    "code",
    "division",
    "email",
    "key",
    "lab",
    "month",
    "number",
    "ref",
    "reference",
    "subject_id",
    "to",
    "uscc",
)
"""Words of these names, or ending like them, say which thing."""
PAIRS = (("since", "until"), ("after", "before"), ("starts_at", "ends_at"), ("start", "before"), ("low", "high"))
"""Two moments or amounts that nobody exchanges, in their order."""

ALLOWED = {
    "labshare/accounts/terms.py::__init__": "members of a vocabulary are written as rows of a table",
    "labshare/catalogue/terms.py::__init__": "the same",
    "labshare/demonstration/data/": "tables of invented data: a column holds one thing",
    "labshare/catalogue/formatting.py::fee": "a filter of pages: what is written comes first, its least after it",
    "labshare/kernel/formatting.py::relative": "a filter of pages",
    "labshare/kernel/formatting.py::remaining": "a filter of pages",
    "labshare/web/labels.py::term": "a filter of pages",
    "labshare/web/labels.py::named": "a filter of pages",
    "labshare/web/regulator/trail.py::subject_title": "pages call it, with the pair by which the trail names a subject",
}
"""Why these may stay by position."""

Parameter = tuple[str, str]
"""Name and type."""


def by_position(source: str) -> list[tuple[str, list[str]]]:
    """Each function and dataclass that takes by position what could be exchanged, with the names of that."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            given = [*node.args.posonlyargs, *node.args.args]
            parameters = [(one.arg, _type(one.annotation)) for one in given if one.annotation]
        elif isinstance(node, ast.ClassDef) and _taken_by_position(node):
            fields = [one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
            parameters = [(one.target.id, _type(one.annotation)) for one in fields]
        else:
            continue
        if names := sorted(set(_exchangeable(parameters))):
            found.append((node.name, names))
    return found


def _taken_by_position(node: ast.ClassDef) -> bool:
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    return any(mark.startswith("dataclass") and "kw_only=True" not in mark for mark in marks)


def _type(annotation: ast.expr) -> str:
    """`int` of `int | None`."""
    parts = [part for part in ast.unparse(annotation).split(" | ") if part != "None"]
    return parts[0] if len(parts) == 1 else ""


def _exchangeable(parameters: list[Parameter]) -> Iterator[str]:
    def of(*types: str) -> tuple[str, ...]:
        return tuple(name for name, type in parameters if type in types)

    for names, exchangeable in (
        (of(*NUMBERS), bool(of("Fen", "Minutes")) or _any_ends(of("int"), (*IDS, "fen", "minutes"))),
        (of("Hours"), True),
        (of("str"), _any_ends(of("str"), REFERENCES)),
        (of("datetime"), True),
    ):
        if len(names) > 1 and exchangeable and names not in PAIRS:
            yield from names


def _any_ends(names: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(name in words or name.endswith(tuple(f"_{word}" for word in words)) for name in names)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def line_of(run_id: int, lab_id: int): ...", ["lab_id", "run_id"]),
        ("def line_of(run_id: int | None = None, lab_id: int | None = None): ...", ["lab_id", "run_id"]),
        ("class A:\n    def page(self, firm_id: int, status: int = 200): ...", ["firm_id", "status"]),
        ("def share(amount_fen: int, months: int): ...", ["amount_fen", "months"]),
        ("def price(amount: Fen, length: Minutes): ...", ["amount", "length"]),
        ("def choice(most: Hours, step: Hours): ...", ["most", "step"]),
        ("def line(month: str, code: str): ...", ["code", "month"]),
        ("def step(ref: str, action: str): ...", ["action", "ref"]),
        ("def busy(since: datetime, until: datetime, now: datetime): ...", ["now", "since", "until"]),
        ("def left(until: datetime, since: datetime): ...", ["since", "until"]),
        ("@dataclass\nclass Money:\n    amount_fen: Fen\n    tax_fen: Fen", ["amount_fen", "tax_fen"]),
        ("@dataclass(frozen=True)\nclass Lab:\n    code: str\n    firm: str", ["code", "firm"]),
    ],
)
def test_what_could_be_exchanged_is_found(source: str, names: list[str]) -> None:
    assert [found for _name, found in by_position(source)] == [names]


@pytest.mark.parametrize(
    "source",
    [
        "def line_of(*, run_id: int, lab_id: int): ...",
        "def page(firm_id: int, *, status: int = 200): ...",
        "def coming(month: int, day: int): ...",
        "def work(quantity: int, hours: Hours | None): ...",
        "def between(low: Fen, high: Fen): ...",
        "def fits(kept: str, password: str): ...",
        "def busy(since: datetime, until: datetime, *, now: datetime): ...",
        "@dataclass(frozen=True, kw_only=True)\nclass Money:\n    amount_fen: Fen\n    tax_fen: Fen",
        "class Row:\n    amount_fen: Fen\n    tax_fen: Fen",
    ],
)
def test_what_cannot_be_exchanged_is_fine(source: str) -> None:
    assert by_position(source) == []


def test_nothing_that_could_be_exchanged_is_given_by_position() -> None:
    found = {
        f"{inside(file)}::{name}": names for file in python_files("") for name, names in by_position(file.read_text())
    }
    assert found
    unknown = [allowed for allowed in ALLOWED if not any(place.startswith(allowed) for place in found)]
    assert not unknown, "allowed, but not there: " + ", ".join(unknown)
    wrong = [f"{place} {names}" for place, names in found.items() if not place.startswith(tuple(ALLOWED))]
    assert not wrong, "give these by name: " + "; ".join(wrong)
