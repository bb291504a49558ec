"""Connections that send a byte a second: heads that never end, bodies that never come. Used by the test and the
benchmark beside it."""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterator

HEADS, BODIES = 20, 20


def beginnings(token: str, upload: str = "", labs_token: str = "") -> list[bytes]:
    """What each of the forty has sent when it begins to dawdle: half of them inside the head, half inside a body:
    of strangers' forms, of a client's bookings, of an `upload` of somebody who may."""
    client, labs = (f"Authorization: Bearer {each}\r\n".encode() for each in (token, labs_token))
    form = b"Content-Type: application/x-www-form-urlencoded\r\n"
    json = b"Content-Type: application/json\r\n"
    files = b"Content-Type: multipart/form-data; boundary=x\r\n"

    def request(path: str, *headers: bytes) -> bytes:
        return b"".join((f"POST {path} HTTP/1.1\r\nHost: lab\r\n".encode(), *headers))

    head = request("/api/v1/bookings", b"X-Long: ")
    bodies = [
        request("/language", form, b"Content-Length: 500000\r\n\r\nlanguage="),
        request("/account/sign-in", form, b"Content-Length: 300\r\n\r\nemail="),
        request("/api/v1/bookings", client, json, b"Content-Length: 900000\r\n\r\n{"),
        request("/api/v1/bookings", client, json, b"Transfer-Encoding: chunked\r\n\r\n9\r\n{"),
        request(upload, labs, files, b"Content-Length: 3000000\r\n\r\n--x"),
    ]
    kinds = bodies if upload else bodies[:-1]
    return [head] * HEADS + [kinds[number % len(kinds)] for number in range(BODIES)]


class Dawdlers:
    """The forty; `ended` says after how many seconds the server let each of them go."""

    def __init__(self, port: int, begun: list[bytes]) -> None:
        self.since = time.monotonic()
        self.ended: list[float] = []
        self.answers: list[bytes] = []
        self.all = [socket.create_connection(("127.0.0.1", port), 10) for _ in begun]
        for each, words in zip(self.all, begun, strict=True):
            each.sendall(words)

    def dawdle(self, stop: threading.Event) -> None:
        """A byte a second each, until told to stop."""
        left = selectors.DefaultSelector()
        for each in self.all:
            left.register(each, selectors.EVENT_READ)
        while left.get_map() and not stop.is_set():
            for key, _ in left.select(0):
                self._end(key.fileobj, left)
            for key in list(left.get_map().values()):
                with contextlib.suppress(OSError):
                    key.fileobj.send(b"1")  # type: ignore[union-attr]
            stop.wait(1)

    def _end(self, one: socket.socket, left: selectors.BaseSelector) -> None:
        with contextlib.suppress(OSError):
            self.answers.append(one.recv(4096))
        self.ended.append(time.monotonic() - self.since)
        left.unregister(one)


@contextlib.contextmanager
def dawdling(port: int, begun: list[bytes]) -> Iterator[Dawdlers]:
    stop, forty = threading.Event(), Dawdlers(port, begun)
    thread = threading.Thread(target=forty.dawdle, args=(stop,))
    thread.start()
    try:
        yield forty
    finally:
        stop.set()
        thread.join()
        for each in forty.all:
            each.close()
