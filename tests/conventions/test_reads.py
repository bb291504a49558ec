"""No statement reads what it does not need: every page, row of the API, verb and job, on a county's small part.

What is read is counted where it is read (`reads.py`): by PostgreSQL itself, on SQLite by the steps of its machine and
by the plan. The demonstration of a month ago stands in the database, and the world of the rights matrix beside it.
"""

import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.ext.compiler import compiles

from labshare.booking.models import Holding
from labshare.demonstration.load import load
from labshare.demonstration.scale import Scale
from labshare.jobs.table import JOBS
from labshare.kernel.database import _in_ids_sqlite, db, in_ids, transaction
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.rewards.models import Policy
from tests import factories
from tests.conftest import Clock
from tests.conventions.reads import TESTS, Read, reading
from tests.conventions.trail_steps import steps
from tests.rights.matrix import YES, Case, Trial, nothing_stays, read_cases
from tests.rights.world import build
from tests.web.crawl import Crawl

pytestmark = pytest.mark.timeout(900)
SMALL = Scale("small", counties=1, clients=150, bookings=5_000, labs=20)
LOADED, NOW = "2026-10-24 10:00", "2026-11-24 10:00"
WALKING = ("client", "lab", "officer")
FEW = 1_000
"""Rows that anybody may look at: tables of so few are read whole wherever a plan likes it."""
EACH = 20
"""Rows looked at for one that is given or written."""
REASONS = {
    "audit.checks.begin_check": "the events of the trail are counted once, to tell how far its proof is",
    "audit.queries.all_unsealed": "the proof of the trail looks at every event",
    "audit.queries.leaf_without_seal": "the nightly proof looks at every leaf",
    "audit.queries.search": "of a subject of whatever kind; the index begins with the kind",
    "booking.services.sheets.tables.delete_rows": "whether anything rests on what goes is asked of all; seldom done",
    "catalogue.queries.news.latest_items": "the newest of each lab, among all its items",
    "catalogue.queries.own.": "what a firm has is put in order by its names",
    "notices.delivery.fill_outbox": "every notice whose mail is due is brought into the outbox",
    "notices.delivery.deliver_outbox": "mails that wait are ordered, and bounded by address, before a hundred go",
    "organisations.queries.search_firms": "a county sees whoever booked there: looked for among its bookings",
    "oversight.checks.": "the nightly check looks at everything",
    "oversight.dashboard.dashboard": "sums what months keep of each lab, instrument and item",
    "oversight.lab_months.pending": "every month of every lab is asked whether it is to be counted",
    "oversight.opening.open_time": "the same; a month that is not kept, with the blocks from its beginning on",
    "oversight.public.figures_by_month": "sums what months keep",
    "oversight.public.public_figures": "sums what months keep",
    "oversight.public.standing_of": "a lab's year of tests, each with its first report",
    "oversight.queries.usage_report": "sums what months keep",
    "oversight.rows.behind": "sums every booking of a row of the report, for its head",
    "oversight.services.keep_months": "counts a month, with the blocks from its beginning on",
    "rewards.queries.verdicts.execute": "each entry of a year is judged by as many reasons as there are",
    "settlement.queries.booking_list.search_bookings": "words are sought in every booking that the reader may see",
    "settlement.queries.ledger.bookings_out_of_step": "every booking with its papers, when a month opens again",
    "settlement.queries.ledger.ledger_entries": "a month's entries, in the order of their numbers",
    "settlement.queries.ledger.ledger_months": "sums the ledger by month",
    "settlement.queries.ledger.lines_of_entries": "fifty entries, each with its booking and the ten rows that it names",
    "settlement.queries.limits.limits_broken": "the nightly check looks at everything",
    "settlement.queries.missing.": "all that is unsettled is summed, or put in order by its age",
    "settlement.queries.bank.": "what is owed, all of it, is held against what came in; numbers of invoices go with it",
    "settlement.queries.tax_list.to_invoice": "what is to be issued, all of it, is sought among what is unsettled",
    "settlement.queries.registers.": "words are sought in a firm's papers, which are summed and put in any order",
    "settlement.queries.reminders.": "all that is overdue at a firm's labs, with what was sent about it",
    "settlement.queries.accounts.": "sums the documents between two firms, whatever is behind them",
    "settlement.queries.spending.": "sums a client's documents of the months asked for, whatever is behind them",
    "settlement.services.photos.remove_photo": "whether papers still use the file is asked of all of them; seldom done",
    "settlement.services.overdue.notify_overdue": "what is paid of a booking counts for what of it is due first",
}
"""What reads more, and why; by the function that asks, or for all of a module (with a point at the end)."""


@dataclass(frozen=True)
class Measured:
    reads: list[Read]
    of_many: list[Read]
    """With `IN (…) = 1` for many numbers."""
    of_holds: list[Read]
    """Without the index of somebody's own holds."""
    large: set[str]


_measured: dict[str, Measured] = {}


@pytest.fixture
def measured(app: Flask, clock: Clock, engine_name: str, monkeypatch: pytest.MonkeyPatch) -> Measured:
    if engine_name not in _measured:
        _measured[engine_name] = _measure(app, clock, monkeypatch)
    return _measured[engine_name]


