"""The tax system's list of issued invoices (R-TAXLIST), and imports undone. All lists are invented."""

import io
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInputs, NotAllowed, NotFound
from labshare.kernel.sheets import ReadSheet, Row
from labshare.kernel.time import utc_now
from labshare.settlement import services
from labshare.settlement.errors import (
    BuyerIsOther,
    InvoiceAboveCharge,
    LineAside,
    ListRestsOn,
    ListUndone,
    RedLetterBeforeOriginal,
    RedLetterFits,
    RedLetterWithoutOriginal,
    ReversesNothing,
    ReversesOther,
    ReversesTooMuch,
    ReversesTooMuchTax,
    TaxLineOtherwise,
    TaxLineRecorded,
)
from labshare.settlement.files import keep_table
from labshare.settlement.models import Invoice
from labshare.settlement.queries.tax_list import lines_known, lines_open, proposals_for, tax_lists
from labshare.settlement.rules.cells import read_fen
from labshare.settlement.rules.lists import find_layout
from labshare.settlement.rules.tax_sheets import TAX, read_tax_list
from labshare.settlement.tax_list import TaxLine
from labshare.settlement.terms import TaxColumn, TaxLines
from tests import factories
from tests.settlement.bank_files import csv_of
from tests.settlement.world import World, signed_in

ENGINES = ("sqlite",)
ENGLISH = {"Accept-Language": "en"}
TODAY = date(2026, 11, 24)
HEAD = "序号 数电发票号码 销方识别号 购方识别号 购买方名称 开票日期 金额 税额 价税合计 发票状态 备注".split()
NUMBER = "2633200000000000{:04d}"


def row_of(world: World, n: int, whole: str = "1000.00", tax: str = "56.60", **given: Any) -> list[str]:
    cells = {
        "number": NUMBER.format(n),
        "seller": world.host.uscc,
        "code": world.client.uscc,
        "name": world.client.name,
        "day": "2026-07-03 10:00:00",
        "state": "正常",
        "note": "",
        **given,
    }
    net = f"{float(whole) - float(tax):.2f}"
    return [str(n), cells["number"], cells["seller"], cells["code"], cells["name"], cells["day"], net, tax, whole,
            cells["state"], cells["note"]]  # fmt: skip


def sheet_of(rows: list[list[str]]) -> ReadSheet:
    return ReadSheet("", [], [], [Row(n, [cell or None for cell in row]) for n, row in enumerate(rows, start=1)])


def read(rows: list[list[str]], seller: str) -> Any:
    sheet = sheet_of([HEAD, *rows])
    layout = find_layout(sheet, TAX)
    assert layout is not None
    return read_tax_list(sheet, layout, today=TODAY, seller_uscc=seller)


def imported(world: World, *rows: list[str], actor: Any = None) -> int:
    """The id of the list."""
    found = read(list(rows), world.host.uscc)
    assert not found.bad
    kept = keep_table(io.BytesIO(csv_of([HEAD, *rows])), "发票.csv", now=utc_now())
    with transaction():
        made, _n = services.import_tax_list(
            actor=actor or world.accountant, now=utc_now(), heads={}, file=kept, rows=found.rows
        )
        return made.id


def line_of(n: int) -> TaxLine:
    return db.session.scalars(db.select(TaxLine).filter_by(number=NUMBER.format(n))).one()


def recorded(world: World, n: int, *shares: tuple[str, int], actor: Any = None) -> Any:
    with transaction():
        return services.record_tax_line(
            actor=actor or world.accountant,
            now=utc_now(),
            line_id=line_of(n).id,
            shares=shares or [(world.ref, 100_000)],
        )


@pytest.fixture
def world(app) -> World:
    return World()


def test_the_bureaus_heads_are_known_and_void_rows_passed_over(world):  # R-TAXLIST-1
    found = read(
        [
            row_of(world, 1),
            row_of(world, 2, "-1000.00", "-56.60"),
            row_of(world, 3, state="已红冲-全额"),
            row_of(world, 4, "-1000.00", "-56.60", state="已作废"),
            ["合计", "", "", "", "", "", "", "", "1000.00", "", ""],
        ],
        world.host.uscc,
    )
    row, red = found.rows
    assert (row.number, row.issued_on) == (NUMBER.format(1), date(2026, 7, 3))
    assert (row.amount_fen, row.tax_fen) == (100_000, 5_660)
    assert (red.amount_fen, red.tax_fen, red.reverses_number) == (-100_000, -5_660, None)
    assert (found.out, found.other, found.bad) == (2, 1, [])


