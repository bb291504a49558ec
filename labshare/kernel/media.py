"""The types of files that people send, as HTTP calls them."""

PDF, JPEG, PNG, WEBP = "application/pdf", "image/jpeg", "image/png", "image/webp"
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"
PICTURES = (JPEG, PNG)
PAPERS = (PDF, *PICTURES)
RAW = {
    ".csv": CSV,
    ".txt": "text/plain",
    ".xlsx": XLSX,
    ".zip": ZIP,
    ".pdf": PDF,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".png": PNG,
}
"""What instruments' data come as, by the endings of their names."""
XML, OFD = "application/xml", "application/ofd"
INVOICES = (*PAPERS, XML, OFD, ".xml", ".ofd")
"""By the endings of their names too: browsers do not know OFD."""
DOCUMENT_TYPES = tuple(sorted({*PAPERS, XML, OFD, *RAW.values()}))
"""What is kept beside a record."""
SHEETS = (".xlsx", ".csv")
"""By the endings of their names: browsers do not agree on their types."""


def accept(types: tuple[str, ...]) -> dict[str, str]:
    """What a file field offers to choose among."""
    return {"accept": ",".join(types)}
