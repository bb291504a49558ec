"""Statements of account and dunning letters: what they say, at which level, never twice, and to whom."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError

from labshare.accounts.models import Person
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.kernel.money import Fen
from labshare.notices.models import Notice
from labshare.oversight.waiting import firms_and_waiting
from labshare.settlement import services
from labshare.settlement.errors import DateToPayOutOfRange, NothingToRemind, StatementSentToday
from labshare.settlement.models import Invoice
from labshare.settlement.queries.accounts import account_with_client, account_with_lab, get_letter, letters
from labshare.settlement.queries.reminders import overdue_clients
from labshare.settlement.reminders import RemindedInvoice, Reminder
from labshare.settlement.rules.reminders import OverdueInvoice
from labshare.settlement.terms import ReminderLevel
from tests import factories
from tests.api.conftest import token_for
from tests.conftest import Clock
from tests.settlement.world import World, signed_in

TEN_DAYS = timedelta(days=10)
FIRST, SECOND, FINAL = ReminderLevel


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    clock.set("2026-06-24 10:00")
    made = World()
    made.report()
    return made


@pytest.fixture
def keeper(world: World) -> Actor:
    """Who keeps the client's money."""
    made = factories.actor(factories.member(world.client, "accountant"), world.client, "accountant")
    db.session.commit()
    return made


def remind(world: World, clock: Clock, *others: World, **given: Any) -> list[ReminderLevel]:
    """The letters' levels."""
    with transaction():
        sent = services.send_reminders(
            **{
                "actor": world.accountant,
                "now": clock.now,
                "clients": [each.client.uscc for each in (world, *others)],
                "pay_by": world.today + TEN_DAYS,
                **given,
            }
        )
        return [letter.level for letter in sent]


def notified(kind: str) -> list[int]:
    """Who was told, by their ids."""
    db.session.rollback()
    return [row.person_id for row in db.session.query(Notice).filter(Notice.kind.startswith(kind)).order_by(Notice.id)]


def asked(letters: Iterable[Reminder]) -> list[list[tuple[str, int]]]:
    return [[(each.level, each.left_fen) for each in letter.invoices] for letter in letters]


@pytest.mark.parametrize(("sent", "level"), list(enumerate((FIRST, SECOND, FINAL, FINAL))))
def test_the_level_follows_what_was_sent(sent: int, level: ReminderLevel) -> None:  # R-DUN-2
    day = date(2026, 6, 1)
    invoice = OverdueInvoice(id=1, number="1", issued_on=day, due_on=day, left_fen=Fen(1), sent=sent, asked_until=day)
    assert invoice.level == level
    assert not invoice.ready_on(day)
    assert invoice.ready_on(day + timedelta(days=1))


def test_each_letter_is_sharper_once_its_date_to_pay_has_passed(
    world: World, keeper: Actor, clock: Clock
) -> None:  # R-DUN-2, R-DUN-3, R-DUN-5
    world.invoice(50_000, on=world.today)
    clock.advance(days=30)
    with pytest.raises(NothingToRemind):
        remind(world, clock)  # it can still be paid today
    clock.advance(days=1)
    assert remind(world, clock) == [FIRST]
    for _ in range(2):
        with pytest.raises(NothingToRemind):
            remind(world, clock)
        clock.advance(days=10)
    clock.advance(days=1)
    world.payment(10_000, on=world.today)
    assert remind(world, clock) == [SECOND]
    clock.advance(days=11)
    assert remind(world, clock) == [FINAL]
    found = letters(keeper, came=True, limit=9)
    assert asked(found) == [[(FINAL, 40_000)], [(SECOND, 40_000)], [(FIRST, 50_000)]]
    assert {letter.sent_by for letter in found} == {world.accountant.person_id}
    assert notified("reminder.") == [keeper.person_id] * 3


