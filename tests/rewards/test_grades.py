"""A year's grades as one list: entered by one person, confirmed by another, known from then on (R-GRADE)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from labshare.audit.models import AuditEvent
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInputs, NotAllowed, NotFound, ReasonRequired
from labshare.kernel.months import Month
from labshare.notices.models import Notice
from labshare.rewards import errors, services
from labshare.rewards.assessments import Assessment, AssessmentList, AssessmentVersion
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.queries.facts import grades_in_force
from labshare.rewards.queries.grade_preview import next_open_month, previews
from labshare.rewards.queries.grades import grades_of, rows_of
from labshare.rewards.services.grades import GradeRow
from tests import factories
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy

COUNTY = "330624"
OCTOBER, NOVEMBER, DECEMBER = Month(2026, 10), Month(2026, 11), Month(2026, 12)


@pytest.fixture
def world(app, clock):
    """Two labs with revenue in October, when the policy begins; a budget ties them to one another."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year(2026)
        for _ in range(2):
            add_lab(world)
        client = factories.firm()
        put_policy(world, now, effective_from="2026-10", budget_year_fen=35_000)
        for number, lab in enumerate(world.labs, start=1):
            add_revenue(add_booking(world, lab, client, date(2026, 10, 5)), "2026-10", 100_000 * number)
        world.owner = factories.member(world.labs[0].firm)
    return world


def do(world, verb, who, clock, **given):
    """One step in a transaction of its own, by a person of the world or an actor."""
    actor = world.acting(who) if isinstance(who, str) else who
    with transaction():
        return getattr(services, verb)(actor=actor, now=clock.now, **given)


def rows(world, *grades, reason="考核得分 92"):
    return [GradeRow(lab.id, grade, reason) for lab, grade in zip(world.labs, grades, strict=False) if grade]


def save(world, clock, *grades, who="officer", month=OCTOBER, **given):
    given.setdefault("rows", rows(world, *grades))
    return do(world, "save_grades", who, clock, division=COUNTY, year=2025, effective_month=month, **given)


def handed_over(world, clock, *grades, **given):
    found = save(world, clock, *grades, **given)
    return do(world, "hand_over_grades", "officer", clock, list_id=found.id, version=found.version)


def confirmed(world, clock, *grades, **given):
    found = handed_over(world, clock, *grades, **given)
    return do(world, "confirm_grades", "approver", clock, list_id=found.id, version=found.version)


def calculate(world, clock):
    run = do(world, "run_month", "officer", clock, month=OCTOBER)
    lines = db.session.scalars(select(RewardLine).where(RewardLine.run_id == run.id)).all()
    return {line.lab_id: (line.grade, line.payable_fen) for line in lines}


# ── Two persons ──────────────────────────────────────────────────────────


def test_one_officer_alone_cannot_raise_a_payable(world, clock):  # R-GRADE-2
    before = calculate(world, clock)
    found = handed_over(world, clock, "excellent", "excellent")
    assert calculate(world, clock) == before
    with pytest.raises(NotAllowed):
        do(world, "confirm_grades", world.of_the_county(), clock, list_id=found.id, version=found.version)
    assert calculate(world, clock) == before
    assert db.session.query(Assessment).count() == 0

    do(world, "confirm_grades", "approver", clock, list_id=found.id, version=found.version)
    first = world.labs[0].id
    assert before[first] == ("ungraded", 10_000)
    assert calculate(world, clock)[first] == ("excellent", 11_667)


def test_nobody_who_edited_any_version_confirms_it(world, clock):  # R-GRADE-2
    """The second person once was an officer and saved the first version."""
    turncoat = factories.actor(world.approver, None, "officer")
    found = save(world, clock, "good", who=turncoat)
    found = save(world, clock, "excellent", list_id=found.id, version=1)
    do(world, "hand_over_grades", "officer", clock, list_id=found.id, version=2)
    with pytest.raises(errors.EditedByYou):
        do(world, "confirm_grades", "approver", clock, list_id=found.id, version=2)
    assert grades_in_force(OCTOBER) == {}
    refused = db.session.query(AuditEvent).filter_by(action="grades.confirm", refused=True).one()
    assert (refused.person_id, refused.after["problem"]) == (world.approver.id, "EditedByYou")


