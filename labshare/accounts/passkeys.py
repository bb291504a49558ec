"""Passkeys (WebAuthn): a device signs a challenge for this site's address alone, once it has looked at its person
(R-FACTOR-10).

A challenge is sealed for one use, one person and one browser's session, so nothing is written while a page asks; it
holds a few minutes, and none that was made before the one taken last is taken again. A public key is sealed with its
person and its passkey: no row serves another account.
"""

import ipaddress
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import aliased

from labshare.accounts import links, recovery
from labshare.accounts.errors import (
    FactorRequired,
    PasskeyCopied,
    PasskeyTaken,
    StaleChallenge,
    TooManyPasskeys,
    WrongPasskey,
)
from labshare.accounts.models import MOST_PASSKEYS, Passkey, SecondFactor
from labshare.accounts.queries import has_factor, own_account, passkeys_of
from labshare.accounts.sealing import opened, sealed
from labshare.accounts.sessions import end_other_sessions
from labshare.accounts.terms import FactorKind
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.notifications import notify
from labshare.kernel.verbs import verb

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHALLENGE_LASTS = timedelta(minutes=5)
LONGEST_ANSWER = 10_000
"""Signs of what a browser answers; a key with everything around it takes a fifth of it."""
ADDING, SIGNING_IN, PROVING = "adding", "signing-in", "proving"
"""What a challenge is for: one for the one is none for the other."""


@dataclass(frozen=True)
class Site:
    """Where the passkeys of this installation work: its address, by which a device tells it from any other site."""

    origin: str
    name: str
    """What the keys belong to (RP ID)."""


def site() -> Site | None:
    """Nothing where the address is a number: passkeys belong to names."""
    base = urlsplit(current_app.config["BASE_URL"])
    name = base.hostname or ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return Site(f"{base.scheme}://{base.netloc}", name)
    return None


@dataclass(frozen=True)
class Answer:
    """What a browser answered to a challenge, as JSON; `bound` to the session that it was asked in."""

    text: str
    use: str
    bound: str


# ── Asking ────────────────────────────────────────────────────────────────


def _challenge(use: str, bound: str, person_id: int, now: datetime) -> bytes:
    made = (now - EPOCH) // timedelta(microseconds=1)
    return sealed(f"passkey-{use}", person_id, f"{_bound_to(bound)}.{made}", now).encode()


def _bound_to(session: str) -> str:
    return links.keyed("passkey session", session).hex()


def to_add(*, person_id: int, email: str, name: str, service: str, bound: str, now: datetime) -> str | None:
    """What the browser is asked for a new passkey of this person, as JSON; nothing where the site has no name."""
    here = site()
    if here is None:
        return None
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    asked = generate_registration_options(
        rp_id=here.name,
        rp_name=service,
        user_id=links.keyed("passkey", str(person_id)),
        user_name=email,
        user_display_name=name,
        challenge=_challenge(ADDING, bound, person_id, now),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.DISCOURAGED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_named(passkeys_of(person_id)),
    )
    return options_to_json(asked)


def to_use(person_id: int, use: str, *, bound: str, now: datetime) -> str | None:
    """What the browser is asked for the use of a passkey, as JSON; nothing where the person has none."""
    here, own = site(), passkeys_of(person_id)
    if here is None or not own:
        return None
    from webauthn import generate_authentication_options, options_to_json  # few requests need it
    from webauthn.helpers import structs

    asked = generate_authentication_options(
        rp_id=here.name,
        challenge=_challenge(use, bound, person_id, now),
        allow_credentials=_named(own),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(asked)


def _named(passkeys: Sequence[Passkey]) -> list[Any]:
    from webauthn.helpers import base64url_to_bytes, structs

    return [structs.PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.credential)) for each in passkeys]


# ── Looking at an answer ──────────────────────────────────────────────────


@dataclass(frozen=True)
class _Read:
    """An answer to a challenge of ours, not verified yet."""

    given: dict[str, Any]
    challenge: bytes
    made_at: datetime
    """When its challenge was made."""


def _read(answer: Answer, person_id: int, now: datetime) -> _Read:
    """Raises `WrongPasskey`, `StaleChallenge`."""
    from webauthn.helpers import base64url_to_bytes, parse_client_data_json

    try:
        given = json.loads(answer.text[:LONGEST_ANSWER])
        challenge = parse_client_data_json(base64url_to_bytes(given["response"]["clientDataJSON"])).challenge
    except Exception as broken:
        raise WrongPasskey from broken
    found = opened(challenge.decode("ascii", "replace"), f"passkey-{answer.use}", person_id, now=now)
    bound, _dot, made = (found or "").partition(".")
    if bound != _bound_to(answer.bound):
        raise WrongPasskey
    made_at = EPOCH + timedelta(microseconds=int(made))
    if now >= made_at + CHALLENGE_LASTS:
        raise StaleChallenge
    return _Read(given, challenge, made_at)


