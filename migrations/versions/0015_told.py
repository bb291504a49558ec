"""Bookings stand in calendars: how often their entry changed, who was reminded of what, addresses that calendars read,
and which mails a person does not want.

Entries of bookings that were confirmed before begin at 1, so that a change of them goes out as one.
"""

import sqlalchemy as sa
from alembic import op

revision = "told"
down_revision = "search_entries"

TOPICS = (
    "confirmations moves cancellations reminders progress reports charges invoices overdue new_bookings other_payers "
    "firm_news affiliations open_labs rewards digest"
).split()


def _listed(codes):
    return ", ".join(f"'{code}'" for code in codes)


def upgrade() -> None:
    op.add_column("booking", sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("booking", sa.Column("reminded_for", sa.DateTime(timezone=True), nullable=True))
    op.add_column("booking", sa.Column("overdue_told_on", sa.Date(), nullable=True))
    op.execute("UPDATE booking SET revision = 1 WHERE confirmed_at IS NOT NULL")
    op.create_table(
        "mail_switched_off",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"topic IN ({_listed(TOPICS)})", name=op.f("ck_mail_switched_off_topic_known")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_mail_switched_off_person_id")),
        sa.PrimaryKeyConstraint("person_id", "topic", name=op.f("pk_mail_switched_off")),
    )
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("of", sa.String(length=12), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=True),
        sa.Column("instrument_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("secret_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("of IN ('person', 'firm', 'lab', 'instrument')", name=op.f("ck_calendar_feed_of_known")),
        sa.CheckConstraint("(of = 'lab') = (lab_id IS NOT NULL)", name=op.f("ck_calendar_feed_lab_named")),
        sa.CheckConstraint(
            "(of = 'instrument') = (instrument_id IS NOT NULL)", name=op.f("ck_calendar_feed_instrument_named")
        ),
        *(
            sa.ForeignKeyConstraint([f"{table}_id"], [f"{table}.id"], name=op.f(f"fk_calendar_feed_{table}_id"))
            for table in ("person", "firm", "lab", "instrument")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_calendar_feed_secret_digest")),
    )
    op.create_index(op.f("ix_calendar_feed_person_id"), "calendar_feed", ["person_id"])


def downgrade() -> None:
    op.drop_table("calendar_feed")
    op.drop_table("mail_switched_off")
    for column in ("overdue_told_on", "reminded_for", "revision"):
        op.execute(f"ALTER TABLE booking DROP COLUMN {column}")
