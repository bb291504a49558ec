"""Who saved a draft of a policy: none of them publishes it. And who enters a far-back admission does not confirm it."""

import sqlalchemy as sa
from alembic import op

revision = "policy_edit"
down_revision = "objection_passed_on"

BY_ITS_EDITOR = (
    "NEW.published_by IS DISTINCT FROM OLD.published_by AND (OLD.state = 'published' "
    "OR NEW.published_by = OLD.created_by OR EXISTS (SELECT 1 FROM policy_edit e "
    "WHERE e.policy_id = NEW.id AND e.edited_by = NEW.published_by))"
)
ADMISSION_BEFORE = (
    "NEW.lab_id <> OLD.lab_id OR NEW.division <> OLD.division OR NEW.admitted_from <> OLD.admitted_from "
    "OR NEW.entered_at <> OLD.entered_at OR NEW.entered_by IS DISTINCT FROM OLD.entered_by "
    "OR (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at) "
    "OR (OLD.refused_at IS NOT NULL AND NEW.refused_at IS DISTINCT FROM OLD.refused_at) "
    "OR (OLD.suspended_at IS NOT NULL AND (NEW.suspended_at IS DISTINCT FROM OLD.suspended_at "
    "OR NEW.suspended_from IS DISTINCT FROM OLD.suspended_from))"
)
ADMISSION = (
    f"{ADMISSION_BEFORE} OR (NEW.confirmed_by IS DISTINCT FROM OLD.confirmed_by "
    "AND (OLD.confirmed_at IS NOT NULL OR NEW.confirmed_by = OLD.entered_by))"
)
# The trail knows every saving; where it does not reach back, who began the draft.
KNOWN = (
    "INSERT INTO policy_edit (policy_id, number, edited_by, edited_at) "
    "SELECT p.id, row_number() OVER (PARTITION BY p.id ORDER BY e.id), e.person_id, e.at "
    "FROM audit_event e JOIN policy p ON CAST(p.id AS VARCHAR) = e.subject_id "
    "JOIN person ON person.id = e.person_id "
    "WHERE e.action = 'policy.draft' AND e.subject_type = 'policy' AND NOT e.refused"
)
BEGUN = (
    "INSERT INTO policy_edit (policy_id, number, edited_by, edited_at) "
    "SELECT p.id, 1, p.created_by, p.created_at FROM policy p WHERE p.created_by IS NOT NULL "
    "AND NOT EXISTS (SELECT 1 FROM policy_edit e WHERE e.policy_id = p.id)"
)


def upgrade() -> None:
    op.create_table(
        "policy_edit",
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("edited_by", sa.Integer(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_policy_edit_policy_id")),
        sa.ForeignKeyConstraint(["edited_by"], ["person.id"], name=op.f("fk_policy_edit_edited_by")),
        sa.PrimaryKeyConstraint("policy_id", "number", name=op.f("pk_policy_edit")),
    )
    op.execute(KNOWN)
    op.execute(BEGUN)
    _admissions(ADMISSION)
    if _sqlite():
        for step in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER policy_edit_no_{step.lower()} BEFORE {step} ON policy_edit  "
                "BEGIN SELECT RAISE(ABORT, 'policy_edit is append-only'); END"
            )
        op.execute(
            "CREATE TRIGGER policy_published_by_another BEFORE UPDATE ON policy "
            f"BEGIN SELECT RAISE(ABORT, 'policy: another publishes') WHERE {BY_ITS_EDITOR}; END"
        )
        return
    op.execute(
        "CREATE FUNCTION policy_edit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'policy_edit is append-only' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER policy_edit_no_change BEFORE UPDATE OR DELETE ON policy_edit FOR EACH ROW  "
        "EXECUTE FUNCTION policy_edit_refuse()"
    )
    op.execute(
        "CREATE TRIGGER policy_edit_no_truncate BEFORE TRUNCATE ON policy_edit FOR EACH STATEMENT "
        "EXECUTE FUNCTION policy_edit_refuse()"
    )
    op.execute(
        "CREATE FUNCTION policy_published_by_another() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {BY_ITS_EDITOR} THEN RAISE EXCEPTION 'policy: another publishes' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER policy_published_by_another BEFORE UPDATE ON policy FOR EACH ROW "
        "EXECUTE FUNCTION policy_published_by_another()"
    )


def downgrade() -> None:
    _admissions(ADMISSION_BEFORE)
    if _sqlite():
        op.execute("DROP TRIGGER policy_published_by_another")
    else:
        op.execute("DROP TRIGGER policy_published_by_another ON policy")
        op.execute("DROP FUNCTION policy_published_by_another()")
    op.drop_table("policy_edit")
    if not _sqlite():
        op.execute("DROP FUNCTION policy_edit_refuse()")


def _admissions(rewritten: str) -> None:
    if _sqlite():
        op.execute("DROP TRIGGER admission_as_recorded")
        op.execute(
            f"CREATE TRIGGER admission_as_recorded BEFORE UPDATE ON lab_admission WHEN {rewritten} "
            "BEGIN SELECT RAISE(ABORT, 'admission stays as recorded'); END"
        )
        return
    op.execute("DROP TRIGGER admission_as_recorded ON lab_admission")
    op.execute(
        "CREATE TRIGGER admission_as_recorded BEFORE UPDATE ON lab_admission FOR EACH ROW "
        f"WHEN ({rewritten}) EXECUTE FUNCTION admission_refuse()"
    )


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
