"""Who is related, since when and as known when (docs/rules.md, R-AFFILIATION): the attack that this closes, the rule by
properties, what touches published months, ends of links that excluded entries."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labshare.audit.models import AuditEvent
from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.notices.models import Notice
from labshare.organisations import errors
from labshare.organisations import services as organisations
from labshare.organisations.links import Link
from labshare.rewards import services
from labshare.rewards.queries import verdicts
from labshare.rewards.queries.runs import calculate_now, rules_of
from labshare.rewards.queries.touched import has_excluded, touched
from labshare.rewards.rules.related import Span, related_spans
from labshare.rewards.services.common import policy_of
from tests import factories
from tests.rewards.world import World, add_booking, add_lab, add_revenue, people, put_policy
from tests.signing import sign_in

pytestmark = pytest.mark.slow

SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)


@pytest.fixture
def world(app: Any, clock: Any) -> World:
    """Three firms with a lab each and three clients; each client has booked at each lab in September and October."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year(2026)
        for _ in range(3):
            add_lab(world)
            world.clients.append(factories.firm())
        put_policy(world, now, effective_from="2026-09")
        for lab in world.labs:
            for client in world.clients:
                for month in (9, 10):
                    add_revenue(add_booking(world, lab, client, date(2026, month, 5)), f"2026-{month:02d}", 100_000)
    return world


def owner(firm: Any) -> Any:
    return factories.actor(factories.member(firm, "owner"), firm, "owner")


def do(service: Any, actor: Any, clock: Any, **given: Any) -> Any:
    with transaction():
        return service(actor=actor, now=clock.now, **given)


def declare(by: Any, other: Any, clock: Any, kind: str = "family", since: date = date(2026, 1, 1), **given: Any) -> Any:
    return do(
        organisations.declare_affiliation,
        by,
        clock,
        firm_id=by.firm_id,
        other_uscc=other.uscc,
        kind=kind,
        valid_from=since,
        **given,
    )


def related(month: Month = OCTOBER) -> set[tuple[int, int]]:
    """(lab, client) of every booking of the window left out as related."""
    db.session.rollback()
    scope = verdicts.scope_of(rules_of(policy_of(month)), month)
    columns = "b.lab_id, b.client_firm_id"
    rows = verdicts.execute(f"{verdicts.common_tables(scope)} {verdicts.entries_with_verdict(scope, columns)}").all()
    return {(lab, client) for lab, client, reason in rows if reason == "related"}


def digest(month: Month = OCTOBER) -> str:
    db.session.rollback()
    return calculate_now(policy_of(month), month).digest


# ── The attack ────────────────────────────────────────────────────────────


def test_an_unverified_firm_changes_no_labs_reward(world: World, client: Any, clock: Any) -> None:  # R-AFFILIATION-1
    """Through the ordinary page: one stranger declared that it controls every host, and so made them all related."""
    with transaction():
        stranger = factories.firm(verified_at=None)
        someone = factories.member(stranger, "owner")
    before = digest()
    sign_in(client, someone, stranger)
    for lab in world.labs:
        form = {"other_uscc": lab.firm.uscc, "kind": "controls", "valid_from": "2026-01-01"}
        answer = client.post("/account/affiliations", data=form)
        assert answer.status_code == 409
        assert lab.firm.uscc in answer.get_data(as_text=True)  # what was typed is kept
    assert digest() == before
    assert db.session.query(AuditEvent).filter_by(action="affiliation.declare", refused=True).count() == 3


@pytest.mark.parametrize("controlled", [False, True])
def test_a_client_between_several_hosts_relates_no_third_firms(world: World, clock: Any, controlled: bool) -> None:
    # R-AFFILIATION-2
    """Declared `controls` over the hosts, or by them; agreed to by some of them, too."""
    with transaction():
        by = owner(world.clients[0])
        owners = [owner(lab.firm) for lab in world.labs]
    before = digest()
    made = [declare(by, lab.firm, clock, "controls", controlled=controlled) for lab in world.labs]
    assert related() == set()
    assert digest() == before
    for one, of_host in zip(made[:2], owners, strict=False):
        do(organisations.agree_affiliation, of_host, clock, affiliation_id=one.id)
    assert {client for _lab, client in related()} <= {world.clients[0].id}


# ── From its entry on, by the moment ──────────────────────────────────────


