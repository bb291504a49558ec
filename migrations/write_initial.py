"""Writes `versions/0001_initial.py` anew from the models and their guards: `make migration`, before the first release.

The file stands on its own: it names columns, constraints and statements in full and imports nothing of LabShare, so
that it keeps making the same database when the models have moved on.
"""

import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext

from labshare import create_app
from labshare.kernel.database import GUARDS, Base

TARGET = Path(__file__).parent / "versions" / "0001_initial.py"
FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION (\w+ ?\([^)]*\))")
VIRTUAL_TABLE = re.compile(r"CREATE VIRTUAL TABLE (?:IF NOT EXISTS )?(\w+)")

HEAD = '''"""The whole database as it was first released. Written by migrations/write_initial.py."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
'''


def write() -> None:
    create_app()  # imports every model
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": Base.metadata})
        script = produce_migrations(context, Base.metadata)
        plain = {"render_item": _render_plain_type}
        tables, drops = (
            render_python_code(operations, migration_context=context, **plain)
            for operations in (script.upgrade_ops, script.downgrade_ops)
        )
    TARGET.write_text(
        f"{HEAD}\n{_written_guards()}\n\n"
        "def upgrade() -> None:\n"
        "    dialect = op.get_bind().dialect.name\n"
        '    if dialect == "postgresql":\n'
        '        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")\n'
        f"{_indented(tables)}\n"
        "    for statement in GUARDS[dialect]:\n"
        '        op.execute(sa.DDL(statement.replace("%", "%%")))\n\n\n'
        "def downgrade() -> None:\n"
        "    for statement in UNGUARDS[op.get_bind().dialect.name]:\n"
        "        op.execute(statement)\n"
        f"{_indented(drops)}\n"
        "    for statement in AFTER[op.get_bind().dialect.name]:\n"
        "        op.execute(statement)\n"
    )


def _render_plain_type(kind: str, thing: Any, _context: AutogenContext) -> str | bool:
    """Our own column types are written as what the database sees."""
    if kind == "type" and isinstance(thing, sa.types.TypeDecorator):
        return f"sa.{thing.impl_instance!r}"
    return False


def _written_guards() -> str:
    written = {}
    for dialect in ("sqlite", "postgresql"):
        statements = [statement for _table, name, statement in GUARDS if name == dialect]
        statements.sort(key=lambda statement: not FUNCTION.match(statement))  # functions first, else the order given
        written[dialect] = statements
    virtual = [m[1] for statement in written["sqlite"] if (m := VIRTUAL_TABLE.match(statement))]
    functions = [m[1] for statement in written["postgresql"] if (m := FUNCTION.match(statement))]
    before = {"sqlite": [f"DROP TABLE {name}" for name in virtual], "postgresql": []}
    after = {"sqlite": [], "postgresql": [f"DROP FUNCTION {name}" for name in reversed(functions)]}
    return f"GUARDS = {_literal(written)}\nUNGUARDS = {_literal(before)}\nAFTER = {_literal(after)}\n"


def _literal(by_dialect: dict[str, list[str]]) -> str:
    lines = ["{"]
    for dialect, statements in by_dialect.items():
        lines.append(f"    {dialect!r}: (")
        lines += [f"        {statement!r}," for statement in statements]
        lines.append("    ),")
    return "\n".join([*lines, "}"])


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" if line and not line.startswith("    ") else line for line in code.splitlines())


if __name__ == "__main__":
    write()
