"""Who is told of requests to the labs and of their answers."""

from collections.abc import Collection
from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.booking.models import Quote
from labshare.booking.notifications import LAB_OWNER_ROLES, LAB_ROLES
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import in_both_languages, last_day_before
from labshare.kernel.time import local_day
from labshare.notices.kinds import kind
from labshare.notices.services import Audience, Message, notify, people_in, write_notices
from labshare.notices.terms import Topic
from labshare.organisations.terms import FirmRole
from labshare.settlement.models import Inquiry, InquiryAnswer
from labshare.settlement.services.notifications import MESSAGES_AN_HOUR

FIRMS_AT_ONCE = 100
"""Told by one statement."""
INQUIRY_UNANSWERED = kind(
    "inquiry.unanswered",
    topic=Topic.INQUIRY,
    title=_l("Nobody has answered a request of %(client)s"),
    text=_l("%(client)s has asked our labs, and none has answered. The request ends with %(day)s."),
)
INQUIRY_ASKED = kind(
    "inquiry.asked",
    topic=Topic.INQUIRY,
    title=_l("%(client)s asks the labs"),
    text=_l(
        "%(client)s asks for a test of %(quantity)s samples. Answer with a test item, a price or a question by the end "
        "of %(day)s; other labs do not see it."
    ),
    most=MESSAGES_AN_HOUR,
)
INQUIRY_ANSWERED = kind(
    "inquiry.answered",
    topic=Topic.INQUIRY,
    title=_l("%(lab)s has answered your request"),
    text=_l("%(lab)s has answered what you asked the labs on %(day)s. Compare the answers and take one."),
    most=MESSAGES_AN_HOUR,
)
INQUIRY_TAKEN = kind(
    "inquiry.taken",
    topic=Topic.INQUIRY,
    title=_l("%(client)s has taken your answer: quote %(number)s"),
    text=_l(
        "%(client)s had quote %(number)s made of your answer: %(item)s for %(amount_fen)s. The slot is chosen next."
    ),
)


def labs_are_asked(inquiry: Inquiry, lab_firm_ids: Collection[int], *, actor: Actor, now: datetime) -> None:
    """To owners and managers of all these firms."""
    _notify_firms(INQUIRY_ASKED, inquiry, lab_firm_ids, LAB_ROLES, but=actor.person_id, now=now)


def inquiry_unanswered(inquiry: Inquiry, lab_firm_ids: Collection[int], *, now: datetime) -> None:
    """To the owners of these firms, and nobody else."""
    _notify_firms(INQUIRY_UNANSWERED, inquiry, lab_firm_ids, LAB_OWNER_ROLES, but=None, now=now)


def _notify_firms(
    kind: str, inquiry: Inquiry, firm_ids: Collection[int], roles: tuple[str, ...], *, but: int | None, now: datetime
) -> None:
    """Two statements for each `FIRMS_AT_ONCE`."""
    firms = sorted(firm_ids)
    for start in range(0, len(firms), FIRMS_AT_ONCE):
        some = firms[start : start + FIRMS_AT_ONCE]
        people = people_in(*(Audience(firm_id=each, roles=roles, but=but) for each in some))
        write_notices(
            *(_message(kind, inquiry, each, person_ids) for each, person_ids in zip(some, people, strict=True)), now=now
        )


def _message(kind: str, inquiry: Inquiry, firm_id: int, person_ids: list[int]) -> Message:
    return Message(
        kind=kind,
        person_ids=person_ids,
        params={
            "client": in_both_languages(inquiry.client),
            "quantity": inquiry.quantity,
            "day": last_day_before(inquiry.ends_at),
        },
        url=f"/lab/inquiries/{inquiry.id}",
        firm_id=firm_id,
    )


def inquiry_answered(answer: InquiryAnswer, inquiry: Inquiry, *, actor: Actor, now: datetime) -> None:
    """To whoever asked and their firm's owners."""
    notify(
        kind=INQUIRY_ANSWERED,
        now=now,
        params={"lab": in_both_languages(answer.lab), "day": local_day(inquiry.asked_at)},
        url=f"/inquiries/{inquiry.id}",
        person_ids=[inquiry.asked_by],
        firm_id=inquiry.client_firm_id,
        roles=(FirmRole.OWNER,),
        but=actor.person_id,
    )


def answer_taken(answer: InquiryAnswer, inquiry: Inquiry, quote: Quote, *, actor: Actor, now: datetime) -> None:
    notify(
        kind=INQUIRY_TAKEN,
        now=now,
        params={
            "client": in_both_languages(inquiry.client),
            "number": quote.number,
            "item": in_both_languages(answer.test_item),
            "amount_fen": quote.amount_fen,
        },
        url=f"/lab/quotes/{quote.number}",
        firm_id=answer.lab_firm_id,
        roles=LAB_ROLES,
        but=actor.person_id,
    )
