"""Heads of the audit trail by mail (R-AUDIT-14): to addresses that administrators keep, each once its holder has said
yes by a mailed link. What somebody outside has in a mailbox, nobody inside can take back."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select

from labshare.accounts.links import secret_of
from labshare.accounts.services import checked_email
from labshare.accounts.sessions import digest
from labshare.accounts.terms import Locale
from labshare.audit.models import AuditHead
from labshare.audit.proofs import head_proof
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.notifications import makes_link
from labshare.kernel.verbs import verb
from labshare.notices.kinds import kind
from labshare.notices.services import send_mail
from labshare.notices.terms import Topic
from labshare.organisations import permissions
from labshare.oversight.errors import AddressKept, TooManyAddresses
from labshare.oversight.models import HeadAddress

CONFIRM_LASTS = timedelta(days=3)
MOST_ADDRESSES = 50
MOST_ASKED = 3
"""Links an hour to one address."""
LINK = "head"

ASKED = kind(
    "head.asked",
    topic=Topic.ACCOUNT,
    title=_l("Each day's head of the audit trail by mail?"),
    text=_l(
        "An administrator of this service entered this address for the daily head of its audit trail: one number that "
        "shows later whether anything was changed. Open the link within three days and say yes. If you want none, do "
        "nothing: without your yes nothing is sent."
    ),
    first=True,
    most=MOST_ASKED,
)
PUBLISHED = kind(
    "head.published",
    topic=Topic.ACCOUNT,
    title=_l("Head %(n)s of the audit trail, %(on)s"),
    text=_l(
        "Keep this mail: if the trail is changed later, it no longer fits it.\n\n"
        "Head: %(n)s\nSeals: %(seals)s\nEvents: %(events)s\nRoot: %(root)s\nSignature (Ed25519): %(signature)s\n"
        "Public key: %(key)s\n\n"
        "The signature covers these lines, with a line feed between them:\n\n%(said)s\n\n"
        "To verify: the same root must stand beside this number on the page of published heads, now and at any later "
        "time; its proofs show that each head continues the one before. Whoever runs the server compares the whole "
        "trail with it, by the command in the operating guide. If one of it does not fit, or no mail comes for days, "
        "ask the auditor. By the link you stop these mails."
    ),
)
ENDED = kind(
    "head.ended",
    topic=Topic.ACCOUNT,
    title=_l("No more heads of the audit trail by mail"),
    text=_l(
        "An administrator took this address off the list; the heads stay public. If you did not ask for it, ask the "
        "auditor why."
    ),
)


def listed_addresses() -> Sequence[HeadAddress]:
    """The list, by address."""
    return db.session.scalars(select(HeadAddress).where(HeadAddress.listed).order_by(HeadAddress.email)).all()


def address_of(secret: str, now: datetime) -> HeadAddress:
    """Whose link it is. Raises `NotFound` for none, one that is over, or an old one that nobody said yes by."""
    found = db.session.scalar(select(HeadAddress).where(HeadAddress.token_digest == digest(secret), HeadAddress.listed))
    if found is None or not (found.confirmed or now < found.asked_at + CONFIRM_LASTS):
        raise NotFound
    return found


def _link(address_id: int, _now: datetime) -> str | None:
    found = db.session.get(HeadAddress, address_id)
    return f"/audit/heads/by-mail/{secret_of(LINK, found.nonce)}" if found is not None and found.listed else None


makes_link(ASKED, _link)
makes_link(PUBLISHED, _link)


@verb("head.add_address", title=_l("Address for heads of the trail added"))
def add_address(*, actor: Actor, now: datetime, email: str, locale: str) -> HeadAddress:
    """Ask an address whether it wants the daily heads; asked again, the link before no longer works. Raises
    `NotAllowed`, `InvalidEmail`, `AddressKept`, `TooManyAddresses`."""
    permissions.check(actor, "head.mail")
    email = checked_email(email)
    found = db.session.scalar(
        select(HeadAddress).where(HeadAddress.email == email, HeadAddress.listed).with_for_update()
    )
    if found is not None and found.confirmed:
        raise AddressKept
    if found is None:
        if (db.session.scalar(select(func.count()).where(HeadAddress.listed)) or 0) >= MOST_ADDRESSES:
            raise TooManyAddresses
        found = HeadAddress(email=email, added_by=actor.person_id)
        db.session.add(found)
    nonce = secrets.token_urlsafe(32)
    found.locale, found.asked_at = Locale.known(locale) or Locale.CHINESE, now
    found.nonce, found.token_digest = nonce, digest(secret_of(LINK, nonce))
    db.session.flush()
    record(actor, now, "head.add_address", ("head_address", found.id))
    send_mail(to=email, kind=ASKED, now=now, locale=found.locale, link_id=found.id)
    return found


@verb("head.confirm_address", title=_l("Heads of the trail by mail agreed to"))
def confirm_address(*, actor: Actor, now: datetime, secret: str) -> None:
    """The holder says yes. Raises `NotFound`."""
    found = address_of(secret, now)
    if not found.confirmed:
        found.confirmed_at = now
        record(actor, now, "head.confirm_address", ("head_address", found.id))


@verb("head.stop", title=_l("Heads of the trail by mail stopped by their reader"))
def stop(*, actor: Actor, now: datetime, secret: str) -> None:
    """The holder wants no more, or none at all. Raises `NotFound`."""
    found = address_of(secret, now)
    found.ended_at = now
    record(actor, now, "head.stop", ("head_address", found.id))


@verb("head.remove_address", title=_l("Address for heads of the trail removed"))
def remove_address(*, actor: Actor, now: datetime, address_id: int) -> None:
    """Take an address off the list; who read heads there is told. Raises `NotAllowed`, `NotFound`."""
    permissions.check(actor, "head.mail")
    found = db.session.get(HeadAddress, address_id, with_for_update=True)
    if found is None or not found.listed:
        raise NotFound
    found.ended_at = now
    record(actor, now, "head.remove_address", ("head_address", found.id))
    if found.confirmed:
        send_mail(to=found.email, kind=ENDED, now=now, locale=found.locale, url="/audit/heads")


def mail_newest_head(*, now: datetime) -> int:
    """Write the newest published head to whoever said yes and has not got it yet. How many mails."""
    number = db.session.scalar(select(func.max(AuditHead.id)))
    if number is None:
        return 0
    waits = or_(HeadAddress.sent_head.is_(None), HeadAddress.sent_head < number)
    chosen = select(HeadAddress).where(HeadAddress.listed, HeadAddress.confirmed, waits).order_by(HeadAddress.id)
    readers = db.session.scalars(chosen.with_for_update()).all()
    head = head_proof(number)
    params = {
        "n": head.id,
        "on": now,
        "seals": head.seals,
        "events": head.events,
        "root": head.root,
        "signature": head.signature,
        "key": current_app.config["AUDIT_PUBLIC_KEY"],
        "said": head.said,
    }
    for reader in readers:
        send_mail(to=reader.email, kind=PUBLISHED, now=now, locale=reader.locale, params=params, link_id=reader.id)
        reader.sent_head = number
    return len(readers)
