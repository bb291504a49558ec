"""A lab applies to be an open lab, an officer answers: what each page says to whom (R-COUNTY-6)."""

from datetime import date

import pytest

from labshare.catalogue.models import Calibration, LabApplication
from labshare.kernel.database import db, transaction
from tests import factories as make
from tests.signing import sign_in
from tests.web.test_public_pages import text_of

EN = {"Accept-Language": "en"}


@pytest.fixture
def lab(app, clock):
    clock.set("2026-11-24 10:00")
    with transaction():
        firm = make.firm(size_class="large")
        lab = make.lab(firm, admitted=False, address="人民路 1 号", phone="0575-00001234")
        instrument = make.instrument(lab, calibrated=(date(2024, 1, 1), date(2025, 1, 1)))
        make.test_item(instrument)
        lab.manager, lab.officer = make.member(firm, "lab_manager"), make.regulator("officer")
        lab.machine = instrument
    return lab


def test_what_is_missing_is_said_and_then_the_lab_applies_and_is_answered(client, lab):
    own, theirs = f"/lab/labs/{lab.id}", f"/regulator/labs/{lab.id}"
    sign_in(client, lab.manager)
    page = client.get(own, headers=EN).text
    assert "not met: every published instrument calibrated today, or without need" in text_of(page)
    assert f"{own}/apply" not in page, "no button before it is complete"
    with transaction():
        db.session.add(
            Calibration(
                instrument_id=lab.machine.id, certificate="C-2", valid_from=date(2026, 1, 1), valid_to=date(2027, 1, 1)
            )
        )
    assert f"{own}/apply" in client.get(own, headers=EN).text
    long = client.post(f"{own}/apply", data={"remark": "证" * 301}, headers=EN)
    assert long.status_code == 422
    assert "证" * 301 in long.text, "what was typed is kept"
    assert client.post(f"{own}/apply", data={"remark": "证书齐全"}, headers=EN).status_code == 303
    assert "Withdraw application" in client.get(own, headers=EN).text

    sign_in(client, lab.officer)
    assert "1 lab applies to be an open lab" in text_of(client.get("/regulator/", headers=EN).text)
    shown = text_of(client.get(theirs, headers=EN).text)
    assert "Published instruments 1" in shown
    assert "证书齐全" in shown
    empty = client.post(f"{theirs}/decline", data={"reason": ""}, headers=EN)
    assert empty.status_code == 422
    assert client.post(f"{theirs}/decline", data={"reason": "请补充地址"}, headers=EN).status_code == 303
    assert "Applies to be an open lab" not in client.get(theirs, headers=EN).text

    sign_in(client, lab.manager)
    page = client.get(own, headers=EN).text
    assert "请补充地址" in page, "the lab reads why"
    assert client.post(f"{own}/apply", headers=EN).status_code == 303, "and applies again"
    assert client.post(f"{own}/apply", headers=EN).status_code == 409, "but once at a time"
    assert client.post(f"{own}/withdraw-application", headers=EN).status_code == 303
    with transaction():
        assert [one.outcome for one in db.session.query(LabApplication).order_by(LabApplication.id)] == [
            "declined",
            "withdrawn",
        ]
