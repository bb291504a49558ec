"""Officers, an approver and an administrator who know what is true, and confirm that and nothing else."""

import random
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from labshare.booking.models import Booking
from labshare.catalogue.claims import Claim
from labshare.catalogue.models import Instrument, LabAdmission, LabApplication, TestItem
from labshare.catalogue.queries.claims import digest_of_claim
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.seen import digest_of
from labshare.organisations.models import Affiliation, Firm, FirmSize
from labshare.organisations.queries import waiting_size
from labshare.organisations.services import what_is_verified
from labshare.organisations.terms import AffiliationAct
from labshare.rewards.models import Objection
from labshare.settlement.models import Dispute, PayerAcceptance, Payment
from tests.adversary.world import TRUE_FIRMS, TRUE_LINKS, TRUE_PAYER, World, true_value, truly_statutory

Do = Callable[..., Any]
"""`do(action, actor, **given)`: one step, refused or done whole."""
WHY = "经查"


class Officers:
    def __init__(self, world: World, do: Do, accept: Callable[[int], None]) -> None:
        self.world, self.do, self.accept = world, do, accept
        self.officer: Actor = world.officers["officer"]
        self.approver: Actor = world.officers["approver"]
        self.admin: Actor = world.officers["admin"]

    def decide(self, rng: random.Random) -> None:
        """Everything that waits for somebody to decide it. Between two things that are both true, chance chooses."""
        db.session.rollback()
        self.firms()
        self.sizes()
        self.claims()
        self.relations(rng)
        self.payers()
        self.disputes(rng)
        self.rest()

    # -- what an administrator is asked

    def firms(self) -> None:
        waiting = select(Firm.id).where(Firm.verified_at.is_(None), Firm.returned_at.is_(None)).order_by(Firm.id)
        for firm_id in db.session.scalars(waiting).all():
            firm = db.session.get_one(Firm, firm_id, populate_existing=True)
            size = waiting_size(firm_id)
            size_class = size.size_class if size else firm.size_class
            if self._is_true(firm) and size_class == self._true_size(firm_id):
                seen = digest_of(what_is_verified(firm))
                self.do("firm.verify", self.admin, firm_id=firm_id, seen=seen)
            else:
                self.do("firm.return", self.admin, firm_id=firm_id, reason=WHY)

    def _true_size(self, firm_id: int) -> str | None:
        name = self.world.firm_name(firm_id)
        return TRUE_FIRMS[name].size if name else None

    def _is_true(self, firm: Firm) -> bool:
        """Its name is its own affair; what it is and where is not."""
        name = self.world.firm_name(firm.id)
        return name is not None and (firm.kind, firm.sector, firm.division) == (
            "enterprise",
            "industry",
            TRUE_FIRMS[name].division,
        )

    def sizes(self) -> None:
        waiting = select(FirmSize.id).where(FirmSize.confirmed_at.is_(None), FirmSize.refused_at.is_(None))
        for size_id in db.session.scalars(waiting.order_by(FirmSize.id)).all():
            row = db.session.get_one(FirmSize, size_id, populate_existing=True)
            if row.size_class == self._true_size(row.firm_id):
                self.do("firm.confirm_size", self.admin, size_id=size_id, seen=row.digest)
            else:
                self.do("firm.refuse_size", self.admin, size_id=size_id, reason=WHY)

    # -- what an officer is asked

    def claims(self) -> None:
        for claim_id in db.session.scalars(select(Claim.id).where(Claim.waits).order_by(Claim.id)).all():
            claim = db.session.get_one(Claim, claim_id, populate_existing=True)
            seen = {claim_id: digest_of_claim(claim)}
            if self._claim_is_true(claim):
                self.do("claim.confirm", self.officer, seen=seen)
            else:
                self.do("claim.refuse", self.officer, seen=seen, reason=WHY)

    @staticmethod
    def _claim_is_true(claim: Claim) -> bool:
        subject = claim.subject
        if isinstance(subject, Instrument):
            return claim.value_fen == true_value(subject.model or "")
        return isinstance(subject, TestItem) and not truly_statutory(subject.name)

    def relations(self, rng: random.Random) -> None:
        true = {frozenset((self.world.firms[one], self.world.firms[other])) for one, other, _kind in TRUE_LINKS}
        for found in db.session.scalars(select(Affiliation).where(~Affiliation.voided).order_by(Affiliation.id)).all():
            pair, of = frozenset((found.firm_id, found.other_firm_id)), {"affiliation_id": found.id}
            if found.end_asked_at is not None and pair in true:
                self.do("affiliation.decline_end", self.officer, **of, reason=WHY)
            if found.confirmed_at is not None or found.seen_at is not None:
                continue
            if pair in true:
                self.do("affiliation.confirm", self.officer, **of, source="inspection", note=WHY)
            elif rng.random() < 0.5:
                proposed = {"act": AffiliationAct.VOID, "source": "inspection", "reason": WHY}
                change = self.do("affiliation.propose_change", self.officer, **of, **proposed)
                if change is not None:
                    given = {"change_id": change.id, "seen": change.seen}
                    self.do("affiliation.agree_change", self.approver, **given)
            else:
                self.do("affiliation.leave", self.officer, **of, note=WHY)

    def payers(self) -> None:
        waiting = (
            select(Payment.id, Payment.payer_uscc, Booking.client_firm_id, Firm.uscc)
            .join(Booking, Booking.id == Payment.booking_id)
            .join(Firm, Firm.id == Booking.client_firm_id)
            .where(Payment.payer_uscc != Firm.uscc, Payment.payer_verdict.is_(None))
            .order_by(Payment.id)
        )
        for row in db.session.execute(waiting).all():
            if row.payer_uscc == TRUE_PAYER and row.client_firm_id == self.world.firms["small"]:
                self.accept(row.id)
                self.do("payment.accept_payer", self.officer, payment_id=row.id)
            else:
                self.do("payment.reject_payer", self.officer, payment_id=row.id, note=WHY)
        for acceptance_id in db.session.scalars(select(PayerAcceptance.id).where(PayerAcceptance.waits)).all():
            self.do("payment.confirm_payer", self.approver, acceptance_id=acceptance_id)

    def disputes(self, rng: random.Random) -> None:
        waiting = select(Booking.ref).join(Dispute, Dispute.booking_id == Booking.id).where(Dispute.with_authority)
        for ref in db.session.scalars(waiting.order_by(Booking.id)).all():
            outcome = rng.choice(["refund", "none"])
            self.do("dispute.decide", self.officer, ref=ref, outcome=outcome, text=WHY)

    def rest(self) -> None:
        """No lab is open but those that were: whoever else applies is declined; no run is wrong."""
        for lab_id in db.session.scalars(select(LabApplication.lab_id).where(LabApplication.waits)).all():
            self.do("lab.decline_application", self.officer, lab_id=lab_id, reason=WHY)
        for admission_id in db.session.scalars(select(LabAdmission.id).where(LabAdmission.undecided)).all():
            self.do("lab.refuse_admission", self.officer, admission_id=admission_id)
        for objection_id in db.session.scalars(select(Objection.id).where(Objection.unanswered)).all():
            self.do("objection.answer", self.officer, objection_id=objection_id, verdict="rejected", text=WHY)
