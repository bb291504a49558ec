"""A run's life: calculated, published, objected to, approved, paid; who may do what when (docs/rules.md, R-RUN)."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from labshare.audit.models import AuditEvent
from labshare.booking.models import WorkingDay
from labshare.jobs.table import lapse_requests
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import ChangedMeanwhile, InvalidInputs, NotAllowed, NotFound, ReasonRequired
from labshare.kernel.months import Month
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import utc_now
from labshare.notices.models import Notice
from labshare.rewards import errors, services
from labshare.rewards.models import Objection, Policy, RewardLine, RewardRun
from labshare.rewards.queries.waiting import objections_waiting
from labshare.rewards.services.approve import CHECKS, conditions
from labshare.settlement.models import BookingHold
from labshare.settlement.queries.closed import closed_months
from tests import factories
from tests.rewards.reading import policy_json
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy

SEPTEMBER, OCTOBER, NOVEMBER = Month(2026, 9), Month(2026, 10), Month(2026, 11)


@pytest.fixture
def world(app, clock):
    """Two labs, a client, revenue in September and October; the policy begins in September."""
    now = clock.set("2026-11-02 10:00")  # a Monday
    with transaction():
        world = people()
        factories.working_year(2026)
        for _ in range(2):
            add_lab(world)
        world.clients.append(factories.firm())
        put_policy(world, now, effective_from="2026-09")
        for lab in world.labs:
            for month in (9, 10):
                booking = add_booking(world, lab, world.clients[0], date(2026, month, 5))
                add_revenue(booking, f"2026-{month:02d}", 100_000)
        world.owner = factories.member(world.labs[0].firm)
    return world


def do(world, verb, who, clock, **given):
    """One step in a transaction of its own, by a person of the world."""
    actor = who if not isinstance(who, str) else world.acting(who)
    with transaction():
        return getattr(services, verb)(actor=actor, now=clock.now, **given)


def lab_owner(world, number=0):
    return factories.actor(world.owner, world.labs[number].firm, "owner")


def approve_september(world, clock):
    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    do(world, "publish", "officer", clock, month=SEPTEMBER)
    clock.advance(days=8)
    do(world, "approve", "approver", clock, month=SEPTEMBER)


def state(month=OCTOBER):
    db.session.rollback()
    return db.session.query(RewardRun).filter_by(month=str(month)).one().state


def test_the_whole_life(world, clock):  # R-RUN-1, R-RUN-4
    approve_september(world, clock)
    run = do(world, "run_month", "officer", clock, month=OCTOBER)
    assert (run.state, run.total_payable_fen) == ("calculated", 20_000)
    assert not closed_months().has("330624", OCTOBER)
    do(world, "publish", "officer", clock, month=OCTOBER)
    assert closed_months().has("330624", OCTOBER)
    clock.advance(days=8)
    do(world, "approve", "approver", clock, month=OCTOBER)
    paid = do(world, "pay", "officer", clock, month=OCTOBER, paid_on=date(2026, 11, 18), reference="2026-088")
    assert (paid.state, paid.payment_reference) == ("paid", "2026-088")
    actions = [event.action for event in db.session.query(AuditEvent).filter_by(subject_id="330624-2026-10")]
    assert actions == ["run.calculate", "run.publish", "run.approve", "run.pay"]


@pytest.mark.parametrize("month", [NOVEMBER, Month(2026, 12), Month(2027, 5)])
def test_a_month_not_over_has_no_run(world, clock, month):  # R-RUN-1
    with pytest.raises(errors.FutureMonth):
        do(world, "run_month", "officer", clock, month=month)
    with pytest.raises(errors.FutureMonth):
        do(world, "publish", "officer", clock, month=month)
    assert db.session.query(RewardRun).count() == 0


def test_a_month_ends_at_local_midnight(world, clock):  # R-RUN-1
    clock.set("2026-10-31 23:59")
    with pytest.raises(errors.FutureMonth):
        do(world, "run_month", "officer", clock, month=OCTOBER)
    clock.set("2026-11-01 00:00")
    assert do(world, "run_month", "officer", clock, month=OCTOBER).state == "calculated"


def test_a_month_without_policy_has_no_run(world, clock):  # R-RUN-1
    with pytest.raises(errors.NoPolicy):
        do(world, "run_month", "officer", clock, month=Month(2026, 8))
    with pytest.raises(errors.NoRun):
        do(world, "publish", "officer", clock, month=SEPTEMBER)


def test_only_officers_and_the_scheduler_calculate(world, clock):  # R-RUN-2
    for who in ("approver",):
        with pytest.raises(NotAllowed):
            do(world, "run_month", who, clock, month=OCTOBER)
    with pytest.raises(NotAllowed):
        do(world, "run_month", lab_owner(world), clock, month=OCTOBER)
    refused = db.session.query(AuditEvent).filter_by(action="run.calculate", refused=True).count()
    assert refused == 2
    assert do(world, "run_month", SYSTEM, clock, month=OCTOBER).calculated_by is None


def test_recalculating_ends_with_publication(world, clock):  # R-RUN-2
    approve_september(world, clock)
    do(world, "run_month", "officer", clock, month=OCTOBER)
    do(world, "run_month", "officer", clock, month=OCTOBER)
    do(world, "publish", "officer", clock, month=OCTOBER)
    with pytest.raises(errors.RunNotOpen):
        do(world, "run_month", "officer", clock, month=OCTOBER)
    with pytest.raises(errors.RunNotOpen):
        do(world, "publish", "officer", clock, month=OCTOBER)
    clock.advance(days=8)
    do(world, "approve", "approver", clock, month=OCTOBER)
    for verb in ("run_month", "publish"):
        with pytest.raises(errors.RunClosed):
            do(world, verb, "officer", clock, month=OCTOBER)


def test_published_only_if_calculating_now_gives_the_same(world, clock):  # R-RUN-4
    do(world, "run_month", "officer", clock, month=OCTOBER)
    with transaction():
        factories.add(BookingHold(booking_id=world.bookings[1].id, cause="flag", held_at=clock.now))
    with pytest.raises(errors.ResultChanged):
        do(world, "publish", "officer", clock, month=OCTOBER)
    again = do(world, "run_month", "officer", clock, month=OCTOBER)
    assert again.calculation == 2
    do(world, "publish", "officer", clock, month=OCTOBER)


@pytest.mark.parametrize(
    ("published", "special", "last_refused", "first_allowed"),
    [
        ("2026-11-02 10:00", {}, "2026-11-09 23:59", "2026-11-10 00:00"),  # Monday: Tuesday to Monday
        ("2026-11-02 23:59", {}, "2026-11-09 23:59", "2026-11-10 00:00"),
        ("2026-11-06 09:00", {}, "2026-11-13 23:59", "2026-11-14 00:00"),  # Friday
        ("2026-11-07 09:00", {}, "2026-11-13 23:59", "2026-11-14 00:00"),  # Saturday
        ("2026-11-02 10:00", {"2026-11-04": "holiday"}, "2026-11-10 23:59", "2026-11-11 00:00"),
        ("2026-11-02 10:00", {"2026-11-07": "make_up"}, "2026-11-07 23:59", "2026-11-08 00:00"),
    ],
)
def test_public_notice_lasts_full_working_days(
    world, clock, published, special, last_refused, first_allowed
):  # R-RUN-5
    with transaction():
        for day, kind in special.items():
            db.session.add(WorkingDay(day=date.fromisoformat(day), kind=kind))
    clock.set("2026-11-01 09:00")
    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    clock.set(published)
    do(world, "publish", "officer", clock, month=SEPTEMBER)
    clock.set(last_refused)
    with pytest.raises(errors.PublicNoticeLasts):
        do(world, "approve", "approver", clock, month=SEPTEMBER)
    clock.set(first_allowed)
    do(world, "approve", "approver", clock, month=SEPTEMBER)


def test_the_earlier_month_comes_first(world, clock):  # R-RUN-7
    do(world, "run_month", "officer", clock, month=OCTOBER)
    do(world, "publish", "officer", clock, month=OCTOBER)
    clock.advance(days=8)
    with pytest.raises(errors.EarlierMonthOpen):
        do(world, "approve", "approver", clock, month=OCTOBER)
    approve_september(world, clock)
    with pytest.raises(errors.RecalculateFirst):
        do(world, "approve", "approver", clock, month=OCTOBER)
    with pytest.raises(ReasonRequired):
        do(world, "send_back", "officer", clock, month=OCTOBER, reason=" ")
    do(world, "send_back", "officer", clock, month=OCTOBER, reason="九月审定在后")
    run = do(world, "run_month", "officer", clock, month=OCTOBER)
    assert run.total_payable_fen == 20_000  # September's is paid, October's is due
    do(world, "publish", "officer", clock, month=OCTOBER)
    clock.advance(days=8)
    assert do(world, "approve", "approver", clock, month=OCTOBER).publicity == 2


def test_approving_fails_when_calculating_now_gives_another_result(world, clock):  # R-RUN-7
    approve_september(world, clock)
    do(world, "run_month", "officer", clock, month=OCTOBER)
    do(world, "publish", "officer", clock, month=OCTOBER)
    clock.advance(days=8)
    with transaction() as session:  # a hand in the database: no verb changes what a booking copied
        session.execute(text("UPDATE booking SET client_size = 'large' WHERE id = :id"), {"id": world.bookings[0].id})
    with pytest.raises(errors.ResultChanged):
        do(world, "approve", "approver", clock, month=OCTOBER)


def test_nobody_approves_what_he_ever_calculated_or_published(world, clock):  # R-RUN-8
    """Whoever was an officer then and is an approver now; a calculation by the scheduler frees nobody."""
    turned = factories.actor(world.officer, None, "approver")
    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    do(world, "run_month", SYSTEM, clock, month=SEPTEMBER)
    do(world, "publish", "second_officer", clock, month=SEPTEMBER)
    clock.advance(days=8)
    published = factories.actor(world.second_officer, None, "approver")
    for actor in (turned, published):
        with pytest.raises(errors.SamePerson):
            do(world, "approve", actor, clock, month=SEPTEMBER)
    refused = db.session.query(AuditEvent).filter_by(action="run.approve", refused=True).all()
    assert [event.after["problem"] for event in refused] == ["SamePerson", "SamePerson"]
    assert do(world, "approve", "approver", clock, month=SEPTEMBER).state == "approved"


def test_an_officer_never_approves(world, clock):  # R-RUN-7
    do(world, "run_month", SYSTEM, clock, month=SEPTEMBER)
    do(world, "publish", "second_officer", clock, month=SEPTEMBER)
    clock.advance(days=8)
    with pytest.raises(NotAllowed):
        do(world, "approve", "officer", clock, month=SEPTEMBER)


def test_an_objection_keeps_the_run_from_being_approved(world, clock):  # R-RUN-6, R-RUN-7
    code = world.labs[0].code
    with pytest.raises(errors.NoRun):
        do(world, "raise_objection", lab_owner(world), clock, month=SEPTEMBER, lab=code, text="少计一笔")
    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    with pytest.raises(errors.NotOnPublicNotice):
        do(world, "raise_objection", lab_owner(world), clock, month=SEPTEMBER, lab=code, text="少计一笔")
    do(world, "publish", "officer", clock, month=SEPTEMBER)
    with pytest.raises(errors.TextRequired):
        do(world, "raise_objection", lab_owner(world), clock, month=SEPTEMBER, lab=code, text="  ")
    objection = do(world, "raise_objection", lab_owner(world), clock, month=SEPTEMBER, lab=code, text="少计一笔")
    with pytest.raises(errors.AlreadyObjected):
        do(world, "raise_objection", lab_owner(world), clock, month=SEPTEMBER, lab=code, text="再说一次")
    clock.advance(days=8)
    with pytest.raises(errors.ObjectionOpen):
        do(world, "approve", "approver", clock, month=SEPTEMBER)
    answer = {"objection_id": objection.id, "verdict": "rejected", "text": "该笔为法定检测"}
    with pytest.raises(NotFound):
        do(world, "answer_objection", lab_owner(world), clock, **answer)
    with pytest.raises(errors.ObjectionWithOfficer):
        do(world, "answer_objection", "approver", clock, **answer)
    with pytest.raises(errors.UnknownVerdict):
        do(world, "answer_objection", "officer", clock, **{**answer, "verdict": "perhaps"})
    with pytest.raises(errors.TextRequired):
        do(world, "answer_objection", "officer", clock, **{**answer, "text": ""})
    do(world, "answer_objection", "officer", clock, **answer)
    with pytest.raises(errors.AlreadyAnswered):
        do(world, "answer_objection", "officer", clock, **answer)
    assert do(world, "approve", "approver", clock, month=SEPTEMBER).state == "approved"


def test_an_upheld_objection_sends_the_run_back_and_opens_the_month(world, clock):  # R-RECOGNITION-6, R-RUN-6
    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    do(world, "publish", "officer", clock, month=SEPTEMBER)
    objection = do(
        world, "raise_objection", lab_owner(world), clock, month=SEPTEMBER, lab=world.labs[0].code, text="少计一笔"
    )
    do(world, "answer_objection", "officer", clock, objection_id=objection.id, verdict="upheld", text="属实")
    assert state(SEPTEMBER) == "calculated"
    assert not closed_months().has("330624", SEPTEMBER)
    with pytest.raises(errors.WrongState):
        do(world, "approve", "approver", clock, month=SEPTEMBER)
    clock.advance(days=3)
    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    do(world, "publish", "officer", clock, month=SEPTEMBER)
    clock.advance(days=5)  # the first public notice would be over by now
    with pytest.raises(errors.PublicNoticeLasts):
        do(world, "approve", "approver", clock, month=SEPTEMBER)
    again = do(
        world, "raise_objection", lab_owner(world), clock, month=SEPTEMBER, lab=world.labs[0].code, text="仍有异议"
    )
    assert again.publicity == 2


def test_no_objection_after_public_notice_and_none_for_another_firms_lab(world, clock):  # R-RUN-6
    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    do(world, "publish", "officer", clock, month=SEPTEMBER)
    other = factories.actor(world.owner, world.labs[0].firm, "owner")
    with pytest.raises(NotFound):
        do(world, "raise_objection", other, clock, month=SEPTEMBER, lab=world.labs[1].code, text="x")
    viewer = factories.actor(world.owner, world.labs[0].firm, "viewer")
    with pytest.raises(NotAllowed):
        do(world, "raise_objection", viewer, clock, month=SEPTEMBER, lab=world.labs[0].code, text="x")
    clock.advance(days=8)
    with pytest.raises(errors.NotOnPublicNotice):
        do(world, "raise_objection", lab_owner(world), clock, month=SEPTEMBER, lab=world.labs[0].code, text="x")
    assert db.session.query(Objection).count() == 0


def test_paying_needs_an_approved_run_a_day_and_a_reference(world, clock):  # R-RUN-12
    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    with pytest.raises(errors.WrongState):
        do(world, "pay", "officer", clock, month=SEPTEMBER, paid_on=date(2026, 11, 2), reference="1")
    do(world, "publish", "officer", clock, month=SEPTEMBER)
    clock.advance(days=8)
    do(world, "approve", "approver", clock, month=SEPTEMBER)
    with pytest.raises(InvalidInputs) as caught:
        do(world, "pay", "officer", clock, month=SEPTEMBER, paid_on=date(2026, 11, 11), reference=" ")
    assert {problem.field for problem in caught.value.problems} == {"paid_on", "reference"}
    with pytest.raises(errors.PaidBeforeApproval):
        do(world, "pay", "officer", clock, month=SEPTEMBER, paid_on=date(2026, 11, 9), reference="1")
    do(world, "pay", "officer", clock, month=SEPTEMBER, paid_on=date(2026, 11, 10), reference="1")
    with pytest.raises(errors.WrongState):
        do(world, "pay", "officer", clock, month=SEPTEMBER, paid_on=date(2026, 11, 10), reference="2")


LOCKED = [
    "UPDATE reward_run SET total_payable_fen = 1",
    "UPDATE reward_run SET digest = 'x'",
    "UPDATE reward_run SET state = 'calculated'",
    "UPDATE reward_run SET approved_by = NULL",
    "DELETE FROM reward_run",
    "UPDATE reward_line SET payable_fen = 1",
    "DELETE FROM reward_line",
    "UPDATE reward_line SET trace = '[]'",
    "INSERT INTO reward_item (entry_id, run_id, reason, changes) SELECT 999, id, NULL, (1 = 0) FROM reward_run",
    "UPDATE reward_item SET reason = 'related'",
    "DELETE FROM reward_item",
    "DELETE FROM reward_run_hand",
    "UPDATE reward_run_hand SET person_id = person_id + 1",
]


@pytest.mark.parametrize("statement", LOCKED)
def test_the_database_itself_locks_an_approved_run(world, clock, statement):  # R-RUN-11
    approve_september(world, clock)
    db.session.rollback()
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text(statement))
    assert db.session.query(RewardLine).filter(RewardLine.payable_fen == 10_000).count() == 2


REPLACING = {
    "sqlite": (
        "INSERT OR REPLACE INTO reward_run SELECT * FROM reward_run WHERE month = '2026-09'",
        (
            "INSERT OR REPLACE INTO reward_line SELECT l.id, (SELECT id FROM reward_run WHERE month = '2026-10'), "
            "l.lab_id, l.firm_id, l.grade, 0, 0, 0, 0, 0, 0, 0, 0, NULL, '[]' "
            "FROM reward_line l JOIN reward_run r ON r.id = l.run_id WHERE r.month = '2026-09'"
        ),
    ),
    "postgresql": (
        (
            "INSERT INTO reward_run SELECT * FROM reward_run WHERE month = '2026-09' "
            "ON CONFLICT (id) DO UPDATE SET state = 'calculated'"
        ),
        (
            "INSERT INTO reward_line SELECT l.* FROM reward_line l JOIN reward_run r ON r.id = l.run_id "
            "WHERE r.month = '2026-09' ON CONFLICT (id) DO UPDATE SET payable_fen = 0"
        ),
    ),
}


def test_replacing_rows_does_not_pass_the_lock_either(world, clock, engine_name):  # R-RUN-11
    approve_september(world, clock)
    do(world, "run_month", "officer", clock, month=OCTOBER)
    for statement in REPLACING[engine_name]:
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(statement))


CONDITIONS = {
    "on_public_notice": errors.WrongState,
    "another_person": errors.SamePerson,
    "notice_is_over": errors.PublicNoticeLasts,
    "no_objection_is_open": errors.ObjectionOpen,
    "earlier_months_are_approved": errors.EarlierMonthOpen,
    "calculated_after_them": errors.RecalculateFirst,
    "result_is_the_same": errors.ResultChanged,
}


def test_the_page_and_the_approval_ask_the_same_conditions(world, clock):
    assert list(CHECKS) == list(CONDITIONS)
    approve_september(world, clock)
    do(world, "run_month", "officer", clock, month=OCTOBER)
    do(world, "publish", "officer", clock, month=OCTOBER)
    run = db.session.query(RewardRun).filter_by(month="2026-10").one()
    shown = conditions(run, world.acting("approver"), clock.now)
    assert [one.name for one in shown if not one.holds] == ["notice_is_over"]
    clock.advance(days=8)
    assert all(one.holds for one in conditions(run, world.acting("approver"), clock.now))


def test_figures_after_september_say_why_a_line_is_zero(world, clock):  # R-REWARD-19
    approve_september(world, clock)
    with transaction():
        for entry in world.bookings:
            if entry.booked_on.month == 10:
                factories.add(BookingHold(booking_id=entry.id, cause="flag", held_at=clock.now))
    run = do(world, "run_month", "officer", clock, month=OCTOBER)
    lines = db.session.query(RewardLine).filter_by(run_id=run.id).all()
    assert {line.why for line in lines} == {"nothing_new"}
    assert json.dumps(lines[0].trace)


def test_a_sum_below_nothing_is_listed_with_its_bookings(world, clock):  # R-REWARD-22
    refunded = world.bookings[0]
    with transaction():
        add_revenue(refunded, "2026-10", -300_000)
    run = do(world, "run_month", "officer", clock, month=OCTOBER)
    assert run.to_reclaim == [
        {"lab": world.labs[0].code, "fen": -100_000, "bookings": [{"ref": refunded.ref, "fen": -200_000}]}
    ]


def test_a_correction_needs_two_officers_and_counts_from_the_open_month(world, clock):  # R-REWARD-23
    approve_september(world, clock)
    code = world.labs[0].code
    with pytest.raises(InvalidInputs):
        do(world, "propose_correction", "officer", clock, lab=code, fen=0, reason="")
    correction = do(world, "propose_correction", "officer", clock, lab=code, fen=4_000, reason="追回")
    assert correction.from_month == "2026-10"
    run = do(world, "run_month", "officer", clock, month=OCTOBER)
    assert run.total_payable_fen == 20_000
    with pytest.raises(errors.SecondOfficerNeeded):
        do(world, "agree_correction", "officer", clock, correction_id=correction.id)
    do(world, "confirm_correction", "approver", clock, correction_id=correction.id)
    do(world, "agree_correction", "second_officer", clock, correction_id=correction.id)
    with pytest.raises(errors.CorrectionDecided):
        do(world, "refuse_correction", "officer", clock, correction_id=correction.id)
    run = do(world, "run_month", "officer", clock, month=OCTOBER)
    assert (run.total_payable_fen, run.calculation) == (16_000, 2)
    line = db.session.query(RewardLine).filter_by(run_id=run.id, lab_id=world.labs[0].id).one()
    assert (line.opening_fen, line.payable_fen) == (4_000, 6_000)


def test_policies_are_drafted_by_officers_and_published_by_approvers(world, clock):  # R-REWARD-1, R-RUN-13

    with pytest.raises(NotAllowed):
        do(world, "draft_policy", "approver", clock, document=policy_json())
    with pytest.raises(InvalidInputs):
        do(world, "draft_policy", "officer", clock, document={**policy_json(), "unit": "x", "threshold_fen": -1})
    draft = do(world, "draft_policy", "officer", clock, document=policy_json(effective_from="2027-01"))
    with pytest.raises(NotAllowed):
        do(world, "publish_policy", world.of_the_county(), clock, policy_id=draft.id)
    with pytest.raises(errors.PoliciesOverlap):
        do(world, "publish_policy", "approver", clock, policy_id=draft.id)
    nested = do(world, "draft_policy", "officer", clock, document=policy_json(division="33"))
    with pytest.raises(errors.PoliciesOverlap):
        do(world, "publish_policy", "approver", clock, policy_id=nested.id)
    first = db.session.query(Policy).filter_by(state="published").one()
    with pytest.raises(errors.MonthsReversed):
        do(world, "end_policy", "approver", clock, policy_id=first.id, effective_to=Month(2026, 8))
    approve_september(world, clock)
    do(world, "run_month", "officer", clock, month=OCTOBER)
    do(world, "publish", "officer", clock, month=OCTOBER)
    with pytest.raises(errors.MonthsSettled):
        do(world, "end_policy", "approver", clock, policy_id=first.id, effective_to=SEPTEMBER)
    do(world, "end_policy", "approver", clock, policy_id=first.id, effective_to=Month(2026, 12))
    do(world, "publish_policy", "approver", clock, policy_id=draft.id)
    with pytest.raises(errors.PolicyImmutable):
        do(world, "draft_policy", "officer", clock, document=policy_json(), policy_id=draft.id)


def test_whoever_edited_a_draft_ever_does_not_publish_it(world, clock):  # R-RUN-13
    """The approver once was an officer and saved the second version; the database refuses it as well."""
    turncoat = factories.actor(world.approver, None, "officer")
    other = factories.actor(factories.regulator("approver"), None, "approver")
    db.session.commit()
    given = {"document": policy_json(division="330681")}
    draft = do(world, "draft_policy", "officer", clock, **given)
    for who in (turncoat, "officer"):
        do(world, "draft_policy", who, clock, policy_id=draft.id, **given)
    with pytest.raises(errors.PolicyEditedByYou):
        do(world, "publish_policy", "approver", clock, policy_id=draft.id)
    by_hand = text("UPDATE policy SET state = 'published', published_by = :by WHERE id = :id")
    for editor in (world.approver, world.officer):
        with pytest.raises(IntegrityError, match="another publishes"), transaction():
            db.session.execute(by_hand, {"by": editor.id, "id": draft.id})
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        db.session.execute(text("DELETE FROM policy_edit"))
    do(world, "publish_policy", other, clock, policy_id=draft.id)
    with pytest.raises(IntegrityError, match="another publishes"), transaction():
        db.session.execute(by_hand, {"by": factories.person().id, "id": draft.id})


def test_a_policy_is_published_as_it_was_seen(world, clock):  # R-RUN-13, R-RIGHTS-16
    shown = do(world, "draft_policy", "officer", clock, document=policy_json(division="330681"))
    seen = shown.seen
    changed = policy_json(division="330681", publicity_working_days=1)
    do(world, "draft_policy", "second_officer", clock, document=changed, policy_id=shown.id)
    with pytest.raises(ChangedMeanwhile):
        do(world, "publish_policy", "approver", clock, policy_id=shown.id, seen=seen)
    assert db.session.get_one(Policy, shown.id).draft
    assert db.session.query(AuditEvent).filter_by(action="policy.publish", refused=True).one()
    again = db.session.get_one(Policy, shown.id).seen
    assert do(world, "publish_policy", "approver", clock, policy_id=shown.id, seen=again).published


def test_the_database_refuses_overlapping_policies_itself(world, clock):  # R-REWARD-1
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(
            text(
                "INSERT INTO policy (division, version, name, effective_from, document, demonstration, state, "
                "created_at) SELECT division, 9, name, '2027-03', document, demonstration, 'published', created_at "
                "FROM policy"
            )
        )
    for change in ("name = 'x'", "document = '{}'", "division = '33'", "state = 'draft'"):
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(f"UPDATE policy SET {change}"))
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text("DELETE FROM policy"))


@pytest.mark.parametrize("division", ["33", "3306", "330624", "330624101"])
def test_the_database_refuses_policies_of_nested_divisions(world, clock, division):  # R-REWARD-1
    copied = text(
        "INSERT INTO policy (division, version, name, effective_from, document, demonstration, state, created_at) "
        "SELECT :division, 9, name, effective_from, document, demonstration, 'published', created_at FROM policy"
    )
    with pytest.raises(IntegrityError, match="policy_no_overlap"), transaction():
        db.session.execute(copied, {"division": division})
    with transaction():
        db.session.execute(copied, {"division": "330681"})


def test_a_policy_published_meanwhile_is_named(world, clock, monkeypatch):  # R-REWARD-1
    """Two approvers press at once: the second's check saw nothing yet."""
    from labshare.rewards.services import policies

    draft = do(world, "draft_policy", "officer", clock, document=policy_json(division="33"))
    later, looks = policies.check_no_overlap, []

    def seen_late(policy):
        looks.append(policy)
        if len(looks) > 1:
            later(policy)

    monkeypatch.setattr(policies, "check_no_overlap", seen_late)
    with pytest.raises(errors.PoliciesOverlap) as refused:
        do(world, "publish_policy", "approver", clock, policy_id=draft.id)
    assert refused.value.params["months"] == "2026-09–"


