"""Every predicate of a model says in Python what it says in SQL, on either engine; and where rules, guards or set-based
statements spell one anew, they say the same."""

import inspect
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, Date, String, delete, literal, select, type_coerce
from sqlalchemy import inspect as mapped
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.hybrid import HybridExtensionType
from sqlalchemy.orm import aliased

from labshare.booking.models import Holding
from labshare.booking.queries.gaps import Asked, free_units, gaps, moment
from labshare.booking.terms import BookingState, ChargeState, HoldingKind, Party, ProposalState
from labshare.catalogue.models import Fee, LabAdmission
from labshare.catalogue.queries.admissions import admission_spans
from labshare.catalogue.terms import LifeState
from labshare.kernel.database import Base, UtcDateTime, db
from labshare.kernel.months import Month
from labshare.organisations.models import Affiliation
from labshare.rewards.models import Policy
from labshare.rewards.policy import Policy as PolicyRules
from labshare.rewards.terms import ListState, ObjectionVerdict, PolicyState, RunState
from labshare.settlement.models import Invoice, InvoiceLine, Report
from labshare.settlement.queries.reports import stands_on
from labshare.settlement.rules.documents import Documents, InvoiceDocument, ReportDocument
from labshare.settlement.terms import DisputeState, PayerVerdict
from tests import factories
from tests.settlement.world import World

FIRST_DAY, FIRST_MOMENT = date(2026, 11, 24), datetime(2026, 11, 24, tzinfo=UTC)
DAYS = st.integers(0, 4).map(lambda n: FIRST_DAY + timedelta(days=n))
MOMENTS = st.integers(0, 4).map(lambda n: FIRST_MOMENT + timedelta(days=n))
MONTHS = st.integers(1, 5).map(lambda n: Month(2026, n))
ARGUMENTS: dict[str, st.SearchStrategy[Any]] = {"day": DAYS, "moment": MOMENTS, "month": MONTHS}
"""What predicates are asked for, by the name of the parameter."""
STATES = {
    "booking": BookingState,
    "charge": ChargeState,
    "proposal": ProposalState,
    "policy": PolicyState,
    "reward_run": RunState,
    "assessment_list": ListState,
    "lab": LifeState,
    "instrument": LifeState,
    "test_item": LifeState,
    "dispute": DisputeState,
}
KINDS = {"holding": HoldingKind}
VERDICTS = {"payment": PayerVerdict, "objection": ObjectionVerdict}
ANY_ROWS = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def hybrids(model: type[Any]) -> list[tuple[str, str | None]]:
    """(name, parameter) of each predicate of a model; none where it is a property."""
    found = []
    for described in mapped(model).all_orm_descriptors.values():
        if described.extension_type is HybridExtensionType.HYBRID_METHOD:
            found.append((described.func.__name__, list(inspect.signature(described.func).parameters)[1]))
        elif described.extension_type is HybridExtensionType.HYBRID_PROPERTY:
            found.append((described.fget.__name__, None))
    return sorted({(name, parameter) for name, parameter in found if not name.startswith("_")}, key=str)


MODELS = sorted(
    (mapper.class_ for mapper in Base.registry.mappers if hybrids(mapper.class_)), key=lambda model: model.__name__
)


def values_of(column: Column[Any]) -> st.SearchStrategy[Any]:
    """Few values, so that they meet."""
    table, kind = str(column.table), column.type
    if column.name == "state" and table in STATES:
        chosen: st.SearchStrategy[Any] = st.sampled_from(list(STATES[table]))
    elif column.name == "kind" and table in KINDS:
        chosen = st.sampled_from(list(KINDS[table]))
    elif column.name.endswith("_side"):
        chosen = st.sampled_from(list(Party.sides()))
    elif column.name in ("verdict", "payer_verdict") and table in VERDICTS:
        chosen = st.sampled_from(list(VERDICTS[table]))
    elif isinstance(kind, UtcDateTime):
        chosen = MOMENTS
    elif isinstance(kind, Date):
        chosen = DAYS
    elif isinstance(kind, Boolean):
        chosen = st.booleans()
    elif isinstance(kind, String):
        chosen = MONTHS.map(str)
    else:
        chosen = st.integers(0, 3)
    return st.none() | chosen if column.nullable else chosen


def columns_of(model: type[Any]) -> Iterator[Column[Any]]:
    """Those that predicates go by: dates, moments, months, states, sides, amounts."""
    for column in mapped(model).columns:
        name, kind = column.name, column.type
        worded = name.endswith(("state", "side", "verdict", "kind")) or name.startswith("effective")
        if (
            isinstance(kind, UtcDateTime | Date | Boolean)
            or worded
            or name.endswith(("fen", "proposed_by", "superseded_by_id", "missing_minutes", "invoice_id"))
        ):
            yield column


