"""An admission carries its division, a booking keeps its county, months close by county.

Data: a lab's county on each day is read from the trail (`lab.edit`); an admission is split where the lab moved. A booking
takes the county of its day; one that was counted in an approved run takes that run's division; one counted in two is
written to `upgrade_finding`. What was closed stays closed for every county that had bookings.
"""

import json
import os
from collections import defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "county"
down_revision = "0001"

GUARDS = {
    "sqlite": (
        "CREATE TRIGGER admission_no_overlap_insert BEFORE INSERT ON lab_admission BEGIN SELECT RAISE(ABORT, 'admission_no_overlap') WHERE NEW.refused_at IS NULL AND NEW.admitted_from < coalesce(NEW.suspended_from, '9999-12-31') AND EXISTS (SELECT 1 FROM lab_admission a WHERE a.lab_id = NEW.lab_id  AND a.refused_at IS NULL AND a.admitted_from < coalesce(a.suspended_from, '9999-12-31') AND a.admitted_from < coalesce(NEW.suspended_from, '9999-12-31') AND coalesce(a.suspended_from, '9999-12-31') > NEW.admitted_from); END",
        "CREATE TRIGGER admission_no_overlap_update BEFORE UPDATE ON lab_admission BEGIN SELECT RAISE(ABORT, 'admission_no_overlap') WHERE NEW.refused_at IS NULL AND NEW.admitted_from < coalesce(NEW.suspended_from, '9999-12-31') AND EXISTS (SELECT 1 FROM lab_admission a WHERE a.lab_id = NEW.lab_id AND a.id IS NOT NEW.id AND a.refused_at IS NULL AND a.admitted_from < coalesce(a.suspended_from, '9999-12-31') AND a.admitted_from < coalesce(NEW.suspended_from, '9999-12-31') AND coalesce(a.suspended_from, '9999-12-31') > NEW.admitted_from); END",
        "CREATE TRIGGER admission_as_recorded BEFORE UPDATE ON lab_admission WHEN NEW.lab_id <> OLD.lab_id OR NEW.division <> OLD.division OR NEW.admitted_from <> OLD.admitted_from OR NEW.entered_at <> OLD.entered_at OR NEW.entered_by IS DISTINCT FROM OLD.entered_by OR (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at) OR (OLD.refused_at IS NOT NULL AND NEW.refused_at IS DISTINCT FROM OLD.refused_at) OR (OLD.suspended_at IS NOT NULL AND (NEW.suspended_at IS DISTINCT FROM OLD.suspended_at OR NEW.suspended_from IS DISTINCT FROM OLD.suspended_from)) BEGIN SELECT RAISE(ABORT, 'admission stays as recorded'); END",
        "CREATE TRIGGER admission_no_delete BEFORE DELETE ON lab_admission BEGIN SELECT RAISE(ABORT, 'admission stays as recorded'); END",
        "CREATE TRIGGER booking_keeps_its_county BEFORE UPDATE OF division ON booking WHEN NEW.division <> OLD.division BEGIN SELECT RAISE(ABORT, 'booking keeps its county'); END",
        "CREATE TRIGGER entry_in_open_month BEFORE INSERT ON revenue_entry BEGIN SELECT RAISE(ABORT, 'entry in open month') WHERE EXISTS (SELECT 1 FROM closed_month c, booking b WHERE b.id = NEW.booking_id AND c.month = NEW.month AND substr(b.division, 1, length(c.division)) = c.division); END",
        "CREATE TRIGGER upgrade_finding_no_update BEFORE UPDATE ON upgrade_finding  BEGIN SELECT RAISE(ABORT, 'upgrade_finding is append-only'); END",
        "CREATE TRIGGER upgrade_finding_no_delete BEFORE DELETE ON upgrade_finding  BEGIN SELECT RAISE(ABORT, 'upgrade_finding is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION admission_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'admission stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION booking_keeps_its_county() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'booking keeps its county' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION entry_in_open_month() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN  IF EXISTS (SELECT 1 FROM closed_month c, booking b WHERE b.id = NEW.booking_id AND c.month = NEW.month AND substr(b.division, 1, length(c.division)) = c.division) THEN RAISE EXCEPTION 'entry in open month' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE FUNCTION upgrade_finding_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'upgrade_finding is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "ALTER TABLE lab_admission ADD CONSTRAINT admission_no_overlap EXCLUDE USING gist (lab_id WITH =, daterange(admitted_from, suspended_from, '[)') WITH &&) WHERE (refused_at IS NULL)",
        "CREATE TRIGGER admission_as_recorded BEFORE UPDATE ON lab_admission FOR EACH ROW WHEN (NEW.lab_id <> OLD.lab_id OR NEW.division <> OLD.division OR NEW.admitted_from <> OLD.admitted_from OR NEW.entered_at <> OLD.entered_at OR NEW.entered_by IS DISTINCT FROM OLD.entered_by OR (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at) OR (OLD.refused_at IS NOT NULL AND NEW.refused_at IS DISTINCT FROM OLD.refused_at) OR (OLD.suspended_at IS NOT NULL AND (NEW.suspended_at IS DISTINCT FROM OLD.suspended_at OR NEW.suspended_from IS DISTINCT FROM OLD.suspended_from))) EXECUTE FUNCTION admission_refuse()",
        "CREATE TRIGGER admission_no_delete BEFORE DELETE ON lab_admission FOR EACH ROW EXECUTE FUNCTION admission_refuse()",
        "CREATE TRIGGER admission_no_truncate BEFORE TRUNCATE ON lab_admission FOR EACH STATEMENT EXECUTE FUNCTION admission_refuse()",
        "CREATE TRIGGER booking_keeps_its_county BEFORE UPDATE OF division ON booking FOR EACH ROW WHEN (NEW.division <> OLD.division) EXECUTE FUNCTION booking_keeps_its_county()",
        "CREATE TRIGGER entry_in_open_month BEFORE INSERT ON revenue_entry FOR EACH ROW EXECUTE FUNCTION entry_in_open_month()",
        "CREATE TRIGGER upgrade_finding_no_change BEFORE UPDATE OR DELETE ON upgrade_finding FOR EACH ROW  EXECUTE FUNCTION upgrade_finding_refuse()",
        "CREATE TRIGGER upgrade_finding_no_truncate BEFORE TRUNCATE ON upgrade_finding FOR EACH STATEMENT EXECUTE FUNCTION upgrade_finding_refuse()",
    ),
}
OLD_ENTRY_GUARD = {
    "sqlite": (
        "CREATE TRIGGER entry_in_open_month BEFORE INSERT ON revenue_entry BEGIN SELECT RAISE(ABORT, 'entry in open month') WHERE EXISTS (SELECT 1 FROM closed_month c WHERE c.month = NEW.month); END",
    ),
    "postgresql": (
        "CREATE FUNCTION entry_in_open_month() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN  IF EXISTS (SELECT 1 FROM closed_month c WHERE c.month = NEW.month) THEN RAISE EXCEPTION 'entry in open month' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER entry_in_open_month BEFORE INSERT ON revenue_entry FOR EACH ROW EXECUTE FUNCTION entry_in_open_month()",
    ),
}
COUNTED_IN_TWO = "No ledger entry is eligible in two divisions"

