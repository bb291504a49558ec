"""What waits for whom: the one table of it, and who counts what of it.

Each kind of thing has its select in the room that knows it; a line of `KINDS` says for whom it waits and on which page
it is done. The navigation's badges, the client's dashboard, the regulators' overview and their list of tasks count by
this table. What waits in a booking stands in `settlement.queries.waiting.WAITS`, by which the lists and the lab's page
of the day find their bookings.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import Select, bindparam, exists, select

from labshare.booking.queries.approvals import approvals_waiting
from labshare.booking.queries.desk import year_confirmed
from labshare.booking.queries.for_clients import waiting_for_us
from labshare.catalogue.models import Lab
from labshare.catalogue.queries.admissions import admissions_waiting
from labshare.catalogue.queries.applications import applications_waiting
from labshare.catalogue.queries.authorisations import authorisations_ending
from labshare.catalogue.queries.claims import claims_waiting
from labshare.catalogue.queries.proposals import proposals_waiting
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.shapes import NOW, TODAY, parameters, whoever
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.notices.queries import unread_of
from labshare.organisations import queries as organisations
from labshare.organisations.models import Firm
from labshare.organisations.permissions import may_anywhere
from labshare.organisations.queries.affiliations import affiliations_to_decide, changes_waiting
from labshare.rewards.models import RewardRun
from labshare.rewards.queries.grades import lists_handed_over, lists_sent_back
from labshare.rewards.queries.waiting import (
    corrections_to_confirm,
    corrections_waiting,
    objections_waiting,
    policies,
    runs_waiting,
)
from labshare.rewards.rules.parts import shown_state
from labshare.rewards.terms import RunState
from labshare.settlement.queries.contests import contests_waiting
from labshare.settlement.queries.disputes import disputes_to_decide
from labshare.settlement.queries.doubles import doubles_waiting
from labshare.settlement.queries.inquiries import to_answer, to_choose
from labshare.settlement.queries.missing import documents_waiting
from labshare.settlement.queries.payers import payers_waiting
from labshare.settlement.queries.reminders import clients_to_remind
from labshare.settlement.queries.waiting import WAITS, Wait, bookings_waiting

PERSON, FIRM, CLIENT, LAB, NOBODY = "person", "firm", "client", "lab", ""


@dataclass(frozen=True)
class Kind:
    """A kind of thing that waits."""

    name: str
    whose: str
    """A regulator's role; of the firm acted for, `client` its bookings, `lab` those of its labs, `firm` its documents;
    `person` for whoever is told."""
    page: str
    """The endpoint of the page where it is done."""
    count: Callable[[Actor, datetime], Select[Any]] | None = None
    """None: known by a rule, or by rows that are read anyway, not by SQL alone."""
    badge: bool = False
    """The navigation shows how many, at its page."""
    onlookers: str | None = None
    """The page for regulators of other roles, where they have another one; empty: none."""
    action: str = ""
    """Of what waits in a firm, who may do it: an action of the permission table."""
    line: LazyString | str = field(default="", compare=False)
    """How the daily digest calls it; empty: it is there already by another kind, or is no step of anybody's."""

    def page_for(self, roles: Collection[str]) -> str:
        return self.page if self.onlookers is None or self.whose in roles else self.onlookers


ADMIN, OFFICER, APPROVER = OfficialRole.ADMIN, OfficialRole.OFFICER, OfficialRole.APPROVER
_DONE = {
    "proposal": ("client.bookings", "booking.answer_proposal", _l("Proposed times to answer")),
    "charge": ("client.bookings", "charge.consent", _l("Changes of charge to agree to")),
    "samples": ("client.bookings", "booking.reschedule", _l("Bookings whose samples are due")),
    "disputed": ("client.bookings", "dispute.settle", _l("Answers to our disputes")),
    "payment": ("client.bookings", "charge.consent", _l("Bookings with something to pay")),
    "request": ("lab.requests", "booking.confirm", _l("Requests to answer")),
    "begin": ("lab.today", "booking.work", _l("Bookings that begin today or should have begun")),
    "work": ("lab.today", "booking.work", _l("Tests in the lab")),
    "report": ("lab.today", "report.record", _l("Finished tests that lack their report")),
    "dispute": ("lab.bookings", "dispute.answer", _l("Disputes to answer")),
    "invoice": ("lab.missing_documents", "invoice.record", _l("Bookings to invoice")),
}
"""Where what a booking waits for is done, who may do it, and how the digest calls it."""


