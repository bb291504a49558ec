"""Invariants of time, documents, the ledger, runs and people."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

from labshare.audit.models import AuditEvent
from labshare.booking.models import Booking, Charge, ForClient, Holding, Quote
from labshare.booking.terms import BookingState, HoldingKind
from labshare.catalogue.models import Fee, Lab, TestItemInstrument
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.sealing import equal_digest
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.organisations.bank_accounts import BankAccount, account_ends, compact
from labshare.organisations.models import Membership, RegulatorRole
from labshare.oversight.checks.registry import invariant
from labshare.rewards.models import RewardItem, RewardLine, RewardRun
from labshare.rewards.terms import RunState
from labshare.settlement.models import Invoice, InvoiceLine, Payment, Report, ReportSeries, RevenueEntry
from labshare.settlement.queries.ledger import standing_on
from labshare.settlement.queries.limits import ledger_out_of_step, limits_broken

# --- time --------------------------------------------------------------------------------------------------------


@invariant("No two holdings of one instrument unit overlap")
def overlapping_holdings(_now: datetime) -> Iterator[tuple[str, str]]:
    same_unit = {"partition_by": (Holding.instrument_id, Holding.unit), "order_by": (Holding.starts_at, Holding.id)}
    ordered = select(
        Holding.id,
        Holding.ends_at,
        func.lead(Holding.starts_at).over(**same_unit).label("next_start"),
        func.lead(Holding.id).over(**same_unit).label("next_id"),
    ).subquery()
    query = select(ordered.c.id, ordered.c.next_id).where(ordered.c.next_start < ordered.c.ends_at)
    for holding, other in db.session.execute(query):
        yield f"holding {holding}", f"overlaps holding {other}"


@invariant("A booking that takes time has its one holding, on its unit, from its start over its end")
def bookings_without_their_time(_now: datetime) -> Iterator[tuple[str, str]]:
    own = and_(Holding.booking_id == Booking.id, Holding.kind == HoldingKind.BOOKING)
    wrong = or_(
        Holding.id.is_(None),
        Holding.instrument_id != Booking.instrument_id,
        Holding.unit != Booking.unit,
        Holding.starts_at > Booking.starts_at,
        and_(Booking.state.not_in(BookingState.running()), Holding.ends_at < Booking.ends_at),
    )
    query = (
        select(Booking.ref, Booking.state)
        .outerjoin(Holding, own)
        .where(Booking.state.in_(BookingState.holding_time()), wrong)
    )
    for ref, state in db.session.execute(query):
        yield ref, f"state {state}: its holding is missing or lies elsewhere"


@invariant("What has ended without work holds no time")
def ended_bookings_with_time(_now: datetime) -> Iterator[tuple[str, str]]:
    query = (
        select(Booking.ref, Booking.state)
        .join(Holding, Holding.booking_id == Booking.id)
        .where(Booking.state.in_(BookingState.over()))
    )
    for ref, state in db.session.execute(query):
        yield ref, f"state {state}, yet time is held"


@invariant("A booking's instrument can do its test item, and belongs to its lab")
def bookings_on_wrong_instruments(_now: datetime) -> Iterator[tuple[str, str]]:
    can = exists().where(
        TestItemInstrument.test_item_id == Booking.test_item_id,
        TestItemInstrument.instrument_id == Booking.instrument_id,
    )
    query = select(Booking.ref).where(~can, Booking.state.in_(BookingState.awaiting_samples()))
    for ref in db.session.scalars(query):
        yield ref, "its instrument is not one of the test item's"


# --- money of a booking ------------------------------------------------------------------------------------------


@invariant("What a booking says of its money is the sum of its documents")
def sums_that_differ(_now: datetime) -> Iterator[tuple[str, str]]:
    def of(column: ColumnElement[int], model: type, *where: ColumnElement[bool]) -> ColumnElement[int]:
        total = select(func.coalesce(func.sum(column), 0)).where(model.booking_id == Booking.id, *where)  # type: ignore[attr-defined]
        return total.scalar_subquery()

    parts = {
        "charged": (Booking.charged_fen, of(Charge.amount_fen, Charge, Charge.agreed)),
        "invoiced": (Booking.invoiced_fen, of(InvoiceLine.amount_fen, InvoiceLine)),
        "paid": (Booking.paid_fen, of(Payment.amount_fen, Payment, Payment.counts)),
    }
    for name, (stored, summed) in parts.items():
        for ref, one, other in db.session.execute(select(Booking.ref, stored, summed).where(stored != summed)):
            yield ref, f"{name}: says {one}, documents say {other}"


@invariant("Between the first and the last number of a lab's series of reports none is left out")
def gaps_in_report_numbers(_now: datetime) -> Iterator[tuple[str, str]]:
    here = and_(
        Report.lab_id == ReportSeries.lab_id,
        Report.series_year == ReportSeries.year,
        Report.serial.between(ReportSeries.first, ReportSeries.last),
    )
    query = (
        select(Lab.code, ReportSeries.year, ReportSeries.first, ReportSeries.last, func.count(Report.id))
        .select_from(ReportSeries)
        .join(Lab, Lab.id == ReportSeries.lab_id)
        .outerjoin(Report, here)
        .group_by(Lab.code, ReportSeries.year, ReportSeries.first, ReportSeries.last)
        .having(func.count(Report.id) != ReportSeries.last - ReportSeries.first + 1)
    )
    for code, year, first, last, found in db.session.execute(query):
        yield f"{code} {year}", f"{found} reports numbered from {first} to {last}"


@invariant("A fee lies within its dates on the day of booking, and belongs to the item booked")
def fees_out_of_date(_now: datetime) -> Iterator[tuple[str, str]]:
    fixed = or_(*(exists().where(of.booking_id == Booking.id) for of in (Quote, ForClient)))
    wrong = or_(
        Fee.test_item_id != Booking.test_item_id,
        and_(not_(Fee.in_force_on(Booking.booked_on)), not_(fixed)),
    )
    for ref in db.session.scalars(select(Booking.ref).join(Fee, Fee.id == Booking.fee_id).where(wrong)):
        yield ref, "its fee was not in force"


@invariant("Settled is what is reported, invoiced and paid in full, and nothing else")
def states_against_documents(now: datetime) -> Iterator[tuple[str, str]]:
    stands = standing_on(local_day(now))
    full = and_(Booking.charged_fen == Booking.invoiced_fen, Booking.charged_fen == Booking.paid_fen)
    should = case(
        (and_(stands, full), BookingState.SETTLED), (stands, BookingState.REPORTED), else_=BookingState.TESTED
    )
    query = select(Booking.ref, Booking.state, should).where(
        Booking.state.in_(BookingState.tested_or_later()), Booking.state != should
    )
    for ref, state, expected in db.session.execute(query):
        yield ref, f"is {state}, documents say {expected}"


@invariant("A red letter never exceeds what it reverses, in amount or tax, and goes to the same client")
def red_letters_too_large(_now: datetime) -> Iterator[tuple[str, str]]:
    red = aliased(InvoiceLine)
    query = (
        select(InvoiceLine.id, InvoiceLine.amount_fen + func.sum(red.amount_fen))
        .join(red, red.reverses_id == InvoiceLine.id)
        .group_by(InvoiceLine.id, InvoiceLine.amount_fen, InvoiceLine.tax_fen)
        .having(
            or_(
                InvoiceLine.amount_fen + func.sum(red.amount_fen) < 0,
                InvoiceLine.tax_fen + func.sum(red.tax_fen) < 0,
            )
        )
    )
    for line, left in db.session.execute(query):
        yield f"invoice line {line}", f"{left} fen left after its red letters"


@invariant("An invoice goes to the client of each booking on it, from the lab's own firm")
def invoices_of_others(_now: datetime) -> Iterator[tuple[str, str]]:
    wrong = or_(Invoice.client_firm_id != Booking.client_firm_id, Invoice.seller_firm_id != Booking.lab_firm_id)
    query = (
        select(Booking.ref, Invoice.number)
        .join(InvoiceLine, InvoiceLine.booking_id == Booking.id)
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(wrong)
    )
    for ref, number in db.session.execute(query):
        yield ref, f"invoice {number} belongs to other parties"


# --- the ledger --------------------------------------------------------------------------------------------------


@invariant("The ledger of a booking sums up to what its documents recognise")
def ledger_against_documents(_now: datetime) -> Iterator[tuple[str, str]]:
    entries = (
        select(RevenueEntry.booking_id, func.sum(RevenueEntry.amount_fen).label("fen"))
        .group_by(RevenueEntry.booking_id)
        .subquery()
    )
    query = (
        select(Booking.ref, Booking.recognised_fen, func.coalesce(entries.c.fen, 0))
        .outerjoin(entries, entries.c.booking_id == Booking.id)
        .where(Booking.recognised_fen != func.coalesce(entries.c.fen, 0))
    )
    for ref, recognised, fen in db.session.execute(query):
        yield ref, f"recognised {recognised}, ledger {fen}"
    whole = _least(Booking.charged_fen, Booking.invoiced_fen, Booking.paid_fen)
    expected = case((Booking.state.in_((BookingState.REPORTED, BookingState.SETTLED)), whole), else_=0)
    for ref, recognised, fen in db.session.execute(
        select(Booking.ref, Booking.recognised_fen, expected).where(Booking.recognised_fen != expected)
    ):
        yield ref, f"recognised {recognised}, documents say {fen}"


@invariant("Up to each open month the ledger holds what is recognised on its last day, tax included")
def ledger_month_by_month(now: datetime) -> Iterator[tuple[str, str]]:
    for ref, month in ledger_out_of_step(Month.at(now)):
        yield ref, f"up to {month}"


@invariant("On every document day net invoiced and net paid lie between nothing and what is charged")
def documents_outside_limits(_now: datetime) -> Iterator[tuple[str, str]]:
    for one in limits_broken():
        yield one.ref, f"on {one.day}: charged {one.charged}, invoiced {one.invoiced}, paid {one.paid}"


def _least(*columns: ColumnElement[int]) -> ColumnElement[int]:
    """The smallest of three, on either engine."""
    one, two, three = columns
    return case((and_(one <= two, one <= three), one), (two <= three, two), else_=three)


@invariant("No ledger entry lies in a month to come")
def entries_in_the_future(now: datetime) -> Iterator[tuple[str, str]]:
    query = select(RevenueEntry.id, RevenueEntry.month).where(RevenueEntry.month > str(Month.at(now)))
    for entry, month in db.session.execute(query):
        yield f"entry {entry}", f"in {month}"


# --- rewards -----------------------------------------------------------------------------------------------------


@invariant("A run's total is the sum of its lines")
def totals_that_differ(_now: datetime) -> Iterator[tuple[str, str]]:
    query = (
        select(RewardRun.month, RewardRun.total_payable_fen, func.coalesce(func.sum(RewardLine.payable_fen), 0))
        .outerjoin(RewardLine, RewardLine.run_id == RewardRun.id)
        .group_by(RewardRun.id, RewardRun.month, RewardRun.total_payable_fen)
        .having(RewardRun.total_payable_fen != func.coalesce(func.sum(RewardLine.payable_fen), 0))
    )
    for month, total, lines in db.session.execute(query):
        yield month, f"total {total}, lines {lines}"


@invariant("A verdict belongs to an entry of the ledger, not later than its run")
def verdicts_off_the_ledger(_now: datetime) -> Iterator[tuple[str, str]]:
    query = (
        select(RewardRun.month, RewardItem.entry_id)
        .join(RewardItem, RewardItem.run_id == RewardRun.id)
        .outerjoin(RevenueEntry, RevenueEntry.id == RewardItem.entry_id)
        .where(or_(RevenueEntry.id.is_(None), RevenueEntry.month > RewardRun.month))
    )
    for month, entry in db.session.execute(query):
        yield month, f"verdict on entry {entry}"


@invariant("An approved run is what was approved")
def approved_runs_changed(_now: datetime) -> Iterator[tuple[str, str]]:
    """The trail keeps the digest that the approver signed for; a run that differs was touched afterwards."""
    approvals = {
        event.subject_id: (event.after or {}).get("digest")
        for event in db.session.scalars(
            select(AuditEvent)
            .where(AuditEvent.action == "run.approve", AuditEvent.refused.is_(False))
            .order_by(AuditEvent.id)
        )
    }
    for run in db.session.scalars(select(RewardRun).where(RewardRun.state.in_((RunState.APPROVED, RunState.PAID)))):
        if approvals.get(f"{run.division}-{run.month}") != run.digest:
            yield run.month, "the digest differs from the one approved"


@invariant("A bank account opens under our keys in its own place, and its digest and last digits are its own")
def bank_accounts_changed(_now: datetime) -> Iterator[tuple[str, str]]:
    for account in db.session.scalars(select(BankAccount).order_by(BankAccount.id).execution_options(yield_per=500)):
        number = account.number
        if number is None:
            yield f"firm {account.firm_id}", f"account {account.id} does not open"
        elif (account.digest, account.ends) != (equal_digest(compact(number)), account_ends(number)):
            yield f"firm {account.firm_id}", f"account {account.id}: digest or last digits of another number"


# --- people ------------------------------------------------------------------------------------------------------


@invariant("Officer, approver and administrator exclude one another and membership in a firm with labs")
def duties_not_separated(_now: datetime) -> Iterator[tuple[str, str]]:
    current = select(RegulatorRole.person_id, RegulatorRole.role).where(
        RegulatorRole.in_force,
        RegulatorRole.role.in_((OfficialRole.OFFICER, OfficialRole.APPROVER, OfficialRole.ADMIN)),
    )
    roles: dict[int, list[str]] = {}
    for person, role in db.session.execute(current):
        roles.setdefault(person, []).append(role)
    for person, held in roles.items():
        if len(held) > 1:
            yield f"person {person}", " and ".join(sorted(held))
    members = select(Membership.person_id).where(
        Membership.current,
        Membership.person_id.in_(roles),
        Membership.firm_id.in_(select(Lab.firm_id)),
    )
    for person in db.session.scalars(members.distinct()):
        yield f"person {person}", f"{roles[person][0]} and member of a firm with labs"
