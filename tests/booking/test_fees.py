"""What a fee says besides its amount: quantity steps, the amount for small and medium-sized firms, surcharges; and that
a price that was offered is the one charged."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labshare.booking.errors import MarkNotCovered, SurchargeNotOffered
from labshare.booking.formatting import price_lines
from labshare.booking.models import Booking
from labshare.booking.queries import load_bookable_item, offers
from labshare.booking.queries.marks import offered_surcharges
from labshare.booking.queries.slots import price_for
from labshare.booking.rules.lines import read_price, written_price
from labshare.booking.rules.price import Fee, ItemTerms, price_of, question_problems, work_of
from labshare.catalogue.models import Accreditation, AccreditationScope
from labshare.catalogue.models import Fee as FeeRow
from labshare.catalogue.rules.fees import (
    Discount,
    Extras,
    Step,
    Surcharge,
    extras_problems,
    read_surcharges,
)
from labshare.catalogue.terms import FeeBasis, SurchargeKind
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import Problem
from labshare.kernel.money import Fen
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import Clock

RUSH = Surcharge("rush", SurchargeKind.RUSH, percent=Decimal("33.33"), days=2)
CNAS = Surcharge("cnas", SurchargeKind.CNAS, amount_fen=Fen(20_000))
TITANIUM = Surcharge("component-1", SurchargeKind.COMPONENT, amount_fen=Fen(6_000), name="钛", name_en="Ti")
STEPS = (Step(5, Fen(9_000), Fen(7_500)), Step(10, Fen(7_000)))
BY_SAMPLE = Fee(
    basis=FeeBasis.SAMPLE,
    amount_fen=Fen(10_000),
    sme_amount_fen=Fen(8_000),
    steps=STEPS,
    surcharges=(RUSH, CNAS, TITANIUM),
)
ITEM = ItemTerms(per_sample=Decimal(10), max_quantity=50)


@pytest.mark.parametrize(
    ("quantity", "sme", "amount", "step"),
    [
        (4, False, 10_000, None),
        (5, False, 9_000, 5),  # the step reached holds for all five
        (10, False, 7_000, 10),
        (4, True, 8_000, None),
        (5, True, 7_500, 5),
        (10, True, 7_000, 10),  # less than the last amount for SMEs
    ],
)
def test_amount_reached(quantity: int, sme: bool, amount: int, step: int | None) -> None:  # R-PRICE-10, R-PRICE-11
    price = price_of(BY_SAMPLE, work_of(ITEM, quantity), sme=sme)
    assert (price.amount_fen, price.step, price.total_fen) == (amount, step, amount * quantity)


def test_surcharges_are_rounded_each_and_the_minimum_comes_last() -> None:  # R-PRICE-12, R-PRICE-4
    fee = replace(BY_SAMPLE, basis=FeeBasis.TEST, amount_fen=Fen(50), minimum_fen=Fen(7_000), steps=())
    price = price_of(fee, work_of(ITEM, 1), surcharges=["component-1", "rush"])
    assert [one.fen for one in price.extras] == [17, 6_000]  # 16.665 rounded half up; in the fee's order
    assert (price.product_fen, price.sum_fen, price.total_fen) == (50, 6_067, 7_000)
    assert price.rush_days == 2
    half = price_of(replace(fee, amount_fen=Fen(1)), work_of(ITEM, 1), surcharges=["rush"])
    assert half.extras[0].fen == 0


@pytest.mark.parametrize("codes", [["unknown"], ["rush", "rush"], ["rush", "unknown"]])
def test_what_the_fee_does_not_offer(codes: list[str]) -> None:
    with pytest.raises(SurchargeNotOffered):
        price_of(BY_SAMPLE, work_of(ITEM, 1), surcharges=codes)


def test_billed_hours() -> None:  # R-PRICE-3
    item = ItemTerms(setup=Decimal(30), per_sample=Decimal(5), per_run=Decimal(60), samples_per_run=4, max_quantity=9)
    price = price_of(Fee(basis=FeeBasis.HOUR, amount_fen=Fen(4_850)), work_of(item, 6))
    billed = price.billed
    assert billed is not None
    assert billed.setup + billed.quantity * billed.per_sample + billed.runs * billed.per_run == price.units * 60
    assert (billed.runs, price.units) == (2, Fraction(3))


FENS = st.integers(0, 10**6).map(Fen)
PERCENTS = st.integers(1, 30_000).map(lambda hundredths: Decimal(hundredths) / 100)
SURCHARGES = st.lists(
    st.one_of(
        PERCENTS.map(lambda percent: Surcharge("rush", SurchargeKind.RUSH, percent=percent, days=1)),
        FENS.map(lambda fen: Surcharge("cma", SurchargeKind.CMA, fen)),
        FENS.map(lambda fen: Surcharge("component-1", SurchargeKind.COMPONENT, fen, name="钛")),
    ),
    unique_by=lambda one: one.code,
).map(tuple)


@pytest.mark.engines("sqlite")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    basis=st.sampled_from(list(FeeBasis)),
    amount=FENS,
    minimum=FENS,
    surcharges=SURCHARGES,
    quantity=st.integers(1, 50),
    sme=st.booleans(),
    own=st.none() | FENS,
)
def test_lines_add_up_and_are_read_again(app: Flask, own: Fen | None, **given: Any) -> None:
    fee = Fee(
        basis=given["basis"],
        amount_fen=given["amount"],
        minimum_fen=given["minimum"],
        surcharges=given["surcharges"],
        steps=(Step(7, Fen(given["amount"] // 2)),),
    )
    codes = [one.code for one in given["surcharges"]]
    price = replace(price_of(fee, work_of(ITEM, given["quantity"]), sme=given["sme"], surcharges=codes), own_fen=own)
    assert sum(line.fen for line in price_lines(price)) == price.total_fen
    assert all(line.label and all(line.how) for line in price_lines(price))
    assert read_price(written_price(price)) == price
    if own is None:
        assert price.total_fen == max(fee.minimum_fen, price.sum_fen)


def problems(**given: Any) -> list[tuple[str | None, str]]:
    found = extras_problems(Extras(**given), Fen(10_000), turnaround_days=5)
    return [(one.field, one.code) for one in found]


def test_what_extras_may_say() -> None:  # R-PRICE-10, R-PRICE-12
    assert problems(sme_amount_fen=Fen(10_000), steps=STEPS, surcharges=(RUSH, CNAS, TITANIUM)) == []
    assert problems(sme_amount_fen=Fen(10_001)) == [("sme_amount_fen", "SmeAboveFee")]
    assert problems(steps=(Step(1, Fen(1)), Step(5, Fen(1)), Step(5, Fen(1), Fen(2)))) == [
        ("steps-0-since", "StepsNotRising"),
        ("steps-2-since", "StepsNotRising"),
        ("steps-2-sme_amount_fen", "SmeAboveFee"),
    ]
    both = TITANIUM._replace(percent=Decimal(5))
    none = CNAS._replace(amount_fen=None)
    assert problems(surcharges=(both, TITANIUM, none, RUSH._replace(days=5), RUSH._replace(days=None))) == [
        ("surcharges-0-amount_fen", "NotFixedOrPercent"),
        ("surcharges-1-name", "SurchargeTwice"),
        ("surcharges-2-amount_fen", "NotFixedOrPercent"),
        ("surcharges-3-days", "RushNotEarlier"),
        ("surcharges-4-name", "SurchargeTwice"),
        ("surcharges-4-days", "RushNotEarlier"),
    ]
    assert problems(discounts=(Discount(2, Decimal(10)), Discount(9, Decimal(10)), Discount(9, Decimal(100)))) == [
        ("discounts-1-percent", "OutOfRange"),
        ("discounts-2-since", "StepsNotRising"),
        ("discounts-2-percent", "OutOfRange"),
    ]


def enrich(house: House, extras: Extras, **given: Any) -> None:
    """The item's fee says this besides."""
    row = house.item.fees[0]  # type: ignore[attr-defined]
    for name, value in {**extras.columns(), **given}.items():
        setattr(row, name, value)
    db.session.flush()


