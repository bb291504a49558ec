"""Where limits of bodies are set and strangers' files are read: in one place each."""

import ast

import pytest

from tests.conventions.reading import inside, python_files

pytestmark = pytest.mark.slow

PARSERS = ("pypdf", "python_calamine", "openpyxl", "PIL")


def limits_set(source: str) -> list[int]:
    """Lines that set how much a request may bring."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr == "max_content_length" and isinstance(node.ctx, ast.Store)
    ]


def parsers_imported(source: str) -> list[int]:
    """Lines that load a parser of files, in whatever way."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [node.lineno for name in names if name.split(".")[0] in PARSERS]
    return found


def test_what_is_looked_for_is_found() -> None:
    assert limits_set("def f():\n    request.max_content_length = 5") == [2]
    assert limits_set("n = request.max_content_length") == []
    assert parsers_imported("from pypdf import PdfReader\nimport python_calamine") == [1, 2]


@pytest.mark.parametrize(
    ("look", "where"),
    [(limits_set, "labshare/http/bodies.py"), (parsers_imported, "labshare/kernel/readers.py")],
    ids=["limits", "parsers"],
)
def test_there_is_one_place(look, where) -> None:
    found = {inside(file) for file in python_files("") if look(file.read_text())}
    assert found == {where}
