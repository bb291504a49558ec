"""Firms and who acts for them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    and_,
    func,
    not_,
    or_,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.accounts.models import Person
from labshare.kernel.database import Model, UtcDateTime, guard, one_of, stays_as_recorded
from labshare.kernel.money import Fen
from labshare.kernel.seen import digest_of
from labshare.kernel.spans import Decided
from labshare.kernel.terms import OfficialRole, TokenScope
from labshare.organisations.industries import Industry, industry_of
from labshare.organisations.links import Link
from labshare.organisations.terms import (
    AffiliationAct,
    AffiliationKind,
    AffiliationSource,
    FirmKind,
    FirmRole,
    SizeClass,
)


class Firm(Model):
    """A legal unit with a credit code. May be client and host of labs at once."""

    __tablename__ = "firm"
    __table_args__ = (
        one_of("kind", FirmKind),
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
    registered_on: Mapped[date | None]
    size_class: Mapped[str | None] = mapped_column(String(10))
    """The class in force now, copied from the `FirmSize` confirmed last; only enterprises have one."""
    licence_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    """The business licence as uploaded, for whoever verifies."""
    approval_above_fen: Mapped[Fen | None]
    """Bookings above it wait for the inside yes (R-APPROVAL-1); null: none does."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    returned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    return_reason: Mapped[str | None] = mapped_column(String(500))

    @property
    def trade(self) -> Industry | None:
        """The division of industry that its code lies in."""
        return industry_of(self.industry)

    @hybrid_property
    def verified(self) -> bool:
        return self.verified_at is not None

    @verified.inplace.expression
    @classmethod
    def _verified_in_sql(cls) -> ColumnElement[bool]:
        return cls.verified_at.is_not(None)

    @hybrid_property
    def waits(self) -> bool:
        """Whether an administrator has to look at it: neither verified nor returned."""
        return not self.verified and self.returned_at is None

    @waits.inplace.expression
    @classmethod
    def _waits_in_sql(cls) -> ColumnElement[bool]:
        return and_(not_(cls.verified), cls.returned_at.is_(None))

    @hybrid_property
    def returned(self) -> bool:
        """Whether an administrator sent it back, to be corrected."""
        return not self.verified and self.returned_at is not None

    @returned.inplace.expression
    @classmethod
    def _returned_in_sql(cls) -> ColumnElement[bool]:
        return and_(not_(cls.verified), cls.returned_at.is_not(None))


