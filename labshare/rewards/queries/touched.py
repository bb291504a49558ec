"""What a change of affiliations does to the entries of published and approved months."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import joinedload

from labshare.booking.models import Booking
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.organisations.events import ExcludedByLink, TouchedByLink
from labshare.organisations.links import Link
from labshare.organisations.permissions import visible
from labshare.organisations.queries.affiliations import links
from labshare.organisations.terms import AffiliationKind
from labshare.rewards.models import RewardItem, RewardRun
from labshare.rewards.queries import verdicts
from labshare.rewards.queries.runs import rules_of
from labshare.rewards.rules.related import Span, related_spans
from labshare.rewards.terms import Reason, RunState
from labshare.settlement.models import RevenueEntry


@dataclass(frozen=True, kw_only=True)
class Touched:
    """Entries of one lab in one published month whose verdict would change."""

    month: Month
    lab: str
    """The lab's code."""
    reason: str | None
    """The verdict that they would have; None: eligible."""
    entries: int
    fen: Fen
    """What of them counts now, or would count."""


def touched(before: Link | None, after: Link | None) -> list[Touched]:
    """Entries of published, approved and paid months that become related, or eligible again, when the link `before`
    becomes `after` (None: is not there). By month and lab; a fixed number of statements a window."""
    now = links()
    known = before or after
    rest = [link for link in now if known is None or link.id != known.id]
    hosts = set(db.session.scalars(select(Lab.firm_id).distinct()))
    pairs = tuple(_related([*rest, *_still(link)], hosts) for link in (before, after))
    changed = {pair for pair in pairs[0].keys() | pairs[1].keys() if pairs[0].get(pair) != pairs[1].get(pair)}
    if not changed:
        return []
    runs = db.session.scalars(
        select(RewardRun)
        .where(RewardRun.state != RunState.CALCULATED)
        .options(joinedload(RewardRun.policy))
        .order_by(RewardRun.division, RewardRun.month)
    ).all()
    windows: dict[tuple[int, str], list[RewardRun]] = {}
    for run in runs:
        windows.setdefault((run.policy_id, run.month[:4]), []).append(run)
    found: list[Touched] = []
    for of_window in windows.values():
        found += _in_window(of_window, changed, *(_given(spans, changed) for spans in pairs))
    return sorted(found, key=lambda one: (one.month, one.lab, one.reason or ""))


def _in_window(
    runs: Sequence[RewardRun], changed: Iterable[tuple[int, int]], *pairs: list[verdicts.RelatedPair]
) -> list[Touched]:
    rules = rules_of(runs[0].policy)
    if not rules.clients.exclude_related:
        return []
    scope = verdicts.scope_of(rules, Month.parse(runs[-1].month))
    months = ", ".join(f"'{run.month}'" for run in runs)
    hosts, others = ({pair[side] for pair in changed} for side in (0, 1))
    only = (
        f"e.month IN ({months}) AND b.lab_firm_id IN ({', '.join(map(str, sorted(hosts)))}) "
        f"AND b.client_firm_id IN ({', '.join(map(str, sorted(others)))})"
    )
    columns = f"e.id, e.lab_id, e.month, {verdicts.amount(rules)} AS fen"
    was, becomes = (
        verdicts.entries_with_verdict(scope, columns, related_to=name, only=only)
        for name in ("now_pairs", "then_pairs")
    )
    statement = (
        f"{verdicts.common_tables(scope)}, now_pairs AS MATERIALIZED ({verdicts.pairs_given(pairs[0])}), "
        f"then_pairs AS MATERIALIZED ({verdicts.pairs_given(pairs[1])}), was AS ({was}), becomes AS ({becomes}) "
        "SELECT w.month, w.lab_id, t.reason, count(*) AS entries, sum(w.fen) AS fen "
        "FROM was w JOIN becomes t ON t.id = w.id "
        f"WHERE (w.reason IS NULL AND t.reason = '{Reason.RELATED}') "
        f"OR (w.reason = '{Reason.RELATED}' AND t.reason IS NULL) "
        "GROUP BY w.month, w.lab_id, t.reason"
    )
    codes = {lab.id: lab.code for lab in scope.labs}
    return [
        Touched(
            month=Month.parse(row.month),
            lab=codes[row.lab_id],
            reason=row.reason,
            entries=int(row.entries),
            fen=int(row.fen),
        )
        for row in verdicts.execute(statement)
    ]


@dataclass(frozen=True, kw_only=True)
class Between:
    """What one firm booked at the labs of another."""

    host_id: int
    bookings: int
    first: date
    last: date
    recognised_fen: Fen


def bookings_between(actor: Actor, *, firm_id: int, other_id: int) -> list[Between]:
    """By host firm, what the other of the two booked there, of the bookings in sight. One statement."""
    rows = db.session.execute(
        select(
            Booking.lab_firm_id,
            func.count().label("bookings"),
            func.min(Booking.booked_on).label("first"),
            func.max(Booking.booked_on).label("last"),
            func.sum(Booking.recognised_fen).label("fen"),
        )
        .where(tuple_(Booking.lab_firm_id, Booking.client_firm_id).in_([(firm_id, other_id), (other_id, firm_id)]))
        .where(visible(actor, "booking.see", division=Booking.division))
        .group_by(Booking.lab_firm_id)
        .order_by(Booking.lab_firm_id)
    )
    return [
        Between(
            host_id=row.lab_firm_id, bookings=row.bookings, first=row.first, last=row.last, recognised_fen=int(row.fen)
        )
        for row in rows
    ]


def has_excluded(link: Link) -> bool:
    """Whether a run, also one that is only calculated, left entries out because of this link: entries between its two
    firms, or between two firms that are related over it alone."""
    pairs = {(link.firm, link.other), (link.other, link.firm)}
    if link.chains and link.kind == AffiliationKind.CONTROLS:
        rest = [one for one in links() if one.id != link.id]
        hosts = set(db.session.scalars(select(Lab.firm_id).distinct()))
        with_it, without = _related([*rest, link], hosts), _related(rest, hosts)
        pairs |= {pair for pair in with_it if with_it[pair] != without.get(pair)}
    found = db.session.scalar(
        select(RewardItem.entry_id)
        .join(RevenueEntry, RevenueEntry.id == RewardItem.entry_id)
        .join(Booking, Booking.id == RevenueEntry.booking_id)
        .where(
            tuple_(Booking.lab_firm_id, Booking.client_firm_id).in_(sorted(pairs)),
            Booking.booked_on.between(link.valid_from, link.last),
            RewardItem.reason == Reason.RELATED,
        )
        .limit(1)
    )
    return found is not None


def _still(link: Link | None) -> list[Link]:
    known = link.known(None) if link is not None else None
    return [known] if known is not None else []


def _related(known: Iterable[Link], hosts: set[int]) -> dict[tuple[int, int], tuple[Span, ...]]:
    return related_spans([verdicts.tie_of(link) for link in known], hosts)


def _given(
    spans: dict[tuple[int, int], tuple[Span, ...]], wanted: Iterable[tuple[int, int]]
) -> list[verdicts.RelatedPair]:
    return [(*pair, *span) for pair in sorted(wanted) for span in spans.get(pair, ())]


def touched_by_link(asked: TouchedByLink) -> list[dict[str, Any]]:
    """`touched` as an affiliation keeps it: what no longer counts positive, what counts again negative."""
    return [
        {"month": str(one.month), "lab": one.lab, "entries": one.entries, "fen": one.fen if one.reason else -one.fen}
        for one in touched(asked.before, asked.after)
    ]


def excluded_by_link(asked: ExcludedByLink) -> bool:
    return has_excluded(asked.link)
