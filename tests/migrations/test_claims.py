"""What stood in the catalogues when claims came in counts as it did (R-CLAIM-4)."""

from alembic import command
from sqlalchemy import text

from labshare.commands.db import alembic_config
from labshare.kernel.database import db
from tests.migrations.filled import insert

MACHINE = {"condition": "normal", "usage": "general", "sharing": "outside", "source": "bought", "funds": "own"} | {
    "units": 1,
    "state": "draft",
}
ITEM = {"category": "mechanics", "samples_per_run": 1, "max_quantity": 1, "state": "draft"}


def fetch(statement):
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_what_stood_there_is_confirmed_by_nobody(empty):  # R-CLAIM-4
    command.upgrade(alembic_config(), "size_confirmed")
    with db.engine.begin() as connection:
        insert(connection, "firm", id=1, kind="enterprise")
        insert(connection, "lab", id=1, firm_id=1, code="XC-001", division="330624", state="draft")
        for number, value in ((1, 5_000_000), (2, None), (3, 0)):
            given = {**MACHINE, "inner_id": str(number), "original_value_fen": value}
            insert(connection, "instrument", id=number, lab_id=1, **given)
        for number, statutory in ((1, False), (2, True)):
            given = {**ITEM, "statutory": statutory}
            insert(connection, "test_item", id=number, lab_id=1, **given)
        insert(connection, "accreditation", id=1, lab_id=1, kind="CMA", valid_from="2024-01-01", valid_to="2030-01-01")
    command.upgrade(alembic_config(), "claims")
    assert fetch("SELECT id, confirmed_value_fen FROM instrument ORDER BY id") == [(1, 5_000_000), (2, None), (3, None)]
    assert [bool(said) for (said,) in fetch("SELECT confirmed_voluntary FROM test_item ORDER BY id")] == [True, False]
    assert [bool(said) for (said,) in fetch("SELECT confirmed FROM accreditation")] == [True]
    kept = "SELECT kind, verdict, made_by, decided_by FROM claim ORDER BY kind"
    assert fetch(kept) == [(kind, "confirmed", None, None) for kind in ("accreditation", "original_value", "voluntary")]
    command.downgrade(alembic_config(), "size_confirmed")
    command.upgrade(alembic_config(), "claims")
    assert len(fetch(kept)) == 3
