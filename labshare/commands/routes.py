"""`labshare routes`: what each address asks of whoever comes."""

import click
from flask import current_app

from labshare.commands import with_app
from labshare.http.rights import declared


@click.command()
@with_app
def routes() -> None:
    """Print every address: method, address, right, of whom or of what, whose division, whether
    the person proves anew who it is, and what is asked once the object or the step is known."""
    rows = [("METHOD", "ADDRESS", "RIGHT", "OF", "DIVISION", "PROOF", "THEN")]
    rows += [
        (
            route.method,
            route.address,
            " + ".join(route.right.actions(route.method)),
            route.right.of.name,
            route.right.division,
            "anew" if route.proof and route.method != "GET" else "",
            ", ".join(dict.fromkeys(route.right.then)),
        )
        for route in declared(current_app)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    for row in rows:
        click.echo("  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[6]]).rstrip())
