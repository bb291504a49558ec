"""The worker of `labshare serve`: gunicorn's threads, of which none ever waits for what somebody has yet to send.

gunicorn's own `gthread` gives a connection to a thread, which then waits for head and body as long as they take: as
many slow connections as there are threads stop the server. Here the worker's one loop collects them:

- the head, and a small body with it, within `HEAD_SECONDS`; then a thread has the application answer;
- a larger body only once the application asks for it, that is, once it knows who sends it and that they may
  (`labshare.http.bodies`): the thread is let go, the loop collects the body (`BODY_SECONDS`, then `BODY_RATE`), and the
  application begins again with all of it. Until it asks it has only read, so beginning again does nothing twice.

Who is too slow is answered 408. What the application did not ask for is drained unseen for a while, so that the
client gets to read its answer, and is kept nowhere. TLS is the proxy's.
"""

import contextlib
import re
import selectors
import socket
import time
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from gunicorn.http import RequestParser
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn, ThreadWorker

AT_ONCE = 64 * 1024
"""Bytes: the longest head; the longest body that comes with it; what is kept of one in memory."""
PIECE = 256 * 1024
SEND_SECONDS = 60
"""For one piece of an answer. The kernel takes a page whole, so that a slow reader holds a thread with files alone."""
LEAVE_SECONDS = 2
MOST_DRAINED = 32 * 1024 * 1024
CHECK_SECONDS = 0.5
_SMALL = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,5})[ \t]*\r\n", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:", re.IGNORECASE)
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BodyNotHere(BaseException):
    """The application asks for a body of which not all has come. No `Exception`: nobody on the way answers for it."""


class Collected(Unreader):  # type: ignore[misc]
    """What a parser reads from: bytes that are here already, never the socket."""

    def __init__(self) -> None:
        super().__init__()
        self.file: IO[bytes] | None = None

    def chunk(self, size_hint: int | None = None) -> bytes:
        return self.file.read(min(max(size_hint or 0, 8192), PIECE)) if self.file else b""


class Parser(RequestParser):  # type: ignore[misc]
    """gunicorn's, over what was collected; gives a request again once its body is complete."""

    def __init__(self, cfg: Any, source: Any, source_addr: Any) -> None:
        super().__init__(cfg, source, source_addr)
        self.unreader = Collected()
        self.again = False

    def __next__(self) -> Any:
        if self.again:
            self.again = False
            return self.mesg
        return super().__next__()


class Body:
    """`wsgi.input`: reading it before all of it has come raises `BodyNotHere`."""

    def __init__(self, guest: "Guest", body: Any) -> None:
        self.guest, self.body = guest, body
        self.most: int | None = None
        """How much the application takes, as it says (`labshare.http.bodies`)."""

    @property
    def failed(self) -> bool:
        return bool(self.body.failed)

    def _here(self) -> Any:
        if not self.guest.whole:
            raise BodyNotHere
        return self.body

    def read(self, size: int | None = None) -> bytes:
        return self._here().read(size)  # type: ignore[no-any-return]

    def readline(self, size: int | None = None) -> bytes:
        return self._here().readline(size)  # type: ignore[no-any-return]

    def readlines(self, size: int | None = None) -> list[bytes]:
        return self._here().readlines(size)  # type: ignore[no-any-return]

    def __iter__(self) -> Any:
        return iter(self._here())


class Chunks:
    """Finds the end of a chunked body. Whether it is well formed says gunicorn's reader, which reads it afterwards."""

    def __init__(self) -> None:
        self.line, self.skip, self.trailer, self.ended = bytearray(), 0, False, False

    def feed(self, data: bytes) -> None:
        place = 0
        while place < len(data) and not self.ended:
            if self.skip:
                step = min(self.skip, len(data) - place)
                self.skip, place = self.skip - step, place + step
                continue
            end = data.find(b"\n", place) + 1 or len(data)
            self.line += data[place:end]
            place = end
            if self.line.endswith(b"\n"):
                self._line(bytes(self.line).strip())
                self.line.clear()
            self.ended = self.ended or len(self.line) > AT_ONCE

    def _line(self, line: bytes) -> None:
        if self.trailer:
            self.ended = not line
            return
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            self.ended = True
            return
        self.trailer, self.skip = size == 0, size + 2 if size else 0


