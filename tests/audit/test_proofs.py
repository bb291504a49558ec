"""Proofs that an event is in the trail and that one head continues another, checked by somebody who shares no code."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from labshare.audit import proofs, rules, services
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotFound
from labshare.kernel.time import utc_now
from tests import factories as make
from tests.api.conftest import token_for
from tests.independent import trail as stranger
from tests.signing import sign_in

SIZES = (3, 1, 5, 2, 4, 1, 1)


@pytest.fixture
def key(app: Flask) -> str:
    return str(app.config["AUDIT_PUBLIC_KEY"])


@pytest.fixture
def heads(app: Flask, clock: Any) -> list[rules.Head]:
    """A head after each seal but the last two."""
    found = []
    for number, size in enumerate(SIZES):
        with transaction():
            for each in range(size):
                services.record(SYSTEM, utc_now(), "thing.change", ("thing", each), None, {"名": "值"})
        services.seal(utc_now(), key=app.config["AUDIT_KEY"])
        if number < 5 and (head := services.publish_head(utc_now(), key=app.config["AUDIT_KEY"])):
            found.append(head)
        clock.advance(days=1)
    return found


def public_json(client: FlaskClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_each_head_continues_each_earlier_one(heads: list[rules.Head], client: FlaskClient) -> None:  # R-AUDIT-12
    for first in heads:
        for second in heads[first.id - 1 :]:
            proof = public_json(client, f"/api/v1/audit/heads/{first.id}/consistency/{second.id}")
            assert stranger.continues(proof, proof["public_key"])
            if first is not second:
                assert not stranger.continues({**proof, "path": proof["path"][1:]}, proof["public_key"])
    assert client.get("/api/v1/audit/heads/2/consistency/1").status_code == 404
    assert client.get("/api/v1/audit/heads/1/consistency/99").status_code == 404


def test_a_head_is_public_and_holds(heads: list[rules.Head], client: FlaskClient, key: str) -> None:  # R-AUDIT-10
    listed = public_json(client, "/api/v1/audit/heads?limit=2")
    assert [one["id"] for one in listed["items"]] == [5, 4]
    assert public_json(client, f"/api/v1/audit/heads?cursor={listed['next_cursor']}")["items"][0]["id"] == 3
    head = public_json(client, "/api/v1/audit/heads/5")
    assert head["public_key"] == key
    assert stranger.head_holds(head, key)
    assert not stranger.head_holds({**head, "events": head["events"] + 1}, key)
    assert client.get("/api/v1/audit/heads/6").status_code == 404
    page = client.get("/audit/heads").text
    assert all(head.root in page for head in heads)
    assert key in page


def proof_of(number: int) -> dict[str, Any]:
    """As it is downloaded."""
    return json.loads(json.dumps(proofs.inclusion(number), default=vars))


def test_every_event_below_a_head_is_proved(heads: list[rules.Head], key: str) -> None:  # R-AUDIT-12
    for number in range(1, 16):
        proof = proof_of(number)
        assert stranger.in_trail(proof, key), number
        assert not stranger.in_trail(proof, "0" * 64)


TAMPERED: dict[str, Callable[[Any], None]] = {
    "another event": lambda proof: proof.update(said=proof["said"].replace("thing.change", "thing.chance")),
    "another number": lambda proof: proof.update(event=proof["event"] + 1),
    "another place": lambda proof: proof["seal"].update(position=proof["seal"]["position"] + 1),
    "another seal": lambda proof: proof.update(index=proof["index"] + 1),
    "another signature of the seal": lambda proof: proof["seal"].update(signature="0" * 128),
    "another root": lambda proof: proof["seal"].update(root="0" * 64),
    "another head": lambda proof: proof["covered_by"].update(root="0" * 64),
    "a shorter way": lambda proof: proof["path"].clear(),
    "a longer way": lambda proof: proof["path"].append("0" * 64),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_proof_of_something_else_does_not_hold(heads: list[rules.Head], key: str, what: str) -> None:
    proof = copy.deepcopy(proof_of(7))
    TAMPERED[what](proof)
    assert not stranger.in_trail(proof, key)


def test_what_is_not_covered_yet_says_so(heads: list[rules.Head], key: str) -> None:
    with transaction():
        services.record(SYSTEM, utc_now(), "thing.change", ("thing", 1))
    last = sum(SIZES) + 5
    sealed, unsealed = proofs.inclusion(last), proofs.inclusion(last + 1)
    assert sealed.seal is not None
    assert sealed.covered_by is None
    assert unsealed.seal is None
    assert json.loads(unsealed.said)["id"] == last + 1
    with pytest.raises(NotFound):
        proofs.inclusion(last + 2)


def test_the_auditor_takes_the_proof_from_the_trail(heads: list[rules.Head], client: FlaskClient, key: str) -> None:
    sign_in(client, make.regulator("auditor"))
    assert "/regulator/audit/events/7/proof" in client.get("/regulator/audit?action=thing.change").text
    answer = client.get("/regulator/audit/events/7/proof")
    assert answer.headers["Content-Disposition"] == "attachment; filename=event-7.json"
    assert stranger.in_trail(answer.json, key)
    token = token_for(make.regulator("auditor"))
    db.session.commit()
    assert stranger.in_trail(client.get("/api/v1/audit/events/7/proof", headers=token).json, key)
    unsealed = client.get(f"/api/v1/audit/events/{sum(SIZES) + 5}/proof", headers=token).json
    assert unsealed["covered_by"] is None


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40), st.data())
def test_paths_are_those_of_the_rfc(leaves: list[bytes], data: Any) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    size, root = data.draw(st.integers(1, len(leaves))), rules.merkle_root(leaves)
    path = [each.hex() for each in rules.inclusion(index, leaves)]
    assert stranger.included(leaves[index], index, len(leaves), path, root)
    way = [each.hex() for each in rules.consistency(size, leaves)]
    assert stranger.consistent(size, rules.merkle_root(leaves[:size]), len(leaves), root, way)
