"""Each limit refuses, says when to come again, and keeps what was typed; counts are shared where processes are many.

On SQLite alone: what counts is kept in the limits' storage, not in the database.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import ROOT
from labshare.http import limits
from labshare.kernel.database import db
from labshare.notices.models import OutboxMail
from labshare.organisations.models import ApiToken
from labshare.organisations.services import issue_token
from tests import factories as make
from tests import valkey
from tests.settlement.world import World as Booked
from tests.signing import sign_in

pytestmark = pytest.mark.slow

ENGINES = ("sqlite",)
PASSWORD = "nine green apples"
SMALL = 3
CSRF = re.compile(r'name="csrf_token" value="[^"]+"')


@pytest.fixture
def small(make_limited: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application of which every limit is three."""
    table = {
        name: tuple(replace(one, most=SMALL, seconds=600) for one in rules) for name, rules in limits.LIMITS.items()
    }
    monkeypatch.setattr(limits, "LIMITS", table)
    return make_limited()


@dataclass
class World:
    app: Flask
    member: FlaskClient
    officer: FlaskClient
    auditor: FlaskClient
    token: dict[str, str]
    item: int
    instrument: int
    lab: str
    writer: FlaskClient
    ref: str


@pytest.fixture
def world(small: Flask, clock: Any) -> World:
    make.working_year()
    firm = make.firm()
    owner, officer, auditor = make.member(firm, "owner"), make.regulator("officer"), make.regulator("auditor")
    lab = make.lab(firm)
    instrument = make.instrument(lab)
    item = make.test_item(instrument)
    _row, secret = issue_token(actor=make.actor(owner, firm, "owner"), now=clock.now, scope="read")
    db.session.commit()
    clients = [sign_in(small.test_client(), *one) for one in ((owner, firm), (officer, None), (auditor, None))]
    booked = Booked(state="confirmed")
    writer = sign_in(small.test_client(), db.session.get(make.Person, booked.booker.person_id), booked.client)
    given = {
        "token": {"Authorization": f"Bearer {secret}"},
        "item": item.id,
        "instrument": instrument.id,
        "lab": lab.code,
    }
    return World(small, *clients, writer=writer, ref=booked.ref, **given)


def stranger(world: World, path: str, **data: str) -> Any:
    client = world.app.test_client()
    return client.post(path, data=data) if data else client.get(path)


CASES: dict[str, Callable[[World, int], Any]] = {
    "sign_in": lambda w, n: stranger(w, "/account/sign-in", email=f"a{n}@test.example", password=PASSWORD),
    "sign_up": lambda w, n: stranger(w, "/account/sign-up", email=f"a{n}@test.example", name="王颖"),
    "reset": lambda w, n: stranger(w, "/account/forgotten", email=f"a{n}@test.example"),
    "code": lambda w, _n: stranger(w, "/account/sign-in/mobile", mobile="13800000001"),
    "invitation": lambda w, n: w.member.post(
        "/account/members", data={"email": f"a{n}@test.example", "role": "viewer"}
    ),
    "invitation of one address": lambda w, _n: w.member.post(
        "/account/members", data={"email": "a@test.example", "role": "viewer"}
    ),
    "search": lambda w, n: stranger(w, f"/search?q=硬度{n}"),
    "search understood": lambda w, n: stranger(w, f"/search/understood?q=硬度{n}"),
    "search API slots": lambda w, _n: stranger(w, f"/api/v1/slots?test_item={w.item}&quantity=1"),
    "search API items": lambda w, _n: stranger(w, "/api/v1/test-items?q=硬度"),
    "offers": lambda w, _n: stranger(w, f"/test-items/{w.item}"),
    "offers instrument": lambda w, _n: stranger(w, f"/instruments/{w.instrument}"),
    "offers API": lambda w, _n: stranger(w, f"/api/v1/test-items/{w.item}"),
    "sitemap": lambda w, _n: stranger(w, "/sitemap.xml"),
    "verify": lambda w, n: stranger(w, f"/verify?number=N-1&code={n:016d}"),
    "token": lambda w, n: w.member.post("/account/tokens", data={"name": f"script {n}"}),
    "feed": lambda w, _n: stranger(w, "/calendar/none.ics"),
    "message": lambda w, n: w.writer.post(f"/bookings/{w.ref}/messages", data={"message-text": f"第 {n} 问"}),
    "feed_made": lambda w, n: w.member.post("/account/calendar", data={"of": "person", "name": f"phone {n}"}),
    "export": lambda w, _n: w.member.get("/bookings?format=xlsx"),
    "export of a regulator": lambda w, _n: w.officer.get("/regulator/ledger?format=csv"),
    "export of public figures": lambda w, _n: stranger(w, "/figures?format=csv"),
    "report": lambda w, _n: w.officer.get("/regulator/usage"),
    "report API": lambda w, _n: w.app.test_client().get(
        "/api/v1/reports/usage?from=2026-10&to=2026-10&by=lab", headers=w.token
    ),
    "progress": lambda w, _n: w.member.get("/lab/sheets/told/x"),
    "calculation": lambda w, _n: w.officer.post("/regulator/rewards/2026-10/calculate"),
    "calculation of the trail": lambda w, _n: w.auditor.post("/regulator/audit/verify"),
    "password": lambda w, _n: w.member.post(
        "/account/change-password", data={"present_password": "x", "password": "another long password"}
    ),
}
"""Limit → the n-th request under it. "sign_in_again" is the known browser's, see below."""


