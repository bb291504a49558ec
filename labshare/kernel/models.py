"""Tables of the house itself: jobs that ran, and answers kept for repeated requests."""

from datetime import datetime

from sqlalchemy import JSON, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from labshare.kernel.database import Model, UtcDateTime


class JobRun(Model):
    """One due run of a scheduled job. The unique row is what makes a job single, whoever starts it."""

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("job", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(String(60))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    host: Mapped[str] = mapped_column(String(200))
    result: Mapped[str | None] = mapped_column(String(500))
    failed: Mapped[bool] = mapped_column(default=False)


class IdempotencyKey(Model):
    """The first answer to a POST with an `Idempotency-Key`, kept 24 hours for person, method and path.

    `status` is null while the first request is in flight.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (
        UniqueConstraint("person_id", "method", "path", "key"),
        Index(None, "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int]
    method: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(String(500))
    key: Mapped[str] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the body; of fields and file digests for multipart."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[int | None]
    headers: Mapped[list[list[str]] | None] = mapped_column(JSON)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