MOMENT = sa.DateTime(timezone=True)
lab = sa.table(
    "lab",
    sa.column("id", sa.Integer),
    sa.column("division", sa.String),
    sa.column("town", sa.String),
    sa.column("published_at", MOMENT),
    sa.column("first_published_at", MOMENT),
)
admission = sa.table(
    "lab_admission",
    *(sa.column(name, sa.Integer) for name in ("id", "lab_id", "entered_by", "confirmed_by", "suspended_by")),
    *(sa.column(name, sa.Date) for name in ("admitted_from", "suspended_from")),
    *(sa.column(name, MOMENT) for name in ("entered_at", "confirmed_at", "refused_at", "suspended_at")),
    *(sa.column(name, sa.String) for name in ("division", "reason")),
)
closed_month = sa.table(
    "closed_month", sa.column("division", sa.String), sa.column("month", sa.String), sa.column("closed_at", MOMENT)
)
event = sa.table(
    "audit_event",
    sa.column("id", sa.Integer),
    sa.column("at", MOMENT),
    sa.column("person_id", sa.Integer),
    sa.column("action", sa.String),
    sa.column("subject_type", sa.String),
    sa.column("subject_id", sa.String),
    sa.column("before", sa.JSON),
    sa.column("after", sa.JSON),
    sa.column("refused", sa.Boolean),
)
booking = sa.table(
    "booking",
    sa.column("id", sa.Integer),
    sa.column("ref", sa.String),
    sa.column("lab_id", sa.Integer),
    sa.column("booked_on", sa.Date),
    sa.column("division", sa.String),
)
run = sa.table(
    "reward_run",
    *(sa.column(name, sa.String) for name in ("division", "month", "state")),
    sa.column("id", sa.Integer),
)
finding = sa.table(
    "upgrade_finding",
    *(sa.column(name, sa.String) for name in ("invariant", "subject", "detail")),
    sa.column("found_at", MOMENT),
)


