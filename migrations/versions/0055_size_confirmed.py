"""A size class counts once an administrator has confirmed it; declared figures carry their proof."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "size_confirmed"
down_revision = "role_division"

WAITS = "confirmed_at IS NULL AND refused_at IS NULL"
DECIDED = "OLD.confirmed_at IS NOT NULL OR OLD.refused_at IS NOT NULL OR NEW.firm_id <> OLD.firm_id"
UNDECIDED = "WHEN (NOT (OLD.confirmed_at IS NULL AND OLD.refused_at IS NULL))"
REPLACED = "后来的申报代替了它。/ Replaced by a later declaration."
COLUMNS = (
    ("declared_at", sa.DateTime(timezone=True)),
    ("declared_by", sa.Integer()),
    ("proof_id", sa.Integer()),
    ("confirmed_at", sa.DateTime(timezone=True)),
    ("confirmed_by", sa.Integer()),
    ("refused_at", sa.DateTime(timezone=True)),
    ("refused_by", sa.Integer()),
    ("refusal", sa.String(length=300)),
)
KEYS = {"declared_by": "person", "confirmed_by": "person", "refused_by": "person", "proof_id": "stored_file"}
CHECKS = {
    "counts_once_confirmed": "(confirmed_at IS NULL) = (valid_from IS NULL)",
    "refused_with_reason": "(refused_at IS NULL) = (refusal IS NULL)",
    "decided_once": "confirmed_at IS NULL OR refused_at IS NULL",
    "confirmed_by_another": "declared_by IS NULL OR confirmed_by IS NULL OR declared_by <> confirmed_by",
}


def upgrade() -> None:
    with op.batch_alter_table("firm_size") as table:
        for name, kind in COLUMNS:
            table.add_column(sa.Column(name, kind, nullable=True))
        table.alter_column("valid_from", existing_type=sa.Date(), nullable=True)
        table.drop_constraint(op.f("uq_firm_size_firm_id_valid_from"), type_="unique")
    _decide_what_was()
    with op.batch_alter_table("firm_size") as table:
        table.alter_column("declared_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        for name, refers in KEYS.items():
            table.create_foreign_key(op.f(f"fk_firm_size_{name}"), refers, [name], ["id"])
        for name, says in CHECKS.items():
            table.create_check_constraint(op.f(f"ck_firm_size_{name}"), says)
    op.create_index(
        "ix_firm_size_waiting",
        "firm_size",
        ["firm_id"],
        unique=True,
        sqlite_where=sa.text(WAITS),
        postgresql_where=sa.text(WAITS),
    )
    op.create_index(op.f("ix_firm_size_firm_id_valid_from"), "firm_size", ["firm_id", "valid_from"])
    _guard()


def _decide_what_was() -> None:
    """Classes up to a firm's verification, and those set by hand, are confirmed. Of later ones the last waits for its
    proof; a firm is of the class confirmed last."""
    size = sa.table(
        "firm_size",
        *(sa.column(name) for name in ("id", "firm_id", "reason", "size_class", "refusal", "confirmed_by")),
        sa.column("valid_from", sa.Date()),
        *(sa.column(name, sa.DateTime(timezone=True)) for name in ("declared_at", "confirmed_at", "refused_at")),
    )
    firm = sa.table(
        "firm",
        *(sa.column(name) for name in ("id", "verified_by", "size_class")),
        sa.column("verified_at", sa.DateTime(timezone=True)),
    )
    bind, zone = op.get_bind(), ZoneInfo(current_app.config["TIME_ZONE"])
    rows = bind.execute(
        sa.select(size.c.id, size.c.firm_id, size.c.reason, size.c.size_class, size.c.valid_from)
        .add_columns(firm.c.verified_at, firm.c.verified_by)
        .join(firm, firm.c.id == size.c.firm_id)
        .order_by(size.c.firm_id, size.c.valid_from, size.c.id)
    ).all()
    sizes, classes = [], {}
    last = {row.firm_id: row.id for row in rows}
    for row in rows:
        declared = datetime.combine(row.valid_from, time(), tzinfo=zone).astimezone(UTC)
        verified = row.verified_at.replace(tzinfo=row.verified_at.tzinfo or UTC) if row.verified_at else None
        counts = row.reason is not None or (verified is not None and row.valid_from <= verified.astimezone(zone).date())
        replaced = not counts and last[row.firm_id] != row.id
        classes[row.firm_id] = row.size_class if counts else classes.get(row.firm_id)
        sizes.append(
            {
                "this": row.id,
                "declared": declared,
                "day": row.valid_from if counts else None,
                "confirmed": (declared if row.reason is not None or verified is None else max(declared, verified))
                if counts
                else None,
                "confirmer": row.verified_by if counts and row.reason is None else None,
                "refused": declared if replaced else None,
                "why": REPLACED if replaced else None,
            }
        )
    if not sizes:
        return
    bind.execute(
        sa.update(size)
        .where(size.c.id == sa.bindparam("this"))
        .values(
            declared_at=sa.bindparam("declared"),
            valid_from=sa.bindparam("day"),
            confirmed_at=sa.bindparam("confirmed"),
            confirmed_by=sa.bindparam("confirmer"),
            refused_at=sa.bindparam("refused"),
            refusal=sa.bindparam("why"),
        ),
        sizes,
    )
    bind.execute(
        sa.update(firm)
        .where(firm.c.id == sa.bindparam("this"), firm.c.size_class.is_not(None))
        .values(size_class=sa.bindparam("now")),
        [{"this": firm_id, "now": now} for firm_id, now in classes.items()],
    )


def downgrade() -> None:
    _unguard()
    op.drop_index(op.f("ix_firm_size_firm_id_valid_from"), table_name="firm_size")
    op.drop_index("ix_firm_size_waiting", table_name="firm_size")
    op.execute("DELETE FROM firm_size WHERE confirmed_at IS NULL")
    op.execute(
        "DELETE FROM firm_size WHERE EXISTS (SELECT 1 FROM firm_size s WHERE s.firm_id = firm_size.firm_id "
        "AND s.valid_from = firm_size.valid_from AND s.id > firm_size.id)"
    )
    with op.batch_alter_table("firm_size") as table:
        for name in CHECKS:
            table.drop_constraint(op.f(f"ck_firm_size_{name}"), type_="check")
        for name in KEYS:
            table.drop_constraint(op.f(f"fk_firm_size_{name}"), type_="foreignkey")
        for name, _kind in reversed(COLUMNS):
            table.drop_column(name)
        table.alter_column("valid_from", existing_type=sa.Date(), nullable=False)
        table.create_unique_constraint(op.f("uq_firm_size_firm_id_valid_from"), ["firm_id", "valid_from"])


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _guard() -> None:
    if _sqlite():
        op.execute(
            f"CREATE TRIGGER firm_size_no_delete BEFORE DELETE ON firm_size {UNDECIDED} "
            "BEGIN SELECT RAISE(ABORT, 'firm_size rows stay'); END"
        )
        op.execute(
            f"CREATE TRIGGER firm_size_as_recorded BEFORE UPDATE ON firm_size WHEN {DECIDED} "
            "BEGIN SELECT RAISE(ABORT, 'firm_size stays as recorded'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION firm_size_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'firm_size stays as recorded' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER firm_size_as_recorded BEFORE UPDATE ON firm_size FOR EACH ROW "
        f"WHEN ({DECIDED}) EXECUTE FUNCTION firm_size_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER firm_size_no_delete BEFORE DELETE ON firm_size FOR EACH ROW {UNDECIDED} "
        "EXECUTE FUNCTION firm_size_refuse()"
    )
    op.execute(
        "CREATE TRIGGER firm_size_no_truncate BEFORE TRUNCATE ON firm_size FOR EACH STATEMENT "
        "EXECUTE FUNCTION firm_size_refuse()"
    )


def _unguard() -> None:
    names = ("as_recorded", "no_delete", *(() if _sqlite() else ("no_truncate",)))
    for name in names:
        op.execute(f"DROP TRIGGER firm_size_{name}" + ("" if _sqlite() else " ON firm_size"))
    if not _sqlite():
        op.execute("DROP FUNCTION firm_size_refuse()")
