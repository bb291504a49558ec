"""What an officer proposes against an affiliation waits for a second person."""

import sqlalchemy as sa
from alembic import op

revision = "affiliation_change"
down_revision = "system_correction"


SQLITE = (
    "CREATE TRIGGER affiliation_change_no_delete BEFORE DELETE ON affiliation_change BEGIN SELECT RAISE(ABORT, 'affiliation_change rows stay'); END",
    "CREATE TRIGGER affiliation_change_as_recorded BEFORE UPDATE ON affiliation_change WHEN OLD.agreed_at IS NOT NULL OR OLD.dropped_at IS NOT NULL OR NEW.affiliation_id IS DISTINCT FROM OLD.affiliation_id OR NEW.act IS DISTINCT FROM OLD.act OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.valid_from IS DISTINCT FROM OLD.valid_from OR NEW.valid_to IS DISTINCT FROM OLD.valid_to OR NEW.source IS DISTINCT FROM OLD.source OR NEW.reason IS DISTINCT FROM OLD.reason OR NEW.proposed_by IS DISTINCT FROM OLD.proposed_by OR NEW.proposed_at IS DISTINCT FROM OLD.proposed_at BEGIN SELECT RAISE(ABORT, 'affiliation_change stays as recorded'); END",
    "CREATE TRIGGER affiliation_by_two BEFORE UPDATE OF voided_at, ended_at ON affiliation BEGIN SELECT RAISE(ABORT, 'affiliation by two') WHERE (NEW.voided_at IS NOT NULL AND OLD.voided_at IS NULL AND NOT EXISTS (SELECT 1 FROM affiliation_change c WHERE c.affiliation_id = NEW.id AND c.agreed_at IS NOT NULL AND c.act IN ('voiding', 'correcting'))) OR (NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL AND (NEW.ended_source IS NOT NULL OR NEW.confirmed_at IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM affiliation_change c WHERE c.affiliation_id = NEW.id AND c.agreed_at IS NOT NULL AND c.act IN ('ending'))); END",
)
POSTGRESQL = (
    "CREATE FUNCTION affiliation_change_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'affiliation_change stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER affiliation_change_as_recorded BEFORE UPDATE ON affiliation_change FOR EACH ROW WHEN (OLD.agreed_at IS NOT NULL OR OLD.dropped_at IS NOT NULL OR NEW.affiliation_id IS DISTINCT FROM OLD.affiliation_id OR NEW.act IS DISTINCT FROM OLD.act OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.valid_from IS DISTINCT FROM OLD.valid_from OR NEW.valid_to IS DISTINCT FROM OLD.valid_to OR NEW.source IS DISTINCT FROM OLD.source OR NEW.reason IS DISTINCT FROM OLD.reason OR NEW.proposed_by IS DISTINCT FROM OLD.proposed_by OR NEW.proposed_at IS DISTINCT FROM OLD.proposed_at) EXECUTE FUNCTION affiliation_change_refuse()",
    "CREATE TRIGGER affiliation_change_no_delete BEFORE DELETE ON affiliation_change FOR EACH ROW EXECUTE FUNCTION affiliation_change_refuse()",
    "CREATE TRIGGER affiliation_change_no_truncate BEFORE TRUNCATE ON affiliation_change FOR EACH STATEMENT EXECUTE FUNCTION affiliation_change_refuse()",
    "CREATE FUNCTION affiliation_by_two() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (NEW.voided_at IS NOT NULL AND OLD.voided_at IS NULL AND NOT EXISTS (SELECT 1 FROM affiliation_change c WHERE c.affiliation_id = NEW.id AND c.agreed_at IS NOT NULL AND c.act IN ('voiding', 'correcting'))) OR (NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL AND (NEW.ended_source IS NOT NULL OR NEW.confirmed_at IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM affiliation_change c WHERE c.affiliation_id = NEW.id AND c.agreed_at IS NOT NULL AND c.act IN ('ending'))) THEN RAISE EXCEPTION 'affiliation by two' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER affiliation_by_two BEFORE UPDATE OF voided_at, ended_at ON affiliation FOR EACH ROW EXECUTE FUNCTION affiliation_by_two()",
)


def upgrade() -> None:
    op.create_table(
        "affiliation_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("affiliation_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.Integer(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_by", sa.Integer(), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(act <> 'ending' OR valid_to IS NOT NULL) AND (act <> 'voiding' OR valid_to IS NULL)",
            name=op.f("ck_affiliation_change_end_says_when"),
        ),
        sa.CheckConstraint(
            "(act = 'correcting') = (kind IS NOT NULL) AND (kind IS NULL) = (valid_from IS NULL)",
            name=op.f("ck_affiliation_change_correction_says_what"),
        ),
        sa.CheckConstraint("act IN ('ending', 'correcting', 'voiding')", name=op.f("ck_affiliation_change_act_known")),
        sa.CheckConstraint(
            "kind IN ('controls', 'shares_owner', 'family', 'declared')", name=op.f("ck_affiliation_change_kind_known")
        ),
        sa.CheckConstraint("source <> '' AND reason <> ''", name=op.f("ck_affiliation_change_said_why")),
        sa.CheckConstraint(
            "(agreed_by IS NULL) = (agreed_at IS NULL) AND (dropped_by IS NULL) = (dropped_at IS NULL) AND (agreed_at IS NULL OR dropped_at IS NULL)",
            name=op.f("ck_affiliation_change_agreed_or_dropped"),
        ),
        sa.CheckConstraint(
            "agreed_by IS NULL OR agreed_by <> proposed_by", name=op.f("ck_affiliation_change_agreed_by_another")
        ),
        sa.ForeignKeyConstraint(
            ["affiliation_id"], ["affiliation.id"], name=op.f("fk_affiliation_change_affiliation_id")
        ),
        sa.ForeignKeyConstraint(["agreed_by"], ["person.id"], name=op.f("fk_affiliation_change_agreed_by")),
        sa.ForeignKeyConstraint(["dropped_by"], ["person.id"], name=op.f("fk_affiliation_change_dropped_by")),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"], name=op.f("fk_affiliation_change_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliation_change")),
    )
    op.create_index(
        op.f("ix_affiliation_change_affiliation_id"), "affiliation_change", ["affiliation_id"], unique=False
    )
    op.create_index(
        "uq_affiliation_change_waiting",
        "affiliation_change",
        ["affiliation_id"],
        unique=True,
        sqlite_where=sa.text("agreed_at IS NULL AND dropped_at IS NULL"),
        postgresql_where=sa.text("agreed_at IS NULL AND dropped_at IS NULL"),
    )
    for statement in SQLITE if _sqlite() else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER affiliation_by_two" + ("" if _sqlite() else " ON affiliation"))
    op.drop_table("affiliation_change")
    if not _sqlite():
        for name in ("affiliation_by_two", "affiliation_change_refuse"):
            op.execute(f"DROP FUNCTION {name}()")


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