def upgrade() -> None:
    connection = op.get_bind()
    _drop_entry_guard(connection)
    op.create_table(
        "upgrade_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invariant", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upgrade_finding")),
        sa.UniqueConstraint("invariant", "subject", name=op.f("uq_upgrade_finding_invariant_subject")),
    )
    op.execute("ALTER TABLE lab ADD COLUMN first_published_at " + _moment_type(connection))
    counties = _counties(connection)
    _first_publications(connection)
    connection.execute(sa.update(lab).where(lab.c.town.is_(None)).values(town=lab.c.division + "000"))
    _new_admissions(connection, counties)
    op.execute("ALTER TABLE booking ADD COLUMN division VARCHAR(6) NOT NULL DEFAULT ''")
    _bookings(connection, counties)
    if connection.dialect.name == "postgresql":
        op.execute("ALTER TABLE booking ALTER COLUMN division DROP DEFAULT")
    _new_closed_months(connection)
    for statement in GUARDS[connection.dialect.name]:
        op.execute(sa.DDL(statement.replace("%", "%%")))


def downgrade() -> None:
    connection = op.get_bind()
    postgresql = connection.dialect.name == "postgresql"
    _drop_entry_guard(connection)
    op.execute("DROP TRIGGER booking_keeps_its_county" + (" ON booking" if postgresql else ""))
    kept = connection.execute(
        sa.select(admission).where(admission.c.confirmed_at.is_not(None)).order_by(admission.c.id)
    ).mappings()
    rows = {(one["lab_id"], one["admitted_from"]): one for one in kept}
    op.drop_table("lab_admission")
    if postgresql:
        op.execute("DROP FUNCTION booking_keeps_its_county()")
        op.execute("DROP FUNCTION admission_refuse()")
    op.create_table(
        "lab_admission",
        *_admission_columns(),
        sa.CheckConstraint(
            "suspended_from IS NULL OR admitted_from <= suspended_from", name=op.f("ck_lab_admission_dates_in_order")
        ),
        sa.ForeignKeyConstraint(["entered_by"], ["person.id"], name=op.f("fk_lab_admission_entered_by")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_lab_admission_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_admission")),
        sa.UniqueConstraint("lab_id", "admitted_from", name=op.f("uq_lab_admission_lab_id_admitted_from")),
    )
    old = ("lab_id", "admitted_from", "suspended_from", "reason", "entered_by", "entered_at")
    _insert(connection, admission, [{name: one[name] for name in old} for one in rows.values()])
    months = connection.execute(
        sa.select(closed_month.c.month, sa.func.min(closed_month.c.closed_at).label("closed_at")).group_by(
            closed_month.c.month
        )
    ).mappings()
    months = [{"month": one["month"], "closed_at": _utc(one["closed_at"])} for one in months]
    op.drop_table("closed_month")
    op.create_table(
        "closed_month",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_closed_month")),
    )
    _insert(connection, closed_month, months)
    op.execute("ALTER TABLE booking DROP COLUMN division")
    op.execute("ALTER TABLE lab DROP COLUMN first_published_at")
    op.drop_table("upgrade_finding")
    if postgresql:
        op.execute("DROP FUNCTION upgrade_finding_refuse()")
    for statement in OLD_ENTRY_GUARD[connection.dialect.name]:
        op.execute(sa.DDL(statement.replace("%", "%%")))


# --- the county of a lab on each day -----------------------------------------------------------------------------


def _counties(connection) -> dict[int, list[tuple[date, str, datetime | None]]]:
    """By lab: (first day, county, moment it was recorded), in order; the first span has no beginning."""
    zone = ZoneInfo(os.environ.get("TIME_ZONE") or "Asia/Shanghai")
    now = {row.id: row.division for row in connection.execute(sa.select(lab.c.id, lab.c.division))}
    moves = defaultdict(list)
    for row in connection.execute(
        sa.select(event).where(event.c.action == "lab.edit", sa.not_(event.c.refused)).order_by(event.c.id)
    ):
        before, after = _values(row.before), _values(row.after)
        if "division" in before and "division" in after and row.subject_id.isdigit():
            moves[int(row.subject_id)].append((_utc(row.at), str(before["division"]), str(after["division"])))
    spans = {}
    for lab_id, division in now.items():
        found = [(date.min, moves[lab_id][0][1] if moves[lab_id] else division, None)]
        for at, _before, after in moves[lab_id]:
            day = at.astimezone(zone).date()
            if found[-1][0] == day:
                found.pop()
            found.append((day, after, at))
        spans[lab_id] = found
    return spans


def _pieces(first: date, last: date | None, counties) -> list[tuple[date, date | None, str, datetime | None]]:
    """An admission cut where the lab moved: (from, until, county, moment of the move into it)."""
    pieces = []
    for place, (since, county, at) in enumerate(counties):
        until = counties[place + 1][0] if place + 1 < len(counties) else None
        begin, end = max(first, since), min((day for day in (last, until) if day is not None), default=None)
        if end is None or begin < end or (begin == end == last == first):
            if pieces and pieces[-1][2] == county and pieces[-1][1] == begin:
                pieces[-1] = (pieces[-1][0], end, county, pieces[-1][3])
            else:
                pieces.append((begin, end, county, at if begin == since else None))
    return pieces


def _first_publications(connection) -> None:
    first = {
        int(row.subject_id): _utc(row.at)
        for row in connection.execute(
            sa.select(event.c.subject_id, sa.func.min(event.c.at).label("at"))
            .where(event.c.action == "lab.publish", event.c.subject_type == "lab", sa.not_(event.c.refused))
            .group_by(event.c.subject_id)
        )
        if row.subject_id.isdigit()
    }
    connection.execute(sa.update(lab).values(first_published_at=lab.c.published_at))
    _many(
        connection,
        sa.update(lab).where(lab.c.id == sa.bindparam("of")).values(first_published_at=sa.bindparam("at")),
        [{"of": lab_id, "at": at} for lab_id, at in first.items()],
    )


def _new_admissions(connection, counties) -> None:
    ended = {}
    for row in connection.execute(sa.select(event).where(event.c.action == "lab.suspend", sa.not_(event.c.refused))):
        ended[row.subject_id, str(_values(row.after).get("suspended_from"))] = (_utc(row.at), row.person_id)
    columns = [
        admission.c[name]
        for name in ("lab_id", "admitted_from", "suspended_from", "reason", "entered_by", "entered_at")
    ]
    old = connection.execute(sa.select(*columns).order_by(admission.c.lab_id, admission.c.admitted_from)).all()
    rows, until = [], {}
    for row in old:
        first, entered = row.admitted_from, _utc(row.entered_at)
        if row.lab_id in until and (until[row.lab_id] is None or until[row.lab_id] > first):
            if until[row.lab_id] is None or (row.suspended_from and row.suspended_from <= until[row.lab_id]):
                continue  # lies within the one before
            first = until[row.lab_id]
        until[row.lab_id] = row.suspended_from
        suspended = ended.get((str(row.lab_id), str(row.suspended_from)), (entered, row.entered_by))
        pieces = _pieces(first, row.suspended_from, counties[row.lab_id])
        for place, (begin, end, county, moved) in enumerate(pieces):
            by_move = pieces[place + 1][3] if place + 1 < len(pieces) else None
            ends_at, ends_by = (by_move or entered, None) if by_move else suspended
            rows.append(
                {
                    "lab_id": row.lab_id,
                    "division": county,
                    "admitted_from": begin,
                    "suspended_from": end,
                    "reason": row.reason,
                    "entered_by": row.entered_by,
                    "entered_at": moved or entered,
                    "confirmed_at": moved or entered,
                    "suspended_at": ends_at if end else None,
                    "suspended_by": ends_by if end else None,
                }
            )
    op.drop_table("lab_admission")
    op.create_table(
        "lab_admission",
        *_admission_columns("division"),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("refused_by", sa.Integer(), nullable=True),
        sa.Column("refused_at", MOMENT, nullable=True),
        sa.Column("suspended_by", sa.Integer(), nullable=True),
        sa.Column("suspended_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "suspended_from IS NULL OR admitted_from <= suspended_from", name=op.f("ck_lab_admission_dates_in_order")
        ),
        sa.CheckConstraint("confirmed_at IS NULL OR refused_at IS NULL", name=op.f("ck_lab_admission_decided_once")),
        sa.CheckConstraint(
            "(suspended_from IS NULL) = (suspended_at IS NULL)", name=op.f("ck_lab_admission_suspension_dated")
        ),
        *(
            sa.ForeignKeyConstraint([name], ["person.id"], name=op.f(f"fk_lab_admission_{name}"))
            for name in ("entered_by", "confirmed_by", "refused_by", "suspended_by")
        ),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_lab_admission_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_admission")),
    )
    op.create_index(op.f("ix_lab_admission_division"), "lab_admission", ["division"], unique=False)
    op.create_index(
        op.f("ix_lab_admission_lab_id_admitted_from"), "lab_admission", ["lab_id", "admitted_from"], unique=False
    )
    _insert(connection, admission, rows)


def _admission_columns(*more: str) -> list[sa.Column]:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(length=6), nullable=False) for name in more),
        sa.Column("admitted_from", sa.Date(), nullable=False),
        sa.Column("suspended_from", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", MOMENT, nullable=False),
    ]


