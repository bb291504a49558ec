"""Extra work that a lab proposes and its client consents to."""

import sqlalchemy as sa
from alembic import op

revision = "extra_work"
down_revision = "reminder"

STATES = "'proposed', 'agreed', 'refused'"
OPEN = sa.text("state = 'proposed' AND answer_by IS NOT NULL")
RECORDED = "charge_id, kind, cause, quantity, test_item_id, hours, minutes, fee_id, price, earlier"


def upgrade() -> None:
    with op.batch_alter_table("charge") as table:
        table.drop_constraint(op.f("ck_charge_state_known"), type_="check")
        table.alter_column("state", type_=sa.String(10), existing_type=sa.String(8), existing_nullable=False)
        table.create_check_constraint(op.f("ck_charge_state_known"), f"state IN ({STATES}, 'withdrawn', 'lapsed')")
        table.add_column(sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "uq_charge_extra_open", "charge", ["booking_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_table(
        "extra_work",
        sa.Column("charge_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("test_item_id", sa.Integer(), nullable=True),
        sa.Column("hours", sa.Integer(), nullable=True),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("fee_id", sa.Integer(), nullable=False),
        sa.Column("price", sa.JSON(), nullable=False),
        sa.Column("earlier", sa.JSON(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('more_samples', 'more_time', 'another_test')", name=op.f("ck_extra_work_kind_known")
        ),
        sa.CheckConstraint(
            "cause IN ('more_came', 'unclear_result', 'takes_longer', 'client_wishes')",
            name=op.f("ck_extra_work_cause_known"),
        ),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_extra_work_minutes_not_negative")),
        sa.CheckConstraint("(kind = 'more_time') = (quantity IS NULL)", name=op.f("ck_extra_work_samples_counted")),
        sa.CheckConstraint("quantity IS NULL OR quantity >= 1", name=op.f("ck_extra_work_quantity_positive")),
        sa.CheckConstraint(
            "(kind = 'another_test') = (test_item_id IS NOT NULL)", name=op.f("ck_extra_work_test_named")
        ),
        sa.ForeignKeyConstraint(["charge_id"], ["charge.id"], name=op.f("fk_extra_work_charge_id")),
        sa.ForeignKeyConstraint(["test_item_id"], ["test_item.id"], name=op.f("fk_extra_work_test_item_id")),
        sa.ForeignKeyConstraint(["fee_id"], ["fee.id"], name=op.f("fk_extra_work_fee_id")),
        sa.PrimaryKeyConstraint("charge_id", name=op.f("pk_extra_work")),
    )
    for statement in _guards():
        op.execute(statement)


def _guards() -> tuple[str, ...]:
    if op.get_bind().dialect.name == "sqlite":
        return (
            "CREATE TRIGGER extra_work_no_delete BEFORE DELETE ON extra_work "
            "BEGIN SELECT RAISE(ABORT, 'extra_work rows stay'); END",
            f"CREATE TRIGGER extra_work_as_recorded BEFORE UPDATE OF {RECORDED} ON extra_work "
            "BEGIN SELECT RAISE(ABORT, 'extra_work stays as recorded'); END",
        )
    return (
        "CREATE FUNCTION extra_work_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'extra_work stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER extra_work_as_recorded BEFORE UPDATE OF {RECORDED} ON extra_work FOR EACH ROW "
        "EXECUTE FUNCTION extra_work_refuse()",
        "CREATE TRIGGER extra_work_no_delete BEFORE DELETE ON extra_work FOR EACH ROW "
        "EXECUTE FUNCTION extra_work_refuse()",
        "CREATE TRIGGER extra_work_no_truncate BEFORE TRUNCATE ON extra_work FOR EACH STATEMENT "
        "EXECUTE FUNCTION extra_work_refuse()",
    )


def downgrade() -> None:
    op.drop_table("extra_work")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION extra_work_refuse()")
    op.execute("UPDATE charge SET state = 'refused' WHERE state IN ('withdrawn', 'lapsed')")
    op.drop_index("uq_charge_extra_open", table_name="charge")
    with op.batch_alter_table("charge") as table:
        table.drop_column("answer_by")
        table.drop_constraint(op.f("ck_charge_state_known"), type_="check")
        table.create_check_constraint(op.f("ck_charge_state_known"), f"state IN ({STATES})")
        table.alter_column("state", type_=sa.String(8), existing_type=sa.String(10), existing_nullable=False)