class Guest(TConn):  # type: ignore[misc]
    """A connection: what has come of its request, and since when it is waited for."""

    def __init__(self, *of: Any) -> None:
        super().__init__(*of)
        self.data_ready = True  # no thread waits for the first byte
        self.stage = "head"
        self.since = time.monotonic()
        self.held = bytearray()
        self.file: Any = None
        self.come = 0
        self.missing: int | Chunks = 0
        self.whole = True
        self.expects = False
        self.asked_to_close = False

    def init(self) -> None:
        if not self.initialized:
            self.initialized = True
            self.parser = Parser(self.cfg, self.sock, self.client)
        if self.held:
            self.parser.unreader.unread(bytes(self.held))
            self.held.clear()

    def head_is_here(self) -> bool:
        """With the body, where it is small and not waiting to be asked for."""
        end = self.held.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self.held[: end + 2])
        small = _SMALL.search(head)
        if small is None or _EXPECTS.search(head):
            return True
        return len(self.held) - end - 4 >= min(int(small[1]), AT_ONCE)

    def received(self, request: Any) -> None:
        """A head was read. How much of its body is missing?"""
        came = request.body.reader
        here = self.parser.unreader.take_buffered()
        self.parser.unreader.unread(here)
        if isinstance(came, ChunkedReader):
            self.missing = Chunks()
            self.missing.feed(here)
            self.whole = self.missing.ended
            request.force_close()
        elif isinstance(came, LengthReader):
            self.missing = max(0, came.length - len(here))
            self.whole = self.missing == 0
        self.expects, request._expected_100_continue = request._expected_100_continue, False
        request.body = Body(self, request.body)
        self.asked_to_close = request.must_close
        if not self.whole:
            request.force_close()  # should the application answer without its body

    def asked_for_body(self) -> None:
        """The application wants it: collect it."""
        self.parser.mesg.must_close = self.asked_to_close
        self.file = SpooledTemporaryFile(max_size=AT_ONCE)  # noqa: SIM115 - closed with the request
        self.file.write(self.parser.unreader.take_buffered())
        self.come, self.stage = 0, "body"
        if self.expects:
            self.expects = False
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def keep(self, data: bytes) -> None:
        """A piece of the body has come."""
        self.file.write(data)
        self.come += len(data)
        if isinstance(self.missing, Chunks):
            self.missing.feed(data)
            most = self.parser.mesg.body.most
            self.whole = self.missing.ended or (most is not None and self.come > most)
        else:
            self.missing -= len(data)
            self.whole = self.missing == 0
        if self.whole:
            self.file.seek(0)
            self.parser.unreader.file, self.parser.again = self.file, True

    def forget_body(self) -> None:
        if self.file is not None:
            self.parser.unreader.file = None
            self.file.close()
            self.file = None


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting: dict[Guest, None] = {}
        """Connections that the loop reads from, those it waits for longest first. The loop's alone."""
        self.checked = 0.0

    # --- the loop ---------------------------------------------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        try:
            sock, client = listener.accept()
        except BlockingIOError:
            return
        except OSError as problem:
            self.log.warning("no connection accepted: %s", problem)
            self._make_room()
            return
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * AT_ONCE)
        self._wait_for(Guest(self.cfg, sock, client, listener.getsockname()), "head")

    def _make_room(self) -> None:
        """Too many connections: the one whose head has been waited for longest goes."""
        for guest in self.waiting:
            if guest.stage != "body":
                self._drop(guest)
                return

    def _wait_for(self, guest: Guest, stage: str) -> None:
        guest.stage, guest.since = stage, time.monotonic()
        guest.sock.setblocking(False)
        self.waiting[guest] = None
        self.poller.register(guest.sock, selectors.EVENT_READ, partial(self._readable, guest))

    def _stop_waiting(self, guest: Guest) -> None:
        self.waiting.pop(guest, None)
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(guest.sock)

    def _readable(self, guest: Guest, _sock: Any) -> None:
        try:
            missing = guest.missing if guest.stage == "body" else None
            data = guest.sock.recv(min(missing, PIECE) if isinstance(missing, int) else PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._drop(guest)
        elif guest.stage == "leaving":
            guest.come += len(data)
            if guest.come > MOST_DRAINED:
                self._drop(guest)
        elif guest.stage == "body":
            self._keep(guest, data)
        else:
            guest.held += data
            if guest.head_is_here():
                self._hand_over(guest)
            elif len(guest.held) > 2 * AT_ONCE:
                self._say_and_leave(guest, _TOO_LONG)

    def _keep(self, guest: Guest, data: bytes) -> None:
        try:
            guest.keep(data)
        except OSError as problem:  # no room for it
            self.log.error("a body cannot be kept: %s", problem)
            self._drop(guest)
            return
        if guest.whole:
            self._hand_over(guest)

    def _hand_over(self, guest: Guest) -> None:
        self._stop_waiting(guest)
        self.enqueue_req(guest)

    def on_client_socket_readable(self, conn: Guest, client: Any) -> None:
        """The next request of a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._wait_for(conn, "head")
        self._readable(conn, client)

    def murder_pending(self) -> None:
        """Called at every turn of the loop: who is too slow goes; at the end, everybody whose request is not here."""
        now = time.monotonic()
        if now - self.checked < CHECK_SECONDS and self.alive:
            return
        self.checked = now
        for guest in [each for each in self.waiting if self._overdue(each, now)]:
            if guest.stage == "leaving" or not (guest.held or guest.stage == "body"):
                self._drop(guest)
            else:
                self._say_and_leave(guest, _TOO_SLOW)

    def _overdue(self, guest: Guest, now: float) -> bool:
        settings, waited = self.wsgi.config, now - guest.since
        if guest.stage == "head":
            return not self.alive or waited > settings["HEAD_SECONDS"]
        if guest.stage == "leaving" and guest.whole:
            return waited > LEAVE_SECONDS
        return bool(waited > settings["BODY_SECONDS"] + guest.come / settings["BODY_RATE"])

    def _say_and_leave(self, guest: Guest, answer: bytes) -> None:
        with contextlib.suppress(OSError):
            guest.sock.send(answer)
        self._stop_waiting(guest)
        guest.whole = True
        self._leave(guest)

    def _leave(self, guest: Guest) -> None:
        """Say that nothing follows, and take what still comes (and keep none of it), so that the answer is read."""
        guest.forget_body()
        guest.held.clear()
        guest.come = 0
        try:
            guest.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(guest)
            return
        self._wait_for(guest, "leaving")

    def _drop(self, guest: Guest) -> None:
        self._stop_waiting(guest)
        guest.forget_body()
        self.nr_conns -= 1
        guest.close()

    def finish_request(self, conn: Guest, fs: Any) -> None:
        """A thread is done with a connection."""
        try:
            goes_on = bool(fs.result()) if not fs.cancelled() else False
        except Exception:  # noqa: BLE001 - whatever it was, this connection ends
            goes_on = False
        if conn.stage == "body" and not conn.whole:
            self._wait_for(conn, "body")
        elif not goes_on:
            self._leave(conn)
        elif rest := conn.parser.unreader.take_buffered():  # the next request came with this one
            conn.held += rest
            self._wait_for(conn, "head")
            if conn.head_is_here():
                self._hand_over(conn)
        else:
            conn.sock.setblocking(False)
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    # --- in a thread ------------------------------------------------------------------------------------------------

    def handle(self, conn: Guest) -> bool:
        conn.stage = "answer"
        try:
            return bool(super().handle(conn))
        except BodyNotHere:
            conn.asked_for_body()
            return False
        finally:
            if conn.stage != "body":
                conn.forget_body()

    def handle_request(self, req: Any, conn: Guest) -> bool:
        conn.sock.settimeout(SEND_SECONDS)
        if not isinstance(req.body, Body):
            conn.received(req)
        return bool(super().handle_request(req, conn))

    def _keepalive_after(self, conn: Guest, keepalive: bool) -> bool:
        return bool(keepalive and conn.whole and conn.parser.finish_body())
