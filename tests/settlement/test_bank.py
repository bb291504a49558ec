"""Statements of banks (R-BANK): what is read, what is proposed, what may be recorded. All files are invented."""

import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from labshare.audit.models import AuditEvent
from labshare.booking.models import Booking
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.kernel.months import Month as LedgerMonth
from labshare.kernel.sheets import ReadSheet, Row
from labshare.kernel.time import utc_now
from labshare.settlement import services
from labshare.settlement.bank import BankLine, BankMatch
from labshare.settlement.errors import (
    BankAccountNotReadable,
    BankLineRecorded,
    LineAside,
    ListRestsOn,
    PayerNamedOtherwise,
    PaymentAboveCharge,
)
from labshare.settlement.files import keep_table
from labshare.settlement.models import DoubleDocument, Payment, RevenueEntry
from labshare.settlement.queries.bank import lines_waiting, load_dues, proposals, used_before
from labshare.settlement.queries.closed import closed_months
from labshare.settlement.queries.ledger import bookings_out_of_step
from labshare.settlement.rules.bank_sheets import BANK, own_account, read_statement
from labshare.settlement.rules.lists import find_layout, merged_below
from labshare.settlement.rules.matching import Due, Line, propose, references_in
from labshare.settlement.terms import BankColumn, MatchReason
from tests import factories
from tests.settlement.bank_files import HEAD, LAYOUTS, Month, csv_of, month, xlsx_of
from tests.settlement.world import World, signed_in

TODAY = date(2026, 11, 24)
ENGLISH = {"Accept-Language": "en"}
ACCOUNT = "6222000000000001"


def sheet_of(rows) -> ReadSheet:
    return ReadSheet("", [], [], [Row(n, [cell or None for cell in row]) for n, row in enumerate(rows, start=1)])


# What is read


@pytest.mark.parametrize("bank", LAYOUTS)
def test_the_layouts_of_large_banks_are_known(bank):  # R-BANK-1
    sheet = sheet_of(LAYOUTS[bank])
    layout = find_layout(sheet, BANK)
    assert layout is not None
    read = read_statement(sheet, layout, today=TODAY)
    assert not read.bad
    [row] = read.rows
    assert (row.paid_on, row.amount_fen, row.payer) == (date(2026, 7, 3), 123_450, "某公司")
    assert row.reference[0] in "ICBA"
    assert row.text
    assert read.out == 1
    assert own_account(sheet, layout) == ({"icbc": "1205280109000000001", "ccb": "33050165"}.get(bank, ""))


def test_other_heads_are_mapped_once_and_found_again():
    rows = [["何时", "多少", "谁", "编码"], ["2026-07-03", "5.00", "某公司", "X1"]]
    assert find_layout(sheet_of(rows), BANK) is None
    kept = {BankColumn.DAY: "何时", BankColumn.AMOUNT: "多少", BankColumn.PAYER: "谁", BankColumn.REFERENCE: "编码"}
    layout = find_layout(sheet_of([["别的"], *rows]), BANK, kept)
    assert layout is not None
    assert layout.heads == kept
    assert read_statement(sheet_of([["别的"], *rows]), layout, today=TODAY).rows[0].payer == "某公司"


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        (["03/07/2026", "5.00", ""], "day"),
        (["2026-02-30", "5.00", ""], "day"),
        ([Decimal("46206"), "5.00", ""], "day"),
        (["2026-12-01", "5.00", ""], "future"),
        (["2026-07-03", "五元", ""], "amount"),
        (["2026-07-03", "5.001", ""], "amount"),
        (["2026-07-03", Decimal("5.001"), ""], "amount"),
        (["2026-07-03", "1e9", ""], "amount"),
        (["2026-07-03", "99999999999999", ""], "amount"),
        (["2026-07-03", "", ""], "nothing"),
        (["2026-07-03", "5.00", "", "", "", Decimal("12345678901234567890")], "cut"),
    ],
)
def test_a_cell_that_can_mean_two_things_or_none_is_said(cells, wrong):
    sheet = sheet_of([HEAD, cells])
    read = read_statement(sheet, find_layout(sheet, BANK), today=TODAY)
    assert [(cell.row, cell.wrong) for cell in read.bad] == [(2, wrong)]
    assert read.rows == []


