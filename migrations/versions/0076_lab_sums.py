"""A lab's kept month says its sums itself: whoever asks for whole labs reads one row for each month."""

import sqlalchemy as sa
from alembic import op

revision = "lab_sums"
down_revision = "province"

FIGURES = {
    "booked_minutes": sa.Integer(),
    "bookings": sa.Integer(),
    "no_shows": sa.Integer(),
    "tests": sa.Integer(),
    "used_minutes": sa.Integer(),
    "outside_minutes": sa.Integer(),
    "samples": sa.BigInteger(),
    "reported": sa.Integer(),
    "on_time": sa.Integer(),
    "in_house_minutes": sa.Integer(),
    "reports": sa.Integer(),
    "recognised_fen": sa.BigInteger(),
    "outside_fen": sa.BigInteger(),
}


def upgrade() -> None:
    with op.batch_alter_table("lab_month") as table:
        for name, kind in FIGURES.items():
            table.add_column(sa.Column(name, kind, nullable=False, server_default="0"))
    kept, sums = (
        sa.table(name, *map(sa.column, ("lab_id", "month", *FIGURES))) for name in ("lab_month", "usage_month")
    )
    of_it = sa.and_(sums.c.lab_id == kept.c.lab_id, sums.c.month == kept.c.month)
    op.execute(
        kept.update().values(
            {
                name: sa.func.coalesce(sa.select(sa.func.sum(sums.c[name])).where(of_it).scalar_subquery(), 0)
                for name in FIGURES
            }
        )
    )
    with op.batch_alter_table("lab_month") as table:
        for name in FIGURES:
            table.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("lab_month") as table:
        for name in FIGURES:
            table.drop_column(name)
