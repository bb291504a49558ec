"""Verbs: keyword `actor` and `now`, a docstring; and every one of them is within somebody's reach."""

import importlib
import inspect

import pytest

from labshare.kernel.verbs import VERBS
from tests.conventions.facts import facts_that_count
from tests.conventions.reading import ENTRANCES, ROOT, module_name, python_files, reached_from, service_files

pytestmark = pytest.mark.slow

SEEN_OTHERWISE = {
    "its page shows the months that it touches, and asks again where they or the fields have changed": (
        "affiliation.confirm affiliation.enter"
    ),
    "it is entered by the same person": "firm.set_size_class standard.publish standard.supersede",
    "the row that it names never changes": (
        "charge.consent correction.agree correction.confirm double.decide payment.accept_payer payment.confirm_payer "
        "payment.reject_payer phone.accept regulator.agree"
    ),
    "the case stays open for both sides until it is decided, with every word": "contest.decide dispute.decide",
    "it calculates anew, and refuses another result": "run.approve",
    "it ends or takes up what is the own, or no person decides": (
        "firm.reseal_accounts hold.end member.accept member.join member.leave regulator.end regulator.withdraw"
    ),
}
"""Why a verb that confirms a fact takes no digest → the verbs."""


@pytest.fixture(scope="module")
def verbs():
    """Every service marked as a verb, once all rooms are imported."""
    for file in service_files():
        importlib.import_module(module_name(file))
    assert VERBS, "no service found: does this test still look in the right places?"
    return {action: service for action, service in VERBS.items() if service.__module__.startswith("labshare.")}


def test_every_verb_takes_actor_and_now_by_keyword_and_says_what_it_does(verbs):
    wrong = []
    for action, service in verbs.items():
        parameters = inspect.signature(service).parameters
        for name in ("actor", "now"):
            if name not in parameters or parameters[name].kind is not inspect.Parameter.KEYWORD_ONLY:
                wrong.append(f"{action}: `{name}` is not a keyword-only parameter")
        if not (service.__doc__ or "").strip():
            wrong.append(f"{action}: no docstring")
    assert not wrong, "\n".join(wrong)


def test_who_confirms_a_fact_says_what_was_seen(verbs):  # R-RIGHTS-16
    """A verb in the table's cell of who confirms takes the digest or the version, or stands above with the reason."""
    confirmers = set().union(*(fact.confirmers for fact in facts_that_count()))
    known = set(" ".join(SEEN_OTHERWISE.values()).split())
    pinned = {action for action in confirmers if {"seen", "version"} & set(inspect.signature(verbs[action]).parameters)}
    assert {"policy.publish", "lab.confirm_admission", "grades.confirm", "claim.confirm", "firm.verify"} <= pinned
    assert not confirmers - pinned - known, f"neither `seen` nor a reason: {sorted(confirmers - pinned - known)}"


def test_every_verb_is_called_from_a_page_a_job_a_command_or_the_api(verbs):
    reached = reached_from(python_files(*ENTRANCES))
    unreached = [
        f"{action} ({service.__module__}.{service.__name__})"
        for action, service in verbs.items()
        if service not in reached
    ]
    assert not unreached, "services that nobody can reach:\n" + "\n".join(sorted(unreached))


def test_what_a_page_reaches_through_another_function_is_found():
    """The search follows imports and calls; it would be worthless if it found everything or nothing."""
    page = ROOT / "labshare" / "commands" / "db.py"
    names = {function.__name__ for function in reached_from([page])}
    assert {"with_app", "alembic_config", "_with_problems_printed"} <= names
    assert "confirm" not in names
