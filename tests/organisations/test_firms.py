"""Registering, changing, verifying firms."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask

from labshare.audit.models import AuditEvent
from labshare.kernel.actor import VISITOR, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInputs, NotAllowed, NotFound, ReasonRequired, SignInFirst
from labshare.kernel.seen import digest_of
from labshare.notices.models import Notice
from labshare.organisations import errors
from labshare.organisations.models import Firm, Membership
from labshare.organisations.queries import FirmFilter, search_firms
from labshare.organisations.rules import Figures
from labshare.organisations.services import (
    change_firm,
    declare_figures,
    register_firm,
    return_firm,
    set_size_class,
    submit_firm,
    verify_firm,
    what_is_verified,
)
from labshare.organisations.services.firms import FirmDetails, state_of
from labshare.organisations.services.sizes import Declared
from tests import factories as make

WAN = 1_000_000
DETAILS = FirmDetails(
    name="新昌试验轴承有限公司", kind="enterprise", sector="industry", industry="C3451", town="330624004"
)
SMALL = Declared(2025, Figures(employees=40, revenue_fen=900 * WAN))


@pytest.fixture
def someone(app: Flask) -> Actor:
    return make.actor(make.person())


@pytest.fixture
def administrator(app: Flask) -> Actor:
    return make.actor(make.regulator("admin"), None, "admin")


def registered(someone: Actor, now: Any, **given: Any) -> Firm:
    return register_firm(
        actor=someone,
        now=now,
        uscc=given.pop("uscc", make.credit_code(77)),
        details=given.pop("details", DETAILS),
        declared=given.pop("declared", SMALL),
    )


def owner_of(firm: Firm) -> Actor:
    membership = db.session.query(Membership).filter_by(firm_id=firm.id, role="owner").one()
    return Actor(person_id=membership.person_id, firm_id=firm.id, roles=frozenset({"owner"}))


def verified(administrator: Actor, now: Any, firm: Firm) -> Firm:
    """Verified as it is shown now."""
    return verify_firm(actor=administrator, now=now, firm_id=firm.id, seen=digest_of(what_is_verified(firm)))


def notified(kind: str) -> list[int]:
    db.session.flush()
    return [notice.person_id for notice in db.session.query(Notice).filter_by(kind=kind)]


def test_registrar_is_owner_and_administrators_are_told(
    app: Flask, clock: Any, someone: Actor, administrator: Actor
) -> None:  # R-FIRM-1
    firm = registered(someone, clock.now)
    assert owner_of(firm).person_id == someone.person_id
    assert (state_of(firm), firm.size_class, firm.division) == ("waiting", None, "330624")
    assert notified("firm.submitted") == [administrator.person_id]
    assert search_firms(administrator, FirmFilter(state="waiting"))[0] == [firm]


def test_visitor_registers_nothing(app: Flask, clock: Any) -> None:
    with pytest.raises(SignInFirst):
        registered(VISITOR, clock.now)


def test_wrong_credit_code(app: Flask, clock: Any, someone: Actor) -> None:  # R-FIRM-1
    code = make.credit_code(77)
    wrong = code[:-1] + ("1" if code[-1] != "1" else "2")
    with pytest.raises(errors.InvalidUscc) as refused:
        registered(someone, clock.now, uscc=wrong)
    assert refused.value.field == "uscc"


def test_firm_registers_once(app: Flask, clock: Any, someone: Actor) -> None:  # R-FIRM-1
    registered(someone, clock.now)
    with pytest.raises(errors.FirmExists):
        registered(make.actor(make.person()), clock.now, uscc=f" {make.credit_code(77).lower()} ")


def test_every_wrong_field_is_said_at_once(app: Flask, clock: Any, someone: Actor) -> None:
    wrong = FirmDetails(name=" ", kind="club", sector="finance", town="1", industry="?", registered_on=date(2027, 1, 1))
    with pytest.raises(InvalidInputs) as refused:
        registered(someone, clock.now, uscc="1", details=wrong, declared=None)
    fields = {problem.field for problem in refused.value.problems}
    assert fields == {"name", "kind", "sector", "town", "industry", "registered_on", "uscc"}


def test_industry_of_another_sector(app: Flask, clock: Any, someone: Actor) -> None:
    with pytest.raises(errors.IndustryOfOtherSector):
        registered(someone, clock.now, details=replace(DETAILS, sector="retail"), declared=SMALL)


def test_sector_says_which_figures_it_needs(app: Flask, clock: Any, someone: Actor) -> None:
    with pytest.raises(errors.FigureNeeded) as refused:
        registered(someone, clock.now, declared=Declared(2025, Figures(employees=40)))
    assert refused.value.field == "revenue_fen"


@pytest.mark.parametrize("kind", ["public_institution", "other"])
def test_only_enterprises_have_a_size_class(app: Flask, clock: Any, someone: Actor, kind: str) -> None:  # R-FIRM-4
    firm = registered(someone, clock.now, details=replace(DETAILS, kind=kind))
    assert firm.size_class is None
    with pytest.raises(errors.NoSizeClass):
        declare_figures(actor=owner_of(firm), now=clock.now, firm_id=firm.id, declared=SMALL)


def test_class_set_by_hand_names_its_reason(app: Flask, clock: Any, someone: Actor, administrator: Actor) -> None:
    # R-FIRM-4
    firm = registered(someone, clock.now)
    with pytest.raises(ReasonRequired):
        set_size_class(actor=administrator, now=clock.now, firm_id=firm.id, size_class="large", reason=" ")
    with pytest.raises(NotAllowed):
        set_size_class(actor=owner_of(firm), now=clock.now, firm_id=firm.id, size_class="micro", reason="x")
    set_size_class(actor=administrator, now=clock.now, firm_id=firm.id, size_class="large", reason="金融业")
    assert firm.size_class == "large"


def test_verified_and_its_owner_is_told(app: Flask, clock: Any, someone: Actor, administrator: Actor) -> None:
    # R-FIRM-2
    firm = registered(someone, clock.now)
    verified(administrator, clock.now, firm)
    assert (firm.verified_by, state_of(firm)) == (administrator.person_id, "verified")
    assert notified("firm.verified") == [someone.person_id]
    with pytest.raises(errors.AlreadyVerified):
        verified(administrator, clock.now, firm)


def test_returned_with_a_reason_corrected_and_submitted_again(
    app: Flask, clock: Any, someone: Actor, administrator: Actor
) -> None:  # R-FIRM-2
    firm = registered(someone, clock.now)
    with pytest.raises(ReasonRequired):
        return_firm(actor=administrator, now=clock.now, firm_id=firm.id, reason="")
    return_firm(actor=administrator, now=clock.now, firm_id=firm.id, reason="营业执照名称不符。")
    assert notified("firm.returned") == [someone.person_id]
    with pytest.raises(errors.NotSubmitted):
        verified(administrator, clock.now, firm)
    submit_firm(actor=owner_of(firm), now=clock.now, firm_id=firm.id)
    with pytest.raises(errors.NotReturned):
        submit_firm(actor=owner_of(firm), now=clock.now, firm_id=firm.id)
    verified(administrator, clock.now, firm)


@pytest.mark.parametrize("role", ["officer", "approver", "auditor"])
def test_only_an_administrator_verifies(app: Flask, clock: Any, someone: Actor, role: str) -> None:  # R-FIRM-2
    firm = registered(someone, clock.now)
    with pytest.raises(NotAllowed):
        verified(make.actor(make.regulator(role), None, role), clock.now, firm)
    with pytest.raises(NotAllowed):
        verified(owner_of(firm), clock.now, firm)


def test_refused_verification_is_in_the_trail(app: Flask, clock: Any, someone: Actor) -> None:
    firm = registered(someone, clock.now)
    db.session.commit()

    def attempt() -> None:
        with transaction():
            verified(owner_of(firm), clock.now, firm)

    with pytest.raises(NotAllowed):
        attempt()
    event = db.session.query(AuditEvent).filter_by(refused=True).one()
    assert (event.action, event.subject_id, event.person_id) == ("firm.verify", str(firm.id), someone.person_id)


def test_change_of_what_was_verified_asks_anew(app: Flask, clock: Any, someone: Actor, administrator: Actor) -> None:
    # R-FIRM-3
    firm = registered(someone, clock.now)
    verified(administrator, clock.now, firm)
    owner = owner_of(firm)
    change_firm(actor=owner, now=clock.now, firm_id=firm.id, details=replace(DETAILS, phone="0575-86000000"))
    assert firm.verified
    change_firm(actor=owner, now=clock.now, firm_id=firm.id, details=replace(DETAILS, name="新名称有限公司"))
    assert state_of(firm) == "waiting"


def test_another_firm_is_not_found(app: Flask, clock: Any, someone: Actor) -> None:
    firm = registered(someone, clock.now)
    stranger = make.actor(make.member(other := make.firm(), "owner"), other, "owner")
    with pytest.raises(NotFound):
        change_firm(actor=stranger, now=clock.now, firm_id=firm.id, details=DETAILS)


def test_legal_representative_is_not_in_the_trail(app: Flask, clock: Any, someone: Actor) -> None:
    firm = registered(someone, clock.now, details=replace(DETAILS, legal_person="俞某某", phone="13800000000"))
    events = db.session.query(AuditEvent).filter_by(subject_type="firm", subject_id=str(firm.id)).all()
    assert events
    assert not [event for event in events if "俞某某" in str(event.after) or "13800000000" in str(event.after)]