def test_a_clients_declaration_holds_from_its_entry_by_the_moment(world: World, clock: Any) -> None:  # R-AFFILIATION-3
    lab, client = world.labs[0], world.clients[0]
    with transaction():
        by = owner(client)
    made = declare(by, lab.firm, clock)
    with transaction():
        for later in (-1, 0, 1):  # microseconds
            at = made.recorded_at + timedelta(microseconds=later)
            add_revenue(add_booking(world, lab, client, date(2026, 11, 2), booked_at=at), "2026-11", 10 ** (later + 4))
    scope = verdicts.scope_of(rules_of(policy_of(Month(2026, 11))), Month(2026, 11))
    rows = verdicts.execute(f"{verdicts.common_tables(scope)} {verdicts.entries_with_verdict(scope, 'e.amount_fen')}")
    found = {int(fen): reason for fen, reason in rows}
    assert [found[10**power] for power in (3, 4, 5)] == [None, "related", "related"]


def test_earlier_bookings_follow_once_the_host_agrees(world: World, clock: Any) -> None:  # R-AFFILIATION-3
    lab, client = world.labs[0], world.clients[0]
    with transaction():
        by, of_host = owner(client), owner(lab.firm)
    made = declare(by, lab.firm, clock)
    assert related() == set()
    do(organisations.agree_affiliation, of_host, clock, affiliation_id=made.id)
    assert related() == {(lab.id, client.id)}


def test_earlier_bookings_follow_once_an_officer_confirms(world: World, clock: Any) -> None:  # R-AFFILIATION-3
    lab, client = world.labs[0], world.clients[0]
    with transaction():
        by = owner(client)
    made = declare(by, lab.firm, clock)
    do(
        organisations.confirm_affiliation,
        world.acting("officer"),
        clock,
        affiliation_id=made.id,
        source="inspection",
        note="核查",
    )
    assert related() == {(lab.id, client.id)}


def test_the_hosts_own_declaration_holds_for_its_days(world: World, clock: Any) -> None:  # R-AFFILIATION-3
    lab, client = world.labs[0], world.clients[0]
    with transaction():
        by = owner(lab.firm)
    declare(by, client, clock, since=date(2026, 10, 1))
    assert related() == {(lab.id, client.id)}
    assert related(SEPTEMBER) == set()


def test_a_chain_runs_over_what_both_declared_once_an_officer_has_seen_it(world: World, clock: Any) -> None:
    # R-AFFILIATION-6
    host, sister, lab = world.labs[0].firm, world.clients[1], world.labs[0]
    with transaction():
        parent = factories.firm()
        by, of_host, of_sister = owner(parent), owner(host), owner(sister)
    made = [declare(by, firm, clock, "controls") for firm in (host, sister)]
    for one, other in zip(made, (of_host, of_sister), strict=True):
        do(organisations.agree_affiliation, other, clock, affiliation_id=one.id)
    assert related() == set()
    for one in made:
        do(organisations.leave_as_declared, world.acting("officer"), clock, affiliation_id=one.id, note="已阅")
    assert related() == {(lab.id, sister.id)}


# ── Published months ──────────────────────────────────────────────────────


@pytest.fixture
def published(world: World, clock: Any) -> World:
    """September is published."""
    do(services.run_month, world.acting("officer"), clock, month=SEPTEMBER)
    do(services.publish, world.acting("officer"), clock, month=SEPTEMBER)
    clock.advance(hours=1)
    return world


def test_what_would_touch_published_months_waits_for_an_officer(published: World, clock: Any) -> None:
    # R-AFFILIATION-7
    """The task names months and money; until it is decided the declaration never reaches back."""
    world = published
    lab, client = world.labs[0], world.clients[0]
    with transaction():
        by, officer = owner(lab.firm), world.acting("officer")
    before = digest()
    made = declare(by, client, clock)
    assert made.declaration_touches == [{"month": "2026-09", "lab": lab.code, "entries": 1, "fen": 100_000}]
    assert digest() == before
    notice = db.session.query(Notice).filter_by(kind="affiliation.touches", person_id=officer.person_id).one()
    assert (notice.params["months"], "2026-09" in str(notice.params)) == ("2026-09", True)
    with transaction():
        add_revenue(add_booking(world, lab, client, date(2026, 11, 3)), "2026-11", 1)
    assert related(Month(2026, 11)) == {(lab.id, client.id)}
    do(organisations.confirm_affiliation, officer, clock, affiliation_id=made.id, source="inspection", note="核查")
    assert related() == {(lab.id, client.id)}


