"""recognised(d) and the ledger against a clerk's day-by-day reckoning, over random papers."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labshare.kernel.months import Month
from labshare.settlement.rules.documents import (
    ChargeLine,
    Documents,
    InvoiceDocument,
    Money,
    PaymentDocument,
    ReportDocument,
    invoice_room,
    ledger_differences,
    payment_room,
    refund_room,
)
from tests.independent import ledger as clerk

pytestmark = pytest.mark.slow

START = date(2026, 1, 20)
TODAY = date(2026, 5, 5)
days = st.integers(0, (TODAY - START).days).map(lambda n: START + timedelta(days=n))
amounts = st.integers(1, 2_000)


@st.composite
def random_papers(draw):
    """Any papers at all, lawful or not: the reckoning is defined for all of them."""
    charges = [ChargeLine(START, draw(amounts))]
    charges += draw(st.lists(st.builds(ChargeLine, days, st.integers(-300, 500)), max_size=2))
    reports = []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        day = draw(days)
        earlier = [report.id for report in reports if report.id not in {r.replaces for r in reports}]
        replaces = draw(st.sampled_from([None, *earlier]))
        withdrawn = draw(st.one_of(st.none(), days.filter(lambda d, day=day: d >= day)))
        reports.append(ReportDocument(id=number, day=day, replaces=replaces, withdrawn_on=withdrawn))
    invoices = []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        amount = draw(amounts)
        invoices.append(
            InvoiceDocument(id=number, day=draw(days), amount_fen=amount, tax_fen=draw(st.integers(0, amount)))
        )
    for number, original in enumerate(list(invoices), start=10):
        if draw(st.booleans()):
            part = draw(st.integers(1, original.amount_fen))
            tax = draw(st.integers(0, min(part, original.tax_fen)))
            day = draw(days.filter(lambda d, first=original.day: d >= first))
            invoices.append(InvoiceDocument(id=number, day=day, amount_fen=-part, tax_fen=-tax, reverses=original.id))
    payments = draw(
        st.lists(
            st.builds(
                PaymentDocument,
                id=st.just(0),
                day=days,
                amount_fen=st.integers(-500, 2_000).filter(bool),
                counts=st.booleans(),
            ),
            max_size=4,
        )
    )
    return Documents(tuple(charges), tuple(reports), tuple(invoices), tuple(payments))


def as_export(documents):
    """The same papers as the clerk reads them."""
    return {
        "charges": [{"day": line.day, "fen": line.amount_fen} for line in documents.charges],
        "reports": [
            {"id": report.id, "day": report.day, "replaces": report.replaces, "withdrawn": report.withdrawn_on}
            for report in documents.reports
        ],
        "invoices": [{"day": i.day, "fen": i.amount_fen, "tax": i.tax_fen} for i in documents.invoices],
        "payments": [{"day": p.day, "fen": p.amount_fen, "counts": p.counts} for p in documents.payments],
    }


@given(random_papers(), days)
@settings(max_examples=400)
def test_recognised_equals_the_clerks(documents, day):  # R-RECOGNITION-1, R-RECOGNITION-2
    amount, tax = clerk.recognised(as_export(documents), day)
    if amount >= 0 and all(i >= 0 for i in (documents.invoiced(day).amount_fen, documents.paid(day))):
        assert documents.recognised(day) == Money(amount_fen=amount, tax_fen=tax)


@given(random_papers())
@settings(max_examples=300)
def test_ledger_equals_the_clerks(documents):  # R-RECOGNITION-3
    entries = ledger_differences(documents, {}, closed=(), present=Month.of(TODAY))
    written = {str(month): (money.amount_fen, money.tax_fen) for month, money in entries.items()}
    wrong = clerk.wrong_sums(as_export(documents), written, set(), TODAY)
    negative = any(clerk.recognised(as_export(documents), end)[0] < 0 for end in clerk.month_ends(START, TODAY))
    assert not wrong or negative
    if not negative:
        assert written == clerk.ledger(as_export(documents), TODAY)


@given(random_papers(), st.sets(st.sampled_from(["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"])), st.data())
@settings(max_examples=300)
def test_closed_months_are_left_alone_and_open_ones_add_up(documents, shut, data):  # R-RECOGNITION-5
    """Some of the papers are entered, months close, the rest comes late; then every open month adds up."""
    early = Documents(documents.charges, documents.reports[:1], documents.invoices[:1], documents.payments[:1])
    before = ledger_differences(early, {}, closed=(), present=Month.of(TODAY))
    closed = {Month.parse(month) for month in shut}
    late = ledger_differences(documents, before, closed=closed, present=Month.of(TODAY))
    assert not closed & set(late)
    together = {
        str(month): ((total := before.get(month, Money()) + late.get(month, Money())).amount_fen, total.tax_fen)
        for month in {*before, *late}
    }
    if all(clerk.recognised(as_export(documents), end)[0] >= 0 for end in clerk.month_ends(START, TODAY)):
        assert clerk.wrong_sums(as_export(documents), together, shut, TODAY) == []
    again = {month: before.get(month, Money()) + late.get(month, Money()) for month in {*before, *late}}
    assert ledger_differences(documents, again, closed=closed, present=Month.of(TODAY)) == {}


def recorded(documents, order, closings):
    """The ledger after entering the documents in this order, a month closing after some of the steps."""
    one_by_one = [
        (kind, paper) for kind in ("charges", "reports", "invoices", "payments") for paper in getattr(documents, kind)
    ]
    entered = {"charges": (), "reports": (), "invoices": (), "payments": ()}
    ledger, closed = {}, set()
    for step, place in enumerate(order):
        kind, paper = one_by_one[place]
        entered[kind] = (*entered[kind], paper)
        more = ledger_differences(Documents(**entered), ledger, closed=closed, present=Month.of(TODAY))
        assert not set(more) & closed
        ledger = {month: ledger.get(month, Money()) + more.get(month, Money()) for month in {*ledger, *more}}
        if step in closings:
            closed.add(closings[step])
    return ledger, closed


@given(random_papers(), st.data())
@settings(max_examples=200)
def test_the_order_of_recording_never_matters(documents, data):  # R-RECOGNITION-4
    """With every month open the ledgers are equal; where months close in between, every open month adds up."""
    count = len(documents.charges) + len(documents.reports) + len(documents.invoices) + len(documents.payments)
    first, _ = recorded(documents, range(count), {})
    order = data.draw(st.permutations(range(count)))
    second, _ = recorded(documents, order, {})
    assert {m: v for m, v in first.items() if v} == {m: v for m, v in second.items() if v}
    months = [Month(2026, number) for number in range(1, 6)]
    closings = data.draw(st.dictionaries(st.integers(0, count), st.sampled_from(months), max_size=3))
    third, closed = recorded(documents, order, closings)
    for month in months:
        if month not in closed:
            total = sum((money for each, money in third.items() if each <= month), Money())
            assert total == documents.recognised(month.last_day)


@given(random_papers(), days)
@settings(max_examples=200)
def test_what_fits_is_the_most_that_breaks_no_day(documents, day):  # R-PAPER-5
    def broken(more):
        return set(clerk.broken_limits(as_export(more))) - set(clerk.broken_limits(as_export(documents)))

    if clerk.broken_limits(as_export(documents)):
        return

    def invoiced(amount):
        return replace(documents, invoices=(*documents.invoices, InvoiceDocument(id=99, day=day, amount_fen=amount)))

    room = invoice_room(documents, day)
    if room > 0:
        assert not broken(invoiced(room))
    assert broken(invoiced(room + 1))
    for amount in (payment_room(documents, day) + 1, -refund_room(documents, day) - 1):
        payments = (*documents.payments, PaymentDocument(id=99, day=day, amount_fen=amount))
        assert broken(Documents(documents.charges, documents.reports, documents.invoices, payments))


D = date(2026, 3, 2)
FULL = {
    "charges": (ChargeLine(D, 1000),),
    "invoices": (InvoiceDocument(id=1, day=D, amount_fen=1000, tax_fen=57),),
    "payments": (PaymentDocument(id=1, day=D, amount_fen=1000),),
}


def day(n):
    return D + timedelta(days=n)


@pytest.mark.parametrize(
    ("reports", "standing"),
    [
        pytest.param((), {}, id="none"),
        pytest.param((ReportDocument(id=1, day=day(2)),), {1: [], 2: [1], 9: [1]}, id="from its date on"),
        pytest.param(
            (ReportDocument(id=1, day=day(2), replaces=None, withdrawn_on=day(5)),),
            {4: [1], 5: []},
            id="until the day of withdrawal",
        ),
        pytest.param(
            (ReportDocument(id=1, day=day(2), replaces=None, withdrawn_on=day(2)),),
            {2: [], 3: []},
            id="withdrawn on its day",
        ),
        pytest.param(
            (ReportDocument(id=1, day=day(2)), ReportDocument(id=2, day=day(6), replaces=1)),
            {5: [1], 6: [2]},
            id="until its successor's date",
        ),
        pytest.param(
            (ReportDocument(id=1, day=day(2)), ReportDocument(id=2, day=day(6), replaces=1, withdrawn_on=day(8))),
            {7: [2], 8: []},
            id="a withdrawn successor revives nothing",
        ),
        pytest.param(
            (
                ReportDocument(id=1, day=day(2)),
                ReportDocument(id=2, day=day(3)),
                ReportDocument(id=3, day=day(6), replaces=1),
            ),
            {6: [2, 3]},
            id="the second of two reports is not touched",
        ),
    ],
)
def test_standing_reports(reports, standing):  # R-PAPER-3
    documents = Documents(reports=reports, **FULL)
    for after, ids in standing.items():
        assert [report.id for report in documents.standing(day(after))] == ids
        assert documents.recognised(day(after)) == (Money(amount_fen=1000, tax_fen=57) if ids else Money())


@pytest.mark.parametrize(
    ("charged", "invoiced", "tax", "paid", "recognised"),
    [
        pytest.param(1000, 1000, 57, 1000, (1000, 57), id="all there"),
        pytest.param(1000, 600, 34, 1000, (600, 34), id="least is invoiced"),
        pytest.param(1000, 1000, 57, 500, (500, 29), id="half of 57 is 28.5: half up"),
        pytest.param(1000, 1000, 57, 491, (491, 28), id="27.987"),
        pytest.param(700, 700, 700, 1, (1, 1), id="all of it tax"),
        pytest.param(1000, 0, 0, 1000, (0, 0), id="nothing invoiced"),
        pytest.param(0, 0, 0, 0, (0, 0), id="nothing charged"),
    ],
)
def test_least_and_its_tax(charged, invoiced, tax, paid, recognised):  # R-RECOGNITION-1, R-RECOGNITION-2
    documents = Documents(
        (ChargeLine(D, charged),),
        (ReportDocument(id=1, day=D),),
        (InvoiceDocument(id=1, day=D, amount_fen=invoiced, tax_fen=tax),) if invoiced else (),
        (PaymentDocument(id=1, day=D, amount_fen=paid),) if paid else (),
    )
    assert documents.recognised(D) == Money(amount_fen=recognised[0], tax_fen=recognised[1])
