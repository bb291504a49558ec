"""`labshare rewards`: the month's run, the trace of one line, the pure calculation (contract section 1)."""

import json
import sys
from pathlib import Path

import click

from labshare.rewards.rules.cases import answer_lines


@click.group()
def rewards() -> None:
    """Government rewards: the monthly run and its calculation."""


@rewards.command("calculate")
@click.option(
    "--cases",
    "file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="JSON lines of policy and ledger.",
)
def calculate_cases(file: Path) -> None:
    """Calculate cases without a database: one JSON result a line. Exit code 1 if any line is refused."""
    refused = False
    with click.open_file(str(file), "rb") as lines:
        for answer in answer_lines(line.removesuffix(b"\n") for line in lines):
            refused |= "error" in answer
            click.echo(json.dumps(answer, ensure_ascii=True))
    sys.exit(1 if refused else 0)
