"""The picture of the rooms, drawn from what the code imports: `make map` writes `docs/pictures/rooms.svg`.

A row is a room, a column what it imports. Rooms stand as the linter has them, so a dot right of the diagonal is a room
that looks down, and there is none left of it.
"""

import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
CELL, LABEL, HEAD = 34, 140, 118
"""Pixels: a square of the grid, the names at its left, the names above it."""
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1f2937}.entrance{font-weight:600}"
    "rect.page{fill:#fff}rect.row{fill:#f3f4f6}circle{fill:#0f766e}rect.self{fill:#d1d5db}line{stroke:#9ca3af}"
)


def rooms_of(pyproject: Path) -> list[str]:
    """The rooms from the entrances down to the kernel, as the linter's layers name them."""
    linter = tomllib.loads(pyproject.read_text())["tool"]["importlinter"]
    checks = [check for value in linter.values() if isinstance(value, list) for check in value]
    layers = next(check["layers"] for check in checks if isinstance(check, dict) and check["type"] == "layers")
    names = [name.strip(" ()") for layer in layers for name in layer.replace("|", ":").split(":")]
    return [name.removeprefix("labshare.") for name in names]


def imports_of(package: str, rooms: list[str]) -> set[tuple[str, str]]:
    """(room, room that it imports), for different rooms of the package."""
    graph = grimp.build_graph(package, cache_dir=None)

    def room(module: str) -> str | None:
        return next((name for name in rooms if f"{module}.".startswith(f"{package}.{name}.")), None)

    found = {
        (room(module), room(other))
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
    }
    return {(one, other) for one, other in found if one and other and one != other}


def draw(rooms: list[str], imports: set[tuple[str, str]]) -> str:
    """The SVG."""
    width, height = LABEL + CELL * len(rooms) + 60, HEAD + CELL * len(rooms) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        "<title>Which room imports which</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
    ]
    for row, one in enumerate(rooms):
        top, middle = HEAD + CELL * row, HEAD + CELL * row + CELL // 2
        left = LABEL + CELL * row
        if row % 2 == 0:
            parts.append(f'<rect class="row" x="0" y="{top}" width="{width}" height="{CELL}"/>')
        parts.append(f'<text x="10" y="{middle + 5}">{escape(one)}</text>')
        parts.append(
            f'<text transform="translate({left + CELL // 2 + 5} {HEAD - 10}) rotate(-60)">{escape(one)}</text>'
        )
        parts.append(f'<rect class="self" x="{left + 8}" y="{top + 8}" width="{CELL - 16}" height="{CELL - 16}"/>')
        for column, other in enumerate(rooms):
            if (one, other) in imports:
                parts.append(f'<circle cx="{LABEL + CELL * column + CELL // 2}" cy="{middle}" r="7"/>')
    return "\n".join([*parts, "</svg>", ""])


def picture() -> str:
    """The picture of the sources as they are."""
    rooms = rooms_of(ROOT / "pyproject.toml")
    return draw(rooms, imports_of("labshare", rooms))


if __name__ == "__main__":
    PICTURE.write_text(picture())
