"""Every lab's earliest slot and price for one question equals asking each instrument by itself, on both databases."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import event

from labshare.booking.models import Closure, Holding
from labshare.booking.queries import load_bookable_item, offers
from labshare.booking.rules.price import price_of, question_problems, work_of
from labshare.booking.rules.slots import earliest
from labshare.kernel.database import db, transaction
from tests import factories
from tests.booking.conftest import at
from tests.conftest import Clock

pytestmark = pytest.mark.slow


def market(seed: int, now) -> list:  # type: ignore[no-untyped-def]
    """Some labs with instruments, items and a random load, from empty to packed."""
    chance = random.Random(seed)
    items = []
    for number in range(5):
        hours = chance.choice([((9, 17),), ((8, 12), (13, 17)), ((0, 24),), ((20, 30),)])
        lab = factories.lab(
            hours=hours, lead_time_minutes=chance.choice([0, 600, 3000]), latitude=f"29.{number}", longitude="120.9"
        )
        if chance.random() < 0.3:
            factories.add(
                Closure(
                    lab_id=lab.id, starts_at=now, ends_at=now + timedelta(hours=chance.randint(1, 60)), reason="检修"
                )
            )
        for _ in range(2):
            calibrated = chance.choice([(at("2026-01-01 00:00").date(), at("2026-11-26 00:00").date()), None])
            instrument = factories.instrument(
                lab,
                units=chance.randint(1, 3),
                needs_calibration=calibrated is not None and chance.random() < 0.7,
                calibrated=calibrated,
            )
            if chance.random() < 0.5:
                factories.instrument(lab)
            for unit in range(1, instrument.units + 1):
                moment = now - timedelta(hours=chance.randint(0, 10))
                for _ in range(chance.choice([0, 3, 25, 120])):
                    begin = moment + timedelta(minutes=chance.choice([0, 0, 0, 30, 90, 400]))
                    moment = begin + timedelta(minutes=chance.randint(20, 600))
                    expires = chance.choice([None, None, None, now + timedelta(minutes=chance.choice([-5, 0, 5]))])
                    factories.add(
                        Holding(
                            instrument_id=instrument.id,
                            unit=unit,
                            starts_at=begin,
                            ends_at=moment,
                            created_at=now,
                            kind="offer" if expires else "maintenance",
                            expires_at=expires,
                        )
                    )
            attended = chance.random() < 0.5
            choice = chance.random() < 0.3
            items.append(
                factories.test_item(
                    instrument,
                    setup_minutes=Decimal(chance.choice([0, 15])),
                    sample_minutes=Decimal(chance.choice([10, 45])),
                    run_minutes=Decimal(chance.choice([0, 120])),
                    samples_per_run=chance.choice([1, 3]),
                    cleanup_minutes=chance.choice([0, 20]),
                    attended=attended,
                    max_quantity=chance.choice([2, 20]),
                    basis=chance.choice(["sample", "run", "test", "hour"]),
                    fee_fen=chance.randint(1, 50_000),
                    **({"hours_min": 2, "hours_max": 48, "hours_step": 2} if choice else {}),
                )
            )
    return items


@pytest.mark.parametrize("seed", range(6))
def test_offers_equal_asking_each_instrument(app: Flask, clock: Clock, seed: int) -> None:  # R-SEARCH-1
    now = clock.now
    with transaction():
        factories.working_year()
        items = market(seed, now)
    ids = [item.id for item in items]
    quantity, hours = random.Random(seed).choice([(1, None), (3, None), (2, 4)])
    until = now + timedelta(days=20)
    expected = {}
    for item_id in ids:
        bookable = load_bookable_item(item_id, now)
        assert bookable is not None
        if question_problems(bookable.terms(), quantity, hours):
            continue
        work = work_of(bookable.terms(), quantity, hours)
        for candidate in bookable.candidates(work, now, until + timedelta(days=60)):
            rules = candidate.rules
            slot = earliest(candidate, after=rules.first_allowed(now), before=min(rules.allowed_before(now), until))
            if slot is not None:
                price = price_of(_fee(bookable), work).total_fen
                expected[item_id, candidate.instrument_id] = (slot, price)
    found = offers(ids, quantity, hours, now, until=until)
    assert {(one.item_id, one.instrument_id): (one.slot, one.amount_fen) for one in found} == expected
    assert [one.slot.starts_at for one in found] == sorted(one.slot.starts_at for one in found)  # type: ignore[union-attr]
    cheapest = offers(ids, quantity, hours, now, until=until, order="cheapest")
    assert [one.amount_fen for one in cheapest] == sorted(one.amount_fen for one in cheapest)
    nearest = offers(ids, quantity, hours, now, until=until, order="nearest", near=(29.4, 120.9))
    assert [one.distance_km for one in nearest] == sorted(one.distance_km for one in nearest)  # type: ignore[type-var]
    done_by = now + timedelta(days=2)
    early = offers(ids, quantity, hours, now, until=until, done_by=done_by)
    assert {(one.item_id, one.instrument_id) for one in early} == {
        key for key, (slot, _) in expected.items() if slot.ends_at <= done_by
    }
    every = offers(ids, quantity, hours, now, until=until, done_by=done_by, late_too=True)
    assert len(every) >= len(expected)


def _fee(bookable):  # type: ignore[no-untyped-def]
    from labshare.booking.queries.loading import fee_terms

    return fee_terms(bookable.fee)


def test_at_most_nine_statements(app: Flask, clock: Clock) -> None:
    with transaction():
        factories.working_year()
        items = market(2, clock.now) + market(3, clock.now)
    ids = [item.id for item in items]
    db.session.rollback()
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    offers(ids, 1, None, clock.now)
    statements = [one for one in statements if not one.startswith(("BEGIN", "PRAGMA"))]
    assert len(statements) <= 9
