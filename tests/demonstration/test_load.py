"""Loading a small county: what it promises to each account on any day, its papers and its trail, and that the same seed
on the same day gives the same rows."""

import hashlib
import io
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import func, select, text
from stdnum.cn import uscc

from labshare.accounts.models import Person
from labshare.accounts.passwords import fits, weak
from labshare.audit import services as audit
from labshare.audit.models import AuditEvent
from labshare.booking.models import Booking, Charge, Holding, OpeningWeek, Proposal
from labshare.booking.services import accept_proposal, confirm, consent_charge, finish, receive, start
from labshare.booking.terms import BookingState
from labshare.catalogue.models import (
    Accreditation,
    AccreditationScope,
    Calibration,
    Fee,
    Instrument,
    Lab,
    LabAdmission,
    TestItem,
)
from labshare.demonstration.data.clients import TRADES
from labshare.demonstration.data.items import TYPES
from labshare.demonstration.load import load
from labshare.demonstration.people import PASSWORD
from labshare.demonstration.scale import SCALES, Scale
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.organisations.divisions import towns_of
from labshare.organisations.models import Affiliation, Firm, Membership, RegulatorRole
from labshare.oversight.checks import violations
from labshare.rewards.assessments import Assessment
from labshare.rewards.models import Policy, RewardItem, RewardRun
from labshare.rewards.services.approve import conditions
from labshare.rewards.services.publish import publish
from labshare.rewards.terms import Grade, Reason
from labshare.settlement.files import path_of
from labshare.settlement.models import InvoiceLine, Payment, Report, RevenueEntry, StoredFile
from tests.conftest import SHANGHAI, Clock, TestDatabase
from tests.demonstration import recomputed

SMALL = Scale("small", counties=1, clients=300, bookings=1_500, labs=20)
COUNTY = SCALES["county"]
MOMENTS = ("2026-11-29 11:00", "2026-10-03 09:00", "2027-01-01 08:30", "2026-11-24 23:30")
"""A Sunday, a public holiday, New Year's Day (of a year whose working days are not known), late in the evening."""


def loaded(clock: Clock, moment: str | None = None, seed: int = 7, scale: Scale = SMALL) -> datetime:
    if moment:
        clock.set(moment)
    load(scale=scale, seed=seed, now=clock.now)
    return clock.now


def actor_of(account: str) -> Actor:
    """The account as it acts after signing in."""
    person = db.session.scalars(select(Person).where(Person.email == f"{account}@demo.example")).one()
    membership = db.session.scalar(select(Membership).where(Membership.person_id == person.id))
    roles = set(db.session.scalars(select(RegulatorRole.role).where(RegulatorRole.person_id == person.id)))
    if membership is not None:
        roles.add(membership.role)
    return Actor(
        person_id=person.id,
        firm_id=membership.firm_id if membership else None,
        roles=frozenset(roles),
        divisions=frozenset((role, "") for role in roles),
    )


def bookings(**wanted: object) -> list[Booking]:
    query = select(Booking).order_by(Booking.id)
    for name, value in wanted.items():
        query = query.where(getattr(Booking, name) == value)
    return list(db.session.scalars(query))


# --- promises ----------------------------------------------------------------------------------------------------


@pytest.mark.engines("sqlite")  # the same rows on both: see below
@pytest.mark.parametrize("moment", MOMENTS)
def test_each_account_finds_every_task_of_its_role(app: Flask, clock: Clock, moment: str):
    now = loaded(clock, moment)
    lab, client, officer = (actor_of(account) for account in ("lab", "client", "officer"))
    _lab_finds(lab, now)
    _client_finds(client, now)
    _regulators_find(officer, actor_of("approver"), now)
    assert not list(violations(now))


