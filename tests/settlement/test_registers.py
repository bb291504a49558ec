"""Registers of payments, invoices and red letters: found by anything people know of them, with totals, as files."""

import io
from datetime import timedelta

import pytest
from python_calamine import CalamineWorkbook

from labshare.kernel.database import db
from labshare.settlement.queries import registers
from labshare.settlement.queries.registers import Wanted
from labshare.settlement.terms import PaymentsShown
from tests import factories
from tests.settlement.world import FINISHED, World, signed_in

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def world(app) -> World:
    world = World()
    line = world.invoice(100_000, tax=5_660, number="26332000000001234567")
    world.red_letter(line, 10_000, tax=566, number="26332000000076543210")
    world.payment(60_000, reference="ICBC-100%")
    world.payment(5_000, payer_uscc=factories.firm().uscc, reference="CCB-7")
    world.refund(1_000)
    return world


def found(world: World, **wanted) -> list[int]:
    return [
        row.document.amount_fen
        for row in registers.payments(world.accountant, Wanted(**wanted), sort="amount", limit=9).rows
    ]


def test_payments_are_found_by_what_is_known_of_them(world):
    assert found(world) == [-1_000, 5_000, 60_000]
    for text in ("icbc-100", world.ref.lower(), world.client.name, world.client.uscc, world.client.name_en.upper()):
        assert 60_000 in found(world, text=text), text
    assert found(world, text="CCB") == [5_000]
    assert found(world, amount_fen=1_000) == [-1_000], "whatever its sign"
    assert found(world, shown=PaymentsShown.MONEY_IN) == [5_000, 60_000]
    assert found(world, shown=PaymentsShown.MONEY_BACK) == [-1_000]
    assert found(world, shown=PaymentsShown.PAYER_WAITS) == [5_000]
    assert found(world, since=FINISHED, until=FINISHED) == [5_000, 60_000]
    assert found(world, until=FINISHED - timedelta(days=1)) == []
    every = registers.payments(world.accountant, Wanted(), sort="-amount", limit=1, offset=1)
    assert [row.document.amount_fen for row in every.rows] == [5_000]
    assert (every.count, every.amount_fen) == (3, 64_000), "of all, not of the page"


def test_invoices_and_red_letters_are_lists_of_their_own(world):
    blue = registers.invoices(world.accountant, Wanted(), red=False, sort="number", limit=9)
    red = registers.invoices(world.accountant, Wanted(text="7654"), red=True, sort="-day", limit=9)
    assert [(row.document.amount_fen, row.reverses) for row in blue.rows] == [(100_000, None)]
    assert [(row.document.amount_fen, row.reverses) for row in red.rows] == [(-10_000, "26332000000001234567")]
    assert (red.count, red.amount_fen, red.tax_fen) == (1, -10_000, -566)


def test_a_red_letter_is_filled_in_with_what_is_left_to_take_back(app, world):
    page = signed_in(app, world.accountant).get(f"/lab/bookings/{world.ref}/red-letter", headers=ENGLISH).text
    assert 'value="900.00"' in page
    assert 'value="50.94"' in page


def test_another_firm_and_an_official_find_nothing_there(world):
    other = World()
    for actor in (other.manager, other.booker, world.booker, world.officer):
        assert registers.payments(actor, Wanted(), sort="day", limit=9).count == 0
        assert registers.invoices(actor, Wanted(), red=False, sort="day", limit=9).count == 0


def test_pages_keep_their_filters_and_their_files_say_the_same(app, world):
    number = World(lab=world.lab)
    number.payment(7_700, reference="OTHER")
    db.session.commit()
    accountant = signed_in(app, world.accountant)
    page = accountant.get("/lab/payments?q=icbc-1&sort=-amount", headers=ENGLISH).text
    assert "ICBC-100%" in page
    assert "OTHER" not in page
    assert "All 1 line" in page
    assert "q=icbc-1&amp;sort=amount" in page, "sorting keeps the filter"
    assert "26332000000001234567" in accountant.get("/lab/red-letters", headers=ENGLISH).text
    answer = accountant.get("/lab/payments?amount=50&format=xlsx", headers=ENGLISH)
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    assert book.sheet_names == ["Payments"]
    head, row, total = book.get_sheet_by_index(0).to_python()
    assert (head[0], row[1], row[-1]) == ("Date", "CCB-7", 50.0)
    assert (total[0], total[-1]) == ("Total", 50.0)
    csv = accountant.get("/lab/invoices?format=csv", headers=ENGLISH).data.decode("utf-8-sig")
    assert csv.splitlines()[1].endswith("1000.00,56.60")
    for wrong in ("amount=abc", "from=2026-13-40", "sort=nothing", "lab=X&shown=Y", "page=99999999999"):
        assert accountant.get(f"/lab/payments?{wrong}").status_code == 200, wrong
