"""A size class counts once an administrator has confirmed it (R-FIRM-5): whoever gains by being small never says so
alone."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import ChangedMeanwhile, NotAllowed, ReasonRequired
from labshare.kernel.seen import digest_of
from labshare.notices.models import Notice
from labshare.organisations import errors
from labshare.organisations.models import Firm, FirmSize, Membership
from labshare.organisations.queries import sizes_of, waiting_sizes
from labshare.organisations.rules import Figures
from labshare.organisations.services import (
    change_firm,
    confirm_size,
    declare_figures,
    refuse_size,
    register_firm,
    set_size_class,
    verify_firm,
    what_is_verified,
)
from labshare.organisations.services.firms import FirmDetails
from labshare.organisations.services.sizes import Declared
from tests import factories as make

WAN = 1_000_000
DETAILS = FirmDetails(name="新昌试验轴承有限公司", kind="enterprise", sector="industry", town="330624004")
SMALL = Declared(2025, Figures(employees=40, revenue_fen=900 * WAN))
MICRO = Declared(2025, Figures(employees=4, revenue_fen=900 * WAN))
LARGE = Declared(2025, Figures(employees=1000, revenue_fen=40_000 * WAN))


class Desk:
    """A firm that declares, and an administrator who decides."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.owner = make.actor(make.person())
        self.administrator = make.actor(make.regulator("admin"), None, "admin")

    def registered(self, declared: Declared = SMALL) -> Firm:
        firm = register_firm(
            actor=self.owner, now=self.clock.now, uscc=make.credit_code(77), details=DETAILS, declared=declared
        )
        self.owner = Actor(person_id=self.owner.person_id, firm_id=firm.id, roles=frozenset({"owner"}))
        return firm

    def verified(self, declared: Declared = SMALL) -> Firm:
        firm = self.registered(declared)
        return self.verify(firm, digest_of(what_is_verified(firm)))

    def verify(self, firm: Firm, seen: str) -> Firm:
        return verify_firm(actor=self.administrator, now=self.clock.now, firm_id=firm.id, seen=seen)

    def declare(self, firm: Firm, declared: Declared, *, proof: bool = True) -> FirmSize:
        proof_id = make.stored_file().id if proof else None
        return declare_figures(
            actor=self.owner, now=self.clock.now, firm_id=firm.id, declared=declared, proof_id=proof_id
        )

    def confirm(self, size: FirmSize, seen: str | None = None, actor: Actor | None = None) -> FirmSize:
        return confirm_size(
            actor=actor or self.administrator, now=self.clock.now, size_id=size.id, seen=seen or size.digest
        )


@pytest.fixture
def desk(app: Flask, clock: Any) -> Desk:
    return Desk(clock)


def notified(kind: str) -> list[int]:
    db.session.flush()
    return [notice.person_id for notice in db.session.query(Notice).filter_by(kind=kind)]


def test_verifying_confirms_the_class(desk: Desk) -> None:  # R-FIRM-5
    firm = desk.registered()
    assert firm.size_class is None
    desk.clock.set("2026-11-26 09:00")
    desk.verify(firm, digest_of(what_is_verified(firm)))
    assert firm.size_class == "small"
    assert [(one.valid_from, one.confirmed_by) for one in sizes_of(firm.id)] == [
        (date(2026, 11, 26), desk.administrator.person_id)
    ]


def test_a_firm_that_waits_may_put_other_figures_in_their_place(desk: Desk) -> None:
    firm = desk.registered()
    desk.declare(firm, MICRO, proof=False)
    assert [one.size_class for one in sizes_of(firm.id)] == ["micro"]


def test_what_was_not_seen_is_not_verified(desk: Desk) -> None:  # R-RIGHTS-16
    firm = desk.registered(LARGE)
    seen = digest_of(what_is_verified(firm))
    desk.declare(firm, MICRO, proof=False)
    with pytest.raises(ChangedMeanwhile):
        desk.verify(firm, seen)
    assert not firm.verified
    assert firm.size_class is None


def test_later_figures_wait_for_their_proof(desk: Desk) -> None:  # R-FIRM-5
    firm = desk.verified(LARGE)
    with pytest.raises(errors.ProofNeeded) as refused:
        desk.declare(firm, SMALL, proof=False)
    assert refused.value.field == "proof"
    desk.clock.set("2027-03-01 09:00")
    size = desk.declare(firm, SMALL)
    assert firm.size_class == "large"
    assert notified("firm.size_declared") == [desk.administrator.person_id]
    assert waiting_sizes(desk.administrator, limit=10, offset=0) == ([size], 1)
    desk.clock.set("2027-03-05 09:00")
    desk.confirm(size)
    assert (firm.size_class, size.valid_from) == ("small", date(2027, 3, 5))
    assert notified("firm.size_confirmed") == [desk.owner.person_id]
    assert waiting_sizes(desk.administrator, limit=10, offset=0) == ([], 0)


