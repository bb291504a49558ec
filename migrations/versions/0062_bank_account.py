"""Bank accounts are entries of their own, encrypted, and count from a day; nowhere else does a whole number stand."""

import base64
import hashlib
import hmac
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

revision = "bank_account"
down_revision = "head_address"

ENTERED = ("id", "firm_id", "ends", "entered_at", "entered_on", "entered_by", "counts_from")
STOPPED = ("stopped_at", "stopped_on", "stopped_by")
REWRITTEN = " OR ".join(
    [
        *(f"NEW.{one} IS DISTINCT FROM OLD.{one}" for one in ENTERED),
        *(f"(OLD.stopped_at IS NOT NULL AND NEW.{one} IS DISTINCT FROM OLD.{one})" for one in STOPPED),
    ]
)
FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")
TOLD = ("invoice.to_pay", "invoice.overdue", "reminder.first", "reminder.second", "reminder.final")
"""What was told with a whole number."""

FIRM = sa.table(
    "firm",
    sa.column("id", sa.Integer),
    sa.column("bank_account", sa.String),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
ACCOUNT = sa.table(
    "bank_account",
    *(sa.column(name) for name in ("firm_id", "sealed", "digest", "ends", "entered_by", "stopped_by")),
    *(sa.column(name, sa.Date) for name in ("entered_on", "counts_from")),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("entered_at", "stopped_at")),
)


