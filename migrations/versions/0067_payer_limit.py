"""Another payer above the county's limit needs two persons."""

import sqlalchemy as sa
from alembic import op

revision = "payer_limit"
down_revision = "policy_edit"

SQLITE = (
    "CREATE TRIGGER payer_acceptance_no_delete BEFORE DELETE ON payer_acceptance BEGIN SELECT RAISE(ABORT, 'payer_acceptance rows stay'); END",
    "CREATE TRIGGER payer_acceptance_as_recorded BEFORE UPDATE ON payer_acceptance WHEN OLD.confirmed_at IS NOT NULL OR OLD.dropped_at IS NOT NULL OR NEW.payment_id <> OLD.payment_id OR NEW.note <> OLD.note OR NEW.accepted_by <> OLD.accepted_by OR NEW.accepted_at <> OLD.accepted_at BEGIN SELECT RAISE(ABORT, 'payer_acceptance stays as recorded'); END",
    "CREATE TRIGGER payer_limit_no_update BEFORE UPDATE ON payer_limit BEGIN SELECT RAISE(ABORT, 'payer_limit is append-only'); END",
    "CREATE TRIGGER payer_limit_no_delete BEFORE DELETE ON payer_limit BEGIN SELECT RAISE(ABORT, 'payer_limit is append-only'); END",
    "CREATE TRIGGER payer_by_two_from_now BEFORE UPDATE OF payer_verdict ON payment WHEN NEW.payer_verdict IS NOT NULL BEGIN SELECT RAISE(ABORT, 'payer by two') WHERE NEW.payer_verdict = 'accepted' AND NEW.amount_fen > 0 AND (EXISTS (SELECT 1 FROM payer_acceptance a WHERE a.payment_id = NEW.id AND a.confirmed_at IS NULL AND a.dropped_at IS NULL) OR (NEW.amount_fen >= (SELECT l.amount_fen FROM payer_limit l, booking b WHERE b.id = NEW.booking_id AND substr(b.division, 1, length(l.division)) = l.division ORDER BY length(l.division) DESC, l.id DESC LIMIT 1) AND NOT EXISTS (SELECT 1 FROM payer_acceptance a WHERE a.payment_id = NEW.id AND a.confirmed_at IS NOT NULL))); END",
    "CREATE TRIGGER payer_by_two_at_once BEFORE INSERT ON payment WHEN NEW.payer_verdict IS NOT NULL BEGIN SELECT RAISE(ABORT, 'payer by two') WHERE NEW.payer_verdict = 'accepted' AND NEW.amount_fen > 0 AND (EXISTS (SELECT 1 FROM payer_acceptance a WHERE a.payment_id = NEW.id AND a.confirmed_at IS NULL AND a.dropped_at IS NULL) OR (NEW.amount_fen >= (SELECT l.amount_fen FROM payer_limit l, booking b WHERE b.id = NEW.booking_id AND substr(b.division, 1, length(l.division)) = l.division ORDER BY length(l.division) DESC, l.id DESC LIMIT 1) AND NOT EXISTS (SELECT 1 FROM payer_acceptance a WHERE a.payment_id = NEW.id AND a.confirmed_at IS NOT NULL))); END",
)
POSTGRESQL = (
    "CREATE FUNCTION payer_acceptance_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'payer_acceptance stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER payer_acceptance_as_recorded BEFORE UPDATE ON payer_acceptance FOR EACH ROW WHEN (OLD.confirmed_at IS NOT NULL OR OLD.dropped_at IS NOT NULL OR NEW.payment_id <> OLD.payment_id OR NEW.note <> OLD.note OR NEW.accepted_by <> OLD.accepted_by OR NEW.accepted_at <> OLD.accepted_at) EXECUTE FUNCTION payer_acceptance_refuse()",
    "CREATE TRIGGER payer_acceptance_no_delete BEFORE DELETE ON payer_acceptance FOR EACH ROW EXECUTE FUNCTION payer_acceptance_refuse()",
    "CREATE TRIGGER payer_acceptance_no_truncate BEFORE TRUNCATE ON payer_acceptance FOR EACH STATEMENT EXECUTE FUNCTION payer_acceptance_refuse()",
    "CREATE FUNCTION payer_limit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'payer_limit is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER payer_limit_no_change BEFORE UPDATE OR DELETE ON payer_limit FOR EACH ROW EXECUTE FUNCTION payer_limit_refuse()",
    "CREATE TRIGGER payer_limit_no_truncate BEFORE TRUNCATE ON payer_limit FOR EACH STATEMENT EXECUTE FUNCTION payer_limit_refuse()",
    "CREATE FUNCTION payer_by_two() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.payer_verdict = 'accepted' AND NEW.amount_fen > 0 AND (EXISTS (SELECT 1 FROM payer_acceptance a WHERE a.payment_id = NEW.id AND a.confirmed_at IS NULL AND a.dropped_at IS NULL) OR (NEW.amount_fen >= (SELECT l.amount_fen FROM payer_limit l, booking b WHERE b.id = NEW.booking_id AND substr(b.division, 1, length(l.division)) = l.division ORDER BY length(l.division) DESC, l.id DESC LIMIT 1) AND NOT EXISTS (SELECT 1 FROM payer_acceptance a WHERE a.payment_id = NEW.id AND a.confirmed_at IS NOT NULL))) THEN RAISE EXCEPTION 'payer by two' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER payer_by_two BEFORE INSERT OR UPDATE OF payer_verdict ON payment FOR EACH ROW WHEN (NEW.payer_verdict IS NOT NULL) EXECUTE FUNCTION payer_by_two()",
)


