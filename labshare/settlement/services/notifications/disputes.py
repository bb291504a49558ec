"""What the sides are told of messages and disputes, and regulators of disputes that reach them."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.booking.models import Booking
from labshare.booking.notifications import LAB_OWNER_ROLES, notify_lab
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.terms import OfficialRole
from labshare.notices.kinds import kind
from labshare.notices.services import notify
from labshare.notices.terms import Topic
from labshare.settlement.models import Dispute
from labshare.settlement.services.notifications import MESSAGES_AN_HOUR, notify_client, notify_regulators
from labshare.settlement.terms import DisputeOutcome, MessageSide

MESSAGE_TO_CLIENT = kind(
    "message.to_client",
    topic=Topic.MESSAGE,
    title=_l("%(lab)s has written about %(ref)s"),
    text=_l("%(lab)s has written about %(item)s, booking %(ref)s. Read it and answer on the booking's page."),
    most=MESSAGES_AN_HOUR,
)
MESSAGE_TO_LAB = kind(
    "message.to_lab",
    topic=Topic.MESSAGE,
    title=_l("%(client)s has written about %(ref)s"),
    text=_l("%(client)s has written about %(item)s, booking %(ref)s. Read it and answer on the booking's page."),
    most=MESSAGES_AN_HOUR,
)
DISPUTE_OPENED = kind(
    "dispute.opened",
    topic=Topic.DISPUTE,
    title=_l("%(client)s disputes %(ref)s"),
    text=_l(
        "%(client)s has opened a dispute about %(item)s, booking %(ref)s. Answer by the end of %(day)s; unanswered, it "
        "goes to the authority. Until it ends the booking's revenue does not count for the reward."
    ),
)
DISPUTE_UNANSWERED = kind(
    "dispute.unanswered",
    topic=Topic.DISPUTE,
    title=_l("Nobody has answered the dispute about %(ref)s"),
    text=_l(
        "%(client)s disputes %(item)s, booking %(ref)s, and waits for the lab's answer. Unanswered, it goes to the "
        "authority with the end of %(day)s."
    ),
)
DISPUTE_ANSWERED = kind(
    "dispute.answered",
    topic=Topic.DISPUTE,
    title=_l("%(lab)s has answered the dispute about %(ref)s"),
    text=_l("%(lab)s has answered. Agree on an outcome on the booking's page, or bring the dispute to the authority."),
)
DISPUTE_OFFERED = kind(
    "dispute.offered",
    topic=Topic.DISPUTE,
    title=_l("Dispute about %(ref)s: %(outcome)s is proposed"),
    text=_l("The other side proposes: %(outcome)s. Agree on the booking's page, or propose another outcome."),
)
DISPUTE_SETTLED = kind(
    "dispute.settled",
    topic=Topic.DISPUTE,
    title=_l("Dispute about %(ref)s is settled"),
    text=_l("The outcome: %(outcome)s. The booking's revenue counts again."),
)
DISPUTE_ESCALATED = kind(
    "dispute.escalated",
    topic=Topic.DISPUTE,
    title=_l("The dispute about %(ref)s is with the authority"),
    text=_l("An officer reads what both sides have said and decides with reasons; until then both can still settle."),
)
DISPUTE_TO_DECIDE = kind(
    "dispute.to_decide",
    topic=Topic.DISPUTE,
    title=_l("A dispute to decide: %(ref)s"),
    text=_l("%(client)s and %(lab)s have not settled the dispute about %(item)s, booking %(ref)s."),
)
DISPUTE_DECIDED = kind(
    "dispute.decided",
    topic=Topic.DISPUTE,
    title=_l("Dispute about %(ref)s is decided"),
    text=_l("The authority has decided: %(outcome)s. Its reasons stand on the booking's page."),
)


def message_written(booking: Booking, side: MessageSide, *, actor: Actor, now: datetime) -> None:
    """To the other side."""
    if side == MessageSide.LAB:
        lab, item = in_both_languages(booking.lab), in_both_languages(booking.test_item)
        notify_client(MESSAGE_TO_CLIENT, booking, actor=actor, now=now, lab=lab, item=item)
    else:
        notify_lab(MESSAGE_TO_LAB, booking, actor=actor, now=now)


def dispute_opened(booking: Booking, dispute: Dispute, *, actor: Actor, now: datetime) -> None:
    notify_lab(DISPUTE_OPENED, booking, actor=actor, now=now, day=dispute.last_day)


def dispute_unanswered(booking: Booking, dispute: Dispute, *, actor: Actor, now: datetime) -> None:
    """To the owners of the lab's firm, and nobody else."""
    notify(
        kind=DISPUTE_UNANSWERED,
        now=now,
        params={
            "ref": booking.ref,
            "client": in_both_languages(booking.client),
            "item": in_both_languages(booking.test_item),
            "day": dispute.last_day,
        },
        url=f"/lab/bookings/{booking.ref}",
        firm_id=booking.lab_firm_id,
        roles=LAB_OWNER_ROLES,
        but=actor.person_id,
    )


def dispute_answered(booking: Booking, *, actor: Actor, now: datetime) -> None:
    notify_client(DISPUTE_ANSWERED, booking, actor=actor, now=now, lab=in_both_languages(booking.lab))


def dispute_outcome(booking: Booking, dispute: Dispute, side: MessageSide, *, actor: Actor, now: datetime) -> None:
    """What `side` has named, to the other one."""
    notify_other = notify_client if side == MessageSide.LAB else notify_lab
    kind = DISPUTE_OFFERED if dispute.lasts else DISPUTE_SETTLED
    notify_other(kind, booking, actor=actor, now=now, outcome=DisputeOutcome(dispute.offered or "").label)


def dispute_escalated(booking: Booking, *, actor: Actor, now: datetime) -> None:
    notify_client(DISPUTE_ESCALATED, booking, actor=actor, now=now)
    notify_lab(DISPUTE_ESCALATED, booking, actor=actor, now=now)
    item = in_both_languages(booking.test_item)
    notify_regulators(DISPUTE_TO_DECIDE, booking, OfficialRole.OFFICER, now=now, item=item)


def dispute_decided(booking: Booking, dispute: Dispute, *, actor: Actor, now: datetime) -> None:
    outcome = DisputeOutcome(dispute.outcome or "").label
    notify_client(DISPUTE_DECIDED, booking, actor=actor, now=now, outcome=outcome)
    notify_lab(DISPUTE_DECIDED, booking, actor=actor, now=now, outcome=outcome)
