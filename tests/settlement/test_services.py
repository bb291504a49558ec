"""Documents through the services: states, permissions, what they write to booking, trail and notices."""

import io
from datetime import date

import pytest

from labshare.audit.models import AuditEvent
from labshare.booking.errors import ChargeBelowInvoiced, ChargeBelowPaid, IllegalStep
from labshare.booking.services import propose_charge
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInputs, NotAllowed, NotFound, ReasonRequired
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.notices.models import Notice
from labshare.settlement import errors, files, services
from labshare.settlement.models import Invoice, Payment, Report, RevenueEntry, StoredFile
from labshare.settlement.queries.documents import documents_of, line_of_invoice
from labshare.settlement.queries.reports import next_report_number
from tests import factories
from tests.settlement.world import ORDER, World, pdf, snapshot, taken

LATE = ("cancelled", "no_show")


@pytest.fixture
def world(app):
    return World()


def actions(world):
    return [
        event.action
        for event in db.session.query(AuditEvent).filter_by(subject_id=world.ref, refused=False).order_by(AuditEvent.id)
    ]


# the way to settled and back


def test_documents_move_the_booking_there_and_back(world):  # R-BOOKING-10
    report = world.report()
    assert world.stands == "reported"
    line = world.invoice(tax=5_660)
    world.payment()
    assert world.stands == "settled"
    red = world.red_letter(line, 10_000)
    assert red
    assert world.stands == "reported"
    world.invoice(10_000, on=world.today)
    assert world.stands == "settled"
    world.withdraw(report)
    assert world.stands == "tested"
    world.report(world.today)
    assert world.stands == "settled"
    assert [action for action in actions(world) if action.startswith("booking.")] == [
        "booking.report",
        "booking.settle",
        "booking.unsettle",
        "booking.settle",
        "booking.lose_report",
        "booking.settle",
    ]


def test_a_change_of_charge_unsettles(world):  # R-BOOKING-10
    world.report()
    world.invoice()
    world.payment()
    world.charge(5_000)
    assert world.stands == "reported"
    assert world.money == (105_000, 100_000, 100_000, 100_000)
    world.invoice(5_000, on=world.today)
    world.payment(5_000, on=world.today)
    assert world.stands == "settled"
    assert world.ledger == {"2026-06": (100_000, 0), "2026-11": (5_000, 0)}


def test_a_charge_never_falls_below_what_is_invoiced_or_paid(world):  # R-PRICE-8
    def lower(fen):
        with transaction():
            propose_charge(actor=world.manager, now=utc_now(), ref=world.ref, amount_fen=-fen, reason="减收")

    world.invoice(60_000)
    with pytest.raises(ChargeBelowInvoiced):
        lower(40_001)
    world.payment(70_000)
    with pytest.raises(ChargeBelowPaid):
        lower(30_001)
    lower(30_000)
    assert world.money[:3] == (70_000, 60_000, 70_000)


def test_nothing_charged_settles_with_the_report(app):
    world = World(price_fen=0)
    world.report()
    assert world.stands == "settled"
    assert world.ledger == {}


def test_each_entry_names_the_document_that_made_it(world):
    world.report()
    line = world.invoice()
    payment = world.payment()
    world.red_letter(line, 40_000)
    entries = db.session.query(RevenueEntry).order_by(RevenueEntry.id).all()
    assert [(entry.cause, entry.amount_fen) for entry in entries] == [("payment", 100_000), ("invoice", -40_000)]
    assert entries[0].cause_id == payment


# when


@pytest.mark.parametrize("state", ["requested", "confirmed", "received", "testing", "declined", *LATE])
def test_no_report_before_the_test_is_finished(app, state):  # R-PAPER-2
    world = World(state=state)
    with pytest.raises(IllegalStep):
        world.report()


@pytest.mark.parametrize("state", ["requested", "declined"])
def test_no_invoice_and_no_payment_before_the_confirmation(app, state):  # R-PAPER-4
    world = World(state=state)
    for record in (world.invoice, world.payment, lambda: world.refund(1), lambda: world.red_letter(1, 1)):
        with pytest.raises(IllegalStep):
            record()


@pytest.mark.parametrize("state", [*ORDER[1:5], *LATE])
def test_invoices_and_payments_from_the_confirmation_on(app, state):  # R-PAPER-4
    world = World(state=state)
    world.invoice(100)
    world.payment(100)
    assert world.money == (100_000, 100, 100, 0)
    assert world.stands == state


# who


