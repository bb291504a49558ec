"""Every writing service leaves its event in the transaction of what it changed; every refusal on money or rights one
of its own.

The steps are those of the rights matrix (each route, asked by one who may and by one who may not) and, for services no
route calls, the scenarios at the end. What is written is read from the SQL itself, so it does not matter how a service
writes.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Row, event

from labshare.audit.models import AuditEvent
from labshare.audit.services import record
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import Problem
from labshare.kernel.labels import FIELDS, SUBJECTS
from labshare.kernel.time import utc_now
from labshare.kernel.verbs import TITLES, VERBS, watching
from labshare.notices.models import Notice
from tests import factories as make
from tests.conventions.facts import columns_written, facts_that_count
from tests.conventions.trail_steps import EXEMPT, steps
from tests.rights.matrix import NO, YES, Trial, nothing_stays, read_cases
from tests.rights.world import build
from tests.web.reading import CHINESE, FREE_TEXT

pytestmark = pytest.mark.timeout(900)
ENGINES = ("sqlite",)  # the services are the same; what they write does not depend on the engine

NOT_BUSINESS = {
    "audit_event": "the trail itself",
    "audit_address": "the trail itself",
    "audit_entry": "the trail itself",
    "notice": "tells of a change, is none",
    "outbox_mail": "tells of a change, is none",
    "mobile_code": "codes on their way; asking for one and signing in by it are events",
    "sign_in_session": "who is signed in; signing in and out are events",
    "idempotency_key": "answers kept for repeated requests",
    "job_run": "the scheduler's own book",
    "search_document": "an index, made from what was changed",
    "firm_search": "what a firm's people typed last, for them alone",
}
DAY = re.compile(r"\d{4}-\d\d-\d\d")
QUIET_TABLES = re.compile(r"search|fts|bigram")
WRITES = re.compile(r"""\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|UPDATE|DELETE\s+FROM)\s+["`]?(\w+)""", re.IGNORECASE)


@dataclass
class Seen:
    """What one request or step wrote, and which verbs ran in it."""

    changed: set[str] = field(default_factory=set)
    events: int = 0
    verbs: list[tuple[str, Problem | None]] = field(default_factory=list)
    wordless: set[str] = field(default_factory=set)
    """Actions, subjects and values in the trail that no page has a word for; data of notices in one language."""
    columns: set[str] = field(default_factory=set)
    """What was written, as `table.column`; of a new row, what is not null."""

    @property
    def done(self) -> frozenset[str]:
        """The verbs that ran to their end; none where one was refused, for then nothing stays."""
        refused = any(problem is not None for _action, problem in self.verbs)
        return frozenset() if refused else frozenset(action for action, _problem in self.verbs)

    @property
    def unrecorded(self) -> set[str]:
        """Tables changed in a step without an event. What a refusal rolled back does not count."""
        refused = any(problem is not None for _action, problem in self.verbs)
        return set() if self.events or refused else self.changed


@contextlib.contextmanager
def looking() -> Iterator[Seen]:
    seen = Seen()

    def after(connection: Any, cursor: Any, statement: str, given: Any, *_rest: Any) -> None:
        match = WRITES.match(statement)
        if match is None:
            return
        table = match[1].lower()
        if cursor.rowcount != 0 or statement.lstrip()[:6].upper() == "INSERT":  # none yet where rows are given back
            seen.columns |= {f"{table}.{column}" for column in columns_written(statement, given)}
        if table in ("audit_event", "audit_entry"):
            seen.events += 1
            seen.wordless |= _wordless(_written(connection))
        elif table not in NOT_BUSINESS and not QUIET_TABLES.search(table) and cursor.rowcount != 0:
            seen.changed.add(table)

    def told(_mapper: Any, _connection: Any, row: Notice) -> None:
        seen.wordless.update(
            f"place {place} of {row.kind}: Chinese without its English"
            for place, value in row.params.items()
            if isinstance(value, str) and CHINESE.search(value) and place not in FREE_TEXT
        )

    event.listen(db.engine, "after_cursor_execute", after)
    event.listen(Notice, "before_insert", told)
    try:
        with watching(lambda action, problem: seen.verbs.append((action, problem))):
            yield seen
    finally:
        event.remove(db.engine, "after_cursor_execute", after)
        event.remove(Notice, "before_insert", told)


def _written(connection: Connection) -> Row[Any]:
    """The last event as it stands in the table, whichever way it came there."""
    table = AuditEvent.__table__
    return connection.execute(table.select().order_by(table.c.id.desc()).limit(1)).one()


def _wordless(row: Row[Any]) -> set[str]:
    """What in an event no page has a word for."""
    found = set()
    if not row.action.startswith("page.") and row.action not in TITLES:
        found.add(f"action {row.action}")
    if row.subject_type not in SUBJECTS and not row.refused:
        found.add(f"subject {row.subject_type}")
    names = set(row.before or {}) | set(row.after or {})
    return found | {f"value {one} of {row.action}" for one in names - set(FIELDS) if not DAY.fullmatch(one)}


@dataclass
class Report:
    ran: set[str] = field(default_factory=set)
    """Verbs that ran to their end."""
    wrong: list[str] = field(default_factory=list)
    wordless: set[str] = field(default_factory=set)
    writers: dict[str, set[frozenset[str]]] = field(default_factory=dict)
    """By `table.column`: the verbs of each step that wrote it."""