def _in_bookings(wait: Wait) -> Kind:
    page, action, line = _DONE[wait.name]
    return Kind(
        wait.name,
        wait.whose,
        page,
        lambda actor, now: bookings_waiting(wait, actor.firm_id, now),
        badge=wait.name == "request",
        action=action,
        line=line,
    )


def _day_of(now: Any) -> Any:
    """The local day of a moment; of one that is a parameter of the statement, the day that is sent with it."""
    return TODAY if now is NOW else local_day(now)


KINDS = (
    Kind("unread", PERSON, "account.notices", lambda actor, _now: unread_of(actor.person_id), badge=True),
    *(_in_bookings(wait) for wait in WAITS),
    Kind(
        "for_us",
        CLIENT,
        "client.for_us",
        lambda actor, now: waiting_for_us(actor.firm_id, actor.person_id, now),
        action="phone.answer",
        line=_l("Bookings that labs made for us, to accept"),
    ),
    Kind(
        "approvals",
        CLIENT,
        "client.approvals",
        lambda actor, now: approvals_waiting(actor.firm_id, now),
        action="approval.decide",
        line=_l("Bookings to approve"),
    ),
    Kind(
        "answers",
        CLIENT,
        "client.inquiries",
        lambda actor, now: to_choose(actor.firm_id, now),
        action="inquiry.close",
        line=_l("Requests to the labs with answers"),
    ),
    Kind(
        "inquiries",
        LAB,
        "lab.inquiries",
        lambda actor, now: to_answer(actor.firm_id, now),
        badge=True,
        action="inquiry.answer",
        line=_l("Inquiries to answer"),
    ),
    Kind("documents", FIRM, "lab.missing_documents", lambda actor, _now: documents_waiting(actor.firm_id), badge=True),
    Kind(
        "reminders",
        FIRM,
        "lab.overdue",
        lambda actor, now: clients_to_remind(actor.firm_id, _day_of(now)),
        badge=True,
        action="reminder.send",
        line=_l("Clients to remind of overdue invoices"),
    ),
    Kind(
        "authorisations",
        FIRM,
        "lab.team",
        lambda actor, _now: authorisations_ending(actor.firm_id),
        badge=True,
        action="catalogue.change",
        line=_l("Authorisations that end"),
    ),
    Kind(
        "firms",
        ADMIN,
        "admin.firms",
        lambda actor, _now: organisations.firms_to_verify(actor),
        badge=True,
        onlookers="regulator.firms",
        line=_l("Firms that wait for verification"),
    ),
    Kind(
        "sizes",
        ADMIN,
        "admin.figures",
        lambda actor, _now: organisations.sizes_to_confirm(actor),
        badge=True,
        onlookers="",
        line=_l("Declared figures to confirm"),
    ),
    Kind(
        "roles",
        ADMIN,
        "admin.roles",
        lambda actor, _now: organisations.roles_proposed(but=actor.person_id),
        onlookers="",
        line=_l("Roles to agree to"),
    ),
    Kind(
        "removals",
        ADMIN,
        "admin.roles",
        lambda actor, _now: organisations.removals_waiting(actor),
        onlookers="",
        line=_l("Second factors to take off"),
    ),
    Kind(
        "payers",
        OFFICER,
        "regulator.payers",
        lambda actor, _now: payers_waiting(actor, OFFICER),
        badge=True,
        line=_l("Payers to decide on"),
    ),
    Kind(
        "payers_second",
        APPROVER,
        "regulator.payers",
        lambda actor, _now: payers_waiting(actor, APPROVER),
        badge=True,
        line=_l("Accepted payers to confirm as a second person"),
    ),
    Kind(
        "doubles",
        OFFICER,
        "regulator.doubles",
        lambda actor, _now: doubles_waiting(actor),
        badge=True,
        line=_l("Documents on two bookings to decide on"),
    ),
    Kind(
        "disputes",
        OFFICER,
        "regulator.disputes",
        lambda actor, _now: disputes_to_decide(actor),
        badge=True,
        line=_l("Disputes to decide"),
    ),
    Kind(
        "contests",
        OFFICER,
        "regulator.holds",
        lambda actor, now: contests_waiting(actor, now, role=OFFICER),
        badge=True,
        line=_l("Contested documents to decide on"),
    ),
    Kind(
        "contests_late",
        APPROVER,
        "regulator.holds",
        lambda actor, now: contests_waiting(actor, now, role=APPROVER),
        badge=True,
        line=_l("Contested documents that officers left undecided"),
    ),
    Kind(
        "objections",
        OFFICER,
        "regulator.runs",
        lambda actor, now: objections_waiting(actor, now, role=OFFICER),
        line=_l("Objections to answer"),
    ),
    Kind(
        "objections_late",
        APPROVER,
        "regulator.runs",
        lambda actor, now: objections_waiting(actor, now, role=APPROVER),
        line=_l("Objections that officers left unanswered"),
    ),
    Kind(
        "policies",
        APPROVER,
        "regulator.policies",
        lambda actor, _now: policies(actor, published=False),
        line=_l("Policies to publish"),
    ),
    Kind(
        "corrections",
        OFFICER,
        "regulator.run_corrections",
        lambda actor, _now: corrections_waiting(actor),
        line=_l("Corrections to decide on"),
    ),
    Kind(
        "corrections_to_confirm",
        APPROVER,
        "regulator.run_corrections",
        lambda actor, _now: corrections_to_confirm(actor),
        line=_l("Corrections to confirm"),
    ),
    Kind(
        "applications",
        OFFICER,
        "regulator.labs",
        lambda actor, now: applications_waiting(actor, _day_of(now)),
        badge=True,
        line=_l("Labs that apply to be open labs"),
    ),
    Kind(
        "claims",
        OFFICER,
        "regulator.claims",
        lambda actor, now: claims_waiting(actor, _day_of(now)),
        badge=True,
        line=_l("Facts of labs to confirm"),
    ),
    Kind(
        "standards",
        ADMIN,
        "regulator.standards",
        lambda _actor, _now: proposals_waiting(),
        badge=True,
        line=_l("Standards to publish"),
    ),
    Kind(
        "admissions",
        APPROVER,
        "regulator.labs",
        lambda actor, _now: admissions_waiting(actor),
        line=_l("Admissions to confirm"),
    ),
    Kind(
        "grades",
        APPROVER,
        "regulator.assessments",
        lambda actor, _now: lists_handed_over(actor),
        badge=True,
        line=_l("Lists of grades to confirm"),
    ),
    Kind(
        "grades_back",
        OFFICER,
        "regulator.assessments",
        lambda actor, _now: lists_sent_back(actor),
        badge=True,
        line=_l("Lists of grades sent back"),
    ),
    Kind("affiliations", OFFICER, "regulator.affiliations", line=_l("Affiliations to decide on")),
    Kind(
        "affiliations_second",
        APPROVER,
        "regulator.affiliations",
        lambda actor, _now: changes_waiting(actor),
        line=_l("Changes of affiliations to agree on as a second person"),
    ),
    Kind("to_publish", OFFICER, "regulator.run", line=_l("Reward runs to publish")),
    Kind("in_notice", NOBODY, "regulator.run"),
    Kind("to_approve", APPROVER, "regulator.run", line=_l("Reward runs to approve")),
    Kind("to_pay", OFFICER, "regulator.run", line=_l("Reward runs to pay out")),
    Kind("missing_roles", ADMIN, "admin.roles", onlookers=""),
    Kind("missing_years", ADMIN, "admin.working_days", line=_l("Years missing in the working-day calendar")),
    Kind("no_policy", OFFICER, "regulator.policies"),
)
_BY_NAME = {kind.name: kind for kind in KINDS}
_RUN_WAITS = {
    RunState.CALCULATED: "to_publish",
    RunState.PUBLISHED: "in_notice",
    RunState.NOTICE_OVER: "to_approve",
    RunState.APPROVED: "to_pay",
}
NEEDED_ROLES = (OFFICER, APPROVER)
OF_FIRMS = frozenset({FIRM, CLIENT, LAB})


