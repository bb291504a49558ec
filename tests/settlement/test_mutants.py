"""Every rule of documents and of recognition, bent one at a time: each time the judge below must notice.

The judge asks a rules module for random documents' recognition, ledger and room, and holds them against the clerk's
reckoning; and it knows what each check must say of written cases. A mutant it lets pass is a rule nothing proves.
"""

import random
import types
from datetime import date, timedelta
from pathlib import Path

import pytest

from labshare.kernel.months import Month
from labshare.settlement.rules import documents as real
from tests.independent import ledger as clerk
from tests.settlement.test_recognition import as_export

pytestmark = pytest.mark.slow

SOURCE = Path(real.__file__).read_text()
START, TODAY = date(2026, 1, 20), date(2026, 5, 5)
SPAN = (TODAY - START).days


def module(source):
    made = types.ModuleType("labshare.settlement.rules_bent")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, made.__name__, made)  # dataclasses look their module up
        exec(compile(source, "rules_bent.py", "exec"), made.__dict__)  # noqa: S102 - our own source, bent
    return made


def random_documents(rules, chance):
    def day(first=START):
        return first + timedelta(days=chance.randint(0, (TODAY - first).days))

    charges = [rules.ChargeLine(START, chance.randint(100, 2_000))]
    charges += [rules.ChargeLine(day(), chance.randint(-50, 500)) for _ in range(chance.randint(0, 2))]
    reports = []
    for number in range(1, chance.randint(0, 3) + 1):
        earlier = [r.id for r in reports if r.id not in {other.replaces for other in reports}]
        replaces = chance.choice([None, *earlier])
        issued = day()
        withdrawn = day(issued) if chance.random() < 0.4 else None
        reports.append(rules.ReportDocument(id=number, day=issued, replaces=replaces, withdrawn_on=withdrawn))
    invoices = []
    for number in range(1, chance.randint(0, 3) + 1):
        fen = chance.randint(1, 900)
        invoices.append(rules.InvoiceDocument(id=number, day=day(), amount_fen=fen, tax_fen=chance.randint(0, fen)))
    for number, original in enumerate(list(invoices), start=10):
        if chance.random() < 0.4:
            part = chance.randint(1, original.amount_fen)
            tax = chance.randint(0, min(part, original.tax_fen))
            when = day(original.day)
            invoices.append(
                rules.InvoiceDocument(id=number, day=when, amount_fen=-part, tax_fen=-tax, reverses=original.id)
            )
    payments = [
        rules.PaymentDocument(
            id=number,
            day=day(),
            amount_fen=chance.choice([1, 1, 1, -1]) * chance.randint(1, 900),
            counts=chance.random() < 0.8,
        )
        for number in range(chance.randint(0, 3))
    ]
    return rules.Documents(tuple(charges), tuple(reports), tuple(invoices), tuple(payments))


def agrees_with_the_clerk(rules, documents, chance):
    export = as_export(documents)
    ends = clerk.month_ends(START, TODAY)
    days = [START + timedelta(days=chance.randint(0, SPAN)) for _ in range(6)] + documents.days()
    lawful = all(
        documents.invoiced(d).amount_fen >= 0 and documents.paid(d) >= 0 and documents.charged(d) >= 0 for d in days
    )
    if lawful:
        for day in days:
            if tuple(vars(documents.recognised(day)).values()) != clerk.recognised(export, day):
                return False
    if all(clerk.recognised(export, end)[0] >= 0 for end in ends):
        shut = {str(Month.of(end)) for end in ends if chance.random() < 0.3}
        closed = {Month.parse(name) for name in shut}
        found = rules.ledger_differences(documents, {}, closed=closed, present=Month.of(TODAY))
        written = {str(month): (money.amount_fen, money.tax_fen) for month, money in found.items()}
        if set(written) & shut or (0, 0) in written.values() or clerk.wrong_sums(export, written, shut, TODAY):
            return False
        again = rules.ledger_differences(documents, found, closed=closed, present=Month.of(TODAY))
        if again:
            return False
    if not clerk.broken_limits(export):
        day = START + timedelta(days=chance.randint(0, SPAN))
        for room, more in (
            (rules.invoice_room, lambda fen: {"invoices": [*export["invoices"], {"day": day, "fen": fen, "tax": 0}]}),
            (
                rules.payment_room,
                lambda fen: {"payments": [*export["payments"], {"day": day, "fen": fen, "counts": 1}]},
            ),
            (
                rules.refund_room,
                lambda fen: {"payments": [*export["payments"], {"day": day, "fen": -fen, "counts": 1}]},
            ),
        ):
            most = room(documents, day)
            if most > 0 and clerk.broken_limits({**export, **more(most)}):
                return False
            if not clerk.broken_limits({**export, **more(most + 1)}):
                return False
    return True


