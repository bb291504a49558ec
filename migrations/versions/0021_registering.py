"""A firm's business licence, and drafts of firms to register."""

import sqlalchemy as sa
from alembic import op

revision = "registering"
down_revision = "approval"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE firm ADD COLUMN licence_id INTEGER CONSTRAINT fk_firm_licence_id REFERENCES stored_file (id)"
    )
    op.create_table(
        "firm_draft",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_firm_draft_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_firm_draft")),
    )


def downgrade() -> None:
    op.drop_table("firm_draft")
    op.drop_column("firm", "licence_id")