def test_only_one_grade_a_lab_and_month(world, clock):  # R-GRADE-4
    """Of two confirmed ones the later holds; a mistake is corrected by a later list."""
    with transaction():
        factories.grade(world.labs[0], "good", "2026-10", at=clock.now)
        factories.grade(world.labs[0], "excellent", "2026-10", at=clock.now)
    run = do(world, "run_month", "officer", clock, month=OCTOBER)
    line = db.session.query(RewardLine).filter_by(run_id=run.id, lab_id=world.labs[0].id).one()
    assert (line.grade, line.payable_fen) == ("excellent", 24_000)


def test_the_lab_is_told_when_its_statement_is_published(world, clock):  # R-RUN-4
    from labshare.notices.models import Notice

    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    do(world, "publish", "officer", clock, month=SEPTEMBER)
    notice = db.session.query(Notice).filter_by(person_id=world.owner.id).one()
    assert (notice.kind, notice.url) == ("reward.published", "/lab/rewards/2026-09")


def test_advancing_a_day_at_a_time_public_notice_opens_once(world, clock):
    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    do(world, "publish", "officer", clock, month=SEPTEMBER)
    start, refusals = clock.now, 0
    while clock.now < start + timedelta(days=20):
        try:
            do(world, "approve", "approver", clock, month=SEPTEMBER)
            break
        except errors.PublicNoticeLasts:
            refusals += 1
            clock.advance(days=1)
    assert refusals == 8


