"""Raw data beside a report."""

import sqlalchemy as sa
from alembic import op

revision = "raw_data"
down_revision = "standard_proposal"


def upgrade() -> None:
    op.create_table(
        "report_file",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_report_file_file_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_report_file_report_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_report_file")),
    )
    op.create_index(op.f("ix_report_file_report_id"), "report_file", ["report_id"], unique=False)
    for statement in _append_only("report_file"):
        op.execute(statement)


def _append_only(name: str) -> tuple[str, ...]:
    if op.get_bind().dialect.name == "sqlite":
        return tuple(
            f"CREATE TRIGGER {name}_no_{what.lower()} BEFORE {what} ON {name}  "
            f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
            for what in ("UPDATE", "DELETE")
        )
    return (
        f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        f"'{name} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW  "
        f"EXECUTE FUNCTION {name}_refuse()",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION {name}_refuse()",
    )


def downgrade() -> None:
    op.drop_table("report_file")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION report_file_refuse()")
