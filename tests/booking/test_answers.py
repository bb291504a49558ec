"""Answers to a lab's sample form: what they may be (R-SAMPLE-2), how they are kept (R-SAMPLE-3), who reads them
(R-SAMPLE-5), and what is said of the delivery (R-SAMPLE-6)."""

import io
import json
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from labshare.accounts.models import Person
from labshare.booking import errors, services
from labshare.booking.models import Booking
from labshare.booking.queries.bookings import get_booking, sees_samples
from labshare.booking.rules.answers import (
    MOST_TEXT,
    Answers,
    GivenFile,
    answer_problems,
    read_answer_number,
    typed_values,
    written_answers,
)
from labshare.catalogue.queries.sample_forms import sample_form
from labshare.catalogue.rules.fees import Extras, Surcharge
from labshare.catalogue.rules.sample_form import Option, Question
from labshare.catalogue.services.sample_forms import set_sample_form
from labshare.catalogue.terms import SurchargeKind
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInputs
from labshare.kernel.formatting import plain_number
from labshare.organisations.models import Firm
from tests import factories
from tests.api.conftest import token_for
from tests.booking.conftest import House, at, make_house
from tests.booking.test_statements import AT_MOST, listening
from tests.conftest import Clock
from tests.mails import letters
from tests.settlement.world import pdf
from tests.signing import sign_in

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
START = "2026-11-25 09:00"
ASKED = (
    Question(label="表面状态", label_en="Surface", kind="choice", options=(Option("磨削", "ground"), Option("车削"))),
    Question(label="预期硬度", label_en="Hardness", kind="number", unit="HRC", least=Decimal(20), most=Decimal(70)),
    Question(label="热处理", kind="text", required=False),
    Question(label="照片", kind="photo", required=False),
)


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    made = make_house(clock, lab={"automatic_confirmation": True})
    ask(made, *ASKED)
    return made


def ask(house: House, *questions: Question) -> tuple[Question, ...]:
    house.do(
        set_sample_form,
        house.manager,
        test_item_id=house.item.id,
        questions=questions,
        revision=house.item.form_revision,
    )
    return sample_form(house.item)


def ids(house: House) -> list[int]:
    return [one.id or 0 for one in sample_form(house.item)]


def right(house: House) -> Answers:
    surface, hardness, *_rest = ids(house)
    return Answers({surface: "磨削", hardness: "４５.0"})


def wrong(questions: tuple[Question, ...], *answers: Any) -> set[str]:
    given = {n: one for n, one in enumerate(answers, start=1) if one is not None}
    numbered = [replace(one, id=n) for n, one in enumerate(questions, start=1)]
    return {f"{one.code} {one.field}" for one in answer_problems(numbered, given)}


# ── The rules ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_answer_is_judged_at_its_own_question() -> None:  # R-SAMPLE-2
    picture = GivenFile(name="a.png", size=9, content_type="image/png")
    paper = replace(picture, content_type="application/pdf")
    assert not wrong(ASKED, "磨削", "45", "调质", picture)
    assert wrong(ASKED) == {"AnswerNeeded answers.1", "AnswerNeeded answers.2"}
    assert wrong(ASKED, " ", "  ") == wrong(ASKED)
    assert wrong(ASKED, "ground", "硬") == {"ChooseAnOption answers.1", "AnswerNotANumber answers.2"}
    assert wrong(ASKED, "磨削", "70.001") == {"AnswerOutOfLimits answers.2"}
    assert wrong(ASKED, "磨削", "45", "长" * 10_000) == {"AnswerTooLong answers.3"}
    assert wrong(ASKED, "磨削", "45", None, paper) == {"AnswerNotAPicture answers.4"}
    assert wrong(ASKED, "磨削", "45", None, "a.png") == {"FileNeeded answers.4"}
    assert wrong(ASKED, "磨削", "45", picture) == {"WordsNeeded answers.3"}
    assert wrong(ASKED, "磨削", "45", None, None, "x") == {"AnswerUnknown answers.5"}


@pytest.mark.parametrize(
    ("typed", "number"), [("1,250.5", "1250.5"), ("１２．５", "12.5"), ("12,5", None), ("1,25", None)]
)
def test_a_comma_stands_between_thousands_alone(typed: str, number: str | None) -> None:
    assert read_answer_number(typed) == (number and Decimal(number))


