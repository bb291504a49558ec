"""Sending the mails of the outbox: after the commit, outside every business transaction.

Notices whose kind goes out by mail are first brought into the outbox. A mail is claimed (its next attempt set ahead,
committed), then worded and sent, then marked; so one host at a time works on it, and a host that dies in between leaves
it to be tried again. A mail may then arrive twice, never not at all. Its language and address are those that the
receiver has now. Links that open something are made here, into the letter alone.
"""

import logging
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update

from labshare.accounts.models import Person
from labshare.accounts.terms import Locale
from labshare.kernel import calendars
from labshare.kernel.calendars import Invitation
from labshare.kernel.database import db, transaction
from labshare.kernel.formatting import language
from labshare.kernel.notifications import link_for
from labshare.notices import kinds
from labshare.notices.models import Notice, OutboxMail
from labshare.notices.queries import switched_off
from labshare.notices.services import absolute
from labshare.notices.terms import Topic

log = logging.getLogger("labshare.mail")

CLAIM = timedelta(minutes=10)
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720, 1440))
"""The wait after each failed attempt; after the last one the mail is given up and its error stays."""
BATCH = 1_000
"""Notices brought into the outbox at once: keeps the writer's turn short."""
LINK_PLACE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in a mail of an earlier version for the link that is made when it is sent."""
INVITATION = "invitation.ics"
CHOOSE = "/account/mails"
"""Where a person chooses among the topics of mails."""
MOST_TO_ADDRESS = 60
"""Mails to one address within an hour; the rest waits. In all: `MAIL_PER_HOUR`."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    id: int
    to: str
    locale: str
    subject: str
    body: str
    created_at: datetime
    invitation: Invitation | None = None


Mailer = Callable[[Letter], None]


def deliver_outbox(now: datetime, *, mailer: Mailer | None = None, limit: int = 100) -> int:
    """Send what waits, at most `limit` mails; how many were sent. Opens transactions of its own: a job calls it.

    A mail that cannot be sent is tried again after 1, 5, 30, 120, 720 and 1440 minutes.
    """
    send = mailer or configured_mailer()
    sent = 0
    for draft in _claim(now, limit):
        error = None
        try:
            send(_worded(draft))
            sent += 1
        except Exception as problem:  # noqa: BLE001 - whatever the mail host says, the other mails must go
            error = f"{type(problem).__name__}: {problem}"[:500]
            log.warning("mail %s not sent: %s", draft.id, error)
        with transaction():
            mail = db.session.get_one(OutboxMail, draft.id)
            if error is None:
                mail.sent_at, mail.error, mail.next_attempt_at = now, None, None
            else:
                wait = BACK_OFF[mail.attempts - 1] if mail.attempts <= len(BACK_OFF) else None
                mail.error, mail.next_attempt_at = error, now + wait if wait else None
    return sent


def queue_of_mail() -> tuple[int, datetime | None, int]:
    """How many letters wait, since when the oldest does, and how many were given up after the last attempt. Two
    statements."""
    given_up = (OutboxMail.attempts > len(BACK_OFF)) & OutboxMail.next_attempt_at.is_(None)
    waiting = or_(OutboxMail.attempts <= len(BACK_OFF), OutboxMail.next_attempt_at.is_not(None))
    row = db.session.execute(
        select(
            func.count().filter(waiting), func.min(OutboxMail.created_at).filter(waiting), func.count().filter(given_up)
        ).where(OutboxMail.sent_at.is_(None))
    ).one()
    due = db.session.execute(select(func.count(), func.min(Notice.created_at)).where(Notice.mail_due)).one()
    return row[0] + due[0], min(filter(None, (row[1], due[1])), default=None), row[2]


