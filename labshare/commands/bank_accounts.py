"""`labshare reseal-accounts`: bank accounts under another key."""

import click

from labshare.commands import with_app
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import transaction
from labshare.kernel.time import utc_now
from labshare.organisations import services


@click.command("reseal-accounts")
@with_app
def reseal() -> None:
    """Encrypt all bank accounts under the present BANK_KEY: after it has changed, before BANK_KEYS_BEFORE is emptied.
    Exit 1 where one opens under none of the keys."""
    with transaction():
        done, lost = services.reseal_accounts(actor=SYSTEM, now=utc_now())
    click.echo(f"{done} bank accounts encrypted anew")
    if lost:
        raise click.ClickException(f"{lost} bank accounts open under none of the keys; BANK_KEYS_BEFORE lacks theirs")
