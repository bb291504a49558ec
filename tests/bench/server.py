"""Starting the web process until it answers, and the memory of a worker after mixed requests: `labshare serve` on a
loaded database, over HTTP, as in use."""

import http.client
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from flask import current_app

from labshare import ROOT
from labshare.kernel.database import db
from tests.bench.measure import Figure, children_of, mebibytes_of
from tests.bench.pages import pages, signed_in

PORT = 18766
WORKERS = 2
REQUESTS = 200
START_MS, MEMORY = 1_200, 160
"""At most: milliseconds until the first answer; mebibytes of a worker, what it shares counted by its part."""
IMPORT = "import flask, sqlalchemy.orm"
"""What is measured beside the start: what no application of these libraries starts without."""


def _started() -> tuple[subprocess.Popen[bytes], float]:
    """The server, and how long it took until it answered."""
    begun = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-c", "from labshare.commands import main; main()", "serve", "--workers", str(WORKERS)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PORT": str(PORT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    while time.perf_counter() - begun < 90:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return server, time.perf_counter() - begun
        except OSError:
            time.sleep(0.01)
    server.kill()
    raise RuntimeError("the server did not start")


@contextmanager
def _serving() -> Iterator[int]:
    """The id of a server that answers, until it is left."""
    server, _ = _started()
    try:
        yield server.pid
    finally:
        server.terminate()
        server.wait(30)


def measure(engine: str, scale: str, turns: int) -> list[Figure]:
    """On the loaded database of the running application."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    asked = []
    for page in pages():
        cookie = signed_in(app, page.account).get_cookie(app.config["SESSION_COOKIE_NAME"]) if page.account else None
        asked.append((page.path, {"Cookie": f"{cookie.key}={cookie.value}"} if cookie else {}))
    db.session.remove()
    db.engine.dispose()
    starts, imports = [], []
    for _turn in range(turns):
        server, seconds = _started()
        server.terminate()
        server.wait(30)
        starts.append(seconds)
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", IMPORT], check=True)
        imports.append(time.perf_counter() - begun)
    start, bare = statistics.median(starts), statistics.median(imports)
    with _serving() as master:
        fresh = statistics.median(mebibytes_of(worker, "Pss") for worker in children_of(master))
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        for number in range(REQUESTS * WORKERS):
            path, headers = asked[number % len(asked)]
            connection.request("GET", quote(path, safe="/?=&"), headers=headers | {"Connection": "close"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, (path, answer.status)
        workers = children_of(master)
        rss, pss = (statistics.median(mebibytes_of(each, which) for each in workers) for which in ("Rss", "Pss"))
    return [
        Figure(
            "start until the first answer",
            engine,
            scale,
            f"{start:.2f} s",
            f"{bare:.2f} s for Flask and SQLAlchemy",
            start / bare,
            f"{START_MS / 1000} s",
            spread=f"{min(starts) * 1000:,.0f}–{max(starts) * 1000:,.0f}",
            seconds=start,
            most_ms=START_MS,
        ),
        Figure(
            f"memory of a worker after {REQUESTS} requests",
            engine,
            scale,
            f"{pss:.0f} MiB its share, {rss:.0f} with what others share",
            f"{fresh:.0f} MiB before",
            pss / MEMORY,
            f"{MEMORY} MiB",
            most=1.0,
        ),
    ]
