"""Files made on the spot: always an attachment, never shown by the browser."""

from flask import Response

from labshare.kernel.tables import CSV_TYPE, XLSX_TYPE

TYPES = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE, "pdf": "application/pdf"}


def download(content: bytes, name: str) -> Response:
    """Answer with a file; its type follows the ending of `name` (csv, xlsx, pdf)."""
    response = Response(content, content_type=TYPES[name.rsplit(".", 1)[1]])
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
