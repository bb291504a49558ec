"""Corrections of finished windows: what the system proposes, who decides, and the caps that stay."""

import dataclasses
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, ReasonRequired
from labshare.kernel.money import ZERO, Fen
from labshare.kernel.months import Month
from labshare.rewards import errors, services
from labshare.rewards.models import Correction, Policy, RewardLine
from labshare.rewards.policy import read_policy
from labshare.rewards.rules.corrections import Position, difference, exceeded, within_caps
from labshare.settlement.models import BookingHold
from tests import factories
from tests.rewards.reading import policy_json
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy

SEPTEMBER, OCTOBER, NOVEMBER = Month(2026, 9), Month(2026, 10), Month(2026, 11)
WINDOW = "330624-2026-09"


@pytest.fixture
def world(app, clock):
    """Two labs with 1,000 CNY a month at 10 %; the window of September and October is approved, another begins."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year(2026)
        for _ in range(2):
            add_lab(world)
        world.clients.append(factories.firm())
        put_policy(world, now, effective_from="2026-09", effective_to="2026-10")
        for lab in world.labs:
            for month in (9, 10):
                add_revenue(
                    add_booking(world, lab, world.clients[0], date(2026, month, 5)), f"2026-{month:02d}", 100_000
                )
    for month in (SEPTEMBER, OCTOBER):
        do(world, "run_month", "officer", clock, month=month)
        do(world, "publish", "officer", clock, month=month)
        clock.advance(days=8)
        do(world, "approve", "approver", clock, month=month)
    with transaction():
        put_policy(world, clock.now, effective_from="2026-11")
    return world


def do(world, verb, who, clock, **given):
    """One step in a transaction of its own, by a person of the world or the system."""
    actor = SYSTEM if who == "system" else world.acting(who)
    with transaction():
        return getattr(services, verb)(actor=actor, now=clock.now, **given)


def hold(booking, clock):
    """A flag confirmed after the approval: the booking does not count."""
    with transaction():
        return factories.add(BookingHold(booking_id=booking.id, cause="flag", held_at=clock.now))


def let_go(hold_row, clock):
    with transaction():
        db.session.get(BookingHold, hold_row.id).released_at = clock.now


def find(world, clock):
    return do(world, "find_corrections", "system", clock, window=WINDOW)


def proposed():
    db.session.rollback()
    return db.session.query(Correction).filter(Correction.of_the_system).order_by(Correction.lab_id).all()


def take(world, clock, who="officer", **given):
    (row,) = proposed()
    return do(world, "take_correction", who, clock, correction_id=row.id, seen_fen=row.fen, **given)


# ── what the system proposes ─────────────────────────────────────────────────────────────────────────────────────


def test_a_verdict_that_changed_is_proposed_to_the_fen_once(world, clock):  # R-REWARD-24
    assert find(world, clock) == 0
    held = hold(world.bookings[0], clock)
    assert find(world, clock) == 1
    (row,) = proposed()
    assert (row.lab_id, row.fen, row.system_fen) == (world.labs[0].id, 10_000, 10_000)
    assert (row.basis["approved_fen"], row.basis["now_fen"]) == (20_000, 10_000)
    assert row.basis["verdicts"] == [{"was": None, "becomes": "suspended", "bookings": 1, "fen": 100_000}]
    assert find(world, clock) == 0
    second = hold(world.bookings[1], clock)
    assert find(world, clock) == 1
    assert [row.fen for row in proposed()] == [20_000]
    let_go(second, clock)
    let_go(held, clock)
    assert find(world, clock) == 1
    assert proposed() == []


def test_taken_up_and_agreed_it_is_settled_with_the_first_open_month(world, clock):  # R-REWARD-23, R-REWARD-24
    held = hold(world.bookings[0], clock)
    find(world, clock)
    taken = take(world, clock)
    assert (taken.fen, taken.reason) == (10_000, "")
    with pytest.raises(errors.SecondOfficerNeeded):
        do(world, "agree_correction", "officer", clock, correction_id=taken.id)
    assert find(world, clock) == 0
    do(world, "agree_correction", "second_officer", clock, correction_id=taken.id)
    assert find(world, clock) == 0
    clock.set("2026-12-01 10:00")
    run = do(world, "run_month", "officer", clock, month=NOVEMBER)
    line = db.session.query(RewardLine).filter_by(run_id=run.id, lab_id=world.labs[0].id).one()
    assert (line.opening_fen, line.recoverable_fen) == (10_000, 10_000)
    let_go(held, clock)
    assert find(world, clock) == 1
    assert [row.fen for row in proposed()] == [-10_000]


def test_agreed_during_public_notice_it_counts_from_the_month_after(world, clock):  # R-REWARD-23
    """Also over the turn of a window: December's notice is out, so January's opening has it."""
    with transaction():
        factories.working_year(2027)
    hold(world.bookings[0], clock)
    find(world, clock)
    taken = take(world, clock)
    clock.set("2027-01-04 10:00")
    december = Month(2026, 12)
    do(world, "run_month", "officer", clock, month=NOVEMBER)
    do(world, "publish", "officer", clock, month=NOVEMBER)
    clock.advance(days=10)
    do(world, "approve", "approver", clock, month=NOVEMBER)
    do(world, "run_month", "officer", clock, month=december)
    do(world, "publish", "officer", clock, month=december)
    agreed = do(world, "agree_correction", "second_officer", clock, correction_id=taken.id)
    assert (agreed.from_month, agreed.year) == ("2027-01", 2027)
    clock.set("2027-02-01 10:00")
    do(world, "approve", "approver", clock, month=december)
    run = do(world, "run_month", "officer", clock, month=Month(2027, 1))
    line = db.session.query(RewardLine).filter_by(run_id=run.id, lab_id=world.labs[0].id).one()
    assert line.opening_fen == 10_000
    assert find(world, clock) == 0


def test_refused_it_is_proposed_again_and_nobody_refuses_the_systems(world, clock):  # R-REWARD-24
    hold(world.bookings[0], clock)
    find(world, clock)
    (row,) = proposed()
    with pytest.raises(errors.NotWithdrawn):
        do(world, "refuse_correction", "officer", clock, correction_id=row.id)
    with pytest.raises(errors.TakeUpFirst):
        do(world, "agree_correction", "officer", clock, correction_id=row.id)
    with pytest.raises(errors.ProposalChanged):
        do(world, "take_correction", "officer", clock, correction_id=row.id, seen_fen=1)
    with pytest.raises(errors.SystemProposes):
        propose(world, clock, fen=500, window=WINDOW)
    taken = take(world, clock)
    do(world, "refuse_correction", "second_officer", clock, correction_id=taken.id)
    assert find(world, clock) == 1
    assert [row.fen for row in proposed()] == [10_000]


# ── another amount ───────────────────────────────────────────────────────────────────────────────────────────────


def propose(world, clock, **given):
    return do(world, "propose_correction", "officer", clock, **{"lab": world.labs[0].code, "reason": "追回"} | given)


def test_another_amount_needs_the_approver_before_the_second_officer(world, clock):  # R-REWARD-26
    hold(world.bookings[0], clock)
    find(world, clock)
    with pytest.raises(ReasonRequired):
        take(world, clock, fen=7_000)
    taken = take(world, clock, fen=7_000, reason="部分已退")
    with pytest.raises(errors.ApproverNeeded):
        do(world, "agree_correction", "second_officer", clock, correction_id=taken.id)
    with pytest.raises(NotAllowed), transaction():
        services.confirm_correction(actor=world.of_the_county(), now=clock.now, correction_id=taken.id)
    do(world, "confirm_correction", "approver", clock, correction_id=taken.id)
    with pytest.raises(errors.SecondOfficerNeeded):
        do(world, "agree_correction", "officer", clock, correction_id=taken.id)
    agreed = do(world, "agree_correction", "second_officer", clock, correction_id=taken.id)
    assert (agreed.fen, agreed.system_fen) == (7_000, 10_000)
    assert find(world, clock) == 0, "what three persons decided the system does not propose again"


def test_the_systems_own_amount_needs_no_approver(world, clock):  # R-REWARD-26
    hold(world.bookings[0], clock)
    find(world, clock)
    taken = take(world, clock)
    with pytest.raises(errors.AmountOfTheSystem):
        do(world, "confirm_correction", "approver", clock, correction_id=taken.id)


@pytest.mark.parametrize(
    "change",
    [
        "agreed_by = :second, agreed_at = proposed_at",
        "confirmed_by = proposed_by, confirmed_at = proposed_at",
        "confirmed_by = :second, confirmed_at = proposed_at, agreed_by = :second, agreed_at = proposed_at",
        "system_fen = fen",
        "fen = 9",
        "proposed_by = NULL",
    ],
)
def test_the_database_refuses_what_lacks_a_person(world, clock, change):  # R-REWARD-26
    correction = propose(world, clock, fen=500, window=WINDOW)
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(
            text(f"UPDATE correction SET {change} WHERE id = :id"),
            {"id": correction.id, "second": world.second_officer.id} if ":second" in change else {"id": correction.id},
        )


# ── caps ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def capped(world):
    """The finished window's cap of a lab is what its labs were paid, and 5 CNY."""
    with transaction():
        db.session.execute(
            text("DROP TRIGGER policy_frozen" + ("" if db.engine.dialect.name == "sqlite" else " ON policy"))
        )
        first = db.session.execute(text("SELECT id FROM policy ORDER BY id LIMIT 1")).scalar_one()
        policy = db.session.get(Policy, first)
        policy.document = {**policy.document, "caps": {**policy.document["caps"], "lab_year_fen": 20_500}}
    return world


