"""The tables of assessments (R-GRADE-2): a year's grades are entered as one list, confirmed by another person,
and count from then on.

A mistake is corrected by a later list: of two grades of one lab and effective month the one confirmed later holds. So
nothing changes in place, and what was known at any past moment can still be asked.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, Index, String, UniqueConstraint, and_
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.catalogue.models import Lab
from labshare.kernel.database import Model, UtcDateTime, append_only, guard, one_of
from labshare.kernel.months import Month
from labshare.rewards.terms import Grade, ListState


class AssessmentList(Model):
    """A list of grades for labs of one division, of one year, in force from one month on."""

    __tablename__ = "assessment_list"
    __table_args__ = (
        one_of("state", ListState),
        CheckConstraint("(state = 'confirmed') = (confirmed_at IS NOT NULL)", name="confirmed_with_moment"),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_with_moment"),
        CheckConstraint(
            "confirmed_at IS NULL OR migrated OR (confirmed_by IS NOT NULL AND entered_by IS NOT NULL)",
            name="two_persons_known",
        ),
        CheckConstraint("confirmed_by <> entered_by", name="two_persons"),
        Index(None, "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(String(12))
    year: Mapped[int]
    """The year assessed."""
    effective_month: Mapped[str] = mapped_column(String(7))
    state: Mapped[str] = mapped_column(String(12), default=ListState.DRAFT)
    version: Mapped[int] = mapped_column(default=0)
    """The number of the latest version; what is handed over and confirmed is that one."""
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """The author, who may withdraw it. Null only where it was entered before lists were kept."""
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    handed_over_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    handed_over_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_back_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    sent_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_back_reason: Mapped[str | None] = mapped_column(String(500))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    migrated: Mapped[bool] = mapped_column(default=False)
    """Made by the migration from grades that one person entered and nobody confirmed."""

    @hybrid_property
    def counts(self) -> bool:
        """Whether its grades count."""
        return self.state == ListState.CONFIRMED

    @hybrid_method
    def in_force_in(self, month: Month) -> bool:
        """Whether its grades count in this month, where no later list says otherwise."""
        return self.counts and self.effective_month <= str(month)

    @in_force_in.inplace.expression  # type: ignore[attr-defined, untyped-decorator]
    @classmethod
    def _in_force_in_in_sql(cls, month: Month) -> ColumnElement[bool]:
        return and_(cls.counts, cls.effective_month <= str(month))

    @hybrid_property
    def handed_over(self) -> bool:
        """Whether it waits for another person to confirm it."""
        return self.state == ListState.HANDED_OVER

    @hybrid_property
    def sent_back(self) -> bool:
        """Whether it waits for its author to correct it."""
        return self.state == ListState.DRAFT and self.sent_back_at is not None

    @sent_back.inplace.expression
    @classmethod
    def _sent_back_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.state == ListState.DRAFT, cls.sent_back_at.is_not(None))


class AssessmentVersion(Model):
    """What a list said after each saving, and who saved it: none of them may confirm it."""

    __tablename__ = "assessment_version"

    list_id: Mapped[int] = mapped_column(ForeignKey("assessment_list.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`{"year", "effective_month", "rows": [{"lab": id, "grade": … or null, "reason": "…"}]}`, rows by lab id. A draft
    may lack grades and reasons."""
    edited_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    edited_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Assessment(Model):
    """A lab's grade on a confirmed list. Written when the list is confirmed, never before, and never changed."""

    __tablename__ = "assessment"
    __table_args__ = (
        one_of("grade", Grade),
        CheckConstraint("reason IS NULL OR trim(reason) <> ''", name="reason_given"),
        UniqueConstraint("list_id", "lab_id"),
        Index(None, "lab_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("assessment_list.id"))
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    grade: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(300))
    """Null only where it was entered before reasons were asked for."""
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """From this moment the grade is known; on a migrated list the moment it was entered."""

    list: Mapped[AssessmentList] = relationship()
    lab: Mapped[Lab] = relationship()

    @hybrid_method
    def known_at(self, moment: datetime) -> bool:
        """Whether the grade was known at this moment."""
        return self.confirmed_at <= moment

    @known_at.inplace.expression  # type: ignore[attr-defined, untyped-decorator]
    @classmethod
    def _known_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return cls.confirmed_at <= moment


append_only(AssessmentVersion.__table__)
append_only(Assessment.__table__)

_MOVED = " OR ".join(
    f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in ("id", "division", "entered_by", "entered_at")
)
_SAYS_OTHERWISE = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in ("year", "effective_month", "version"))
_NOT_AS_HANDED_OVER = f"OLD.state <> 'draft' AND ({_SAYS_OTHERWISE})"
_UNSEEN = "NEW.state = 'confirmed' AND OLD.state <> 'handed_over'"
_SAME_PERSON = (
    "NEW.state = 'confirmed' AND (NEW.confirmed_by = NEW.handed_over_by OR EXISTS (SELECT 1 FROM assessment_version v "
    "WHERE v.list_id = NEW.id AND v.edited_by = NEW.confirmed_by))"
)
_FAULTS = (
    ("OLD.state IN ('confirmed', 'withdrawn')", "the list is decided"),
    (f"{_MOVED} OR NEW.migrated", "whose list it is stays"),
    (_NOT_AS_HANDED_OVER, "the list is handed over"),
    (_UNSEEN, "the list is not handed over"),
    (_SAME_PERSON, "another person confirms"),
)
_DECIDED = "SELECT 1 FROM assessment_list l WHERE l.id = NEW.list_id AND l.state = '{}'"


