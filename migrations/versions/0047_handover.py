"""What the next shift must know."""

import sqlalchemy as sa
from alembic import op

revision = "handover"
down_revision = "team"

WAITS = sa.text("noted_at IS NULL")
REWRITTEN = "OLD.noted_at IS NOT NULL OR " + " OR ".join(
    f"NEW.{column} IS DISTINCT FROM OLD.{column}"
    for column in ("id", "lab_id", "booking_id", "text", "written_by", "written_at")
)


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("written_by", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Integer(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(noted_by IS NULL) = (noted_at IS NULL)", name=op.f("ck_handover_noted_by_somebody")),
        sa.CheckConstraint("noted_by <> written_by", name=op.f("ck_handover_noted_by_another")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_handover_{column}"))
            for column, table in (
                ("lab_id", "lab"),
                ("booking_id", "booking"),
                ("written_by", "person"),
                ("noted_by", "person"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index("ix_handover_open", "handover", ["lab_id"], sqlite_where=WAITS, postgresql_where=WAITS)
    op.create_index(op.f("ix_handover_booking_id"), "handover", ["booking_id"])
    op.create_index(op.f("ix_handover_lab_id_id"), "handover", ["lab_id", "id"])
    for statement in _guards():
        op.execute(statement)


def _guards() -> tuple[str, ...]:
    if op.get_bind().dialect.name == "sqlite":
        return (
            "CREATE TRIGGER handover_no_delete BEFORE DELETE ON handover "
            "BEGIN SELECT RAISE(ABORT, 'handover rows stay'); END",
            f"CREATE TRIGGER handover_as_recorded BEFORE UPDATE ON handover WHEN {REWRITTEN} "
            "BEGIN SELECT RAISE(ABORT, 'handover stays as recorded'); END",
        )
    return (
        "CREATE FUNCTION handover_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'handover stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER handover_as_recorded BEFORE UPDATE ON handover FOR EACH ROW WHEN ({REWRITTEN}) "
        "EXECUTE FUNCTION handover_refuse()",
        "CREATE TRIGGER handover_no_delete BEFORE DELETE ON handover FOR EACH ROW EXECUTE FUNCTION handover_refuse()",
        "CREATE TRIGGER handover_no_truncate BEFORE TRUNCATE ON handover FOR EACH STATEMENT "
        "EXECUTE FUNCTION handover_refuse()",
    )


def downgrade() -> None:
    op.drop_table("handover")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION handover_refuse()")