@pytest.mark.parametrize(
    ("verb", "allowed"),
    [
        ("report", {"owner", "lab_manager"}),
        ("invoice", {"owner", "lab_manager", "accountant"}),
        ("payment", {"owner", "lab_manager", "accountant"}),
    ],
)
def test_who_records(world, verb, allowed):  # R-PAPER-10
    for role in ("owner", "lab_manager", "accountant", "booker", "viewer"):
        actor = factories.actor(factories.member(world.host, role), world.host, role)
        db.session.commit()
        given = {"actor": actor} | ({"fen": 100} if verb != "report" else {})
        if role in allowed:
            getattr(world, verb)(**given)
        else:
            with pytest.raises(NotAllowed):
                getattr(world, verb)(**given)


def test_strangers_and_clients_record_nothing(world):  # R-PAPER-10
    stranger = World()
    for record in (world.report, world.invoice, world.payment):
        with pytest.raises(NotFound):
            record(actor=stranger.manager)
        with pytest.raises(NotAllowed):
            record(actor=world.booker)
        with pytest.raises(NotAllowed):
            record(actor=world.officer)
        with pytest.raises(NotFound):
            record(ref="B-202601-00000")
    report = world.report()
    with pytest.raises(NotFound):
        world.withdraw(report, actor=stranger.manager)
    with pytest.raises(NotAllowed):
        world.withdraw(report, actor=world.booker)
    with pytest.raises(NotFound):
        world.withdraw(999_999)


def test_only_officers_close_and_open_months(world):  # R-RECOGNITION-6
    for actor in (world.manager, factories.actor(factories.regulator("approver"), None, "approver")):
        world.officer = actor
        with pytest.raises(NotAllowed):
            world.close(Month(2026, 6))


# reports


def test_numbers_run_on_by_lab_and_year(world):
    assert next_report_number(world.lab, 2026) == f"{world.lab.code}-2026-0001"
    world.report(number=f"{world.lab.code}-2026-0041")
    world.report(number="own number")
    assert next_report_number(world.lab, 2026) == f"{world.lab.code}-2026-0042"
    assert next_report_number(world.lab, 2027) == f"{world.lab.code}-2027-0001"
    report = db.session.get(Report, world.report())
    assert report.number == f"{world.lab.code}-2026-0042"
    other = World()  # that has come to these numbers on paper
    for serial in (9_999, 10_000):
        other.report(number=f"{other.lab.code}-2026-{serial}")
    assert next_report_number(other.lab, 2026).endswith("-10001")


def test_a_number_is_unique_in_a_lab_alone(world):  # R-PAPER-2
    world.report(number="N-1")
    with pytest.raises(errors.ReportNumberUsed):
        world.another().report(number="N-1")
    World().report(number="N-1")


def test_replacing(world):  # R-PAPER-3
    first = world.report()
    second = world.report(date(2026, 7, 1), replaces=first)
    with pytest.raises(errors.ReportReplacedAlready):
        world.report(world.today, replaces=first)
    foreign = World().report()
    with pytest.raises(errors.ReplacesUnknownReport):
        world.report(world.today, replaces=foreign)
    world.withdraw(second)
    assert world.stands == "tested"
    with pytest.raises(errors.ReportWithdrawnAlready):
        world.withdraw(second)


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_withdrawing_needs_a_reason(world, reason):
    with pytest.raises(ReasonRequired):
        world.withdraw(world.report(), reason=reason)


def test_everything_wrong_is_found_at_once(world):
    with pytest.raises(InvalidInputs) as problems:
        world.report(date(2026, 6, 19), file=taken(b"no"), number=" ")
    assert {type(problem) for problem in problems.value.problems} == {
        errors.NotAPdf,
        errors.ReportTooEarly,
        errors.NumberNotReadable,
    }


# invoices


def test_one_invoice_covers_bookings_of_one_client_on_one_day(world):  # R-PAPER-7
    other, stranger = world.another(), World(lab=world.lab)
    world.invoice(50_000, number="26332000000000000001")
    other.invoice(number="26332000000000000001")
    assert db.session.query(Invoice).count() == 1
    with pytest.raises(errors.InvoiceRecordedAlready):
        world.invoice(1, number="26332000000000000001")
    with pytest.raises(errors.InvoiceOfOtherClient):
        stranger.invoice(number="26332000000000000001")
    with pytest.raises(errors.InvoiceOfOtherClient):
        world.another().invoice(number="26332000000000000001", on=world.today)
    World().invoice(number="26332000000000000001")  # another seller's numbers are its own