D = date(2026, 3, 2)


def later(days):
    return D + timedelta(days=days)


def says_what_it_must(rules):
    invoice = rules.InvoiceDocument(id=1, day=later(5), amount_fen=600, tax_fen=34)
    red = rules.InvoiceDocument(id=2, day=later(6), amount_fen=-100, tax_fen=-6, reverses=1)
    documents = rules.Documents(
        (rules.ChargeLine(D, 1_000), rules.ChargeLine(later(10), 500)),
        (),
        (invoice, red),
        (
            rules.PaymentDocument(id=1, day=later(5), amount_fen=600),
            rules.PaymentDocument(id=2, day=later(5), amount_fen=5_000, counts=False),
        ),
    )
    today = later(20)
    cases = [
        ("check_report", {"day": later(3), "finished_on": later(3)}, []),
        ("check_report", {"day": later(2), "finished_on": later(3)}, ["ReportTooEarly"]),
        ("check_report", {"day": today, "finished_on": later(3)}, []),
        ("check_report", {"day": later(21), "finished_on": later(3)}, ["DocumentInFuture"]),
        ("check_invoice", {"day": later(6), "amount_fen": 500, "tax_fen": 0}, []),
        ("check_invoice", {"day": later(6), "amount_fen": 501, "tax_fen": 0}, ["InvoiceAboveCharge"]),
        ("check_invoice", {"day": later(5), "amount_fen": 401, "tax_fen": 0}, ["InvoiceAboveCharge"]),
        ("check_invoice", {"day": later(10), "amount_fen": 1_000, "tax_fen": 1_000}, []),
        ("check_invoice", {"day": later(10), "amount_fen": 1_000, "tax_fen": 1_001}, ["TaxOutOfRange"]),
        ("check_invoice", {"day": later(10), "amount_fen": 1_000, "tax_fen": -1}, ["TaxOutOfRange"]),
        ("check_invoice", {"day": later(10), "amount_fen": 1_001, "tax_fen": 0}, ["InvoiceAboveCharge"]),
        ("check_invoice", {"day": later(21), "amount_fen": 1, "tax_fen": 0}, ["DocumentInFuture"]),
        ("check_invoice", {"day": later(10), "amount_fen": 0, "tax_fen": 0}, ["AmountNotAboveZero"]),
        ("check_invoice", {"day": later(10), "amount_fen": 10**12 + 1, "tax_fen": 0}, ["AmountTooLarge"]),
        ("check_red_letter", {"day": later(6), "amount_fen": 500, "tax_fen": 28}, []),
        ("check_red_letter", {"day": later(6), "amount_fen": 501, "tax_fen": 28}, ["ReversesTooMuch"]),
        ("check_red_letter", {"day": later(6), "amount_fen": 500, "tax_fen": 29}, ["ReversesTooMuchTax"]),
        ("check_red_letter", {"day": later(6), "amount_fen": 20, "tax_fen": 21}, ["TaxOutOfRange"]),
        ("check_red_letter", {"day": later(4), "amount_fen": 1, "tax_fen": 0}, ["RedLetterBeforeOriginal"]),
        ("check_red_letter", {"day": later(5), "amount_fen": 1, "tax_fen": 0}, []),
        ("check_red_letter", {"day": later(21), "amount_fen": 1, "tax_fen": 0}, ["DocumentInFuture"]),
        ("check_red_letter", {"day": later(6), "amount_fen": 0, "tax_fen": 0}, ["AmountNotAboveZero"]),
        ("check_payment", {"day": later(5), "amount_fen": 400, "counts": True}, []),
        ("check_payment", {"day": later(5), "amount_fen": 401, "counts": True}, ["PaymentAboveCharge"]),
        ("check_payment", {"day": later(5), "amount_fen": 401, "counts": False}, []),
        ("check_payment", {"day": later(21), "amount_fen": 1, "counts": True}, ["DocumentInFuture"]),
        ("check_payment", {"day": later(5), "amount_fen": 0, "counts": True}, ["AmountNotAboveZero"]),
        ("check_refund", {"day": later(5), "amount_fen": 600, "counts": True}, []),
        ("check_refund", {"day": later(5), "amount_fen": 601, "counts": True}, ["RefundAbovePayment"]),
        ("check_refund", {"day": later(4), "amount_fen": 1, "counts": True}, ["RefundAbovePayment"]),
        ("check_refund", {"day": later(5), "amount_fen": 601, "counts": False}, []),
        ("check_refund", {"day": later(21), "amount_fen": 1, "counts": True}, ["DocumentInFuture"]),
        ("check_refund", {"day": later(5), "amount_fen": 0, "counts": True}, ["AmountNotAboveZero"]),
    ]
    for name, given, expected in cases:
        subject = {"check_report": (), "check_red_letter": (documents, invoice)}.get(name, (documents,))
        found = [type(problem).__name__ for problem in getattr(rules, name)(*subject, **given, today=today)]
        if found != expected:
            return False
    half = rules.Documents(
        (rules.ChargeLine(D, 1_000),),
        (rules.ReportDocument(id=1, day=D),),
        (rules.InvoiceDocument(id=1, day=D, amount_fen=1_000, tax_fen=57),),
        (rules.PaymentDocument(id=1, day=D, amount_fen=500),),
    )
    ledger = rules.ledger_differences(half, {}, closed=(), present=Month.of(D))
    return ledger == {Month.of(D): rules.Money(amount_fen=500, tax_fen=29)}  # half of 57 is 28.5


