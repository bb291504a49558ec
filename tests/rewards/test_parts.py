"""What of a payable sum belongs to earlier months that were not approved yet: it adds up, and nothing counts twice."""

from datetime import date

import pytest

from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.oversight.dashboard import dashboard
from labshare.oversight.statistics import ANYONE
from labshare.rewards import services
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.queries.parts import held_by, parts_of_lines, parts_of_run, payable_in, runs_of_years
from labshare.rewards.rules.parts import counted_once, own_parts
from tests import factories
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy

SEPTEMBER, OCTOBER, NOVEMBER = (Month(2026, number) for number in (9, 10, 11))


def test_a_month_held_by_several_later_ones_counts_once():  # R-REWARD-21
    october = [(SEPTEMBER, 100), (OCTOBER, 150)]
    november = [(SEPTEMBER, 100), (OCTOBER, 150), (NOVEMBER, -20)]
    assert counted_once([("a", [(SEPTEMBER, 100)]), ("a", october), ("a", november)]) == (230, 0)
    assert counted_once([("a", october), ("a", november)]) == (130, 100)
    assert counted_once([("a", november)]) == (-20, 250)
    assert counted_once([("a", october), ("b", october)]) == (300, 200)
    assert counted_once([]) == (0, 0)


def test_of_two_that_hold_a_month_the_later_tells_it():  # R-REWARD-21
    october, november = [(SEPTEMBER, 90), (OCTOBER, 10)], [(SEPTEMBER, 100), (NOVEMBER, 5)]
    for chains in ([october, november], [november, october]):
        assert counted_once(("a", chain) for chain in chains) == (15, 100)


@pytest.fixture
def world(app, clock):
    """Two labs that earn in August, September, October and November; a refund in October leaves the first less. Ten
    per cent, no caps."""
    now = clock.set("2026-11-25 10:00")
    with transaction():
        world = people()
        factories.working_year()
        put_policy(world, now, effective_from="2026-08")
        client = factories.firm()
        for number in range(2):
            lab = add_lab(world)
            for month, fen in (("2026-08", 1_000_000), ("2026-09", 200_000), ("2026-10", -50_000), ("2026-11", 30_000)):
                booking = add_booking(world, lab, client, date(int(month[:4]), int(month[5:]), 3))
                add_revenue(booking, month, fen * (number + 1) if fen > 0 or number == 0 else 400_000)
    return world


def calculated(world, clock, *months):
    for month in months:
        with transaction():
            services.run_month(actor=world.acting("officer"), now=clock.now, month=month)
    return runs_of_years(2026, 2026)


def approved(world, clock, month):
    with transaction():
        services.publish(actor=world.acting("officer"), now=clock.now, month=month)
    clock.advance(days=10)
    with transaction():
        services.approve(actor=world.acting("approver"), now=clock.now, month=month)


def lines_of(month):
    return db.session.query(RewardLine).join(RewardRun).filter(RewardRun.month == str(month)).all()


def test_months_that_each_hold_the_one_before_come_apart():  # R-REWARD-21
    assert own_parts([100, 250, 230]) == [100, 150, -20]
    assert own_parts([]) == []


def test_a_run_says_what_of_it_belongs_to_which_earlier_month(world, clock):  # R-REWARD-21
    calculated(world, clock, Month(2026, 8))
    approved(world, clock, Month(2026, 8))
    august, september, october = calculated(world, clock, SEPTEMBER, OCTOBER)

    assert held_by(september, [august, september, october]) == []
    assert [str(part.month) for part in parts_of_run(october, [august, september, october])] == ["2026-09", "2026-10"]
    for line in lines_of(OCTOBER):
        parts = parts_of_lines([line], [august, september, october])[line.id]
        assert sum(part.fen for part in parts) == line.payable_fen
        of_september = next(one.payable_fen for one in lines_of(SEPTEMBER) if one.lab_id == line.lab_id)
        assert [part.fen for part in parts] == [of_september, line.payable_fen - of_september]
    assert any(parts_of_lines([line], [august, september, october])[line.id][-1].fen < 0 for line in lines_of(OCTOBER))


def test_an_earlier_month_approved_since_is_still_named_until_it_is_calculated_again(world, clock):
    runs = calculated(world, clock, Month(2026, 8), SEPTEMBER)
    approved(world, clock, Month(2026, 8))
    assert [one.month for one in held_by(runs[1], runs)] == ["2026-08"]

    calculated(world, clock, SEPTEMBER)
    runs = runs_of_years(2026, 2026)
    assert held_by(runs[1], runs) == []
    assert held_by(runs[0], runs) == []


def test_several_months_are_added_up_once(world, clock):  # R-REWARD-21
    runs = calculated(world, clock, Month(2026, 8), SEPTEMBER, OCTOBER)
    paid_in_the_end = runs[-1].total_payable_fen
    assert sum(run.total_payable_fen for run in runs) > paid_in_the_end

    assert payable_in(Month(2026, 8), OCTOBER, runs) == (paid_in_the_end, 0)
    assert payable_in(OCTOBER, OCTOBER, runs) == (paid_in_the_end, runs[1].total_payable_fen)
    assert payable_in(SEPTEMBER, SEPTEMBER, runs) == (runs[1].total_payable_fen, runs[0].total_payable_fen)

    shown = dashboard(ANYONE, Month(2026, 8), OCTOBER, clock.now)
    assert (shown.payable_fen, shown.earlier_fen) == (paid_in_the_end, 0)
    shown = dashboard(ANYONE, OCTOBER, OCTOBER, clock.now)
    assert (shown.payable_fen, shown.earlier_fen) == (paid_in_the_end, runs[1].total_payable_fen)