# --- bookings and closed months ----------------------------------------------------------------------------------


def _bookings(connection, counties) -> None:
    op.execute("UPDATE booking SET division = (SELECT l.division FROM lab l WHERE l.id = booking.lab_id)")
    for lab_id, spans in counties.items():
        if len(spans) == 1:
            continue
        for place, (since, county, _at) in enumerate(spans):
            days = [booking.c.booked_on >= since]
            if place + 1 < len(spans):
                days.append(booking.c.booked_on < spans[place + 1][0])
            connection.execute(sa.update(booking).where(booking.c.lab_id == lab_id, *days).values(division=county))
    counted = defaultdict(set)
    for booking_id, division in connection.execute(
        sa.text(
            "SELECT DISTINCT e.booking_id, r.division FROM reward_item i "
            "JOIN reward_run r ON r.id = i.run_id AND r.state IN ('approved', 'paid') "
            "JOIN revenue_entry e ON e.id = i.entry_id WHERE i.reason IS NULL "
            "AND EXISTS (SELECT 1 FROM booking b WHERE b.id = e.booking_id "
            "AND substr(b.division, 1, length(r.division)) <> r.division OR b.id = e.booking_id "
            "AND EXISTS (SELECT 1 FROM reward_item j JOIN reward_run s ON s.id = j.run_id "
            "AND s.state IN ('approved', 'paid') AND s.division <> r.division "
            "WHERE j.entry_id = e.id AND j.reason IS NULL))"
        )
    ):
        counted[booking_id].add(division)
    _many(
        connection,
        sa.update(booking).where(booking.c.id == sa.bindparam("of")).values(division=sa.bindparam("county")),
        [{"of": of, "county": min(divisions)[:6]} for of, divisions in counted.items() if len(divisions) == 1],
    )
    for of, divisions in sorted(counted.items()):
        if len(divisions) > 1:
            ref = connection.scalar(sa.select(booking.c.ref).where(booking.c.id == of))
            connection.execute(
                sa.insert(finding).values(
                    invariant=COUNTED_IN_TWO,
                    subject=ref,
                    detail="counted in approved runs of " + ", ".join(sorted(divisions)),
                    found_at=datetime.now(UTC),
                )
            )


