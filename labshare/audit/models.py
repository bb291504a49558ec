"""The audit trail (R-AUDIT-3). `audit_event` is append-only: the database refuses update and delete."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Table, column, table, text
from sqlalchemy.orm import Mapped, mapped_column

from labshare.audit.terms import Fault
from labshare.kernel.database import Model, UtcDateTime, append_only, guard, one_of

BigKey = BigInteger().with_variant(Integer(), "sqlite")


class AuditEvent(Model):
    """One change (or refused attempt): who did what to which subject, before and after; ids and values, no names."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "subject_type", "subject_id", "id"),
        Index(None, "at"),
        Index(None, "person_id", "at"),
        Index(  # of events with one alone: SQLite would walk it for those of any firm
            None,
            "firm_id",
            "id",
            sqlite_where=text("firm_id IS NOT NULL"),
            postgresql_where=text("firm_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    person_id: Mapped[int | None]
    firm_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(60))
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(60))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    refused: Mapped[bool] = mapped_column(default=False)
    """An attempt that was refused; `after` then names the problem."""
    mac: Mapped[str | None] = mapped_column(String(64))
    """HMAC-SHA256 under `EVENT_KEY` over the canonical event, hexadecimal. None in events that were sealed before
    events had one."""


class AuditAddress(Model):
    """The network address of an event: beside the trail, outside the seal, erased after the retention period."""

    __tablename__ = "audit_address"

    event_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    address: Mapped[str] = mapped_column(String(45))


class AuditSeal(Model):
    """A Merkle root over a batch of events, chained to the root before it and signed with `AUDIT_KEY`."""

    __tablename__ = "audit_seal"

    id: Mapped[int] = mapped_column(primary_key=True)
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int]
    root: Mapped[str] = mapped_column(String(64))
    previous_root: Mapped[str] = mapped_column(String(64), unique=True)
    """The chain: no two seals follow the same one. 64 zeros before the first."""
    signature: Mapped[str] = mapped_column(String(128))
    """Ed25519, hexadecimal; 64 characters of HMAC-SHA256 in seals from before, which the first head covers."""


class AuditHead(Model):
    """A published head (R-AUDIT-10): the root of the Merkle tree over all seals so far, signed with `AUDIT_KEY`."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Consecutive: one that is gone shows."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    seals: Mapped[int]
    events: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128))


class AuditLeaf(Model):
    """Which events a seal covers, in which order. An event without a leaf is not sealed yet."""

    __tablename__ = "audit_leaf"
    __table_args__ = (Index(None, "seal_id", "position", unique=True),)

    event_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    seal_id: Mapped[int] = mapped_column(ForeignKey("audit_seal.id"))
    position: Mapped[int]


class TrailCheck(Model):
    """A check of the whole trail (R-AUDIT-13): waits, runs, or is over with what it found first."""

    __tablename__ = "trail_check"
    __table_args__ = (one_of("fault", Fault, null=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by: Mapped[int | None]
    """None: the nightly one."""
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    events: Mapped[int] = mapped_column(BigInteger)
    """Done so far, of `of_events`."""
    of_events: Mapped[int] = mapped_column(BigInteger)
    fault: Mapped[str | None] = mapped_column(String(20))
    seal_id: Mapped[int | None]
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    head_id: Mapped[int | None]

    @property
    def found(self) -> Fault | None:
        """What it found first."""
        return Fault.known(self.fault)


append_only(AuditEvent.__table__)
guard(
    AuditEvent.__table__,
    sqlite=(
        (
            "CREATE TRIGGER audit_event_has_mac BEFORE INSERT ON audit_event WHEN NEW.mac IS NULL "
            "BEGIN SELECT RAISE(ABORT, 'an audit event carries its mac'); END"
        ),
    ),
    postgresql=(
        (
            "CREATE FUNCTION audit_event_refuse_bare() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'an audit event carries its mac' "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ),
        (
            "CREATE TRIGGER audit_event_has_mac BEFORE INSERT ON audit_event FOR EACH ROW WHEN (NEW.mac IS NULL) "
            "EXECUTE FUNCTION audit_event_refuse_bare()"
        ),
    ),
)

ENTRY = table(
    "audit_entry",
    *(column(each.name, each.type) for each in AuditEvent.__table__.columns),
    column("address", String(45)),
)
"""An event with its network address, as both are written: a view, so that one statement writes the two rows."""
_NAMES = ", ".join(f'"{each.name}"' for each in AuditEvent.__table__.columns)
_NEW = ", ".join(f'NEW."{each.name}"' for each in AuditEvent.__table__.columns)
_WRITE = (
    f"INSERT INTO audit_event ({_NAMES}) VALUES ({_NEW})",
    "INSERT INTO audit_address (event_id, address) SELECT NEW.id, NEW.address WHERE NEW.address IS NOT NULL",
)
_VIEW = f"CREATE VIEW audit_entry AS SELECT {_NAMES}, address FROM audit_event LEFT JOIN audit_address ON event_id = id"
cast(Table, AuditAddress.__table__).add_is_dependent_on(AuditEvent.__table__)  # the view needs both
guard(
    AuditAddress.__table__,
    sqlite=(
        _VIEW,
        f"CREATE TRIGGER audit_entry_written INSTEAD OF INSERT ON audit_entry BEGIN {_WRITE[0]}; {_WRITE[1]}; END",
    ),
    postgresql=(
        _VIEW,
        (
            "CREATE FUNCTION audit_entry_write() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {_WRITE[0]}; {_WRITE[1]}; RETURN NEW; END $$"
        ),
        (
            "CREATE TRIGGER audit_entry_written INSTEAD OF INSERT ON audit_entry FOR EACH ROW "
            "EXECUTE FUNCTION audit_entry_write()"
        ),
    ),
)
append_only(AuditSeal.__table__)
append_only(AuditHead.__table__)
append_only(AuditLeaf.__table__)
