"""Two roles on PostgreSQL: one owns the tables and upgrades them; the other runs the application, and can neither
change what is only ever added to nor take a guard away."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from labshare.kernel.database import APPEND_ONLY, db

LOCKED = {"invoice_line": "id"}
"""Tables that are only added to and whose rows a guard locks, which PostgreSQL calls a right to change: to one column,
whose change the table's own guard refuses."""


def grant_runtime(connection: Connection, role: str) -> None:
    """Give the role of the running application what it needs of every table that there is now, and nothing else."""
    for statement in _grants(connection.dialect.identifier_preparer.quote(role)):
        connection.execute(text(statement))


def _grants(role: str) -> Iterator[str]:
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    for kind in ("TABLES", "SEQUENCES"):
        yield f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {role}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
    yield f"GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
    yield f"REVOKE UPDATE, DELETE ON {', '.join(sorted(APPEND_ONLY))} FROM {role}"
    for table, column in LOCKED.items():
        yield f"GRANT UPDATE ({column}) ON {table} TO {role}"
    yield f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}"


def excess_rights() -> str | None:
    """What the role of this connection may that the running application must not; None where nothing, and on SQLite.
    A database without tables asks for no right."""
    connection = db.session.connection()
    if connection.dialect.name != "postgresql":
        return None
    row = connection.execute(_EXCESS, {"append_only": sorted(APPEND_ONLY)}).one()
    if row.superuser:
        return "is a superuser"
    if row.owner:
        return f"owns {row.owner}"
    return f"may change {row.append_only}" if row.append_only else None


_EXCESS = text(
    """
    SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
        min(relname) FILTER (WHERE pg_has_role(current_user, relowner, 'MEMBER')) AS owner,
        min(relname) FILTER (
            WHERE relname = ANY (:append_only) AND has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE')
        ) AS append_only
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
    """
)