@pytest.mark.parametrize("name", CASES)
def test_limit_refuses_and_says_when(world: World, name: str) -> None:
    before = [CASES[name](world, number).status_code for number in range(SMALL)]
    assert 429 not in before
    assert max(before) < 500
    refused = CASES[name](world, SMALL)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    if "API" in name:
        assert refused.content_type == "application/problem+json"
        assert refused.json["type"] == "urn:labshare:problem:TooManyRequests"
        assert (refused.json["status"], refused.json["title"]) == (429, "Too Many Requests")
    else:
        assert "请求过于频繁，请 10 分钟后再试。" in refused.text


def test_known_browser_is_bounded_by_itself(small: Flask, clock: Any) -> None:
    from labshare.accounts.passwords import hashed

    someone = make.person(password_hash=hashed(PASSWORD))
    db.session.commit()
    own, form = small.test_client(), {"email": someone.email, "password": PASSWORD}
    statuses = []
    for _ in range(SMALL + 2):
        statuses.append(own.post("/account/sign-in", data=form).status_code)
        own.post("/account/sign-out")
    assert statuses == [303] * (SMALL + 1) + [429], "the first was a stranger's"


def test_every_limit_has_a_case() -> None:
    assert set(limits.LIMITS) == {name.split()[0] for name in CASES} | {"sign_in_again"}


@pytest.mark.parametrize(
    ("path", "form", "kept"),
    [
        ("/account/sign-up", {"name": "王颖", "email": "ying@test.example"}, ("王颖", "ying@test.example")),
        ("/account/forgotten", {"email": "ying@test.example"}, ("ying@test.example",)),
        ("/account/members", {"email": "ying@test.example", "role": "booker"}, ("ying@test.example",)),
        ("/account/tokens", {"name": "nightly export"}, ("nightly export",)),
    ],
)
def test_refused_form_keeps_what_was_typed_in_either_language(
    world: World, path: str, form: dict[str, str], kept: tuple[str, ...]
) -> None:
    for language, words in (("zh-CN", "请求过于频繁"), ("en", "Too many requests. Try again in 10 min.")):
        answers = [world.member.post(path, data=form, headers={"Accept-Language": language}) for _ in range(SMALL + 1)]
        assert answers[-1].status_code == 429
        assert words in answers[-1].text
        assert all(f'value="{one}"' in answers[-1].text for one in kept)


def test_refused_search_leads_back_to_the_same_question(world: World) -> None:
    for _ in range(SMALL + 1):
        answer = world.app.test_client().get("/search?q=hardness&quantity=3", headers={"Accept-Language": "en"})
    assert answer.status_code == 429
    assert 'href="/search?q=hardness&amp;quantity=3">Try again</a>' in answer.text


def test_who_is_signed_in_searches_as_often_as_needed(world: World) -> None:
    assert {world.member.get("/search?q=硬度").status_code for _ in range(SMALL + 3)} == {200}
    paths = [f"/api/v1/test-items/{world.item}"] * (SMALL + 3)
    assert {world.app.test_client().get(path, headers=world.token).status_code for path in paths} == {200}


def test_limit_of_a_firm_holds_for_its_members_together(world: World, clock: Any) -> None:
    firm_id = db.session.query(ApiToken).one().firm_id
    firm = db.session.get_one(make.Firm, firm_id)
    statuses = []
    for _ in range(SMALL + 1):
        member = sign_in(world.app.test_client(), make.member(firm, "viewer"), firm)
        statuses.append(member.get("/bookings?format=csv").status_code)
    assert statuses == [200] * SMALL + [429]