def _lab_finds(lab: Actor, now: datetime) -> None:
    mine = bookings(lab_firm_id=lab.firm_id)
    state = {name: [each for each in mine if each.state == name] for name in BookingState}
    requests = sorted(each.answer_by for each in state["requested"] if each.answer_by > now)
    assert len(requests) >= 3
    left = requests[0] - now
    # the first one lapses tonight; over a week of holidays nobody has to answer
    assert left <= timedelta(days=6 if now.astimezone(SHANGHAI).date().isoformat() == "2026-10-03" else 3)
    if now.astimezone(SHANGHAI).hour == 23:
        assert left <= timedelta(hours=1)
    startable = [each for each in state["received"] if _can(start, lab, now, each)]
    assert startable
    assert any(_can(receive, lab, now, each, samples=1) for each in state["confirmed"])
    assert any(_can(finish, lab, now, each) for each in state["testing"])
    assert any(_can(confirm, lab, now, each) for each in state["requested"])
    reported = set(db.session.scalars(select(Report.booking_id)))
    assert any(each.id not in reported for each in state["tested"])
    assert any(each.invoiced_fen < each.charged_fen for each in state["reported"])
    assert any(each.paid_fen < each.invoiced_fen for each in state["reported"])
    today = now.astimezone(SHANGHAI).date()
    own = select(Instrument.id).join(Lab, Lab.id == Instrument.lab_id).where(Lab.firm_id == lab.firm_id)
    ends = db.session.scalars(
        select(func.max(Calibration.valid_to))
        .where(Calibration.instrument_id.in_(own))
        .group_by(Calibration.instrument_id)
    ).all()
    assert any(0 <= (last - today).days <= 30 for last in ends)
    assert any(last < today for last in ends)
    labs = select(Lab.id).where(Lab.firm_id == lab.firm_id)
    for model in (Instrument, TestItem):
        assert db.session.scalar(select(func.count()).where(model.lab_id.in_(labs), model.state == "draft"))


def _can(service: object, actor: Actor, now: datetime, booking: Booking, **more: object) -> bool:
    """Whether the step is possible now; nothing is kept."""
    from labshare.kernel.errors import Problem

    try:
        with transaction():
            service(actor=actor, now=now, ref=booking.ref, **more)  # type: ignore[operator]
            raise _Enough
    except _Enough:
        return True
    except Problem:
        return False


class _Enough(Exception):
    pass


def _client_finds(client: Actor, now: datetime) -> None:
    mine = bookings(client_firm_id=client.firm_id)
    by_id = {each.id: each for each in mine}
    firm = db.session.get_one(Firm, client.firm_id)
    assert firm.size_class == "small"
    proposals = db.session.scalars(
        select(Proposal).where(Proposal.booking_id.in_(by_id), Proposal.state == "open", Proposal.answer_by > now)
    ).all()
    assert any(_can(accept_proposal, client, now, by_id[one.booking_id], proposal_id=one.id) for one in proposals)
    lines = db.session.scalars(select(Charge).where(Charge.booking_id.in_(by_id), Charge.state == "proposed")).all()
    assert any(_can(consent_charge, client, now, by_id[one.booking_id], charge_id=one.id) for one in lines)
    assert any(each.state == "requested" and each.answer_by > now for each in mine)
    assert any(each.state == "confirmed" and each.starts_at > now for each in mine)
    assert any(each.paid_fen < each.invoiced_fen for each in mine)
    assert set(db.session.scalars(select(Report.booking_id).where(Report.booking_id.in_(by_id))))


