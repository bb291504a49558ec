"""Telling owners of labs' firms what those at the lab leave unanswered: disputes, requests to the labs (R-TOLD-10)."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations.permissions import check
from labshare.settlement.models import Dispute, Inquiry
from labshare.settlement.queries.inquiries import firms_left
from labshare.settlement.services.notifications.disputes import dispute_unanswered
from labshare.settlement.services.notifications.inquiries import inquiry_unanswered


@verb("dispute.tell_owner", title=_l("Owner told of an unanswered dispute"))
def notify_of_disputes(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Tell the owners of labs' firms of disputes that have waited since an earlier day and go to the authority with the
    end of this one, each once. How many, at most `limit`. For the system alone."""
    check(actor, "dispute.tell_owner")
    left = select(Dispute).where(Dispute.left_on(local_day(now)), Dispute.owner_told_at.is_(None))
    found = _some(left.order_by(Dispute.answer_by, Dispute.id), limit)
    for dispute in found:
        dispute.owner_told_at = now
        after = {"answer_by": dispute.answer_by.isoformat()}
        record(actor, now, "dispute.tell_owner", ("booking", dispute.booking.ref), after=after)
        dispute_unanswered(dispute.booking, dispute, actor=actor, now=now)
    db.session.flush()
    return len(found)


@verb("inquiry.tell_owner", title=_l("Owners told of an unanswered request to the labs"))
def notify_of_inquiries(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Tell the owners of the firms that have not answered a request to the labs on its last day, once. How many
    requests, at most `limit`. For the system alone."""
    check(actor, "inquiry.tell_owner")
    ending = select(Inquiry).where(Inquiry.ending_on(local_day(now)), Inquiry.owner_told_at.is_(None))
    found = _some(ending.order_by(Inquiry.ends_at, Inquiry.id), limit)
    for inquiry in found:
        inquiry.owner_told_at = now
        firms = firms_left(inquiry)
        record(actor, now, "inquiry.tell_owner", ("inquiry", inquiry.id), after={"firms": len(firms)})
        inquiry_unanswered(inquiry, firms, now=now)
    db.session.flush()
    return len(found)


def _some(query: Select[Any], limit: int) -> Any:
    return db.session.scalars(
        query.limit(limit).with_for_update(key_share=True).execution_options(populate_existing=True)
    ).all()
