"""The map of labs: an approximate outline drawn by us (no survey data), and a circle for each town.

Where the names stand is worked out: no name leaves the picture, touches another, a circle or the outline.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from math import hypot, sqrt
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
LETTER, LATIN = 14.5, 0.62
"""The height of a letter, as on a phone, where it is largest; how wide a Latin one is to a Chinese one, at most."""
UP, DEEP = 12, 5
"""What a name takes above and below the line that it stands on."""
DOT = 3.0
"""The radius of a town that is only named."""
GROWTH, LEAST = 3.4, 1.5
"""A circle's radius is `LEAST` and at most `GROWTH` by the square root of its labs, less where circles would touch."""
ONE_LARGER = 1.6
"""The name on the map of one lab, which is drawn small."""
AWAY = (4, 10, 18, 26)
"""How far from its circle a name may stand; the nearest first."""
MOST_TRIES = 10_000
SHRUNK = (1.0, 0.75, 0.5, 0.3)
"""Of how large circles could be; the first that leaves each name its place."""

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Spot:
    """A place for a name: where its line begins, ends or has its middle."""

    x: float
    y: float
    anchor: str
    """`start`, `middle` or `end` stands at x."""

    def box(self, width: float) -> Box:
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return left, self.y - UP, left + width, self.y + DEEP


@dataclass(frozen=True)
class Circle:
    town: Town
    count: int
    x: float
    y: float
    radius: float
    text: str
    spot: Spot

    @property
    def box(self) -> Box:
        return self.spot.box(width_of(self.text))


@dataclass(frozen=True)
class OutlineMap:
    path: str
    circles: tuple[Circle, ...]
    width: int = WIDTH
    height: int = HEIGHT
    scale: tuple[float, ...] = (WEST, NORTH, ACROSS, DOWN, MARGIN)
    """What lies where: the degrees of the corner, pixels for a degree of longitude and latitude, pixels of margin."""


def _place(longitude: float, latitude: float) -> Point:
    return round(MARGIN + (longitude - WEST) * ACROSS, 1), round(MARGIN + (NORTH - latitude) * DOWN, 1)


CORNERS = tuple(_place(*corner) for corner in OUTLINE)
PATH = f"M{' '.join(f'{x} {y}' for x, y in CORNERS)}Z"


def place_address(lab: Any) -> str:
    """Where a reader's map shows a lab: a page that telephones open in the map they have (WGS 84)."""
    asked = {
        "position": f"{lab.longitude},{lab.latitude}",
        "name": twin(lab),
        "coordinate": "wgs84",
        "callnative": 1,
    }
    return f"https://uri.amap.com/marker?{urlencode(asked)}"


def outline_map(labs_by_town: Mapping[str, int]) -> OutlineMap:
    """The county's outline with a circle whose area shows how many labs a town has; the largest first."""
    counts = tuple(sorted((code, count) for code, count in labs_by_town.items() if count and code in TOWNS))
    return OutlineMap(PATH, circles_of(counts, language()))


def lab_map(lab: Any) -> OutlineMap | None:
    """The outline with one lab's own place, or else its town's, and the name of the town; nothing for a town elsewhere
    or a place outside the picture."""
    town = TOWNS.get(lab.town)
    if town is None:
        return None
    own = lab.longitude is not None and lab.latitude is not None
    x, y = _place(*map(float, (lab.longitude, lab.latitude) if own else (town.longitude, town.latitude)))
    if not (0 < x < WIDTH and 0 < y < HEIGHT):
        return None
    name = _named(town, language())
    spots = spots_of([(x, y)], [7.0], [ONE_LARGER * width_of(name)]) or [Spot(x, y, "middle")]
    return OutlineMap(PATH, (Circle(town, 1, x, y, 7.0, name, spots[0]),))


def towns_map() -> OutlineMap:
    """The outline with a dot for each town, to find a place on."""
    return OutlineMap(PATH, dots_of(language()))


@lru_cache(2)
def dots_of(tongue: str) -> tuple[Circle, ...]:
    towns = tuple(TOWNS.values())
    points = [_place(float(town.longitude), float(town.latitude)) for town in towns]
    names = [_named(town, tongue) for town in towns]
    radii = [DOT] * len(towns)
    spots = spots_of(points, radii, [width_of(name) for name in names])
    return tuple(
        Circle(town, 0, x, y, DOT, name, spot)
        for town, (x, y), name, spot in zip(towns, points, names, spots, strict=True)
    )


