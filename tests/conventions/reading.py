"""Reads the project's sources for the conventions' tests: files, calls, and what a name in a file stands for."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
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
ENTRANCES = ("web", "api", "jobs", "commands")


def python_files(*folders: str) -> list[Path]:
    """Every module under these folders or files of `labshare/`, which must exist as far as asked for by name."""
    files: list[Path] = []
    for folder in folders:
        place = ROOT / "labshare" / folder
        files += sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    return [file for file in files if file.exists()]


def service_files() -> list[Path]:
    return [file for room in ROOMS for file in python_files(f"{room}/services")]


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


def references(tree: ast.AST) -> set[Any]:
    """Every object of `labshare` that this source names, found by following its imports."""
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            imported |= {alias.asname: alias.name for alias in node.names if alias.asname}
    found = set()
    for node in ast.walk(tree):
        name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else None
        if name is None:
            continue
        head, _, rest = name.partition(".")
        path = imported.get(head, head) + (f".{rest}" if rest else "")
        if path.startswith("labshare.") and callable(thing := _object(path)):
            found.add(thing)
    return found


def _object(path: str) -> Any:
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part, None)
        return thing
    return None
