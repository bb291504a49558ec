"""Reads the project's sources for the conventions' tests: files, calls, and what a name in a file stands for."""

import ast
import functools
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Environment(extensions=["jinja2.ext.do", "jinja2.ext.i18n"], autoescape=True)
ROOMS = (
    "kernel",
    "audit",
    "accounts",
    "organisations",
    "notices",
    "catalogue",
    "booking",
    "settlement",
    "rewards",
    "oversight",
)
ENTRANCES = ("http", "web", "api", "jobs", "commands")


def python_files(*folders: str) -> list[Path]:
    """Every module under these folders or files of `labshare/`, which must exist as far as asked for by name."""
    files: list[Path] = []
    for folder in folders:
        place = ROOT / "labshare" / folder
        files += sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    return [file for file in files if file.exists()]


def service_files() -> list[Path]:
    return [file for room in ROOMS for file in python_files(f"{room}/services")]


def template_files() -> list[Path]:
    """Every template, of mails too."""
    return [path for path in sorted((ROOT / "templates").rglob("*")) if path.is_file()]


def parsed_template(source: str) -> nodes.Template:
    """The syntax tree of a template, whose lines are counted as in the file."""
    return TEMPLATES.parse(source)


def inside(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def dotted(node: ast.AST) -> str | None:
    """`a.b.c` of a name or of attributes of a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else None
    return None


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every call; `.name` where what it is called on has no name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if (name := dotted(node.func)) is not None:
                yield node.lineno, name
            elif isinstance(node.func, ast.Attribute):
                yield node.lineno, f".{node.func.attr}"


def references(tree: ast.Module, module: str, within: ast.AST | None = None) -> set[FunctionType]:
    """Every function of `labshare` that this source (or one node of it) names, found by following its imports."""
    stands_for = {node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            stands_for |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            stands_for |= {alias.asname: alias.name for alias in node.names if alias.asname}
    found = set()
    for node in ast.walk(within or tree):
        name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else None
        if name is None:
            continue
        head, _, rest = name.partition(".")
        path = stands_for.get(head, head) + (f".{rest}" if rest else "")
        if path.startswith("labshare.") and type(thing := _object(path)) is FunctionType:
            found.add(thing)
    return found


def reached_from(files: list[Path]) -> set[FunctionType]:
    """Every function of `labshare` that these files name, or that is named inside one of those, and so on."""
    reached: set[FunctionType] = set()
    waiting: set[FunctionType] = set()
    for file in files:
        waiting |= references(ast.parse(file.read_text()), module_name(file))
    while waiting:
        function = waiting.pop()
        reached.add(function)
        tree = _tree(function.__module__)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
                waiting |= references(tree, function.__module__, node) - reached
    return reached


def module_name(file: Path) -> str:
    return inside(file).removesuffix(".py").replace("/", ".").removesuffix(".__init__")


@functools.cache
def _tree(module: str) -> ast.Module:
    file = importlib.import_module(module).__file__
    assert file
    return ast.parse(Path(file).read_text())


@functools.cache
def _object(path: str) -> Any:
    """What a dotted path stands for. A function may bear its module's name (`services.book` of `services/book.py`)."""
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part, None) if type(thing) is ModuleType else None
        if thing is not None:
            return thing
    return None
