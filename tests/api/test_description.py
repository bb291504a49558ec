"""Every address of the API, called with what its own description calls right and wrong, on demonstration data: nothing
breaks, no answer is other than described. The same cases on every run."""

import contextlib
import contextvars
import zlib
from collections.abc import Callable
from contextlib import closing
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from sqlalchemy import or_, select

from labshare.accounts.queries import person_by_email
from labshare.booking.models import Booking, Charge, Proposal
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.demonstration.load import load
from labshare.demonstration.scale import Scale
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from labshare.organisations.queries import account_of_person
from labshare.organisations.services import issue_token
from labshare.rewards.models import Policy, RewardRun
from labshare.settlement.models import Payment, Report

pytestmark = pytest.mark.slow

ENGINES = ("sqlite",)  # what is asked here is how the web side reads and writes; SQL has its own tests on both
SMALL = Scale("small", counties=1, clients=100, bookings=1_000, labs=20)
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
ROLES = ("client", "lab", "officer")
NAMES = {"test_item": "item_id", "instrument": "instrument_id", "lab": "code", "replaces": "report_id"}
"""Names in bodies and queries that mean what a name in an address means."""
Known = dict[str, list[Any]]


@pytest.fixture
def tokens(app: Flask, clock: Any) -> dict[str, str]:
    load(scale=SMALL, seed=7, now=clock.now)
    secrets = {}
    for role in ROLES:
        person = person_by_email(f"{role}@demo.example")
        assert person is not None
        account = account_of_person(person.id, demonstration=True)
        assert account is not None
        actor = account.actor()
        with transaction():
            secrets[role] = issue_token(actor=actor, now=utc_now(), scope="write", name="all of it")[1]
    return secrets


@pytest.fixture
def known(tokens: dict[str, str]) -> Known:
    """What is really there, by its name in an address; bookings of these people in every state they have."""

    def ids(column: Any) -> list[Any]:
        return list(db.session.scalars(select(column).limit(12)))

    people = [person_by_email(f"{role}@demo.example") for role in ("client", "lab")]
    firms = [account.actor().firm_id for each in people if each and (account := account_of_person(each.id))]
    refs: dict[tuple[Any, ...], str] = {}
    mine = or_(Booking.client_firm_id.in_(firms), Booking.lab_firm_id.in_(firms))
    for row in db.session.scalars(select(Booking).where(mine).order_by(Booking.id.desc())):
        refs.setdefault((row.state, row.client_firm_id in firms), row.ref)
    labs = list(db.session.scalars(select(Lab.code).where(Lab.firm_id.in_(firms))))
    return {
        "ref": list(refs.values()),
        "proposal_id": ids(Proposal.id),
        "charge_id": ids(Charge.id),
        "report_id": ids(Report.id),
        "payment_id": ids(Payment.id),
        "policy_id": ids(Policy.id),
        "instrument_id": ids(Instrument.id),
        "item_id": ids(TestItem.id),
        "code": labs,
        "lab": labs,
        "month": [*ids(RewardRun.month)[-3:], "2026-11"],
    }


def make_real(case: Any, known: Known) -> None:
    """Put what is there in the place of most invented names, chosen by the case itself."""
    chance = zlib.crc32(repr((case.path_parameters, case.query, repr(case.body)[:200])).encode())

    def pick(name: str) -> Any:
        return known[name][chance // 8 % len(known[name])]

    for name in case.path_parameters or {}:
        if chance % 8 and known.get(name):
            case.path_parameters[name] = pick(name)
    for box in (case.query, case.body):
        for name in list(box) if isinstance(box, dict) and chance % 3 else ():
            if name in NAMES and isinstance(box[name], str | int):
                box[name] = pick(NAMES[name])
            elif name in ("starts_at", "ends_at", "at", "from", "to") and "T" in str(box[name]) and chance & 512:
                box[name] = f"2026-11-{24 + (chance >> 3) % 6}T{8 + (chance >> 7) % 10:02}:00:00+08:00"
            elif name == "quantity" and isinstance(box[name], int):
                box[name] = 1 + (chance >> 13) % 5


def findings(
    operation: Any, mode: GenerationMode, examples: int, headers: dict[str, str], prepare: Callable[[Any], None]
) -> list[str]:
    """What is wrong with the answers of one address."""
    found: list[str] = []

    @hypothesis.seed(1)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        prepare(case)
        response = contextvars.Context().run(case.call, headers=headers)
        try:
            case.validate_response(response, checks=CHECKS, headers=headers)
        except BaseExceptionGroup as group:
            found.extend(f"{operation.label}: {error}" for error in group.exceptions)
        except AssertionError as error:
            found.append(f"{operation.label}: {error}")

    with contextlib.suppress(Unsatisfiable):  # nothing wrong can be said to an address that takes every text
        call()
    return found


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-CN", ("须为整数。", "此项必填。")), ("en", ("A whole number.", "This is needed."))],
)
def test_what_is_wrong_is_said_in_the_callers_language(
    client: FlaskClient, tokens: dict[str, str], language: str, words: tuple[str, str]
) -> None:
    headers = {"Authorization": f"Bearer {tokens['client']}", "Accept-Language": language}
    answer = client.post("/api/v1/holds", json={"quantity": "x", "starts_at": 5}, headers=headers)
    said = {each["field"]: each["message"] for each in answer.json["errors"]}
    assert answer.status_code == 422
    assert words[0] == said["quantity"]
    assert words[1] == said["test_item"]
    assert "RFC 3339" in said["starts_at"]


def read_whole(application: Any) -> Any:
    """Files that are sent are closed, which the checks' own client leaves undone."""

    def answer(*request: Any) -> Any:
        with closing(application(*request)) as parts:
            return [b"".join(parts)]

    return answer


def test_every_answer_is_as_described(app: Flask, tokens: dict[str, str], known: Known, monkeypatch: Any) -> None:
    monkeypatch.setattr(app, "wsgi_app", read_whole(app.wsgi_app))
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    found: list[str] = []
    addresses = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        addresses += 1
        for secret in tokens.values():
            headers = {"Authorization": f"Bearer {secret}"}
            found += findings(operation, GenerationMode.POSITIVE, 2, headers, lambda case: make_real(case, known))
        found += findings(operation, GenerationMode.NEGATIVE, 2, headers, lambda case: None)
    assert addresses > 45
    assert not found, "\n\n".join(found)