def test_none_lifts_a_lab_above_the_caps_of_its_window(capped, clock):  # R-REWARD-25
    with pytest.raises(errors.AboveLabCap, match=r"205\.00.*200\.00.*5\.00"):
        propose(capped, clock, fen=-600, window=WINDOW)
    ones = [propose(capped, clock, fen=-300, window=WINDOW) for _ in range(2)]
    for one in ones:
        do(capped, "confirm_correction", "approver", clock, correction_id=one.id)
    do(capped, "agree_correction", "second_officer", clock, correction_id=ones[0].id)
    with pytest.raises(errors.AboveLabCap):
        do(capped, "agree_correction", "second_officer", clock, correction_id=ones[1].id)


# ── the rule ─────────────────────────────────────────────────────────────────────────────────────────────────────

CAPS = {"instrument_year_fen": None, "lab_year_fen": 20_000, "firm_year_fen": 30_000}
POLICY = read_policy(policy_json(caps=CAPS, budget_year_fen=45_000))

CASES = [
    # approved for the lab, carried into the next window, taken up so far | now: payable, recoverable | correction
    ("nothing changed", 10_000, 0, 0, 0, 0, 0),
    ("less counts now: the rest is recovered", 10_000, 0, 0, 0, 4_000, 4_000),
    ("more counts now: the lab gets the rest", 10_000, 0, 0, 2_500, 0, -2_500),
    ("a debt carried on was too high", 10_000, 3_000, 0, 0, 1_000, -2_000),
    ("a debt carried on falls away, and more is due", 10_000, 3_000, 0, 500, 0, -3_500),
    ("corrected already", 10_000, 0, 4_000, 0, 4_000, 0),
    ("corrected too far", 10_000, 0, 4_000, 0, 1_500, -2_500),
]


