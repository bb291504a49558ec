"""Standards that firms propose and administrators publish."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from labshare.catalogue.models import StandardProposal
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound

MOST_SHOWN = 50


def proposals_waiting() -> Select[Any]:
    """How many wait for an administrator, as a select."""
    return select(func.count()).select_from(StandardProposal).where(StandardProposal.waits)


def list_waiting() -> list[StandardProposal]:
    """Those that wait longest first, with their firms. One statement."""
    return list(
        db.session.scalars(
            select(StandardProposal)
            .options(joinedload(StandardProposal.firm))
            .where(StandardProposal.waits)
            .order_by(StandardProposal.proposed_at, StandardProposal.id)
            .limit(MOST_SHOWN)
        )
    )


def proposals_of(firm_id: int) -> list[StandardProposal]:
    """A firm's own, the newest first. One statement."""
    return list(
        db.session.scalars(
            select(StandardProposal)
            .where(StandardProposal.firm_id == firm_id)
            .order_by(StandardProposal.proposed_at.desc(), StandardProposal.id.desc())
            .limit(MOST_SHOWN)
        )
    )


def get_proposal(proposal_id: int) -> StandardProposal:
    """With its firm. Raises `NotFound`."""
    proposal = db.session.get(StandardProposal, proposal_id, options=[joinedload(StandardProposal.firm)])
    if proposal is None:
        raise NotFound
    return proposal


def proposed_in(search_numbers: Collection[str]) -> set[str]:
    """Those of the normalised numbers that wait. One statement."""
    return set(
        db.session.scalars(
            select(StandardProposal.search_number).where(
                StandardProposal.waits, StandardProposal.search_number.in_(list(search_numbers))
            )
        )
    )
