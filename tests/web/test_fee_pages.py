"""The form of a fee with all it may say, and what the client then sees and ticks."""

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from labshare.booking.models import Booking
from labshare.catalogue.models import Fee
from labshare.kernel.database import db, transaction
from tests import factories as make
from tests.conftest import Clock
from tests.signing import sign_in

ENGINES = ("sqlite",)
"""Forms and pages; what the database refuses stands in `tests/booking/test_fees.py`."""


@pytest.fixture
def item(app: Any, clock: Clock) -> Any:
    with transaction():
        make.working_year()
        at = make.lab(hours=((9, 17),), automatic_confirmation=True)
        return make.test_item(make.instrument(at), turnaround_days=5)


GIVEN = {
    "basis": "sample",
    "amount_fen": "100",
    "minimum_fen": "0",
    "sme_amount_fen": "80",
    "valid_from": "2026-11-25",
    "steps-0-since": "5",
    "steps-0-amount_fen": "90",
    "surcharges-0-percent": "50%",
    "surcharges-0-days": "2",
    "surcharges-4-name": "钛",
    "surcharges-4-name_en": "Ti",
    "surcharges-4-amount_fen": "60",
    "discounts-0-since": "10",
    "discounts-0-percent": "12.5",
}


def test_a_fee_is_entered_corrected_and_seen(item: Any, client: FlaskClient, clock: Clock) -> None:
    sign_in(client, make.member(item.lab.firm, "lab_manager"), item.lab.firm)
    answer = client.post(f"/lab/test-items/{item.id}/fees/new", data=GIVEN)
    assert answer.status_code == 303, answer.text
    fee = db.session.scalars(select(Fee).where(Fee.valid_from == date(2026, 11, 25))).one()
    assert fee.steps == [{"from": 5, "amount_fen": 9_000}]
    assert fee.surcharges == [
        {"code": "rush", "kind": "rush", "percent": "50", "days": 2},
        {"code": "component-1", "kind": "component", "amount_fen": 6_000, "name": "钛", "name_en": "Ti"},
    ]
    assert fee.discounts == [{"from": 10, "percent": "12.5"}]
    page = client.get(f"/lab/fees/{fee.id}").text
    for typed in ("90.00", "12.5", "钛", "60.00", "80.00"):
        assert f'value="{typed}"' in page
    for words in ("Rush surcharge: 50% of the product, report 2 days after the test", "up to 12.5% less"):
        assert words in client.get(f"/test-items/{item.id}", headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"steps-0-since": ""}, "steps-0-since", "Fill this in"),
        ({"steps-0-since": "1"}, "steps-0-since", "the first at 2 or more"),
        ({"surcharges-0-days": "5"}, "surcharges-0-days", "Fewer days than the 5"),
        ({"surcharges-0-amount_fen": "5"}, "surcharges-0-amount_fen", "one of the two"),
        ({"surcharges-4-name": ""}, "surcharges-4-name", "Fill this in"),
        ({"discounts-0-percent": "viel"}, "discounts-0-percent", "such as 30 or 12.5"),
        ({"sme_amount_fen": "101"}, "sme_amount_fen", "small and medium-sized firms lies between"),
    ],
)
def test_wrong_input_stands_at_its_field(
    item: Any, client: FlaskClient, given: dict[str, str], field: str, words: str
) -> None:
    sign_in(client, make.member(item.lab.firm, "lab_manager"), item.lab.firm)
    answer = client.post(
        f"/lab/test-items/{item.id}/fees/new", data={**GIVEN, **given}, headers={"Accept-Language": "en"}
    )
    assert answer.status_code == 422
    assert words in answer.text[answer.text.index(f'id="{field}-error"') :][:400]
    assert 'value="钛"' in answer.text or not given.get("surcharges-4-name", "钛")
    assert len(db.session.scalars(select(Fee)).all()) == 1


def test_what_is_ticked_is_priced_and_booked(item: Any, client: FlaskClient, clock: Clock) -> None:
    with transaction():
        (fee,) = item.fees
        fee.surcharges = [{"code": "rush", "kind": "rush", "percent": "50", "days": 2}]
        buyer = make.firm()
        booker = make.member(buyer)
    sign_in(client, booker, buyer)
    address = f"/bookings/new?test_item={item.id}&quantity=2&starts_at=2026-11-25T09:00:00%2B08:00&surcharges=rush"
    page = client.get(address, headers={"Accept-Language": "en"}).text
    assert "300.00" in page
    assert "50% of 200.00, report 2 days after the test" in page
    typed = {"test_item": item.id, "quantity": "2", "starts_at": "2026-11-25T09:00", "sample_description": "steel"}
    answer = client.post("/bookings/new", data={**typed, "surcharges": "rush", "book": "1"})
    assert answer.status_code == 303, answer.text
    assert [one.price_fen for one in db.session.scalars(select(Booking))] == [30_000]
    assert client.post("/bookings/new", data={**typed, "surcharges": "no", "book": "1"}).status_code == 422
