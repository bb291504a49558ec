"""Reward policies, grades and the monthly runs of the past: made by the real services, at the moments they were due."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from labshare.booking.models import Booking
from labshare.booking.rules.time import WorkingDays
from labshare.demonstration.catalogue import ListedLab
from labshare.demonstration.loading import Loading
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db
from labshare.kernel.money import FEN_PER_WAN
from labshare.kernel.months import Month
from labshare.kernel.terms import OfficialRole
from labshare.notices.models import Notice, OutboxMail
from labshare.organisations.models import Firm
from labshare.organisations.services import declare_affiliation, enter_affiliation
from labshare.organisations.terms import AffiliationKind, AffiliationSource, FirmRole, SizeClass
from labshare.rewards.assessments import AssessmentList
from labshare.rewards.services.approve import approve, pay
from labshare.rewards.services.grades import GradeRow, confirm_grades, hand_over_grades, save_grades
from labshare.rewards.services.objections import answer_objection, raise_objection
from labshare.rewards.services.policies import draft_policy, publish_policy
from labshare.rewards.services.publish import publish
from labshare.rewards.services.run import run_month
from labshare.rewards.terms import BandKind, Cap, Grade, ObjectionVerdict, RewardUnit, Tax
from labshare.settlement.models import RevenueEntry

NOTICE_DAYS = 5
"""Working days of the demonstration policies."""
FIRST_POLICY_MONTHS = 6
"""After so many months the second policy follows the first."""
OBJECTIONS = {
    9: (
        "有两笔预约的委托方当月已由大型变为中型企业，申请复核。",
        "委托方规模以预约当日为准，当日仍为大型企业，不予调整。",
    ),
    5: ("红字发票为何记在当月，申请说明。", "红字发票按开具月份入账，原月份已关账，处理无误。"),
    2: ("部分收入因仪器原值不足未计入，申请核实原值。", "以仪器登记的原值为准，更正后计入以后月份。"),
}
"""By how many months ago: what a lab objected, what the officer answered."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """When the run of a month was calculated, published, approved and paid (or would be)."""

    month: Month
    calculated_at: datetime
    published_at: datetime
    approved_at: datetime
    paid_at: datetime


def _nth_working_day(days: WorkingDays, after: date, number: int) -> date:
    """The `number`-th working day after `after`."""
    day = after
    while number:
        day += timedelta(days=1)
        number -= days.is_working_day(day)
    return day


def due_of(loading: Loading, days: WorkingDays, month: Month) -> Due:
    """Calculated on the 1st at 02:00, published on the 6th working day, approved on the one after public notice."""
    last = month.last_day
    published = _nth_working_day(days, last, 6)
    approved = _nth_working_day(days, published, NOTICE_DAYS + 1)
    return Due(
        month=month,
        calculated_at=min(loading.at(last + timedelta(days=1), 2), loading.midnight),
        published_at=loading.at(published, 10, 5),
        approved_at=loading.at(approved, 9, 40),
        paid_at=loading.at(_nth_working_day(days, approved, 3), 15, 10),
    )


def schedule_months(loading: Loading, days: WorkingDays) -> None:
    """Which months' ledgers are closed, and since when: all but the last month's."""
    for month in loading.first_month.through(loading.month.plus(-2)):
        loading.closed[month] = due_of(loading, days, month).published_at


def policy_divisions(loading: Loading) -> list[str]:
    """One programme a county, or a province where there are several counties."""
    divisions = loading.scale.divisions
    return [divisions[0]] if len(divisions) == 1 else sorted({division[:2] for division in divisions})


def _grades(loading: Loading, division: str, labs: list[ListedLab]) -> dict[Month, list[GradeRow]]:
    """Every grade, by the month from which it holds: one before the data begin, for some a new one in mid-year; a few
    labs are not graded."""
    rng = loading.rng(f"grades/{division}")
    lists: dict[Month, list[GradeRow]] = {}
    for number, lab in enumerate(labs):
        grade = rng.choices(("excellent", "good", "qualified", "unqualified", None), (16, 46, 24, 6, 8))[0]
        if number < 5:
            grade = tuple(Grade)[number]
        if grade:
            lists.setdefault(loading.first_month, []).append(_graded(lab, grade, number))
        if rng.random() < 0.3:
            grade = rng.choices((Grade.EXCELLENT, Grade.GOOD, Grade.QUALIFIED), (3, 5, 2))[0]
            lists.setdefault(loading.month.plus(-4), []).append(_graded(lab, grade, number))
    return lists


def _graded(lab: ListedLab, grade: str, number: int) -> GradeRow:
    scores: dict[str, int] = {Grade.EXCELLENT: 90, Grade.GOOD: 80, Grade.QUALIFIED: 62, Grade.UNQUALIFIED: 46}
    score = scores.get(grade)
    reason = "投入运行未满一年，未参加考核" if score is None else f"考核得分 {score + number % 9} 分"
    return GradeRow(lab.id, grade, reason)


def _steps(*steps: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"from_fen": fen, "rate": rate} for fen, rate in steps]


def first_policy(loading: Loading, division: str) -> dict[str, Any]:
    """By instrument, the highest band on everything; neighbours' firms count too."""
    return {
        "name": "共享仪器开放服务奖励办法（演示）",
        "legal_basis": "演示政策，非正式文件",
        "division": division,
        "effective_from": str(loading.first_month),
        "effective_to": str(loading.first_month.plus(FIRST_POLICY_MONTHS - 1)),
        "tax": Tax.EXCLUDED,
        "clients": {"sizes": [SizeClass.SMALL, SizeClass.MICRO], "divisions": ["33"], "exclude_related": True},
        "instruments": {"min_original_value_fen": 5 * FEN_PER_WAN},
        "exclude_statutory": True,
        "unit": RewardUnit.INSTRUMENT,
        "threshold_fen": 300_000,
        "bands": {"kind": BandKind.HIGHEST, "steps": _steps((0, "0.08"), (5_000_000, "0.10"))},
        "grades": {
            Grade.EXCELLENT: "1.2",
            Grade.GOOD: "1.0",
            Grade.QUALIFIED: "0.8",
            Grade.UNQUALIFIED: "0",
            Grade.UNGRADED: "1.0",
        },
        "caps": dict.fromkeys(Cap) | {Cap.INSTRUMENT: 3_000_000, Cap.LAB: 15_000_000, Cap.FIRM: 40_000_000},
        "budget_year_fen": None,
        "publicity_working_days": NOTICE_DAYS,
    }


