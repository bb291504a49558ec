"""When the body of a request is read: after it is known who sends it and whether they may, before any transaction.

The order stands here once, for pages and API alike (`labshare.http.retry`): the view's own check of the right, which
sees headers and address only; the body's limit; the body, whole; the checks that need it (the forms' token); the view.
A request is sealed until then, and a body cannot be read inside a transaction: both raise, wherever it is tried.
"""

from collections.abc import Callable
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeVar

from flask import Request, current_app, request
from werkzeug.utils import cached_property

from labshare.kernel.database import db, writing

F = TypeVar("F", bound=Callable[..., Any])
Check = Callable[..., None]

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
AT_ONCE = 64 * 1024
"""A longer body may take a while: meanwhile no connection to the database is kept."""


class _AsMuchAsMayBe(SpooledTemporaryFile[bytes]):
    """A file that came in, of which no more is kept than shows that it is too large."""

    def write(self, data: Any) -> int:
        super().write(data[: max(0, current_app.config["UPLOAD_LIMIT"] + 1 - self.tell())])
        return len(data)


class SealedRequest(Request):
    """A request whose body cannot be read too early or too late."""

    sealed = False

    def _get_file_stream(self, *_sizes: Any, **__: Any) -> IO[bytes]:
        return _AsMuchAsMayBe(max_size=AT_ONCE)

    @cached_property
    def stream(self) -> Any:
        """The body; every way to read it (form, files, JSON) comes by here. What a GET brings along is not read."""
        if self.method not in CHANGING:
            return BytesIO()
        if self.sealed:
            raise RuntimeError("a body is read once its sender's right is checked")
        if writing():
            raise RuntimeError("a body is read before the transaction begins")
        source = self.environ["wsgi.input"]
        if hasattr(source, "most"):  # the server collects no more (labshare.commands.worker)
            source.most = self.max_content_length
        return super().stream


def before_body(check: Check, *, file: bool = False) -> Callable[[F], F]:
    """Have `check(**view_args)` refuse (by raising a `Problem`) before a view begins and before its request's body is
    read. Routes say it with `labshare.http.rights`.

    `file`: the body may bring a file, so up to `MAX_UPLOAD_LENGTH` is taken of whoever passes.
    """

    def mark(view: F) -> F:
        view.before_body, view.takes_file = check, file  # type: ignore[attr-defined]
        return view

    return mark


def read_body() -> None:
    """Check, then read the body of a request that changes something. Raises what the check raises, 413, 400."""
    if request.method == "OPTIONS" or request.routing_exception is not None:
        return
    view = current_app.view_functions.get(request.endpoint or "")
    check: Check | None = getattr(view, "before_body", None)
    if check is not None:
        check(**(request.view_args or {}))
    if request.method not in CHANGING:
        return
    unseal(current_app.config["MAX_UPLOAD_LENGTH"] if getattr(view, "takes_file", False) else None)
    if _length() > AT_ONCE:
        db.session.rollback()
    if request.mimetype != "multipart/form-data":
        request.get_data(cache=True)
    _ = request.form, request.files


def unseal(limit: int | None = None) -> None:
    """From here on the body may be read, up to `limit` bytes; `MAX_CONTENT_LENGTH` where nothing is said."""
    request.max_content_length = limit
    request.sealed = False  # type: ignore[attr-defined]


def _length() -> int:
    """Bytes as announced; of a body that does not say so, more than is read at once."""
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        return AT_ONCE + 1
    return request.content_length or 0