def test_a_window_later_it_is_possible_again(world: World, wall_clock: Any) -> None:
    for _ in range(SMALL + 1):
        answer = CASES["search"](world, 0)
    assert answer.status_code == 429
    wall_clock.advance(int(answer.headers["Retry-After"]) + 1)
    assert CASES["search"](world, 0).status_code == 200


def test_nothing_is_limited_where_limits_are_off(app: Flask, clock: Any) -> None:
    client = app.test_client()
    assert {client.get("/search/understood?q=x").status_code for _ in range(130)} == {200}


def test_150_resets_in_a_row_write_few_mails_and_tell_nothing(limited: Flask, clock: Any) -> None:
    known = make.person(email="known@test.example")
    db.session.commit()
    texts = {}
    for email, at, times in ((known.email, "192.0.2", 150), ("nobody@test.example", "198.51.100", 10)):
        answers = [
            limited.test_client().post(
                "/account/forgotten", data={"email": email}, environ_base={"REMOTE_ADDR": f"{at}.{number // 20}"}
            )
            for number in range(times)
        ]
        assert {answer.status_code for answer in answers} == {200}
        texts[email] = {CSRF.sub("", answer.text.replace(email, "")) for answer in answers}
    assert texts[known.email] == texts["nobody@test.example"]
    db.session.rollback()
    for email in texts:
        assert db.session.query(OutboxMail).filter_by(to=email).count() == 3
    clock.advance(hours=1, seconds=1)
    limited.test_client().post("/account/forgotten", data={"email": known.email})
    db.session.rollback()
    assert db.session.query(OutboxMail).filter_by(to=known.email).count() == 4


# ── Shared storage ────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with valkey.running_server() as address:
        yield address


def searches(app: Flask, times: int) -> list[int]:
    client = app.test_client()
    return [client.get("/search/understood?q=x").status_code for _ in range(times)]


def test_processes_share_their_counts_in_a_real_server(
    make_limited: Callable[..., Flask], server: str, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    monkeypatch.setitem(limits.LIMITS, "search", (limits.Limit(4, 600, limits.stranger),))
    one, other = (make_limited(RATELIMIT_STORAGE_URI=server) for _ in range(2))
    assert searches(one, 3) + searches(other, 2) == [200] * 4 + [429]
    refused = one.test_client().get("/search/understood?q=x")
    assert 0 < int(refused.headers["Retry-After"]) <= 600


def test_throttle_counts_in_a_real_server(make_limited: Callable[..., Flask], server: str, clock: Any) -> None:
    one, other = (make_limited(RATELIMIT_STORAGE_URI=server) for _ in range(2))
    form = {"email": "shared@test.example", "password": "wrong password 1"}
    statuses = [app.test_client().post("/account/sign-in", data=form).status_code for app in (one, other) * 6]
    assert statuses == [422] * 10 + [429] * 2


def test_each_counts_alone_in_its_memory(
    make_limited: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    """The control: without a shared storage two processes let twice as much pass."""
    monkeypatch.setitem(limits.LIMITS, "search", (limits.Limit(4, 600, limits.stranger),))
    one, other = make_limited(), make_limited()
    assert searches(one, 3) + searches(other, 3) == [200] * 6


def test_storage_that_is_away_stops_nobody_and_limits_still_hold(
    make_limited: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    monkeypatch.setitem(limits.LIMITS, "search", (limits.Limit(4, 600, limits.stranger),))
    with valkey.running_server() as address:
        app = make_limited(RATELIMIT_STORAGE_URI=address)
        assert searches(app, 1) == [200]
    assert searches(app, 5) == [200] * 4 + [429]
    form = {"email": "away@test.example", "password": "wrong password 1"}
    assert [app.test_client().post("/account/sign-in", data=form).status_code for _ in range(11)] == [422] * 10 + [429]


# ── What operators are told ───────────────────────────────────────────────


def test_operating_guide_tells_the_limits_that_hold() -> None:
    guide = (ROOT / "docs" / "operating.md").read_text()
    told = re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]+) \|", guide.partition("## Limits")[2], re.M)
    words = {
        limits.address: "address",
        limits.stranger: "address",
        limits.account: "account",
        limits.firm: "firm",
        limits.mailbox: "firm and address written to",
        limits.phone: "number",
        limits.browser: "browser",
        limits.feed: "feed",
    }
    spans = {60: "a minute", 300: "in 5 minutes", 600: "in 10 minutes", 3600: "an hour"}
    expected = {
        name: "; ".join(f"{one.most} {spans[one.seconds]} by {words[one.by]}" for one in rules)
        for name, rules in limits.LIMITS.items()
    }
    assert dict(told) == expected
