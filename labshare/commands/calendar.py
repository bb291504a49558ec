"""`labshare calendar`: the public working-day table."""

import click

from labshare.commands import with_app


@click.group()
def calendar() -> None:
    """The public working-day table."""


@calendar.command()
@click.option("--from", "first", type=click.IntRange(2004, 2200), help="First year; last year by default.")
@click.option("--to", "last", type=click.IntRange(2004, 2200), help="Last year; the year after next by default.")
@with_app
def seed(first: int | None, last: int | None) -> None:
    """Enter the published years that the table lacks; what is there stays as it is."""
    from labshare.booking.services import seed_working_years
    from labshare.kernel.actor import SYSTEM
    from labshare.kernel.database import transaction
    from labshare.kernel.time import local_day, utc_now

    now = utc_now()
    year = local_day(now).year
    with transaction():
        entered = seed_working_years(actor=SYSTEM, now=now, first=first or year - 1, last=last or year + 2)
    click.echo(" ".join(str(year) for year in entered) or "Nothing to enter.")
