"""Who may work which instrument, by a paper and for a time."""

import sqlalchemy as sa
from alembic import op

revision = "authorisation"
down_revision = "for_client"


def upgrade() -> None:
    op.create_table(
        "authorisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("paper", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_authorisation_dates_in_order")),
        sa.CheckConstraint("person_id <> recorded_by", name=op.f("ck_authorisation_by_another")),
        sa.CheckConstraint(
            "(withdrawn_by IS NULL) = (withdrawn_at IS NULL)", name=op.f("ck_authorisation_withdrawn_by_somebody")
        ),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_authorisation_instrument_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_authorisation_person_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_authorisation_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["person.id"], name=op.f("fk_authorisation_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorisation")),
    )
    op.create_index("ix_authorisation_instrument_id_person_id", "authorisation", ["instrument_id", "person_id"])


def downgrade() -> None:
    op.drop_table("authorisation")
