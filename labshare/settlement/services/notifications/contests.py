"""Who is told of contested documents, double documents and suspended bookings."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.booking.models import Booking
from labshare.booking.notifications import notify_lab
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.terms import OfficialRole
from labshare.notices.kinds import kind
from labshare.notices.services import notify
from labshare.notices.terms import Topic
from labshare.organisations.divisions import around
from labshare.settlement.models import BookingHold, Contest, DoubleDocument
from labshare.settlement.services.notifications import notify_client, notify_client_of_money, notify_regulators
from labshare.settlement.terms import ContestVerdict, DocumentKind, DoubleVerdict

DOCUMENT_CONTESTED = kind(
    "contest.raised",
    topic=Topic.DISPUTE,
    title=_l("%(client)s contests a document of %(ref)s"),
    text=_l(
        "%(client)s contests a document of booking %(ref)s, %(item)s (%(document)s): %(reason)s Until it is decided "
        "the booking's revenue does not count for the reward."
    ),
)
CONTEST_TO_DECIDE = kind(
    "contest.to_decide",
    topic=Topic.DISPUTE,
    title=_l("A contested document to decide: %(ref)s"),
    text=_l(
        "%(client)s contests a document that %(lab)s has recorded (%(document)s). Decide by the end of %(day)s on the "
        "booking's page; afterwards the approver decides."
    ),
)
CONTEST_PASSED_ON = kind(
    "contest.passed_on",
    topic=Topic.DISPUTE,
    title=_l("A contested document is now yours to decide: %(ref)s"),
    text=_l(
        "The county's officers have not decided in time on a document (%(document)s) that %(client)s contests. It is "
        "decided by an approver, or by an officer of a division around the county."
    ),
)
CONTEST_DECIDED = kind(
    "contest.decided",
    topic=Topic.DISPUTE,
    title=_l("Contested document of %(ref)s decided"),
    text=_l("%(verdict)s. Document: %(document)s. Reasons: %(note)s"),
)
DOUBLE_TO_DECIDE = kind(
    "double.to_decide",
    topic=Topic.DISPUTE,
    title=_l("Same document on two bookings: %(ref)s"),
    text=_l(
        "A document of booking %(ref)s (%(document)s) has the bank reference or the file of one on another booking. "
        "Both stand side by side in the list; an officer of the later booking's county decides."
    ),
)
DOUBLE_DECIDED = kind(
    "double.decided",
    topic=Topic.DISPUTE,
    title=_l("Same document on two bookings, %(ref)s: decided"),
    text=_l("%(verdict)s. Document: %(document)s. The officer's note: %(note)s"),
)
BOOKING_SUSPENDED = kind(
    "hold.suspended",
    topic=Topic.DISPUTE,
    title=_l("Booking %(ref)s is suspended"),
    text=_l(
        "An officer has suspended booking %(ref)s, %(item)s: its revenue does not count for the reward until an "
        "officer ends that. Orders, documents and payments go on. The officer's note: %(note)s"
    ),
)
SUSPENSION_ENDED = kind(
    "hold.ended",
    topic=Topic.DISPUTE,
    title=_l("Booking %(ref)s is suspended no longer"),
    text=_l(
        "An officer has ended the suspension of booking %(ref)s, %(item)s; its revenue counts again. The officer's "
        "note: %(note)s"
    ),
)


def document_contested(booking: Booking, contest: Contest, *, actor: Actor, now: datetime) -> None:
    document = DocumentKind(contest.kind).label
    notify_lab(DOCUMENT_CONTESTED, booking, actor=actor, now=now, document=document, reason=contest.reason)
    _to_decide(CONTEST_TO_DECIDE, booking, contest, OfficialRole.OFFICER, now=now)


def contest_passed_on(booking: Booking, contest: Contest, *, now: datetime) -> None:
    """To the county's approvers, and to officers of what contains the county."""
    _to_decide(CONTEST_PASSED_ON, booking, contest, OfficialRole.APPROVER, now=now)
    _to_decide(CONTEST_PASSED_ON, booking, contest, OfficialRole.OFFICER, division=around(booking.division), now=now)


def _to_decide(
    notice: str, booking: Booking, contest: Contest, role: OfficialRole, *, division: str | None = None, now: datetime
) -> None:
    document = DocumentKind(contest.kind).label
    notify_regulators(notice, booking, role, division=division, now=now, document=document, day=contest.last_day)


def contest_decided(booking: Booking, contest: Contest, *, actor: Actor, now: datetime) -> None:
    """To both sides; to those of the client who see such a document."""
    params: dict[str, Any] = {
        "verdict": ContestVerdict(contest.verdict or "").label,
        "document": DocumentKind(contest.kind).label,
        "note": contest.note,
    }
    notify_client_of_money(CONTEST_DECIDED, booking, actor=actor, now=now, **params)
    notify_lab(CONTEST_DECIDED, booking, actor=actor, now=now, **params)


def double_found(double: DoubleDocument, *, now: datetime) -> None:
    """To the officers of both bookings' counties, each with the booking that is theirs."""
    bookings = {booking.division: booking for booking in (double.earlier_booking, double.booking)}
    for division, booking in bookings.items():
        notify(
            kind=DOUBLE_TO_DECIDE,
            now=now,
            params={"ref": booking.ref, "document": DocumentKind(double.kind).label},
            url="/regulator/doubles",
            regulators=(OfficialRole.OFFICER,),
            division=division,
        )


def double_decided(double: DoubleDocument, *, actor: Actor, now: datetime) -> None:
    """To the lab that recorded the later document."""
    params: dict[str, Any] = {
        "verdict": DoubleVerdict(double.verdict or "").label,
        "document": DocumentKind(double.kind).label,
        "note": double.note,
    }
    notify_lab(DOUBLE_DECIDED, double.booking, actor=actor, now=now, **params)


def booking_suspended(booking: Booking, hold: BookingHold, *, actor: Actor, now: datetime) -> None:
    _both(BOOKING_SUSPENDED, booking, hold.note, actor=actor, now=now)


def suspension_ended(booking: Booking, hold: BookingHold, *, actor: Actor, now: datetime) -> None:
    _both(SUSPENSION_ENDED, booking, hold.release_note, actor=actor, now=now)


def _both(notice: str, booking: Booking, note: str, *, actor: Actor, now: datetime) -> None:
    """To client and lab."""
    notify_client(notice, booking, actor=actor, now=now, item=in_both_languages(booking.test_item), note=note)
    notify_lab(notice, booking, actor=actor, now=now, note=note)
