"""A run whose inputs changed since it was calculated says so, and what changed, before anyone publishes it."""

from datetime import date

import pytest

from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.rewards import services
from labshare.rewards.models import Policy, RewardRun
from labshare.rewards.terms import ChangedInput
from tests import factories
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy
from tests.signing import sign_in

SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)
PATH = "/regulator/rewards/2026-10"


@pytest.fixture
def world(app, clock):
    """Two labs with revenue in September and October, both months calculated."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year()
        put_policy(world, now, effective_from="2026-09")
        world.clients = [factories.firm() for _ in range(2)]
        for _ in range(2):
            lab = add_lab(world)
            for month, client in (("2026-09", 0), ("2026-10", 0), ("2026-10", 1)):
                booking = add_booking(world, lab, world.clients[client], date(2026, int(month[5:]), 5 + client))
                add_revenue(booking, month, 100_000)
    for month in (SEPTEMBER, OCTOBER):
        calculate(world, clock, month)
    return world


def calculate(world, clock, month):
    with transaction():
        services.run_month(actor=world.acting("officer"), now=clock.now, month=month)


def compared():
    run = db.session.query(RewardRun).filter_by(month="2026-10").one()
    return services.compare_now(run, utc_now())


def inputs(comparison):
    return {(one.code, given.kind, given.reason) for one in comparison.labs for given in one.inputs}


def test_a_run_that_nothing_reached_is_the_same(world):
    assert compared().same


def test_a_grade_is_named(world):
    first = world.labs[0]
    with transaction():
        factories.grade(first, "excellent", "2026-10", year=2026)
    found = compared()
    assert not found.same
    assert inputs(found) == {(first.code, ChangedInput.GRADE, None)}
    (one,) = found.labs
    assert (one.inputs[0].before, one.inputs[0].after) == ("ungraded", "excellent")
    assert one.after_fen > one.before_fen


def test_an_affiliation_is_named_by_the_entries_it_moves(world):
    first = world.labs[0]
    with transaction():
        factories.affiliation(first.firm, world.clients[1], "controls", date(2026, 1, 1))
    found = compared()
    assert inputs(found) == {(first.code, ChangedInput.VERDICT, None), (first.code, ChangedInput.VERDICT, "related")}
    counted = next(given for given in found.labs[0].inputs if given.reason is None)
    assert (counted.before, counted.after) == ((3, 300_000), (2, 200_000))


def test_an_admission_is_named(world):
    with transaction():
        newcomer = add_lab(world)
    assert inputs(compared()) == {(newcomer.code, ChangedInput.LISTED, None)}


def test_an_earlier_approval_is_named(world, clock):
    with transaction():
        services.publish(actor=world.acting("officer"), now=clock.now, month=SEPTEMBER)
    clock.advance(days=10)
    with transaction():
        services.approve(actor=world.acting("approver"), now=clock.now, month=SEPTEMBER)
    assert inputs(compared()) == {(lab.code, ChangedInput.PAID, None) for lab in world.labs}
    calculate(world, clock, OCTOBER)
    assert compared().same


def test_a_policy_that_ended_is_named(world):
    with transaction():
        db.session.query(Policy).one().effective_to = "2026-09"
    found = compared()
    assert (found.same, found.total_fen, found.policy_changed) == (False, None, True)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_page_makes_recalculating_the_next_step(world, client, clock, language):
    sign_in(client, world.officer)
    head = {"Accept-Language": language}
    words = {
        "zh-CN": ("核算之后数据已变化", "考核等级：未考核 → 优秀", "重新核算"),
        "en": ("What this run rests on has changed", "Grade: Not graded → Excellent", "Recalculate"),
    }[language]
    before = client.get(PATH, headers=head).text
    assert words[0] not in before
    assert f"{PATH}/publish" in before

    with transaction():
        factories.grade(world.labs[0], "excellent", "2026-10", year=2026)
    page = client.get(PATH, headers=head).text
    assert words[0] in page
    assert words[1] in page
    assert f"{PATH}/publish" not in page
    assert 'aria-describedby="changed"' in page
    form = page.split(f'action="{PATH}/calculate')[1].split("</form>")[0]
    assert "btn-primary" in form
    assert words[2] in form

    client.post(f"{PATH}/calculate?division=330624")
    again = client.get(PATH, headers=head).text
    assert words[0] not in again
    assert f"{PATH}/publish" in again


def test_a_published_run_says_it_to_its_approver(world, client, clock):
    with transaction():
        services.publish(actor=world.acting("officer"), now=clock.now, month=SEPTEMBER)
    september = db.session.query(RewardRun).filter_by(month="2026-09").one()
    assert services.compare_now(september, clock.now).same
    sign_in(client, world.approver)
    page = client.get("/regulator/rewards/2026-09", headers={"Accept-Language": "en"}).text
    assert "Calculating now gives the same result" in page
    clock.advance(days=10)
    page = client.get("/regulator/rewards/2026-09", headers={"Accept-Language": "en"}).text
    assert "Public notice ended, awaiting approval" in page
    assert "公示期满，待审定" in client.get("/regulator/rewards", headers={"Accept-Language": "zh-CN"}).text
