"""A database without a single table."""

import pytest
from sqlalchemy import inspect, text

from labshare.kernel.database import Base, db

SQLITE_OBJECTS = (
    "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index', 'view') AND name NOT LIKE 'sqlite_%'"
)


@pytest.fixture
def empty(app):
    """The application on a database without a single table."""
    with db.engine.begin() as connection:
        if db.engine.dialect.name == "postgresql":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        else:
            for kind, name, _sql in connection.execute(text(SQLITE_OBJECTS)).all():
                if kind == "trigger":
                    connection.execute(text(f"DROP TRIGGER {name}"))
            connection.execute(text("DROP VIEW audit_entry"))
            connection.execute(text("DROP TABLE search_fts"))  # made by a guard; takes its shadow tables along
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            for table in Base.metadata.tables:
                connection.execute(text(f"DROP TABLE {table}"))
    assert inspect(db.engine).get_table_names() == []
    return app
