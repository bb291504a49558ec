"""Many rows at once and copies: shown first, all or none, by the rules of each row's own page."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from labshare.catalogue import errors
from labshare.catalogue.models import Fee, TestItem
from labshare.catalogue.rules.fees import Extras, Step, Surcharge, raised
from labshare.catalogue.services import fees, test_items
from labshare.catalogue.services.copies import copy_instrument, copy_test_item
from labshare.catalogue.services.many import Change, change_many, preview_many
from labshare.catalogue.terms import ManyKind, SurchargeKind
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, Problem
from labshare.kernel.money import Fen
from tests import factories as make
from tests.catalogue.conftest import TODAY, House, events, rows

ENGINES = ("sqlite",)
"""Nothing here depends on the engine: each row goes by a verb that is tried on both."""


@pytest.fixture
def items(house: House) -> list[TestItem]:
    made = [
        make.test_item(make.instrument(house.lab), turnaround_days=5, fee_fen=10_050, sample_requirement="1 件")
        for _each in range(3)
    ]
    db.session.commit()
    return made


def seen(house: House, change: Change, **what: Any) -> list[Any]:
    with transaction():
        return preview_many(**house.who, change=change, **what)


def test_what_would_change_is_shown_and_nothing_is_written(house: House, items: list[TestItem]) -> None:
    # R-SHEET-5
    before, told = rows(), events()
    change = Change(kind=ManyKind.FEES, percent=Decimal("5"), since=TODAY.replace(day=30), step_fen=Fen(100))
    shown = seen(house, change, items=[one.id for one in items])
    assert [(one.before, one.after, one.problems) for one in shown] == [(10_050, 10_600, ())] * 3
    db.session.expire_all()
    assert (rows(), events()) == (before, told)
    with transaction():
        assert change_many(**house.who, change=change, items=[one.id for one in items]) == 3
    of_first = select(Fee).where(Fee.test_item_id == items[0].id).order_by(Fee.valid_from)
    assert [fee.amount_fen for fee in db.session.scalars(of_first)] == [10_050, 10_600]


def test_a_fee_that_is_dated_ends_the_day_before_and_the_new_one_when_it_would_have(
    house: House, items: list[TestItem]
) -> None:
    [fee] = items[0].fees
    with transaction():
        fees.end_fee(**house.who, fee_id=fee.id, valid_to=date(2026, 12, 31))
        fees.add_fee(
            **house.who, test_item_id=items[0].id, basis="sample", amount_fen=Fen(1), valid_from=date(2027, 1, 1)
        )
        change = Change(kind=ManyKind.FEES, percent=Decimal(10), since=date(2026, 12, 1))
        change_many(**house.who, change=change, items=[items[0].id])
    of_first = select(Fee.amount_fen, Fee.valid_to).where(Fee.test_item_id == items[0].id).order_by(Fee.valid_from)
    assert list(db.session.execute(of_first)) == [
        (10_050, date(2026, 11, 30)),
        (11_055, date(2026, 12, 31)),
        (1, None),
    ]


def test_where_one_row_cannot_change_none_does(house: House, items: list[TestItem]) -> None:
    with transaction():
        fees.end_fee(**house.who, fee_id=items[1].fees[0].id, valid_to=TODAY)
    before = rows()
    change = Change(kind=ManyKind.FEES, percent=Decimal("-10"), since=TODAY.replace(day=30))
    shown = seen(house, change, items=[one.id for one in items])
    assert [[each.code for each in one.problems] for one in shown] == [[], ["NoFeeThen"], []]
    with pytest.raises(errors.ManyRefused), transaction():
        change_many(**house.who, change=change, items=[one.id for one in items])
    db.session.expire_all()
    assert rows() == before


def test_drafts_are_published_instruments_first(house: House) -> None:
    machine = make.instrument(house.lab, state="draft", model="M", manufacturer="X")
    item = make.test_item(machine, state="draft", sample_requirement="1 件")
    bare = make.test_item(machine, state="draft")
    db.session.commit()
    change = Change(kind=ManyKind.PUBLISH)
    shown = seen(house, change, instruments=[machine.id], items=[item.id, bare.id])
    assert [bool(one.problems) for one in shown] == [False, False, True]
    with transaction():
        change_many(**house.who, change=change, instruments=[machine.id], items=[item.id])
    assert (machine.state, item.state, bare.state) == ("published", "published", "draft")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Change(kind=ManyKind.DAYS), "Required"),
        (Change(kind=ManyKind.FEES, since=TODAY), "Required"),
        (Change(kind=ManyKind.FEES, percent=Decimal(5)), "Required"),
        (Change(kind=ManyKind.FEES, percent=Decimal(0), since=TODAY), "OutOfRange"),
        (Change(kind=ManyKind.FEES, percent=Decimal(-101), since=TODAY), "OutOfRange"),
    ],
)
def test_a_change_that_is_not_whole_is_refused(house: House, items: list[TestItem], change: Change, code: str) -> None:
    with pytest.raises(Problem) as refused:
        seen(house, change, items=[items[0].id])
    assert refused.value.code == code


def test_who_may_not_and_what_is_chosen(house: House, items: list[TestItem]) -> None:
    change = Change(kind=ManyKind.DAYS, days=3)
    with pytest.raises(errors.NothingChosen):
        seen(house, change)
    with pytest.raises(errors.TooManyRows):
        seen(house, change, items=range(1000))
    with pytest.raises(NotAllowed), transaction():
        change_many(actor=house.stranger, now=house.clock.now, change=change, items=[items[0].id])
    [told] = seen(house, change, instruments=[items[0].instruments[0].id])
    assert told.problems[0].code == "NotOfInstruments"


@given(fen=some.integers(0, 10**9), percent=some.integers(-10_000, 20_000), step=some.sampled_from([1, 10, 100, 1000]))
@settings(max_examples=60)
def test_a_raised_amount_is_the_nearest_multiple(fen: int, percent: int, step: int) -> None:
    part = Decimal(percent) / 100
    extras = Extras(
        steps=(Step(5, Fen(fen)),),
        surcharges=(
            Surcharge("rush", SurchargeKind.RUSH, amount_fen=Fen(fen), days=1),
            Surcharge("cma", SurchargeKind.CMA, percent=Decimal(50)),
        ),
    )
    amount, minimum, more = raised(extras, amount_fen=Fen(fen), minimum_fen=Fen(0), percent=part, step_fen=Fen(step))
    exact = Decimal(fen) * (100 + part) / 100
    assert amount % step == 0
    assert abs(amount - exact) <= Decimal(step) / 2
    assert minimum == 0
    assert more.steps[0].amount_fen == more.surcharges[0].amount_fen == amount
    assert more.surcharges[1].percent == 50


def test_a_copy_of_an_item_has_all_that_belongs_to_it(house: House, items: list[TestItem]) -> None:
    # R-SHEET-6
    one = items[0]
    with transaction():
        fees.add_fee(
            **house.who, test_item_id=one.id, basis="sample", amount_fen=Fen(20_000), valid_from=TODAY.replace(day=30)
        )
        copy = copy_test_item(**house.who, test_item_id=one.id)
    assert (copy.state, copy.name, copy.instruments) == ("draft", f"{one.name}（副本）", one.instruments)
    of_copy = select(Fee.amount_fen, Fee.valid_from).where(Fee.test_item_id == copy.id).order_by(Fee.valid_from)
    assert list(db.session.execute(of_copy)) == [(10_050, TODAY), (20_000, TODAY.replace(day=30))]


def test_a_copy_of_an_instrument_stands_beside_it(house: House, items: list[TestItem]) -> None:
    [machine] = items[0].instruments
    with transaction():
        copies = [copy_instrument(**house.who, instrument_id=machine.id) for _each in range(2)]
    assert [one.inner_id for one in copies] == [f"{machine.inner_id}-2", f"{machine.inner_id}-3"]
    assert {one.state for one in copies} == {"draft"}
    db.session.expire_all()
    assert {one.id for one in items[0].instruments} == {machine.id, *(one.id for one in copies)}
    with transaction():
        test_items.withdraw_test_item(**house.who, test_item_id=items[0].id)