def test_a_newer_invoice_begins_mildly_in_the_same_letter(world: World, clock: Clock) -> None:  # R-DUN-2
    world.invoice(30_000, on=world.today)
    clock.advance(days=20)
    world.invoice(20_000, on=world.today)
    clock.advance(days=11)
    assert remind(world, clock) == [FIRST]
    clock.advance(days=21)
    assert remind(world, clock) == [SECOND]
    assert asked(letters(world.accountant, came=False, limit=1)) == [[(SECOND, 30_000), (FIRST, 20_000)]]


def test_what_is_disputed_or_held_is_not_asked_for(world: World, clock: Clock) -> None:  # R-DUN-4
    world.invoice(50_000, on=world.today)
    other = world.another(price_fen=60_000)
    other.report()
    other.invoice(60_000, on=world.today)
    clock.advance(days=5)
    other.dispute()
    clock.advance(days=26)
    (found,) = overdue_clients(world.accountant, world.today)
    assert (found.left_fen, found.held_fen, found.ready_fen) == (50_000, 60_000, 50_000)
    assert remind(world, clock) == [FIRST]
    assert asked(letters(world.accountant, came=False, limit=9)) == [[(FIRST, 50_000)]]


def test_many_clients_at_once(world: World, clock: Clock) -> None:  # R-DUN-2
    other, paid = (World(lab=world.lab) for _ in range(2))
    for each in (world, other, paid):
        each.invoice(50_000, on=world.today)
    paid.payment(50_000, on=world.today)
    clock.advance(days=31)
    assert remind(world, clock, other, paid) == [FIRST, FIRST], "who has paid is passed over"
    assert {letter.client_firm_id for letter in letters(world.accountant, came=False, limit=9)} == {
        world.client.id,
        other.client.id,
    }


def test_the_date_to_pay_lies_ahead(world: World, clock: Clock) -> None:  # R-DUN-2
    world.invoice(50_000, on=world.today)
    clock.advance(days=31)
    for days in (-1, 0, 2, 61):
        with pytest.raises(DateToPayOutOfRange):
            remind(world, clock, pay_by=world.today + timedelta(days=days))
    assert remind(world, clock, pay_by=world.today + timedelta(days=3)) == [FIRST]


def test_others_send_and_see_nothing(world: World, keeper: Actor, clock: Clock) -> None:  # R-DUN-1
    world.invoice(50_000, on=world.today)
    clock.advance(days=31)
    far = World()
    with pytest.raises(NothingToRemind):
        remind(world, clock, actor=far.accountant)  # another lab's client
    with pytest.raises(NothingToRemind):
        remind(world, clock, actor=keeper)  # for its own labs, of which it has none
    for actor in (world.booker, world.officer):
        with pytest.raises(NotAllowed):
            remind(world, clock, actor=actor)
    remind(world, clock)
    (letter,) = letters(keeper, came=True, limit=9)
    days = (date(2026, 1, 1), world.today)
    for actor in (world.booker, far.accountant, far.booker, world.officer):
        for came in (True, False):
            assert not letters(actor, came=came, limit=9)
            with pytest.raises(NotFound):
                get_letter(actor, letter.id, came=came)
        with pytest.raises(NotFound):
            account_with_client(actor, world.client.uscc, *days, now=clock.now)
        with pytest.raises(NotFound):
            account_with_lab(actor, world.host.uscc, *days, now=clock.now)
        with pytest.raises((NotAllowed, NotFound)), transaction():
            services.send_account(actor=actor, now=clock.now, client=world.client.uscc, since=days[0], until=days[1])


