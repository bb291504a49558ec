"""`labshare db`: migrations."""

import re
from tempfile import TemporaryDirectory

import click
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import create_engine

from labshare.catalogue.services.index import rebuild_where_missing
from labshare.commands import with_owners_app
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db as database
from labshare.kernel.database import transaction
from labshare.kernel.formatting import plain_money
from labshare.kernel.months import Month
from labshare.kernel.roles import grant_runtime
from labshare.kernel.time import utc_now
from labshare.oversight.checks import all_violations, known_findings
from labshare.oversight.services import mark_known
from labshare.rewards.queries.upgrade import MoneyChange, money_changes, published_otherwise

LONGEST_NAME = 32
"""Alembic's table keeps no longer one."""


def alembic_config() -> Config:
    """Alembic's settings; there is no alembic.ini. Needs the application's context when run."""
    from labshare import ROOT

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    return config


def upgrade_to(revision: str = "head") -> None:
    """Upgrade, mark what is older than a new rule, and write what a migration left to be derived. Needs the
    application's context."""
    before = _present()
    command.upgrade(alembic_config(), revision)
    passed = _passed(before, _present())
    if before is not None and passed:
        with transaction():
            found = mark_known(actor=SYSTEM, now=utc_now(), migrations=passed)
        _print_published()
        for one in found:
            click.echo(f"older than the rule, marked: {one.invariant}: {one.subject}: {one.detail}")
    if revision == "head":
        with transaction():
            rebuild_where_missing()
    if role := current_app.config["RUNTIME_ROLE"]:
        with database.engine.begin() as connection:
            grant_runtime(connection, role)
        click.echo(f"{role} may run the application")


@click.group()
def db() -> None:
    """Bring the database to the version of the code."""


@db.command()
@click.argument("revision", default="head")
@click.option("--plan", is_flag=True, help="Change nothing; print what would change in money.")
@with_owners_app
def upgrade(revision: str, plan: bool) -> None:
    """Upgrade to REVISION (the newest by default)."""
    if plan:
        print_plan(revision)
    else:
        upgrade_to(revision)


def print_plan(revision: str) -> None:
    """Upgrade inside a transaction that is rolled back, and print each reward that today's rules would change."""
    with (
        database.engine.connect().execution_options(labshare_writes=True) as connection,
        connection.begin() as all_of_it,
    ):
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        database.session.remove()
        session = database.session()
        session.get_bind = lambda *_args, **_kwargs: connection  # type: ignore[method-assign]
        try:
            _print_changes(list(money_changes(Month.at(utc_now()))))
            _print_published()
            for one in known_findings():
                click.echo(f"{one.invariant}: {one.subject}: {one.detail}")
            for violation in all_violations(utc_now(), since=_passed(None, revision)):
                click.echo(f"older than the rule: {violation.invariant}: {violation.subject}: {violation.detail}")
        finally:
            database.session.remove()
            all_of_it.rollback()


def _print_published() -> None:
    for run in published_otherwise():
        click.echo(
            f"{run.division} {run.month}: in public notice, and its lines would be written otherwise now: an officer "
            "sends it back, calculates and publishes it again before it can be approved"
        )


def _print_changes(changes: list[MoneyChange]) -> None:
    for one in changes:
        click.echo(
            f"{one.division} {one.month} {one.lab} {one.figure}: "
            f"{plain_money(one.before_fen)} -> {plain_money(one.after_fen)}"
        )
    changed = sum(one.after_fen - one.before_fen for one in changes)
    click.echo(f"{len(changes)} lines would change, by {plain_money(changed)} in all")


def _present() -> str | None:
    """The database's revision; None for an empty one."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _passed(before: str | None, after: str | None) -> frozenset[str]:
    """The revisions between two, without the first."""
    script = ScriptDirectory.from_config(alembic_config())
    return frozenset(one.revision for one in script.iterate_revisions(after or "base", before or "base"))


@db.command()
@click.argument("revision")
@with_owners_app
def downgrade(revision: str) -> None:
    """Downgrade to REVISION (`base` for an empty database)."""
    command.downgrade(alembic_config(), revision)


@db.command()
@with_owners_app
def current() -> None:
    """Print the database's version."""
    command.current(alembic_config(), verbose=False)


@db.command()
@click.argument("message")
@with_owners_app
def revision(message: str) -> None:
    """Write a new migration from what the models have that the migrations so far do not make; read it before you
    trust it. Compared in a database made for it: on SQLite, which keeps the words of constraints."""
    name = "_".join(re.findall(r"\w+", message.lower()))
    if not 1 <= len(name) <= LONGEST_NAME:
        raise click.UsageError(f"a migration's name has 1 to {LONGEST_NAME} characters")
    config = alembic_config()
    number = sum(1 for _each in ScriptDirectory.from_config(config).walk_revisions()) + 1
    config.set_main_option("file_template", f"{number:04}_{name}")
    with TemporaryDirectory() as folder, create_engine(f"sqlite:///{folder}/made.db").connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        command.revision(config, message, autogenerate=True, rev_id=name)