def test_an_invoice_over_bookings_of_two_clients_is_refused(world):  # R-PAPER-7
    stranger = World(lab=world.lab)
    before = snapshot()
    with pytest.raises(errors.InvoiceOfOtherClient):
        world.invoice(also=[services.Share(ref=stranger.ref, amount_fen=100, tax_fen=0)])
    with pytest.raises(errors.BookingTwice):
        world.invoice(also=[services.Share(ref=world.ref, amount_fen=100, tax_fen=0)])
    with pytest.raises(NotFound):
        world.invoice(also=[services.Share(ref=World().ref, amount_fen=100, tax_fen=0)])
    del before["booking"], before["charge"]
    after = snapshot()
    assert after["invoice"] == after["invoice_line"] == []


def test_all_or_nothing_over_several_bookings(world):
    other = world.another(price_fen=40_000)
    with pytest.raises(errors.InvoiceAboveCharge) as problem:
        world.invoice(also=[services.Share(ref=other.ref, amount_fen=40_001, tax_fen=0)])
    assert problem.value.field == "also-0-amount_fen"
    assert world.money[1] == 0
    assert db.session.query(Invoice).count() == 0


def test_red_and_blue_never_share_a_number(world):
    line = world.invoice(number="26332000000000000001")
    world.red_letter(line, 100, number="26332000000000000009")
    with pytest.raises(errors.InvoiceOfOtherKind):
        world.another().invoice(on=world.today, number="26332000000000000009")
    other = world.another()
    blue = other.invoice(number="26332000000000000002", on=world.today)
    world.invoice(100, on=world.today, number="26332000000000000003")
    with pytest.raises(errors.InvoiceOfOtherKind):
        other.red_letter(blue, 1, number="26332000000000000003")


def test_red_letters_name_an_invoice_of_the_booking(world):
    line = world.invoice()
    foreign = world.another().invoice()
    red = world.red_letter(line, 100)
    for wrong in (None, foreign, red, 999_999):
        with pytest.raises(errors.RedLetterWithoutOriginal):
            world.red_letter(wrong, 100)


def test_what_an_invoice_has_left(world):  # R-PAPER-6
    line = world.invoice(60_000, tax=3_396)
    world.invoice(40_000)
    world.red_letter(line, 50_000, tax=3_000)
    with pytest.raises(errors.ReversesTooMuch):
        world.red_letter(line, 10_001)
    with pytest.raises(errors.ReversesTooMuchTax):
        world.red_letter(line, 10_000, tax=397)
    world.red_letter(line, 10_000, tax=396)
    assert world.money[1] == 40_000


def test_an_invoice_can_be_named_by_number_or_id(world):
    line = world.invoice(number="26332000000000000001")
    assert line_of_invoice(world.booking, "26332000000000000001").id == line
    assert line_of_invoice(world.booking, str(db.session.query(Invoice).one().id)).id == line
    assert line_of_invoice(world.booking, "no such") is None
    assert line_of_invoice(world.booking, "9" * 30) is None


@pytest.mark.parametrize("number", ["", " ", "x" * 31, "a\nb", "a\x00b"])
def test_numbers_are_one_readable_line(world, number):
    with pytest.raises(errors.NumberNotReadable):
        world.invoice(number=number)


@pytest.mark.parametrize("number", ["abc", "1", "26332000", "2633200000000000000", "2633200000000000000a", "-" * 20])
def test_what_is_no_invoices_number_is_refused(world, number):  # R-PAPER-7
    for record in (world.invoice, lambda **given: world.red_letter(world.invoice(100), 1, **given)):
        with pytest.raises(errors.NotAnInvoiceNumber) as problem:
            record(number=number)
        assert problem.value.field == "number"


def test_an_older_invoice_with_whatever_number_still_covers_bookings(world):  # R-PAPER-7
    parties = {"seller_firm_id": world.host.id, "client_firm_id": world.client.id}
    with transaction():
        factories.add(Invoice(**parties, number="FP-旧-1", issued_on=world.finished_on))
    world.invoice(number=" FP-旧-1 ")
    assert db.session.query(Invoice).count() == 1


@pytest.mark.parametrize("fen", [10**12 + 1, 10**30])
def test_amounts_beyond_all_measure(world, fen):
    for record in (world.invoice, lambda n: world.payment(n, payer_uscc=factories.credit_code(99_999))):
        with pytest.raises(errors.AmountTooLarge):
            record(fen)


