"""Statements of banks: what came in, line by line, and the payments recorded of it (R-BANK). Fen, local days."""

from datetime import date

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    literal_column,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.kernel.database import Model, append_only, guard, stays_as_recorded
from labshare.kernel.money import Fen
from labshare.settlement.imported import ImportedList, ListLine
from labshare.settlement.models import Payment


class BankStatement(ImportedList, Model):
    __tablename__ = "bank_statement"
    __table_args__ = (Index(None, "firm_id", "id"),)

    account: Mapped[str] = mapped_column(String(40))


_WAITS = "left_fen > 0 AND aside_at IS NULL"


class BankLine(ListLine, Model):
    """Money that came in. The same line in another file of the account is the same line: once."""

    __tablename__ = "bank_line"
    __table_args__ = (
        UniqueConstraint("firm_id", "account", "mark"),
        CheckConstraint("amount_fen > 0", name="came_in"),
        CheckConstraint("left_fen BETWEEN 0 AND amount_fen", name="left_within"),
        CheckConstraint("(aside_at IS NULL) = (aside_note IS NULL)", name="aside_with_its_note"),
        Index(None, "firm_id", "paid_on"),
        Index(None, "statement_id"),
        Index(
            "ix_bank_line_waits",
            "firm_id",
            "paid_on",
            sqlite_where=text(_WAITS),
            postgresql_where=text(_WAITS),
        ),
    )

    list_id: Mapped[int] = mapped_column("statement_id", ForeignKey("bank_statement.id"))
    account: Mapped[str] = mapped_column(String(40))
    paid_on: Mapped[date]
    amount_fen: Mapped[Fen]
    left_fen: Mapped[Fen]
    """What of it is not recorded yet."""
    payer: Mapped[str] = mapped_column(String(120))
    payer_account: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(60))
    purpose: Mapped[str] = mapped_column(String(300))
    mark: Mapped[str] = mapped_column(String(40))

    statement: Mapped[BankStatement] = relationship()

    @hybrid_property
    def waits(self) -> bool:
        """Whether something of it is still to be recorded."""
        return self.left_fen > 0 and self.aside_at is None

    @waits.inplace.expression
    @classmethod
    def _waits_in_sql(cls) -> ColumnElement[bool]:
        """Spelled as its index is, on either engine."""
        return and_(cls.left_fen > literal_column("0"), cls.aside_at.is_(None))


class BankMatch(Model):
    """A payment that was recorded of a line; all of a line's together are at most what came in."""

    __tablename__ = "bank_match"
    __table_args__ = (Index(None, "line_id"),)

    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("bank_line.id"))

    payment: Mapped[Payment] = relationship()
    line: Mapped[BankLine] = relationship(backref="matches")


# What the database itself refuses: more recorded of a line than came in, a payment of another day, reference or firm
# than the line's, lines and matches changed or deleted.

_WRONG = (
    "(SELECT amount_fen FROM payment WHERE id = NEW.payment_id) "
    "+ coalesce((SELECT sum(p.amount_fen) FROM bank_match m JOIN payment p ON p.id = m.payment_id "
    "WHERE m.line_id = NEW.line_id), 0) > (SELECT amount_fen FROM bank_line WHERE id = NEW.line_id) "
    "OR NOT EXISTS (SELECT 1 FROM payment p JOIN booking b ON b.id = p.booking_id "
    "JOIN bank_line l ON l.id = NEW.line_id WHERE p.id = NEW.payment_id AND p.amount_fen > 0 "
    "AND p.paid_on = l.paid_on AND p.reference = l.reference AND b.lab_firm_id = l.firm_id AND l.aside_at IS NULL)"
)
_NAME = "bank_match_within_its_line"
guard(
    BankMatch.__table__,
    sqlite=(
        f"CREATE TRIGGER {_NAME} BEFORE INSERT ON bank_match BEGIN SELECT RAISE(ABORT, '{_NAME}') WHERE {_WRONG}; END",
    ),
    postgresql=(
        (
            f"CREATE FUNCTION {_NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "PERFORM 1 FROM bank_line WHERE id = NEW.line_id FOR UPDATE; "
            f"IF {_WRONG} THEN RAISE EXCEPTION '{_NAME}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            "RETURN NEW; END $$"
        ),
        f"CREATE TRIGGER {_NAME} BEFORE INSERT ON bank_match FOR EACH ROW EXECUTE FUNCTION {_NAME}()",
    ),
)
append_only(BankMatch.__table__)
stays_as_recorded(
    BankLine.__table__,
    "statement_id",
    "firm_id",
    "account",
    "file_row",
    "paid_on",
    "amount_fen",
    "payer",
    "payer_account",
    "reference",
    "purpose",
    "mark",
    deleted="OLD.left_fen = OLD.amount_fen AND OLD.aside_at IS NULL",
)