@pytest.mark.parametrize(("title", "paid", "carried", "taken", "payable", "recoverable", "expected"), CASES)
def test_the_difference(title, paid, carried, taken, payable, recoverable, expected):  # R-REWARD-24
    position = Position(firm="F", paid=paid, carried=carried, corrected=taken, answered=taken)
    assert difference(position, payable_fen=payable, recoverable_fen=recoverable) == expected, title


AMOUNTS = st.integers(0, 20_000).map(Fen)
LABS = st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, st.booleans()), min_size=1, max_size=4).map(
    lambda given: dict(zip(("A1", "B1", "A2", "B2"), given, strict=False))
)


@given(LABS)
def test_applied_nothing_is_left_and_no_cap_is_passed(labs):  # R-REWARD-24, R-REWARD-25
    positions = {code: Position(firm=code[0], paid=min(paid, 10_000)) for code, (paid, _, _, _) in labs.items()}
    wanted = {
        code: difference(
            positions[code],
            payable_fen=ZERO if owes else payable,
            recoverable_fen=min(recoverable, positions[code].paid) if owes else ZERO,
        )
        for code, (_, payable, recoverable, owes) in labs.items()
    }
    fens = within_caps(POLICY, positions, wanted)
    assert all(0 <= -fens[code] <= max(0, -wanted[code]) or fens[code] == wanted[code] > 0 for code in labs)
    for code, fen in sorted(fens.items(), key=lambda item: item[1]):
        assert exceeded(POLICY, positions, code, fen) is None
        positions[code] = dataclasses.replace(positions[code], corrected=fen, answered=fen)
    left = {code: Fen(wanted[code] - fens[code]) for code in labs}
    again = within_caps(POLICY, positions, left)
    recovered = any(fen > 0 for fen in fens.values())
    assert recovered or not any(again.values()), "applied, the window comes to what was approved and corrected"
