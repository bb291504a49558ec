"""Asking ClamAV's daemon about a file that came in: only where `CLAMD_URL` names one."""

import socket
import struct
from contextlib import closing
from typing import IO
from urllib.parse import urlsplit

from flask import current_app

from labshare.kernel.errors import Problem
from labshare.settlement.errors import FileInfected, FileNotExamined

SECONDS = 10
"""How long the daemon may take to connect, to take a piece, to answer."""
_PIECE = 1 << 16
_LONGEST_ANSWER = 4096


def virus_in(file: IO[bytes]) -> Problem | None:
    """What the daemon has against the file: `FileInfected`, or `FileNotExamined` where it did not say; None without a
    daemon. A file that nobody could examine is not kept. The protocol is clamd's `INSTREAM` (clamd(8))."""
    address = current_app.config["CLAMD_URL"]
    if not address:
        return None
    file.seek(0)
    try:
        with closing(_connected(address)) as daemon:
            daemon.sendall(b"zINSTREAM\0")
            while piece := file.read(_PIECE):
                daemon.sendall(struct.pack("!L", len(piece)) + piece)
            daemon.sendall(struct.pack("!L", 0))
            answer = _answer(daemon)
    except OSError as silent:
        current_app.logger.warning("clamd at %s: %s", address, silent)
        return FileNotExamined()
    if answer.endswith(b" FOUND"):
        current_app.logger.warning("clamd: %s", answer.decode(errors="replace"))
        return FileInfected()
    if answer != b"stream: OK":
        current_app.logger.warning("clamd at %s: %s", address, answer.decode(errors="replace"))
        return FileNotExamined()
    return None


def _connected(address: str) -> socket.socket:
    """Raises `OSError`."""
    where = urlsplit(address)
    if where.scheme == "unix":
        local = socket.socket(socket.AF_UNIX)
        try:
            local.settimeout(SECONDS)
            local.connect(where.path)
        except OSError:
            local.close()
            raise
        return local
    return socket.create_connection((where.hostname, where.port or 3310), timeout=SECONDS)


def _answer(daemon: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER and (more := daemon.recv(_LONGEST_ANSWER)):
        answer += more
    return answer.rstrip(b"\0\n")
