"""What labs offer: instruments, test items, standards, dated fees; and what entitles them to.

Minutes are exact decimals (`ExactMinutes`), money is fen, dates are local days, both ends of a validity included.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    not_,
    or_,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.accounts.models import Person
from labshare.catalogue.terms import (
    AccreditationKind,
    ApplicationEnd,
    Category,
    ConceptKind,
    FeeBasis,
    FieldKind,
    Funds,
    InstrumentCondition,
    InstrumentSource,
    InstrumentUsage,
    LifeState,
    ProposalEnd,
    SearchKind,
    Sharing,
)
from labshare.kernel.database import Model, Thousandths, UtcDateTime, guard, one_of, stays_as_recorded
from labshare.kernel.money import Fen
from labshare.kernel.seen import digest_of
from labshare.kernel.spans import Dated, Decided
from labshare.kernel.time import ExactMinutes, Hours, Minutes
from labshare.organisations.models import Firm
from labshare.organisations.terms import FirmRole

"""The twelve categories of the home page."""


class Listed:
    """What has a state of publication: a lab, an instrument, a test item. Others see it only with its lab."""

    if TYPE_CHECKING:
        state: Mapped[str]

    @hybrid_property
    def published(self) -> bool:
        return self.state == LifeState.PUBLISHED


class Lab(Listed, Model):
    """A laboratory of a host firm. Visible to others once published; rewarded only while admitted as an open lab."""

    __tablename__ = "lab"
    __table_args__ = (
        one_of("state", LifeState),
        CheckConstraint("payment_days BETWEEN 0 AND 365", name="payment_days_in_a_year"),
        CheckConstraint("start_grid IN (1, 5, 10, 15, 30)", name="start_grid_known"),
        Index(None, "firm_id"),
        Index(None, "town"),
        Index(None, "division"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    """Public, e.g. XC-012."""
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str | None] = mapped_column(String(160))
    division: Mapped[str] = mapped_column(String(6))
    """The county of its town. Where it is admitted says its admission alone."""
    town: Mapped[str | None] = mapped_column(String(9))
    address: Mapped[str] = mapped_column(String(200), default="")
    address_en: Mapped[str] = mapped_column(String(200), default="", server_default="")
    directions: Mapped[str] = mapped_column(Text, default="", server_default="")
    """How to get there, where the gate is, where to park."""
    directions_en: Mapped[str] = mapped_column(Text, default="", server_default="")
    longitude: Mapped[str | None] = mapped_column(String(12))
    """WGS 84, decimal degrees as text: shown and measured, never added up."""
    latitude: Mapped[str | None] = mapped_column(String(12))
    contact: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    email: Mapped[str] = mapped_column(String(254), default="", server_default="")
    """Of the contact person, for the lab's clients."""
    description: Mapped[str] = mapped_column(Text, default="")
    description_en: Mapped[str] = mapped_column(Text, default="")
    automatic_confirmation: Mapped[bool] = mapped_column(default=False)
    lead_time_minutes: Mapped[Minutes] = mapped_column(default=0)
    horizon_minutes: Mapped[Minutes] = mapped_column(default=60 * 24 * 90)
    """Elapsed minutes from now to a start, at least and at most (R-TIME-8)."""
    payment_days: Mapped[int] = mapped_column(default=30, server_default=text("30"))
    """Terms of payment: so many days after its date an invoice is due (R-PAPER-11)."""
    start_grid: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """Starts lie on the local minutes of the hour that are a multiple of it (R-TIME-19)."""
    state: Mapped[str] = mapped_column(String(10), default=LifeState.DRAFT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """No admission begins before it."""

    firm: Mapped[Firm] = relationship()


class LabAdmission(Decided, Model):
    """A span in which a lab is an open lab of a county: admitted from a day on, suspended from another. It is the only
    source of a lab's county; only these days earn rewards.

    A row is written once, confirmed or refused once, suspended once; the database refuses anything else, so that what
    was known at a past moment can be asked.
    """

    __tablename__ = "lab_admission"
    __table_args__ = (
        CheckConstraint(
            "suspended_from IS NULL OR admitted_from <= suspended_from",
            name="dates_in_order",
        ),
        CheckConstraint("confirmed_at IS NULL OR refused_at IS NULL", name="decided_once"),
        CheckConstraint("(suspended_from IS NULL) = (suspended_at IS NULL)", name="suspension_dated"),
        Index(None, "lab_id", "admitted_from"),
        Index(None, "division"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    division: Mapped[str] = mapped_column(String(6))
    """The county that admits it."""
    admitted_from: Mapped[date]
    suspended_from: Mapped[date | None]
    """First day on which it is no longer admitted."""
    reason: Mapped[str] = mapped_column(String(300), default="")
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """The second person, where one is needed."""
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """From this moment it counts; null while it waits for the second person."""
    refused_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    suspended_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    suspended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the suspension was recorded."""

    @property
    def seen(self) -> str:
        """The digest of what the second person must have seen (R-RIGHTS-16)."""
        return digest_of((self.id, self.lab_id, self.division, self.admitted_from, self.reason))

    @hybrid_property
    def counts(self) -> bool:
        """Whether nobody has to confirm it any more. A suspension takes nothing from the days before it."""
        return self.confirmed_at is not None

    @counts.inplace.expression
    @classmethod
    def _counts_in_sql(cls) -> ColumnElement[bool]:
        return cls.confirmed_at.is_not(None)

    @hybrid_method
    def counted_at(self, moment: datetime) -> bool:
        """Whether it counted at this moment already."""
        return self.confirmed_at is not None and self.confirmed_at <= moment

    @counted_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _counted_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return cls.confirmed_at <= moment

    @hybrid_property
    def open_ended(self) -> bool:
        """Whether nobody has suspended it."""
        return self.suspended_from is None

    @open_ended.inplace.expression
    @classmethod
    def _open_ended_in_sql(cls) -> ColumnElement[bool]:
        return cls.suspended_from.is_(None)

    @hybrid_method
    def lasts_to(self, day: date) -> bool:
        """Whether it is not suspended on this day; it may be ahead."""
        return self.suspended_from is None or day < self.suspended_from

    @lasts_to.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lasts_to_in_sql(cls, day: date) -> ColumnElement[bool]:
        return or_(cls.suspended_from.is_(None), cls.suspended_from > day)

    @hybrid_method
    def holds_on(self, day: date) -> bool:
        """Whether the lab is an open lab on this local day by this row."""
        return self.counts and self.admitted_from <= day and self.lasts_to(day)

    @holds_on.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _holds_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.counts, cls.admitted_from <= day, cls.lasts_to(day))


_ADMISSION_CLASH = (
    "SELECT RAISE(ABORT, 'admission_no_overlap') WHERE NEW.refused_at IS NULL "
    "AND NEW.admitted_from < coalesce(NEW.suspended_from, '9999-12-31') "
    "AND EXISTS (SELECT 1 FROM lab_admission a WHERE a.lab_id = NEW.lab_id {but} "
    "AND a.refused_at IS NULL AND a.admitted_from < coalesce(a.suspended_from, '9999-12-31') "
    "AND a.admitted_from < coalesce(NEW.suspended_from, '9999-12-31') "
    "AND coalesce(a.suspended_from, '9999-12-31') > NEW.admitted_from)"
)
_ADMISSION_REWRITTEN = (
    "NEW.lab_id <> OLD.lab_id OR NEW.division <> OLD.division OR NEW.admitted_from <> OLD.admitted_from "
    "OR NEW.entered_at <> OLD.entered_at OR NEW.entered_by IS DISTINCT FROM OLD.entered_by "
    "OR (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at) "
    "OR (OLD.refused_at IS NOT NULL AND NEW.refused_at IS DISTINCT FROM OLD.refused_at) "
    "OR (OLD.suspended_at IS NOT NULL AND (NEW.suspended_at IS DISTINCT FROM OLD.suspended_at "
    "OR NEW.suspended_from IS DISTINCT FROM OLD.suspended_from)) "
    "OR (NEW.confirmed_by IS DISTINCT FROM OLD.confirmed_by "
    "AND (OLD.confirmed_at IS NOT NULL OR NEW.confirmed_by = OLD.entered_by))"
)
"""What was recorded of an admission stays; what is still open may be decided once."""
guard(
    LabAdmission.__table__,
    sqlite=(
        (
            "CREATE TRIGGER admission_no_overlap_insert BEFORE INSERT ON lab_admission "
            f"BEGIN {_ADMISSION_CLASH.format(but='')}; END"
        ),
        (
            "CREATE TRIGGER admission_no_overlap_update BEFORE UPDATE ON lab_admission "
            f"BEGIN {_ADMISSION_CLASH.format(but='AND a.id IS NOT NEW.id')}; END"
        ),
    ),
    postgresql=(
        (
            "ALTER TABLE lab_admission ADD CONSTRAINT admission_no_overlap EXCLUDE USING gist "
            "(lab_id WITH =, daterange(admitted_from, suspended_from, '[)') WITH &&) WHERE (refused_at IS NULL)"
        ),
    ),
)
stays_as_recorded(
    LabAdmission.__table__, rewritten=_ADMISSION_REWRITTEN, name="admission", refusal="admission stays as recorded"
)


class LabApplication(Model):
    """A firm asks that its lab be admitted as an open lab (R-COUNTY-6): with what the lab showed that day, so that the
    officer sees what was there and what has changed since. Ended once; one at a time waits."""

    __tablename__ = "lab_application"
    __table_args__ = (
        one_of("outcome", ApplicationEnd, null=True),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_once"),
        Index(
            "ix_lab_application_waiting",
            "lab_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "lab_id", "applied_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    applied_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    applied_at: Mapped[datetime] = mapped_column(UtcDateTime)
    remark: Mapped[str] = mapped_column(String(300), default="")
    proved: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`instruments` and `test_items` published that day, and `accreditations` in force: kind, number, last day."""
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(300), default="")
    """Why it was declined."""

    @hybrid_property
    def waits(self) -> bool:
        """Whether nobody has answered it or taken it back."""
        return self.ended_at is None

    @waits.inplace.expression
    @classmethod
    def _waits_in_sql(cls) -> ColumnElement[bool]:
        return cls.ended_at.is_(None)

    @property
    def accreditations(self) -> list[tuple[str, str, date]]:
        """Kind, number and last day of those in force that day."""
        return [(kind, number, date.fromisoformat(last)) for kind, number, last in self.proved["accreditations"]]


class Accreditation(Dated, Model):
    """CMA or CNAS of a lab, with its dates."""

    __tablename__ = "accreditation"
    __table_args__ = (
        one_of("kind", AccreditationKind),
        UniqueConstraint("lab_id", "kind", "number", "valid_from"),
        CheckConstraint("valid_from <= valid_to", name="dates_in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    kind: Mapped[str] = mapped_column(String(4))
    number: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date]
    valid_to: Mapped[date]

    confirmed: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """An officer confirmed it as it stands, scope included (R-CLAIM-2)."""

    lab: Mapped[Lab] = relationship(backref="accreditations")

    @hybrid_method
    def in_force_on(self, day: date) -> bool:
        """Whether it makes marks on this day."""
        return self.confirmed and self.valid_from <= day <= self.valid_to

    @in_force_on.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _in_force_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.confirmed, cls.valid_from <= day, cls.valid_to >= day)


class AccreditationScope(Model):
    """What an accreditation covers: a test item by a standard."""

    __tablename__ = "accreditation_scope"
    __table_args__ = (Index(None, "test_item_id"),)

    accreditation_id: Mapped[int] = mapped_column(ForeignKey("accreditation.id"), primary_key=True)
    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"), primary_key=True)
    standard_id: Mapped[int] = mapped_column(ForeignKey("standard.id"), primary_key=True)


class Instrument(Listed, Model):
    """An instrument with the fields the national platform expects. Its `units` work side by side."""

    __tablename__ = "instrument"
    __table_args__ = (
        one_of("state", LifeState),
        one_of("condition", InstrumentCondition),
        one_of("usage", InstrumentUsage),
        one_of("sharing", Sharing),
        one_of("source", InstrumentSource),
        one_of("funds", Funds),
        CheckConstraint("units BETWEEN 1 AND 99", name="units_range"),
        CheckConstraint("original_value_fen >= 0", name="value_not_negative"),
        UniqueConstraint("lab_id", "inner_id"),
        Index(None, "class_code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    inner_id: Mapped[str] = mapped_column(String(40))
    """The firm's own asset number."""
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str | None] = mapped_column(String(160))
    model: Mapped[str] = mapped_column(String(80), default="")
    manufacturer: Mapped[str] = mapped_column(String(120), default="")
    nation: Mapped[str] = mapped_column(String(2), default="CN")
    class_code: Mapped[str] = mapped_column(String(6), default="990000")
    original_value_fen: Mapped[Fen | None]
    """As the lab says. Null: not entered."""
    confirmed_value_fen: Mapped[Fen | None]
    """What an officer confirmed of the instrument as it stands (R-CLAIM-2); what bookings copy. Null counts as 0 for a
    policy's lower limit."""
    begin_date: Mapped[date | None]
    usage: Mapped[str] = mapped_column(String(10), default=InstrumentUsage.GENERAL)
    """`special` or `general`: quota hours 800 or 1,400."""
    sharing: Mapped[str] = mapped_column(String(10), default=Sharing.OUTSIDE)
    source: Mapped[str] = mapped_column(String(10), default=InstrumentSource.BOUGHT)
    funds: Mapped[str] = mapped_column(String(10), default=Funds.OWN)
    customs_supervised: Mapped[bool] = mapped_column(default=False)
    condition: Mapped[str] = mapped_column(String(20), default=InstrumentCondition.NORMAL)
    technical: Mapped[str] = mapped_column(Text, default="")
    function: Mapped[str] = mapped_column(Text, default="")
    subjects: Mapped[str] = mapped_column(String(100), default="")
    service_content: Mapped[str] = mapped_column(Text, default="")
    requirement: Mapped[str] = mapped_column(Text, default="")
    units: Mapped[int] = mapped_column(default=1)
    shortest_minutes: Mapped[Minutes | None]
    longest_minutes: Mapped[Minutes | None]
    """Against work minutes."""
    needs_calibration: Mapped[bool] = mapped_column(default=True)
    state: Mapped[str] = mapped_column(String(10), default=LifeState.DRAFT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    lab: Mapped[Lab] = relationship()


class InstrumentUnit(Model):
    """One place at an instrument; what a holding takes. Numbered from 1."""

    __tablename__ = "instrument_unit"
    __table_args__ = (CheckConstraint("unit >= 1", name="unit_from_one"),)

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), primary_key=True)
    unit: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Calibration(Dated, Model):
    """A certificate. Successive ones join (R-TIME-10)."""

    __tablename__ = "calibration"
    __table_args__ = (
        Index(None, "instrument_id", "valid_to"),
        CheckConstraint("valid_from <= valid_to", name="dates_in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    certificate: Mapped[str] = mapped_column(String(60))
    issuer: Mapped[str] = mapped_column(String(120), default="")
    valid_from: Mapped[date]
    valid_to: Mapped[date]

    instrument: Mapped[Instrument] = relationship(backref="calibrations")


class Authorisation(Dated, Model):
    """A person may work an instrument on these days (R-TEAM-1), by a paper of the lab. Withdrawn ones stay."""

    __tablename__ = "authorisation"
    __table_args__ = (
        Index(None, "instrument_id", "person_id"),
        CheckConstraint("valid_from <= valid_to", name="dates_in_order"),
        CheckConstraint("person_id <> recorded_by", name="by_another"),
        CheckConstraint(
            f"recorded_as IS NULL OR recorded_as = '{FirmRole.OWNER}' OR person_as = '{FirmRole.OWNER}'",
            name="managers_by_owners",
        ),
        CheckConstraint("(withdrawn_by IS NULL) = (withdrawn_at IS NULL)", name="withdrawn_by_somebody"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    paper: Mapped[str] = mapped_column(String(60))
    """The number of what it rests on: a certificate, a record of training."""
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    recorded_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_as: Mapped[str | None] = mapped_column(String(20))
    """The role in the firm, that day, of whoever recorded it; of rows from before it was kept, nothing."""
    person_as: Mapped[str | None] = mapped_column(String(20))
    """That of the authorised person."""
    ending_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the firm was told that it ends."""
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    instrument: Mapped[Instrument] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    recorder: Mapped[Person] = relationship(foreign_keys=[recorded_by])

    @property
    def by_manager(self) -> bool:
        """Whether a lab manager recorded it, as there was no other owner (R-TEAM-1)."""
        return self.recorded_as == FirmRole.LAB_MANAGER

    @hybrid_property
    def standing(self) -> bool:
        """Whether it was not withdrawn."""
        return self.withdrawn_at is None

    @standing.inplace.expression
    @classmethod
    def _standing_in_sql(cls) -> ColumnElement[bool]:
        return cls.withdrawn_at.is_(None)

    @hybrid_method
    def outlasts(self, day: date) -> bool:
        """Whether it still holds after this day."""
        return self.valid_to > day

    @hybrid_property
    def end_notified(self) -> bool:
        """Whether the firm was told that it ends."""
        return self.ending_told_at is not None

    @end_notified.inplace.expression
    @classmethod
    def _end_notified_in_sql(cls) -> ColumnElement[bool]:
        return cls.ending_told_at.is_not(None)


class Standard(Model):
    """A published test standard, and what replaces it from which day."""

    __tablename__ = "standard"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(60), unique=True)
    """As printed: GB/T 10125-2021."""
    search_number: Mapped[str] = mapped_column(String(60), index=True)
    """Without spaces, upper case, for look-up however it is typed."""
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    superseded_by_id: Mapped[int | None] = mapped_column(ForeignKey("standard.id"))
    superseded_from: Mapped[date | None]

    superseded_by: Mapped["Standard | None"] = relationship(remote_side="Standard.id")

    @hybrid_method
    def replaced_on(self, day: date) -> bool:
        """Whether another stands in its place on this day."""
        return self.superseded_by_id is not None and (self.superseded_from is None or self.superseded_from <= day)

    @replaced_on.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _replaced_on_in_sql(cls, day: date) -> ColumnElement[bool]:
        return and_(cls.superseded_by_id.is_not(None), or_(cls.superseded_from.is_(None), cls.superseded_from <= day))

    @hybrid_method
    def replaced_after(self, day: date) -> bool:
        """Whether a day is known, after this one, on which it is replaced."""
        return self.superseded_from is not None and day < self.superseded_from

    @replaced_after.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _replaced_after_in_sql(cls, day: date) -> ColumnElement[bool]:
        return cls.superseded_from > day


class StandardProposal(Model):
    """A firm proposes a standard for the list, which an administrator publishes or declines (R-CATALOGUE-7). A number
    waits once; ended once."""

    __tablename__ = "standard_proposal"
    __table_args__ = (
        one_of("outcome", ProposalEnd, null=True),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_once"),
        CheckConstraint("(replaces = '') = (replaced_from IS NULL)", name="replacement_dated"),
        Index(
            "ix_standard_proposal_waiting",
            "search_number",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "firm_id", "proposed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    number: Mapped[str] = mapped_column(String(60))
    search_number: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    replaces: Mapped[str] = mapped_column(String(60), default="")
    """The number of a listed standard, from `replaced_from` on; empty: none."""
    replaced_from: Mapped[date | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(300), default="")
    """Why it was declined."""

    firm: Mapped[Firm] = relationship()

    @hybrid_property
    def waits(self) -> bool:
        """Whether nobody has answered it or taken it back."""
        return self.ended_at is None

    @waits.inplace.expression
    @classmethod
    def _waits_in_sql(cls) -> ColumnElement[bool]:
        return cls.ended_at.is_(None)


class TestItem(Listed, Model):
    """A test a lab offers: how long it takes, how it is priced, on which instruments."""

    __tablename__ = "test_item"
    __test__ = False  # not a pytest class
    __table_args__ = (
        one_of("state", LifeState),
        one_of("category", Category),
        CheckConstraint("samples_per_run >= 1", name="samples_per_run_positive"),
        CheckConstraint("max_quantity >= 1", name="max_quantity_positive"),
        CheckConstraint(
            "setup_minutes >= 0 AND sample_minutes >= 0 AND run_minutes >= 0 AND cleanup_minutes >= 0",
            name="minutes_not_negative",
        ),
        CheckConstraint(
            "(hours_min IS NULL AND hours_max IS NULL AND hours_step IS NULL) OR "
            "(hours_min > 0 AND hours_max >= hours_min AND hours_step > 0)",
            name="hours_whole",
        ),
        CheckConstraint(
            "late_cancel_percent BETWEEN 0 AND 100 AND no_show_percent BETWEEN 0 AND 100",
            name="percent",
        ),
        Index(None, "lab_id", "state"),
        Index(None, "category"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str | None] = mapped_column(String(160))
    category: Mapped[str] = mapped_column(String(20))
    description: Mapped[str] = mapped_column(Text, default="")
    description_en: Mapped[str] = mapped_column(Text, default="")
    sample_requirement: Mapped[str] = mapped_column(Text, default="")
    sample_requirement_en: Mapped[str] = mapped_column(Text, default="")
    setup_minutes: Mapped[ExactMinutes] = mapped_column(default=Decimal(0))
    sample_minutes: Mapped[ExactMinutes] = mapped_column(default=Decimal(0))
    run_minutes: Mapped[ExactMinutes] = mapped_column(default=Decimal(0))
    """Minutes a run takes where the client does not choose hours."""
    cleanup_minutes: Mapped[Minutes] = mapped_column(default=0)
    samples_per_run: Mapped[int] = mapped_column(default=1)
    hours_min: Mapped[Hours | None]
    hours_max: Mapped[Hours | None]
    hours_step: Mapped[Hours | None]
    """The client's choice of test hours, whole hours; all null: no choice."""
    max_quantity: Mapped[int] = mapped_column(default=100)
    attended: Mapped[bool] = mapped_column(default=True)
    runs_start_in_hours: Mapped[bool] = mapped_column(default=False)
    """Unattended items: each further run, too, starts in opening hours."""
    statutory: Mapped[bool] = mapped_column(default=False)
    """Law prescribes the test, as the lab says."""
    confirmed_voluntary: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """An officer confirmed that no law prescribes the test as it stands (R-CLAIM-2)."""
    turnaround_days: Mapped[int] = mapped_column(default=5)
    """Promised calendar days from the end of the test to the report."""
    free_cancel_minutes: Mapped[Minutes] = mapped_column(default=0)
    """Cancelling is free until so many minutes before the start; later costs `late_cancel_percent` of the price."""
    late_cancel_percent: Mapped[int] = mapped_column(default=0)
    no_show_percent: Mapped[int] = mapped_column(default=0)
    form_revision: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How often its sample form was changed; 0: it never had one, and nobody looks for its fields."""
    state: Mapped[str] = mapped_column(String(10), default=LifeState.DRAFT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    lab: Mapped[Lab] = relationship()

    @hybrid_property
    def counts_as_statutory(self) -> bool:
        """Whether a booking of it is of a statutory test: the lab says so, or nobody has confirmed that it is none."""
        return self.statutory or not self.confirmed_voluntary

    @counts_as_statutory.inplace.expression
    @classmethod
    def _counts_as_statutory_in_sql(cls) -> ColumnElement[bool]:
        return or_(cls.statutory, not_(cls.confirmed_voluntary))

    standards: Mapped[list[Standard]] = relationship(secondary="test_item_standard", order_by="Standard.number")
    instruments: Mapped[list[Instrument]] = relationship(secondary="test_item_instrument", order_by="Instrument.id")


class SampleField(Model):
    """What the client says of the samples when booking a test item: a field of its sample form (R-SAMPLE-1)."""

    __tablename__ = "sample_field"
    __table_args__ = (
        one_of("kind", FieldKind),
        CheckConstraint("place >= 1", name="place_from_one"),
        CheckConstraint("least <= most", name="limits_in_order"),
        CheckConstraint(
            f"kind = '{FieldKind.NUMBER}' OR (least IS NULL AND most IS NULL AND unit = '')", name="limits_of_number"
        ),
        CheckConstraint(f"(kind = '{FieldKind.CHOICE}') = (options IS NOT NULL)", name="options_of_choice"),
        UniqueConstraint("test_item_id", "place"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"))
    place: Mapped[int]
    """In the order of the form, from 1."""
    label: Mapped[str] = mapped_column(String(60))
    label_en: Mapped[str] = mapped_column(String(80), default="")
    kind: Mapped[str] = mapped_column(String(8))
    required: Mapped[bool]
    unit: Mapped[str] = mapped_column(String(20), default="")
    least: Mapped[Decimal | None] = mapped_column(Thousandths)
    most: Mapped[Decimal | None] = mapped_column(Thousandths)
    options: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """Of a choice: `{"name", "name_en"}` each, read by `rules.sample_form`."""
    hint: Mapped[str] = mapped_column(String(200), default="")
    hint_en: Mapped[str] = mapped_column(String(200), default="")


class TestItemStandard(Model):
    __tablename__ = "test_item_standard"
    __test__ = False

    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"), primary_key=True)
    standard_id: Mapped[int] = mapped_column(ForeignKey("standard.id"), primary_key=True, index=True)


class TestItemInstrument(Model):
    """Which instruments can do a test item; of the same lab."""

    __tablename__ = "test_item_instrument"
    __test__ = False

    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), primary_key=True, index=True)


class Fee(Dated, Model):
    """What a test item costs from a day on. Dated fees of an item never overlap; a used fee never changes."""

    __tablename__ = "fee"
    __table_args__ = (
        one_of("basis", FeeBasis),
        CheckConstraint("amount_fen >= 0 AND minimum_fen >= 0", name="not_negative"),
        CheckConstraint("sme_amount_fen BETWEEN 0 AND amount_fen", name="sme_amount_within"),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="dates_in_order"),
        Index(None, "test_item_id", "valid_from", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    test_item_id: Mapped[int] = mapped_column(ForeignKey("test_item.id"))
    basis: Mapped[str] = mapped_column(String(6))
    amount_fen: Mapped[Fen]
    minimum_fen: Mapped[Fen] = mapped_column(default=0)
    sme_amount_fen: Mapped[Fen | None]
    """For a client whose class is micro, small or medium on the day of booking."""
    steps: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """Other amounts from a quantity on; like the two below null for none, and read by `rules.fees`."""
    surcharges: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """What may be ordered on top."""
    discounts: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """How far the lab's own price in a quote may fall below the fee, from a quantity on."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    """Last day, included; null: until further notice."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    test_item: Mapped[TestItem] = relationship(backref="fees")


_FEE_CLASH = (
    "SELECT RAISE(ABORT, 'fee_no_overlap') WHERE EXISTS (SELECT 1 FROM fee f WHERE f.test_item_id = NEW.test_item_id "
    "AND f.id IS NOT NEW.id AND f.valid_from <= coalesce(NEW.valid_to, '9999-12-31') "
    "AND coalesce(f.valid_to, '9999-12-31') >= NEW.valid_from)"
)
_FEE_USED = (
    "EXISTS (SELECT 1 FROM booking b WHERE b.fee_id = OLD.id AND (OLD.test_item_id <> NEW.test_item_id "
    "OR OLD.basis <> NEW.basis OR OLD.amount_fen <> NEW.amount_fen OR OLD.minimum_fen <> NEW.minimum_fen "
    "OR coalesce(OLD.sme_amount_fen, -1) <> coalesce(NEW.sme_amount_fen, -1) "
    "OR coalesce(CAST(OLD.steps AS text), '') <> coalesce(CAST(NEW.steps AS text), '') "
    "OR coalesce(CAST(OLD.surcharges AS text), '') <> coalesce(CAST(NEW.surcharges AS text), '') "
    "OR coalesce(CAST(OLD.discounts AS text), '') <> coalesce(CAST(NEW.discounts AS text), '') "
    "OR OLD.valid_from <> NEW.valid_from OR b.booked_on > coalesce(NEW.valid_to, '9999-12-31')))"
)
"""A fee that a booking uses keeps its amounts and its first day, and never ends before the last day it was used on."""
guard(
    Fee.__table__,
    sqlite=(
        f"CREATE TRIGGER fee_no_overlap_insert BEFORE INSERT ON fee BEGIN {_FEE_CLASH}; END",
        f"CREATE TRIGGER fee_no_overlap_update BEFORE UPDATE ON fee BEGIN {_FEE_CLASH}; END",
        f"CREATE TRIGGER fee_in_use BEFORE UPDATE ON fee WHEN {_FEE_USED} BEGIN SELECT RAISE(ABORT, 'fee_in_use'); END",
    ),
    postgresql=(
        (
            "ALTER TABLE fee ADD CONSTRAINT fee_no_overlap EXCLUDE USING gist "
            "(test_item_id WITH =, daterange(valid_from, valid_to, '[]') WITH &&)"
        ),
        (
            "CREATE FUNCTION fee_in_use() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {_FEE_USED} THEN RAISE EXCEPTION 'fee_in_use' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        ),
        "CREATE TRIGGER fee_in_use BEFORE UPDATE ON fee FOR EACH ROW EXECUTE FUNCTION fee_in_use()",
    ),
)


class SearchEntry(Model):
    """The normalised search text of a lab, instrument or test item; rebuilt by the services that change them.

    `grams` is `text` cut into pairs of characters (`rules.text.grams`): a word of two Chinese characters is found by
    an index on either engine, where their own word searches find nothing.
    """

    __tablename__ = "search_entry"
    __table_args__ = (
        one_of("kind", SearchKind),
        UniqueConstraint("kind", "target_id"),
        Index(None, "kind", "target_id", "sort_key"),
        Index(None, "lab_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    target_id: Mapped[int]
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    sort_key: Mapped[str] = mapped_column(String(200), default="")
    """The name in pinyin: lists sort by it."""
    text: Mapped[str] = mapped_column(Text)
    grams: Mapped[str] = mapped_column(Text)


guard(
    SearchEntry.__table__,
    sqlite=(
        (
            "CREATE VIRTUAL TABLE search_fts USING fts5(grams, content='search_entry', content_rowid='id', "
            "tokenize='unicode61 remove_diacritics 0')"
        ),
        (
            "CREATE TRIGGER search_fts_insert AFTER INSERT ON search_entry "
            "BEGIN INSERT INTO search_fts(rowid, grams) VALUES (NEW.id, NEW.grams); END"
        ),
        (
            "CREATE TRIGGER search_fts_delete AFTER DELETE ON search_entry "
            "BEGIN INSERT INTO search_fts(search_fts, rowid, grams) VALUES ('delete', OLD.id, OLD.grams); END"
        ),
        (
            "CREATE TRIGGER search_fts_update AFTER UPDATE OF grams ON search_entry "
            "BEGIN INSERT INTO search_fts(search_fts, rowid, grams) VALUES ('delete', OLD.id, OLD.grams); "
            "INSERT INTO search_fts(rowid, grams) VALUES (NEW.id, NEW.grams); END"
        ),
    ),
    postgresql=(
        # Dear on purpose, and not SQL, which would be inlined: looking into the index is always cheaper than asking it
        # for every row.
        (
            "CREATE FUNCTION search_grams(grams text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE "
            "COST 10000 AS $$ BEGIN RETURN array_to_tsvector(string_to_array(grams, ' ')); END $$"
        ),
        "CREATE INDEX ix_search_entry_grams ON search_entry USING gin (search_grams(grams))",
    ),
)


class SearchConcept(Model):
    """A concept of the field as administrators have changed or added it; what ships stands in `synonyms.csv`. Several
    words of a column are apart by `|`."""

    __tablename__ = "search_concept"
    __table_args__ = (one_of("kind", ConceptKind),)

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    zh: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
    short: Mapped[str] = mapped_column(Text)
    finds: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(200))
    revision: Mapped[int]
    """How often it was changed: who keeps the vocabulary sees that it is old."""
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SearchMiss(Model):
    """What was looked for and not found: the words, how often and when last, and nothing of who typed them."""

    __tablename__ = "search_miss"

    word: Mapped[str] = mapped_column(String(60), primary_key=True)
    times: Mapped[int]
    last_day: Mapped[date]


class FirmSearch(Model):
    """What a firm's bookers looked for last: for their eyes alone (R-SEARCH-6)."""

    __tablename__ = "firm_search"
    __table_args__ = (
        CheckConstraint("labs >= 0", name="labs_counted"),
        Index("ix_firm_search_last_at", "last_at"),
    )

    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    """The words in one spelling."""
    words: Mapped[str] = mapped_column(String(200))
    labs: Mapped[int]
    """How many had an offer."""
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
