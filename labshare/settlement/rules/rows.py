"""What each recording writes, decided before anything is written: columns and their values, by name. Fen.

Services write these one recording at a time; the demonstration gathers those of a whole county and writes them in bulk.
What may be recorded says `documents`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from labshare.booking.rules.rows import Values
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.settlement.rules.documents import Documents, Money
from labshare.settlement.rules.doubles import plain
from labshare.settlement.terms import EntryCause, PayerVerdict

# Reports


def report(
    booking_id: int,
    *,
    lab_id: int,
    number: str,
    issued_on: date,
    replaces: int | None,
    file_id: int,
    by: int | None,
    now: datetime,
    serial: int | None,
    code: str,
    why: str | None = None,
    standard_id: int | None = None,
) -> Values:
    """`serial`: its place in the lab's series of the year it is dated in (R-RESULT-1); None: a number of its own."""
    return {
        "booking_id": booking_id,
        "lab_id": lab_id,
        "number": number,
        "issued_on": issued_on,
        "replaces_id": replaces,
        "file_id": file_id,
        "recorded_by": by,
        "recorded_at": now,
        "series_year": None if serial is None else issued_on.year,
        "serial": serial,
        "code": code,
        "why": why,
        "standard_id": standard_id,
    }


def report_recorded(
    report_id: int,
    *,
    number: str,
    issued_on: date,
    replaces: int | None,
    sha256: str,
    why: str | None = None,
    marks: Sequence[str] = (),
    raw: Sequence[str] = (),
) -> Values:
    """What the event says; `raw`: the digests of the data beside it."""
    after = {
        "report": report_id,
        "number": number,
        "issued_on": issued_on.isoformat(),
        "replaces": replaces,
        "sha256": sha256,
    }
    return (
        after
        | ({"reason": why} if why else {})
        | ({"marks": list(marks)} if marks else {})
        | ({"files": list(raw)} if raw else {})
    )


def withdrawal(*, today: date, reason: str) -> Values:
    return {"withdrawn_on": today, "withdraw_reason": reason}


def report_withdrawn(report_id: int, *, today: date, reason: str) -> tuple[Values, Values]:
    """What the event says, before and after."""
    return (
        {"report": report_id, "withdrawn_on": None},
        {"report": report_id, "withdrawn_on": today.isoformat(), "reason": reason},
    )


# Invoices


def invoice(
    *, seller_firm_id: int, client_firm_id: int, number: str, issued_on: date, payment_days: int, red: bool
) -> Values:
    """`payment_days` are the lab's terms: an invoice keeps the day on which it is due (R-PAPER-11)."""
    return {
        "seller_firm_id": seller_firm_id,
        "client_firm_id": client_firm_id,
        "number": number,
        "issued_on": issued_on,
        "due_on": issued_on if red else issued_on + timedelta(days=payment_days),
    }


def invoice_line(
    booking_id: int,
    *,
    invoice_id: int,
    amount_fen: Fen,
    tax_fen: Fen,
    reverses: int | None,
    by: int | None,
    now: datetime,
) -> Values:
    """What an invoice says of the booking; amounts below 0 where it reverses a line."""
    return {
        "invoice_id": invoice_id,
        "booking_id": booking_id,
        "amount_fen": amount_fen,
        "tax_fen": tax_fen,
        "reverses_id": reverses,
        "recorded_by": by,
        "recorded_at": now,
    }


def invoice_recorded(
    line_id: int, line: Mapping[str, Any], *, number: str, issued_on: date, invoiced_fen: Fen
) -> tuple[str, Values, Values]:
    """The action, and what its event says before and after; `invoiced_fen` is the booking's so far."""
    after = {
        "invoice": line["invoice_id"],
        "line": line_id,
        "number": number,
        "issued_on": issued_on.isoformat(),
        "amount_fen": line["amount_fen"],
        "tax_fen": line["tax_fen"],
        "reverses": line["reverses_id"],
        "invoiced_fen": invoiced_fen + line["amount_fen"],
    }
    action = "invoice.record" if line["reverses_id"] is None else "invoice.reverse"
    return action, {"invoiced_fen": invoiced_fen}, after


# Payments


def payment(
    booking_id: int,
    *,
    amount_fen: Fen,
    paid_on: date,
    reference: str,
    payer_uscc: str,
    by_client: bool,
    by: int | None,
    now: datetime,
    submission: str | None = None,
    file_id: int | None = None,
) -> Values:
    """Money received, or below 0 given back."""
    return {
        "booking_id": booking_id,
        "amount_fen": amount_fen,
        "paid_on": paid_on,
        "reference": reference,
        "plain_reference": plain(reference),
        "payer_uscc": payer_uscc,
        "by_client": by_client,
        "submission": submission,
        "file_id": file_id,
        "recorded_by": by,
        "recorded_at": now,
    }


def payment_recorded(payment_id: int, made: Mapping[str, Any], *, paid_fen: Fen) -> tuple[str, Values, Values]:
    """The action, and what its event says before and after; `paid_fen` is the booking's so far."""
    amount, by_client = made["amount_fen"], made["by_client"]
    after = {
        "payment": payment_id,
        "amount_fen": amount,
        "paid_on": made["paid_on"].isoformat(),
        "by_client": by_client,
        "paid_fen": paid_fen + (amount if by_client else 0),
    }
    return "payment.record" if amount > 0 else "payment.refund", {"paid_fen": paid_fen}, after


def payer_verdict(verdict: PayerVerdict, *, note: str, by: int | None, now: datetime) -> Values:
    return {"payer_verdict": verdict, "decided_by": by, "decided_at": now, "verdict_note": note.strip() or None}


def payer_decided(
    payment_id: int, decision: Mapping[str, Any], *, verdict_before: str | None, amount_fen: Fen, paid_fen: Fen
) -> tuple[str, Values, Values]:
    """The action, and what its event says before and after."""
    verdict = decision["payer_verdict"]
    return (
        "payment.accept_payer" if verdict == PayerVerdict.ACCEPTED else "payment.reject_payer",
        {"payment": payment_id, "verdict": verdict_before, "paid_fen": paid_fen},
        {"payment": payment_id, "verdict": verdict, "amount_fen": amount_fen, "note": decision["verdict_note"]},
    )


# What follows from documents


def sums(documents: Documents, today: date) -> Values:
    """What the booking keeps of its documents."""
    return {
        "invoiced_fen": documents.invoiced(today).amount_fen,
        "paid_fen": documents.paid(today),
        "recognised_fen": documents.recognised(today).amount_fen,
    }


def entries(
    lacking: Mapping[Month, Money],
    *,
    booking_id: int,
    lab_id: int,
    instrument_id: int,
    now: datetime,
    cause: EntryCause | None,
    cause_id: int | None,
) -> list[Values]:
    """The ledger's entries of what it lacks of a booking."""
    return [
        {
            "booking_id": booking_id,
            "lab_id": lab_id,
            "instrument_id": instrument_id,
            "month": str(month),
            "amount_fen": money.amount_fen,
            "tax_fen": money.tax_fen,
            "recorded_at": now,
            "cause": cause,
            "cause_id": cause_id,
        }
        for month, money in lacking.items()
    ]
