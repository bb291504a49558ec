"""One booking's life, step by step: what the services of booking and settlement would have written, gathered.

Each method is a verb at a moment of the past. What it writes and what its event says are decided by the functions that
the services use (`booking.rules.rows`, `settlement.rules.rows`); here it only waits to be written in bulk.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from labshare.booking.models import RATING_POINTS, Booking, Charge, Holding, Proposal, Rating
from labshare.booking.rules import rows
from labshare.booking.rules.lifecycle import (
    after_working_days,
    answer_by,
    first_state,
    next_state,
    state_after_move,
)
from labshare.booking.rules.price import Fee as FeeTerms
from labshare.booking.rules.price import Work, cancellation_fee, price_of
from labshare.booking.rules.rows import Values
from labshare.booking.rules.starts import Plan
from labshare.booking.services.documents import documented
from labshare.booking.terms import BookingState, ChargeState, EndReason, Party, ProposalState
from labshare.demonstration.catalogue import Laboratory, Machine, Offer
from labshare.demonstration.data.forms import CONFIDENTIAL_EACH, invented_answers
from labshare.demonstration.loading import Client, Loading
from labshare.demonstration.orders import NOBODY, Order, Who
from labshare.demonstration.rows import Row
from labshare.demonstration.shelf import Shelf
from labshare.kernel.months import Month
from labshare.kernel.references import CHOSEN, new_reference
from labshare.kernel.time import Minutes
from labshare.organisations.terms import SizeClass
from labshare.settlement.models import (
    BookingHold,
    Dispute,
    Invoice,
    InvoiceLine,
    Message,
    Payment,
    Report,
    ReportMark,
    RevenueEntry,
)
from labshare.settlement.rules import rows as document_rows
from labshare.settlement.rules.disputes import ANSWER_WITHIN
from labshare.settlement.rules.documents import (
    ChargeLine,
    Documents,
    InvoiceDocument,
    Money,
    PaymentDocument,
    ReportDocument,
    ledger_differences,
    payment_counts,
)
from labshare.settlement.rules.numbers import new_code
from labshare.settlement.terms import (
    DisputeState,
    DisputeStep,
    EntryCause,
    HoldCause,
    MessageSide,
    PayerVerdict,
)

COST_CENTRES = ("质检部", "研发部", "轴承一车间")
"""Of the demonstration client, by test item."""
MARKED = 3
"""Of so many reports one bears the marks that it may bear."""
PUT_AWAY_FOR = timedelta(days=30)
"""What was received longer ago was done before the lab had named its places."""
CORRECTED = "样品信息更正"
"""Why a report replaces another."""


class Life(Order):
    """A booking with everything that hangs on it, in memory."""

    def __init__(self, loading: Loading, shelf: Shelf, lab: Laboratory) -> None:
        super().__init__(loading, lab)
        self.shelf = shelf
        self.charges: list[Row] = []
        self.reports: list[Row] = []
        self.lines: list[tuple[Row, Row]] = []
        """Invoice and line."""
        self.payments: list[Row] = []
        self.proposal: Row | None = None
        self.entries: dict[Month, Money] = {}
        self.time: Values | None = None
        """Its own holding, as it stands."""
        self.time_proposed: Values | None = None
        """What is held for the open proposal."""
        self.finished_at: datetime
        """When the end of the test was recorded."""

    # -- booked

    def book(
        self,
        client: Client,
        person: Row,
        at: datetime,
        offer: Offer,
        machine: Machine,
        unit: int,
        work: Work,
        plan: Plan,
        fee: FeeTerms,
        description: str,
    ) -> None:
        loading, lab, item = self.loading, self.lab, offer.row
        day = loading.day(at)
        state = first_state(lab.row["automatic_confirmation"])
        deadline = self._deadline(at, plan) if state == BookingState.REQUESTED else None
        self.client, self.customer = client, (person["id"], client.id)
        self.offer, self.machine, self.work = offer, machine, work
        number = len(loading.used_refs)
        new = rows.NewBooking(
            client_firm_id=client.id,
            client_size=client.size_on(day),
            client_division=client.row["division"],
            lab_firm_id=lab.host.id,
            lab_id=lab.id,
            county=lab.row["division"],
            instrument_id=machine.id,
            instrument_value_fen=machine.row["original_value_fen"],
            unit=unit,
            test_item_id=item["id"],
            cleanup_minutes=item["cleanup_minutes"],
            statutory=item["statutory"],
            turnaround_days=item["turnaround_days"],
            cancellation=offer.terms.cancellation,
            fee_id=fee.id,
            price=price_of(fee, work, sme=client.size_on(day) in SizeClass.smes()),
            work=work,
            plan=plan,
            sample_description=description,
            answers=invented_answers(offer.test.key, offer.questions, number),
            confidential=number % CONFIDENTIAL_EACH == 5,
            booked_by=person["id"],
            cost_centre=COST_CENTRES[item["id"] % 3] if client is loading.demo_client else None,
        )
        values = rows.booking(new, state, now=at, today=day, answer_by=deadline)
        self.row = loading.rows.add(Booking, ref=self._reference(day), **values)
        self._charge(
            rows.price_line(
                booking_id=self.row["id"], amount_fen=new.price.total_fen, by=person["id"], now=at, today=day
            )
        )
        self.time = rows.time_of_booking(
            self.row["id"],
            instrument_id=machine.id,
            unit=unit,
            starts_at=plan.starts_at,
            ends_at=plan.holding_ends_at,
            expires_at=deadline,
            now=at,
        )
        self._record(at, self.customer, "booking.book", None, rows.booked(values))

    def _reference(self, day: date) -> str:
        loading, month = self.loading, Month.of(day)
        ref = None
        while ref is None or ref in loading.used_refs:
            drawn = new_reference("B", month, loading.refs)
            chosen = drawn[-CHOSEN:]
            ref = drawn[:-CHOSEN] + loading.letters + chosen[len(loading.letters) :]
        loading.used_refs.add(ref)
        return ref

    def _deadline(self, at: datetime, plan: Plan) -> datetime:
        return answer_by(at, starts_at=plan.starts_at, days=self.lab.openings.days, zone=self.loading.zone)

    @property
    def state(self) -> BookingState:
        return BookingState(self.row["state"])

    @property
    def starts_at(self) -> datetime:
        return self.row["starts_at"]  # type: ignore[no-any-return]

    @property
    def deadline(self) -> datetime | None:
        return self.row["answer_by"]  # type: ignore[no-any-return]

    # -- how steps are gathered

    def _record(
        self, at: datetime, who: Who, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]
    ) -> None:
        self.loading.trail.record(
            at,
            person_id=who[0],
            firm_id=who[1],
            action=action,
            subject=("booking", self.row["ref"]),
            before=before,
            after=after,
        )

    def _snapshot(self) -> Values:
        return {name: self.row[name] for name in rows.SNAPSHOT}

    def _note(self, at: datetime, who: Who, action: str, before: Values, **more: Any) -> None:
        self._record(at, who, action, *rows.noted(before, self._snapshot(), **more))

    def _charge(self, values: Values) -> Row:
        line = self.loading.rows.add(Charge, **values)
        self.charges.append(line)
        return line

    def _bring_charge_to(self, total: int, who: Who, at: datetime, reason: str) -> None:
        for line in self.charges:
            if line["state"] == ChargeState.PROPOSED:
                line["state"] = ChargeState.REFUSED
        difference = total - self.row["charged_fen"]
        if difference:
            today = self.loading.day(at)
            self._charge(
                rows.ending_line(
                    booking_id=self.row["id"], amount_fen=difference, reason=reason, by=who[0], now=at, today=today
                )
            )
            self.row["charged_fen"] = total

    def _close_proposal(self, at: datetime, state: ProposalState) -> None:
        if self.proposal is not None:
            self.proposal.update(rows.answered(state, now=at))
            self.proposal = self.time_proposed = None

    def _change_time(self, **changes: Any) -> None:
        assert self.time is not None  # noqa: S101 - it has not ended
        self.time.update(changes)

    # -- answers and moves

    def confirm(self, at: datetime) -> None:
        state = next_state(self.state, "confirm", Party.LAB)
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        self._confirmed(state, at)
        self._note(at, self.desk, "booking.confirm", before)

    def _confirmed(self, state: BookingState, at: datetime) -> None:
        self.row.update(rows.confirmed(state, now=at))
        self._change_time(expires_at=None)

    def decline(self, at: datetime, reason: str) -> None:
        self._end_request(next_state(self.state, "decline", Party.LAB), at, self.desk, "booking.decline", reason)

    def lapse(self, at: datetime) -> None:
        self._end_request(next_state(self.state, "lapse", Party.SYSTEM), at, NOBODY, "booking.lapse", EndReason.LAPSED)

    def _end_request(self, state: BookingState, at: datetime, who: Who, action: str, reason: str) -> None:
        before, row = self._snapshot(), self.row
        self._close_proposal(at, ProposalState.VOID)
        self.time = None
        row.update(rows.ended(state, now=at, reason=reason))
        left = rows.charge_of_ended_request(invoiced_fen=row["invoiced_fen"], paid_fen=row["paid_fen"])
        self._bring_charge_to(left, who, at, reason)
        self._note(at, who, action, before)

    def propose(self, at: datetime, plan: Plan, unit: int, reason: str) -> Row:
        """Another time on the same instrument."""
        next_state(self.state, "propose", Party.LAB)
        row, deadline = self.row, self._deadline(at, plan)
        values = rows.proposal(
            row["id"],
            instrument_id=row["instrument_id"],
            unit=unit,
            starts_at=plan.starts_at,
            ends_at=plan.ends_at,
            reason=reason,
            by=self.desk[0],
            now=at,
            answer_by=deadline,
        )
        self.proposal = self.loading.rows.add(Proposal, **values)
        self.time_proposed = rows.time_of_proposal(
            row["id"],
            instrument_id=row["instrument_id"],
            unit=unit,
            starts_at=plan.starts_at,
            ends_at=plan.holding_ends_at,
            answer_by=deadline,
            now=at,
        )
        if row["answer_by"] is not None:
            self._change_time(expires_at=rows.expiry_beside_proposal(row["answer_by"], proposal_answer_by=deadline))
        change = rows.proposed(self.proposal["id"], values, starts_at=row["starts_at"], ends_at=row["ends_at"])
        self._record(at, self.desk, "booking.propose", *change)
        return self.proposal

    def accept_proposal(self, at: datetime) -> None:
        proposal, held = self.proposal, self.time_proposed
        assert proposal is not None  # noqa: S101 - a script accepts what it proposed
        assert held is not None  # noqa: S101 - and that is held
        state = next_state(self.state, "accept_proposal", Party.CLIENT)
        before = self._snapshot()
        self._close_proposal(at, ProposalState.ACCEPTED)
        self._move(
            proposal["unit"],
            starts_at=proposal["starts_at"],
            ends_at=proposal["ends_at"],
            holding_ends_at=held["ends_at"],
        )
        self._confirmed(state, at)
        self._note(
            at, self.customer, "booking.accept_proposal", before, proposal=proposal["id"], reason=proposal["reason"]
        )

    def _move(self, unit: int, *, starts_at: datetime, ends_at: datetime, holding_ends_at: datetime) -> None:
        placed = rows.placed(
            instrument_id=self.machine.id,
            instrument_value_fen=self.machine.row["original_value_fen"],
            unit=unit,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        self.row.update(placed)
        self._change_time(unit=unit, starts_at=starts_at, ends_at=holding_ends_at)

    def decline_proposal(self, at: datetime) -> None:
        next_state(self.state, "decline_proposal", Party.CLIENT)
        self._proposal_answered(at, self.customer, ProposalState.DECLINED, "booking.decline_proposal")

    def lapse_proposal(self, at: datetime) -> None:
        self._proposal_answered(at, NOBODY, ProposalState.LAPSED, "booking.lapse_proposal")

    def _proposal_answered(self, at: datetime, who: Who, state: ProposalState, action: str) -> None:
        assert self.proposal is not None  # noqa: S101 - one was made
        number = self.proposal["id"]
        self._close_proposal(at, state)
        self._change_time(expires_at=self.row["answer_by"])
        self._record(at, who, action, None, rows.proposal_answered(number))

    def reschedule(self, at: datetime, plan: Plan, unit: int) -> None:
        state = state_after_move(self.state, automatic=self.lab.row["automatic_confirmation"])
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        deadline = self._deadline(at, plan) if state == BookingState.REQUESTED else None
        self._move(unit, starts_at=plan.starts_at, ends_at=plan.ends_at, holding_ends_at=plan.holding_ends_at)
        self._change_time(expires_at=deadline)
        first = self.row["confirmed_at"]
        self.row.update(rows.rescheduled(state, now=at, answer_by=deadline, confirmed_at=first))
        self._note(at, self.customer, "booking.reschedule", before)

    # -- endings

    def cancel(self, at: datetime, reason: str, *, by_lab: bool = False) -> None:
        who, side = (self.desk, Party.LAB) if by_lab else (self.customer, Party.CLIENT)
        state = next_state(self.state, "cancel", side)
        fee = self._fee_of_ending(at, by_lab=by_lab)
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        self.time = None
        self.row.update(rows.ended(state, now=at, reason=reason))
        self._bring_charge_to(fee, who, at, reason)
        self._note(at, who, "booking.cancel", before, side=side)

    def no_show(self, at: datetime) -> None:
        state = next_state(self.state, "no_show", Party.LAB)
        fee = self._fee_of_ending(at, no_show=True)
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        self.time = None
        self.row.update(rows.no_show(state, now=at))
        self._bring_charge_to(fee, self.desk, at, "")
        self._note(at, self.desk, "booking.no_show", before)

    def _fee_of_ending(self, at: datetime, **how: bool) -> int:
        terms, price = self.offer.terms.cancellation, self.row["price_fen"]
        return cancellation_fee(terms, price, until_start=self.starts_at - at, **how)

    # -- the work

    def receive(self, at: datetime, samples: int, condition: str) -> None:
        state = next_state(self.state, "receive", Party.LAB)
        before = self._snapshot()
        self.row.update(rows.received(state, now=at, samples=samples, condition=condition))
        self._note(at, self.desk, "booking.receive", before)
        if self.loading.midnight - at < PUT_AWAY_FOR:
            self._put_away(at)

    def _put_away(self, at: datetime) -> None:
        """Three of four, into the places by turns; the rest still lies at the reception."""
        places, number = self.lab.places, self.row["id"]
        if number % 4:
            place = places[number % len(places)]
            self.row["storage_place_id"] = place["id"]
            before, after = rows.put_away(self.row["ref"], out_of=None, into=place["name"])
            self.loading.trail.record(
                at,
                person_id=self.desk[0],
                firm_id=self.desk[1],
                action="booking.store",
                subject=("lab", self.lab.id),
                before=before,
                after=after,
            )

    def start(self, at: datetime) -> None:
        """On time or late; the holding's start stays."""
        state = next_state(self.state, "start", Party.LAB)
        before = self._snapshot()
        self._close_proposal(at, ProposalState.VOID)
        self.row.update(rows.started(state, at=at))
        self._note(at, self.desk, "booking.start", before)

    def finish(self, now: datetime, *, at: datetime, machine_minutes: Minutes | None = None) -> None:
        """Noted `now`, over since `at`. A test that took longer than planned keeps the time it has."""
        state, row = next_state(self.state, "finish", Party.LAB), self.row
        before = self._snapshot()
        if machine_minutes is None:
            machine_minutes = rows.machine_minutes(row["started_at"], at)
        assert self.time is not None  # noqa: S101 - it is testing
        ends_at = min(self.time["ends_at"], rows.end_of_time(at, row["cleanup_minutes"]))
        if ends_at <= self.time["starts_at"]:
            self.time = None
        else:
            self._change_time(ends_at=ends_at)
        row.update(
            rows.finished(
                state,
                at=at,
                day=self.loading.day(at),
                starts_at=row["starts_at"],
                machine_minutes=machine_minutes,
            )
        )
        self._note(now, self.desk, "booking.finish", before)

    # -- charges

    def propose_charge(self, at: datetime, amount: int, reason: str) -> Row:
        next_state(self.state, "charge", Party.LAB)
        before, row = self._snapshot(), self.row
        by, today = self.desk[0], self.loading.day(at)
        line = self._charge(
            rows.change_line(booking_id=row["id"], amount_fen=amount, reason=reason, by=by, now=at, today=today)
        )
        agreed = line["state"] == ChargeState.AGREED
        if agreed:
            row["charged_fen"] += amount
        self._note(at, self.desk, "charge.propose", before, charge=line["id"], amount_fen=amount)
        if agreed:
            self._refresh(at, EntryCause.CHARGE, line["id"], self.desk)
        return line

    def consent(self, at: datetime, line: Row) -> None:
        next_state(self.state, "answer_charge", Party.CLIENT)
        before = self._snapshot()
        line.update(rows.consented(by=self.customer[0], today=self.loading.day(at)))
        self.row["charged_fen"] += line["amount_fen"]
        self._note(at, self.customer, "charge.consent", before, charge=line["id"], amount_fen=line["amount_fen"])
        self._refresh(at, EntryCause.CHARGE, line["id"], self.customer)

    def refuse(self, at: datetime, line: Row) -> None:
        next_state(self.state, "answer_charge", Party.CLIENT)
        before = self._snapshot()
        line["state"] = ChargeState.REFUSED
        self._note(at, self.customer, "charge.refuse", before, charge=line["id"], amount_fen=line["amount_fen"])

    # -- documents

    def record_report(self, at: datetime, issued_on: date, replaces: Row | None = None) -> Row:
        number, serial = self.shelf.report_number(self.lab.row, issued_on.year)
        file, sha256 = self.shelf.report(self, number, issued_on, at, replaces=replaces["number"] if replaces else None)
        values = document_rows.report(
            self.row["id"],
            lab_id=self.lab.id,
            number=number,
            issued_on=issued_on,
            replaces=replaces["id"] if replaces else None,
            file_id=file["id"],
            by=self.desk[0],
            now=at,
            serial=serial,
            code=new_code(self.shelf.codes),
            why=CORRECTED if replaces else None,
            standard_id=self.offer.standard_id,
        )
        report = self.loading.rows.add(Report, **values)
        self.reports.append(report)
        after = document_rows.report_recorded(
            report["id"],
            number=number,
            issued_on=issued_on,
            replaces=report["replaces_id"],
            sha256=sha256,
            why=values["why"],
            marks=self._bear_marks(report),
        )
        self._record(at, self.desk, "report.record", None, after)
        self._refresh(at, EntryCause.REPORT, report["id"], self.desk)
        return report

    def _bear_marks(self, report: Row) -> list[str]:
        """Of some reports of the county that pages show: the marks that the accreditations of those days allow."""
        if self.loading.letters or report["id"] % MARKED:
            return []
        days = self.loading.day(self.row["started_at"]), self.row["finished_on"]
        borne = sorted(
            (
                each
                for each in self.offer.certificates
                if all(each["valid_from"] <= d <= each["valid_to"] for d in days)
            ),
            key=lambda each: str(each["kind"]),
        )
        for each in borne:
            self.loading.rows.add(
                ReportMark,
                report_id=report["id"],
                kind=each["kind"],
                accreditation_id=each["id"],
                number=each["number"],
            )
        return sorted(str(each["kind"]) for each in borne)

    def withdraw_report(self, at: datetime, report: Row, reason: str) -> None:
        today = self.loading.day(at)
        report.update(document_rows.withdrawal(today=today, reason=reason))
        change = document_rows.report_withdrawn(report["id"], today=today, reason=reason)
        self._record(at, self.desk, "report.withdraw", *change)
        self._refresh(at, EntryCause.REPORT, report["id"], self.desk)

    def rate(self, at: datetime, points: tuple[int, int, int], text: str, answer: str | None) -> None:
        """What the client says of it, and the lab a day later."""
        given = dict(zip(RATING_POINTS, points, strict=True))
        later = at + timedelta(days=1)
        self.loading.rows.add(
            Rating,
            booking_id=self.row["id"],
            lab_id=self.lab.id,
            test_item_id=self.row["test_item_id"],
            given_on=self.loading.day(at),
            given_by=self.customer[0],
            given_at=at,
            text=text,
            answer=answer,
            answered_by=self.desk[0] if answer else None,
            answered_at=later if answer else None,
            **given,
        )
        self._record(at, self.customer, "rating.give", None, given)
        if answer:
            self._record(later, self.desk, "rating.answer", None, {})

    def write(self, at: datetime, side: MessageSide, text: str) -> None:
        """A message of one side."""
        who = self.customer if side == MessageSide.CLIENT else self.desk
        message = self._say(at, side, text)
        self.loading.trail.record(
            at,
            person_id=who[0],
            firm_id=who[1],
            action="message.write",
            subject=("message", message["id"]),
            after={"booking": self.row["ref"], "files": 0},
        )

    def _say(self, at: datetime, side: MessageSide, text: str, **more: Any) -> Row:
        who = self.customer if side == MessageSide.CLIENT else self.desk
        return self.loading.rows.add(
            Message, booking_id=self.row["id"], side=side, text=text, written_by=who[0], written_at=at, **more
        )

    def dispute(self, at: datetime, text: str, answer: str) -> None:
        """Opened, answered an hour later, and brought to the authority after another."""
        answered, escalated = at + timedelta(hours=1), at + timedelta(hours=2)
        hold = self.loading.rows.add(
            BookingHold, booking_id=self.row["id"], cause=HoldCause.DISPUTE, held_by=self.customer[0], held_at=at
        )
        days = self.lab.openings.days
        dispute = self.loading.rows.add(
            Dispute,
            booking_id=self.row["id"],
            hold_id=hold["id"],
            state=DisputeState.ESCALATED,
            opened_by=self.customer[0],
            opened_at=at,
            answer_by=after_working_days(at, ANSWER_WITHIN, days=days, zone=self.loading.zone),
            answered_at=answered,
            escalated_at=escalated,
        )
        of = {"dispute_id": dispute["id"]}
        self._say(at, MessageSide.CLIENT, text, step=DisputeStep.OPENED, **of)
        self._say(answered, MessageSide.LAB, answer, step=DisputeStep.ANSWERED, **of)
        for moment, who, action, files in (
            (at, self.customer, "dispute.open", {"files": 0}),
            (answered, self.desk, "dispute.answer", {"files": 0}),
            (escalated, self.customer, "dispute.escalate", {}),
        ):
            self._record(moment, who, action, None, {"dispute": dispute["id"], **files})

    def record_invoice(
        self,
        at: datetime,
        issued_on: date,
        amount: int,
        tax: int,
        *,
        reverses: Row | None = None,
        invoice: Row | None = None,
    ) -> tuple[Row, Row]:
        """An invoice, or with `reverses` a red letter (negative amounts); `invoice` continues one of several lines."""
        invoice = invoice or self._invoice(at, issued_on, amount)
        values = document_rows.invoice_line(
            self.row["id"],
            invoice_id=invoice["id"],
            amount_fen=amount,
            tax_fen=tax,
            reverses=reverses["id"] if reverses else None,
            by=self.office[0],
            now=at,
        )
        line = self.loading.rows.add(InvoiceLine, **values)
        self.lines.append((invoice, line))
        recorded = document_rows.invoice_recorded(
            line["id"],
            values,
            number=invoice["number"],
            issued_on=invoice["issued_on"],
            invoiced_fen=self.row["invoiced_fen"],
        )
        self._record(at, self.office, *recorded)
        self._refresh(at, EntryCause.INVOICE, line["id"], self.office)
        return invoice, line

    def _invoice(self, at: datetime, issued_on: date, amount: int) -> Row:
        number = self.shelf.invoice_number(self.lab.host.id, issued_on)
        file = self.shelf.invoice(self, number, issued_on, amount, at)
        values = document_rows.invoice(
            seller_firm_id=self.lab.host.id,
            client_firm_id=self.client.id,
            number=number,
            issued_on=issued_on,
            payment_days=self.lab.row["payment_days"],
            red=amount < 0,
        )
        return self.loading.rows.add(Invoice, **values, file_id=file["id"] if file else None)

    def record_payment(self, at: datetime, paid_on: date, amount: int, payer: str | None = None) -> Row:
        """Money in, or with a negative amount a refund; `payer` another firm's credit code."""
        values = document_rows.payment(
            self.row["id"],
            amount_fen=amount,
            paid_on=paid_on,
            reference=self.shelf.bank_reference(paid_on),
            payer_uscc=payer or self.client.row["uscc"],
            by_client=payer is None,
            by=self.office[0],
            now=at,
        )
        payment = self.loading.rows.add(Payment, **values)
        self.payments.append(payment)
        recorded = document_rows.payment_recorded(payment["id"], values, paid_fen=self.row["paid_fen"])
        self._record(at, self.office, *recorded)
        self._refresh(at, EntryCause.PAYMENT, payment["id"], self.office)
        return payment

    def decide_payer(self, at: datetime, payment: Row, verdict: PayerVerdict, note: str) -> None:
        officer: Who = (self.loading.accounts["officer"]["id"], None)
        decision = document_rows.payer_verdict(verdict, note=note, by=officer[0], now=at)
        recorded = document_rows.payer_decided(
            payment["id"],
            decision,
            verdict_before=payment["payer_verdict"],
            amount_fen=payment["amount_fen"],
            paid_fen=self.row["paid_fen"],
        )
        payment.update(decision)
        self._record(at, officer, *recorded)
        self._refresh(at, EntryCause.PAYMENT, payment["id"], officer)

    # -- what follows from documents

    def documents(self) -> Documents:
        return Documents(
            tuple(
                ChargeLine(c["agreed_on"], c["amount_fen"]) for c in self.charges if c["state"] == ChargeState.AGREED
            ),
            tuple(
                ReportDocument(
                    id=r["id"], day=r["issued_on"], replaces=r["replaces_id"], withdrawn_on=r["withdrawn_on"]
                )
                for r in self.reports
            ),
            tuple(
                InvoiceDocument(
                    id=line["id"],
                    day=invoice["issued_on"],
                    amount_fen=line["amount_fen"],
                    tax_fen=line["tax_fen"],
                    reverses=line["reverses_id"],
                )
                for invoice, line in self.lines
            ),
            tuple(
                PaymentDocument(
                    id=p["id"],
                    day=p["paid_on"],
                    amount_fen=p["amount_fen"],
                    counts=payment_counts(by_client=p["by_client"], payer_verdict=p["payer_verdict"]),
                )
                for p in self.payments
            ),
        )

    def _refresh(self, at: datetime, cause: EntryCause, cause_id: int, who: Who) -> None:
        """As settlement's `refresh`: sums, ledger entries in the months open at that moment, state."""
        row, today, documents = self.row, self.loading.day(at), self.documents()
        row.update(document_rows.sums(documents, today))
        self._enter(documents, at, today, cause, cause_id)
        step = documented(
            self.state,
            report_stands=bool(documents.standing(today)),
            charged_fen=row["charged_fen"],
            invoiced_fen=row["invoiced_fen"],
            paid_fen=row["paid_fen"],
        )
        if step is not None:
            before = self._snapshot()
            state, action = step
            row["state"] = str(state)
            self._note(at, who, action, before)

    def _enter(self, documents: Documents, at: datetime, today: date, cause: EntryCause, cause_id: int) -> None:
        """The ledger entries that the open months lack."""
        closed = [month for month, moment in self.loading.closed.items() if moment <= at]
        lacking = ledger_differences(documents, self.entries, closed=closed, present=Month.of(today))
        made = document_rows.entries(
            lacking,
            booking_id=self.row["id"],
            lab_id=self.lab.id,
            instrument_id=self.row["instrument_id"],
            now=at,
            cause=cause,
            cause_id=cause_id,
        )
        for values in made:
            self.loading.rows.add(RevenueEntry, **values)
        for month, difference in lacking.items():
            self.entries[month] = self.entries.get(month, Money()) + difference

    # -- the time it holds now

    def hold(self) -> None:
        """Write the booking's holding, as far as it has one, and what an open proposal holds."""
        for held in (self.time, self.time_proposed):
            if held is not None:
                self.loading.rows.add(Holding, **held)
