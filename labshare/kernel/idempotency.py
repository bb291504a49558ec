"""The first answer to each request with an idempotency key, kept so that a repetition gets the same one."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Insert, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from labshare.kernel.database import UtcDateTime, db
from labshare.kernel.models import IdempotencyKey

RETENTION = timedelta(hours=24)
PLACE = ("person_id", "method", "path", "key")


class AnsweredMeanwhile(Exception):
    """Another request has kept its answer under this key."""


def stored_answer(*, person_id: int, method: str, path: str, key: str, now: datetime) -> IdempotencyKey | None:
    """What this person was answered under the key, at most 24 hours ago."""
    return db.session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.person_id == person_id,
            IdempotencyKey.method == method,
            IdempotencyKey.path == path,
            IdempotencyKey.key == key,
            IdempotencyKey.created_at > now - RETENTION,
        )
    )


def store_answer(
    *,
    person_id: int,
    method: str,
    path: str,
    key: str,
    digest: str,
    now: datetime,
    status: int,
    headers: list[list[str]],
    body: bytes,
) -> None:
    """Keep an answer in the transaction that is open, in the place of one that is over; `digest` tells whether a
    repetition asks the same. One statement. Raises `AnsweredMeanwhile`."""
    connection = db.session.connection()
    stored = connection.execute(
        _KEEP[connection.dialect.name],
        {
            "person_id": person_id,
            "method": method,
            "path": path,
            "key": key,
            "digest": digest,
            "created_at": now,
            "status": status,
            "headers": headers,
            "body": body,
            "over": now - RETENTION,
        },
    )
    if stored.one_or_none() is None:
        raise AnsweredMeanwhile


def _keep(insert: Any) -> Insert:
    """Of one engine: the statement that writes an answer, over one whose time is over."""
    statement = insert(IdempotencyKey)
    values = {name: statement.excluded[name] for name in ("digest", "created_at", "status", "headers", "body")}
    written: Insert = statement.on_conflict_do_update(
        index_elements=PLACE, set_=values, where=IdempotencyKey.created_at <= bindparam("over", type_=UtcDateTime)
    ).returning(IdempotencyKey.id)
    return written


_KEEP = {"sqlite": _keep(sqlite.insert), "postgresql": _keep(postgresql.insert)}


def forget_answers(now: datetime) -> None:
    """Drop those kept for 24 hours."""
    db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= now - RETENTION))
