"""Random lives of bookings on both databases, checked against a plain model after every step, and mutants that the
same machine must catch."""

import itertools
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, func, select

from labshare.booking import services
from labshare.booking.errors import SlotTaken
from labshare.booking.models import Booking, Charge, Holding, Proposal, WantedBlock
from labshare.booking.services import answer, holdings, move
from labshare.booking.terms import BookingState
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import Problem
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import Clock, TestDatabase
from tests.races.unguarded import drop_guards

CLEAN_UP = 20
starts = st.tuples(st.integers(1, 2), st.sampled_from([9, 10, 11, 14, 15]), st.sampled_from([0, 0, 0, 30, 45]))
"""Day from the present one, hour, minute."""
chosen = st.integers(0, 30)


class Life(RuleBasedStateMachine):
    """Two clients and a lab at two instruments; every step is one transaction, refused or done whole."""

    house: House
    second: Actor
    instruments: list[int]
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.refs: list[str] = []
        self.blocks: list[str] = []
        type(self).renew()

    renew: Callable[[], None]

    # -- helpers

    def moment(self, when: tuple[int, int, int]) -> datetime:
        day, hour, minute = when
        local = self.clock.now.astimezone(_zone()) + timedelta(days=day)
        return local.replace(hour=hour, minute=minute, second=0, microsecond=0)

    def do(self, service: Callable[..., Any], actor: Actor, **given: Any) -> Any:
        """The result, or None where it is refused. A refusal leaves no trace."""
        before = _holdings()
        refused: Problem | None = None
        try:
            with transaction():
                return service(actor=actor, now=self.clock.now, **given)
        except Problem as problem:
            refused = problem
        assert _holdings() == before, f"{refused.code} left a trace"
        if isinstance(refused, SlotTaken):
            _check_alternatives(refused, self.clock.now)
        return None

    def some(self, number: int) -> str:
        """A booking, mostly one that is still alive."""
        db.session.rollback()
        alive = db.session.scalars(
            select(Booking.ref).where(Booking.state.in_(BookingState.holding_time())).order_by(Booking.id)
        )
        refs = list(alive) if number % 5 else []
        refs = refs or self.refs
        return refs[number % len(refs)]

    # -- steps

    @rule(when=starts, quantity=st.integers(1, 3), who=st.booleans(), which=st.sampled_from([None, 0, 1]))
    def book(self, when: tuple[int, int, int], quantity: int, who: bool, which: int | None) -> None:
        start = self.moment(when)
        asked = self.instruments if which is None else [self.instruments[which]]
        try:
            with transaction():
                made = services.book(
                    actor=self.house.client if who else self.second,
                    now=self.clock.now,
                    test_item_id=self.item_id,
                    quantity=quantity,
                    starts_at=start,
                    instrument_id=None if which is None else self.instruments[which],
                )
        except SlotTaken as refusal:
            taken = refusal
        except Problem:
            return
        else:
            self.refs.append(made.ref)
            return
        assert not self.free(asked, start, start + timedelta(hours=quantity, minutes=CLEAN_UP))
        _check_alternatives(taken, self.clock.now)

    def free(self, instruments: list[int], begin: datetime, end: datetime) -> list[tuple[int, int]]:
        """The units that nothing holds at that time which still counts."""
        taken = {
            (instrument_id, unit)
            for _, instrument_id, unit, since, until, _kind, expires_at in _holdings()
            if since < end and begin < until and (expires_at is None or expires_at > self.clock.now)
        }
        units = [(self.instruments[0], 1), (self.instruments[0], 2), (self.instruments[1], 1)]
        return [one for one in units if one[0] in instruments and one not in taken]

    @rule(when=starts, who=st.booleans())
    def hold(self, when: tuple[int, int, int], who: bool) -> None:
        self.do(
            services.hold,
            self.house.client if who else self.second,
            test_item_id=self.item_id,
            quantity=1,
            starts_at=self.moment(when),
        )

    @rule(when=starts, who=st.booleans())
    def hold_is_given_up(self, when: tuple[int, int, int], who: bool) -> None:
        """Someone looks at a slot and goes away; ten minutes later another wants it."""
        self.hold(when, who)
        self.clock.advance(minutes=10)
        self.book(when, 1, not who, None)

    @precondition(lambda self: self.refs)
    @rule(number=chosen)
    def confirm(self, number: int) -> None:
        self.do(services.confirm, self.house.manager, ref=self.some(number))

    @precondition(lambda self: self.refs)
    @rule(number=chosen)
    def decline(self, number: int) -> None:
        self.do(services.decline, self.house.manager, ref=self.some(number), reason="忙")

    @precondition(lambda self: self.refs)
    @rule(number=chosen, when=starts, minutes=st.sampled_from([0, 15, 30, -30]))
    def reschedule(self, number: int, when: tuple[int, int, int], minutes: int) -> None:
        ref = self.some(number)
        for client in (self.house.client, self.second):
            start = self.moment(when)
            if minutes:  # a small step over one's own time
                db.session.rollback()
                start = db.session.scalar(select(Booking.starts_at).where(Booking.ref == ref)) + timedelta(
                    minutes=minutes
                )
            self.do(services.reschedule, client, ref=ref, starts_at=start)

    @precondition(lambda self: self.refs)
    @rule(number=chosen, when=starts, which=st.sampled_from([None, 0, 1]), minutes=st.sampled_from([0, 0, 30, 45]))
    def propose(self, number: int, when: tuple[int, int, int], which: int | None, minutes: int) -> None:
        ref = self.some(number)
        start = self.moment(when)
        if minutes:
            db.session.rollback()
            start = db.session.scalar(select(Booking.starts_at).where(Booking.ref == ref)) + timedelta(minutes=minutes)
        self.do(
            services.propose,
            self.house.manager,
            ref=ref,
            starts_at=start,
            reason="改期",
            instrument_id=None if which is None else self.instruments[which],
        )

    @precondition(lambda self: self.refs)
    @rule(number=chosen, accept=st.booleans())
    def answer(self, number: int, accept: bool) -> None:
        db.session.rollback()
        row = db.session.execute(
            select(Proposal.id, Booking.ref)
            .join(Booking)
            .where(Proposal.state == "open")
            .order_by(Proposal.id)
            .offset(number % 3)
        ).first()
        if row is not None:
            service = services.accept_proposal if accept else services.decline_proposal
            for client in (self.house.client, self.second):
                self.do(service, client, ref=row.ref, proposal_id=row.id)

    @precondition(lambda self: self.refs)
    @rule(number=chosen, unit=st.integers(1, 2))
    def move_unit(self, number: int, unit: int) -> None:
        self.do(services.move_unit, self.house.manager, ref=self.some(number), unit=unit)

    @precondition(lambda self: self.refs)
    @rule(number=chosen, who=st.sampled_from(["client", "second", "lab"]))
    def cancel(self, number: int, who: str) -> None:
        actor = {"client": self.house.client, "second": self.second, "lab": self.house.manager}[who]
        self.do(services.cancel, actor, ref=self.some(number), reason="不需要了")

    @precondition(lambda self: self.refs)
    @rule(number=chosen)
    def receive(self, number: int) -> None:
        self.do(services.receive, self.house.manager, ref=self.some(number), samples=1)

    @precondition(lambda self: self.refs)
    @rule(number=chosen, ago=st.sampled_from([0, 0, 5, 50]))
    def start(self, number: int, ago: int) -> None:
        at = self.clock.now - timedelta(minutes=ago)
        self.do(services.start, self.house.manager, ref=self.some(number), at=at)

    @precondition(lambda self: self.refs)
    @rule(number=chosen, ago=st.sampled_from([0, 0, 10]))
    def finish(self, number: int, ago: int) -> None:
        at = self.clock.now - timedelta(minutes=ago)
        self.do(services.finish, self.house.manager, ref=self.some(number), at=at)

    @precondition(lambda self: self.refs)
    @rule(number=chosen)
    def no_show(self, number: int) -> None:
        self.do(services.no_show, self.house.manager, ref=self.some(number))

    @rule(
        when=starts, hours=st.sampled_from([1, 3, 30]), which=st.sampled_from([0, 1]), unit=st.sampled_from([None, 1])
    )
    def block(self, when: tuple[int, int, int], hours: int, which: int, unit: int | None) -> None:
        start = self.moment(when)
        made = self.do(
            services.block,
            self.house.manager,
            instrument_id=self.instruments[which],
            starts_at=start,
            ends_at=start + timedelta(hours=hours),
            kind="maintenance",
            units=None if unit is None else [unit],
        )
        if made is not None:
            self.blocks.append(made.id)

    @precondition(lambda self: self.blocks)
    @rule(number=chosen)
    def unblock(self, number: int) -> None:
        self.do(services.unblock, self.house.manager, block_id=self.blocks[number % len(self.blocks)])

    @precondition(lambda self: self.blocks)
    @rule(number=chosen, when=starts, hours=st.sampled_from([1, 5, 30]))
    def change_block(self, number: int, when: tuple[int, int, int], hours: int) -> None:
        start = self.moment(when)
        self.do(
            services.change_block,
            self.house.manager,
            block_id=self.blocks[number % len(self.blocks)],
            starts_at=start,
            ends_at=start + timedelta(hours=hours),
        )

    @rule(minutes=st.sampled_from([1, 9, 30, 60, 240, 1440]), scheduler=st.booleans())
    def time_passes(self, minutes: int, scheduler: bool) -> None:
        """Sometimes nobody tidies up for a while."""
        self.clock.advance(minutes=minutes)
        if scheduler:
            self.do(services.lapse, SYSTEM)
            self.do(services.grow_blocks, SYSTEM)
            self.do(services.lengthen_running, SYSTEM)

    # -- what must hold after every step

    @invariant()
    def no_two_holdings_of_a_unit_overlap(self) -> None:
        by_unit: dict[tuple[int, int], list[tuple[datetime, datetime]]] = {}
        for _, instrument_id, unit, begin, end, *_rest in _holdings():
            assert begin < end
            by_unit.setdefault((instrument_id, unit), []).append((begin, end))
        for spans in by_unit.values():
            spans.sort()
            for (_, end), (begin, _) in itertools.pairwise(spans):
                assert end <= begin

    @invariant()
    def every_booking_holds_what_it_should(self) -> None:
        db.session.rollback()
        now = self.clock.now
        holdings = {row.booking_id: row for row in db.session.scalars(select(Holding).where(Holding.kind == "booking"))}
        offers: dict[int, list[Holding]] = {}
        for row in db.session.scalars(select(Holding).where(Holding.kind == "offer", Holding.booking_id.is_not(None))):
            offers.setdefault(row.booking_id or 0, []).append(row)
        proposals = {
            row.booking_id: row for row in db.session.scalars(select(Proposal).where(Proposal.state == "open"))
        }
        for booking in db.session.scalars(select(Booking).execution_options(populate_existing=True)):
            holding, proposal = holdings.get(booking.id), proposals.get(booking.id)
            name = f"{booking.ref} {booking.state}"
            assert proposal is not None or not offers.get(booking.id), name
            if booking.state not in BookingState.holding_time():
                assert proposal is None, name
                assert not offers.get(booking.id), name
                if booking.state in ("declined", "cancelled", "no_show"):
                    assert holding is None, name
                elif holding is not None:
                    assert holding.ends_at <= booking.ends_at + timedelta(minutes=CLEAN_UP), name
                continue
            lapsed = booking.state == "requested" and booking.answer_by is not None and booking.answer_by <= now
            lapsed = lapsed and (proposal is None or proposal.answer_by <= now)
            if not lapsed:
                assert holding is not None, name
            if holding is not None:
                assert (holding.instrument_id, holding.unit) == (booking.instrument_id, booking.unit), name
                assert holding.starts_at == booking.starts_at, name
                if booking.state != "testing":
                    assert holding.ends_at == booking.ends_at + timedelta(minutes=CLEAN_UP), name
                assert (holding.expires_at is None) == (booking.state != "requested"), name
            if proposal is not None and proposal.answer_by > now:
                self._held(booking, proposal, holding, offers.get(booking.id, []))

    def _held(self, booking: Booking, proposal: Proposal, own: Holding | None, pieces: list[Holding]) -> None:
        """The proposed time is taken without a gap, by pieces of its own and by the booking's holding."""
        parts = [(one.starts_at, one.ends_at) for one in pieces]
        if own is not None and (own.instrument_id, own.unit) == (proposal.instrument_id, proposal.unit):
            parts.append((own.starts_at, own.ends_at))
        reached = proposal.starts_at
        for begin, end in sorted(parts):
            if begin <= reached:
                reached = max(reached, end)
        assert reached >= proposal.ends_at + timedelta(minutes=CLEAN_UP), booking.ref

    @invariant()
    def charge_is_the_sum_of_its_lines(self) -> None:
        sums = dict(
            db.session.execute(
                select(Charge.booking_id, func.sum(Charge.amount_fen))
                .where(Charge.state == "agreed")
                .group_by(Charge.booking_id)
            ).all()
        )
        for booking_id, charged in db.session.execute(select(Booking.id, Booking.charged_fen)):
            assert sums[booking_id] == charged


