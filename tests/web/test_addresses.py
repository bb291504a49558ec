"""Addresses that no row can have are not found; the database is not asked what it cannot answer."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/lab/bookings/%00/report", 404),
        ("/bookings/B-%00", 404),
        ("/bookings/a%0Ab", 404),
        ("/files/report/99999999999999999999", 404),
        ("/lab/reports/2147483648/withdraw", 404),
        ("/?q=%00", 400),
    ],
)
def test_what_names_nothing_is_answered(client: FlaskClient, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def test_chinese_in_an_address_goes_through(client: FlaskClient) -> None:
    assert client.get("/?q=盐雾").status_code == 200
