"""Grades stand on lists that one person enters and another confirms

Until now a grade was one row that one officer entered. Those of one division, year, month and officer become a list,
confirmed from the start and marked as migrated: who entered it is known, that anybody else confirmed it is not, and
reasons were not asked for. Each grade keeps the moment from which it was known, so no run changes by it.

The way back keeps of each lab and month the grade that holds; reasons, and lists not confirmed, are lost.
"""

import sqlalchemy as sa
from alembic import op

revision = "grades"
down_revision = "search"

GUARDS = {
    "sqlite": (
        "CREATE TRIGGER assessment_version_no_update BEFORE UPDATE ON assessment_version  BEGIN SELECT RAISE(ABORT, 'assessment_version is append-only'); END",
        "CREATE TRIGGER assessment_version_no_delete BEFORE DELETE ON assessment_version  BEGIN SELECT RAISE(ABORT, 'assessment_version is append-only'); END",
        "CREATE TRIGGER assessment_no_update BEFORE UPDATE ON assessment  BEGIN SELECT RAISE(ABORT, 'assessment is append-only'); END",
        "CREATE TRIGGER assessment_no_delete BEFORE DELETE ON assessment  BEGIN SELECT RAISE(ABORT, 'assessment is append-only'); END",
        "CREATE TRIGGER assessment_list_begins BEFORE INSERT ON assessment_list BEGIN SELECT RAISE(ABORT, 'assessment: a list begins as a draft') WHERE NEW.state <> 'draft' OR NEW.migrated; SELECT RAISE(ABORT, 'assessment: replaces a list') WHERE EXISTS (SELECT 1 FROM assessment_list l WHERE l.id = NEW.id); END",
        "CREATE TRIGGER assessment_list_steps BEFORE UPDATE ON assessment_list BEGIN SELECT RAISE(ABORT, 'assessment: the list is decided') WHERE OLD.state IN ('confirmed', 'withdrawn'); SELECT RAISE(ABORT, 'assessment: whose list it is stays') WHERE NEW.id IS DISTINCT FROM OLD.id OR NEW.division IS DISTINCT FROM OLD.division OR NEW.entered_by IS DISTINCT FROM OLD.entered_by OR NEW.entered_at IS DISTINCT FROM OLD.entered_at OR NEW.migrated; SELECT RAISE(ABORT, 'assessment: the list is handed over') WHERE OLD.state <> 'draft' AND (NEW.year <> OLD.year OR NEW.effective_month <> OLD.effective_month OR NEW.version <> OLD.version); SELECT RAISE(ABORT, 'assessment: the list is not handed over') WHERE NEW.state = 'confirmed' AND OLD.state <> 'handed_over'; SELECT RAISE(ABORT, 'assessment: another person confirms') WHERE NEW.state = 'confirmed' AND (NEW.confirmed_by = NEW.handed_over_by OR EXISTS (SELECT 1 FROM assessment_version v WHERE v.list_id = NEW.id AND v.edited_by = NEW.confirmed_by)); END",
        "CREATE TRIGGER assessment_list_kept BEFORE DELETE ON assessment_list BEGIN SELECT RAISE(ABORT, 'assessment: lists are kept'); END",
        "CREATE TRIGGER assessment_version_in_time BEFORE INSERT ON assessment_version BEGIN SELECT RAISE(ABORT, 'assessment: only a draft is edited') WHERE NOT EXISTS (SELECT 1 FROM assessment_list l WHERE l.id = NEW.list_id AND l.state = 'draft'); SELECT RAISE(ABORT, 'assessment: replaces a row') WHERE EXISTS (SELECT 1 FROM assessment_version x WHERE x.list_id = NEW.list_id AND x.number = NEW.number); END",
        "CREATE TRIGGER assessment_in_time BEFORE INSERT ON assessment BEGIN SELECT RAISE(ABORT, 'assessment: a grade is written when its list is confirmed') WHERE NOT EXISTS (SELECT 1 FROM assessment_list l WHERE l.id = NEW.list_id AND l.state = 'handed_over') OR NEW.reason IS NULL; SELECT RAISE(ABORT, 'assessment: replaces a row') WHERE EXISTS (SELECT 1 FROM assessment x WHERE x.list_id = NEW.list_id AND x.lab_id = NEW.lab_id); END",
    ),
    "postgresql": (
        "CREATE FUNCTION assessment_version_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'assessment_version is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER assessment_version_no_change BEFORE UPDATE OR DELETE ON assessment_version FOR EACH ROW  EXECUTE FUNCTION assessment_version_refuse()",
        "CREATE TRIGGER assessment_version_no_truncate BEFORE TRUNCATE ON assessment_version FOR EACH STATEMENT EXECUTE FUNCTION assessment_version_refuse()",
        "CREATE FUNCTION assessment_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'assessment is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER assessment_no_change BEFORE UPDATE OR DELETE ON assessment FOR EACH ROW  EXECUTE FUNCTION assessment_refuse()",
        "CREATE TRIGGER assessment_no_truncate BEFORE TRUNCATE ON assessment FOR EACH STATEMENT EXECUTE FUNCTION assessment_refuse()",
        "CREATE FUNCTION assessment_list_begins() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.state <> 'draft' OR NEW.migrated THEN RAISE EXCEPTION 'assessment: a list begins as a draft' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE FUNCTION assessment_list_steps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state IN ('confirmed', 'withdrawn') THEN RAISE EXCEPTION 'assessment: the list is decided' USING ERRCODE = 'integrity_constraint_violation'; END IF; IF NEW.id IS DISTINCT FROM OLD.id OR NEW.division IS DISTINCT FROM OLD.division OR NEW.entered_by IS DISTINCT FROM OLD.entered_by OR NEW.entered_at IS DISTINCT FROM OLD.entered_at OR NEW.migrated THEN RAISE EXCEPTION 'assessment: whose list it is stays' USING ERRCODE = 'integrity_constraint_violation'; END IF; IF OLD.state <> 'draft' AND (NEW.year <> OLD.year OR NEW.effective_month <> OLD.effective_month OR NEW.version <> OLD.version) THEN RAISE EXCEPTION 'assessment: the list is handed over' USING ERRCODE = 'integrity_constraint_violation'; END IF; IF NEW.state = 'confirmed' AND OLD.state <> 'handed_over' THEN RAISE EXCEPTION 'assessment: the list is not handed over' USING ERRCODE = 'integrity_constraint_violation'; END IF; IF NEW.state = 'confirmed' AND (NEW.confirmed_by = NEW.handed_over_by OR EXISTS (SELECT 1 FROM assessment_version v WHERE v.list_id = NEW.id AND v.edited_by = NEW.confirmed_by)) THEN RAISE EXCEPTION 'assessment: another person confirms' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE FUNCTION assessment_list_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'assessment: lists are kept' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER assessment_list_begins BEFORE INSERT ON assessment_list FOR EACH ROW EXECUTE FUNCTION assessment_list_begins()",
        "CREATE TRIGGER assessment_list_steps BEFORE UPDATE ON assessment_list FOR EACH ROW EXECUTE FUNCTION assessment_list_steps()",
        "CREATE TRIGGER assessment_list_kept BEFORE DELETE ON assessment_list FOR EACH ROW EXECUTE FUNCTION assessment_list_refuse()",
        "CREATE TRIGGER assessment_list_no_truncate BEFORE TRUNCATE ON assessment_list FOR EACH STATEMENT EXECUTE FUNCTION assessment_list_refuse()",
        "CREATE FUNCTION assessment_version_in_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM assessment_list l WHERE l.id = NEW.list_id AND l.state = 'draft') THEN RAISE EXCEPTION 'assessment: only a draft is edited' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER assessment_version_in_time BEFORE INSERT ON assessment_version FOR EACH ROW EXECUTE FUNCTION assessment_version_in_time()",
        "CREATE FUNCTION assessment_in_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM assessment_list l WHERE l.id = NEW.list_id AND l.state = 'handed_over') OR NEW.reason IS NULL THEN RAISE EXCEPTION 'assessment: a grade is written when its list is confirmed' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER assessment_in_time BEFORE INSERT ON assessment FOR EACH ROW EXECUTE FUNCTION assessment_in_time()",
    ),
}
FUNCTIONS = (
    "assessment_version_refuse",
    "assessment_version_in_time",
    "assessment_refuse",
    "assessment_in_time",
    "assessment_list_begins",
    "assessment_list_steps",
    "assessment_list_refuse",
)


