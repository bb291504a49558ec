"""Places on the map. Distances are the one kind of number here that is measured, not counted, and so a float."""

from math import asin, cos, radians, sin, sqrt

Degrees = float | str
"""As a number, or as the decimal text that places are kept in."""
Coordinates = tuple[Degrees, Degrees]
"""Latitude and longitude, WGS 84."""
Kilometres = float

EARTH_RADIUS: Kilometres = 6371.0


def as_the_crow_flies(here: Coordinates, there: Coordinates) -> Kilometres:
    """The distance of two places on a sphere (haversine), good to half a per cent."""
    (north_1, east_1), (north_2, east_2) = (
        (radians(float(north)), radians(float(east))) for north, east in (here, there)
    )
    half = sin((north_2 - north_1) / 2) ** 2 + cos(north_1) * cos(north_2) * sin((east_2 - east_1) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(sqrt(half))
