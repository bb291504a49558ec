"""Fees say more: an amount for small and medium-sized firms, quantity steps, surcharges, a discount table. A booking
keeps how its price was made.

The guard of fees in use reads the new columns too.
"""

import sqlalchemy as sa
from alembic import op

revision = "fees"
down_revision = "start_grid"

NEW = ("steps", "surcharges", "discounts")
BEFORE = (
    "EXISTS (SELECT 1 FROM booking b WHERE b.fee_id = OLD.id AND (OLD.test_item_id <> NEW.test_item_id "
    "OR OLD.basis <> NEW.basis OR OLD.amount_fen <> NEW.amount_fen OR OLD.minimum_fen <> NEW.minimum_fen "
    "{more}OR OLD.valid_from <> NEW.valid_from OR b.booked_on > coalesce(NEW.valid_to, '9999-12-31')))"
)
MORE = "OR coalesce(OLD.sme_amount_fen, -1) <> coalesce(NEW.sme_amount_fen, -1) " + "".join(
    f"OR coalesce(CAST(OLD.{name} AS text), '') <> coalesce(CAST(NEW.{name} AS text), '') " for name in NEW
)


def _guard(used: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION fee_in_use() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {used} THEN RAISE EXCEPTION 'fee_in_use' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        )
    else:
        op.execute(
            f"CREATE TRIGGER fee_in_use BEFORE UPDATE ON fee WHEN {used} BEGIN SELECT RAISE(ABORT, 'fee_in_use'); END"
        )


def _drop_guard() -> None:
    if op.get_bind().dialect.name != "postgresql":
        op.execute("DROP TRIGGER fee_in_use")


def upgrade() -> None:
    _drop_guard()
    op.execute(
        "ALTER TABLE fee ADD COLUMN sme_amount_fen BIGINT "
        "CONSTRAINT ck_fee_sme_amount_within CHECK (sme_amount_fen BETWEEN 0 AND amount_fen)"
    )
    for name in NEW:
        op.add_column("fee", sa.Column(name, sa.JSON(), nullable=True))
    _guard(BEFORE.format(more=MORE))
    op.add_column("booking", sa.Column("price", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE booking DROP COLUMN price")
    _drop_guard()
    _guard(BEFORE.format(more=""))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE fee DROP CONSTRAINT ck_fee_sme_amount_within")
    for name in (*NEW, "sme_amount_fen"):
        op.execute(f"ALTER TABLE fee DROP COLUMN {name}")