@pytest.mark.parametrize(
    ("note", "number"),
    [
        (f"被红冲蓝字数电票号码：{NUMBER.format(1)} 红字发票信息确认单编号：33062426110000000001", NUMBER.format(1)),
        ("被红冲蓝字发票号码：２６３３２０００００００００００００１２", "26332000000000000012"),
        ("对应正数发票代码:3300221130号码:00001234", "330022113000001234"),
        ("对应正数发票代码：033002213011 号码：00001234 退样", "03300221301100001234"),
        ("蓝字票 12345678", None),
        ("红字发票信息确认单编号：33062426110000000001", None),
    ],
)
def test_the_remark_of_a_red_letter_names_what_it_reverses(world, note, number):  # R-TAXLIST-5
    [red] = read([row_of(world, 2, "-1000.00", "-56.60", note=note)], world.host.uscc).rows
    assert red.reverses_number == number


@pytest.mark.parametrize("written", ["-1,000.00", "−1000", "(1,000.00)", "（1,000.00）", "－1000.00", "¥-1,000.00"])
def test_amounts_below_nothing_are_written_in_many_ways(written):
    assert read_fen(written) == -100_000


@pytest.mark.parametrize("written", ["(-1,000.00)", "(1,000.00", "--1000"])
def test_what_may_mean_either_is_no_amount(written):
    assert read_fen(written) is None


def test_older_numbers_stand_in_two_columns_and_other_heads_are_mapped():
    rows = [["发票代码", "号", "开票日期", "金额", "税额"], ["3300221130", "00001234", "20260703", "100", "6"]]
    assert find_layout(sheet_of(rows), TAX) is None
    kept = {
        TaxColumn.CODE: "发票代码",
        TaxColumn.NUMBER: "号",
        TaxColumn.DAY: "开票日期",
        TaxColumn.NET: "金额",
        TaxColumn.TAX: "税额",
    }
    layout = find_layout(sheet_of(rows), TAX, kept)
    assert layout is not None
    [row] = read_tax_list(sheet_of(rows), layout, today=TODAY, seller_uscc="x").rows
    assert (row.number, row.amount_fen) == ("330022113000001234", 10_600)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"number": "12"}, "number"),
        ({"number": NUMBER.format(1)}, "twice"),
        ({"day": "2026-11-25"}, "future"),
        ({"day": "x"}, "day"),
        ({"seller": factories.credit_code(9)}, "seller"),
        ({"tax": "x"}, "amount"),
        ({"whole": "1000.00", "tax": "-1.00"}, "tax"),
        ({"whole": "-1000.00", "tax": "1.00"}, "tax"),
    ],
)
def test_a_bad_cell_is_said(world, given, wrong):
    row = row_of(world, 2, **{key: value for key, value in given.items() if value != "x" or key == "day"})
    if given.get("tax") == "x":
        row[7] = "x"
    [bad] = read([row_of(world, 1), row], world.host.uscc).bad
    assert (bad.row, bad.wrong) == (3, wrong)


def test_a_line_is_recorded_as_an_invoice_by_hand_would_be(world):  # R-TAXLIST-2, R-TAXLIST-3
    imported(world, row_of(world, 1))
    [line] = lines_open(world.accountant)
    proposal = proposals_for([line], world.accountant)[line.id]
    assert proposal.shares == ((world.ref, 100_000),)
    assert proposal.sure
    assert world.money[1] == 0, "nothing is recorded by itself"
    invoice = recorded(world, 1)
    assert (invoice.number, invoice.issued_on, world.money[1]) == (NUMBER.format(1), date(2026, 7, 3), 100_000)
    with pytest.raises(TaxLineRecorded):
        recorded(world, 1)
    assert lines_open(world.accountant) == []
    assert lines_known(world.accountant, TaxLines.DIFFERS, limit=9)[1] == 0


def test_one_invoice_over_several_bookings_makes_up_its_whole_amount_and_tax(world):
    other = world.another()
    imported(world, row_of(world, 1, "1500.00", "84.91"))
    with pytest.raises(TaxLineOtherwise):
        recorded(world, 1, (world.ref, 100_000))
    with pytest.raises(InvoiceAboveCharge) as refused:
        recorded(world, 1, (world.ref, 40_000), (other.ref, 110_000))
    assert refused.value.field == f"amount-{other.ref}"
    invoice = recorded(world, 1, (world.ref, 100_000), (other.ref, 50_000))
    lines = db.session.get_one(Invoice, invoice.id).lines
    assert (sum(line.amount_fen for line in lines), sum(line.tax_fen for line in lines)) == (150_000, 8_491)


