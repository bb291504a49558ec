"""Telling people: a line in the application, and a mail where its kind says so, in the transaction of what it is about.

Nothing is worded or sent here: `labshare.notices.delivery` does, of what was committed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import current_app
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, SelectBase, bindparam, delete, func, insert, literal, select, union, union_all, update
from sqlalchemy.orm import aliased

from labshare.accounts.models import Person
from labshare.accounts.terms import Locale
from labshare.audit.services import record
from labshare.kernel import notifications
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import SignInFirst
from labshare.kernel.verbs import verb
from labshare.notices import kinds, lower_rooms  # noqa: F401 - the kinds of the rooms below
from labshare.notices.models import MailSwitchedOff, Notice, OutboxMail
from labshare.notices.queries import switched_off
from labshare.notices.terms import Topic
from labshare.organisations.divisions import containing
from labshare.organisations.models import Membership, RegulatorRole


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Who is told: `person_ids`, the firm's members in `roles`, and whoever holds one of the `regulators` roles; all
    but the person `but` (who did it)."""

    person_ids: tuple[int, ...] = ()
    firm_id: int | None = None
    roles: tuple[str, ...] = ()
    regulators: tuple[str, ...] = ()
    divisions: tuple[str, ...] = ()
    """What it is about: their roles are for one of these or for one that contains it. None: for the whole platform."""
    but: int | None = None

    @property
    def ways(self) -> tuple[bool, bool, bool]:
        """By which of the three ways somebody is in it."""
        return bool(self.person_ids), self.firm_id is not None, bool(self.regulators)


@dataclass(frozen=True, kw_only=True)
class Message:
    """What people are told. `kind` is registered with its words, see `labshare.notices.kinds`; `url` is a path of ours
    where one can act; `firm_id` the firm that it is about, for them."""

    kind: str
    person_ids: Sequence[int]
    params: dict[str, Any]
    url: str | None = None
    firm_id: int | None = None
    appointment: kinds.Appointment | None = None
    by: int | None = None
    """Who did it and is told all the same, for the calendar: by mail, not as news."""


def notify(
    *,
    kind: str,
    now: datetime,
    params: dict[str, Any] | None = None,
    url: str | None = None,
    person_ids: Iterable[int] = (),
    firm_id: int | None = None,
    roles: Iterable[str] = (),
    regulators: Iterable[str] = (),
    division: str | Iterable[str] = (),
    but: int | None = None,
    appointment: kinds.Appointment | None = None,
    by: int | None = None,
) -> int:
    """Tell an `Audience` of one thing, as of `Message`. How many were told. Raises `KeyError` on an unknown kind."""
    audience = Audience(
        person_ids=tuple(set(person_ids)),
        firm_id=firm_id,
        roles=tuple(roles),
        regulators=tuple(regulators),
        divisions=(division,) if isinstance(division, str) else tuple(division),
        but=but,
    )
    (recipients,) = people_in(audience)
    message = Message(
        kind=kind,
        person_ids=recipients,
        params=params or {},
        url=url,
        firm_id=firm_id,
        appointment=appointment,
        by=by,
    )
    write_notices(message, now=now)
    return len(recipients)


def people_in(*audiences: Audience) -> list[list[int]]:
    """The enabled people of each audience once each, by id. One statement for all."""
    found: list[list[int]] = [[] for _ in audiences]
    asked = [(place, audience) for place, audience in enumerate(audiences) if any(audience.ways)]
    if not asked:
        return found
    given: dict[str, Any] = {}
    for number, (_place, audience) in enumerate(asked):
        given |= {
            f"person_ids_{number}": audience.person_ids,
            f"firm_id_{number}": audience.firm_id,
            f"roles_{number}": audience.roles,
            f"regulators_{number}": audience.regulators,
            f"divisions_{number}": containing(*audience.divisions),
        }
    for number, person_id in db.session.execute(_people(*(audience.ways for _place, audience in asked)), given):
        place, audience = asked[number]
        if person_id != audience.but:
            found[place].append(person_id)
    return [sorted(each) for each in found]


@cache
def _people(*ways: tuple[bool, bool, bool]) -> Any:
    """Who is told, by these ways; put together once each, as almost every step tells somebody."""
    parts = [
        select(literal(number).label("number"), Person.id).where(Person.id.in_(_ids(number, *each)), Person.enabled)
        for number, each in enumerate(ways)
    ]
    return parts[0] if len(parts) == 1 else union_all(*parts)


def _ids(number: int, persons: bool, firm: bool, regulators: bool) -> SelectBase:
    """One set of ids, as PostgreSQL reads every person where sets are joined by OR."""
    ids: list[Select[Any]] = []
    if persons:
        named = aliased(Person)
        ids.append(select(named.id).where(named.id.in_(bindparam(f"person_ids_{number}", expanding=True))))
    if firm:
        members = select(Membership.person_id).where(
            Membership.firm_id == bindparam(f"firm_id_{number}"),
            Membership.current,
            Membership.role.in_(bindparam(f"roles_{number}", expanding=True)),
        )
        ids.append(members)
    if regulators:
        holders = select(RegulatorRole.person_id).where(
            RegulatorRole.role.in_(bindparam(f"regulators_{number}", expanding=True)),
            RegulatorRole.division.in_(bindparam(f"divisions_{number}", expanding=True)),
            RegulatorRole.in_force,
        )
        ids.append(holders)
    return ids[0] if len(ids) == 1 else union(*ids)