def _regulators_find(officer: Actor, approver: Actor, now: datetime) -> None:
    month = Month.at(now)
    runs = {run.month: run for run in db.session.scalars(select(RewardRun))}
    assert [runs[str(month.plus(-ago))].state for ago in (1, 2, 3, 4)] == [
        "calculated",
        "published",
        "approved",
        "paid",
    ]
    assert len(runs) == 12
    assert all(each.holds for each in conditions(runs[str(month.plus(-2))], approver, now))
    try:
        with transaction():
            assert publish(actor=officer, now=now, month=month.previous).state == "published"
            raise _Enough
    except _Enough:
        pass
    draft = db.session.scalars(select(Policy).where(Policy.state == "draft")).one()
    assert all(
        draft.effective_from > policy.effective_to
        for policy in db.session.scalars(select(Policy).where(Policy.state == "published"))
    )
    waiting = select(func.count()).where(Payment.by_client.is_(False), Payment.payer_verdict.is_(None))
    assert db.session.scalar(waiting) >= 2
    assert db.session.scalar(select(func.count(Lab.id)).where(Lab.id.not_in(select(LabAdmission.lab_id)))) >= 1
    assert db.session.scalar(select(func.count(Firm.id)).where(Firm.verified_at.is_(None), Firm.returned_at.is_(None)))
    roles = db.session.scalars(select(RegulatorRole).where(RegulatorRole.agreed_at.is_(None))).all()
    admin = actor_of("admin")
    assert any(role.proposed_by not in (None, admin.person_id) for role in roles)
    sources = set(db.session.scalars(select(Affiliation.source)))
    assert sources == {"firm", "business_register", "inspection"}


# --- what is there -----------------------------------------------------------------------------------------------


def test_the_county_is_whole_and_keeps_every_invariant(app: Flask, clock: Clock, engine_name: str):
    """The whole county on SQLite; on PostgreSQL, where the same is written, a small one."""
    whole = engine_name == "sqlite"
    now = loaded(clock, scale=COUNTY if whole else replace(SMALL, bookings=6_000))
    assert not list(violations(now))
    assert audit.verify(now, key=app.config["AUDIT_PUBLIC_KEY"]) is None
    if whole:
        _as_many_as_promised()
    states = Counter(db.session.scalars(select(Booking.state)))
    assert set(states) == set(BookingState)
    assert states["settled"] > sum(states.values()) / 2
    assert set(db.session.scalars(select(RewardItem.reason))) == (set(Reason) - {"suspended"}) | {None}
    assert set(db.session.scalars(select(Assessment.grade))) == set(Grade)
    assert set(db.session.scalars(select(Affiliation.kind))) == {"controls", "shares_owner", "family", "declared"}
    assert {bool(one) for one in db.session.scalars(select(Policy.demonstration))} == {True}
    latest = db.session.scalar(select(func.max(AuditEvent.at)))
    assert latest <= now
    assert db.session.scalar(select(func.max(Holding.created_at))) <= now
    person = db.session.scalars(select(Person).where(Person.email == "officer@demo.example")).one()
    assert person.demonstration
    assert person.locale is None
    assert fits(person.password_hash, PASSWORD)
    assert not weak(person.password_hash)
    _english_twins_are_english()
    _the_catalogue_is_dated(local_day(now))
    _many_kinds_of_papers_are_there()
    _papers_name_their_booking()
    _runs_equal_a_recomputation_from_documents(local_day(now))
    if not whole:
        _a_changed_document_shows(local_day(now))


def _as_many_as_promised() -> None:
    """Hosts, labs, instruments; clients with valid codes, of every size class, sector and town."""
    hosts = set(db.session.scalars(select(Lab.firm_id)))
    assert (len(hosts), db.session.scalar(select(func.count(Lab.id)))) == (20, 82)
    assert 380 <= db.session.scalar(select(func.count(Instrument.id))) <= 420
    clients = db.session.scalars(select(Firm).where(Firm.id.not_in(hosts), Firm.verified_at.is_not(None))).all()
    assert len(clients) >= 1_000
    assert all(uscc.is_valid(client.uscc) for client in clients)
    assert {client.size_class for client in clients} == {"large", "medium", "small", "micro"}
    assert {client.industry for client in clients} == {trade.industry for trade in TRADES}
    assert {client.sector for client in clients} == {trade.sector for trade in TRADES}
    towns = {town.code for town in towns_of("330624")}
    assert {client.town for client in clients if client.division == "330624"} == towns
    items = db.session.scalars(select(TestItem.name).where(TestItem.state == "published")).all()
    for test in TYPES:
        assert any(name.startswith(test.name[0]) for name in items), test.name
    months = Counter(Month.at(at) for at in db.session.scalars(select(Booking.starts_at)))
    assert all(months[month] > 400 for month in Month(2025, 12).through(Month(2026, 11)))


