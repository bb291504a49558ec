"""Files kept outside the web root, each under the SHA-256 of its content.

A file is written whole (and synced) before its row is committed; whatever fails afterwards leaves a file without a row,
which `sweep` removes a day later. Nothing ever overwrites a file: the same content has the same name.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Literal

from flask import current_app
from sqlalchemy import select

from labshare.kernel.actor import Actor
from labshare.kernel.apart import NotReadInTime, read_apart
from labshare.kernel.database import db, writing
from labshare.kernel.digests import keyed_digest
from labshare.kernel.errors import Problem
from labshare.kernel.media import JPEG, OFD, PDF, PNG, RAW, XLSX, XML, ZIP
from labshare.kernel.sheets import ReadSheet, read_sheets
from labshare.settlement.errors import (
    FileTakesTooLong,
    FileTooLarge,
    NotAnInvoiceFile,
    NotAPdf,
    NotAPdfOrImage,
    NotAPicture,
    NotRawData,
    PictureTooSmall,
    TableGone,
)
from labshare.settlement.models import StoredFile
from labshare.settlement.rules.originals import Original, read_original
from labshare.settlement.viruses import virus_in

Kinds = Literal["pdf", "document", "original", "raw"]
"""`pdf` alone (reports), any `document`: PDF, JPEG, PNG (bank slips), an `original` of an invoice: these, and the XML
or OFD of the tax authority's system, or `raw` data: tables and texts too."""

_OTHER: dict[Kinds, type[Problem]] = {
    "pdf": NotAPdf,
    "document": NotAPdfOrImage,
    "original": NotAnInvoiceFile,
    "raw": NotRawData,
}

LEAST_SIDE = 300
"""Pixels that the shorter side of a photo for the public has at least."""
ORPHAN_AFTER = timedelta(days=1)
_CHUNK = 1 << 16
_MB = 1 << 20


@dataclass(frozen=True)
class TakenFile:
    """A file that came in, examined and, if nothing is wrong with it, kept. `problem` is for the service to raise."""

    name: str
    sha256: str = ""
    size: int = 0
    content_type: str = ""
    problem: Problem | None = None
    original: Original | None = None
    """What it says as the original of an invoice, where that was looked for and found."""


@dataclass(frozen=True)
class TakenPhoto:
    """A picture that came in, as it was made anew for the public. Without a problem it is there in both sizes."""

    large: TakenFile
    small: TakenFile
    width: int = 0
    height: int = 0
    """Of the large one, in pixels."""
    problem: Problem | None = None


def folder() -> Path:
    return Path(current_app.config["UPLOAD_DIR"])


def path_of(sha256: str) -> Path:
    return folder() / sha256[:2] / sha256


def upload_key(actor: Actor, sha256: str) -> str:
    """Says that this firm sent the file, so that nobody else reads it by its address."""
    return keyed_digest("upload", f"{actor.firm_id} {sha256}")[:16]


