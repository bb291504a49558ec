"""Distances between places whose distance is known."""

import pytest

from labshare.kernel.places import as_the_crow_flies

SHANGHAI, BEIJING = (31.2304, 121.4737), (39.9042, 116.4074)


def test_distance_of_two_cities():
    assert as_the_crow_flies(SHANGHAI, BEIJING) == pytest.approx(1068, abs=2)
    assert as_the_crow_flies(BEIJING, SHANGHAI) == as_the_crow_flies(SHANGHAI, BEIJING)


def test_a_place_is_where_it_is():
    assert as_the_crow_flies(SHANGHAI, SHANGHAI) == 0
