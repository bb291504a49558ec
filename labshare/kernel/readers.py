"""The process apart that reads files of strangers. Started by path by `labshare.kernel.apart`; knows nothing of us.

It loads the parsers once and then, for each file that is handed to it (a descriptor, and one for the answer), forks a
child with limits that the kernel keeps: memory, processor time, and an alarm for the time on the wall. The child reads,
answers and ends. It ends itself when whoever started it is gone.
"""

import contextlib
import gc
import io
import json
import logging
import os
import resource
import signal
import socket
import sys
from typing import IO

from pypdf import PdfReader, PdfWriter
from pypdf.errors import LimitReachedError, PyPdfError

STUMBLES = (
    PyPdfError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
    OSError,
    AssertionError,
)
"""Whatever a parser stumbles over: the file is none that can be opened."""


def pdf(file: IO[bytes]) -> bool:
    """A table of objects that can be read, and at least one page; not locked by a password."""
    try:
        reader = PdfReader(file, strict=False)
        return not reader.is_encrypted and len(reader.pages) > 0 and reader.pages[0].mediabox is not None
    except LimitReachedError:  # the parser's own limit against such files came before ours: no answer either
        raise
    except STUMBLES:
        return False


READERS = {"pdf": pdf}
"""By name. What a reader answers must be JSON; `MemoryError` is no answer but the end of a child."""


def warm_up() -> None:
    """Read a file of our own, so that children find everything loaded that is loaded when first needed."""
    page = io.BytesIO()
    with PdfWriter() as writer:
        writer.add_blank_page(72, 72)
        writer.write(page)
    pdf(page)


def _read(order: dict[str, int | str], file: int, answer: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
    memory, seconds = int(order["memory"]), int(order["seconds"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    signal.alarm(seconds)
    with open(file, "rb") as stream:
        stream.seek(0)
        said = READERS[str(order["reader"])](stream)
    os.write(answer, json.dumps(said).encode())


def serve(orders: socket.socket) -> None:
    gc.freeze()  # children share what is loaded
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for: the kernel buries them
    while True:
        order, descriptors, _flags, _from = socket.recv_fds(orders, 4096, 2)
        if not order:
            return
        if os.fork() == 0:
            with contextlib.suppress(BaseException):
                orders.close()
                _read(json.loads(order), *descriptors)
                os._exit(0)
            os._exit(1)
        for each in descriptors:
            os.close(each)


if __name__ == "__main__":
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong with a file is said to who sent it
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # its end is that of who started it
    warm_up()
    serve(socket.socket(fileno=int(sys.argv[1])))
