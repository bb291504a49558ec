"""Addresses that no row can have are not found; the database is not asked what it cannot answer."""

import pytest
from flask import Flask
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


@pytest.mark.parametrize("values", [{"endpoint": "public.home"}, {"endpoint": "static", "filename": "theme.js"}])
def test_a_host_that_somebody_says_is_in_nobody_elses_address(app: Flask, values: dict[str, str]) -> None:
    address = app.jinja_env.globals["url_for"]
    for host in ("evil.example", "lab.example"):
        with app.test_request_context(base_url=f"http://{host}/"):
            assert address(**values, _external=True).startswith(f"http://{host}/")
            assert address(**values).startswith("/")
