"""What a person does with an account. Verifying a password costs time: entrances do it outside `transaction()`."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.accounts import links
from labshare.accounts.errors import (
    InvalidEmail,
    NameRequired,
    NotYourself,
    WrongPassword,
    WrongPresentPassword,
)
from labshare.accounts.models import Person
from labshare.accounts.queries import own_account, person_by_email
from labshare.accounts.sessions import Entered, end_all_sessions, end_session, end_session_of, enter
from labshare.accounts.terms import Locale
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, raise_all
from labshare.kernel.notifications import notify, send_mail
from labshare.kernel.verbs import name_action, verb

NOBODY = 0
"""No account's id."""
name_action("account.confirm_email", _l("E-mail confirmed"))  # written by no step; the search still offers it


def checked_email(email: str) -> str:
    """The address as accounts keep it. Raises `InvalidEmail`."""
    from email_validator import EmailNotValidError, validate_email  # its patterns take a while to compile

    try:
        found = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise InvalidEmail from None
    return found.normalized.lower()


def new_person(*, email: str, name: str, now: datetime, locale: str | None = None) -> Person:
    """Write an account without a password. Raises `InvalidEmail`, `NameRequired`; the caller has looked for one."""
    problems: list[Problem] = []
    try:
        email = checked_email(email)
    except InvalidEmail as problem:
        problems.append(problem)
    if not name.strip():
        problems.append(NameRequired())
    raise_all(problems)
    person = Person(email=email, name=name.strip()[:80], locale=locale, created_at=now)
    db.session.add(person)
    db.session.flush()
    return person


@verb("account.sign_up", title=_l("Signed up"))
def sign_up(*, actor: Actor, now: datetime, email: str, name: str, locale: str | None = None) -> None:
    """Ask for an account: a mail with a link to choose a password goes out, to whoever owns the address.

    The answer is the same where there is an account already; its owner is told by mail. Raises `InvalidEmail`,
    `NameRequired`.
    """
    problems: list[Problem] = [] if name.strip() else [NameRequired()]
    try:
        email = checked_email(email)
    except InvalidEmail as problem:
        problems.append(problem)
    raise_all(problems)
    known = person_by_email(email)
    if known is None:
        known = new_person(email=email, name=name, now=now, locale=locale)
        record(actor, now, "account.sign_up", ("person", known.id), after={"locale": locale})
    if not known.enabled:
        return
    if known.password_hash is None:
        send_mail(to=email, kind="account.confirm", link_id=known.id, locale=known.locale or locale, now=now)
    else:
        send_mail(to=email, kind="account.exists", url="/account/sign-in", locale=known.locale or locale, now=now)


@verb("account.ask_reset", title=_l("Password reset asked for"))
def ask_password_reset(*, actor: Actor, now: datetime, email: str, locale: str | None = None) -> None:
    """Send a link to set a new password, if there is such an account; a few an hour at most.

    Neither the answer nor the time it takes tells whether there is one: with and without an account the same is
    written, a mail to whatever address and the event, and whoever sends the mail finds nobody to make a link for.
    Raises `InvalidEmail`.
    """
    email = checked_email(email)
    known = person_by_email(email)
    written = send_mail(
        to=email,
        kind="account.reset",
        link_id=known.id if known else NOBODY,
        locale=(known.locale if known else None) or locale,
        now=now,
    )
    if written:
        record(actor, now, "account.ask_reset", ("person", known.id if known else NOBODY))


@verb("account.set_password", title=_l("Password set"))
def set_password(*, actor: Actor, now: datetime, token: str, new_hash: str) -> Person:
    """Set the password, `checked` and hashed before, by a mailed link: confirms the address, ends every session, uses
    the link up. Raises `LinkExpired`.
    """
    person = links.person_of_password_link(token, now)
    was_new = person.password_hash is None
    _change_password(actor, now, person, new_hash, "account.set_password")
    if person.email_confirmed_at is None:
        person.email_confirmed_at = now
    if not was_new:
        notify(kind="account.password_changed", person_ids=[person.id], now=now)
    return person


@verb("account.change_password", title=_l("Password changed"))
def change_password(*, actor: Actor, now: datetime, seen_hash: str | None, new_hash: str) -> Person:
    """Change the own password; ends every session, this browser's too (which the page begins anew). The present one,
    kept as `seen_hash`, has just been verified, the new one `checked` and hashed.

    Raises `SignInFirst`, `WrongPresentPassword` if the account changed in the meantime.
    """
    person = own_account(actor)
    if person.password_hash != seen_hash:
        raise WrongPresentPassword
    _change_password(actor, now, person, new_hash, "account.change_password")
    notify(kind="account.password_changed", person_ids=[person.id], now=now)
    return person


