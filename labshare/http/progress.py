"""How far a long request is, told to the page that waits for it. The request writes in one transaction, so that no
other would see it in the database: it stands in a small file beside the uploads, which all workers share, named after
the form's secret and its person. `labshare.settlement.files.sweep` takes what a killed request left."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from flask_babel.speaklater import LazyString

from labshare.http.actor import current_actor
from labshare.kernel.progress import Progress, no_progress
from labshare.settlement.files import folder

LONGEST_SECRET = 40
BETWEEN = 0.25
"""Seconds between two words about the same."""


def new_secret() -> str:
    """Of one form, as it is shown."""
    return token_urlsafe(16)


def _place(secret: str) -> Path:
    return folder() / f"progress-{sha256(f'{secret} {current_actor().person_id}'.encode()).hexdigest()}"


@contextmanager
def reporting(secret: str | None) -> Iterator[Progress]:
    """Where a step tells how far it is, for the person who sent this form; nowhere without a secret."""
    if not secret or len(secret) > LONGEST_SECRET:
        yield no_progress
        return
    place = _place(secret)
    try:
        yield _Reporter(place)
    finally:
        place.unlink(missing_ok=True)


class _Reporter:
    def __init__(self, place: Path) -> None:
        self._place, self._next = place, 0.0
        self._what: LazyString | str = ""

    def __call__(self, what: LazyString | str, done: int, total: int) -> None:
        """Write it down, unless the same was told a moment ago."""
        now = time.monotonic()
        if what is self._what and now < self._next:
            return
        self._what, self._next = what, now + BETWEEN
        self._place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._place.parent, prefix="incoming-", delete=False) as file:
            json.dump({"what": str(what), "done": done, "total": total}, file)
        os.replace(file.name, self._place)


def last_progress(secret: str) -> dict[str, Any] | None:
    """What was told last to this person under a secret; None of what is another's, over, or was never begun."""
    try:
        found: dict[str, Any] = json.loads(_place(secret[:LONGEST_SECRET]).read_text())
    except FileNotFoundError:
        return None
    return found