def _the_catalogue_is_dated(today: date) -> None:
    """Each published item has a fee today and on the day of every booking; some fees have ended, some lie ahead, and
    they are charged in several ways. Accreditations of both kinds cover items. Labs keep different hours."""
    published = set(db.session.scalars(select(TestItem.id).where(TestItem.state == "published")))
    fees = db.session.scalars(select(Fee)).all()
    assert {fee.test_item_id for fee in fees if fee.valid_from <= today <= (fee.valid_to or date.max)} >= published
    assert any(fee.valid_to and fee.valid_to < today for fee in fees)
    assert any(fee.valid_from > today for fee in fees)
    assert {fee.basis for fee in fees} >= {"sample", "run", "hour"}
    fee_of_booking = select(Booking.booked_on, Fee).join(Fee, Fee.id == Booking.fee_id)
    for day, fee in db.session.execute(fee_of_booking):
        assert fee.valid_from <= day <= (fee.valid_to or date.max)
    covered = set(db.session.scalars(select(AccreditationScope.accreditation_id)))
    accreditations = db.session.scalars(select(Accreditation)).all()
    assert covered == {each.id for each in accreditations}
    assert {each.kind for each in accreditations} == {"CMA", "CNAS"}
    assert all(each.valid_from <= today <= each.valid_to for each in accreditations)
    weeks = db.session.scalars(select(OpeningWeek)).all()
    hours = {each.lab_id: str(each.weekly) for each in weeks if each.instrument_id is None}
    assert set(hours) == set(db.session.scalars(select(Lab.id).where(Lab.state == "published")))
    assert len(set(hours.values())) > 2
    assert any(each.instrument_id is not None for each in weeks)


def _runs_equal_a_recomputation_from_documents(today: date) -> None:
    """Every month's run, last month's among them: every verdict, figure and total, and the ledger beneath."""
    assert recomputed.ledger_differences(today) == []
    assert list(recomputed.run_differences(today)) == []


CHANGED_BY_HAND = (
    "UPDATE invoice_line SET amount_fen = amount_fen - 100 WHERE booking_id = {booking}",
    "UPDATE payment SET amount_fen = amount_fen - 100 WHERE booking_id = {booking}",
    "UPDATE payment SET payer_uscc = '91330624MA00000000' WHERE booking_id = {booking}",
    "UPDATE payment SET paid_on = '{after}' WHERE booking_id = {booking}",
    "UPDATE charge SET amount_fen = amount_fen - 100 WHERE booking_id = {booking}",
    "UPDATE report SET withdrawn_on = '{last}' WHERE booking_id = {booking}",
    "UPDATE report SET issued_on = '{after}' WHERE booking_id = {booking}",
    "UPDATE booking SET client_size = 'large' WHERE id = {booking}",
    "UPDATE booking SET statutory = NOT statutory WHERE id = {booking}",
)


def _a_changed_document_shows(today: date) -> None:
    """One document changed by SQL behind the services' back: the recomputation is no longer the stored run."""
    month = Month.of(today).previous
    booking = db.session.execute(
        select(RevenueEntry.booking_id)
        .join(RewardItem, RewardItem.entry_id == RevenueEntry.id)
        .join(Booking, Booking.id == RevenueEntry.booking_id)
        .join(InvoiceLine, InvoiceLine.booking_id == Booking.id)
        .join(Payment, Payment.booking_id == Booking.id)
        .join(Report, Report.booking_id == Booking.id)
        .join(Charge, Charge.booking_id == Booking.id)
        .where(RevenueEntry.month == str(month), RewardItem.reason.is_(None), Booking.state == "settled")
        .group_by(RevenueEntry.booking_id)
        .having(func.count() == 1, func.sum(RevenueEntry.amount_fen) == func.sum(Booking.charged_fen))
        .order_by(RevenueEntry.booking_id)
    ).first()
    assert booking is not None
    for statement in CHANGED_BY_HAND:
        change = statement.format(booking=booking.booking_id, last=month.last_day, after=month.next.first_day)
        db.session.execute(text("SET LOCAL session_replication_role = replica"))  # else the database's guards refuse
        assert db.session.execute(text(change)).rowcount == 1, change
        different = {of for of, _what, _stored, _found in recomputed.run_differences(today)}
        db.session.rollback()
        assert different == {month}, change
    assert list(recomputed.run_differences(today)) == []


