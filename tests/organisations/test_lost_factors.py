"""Whoever lost app and recovery codes: two administrators take the second factor off (R-FACTOR-9)."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from labshare.accounts.factors import factor_of
from labshare.accounts.models import Person, SecondFactor
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound, ReasonRequired
from labshare.notices.models import Notice
from labshare.organisations import errors
from labshare.organisations.models import LostFactor
from labshare.organisations.queries import removals_waiting, waiting_removals
from labshare.organisations.services import agree_removal, propose_removal, withdraw_removal
from tests import factories as make


class Desk:
    """Two administrators and somebody whose phone is gone."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.one, self.two = (make.actor(make.regulator("admin"), None, "admin") for _ in range(2))
        self.person = self.with_factor(make.person())

    def with_factor(self, person: Person) -> Person:
        make.add(SecondFactor(person_id=person.id, secret="x", last_step=0, set_at=self.clock.now))
        return person

    def propose(self, by: Actor | None = None, person_id: int | None = None, reason: str = "回拨核实") -> LostFactor:
        given = {"person_id": person_id or self.person.id, "reason": reason}
        return propose_removal(actor=by or self.one, now=self.clock.now, **given)

    def agree(self, found: LostFactor, by: Actor) -> Person:
        return agree_removal(actor=by, now=self.clock.now, removal_id=found.id)


@pytest.fixture
def desk(app: Flask, clock: Any) -> Desk:
    return Desk(clock)


def notified(kind: str) -> list[int]:
    db.session.flush()
    return [notice.person_id for notice in db.session.query(Notice).filter_by(kind=kind)]


def test_one_proposes_and_another_takes_it_off(desk: Desk) -> None:  # R-FACTOR-9
    found, epoch = desk.propose(), desk.person.session_epoch
    assert notified("account.removal_proposed") == [desk.person.id]
    assert notified("factor.removal_proposed") == [desk.two.person_id]
    assert factor_of(desk.person.id) is not None
    desk.agree(found, desk.two)
    db.session.expire_all()
    assert factor_of(desk.person.id) is None
    assert desk.person.session_epoch > epoch
    assert notified("account.factor_taken_off") == [desk.person.id]
    assert list(waiting_removals()) == []


def test_nobody_takes_off_what_they_proposed_or_their_own(desk: Desk) -> None:  # R-FACTOR-9
    found = desk.propose()
    with pytest.raises(errors.TwoAdministrators):
        desk.agree(found, desk.one)
    administrator = db.session.get_one(Person, desk.two.person_id)
    desk.with_factor(administrator)
    with pytest.raises(errors.TwoAdministrators):
        desk.propose(by=desk.two, person_id=administrator.id)
    own = desk.propose(person_id=administrator.id)
    with pytest.raises(errors.TwoAdministrators):
        desk.agree(own, desk.two)


def test_it_waits_for_the_others_alone(desk: Desk) -> None:
    desk.propose()
    assert [db.session.scalar(removals_waiting(one)) for one in (desk.one, desk.two)] == [0, 1]


def test_withdrawn_nothing_changes(desk: Desk) -> None:
    found = desk.propose()
    withdraw_removal(actor=desk.one, now=desk.clock.now, removal_id=found.id)
    with pytest.raises(NotFound):
        desk.agree(found, desk.two)
    assert factor_of(desk.person.id) is not None


def test_what_is_refused(desk: Desk) -> None:
    with pytest.raises(ReasonRequired):
        desk.propose(reason=" ")
    with pytest.raises(errors.NoFactor):
        desk.propose(person_id=make.person().id)
    desk.propose()
    with pytest.raises(errors.RemovalWaits):
        desk.propose(by=desk.two)
    with pytest.raises(NotAllowed):
        desk.propose(by=make.actor(make.regulator("officer"), None, "officer"))


@pytest.mark.parametrize("by", ["proposed_by", "person_id"])
def test_the_database_wants_another(desk: Desk, by: str) -> None:  # R-FACTOR-9
    desk.propose()
    db.session.commit()
    with pytest.raises(IntegrityError):
        db.session.execute(text(f"UPDATE lost_factor SET agreed_by = {by}, agreed_at = proposed_at"))
    db.session.rollback()
