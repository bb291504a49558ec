"""The daily digest: what waits for a person in each of their firms and as a regulator, by `waiting.KINDS`.

A mail of its own, of nothing but what waits: whoever has nothing to do gets none. Unread notices are no task; each came
by mail when it was told.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import exists, or_, select
from werkzeug.routing import BuildError

from labshare.accounts.models import Person
from labshare.kernel.database import db
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.time import local_day, start_of_day
from labshare.notices.kinds import kind
from labshare.notices.models import MailSwitchedOff, OutboxMail
from labshare.notices.services import absolute
from labshare.notices.terms import Topic
from labshare.organisations.models import Firm, Membership, RegulatorRole
from labshare.organisations.permissions import may
from labshare.organisations.queries import Account, account_of_person
from labshare.oversight.waiting import KINDS, OF_FIRMS, Kind, waiting_for_regulators

DIGEST = kind(
    "digest",
    topic=Topic.DIGEST,
    title=_l("To do on %(day)s: %(n)s"),
    text=_l("This waits:\n\n%(lines)s"),
)
HOUR = 8
"""Local time."""
HEADING = "%(firm)s"
AS_REGULATOR = _l("As a regulator")
LINE = _l("- %(what)s: %(n)s %(link)s")
Line = tuple[LazyString | str, dict[str, Any]]


def readers_of_digest(now: datetime, *, after: int, limit: int) -> Sequence[int]:
    """The next people, by id, for whom something could wait and who want to hear of it once a day, and have not today.
    One statement."""
    wanted = (
        select(Person.id)
        .where(
            Person.id > after,
            Person.enabled,
            or_(
                exists().where(Membership.person_id == Person.id, Membership.current),
                exists().where(RegulatorRole.person_id == Person.id, RegulatorRole.in_force),
            ),
            ~exists().where(MailSwitchedOff.person_id == Person.id, MailSwitchedOff.topic == Topic.DIGEST),
            ~exists().where(
                OutboxMail.to == Person.email,
                OutboxMail.created_at >= start_of_day(local_day(now)),
                OutboxMail.kind == DIGEST,
            ),
        )
        .order_by(Person.id)
        .limit(limit)
    )
    return db.session.scalars(wanted).all()


def digest_of(person_id: int, now: datetime) -> dict[str, Any] | None:
    """What fills the digest of a person; nothing where nothing waits. A statement for each firm, and those of the
    regulators' tasks."""
    account = account_of_person(person_id)
    if account is None:
        return None
    number = 0
    lines: list[Line] = []
    for heading, counted in _parts(account, now):
        found = [(kind, n) for kind, n in counted if n]
        if found:
            lines.append(heading)
        for one, n in found:
            number += n
            lines.append((LINE, {"what": one.line, "n": n, "link": _link(one)}))
    return {"day": local_day(now), "n": number, "lines": lines} if number else None


def _parts(account: Account, now: datetime) -> Iterator[tuple[Line, list[tuple[Kind, int]]]]:
    """A heading with how much of each kind waits: by firm, then as a regulator."""
    ids = [firm_id for firm_id, _role in account.memberships]
    firms = {firm.id: firm for firm in db.session.scalars(select(Firm).where(Firm.id.in_(ids)))} if ids else {}
    for firm_id in ids:
        yield (HEADING, {"firm": in_both_languages(firms[firm_id])}), _in_firm(account, firm_id, now)
    if account.regulator_roles:
        shown: Mapping[str, int] = waiting_for_regulators(account.actor(), now).counted(now)
        theirs = [(one, shown[one.name]) for one in KINDS if one.whose in account.regulator_roles and one.line]
        yield (AS_REGULATOR, {}), theirs


def _in_firm(account: Account, firm_id: int, now: datetime) -> list[tuple[Kind, int]]:
    """What this member may do there. One statement."""
    actor = account.actor(firm_id)
    theirs = [
        one
        for one in KINDS
        if one.whose in OF_FIRMS and one.line and may(actor, one.action, **{one.whose: firm_id})  # type: ignore[arg-type]
    ]
    columns = [one.count(actor, now).scalar_subquery() for one in theirs if one.count is not None]
    counts = db.session.execute(select(*columns)).one() if columns else ()
    return list(zip(theirs, counts, strict=True))


def _link(one: Kind) -> str:
    """The address of the page where it is done; empty where that is one of several."""
    try:
        return absolute(current_app.url_map.bind("").build(one.page)) or ""
    except BuildError:
        return ""