def _papers_name_their_booking() -> None:
    """200 bookings drawn: each report opens as a PDF that names it; each step of the time line has its event."""
    drawn = random.Random(1).sample(bookings(), 200)
    for booking in drawn:
        for report in booking.reports:
            page = PdfReader(io.BytesIO(path_of(report.file.sha256).read_bytes())).pages[0].extract_text()
            assert booking.ref in page
            assert report.number in page
        expected = Counter(_steps(booking))
        events = Counter(
            (event.action, event.at)
            for event in db.session.scalars(
                select(AuditEvent).where(AuditEvent.subject_type == "booking", AuditEvent.subject_id == booking.ref)
            )
        )
        assert not expected - events, booking.ref


def _steps(booking: Booking) -> Iterator[tuple[str, datetime]]:
    """What the rows say has happened, as (action, moment); a moment that a later step overwrote is left out."""
    yield "booking.book", booking.booked_at
    moved = any(proposal.state == "accepted" for proposal in booking.proposals)
    if booking.confirmed_at not in (None, booking.booked_at) and not moved:
        yield "booking.confirm", booking.confirmed_at
    if booking.received_at:
        yield "booking.receive", booking.received_at
    if booking.started_at:
        yield "booking.start", booking.started_at
    if booking.ended_at:
        lapsed = {"declined": "booking.lapse" if booking.end_reason == "lapsed" else "booking.decline"}
        ends = {"cancelled": "booking.cancel", "no_show": "booking.no_show"} | lapsed
        yield ends[booking.state], booking.ended_at
    for proposal in booking.proposals:
        yield "booking.propose", proposal.proposed_at
        answers = {"accepted": "accept_proposal", "declined": "decline_proposal", "lapsed": "lapse_proposal"}
        if proposal.state in answers:
            yield f"booking.{answers[proposal.state]}", proposal.answered_at
    for charge in booking.charges:
        if charge.kind == "change":
            yield "charge.propose", charge.entered_at
    for report in booking.reports:
        yield "report.record", report.recorded_at
    for line in booking.invoice_lines:
        yield "invoice.record" if line.amount_fen > 0 else "invoice.reverse", line.recorded_at
    for payment in booking.payments:
        yield "payment.record" if payment.amount_fen > 0 else "payment.refund", payment.recorded_at
        if payment.decided_at:
            accepted = payment.payer_verdict == "accepted"
            yield "payment.accept_payer" if accepted else "payment.reject_payer", payment.decided_at


def _english_twins_are_english() -> None:
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith("_en"):
                for text in db.session.scalars(select(column).distinct()):
                    assert not re.search("[\u4e00-\u9fff]", text or ""), (table.name, column.name, text)