def _raise(message: str) -> str:
    return f"RAISE EXCEPTION 'assessment: {message}' USING ERRCODE = 'integrity_constraint_violation';"


def _abort(message: str, where: str) -> str:
    return f"SELECT RAISE(ABORT, 'assessment: {message}') WHERE {where};"


guard(
    AssessmentList.__table__,
    sqlite=(
        (
            "CREATE TRIGGER assessment_list_begins BEFORE INSERT ON assessment_list BEGIN "
            + _abort("a list begins as a draft", "NEW.state <> 'draft' OR NEW.migrated")
            + " "
            + _abort("replaces a list", "EXISTS (SELECT 1 FROM assessment_list l WHERE l.id = NEW.id)")
            + " END"
        ),
        (
            "CREATE TRIGGER assessment_list_steps BEFORE UPDATE ON assessment_list BEGIN "
            + " ".join(_abort(message, where) for where, message in _FAULTS)
            + " END"
        ),
        (
            "CREATE TRIGGER assessment_list_kept BEFORE DELETE ON assessment_list "
            "BEGIN SELECT RAISE(ABORT, 'assessment: lists are kept'); END"
        ),
    ),
    postgresql=(
        (
            "CREATE FUNCTION assessment_list_begins() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF NEW.state <> 'draft' OR NEW.migrated THEN {_raise('a list begins as a draft')} END IF; "
            "RETURN NEW; END $$"
        ),
        (
            "CREATE FUNCTION assessment_list_steps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            + " ".join(f"IF {where} THEN {_raise(message)} END IF;" for where, message in _FAULTS)
            + " RETURN NEW; END $$"
        ),
        (
            "CREATE FUNCTION assessment_list_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{_raise('lists are kept')} END $$"
        ),
        (
            "CREATE TRIGGER assessment_list_begins BEFORE INSERT ON assessment_list FOR EACH ROW "
            "EXECUTE FUNCTION assessment_list_begins()"
        ),
        (
            "CREATE TRIGGER assessment_list_steps BEFORE UPDATE ON assessment_list FOR EACH ROW "
            "EXECUTE FUNCTION assessment_list_steps()"
        ),
        (
            "CREATE TRIGGER assessment_list_kept BEFORE DELETE ON assessment_list FOR EACH ROW "
            "EXECUTE FUNCTION assessment_list_refuse()"
        ),
        (
            "CREATE TRIGGER assessment_list_no_truncate BEFORE TRUNCATE ON assessment_list FOR EACH STATEMENT "
            "EXECUTE FUNCTION assessment_list_refuse()"
        ),
    ),
)


def _only_while(table: str, state: str, message: str, *, key: str, also: str = "") -> None:
    """Rows are added only while their list is in this state; on SQLite they replace none either."""
    missing = f"NOT EXISTS ({_DECIDED.format(state)}){also}"
    replaced = " AND ".join(f"x.{column} = NEW.{column}" for column in key.split(", "))
    guard(
        Model.metadata.tables[table],
        sqlite=(
            (
                f"CREATE TRIGGER {table}_in_time BEFORE INSERT ON {table} BEGIN "
                + _abort(message, missing)
                + " "
                + _abort("replaces a row", f"EXISTS (SELECT 1 FROM {table} x WHERE {replaced})")
                + " END"
            ),
        ),
        postgresql=(
            (
                f"CREATE FUNCTION {table}_in_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {missing} THEN {_raise(message)} END IF; RETURN NEW; END $$"
            ),
            (
                f"CREATE TRIGGER {table}_in_time BEFORE INSERT ON {table} FOR EACH ROW "
                f"EXECUTE FUNCTION {table}_in_time()"
            ),
        ),
    )


_only_while("assessment_version", "draft", "only a draft is edited", key="list_id, number")
_only_while(
    "assessment",
    "handed_over",
    "a grade is written when its list is confirmed",
    key="list_id, lab_id",
    also=" OR NEW.reason IS NULL",
)
