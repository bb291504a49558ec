"""Mails are worded when they are sent, those of notices from the notice's own kind and params.

Mails that wait already keep the words they have. Down: what has none yet is not mailed; whoever is told has the notice.
"""

import sqlalchemy as sa
from alembic import op

revision = "mails_worded_when_sent"
down_revision = "own_holds"


def upgrade():
    op.add_column("notice", sa.Column("mail_due", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_notice_mail_due",
        "notice",
        ["id"],
        sqlite_where=sa.text("mail_due = 1"),
        postgresql_where=sa.text("mail_due"),
    )
    op.add_column("outbox_mail", sa.Column("person_id", sa.Integer(), nullable=True))
    op.add_column("outbox_mail", sa.Column("params", sa.JSON(), nullable=True))
    op.add_column("outbox_mail", sa.Column("url", sa.String(300), nullable=True))


def downgrade():
    op.execute("DELETE FROM outbox_mail WHERE body = '' AND sent_at IS NULL")
    for column in ("url", "params", "person_id"):
        op.execute(f"ALTER TABLE outbox_mail DROP COLUMN {column}")
    op.drop_index("ix_notice_mail_due", table_name="notice")
    op.execute("ALTER TABLE notice DROP COLUMN mail_due")
