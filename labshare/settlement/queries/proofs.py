"""A report proved by its number and its code, to whoever holds it (R-RESULT-4)."""

import unicodedata
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.settlement.models import Report
from labshare.settlement.rules.numbers import read_code
from labshare.settlement.terms import ReportState


@dataclass(frozen=True)
class Proof:
    """What is said of a report, and nothing of its client or its results. `successor` is the one
    that has taken its place by the day it is asked."""

    report: Report
    successor: Report | None

    @property
    def superseded_by(self) -> str | None:
        return self.successor.number if self.successor else None

    @property
    def state(self) -> ReportState:
        if self.report.withdrawn:
            return ReportState.WITHDRAWN
        return ReportState.IN_FORCE if self.successor is None else ReportState.SUPERSEDED


def prove(*, number: str, code: str, day: date) -> Proof:
    """The report with this number and code, as they are typed from paper. Two statements.

    Raises `NotFound`, alike whether the number is wrong, the code, or both.
    """
    successor = aliased(Report)
    loaded = (joinedload(part) for part in (Report.file, Report.standard, Report.lab))
    asked = select(Report, successor).outerjoin(successor, successor.replaces_id == Report.id)
    found = db.session.execute(asked.where(Report.code == read_code(code)).options(*loaded)).first()
    if found is None or _plain(found[0].number) != _plain(number):
        raise NotFound
    report, later = found
    return Proof(
        report,
        later if later is not None and later.issued_on <= day else None,
    )


def _plain(number: str) -> str:
    """Without spaces, in one width and case."""
    return "".join(unicodedata.normalize("NFKC", number).split()).casefold()
