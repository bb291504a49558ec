"""Blocks: they take what is free, are kept as wanted, grow, ask first, repeat (R-TIME-15)."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labshare.booking import errors, services
from labshare.booking.models import Booking, Holding, Proposal, WantedBlock
from labshare.booking.queries.clashes import clashes
from labshare.booking.rules.repeats import MOST, occurrences
from labshare.booking.rules.time import Interval
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound, ReasonRequired
from tests.booking.conftest import House, at, make_house
from tests.conftest import SHANGHAI, Clock


@pytest.fixture
def house(app: Any, clock: Clock) -> House:
    return make_house(clock)


def block(house: House, since: str, until: str, **given: Any) -> Any:
    return house.do(
        services.block,
        house.manager,
        instrument_id=house.instrument.id,
        kind="maintenance",
        starts_at=at(since),
        ends_at=at(until),
        **given,
    )


def blocked(unit: int = 1) -> list[tuple[str, str]]:
    """What blocks take of a unit, touching pieces joined: (since, until), local."""
    found: list[list[datetime]] = []
    rows = db.session.query(Holding).filter_by(kind="maintenance", unit=unit).order_by(Holding.starts_at)
    for row in rows.populate_existing():
        if found and found[-1][1] == row.starts_at:
            found[-1][1] = row.ends_at
        else:
            found.append([row.starts_at, row.ends_at])
    return [tuple(f"{each.astimezone(SHANGHAI):%d %H:%M}" for each in span) for span in found]  # type: ignore[misc]


def missing() -> list[int]:
    return [row.missing_minutes for row in db.session.query(WantedBlock).populate_existing()]


def test_a_block_grows_as_bookings_move_away(house: House) -> None:  # R-TIME-15
    """By cancelling, by the client's move, by a proposal accepted: at once, before anybody else can take the time."""
    kept = [house.book(f"2026-11-25 {hour}") for hour in ("09:00", "10:00", "14:00")]
    block(house, "2026-11-25 08:00", "2026-11-25 18:00", units=[1])
    assert (blocked(), missing()) == (
        [("25 08:00", "25 09:00"), ("25 11:00", "25 14:00"), ("25 15:00", "25 18:00")],
        [180],
    )
    house.do(services.cancel, house.client, ref=kept[0].ref)
    assert (blocked()[0], missing()) == (("25 08:00", "25 10:00"), [120])
    house.do(services.reschedule, house.client, ref=kept[1].ref, starts_at=at("2026-11-26 09:00"))
    assert (blocked()[0], missing()) == (("25 08:00", "25 14:00"), [60])
    made = house.do(services.propose, house.manager, ref=kept[2].ref, starts_at=at("2026-11-26 14:00"), reason="保养")
    assert missing() == [60]
    house.do(services.accept_proposal, house.client, ref=kept[2].ref, proposal_id=made.id)
    assert (blocked(), missing()) == ([("25 08:00", "25 18:00")], [0])


def test_what_lapses_is_taken_by_the_scheduler(house: House, clock: Clock) -> None:  # R-TIME-15
    house.book("2026-11-30 09:00")
    block(house, "2026-11-30 09:00", "2026-11-30 12:00", units=[1])
    clock.set("2026-11-28 09:00")
    assert house.do(services.grow_blocks, SYSTEM) == 1
    assert (blocked(), missing()) == ([("30 09:00", "30 12:00")], [0])
    assert house.do(services.grow_blocks, SYSTEM) == 0


def test_a_block_that_is_over_or_removed_grows_no_more(house: House, clock: Clock) -> None:
    booking = house.book("2026-11-25 09:00")
    made = block(house, "2026-11-25 09:00", "2026-11-25 10:00", units=[1])
    assert (blocked(), missing()) == ([], [60])
    house.do(services.unblock, house.manager, block_id=made.id)
    house.do(services.cancel, house.client, ref=booking.ref)
    assert (blocked(), missing()) == ([], [])


def test_an_edge_moves_and_stops_at_bookings(house: House) -> None:
    house.book("2026-11-25 14:00")
    made = block(house, "2026-11-25 09:00", "2026-11-25 11:00", units=[1])
    change = {"block_id": made.id, "starts_at": at("2026-11-25 09:30")}
    house.do(services.change_block, house.manager, ends_at=at("2026-11-25 13:00"), **change)
    assert (blocked(), missing()) == ([("25 09:30", "25 13:00")], [0])
    with pytest.raises(errors.InTheWay, match=db.session.query(Booking).one().ref):
        house.do(services.change_block, house.manager, ends_at=at("2026-11-25 14:01"), **change)
    with pytest.raises(errors.EndBeforeStart):
        house.do(services.change_block, house.manager, ends_at=at("2026-11-25 09:30"), **change)
    assert blocked() == [("25 09:30", "25 13:00")]
    with pytest.raises(NotAllowed):
        house.do(services.change_block, house.client, ends_at=at("2026-11-25 12:00"), **change)


