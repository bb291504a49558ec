"""Upgraded from nothing, the database is the one the models describe, guards included, on both engines."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from labshare.commands.db import alembic_config
from labshare.kernel.database import GUARDS, Base, db
from tests.migrations.conftest import SQLITE_OBJECTS

POSTGRESQL_OBJECTS = """
    SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'function', p.proname, pg_get_functiondef(p.oid) FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS
            (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""


def objects_besides_columns() -> dict[tuple[str, str], str]:
    """Constraints, triggers, indexes and functions by kind and name, as the engine itself spells them."""
    engine = db.engine.dialect.name
    with db.engine.connect() as connection:
        rows = connection.execute(text(SQLITE_OBJECTS if engine == "sqlite" else POSTGRESQL_OBJECTS))
        found = {(kind, name): " ".join(str(sql).split()) for kind, name, sql in rows}
        if engine == "sqlite":  # constraints stand in the tables' own text there
            inspector = inspect(connection)
            for table in (name for name in inspector.get_table_names() if name != "alembic_version"):
                for kind in ("check_constraints", "unique_constraints", "foreign_keys"):
                    for constraint in getattr(inspector, f"get_{kind}")(table):
                        name = constraint["name"]
                        if kind == "foreign_keys":  # SQLite itself knows no name of theirs
                            name, constraint["name"] = ",".join(constraint["constrained_columns"]), None
                        found[kind, f"{table}.{name}"] = " ".join(str(constraint).split())
    return {key: sql for key, sql in found.items() if "alembic_version" not in key[1]}


def made_by_models(thing, name, kind, _reflected, _compared) -> bool:
    """The index of words is made by guards, differently on each engine; see the test of the guards."""
    return not name.startswith("search_fts") and name != "ix_search_entry_grams"


def test_the_upgraded_database_is_what_the_models_describe(empty):
    command.upgrade(alembic_config(), "head")

    with db.engine.connect() as connection:
        opts = {"compare_type": True, "include_object": made_by_models}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []


def test_the_upgraded_database_has_every_guard_of_the_models(app, request):
    from_models = objects_besides_columns()
    guards = [statement for _table, engine, statement in GUARDS if engine == db.engine.dialect.name]
    assert len(from_models) > len(guards) > 0

    request.getfixturevalue("empty")
    command.upgrade(alembic_config(), "head")

    assert objects_besides_columns() == from_models


def test_up_down_and_up_again(empty):
    command.upgrade(alembic_config(), "head")
    after_first = objects_besides_columns()

    command.downgrade(alembic_config(), "base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    assert objects_besides_columns() == {}

    command.upgrade(alembic_config(), "head")
    assert objects_besides_columns() == after_first


def test_the_initial_migration_names_nothing_of_the_house(app):
    """A migration that imports models changes when they do."""
    initial = alembic_config().get_main_option("script_location") + "/versions/0001_initial.py"
    with open(initial) as file:
        assert "labshare" not in file.read()


def test_a_year_entered_whole_is_confirmed_and_an_empty_one_is_not(empty):
    config = alembic_config()
    before = ScriptDirectory.from_config(config).get_revision("working_years").down_revision
    command.upgrade(config, before)
    with db.engine.begin() as connection:
        connection.execute(text("INSERT INTO working_year (year, source) VALUES (2026, 'x'), (2027, 'x')"))
        connection.execute(
            text("INSERT INTO working_day (day, kind, name, name_en) VALUES ('2026-01-01', 'holiday', '', '')")
        )

    command.upgrade(config, "working_years")
    with db.engine.connect() as connection:
        rows = connection.execute(text("SELECT year, confirmed_at IS NOT NULL FROM working_year ORDER BY year"))
        assert [(year, bool(confirmed)) for year, confirmed in rows] == [(2026, True), (2027, False)]

    command.downgrade(config, before)
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT year, source FROM working_year ORDER BY year")).all() == [
            (2026, "x"),
            (2027, "x"),
        ]
