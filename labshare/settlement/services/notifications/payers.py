"""Who is told of payments by a third party, and what was decided on them."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.terms import OfficialRole
from labshare.notices.kinds import kind
from labshare.notices.services import notify
from labshare.notices.terms import Topic
from labshare.organisations.terms import FirmRole
from labshare.settlement.models import PayerLimit, Payment

LAB_MONEY_ROLES = (FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.ACCOUNTANT)
PAYER_TO_DECIDE = kind(
    "payment.payer_differs",
    topic=Topic.PAYER,
    title=_l("Another payer at %(ref)s: %(amount_fen)s"),
    text=_l("A payment of %(amount_fen)s at booking %(ref)s has a payer that is not the client. Accept it or not."),
)
PAYER_TO_CONFIRM = kind(
    "payment.payer_to_confirm",
    topic=Topic.PAYER,
    title=_l("Another payer at %(ref)s waits for a second person: %(amount_fen)s"),
    text=_l(
        "An officer has accepted a payer that is not the client, for %(amount_fen)s at booking %(ref)s. Above the "
        "county's limit it counts once a second person accepts it too."
    ),
)
PAYER_LIMIT_SET = kind(
    "payment.payer_limit",
    topic=Topic.PAYER,
    title=_l("Other payers need a second person from %(amount_fen)s on"),
    text=_l("From %(amount_fen)s a year on, a payer that is not the client needs two persons. Reason: %(reason)s"),
    mail=False,
)
PAYER_ACCEPTED = kind(
    "payment.payer_accepted",
    topic=Topic.PAYER,
    title=_l("Payer accepted at %(ref)s: %(amount_fen)s counts"),
    text=_l("The payment of %(amount_fen)s by another payer at booking %(ref)s now counts."),
    mail=False,
)
PAYER_REJECTED = kind(
    "payment.payer_rejected",
    topic=Topic.PAYER,
    title=_l("Payer not accepted at %(ref)s: %(amount_fen)s does not count"),
    text=_l("The payment of %(amount_fen)s by another payer at booking %(ref)s does not count: %(note)s"),
)


def payer_waits(booking: Booking, payment: Payment, *, actor: Actor, now: datetime) -> None:
    _notify_regulators(PAYER_TO_DECIDE, OfficialRole.OFFICER, booking, payment, actor=actor, now=now)


def payer_to_confirm(booking: Booking, payment: Payment, *, actor: Actor, now: datetime) -> None:
    _notify_regulators(PAYER_TO_CONFIRM, OfficialRole.APPROVER, booking, payment, actor=actor, now=now)


def _notify_regulators(
    kind: str, role: OfficialRole, booking: Booking, payment: Payment, *, actor: Actor, now: datetime
) -> None:
    notify(
        kind=kind,
        now=now,
        params={"ref": booking.ref, "amount_fen": payment.amount_fen},
        url="/regulator/payers",
        regulators=(role,),
        division=booking.division,
        but=actor.person_id,
    )


def payer_limit_set(limit: PayerLimit, *, actor: Actor, now: datetime) -> None:
    notify(
        kind=PAYER_LIMIT_SET,
        now=now,
        params={"amount_fen": limit.amount_fen, "reason": limit.reason},
        url="/regulator/payers",
        regulators=(OfficialRole.OFFICER,),
        division=limit.division,
        but=actor.person_id,
    )


def payer_decided(booking: Booking, payment: Payment, *, actor: Actor, now: datetime) -> None:
    accepted = payment.counts
    notify(
        kind=PAYER_ACCEPTED if accepted else PAYER_REJECTED,
        now=now,
        params={"ref": booking.ref, "amount_fen": payment.amount_fen, "note": payment.verdict_note or ""},
        url=f"/lab/bookings/{booking.ref}",
        firm_id=booking.lab_firm_id,
        roles=LAB_MONEY_ROLES,
        but=actor.person_id,
    )
