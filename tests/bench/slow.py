"""How long a booking takes while forty connections send a byte a second, beside the same server without them."""

import http.client
import statistics
import time

from labshare.kernel.database import db
from tests.bench.bookings import PORT, body_of, fill, serving
from tests.bench.databases import loaded
from tests.bench.measure import Figure, milliseconds
from tests.races.slow_connections import beginnings, dawdling

BOOKINGS = 30


def delays(item: int, token: str, first: int) -> list[float]:
    """Seconds of one booking after another, each on a connection of its own, which waits in line with all others."""
    found = []
    for number in range(BOOKINGS):
        begun = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request("POST", "/api/v1/bookings", body_of(item, first + number), headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 201, text
        connection.close()
        found.append(time.perf_counter() - begun)
    return found


def measure(engine: str) -> list[Figure]:
    with loaded(engine, "county", writes=True):
        item, token = fill()[0]
        db.session.remove()
        db.engine.dispose()
        with serving(workers=2, threads=8):
            delays(item, token, 0)
            alone = delays(item, token, BOOKINGS)
            with dawdling(PORT, beginnings(token)):
                beside = delays(item, token, 2 * BOOKINGS)
    return [
        Figure(
            f"a booking beside 40 slow connections, {which}",
            engine,
            f"{BOOKINGS} bookings",
            milliseconds(of(beside)),
            milliseconds(of(alone)),
            of(beside) / of(alone),
            "raw: without them",
        )
        for which, of in (("median", statistics.median), ("longest", max))
    ]
