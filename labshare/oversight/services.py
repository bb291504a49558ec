"""What oversight writes: what an upgrade found of old violations, and what is kept of months."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, bindparam, delete, insert, select

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import Numbers, db, in_ids, set_columns, take_turn
from labshare.kernel.months import Month
from labshare.kernel.verbs import verb
from labshare.notices.services import mail_people
from labshare.organisations.permissions import check
from labshare.oversight.checks import Violation, all_violations, known_findings
from labshare.oversight.digest import DIGEST, digest_of, readers_of_digest
from labshare.oversight.lab_months import (
    EDGES,
    FIGURES,
    edges,
    firm_rows,
    first_month,
    given_labs,
    lab_sums,
    marks,
    of_given_labs,
    pending,
    summed_rows,
)
from labshare.oversight.models import (
    ClientMonth,
    InstrumentMonth,
    KeptMonth,
    LabMonth,
    StaleMonth,
    UpgradeFinding,
    UsageMonth,
)
from labshare.oversight.opening import given_openings, instrument_rows, openings_by_month


@verb("check.mark_known", title=_l("Old violations marked at an upgrade"), money=True)
def mark_known(*, actor: Actor, now: datetime, migrations: frozenset[str]) -> list[Violation]:
    """Mark what violates the invariants that became rules with these migrations: `labshare check` lists it from now on
    and does not fail on it. Called by `labshare db upgrade` alone, right after they ran."""
    check(actor, "check.mark_known")
    known = {(one.invariant, one.subject) for one in known_findings()}
    found = [one for one in all_violations(now, since=migrations) if (one.invariant, one.subject) not in known]
    db.session.add_all(
        UpgradeFinding(invariant=one.invariant, subject=one.subject, detail=one.detail, found_at=now) for one in found
    )
    db.session.flush()
    record(
        actor,
        now,
        "check.mark_known",
        ("upgrade", "-".join(sorted(migrations))[:60]),
        after={"marked": [f"{one.invariant}: {one.subject}" for one in found][:200], "count": len(found)},
    )
    return found


def send_digests(*, now: datetime, after: int = 0, limit: int = 100) -> tuple[int, int]:
    """Write the day's digests of the next people after this id: the last one looked at (0: nobody was left), and how
    many were written. Done twice on a day, nobody is written to twice (R-TOLD-7)."""
    people = readers_of_digest(now, after=after, limit=limit)
    found = {person_id: waits for person_id in people if (waits := digest_of(person_id, now)) is not None}
    mail_people(DIGEST, found, url="/", now=now)
    return (people[-1] if people else 0), len(found)


AT_ONCE = 25
"""Labs' months that one transaction counts: it keeps others from writing for some hundredths of a second."""


def watch_months(*, now: datetime) -> None:
    """Have whatever changes a month, from the first with a booking to the present one, mark it from now on.

    What a transaction under way has changed may not be marked: only after its end is the month counted. Where the
    platform's zone is another than before, what is kept goes.
    """
    present = Month.at(now)
    known = {row.month: row for row in db.session.scalars(select(KeptMonth))}
    for month in (first_month() or present).through(present):
        row = known.get(str(month)) or KeptMonth(over=False)
        if row.month and row.starts_at != month.starts_at():
            db.session.execute(delete(LabMonth).where(LabMonth.month == row.month))
        set_columns(row, dict(zip(EDGES, edges(month), strict=True)) | {"over": row.over or month < present})
        db.session.add(row)
    db.session.flush()


def keep_months(*, now: datetime, at_once: int = AT_ONCE) -> int:
    """Count labs' months that are not kept, or no longer what they were, at most so many; how many it were.

    What changes meanwhile leaves a mark that was not seen here, and is counted next time.
    """
    seen = marks()  # before all else: what they tell of is read after them
    wanted = pending(now, at_once)
    if not wanted:
        return 0
    openings = openings_by_month(wanted)
    minutes = openings.minutes
    given = given_openings(openings)
    take_turn()
    for stored in (LabMonth, InstrumentMonth, UsageMonth, ClientMonth):
        db.session.execute(delete(stored).where(of_given_labs(stored)), given)
    _write(InstrumentMonth, instrument_rows().params(given))
    over = given_labs(of_lab for of_lab, is_over in wanted.items() if is_over)
    _write(UsageMonth, summed_rows().params(over | {"now": now}))
    _write(ClientMonth, firm_rows().params(over))
    sums = {(row.lab_id, row.month): row for row in db.session.execute(lab_sums(), over)}
    db.session.execute(
        insert(LabMonth),
        [
            {"lab_id": lab_id, "month": str(month), "over": is_over, "open_minutes": minutes[lab_id, month]}
            | {name: getattr(sums.get((lab_id, str(month))), name, 0) for name in FIGURES}
            for (lab_id, month), is_over in wanted.items()
        ],
    )
    counted = {"seen": [number for number, of_lab in seen if of_lab in wanted]}
    db.session.execute(delete(StaleMonth).where(in_ids(StaleMonth.id, bindparam("seen", type_=Numbers))), counted)
    return len(wanted)


def _write(kind: type[InstrumentMonth | UsageMonth | ClientMonth], rows: Select[Any]) -> None:
    db.session.execute(insert(kind.__table__).from_select(rows.selected_columns.keys(), rows))  # type: ignore[arg-type]
