"""What is sent to people: in the application and by mail."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, Text, false, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from labshare.kernel.database import Model, UtcDateTime, one_of
from labshare.notices.terms import Topic


class Notice(Model):
    """A line in a person's notices. `kind` chooses the words, `params` fill them, `url` leads to the place to act."""

    __tablename__ = "notice"
    __table_args__ = (
        Index(None, "person_id", "id"),
        Index(
            "ix_notice_unread",
            "person_id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
        Index(
            "ix_notice_mail_due",
            "id",
            sqlite_where=text("mail_due = 1"),
            postgresql_where=text("mail_due"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int]
    firm_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(60))
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    url: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mail_due: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether it is to go out by mail, too, and is not in the outbox yet."""

    @hybrid_property
    def unread(self) -> bool:
        return self.read_at is None

    @unread.inplace.expression
    @classmethod
    def _unread_in_sql(cls) -> ColumnElement[bool]:
        return cls.read_at.is_(None)


class OutboxMail(Model):
    """A mail to send, worded when it is sent. Those of notices are brought here by the scheduler, which delivers them;
    others are written in the business transaction."""

    __tablename__ = "outbox_mail"
    __table_args__ = (
        Index(
            "ix_outbox_mail_waiting",
            "rank",
            "id",
            sqlite_where=text("sent_at IS NULL"),
            postgresql_where=text("sent_at IS NULL"),
        ),
        Index(None, "to", "created_at"),
        Index(None, "sent_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(12), default="")
    """Empty: the person's own when it is sent."""
    subject: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    """The words of an earlier version's mail; without its link where `link_id` is given: U+FFFC stands in its place."""
    kind: Mapped[str | None] = mapped_column(String(60))
    """None for mails of the first version."""
    person_id: Mapped[int | None]
    """Whom it is written to, where that is an account's."""
    params: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    url: Mapped[str | None] = mapped_column(String(300))
    """What fills the words, and the path they lead to, as of a notice."""
    link_id: Mapped[int | None]
    """What a secret link is made for when the mail is sent; the link itself is kept nowhere."""
    rank: Mapped[int] = mapped_column(server_default=text("1"))
    """0 goes before 1."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(500))


class MailSwitchedOff(Model):
    """A person wants no mails of this topic. Whoever has no row gets all; notices come either way."""

    __tablename__ = "mail_switched_off"
    __table_args__ = (one_of("topic", Topic.switched()),)

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(20), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
