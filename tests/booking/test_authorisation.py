"""Who may start a test on an instrument (R-TEAM)."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from labshare.booking import services
from labshare.booking.errors import NotAuthorised
from labshare.catalogue.errors import (
    AuthorisedAlready,
    DatesOutOfOrder,
    NobodyAuthorisesThemself,
    OwnersAuthorise,
    UnknownChoice,
)
from labshare.catalogue.models import Authorisation
from labshare.catalogue.queries.authorisations import authorisations_ending, team_of
from labshare.catalogue.services.authorisations import (
    authorise,
    authorise_class,
    notify_ending,
    withdraw_authorisation,
)
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed
from labshare.notices.models import Notice
from labshare.organisations.models import Firm
from labshare.organisations.queries import members_of
from labshare.organisations.services import end_membership
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


YEAR = {"paper": "SG-2026-7", "valid_from": date(2026, 1, 1), "valid_to": date(2026, 12, 20)}


def test_owners_authorise_managers(house: House) -> None:  # R-TEAM-1
    """A manager gets no authorisation from another manager, nor takes the last one away to start without."""
    firm = house.lab.firm
    other = factories.actor(factories.member(firm, "lab_manager"), firm, "lab_manager")
    owner = factories.actor(factories.member(firm, "owner"), firm, "owner")
    db.session.commit()
    given = YEAR | {"instrument_id": house.instrument.id}
    with pytest.raises(OwnersAuthorise):
        house.do(authorise, other, **given, person_id=house.manager.person_id)
    held = house.do(authorise, owner, **given, person_id=other.person_id)
    with pytest.raises(OwnersAuthorise):
        house.do(withdraw_authorisation, other, authorisation_id=held.id)
    with pytest.raises(OwnersAuthorise):
        house.do(withdraw_authorisation, house.manager, authorisation_id=held.id)
    by_hand = house.do(authorise, other, **given, person_id=owner.person_id)  # there is no other owner
    assert (by_hand.by_manager, held.by_manager) == (True, False)
    second = factories.actor(factories.member(firm, "owner"), firm, "owner")
    db.session.commit()
    with pytest.raises(OwnersAuthorise):
        house.do(authorise, other, **given, person_id=owner.person_id)
    assert house.do(authorise, second, **given, person_id=owner.person_id).recorded_as == "owner"


def test_a_whole_class_at_once(house: House) -> None:  # R-TEAM-3
    firm = house.lab.firm
    owner = factories.actor(factories.member(firm, "owner"), firm, "owner")
    machines = [factories.instrument(house.lab, class_code="020101") for _each in range(3)]
    other_class = factories.instrument(house.lab, class_code="010101")
    db.session.commit()
    given = YEAR | {"lab_id": house.lab.id, "person_id": house.manager.person_id}
    house.do(authorise, owner, **YEAR, instrument_id=machines[0].id, person_id=house.manager.person_id)
    made = house.do(authorise_class, owner, **given, class_code="02")
    assert {one.instrument_id for one in made} == {machines[1].id, machines[2].id}
    with pytest.raises(AuthorisedAlready):
        house.do(authorise_class, owner, **given, class_code="0201")
    with pytest.raises(UnknownChoice):
        house.do(authorise_class, owner, **given, class_code="0")  # no class: not everything that begins so
    with pytest.raises(OwnersAuthorise):
        house.do(authorise_class, house.manager, **given | {"person_id": _manager(firm)}, class_code="02")
    team = team_of(firm.id, DAY)
    [place] = next(one for one in team.mates if one.member.person_id == house.manager.person_id).places
    assert (len(place.held), place.closed) == (3, 0)
    assert other_class.id not in {one.instrument_id for one in place.held}


def _manager(firm: Firm) -> int:
    person = factories.member(firm, "lab_manager")
    db.session.commit()
    return person.id


def test_its_end_is_told_once(house: House) -> None:  # R-TEAM-4
    """30 days before; what is renewed, withdrawn or of somebody who left is not told."""
    firm = house.lab.firm
    owner = factories.actor(factories.member(firm, "owner"), firm, "owner")
    gone = factories.member(firm, "lab_manager")
    db.session.commit()
    given = YEAR | {"person_id": house.manager.person_id}
    ends, renewed, withdrawn, of_gone = (factories.instrument(house.lab).id for _each in range(4))
    db.session.commit()
    for instrument in (ends, renewed, withdrawn):
        held = house.do(authorise, owner, **given, instrument_id=instrument)
    house.do(withdraw_authorisation, owner, authorisation_id=held.id)
    house.do(authorise, owner, **given | {"valid_to": date(2027, 12, 20)}, instrument_id=renewed)
    house.do(authorise, owner, **given | {"person_id": gone.id}, instrument_id=of_gone)
    membership = next(one for one in members_of(firm.id) if one.person_id == gone.id)
    house.do(end_membership, owner, membership_id=membership.id)
    for day, told in (("2026-11-19", 0), ("2026-11-20", 1), ("2026-11-21", 0)):
        house.clock.set(f"{day} 08:00")
        assert house.do(notify_ending, SYSTEM) == told
    reached = db.session.scalars(select(Notice.person_id).where(Notice.kind == "operator.ending")).all()
    assert sorted(reached) == sorted([owner.person_id, house.manager.person_id])
    assert db.session.scalar(authorisations_ending(firm.id)) == 1
    house.do(authorise, owner, **given | {"valid_to": date(2027, 12, 20)}, instrument_id=ends)
    assert db.session.scalar(authorisations_ending(firm.id)) == 0


def test_the_database_lets_no_manager_authorise_a_manager(house: House) -> None:  # R-TEAM-1
    other = _manager(house.lab.firm)
    given = YEAR | {"instrument_id": house.instrument.id, "recorded_as": "lab_manager", "person_as": "lab_manager"}
    who = {"person_id": other, "recorded_by": house.manager.person_id, "recorded_at": house.clock.now}
    db.session.add(Authorisation(**given, **who))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


def test_the_database_lets_nobody_authorise_themself(house: House) -> None:  # R-TEAM-1
    person = house.manager.person_id
    given = {"instrument_id": house.instrument.id, "paper": "x", "valid_from": DAY, "valid_to": DAY}
    db.session.add(Authorisation(**given, person_id=person, recorded_by=person, recorded_at=house.clock.now))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()
