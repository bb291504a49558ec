"""The server's own worker: bodies that come late, in pieces or not at all; requests that follow one another; strangers'
megabytes; all on real connections."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from datetime import timedelta

import psutil
import pytest
from flask import Flask

from tests.conftest import TestDatabase
from tests.races.test_http import FIRST, market, serving

ENGINES = ("sqlite",)  # what is behind the worker does not matter
PAUSE = 0.2


@pytest.fixture
def place(app: Flask, database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int, int, str]]:
    """A server's port and process, an item to book there, and the token of who may."""
    monkeypatch.setenv("HEAD_SECONDS", "2")
    monkeypatch.setenv("BODY_SECONDS", "2")
    item, tokens = market(1)
    with serving(database) as (port, process):
        yield port, process, item, tokens[0]


def booking(item: int, number: int, size: int = 0) -> bytes:
    """The body of a booking, made as long as asked for by blanks."""
    slot = FIRST + timedelta(hours=number)
    body = {"test_item": item, "quantity": 1, "starts_at": slot.isoformat(), "sample_description": "轴承"}
    return json.dumps(body).encode().ljust(size)


def head(token: str, *more: str) -> bytes:
    lines = (
        "POST /api/v1/bookings HTTP/1.1",
        "Host: lab",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        *more,
    )
    return "\r\n".join((*lines, "", "")).encode()


def connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def answer(connection: socket.socket) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response


def status(connection: socket.socket) -> int:
    response = answer(connection)
    response.read()
    return response.status


def test_bodies_arrive_however_they_are_sent(place: tuple[int, int, int, str]) -> None:
    port, _process, item, token = place
    with connected(port) as connection:  # one connection for all: it is kept
        for number, (size, pieces) in enumerate([(0, 1), (0, 3), (70_000, 1), (300_000, 4), (900_000, 2)]):
            body = booking(item, number, size)
            connection.sendall(head(token, f"Content-Length: {len(body)}"))
            step = len(body) // pieces + 1
            for begin in range(0, len(body), step):
                time.sleep(PAUSE)
                connection.sendall(body[begin : begin + step])
            assert status(connection) == 201, (size, pieces)
    with connected(port) as connection:
        connection.sendall(head(token, "Transfer-Encoding: chunked"))
        body = booking(item, 10, 150_000)
        for begin in range(0, len(body), 60_000):
            time.sleep(PAUSE)
            piece = body[begin : begin + 60_000]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")
        assert status(connection) == 201
    with connected(port) as connection:
        body = booking(item, 11, 100_000)
        connection.sendall(head(token, f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert status(connection) == 201


def test_requests_that_come_at_once_are_all_answered(place: tuple[int, int, int, str]) -> None:
    port, *_ = place
    with connected(port) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: lab\r\n\r\n" * 3)
        time.sleep(1)
        assert connection.recv(65536).count(b"HTTP/1.1 200 OK") == 3


SIGN_IN = b"POST /account/sign-in HTTP/1.1\r\nHost: lab\r\n"
BEGINNINGS = {
    "half a head": (b"GET / HT", b"HTTP/1.1 408 "),
    "half a small body": (SIGN_IN + b"Content-Length: 20\r\n\r\nemail", b"HTTP/1.1 408 "),
    "half a body": (SIGN_IN + b"Content-Length: 900000\r\n\r\nemail", b"HTTP/1.1 408 "),
    "nothing": (b"", b""),
    "a head without an end": (b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 200_000, b"HTTP/1.1 431 "),
    "no HTTP": (b"nonsense\r\n\r\n", b"HTTP/1.1 400 "),
}


def test_what_does_not_come_is_not_waited_for(place: tuple[int, int, int, str]) -> None:
    port, *_ = place
    since = time.monotonic()
    begun = {name: connected(port) for name in BEGINNINGS}
    for name, connection in begun.items():
        connection.sendall(BEGINNINGS[name][0])
    for name, connection in begun.items():
        with connection:
            heard = connection.recv(65536)
        assert heard[:13] == BEGINNINGS[name][1], name
    assert time.monotonic() - since < 10


def test_strangers_megabytes_are_answered_and_kept_nowhere(place: tuple[int, int, int, str]) -> None:
    """Neither the request's process nor its temporary files grow with what a stranger sends."""
    port, process, *_ = place
    workers = psutil.Process(process).children()
    before = sum(each.memory_info().rss for each in workers)
    for path in ("/lab/bookings/B-1/report", "/api/v1/bookings/B-1/reports"):
        for _ in range(4):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("POST", path, b"x" * 5_000_000, {"Content-Type": "multipart/form-data; boundary=x"})
            response = connection.getresponse()
            assert response.status == 401
            response.read()
            assert not [file for each in workers for file in each.open_files() if "deleted" in file.path]
            connection.close()
    assert sum(each.memory_info().rss for each in workers) - before < 40_000_000
