"""The types of files that people send, as HTTP calls them."""

PDF, JPEG, PNG, WEBP = "application/pdf", "image/jpeg", "image/png", "image/webp"
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PICTURES = (JPEG, PNG)
PAPERS = (PDF, *PICTURES)
SHEETS = (".xlsx", ".csv")
"""By the endings of their names: browsers do not agree on their types."""


def accept(types: tuple[str, ...]) -> dict[str, str]:
    """What a file field offers to choose among."""
    return {"accept": ",".join(types)}
