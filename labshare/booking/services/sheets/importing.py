"""A file that is checked, then taken into a lab: all of it, or nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record, record_many
from labshare.booking.models import SheetImport
from labshare.booking.queries.sheets import instruments_in, lab_in_sheets, taken_in
from labshare.booking.rules.hour_sheets import plan_hours
from labshare.booking.rules.promised_sheets import plan_promised, spans_named
from labshare.booking.rules.time import Interval
from labshare.booking.services import holdings
from labshare.booking.services.sheets.promised import take_promised
from labshare.booking.services.sheets.writing import REFUSALS, Writing
from labshare.catalogue import errors
from labshare.catalogue.rules.filled import Filled, filled_in
from labshare.catalogue.rules.importing import plan, standards_named
from labshare.catalogue.rules.importing.plans import Plan
from labshare.catalogue.services import common
from labshare.catalogue.services.index import rebuild_lab
from labshare.catalogue.terms import SheetKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.progress import CHECKING, INDEXING, WRITING, Progress, no_progress
from labshare.kernel.sheets import ReadSheet
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb


def check_sheets(
    *, actor: Actor, now: datetime, lab_id: int, sheets: Sequence[ReadSheet], progress: Progress = no_progress
) -> Plan:
    """What these sheets would change in a lab, and every cell that stands in the way (R-SHEET-2). Writes nothing.

    Raises `NoSheet` and `NothingInSheets` for a file that is none, `NotFound`, `NotAllowed`.
    """
    common.own_lab(actor, lab_id)
    filled = filled_in(sheets, progress)
    progress(CHECKING, 0, 0)
    return _planned(lab_id, now, filled, spans_named(filled))


def _planned(lab_id: int, now: datetime, filled: Sequence[Filled], spans: Mapping[str, Interval]) -> Plan:
    have = lab_in_sheets(lab_id, local_day(now), standards_named(filled))
    hours = plan_hours(filled, have)  # before the plan, which gathers what is wrong in any sheet
    promised = plan_promised(filled, have, taken_in(lab_id, spans, now))
    made = plan(filled, have)
    made.hours, made.promised = hours, promised
    return made


@verb("sheets.import", title=_l("Table imported"), money=True)
def import_sheets(
    *,
    actor: Actor,
    now: datetime,
    lab_id: int,
    sheets: Sequence[ReadSheet],
    name: str,
    progress: Progress = no_progress,
) -> SheetImport | None:
    """Write everything that the sheets change, or nothing (R-SHEET-3); `name` is the file's. None: nothing changes.

    Raises `SheetsNotRight` with bad cells, besides what `check_sheets` raises; what the database refuses is named as
    by the forms.
    """
    common.own_lab(actor, lab_id)
    filled = filled_in(sheets, progress)
    progress(CHECKING, 0, 0)
    spans = spans_named(filled)
    # Turns first, as whoever books takes them: a booking that has its turn needs the lab's row.
    holdings.prepare_many(instruments_in(lab_id, spans.keys()).values(), now)
    common.lock_lab(lab_id)  # one import of a lab after the other
    made = _planned(lab_id, now, filled, spans)
    if made.bad:
        raise errors.SheetsNotRight(n=len(made.bad))
    if made.nothing:
        return None
    total = sum(sum(made.counts(kind)) for kind in SheetKind)
    progress(WRITING, 0, total)
    writing = Writing(actor, now, lab_id, progress=progress, total=total)
    with common.refusals(REFUSALS, date=local_day(now)):
        writing.instruments(made)
        writing.items(made)
        writing.fees(made)
        writing.hours(made.hours)
        take_promised(writing, made.promised)
    row = SheetImport(
        lab_id=lab_id,
        name=name[:200],
        added=writing.added,
        changed=writing.changed,
        imported_by=actor.person_id,
        imported_at=now,
    )
    db.session.add(row)
    db.session.flush()
    record_many(actor, now, writing.events)
    added, changed = row.rows
    after = {"lab_id": lab_id, "rows_added": added, "rows_changed": changed}
    record(actor, now, "sheets.import", ("sheet_import", row.id), after=after)
    progress(INDEXING, 0, 0)
    rebuild_lab(lab_id)
    return row
