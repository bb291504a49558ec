"""Dunning letters and statements of account that a lab's firm sent to clients."""

import sqlalchemy as sa
from alembic import op

revision = "reminder"
down_revision = "handover"

APPEND_ONLY = ("reminder", "reminded_invoice", "sent_statement")
PARTIES = "reminded_of_its_letters_parties"
OTHERS = (
    "NOT EXISTS (SELECT 1 FROM reminder r JOIN invoice i ON i.id = NEW.invoice_id WHERE r.id = NEW.reminder_id "
    "AND r.sent_on = NEW.sent_on AND i.seller_firm_id = r.lab_firm_id AND i.client_firm_id = r.client_firm_id "
    "AND i.due_on < NEW.sent_on)"
)


def upgrade() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_firm_id", sa.Integer(), nullable=False),
        sa.Column("client_firm_id", sa.Integer(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("pay_by", sa.Date(), nullable=False),
        sa.Column("sent_by", sa.Integer(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("pay_by > sent_on", name=op.f("ck_reminder_paid_after_it_came")),
        sa.ForeignKeyConstraint(["client_firm_id"], ["firm.id"], name=op.f("fk_reminder_client_firm_id")),
        sa.ForeignKeyConstraint(["lab_firm_id"], ["firm.id"], name=op.f("fk_reminder_lab_firm_id")),
        sa.ForeignKeyConstraint(["sent_by"], ["person.id"], name=op.f("fk_reminder_sent_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
    )
    op.create_index(op.f("ix_reminder_client_firm_id"), "reminder", ["client_firm_id"], unique=False)
    op.create_index(
        op.f("ix_reminder_lab_firm_id_client_firm_id"), "reminder", ["lab_firm_id", "client_firm_id"], unique=False
    )
    op.create_table(
        "sent_statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_firm_id", sa.Integer(), nullable=False),
        sa.Column("client_firm_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("closing_fen", sa.BigInteger(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("sent_by", sa.Integer(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("since <= until", name=op.f("ck_sent_statement_in_order")),
        sa.ForeignKeyConstraint(["client_firm_id"], ["firm.id"], name=op.f("fk_sent_statement_client_firm_id")),
        sa.ForeignKeyConstraint(["lab_firm_id"], ["firm.id"], name=op.f("fk_sent_statement_lab_firm_id")),
        sa.ForeignKeyConstraint(["sent_by"], ["person.id"], name=op.f("fk_sent_statement_sent_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_statement")),
        sa.UniqueConstraint(
            "lab_firm_id", "client_firm_id", "since", "until", "sent_on", name="uq_sent_statement_once_a_day"
        ),
    )
    op.create_index(op.f("ix_sent_statement_client_firm_id"), "sent_statement", ["client_firm_id"], unique=False)
    op.create_table(
        "reminded_invoice",
        sa.Column("reminder_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("level", sa.String(length=14), nullable=False),
        sa.Column("left_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "level IN ('reminder_1', 'reminder_2', 'reminder_final')", name=op.f("ck_reminded_invoice_level_known")
        ),
        sa.CheckConstraint("left_fen > 0", name=op.f("ck_reminded_invoice_something_owed")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_reminded_invoice_invoice_id")),
        sa.ForeignKeyConstraint(["reminder_id"], ["reminder.id"], name=op.f("fk_reminded_invoice_reminder_id")),
        sa.PrimaryKeyConstraint("reminder_id", "invoice_id", name=op.f("pk_reminded_invoice")),
        sa.UniqueConstraint("invoice_id", "sent_on", name=op.f("uq_reminded_invoice_invoice_id_sent_on")),
    )
    for table in APPEND_ONLY:
        _append_only(table)
    if _sqlite():
        op.execute(
            f"CREATE TRIGGER {PARTIES} BEFORE INSERT ON reminded_invoice "
            f"BEGIN SELECT RAISE(ABORT, '{PARTIES.replace('_', ' ')}') WHERE {OTHERS}; END"
        )
    else:
        op.execute(
            f"CREATE FUNCTION {PARTIES}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN  IF {OTHERS} THEN "
            f"RAISE EXCEPTION '{PARTIES.replace('_', ' ')}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            "RETURN NEW; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {PARTIES} BEFORE INSERT ON reminded_invoice FOR EACH ROW EXECUTE FUNCTION {PARTIES}()"
        )


def downgrade() -> None:
    op.drop_table("reminded_invoice")
    op.drop_table("sent_statement")
    op.drop_table("reminder")
    if not _sqlite():
        for name in (PARTIES, *(f"{table}_refuse" for table in APPEND_ONLY)):
            op.execute(f"DROP FUNCTION {name}()")


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _append_only(name: str) -> None:
    """Nothing of it is ever changed or deleted."""
    if _sqlite():
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name}  "
                f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        f"'{name} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW  "
        f"EXECUTE FUNCTION {name}_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION {name}_refuse()"
    )