def test_an_agreement_that_would_touch_them_waits_too(published: World, clock: Any) -> None:  # R-AFFILIATION-7
    world = published
    lab, client = world.labs[0], world.clients[0]
    with transaction():
        by, of_host = owner(client), owner(lab.firm)
    made = declare(by, lab.firm, clock)
    assert made.declaration_touches is None
    do(organisations.agree_affiliation, of_host, clock, affiliation_id=made.id)
    db.session.refresh(made)
    assert [(one["month"], one["fen"]) for one in made.agreement_touches] == [("2026-09", 100_000)]
    assert (made.link.to_decide, related()) == (("touches",), set())
    do(organisations.leave_as_declared, world.acting("officer"), clock, affiliation_id=made.id, note="不溯及")
    assert (made.link.to_decide, related()) == ((), set())


def test_what_a_decision_would_change_is_named_by_month_lab_and_money(published: World, clock: Any) -> None:
    world = published
    lab, client = world.labs[0], world.clients[0]
    with transaction():
        by = owner(client)
    made = declare(by, lab.firm, clock)
    link = made.link
    confirmed = replace(link, confirmed_at=clock.now)
    found = touched(link, confirmed)
    assert [(str(one.month), one.lab, one.reason, one.entries, one.fen) for one in found] == [
        ("2026-09", lab.code, "related", 1, 100_000)
    ]
    do(
        organisations.confirm_affiliation,
        world.acting("officer"),
        clock,
        affiliation_id=made.id,
        source="inspection",
        note="核查",
    )
    back = touched(confirmed, None)
    assert [(str(one.month), one.reason, one.fen) for one in back] == [("2026-09", None, 100_000)]
    assert touched(confirmed, replace(confirmed, ended_at=clock.now, ended_on=date(2026, 11, 2))) == []


def test_a_link_that_excluded_entries_is_ended_by_an_officer_alone(world: World, clock: Any) -> None:  # R-AFFILIATION-8
    lab, client = world.labs[0], world.clients[0]
    with transaction():
        by = owner(lab.firm)
    made = declare(by, client, clock)
    end = {"affiliation_id": made.id, "valid_to": date(2026, 11, 30)}
    assert not has_excluded(made.link)
    do(services.run_month, world.acting("officer"), clock, month=SEPTEMBER)  # only calculated
    assert has_excluded(made.link)
    with pytest.raises(errors.ExcludedEntries):
        do(organisations.end_affiliation, by, clock, **end)
    refused = db.session.query(AuditEvent).filter_by(action="affiliation.end", refused=True).one()
    assert refused.after["problem"] == "ExcludedEntries"
    do(organisations.ask_end, by, clock, **end, reason="股权已转让")
    proposed = {"act": "ending", "source": "inspection", "reason": "已核实"}
    change = do(organisations.propose_change, world.acting("officer"), clock, **end, **proposed)
    assert made.ended_on is None
    do(organisations.agree_change, world.acting("approver"), clock, change_id=change.id, seen=change.seen)
    assert made.ended_on == date(2026, 11, 30)


