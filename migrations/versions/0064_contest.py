"""A client contests a document; a regulator decides."""

import sqlalchemy as sa
from alembic import op

revision = "contest"
down_revision = "suspension"

WAITS = "decided_at IS NULL"
REWRITTEN = (
    "OLD.decided_at IS NOT NULL OR NEW.booking_id <> OLD.booking_id OR NEW.hold_id <> OLD.hold_id "
    "OR NEW.kind <> OLD.kind OR NEW.document_id <> OLD.document_id OR NEW.reason <> OLD.reason "
    "OR NEW.contested_by <> OLD.contested_by OR NEW.contested_at <> OLD.contested_at OR NEW.decide_by <> OLD.decide_by"
)
WRONG = (
    "NOT EXISTS (SELECT 1 FROM booking_hold h WHERE h.id = NEW.hold_id AND h.booking_id = NEW.booking_id "
    "AND h.cause = 'contest' AND h.released_at IS NULL) OR NOT EXISTS ("
    "SELECT 1 FROM report r WHERE NEW.kind = 'report' AND r.id = NEW.document_id "
    "AND r.booking_id = NEW.booking_id UNION ALL "
    "SELECT 1 FROM invoice_line l WHERE NEW.kind = 'invoice' AND l.invoice_id = NEW.document_id "
    "AND l.booking_id = NEW.booking_id UNION ALL "
    "SELECT 1 FROM payment p WHERE NEW.kind = 'payment' AND p.id = NEW.document_id "
    "AND p.booking_id = NEW.booking_id)"
)


def upgrade() -> None:
    op.create_table(
        "contest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("hold_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=7), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("contested_by", sa.Integer(), nullable=False),
        sa.Column("contested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decide_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("passed_on_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.String(length=9), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('report', 'invoice', 'payment')", name=op.f("ck_contest_kind_known")),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict IN ('upheld', 'dismissed')", name=op.f("ck_contest_verdict_known")
        ),
        sa.CheckConstraint(
            "(verdict IS NULL) = (decided_at IS NULL) AND (verdict IS NULL) = (note IS NULL)",
            name=op.f("ck_contest_decided_with_note"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> contested_by", name=op.f("ck_contest_decided_by_another")
        ),
        sa.CheckConstraint("reason <> '' AND (note IS NULL OR note <> '')", name=op.f("ck_contest_said_why")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_contest_booking_id")),
        sa.ForeignKeyConstraint(["hold_id"], ["booking_hold.id"], name=op.f("fk_contest_hold_id")),
        sa.ForeignKeyConstraint(["contested_by"], ["person.id"], name=op.f("fk_contest_contested_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_contest_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest")),
        sa.UniqueConstraint("booking_id", "kind", "document_id", name=op.f("uq_contest_booking_id_kind_document_id")),
        sa.UniqueConstraint("hold_id", name=op.f("uq_contest_hold_id")),
    )
    op.create_index(
        "ix_contest_waiting",
        "contest",
        ["decide_by"],
        sqlite_where=sa.text(WAITS),
        postgresql_where=sa.text(WAITS),
    )
    if _sqlite():
        op.execute(
            "CREATE TRIGGER contest_no_delete BEFORE DELETE ON contest BEGIN SELECT RAISE(ABORT, 'contest rows stay'); END"
        )
        op.execute(
            f"CREATE TRIGGER contest_as_recorded BEFORE UPDATE ON contest WHEN {REWRITTEN} "
            "BEGIN SELECT RAISE(ABORT, 'contest stays as recorded'); END"
        )
        op.execute(
            "CREATE TRIGGER contest_of_its_booking BEFORE INSERT ON contest "
            f"BEGIN SELECT RAISE(ABORT, 'contest of its booking') WHERE {WRONG}; END"
        )
        return
    op.execute(
        "CREATE FUNCTION contest_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'contest stays as recorded' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER contest_as_recorded BEFORE UPDATE ON contest FOR EACH ROW "
        f"WHEN ({REWRITTEN}) EXECUTE FUNCTION contest_refuse()"
    )
    op.execute(
        "CREATE TRIGGER contest_no_delete BEFORE DELETE ON contest FOR EACH ROW EXECUTE FUNCTION contest_refuse()"
    )
    op.execute(
        "CREATE TRIGGER contest_no_truncate BEFORE TRUNCATE ON contest FOR EACH STATEMENT "
        "EXECUTE FUNCTION contest_refuse()"
    )
    op.execute(
        "CREATE FUNCTION contest_of_its_booking() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN  "
        f"IF {WRONG} THEN RAISE EXCEPTION 'contest of its booking' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER contest_of_its_booking BEFORE INSERT ON contest FOR EACH ROW "
        "EXECUTE FUNCTION contest_of_its_booking()"
    )


def downgrade() -> None:
    op.drop_table("contest")
    if not _sqlite():
        op.execute("DROP FUNCTION contest_refuse()")
        op.execute("DROP FUNCTION contest_of_its_booking()")


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