def test_another_buyer_another_firm_and_a_line_set_aside_are_refused(world):
    stranger = World()
    imported(world, row_of(world, 1, code=stranger.client.uscc), row_of(world, 2))
    with pytest.raises(BuyerIsOther):
        recorded(world, 1)
    assert proposals_for(lines_open(world.accountant)[:1], world.accountant) == {}
    for actor in (stranger.manager, world.booker):
        with pytest.raises(NotFound):
            recorded(world, 2, actor=actor)
    viewer = factories.actor(factories.member(world.host, "viewer"), world.host, "viewer")
    with pytest.raises(NotAllowed):
        imported(world, row_of(world, 3), actor=viewer)
    with transaction():
        services.set_tax_line_aside(actor=world.accountant, now=utc_now(), line_id=line_of(2).id, note="零售")
    with pytest.raises(LineAside):
        recorded(world, 2)
    with transaction():
        services.take_tax_line_back(actor=world.accountant, now=utc_now(), line_id=line_of(2).id)
    recorded(world, 2)


def test_what_is_recorded_by_hand_is_known_and_what_differs_is_shown(world):
    world.invoice(tax=5_660, number=NUMBER.format(1), on=date(2026, 7, 3))
    other = world.another()
    other.invoice(90_000, number=NUMBER.format(2), on=date(2026, 7, 3))
    imported(world, row_of(world, 1), row_of(world, 2))
    assert lines_open(world.accountant) == []
    rows, count = lines_known(world.accountant, TaxLines.DIFFERS, limit=9)
    assert (count, rows[0].line.number, rows[0].amount_fen) == (1, NUMBER.format(2), 90_000)
    assert lines_known(world.accountant, TaxLines.RECORDED, limit=9)[1] == 2


def test_an_import_is_undone_as_long_as_nothing_rests_on_it(world):  # R-TAXLIST-4
    first = imported(world, row_of(world, 1), row_of(world, 2))
    again = imported(world, row_of(world, 1))
    assert db.session.query(TaxLine).count() == 2
    with transaction():
        assert services.undo_tax_list(actor=world.accountant, now=utc_now(), list_id=again) == 0
        assert services.undo_tax_list(actor=world.accountant, now=utc_now(), list_id=first) == 2
    assert [each.undone for each in tax_lists(world.accountant)] == [True, True]
    with pytest.raises(ListUndone), transaction():
        services.undo_tax_list(actor=world.accountant, now=utc_now(), list_id=first)
    third = imported(world, row_of(world, 1), row_of(world, 2))
    recorded(world, 1)
    with pytest.raises(ListRestsOn), transaction():
        services.undo_tax_list(actor=world.accountant, now=utc_now(), list_id=third)
    with pytest.raises(NotFound), transaction():
        services.undo_tax_list(actor=World().manager, now=utc_now(), list_id=third)
    assert db.session.query(TaxLine).count() == 2, "all or none"
    with pytest.raises(IntegrityError):
        db.session.execute(text("DELETE FROM tax_line WHERE invoice_id IS NOT NULL"))
    db.session.rollback()


# Red letters


def reversing(world: World, n: int, *, original: int | None = 1, whole: str = "-1000.00", tax: str = "-56.60",
              **given: Any) -> list[str]:  # fmt: skip
    note = f"被红冲蓝字数电票号码：{NUMBER.format(original)}" if original else ""
    return row_of(world, n, whole, tax, **{"note": note, "day": "2026-08-03", **given})


def taken_back(world: World, n: int, *shares: tuple[str, int], **given: Any) -> Any:
    with transaction():
        return services.record_tax_line(
            actor=world.accountant,
            now=utc_now(),
            line_id=line_of(n).id,
            shares=shares or [(world.ref, 100_000)],
            **given,
        )


def proposed(world: World, n: int) -> Any:
    return proposals_for([line_of(n)], world.accountant).get(line_of(n).id)


