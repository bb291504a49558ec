"""The adversary (tests/adversary) has every verb that its roles have: a new one is played, or stands in a list."""

import pytest
from flask import Flask

from labshare.kernel.verbs import VERBS
from labshare.organisations.permissions import PERMISSIONS
from labshare.organisations.terms import FirmRole
from tests.adversary.actors import ALSO, GIVERS, MACHINES, OFFICIAL, PERSONAL, TELLING, firms_verbs, required

ENGINES = ("sqlite",)


@pytest.fixture(autouse=True)
def verbs(app: Flask) -> None:
    """They register themselves with the application."""


def test_every_verb_is_played() -> None:
    unknown = [
        f"{action}({name})"
        for action in firms_verbs()
        for name in (*required(action), *ALSO.get(action, ()))
        if f"{action}.{name}" not in GIVERS and name not in GIVERS
    ]
    assert not unknown, f"tests/adversary/actors.py: say what a firm's people give, in GIVERS: {', '.join(unknown)}"


def test_the_lists_name_verbs_that_there_are() -> None:
    listed = [*OFFICIAL, *MACHINES, *PERSONAL, *ALSO, *TELLING]
    assert set(listed) <= set(VERBS), set(listed) - set(VERBS)


def test_what_firms_do_not_play_is_granted_to_none() -> None:
    """By the table of rights: nobody of a firm may do what is called officers' or the scheduler's."""
    others = set(PERMISSIONS) & {*OFFICIAL, *MACHINES}
    granted = {action for action in others if any(FirmRole.known(role) for role, _side in PERMISSIONS[action])}
    assert others, "no action has the name of a verb"
    assert not granted