def test_an_approver_edits_no_list(world, clock):
    found = save(world, clock, "good")
    with pytest.raises(NotAllowed):
        save(world, clock, "excellent", who="approver", list_id=found.id, version=1)
    with pytest.raises(NotAllowed):
        do(world, "hand_over_grades", "approver", clock, list_id=found.id, version=1)


def test_only_what_was_seen_is_handed_over_and_confirmed(world, clock):  # R-GRADE-3
    found = save(world, clock, "good")
    save(world, clock, "excellent", list_id=found.id, version=1)
    with pytest.raises(errors.ListChanged):
        do(world, "hand_over_grades", "officer", clock, list_id=found.id, version=1)
    do(world, "hand_over_grades", "officer", clock, list_id=found.id, version=2)
    with pytest.raises(errors.ListChanged):
        do(world, "confirm_grades", "approver", clock, list_id=found.id, version=1)


def test_what_another_saved_meanwhile_is_not_overwritten(world, clock):  # R-GRADE-3
    other = factories.actor(factories.regulator("officer"), None, "officer")
    db.session.commit()
    found = save(world, clock, "good")
    save(world, clock, "excellent", who=other, list_id=found.id, version=1)
    with pytest.raises(errors.ListChanged):
        save(world, clock, "qualified", list_id=found.id, version=1)
    assert rows_of(db.session.get(AssessmentList, found.id))[0]["grade"] == "excellent"


# ── A draft ──────────────────────────────────────────────────────────────


def test_every_saving_of_a_draft_is_kept_and_the_same_again_is_none(world, clock):
    found = save(world, clock, "good")
    again = save(world, clock, "good", list_id=found.id, version=1)
    assert again.version == 1
    save(world, clock, "good", "qualified", list_id=found.id, version=1)
    kept = db.session.scalars(select(AssessmentVersion).order_by(AssessmentVersion.number)).all()
    assert [len(one.document["rows"]) for one in kept] == [1, 2]


def test_a_draft_may_lack_reasons_but_is_not_handed_over_so(world, clock):  # R-GRADE-1
    one, two = world.labs
    found = save(world, clock, rows=[GradeRow(one.id, "good", ""), GradeRow(two.id, None, "未提交材料")])
    with pytest.raises(InvalidInputs) as refused:
        do(world, "hand_over_grades", "officer", clock, list_id=found.id, version=1)
    assert {(type(problem), problem.field) for problem in refused.value.problems} == {
        (ReasonRequired, f"reason_{one.id}"),
        (errors.GradeNeeded, f"grade_{two.id}"),
    }
    assert db.session.get(AssessmentList, found.id).state == "draft"


def test_an_empty_list_is_not_handed_over(world, clock):  # R-GRADE-1
    found = save(world, clock)
    with pytest.raises(errors.EmptyList):
        do(world, "hand_over_grades", "officer", clock, list_id=found.id, version=1)


def test_each_fault_of_a_row_has_its_field(world, clock):
    elsewhere = factories.lab(factories.firm(division="330683", town=None))
    db.session.commit()
    given = [
        GradeRow(world.labs[0].id, "splendid", "x"),
        GradeRow(world.labs[1].id, "good", "x" * 301),
        GradeRow(elsewhere.id, "good", "x"),
    ]
    with pytest.raises(InvalidInputs) as refused:
        save(world, clock, rows=given)
    assert [(problem.code, problem.field) for problem in refused.value.problems] == [
        ("UnknownGrade", f"grade_{world.labs[0].id}"),
        ("ReasonTooLong", f"reason_{world.labs[1].id}"),
        ("UnknownLab", f"grade_{elsewhere.id}"),
    ]
    assert db.session.query(AssessmentList).count() == 0


# ── Back, away ───────────────────────────────────────────────────────────