class FirmDraft(Model):
    """What a person has typed of a firm to register: kept until they register it, one for each."""

    __tablename__ = "firm_draft"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The form's texts as typed, by their names."""
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FirmSize(Decided, Model):
    """A firm's declared figures of one year and the size class derived from them. The class is a dated fact: it counts
    from the day an administrator confirms it (R-FIRM-5). Decided once, and then as recorded."""

    __tablename__ = "firm_size"
    __table_args__ = (
        one_of("size_class", SizeClass),
        CheckConstraint("(confirmed_at IS NULL) = (valid_from IS NULL)", name="counts_once_confirmed"),
        CheckConstraint("(refused_at IS NULL) = (refusal IS NULL)", name="refused_with_reason"),
        CheckConstraint("confirmed_at IS NULL OR refused_at IS NULL", name="decided_once"),
        CheckConstraint(
            "declared_by IS NULL OR confirmed_by IS NULL OR declared_by <> confirmed_by", name="confirmed_by_another"
        ),
        Index(
            "ix_firm_size_waiting",
            "firm_id",
            unique=True,
            sqlite_where=text("confirmed_at IS NULL AND refused_at IS NULL"),
            postgresql_where=text("confirmed_at IS NULL AND refused_at IS NULL"),
        ),
        Index(None, "firm_id", "valid_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    year: Mapped[int]
    employees: Mapped[int | None]
    revenue_fen: Mapped[Fen | None]
    assets_fen: Mapped[Fen | None]
    sector: Mapped[str] = mapped_column(String(20))
    size_class: Mapped[str] = mapped_column(String(10))
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)
    declared_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None where an administrator set the class by hand."""
    proof_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    """The year's tax return or audit report."""
    valid_from: Mapped[date | None]
    """The day on which it was confirmed: bookings made from then on copy the class."""
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refused_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    refusal: Mapped[str | None] = mapped_column(String(300))
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why the class was set by hand, where it was."""

    firm: Mapped[Firm] = relationship()

    @property
    def seen_values(self) -> tuple[Any, ...]:
        """What whoever decides on it must have seen."""
        figures = (self.employees, self.revenue_fen, self.assets_fen)
        return (self.year, self.sector, self.size_class, *figures, self.proof_id)

    @property
    def digest(self) -> str:
        return digest_of(self.seen_values)


stays_as_recorded(
    FirmSize.__table__,
    rewritten="OLD.confirmed_at IS NOT NULL OR OLD.refused_at IS NOT NULL OR NEW.firm_id <> OLD.firm_id",
    deleted="OLD.confirmed_at IS NULL AND OLD.refused_at IS NULL",
)


class Affiliation(Model):
    """A relation between two firms, dated; `controls` runs from `firm_id` to `other_firm_id`, the rest both ways.

    Nothing is overwritten: what was recorded stays, and what became of it is set beside it once, with its moment and
    its person. A correction voids the row and records another that names it.
    """

    __tablename__ = "affiliation"
    __table_args__ = (
        one_of("kind", AffiliationKind),
        one_of("source", AffiliationSource),
        CheckConstraint("firm_id <> other_firm_id", name="two_firms"),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="dates_in_order"),
        CheckConstraint(
            "(source = 'firm' AND declared_by_firm_id IN (firm_id, other_firm_id)) "
            "OR (source <> 'firm' AND declared_by_firm_id IS NULL AND confirmed_at IS NOT NULL)",
            name="declared_or_confirmed",
        ),
        CheckConstraint("agreed_at IS NULL OR source = 'firm'", name="agreed_is_declared"),
        CheckConstraint("ended_on IS NULL OR ended_on >= valid_from", name="end_after_start"),
        CheckConstraint("voided_at IS NULL OR void_reason <> ''", name="voided_with_reason"),
        *(
            CheckConstraint(
                f"({act}_at IS NULL) = ({act}_by IS NULL)" + (f" AND ({also}) = ({act}_at IS NULL)" if also else ""),
                name=f"{act}_by_somebody",
            )
            for act, also in (
                ("agreed", ""),
                ("objected", "objection IS NULL"),
                ("seen", ""),
                ("confirmed", ""),
                ("end_asked", "end_asked_on IS NULL"),
                ("ended", "ended_on IS NULL"),
                ("voided", "void_reason IS NULL"),
            )
        ),
        Index(None, "firm_id"),
        Index(None, "other_firm_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    other_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    kind: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    """Last day, included, as recorded with the row; an end that was recorded later is `ended_on`."""
    source: Mapped[str] = mapped_column(String(20))
    declared_by_firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"))
    """The firm that declared it; null where an officer entered it."""
    note: Mapped[str] = mapped_column(String(300), default="")
    entered_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("affiliation.id"))
    """The voided row that this one stands in for."""
    declaration_touches: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """What the declaration would have changed in published months, when it was made: it does not reach back until an
    officer confirms it. `[{"month", "lab", "entries", "fen"}]`; null: nothing."""
    holds_until_decided: Mapped[bool] = mapped_column(default=False)
    """Declared before declarations were told apart, and it decided entries of approved runs: holds as it did then."""

    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The other side agreed to the declaration."""
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreement_touches: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """The same of the agreement."""
    objected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    objected_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    objection: Mapped[str | None] = mapped_column(String(500))
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """An officer has seen the declaration and left it as it is."""
    seen_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    seen_note: Mapped[str | None] = mapped_column(String(300))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """An officer confirmed the declaration, or entered the affiliation."""
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    confirmed_source: Mapped[str | None] = mapped_column(String(20))
    confirmed_note: Mapped[str | None] = mapped_column(String(300))
    end_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """A firm asks for an end that only an officer may record; empty again once the officer has declined."""
    end_asked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    end_asked_on: Mapped[date | None]
    end_asked_reason: Mapped[str | None] = mapped_column(String(300))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the end was recorded."""
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_on: Mapped[date | None]
    """Last day, included."""
    ended_source: Mapped[str | None] = mapped_column(String(20))
    end_reason: Mapped[str | None] = mapped_column(String(300))
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """From here on it is known that it never held."""
    voided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    voided_source: Mapped[str | None] = mapped_column(String(20))
    void_reason: Mapped[str | None] = mapped_column(String(300))

    @property
    def link(self) -> Link:
        """What the rules read."""
        return Link(
            id=self.id,
            firm=self.firm_id,
            other=self.other_firm_id,
            kind=self.kind,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            recorded_at=self.recorded_at,
            declared_by=self.declared_by_firm_id,
            declaration_waits=bool(self.declaration_touches),
            agreed_at=self.agreed_at,
            agreement_waits=bool(self.agreement_touches),
            objected_at=self.objected_at,
            seen_at=self.seen_at,
            confirmed_at=self.confirmed_at,
            end_asked_at=self.end_asked_at,
            ended_at=self.ended_at,
            ended_on=self.ended_on,
            voided_at=self.voided_at,
            held=bool(self.holds_until_decided),
        )

    @hybrid_property
    def voided(self) -> bool:
        """Whether it is known that it never held."""
        return self.voided_at is not None

    @voided.inplace.expression
    @classmethod
    def _voided_in_sql(cls) -> ColumnElement[bool]:
        return cls.voided_at.is_not(None)

    @hybrid_property
    def confirmed(self) -> bool:
        """Whether an officer entered or confirmed it."""
        return self.confirmed_at is not None

    @confirmed.inplace.expression
    @classmethod
    def _confirmed_in_sql(cls) -> ColumnElement[bool]:
        return cls.confirmed_at.is_not(None)

    @hybrid_method
    def lasts_to(self, day: date) -> bool:
        """Whether its last day, as recorded or as ended, is not before this day."""
        return day <= self.link.last

    @lasts_to.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lasts_to_in_sql(cls, day: date) -> ColumnElement[bool]:
        last: ColumnElement[date | None] = func.coalesce(cls.ended_on, cls.valid_to)
        return or_(last.is_(None), last >= day)


_AS_RECORDED = (
    "id",
    "firm_id",
    "other_firm_id",
    "kind",
    "valid_from",
    "valid_to",
    "source",
    "declared_by_firm_id",
    "note",
    "entered_by",
    "recorded_at",
    "corrects_id",
    "declaration_touches",
    "holds_until_decided",
)
_SET_ONCE = {
    "agreed_at": ("agreed_by", "agreement_touches"),
    "objected_at": ("objected_by", "objection"),
    "seen_at": ("seen_by", "seen_note"),
    "confirmed_at": ("confirmed_by", "confirmed_source", "confirmed_note"),
    "ended_at": ("ended_by", "ended_on", "ended_source", "end_reason"),
    "voided_at": ("voided_by", "voided_source", "void_reason"),
}
"""What is set together with a moment, and never again."""


def _differ(columns: Iterable[str]) -> str:
    """A condition of a trigger: one of these columns changes."""
    texts = [f"CAST({{row}}.{one} AS TEXT)" if one.endswith("_touches") else f"{{row}}.{one}" for one in columns]
    return " OR ".join(f"{one.format(row='NEW')} IS DISTINCT FROM {one.format(row='OLD')}" for one in texts)


_EVER_SET = [one for moment, rest in _SET_ONCE.items() for one in (moment, *rest)]
_AFFILIATION_REWRITTEN = " OR ".join(
    [
        _differ(_AS_RECORDED),
        *(f"(OLD.{moment} IS NOT NULL AND ({_differ((moment, *rest))}))" for moment, rest in _SET_ONCE.items()),
        f"(OLD.voided_at IS NOT NULL AND ({_differ(_EVER_SET)}))",
    ]
)
stays_as_recorded(Affiliation.__table__, rewritten=_AFFILIATION_REWRITTEN)
guard(
    Affiliation.__table__,
    sqlite=(
        (
            "CREATE TRIGGER affiliation_not_replaced BEFORE INSERT ON affiliation "
            "WHEN EXISTS (SELECT 1 FROM affiliation a WHERE a.id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'affiliation rows stay'); END"
        ),
    ),
)


class AffiliationChange(Model):
    """What an officer proposes against a recorded affiliation: it ends, is corrected or voided once a second person
    agrees (R-AFFILIATION-10). Rows stay."""

    __tablename__ = "affiliation_change"
    __table_args__ = (
        one_of("act", AffiliationAct),
        one_of("kind", AffiliationKind),
        CheckConstraint(
            "(act = 'correcting') = (kind IS NOT NULL) AND (kind IS NULL) = (valid_from IS NULL)",
            name="correction_says_what",
        ),
        CheckConstraint(
            "(act <> 'ending' OR valid_to IS NOT NULL) AND (act <> 'voiding' OR valid_to IS NULL)", name="end_says_when"
        ),
        CheckConstraint("source <> '' AND reason <> ''", name="said_why"),
        CheckConstraint("agreed_by IS NULL OR agreed_by <> proposed_by", name="agreed_by_another"),
        CheckConstraint(
            "(agreed_by IS NULL) = (agreed_at IS NULL) AND (dropped_by IS NULL) = (dropped_at IS NULL) "
            "AND (agreed_at IS NULL OR dropped_at IS NULL)",
            name="agreed_or_dropped",
        ),
        Index(None, "affiliation_id"),
        Index(
            "uq_affiliation_change_waiting",
            "affiliation_id",
            unique=True,
            sqlite_where=text("agreed_at IS NULL AND dropped_at IS NULL"),
            postgresql_where=text("agreed_at IS NULL AND dropped_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    affiliation_id: Mapped[int] = mapped_column(ForeignKey("affiliation.id"))
    act: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str | None] = mapped_column(String(20))
    """What a correction records instead, with its days."""
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    """Last day, included, of what is corrected or ends."""
    source: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(300))
    proposed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dropped_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    dropped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was refused, or withdrawn by who proposed it."""

    affiliation: Mapped[Affiliation] = relationship()

    @hybrid_property
    def waits(self) -> bool:
        """Whether a second person has to agree or refuse."""
        return self.agreed_at is None and self.dropped_at is None

    @waits.inplace.expression
    @classmethod
    def _waits_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.agreed_at.is_(None), cls.dropped_at.is_(None))

    @property
    def seen(self) -> str:
        """The digest of what is proposed, and of what it is proposed against (R-RIGHTS-16)."""
        of = self.affiliation
        return digest_of(
            (
                *(self.id, self.act, self.kind, self.valid_from, self.valid_to, self.source, self.reason),
                *(of.kind, of.valid_from, of.valid_to, of.ended_on, of.voided_at),
            )
        )


