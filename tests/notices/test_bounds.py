"""How many mails go out, and in which order."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from labshare.kernel.database import db
from labshare.notices import delivery, kinds
from labshare.notices.delivery import Letter, deliver_outbox
from labshare.notices.models import OutboxMail
from labshare.notices.services import send_mail
from labshare.notices.terms import Topic
from labshare.organisations.services import invite
from tests import factories as make


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    kinds.kind("test.told", topic=Topic.FIRM_NEWS, title="told", text="told")
    yield
    del kinds.KINDS["test.told"]


def send(to: str, now: Any, times: int = 1) -> None:
    for _ in range(times):
        send_mail(to=to, kind="test.told", now=now)
    db.session.commit()


def sent(now: Any, limit: int = 100) -> list[str]:
    letters: list[Letter] = []
    deliver_outbox(now, mailer=letters.append, limit=limit)
    return [letter.to for letter in letters]


def test_mails_somebody_sits_waiting_for_go_first(app: Flask, clock: Any) -> None:
    send("crowd@test.example", clock.now, 5)
    someone = make.person(email="waiting@test.example")
    send_mail(to=someone.email, kind="account.reset", link_id=someone.id, now=clock.now)
    db.session.commit()
    assert sent(clock.now, limit=2) == ["waiting@test.example", "crowd@test.example"]


def test_one_address_gets_so_many_an_hour_and_the_rest_waits(
    app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST_TO_ADDRESS", 3)
    send("busy@test.example", clock.now, 5)
    send("other@test.example", clock.now)
    assert sent(clock.now) == ["busy@test.example"] * 3 + ["other@test.example"]
    assert sent(clock.advance(minutes=30)) == []
    assert sent(clock.advance(minutes=30, seconds=1)) == ["busy@test.example"] * 2


def test_all_together_get_so_many_an_hour_and_urgent_ones_a_tenth_more(app: Flask, clock: Any) -> None:
    app.config["MAIL_PER_HOUR"] = 10
    for number in range(12):
        send(f"a{number}@test.example", clock.now)
    assert len(sent(clock.now)) == 9
    someone = make.person(email="waiting@test.example")
    send_mail(to=someone.email, kind="account.reset", link_id=someone.id, now=clock.now)
    db.session.commit()
    assert sent(clock.now) == ["waiting@test.example"]
    assert sent(clock.now) == []
    assert len(sent(clock.advance(hours=1, seconds=1))) == 3


def test_only_so_many_links_are_written_to_one_address(app: Flask, clock: Any) -> None:
    someone = make.person()
    written = [send_mail(to=someone.email, kind="account.reset", link_id=someone.id, now=clock.now) for _ in range(150)]
    assert sum(mail is not None for mail in written) == 3
    later = clock.now + timedelta(hours=1)
    assert send_mail(to=someone.email, kind="account.reset", link_id=someone.id, now=later) is not None


def test_text_that_holds_the_sign_of_a_link_gets_none(app: Flask, clock: Any) -> None:
    firm = make.firm(name="甲\N{OBJECT REPLACEMENT CHARACTER}厂")
    invite(
        actor=make.actor(make.member(firm), firm, "owner"),
        now=clock.now,
        firm_id=firm.id,
        email="a@test.example",
        role="viewer",
    )
    letter = delivery.letter_of(db.session.query(OutboxMail).one(), clock.now)
    assert letter is not None
    assert letter.body.count("/account/invitations/") == 1
    assert re.search(r"^http://\S+/account/invitations/\S+$", letter.body, re.M)
