"""Registration that a person finishes: draft kept, class shown while typing, licence for whoever verifies."""

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.accounts.models import Person
from labshare.kernel.database import db
from labshare.organisations.models import Firm, FirmDraft, FirmSize
from tests import factories as make
from tests.settlement.world import pdf
from tests.signing import sign_in

FIELDS = {
    "uscc": make.credit_code(4711),
    "name": "新昌云岩精密机械有限公司",
    "kind": "enterprise",
    "division": "330624",
    "sector": "industry",
    "year": "2025",
    "employees": "40",
    "revenue_fen": "900",
}


@pytest.fixture
def person(app: Flask, client: FlaskClient) -> Person:
    made = make.person()
    db.session.commit()
    sign_in(client, made)
    return made


def post(client: FlaskClient, path: str, **given: Any) -> Any:
    return client.post(path, data=given, content_type="multipart/form-data")


def licence(content: bytes | None = None) -> tuple[io.BytesIO, str]:
    return io.BytesIO(pdf() if content is None else content), "licence.pdf"


def test_a_draft_is_kept_however_little_it_says(person: Person, client: FlaskClient) -> None:  # R-FIRM-7
    assert post(client, "/account/firm/register", name="云岩", employees="many", keep="1").status_code == 303
    page = client.get("/account/firm/register").text
    assert "云岩" in page
    assert "many" in page
    assert db.session.query(Firm).count() == 0
    assert post(client, "/account/firm/register", **FIELDS).status_code == 303
    assert db.session.query(FirmDraft).count() == 0
    assert db.session.query(FirmSize).one().size_class == "small"


def test_the_class_is_shown_while_typing(person: Person, client: FlaskClient) -> None:
    asked = "/account/firm/size?kind=enterprise&sector=industry&employees=1000&revenue_fen="
    assert "大型" in client.get(asked + "40000").text
    assert "中型" in client.get(asked + "39999").text
    assert "大型" not in client.get(asked).text
    assert client.get("/account/firm/size?kind=other&sector=nowhere&employees=x").status_code == 200


def test_the_licence_is_seen_by_the_administrator_alone(app: Flask, person: Person, client: FlaskClient) -> None:
    assert post(client, "/account/firm/register", **FIELDS, licence=licence(b"no picture")).status_code == 422
    assert db.session.query(Firm).count() == 0
    assert post(client, "/account/firm/register", **FIELDS, licence=licence()).status_code == 303
    firm = db.session.query(Firm).one()
    path = f"/files/licence/{firm.id}"
    with client.get(path) as answer:
        assert answer.data == pdf()
    admin, stranger = make.regulator("admin"), make.firm()
    other = make.member(stranger, "owner")
    db.session.commit()
    for reader, home, status in ((admin, None, 200), (other, stranger, 404)):
        looks = app.test_client()
        sign_in(looks, reader, home)
        with looks.get(path) as answer:
            assert answer.status_code == status
        if reader is admin:
            assert path in looks.get(f"/admin/firms/{firm.id}").text


def test_the_licence_can_come_later(person: Person, client: FlaskClient) -> None:
    post(client, "/account/firm/register", **FIELDS)
    assert client.post("/account/firm/licence", data={}).status_code == 422
    assert post(client, "/account/firm/licence", file=licence()).status_code == 303
    db.session.expire_all()
    assert db.session.query(Firm).one().licence_id is not None
