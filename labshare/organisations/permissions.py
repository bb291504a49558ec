"""The permission table: who may do what. Deny by default: an action that is not here is refused.

A grant is a role and the side on which it counts: `any` (wherever), `client` or `lab` (the actor's firm is that party
of the booking), `firm` (the actor's firm is the one the subject belongs to), `division` (a regulator's role is for the
subject's division or one that contains it, R-RIGHTS-13), `second person` (a regulator may be that of what the officers
of the subject's division decide, R-FACT-2). `check` for one subject and `visible` for a list read the same table, so
that they never say different things. Who asks by division and names none is refused, but for a role for the
whole platform: so what belongs to no county (standards, the audit trail) is that role's alone.
"""

from collections.abc import Callable
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, false, or_, true

from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.kernel.terms import OfficialRole
from labshare.organisations.rules import second_person
from labshare.organisations.terms import FirmRole

Side = Literal["any", "client", "lab", "firm", "division", "second person"]
OF_REGULATORS: tuple[Side, ...] = ("division", "second person")
Grants = tuple[tuple[str, Side], ...]
Division = str | Callable[[], str | None] | None
"""The code of a subject's division, or how to find it where that needs asking."""

WRITING_SCOPE = "write"
COUNTY_LENGTH = 6
"""Digits of a county's code: no division is smaller."""


def _grants(side: Side, *roles: str) -> Grants:
    return tuple((role, side) for role in roles)


REGULATORS = _grants("any", *OfficialRole)
"""For pages that every regulator has; what they show is granted by division."""
READERS = _grants("division", *OfficialRole)
"""Regulators see all of their division."""
CLIENT_MEMBERS = _grants("client", *FirmRole)
LAB_MEMBERS = _grants("lab", *FirmRole)
FIRM_MEMBERS = _grants("firm", *FirmRole)
PARTIES = CLIENT_MEMBERS + LAB_MEMBERS
BOOKERS = _grants("client", FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.APPROVER, FirmRole.BOOKER)
CLIENT_MONEY = _grants(
    "client", FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.APPROVER, FirmRole.ACCOUNTANT, FirmRole.VIEWER
)
"""Who sees what the client is charged and invoiced, pays and owes. A booker does not."""
CLIENT_PAYERS = _grants("client", FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.APPROVER, FirmRole.ACCOUNTANT)
INSIDE_YES = _grants("client", FirmRole.OWNER, FirmRole.APPROVER)
LAB_MANAGERS = _grants("lab", FirmRole.OWNER, FirmRole.LAB_MANAGER)
LAB_MONEY = _grants("lab", FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.ACCOUNTANT)
WRITERS = LAB_MONEY + BOOKERS + _grants("client", FirmRole.ACCOUNTANT)
FIRM_OWNER = _grants("firm", FirmRole.OWNER)
FIRM_MANAGERS = _grants("firm", FirmRole.OWNER, FirmRole.LAB_MANAGER)
OFFICER = _grants("division", OfficialRole.OFFICER)
APPROVER = _grants("division", OfficialRole.APPROVER)
AUDITOR = _grants("division", OfficialRole.AUDITOR)
SECOND = _grants("second person", OfficialRole.APPROVER, OfficialRole.OFFICER)
"""A county's approver, or an officer of a division that contains it."""
ADMIN = _grants("any", OfficialRole.ADMIN)
SYSTEM_ONLY = _grants("any", "system")

