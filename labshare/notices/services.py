"""Telling people: a line in the application and a mail, written in the transaction of what it is about.

Nothing is sent here: `labshare.notices.delivery` sends the mails that were committed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import current_app
from flask_babel import force_locale, get_locale
from sqlalchemy import Select, bindparam, func, insert, or_, select, update

from labshare.accounts.models import Person
from labshare.accounts.terms import Locale
from labshare.kernel import notifications
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.notices import kinds, words  # noqa: F401 - the kinds of the rooms below
from labshare.notices.models import Notice, OutboxMail
from labshare.organisations.models import Membership, RegulatorRole

LINK_PLACE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in a mail for the link that is made when it is sent."""


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
    but: int | None = None,
) -> int:
    """Tell these people once each: `person_ids`, the firm's members in `roles`, and whoever holds one of the
    `regulators` roles; all but the person `but` (who did it). How many were told.

    `kind` is registered with its words, see `labshare.notices.kinds`; `url` is a path of ours where one can act.
    Raises `KeyError` on an unknown kind or a place without its param.
    """
    found = kinds.KINDS[kind]
    wanted, held = tuple(set(person_ids)), tuple(regulators)
    if not wanted and firm_id is None and not held:
        return 0
    people = db.session.execute(
        _told(bool(wanted), firm_id is not None, bool(held)),
        {"person_ids": wanted, "firm_id": firm_id, "roles": tuple(roles), "held": held},
    ).all()
    told = [person for person in people if person.id != but]
    if not told:
        return 0
    kept = kinds.kept(params or {})
    line = {"firm_id": firm_id, "kind": kind, "params": kept, "url": url, "created_at": now}
    rows = db.session.connection()
    rows.execute(_NOTICE, [line | {"person_id": person.id} for person in told])
    if found.mail:
        rows.execute(_MAIL, [_mail(one.email, one.locale, kind, kept, url, now, name=one.name) for one in told])
    return len(told)


_NOTICE, _MAIL = insert(Notice), insert(OutboxMail)
"""Written past the session: almost every step tells somebody, and none reads it again."""


@cache
def _told(persons: bool, firm: bool, regulators: bool) -> Select[int, str, str, str | None]:
    """Who is told, by which of the three ways; put together once each, as almost every step tells somebody."""
    conditions = []
    if persons:
        conditions.append(Person.id.in_(bindparam("person_ids", expanding=True)))
    if firm:
        members = select(Membership.person_id).where(
            Membership.firm_id == bindparam("firm_id"),
            Membership.current,
            Membership.role.in_(bindparam("roles", expanding=True)),
        )
        conditions.append(Person.id.in_(members))
    if regulators:
        holders = select(RegulatorRole.person_id).where(
            RegulatorRole.role.in_(bindparam("held", expanding=True)),
            RegulatorRole.in_force,
        )
        conditions.append(Person.id.in_(holders))
    return (
        select(Person.id, Person.email, Person.name, Person.locale)
        .where(or_(*conditions), Person.enabled)
        .order_by(Person.id)
    )


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
    if most is not None and _written_within_hour(to, kind, now) >= most:
        return None
    mail = OutboxMail(**_mail(to, locale, kind, kinds.kept(params or {}), url, now, link_id=link_id))
    db.session.add(mail)
    return mail


def _written_within_hour(to: str, kind: str, now: datetime) -> int:
    counting = select(func.count()).select_from(OutboxMail)
    return (
        db.session.scalar(
            counting.where(
                OutboxMail.to == to, OutboxMail.kind == kind, OutboxMail.created_at > now - timedelta(hours=1)
            )
        )
        or 0
    )


def _mail(
    to: str,
    locale: str | None,
    kind: str,
    params: dict[str, Any],
    url: str | None,
    now: datetime,
    *,
    name: str | None = None,
    link_id: int | None = None,
) -> dict[str, Any]:
    """The values of a mail's row."""
    written_in = locale or str(get_locale() or Locale.CHINESE)
    with force_locale(written_in):
        subject = kinds.title_of(kind, params)
        body = current_app.jinja_env.get_template("mail/notice.txt").render(
            name=name,
            title=subject,
            text=kinds.text_of(kind, params),
            link=absolute(url) if link_id is None else LINK_PLACE,
        )
    return {
        "to": to,
        "locale": written_in,
        "subject": " ".join(subject.split())[:200],
        "body": body,
        "created_at": now,
        "kind": kind,
        "link_id": link_id,
        "rank": 0 if kinds.KINDS[kind].first else 1,
    }


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
