"""Lists that somebody imported, of a bank or the tax system: what they share. Nothing of them counts by itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, String
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from labshare.kernel.database import Model, UtcDateTime
from labshare.settlement.models import StoredFile


class ListLayout(Model):
    """Which columns of the lists of a source say what: mapped once and kept."""

    __tablename__ = "list_layout"

    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(40), primary_key=True)
    """A bank's account, or the tax system."""
    heads: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Of each kind of column its head."""
    kept_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ImportedList:
    """A list that was imported; its file stays. Undone, its lines are gone."""

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"))
    imported_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @declared_attr
    def file(cls) -> Mapped[StoredFile]:
        return relationship(StoredFile)

    @hybrid_property
    def undone(self) -> bool:
        return self.undone_at is not None

    @undone.inplace.expression
    @classmethod
    def _undone_in_sql(cls) -> ColumnElement[bool]:
        return cls.undone_at.is_not(None)


class ListLine:
    """A line of such a list; somebody may say that it is for no booking."""

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    file_row: Mapped[int]
    """As a spreadsheet counts."""
    aside_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When somebody said that it is for no booking."""
    aside_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    aside_note: Mapped[str | None] = mapped_column(String(200))

    @hybrid_property
    def aside(self) -> bool:
        """Whether it is for no booking."""
        return self.aside_at is not None

    @aside.inplace.expression
    @classmethod
    def _aside_in_sql(cls) -> ColumnElement[bool]:
        return cls.aside_at.is_not(None)
