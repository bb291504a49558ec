"""Documents that stand on two bookings (R-DOUBLE): found at the recording, decided by an officer of neither firm."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound, Problem, ReasonRequired
from labshare.kernel.time import utc_now
from labshare.notices.models import Notice
from labshare.settlement import errors, services
from labshare.settlement.models import BookingHold, DoubleDocument
from labshare.settlement.queries.doubles import doubles, doubles_waiting, elsewhere
from labshare.settlement.rules.doubles import plain
from tests import factories
from tests.settlement.world import World, pdf, taken

ONE_ENGINE = pytest.mark.engines("sqlite")


@pytest.fixture
def booked(app, clock):
    clock.set("2026-06-25 10:00")
    factories.working_year()
    world = World()
    with transaction():
        world.officer = of_county("officer")
    return world


def of_county(role, division="330624"):
    return factories.actor(factories.regulator(role, division), None, role, division=division)


def rows():
    db.session.rollback()
    return db.session.scalars(db.select(DoubleDocument).order_by(DoubleDocument.id)).all()


def slip(words):
    return taken(pdf(words), "slip.pdf", "document")


def refused(step, **given):
    with pytest.raises(Problem) as caught:
        step(**given)
    db.session.rollback()
    return type(caught.value)


def decide(double, actor, verdict, note="流水已核对"):
    given = {"actor": actor, "now": utc_now(), "double_id": double.id, "verdict": verdict, "note": note}
    with transaction():
        return services.decide_double(**given)


def notified(kind):
    return set(db.session.scalars(db.select(Notice.person_id).where(Notice.kind == kind)))


def test_a_reference_on_two_bookings_is_recorded_and_shown(booked):  # R-DOUBLE-1, R-DOUBLE-2
    other = booked.another()
    first = booked.payment(10_000, reference="icbc 2026-0001")
    booked.payment(10_000, reference="ICBC20260001")  # of the same booking: no double
    later = other.payment(20_000, reference="ＩＣＢＣ2026/0001")
    (row,) = rows()
    assert (row.document, row.earlier) == (f"payment-{later}", f"payment-{first}")
    assert (row.booking_id, row.earlier_booking_id) == (other.id, booked.id)
    assert (row.same_reference, row.same_file) == (True, False)
    assert booked.officer.person_id in notified("double.to_decide")
    (shown,) = elsewhere(booking_id=other.id, lab_firm_id=other.host.id)["payment", later]
    assert shown.ref == booked.ref
    stranger = World()
    paid = stranger.payment(20_000, reference="ICBC20260001")
    (shown,) = elsewhere(booking_id=stranger.id, lab_firm_id=stranger.host.id)["payment", paid]
    assert shown.ref is None
    (one, two) = doubles(booked.officer, decided=False, limit=50, offset=0)
    assert (one.decides, two.earlier.id) == (True, first)
    assert db.session.scalar(doubles_waiting(booked.officer)) == 2


@ONE_ENGINE
def test_a_slip_and_an_invoice_file_are_found_by_their_content(booked):  # R-DOUBLE-1
    other = booked.another()
    first = booked.payment(10_000, file=slip("one"))
    later = other.payment(20_000, file=slip("one"))
    booked.invoice(file=taken(pdf("invoice"), "a.pdf", "original"))
    other.invoice(file=taken(pdf("invoice"), "b.pdf", "original"))
    payment, invoice = rows()
    assert (payment.kind, payment.document_id, payment.earlier_id) == ("payment", later, first)
    assert (payment.same_reference, payment.same_file) == (False, True)
    assert (invoice.kind, invoice.booking_id, invoice.earlier_booking_id) == ("invoice", other.id, booked.id)


@ONE_ENGINE
def test_what_is_lawful_on_record_is_no_double(booked):  # R-DOUBLE-1
    other, third = booked.another(), booked.another()
    number = "26330000000000000901"
    booked.invoice(60_000, number=number, file=taken(pdf("both"), "a.pdf", "original"))
    other.invoice(40_000, number=number, file=taken(pdf("both"), "a.pdf", "original"))
    paid = booked.payment(50_000, reference="ICBC1")
    refund = {"amount_fen": 1_000, "paid_on": booked.finished_on, "payer_uscc": third.client.uscc}
    third.payment(50_000)
    third.does(services.record_refund, actor=third.accountant, reference="ICBC1", **refund)
    assert paid
    assert not rows()


@ONE_ENGINE
@pytest.mark.parametrize(("verdict", "held"), [("lawful", []), ("double", ["suspend"])])
def test_an_officer_decides_once(booked, verdict, held):  # R-DOUBLE-3
    other = booked.another()
    booked.payment(10_000, reference="ICBC1")
    other.payment(10_000, reference="ICBC1")
    (row,) = rows()
    assert refused(lambda: decide(row, booked.officer, verdict, " ")) is ReasonRequired
    assert refused(lambda: decide(row, booked.officer, "perhaps")) is errors.DoubleVerdictMissing
    decide(row, booked.officer, verdict)
    holds = db.session.scalars(db.select(BookingHold).filter_by(booking_id=other.id)).all()
    assert [hold.cause for hold in holds] == held
    assert other.manager.person_id in notified("double.decided")
    assert refused(lambda: decide(row, booked.officer, verdict)) is errors.DoubleDecidedAlready
    (shown,) = doubles(booked.officer, decided=True, limit=50, offset=0)
    assert (shown.row.verdict, shown.row.decided_by, shown.decides) == (verdict, booked.officer.person_id, False)


@ONE_ENGINE
def test_held_already_it_is_not_suspended_once_more(booked):  # R-DOUBLE-3, R-HOLD-1
    other = booked.another()
    booked.payment(10_000, reference="ICBC1")
    other.payment(10_000, reference="ICBC1")
    other.does(services.suspend_booking, actor=booked.officer, note="核查")
    (row,) = rows()
    hold = decide(row, booked.officer, "double").hold
    assert hold.note == "核查"
    assert db.session.query(BookingHold).count() == 1


@ONE_ENGINE
def test_who_decides(booked):  # R-DOUBLE-3
    other = booked.another()
    booked.payment(10_000, reference="ICBC1")
    other.payment(10_000, reference="ICBC1")
    (row,) = rows()
    with transaction():
        abroad, approver = of_county("officer", "330683"), of_county("approver")
    for actor, why in ((abroad, NotFound), (approver, NotAllowed), (booked.manager, NotAllowed)):
        assert issubclass(refused(lambda actor=actor: decide(row, actor, "lawful")), why)
    with transaction():
        of_client = {"person_id": booked.officer.person_id, "firm_id": other.client.id, "role": "viewer"}
        factories.add(factories.Membership(started_at=factories.LONG_AGO, **of_client))
    assert refused(lambda: decide(row, booked.officer, "lawful")) is NotAllowed


def test_the_database_keeps_it_as_recorded(booked):  # R-DOUBLE-3
    other = booked.another()
    first = booked.payment(10_000, reference="ICBC1")
    later = other.payment(10_000, reference="ICBC1")
    (row,) = rows()
    decide(row, booked.officer, "lawful")
    for statement in (
        "UPDATE double_document SET verdict = NULL, note = NULL, decided_at = NULL, decided_by = NULL",
        "UPDATE double_document SET note = 'x'",
        "DELETE FROM double_document",
    ):
        with pytest.raises(DBAPIError):
            db.session.execute(text(statement))
        db.session.rollback()
    wrong = {"kind": "payment", "document_id": first, "earlier_id": later, "found_at": utc_now()}
    wrong |= {"booking_id": other.id, "earlier_booking_id": booked.id, "same_reference": True, "same_file": False}
    db.session.add(DoubleDocument(**wrong))
    with pytest.raises(DBAPIError):
        db.session.flush()
    db.session.rollback()


@pytest.mark.parametrize("typed", ["ab 12-3", "AB12/3", "ａｂ１２３"])
def test_what_people_write_between_the_digits_says_nothing(typed):  # R-DOUBLE-1
    assert plain(typed) == "AB123"
