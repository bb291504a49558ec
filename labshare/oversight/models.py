"""What is kept of months (docs/decisions/months.md), and what an upgrade found in a database that was filled before a
rule was one. Times in minutes, money in fen; months `YYYY-MM`, edges as moments and local days."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from labshare.accounts.terms import Locale
from labshare.booking.models import Booking, Closure, Holding, OpeningWeek, WorkingDay, WorkingYear
from labshare.booking.terms import HoldingKind
from labshare.kernel.database import Model, UtcDateTime, append_only, guard, one_of
from labshare.kernel.money import Fen
from labshare.kernel.terms import listed
from labshare.kernel.time import Minutes
from labshare.settlement.models import Report, RevenueEntry


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


class HeadAddress(Model):
    """An address that gets each day's head of the audit trail by mail, once its holder has said yes (R-AUDIT-14).
    Ended rows stay."""

    __tablename__ = "head_address"
    __table_args__ = (
        one_of("locale", Locale),
        CheckConstraint("sent_head IS NULL OR confirmed_at IS NOT NULL", name="nobody_unasked"),
        Index(
            "ix_head_address_kept",
            "email",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    """Lower case."""
    locale: Mapped[str] = mapped_column(String(12))
    added_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    nonce: Mapped[str] = mapped_column(String(64))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    """Of the link's secret, which is made of the nonce with `SECRET_KEY`."""
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_head: Mapped[int | None]
    """The head that went there last."""

    @hybrid_property
    def listed(self) -> bool:
        """Whether it is on the list."""
        return self.ended_at is None

    @listed.inplace.expression
    @classmethod
    def _listed_in_sql(cls) -> ColumnElement[bool]:
        return cls.ended_at.is_(None)

    @hybrid_property
    def confirmed(self) -> bool:
        """Whether its holder has said yes."""
        return self.confirmed_at is not None

    @confirmed.inplace.expression
    @classmethod
    def _confirmed_in_sql(cls) -> ColumnElement[bool]:
        return cls.confirmed_at.is_not(None)


class KeptMonth(Model):
    """A month of which something is kept: from here on whatever changes it leaves a `StaleMonth`."""

    __tablename__ = "kept_month"
    __table_args__ = (Index(None, "ends_at"),)

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    first_day: Mapped[date]
    last_day: Mapped[date]
    over: Mapped[bool]
    """Its work is kept too; of a month that goes on only how long its labs are open."""


class Figures:
    """The sums that are kept (`oversight.lab_months.FIGURES`)."""

    booked_minutes: Mapped[Minutes] = mapped_column(default=Minutes(0))
    bookings: Mapped[int] = mapped_column(default=0)
    no_shows: Mapped[int] = mapped_column(default=0)
    tests: Mapped[int] = mapped_column(default=0)
    used_minutes: Mapped[Minutes] = mapped_column(default=Minutes(0))
    """Of finished tests alone."""
    outside_minutes: Mapped[Minutes] = mapped_column(default=Minutes(0))
    samples: Mapped[int] = mapped_column(BigInteger, default=0)
    reported: Mapped[int] = mapped_column(default=0)
    on_time: Mapped[int] = mapped_column(default=0)
    in_house_minutes: Mapped[Minutes] = mapped_column(default=Minutes(0))
    reports: Mapped[int] = mapped_column(default=0)
    recognised_fen: Mapped[Fen] = mapped_column(default=Fen(0))
    outside_fen: Mapped[Fen] = mapped_column(default=Fen(0))


class LabMonth(Figures, Model):
    """A lab's month that was counted, with its sums. What is kept of it holds as long as it has no `StaleMonth`."""

    __tablename__ = "lab_month"

    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    over: Mapped[bool]
    """Its work was counted too (`UsageMonth`)."""
    open_minutes: Mapped[Minutes]
    """Opening hours less closures."""


class InstrumentMonth(Model):
    """What an instrument's opening minutes of a month differ from its lab's: by its own hours, and by blocks."""

    __tablename__ = "instrument_month"
    __table_args__ = (Index(None, "lab_id", "month"),)

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    blocked_minutes: Mapped[Minutes]
    """What blocks take of its opening hours, all its units together."""
    extra_minutes: Mapped[Minutes] = mapped_column(default=Minutes(0))
    """How much longer its own hours are than the lab's, of each unit; negative where they are shorter."""


class UsageMonth(Figures, Model):
    """The sums of a lab's month that is over, by instrument and test item (`oversight.lab_months.FIGURES`)."""

    __tablename__ = "usage_month"
    __table_args__ = (Index(None, "lab_id", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    month: Mapped[str] = mapped_column(String(7))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    test_item_id: Mapped[int | None] = mapped_column(ForeignKey("test_item.id"))
    """Null: in-house use."""


class ClientMonth(Model):
    """A firm that a lab finished tests for in a month that is over, by instrument and test item; not the lab's own."""

    __tablename__ = "client_month"

    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), primary_key=True)
    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"), primary_key=True)
    client_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)
    sme: Mapped[int]
    """1 where it booked as one."""