def test_a_red_letter_is_proposed_against_the_invoice_that_it_names(world):  # R-TAXLIST-5
    other = world.another()
    imported(world, row_of(world, 1, "1500.00", "84.91"), reversing(world, 2, whole="-1500.00", tax="-84.91"))
    assert proposed(world, 2) is None, "nothing is recorded that it could take back"
    whole = [(world.ref, 100_000), (other.ref, 50_000)]
    with pytest.raises(ReversesNothing):
        taken_back(world, 2, *whole)
    recorded(world, 1, (world.ref, 100_000), (other.ref, 50_000))
    proposal = proposed(world, 2)
    assert (proposal.reverses, proposal.sure) == (NUMBER.format(1), True)
    assert proposal.shares == ((world.ref, 100_000), (other.ref, 50_000))
    assert world.reread().invoiced_fen == 100_000, "nothing is taken back by itself"
    with transaction():
        services.record_sure_invoices(actor=world.accountant, now=utc_now(), line_ids=[line_of(2).id])
    assert (world.reread().invoiced_fen, other.reread().invoiced_fen) == (0, 0)
    red = line_of(2).invoice
    assert (red.number, red.issued_on, sum(line.tax_fen for line in red.lines)) == (
        NUMBER.format(2),
        date(2026, 8, 3),
        -8_491,
    )
    with pytest.raises(TaxLineRecorded):
        taken_back(world, 2, *whole)


def test_a_red_letter_recorded_by_hand_is_known(world):  # R-TAXLIST-2
    line = world.invoice(tax=5_660, number=NUMBER.format(1), on=date(2026, 7, 3))
    world.red_letter(line, 40_000, tax=2_264, on=date(2026, 8, 3), number=NUMBER.format(2))
    imported(world, reversing(world, 2, whole="-400.00", tax="-22.64"))
    assert lines_open(world.accountant) == []
    assert lines_known(world.accountant, TaxLines.DIFFERS, limit=9)[1] == 0
    with pytest.raises(TaxLineRecorded):
        taken_back(world, 2, (world.ref, 40_000))
    other = world.another()
    line = other.invoice(number=NUMBER.format(3), on=date(2026, 7, 3))
    other.red_letter(line, 100, on=date(2026, 8, 3), number=NUMBER.format(4))
    imported(world, reversing(world, 4, original=3, whole="-2.00", tax="0.00"))
    rows, _count = lines_known(world.accountant, TaxLines.DIFFERS, limit=9)
    assert [row.amount_fen for row in rows] == [-100], "recorded of another amount than issued"


def test_a_red_letter_over_a_part_is_proposed_where_one_booking_can_be_meant(world):
    world.invoice(tax=5_660, number=NUMBER.format(1), on=date(2026, 7, 3))
    imported(world, reversing(world, 2, whole="-400.00", tax="-22.64"), reversing(world, 3, original=None))
    part, unnamed = proposed(world, 2), proposed(world, 3)
    assert (part.shares, part.sure) == (((world.ref, 40_000),), False)
    assert (unnamed.reverses, unnamed.shares, unnamed.sure) == (NUMBER.format(1), ((world.ref, 100_000),), False)
    with pytest.raises(RedLetterWithoutOriginal):
        taken_back(world, 3)
    taken_back(world, 2, (world.ref, 40_000))
    with pytest.raises(InvalidInputs) as refused:
        taken_back(world, 3, reverses=NUMBER.format(1))
    assert {type(each) for each in refused.value.problems} == {ReversesTooMuch, ReversesTooMuchTax}
    assert {each.field for each in refused.value.problems} == {f"amount-{world.ref}"}


def test_two_red_letters_over_the_same_invoice_are_not_sure(world):
    world.invoice(tax=5_660, number=NUMBER.format(1), on=date(2026, 7, 3))
    imported(world, reversing(world, 2), reversing(world, 3))
    assert not proposed_together(world, 2, 3)
    taken_back(world, 2)
    with pytest.raises(ReversesNothing):
        taken_back(world, 3)


def proposed_together(world: World, *numbers: int) -> list[int]:
    """Those that are sure."""
    found = proposals_for([line_of(n) for n in numbers], world.accountant)
    return [each for each, proposal in found.items() if proposal.sure]


