"""Steps in the lab's lists: one booking or many, each by its own rule, told where the list stands."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.booking import services
from labshare.booking.models import Booking
from labshare.catalogue.models import Lab
from labshare.kernel.database import db, transaction
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import Clock
from tests.signing import sign_in

pytestmark = pytest.mark.slow
ENGINES = ("sqlite",)
"""What a list shows and takes is the same on both; the steps themselves are tried in `tests/booking`."""


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    return make_house(clock, units=3)


@pytest.fixture
def lab(house: House, client: FlaskClient) -> FlaskClient:
    return sign_in(client, db.session.get_one(factories.Person, house.manager.person_id), house.lab.firm)


def take(lab: FlaskClient, path: str, **form: Any) -> str:
    answer = lab.post(path, data=form, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    return answer.text


def states(*refs: str) -> list[str]:
    db.session.rollback()
    found = dict(db.session.execute(db.select(Booking.ref, Booking.state)).all())
    return [found[ref] for ref in refs]


def test_each_of_many_is_judged_by_itself(house: House, lab: FlaskClient) -> None:  # R-BOOKING-14
    """One was answered by somebody else meanwhile: the others are confirmed, and it is said of that one."""
    first, second, third = (house.book("2026-11-26 09:00").ref for _ in range(3))
    house.do(services.decline, house.manager, ref=second, reason="检修")
    page = take(lab, "/lab/requests", many="confirm", ref=[first, second, third, first])
    assert states(first, second, third) == ["confirmed", "declined", "confirmed"]
    told = page.split('id="outcome"')[1].split("</ul>")[0]
    done, refused = told.split("<ul>")
    assert first in done
    assert third in done
    assert second not in done
    assert second in refused
    assert "Declined" in refused
    again = take(lab, "/lab/requests", many="confirm", ref=[first, third])
    assert "Confirmed" in again
    assert states(first, third) == ["confirmed", "confirmed"], "a second click changes nothing"


def test_nothing_ticked_says_so(house: House, lab: FlaskClient) -> None:
    house.book("2026-11-26 09:00")
    assert "Nothing is ticked" in take(lab, "/lab/requests", many="confirm")
    assert 'id="outcome"' not in take(lab, "/lab/requests", many="delete", ref="B-1")


def test_bookings_of_others_are_not_there(house: House, lab: FlaskClient, clock: Clock) -> None:
    """Another lab's, and one at which the own firm is the client: the step is refused as an unknown one is."""
    with transaction():
        other = factories.test_item(factories.instrument(factories.lab()))
    theirs = house.book("2026-11-26 09:00", test_item_id=other.id).ref
    page = take(lab, "/lab/requests", many="confirm", ref=[theirs, "B-000000-XXXXX"])
    assert page.count("Not found") == 2
    assert states(theirs) == ["requested"]


def test_who_may_not_work_has_no_buttons_and_is_refused(house: House, client: FlaskClient) -> None:
    ref = house.book("2026-11-26 09:00").ref
    with transaction():
        viewer = factories.member(house.lab.firm, "viewer")
    sign_in(client, viewer, house.lab.firm)
    assert 'name="ref"' not in client.get("/lab/requests").text
    assert client.post("/lab/requests", data={"confirm": ref}).status_code == 403
    assert states(ref) == ["requested"]


def test_the_day_goes_on_where_it_stands(house: House, lab: FlaskClient, clock: Clock) -> None:
    """Receive as many as were booked, start, finish: in the list, with its filter; a start that is not possible is
    said of the one booking alone."""
    ref, later = (house.book(f"2026-11-25 {hour}:00", quantity=2).ref for hour in ("09", "13"))
    take(lab, "/lab/requests", many="confirm", ref=[ref, later])
    clock.set("2026-11-25 08:58")
    path = f"/lab/today?lab={house.lab.code}&show=arriving"
    page = take(lab, path, receive=ref)
    assert 'aria-current="true">Arriving' in page
    assert "Samples received" in page
    booking = db.session.scalar(db.select(Booking).where(Booking.ref == ref))
    assert booking is not None
    assert booking.samples_received == 2
    page = take(lab, path, many="start", ref=[ref, later])
    assert states(ref, later) == ["testing", "confirmed"]
    assert "Test started" in page
    assert later in page.split('id="outcome"')[1].split("</ul>")[0]
    clock.set("2026-11-25 11:00")
    take(lab, path, finish=ref)
    assert states(ref) == ["tested"]


