"""Bank accounts leave the firms' rows encrypted, and come back when one goes back (R-FIRM-6)."""

import json
from datetime import date

from alembic import command
from sqlalchemy import select, text

from labshare.commands.db import alembic_config
from labshare.kernel.database import db
from labshare.kernel.sealing import equal_digest
from labshare.organisations.bank_accounts import BankAccount
from tests.migrations.filled import insert

BEFORE = "head_address"
NUMBER = "1211 0240 0920 1234 567"


def fetch(statement):
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_numbers_go_behind_the_key_and_come_back(empty):  # R-FIRM-6
    command.upgrade(alembic_config(), BEFORE)
    values = {"account": NUMBER, "ref": "A-1"}
    with db.engine.begin() as connection:
        for number, account in ((1, NUMBER), (2, "")):
            given = {"bank_account": account, "created_at": "2025-05-05 17:00:00+00:00"}
            insert(connection, "firm", id=number, kind="enterprise", uscc=str(number), **given)
        insert(connection, "person", id=1, email="a@test.example", name="人")
        for kind in ("invoice.to_pay", "booking.confirmed"):
            insert(connection, "notice", person_id=1, kind=kind, params=json.dumps(values))
        fields = json.dumps({"bank_account": NUMBER, "name": "新企业"})
        insert(connection, "firm_draft", person_id=1, fields=fields)
    command.upgrade(alembic_config(), "bank_account")
    account = db.session.scalars(select(BankAccount)).one()
    assert (account.firm_id, account.number, account.ends) == (1, NUMBER, "…4567")
    assert account.digest == equal_digest("1211024009201234567")
    assert (account.entered_by, account.counts_from) == (None, date(2025, 5, 6))
    db.session.rollback()
    told = dict(fetch("SELECT kind, params FROM notice"))
    read = {kind: params if isinstance(params, dict) else json.loads(params) for kind, params in told.items()}
    assert read["invoice.to_pay"] == {**values, "account": "…4567"}
    assert read["booking.confirmed"] == values
    assert NUMBER not in str(fetch("SELECT fields FROM firm_draft"))
    command.downgrade(alembic_config(), BEFORE)
    assert fetch("SELECT id, bank_account FROM firm ORDER BY id") == [(1, NUMBER), (2, "")]
    command.upgrade(alembic_config(), "bank_account")
    assert db.session.scalars(select(BankAccount)).one().number == NUMBER