def test_equal_rows_are_told_apart_and_known_again_in_another_file():
    row = ["2026-07-03", "5.00", "", "某公司", "货款", ""]
    first, second = (sheet_of([HEAD, *rows]) for rows in ([row, row], [["2026-07-02", "1", "", "", "", ""], row, row]))
    marks = [{each.mark for each in read_statement(s, find_layout(s, BANK), today=TODAY).rows} for s in (first, second)]
    assert len(marks[0]) == 2
    assert marks[0] < marks[1]
    assert read_statement(first, find_layout(first, BANK), today=TODAY).rows[0].reference.startswith("20260703-")


def test_merged_cells_above_the_head_are_harmless():
    sheet = sheet_of([["明细"], HEAD, ["2026-07-03", "5.00"]])
    sheet.merged = ["A1:F1", "B3:B9"]
    assert merged_below(sheet, find_layout(sheet, BANK)) == ["B3:B9"]


# What is proposed


def due(ref, fen, client=1, invoices=()):
    return Due(ref=ref, client_id=client, names=(f"公司{client}",), uscc=f"U{client}", left_fen=fen, invoices=invoices)


A, B, C = "B-202606-AAAAA", "B-202606-BBBBB", "B-202606-CCCCC"
DUES = [
    due(A, 100, invoices=("12345678",)),
    due(B, 200, invoices=("12345678", "87654321")),
    due(C, 300, client=2),
    due("B-202606-DDDDD", 300, client=3),
]


@pytest.mark.parametrize(
    ("amount", "payer", "said", "reason", "refs", "sure"),
    [
        (100, "公司1", f"检测费{A}", MatchReason.REFERENCE, [A], True),
        (100, "公司1", "b 202606 aaaaa", MatchReason.REFERENCE, [A], True),
        (60, "公司1", A, MatchReason.REFERENCE, [A], False),  # a part
        (150, "公司1", A, MatchReason.REFERENCE, [A], False),  # too much
        (100, "别人", A, MatchReason.REFERENCE, [A], False),  # another payer
        (100, "公司2", A, MatchReason.REFERENCE, [A], False),
        (300, "公司1", f"{A},{B}", MatchReason.REFERENCE, [A, B], True),
        (300, "公司1", "发票12345678", MatchReason.INVOICE, [A, B], True),
        (200, "公司1", "发票87654321", MatchReason.INVOICE, [B], True),
        (100, "公司1", "货款", MatchReason.AMOUNT, [A], True),
        (100, "公司1", "货款 B-202601-ZZZZZ", MatchReason.AMOUNT, [A], False),  # names another booking
        (300, "公司1", "", MatchReason.WHOLE_INVOICE, [A, B], True),
        (300, "公司2", "", MatchReason.AMOUNT, [C], True),
        (7, "公司2", "", MatchReason.CLIENT, [], False),
        (200, "", "", MatchReason.AMOUNT_ALONE, [B], False),
        (300, "别人", "", None, [], False),  # two clients owe that much
        (100, "公司3", C, MatchReason.REFERENCE, [C], False),
    ],
)
def test_a_line_is_proposed_with_its_reason(amount, payer, said, reason, refs, sure):  # R-BANK-2
    found = propose([Line(id=1, amount_fen=amount, payer=payer, text=said)], DUES).get(1)
    if reason is None:
        assert found is None
        return
    assert (found.reason, [ref for ref, _fen in found.shares], found.sure) == (reason, refs, sure)


def test_what_two_lines_claim_is_not_sure_and_a_used_reference_neither():
    line = Line(id=1, amount_fen=100, payer="公司1", text=A)
    twice = propose([line, Line(id=2, amount_fen=100, payer="公司1", text="货款")], DUES)
    assert [twice[n].sure for n in (1, 2)] == [False, False]
    assert propose([line], DUES)[1].sure
    assert not propose([Line(**{**vars(line), "used": True})], DUES)[1].sure


