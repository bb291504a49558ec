"""What the database refuses of bank accounts, whoever writes."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from labshare.kernel.database import db
from tests import factories as make

COLUMNS = "firm_id, sealed, digest, ends, entered_at, entered_on, entered_by"
COPIED = f"INSERT INTO bank_account ({COLUMNS}, counts_from) SELECT {COLUMNS}, %s FROM bank_account"
REFUSED = {
    "its day brought forward": "UPDATE bank_account SET counts_from = '2020-01-01'",
    "other last digits": "UPDATE bank_account SET ends = '…0000'",
    "nobody entered it": "UPDATE bank_account SET entered_by = NULL",
    "of another firm": "UPDATE bank_account SET firm_id = firm_id + 1",
    "taken away": "DELETE FROM bank_account",
    "counting at once": COPIED % "entered_on",
    "two of one day": COPIED % "counts_from",
    "stopped once it counts": "UPDATE bank_account SET stopped_at = entered_at, stopped_on = counts_from, "
    "stopped_by = entered_by",
    "stopped by nobody": "UPDATE bank_account SET stopped_at = entered_at, stopped_on = entered_on",
}


def test_the_database_keeps_an_entry_as_it_was_made(app: Flask) -> None:  # R-FIRM-6
    firm, today = make.firm(), date(2026, 10, 1)
    make.bank_account(firm, entered_by=make.member(firm).id, entered_on=today, counts_from=today + timedelta(days=5))
    for what, statement in REFUSED.items():
        with pytest.raises(DatabaseError), db.session.begin_nested():
            db.session.execute(text(statement))
            pytest.fail(what)
    db.session.execute(
        text("UPDATE bank_account SET stopped_at = entered_at, stopped_on = entered_on, stopped_by = entered_by")
    )
    with pytest.raises(DatabaseError), db.session.begin_nested():
        db.session.execute(text("UPDATE bank_account SET stopped_at = NULL, stopped_on = NULL, stopped_by = NULL"))
