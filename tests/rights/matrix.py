"""Reading `expected.yaml` and asking the application, over HTTP, with real sessions and tokens."""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from labshare.kernel.database import db
from labshare.kernel.terms import OfficialRole
from labshare.organisations import permissions
from labshare.organisations.terms import FirmRole
from labshare.web import errors
from tests.rights.world import ACTORS, ELSEWHERE, GROUPS, RightsWorld
from tests.settlement.world import pdf
from tests.signing import sign_in

FILE = Path(__file__).with_name("expected.yaml")
YES, NO, HIDDEN, SIGN_IN, BROKEN = "may", "refused", "hidden", "sign_in", "BROKEN"
LEAK = "LEAK"
ANSWERS = (YES, NO, HIDDEN, SIGN_IN)


@dataclass(frozen=True)
class Case:
    """One route with one path and body, and what each actor is to get."""

    route: str
    """`GET account.firm`."""
    path: str
    expected: dict[str, str]
    form: dict[str, Any] | None
    json: Any
    number: int
    text: str | None = None
    """What only `read_by` may find in the answer."""
    read_by: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        return self.route.split()[0]


def names_of(listed: Any) -> list[str]:
    """Actors of a list that may name groups, and take some out again with a minus (`members, -stranger`)."""
    found: list[str] = []
    for name in listed or []:
        out = name.startswith("-")
        for actor in GROUPS.get(name.lstrip("-"), (name.lstrip("-"),)):
            assert actor in ACTORS, f"no such actor: {actor}"
            if out:
                found.remove(actor)
            else:
                found.append(actor)
    return found


def read_cases() -> list[Case]:
    """Every row of the file; each answers for every actor, exactly once."""
    cases = []
    written = yaml.load(FILE.read_text(), Loader=yaml.CSafeLoader)
    for route, rows in written.items():
        if route.startswith("x-"):
            continue
        for number, row in enumerate(rows if isinstance(rows, list) else [rows]):
            expected: dict[str, str] = {}
            for answer in ANSWERS:
                for actor in names_of(row.get(answer)):
                    assert actor not in expected, f"{route}: {actor} has two answers"
                    expected[actor] = answer
            expected.setdefault("visitor", SIGN_IN)
            expected[ELSEWHERE] = row.get("elsewhere", expected["officer"])
            missing = set(ACTORS) - set(expected)
            assert not missing, f"{route}: no answer for {', '.join(sorted(missing))}"
            unknown = set(row) - {*ANSWERS, "elsewhere", "path", "form", "json", "text", "read_by"}
            assert not unknown, f"{route}: {unknown}"
            read_by = tuple(names_of(row.get("read_by")))
            cases.append(
                Case(route, row["path"], expected, row.get("form"), row.get("json"), number, row.get("text"), read_by)
            )
    return cases


def routes_of(app: Flask) -> set[str]:
    """`METHOD endpoint` of every route there is."""
    return {
        f"{method} {rule.endpoint}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static" and not rule.endpoint.startswith("/-")
    }


class Table(dict[str, Any]):
    """The permission table, noting which actions were asked about, in order."""

    def __init__(self, table: dict[str, Any]) -> None:
        super().__init__(table)
        self.asked: dict[str, None] = {}

    def get(self, action: str, default: Any = None) -> Any:
        self.asked.setdefault(action)
        return super().get(action, default)


EVERYBODY = tuple((role, "any") for role in (*FirmRole, *OfficialRole))


@contextlib.contextmanager
def table_of(patch: pytest.MonkeyPatch, *removed: str) -> Iterator[Table]:
    """The table in use; the checks of the `removed` actions are gone: everybody passes them."""
    table = Table(permissions.PERMISSIONS)
    for action in removed:
        table[action] = EVERYBODY
    with patch.context() as within:
        within.setattr(permissions, "PERMISSIONS", table)
        yield table


@contextlib.contextmanager
def nothing_stays(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Requests run to their end, but nothing is committed: each finds the same world."""
    with patch.context() as within:
        within.setattr(Session, "commit", Session.flush)
        yield


@contextlib.contextmanager
def refusals_undrawn(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of a refusal the status alone is asked: its page, which tests/web/test_crawler.py looks at, stays empty."""
    with patch.context() as within:
        within.setattr(errors, "render_template", lambda *_template, **_values: "")
        yield


@dataclass
class Trial:
    """The application, asked by everybody."""

    app: Flask
    world: RightsWorld
    clients: dict[str, FlaskClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for actor in ACTORS:
            client = self.app.test_client()
            if actor != "visitor":
                sign_in(client, self.world.people[actor], self.world.firms[actor])
            self.clients[actor] = client
        db.session.remove()

    def ask(self, case: Case, actor: str) -> tuple[str, str]:
        """The answer (one of `ANSWERS`, or `BROKEN`), and what was really seen."""
        path = case.path.format(**self.world.places)
        given: dict[str, Any] = {}
        if case.json is not None:
            given["json"] = self._filled(case.json)
        elif case.form is not None:
            given["data"] = self._filled(case.form)
        if path.startswith("/api/"):
            token = self.world.tokens.get(actor)
            client = self.app.test_client()
            given["headers"] = {"Authorization": f"Bearer {token}"} if token else {}
        else:
            # the cookie changes with what a page keeps in the session: begin from the same one each time
            client = self.clients[actor]
            kept = client.get_cookie("session")
        try:
            answer = client.open(path, method=case.method, **given)
        except Exception as problem:  # noqa: BLE001 - the report names it
            return BROKEN, f"{type(problem).__name__}: {problem}"
        finally:
            if not path.startswith("/api/") and kept is not None:
                client.set_cookie("session", kept.value)
        body = answer.text if case.text else ""
        answer.close()
        location = answer.location or ""
        seen = f"{answer.status_code} {location}".strip()
        if answer.status_code == 401 or "/account/sign-in" in location:
            return SIGN_IN, seen
        if answer.status_code == 403:
            return (SIGN_IN if actor == "visitor" else NO), seen
        if answer.status_code == 404:
            return HIDDEN, seen
        if answer.status_code >= 500:
            return BROKEN, seen
        if case.text is not None:
            found = case.text.format(**self.world.places) in body
            if found != (actor in case.read_by):
                return (LEAK if found else BROKEN), f"{seen} {'with' if found else 'without'} {case.text}"
        return YES, seen

    def _filled(self, thing: Any) -> Any:
        """A body with its `{places}` filled; what is nothing but a place keeps the kind of its value."""
        if isinstance(thing, dict):
            return {name: self._filled(value) for name, value in thing.items()}
        if isinstance(thing, list):
            return [self._filled(value) for value in thing]
        if not isinstance(thing, str):
            return thing
        if thing == "<pdf>":
            return io.BytesIO(pdf()), "report.pdf"
        whole = thing[1:-1] if thing.startswith("{") and thing.endswith("}") else None
        return self.world.places[whole] if whole in self.world.places else thing.format(**self.world.places)
