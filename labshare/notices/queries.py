"""What a person was told."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, func, select

from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.notices.models import MailSwitchedOff, Notice


def unread_count(person_id: int) -> int:
    """For the bell: one look at the index of unread notices."""
    return db.session.scalar(unread_of(person_id)) or 0


def unread_of(person_id: int | None) -> Select[Any]:
    """The same as a select."""
    return select(func.count()).select_from(Notice).where(Notice.person_id == person_id, Notice.unread)


def own_notice(*, person_id: int, notice_id: int) -> Notice:
    """One notice of this person's. Raises `NotFound`."""
    notice = db.session.get(Notice, notice_id)
    if notice is None or notice.person_id != person_id:
        raise NotFound
    return notice


def notices_of(person_id: int, *, before: int | None = None, limit: int = 30) -> Sequence[Notice]:
    """The newest notices first; `before` is the id where the page before ended. One more than `limit`, if there is."""
    chosen = select(Notice).where(Notice.person_id == person_id)
    if before is not None:
        chosen = chosen.where(Notice.id < before)
    return db.session.scalars(chosen.order_by(Notice.id.desc()).limit(limit + 1)).all()


def switched_off(person_ids: Collection[int]) -> dict[int, set[str]]:
    """The topics of which each of these people wants no mails. One statement."""
    found: dict[int, set[str]] = {person_id: set() for person_id in person_ids}
    chosen = select(MailSwitchedOff.person_id, MailSwitchedOff.topic).where(MailSwitchedOff.person_id.in_(person_ids))
    for person_id, topic in db.session.execute(chosen):
        found[person_id].add(topic)
    return found
