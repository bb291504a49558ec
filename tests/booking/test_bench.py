"""The bench: who does it, where samples lie, pauses, another unit, codes of others (R-BENCH-2 to 7)."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from labshare.accounts.models import Person
from labshare.audit.models import AuditEvent
from labshare.booking import services
from labshare.booking.errors import (
    HeldBefore,
    IllegalStep,
    NoBenchWorker,
    NotBegun,
    NotPaused,
    PausedAlready,
    PauseOutOfOrder,
    PlaceThereAlready,
    UnknownPlace,
    UnknownUnit,
)
from labshare.booking.models import Booking, StoragePlace
from labshare.booking.queries.bench import places_of, units_free
from labshare.booking.rules.rows import machine_minutes
from labshare.demonstration.photos import drawn
from labshare.kernel.database import db
from labshare.kernel.errors import InvalidInput, NotAllowed, NotFound
from labshare.notices.models import Notice
from labshare.organisations.models import Membership
from labshare.settlement.errors import FileTooLarge, NotAPicture
from labshare.settlement.files import TakenFile, take_in
from labshare.settlement.queries.documents import file_of_samples
from labshare.settlement.services import add_sample_photo
from tests import factories
from tests.booking.conftest import House, at, fresh
from tests.signing import sign_in

START = "2026-11-25 09:00"


@pytest.fixture
def running(house: House) -> Booking:
    """Started at nine, with an hour's work."""
    booking = house.book(START)
    house.do(services.confirm, house.manager, ref=booking.ref)
    house.clock.set(START)
    house.do(services.receive, house.manager, ref=booking.ref)
    house.do(services.start, house.manager, ref=booking.ref)
    return booking


def test_a_pause_is_left_out_of_machine_time(house: House, running: Booking) -> None:  # R-BENCH-4
    house.clock.set("2026-11-25 09:10")
    house.do(services.pause, house.manager, ref=running.ref, reason="instrument")
    house.clock.set("2026-11-25 09:30")
    house.do(services.resume, house.manager, ref=running.ref)
    house.clock.set("2026-11-25 09:50")
    house.do(services.pause, house.manager, ref=running.ref, reason="shift")
    house.clock.set("2026-11-25 10:00")
    price = fresh(running).charged_fen
    house.do(services.finish, house.manager, ref=running.ref)
    done = fresh(running)
    assert (done.machine_minutes, done.charged_fen) == (30, price)
    assert [(one.reason, one.ended_at - one.began_at) for one in done.pauses] == [  # type: ignore[attr-defined]
        ("instrument", timedelta(minutes=20)),
        ("shift", timedelta(minutes=10)),
    ]
    told = [
        (event.action, (event.after or {}).get("paused_for"))
        for event in db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        if event.action in ("booking.pause", "booking.resume")
    ]
    assert told == [
        ("booking.pause", "instrument"),
        ("booking.resume", None),
        ("booking.pause", "shift"),
        ("booking.resume", None),
    ]


def test_pauses_out_of_their_order_are_refused(house: House, running: Booking) -> None:  # R-BENCH-4
    step = {"ref": running.ref, "reason": "supply"}
    with pytest.raises(NotPaused):
        house.do(services.resume, house.manager, ref=running.ref)
    with pytest.raises(PauseOutOfOrder):
        house.do(services.pause, house.manager, **step, at=at("2026-11-25 08:59"))
    with pytest.raises(InvalidInput):
        house.do(services.pause, house.manager, ref=running.ref, reason="coffee")
    house.do(services.pause, house.manager, **step)
    with pytest.raises(PausedAlready):
        house.do(services.pause, house.manager, **step)
    with pytest.raises(PauseOutOfOrder):
        house.do(services.resume, house.manager, ref=running.ref, at=at("2026-11-25 08:59"))
    ahead = house.book("2026-11-25 13:00")
    house.do(services.confirm, house.manager, ref=ahead.ref)
    with pytest.raises(NotBegun):
        house.do(services.pause, house.manager, **step | {"ref": ahead.ref})
    house.do(services.finish, house.manager, ref=running.ref)
    with pytest.raises(IllegalStep):
        house.do(services.pause, house.manager, **step)
    with pytest.raises(NotAllowed):
        house.do(services.pause, house.client, **step)


MINUTES = st.lists(st.integers(0, 600), min_size=2, max_size=12, unique=True).map(sorted)


@given(MINUTES, st.integers(0, 600))
def test_machine_time_is_what_lies_between_pauses(marks: list[int], until: int) -> None:  # R-BENCH-4
    """Counted minute by minute: whatever the pauses, also those that reach beyond the end."""
    noon = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
    spans = list(zip(marks[::2], marks[1::2], strict=False))
    paused = [tuple(noon + timedelta(minutes=mark) for mark in span) for span in spans]
    ran = sum(not any(began <= minute < ended for began, ended in spans) for minute in range(until))
    assert machine_minutes(noon, noon + timedelta(minutes=until), paused=paused) == ran  # type: ignore[arg-type]


