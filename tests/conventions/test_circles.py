"""No module of a room or an entrance imports in a circle: what two modules share lies below both."""

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.conventions.reading import module_name, python_files


def imported(source: str, module: str, modules: Mapping[str, str]) -> set[str]:
    """Which of `modules` a module's source imports, wherever it says so: for type checkers alone, inside functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                found.add(below if below in modules else node.module)
    return found & modules.keys() - {module}


def circle(modules: Mapping[str, str]) -> list[str]:
    """Modules, by name with their source, of which each imports the one before it, the first one the last; none
    if there is no circle."""
    try:
        TopologicalSorter({name: imported(source, name, modules) for name, source in modules.items()}).prepare()
    except CycleError as error:
        members: list[str] = error.args[1]
        return members
    return []


@pytest.mark.parametrize(
    "back",
    [
        "from a import one",
        "import a.one",
        "def late():\n    from a.one import x",
        "if TYPE_CHECKING:\n    import a.one",
    ],
)
def test_a_circle_is_found(back: str):
    assert set(circle({"a.one": "from a.two import y", "a.two": back})) == {"a.one", "a.two"}


def test_a_package_that_collects_its_modules_is_no_circle():
    assert not circle({"a": "from a.one import x", "a.one": "from a import two", "a.two": "import os"})


def test_no_module_imports_in_a_circle():
    modules = {module_name(file): file.read_text() for file in python_files("")}
    assert len(modules) > 300
    assert not circle(modules)
