"""`labshare check`: every invariant over the database."""

import sys

import click
from flask import current_app

from labshare.audit import services as audit
from labshare.commands import with_app
from labshare.commands.audit import where
from labshare.kernel.time import utc_now
from labshare.oversight.checks import CHECKS, known_findings, violations


@click.command()
@with_app
def check() -> None:
    """Run every invariant, print each violation; exit 1 on any. What an upgrade marked is listed, and is none."""
    now = utc_now()
    found = 0
    for violation in violations(now):
        found += 1
        click.echo(f"{violation.invariant}: {violation.subject}: {violation.detail}")
    for known in known_findings():
        click.echo(f"known since an upgrade: {known.invariant}: {known.subject}: {known.detail}")
    broken = audit.verify(now, key=current_app.config["AUDIT_PUBLIC_KEY"])
    if broken:
        found += 1
        click.echo(f"The audit trail is untouched: {where(broken)}")
    click.echo(f"{len(CHECKS) + 1} invariants, {found} violations")
    sys.exit(1 if found else 0)
