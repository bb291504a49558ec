"""Policies: an officer drafts, an approver publishes exactly what was seen, or ends (R-RUN-13)."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.kernel.seen import check_seen_digest
from labshare.kernel.terms import OfficialRole
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations.errors import OutsideDivision
from labshare.organisations.permissions import check, check_anywhere, check_seen_anywhere, may
from labshare.rewards.errors import (
    MonthsReversed,
    MonthsSettled,
    PoliciesOverlap,
    PolicyEditedByYou,
    PolicyImmutable,
)
from labshare.rewards.models import Policy, PolicyEdit
from labshare.rewards.policy import read_policy
from labshare.rewards.queries.runs import edits_of, policies_seen, published_since
from labshare.rewards.terms import PolicyState


@verb("policy.draft", title=_l("Policy drafted"))
def draft_policy(
    *, actor: Actor, now: datetime, document: Any, policy_id: int | None = None, demonstration: bool = False
) -> Policy:
    """Write a draft, or change one. `document` is its JSON (R-REWARD-1).

    Raises the policy's own problems, each at its field; `PolicyImmutable` for a published one; `NotFound`.
    """
    check_anywhere(actor, "policy.draft")
    rules = read_policy(document)
    policy = _policy(actor, policy_id, "policy.draft") if policy_id is not None else None
    if not may(actor, "policy.draft", division=rules.division):
        raise OutsideDivision("division")
    if policy is not None and policy.state != PolicyState.DRAFT:
        raise PolicyImmutable
    before = None if policy is None else {"document": policy.document}
    if policy is None:
        policy = Policy(
            state=PolicyState.DRAFT, created_by=actor.person_id, created_at=now, demonstration=demonstration
        )
        db.session.add(policy)
    if policy.division != rules.division:
        policy.division = rules.division
        with db.session.no_autoflush:
            newest = db.session.scalar(select(func.max(Policy.version)).where(Policy.division == rules.division))
        policy.version = (newest or 0) + 1
    policy.name = rules.name
    policy.effective_from = str(rules.effective_from)
    policy.effective_to = str(rules.effective_to) if rules.effective_to else None
    policy.document = document
    db.session.flush()
    _keep_editor(policy, actor, now)
    record(actor, now, "policy.draft", ("policy", policy.id), before=before, after={"document": document})
    if before is None:
        notify(
            kind="policy.to_publish",
            now=now,
            params={"name": policy.name},
            url=f"/regulator/policies/{policy.id}",
            regulators=(OfficialRole.APPROVER,),
            division=policy.division,
            but=actor.person_id,
        )
    return policy


@verb("policy.publish", title=_l("Policy published"), money=True)
def publish_policy(*, actor: Actor, now: datetime, policy_id: int, seen: str | None = None) -> Policy:
    """Publish a draft: from here on it is immutable, but for its last month (`end_policy`). `seen` is the digest of
    what the page showed; None: whatever the draft says.

    Raises `NotFound`, `PolicyImmutable`, `PolicyEditedByYou` for whoever saved it ever, `ChangedMeanwhile`,
    `PoliciesOverlap`: the database refuses what another publishes meanwhile.
    """
    check_publisher(actor)
    policy = _policy(actor, policy_id, "policy.publish")
    if policy.state != PolicyState.DRAFT:
        raise PolicyImmutable
    if actor.person_id in {policy.created_by, *(one.edited_by for one in edits_of(policy.id))}:
        raise PolicyEditedByYou
    if seen is not None:
        check_seen_digest(seen, policy.seen)
    rules = read_policy(policy.document)
    check_no_overlap(policy)
    try:
        with db.session.begin_nested():
            policy.state = PolicyState.PUBLISHED
            policy.published_by, policy.published_at = actor.person_id, now
    except IntegrityError:
        check_no_overlap(policy)  # by now it sees what was published meanwhile
        raise
    record(
        actor,
        now,
        "policy.publish",
        ("policy", policy.id),
        before={"state": PolicyState.DRAFT},
        after={"state": PolicyState.PUBLISHED, "division": rules.division, "from": policy.effective_from},
    )
    return policy


@verb("policy.end", title=_l("Policy ended"), money=True)
def end_policy(*, actor: Actor, now: datetime, policy_id: int, effective_to: Month) -> Policy:
    """Give a published policy its last month, included.

    Raises `NotFound`, `MonthsReversed`, `MonthsSettled` where a run after that month is published under it,
    `PolicyImmutable` where it would last longer than published, `PoliciesOverlap`.
    """
    check_publisher(actor)
    policy = _policy(actor, policy_id, "policy.publish")
    if not policy.published:
        raise PolicyImmutable
    if effective_to < Month.parse(policy.effective_from):
        raise MonthsReversed("effective_to")
    if policy.effective_to is not None and str(effective_to) > policy.effective_to:
        raise PolicyImmutable
    settled = published_since(policy, effective_to)
    if settled is not None:
        raise MonthsSettled(month=settled)
    before = {"effective_to": policy.effective_to}
    policy.effective_to = str(effective_to)
    record(actor, now, "policy.end", ("policy", policy.id), before=before, after={"effective_to": str(effective_to)})
    db.session.flush()
    return policy


def check_no_overlap(policy: Policy) -> None:
    """No lab is ever governed by two policies: divisions of which one contains the other overlap too."""
    for other in db.session.scalars(select(Policy).where(Policy.published, Policy.id != policy.id)):
        nested = other.division.startswith(policy.division) or policy.division.startswith(other.division)
        if nested and policy.shares_months_with(other):
            raise PoliciesOverlap(name=other.name, months=f"{other.effective_from}–{other.effective_to or ''}")


def check_publisher(actor: Actor) -> None:
    """Whether they may publish and end policies. Raises `NotFound`, `NotAllowed`."""
    check_seen_anywhere(actor, "policy.see", "policy.publish")


def _keep_editor(policy: Policy, actor: Actor, now: datetime) -> None:
    number = len(edits_of(policy.id)) + 1
    db.session.add(PolicyEdit(policy_id=policy.id, number=number, edited_by=actor.person_id, edited_at=now))
    db.session.flush()


def _policy(actor: Actor, policy_id: int, action: str) -> Policy:
    policy = db.session.scalar(
        select(Policy)
        .where(Policy.id == policy_id, policies_seen(actor))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if policy is None:
        raise NotFound
    check(actor, action, division=policy.division)
    return policy