def test_the_charge_of_the_day_limits_what_is_dated_then(world):  # R-PAPER-5
    world.charge(50_000)  # agreed today
    with pytest.raises(errors.InvoiceAboveCharge) as problem:
        world.invoice(100_001, on=world.finished_on)
    assert problem.value.params["amount"] == "¥1,000.00"
    world.invoice(150_000, on=world.today)
    with pytest.raises(errors.InvoiceAboveCharge):
        world.invoice(1, on=world.finished_on)


# payments


def test_another_payers_payment_counts_once_accepted_from_its_date(world):  # R-PAPER-8
    world.report()
    world.invoice()
    payment = world.payment(payer_uscc=factories.credit_code(55_555), on=date(2026, 7, 3))
    assert world.money[2:] == (0, 0)
    assert documents_of(world.reread(), world.today).payers_waiting[0].id == payment
    world.accept(payment)
    assert world.money[2:] == (100_000, 100_000)
    assert world.ledger == {"2026-07": (100_000, 0)}
    with pytest.raises(errors.PayerDecidedAlready):
        world.accept(payment)
    with pytest.raises(errors.PayerDecidedAlready):
        world.reject(payment)


def test_a_rejected_payer_may_be_accepted_later(world):  # R-PAPER-8
    payment = world.payment(payer_uscc=factories.credit_code(55_555))
    world.reject(payment)
    assert world.money[2] == 0
    world.accept(payment)
    assert world.money[2] == 100_000


def test_the_clients_own_payment_needs_no_verdict(world):
    payment = world.payment(payer_uscc=f" {world.client.uscc.lower()} ".upper())
    assert db.session.get(Payment, payment).by_client
    with pytest.raises(errors.PayerIsClient):
        world.accept(payment)


def test_refunds_stay_within_what_was_paid_on_every_day(world):  # R-PAPER-5
    world.payment(60_000, on=date(2026, 7, 1))
    world.payment(40_000, on=date(2026, 9, 1))
    with pytest.raises(errors.RefundAbovePayment) as problem:
        world.refund(60_001, on=date(2026, 8, 1))
    assert problem.value.params["amount"] == "¥600.00"
    world.refund(60_000, on=date(2026, 8, 1))
    with pytest.raises(errors.RefundAbovePayment):
        world.refund(1, on=date(2026, 7, 15))
    world.refund(40_000)
    assert world.money[2] == 0


def test_a_refund_to_somebody_else_counts_once_accepted(world):
    world.payment(60_000)
    refund = world.refund(50_000, payer_uscc=factories.credit_code(55_555))
    assert world.money[2] == 60_000
    world.refund(20_000)
    with pytest.raises(errors.RefundAbovePayment):
        world.accept(refund)
    world.payment(10_000)
    world.accept(refund)
    assert world.money[2] == 0


# trail and notices


def test_every_document_has_its_event_without_personal_data(world):  # R-AUDIT-1
    report = world.report()
    line = world.invoice(tax=10)
    other = world.payment(100, payer_uscc=factories.credit_code(55_555))
    world.accept(other)
    world.payment(100)
    world.refund(100)
    world.red_letter(line, 100)
    world.withdraw(report)
    assert [action for action in actions(world) if not action.startswith("booking.")] == [
        "report.record",
        "invoice.record",
        "payment.record",
        "payment.accept_payer",
        "payment.record",
        "payment.refund",
        "invoice.reverse",
        "report.withdraw",
    ]
    kept = repr([(event.before, event.after) for event in db.session.query(AuditEvent)])
    assert world.client.uscc not in kept
    assert world.client.name not in kept


def test_those_who_must_act_are_told(world):
    payer = factories.member(world.client, "firm_approver").id
    db.session.commit()
    report = world.report()
    world.invoice()
    payment = world.payment(100, payer_uscc=factories.credit_code(55_555))
    world.reject(payment)
    world.withdraw(report)
    told = {(notice.kind, notice.person_id) for notice in db.session.query(Notice)}
    client, officer = world.booker.person_id, world.officer.person_id
    assert {(kind, person) for kind, person in told if kind.startswith(("report.", "invoice.", "payment."))} == {
        ("report.recorded", client),
        ("report.withdrawn", client),
        ("invoice.ask_for_account", payer),  # not the booker (R-RIGHTS-11); the firm has entered no account
        ("payment.recorded", payer),
        ("payment.payer_differs", officer),
        ("payment.payer_rejected", world.manager.person_id),
        ("payment.payer_rejected", world.accountant.person_id),
    }


