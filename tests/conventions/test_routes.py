"""Every route states what it asks of whoever comes, and what it states is what is expected of it.

The rows of `tests/rights/expected.yaml` are written from what the roles are for; here each is held against the right
that stands at the route: who gets in holds it, and no visitor gets in but where everybody may.
"""

import pytest
from click.testing import CliRunner
from flask import Flask

from labshare.commands import main
from labshare.http.rights import EVERYBODY, FOUND, SIGNED_IN, Right, declared
from labshare.kernel.terms import OfficialRole
from labshare.organisations.permissions import PERMISSIONS
from tests.rights.matrix import HIDDEN, SIGN_IN, YES, Case, read_cases, routes_of

ENGINES = ("sqlite",)
ROLES = {
    "client_owner": "owner",
    "client_approver": "firm_approver",
    "client_booker": "booker",
    "client_accountant": "accountant",
    "client_viewer": "viewer",
    "lab_owner": "owner",
    "lab_manager": "lab_manager",
    "lab_accountant": "accountant",
    "lab_viewer": "viewer",
    "stranger": "owner",
    **{role: role for role in OfficialRole},
    "officer_elsewhere": OfficialRole.OFFICER,
}
"""The matrix' actors and the role each has."""


def holds(actor: str, action: str) -> bool:
    """Whether somebody of this role could do this to anything."""
    return action == SIGNED_IN or any(role == ROLES[actor] for role, _side in PERMISSIONS[action])


def disagreements(case: Case, right: Right) -> list[str]:
    """What a row expects that the right at its route does not give. A public page may still hide what it shows."""
    if right.public:
        return []
    wrong = [] if case.expected["visitor"] in (SIGN_IN, HIDDEN) else [f"{case.route}: visitors get in"]
    return wrong + [
        f"{case.route} as {actor}: gets in without {action}"
        for action in right.actions(case.method)
        for actor, answer in case.expected.items()
        if answer == YES and actor != "visitor" and not holds(actor, action)
    ]


def rights_of(app: Flask) -> dict[str, Right]:
    return {f"{route.method} {route.endpoint}": route.right for route in declared(app)}


def test_every_route_states_its_right(app: Flask) -> None:
    assert routes_of(app) == set(rights_of(app)), "a route without @requires, @signed_in or @public"


def test_rights_are_of_the_table(app: Flask) -> None:
    for route, right in rights_of(app).items():
        unknown = {*right.actions("POST"), *right.then} - {*PERMISSIONS, EVERYBODY, SIGNED_IN}
        assert not unknown, f"{route}: {unknown}"


def test_rights_stated_agree_with_what_is_expected(app: Flask) -> None:
    stated = rights_of(app)
    wrong = [words for case in read_cases() for words in disagreements(case, stated[case.route])]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("right", "expected", "wrong"),
    [
        (Right(action="run.see"), {"visitor": SIGN_IN, "officer": YES}, 0),
        (Right(action="booking.see", of=FOUND), {"visitor": SIGN_IN, "client_viewer": YES}, 0),
        (Right(action=EVERYBODY), {"visitor": YES, "stranger": YES}, 0),
        (Right(action="run.see"), {"visitor": SIGN_IN, "lab_owner": YES}, 1),
        (Right(action="run.see"), {"visitor": YES, "officer": YES}, 1),
        (Right(action="run.see", to_post="run.approve"), {"visitor": SIGN_IN, "auditor": YES}, 1),
    ],
    ids=["regulators", "parties", "everybody", "member-gets-in", "visitor-gets-in", "posts-without"],
)
def test_disagreements_are_found(right: Right, expected: dict[str, str], wrong: int) -> None:
    assert len(disagreements(Case("POST x", "/x", expected, None, None, 0), right)) == wrong


def test_the_table_is_printed(app: Flask) -> None:
    answer = CliRunner().invoke(main, ["routes"])
    assert answer.exit_code == 0, answer.output
    lines = answer.output.splitlines()
    assert lines[0].split() == ["METHOD", "ADDRESS", "RIGHT", "OF", "DIVISION", "PROOF", "THEN"]
    assert len(lines) == len(declared(app)) + 1
    row = next(line for line in lines if "/regulator/rewards/<month>/publish" in line)
    assert row.split() == [
        "POST",
        "/regulator/rewards/<month>/publish",
        "run.publish",
        "own",
        "division",
        "?division=",
        "anew",
    ]
