"""The one table of what waits for whom: navigation, overview and tasks count by it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from labshare.kernel.database import transaction
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import utc_now
from labshare.organisations.models import RegulatorRole
from labshare.oversight.waiting import KINDS, NOBODY, OF_FIRMS, PERSON, firms_and_waiting, waiting_for_regulators
from labshare.web import navigation
from tests import factories
from tests.conftest import Clock


def items() -> Iterator[navigation.Item]:
    for table in (*navigation.TOP.values(), *navigation.RAIL.values()):
        yield from (item for item in table if item.count)


def test_each_badge_leads_to_where_it_is_done() -> None:
    assert {item.endpoint for item in items()} == {kind.page for kind in KINDS if kind.badge} - {"account.notices"}


def test_every_page_is_there(app: Flask) -> None:
    pages = {page for kind in KINDS for page in (kind.page, kind.onlookers) if page}
    assert pages <= app.view_functions.keys()


def test_everything_waits_for_somebody_known() -> None:
    assert {kind.whose for kind in KINDS} <= {PERSON, NOBODY, *OF_FIRMS, *OfficialRole}


@pytest.mark.parametrize("role", [OfficialRole.OFFICER, OfficialRole.APPROVER, OfficialRole.ADMIN])
def test_badge_and_overview_say_the_same(app: Flask, clock: Clock, role: OfficialRole) -> None:
    with transaction():
        factories.firm(verified_at=None)
        someone = factories.regulator(role)
    shown = waiting_for_regulators(factories.actor(someone, None, role), utc_now())
    _firms, badges = firms_and_waiting(factories.actor(someone, None, role), {}, utc_now())
    assert shown.firms == 1
    theirs = {kind.page: getattr(shown, kind.name) for kind in KINDS if kind.whose == role and kind.badge}
    assert badges == {"account.notices": 0} | theirs


def test_whoever_proposed_is_not_asked_to_agree(app: Flask, clock: Clock) -> None:  # R-RIGHTS-4
    with transaction():
        one, other = factories.regulator("admin"), factories.regulator("admin")
        role = RegulatorRole(
            person_id=factories.person().id,
            role=OfficialRole.AUDITOR,
            division="",
            proposed_by=one.id,
            proposed_at=factories.LONG_AGO,
        )
        factories.add(role)
    assert [
        waiting_for_regulators(factories.actor(person, None, "admin"), utc_now()).roles for person in (one, other)
    ] == [
        0,
        1,
    ]
