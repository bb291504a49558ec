"""Clients that tested rate result, service and time; the lab answers beside it."""

import sqlalchemy as sa
from alembic import op

revision = "ratings"
down_revision = "talk"

POINTS = ("result_points", "service_points", "time_points")
RECORDED = ("booking_id", "lab_id", "test_item_id", "given_on", *POINTS, "text", "given_by", "given_at")


def upgrade() -> None:
    op.create_table(
        "rating",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("test_item_id", sa.Integer(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in POINTS),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("given_by", sa.Integer(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=2000), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        *(sa.CheckConstraint(f"{name} BETWEEN 1 AND 5", name=op.f(f"ck_rating_{name}_known")) for name in POINTS),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_rating_answered_in_words")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_rating_booking_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_rating_lab_id")),
        sa.ForeignKeyConstraint(["test_item_id"], ["test_item.id"], name=op.f("fk_rating_test_item_id")),
        sa.ForeignKeyConstraint(["given_by"], ["person.id"], name=op.f("fk_rating_given_by")),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name=op.f("fk_rating_answered_by")),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_rating")),
    )
    op.create_index("ix_rating_of_item", "rating", ["test_item_id", "given_on", *POINTS])
    op.create_index("ix_rating_of_lab", "rating", ["lab_id", "given_on", *POINTS])
    for statement in _guards():
        op.execute(statement)


def _guards() -> tuple[str, ...]:
    of = f" OF {', '.join(RECORDED)}"
    if op.get_bind().dialect.name == "sqlite":
        return (
            "CREATE TRIGGER rating_no_delete BEFORE DELETE ON rating BEGIN SELECT RAISE(ABORT, 'rating rows stay'); END",
            f"CREATE TRIGGER rating_as_recorded BEFORE UPDATE{of} ON rating "
            "BEGIN SELECT RAISE(ABORT, 'rating stays as recorded'); END",
        )
    return (
        "CREATE FUNCTION rating_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'rating stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER rating_as_recorded BEFORE UPDATE{of} ON rating FOR EACH ROW EXECUTE FUNCTION rating_refuse()",
        "CREATE TRIGGER rating_no_delete BEFORE DELETE ON rating FOR EACH ROW EXECUTE FUNCTION rating_refuse()",
        "CREATE TRIGGER rating_no_truncate BEFORE TRUNCATE ON rating FOR EACH STATEMENT "
        "EXECUTE FUNCTION rating_refuse()",
    )


def downgrade() -> None:
    op.drop_table("rating")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION rating_refuse()")
