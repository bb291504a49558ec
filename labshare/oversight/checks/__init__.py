"""Every invariant over the database; `labshare check` and the nightly job run them all."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from labshare.kernel.database import db
from labshare.oversight.checks import months, paid, records  # noqa: F401 - they register their invariants
from labshare.oversight.checks.registry import CHECKS, Violation
from labshare.oversight.models import UpgradeFinding

__all__ = ["CHECKS", "Violation", "all_violations", "known_findings", "violations"]


def violations(now: datetime) -> Iterator[Violation]:
    """What is wrong with the database as it is at `now`, but for what an upgrade found and marked."""
    known = {(one.invariant, one.subject) for one in known_findings()}
    for one in all_violations(now):
        if (one.invariant, one.subject) not in known:
            yield one


def all_violations(now: datetime, *, since: frozenset[str] | None = None) -> Iterator[Violation]:
    """Run every check; `since`: only those that became rules with these migrations."""
    for one in CHECKS.values():
        if since is None or one.since in since:
            for subject, detail in one.check(now):
                yield Violation(one.statement, subject, detail)


def known_findings() -> list[UpgradeFinding]:
    """What upgrades found and marked, oldest first."""
    return list(db.session.scalars(select(UpgradeFinding).order_by(UpgradeFinding.id)))
