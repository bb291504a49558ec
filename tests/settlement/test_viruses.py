"""Files that come in pass ClamAV's daemon where there is one: here one that knows the EICAR test file alone."""

import io
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from labshare.kernel.time import utc_now
from labshare.settlement import errors, files
from tests.settlement.test_photos import on_disk, telephone_picture
from tests.settlement.world import pdf

ENGINES = ("sqlite",)
"""No row is written."""

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"  # from eicar.org, harmless


class Daemon(socketserver.StreamRequestHandler):
    """Speaks as clamd does: pieces by their length up to an empty one, then one line."""

    said: bytes | None = None
    """What it answers to anything; an empty answer hangs up."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        sent = b""
        while length := struct.unpack("!L", self.rfile.read(4))[0]:
            sent += self.rfile.read(length)
        found = b"stream: Eicar-Test-Signature FOUND" if EICAR in sent else b"stream: OK"
        self.wfile.write((found if self.said is None else self.said) + b"\0")


@pytest.fixture
def daemon(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    handler = type("Told", (Daemon,), {})
    place = tmp_path / "clamd.ctl"
    with socketserver.ThreadingUnixStreamServer(str(place), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setitem(app.config, "CLAMD_URL", f"unix://{place}")
        yield handler
        server.shutdown()


def taken(content: bytes) -> dict[str, Any]:
    """What each way in says of the content, as a paper, raw data, a photo and a table."""
    stream = lambda: io.BytesIO(content)  # noqa: E731 -- each reads it from its beginning
    return {
        "document": files.take_in(stream(), "a.pdf", "document", now=utc_now()).problem,
        "raw": files.take_in(stream(), "a.txt", "raw", now=utc_now()).problem,
        "photo": files.take_photo(stream(), "a.jpg", now=utc_now()).problem,
        "table": files.keep_table(stream(), "a.csv", now=utc_now()).problem,
    }


def test_a_virus_comes_in_by_no_way_and_nothing_is_kept(daemon: Any) -> None:  # R-PAPER-14
    before = on_disk()
    for content in (EICAR, pdf() + EICAR, telephone_picture() + EICAR):
        assert {way: type(problem) for way, problem in taken(content).items()} == dict.fromkeys(
            ("document", "raw", "photo", "table"), errors.FileInfected
        )
    assert on_disk() == before


def test_what_is_clean_is_judged_by_its_type_as_ever(daemon: Any) -> None:
    assert taken(pdf())["document"] is None
    assert type(taken(pdf())["photo"]) is errors.NotAPicture
    assert taken(telephone_picture())["photo"] is None


@pytest.mark.parametrize("said", [b"", b"INSTREAM size limit exceeded. ERROR", b"something else"])
def test_what_nobody_could_examine_is_not_kept(daemon: Any, said: bytes) -> None:  # R-PAPER-14
    daemon.said, before = said, on_disk()
    assert {type(problem) for problem in taken(pdf()).values()} == {errors.FileNotExamined}
    assert on_disk() == before


def test_a_daemon_that_is_gone_lets_nothing_pass(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:  # R-PAPER-14
    for address in ("unix:///nowhere/clamd.ctl", "tcp://127.0.0.1:1"):
        monkeypatch.setitem(app.config, "CLAMD_URL", address)
        assert {type(problem) for problem in taken(pdf()).values()} == {errors.FileNotExamined}
