"""A lab's county comes from its admissions alone (R-COUNTY-5): no move sheds a cap or a debt, no county pays
twice, a month closes for the county's bookings, and a published run is judged by what was recorded before."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from labshare.catalogue.models import Lab
from labshare.catalogue.rules.entries import LabDetails
from labshare.catalogue.services import labs
from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.organisations.services import enter_affiliation
from labshare.oversight.checks import all_violations
from labshare.rewards import services
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.queries.runs import calculate_now
from labshare.rewards.services.common import policy_of
from labshare.settlement.models import BookingHold
from labshare.settlement.queries.closed import closed_months
from labshare.settlement.services import close_month, reopen_month, suspend_booking
from tests import factories
from tests.independent import run as independent
from tests.rewards.reading import policy_json
from tests.rewards.world import add_booking, add_lab, add_revenue, fetch, people, put_policy

HOME, NEIGHBOUR = "330624", "330683"
CAPS = {"caps.lab_year_fen": 20_000_000, "caps.firm_year_fen": 50_000_000}
SEPTEMBER, OCTOBER, NOVEMBER = Month(2026, 9), Month(2026, 10), Month(2026, 11)


@pytest.fixture
def world(app, clock):
    """A lab admitted at home until 30 September, next door from 1 October on; a policy in either county from September,
    10%, far below its caps; 100,000 fen booked in each month."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year(2026)
        lab = add_lab(world, admitted=False)
        factories.admission(lab, date(2025, 1, 1), date(2026, 10, 1))
        factories.admission(lab, date(2026, 10, 1), division=NEIGHBOUR)
        world.clients.append(factories.firm())
        for division in (HOME, NEIGHBOUR):
            put_policy(world, now, division=division, effective_from="2026-09", **CAPS)
        for month, county in ((9, HOME), (10, NEIGHBOUR)):
            booking = add_booking(world, lab, world.clients[0], date(2026, month, 5), division=county)
            add_revenue(booking, f"2026-{month:02d}", 100_000)
    world.owner = factories.actor(factories.member(lab.firm), lab.firm, "owner")
    return world


def now_of(division, month, **known):
    return calculate_now(policy_of(month, division), month, **known).calculation


def lines(division, month):
    return {line.code: (line.eligible_ytd_fen, line.payable_fen) for line in now_of(division, month).lines}


def step(world, verb, who, clock, **given):
    actor = world.acting(who) if isinstance(who, str) else who
    with transaction():
        return getattr(services, verb)(actor=actor, now=clock.now, **given)


def approved(world, clock, division, month):
    """The month's run from calculation to approval."""
    step(world, "run_month", "officer", clock, month=month, division=division)
    step(world, "publish", "officer", clock, month=month, division=division)
    clock.advance(days=9)
    step(world, "approve", "approver", clock, month=month, division=division)


def test_each_county_counts_what_was_booked_while_it_admitted_the_lab(world):  # R-COUNTY-5
    code = world.labs[0].code
    assert lines(HOME, OCTOBER) == {code: (100_000, 10_000)}
    assert lines(NEIGHBOUR, OCTOBER) == {code: (100_000, 10_000)}
    for division in (HOME, NEIGHBOUR):
        of_other = [v for line in now_of(division, OCTOBER).lines for v in line.trace if "not_admitted" in str(v)]
        assert of_other, "the other county's booking stands in the line, as not admitted"
        again, _reasons = independent.result(
            fetch, policy_json(division=division, effective_from="2026-09", **CAPS), str(OCTOBER)
        )
        assert {one["code"]: one["payable_fen"] for one in again["labs"]} == {code: 10_000}


def test_moving_the_lab_over_and_back_changes_no_run_and_pays_nothing_twice(world, clock):  # R-COUNTY-5
    """The owner's form: another town, in another county. It used to shed what was paid and owed."""
    approved(world, clock, HOME, SEPTEMBER)
    before = lines(HOME, OCTOBER), lines(NEIGHBOUR, OCTOBER)
    lab = db.session.get_one(Lab, world.labs[0].id)
    details = LabDetails(name=lab.name, town="330683000", address="路 1 号", phone="0575-1")
    with transaction():
        labs.edit_lab(actor=world.owner, now=clock.now, lab_id=lab.id, details=details)
    assert db.session.get_one(Lab, lab.id).division == NEIGHBOUR
    assert (lines(HOME, OCTOBER), lines(NEIGHBOUR, OCTOBER)) == before
    approved(world, clock, NEIGHBOUR, SEPTEMBER)
    approved(world, clock, HOME, OCTOBER)
    approved(world, clock, NEIGHBOUR, OCTOBER)
    paid = db.session.execute(
        text("SELECT r.division, sum(l.payable_fen) FROM reward_line l JOIN reward_run r ON r.id = l.run_id GROUP BY 1")
    )
    assert {division: int(fen) for division, fen in paid} == {HOME: 10_000, NEIGHBOUR: 10_000}
    assert violations(clock) == set()


