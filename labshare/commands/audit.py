"""`labshare audit seal | verify | export`."""

import json
import sys
from pathlib import Path
from typing import IO, Any

import click
from flask import current_app

from labshare.audit import services
from labshare.audit.errors import ForgedEvents, NoSigningKey
from labshare.audit.terms import Fault
from labshare.commands import with_app
from labshare.kernel.time import utc_now

WHERE = {
    "chain": "seal {seal}: does not follow the seal before it",
    "signature": "seal {seal}: its signature does not fit",
    "count": "seal {seal}: covers another number of events than it says",
    "event_missing": "seal {seal}: event {event} is gone or cannot be read",
    "seal_changed": "seal {seal}: its events were moved or exchanged",
    "event_changed": "seal {seal}: event {event} was changed",
    "seal_gone": "seal {seal}: gone, while its events are there",
    "forged": "event {event}: its mac is missing or wrong; it was not written by LabShare",
    "unsealed": "event {event}: older than an hour and in no seal",
    "head_signature": "head {head}: its signature does not fit",
    "head_gone": "head {head}: was published and is gone, or another stands in its place",
    "head_missing": "{place}: the trail is shorter than the head says; its tail was cut",
    "head_differs": "{place}: the seals are not those that the head was signed over",
}


def where(broken: services.Broken) -> str:
    """The broken place in words."""
    place = f"head {broken.head_id}" if broken.head_id else f"seal {broken.seal_id or '-'}"
    sentence = WHERE["seal_changed" if broken.what == Fault.EVENT_CHANGED and not broken.event_id else broken.what]
    return sentence.format(seal=broken.seal_id, event=broken.event_id, head=broken.head_id, place=place)


@click.group()
def audit() -> None:
    """The audit trail: seal, verify, export."""


@audit.command()
@with_app
def seal() -> None:
    """Seal what is unsealed; exit 1 where an event was not written by LabShare: it is left out, and named."""
    try:
        count = services.seal(utc_now(), key=services.signing_key())
    except (ForgedEvents, NoSigningKey) as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(f"{count} events sealed")


@audit.command()
@click.option("--head", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="an exported head")
@with_app
def verify(head: Path | None) -> None:
    """Prove the trail untouched; exit 1 and the first broken place if not."""
    head_held, key = _head_of(head) if head else None, current_app.config["AUDIT_PUBLIC_KEY"]
    broken = services.verify(utc_now(), key=key, head=head_held)
    if broken:
        click.echo(where(broken))
        sys.exit(1)
    click.echo("the trail is untouched")


def _head_of(path: Path) -> dict[str, Any]:
    """A published head as it is downloaded, or the last seal in a file of JSON lines, as `export` writes them."""
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        head = json.loads(text)
        return {"seals": int(head["seals"]), "root": str(head["root"])}
    except (ValueError, KeyError, TypeError):
        lines = [line for line in text.splitlines() if line.startswith('{"seal"')]
    if not lines:
        raise click.ClickException(f"{path}: neither a head nor a seal in it")
    try:
        seal = json.loads(lines[-1])["seal"]
        return {"id": int(seal["id"]), "root": str(seal["root"])}
    except (ValueError, KeyError, TypeError) as problem:
        raise click.ClickException(f"{path}: its last seal cannot be read") from problem


@audit.command("public-key")
@with_app
def public_key() -> None:
    """Print what AUDIT_PUBLIC_KEY is to be on web hosts; run it where AUDIT_KEY is."""
    click.echo(current_app.config["AUDIT_PUBLIC_KEY"])


@audit.command()
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-")
@with_app
def export(output: IO[str]) -> None:
    """Write the trail as JSON lines with its seals; the last line is the head to keep elsewhere."""
    for line in services.export():
        output.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
