"""`op.change_check(…)` for migrations: a CHECK constraint says something else, as when a vocabulary has a new word.

`make new-migration` writes it for each constraint that the models word otherwise than the database, on SQLite. SQLite
has no statement for it, and a table made anew would lose its guards and who refers to it: so its words are changed.
"""

from typing import Any, Self

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations
from alembic.operations.ops import UpgradeOps
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult
from sqlalchemy import CheckConstraint, Inspector, text

from labshare.kernel.database import Base


@Operations.register_operation("change_check")
class ChangeCheck(MigrateOperation):
    """The constraint `name` of `table` says `new` from now on; before, it said `old`."""

    def __init__(self, table: str, name: str, old: str, new: str) -> None:
        self.table, self.name, self.old, self.new = table, name, old, new

    @classmethod
    def change_check(cls, operations: Operations, table: str, name: str, *, old: str, new: str) -> Any:
        return operations.invoke(cls(table, name, old, new))

    def reverse(self) -> Self:
        return type(self)(self.table, self.name, self.new, self.old)


@Operations.implementation_for(ChangeCheck)
def _change(operations: Operations, change: ChangeCheck) -> None:
    if operations.get_bind().dialect.name != "sqlite":
        operations.execute(f"ALTER TABLE {change.table} DROP CONSTRAINT {change.name}")
        operations.execute(f"ALTER TABLE {change.table} ADD CONSTRAINT {change.name} CHECK ({change.new})")
        return
    connection = operations.get_bind()
    described = connection.scalar(
        text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table"), {"table": change.table}
    )
    old, new = (f"CONSTRAINT {change.name} CHECK ({condition})" for condition in (change.old, change.new))
    if described is None or described.count(old) != 1:
        raise RuntimeError(f"{change.table}: no {old}")
    connection.execute(text("PRAGMA writable_schema = ON"))
    connection.execute(
        text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :table"),
        {"sql": described.replace(old, new), "table": change.table},
    )
    connection.execute(text("PRAGMA writable_schema = RESET"))


@renderers.dispatch_for(ChangeCheck)
def _written(_context: AutogenContext, change: ChangeCheck) -> str:
    return f"op.change_check({change.table!r}, {change.name!r}, old={change.old!r}, new={change.new!r})"


def _compare(context: AutogenContext, found: UpgradeOps, _schemas: set[str]) -> PriorityDispatchResult:
    """PostgreSQL words constraints its own way, so they are compared on SQLite, which keeps the models' words."""
    inspector: Inspector = context.inspector
    tables = set(inspector.get_table_names())
    for table in (table for table in Base.metadata.sorted_tables if table.name in tables):
        wanted = {
            str(check.name): str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)
        }
        for check in inspector.get_check_constraints(table.name):
            name, old = str(check["name"]), check["sqltext"]
            if wanted.get(name, old) != old:
                found.ops.append(ChangeCheck(table.name, name, old, wanted[name]))
    return PriorityDispatchResult.CONTINUE


PLUGIN = "labshare.checks"
"""For `autogenerate_plugins` of alembic's context."""
Plugin(PLUGIN).add_autogenerate_comparator(_compare, "schema", qualifier="sqlite", priority=DispatchPriority.LAST)
