"""Payers other than the client, above the county's limit (R-PAPER-15)."""

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInputs, NotAllowed, Problem
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import utc_now
from labshare.notices.models import Notice
from labshare.organisations.errors import SecondPersonNeeded
from labshare.settlement import errors, services
from labshare.settlement.models import PayerAcceptance, PayerLimit, Payment
from labshare.settlement.queries.payers import UNLESS_SET, payer_limit, payers, payers_waiting
from tests import factories
from tests.settlement.world import World, signed_in

OFFICER, APPROVER = OfficialRole.OFFICER, OfficialRole.APPROVER
ONE_ENGINE = pytest.mark.engines("sqlite")
SOMEBODY = 55_555


def regulator(role, division="330624"):
    return factories.actor(factories.regulator(role, division), None, role, division=division)


@pytest.fixture
def world(app):
    """The county asks for a second person from 500 yuan on."""
    world = World()
    with transaction():
        world.officer, world.approver = regulator("officer"), regulator("approver")
    limit(world.approver, 50_000)
    return world


def limit(approver, fen, reason="本县集团代付较多"):
    with transaction():
        services.set_payer_limit(actor=approver, now=utc_now(), amount_fen=fen, reason=reason)


def paid(world, fen, payer=SOMEBODY, **given):
    return world.payment(fen, payer_uscc=factories.credit_code(payer), **given)


def acceptance():
    return db.session.scalars(db.select(PayerAcceptance).where(PayerAcceptance.waits)).one().id


def confirm(actor, acceptance_id):
    with transaction():
        services.confirm_payer(actor=actor, now=utc_now(), acceptance_id=acceptance_id)


def refused(step, *args, **given):
    with pytest.raises(Problem) as caught:
        step(*args, **given)
    db.session.rollback()
    return type(caught.value)


def count(actor, role):
    return db.session.execute(payers_waiting(actor, role)).scalar_one()


def test_above_the_limit_it_counts_once_a_second_person_says_yes(world):  # R-PAPER-15, R-FACT-2
    payment = paid(world, 50_000)
    assert (count(world.officer, OFFICER), count(world.approver, APPROVER)) == (1, 0)
    world.accept(payment, note="集团内代付")
    assert world.money[2] == 0
    assert (count(world.officer, OFFICER), count(world.approver, APPROVER)) == (0, 1)
    assert refused(world.accept, payment) is errors.PayerWaitsForSecond
    first = acceptance()
    with transaction():
        another = regulator("officer")
    for nobody in (world.officer, another, regulator("approver", "330683"), world.accountant):
        assert issubclass(refused(confirm, nobody, first), Problem)
    assert world.money[2] == 0
    [row] = payers(world.approver)
    assert (row.acceptance.id, row.second, row.acceptance.note) == (first, True, "集团内代付")
    confirm(world.approver, first)
    assert world.money[2] == 50_000
    assert refused(confirm, world.approver, first) is errors.PayerDecidedAlready
    told = db.session.scalars(db.select(Notice.kind).where(Notice.person_id == world.approver.person_id)).all()
    assert told == ["payment.payer_to_confirm"]


@ONE_ENGINE
def test_an_officer_around_the_county_may_be_the_second_but_not_both(world):  # R-FACT-2
    with transaction():
        first, second = regulator("officer", "3306"), regulator("officer", "3306")
    world.accept(paid(world, 60_000), actor=first)
    assert refused(confirm, first, acceptance()) is SecondPersonNeeded
    assert refused(confirm, world.officer, acceptance()) is NotAllowed
    confirm(second, acceptance())
    assert world.money[2] == 60_000


@ONE_ENGINE
def test_a_payment_in_parts_is_one_payment(world):  # R-PAPER-15
    """Below the limit one officer does; what a payer paid at a lab in the year is taken together, at any booking."""
    other = world.another()
    world.accept(paid(world, 30_000))
    world.accept(paid(other, 10_000, payer=77_777))
    assert (world.money[2], other.money[2]) == (30_000, 10_000)
    rest = paid(other, 20_000)
    world.accept(rest)
    assert other.money[2] == 10_000
    assert db.session.get_one(Payment, rest).payer_waits
    assert db.session.get_one(PayerAcceptance, acceptance()).payment_id == rest


