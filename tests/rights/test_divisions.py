"""What a regulator of one county finds of another one's, wherever they look: nothing; of a containing one: all."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from flask import Flask

from labshare.commands.db import alembic_config
from labshare.http.rights import right_of
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from labshare.organisations import services as organisations
from labshare.organisations.models import Firm
from tests import factories as make
from tests.rights.matrix import Case, Trial, nothing_stays, read_cases
from tests.rights.world import ELSEWHERE, build
from tests.signing import sign_in

pytestmark = pytest.mark.timeout(1800)
ENGINES = ("sqlite",)
FILES = (
    "/regulator/bookings?format=csv",
    "/regulator/ledger?month=2026-06&format=csv",
    "/regulator/usage?from=2026-01&to=2026-11&by=firm&format=csv",
    "/api/v1/reports/usage?from=2026-01&to=2026-11&by=firm&format=csv",
)
"""Lists as files, beside the pages."""
SHOWING_SOME = 14
"""At least so many answers tell a regulator of the province something of the county."""


@pytest.fixture
def trial(app: Flask, clock: Any) -> Trial:
    command.stamp(alembic_config(), "head")
    world = build()
    with transaction():
        db.session.get_one(Firm, world.places["client_firm"]).name = "金丝雀客户"
    return Trial(app, world)


def _looks(trial: Trial) -> Iterator[Case]:
    """Every page and row of the API that is read and not everybody's."""
    for case in read_cases():
        endpoint = case.route.split()[1]
        with trial.app.test_request_context():
            right = right_of(endpoint)
        if case.method == "GET" and right is not None and not right.public:
            yield case
    expected = dict.fromkeys(("visitor",), "sign_in")
    yield from (Case(f"GET {path}", path, expected, None, None, 0) for path in FILES)


def _canaries_shown(trial: Trial, actor: str, canaries: set[str]) -> dict[str, set[str]]:
    """Address → what of the canaries the answer names."""
    found = {}
    for case in _looks(trial):
        path = case.path.format(**trial.world.places)
        client, headers = trial.clients[actor], {}
        if path.startswith("/api/"):
            client, headers = trial.app.test_client(), {"Authorization": f"Bearer {trial.world.tokens[actor]}"}
        kept = trial.clients[actor].get_cookie("session")
        answer = client.get(path, headers=headers)
        asked_for = {one for one in canaries if one in path}
        named = {one for one in canaries - asked_for if one in answer.get_data().decode(errors="ignore")}
        answer.close()
        if kept is not None:
            trial.clients[actor].set_cookie("session", kept.value)
        if named:
            found[path] = named
    return found


def _canaries(trial: Trial) -> set[str]:
    """What is the county's alone: its bookings, the client that booked there, the quote, the lab on pages that are not
    everybody's."""
    places = trial.world.places
    refs = {str(one) for one in places.values() if str(one).startswith(("B-", "Q-"))}
    return {"金丝雀客户", str(places["client_uscc"]), str(places["lab_code"]), *refs}


def test_another_county_is_told_nothing_and_the_province_all(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:  # R-RIGHTS-13, R-RIGHTS-14
    canaries = _canaries(trial)
    assert len(canaries) > 8
    with transaction():
        of_province = make.regulator("auditor", "33")
    trial.world.people["of_province"], trial.world.firms["of_province"] = of_province, None
    with transaction():
        _row, trial.world.tokens["of_province"] = organisations.issue_token(
            actor=make.actor(of_province, None, "auditor", division="33"), now=utc_now(), scope="read"
        )
    trial.clients["of_province"] = trial.app.test_client()
    sign_in(trial.clients["of_province"], of_province, None)
    with nothing_stays(monkeypatch):
        assert _canaries_shown(trial, ELSEWHERE, canaries) == {}
        shown = _canaries_shown(trial, "of_province", canaries)
    assert len(shown) >= SHOWING_SOME, sorted(shown)
    assert canaries >= set().union(*shown.values()) >= {"金丝雀客户", str(trial.world.places["lab_code"])}
