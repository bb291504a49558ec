"""What objections are about: the entries that they name, as the run judges them, and the files that came with them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, literal, select, union_all

from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.organisations.permissions import visible
from labshare.rewards.models import Objection, ObjectionEntry, ObjectionFile, RewardRun
from labshare.rewards.policy import Policy
from labshare.rewards.queries.items import approved_runs, verdicts_in_run
from labshare.rewards.queries.pages import EntryRow, entry_rows
from labshare.rewards.queries.verdicts import amount, execute
from labshare.settlement.models import RevenueEntry, StoredFile


@dataclass(frozen=True)
class Grounds:
    """What an objection names and brings."""

    entries: list[EntryRow] = field(default_factory=list)
    files: list[StoredFile] = field(default_factory=list)


def count_own_entries(entry_ids: Collection[int], *, lab_id: int, month: Month) -> int:
    """How many of these are the lab's entries of the month."""
    own = (RevenueEntry.id.in_(entry_ids), RevenueEntry.lab_id == lab_id, RevenueEntry.month == str(month))
    return db.session.scalar(select(func.count()).select_from(RevenueEntry).where(*own)) or 0


def grounds_of(run: RewardRun, rules: Policy, objections: Sequence[Objection]) -> dict[int, Grounds]:
    """objection id → what it names, with the run's verdicts, and brings. One statement where they name and bring
    nothing; at most five."""
    found = {one.id: Grounds() for one in objections}
    if not found:
        return found
    named = select(ObjectionEntry.objection_id, ObjectionEntry.entry_id, literal(False))
    brought = select(ObjectionFile.objection_id, ObjectionFile.file_id, literal(True))
    pairs = db.session.execute(
        union_all(
            named.where(ObjectionEntry.objection_id.in_(found)), brought.where(ObjectionFile.objection_id.in_(found))
        )
    ).all()
    files = _files([id for _objection, id, is_file in pairs if is_file])
    rows = _judged(run, rules, [id for _objection, id, is_file in pairs if not is_file])
    for objection_id, id, is_file in sorted(pairs):
        if is_file:
            found[objection_id].files.append(files[id])
        elif id in rows:
            found[objection_id].entries.append(rows[id])
    return found


def _files(ids: Sequence[int]) -> dict[int, StoredFile]:
    if not ids:
        return {}
    return {file.id: file for file in db.session.scalars(select(StoredFile).where(StoredFile.id.in_(ids)))}


def _judged(run: RewardRun, rules: Policy, entry_ids: Sequence[int]) -> dict[int, EntryRow]:
    """entry id → it with the run's verdict."""
    if not entry_ids:
        return {}
    month = Month.parse(run.month)
    runs = [*approved_runs(run.division, month, first=Month(month.year, 1)), run.id]
    own = ", ".join(map(str, entry_ids))
    judged = execute(
        f"WITH verdict AS ({verdicts_in_run(runs, f'i.entry_id IN ({own})')}) "
        f"SELECT e.id, {amount(rules)} AS fen, v.reason FROM revenue_entry e JOIN verdict v ON v.entry_id = e.id "
        f"WHERE e.id IN ({own})"
    )
    return {row.entry.id: row for row in entry_rows([(entry, int(fen), reason) for entry, fen, reason in judged])}


def file_of_objection(actor: Actor, file_id: int) -> StoredFile:
    """A file that came with an objection, for the lab's firm and the regulators who see its line. Raises `NotFound`."""
    file = db.session.scalar(
        select(StoredFile)
        .join(ObjectionFile, ObjectionFile.file_id == StoredFile.id)
        .join(Objection, Objection.id == ObjectionFile.objection_id)
        .join(Lab, Lab.id == Objection.lab_id)
        .join(RewardRun, RewardRun.id == Objection.run_id)
        .where(
            StoredFile.id == file_id,
            visible(actor, "run.see_line", lab=Lab.firm_id, division=RewardRun.division),
        )
    )
    if file is None:
        raise NotFound
    return file
