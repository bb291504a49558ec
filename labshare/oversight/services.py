"""What oversight writes: what an upgrade found of old violations."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.verbs import verb
from labshare.organisations.permissions import check
from labshare.oversight.checks import Violation, all_violations, known_findings
from labshare.oversight.models import UpgradeFinding


@verb("check.mark_known", title=_l("Old violations marked at an upgrade"), money=True)
def mark_known(*, actor: Actor, now: datetime, migrations: frozenset[str]) -> list[Violation]:
    """Mark what violates the invariants that became rules with these migrations: `labshare check` lists it from now on
    and does not fail on it. Called by `labshare db upgrade` alone, right after they ran."""
    check(actor, "check.mark_known")
    known = {(one.invariant, one.subject) for one in known_findings()}
    found = [one for one in all_violations(now, since=migrations) if (one.invariant, one.subject) not in known]
    db.session.add_all(
        UpgradeFinding(invariant=one.invariant, subject=one.subject, detail=one.detail, found_at=now) for one in found
    )
    db.session.flush()
    record(
        actor,
        now,
        "check.mark_known",
        ("upgrade", "-".join(sorted(migrations))[:60]),
        after={"marked": [f"{one.invariant}: {one.subject}" for one in found][:200], "count": len(found)},
    )
    return found
