"""`labshare scheduler`: the process that starts the jobs."""

import logging

import click
from flask import Flask, current_app

from labshare.audit.errors import NoSigningKey
from labshare.commands import with_app
from labshare.commands.serve import without_excess_rights


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
@with_app
def scheduler(once: bool) -> None:
    """Run the scheduled jobs; two of these side by side do no work twice."""
    from labshare.audit.services import signing_key
    from labshare.jobs.scheduler import run_all_due
    from labshare.kernel.time import utc_now

    try:
        signing_key()
    except NoSigningKey as problem:
        raise click.ClickException(str(problem)) from problem
    without_excess_rights()
    if once:
        for name in run_all_due(utc_now()):
            click.echo(name)
        return
    serve_jobs(current_app._get_current_object())  # type: ignore[attr-defined]


def serve_jobs(app: Flask) -> None:
    """Run the jobs as they fall due until SIGTERM or SIGINT; say on standard error what is done."""
    from labshare.jobs.scheduler import serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    serve(app)