@given(number=st.decimals(-99, 99, places=3), least=st.integers(-50, 0), most=st.integers(1, 50))
@settings(max_examples=60)
def test_a_number_is_taken_within_its_limits_alone(number: Decimal, least: int, most: int) -> None:
    asked = (Question(label="x", kind="number", least=Decimal(least), most=Decimal(most)),)
    assert (not wrong(asked, f"{number:f}")) == (least <= number <= most)
    assert read_answer_number(f"{number:f}") == number
    assert plain_number(number) == plain_number(Decimal(plain_number(number)))


@given(st.dictionaries(st.integers(1, 4), st.text(max_size=MOST_TEXT + 5), max_size=4))
@settings(max_examples=60)
def test_what_is_accepted_is_kept_and_fills_a_form_again(sent: dict[int, str]) -> None:  # R-SAMPLE-3
    numbered = [replace(one, id=n, required=False) for n, one in enumerate(ASKED, start=1)]
    if list(answer_problems(numbered, sent)):
        return
    kept = written_answers(numbered, sent)
    assert [row["label"] for row in kept] == [one.label for one in ASKED]
    again = typed_values(kept)
    assert not list(answer_problems(numbered, again))
    assert typed_values(written_answers(numbered, again)) == again


# ── Booking ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_booking_keeps_its_answers_as_they_were_asked(house: House) -> None:
    booking = house.book(START, answers=right(house))
    ask(house, Question(label="涂层", kind="text"))
    kept = get_booking(house.client, booking.ref, anew=True).answers or []
    assert [(row["label"], row.get("value")) for row in kept] == [
        ("表面状态", "磨削"),
        ("预期硬度", "45"),
        ("热处理", None),
        ("照片", None),
    ]
    assert kept[0]["value_en"] == "ground"


def test_without_an_answer_that_is_needed_nothing_is_booked(house: House) -> None:
    with pytest.raises(InvalidInputs):
        house.book(START)
    with pytest.raises(errors.QuestionsChanged):
        house.book(START, answers=replace(right(house), revision=7))
    assert db.session.scalar(select(Booking)) is None


@pytest.mark.parametrize("asked", [False, True])
def test_answers_cost_a_statement_at_most(app: Flask, clock: Clock, asked: bool) -> None:
    """None where the item has no form: as many as ever (tests/booking/test_statements.py)."""
    house = make_house(clock)
    if asked:
        ask(house, *ASKED)
    answers = right(house) if asked else Answers()
    db.session.remove()
    with listening() as sent:
        house.book(START, answers=answers)
    about = [statement for statement in sent.every if "sample_field" in statement]
    assert len(about) == asked
    assert len(sent.every) <= AT_MOST + asked


def test_the_approver_books_what_was_asked(house: House) -> None:
    with transaction():
        firm = db.session.get_one(Firm, house.client.firm_id)
        firm.approval_above_fen = 100  # type: ignore[assignment]
        booker = factories.actor(factories.member(firm, "booker"), firm, "booker")
    asked = house.do(
        services.ask_approval,
        booker,
        test_item_id=house.item.id,
        quantity=1,
        starts_at=at(START),
        answers=right(house),
        confidential=True,
    )
    ask(house, Question(label="涂层", kind="text"))
    booking = house.do(services.approve, house.client, approval_id=asked.id, price_fen=asked.price_fen)
    kept = get_booking(house.client, booking.ref, anew=True)
    assert kept.confidential
    assert typed_values(kept.answers) == typed_values(asked.answers)


def test_what_is_confidential_is_read_by_few(house: House) -> None:  # R-SAMPLE-5
    booking = house.book(START, answers=right(house), confidential=True)
    plain = house.book("2026-11-25 13:00", answers=right(house))
    with transaction():
        firm = db.session.get_one(Firm, house.client.firm_id)
        people = {
            role: factories.actor(factories.member(house.lab.firm, role), house.lab.firm, role)
            for role in ("owner", "lab_manager", "accountant", "viewer")
        }
        people["colleague"] = factories.actor(factories.member(firm, "viewer"), firm, "viewer")
        people["officer"] = factories.actor(factories.regulator("officer"), None, "officer")
    assert {name for name, one in people.items() if sees_samples(one, booking)} == {"owner", "lab_manager", "colleague"}
    assert all(sees_samples(one, plain) for one in people.values())