def _change_password(actor: Actor, now: datetime, person: Person, new_hash: str, action: str) -> None:
    person.password_hash = new_hash
    ended = end_all_sessions(person, now)
    record(_as(actor, person), now, action, ("person", person.id), after={"sessions_ended": ended})


def _as(actor: Actor, person: Person) -> Actor:
    """Who proved to be this person acts as this person."""
    return actor if actor.person_id else Actor(person_id=person.id, address=actor.address)


@verb("account.sign_in", title=_l("Signed in"))
def sign_in(*, actor: Actor, now: datetime, person_id: int, seen_hash: str, new_hash: str | None = None) -> Entered:
    """Begin a session of the person whose password, kept as `seen_hash`, has just been verified; with a second factor,
    only once its code is given (`factors.enter_code`).

    `new_hash` replaces a hash of older parameters. Raises `WrongPassword` if the account changed in the meantime.
    """
    person = db.session.get(Person, person_id)
    if person is None or not person.enabled or person.password_hash != seen_hash:
        raise WrongPassword
    if new_hash:
        person.password_hash = new_hash
    entered = enter(person, now, agent=actor.agent)
    if entered.key is not None:
        record(_as(actor, person), now, "account.sign_in", ("person", person.id))
    return entered


@verb("account.sign_out", title=_l("Signed out"))
def sign_out(*, actor: Actor, now: datetime, key: str) -> None:
    """End the session of this secret."""
    end_session(key, now)
    if actor.person_id is not None:
        record(actor, now, "account.sign_out", ("person", actor.person_id))


@verb("account.end_session", title=_l("Another browser signed out"))
def end_one_session(*, actor: Actor, now: datetime, session_id: int) -> None:
    """End one session of the own account. Raises `SignInFirst`, `NotFound` where it has ended or is somebody else's."""
    person = own_account(actor)
    if not end_session_of(person_id=person.id, session_id=session_id, now=now):
        raise NotFound
    record(actor, now, "account.end_session", ("person", person.id), after={"sessions_ended": 1})


@verb("account.sign_out_everywhere", title=_l("Signed out everywhere"))
def sign_out_everywhere(*, actor: Actor, now: datetime) -> int:
    """End every session of the own account, this one too. How many were open."""
    person = own_account(actor)
    ended = end_all_sessions(person, now)
    record(actor, now, "account.sign_out_everywhere", ("person", person.id), after={"sessions_ended": ended})
    return ended


@verb("account.change", title=_l("Account changed"))
def change_account(*, actor: Actor, now: datetime, name: str, locale: str | None) -> Person:
    """Change the own name and language. Raises `SignInFirst`, `NameRequired`."""
    person = own_account(actor)
    if not name.strip():
        raise NameRequired
    before = {"locale": person.locale}
    changed = person.name != name.strip()
    person.name = name.strip()[:80]
    person.locale = Locale.known(locale)
    record(
        actor, now, "account.change", ("person", person.id), before, {"locale": person.locale, "name_changed": changed}
    )
    return person


@verb("account.choose_language", title=_l("Language chosen"))
def choose_language(*, actor: Actor, now: datetime, locale: str) -> None:
    """Keep the language the person chose. Raises `SignInFirst`."""
    person = own_account(actor)
    if Locale.known(locale) and person.locale != locale:
        before = {"locale": person.locale}
        person.locale = locale
        record(actor, now, "account.choose_language", ("person", person.id), before, {"locale": locale})


def disable(actor: Actor, now: datetime, person_id: int, reason: str) -> Person:
    """Disable an account and end its sessions; for `organisations`, which knows who may. Raises `NotFound`,
    `NotYourself`."""
    person = db.session.get(Person, person_id, with_for_update=True)
    if person is None:
        raise NotFound
    if person.id == actor.person_id:
        raise NotYourself
    if person.enabled:
        person.disabled_at = now
        end_all_sessions(person, now)
        record(
            actor,
            now,
            "account.disable",
            ("person", person.id),
            {"disabled": False},
            {"disabled": True, "reason": reason},
        )
    return person


def enable(actor: Actor, now: datetime, person_id: int) -> Person:
    """Take the disabling back. Raises `NotFound`."""
    person = db.session.get(Person, person_id, with_for_update=True)
    if person is None:
        raise NotFound
    if not person.enabled:
        person.disabled_at = None
        record(actor, now, "account.enable", ("person", person.id), {"disabled": True}, {"disabled": False})
    return person