class StaleMonth(Model):
    """Something of a lab's kept month has changed since: until it is counted anew it is summed from its bookings.

    Written by triggers with whatever changes it, one for each change; the count deletes those that it had seen.
    """

    __tablename__ = "stale_month"
    __table_args__ = (Index(None, "lab_id", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    month: Mapped[str] = mapped_column(String(7))


# What changes a lab's month marks it, whoever writes. `{row}` is the row as it was or as it is now, `k` a month.

_EVENTS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


def _marks(
    table: Any,
    *months: str,
    labs: str = "{row}.lab_id",
    events: tuple[str, ...] = tuple(_EVENTS),
    when: str = "",
    changed: tuple[str, ...] = (),
    postgresql: tuple[str, ...] = (),
) -> None:
    """Have a change of a row mark `labs` in the months of each of these SQL conditions. `when`: of which rows at all;
    `changed`: an update of these columns alone; `postgresql`: the conditions as that engine spells them."""
    name = f"{table.name}_marks_months"

    def marked(event: str, conditions: tuple[str, ...]) -> str:
        mark = f"INSERT INTO stale_month (lab_id, month) SELECT {labs}, k.month FROM kept_month k"
        join = " CROSS JOIN lab l" if labs == _EACH_LAB else ""
        return " ".join(f"{mark}{join} WHERE {one};".format(row=row) for row in _EVENTS[event] for one in conditions)

    def head(event: str) -> str:
        of = f" OF {', '.join(changed)}" if changed and event == "UPDATE" else ""
        asked = f" WHEN ({' OR '.join(when.format(row=row) for row in _EVENTS[event])})" if when else ""
        return f"CREATE TRIGGER {name}_{event.lower()} AFTER {event}{of} ON {table.name} FOR EACH ROW{asked}"

    guard(
        table,
        sqlite=tuple(f"{head(event)} BEGIN {marked(event, months)} END" for event in events),
        postgresql=tuple(
            statement
            for event in events
            for statement in (
                (
                    f"CREATE FUNCTION {name}_{event.lower()}() RETURNS trigger LANGUAGE plpgsql AS "
                    f"$$ BEGIN {marked(event, postgresql or months)} RETURN NULL; END $$"
                ),
                f"{head(event)} EXECUTE FUNCTION {name}_{event.lower()}()",
            )
        ),
    )


_EACH_LAB = "l.id"
_OVER_AT = "k.ends_at > {at} AND k.starts_at <= {at} AND k.over"
_MEETS = "k.ends_at > {row}.starts_at AND k.starts_at < {row}.ends_at"
_BOOKING = "(SELECT finished_at FROM booking WHERE id = {row}.booking_id)"

_marks(
    Booking.__table__,
    _OVER_AT.format(at="{row}.starts_at"),
    _OVER_AT.format(at="{row}.finished_at"),
    changed=(
        "state",
        "lab_id",
        "lab_firm_id",
        "client_firm_id",
        "client_size",
        "instrument_id",
        "test_item_id",
        "quantity",
        "turnaround_days",
        "starts_at",
        "ends_at",
        "started_at",
        "finished_at",
        "finished_on",
        "machine_minutes",
    ),
)
_marks(
    Holding.__table__,
    _MEETS,
    labs="(SELECT lab_id FROM instrument WHERE id = {row}.instrument_id)",
    when="{row}.kind IN (" + listed(HoldingKind.blocks()) + ")",
)
_marks(
    Report.__table__,
    "k.first_day <= {row}.issued_on AND k.last_day >= {row}.issued_on AND k.over",
    _OVER_AT.format(at=_BOOKING),
    events=("INSERT",),
)
_marks(RevenueEntry.__table__, "k.month = {row}.month AND k.over", events=("INSERT",))
_marks(OpeningWeek.__table__, "k.last_day >= {row}.valid_from")
_marks(Closure.__table__, _MEETS)
_marks(  # hours past midnight reach into the next day
    WorkingDay.__table__,
    "{row}.day BETWEEN date(k.first_day, '-1 day') AND k.last_day",
    labs=_EACH_LAB,
    postgresql=("{row}.day BETWEEN k.first_day - 1 AND k.last_day",),
)
_marks(
    WorkingYear.__table__,
    "{row}.year IN (strftime('%Y', k.first_day, '-1 day') + 0, substr(k.month, 1, 4) + 0)",
    labs=_EACH_LAB,
    events=("INSERT", "DELETE"),
    postgresql=("{row}.year IN (extract(year FROM k.first_day - 1), extract(year FROM k.first_day))",),
)