def accredited(house: House, kind: str, first: date, last: date) -> None:
    given = factories.add(
        Accreditation(confirmed=True, lab_id=house.lab.id, kind=kind, number="L1", valid_from=first, valid_to=last)
    )
    (standard,) = house.item.standards
    factories.add(AccreditationScope(accreditation_id=given.id, test_item_id=house.item.id, standard_id=standard.id))


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    made = make_house(clock, turnaround_days=5)
    with transaction():
        made.item.standards = [factories.standard()]
        enrich(made, Extras(Fen(8_000), STEPS, (RUSH, CNAS, TITANIUM), (Discount(5, Decimal(10)),)))
    return made


def test_a_booking_keeps_its_lines_and_its_earlier_promise(house: House) -> None:  # R-PRICE-11, R-PRICE-12
    made = house.book("2026-11-26 09:00", surcharges=["rush", "component-1"])
    assert (made.price_fen, made.charged_fen) == (8_000 + 2_666 + 6_000,) * 2
    assert made.turnaround_days == 2
    kept = db.session.get_one(Booking, made.id, populate_existing=True)
    price = read_price(kept.price or {})
    assert price.total_fen == made.price_fen
    assert price.sme
    assert [one.surcharge for one in price.extras] == [RUSH, TITANIUM]


def test_a_large_firm_pays_the_ordinary_amount(house: House) -> None:  # R-PRICE-11
    with transaction():
        large = factories.firm(size_class="large")
        buyer = factories.actor(factories.member(large), large, "owner")
        unclassed = factories.firm(size_class=None, kind="public_institution")
        other = factories.actor(factories.member(unclassed), unclassed, "owner")
    assert house.book("2026-11-26 09:00", actor=buyer).price_fen == 10_000
    assert house.book("2026-11-26 10:00", actor=other).price_fen == 10_000


