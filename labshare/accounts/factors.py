"""The second factor: codes of an app (RFC 6238), passkeys, and recovery codes that stand in for them (R-FACTOR).

The app's secret is kept encrypted under a key made of `SECRET_KEY`, with the person's id inside, so that no row serves
another account. A code, once taken, is never taken again.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, update

from labshare.accounts import links, recovery
from labshare.accounts.errors import FactorRequired, SetUpAnew, SignInAnew, WrongFactorCode
from labshare.accounts.models import Passkey, Person, SecondFactor
from labshare.accounts.passkeys import Answer, use_passkey
from labshare.accounts.queries import has_factor, own_account, passkeys_of
from labshare.accounts.recovery import CODES, codes_left, is_recovery, new_codes, plain
from labshare.accounts.sealing import opened, sealed
from labshare.accounts.sessions import begin_session, end_other_sessions, note_proof
from labshare.accounts.terms import FactorKind
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, write_over
from labshare.kernel.notifications import notify
from labshare.kernel.verbs import verb

STEP_SECONDS = 30
STEPS_BESIDE = 1
"""Codes of the step before and after are taken, too: clocks of phones differ."""
DIGITS = 6
HALF_LASTS = timedelta(minutes=5)
"""How long after the password the code may be given."""
SET_UP_LASTS = timedelta(minutes=30)
"""How long the key on the page of setting up holds."""


# ── Secrets ───────────────────────────────────────────────────────────────


def new_set_up(person_id: int, now: datetime) -> str:
    """A new secret for an app, sealed for this person: it travels with the page, nothing is written yet."""
    import pyotp

    return sealed("set-up", person_id, pyotp.random_base32(), now)


def secret_of_set_up(set_up: str, person_id: int, now: datetime) -> str:
    """The secret to show and to confirm. Raises `SetUpAnew`."""
    found = opened(set_up, "set-up", person_id, lasts=SET_UP_LASTS, now=now)
    if found is None:
        raise SetUpAnew
    return found


def address_for_app(secret: str, *, email: str, service: str) -> str:
    """The `otpauth:` address that apps read from a QR code."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=service)


def _step_of(secret: str, *, code: str, now: datetime) -> int | None:
    """The step of which this is the code."""
    import pyotp

    made, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    if len(code) != DIGITS or not code.isascii():
        return None
    return next(
        (
            step
            for step in range(present - STEPS_BESIDE, present + STEPS_BESIDE + 1)
            if hmac.compare_digest(made.generate_otp(step), code)
        ),
        None,
    )


# ── Reading ───────────────────────────────────────────────────────────────


def factor_of(person_id: int) -> SecondFactor | None:
    return db.session.get(SecondFactor, person_id)


def awaits_code(person_id: int, state: str) -> bool:
    """Whether the account is still as it was when the first factor was given, and has a second one."""
    person = db.session.get(Person, person_id)
    return person is not None and person.enabled and links.state_of(person) == state and has_factor(person_id)


# ── Verbs ─────────────────────────────────────────────────────────────────


def _use(person_id: int, code: str | Answer, now: datetime) -> FactorKind:
    """Take a code, or what a passkey signed, once. Raises `WrongFactorCode`, and as of `use_passkey`."""
    if isinstance(code, Answer):
        return use_passkey(code, person_id, now)
    if is_recovery(code):
        if not recovery.take(person_id, code, now):
            raise WrongFactorCode
        _notify(person_id, "account.recovery_used", now, left=codes_left(person_id))
        return FactorKind.RECOVERY
    found = factor_of(person_id)
    if found is None:
        raise WrongFactorCode
    given = plain(code)
    secret = opened(found.secret, "factor", person_id, now=now)
    step = _step_of(secret, code=given, now=now) if secret else None
    if step is None:
        raise WrongFactorCode
    # Looking whether the step is new and taking it are one statement: of two at once, one is refused.
    taken = (
        update(SecondFactor)
        .where(SecondFactor.person_id == person_id, SecondFactor.secret == found.secret, SecondFactor.last_step < step)
        .values(last_step=step)
    )
    if db.session.execute(taken).rowcount != 1:  # type: ignore[attr-defined]
        raise WrongFactorCode
    return FactorKind.APP


def _notify(person_id: int, kind: str, now: datetime, **params: int) -> None:
    notify(kind=kind, person_ids=[person_id], now=now, url="/account/second-factor", params=params)


