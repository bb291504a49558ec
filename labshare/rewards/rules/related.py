"""Which firms are related on which days: an affiliation in force, or the same topmost firm along `controls`.

Worked out once a run from the affiliations alone (R-REWARD-5; which of them count: R-AFFILIATION-6), as disjoint spans
of days for each pair of a host firm and another firm; the database then only looks a booking's day up. Days are local
days, both ends included.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from labshare.kernel.time import DAY, ENDLESS
from labshare.organisations.terms import AffiliationKind

_EARLY = datetime(1, 1, 1, tzinfo=UTC)

Span = tuple[date, date, datetime | None]
"""First day, last day, and the moment from which bookings of the first day count (None: all of that day)."""
Spans = dict[tuple[int, int], list[Span]]


@dataclass(frozen=True, kw_only=True)
class Tie:
    """An affiliation; `controls` runs from `firm` to `other`, the rest both ways."""

    firm: int
    other: int
    kind: str
    first: date
    last: date | None = None
    chains: bool = True
    """Chains and common tops run over it; else it relates the two firms and nothing more."""
    forward: frozenset[int] = frozenset()
    """Host firms at whose labs only bookings made from its entry on count."""
    entry: tuple[date, datetime] | None = None
    """The local day of its entry, and the moment; needed where `forward` names a firm."""

    @property
    def until(self) -> date:
        return self.last or ENDLESS

    def span_at(self, host: int) -> Span | None:
        """Its days at the labs of one of its two firms; None where there are none."""
        if self.until < self.first:
            return None
        if host not in self.forward or self.entry is None:
            return self.first, self.until, None
        day, moment = self.entry
        if day < self.first:
            return self.first, self.until, None
        return (day, self.until, moment) if day <= self.until else None


def related_spans(ties: Iterable[Tie], hosts: Iterable[int]) -> dict[tuple[int, int], tuple[Span, ...]]:
    """For (host firm, other firm): the disjoint spans of days on which they are related, in order."""
    ties, hosts = list(ties), set(hosts)
    spans: Spans = {}
    directly_related(ties, hosts, spans)
    of_one_topmost_firm(ties, hosts, spans)
    return {pair: disjoint(found) for pair, found in sorted(spans.items())}


def directly_related(ties: Iterable[Tie], hosts: set[int], spans: Spans) -> None:
    """An affiliation of any kind, read from both sides."""
    for tie in ties:
        for host, other in ((tie.firm, tie.other), (tie.other, tie.firm)):
            if host in hosts and (span := tie.span_at(host)):
                spans.setdefault((host, other), []).append(span)


def of_one_topmost_firm(ties: Iterable[Tie], hosts: set[int], spans: Spans) -> None:
    """The same topmost firm along `controls`, on the days between two changes of control."""
    for group in _groups([tie for tie in ties if tie.kind == AffiliationKind.CONTROLS and tie.chains]):
        firms = {firm for tie in group for firm in (tie.firm, tie.other)}
        if not firms & hosts:
            continue
        changes = sorted({tie.first for tie in group} | {tie.until + DAY for tie in group if tie.until < ENDLESS})
        for first, following in zip(changes, [*changes[1:], None], strict=True):
            last = following - DAY if following else ENDLESS
            tops = topmost([tie for tie in group if tie.first <= first <= tie.until])
            for host in firms & hosts:
                for other in firms - {host}:
                    if tops.get(host, {host}) & tops.get(other, {other}):
                        spans.setdefault((host, other), []).append((first, last, None))


def topmost(controls: Iterable[Tie]) -> dict[int, frozenset[int]]:
    """The topmost firms of each firm along these controls (several, where several control it).

    Firms that control one another in a ring stand for one: the one with the smallest id.
    """
    above: dict[int, set[int]] = {}
    for tie in controls:
        above.setdefault(tie.other, set()).add(tie.firm)
        above.setdefault(tie.firm, set())
    reach = {firm: _upwards(firm, above) for firm in above}
    return {
        firm: frozenset(min(reach[top]) for top in reach[firm] if all(top in reach[higher] for higher in reach[top]))
        for firm in above
    }


def disjoint(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans joined where they overlap or touch, so that no day lies in two of them; one that begins within a day is
    never joined to the days before it."""
    joined: list[Span] = []
    for first, last, since in sorted(spans, key=lambda span: (span[0], span[2] is not None, span[2] or _EARLY)):
        before = joined[-1] if joined else None
        if before and (before[1] == ENDLESS or first <= before[1] or (since is None and first == before[1] + DAY)):
            joined[-1] = before[0], max(before[1], last), before[2]
        else:
            joined.append((first, last, since))
    return tuple(joined)


def _upwards(firm: int, above: Mapping[int, set[int]]) -> set[int]:
    """The firm and all that stand above it."""
    seen, waiting = {firm}, [firm]
    while waiting:
        for higher in above[waiting.pop()] - seen:
            seen.add(higher)
            waiting.append(higher)
    return seen


def _groups(controls: list[Tie]) -> list[list[Tie]]:
    """The controls in groups that share no firm."""
    leader: dict[int, int] = {}

    def find(firm: int) -> int:
        while leader.setdefault(firm, firm) != firm:
            leader[firm] = leader[leader[firm]]
            firm = leader[firm]
        return firm

    for tie in controls:
        leader[find(tie.firm)] = find(tie.other)
    groups: dict[int, list[Tie]] = {}
    for tie in controls:
        groups.setdefault(find(tie.firm), []).append(tie)
    return list(groups.values())
