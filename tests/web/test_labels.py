"""Labels for samples and instruments, and where their codes lead."""

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from labshare.booking import services
from labshare.kernel.database import transaction
from tests import factories as make
from tests.signing import sign_in

EN = {"Accept-Language": "en"}


@pytest.fixture
def booking(app, clock):
    clock.set("2026-11-24 10:00")
    with transaction():
        make.working_year()
        lab = make.lab()
        item = make.test_item(make.instrument(lab))
        client = make.firm()
        booker = make.member(client, "booker")
    with transaction():
        booking = services.book(
            actor=make.actor(booker, client, "booker"),
            now=clock.now,
            test_item_id=item.id,
            quantity=5,
            starts_at=datetime(2026, 11, 26, 1, 0, tzinfo=UTC),
        )
    with transaction():
        booking.booker, booking.hand = booker, make.member(lab.firm, "lab_manager")
        booking.officer, booking.stranger = make.regulator("officer"), make.member(make.firm())
    return booking


def pages_of(answer):
    assert answer.mimetype == "application/pdf"
    return [(page.extract_text(), page.mediabox) for page in PdfReader(io.BytesIO(answer.data)).pages]


def test_each_sample_has_its_label_and_a_sheet_holds_many(client, booking):
    sign_in(client, booking.booker, booking.client)
    pages = pages_of(client.get(f"/bookings/{booking.ref}/labels", headers=EN))
    assert len(pages) == 5
    assert [round(float(side) / 72 * 25.4) for side in pages[0][1][2:]] == [60, 40]
    for number, (words, _size) in enumerate(pages, start=1):
        assert booking.ref in words
        assert f"{number}/5" in words
        assert booking.client.name not in words, "a lost sample tells nobody whose it is"
    (sheet,) = pages_of(client.get(f"/bookings/{booking.ref}/labels?paper=a4", headers=EN))
    assert sheet[0].count(booking.ref) == 5


def test_a_code_leads_each_to_their_own_page_and_strangers_nowhere(client, booking):
    for who, firm, path in (
        (booking.booker, booking.client, "/bookings/"),
        (booking.hand, booking.lab_firm, "/lab/bookings/"),
        (booking.officer, None, "/regulator/bookings/"),
    ):
        sign_in(client, who, firm)
        assert client.get(f"/go/{booking.ref}").location == f"{path}{booking.ref}"
    sign_in(client, booking.stranger)
    assert client.get(f"/go/{booking.ref}").status_code == 404
    assert client.get(f"/bookings/{booking.ref}/labels").status_code == 404


def test_an_instrument_has_a_label(client, booking):
    sign_in(client, booking.hand, booking.lab_firm)
    ((words, _size),) = pages_of(client.get(f"/lab/instruments/{booking.instrument_id}/label", headers=EN))
    assert booking.instrument.model in words
    assert "calibrated until" in words