def second_policy(loading: Loading, division: str) -> dict[str, Any]:
    """By lab, each rate on its part; clients of the county alone, instruments from 200,000 yuan."""
    return {
        "name": "共享实验室奖励办法（演示）",
        "legal_basis": "演示政策，非正式文件",
        "division": division,
        "effective_from": str(loading.first_month.plus(FIRST_POLICY_MONTHS)),
        "effective_to": str(_policy_end(loading)),
        "tax": Tax.INCLUDED,
        "clients": {"sizes": list(SizeClass.smes()), "divisions": [division], "exclude_related": True},
        "instruments": {"min_original_value_fen": 20 * FEN_PER_WAN},
        "exclude_statutory": True,
        "unit": RewardUnit.LAB,
        "threshold_fen": 1_000_000,
        "bands": {"kind": BandKind.MARGINAL, "steps": _steps((0, "0.10"), (30_000_000, "0.15"))},
        "grades": {
            Grade.EXCELLENT: "1.2",
            Grade.GOOD: "1.0",
            Grade.QUALIFIED: "0.8",
            Grade.UNQUALIFIED: "0",
            Grade.UNGRADED: "1.0",
        },
        "caps": dict.fromkeys(Cap) | {Cap.LAB: 12_000_000, Cap.FIRM: 30_000_000},
        "budget_year_fen": 600_000_000,
        "publicity_working_days": NOTICE_DAYS,
    }


def _policy_end(loading: Loading) -> Month:
    """The next end of a year that is still to come."""
    return Month(loading.month.plus(1).year, 12)


def _next_policy(loading: Loading, division: str) -> dict[str, Any]:
    following = _policy_end(loading).next
    return {
        **second_policy(loading, division),
        "name": f"共享实验室奖励办法（演示，{following.year} 年）",
        "effective_from": str(following),
        "effective_to": None,
        "threshold_fen": 500_000,
    }


