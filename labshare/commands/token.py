"""`labshare token issue`: an API token from the command line."""

import click
from flask import current_app

from labshare.accounts.queries import person_by_email
from labshare.commands import with_app
from labshare.kernel.database import transaction
from labshare.kernel.terms import TokenScope
from labshare.kernel.time import utc_now
from labshare.organisations.errors import NoSuchAccount
from labshare.organisations.queries import account_of_person
from labshare.organisations.services import issue_token


@click.group()
def token() -> None:
    """API tokens."""


@token.command()
@click.option("--email", required=True, help="Whose token: the account's address.")
@click.option(
    "--scope", type=click.Choice([one.value for one in TokenScope]), default=TokenScope.WRITE.value, show_default=True
)
@with_app
def issue(email: str, *, scope: str) -> None:
    """Print a token, once, alone on its line. It acts for the person's first firm, else with the regulator's roles."""
    person = person_by_email(email)
    account = account_of_person(person.id, demonstration=not current_app.config["PRODUCTION"]) if person else None
    if account is None:
        raise NoSuchAccount
    with transaction():
        _row, secret = issue_token(actor=account.actor(), now=utc_now(), scope=scope, name="labshare token issue")
    click.echo(secret)
