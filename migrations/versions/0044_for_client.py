"""Bookings that labs make for clients who telephoned."""

import sqlalchemy as sa
from alembic import op

revision = "for_client"
down_revision = "tax_list"

WAITING = sa.text("state = 'waiting'")
RECORDED = (
    "lab_firm_id, email, made_by, made_at, test_item_id, instrument_id, fee_id, quantity, hours, starts_at, ends_at, "
    "price_fen, price, answer_by"
)


def upgrade() -> None:
    op.create_table(
        "for_client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_firm_id", sa.Integer(), nullable=False),
        sa.Column("client_firm_id", sa.Integer(), nullable=True),
        sa.Column("firm_name", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.String(length=60), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("nonce", sa.String(length=43), nullable=True),
        sa.Column("token_digest", sa.String(length=64), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submission", sa.String(length=36), nullable=True),
        sa.Column("test_item_id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("fee_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sample_description", sa.Text(), nullable=False),
        sa.Column("waive_reason", sa.String(length=300), nullable=True),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.JSON(), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("holding_id", sa.Integer(), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'accepted', 'declined', 'withdrawn', 'lapsed')",
            name=op.f("ck_for_client_state_known"),
        ),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_for_client_quantity_positive")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_for_client_times_in_order")),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_for_client_end_dated")),
        sa.CheckConstraint(
            "client_firm_id IS NULL OR client_firm_id <> lab_firm_id", name=op.f("ck_for_client_two_firms")
        ),
        sa.CheckConstraint(
            "client_firm_id IS NOT NULL OR token_digest IS NOT NULL", name=op.f("ck_for_client_somebody_asked")
        ),
        sa.CheckConstraint(
            "(state = 'accepted') = (booking_id IS NOT NULL)", name=op.f("ck_for_client_accepted_is_booked")
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_for_client_{column}"))
            for column, table in (
                ("lab_firm_id", "firm"),
                ("client_firm_id", "firm"),
                ("made_by", "person"),
                ("test_item_id", "test_item"),
                ("instrument_id", "instrument"),
                ("fee_id", "fee"),
                ("ended_by", "person"),
                ("booking_id", "booking"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_for_client")),
        sa.UniqueConstraint("made_by", "submission", name=op.f("uq_for_client_made_by_submission")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_for_client_token_digest")),
    )
    for column in ("lab_firm_id", "client_firm_id", "email", "booking_id"):
        op.create_index(op.f(f"ix_for_client_{column}"), "for_client", [column])
    for name, column in (("waiting", "answer_by"), ("holding", "holding_id")):
        op.create_index(f"ix_for_client_{name}", "for_client", [column], sqlite_where=WAITING, postgresql_where=WAITING)
    for statement in _guards():
        op.execute(statement)


def _guards() -> tuple[str, ...]:
    if op.get_bind().dialect.name == "sqlite":
        return (
            "CREATE TRIGGER for_client_no_delete BEFORE DELETE ON for_client "
            "BEGIN SELECT RAISE(ABORT, 'for_client rows stay'); END",
            f"CREATE TRIGGER for_client_as_recorded BEFORE UPDATE OF {RECORDED} ON for_client "
            "BEGIN SELECT RAISE(ABORT, 'for_client stays as recorded'); END",
        )
    return (
        "CREATE FUNCTION for_client_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'for_client stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER for_client_as_recorded BEFORE UPDATE OF {RECORDED} ON for_client FOR EACH ROW "
        "EXECUTE FUNCTION for_client_refuse()",
        "CREATE TRIGGER for_client_no_delete BEFORE DELETE ON for_client FOR EACH ROW "
        "EXECUTE FUNCTION for_client_refuse()",
        "CREATE TRIGGER for_client_no_truncate BEFORE TRUNCATE ON for_client FOR EACH STATEMENT "
        "EXECUTE FUNCTION for_client_refuse()",
    )


def downgrade() -> None:
    op.drop_table("for_client")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION for_client_refuse()")