def _measure(app: Flask, clock: Clock, patch: pytest.MonkeyPatch) -> Measured:
    clock.set(LOADED)
    load(scale=SMALL, seed=7, now=clock.now)
    large = {table.name for table in db.metadata.sorted_tables if _count(table) >= FEW}
    with reading() as reads:
        crawl = Crawl(app, "")
        for who in WALKING:
            crawl.walk(who, "en", 1)
        clock.set(NOW)
        trial = Trial(app, _build_beside(patch))
        cases = read_cases()
        walked = {f"GET {visit.endpoint}" for visit in crawl.visits}
        with nothing_stays(patch):
            for case in cases:
                if case.route not in walked:
                    _ask(trial, case)
            with reads.apart() as of_many, _many_as_a_truth():
                for case in cases:
                    if case.route.startswith("GET regulator.audit"):
                        _ask(trial, case)
            with reads.apart() as of_holds, _without_own_holds():
                for case in cases:
                    if "hold" in case.route:
                        _ask(trial, case)
        for name, step in steps(trial.world, clock):
            reads.during = name
            with contextlib.suppress(Problem), transaction():
                step()
        for job in JOBS:
            reads.during = f"job {job.name}"
            with contextlib.suppress(RuntimeError):  # the check's, who finds what only the matrix's world may hold
                job.work(utc_now())
            db.session.rollback()
    return Measured(reads.all, of_many, of_holds, large)


def _count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def _build_beside(patch: pytest.MonkeyPatch) -> Any:
    """The matrix's world in the demonstration's county: with numbers of its own, a policy from when theirs ends on, and
    the working days that are there."""
    patch.setattr(factories, "_count", itertools.count(5_000))
    patch.setattr(factories, "working_year", lambda *_given, **_more: None)
    last = "2026-09"
    with transaction() as session:
        running = (Policy.state == "published", Policy.effective_to > last)
        session.execute(update(Policy).where(*running).values(effective_to=last))
    return build()


def _ask(trial: Trial, case: Case) -> None:
    """As one who may."""
    actor = next((name for name, answer in case.expected.items() if answer == YES), None)
    if actor is not None:
        trial.ask(case, actor)


@contextlib.contextmanager
def _many_as_a_truth() -> Iterator[None]:
    """What SQLAlchemy makes of a function where SQL wants a condition."""

    def wrong(element: Any, compiler: Any, **options: Any) -> str:
        return f"{_in_ids_sqlite(element, compiler, **options)} = 1"

    compiles(in_ids, "sqlite")(wrong)
    db.engine.clear_compiled_cache()
    try:
        yield
    finally:
        compiles(in_ids, "sqlite")(_in_ids_sqlite)
        db.engine.clear_compiled_cache()


@contextlib.contextmanager
def _without_own_holds() -> Iterator[None]:
    (index,) = (one for one in Holding.__table__.indexes if one.name == "ix_holding_held_for")
    db.session.remove()
    index.drop(db.engine)
    try:
        yield
    finally:
        db.session.remove()
        index.create(db.engine)


def fault_of(read: Read, large: set[str]) -> str | None:
    """What is wrong with it, if anything is."""
    if read.visited > max(FEW, EACH * read.rows):
        return f"{read.visited} rows for {read.rows}"
    for step in read.plan:
        if "ANY(" in step:
            return step
        found = "AUTOMATIC" in step or (step.startswith("SCAN ") and read.visited > FEW)
        if found and table_of(step, read.statement) in large:
            return step
    return None


def table_of(step: str, statement: str) -> str:
    name = step.split()[1]
    found = re.search(rf"\b(\w+) AS {re.escape(name)}\b", statement)
    return found[1] if found else name


def faults(reads: list[Read], large: set[str]) -> dict[str, str]:
    """By who asked: the worst."""
    found: dict[str, str] = {}
    for read in sorted(reads, key=lambda read: -read.visited):
        fault = fault_of(read, large)
        if fault is not None and read.asked_by not in (TESTS, *found):
            found[read.asked_by] = f"{fault} ({read.during}): {'; '.join(read.plan)}"
    return found


def _of(found: dict[str, str], reasons: Iterable[str]) -> dict[str, str]:
    """Those for which there is no reason."""
    known = tuple(reasons)
    return {name: fault for name, fault in found.items() if not any(_meant(one, name) for one in known)}


def _meant(reason: str, name: str) -> bool:
    return name.startswith(reason) if reason.endswith(".") else name == reason


def test_no_statement_reads_what_it_does_not_need(measured: Measured) -> None:
    left = _of(faults(measured.reads, measured.large), REASONS)
    assert not left, f"{len(left)} read too much\n" + "\n".join(f"{name}: {fault}" for name, fault in left.items())


def test_every_reason_is_of_somebody_who_asks(measured: Measured) -> None:
    asking = {read.asked_by for read in measured.reads}
    nobody = [reason for reason in REASONS if not any(_meant(reason, name) for name in asking)]
    assert not nobody, nobody


def test_everything_was_asked(measured: Measured) -> None:
    """What is not asked is not measured."""
    during = {read.during for read in measured.reads}
    assert {f"job {job.name}" for job in JOBS} <= during
    routes = {case.route for case in read_cases()}
    assert len(routes & during) > 0.9 * len(routes), routes - during
    assert len({read.statement for read in measured.reads}) > 500


def test_what_was_wrong_once_is_found(measured: Measured, engine_name: str) -> None:
    """Two faults of old that made half of a booking's time. The first is SQLite's alone."""
    of_holds = _of(faults(measured.of_holds, measured.large), REASONS)
    assert any(name.startswith("booking.services.holdings.") for name in of_holds), of_holds
    of_many = _of(faults(measured.of_many, measured.large), REASONS)
    assert engine_name != "sqlite" or any(name.startswith("audit.queries.") for name in of_many), of_many
