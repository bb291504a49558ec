"""Verbs: keyword `actor` and `now`, a docstring; and every one of them is within somebody's reach."""

import importlib
import inspect

import pytest

from labshare.kernel.verbs import VERBS
from tests.conventions.reading import ENTRANCES, ROOT, module_name, python_files, reached_from, service_files

pytestmark = pytest.mark.slow


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
    assert {"with_app", "alembic_config", "_in_words"} <= names
    assert "confirm" not in names