def take_in(stream: IO[bytes], name: str, kinds: Kinds, *, now: datetime) -> TakenFile:
    """Examine an upload by its content and keep it. Called by entrances before the transaction begins.

    Never raises for a bad file: the service raises `problem` together with whatever else is wrong. Raises
    `RuntimeError` inside a transaction, which would make others wait for this file.
    """
    if writing():
        raise RuntimeError("a file is examined before the transaction begins")
    name = _plain_name(name)
    limit: int = current_app.config["UPLOAD_LIMIT"]
    folder().mkdir(parents=True, exist_ok=True)
    with _incoming() as file:
        digest, size = _received(stream, file, limit)
        if size > limit:
            return TakenFile(name, size=size, problem=FileTooLarge(n=limit // _MB))
        if virus := virus_in(file):
            return TakenFile(name, size=size, problem=virus)
        original = None
        try:
            content_type = _raw_type(file, name) if kinds == "raw" else _content_type(file)
            if kinds == "original" and content_type in (None, PDF):
                content_type, original = _original(file, content_type)
        except Problem as problem:
            return TakenFile(name, size=size, problem=problem)
        if content_type is None or (kinds == "pdf" and content_type != PDF):
            return TakenFile(name, size=size, problem=_OTHER[kinds]())
        os.fsync(file.fileno())
        _keep(Path(file.name), path_of(digest), now)
    return TakenFile(name, digest, size, content_type, original=original)


def take_photo(stream: IO[bytes], name: str, *, now: datetime) -> TakenPhoto:
    """Examine a picture for the public and keep what is made of it: the pixels alone, in two sizes (R-LAB-3). As
    `take_in`, before the transaction begins; what was sent is not kept."""
    if writing():
        raise RuntimeError("a file is examined before the transaction begins")
    plain = Path(_plain_name(name)).stem[:190] or "photo"
    limit: int = current_app.config["UPLOAD_LIMIT"]
    folder().mkdir(parents=True, exist_ok=True)
    with _incoming() as sent, _incoming() as large, _incoming() as small:
        nothing = TakenFile(plain)
        _digest, size = _received(stream, sent, limit)
        if size > limit:
            return TakenPhoto(nothing, nothing, problem=FileTooLarge(n=limit // _MB))
        if virus := virus_in(sent):
            return TakenPhoto(nothing, nothing, problem=virus)
        try:
            measures = read_apart("picture", sent, large, small)
        except NotReadInTime:
            measures = None
        if measures is None:
            return TakenPhoto(nothing, nothing, problem=NotAPicture())
        width, height = measures
        if min(width, height) < LEAST_SIDE:
            return TakenPhoto(nothing, nothing, problem=PictureTooSmall(n=LEAST_SIDE))
        made = [_made(file, f"{plain}.jpg", now) for file in (large, small)]
        return TakenPhoto(made[0], made[1], width, height)


def keep_table(stream: IO[bytes], name: str, *, now: datetime) -> TakenFile:
    """Keep a table that somebody wants to take in, for a day: read by `read_stored` when it is checked and when it is
    taken in. As `take_in`, before the transaction begins; what it holds is not looked at."""
    if writing():
        raise RuntimeError("a file is examined before the transaction begins")
    plain = _plain_name(name)
    limit: int = current_app.config["UPLOAD_LIMIT"]
    folder().mkdir(parents=True, exist_ok=True)
    with _incoming() as file:
        digest, size = _received(stream, file, limit)
        if size > limit:
            return TakenFile(plain, size=size, problem=FileTooLarge(n=limit // _MB))
        if virus := virus_in(file):
            return TakenFile(plain, size=size, problem=virus)
        os.fsync(file.fileno())
        _keep(Path(file.name), path_of(digest), now)
    return TakenFile(plain, digest, size)


def read_stored(sha256: str) -> list[ReadSheet]:
    """The sheets of a table that was kept. Raises `SheetProblem`, `TableGone`."""
    try:
        with path_of(sha256).open("rb") as file:
            return read_sheets(file)
    except FileNotFoundError:
        raise TableGone from None


def _made(file: IO[bytes], name: str, now: datetime) -> TakenFile:
    file.seek(0)
    digest, size = hashlib.sha256(file.read()).hexdigest(), file.tell()
    os.fsync(file.fileno())
    _keep(Path(file.name), path_of(digest), now)
    return TakenFile(name, digest, size, JPEG)


def _incoming() -> IO[bytes]:
    return tempfile.NamedTemporaryFile(dir=folder(), prefix="incoming-")


def _received(stream: IO[bytes], file: IO[bytes], limit: int) -> tuple[str, int]:
    """Written to the file, no further than the limit: its digest and size."""
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            break
        digest.update(chunk)
        file.write(chunk)
    file.flush()
    return digest.hexdigest(), size


def store(taken: TakenFile, *, actor: Actor, now: datetime) -> StoredFile:
    """The row of a file that was taken in; added to the session, with its id."""
    stored = StoredFile(
        sha256=taken.sha256,
        name=taken.name,
        content_type=taken.content_type,
        size=taken.size,
        uploaded_by=actor.person_id,
        uploaded_at=now,
    )
    db.session.add(stored)
    db.session.flush()
    return stored


def sweep(*, now: datetime) -> int:
    """Remove files without a row that nobody has touched for a day; returns how many. One statement a folder."""
    removed = 0
    if not folder().is_dir():
        return removed
    for place in (folder(), *sorted(path for path in folder().glob("??") if path.is_dir())):
        old = [path for path in place.iterdir() if path.is_file() and _last_touched(path) < now - ORPHAN_AFTER]
        in_use = set(db.session.scalars(select(StoredFile.sha256).where(StoredFile.sha256.in_([p.name for p in old]))))
        for path in old:
            if path.name not in in_use:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _last_touched(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _keep(incoming: Path, place: Path, now: datetime) -> None:
    """Link the file to its place, or, where the same content lies there already, keep that from the next sweep."""
    place.parent.mkdir(exist_ok=True)
    try:
        os.link(incoming, place)
    except FileExistsError:
        pass
    else:
        _sync_folder(place.parent)
    os.utime(place, (now.timestamp(), now.timestamp()))


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain_name(name: str) -> str:
    """The last part of the name as sent, without control characters, at most 200 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(character for character in last if character.isprintable()).strip()
    return printable[-200:] or "file"


def _content_type(file: IO[bytes]) -> str | None:
    """What the content is, whatever the name says; None: nothing that is taken."""
    file.seek(0)
    head = file.read(8)
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head == b"\x89PNG\r\n\x1a\n":
        return PNG
    return PDF if head.startswith(b"%PDF-") and _is_pdf(file) else None


def _raw_type(file: IO[bytes], name: str) -> str | None:
    """What the name says, where the content does not gainsay it; it is never shown, only downloaded."""
    kind = RAW.get(Path(name).suffix.lower())
    if kind in (PDF, JPEG, PNG):
        return kind if _content_type(file) == kind else None
    file.seek(0)
    head = file.read(_CHUNK)
    packed = head.startswith(b"PK\x03\x04")
    if kind is None or packed != (kind in (XLSX, ZIP)) or head.startswith((b"MZ", b"\x7fELF", b"#!")):
        return None
    return kind if packed or b"\0" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff")) else None


def _original(file: IO[bytes], content_type: str | None) -> tuple[str | None, Original | None]:
    """What the file is, an XML or OFD too, and what it says of an invoice. A PDF that says nothing is a scan; an XML or
    OFD that says nothing is none that is taken. Raises `FileTakesTooLong`."""
    try:
        content = read_apart("original", file)
    except NotReadInTime as error:
        if content_type == PDF:
            return PDF, None
        raise FileTakesTooLong from error
    original = read_original(content) if content else None
    kind = content_type if content is None else {"xml": XML, "ofd": OFD, "pdf": PDF}[content["kind"]]
    return (kind if original is not None or kind == PDF else None), original


def _is_pdf(file: IO[bytes]) -> bool:
    """A trailer, a table of objects that can be read, and at least one page; not locked by a password. Raises
    `FileTakesTooLong`."""
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 2048))
    if b"%%EOF" not in file.read():
        return False
    try:
        return bool(read_apart("pdf", file))
    except NotReadInTime as error:
        raise FileTakesTooLong from error
