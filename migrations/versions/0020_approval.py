"""The inside yes: a firm's amount, the bookings that wait for its approver, and the role of who gives it."""

import sqlalchemy as sa
from alembic import op

revision = "approval"
down_revision = "quotes"

ROLES = "'owner', 'lab_manager', 'booker', 'accountant', 'viewer'"
WIDER = "'owner', 'lab_manager', 'firm_approver', 'booker', 'accountant', 'viewer'"
ROLE = sa.column("role")
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.add_column("firm", sa.Column("approval_above_fen", sa.BigInteger(), nullable=True))
    _roles(WIDER)
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submission", sa.String(length=36), nullable=True),
        sa.Column("test_item_id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=True),
        sa.Column("surcharges", sa.JSON(), nullable=False),
        sa.Column("quote_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sample_description", sa.Text(), nullable=False),
        sa.Column("cost_centre", sa.String(length=40), nullable=True),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("holding_id", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'refused', 'withdrawn', 'lapsed')", name=op.f("ck_approval_state_known")
        ),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_approval_quantity_positive")),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_approval_decision_dated")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_approval_{column}"))
            for column, table in (
                ("firm_id", "firm"),
                ("asked_by", "person"),
                ("test_item_id", "test_item"),
                ("instrument_id", "instrument"),
                ("decided_by", "person"),
                ("booking_id", "booking"),
                ("quote_id", "quote"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint("asked_by", "submission", name=op.f("uq_approval_asked_by_submission")),
    )
    op.create_index(op.f("ix_approval_firm_id"), "approval", ["firm_id"])
    op.create_index(op.f("ix_approval_booking_id"), "approval", ["booking_id"])
    op.create_index("ix_approval_waiting", "approval", ["answer_by"], sqlite_where=WAITING, postgresql_where=WAITING)


def downgrade() -> None:
    op.drop_table("approval")
    for table in ("membership", "invitation"):
        op.execute(sa.update(sa.table(table, sa.column("role"))).where(ROLE == "firm_approver").values(role="booker"))
    _roles(ROLES)
    op.execute("ALTER TABLE firm DROP COLUMN approval_above_fen")


def _roles(roles: str) -> None:
    for table in ("membership", "invitation"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_role_known"), type_="check")
            batch.create_check_constraint(op.f(f"ck_{table}_role_known"), f"role IN ({roles})")
