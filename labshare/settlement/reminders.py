"""What a lab's firm sends to a client about money owed: dunning letters and statements of account (R-DUN). Fen, local
days. Nothing of it is ever changed."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from labshare.accounts.models import Person
from labshare.kernel.database import Model, UtcDateTime, append_only, one_of
from labshare.kernel.money import Fen, total
from labshare.organisations.models import Firm
from labshare.settlement.models import Invoice, refuse_insert
from labshare.settlement.terms import ReminderLevel


class Reminder(Model):
    """A dunning letter to a client over the invoices that it names, with a new date to pay."""

    __tablename__ = "reminder"
    __table_args__ = (
        CheckConstraint("pay_by > sent_on", name="paid_after_it_came"),
        Index(None, "lab_firm_id", "client_firm_id"),
        Index(None, "client_firm_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    client_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    sent_on: Mapped[date]
    pay_by: Mapped[date]
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)

    lab_firm: Mapped[Firm] = relationship(foreign_keys=[lab_firm_id])
    client: Mapped[Firm] = relationship(foreign_keys=[client_firm_id])
    sender: Mapped[Person | None] = relationship()
    invoices: Mapped[list["RemindedInvoice"]] = relationship(order_by="RemindedInvoice.invoice_id")

    @property
    def level(self) -> ReminderLevel:
        """The highest of its invoices."""
        return ReminderLevel.highest(each.level for each in self.invoices)

    @property
    def left_fen(self) -> Fen:
        """What it asks for in all."""
        return total(each.left_fen for each in self.invoices)


class RemindedInvoice(Model):
    """An invoice in a dunning letter, with what of it was unpaid; once a day, whoever sends (R-DUN-3)."""

    __tablename__ = "reminded_invoice"
    __table_args__ = (
        UniqueConstraint("invoice_id", "sent_on"),
        CheckConstraint("left_fen > 0", name="something_owed"),
        one_of("level", ReminderLevel),
    )

    reminder_id: Mapped[int] = mapped_column(ForeignKey("reminder.id"), primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    sent_on: Mapped[date]
    """As of its letter."""
    level: Mapped[str] = mapped_column(String(14))
    left_fen: Mapped[Fen]

    invoice: Mapped[Invoice] = relationship()


class SentStatement(Model):
    """A statement of account that was mailed to a client, for these days; once a day (R-DUN-6)."""

    __tablename__ = "sent_statement"
    __table_args__ = (
        UniqueConstraint(
            "lab_firm_id", "client_firm_id", "since", "until", "sent_on", name="uq_sent_statement_once_a_day"
        ),
        CheckConstraint("since <= until", name="in_order"),
        Index(None, "client_firm_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lab_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    client_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    since: Mapped[date]
    until: Mapped[date]
    closing_fen: Mapped[Fen]
    sent_on: Mapped[date]
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)


append_only(Reminder.__table__)
append_only(RemindedInvoice.__table__)
append_only(SentStatement.__table__)
refuse_insert(
    RemindedInvoice.__table__,
    "reminded_of_its_letters_parties",
    "NOT EXISTS (SELECT 1 FROM reminder r JOIN invoice i ON i.id = NEW.invoice_id WHERE r.id = NEW.reminder_id "
    "AND r.sent_on = NEW.sent_on AND i.seller_firm_id = r.lab_firm_id AND i.client_firm_id = r.client_firm_id "
    "AND i.due_on < NEW.sent_on)",
)