def upgrade() -> None:
    op.create_table(
        "payer_limit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_payer_limit_said_why")),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_payer_limit_amount_not_negative")),
        sa.ForeignKeyConstraint(["set_by"], ["person.id"], name=op.f("fk_payer_limit_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payer_limit")),
    )
    op.create_index(op.f("ix_payer_limit_division"), "payer_limit", ["division"], unique=False)
    op.create_table(
        "payer_acceptance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("accepted_by", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL) AND (confirmed_at IS NULL OR dropped_at IS NULL)",
            name=op.f("ck_payer_acceptance_confirmed_or_dropped"),
        ),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> accepted_by", name=op.f("ck_payer_acceptance_confirmed_by_another")
        ),
        sa.ForeignKeyConstraint(["accepted_by"], ["person.id"], name=op.f("fk_payer_acceptance_accepted_by")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["person.id"], name=op.f("fk_payer_acceptance_confirmed_by")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payer_acceptance_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payer_acceptance")),
    )
    op.create_index(
        "uq_payer_acceptance_waiting",
        "payer_acceptance",
        ["payment_id"],
        unique=True,
        sqlite_where=sa.text("confirmed_at IS NULL AND dropped_at IS NULL"),
        postgresql_where=sa.text("confirmed_at IS NULL AND dropped_at IS NULL"),
    )
    op.create_index(
        "ix_payment_other_payer",
        "payment",
        ["payer_uscc"],
        unique=False,
        sqlite_where=sa.text("by_client = 0"),
        postgresql_where=sa.text("NOT by_client"),
    )
    for statement in SQLITE if _sqlite() else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if _sqlite():
        op.execute("DROP TRIGGER payer_by_two_from_now")
        op.execute("DROP TRIGGER payer_by_two_at_once")
    else:
        op.execute("DROP TRIGGER payer_by_two ON payment")
    op.drop_index(
        "ix_payment_other_payer",
        table_name="payment",
        sqlite_where=sa.text("by_client = 0"),
        postgresql_where=sa.text("NOT by_client"),
    )
    op.drop_index(
        "uq_payer_acceptance_waiting",
        table_name="payer_acceptance",
        sqlite_where=sa.text("confirmed_at IS NULL AND dropped_at IS NULL"),
        postgresql_where=sa.text("confirmed_at IS NULL AND dropped_at IS NULL"),
    )
    op.drop_table("payer_acceptance")
    op.drop_index(op.f("ix_payer_limit_division"), table_name="payer_limit")
    op.drop_table("payer_limit")
    if not _sqlite():
        for name in ("payer_by_two", "payer_acceptance_refuse", "payer_limit_refuse"):
            op.execute(f"DROP FUNCTION {name}()")


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