def fill_outbox() -> None:
    """Bring the notices that are to go out by mail into the outbox, in the order they were written."""
    batch = select(Notice.id).where(Notice.mail_due).order_by(Notice.id).limit(BATCH).subquery()
    due = db.session.execute(
        update(Notice)
        .where(Notice.mail_due, Notice.id <= select(func.max(batch.c.id)).scalar_subquery())
        .values(mail_due=False)
        .returning(Notice.id, Notice.person_id, Notice.kind, Notice.params, Notice.url, Notice.created_at)
        .execution_options(synchronize_session=False)
    ).all()
    if not due:
        return
    wanted = select(Person.id, Person.email).where(Person.id.in_({each.person_id for each in due}))
    addresses: dict[int, str] = {row.id: row.email for row in db.session.execute(wanted)}
    off = switched_off(addresses)
    mails = [
        {
            "to": addresses[each.person_id],
            "person_id": each.person_id,
            "kind": each.kind,
            "params": each.params,
            "url": each.url,
            "rank": kinds.KINDS[each.kind].rank if each.kind in kinds.KINDS else 1,
            "created_at": each.created_at,
        }
        for each in sorted(due, key=lambda each: each.id)
        if each.person_id in addresses and _topic(each.kind) not in off[each.person_id]
    ]
    if mails:
        db.session.execute(insert(OutboxMail), mails)


def _topic(kind: str | None) -> Topic:
    """Of a mail of no known kind: the one that nobody can switch off."""
    kind_found = kinds.KINDS.get(kind or "")
    return kind_found.topic if kind_found else Topic.ACCOUNT


def _claim(now: datetime, limit: int) -> list["_Draft"]:
    with transaction():
        fill_outbox()
        waiting = db.session.scalars(
            select(OutboxMail)
            .where(OutboxMail.id.in_(_due(now, limit)), _waits(now))
            .order_by(OutboxMail.rank, OutboxMail.id)
            .with_for_update(skip_locked=True)
        ).all()
        written_to = select(Person).where(Person.id.in_({mail.person_id for mail in waiting}))
        _people = db.session.scalars(written_to).all()  # kept while they are looked up one by one
        drafts = []
        for mail in waiting:
            mail.attempts += 1
            mail.next_attempt_at = now + CLAIM
            draft = _draft_of(mail, now)
            if draft is None:
                db.session.delete(mail)
            else:
                drafts.append(draft)
        return drafts


def _waits(now: datetime) -> ColumnElement[bool]:
    return and_(
        OutboxMail.sent_at.is_(None),
        OutboxMail.attempts <= len(BACK_OFF),
        or_(OutboxMail.next_attempt_at.is_(None), OutboxMail.next_attempt_at <= now),
    )


