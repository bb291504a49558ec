"""The process apart that reads files of strangers. Started by path by `labshare.kernel.apart`; knows nothing of us.

It loads the parsers once and then, for each file that is handed to it (a descriptor, one for the answer, and one for
each file that is to be made of it), forks a child with limits that the kernel keeps: memory, processor time, how much
it writes, and an alarm for the time on the wall. The child reads, answers and ends. It ends itself when whoever started
it is gone.
"""

import codecs
import contextlib
import csv
import gc
import io
import json
import logging
import os
import re
import resource
import signal
import socket
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import IO, Any
from xml.parsers import expat

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
        background = Image.new("RGBA", found.size, "white")
        background.alpha_composite(found)
        found = background
    return found.convert("RGB")


def _bare(seen: Image.Image, side: int) -> Image.Image:
    """The pixels without what came beside them: place, camera, words, profile."""
    bare = Image.new("RGB", seen.size)
    bare.paste(seen)
    bare.thumbnail((side, side))
    return bare


ROWS, COLUMNS, CELL, SHEETS = 20_000, 200, 4_100, 10
"""Of a spreadsheet: rows of all its sheets that say something, columns, characters of a cell, sheets."""
UNPACKED = 256 << 20
"""Bytes of a workbook's parts, unpacked."""
NAMED = 50
"""So many places of formulas are named."""
BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
ENCODINGS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF8, "utf-8-sig"))
SEPARATORS = ",\t;"


class Refused(Exception):
    """Why a file is no spreadsheet that is taken: one word."""


def table(file: IO[bytes], made: IO[bytes]) -> dict[str, Any]:
    """What stands in a CSV or XLSX, row by row, without ever holding more than a row: `made` gets a JSON value a line.

    A sheet begins with `{"sheet": name}`; a row that says something is `[number, cell, …]`. A cell is a text, a number
    as `{"n": "12.5"}`, a day or moment as `{"d": "2026-11-03 00:00:00"}`, true, false or null. The answer says what
    was refused, or of each sheet where formulas and merged cells stand.
    """
    out = io.TextIOWrapper(made, "utf-8", newline="\n", write_through=True)
    try:
        head = file.read(8)
        file.seek(0)
        if head.startswith(b"PK\x03\x04"):
            return {"sheets": _workbook(file, out)}
        if head.startswith(b"\xd0\xcf\x11\xe0"):
            return {"problem": "old"}
        if head.startswith((b"%PDF", b"<", b"\x89PNG", b"\xff\xd8\xff", b"{")):
            return {"problem": "kind"}
        return {"sheets": [_csv(file, out)]}
    except Refused as refused:
        return {"problem": str(refused)}
    except (*STUMBLES, zipfile.BadZipFile, expat.ExpatError, csv.Error, NotImplementedError, EOFError):
        return {"problem": "broken"}
    finally:
        out.detach()


class _Out:
    """Rows on their way out, counted."""

    def __init__(self, out: IO[str]) -> None:
        self.out, self.rows = out, 0

    def sheet(self, name: str) -> None:
        self.out.write(json.dumps({"sheet": name[:100]}) + "\n")

    def row(self, number: int, cells: list[Any]) -> None:
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            return
        self.rows += 1
        if self.rows > ROWS:
            raise Refused("rows")
        if len(cells) > COLUMNS:
            raise Refused("columns")
        self.out.write(json.dumps([number, *cells], ensure_ascii=False) + "\n")


def _text(text: str) -> str | None:
    """A text as people mean it: without blanks around it and without characters that cannot be seen."""
    if len(text) > CELL:
        raise Refused("cell")
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text).strip() or None


