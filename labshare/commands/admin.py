"""`labshare admin create`: the first two administrators of an empty installation."""

import click

from labshare.commands import with_app
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import transaction
from labshare.kernel.time import utc_now
from labshare.notices.services import absolute
from labshare.organisations.services import create_administrator


@click.group()
def admin() -> None:
    """Administrators of the platform."""


@admin.command()
@click.option("--email", required=True, help="The administrator's address.")
@click.option("--name", default="", help="The administrator's name; the address's first part by default.")
@with_app
def create(email: str, *, name: str) -> None:
    """Make one of the first two administrators; once there were two, roles are given on the pages.

    Prints a link by which the person chooses a password within three days. The role is theirs at once.
    """
    with transaction():
        person, token = create_administrator(
            actor=SYSTEM, now=utc_now(), email=email, name=name or email.partition("@")[0]
        )
        address, has_password = person.email, person.password_hash is not None
    click.echo(f"{address} is administrator.")
    if not has_password:
        click.echo(f"Open within three days to choose a password: {absolute(f'/account/password/{token}')}")