def test_a_withdrawn_list_leaves_nothing(world, clock):
    before = calculate(world, clock)
    found = handed_over(world, clock, "excellent", "excellent")
    do(world, "withdraw_grades", "officer", clock, list_id=found.id)
    with pytest.raises(errors.ListNotHandedOver):
        do(world, "confirm_grades", "approver", clock, list_id=found.id, version=1)
    with pytest.raises(errors.ListNotOpen):
        save(world, clock, "good", list_id=found.id, version=1)
    assert calculate(world, clock) == before
    assert grades_in_force(DECEMBER) == {}


def test_only_the_author_withdraws_and_not_after_confirmation(world, clock):  # R-GRADE-1
    other = factories.actor(factories.regulator("officer"), None, "officer")
    db.session.commit()
    found = handed_over(world, clock, "good")
    with pytest.raises(errors.NotTheAuthor):
        do(world, "withdraw_grades", other, clock, list_id=found.id)
    do(world, "confirm_grades", "approver", clock, list_id=found.id, version=1)
    with pytest.raises(errors.ListNotOpen):
        do(world, "withdraw_grades", "officer", clock, list_id=found.id)


def test_sent_back_with_a_reason_it_is_edited_and_handed_over_again(world, clock):  # R-GRADE-2
    found = handed_over(world, clock, "excellent")
    with pytest.raises(ReasonRequired):
        do(world, "send_back_grades", "approver", clock, list_id=found.id, reason=" ")
    do(world, "send_back_grades", "approver", clock, list_id=found.id, reason="附件缺失")
    told = db.session.scalars(select(Notice).where(Notice.kind == "grades.sent_back")).one()
    assert (told.person_id, told.params["reason"]) == (world.officer.id, "附件缺失")
    save(world, clock, "good", list_id=found.id, version=1)
    do(world, "hand_over_grades", "officer", clock, list_id=found.id, version=2)
    do(world, "confirm_grades", "approver", clock, list_id=found.id, version=2)
    assert grades_in_force(OCTOBER) == {world.labs[0].id: "good"}


def test_a_list_that_does_not_exist(world, clock):
    with pytest.raises(NotFound):
        do(world, "confirm_grades", "approver", clock, list_id=99, version=1)


# ── What is known when ───────────────────────────────────────────────────


def test_a_later_list_corrects_and_the_past_can_be_asked(world, clock):  # R-GRADE-4
    lab = world.labs[0].id
    confirmed(world, clock, "excellent", month=OCTOBER)
    first = clock.now
    clock.advance(days=3)
    confirmed(world, clock, "good", month=OCTOBER)
    second = clock.now
    clock.advance(days=3)
    confirmed(world, clock, "qualified", month=DECEMBER)
    assert grades_in_force(OCTOBER) == {lab: "good"}
    assert grades_in_force(DECEMBER) == {lab: "qualified"}
    assert grades_in_force(OCTOBER, known_at=first) == {lab: "excellent"}
    assert grades_in_force(OCTOBER, known_at=first - timedelta(seconds=1)) == {}
    assert grades_in_force(DECEMBER, known_at=second) == {lab: "good"}
    assert [one.grade for one in grades_of(lab)] == ["qualified", "good", "excellent"]


def test_a_grade_confirmed_on_public_notice_was_not_known_at_the_publication(world, clock):  # R-GRADE-5
    """Not even one confirmed by a request that began before the publication and waited for it."""
    lab = world.labs[0].id
    calculate(world, clock)
    handed = handed_over(world, clock, "excellent")
    do(world, "publish", "officer", clock, month=OCTOBER)
    published_at = db.session.query(RewardRun).one().published_at
    clock.advance(seconds=-20)
    do(world, "confirm_grades", "approver", clock, list_id=handed.id, version=1)
    assert grades_in_force(OCTOBER) == {lab: "excellent"}
    assert grades_in_force(OCTOBER, known_at=published_at) == {}


def test_a_grade_confirmed_before_the_publication_was_known(world, clock):  # R-GRADE-5
    confirmed(world, clock, "excellent")
    calculate(world, clock)
    do(world, "publish", "officer", clock, month=OCTOBER)
    published_at = db.session.query(RewardRun).one().published_at
    assert grades_in_force(OCTOBER, known_at=published_at) == {world.labs[0].id: "excellent"}


# ── What it changes in money ─────────────────────────────────────────────