def _verified(check: Callable[..., Any], read: _Read, **more: Any) -> Any:
    """What the library makes of it. Raises `WrongPasskey` for whatever it refuses: another site, another key, a device
    that did not look at its person, bytes that are none of this."""
    here = site()
    if here is None:
        raise WrongPasskey
    try:
        return check(
            credential=read.given,
            expected_challenge=read.challenge,
            expected_rp_id=here.name,
            expected_origin=here.origin,
            require_user_verification=True,
            **more,
        )
    except Exception as refused:  # also what broken CBOR and keys raise below the library
        raise WrongPasskey from refused


def goes_on(*, stored: int, shown: int) -> bool:
    """Whether a device's counter is as it must be: further on, or not kept at all. One that goes back is a copy's."""
    return shown > stored or stored == shown == 0


def use_passkey(answer: Answer, person_id: int, now: datetime) -> FactorKind:
    """Take what one of the person's passkeys signed, once. Raises `WrongPasskey`, `StaleChallenge`,
    `PasskeyCopied`."""
    from webauthn import verify_authentication_response
    from webauthn.helpers import base64url_to_bytes

    read = _read(answer, person_id, now)
    named = str(read.given.get("id", ""))
    found = db.session.scalar(select(Passkey).where(Passkey.person_id == person_id, Passkey.credential == named))
    key = opened(found.public_key, f"passkey-{found.credential}", person_id, now=now) if found else None
    if found is None or key is None:
        raise WrongPasskey
    seen = _verified(
        verify_authentication_response,
        read,
        credential_public_key=base64url_to_bytes(key),
        credential_current_sign_count=0,
    ).new_sign_count
    if not goes_on(stored=found.sign_count, shown=seen):
        raise PasskeyCopied
    # Looking whether challenge and counter are new and taking them are one statement: of two at once, one is refused.
    other = aliased(Passkey)
    taken = (
        update(Passkey)
        .where(
            Passkey.id == found.id,
            or_(Passkey.sign_count < seen, and_(Passkey.sign_count == 0, seen == 0)),
            ~exists().where(other.person_id == person_id, other.asked_at >= read.made_at),
        )
        .values(sign_count=seen, asked_at=read.made_at, used_at=now)
    )
    if db.session.execute(taken, execution_options={"synchronize_session": False}).rowcount != 1:  # type: ignore[attr-defined]
        raise StaleChallenge
    return FactorKind.PASSKEY


# ── Verbs ─────────────────────────────────────────────────────────────────


@verb("account.add_passkey", title=_l("Passkey added"))
def add_passkey(*, actor: Actor, now: datetime, name: str, answer: Answer, key: str) -> Sequence[str]:
    """Put a passkey on the own account; every session but that of `key` ends. With the first factor of the account
    ten recovery codes come back. Raises `SignInFirst`, `TooManyPasskeys`, `WrongPasskey`, `StaleChallenge`,
    `PasskeyTaken`."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url

    person = own_account(actor)
    own = passkeys_of(person.id)
    if len(own) >= MOST_PASSKEYS:
        raise TooManyPasskeys
    read = _read(answer, person.id, now)
    if any(each.asked_at >= read.made_at for each in own):
        raise StaleChallenge
    made = _verified(verify_registration_response, read)
    credential, first = bytes_to_base64url(made.credential_id), not has_factor(person.id)
    if db.session.scalar(select(Passkey.id).where(Passkey.credential == credential)):
        raise PasskeyTaken
    db.session.add(
        Passkey(
            person_id=person.id,
            name=name.strip()[:40],
            credential=credential,
            public_key=sealed(f"passkey-{credential}", person.id, bytes_to_base64url(made.credential_public_key), now),
            sign_count=made.sign_count,
            asked_at=read.made_at,
            added_at=now,
        )
    )
    codes = recovery.new_codes(person.id) if first else []
    ended = end_other_sessions(person.id, key, now)
    db.session.flush()
    record(
        actor,
        now,
        "account.add_passkey",
        ("person", person.id),
        {"passkeys": len(own)},
        {"passkeys": len(own) + 1, "sessions_ended": ended},
    )
    notify(kind="account.passkey_added", person_ids=[person.id], now=now, url="/account/second-factor")
    return codes


def own_passkey(*, person_id: int, passkey_id: int) -> Passkey:
    """One of the person's. Raises `NotFound`."""
    found = db.session.get(Passkey, passkey_id)
    if found is None or found.person_id != person_id:
        raise NotFound
    return found


@verb("account.remove_passkey", title=_l("Passkey removed"))
def remove_passkey(*, actor: Actor, now: datetime, passkey_id: int, required: bool) -> None:
    """Take a passkey off the own account; with the last factor go the recovery codes. Raises `SignInFirst`,
    `NotFound`, `FactorRequired` for the last factor of who must have one."""
    person = own_account(actor)
    own, found = passkeys_of(person.id), own_passkey(person_id=person.id, passkey_id=passkey_id)
    if len(own) == 1 and db.session.get(SecondFactor, person.id) is None:
        if required:
            raise FactorRequired
        recovery.forget_codes(person.id)
    db.session.delete(found)
    db.session.flush()
    record(
        actor, now, "account.remove_passkey", ("person", person.id), {"passkeys": len(own)}, {"passkeys": len(own) - 1}
    )
    notify(kind="account.passkey_removed", person_ids=[person.id], now=now, url="/account/second-factor")
