"""`labshare rewards`: the month's run, the trace of one line, the pure calculation."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from labshare.commands import with_app
from labshare.kernel.actor import SYSTEM
from labshare.kernel.formatting import plain_amount
from labshare.kernel.months import Month
from labshare.rewards.rules.cases import answer_lines


class MonthType(click.ParamType):
    """`YYYY-MM`."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        if isinstance(value, Month):
            return value
        try:
            return Month.parse(value)
        except ValueError:
            self.fail(f"{value!r} is not a month, YYYY-MM", param, ctx)


MONTH = MonthType()


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


@rewards.command("run")
@click.option("--month", required=True, type=MONTH)
@click.option("--division", help="Code of the policy's division, where several have one.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole result.")
@with_app
def run(month: Month, division: str | None, as_json: bool) -> None:
    """Calculate the month's run, or calculate it again until it is published."""
    from labshare.kernel.database import transaction
    from labshare.kernel.time import utc_now
    from labshare.rewards.queries.documents import run_document
    from labshare.rewards.services import run_month

    with transaction():
        done = run_month(actor=SYSTEM, now=utc_now(), month=month, division=division)
        document = run_document(done)
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    click.echo(f"{month}: {len(document['labs'])} labs, {plain_amount(document['total_payable_fen'])} yuan payable")
    for reclaim in document["to_reclaim"]:
        click.echo(f"to reclaim: {reclaim['lab']} {plain_amount(reclaim['fen'])}")


@rewards.command("explain")
@click.option("--month", required=True, type=MONTH)
@click.option("--lab", required=True, metavar="CODE")
@click.option("--division", help="Code of the policy's division, where several have one.")
@click.option("--json", "as_json", is_flag=True)
@with_app
def explain(month: Month, *, lab: str, division: str | None, as_json: bool) -> None:
    """The trace of one line: how a lab's reward was worked out."""
    from labshare.rewards.queries.documents import line_document

    document = line_document(month, lab=lab, division=division)
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    click.echo(f"{document['month']} {document['code']}: {plain_amount(document['payable_fen'])} yuan payable")
    if document["why"]:
        click.echo(f"zero because: {document['why']}")
    for step in document["trace"]:
        click.echo(f"{step['step']}. {step['label']}: {json.dumps(step['result'])}")
        click.echo(f"   inputs {json.dumps(step['inputs'], ensure_ascii=False)}")
        click.echo(f"   parameters {json.dumps(step['parameters'], ensure_ascii=False)}")