def judge(source, rounds=400):
    """Whether this source is taken for the rules."""
    try:
        rules = module(source)
        chance = random.Random(7)
        return says_what_it_must(rules) and all(
            agrees_with_the_clerk(rules, random_documents(rules, chance), chance) for _ in range(rounds)
        )
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        return False


MUTANTS = {
    "no report is needed": (
        "if not self.standing(day):",
        "if False:",
    ),
    "a report stands before its date": (
        "            if report.day <= day\n",
        "            if True\n",
    ),
    "a withdrawn report stands on that day": (
        "report.withdrawn_on > day)",
        "report.withdrawn_on >= day)",
    ),
    "withdrawal is forgotten": (
        "and (report.withdrawn_on is None or report.withdrawn_on > day)",
        "",
    ),
    "a successor replaces from the start": (
        "for report in self.reports if report.day <= day}",
        "for report in self.reports}",
    ),
    "a successor replaces nothing": (
        "and report.id not in replaced",
        "",
    ),
    "a withdrawn successor revives": (
        "for report in self.reports if report.day <= day}",
        "for report in self.reports if report.day <= day and not (report.withdrawn_on and report.withdrawn_on <= day)}",
    ),
    "charges of later days count": (
        "line.amount_fen for line in self.charges if line.day <= day",
        "line.amount_fen for line in self.charges",
    ),
    "charges count from the next day": (
        "self.charges if line.day <= day)",
        "self.charges if line.day < day)",
    ),
    "invoices of later days count": (
        "[line for line in self.invoices if line.day <= day]",
        "[line for line in self.invoices]",
    ),
    "invoices count from the next day": (
        "[line for line in self.invoices if line.day <= day]",
        "[line for line in self.invoices if line.day < day]",
    ),
    "payments of later days count": (
        "if payment.counts and payment.day <= day)",
        "if payment.counts)",
    ),
    "payments count from the next day": (
        "payment.counts and payment.day <= day",
        "payment.counts and payment.day < day",
    ),
    "any payer counts": (
        "if payment.counts and payment.day <= day",
        "if payment.day <= day",
    ),
    "charge forgotten": (
        "min(self.charged(day), invoiced.amount_fen, self.paid(day))",
        "min(invoiced.amount_fen, self.paid(day))",
    ),
    "invoices forgotten": (
        "min(self.charged(day), invoiced.amount_fen, self.paid(day))",
        "min(self.charged(day), self.paid(day))",
    ),
    "payments forgotten": (
        "min(self.charged(day), invoiced.amount_fen, self.paid(day))",
        "min(self.charged(day), invoiced.amount_fen)",
    ),
    "all the tax": (
        "round_half_up(Fraction(amount * invoiced.tax_fen, invoiced.amount_fen))",
        "invoiced.tax_fen",
    ),
    "tax rounded down": (
        "round_half_up(Fraction(amount * invoiced.tax_fen, invoiced.amount_fen))",
        "amount * invoiced.tax_fen // invoiced.amount_fen",
    ),
    "tax rounded up": (
        "round_half_up(Fraction(amount * invoiced.tax_fen, invoiced.amount_fen))",
        "-(-amount * invoiced.tax_fen // invoiced.amount_fen)",
    ),
    "tax rounded half to even": (
        "round_half_up(Fraction(amount * invoiced.tax_fen, invoiced.amount_fen))",
        "round(Fraction(amount * invoiced.tax_fen, invoiced.amount_fen))",
    ),
    "only the document's own day": (
        "return [day, *(each for each in self.days() if each > day)]",
        "return [day]",
    ),
    "only later days": (
        "return [day, *(each for each in self.days() if each > day)]",
        "return [each for each in self.days() if each > day] or [day]",
    ),
    "red letters already there are forgotten": (
        "if invoice_id in (line.id, line.reverses)",
        "if invoice_id == line.id",
    ),
    "future dates pass": (
        "    if day > today:\n        yield DocumentInFuture(field)",
        "    yield from ()",
    ),
    "today is the future": (
        "    if day > today:",
        "    if day >= today:",
    ),
    "early reports pass": (
        "    if day < finished_on:\n        yield ReportTooEarly()\n",
        "",
    ),
    "a report on the last day is too early": (
        "if day < finished_on:",
        "if day <= finished_on:",
    ),
    "nothing passes as an amount": (
        "if amount_fen <= 0:",
        "if amount_fen < 0:",
    ),
    "any size passes": (
        "elif amount_fen > LARGEST_FEN:",
        "elif False:",
    ),
    "tax above the invoice passes": (
        "    if not 0 <= tax_fen <= amount_fen:\n        yield TaxOutOfRange()\n    room",
        "    if tax_fen < 0:\n        yield TaxOutOfRange()\n    room",
    ),
    "negative tax passes": (
        "    if not 0 <= tax_fen <= amount_fen:\n        yield TaxOutOfRange()\n    room",
        "    if tax_fen > amount_fen:\n        yield TaxOutOfRange()\n    room",
    ),
    "invoices above the charge pass": (
        "if amount_fen > room and day <= today:",
        "if False:",
    ),
    "an invoice of the whole charge is too much": (
        "if amount_fen > room and day <= today:",
        "if amount_fen >= room and day <= today:",
    ),
    "a red letter before its invoice passes": (
        "    if day < original.day:\n        yield RedLetterBeforeOriginal()\n",
        "",
    ),
    "a red letter on its invoice's day is too early": (
        "if day < original.day:",
        "if day <= original.day:",
    ),
    "a red letter above its invoice passes": (
        "    if amount_fen > left.amount_fen:\n        yield ReversesTooMuch(amount=plain_money(left.amount_fen))\n",
        "",
    ),
    "a red letter with too much tax passes": (
        "    elif tax_fen > left.tax_fen:\n        yield ReversesTooMuchTax(amount=plain_money(left.tax_fen))\n",
        "",
    ),
    "a red letter's tax above its amount passes": (
        "    if not 0 <= tax_fen <= amount_fen:\n        yield TaxOutOfRange()\n    elif tax_fen",
        "    if tax_fen",
    ),
    "payments above the charge pass": (
        "(room := payment_room(documents, day))",
        "(room := LARGEST_FEN)",
    ),
    "refunds above what was paid pass": (
        "(room := refund_room(documents, day))",
        "(room := LARGEST_FEN)",
    ),
    "other payers are measured at once": (
        "if counts and day <= today and amount_fen > (room := payment_room",
        "if day <= today and amount_fen > (room := payment_room",
    ),
    "refunds to others are measured at once": (
        "if counts and day <= today and amount_fen > (room := refund_room",
        "if day <= today and amount_fen > (room := refund_room",
    ),
    "entries go into closed months": (
        "if month in shut:",
        "if False:",
    ),
    "the last month is forgotten": (
        "for month in first.through(present):",
        "for month in first.through(present.previous):",
    ),
    "the first month is forgotten": (
        "for month in first.through(present):",
        "for month in first.next.through(present):",
    ),
    "entries there are forgotten": (
        "written += entries.get(month, NOTHING)",
        "pass",
    ),
    "what was just entered is forgotten": (
        "            written += difference\n",
        "",
    ),
    "recognised on the first day": (
        "documents.recognised(month.last_day)",
        "documents.recognised(month.first_day)",
    ),
}


def test_the_rules_pass():
    assert judge(SOURCE, rounds=1_500)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_bent_rule_is_noticed(name):
    old, new = MUTANTS[name]
    assert old in SOURCE, "the mutant no longer fits the source"
    assert not judge(SOURCE.replace(old, new, 1))
