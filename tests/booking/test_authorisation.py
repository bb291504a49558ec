"""Who may start a test on an instrument (R-TEAM)."""

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from labshare.booking import services
from labshare.booking.errors import NotAuthorised
from labshare.catalogue.errors import DatesOutOfOrder, NobodyAuthorisesThemself, UnknownChoice
from labshare.catalogue.models import Authorisation
from labshare.catalogue.services.authorisations import authorise, withdraw_authorisation
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed
from tests import factories
from tests.booking.conftest import House

DAY = date(2026, 11, 25)


def test_only_the_authorised_start(house: House) -> None:  # R-TEAM-1, R-TEAM-2
    owner = factories.actor(factories.member(house.lab.firm, "owner"), house.lab.firm, "owner")
    other = factories.actor(factories.member(house.lab.firm, "lab_manager"), house.lab.firm, "lab_manager")
    accountant = factories.member(house.lab.firm, "accountant")
    db.session.commit()
    paper = {"instrument_id": house.instrument.id, "paper": "SG-2026-7"}
    one_day = paper | {"valid_from": DAY, "valid_to": DAY}
    refs = [house.book(f"2026-11-25 {hour}:00").ref for hour in ("09", "10", "11")]
    for ref in refs:
        house.do(services.confirm, house.manager, ref=ref)
    house.clock.set("2026-11-25 09:00")
    for ref in refs:
        house.do(services.receive, house.manager, ref=ref)
    house.do(services.start, house.manager, ref=refs[0])  # nobody is authorised: as ever
    house.do(services.finish, house.manager, ref=refs[0])
    with pytest.raises(NobodyAuthorisesThemself):
        house.do(authorise, owner, **one_day, person_id=owner.person_id)
    with pytest.raises(UnknownChoice):
        house.do(authorise, owner, **one_day, person_id=accountant.id)
    with pytest.raises(DatesOutOfOrder):
        wrong = one_day | {"valid_to": date(2026, 11, 24)}
        house.do(authorise, owner, **wrong, person_id=other.person_id)
    with pytest.raises(NotAllowed):
        house.do(authorise, house.client, **one_day, person_id=other.person_id)
    ended = paper | {"valid_from": date(2026, 1, 1), "valid_to": date(2026, 11, 24)}
    house.do(authorise, owner, **ended, person_id=house.manager.person_id)
    held = house.do(authorise, owner, **one_day, person_id=other.person_id)
    with pytest.raises(NotAuthorised):  # theirs ended the day before
        house.do(services.start, house.manager, ref=refs[1])
    house.do(services.start, other, ref=refs[1])
    house.do(services.finish, other, ref=refs[1])
    house.do(withdraw_authorisation, owner, authorisation_id=held.id)
    with pytest.raises(NotAuthorised):
        house.do(services.start, other, ref=refs[2])


def test_the_database_lets_nobody_authorise_themself(house: House) -> None:  # R-TEAM-1
    person = house.manager.person_id
    given = {"instrument_id": house.instrument.id, "paper": "x", "valid_from": DAY, "valid_to": DAY}
    db.session.add(Authorisation(**given, person_id=person, recorded_by=person, recorded_at=house.clock.now))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()