def test_a_mark_only_where_the_accreditation_covers_the_day(house: House) -> None:  # R-PRICE-12
    fee = read_surcharges(house.item.fees[0].surcharges)  # type: ignore[attr-defined]
    today = date(2026, 11, 24)
    assert "cnas" not in {one.code for one in offered_surcharges(house.item.id, fee, today)}
    with pytest.raises(MarkNotCovered):
        house.book("2026-11-26 09:00", surcharges=["cnas"])
    with transaction():
        accredited(house, "CNAS", date(2026, 1, 1), date(2026, 11, 26))
    assert "cnas" in {one.code for one in offered_surcharges(house.item.id, fee, today)}
    assert house.book("2026-11-26 09:00", surcharges=["cnas"]).price_fen == 28_000
    with pytest.raises(MarkNotCovered) as refused:  # covered when booked, not when tested
        house.book("2026-11-27 09:00", surcharges=["cnas"])
    assert refused.value.params["date"] == date(2026, 11, 27)


def test_a_used_fee_keeps_what_else_it_says(house: House) -> None:  # R-PRICE-6
    house.book("2026-11-26 09:00")
    for change in ({"sme_amount_fen": 1}, {"steps": None}, {"surcharges": []}, {"discounts": None}):
        with pytest.raises(Exception, match="fee_in_use"), transaction():
            db.session.execute(FeeRow.__table__.update().values(**change))


def market(chance: random.Random) -> list[int]:
    """Items of every basis with random fees."""
    items = []
    for number in range(20):
        lab = factories.lab(hours=((0, 24),), automatic_confirmation=True)
        on = factories.instrument(lab, units=3)
        choice = number % 4 == 3
        item = factories.test_item(
            on,
            basis=chance.choice(list(FeeBasis)),
            fee_fen=chance.randint(1, 30_000),
            minimum_fen=chance.choice([0, 0, 5_000, 40_000]),
            setup_minutes=Decimal(chance.choice([0, 7, 15])),
            sample_minutes=Decimal(chance.choice(["0.333", "7.5", "10"])),
            run_minutes=Decimal(chance.choice([1, 120])),
            samples_per_run=chance.choice([1, 3, 7]),
            attended=False,
            **({"hours_min": 1, "hours_max": 9, "hours_step": 2} if choice else {}),
        )
        fee = item.fees[0]
        steps = tuple(Step(since, Fen(chance.randint(0, 30_000))) for since in (3, 8))
        sme = chance.choice([None, fee.amount_fen // 2])
        for name, value in Extras(sme, steps if number % 2 else ()).columns().items():
            setattr(fee, name, value)
        items.append(item.id)
    return items


def test_an_offered_price_is_the_charge_afterwards(app: Flask, clock: Clock) -> None:  # R-PRICE-5, R-SEARCH-1
    """A thousand random questions: what offers say, what the page of an item says and what a booking is written with;
    one in forty is booked indeed."""
    chance, now = random.Random(7), clock.now
    with transaction():
        factories.working_year()
        items = market(chance)
        firms = [factories.firm(size_class=size) for size in ("large", "micro")]
        buyers = [factories.actor(factories.member(each), each, "owner") for each in firms]
    asked = booked = 0
    while asked < 1_000:
        quantity, hours = chance.randint(1, 20), chance.choice([None, 1, 3, 9])
        place = chance.randrange(2)
        found = {
            one.item_id: one for one in offers(items, quantity, hours, now, own_hours=True, client_id=firms[place].id)
        }
        for item_id in items:
            asked += 1
            bookable = load_bookable_item(item_id, now, client_id=firms[place].id)
            assert bookable is not None
            offer = found[item_id]
            assert not question_problems(bookable.terms(), quantity, offer.hours)
            price = price_for(bookable, work_of(bookable.terms(), quantity, offer.hours))
            assert price == offer.price
            if asked % 40 == 0 and offer.slot is not None:
                made = _booked(clock, buyers[place], item_id, quantity, offer)
                assert (made.price_fen, made.charged_fen) == (offer.amount_fen, offer.amount_fen)
                booked += 1
    assert booked >= 20


def _booked(clock: Clock, buyer: Any, item_id: int, quantity: int, offer: Any) -> Booking:
    from labshare.booking import services

    start = offer.slot.starts_at
    while True:
        try:
            with transaction():
                return services.book(
                    actor=buyer,
                    now=clock.now,
                    test_item_id=item_id,
                    quantity=quantity,
                    hours=offer.hours,
                    starts_at=start,
                )
        except Problem as problem:
            if problem.code != "SlotTaken":
                raise
            start += timedelta(hours=7)
