"""Run by alembic for `labshare db …`, inside the application's context."""

from alembic import context
from sqlalchemy import Connection

from labshare.kernel.database import Base, db


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        transaction_per_migration=True,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with db.engine.connect().execution_options(labshare_writes=True) as connection:
        run(connection)
