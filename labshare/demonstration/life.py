"""One booking's life, step by step, as the services of booking and settlement would have written it.

Each method is a verb: it changes the rows and writes the events those services write, at a moment of the past. The
ledger and the states that follow from documents come from settlement's own rules.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from labshare.booking.models import Booking, Charge, Holding, Proposal
from labshare.booking.rules.lifecycle import answer_by, state_of_documents, take
from labshare.booking.rules.price import Fee as FeeTerms
from labshare.booking.rules.price import Work, cancellation_fee, price_of
from labshare.booking.rules.time import Plan
from labshare.booking.services.common import SNAPSHOT
from labshare.booking.terms import BookingState, ChargeKind, ChargeState, EndReason, HoldingKind, Party, ProposalState
from labshare.demonstration.catalogue import Laboratory, Machine, Offer
from labshare.demonstration.rows import Row
from labshare.demonstration.shelf import Shelf
from labshare.demonstration.world import Client, World
from labshare.kernel.months import Month
from labshare.kernel.references import new_reference
from labshare.kernel.time import MINUTE
from labshare.settlement.models import Invoice, InvoiceLine, Payment, Report, RevenueEntry
from labshare.settlement.rules import (
    ChargeLine,
    InvoicePaper,
    Money,
    Papers,
    PaymentPaper,
    ReportPaper,
    ledger_differences,
)
from labshare.settlement.terms import PayerVerdict

Who = tuple[int | None, int | None]
"""Person and firm, as an event names them."""
NOBODY: Who = (None, None)


class Life:
    """A booking with everything that hangs on it, in memory."""

    def __init__(self, world: World, shelf: Shelf, lab: Laboratory) -> None:
        self.world, self.shelf, self.lab = world, shelf, lab
        self.charges: list[Row] = []
        self.reports: list[Row] = []
        self.lines: list[tuple[Row, Row]] = []
        """Invoice and line."""
        self.payments: list[Row] = []
        self.proposal: Row | None = None
        self.entries: dict[Month, Money] = {}
        self.row: Row = {}
        self.holding_end: datetime
        self.finished_at: datetime
        """When the end of the test was recorded."""
        self.desk: Who = (lab.host.manager["id"], lab.host.id)
        self.office: Who = (lab.host.accountant["id"], lab.host.id)

    # -- booked

    def book(self, client: Client, person: Row, at: datetime, offer: Offer, machine: Machine, unit: int, work: Work,
             plan: Plan, fee: FeeTerms, description: str) -> None:  # fmt: skip
        world, lab, item = self.world, self.lab, offer.row
        day = world.day(at)
        automatic = lab.row["automatic_confirmation"]
        deadline = None if automatic else answer_by(at, plan.starts_at, lab.openings.days, world.zone)
        price = price_of(fee, work).total_fen
        month = Month.of(day)
        ref = new_reference("B", month, world.refs)
        while ref in world.used_refs:
            ref = new_reference("B", month, world.refs)
        world.used_refs.add(ref)
        self.client, self.booker = client, person
        self.customer: Who = (person["id"], client.id)
        self.offer, self.machine, self.work = offer, machine, work
        self.holding_end = plan.holding_ends_at
        state = BookingState.CONFIRMED if automatic else BookingState.REQUESTED
        self.row = world.rows.add(
            Booking, ref=ref, state=str(state), client_firm_id=client.id, lab_firm_id=lab.host.id,
            lab_id=lab.id, division=lab.row["division"], instrument_id=machine.id, unit=unit,
            test_item_id=item["id"], fee_id=fee.id, quantity=work.quantity,
            hours=None if work.hours is None else int(work.hours), sample_description=description,
            work_minutes=Decimal(int(work.minutes * 1000)) / 1000, cleanup_minutes=item["cleanup_minutes"],
            starts_at=plan.starts_at, ends_at=plan.ends_at, booked_at=at, booked_on=day, booked_by=person["id"],
            requested_at=at, answer_by=deadline, client_size=client.size_on(day),
            client_division=client.row["division"], instrument_value_fen=machine.row["original_value_fen"],
            statutory=item["statutory"], free_cancel_minutes=item["free_cancel_minutes"],
            late_cancel_percent=item["late_cancel_percent"], no_show_percent=item["no_show_percent"],
            turnaround_days=item["turnaround_days"], price_fen=price, charged_fen=price,
            confirmed_at=at if automatic else None, invoiced_fen=0, paid_fen=0, recognised_fen=0,
        )  # fmt: skip
        self._charge(ChargeKind.PRICE, price, "", ChargeState.AGREED, self.customer, at, day)
        self._said(at, self.customer, "booking.book", None, {
            "state": str(state), "client_firm_id": client.id, "lab_id": lab.id,
            "division": lab.row["division"], "instrument_id": machine.id,
            "unit": unit, "test_item_id": item["id"], "fee_id": fee.id, "quantity": work.quantity,
            "hours": self.row["hours"], "starts_at": plan.starts_at, "ends_at": plan.ends_at, "price_fen": price,
            "charged_fen": price, "answer_by": deadline, "waive_reason": None,
        })  # fmt: skip

    @property
    def state(self) -> BookingState:
        return BookingState(self.row["state"])

    @property
    def starts_at(self) -> datetime:
        return self.row["starts_at"]  # type: ignore[no-any-return]

    @property
    def deadline(self) -> datetime | None:
        return self.row["answer_by"]  # type: ignore[no-any-return]

    # -- how steps are written

    def _said(self, at: datetime, who: Who, action: str, before: Mapping[str, Any] | None,
              after: Mapping[str, Any]) -> None:  # fmt: skip
        self.world.trail.record(at, who[0], who[1], action, ("booking", self.row["ref"]), before, after)

    def _snapshot(self) -> list[Any]:
        return [self.row[name] for name in SNAPSHOT]

    def _note(self, at: datetime, who: Who, action: str, before: list[Any], **more: Any) -> None:
        changed = [(name, old, self.row[name]) for name, old in zip(SNAPSHOT, before, strict=True)
                   if old != self.row[name]]  # fmt: skip
        self._said(at, who, action, {name: old for name, old, _new in changed},
                   {name: new for name, _old, new in changed} | more)  # fmt: skip

    def _charge(self, kind: str, amount: int, reason: str, state: str, who: Who, at: datetime,
                agreed_on: date | None) -> Row:  # fmt: skip
        line = self.world.rows.add(
            Charge, booking_id=self.row["id"], kind=kind, amount_fen=amount, reason=reason, state=state,
            entered_by=who[0], entered_at=at, agreed_by=who[0] if state == ChargeState.AGREED else None,
            agreed_on=agreed_on,
        )  # fmt: skip
        self.charges.append(line)
        return line

    def _bring_charge_to(self, total: int, who: Who, at: datetime, reason: str) -> None:
        for line in self.charges:
            if line["state"] == ChargeState.PROPOSED:
                line["state"] = ChargeState.REFUSED
        difference = total - self.row["charged_fen"]
        if difference:
            self._charge(ChargeKind.ENDING, difference, reason, ChargeState.AGREED, who, at, self.world.day(at))
            self.row["charged_fen"] = total

    def _close_proposal(self, at: datetime, state: str) -> None:
        if self.proposal is not None:
            self.proposal.update(state=state, answered_at=at)
            self.proposal = None

    # -- answers and moves

    def confirm(self, at: datetime) -> None:
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        self.row.update(state=BookingState.CONFIRMED, confirmed_at=at, answer_by=None)
        self._note(at, self.desk, "booking.confirm", before)

    def decline(self, at: datetime, reason: str) -> None:
        self._end_request(at, self.desk, "booking.decline", reason)

    def lapse(self, at: datetime) -> None:
        self._end_request(at, NOBODY, "booking.lapse", EndReason.LAPSED)

    def _end_request(self, at: datetime, who: Who, action: str, reason: str) -> None:
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        self.row.update(state=BookingState.DECLINED, ended_at=at, end_reason=reason, answer_by=None)
        self._bring_charge_to(0, who, at, reason)
        self._note(at, who, action, before)

    def propose(self, at: datetime, plan: Plan, unit: int, reason: str) -> Row:
        """Another time on the same instrument."""
        deadline = answer_by(at, plan.starts_at, self.lab.openings.days, self.world.zone)
        self.proposal = self.world.rows.add(
            Proposal, booking_id=self.row["id"], instrument_id=self.row["instrument_id"], unit=unit,
            starts_at=plan.starts_at, ends_at=plan.ends_at, reason=reason, state=ProposalState.OPEN,
            proposed_by=self.desk[0], proposed_at=at, answer_by=deadline,
        )  # fmt: skip
        self.proposed = plan
        self._said(at, self.desk, "booking.propose", None, {
            "proposal": self.proposal["id"], "instrument_id": self.row["instrument_id"], "unit": unit,
            "starts_at": plan.starts_at, "ends_at": plan.ends_at, "answer_by": deadline, "waive_reason": None,
        })  # fmt: skip
        return self.proposal

    def accept_proposal(self, at: datetime) -> None:
        proposal = self.proposal
        assert proposal is not None  # noqa: S101 - a script accepts what it proposed
        before = self._snapshot()
        self._close_proposal(at, ProposalState.ACCEPTED)
        self.row.update(unit=proposal["unit"], starts_at=proposal["starts_at"], ends_at=proposal["ends_at"])
        self.holding_end = self.proposed.holding_ends_at
        if self.row["state"] == BookingState.REQUESTED:
            self.row["state"] = BookingState.CONFIRMED
        if self.row["state"] == BookingState.CONFIRMED:
            self.row["confirmed_at"] = at
        self.row["answer_by"] = None
        self._note(at, self.customer, "booking.accept_proposal", before, proposal=proposal["id"])

    def decline_proposal(self, at: datetime) -> None:
        assert self.proposal is not None  # noqa: S101
        number = self.proposal["id"]
        self._close_proposal(at, ProposalState.DECLINED)
        self._said(at, self.customer, "booking.decline_proposal", None, {"proposal": number})

    def lapse_proposal(self, at: datetime) -> None:
        assert self.proposal is not None  # noqa: S101
        number = self.proposal["id"]
        self._close_proposal(at, ProposalState.LAPSED)
        self._said(at, NOBODY, "booking.lapse_proposal", None, {"proposal": number})

    def reschedule(self, at: datetime, plan: Plan, unit: int) -> None:
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        self.row.update(unit=unit, starts_at=plan.starts_at, ends_at=plan.ends_at)
        self.holding_end = plan.holding_ends_at
        if self.lab.row["automatic_confirmation"]:
            self.row.update(state=BookingState.CONFIRMED, answer_by=None, confirmed_at=self.row["confirmed_at"] or at)
        else:
            deadline = answer_by(at, plan.starts_at, self.lab.openings.days, self.world.zone)
            self.row.update(state=BookingState.REQUESTED, requested_at=at, confirmed_at=None, answer_by=deadline)
        self._note(at, self.customer, "booking.reschedule", before)

    # -- endings

    def cancel(self, at: datetime, reason: str, *, by_lab: bool = False) -> None:
        who = self.desk if by_lab else self.customer
        fee = cancellation_fee(self.offer.terms.cancellation, self.row["price_fen"],
                               until_start=self.starts_at - at, by_lab=by_lab)  # fmt: skip
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        self.row.update(state=BookingState.CANCELLED, ended_at=at, end_reason=reason or None, answer_by=None)
        self._bring_charge_to(fee, who, at, reason)
        self._note(at, who, "booking.cancel", before, side=Party.LAB if by_lab else Party.CLIENT)

    def no_show(self, at: datetime) -> None:
        fee = cancellation_fee(self.offer.terms.cancellation, self.row["price_fen"],
                               until_start=self.starts_at - at, no_show=True)  # fmt: skip
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        self.row.update(state=BookingState.NO_SHOW, ended_at=at)
        self._bring_charge_to(fee, self.desk, at, "")
        self._note(at, self.desk, "booking.no_show", before)

    # -- the work

    def receive(self, at: datetime, samples: int, condition: str) -> None:
        before = self._snapshot()
        self.row.update(
            state=BookingState.RECEIVED, received_at=at, samples_received=samples, sample_condition=condition or None
        )
        self._note(at, self.desk, "booking.receive", before)

    def start(self, at: datetime) -> None:
        """On time or late; the holding's start stays."""
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        self.row.update(state=BookingState.TESTING, started_at=at)
        self._note(at, self.desk, "booking.start", before)

    def finish(self, now: datetime, at: datetime, machine_minutes: int | None = None) -> None:
        before = self._snapshot()
        started = self.row["started_at"]
        minutes = (at - started) // MINUTE if machine_minutes is None else machine_minutes
        self.holding_end = min(self.holding_end, at + timedelta(minutes=self.row["cleanup_minutes"]))
        self.row.update(state=BookingState.TESTED, ends_at=max(at, self.starts_at), finished_at=at,
                        finished_on=self.world.day(at), machine_minutes=minutes)  # fmt: skip
        self._note(now, self.desk, "booking.finish", before)

    # -- charges

    def propose_charge(self, at: datetime, amount: int, reason: str) -> Row:
        lowers = amount < 0
        before = self._snapshot()
        day = self.world.day(at)
        state = ChargeState.AGREED if lowers else ChargeState.PROPOSED
        line = self._charge(ChargeKind.CHANGE, amount, reason, state, self.desk, at,
                            day if lowers else None)  # fmt: skip
        if lowers:
            self.row["charged_fen"] += amount
        self._note(at, self.desk, "charge.propose", before, charge=line["id"], amount_fen=amount)
        if lowers:
            self._refresh(at, "charge", line["id"], self.desk)
        return line

    def consent(self, at: datetime, line: Row) -> None:
        before = self._snapshot()
        line.update(state=ChargeState.AGREED, agreed_by=self.customer[0], agreed_on=self.world.day(at))
        self.row["charged_fen"] += line["amount_fen"]
        self._note(at, self.customer, "charge.consent", before, charge=line["id"], amount_fen=line["amount_fen"])
        self._refresh(at, "charge", line["id"], self.customer)

    def refuse(self, at: datetime, line: Row) -> None:
        before = self._snapshot()
        line["state"] = ChargeState.REFUSED
        self._note(at, self.customer, "charge.refuse", before, charge=line["id"], amount_fen=line["amount_fen"])

    # -- documents

    def record_report(self, at: datetime, issued_on: date, replaces: Row | None = None) -> Row:
        number = self.shelf.report_number(self.lab.row["code"], issued_on.year)
        file, sha256 = self.shelf.report(self, number, issued_on, at, replaces["number"] if replaces else None)
        report = self.world.rows.add(
            Report, booking_id=self.row["id"], lab_id=self.lab.id, number=number, issued_on=issued_on,
            replaces_id=replaces["id"] if replaces else None, file_id=file["id"], recorded_by=self.desk[0],
            recorded_at=at,
        )  # fmt: skip
        self.reports.append(report)
        self._said(at, self.desk, "report.record", None, {
            "report": report["id"], "number": number, "issued_on": issued_on, "replaces": report["replaces_id"],
            "sha256": sha256,
        })  # fmt: skip
        self._refresh(at, "report", report["id"], self.desk)
        return report

    def withdraw_report(self, at: datetime, report: Row, reason: str) -> None:
        report.update(withdrawn_on=self.world.day(at), withdraw_reason=reason)
        self._said(at, self.desk, "report.withdraw", {"report": report["id"], "withdrawn_on": None},
                   {"report": report["id"], "withdrawn_on": report["withdrawn_on"], "reason": reason})  # fmt: skip
        self._refresh(at, "report", report["id"], self.desk)

    def record_invoice(self, at: datetime, issued_on: date, amount: int, tax: int, *, reverses: Row | None = None,
                       invoice: Row | None = None) -> tuple[Row, Row]:  # fmt: skip
        """An invoice, or with `reverses` a red letter (negative amounts); `invoice` continues one of several lines."""
        if invoice is None:
            number = self.shelf.invoice_number(self.lab.host.id, issued_on)
            file = self.shelf.invoice(self, number, issued_on, amount, at)
            invoice = self.world.rows.add(
                Invoice, seller_firm_id=self.lab.host.id, client_firm_id=self.client.id, number=number,
                issued_on=issued_on, file_id=file["id"] if file else None,
            )  # fmt: skip
        line = self.world.rows.add(
            InvoiceLine, invoice_id=invoice["id"], booking_id=self.row["id"], amount_fen=amount, tax_fen=tax,
            reverses_id=reverses["id"] if reverses else None, recorded_by=self.office[0], recorded_at=at,
        )  # fmt: skip
        self.lines.append((invoice, line))
        self._said(at, self.office, "invoice.reverse" if reverses else "invoice.record",
                   {"invoiced_fen": self.row["invoiced_fen"]}, {
            "invoice": invoice["id"], "line": line["id"], "number": invoice["number"],
            "issued_on": invoice["issued_on"], "amount_fen": amount, "tax_fen": tax, "reverses": line["reverses_id"],
            "invoiced_fen": self.row["invoiced_fen"] + amount,
        })  # fmt: skip
        self._refresh(at, "invoice", line["id"], self.office)
        return invoice, line

    def record_payment(self, at: datetime, paid_on: date, amount: int, payer: str | None = None) -> Row:
        """Money in, or with a negative amount a refund; `payer` another firm's credit code."""
        by_client = payer is None
        payment = self.world.rows.add(
            Payment, booking_id=self.row["id"], amount_fen=amount, paid_on=paid_on,
            reference=self.shelf.bank_reference(paid_on), payer_uscc=payer or self.client.row["uscc"],
            by_client=by_client, recorded_by=self.office[0], recorded_at=at,
        )  # fmt: skip
        self.payments.append(payment)
        self._said(at, self.office, "payment.record" if amount > 0 else "payment.refund",
                   {"paid_fen": self.row["paid_fen"]}, {
            "payment": payment["id"], "amount_fen": amount, "paid_on": paid_on, "by_client": by_client,
            "paid_fen": self.row["paid_fen"] + (amount if by_client else 0),
        })  # fmt: skip
        self._refresh(at, "payment", payment["id"], self.office)
        return payment

    def decide_payer(self, at: datetime, payment: Row, verdict: str, note: str) -> None:
        officer: Who = (self.world.accounts["officer"]["id"], None)
        payment.update(payer_verdict=verdict, decided_by=officer[0], decided_at=at, verdict_note=note or None)
        self._said(at, officer, "payment.accept_payer" if verdict == PayerVerdict.ACCEPTED else "payment.reject_payer",
                   {"payment": payment["id"], "verdict": None, "paid_fen": self.row["paid_fen"]},
                   {"payment": payment["id"], "verdict": verdict, "amount_fen": payment["amount_fen"]})  # fmt: skip
        self._refresh(at, "payment", payment["id"], officer)

    # -- what follows from documents

    def papers(self) -> Papers:
        return Papers(
            tuple(ChargeLine(c["agreed_on"], c["amount_fen"])
                  for c in self.charges if c["state"] == ChargeState.AGREED),
            tuple(ReportPaper(r["id"], r["issued_on"], r["replaces_id"], r["withdrawn_on"]) for r in self.reports),
            tuple(InvoicePaper(line["id"], invoice["issued_on"], line["amount_fen"], line["tax_fen"],
                               line["reverses_id"]) for invoice, line in self.lines),
            tuple(PaymentPaper(p["id"], p["paid_on"], p["amount_fen"],
                               p["by_client"] or p["payer_verdict"] == PayerVerdict.ACCEPTED) for p in self.payments),
        )  # fmt: skip

    def _refresh(self, at: datetime, cause: str, cause_id: int, who: Who) -> None:
        """As settlement's `refresh`: sums, ledger entries in the months open at that moment, state.

        No document is dated in the future, so sums to this day are sums of all that is recorded.
        """
        row = self.row
        row["invoiced_fen"] = sum(line["amount_fen"] for _invoice, line in self.lines)
        row["paid_fen"] = sum(
            p["amount_fen"] for p in self.payments if p["by_client"] or p["payer_verdict"] == PayerVerdict.ACCEPTED
        )
        stands = False
        if self.reports:
            today, said = self.world.day(at), self.papers()
            stands = bool(said.standing(today))
            row["recognised_fen"] = said.recognised(today).amount_fen
            if self.entries or (self.lines and self.payments):
                self._enter(said, at, today, cause, cause_id)
        state = self.state
        if state not in (BookingState.TESTED, BookingState.REPORTED, BookingState.SETTLED):
            return
        to = state_of_documents(stands, row["charged_fen"], row["invoiced_fen"], row["paid_fen"])
        if to == state:
            return
        verb = {BookingState.TESTED: "lose_report", BookingState.SETTLED: "settle"}.get(to) or (
            "report" if state == BookingState.TESTED else "unsettle"
        )
        row["state"] = str(take(state, verb, Party.SYSTEM))
        self._said(at, who, f"booking.{verb}", {"state": str(state)}, {"state": row["state"]})

    def _enter(self, said: Papers, at: datetime, today: date, cause: str, cause_id: int) -> None:
        """The ledger entries that the open months lack."""
        closed = [month for month, moment in self.world.closed.items() if moment <= at]
        lacking = ledger_differences(said, self.entries, closed=closed, present=Month.of(today))
        for month, difference in lacking.items():
            self.world.rows.add(
                RevenueEntry, booking_id=self.row["id"], lab_id=self.lab.id, instrument_id=self.row["instrument_id"],
                month=str(month), amount_fen=difference.amount_fen, tax_fen=difference.tax_fen, recorded_at=at,
                cause=cause, cause_id=cause_id,
            )  # fmt: skip
            self.entries[month] = self.entries.get(month, Money()) + difference

    # -- the time it holds now

    def hold(self) -> None:
        """Write the booking's holding, as far as it has one, and what an open proposal holds."""
        row = self.row
        holds = self.state in BookingState.holding_time() or row["finished_at"] is not None
        expires = row["answer_by"]
        if self.proposal is not None and expires is not None:
            expires = max(expires, self.proposal["answer_by"])
        if holds and row["starts_at"] < self.holding_end:
            self.world.rows.add(
                Holding, instrument_id=row["instrument_id"], unit=row["unit"], starts_at=row["starts_at"],
                ends_at=self.holding_end, kind=HoldingKind.BOOKING, booking_id=row["id"], expires_at=expires,
                created_at=row["booked_at"],
            )  # fmt: skip
        if self.proposal is not None:
            proposal = self.proposal
            self.world.rows.add(
                Holding, instrument_id=proposal["instrument_id"], unit=proposal["unit"],
                starts_at=proposal["starts_at"], ends_at=self.proposed.holding_ends_at, kind=HoldingKind.OFFER,
                booking_id=row["id"], expires_at=proposal["answer_by"], created_at=proposal["proposed_at"],
            )  # fmt: skip
