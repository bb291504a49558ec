"""`labshare audit seal | verify | export`."""

import json
import sys
from pathlib import Path
from typing import IO, Any

import click
from flask import current_app

from labshare.audit import services
from labshare.audit.errors import ForgedEvents
from labshare.commands import with_app
from labshare.kernel.time import utc_now

WHERE = {
    "chain": "seal {seal}: does not follow the seal before it",
    "signature": "seal {seal}: its signature does not fit",
    "count": "seal {seal}: covers another number of events than it says",
    "event_missing": "seal {seal}: event {event} is gone or cannot be read",
    "event_changed": "seal {seal}: an event was changed, moved or exchanged",
    "forged": "event {event}: its mac is missing or wrong; it was not written by LabShare",
    "unsealed": "event {event}: older than an hour and in no seal",
    "head_missing": "seal {seal}: the exported head is not in the trail; its tail was cut",
    "head_differs": "seal {seal}: differs from the exported head",
}


@click.group()
def audit() -> None:
    """The audit trail: seal, verify, export."""


@audit.command()
@with_app
def seal() -> None:
    """Seal what is unsealed; exit 1 where an event was not written by LabShare: it is left out, and named."""
    try:
        count = services.seal(utc_now(), key=current_app.config["AUDIT_KEY"])
    except ForgedEvents as forged:
        raise click.ClickException(str(forged)) from forged
    click.echo(f"{count} events sealed")


@audit.command()
@click.option("--head", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="an exported head")
@with_app
def verify(head: Path | None) -> None:
    """Prove the trail untouched; exit 1 and the first broken place if not."""
    broken = services.verify(utc_now(), key=current_app.config["AUDIT_KEY"], head=_head_of(head) if head else None)
    if broken:
        click.echo(WHERE[broken.what].format(seal=broken.seal_id, event=broken.event_id))
        sys.exit(1)
    click.echo("the trail is untouched")


def _head_of(path: Path) -> dict[str, Any]:
    """The last seal in a file of JSON lines, as `export` writes them (or one that holds the head alone)."""
    last = None
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith('{"seal"'):
                last = line
    if last is None:
        raise click.ClickException(f"{path}: no seal in it")
    try:
        seal = json.loads(last)["seal"]
        return {"id": int(seal["id"]), "root": str(seal["root"])}
    except (ValueError, KeyError, TypeError) as problem:
        raise click.ClickException(f"{path}: its last seal cannot be read") from problem


@audit.command()
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-")
@with_app
def export(output: IO[str]) -> None:
    """Write the trail as JSON lines with its seals; the last line is the head to keep elsewhere."""
    for line in services.export():
        output.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