def _new_closed_months(connection) -> None:
    """A closed month stays closed: for the divisions whose runs closed it, and for the counties of all other bookings,
    for which no run will open it."""
    old = connection.execute(sa.select(closed_month.c.month, closed_month.c.closed_at)).all()
    runs = defaultdict(set)
    for month, division in connection.execute(
        sa.select(run.c.month, run.c.division).where(run.c.state != "calculated")
    ):
        runs[month].add(division)
    counties = set(connection.scalars(sa.select(booking.c.division).distinct()))
    op.drop_table("closed_month")
    op.create_table(
        "closed_month",
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("division", "month", name=op.f("pk_closed_month")),
    )
    rows = []
    for month, closed_at in old:
        own = runs[month]
        others = {county for county in counties if not any(county.startswith(code) for code in own)}
        rows += [
            {"division": division, "month": month, "closed_at": _utc(closed_at)} for division in sorted(own | others)
        ]
    _insert(connection, closed_month, rows)


# --- small things ------------------------------------------------------------------------------------------------


def _drop_entry_guard(connection) -> None:
    if connection.dialect.name == "postgresql":
        op.execute("DROP TRIGGER entry_in_open_month ON revenue_entry")
        op.execute("DROP FUNCTION entry_in_open_month()")
    else:
        op.execute("DROP TRIGGER entry_in_open_month")


def _moment_type(connection) -> str:
    return "TIMESTAMP WITH TIME ZONE" if connection.dialect.name == "postgresql" else "DATETIME"


def _values(found) -> dict:
    found = json.loads(found) if isinstance(found, str) else found
    return found if isinstance(found, dict) else {}


def _utc(at) -> datetime:
    """SQLite gives naive moments, and text where SQL worked on them."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _insert(connection, table, rows) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _many(connection, statement, rows) -> None:
    if rows:
        connection.execute(statement, rows)