def test_the_later_ones_of_a_series_move_by_as_much(house: House) -> None:  # R-TIME-15
    weekly = [
        block(house, f"2026-{day} 09:00", f"2026-{day} 10:00", units=[1], series="s")
        for day in ("11-25", "12-02", "12-09")
    ]
    house.book("2026-12-09 11:00")
    change = {"block_id": weekly[1].id, "starts_at": at("2026-12-02 09:30"), "following": True}
    with pytest.raises(errors.InTheWay):
        house.do(services.change_block, house.manager, ends_at=at("2026-12-02 11:30"), **change)
    assert blocked() == [("25 09:00", "25 10:00"), ("02 09:00", "02 10:00"), ("09 09:00", "09 10:00")]
    house.do(services.change_block, house.manager, ends_at=at("2026-12-02 11:00"), **change)
    assert blocked() == [("25 09:00", "25 10:00"), ("02 09:30", "02 11:00"), ("09 09:30", "09 11:00")]


def test_clashes_offer_places_clear_of_the_block(house: House, clock: Clock) -> None:
    booking = house.book("2026-11-25 09:00")
    other = house.book("2026-11-25 09:00")
    span = Interval(at("2026-11-25 08:00"), at("2026-11-25 18:00"))
    one, two = clashes(house.instrument.id, [1, 2], [span], now=clock.now)
    assert (one.booking.id, two.booking.id) == (booking.id, other.id)
    assert one.unit is two.unit is None
    for way in (*one.ways, *two.ways):
        assert not span.starts_at <= way.starts_at < span.ends_at
    (one,) = clashes(house.instrument.id, [1], [span], now=clock.now)
    assert len(one.ways) == 3
    house.do(services.cancel, house.client, ref=other.ref)
    (one,) = clashes(house.instrument.id, [1], [span], now=clock.now)
    assert one.unit == 2


def test_the_first_places_offered_can_be_taken_together(house: House, clock: Clock) -> None:
    for hour in ("09:00", "10:00", "11:00", "14:00"):
        for _unit in range(2):
            house.book(f"2026-11-25 {hour}")
    span = Interval(at("2026-11-25 08:00"), at("2026-11-25 18:00"))
    found = clashes(house.instrument.id, [1, 2], [span], now=clock.now)
    firsts = [each.ways[0] for each in found]
    assert len({(way.starts_at, way.unit) for way in firsts}) == 8
    house.do(
        services.clear_and_block,
        house.manager,
        instrument_id=house.instrument.id,
        kind="maintenance",
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        ways=[
            services.Way(ref=each.booking.ref, starts_at=way.starts_at, instrument_id=way.instrument_id, unit=way.unit)
            for each, way in zip(found, firsts, strict=True)
        ],
        reason="年度保养",
    )
    assert db.session.query(Proposal).count() == 8


def test_two_bookings_do_not_go_to_one_place(house: House) -> None:
    refs = [house.book(f"2026-11-25 {hour}").ref for hour in ("09:00", "10:00", "11:00")]
    with pytest.raises(errors.WayTaken, match=refs[2]):
        house.do(
            services.clear_and_block,
            house.manager,
            instrument_id=house.instrument.id,
            kind="maintenance",
            starts_at=at("2026-11-25 08:00"),
            ends_at=at("2026-11-25 18:00"),
            ways=[services.Way(ref=ref, starts_at=at("2026-11-26 09:00")) for ref in refs],
            reason="年度保养",
        )
    assert (missing(), db.session.query(Proposal).count()) == ([], 0)


def test_all_of_a_block_and_its_moves_or_nothing(house: House) -> None:
    first, second = house.book("2026-11-25 09:00"), house.book("2026-11-25 11:00")
    wanted = {
        "instrument_id": house.instrument.id,
        "kind": "maintenance",
        "starts_at": at("2026-11-25 08:00"),
        "ends_at": at("2026-11-25 18:00"),
        "units": [1],
        "ways": [
            services.Way(ref=first.ref, unit=2),
            services.Way(ref=second.ref, starts_at=at("2026-11-26 09:00"), instrument_id=house.instrument.id),
        ],
    }
    with pytest.raises(ReasonRequired):
        house.do(services.clear_and_block, house.manager, **wanted)
    assert (blocked(), missing()) == ([], [])
    house.do(services.clear_and_block, house.manager, reason="主轴保养", **wanted)
    assert (blocked(), missing()) == ([("25 08:00", "25 11:00"), ("25 12:00", "25 18:00")], [60])
    assert db.session.get(Booking, first.id).unit == 2  # type: ignore[union-attr]
    proposal = db.session.query(Proposal).one()
    assert (proposal.booking_id, proposal.reason) == (second.id, "主轴保养")
    house.do(services.accept_proposal, house.client, ref=second.ref, proposal_id=proposal.id)
    assert missing() == [0]


