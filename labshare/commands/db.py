"""`labshare db`: migrations."""

import click
from alembic import command
from alembic.config import Config

from labshare.catalogue.services.index import rebuild_where_missing
from labshare.commands import with_app
from labshare.kernel.database import transaction


def alembic_config() -> Config:
    """Alembic's settings; there is no alembic.ini. Needs the application's context when run."""
    from labshare import ROOT

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    return config


def upgrade_to_head() -> None:
    """The newest version, and what its migrations left to be derived. Needs the application's context."""
    command.upgrade(alembic_config(), "head")
    with transaction():
        rebuild_where_missing()


@click.group()
def db() -> None:
    """Bring the database to the version of the code."""


@db.command()
@click.argument("revision", default="head")
@with_app
def upgrade(revision: str) -> None:
    """Upgrade to REVISION (the newest by default)."""
    if revision == "head":
        upgrade_to_head()
    else:
        command.upgrade(alembic_config(), revision)


@db.command()
@click.argument("revision")
@with_app
def downgrade(revision: str) -> None:
    """Downgrade to REVISION (`base` for an empty database)."""
    command.downgrade(alembic_config(), revision)


@db.command()
@with_app
def current() -> None:
    """Print the database's version."""
    command.current(alembic_config(), verbose=False)


@db.command()
@click.argument("message")
@with_app
def revision(message: str) -> None:
    """Write a new migration from what the models have that the database has not; read it before you trust it."""
    command.revision(alembic_config(), message, autogenerate=True)