_PROPOSED = (
    *("affiliation_id", "act", "kind", "valid_from", "valid_to"),
    *("source", "reason", "proposed_by", "proposed_at"),
)
stays_as_recorded(
    AffiliationChange.__table__,
    rewritten=f"OLD.agreed_at IS NOT NULL OR OLD.dropped_at IS NOT NULL OR {_differ(_PROPOSED)}",
)


def _not_agreed(acts: str) -> str:
    """A condition of a trigger on `affiliation`: no second person agreed that it becomes so."""
    return (
        "NOT EXISTS (SELECT 1 FROM affiliation_change c WHERE c.affiliation_id = NEW.id "
        f"AND c.agreed_at IS NOT NULL AND c.act IN {acts})"
    )


_NEVER_AGREED, _END_NOT_AGREED = _not_agreed("('voiding', 'correcting')"), _not_agreed("('ending')")
_BY_ONE = (
    f"(NEW.voided_at IS NOT NULL AND OLD.voided_at IS NULL AND {_NEVER_AGREED}) "
    "OR (NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL "
    f"AND (NEW.ended_source IS NOT NULL OR NEW.confirmed_at IS NOT NULL) AND {_END_NOT_AGREED})"
)
guard(
    AffiliationChange.__table__,  # on `affiliation`, which is created before
    sqlite=(
        (
            "CREATE TRIGGER affiliation_by_two BEFORE UPDATE OF voided_at, ended_at ON affiliation "
            f"BEGIN SELECT RAISE(ABORT, 'affiliation by two') WHERE {_BY_ONE}; END"
        ),
    ),
    postgresql=(
        (
            "CREATE FUNCTION affiliation_by_two() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {_BY_ONE} THEN RAISE EXCEPTION 'affiliation by two' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        ),
        (
            "CREATE TRIGGER affiliation_by_two BEFORE UPDATE OF voided_at, ended_at ON affiliation FOR EACH ROW "
            "EXECUTE FUNCTION affiliation_by_two()"
        ),
    ),
)


class Membership(Model):
    """A person's role in a firm. Ended rows stay."""

    __tablename__ = "membership"
    __table_args__ = (
        one_of("role", FirmRole),
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

    @hybrid_property
    def current(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None

    @current.inplace.expression
    @classmethod
    def _current_in_sql(cls) -> ColumnElement[bool]:
        return cls.ended_at.is_(None)


class RegulatorRole(Model):
    """A regulator's role: proposed by one administrator, in force once a second one agrees (R-RIGHTS-4)."""

    __tablename__ = "regulator_role"
    __table_args__ = (
        one_of("role", OfficialRole),
        CheckConstraint("agreed_by IS NULL OR agreed_by <> proposed_by", name="two_administrators"),
        CheckConstraint("length(division) IN (0, 2, 4, 6) AND trim(division, '0123456789') = ''", name="division_code"),
        CheckConstraint("role <> 'admin' OR division = ''", name="administrators_everywhere"),
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
    division: Mapped[str] = mapped_column(String(6))
    """Code prefix of the division that it is for (R-RIGHTS-13); empty: the whole platform."""
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Null for the first two administrators, made by command, and for demonstration data."""
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """In force from here on."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(foreign_keys=[person_id])

    @hybrid_property
    def current(self) -> bool:
        """Held or proposed: not ended."""
        return self.ended_at is None

    @current.inplace.expression
    @classmethod
    def _current_in_sql(cls) -> ColumnElement[bool]:
        return cls.ended_at.is_(None)

    @hybrid_property
    def agreed(self) -> bool:
        """Whether a second administrator agreed to it, ended or not."""
        return self.agreed_at is not None

    @agreed.inplace.expression
    @classmethod
    def _agreed_in_sql(cls) -> ColumnElement[bool]:
        return cls.agreed_at.is_not(None)

    @hybrid_property
    def in_force(self) -> bool:
        """Whether the person holds it now."""
        return self.agreed and self.current

    @in_force.inplace.expression
    @classmethod
    def _in_force_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.agreed, cls.current)

    @hybrid_property
    def proposed(self) -> bool:
        """Whether it waits for a second administrator."""
        return not self.agreed and self.current

    @proposed.inplace.expression
    @classmethod
    def _proposed_in_sql(cls) -> ColumnElement[bool]:
        return and_(not_(cls.agreed), cls.current)


class LostFactor(Model):
    """A proposal to take off the second factor of somebody who lost it: done by another administrator (R-FACTOR-9)."""

    __tablename__ = "lost_factor"
    __table_args__ = (
        CheckConstraint("agreed_by <> proposed_by", name="two_administrators"),
        CheckConstraint(
            "person_id <> proposed_by AND (agreed_by IS NULL OR person_id <> agreed_by)", name="not_their_own"
        ),
        CheckConstraint("(agreed_at IS NULL) = (agreed_by IS NULL)", name="agreed_by_somebody"),
        CheckConstraint("agreed_at IS NULL OR ended_at IS NULL", name="decided_once"),
        Index(
            "ix_lost_factor_waiting",
            "person_id",
            unique=True,
            sqlite_where=text("agreed_at IS NULL AND ended_at IS NULL"),
            postgresql_where=text("agreed_at IS NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(String(200))
    proposed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Withdrawn, or turned down."""

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    proposer: Mapped[Person] = relationship(foreign_keys=[proposed_by])

    @hybrid_property
    def waits(self) -> bool:
        """Whether a second administrator has not decided yet."""
        return self.agreed_at is None and self.ended_at is None

    @waits.inplace.expression
    @classmethod
    def _waits_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.agreed_at.is_(None), cls.ended_at.is_(None))


class Invitation(Model):
    """An invitation into a firm, by mail. The link's secret is made from `nonce` and `SECRET_KEY` when the mail is
    sent; it is found by its digest."""

    __tablename__ = "invitation"
    __table_args__ = (one_of("role", FirmRole), Index(None, "firm_id"))

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

    @hybrid_property
    def unused(self) -> bool:
        """Neither accepted nor withdrawn, be it over or not."""
        return self.accepted_at is None and self.withdrawn_at is None

    @unused.inplace.expression
    @classmethod
    def _unused_in_sql(cls) -> ColumnElement[bool]:
        return and_(cls.accepted_at.is_(None), cls.withdrawn_at.is_(None))

    @hybrid_method
    def open_at(self, moment: datetime) -> bool:
        """Whether it can be accepted."""
        return self.unused and moment < self.expires_at

    @open_at.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _open_at_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return and_(cls.unused, cls.expires_at > moment)


class ApiToken(Model):
    """A bearer token of a person acting for a firm (or as a regulator, without one). Ends with the membership or the
    roles, with a new password and with "sign out everywhere"."""

    __tablename__ = "api_token"
    __table_args__ = (one_of("scope", TokenScope), Index(None, "person_id"))

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

    @hybrid_property
    def revoked(self) -> bool:
        """Ended for good, whatever its time."""
        return self.revoked_at is not None

    @revoked.inplace.expression
    @classmethod
    def _revoked_in_sql(cls) -> ColumnElement[bool]:
        return cls.revoked_at.is_not(None)

    @hybrid_method
    def lasts_past(self, moment: datetime) -> bool:
        """Whether time has not ended it."""
        return self.expires_at is None or moment < self.expires_at

    @lasts_past.inplace.expression  # type: ignore[attr-defined]
    @classmethod
    def _lasts_past_in_sql(cls, moment: datetime) -> ColumnElement[bool]:
        return or_(cls.expires_at.is_(None), cls.expires_at > moment)
