"""Geometry of the small charts: 346 units wide, 192 high; the axis starts at 0 and has at most four grid lines."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 346, 192
LEFT, TOP, FLOOR = 34, 18, 168


@dataclass(frozen=True)
class Bar:
    """A bar of two parts, drawn from the floor upwards; `x`, `width`, heights and tops in chart units."""

    label: str
    x: float
    width: float
    lower_y: float
    lower_height: float
    upper_y: float
    upper_height: float
    value: int


@dataclass(frozen=True)
class Chart:
    bars: Sequence[Bar]
    grid: Sequence[tuple[float, int]]
    """(y, value) of each grid line."""


def nice_top(highest: int) -> int:
    """The axis' upper end: 4, 8, 20 or 40 times a power of ten, so that four lines fall on round values."""
    power = 1
    while True:
        for step in (4, 8, 20):
            if step * power >= highest:
                return step * power
        power *= 10


def stacked_bars(rows: Sequence[tuple[str, int, int]]) -> Chart:
    """Bars of (label, lower part, upper part), values ≥ 0 or cut at 0."""
    top = nice_top(max((max(0, low) + max(0, up) for _, low, up in rows), default=0))
    step = (WIDTH - LEFT) / max(1, len(rows))
    scale = (FLOOR - TOP) / top
    bars = []
    for index, (label, low, up) in enumerate(rows):
        low_h, up_h = max(0, low) * scale, max(0, up) * scale
        bars.append(
            Bar(
                label,
                round(LEFT + index * step + step * 0.16, 1),
                round(step * 0.68, 1),
                round(FLOOR - low_h, 1),
                round(low_h, 1),
                round(FLOOR - low_h - up_h, 1),
                round(up_h, 1),
                low + up,
            )
        )
    return Chart(bars, [(round(FLOOR - part * (FLOOR - TOP) / 4, 1), top * part // 4) for part in range(5)])
