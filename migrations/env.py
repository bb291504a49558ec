"""Run by alembic for `labshare db …`, inside the application's context."""

from alembic import context
from sqlalchemy import Connection

from labshare.kernel.checks import PLUGIN
from labshare.kernel.database import Base, db


def made_by_models(_thing: object, name: str | None, _kind: str, _reflected: bool, _compared: object) -> bool:
    """The index of words is made by guards, differently on each engine."""
    return name is None or not (name.startswith("search_fts") or name == "ix_search_entry_grams")


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        autogenerate_plugins=["alembic.autogenerate.*", PLUGIN],
        include_object=made_by_models,
        transaction_per_migration=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with db.engine.connect().execution_options(labshare_writes=True) as connection:
        run(connection)
