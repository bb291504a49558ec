"""Firms and who acts for them."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.accounts.models import Person
from labshare.kernel.actor import REGULATOR_ROLES
from labshare.kernel.database import Model, UtcDateTime, one_of

FIRM_KINDS = ("enterprise", "public_institution", "other")
SIZE_CLASSES = ("large", "medium", "small", "micro")
AFFILIATION_KINDS = ("controls", "shares_owner", "family", "declared")
AFFILIATION_SOURCES = ("firm", "business_register", "inspection")
FIRM_ROLES = ("owner", "lab_manager", "booker", "accountant", "viewer")


class Firm(Model):
    """A legal unit with a credit code. May be client and host of labs at once."""

    __tablename__ = "firm"
    __table_args__ = (
        one_of("kind", FIRM_KINDS),
        Index(None, "town"),
        Index(None, "verified_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(String(18), unique=True)
    """Unified social credit code, GB 32100."""
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str | None] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(20))
    division: Mapped[str] = mapped_column(String(6))
    town: Mapped[str | None] = mapped_column(String(9))
    """Statistical code of the town (nine digits), see `divisions`."""
    sector: Mapped[str] = mapped_column(String(20))
    """One of the 16 sectors of the size standard."""
    industry: Mapped[str | None] = mapped_column(String(5))
    """GB/T 4754 code, e.g. C3451."""
    address: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    legal_person: Mapped[str] = mapped_column(String(60), default="")
    bank_account: Mapped[str] = mapped_column(String(40), default="")
    registered_on: Mapped[date | None]
    size_class: Mapped[str | None] = mapped_column(String(10))
    """The class in force now, copied from the latest `FirmSize`; only enterprises have one."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    returned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    return_reason: Mapped[str | None] = mapped_column(String(500))

    @property
    def verified(self) -> bool:
        return self.verified_at is not None


class FirmSize(Model):
    """A firm's declared figures of one year and the size class derived from them. The class is a dated fact."""

    __tablename__ = "firm_size"
    __table_args__ = (
        UniqueConstraint("firm_id", "valid_from"),
        one_of("size_class", SIZE_CLASSES),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    year: Mapped[int]
    employees: Mapped[int | None]
    revenue_fen: Mapped[int | None] = mapped_column(BigInteger)
    assets_fen: Mapped[int | None] = mapped_column(BigInteger)
    sector: Mapped[str] = mapped_column(String(20))
    size_class: Mapped[str] = mapped_column(String(10))
    valid_from: Mapped[date]
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why the class was set by hand, where it was."""


class Affiliation(Model):
    """A relation between two firms, dated; `controls` runs from `firm_id` to `other_firm_id`, the rest both ways."""

    __tablename__ = "affiliation"
    __table_args__ = (
        one_of("kind", AFFILIATION_KINDS),
        one_of("source", AFFILIATION_SOURCES),
        CheckConstraint("firm_id <> other_firm_id", name="two_firms"),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="dates_in_order"),
        Index(None, "firm_id"),
        Index(None, "other_firm_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    other_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    kind: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    """Last day, included."""
    source: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(300), default="")
    entered_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Membership(Model):
    """A person's role in a firm. Ended rows stay."""

    __tablename__ = "membership"
    __table_args__ = (
        one_of("role", FIRM_ROLES),
        Index(
            "uq_membership_current",
            "person_id",
            "firm_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "firm_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    role: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship()
    firm: Mapped[Firm] = relationship()


class RegulatorRole(Model):
    """A regulator's role: proposed by one administrator, in force once a second one agrees (contract section 7)."""

    __tablename__ = "regulator_role"
    __table_args__ = (
        one_of("role", REGULATOR_ROLES),
        CheckConstraint("agreed_by IS NULL OR agreed_by <> proposed_by", name="two_administrators"),
        Index(
            "uq_regulator_role_current",
            "person_id",
            "role",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str] = mapped_column(String(20))
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Null for the first two administrators, made by command, and for demonstration data."""
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """In force from here on."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(foreign_keys=[person_id])


class Invitation(Model):
    """An invitation into a firm, by mail. The link's secret is made from `nonce` and `SECRET_KEY` when the mail is
    sent; it is found by its digest."""

    __tablename__ = "invitation"
    __table_args__ = (one_of("role", FIRM_ROLES), Index(None, "firm_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(20))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    nonce: Mapped[str | None] = mapped_column(String(43))
    """None for those of an earlier version, whose mails were written with their link."""

    firm: Mapped[Firm] = relationship()


class ApiToken(Model):
    """A bearer token of a person acting for a firm (or as a regulator, without one). Ends with the membership or the
    roles, with a new password and with "sign out everywhere"."""

    __tablename__ = "api_token"
    __table_args__ = (one_of("scope", ("read", "write")), Index(None, "person_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"))
    name: Mapped[str] = mapped_column(String(60), default="")
    scope: Mapped[str] = mapped_column(String(5))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of a secret of 256 bits."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    """The person's `session_epoch` when it was issued; any other ends it, as it ends sessions."""

    person: Mapped[Person] = relationship()