def write_notices(*messages: Message, now: datetime) -> None:
    """Write the notices; those of kinds that go out by mail, too, wait for it. One statement for all. Raises `KeyError`
    on an unknown kind."""
    lines = []
    for message in messages:
        entry = {kinds.ENTRY: message.appointment} if message.appointment else {}
        line = {
            "firm_id": message.firm_id,
            "kind": message.kind,
            "params": kinds.json_params(message.params | entry),
            "url": message.url,
            "created_at": now,
            "mail_due": kinds.KINDS[message.kind].mail,
        }
        lines += [
            line | {"person_id": person_id, "read_at": now if person_id == message.by else None}
            for person_id in message.person_ids
        ]
    if lines:
        db.session.connection().execute(_NOTICE, lines)


_NOTICE = insert(Notice)
"""Written past the session: almost every step tells somebody, and none reads it again."""


def send_mail(
    *,
    to: str,
    kind: str,
    now: datetime,
    params: dict[str, Any] | None = None,
    url: str | None = None,
    locale: str | None = None,
    link_id: int | None = None,
) -> OutboxMail | None:
    """Write a mail to an address that may not be an account's (an invitation, a confirmation).

    `link_id` instead of `url`: the link is a secret, made when the mail is sent (`kernel.notifications.makes_link`).
    Nothing is written where the address was sent the kind's most within the hour.
    """
    most = kinds.KINDS[kind].most
    if most is not None and _written_within_hour(to, kind=kind, now=now) >= most:
        return None
    mail = OutboxMail(
        to=to,
        locale=locale or str(get_locale() or Locale.CHINESE),
        kind=kind,
        params=kinds.json_params(params or {}),
        url=url,
        link_id=link_id,
        rank=kinds.KINDS[kind].rank,
        created_at=now,
    )
    db.session.add(mail)
    return mail


def mail_people(kind: str, given: Mapping[int, dict[str, Any]], *, url: str | None, now: datetime) -> None:
    """Write a mail without a notice to each of these people, by the params of each. Two statements. Topics that they
    switched off the caller leaves out."""
    wanted = select(Person.id, Person.email).where(Person.id.in_(given))
    mails = [
        {
            "to": email,
            "person_id": person_id,
            "kind": kind,
            "params": kinds.json_params(given[person_id]),
            "url": url,
            "rank": kinds.KINDS[kind].rank,
            "created_at": now,
        }
        for person_id, email in db.session.execute(wanted).all()
    ]
    if mails:
        db.session.execute(insert(OutboxMail), mails)


def _written_within_hour(to: str, *, kind: str, now: datetime) -> int:
    counting = select(func.count()).select_from(OutboxMail)
    return (
        db.session.scalar(
            counting.where(
                OutboxMail.to == to, OutboxMail.kind == kind, OutboxMail.created_at > now - timedelta(hours=1)
            )
        )
        or 0
    )


@verb("notice.choose_mails", title=_l("Mails chosen"))
def choose_mails(*, actor: Actor, now: datetime, off: Collection[str]) -> None:
    """Have mails of these topics no longer come, and those of all others come. What nobody can switch off comes all the
    same (R-TOLD-4). Raises `SignInFirst`."""
    if actor.person_id is None:
        raise SignInFirst
    before, after = switched_off([actor.person_id])[actor.person_id], {*off} & {*Topic.switched()}
    own = MailSwitchedOff.person_id == actor.person_id
    db.session.execute(delete(MailSwitchedOff).where(own, MailSwitchedOff.topic.in_(before - after)))
    db.session.add_all(
        MailSwitchedOff(person_id=actor.person_id, topic=topic, since=now) for topic in sorted(after - before)
    )
    db.session.flush()
    record(
        actor,
        now,
        "notice.choose_mails",
        ("person", actor.person_id),
        before={"mails_off": sorted(before)},
        after={"mails_off": sorted(after)},
    )


def absolute(url: str | None) -> str | None:
    """A path of ours with the service's public address before it."""
    return f"{current_app.config['BASE_URL'].rstrip('/')}{url}" if url else None


def mark_read(*, actor: Actor, now: datetime, notice_ids: Iterable[int] | None = None) -> int:
    """Mark the person's own notices as read: these, or all. How many were unread."""
    change = update(Notice).where(Notice.person_id == actor.person_id, Notice.unread)
    if notice_ids is not None:
        change = change.where(Notice.id.in_(tuple(notice_ids)))
    return int(db.session.execute(change.values(read_at=now)).rowcount)  # type: ignore[attr-defined]


notifications.carry(notify=notify, send_mail=send_mail)