def test_a_booking_is_given_to_somebody_at_the_bench(house: House, running: Booking) -> None:  # R-BENCH-2
    worker = factories.member(house.lab.firm, "lab_manager")
    accountant = factories.member(house.lab.firm, "accountant")
    db.session.commit()
    house.do(services.assign, house.manager, ref=running.ref, person_id=worker.id)
    house.do(services.assign, house.manager, ref=running.ref, person_id=worker.id)
    assert fresh(running).assignee_id == worker.id
    told = db.session.scalars(select(Notice).where(Notice.kind == "booking.assigned")).all()
    assert [one.person_id for one in told] == [worker.id]
    for nobody in (accountant.id, house.client.person_id, 10**9):
        with pytest.raises(NoBenchWorker):
            house.do(services.assign, house.manager, ref=running.ref, person_id=nobody)
    house.do(services.assign, house.manager, ref=running.ref, person_id=None)
    assert fresh(running).assignee_id is None
    seen_by_client = db.session.scalars(select(AuditEvent).where(AuditEvent.subject_id == running.ref)).all()
    assert "booking.assign" not in {event.action for event in seen_by_client}


def test_a_scanned_place_offers_the_sample_scanned_before(
    house: House, running: Booking, client: FlaskClient
) -> None:  # R-BENCH-3
    place = house.do(services.add_place, house.manager, lab_id=house.lab.id, name="柜 1")
    sign_in(client, db.session.get_one(Person, house.manager.person_id), house.lab.firm)
    later = house.book("2026-11-26 09:00")
    house.do(services.confirm, house.manager, ref=later.ref)
    house.do(services.receive, house.manager, ref=later.ref)
    here = f"/lab/places/{place.id}/put"

    def first() -> str:
        return re.findall(r"B-[0-9]{6}-[0-9A-Z]{5}", client.get(here).text)[0]

    assert client.get(f"/go/{running.ref}").status_code == 302
    assert first() == running.ref
    client.get(f"/go/{later.ref}")
    assert first() == later.ref
    put = client.post(f"/lab/bookings/{later.ref}/store", data={"store-place_id": str(place.id)})
    assert put.status_code == 303
    assert fresh(later).storage_place_id == place.id
    assert "已在此处" in client.get(here).text
    assert client.get(f"/lab/labs/{house.lab.id}/places/labels").data.startswith(b"%PDF")
    listed = client.get("/lab/bookings?format=csv").data.decode("utf-8-sig")
    assert "柜 1" in next(line for line in listed.splitlines() if later.ref in line)


@pytest.fixture
def code_of(house: House, running: Booking) -> dict[str, str]:
    """The addresses in the codes of a sample, a place and an instrument that is a draft."""
    place = house.do(services.add_place, house.manager, lab_id=house.lab.id, name="冷藏柜 9")
    draft = factories.instrument(house.lab, state="draft", name="保密试验机")
    db.session.commit()
    return {
        "sample": f"/go/{running.ref}",
        "place": f"/lab/places/{place.id}/put",
        "instrument": f"/lab/instruments/{draft.id}",
    }


NOWHERE = {"sample": "/go/B-202611-ZZZZZ", "place": "/lab/places/999999/put", "instrument": "/lab/instruments/999999"}


def test_a_stranger_learns_nothing_from_a_code(
    house: House, code_of: dict[str, str], client: FlaskClient
) -> None:  # R-BENCH-7
    """Nor by counting up its address: what others have is answered as what nobody has."""
    rival = factories.lab()
    sign_in(client, factories.member(rival.firm, "lab_manager"), rival.firm)
    for what, address in code_of.items():
        theirs, nobodys = client.get(address), client.get(NOWHERE[what])
        assert theirs.status_code == nobodys.status_code == 404
        headings = [re.findall(r"<h1>.*?</p>", answer.text, re.DOTALL) for answer in (theirs, nobodys)]
        assert headings[0] == headings[1] != []
        assert "码" in headings[0][0]
        for secret in (house.lab.name, house.lab.firm.name, "冷藏柜 9", "保密试验机"):
            assert secret not in theirs.text


def test_who_works_for_two_firms_is_told_which_one_a_code_is_of(
    house: House, code_of: dict[str, str], client: FlaskClient
) -> None:  # R-BENCH-7
    rival = factories.lab()
    worker = factories.member(rival.firm, "lab_manager")
    db.session.add(Membership(person_id=worker.id, firm_id=house.lab.firm_id, role="lab_manager", started_at=at(START)))
    db.session.commit()
    sign_in(client, worker, rival.firm)
    for address in code_of.values():
        told = client.get(address)
        assert told.status_code == 404
        assert f"此码属于{house.lab.firm.name}" in told.text
    client.post("/account/firm/switch", data={"firm_id": str(house.lab.firm_id)})
    assert [client.get(address).status_code for address in code_of.values()] == [302, 200, 200]


