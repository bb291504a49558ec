"""Payments and invoices whose reference or file stands on another booking, too."""

import sqlalchemy as sa
from alembic import op

revision = "double_document"
down_revision = "payer_limit"

WAITS = "decided_at IS NULL"
REWRITTEN = (
    "OLD.decided_at IS NOT NULL OR NEW.kind <> OLD.kind OR NEW.booking_id <> OLD.booking_id "
    "OR NEW.document_id <> OLD.document_id OR NEW.earlier_booking_id <> OLD.earlier_booking_id "
    "OR NEW.earlier_id <> OLD.earlier_id OR NEW.same_reference <> OLD.same_reference "
    "OR NEW.same_file <> OLD.same_file OR NEW.found_at <> OLD.found_at"
)
WRONG = (
    "(NEW.kind = 'payment' AND (SELECT count(*) FROM payment p WHERE "
    "(p.id = NEW.document_id AND p.booking_id = NEW.booking_id) "
    "OR (p.id = NEW.earlier_id AND p.booking_id = NEW.earlier_booking_id)) <> 2) "
    "OR (NEW.kind = 'invoice' AND (SELECT count(*) FROM invoice_line l WHERE "
    "(l.invoice_id = NEW.document_id AND l.booking_id = NEW.booking_id) "
    "OR (l.invoice_id = NEW.earlier_id AND l.booking_id = NEW.earlier_booking_id)) <> 2)"
)
CHECKS = {
    "kind_known": "kind IN ('invoice', 'payment')",
    "verdict_known": "verdict IS NULL OR verdict IN ('lawful', 'double')",
    "of_two_bookings": "booking_id <> earlier_booking_id",
    "of_two_documents": "document_id <> earlier_id",
    "something_is_the_same": "same_reference OR same_file",
    "decided_with_note": "(verdict IS NULL) = (decided_at IS NULL) AND (verdict IS NULL) = (note IS NULL) "
    "AND (verdict IS NULL) = (decided_by IS NULL) AND (note IS NULL OR note <> '')",
    "used_twice_is_held": "(hold_id IS NOT NULL) = (verdict IS NOT NULL AND verdict = 'double')",
}
KEYS = {
    "booking_id": "booking",
    "earlier_booking_id": "booking",
    "decided_by": "person",
    "hold_id": "booking_hold",
}
PLAIN = "upper(replace(replace(replace(reference, ' ', ''), '-', ''), '/', ''))"


def upgrade() -> None:
    op.create_table(
        "double_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=7), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("earlier_booking_id", sa.Integer(), nullable=False),
        sa.Column("earlier_id", sa.BigInteger(), nullable=False),
        sa.Column("same_reference", sa.Boolean(), nullable=False),
        sa.Column("same_file", sa.Boolean(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=6), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_id", sa.Integer(), nullable=True),
        *(sa.CheckConstraint(says, name=op.f(f"ck_double_document_{name}")) for name, says in CHECKS.items()),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_double_document_{column}"))
            for column, table in KEYS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_double_document")),
        sa.UniqueConstraint(
            "kind", "document_id", "earlier_id", name=op.f("uq_double_document_kind_document_id_earlier_id")
        ),
    )
    for column in ("booking_id", "earlier_booking_id"):
        op.create_index(op.f(f"ix_double_document_{column}"), "double_document", [column])
    op.create_index(
        "ix_double_document_waiting",
        "double_document",
        ["id"],
        sqlite_where=sa.text(WAITS),
        postgresql_where=sa.text(WAITS),
    )
    for table in ("payment", "invoice"):
        op.create_index(op.f(f"ix_{table}_file_id"), table, ["file_id"])
    op.add_column("payment", sa.Column("plain_reference", sa.String(length=60), server_default="", nullable=False))
    op.execute(f"UPDATE payment SET plain_reference = {PLAIN}")  # noqa: S608 -- of this file
    op.create_index(op.f("ix_payment_plain_reference"), "payment", ["plain_reference"])
    _guard()


def _guard() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER double_document_no_delete BEFORE DELETE ON double_document "
            "BEGIN SELECT RAISE(ABORT, 'double_document rows stay'); END"
        )
        op.execute(
            f"CREATE TRIGGER double_document_as_recorded BEFORE UPDATE ON double_document WHEN {REWRITTEN} "
            "BEGIN SELECT RAISE(ABORT, 'double_document stays as recorded'); END"
        )
        op.execute(
            "CREATE TRIGGER double_document_of_its_bookings BEFORE INSERT ON double_document "
            f"BEGIN SELECT RAISE(ABORT, 'double document of its bookings') WHERE {WRONG}; END"
        )
        return
    op.execute(
        "CREATE FUNCTION double_document_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'double_document stays as recorded' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER double_document_as_recorded BEFORE UPDATE ON double_document FOR EACH ROW "
        f"WHEN ({REWRITTEN}) EXECUTE FUNCTION double_document_refuse()"
    )
    op.execute(
        "CREATE TRIGGER double_document_no_delete BEFORE DELETE ON double_document FOR EACH ROW "
        "EXECUTE FUNCTION double_document_refuse()"
    )
    op.execute(
        "CREATE TRIGGER double_document_no_truncate BEFORE TRUNCATE ON double_document FOR EACH STATEMENT "
        "EXECUTE FUNCTION double_document_refuse()"
    )
    op.execute(
        "CREATE FUNCTION double_document_of_its_bookings() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN  "
        f"IF {WRONG} THEN RAISE EXCEPTION 'double document of its bookings' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER double_document_of_its_bookings BEFORE INSERT ON double_document FOR EACH ROW "
        "EXECUTE FUNCTION double_document_of_its_bookings()"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_payment_plain_reference"), "payment")
    op.execute("ALTER TABLE payment DROP COLUMN plain_reference")
    for table in ("payment", "invoice"):
        op.drop_index(op.f(f"ix_{table}_file_id"), table)
    op.drop_table("double_document")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION double_document_refuse()")
        op.execute("DROP FUNCTION double_document_of_its_bookings()")
