"""People and their sign-in."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    exists,
    not_,
    or_,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from labshare.accounts.terms import CodePurpose, Locale
from labshare.kernel.database import Model, UtcDateTime, one_of


class Person(Model):
    """An account. What the person may do comes from memberships and regulator roles (organisations)."""

    __tablename__ = "person"
    __table_args__ = (one_of("locale", Locale, null=True), Index(None, "mobile", unique=True))

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """Lower case."""
    name: Mapped[str] = mapped_column(String(80))
    mobile: Mapped[str | None] = mapped_column(String(11))
    """Eleven digits; its holder has proved to hold it, and may sign in by a code sent there."""
    password_hash: Mapped[str | None] = mapped_column(String(200))
    """argon2id; null until an invitation is accepted."""
    locale: Mapped[str | None] = mapped_column(String(12))
    session_epoch: Mapped[int] = mapped_column(default=0)
    """Raised to end every session ("sign out everywhere", password change)."""
    demonstration: Mapped[bool] = mapped_column(default=False)
    """Refused in production."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    email_confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @hybrid_property
    def enabled(self) -> bool:
        """Whether nobody has disabled the account."""
        return self.disabled_at is None

    @enabled.inplace.expression
    @classmethod
    def _enabled_in_sql(cls) -> ColumnElement[bool]:
        return cls.disabled_at.is_(None)


LONGEST_AGENT = 300


class SignInSession(Model):
    """A signed-in browser. Its cookie holds a secret of which only the digest is kept, so that signing out ends it
    here and not only in the browser. Ended rows stay."""

    __tablename__ = "sign_in_session"
    __table_args__ = (Index(None, "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    key_digest: Mapped[str] = mapped_column(String(64), unique=True)
    epoch: Mapped[int]
    """The person's `session_epoch` when it began; any other ends it."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """However busy it is."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When its person last proved who it is, at the sign-in or since."""
    agent: Mapped[str | None] = mapped_column(String(LONGEST_AGENT))
    """What the browser said it was when it began."""

    @hybrid_property
    def ended(self) -> bool:
        """Signed out, whatever its time."""
        return self.ended_at is not None

    @ended.inplace.expression
    @classmethod
    def _ended_in_sql(cls) -> ColumnElement[bool]:
        return cls.ended_at.is_not(None)

    @hybrid_method
    def open_at(self, moment: datetime) -> bool:
        """Whether neither its person nor time has ended it. What the epoch ends is asked with the person."""
        return not self.ended and moment < self.expires_at

    @open_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _open_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(not_(cls.ended), cls.expires_at > moment)


class SecondFactor(Model):
    """What a person types beside the password: codes of an app that holds the same secret (RFC 6238)."""

    __tablename__ = "second_factor"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    secret: Mapped[str] = mapped_column(String(255))
    """Encrypted under a key made of `SECRET_KEY`, together with the person's id."""
    last_step: Mapped[int]
    """The step of thirty seconds whose code was taken last; no code of this or an earlier one is taken."""
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


MOST_PASSKEYS = 10


class Passkey(Model):
    """A key on a person's device that signs what this site asks, once the device has looked at its person."""

    __tablename__ = "passkey"
    __table_args__ = (CheckConstraint("sign_count >= 0", name="sign_count_counts"), Index(None, "person_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(40))
    """As its person calls it."""
    credential: Mapped[str] = mapped_column(String(1400), unique=True)
    """Its id as the device says it, base64url."""
    public_key: Mapped[str] = mapped_column(Text)
    """COSE, sealed under a key made of `SECRET_KEY` with person and `credential`: nobody writes one of their own."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """How often the device says it has signed; 0 of those that do not count."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the challenge that it answered last was made: none that is as old is taken again."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def has_factor_of(person_id: Any) -> ColumnElement[bool]:
    """Whether the person of this column has a second factor, of either kind."""
    return or_(
        exists().where(SecondFactor.person_id == person_id).correlate(Person),
        exists().where(Passkey.person_id == person_id).correlate(Person),
    )


class RecoveryCode(Model):
    """One of ten codes that stand in for app and passkeys, once each. Only a keyed digest is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("person_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @hybrid_property
    def unused(self) -> bool:
        """Whether it can still be used."""
        return self.used_at is None

    @unused.inplace.expression
    @classmethod
    def _unused_in_sql(cls) -> ColumnElement[bool]:
        return cls.used_at.is_(None)


MOST_TRIES = 5
"""Wrong codes before a code is dead: five of a million."""


class MobileCode(Model):
    """The latest code for a number and a purpose. The code is not kept: it is made of the nonce with `SECRET_KEY`.

    Without `person_id` the number signs in nobody: the row is written, so that asking takes the same time, and nothing
    is sent.
    """

    __tablename__ = "mobile_code"
    __table_args__ = (
        one_of("purpose", CodePurpose),
        CheckConstraint(f"tries BETWEEN 0 AND {MOST_TRIES}", name="tries_bounded"),
        Index(
            "ix_mobile_code_to_send",
            "asked_at",
            sqlite_where=text("sent_at IS NULL"),
            postgresql_where=text("sent_at IS NULL"),
        ),
    )

    mobile: Mapped[str] = mapped_column(String(11), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(10), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    nonce: Mapped[str] = mapped_column(String(32))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)

    @hybrid_method
    def open_at(self, moment: datetime) -> bool:
        """Whether time has not ended it; wrong tries may have."""
        return moment < self.expires_at

    @open_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _open_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return cls.expires_at > moment