def test_a_code_of_another_labs_published_instrument_leads_to_its_public_page(
    house: House, client: FlaskClient
) -> None:  # R-BENCH-7
    rival = factories.lab()
    sign_in(client, factories.member(rival.firm, "lab_manager"), rival.firm)
    told = client.get(f"/lab/instruments/{house.instrument.id}")
    assert told.status_code == 404
    assert f'href="/instruments/{house.instrument.id}"' in told.text
    assert house.lab.name in told.text


def test_a_removed_place_says_so_to_its_own_lab(
    house: House, code_of: dict[str, str], client: FlaskClient
) -> None:  # R-BENCH-7
    house.do(services.drop_place, house.manager, place_id=db.session.scalars(select(StoragePlace.id)).one())
    sign_in(client, db.session.get_one(Person, house.manager.person_id), house.lab.firm)
    told = client.get(code_of["place"])
    assert told.status_code == 404
    assert "冷藏柜 9" in told.text
    assert '<span lang="zh">冷藏柜 9</span>' in client.get(code_of["place"], headers={"Accept-Language": "en"}).text
    assert f'href="/lab/labs/{house.lab.id}/places"' in told.text


def test_samples_lie_in_a_place_of_their_lab(house: House, running: Booking) -> None:  # R-BENCH-3
    shelf = house.do(services.add_place, house.manager, lab_id=house.lab.id, name=" Shelf  B ")
    elsewhere = factories.lab()
    db.session.commit()
    theirs = house.do(
        services.add_place,
        factories.actor(factories.member(elsewhere.firm, "lab_manager"), elsewhere.firm, "lab_manager"),
        lab_id=elsewhere.id,
        name="Shelf B",
    )
    assert shelf.name == "Shelf B"
    house.do(services.store, house.manager, ref=running.ref, place_id=shelf.id)
    with pytest.raises(UnknownPlace):
        house.do(services.store, house.manager, ref=running.ref, place_id=theirs.id)
    with pytest.raises(PlaceThereAlready):
        house.do(services.add_place, house.manager, lab_id=house.lab.id, name="shelf b")
    with pytest.raises(NotAllowed):
        house.do(services.drop_place, house.client, place_id=shelf.id)
    house.do(services.drop_place, house.manager, place_id=shelf.id)
    assert list(places_of(house.lab.id)) == []
    with pytest.raises(UnknownPlace):
        house.do(services.store, house.manager, ref=running.ref, place_id=shelf.id)
    assert fresh(running).storage_place.name == "Shelf B"  # type: ignore[union-attr]
    again = house.do(services.add_place, house.manager, lab_id=house.lab.id, name="shelf B")
    assert again.id == shelf.id


def test_a_photo_is_a_picture_of_theirs(house: House, running: Booking, app: Any) -> None:  # R-BENCH-5
    def photo(content: bytes, name: str = "sample.jpg") -> TakenFile:
        return take_in(io.BytesIO(content), name, "document", now=house.clock.now)

    good = photo(drawn(400, ()))
    added = house.do(add_sample_photo, house.manager, ref=running.ref, photo=good)
    assert file_of_samples(house.client, running.ref, added.file_id).sha256 == good.sha256
    stranger = factories.firm()
    with pytest.raises(NotFound):
        file_of_samples(factories.actor(factories.member(stranger), stranger, "owner"), running.ref, added.file_id)
    with pytest.raises(NotAPicture):
        house.do(
            add_sample_photo,
            house.manager,
            ref=running.ref,
            photo=TakenFile("a.pdf", sha256=good.sha256, size=9, content_type="application/pdf"),
        )
    large = photo(b"\xff\xd8\xff" + bytes(40 << 20))
    with pytest.raises(FileTooLarge):
        house.do(add_sample_photo, house.manager, ref=running.ref, photo=large)
    with pytest.raises(NotAllowed):
        house.do(add_sample_photo, house.client, ref=running.ref, photo=good)


def test_a_test_starts_on_another_unit(house: House) -> None:  # R-BENCH-6
    """Early, where the own unit is held by another: what is in the way is said, and which unit is free."""
    first, second = (house.book(start) for start in (START, "2026-11-25 10:00"))
    for booking in (first, second):
        house.do(services.confirm, house.manager, ref=booking.ref)
        if fresh(booking).unit != 1:
            house.do(services.move_unit, house.manager, ref=booking.ref, unit=1)
    house.clock.set(START)
    house.do(services.receive, house.manager, ref=second.ref)
    with pytest.raises(HeldBefore) as refused:
        house.do(services.start, house.manager, ref=second.ref)
    assert first.ref in refused.value.text
    assert units_free(fresh(second), house.clock.now) == [2]
    with pytest.raises(UnknownUnit):
        house.do(services.start, house.manager, ref=second.ref, unit=3)
    house.do(services.start, house.manager, ref=second.ref, unit=2)
    started = fresh(second)
    assert (started.unit, started.starts_at, started.state) == (2, at(START), "testing")
    assert db.session.scalar(select(Notice.kind).where(Notice.kind == "booking.unit_moved")) is not None
    assert units_free(fresh(first), house.clock.now) == []