def previewed(world, clock, grades, month=OCTOBER):
    by_lab = {lab.id: grade for lab, grade in zip(world.labs, grades, strict=False) if grade}
    return previews(COUNTY, month, by_lab, clock.now)


def test_the_preview_is_what_the_run_then_comes_to(world, clock):  # R-GRADE-6
    """The budget takes from the other lab what the grade gives to the first."""
    confirmed(world, clock, "qualified", "excellent")
    before = calculate(world, clock)
    (shown,) = previewed(world, clock, ["excellent"])
    found = handed_over(world, clock, "excellent")
    do(world, "confirm_grades", "approver", clock, list_id=found.id, version=1)
    after = calculate(world, clock)
    assert shown.month == OCTOBER
    assert {line.lab.id: (line.grade_now, line.payable_now_fen) for line in shown.lines} == before
    assert {line.lab.id: (line.grade_then, line.payable_then_fen) for line in shown.lines} == after
    assert shown.total_then_fen == sum(payable for _grade, payable in after.values())
    assert after != before


def test_a_published_month_is_not_previewed(world, clock):
    calculate(world, clock)
    assert next_open_month(COUNTY, NOVEMBER) == OCTOBER
    do(world, "publish", "officer", clock, month=OCTOBER)
    (shown,) = previewed(world, clock, ["excellent"])
    assert (shown.month, shown.not_over, shown.not_approved) == (NOVEMBER, True, OCTOBER)
    assert shown.window == (OCTOBER, NOVEMBER)


def test_a_list_of_a_later_month_is_previewed_in_that_month(world, clock):
    (shown,) = previewed(world, clock, ["unqualified"], month=DECEMBER)
    assert shown.month == DECEMBER
    assert next((line.grade_then, line.payable_then_fen) for line in shown.lines) == ("unqualified", 0)


def test_a_grade_in_force_from_later_on_stays(world, clock):
    confirmed(world, clock, "good", month=NOVEMBER)
    calculate(world, clock)
    do(world, "publish", "officer", clock, month=OCTOBER)
    (shown,) = previewed(world, clock, ["unqualified"], month=OCTOBER)
    assert (shown.month, shown.difference_fen) == (NOVEMBER, 0)
    assert [line.grade_then for line in shown.lines] == ["good"]


def test_without_a_policy_there_is_nothing_to_show(world, clock):
    assert previews("330683", OCTOBER, {}, clock.now) == []


# ── Told and written down ────────────────────────────────────────────────


def test_owners_are_told_on_confirmation_and_not_before(world, clock):  # R-GRADE-6
    found = handed_over(world, clock, "excellent")
    told = select(Notice.person_id, Notice.kind).where(Notice.kind.like("grades.%"))
    assert db.session.execute(told).all() == [(world.approver.id, "grades.to_confirm")]
    do(world, "confirm_grades", "approver", clock, list_id=found.id, version=1)
    assert (world.owner.id, "grades.confirmed") in db.session.execute(told).all()


def test_the_trail_has_each_verb_and_each_labs_grade(world, clock):
    confirmed(world, clock, "good")
    found = save(world, clock, "excellent")
    save(world, clock, "excellent", "good", list_id=found.id, version=1)
    do(world, "hand_over_grades", "officer", clock, list_id=found.id, version=2)
    do(world, "confirm_grades", "approver", clock, list_id=found.id, version=2)
    one, two = world.labs
    of_list = select(AuditEvent).where(
        AuditEvent.subject_type == "assessment_list", AuditEvent.subject_id == str(found.id)
    )
    events = db.session.scalars(of_list.order_by(AuditEvent.id)).all()
    assert [event.action for event in events] == ["grades.save", "grades.save", "grades.hand_over", "grades.confirm"]
    assert events[1].before["grades"] == {str(two.id): None}
    assert events[1].after["grades"] == {str(two.id): {"grade": "good", "reason": "考核得分 92"}}
    of_lab = select(AuditEvent).where(AuditEvent.action == "grade.counts", AuditEvent.subject_id == str(one.id))
    last = db.session.scalars(of_lab.order_by(AuditEvent.id.desc())).first()
    assert (last.before["grade"], last.after["grade"], last.after["list_id"]) == ("good", "excellent", found.id)
    assert last.person_id == world.approver.id