def test_the_database_keeps_letters_and_sends_none_twice(world: World, clock: Clock) -> None:  # R-DUN-3, R-DUN-5
    world.invoice(50_000, on=world.today)
    clock.advance(days=31)
    remind(world, clock)
    (letter,) = letters(world.accountant, came=False, limit=9)
    invoice = db.session.scalars(db.select(Invoice)).one()
    other = World()
    parties = {"lab_firm_id": world.host.id, "client_firm_id": world.client.id}
    today = world.today

    def again(sent_on: date = today, **given: Any) -> None:
        made = Reminder(**{**parties, **given}, sent_on=today, pay_by=today + TEN_DAYS, sent_at=clock.now)
        factories.add(made)
        factories.add(
            RemindedInvoice(reminder_id=made.id, invoice_id=invoice.id, sent_on=sent_on, level=FIRST, left_fen=1)
        )

    for refused in (
        again,  # the same day
        lambda: again(sent_on=today + timedelta(days=1)),  # another day than the letter's
        lambda: again(client_firm_id=other.client.id),  # to somebody else
        lambda: again(lab_firm_id=other.host.id),
        lambda: db.session.execute(db.update(Reminder).values(pay_by=today + timedelta(days=1))),
        lambda: db.session.execute(db.delete(RemindedInvoice)),
    ):
        with pytest.raises(DBAPIError), transaction():
            refused()
    assert asked(letters(world.accountant, came=False, limit=9)) == [[(FIRST, 50_000)]], letter


def test_both_sides_read_one_account(world: World, keeper: Actor, clock: Clock) -> None:  # R-DUN-1
    first = world.invoice(80_000, on=world.today)
    clock.advance(days=20)
    world.red_letter(first, 10_000)
    world.payment(30_000, on=world.today)
    clock.advance(days=20)
    since = date(2026, 7, 1)
    seen = account_with_client(world.accountant, world.client.uscc, since, world.today, now=clock.now)
    ours = account_with_lab(keeper, world.host.uscc, since, world.today, now=clock.now)
    for account in (seen, ours):
        assert (account.opening_fen, account.invoiced_fen, account.paid_fen) == (80_000, -10_000, 30_000)
        assert account.closing_fen == account.overdue_fen == 40_000
        assert [line.balance_fen for line in account.lines] == [70_000, 40_000]
        assert account.overdue_since == date(2026, 7, 24)


def test_a_statement_is_mailed_once_a_day(world: World, keeper: Actor, clock: Clock) -> None:  # R-DUN-6
    world.invoice(80_000, on=world.today)

    def send() -> None:
        with transaction():
            services.send_account(
                actor=world.accountant,
                now=clock.now,
                client=world.client.uscc,
                since=date(2026, 6, 1),
                until=date(2026, 6, 30),
            )

    send()
    with pytest.raises(StatementSentToday):
        send()
    clock.advance(days=1)
    send()
    assert notified("statement.sent") == [keeper.person_id] * 2


def test_the_pages_and_files(app: Flask, world: World, keeper: Actor, clock: Clock) -> None:  # R-DUN-1, R-DUN-2
    world.invoice(80_000, on=world.today)
    clock.advance(days=31)
    lab, client = signed_in(app, world.accountant), signed_in(app, keeper)
    uscc = world.client.uscc
    assert "800.00" in lab.get("/lab/overdue").text
    new = f"/lab/reminders/new?client={uscc}"
    assert "800.00" in lab.get(new).text
    late = lab.post("/lab/reminders/new", data={"client": uscc, "pay_by": world.today.isoformat()})
    assert (late.status_code, uscc in late.text) == (422, True), "what was chosen is kept"
    sent = {"client": uscc, "pay_by": (world.today + TEN_DAYS).isoformat()}
    assert lab.post("/lab/reminders/new", data=sent).status_code == 303
    assert lab.post("/lab/reminders/new", data=sent).status_code == 409
    (letter,) = letters(keeper, came=True, limit=9)
    for reader, side in ((lab, "lab"), (client, "client")):
        answer = reader.get(f"/{side}/reminders/{letter.id}.pdf")
        assert answer.data.startswith(b"%PDF")
    assert "800.00" in client.get("/client/reminders").text
    for reader, account in ((lab, f"/lab/accounts/{uscc}"), (client, f"/client/accounts/{world.host.uscc}")):
        assert "800.00" in reader.get(account).text
        for kind, begins in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")):
            assert reader.get(f"{account}?format={kind}").data.startswith(begins)
    assert [lab.post(f"/lab/accounts/{uscc}/send").status_code for _ in range(2)] == [303, 409]


