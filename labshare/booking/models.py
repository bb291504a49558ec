"""Time and bookings. Moments are UTC; `holding` is the only table that takes an instrument's time."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
    or_,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, backref, mapped_column, relationship

from labshare.accounts.models import Person
from labshare.booking.rules.lines import read_price
from labshare.booking.terms import (
    ApprovalState,
    BookingState,
    ChargeKind,
    ChargeState,
    DayKind,
    ExtraCause,
    ExtraKind,
    FeedOf,
    ForClientState,
    HoldingKind,
    PauseReason,
    ProposalState,
)
from labshare.catalogue.models import Fee, Instrument, Lab, TestItem
from labshare.kernel.database import Model, UtcDateTime, guard, one_of, stays_as_recorded
from labshare.kernel.money import Fen
from labshare.kernel.shapes import ahead
from labshare.kernel.terms import listed
from labshare.kernel.time import ExactMinutes, Hours, Minutes, start_of_day
from labshare.organisations.models import Firm

SAMPLES_AHEAD = timedelta(days=2)
"""How long before its start a confirmed booking asks for its samples."""
_SAMPLES_UNTIL = ahead("samples_until", SAMPLES_AHEAD)
RATING_POINTS = ("result_points", "service_points", "time_points")
"""Of a rating, each 1 to 5."""


class WorkingDay(Model):
    """A day that is not what its weekday says: a public holiday, or a make-up working day."""

    __tablename__ = "working_day"
    __table_args__ = (one_of("kind", DayKind),)

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(60), default="")
    name_en: Mapped[str] = mapped_column(String(60), default="")


class WorkingYear(Model):
    """A year of the table. Its days hold as they are entered; pages warn until it is confirmed as complete, and of a
    year that has no row, which has neither holidays nor make-up days."""

    __tablename__ = "working_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(200))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was entered whole, or an administrator said that nothing is missing in it."""

    @hybrid_property
    def confirmed(self) -> bool:
        """Whether it counts as complete."""
        return self.confirmed_at is not None

    @confirmed.inplace.expression
    @classmethod
    def _confirmed_in_sql(cls) -> ColumnElement[bool]:
        return cls.confirmed_at.is_not(None)


ALWAYS = date(2000, 1, 1)
"""From when the hours hold that a lab has had all along."""


class OpeningWeek(Model):
    """When a lab is open from a day on, until its next week; or one of its instruments, where it differs
    (R-TIME-20)."""

    __tablename__ = "opening_week"
    __table_args__ = (
        CheckConstraint("weekly IS NOT NULL OR instrument_id IS NOT NULL", name="lab_has_hours"),
        Index(
            "uq_opening_week_of_lab",
            "lab_id",
            "valid_from",
            unique=True,
            sqlite_where=text("instrument_id IS NULL"),
            postgresql_where=text("instrument_id IS NULL"),
        ),
        Index(
            "uq_opening_week_of_instrument",
            "instrument_id",
            "valid_from",
            unique=True,
            sqlite_where=text("instrument_id IS NOT NULL"),
            postgresql_where=text("instrument_id IS NOT NULL"),
        ),
        Index(None, "lab_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"))
    valid_from: Mapped[date]
    weekly: Mapped[list[list[list[int]]] | None] = mapped_column(JSON(none_as_null=True))
    """Seven days from Monday, each a list of [opens, closes] in minutes after local midnight, past it counting on.
    None: the instrument keeps its lab's."""

    instrument: Mapped[Instrument | None] = relationship()

    @hybrid_method
    def begun_on(self, day: date) -> bool:
        """Whether it holds, or held, by this day."""
        return self.valid_from <= day


