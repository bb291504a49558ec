"""What was looked for among everything is found by an index of its own.

The time of one block, which was looked for among all holdings; a firm's bookings by their start, of which a page needs
the last; what is being tested, once a minute; what still lacks a report or an invoice, for the badge on every page, or a
payment; which accreditations cover a test item. The index of payers that wait for an officer could not be used by
SQLite, which does not see that `NOT` says what `= 0` says.
"""

import sqlalchemy as sa
from alembic import op

revision = "reads"
down_revision = "months"

HAS_BLOCK = sa.text("block IS NOT NULL")
RUNNING = sa.text("state IN ('testing')")
UNPAPERED = sa.text("state = 'tested' OR charged_fen > invoiced_fen")
UNSETTLED = sa.text("state = 'tested' OR charged_fen > invoiced_fen OR charged_fen > paid_fen")
NOT_BY_CLIENT = sa.text("NOT by_client AND payer_verdict IS NULL")
NOT_BY_CLIENT_ON_SQLITE = sa.text("by_client = 0 AND payer_verdict IS NULL")


def upgrade():
    op.create_index("ix_holding_block", "holding", ["block"], sqlite_where=HAS_BLOCK, postgresql_where=HAS_BLOCK)
    op.create_index("ix_booking_lab_firm_id_starts_at", "booking", ["lab_firm_id", "starts_at"])
    op.create_index("ix_booking_running", "booking", ["instrument_id"], sqlite_where=RUNNING, postgresql_where=RUNNING)
    op.create_index(
        "ix_booking_unpapered", "booking", ["lab_firm_id"], sqlite_where=UNPAPERED, postgresql_where=UNPAPERED
    )
    op.create_index(
        "ix_booking_unsettled", "booking", ["lab_firm_id"], sqlite_where=UNSETTLED, postgresql_where=UNSETTLED
    )
    op.create_index("ix_accreditation_scope_test_item_id", "accreditation_scope", ["test_item_id"])
    _payers_waiting(NOT_BY_CLIENT_ON_SQLITE)


def downgrade():
    _payers_waiting(NOT_BY_CLIENT)
    op.drop_index("ix_accreditation_scope_test_item_id", table_name="accreditation_scope")
    op.drop_index("ix_booking_unsettled", table_name="booking")
    op.drop_index("ix_booking_unpapered", table_name="booking")
    op.drop_index("ix_booking_running", table_name="booking")
    op.drop_index("ix_booking_lab_firm_id_starts_at", table_name="booking")
    op.drop_index("ix_holding_block", table_name="holding")


def _payers_waiting(where):
    if op.get_context().dialect.name == "sqlite":
        op.drop_index("ix_payment_payer_waiting", table_name="payment")
        op.create_index("ix_payment_payer_waiting", "payment", ["id"], sqlite_where=where)
