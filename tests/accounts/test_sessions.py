"""A signed-in browser: who acts, and what ends it at the next request."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from labshare.accounts import passwords
from labshare.accounts.models import SignInSession
from labshare.accounts.sessions import end_all_sessions
from labshare.audit.models import AuditEvent
from labshare.http.actor import current_actor
from labshare.kernel.database import db
from labshare.organisations.models import Membership, RegulatorRole
from labshare.web.actor import act_for
from tests import factories as make
from tests.signing import sign_in


@pytest.fixture
def who(app: Flask, client: FlaskClient, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask the application who acts."""
    for rule, view in (
        ("/-who", lambda: _actor_as_json(current_actor())),
        ("/-act-for/<int:firm>", lambda firm: {"done": act_for(firm)}),
    ):
        if rule not in app.view_functions:
            monkeypatch.setattr(app, "_got_first_request", False)
            app.add_url_rule(rule, rule, view)
    return lambda: client.get("/-who").json


def _actor_as_json(actor: Any) -> dict[str, Any]:
    return {"person": actor.person_id, "firm": actor.firm_id, "roles": sorted(actor.roles), "address": actor.address}


def test_visitor_has_no_roles(who: Any) -> None:
    assert who() == {"person": None, "firm": None, "roles": [], "address": "127.0.0.1"}


def test_member_acts_for_the_firm_with_the_role_there(who: Any, client: FlaskClient) -> None:
    first, second = make.firm(), make.firm()
    someone = make.member(first, "booker")
    make.add(Membership(person_id=someone.id, firm_id=second.id, role="owner", started_at=make.LONG_AGO))
    sign_in(client, someone, second)
    assert who() == {"person": someone.id, "firm": second.id, "roles": ["owner"], "address": "127.0.0.1"}
    assert client.get(f"/-act-for/{first.id}").json == {"done": True}
    assert who()["roles"] == ["booker"]


def test_no_one_acts_for_a_firm_of_others(who: Any, client: FlaskClient) -> None:
    own, foreign = make.firm(), make.firm()
    sign_in(client, make.member(own, "viewer"), foreign)
    assert who()["firm"] == own.id
    assert client.get(f"/-act-for/{foreign.id}").json == {"done": False}
    assert who()["firm"] == own.id


def test_regulator_acts_with_roles_agreed_and_not_ended(who: Any, client: FlaskClient, clock: Any) -> None:
    # R-RIGHTS-10
    officer = make.regulator("officer")
    make.add(RegulatorRole(person_id=officer.id, role="admin", division="", proposed_at=make.LONG_AGO))
    sign_in(client, officer)
    assert who()["roles"] == ["officer"]
    db.session.query(RegulatorRole).filter_by(role="officer").one().ended_at = clock.now
    db.session.commit()
    assert who()["roles"] == []


@pytest.mark.parametrize("how", ["membership", "disabled", "epoch", "everywhere", "signed_out", "too_long"])
def test_access_ends_at_the_next_request(who: Any, client: FlaskClient, clock: Any, how: str) -> None:  # R-RIGHTS-10
    of = make.firm()
    someone = make.member(of, "owner")
    sign_in(client, someone, of)
    assert who()["roles"] == ["owner"]
    if how == "membership":
        db.session.query(Membership).one().ended_at = clock.now
    elif how == "disabled":
        someone.disabled_at = clock.now
    elif how == "epoch":
        someone.session_epoch += 1
    elif how == "everywhere":
        assert end_all_sessions(someone, clock.now) == 1
    elif how == "signed_out":
        stolen = client.get_cookie("session")
        client.post("/account/sign-out")
        assert stolen is not None
        client.set_cookie("session", stolen.value)
    elif how == "too_long":
        clock.advance(days=14)
    db.session.commit()
    assert who()["roles"] == []


def test_demonstration_account_is_refused_in_production(who: Any, client: FlaskClient, app: Flask) -> None:
    sign_in(client, make.regulator("officer", demonstration=True))
    assert who()["roles"] == ["officer"]
    app.config["PRODUCTION"] = True
    assert who()["person"] is None


def test_person_is_loaded_in_one_statement(who: Any, client: FlaskClient) -> None:
    of = make.firm()
    sign_in(client, make.member(of, "owner"), of)
    said: list[str] = []
    listen = lambda _c, _cur, statement, *_: said.append(statement)  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listen)
    who()
    event.remove(db.engine, "before_cursor_execute", listen)
    assert len([one for one in said if one.startswith("SELECT")]) == 1


def test_idle_browser_is_signed_out(app: Flask) -> None:
    assert app.permanent_session_lifetime == timedelta(hours=12)


PASSWORD = "long enough a pass"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0"
WECHAT = "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Version/4.0 Chrome/116.0 Mobile MicroMessenger/8.0.50"


def signed_in_with(app: Flask, agent: str, email: str) -> FlaskClient:
    browser = app.test_client()
    form = {"email": email, "password": PASSWORD}
    assert browser.post("/account/sign-in", data=form, headers={"User-Agent": agent}).status_code == 303
    return browser


@pytest.mark.engines("sqlite")
def test_who_is_signed_in_where_and_ending_one_of_them(app: Flask, clock: Any) -> None:  # R-FACTOR-11
    someone = make.member(make.firm(), password_hash=passwords.hashed(PASSWORD))
    db.session.commit()
    lost, here = signed_in_with(app, WECHAT, someone.email), signed_in_with(app, EDGE, someone.email)
    stranger = sign_in(app.test_client(), make.member(make.firm()))
    page = here.get("/account/sessions").text
    assert all(name in page for name in ("微信 · Android", "Edge · Windows", "本浏览器"))
    assert "微信" not in stranger.get("/account/sessions").text
    other, own = (one.id for one in db.session.query(SignInSession).filter_by(person_id=someone.id).order_by("id"))
    assert f"/account/sessions/{own}/end" not in page
    assert stranger.post(f"/account/sessions/{other}/end").status_code == 404
    assert lost.get("/account/").status_code == 200
    assert here.post(f"/account/sessions/{other}/end").status_code == 303
    assert [client.get("/account/").status_code for client in (lost, here)] == [303, 200]
    assert db.session.query(AuditEvent).filter_by(action="account.end_session").one().after == {"sessions_ended": 1}
    assert here.post(f"/account/sessions/{other}/end").status_code == 404, "it has ended"
    clock.advance(minutes=11)
    asked = here.post(f"/account/sessions/{own}/end")
    assert asked.status_code == 403
    assert "proof_" in asked.text, "who comes back after a while proves who it is"