def test_several_bookings_of_one_amount_are_not_sure():
    dues = [due(A, 100), due(B, 100)]
    found = propose([Line(id=1, amount_fen=100, payer="公司1", text="")], dues)[1]
    assert (found.reason, found.sure) == (MatchReason.ONE_OF_SEVERAL, False)


def test_references_are_found_however_they_are_written():
    assert references_in("付b202606aaaaa, B_202606-BBBBB；XB-202606-CCCCCC") == (A, B)


PAYERS = ["公司1", "公司2", "公司3", "别人", ""]


@settings(max_examples=60)
@given(
    dues=st.lists(st.tuples(st.integers(1, 3), st.sampled_from([100, 200, 300])), max_size=6),
    lines=st.lists(
        st.tuples(
            st.sampled_from([100, 200, 300, 400]),
            st.sampled_from(PAYERS),
            st.integers(0, 9),
        ),
        max_size=6,
    ),
)
def test_what_is_sure_fits_whatever_comes(dues, lines):
    owed = [due(f"B-202606-{n:05d}", fen, client) for n, (client, fen) in enumerate(dues)]
    by_ref = {each.ref: each for each in owed}
    asked = [
        Line(id=n, amount_fen=fen, payer=payer, text=f"B-202606-{named:05d}" if named < 7 else "货款")
        for n, (fen, payer, named) in enumerate(lines)
    ]
    found = propose(asked, owed)
    taken: dict[str, int] = {}
    for line in asked:
        one = found.get(line.id)
        if one is None:
            continue
        assert one.amount_fen <= line.amount_fen
        assert all(fen <= by_ref[ref].left_fen for ref, fen in one.shares)
        if one.sure:
            assert one.amount_fen == line.amount_fen
            assert {by_ref[ref].names[0] for ref, _fen in one.shares} == {line.payer}
            for ref, fen in one.shares:
                taken[ref] = taken.get(ref, 0) + fen
    assert all(fen <= by_ref[ref].left_fen for ref, fen in taken.items())


# What is imported and recorded


@pytest.fixture
def world(app) -> World:
    world = World()
    world.report()
    world.invoice(number="26332000000000000001")
    return world


def imported(actor, rows, account: str = ACCOUNT, name: str = "bank.csv") -> int:
    sheet = sheet_of(rows)
    layout = find_layout(sheet, BANK)
    file = keep_table(io.BytesIO(csv_of(rows)), name, now=utc_now())
    with transaction():
        return services.import_statement(
            actor=actor,
            now=utc_now(),
            account=account,
            heads=layout.heads,
            file=file,
            rows=read_statement(sheet, layout, today=TODAY).rows,
        )[1]


def line_of(world, amount="1000.00", payer=None, said="检测费", serial="S1") -> int:
    payer = world.client.name if payer is None else payer
    assert imported(world.accountant, [HEAD, ["2026-07-03", amount, "", payer, said, serial]]) == 1
    return db.session.scalars(db.select(BankLine.id).order_by(BankLine.id.desc())).first()


def recorded(world, line_id, *shares, actor=None, payer_uscc=None):
    with transaction():
        return services.record_bank_line(
            actor=actor or world.accountant,
            now=utc_now(),
            line_id=line_id,
            shares=shares or [(world.ref, 100_000)],
            payer_uscc=payer_uscc or world.client.uscc,
        )


def test_a_file_imported_twice_brings_its_lines_once(world):  # R-BANK-1
    rows = [HEAD, *([f"2026-07-0{n}", "5.00", "", "某公司", "货款", f"N{n}"] for n in (1, 2, 3))]
    assert imported(world.accountant, rows[:3]) == 2
    assert imported(world.accountant, rows) == 1
    assert imported(world.accountant, rows, account="6222000000000002") == 3, "another account's lines are its own"
    with pytest.raises(BankAccountNotReadable):
        imported(world.accountant, rows, account="abc")
    assert world.money[2] == 0, "nothing is recorded as paid"
    with pytest.raises(NotAllowed):
        imported(factories.actor(factories.member(world.host, "viewer"), world.host, "viewer"), rows)