def _zone() -> Any:
    from tests.conftest import SHANGHAI

    return SHANGHAI


def _holdings() -> list[tuple[Any, ...]]:
    db.session.rollback()
    return [
        tuple(row)
        for row in db.session.execute(
            select(
                Holding.id,
                Holding.instrument_id,
                Holding.unit,
                Holding.starts_at,
                Holding.ends_at,
                Holding.kind,
                Holding.expires_at,
            ).order_by(Holding.id)
        )
    ]


def _check_alternatives(problem: SlotTaken, now: datetime) -> None:
    """Every alternative is in the future, and no holding that counts lies in it."""
    for slot in problem.alternatives:
        assert slot.starts_at >= now
        assert slot.free


def _machine(app: Flask, clock: Clock, database: TestDatabase, *, guarded: bool = True) -> type[Life]:
    begin = clock.now

    def renew() -> None:
        db.session.remove()
        clock.set(begin)
        with db.engine.begin() as connection:
            for table in (Holding, WantedBlock, Proposal, Charge):  # one life knows nothing of another
                connection.execute(delete(table.__table__))
            connection.execute(delete(Booking.__table__))

    house = make_house(
        clock, units=2, setup_minutes=0, cleanup_minutes=CLEAN_UP, free_cancel_minutes=600, late_cancel_percent=50
    )
    with transaction():
        other = factories.instrument(house.lab, units=1)
        house.item.instruments = [house.instrument, other]
        firm = factories.firm()
        second = factories.actor(factories.member(firm), firm, "owner")
        ids = [house.instrument.id, other.id]
        item_id = house.item.id
    if not guarded:
        drop_guards()
    return type(
        "LifeHere",
        (Life,),
        {
            "house": house,
            "second": second,
            "instruments": ids,
            "item_id": item_id,
            "clock": clock,
            "renew": staticmethod(renew),
        },
    )


