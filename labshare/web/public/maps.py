"""The map of labs: an approximate outline drawn by us (no survey data), and a circle for each town."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any
from urllib.parse import urlencode

from labshare.kernel.formatting import language, twin
from labshare.organisations.divisions import TOWNS, Town

OUTLINE = (
    (120.71, 29.31),
    (120.75, 29.32),
    (120.77, 29.30),
    (120.77, 29.26),
    (120.78, 29.23),
    (120.89, 29.25),
    (120.91, 29.30),
    (120.95, 29.29),
    (120.97, 29.32),
    (121.05, 29.32),
    (121.10, 29.31),
    (121.12, 29.34),
    (121.19, 29.34),
    (121.22, 29.37),
    (121.22, 29.42),
    (121.21, 29.45),
    (121.22, 29.52),
    (121.20, 29.54),
    (121.11, 29.55),
    (121.09, 29.52),
    (121.02, 29.52),
    (121.00, 29.55),
    (120.91, 29.56),
    (120.90, 29.54),
    (120.85, 29.54),
    (120.82, 29.51),
    (120.80, 29.51),
    (120.78, 29.50),
    (120.77, 29.45),
    (120.75, 29.44),
    (120.73, 29.38),
    (120.70, 29.36),
    (120.70, 29.33),
)
"""Xinchang County, drawn by eye on a grid of 0.01°: shown as "approximate outline", never measured."""

WEST, NORTH = 120.70, 29.56
ACROSS, DOWN = 800.0, 800.0 / 0.872
"""Pixels for a degree; a degree of longitude is 0.872 of one of latitude here."""
MARGIN = 18
WIDTH, HEIGHT = 452, 340
CROWDED = {
    "330624001": ("start", 1, -4),
    "330624002": ("start", 1, 16),
    "330624003": ("end", -1, 4),
    "330624004": ("end", -1, 4),
}
"""Towns that lie close together: on which side of the circle the name stands, and how far down."""


@dataclass(frozen=True)
class Circle:
    town: Town
    count: int
    x: float
    y: float
    radius: float
    text_x: float
    text_y: float
    anchor: str

    @property
    def label(self) -> str:
        """The town's name; the English one without its kind: there is little room on a map."""
        return self.town.name if language() == "zh" else self.town.name_en.rsplit(" ", 1)[0]


@dataclass(frozen=True)
class OutlineMap:
    path: str
    circles: tuple[Circle, ...]
    width: int = WIDTH
    height: int = HEIGHT


def _place(longitude: float, latitude: float) -> tuple[float, float]:
    return round(MARGIN + (longitude - WEST) * ACROSS, 1), round(MARGIN + (NORTH - latitude) * DOWN, 1)


def place_address(lab: Any) -> str:
    """Where a reader's map shows a lab: a page that telephones open in the map they have (WGS 84)."""
    asked = {
        "position": f"{lab.longitude},{lab.latitude}",
        "name": twin(lab),
        "coordinate": "wgs84",
        "callnative": 1,
    }
    return f"https://uri.amap.com/marker?{urlencode(asked)}"


def place_on_map(town: str) -> OutlineMap | None:
    """The county's outline with one town; None for a town elsewhere."""
    found = outline_map({town: 1})
    inside = [one for one in found.circles if 0 < one.x < WIDTH and 0 < one.y < HEIGHT]
    return found if inside else None


def outline_map(labs_by_town: Mapping[str, int]) -> OutlineMap:
    """The county's outline with a circle whose area shows how many labs a town has; the largest first."""
    corners = " ".join(f"{x} {y}" for x, y in (_place(*corner) for corner in OUTLINE))
    circles = []
    for code, town in TOWNS.items():
        count = labs_by_town.get(code, 0)
        if not count:
            continue
        x, y = _place(float(town.longitude), float(town.latitude))
        radius = round(3.4 * sqrt(count) + 1.5, 1)
        anchor, side, down = CROWDED.get(code, ("start", 1, 4))
        if code not in CROWDED and x > WIDTH * 0.72:
            anchor, side = "end", -1
        circles.append(Circle(town, count, x, y, radius, round(x + side * (radius + 4), 1), y + down, anchor))
    circles.sort(key=lambda circle: -circle.count)
    return OutlineMap(f"M{corners}Z", tuple(circles))
