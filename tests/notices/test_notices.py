"""Telling people in the application and by mail, in their own language; sending, failing, sending again."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import lazy_gettext as _l

from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.months import Month
from labshare.notices import kinds
from labshare.notices.delivery import BACK_OFF, Letter, deliver_outbox, message, queue_of_mail
from labshare.notices.kinds import title_of
from labshare.notices.models import Notice, OutboxMail
from labshare.notices.queries import notices_of, unread_count
from labshare.notices.services import Audience, mark_read, notify, people_in, send_mail
from labshare.notices.terms import Topic
from tests import factories as make
from tests.mails import letters


@pytest.fixture(autouse=True)
def kind() -> Iterator[str]:
    yield kinds.kind(
        "test.asked",
        topic=Topic.FIRM_NEWS,
        title="%(client)s: %(amount_fen)s",
        text="%(starts_at)s, %(on)s, %(month)s, %(state)s, %(ref)s",
    )
    del kinds.KINDS["test.asked"]


def params() -> dict[str, Any]:
    return {
        "client": in_both_languages(make.firm(name="甲厂", name_en="Factory A")),
        "amount_fen": 123450,
        "starts_at": datetime(2026, 11, 24, 6, 30, tzinfo=UTC),
        "on": date(2026, 12, 1),
        "month": Month(2026, 11),
        "state": _l("no such message"),
        "ref": "B-202611-7K3QX",
    }


def test_each_reads_in_the_own_language(app: Flask, clock: Any) -> None:
    of = make.firm()
    chinese, english = make.member(of, "owner", locale="zh_Hans_CN"), make.member(of, "owner", locale="en")
    assert notify(kind="test.asked", params=params(), firm_id=of.id, roles=["owner"], url="/x", now=clock.now) == 2
    mails = {letter.to: letter for letter in letters()}
    assert mails[chinese.email].subject == "甲厂: 1,234.50 元"
    assert (
        "11月24日 周二 14:30, 2026年12月1日, 2026年11月, no such message, B-202611-7K3QX" in mails[chinese.email].body
    )
    assert mails[english.email].subject == "Factory A: ¥1,234.50"
    assert "Tue 24 Nov, 14:30, 1 December 2026, November 2026," in mails[english.email].body
    assert f"{app.config['BASE_URL']}/x" in mails[english.email].body


def test_told_once_each_and_the_doer_not(app: Flask, clock: Any) -> None:
    of = make.firm()
    owner, booker, viewer = (make.member(of, role) for role in ("owner", "booker", "viewer"))
    officer = make.regulator("officer")
    gone = make.member(of, "owner", disabled_at=clock.now)
    notify(
        kind="test.asked",
        params=params(),
        person_ids=[owner.id, gone.id],
        firm_id=of.id,
        roles=["owner", "booker"],
        regulators=["officer"],
        but=booker.id,
        now=clock.now,
    )
    db.session.flush()
    assert sorted(notice.person_id for notice in db.session.query(Notice)) == sorted([owner.id, officer.id])
    assert viewer.id not in {notice.person_id for notice in db.session.query(Notice)}


def test_rolled_back_with_what_it_is_about(app: Flask, clock: Any) -> None:
    someone = make.person()
    db.session.commit()

    def step() -> None:
        with transaction():
            notify(kind="test.asked", params=params(), person_ids=[someone.id], now=clock.now)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        step()
    assert not db.session.query(Notice).count()
    assert not letters()


def test_unknown_kind_is_a_mistake_of_ours(app: Flask, clock: Any) -> None:
    with pytest.raises(KeyError):
        notify(kind="test.unknown", person_ids=[1], now=clock.now)


def test_only_own_notices_are_marked_read(app: Flask, clock: Any) -> None:
    one, other = make.person(), make.person()
    notify(kind="test.asked", params=params(), person_ids=[one.id, other.id], now=clock.now)
    db.session.flush()
    foreign = notices_of(other.id)[0]
    assert mark_read(actor=Actor(person_id=one.id), now=clock.now, notice_ids=[foreign.id]) == 0
    assert mark_read(actor=Actor(person_id=one.id), now=clock.now) == 1
    assert (unread_count(one.id), unread_count(other.id)) == (0, 1)
    assert title_of(foreign.kind, foreign.params).startswith("甲厂")


def test_sent_once(app: Flask, clock: Any) -> None:
    send_mail(to="a@test.example", kind="test.asked", params=params(), now=clock.now)
    db.session.commit()
    sent: list[Letter] = []
    assert deliver_outbox(clock.now, mailer=sent.append) == 1
    assert deliver_outbox(clock.now, mailer=sent.append) == 0
    assert [letter.to for letter in sent] == ["a@test.example"]


def test_failure_backs_off_and_is_given_up_in_the_end(app: Flask, clock: Any) -> None:
    send_mail(to="a@test.example", kind="test.asked", params=params(), now=clock.now)
    db.session.commit()
    tries: list[datetime] = []

    def refuse(letter: Letter) -> None:
        tries.append(clock.now)
        raise OSError("the mail host is away")

    due = [clock.now]
    deliver_outbox(clock.now, mailer=refuse)
    for wait in BACK_OFF:
        due.append(due[-1] + wait)
        for moment in (due[-2] + timedelta(seconds=1), due[-1] - timedelta(seconds=1), due[-1]):
            clock.set(moment)
            deliver_outbox(clock.now, mailer=refuse)
    for _day in range(30):
        deliver_outbox(clock.advance(days=1), mailer=refuse)
    assert tries == due
    mail = db.session.query(OutboxMail).one()
    assert mail.error == "OSError: the mail host is away"
    assert mail.sent_at is None


def test_one_bad_address_holds_up_nobody(app: Flask, clock: Any) -> None:
    for name in ("a", "b"):
        send_mail(to=f"{name}@test.example", kind="test.asked", params=params(), now=clock.now)
    db.session.commit()

    def picky(letter: Letter) -> None:
        if letter.to.startswith("a@"):
            raise OSError("no such address")

    assert deliver_outbox(clock.now, mailer=picky) == 1


def test_host_that_died_leaves_its_mail_to_another(app: Flask, clock: Any) -> None:
    send_mail(to="a@test.example", kind="test.asked", params=params(), now=clock.now)
    db.session.commit()

    def die(letter: Letter) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_outbox(clock.now, mailer=die)
    assert deliver_outbox(clock.now, mailer=[].append) == 0, "claimed by the one that died"
    assert deliver_outbox(clock.advance(minutes=10), mailer=[].append) == 1


def test_line_break_in_a_name_stays_out_of_the_header(app: Flask, clock: Any) -> None:
    given = params() | {"client": "甲\r\nBcc: x@test.example"}
    send_mail(to="a@test.example", kind="test.asked", params=given, now=clock.now)
    (letter,) = letters()
    assert "Bcc:" in letter.subject
    assert message(letter, "labshare@test.example")["Bcc"] is None
    assert clock.now - letter.created_at == timedelta()


def test_worded_for_whoever_it_reaches_when_it_is_sent(app: Flask, clock: Any) -> None:
    """In the language and to the address of that moment; what is told meanwhile does not wait for it."""
    someone = make.person(locale="zh_Hans_CN", email="old@test.example")
    notify(kind="test.asked", params=params(), person_ids=[someone.id], now=clock.now)
    db.session.commit()
    assert queue_of_mail() == (1, clock.now, 0)
    someone.locale, someone.email = "en", "new@test.example"
    db.session.commit()
    sent: list[Letter] = []
    assert deliver_outbox(clock.advance(minutes=1), mailer=sent.append) == 1
    assert [(letter.to, letter.subject) for letter in sent] == [("new@test.example", "Factory A: ¥1,234.50")]
    assert queue_of_mail() == (0, None, 0)
    assert deliver_outbox(clock.advance(minutes=1), mailer=sent.append) == 0


def test_a_kind_that_is_not_mailed_stays_a_notice(app: Flask, clock: Any) -> None:
    kinds.kind("test.seen", topic=Topic.FIRM_NEWS, title="seen", text="seen", mail=False)
    try:
        notify(kind="test.seen", person_ids=[make.person().id], now=clock.now)
        db.session.commit()
        assert queue_of_mail() == (0, None, 0)
        assert deliver_outbox(clock.now, mailer=[].append) == 0
        assert db.session.query(Notice).count() == 1
    finally:
        del kinds.KINDS["test.seen"]


def test_a_mail_that_an_earlier_version_worded_goes_out_as_it_was(app: Flask, clock: Any) -> None:
    """Its words stand in it; with its link, which is made now, where it has one."""
    someone = make.person()
    old = {"locale": "en", "subject": "Hello", "created_at": clock.now}
    db.session.add(OutboxMail(to="a@test.example", body="As it was.", kind="test.asked", **old))
    body = "Open \N{OBJECT REPLACEMENT CHARACTER} soon."
    db.session.add(OutboxMail(to="b@test.example", body=body, kind="account.reset", link_id=someone.id, **old))
    db.session.commit()
    sent: list[Letter] = []
    assert deliver_outbox(clock.now, mailer=sent.append) == 2
    assert {letter.subject for letter in sent} == {"Hello"}
    assert sent[0].body == "As it was."
    assert re.fullmatch(r"Open http\S+/account/password/\S+ soon\.", sent[1].body)


def test_words_that_cannot_be_made_hold_up_nobody(app: Flask, clock: Any) -> None:
    send_mail(to="a@test.example", kind="test.asked", params={}, now=clock.now)
    send_mail(to="b@test.example", kind="test.asked", params=params(), now=clock.now)
    db.session.commit()
    sent: list[Letter] = []
    assert deliver_outbox(clock.now, mailer=sent.append) == 1
    assert [letter.to for letter in sent] == ["b@test.example"]
    assert "KeyError" in str(db.session.query(OutboxMail).filter_by(to="a@test.example").one().error)


def test_several_audiences_are_kept_apart(app: Flask, clock: Any) -> None:
    one, other = make.firm(), make.firm()
    owner, booker = make.member(one, "owner"), make.member(other, "booker")
    officer = make.regulator("officer")
    found = people_in(
        Audience(firm_id=one.id, roles=("owner",)),
        Audience(),
        Audience(firm_id=other.id, roles=("booker",), person_ids=(owner.id,), but=booker.id),
        Audience(regulators=("officer",)),
    )
    assert found == [[owner.id], [], [owner.id], [officer.id]]


def test_a_task_is_told_where_it_lies(app: Flask, clock: Any) -> None:  # R-RIGHTS-14
    county, province, everywhere = (make.regulator("officer", code) for code in ("330624", "33", ""))
    make.regulator("officer", "330683")
    found = people_in(
        Audience(regulators=("officer",), divisions=("330624",)),
        Audience(regulators=("officer",), divisions=("110000",)),
        Audience(regulators=("officer",)),
    )
    assert found == [[county.id, province.id, everywhere.id], [everywhere.id], [everywhere.id]]
