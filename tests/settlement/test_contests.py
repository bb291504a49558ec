"""Contested documents (R-CONTEST): by whom, how long, and who decides."""

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from labshare.jobs.table import lapse_requests
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInput, Problem
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import utc_now
from labshare.notices.models import Notice
from labshare.settlement import errors, services
from labshare.settlement.models import BookingHold, Contest
from labshare.settlement.queries.contests import contests_waiting
from labshare.settlement.rules.contests import decides
from tests import factories
from tests.settlement.world import World, signed_in

ONE_ENGINE = pytest.mark.engines("sqlite")
OFFICER, APPROVER = OfficialRole.OFFICER, OfficialRole.APPROVER


@pytest.fixture
def booked(app, clock):
    """It is Thursday 25 June 2026; a payment is recorded that day."""
    clock.set("2026-06-25 10:00")
    factories.working_year()
    world = World()
    world.report()
    world.paid = world.payment(40_000)
    with transaction():
        world.officer = of_county("officer")
    return world


def of_county(role):
    return factories.actor(factories.regulator(role, "330624"), None, role, division="330624")


def contest(world, document=None, reason="我司未付过此款", **given):
    document = document or f"payment-{world.paid}"
    return world.does(
        services.contest_document, **{"actor": world.booker, "document": document, "reason": reason, **given}
    )


def decide(world, verdict, actor=None):
    given = {"actor": actor or world.officer, "verdict": verdict, "note": "流水已核对"}
    return world.does(services.decide_contest, **given)


def refused(step, *args, **given):
    with pytest.raises(Problem) as caught:
        step(*args, **given)
    db.session.rollback()
    return type(caught.value)


def notified(kind):
    return set(db.session.scalars(db.select(Notice.person_id).where(Notice.kind == kind)))


def causes(world):
    db.session.rollback()
    holds = db.session.scalars(db.select(BookingHold).filter_by(booking_id=world.id).order_by(BookingHold.id))
    return [(hold.cause, hold.lasts) for hold in holds]


def waiting(actor, role):
    return db.session.scalar(contests_waiting(actor, utc_now(), role=role))


@pytest.fixture
def owner(booked):
    """Of the client's firm: sees its money."""
    with transaction():
        return factories.actor(factories.member(booked.client, "owner"), booked.client, "owner")


@pytest.fixture
def approver(booked):
    with transaction():
        return of_county("approver")


def test_the_client_is_told_of_a_payment_and_contests_it(booked, owner):  # R-CONTEST-1
    booked.payment(10_000)
    assert owner.person_id in notified("payment.recorded")
    assert refused(contest, booked, actor=booked.booker) is errors.UnknownDocument  # a booker sees no payments
    made = contest(booked, actor=owner)
    assert (made.kind, made.document_id, made.last_day) == ("payment", booked.paid, date(2026, 7, 23))
    assert causes(booked) == [("contest", True)]
    assert booked.manager.person_id in notified("contest.raised")
    assert booked.officer.person_id in notified("contest.to_decide")
    assert refused(services.suspend_booking, actor=booked.officer, now=utc_now(), ref=booked.ref, note="核查") is (
        errors.HeldAlready
    )
    decide(booked, "dismissed")
    assert causes(booked) == [("contest", False)]
    assert {owner.person_id, booked.manager.person_id} <= notified("contest.decided")
    assert refused(contest, booked, actor=owner) is errors.ContestedAlready


@ONE_ENGINE
def test_upheld_the_booking_stays_suspended_until_an_officer_ends_that(booked, owner):  # R-CONTEST-2
    contest(booked, actor=owner)
    decide(booked, "upheld")
    assert causes(booked) == [("contest", False), ("suspend", True)]
    booked.does(services.end_suspension, actor=booked.officer, note="已退款更正")
    assert causes(booked) == [("contest", False), ("suspend", False)]
    assert refused(decide, booked, "dismissed") is errors.NoOpenContest


@ONE_ENGINE
def test_ten_working_days_and_again_after_another_hold(booked, owner, clock):  # R-CONTEST-1
    clock.set("2026-07-09 23:59")  # 26, 29, 30 June, 1, 2, 3, 6, 7, 8, 9 July
    booked.does(services.suspend_booking, actor=booked.officer, note="核查")
    clock.set("2026-07-20 10:00")
    assert refused(contest, booked, actor=owner) is errors.HeldAlready
    booked.does(services.end_suspension, actor=booked.officer, note="无误")
    clock.set("2026-08-03 23:59")
    contest(booked, actor=owner)


