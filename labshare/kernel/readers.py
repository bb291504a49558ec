"""The process apart that reads files of strangers. Started by path by `labshare.kernel.apart`; knows nothing of us.

It loads the parsers once and then, for each file that is handed to it (a descriptor, one for the answer, and one for
each file that is to be made of it), forks a child with limits that the kernel keeps: memory, processor time, how much
it writes, and an alarm for the time on the wall. The child reads, answers and ends. It ends itself when whoever started
it is gone.
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
from typing import IO, Any

from PIL import Image, ImageOps
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


FORMATS = ("JPEG", "PNG", "WEBP")
PIXELS = 50_000_000
"""Of a picture, before it is made smaller."""
SIDES = (1600, 400)
"""The longer side of the two pictures that are made of one."""
Image.MAX_IMAGE_PIXELS = None  # ours comes first, and whatever claims less must still fit into the memory of a child


def picture(file: IO[bytes], large: IO[bytes], small: IO[bytes]) -> tuple[int, int] | None:
    """Width and height of the picture as it is written to `large`: a JPEG that holds nothing but what is seen, upright,
    at most 1600 pixels a side; `small` at most 400. None: more than 50 megapixels. What is no picture of these kinds,
    or a broken one, gets no answer: whatever Pillow stumbles over ends the child.
    """
    with Image.open(file, formats=FORMATS) as found:
        if found.width * found.height > PIXELS:
            return None
        found.draft("RGB", (SIDES[0], SIDES[0]))  # a JPEG is read no larger than it is needed
        seen = _upright(found)
    _bare(seen, SIDES[0]).save(large, "JPEG", quality=82)
    _bare(seen, SIDES[1]).save(small, "JPEG", quality=82)
    return seen.size


def _upright(found: Image.Image) -> Image.Image:
    """As a telephone meant it, no larger than it is shown; what is transparent is white."""
    if found.mode in ("P", "PA", "LA", "1") or "transparency" in found.info:
        found = found.convert("RGBA")
    found.thumbnail((SIDES[0], SIDES[0]))
    found = ImageOps.exif_transpose(found)
    if found.mode == "RGBA":
        paper = Image.new("RGBA", found.size, "white")
        paper.alpha_composite(found)
        found = paper
    return found.convert("RGB")


def _bare(seen: Image.Image, side: int) -> Image.Image:
    """The pixels without what came beside them: place, camera, words, profile."""
    bare = Image.new("RGB", seen.size)
    bare.paste(seen)
    bare.thumbnail((side, side))
    return bare


READERS: dict[str, Any] = {"pdf": pdf, "picture": picture}
"""By name; each takes the file, and those that are made of it. What it answers must be JSON; `MemoryError` is no answer
but the end of a child."""


def warm_up() -> None:
    """Read files of our own, so that children find everything loaded that is loaded when first needed."""
    page = io.BytesIO()
    with PdfWriter() as writer:
        writer.add_blank_page(72, 72)
        writer.write(page)
    pdf(page)
    for kind in FORMATS:
        shown = io.BytesIO()
        Image.new("RGB", (8, 8)).save(shown, kind)
        picture(shown, io.BytesIO(), io.BytesIO())


ANSWER, MADE = 1 << 16, 4 << 20
"""How many bytes a child may write: of an answer, of a file that it makes."""


def _read(order: dict[str, int | str], file: int, answer: int, *made: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    written = MADE if made else ANSWER
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
    memory, seconds = int(order["memory"]), int(order["seconds"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    signal.alarm(seconds)
    with contextlib.ExitStack() as open_files:
        stream = open_files.enter_context(open(file, "rb"))
        stream.seek(0)
        places = [open_files.enter_context(open(each, "wb")) for each in made]
        said = READERS[str(order["reader"])](stream, *places)
    os.write(answer, json.dumps(said).encode())


def serve(orders: socket.socket) -> None:
    gc.freeze()  # children share what is loaded
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for: the kernel buries them
    while True:
        order, descriptors, _flags, _from = socket.recv_fds(orders, 4096, 4)
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