PERMISSIONS: dict[str, Grants] = {
    # organisations
    "firm.see": READERS + FIRM_MEMBERS,
    "firm.change": FIRM_OWNER,
    "firm.reseal_accounts": SYSTEM_ONLY,
    "firm.verify": ADMIN,
    "firm.see_queue": ADMIN + AUDITOR,
    "firm.see_all": READERS,
    "member.manage": FIRM_OWNER,
    "affiliation.declare": FIRM_OWNER,
    "affiliation.enter": OFFICER,
    "affiliation.agree_change": SECOND,
    "affiliation.drop_change": OFFICER + APPROVER,
    "regulator.manage": ADMIN,
    "account.see": ADMIN + AUDITOR,
    "account.manage": ADMIN,
    "factor.take_off": ADMIN,
    "head.mail": ADMIN,
    "jobs.see": ADMIN + AUDITOR,
    "regulator.see": ADMIN + AUDITOR,
    # catalogue
    "catalogue.see_drafts": READERS + FIRM_MEMBERS,
    "catalogue.change": FIRM_MANAGERS,
    "team.see": READERS + FIRM_MEMBERS,
    "operator.tell_ending": SYSTEM_ONLY,
    "lab.see": READERS,
    "lab.admit": OFFICER,
    "lab.confirm_admission": SECOND,
    "lab.refuse_admission": OFFICER + APPROVER,
    "claim.see": READERS,
    "claim.decide": OFFICER,
    "standard.propose": FIRM_MANAGERS,
    "standard.publish": ADMIN,
    "standard.supersede": OFFICER + ADMIN,
    "search.see_words": ADMIN + AUDITOR,
    "search.change_words": ADMIN,
    "search.keep": BOOKERS,
    # booking
    "booking.see": READERS + PARTIES,
    "sample.see_confidential": CLIENT_MEMBERS + LAB_MANAGERS,
    "booking.book": BOOKERS,
    "booking.waive": LAB_MANAGERS,
    "quote.see": READERS + PARTIES,
    "quote.price": LAB_MANAGERS,
    "quote.accept": BOOKERS,
    "quote.see_own_prices": READERS,
    "booking.confirm": LAB_MANAGERS,
    "booking.decline": LAB_MANAGERS + SYSTEM_ONLY,
    "booking.reschedule": BOOKERS,
    "booking.propose": LAB_MANAGERS,
    "booking.answer_proposal": BOOKERS,
    "booking.cancel": BOOKERS + LAB_MANAGERS,
    "booking.work": LAB_MANAGERS,
    "charge.propose": LAB_MONEY,
    "charge.consent": CLIENT_PAYERS,
    "money.see": READERS + LAB_MEMBERS + CLIENT_MONEY,
    "approval.see": BOOKERS + CLIENT_MONEY,
    "approval.ask": BOOKERS,
    "approval.decide": INSIDE_YES,
    "phone.see": PARTIES,
    "phone.book": LAB_MANAGERS,
    "phone.withdraw": LAB_MANAGERS,
    "phone.answer": BOOKERS,
    "time.block": LAB_MANAGERS,
    "time.hours": FIRM_MANAGERS,
    "time.working_days": ADMIN,
    "time.see_working_days": REGULATORS,
    "time.lapse": SYSTEM_ONLY,
    "time.lengthen": SYSTEM_ONLY,
    "time.grow": SYSTEM_ONLY,
    "booking.remind": SYSTEM_ONLY,
    "booking.remind_client": LAB_MANAGERS,
    "booking.tell_owner": SYSTEM_ONLY,
    "feed.make": FIRM_MEMBERS,
    # settlement
    "message.see": PARTIES,
    "message.see_held": READERS,
    "message.write": WRITERS,
    "rating.give": BOOKERS,
    "rating.answer": LAB_MANAGERS,
    "dispute.open": BOOKERS,
    "dispute.answer": LAB_MANAGERS,
    "dispute.settle": BOOKERS + LAB_MANAGERS,
    "dispute.escalate": BOOKERS + LAB_MANAGERS,
    "dispute.escalate_overdue": SYSTEM_ONLY,
    "dispute.decide": OFFICER,
    "dispute.tell_owner": SYSTEM_ONLY,
    "contest.raise": BOOKERS + _grants("client", FirmRole.ACCOUNTANT),
    "contest.decide": OFFICER + APPROVER,
    "contest.pass_on": SYSTEM_ONLY,
    "hold.suspend": OFFICER,
    "hold.end": OFFICER,
    "inquiry.tell_owner": SYSTEM_ONLY,
    "inquiry.see": PARTIES,
    "inquiry.ask": BOOKERS,
    "inquiry.answer": LAB_MANAGERS,
    "inquiry.close": BOOKERS,
    "document.see": READERS + PARTIES,
    "report.record": LAB_MANAGERS,
    "invoice.record": LAB_MONEY,
    "payment.record": LAB_MONEY,
    "payment.accept_payer": OFFICER,
    "payment.confirm_payer": SECOND,
    "payment.reject_payer": OFFICER + APPROVER,
    "payment.set_payer_limit": APPROVER,
    "payer.see": READERS,
    "double.decide": OFFICER,
    "invoice.remind": SYSTEM_ONLY,
    "reminder.send": LAB_MONEY,
    "statement.send": LAB_MONEY,
    "spending.see": CLIENT_MONEY,
    "booking.set_cost_centre": BOOKERS + _grants("client", FirmRole.ACCOUNTANT),
    "ledger.see": READERS + LAB_MEMBERS,
    "ledger.close_month": OFFICER,
    "ledger.reopen_month": OFFICER,
    # rewards
    "policy.see": READERS,
    "policy.draft": OFFICER,
    "policy.publish": SECOND,
    "run.see": READERS,
    "run.see_line": READERS + LAB_MEMBERS,
    "run.calculate": OFFICER + SYSTEM_ONLY,
    "run.publish": OFFICER,
    "run.approve": APPROVER,
    "run.pay": OFFICER,
    "objection.raise": _grants("lab", FirmRole.OWNER, FirmRole.LAB_MANAGER),
    "objection.answer": OFFICER + APPROVER,
    "objection.pass_on": SYSTEM_ONLY,
    "correction.decide": OFFICER,
    "correction.confirm": SECOND,
    "correction.refuse": OFFICER + APPROVER,
    "correction.find": SYSTEM_ONLY,
    "grade.see": READERS,
    "grade.enter": OFFICER,
    "grade.confirm": SECOND,
    # oversight
    "usage.see": READERS + LAB_MEMBERS,
    "audit.see": AUDITOR + OFFICER + APPROVER + ADMIN,
    "dashboard.see": REGULATORS,
    "check.mark_known": SYSTEM_ONLY,
}
"""Action → grants. `READERS` change nothing; a read-only token passes only `*.see*` actions."""