def place(row: int, column: int) -> str:
    """How a spreadsheet calls a cell; both from 1."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def _csv(file: IO[bytes], out: IO[str]) -> dict[str, Any]:
    lines = io.TextIOWrapper(file, _encoding(file), newline="")
    start = [line for line, _n in zip(lines, range(20), strict=False)]
    separator = max(SEPARATORS, key=lambda each: sum(line.count(each) for line in start))
    lines.seek(0)
    csv.field_size_limit(CELL * 4)
    to = _Out(out)
    formulas: list[str] = []
    to.sheet("")
    for number, row in enumerate(csv.reader(lines, delimiter=separator), start=1):
        cells: list[Any] = []
        for column, value in enumerate(row, start=1):
            quoted = re.fullmatch(r'\s*="([^"]*)"\s*', value)  # how some write a number that is to stay a text
            if quoted is None and value.lstrip().startswith("=") and len(formulas) < NAMED:
                formulas.append(place(number, column))
            cells.append(_text(quoted[1] if quoted else value))
        to.row(number, cells)
    lines.detach()
    return {"name": "", "formulas": formulas, "merged": []}


def _encoding(file: IO[bytes]) -> str:
    """UTF-8 or, as spreadsheets in China save it, GB 18030; read once through."""
    head = file.read(4)
    marked = next((name for mark, name in ENCODINGS if head.startswith(mark)), None)
    for name in (marked,) if marked else ("utf-8", "gb18030"):
        file.seek(0)
        decoder = codecs.getincrementaldecoder(name)()
        try:
            while chunk := file.read(1 << 16):
                if "\0" in decoder.decode(chunk):
                    raise Refused("kind")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        file.seek(0)
        return name
    raise Refused("kind")


class _Parts:
    """The parts of a workbook, no more of them unpacked than is allowed; a declared document type is refused."""

    def __init__(self, file: IO[bytes], unpacked: int = UNPACKED) -> None:
        self.zip, self.left = zipfile.ZipFile(file), unpacked
        self.names = set(self.zip.namelist())
        if any("vbaProject" in name for name in self.names):
            raise Refused("macros")

    def read(self, name: str, start: Callable[..., Any], end: Callable[..., Any], text: Callable[..., Any]) -> None:
        parser = _parser(start, end, text)
        with self.zip.open(name) as part:
            while chunk := part.read(1 << 16):
                self.left -= len(chunk)
                if self.left < 0:
                    raise Refused("large")
                parser.Parse(chunk)
        parser.Parse(b"", True)

    def elements(self, name: str) -> Iterator[tuple[str, dict[str, str]]]:
        """The elements of a small part with what stands in their tags."""
        found: list[tuple[str, dict[str, str]]] = []
        if name in self.names:
            self.read(name, lambda tag, given: found.append((tag, given)), _nothing, _nothing)
        return iter(found)


def _parser(
    start: Callable[..., Any], end: Callable[..., Any], text: Callable[..., Any], encoding: str | None = None
) -> expat.XMLParserType:
    """Names of elements come without their prefix; a declared document type, and with it every entity, is refused."""
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, given: start(tag.rpartition(":")[2], given)
    parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2])
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


def _nothing(*_arguments: Any) -> None:
    pass


def _no_doctype(*_arguments: Any) -> None:
    raise Refused("broken")


def _workbook(file: IO[bytes], out: IO[str]) -> list[dict[str, Any]]:
    parts = _Parts(file)
    targets = {given.get("Id"): given.get("Target", "") for _tag, given in parts.elements("xl/_rels/workbook.xml.rels")}
    sheets, since_1904 = [], False
    for tag, given in parts.elements("xl/workbook.xml"):
        if tag == "sheet" and given.get("state", "visible") == "visible":
            target = targets.get(next((value for name, value in given.items() if name.endswith(":id")), ""), "")
            sheets.append((given.get("name", ""), target.lstrip("/") if target.startswith("/") else f"xl/{target}"))
        since_1904 = since_1904 or (tag == "workbookPr" and given.get("date1904") in ("1", "true"))
    sheets = [(name, part) for name, part in sheets if part in parts.names]
    if not sheets:
        raise Refused("kind")
    if len(sheets) > SHEETS:
        raise Refused("sheets")
    dates, shared, to = _date_styles(parts), _shared(parts), _Out(out)
    return [_Sheet(parts, to, shared, dates, since_1904).read(name, part) for name, part in sheets]


def _date_styles(parts: _Parts) -> set[int]:
    """Numbers of the cell styles that show a day or a moment."""
    own, styles, inside = {}, [], False
    for tag, given in parts.elements("xl/styles.xml"):
        if tag == "numFmt":
            bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", given.get("formatCode", "")).lower()
            own[int(given["numFmtId"])] = any(letter in bare for letter in "ydhs")
        inside = tag == "cellXfs" or (inside and tag not in ("cellStyleXfs", "cellStyles"))
        if inside and tag == "xf":
            number = int(given.get("numFmtId", 0))
            styles.append(own.get(number, number in BUILT_IN_DATES))
    return {number for number, dated in enumerate(styles) if dated}


def _shared(parts: _Parts) -> list[str]:
    """The texts that cells point to, each once; readings beside the characters are left out."""
    texts: list[str] = []
    parts_of_text: list[str] = []
    reading, taking = [False], [False]

    def start(tag: str, _given: Any) -> None:
        if tag == "si":
            parts_of_text.clear()
        reading[0] = reading[0] or tag == "rPh"
        taking[0] = tag == "t" and not reading[0]

    def end(tag: str) -> None:
        taking[0] = False
        if tag == "rPh":
            reading[0] = False
        if tag == "si":
            texts.append("".join(parts_of_text))

    if "xl/sharedStrings.xml" in parts.names:
        parts.read("xl/sharedStrings.xml", start, end, lambda text: parts_of_text.append(text) if taking[0] else None)
    return texts


class _Sheet:
    """One sheet on its way through the parser."""

    def __init__(self, parts: _Parts, to: _Out, shared: list[str], dates: set[int], since_1904: bool) -> None:
        self.parts, self.to, self.shared, self.dates = parts, to, shared, dates
        self.epoch = datetime.fromisoformat("1904-01-01" if since_1904 else "1899-12-30")
        self.formulas: list[str] = []
        self.merged: list[str] = []
        self.row = self.column = 0
        self.cells: list[Any] = []
        self.kind, self.style, self.texts = "", 0, [""]
        self.taking = False

    def read(self, name: str, part: str) -> dict[str, Any]:
        self.to.sheet(name)
        self.parts.read(part, self.start, self.end, lambda text: self.texts.append(text) if self.taking else None)
        return {"name": name[:100], "formulas": self.formulas, "merged": self.merged}

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "row":
            self.row = int(given.get("r", self.row + 1))
            self.cells, self.column = [], 0
        elif tag == "c":
            letters = re.match("[A-Z]{1,3}", given.get("r", ""))
            self.column = _column(letters[0]) if letters else self.column + 1
            self.kind, self.style, self.texts = given.get("t", "n"), int(given.get("s", 0)), []
        elif tag == "f" and len(self.formulas) < NAMED:
            self.formulas.append(place(self.row, self.column))
        elif tag == "mergeCell" and len(self.merged) < ROWS // 100:
            self.merged.append(given.get("ref", "")[:30])
        self.taking = tag in ("v", "t")

    def end(self, tag: str) -> None:
        self.taking = False
        if tag == "c":
            value = self._value("".join(self.texts))
            if value is not None:
                if self.column > COLUMNS:
                    raise Refused("columns")
                self.cells += [None] * (self.column - 1 - len(self.cells))
                self.cells[self.column - 1 :] = [value]
        elif tag == "row":
            self.to.row(self.row, self.cells)

    def _value(self, text: str) -> Any:
        if text == "":
            return None
        if self.kind == "s":
            return _text(self.shared[int(text)])
        if self.kind == "b":
            return text == "1"
        if self.kind != "n":
            return _text(text.replace("T", " ") if self.kind == "d" else text)
        if self.style in self.dates:
            try:
                moment = self.epoch + timedelta(seconds=round(float(text) * 86_400))
            except (OverflowError, ValueError):
                return _text(text)
            return {"d": moment.isoformat(sep=" ")}
        return {"n": repr(float(text)) if not text.lstrip("-").isdigit() else text}


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


ENTRIES, XML_BYTES = 500, 20 << 20
"""Of an OFD: the files in it, and bytes of what is read of them, unpacked; of an XML, its bytes."""
LONGEST_ORIGINAL, LONGEST_LEAF = 5_000, 200
"""Characters of what an original says in all, and of one element."""


def original(file: IO[bytes]) -> dict[str, Any] | None:
    """What an invoice's original says, an XML, an OFD or a PDF: its `kind`; `leaves`, the texts of its elements, each
    named after its parent and itself, the first of a name alone; and `text`, the words on its pages. None: none of
    these, broken, or larger than is taken. What it says is not judged.
    """
    head = file.read(8)
    file.seek(0)
    try:
        if head.startswith(b"%PDF-"):
            return _read_pdf(file)
        if head.startswith(b"PK\x03\x04"):
            return _read_ofd(file)
        if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
            content = _Content()
            content.take(file.read(XML_BYTES + 1))
            return {"kind": "xml", "leaves": content.leaves, "text": ""}
    except LimitReachedError:
        raise
    except (*STUMBLES, Refused, zipfile.BadZipFile, expat.ExpatError, NotImplementedError, EOFError):
        pass
    return None


class _Content:
    """The leaves of documents on their way through the parser, and the words that an OFD puts on its pages."""

    def __init__(self) -> None:
        self.leaves: dict[str, str] = {}
        self.words: list[str] = []
        self.left = LONGEST_ORIGINAL
        self.path, self.texts, self.leaf = ["", ""], [""], False

    def take(self, content: bytes) -> None:
        """A whole document; in UTF-8 or, as some are written, GB 18030."""
        if len(content) > XML_BYTES:
            raise Refused("large")
        try:
            content.decode()
        except UnicodeDecodeError:
            content = content.decode("gb18030").encode()
        _parser(*self.handlers, encoding="utf-8").Parse(content, True)

    @property
    def handlers(self) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
        return self.start, self.end, self.text

    def start(self, tag: str, given: dict[str, str]) -> None:
        self.path.append(given.get("Name", tag) if tag == "CustomData" else tag)
        self.texts, self.leaf = [], True

    def text(self, text: str) -> None:
        self.texts.append(text)

    def end(self, tag: str) -> None:
        name = "/".join(self.path[-2:])[:LONGEST_LEAF]
        self.path.pop()
        text = "".join(self.texts).strip()[:LONGEST_LEAF]
        if self.leaf and text and self.left > 0:
            if tag == "TextCode":
                self.words.append(text)
                self.left -= len(text)
            elif name not in self.leaves:
                self.leaves[name] = text
                self.left -= len(name) + len(text)
        self.leaf = False


def _read_ofd(file: IO[bytes]) -> dict[str, Any] | None:
    """The data that came with it first, then its own facts, then the words on its pages."""
    parts, content = _Parts(file, XML_BYTES), _Content()
    if "OFD.xml" not in parts.names or len(parts.names) > ENTRIES:
        return None
    documents = sorted(name for name in parts.names if name.lower().endswith(".xml"))
    attached = [name for name in documents if "/attachs/" in name.lower() and not name.endswith("Attachments.xml")]
    pages = [name for name in documents if re.search(r"/(?:Pages|Tpls)/.*Content\.xml$", name)]
    for name in (*attached, "OFD.xml", *pages):
        parts.read(name, *content.handlers)
    return {"kind": "ofd", "leaves": content.leaves, "text": "\n".join(content.words)}


def _read_pdf(file: IO[bytes]) -> dict[str, Any]:
    """What it says of itself, and the words on its first two pages."""
    reader = PdfReader(file, strict=False)
    about = list((reader.metadata or {}).items())[:20]
    leaves = {f"Info/{str(name).lstrip('/')}": str(value)[:LONGEST_LEAF] for name, value in about}
    words = "\n".join(page.extract_text() for page in reader.pages[:2])
    return {"kind": "pdf", "leaves": leaves, "text": words[:LONGEST_ORIGINAL]}


READERS: dict[str, Any] = {"original": original, "pdf": pdf, "picture": picture, "table": table}
"""By name; each takes the file, and those that are made of it. What it answers must be JSON; `MemoryError` is no answer
but the end of a child."""


def warm_up() -> None:
    """Read files of our own, so that children find everything loaded that is loaded when first needed."""
    page = io.BytesIO()
    with PdfWriter() as writer:
        writer.add_blank_page(72, 72)
        writer.write(page)
    pdf(page)
    original(page)
    for kind in FORMATS:
        shown = io.BytesIO()
        Image.new("RGB", (8, 8)).save(shown, kind)
        picture(shown, io.BytesIO(), io.BytesIO())
    table(io.BytesIO(b"a,b"), io.BytesIO())


ANSWER, MADE = 1 << 16, 16 << 20
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
        result = READERS[str(order["reader"])](stream, *places)
    os.write(answer, json.dumps(result).encode())


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
