"""`labshare demo`: demonstration data."""

import time

import click

from labshare.commands import with_owners_app
from labshare.demonstration.load import load
from labshare.demonstration.people import ACCOUNTS, PASSWORD, email_of
from labshare.demonstration.scale import SCALES
from labshare.kernel.time import utc_now


@click.group()
def demo() -> None:
    """Demonstration data: invented firms, labs, bookings and rewards."""


@demo.command("load")
@click.option("--scale", type=click.Choice(tuple(SCALES)), required=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed on the same day: the same data.")
@with_owners_app
def load_data(scale: str, seed: int) -> None:
    """Fill an empty database; refused in production."""
    begun = time.monotonic()
    load(scale=SCALES[scale], seed=seed, now=utc_now(), say=click.echo)
    click.echo(f"Loaded in {time.monotonic() - begun:.1f} s.")
    click.echo("Accounts: " + ", ".join(email_of(account) for account in ACCOUNTS))
    click.echo(f"Password of all: {PASSWORD}")
