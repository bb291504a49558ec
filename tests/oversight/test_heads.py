"""Heads of the audit trail by mail (R-AUDIT-14): nobody is mailed unasked, and who kept a mail finds what was cut."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from labshare.audit import services
from labshare.audit.models import AuditEvent
from labshare.jobs import table
from labshare.kernel.database import db, transaction
from labshare.kernel.signing import fits
from labshare.kernel.time import utc_now
from labshare.oversight.models import HeadAddress
from tests import factories as make
from tests.audit.test_seal import KEY, PUBLIC, by_hand, write
from tests.mails import letters_to, link_in_last_mail
from tests.signing import sign_in

LIST = "/admin/head-mails"
WHO = "archive@test.example"
pytestmark = pytest.mark.engines("sqlite")  # but for what the database refuses


@pytest.fixture
def admin(app: Flask, client: FlaskClient, clock: Any, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setitem(app.config, "AUDIT_KEY", KEY)
    monkeypatch.setitem(app.config, "AUDIT_PUBLIC_KEY", PUBLIC)
    return sign_in(client, make.regulator("admin"))


def asked(admin: FlaskClient) -> str:
    """The link of an address that was entered."""
    assert admin.post(LIST, data={"email": WHO.upper(), "locale": "en"}).status_code == 303
    return link_in_last_mail()


def published() -> str:
    write(2)
    services.seal(utc_now(), key=KEY)
    return table.publish_head(utc_now())


def heads_sent() -> list[Any]:
    return [letter for letter in letters_to(WHO) if letter.subject.startswith("Head ")]


def test_r_audit_14_the_head_goes_to_who_said_yes(app: Flask, admin: FlaskClient, clock: Any) -> None:
    """R-AUDIT-14"""
    link, reader = asked(admin), app.test_client()
    assert published().endswith("0 mails")
    page = reader.get(link)
    assert WHO in page.text
    assert published().endswith("0 mails"), "looking is no yes: mail hosts open links, too"
    assert reader.post(link).status_code == 303
    assert published().endswith("1 mails")
    (letter,) = heads_sent()
    fields = dict(re.findall(r"^(Head|Seals|Events|Root|Signature \(Ed25519\)): (.+)$", letter.body, re.MULTILINE))
    assert (fields["Head"], fields["Seals"]) == ("3", "3")
    said = letter.body.split("between them:\n\n")[1].split("\n\n")[0]
    assert said.splitlines()[-1] == fields["Root"]
    assert fits(PUBLIC, said.encode(), signature=fields["Signature (Ed25519)"]), "the mail alone is enough"
    with transaction():
        assert table.mail_newest_head(now=utc_now()) == 0, "each head once"


def test_the_link_is_short_and_the_newest_counts(app: Flask, admin: FlaskClient, clock: Any) -> None:
    first = asked(admin)
    second, reader = asked(admin), app.test_client()
    assert reader.get(first).status_code == 404
    clock.advance(days=3)
    assert reader.post(second).status_code == 404
    assert reader.post(asked(sign_in(admin, make.regulator("admin")))).status_code == 303
    again = admin.post(LIST, data={"email": WHO, "locale": "en"})
    assert again.status_code == 409
    db.session.rollback()
    assert db.session.query(HeadAddress).count() == 1


def test_the_reader_stops_them(app: Flask, admin: FlaskClient, clock: Any) -> None:
    link, reader = asked(admin), app.test_client()
    reader.post(link)
    assert reader.post(link, data={"stop": "y"}).status_code == 303
    assert reader.get(link).status_code == 404
    assert published().endswith("0 mails")


def test_who_is_taken_off_is_told(app: Flask, admin: FlaskClient, clock: Any) -> None:
    """An administrator who is about to change the trail does not get rid of its readers unseen."""
    app.test_client().post(asked(admin))
    number = db.session.query(HeadAddress).one().id
    assert admin.post(f"{LIST}/{number}/remove").status_code == 303
    assert published().endswith("0 mails")
    assert letters_to(WHO)[-1].subject == "No more heads of the audit trail by mail"
    actions = [event.action for event in db.session.query(AuditEvent).filter_by(subject_type="head_address")]
    assert actions == ["head.add_address", "head.confirm_address", "head.remove_address"]
    assert WHO not in str([event.after for event in db.session.query(AuditEvent)])


def test_a_mail_finds_what_was_cut_with_its_heads(app: Flask, admin: FlaskClient, clock: Any) -> None:
    """Whoever owns the database cuts events, seals, leaves and heads: what is left fits together, but not the mail."""
    app.test_client().post(asked(admin))
    services.seal(utc_now(), key=KEY)
    before = db.session.query(AuditEvent).count()
    published()
    (letter,) = heads_sent()
    kept = {
        "seals": int(re.findall(r"Seals: (\d+)", letter.body)[0]),
        "root": re.findall(r"Root: (\w+)", letter.body)[0],
    }
    assert services.verify(utc_now(), key=PUBLIC, head=kept) is None
    db.session.rollback()
    by_hand("DROP TRIGGER audit_head_no_delete")
    by_hand("DELETE FROM audit_head")
    by_hand("DELETE FROM audit_leaf WHERE seal_id > 1")
    by_hand("DELETE FROM audit_seal WHERE id > 1")
    by_hand(f"DELETE FROM audit_event WHERE id > {before}")
    assert services.verify(utc_now(), key=PUBLIC) is None
    broken = services.verify(utc_now(), key=PUBLIC, head=kept)
    assert broken is not None
    assert broken.what == "head_missing"


@pytest.mark.engines("sqlite", "postgresql")
def test_the_database_sends_nothing_unasked(app: Flask, admin: FlaskClient) -> None:  # R-AUDIT-14
    asked(admin)
    with pytest.raises(IntegrityError):
        db.session.execute(text("UPDATE head_address SET sent_head = 1"))
    db.session.rollback()
