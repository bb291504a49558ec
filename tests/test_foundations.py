"""The tests' own foundations: fresh databases on both engines, a clock that stands still, no way out."""

import gc
import select
import socket
import struct
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest
from sqlalchemy import inspect, text

from labshare.kernel.database import db
from labshare.kernel.time import utc_now


def test_the_engine_is_the_one_asked_for(app, engine_name):
    assert db.engine.dialect.name == engine_name


@pytest.mark.parametrize("round", [1, 2])
def test_every_test_begins_with_a_fresh_database(app, round):
    assert "left_by_the_test_before" not in inspect(db.engine).get_table_names()
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE left_by_the_test_before (id INTEGER)"))


def test_the_clock_stands_still_until_moved(clock):
    assert utc_now() == utc_now() == datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    clock.advance(days=1)
    assert utc_now() == datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
    clock.set("2027-01-01 00:00")
    assert utc_now() == datetime(2026, 12, 31, 16, 0, tzinfo=UTC)


def test_the_network_is_out_of_reach():
    with socket.socket() as outside, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        outside.connect(("192.0.2.1", 80))


def test_the_live_server_answers(live_server):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{live_server}/there-is-no-such-page", timeout=5)


def test_the_live_server_closes_the_file_that_a_browser_did_not_wait_for(live_server):
    port = int(live_server.rsplit(":", 1)[1])
    for _ in range(30):
        with socket.create_connection(("127.0.0.1", port)) as impatient:
            impatient.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset when closed
            impatient.sendall(b"GET /static/favicon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n")
            select.select([impatient], [], [], 5)
    gc.collect()


def test_the_browser_reads_chinese_and_english(page, english_page, clock):
    page.goto("/there-is-no-such-page")
    english_page.goto("/there-is-no-such-page")
    assert page.evaluate("navigator.language") == "zh-CN"
    assert english_page.evaluate("navigator.language") == "en-GB"
    assert page.evaluate("Date.now()") == clock.now.timestamp() * 1000
