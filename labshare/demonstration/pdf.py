"""A very small PDF writer: one page of lines, Latin in Helvetica, Chinese in a font every reader brings.

PDF 1.4 (ISO 32000): eight objects, a table of their places, a trailer. The same lines give the same bytes.
"""

import functools
import re
from collections.abc import Sequence

_FIXED = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 8 0 R "
        b"/Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>"
    ),
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R] >>",
    (
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) "
        b"/Ordering (GB1) /Supplement 4 >> /DW 1000 /FontDescriptor 7 0 R >>"
    ),
    (
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 "
        b"/Ascent 880 /Descent -120 /CapHeight 700 /StemV 80 >>"
    ),
)
_RUNS = re.compile(r"[\x20-\x7e]+|[^\x20-\x7e]+")


def _head() -> tuple[bytes, tuple[int, ...]]:
    """The objects that every file shares, and where each begins."""
    body, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(_FIXED, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    return body, tuple(places)


_HEAD, _PLACES = _head()


def one_page(title: str, lines: Sequence[str]) -> bytes:
    """A file with one page."""
    content = [b"BT 60 780 Td 26 TL", *_line(title, 18), b"T*"]
    for line in lines:
        content += [*_line(line, 11), b"T*"]
    stream = b"\n".join([*content, b"ET"])
    place = len(_HEAD)
    body = _HEAD + b"8 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(stream), stream)
    table = b"".join(b"%010d 00000 n \n" % each for each in (*_PLACES, place))
    return body + b"xref\n0 9\n0000000000 65535 f \n%strailer\n<< /Size 9 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        table,
        len(body),
    )


def _line(line: str, size: int) -> list[bytes]:
    """Text-showing operators; the font changes between Latin and other letters."""
    return [_run(run, size) for run in _RUNS.findall(line)]


@functools.lru_cache(20_000)
def _run(run: str, size: int) -> bytes:
    if run.isascii():
        escaped = run.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        return b"/F1 %d Tf (%s) Tj" % (size, escaped.encode("ascii"))
    return b"/F2 %d Tf <%s> Tj" % (size, run.encode("utf-16-be").hex().encode("ascii"))
