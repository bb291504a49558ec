"""The types of files that people send, as HTTP calls them."""

PDF, JPEG, PNG, WEBP = "application/pdf", "image/jpeg", "image/png", "image/webp"
PICTURES = (JPEG, PNG)
PAPERS = (PDF, *PICTURES)


def accept(types: tuple[str, ...]) -> dict[str, str]:
    """What a file field offers to choose among."""
    return {"accept": ",".join(types)}
