"""The types of files that people send, as HTTP calls them."""

PDF, JPEG, PNG, WEBP = "application/pdf", "image/jpeg", "image/png", "image/webp"
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"
PICTURES = (JPEG, PNG)
PDF_OR_PICTURES = (PDF, *PICTURES)
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
INVOICES = (*PDF_OR_PICTURES, XML, OFD, ".xml", ".ofd")
"""By the endings of their names too: browsers do not know OFD."""
DOCUMENT_TYPES = tuple(sorted({*PDF_OR_PICTURES, XML, OFD, *RAW.values()}))
"""What is kept beside a record."""
SHEETS = (".xlsx", ".csv")
"""By the endings of their names: browsers do not agree on their types."""


def accept(types: tuple[str, ...]) -> dict[str, str]:
    """What a file field offers to choose among."""
    return {"accept": ",".join(types)}
