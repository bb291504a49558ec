"""No cache, the browser's own either, keeps what is not public: every address that can be read is asked for.

On SQLite alone: headers do not depend on the engine.
"""

from typing import Any

import pytest
from flask import Flask

from tests.rights.matrix import YES, Trial, nothing_stays, read_cases
from tests.rights.world import build

ENGINES = ("sqlite",)
pytestmark = pytest.mark.timeout(600)
PUBLIC = {
    "public",
    "api_catalogue",
    "documentation",
    "api-docs.openapi_json",
    "api_booking.slots",
    "api_oversight.public_statistics",
}


def is_public(endpoint: str) -> bool:
    return endpoint in PUBLIC or endpoint.partition(".")[0] in PUBLIC


def test_nothing_that_is_not_public_is_kept_by_a_cache(app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(app, build())
    asked, wrong = set(), []
    with nothing_stays(monkeypatch):
        for case in read_cases():
            method, _space, endpoint = case.route.partition(" ")
            if method != "GET":
                continue
            path = case.path.format(**trial.world.places)
            one = next((name for name, answer in case.expected.items() if answer == YES and name != "visitor"), None)
            file = f"{path}{'&' if '?' in path else '?'}format=csv"
            for actor, address in [("visitor", path), *((one, address) for address in (path, file) if one)]:
                answer = ask(trial, address, actor)
                answer.close()
                asked.add(endpoint)
                kept = "no-store" not in answer.headers.get("Cache-Control", "")
                if kept and not (actor == "visitor" and is_public(endpoint) and answer.status_code < 400):
                    wrong.append(f"{address} as {actor}: {answer.headers.get('Cache-Control')}")
    assert not wrong, "\n".join(wrong)
    readable = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint != "static" and not rule.endpoint.startswith("/-")
    }
    assert readable == asked


def ask(trial: Trial, address: str, actor: str) -> Any:
    if not address.startswith("/api/"):
        return trial.clients[actor].get(address)
    token = trial.world.tokens.get(actor)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return trial.app.test_client().get(address, headers=headers)
