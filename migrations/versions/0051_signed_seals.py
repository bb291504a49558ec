"""Seals are signed with Ed25519, and the head of the trail is published

What is sealed so far keeps its signatures under the secret `AUDIT_KEY`: they are checked here, once, and the first head
covers the seals that hold. From then on whoever has the public key alone can prove them. Where a seal does not hold,
the head ends before it, and `labshare audit verify` names it, as it would have before.
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

revision = "signed_seals"
down_revision = "unanswered"

SEAL_UNGUARDED = {
    "sqlite": (
        "DROP TRIGGER audit_seal_no_update",
        "CREATE TRIGGER audit_seal_no_update BEFORE UPDATE ON audit_seal  BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only'); END",
    ),
    "postgresql": (
        "ALTER TABLE audit_seal DISABLE TRIGGER audit_seal_no_change",
        "ALTER TABLE audit_seal ENABLE TRIGGER audit_seal_no_change",
    ),
}
HEAD_GUARDS = {
    "sqlite": (
        "CREATE TRIGGER audit_head_no_update BEFORE UPDATE ON audit_head  BEGIN SELECT RAISE(ABORT, 'audit_head is append-only'); END",
        "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head  BEGIN SELECT RAISE(ABORT, 'audit_head is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_head_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit_head is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER audit_head_no_change BEFORE UPDATE OR DELETE ON audit_head FOR EACH ROW  EXECUTE FUNCTION audit_head_refuse()",
        "CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION audit_head_refuse()",
    ),
}
NOTHING_BEFORE = "0" * 64

seal = sa.table(
    "audit_seal",
    sa.column("id", sa.Integer()),
    sa.column("sealed_at", sa.DateTime(timezone=True)),
    sa.column("count", sa.Integer()),
    sa.column("root", sa.String()),
    sa.column("previous_root", sa.String()),
    sa.column("signature", sa.String()),
)
head = sa.table(
    "audit_head",
    sa.column("id", sa.Integer()),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("seals", sa.Integer()),
    sa.column("events", sa.BigInteger()),
    sa.column("root", sa.String()),
    sa.column("signature", sa.String()),
)


def upgrade() -> None:
    connection = op.get_bind()
    dialect = connection.dialect.name
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seals", sa.Integer(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    for statement in HEAD_GUARDS[dialect]:
        op.execute(sa.DDL(statement.replace("%", "%%")))
    _signatures_of(128, dialect)
    if connection.scalar(sa.text("SELECT count(*) FROM audit_seal")):
        _cover(connection)


def downgrade() -> None:
    """Seals since then are signed in the old way again."""
    connection = op.get_bind()
    dialect = connection.dialect.name
    off, on = SEAL_UNGUARDED[dialect]
    op.execute(off)
    new = sa.select(seal).where(sa.func.length(seal.c.signature) > 64)
    given = seal.update().where(seal.c.id == sa.bindparam("which")).values(signature=sa.bindparam("its"))
    for row in connection.execute(new).all():
        connection.execute(given, {"which": row.id, "its": _mac(row)})
    op.execute(on)
    _signatures_of(64, dialect)
    op.drop_table("audit_head")
    if dialect == "postgresql":
        op.execute("DROP FUNCTION audit_head_refuse()")


def _signatures_of(length: int, dialect: str) -> None:
    if dialect == "postgresql":
        op.execute(f"ALTER TABLE audit_seal ALTER COLUMN signature TYPE VARCHAR({length})")
        return
    off, on = SEAL_UNGUARDED[dialect]
    op.execute("ALTER TABLE audit_seal RENAME COLUMN signature TO signature_before")
    op.execute(f"ALTER TABLE audit_seal ADD COLUMN signature VARCHAR({length}) NOT NULL DEFAULT ''")
    op.execute(off)
    op.execute("UPDATE audit_seal SET signature = signature_before")
    op.execute(on)
    op.execute("ALTER TABLE audit_seal DROP COLUMN signature_before")


def _cover(connection: sa.Connection) -> None:
    """The first head, over the seals that hold."""
    seals, events, before, leaves = 0, 0, NOTHING_BEFORE, []
    for row in _seals(connection):
        if row.previous_root != before or not hmac.compare_digest(row.signature.encode(), _mac(row).encode()):
            break
        seals, events, before = seals + 1, events + row.count, row.root
        said = f"{row.id}\n{row.signature}\nlabshare audit seal\n{_said(row)}"
        leaves.append(hashlib.sha256(b"\x00" + said.encode()).digest())
    if not seals:
        return
    at, root = datetime.now(UTC), _root(leaves)
    said = f"labshare audit head\n1\n{at.isoformat(timespec='microseconds')}\n{seals}\n{events}\n{root}"
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"labshare audit ed25519").derive(_key())
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(said.encode()).hex()
    stored = at.replace(tzinfo=None) if connection.dialect.name == "sqlite" else at
    row = {"id": 1, "at": stored, "seals": seals, "events": events, "root": root, "signature": signature}
    connection.execute(head.insert(), row)


def _seals(connection: sa.Connection) -> Iterator[sa.Row]:
    yield from connection.execute(sa.select(seal).order_by(seal.c.id)).all()


def _root(level: list[bytes]) -> str:
    while len(level) > 1:
        paired = [
            hashlib.sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = paired + level[len(paired) * 2 :]
    return level[0].hex()


def _said(row: sa.Row) -> str:
    at = row.sealed_at.replace(tzinfo=UTC) if row.sealed_at.tzinfo is None else row.sealed_at.astimezone(UTC)
    return f"{at.isoformat(timespec='microseconds')}\n{row.count}\n{row.root}\n{row.previous_root}"


def _mac(row: sa.Row) -> str:
    """How seals were signed before."""
    return hmac.new(_key(), _said(row).encode(), hashlib.sha256).hexdigest()


def _key() -> bytes:
    key = current_app.config["AUDIT_KEY"]
    if key is None:
        raise RuntimeError("AUDIT_KEY: this upgrade signs what is sealed so far; set the key that sealed it")
    return key.encode()
