"""An officer suspends a booking and ends that, each with a note; what a hold says stays."""

import sqlalchemy as sa
from alembic import op

revision = "suspension"
down_revision = "bank_account"

WERE = "cause IN ('flag', 'contest', 'dispute')"
ARE = "cause IN ('flag', 'contest', 'dispute', 'suspend')"
CHECKS = {
    "suspension_explained": "cause <> 'suspend' OR (note <> '' AND (released_at IS NULL OR release_note <> ''))",
    "ended_at_once": "released_at IS NOT NULL OR (released_by IS NULL AND release_note = '')",
}
REWRITTEN = (
    "OLD.released_at IS NOT NULL OR NEW.booking_id <> OLD.booking_id OR NEW.cause <> OLD.cause "
    "OR NEW.note <> OLD.note OR NEW.held_by IS DISTINCT FROM OLD.held_by OR NEW.held_at <> OLD.held_at"
)


def upgrade() -> None:
    with op.batch_alter_table("booking_hold") as table:
        table.drop_constraint(op.f("ck_booking_hold_cause_known"), type_="check")
        table.create_check_constraint(op.f("ck_booking_hold_cause_known"), ARE)
        table.add_column(sa.Column("released_by", sa.Integer(), nullable=True))
        table.add_column(sa.Column("release_note", sa.String(length=500), server_default="", nullable=False))
        table.create_foreign_key(op.f("fk_booking_hold_released_by"), "person", ["released_by"], ["id"])
        for name, says in CHECKS.items():
            table.create_check_constraint(op.f(f"ck_booking_hold_{name}"), says)
    _guard()


def downgrade() -> None:
    """What officers suspended counts again."""
    _unguard()
    with op.batch_alter_table("booking_hold") as table:
        for name in CHECKS:
            table.drop_constraint(op.f(f"ck_booking_hold_{name}"), type_="check")
        table.drop_constraint(op.f("fk_booking_hold_released_by"), type_="foreignkey")
        table.drop_column("release_note")
        table.drop_column("released_by")
        table.drop_constraint(op.f("ck_booking_hold_cause_known"), type_="check")
    op.execute("DELETE FROM booking_hold WHERE cause = 'suspend'")
    with op.batch_alter_table("booking_hold") as table:
        table.create_check_constraint(op.f("ck_booking_hold_cause_known"), WERE)


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _guard() -> None:
    if _sqlite():
        op.execute(
            "CREATE TRIGGER booking_hold_no_delete BEFORE DELETE ON booking_hold "
            "BEGIN SELECT RAISE(ABORT, 'booking_hold rows stay'); END"
        )
        op.execute(
            f"CREATE TRIGGER booking_hold_as_recorded BEFORE UPDATE ON booking_hold WHEN {REWRITTEN} "
            "BEGIN SELECT RAISE(ABORT, 'booking_hold stays as recorded'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION booking_hold_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'booking_hold stays as recorded' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER booking_hold_as_recorded BEFORE UPDATE ON booking_hold FOR EACH ROW "
        f"WHEN ({REWRITTEN}) EXECUTE FUNCTION booking_hold_refuse()"
    )
    op.execute(
        "CREATE TRIGGER booking_hold_no_delete BEFORE DELETE ON booking_hold FOR EACH ROW "
        "EXECUTE FUNCTION booking_hold_refuse()"
    )
    op.execute(
        "CREATE TRIGGER booking_hold_no_truncate BEFORE TRUNCATE ON booking_hold FOR EACH STATEMENT "
        "EXECUTE FUNCTION booking_hold_refuse()"
    )


def _unguard() -> None:
    names = ("as_recorded", "no_delete", *(() if _sqlite() else ("no_truncate",)))
    for name in names:
        op.execute(f"DROP TRIGGER booking_hold_{name}" + ("" if _sqlite() else " ON booking_hold"))
    if not _sqlite():
        op.execute("DROP FUNCTION booking_hold_refuse()")
