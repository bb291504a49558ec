"""Every request that changes something: one transaction around it, and its answer kept under its idempotency key.

`writing` stands next to the view: what is above it (arguments, files) is read before the transaction begins;
`RoomBlueprint` puts `answering` around all of it. The answer is written in the same transaction as what was done, so
that after a crash either both are there or neither: a replay gives the first answer or does the work for the first
time, never a second time.
"""

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from flask import Response, current_app, g, request
from flask_babel import lazy_gettext as _l
from sqlalchemy import text
from werkzeug.exceptions import HTTPException

from labshare.api import problems
from labshare.http.actor import current_actor
from labshare.kernel.actor import Actor
from labshare.kernel.database import commit_early, db, report_refusal, transaction
from labshare.kernel.errors import Conflict, InvalidInput, Problem
from labshare.kernel.events import handle_events
from labshare.kernel.idempotency import AnsweredMeanwhile, store_answer, stored_answer
from labshare.kernel.time import utc_now

F = TypeVar("F", bound=Callable[..., Any])
LONGEST_KEY = 255
STORED_HEADERS = ("Content-Type", "Location")


class IdempotencyMismatch(InvalidInput):
    message = _l("This key was used with other data.")
    default_field = "Idempotency-Key"


class KeyTooLong(InvalidInput):
    message = _l("At most 255 characters.")
    default_field = "Idempotency-Key"


class InFlight(Conflict):
    message = _l("The first request with this key is still being worked on.")


def answering(view: F) -> F:
    """Around a whole view: on POST its answer is kept under its `Idempotency-Key`, if it has one."""

    @wraps(view)
    def run(*args: Any, **kwargs: Any) -> Response:
        actor = current_actor()
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        g.keeps_answer = bool(key)
        if not key:
            return _done(lambda: view(*args, **kwargs))
        if len(key) > LONGEST_KEY:
            raise KeyTooLong
        with _alone(f"{actor.person_id} {request.method} {request.path} {key}"):
            return _once(actor, key, lambda: view(*args, **kwargs))

    return run  # type: ignore[return-value]


def writing(*, reads_first: bool = False, anew: bool = True) -> Callable[[F], F]:
    """Begin the transaction that the view works in; it ends when the answer is made, and kept. `reads_first` and `anew`
    as of `transaction`."""

    def decorate(view: F) -> F:
        @wraps(view)
        def run(*args: Any, **kwargs: Any) -> Any:
            g.step.enter_context(transaction(reads_first=reads_first, anew=anew))
            return view(*args, **kwargs)

        return run  # type: ignore[return-value]

    return decorate


def _done(work: Callable[[], Any], keep: Callable[[Response], None] | None = None) -> Response:
    """Work and answer in one transaction, which `writing` begins."""
    with ExitStack() as g.step:
        response = current_app.make_response(work())
        if keep:
            keep(response)
    return response


def written() -> None:
    """What was asked is done, the answer is still to be read and worded: let the next writer go on meanwhile, unless
    the answer is kept under a key and so belongs to the same transaction."""
    if g.keeps_answer:
        handle_events()
    else:
        commit_early()


def shown_once(field: str) -> None:
    """A secret of the answer: what is kept under a key has null in its place."""
    g.shown_once = field


def _stored_body(response: Response) -> bytes:
    body: bytes = response.get_data()
    if "shown_once" in g and response.status_code < 400:
        body = json.dumps({**json.loads(body), g.pop("shown_once"): None}, ensure_ascii=False).encode()
    return body


def _once(actor: Actor, key: str, work: Callable[[], Any]) -> Response:
    digest = _digest()
    db.session.rollback()  # who called was read before the key was ours: look again at what is there now
    place = {"person_id": actor.person_id, "method": request.method, "path": request.path, "key": key}
    row = stored_answer(**place, now=utc_now())
    if row is not None:
        if row.digest != digest:
            raise IdempotencyMismatch
        return Response(row.body or b"", row.status, headers=[(name, value) for name, value in row.headers or []])

    def keep(response: Response) -> None:
        headers = [[name, response.headers[name]] for name in STORED_HEADERS if name in response.headers]
        store_answer(
            **place,
            digest=digest,
            now=utc_now(),
            status=response.status_code,
            headers=headers,
            body=_stored_body(response),
        )

    try:
        return _done(work, keep)
    except Problem as problem:
        report_refusal(problem)
        if problem.status >= 500:
            raise
        response = problems.answer(problem)
    except AnsweredMeanwhile as error:
        raise InFlight from error
    except HTTPException as error:
        response = problems.answer(error)
        if response.status_code >= 500:
            raise
    with transaction():
        keep(response)
    return response


def _digest() -> str:
    """SHA-256 of query and body; multipart by its fields and the digests of its files, since its boundary differs."""
    digest = hashlib.sha256()
    for name, value in sorted(request.args.items(multi=True)):
        digest.update(f"?{name}={len(value)}:{value};".encode())
    if request.mimetype == "multipart/form-data":
        for name, value in sorted(request.form.items(multi=True)):
            digest.update(f"{name}={len(value)}:{value};".encode())
        for name, file in sorted(request.files.items(multi=True), key=lambda pair: pair[0]):
            digest.update(f"{name}:{file.filename}:{hashlib.file_digest(file.stream, 'sha256').hexdigest()};".encode())
            file.stream.seek(0)
    else:
        digest.update(request.get_data(cache=True))
    return digest.hexdigest()


_here: set[int] = set()
_guard = threading.Lock()
_files: dict[tuple[int, str], int] = {}


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Hold this key for the length of a request, or raise `InFlight`. On PostgreSQL an advisory lock of a connection
    of its own, across hosts; on SQLite, which has one host, a byte of a lock file and, within a process, a set."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect() as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": number}):
                raise InFlight
            yield
        return
    with _guard:
        if number in _here:
            raise InFlight
        _here.add(number)
    file = _lock_file()
    try:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError as error:
            raise InFlight from error
        yield
        fcntl.lockf(file, fcntl.LOCK_UN, 1, number)
    finally:
        with _guard:
            _here.discard(number)


def _lock_file() -> int:
    """One descriptor a process, never closed: closing any would drop all of the process' locks."""
    path = str(Path(db.engine.url.database or "labshare").with_suffix(".keys"))
    with _guard:
        place = (os.getpid(), path)
        if place not in _files:
            _files[place] = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        return _files[place]
