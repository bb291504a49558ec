"""The monthly run on a million ledger entries, beside plain SQL that writes the same rows, on both databases.

    python -m bench.rewards [--entries 1000000] [--engine sqlite|postgresql]

October is approved and keeps the verdicts of ten months; November is calculated: it decides every verdict of the year
anew, writes the lines of all labs with their traces, and the verdicts that are new. Beside it one plain
`INSERT … SELECT … GROUP BY` writes each lab's eligible sum, and one plain `INSERT … SELECT` the same new verdicts, into
tables without any guard, from the same verdict in SQL. Both sides are compared before anything is printed.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from sqlalchemy import text

from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month

AIM, FLOOR = 1.5, 3.0
NOVEMBER = Month(2026, 11)
NOW = datetime(2026, 12, 2, 2, tzinfo=UTC)


@contextmanager
def fresh_database(engine: str) -> Iterator[str]:
    """The URL of an empty database of the bench's own."""
    from tests import postgres

    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="labshare-bench-") as folder:
            yield f"sqlite:///{Path(folder) / 'bench.db'}"
        return
    with postgres.running_server() as url:
        with psycopg.connect(url.format(database="postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
        yield url.format(database="bench")


def measure(engine: str, entries: int) -> float:
    """Print one engine's figures; the run's time over that of the plain statements."""
    from labshare import create_app

    with fresh_database(engine) as url:
        os.environ.update(LABSHARE_ENV="testing", DATABASE_URL=url)
        with create_app().app_context():
            db.create_all()
            run_seconds, plain_seconds, rows = _both_sides(entries)
            db.session.remove()
            db.engine.dispose()
    ratio = run_seconds / plain_seconds
    verdict = "aim met" if ratio <= AIM else "above the aim" if ratio <= FLOOR else "BELOW THE FLOOR"
    print(
        f"{engine:10}  {entries:>9,} entries  {rows}  run {run_seconds:6.2f} s  plain {plain_seconds:6.2f} s  "
        f"{ratio:4.2f} x  (aim {AIM}, floor {FLOOR}: {verdict})"
    )
    return ratio


def _both_sides(entries: int) -> tuple[float, float, str]:
    from labshare.rewards.queries import verdicts
    from labshare.rewards.queries.runs import rules_of
    from labshare.rewards.services import run_month
    from labshare.rewards.services.common import policy_of
    from tests.rewards import bulk
    from tests.rewards.world import people, put_policy

    with transaction():
        world = people()
        put_policy(world, NOW)
    bulk.fill(entries)
    officer = world.acting("officer")
    with transaction():
        october = run_month(actor=officer, now=NOW, month=NOVEMBER.previous)
        october.state, october.approved_at = "approved", NOW
    with transaction() as session:
        session.execute(text("ANALYZE"))
    with transaction() as session:
        session.execute(text("CREATE TABLE plain_line (lab_id bigint, eligible_fen bigint)"))
        session.execute(
            text("CREATE TABLE plain_item (entry_id bigint, run_id bigint, reason varchar(20), changes int)")
        )

    started = time.perf_counter()
    with transaction():
        run_id = run_month(actor=officer, now=NOW, month=NOVEMBER).id
    run_seconds = time.perf_counter() - started

    scope = verdicts.scope_of(rules_of(policy_of(NOVEMBER)), NOVEMBER)
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET work_mem = '128MB'"))
    every = verdicts.entries_with_verdict(scope, "e.lab_id, e.amount_fen AS fen")
    new = verdicts.entries_with_verdict(scope, "e.id AS entry_id", after=NOVEMBER.previous)
    start = verdicts.common_tables(scope)
    db.session.rollback()
    started = time.perf_counter()
    with transaction():
        verdicts.execute(
            f"INSERT INTO plain_line {start}, v AS ({every}) "
            "SELECT lab_id, sum(CASE WHEN reason IS NULL THEN fen ELSE 0 END) FROM v GROUP BY lab_id"
        )
        verdicts.execute(f"INSERT INTO plain_item {start}, v AS ({new}) SELECT entry_id, {run_id}, reason, 0 FROM v")
    plain_seconds = time.perf_counter() - started

    def count(statement: str) -> int:
        return int(db.session.execute(text(statement)).scalar() or 0)

    lines = count(f"SELECT count(*) FROM reward_line WHERE run_id = {run_id}")
    items = count(f"SELECT count(*) FROM reward_item WHERE run_id = {run_id}")
    differing = count(
        f"SELECT count(*) FROM plain_line p JOIN reward_line l ON l.lab_id = p.lab_id AND l.run_id = {run_id} "
        "WHERE l.eligible_ytd_fen <> CASE WHEN p.eligible_fen > 0 THEN p.eligible_fen ELSE 0 END"
    )
    same = count(
        f"SELECT count(*) FROM plain_item p JOIN reward_item i ON i.entry_id = p.entry_id AND i.run_id = {run_id} "
        "AND i.reason IS NOT DISTINCT FROM p.reason"
    )
    assert (differing, same) == (0, items), "the two sides wrote different rows"
    assert lines == count("SELECT count(*) FROM plain_line")
    return run_seconds, plain_seconds, f"{lines:,} lines, {items:,} new verdicts"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    asked = parser.parse_args()
    for engine in [asked.engine] if asked.engine else ["sqlite", "postgresql"]:
        measure(engine, asked.entries)


if __name__ == "__main__":
    main()