def test_a_rule_makes_a_series_that_goes_together(house: House) -> None:
    made = house.do(
        services.clear_and_block,
        house.manager,
        instrument_id=house.instrument.id,
        kind="in_house",
        starts_at=at("2026-11-25 09:00"),
        ends_at=at("2026-11-25 10:00"),
        rule="FREQ=WEEKLY;COUNT=4",
    )
    starts = [row.starts_at for row in db.session.query(WantedBlock).order_by(WantedBlock.starts_at)]
    assert starts == [at("2026-11-25 09:00") + timedelta(days=7 * n) for n in range(4)]
    second = db.session.query(WantedBlock).order_by(WantedBlock.starts_at).offset(1).first()
    assert second is not None
    house.do(services.unblock, house.manager, block_id=second.id, following=True)
    assert [row.id for row in db.session.query(WantedBlock)] == [made.id]
    assert db.session.query(Holding).count() == 2


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("", [25]),
        ("FREQ=DAILY;COUNT=3", [25, 26, 27]),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261202", [25, 30]),
        ("freq=weekly;byday=mo;count=1", [25, 30]),
        ("FREQ=DAILY;INTERVAL=2;UNTIL=20261129T235959Z", [25, 27, 29]),
    ],
)
def test_rules_of_repetition(rule: str, days: list[int]) -> None:  # R-TIME-15
    span = Interval(at("2026-11-25 22:00"), at("2026-11-26 02:00"))
    found = occurrences(span, rule, SHANGHAI)
    assert [one.starts_at.astimezone(SHANGHAI).day for one in found] == days
    assert {one.ends_at - one.starts_at for one in found} == {timedelta(hours=4)}


@pytest.mark.parametrize(
    "rule", ["weekly", "FREQ=HOURLY;COUNT=3", "FREQ=DAILY;BYHOUR=1,2;COUNT=3", "FREQ=DAILY COUNT=3", "X=1"]
)
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(errors.RuleUnknown):
        occurrences(Interval(at("2026-11-25 09:00"), at("2026-11-25 10:00")), rule, SHANGHAI)


@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=DAILY;COUNT=61", "FREQ=YEARLY;COUNT=4"])
def test_a_rule_without_an_end_is_refused(rule: str) -> None:
    with pytest.raises(errors.TooManyBlocks):
        occurrences(Interval(at("2026-11-25 09:00"), at("2026-11-25 10:00")), rule, SHANGHAI)


@example(hour=2, count=10, hours=1)  # 29 March has no hour from two to three
@given(st.integers(0, 23), st.integers(1, MOST), st.integers(1, 20))
def test_repeats_keep_the_clock_where_clocks_change(hour: int, count: int, hours: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin = datetime(2026, 3, 20, hour, tzinfo=zone)
    found = occurrences(Interval(begin, begin + timedelta(hours=hours)), f"FREQ=DAILY;COUNT={count}", zone)
    assert len(found) == count
    for n, one in enumerate(found):
        local = one.starts_at.astimezone(zone)
        gap = local.date().isoformat() == "2026-03-29" and hour == 2
        assert local.date() == begin.date() + timedelta(days=n)
        assert local.hour == hour or gap
    assert all(one.starts_at < one.ends_at for one in found)


STEP = st.tuples(
    st.sampled_from(["block", "book", "cancel", "change", "unblock"]), st.integers(0, 30), st.integers(1, 6)
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=12))
def test_a_block_always_has_what_is_free_of_it(house: House, steps: list[tuple[str, int, int]]) -> None:
    """Whatever is blocked, booked, cancelled, changed and given back: each minute wanted is a block's or a booking's,
    and what is written down as missing is what bookings hold."""
    names: list[str] = []
    refs: list[str] = []
    begin = at("2026-11-25 08:00")
    for step, place, length in steps:
        since = begin + timedelta(minutes=30 * place)
        span = {"starts_at": since, "ends_at": since + timedelta(minutes=30 * length)}
        try:
            if step == "block":
                made = house.do(
                    services.block,
                    house.manager,
                    instrument_id=house.instrument.id,
                    kind="maintenance",
                    units=[1],
                    **span,
                )
                names.append(made.id)
            elif step == "book":
                refs.append(house.book(f"{since:%Y-%m-%d %H:%M}").ref)
            elif step == "cancel" and refs:
                house.do(services.cancel, house.client, ref=refs.pop(place % len(refs)))
            elif step == "change" and names:
                house.do(services.change_block, house.manager, block_id=names[place % len(names)], **span)
            elif step == "unblock" and names:
                house.do(services.unblock, house.manager, block_id=names.pop(place % len(names)))
        except (errors.StartRefused, errors.SlotTaken, errors.InTheWay, NotFound):
            pass
    held = db.session.query(Holding).filter_by(unit=1).populate_existing().all()
    for wanted in db.session.query(WantedBlock).populate_existing():
        minutes = int((wanted.ends_at - wanted.starts_at) / timedelta(minutes=30))
        own = 0
        for n in range(minutes):
            minute = wanted.starts_at + timedelta(minutes=30 * n)
            holders = [each for each in held if each.starts_at <= minute < each.ends_at]
            assert len(holders) == 1
            own += holders[0].block == wanted.id
        assert wanted.missing_minutes == 30 * (minutes - own)
    db.session.rollback()
    for name in names:
        house.do(services.unblock, house.manager, block_id=name) if db.session.get(WantedBlock, name) else None
    for ref in refs:
        house.do(services.cancel, house.client, ref=ref)
