"""The run in SQL equals the independent recomputation from the database's rows, month after month, on both engines."""

import random

import pytest
from sqlalchemy import text

from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.rewards.models import RewardItem, RewardLine, RewardRun
from labshare.rewards.queries.items import approved_runs, verdicts_in_run
from labshare.rewards.queries.runs import calculate_now
from labshare.rewards.queries.verdicts import execute
from labshare.rewards.rules.cases import result_of
from labshare.rewards.services import run_month
from labshare.rewards.services.common import policy_of
from labshare.rewards.terms import Reason
from tests.independent import run as independent
from tests.rewards.reading import policy_json
from tests.rewards.retrace import check_trace
from tests.rewards.world import fetch, random_world

pytestmark = pytest.mark.slow

TERMS = {
    "by lab": {
        "caps.lab_year_fen": 400_000,
        "caps.firm_year_fen": 700_000,
        "budget_year_fen": 1_500_000,
        "instruments.min_original_value_fen": 10_000_000,
        "clients.divisions": ["3306"],
    },
    "by instrument, tax excluded": {
        "unit": "instrument",
        "tax": "excluded",
        "caps.instrument_year_fen": 150_000,
        "threshold_fen": 100_000,
    },
    "by firm, highest band": {"unit": "firm", "bands.kind": "highest", "caps.firm_year_fen": 900_000},
    "everybody counts": {
        "clients.sizes": None,
        "clients.exclude_related": False,
        "exclude_statutory": False,
        "effective_from": "2026-03",
    },
}


def approve_by_hand(run: RewardRun, now: object) -> None:
    """Straight to approved: the life of a run has its own tests."""
    run.state, run.approved_at = "approved", now  # type: ignore[assignment]


@pytest.mark.parametrize("terms", TERMS)
def test_every_month_equals_the_recomputation(app, clock, terms):  # R-REWARD-4
    now = clock.set("2026-11-24 10:00")
    world = random_world(len(terms), now, bookings=300, **TERMS[terms])
    document = policy_json(**TERMS[terms])
    rng = random.Random(terms)
    seen = set()
    first = Month.parse(document["effective_from"])
    for month in first.through(Month(2026, 10)):
        expected, reasons = independent.result(fetch, document, str(month))
        with transaction():
            run = run_month(actor=world.acting("officer"), now=now, month=month)
        result = calculate_now(policy_of(month), month)
        assert result_of(result.calculation) == expected
        lines = {line.lab.code: line for line in db.session.query(RewardLine).filter_by(run_id=run.id)}
        assert sorted(lines) == [lab["code"] for lab in expected["labs"]]
        for lab in expected["labs"]:
            line = lines[lab["code"]]
            assert line.payable_fen == lab["payable_fen"]
            assert line.recoverable_fen == lab["recoverable_fen"]
            check_trace(line.trace, lab)
        runs = [*approved_runs(run.division, month, first=first), run.id]
        kept = dict(execute(verdicts_in_run(runs, "1 = 1")).all())
        assert {entry: kept[entry] for entry in reasons} == reasons
        seen |= set(reasons.values())
        with transaction():  # now and then a verdict changes later
            run = db.session.get(RewardRun, run.id)
            approve_by_hand(run, now)
            if rng.random() < 0.5:
                booking = rng.choice(world.bookings)
                db.session.execute(
                    text(
                        "INSERT INTO booking_hold (booking_id, cause, note, held_at) "
                        "SELECT id, 'flag', '', booked_at FROM booking WHERE id = :id"
                    ),
                    {"id": booking.id},
                )
    if terms == "by lab":
        assert seen == {None, *Reason}
    changed = db.session.query(RewardItem).filter_by(changes=True).count()
    entries = len(reasons)
    assert db.session.query(RewardItem).count() == entries + changed


def test_a_repeat_changes_nothing_but_the_moment(app, clock):  # R-RUN-2
    now = clock.set("2026-11-24 10:00")
    world = random_world(3, now)
    month = Month(2026, 10)

    def everything():
        return [
            fetch(
                "SELECT id, division, month, state, calculation, digest, total_payable_fen, to_reclaim FROM reward_run"
            ),
            sorted(map(str, fetch("SELECT * FROM reward_line"))),
            sorted(map(str, fetch("SELECT * FROM reward_item"))),
            fetch("SELECT * FROM reward_calculation"),
        ]

    with transaction():
        run_month(actor=world.acting("officer"), now=now, month=month)
    first = everything()
    later = clock.advance(minutes=5)
    with transaction():
        run = run_month(actor=world.acting("officer"), now=later, month=month)
        assert run.calculated_at == later
    assert everything() == first


def test_one_swapped_verdict_is_another_result_even_where_the_sums_are_equal(app, clock):
    """Two entries of one lab and amount: one held, then the other instead."""
    from labshare.settlement.models import BookingHold
    from tests import factories
    from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy

    now = clock.set("2026-11-24 10:00")
    with transaction():
        world = people()
        lab = add_lab(world)
        client = factories.firm()
        put_policy(world, now)
        bookings = [add_booking(world, lab, client, now.date().replace(month=10, day=5)) for _ in range(2)]
        for booking in bookings:
            add_revenue(booking, "2026-10", 1000)
        hold = factories.add(BookingHold(booking_id=bookings[0].id, cause="flag", held_at=now))
    with transaction():
        run = run_month(actor=world.acting("officer"), now=now, month=Month(2026, 10))
        number = run.calculation
    with transaction():
        hold = db.session.merge(hold)
        hold.released_at = now
        factories.add(BookingHold(booking_id=bookings[1].id, cause="flag", held_at=now))
    with transaction():
        run = run_month(actor=world.acting("officer"), now=now, month=Month(2026, 10))
        assert run.calculation == number + 1