def test_the_officer_sees_months_and_money_before_the_click(published: World, client: Any, clock: Any) -> None:
    # R-AFFILIATION-7
    world = published
    lab = world.labs[0]
    with transaction():
        by = owner(world.clients[0])
    made = declare(by, lab.firm, clock)
    sign_in(client, world.officer)
    address = f"/regulator/affiliations/{made.id}/confirm"
    form = {"source": "inspection", "reason": "核查发现"}
    page = client.post(address, data=form).get_data(as_text=True)
    assert all(words in page for words in (lab.code, "2026年9月", "1,000.00", "核查发现"))
    db.session.refresh(made)
    assert made.confirmed_at is None
    checked = page.split('name="checked"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    assert client.post(address, data=form | {"checked": checked}).status_code == 303
    db.session.refresh(made)
    assert made.confirmed_at is not None
    # another decision than the one shown is shown anew
    end = {"valid_to": "2026-08-31", "source": "inspection", "reason": "x", "checked": checked}
    assert client.post(f"/regulator/affiliations/{made.id}/end", data=end).status_code == 200


# ── The rule by properties ────────────────────────────────────────────────

FIRMS = range(1, 7)
HOSTS = {1, 2, 3}
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = st.integers(0, 40).map(lambda number: date(2026, 1, 1) + timedelta(days=number))
MOMENTS = st.integers(0, 40 * 24).map(lambda hours: START + timedelta(hours=hours))


@st.composite
def some_links(draw: st.DrawFn, *, answered: bool = True) -> Link:
    """Any link; with `answered` false a declaration that nobody has agreed to, seen or confirmed."""
    firm, other = draw(st.lists(st.sampled_from(FIRMS), min_size=2, max_size=2, unique=True))
    first = draw(DAYS)
    maybe = st.none() | MOMENTS if answered else st.none()
    by = draw(st.sampled_from([firm, other, None] if answered else [firm, other]))
    recorded = draw(MOMENTS)
    ended = draw(st.none() | DAYS)
    return Link(
        id=draw(st.integers(1, 10**6)),
        firm=firm,
        other=other,
        kind=draw(st.sampled_from(["controls", "family"])),
        valid_from=first,
        valid_to=draw(st.none() | DAYS.map(lambda day: max(day, first))),
        recorded_at=recorded,
        declared_by=by,
        declaration_waits=draw(st.booleans()),
        agreement_waits=draw(st.booleans()),
        agreed_at=draw(maybe) if by else None,
        seen_at=draw(maybe),
        held=answered and draw(st.booleans()),
        confirmed_at=draw(maybe) if by else recorded,
        ended_on=ended,
        ended_at=recorded if ended else None,
        voided_at=draw(st.none() | MOMENTS) if answered else None,
    )


def spans_of(links: list[Link]) -> dict[tuple[int, int], tuple[Span, ...]]:
    return related_spans([verdicts.tie_of(link) for link in links], HOSTS)


def is_related(spans: dict[tuple[int, int], tuple[Span, ...]], host: int, other: int, at: datetime) -> bool:
    day = at.date()
    found = [since for first, last, since in spans.get((host, other), ()) if first <= day <= last]
    assert len(found) <= 1, "a booking would be joined twice"
    return any(
        since is None or at >= since or day > first
        for first, last, since in spans.get((host, other), ())
        if first <= day <= last
    )


@pytest.fixture
def utc(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Local days are days in UTC, so that the properties need no zone."""
    monkeypatch.setattr(verdicts, "local_day", lambda moment: moment.date())


@pytest.mark.usefixtures("utc")
def test_declared_links_never_relate_a_third_pair() -> None:  # R-AFFILIATION-2
    @settings(max_examples=300)
    @given(st.lists(some_links(), max_size=6), st.lists(some_links(answered=False), max_size=5))
    def holds(known: list[Link], declarations: list[Link]) -> None:
        known = [link for link in known if link.voided_at is None]
        without, with_them = spans_of(known), spans_of(known + declarations)
        named = {pair for link in declarations for pair in ((link.firm, link.other), (link.other, link.firm))}
        assert {pair: with_them[pair] for pair in with_them.keys() - named} == {
            pair: without[pair] for pair in without.keys() - named
        }

    holds()


@pytest.mark.usefixtures("utc")
def test_a_declaration_changes_nothing_of_bookings_made_before_it() -> None:
    """At labs of the firm that it names; at labs of the declaring one too, where it touches published months."""

    @settings(max_examples=300)
    @given(st.lists(some_links(), max_size=6), some_links(answered=False), MOMENTS, st.sampled_from(FIRMS))
    def holds(known: list[Link], declaration: Link, at: datetime, other: int) -> None:
        known = [link for link in known if link.voided_at is None]
        without, with_it = spans_of(known), spans_of([*known, declaration])
        for host in HOSTS - {other}:
            own = declaration.declared_by == host and not declaration.declaration_waits
            if at < declaration.recorded_at and not own:
                assert is_related(with_it, host, other, at) == is_related(without, host, other, at)

    holds()


@pytest.mark.usefixtures("utc")
def test_what_is_recorded_later_never_changes_what_was_known() -> None:
    @settings(max_examples=300)
    @given(st.lists(some_links(), max_size=6), MOMENTS, st.data())
    def holds(links: list[Link], at: datetime, data: st.DataObject) -> None:
        """A link with something more recorded after `at`, or a whole link more, is the same at `at`."""
        later = at + timedelta(hours=1)
        changed = [
            replace(link, **{name: later})
            if (name := data.draw(st.sampled_from(["agreed_at", "seen_at", "confirmed_at", "voided_at"])))
            and getattr(link, name) is None
            else link
            for link in links
        ]
        more = replace(data.draw(some_links()), recorded_at=later)

        def known(all_links: list[Link]) -> list[Link]:
            return [found for link in all_links if (found := link.known(at)) is not None]

        assert spans_of(known([*changed, more])) == spans_of(known(links))

    holds()