def objected(world, clock):
    """An objection to September's run, of Monday 2 November."""
    do(world, "run_month", "officer", clock, month=SEPTEMBER)
    do(world, "publish", "officer", clock, month=SEPTEMBER)
    code = world.labs[0].code
    return do(world, "raise_objection", lab_owner(world), clock, month=SEPTEMBER, lab=code, text="少计一笔").id


@pytest.mark.engines("sqlite")
def test_unanswered_it_goes_to_the_approver(world, clock):  # R-RUN-15, R-RUN-8
    answer = {"objection_id": objected(world, clock), "verdict": "rejected", "text": "经查无误"}
    officer, approver, around = of_division("officer"), of_division("approver"), of_division("officer", "3306")
    clock.set("2026-11-16 23:59")  # the tenth working day after the 2nd
    assert (waiting(officer, "officer"), waiting(approver, "approver")) == (1, 0)
    assert "0 objections passed on" in lapse_requests(clock.now)
    with pytest.raises(errors.ObjectionWithOfficer):
        do(world, "answer_objection", approver, clock, **answer)
    clock.set("2026-11-17 00:00")
    assert "1 objections passed on" in lapse_requests(clock.now)
    assert "0 objections passed on" in lapse_requests(clock.now)
    told = set(db.session.scalars(db.select(Notice.person_id).where(Notice.kind == "reward.objection_passed_on")))
    assert {approver.person_id, around.person_id} <= told
    assert officer.person_id not in told
    assert (waiting(officer, "officer"), waiting(approver, "approver"), waiting(around, "officer")) == (0, 1, 1)
    with pytest.raises(errors.ObjectionPassedOn):
        do(world, "answer_objection", officer, clock, **answer)
    do(world, "answer_objection", approver, clock, **answer)
    assert do(world, "approve", approver, clock, month=SEPTEMBER).state == "approved"


def of_division(role, division="330624"):
    with transaction():
        return factories.actor(factories.regulator(role, division), None, role, division=division)


def waiting(actor, role):
    return db.session.scalar(objections_waiting(actor, utc_now(), role=OfficialRole(role)))


@pytest.mark.engines("sqlite")
def test_upheld_by_an_officer_around_the_county_it_sends_the_run_back(world, clock):  # R-RUN-15
    given = {"objection_id": objected(world, clock), "verdict": "upheld", "text": "属实"}
    clock.set("2026-11-17 00:00")
    do(world, "answer_objection", of_division("officer", "3306"), clock, **given)
    assert state(SEPTEMBER) == "calculated"
