"""Test reports: recorded with their PDF, replaced, withdrawn."""

from collections.abc import Iterator
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from labshare.audit.services import record
from labshare.booking.errors import IllegalStep
from labshare.booking.models import Booking
from labshare.booking.terms import BookingState
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, set_columns
from labshare.kernel.errors import Problem, ReasonRequired, raise_all
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.settlement.errors import (
    FileMissing,
    ReplacesUnknownReport,
    ReportNumberUsed,
    ReportReplacedAlready,
    ReportWithdrawnAlready,
)
from labshare.settlement.files import TakenFile, store
from labshare.settlement.models import Report
from labshare.settlement.queries.reports import next_report_number
from labshare.settlement.rules import rows
from labshare.settlement.rules.documents import check_report
from labshare.settlement.services import notifications
from labshare.settlement.services.ledger import locked_booking, ref_of, refresh
from labshare.settlement.services.typed_text import check_text, check_word
from labshare.settlement.terms import EntryCause

NUMBER_LENGTH = 40
REASON_LENGTH = 500


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
) -> Report:
    """Record the report of a finished test, with its PDF.

    `number`: the lab's own; None takes the next of the lab's series. `replaces`: id of this booking's report that the
    new one stands for from its date on. Raises `IllegalStep` before `tested`, `DocumentInFuture`, `ReportTooEarly`,
    `ReportNumberUsed`, `ReplacesUnknownReport`, `ReportReplacedAlready`, `FileMissing` and what `take_in` found
    (R-PAPER-2).
    """
    booking = locked_booking(actor, "report.record", ref=ref)
    if booking.state not in BookingState.tested_or_later() or booking.finished_on is None:
        raise IllegalStep(state=BookingState(booking.state).label)
    problems = [*_wrong_file(file), *check_report(issued_on, today=local_day(now), finished_on=booking.finished_on)]
    problems += _wrong_successor(booking, replaces)
    if number is not None:
        number = number.strip()
        problems += _wrong_number(booking.lab_id, number)
    raise_all(problems)
    assert file is not None  # noqa: S101 - a missing file was raised above
    report = _add_report(booking, number, issued_on, replaces, file, actor, now)
    record(
        actor,
        now,
        "report.record",
        ("booking", booking.ref),
        after=rows.report_recorded(
            report.id, number=report.number, issued_on=issued_on, replaces=replaces, sha256=file.sha256
        ),
    )
    refresh(booking, actor=actor, now=now, cause=EntryCause.REPORT, cause_id=report.id)
    notifications.report_recorded(booking, report, actor=actor, now=now)
    return report


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
    notifications.report_withdrawn(booking, report, actor=actor, now=now)
    return report


def _wrong_file(file: TakenFile | None) -> Iterator[Problem]:
    if file is None:
        yield FileMissing()
    elif file.problem is not None:
        yield file.problem


def _wrong_successor(booking: Booking, replaces: int | None) -> Iterator[Problem]:
    if replaces is None:
        return
    if db.session.scalar(select(Report.id).where(Report.id == replaces, Report.booking_id == booking.id)) is None:
        yield ReplacesUnknownReport()
    elif db.session.scalar(select(Report.id).where(Report.replaces_id == replaces)) is not None:
        yield ReportReplacedAlready()


def _wrong_number(lab_id: int, number: str) -> Iterator[Problem]:
    if problem := check_word(number, NUMBER_LENGTH, "number"):
        yield problem
    elif db.session.scalar(select(Report.id).where(Report.lab_id == lab_id, Report.number == number)) is not None:
        yield ReportNumberUsed()


def _add_report(
    booking: Booking,
    number: str | None,
    issued_on: date,
    replaces: int | None,
    file: TakenFile,
    actor: Actor,
    now: datetime,
) -> Report:
    """The row. A number that another recording took meanwhile: the next one, or `ReportNumberUsed` if it was given."""
    lab = db.session.get_one(Lab, booking.lab_id)
    stored = store(file, actor=actor, now=now)
    for _attempt in range(10):
        values = rows.report(
            booking.id,
            lab_id=lab.id,
            number=number or next_report_number(lab, issued_on.year),
            issued_on=issued_on,
            replaces=replaces,
            file_id=stored.id,
            by=actor.person_id,
            now=now,
        )
        report = Report(**values)
        try:
            with db.session.begin_nested():
                db.session.add(report)
                db.session.flush()
        except IntegrityError:
            if number is not None:
                raise ReportNumberUsed from None
        else:
            return report
    raise ReportNumberUsed
