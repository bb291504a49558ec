"""Quotes: what a test costs a firm, fixed while it lasts; one booking is made of it.

Everybody has the new kind of mail, quotes.
"""

import sqlalchemy as sa
from alembic import op

revision = "quotes"
down_revision = "fees"

TOPICS_BEFORE = (
    "confirmations moves cancellations reminders progress reports charges invoices overdue new_bookings other_payers "
    "firm_news affiliations open_labs rewards digest"
)
TOPICS = TOPICS_BEFORE.replace("progress", "quotes progress")


def _allow(topics: str) -> None:
    listed = ", ".join(f"'{code}'" for code in topics.split())
    with op.batch_alter_table("mail_switched_off") as batch:
        batch.drop_constraint(op.f("ck_mail_switched_off_topic_known"), type_="check")
        batch.create_check_constraint(op.f("ck_mail_switched_off_topic_known"), f"topic IN ({listed})")


def upgrade() -> None:
    _allow(TOPICS)
    op.create_table(
        "quote",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("client_firm_id", sa.Integer(), nullable=False),
        sa.Column("lab_firm_id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("test_item_id", sa.Integer(), nullable=False),
        sa.Column("fee_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=True),
        sa.Column("price", sa.JSON(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("published_fen", sa.BigInteger(), nullable=False),
        sa.Column("turnaround_days", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("own_by", sa.Integer(), nullable=True),
        sa.Column("own_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("own_reason", sa.String(length=300), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.Column("purchase_order", sa.String(length=40), nullable=True),
        sa.Column("accepted_by", sa.Integer(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_quote_quantity_positive")),
        sa.CheckConstraint("amount_fen BETWEEN 0 AND published_fen", name=op.f("ck_quote_amount_within_published")),
        sa.CheckConstraint("(own_at IS NULL) = (own_by IS NULL)", name=op.f("ck_quote_own_price_whole")),
        sa.CheckConstraint("(accepted_at IS NULL) = (purchase_order IS NULL)", name=op.f("ck_quote_accepted_whole")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_quote_{column}"))
            for column, table in (
                ("client_firm_id", "firm"),
                ("lab_firm_id", "firm"),
                ("lab_id", "lab"),
                ("test_item_id", "test_item"),
                ("fee_id", "fee"),
                ("booking_id", "booking"),
                ("made_by", "person"),
                ("own_by", "person"),
                ("accepted_by", "person"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
        sa.UniqueConstraint("number", name=op.f("uq_quote_number")),
    )
    for columns in (("client_firm_id", "id"), ("lab_firm_id", "id"), ("test_item_id",), ("fee_id",)):
        op.create_index(op.f(f"ix_quote_{'_'.join(columns)}"), "quote", list(columns))
    op.create_index(op.f("ix_quote_booking_id"), "quote", ["booking_id"], unique=True)
    own = sa.text("own_at IS NOT NULL")
    op.create_index("ix_quote_own_price", "quote", ["own_at"], sqlite_where=own, postgresql_where=own)


def downgrade() -> None:
    op.execute("DELETE FROM mail_switched_off WHERE topic = 'quotes'")
    _allow(TOPICS_BEFORE)
    op.drop_table("quote")