def test_the_confirmation_says_what_to_bring_where_and_when(house: House) -> None:  # R-SAMPLE-6
    house.book(START, answers=right(house))
    house.book("2026-11-25 13:00", answers=right(house), confidential=True)
    mails = [one.body for one in letters() if one.to == db.session.get_one(Person, house.client.person_id).email]
    assert len(mails) == 2
    for body in mails:
        assert "09:00–12:00, 13:00–17:00" in body
    said = [body for body in mails if "45 HRC" in body]
    assert len(said) == 1, "what is confidential stands in no mail"


# ── By page and by API ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def page(house: House, client: FlaskClient) -> FlaskClient:
    firm = db.session.get_one(Firm, house.client.firm_id)
    return sign_in(client, db.session.get_one(Person, house.client.person_id), firm)


def typed(house: House, **more: Any) -> dict[str, Any]:
    surface, hardness, text, _photo = ids(house)
    return {
        "test_item": house.item.id,
        "form_revision": house.item.form_revision,
        "quantity": 2,
        "starts_at": "2026-11-25T09:00",
        "sample_description": "轴承外圈",
        f"answers-{surface}": "磨削",
        f"answers-{hardness}": "45",
        f"answers-{text}": "<script>alert(1)</script>",
        **more,
    }


def test_a_wrong_answer_is_told_at_its_field_and_everything_is_kept(house: House, page: FlaskClient) -> None:
    _surface, hardness, _text, photo = ids(house)
    sent = typed(house, **{f"answers-{hardness}": "硬", f"answers-{photo}": (io.BytesIO(PNG), "件.png")})
    answer = page.post("/bookings/new", data=sent, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert f'id="answers-{hardness}-error"' in answer.text
    assert 'value="硬"' in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "件.png" in answer.text, "the file must be chosen once more"
    empty = page.post("/bookings/new", data=typed(house, **{f"answers-{photo}": (io.BytesIO(b"GIF89a"), "x.png")}))
    assert empty.status_code == 422
    assert f'id="answers-{photo}-error"' in empty.text


def test_what_a_lab_writes_is_shown_as_it_is_written(house: House, page: FlaskClient) -> None:
    bad = "<script>alert(1)</script>"
    options = tuple(Option(f"{bad}{n}") for n in range(7))
    ask(
        house,
        Question(label=bad, label_en=bad, kind="number", unit="<b>mm", hint=bad, hint_en=bad),
        Question(label="选", kind="choice", options=options[:2]),
        Question(label="多", kind="choice", options=options),
    )
    shown = page.get(f"/bookings/new?test_item={house.item.id}")
    public = page.get(f"/test-items/{house.item.id}")
    assert shown.status_code == public.status_code == 200
    for text in (shown.text, public.text):
        assert bad not in text
        assert "<b>mm" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_questions_that_changed_meanwhile_are_said_and_answers_kept(house: House, page: FlaskClient) -> None:
    sent = typed(house)
    ask(house, *sample_form(house.item), Question(label="涂层", kind="text"))
    answer = page.post("/bookings/new", data=sent)
    assert answer.status_code == 409
    assert 'value="45"' in answer.text
    assert "涂层" in answer.text
    assert f'name="form_revision" type="hidden" value="{house.item.form_revision}"' in answer.text
    assert db.session.scalar(select(Booking)) is None


def test_the_file_is_read_by_both_sides_and_nobody_else(house: House, page: FlaskClient) -> None:  # R-SAMPLE-4
    photo = ids(house)[-1]
    answer = page.post("/bookings/new", data=typed(house, **{f"answers-{photo}": (io.BytesIO(PNG), "件.png")}))
    assert answer.status_code == 303, answer.text
    booking = db.session.scalars(select(Booking)).one()
    file = (booking.answers or [])[-1]["file"]
    address = f"/files/samples/{booking.ref}/{file['id']}"
    assert page.get(answer.location).text.count(address) == 1
    with page.get(address) as sent:
        assert sent.data == PNG
    assert page.get(f"/files/samples/{booking.ref}/{file['id'] + 1}").status_code == 404
    with transaction():
        firm = factories.firm()
        stranger = factories.member(firm, "owner")
    assert sign_in(page, stranger, firm).get(address).status_code == 404


def test_as_last_time_fills_in_answers_and_surcharges(house: House, page: FlaskClient) -> None:
    with transaction():
        rush = Surcharge("rush", SurchargeKind.RUSH, percent=Decimal(50), days=2)
        house.item.fees[0].surcharges = Extras(surcharges=(rush,)).columns()["surcharges"]  # type: ignore[attr-defined]
    assert page.post("/bookings/new", data=typed(house, surcharges="rush", confidential="y")).status_code == 303
    earlier = db.session.scalars(select(Booking)).one()
    shown = page.post("/bookings/new", data={"test_item": house.item.id, "last": earlier.ref}).text
    surface, hardness, *_rest = ids(house)
    assert re.search(rf'name="answers-{hardness}"[^>]*value="45"', shown)
    assert shown.count(" checked") == 3, "the option, the surcharge, confidential"
    assert f'name="answers-{surface}"' in shown


def test_as_last_time_tells_nobody_elses_samples(app: Flask, house: House) -> None:  # R-SAMPLE-5: the cheat
    """Somebody at the lab who books for its firm sees the booking, not what its confidential samples are."""
    booking = house.book(START, answers=right(house), confidential=True)
    with transaction():
        booker = factories.member(house.lab.firm, "booker")
    client = sign_in(app.test_client(), booker, house.lab.firm)
    assert client.get(f"/lab/bookings/{booking.ref}").status_code == 200
    asked = client.post("/bookings/new", data={"test_item": house.item.id, "last": booking.ref})
    assert asked.status_code == 404


def test_the_api_asks_and_answers(house: House, client: FlaskClient) -> None:
    firm = db.session.get_one(Firm, house.client.firm_id)
    with transaction():
        headers = token_for(db.session.get_one(Person, house.client.person_id), firm)
        officer = token_for(factories.regulator("officer"))
    item = client.get(f"/api/v1/test-items/{house.item.id}").json
    surface, hardness, text, photo = (one["id"] for one in item["sample_form"])
    assert item["sample_form"][1] == {
        "id": hardness,
        "label": "预期硬度",
        "label_en": "Hardness",
        "kind": "number",
        "required": True,
        "unit": "HRC",
        "least": 20,
        "most": 70,
        "options": [],
        "hint": "",
        "hint_en": "",
    }
    body: dict[str, Any] = {
        "test_item": house.item.id,
        "quantity": 1,
        "starts_at": "2026-11-25T09:00:00+08:00",
        "sample_description": "轴承外圈",
    }

    def send(**more: Any) -> Any:
        return client.post("/api/v1/bookings", json=body | more, headers=headers)

    assert [one["field"] for one in send().json["errors"]] == [f"answers.{surface}", f"answers.{hardness}"]
    given = {str(surface): "磨削", str(hardness): 45}
    assert send(answers=given | {"999": "x"}).json["errors"][0]["field"] == "answers.999"
    for unreadable in ({"x": "y"}, {str(surface): "\ud800"}, {str(surface): "\x00"}, {str(surface): ["磨削"]}):
        raw = json.dumps(body | {"answers": unreadable})
        refused = client.post("/api/v1/bookings", data=raw, content_type="application/json", headers=headers)
        assert [one["field"] for one in refused.json["errors"]] == ["answers"]
    assert send(answers=given, form_revision=9).json["type"].endswith("QuestionsChanged")
    made = send(answers=given, form_revision=item["form_revision"], confidential=True)
    assert made.status_code == 201, made.text
    assert [one["value"] for one in made.json["answers"]] == ["磨削", "45", None, None]
    address = f"/api/v1/bookings/{made.json['ref']}"
    assert client.get(address, headers=headers).json == made.json
    seen = client.get(address, headers=officer).json
    assert (seen["sample_description"], seen["answers"], seen["confidential"]) == (None, [], True)
    form = {key: str(value) for key, value in body.items()} | {"starts_at": "2026-11-25T13:00:00+08:00"}
    assert client.post("/api/v1/bookings", data=form | {"answers": "[" * 9_999}, headers=headers).status_code == 422
    with_file = form | {"answers": json.dumps(given), f"answers.{photo}": (io.BytesIO(PNG), "件.png")}
    sent = client.post("/api/v1/bookings", data=with_file, headers=headers)
    assert sent.status_code == 201, sent.text
    assert sent.json["answers"][3]["file"]["name"] == "件.png"
    later = with_file | {"starts_at": "2026-11-25T15:00:00+08:00"}
    for content in (pdf(), b"MZ" * 40):
        paper = later | {f"answers.{photo}": (io.BytesIO(content), "a.pdf")}
        refused = client.post("/api/v1/bookings", data=paper, headers=headers)
        assert [one["field"] for one in refused.json["errors"]] == [f"answers.{photo}"]
    assert text
