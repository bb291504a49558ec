"""The inside yes: a booking above the firm's amount waits for its approver, and the lab hears of it then."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from labshare.accounts.models import Person
from labshare.booking import services
from labshare.booking.errors import ApprovalOver, NeedsApproval, PriceChanged, SlotTaken
from labshare.booking.models import Approval, Booking, Holding
from labshare.booking.queries import loading, slots
from labshare.catalogue.models import Fee
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound, ReasonRequired
from labshare.notices.models import Notice
from labshare.organisations.models import Firm
from labshare.organisations.services import set_approval_above
from tests import factories
from tests.booking.conftest import House, at
from tests.conftest import Clock
from tests.signing import sign_in

START = "2026-11-27 09:00"


@pytest.fixture
def approver(house: House) -> Actor:
    """The firm lets 1 yuan pass; a member approves the rest."""
    firm = db.session.get_one(Firm, house.client.firm_id)
    with transaction():
        made = factories.actor(factories.member(firm, "firm_approver"), firm, "firm_approver")
        house.client = factories.actor(factories.member(firm, "booker"), firm, "booker")
        firm.approval_above_fen = 100
    return made


def ask(house: House, **given: Any) -> Approval:
    found: Approval = house.do(
        services.ask_approval,
        given.pop("actor", house.client),
        **{"test_item_id": house.item.id, "quantity": 1, "starts_at": at(START), **given},
    )
    return found


def notified(kind: str) -> list[int]:
    db.session.rollback()
    return [row.person_id for row in db.session.query(Notice).filter_by(kind=kind)]


def test_above_the_amount_nothing_is_booked(house: House, approver: Actor) -> None:  # R-APPROVAL-1
    with pytest.raises(NeedsApproval):
        house.book(START)
    asked = ask(house, submission="one")
    assert ask(house, submission="one").id == asked.id, "a second click finds the first"
    assert db.session.query(Booking).count() == 0
    held = db.session.query(Holding).one()
    assert (held.kind, held.held_for, held.expires_at) == ("offer", None, asked.answer_by)
    assert approver.person_id in notified("approval.asked")
    assert house.client.person_id not in notified("approval.asked")
    assert not notified("booking.requested")


def test_at_the_amount_nobody_is_asked(house: House, approver: Actor) -> None:  # R-APPROVAL-1
    firm = db.session.get_one(Firm, house.client.firm_id)
    with transaction():
        firm.approval_above_fen = 10**9
    assert house.book(START).ref


def test_the_yes_books_for_whoever_asked(house: House, approver: Actor) -> None:  # R-APPROVAL-2
    asked = ask(house, cost_centre="质检")
    booking = house.do(services.approve, approver, approval_id=asked.id, price_fen=asked.price_fen)
    assert (booking.booked_by, booking.price_fen, booking.cost_centre) == (
        house.client.person_id,
        asked.price_fen,
        "质检",
    )
    assert db.session.query(Holding).filter(Holding.booking_id.is_(None)).count() == 0
    assert notified("approval.given") == [house.client.person_id]
    with pytest.raises(ApprovalOver):
        house.do(services.approve, approver, approval_id=asked.id, price_fen=asked.price_fen)
    assert db.session.query(Booking).count() == 1


def test_at_another_price_nothing_is_booked(house: House, approver: Actor) -> None:  # R-APPROVAL-2
    asked = ask(house)
    with transaction():
        db.session.query(Fee).filter_by(test_item_id=house.item.id).one().amount_fen += 100
    with pytest.raises(PriceChanged):
        house.do(services.approve, approver, approval_id=asked.id, price_fen=asked.price_fen)
    assert db.session.query(Booking).count() == 0
    assert db.session.query(Holding).count() == 1, "its time is still held"


def test_who_may_not_say_yes(house: House, approver: Actor) -> None:
    asked = ask(house)
    for actor, problem in ((house.client, NotAllowed), (house.manager, NotFound)):
        with pytest.raises(problem):
            house.do(services.approve, actor, approval_id=asked.id, price_fen=asked.price_fen)
    with pytest.raises(NotFound):
        house.do(services.withdraw_approval, approver, approval_id=asked.id)


def test_a_no_has_a_reason_and_frees_the_time(house: House, approver: Actor) -> None:
    asked = ask(house)
    with pytest.raises(ReasonRequired):
        house.do(services.refuse_approval, approver, approval_id=asked.id, reason=" ")
    house.do(services.refuse_approval, approver, approval_id=asked.id, reason="预算已用完")
    assert db.session.query(Holding).count() == 0
    assert notified("approval.refused") == [house.client.person_id]


def test_the_asker_takes_it_back(house: House, approver: Actor) -> None:
    asked = ask(house)
    house.do(services.withdraw_approval, house.client, approval_id=asked.id)
    assert db.session.query(Holding).count() == 0
    with pytest.raises(ApprovalOver):
        house.do(services.approve, approver, approval_id=asked.id, price_fen=asked.price_fen)


def test_it_lapses_like_a_request(house: House, approver: Actor, clock: Clock) -> None:  # R-APPROVAL-1
    asked = ask(house)
    clock.now = asked.answer_by - timedelta(seconds=1)
    assert house.do(services.lapse_approvals, SYSTEM) == 0
    clock.now = asked.answer_by
    with pytest.raises(ApprovalOver):
        house.do(services.approve, approver, approval_id=asked.id, price_fen=asked.price_fen)
    assert (house.do(services.lapse_approvals, SYSTEM), house.do(services.lapse_approvals, SYSTEM)) == (1, 0)
    assert notified("approval.lapsed") == [house.client.person_id]


def test_its_time_is_taken(house: House, approver: Actor) -> None:
    for _unit in range(house.instrument.units):
        ask(house)
    with pytest.raises(SlotTaken):
        ask(house)


def test_the_amount_is_the_owners(house: House, approver: Actor) -> None:
    firm = db.session.get_one(Firm, house.client.firm_id)
    for actor in (house.client, approver):
        with pytest.raises(NotAllowed), transaction():
            set_approval_above(actor=actor, now=house.clock.now, firm_id=firm.id, amount_fen=None)


def test_pages(house: House, approver: Actor, client: FlaskClient) -> None:
    asked = ask(house)
    firm = db.session.get_one(Firm, house.client.firm_id)
    sign_in(client, db.session.get_one(Person, approver.person_id), firm)
    assert f"/client/approvals/{asked.id}" in client.get("/client/").text
    assert f"/client/approvals/{asked.id}" in client.get("/client/approvals").text
    assert client.post(f"/client/approvals/{asked.id}/refuse", data={"reason": ""}).status_code == 422
    assert client.post(f"/client/approvals/{asked.id}/approve", data={"price_fen": "1"}).status_code == 409
    done = client.post(f"/client/approvals/{asked.id}/approve", data={"price_fen": str(asked.price_fen)})
    assert done.status_code == 303
    assert "/bookings/B-" in done.location
    assert client.post(f"/client/approvals/{asked.id}/approve", data={"price_fen": "1"}).status_code == 409


def test_a_charge_lifted_above_the_amount_needs_the_same_yes(house: House, approver: Actor) -> None:  # R-APPROVAL-3
    firm = db.session.get_one(Firm, house.client.firm_id)
    with transaction():
        accountant = factories.actor(factories.member(firm, "accountant"), firm, "accountant")
    booking = house.book(START, actor=approver)
    house.do(services.confirm, house.manager, ref=booking.ref)
    line = house.do(services.propose_charge, house.manager, ref=booking.ref, amount_fen=5_000, reason="加做")
    with pytest.raises(NeedsApproval):
        house.do(services.consent_charge, accountant, ref=booking.ref, charge_id=line.id)
    house.do(services.consent_charge, approver, ref=booking.ref, charge_id=line.id)


def test_the_form_asks_inside(house: House, approver: Actor, client: FlaskClient) -> None:  # R-APPROVAL-1
    firm = db.session.get_one(Firm, house.client.firm_id)
    sign_in(client, db.session.get_one(Person, house.client.person_id), firm)
    given = {"test_item": str(house.item.id), "quantity": "1", "starts_at": "2026-11-27T09:00"}
    assert "申请审批" in client.get(f"/bookings/new?test_item={house.item.id}&starts_at=2026-11-27T09:00%2B08:00").text
    done = client.post("/bookings/new", data=given | {"sample_description": "试样", "book": "1"})
    assert done.status_code == 303
    assert "/client/approvals/" in done.location
    assert db.session.query(Booking).count() == 0


@pytest.mark.parametrize("passes_fen", [100, None])
def test_the_form_works_its_order_out_once(
    house: House, approver: Actor, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, passes_fen: int | None
) -> None:  # R-APPROVAL-1
    """Quantity, hours and price, whether it is booked or the approver is asked."""
    firm = db.session.get_one(Firm, house.client.firm_id)
    with transaction():
        firm.approval_above_fen = passes_fen
    sign_in(client, db.session.get_one(Person, house.client.person_id), firm)
    done: list[str] = []
    for module, name in ((loading, "work_of"), (slots, "price_of"), (loading, "fee_terms")):
        rule = getattr(module, name)

        def counted(*given: Any, _name: str = name, _rule: Any = rule, **more: Any) -> Any:
            done.append(_name)
            return _rule(*given, **more)

        monkeypatch.setattr(module, name, counted)
    given = {"test_item": str(house.item.id), "quantity": "1", "starts_at": "2026-11-27T09:00"}
    answer = client.post("/bookings/new", data=given | {"sample_description": "试样", "book": "1"})
    assert answer.status_code == 303, answer.text
    assert ("/client/approvals/" in answer.location) == (passes_fen is not None)
    assert sorted(done) == ["fee_terms", "price_of", "work_of"]
