"""Mails bring a booking into the calendars of both sides, move it there and take it out again."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from flask import Flask
from icalendar import Calendar

from labshare.booking import services
from labshare.kernel.database import db, transaction
from labshare.notices.delivery import Letter, message
from labshare.notices.models import Notice
from tests import factories
from tests.booking.conftest import House, at, fresh, make_house
from tests.calendars import Read, method_of, read
from tests.conftest import Clock
from tests.mails import letters_to


def address(house: House, side: str) -> str:
    person = {"client": house.client, "lab": house.manager}[side].person_id
    return str(db.session.get_one(factories.Person, person).email)


def invitations(house: House, side: str) -> list[tuple[str, Read]]:
    """What came for the calendar, as (method, entry), the oldest first."""
    found = []
    for letter in letters_to(address(house, side)):
        if letter.invitation is not None:
            (entry,) = read(letter.invitation.content)
            found.append((method_of(letter.invitation.content), entry))
    db.session.rollback()
    return found


def short(found: list[tuple[str, Read]]) -> list[tuple[str, int, str, datetime]]:
    return [(method, entry.sequence, entry.status, entry.starts_at) for method, entry in found]


def test_book_confirm_move_cancel(house: House, clock: Clock) -> None:  # R-TOLD-2, R-TOLD-3
    """A lab that confirms by hand: nobody is invited before; a move waits for the lab; whoever did it is written to,
    too, for the calendar."""
    first, second = at("2026-12-01 09:00"), at("2026-12-02 10:00")
    booking = house.book("2026-12-01 09:00")
    assert invitations(house, "client") == invitations(house, "lab") == []
    house.do(services.confirm, house.manager, ref=booking.ref)
    assert short(invitations(house, "client")) == [("REQUEST", 1, "CONFIRMED", first)]
    house.do(services.reschedule, house.client, ref=booking.ref, starts_at=second)
    house.do(services.confirm, house.manager, ref=booking.ref)
    house.do(services.cancel, house.client, ref=booking.ref)
    told = [
        ("REQUEST", 1, "CONFIRMED", first),
        ("REQUEST", 2, "TENTATIVE", second),
        ("REQUEST", 3, "CONFIRMED", second),
        ("CANCEL", 4, "CANCELLED", second),
    ]
    for side in ("client", "lab"):
        found = invitations(house, side)
        assert short(found) == told
        assert {entry.uid for _method, entry in found} == {f"{booking.ref}@127.0.0.1"}
        assert {(entry.ends_at - entry.starts_at).seconds for _method, entry in found} == {3600}
    assert fresh(booking).revision == 4


def test_an_automatic_confirmation_invites_both(app: Flask, clock: Clock) -> None:  # R-TOLD-1
    house = make_house(clock, lab={"automatic_confirmation": True})
    booking = house.book("2026-12-01 09:00")
    house.do(services.reschedule, house.client, ref=booking.ref, starts_at=at("2026-12-02 10:00"))
    for side in ("client", "lab"):
        assert [(method, entry.sequence, entry.status) for method, entry in invitations(house, side)] == [
            ("REQUEST", 1, "CONFIRMED"),
            ("REQUEST", 2, "CONFIRMED"),
        ]


def test_the_labs_proposal_moves_the_entry_once_it_is_accepted(house: House, clock: Clock) -> None:  # R-TOLD-2
    booking = house.book("2026-12-01 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    start = at("2026-12-03 14:00")
    proposal = house.do(services.propose, house.manager, ref=booking.ref, starts_at=start, reason="维修")
    assert len(invitations(house, "client")) == 1
    house.do(services.accept_proposal, house.client, ref=booking.ref, proposal_id=proposal.id)
    for side in ("client", "lab"):
        method, entry = invitations(house, side)[-1]
        assert (method, entry.status, entry.starts_at) == ("REQUEST", "CONFIRMED", start)
        assert entry.sequence > 1


def test_a_request_that_is_declined_was_in_no_calendar(house: House, clock: Clock) -> None:  # R-TOLD-2
    booking = house.book("2026-12-01 09:00")
    house.do(services.reschedule, house.client, ref=booking.ref, starts_at=at("2026-12-02 10:00"))
    house.do(services.decline, house.manager, ref=booking.ref, reason="设备故障")
    assert invitations(house, "client") == invitations(house, "lab") == []


def test_a_moved_booking_that_is_declined_leaves_both_calendars(house: House, clock: Clock) -> None:  # R-TOLD-2
    booking = house.book("2026-12-01 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    house.do(services.reschedule, house.client, ref=booking.ref, starts_at=at("2026-12-02 10:00"))
    house.do(services.decline, house.manager, ref=booking.ref, reason="设备故障")
    for side in ("client", "lab"):
        assert [method for method, _entry in invitations(house, side)] == ["REQUEST", "REQUEST", "CANCEL"]


def test_each_side_reads_its_own_words_in_its_own_language(house: House, clock: Clock) -> None:  # R-TOLD-2
    with transaction():
        db.session.get_one(factories.Person, house.client.person_id).locale = "en"
        db.session.get_one(factories.Person, house.manager.person_id).locale = "zh_Hans_CN"
        house.lab.name, house.lab.name_en, house.lab.address = "检测一室", "Lab One", "新昌县鼓山路 1 号"
        house.lab.address_en = "1 Gushan Road, Xinchang County"
        house.item.name, house.item.name_en = "洛氏硬度（钢）", "Rockwell hardness (steel)"
        client = db.session.get_one(factories.Firm, house.client.firm_id)
        client.name, client.name_en = "甲厂", "Factory A"
    booking = house.book("2026-12-01 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    (_method, clients), (_again, labs) = invitations(house, "client")[0], invitations(house, "lab")[0]
    assert clients.title == "Rockwell hardness (steel), Lab One"
    assert labs.title == "洛氏硬度（钢），甲厂"
    assert (clients.place, labs.place) == ("1 Gushan Road, Xinchang County", "新昌县鼓山路 1 号")
    assert f"Booking {booking.ref}" in clients.text
    assert f"预约 {booking.ref}" in labs.text
    assert "Factory A" not in clients.title + clients.text


def test_how_it_goes_over_the_wire(house: House, clock: Clock) -> None:  # R-TOLD-2
    """Beside the text, with its method, for programs that understand it; as a file for others. Times are in UTC, and
    nothing asks for an answer that nobody reads."""
    booking = house.book("2026-12-01 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    letter = letters_to(address(house, "client"))[-1]
    made = over_the_wire(letter)
    parts = {part.get_content_type(): part for part in made.walk()}
    assert list(parts) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/calendar",
        "application/ics",
    ]
    beside = parts["text/calendar"]
    assert (beside.get_param("method"), beside.get_content_charset()) == ("REQUEST", "utf-8")
    assert parts["application/ics"].get_filename() == "invitation.ics"
    content = beside.get_content()
    assert read(content) == read(parts["application/ics"].get_content())
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    assert event["DTSTART"].dt == datetime(2026, 12, 1, 1, tzinfo=UTC)
    assert "DTSTART:20261201T010000Z" in content.splitlines()
    assert event["DTSTAMP"].dt == clock.now.replace(microsecond=0)
    assert str(event["ORGANIZER"]) == "mailto:labshare@localhost"
    assert str(event["ATTENDEE"]) == f"mailto:{letter.to}"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    assert str(event["URL"]).endswith(f"/bookings/{booking.ref}")
    assert made["Content-Language"] == "zh-CN"


def over_the_wire(letter: Letter) -> EmailMessage:
    return message_from_bytes(bytes(message(letter, "labshare@localhost")), policy=policy.default)  # type: ignore[return-value]


def test_whoever_did_it_has_no_news_in_the_application(house: House, clock: Clock) -> None:  # R-TOLD-2
    booking = house.book("2026-12-01 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    house.do(services.cancel, house.client, ref=booking.ref)
    cancelled = db.session.query(Notice).filter_by(kind="booking.cancelled").all()
    assert {(one.person_id, one.read_at is None) for one in cancelled} == {
        (house.client.person_id, False),
        (house.manager.person_id, True),
    }


def test_a_mail_says_what_was_so_when_it_was_told(house: House, clock: Clock) -> None:  # R-TOLD-3
    """Sent late, each with its own number: a calendar that reads them in any order ends with the highest."""
    booking = house.book("2026-12-01 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    house.do(services.cancel, house.manager, ref=booking.ref, reason="停电")
    found = short(invitations(house, "client"))
    assert [(method, sequence) for method, sequence, _status, _start in found] == [("REQUEST", 1), ("CANCEL", 2)]