@lru_cache(64)
def circles_of(counts: tuple[tuple[str, int], ...], tongue: str) -> tuple[Circle, ...]:
    towns = [TOWNS[code] for code, _count in counts]
    points = [_place(float(town.longitude), float(town.latitude)) for town in towns]
    growth = min([GROWTH, *(_growth(points[a], points[b], counts[a][1], counts[b][1]) for a, b in _pairs(counts))])
    names = [f"{_named(town, tongue)} {count}" for town, (_code, count) in zip(towns, counts, strict=True)]
    radii, spots = _fitted(points, growth, [count for _code, count in counts], names)
    circles = [
        Circle(town, count, x, y, radius, name, spot)
        for town, (_code, count), (x, y), radius, name, spot in zip(
            towns, counts, points, radii, names, spots, strict=True
        )
    ]
    return tuple(sorted(circles, key=lambda circle: -circle.count))


def _fitted(
    points: Sequence[Point], growth: float, counts: Sequence[int], names: Sequence[str]
) -> tuple[list[float], list[Spot]]:
    """Radii and spots of names that leave one another room; without any such answer the smallest, their names beside
    them."""
    radii, widths = [0.0], [width_of(name) for name in names]
    for part in SHRUNK:
        radii = [round(part * growth * sqrt(count) + LEAST, 1) for count in counts]
        if spots := spots_of(points, radii, widths):
            return radii, spots
    return radii, [next(_around(point, radius)) for point, radius in zip(points, radii, strict=True)]


def _pairs(these: Sequence[Any]) -> Iterator[tuple[int, int]]:
    return combinations(range(len(these)), 2)


def _growth(one: Point, other: Point, labs: int, others: int) -> float:
    """With which two circles do not touch."""
    free = hypot(one[0] - other[0], one[1] - other[1]) - 2 * LEAST - 1
    return max(0.5, free / (sqrt(labs) + sqrt(others)))


def _named(town: Town, tongue: str) -> str:
    """The town's name; the English one without its kind: there is little room on a map."""
    return town.name if tongue == "zh" else town.name_en.rsplit(" ", 1)[0]


# -- where the names stand


def width_of(text: str) -> float:
    return sum(LETTER if letter > "\u2e80" else LETTER * LATIN for letter in text)


def spots_of(points: Sequence[Point], radii: Sequence[float], widths: Sequence[float]) -> list[Spot]:
    """A spot for each name, so that none is cut or crossed; none at all where no such answer is found."""
    free = [
        [spot for spot in _around(point, radius) if _clear(spot.box(width), points, radii)]
        for point, radius, width in zip(points, radii, widths, strict=True)
    ]
    order = sorted(range(len(widths)), key=lambda number: len(free[number]))
    taken: dict[int, Spot] = {}
    tries = iter(range(MOST_TRIES))

    def put(place: int) -> bool:
        if place == len(order):
            return True
        number = order[place]
        for spot in free[number]:
            if next(tries, None) is None:
                return False
            box = spot.box(widths[number])
            if not any(touch(box, other.box(widths[which])) for which, other in taken.items()):
                taken[number] = spot
                if put(place + 1):
                    return True
                del taken[number]
        return False

    return [taken[number] for number in range(len(widths))] if put(0) else []


def _around(point: Point, radius: float) -> Iterator[Spot]:
    x, y = point
    for away in AWAY:
        side, level = radius + away, (UP - DEEP) / 2
        yield from (Spot(round(x + side, 1), y + level, "start"), Spot(round(x - side, 1), y + level, "end"))
        above, below = round(y - side - DEEP + 3, 1), round(y + side + UP - 3, 1)
        yield from (Spot(x, above, "middle"), Spot(x, below, "middle"))
        aside = radius * 0.7 + 2
        for height in (above, below):
            yield from (Spot(round(x + aside, 1), height, "start"), Spot(round(x - aside, 1), height, "end"))


def _clear(box: Box, points: Sequence[Point], radii: Sequence[float]) -> bool:
    """Inside the picture, off every circle and off the outline."""
    left, top, right, bottom = box
    return (
        left >= 0
        and top >= 0
        and right <= WIDTH
        and bottom <= HEIGHT
        and not any(_over(box, *point, radius) for point, radius in zip(points, radii, strict=True))
        and not any(crossed(box, one, other) for one, other in pairwise((*CORNERS, CORNERS[0])))
    )


def _over(box: Box, x: float, y: float, radius: float) -> bool:
    left, top, right, bottom = box
    return hypot(x - min(max(x, left), right), y - min(max(y, top), bottom)) < radius + 1


def touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def crossed(box: Box, one: Point, other: Point) -> bool:
    """Whether the line between two points goes through the box (Liang and Barsky)."""
    first, last = 0.0, 1.0
    for here, there, low, high in ((one[0], other[0], box[0], box[2]), (one[1], other[1], box[1], box[3])):
        step = there - here
        if not step:
            if not low < here < high:
                return False
            continue
        ends = sorted(((low - here) / step, (high - here) / step))
        first, last = max(first, ends[0]), min(last, ends[1])
    return first < last