def _due(now: datetime, limit: int) -> list[int]:
    """Which mails go now: the urgent first, then in the order they were written. What is above the hour's bounds, for
    its address or for all, waits; a tenth of the hour is kept for urgent ones."""
    most = int(current_app.config["MAIL_PER_HOUR"])
    hour = OutboxMail.sent_at > now - timedelta(hours=1)
    gone = db.session.scalar(select(func.count()).select_from(OutboxMail).where(hour)) or 0
    gone_to = select(OutboxMail.to).where(hour).cte("gone_to").prefix_with("MATERIALIZED")
    sent = select(gone_to.c.to, func.count().label("number")).group_by(gone_to.c.to).subquery()
    place = func.row_number().over(partition_by=OutboxMail.to, order_by=(OutboxMail.rank, OutboxMail.id))
    queue = (
        select(OutboxMail.id, OutboxMail.rank, (place + func.coalesce(sent.c.number, 0)).label("number"))
        .outerjoin(sent, sent.c.to == OutboxMail.to)
        .where(_waits(now))
        .subquery()
    )
    found = db.session.execute(
        select(queue.c.id, queue.c.rank)
        .where(queue.c.number <= MOST_TO_ADDRESS)
        .order_by(queue.c.rank, queue.c.id)
        .limit(max(0, min(limit, most - gone)))
    ).all()
    ordinary = max(0, most - most // 10 - gone)
    return [row.id for place, row in enumerate(found) if row.rank == 0 or place < ordinary]


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """A mail of the outbox with what its words need, none of which is asked of the database."""

    id: int
    to: str
    name: str | None
    locale: str
    kind: str | None
    params: dict[str, Any]
    link: str | None
    created_at: datetime
    subject: str
    body: str
    """Of an earlier version's mail; empty: worded from kind and params."""


def _draft_of(mail: OutboxMail, now: datetime) -> _Draft | None:
    """The mail with its link made; nothing where that would lead nowhere (no such account, the invitation was
    withdrawn)."""
    path = mail.url
    if mail.link_id is not None:
        path = link_for(mail.kind or "", mail.link_id, now)
        if path is None:
            return None
    person = db.session.get(Person, mail.person_id) if mail.person_id is not None else None
    return _Draft(
        id=mail.id,
        to=person.email if person else mail.to,
        name=person.name if person else None,
        locale=mail.locale or (person.locale if person else None) or Locale.CHINESE,
        kind=mail.kind,
        params=mail.params or {},
        link=absolute(path),
        created_at=mail.created_at,
        subject=mail.subject,
        body=mail.body,
    )


def _worded(draft: _Draft) -> Letter:
    """The letter in its reader's language."""
    subject, body, invitation = draft.subject, draft.body, None
    if body:
        before, place, after = body.rpartition(LINK_PLACE)
        body = f"{before}{draft.link}{after}" if place and draft.link else body
    else:
        with force_locale(draft.locale):
            title = kinds.title_of(draft.kind or "", draft.params)
            body = current_app.jinja_env.get_template("mail/notice.txt").render(
                name=draft.name,
                title=title,
                text=kinds.text_of(draft.kind or "", draft.params),
                link=draft.link,
                choose=absolute(CHOOSE) if draft.name and _topic(draft.kind) is not Topic.ACCOUNT else None,
            )
            invitation = _invitation(draft)
        subject = " ".join(title.split())[:200]
    return Letter(
        id=draft.id,
        to=draft.to,
        locale=draft.locale,
        subject=subject,
        body=body,
        created_at=draft.created_at,
        invitation=invitation,
    )


def _invitation(draft: _Draft) -> Invitation | None:
    """What the mail puts into its reader's calendar, in the present language."""
    entry = kinds.entry_of(draft.params, stamped_at=draft.created_at, url=draft.link)
    if entry is None:
        return None
    settings = current_app.config
    return calendars.invitation(
        entry,
        organiser=settings["SERVICE_NAME_EN" if language() == "en" else "SERVICE_NAME"],
        sender=settings["MAIL_FROM"],
        guest=draft.name or "",
        guest_address=draft.to,
    )


def letter_of(mail: OutboxMail, now: datetime) -> Letter | None:
    """The mail as it goes out now; nothing where its link would lead nowhere."""
    draft = _draft_of(mail, now)
    return _worded(draft) if draft else None


def configured_mailer() -> Mailer:
    """The mailer of `MAIL_URL`: `console:` writes to the log, `smtp://` and `smtps://` send."""
    url = current_app.config["MAIL_URL"]
    return _smtp(url) if url.startswith(("smtp://", "smtps://")) else _console


def _console(letter: Letter) -> None:
    log.warning("mail to %s: %s\n%s", letter.to, letter.subject, letter.body)


def _smtp(url: str) -> Mailer:
    """`smtp://user:password@host:port` (STARTTLS unless `?starttls=0`), or `smtps://` for TLS from the first byte."""
    parts = urlsplit(url)
    secure = parts.scheme == "smtps"
    start_tls = not secure and parse_qs(parts.query).get("starttls", ["1"])[0] != "0"
    host, port = parts.hostname or "localhost", parts.port or (465 if secure else 587)
    sender = current_app.config["MAIL_FROM"]

    def send(letter: Letter) -> None:
        context = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(host, port, timeout=20, context=context)
            if secure
            else smtplib.SMTP(host, port, timeout=20) as server
        ):
            if start_tls:
                server.starttls(context=context)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message(letter, sender))

    return send


def message(letter: Letter, sender: str) -> EmailMessage:
    """The letter as it goes over the wire: plain text, UTF-8. An invitation goes beside the text, for programs that put
    it into the calendar by themselves, and as a file, for those that do not."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = letter.to
    made["Subject"] = letter.subject
    made["Date"] = format_datetime(letter.created_at)
    made["Message-ID"] = make_msgid(idstring=str(letter.id), domain=sender.rpartition("@")[2] or "localhost")
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.body)
    if letter.invitation is not None:
        method, content = letter.invitation.method, letter.invitation.content
        made.add_alternative(content.decode(), subtype="calendar", params={"method": method})
        made.add_attachment(content, maintype="application", subtype="ics", filename=INVITATION)
    made["Content-Language"] = Locale.tag(letter.locale)  # after: setting the content takes such headers away
    return made