def test_the_api(client: FlaskClient, world: World, keeper: Actor, clock: Clock) -> None:  # R-DUN-1, R-DUN-2
    world.invoice(80_000, on=world.today)
    clock.advance(days=31)
    lab, theirs = (
        token_for(db.session.get_one(Person, actor.person_id), firm)
        for actor, firm in ((world.accountant, world.host), (keeper, world.client))
    )
    db.session.commit()
    account = client.get(f"/api/v1/clients/{world.client.uscc}/account", headers=lab).json
    assert (account["closing_fen"], account["overdue_fen"], account["lines"][0]["kind"]) == (80_000, 80_000, "invoiced")
    body = {"clients": [world.client.uscc], "pay_by": (world.today + TEN_DAYS).isoformat()}
    answer = client.post("/api/v1/reminders", json=body, headers=lab)
    assert answer.status_code == 201
    assert [each["level"] for each in answer.json["items"]] == [FIRST]
    assert client.get("/api/v1/reminders?received=true", headers=theirs).json["items"] == answer.json["items"]
    assert client.get("/api/v1/reminders", headers=theirs).json["items"] == []
    days = {"from": "2026-06-30", "to": "2026-06-01"}
    refused = client.post(f"/api/v1/clients/{world.client.uscc}/account/send", json=days, headers=lab)
    assert refused.status_code == 422
    assert client.get(f"/api/v1/clients/{world.client.uscc}/account", headers=theirs).status_code == 404


def waiting(world: World, clock: Clock) -> int:
    """As the navigation counts; what the list of overdue clients says is the same."""
    actor = world.accountant
    _firms, counts = firms_and_waiting(actor, {world.host.id: "accountant"}, clock.now)
    found = [each for each in overdue_clients(actor, world.today) if each.ready]
    assert counts["lab.overdue"] == len(found)
    return len(found)


def test_who_is_to_be_reminded_waits_in_the_navigation(world: World, clock: Clock) -> None:  # R-DUN-7
    world.invoice(on=date(2026, 6, 24))
    other = world.another()
    line = other.invoice(on=date(2026, 6, 24))
    assert waiting(world, clock) == 0, "nothing is overdue"
    clock.set("2026-09-01 10:00")
    assert waiting(world, clock) == 1, "two invoices of one client"
    remind(world, clock)
    assert waiting(world, clock) == 0, "asked for until its new date to pay"
    clock.set("2026-09-15 10:00")
    assert waiting(world, clock) == 1
    other.red_letter(line, other.price_fen)
    world.payment(world.price_fen)
    assert waiting(world, clock) == 0


def test_reminders_in_the_inbox(app: Flask, world: World, keeper: Actor, clock: Clock) -> None:  # R-DUN-7
    world.invoice(on=date(2026, 6, 24))
    clock.set("2026-09-01 10:00")
    english = {"Accept-Language": "en"}
    accountant = signed_in(app, world.accountant)
    assert "1 client to remind" in accountant.get("/lab/requests", headers=english).text
    assert "1 client to remind" in accountant.get("/lab/today", headers=english).text
    viewer = factories.actor(factories.member(world.host, "viewer"), world.host, "viewer")
    db.session.commit()
    assert "to remind" not in signed_in(app, viewer).get("/lab/requests", headers=english).text
    press, late = "/lab/reminders/new?from=requests", {"pay_by": "2026-08-01"}
    assert accountant.post(press, data={"pay_by": "2026-09-11"}).status_code == 409, "nobody is ticked"
    refused = accountant.post(press, data={**late, "only": world.client.uscc}, headers=english)
    assert refused.status_code == 422
    assert 'value="2026-08-01"' in refused.text
    sent = accountant.post(press, data={"pay_by": "2026-09-11", "only": world.client.uscc, "client": "x"})
    assert (sent.status_code, sent.location) == (303, "/lab/requests")
    assert db.session.query(Reminder).count() == 1
    assert "to remind" not in accountant.get("/lab/requests", headers=english).text