def test_a_lab_that_left_keeps_its_line_its_payments_and_its_debt(world, clock):  # R-REWARD-17, R-REWARD-18
    approved(world, clock, HOME, SEPTEMBER)
    with transaction():  # its September revenue turns out to be its own firm's, by a confirmed flag
        factories.add(BookingHold(booking_id=world.bookings[0].id, cause="flag", held_at=clock.now))
    clock.advance(minutes=1)
    line = now_of(HOME, OCTOBER).lines[0]
    assert (line.paid_fen, line.payable_fen, line.recoverable_fen) == (10_000, 0, 10_000)
    approved(world, clock, HOME, OCTOBER)
    clock.set("2027-01-04 10:00")
    with transaction():
        factories.working_year(2027)
    for month in (NOVEMBER, Month(2026, 12)):
        approved(world, clock, HOME, month)
    clock.set("2027-02-02 10:00")
    run = step(world, "run_month", "officer", clock, month=Month(2027, 1), division=HOME)
    kept = db.session.query(RewardLine).filter_by(run_id=run.id).one()
    assert (kept.opening_fen, kept.recoverable_fen) == (10_000, 10_000)
    assert violations(clock) == set()


def test_the_firms_cap_counts_what_was_paid_to_a_lab_that_left(app, clock):  # R-REWARD-16
    """Two labs of one firm, cap 15,000 fen a year: what the first was paid before it left is used up."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year(2026)
        host = factories.firm(size_class="large")
        first, second = add_lab(world, host, admitted=False), add_lab(world, host)
        factories.admission(first, date(2025, 1, 1), date(2026, 10, 1))
        factories.admission(first, date(2026, 10, 1), division=NEIGHBOUR)
        put_policy(world, now, effective_from="2026-09", **{"caps.firm_year_fen": 15_000, "caps.lab_year_fen": None})
        client = factories.firm()
        add_revenue(add_booking(world, first, client, date(2026, 9, 5)), "2026-09", 100_000)
        add_revenue(add_booking(world, second, client, date(2026, 10, 5)), "2026-10", 100_000)
    approved(world, clock, HOME, SEPTEMBER)
    assert lines(HOME, OCTOBER)[second.code] == (100_000, 5_000)


def test_a_month_closes_for_the_bookings_of_the_county_alone(world, clock):  # R-RECOGNITION-5
    step(world, "run_month", "officer", clock, month=OCTOBER, division=HOME)
    step(world, "publish", "officer", clock, month=OCTOBER, division=HOME)
    closed = closed_months()
    assert (closed.has(HOME, OCTOBER), closed.has(NEIGHBOUR, OCTOBER)) == (True, False)
    assert (closed.of(HOME), closed.of(NEIGHBOUR)) == ({OCTOBER}, set())
    home, neighbour = world.bookings
    with transaction():
        add_revenue(neighbour, "2026-10", 5)
    with pytest.raises(Exception, match="entry in open month"), transaction():
        add_revenue(home, "2026-10", 5)


def test_a_division_closes_the_months_of_the_counties_in_it(world, clock):  # R-RECOGNITION-5
    officer = world.acting("officer")
    with transaction():
        close_month(actor=officer, now=clock.now, month=OCTOBER, division="33")
    assert closed_months().of(HOME) == closed_months().of(NEIGHBOUR) == {OCTOBER}
    with pytest.raises(Exception, match="entry in open month"), transaction():
        add_revenue(world.bookings[1], "2026-10", 5)
    with transaction():
        reopen_month(actor=officer, now=clock.now, month=OCTOBER, division="33")
    with transaction():
        add_revenue(world.bookings[1], "2026-10", 5)


def test_a_booking_keeps_its_county_whoever_writes(world):  # R-COUNTY-4
    with pytest.raises(Exception, match="booking keeps its county"), transaction() as session:
        session.execute(text("UPDATE booking SET division = '330213'"))


# --- the public notice -------------------------------------------------------------------------------------------


def held(world, clock):
    suspend_booking(actor=world.acting("officer"), now=clock.now, ref=world.bookings[0].ref, note="付款流水待核查")


def related(world, clock):
    enter_affiliation(
        actor=world.acting("officer"),
        now=clock.now,
        firm_id=world.labs[0].firm_id,
        other_uscc=world.clients[0].uscc,
        kind="family",
        valid_from=date(2025, 1, 1),
        source="inspection",
        note="核查发现",
    )


def suspended(world, clock):
    """To a day in the past: the lab was no open lab when it was booked, for what is judged later."""
    labs.suspend_lab(
        actor=world.acting("officer"),
        now=clock.now,
        lab_id=world.suspended.id,
        suspended_from=date(2026, 9, 1),
        reason="超期未整改",
    )


def admitted(world, clock):
    """Of another lab with revenue in September: entered now, it would add a line."""
    labs.admit_lab(
        actor=world.acting("officer"),
        now=clock.now,
        lab_id=world.newcomer.id,
        reason="补录",
        admitted_from=clock.now.date() - timedelta(days=25),
    )


CHANGES = {"a hold": held, "an affiliation": related, "a suspension": suspended, "an admission": admitted}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_recorded_during_the_public_notice_neither_changes_nor_blocks_the_run(world, clock, change):  # R-RUN-9
    with transaction():
        world.suspended, world.newcomer = add_lab(world), add_lab(world, admitted=False)
        add_revenue(add_booking(world, world.newcomer, world.clients[0], date(2026, 9, 6)), "2026-09", 70_000)
        add_revenue(add_booking(world, world.suspended, world.clients[0], date(2026, 9, 6)), "2026-09", 50_000)
    step(world, "run_month", "officer", clock, month=SEPTEMBER, division=HOME)
    step(world, "publish", "officer", clock, month=SEPTEMBER, division=HOME)
    clock.advance(days=2)
    with transaction():
        CHANGES[change](world, clock)
    clock.advance(days=9)
    run = step(world, "approve", "approver", clock, month=SEPTEMBER, division=HOME)
    assert (run.state, run.total_payable_fen) == ("approved", 15_000)


@pytest.mark.parametrize(("change", "recoverable"), [("a hold", 10_000), ("an affiliation", 10_000)])
def test_it_counts_from_the_next_run(world, clock, change, recoverable):  # R-RUN-9
    step(world, "run_month", "officer", clock, month=SEPTEMBER, division=HOME)
    step(world, "publish", "officer", clock, month=SEPTEMBER, division=HOME)
    clock.advance(days=2)
    with transaction():
        CHANGES[change](world, clock)
    clock.advance(days=9)
    step(world, "approve", "approver", clock, month=SEPTEMBER, division=HOME)
    step(world, "run_month", "officer", clock, month=OCTOBER, division=HOME)
    assert now_of(HOME, OCTOBER).lines[0].recoverable_fen == recoverable


def test_an_officer_may_send_it_back_so_that_it_counts_at_once(world, clock):  # R-RUN-10
    step(world, "run_month", "officer", clock, month=SEPTEMBER, division=HOME)
    step(world, "publish", "officer", clock, month=SEPTEMBER, division=HOME)
    clock.advance(days=2)
    with transaction():
        held(world, clock)
    step(world, "send_back", "officer", clock, month=SEPTEMBER, division=HOME, reason="待核查")
    run = step(world, "run_month", "officer", clock, month=SEPTEMBER, division=HOME)
    assert run.total_payable_fen == 0


# --- `labshare check` ----------------------------------------------------------------------------------------------


def violations(clock):
    db.session.rollback()
    return {(one.invariant, one.subject) for one in all_violations(clock.now, since=frozenset({"county"}))}


def test_check_finds_a_firm_paid_above_its_cap(world, clock):  # R-AUDIT-9
    approved(world, clock, HOME, SEPTEMBER)
    assert violations(clock) == set()
    firm = world.labs[0].firm_id
    with db.engine.begin() as connection:
        unguarded(connection, "reward_line")
        connection.execute(text("UPDATE reward_line SET payable_fen = 60000000"))
    assert violations(clock) == {
        ("What a window's approved runs paid lies within its caps and its budget", f"330624 2026 {what}")
        for what in (f"lab {world.labs[0].id}", f"firm {firm}")
    }


def test_check_finds_an_entry_eligible_in_two_divisions(world, clock):
    approved(world, clock, HOME, SEPTEMBER)
    approved(world, clock, NEIGHBOUR, SEPTEMBER)
    entry = db.session.execute(text("SELECT min(id) FROM revenue_entry")).scalar()
    run = db.session.query(RewardRun).filter_by(division=NEIGHBOUR).one()
    with db.engine.begin() as connection:
        unguarded(connection, "reward_item")
        connection.execute(
            text("UPDATE reward_item SET reason = NULL WHERE run_id = :run AND entry_id = :entry"),
            {"run": run.id, "entry": entry},
        )
    assert violations(clock) == {("No ledger entry is eligible in two divisions", f"entry {entry}")}


def test_check_finds_a_debt_that_is_gone(world, clock):
    approved(world, clock, HOME, SEPTEMBER)
    with transaction():
        held(world, clock)
    clock.advance(minutes=1)
    approved(world, clock, HOME, OCTOBER)
    clock.set("2026-12-02 10:00")
    run = step(world, "run_month", "officer", clock, month=NOVEMBER, division=HOME)
    assert violations(clock) == set()
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM reward_line WHERE run_id = :run"), {"run": run.id})
    assert violations(clock) == {
        ("What a lab owes stays with it until it is worked off", f"330624 2026-11 {world.labs[0].code}")
    }


def unguarded(connection, table):
    """As who can alter the database: without its triggers."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    else:
        connection.execute(text(f"DROP TRIGGER {table}_locked_update"))
