"""`labshare check` finds duties that are not separated, whoever wrote the rows."""

from typing import Any

from flask import Flask

from labshare.organisations.models import Membership, RegulatorRole
from labshare.oversight.checks import violations
from tests import factories as make


def found(clock: Any) -> list[str]:
    return [one.detail for one in violations(clock.now) if one.invariant.startswith("Officer, approver")]


def test_member_of_a_firm_with_labs_and_nothing_else(app: Flask, clock: Any) -> None:
    officer, plain, host = make.regulator("officer"), make.firm(), make.firm()
    make.add(Membership(person_id=officer.id, firm_id=plain.id, role="viewer", started_at=make.LONG_AGO))
    assert found(clock) == []
    make.lab(host)
    make.add(Membership(person_id=officer.id, firm_id=host.id, role="viewer", started_at=make.LONG_AGO))
    assert found(clock) == ["officer and member of a firm with labs"]


def test_two_duties_in_one_person(app: Flask, clock: Any) -> None:
    officer = make.regulator("officer")
    make.add(
        RegulatorRole(
            person_id=officer.id, role="auditor", division="", proposed_at=make.LONG_AGO, agreed_at=make.LONG_AGO
        )
    )
    assert found(clock) == []
    make.add(
        RegulatorRole(
            person_id=officer.id, role="approver", division="", proposed_at=make.LONG_AGO, agreed_at=make.LONG_AGO
        )
    )
    assert found(clock) == ["approver and officer"]
