"""A regulator's role is for a division: those in force and proposed for the installation's own, administrators' for the
whole platform."""

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "role_division"
down_revision = "proof"

CHECKS = (
    ("division_code", "length(division) IN (0, 2, 4, 6) AND trim(division, '0123456789') = ''"),
    ("administrators_everywhere", "role <> 'admin' OR division = ''"),
)


def upgrade() -> None:
    op.add_column("regulator_role", sa.Column("division", sa.String(length=6), nullable=True))
    roles = sa.table("regulator_role", sa.column("role", sa.String), sa.column("division", sa.String))
    own = str(current_app.config["DIVISION"])
    op.execute(roles.update().values(division=sa.case((roles.c.role == "admin", ""), else_=own)))
    with op.batch_alter_table("regulator_role") as table:
        table.alter_column("division", existing_type=sa.String(length=6), nullable=False)
        for name, condition in CHECKS:
            table.create_check_constraint(op.f(f"ck_regulator_role_{name}"), condition)


def downgrade() -> None:
    with op.batch_alter_table("regulator_role") as table:
        for name, _condition in CHECKS[::-1]:
            table.drop_constraint(op.f(f"ck_regulator_role_{name}"), type_="check")
        table.drop_column("division")
