"""A bank account's first entry and every change: an event with its last digits and a keyed digest, told to all owners;
the whole number stands nowhere but in the firm's row."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import select

from labshare.audit.models import AuditEvent
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.digests import keyed_digest
from labshare.notices.models import Notice
from labshare.organisations.models import Firm
from labshare.organisations.services import change_firm, register_firm
from labshare.organisations.services.bank_accounts import account_ends
from labshare.organisations.services.firms import FirmDetails
from tests import factories as make
from tests.mails import letters, letters_to
from tests.organisations.test_firms import DETAILS, SMALL

FIRST, SECOND = "1211 0234 5678 9012 345", "6222-0011-2233-4455-667"


@pytest.fixture
def owner(app: Flask) -> Actor:
    return make.actor(make.person())


@pytest.fixture
def firm(owner: Actor, clock: Any) -> Firm:
    """Registered with its account; a second owner and an accountant joined later."""
    details = replace(DETAILS, bank_account=FIRST)
    return register_firm(actor=owner, now=clock.now, uscc=make.credit_code(77), details=details, declared=SMALL)


def change(owner: Actor, clock: Any, firm: Firm, **given: Any) -> None:
    details: FirmDetails = replace(DETAILS, **given)
    acting = Actor(person_id=owner.person_id, firm_id=firm.id, roles=frozenset({"owner"}))
    change_firm(actor=acting, now=clock.now, firm_id=firm.id, details=details)


def events() -> list[AuditEvent]:
    wanted = select(AuditEvent).where(AuditEvent.action == "firm.bank_account").order_by(AuditEvent.id)
    return list(db.session.scalars(wanted))


def test_the_first_entry_is_an_event_and_told(firm: Firm, owner: Actor) -> None:
    (event,) = events()
    assert (event.before, event.after["account_ends"]) == (None, "…2345")
    assert (event.person_id, event.subject_type, event.subject_id) == (owner.person_id, "firm", str(firm.id))
    told = db.session.scalars(select(Notice).where(Notice.kind == "firm.bank_account_entered")).all()
    assert [notice.person_id for notice in told] == [owner.person_id]


def test_a_change_is_an_event_of_its_own_and_every_owner_is_told(firm: Firm, owner: Actor, clock: Any) -> None:
    # R-FIRM-6
    """The one who changed it too: somebody else may have used the account."""
    other, accountant = make.member(firm, "owner"), make.member(firm, "accountant")
    change(owner, clock, firm, bank_account=SECOND)
    event = events()[-1]
    assert (event.before["account_ends"], event.after["account_ends"]) == ("…2345", "…5667")
    assert event.before["account_digest"] != event.after["account_digest"]
    told = db.session.scalars(select(Notice.person_id).where(Notice.kind == "firm.bank_account_changed")).all()
    assert set(told) == {owner.person_id, other.id}
    assert accountant.id not in told
    (mail,) = letters_to(other.email)
    assert "…5667" in mail.body
    assert "2233" not in mail.body


def test_the_whole_number_is_nowhere_in_the_trail_or_in_notices(firm: Firm, owner: Actor, clock: Any) -> None:
    # R-FIRM-6
    change(owner, clock, firm, bank_account=SECOND)
    change(owner, clock, firm, bank_account="")
    written = [json.dumps([one.before, one.after]) for one in db.session.scalars(select(AuditEvent))]
    written += [json.dumps(one.params) for one in db.session.scalars(select(Notice))]
    written += [one.body for one in letters()]
    said = "".join("".join(each for each in text if each.isalnum()) for text in written)
    for account in (FIRST, SECOND):
        digits = "".join(each for each in account if each.isdigit())
        assert digits not in said
        assert digits[:-4][-6:] not in said


def test_the_same_number_written_otherwise_is_no_change(firm: Firm, owner: Actor, clock: Any) -> None:
    change(owner, clock, firm, bank_account="１２１１０２３４-5678 9012345")
    assert len(events()) == 1


def test_another_change_of_the_firm_says_nothing_of_the_account(firm: Firm, owner: Actor, clock: Any) -> None:
    change(owner, clock, firm, bank_account=FIRST, phone="0575-86000000")
    assert len(events()) == 1


def test_removing_it_is_told_too(firm: Firm, owner: Actor, clock: Any) -> None:
    change(owner, clock, firm, bank_account="")
    event = events()[-1]
    assert (event.before["account_ends"], event.after) == ("…2345", None)
    assert db.session.query(Notice).filter_by(kind="firm.bank_account_changed").count() == 1


def test_of_a_short_one_no_digit_is_shown() -> None:
    assert [account_ends(account) for account in ("", "1234567", "12345678")] == ["", "…", "…5678"]


def test_equal_accounts_have_equal_digests_and_only_under_the_key(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    one = keyed_digest("bank account", "1")
    assert keyed_digest("bank account", "1") == one
    assert len({one, keyed_digest("bank account", "2"), keyed_digest("something else", "1")}) == 3
    monkeypatch.setitem(current_app.config, "SECRET_KEY", "another-key-of-chance-0123456789")
    assert keyed_digest("bank account", "1") != one
