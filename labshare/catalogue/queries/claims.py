"""What labs say of their catalogue and an officer has to confirm, or has (R-CLAIM)."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import joinedload

from labshare.catalogue.claims import Claim
from labshare.catalogue.models import AccreditationScope, Instrument, Lab, TestItem
from labshare.catalogue.queries.admissions import Day, labs_seen
from labshare.catalogue.terms import ClaimKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.seen import digest_of


def loaded(*conditions: ColumnElement[bool], limit: int | None = None, offset: int = 0) -> list[Claim]:
    """Claims with their labs and subjects, the longest waiting first. At most six statements."""
    query = (
        select(Claim)
        .options(
            joinedload(Claim.lab).joinedload(Lab.firm),
            joinedload(Claim.instrument),
            joinedload(Claim.test_item).selectinload(TestItem.standards),
            joinedload(Claim.accreditation),
        )
        .where(*conditions)
        .order_by(Claim.made_at, Claim.id)
        .limit(limit)
        .offset(offset)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(query))


def digest_of_claim(claim: Claim) -> str:
    """Of what whoever decides on it must have seen (R-RIGHTS-16). Whatever is said anew, is said at another moment."""
    return digest_of((claim.kind, claim.made_at.isoformat(), claim.value_fen, claim.proof_id))


def scopes(claims: Iterable[Claim]) -> dict[int, int]:
    """How many pairs of test item and standard each accreditation among them covers. One statement."""
    ids = [claim.accreditation_id for claim in claims if claim.accreditation_id is not None]
    if not ids:
        return {}
    of = AccreditationScope.accreditation_id
    rows = db.session.execute(select(of, func.count()).where(of.in_(ids)).group_by(of))
    return dict(rows.tuples().all())


def _to_look_at(actor: Actor, day: Day) -> tuple[ColumnElement[bool], ...]:
    """Waiting ones, of labs of the regulator's division, of what everybody sees: of drafts no officer is asked."""
    return (
        Claim.waits,
        Lab.published,
        labs_seen(actor, "claim.see", day),
        or_(
            Claim.accreditation_id.is_not(None),
            exists().where(Instrument.id == Claim.instrument_id, Instrument.published),
            exists().where(TestItem.id == Claim.test_item_id, TestItem.published),
        ),
    )


def claims_waiting(actor: Actor, day: Day) -> Select[Any]:
    """How many wait for an officer, as a select."""
    return select(func.count()).select_from(Claim).join(Claim.lab).where(*_to_look_at(actor, day))


def claims_to_decide(
    actor: Actor, day: date, *, kind: ClaimKind | None, lab_id: int | None, limit: int, offset: int
) -> tuple[Sequence[Claim], int]:
    """What waits, of a kind and a lab where asked, and how many in all."""
    conditions = [*_to_look_at(actor, day)]
    if kind is not None:
        conditions.append(Claim.kind == kind)
    if lab_id is not None:
        conditions.append(Claim.lab_id == lab_id)
    asked = select(Claim.id).join(Claim.lab).where(*conditions)
    total = db.session.scalar(select(func.count()).select_from(asked.subquery())) or 0
    return loaded(Claim.id.in_(asked), limit=limit, offset=offset), total


def labs_with_claims(actor: Actor, day: date) -> list[Lab]:
    """Labs of which something waits, by code. One statement."""
    of = select(Claim.lab_id).join(Claim.lab).where(*_to_look_at(actor, day))
    return list(db.session.scalars(select(Lab).where(Lab.id.in_(of)).order_by(Lab.code)))


def claims_of(lab_id: int) -> list[Claim]:
    """Of a lab: what waits and what was refused and not said anew, the newest first."""
    later = select(func.max(Claim.id)).where(Claim.lab_id == lab_id)
    newest = later.group_by(Claim.instrument_id, Claim.test_item_id, Claim.accreditation_id)
    open_ones = or_(Claim.waits, Claim.refused)
    return loaded(Claim.lab_id == lab_id, Claim.id.in_(newest), open_ones)[::-1]


def get_claim(claim_id: int) -> Claim | None:
    """One claim with its lab."""
    return db.session.get(Claim, claim_id, options=[joinedload(Claim.lab)])