def test_a_red_letter_of_another_amount_buyer_or_invoice_is_refused(world):  # R-TAXLIST-5
    stranger = World()
    other = world.another()
    world.invoice(tax=5_660, number=NUMBER.format(1), on=date(2026, 7, 3))
    other.invoice(tax=5_660, number=NUMBER.format(9), on=date(2026, 7, 3))
    imported(
        world,
        reversing(world, 2),
        reversing(world, 3, code=stranger.client.uscc),
        reversing(world, 4, day="2026-07-02"),
    )
    with pytest.raises(TaxLineOtherwise):
        taken_back(world, 2, (world.ref, 90_000))
    with pytest.raises(ReversesOther):
        taken_back(world, 2, (other.ref, 100_000), reverses=NUMBER.format(9))
    with pytest.raises(RedLetterWithoutOriginal):
        taken_back(world, 2, (other.ref, 100_000))
    with pytest.raises(BuyerIsOther):
        taken_back(world, 3)
    assert proposed(world, 3) is None
    with pytest.raises(RedLetterBeforeOriginal):
        taken_back(world, 4)
    assert world.reread().invoiced_fen == 100_000


def test_a_red_letter_over_a_recorded_invoice_is_not_set_aside(world):  # R-TAXLIST-5
    world.invoice(tax=5_660, number=NUMBER.format(1), on=date(2026, 7, 3))
    imported(world, reversing(world, 2), reversing(world, 3, original=7))
    with pytest.raises(RedLetterFits), transaction():
        services.set_tax_line_aside(actor=world.accountant, now=utc_now(), line_id=line_of(2).id, note="不管")
    with transaction():
        services.set_tax_line_aside(actor=world.accountant, now=utc_now(), line_id=line_of(3).id, note="非共享实验室")


def test_a_red_letter_on_its_pages(app, world):
    world.invoice(tax=5_660, number=NUMBER.format(1), on=date(2026, 7, 3))
    imported(world, reversing(world, 2), reversing(world, 3, original=None, whole="-400.00", tax="-22.64"))
    accountant = signed_in(app, world.accountant)
    page = accountant.get("/lab/tax-list", headers=ENGLISH).text
    assert f"It reverses invoice {NUMBER.format(1)}." in page
    assert "It does not say which invoice it reverses" in page
    unnamed = f"/lab/tax-list/lines/{line_of(3).id}"
    form = accountant.get(f"{unnamed}?reverses={NUMBER.format(1)}", headers=ENGLISH).text
    assert f"Bookings of invoice {NUMBER.format(1)}" in form
    sent = {f"amount-{world.ref}": "500.00"}
    refused = accountant.post(f"{unnamed}?reverses={NUMBER.format(1)}", data=sent, headers=ENGLISH)
    assert "the amounts make up" in refused.text
    assert 'value="500.00"' in refused.text
    sent = {f"amount-{world.ref}": "400.00"}
    assert accountant.post(f"{unnamed}?reverses={NUMBER.format(1)}", data=sent).status_code == 303
    assert world.reread().invoiced_fen == 60_000
    named = accountant.get(f"/lab/tax-list/lines/{line_of(2).id}", headers=ENGLISH).text
    assert f"{NUMBER.format(3)} has taken back 400.00" in named


# Pages


def test_from_the_list_to_the_invoice(app, world):
    accountant = signed_in(app, world.accountant)
    rows = [HEAD, row_of(world, 1), row_of(world, 2, "20.00", "1.13", code="", name="某零售客户")]
    answer = accountant.post("/lab/tax-list", data={"file": (io.BytesIO(csv_of(rows)), "发票.csv")})
    assert answer.status_code == 303
    assert "Import 2 lines" in accountant.get(answer.location, headers=ENGLISH).text
    assert accountant.post(answer.location, data={}).status_code == 303
    page = accountant.get("/lab/tax-list", headers=ENGLISH).text
    assert "1 line is sure" in page
    first, second = line_of(1).id, line_of(2).id
    assert accountant.post("/lab/tax-list/sure", data={"lines": f"{first},{second}"}).status_code == 303
    assert world.money[1] == 100_000
    assert NUMBER.format(1) in accountant.get("/lab/tax-list?show=tax_recorded", headers=ENGLISH).text
    long = accountant.post(f"/lab/tax-list/lines/{second}/aside", data={"note": "x" * 201}, headers=ENGLISH)
    assert long.status_code == 422
    assert "200" in long.text
    assert accountant.post(f"/lab/tax-list/lines/{second}/aside", data={"note": "零售"}).status_code == 303
    assert "零售" in accountant.get("/lab/tax-list?show=tax_aside", headers=ENGLISH).text
    listed = line_of(1).list_id
    refused = accountant.post(f"/lab/tax-list/{listed}/undo", headers=ENGLISH)
    assert refused.status_code == 409
    assert "Not undone" in refused.text
    with accountant.get("/lab/tax-list/to-issue") as sheet:
        assert sheet.status_code == 200
