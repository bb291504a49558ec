"""A lab books for a client who telephoned: the time is held, and the client's yes in its own account books it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from labshare.accounts.links import secret_of
from labshare.accounts.models import Person
from labshare.booking import services
from labshare.booking.errors import (
    ClientIsOwn,
    ClientNotSure,
    ClientUnknown,
    FirmUnverified,
    ForClientOver,
    MadeBefore,
    OwnSide,
    SlotTaken,
    TooEarly,
    TooManyForClient,
)
from labshare.booking.models import Booking, ForClient, Holding
from labshare.booking.services.for_clients import MOST_FOR_CLIENT, MOST_TRIES, SLIP
from labshare.catalogue.models import Fee, Lab
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound, ReasonRequired
from labshare.kernel.time import local_day
from labshare.notices.models import Notice, OutboxMail
from labshare.organisations.models import Firm, Membership
from tests import factories
from tests.booking.conftest import House, at
from tests.conftest import Clock
from tests.signing import sign_in

START = "2026-11-27 09:00"


def client_firm(house: House) -> Firm:
    return db.session.get_one(Firm, house.client.firm_id)


def make(house: House, **given: Any) -> ForClient:
    asked = {"test_item_id": house.item.id, "quantity": 1, "starts_at": at(START)}
    if "client" not in given:
        asked["client"] = client_firm(house).uscc
    found: ForClient = house.do(services.book_for_client, given.pop("actor", house.manager), **{**asked, **given})
    return found


def accept(house: House, made: ForClient, actor: Actor | None = None, **given: Any) -> Booking:
    found: Booking = house.do(services.accept_for_client, actor or house.client, made_id=made.id, **given)
    return found


def notified(kind: str) -> list[int]:
    db.session.rollback()
    return [row.person_id for row in db.session.query(Notice).filter_by(kind=kind)]


def count(of: Any) -> int:
    db.session.rollback()
    return db.session.query(of).count()


def test_the_time_is_held_and_nothing_is_booked(house: House) -> None:  # R-PHONE-1
    made = make(house, submission="one")
    assert make(house, submission="one").id == made.id, "a second click finds the first"
    held = db.session.query(Holding).one()
    assert (held.kind, held.expires_at, held.starts_at) == ("offer", made.answer_by, at(START))
    assert count(Booking) == 0
    assert notified("for_client.made") == [house.client.person_id]


def test_the_yes_books_confirmed_from_its_own_day_on(house: House, clock: Clock) -> None:  # R-PHONE-3
    made = make(house, sample_description="两件")
    clock.now += timedelta(days=1)
    booking = accept(house, made)
    assert (booking.state, booking.answer_by, booking.booked_by) == ("confirmed", None, house.client.person_id)
    assert (booking.price_fen, booking.sample_description) == (made.price_fen, "两件")
    assert booking.booked_at == clock.now, "relations, admission and class are those of the day of the yes"
    assert [row.kind for row in db.session.query(Holding)] == ["booking"]
    assert house.manager.person_id in notified("for_client.accepted")
    assert house.client.person_id in notified("booking.confirmed")


@pytest.mark.parametrize(("by", "paid"), [(500, 0), (-500, -500)])
def test_a_price_raised_meanwhile_does_not_count_a_lower_one_does(
    house: House, clock: Clock, by: int, paid: int
) -> None:  # R-PHONE-3
    made = make(house)
    clock.now += timedelta(days=1)
    with transaction():
        fee = db.session.scalars(select(Fee).where(Fee.test_item_id == house.item.id)).one()
        given = {
            "amount_fen": fee.amount_fen + by,
            "valid_from": local_day(clock.now),
            "basis": fee.basis,
            "created_at": clock.now,
        }
        fee.valid_to = local_day(clock.now) - timedelta(days=1)
        db.session.flush()
        factories.add(Fee(test_item_id=house.item.id, **given))
    assert accept(house, made).price_fen == made.price_fen + paid


def test_nobody_of_the_lab_says_yes(house: House) -> None:  # R-PHONE-3
    made = make(house)
    with pytest.raises(NotFound):
        accept(house, made, house.manager)
    firm = client_firm(house)
    with transaction():
        both = db.session.get_one(Person, house.manager.person_id)
        factories.add(Membership(person_id=both.id, firm_id=firm.id, role="booker", started_at=house.clock.now))
    with pytest.raises(OwnSide):
        accept(house, made, factories.actor(both, firm, "booker"))
    assert count(Booking) == 0


def test_whoever_may_not_book_may_not_accept(house: House) -> None:
    made = make(house)
    firm = client_firm(house)
    with transaction():
        viewer = factories.actor(factories.member(firm, "viewer"), firm, "viewer")
        stranger = factories.actor(factories.member(other := factories.firm()), other, "owner")
    for actor, problem in ((viewer, NotAllowed), (stranger, NotFound)):
        with pytest.raises(problem):
            accept(house, made, actor)
    with pytest.raises(NotAllowed):
        make(house, actor=house.client)


def test_one_yes_and_none_after_the_end(house: House) -> None:  # R-PHONE-3
    made = make(house)
    accept(house, made)
    for late in (
        lambda: accept(house, made),
        lambda: house.do(services.decline_for_client, house.client, made_id=made.id),
        lambda: house.do(services.withdraw_for_client, house.manager, made_id=made.id, reason="误填"),
    ):
        with pytest.raises(ForClientOver):
            late()
    assert count(Booking) == 1
    second = make(house, starts_at=at("2026-11-27 14:00"))
    with pytest.raises(ReasonRequired):
        house.do(services.withdraw_for_client, house.manager, made_id=second.id, reason=" ")
    house.do(services.withdraw_for_client, house.manager, made_id=second.id, reason="误填")
    with pytest.raises(ForClientOver):
        accept(house, second)
    assert (count(Booking), count(Holding)) == (1, 1)
    assert notified("for_client.withdrawn") == [house.client.person_id]


def test_a_no_frees_the_time(house: House) -> None:
    made = make(house)
    house.do(services.decline_for_client, house.client, made_id=made.id, reason="另有安排")
    assert count(Holding) == 0
    assert notified("for_client.declined") == [house.manager.person_id]


def test_it_lapses_and_both_are_told(house: House, clock: Clock) -> None:  # R-PHONE-2
    made = make(house)
    assert made.answer_by < at(START)
    clock.now = made.answer_by
    with pytest.raises(ForClientOver):
        accept(house, made)
    assert (house.do(services.lapse_for_clients, SYSTEM), house.do(services.lapse_for_clients, SYSTEM)) == (1, 0)
    assert sorted(notified("for_client.lapsed")) == sorted([house.client.person_id, house.manager.person_id])
    assert count(Booking) == 0


def test_at_the_start_at_the_latest(house: House, clock: Clock) -> None:  # R-PHONE-2
    with transaction():
        db.session.get_one(Lab, house.lab.id).lead_time_minutes = 600
    with pytest.raises(TooEarly):
        make(house, starts_at=at("2026-11-24 11:00"))
    made = make(house, starts_at=at("2026-11-24 11:00"), waive_reason="来电加急")
    assert made.answer_by == made.starts_at
    assert accept(house, made).waive_reason == "来电加急"


def test_a_new_firm_gets_a_slip_and_is_verified_first(house: House) -> None:  # R-PHONE-4
    made = make(house, client="新昌新客户有限公司", email="New@Client.example", contact="王工")
    mail = db.session.query(OutboxMail).filter_by(kind="for_client.slip").one()
    assert (mail.to, mail.link_id, mail.params["firm"]) == ("new@client.example", made.id, "新昌新客户有限公司")
    with transaction():
        firm = factories.firm(verified_at=None)
        owner = factories.actor(factories.member(firm), firm, "owner")
    with pytest.raises(NotFound):
        accept(house, made, owner)
    secret = secret_of(SLIP, made.nonce or "")
    with pytest.raises(FirmUnverified):
        accept(house, made, owner, secret=secret)
    assert db.session.get_one(ForClient, made.id).client_firm_id is None
    booking = accept(house, made, secret=secret)
    assert (booking.client_firm_id, booking.state) == (house.client.firm_id, "confirmed")


def test_the_address_that_was_mailed_needs_no_slip(house: House) -> None:  # R-PHONE-4
    email = db.session.get_one(Person, house.client.person_id).email
    assert accept(house, make(house, client="未登记的名称", email=email)).client_firm_id == house.client.firm_id


def test_which_client_is_meant(house: House) -> None:
    firm = client_firm(house)
    assert make(house, client=firm.name).client_firm_id == firm.id
    with pytest.raises(ClientUnknown):
        make(house, client=firm.name[:-1])
    with pytest.raises(ClientIsOwn):
        make(house, client=house.lab.firm.uscc)
    with transaction():
        factories.firm(name=firm.name)
    with pytest.raises(ClientNotSure):
        make(house, client=firm.name, starts_at=at("2026-11-27 10:00"))


def test_no_time_is_held_again_and_again(house: House) -> None:  # R-PHONE-5
    for _time in range(MOST_TRIES):
        made = make(house)
        house.do(services.withdraw_for_client, house.manager, made_id=made.id, reason="重排")
    with pytest.raises(MadeBefore):
        make(house)
    for hour in range(MOST_FOR_CLIENT):
        make(house, starts_at=at("2026-11-30 09:00") + timedelta(days=hour % 4, hours=hour // 4))
    with pytest.raises(TooManyForClient):
        make(house, starts_at=at("2026-12-04 14:00"))


def test_its_time_is_taken(single: House) -> None:
    make(single)
    with pytest.raises(SlotTaken):
        single.book(START)


def test_the_lab_changes_nothing_of_it(house: House) -> None:  # R-PHONE-3
    made = make(house)
    for change in ({"price_fen": 1}, {"answer_by": at("2027-01-01 00:00")}):
        with pytest.raises(DBAPIError, match="as recorded"), transaction():
            db.session.execute(update(ForClient).where(ForClient.id == made.id).values(**change))


def test_the_slip_leads_through_to_the_booking(house: House, client: FlaskClient) -> None:  # R-PHONE-4
    made = make(house, client="新昌新客户有限公司", email="new@client.example", contact="王工")
    address = f"/for-you/{secret_of(SLIP, made.nonce or '')}"
    page = client.get(address)
    assert "新昌新客户有限公司" in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert client.get("/for-you/none").status_code == 404
    firm = client_firm(house)
    sign_in(client, db.session.get_one(Person, house.client.person_id), firm)
    answer = re.search(r'action="(/client/for-us/\d+/accept\?slip=[^"]+)"', client.get(address).text)
    assert answer
    assert client.get(f"/client/for-us/{made.id}").status_code == 404, "the number alone shows nothing"
    assert client.post(answer[1].split("?")[0], data={"sample_description": "两件"}).status_code == 404
    assert client.post(answer[1], data={"sample_description": ""}).status_code == 422
    assert client.post(answer[1], data={"sample_description": "两件"}).status_code == 303
    db.session.rollback()
    assert db.session.query(Booking).one().client_firm_id == firm.id
    assert client.get(address).status_code == 404, "once accepted the slip is used"