@ONE_ENGINE
def test_too_late_and_not_of_this_booking(booked, owner, clock):  # R-CONTEST-1
    other = booked.another().payment(10_000)
    for document in (f"payment-{other}", "payment-x", "invoice-1", "charge-1", ""):
        assert refused(contest, booked, document=document or "-", actor=owner) is errors.UnknownDocument
    assert issubclass(refused(contest, booked, reason=" ", actor=owner), InvalidInput)
    clock.set("2026-07-10 00:00")
    assert refused(contest, booked, actor=owner) is errors.ContestTooLate


@ONE_ENGINE
def test_undecided_it_goes_to_the_approver(booked, owner, approver, clock):  # R-CONTEST-3
    contest(booked, actor=owner)
    clock.set("2026-07-23 23:59")
    assert refused(decide, booked, "upheld", actor=approver) is errors.ContestWithOfficer
    assert (waiting(booked.officer, OFFICER), waiting(approver, APPROVER)) == (1, 0)
    assert "0 contests passed on" in lapse_requests(utc_now())
    clock.set("2026-07-24 00:00")
    assert "1 contests passed on" in lapse_requests(utc_now())
    assert "0 contests passed on" in lapse_requests(utc_now())
    assert approver.person_id in notified("contest.passed_on")
    assert booked.officer.person_id not in notified("contest.passed_on")
    assert (waiting(booked.officer, OFFICER), waiting(approver, APPROVER)) == (0, 1)
    assert refused(decide, booked, "upheld") is errors.ContestPassedOn
    decide(booked, "dismissed", actor=approver)
    assert waiting(approver, APPROVER) == 0


def test_who_decides():  # R-CONTEST-3, R-FACT-2
    county, city = "330624", "3306"
    for role, prefix, in_time, late in (
        (OFFICER, county, True, False),
        (OFFICER, city, True, True),
        (OFFICER, "", True, True),
        (OFFICER, "330683", False, False),
        (OFFICER, None, False, False),
        (APPROVER, county, False, True),
        (APPROVER, "330683", False, False),
        (OfficialRole.AUDITOR, county, False, False),
    ):
        given = {"role": role, "prefix": prefix, "division": county}
        assert (decides(**given, late=False), decides(**given, late=True)) == (in_time, late)


def test_by_page(app, booked, owner):
    page = signed_in(app, owner)
    address = f"/bookings/{booked.ref}/contest"
    assert f"payment-{booked.paid}" in page.get(address).text
    sent = page.post(address, data={"document": f"payment-{booked.paid}", "reason": "我司未付过此款"})
    assert sent.status_code == 303
    assert "我司未付过此款" in page.get(f"/bookings/{booked.ref}").text
    desk = signed_in(app, booked.officer)
    assert "我司未付过此款" in desk.get("/regulator/holds").text
    decided = desk.post(
        f"/regulator/bookings/{booked.ref}/contest/decide",
        data={"decide_contest-verdict": "dismissed", "decide_contest-note": "流水相符"},
    )
    assert decided.status_code == 303
    assert "流水相符" in page.get(f"/bookings/{booked.ref}").text


@pytest.mark.parametrize(
    ("statement", "guard"),
    [
        ("UPDATE contest SET reason = '另一理由'", "stays as recorded"),
        ("UPDATE contest SET verdict = 'dismissed'", "decided_with_note"),
        (
            "UPDATE contest SET verdict = 'dismissed', note = '无', decided_at = decide_by, decided_by = contested_by",
            "decided_by_another",
        ),
        ("DELETE FROM contest", "contest"),
    ],
)
def test_the_database_keeps_a_contest(booked, owner, statement, guard):
    contest(booked, actor=owner)
    with pytest.raises(IntegrityError, match=guard), transaction():
        db.session.execute(db.text(statement))
    db.session.rollback()


def test_the_database_knows_whose_document_it_is(booked, owner):
    other = booked.another()
    with transaction():
        hold = factories.add(BookingHold(booking_id=other.id, cause="contest", held_at=utc_now()))
    with pytest.raises(IntegrityError, match="contest of its booking"), transaction():
        factories.add(
            Contest(
                booking_id=other.id,
                hold_id=hold.id,
                kind="payment",
                document_id=booked.paid,
                reason="不符",
                contested_by=owner.person_id,
                contested_at=utc_now(),
                decide_by=utc_now(),
            )
        )
    db.session.rollback()
