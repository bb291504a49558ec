"""The figures of a server with several workers."""

import urllib.request

import pytest
from flask import Flask

from labshare.kernel.database import db
from tests.conftest import TestDatabase
from tests.races.test_http import serving
from tests.web.test_monitoring import figure

pytestmark = pytest.mark.slow

ENGINES = ("sqlite",)  # the counts lie in files


def test_workers_are_added_up(app: Flask, database: TestDatabase) -> None:
    """Four workers, forty requests: whichever worker is asked knows of all."""
    db.session.remove()
    db.engine.dispose()
    with serving(database) as (port, _server):

        def ask(path: str) -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return str(answer.read().decode())

        for _ in range(40):
            ask("/how-it-works")
        name = 'labshare_request_seconds_count{endpoint="public.how_it_works",method="GET",status="200"}'
        assert [figure(ask("/metrics"), name) for _ in range(6)] == [40] * 6
