"""The first answer to each request with an idempotency key, kept so that a repetition gets the same one."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from labshare.kernel.database import db
from labshare.kernel.models import IdempotencyKey

KEPT = timedelta(hours=24)


def kept_answer(*, person_id: int, method: str, path: str, key: str, now: datetime) -> IdempotencyKey | None:
    """What this person was answered under the key, at most 24 hours ago."""
    return db.session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.person_id == person_id,
            IdempotencyKey.method == method,
            IdempotencyKey.path == path,
            IdempotencyKey.key == key,
            IdempotencyKey.created_at > now - KEPT,
        )
    )


def keep_answer(
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
    """Keep an answer in the transaction that is open; `digest` tells whether a repetition asks the same. Where another
    request kept one under the key meanwhile, the commit raises `IntegrityError`."""
    forget_answers(now)
    db.session.add(
        IdempotencyKey(
            person_id=person_id,
            method=method,
            path=path,
            key=key,
            digest=digest,
            created_at=now,
            status=status,
            headers=headers,
            body=body,
        )
    )


def forget_answers(now: datetime) -> None:
    """Drop those kept for 24 hours."""
    db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= now - KEPT))
