"""Quotes: fixed while they last, booked once, priced by the lab within its table, accepted by a purchase order."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from labshare.booking import services
from labshare.booking.errors import (
    FirmUnverified,
    NoDiscountPublished,
    OutsideDiscount,
    QuoteAccepted,
    QuoteEnded,
    QuoteForOther,
    QuoteUsed,
    TooManyQuotes,
)
from labshare.booking.models import Booking, Quote
from labshare.booking.queries.quotes import get_quote, list_quotes, own_prices
from labshare.booking.rules.quotes import MOST_OPEN, lasts_until, least_price, own_price_problem
from labshare.booking.terms import QuoteState
from labshare.catalogue.models import Fee
from labshare.catalogue.rules.fees import Discount, Extras, Surcharge, most_off
from labshare.catalogue.terms import SurchargeKind
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound, ReasonRequired
from labshare.kernel.money import Fen
from labshare.kernel.time import local_day
from labshare.notices.models import Notice
from labshare.oversight.statistics import ANYONE
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import Clock
from tests.signing import sign_in

RUSH = Surcharge("rush", SurchargeKind.RUSH, percent=Decimal(50), days=2)
TABLE = (Discount(5, Decimal(10)), Discount(10, Decimal(20)))


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    made = make_house(clock, turnaround_days=5, sample_minutes=Decimal(30))
    with transaction():
        for name, value in Extras(surcharges=(RUSH,), discounts=TABLE).columns().items():
            setattr(made.item.fees[0], name, value)  # type: ignore[attr-defined]
    return made


def quoted(house: House, quantity: int = 2, **given: object) -> Quote:
    made: Quote = house.do(services.make_quote, house.client, test_item_id=house.item.id, quantity=quantity, **given)
    return made


def priced(house: House, quote: Quote, fen: int, reason: str = "批量") -> Quote:
    made: Quote = house.do(services.price_quote, house.manager, quote_id=quote.id, own_fen=Fen(fen), reason=reason)
    return made


def test_rules_of_own_prices() -> None:  # R-QUOTE-3
    assert [most_off(TABLE, n) for n in (4, 5, 9, 10)] == [0, 10, 10, 20]
    assert least_price(Fen(33_335), Decimal("12.5")) == 29_168
    given = {"published_fen": Fen(10_000), "present_fen": Fen(10_000), "percent": Decimal(10)}
    assert own_price_problem(Fen(9_000), **given) is None  # type: ignore[arg-type]
    assert own_price_problem(Fen(9_999), **given) is None  # type: ignore[arg-type]
    for wrong in (8_999, 10_000, 10_001, -1):
        assert isinstance(own_price_problem(Fen(wrong), **given), OutsideDiscount)  # type: ignore[arg-type]
    assert isinstance(
        own_price_problem(Fen(1), **{**given, "percent": Decimal(0)}),  # type: ignore[arg-type]
        NoDiscountPublished,
    )


def test_a_later_fee_does_not_change_it(house: House) -> None:  # R-QUOTE-1
    quote = quoted(house, surcharges=["rush"])
    assert (quote.amount_fen, quote.turnaround_days) == (30_000, 2)
    with transaction():
        db.session.execute(update(Fee).values(valid_to=date(2026, 11, 25)))
        factories.add(
            Fee(
                test_item_id=house.item.id,
                basis="sample",
                amount_fen=Fen(99_900),
                valid_from=date(2026, 11, 26),
                created_at=house.clock.now,
            )
        )
    house.clock.set("2026-11-27 08:00")
    made = house.book("2026-11-30 09:00", quantity=2, quote_id=quote.id)
    assert (made.price_fen, made.fee_id, made.turnaround_days) == (30_000, quote.fee_id, 2)
    assert house.book("2026-11-30 13:00", quantity=2).price_fen == 199_800


def test_it_is_booked_once_and_given_back(house: House) -> None:  # R-QUOTE-1
    quote = quoted(house)
    first = house.book("2026-11-26 09:00", quantity=2, quote_id=quote.id)
    with pytest.raises(QuoteUsed) as refused:
        house.book("2026-11-27 09:00", quantity=2, quote_id=quote.id)
    assert refused.value.params == {"ref": first.ref}
    house.do(services.cancel, house.client, ref=first.ref, reason="")
    again = house.book("2026-11-27 13:00", quantity=2, quote_id=quote.id)
    assert get_quote(house.client, quote_id=quote.id).ref == again.ref


def test_what_cannot_be_booked_of_it(house: House) -> None:
    quote = quoted(house)
    with pytest.raises(QuoteForOther):
        house.book("2026-11-26 09:00", quantity=3, quote_id=quote.id)
    with transaction():
        stranger = factories.firm()
        other = factories.actor(factories.member(stranger), stranger, "owner")
    with pytest.raises(NotFound):
        house.book("2026-11-26 09:00", quantity=2, quote_id=quote.id, actor=other)
    assert list_quotes(other, limit=9) == []
    house.clock.set("2026-12-25 08:00")
    with pytest.raises(QuoteEnded) as refused:
        house.book("2026-12-28 09:00", quantity=2, quote_id=quote.id)
    assert refused.value.params["date"] == date(2026, 12, 24)
    assert get_quote(house.client, quote_id=quote.id).state_at(house.clock.now) == QuoteState.ENDED


def test_a_purchase_order_lengthens_it(house: House) -> None:  # R-QUOTE-2
    quote = quoted(house, quantity=6)
    house.clock.set("2026-12-20 08:00")
    with pytest.raises(NotAllowed):
        house.do(services.accept_quote, house.manager, quote_id=quote.id, purchase_order="PO-7")
    house.do(services.accept_quote, house.client, quote_id=quote.id, purchase_order=" PO-7 ")
    row = get_quote(house.client, quote_id=quote.id)
    assert (row.quote.purchase_order, row.last_day) == ("PO-7", date(2027, 1, 19))
    with pytest.raises(QuoteAccepted):
        house.do(services.accept_quote, house.client, quote_id=quote.id, purchase_order="PO-8")
    with pytest.raises(QuoteAccepted):
        priced(house, quote, 54_000)
    told = db.session.scalars(select(Notice.kind)).all()
    assert "quote.accepted" in told


def test_the_labs_own_price(house: House) -> None:  # R-QUOTE-3
    small, quote = quoted(house, quantity=4), quoted(house, quantity=6)
    with pytest.raises(NoDiscountPublished):
        priced(house, small, 39_000)
    for wrong in (53_999, 60_000, 0):
        with pytest.raises(OutsideDiscount):
            priced(house, quote, wrong)
    with pytest.raises(ReasonRequired):
        priced(house, quote, 55_000, "  ")
    with pytest.raises(NotAllowed):
        house.do(services.price_quote, house.client, quote_id=quote.id, own_fen=Fen(55_000), reason="x")
    assert priced(house, quote, 55_000).amount_fen == 55_000
    with pytest.raises(OutsideDiscount):  # it falls, never rises
        priced(house, quote, 56_000)
    rows, total = own_prices(ANYONE, limit=9, offset=0)
    assert ([row.quote.id for row in rows], total) == ([quote.id], 1)
    made = house.book("2026-11-26 09:00", quantity=6, quote_id=quote.id)
    assert made.charged_fen == 55_000
    with pytest.raises(QuoteUsed):
        priced(house, quote, 54_500)


def test_how_many_and_for_whom(house: House) -> None:
    quote = quoted(house)
    assert quote.valid_until == lasts_until(house.clock.now)
    assert local_day(quote.valid_until - timedelta(seconds=1)) == date(2026, 12, 24)
    with transaction():
        unverified = factories.firm(verified_at=None)
        other = factories.actor(factories.member(unverified), unverified, "owner")
    with pytest.raises(FirmUnverified):
        house.do(services.make_quote, other, test_item_id=house.item.id, quantity=1)
    with transaction():
        row = {name: getattr(quote, name) for name in Quote.__table__.columns.keys() if name != "id"}  # noqa: SIM118
        for n in range(MOST_OPEN - 1):
            db.session.add(Quote(**row | {"number": f"Q-202611-{n:05d}"}))
    with pytest.raises(TooManyQuotes):
        quoted(house)


@pytest.mark.engines("sqlite")
def test_pages_and_papers(house: House, client: FlaskClient) -> None:
    english = {"Accept-Language": "en"}
    person = db.session.get_one(_person(), house.client.person_id)
    firm = db.session.get_one(_firm(), house.client.firm_id)
    sign_in(client, person, firm)
    form = {"test_item": house.item.id, "quantity": "6", "surcharges": "rush", "quote": "1"}
    wrong = client.post("/bookings/new", data={**form, "quantity": "21"}, headers=english)
    assert (wrong.status_code, "Between 1 and 20" in wrong.text) == (422, True)
    answer = client.post("/bookings/new", data=form)
    assert answer.status_code == 303
    number = answer.location.rsplit("/", 1)[1]
    page = client.get(f"/quotes/{number}", headers=english)
    for words in ("900.00", "50% of 600.00", "24 December 2026", "Book this quote"):
        assert words in page.text
    assert number in client.get("/quotes").text
    for language, words in (("en", b"%PDF"), ("zh-CN", b"%PDF")):
        paper = client.get(f"/quotes/{number}/pdf", headers={"Accept-Language": language})
        assert paper.data.startswith(words)
    booking = client.get(f"/bookings/new?from_quote={number}", headers=english)
    assert "900.00" in booking.text
    assert 'value="2026-11-2' in booking.text  # the first free start is chosen
    start = booking.text.split('name="starts_at"')[1].split('value="')[1].split('"')[0]
    done = client.post(
        "/bookings/new",
        data={"from_quote": number, "quantity": "1", "starts_at": start, "sample_description": "steel", "book": "1"},
    )
    assert done.status_code == 303, done.text
    made = db.session.scalars(select(Booking)).one()
    assert (made.quantity, made.price_fen) == (6, 90_000)
    used = client.get(f"/bookings/new?from_quote={number}")
    assert used.location.endswith(f"/quotes/{number}")
    assert made.ref in client.get(f"/quotes/{number}").text


@pytest.mark.engines("sqlite")
def test_an_ended_quote_is_kind(house: House, client: FlaskClient) -> None:
    quote = quoted(house)
    number = quote.number
    house.clock.set("2026-12-25 08:00")
    sign_in(
        client,
        db.session.get_one(_person(), house.client.person_id),
        db.session.get_one(_firm(), house.client.firm_id),
    )
    page = client.get(f"/quotes/{number}", headers={"Accept-Language": "en"}).text
    assert "This quote was valid until 24 December 2026." in page
    assert "Quote again" in page
    assert "Book this quote" not in page
    refused = client.post(
        f"/quotes/{number}/accept", data={"purchase_order": "PO-1"}, headers={"Accept-Language": "en"}
    )
    assert refused.status_code == 409


def _person() -> type:
    from labshare.accounts.models import Person

    return Person


def _firm() -> type:
    from labshare.organisations.models import Firm

    return Firm
