"""What imports of banks' and the tax system's lists share: taking lines in once, undoing, setting aside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, delete, func, select

from labshare.kernel.actor import Actor
from labshare.kernel.database import db, inserts_or_nothing, write_over
from labshare.kernel.errors import NotFound, Problem
from labshare.organisations.permissions import check
from labshare.settlement.errors import LineAside, ListRestsOn, ListUndone
from labshare.settlement.files import TakenFile, store
from labshare.settlement.imported import ImportedList, ListLayout, ListLine
from labshare.settlement.services.typed_text import check_text

NOTE_LENGTH = 200

List = TypeVar("List", bound=ImportedList)
ALine = TypeVar("ALine", bound=ListLine)


def take_in_lines(
    imported: Any,
    line: type[Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    source: str,
    heads: Mapping[str, str],
    file: TakenFile,
    actor: Actor,
    now: datetime,
) -> int:
    """Add a list with these rows, each once: those that came before are passed over. The heads are kept for the next
    of its source. Gives how many lines are new."""
    imported.file_id = store(file, actor=actor, now=now).id
    imported.firm_id, imported.imported_by, imported.imported_at = actor.firm_id, actor.person_id, now
    db.session.add(imported)
    db.session.flush()
    if rows:
        connection = db.session.connection()
        connection.execute(
            inserts_or_nothing(line)[connection.dialect.name],
            [{line.list_id.expression.name: imported.id, "firm_id": actor.firm_id, **row} for row in rows],
        )
    layout = {"heads": dict(heads), "kept_by": actor.person_id, "kept_at": now}
    write_over(ListLayout, {"firm_id": actor.firm_id, "source": source, **layout})
    return db.session.scalar(select(func.count()).select_from(line).where(line.list_id == imported.id)) or 0


def undo_lines(
    kind: type[List],
    line: type[Any],
    rests: ColumnElement[bool],
    *,
    list_id: int,
    right: str,
    actor: Actor,
    now: datetime,
) -> tuple[List, int]:
    """Take the lines of a list away again, all or none. Gives the list and how many there were. Raises `ListUndone`,
    `ListRestsOn` where something was recorded of a line or somebody set one aside (`rests`), `NotFound`,
    `NotAllowed`."""
    found = _locked(kind, list_id, actor)
    check(actor, right, lab=found.firm_id)
    if found.undone:
        raise ListUndone
    lines = select(line.id, rests.label("rests")).where(line.list_id == list_id)
    rows = db.session.execute(lines.with_for_update(of=line)).all()
    if resting := sum(row.rests for row in rows):
        raise ListRestsOn(n=resting)
    db.session.execute(delete(line).where(line.list_id == list_id).execution_options(synchronize_session=False))
    found.undone_at = now
    db.session.flush()
    return found, len(rows)


def locked_line(line: type[ALine], line_id: int, *, right: str, actor: Actor) -> ALine:
    """A line of the firm acted for, locked and read afresh. Raises `NotFound`, `NotAllowed`."""
    found: ALine = _locked(line, line_id, actor)
    check(actor, right, lab=found.firm_id)
    return found


def put_aside(line: ListLine, note: str, *, actor: Actor, now: datetime) -> str:
    """The note as it is kept. Raises `LineAside`, `ReasonTooLong`."""
    if line.aside:
        raise LineAside
    if problem := check_text(note, NOTE_LENGTH, "note"):
        raise problem
    line.aside_at, line.aside_by, line.aside_note = now, actor.person_id, note.strip()
    return line.aside_note


def put_back(line: ListLine) -> str | None:
    """The note that it had."""
    note, line.aside_note = line.aside_note, None
    line.aside_at = line.aside_by = None
    return note


def at_share(problem: Problem, ref: str) -> list[Problem]:
    """The problems of a document of one booking, those of its amounts at the share's place."""
    found = list(problem.problems)
    for each in found:
        if each.field in (None, "amount_fen", "tax_fen", "reverses"):
            each.field = f"amount-{ref}"
    return found


def _locked(kind: type[Any], key: int, actor: Actor) -> Any:
    found = db.session.scalar(
        select(kind)
        .where(kind.id == key, kind.firm_id == actor.firm_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found