class Closure(Model):
    """A span in which a lab is closed, cut out of its opening hours last."""

    __tablename__ = "closure"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="times_in_order"),
        Index(None, "lab_id", "ends_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(200))


_RUNNING = f"state IN ({listed(BookingState.running())})"
_LACKS_DOCUMENTS = f"state = '{BookingState.TESTED}' OR charged_fen > invoiced_fen"
_UNSETTLED = f"{_LACKS_DOCUMENTS} OR charged_fen > paid_fen"


class StoragePlace(Model):
    """Where a lab keeps samples, entered once and chosen at the bench (R-BENCH-3). Dropped ones stay on what lies
    there."""

    __tablename__ = "storage_place"
    __table_args__ = (UniqueConstraint("lab_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    name: Mapped[str] = mapped_column(String(40))
    dropped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    lab: Mapped[Lab] = relationship()

    @hybrid_property
    def in_use(self) -> bool:
        """Whether samples can be put there."""
        return self.dropped_at is None

    @in_use.inplace.expression
    @classmethod
    def _in_use_in_sql(cls) -> ColumnElement[bool]:
        return cls.dropped_at.is_(None)


class Booking(Model):
    """One test ordered by a client from a lab; copies what it used, so that later changes leave it alone.

    Money in fen: `price_fen` as booked; `charged_fen` the sum of its agreed charge lines; `invoiced_fen`, `paid_fen`,
    `recognised_fen` as of the last recording (settlement keeps them; `labshare check` verifies them).
    """

    __tablename__ = "booking"
    __table_args__ = (
        one_of("state", BookingState),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("starts_at <= ends_at", name="times_in_order"),
        CheckConstraint("charged_fen >= 0 AND price_fen >= 0", name="charge_not_negative"),
        CheckConstraint("invoiced_fen BETWEEN 0 AND charged_fen", name="invoiced_within_charge"),
        CheckConstraint("paid_fen BETWEEN 0 AND charged_fen", name="paid_within_charge"),
        CheckConstraint("recognised_fen BETWEEN 0 AND charged_fen", name="recognised_within_charge"),
        CheckConstraint(
            f"state IN ({listed(BookingState.before_samples(), ',')}) OR received_at IS NOT NULL",
            name="received_known",
        ),
        CheckConstraint(
            f"state NOT IN ({listed(BookingState.started_or_later(), ',')}) OR started_at IS NOT NULL",
            name="started_known",
        ),
        CheckConstraint(
            f"state NOT IN ({listed(BookingState.tested_or_later(), ',')}) OR finished_at IS NOT NULL",
            name="finished_known",
        ),
        CheckConstraint(
            "finished_at IS NULL OR finished_at >= started_at",
            name="finish_after_start",
        ),
        UniqueConstraint("booked_by", "submission"),
        Index(None, "client_firm_id", "starts_at"),
        Index(None, "lab_id", "starts_at"),
        Index(None, "lab_id", "state"),
        Index(None, "lab_firm_id", "state"),
        Index(None, "lab_firm_id", "starts_at"),
        Index(None, "instrument_id", "starts_at"),
        Index(None, "test_item_id"),
        Index(None, "fee_id"),
        Index(None, "starts_at"),
        Index(
            "ix_booking_finished",
            "lab_id",
            "finished_at",
            sqlite_where=text("finished_at IS NOT NULL"),
            postgresql_where=text("finished_at IS NOT NULL"),
        ),
        Index(
            "ix_booking_running",
            "instrument_id",
            sqlite_where=text(_RUNNING),
            postgresql_where=text(_RUNNING),
        ),
        Index(
            "ix_booking_unpapered",
            "lab_firm_id",
            sqlite_where=text(_LACKS_DOCUMENTS),
            postgresql_where=text(_LACKS_DOCUMENTS),
        ),
        Index(
            "ix_booking_unsettled",
            "lab_firm_id",
            sqlite_where=text(_UNSETTLED),
            postgresql_where=text(_UNSETTLED),
        ),
        Index(
            "ix_booking_requests_due",
            "answer_by",
            sqlite_where=text(f"state = '{BookingState.REQUESTED}'"),
            postgresql_where=text(f"state = '{BookingState.REQUESTED}'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    client_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    lab_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    division: Mapped[str] = mapped_column(String(6))
    """Its county, kept for ever: that of the lab's admission on the local day of booking, else that of its town."""
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    unit: Mapped[int]
    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"))
    fee_id: Mapped[int] = mapped_column(ForeignKey("fee.id"))

    quantity: Mapped[int]
    hours: Mapped[Hours | None]
    """The client's choice of test hours."""
    sample_description: Mapped[str] = mapped_column(Text)
    answers: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    """To the item's sample form, each with its question as it was asked (`rules.answers`); null where none was."""
    confidential: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """What the samples are is seen by the client's firm and those at the lab who do the work alone (R-SAMPLE-5)."""
    work_minutes: Mapped[ExactMinutes]
    cleanup_minutes: Mapped[Minutes]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """End of work, rounded up to the minute; the holding ends later by clean-up."""

    booked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    booked_on: Mapped[date]
    """Local day of booking: fee, admission and affiliation are those of this day."""
    booked_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    submission: Mapped[str | None] = mapped_column(String(36))
    """The form's or request's one-time key: a second click finds the first booking."""
    waive_reason: Mapped[str | None] = mapped_column(String(300))
    cost_centre: Mapped[str | None] = mapped_column(String(40))
    """The client's own, never shown to the lab."""
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the lab was last asked: at booking, or at a move that returned to `requested`."""
    answer_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When an unanswered request lapses (R-BOOKING-3)."""
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Who at the lab does it (R-BENCH-2)."""
    storage_place_id: Mapped[int | None] = mapped_column(ForeignKey("storage_place.id"))
    """Where its samples lie (R-BENCH-3)."""

    client_size: Mapped[str | None] = mapped_column(String(10))
    client_division: Mapped[str] = mapped_column(String(6))
    instrument_value_fen: Mapped[Fen | None]
    statutory: Mapped[bool]
    free_cancel_minutes: Mapped[Minutes]
    late_cancel_percent: Mapped[int]
    no_show_percent: Mapped[int]
    turnaround_days: Mapped[int]

    price_fen: Mapped[Fen]
    price: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    """How `price_fen` was made (`rules.lines`); null of one made before prices were kept."""
    charged_fen: Mapped[Fen]
    invoiced_fen: Mapped[Fen] = mapped_column(default=0)
    paid_fen: Mapped[Fen] = mapped_column(default=0)
    recognised_fen: Mapped[Fen] = mapped_column(default=0)

    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    samples_received: Mapped[int | None]
    sample_condition: Mapped[str | None] = mapped_column(String(500))
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_on: Mapped[date | None]
    """Local day the work finished: no report is dated before it."""
    machine_minutes: Mapped[Minutes | None]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was declined, cancelled or recorded as a no-show."""
    end_reason: Mapped[str | None] = mapped_column(String(500))
    revision: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Of its entry in calendars: 0 until it is first confirmed, then raised as its time or state changes (R-TOLD-3)."""
    reminded_for: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The start of which its client was reminded."""
    lab_reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the lab last reminded its client of what waits for them (R-TOLD-9)."""
    owner_told_for: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The end of the time to answer of which the lab's owners were told (R-TOLD-10)."""
    overdue_told_on: Mapped[date | None]
    """When its client was last told that a payment is overdue."""

    def revise(self) -> None:
        """What calendars say of it is no longer so."""
        if self.revision or self.state == BookingState.CONFIRMED:
            self.revision += 1

    @hybrid_property
    def unanswered(self) -> bool:
        """Whether it waits for the lab to confirm or decline."""
        return self.state == BookingState.REQUESTED

    @hybrid_method
    def lapses_by(self, moment: datetime) -> bool:
        """Whether it is a request whose time to answer is over at this moment."""
        return self.unanswered and self.answer_by is not None and self.answer_by <= moment

    @lapses_by.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lapses_by_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.unanswered, cls.answer_by <= moment)

    @hybrid_method
    def overdue_on(self, day: date) -> bool:
        """Whether it is a request of an earlier day that lapses by the end of this one (R-TOLD-10)."""
        begins, ends = start_of_day(day), start_of_day(day + timedelta(days=1))
        waits = self.answer_by is not None and begins < self.answer_by <= ends
        return self.unanswered and waits and self.requested_at < begins

    @overdue_on.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _overdue_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        begins, ends = start_of_day(day), start_of_day(day + timedelta(days=1))
        return and_(cls.unanswered, cls.answer_by > begins, cls.answer_by <= ends, cls.requested_at < begins)

    @hybrid_property
    def lacks_documents(self) -> bool:
        """Whether its report or an invoice is still to come."""
        return self.state == BookingState.TESTED or self.charged_fen > self.invoiced_fen

    @lacks_documents.inplace.expression
    @classmethod
    def _lacks_documents_in_sql(cls) -> ColumnElement[bool]:
        """Spelled as its index is, whose condition SQLite does not know by a parameter."""
        return or_(cls.state == literal_column(f"'{BookingState.TESTED}'"), cls.charged_fen > cls.invoiced_fen)

    @hybrid_property
    def unsettled(self) -> bool:
        """Whether its report, an invoice or a payment is still to come."""
        return self.lacks_documents or self.charged_fen > self.paid_fen

    @unsettled.inplace.expression
    @classmethod
    def _unsettled_in_sql(cls) -> ColumnElement[bool]:
        return or_(cls.lacks_documents, cls.charged_fen > cls.paid_fen)

    @hybrid_property
    def running(self) -> bool:
        """Whether its test is being done."""
        return self.state in BookingState.running()

    @running.inplace.expression
    @classmethod
    def _running_in_sql(cls) -> ColumnElement[bool]:
        return cls.state.in_([literal_column(f"'{state}'") for state in BookingState.running()])

    @hybrid_property
    def owes(self) -> bool:
        """Whether something is invoiced and not paid."""
        return self.invoiced_fen > self.paid_fen

    @hybrid_method
    def samples_due_at(self, moment: datetime) -> bool:
        """Whether it is confirmed and begins so soon that the samples must come."""
        return self.state == BookingState.CONFIRMED and moment < self.starts_at < moment + SAMPLES_AHEAD

    @samples_due_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _samples_due_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        until = moment + SAMPLES_AHEAD if isinstance(moment, datetime) else _SAMPLES_UNTIL
        return and_(cls.state == BookingState.CONFIRMED, cls.starts_at > moment, cls.starts_at < until)

    client: Mapped[Firm] = relationship(foreign_keys=[client_firm_id])
    booker: Mapped[Person] = relationship(foreign_keys=[booked_by])
    assignee: Mapped[Person | None] = relationship(foreign_keys=[assignee_id])
    storage_place: Mapped[StoragePlace | None] = relationship()
    paused: Mapped["Pause | None"] = relationship(
        primaryjoin="and_(Pause.booking_id == Booking.id, Pause.ended_at.is_(None))", viewonly=True
    )
    """The pause in which its running test stands still."""
    lab_firm: Mapped[Firm] = relationship(foreign_keys=[lab_firm_id])
    lab: Mapped[Lab] = relationship()
    instrument: Mapped[Instrument] = relationship()
    test_item: Mapped[TestItem] = relationship()
    fee: Mapped[Fee] = relationship()


class Quote(Model):
    """What a lab's test costs a firm, fixed while it lasts; `price` is read by `rules.lines`. Fen.

    `valid_until` is the moment from which it can no longer be booked: one accepted by a purchase order lasts longer.
    """

    __tablename__ = "quote"
    __table_args__ = (
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("amount_fen BETWEEN 0 AND published_fen", name="amount_within_published"),
        CheckConstraint("(own_at IS NULL) = (own_by IS NULL)", name="own_price_whole"),
        CheckConstraint("(accepted_at IS NULL) = (purchase_order IS NULL)", name="accepted_whole"),
        Index(None, "client_firm_id", "id"),
        Index(None, "lab_firm_id", "id"),
        Index(None, "test_item_id"),
        Index(None, "fee_id"),
        Index(None, "booking_id", unique=True),
        Index(
            "ix_quote_own_price",
            "own_at",
            sqlite_where=text("own_at IS NOT NULL"),
            postgresql_where=text("own_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    client_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    lab_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"))
    fee_id: Mapped[int] = mapped_column(ForeignKey("fee.id"))
    quantity: Mapped[int]
    hours: Mapped[Hours | None]
    price: Mapped[dict[str, Any]] = mapped_column(JSON)
    amount_fen: Mapped[Fen]
    published_fen: Mapped[Fen]
    """By the fee of the day it was made; more than `amount_fen` where the lab gave its own price."""
    turnaround_days: Mapped[int]
    made_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime] = mapped_column(UtcDateTime)
    own_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    own_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    own_reason: Mapped[str] = mapped_column(String(300), default="")
    """Empty where the price was offered in an answer to a request to the labs (R-ASK-4)."""
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    """What was made of it, the last one: declined or cancelled, it gave the quote back."""
    purchase_order: Mapped[str | None] = mapped_column(String(40))
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    client: Mapped[Firm] = relationship(foreign_keys=[client_firm_id])
    lab_firm: Mapped[Firm] = relationship(foreign_keys=[lab_firm_id])
    lab: Mapped[Lab] = relationship()
    test_item: Mapped[TestItem] = relationship()
    fee: Mapped[Fee] = relationship()

    @hybrid_method
    def lasts_at(self, moment: datetime) -> bool:
        """Whether it can be booked, as far as time goes."""
        return moment < self.valid_until

    @lasts_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lasts_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return cls.valid_until > moment

    @hybrid_property
    def accepted(self) -> bool:
        """By a purchase order."""
        return self.accepted_at is not None

    @accepted.inplace.expression
    @classmethod
    def _accepted_in_sql(cls) -> ColumnElement[bool]:
        return cls.accepted_at.is_not(None)


_WAITS_INSIDE = f"state = '{ApprovalState.WAITING}'"


class Approval(Model):
    """A booking that its firm's approver has to agree to before the lab hears of it. Its time is held meanwhile."""

    __tablename__ = "approval"
    __table_args__ = (
        one_of("state", ApprovalState),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint(f"({_WAITS_INSIDE}) = (decided_at IS NULL)", name="decision_dated"),
        UniqueConstraint("asked_by", "submission"),
        Index(None, "firm_id"),
        Index(None, "booking_id"),
        Index(
            "ix_approval_waiting",
            "answer_by",
            sqlite_where=text(_WAITS_INSIDE),
            postgresql_where=text(_WAITS_INSIDE),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    asked_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submission: Mapped[str | None] = mapped_column(String(36))
    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    quantity: Mapped[int]
    hours: Mapped[Hours | None]
    surcharges: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The codes of what is ordered on top."""
    quote_id: Mapped[int | None] = mapped_column(ForeignKey("quote.id"))
    """The quote that fixes the price."""
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sample_description: Mapped[str] = mapped_column(Text)
    answers: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """As of a booking."""
    confidential: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    cost_centre: Mapped[str | None] = mapped_column(String(40))
    price_fen: Mapped[Fen]
    """On the day it was asked for."""
    answer_by: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10))
    holding_id: Mapped[int | None]
    """Its time, until it is answered or lapses: what lapses is deleted, so this is no key."""
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(500))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))

    test_item: Mapped[TestItem] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[asked_by])
    decider: Mapped[Person | None] = relationship(foreign_keys=[decided_by])
    booking: Mapped[Booking | None] = relationship()

    @hybrid_method
    def open_at(self, moment: datetime) -> bool:
        """Whether it can be answered at this moment."""
        return self.state == ApprovalState.WAITING and self.answer_by > moment

    @open_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _open_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.state == literal_column(f"'{ApprovalState.WAITING}'"), cls.answer_by > moment)

    @hybrid_method
    def lapses_by(self, moment: datetime) -> bool:
        """Whether nobody answered it in time."""
        return self.state == ApprovalState.WAITING and self.answer_by <= moment

    @lapses_by.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lapses_by_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.state == literal_column(f"'{ApprovalState.WAITING}'"), cls.answer_by <= moment)

    def state_at(self, moment: datetime) -> str:
        """As pages show it: over once its time is, even if nobody has written that yet."""
        return ApprovalState.LAPSED if self.lapses_by(moment) else self.state


_WAITS_FOR_CLIENT = f"state = '{ForClientState.WAITING}'"


class ForClient(Model):
    """A booking that a lab made for a client who telephoned (R-PHONE). It holds its time, and is no booking before the
    client has accepted it in its own account. `client_firm_id` is empty while the firm is not registered: then `email`
    is where the slip went, whose secret is made from `nonce` as that of an invitation is."""

    __tablename__ = "for_client"
    __table_args__ = (
        one_of("state", ForClientState),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("starts_at < ends_at", name="times_in_order"),
        CheckConstraint(f"({_WAITS_FOR_CLIENT}) = (ended_at IS NULL)", name="end_dated"),
        CheckConstraint("client_firm_id IS NULL OR client_firm_id <> lab_firm_id", name="two_firms"),
        CheckConstraint("client_firm_id IS NOT NULL OR token_digest IS NOT NULL", name="somebody_asked"),
        CheckConstraint(f"(state = '{ForClientState.ACCEPTED}') = (booking_id IS NOT NULL)", name="accepted_is_booked"),
        UniqueConstraint("made_by", "submission"),
        UniqueConstraint("token_digest"),
        Index(None, "lab_firm_id"),
        Index(None, "client_firm_id"),
        Index(None, "email"),
        Index(None, "booking_id"),
        Index(
            "ix_for_client_waiting",
            "answer_by",
            sqlite_where=text(_WAITS_FOR_CLIENT),
            postgresql_where=text(_WAITS_FOR_CLIENT),
        ),
        Index(
            "ix_for_client_holding",
            "holding_id",
            sqlite_where=text(_WAITS_FOR_CLIENT),
            postgresql_where=text(_WAITS_FOR_CLIENT),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    client_firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"))
    firm_name: Mapped[str] = mapped_column(String(200), default="")
    """As the lab wrote it; empty for a registered firm."""
    contact: Mapped[str] = mapped_column(String(60), default="")
    """Who telephoned."""
    email: Mapped[str | None] = mapped_column(String(254))
    nonce: Mapped[str | None] = mapped_column(String(43))
    token_digest: Mapped[str | None] = mapped_column(String(64))
    made_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submission: Mapped[str | None] = mapped_column(String(36))
    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    fee_id: Mapped[int] = mapped_column(ForeignKey("fee.id"))
    quantity: Mapped[int]
    hours: Mapped[Hours | None]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sample_description: Mapped[str] = mapped_column(Text)
    """As the lab heard it; the client says it in its own words when it accepts."""
    waive_reason: Mapped[str | None] = mapped_column(String(300))
    price_fen: Mapped[Fen]
    price: Mapped[dict[str, Any]] = mapped_column(JSON)
    """How `price_fen` was made on the day it was made (`rules.lines`)."""
    answer_by: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10))
    holding_id: Mapped[int | None]
    """Its time, until it is answered or lapses: what lapses is deleted, so this is no key."""
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(500))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))

    test_item: Mapped[TestItem] = relationship()
    instrument: Mapped[Instrument] = relationship()
    client: Mapped[Firm | None] = relationship(foreign_keys=[client_firm_id])
    maker: Mapped[Person] = relationship(foreign_keys=[made_by])
    booking: Mapped[Booking | None] = relationship()

    @property
    def surcharges(self) -> list[str]:
        """The codes of what is ordered on top."""
        return read_price(self.price).ordered

    @hybrid_method
    def open_at(self, moment: datetime) -> bool:
        """Whether it can be answered at this moment."""
        return self.state == ForClientState.WAITING and self.answer_by > moment

    @open_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _open_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.state == literal_column(f"'{ForClientState.WAITING}'"), cls.answer_by > moment)

    @hybrid_method
    def lapses_by(self, moment: datetime) -> bool:
        """Whether nobody answered it in time."""
        return self.state == ForClientState.WAITING and self.answer_by <= moment

    @lapses_by.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lapses_by_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.state == literal_column(f"'{ForClientState.WAITING}'"), cls.answer_by <= moment)

    def state_at(self, moment: datetime) -> str:
        """As pages show it: over once its time is, even if nobody has written that yet."""
        return ForClientState.LAPSED if self.lapses_by(moment) else self.state


stays_as_recorded(
    ForClient.__table__,
    "lab_firm_id",
    "email",
    "made_by",
    "made_at",
    "test_item_id",
    "instrument_id",
    "fee_id",
    "quantity",
    "hours",
    "starts_at",
    "ends_at",
    "price_fen",
    "price",
    "answer_by",
)


_IS_BLOCK = f"kind IN ({listed(HoldingKind.blocks())})"


_SAYS_WHO = (
    f"(kind = '{HoldingKind.EARLIER}' AND client <> '' AND test <> '') OR (kind <> '{HoldingKind.EARLIER}' "
    "AND client = '' AND test = '' AND contact = '' AND reference = '')"
)


class WantedBlock(Model):
    """Time of an instrument's units that the lab wants for itself (R-TIME-15), or had promised before it was here
    (R-SHEET-7). Its holdings bear its id; what bookings still hold of it is `missing_minutes`, all units together, and
    is taken as they go. Those entered together by a rule of repetition share a `series`."""

    __tablename__ = "wanted_block"
    __table_args__ = (
        one_of("kind", HoldingKind.blocks()),
        CheckConstraint("starts_at < ends_at", name="times_in_order"),
        CheckConstraint(_SAYS_WHO, name="earlier_says_who"),
        CheckConstraint("missing_minutes >= 0", name="missing_not_negative"),
        Index(
            "ix_wanted_block_missing",
            "instrument_id",
            "ends_at",
            sqlite_where=text("missing_minutes > 0"),
            postgresql_where=text("missing_minutes > 0"),
        ),
        Index(
            "ix_wanted_block_series",
            "series",
            sqlite_where=text("series IS NOT NULL"),
            postgresql_where=text("series IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    units: Mapped[list[int]] = mapped_column(JSON)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(200), default="")
    missing_minutes: Mapped[Minutes]
    series: Mapped[str | None] = mapped_column(String(36))
    client: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """Of a booking from before, as the lab calls them; so test, contact and the lab's own reference."""
    test: Mapped[str] = mapped_column(String(200), default="", server_default="")
    contact: Mapped[str] = mapped_column(String(100), default="", server_default="")
    reference: Mapped[str] = mapped_column(String(60), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @hybrid_property
    def incomplete(self) -> bool:
        """Whether bookings hold some of its time."""
        return self.missing_minutes > 0

    @hybrid_method
    def ahead_at(self, moment: datetime) -> bool:
        """Whether it is not over."""
        return self.ends_at > moment

    @ahead_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _ahead_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return cls.ends_at > moment


class Holding(Model):
    """A span of one instrument unit that is taken, clean-up included. The database refuses any overlap.

    `expires_at` (an offer, a request that lapses): it stops counting at that moment; whoever takes time deletes lapsed
    ones first. An ended booking deletes or shortens its holding; history is the audit trail's.
    """

    __tablename__ = "holding"
    __table_args__ = (
        one_of("kind", HoldingKind),
        CheckConstraint("starts_at < ends_at", name="times_in_order"),
        CheckConstraint(f"kind <> '{HoldingKind.BOOKING}' OR booking_id IS NOT NULL", name="booking_named"),
        ForeignKeyConstraint(
            ["instrument_id", "unit"],
            ["instrument_unit.instrument_id", "instrument_unit.unit"],
        ),
        Index(None, "instrument_id", "unit", "starts_at"),
        Index(None, "booking_id"),
        Index(
            "ix_holding_block",
            "block",
            sqlite_where=text("block IS NOT NULL"),
            postgresql_where=text("block IS NOT NULL"),
        ),
        Index(
            "ix_holding_held_for",
            "held_for",
            sqlite_where=text("held_for IS NOT NULL"),
            postgresql_where=text("held_for IS NOT NULL"),
        ),
        Index(
            "ix_holding_blocks",
            "instrument_id",
            "ends_at",
            "starts_at",
            "kind",
            sqlite_where=text(_IS_BLOCK),
            postgresql_where=text(_IS_BLOCK),
        ),
        Index(
            "ix_holding_expiring",
            "expires_at",
            sqlite_where=text("expires_at IS NOT NULL"),
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
        Index(
            "uq_holding_of_booking",
            "booking_id",
            unique=True,
            sqlite_where=text(f"kind = '{HoldingKind.BOOKING}'"),
            postgresql_where=text(f"kind = '{HoldingKind.BOOKING}'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instrument_id: Mapped[int]
    unit: Mapped[int]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(12))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    held_for: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Whom an offer is kept for while the form is filled in."""
    block: Mapped[str | None] = mapped_column(String(36))
    """Blocks entered together (several units) share this."""
    note: Mapped[str] = mapped_column(String(200), default="")
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @hybrid_property
    def lapses(self) -> bool:
        """Whether it ends by itself if nothing is done: an offer, a request."""
        return self.expires_at is not None

    @lapses.inplace.expression
    @classmethod
    def _lapses(cls) -> ColumnElement[bool]:
        return cls.expires_at.is_not(None)

    @hybrid_property
    def is_block(self) -> bool:
        """Whether the lab holds it without a booking: maintenance, training, in-house use, promised before LabShare."""
        return self.kind in HoldingKind.blocks()

    @is_block.inplace.expression
    @classmethod
    def _is_block_in_sql(cls) -> ColumnElement[bool]:
        """Spelled as the index of blocks is, whose condition SQLite does not know by a parameter."""
        return cls.kind.in_([literal_column(f"'{kind}'") for kind in HoldingKind.blocks()])

    @hybrid_method
    def counts_at(self, moment: datetime) -> bool:
        """Whether it takes the time still: it has not lapsed."""
        return self.expires_at is None or moment < self.expires_at

    @counts_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _counts_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return or_(cls.expires_at.is_(None), cls.expires_at > moment)

    def seconds_left(self, moment: datetime) -> int:
        """How long what expires counts still."""
        return 0 if self.expires_at is None else (self.expires_at - moment) // timedelta(seconds=1)

    @hybrid_method
    def lapsed_by(self, moment: datetime) -> bool:
        """Whether it has stopped counting."""
        return self.expires_at is not None and self.expires_at <= moment

    @lapsed_by.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lapsed_by_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return cls.expires_at <= moment


# Since no two holdings of a unit overlap, only the last one that starts before the new end can be in the way: one index
# step. The trigger runs before OR REPLACE removes anything, and RAISE(ABORT) is not softened by OR IGNORE.
_UNIT_CLASH = (
    "SELECT RAISE(ABORT, 'holding_no_overlap') WHERE (SELECT h.ends_at FROM holding h "
    "WHERE h.instrument_id = NEW.instrument_id AND h.unit = NEW.unit AND h.starts_at < NEW.ends_at "
    "{but_own} ORDER BY h.starts_at DESC LIMIT 1) > NEW.starts_at"
)
_DIGITS = "[0-9][0-9]"
_SPELLING = f"{_DIGITS}{_DIGITS}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].{_DIGITS}{_DIGITS}{_DIGITS}"
_ONE_SPELLING = "SELECT RAISE(ABORT, 'holding_time_spelling') WHERE " + " OR ".join(
    f"typeof(NEW.{column}) <> 'text' OR NEW.{column} NOT GLOB '{_SPELLING}'" for column in ("starts_at", "ends_at")
)
guard(
    Holding.__table__,
    sqlite=(
        (
            f"CREATE TRIGGER holding_no_overlap_insert BEFORE INSERT ON holding "
            f"BEGIN {_ONE_SPELLING}; {_UNIT_CLASH.format(but_own='')}; END"
        ),
        (
            f"CREATE TRIGGER holding_no_overlap_update BEFORE UPDATE ON holding "
            f"BEGIN {_ONE_SPELLING}; {_UNIT_CLASH.format(but_own='AND h.id <> OLD.id')}; END"
        ),
    ),
    postgresql=(
        (
            "ALTER TABLE holding ADD CONSTRAINT holding_no_overlap EXCLUDE USING gist "
            "(instrument_id WITH =, unit WITH =, tstzrange(starts_at, ends_at) WITH &&)"
        ),
    ),
)

guard(
    Booking.__table__,
    sqlite=(
        (
            "CREATE TRIGGER booking_keeps_its_county BEFORE UPDATE OF division ON booking "
            "WHEN NEW.division <> OLD.division BEGIN SELECT RAISE(ABORT, 'booking keeps its county'); END"
        ),
    ),
    postgresql=(
        (
            "CREATE FUNCTION booking_keeps_its_county() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'booking keeps its county' "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ),
        (
            "CREATE TRIGGER booking_keeps_its_county BEFORE UPDATE OF division ON booking FOR EACH ROW "
            "WHEN (NEW.division <> OLD.division) EXECUTE FUNCTION booking_keeps_its_county()"
        ),
    ),
)


class Pause(Model):
    """A running test stands still, with the reason, until it goes on or is finished. One is open at a time
    (R-BENCH-4)."""

    __tablename__ = "pause"
    __table_args__ = (
        one_of("reason", PauseReason),
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="times_in_order"),
        Index(
            "uq_pause_open",
            "booking_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "booking_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    reason: Mapped[str] = mapped_column(String(20))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    began_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(backref=backref("pauses", order_by="Pause.id"))

    @hybrid_property
    def lasts(self) -> bool:
        """Whether the test stands still."""
        return self.ended_at is None

    @lasts.inplace.expression
    @classmethod
    def _lasts_in_sql(cls) -> ColumnElement[bool]:
        return cls.ended_at.is_(None)


class Handover(Model):
    """What the next shift must know, of a booking or of the lab's day, until somebody else takes note of it
    (R-TEAM-5)."""

    __tablename__ = "handover"
    __table_args__ = (
        CheckConstraint("(noted_by IS NULL) = (noted_at IS NULL)", name="noted_by_somebody"),
        CheckConstraint("noted_by <> written_by", name="noted_by_another"),
        Index(
            "ix_handover_open",
            "lab_id",
            sqlite_where=text("noted_at IS NULL"),
            postgresql_where=text("noted_at IS NULL"),
        ),
        Index(None, "booking_id"),
        Index(None, "lab_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    text: Mapped[str] = mapped_column(String(500))
    written_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    noted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    noted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    lab: Mapped[Lab] = relationship()
    booking: Mapped[Booking | None] = relationship()
    writer: Mapped[Person] = relationship(foreign_keys=[written_by])
    reader: Mapped[Person | None] = relationship(foreign_keys=[noted_by])

    @hybrid_property
    def waits(self) -> bool:
        """Whether nobody has taken note of it."""
        return self.noted_at is None

    @waits.inplace.expression
    @classmethod
    def _waits_in_sql(cls) -> ColumnElement[bool]:
        return cls.noted_at.is_(None)


_HANDOVER_REWRITTEN = "OLD.noted_at IS NOT NULL OR " + " OR ".join(
    f"NEW.{column} IS DISTINCT FROM OLD.{column}"
    for column in ("id", "lab_id", "booking_id", "text", "written_by", "written_at")
)
stays_as_recorded(Handover.__table__, rewritten=_HANDOVER_REWRITTEN)


class Proposal(Model):
    """The lab's move: another time, held until the client answers. One is open at a time."""

    __tablename__ = "proposal"
    __table_args__ = (
        one_of("state", ProposalState),
        CheckConstraint("starts_at < ends_at", name="times_in_order"),
        Index(
            "uq_proposal_open",
            "booking_id",
            unique=True,
            sqlite_where=text(f"state = '{ProposalState.OPEN}'"),
            postgresql_where=text(f"state = '{ProposalState.OPEN}'"),
        ),
        Index(None, "booking_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    unit: Mapped[int]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(10))
    proposed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer_by: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(backref="proposals")

    @hybrid_property
    def open(self) -> bool:
        """Not answered, replaced or ended; its time may be over."""
        return self.state == ProposalState.OPEN

    @hybrid_method
    def open_at(self, moment: datetime) -> bool:
        """Whether it waits for the client's answer."""
        return self.open and moment < self.answer_by

    @open_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _open_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.open, cls.answer_by > moment)

    @hybrid_method
    def lapses_by(self, moment: datetime) -> bool:
        """Whether its time to answer is over without an answer."""
        return self.open and self.answer_by <= moment

    @lapses_by.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lapses_by_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.open, cls.answer_by <= moment)


_EXTRA_OPEN = f"state = '{ChargeState.PROPOSED}' AND answer_by IS NOT NULL"


class Charge(Model):
    """A line of what is charged, signed. The first is the price; an increase counts once the client consents."""

    __tablename__ = "charge"
    __table_args__ = (
        one_of("kind", ChargeKind),
        one_of("state", ChargeState),
        CheckConstraint(f"(state = '{ChargeState.AGREED}') = (agreed_on IS NOT NULL)", name="agreed_dated"),
        Index(None, "booking_id"),
        Index(
            "uq_charge_extra_open",
            "booking_id",
            unique=True,
            sqlite_where=text(_EXTRA_OPEN),
            postgresql_where=text(_EXTRA_OPEN),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    kind: Mapped[str] = mapped_column(String(6))
    """`ending`: what cancelling or a no-show brings the charge to, by the item's terms."""
    amount_fen: Mapped[Fen]
    reason: Mapped[str] = mapped_column(String(500), default="")
    state: Mapped[str] = mapped_column(String(10))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_on: Mapped[date | None]
    """Local day agreed: the line's document day; of the price, the day of booking."""
    answer_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When extra work lapses unanswered (R-EXTRA-5); another change waits until it is answered."""

    booking: Mapped[Booking] = relationship(backref="charges")
    extra: Mapped["ExtraWork | None"] = relationship(back_populates="charge")

    @hybrid_property
    def agreed(self) -> bool:
        """Whether it counts."""
        return self.state == ChargeState.AGREED

    @hybrid_property
    def waits(self) -> bool:
        """Neither answered nor taken back; its time may be over."""
        return self.state == ChargeState.PROPOSED

    @hybrid_property
    def waits_as_extra(self) -> bool:
        """Whether it is extra work that waits: the only change with a time to answer."""
        return self.waits and self.answer_by is not None

    @waits_as_extra.inplace.expression
    @classmethod
    def _waits_as_extra_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.waits, cls.answer_by.is_not(None))

    @hybrid_method
    def open_at(self, moment: datetime) -> bool:
        """Whether it waits for the client's consent."""
        return self.waits and (self.answer_by is None or moment < self.answer_by)

    @open_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _open_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.waits, or_(cls.answer_by.is_(None), cls.answer_by > moment))

    @hybrid_method
    def lapses_by(self, moment: datetime) -> bool:
        """Whether its time to answer is over without an answer."""
        return self.waits and self.answer_by is not None and self.answer_by <= moment

    @lapses_by.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lapses_by_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.waits, cls.answer_by <= moment)


class ExtraWork(Model):
    """What a line of extra work is for: more than was booked, at the published fee (R-EXTRA)."""

    __tablename__ = "extra_work"
    __table_args__ = (
        one_of("kind", ExtraKind),
        one_of("cause", ExtraCause),
        CheckConstraint("minutes >= 0", name="minutes_not_negative"),
        CheckConstraint(f"(kind = '{ExtraKind.TIME}') = (quantity IS NULL)", name="samples_counted"),
        CheckConstraint("quantity IS NULL OR quantity >= 1", name="quantity_positive"),
        CheckConstraint(f"(kind = '{ExtraKind.TEST}') = (test_item_id IS NOT NULL)", name="test_named"),
    )

    charge_id: Mapped[int] = mapped_column(ForeignKey("charge.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    cause: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[int | None]
    """The samples that are added, or that the other test is done on."""
    test_item_id: Mapped[int | None] = mapped_column(ForeignKey("test_item.id"))
    hours: Mapped[Hours | None]
    """Of the other test, where it offers a choice."""
    minutes: Mapped[ExactMinutes]
    """How much longer the work takes."""
    fee_id: Mapped[int] = mapped_column(ForeignKey("fee.id"))
    price: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Of the other test, or of the booking with what is added; `rules.lines` reads it."""
    earlier: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Of the booking without: the line is the difference."""

    charge: Mapped[Charge] = relationship(back_populates="extra")
    test_item: Mapped[TestItem | None] = relationship()


stays_as_recorded(
    ExtraWork.__table__,
    "charge_id",
    "kind",
    "cause",
    "quantity",
    "test_item_id",
    "hours",
    "minutes",
    "fee_id",
    "price",
    "earlier",
)


class Rating(Model):
    """What the client that tested says of it, once (R-RATING). Names of lab and item are copied for the averages."""

    __tablename__ = "rating"
    __table_args__ = (
        *(CheckConstraint(f"{name} BETWEEN 1 AND 5", name=f"{name}_known") for name in RATING_POINTS),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered_in_words"),
        Index("ix_rating_of_item", "test_item_id", "given_on", *RATING_POINTS),
        Index("ix_rating_of_lab", "lab_id", "given_on", *RATING_POINTS),
    )

    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"))
    given_on: Mapped[date]
    result_points: Mapped[int]
    service_points: Mapped[int]
    time_points: Mapped[int]
    text: Mapped[str] = mapped_column(String(2000), default="")
    given_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(String(2000))
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(backref=backref("rating", uselist=False))
    test_item: Mapped[TestItem] = relationship()

    @property
    def mean(self) -> Fraction:
        return Fraction(self.result_points + self.service_points + self.time_points, len(RATING_POINTS))


stays_as_recorded(
    Rating.__table__, "booking_id", "lab_id", "test_item_id", "given_on", *RATING_POINTS, "text", "given_by", "given_at"
)


class CalendarFeed(Model):
    """A secret address under which calendars read bookings. Only the secret's digest is kept. It ends when its person
    revokes it, and with the membership under which it was made: coming back brings it not back."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        one_of("of", FeedOf),
        CheckConstraint(f"(of = '{FeedOf.LAB}') = (lab_id IS NOT NULL)", name="lab_named"),
        CheckConstraint(f"(of = '{FeedOf.INSTRUMENT}') = (instrument_id IS NOT NULL)", name="instrument_named"),
        Index(None, "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    of: Mapped[str] = mapped_column(String(12))
    lab_id: Mapped[int | None] = mapped_column(ForeignKey("lab.id"))
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"))
    name: Mapped[str] = mapped_column(String(60), default="")
    secret_digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of a secret of 256 bits."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    firm: Mapped[Firm] = relationship()
    lab: Mapped[Lab | None] = relationship()
    instrument: Mapped[Instrument | None] = relationship()

    @hybrid_property
    def revoked(self) -> bool:
        return self.revoked_at is not None

    @revoked.inplace.expression
    @classmethod
    def _revoked_in_sql(cls) -> ColumnElement[bool]:
        return cls.revoked_at.is_not(None)


class SheetImport(Model):
    """Sheets that were taken into a lab's catalogue: what of it is undone again (R-SHEET-4)."""

    __tablename__ = "sheet_import"
    __table_args__ = (
        CheckConstraint("(undone_by IS NULL) = (undone_at IS NULL)", name="undone_by_somebody"),
        Index(None, "lab_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    name: Mapped[str] = mapped_column(String(200))
    """Of the file."""
    added: Mapped[dict[str, Any]] = mapped_column(JSON)
    """By sheet: the ids of the rows that it added, each with a digest of what they said."""
    changed: Mapped[dict[str, Any]] = mapped_column(JSON)
    """By sheet: the ids of the rows that it changed, a digest of what they said then, and the cells before."""
    imported_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def rows(self) -> tuple[int, int]:
        """How many it added and how many it changed."""
        return sum(map(len, self.added.values())), sum(map(len, self.changed.values()))
