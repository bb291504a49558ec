"""The system proposes corrections of finished windows; another amount than its needs the approver."""

import sqlalchemy as sa
from alembic import op

revision = "system_correction"
down_revision = "double_document"

UNTAKEN = "proposed_by IS NULL AND refused_at IS NULL"
CHECKS = {
    "third_person": "confirmed_by IS NULL OR (confirmed_by <> proposed_by "
    "AND (agreed_by IS NULL OR agreed_by <> confirmed_by))",
    "by_somebody": "(agreed_by IS NULL) = (agreed_at IS NULL) AND (confirmed_by IS NULL) = (confirmed_at IS NULL)",
    "taken_up_first": "proposed_by IS NOT NULL OR (agreed_at IS NULL AND confirmed_at IS NULL "
    "AND system_fen IS NOT NULL AND fen = system_fen)",
    "other_amount_confirmed": "agreed_at IS NULL OR confirmed_at IS NOT NULL OR fen = system_fen",
}


def _differs(*columns: str) -> str:
    return " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)


REWRITTEN = (
    "OLD.agreed_at IS NOT NULL OR OLD.refused_at IS NOT NULL "
    f"OR (NEW.proposed_by IS NOT NULL AND ({_differs('division', 'window_from', 'lab_id', 'system_fen')})) "
    f"OR (OLD.proposed_by IS NOT NULL AND ({_differs('fen', 'reason', 'proposed_by', 'proposed_at')})) "
    f"OR (OLD.confirmed_at IS NOT NULL AND ({_differs('confirmed_by', 'confirmed_at')}))"
)
UNSAID = "NEW.window_from IS NULL OR NEW.system_fen IS NULL OR NEW.agreed_at IS NOT NULL"


def upgrade() -> None:
    """Those that wait need the approver from now on; those agreed stay as they are."""
    with op.batch_alter_table("correction") as table:
        table.add_column(sa.Column("window_from", sa.String(length=7), nullable=True))
        table.add_column(sa.Column("system_fen", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("basis", sa.JSON(), nullable=True))
        table.add_column(sa.Column("confirmed_by", sa.Integer(), nullable=True))
        table.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
        table.alter_column("proposed_by", existing_type=sa.Integer(), nullable=True)
        table.create_foreign_key(op.f("fk_correction_confirmed_by"), "person", ["confirmed_by"], ["id"])
    op.execute("UPDATE correction SET system_fen = 0 WHERE agreed_at IS NULL")
    with op.batch_alter_table("correction") as table:
        for name, says in CHECKS.items():
            table.create_check_constraint(op.f(f"ck_correction_{name}"), says)
    op.create_index(
        "uq_correction_of_the_system",
        "correction",
        ["division", "window_from", "lab_id"],
        unique=True,
        sqlite_where=sa.text(UNTAKEN),
        postgresql_where=sa.text(UNTAKEN),
    )
    if _sqlite():
        op.execute(
            "CREATE TRIGGER correction_no_delete BEFORE DELETE ON correction "
            "BEGIN SELECT RAISE(ABORT, 'correction rows stay'); END"
        )
        op.execute(
            f"CREATE TRIGGER correction_as_recorded BEFORE UPDATE ON correction WHEN {REWRITTEN} "
            "BEGIN SELECT RAISE(ABORT, 'correction stays as recorded'); END"
        )
        op.execute(
            "CREATE TRIGGER correction_of_a_window BEFORE INSERT ON correction "
            f"BEGIN SELECT RAISE(ABORT, 'correction of a window') WHERE {UNSAID}; END"
        )
        return
    op.execute(
        "CREATE FUNCTION correction_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'correction stays as recorded' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER correction_as_recorded BEFORE UPDATE ON correction FOR EACH ROW "
        f"WHEN ({REWRITTEN}) EXECUTE FUNCTION correction_refuse()"
    )
    op.execute(
        "CREATE TRIGGER correction_no_delete BEFORE DELETE ON correction FOR EACH ROW "
        "EXECUTE FUNCTION correction_refuse()"
    )
    op.execute(
        "CREATE TRIGGER correction_no_truncate BEFORE TRUNCATE ON correction FOR EACH STATEMENT "
        "EXECUTE FUNCTION correction_refuse()"
    )
    op.execute(
        "CREATE FUNCTION correction_of_a_window() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'correction of a window' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER correction_of_a_window BEFORE INSERT ON correction FOR EACH ROW "
        f"WHEN ({UNSAID}) EXECUTE FUNCTION correction_of_a_window()"
    )


def downgrade() -> None:
    """What the system proposed and nobody took up is forgotten."""
    names = ("as_recorded", "no_delete", "of_a_window", *(() if _sqlite() else ("no_truncate",)))
    for name in names:
        op.execute(f"DROP TRIGGER correction_{name}" + ("" if _sqlite() else " ON correction"))
    if not _sqlite():
        op.execute("DROP FUNCTION correction_refuse()")
        op.execute("DROP FUNCTION correction_of_a_window()")
    op.drop_index("uq_correction_of_the_system", "correction")
    op.execute("DELETE FROM correction WHERE proposed_by IS NULL")
    with op.batch_alter_table("correction") as table:
        for name in CHECKS:
            table.drop_constraint(op.f(f"ck_correction_{name}"), type_="check")
        table.drop_constraint(op.f("fk_correction_confirmed_by"), type_="foreignkey")
        table.alter_column("proposed_by", existing_type=sa.Integer(), nullable=False)
        for column in ("confirmed_at", "confirmed_by", "basis", "system_fen", "window_from"):
            table.drop_column(column)


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
