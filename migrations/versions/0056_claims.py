"""An instrument's value, that no law prescribes a test, and an accreditation count once an officer confirmed them."""

import sqlalchemy as sa
from alembic import op

revision = "claims"
down_revision = "size_confirmed"

SUBJECTS = ("instrument_id", "test_item_id", "accreditation_id")
UNDECIDED = "decided_at IS NULL"
DECIDED = "OLD.decided_at IS NOT NULL OR NEW.lab_id <> OLD.lab_id OR NEW.kind <> OLD.kind"
KEPT = "WHEN (NOT (OLD.decided_at IS NULL))"
TOOK_OVER = "SELECT lab_id, '{kind}', {columns}, {moment}, {moment}, 'confirmed', '' FROM {tables} WHERE {where}"


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in SUBJECTS),
        sa.Column("value_fen", sa.BigInteger(), nullable=True),
        sa.Column("proof_id", sa.Integer(), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "kind IN ('original_value', 'voluntary', 'accreditation')", name=op.f("ck_claim_kind_known")
        ),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict IN ('confirmed', 'refused')", name=op.f("ck_claim_verdict_known")
        ),
        sa.CheckConstraint(
            "(kind = 'original_value' AND instrument_id IS NOT NULL AND value_fen > 0 AND test_item_id IS NULL "
            "AND accreditation_id IS NULL) OR (kind = 'voluntary' AND test_item_id IS NOT NULL AND value_fen IS NULL "
            "AND instrument_id IS NULL AND accreditation_id IS NULL) OR (kind = 'accreditation' AND value_fen IS NULL "
            "AND accreditation_id IS NOT NULL AND instrument_id IS NULL AND test_item_id IS NULL)",
            name=op.f("ck_claim_of_its_kind"),
        ),
        sa.CheckConstraint("(decided_at IS NULL) = (verdict IS NULL)", name=op.f("ck_claim_decided_once")),
        sa.CheckConstraint("verdict <> 'refused' OR reason <> ''", name=op.f("ck_claim_refused_with_reason")),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict <> 'confirmed' OR kind <> 'original_value' OR proof_id IS NOT NULL "
            "OR decided_by IS NULL",
            name=op.f("ck_claim_value_by_proof"),
        ),
        sa.CheckConstraint(
            "made_by IS NULL OR decided_by IS NULL OR made_by <> decided_by", name=op.f("ck_claim_decided_by_another")
        ),
        sa.ForeignKeyConstraint(["accreditation_id"], ["accreditation.id"], name=op.f("fk_claim_accreditation_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_claim_decided_by")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_claim_instrument_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_claim_lab_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_claim_made_by")),
        sa.ForeignKeyConstraint(["proof_id"], ["stored_file.id"], name=op.f("fk_claim_proof_id")),
        sa.ForeignKeyConstraint(["test_item_id"], ["test_item.id"], name=op.f("fk_claim_test_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    for name in SUBJECTS:
        op.create_index(op.f(f"ix_claim_{name}"), "claim", [name])
        op.create_index(
            f"ix_claim_waiting_{name}",
            "claim",
            [name],
            unique=True,
            sqlite_where=sa.text(UNDECIDED),
            postgresql_where=sa.text(UNDECIDED),
        )
    op.create_index(op.f("ix_claim_lab_id_decided_at"), "claim", ["lab_id", "decided_at"])
    op.add_column("instrument", sa.Column("confirmed_value_fen", sa.BigInteger(), nullable=True))
    for table, column in (("test_item", "confirmed_voluntary"), ("accreditation", "confirmed")):
        op.add_column(table, sa.Column(column, sa.Boolean(), server_default=sa.text("false"), nullable=False))
    _take_over()
    _guard()


def _take_over() -> None:
    """What stood in the catalogues when claims came in counts as it did, confirmed by nobody."""
    op.execute("UPDATE instrument SET confirmed_value_fen = original_value_fen WHERE original_value_fen > 0")
    op.execute("UPDATE test_item SET confirmed_voluntary = true WHERE NOT statutory")
    op.execute("UPDATE accreditation SET confirmed = true")
    into = "INSERT INTO claim (lab_id, kind, {named}, made_at, decided_at, verdict, reason) "
    op.execute(
        into.format(named="instrument_id, value_fen")
        + TOOK_OVER.format(
            kind="original_value",
            columns="id, original_value_fen",
            moment="created_at",
            tables="instrument",
            where="original_value_fen > 0",
        )
    )
    op.execute(
        into.format(named="test_item_id")
        + TOOK_OVER.format(
            kind="voluntary", columns="id", moment="created_at", tables="test_item", where="NOT statutory"
        )
    )
    op.execute(
        into.format(named="accreditation_id")
        + "SELECT a.lab_id, 'accreditation', a.id, l.created_at, l.created_at, 'confirmed', '' "
        "FROM accreditation a JOIN lab l ON l.id = a.lab_id"
    )


def downgrade() -> None:
    op.drop_table("claim")
    if not _sqlite():
        op.execute("DROP FUNCTION claim_refuse()")
    for table, column in (
        ("accreditation", "confirmed"),
        ("test_item", "confirmed_voluntary"),
        ("instrument", "confirmed_value_fen"),
    ):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _guard() -> None:
    if _sqlite():
        op.execute(
            f"CREATE TRIGGER claim_no_delete BEFORE DELETE ON claim {KEPT} BEGIN SELECT RAISE(ABORT, 'claim rows stay'); END"
        )
        op.execute(
            f"CREATE TRIGGER claim_as_recorded BEFORE UPDATE ON claim WHEN {DECIDED} "
            "BEGIN SELECT RAISE(ABORT, 'claim stays as recorded'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION claim_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'claim stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER claim_as_recorded BEFORE UPDATE ON claim FOR EACH ROW WHEN ({DECIDED}) "
        "EXECUTE FUNCTION claim_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER claim_no_delete BEFORE DELETE ON claim FOR EACH ROW {KEPT} EXECUTE FUNCTION claim_refuse()"
    )
    op.execute(
        "CREATE TRIGGER claim_no_truncate BEFORE TRUNCATE ON claim FOR EACH STATEMENT EXECUTE FUNCTION claim_refuse()"
    )