def test_a_refusal_changes_nothing_but_the_trail(world):  # R-AUDIT-2
    world.report()
    before = snapshot()
    for attempt in (
        lambda: world.payment(100_001),
        lambda: world.invoice(100_001),
        lambda: world.refund(1),
        lambda: world.report(file=taken(b"MZ")),
    ):
        with pytest.raises(errors.InvalidInput):
            attempt()
    assert snapshot() == before
    refused = [event.action for event in db.session.query(AuditEvent).filter_by(refused=True).order_by(AuditEvent.id)]
    assert refused == ["payment.record", "invoice.record", "payment.refund", "report.record"]


# files


def test_files_lie_under_their_digest_and_are_written_before_the_row(world):
    world.report()
    stored = db.session.query(StoredFile).one()
    path = files.path_of(stored.sha256)
    assert path.read_bytes() == pdf()
    assert path.stat().st_mode & 0o077 == 0
    assert world.reread()


def test_a_file_of_a_rolled_back_recording_is_swept_a_day_later(app, world, clock, tmp_path):
    app.config["UPLOAD_DIR"] = tmp_path
    kept = world.report()
    orphan = taken(pdf("orphan"))
    path = files.path_of(orphan.sha256)
    assert path.exists()
    assert files.sweep(now=utc_now()) == 0
    clock.advance(hours=25)
    assert files.sweep(now=utc_now()) == 1
    assert not path.exists()
    assert files.path_of(db.session.get(Report, kept).file.sha256).exists()


def test_no_file_is_examined_inside_a_transaction(app):
    with transaction(), pytest.raises(RuntimeError, match="before the transaction begins"):
        taken()


def test_names_of_files_are_plain(app):
    named = files.take_in(io.BytesIO(pdf()), "..\\..\\etc/pass\x00wd\n.pdf", "pdf", now=utc_now())
    assert named.name == "passwd.pdf"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", errors.NotAPdf, id="empty"),
        pytest.param(b"%PDF-1.7", errors.NotAPdf, id="head alone"),
        pytest.param(pdf()[: len(pdf()) // 2], errors.NotAPdf, id="cut in half"),
        pytest.param(b"<html>" + pdf(), errors.NotAPdf, id="head not first"),
        pytest.param(pdf().replace(b"[3 0 R] /Count 1", b"[     ] /Count 0"), errors.NotAPdf, id="no page"),
        pytest.param(pdf().ljust(1024 * 1024 + 1, b"\n"), errors.FileTooLarge, id="too large"),
        pytest.param(pdf(), None, id="good"),
    ],
)
def test_a_pdf_is_known_by_its_content(app, content, problem):
    app.config["UPLOAD_LIMIT"] = 1024 * 1024
    found = taken(content).problem
    assert type(found) is (problem or type(None))


def test_a_month_closes_once_and_opens_once(world):
    world.close(Month(2026, 6))
    with pytest.raises(errors.MonthClosedAlready):
        world.close(Month(2026, 6))
    world.reopen(Month(2026, 6))
    with pytest.raises(errors.MonthNotClosed):
        world.reopen(Month(2026, 6))


# one transfer for several bookings


def test_one_transfer_pays_several_bookings_of_a_client(world):  # R-PAPER-12
    other = world.another(price_fen=40_000)
    world.payment(60_000, also=[(other.ref, 40_000)], reference="ICBC-9", submission="once")
    world.payment(60_000, also=[(other.ref, 40_000)], reference="ICBC-9", submission="once")  # a second click
    assert (world.money[2], other.money[2]) == (60_000, 40_000)
    assert {(p.reference, p.amount_fen) for p in db.session.query(Payment)} == {("ICBC-9", 60_000), ("ICBC-9", 40_000)}


def test_it_is_recorded_wholly_or_not_at_all(world):  # R-PAPER-12
    other, stranger = world.another(price_fen=40_000), World(lab=world.lab)
    with pytest.raises(errors.PaymentAboveCharge) as problem:
        world.payment(60_000, also=[(other.ref, 40_001)])
    assert problem.value.field == "also-0-amount_fen"
    with pytest.raises(InvalidInputs) as problems:
        world.payment(100_001, also=[(other.ref, 40_001)])
    assert [each.field for each in problems.value.problems] == ["amount_fen", "also-0-amount_fen"]
    with pytest.raises(errors.PaymentOfOtherClient):
        world.payment(100, also=[(stranger.ref, 100)])
    with pytest.raises(errors.BookingTwice):
        world.payment(100, also=[(world.ref, 100)])
    with pytest.raises(NotFound):
        world.payment(100, also=[(World().ref, 100)])
    assert db.session.query(Payment).count() == 0
    assert (world.money[2], other.money[2]) == (0, 0)