# ── For the head of every page ────────────────────────────────────────────


@dataclass(frozen=True)
class OwnFirm:
    """A firm the reader is a member of."""

    id: int
    name: str
    name_en: str | None
    role: str
    verified: bool
    has_labs: bool
    town: str | None = None


def firms_and_waiting(
    actor: Actor, memberships: Mapping[int, str], now: datetime
) -> tuple[tuple[OwnFirm, ...], dict[str, int]]:
    """The firms of these memberships (firm id → role) by name, and how much waits for the person acting as `actor`, by
    the page where it is done: the badges of the kinds that are theirs. One statement."""
    kinds = tuple(kind for kind in KINDS if kind.badge and _is_theirs(kind, actor))
    given = {**parameters(actor, now), "firms": list(memberships)}
    rows = db.session.execute(_head(kinds, actor.shape, of_firms=bool(memberships)), given).all()
    if not memberships:
        return (), dict(rows[0]._mapping)
    firms = tuple(
        OwnFirm(row.id, row.name, row.name_en, memberships[row.id], bool(row.verified), bool(row.has_labs), row.town)
        for row in rows
    )
    return firms, {kind.page: rows[0]._mapping[kind.page] if rows else 0 for kind in kinds}


@lru_cache(256)
def _head(kinds: tuple[Kind, ...], shape: Actor, *, of_firms: bool) -> Select[Any]:
    """How much waits of these kinds, for each of the `firms` or once. Every page asks it: it is put together once for
    all of one shape."""
    actor = whoever(shape)
    counts: dict[str, Select[Any]] = {}
    for kind in kinds:
        if kind.count is not None:
            counts.setdefault(kind.page, kind.count(actor, NOW))
    columns = [counting.scalar_subquery().label(page) for page, counting in counts.items()]
    if not of_firms:
        return select(*columns)
    has_labs = exists().where(Lab.firm_id == Firm.id).correlate(Firm)
    return (
        select(
            Firm.id,
            Firm.name,
            Firm.name_en,
            Firm.town,
            Firm.verified.label("verified"),
            has_labs.label("has_labs"),
            *columns,
        )
        .where(Firm.id.in_(bindparam("firms", expanding=True)))
        .order_by(Firm.name)
    )