def row_of(model: type[Any], data: st.DataObject) -> dict[str, Any]:
    values = {column.name: data.draw(values_of(column), column.name) for column in columns_of(model)}
    if model is Affiliation:  # an end has its day, within the recorded ones
        assume((values["ended_at"] is None) == (values["ended_on"] is None))
        assume(None in (values["ended_on"], values["valid_to"]) or values["ended_on"] <= values["valid_to"])
    return values


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@ANY_ROWS
@given(data=st.data())
def test_python_and_sql_agree(app: Flask, model: type[Any], data: st.DataObject) -> None:
    values = row_of(model, data)
    row = model(**values)
    types = {column.name: column.type for column in columns_of(model)}
    stored = select(*(type_coerce(literal(values[name], kind), kind).label(name) for name, kind in types.items()))
    inner = aliased(model, stored.subquery(), adapt_on_names=True)
    said, asked = {}, []
    for name, parameter in hybrids(model):
        given_ = () if parameter is None else (data.draw(ARGUMENTS[parameter], parameter),)
        on_row, in_sql = getattr(row, name), getattr(inner, name)
        said[name] = on_row if parameter is None else on_row(*given_)
        asked.append((in_sql if parameter is None else in_sql(*given_)).label(name))
    found = db.session.execute(select(*asked)).one()._mapping
    assert {name: bool(found[name]) for name in said} == said


def test_every_dated_model_is_asked() -> None:
    assert {"Fee", "Accreditation", "Membership", "Holding", "Policy", "Report"} <= {one.__name__ for one in MODELS}


@given(first=MONTHS, last=st.none() | MONTHS, month=MONTHS)
def test_a_policy_governs_as_its_document_does(first: Month, last: Month | None, month: Month) -> None:
    row = Policy(effective_from=str(first), effective_to=str(last) if last else None)
    rules = object.__new__(PolicyRules)
    object.__setattr__(rules, "effective_from", first)
    object.__setattr__(rules, "effective_to", last)
    assert row.governs(month) == rules.governs(month)


@given(issued=DAYS, withdrawn=st.none() | DAYS, day=DAYS)
def test_a_report_is_kept_as_the_rule_says(issued: date, withdrawn: date | None, day: date) -> None:  # R-PAPER-3
    documents = Documents((), (ReportDocument(id=1, day=issued, replaces=None, withdrawn_on=withdrawn),), (), ())
    assert Report(issued_on=issued, withdrawn_on=withdrawn).not_withdrawn_on(day) == bool(documents.standing(day))


SPANS = st.tuples(DAYS, st.none() | DAYS).filter(lambda span: span[1] is None or span[0] <= span[1])


@ANY_ROWS
@given(one=SPANS, other=SPANS)
def test_the_guard_refuses_fees_of_one_day(
    app: Flask, one: tuple[date, date | None], other: tuple[date, date | None]
) -> None:
    item = factories.test_item(factories.instrument(factories.lab()))
    db.session.execute(delete(Fee))
    fees = [
        Fee(
            test_item_id=item.id,
            basis="sample",
            amount_fen=1,
            minimum_fen=0,
            valid_from=first,
            valid_to=last,
            created_at=factories.LONG_AGO,
        )
        for first, last in (one, other)
    ]
    days = [FIRST_DAY + timedelta(days=n) for n in range(6)]
    both = any(fees[0].in_force_on(day) and fees[1].in_force_on(day) for day in days)
    db.session.add(fees[0])
    db.session.flush()
    try:
        db.session.add(fees[1])
        db.session.flush()
        refused = False
    except IntegrityError:
        refused = True
    db.session.rollback()
    assert refused == both


@ANY_ROWS
@given(span=SPANS, confirmed=st.none() | MOMENTS, day=DAYS)
def test_days_of_an_admission_are_those_on_which_it_holds(
    app: Flask, span: tuple[date, date | None], confirmed: datetime | None, day: date
) -> None:  # R-COUNTY-4
    lab = factories.lab(admitted=False)
    row = LabAdmission(
        lab_id=lab.id,
        division="330624",
        admitted_from=span[0],
        suspended_from=span[1],
        confirmed_at=confirmed,
        entered_at=FIRST_MOMENT,
        suspended_at=FIRST_MOMENT if span[1] else None,
    )
    db.session.add(row)
    db.session.flush()
    days = [spans for spans in admission_spans("330624") if spans[0] == lab.id]
    holds = row.holds_on(day)
    db.session.rollback()
    assert any(first <= day <= last for _lab, first, last in days) == holds


# -- statements that spell a predicate for many rows at once


HOURS = st.integers(0, 8)
"""After `FIRST_MOMENT`; few, so that ends meet."""
LAPSES = st.none() | st.integers(-1, 1).map(lambda n: FIRST_MOMENT + timedelta(days=1, hours=n))
NOW = FIRST_MOMENT + timedelta(days=1)


