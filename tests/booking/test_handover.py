"""What one shift leaves for the next (R-TEAM-5)."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from labshare.booking import services
from labshare.booking.errors import OwnHandover
from labshare.booking.queries.handovers import handovers_of, handovers_open
from labshare.catalogue.errors import Required
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound
from tests import factories
from tests.booking.conftest import House


def test_a_note_stands_until_somebody_else_takes_note(house: House) -> None:  # R-TEAM-5
    firm = house.lab.firm
    other = factories.actor(factories.member(firm, "lab_manager"), firm, "lab_manager")
    viewer = factories.actor(factories.member(firm, "viewer"), firm, "viewer")
    db.session.commit()
    booking = house.book("2026-11-25 09:00")
    note = house.do(services.hand_over, house.manager, text=" 2 号夹具松动 ", ref=booking.ref)
    house.do(services.hand_over, house.manager, text="空压机已报修", lab_id=house.lab.id)
    assert [one.text for one in handovers_open(house.lab.id)] == ["2 号夹具松动", "空压机已报修"]
    with pytest.raises(OwnHandover):  # nobody says for the next shift that it knows
        house.do(services.take_note, house.manager, handover_id=note.id)
    with pytest.raises(NotAllowed):
        house.do(services.take_note, viewer, handover_id=note.id)
    with pytest.raises(NotFound):
        house.do(services.take_note, house.client, handover_id=note.id)
    with pytest.raises(NotAllowed):
        house.do(services.hand_over, house.client, text="x", ref=booking.ref)
    with pytest.raises(Required):
        house.do(services.hand_over, house.manager, text="  ", lab_id=house.lab.id)
    house.do(services.take_note, other, handover_id=note.id)
    assert [one.text for one in handovers_open(house.lab.id)] == ["空压机已报修"]
    [kept] = handovers_of(booking.id)
    assert (kept.noted_by, kept.noted_at) == (other.person_id, house.clock.now)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE handover SET text = 'x'",
        "UPDATE handover SET noted_by = written_by, noted_at = written_at",
        "DELETE FROM handover",
    ],
)
def test_the_database_keeps_it_as_written(house: House, change: str) -> None:  # R-TEAM-5
    house.do(services.hand_over, house.manager, text="空压机已报修", lab_id=house.lab.id)
    with pytest.raises(IntegrityError):
        db.session.execute(text(change))
    db.session.rollback()
