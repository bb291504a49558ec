"""A firm's events, a county's labs and the payments whose payer waits for a decision are found among a province's."""

import sqlalchemy as sa
from alembic import op

revision = "province"
down_revision = "earlier"

WAITING = {
    "sqlite_where": sa.text("by_client = 0 AND payer_verdict IS NULL"),
    "postgresql_where": sa.text("NOT by_client AND payer_verdict IS NULL"),
}


def upgrade() -> None:
    op.create_index(
        "ix_audit_event_firm_id_id",
        "audit_event",
        ["firm_id", "id"],
        sqlite_where=sa.text("firm_id IS NOT NULL"),
        postgresql_where=sa.text("firm_id IS NOT NULL"),
    )
    op.create_index("ix_lab_division", "lab", ["division"])
    op.drop_index("ix_payment_payer_waiting", table_name="payment")
    op.create_index("ix_payment_payer_waiting", "payment", ["id", "booking_id"], **WAITING)


def downgrade() -> None:
    op.drop_index("ix_payment_payer_waiting", table_name="payment")
    op.create_index("ix_payment_payer_waiting", "payment", ["id"], **WAITING)
    op.drop_index("ix_lab_division", table_name="lab")
    op.drop_index("ix_audit_event_firm_id_id", table_name="audit_event")
