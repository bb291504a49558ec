"""The accounts into which firms are paid, by clients and by the county (R-FIRM-6): each entry as it was made."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, and_, text
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.accounts.models import Person
from labshare.kernel.database import Model, UtcDateTime, stays_as_recorded
from labshare.kernel.sealing import opened
from labshare.kernel.typed import half_width
from labshare.organisations.models import Firm

SHOWN = 4
"""Digits at the end by which people know an account."""
SHORTEST_SHOWN = 8
"""Of anything shorter, four digits would be too much of it."""


class BankAccount(Model):
    """An account as an owner entered it. It counts from a day that is three working days ahead, and until that day any
    owner may stop it; of those not stopped, the one with the latest day that has come counts. The number lies
    encrypted, bound to its firm and its day: a copy in another row opens nowhere."""

    __tablename__ = "bank_account"
    __table_args__ = (
        CheckConstraint("entered_by IS NULL OR counts_from > entered_on", name="counts_later"),
        CheckConstraint(
            "(stopped_at IS NULL) = (stopped_on IS NULL) AND (stopped_at IS NULL) = (stopped_by IS NULL)",
            name="stopped_by_somebody",
        ),
        CheckConstraint("stopped_on IS NULL OR stopped_on < counts_from", name="stopped_before_it_counts"),
        Index(
            "uq_bank_account_day",
            "firm_id",
            "counts_from",
            unique=True,
            sqlite_where=text("stopped_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL"),
        ),
        Index(None, "digest"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    sealed: Mapped[str] = mapped_column(String(200))
    """The number as typed, encrypted (`labshare.kernel.sealing`)."""
    digest: Mapped[str] = mapped_column(String(64))
    """Equal for equal numbers, however they are typed."""
    ends: Mapped[str] = mapped_column(String(8))
    """`…1234`."""
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_on: Mapped[date]
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None of those that stood in the firm's details before."""
    counts_from: Mapped[date]
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_on: Mapped[date | None]
    stopped_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    firm: Mapped[Firm] = relationship()
    enterer: Mapped[Person | None] = relationship(foreign_keys=[entered_by])

    @property
    def number(self) -> str | None:
        """The whole number; nothing where it does not open under our keys."""
        return opened(self.sealed, bound_to=place_of(self.firm_id, self.counts_from))

    @hybrid_property
    def stopped(self) -> bool:
        """Whether an owner stopped it, or entered another in its place, before it counted."""
        return self.stopped_at is not None

    @stopped.inplace.expression
    @classmethod
    def _stopped_in_sql(cls) -> ColumnElement[bool]:
        return cls.stopped_at.is_not(None)

    @hybrid_method
    def waits_on(self, day: date) -> bool:
        """Whether it is to count from a later day."""
        return not self.stopped and day < self.counts_from

    @waits_on.inplace.expression  # type: ignore[attr-defined, untyped-decorator]
    @classmethod
    def _waits_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.stopped_at.is_(None), cls.counts_from > day)

    @hybrid_method
    def begun_on(self, day: date) -> bool:
        """Whether its day has come; it counts unless a later one's has, too."""
        return not self.stopped and self.counts_from <= day

    @begun_on.inplace.expression  # type: ignore[attr-defined, untyped-decorator]
    @classmethod
    def _begun_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.stopped_at.is_(None), cls.counts_from <= day)


_AS_ENTERED = ("id", "firm_id", "ends", "entered_at", "entered_on", "entered_by", "counts_from")
_STOP = ("stopped_at", "stopped_on", "stopped_by")
stays_as_recorded(
    BankAccount.__table__,
    rewritten=" OR ".join(
        [
            *(f"NEW.{one} IS DISTINCT FROM OLD.{one}" for one in _AS_ENTERED),
            *(f"(OLD.stopped_at IS NOT NULL AND NEW.{one} IS DISTINCT FROM OLD.{one})" for one in _STOP),
        ]
    ),
)


def place_of(firm_id: int, counts_from: date) -> str:
    """What an account's number is bound to."""
    return f"firm {firm_id} from {counts_from.isoformat()}"


def compact(account: str) -> str:
    """The same for one account, however it is typed."""
    return "".join(each for each in half_width(account) if each.isalnum()).upper()


def account_ends(account: str) -> str:
    """`…1234`; of a short one only the dots, of none nothing."""
    signs = compact(account)
    return f"…{signs[-SHOWN:] if len(signs) >= SHORTEST_SHOWN else ''}" if signs else ""