@ONE_ENGINE
def test_refused_by_the_second_person_it_waits_anew(world):  # R-PAPER-8, R-PAPER-15
    payment = paid(world, 50_000)
    assert refused(world.reject, payment, actor=world.approver) is NotAllowed
    world.accept(payment)
    first = acceptance()
    world.reject(payment, actor=world.approver)
    assert (world.money[2], db.session.get_one(PayerAcceptance, first).waits) == (0, False)
    world.accept(payment)
    assert refused(confirm, world.approver, first) is errors.PayerDecidedAlready
    confirm(world.approver, acceptance())
    assert world.money[2] == 50_000


@ONE_ENGINE
def test_what_lowers_needs_one_person(world):  # R-PAPER-15
    world.payment(100_000)
    refund = world.refund(60_000, payer_uscc=factories.credit_code(SOMEBODY))
    world.accept(refund)
    assert world.money[2] == 40_000


@ONE_ENGINE
def test_who_sets_the_limit(world):  # R-PAPER-15
    assert payer_limit("330683") == UNLESS_SET
    assert payer_limit("330624") == 50_000
    with transaction():
        province = regulator("approver", "33")
    limit(province, 0)
    assert (payer_limit("330683"), payer_limit("330624")) == (0, 50_000), "the smaller division's holds"
    limit(world.approver, 80_000)
    assert payer_limit("330624") == 80_000
    assert refused(limit, world.officer, 10**9) is NotAllowed
    assert refused(limit, world.approver, -1, reason=" ") is InvalidInputs
    told = db.session.scalars(db.select(Notice.kind).where(Notice.person_id == world.officer.person_id)).all()
    assert "payment.payer_limit" in told


def test_the_database_refuses_one_persons_word(world):  # R-PAPER-15
    payment = paid(world, 50_000)
    alone = update(Payment).where(Payment.id == payment).values(payer_verdict="accepted")
    with pytest.raises(DBAPIError, match="payer by two"):
        db.session.execute(alone)
    db.session.rollback()
    world.accept(payment)
    first = acceptance()
    for wrong in (
        alone,
        update(PayerAcceptance).values(confirmed_by=PayerAcceptance.accepted_by, confirmed_at=utc_now()),
        update(PayerAcceptance).values(accepted_by=world.approver.person_id),
        update(PayerLimit).values(amount_fen=10**9),
        text("DELETE FROM payer_acceptance"),
    ):
        with pytest.raises(DBAPIError):
            db.session.execute(wrong)
        db.session.rollback()
    confirm(world.approver, first)
    assert world.money[2] == 50_000


@ONE_ENGINE
def test_by_page(app, world):
    payment = paid(world, 50_000)
    desk, second = signed_in(app, world.officer), signed_in(app, world.approver)
    assert "500.00" in desk.get("/regulator/payers").text
    desk.post(
        f"/regulator/payers/{payment}/accept", data={f"accept-{payment}-note": "集团内代付", "note": "集团内代付"}
    )
    page = second.get("/regulator/payers").text
    assert f"/regulator/payers/confirm/{acceptance()}" in page
    assert desk.post(f"/regulator/payers/confirm/{acceptance()}").status_code == 403
    assert second.post(f"/regulator/payers/confirm/{acceptance()}").status_code == 303
    assert world.money[2] == 50_000
    kept = second.post("/regulator/payers/limit", data={"amount_fen": "12x", "reason": "年初核定"})
    assert kept.status_code == 422
    assert "12x" in kept.text
    assert "年初核定" in kept.text


@ONE_ENGINE
def test_a_province_is_shown_what_the_limit_of_the_bookings_county_makes_of_its_yes(app, world):
    paid(world, 60_000)
    with transaction():
        province = regulator("officer", "33")
    page = signed_in(app, province).get("/regulator/payers").text
    assert "须第二人也认可该付款方后" in page
