"""Which mails come is each person's choice, topic by topic; what concerns the account always comes."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from labshare.audit.models import AuditEvent
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import SignInFirst
from labshare.notices import kinds
from labshare.notices.models import MailSwitchedOff, Notice
from labshare.notices.services import choose_mails, notify
from labshare.notices.terms import Topic
from tests import factories as make
from tests.conftest import Clock
from tests.mails import letters_to
from tests.signing import sign_in

TELLS = {
    "firm.verified": {"firm": "甲厂"},
    "account.password_changed": {},
}


def notified(person: make.Person, clock: Clock) -> list[str]:
    """The kinds of mails that a notice of each of these kinds came to."""
    with transaction():
        for kind, params in TELLS.items():
            notify(kind=kind, params=params, person_ids=[person.id], now=clock.now)
    found = [letter.subject for letter in letters_to(person.email)]
    db.session.commit()
    return found


def choose(person: make.Person, clock: Clock, *off: str) -> None:
    with transaction():
        choose_mails(actor=Actor(person_id=person.id), now=clock.now, off=off)


def test_a_topic_is_switched_off_and_on(app: Flask, clock: Clock) -> None:  # R-TOLD-4
    with transaction():
        someone, other = make.person(), make.person()
    assert len(notified(someone, clock)) == 2
    choose(someone, clock, Topic.FIRM_NEWS)
    assert len(notified(someone, clock)) == 3, "the password's mail alone"
    assert len(notified(other, clock)) == 2
    assert db.session.query(Notice).filter_by(person_id=someone.id).count() == 4, "notices come all the same"
    choose(someone, clock)
    assert len(notified(someone, clock)) == 5


def test_the_account_is_not_switched_off(app: Flask, clock: Clock) -> None:  # R-TOLD-4
    with transaction():
        someone = make.person()
    choose(someone, clock, *Topic)
    assert Topic.ACCOUNT not in {row.topic for row in db.session.query(MailSwitchedOff)}
    assert len(notified(someone, clock)) == 1
    statement = "INSERT INTO mail_switched_off (person_id, topic, since) VALUES (:id, 'security', '2026-11-24')"
    with pytest.raises(IntegrityError):
        db.session.execute(text(statement), {"id": someone.id})


def test_a_choice_is_in_the_trail(app: Flask, clock: Clock) -> None:  # R-TOLD-4
    with transaction():
        someone = make.person()
    choose(someone, clock, Topic.REPORT, Topic.INVOICE)
    choose(someone, clock, Topic.REPORT)
    event = db.session.query(AuditEvent).order_by(AuditEvent.id.desc()).first()
    assert event is not None
    assert (event.action, event.before, event.after) == (
        "notice.choose_mails",
        {"mails_off": ["invoices", "reports"]},
        {"mails_off": ["reports"]},
    )
    with pytest.raises(SignInFirst), transaction():
        choose_mails(actor=Actor(), now=clock.now, off=())


def test_every_kind_has_its_topic() -> None:
    """What is asked for, or tells of rights and bank accounts, comes always."""
    always = {name for name, words in kinds.KINDS.items() if words.topic is Topic.ACCOUNT}
    assert always >= {name for name in kinds.KINDS if name.startswith(("account.", "firm.bank_", "regulator."))}
    assert {words.topic for words in kinds.KINDS.values()} == set(Topic), "a topic that no mail has"


@pytest.mark.parametrize(("language", "saved"), [("zh-CN", "已保存"), ("en", "Saved")])
def test_its_page(app: Flask, clock: Clock, client: FlaskClient, language: str, saved: str) -> None:  # R-TOLD-4
    with transaction():
        firm = make.firm()
        owner, officer = make.member(firm, "owner"), make.regulator("officer")
    head = {"Accept-Language": language}
    sign_in(client, owner, firm)
    page = client.get("/account/mails", headers=head).text
    assert page.count(" checked") == page.count('name="topics"') > 5
    assert 'value="new_bookings"' not in page, "it has no lab"
    answer = client.post("/account/mails", data={"topics": ["reports", "digest"]}, headers=head, follow_redirects=True)
    assert saved in answer.text
    assert answer.text.count(" checked") == 2
    off = {row.topic for row in db.session.query(MailSwitchedOff)}
    assert {"invoices", "reminders"} <= off
    assert not off & {"reports", "digest", "new_bookings", "security"}
    wrong = client.post("/account/mails", data={"topics": ["security"]}, headers=head)
    assert wrong.status_code == 422
    sign_in(client, officer, None)
    assert 'value="rewards"' in client.get("/account/mails", headers=head).text
