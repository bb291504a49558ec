"""What a lab says of its catalogue and gains by, and what an officer found of it (R-CLAIM)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.catalogue.models import Accreditation, Instrument, Lab, TestItem
from labshare.catalogue.terms import ClaimKind, ClaimVerdict
from labshare.kernel.database import Model, UtcDateTime, one_of, stays_as_recorded
from labshare.kernel.money import Fen

_UNDECIDED = "decided_at IS NULL"


def _waiting(column: str) -> Index:
    """One claim waits for each subject."""
    return Index(
        f"ix_claim_waiting_{column}",
        column,
        unique=True,
        sqlite_where=text(_UNDECIDED),
        postgresql_where=text(_UNDECIDED),
    )


class Claim(Model):
    """An instrument's original value, that no law prescribes a test, or an accreditation, as a lab says it: decided by
    an officer, once. Whatever is said anew makes another."""

    __tablename__ = "claim"
    __table_args__ = (
        one_of("kind", ClaimKind),
        one_of("verdict", ClaimVerdict, null=True),
        CheckConstraint(
            "(kind = 'original_value' AND instrument_id IS NOT NULL AND value_fen > 0 AND test_item_id IS NULL "
            "AND accreditation_id IS NULL) OR (kind = 'voluntary' AND test_item_id IS NOT NULL AND value_fen IS NULL "
            "AND instrument_id IS NULL AND accreditation_id IS NULL) OR (kind = 'accreditation' AND value_fen IS NULL "
            "AND accreditation_id IS NOT NULL AND instrument_id IS NULL AND test_item_id IS NULL)",
            name="of_its_kind",
        ),
        CheckConstraint("(decided_at IS NULL) = (verdict IS NULL)", name="decided_once"),
        CheckConstraint("verdict <> 'refused' OR reason <> ''", name="refused_with_reason"),
        CheckConstraint(
            "verdict IS NULL OR verdict <> 'confirmed' OR kind <> 'original_value' OR proof_id IS NOT NULL "
            "OR decided_by IS NULL",
            name="value_by_proof",
        ),
        CheckConstraint("made_by IS NULL OR decided_by IS NULL OR made_by <> decided_by", name="decided_by_another"),
        _waiting("instrument_id"),
        _waiting("test_item_id"),
        _waiting("accreditation_id"),
        Index(None, "instrument_id"),
        Index(None, "test_item_id"),
        Index(None, "accreditation_id"),
        Index(None, "lab_id", "decided_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[int] = mapped_column(ForeignKey("lab.id"))
    kind: Mapped[str] = mapped_column(String(20))
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"))
    test_item_id: Mapped[int | None] = mapped_column(ForeignKey("test_item.id"))
    accreditation_id: Mapped[int | None] = mapped_column(ForeignKey("accreditation.id"))
    value_fen: Mapped[Fen | None]
    proof_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    made_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None of what stood before claims were decided."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verdict: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(300), default="")

    lab: Mapped[Lab] = relationship()
    instrument: Mapped[Instrument | None] = relationship()
    test_item: Mapped[TestItem | None] = relationship()
    accreditation: Mapped[Accreditation | None] = relationship()

    @hybrid_property
    def waits(self) -> bool:
        """Whether no officer has decided on it yet."""
        return self.decided_at is None

    @waits.inplace.expression
    @classmethod
    def _waits_in_sql(cls) -> ColumnElement[bool]:
        return cls.decided_at.is_(None)

    @hybrid_property
    def refused(self) -> bool:
        return self.verdict == ClaimVerdict.REFUSED

    @property
    def subject(self) -> Instrument | TestItem | Accreditation:
        """The one of the three that the database holds to be there."""
        return self.instrument or self.test_item or self.accreditation  # type: ignore[return-value]

    @property
    def subject_id(self) -> int:
        return self.instrument_id or self.test_item_id or self.accreditation_id or 0

    @property
    def needs_proof(self) -> bool:
        """Whether nothing shows the value yet."""
        return self.kind == ClaimKind.VALUE and self.proof_id is None


stays_as_recorded(
    Claim.__table__,
    rewritten="OLD.decided_at IS NOT NULL OR NEW.lab_id <> OLD.lab_id OR NEW.kind <> OLD.kind",
    deleted="OLD.decided_at IS NULL",
)
