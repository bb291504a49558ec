"""Facts of a lab's catalogue that a reward or a mark may rest on: the lab says them, an officer confirms them, and they
count from then on (R-CLAIM). `claim_anew` is no verb of its own: it follows from the others."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select, update

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.claims import Claim
from labshare.catalogue.models import Accreditation, Instrument, Lab, TestItem
from labshare.catalogue.notifications import CLAIM_REFUSED, CLAIMS_CONFIRMED
from labshare.catalogue.queries.admissions import labs_seen
from labshare.catalogue.queries.claims import digest_of_claim, loaded
from labshare.catalogue.services import common
from labshare.catalogue.terms import ClaimKind, ClaimVerdict
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, ReasonRequired
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.money import Fen
from labshare.kernel.seen import check_seen_digest
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations import permissions
from labshare.organisations.terms import FirmRole

MOST_AT_ONCE = 200
Subject = Instrument | TestItem | Accreditation
_COLUMNS: dict[type[Any], Any] = {
    Instrument: Claim.instrument_id,
    TestItem: Claim.test_item_id,
    Accreditation: Claim.accreditation_id,
}
_UNCONFIRMED: dict[type[Any], dict[str, Any]] = {
    Instrument: {"confirmed_value_fen": None},
    TestItem: {"confirmed_voluntary": False},
    Accreditation: {"confirmed": False},
}
CLAIMED_FIELDS: dict[type[Any], tuple[str, ...]] = {
    Instrument: ("original_value_fen", "manufacturer", "model", "class_code"),
    TestItem: ("statutory", "name", "category", "standards"),
}
"""Fields of an entry of which a change is something said anew."""


def claim_anew(actor: Actor, now: datetime, subjects: Sequence[Subject]) -> None:
    """What is said of these, all of one kind, has changed: what was confirmed counts no more, and what is said now
    waits. Two statements for any number, and the rows of the claims."""
    if not subjects:
        return
    db.session.flush()
    kind_of = type(subjects[0])
    column, ids = _COLUMNS[kind_of], [subject.id for subject in subjects]
    held = select(Claim).where(column.in_(ids), Claim.waits).with_for_update()
    waiting = {getattr(claim, column.key): claim for claim in db.session.scalars(held)}
    # By a statement: an officer may have confirmed, since the rows were read, what is not said any more.
    db.session.execute(update(kind_of).where(kind_of.id.in_(ids)).values(**_UNCONFIRMED[kind_of]))
    for subject in subjects:
        kind, value = _claimed(subject)
        claim = waiting.get(subject.id)
        if kind is None:
            if claim is not None:
                db.session.delete(claim)
            continue
        if claim is None:
            claim = Claim(lab_id=subject.lab_id, kind=kind, **{column.key: subject.id})
            db.session.add(claim)
        claim.value_fen, claim.made_by, claim.made_at = value, actor.person_id, now
    db.session.flush()


def drop_claims(kind: type[Subject], ids: Sequence[int]) -> None:
    """Before rows are taken out of a catalogue: what waits of them goes; what was decided keeps them there."""
    if ids:
        db.session.execute(delete(Claim).where(_COLUMNS[kind].in_(ids), Claim.waits))


def _claimed(subject: Subject) -> tuple[ClaimKind | None, Fen | None]:
    """What there is to confirm of it."""
    if isinstance(subject, Instrument):
        return (ClaimKind.VALUE if subject.original_value_fen else None), subject.original_value_fen
    if isinstance(subject, TestItem):
        return (None if subject.statutory else ClaimKind.VOLUNTARY), None
    return ClaimKind.ACCREDITATION, None


@verb("claim.prove", title=_l("Proof attached"))
def prove_claim(*, actor: Actor, now: datetime, claim_id: int, proof_id: int) -> Claim:
    """Attach the stored file that shows it; what was refused waits again with it. Raises `NotFound`, `NotAllowed`,
    `ClaimDecided` for what is confirmed or stands no longer."""
    claim = _of(claim_id)
    permissions.check_seen(actor, "catalogue.see_drafts", "catalogue.change", firm=claim.lab.firm_id)
    if not claim.waits:
        of = _COLUMNS[type(claim.subject)] == claim.subject_id
        latest = db.session.scalar(select(func.max(Claim.id)).where(of))
        if claim.verdict == ClaimVerdict.CONFIRMED or latest != claim.id:
            raise errors.ClaimDecided
        claim = Claim(
            lab_id=claim.lab_id,
            kind=claim.kind,
            value_fen=claim.value_fen,
            instrument_id=claim.instrument_id,
            test_item_id=claim.test_item_id,
            accreditation_id=claim.accreditation_id,
        )
        db.session.add(claim)
    before = claim.proof_id
    claim.proof_id, claim.made_by, claim.made_at = proof_id, actor.person_id, now
    with common.refusals({"ix_claim_waiting": errors.ClaimDecided, "claim.": errors.ClaimDecided}):
        db.session.flush()
    audit.record(
        actor,
        now,
        "claim.prove",
        subject=("lab", claim.lab_id),
        before={"proof": before},
        after={"claim": claim.kind, "claim_id": claim.id, "proof": proof_id},
    )
    return claim


@verb("claim.confirm", title=_l("Facts of a catalogue confirmed"))
def confirm_claims(*, actor: Actor, now: datetime, seen: Mapping[int, str]) -> list[Claim]:
    """Confirm these claims (id → digest of what the page showed), all or none; each counts for bookings from now on.
    The labs are told.

    Raises `NotAllowed`, `NothingChosen`, `NotFound`, `ClaimDecided`, `ProofMissing`, `ChangedMeanwhile`.
    """
    chosen = _to_decide(actor, now, seen)
    for claim in chosen:
        if claim.needs_proof:
            raise errors.ProofMissing(what=in_both_languages(claim.subject))
        _decide(actor, now, claim, ClaimVerdict.CONFIRMED)
        subject = claim.subject
        if isinstance(subject, Instrument):
            subject.confirmed_value_fen = claim.value_fen
        elif isinstance(subject, TestItem):
            subject.confirmed_voluntary = True
        else:
            subject.confirmed = True
    db.session.flush()
    for lab in {claim.lab_id: claim.lab for claim in chosen}.values():
        _notify_lab(CLAIMS_CONFIRMED, now, lab, n=sum(claim.lab_id == lab.id for claim in chosen))
    return chosen


@verb("claim.refuse", title=_l("Facts of a catalogue not confirmed"))
def refuse_claims(*, actor: Actor, now: datetime, seen: Mapping[int, str], reason: str) -> list[Claim]:
    """Do not confirm these claims, with one reason that the labs are told. Raises as `confirm_claims`, and
    `ReasonRequired`; a proof is not asked for."""
    if not reason.strip():
        raise ReasonRequired
    chosen = _to_decide(actor, now, seen)
    for claim in chosen:
        claim.reason = reason.strip()[:300]
        _decide(actor, now, claim, ClaimVerdict.REFUSED)
    db.session.flush()
    for lab in {claim.lab_id: claim.lab for claim in chosen}.values():
        of_lab = sum(claim.lab_id == lab.id for claim in chosen)
        _notify_lab(CLAIM_REFUSED, now, lab, n=of_lab, reason=reason.strip()[:300])
    return chosen


def _to_decide(actor: Actor, now: datetime, seen: Mapping[int, str]) -> list[Claim]:
    permissions.check_anywhere(actor, "claim.decide")
    if not seen:
        raise errors.NothingChosen("claim")
    ids = sorted(seen)[:MOST_AT_ONCE]
    own = Claim.lab_id.in_(select(Lab.id).where(labs_seen(actor, "claim.decide", local_day(now))))
    held = select(Claim.id).where(Claim.id.in_(ids), own).order_by(Claim.id).with_for_update()
    if len(db.session.scalars(held).all()) != len(seen):
        raise NotFound
    chosen = loaded(Claim.id.in_(ids))
    for claim in chosen:
        if not claim.waits:
            raise errors.ClaimDecided
        check_seen_digest(seen[claim.id], digest_of_claim(claim))
    return chosen


def _decide(actor: Actor, now: datetime, claim: Claim, verdict: ClaimVerdict) -> None:
    claim.verdict, claim.decided_at, claim.decided_by = verdict, now, actor.person_id
    after = {"claim": claim.kind, "claim_id": claim.id, "verdict": verdict, "proof": claim.proof_id}
    value = {"value_fen": claim.value_fen} if claim.value_fen is not None else {}
    reason = {"reason": claim.reason} if claim.reason else {}
    audit.record(
        actor,
        now,
        "claim.confirm" if verdict == ClaimVerdict.CONFIRMED else "claim.refuse",
        subject=("lab", claim.lab_id),
        before=None,
        after={**after, **value, **reason, f"{claim.subject.__tablename__}_id": claim.subject_id},
    )


def _notify_lab(kind: str, now: datetime, lab: Lab, **more: Any) -> None:
    notify(
        kind=kind,
        now=now,
        params={"lab": in_both_languages(lab), **more},
        url=f"/lab/labs/{lab.id}/claims",
        firm_id=lab.firm_id,
        roles=(FirmRole.OWNER, FirmRole.LAB_MANAGER),
    )


def _of(claim_id: int) -> Claim:
    claim = db.session.scalar(
        select(Claim).where(Claim.id == claim_id).with_for_update().execution_options(populate_existing=True)
    )
    if claim is None:
        raise NotFound
    return claim