def _is_theirs(kind: Kind, actor: Actor) -> bool:
    if kind.whose in OF_FIRMS:
        return actor.firm_id is not None
    return kind.whose == PERSON or kind.whose in actor.roles


def waiting_for_client(actor: Actor, now: datetime) -> int:
    """How many steps wait for the client acted for, in all its bookings, of those that the actor may take. One
    statement."""
    counting = _of_client(actor.shape)
    return 0 if counting is None else sum(db.session.execute(counting, parameters(actor, now)).one())


@lru_cache(64)
def _of_client(shape: Actor) -> Select[Any] | None:
    """Put together once for all of one shape."""
    actor = whoever(shape)
    counts = [
        kind.count(actor, NOW).scalar_subquery()
        for kind in KINDS
        if kind.whose == CLIENT and kind.count and may_anywhere(shape, kind.action)
    ]
    return select(*counts) if counts else None


# ── For regulators ────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Waiting:
    """What waits for a regulator."""

    firms: int
    sizes: int
    """Of verified firms that declared figures, which an administrator confirms."""
    oldest_firm: datetime | None
    objections: int
    objections_late: int
    """Those that are an approver's by now."""
    disputes: int
    contests: int
    """Contested documents, which an officer decides on."""
    contests_late: int
    """Those that are an approver's by now."""
    payers: int
    payers_second: int
    """Accepted by an officer; an approver confirms."""
    doubles: int
    """Documents that stand on two bookings, which an officer decides on."""
    affiliations: int
    """Declared ones that an officer has to decide."""
    affiliations_second: int
    """Changes that an officer proposed; an approver agrees or refuses."""
    policies: int
    applications: int
    """Of labs to be open labs."""
    claims: int
    """Of labs' catalogues, which an officer confirms."""
    standards: int
    """Proposed by firms, which an administrator publishes."""
    admissions: int
    """Of more than 30 days back, which the approver confirms."""
    grades: int
    """Lists of grades handed over, which an approver confirms."""
    grades_back: int
    """Lists of grades sent back to the officers."""
    runs: Sequence[RewardRun]
    """Runs that are not paid out yet, oldest first."""
    corrections: int
    """Proposed by the system or by another officer, and not decided."""
    corrections_to_confirm: int
    """Of another amount than the system's, which the approver confirms."""
    roles: int
    """Proposed by another administrator, and not agreed to."""
    removals: int
    """Of second factors, proposed by another administrator."""
    missing_years: Sequence[int]
    missing_roles: Sequence[str]
    """Roles that nobody holds, without which no reward is ever approved."""
    no_policy: bool
    """No policy was ever published."""

    def counted(self, now: datetime) -> dict[str, int]:
        """How much of each kind of the regulators' tasks waits, by its name."""
        runs = [_RUN_WAITS[shown_state(run.state, run.publicity_ends_at, now=now)] for run in self.runs]
        return {
            **{kind.name: runs.count(kind.name) for kind in KINDS},
            **{
                kind.name: getattr(self, kind.name) for kind in KINDS if isinstance(getattr(self, kind.name, None), int)
            },
            "missing_years": len(self.missing_years),
        }

    @staticmethod
    def kind(name: str) -> Kind:
        """Whose it is and where it is done."""
        return _BY_NAME[name]