def test_refused_figures_leave_the_class(desk: Desk) -> None:  # R-FIRM-5
    firm = desk.verified(LARGE)
    size = desk.declare(firm, MICRO)
    with pytest.raises(ReasonRequired):
        refuse_size(actor=desk.administrator, now=desk.clock.now, size_id=size.id, reason=" ")
    refuse_size(actor=desk.administrator, now=desk.clock.now, size_id=size.id, reason="年报与申报不符。")
    assert firm.size_class == "large"
    assert notified("firm.size_refused") == [desk.owner.person_id]
    with pytest.raises(errors.FiguresDecided):
        desk.confirm(size)
    assert desk.declare(firm, SMALL).id != size.id


def test_figures_put_in_place_of_those_seen_are_not_confirmed(desk: Desk) -> None:  # R-RIGHTS-16
    firm = desk.verified(LARGE)
    seen = desk.declare(firm, LARGE).digest
    size = desk.declare(firm, MICRO)
    with pytest.raises(ChangedMeanwhile):
        desk.confirm(size, seen)
    assert firm.size_class == "large"


def test_another_proof_is_another_declaration(desk: Desk) -> None:  # R-RIGHTS-16
    firm = desk.verified(LARGE)
    seen = desk.declare(firm, MICRO).digest
    with pytest.raises(ChangedMeanwhile):
        desk.confirm(desk.declare(firm, MICRO), seen)


@pytest.mark.parametrize("role", ["officer", "approver", "auditor"])
def test_only_an_administrator_confirms(desk: Desk, role: str) -> None:
    size = desk.declare(desk.verified(LARGE), MICRO)
    with pytest.raises(NotAllowed):
        desk.confirm(size, actor=make.actor(make.regulator(role), None, role))
    with pytest.raises(NotAllowed):
        desk.confirm(size, actor=desk.owner)


def test_nobody_decides_for_a_firm_of_their_own(desk: Desk) -> None:  # R-FIRM-5
    firm = desk.registered()
    for_us = Membership(
        person_id=desk.administrator.person_id, firm_id=firm.id, role="viewer", started_at=desk.clock.now
    )
    make.add(for_us)
    with pytest.raises(errors.OwnFirmDecided):
        desk.verify(firm, digest_of(what_is_verified(firm)))
    with pytest.raises(errors.OwnFirmDecided):
        set_size_class(
            actor=desk.administrator, now=desk.clock.now, firm_id=firm.id, size_class="micro", reason="金融业"
        )


def test_another_sector_takes_its_class_with_the_next_verification(desk: Desk) -> None:  # R-FIRM-3
    firm = desk.verified(LARGE)
    changed = FirmDetails(name=DETAILS.name, kind="enterprise", sector="construction", town=DETAILS.town)
    with pytest.raises(errors.FigureNeeded):
        change_firm(actor=desk.owner, now=desk.clock.now, firm_id=firm.id, details=changed)


def test_what_is_no_enterprise_has_neither_class_nor_figures_that_wait(desk: Desk) -> None:  # R-FIRM-4
    firm = desk.verified(LARGE)
    desk.declare(firm, MICRO)
    changed = FirmDetails(name=DETAILS.name, kind="other", sector="industry", town=DETAILS.town)
    change_firm(actor=desk.owner, now=desk.clock.now, firm_id=firm.id, details=changed)
    assert firm.size_class is None
    assert not [one for one in sizes_of(firm.id) if one.undecided]


@pytest.mark.parametrize(
    "by_hand",
    [
        "UPDATE firm_size SET size_class = 'micro'",
        "UPDATE firm_size SET valid_from = '2020-01-01'",
        "DELETE FROM firm_size",
    ],
)
def test_the_database_keeps_what_was_decided(app: Flask, clock: Any, by_hand: str) -> None:
    Desk(clock).verified(LARGE)
    db.session.commit()
    with pytest.raises(DatabaseError):
        db.session.execute(text(by_hand))
    db.session.rollback()


def test_the_database_refuses_who_confirms_what_they_declared(app: Flask, clock: Any) -> None:
    desk = Desk(clock)
    size = desk.declare(desk.verified(LARGE), MICRO)
    db.session.commit()
    taken = text(
        "UPDATE firm_size SET confirmed_by = declared_by, confirmed_at = declared_at, valid_from = '2026-11-24' "
        "WHERE id = :id"
    )
    with pytest.raises(DatabaseError):
        db.session.execute(taken, {"id": size.id})
    db.session.rollback()