def run(machine: type[Life], examples: int, steps: int = 30, *, shrink: bool = False) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            database=None,
            derandomize=not shrink,
            print_blob=False,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


EXAMPLES = int(os.environ.get("LABSHARE_LIVES", "25"))


@pytest.mark.timeout(900)
def test_random_lives(app: Flask, clock: Clock, database: TestDatabase) -> None:  # R-BOOKING-1
    run(_machine(app, clock, database), EXAMPLES, shrink=True)


# -- mutants: each takes one rule away, and the machine must notice


def _no_clean_up(patch: pytest.MonkeyPatch) -> None:
    from labshare.booking.rules.starts import Plan, StartRules

    original = StartRules.plan
    patch.setattr(
        StartRules,
        "plan",
        lambda self, start: Plan(
            starts_at=start, ends_at=original(self, start).ends_at, holding_ends_at=original(self, start).ends_at
        ),
    )


def _lapsed_not_deleted(patch: pytest.MonkeyPatch) -> None:
    """Who takes time does not delete what has lapsed: a free slot cannot be taken."""
    patch.setattr(holdings, "prepare", lambda instrument_id, now: None)
    patch.setattr(holdings, "clear", lambda *given: None)


def _lapsed_counts(patch: pytest.MonkeyPatch) -> None:
    """What has lapsed still counts until somebody tidies up."""
    patch.setattr(Holding, "counts_at", classmethod(lambda cls, moment: True))
    patch.setattr(holdings, "prepare", lambda instrument_id, now: None)
    patch.setattr(holdings, "clear", lambda *given: None)


