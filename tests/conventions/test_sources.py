"""What no source may hold: floats beside money, another clock, changes behind a GET, a rule of safety set aside without
a reason."""

import ast
import re

import pytest

from tests.conventions.reading import ROOT, calls, inside, python_files

MONEY = ("kernel/money", "booking", "settlement", "rewards")
CLOCKS = ("datetime.now", "datetime.today", "datetime.utcnow", "date.today", "time.time")


def floats(source: str) -> list[int]:
    """Lines with a float literal, a call of `float`, or a Float column."""
    tree = ast.parse(source)
    literals = [
        n.lineno for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float | complex)
    ]
    names = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in ("float", "Float", "Double")]
    return sorted(literals + names)


@pytest.mark.parametrize(
    "bad", ["rate = 0.1", "x = float(y)", "def f(x: float): ...", "c = mapped_column(Float)", "1e3"]
)
def test_a_float_is_found(bad):
    assert floats(bad) == [1]


def test_no_float_stands_in_a_room_with_money():
    found = [f"{inside(file)}:{line}" for file in python_files(*MONEY) for line in floats(file.read_text())]
    assert not found, "floats: " + ", ".join(found)


def other_clocks(source: str) -> list[int]:
    return [line for line, name in calls(ast.parse(source)) if name.endswith(CLOCKS)]


@pytest.mark.parametrize("bad", ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.time()"])
def test_another_clock_is_found(bad):
    assert other_clocks(bad) == [1]


def test_the_clock_is_read_in_one_place():
    files = [file for file in python_files("") if inside(file) != "labshare/kernel/time.py"]
    assert files
    found = [f"{inside(file)}:{line}" for file in files for line in other_clocks(file.read_text())]
    assert not found, "the clock is read outside labshare/kernel/time.py: " + ", ".join(found)


def changes_behind_get(source: str) -> list[int]:
    """Lines of functions that answer GET alone and open a transaction."""
    tree = ast.parse(source)
    views = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(_answers_get_alone(mark) for mark in node.decorator_list):
            views.append(node)
        if isinstance(node, ast.ClassDef):
            views += [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "get"]
    return [view.lineno for view in views if any(name.endswith("transaction") for _line, name in calls(view))]


def _answers_get_alone(mark: ast.expr) -> bool:
    if not isinstance(mark, ast.Call) or not isinstance(mark.func, ast.Attribute):
        return False
    if mark.func.attr == "route":
        methods = [keyword.value for keyword in mark.keywords if keyword.arg == "methods"]
        return not methods or "POST" not in ast.unparse(methods[0])
    return mark.func.attr == "get"


@pytest.mark.parametrize(
    "bad",
    [
        "@pages.get('/')\ndef view():\n    with transaction(): ...",
        "@pages.route('/')\ndef view():\n    with transaction(): ...",
        "@pages.route('/', methods=['GET'])\ndef view():\n    with database.transaction(): ...",
        "class View:\n    def get(self):\n        with transaction(): ...",
    ],
)
def test_a_change_behind_get_is_found(bad):
    assert len(changes_behind_get(bad)) == 1


@pytest.mark.parametrize(
    "good",
    [
        "@pages.post('/')\ndef view():\n    with transaction(): ...",
        "@pages.route('/', methods=['GET', 'POST'])\ndef view():\n    with transaction(): ...",
        "@pages.get('/')\ndef view():\n    return 1",
    ],
)
def test_a_change_behind_post_is_fine(good):
    assert changes_behind_get(good) == []


def test_no_view_of_a_get_opens_a_transaction():
    """What is plain to see in the source; what lies deeper is seen at run time, in `test_gets`."""
    found = [
        f"{inside(file)}:{line}" for file in python_files("web", "api") for line in changes_behind_get(file.read_text())
    ]
    assert not found, "a GET changes data: " + ", ".join(found)


UNEXPLAINED = re.compile(r"noqa: ?[A-Z0-9, ]*\bS\d{3}(?! --? \w)")


@pytest.mark.parametrize("bad", ["f()  # noqa: S608", "f()  # noqa: S310  ours", "f()  # noqa: E501, S101"])
def test_an_exception_without_a_reason_is_found(bad):
    assert UNEXPLAINED.search(bad)
    assert not UNEXPLAINED.search(f"{bad.split('  ours')[0]} - because")


def test_each_exception_from_a_rule_of_safety_says_why():
    files = [file for folder in ("labshare", "migrations", "tests") for file in sorted((ROOT / folder).rglob("*.py"))]
    found = [
        f"{inside(file)}:{number}"
        for file in [*files, ROOT / "config.py"]
        if file.name != "test_sources.py"
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if UNEXPLAINED.search(line)
    ]
    assert not found, "a rule is set aside without a reason: " + ", ".join(found)
