"""Limits and secrets: no table of sign-in attempts, tokens end with sessions, links of mails are kept nowhere.

Revision ID: limits
Revises: 0001
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "limits"
down_revision = "event_key"
branch_labels = None
depends_on = None

SECRET = re.compile(r"(/account/(?:password|invitations)/)[\w.\-]+")
WAITING = sa.text("sent_at IS NULL")


def upgrade() -> None:
    op.drop_index("ix_sign_in_attempt_email_digest_at", table_name="sign_in_attempt")
    op.drop_index("ix_sign_in_attempt_address_at", table_name="sign_in_attempt")
    op.drop_table("sign_in_attempt")
    op.add_column("api_token", sa.Column("epoch", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute("UPDATE api_token SET epoch = (SELECT session_epoch FROM person WHERE person.id = api_token.person_id)")
    op.add_column("invitation", sa.Column("nonce", sa.String(43), nullable=True))
    op.add_column("outbox_mail", sa.Column("kind", sa.String(60), nullable=True))
    op.add_column("outbox_mail", sa.Column("link_id", sa.Integer(), nullable=True))
    op.add_column("outbox_mail", sa.Column("rank", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.drop_index("ix_outbox_mail_waiting", table_name="outbox_mail")
    op.create_index(
        "ix_outbox_mail_waiting", "outbox_mail", ["rank", "id"], sqlite_where=WAITING, postgresql_where=WAITING
    )
    op.create_index("ix_outbox_mail_to_created_at", "outbox_mail", ["to", "created_at"])
    op.create_index("ix_outbox_mail_sent_at", "outbox_mail", ["sent_at"])
    _forget_links()


def _forget_links() -> None:
    """Mails that were sent keep their words, not the secret in them."""
    connection = op.get_bind()
    mails = sa.table("outbox_mail", sa.column("id"), sa.column("body"), sa.column("sent_at"))
    held = sa.or_(mails.c.body.contains("/account/password/"), mails.c.body.contains("/account/invitations/"))
    rows = connection.execute(sa.select(mails.c.id, mails.c.body).where(mails.c.sent_at.is_not(None), held)).all()
    for number, body in rows:
        connection.execute(mails.update().where(mails.c.id == number).values(body=SECRET.sub(r"\1…", body)))


def downgrade() -> None:
    # The version before cannot make their links; whoever waits for one asks again.
    op.execute("DELETE FROM outbox_mail WHERE link_id IS NOT NULL AND sent_at IS NULL")
    op.drop_index("ix_outbox_mail_sent_at", table_name="outbox_mail")
    op.drop_index("ix_outbox_mail_to_created_at", table_name="outbox_mail")
    op.drop_index("ix_outbox_mail_waiting", table_name="outbox_mail")
    op.create_index("ix_outbox_mail_waiting", "outbox_mail", ["id"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.execute("ALTER TABLE outbox_mail DROP COLUMN rank")
    op.execute("ALTER TABLE outbox_mail DROP COLUMN link_id")
    op.execute("ALTER TABLE outbox_mail DROP COLUMN kind")
    op.execute("ALTER TABLE invitation DROP COLUMN nonce")
    op.execute("ALTER TABLE api_token DROP COLUMN epoch")
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email_digest", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index("ix_sign_in_attempt_address_at", "sign_in_attempt", ["address", "at"], unique=False)
    op.create_index("ix_sign_in_attempt_email_digest_at", "sign_in_attempt", ["email_digest", "at"], unique=False)
