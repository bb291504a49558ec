"""Signing in by a code on a mobile phone (R-RIGHTS-12).

A code is six digits, holds ten minutes, for one use, and dies of five wrong tries. A number belongs to one account, and
only who has read a code sent there can put it on one.
"""

import hmac
import re
import secrets
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete

from labshare.accounts.errors import InvalidMobile, MobileTaken
from labshare.accounts.links import keyed
from labshare.accounts.models import MOST_TRIES, MobileCode, Person
from labshare.accounts.queries import holder_of, own_account
from labshare.accounts.sessions import Entered, enter
from labshare.accounts.terms import CodePurpose
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, write_over
from labshare.kernel.notifications import notify
from labshare.kernel.verbs import verb

LASTS = timedelta(minutes=10)
MAINLAND = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
"""Mobile numbers of the mainland: eleven digits from 13 to 19 on (the ministry's numbering plan of 2017)."""


def checked_mobile(typed: str) -> str:
    """The number as accounts keep it: eleven digits. Raises `InvalidMobile`."""
    found = MAINLAND.fullmatch(re.sub(r"[\s()-]", "", typed))
    if found is None:
        raise InvalidMobile
    return found[1]


def code_of(row: MobileCode) -> str:
    """The six digits. Who has the database and not `SECRET_KEY` cannot make them."""
    made = keyed("code", f"{row.purpose} {row.mobile} {row.nonce}")
    return f"{int.from_bytes(made) % 1_000_000:06d}"


@verb("account.ask_code", title=_l("Code for a mobile phone asked for"))
def ask_code(*, actor: Actor, now: datetime, mobile: str, purpose: CodePurpose, person_id: int | None) -> None:
    """Have a new code sent to this number, which ends the one before; to nobody, where it signs in nobody.

    Raises `InvalidMobile`.
    """
    row = {
        "mobile": checked_mobile(mobile),
        "purpose": purpose,
        "person_id": person_id,
        "nonce": secrets.token_urlsafe(16),
        "asked_at": now,
        "expires_at": now + LASTS,
        "sent_at": None,
        "tries": 0,
    }
    write_over(MobileCode, row)
    if person_id is not None:
        record(actor, now, "account.ask_code", ("person", person_id), after={"purpose": purpose})


def _taken(purpose: CodePurpose, now: datetime, *, mobile: str, code: str) -> int | None:
    """Whose code it is, used up with this; None where it is wrong, which counts as a try, too old or dead."""
    row = db.session.get(MobileCode, (mobile, purpose), with_for_update=True)
    if row is None or row.person_id is None or row.tries >= MOST_TRIES or not row.open_at(now):
        return None
    if not hmac.compare_digest(code_of(row).encode(), code.strip().encode()):
        row.tries += 1
        return None
    person_id = row.person_id
    db.session.delete(row)
    return person_id


@verb("account.sign_in_by_code", title=_l("Signed in by a code on the mobile phone"))
def sign_in_by_code(*, actor: Actor, now: datetime, mobile: str, code: str) -> Entered | None:
    """Begin a session, unless a second factor is asked for first; None where the code is wrong, or the account has
    changed since: then the try is counted, so the transaction has to stand. Raises `InvalidMobile`."""
    mobile = checked_mobile(mobile)
    person_id = _taken(CodePurpose.SIGNING_IN, now, mobile=mobile, code=code)
    if person_id is None:
        return None
    person = db.session.get(Person, person_id, with_for_update=True)
    if person is None or not person.enabled or person.mobile != mobile:
        return None
    record(Actor(person_id=person.id, address=actor.address), now, "account.sign_in_by_code", ("person", person.id))
    return enter(person, now, agent=actor.agent, proved=False)


@verb("account.set_mobile", title=_l("Mobile number set"))
def set_mobile(*, actor: Actor, now: datetime, mobile: str, code: str) -> bool:
    """Put the number, to which this account had a code sent, on it; whether the code is right (a wrong one is counted,
    so the transaction has to stand). Raises `SignInFirst`, `InvalidMobile`, `MobileTaken`."""
    person = own_account(actor)
    mobile = checked_mobile(mobile)
    if _taken(CodePurpose.ADDING, now, mobile=mobile, code=code) != person.id:
        return False
    if holder_of(mobile) not in (None, person.id):
        raise MobileTaken
    person.mobile = mobile
    record(actor, now, "account.set_mobile", ("person", person.id), after={"ends_with": mobile[-4:]})
    notify(kind="account.mobile_set", person_ids=[person.id], now=now, params={"last": mobile[-4:]})
    return True


@verb("account.remove_mobile", title=_l("Mobile number removed"))
def remove_mobile(*, actor: Actor, now: datetime) -> None:
    """Nobody signs in by a code to the own number any more. Raises `SignInFirst`."""
    person = own_account(actor)
    if person.mobile is None:
        return
    last = person.mobile[-4:]
    db.session.execute(delete(MobileCode).where(MobileCode.mobile == person.mobile))
    person.mobile = None
    record(actor, now, "account.remove_mobile", ("person", person.id), before={"ends_with": last})
    notify(kind="account.mobile_removed", person_ids=[person.id], now=now, params={"last": last})


def forget_codes(now: datetime) -> None:
    """Drop codes that are too old."""
    db.session.execute(delete(MobileCode).where(~MobileCode.open_at(now)))
