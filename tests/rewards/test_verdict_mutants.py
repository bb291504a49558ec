"""Step 1 in SQL, bent one rule at a time: each time the verdicts differ from the independent recomputation."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.kernel.time import ENDLESS, local_day
from labshare.organisations.models import Affiliation
from labshare.rewards.queries import verdicts
from labshare.rewards.queries.runs import rules_of
from labshare.rewards.rules import related
from labshare.rewards.services.common import policy_of
from labshare.rewards.terms import Reason
from tests import factories
from tests.independent import run as independent
from tests.rewards.reading import policy_json
from tests.rewards.world import add_booking, add_lab, add_revenue, fetch, people, put_policy, random_world

pytestmark = pytest.mark.slow

TERMS = {"instruments.min_original_value_fen": 10_000_000, "clients.divisions": ["3306"], "tax": "excluded"}
DAY = timedelta(days=1)


def never(_policy: Any) -> None:
    return None


def swapped(first: str, second: str) -> tuple[str, ...]:
    order = list(Reason)
    a, b = order.index(first), order.index(second)
    order[a], order[b] = order[b], order[a]
    return tuple(order)


def direct_one_way(ties: Any, hosts: Any, spans: Any) -> None:
    _direct([tie for tie in ties if tie.firm in hosts], {tie.firm for tie in ties if tie.firm in hosts}, both := {})
    spans |= {pair: found for pair, found in both.items() if pair in {(tie.firm, tie.other) for tie in ties}}


def last_day_left_out(ties: Any, hosts: Any, spans: Any) -> None:
    _direct([replace(tie, last=tie.until - DAY) for tie in ties], hosts, spans)


def controls_any_day(ties: Any, hosts: Any, spans: Any) -> None:
    always = [replace(tie, first=date(2020, 1, 1), last=None) for tie in ties]
    _one_topmost(always, hosts, spans)


def every_kind_controls(ties: Any, hosts: Any, spans: Any) -> None:
    _one_topmost([replace(tie, kind="controls") for tie in ties], hosts, spans)


def bent(**otherwise: Any) -> Any:
    """Links read otherwise: a value, or a function of the link."""
    return lambda link: _tie_of(replace(link, **{k: v(link) if callable(v) else v for k, v in otherwise.items()}))


_direct = related.directly_related
_one_topmost = related.of_one_topmost_firm
_tie_of = verdicts.tie_of
_links = verdicts.links
_spans = verdicts.admission_spans

MUTANTS: dict[str, tuple[Any, str, Any]] = {
    **{f"{reason} never applies": (verdicts.CONDITIONS, reason, never) for reason in Reason},
    "suspended before not_admitted": (verdicts, "Reason", swapped("not_admitted", "suspended")),
    "own_firm before suspended": (verdicts, "Reason", swapped("suspended", "own_firm")),
    # "related before own_firm" is no mutant: a firm is never related to itself
    "client_size before related": (verdicts, "Reason", swapped("related", "client_size")),
    "client_division before client_size": (verdicts, "Reason", swapped("client_size", "client_division")),
    "instrument_value before client_division": (verdicts, "Reason", swapped("client_division", "instrument_value")),
    "statutory before instrument_value": (verdicts, "Reason", swapped("instrument_value", "statutory")),
    "affiliations read one way": (related, "directly_related", direct_one_way),
    "an affiliation's last day is left out": (related, "directly_related", last_day_left_out),
    "no common topmost firm": (related, "of_one_topmost_firm", lambda *_: None),
    "control of another day counts": (related, "of_one_topmost_firm", controls_any_day),
    "every affiliation controls": (related, "of_one_topmost_firm", every_kind_controls),
    "declared controls run in chains": (verdicts, "tie_of", lambda link: replace(_tie_of(link), chains=True)),
    "no declared control runs in chains": (
        verdicts,
        "tie_of",
        lambda link: replace(_tie_of(link), chains=link.certain),
    ),
    "a declaration reaches back everywhere": (
        verdicts,
        "tie_of",
        lambda link: replace(_tie_of(link), forward=frozenset()),
    ),
    "a declaration reaches back nowhere": (
        verdicts,
        "tie_of",
        lambda link: replace(
            _tie_of(link), forward=frozenset() if link.certain else frozenset({link.firm, link.other})
        ),
    ),
    "a declaration holds from the day of its entry": (
        verdicts,
        "tie_of",
        lambda link: replace(_tie_of(link), entry=(local_day(link.recorded_at), factories.LONG_AGO)),
    ),
    "a declaration holds from the day after its entry": (
        verdicts,
        "tie_of",
        lambda link: replace(_tie_of(link), entry=(local_day(link.recorded_at) + DAY, link.recorded_at)),
    ),
    "what touches published months reaches back": (
        verdicts,
        "tie_of",
        bent(declaration_waits=False, agreement_waits=False),
    ),
    "an agreement reaches back at once": (verdicts, "tie_of", bent(agreement_waits=False)),
    "agreeing changes nothing": (verdicts, "tie_of", bent(agreed_at=None)),
    "seeing changes nothing": (verdicts, "tie_of", bent(seen_at=None)),
    "seen before both declared": (verdicts, "tie_of", bent(seen_at=lambda link: link.seen_at and link.recorded_at)),
    "confirming changes nothing": (
        verdicts,
        "tie_of",
        bent(confirmed_at=lambda link: None if link.declared_by else link.confirmed_at),
    ),
    "held ones no longer hold": (verdicts, "tie_of", bent(held=False)),
    "a recorded end is not read": (verdicts, "tie_of", bent(ended_on=None)),
    "voided ones count": (verdicts, "links", lambda _known_at: unvoided()),
    "an admission's last day is left out": (
        verdicts,
        "admission_spans",
        lambda *of: [(lab, first, last - DAY) for lab, first, last in _spans(*of) if first < last],
    ),
    "suspended labs stay admitted": (
        verdicts,
        "admission_spans",
        lambda *of: [(lab, first, ENDLESS) for lab, first, _last in {s[0]: s for s in _spans(*of)}.values()],
    ),
    "an admission in any county counts": (verdicts, "admission_spans", lambda *_: _spans("")),
    "unknown size passes": (
        verdicts.CONDITIONS,
        Reason.CLIENT_SIZE,
        lambda policy: f"b.client_size NOT IN ({', '.join(repr(size) for size in policy.clients.sizes)})",
    ),
    "an unknown value passes": (
        verdicts.CONDITIONS,
        Reason.INSTRUMENT_VALUE,
        lambda policy: f"b.instrument_value_fen < {policy.min_original_value_fen}",
    ),
}


def unvoided() -> Any:
    """Every row, voided ones too."""
    return [replace(row.link, voided_at=None) for row in db.session.query(Affiliation).order_by(Affiliation.id)]


def verdicts_now(month: Month, known_at: datetime | None = None) -> dict[int, str | None]:
    scope = verdicts.scope_of(rules_of(policy_of(month)), month, known_at)
    start = f"{verdicts.common_tables(scope)} {verdicts.entries_with_verdict(scope, 'e.id')}"
    return dict(verdicts.execute(start).all())


def test_each_bent_rule_is_noticed(app, clock):  # R-COUNTY-1, R-REWARD-3, R-REWARD-4, R-REWARD-5, R-REWARD-6
    now = clock.set("2026-11-24 10:00")
    month = Month(2026, 10)
    random_world(5, now, bookings=3000, **TERMS)
    _result, expected = independent.result(fetch, policy_json(**TERMS), str(month))
    assert verdicts_now(month) == expected
    unnoticed = []
    for name, (target, attribute, replacement) in MUTANTS.items():
        with pytest.MonkeyPatch.context() as patch:
            (patch.setitem if isinstance(target, dict) else patch.setattr)(target, attribute, replacement)
            if verdicts_now(month) == expected:
                unnoticed.append(name)
    db.session.rollback()
    assert not unnoticed, "\n".join(unnoticed)


def test_verdicts_as_they_were_known_at_a_past_moment(app, clock):  # R-RUN-9
    """What was recorded later changes nothing; asked of the rows alone, by another way."""
    now = clock.set("2026-11-24 10:00")
    month = Month(2026, 10)
    random_world(6, now, bookings=1200, **TERMS)
    seen = set()
    for moment in (clock.at(f"2026-{number:02d}-07 10:00") for number in range(1, 12, 2)):
        found = verdicts_now(month, moment)
        _case, expected = independent.case_of(fetch, policy_json(**TERMS), str(month), known=moment)
        assert found == expected
        seen.add(tuple(sorted(found.items(), key=str)))
    assert len(seen) > 1, "does knowing more change nothing in this world?"
    hosts = set(db.session.scalars(text("SELECT firm_id FROM lab")))
    known = verdicts.related_pairs(hosts, clock.at("2026-03-07 10:00"))
    assert known != verdicts.related_pairs(hosts)


def test_two_spans_of_one_lab_cannot_be_and_touching_ones_count_an_entry_once(app, clock):  # R-COUNTY-3
    now = clock.set("2026-11-24 10:00")
    with transaction():
        world = people()
        lab = add_lab(world, admitted=False)
        put_policy(world, now)
        factories.admission(lab, date(2026, 1, 1), date(2026, 10, 5))
        factories.admission(lab, date(2026, 10, 5))
        add_revenue(add_booking(world, lab, factories.firm(), date(2026, 10, 5)), "2026-10", 1000)
    scope = verdicts.scope_of(rules_of(policy_of(Month(2026, 10))), Month(2026, 10))
    assert [(row.entries, row.fen) for row in verdicts.sums(scope).rows] == [(1, 1000)]
    with pytest.raises(IntegrityError, match="admission_no_overlap"), transaction():
        factories.admission(lab, date(2026, 2, 1), date(2026, 3, 1))


def test_a_ring_of_firms_has_one_top_and_all_in_it_are_related():  # R-REWARD-5
    ring = [
        related.Tie(firm=a, other=b, kind="controls", first=date(2026, 1, 1))
        for a, b in ((1, 2), (2, 3), (3, 1), (3, 4))
    ]
    assert set(related.topmost(ring).values()) == {frozenset({1})}
    assert set(related.related_spans(ring, [4])) == {(4, 1), (4, 2), (4, 3)}


def test_two_controlling_firms_relate_to_both_sides():
    ties = [related.Tie(firm=a, other=b, kind="controls", first=date(2026, 1, 1)) for a, b in ((1, 3), (2, 3), (2, 4))]
    assert related.topmost(ties)[3] == {1, 2}
    assert set(related.related_spans(ties, [3])) == {(3, 1), (3, 2), (3, 4)}
    assert set(related.related_spans(ties, [4])) == {(4, 2), (4, 3)}


def test_spans_that_touch_are_one():
    days = [(date(2026, 1, 1), date(2026, 1, 31), None), (date(2026, 2, 1), date(2026, 2, 5), None)]
    assert related.disjoint([*days, (date(2026, 3, 1), ENDLESS, None)]) == (
        (date(2026, 1, 1), date(2026, 2, 5), None),
        (date(2026, 3, 1), ENDLESS, None),
    )