# ── What the database itself refuses ─────────────────────────────────────


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE assessment SET grade = 'excellent'",
        "UPDATE assessment SET confirmed_at = confirmed_at",
        "DELETE FROM assessment",
        "UPDATE assessment_list SET effective_month = '2026-01' WHERE state = 'confirmed'",
        "UPDATE assessment_list SET state = 'draft', confirmed_at = NULL WHERE state = 'confirmed'",
        "DELETE FROM assessment_list",
        "UPDATE assessment_version SET edited_by = edited_by",
        "DELETE FROM assessment_version",
        "UPDATE assessment_list SET effective_month = '2026-01' WHERE state = 'handed_over'",
        "UPDATE assessment_list SET entered_by = {approver} WHERE state = 'handed_over'",
        "UPDATE assessment_list SET state = 'confirmed', confirmed_at = {now} WHERE state = 'handed_over'",
        (
            "UPDATE assessment_list SET state = 'confirmed', confirmed_by = {officer}, confirmed_at = {now} "
            "WHERE state = 'handed_over'"
        ),
        (
            "UPDATE assessment_list SET state = 'confirmed', confirmed_by = {other}, confirmed_at = {now} "
            "WHERE state = 'handed_over'"
        ),
        (
            "UPDATE assessment_list SET state = 'confirmed', confirmed_by = {approver}, confirmed_at = {now} "
            "WHERE state = 'draft'"
        ),
        "UPDATE assessment_list SET migrated = TRUE WHERE state = 'draft'",
        (
            "INSERT INTO assessment_version SELECT id, 9, '{{}}', {officer}, {now} FROM assessment_list "
            "WHERE state = 'handed_over'"
        ),
        (
            "INSERT INTO assessment (list_id, lab_id, grade, reason, confirmed_at) "
            "SELECT id, {lab}, 'excellent', 'x', {now} FROM assessment_list WHERE state = 'confirmed'"
        ),
        (
            "INSERT INTO assessment (list_id, lab_id, grade, reason, confirmed_at) "
            "SELECT id, {lab}, 'excellent', 'x', {now} FROM assessment_list WHERE state = 'draft'"
        ),
        (
            "INSERT INTO assessment (list_id, lab_id, grade, confirmed_at) "
            "SELECT id, {lab}, 'excellent', {now} FROM assessment_list WHERE state = 'handed_over'"
        ),
        (
            "INSERT INTO assessment_list (division, year, effective_month, state, version, entered_by, entered_at, "
            "confirmed_by, confirmed_at, migrated) "
            "VALUES ('330624', 2025, '2026-01', 'confirmed', 1, {officer}, {now}, {approver}, {now}, FALSE)"
        ),
        (
            "INSERT INTO assessment_list (division, year, effective_month, state, version, entered_by, entered_at, "
            "migrated) VALUES ('330624', 2025, '2026-01', 'draft', 1, {officer}, {now}, TRUE)"
        ),
    ],
)
def test_the_database_refuses(world, clock, statement):  # R-GRADE-2
    """A confirmed list, one handed over that two officers edited, and a draft."""
    other = factories.regulator("officer")
    db.session.commit()
    confirmed(world, clock, "good")
    found = save(world, clock, "good", who=factories.actor(other, None, "officer"))
    found = save(world, clock, "excellent", list_id=found.id, version=1)
    do(world, "hand_over_grades", "officer", clock, list_id=found.id, version=2)
    save(world, clock, "good")
    given = {
        "officer": world.officer.id,
        "approver": world.approver.id,
        "other": other.id,
        "lab": world.labs[1].id,
        "now": "'2026-11-02 02:00:00.000000'",
    }
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text(statement.format(**given)))


def test_a_grade_beside_a_list_handed_over_does_not_count(world, clock):  # R-GRADE-4
    found = handed_over(world, clock, "good")
    with transaction():
        row = Assessment(
            list_id=found.id,
            lab_id=world.labs[0].id,
            grade="excellent",
            reason="x",
            confirmed_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        factories.add(row)
    assert grades_in_force(DECEMBER) == {}