def upgrade() -> None:
    op.execute("CREATE TABLE assessment_before AS SELECT * FROM assessment")
    op.drop_table("assessment")
    op.create_table(
        "assessment_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("effective_month", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_over_by", sa.Integer(), nullable=True),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_back_by", sa.Integer(), nullable=True),
        sa.Column("sent_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_back_reason", sa.String(length=500), nullable=True),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("migrated", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'handed_over', 'confirmed', 'withdrawn')", name=op.f("ck_assessment_list_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'confirmed') = (confirmed_at IS NOT NULL)", name=op.f("ck_assessment_list_confirmed_with_moment")
        ),
        sa.CheckConstraint(
            "(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name=op.f("ck_assessment_list_withdrawn_with_moment")
        ),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR migrated OR (confirmed_by IS NOT NULL AND entered_by IS NOT NULL)",
            name=op.f("ck_assessment_list_two_persons_known"),
        ),
        sa.CheckConstraint("confirmed_by <> entered_by", name=op.f("ck_assessment_list_two_persons")),
        sa.ForeignKeyConstraint(["entered_by"], ["person.id"], name=op.f("fk_assessment_list_entered_by")),
        sa.ForeignKeyConstraint(["handed_over_by"], ["person.id"], name=op.f("fk_assessment_list_handed_over_by")),
        sa.ForeignKeyConstraint(["sent_back_by"], ["person.id"], name=op.f("fk_assessment_list_sent_back_by")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["person.id"], name=op.f("fk_assessment_list_confirmed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_list")),
    )
    op.create_index(op.f("ix_assessment_list_state"), "assessment_list", ["state"], unique=False)
    op.create_table(
        "assessment_version",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("edited_by", sa.Integer(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["assessment_list.id"], name=op.f("fk_assessment_version_list_id")),
        sa.ForeignKeyConstraint(["edited_by"], ["person.id"], name=op.f("fk_assessment_version_edited_by")),
        sa.PrimaryKeyConstraint("list_id", "number", name=op.f("pk_assessment_version")),
    )
    op.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "grade IN ('excellent', 'good', 'qualified', 'unqualified', 'ungraded')",
            name=op.f("ck_assessment_grade_known"),
        ),
        sa.CheckConstraint("reason IS NULL OR trim(reason) <> ''", name=op.f("ck_assessment_reason_given")),
        sa.ForeignKeyConstraint(["list_id"], ["assessment_list.id"], name=op.f("fk_assessment_list_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_assessment_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("list_id", "lab_id", name=op.f("uq_assessment_list_id_lab_id")),
    )
    op.create_index(op.f("ix_assessment_lab_id"), "assessment", ["lab_id"], unique=False)
    op.execute(
        "INSERT INTO assessment_list (division, year, effective_month, state, version, entered_by, entered_at, "
        "confirmed_at, migrated) "
        "SELECT lab.division, b.year, b.effective_month, 'confirmed', 0, b.assessed_by, min(b.assessed_at), "
        "max(b.assessed_at), TRUE FROM assessment_before b JOIN lab ON lab.id = b.lab_id "
        "GROUP BY lab.division, b.year, b.effective_month, b.assessed_by "
        "ORDER BY min(b.assessed_at), lab.division, b.year, b.effective_month, b.assessed_by"
    )
    op.execute(
        "INSERT INTO assessment (list_id, lab_id, grade, confirmed_at) "
        "SELECT l.id, b.lab_id, b.grade, b.assessed_at FROM assessment_before b JOIN lab ON lab.id = b.lab_id "
        "JOIN assessment_list l ON l.division = lab.division AND l.year = b.year "
        "AND l.effective_month = b.effective_month AND l.entered_by IS NOT DISTINCT FROM b.assessed_by ORDER BY b.id"
    )
    op.drop_table("assessment_before")
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(sa.DDL(statement.replace("%", "%%")))


def downgrade() -> None:
    op.execute(
        "CREATE TABLE assessment_before AS SELECT lab_id, year, grade, effective_month, assessed_by, assessed_at FROM "
        "(SELECT a.lab_id, l.year, a.grade, l.effective_month, l.entered_by AS assessed_by, a.confirmed_at AS assessed_at, "
        "row_number() OVER (PARTITION BY a.lab_id, l.effective_month ORDER BY a.confirmed_at DESC, a.id DESC) AS place "
        "FROM assessment a JOIN assessment_list l ON l.id = a.list_id WHERE l.state = 'confirmed') held WHERE place = 1"
    )
    op.drop_table("assessment")
    op.drop_table("assessment_version")
    op.drop_table("assessment_list")
    if op.get_bind().dialect.name == "postgresql":
        for function in FUNCTIONS:
            op.execute(f"DROP FUNCTION {function}()")
    op.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(length=12), nullable=False),
        sa.Column("effective_month", sa.String(length=7), nullable=False),
        sa.Column("assessed_by", sa.Integer(), nullable=True),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "grade IN ('excellent', 'good', 'qualified', 'unqualified', 'ungraded')",
            name=op.f("ck_assessment_grade_known"),
        ),
        sa.ForeignKeyConstraint(["assessed_by"], ["person.id"], name=op.f("fk_assessment_assessed_by")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_assessment_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("lab_id", "effective_month", name=op.f("uq_assessment_lab_id_effective_month")),
    )
    op.execute(
        "INSERT INTO assessment (lab_id, year, grade, effective_month, assessed_by, assessed_at) "
        "SELECT lab_id, year, grade, effective_month, assessed_by, assessed_at FROM assessment_before "
        "ORDER BY assessed_at, lab_id"
    )
    op.drop_table("assessment_before")
