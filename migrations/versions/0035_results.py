"""Reports: a lab's series of numbers, why one replaces another, the standard, the marks, and a code to prove one by.

Numbers in the series' form keep their serials. What was typed before may have left gaps: a series counts without gaps
from its last number on.
"""

import sqlalchemy as sa
from alembic import op

revision = "results"
down_revision = "search_query"

AS_RECORDED = "booking_id, lab_id, number, issued_on, replaces_id, file_id"
ADDED = "series_year, serial, why, standard_id, code"
IN_SERIES = (
    "NEW.serial IS NOT NULL AND NOT EXISTS (SELECT 1 FROM report_series s "
    "WHERE s.lab_id = NEW.lab_id AND s.year = NEW.series_year AND s.last >= NEW.serial)"
)
BY_ACCREDITATION = (
    "NOT EXISTS (SELECT 1 FROM report r JOIN booking b ON b.id = r.booking_id "
    "JOIN accreditation a ON a.id = NEW.accreditation_id AND a.lab_id = r.lab_id "
    "JOIN accreditation_scope s ON s.accreditation_id = a.id AND s.test_item_id = b.test_item_id "
    "AND s.standard_id = r.standard_id WHERE r.id = NEW.report_id AND a.kind = NEW.kind AND a.number = NEW.number "
    "AND b.finished_on BETWEEN a.valid_from AND a.valid_to)"
)
AHEAD = (
    "NEW.last <> OLD.last + 1 OR NOT EXISTS (SELECT 1 FROM report r "
    "WHERE r.lab_id = OLD.lab_id AND r.series_year = OLD.year AND r.serial = OLD.last)"
)
TAIL = "(SELECT substr(report.number, length(l.code) + 2) FROM lab l WHERE l.id = report.lab_id)"
HEAD = (
    "EXISTS (SELECT 1 FROM lab l WHERE l.id = report.lab_id "
    "AND substr(report.number, 1, length(l.code) + 1) = l.code || '-')"
)
FORM = {
    "sqlite": f"({TAIL} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9][0-9][0-9]' OR "
    f"({TAIL} GLOB '[0-9][0-9][0-9][0-9]-[1-9][0-9][0-9][0-9][0-9]*' AND length({TAIL}) <= 13 "
    f"AND substr({TAIL}, 6) NOT GLOB '*[^0-9]*')) AND {TAIL} NOT GLOB '*-0000'",
    "postgresql": f"{TAIL} ~ '^[0-9]{{4}}-([0-9]{{4}}|[1-9][0-9]{{4,7}})$' AND {TAIL} !~ '-0000$'",
}
CODE = {
    "sqlite": "upper(hex(randomblob(8)))",
    "postgresql": "upper(right(replace(gen_random_uuid()::text, '-', ''), 16))",
}


def _dialect():
    return op.get_bind().dialect.name


def _unguard():
    op.execute("DROP TRIGGER report_as_recorded" + (" ON report" if _dialect() == "postgresql" else ""))


def _guard(columns):
    does = {
        "sqlite": "BEGIN SELECT RAISE(ABORT, 'report stays as recorded'); END",
        "postgresql": "FOR EACH ROW EXECUTE FUNCTION report_refuse()",
    }[_dialect()]
    op.execute(f"CREATE TRIGGER report_as_recorded BEFORE UPDATE OF {columns} ON report {does}")


