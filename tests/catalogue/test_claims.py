"""What a lab says and gains by counts once an officer has confirmed it (R-CLAIM)."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from labshare.audit.models import AuditEvent
from labshare.booking.queries.marks import marks_on
from labshare.catalogue import errors
from labshare.catalogue.claims import Claim
from labshare.catalogue.models import Accreditation, AccreditationScope
from labshare.catalogue.queries.claims import claims_of, claims_to_decide, digest_of_claim
from labshare.catalogue.rules.entries import InstrumentDetails, TestItemDetails
from labshare.catalogue.services import common
from labshare.catalogue.services.accreditations import add_accreditation, set_scope
from labshare.catalogue.services.claims import claim_anew, confirm_claims, prove_claim, refuse_claims
from labshare.catalogue.services.instruments import edit_instrument
from labshare.catalogue.services.test_items import edit_test_item
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import ChangedMeanwhile, NotAllowed, NotFound, ReasonRequired
from labshare.notices.models import Notice
from tests import factories as make

TODAY = date(2026, 11, 24)


class House:
    """A published lab with an instrument and a test item, its manager and the county's officer."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.firm = make.firm(size_class="large")
        self.lab = make.lab(self.firm)
        self.instrument = make.instrument(self.lab, model="HR-150", manufacturer="青坛")
        self.standard = make.standard()
        self.item = make.test_item(self.instrument, by=self.standard, sample_requirement="平整")
        self.manager = make.actor(make.member(self.firm, "lab_manager"), self.firm, "lab_manager")
        self.officer = make.actor(make.regulator("officer"), None, "officer")

    def say_value(self, fen: int) -> Claim:
        details = common.read(self.instrument, InstrumentDetails)
        edit_instrument(
            actor=self.manager,
            now=self.clock.now,
            instrument_id=self.instrument.id,
            details=InstrumentDetails(**{**vars(details), "original_value_fen": fen}),
        )
        return self.waiting()

    def say_item(self, **changed: Any) -> None:
        details = common.read(self.item, TestItemDetails)
        edit_test_item(
            actor=self.manager,
            now=self.clock.now,
            test_item_id=self.item.id,
            details=TestItemDetails(**{**vars(details), **changed}),
            standards=[self.standard.number],
            instruments=[self.instrument.id],
        )

    def waiting(self) -> Claim:
        return db.session.query(Claim).filter_by(decided_at=None).one()

    def prove(self, claim: Claim) -> Claim:
        return prove_claim(actor=self.manager, now=self.clock.now, claim_id=claim.id, proof_id=make.stored_file().id)

    def confirm(self, *claims: Claim, actor: Actor | None = None) -> list[Claim]:
        seen = {claim.id: digest_of_claim(claim) for claim in claims}
        return confirm_claims(actor=actor or self.officer, now=self.clock.now, seen=seen)

    def refuse(self, *claims: Claim, reason: str = "资产卡片缺页。") -> list[Claim]:
        seen = {claim.id: digest_of_claim(claim) for claim in claims}
        return refuse_claims(actor=self.officer, now=self.clock.now, seen=seen, reason=reason)


@pytest.fixture
def house(app: Flask, clock: Any) -> House:
    return House(clock)


def notified(kind: str) -> list[int]:
    db.session.flush()
    return [notice.person_id for notice in db.session.query(Notice).filter_by(kind=kind)]


def test_a_value_said_anew_counts_once_its_proof_is_confirmed(house: House) -> None:  # R-CLAIM-1, R-CLAIM-2
    claim = house.say_value(90_000_000)
    assert house.instrument.confirmed_value_fen is None
    with pytest.raises(errors.ProofMissing):
        house.confirm(claim)
    house.confirm(house.prove(claim))
    assert house.instrument.confirmed_value_fen == 90_000_000
    assert notified("claim.confirmed") == [house.manager.person_id]


@pytest.mark.parametrize("changed", [{"name": "压力容器检验"}, {"category": "bearings"}])
def test_a_test_that_becomes_another_one_is_looked_at_again(house: House, changed: dict[str, str]) -> None:  # R-CLAIM-1
    house.say_item(**changed)
    assert house.item.counts_as_statutory
    house.confirm(house.waiting())
    assert not house.item.counts_as_statutory


def test_what_law_prescribes_needs_nobody_to_confirm_it(house: House) -> None:  # R-CLAIM-1
    house.say_item(name="另一种检测")
    house.say_item(name="另一种检测", statutory=True)
    assert db.session.query(Claim).count() == 0
    assert house.item.counts_as_statutory


def test_a_longer_text_changes_nothing_that_counts(house: House) -> None:  # R-CLAIM-1
    house.say_item(description="更详细的说明")
    assert db.session.query(Claim).count() == 0
    assert house.item.confirmed_voluntary


def test_an_accreditation_makes_marks_once_it_is_confirmed(house: House) -> None:  # R-CLAIM-2
    made = add_accreditation(
        actor=house.manager,
        now=house.clock.now,
        lab_id=house.lab.id,
        kind="CNAS",
        number="L12345",
        valid_from=date(2024, 1, 1),
        valid_to=date(2030, 1, 1),
    )
    pair = [(house.item.id, house.standard.id)]
    set_scope(actor=house.manager, now=house.clock.now, accreditation_id=made.id, scope=pair)
    assert marks_on(house.item.id, [TODAY]) == {TODAY: set()}
    house.confirm(house.waiting())
    assert marks_on(house.item.id, [TODAY]) == {TODAY: {"CNAS"}}
    set_scope(actor=house.manager, now=house.clock.now, accreditation_id=made.id, scope=[])
    assert not db.session.get_one(Accreditation, made.id).confirmed
    assert db.session.query(AccreditationScope).count() == 0


