"""Who it is and what they may is asked before a body is read, and a body is read before anybody's turn to write comes:
on every route that changes something, for everybody.

On SQLite alone: the order of these is the same on both engines.
"""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from labshare.kernel import database
from labshare.kernel.database import transaction, writing
from tests.rights.matrix import YES, Case, Trial, nothing_stays, read_cases
from tests.rights.world import ACTORS, build

ENGINES = ("sqlite",)
pytestmark = pytest.mark.timeout(900)
WRITING = [case for case in read_cases() if case.method in ("POST", "DELETE")]
ENDS_SIGNED_OUT = "POST account.sign_out_everywhere"
"""Everybody who is signed in may, and lands on the sign-in page."""
MEGABYTE = 1024 * 1024
FORM = "multipart/form-data; boundary=part"
READ, READ_WHILE_WRITING, TURN = "body read", "body read inside a transaction", "turn to write"


class Watched(io.BytesIO):
    """A body that tells when it is read."""

    seen: list[str]

    def _note(self) -> None:
        self.seen.append(READ_WHILE_WRITING if writing() else READ)

    def read(self, *size: Any) -> bytes:
        self._note()
        return super().read(*size)

    def readinto(self, place: Any) -> int:
        self._note()
        return super().readinto(place)


@pytest.fixture
def seen(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens in requests, in order."""
    events: list[str] = []
    serve, take_turn = app.wsgi_app, database.take_turn

    def watch(environ: dict[str, Any], start: Any) -> Any:
        body = Watched(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        body.seen = events
        return serve(environ | {"wsgi.input": body}, start)

    def turn() -> None:
        events.append(TURN)
        take_turn()

    monkeypatch.setattr(app, "wsgi_app", watch)
    monkeypatch.setattr(database, "take_turn", turn)
    return events


@pytest.fixture
def trial(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    built = build()
    trial = Trial(app, built)
    with nothing_stays(monkeypatch):
        yield trial


def test_no_body_is_read_inside_a_transaction(trial: Trial, seen: list[str]) -> None:
    """Nor after one: what was written for whoever sends it would wait for what is still to come."""
    late, read = [], 0
    for case in WRITING:
        for actor in [actor for actor, answer in case.expected.items() if answer == YES][:1]:
            seen.clear()
            trial.ask(case, actor)
            read += READ in seen
            if READ_WHILE_WRITING in seen or READ in seen[seen.index(TURN) if TURN in seen else len(seen) :]:
                late.append(f"{case.route} as {actor}: {seen}")
    assert read > 50, "bodies were watched"
    assert not late, "\n".join(late)


def test_who_may_not_takes_no_turn_to_write(trial: Trial, seen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """But the one in which the refusal is written to the trail, which is turned off here."""
    monkeypatch.setattr(database, "_refusal_listeners", [])
    taken = []
    for case in WRITING:
        for actor in ("visitor", "stranger", "lab_viewer"):
            if case.expected[actor] != YES:
                seen.clear()
                trial.ask(case, actor)
                if TURN in seen and (case.route != ENDS_SIGNED_OUT or actor == "visitor"):
                    taken.append(f"{case.route} as {actor}")
    assert not taken, "\n".join(taken)


def takes_files(app: Flask, case: Case) -> bool:
    return bool(getattr(app.view_functions[case.route.split()[1]], "takes_file", False))


def test_nothing_is_read_of_who_may_not_store_it(app: Flask, trial: Trial, seen: list[str]) -> None:
    """Three megabytes for each address that takes a file: none of them is read, let alone kept."""
    cases = [case for case in WRITING if takes_files(app, case)]
    assert len(cases) == 34
    # setting lead time aside is said in the body, by who may send one to that address
    let_in = {(case.route, case.path, actor) for case in cases for actor in ACTORS if case.expected[actor] == YES}
    for case in cases:
        path = case.path.format(**trial.world.places)
        for actor in [actor for actor in ACTORS if (case.route, case.path, actor) not in let_in]:
            seen.clear()
            answer = send(app, trial, actor, path, 3 * MEGABYTE)
            assert answer.status_code in (401, 403, 404), (case.route, actor, answer.status_code)
            assert seen.count(READ) == 0, (case.route, actor)


def test_a_form_without_a_file_takes_a_megabyte(app: Flask, trial: Trial, seen: list[str]) -> None:
    for case in WRITING:
        if takes_files(app, case) or case.method == "DELETE":
            continue
        path = case.path.format(**trial.world.places)
        allowed = [actor for actor in ACTORS if case.expected[actor] == YES]
        for actor in allowed[:1]:
            seen.clear()
            answer = send(app, trial, actor, path, MEGABYTE + 1)
            assert answer.status_code == 413, (case.route, actor, answer.status_code)
            assert not seen, case.route


def send(app: Flask, trial: Trial, actor: str, path: str, size: int) -> Any:
    """A form with a file of this size, as one of the world's people sends it."""
    if path.startswith("/api/"):
        token = trial.world.tokens.get(actor)
        client, headers = app.test_client(), {"Authorization": f"Bearer {token}"} if token else {}
    else:
        client, headers = trial.clients[actor], {}
    head = b'--part\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    body = head + b"x" * (size - len(head) - 12) + b"\r\n--part--\r\n"
    return client.post(path, data=body, content_type=FORM, headers=headers)


def test_reading_too_early_or_too_late_raises(app: Flask) -> None:
    """Whoever tries it learns so at once, wherever the code stands."""
    with app.test_request_context("/", method="POST", data={"a": "1"}) as early:
        early.request.sealed = True
        with pytest.raises(RuntimeError, match="once its sender's right is checked"):
            _ = early.request.form
    with app.test_request_context("/", method="POST", data={"a": "1"}) as late:
        with transaction(), pytest.raises(RuntimeError, match="before the transaction begins"):
            _ = late.request.form
        assert late.request.form["a"] == "1"