@st.composite
def holdings_of_a_unit(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to three that do not overlap; each may have lapsed at `NOW`."""
    ends = sorted(draw(st.sets(HOURS, max_size=6)))
    spans = zip(ends[::2], ends[1::2], strict=False)
    return [
        {
            "starts_at": FIRST_MOMENT + timedelta(hours=first),
            "ends_at": FIRST_MOMENT + timedelta(hours=last),
            "expires_at": draw(LAPSES),
        }
        for first, last in spans
    ]


@ANY_ROWS
@given(rows=holdings_of_a_unit(), asked=st.lists(HOURS, min_size=2, max_size=2, unique=True).map(sorted))
def test_a_unit_is_free_but_for_the_holdings_that_count(
    app: Flask, rows: list[dict[str, Any]], asked: list[int]
) -> None:  # R-TIME-14
    instrument = factories.instrument(factories.lab())
    held = [
        factories.add(
            Holding(instrument_id=instrument.id, unit=1, kind="maintenance", created_at=FIRST_MOMENT, **values)
        )
        for values in rows
    ]
    counting = [one for one in held if one.counts_at(NOW)]
    since, until = (FIRST_MOMENT + timedelta(hours=hours) for hours in asked)
    taken = any(one.starts_at < until and since < one.ends_at for one in counting)
    free = free_units([Asked(0, instrument.id, since, until)], NOW)
    found = gaps([Asked(0, instrument.id, since, until, "+0 seconds")], NOW, None).get((0, 1), [])
    begins = {one.ends_at for one in counting if since < one.ends_at < until}
    after = {
        begin: min((one.starts_at for one in counting if begin <= one.starts_at), default=None) for begin in begins
    }
    said = {moment(begin): end and moment(end) for begin, end in found}
    db.session.rollback()
    assert (0 in free) != taken
    assert {begin: end for begin, end in said.items() if begin < until} == after


@ANY_ROWS
@given(data=st.data())
def test_the_reports_that_stand_are_those_of_the_rule(reported: World, data: st.DataObject) -> None:  # R-PAPER-3
    db.session.rollback()  # an example may have been given up half way
    file_id = db.session.scalars(select(Report.file_id)).one()
    day, rows, standing = data.draw(DAYS, "day"), [], []
    for number in range(data.draw(st.integers(1, 4), "reports")):
        place = data.draw(st.sampled_from([None, *range(len(standing))]), "replaces")
        replaced = None if place is None else standing.pop(place)
        rows.append(
            factories.add(
                Report(
                    booking_id=reported.id,
                    lab_id=reported.lab.id,
                    number=f"R-{number}",
                    issued_on=data.draw(DAYS, "issued"),
                    replaces_id=replaced,
                    file_id=file_id,
                    withdrawn_on=data.draw(st.none() | DAYS, "withdrawn"),
                    recorded_at=FIRST_MOMENT,
                )
            )
        )
        standing.append(rows[-1].id)
    papers = tuple(
        ReportDocument(id=row.id, day=row.issued_on, replaces=row.replaces_id, withdrawn_on=row.withdrawn_on)
        for row in rows
    )
    found = set(db.session.scalars(select(Report.id).where(stands_on(day), Report.number.startswith("R-"))))
    db.session.rollback()
    assert found == {one.id for one in Documents(reports=papers).standing(day)}


@ANY_ROWS
@given(data=st.data())
def test_the_guard_refuses_a_red_letter_above_what_is_left(reported: World, data: st.DataObject) -> None:  # R-PAPER-6
    def line(number: int, amount: int, tax: int, reverses: int | None) -> InvoiceDocument:
        invoice = factories.add(
            Invoice(
                seller_firm_id=reported.host.id,
                client_firm_id=reported.client.id,
                number=f"I{number}",
                issued_on=FIRST_DAY,
            )
        )
        row = factories.add(
            InvoiceLine(
                invoice_id=invoice.id,
                booking_id=reported.id,
                amount_fen=amount,
                tax_fen=tax,
                reverses_id=reverses,
                recorded_at=FIRST_MOMENT,
            )
        )
        return InvoiceDocument(id=row.id, day=FIRST_DAY, amount_fen=amount, tax_fen=tax, reverses=reverses)

    db.session.rollback()  # an example may have been given up half way
    first = line(0, 4, 2, None)
    documents, refused = Documents(invoices=(first,)), None
    for number in range(1, data.draw(st.integers(1, 3), "red letters") + 1):
        amount = -data.draw(st.integers(1, 5), "amount")
        tax = -data.draw(st.integers(0, -amount), "tax")
        left = documents.left_of(first.id)
        fits = left.amount_fen + amount >= 0 and left.tax_fen + tax >= 0
        try:
            refused = False
            documents = Documents(invoices=(*documents.invoices, line(number, amount, tax, first.id)))
        except DBAPIError:
            refused = True
        assert refused != fits
        if refused:
            break
    db.session.rollback()


@pytest.fixture
def reported(app: Flask) -> World:
    """A booking with one report, of which nothing is drawn but its file."""
    world = World()
    world.report(number="first")
    return world
