"""Documents, rewards, oversight over the API; the page that describes it."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from labshare.kernel.database import transaction
from labshare.rewards.models import RewardRun
from tests import factories
from tests.api.conftest import Market, token_for

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\nxref\n0 4\n0000000000 65535 f \n"
    b"0000000009 00000 n \n0000000056 00000 n \n0000000111 00000 n \n"
    b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n178\n%%EOF\n"
)


@pytest.fixture
def finished(market: Market, client: FlaskClient, wish: Callable[..., Any], clock: Any) -> str:
    """A booking of 200.00 yuan whose test is finished today at half past ten."""
    ref = client.post("/api/v1/bookings", json=wish(), headers=market.booker).json["ref"]
    for step, when, body in (
        ("confirm", "2026-11-24 10:00", {}),
        ("receive", "2026-11-25 08:50", {"samples": 2}),
        ("start", "2026-11-25 09:00", {}),
        ("finish", "2026-11-25 10:30", {}),
    ):
        clock.set(when)
        answer = client.post(f"/api/v1/bookings/{ref}/{step}", json=body, headers=market.lab_hand)
        assert answer.status_code == 200, answer.text
    return str(ref)


def test_report_invoice_payment_settle_a_booking(market: Market, client: FlaskClient, finished: str) -> None:
    path = f"/api/v1/bookings/{finished}"
    report = client.post(
        f"{path}/reports",
        data={
            "issued_on": "2026-11-25",
            "file": (io.BytesIO(PDF), "报告.pdf"),
            "raw[]": [(io.BytesIO(b"t,v"), "曲线.csv"), (io.BytesIO(b"t,w"), "二次.csv")],
        },
        headers=market.lab_hand,
    )
    assert report.status_code == 201, report.text
    assert [file["name"] for file in report.json["raw"]] == ["曲线.csv", "二次.csv"]
    curve = f"/api/v1/files/raw/{report.json['raw'][0]['id']}"
    with client.get(curve, headers=market.booker) as sent:
        assert sent.data == b"t,v"
    assert client.get(curve, headers=market.stranger).status_code == 404
    invoice = {"number": "26332000000009018427", "amount_fen": 20_000, "tax_fen": 1_132, "issued_on": "2026-11-25"}
    assert client.post(f"{path}/invoices", json=invoice, headers=market.lab_hand).status_code == 201
    payment = {
        "amount_fen": 20_000,
        "paid_on": "2026-11-25",
        "reference": "ICBC-1",
        "payer_uscc": market.client.uscc,
    }
    for wrong, status in (({"also": [{"ref": finished, "amount_fen": 1}]}, 422), ({"also": [{"ref": "B-1"}]}, 422)):
        answer = client.post(f"{path}/payments", json={**payment, **wrong}, headers=market.lab_hand)
        assert answer.status_code == status, answer.text
    back = client.post(
        f"{path}/payments",
        json={**payment, "amount_fen": -1, "also": [{"ref": "B-1", "amount_fen": 1}]},
        headers=market.lab_hand,
    )
    assert back.status_code == 422
    assert client.post(f"{path}/payments", json=payment, headers=market.lab_hand).status_code == 201
    booking = client.get(path, headers=market.booker).json
    assert (booking["state"], booking["recognised_fen"]) == ("settled", 20_000)
    ledger = client.get(f"/api/v1/labs/{market.lab.code}/ledger?month=2026-11", headers=market.lab_hand)
    assert [entry["amount_fen"] for entry in ledger.json["items"]] == [20_000]
    assert client.get(ledger.request.path + "?month=2026-11", headers=market.stranger).status_code == 404


def test_a_red_letter_names_its_invoice_by_number_or_id(market: Market, client: FlaskClient, finished: str) -> None:
    path = f"/api/v1/bookings/{finished}/invoices"
    invoice = {"number": "26332000000000000001", "amount_fen": 20_000, "tax_fen": 1_132, "issued_on": "2026-11-25"}
    blue = client.post(path, json=invoice, headers=market.lab_hand).json
    red = {"amount_fen": -500, "tax_fen": -28, "issued_on": "2026-11-25"}
    for number, name in (("26332000000000000002", "26332000000000000001"), ("26332000000000000003", blue["id"])):
        answer = client.post(path, json={**red, "number": number, "reverses": name}, headers=market.lab_hand)
        assert answer.status_code == 201, answer.text
        assert answer.json["lines"][0]["reverses"] == "26332000000000000001"
    for wrong in ("NO-SUCH", 999_999, None):
        answer = client.post(
            path, json={**red, "number": "26332000000000000004", "reverses": wrong}, headers=market.lab_hand
        )
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "reverses"), answer.text
    booking = client.get(f"/api/v1/bookings/{finished}", headers=market.booker).json
    assert booking["invoiced_fen"] == 19_000


def test_money_is_refused_with_its_field(market: Market, client: FlaskClient, finished: str) -> None:
    path = f"/api/v1/bookings/{finished}"
    too_much = {"number": "26332000000000000001", "amount_fen": 20_001, "tax_fen": 0, "issued_on": "2026-11-25"}
    answer = client.post(f"{path}/invoices", json=too_much, headers=market.lab_hand)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "amount_fen"), answer.text
    answer = client.post(f"{path}/invoices", json={**too_much, "number": "abc"}, headers=market.lab_hand)
    assert {each["field"] for each in answer.json["errors"]} == {"number", "amount_fen"}, answer.text
    fake = client.post(
        f"{path}/reports",
        data={"issued_on": "2026-11-25", "file": (io.BytesIO(b"MZ"), "a.pdf")},
        headers=market.lab_hand,
    )
    assert (fake.status_code, fake.json["errors"][0]["field"]) == (422, "file"), fake.text


POLICY = {
    "name": "演示",
    "legal_basis": "演示",
    "division": "330624",
    "effective_from": "2026-01",
    "effective_to": None,
    "tax": "included",
    "clients": {"sizes": ["micro", "small", "medium"], "divisions": None, "exclude_related": True},
    "instruments": {"min_original_value_fen": 0},
    "exclude_statutory": True,
    "unit": "lab",
    "threshold_fen": 0,
    "bands": {"kind": "marginal", "steps": [{"from_fen": 0, "rate": "0.10"}]},
    "grades": {"excellent": "1.2", "good": "1.0", "qualified": "0.8", "unqualified": "0", "ungraded": "1.0"},
    "caps": {"instrument_year_fen": None, "lab_year_fen": 20000000, "firm_year_fen": 50000000},
    "budget_year_fen": None,
    "publicity_working_days": 5,
}


def test_policy_and_run(market: Market, client: FlaskClient, finished: str, clock: Any) -> None:
    with transaction():
        approver = token_for(factories.regulator("approver"))
        of_the_county = token_for(factories.regulator("officer", "330624"))
    wrong = client.post("/api/v1/rewards/policies", json=POLICY | {"threshold_fen": -1}, headers=market.officer)
    assert wrong.status_code == 422, wrong.text
    made = client.post("/api/v1/rewards/policies", json=POLICY, headers=market.officer)
    assert made.status_code == 201, made.text
    publish = f"/api/v1/rewards/policies/{made.json['id']}/publish"
    assert client.post(publish, headers=of_the_county).status_code == 403
    own = client.post(publish, headers=market.officer)
    assert (own.status_code, own.json["type"]) == (409, "urn:labshare:problem:PolicyEditedByYou"), own.text
    stale = client.post(publish, json={"seen": "0" * 32}, headers=approver)
    assert (stale.status_code, stale.json["type"]) == (409, "urn:labshare:problem:ChangedMeanwhile"), stale.text
    (listed,) = client.get("/api/v1/rewards/policies", headers=approver).json["items"]
    assert client.post(publish, json={"seen": listed["seen"]}, headers=approver).status_code == 200
    early = client.post("/api/v1/rewards/runs", json={"month": "2026-11"}, headers=market.officer)
    assert early.status_code == 422, early.text
    clock.set("2026-12-01 09:00")
    run = client.post("/api/v1/rewards/runs", json={"month": "2026-10"}, headers=market.officer)
    assert run.status_code == 200, run.text
    assert [line["code"] for line in run.json["labs"]] == [market.lab.code]
    line = f"/api/v1/rewards/runs/2026-10/lines/{market.lab.code}"
    assert client.get(line, headers=market.lab_hand).json["trace"]
    assert client.get(line, headers=market.stranger).status_code == 404
    assert client.get("/api/v1/rewards/runs/2026-10", headers=market.lab_hand).status_code == 403
    with transaction() as session:  # another county's run of the month, whose number comes first
        own = session.scalars(select(RewardRun)).one()
        session.add(
            RewardRun(
                division="110101",
                month=own.month,
                policy_id=own.policy_id,
                state="calculated",
                digest=own.digest,
                total_payable_fen=7,
                to_reclaim=[],
                calculated_at=own.calculated_at,
            )
        )
    assert client.get("/api/v1/rewards/runs/2026-10", headers=market.officer).json == run.json
    assert client.get(line, headers=market.lab_hand).json["trace"]


def test_usage_statistics_and_trail(market: Market, client: FlaskClient, finished: str) -> None:  # R-USAGE-3, R-USAGE-4
    usage = client.get("/api/v1/reports/usage?from=2026-11&to=2026-11&by=lab", headers=market.lab_hand).json
    assert (usage["total"]["samples"], usage["total"]["used_minutes"]) == (2, 90)
    own = client.get("/api/v1/reports/usage?from=2026-11&to=2026-11", headers=market.stranger).json
    assert own["items"] == []
    csv = client.get("/api/v1/reports/usage?from=2026-11&to=2026-11&format=csv", headers=market.auditor)
    assert csv.content_type.startswith("text/csv")
    pdf = client.get("/api/v1/reports/usage?from=2026-11&to=2026-11&format=pdf", headers=market.auditor)
    assert (pdf.content_type, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    public = client.get("/api/v1/statistics?month=2026-11").json
    assert public["by_lab"][0]["clients"] == "<3"
    assert "recognised_fen" not in public["by_lab"][0]
    trail = client.get("/api/v1/audit/events?action=export.", headers=market.auditor).json
    assert [event["subject"]["id"] for event in trail["items"]] == ["usage", "usage"]
    assert client.get("/api/v1/audit/events", headers=market.booker).status_code == 403


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_description_is_a_page_too(app: Any, client: FlaskClient, language: str) -> None:
    page = client.get("/api/docs", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert "/api/v1/bookings/{ref}/cancel" in page.text
