"""What is ordered on top when a client telephones: offered to the lab as to a client, held at its price, and charged as
it was shown."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from labshare.accounts.models import Person
from labshare.booking import services
from labshare.booking.errors import MarkNotCovered, SurchargeNotOffered
from labshare.booking.models import Booking, ForClient
from labshare.booking.rules.lines import read_price
from labshare.catalogue.models import Fee
from labshare.catalogue.rules.fees import Extras, Surcharge
from labshare.kernel.database import db, transaction
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day
from tests import factories
from tests.booking.conftest import House, at, make_house
from tests.booking.test_fees import CNAS, RUSH, TITANIUM, accredited, enrich
from tests.booking.test_for_clients import START, accept, client_firm, make
from tests.conftest import Clock
from tests.signing import sign_in

SHOWN = 10_000 + 3_333 + 6_000
"""A sample with the rush and the component."""


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    made = make_house(clock, turnaround_days=5)
    with transaction():
        made.item.standards = [factories.standard()]
        enrich(made, Extras(surcharges=(RUSH, CNAS, TITANIUM)), amount_fen=10_000)
    return made


def new_fee(house: House, day: date, *surcharges: Surcharge, amount_fen: int) -> None:
    """From this day on the test costs this, with these on top."""
    with transaction():
        db.session.execute(update(Fee).values(valid_to=day - timedelta(days=1)))
        old = db.session.query(Fee).one()
        extras = Extras(surcharges=surcharges).columns()
        factories.add(
            Fee(
                test_item_id=house.item.id,
                amount_fen=Fen(amount_fen),
                valid_from=day,
                basis=old.basis,
                created_at=house.clock.now,
                **extras,
            )
        )


def test_what_is_ordered_on_top_is_held_and_charged_as_shown(house: House) -> None:  # R-PHONE-1, R-PRICE-12
    made = make(house, surcharges=["rush", "component-1"])
    assert (made.price_fen, made.surcharges) == (SHOWN, ["rush", "component-1"])
    booking = accept(house, made)
    assert (booking.price_fen, booking.charged_fen, booking.turnaround_days) == (SHOWN, SHOWN, 2)
    assert read_price(booking.price or {}) == read_price(made.price)


@pytest.mark.parametrize(
    ("surcharges", "amount", "paid", "days"),
    [
        ((RUSH, TITANIUM), 20_000, SHOWN, 2),
        ((), 1_000, SHOWN, 2),  # no longer offered: what was held stays
        ((RUSH._replace(days=4), TITANIUM), 1_000, SHOWN, 2),  # cheaper, but the report later
        ((RUSH._replace(percent=Decimal(10)), TITANIUM), 10_000, 10_000 + 1_000 + 6_000, 2),
    ],
)
def test_a_fee_of_another_day_counts_where_it_is_less_for_the_same(
    house: House, clock: Clock, surcharges: Any, amount: int, paid: int, days: int
) -> None:  # R-PHONE-3
    made = make(house, surcharges=["rush", "component-1"])
    clock.now += timedelta(days=1)
    new_fee(house, local_day(clock.now), *surcharges, amount_fen=amount)
    booking = accept(house, made)
    assert (booking.charged_fen, booking.turnaround_days) == (paid, days)


def test_only_what_is_offered_and_covered_can_be_ordered(house: House) -> None:  # R-PRICE-12
    with pytest.raises(SurchargeNotOffered):
        make(house, surcharges=["consultation"])
    with pytest.raises(MarkNotCovered):
        make(house, surcharges=["cnas"])
    with transaction():
        accredited(house, "CNAS", date(2026, 1, 1), date(2026, 11, 27))
    assert make(house, surcharges=["cnas"]).price_fen == 30_000
    with pytest.raises(MarkNotCovered):  # covered when it is made, not when it is tested
        make(house, surcharges=["cnas"], starts_at=at("2026-11-30 09:00"))


def test_the_lab_chooses_it_in_the_form_and_the_client_sees_its_lines(house: House, client: FlaskClient) -> None:
    manager, owner = (db.session.get_one(Person, one.person_id) for one in (house.manager, house.client))
    firm = client_firm(house)
    sign_in(client, manager, house.lab.firm)
    form = {"client": firm.uscc, "test_item": house.item.id, "starts_at": "2026-11-27T09:00", "quantity": "1"}
    page = client.get("/lab/for-clients/new").text
    assert 'value="rush"' in page
    assert 'value="component-1"' in page
    assert 'value="cnas"' not in page, "the accreditation covers none of its standards"
    asked = {**form, "surcharges": ["rush", "component-1"]}
    assert "193.33" in client.post("/lab/for-clients/new", data={**asked, "update": "1"}).text
    shown = client.post("/lab/for-clients/new", data={**form, "surcharges": ["rush", "gone"], "update": "1"}).text
    assert "133.33" in shown, "what another test offered is no longer ticked"
    assert client.post("/lab/for-clients/new", data={**form, "surcharges": "gone"}).status_code == 422
    answer = client.post("/lab/for-clients/new", data={**asked, "book": "1"})
    assert answer.status_code == 303
    made = db.session.query(ForClient).one()
    assert (made.price_fen, made.starts_at) == (SHOWN, at(START))
    pages = [client.get(answer.headers["Location"]).text]
    sign_in(client, owner, firm)
    pages.append(client.get(f"/client/for-us/{made.id}").text)
    for each in pages:
        assert "加急" in each
        assert "钛" in each
        assert "193.33" in each
    sent = client.post(f"/client/for-us/{made.id}/accept", data={"sample_description": "两件"})
    assert sent.status_code == 303
    assert db.session.query(Booking).one().charged_fen == SHOWN


def test_a_test_without_any_shows_no_choice(clock: Clock, app: Flask, client: FlaskClient) -> None:
    plain = make_house(clock)
    sign_in(client, db.session.get_one(Person, plain.manager.person_id), plain.lab.firm)
    assert "surcharges" not in re_named(client.get("/lab/for-clients/new").text)
    made = plain.do(
        services.book_for_client,
        plain.manager,
        test_item_id=plain.item.id,
        quantity=1,
        starts_at=at(START),
        client=client_firm(plain).uscc,
    )
    assert made.surcharges == []


def re_named(page: str) -> list[str]:
    """The names of a page's fields."""
    return [part.partition('"')[0] for part in page.split('name="')[1:]]
