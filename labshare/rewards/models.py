"""Reward policies, runs and their traces. Money in fen; months `YYYY-MM`."""

from datetime import date, datetime, timedelta
from typing import Any

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
    or_,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.catalogue.models import Lab
from labshare.kernel.database import Model, UtcDateTime, append_only, db, guard, one_of, stays_as_recorded
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.seen import digest_of
from labshare.kernel.terms import listed
from labshare.kernel.time import local_day
from labshare.organisations.models import Firm
from labshare.rewards import assessments  # noqa: F401 - the room's tables of grades
from labshare.rewards.terms import ObjectionVerdict, PolicyState, Reason, RunAct, RunState

ENDLESS_MONTH = "9999-12"


class Policy(Model):
    """A reward policy: a JSON document, immutable once published (R-REWARD-1). Policies of a division, and of one that
    contains it, never overlap."""

    __tablename__ = "policy"
    __table_args__ = (
        one_of("state", PolicyState),
        CheckConstraint(
            "effective_to IS NULL OR effective_from <= effective_to",
            name="months_in_order",
        ),
        UniqueConstraint("division", "version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(String(12))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    effective_from: Mapped[str] = mapped_column(String(7))
    effective_to: Mapped[str | None] = mapped_column(String(7))
    """Last month, included. The one thing that may still change on a published policy: it can be ended."""
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    demonstration: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(10), default=PolicyState.DRAFT)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def seen(self) -> str:
        """The digest of what whoever publishes it must have seen (R-RIGHTS-16)."""
        return digest_of((self.id, self.division, self.document))

    @hybrid_property
    def published(self) -> bool:
        """Whether it can no longer change but for its last month."""
        return self.state == PolicyState.PUBLISHED

    @hybrid_property
    def draft(self) -> bool:
        """Whether it waits to be published."""
        return self.state == PolicyState.DRAFT

    @hybrid_method
    def governs(self, month: Month) -> bool:
        """Whether the month is one of its months; of the document the same asks `rewards.policy.Policy`."""
        return self.effective_from <= str(month) and (self.effective_to is None or str(month) <= self.effective_to)

    @governs.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _governs_in_sql(cls, month: Month) -> ColumnElement[bool]:
        return and_(cls.effective_from <= str(month), or_(cls.effective_to.is_(None), cls.effective_to >= str(month)))

    @hybrid_method
    def in_force_in(self, month: Month) -> bool:
        """Whether it is published and governs the month."""
        return self.published and self.governs(month)

    @in_force_in.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _in_force_in_in_sql(cls, month: Month) -> ColumnElement[bool]:
        return and_(cls.published, cls.governs(month))

    def shares_months_with(self, other: "Policy") -> bool:
        """Whether some month would be governed by both."""
        return self.effective_from <= (other.effective_to or ENDLESS_MONTH) and other.effective_from <= (
            self.effective_to or ENDLESS_MONTH
        )


class PolicyEdit(Model):
    """Each saving of a draft, and by whom: none of them may publish the policy (R-RUN-13)."""

    __tablename__ = "policy_edit"

    policy_id: Mapped[int] = mapped_column(ForeignKey("policy.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    edited_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    edited_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RewardRun(Model):
    """The run of a month in a division: calculated → published → approved → paid."""

    __tablename__ = "reward_run"
    __table_args__ = (
        one_of("state", RunState.stored()),
        UniqueConstraint("division", "month"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(String(12))
    month: Mapped[str] = mapped_column(String(7))
    policy_id: Mapped[int] = mapped_column(ForeignKey("policy.id"))
    state: Mapped[str] = mapped_column(String(10))
    calculation: Mapped[int] = mapped_column(default=1)
    """How many times the result has changed, counted from 1."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the result and its inputs: what "calculating now gives the same" compares."""
    verdicts: Mapped[str] = mapped_column(String(80), default="")
    """A check value over every single verdict of the window."""
    total_payable_fen: Mapped[Fen]
    to_reclaim: Mapped[list[Any]] = mapped_column(JSON)
    calculated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    calculated_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Null: the scheduler."""
    publicity: Mapped[int] = mapped_column(default=0)
    """Which public notice this is, counted from 1; an upheld objection starts the next."""
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    publicity_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """From this moment it can be approved."""
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    paid_on: Mapped[date | None]
    paid_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    payment_reference: Mapped[str | None] = mapped_column(String(100))

    policy: Mapped[Policy] = relationship()

    @hybrid_method
    def in_notice_at(self, moment: datetime) -> bool:
        """Whether its public notice is not over."""
        return self.publicity_ends_at is not None and moment < self.publicity_ends_at

    @in_notice_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _in_notice_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return cls.publicity_ends_at > moment

    @hybrid_method
    def takes_objections_at(self, moment: datetime) -> bool:
        """Whether labs can object to it: its public notice lasts."""
        return self.state == RunState.PUBLISHED and self.in_notice_at(moment)

    @takes_objections_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _takes_objections_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.state == RunState.PUBLISHED, cls.in_notice_at(moment))


class RewardRunParticipant(Model):
    """Everybody who ever calculated or published a run: none of them may approve it (R-RUN-8)."""

    __tablename__ = "reward_run_hand"
    __table_args__ = (one_of("act", RunAct),)

    run_id: Mapped[int] = mapped_column(ForeignKey("reward_run.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    act: Mapped[str] = mapped_column(String(10), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class RewardLine(Model):
    """One lab's line of a run, with its trace: steps with label, inputs, parameters, result."""

    __tablename__ = "reward_line"
    __table_args__ = (UniqueConstraint("run_id", "lab_id"), Index(None, "lab_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("reward_run.id"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    grade: Mapped[str] = mapped_column(String(12))
    month_eligible_fen: Mapped[Fen]
    eligible_ytd_fen: Mapped[Fen]
    entitlement_ytd_fen: Mapped[Fen]
    cut_fen: Mapped[Fen]
    """What caps and budget took from the base, ≥ 0."""
    paid_before_fen: Mapped[Fen]
    opening_fen: Mapped[Fen]
    payable_fen: Mapped[Fen]
    recoverable_fen: Mapped[Fen]
    why: Mapped[str | None] = mapped_column(String(40))
    """Why nothing is payable, where nothing is."""
    trace: Mapped[list[Any]] = mapped_column(JSON)

    run: Mapped[RewardRun] = relationship(backref="lines")
    lab: Mapped[Lab] = relationship()
    firm: Mapped[Firm] = relationship()


class RewardCalculation(Model):
    """What a run's earlier results were: a row for each time the result changed, kept to show the difference."""

    __tablename__ = "reward_calculation"

    run_id: Mapped[int] = mapped_column(ForeignKey("reward_run.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    calculated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    calculated_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Null: the scheduler."""
    total_payable_fen: Mapped[Fen]
    lines: Mapped[dict[str, Any]] = mapped_column(JSON)
    """By lab code: `{"payable": fen, "eligible": fen, "month": fen}`."""


class RewardItem(Model):
    """The verdict on one ledger entry, stored with the run in which it is new or changed since the last approved one;
    an entry's verdict in a run is its item there, else its latest item in an earlier approved run.

    A run writes up to a million of these at once: no foreign keys (entries are never deleted, and the lock below asks
    for the run), and rows lie in the order of entries.
    """

    __tablename__ = "reward_item"
    __table_args__ = (
        one_of("reason", Reason, null=True),
        Index(None, "run_id"),
        {"sqlite_with_rowid": False},
    )

    entry_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reason: Mapped[str | None] = mapped_column(String(20))
    """Null: eligible."""
    changes: Mapped[bool] = mapped_column(default=False)
    """Changes what an earlier approved run said of the entry."""


class Objection(Model):
    """A lab's objection in a public notice: once each. Upheld, it sends the run back."""

    __tablename__ = "objection"
    __table_args__ = (
        UniqueConstraint("run_id", "lab_id", "publicity"),
        one_of("verdict", ObjectionVerdict, null=True),
        Index(
            "ix_objection_waiting",
            "answer_by",
            sqlite_where=text("verdict IS NULL"),
            postgresql_where=text("verdict IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("reward_run.id"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    publicity: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    raised_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer_by: Mapped[datetime] = mapped_column(UtcDateTime)
    """Unanswered at this moment, it is no longer the county's officers' to answer."""
    passed_on_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When those who answer it then were told."""
    verdict: Mapped[str | None] = mapped_column(String(8))
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    run: Mapped[RewardRun] = relationship(backref="objections")
    lab: Mapped[Lab] = relationship()

    @hybrid_property
    def unanswered(self) -> bool:
        """Whether nobody has answered it."""
        return self.verdict is None

    @unanswered.inplace.expression
    @classmethod
    def _unanswered_in_sql(cls) -> ColumnElement[bool]:
        return cls.verdict.is_(None)

    @property
    def last_day(self) -> date:
        """The last local day on which the county's officers answer."""
        return local_day(self.answer_by - timedelta(minutes=1))

    @hybrid_method
    def late_at(self, moment: datetime) -> bool:
        """Whether the time in which the county's officers answer is over."""
        return self.verdict is None and self.answer_by <= moment

    @late_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _late_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.verdict.is_(None), cls.answer_by <= moment)


class ObjectionEntry(Model):
    """A ledger entry that an objection is about."""

    __tablename__ = "objection_entry"

    objection_id: Mapped[int] = mapped_column(ForeignKey("objection.id"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("revenue_entry.id"), primary_key=True)


class ObjectionFile(Model):
    """A file that came with an objection."""

    __tablename__ = "objection_file"
    __table_args__ = (Index(None, "objection_id"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), primary_key=True)
    objection_id: Mapped[int] = mapped_column(ForeignKey("objection.id"))


class Correction(Model):
    """A signed correction of a lab's opening (R-REWARD-23): proposed by the system, or by an officer, with a reason.
    Another officer agrees to it; another amount than the system's needs the approver first (R-REWARD-26)."""

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("agreed_by IS NULL OR agreed_by <> proposed_by", name="two_officers"),
        CheckConstraint(
            "confirmed_by IS NULL OR (confirmed_by <> proposed_by "
            "AND (agreed_by IS NULL OR agreed_by <> confirmed_by))",
            name="third_person",
        ),
        CheckConstraint(
            "(agreed_by IS NULL) = (agreed_at IS NULL) AND (confirmed_by IS NULL) = (confirmed_at IS NULL)",
            name="by_somebody",
        ),
        CheckConstraint(
            "proposed_by IS NOT NULL OR (agreed_at IS NULL AND confirmed_at IS NULL AND system_fen IS NOT NULL "
            "AND fen = system_fen)",
            name="taken_up_first",
        ),
        CheckConstraint(
            "agreed_at IS NULL OR confirmed_at IS NOT NULL OR fen = system_fen", name="other_amount_confirmed"
        ),
        CheckConstraint("fen <> 0", name="not_zero"),
        Index(None, "division", "year"),
        Index(
            "uq_correction_of_the_system",
            "division",
            "window_from",
            "lab_id",
            unique=True,
            sqlite_where=text("proposed_by IS NULL AND refused_at IS NULL"),
            postgresql_where=text("proposed_by IS NULL AND refused_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(String(12))
    year: Mapped[int]
    from_month: Mapped[str] = mapped_column(String(7))
    """Counts in the openings of this month's window from this month on."""
    window_from: Mapped[str | None] = mapped_column(String(7))
    """The first month of the window that it corrects; not said of those made before windows were."""
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    fen: Mapped[Fen]
    """Above 0: more is recovered."""
    system_fen: Mapped[Fen | None]
    """What the system proposes, 0 for nothing; not known of those made before the system proposed."""
    basis: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Of the system's proposal: the window's last `month`, `approved_fen`, `now_fen`, the `verdicts` that changed."""
    reason: Mapped[str] = mapped_column(String(500))
    """Empty where the system's proposal is taken as it is: then what changed is the reason."""
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """The officer who proposed it or took it up; nobody yet: the system's."""
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """The approver, or an officer of a division around it, of another amount than the system's."""
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def other_amount(self) -> bool:
        """Whether it is another than the system's and needs the approver, too."""
        return self.system_fen is None or self.fen != self.system_fen

    @hybrid_property
    def unconfirmed(self) -> bool:
        """Whether the approver must confirm it before it can be agreed to."""
        return self.other_amount and self.confirmed_at is None

    @unconfirmed.inplace.expression
    @classmethod
    def _unconfirmed_in_sql(cls) -> ColumnElement[bool]:
        return and_(or_(cls.system_fen.is_(None), cls.fen != cls.system_fen), cls.confirmed_at.is_(None))

    @hybrid_property
    def agreed(self) -> bool:
        """Whether it counts."""
        return self.agreed_at is not None

    @agreed.inplace.expression
    @classmethod
    def _agreed_in_sql(cls) -> ColumnElement[bool]:
        return cls.agreed_at.is_not(None)

    @hybrid_method
    def counted_at(self, moment: datetime) -> bool:
        """Whether it counted at this moment already."""
        return self.agreed_at is not None and self.agreed_at <= moment

    @counted_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _counted_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return cls.agreed_at <= moment

    @hybrid_property
    def undecided(self) -> bool:
        """Whether it waits for somebody."""
        return self.agreed_at is None and self.refused_at is None

    @undecided.inplace.expression
    @classmethod
    def _undecided_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.agreed_at.is_(None), cls.refused_at.is_(None))

    @hybrid_property
    def of_the_system(self) -> bool:
        """Whether the system proposes it and nobody has taken it up."""
        return self.proposed_by is None and self.refused_at is None

    @of_the_system.inplace.expression
    @classmethod
    def _of_the_system_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.proposed_by.is_(None), cls.refused_at.is_(None))


def _locked_with_run(*, table: str, key: str) -> None:
    """Rows of an approved run are locked: the database refuses to change, add or remove them, or to move them."""
    open_run = (
        f"EXISTS (SELECT 1 FROM reward_run r WHERE r.id = {{row}}.run_id AND r.state IN ({listed(RunState.open())}))"
    )
    refuse = f"SELECT RAISE(ABORT, '{table}: the run is approved') WHERE NOT "
    replaced = (
        f"SELECT RAISE(ABORT, '{table}: replaces a row') WHERE EXISTS (SELECT 1 FROM {table} x WHERE "
        + " AND ".join(f"x.{column} = NEW.{column}" for column in key.split(", "))
        + ")"
    )
    raises = "RAISE EXCEPTION '{}' USING ERRCODE = 'integrity_constraint_violation';".format
    guard(
        db.metadata.tables[table],
        sqlite=(
            (
                f"CREATE TRIGGER {table}_locked_insert BEFORE INSERT ON {table} "
                f"BEGIN {refuse}{open_run.format(row='NEW')}; {replaced}; END"
            ),
            (
                f"CREATE TRIGGER {table}_locked_update BEFORE UPDATE ON {table} "
                f"BEGIN {refuse}({open_run.format(row='OLD')} AND NEW.run_id = OLD.run_id); END"
            ),
            (
                f"CREATE TRIGGER {table}_locked_delete BEFORE DELETE ON {table} "
                f"BEGIN {refuse}{open_run.format(row='OLD')}; END"
            ),
        ),
        # asked once a statement, for a run writes a million rows in one
        postgresql=(
            (
                f"CREATE FUNCTION {table}_locked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF EXISTS (SELECT 1 FROM (SELECT DISTINCT run_id FROM touched) t LEFT JOIN reward_run r "
                f"ON r.id = t.run_id AND r.state IN ({listed(RunState.open())}) WHERE r.id IS NULL) THEN "
                f"{raises(f'{table}: the run is approved')} END IF; RETURN NULL; END $$"
            ),
            (
                f"CREATE FUNCTION {table}_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"{raises(f'{table}: rows stay with their run')} END $$"
            ),
            (
                f"CREATE TRIGGER {table}_locked_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS touched "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_locked()"
            ),
            (
                f"CREATE TRIGGER {table}_locked_update AFTER UPDATE ON {table} REFERENCING OLD TABLE AS touched "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_locked()"
            ),
            (
                f"CREATE TRIGGER {table}_locked_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS touched "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_locked()"
            ),
            (
                f"CREATE TRIGGER {table}_kept BEFORE UPDATE OF run_id ON {table} FOR EACH ROW "
                f"WHEN (NEW.run_id <> OLD.run_id) EXECUTE FUNCTION {table}_kept()"
            ),
            (
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_kept()"
            ),
        ),
    )


_locked_with_run(table="reward_line", key="id")
_locked_with_run(table="reward_item", key="entry_id, run_id")
append_only(RewardRunParticipant.__table__)

_SET_AT_APPROVAL = (
    "month",
    "division",
    "policy_id",
    "digest",
    "verdicts",
    "total_payable_fen",
    "calculation",
    "calculated_at",
    "calculated_by",
    "publicity",
    "published_at",
    "published_by",
    "publicity_ends_at",
    "approved_at",
    "approved_by",
)
_SET_AT_PAYMENT = ("paid_on", "paid_by", "payment_reference")


def _differs(*columns: str) -> str:
    return " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)


_CORRECTION_SUBJECT = ("division", "window_from", "lab_id", "system_fen")
stays_as_recorded(
    Correction.__table__,
    rewritten="OLD.agreed_at IS NOT NULL OR OLD.refused_at IS NOT NULL "
    f"OR (NEW.proposed_by IS NOT NULL AND ({_differs(*_CORRECTION_SUBJECT)})) "
    f"OR (OLD.proposed_by IS NOT NULL AND ({_differs('fen', 'reason', 'proposed_by', 'proposed_at')})) "
    f"OR (OLD.confirmed_at IS NOT NULL AND ({_differs('confirmed_by', 'confirmed_at')}))",
)
_CORRECTION_UNSAID = "NEW.window_from IS NULL OR NEW.system_fen IS NULL OR NEW.agreed_at IS NOT NULL"
guard(
    Correction.__table__,
    sqlite=(
        (
            "CREATE TRIGGER correction_of_a_window BEFORE INSERT ON correction "
            f"BEGIN SELECT RAISE(ABORT, 'correction of a window') WHERE {_CORRECTION_UNSAID}; END"
        ),
    ),
    postgresql=(
        (
            "CREATE FUNCTION correction_of_a_window() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'correction of a window' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ),
        (
            "CREATE TRIGGER correction_of_a_window BEFORE INSERT ON correction FOR EACH ROW "
            f"WHEN ({_CORRECTION_UNSAID}) EXECUTE FUNCTION correction_of_a_window()"
        ),
    ),
)

_RUN_FROZEN = (
    f"(OLD.state IN ({listed(RunState.settled())}) "
    f"AND (NEW.state NOT IN ({listed(RunState.settled())}) OR {_differs(*_SET_AT_APPROVAL)} "
    "OR CAST(NEW.to_reclaim AS TEXT) <> CAST(OLD.to_reclaim AS TEXT))) "
    f"OR (OLD.state = 'paid' AND (NEW.state <> 'paid' OR {_differs(*_SET_AT_PAYMENT)}))"
)
guard(
    RewardRun.__table__,
    sqlite=(
        (
            f"CREATE TRIGGER reward_run_frozen BEFORE UPDATE ON reward_run WHEN {_RUN_FROZEN} "
            "BEGIN SELECT RAISE(ABORT, 'reward_run: the run is approved'); END"
        ),
        (
            "CREATE TRIGGER reward_run_kept BEFORE DELETE ON reward_run WHEN OLD.state <> 'calculated' "
            "BEGIN SELECT RAISE(ABORT, 'reward_run: the run is published'); END"
        ),
        (
            "CREATE TRIGGER reward_run_not_replaced BEFORE INSERT ON reward_run "
            "WHEN EXISTS (SELECT 1 FROM reward_run r "
            "WHERE r.id = NEW.id OR (r.division = NEW.division AND r.month = NEW.month)) "
            "BEGIN SELECT RAISE(ABORT, 'reward_run: one run a month and division'); END"
        ),
    ),
    postgresql=(
        (
            "CREATE FUNCTION reward_run_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'reward_run: the run is approved' "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ),
        (
            f"CREATE TRIGGER reward_run_frozen BEFORE UPDATE ON reward_run FOR EACH ROW WHEN ({_RUN_FROZEN}) "
            "EXECUTE FUNCTION reward_run_refuse()"
        ),
        (
            "CREATE TRIGGER reward_run_kept BEFORE DELETE ON reward_run FOR EACH ROW WHEN (OLD.state <> 'calculated') "
            "EXECUTE FUNCTION reward_run_refuse()"
        ),
        (
            "CREATE TRIGGER reward_run_no_truncate BEFORE TRUNCATE ON reward_run FOR EACH STATEMENT "
            "EXECUTE FUNCTION reward_run_refuse()"
        ),
    ),
)

_POLICY_CLASH_SQLITE = (
    "SELECT RAISE(ABORT, 'policy_no_overlap') WHERE NEW.state = 'published' AND EXISTS (SELECT 1 FROM policy p "
    "WHERE (substr(p.division, 1, length(NEW.division)) = NEW.division "
    "OR substr(NEW.division, 1, length(p.division)) = p.division) AND p.state = 'published' AND p.id IS NOT NEW.id "
    "AND p.effective_from <= coalesce(NEW.effective_to, '9999-12') "
    "AND coalesce(p.effective_to, '9999-12') >= NEW.effective_from)"
)
_POLICY_FROZEN = (
    "OLD.state = 'published' AND (NEW.state <> OLD.state OR NEW.division <> OLD.division "
    "OR NEW.name <> OLD.name OR NEW.effective_from <> OLD.effective_from OR NEW.version <> OLD.version "
    "OR CAST(NEW.document AS TEXT) <> CAST(OLD.document AS TEXT))"
)
_POLICY_BY_ITS_EDITOR = (
    "NEW.published_by IS DISTINCT FROM OLD.published_by AND (OLD.state = 'published' "
    "OR NEW.published_by = OLD.created_by OR EXISTS (SELECT 1 FROM policy_edit e "
    "WHERE e.policy_id = NEW.id AND e.edited_by = NEW.published_by))"
)
append_only(PolicyEdit.__table__)
guard(
    Policy.__table__,
    sqlite=(
        (
            "CREATE TRIGGER policy_published_by_another BEFORE UPDATE ON policy "
            f"BEGIN SELECT RAISE(ABORT, 'policy: another publishes') WHERE {_POLICY_BY_ITS_EDITOR}; END"
        ),
        f"CREATE TRIGGER policy_no_overlap_insert BEFORE INSERT ON policy BEGIN {_POLICY_CLASH_SQLITE}; END",
        f"CREATE TRIGGER policy_no_overlap_update BEFORE UPDATE ON policy BEGIN {_POLICY_CLASH_SQLITE}; END",
        (
            f"CREATE TRIGGER policy_frozen BEFORE UPDATE ON policy WHEN {_POLICY_FROZEN} "
            "BEGIN SELECT RAISE(ABORT, 'policy: published'); END"
        ),
        (
            "CREATE TRIGGER policy_kept BEFORE DELETE ON policy WHEN OLD.state = 'published' "
            "BEGIN SELECT RAISE(ABORT, 'policy: published'); END"
        ),
    ),
    postgresql=(
        (
            # the codes of the towns in a division are a range: two ranges overlap where one lies in the other
            "ALTER TABLE policy ADD CONSTRAINT policy_no_overlap EXCLUDE USING gist ("
            "int8range(CAST(rpad(division, 12, '0') AS bigint), "
            "CAST(rpad(division, 12, '9') AS bigint), '[]') WITH &&, "
            "int4range(CAST(replace(effective_from, '-', '') AS int), "
            "CAST(replace(coalesce(effective_to, '9999-12'), '-', '') AS int), '[]') WITH &&) "
            "WHERE (state = 'published')"
        ),
        (
            "CREATE FUNCTION policy_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'policy: published' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ),
        (
            "CREATE FUNCTION policy_published_by_another() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {_POLICY_BY_ITS_EDITOR} THEN RAISE EXCEPTION 'policy: another publishes' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        ),
        (
            "CREATE TRIGGER policy_published_by_another BEFORE UPDATE ON policy FOR EACH ROW "
            "EXECUTE FUNCTION policy_published_by_another()"
        ),
        (
            f"CREATE TRIGGER policy_frozen BEFORE UPDATE ON policy FOR EACH ROW WHEN ({_POLICY_FROZEN}) "
            "EXECUTE FUNCTION policy_refuse()"
        ),
        (
            "CREATE TRIGGER policy_kept BEFORE DELETE ON policy FOR EACH ROW WHEN (OLD.state = 'published') "
            "EXECUTE FUNCTION policy_refuse()"
        ),
    ),
)
