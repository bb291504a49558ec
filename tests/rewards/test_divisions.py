"""Regulators act within their division alone: runs, policies, grades, corrections, admissions, affiliations."""

from collections.abc import Callable
from datetime import date
from functools import partial
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from labshare.accounts.models import Person
from labshare.catalogue.services import labs as lab_services
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.notices.models import Notice
from labshare.organisations import errors as organisations_errors
from labshare.organisations.queries.affiliations import affiliations_to_decide
from labshare.organisations.services import (
    agree_change,
    confirm_affiliation,
    end_affiliation,
    enter_affiliation,
    propose_change,
)
from labshare.oversight.dashboard import dashboard
from labshare.oversight.statistics import ANYONE
from labshare.oversight.waiting import waiting_for_regulators
from labshare.rewards import errors, services
from labshare.rewards.queries.pages import all_policies, runs_of_year
from labshare.rewards.services.grades import GradeRow
from tests import factories
from tests.api.conftest import Headers, token_for
from tests.rewards.reading import policy_json
from tests.rewards.world import World, add_booking, add_lab, add_revenue, people, put_policy

HOME, ELSEWHERE, PROVINCE, CITY, FAR = "330624", "330683", "33", "3306", "331023"
OCTOBER = Month(2026, 10)


PERSONS: dict[tuple[str, str], Person] = {}
"""The regulators of `world`."""


def regulator(role: str, division: str) -> Actor:
    return factories.actor(PERSONS[role, division], None, role, division=division)


