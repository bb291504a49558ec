"""Test reports: recorded with their PDF, replaced, withdrawn."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from labshare.audit.services import record
from labshare.booking.errors import IllegalStep, MarkNotCovered
from labshare.booking.models import Booking
from labshare.booking.queries.marks import Certificate
from labshare.booking.terms import BookingState
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, insert_or_nothing, inserts_or_nothing, set_columns
from labshare.kernel.errors import Problem, ReasonRequired, raise_all
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.settlement.errors import (
    FileMissing,
    FileNotTaken,
    FileTwice,
    MarkWithoutStandard,
    NoSuchBooking,
    ReplacesUnknownReport,
    ReportNumberUsed,
    ReportReplacedAlready,
    ReportStands,
    ReportWithdrawnAlready,
    StandardNotOfItem,
    TooManyFiles,
)
from labshare.settlement.files import TakenFile, store
from labshare.settlement.models import Report, ReportMark, ReportSeries
from labshare.settlement.queries.reports import certificates_for, series_of
from labshare.settlement.rules import rows
from labshare.settlement.rules.documents import check_report
from labshare.settlement.rules.numbers import Series, new_code
from labshare.settlement.services.ledger import locked_booking, locked_bookings, ref_of, refresh
from labshare.settlement.services.notifications.documents import report_recorded, report_withdrawn
from labshare.settlement.services.typed_text import check_line, check_text
from labshare.settlement.terms import EntryCause

NUMBER_LENGTH = 40
REASON_LENGTH = 500
RAW_AT_MOST = 10
"""Files of raw data beside a report."""
_SERIES = inserts_or_nothing(ReportSeries, ReportSeries.last)


@verb("report.record", title=_l("Report uploaded"), money=True)
def record_report(
    *,
    actor: Actor,
    now: datetime,
    ref: str,
    issued_on: date,
    file: TakenFile | None,
    number: str | None = None,
    replaces: int | None = None,
    why: str | None = None,
    standard: str | None = None,
    marks: Collection[str] = (),
    raw: Sequence[TakenFile] = (),
) -> Report:
    """Record the report of a finished test, with its PDF.

    `number`: None takes the next of the lab's series of that year; the lab's own is taken as typed (R-RESULT-1).
    `replaces`: id of this booking's report that the new one stands for from its date on, `why` in words (R-RESULT-2).
    `standard`: the number of the one it was tested by; `marks`: the accreditations whose mark it bears, each to cover
    that standard on every day of the test (R-RESULT-3).
    `raw`: data beside it (R-RESULT-6). Raises `IllegalStep` before `tested`, `DocumentInFuture`, `ReportTooEarly`,
    `ReportNumberUsed`, `NotNextInSeries`, `ReplacesUnknownReport`, `ReportReplacedAlready`, `ReasonTooLong`,
    `StandardNotOfItem`, `MarkWithoutStandard`, `MarkNotCovered`, `FileMissing`, `TooManyFiles`, `FileNotTaken` and what
    `take_in` found (R-PAPER-2).
    """
    booking = locked_booking(actor, "report.record", ref=ref)
    if booking.state not in BookingState.tested_or_later() or booking.finished_on is None:
        raise IllegalStep(state=BookingState(booking.state).label)
    why = ((why or "").strip() or None) if replaces is not None else None
    certificates = certificates_for(booking) if marks else []
    standard_id = (
        None if standard is None else {each.number: each.id for each in booking.test_item.standards}.get(standard)
    )
    problems = [*_wrong_file(file), *check_report(issued_on, today=local_day(now), finished_on=booking.finished_on)]
    problems += _wrong_successor(booking, replaces)
    if standard is not None and standard_id is None:
        problems.append(StandardNotOfItem())
    else:
        problems += _wrong_marks(booking, standard_id, marks, certificates)
    problems += _wrong_raw(raw)
    if why and (problem := check_text(why, REASON_LENGTH, "why")):
        problems.append(problem)
    try:
        given, serial = _numbered(booking.lab, issued_on.year, number)
    except Problem as problem:
        problems.append(problem)
    raise_all(problems)
    assert file is not None  # noqa: S101 - a missing file was raised above
    report = Report(
        **rows.report(
            booking.id,
            lab_id=booking.lab_id,
            number=given,
            issued_on=issued_on,
            replaces=replaces,
            file_id=store(file, actor=actor, now=now).id,
            by=actor.person_id,
            now=now,
            serial=serial,
            code=new_code(),
            why=why,
            standard_id=standard_id,
        )
    )
    report.marks = [
        ReportMark(kind=each.kind, accreditation_id=each.id, number=each.number)
        for each in _borne(certificates, standard_id, marks)
    ]
    report.raw = [store(each, actor=actor, now=now) for each in raw]
    try:
        with db.session.begin_nested():
            db.session.add(report)
            db.session.flush()
    except IntegrityError:
        raise ReportNumberUsed from None  # of the lab's own form, by another recording at the same moment
    after = rows.report_recorded(
        report.id,
        number=report.number,
        issued_on=issued_on,
        replaces=replaces,
        sha256=file.sha256,
        why=why,
        marks=[mark.kind for mark in report.marks],
        raw=[each.sha256 for each in raw],
    )
    record(actor, now, "report.record", ("booking", booking.ref), after=after)
    refresh(booking, actor=actor, now=now, cause=EntryCause.REPORT, cause_id=report.id)
    report_recorded(booking, report, actor=actor, now=now)
    return report


@dataclass(frozen=True, kw_only=True)
class ReportOfFile:
    """A file and the booking whose report it is; `number`: as for `record_report`. `place`: which of several it is."""

    place: int
    ref: str
    number: str | None
    file: TakenFile


def record_several(*, actor: Actor, now: datetime, files: Sequence[ReportOfFile], issued_on: date) -> list[Report]:
    """Record each as `record_report` does, for bookings that have no report; all or none. Numbers that were typed come
    first, in their order; of a test item with one standard that one is named (R-RESULT-5).

    Raises, each at `file-PLACE`: `NoSuchBooking`, `ReportStands`, `FileTwice` and what `record_report` raises.
    """
    known = select(Booking.ref).where(Booking.ref.in_({one.ref for one in files}), Booking.lab_firm_id == actor.firm_id)
    bookings = {
        booking.ref: booking
        for booking in locked_bookings(
            actor, "report.record", refs=db.session.scalars(known.order_by(Booking.id)).all()
        )
    }
    made, problems, seen = [], list[Problem](), set[str]()
    for one in sorted(files, key=lambda one: (one.number is None, one.number or "", one.place)):
        place, booking = f"file-{one.place}", bookings.get(one.ref)
        if booking is None:
            problems.append(NoSuchBooking(place))
        elif booking.state in BookingState.with_report():
            problems.append(ReportStands(place))
        elif one.file.sha256 in seen:
            problems.append(FileTwice(place))
        else:
            seen.add(one.file.sha256)
            standards = booking.test_item.standards
            try:
                made.append(
                    record_report(
                        actor=actor,
                        now=now,
                        ref=one.ref,
                        issued_on=issued_on,
                        file=one.file,
                        number=one.number,
                        standard=standards[0].number if len(standards) == 1 else None,
                    )
                )
            except Problem as problem:
                found = problem.problems
                for each in found:
                    each.field = place
                problems += found
    raise_all(problems)
    return made


@verb("report.withdraw", title=_l("Report withdrawn"), money=True)
def withdraw_report(*, actor: Actor, now: datetime, report_id: int, reason: str) -> Report:
    """Withdraw a report: from today on it stands no longer. What it replaced stays replaced.

    Raises `ReasonRequired`, `ReasonTooLong`, `ReportWithdrawnAlready`.
    """
    booking = locked_booking(actor, "report.record", ref=ref_of(Report, report_id))
    report = db.session.get_one(Report, report_id, populate_existing=True)
    reason = reason.strip()
    if report.withdrawn:
        raise ReportWithdrawnAlready
    if not reason:
        raise ReasonRequired
    if problem := check_text(reason, REASON_LENGTH, "reason"):
        raise problem
    set_columns(report, rows.withdrawal(today=local_day(now), reason=reason))
    before, after = rows.report_withdrawn(report.id, today=local_day(now), reason=reason)
    record(actor, now, "report.withdraw", ("booking", booking.ref), before=before, after=after)
    refresh(booking, actor=actor, now=now, cause=EntryCause.REPORT, cause_id=report.id)
    report_withdrawn(booking, report, actor=actor, now=now)
    return report


def _wrong_file(file: TakenFile | None) -> Iterator[Problem]:
    if file is None:
        yield FileMissing()
    elif file.problem is not None:
        yield file.problem


def _wrong_raw(raw: Sequence[TakenFile]) -> Iterator[Problem]:
    if len(raw) > RAW_AT_MOST:
        yield TooManyFiles("raw", n=RAW_AT_MOST)
    for each in raw:
        if each.problem is not None:
            yield FileNotTaken("raw", name=each.name, problem=each.problem.text)


def _wrong_successor(booking: Booking, replaces: int | None) -> Iterator[Problem]:
    if replaces is None:
        return
    if db.session.scalar(select(Report.id).where(Report.id == replaces, Report.booking_id == booking.id)) is None:
        yield ReplacesUnknownReport()
    elif db.session.scalar(select(Report.id).where(Report.replaces_id == replaces)) is not None:
        yield ReportReplacedAlready()


def _wrong_marks(
    booking: Booking, standard_id: int | None, marks: Collection[str], certificates: Sequence[Certificate]
) -> Iterator[Problem]:
    """The accreditation alone decides: what the lab wishes or the client ordered does not."""
    if standard_id is None and marks:
        yield MarkWithoutStandard()
    elif bare := set(marks) - {each.kind for each in certificates if each.standard_id == standard_id}:
        yield MarkNotCovered("marks", mark=" / ".join(sorted(bare)), date=booking.finished_on)


def _borne(
    certificates: Sequence[Certificate], standard_id: int | None, marks: Collection[str]
) -> Iterator[Certificate]:
    """Of each mark one certificate, the longest valid."""
    for kind in sorted(set(marks)):
        yield next(each for each in certificates if (each.kind, each.standard_id) == (kind, standard_id))


def _numbered(lab: Lab, year: int, typed: str | None) -> tuple[str, int | None]:
    """The number, and its serial if it is one of the lab's series. Raises `NumberNotReadable`, `ReportNumberUsed`,
    `NotNextInSeries`.

    The series goes on with this transaction or not at all, and until then nobody else takes a number of it: none is
    given twice, none is left out.
    """
    if typed is not None:
        typed = typed.strip()
        if problem := check_line(typed, NUMBER_LENGTH, "number"):
            raise problem
        if db.session.scalar(select(Report.id).where(Report.lab_id == lab.id, Report.number == typed)) is not None:
            raise ReportNumberUsed
        if not Series(lab.code, year).has_form(typed):
            return typed, None
    while True:
        series = series_of(lab, year, lock=True)
        serial = series.last + 1 if typed is None else series.serial_of(typed)
        if series.last == 0:
            begun = insert_or_nothing(_SERIES, {"lab_id": lab.id, "year": year, "first": serial, "last": serial})
            if begun.first() is None:  # another has begun it meanwhile
                continue
        elif serial > series.last:
            here = (ReportSeries.lab_id == lab.id, ReportSeries.year == year)
            db.session.execute(update(ReportSeries).where(*here).values(last=serial))
        return series.number(serial), serial
