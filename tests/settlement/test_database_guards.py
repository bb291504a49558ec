"""What the database itself refuses, whoever writes, on both engines: SQL by hand, past every service."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from labshare.kernel.database import db
from labshare.kernel.months import Month
from tests.settlement.world import World

REFUSED = (IntegrityError, DBAPIError)


@pytest.fixture
def world(app):
    world = World()
    world.report()
    world.invoice(tax=5_660)
    world.payment(40_000)
    return world


def run(statement, **values):
    with db.engine.begin() as connection:
        connection.execute(text(statement), values)


def line(world, amount, tax, reverses=None, number="HAND-1", client=None, seller=None):
    """An invoice line written by hand."""
    client, seller = client or world.client.id, seller or world.host.id
    with db.engine.begin() as connection:
        invoice = connection.execute(
            text(
                "INSERT INTO invoice (seller_firm_id, client_firm_id, number, issued_on) "
                "VALUES (:seller, :client, :number, '2026-07-01') RETURNING id"
            ),
            {"seller": seller, "client": client, "number": number},
        ).scalar_one()
        return connection.execute(
            text(
                "INSERT INTO invoice_line (invoice_id, booking_id, amount_fen, tax_fen, reverses_id, recorded_at) "
                "VALUES (:invoice, :booking, :amount, :tax, :reverses, '2026-07-01 00:00:00.000000') RETURNING id"
            ),
            {"invoice": invoice, "booking": world.id, "amount": amount, "tax": tax, "reverses": reverses},
        ).scalar_one()


def first(table):
    with db.engine.begin() as connection:
        return connection.execute(text(f"SELECT min(id) FROM {table}")).scalar_one()


@pytest.mark.parametrize("table", ["report", "invoice", "invoice_line", "payment", "revenue_entry"])
def test_no_document_and_no_entry_is_deleted(world, table):  # R-PAPER-9, R-RECOGNITION-7
    with pytest.raises(REFUSED):
        run(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    "change",
    [
        "report SET issued_on = '2026-06-01'",
        "report SET number = 'X'",
        "report SET code = 'X'",
        "report SET serial = 9",
        "report SET why = 'X'",
        "invoice SET number = 'X'",
        "invoice SET issued_on = '2026-06-01'",
        "invoice_line SET amount_fen = 1",
        "invoice_line SET tax_fen = 0",
        "payment SET amount_fen = 1",
        "payment SET paid_on = '2026-06-01'",
        "payment SET by_client = by_client",
        "revenue_entry SET amount_fen = 1",
        "revenue_entry SET month = '2026-01'",
    ],
)
def test_no_document_and_no_entry_is_changed(world, change):  # R-PAPER-9, R-RECOGNITION-7
    with pytest.raises(REFUSED):
        run(f"UPDATE {change}")


def test_a_payers_verdict_and_a_withdrawal_may_be_written(world):
    run("UPDATE payment SET payer_verdict = 'accepted'")
    run("UPDATE report SET withdrawn_on = '2026-07-01', withdraw_reason = 'x'")


@pytest.mark.parametrize(
    ("amount", "tax"), [(-100_001, 0), (-100_000, -5_661), (-1, -2)], ids=["amount", "tax", "tax above amount"]
)
def test_a_red_letter_above_its_invoice(world, amount, tax):  # R-PAPER-6
    with pytest.raises(REFUSED):
        line(world, amount, tax, first("invoice_line"))


def test_red_letters_together_above_their_invoice(world):  # R-PAPER-6
    original = first("invoice_line")
    line(world, -60_000, -3_000, original)
    with pytest.raises(REFUSED):
        line(world, -40_001, 0, original, "HAND-2")
    with pytest.raises(REFUSED):
        line(world, -40_000, -2_661, original, "HAND-2")
    line(world, -40_000, -2_660, original, "HAND-2")


def test_a_red_letter_on_another_bookings_invoice(world):
    other = world.another()
    other.invoice()
    foreign = db.session.execute(text("SELECT max(id) FROM invoice_line")).scalar_one()
    db.session.rollback()
    with pytest.raises(REFUSED):
        line(world, -1, 0, foreign)


def test_a_red_letter_on_a_red_letter(world):
    red = line(world, -100, 0, first("invoice_line"))
    with pytest.raises(REFUSED):
        line(world, -1, 0, red, "HAND-2")


def test_an_invoice_to_another_client_or_of_another_seller(world):  # R-PAPER-7
    stranger = World()
    with pytest.raises(REFUSED):
        line(world, 1, 0, client=stranger.client.id)
    with pytest.raises(REFUSED):
        line(world, 1, 0, seller=stranger.host.id)


def test_an_invoice_number_twice_of_one_seller(world):  # R-PAPER-7
    with pytest.raises(REFUSED):
        run(
            "INSERT INTO invoice (seller_firm_id, client_firm_id, number, issued_on) "
            "SELECT seller_firm_id, client_firm_id, number, issued_on FROM invoice"
        )


def test_an_entry_in_a_closed_month(world):  # R-RECOGNITION-5
    world.close(Month(2026, 6))
    entry = (
        "INSERT INTO revenue_entry (booking_id, lab_id, instrument_id, month, amount_fen, tax_fen, recorded_at) "
        "VALUES (:booking, :lab, :instrument, :month, 1, 0, '2026-11-24 00:00:00.000000')"
    )
    values = {"booking": world.id, "lab": world.lab.id, "instrument": world.booking.instrument_id}
    with pytest.raises(REFUSED):
        run(entry, month="2026-06", **values)
    run(entry, month="2026-07", **values)


def test_a_report_of_another_lab_or_replacing_anothers(world):
    other = World()
    report = (
        "INSERT INTO report (booking_id, lab_id, number, issued_on, replaces_id, file_id, recorded_at) "
        "SELECT :booking, :lab, 'HAND-1', issued_on, :replaces, file_id, recorded_at FROM report WHERE id = :like"
    )
    like = first("report")
    with pytest.raises(REFUSED):
        run(report, booking=world.id, lab=other.lab.id, replaces=None, like=like)
    with pytest.raises(REFUSED):
        run(report, booking=other.id, lab=other.lab.id, replaces=like, like=like)
    run(report, booking=world.id, lab=world.lab.id, replaces=like, like=like)


@pytest.mark.parametrize("column", ["invoiced_fen", "paid_fen", "recognised_fen"])
@pytest.mark.parametrize("value", [-1, 100_001])
def test_sums_stay_between_nothing_and_the_charge(world, column, value):  # R-PRICE-8, R-PAPER-5
    with pytest.raises(REFUSED):
        run(f"UPDATE booking SET {column} = :value", value=value)


@pytest.mark.parametrize(
    ("listed", "refused"),
    [
        ({}, False),
        ({"amount_fen": -39_999}, True),
        ({"tax_fen": -1}, True),
        ({"number": "HAND-7"}, True),
        ({"issued_on": "2026-07-02"}, True),
        ({"reverses_number": "HAND-7"}, True),
        ({"firm_id": "client"}, True),
    ],
)
def test_a_line_of_the_tax_list_recorded_as_what_it_says_alone(world, listed, refused):  # R-TAXLIST-5
    line(world, -40_000, -2_264, reverses=first("invoice_line"))
    with db.engine.begin() as connection:
        [number] = connection.execute(text("SELECT number FROM invoice WHERE number <> 'HAND-1'")).scalars()
    values = {
        "firm_id": world.host.id,
        "number": "HAND-1",
        "issued_on": "2026-07-01",
        "amount_fen": -40_000,
        "tax_fen": -2_264,
        "reverses_number": number,
        **listed,
    }
    if values["firm_id"] == "client":
        values["firm_id"] = world.client.id
    run(
        "INSERT INTO stored_file (id, sha256, name, content_type, size, uploaded_at) "
        "VALUES (99, 'x', 'x', 'text/csv', 1, '2026-07-01 00:00:00.000000')"
    )
    run(
        "INSERT INTO tax_list (id, firm_id, file_id, imported_at) "
        "VALUES (1, :firm_id, 99, '2026-07-01 00:00:00.000000')",
        firm_id=values["firm_id"],
    )
    columns = "list_id, file_row, buyer, buyer_uscc, note, " + ", ".join(values)
    run(
        f"INSERT INTO tax_line ({columns}) VALUES (1, 2, '', '', '', {', '.join(f':{each}' for each in values)})",
        **values,
    )
    recording = "UPDATE tax_line SET invoice_id = (SELECT id FROM invoice WHERE number = 'HAND-1')"
    if refused:
        with pytest.raises(REFUSED):
            run(recording)
        return
    run(recording)
    with pytest.raises(REFUSED):  # once
        run("UPDATE tax_line SET invoice_id = NULL")