def waiting_for_regulators(actor: Actor, now: datetime, runs: Sequence[RewardRun] | None = None) -> Waiting:
    """What regulators have to do now, of what the actor sees. Whoever proposed something is not asked to agree to it;
    `runs` where they are read already."""
    today = local_day(now)
    years = [today.year] + ([today.year + 1] if today.month >= 10 else [])
    found = db.session.execute(_of_regulators(actor.shape, tuple(years)), parameters(actor, now)).one()._mapping
    return Waiting(
        **{kind.name: found[kind.name] for kind in KINDS if kind.name in found},
        oldest_firm=found["oldest_firm"],
        affiliations=len(affiliations_to_decide(actor)),
        runs=runs_waiting(actor, runs),
        missing_years=[year for year in years if not found[str(year)]],
        missing_roles=[role for role in NEEDED_ROLES if not found[role]],
        no_policy=not found["published"],
    )


@lru_cache(64)
def _of_regulators(shape: Actor, years: tuple[int, ...]) -> Select[Any]:
    """One row of all that SQL alone counts, put together once for all of one shape."""
    actor = whoever(shape)
    selects = {
        kind.name: kind.count(actor, NOW)
        for kind in KINDS
        if kind.count is not None and kind.whose not in (PERSON, *OF_FIRMS)
    }
    selects |= {"oldest_firm": organisations.oldest_firm_to_verify(actor), "published": policies(actor, published=True)}
    selects |= {role: organisations.holders_of(role) for role in NEEDED_ROLES}
    selects |= {str(year): year_confirmed(year) for year in years}
    return select(*(counting.scalar_subquery().label(name) for name, counting in selects.items()))