_report: Report | None = None


@pytest.fixture
def report(app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Every route once by one who may and once by one who may not, then the scenarios; done once."""
    global _report
    if _report is None:
        _report = _walk(Trial(app, build()), clock, monkeypatch)
    return _report


def _walk(trial: Trial, clock: Any, patch: pytest.MonkeyPatch) -> Report:
    report = Report()
    with nothing_stays(patch):
        for case in read_cases():
            if case.method == "GET":
                continue
            for wanted in (YES, NO):
                actor = next((name for name, answer in case.expected.items() if answer == wanted), None)
                if actor is None or actor == "visitor":
                    continue
                with looking() as seen:
                    trial.ask(case, actor)
                _judge(report, f"{case.route} {case.path} as {actor}", seen, refused=wanted == NO)
    for name, step in steps(trial.world, clock):
        with looking() as seen, contextlib.suppress(Problem), transaction():
            step()
        _judge(report, name, seen, refused=False)
        for action, problem in seen.verbs:
            if problem is not None:
                report.wrong.append(f"{name}: {action} was refused: {problem}")
    return report


def _judge(report: Report, what: str, seen: Seen, *, refused: bool) -> None:
    report.wordless |= seen.wordless
    for column in seen.columns if seen.done else ():
        report.writers.setdefault(column, set()).add(seen.done)
    if seen.unrecorded:
        report.wrong.append(f"{what}: {', '.join(sorted(seen.unrecorded))} changed without an event")
    for action, problem in seen.verbs:
        if problem is None:
            report.ran.add(action)
        elif problem.refusal is not None and not seen.events:
            report.wrong.append(f"{what}: {action} was refused ({problem.code}) and the trail knows nothing of it")
    if refused and not seen.events:
        report.wrong.append(f"{what}: refused, and the trail knows nothing of it")


def test_what_changes_has_its_event_and_what_is_refused_too(report: Report) -> None:  # R-AUDIT-1, R-AUDIT-2
    assert not report.wrong, "\n".join(report.wrong)


def test_what_the_trail_and_notices_keep_has_words(report: Report) -> None:
    assert not report.wordless


def test_every_verb_was_run(report: Report) -> None:
    missing = set(VERBS) - report.ran - set(EXEMPT)
    assert not missing, "verbs that no step ran to its end: " + ", ".join(sorted(missing))


def test_what_counts_is_written_by_the_verbs_that_the_rules_name(report: Report) -> None:  # R-FACT-1
    wrong = []
    for fact in facts_that_count():
        for column in fact.columns:
            steps_of = report.writers.get(column, set())
            wrong += [
                f"{fact.name}: {column} is written by {', '.join(sorted(done))}"
                for done in steps_of
                if done.isdisjoint(fact.verbs)
            ]
        wrote = {
            verb
            for column, steps_of in report.writers.items()
            if column.partition(".")[0] in fact.tables
            for done in steps_of
            for verb in done
        }
        wrong += [f"{fact.name}: {verb} writes none of it" for verb in sorted(fact.verbs - wrote)]
    assert not wrong, "\n".join(sorted(wrong))


def test_a_verb_that_the_rules_do_not_name_is_seen(report: Report) -> None:
    """The control: without its verb in the table, what it writes is found."""
    fact = next(fact for fact in facts_that_count() if "firm.verify" in fact.verbs)
    steps_of = [done for column in fact.columns for done in report.writers[column]]
    assert [done for done in steps_of if done.isdisjoint(fact.verbs - {"firm.verify"})]


def test_a_service_without_its_event_is_seen(app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with `record` silenced in one service, the walk finds it."""
    from labshare.organisations.services import firms

    trial = Trial(app, build())
    case = next(case for case in read_cases() if case.route == "POST admin.verify_firm")
    monkeypatch.setattr(firms, "record", lambda *_args, **_more: None)
    with nothing_stays(monkeypatch), looking() as seen:
        assert trial.ask(case, "admin")[0] == YES
    assert seen.unrecorded == {"firm"}


@pytest.mark.parametrize(
    ("action", "subject", "after", "missing"),
    [
        ("thing.unknown", ("booking", "B-1"), {"state": "requested"}, {"action thing.unknown"}),
        ("booking.book", ("thing", 1), {"state": "requested"}, {"subject thing"}),
        ("booking.book", ("booking", "B-1"), {"thing": 1, "2026-11-24": "holiday"}, {"value thing of booking.book"}),
    ],
)
def test_an_event_without_words_is_seen(
    app: Flask, clock: Any, action: str, subject: tuple[str, Any], after: dict[str, Any], missing: set[str]
) -> None:
    """The control: events are written past the session, where a listener of the mapper would wait in vain."""
    with looking() as seen, transaction():
        record(SYSTEM, utc_now(), action, subject, after=after)
    assert (seen.events, seen.wordless) == (1, missing)


def test_a_notice_in_one_language_alone_is_seen(app: Flask, clock: Any) -> None:
    """The control of the other listener: notices are still written by the session."""
    with looking() as seen, transaction() as session:
        session.add(
            Notice(
                person_id=make.person().id, kind="booking.confirmed", params={"lab": "检测中心"}, created_at=utc_now()
            )
        )
    assert len(seen.wordless) == 1