def _proposal_not_held(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(move, "_hold_for", lambda *given, **named: True)


def _offers_left_behind(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(holdings, "release_offers", lambda booking_id: None)
    patch.setattr(
        holdings,
        "release_booking",
        lambda booking_id: db.session.execute(
            delete(Holding).where(Holding.booking_id == booking_id, Holding.kind == "booking")
        ),
    )


def _ended_keeps_its_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(holdings, "release_booking", lambda booking_id: None)


def _confirmed_still_expires(patch: pytest.MonkeyPatch) -> None:
    def settle(booking: Booking, state: Any, now: datetime) -> None:
        booking.state = state
        booking.answer_by = None
        db.session.flush()

    patch.setattr(answer, "settle_as_confirmed", settle)
    patch.setattr(move, "settle_as_confirmed", settle)


def _unit_not_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(move, "_now_at", lambda booking, instrument, unit, starts_at, ends_at: None)


def _fee_without_line(patch: pytest.MonkeyPatch) -> None:
    from labshare.booking.services import end

    def silently(booking: Booking, total: int, **_: Any) -> None:
        booking.charged_fen = total

    patch.setattr(end, "bring_charge_to", silently)


MUTANTS = [
    _no_clean_up,
    _lapsed_not_deleted,
    _lapsed_counts,
    _proposal_not_held,
    _offers_left_behind,
    _ended_keeps_its_time,
    _confirmed_still_expires,
    _unit_not_written,
    _fee_without_line,
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.__name__.strip("_"))
def test_mutants_are_caught(
    app: Flask, clock: Clock, database: TestDatabase, monkeypatch: pytest.MonkeyPatch, mutant: Callable[..., None]
) -> None:
    machine = _machine(app, clock, database)
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        run(machine, 60)


@pytest.mark.timeout(900)
def test_a_house_that_does_not_look_is_caught_without_the_guard(
    app: Flask, clock: Clock, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard removed: whoever takes a unit without looking overlaps, and the machine sees it. With the guard in place
    the same carelessness is harmless, as the test below shows."""
    machine = _machine(app, clock, database, guarded=False)
    _do_not_look(monkeypatch)
    with pytest.raises(AssertionError):
        run(machine, 60)


@pytest.mark.timeout(900)
def test_a_house_that_does_not_look_is_kept_straight_by_the_guard(
    app: Flask, clock: Clock, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = _machine(app, clock, database)
    _do_not_look(monkeypatch)
    run(machine, 8)


def _do_not_look(patch: pytest.MonkeyPatch) -> None:
    def every_unit(busy: list[Any], _starts_at: datetime, _ends_at: datetime) -> list[int]:
        return list(range(1, len(busy) + 1))

    patch.setattr(sys.modules["labshare.booking.services.book"], "free_units", every_unit)