def test_a_request_says_who_asks_and_who_else_wants_the_time(house: House, lab: FlaskClient, clock: Clock) -> None:
    """The sample, the client's contact with their mobile number, what was before, the other wishes."""
    late, unpaid = house.book("2026-11-25 09:00").ref, house.book("2026-11-25 10:00").ref
    take(lab, "/lab/requests", many="confirm", ref=[late, unpaid])
    clock.set("2026-11-25 11:00")
    take(lab, "/lab/today", receive=late)
    with transaction() as session:
        booker = session.get_one(factories.Person, house.client.person_id)
        booker.mobile, booker.name = "13800138000", "陈立"
        owing = session.scalar(db.select(Booking).where(Booking.ref == unpaid))
        owing.invoiced_fen = 5_000
    asked = house.book("2026-11-27 09:00", sample_description="GCr15 棒料，批号 7").ref
    beside = house.book("2026-11-27 09:00").ref
    house.do(
        services.block,
        house.manager,
        instrument_id=house.instrument.id,
        starts_at=house.clock.now.replace(day=27, hour=1, minute=0),
        ends_at=house.clock.now.replace(day=27, hour=3, minute=0),
        kind="maintenance",
    )
    page = lab.get("/lab/requests", headers={"Accept-Language": "en"}).text
    card = page.split(f'value="{asked}"')[1].split('class="req"')[0]
    for words in ("批号 7", "陈立", "13800138000", "2 bookings here before", "samples late once", "¥50.00", beside):
        assert words in card, words
    assert "We want it ourselves" in card
    assert "Maintenance" in card
    with transaction():
        stranger = factories.firm()
        newcomer = factories.actor(factories.member(stranger), stranger, "owner")
    fresh = house.book("2026-11-30 09:00", actor=newcomer).ref
    page = lab.get("/lab/requests", headers={"Accept-Language": "en"}).text
    assert "First booking here" in page.split(f'value="{fresh}"')[1].split('class="req"')[0]


def test_each_side_sees_whom_to_ask(house: House, lab: FlaskClient, app: Flask) -> None:  # R-BOOKING-13
    ref = house.book("2026-11-25 09:00").ref
    with transaction() as session:
        booker = session.get_one(factories.Person, house.client.person_id)
        booker.mobile = "13800138000"
        session.get_one(Lab, house.lab.id).email = "wang@lab.example"
    officer = factories.regulator("officer")
    other, official = app.test_client(), app.test_client()
    sign_in(other, booker, db.session.get_one(factories.Firm, house.client.firm_id))
    sign_in(official, officer)
    pages = [lab.get(f"/lab/bookings/{ref}").text, other.get(f"/bookings/{ref}").text]
    pages.append(official.get(f"/regulator/bookings/{ref}").text)
    assert [("13800138000" in page) for page in pages] == [True, False, False]
    assert "wang@lab.example" in pages[1]


def test_the_paper_wanted_next_follows(house: House, lab: FlaskClient, clock: Clock) -> None:
    """An unknown one, or a refused form, leads nowhere else."""
    ref = house.book("2026-11-25 09:00").ref
    take(lab, "/lab/requests", confirm=ref)
    invoice = {"number": "26332000000009018427", "issued_on": "2026-11-24", "amount_fen": "10", "tax_fen": "0.57"}
    answer = lab.post(f"/lab/bookings/{ref}/invoice", data=invoice | {"then": "payment"})
    assert (answer.status_code, answer.location) == (303, f"/lab/bookings/{ref}/payment")
    answer = lab.post(
        f"/lab/bookings/{ref}/invoice", data=invoice | {"then": "/admin", "number": "26332000000009018428"}
    )
    assert (answer.status_code, answer.location) == (303, f"/lab/bookings/{ref}")