def test_a_line_is_recorded_as_a_payment_by_hand_would_be(world):  # R-BANK-3
    line = line_of(world)
    [payment] = recorded(world, line)
    assert (payment.reference, payment.paid_on, payment.by_client) == ("S1", date(2026, 7, 3), True)
    assert world.money == (100_000, 100_000, 100_000, 100_000)
    assert world.stands == "settled"
    with pytest.raises(BankLineRecorded):
        recorded(world, line)
    actions = db.session.scalars(db.select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert [a for a in actions if a in ("bank.import", "payment.record", "bank.record")] == [
        "bank.import",
        "payment.record",
        "bank.record",
        "bank.record",  # what was refused
    ]


def test_one_line_pays_for_several_bookings_but_never_for_more_than_came_in(world):
    other = world.another()
    other.invoice()
    line = line_of(world, "1500.00")
    with pytest.raises(BankLineRecorded):
        recorded(world, line, (world.ref, 100_000), (other.ref, 60_000))
    recorded(world, line, (world.ref, 100_000), (other.ref, 30_000))
    assert (world.money[2], other.money[2]) == (100_000, 30_000)
    recorded(world, line, (other.ref, 20_000))
    assert db.session.query(DoubleDocument).count() == 0, "shares of one line are one transfer"  # R-DOUBLE-1
    assert other.money[2] == 50_000
    with pytest.raises(BankLineRecorded):
        recorded(world, line, (other.ref, 1))
    second = line_of(world, "900.00", serial="S2")
    with pytest.raises(PaymentAboveCharge) as refused:
        recorded(world, second, (other.ref, 60_000))
    assert refused.value.field == f"amount-{other.ref}"


def test_whom_the_bank_names_is_not_the_client_by_being_called_so(world):  # R-BANK-3
    line = line_of(world, payer="某集团财务公司")
    with pytest.raises(PayerNamedOtherwise):
        recorded(world, line)
    [payment] = recorded(world, line, payer_uscc=factories.credit_code(424_242))
    assert payment.payer_waits, "an officer decides"
    assert world.money[2] == 0


def test_a_strangers_line_and_booking_are_not_there(world):
    stranger = World()
    line = line_of(world)
    with pytest.raises(NotFound):
        recorded(world, line, actor=stranger.manager)
    with pytest.raises(NotFound):
        recorded(world, line, (stranger.ref, 100_000))
    with pytest.raises(NotFound):
        recorded(world, line, actor=world.booker)


def test_a_line_set_aside_waits_until_it_is_taken_back(world):
    line = line_of(world, said="利息")
    with transaction():
        services.set_aside(actor=world.accountant, now=utc_now(), line_id=line, note="利息")
    assert lines_waiting(world.accountant) == []
    with pytest.raises(LineAside):
        recorded(world, line)
    with transaction():
        services.take_back(actor=world.accountant, now=utc_now(), line_id=line)
    recorded(world, line)
    with pytest.raises(BankLineRecorded), transaction():
        services.set_aside(actor=world.accountant, now=utc_now(), line_id=line)


def test_an_import_is_undone_as_long_as_nothing_rests_on_it(world):  # R-BANK-4
    line = db.session.get_one(BankLine, line_of(world))
    listed = line.list_id
    with transaction():
        services.set_aside(actor=world.accountant, now=utc_now(), line_id=line.id, note="x")
    with pytest.raises(ListRestsOn), transaction():
        services.undo_statement(actor=world.accountant, now=utc_now(), list_id=listed)
    with transaction():
        services.take_back(actor=world.accountant, now=utc_now(), line_id=line.id)
    with pytest.raises(NotFound), transaction():
        services.undo_statement(actor=World().manager, now=utc_now(), list_id=listed)
    with transaction():
        assert services.undo_statement(actor=world.accountant, now=utc_now(), list_id=listed) == 1
    assert lines_waiting(world.accountant) == []
    recorded(world, line_of(world))
    with pytest.raises(IntegrityError):
        db.session.execute(text("DELETE FROM bank_line"))
    db.session.rollback()


def test_a_note_too_long_is_refused_beside_its_field(app, world):
    line = line_of(world)
    page = signed_in(app, world.accountant).post(
        f"/lab/bank/lines/{line}/aside", data={"note": "利" * 201}, headers=ENGLISH
    )
    assert page.status_code == 422
    assert "利" * 201 in page.text, "not cut"
    assert lines_waiting(world.accountant)


def test_a_reference_used_before_is_shown_with_where(world):
    world.payment(40_000, reference="S1", on=date(2026, 7, 3))
    line = db.session.get_one(BankLine, line_of(world, "600.00"))
    [before] = used_before([line])[line.id]
    assert (before.ref, before.amount_fen) == (world.ref, 40_000)
    found = proposals([line], load_dues(world.accountant))[line.id]
    assert found.shares == ((world.ref, 60_000),)
    assert not found.sure


def test_a_reference_used_before_is_shown_by_hand_too_and_recorded_once_it_is_meant(app, world):
    """A bank's number at another booking, client or day: said with where, before anything is recorded."""
    other = World(lab=world.lab)
    other.payment(40_000, reference="S1")
    accountant = signed_in(app, world.accountant)
    form = {"amount_fen": "10", "paid_on": "2026-07-03", "reference": " S1 ", "payer_uscc": world.client.uscc}
    for path in ("payment", "refund"):
        answer = accountant.post(f"/lab/bookings/{world.ref}/{path}", data=form, headers=ENGLISH)
        assert answer.status_code == 422, path
        assert other.ref in answer.text
    assert world.money[2] == 0
    meant = {**form, "again": "y", "submission": "0b5a8e0e-1111-4222-8333-444455556666"}
    assert accountant.post(f"/lab/bookings/{world.ref}/payment", data=meant).status_code == 303
    assert accountant.post(f"/lab/bookings/{world.ref}/payment", data=meant).status_code == 303, "a second click"
    assert world.money[2] == 1_000
    stranger = World()
    mine = {**form, "payer_uscc": stranger.client.uscc}
    theirs = signed_in(app, stranger.accountant).post(f"/lab/bookings/{stranger.ref}/payment", data=mine)
    assert theirs.status_code == 303, "another firm's references are its own"


def test_the_database_refuses_a_line_matched_twice(world):
    """Also by SQL by hand; and a changed line or match."""
    line = line_of(world)
    recorded(world, line)
    other = world.another()
    for fen, day in ((1, date(2026, 7, 3)), (1, date(2026, 7, 4))):
        second = other.payment(fen, on=day, reference="S1")
        with pytest.raises(IntegrityError):
            db.session.execute(db.insert(BankMatch).values(line_id=line, payment_id=second))
        db.session.rollback()
    for statement in (
        "UPDATE bank_line SET amount_fen = 1",
        "DELETE FROM bank_line",
        "UPDATE bank_match SET line_id = line_id",
        "DELETE FROM bank_match",
        "UPDATE bank_line SET left_fen = -1",
    ):
        with pytest.raises(IntegrityError):
            db.session.execute(text(statement))
        db.session.rollback()


# A month


def right_and_sure(made: Month, actor) -> tuple[int, list[str]]:
    """How many lines that are for bookings are proposed right; and which sure ones are wrong."""
    waiting = lines_waiting(actor)
    found = proposals(waiting, load_dues(actor))
    proposed = {
        line.reference: {ref for ref, _fen in found[line.id].shares} if line.id in found else set() for line in waiting
    }
    sure = {line.reference for line in waiting if line.id in found and found[line.id].sure}
    right = sum(proposed[serial] == refs for serial, refs in made.truth.items() if refs)
    return right, [serial for serial in sure if proposed[serial] != made.truth[serial]]


def accept_sure(actor) -> int:
    accepted = 0
    while True:
        ids = [line.id for line in lines_waiting(actor)]
        with transaction():
            n = services.record_sure(actor=actor, now=utc_now(), line_ids=ids)
        if n == 0:
            return accepted
        accepted += n


def test_a_month_of_500_lines(world, engine_name):  # R-BANK-2, R-BANK-3
    """All right ones are proposed, no wrong one is sure, and the ledger is in step afterwards."""
    made = month(world, 500 if engine_name == "sqlite" else 40)
    assert imported(world.accountant, made.rows) == len(made.rows) - 1
    right, wrong = right_and_sure(made, world.accountant)
    assert wrong == []
    assert right == sum(bool(refs) for refs in made.truth.values())
    accepted = accept_sure(world.accountant)
    assert accepted > 0.6 * len(made.truth)
    paid = db.session.scalars(db.select(Payment).join(BankMatch)).all()
    assert len(paid) == accepted
    assert {(p.reference, p.booking.ref) for p in paid} <= {(s, r) for s, refs in made.truth.items() for r in refs}
    assert list(bookings_out_of_step(LedgerMonth(2026, 11), closed_months())) == []


def test_the_ledger_is_the_same_as_by_hand(world):
    """The same invented month twice: accepted from the bank, and entered by hand."""
    hand = World()
    hand.report()
    by_bank, by_hand = month(world, 24, seed=1), month(hand, 24, seed=2)
    imported(world.accountant, by_bank.rows)
    accept_sure(world.accountant)
    taken = {p.reference[3:]: p for p in db.session.scalars(db.select(Payment).join(BankMatch)).all()}
    assert len(taken) > 12
    for row in by_hand.rows[1:]:
        if row[5][3:] in taken:
            [ref] = by_hand.truth[row[5]]
            booking = db.session.scalars(db.select(Booking).filter_by(ref=ref)).one()
            with transaction():
                services.record_payment(
                    actor=hand.accountant,
                    now=utc_now(),
                    ref=ref,
                    amount_fen=booking.charged_fen,
                    paid_on=date.fromisoformat(row[0]),
                    reference=row[5],
                    payer_uscc=booking.client.uscc,
                )

    def recorded(made: Month) -> list[tuple]:
        found = []
        for ref in made.refs:
            booking = db.session.scalars(db.select(Booking).filter_by(ref=ref)).one()
            entries = db.session.scalars(db.select(RevenueEntry).filter_by(booking_id=booking.id)).all()
            events = db.session.scalars(
                db.select(AuditEvent.action).filter_by(subject_type="booking", subject_id=ref).order_by(AuditEvent.id)
            ).all()
            ledger = [(entry.month, entry.cause, entry.amount_fen == booking.charged_fen) for entry in entries]
            found.append((ref[10:], booking.state, booking.paid_fen == booking.charged_fen, ledger, list(events)))
        return found

    assert recorded(by_bank) == recorded(by_hand)


# Pages


def sent(client, content: bytes, name: str = "流水.csv"):
    return client.post("/lab/bank", data={"file": (io.BytesIO(content), name)}, headers=ENGLISH)


def test_from_the_file_to_the_payment(app, world):
    accountant = signed_in(app, world.accountant)
    rows = [
        ["账号：6222000000000001"],
        HEAD,
        ["2026-07-03", "1000.00", "", world.client.name, world.ref, "S1"],
        ["2026-07-04", "8.00", "", "银行", "利息", "S2"],
    ]
    answer = sent(accountant, csv_of(rows))
    assert answer.status_code == 303
    check = accountant.get(answer.location, headers=ENGLISH).text
    assert "Import 2 lines" in check
    assert ACCOUNT in check
    assert accountant.post(answer.location, data={}).status_code == 303
    assert "passed over" in accountant.get(answer.location, headers=ENGLISH).text
    page = accountant.get("/lab/bank", headers=ENGLISH).text
    assert "Its text names the booking" in page
    assert "1 line is sure" in page
    line = db.session.scalars(db.select(BankLine).filter_by(reference="S1")).one()
    assert accountant.post("/lab/bank/sure", data={"lines": f"{line.id},999,abc"}).status_code == 303
    assert world.money[2] == 100_000
    assert "S1" in accountant.get("/lab/bank?show=bank_matched", headers=ENGLISH).text
    interest = db.session.scalars(db.select(BankLine.id).filter_by(reference="S2")).one()
    assert accountant.post(f"/lab/bank/lines/{interest}/aside", data={"note": "利息"}).status_code == 303
    assert "利息" in accountant.get("/lab/bank?show=bank_aside", headers=ENGLISH).text
    assert signed_in(app, World().manager).get(answer.location).status_code == 404, "another firm's file"
    assert signed_in(app, World().manager).get(f"/lab/bank/lines/{line.id}").status_code == 404


def test_a_line_is_shared_out_by_hand_and_what_is_wrong_stands_at_its_booking(app, world):
    other = world.another()
    other.invoice()
    line = line_of(world, "1500.00")
    accountant = signed_in(app, world.accountant)
    page = accountant.get(f"/lab/bank/lines/{line}", headers=ENGLISH).text
    assert f"amount-{world.ref}" in page
    assert f"amount-{other.ref}" in page
    said = {"payer_uscc": world.client.uscc, f"amount-{world.ref}": "1,000.00"}
    wrong = accountant.post(f"/lab/bank/lines/{line}", data={**said, f"amount-{other.ref}": "x"}, headers=ENGLISH)
    assert wrong.status_code == 422
    assert 'value="1,000.00"' in wrong.text, "what was typed stays"
    good = {**said, f"amount-{other.ref}": "500"}
    assert accountant.post(f"/lab/bank/lines/{line}", data=good).status_code == 303
    assert (world.money[2], other.money[2]) == (100_000, 50_000)
    again = accountant.post(f"/lab/bank/lines/{line}", data=good, headers=ENGLISH)
    assert again.status_code in (409, 422), "a second click"
    assert (world.money[2], other.money[2]) == (100_000, 50_000)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7", "This is no CSV or XLSX file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old XLS format"),
        (b"x\n" * 20_001, "More than 20,000 rows"),
    ],
)
def test_what_is_no_statement_is_refused_at_its_field(app, world, content, said):
    answer = sent(signed_in(app, world.accountant), content)
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (csv_of([HEAD, ["03/07/2026", "5.00"]]), "No date that can mean only one day"),
        (xlsx_of([HEAD, ["2026-07-03", 5]], formula="B3"), "Formulas stand in B3"),
        (xlsx_of([HEAD, ["2026-07-03", 5]], merged="A3:B4"), "Merged cells stand in A3:B4"),
        (csv_of([["a", "b"], ["c", "d"]]), "Say which column holds the date"),
        (csv_of([HEAD]), "No money came in"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_imported(app, world, content, said):
    accountant = signed_in(app, world.accountant)
    where = sent(accountant, content).location
    assert said in accountant.get(where, headers=ENGLISH).text
    assert accountant.post(where, data={}, headers=ENGLISH).status_code == 422
    assert db.session.scalars(db.select(BankLine)).all() == []


def test_a_statement_without_its_account_is_told_so_at_the_field(app, world):
    accountant = signed_in(app, world.accountant)
    where = sent(accountant, csv_of([["交易日期", "收入金额", "对方户名"], ["2026-07-03", "5.00", "某公司"]])).location
    answer = accountant.post(where, data={"account": "62 22"}, headers=ENGLISH)
    assert (answer.status_code, "6 to 40 digits" in answer.text, 'value="62 22"' in answer.text) == (422, True, True)
    assert accountant.post(where, data={"account": ACCOUNT}).status_code == 303


def test_columns_are_mapped_in_the_address_and_kept(app, world):
    accountant = signed_in(app, world.accountant)
    rows = [["何时", "多少", "谁"], ["2026-07-03", "5.00", "某公司"]]
    where = sent(accountant, csv_of(rows)).location
    mapped = f"{where}&account={ACCOUNT}&bank_day=0&bank_amount=1&bank_payer=2"
    assert "某公司" in accountant.get(mapped, headers=ENGLISH).text
    for tampered in ("bank_day=99&bank_amount=1", "bank_day=x&bank_in=-1", "bank_day=0"):
        assert accountant.get(f"{where}&{tampered}").status_code == 200
    typed = {"again": 1, "account": ACCOUNT, "bank_day": 0, "bank_amount": 1, "bank_payer": 2}
    assert "某公司" in accountant.post(where, data=typed, headers=ENGLISH, follow_redirects=True).text
    assert db.session.scalars(db.select(BankLine)).all() == []
    assert accountant.post(mapped, data={}).status_code == 303
    again = sent(accountant, csv_of([*rows, ["2026-07-04", "6.00", "某公司"]])).location
    assert "Import 2 lines" in accountant.get(f"{again}&account={ACCOUNT}", headers=ENGLISH).text
