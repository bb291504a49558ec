"""Affiliations: who declares, answers, decides; what is kept; what the database refuses (R-AFFILIATION)."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from labshare.audit.models import AuditEvent
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import ChangedMeanwhile, InvalidInputs, NotAllowed, NotFound, Problem, ReasonRequired
from labshare.notices.models import Notice
from labshare.organisations import errors, services
from labshare.organisations.models import Affiliation, Firm
from labshare.organisations.queries.affiliations import affiliations_to_decide, links
from labshare.oversight.statistics import ANYONE
from tests import factories as make

TODAY = date(2026, 11, 24)


@pytest.fixture
def pair(app: Flask) -> tuple[Firm, Firm, Actor]:
    own, other = make.firm(), make.firm()
    return own, other, make.actor(make.member(own, "owner"), own, "owner")


@pytest.fixture
def officer(app: Flask) -> Actor:
    return make.actor(make.regulator("officer"), None, "officer")


@pytest.fixture
def second(app: Flask) -> Actor:
    return make.actor(make.regulator("approver"), None, "approver")


def changed(officer: Actor, second: Actor, now: Any, found: Affiliation, act: str, **given: Any) -> Affiliation:
    """What an officer proposes, and a second person agrees to as it stands."""
    words = {"source": "inspection", "reason": "已核实"} | given
    proposed = services.propose_change(actor=officer, now=now, affiliation_id=found.id, act=act, **words)
    return services.agree_change(actor=second, now=now, change_id=proposed.id, seen=proposed.seen)


def owner(firm: Firm) -> Actor:
    return make.actor(make.member(firm, "owner"), firm, "owner")


def declared(pair: tuple[Firm, Firm, Actor], now: Any, **given: Any) -> Affiliation:
    own, other, by = pair
    return services.declare_affiliation(
        **{
            "actor": by,
            "now": now,
            "firm_id": own.id,
            "other_uscc": other.uscc,
            "kind": "controls",
            "valid_from": date(2026, 1, 1),
            **given,
        }
    )


def notified(kind: str) -> list[int]:
    db.session.flush()
    return [notice.person_id for notice in db.session.query(Notice).filter_by(kind=kind)]


def actions(found: Affiliation) -> list[str]:
    events = db.session.query(AuditEvent).filter_by(subject_type="affiliation", subject_id=str(found.id), refused=False)
    return [event.action for event in events]


# ── Declaring and answering ───────────────────────────────────────────────


def test_firm_declares_for_itself_alone(pair: tuple[Firm, Firm, Actor], clock: Any) -> None:  # R-AFFILIATION-1
    made = declared(pair, clock.now)
    assert (made.source, made.firm_id, made.other_firm_id) == ("firm", pair[0].id, pair[1].id)
    assert (made.declared_by_firm_id, made.recorded_at) == (pair[0].id, clock.now)
    with pytest.raises(NotAllowed):
        declared(pair, clock.now, firm_id=pair[1].id, other_uscc=pair[0].uscc)


def test_firm_declares_that_another_controls_it(pair: tuple[Firm, Firm, Actor], clock: Any) -> None:
    made = declared(pair, clock.now, controlled=True)
    assert (made.firm_id, made.other_firm_id, made.declared_by_firm_id) == (pair[1].id, pair[0].id, pair[0].id)


def test_only_verified_firms_declare_and_agree(app: Flask, clock: Any) -> None:  # R-AFFILIATION-1
    stranger, host = make.firm(verified_at=None), make.firm()
    by, hosts_owner = owner(stranger), owner(host)
    db.session.commit()
    with pytest.raises(errors.VerifiedFirmsOnly), transaction():
        declared((stranger, host, by), clock.now)
    refused = db.session.query(AuditEvent).filter_by(action="affiliation.declare", refused=True).one()
    assert refused.after["problem"] == "VerifiedFirmsOnly"
    with transaction():
        made = declared((host, stranger, hosts_owner), clock.now)
    with pytest.raises(errors.VerifiedFirmsOnly):
        services.agree_affiliation(actor=by, now=clock.now, affiliation_id=made.id)
    assert services.object_to_affiliation(actor=by, now=clock.now, affiliation_id=made.id, reason="不实")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"other_uscc": make.credit_code(999_999)}, errors.NoSuchFirm),
        ({"valid_to": date(2025, 12, 31)}, errors.DatesNotInOrder),
        ({"kind": "friends"}, errors.UnknownChoice),
    ],
)
def test_wrong_affiliation(
    pair: tuple[Firm, Firm, Actor], clock: Any, given: dict[str, Any], problem: type[Problem]
) -> None:
    with pytest.raises(problem):
        declared(pair, clock.now, **given)


def test_no_affiliation_with_itself_and_none_twice(pair: tuple[Firm, Firm, Actor], clock: Any) -> None:
    with pytest.raises(errors.SameFirm):
        declared(pair, clock.now, other_uscc=pair[0].uscc)
    declared(pair, clock.now, valid_to=date(2026, 6, 30))
    with pytest.raises(errors.AffiliationExists):
        declared(pair, clock.now, valid_from=date(2026, 6, 30))
    declared(pair, clock.now, valid_from=date(2026, 7, 1))


def test_what_the_other_firm_declared_is_agreed_to_not_declared_again(
    pair: tuple[Firm, Firm, Actor], clock: Any
) -> None:
    own, other, _by = pair
    declared(pair, clock.now)
    with pytest.raises(errors.DeclaredByOther):
        declared((other, own, owner(other)), clock.now, controlled=True)
    declared(pair, clock.now, kind="family")
    with pytest.raises(errors.DeclaredByOther):  # both ways the same
        declared((other, own, owner(other)), clock.now, kind="family")


def test_the_other_side_is_told_and_agrees_once(pair: tuple[Firm, Firm, Actor], clock: Any) -> None:  # R-AFFILIATION-1
    _own, other, by = pair
    second = owner(other)
    made = declared(pair, clock.now)
    assert notified("affiliation.declared") == [second.person_id]
    with pytest.raises(NotAllowed):
        services.agree_affiliation(actor=by, now=clock.now, affiliation_id=made.id)
    services.agree_affiliation(actor=second, now=clock.now, affiliation_id=made.id)
    assert (made.agreed_at, made.agreed_by) == (clock.now, second.person_id)
    assert notified("affiliation.agreed") == [by.person_id]
    with pytest.raises(errors.AffiliationAgreed):
        services.agree_affiliation(actor=second, now=clock.now, affiliation_id=made.id)
    assert actions(made) == ["affiliation.declare", "affiliation.agree"]


def test_the_other_side_objects_and_an_officer_decides(
    pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any
) -> None:  # R-AFFILIATION-4
    theirs = owner(pair[1])
    made = declared(pair, clock.now)
    with pytest.raises(ReasonRequired):
        services.object_to_affiliation(actor=theirs, now=clock.now, affiliation_id=made.id, reason=" ")
    services.object_to_affiliation(actor=theirs, now=clock.now, affiliation_id=made.id, reason="并非同一股东")
    assert made.link.state(TODAY) == "objected"
    assert affiliations_to_decide(ANYONE) == {made.id: ("objected",)}
    assert notified("affiliation.objected_task") == [officer.person_id]
    with pytest.raises(errors.ObjectedAlready):
        services.object_to_affiliation(actor=theirs, now=clock.now, affiliation_id=made.id, reason="再次")
    later = clock.advance(hours=1)
    changed(officer, second, later, made, "voiding", reason="查无此事")
    assert affiliations_to_decide(ANYONE) == {}
    assert (made.voided_at, made.voided_by, made.void_reason) == (later, officer.person_id, "查无此事")


def test_who_agrees_withdraws_the_objection(pair: tuple[Firm, Firm, Actor], clock: Any) -> None:
    second = owner(pair[1])
    made = declared(pair, clock.now, kind="family")
    services.object_to_affiliation(actor=second, now=clock.now, affiliation_id=made.id, reason="误会")
    services.agree_affiliation(actor=second, now=clock.advance(hours=1), affiliation_id=made.id)
    assert (made.link.state(TODAY), affiliations_to_decide(ANYONE)) == ("agreed", {})


def test_a_third_firm_sees_nothing_of_it(pair: tuple[Firm, Firm, Actor], clock: Any) -> None:
    made, third = declared(pair, clock.now), owner(make.firm())
    for verb, given in (
        (services.agree_affiliation, {}),
        (services.object_to_affiliation, {"reason": "x"}),
        (services.end_affiliation, {"valid_to": TODAY}),
        (services.ask_end, {"valid_to": TODAY, "reason": "x"}),
    ):
        with pytest.raises(NotFound):
            verb(actor=third, now=clock.now, affiliation_id=made.id, **given)


# ── Officers ──────────────────────────────────────────────────────────────


def entered(pair: tuple[Firm, Firm, Actor], officer: Actor, now: Any, **given: Any) -> Affiliation:
    return services.enter_affiliation(
        **{
            "actor": officer,
            "now": now,
            "firm_id": pair[0].id,
            "other_uscc": pair[1].uscc,
            "kind": "family",
            "valid_from": date(2025, 5, 1),
            "source": "inspection",
            "note": "核查",
            **given,
        }
    )


def test_officer_enters_what_was_found_and_both_owners_are_told(
    pair: tuple[Firm, Firm, Actor], officer: Actor, clock: Any
) -> None:  # R-AFFILIATION-5
    second = owner(pair[1])
    made = entered(pair, officer, clock.now)
    assert (made.source, made.confirmed_at, made.confirmed_by) == ("inspection", clock.now, officer.person_id)
    assert sorted(notified("affiliation.entered")) == sorted([pair[2].person_id, second.person_id])
    with pytest.raises(NotAllowed):
        entered(pair, pair[2], clock.now)


def test_officers_decisions_have_source_and_reason(pair: tuple[Firm, Firm, Actor], officer: Actor, clock: Any) -> None:
    # R-AFFILIATION-5
    made = declared(pair, clock.now)
    given = {"actor": officer, "now": clock.now, "affiliation_id": made.id}
    with pytest.raises(InvalidInputs):
        entered(pair, officer, clock.now, note=" ", source="firm")
    with pytest.raises(InvalidInputs):
        services.confirm_affiliation(**given, source="", note="")
    with pytest.raises(errors.UnknownChoice):
        services.propose_change(**given, act="voiding", source="firm", reason="不实")
    with pytest.raises(errors.UnknownChoice):
        services.propose_change(**given, act="forgetting", source="inspection", reason="不实")
    for act, what in (("ending", {"valid_to": TODAY}), ("correcting", {"kind": "family", "valid_from": TODAY})):
        with pytest.raises(ReasonRequired):
            services.propose_change(**given, act=act, **what, source="inspection", reason="")


def test_confirming_leaving_and_their_moments(pair: tuple[Firm, Firm, Actor], officer: Actor, clock: Any) -> None:
    # R-AFFILIATION-5
    second = owner(pair[1])
    made = declared(pair, clock.now)
    with pytest.raises(errors.NothingToSee):
        services.leave_as_declared(actor=officer, now=clock.now, affiliation_id=made.id, note="已阅")
    assert not made.link.chains
    services.agree_affiliation(actor=second, now=clock.advance(hours=1), affiliation_id=made.id)
    assert not made.link.chains
    assert affiliations_to_decide(ANYONE) == {made.id: ("chain",)}
    services.leave_as_declared(actor=officer, now=clock.advance(hours=1), affiliation_id=made.id, note="已阅章程")
    assert made.link.chains
    assert affiliations_to_decide(ANYONE) == {}
    with pytest.raises(errors.AffiliationSeen):
        services.leave_as_declared(actor=officer, now=clock.now, affiliation_id=made.id, note="再阅")
    services.confirm_affiliation(
        actor=officer, now=clock.now, affiliation_id=made.id, source="business_register", note="公示信息"
    )
    assert (made.confirmed_source, made.link.state(TODAY)) == ("business_register", "confirmed")
    with pytest.raises(errors.AffiliationConfirmed):
        services.confirm_affiliation(
            actor=officer, now=clock.now, affiliation_id=made.id, source="inspection", note="再次"
        )


def test_a_correction_voids_the_row_and_records_one_that_names_it(
    pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any
) -> None:  # R-AFFILIATION-9
    before = clock.now
    old = declared(pair, before)
    later = clock.advance(hours=3)
    new = changed(officer, second, later, old, "correcting", kind="family", valid_from=date(2026, 3, 1))
    assert (new.corrects_id, new.kind, new.recorded_at, old.voided_at) == (old.id, "family", later, later)
    assert (old.kind, old.valid_from) == ("controls", date(2026, 1, 1))
    assert (old.voided_by, new.confirmed_by) == (officer.person_id, officer.person_id)
    assert [link.id for link in links(before)] == [old.id]
    assert [link.id for link in links(later)] == [link.id for link in links()] == [new.id]
    with pytest.raises(errors.AffiliationVoided):
        changed(officer, second, later, old, "voiding")


# ── A second person ───────────────────────────────────────────────────────


def test_nothing_changes_until_a_second_person_agrees(
    pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any
) -> None:  # R-AFFILIATION-10
    made = entered(pair, officer, clock.now)
    given = {"now": clock.now, "affiliation_id": made.id, "source": "inspection", "reason": "已分家"}
    change = services.propose_change(actor=officer, act="voiding", **given)
    assert (made.voided_at, notified("affiliation.change_waits")) == (None, [second.person_id])
    assert [link.id for link in links()] == [made.id]
    with pytest.raises(errors.ChangeWaits):
        services.propose_change(actor=officer, act="ending", valid_to=TODAY, **given)
    county = make.actor(make.regulator("officer", pair[0].division), None, "officer", division=pair[0].division)
    agree = {"now": clock.now, "change_id": change.id, "seen": change.seen}
    for actor, problem in (
        (officer, errors.SecondPersonNeeded),
        (county, NotAllowed),  # a colleague of the same county is no second person
        (make.actor(make.regulator("auditor"), None, "auditor"), NotAllowed),
        (pair[2], NotAllowed),
    ):
        with pytest.raises(problem):
            services.agree_change(actor=actor, **agree)
    with pytest.raises(ChangedMeanwhile):
        services.agree_change(actor=second, **agree | {"seen": "x"})
    services.agree_change(actor=second, **agree)
    assert (made.voided_at, made.voided_by, links()) == (clock.now, officer.person_id, [])
    assert (change.agreed_by, notified("affiliation.voided")) == (second.person_id, [pair[2].person_id])
    with pytest.raises(errors.ChangeDecided):
        services.agree_change(actor=second, **agree)


def test_what_a_firm_did_meanwhile_is_looked_at_again(
    pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any
) -> None:  # R-RIGHTS-16
    made = declared(pair, clock.now)
    given = {"act": "voiding", "source": "inspection", "reason": "查无此事"}
    change = services.propose_change(actor=officer, now=clock.now, affiliation_id=made.id, **given)
    seen = change.seen
    services.end_affiliation(actor=pair[2], now=clock.now, affiliation_id=made.id, valid_to=TODAY)
    with pytest.raises(ChangedMeanwhile):
        services.agree_change(actor=second, now=clock.now, change_id=change.id, seen=seen)


def test_a_change_is_refused_or_withdrawn_and_proposed_anew(
    pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any
) -> None:  # R-AFFILIATION-10
    made = entered(pair, officer, clock.now)
    given = {"now": clock.now, "affiliation_id": made.id, "act": "voiding", "source": "inspection", "reason": "有误"}
    for who, hears in ((second, [officer.person_id]), (officer, [officer.person_id])):
        change = services.propose_change(actor=officer, **given)
        services.drop_change(actor=who, now=clock.now, change_id=change.id)
        assert (change.dropped_by, notified("affiliation.change_refused")) == (who.person_id, hears)
        with pytest.raises(errors.ChangeDecided):
            services.agree_change(actor=second, now=clock.now, change_id=change.id, seen=change.seen)
    assert changed(officer, second, clock.now, made, "voiding").voided_at == clock.now


def test_while_a_change_waits_no_officer_decides_otherwise(
    pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any
) -> None:  # R-AFFILIATION-10
    made = declared(pair, clock.now)
    services.object_to_affiliation(actor=owner(pair[1]), now=clock.now, affiliation_id=made.id, reason="不实")
    given = {"actor": officer, "now": clock.now, "affiliation_id": made.id}
    assert affiliations_to_decide(ANYONE) == {made.id: ("objected",)}
    services.propose_change(**given, act="voiding", source="inspection", reason="不实")
    assert affiliations_to_decide(ANYONE) == {}  # it is the second person's now
    with pytest.raises(errors.ChangeWaits):
        services.confirm_affiliation(**given, source="inspection", note="核查")
    with pytest.raises(errors.ChangeWaits):
        services.leave_as_declared(**given, note="已阅")


@pytest.mark.parametrize(
    "alone",
    [
        "voided_at = '2026-11-24 00:00:00', voided_by = 1, void_reason = 'x'",
        "ended_at = '2026-11-24 00:00:00', ended_by = 1, ended_on = '2026-11-24', ended_source = 'inspection'",
        "ended_at = '2026-11-24 00:00:00', ended_by = 1, ended_on = '2026-11-24'",
    ],
)
def test_the_database_refuses_what_one_decides(
    pair: tuple[Firm, Firm, Actor], officer: Actor, clock: Any, alone: str
) -> None:  # R-AFFILIATION-10
    made = entered(pair, officer, clock.now)
    given = {"now": clock.now, "affiliation_id": made.id, "act": "ending", "valid_to": TODAY}
    change = services.propose_change(actor=officer, **given, source="inspection", reason="x")
    db.session.commit()
    assert refused_by_the_database(f"UPDATE affiliation SET {alone} WHERE id = {made.id}")
    for word in (
        "agreed_by = proposed_by, agreed_at = proposed_at",
        "act = 'voiding', valid_to = NULL",
        "reason = 'y'",
    ):
        assert refused_by_the_database(f"UPDATE affiliation_change SET {word} WHERE id = {change.id}"), word
    assert refused_by_the_database(f"DELETE FROM affiliation_change WHERE id = {change.id}")


# ── Ends ──────────────────────────────────────────────────────────────────


def test_firm_ends_what_it_declared_from_today_on_and_nothing_an_officer_entered(
    pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any
) -> None:  # R-AFFILIATION-8
    by = pair[2]
    made = declared(pair, clock.now)
    with pytest.raises(errors.EndsInThePast):
        services.end_affiliation(actor=by, now=clock.now, affiliation_id=made.id, valid_to=TODAY - timedelta(days=1))
    services.end_affiliation(actor=by, now=clock.now, affiliation_id=made.id, valid_to=TODAY)
    assert (made.valid_to, made.ended_on, made.ended_at) == (None, TODAY, clock.now)
    found = entered(pair, officer, clock.now)
    with pytest.raises(NotAllowed):
        services.end_affiliation(actor=by, now=clock.now, affiliation_id=found.id, valid_to=date(2026, 12, 31))
    changed(officer, second, clock.now, found, "ending", valid_to=date(2025, 12, 31))
    with pytest.raises(errors.EndRecorded):
        changed(officer, second, clock.now, found, "ending", valid_to=TODAY)


def test_an_end_never_lies_before_the_start_or_after_the_recorded_one(
    pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any
) -> None:
    made = declared(pair, clock.now, valid_to=date(2026, 12, 31))
    with pytest.raises(errors.DatesNotInOrder):
        changed(officer, second, clock.now, made, "ending", valid_to=date(2025, 12, 31))
    with pytest.raises(errors.EndsTooLate):
        changed(officer, second, clock.now, made, "ending", valid_to=date(2027, 1, 1))


def test_what_an_officer_confirmed_a_firm_asks_to_end(
    pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any
) -> None:  # R-AFFILIATION-8
    by = pair[2]
    made = declared(pair, clock.now)
    services.confirm_affiliation(actor=officer, now=clock.now, affiliation_id=made.id, source="inspection", note="核查")
    with pytest.raises(errors.ConfirmedByOfficer):
        services.end_affiliation(actor=by, now=clock.now, affiliation_id=made.id, valid_to=TODAY)
    ask = {"actor": by, "now": clock.now, "affiliation_id": made.id, "valid_to": TODAY, "reason": "股权已转让"}
    services.ask_end(**ask)
    with pytest.raises(errors.EndAskedAlready):
        services.ask_end(**ask)
    assert affiliations_to_decide(ANYONE) == {made.id: ("end_asked",)}
    assert notified("affiliation.end_asked") == [officer.person_id]
    services.decline_end(actor=officer, now=clock.now, affiliation_id=made.id, reason="未见变更登记")
    assert affiliations_to_decide(ANYONE) == {}
    with pytest.raises(errors.EndNotAsked):
        services.decline_end(actor=officer, now=clock.now, affiliation_id=made.id, reason="x")
    services.ask_end(**ask)
    changed(officer, second, clock.now, made, "ending", valid_to=TODAY, source="business_register")
    assert affiliations_to_decide(ANYONE) == {}


# ── What was known at a moment ────────────────────────────────────────────


def test_what_was_recorded_later_is_not_known_before(
    pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any
) -> None:  # R-AFFILIATION-9
    made = declared(pair, clock.now)
    moments = {"declared": clock.now}
    moments["agreed"] = clock.advance(hours=1)
    services.agree_affiliation(actor=owner(pair[1]), now=clock.now, affiliation_id=made.id)
    moments["seen"] = clock.advance(hours=1)
    services.leave_as_declared(actor=officer, now=clock.now, affiliation_id=made.id, note="已阅")
    moments["ended"] = clock.advance(hours=1)
    changed(officer, second, clock.now, made, "ending", valid_to=TODAY)
    moments["voided"] = clock.advance(hours=1)
    changed(officer, second, clock.now, made, "voiding")
    db.session.flush()
    a_moment = timedelta(microseconds=1)
    assert links(moments["declared"] - a_moment) == []
    (known,) = links(moments["agreed"] - a_moment)
    assert (known.agreed_at, known.seen_at, known.reaches_back(pair[1].id)) == (None, None, False)
    (known,) = links(moments["seen"] - a_moment)
    assert (known.reaches_back(pair[1].id), known.chains) == (True, False)
    (known,) = links(moments["ended"] - a_moment)
    assert (known.chains, known.last) == (True, date(9999, 12, 31))
    (known,) = links(moments["voided"] - a_moment)
    assert known.last == TODAY
    assert links(moments["voided"]) == links() == []


# ── What the database refuses ─────────────────────────────────────────────

OVERWRITTEN = [
    "valid_from = '2020-01-01'",
    "valid_to = '2026-11-30'",
    "kind = 'family'",
    "recorded_at = '2020-01-01 00:00:00'",
    "declared_by_firm_id = other_firm_id",
    "source = 'inspection'",
    "note = 'x'",
    "agreed_at = NULL, agreed_by = NULL",
    "agreed_at = '2020-01-01 00:00:00'",
    "confirmed_at = '2020-01-01 00:00:00'",
    "confirmed_source = 'business_register'",
    "ended_at = '2020-01-01 00:00:00'",
    "ended_on = '2026-12-24'",
    "ended_at = NULL, ended_by = NULL, ended_on = NULL",
    "holds_until_decided = TRUE",
]


@pytest.fixture
def fully_decided(pair: tuple[Firm, Firm, Actor], officer: Actor, second: Actor, clock: Any) -> Affiliation:
    """Declared, agreed, confirmed, ended."""
    made = declared(pair, clock.now)
    given = {"now": clock.now, "affiliation_id": made.id}
    services.agree_affiliation(actor=owner(pair[1]), **given)
    services.confirm_affiliation(actor=officer, source="inspection", note="核查", **given)
    changed(officer, second, clock.now, made, "ending", valid_to=TODAY)
    db.session.commit()
    return made


def refused_by_the_database(statement: str) -> bool:
    try:
        db.session.execute(text(statement.replace(":", "\\:")))
    except DBAPIError:
        return True
    finally:
        db.session.rollback()
    return False


def test_what_was_recorded_is_never_overwritten(fully_decided: Affiliation) -> None:  # R-AFFILIATION-9
    passed = [
        change
        for change in OVERWRITTEN
        if not refused_by_the_database(f"UPDATE affiliation SET {change} WHERE id = {fully_decided.id}")
    ]
    assert not passed


def test_rows_stay_and_voided_ones_are_left_alone(
    fully_decided: Affiliation, officer: Actor, second: Actor, clock: Any
) -> None:  # R-AFFILIATION-9
    assert refused_by_the_database(f"DELETE FROM affiliation WHERE id = {fully_decided.id}")
    with transaction():
        changed(officer, second, clock.now, fully_decided, "voiding")
    for change in (
        "voided_at = NULL, voided_by = NULL, void_reason = NULL",
        "voided_at = '2020-01-01 00:00:00'",
        f"seen_at = '2026-11-24 00:00:00', seen_by = {officer.person_id}",
    ):
        assert refused_by_the_database(f"UPDATE affiliation SET {change} WHERE id = {fully_decided.id}"), change


@pytest.mark.parametrize(
    "wrong",
    [
        "seen_at = '2026-11-24 00:00:00'",
        "voided_at = '2026-11-24 00:00:00', voided_by = 1, void_reason = ''",
        "ended_at = '2026-11-24 00:00:00', ended_by = 1, ended_on = '2025-12-31'",
    ],
)
def test_a_moment_has_its_person_and_an_end_its_start(pair: tuple[Firm, Firm, Actor], clock: Any, wrong: str) -> None:
    made = declared(pair, clock.now)
    db.session.commit()
    assert refused_by_the_database(f"UPDATE affiliation SET {wrong} WHERE id = {made.id}")
