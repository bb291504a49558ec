"""Route × role × another firm's object, over HTTP; and that removing any one permission check is seen by it.

On SQLite alone: who may do what is decided by the same table and the same conditions on both engines, and some 2,500
requests take their time.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alembic import command
from flask import Flask

from labshare.commands.db import alembic_config
from labshare.organisations.permissions import PERMISSIONS
from tests.rights.matrix import (
    HIDDEN,
    NO,
    YES,
    Case,
    Trial,
    nothing_stays,
    read_cases,
    refusals_undrawn,
    routes_of,
    table_of,
)
from tests.rights.world import ACTORS, build

pytestmark = pytest.mark.timeout(1800)
CASES = read_cases()

NO_ROUTE = {
    "time.lapse": "the scheduler's alone",
    "contest.pass_on": "the scheduler's alone",
    "objection.pass_on": "the scheduler's alone",
    "correction.find": "the scheduler's alone",
    "dispute.escalate_overdue": "the scheduler's alone",
    "check.mark_known": "asked by `labshare db upgrade`",
    "firm.reseal_accounts": "asked by `labshare reseal-accounts`",
    "time.grow": "the scheduler's alone",
    "time.lengthen": "the scheduler's alone",
    "booking.remind": "the scheduler's alone",
    "booking.tell_owner": "the scheduler's alone",
    "operator.tell_ending": "the scheduler's alone",
    "dispute.tell_owner": "the scheduler's alone",
    "inquiry.tell_owner": "the scheduler's alone",
    "invoice.remind": "the scheduler's alone",
    "ledger.close_month": "asked when a run is published",
    "ledger.reopen_month": "asked when a run is sent back",
}
"""Actions that no route asks for by themselves, and why."""

SHADOWED = {"time.hours": "catalogue.change"}
"""Action → another one that every route asks for first. Here both are removed; with the other alone, the action's own
check still stands."""

ENGINES = ("sqlite",)
FEW = ("visitor", "stranger", "auditor")
"""Who asks where everybody may: nobody is refused there, so nothing is learnt from the others."""

_asked: dict[str, list[tuple[int, Case, str]]] = {}
"""Action → the refusals (and lists that leave something out) in which that action was asked about, each with the number
of actions asked about before it."""
_all_asked = False
_seen_without: dict[str, bool] = {}
"""Action → whether removing its check changed an answer."""


@pytest.fixture
def begin(app: Flask, clock: Any) -> Callable[[], Trial]:
    """Build the world when it is needed, in a database that says it is of this version."""

    def trial() -> Trial:
        command.stamp(alembic_config(), "head")
        return Trial(app, build())

    return trial


def test_every_route_is_listed_and_nothing_else(app: Flask) -> None:
    listed, routes = {case.route for case in CASES}, routes_of(app)
    assert not routes - listed, "routes without expected answers: " + ", ".join(sorted(routes - listed))
    assert not listed - routes, "listed, but no route: " + ", ".join(sorted(listed - routes))


def test_everybody_gets_what_is_expected(begin: Callable[[], Trial], monkeypatch: pytest.MonkeyPatch) -> None:
    # R-RIGHTS-2, R-RIGHTS-6
    wrong = _differences(begin(), monkeypatch)
    assert not wrong, f"{len(wrong)} answers differ:\n" + "\n".join(wrong)


def _differences(trial: Trial, patch: pytest.MonkeyPatch) -> list[str]:
    global _all_asked
    wrong = []
    with nothing_stays(patch), refusals_undrawn(patch), table_of(patch) as table:
        for case in CASES:
            for actor in FEW if set(case.expected.values()) == {YES} else ACTORS:
                table.asked.clear()
                answer, seen = trial.ask(case, actor)
                if answer != case.expected[actor]:
                    wrong.append(f"{case.route} {case.path} as {actor}: {case.expected[actor]} expected, got {seen}")
                elif answer in (NO, HIDDEN) or (case.text is not None and actor not in case.read_by):
                    for before, action in enumerate(table.asked):
                        _asked.setdefault(action, []).append((before, case, actor))
    _all_asked = True
    return wrong


def _try_without_each(trial: Trial, patch: pytest.MonkeyPatch) -> None:
    """Remove the check of each action in turn, and ask again where it was asked about and somebody refused."""
    if not _all_asked:
        _asked.clear()
        _differences(trial, patch)
    for action in PERMISSIONS:
        with nothing_stays(patch), refusals_undrawn(patch):
            _seen_without[action] = any(_differs(trial, patch, action, *try_) for try_ in _tries(action))


def _tries(action: str) -> Iterator[tuple[Case, str]]:
    """Where the action was asked about early, first: later, it is a refusal's menu that asks."""
    found = [*_asked.get(action, ()), *(_asked.get(SHADOWED[action], ()) if action in SHADOWED else ())]
    for _before, case, actor in sorted(found, key=lambda one: one[0]):
        yield case, actor


def _differs(trial: Trial, patch: pytest.MonkeyPatch, action: str, case: Case, actor: str) -> bool:
    """Whether the answer changes with the action's check, and with it alone where another is removed before it."""
    before = [SHADOWED[action]] if action in SHADOWED else []
    with table_of(patch, *before, action):
        if trial.ask(case, actor)[0] == case.expected[actor]:
            return False
    with table_of(patch, *before):
        return not before or trial.ask(case, actor)[0] == case.expected[actor]


@pytest.mark.parametrize("action", sorted(set(PERMISSIONS) - set(NO_ROUTE)))
def test_removing_a_check_is_seen(action: str, begin: Callable[[], Trial], monkeypatch: pytest.MonkeyPatch) -> None:
    if not _seen_without:
        _try_without_each(begin(), monkeypatch)
    assert _seen_without[action], f"nobody is refused for want of {action}: no row of expected.yaml misses its check"