def lies_in(column: Any, prefix: str) -> ColumnElement[bool]:
    """Condition on a column of codes: the division is the one of this prefix or lies in it. A range, so that an index
    serves it whatever the collation."""
    if not prefix:
        return true()
    if len(prefix) == getattr(column.type, "length", None):
        return column == prefix  # type: ignore[no-any-return]
    after = str(int(prefix) + 1)
    return and_(column >= prefix, column < after) if len(after) == len(prefix) else column >= prefix


def _sides(*, client: int | None, lab: int | None, firm: int | None) -> dict[Side, int | None]:
    return {"client": client, "lab": lab, "firm": firm}


def _reaches(actor: Actor, role: str, side: Side, division: Division) -> bool:
    """Whether the role counts for the division. It is asked for only where the role is not for all."""
    prefix = actor.prefix(role)
    if not prefix:
        return prefix is not None
    code = division() if callable(division) else division
    if code is None or not code.startswith(prefix):
        return False
    return side != "second person" or second_person(role=role, prefix=prefix, division=code)


def _prefix(actor: Actor, role: str, side: Side) -> str | None:
    """The prefix of the divisions in which the role counts on a regulator's side; None where it counts in none."""
    prefix = actor.prefix(role)
    if prefix is None or side == "division":
        return prefix
    return prefix if second_person(role=role, prefix=prefix, division=prefix.ljust(COUNTY_LENGTH, "0")) else None


