"""What an upgrade found in a database that was filled before a rule was one."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from labshare.kernel.database import Model, UtcDateTime, append_only


class UpgradeFinding(Model):
    """A violation older than the invariant it breaks: `labshare check` lists it and does not fail on it."""

    __tablename__ = "upgrade_finding"
    __table_args__ = (UniqueConstraint("invariant", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    invariant: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(100))
    detail: Mapped[str] = mapped_column(String(500))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)


append_only(UpgradeFinding.__table__)