def upgrade() -> None:
    op.create_table(
        "report_series",
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.CheckConstraint("first BETWEEN 1 AND last", name=op.f("ck_report_series_in_order")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_report_series_lab_id")),
        sa.PrimaryKeyConstraint("lab_id", "year", name=op.f("pk_report_series")),
    )
    op.create_table(
        "report_mark",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("accreditation_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.CheckConstraint("kind IN ('CMA', 'CNAS')", name=op.f("ck_report_mark_kind_known")),
        sa.ForeignKeyConstraint(
            ["accreditation_id"], ["accreditation.id"], name=op.f("fk_report_mark_accreditation_id")
        ),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_report_mark_report_id")),
        sa.PrimaryKeyConstraint("report_id", "kind", name=op.f("pk_report_mark")),
    )
    op.create_index(op.f("ix_report_mark_accreditation_id"), "report_mark", ["accreditation_id"], unique=False)
    for column in (
        "series_year INTEGER",
        "serial INTEGER CONSTRAINT ck_report_serial_of_a_year CHECK ((serial IS NULL) = (series_year IS NULL))",
        "why VARCHAR(500)",
        "standard_id INTEGER CONSTRAINT fk_report_standard_id REFERENCES standard (id)",
        "code VARCHAR(16) DEFAULT '' NOT NULL",
    ):
        op.execute(f"ALTER TABLE report ADD COLUMN {column}")
    _fill()
    op.create_index(
        op.f("ix_report_lab_id_series_year_serial"), "report", ["lab_id", "series_year", "serial"], unique=True
    )
    op.create_index(
        op.f("ix_report_code"),
        "report",
        ["code"],
        unique=True,
        sqlite_where=sa.text("code <> ''"),
        postgresql_where=sa.text("code <> ''"),
    )
    _unguard()
    _guard(f"{AS_RECORDED}, {ADDED}")
    for statement in _guards():
        op.execute(statement)


def _fill() -> None:
    number = {"sqlite": "INTEGER", "postgresql": "integer"}[_dialect()]
    year, serial = (f"CAST(substr({TAIL}, {part}) AS {number})" for part in ("1, 4", "6"))
    ours = f"{HEAD} AND {FORM[_dialect()]}"
    op.execute(f"UPDATE report SET series_year = {year}, serial = {serial} WHERE {ours}")  # noqa: S608 -- of constants
    op.execute(
        "INSERT INTO report_series (lab_id, year, first, last) SELECT lab_id, series_year, max(serial), max(serial) "
        "FROM report WHERE serial IS NOT NULL GROUP BY lab_id, series_year"
    )
    op.execute(f"UPDATE report SET code = {CODE[_dialect()]}")  # noqa: S608 -- of constants


def _guards() -> tuple[str, ...]:
    refusals = (
        ("report_in_its_series", "report", "BEFORE INSERT", IN_SERIES),
        ("mark_by_accreditation", "report_mark", "BEFORE INSERT", BY_ACCREDITATION),
        ("report_series_without_gaps", "report_series", "BEFORE UPDATE OF last", AHEAD),
    )
    if _dialect() == "sqlite":
        return (
            *(
                f"CREATE TRIGGER {name} {when} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{name.replace('_', ' ')}') WHERE {wrong}; END"
                for name, table, when, wrong in refusals
            ),
            "CREATE TRIGGER report_series_no_delete BEFORE DELETE ON report_series "
            "BEGIN SELECT RAISE(ABORT, 'report_series rows stay'); END",
            "CREATE TRIGGER report_series_as_recorded BEFORE UPDATE OF lab_id, year, first ON report_series "
            "BEGIN SELECT RAISE(ABORT, 'report_series stays as recorded'); END",
            *(
                f"CREATE TRIGGER report_mark_no_{step.lower()} BEFORE {step} ON report_mark  "
                "BEGIN SELECT RAISE(ABORT, 'report_mark is append-only'); END"
                for step in ("UPDATE", "DELETE")
            ),
        )
    return (
        *(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {gap}"
            f"IF {wrong} THEN RAISE EXCEPTION '{name.replace('_', ' ')}' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
            for (name, _table, _when, wrong), gap in zip(refusals, (" ", " ", ""), strict=True)
        ),
        *(
            f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
            for name, table, when, _wrong in refusals
        ),
        "CREATE FUNCTION report_series_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'report_series stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER report_series_as_recorded BEFORE UPDATE OF lab_id, year, first ON report_series FOR EACH ROW "
        "EXECUTE FUNCTION report_series_refuse()",
        "CREATE TRIGGER report_series_no_delete BEFORE DELETE ON report_series FOR EACH ROW "
        "EXECUTE FUNCTION report_series_refuse()",
        "CREATE TRIGGER report_series_no_truncate BEFORE TRUNCATE ON report_series FOR EACH STATEMENT "
        "EXECUTE FUNCTION report_series_refuse()",
        "CREATE FUNCTION report_mark_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'report_mark is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER report_mark_no_change BEFORE UPDATE OR DELETE ON report_mark FOR EACH ROW  "
        "EXECUTE FUNCTION report_mark_refuse()",
        "CREATE TRIGGER report_mark_no_truncate BEFORE TRUNCATE ON report_mark FOR EACH STATEMENT "
        "EXECUTE FUNCTION report_mark_refuse()",
    )


def downgrade() -> None:
    postgresql = _dialect() == "postgresql"
    _unguard()
    op.execute("DROP TRIGGER report_in_its_series" + (" ON report" if postgresql else ""))
    for table in ("report_mark", "report_series"):
        op.drop_table(table)
    for name in ("ix_report_code", "ix_report_lab_id_series_year_serial"):
        op.drop_index(op.f(name), "report")
    if postgresql:
        for name in (
            "report_in_its_series",
            "mark_by_accreditation",
            "report_series_without_gaps",
            "report_series_refuse",
            "report_mark_refuse",
        ):
            op.execute(f"DROP FUNCTION {name}()")
    for column in ("code", "standard_id", "why", "serial", "series_year"):
        op.execute(f"ALTER TABLE report DROP COLUMN {column}")
    _guard(AS_RECORDED)