def test_what_is_not_confirmed_says_why_and_waits_again_with_a_proof(house: House) -> None:  # R-CLAIM-3
    claim = house.say_value(90_000_000)
    with pytest.raises(ReasonRequired):
        house.refuse(claim, reason=" ")
    house.refuse(claim)
    assert notified("claim.refused") == [house.manager.person_id]
    assert [(one.refused, one.reason) for one in claims_of(house.lab.id)] == [(True, "资产卡片缺页。")]
    again = house.prove(claim)
    assert again.id != claim.id
    house.confirm(again)
    assert claims_of(house.lab.id) == []
    with pytest.raises(errors.ClaimDecided):
        house.prove(claim)


def test_what_was_put_in_its_place_meanwhile_is_not_confirmed(house: House) -> None:  # R-RIGHTS-16
    claim = house.prove(house.say_value(90_000_000))
    seen = {claim.id: digest_of_claim(claim)}
    house.clock.advance(minutes=1)
    house.say_value(900_000_000)
    with pytest.raises(ChangedMeanwhile):
        confirm_claims(actor=house.officer, now=house.clock.now, seen=seen)
    assert house.instrument.confirmed_value_fen is None


def test_what_is_said_anew_takes_back_what_an_officer_confirmed_in_between(house: House) -> None:  # R-CLAIM-1
    """The row was read before the officer confirmed; nothing of it looks changed to who read it."""
    claim = house.prove(house.say_value(90_000_000))
    db.session.commit()
    read = db.session.get_one(type(house.instrument), house.instrument.id)
    assert read.confirmed_value_fen is None
    with db.engine.begin() as officer:
        officer.execute(
            text("UPDATE claim SET verdict = 'confirmed', decided_at = made_at, decided_by = :by WHERE id = :id"),
            {"by": house.officer.person_id, "id": claim.id},
        )
        officer.execute(text("UPDATE instrument SET confirmed_value_fen = 90000000"))
    house.instrument.original_value_fen = 1
    claim_anew(house.manager, house.clock.now, [read])
    db.session.commit()
    db.session.expire_all()
    assert house.instrument.confirmed_value_fen is None


def test_all_or_none_are_confirmed(house: House) -> None:
    house.say_value(90_000_000)
    house.say_item(name="另一种检测")
    claims = db.session.query(Claim).all()
    db.session.commit()
    with pytest.raises(errors.ProofMissing):
        house.confirm(*claims)
    db.session.rollback()
    assert not house.item.confirmed_voluntary


@pytest.mark.parametrize("role", ["approver", "auditor", "admin"])
def test_only_officers_decide(house: House, role: str) -> None:  # R-CLAIM-2
    claim = house.prove(house.say_value(90_000_000))
    with pytest.raises(NotAllowed):
        house.confirm(claim, actor=make.actor(make.regulator(role), None, role))
    with pytest.raises(NotAllowed):
        house.confirm(claim, actor=house.manager)


def test_a_stranger_proves_nothing(house: House) -> None:
    claim = house.say_value(90_000_000)
    other = make.firm()
    stranger = make.actor(make.member(other, "owner"), other, "owner")
    with pytest.raises(NotFound):
        prove_claim(actor=stranger, now=house.clock.now, claim_id=claim.id, proof_id=make.stored_file().id)


def test_officers_are_asked_about_what_everybody_sees(house: House) -> None:  # R-CLAIM-1
    claim = house.say_value(90_000_000)
    asked = {"kind": None, "lab_id": None, "limit": 10, "offset": 0}
    assert claims_to_decide(house.officer, TODAY, **asked) == ([claim], 1)
    house.instrument.state = "withdrawn"
    assert claims_to_decide(house.officer, TODAY, **asked) == ([], 0)


def test_nothing_ticked(house: House) -> None:
    with pytest.raises(errors.NothingChosen):
        confirm_claims(actor=house.officer, now=house.clock.now, seen={})


def test_the_trail_says_what_was_confirmed(house: House) -> None:
    house.confirm(house.prove(house.say_value(90_000_000)))
    event = db.session.query(AuditEvent).filter_by(action="claim.confirm").one()
    assert (event.person_id, event.after["value_fen"]) == (house.officer.person_id, 90_000_000)


@pytest.mark.parametrize(
    "by_hand", ["UPDATE claim SET value_fen = 1", "DELETE FROM claim", "UPDATE claim SET decided_by = made_by"]
)
def test_the_database_keeps_what_was_decided(house: House, by_hand: str) -> None:
    house.confirm(house.prove(house.say_value(90_000_000)))
    db.session.commit()
    with pytest.raises(DatabaseError):
        db.session.execute(text(by_hand))
    db.session.rollback()


def test_the_database_refuses_a_value_confirmed_without_proof_or_by_who_said_it(house: House) -> None:
    claim = house.say_value(90_000_000)
    db.session.commit()
    for by in (house.officer.person_id, house.manager.person_id):
        with pytest.raises(DatabaseError):
            db.session.execute(
                text("UPDATE claim SET verdict = 'confirmed', decided_at = made_at, decided_by = :by WHERE id = :id"),
                {"by": by, "id": claim.id},
            )
        db.session.rollback()
