"""Disputes (R-DISPUTE): from the first words to the decision, and what holds meanwhile."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from labshare.booking.terms import BookingState
from labshare.jobs.table import lapse_requests
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, Problem
from labshare.kernel.time import utc_now
from labshare.notices.models import Notice
from labshare.settlement import errors, services
from labshare.settlement.models import BookingHold, Dispute
from labshare.settlement.rules.disputes import disputable, last_day, settles
from tests import factories
from tests.settlement.world import World, taken
from tests.signing import sign_in

TOLD = db.select(Notice.person_id, Notice.kind)


def people_notified(kind):
    return db.select(Notice.person_id).where(Notice.kind == kind)


@pytest.fixture
def booked(app, clock):
    """Reported on Saturday 20 June; it is Thursday 25 June, a day after a holiday."""
    clock.set("2026-06-25 10:00")
    factories.working_year()
    world = World()
    world.report()
    return world


def held(world):
    db.session.rollback()
    return db.session.scalar(db.select(BookingHold.cause).where(BookingHold.booking_id == world.id, BookingHold.lasts))


def refused(world, service, **given):
    with pytest.raises(Problem) as caught:
        world.does(service, **given)
    db.session.rollback()
    return type(caught.value)


def test_from_words_to_a_settlement(booked, clock):
    dispute = booked.dispute(files=[taken()])
    assert held(booked) == "dispute"
    assert (booked.manager.person_id, "dispute.opened") in {tuple(row) for row in db.session.execute(TOLD)}
    assert refused(booked, services.escalate_dispute, actor=booked.booker) is errors.AnswerFirst

    booked.does(services.answer_dispute, actor=booked.manager, text="已复核原始记录")
    assert refused(booked, services.answer_dispute, actor=booked.manager, text="再答") is errors.DisputeAnsweredAlready
    booked.does(services.settle_dispute, actor=booked.manager, outcome="retest")
    booked.does(services.settle_dispute, actor=booked.booker, outcome="refund")
    booked.does(services.settle_dispute, actor=booked.booker, outcome="refund")
    assert held(booked) == "dispute"

    booked.does(services.settle_dispute, actor=booked.manager, outcome="refund")
    dispute = db.session.get_one(Dispute, dispute.id)
    assert (dispute.state, dispute.outcome) == ("settled", "refund")
    assert held(booked) is None
    assert refused(booked, services.settle_dispute, actor=booked.booker, outcome="none") is errors.NoOpenDispute
    assert refused(booked, services.open_dispute, actor=booked.booker, text="又") is errors.NoNewGround
    clock.set("2026-06-26 10:00")
    booked.report(on=booked.today)
    booked.dispute("复检报告也不对")


def test_unanswered_it_goes_to_the_authority_and_is_decided(booked, clock):
    # R-DISPUTE-3: Thursday 25 June; 26, 29, 30 June, 1, 2 July
    dispute = booked.dispute()
    assert dispute.last_day == date(2026, 7, 2)
    clock.set("2026-07-02 23:59")
    assert "0 to the authority" in lapse_requests(utc_now())
    assert refused(booked, services.decide_dispute, actor=booked.officer, outcome="refund", text="先行") is (
        errors.NotWithAuthority
    )
    clock.set("2026-07-03 00:00")
    assert "1 to the authority" in lapse_requests(utc_now())
    assert "0 to the authority" in lapse_requests(utc_now())
    assert (booked.officer.person_id, "dispute.to_decide") in {tuple(row) for row in db.session.execute(TOLD)}
    assert refused(booked, services.answer_dispute, actor=booked.manager, text="迟") is errors.WithAuthorityAlready

    without = {"actor": booked.officer, "outcome": "refund", "text": "  "}
    assert refused(booked, services.decide_dispute, **without) is errors.WordsMissing
    booked.does(services.decide_dispute, **{**without, "text": "报告漏记试样编号"})
    assert held(booked) is None
    assert {(booked.booker.person_id, "dispute.decided"), (booked.manager.person_id, "dispute.decided")} <= {
        tuple(row) for row in db.session.execute(TOLD)
    }


def test_the_owner_is_told_on_the_last_morning(booked, clock):  # R-TOLD-10
    with transaction():
        owner = factories.member(booked.lab.firm, "owner").id
    booked.dispute()
    for moment, told in (
        ("2026-06-25 23:00", 0),
        ("2026-07-01 07:00", 0),
        ("2026-07-02 07:00", 1),
        ("2026-07-02 07:10", 0),
    ):
        clock.set(moment)
        with transaction():
            assert services.notify_of_disputes(actor=SYSTEM, now=clock.now) == told, moment
    assert db.session.scalars(people_notified("dispute.unanswered")).all() == [owner]


def test_of_an_answered_dispute_no_owner_is_told(booked, clock):  # R-TOLD-10
    booked.dispute()
    booked.does(services.answer_dispute, actor=booked.manager, text="已复核")
    clock.set("2026-07-02 07:00")
    with transaction():
        assert services.notify_of_disputes(actor=SYSTEM, now=clock.now) == 0


def test_who_gains_from_it_does_not_decide(booked, clock):
    # R-DISPUTE-5
    booked.dispute()
    booked.does(services.answer_dispute, actor=booked.manager, text="已复核")
    booked.does(services.escalate_dispute, actor=booked.booker)
    person = db.session.get_one(factories.Person, booked.officer.person_id)
    factories.add(
        factories.Membership(person_id=person.id, firm_id=booked.client.id, role="viewer", started_at=utc_now())
    )
    db.session.commit()
    assert refused(booked, services.decide_dispute, actor=booked.officer, outcome="refund", text="是") is NotAllowed
    assert refused(booked, services.decide_dispute, actor=booked.manager, outcome="none", text="否") is NotAllowed


def test_one_hold_at_a_time(booked):
    # R-DISPUTE-2
    factories.add(BookingHold(booking_id=booked.id, cause="flag", held_at=utc_now()))
    db.session.commit()
    assert refused(booked, services.open_dispute, actor=booked.booker, text="不符") is errors.HeldAlready
    with pytest.raises(IntegrityError):
        factories.add(BookingHold(booking_id=booked.id, cause="contest", held_at=utc_now()))
    db.session.rollback()


def test_too_late_or_too_early(booked, clock):
    early = booked.another(state="confirmed")
    assert refused(early, services.open_dispute, actor=early.booker, text="？") is errors.NothingToDispute
    clock.set("2026-12-18 10:00")
    assert refused(booked, services.open_dispute, actor=booked.booker, text="？") is errors.DisputeTooLate


def test_without_words_it_is_refused_at_the_field(app, booked):
    person = db.session.get_one(factories.Person, booked.booker.person_id)
    client = sign_in(app.test_client(), person, booked.client)
    path = f"/bookings/{booked.ref}/dispute"
    for language, words in (("zh-CN", "请写明内容。"), ("en", "Write it in words.")):
        answer = client.post(path, data={"text": " "}, headers={"Accept-Language": language})
        assert answer.status_code == 422
        assert words in answer.text
    assert held(booked) is None

    assert client.post(path, data={"text": "试样编号对不上"}).status_code == 303
    page = client.get(f"/bookings/{booked.ref}", headers={"Accept-Language": "zh-CN"})
    assert "试样编号对不上" in page.text
    assert "2026年7月2日" in page.text


@given(
    side=st.sampled_from(["client", "lab"]),
    outcome=st.sampled_from(["retest", "refund", "none"]),
    offered=st.sampled_from([None, "retest", "refund", "none"]),
    offered_side=st.sampled_from(["client", "lab"]),
)
@settings(max_examples=60)
def test_nobody_settles_alone_but_a_client_who_asks_for_nothing(side, outcome, offered, offered_side):
    # R-DISPUTE-4
    by = offered_side if offered else None
    ended = settles(side, outcome, offered=offered, offered_side=by)
    assert ended == ((side == "client" and outcome == "none") or (offered == outcome and by != side))


def test_what_can_be_disputed_and_until_when():
    # R-DISPUTE-1
    assert {state for state in BookingState if not disputable(state, 100)} == {"requested", "confirmed", "declined"}
    assert not disputable("cancelled", 0)
    assert last_day(date(2026, 3, 2), date(2026, 3, 1), None) == date(2026, 8, 29)
    assert last_day(None, None, None) is None
