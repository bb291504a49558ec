"""The pages of opening hours: a change asks first, and what was typed stays."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from labshare.accounts.models import Person
from labshare.booking.models import OpeningWeek, Proposal
from labshare.kernel.database import db, transaction
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import SHANGHAI, Clock
from tests.signing import sign_in


@pytest.fixture
def house(app: Any, clock: Clock) -> House:
    return make_house(clock)


def test_new_hours_ask_first_and_keep_what_was_typed(house: House, client: FlaskClient) -> None:  # R-TIME-17
    booking = house.book("2026-11-25 09:00")
    sign_in(client, db.session.get_one(Person, house.manager.person_id), house.lab.firm)
    page = f"/lab/labs/{house.lab.id}/hours"
    week = {"whose": "own", "valid_from": "2026-11-24", "monday": "10-12, 13-17"}
    copied = client.post(page, data=week | {"copy": "1"})
    assert copied.text.count('value="10-12, 13-17"') == 5
    week |= dict.fromkeys(("tuesday", "wednesday", "thursday", "friday"), "10-12, 13-17")

    asked = client.post(page, data=week)
    assert (asked.status_code, booking.ref in asked.text) == (200, True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
    assert week.items() <= hidden.items()
    (way,) = re.findall(r'<option value="([^"]+)" selected', asked.text)
    assert db.session.query(OpeningWeek).one().weekly != [[[600, 720], [780, 1020]]] * 5 + [[], []], "asked, not saved"
    answer = {f"way-{booking.ref}": way, "sure": "1"}
    refused = client.post(page, data=week | answer)
    assert (refused.status_code, db.session.query(Proposal).count()) == (422, 0)
    assert client.post(page, data=week | {"back": "1"}).text.count('value="10-12, 13-17"') == 5
    assert client.post(page, data=week | answer | {"note": "早上不开门"}).status_code == 303
    (proposal,) = db.session.query(Proposal)
    assert proposal.starts_at.astimezone(SHANGHAI).isoformat() == "2026-11-25T10:00:00+08:00"
    assert "不再符合" in client.get(page).text, "until the client accepts"

    own = f"{page}?instrument={house.instrument.id}"
    assert client.post(own, data=week | {"whose": "lab"}).status_code == 303
    assert client.post(own, data=week | {"saturday": "全天"}).status_code == 303
    overview = client.get("/lab/opening-hours").text
    assert "00:00–24:00" in overview
    with transaction():
        strange = factories.instrument(factories.lab())
    assert client.get(f"{page}?instrument={strange.id}").status_code == 404