@verb("account.sign_in_by_factor", title=_l("Signed in with the second factor"))
def enter_code(*, actor: Actor, now: datetime, person_id: int, state: str, code: str | Answer) -> str:
    """Begin the session of somebody who gave the password a while ago; its secret comes back.

    Raises `SignInAnew` where the account changed since, `WrongFactorCode`.
    """
    if not awaits_code(person_id, state):
        raise SignInAnew
    person = db.session.get_one(Person, person_id)
    kind = _use(person_id, code, now)
    own = Actor(person_id=person_id, address=actor.address)
    record(own, now, "account.sign_in_by_factor", ("person", person_id), after={"factor": kind})
    return begin_session(person, now, agent=actor.agent)


@verb("account.set_factor", title=_l("Second factor set up"))
def set_factor(
    *, actor: Actor, now: datetime, set_up: str, code: str, key: str, present_code: str = ""
) -> Sequence[str]:
    """Put the app's secret on the own account once its code shows that the app has it; ten recovery codes come back.

    One that is there is replaced, by a code of its own; other sessions than the one of `key` end. Who has none has
    just given the password. Raises `SignInFirst`, `SetUpAnew`, `WrongFactorCode`.
    """
    person = own_account(actor)
    secret = secret_of_set_up(set_up, person.id, now)
    replaced = factor_of(person.id) is not None
    if replaced:
        try:
            _use(person.id, present_code, now)
        except WrongFactorCode:
            raise WrongFactorCode("present_code") from None
    step = _step_of(secret, code=plain(code), now=now)
    if step is None:
        raise WrongFactorCode
    write_over(
        SecondFactor,
        {
            "person_id": person.id,
            "secret": sealed("factor", person.id, secret, now),
            "last_step": step,
            "set_at": now,
        },
    )
    codes = new_codes(person.id)
    ended = end_other_sessions(person.id, key, now)
    record(
        actor,
        now,
        "account.set_factor",
        ("person", person.id),
        {"factor": FactorKind.APP if replaced else None},
        {"factor": FactorKind.APP, "sessions_ended": ended},
    )
    _notify(person.id, "account.factor_set", now)
    return codes


@verb("account.renew_codes", title=_l("Recovery codes made anew"))
def renew_codes(*, actor: Actor, now: datetime, code: str) -> Sequence[str]:
    """Ten new recovery codes; those before end. Raises `SignInFirst`, `WrongFactorCode`."""
    person = own_account(actor)
    _use(person.id, code, now)
    left = codes_left(person.id)
    codes = new_codes(person.id)
    record(actor, now, "account.renew_codes", ("person", person.id), {"codes_left": left}, {"codes_left": CODES})
    _notify(person.id, "account.codes_renewed", now)
    return codes


@verb("account.prove", title=_l("Identity proved anew"))
def prove(*, actor: Actor, now: datetime, key: str, code: str | Answer | None) -> None:
    """The person of the session of `key` gives a code of the second factor or uses a passkey, or where there is none
    has just given the password (`code` None). Raises `SignInFirst`, `WrongFactorCode`, and as of `use_passkey`."""
    person = own_account(actor)
    kind = None
    if has_factor(person.id):
        kind = _use(person.id, code or "", now)
    elif code is not None:
        raise WrongFactorCode
    note_proof(person.id, key, now)
    record(actor, now, "account.prove", ("person", person.id), after={"factor": kind})


@verb("account.remove_factor", title=_l("Second factor turned off"))
def remove_factor(*, actor: Actor, now: datetime, code: str, required: bool) -> None:
    """Turn the own app off by one of its codes; the password has just been given. Passkeys stay, and with them the
    recovery codes. Raises `SignInFirst`, `FactorRequired` where nothing would be left, `WrongFactorCode`."""
    person = own_account(actor)
    stays = bool(passkeys_of(person.id))
    if required and not stays:
        raise FactorRequired
    _use(person.id, code, now)
    db.session.execute(delete(SecondFactor).where(SecondFactor.person_id == person.id))
    if not stays:
        recovery.forget_codes(person.id)
    record(actor, now, "account.remove_factor", ("person", person.id), {"factor": FactorKind.APP}, {"factor": None})
    _notify(person.id, "account.factor_removed", now)


def forget_factor(person_id: int) -> None:
    """Drop the app's secret, the passkeys and the recovery codes."""
    recovery.forget_codes(person_id)
    db.session.execute(delete(Passkey).where(Passkey.person_id == person_id))
    db.session.execute(delete(SecondFactor).where(SecondFactor.person_id == person_id))