def _many_kinds_of_papers_are_there() -> None:
    assert db.session.scalar(select(func.count(Report.id)).where(Report.replaces_id.is_not(None)))
    assert db.session.scalar(select(func.count(Report.id)).where(Report.withdrawn_on.is_not(None)))
    assert db.session.scalar(select(func.count(InvoiceLine.id)).where(InvoiceLine.amount_fen < 0))
    shared = select(InvoiceLine.invoice_id).group_by(InvoiceLine.invoice_id).having(func.count() > 1)
    assert db.session.scalars(shared).all()
    assert db.session.scalar(select(func.count(Payment.id)).where(Payment.amount_fen < 0))
    assert set(db.session.scalars(select(Payment.payer_verdict))) == {None, "accepted", "rejected"}
    recorded = db.session.execute(select(Report.issued_on, Report.recorded_at)).all()
    assert any((at.date() - day).days > 9 for day, at in recorded)
    assert db.session.scalar(select(func.count(RevenueEntry.id)).where(RevenueEntry.amount_fen < 0))
    assert db.session.scalar(select(func.count(StoredFile.id))) > 200


# --- again -------------------------------------------------------------------------------------------------------


def digest_of_tables() -> dict[str, str]:
    """Of every column but the number of a run's line: a run calculated again writes its lines anew, and only SQLite
    gives numbers out twice."""
    digests = {}
    for table in db.metadata.sorted_tables:
        columns = [one for one in table.columns if (table.name, one.name) != ("reward_line", "id")]
        rows = db.session.execute(select(*columns).order_by(*table.primary_key.columns)).all()
        digests[table.name] = hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()
    return digests


def test_the_same_seed_on_the_same_day_gives_the_same_rows_on_both_engines(
    _applications: Callable[..., tuple[Flask, TestDatabase]], clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    """Early on the one, late on the other; every row of every table."""
    digests = []
    for engine, moment in (("sqlite", "2026-11-24 08:15"), ("postgresql", "2026-11-24 22:50")):
        app, database = _applications(engine)
        monkeypatch.setitem(app.config, "AUDIT_KEY", "one key for both")
        monkeypatch.setitem(app.config, "EVENT_KEY", "another for both")
        monkeypatch.setitem(app.config, "BANK_KEYS", ("a third for both",))
        with app.app_context():
            database.renew()
            loaded(clock, moment)
            digests.append(digest_of_tables())
            db.session.remove()
            db.engine.dispose()
    assert len(set(digests[0].values())) > 40  # tables with rows in them
    assert digests[0] == digests[1]


def test_a_second_load_is_refused(app: Flask, clock: Clock):
    from labshare.demonstration.errors import DatabaseNotEmpty, NotInProduction

    with transaction() as session:
        session.add(Person(email="someone@test.example", name="某人", created_at=clock.now))
    with pytest.raises(DatabaseNotEmpty):
        loaded(clock)
    app.config["PRODUCTION"] = True
    with pytest.raises(NotInProduction):
        loaded(clock)


# --- several counties --------------------------------------------------------------------------------------------

THREE = Scale("three", counties=3, clients=300, bookings=900, labs=20)


def test_counties_drawn_apart_keep_every_invariant_and_leave_the_first_as_it_is_alone(
    app: Flask, clock: Clock, database: TestDatabase
):
    clock.set(MOMENTS[0])
    loaded(clock, scale=THREE)
    assert not list(violations(clock.now))
    assert audit.verify(clock.now, key=app.config["AUDIT_PUBLIC_KEY"]) is None
    assert audit.seal(clock.now, key=app.config["AUDIT_KEY"]) == 0
    counties = Counter(db.session.scalars(select(Lab.division)))
    assert len(counties) == 3
    assert set(counties.values()) == {20}
    of_county = Counter(db.session.scalars(select(Lab.division).join(Booking, Booking.lab_id == Lab.id)))
    assert all(of_county[division] > 100 for division in counties)
    home = _refs_of("330624")
    assert len({ref for division in counties for ref in _refs_of(division)}) == of_county.total()
    db.session.remove()
    db.engine.dispose()
    database.renew()
    loaded(clock, scale=replace(THREE, counties=1))
    assert _refs_of("330624") == home


def _refs_of(division: str) -> list[str]:
    query = select(Booking.ref).join(Lab, Lab.id == Booking.lab_id).where(Lab.division == division)
    return list(db.session.scalars(query.order_by(Booking.id)))