@pytest.fixture
def world(app: Flask, clock: Any) -> World:
    """A lab of the county with revenue and a policy."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        made = people()
        for role, division in product(("officer", "approver", "auditor"), (HOME, ELSEWHERE, PROVINCE, CITY, FAR)):
            PERSONS[role, division] = factories.regulator(role, division)
        factories.working_year(2026)
        add_lab(made)
        made.clients.append(factories.firm(division=ELSEWHERE))
        put_policy(made, now, effective_from="2026-10")
        add_revenue(add_booking(made, made.labs[0], made.clients[0], date(2026, 10, 5)), "2026-10", 100_000)
    return made


def test_a_run_is_taken_on_by_its_own_county_and_what_contains_it(world: World, clock: Any) -> None:  # R-RIGHTS-13
    given = {"now": clock.now, "month": OCTOBER}
    elsewhere = regulator("officer", ELSEWHERE)
    with pytest.raises(errors.NoPolicy):
        services.run_month(actor=elsewhere, **given)
    for division in (PROVINCE, CITY, HOME):
        with transaction():
            services.run_month(actor=regulator("officer", division), **given)
    for verb in (services.publish, services.pay, services.send_back):
        more: dict[str, Any] = {"reason": "漏计"} if verb is services.send_back else {}
        more = {"paid_on": date(2026, 11, 2), "reference": "1"} if verb is services.pay else more
        with pytest.raises(NotFound):
            verb(actor=elsewhere, division=HOME, **given, **more)
    with transaction():
        services.publish(actor=regulator("officer", HOME), **given)
    with pytest.raises(NotFound):
        services.approve(actor=regulator("approver", ELSEWHERE), **given)
    clock.advance(days=8)
    with transaction():
        services.approve(actor=regulator("approver", PROVINCE), now=clock.now, month=OCTOBER)


RUNS = "/api/v1/rewards/runs"


@pytest.fixture
def two_counties(world: World, clock: Any) -> World:
    """Another county has a policy and a lab with revenue, too."""
    with transaction():
        lab = add_lab(world, division=ELSEWHERE)
        put_policy(world, clock.now, division=ELSEWHERE, effective_from="2026-10")
        add_revenue(add_booking(world, lab, world.clients[0], date(2026, 10, 6)), "2026-10", 70_000)
    return world


def token(role: str, division: str) -> Headers:
    with transaction():
        return token_for(PERSONS[role, division])


@pytest.mark.engines("sqlite")
def test_the_api_takes_the_county_that_is_meant(two_counties: World, client: FlaskClient, clock: Any) -> None:
    """R-RIGHTS-14"""
    city, auditor, neighbour = token("officer", CITY), token("auditor", PROVINCE), token("officer", ELSEWHERE)
    approver = token("approver", CITY)
    own, theirs = two_counties.labs
    month = {"month": "2026-10"}
    for division in (HOME, ELSEWHERE):
        made = client.post(f"{RUNS}?division={division}", json=month, headers=city)
        assert (made.status_code, made.json["division"]) == (200, division), made.text
    by_county = {one: client.get(f"{RUNS}/2026-10?division={one}", headers=auditor).json for one in (HOME, ELSEWHERE)}
    assert [[line["code"] for line in run["labs"]] for run in by_county.values()] == [[own.code], [theirs.code]]
    assert client.get(f"{RUNS}/2026-10", headers=auditor).json == by_county[HOME]  # the platform's own
    line = f"{RUNS}/2026-10/lines/{theirs.code}"
    assert client.get(f"{line}?division={ELSEWHERE}", headers=auditor).json["trace"]
    assert client.get(line, headers=auditor).status_code == 404
    for unknown in ("999999", FAR, "", "县"):
        assert client.get(f"{RUNS}/2026-10?division={unknown}", headers=auditor).status_code == 404
        for who, verb, body in (
            (city, "", month),
            (city, "/2026-10/publish", None),
            (approver, "/2026-10/approve", None),
        ):
            assert client.post(f"{RUNS}{verb}?division={unknown}", json=body, headers=who).status_code == 404
    for verb, body in (("", month), ("/2026-10/publish", None)):  # it is there, but another county's
        assert client.post(f"{RUNS}{verb}?division={HOME}", json=body, headers=neighbour).status_code == 404


@pytest.mark.engines("sqlite")
def test_a_run_of_the_county_that_is_meant_is_taken_on(two_counties: World, client: FlaskClient, clock: Any) -> None:
    """R-RIGHTS-14, and a key that was used for one county is not for another."""
    lab = two_counties.labs[1]
    officer, theirs = token("officer", CITY) | {"Idempotency-Key": "k"}, token("officer", ELSEWHERE)
    meant = f"?division={ELSEWHERE}"
    with transaction():
        owner = token_for(factories.member(lab.firm, "owner"), lab.firm)
        for division in (HOME, ELSEWHERE):
            services.run_month(actor=regulator("officer", CITY), now=clock.now, month=OCTOBER, division=division)
    published = client.post(f"{RUNS}/2026-10/publish{meant}", headers=officer)
    assert (published.status_code, published.json["state"]) == (200, "published"), published.text
    other = client.post(f"{RUNS}/2026-10/publish?division={HOME}", headers=officer)
    assert (other.status_code, other.json["type"]) == (422, "urn:labshare:problem:IdempotencyMismatch"), other.text
    objection = client.post(f"{RUNS}/2026-10/objections{meant}", json={"text": "漏计一单"}, headers=owner)
    assert objection.status_code == 201, objection.text
    answer = f"{RUNS}/2026-10/objections/{objection.json['id']}/answer"
    said = {"verdict": "rejected", "text": "经查无误"}
    assert client.post(answer, json=said, headers=theirs).status_code == 200
    clock.advance(days=8)
    approved = client.post(f"{RUNS}/2026-10/approve{meant}", headers=token("approver", CITY))
    assert (approved.status_code, approved.json["state"]) == (200, "approved"), approved.text
    paid = {"paid_on": local_day(clock.now).isoformat(), "reference": "拨付 1"}
    last = client.post(f"{RUNS}/2026-10/pay{meant}", json=paid, headers=theirs)
    assert (last.status_code, last.json["state"]) == (200, "paid"), last.text
    assert client.get(f"{RUNS}/2026-10?division={HOME}", headers=token("auditor", CITY)).json["state"] == "calculated"


def test_lists_and_counts_are_of_the_division(world: World, clock: Any) -> None:  # R-RIGHTS-14
    with transaction():
        services.run_month(actor=regulator("officer", HOME), now=clock.now, month=OCTOBER)

    def seen(actor: Actor) -> tuple[int, int, int, int]:
        shown = dashboard(actor, OCTOBER, OCTOBER, clock.now)
        waiting = waiting_for_regulators(actor, clock.now)
        return len(all_policies(actor)), len(runs_of_year(actor, 2026)), len(waiting.runs), shown.whole_fen

    assert seen(regulator("auditor", ELSEWHERE)) == (0, 0, 0, 0)
    whole = seen(ANYONE)
    assert whole == (1, 1, 1, 100_000)
    assert seen(regulator("auditor", HOME)) == seen(regulator("auditor", PROVINCE)) == whole


def test_a_policy_is_drafted_and_published_in_the_own_division(world: World, clock: Any) -> None:  # R-RIGHTS-13
    document = policy_json(division=ELSEWHERE, effective_from="2027-01")
    with pytest.raises(organisations_errors.OutsideDivision):
        services.draft_policy(actor=regulator("officer", HOME), now=clock.now, document=document)
    with transaction():
        drafted = services.draft_policy(actor=regulator("officer", ELSEWHERE), now=clock.now, document=document)
    for act in (
        lambda: services.publish_policy(actor=regulator("approver", HOME), now=clock.now, policy_id=drafted.id),
        lambda: services.draft_policy(
            actor=regulator("officer", HOME),
            now=clock.now,
            document=policy_json(effective_from="2027-01"),
            policy_id=drafted.id,
        ),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(organisations_errors.OutsideDivision):
        services.draft_policy(
            actor=regulator("officer", ELSEWHERE),
            now=clock.now,
            document=policy_json(effective_from="2027-01"),
            policy_id=drafted.id,
        )
    with transaction():
        services.publish_policy(actor=regulator("approver", PROVINCE), now=clock.now, policy_id=drafted.id)


def test_an_officer_around_the_county_is_second(world: World, clock: Any) -> None:  # R-FACT-2
    """Where a county has no approver its policy, grades and far admissions still get a second person."""
    around, county, home = regulator("officer", CITY), regulator("officer", HOME), regulator("officer", HOME)
    with transaction():
        drafted = services.draft_policy(
            actor=regulator("officer", ELSEWHERE),
            now=clock.now,
            document=policy_json(division=ELSEWHERE, effective_from="2027-01"),
        )
        rows = [GradeRow(world.labs[0].id, "good", "评定")]
        saved = services.save_grades(
            actor=home, now=clock.now, division=HOME, year=2025, effective_month=Month(2026, 12), rows=rows
        )
        services.hand_over_grades(actor=home, now=clock.now, list_id=saved.id, version=1)
        waits = factories.admission(factories.lab(admitted=False), confirmed_at=None)
    confirm = partial(lab_services.confirm_admission, admission_id=waits.id, seen=waits.seen)
    grades = partial(services.confirm_grades, list_id=saved.id, version=1)
    for act in (confirm, grades):
        with pytest.raises(NotAllowed):
            act(actor=county, now=clock.now)
    with transaction():
        confirm(actor=around, now=clock.now)
        grades(actor=around, now=clock.now)
        services.publish_policy(actor=around, now=clock.now, policy_id=drafted.id)


def test_an_officer_around_who_drafted_is_not_second(world: World, clock: Any) -> None:  # R-RUN-13
    around = regulator("officer", CITY)
    document = policy_json(division=ELSEWHERE, effective_from="2027-01")
    with transaction():
        drafted = services.draft_policy(actor=around, now=clock.now, document=document)
    with pytest.raises(errors.PolicyEditedByYou):
        services.publish_policy(actor=around, now=clock.now, policy_id=drafted.id)


def test_grades_and_corrections_too(world: World, clock: Any) -> None:  # R-RIGHTS-13
    lab, home = world.labs[0], regulator("officer", HOME)
    given: dict[str, Any] = {
        "year": 2025,
        "effective_month": Month(2026, 12),
        "rows": [GradeRow(lab.id, "good", "评定")],
    }
    with pytest.raises(NotFound):
        services.save_grades(actor=regulator("officer", ELSEWHERE), now=clock.now, division=HOME, **given)
    with transaction():
        saved = services.save_grades(actor=home, now=clock.now, division=HOME, **given)
        services.hand_over_grades(actor=home, now=clock.now, list_id=saved.id, version=1)
        corrected = services.propose_correction(actor=home, now=clock.now, lab=lab.code, fen=100, reason="追回")
    steps: list[Callable[[Actor], Any]] = [
        lambda actor: services.withdraw_grades(actor=actor, now=clock.now, list_id=saved.id),
        lambda actor: services.agree_correction(actor=actor, now=clock.now, correction_id=corrected.id),
        lambda actor: services.refuse_correction(actor=actor, now=clock.now, correction_id=corrected.id),
    ]
    for step in steps:
        with pytest.raises(NotFound):
            step(regulator("officer", ELSEWHERE))
    with pytest.raises(errors.NoPolicy):
        services.propose_correction(
            actor=regulator("officer", ELSEWHERE), now=clock.now, lab=lab.code, fen=100, reason="追回"
        )
    with pytest.raises(NotFound):
        services.confirm_grades(actor=regulator("approver", ELSEWHERE), now=clock.now, list_id=saved.id, version=1)
    with transaction():
        services.confirm_grades(actor=regulator("approver", CITY), now=clock.now, list_id=saved.id, version=1)


def test_a_lab_is_admitted_by_its_county_into_the_own_division(world: World, clock: Any) -> None:  # R-COUNTY-1
    with transaction():
        lab = factories.lab(admitted=False)
    given = {"now": clock.now, "lab_id": lab.id, "admitted_from": local_day(clock.now)}
    with pytest.raises(NotFound):
        lab_services.admit_lab(actor=regulator("officer", ELSEWHERE), **given)
    with pytest.raises(organisations_errors.OutsideDivision):
        lab_services.admit_lab(actor=regulator("officer", HOME), division=ELSEWHERE, **given)
    with transaction():
        admitted = lab_services.admit_lab(actor=regulator("officer", PROVINCE), division=ELSEWHERE, **given)
    assert admitted.division == ELSEWHERE
    # from then on it is the other county's, which alone suspends it
    suspended = {"now": clock.now, "lab_id": lab.id, "suspended_from": local_day(clock.now), "reason": "整改"}
    with pytest.raises(NotFound):
        lab_services.suspend_lab(actor=regulator("officer", HOME), **suspended)
    with transaction():
        lab_services.suspend_lab(actor=regulator("officer", ELSEWHERE), **suspended)


def test_a_far_admission_is_answered_by_its_county(world: World, clock: Any) -> None:  # R-COUNTY-2
    with transaction():
        waits = factories.admission(factories.lab(admitted=False), confirmed_at=None)
    given = {"now": clock.now, "admission_id": waits.id}
    confirm = partial(lab_services.confirm_admission, seen=waits.seen)
    for act, role in ((confirm, "approver"), (lab_services.refuse_admission, "officer")):
        with pytest.raises(NotFound):
            act(actor=regulator(role, ELSEWHERE), **given)
    with transaction():
        confirm(actor=regulator("approver", HOME), **given)


def test_an_affiliation_is_decided_where_the_lab_is(world: World, clock: Any) -> None:  # R-RIGHTS-15
    host, client = world.labs[0].firm, world.clients[0]  # the client is of another county
    with transaction():
        declared = factories.affiliation(
            host,
            client,
            declared_by=client,
            objected_at=clock.now,
            objected_by=factories.person().id,
            objection="并无亲属关系",
        )
    clients_county, labs_county = regulator("officer", ELSEWHERE), regulator("officer", HOME)
    given = {"now": clock.now, "affiliation_id": declared.id, "source": "inspection", "note": "现场核查"}
    assert list(affiliations_to_decide(clients_county)) == [declared.id]  # its own firm's: it reads it
    with pytest.raises(NotAllowed):
        confirm_affiliation(actor=clients_county, **given)
    with pytest.raises(NotFound):
        confirm_affiliation(actor=regulator("officer", FAR), **given)
    with transaction():
        confirm_affiliation(actor=labs_county, **given)
    entered = {
        "now": clock.now,
        "firm_id": client.id,
        "other_uscc": host.uscc,
        "kind": "family",
        "valid_from": date(2026, 1, 1),
        "source": "inspection",
        "note": "现场核查",
    }
    with pytest.raises(organisations_errors.DecidedElsewhere):
        enter_affiliation(actor=clients_county, **(entered | {"kind": "shares_owner"}))
    with transaction():
        enter_affiliation(actor=labs_county, **(entered | {"kind": "shares_owner"}))


def test_other_counties_are_told_what_one_decided(world: World, clock: Any) -> None:  # R-RIGHTS-15
    with transaction():
        other = factories.lab(division=ELSEWHERE).firm
    here, colleague, there = (regulator("officer", code) for code in (HOME, HOME, ELSEWHERE))
    with transaction():
        enter_affiliation(
            actor=here,
            now=clock.now,
            firm_id=world.labs[0].firm.id,
            other_uscc=other.uscc,
            kind="shares_owner",
            valid_from=date(2026, 1, 1),
            source="inspection",
            note="现场核查",
        )
    told = db.session.scalars(select(Notice.person_id).where(Notice.kind == "affiliation.decided_elsewhere")).all()
    assert there.person_id in told
    assert not {here.person_id, colleague.person_id} & set(told)


def test_other_counties_are_told_what_one_ended(world: World, clock: Any) -> None:  # R-RIGHTS-15
    host = world.labs[0].firm
    with transaction():
        other = factories.lab(division=ELSEWHERE).firm
        confirmed = factories.affiliation(host, other, kind="shares_owner")
        declared = factories.affiliation(host, other, declared_by=other)
        owner = factories.actor(factories.member(other, "owner"), other, "owner")
    here, there = regulator("officer", HOME), regulator("officer", ELSEWHERE)
    given: dict[str, Any] = {"now": clock.now, "valid_to": local_day(clock.now)}

    def notified() -> list[int]:
        return list(db.session.scalars(select(Notice.person_id).where(Notice.kind == "affiliation.decided_elsewhere")))

    with transaction():
        end_affiliation(actor=owner, affiliation_id=declared.id, **given)
    assert not notified()  # what a firm ends no officer decided
    with transaction():
        why = {"act": "ending", "reason": "股权已转让", "source": "business_register"}
        change = propose_change(actor=here, affiliation_id=confirmed.id, **why, **given)
    assert not notified()
    with transaction():
        seen = {"now": clock.now, "change_id": change.id, "seen": change.seen}
        agree_change(actor=regulator("approver", HOME), **seen)
    assert there.person_id in notified()
    assert here.person_id not in notified()