def may(
    actor: Actor,
    action: str,
    *,
    client: int | None = None,
    lab: int | None = None,
    firm: int | None = None,
    division: Division = None,
) -> bool:
    """Whether the actor may do this to a subject with these parties (ids of firms), of this division."""
    if actor.scope != WRITING_SCOPE and ".see" not in action:
        return False
    firms = _sides(client=client, lab=lab, firm=firm)
    return any(
        role in actor.roles
        and (
            side == "any"
            or (side in OF_REGULATORS and _reaches(actor, role, side, division))
            or (side not in OF_REGULATORS and firms[side] is not None and firms[side] == actor.firm_id)
        )
        for role, side in PERMISSIONS.get(action, ())
    )


def roles_for(action: str, side: Side) -> tuple[str, ...]:
    """The roles to which the table grants this on that side."""
    return tuple(role for role, where in PERMISSIONS[action] if where == side)


def may_anywhere(actor: Actor, action: str) -> bool:
    """Whether there could be a subject to which the actor may do this; who may not needs no subject looked up."""
    if actor.scope != WRITING_SCOPE and ".see" not in action:
        return False
    return any(
        role in actor.roles and (side != "second person" or _prefix(actor, role, side) is not None)
        for role, side in PERMISSIONS.get(action, ())
    )


def check_anywhere(actor: Actor, action: str) -> None:
    """Raise `NotAllowed` where there can be no subject to which the actor may do this."""
    if not may_anywhere(actor, action):
        raise NotAllowed


def check_seen_anywhere(actor: Actor, see: str, action: str) -> None:
    """As `check_seen`, before the subject is looked up. Raises `NotFound`, `NotAllowed`."""
    if not may_anywhere(actor, see):
        raise NotFound
    check_anywhere(actor, action)


def prefixes(actor: Actor, action: str) -> tuple[str, ...]:
    """The divisions, by code prefix, in all of which the actor may do this as a regulator."""
    if actor.scope != WRITING_SCOPE and ".see" not in action:
        return ()
    grants = [grant for grant in PERMISSIONS.get(action, ()) if grant[1] in OF_REGULATORS and grant[0] in actor.roles]
    return tuple(sorted({prefix for role, side in grants if (prefix := _prefix(actor, role, side)) is not None}))


def check(
    actor: Actor,
    action: str,
    *,
    client: int | None = None,
    lab: int | None = None,
    firm: int | None = None,
    division: Division = None,
) -> None:
    """Raise `NotAllowed` unless the actor may do this."""
    if not may(actor, action, client=client, lab=lab, firm=firm, division=division):
        raise NotAllowed


def check_seen(
    actor: Actor,
    see: str,
    action: str,
    *,
    client: int | None = None,
    lab: int | None = None,
    firm: int | None = None,
    division: Division = None,
) -> None:
    """As `check`; but what the actor may not even `see` does not exist for them. Raises `NotFound`, `NotAllowed`."""
    if not may(actor, see, client=client, lab=lab, firm=firm, division=division):
        raise NotFound
    check(actor, action, client=client, lab=lab, firm=firm, division=division)


def visible(
    actor: Actor, action: str, *, client: Any = None, lab: Any = None, firm: Any = None, division: Any = None
) -> ColumnElement[bool]:
    """The same as a condition for a list: pass the columns that hold the parties' firm ids, and the one of the
    division's code, or a function that makes the condition of a code prefix. No list is asked for second persons."""
    columns: dict[Side, Any] = {"client": client, "lab": lab, "firm": firm}
    conditions: list[ColumnElement[bool]] = []
    for role, side in PERMISSIONS.get(action, ()):
        if role not in actor.roles or (actor.scope != WRITING_SCOPE and ".see" not in action):
            continue
        if side == "any" or (side == "division" and actor.prefix(role) == ""):
            return true()
        if side not in OF_REGULATORS and columns[side] is not None and actor.firm_id is not None:
            conditions.append(columns[side] == actor.firm_id)
    if division is not None:
        conditions += [
            division(prefix) if callable(division) else lies_in(division, prefix) for prefix in prefixes(actor, action)
        ]
    return or_(*conditions) if conditions else false()
