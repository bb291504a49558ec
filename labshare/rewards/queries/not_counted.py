"""What of a firm's revenue does not count in a year, and why: judged now, by the same conditions as a run, each window
of the year up to the running month."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import select

from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.rewards.models import Policy
from labshare.rewards.queries import verdicts
from labshare.rewards.queries.runs import rules_of
from labshare.rewards.queries.verdicts import Scope
from labshare.rewards.terms import Reason
from labshare.settlement.queries.ledger import EntryLine, lines_of_entries


@dataclass(frozen=True, kw_only=True)
class ReasonSum:
    """Entries with one reason; fen as the policy counts them."""

    reason: Reason
    entries: int
    fen: Fen


@dataclass(frozen=True)
class NotCounted:
    """An entry that does not count, with what it belongs to and the document that made it."""

    line: EntryLine
    fen: Fen
    reason: Reason


def not_counted(
    actor: Actor, lab_ids: Collection[int], year: int, *, until: Month, reason: Reason | None, limit: int
) -> tuple[list[ReasonSum], list[NotCounted]]:
    """The year's sums by reason, in the reasons' order, and the entries with the largest amounts, whatever their sign;
    of one `reason`, where given. `until`: the running month. `lab_ids`: the actor's own."""
    sums: dict[Reason, ReasonSum] = {}
    found: list[tuple[int, Fen, Reason]] = []
    for scope in _windows(lab_ids, year, until):
        fen = verdicts.amount(scope.policy)
        labs = ", ".join(str(lab.id) for lab in scope.labs)
        every = verdicts.entries_with_verdict(scope, f"e.id, {fen} AS fen", only=f"e.lab_id IN ({labs})")
        tables = f"{verdicts.common_tables(scope)}, verdicts AS ({every})"
        for row in verdicts.execute(
            f"{tables} SELECT reason, count(*), sum(fen) FROM verdicts WHERE reason IS NOT NULL GROUP BY reason"
        ):
            of = Reason(row[0])
            before = sums.get(of, ReasonSum(reason=of, entries=0, fen=Fen(0)))
            sums[of] = ReasonSum(reason=of, entries=before.entries + int(row[1]), fen=Fen(before.fen + int(row[2])))
        of_reason = f"reason = '{reason}'" if reason else "reason IS NOT NULL"
        largest = (
            f"SELECT id, fen, reason FROM verdicts WHERE {of_reason} ORDER BY abs(fen) DESC, id LIMIT {int(limit)}"
        )
        found += [(row[0], Fen(int(row[1])), Reason(row[2])) for row in verdicts.execute(f"{tables} {largest}")]
    found = sorted(found, key=lambda one: (-abs(one[1]), one[0]))[:limit]
    lines = lines_of_entries(actor, [entry for entry, _fen, _reason in found])
    rows = [NotCounted(lines[entry], fen, why) for entry, fen, why in found if entry in lines]
    return [sums[one] for one in Reason if one in sums], rows


def _windows(lab_ids: Collection[int], year: int, until: Month) -> list[Scope]:
    """What each policy that governs months of the year looks at of these labs, at its last month of the year."""
    first, last = Month(year, 1), min(Month(year, 12), until)
    scopes = []
    for policy in db.session.scalars(select(Policy).where(Policy.published).order_by(Policy.id)):
        governed = [month for month in first.through(last) if policy.governs(month)]
        if not governed:
            continue
        scope = verdicts.scope_of(rules_of(policy), governed[-1])
        labs = tuple(lab for lab in scope.labs if lab.id in lab_ids)
        admitted = tuple(span for span in scope.admitted if span[0] in lab_ids)
        if labs:
            scopes.append(replace(scope, labs=labs, admitted=admitted, all_labs=False))
    return scopes
