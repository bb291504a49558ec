"""Extra work at the bench: by the published fee, done once the client consents (docs/rules.md, R-EXTRA)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from labshare.accounts.models import Person
from labshare.booking import errors, services
from labshare.booking.models import Booking, Charge, ExtraWork
from labshare.booking.services import Wish
from labshare.booking.services.charges import withdraw_charge
from labshare.booking.terms import ExtraKind
from labshare.catalogue.models import Fee
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed
from labshare.organisations.models import Firm, Membership
from tests import factories
from tests.booking.conftest import House, at, fresh, make_house
from tests.conftest import Clock
from tests.signing import sign_in


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    return make_house(clock, units=1, max_quantity=5)


def running(house: House, start: str = "2026-11-25 09:00", **given: Any) -> Booking:
    """Of one sample, an hour from nine, at 100 yuan a sample; begun."""
    booking = house.book(start, **given)
    house.do(services.confirm, house.manager, ref=booking.ref)
    house.clock.set(start)
    house.do(services.receive, house.manager, ref=booking.ref)
    house.do(services.start, house.manager, ref=booking.ref)
    return booking


def propose(house: House, booking: Booking, kind: ExtraKind, **given: Any) -> Charge:
    cause = given.pop("cause", "unclear_result")
    seen = {"seen_fen": given.pop("seen_fen")} if "seen_fen" in given else {}
    wish = Wish(kind=kind, **given)
    return house.do(services.propose_extra, house.manager, ref=booking.ref, wish=wish, cause=cause, **seen)


def consent(house: House, booking: Booking, line: Charge, actor: Any = None) -> Booking:
    house.do(services.consent_charge, actor or house.client, ref=booking.ref, charge_id=line.id)
    return fresh(booking)


def test_more_samples_change_nothing_before_the_yes(house: House) -> None:  # R-EXTRA-1, R-EXTRA-2, R-EXTRA-4
    booking = running(house)
    line = propose(house, booking, ExtraKind.SAMPLES, quantity=2)
    assert line.amount_fen == 20_000
    before = fresh(booking)
    assert (before.quantity, before.charged_fen, before.ends_at) == (1, 10_000, at("2026-11-25 10:00"))
    after = consent(house, booking, line)
    assert (after.quantity, after.charged_fen, after.price_fen) == (3, 30_000, 10_000)
    assert after.ends_at == at("2026-11-25 12:00")
    with pytest.raises(errors.ChargeNotOpen):
        consent(house, booking, line)
    assert fresh(booking).quantity == 3


def test_more_time_of_a_test_that_is_not_paid_by_the_hour_is_free(house: House) -> None:  # R-EXTRA-2
    booking = running(house)
    line = propose(house, booking, ExtraKind.TIME, minutes=30, cause="takes_longer")
    assert line.amount_fen == 0
    after = consent(house, booking, line)
    assert (after.charged_fen, after.ends_at) == (10_000, at("2026-11-25 10:30"))


def test_more_time_by_the_hour_costs_what_the_fee_says(app: Flask, clock: Clock) -> None:  # R-EXTRA-2
    house = make_house(clock, units=1, basis="hour", fee_fen=6_000, minimum_fen=8_000)
    booking = running(house)
    assert booking.charged_fen == 8_000  # the minimum: an hour is 6,000
    assert propose(house, booking, ExtraKind.TIME, minutes=30).amount_fen == 1_000  # 9,000 in all


def test_a_step_of_the_fee_holds_for_all_samples(app: Flask, clock: Clock) -> None:  # R-EXTRA-2, R-PRICE-10
    steps = [{"from": 3, "amount_fen": 3_000}]
    house = make_house(clock, units=1, max_quantity=5)
    with transaction():
        db.session.query(Fee).filter_by(test_item_id=house.item.id).one().steps = steps
    booking = running(house, quantity=2)
    line = propose(house, booking, ExtraKind.SAMPLES, quantity=1)
    assert line.amount_fen == 9_000 - 20_000
    assert consent(house, booking, line).charged_fen == 9_000


def test_another_test_at_the_fee_of_the_day(house: House) -> None:  # R-EXTRA-2
    with transaction():
        other = factories.test_item(house.instrument, sample_minutes=Decimal(30), fee_fen=4_200)
        apart = factories.test_item(factories.instrument(house.lab))
        statutory = factories.test_item(house.instrument, statutory=True)
        elsewhere = factories.test_item(factories.instrument(factories.lab()))
    booking = running(house)
    for item, refusal in (
        (apart, errors.OtherInstrument),
        (statutory, errors.StatutoryDiffers),
        (elsewhere, errors.NotPublished),
    ):
        with pytest.raises(refusal):
            propose(house, booking, ExtraKind.TEST, test_item_id=item.id)
    line = propose(house, booking, ExtraKind.TEST, test_item_id=other.id)
    assert line.amount_fen == 4_200
    after = consent(house, booking, line)
    assert (after.quantity, after.charged_fen, after.ends_at) == (1, 14_200, at("2026-11-25 10:30"))


def test_another_tests_time_is_no_part_of_an_hourly_price(app: Flask, clock: Clock) -> None:  # R-EXTRA-2
    house = make_house(clock, units=1, basis="hour", fee_fen=6_000, minimum_fen=8_000)
    with transaction():
        other = factories.test_item(house.instrument, fee_fen=4_200)
    booking = running(house)
    consent(house, booking, propose(house, booking, ExtraKind.TEST, test_item_id=other.id))
    assert propose(house, booking, ExtraKind.TIME, minutes=30).amount_fen == 1_000


def test_one_waits_at_a_time(house: House) -> None:  # R-EXTRA-1
    booking = running(house)
    first = propose(house, booking, ExtraKind.SAMPLES, quantity=1)
    with pytest.raises(errors.ExtraWaits):
        propose(house, booking, ExtraKind.SAMPLES, quantity=1)
    house.do(withdraw_charge, house.manager, ref=booking.ref, charge_id=first.id)
    with pytest.raises(errors.ChargeNotOpen):
        consent(house, booking, first)
    second = propose(house, booking, ExtraKind.SAMPLES, quantity=1)
    with pytest.raises(IntegrityError), transaction():  # a first one raised again by hand
        db.session.execute(update(Charge).where(Charge.id == first.id).values(state="proposed"))
    assert consent(house, booking, second).quantity == 2


def test_what_is_in_the_way_is_said(house: House) -> None:  # R-EXTRA-3
    following = house.book("2026-11-25 10:30")
    booking = running(house)
    with pytest.raises(errors.HeldAfter) as refused:
        propose(house, booking, ExtraKind.SAMPLES, quantity=1)
    assert following.ref in refused.value.text
    assert refused.value.params["n"] == 30
    line = propose(house, booking, ExtraKind.TIME, minutes=30)
    assert consent(house, booking, line).ends_at == at("2026-11-25 10:30")


def test_time_taken_meanwhile_is_not_taken_from_others(house: House) -> None:  # R-EXTRA-3
    booking = running(house)
    line = propose(house, booking, ExtraKind.SAMPLES, quantity=1)
    house.book("2026-11-25 10:30", actor=house.client)
    with pytest.raises(errors.TimeGone):
        consent(house, booking, line)
    after = fresh(booking)
    assert (after.quantity, after.charged_fen, after.ends_at) == (1, 10_000, at("2026-11-25 10:00"))


def test_the_added_work_keeps_opening_hours(house: House) -> None:  # R-EXTRA-3
    booking = running(house, "2026-11-25 11:00")
    with pytest.raises(errors.OutsideOpeningHours):
        propose(house, booking, ExtraKind.TIME, minutes=1)


def test_it_lapses(house: House) -> None:  # R-EXTRA-5
    booking = running(house)
    line = propose(house, booking, ExtraKind.SAMPLES, quantity=1)
    assert line.answer_by == at("2026-11-28 00:00")
    house.clock.set("2026-11-28 00:00")
    with pytest.raises(errors.ChargeNotOpen):
        consent(house, booking, line)
    assert house.do(services.lapse_extra, SYSTEM) == 1
    assert house.do(services.lapse_extra, SYSTEM) == 0
    assert db.session.get_one(Charge, line.id).state == "lapsed"


def test_it_lapses_with_the_end_of_the_test(house: House) -> None:  # R-EXTRA-5
    booking = running(house)
    line = propose(house, booking, ExtraKind.TIME, minutes=30)
    house.do(services.finish, house.manager, ref=booking.ref)
    with pytest.raises(errors.ChargeNotOpen):
        consent(house, booking, line)
    assert fresh(booking).charged_fen == 10_000
    with pytest.raises(errors.IllegalStep):
        propose(house, booking, ExtraKind.TIME, minutes=30)


def test_above_the_amount_the_approver_answers(house: House) -> None:  # R-EXTRA-4, R-APPROVAL-3
    booking = running(house)
    firm = db.session.get_one(Firm, house.client.firm_id)
    with transaction():
        firm.approval_above_fen = 15_000
        accountant = factories.actor(factories.member(firm, "accountant"), firm, "accountant")
        booker = factories.actor(factories.member(firm, "booker"), firm, "booker")
    line = propose(house, booking, ExtraKind.SAMPLES, quantity=1)
    with pytest.raises(NotAllowed):
        consent(house, booking, line, booker)
    with pytest.raises(errors.NeedsApproval):
        consent(house, booking, line, accountant)
    assert consent(house, booking, line).charged_fen == 20_000


def test_nobody_of_the_lab_answers_for_the_client(house: House) -> None:  # R-EXTRA-4
    booking = running(house)
    line = propose(house, booking, ExtraKind.SAMPLES, quantity=1)
    with transaction():
        mine = {"person_id": house.client.person_id, "firm_id": house.lab.firm_id, "role": "viewer"}
        db.session.add(Membership(**mine, started_at=house.clock.now))
    with pytest.raises(errors.LabAnswersItself):
        consent(house, booking, line)


def test_the_price_that_was_seen(house: House) -> None:  # R-EXTRA-2
    booking = running(house)
    with pytest.raises(errors.ExtraPriceChanged):
        propose(house, booking, ExtraKind.SAMPLES, quantity=1, seen_fen=9_999)
    with pytest.raises(NotAllowed):
        house.do(
            services.propose_extra,
            house.client,
            ref=booking.ref,
            wish=Wish(kind=ExtraKind.SAMPLES, quantity=1),
            cause="more_came",
        )


def test_what_was_proposed_stays_as_recorded(house: House) -> None:  # R-EXTRA-4
    booking = running(house)
    propose(house, booking, ExtraKind.SAMPLES, quantity=1)
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(update(ExtraWork).values(minutes=1))


def test_a_late_test_goes_on_from_now(house: House) -> None:  # R-EXTRA-3
    booking = running(house)
    house.clock.now = at("2026-11-25 10:20")
    line = propose(house, booking, ExtraKind.TIME, minutes=30)
    assert consent(house, booking, line).ends_at == at("2026-11-25 10:20") + timedelta(minutes=30)


def test_its_pages(house: House, client: FlaskClient) -> None:  # R-EXTRA-2, R-EXTRA-4
    booking = running(house)
    page, here = f"/lab/bookings/{booking.ref}/extra", f"/lab/bookings/{booking.ref}"
    sign_in(client, db.session.get_one(Person, house.manager.person_id), house.lab.firm)
    wish = "?kind=more_samples&quantity=2"
    assert "请委托方确认：200.00 元" in client.get(page + wish).text
    assert client.post(page + wish, data={"seen_fen": "20000"}).status_code == 422
    assert client.post(page + wish, data={"seen_fen": "1", "cause": "more_came"}).status_code == 409
    given = {"seen_fen": "20000", "cause": "more_came", "reason": "另有两件"}
    assert client.post(page + wish, data=given).status_code == 303
    assert client.post(page + wish, data=given).status_code == 409
    line = db.session.query(Charge).filter(Charge.answer_by.is_not(None)).one()
    assert "撤销" in client.get(here).text
    firm = db.session.get_one(Firm, house.client.firm_id)
    sign_in(client, db.session.get_one(Person, house.client.person_id), firm)
    assert "增做待答复：200.00 元" in client.get("/client/").text
    answered = client.post(f"/bookings/{booking.ref}/consent-charge", data={"consent-charge-charge_id": str(line.id)})
    assert answered.status_code == 303
    shown = client.get(f"/bookings/{booking.ref}").text
    assert "增加2 件样品" in shown.replace("\u2009", "")
    assert fresh(booking).charged_fen == 30_000
