"""A firm's bank account: it counts three working days after its entry, any owner stops it until then, and its whole
number stands nowhere but encrypted in its row."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import select, text, update

from labshare.audit.models import AuditEvent
from labshare.booking.models import WorkingDay
from labshare.booking.terms import DayKind
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.kernel.sealing import opened, seal
from labshare.kernel.time import local_day
from labshare.notices.models import Notice
from labshare.organisations.bank_accounts import BankAccount, account_ends, place_of
from labshare.organisations.errors import AccountCounts, AccountStopped, NotAnAccount
from labshare.organisations.models import Firm
from labshare.organisations.queries.bank_accounts import account_of, accounts_waiting, firms_with_equal
from labshare.organisations.services import change_account, reseal_accounts, stop_account
from labshare.oversight.checks.records import bank_accounts_changed
from tests import factories as make
from tests.mails import letters, letters_to

ENGINES = ("sqlite",)  # what the database guards: test_bank_account_guards.py
FIRST, SECOND = "1211 0234 5678 9012 345", "6222-0011-2233-4455-667"


@pytest.fixture
def firm(app: Flask, clock: Any) -> Firm:
    """It is Thursday, 1 October 2026: a holiday till Wednesday the 7th, and Saturday the 10th is worked."""
    clock.set("2026-10-01 09:00")
    make.working_year()
    for day in range(1, 8):
        make.add(WorkingDay(day=date(2026, 10, day), kind=DayKind.HOLIDAY, name="国庆节"))
    make.add(WorkingDay(day=date(2026, 10, 10), kind=DayKind.MAKE_UP, name="补班"))
    return make.firm()


@pytest.fixture
def owner(firm: Firm) -> Actor:
    return make.actor(make.member(firm, "owner"), firm, "owner")


@pytest.fixture
def counting(firm: Firm) -> BankAccount:
    return make.bank_account(firm, FIRST)


def enter(owner: Actor, clock: Any, firm: Firm, account: str = SECOND) -> BankAccount:
    return change_account(actor=owner, now=clock.now, firm_id=firm.id, account=account)


def events() -> list[AuditEvent]:
    wanted = select(AuditEvent).where(AuditEvent.action == "firm.bank_account").order_by(AuditEvent.id)
    return list(db.session.scalars(wanted))


def number_on(firm: Firm, day: date) -> str | None:
    account = account_of(firm.id, day)
    return account.number if account else None


def test_it_counts_after_three_full_working_days_and_the_old_one_until_then(  # R-FIRM-6
    firm: Firm, owner: Actor, clock: Any, counting: BankAccount
) -> None:
    """Thursday the 8th, Friday and the Saturday that is worked: from Sunday."""
    entered = enter(owner, clock, firm)
    assert entered.counts_from == date(2026, 10, 11)
    assert number_on(firm, date(2026, 10, 10)) == FIRST
    assert number_on(firm, date(2026, 10, 11)) == SECOND
    assert accounts_waiting([firm.id], date(2026, 10, 10))[firm.id].id == entered.id
    assert not accounts_waiting([firm.id], date(2026, 10, 11))


def test_the_first_one_waits_too(firm: Firm, owner: Actor, clock: Any) -> None:
    enter(owner, clock, firm, FIRST)
    assert number_on(firm, local_day(clock.now)) is None
    assert events()[-1].before is None


def test_any_owner_stops_it_until_its_day(firm: Firm, owner: Actor, clock: Any, counting: BankAccount) -> None:
    # R-FIRM-6
    other = make.actor(make.member(firm, "owner"), firm, "owner")
    entered = enter(owner, clock, firm)
    for role in ("accountant", "lab_manager", "booker"):
        with pytest.raises(NotAllowed):
            stop_account(actor=make.actor(make.member(firm, role), firm, role), now=clock.now, account_id=entered.id)
    stranger = make.firm()
    with pytest.raises(NotFound):
        stop_account(actor=make.actor(make.member(stranger), stranger, "owner"), now=clock.now, account_id=entered.id)
    stop_account(actor=other, now=clock.now, account_id=entered.id)
    assert number_on(firm, date(2027, 1, 1)) == FIRST
    with pytest.raises(AccountStopped):
        stop_account(actor=other, now=clock.now, account_id=entered.id)
    again = enter(owner, clock, firm)
    clock.set("2026-10-11 00:00")
    with pytest.raises(AccountStopped):
        stop_account(actor=other, now=clock.now, account_id=again.id)


def test_another_takes_the_place_of_what_waits_and_its_days_begin_anew(
    firm: Firm, owner: Actor, clock: Any, counting: BankAccount
) -> None:
    enter(owner, clock, firm)
    clock.set("2026-10-09 09:00")
    third = enter(owner, clock, firm, "9558 0000 0000 0001")
    assert third.counts_from == date(2026, 10, 14)
    assert number_on(firm, date(2026, 10, 13)) == FIRST


def test_what_is_no_account_and_what_is_entered_already_is_said(
    firm: Firm, owner: Actor, clock: Any, counting: BankAccount
) -> None:
    for wrong in ("", "1234567", "1" * 35, "一二三四五六七八", "- - - - - - - - -"):
        with pytest.raises(NotAnAccount):
            enter(owner, clock, firm, wrong)
    with pytest.raises(AccountCounts):
        enter(owner, clock, firm, "１２１１０２３４-5678 9012345")
    enter(owner, clock, firm)
    with pytest.raises(AccountCounts):
        enter(owner, clock, firm)


def test_every_owner_and_the_countys_officers_are_told(  # R-FIRM-6
    firm: Firm, owner: Actor, clock: Any, counting: BankAccount
) -> None:
    """The one who did it too: somebody else may have used the account."""
    other, accountant = make.member(firm, "owner"), make.member(firm, "accountant")
    make.lab(firm)
    officer, elsewhere = make.regulator("officer", "330624"), make.regulator("officer", "330683")
    entered = enter(owner, clock, firm)
    stop_account(actor=owner, now=clock.now, account_id=entered.id)
    told = {(one.kind, one.person_id) for one in db.session.scalars(select(Notice))}
    for act in ("changed", "stopped"):
        assert {who for kind, who in told if kind == f"firm.bank_account_{act}"} == {owner.person_id, other.id}
        assert (f"firm.bank_account_{act}_host", officer.id) in told
    assert not {accountant.id, elsewhere.id} & {who for _kind, who in told}
    body = letters_to(other.email)[0].body
    assert "…5667" in body
    assert "2233" not in body


def test_the_whole_number_is_nowhere_but_encrypted(  # R-FIRM-6
    firm: Firm, owner: Actor, clock: Any
) -> None:
    entered = enter(owner, clock, firm, FIRST)
    enter(owner, clock, firm, SECOND)
    written = [json.dumps([one.before, one.after]) for one in db.session.scalars(select(AuditEvent))]
    written += [json.dumps(one.params) for one in db.session.scalars(select(Notice))]
    written += [one.body for one in letters()]
    written += ["".join(map(str, row)) for row in db.session.execute(text("SELECT * FROM bank_account"))]
    said = "".join("".join(each for each in one if each.isalnum()) for one in written)
    for account in (FIRST, SECOND):
        digits = "".join(each for each in account if each.isdigit())
        assert digits not in said
        assert digits[:-4][-6:] not in said
    assert entered.number == FIRST


def test_a_copy_opens_in_no_other_row(firm: Firm, counting: BankAccount) -> None:  # R-FIRM-6
    """Of another firm, of another day, changed by a sign, under another key."""
    thief = make.bank_account(make.firm(), SECOND)
    db.session.execute(update(BankAccount).where(BankAccount.id == thief.id).values(sealed=counting.sealed))
    db.session.refresh(thief)
    assert thief.number is None
    assert [place for place, _what in bank_accounts_changed(counting.entered_at)] == [f"firm {thief.firm_id}"]
    place = place_of(firm.id, counting.counts_from)
    assert opened(counting.sealed, bound_to=place) == FIRST
    assert opened(counting.sealed, bound_to=place_of(firm.id, counting.counts_from + timedelta(days=1))) is None
    mark, _dot, said = counting.sealed.partition(".")
    for changed in (f"{mark}.A{said[1:]}", f"{mark}.{said[:-8]}", f"{mark}.-", "00000000." + said, ""):
        if changed != counting.sealed:
            assert opened(changed, bound_to=place) is None


def test_equal_accounts_of_different_firms_are_found(firm: Firm, counting: BankAccount) -> None:  # R-FIRM-8
    twin, alone = make.firm(), make.firm()
    make.bank_account(twin, FIRST.replace(" ", "-"))
    make.bank_account(alone, SECOND)
    assert firms_with_equal([firm.id, alone.id]) == {firm.id: [twin]}


def test_another_key_opens_what_lies_under_the_one_before(  # R-FIRM-6
    firm: Firm, counting: BankAccount, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = current_app.config["BANK_KEYS"][0], "another-key-of-chance-0123456789"
    before = counting.sealed, counting.digest
    monkeypatch.setitem(current_app.config, "BANK_KEYS", (new, old))
    assert counting.number == FIRST
    assert reseal_accounts(actor=SYSTEM, now=clock.now) == (1, 0)
    assert reseal_accounts(actor=SYSTEM, now=clock.now) == (0, 0)
    assert not {counting.sealed, counting.digest} & set(before)
    monkeypatch.setitem(current_app.config, "BANK_KEYS", (new,))
    assert counting.number == FIRST
    monkeypatch.setitem(current_app.config, "BANK_KEYS", (old,))
    assert counting.number is None
    assert reseal_accounts(actor=SYSTEM, now=clock.now) == (0, 1)


def test_of_a_short_one_no_digit_is_shown() -> None:
    assert [account_ends(account) for account in ("", "1234567", "12345678")] == ["", "…", "…5678"]


def test_sealing_the_same_in_one_place_gives_the_same(app: Flask) -> None:
    """What `labshare demo load` promises: the same seed on the same day gives the same rows."""
    assert seal(FIRST, bound_to="here") == seal(FIRST, bound_to="here") != seal(FIRST, bound_to="there")
