"""Files of strangers are read in a process apart (`labshare.kernel.readers`), with limits of time and memory.

A file made to swallow either ends that process' child and nothing else. One such process serves each of ours; it is
started when first needed and costs a fork a file from then on.
"""

import atexit
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from flask import current_app

from labshare.kernel.errors import Busy

AT_A_TIME = 2
"""Files read at the same moment for one of our processes; others wait their turn."""
GRACE_SECONDS = 2
"""For starting the process apart, beyond what reading may take."""

_turns = threading.BoundedSemaphore(AT_A_TIME)
_starting = threading.Lock()
_running: tuple[int, socket.socket, "subprocess.Popen[bytes]"] | None = None


class NotReadInTime(Exception):
    """Reading the file took more time or memory than one file gets."""


def read_apart(reader: str, file: IO[bytes], *made: IO[bytes]) -> Any:
    """What the reader of this name says of a file on disk; what it makes of it, it writes to the files `made`.

    Raises `NotReadInTime`; `Busy` where others' files are being read for as long as one may take.
    """
    seconds, memory = current_app.config["PARSE_SECONDS"], current_app.config["PARSE_MEMORY"]
    if not _turns.acquire(timeout=seconds):
        raise Busy
    try:
        order = {"reader": reader, "seconds": seconds, "memory": memory}
        answer = _asked(order, [each.fileno() for each in (file, *made)], seconds + GRACE_SECONDS)
    finally:
        _turns.release()
    if not answer:
        raise NotReadInTime
    return json.loads(answer)


def _asked(order: dict[str, Any], files: Sequence[int], seconds: float) -> bytes:
    ours, theirs = os.pipe()
    try:
        try:
            _send(order, files, theirs)
        finally:
            os.close(theirs)
        ready, _, _ = select.select([ours], [], [], seconds)
        return os.read(ours, 1 << 16) if ready else b""
    finally:
        os.close(ours)


def _send(order: dict[str, Any], files: Sequence[int], answer: int) -> None:
    """Hand the descriptors over; to another process where the first one is gone."""
    for last in (False, True):
        try:
            socket.send_fds(_process_apart(), [json.dumps(order).encode()], [files[0], answer, *files[1:]])
            return
        except OSError:
            if last:
                raise
            _forget()


def _process_apart() -> socket.socket:
    """The way to the process apart of this very process: one that was forked starts its own."""
    global _running
    with _starting:
        if _running is None or _running[0] != os.getpid():
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-I", str(Path(__file__).with_name("readers.py")), str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={},
                )
            if _running is None:
                atexit.register(_forget)
            _running = os.getpid(), ours, process
        return _running[1]


def _forget() -> None:
    """Let it end; of a process forked from the one that started it, nothing but the way there is forgotten."""
    global _running
    with _starting:
        if _running is None:
            return
        owner, way, process = _running
        _running = None
        with contextlib.suppress(OSError):
            way.close()
        if owner == os.getpid():
            process.kill()
            process.wait()