def upgrade() -> None:
    op.create_table(
        "bank_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("ends", sa.String(length=8), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_on", sa.Date(), nullable=True),
        sa.Column("stopped_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("entered_by IS NULL OR counts_from > entered_on", name=op.f("ck_bank_account_counts_later")),
        sa.CheckConstraint(
            "(stopped_at IS NULL) = (stopped_on IS NULL) AND (stopped_at IS NULL) = (stopped_by IS NULL)",
            name=op.f("ck_bank_account_stopped_by_somebody"),
        ),
        sa.CheckConstraint(
            "stopped_on IS NULL OR stopped_on < counts_from", name=op.f("ck_bank_account_stopped_before_it_counts")
        ),
        *(
            sa.ForeignKeyConstraint([name], [f"{refers}.id"], name=op.f(f"fk_bank_account_{name}"))
            for name, refers in (("firm_id", "firm"), ("entered_by", "person"), ("stopped_by", "person"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_account")),
    )
    op.create_index(op.f("ix_bank_account_digest"), "bank_account", ["digest"])
    op.create_index(
        "uq_bank_account_day",
        "bank_account",
        ["firm_id", "counts_from"],
        unique=True,
        sqlite_where=sa.text("stopped_at IS NULL"),
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    _take_over()
    _hide_in("notice")
    _hide_in("outbox_mail")
    _hide_in_drafts()
    op.execute("UPDATE firm SET bank_account = ''")
    op.execute("ALTER TABLE firm DROP COLUMN bank_account")
    _guard()


def _take_over() -> None:
    """What stands in the firms' details counts as it did, entered by nobody."""
    bind, zone = op.get_bind(), ZoneInfo(current_app.config["TIME_ZONE"])
    key, rows = current_app.config["BANK_KEYS"][0], []
    for firm in bind.execute(sa.select(FIRM).where(FIRM.c.bank_account != "")):
        number = firm.bank_account.strip()
        if not _compact(number):
            continue
        moment = firm.created_at.replace(tzinfo=firm.created_at.tzinfo or UTC)
        since = moment.astimezone(zone).date()
        rows.append(
            {
                "firm_id": firm.id,
                "sealed": _sealed(key, number, firm.id, since),
                "digest": hmac.new(_derived(key, "equal", 32), _compact(number).encode(), hashlib.sha256).hexdigest(),
                "ends": _ends(number),
                "entered_at": moment,
                "entered_on": since,
                "counts_from": since,
            }
        )
    if rows:
        bind.execute(sa.insert(ACCOUNT), rows)


def _hide_in(table: str) -> None:
    """Of what was told, leave the last digits."""
    told = sa.table(table, sa.column("id"), sa.column("kind"), sa.column("params", sa.JSON))
    bind, changed = op.get_bind(), []
    for row in bind.execute(sa.select(told.c.id, told.c.params).where(told.c.kind.in_(TOLD))):
        account = (row.params or {}).get("account")
        if isinstance(account, str) and account:
            changed.append({"this": row.id, "said": {**row.params, "account": _ends(account)}})
    _change(told, told.c.params, changed)


def _hide_in_drafts() -> None:
    draft = sa.table("firm_draft", sa.column("person_id"), sa.column("fields", sa.JSON))
    rows = op.get_bind().execute(sa.select(draft.c.person_id, draft.c.fields)).all()
    changed = [
        {"this": row.person_id, "said": {name: said for name, said in row.fields.items() if name != "bank_account"}}
        for row in rows
        if "bank_account" in row.fields
    ]
    _change(draft, draft.c.fields, changed, key=draft.c.person_id)


def _change(table: Any, column: Any, changed: list[dict[str, Any]], key: Any = None) -> None:
    if changed:
        where = (table.c.id if key is None else key) == sa.bindparam("this")
        values = {column.name: sa.bindparam("said", type_=sa.JSON)}
        op.get_bind().execute(sa.update(table).where(where).values(values), changed)


def downgrade() -> None:
    op.add_column("firm", sa.Column("bank_account", sa.String(length=40), server_default="", nullable=False))
    bind = op.get_bind()
    zone = ZoneInfo(current_app.config["TIME_ZONE"])
    today, counting = datetime.now(zone).date(), {}
    rows = bind.execute(
        sa.select(ACCOUNT.c.firm_id, ACCOUNT.c.sealed, ACCOUNT.c.counts_from)
        .where(ACCOUNT.c.stopped_at.is_(None), ACCOUNT.c.counts_from <= today)
        .order_by(ACCOUNT.c.counts_from)
    )
    for row in rows:
        number = _opened(row.sealed, row.firm_id, row.counts_from)
        if number is not None:
            counting[row.firm_id] = number
    if counting:
        bind.execute(
            sa.update(FIRM).where(FIRM.c.id == sa.bindparam("this")).values(bank_account=sa.bindparam("said")),
            [{"this": firm_id, "said": number} for firm_id, number in counting.items()],
        )
    op.drop_table("bank_account")
    if not _sqlite():
        op.execute("ALTER TABLE firm ALTER COLUMN bank_account DROP DEFAULT")
        op.execute("DROP FUNCTION bank_account_refuse()")


def _derived(key: str, purpose: str, length: int) -> bytes:
    made = HKDF(algorithm=SHA256(), length=length, salt=None, info=f"labshare bank account {purpose}".encode())
    return made.derive(key.encode())


def _place(firm_id: int, since: date) -> list[bytes]:
    return [f"firm {firm_id} from {since.isoformat()}".encode()]


def _sealed(key: str, number: str, firm_id: int, since: date) -> str:
    sealed = AESSIV(_derived(key, "seal", 64)).encrypt(number.encode(), _place(firm_id, since))
    return f"{_derived(key, 'mark', 4).hex()}.{base64.b64encode(sealed).decode()}"


def _opened(sealed: str, firm_id: int, since: date) -> str | None:
    mark, _dot, said = sealed.partition(".")
    for key in current_app.config["BANK_KEYS"]:
        if _derived(key, "mark", 4).hex() == mark:
            try:
                opened = AESSIV(_derived(key, "seal", 64)).decrypt(base64.b64decode(said), _place(firm_id, since))
            except InvalidTag:
                return None
            return opened.decode()
    return None


def _compact(account: str) -> str:
    return "".join(each for each in account.translate(FULL_WIDTH) if each.isalnum()).upper()


def _ends(account: str) -> str:
    said = _compact(account)
    return f"…{said[-4:] if len(said) >= 8 else ''}"


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _guard() -> None:
    if _sqlite():
        op.execute(
            "CREATE TRIGGER bank_account_no_delete BEFORE DELETE ON bank_account "
            "BEGIN SELECT RAISE(ABORT, 'bank_account rows stay'); END"
        )
        op.execute(
            f"CREATE TRIGGER bank_account_as_recorded BEFORE UPDATE ON bank_account WHEN {REWRITTEN} "
            "BEGIN SELECT RAISE(ABORT, 'bank_account stays as recorded'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION bank_account_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'bank_account stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER bank_account_as_recorded BEFORE UPDATE ON bank_account FOR EACH ROW WHEN ({REWRITTEN}) "
        "EXECUTE FUNCTION bank_account_refuse()"
    )
    op.execute(
        "CREATE TRIGGER bank_account_no_delete BEFORE DELETE ON bank_account FOR EACH ROW "
        "EXECUTE FUNCTION bank_account_refuse()"
    )
    op.execute(
        "CREATE TRIGGER bank_account_no_truncate BEFORE TRUNCATE ON bank_account FOR EACH STATEMENT "
        "EXECUTE FUNCTION bank_account_refuse()"
    )