class Office:
    """The regulators at work in the past: each verb at its moment, the trail written up to there first."""

    def __init__(self, loading: Loading, days: WorkingDays, labs: list[ListedLab]) -> None:
        self.loading, self.days, self.labs = loading, days, labs
        self.officer, self.approver = (
            Actor(person_id=loading.accounts[role]["id"], roles=frozenset({role}), divisions=frozenset({(role, "")}))
            for role in (OfficialRole.OFFICER, OfficialRole.APPROVER)
        )

    def run(self, at_last: Callable[[], None]) -> None:
        """Do what was due until midnight; `at_last` what is told of the last days."""
        loading = self.loading
        for at, act in self.acts():
            loading.trail.catch_up(at)
            act(at)
            db.session.flush()
        loading.trail.catch_up(loading.midnight)
        at_last()
        self._tidy()

    def acts(self) -> list[tuple[datetime, Callable[[datetime], Any]]]:
        """Policies, then month after month what was due until midnight, in order of time."""
        loading = self.loading
        acts: list[tuple[datetime, Callable[[datetime], Any]]] = []
        for division in policy_divisions(loading):
            acts += self._policies(division)
            for month in loading.first_month.through(loading.month.previous):
                acts += self._month(division, month)
        for division in loading.scale.divisions:
            acts += self._grade_lists(division)
        acts += [self._late_affiliation(), self._touching_declaration()]
        return sorted((each for each in acts if each[0] <= loading.midnight), key=lambda each: each[0])

    def _policies(self, division: str) -> list[tuple[datetime, Callable[[datetime], Any]]]:
        loading = self.loading
        acts: list[tuple[datetime, Callable[[datetime], Any]]] = []
        starts = (loading.first_month, loading.first_month.plus(FIRST_POLICY_MONTHS))
        for make, month in zip((first_policy, second_policy), starts, strict=True):
            drafted: list[int] = []
            document = make(loading, division)
            day = month.previous.last_day - timedelta(days=20)
            acts.append(
                (
                    loading.at(day, 10),
                    lambda now, d=document, made=drafted: made.append(
                        draft_policy(actor=self.officer, now=now, document=d, demonstration=True).id
                    ),
                )
            )
            acts.append(
                (
                    loading.at(day + timedelta(days=5), 15),
                    lambda now, made=drafted: publish_policy(actor=self.approver, now=now, policy_id=made[0]),
                )
            )
        acts.append(
            (
                loading.at(loading.today - timedelta(days=3), 11),
                lambda now: draft_policy(
                    actor=self.officer, now=now, document=_next_policy(loading, division), demonstration=True
                ),
            )
        )
        return acts

    def _grade_lists(self, division: str) -> list[tuple[datetime, Callable[[datetime], Any]]]:
        """The lists of a county, entered by an officer and confirmed by the approver; the last one still waits."""
        loading = self.loading
        labs = [lab for lab in self.labs if lab.division == division]
        lists = [
            (month.previous.last_day - timedelta(days=6), month, rows)
            for month, rows in sorted(_grades(loading, division, labs).items())
        ]
        acts: list[tuple[datetime, Callable[[datetime], Any]]] = []
        for day, month, rows in lists:
            acts += self._grade_list(division, day, month, rows)
            acts.append(
                (
                    loading.at(day + timedelta(days=1), 10),
                    lambda now, d=division, m=month: confirm_grades(
                        actor=self.approver, now=now, list_id=self._latest(d, m), version=1
                    ),
                )
            )
        if division == loading.scale.divisions[0]:
            waiting = [
                _graded(lab, (Grade.GOOD, Grade.EXCELLENT, Grade.QUALIFIED)[n % 3], n)
                for n, lab in enumerate(labs[5:17])
            ]
            acts += self._grade_list(division, loading.today - timedelta(days=2), loading.month.next, waiting)
            begun = [_graded(lab, Grade.GOOD, n) for n, lab in enumerate(labs[17:19])]
            acts.append(
                (
                    loading.at(loading.today - timedelta(days=1), 16),
                    lambda now: save_grades(
                        actor=self.officer,
                        now=now,
                        division=division,
                        year=loading.month.year,
                        effective_month=loading.month.plus(2),
                        rows=begun,
                    ),
                )
            )
        return acts

    def _grade_list(
        self, division: str, day: date, month: Month, rows: list[GradeRow]
    ) -> list[tuple[datetime, Callable[[datetime], Any]]]:
        return [
            (
                self.loading.at(day, 16),
                lambda now: save_grades(
                    actor=self.officer,
                    now=now,
                    division=division,
                    year=month.previous.year,
                    effective_month=month,
                    rows=rows,
                ),
            ),
            (
                self.loading.at(day, 16, 40),
                lambda now: hand_over_grades(
                    actor=self.officer, now=now, list_id=self._latest(division, month), version=1
                ),
            ),
        ]

    def _latest(self, division: str, month: Month) -> int:
        """The list of a county that is in force from a month."""
        wanted = select(AssessmentList.id).where(
            AssessmentList.division == division, AssessmentList.effective_month == str(month)
        )
        return db.session.scalars(wanted).one()

    def _month(self, division: str, month: Month) -> list[tuple[datetime, Callable[[datetime], Any]]]:
        loading, due = self.loading, due_of(self.loading, self.days, month)
        case = {"month": month, "division": division}
        acts: list[tuple[datetime, Callable[[datetime], Any]]] = [
            (due.calculated_at, lambda now: run_month(actor=SYSTEM, now=now, **case)),
        ]
        ago = (loading.month.year - month.year) * 12 + loading.month.number - month.number
        if ago == 1:  # ready to be published
            acts.append((loading.midnight, lambda now: run_month(actor=self.officer, now=now, **case)))
        if ago >= 2:
            # what was recorded since the night of the 1st, up to the very moment: offices are open
            acts.append((due.published_at, lambda now: run_month(actor=self.officer, now=now, **case)))
            acts.append((due.published_at, lambda now: publish(actor=self.officer, now=now, **case)))
            if ago in OBJECTIONS:
                acts += self._objection(due, case, *OBJECTIONS[ago])
        if ago >= 3:
            acts.append((due.approved_at, lambda now: approve(actor=self.approver, now=now, **case)))
        if ago >= 4:
            reference = f"拨付 {month}-{division}"
            acts.append(
                (
                    due.paid_at,
                    lambda now: pay(actor=self.officer, now=now, paid_on=loading.day(now), reference=reference, **case),
                )
            )
        return acts

    def _objection(self, due: Due, case: dict[str, Any], text: str, answer: str) -> Any:
        """A lab objects in public notice, and the officer rejects it."""
        first, last = due.month.first_day, due.month.last_day
        admitted = [
            lab
            for lab in self.labs
            if lab.division.startswith(case["division"])
            and any(since <= first and (until is None or until > last) for since, until in lab.admitted)
        ]
        lab = admitted[due.month.number % len(admitted)]
        by = Actor(person_id=lab.manager_id, firm_id=lab.firm_id, roles=frozenset({FirmRole.LAB_MANAGER}))
        made: list[int] = []
        raised = due.published_at + timedelta(days=1, hours=3)
        return [
            (
                raised,
                lambda now: made.append(raise_objection(actor=by, now=now, lab=lab.code, text=text, **case).id),
            ),
            (
                raised + timedelta(hours=26),
                lambda now: answer_objection(
                    actor=self.officer, now=now, objection_id=made[0], verdict=ObjectionVerdict.REJECTED, text=answer
                ),
            ),
        ]

    def _late_affiliation(self) -> tuple[datetime, Callable[[datetime], Any]]:
        """Found after one run was approved and before the next was calculated: it counts from then on."""
        loading = self.loading
        host, found = loading.late_affiliation
        month = loading.month.plus(-2)
        approved = due_of(loading, self.days, month.previous).approved_at
        at = max(loading.at(month.last_day - timedelta(days=3), 15, 20), approved + timedelta(hours=5))
        return at, lambda now: enter_affiliation(
            actor=self.officer,
            now=now,
            firm_id=host.id,
            other_uscc=found.row["uscc"],
            kind=AffiliationKind.SHARES_OWNER,
            valid_from=loading.first_day - timedelta(days=500),
            source=AffiliationSource.INSPECTION,
            note="核查发现持股 30%",
        )

    def _touching_declaration(self) -> tuple[datetime, Callable[[datetime], Any]]:
        """A firm with labs declares its best client of published months: an officer has to decide."""
        loading = self.loading
        host = loading.hosts[0]
        at = loading.at(loading.today - timedelta(days=2), 11, 5)
        owner = Actor(person_id=host.owner["id"], firm_id=host.id, roles=frozenset({FirmRole.OWNER}))
        known = {client.id for client in loading.related.get(host.id, ())}

        def declare(now: datetime) -> None:
            best = db.session.execute(
                select(Firm.id, Firm.uscc)
                .join(Booking, Booking.client_firm_id == Firm.id)
                .join(RevenueEntry, RevenueEntry.booking_id == Booking.id)
                .where(Booking.lab_firm_id == host.id, Firm.id != host.id, Firm.id.not_in(known))
                .group_by(Firm.id, Firm.uscc)
                .order_by(func.sum(RevenueEntry.amount_fen).desc(), Firm.id)
                .limit(1)
            ).first()
            if best is not None:
                declare_affiliation(
                    actor=owner,
                    now=now,
                    firm_id=host.id,
                    other_uscc=best.uscc,
                    kind=AffiliationKind.FAMILY,
                    valid_from=loading.first_day,
                    note="实际控制人为亲属",
                )

        return at, declare

    def _tidy(self) -> None:
        """What was told in the past has been sent, and read but for the last days."""
        recent = self.loading.midnight - timedelta(days=10)
        db.session.execute(update(OutboxMail).values(sent_at=OutboxMail.created_at, attempts=1))
        db.session.execute(update(Notice).values(mail_due=False))
        db.session.execute(update(Notice).where(Notice.created_at < recent).values(read_at=Notice.created_at))
