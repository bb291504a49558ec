"""Asking the labs: who is asked and told, each lab's answers for the asker alone, taking one as a quote, the end."""

import io
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from labshare.booking.errors import FirmUnverified, OutsideDiscount, QuantityOutOfRange
from labshare.catalogue.models import Fee
from labshare.catalogue.rules.fees import Discount, Extras
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInputs, NotAllowed, NotFound, Problem
from labshare.kernel.money import Fen
from labshare.notices.models import Notice
from labshare.organisations.models import Firm
from labshare.oversight.waiting import waiting_for_client
from labshare.settlement import services
from labshare.settlement.errors import (
    InquiryClosed,
    NobodyToAsk,
    NothingAnswered,
    NothingToTake,
    NotYourItem,
    OfferedAlready,
    PriceWithoutItem,
    TooManyAnswers,
    TooManyInquiries,
)
from labshare.settlement.models import Inquiry, InquiryAnswer
from labshare.settlement.queries.inquiries import get_inquiry, list_inquiries, to_answer
from labshare.settlement.services.inquiries import MOST_ANSWERS, MOST_OPEN
from labshare.settlement.terms import InquiryState
from tests import factories
from tests.api.conftest import token_for
from tests.booking.conftest import House, make_house
from tests.conftest import SHANGHAI, Clock
from tests.settlement.world import taken
from tests.signing import sign_in

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


@dataclass
class Fair:
    """A client, and two labs of other firms with a test of mechanics each; the first one's fee allows a tenth off."""

    house: House
    other: Actor
    other_item: int

    def ask(self, text: str = "轴承套圈发脆，想知道原因", **given: Any) -> Inquiry:
        actor = given.pop("actor", self.house.client)
        asked: Inquiry = self.house.do(
            services.ask_labs, actor, **{"text": text, "quantity": 5, "category": "mechanics", **given}
        )
        return asked

    def answer(self, inquiry: Inquiry, **given: Any) -> InquiryAnswer:
        actor = given.pop("actor", self.house.manager)
        made: InquiryAnswer = self.house.do(services.answer_inquiry, actor, inquiry_id=inquiry.id, **given)
        return made

    def take(self, answer: InquiryAnswer, actor: Actor | None = None) -> Any:
        return self.house.do(
            services.take_answer, actor or self.house.client, inquiry_id=answer.inquiry_id, answer_id=answer.id
        )


@pytest.fixture
def fair(app: Flask, clock: Clock) -> Fair:
    house = make_house(clock, sample_minutes=Decimal(30))
    with transaction():
        for name, value in Extras(surcharges=(), discounts=(Discount(5, 10),)).columns().items():  # type: ignore[arg-type]
            setattr(house.item.fees[0], name, value)  # type: ignore[attr-defined]
        lab = factories.lab()
        item = factories.test_item(factories.instrument(lab), fee_fen=9_000)
        other = factories.actor(factories.member(lab.firm, "lab_manager"), lab.firm, "lab_manager")
    return Fair(house, other, item.id)


def notified(kind: str) -> set[int]:
    return set(db.session.scalars(select(Notice.person_id).where(Notice.kind == kind)))


def test_labs_of_the_category_are_told_and_see_it(fair: Fair) -> None:  # R-ASK-1
    with transaction():
        idle = factories.lab()
        factories.test_item(factories.instrument(idle), category="pharma")
        pharma = factories.actor(factories.member(idle.firm, "lab_manager"), idle.firm, "lab_manager")
    asked = fair.ask(
        files=[taken(PNG, "套圈.png", "document")], start_by=date(2026, 12, 1), report_by=date(2026, 12, 4)
    )
    assert {fair.house.manager.person_id, fair.other.person_id} <= notified("inquiry.asked")
    assert pharma.person_id not in notified("inquiry.asked")
    assert get_inquiry(fair.other, asked.id).inquiry.files[0].name == "套圈.png"
    with pytest.raises(NotFound):
        get_inquiry(pharma, asked.id)

    everywhere = fair.ask(category=None)
    assert pharma.person_id in notified("inquiry.asked")
    assert [row.inquiry.id for row in list_inquiries(pharma, limit=9)] == [everywhere.id]


def test_owners_of_who_has_not_answered_are_told_on_the_last_morning(fair: Fair, clock: Clock) -> None:  # R-TOLD-10
    with transaction():
        firms = (fair.house.lab.firm, db.session.get_one(Firm, fair.other.firm_id))
        ours, theirs = (factories.member(firm, "owner").id for firm in firms)
    asked = fair.ask()
    fair.answer(asked, text="可以做，先看断口")
    last = asked.ends_at - timedelta(days=1)
    for moment, count in ((asked.asked_at, 0), (last, 1), (last + timedelta(minutes=10), 0)):
        clock.set(moment.astimezone(SHANGHAI).replace(hour=7))
        with transaction():
            assert services.notify_of_inquiries(actor=SYSTEM, now=clock.now) == count, moment
    assert theirs in notified("inquiry.unanswered")
    assert not {ours, fair.other.person_id} & notified("inquiry.unanswered")


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"text": " \n "}, {"text"}),
        ({"text": "长" * 2001}, {"text"}),
        ({"quantity": 0}, {"quantity"}),
        ({"quantity": 10_001}, {"quantity"}),
        ({"category": "magic"}, {"category"}),
        ({"category": "wheels"}, {"category"}),
        ({"start_by": date(2020, 1, 1), "report_by": date(2020, 1, 1)}, {"start_by", "report_by"}),
        ({"start_by": date(2027, 1, 2), "report_by": date(2027, 1, 1)}, {"report_by"}),
        ({"files": [b"MZ" * 40]}, {"files"}),
        ({"files": [PNG] * 6}, {"files"}),
    ],
)
def test_what_cannot_be_asked_is_refused_at_its_field(fair: Fair, given: dict[str, Any], fields: set[str]) -> None:
    given = {**given, "files": [taken(each, "图.png", "document") for each in given.get("files", ())]}
    with pytest.raises(Problem) as refused:
        fair.ask(**given)
    found = refused.value.problems if isinstance(refused.value, InvalidInputs) else (refused.value,)
    assert {each.field for each in found} == fields
    assert not db.session.scalars(select(Inquiry)).all()


def test_who_may_not_ask(fair: Fair) -> None:  # R-ASK-1
    buyer = fair.house.client
    with transaction():
        viewer = factories.actor(factories.member(db.session.get_one(Firm, buyer.firm_id), "viewer"), None, "viewer")
    with pytest.raises(NotAllowed):
        fair.ask(actor=Actor(person_id=viewer.person_id, firm_id=buyer.firm_id, roles=frozenset({"viewer"})))
    for _each in range(MOST_OPEN):
        fair.ask()
    with pytest.raises(TooManyInquiries):
        fair.ask()
    with transaction():
        db.session.execute(update(Firm).where(Firm.id == buyer.firm_id).values(verified_at=None))
    with pytest.raises(FirmUnverified):
        fair.ask()


def test_nobody_is_asked_of_a_firms_own_labs(fair: Fair) -> None:
    with pytest.raises(NobodyToAsk):
        fair.ask(actor=fair.house.manager, category="wheels")
    own = fair.ask(actor=fair.house.manager)
    with pytest.raises(NotAllowed):
        fair.answer(own, text="自答")


def test_another_lab_never_reads_an_answer(app: Flask, fair: Fair) -> None:  # R-ASK-3: the cheat
    asked = fair.ask()
    mine = fair.answer(asked, test_item_id=fair.house.item.id, amount_fen=Fen(46_000), text="可做，保密单价")
    fair.answer(asked, actor=fair.other, text="请问材料牌号？")
    assert [one.text for one in get_inquiry(fair.other, asked.id).answers] == ["请问材料牌号？"]
    assert [one.lab_firm_id for one in get_inquiry(fair.house.manager, asked.id).answers] == [mine.lab_firm_id]
    assert len(get_inquiry(fair.house.client, asked.id).answers) == 2
    with pytest.raises(NotAllowed):
        fair.take(mine, fair.other)

    with transaction():
        rival = token_for(db.session.get_one(factories.Person, fair.other.person_id), _firm(fair.other))
        stranger_firm = factories.firm()
        stranger = token_for(factories.member(stranger_firm), stranger_firm)
        officer = token_for(factories.regulator("officer"))
    client = app.test_client()
    for path in ("/api/v1/requests", f"/api/v1/requests/{asked.id}"):
        assert "保密单价" not in client.get(path, headers=rival).text
        assert "46000" not in client.get(path, headers=rival).text
    for headers in (stranger, officer):
        assert client.get(f"/api/v1/requests/{asked.id}", headers=headers).status_code == 404
    assert client.get("/api/v1/requests", headers=stranger).json["items"] == []
    assert client.get("/api/v1/requests", headers=officer).status_code == 403
    page = sign_in(app.test_client(), db.session.get_one(factories.Person, fair.other.person_id), _firm(fair.other))
    shown = page.get(f"/lab/inquiries/{asked.id}").text
    assert "请问材料牌号？" in shown
    assert "保密单价" not in shown
    assert page.get(f"/inquiries/{asked.id}").status_code == 404
    taking = page.post(f"/inquiries/{asked.id}/answers/{mine.id}/take", data={"csrf_token": ""})
    assert taking.status_code == 403


def _firm(actor: Actor) -> Firm:
    return db.session.get_one(Firm, actor.firm_id)


def test_who_publishes_after_the_end_reads_nothing_of_it(fair: Fair) -> None:  # R-ASK-3
    closed = fair.ask()
    fair.house.do(services.close_inquiry, fair.house.client, inquiry_id=closed.id)
    assert get_inquiry(fair.other, closed.id).answers == ()
    fair.house.clock.advance(days=1)
    with transaction():
        lab = factories.lab()
        factories.test_item(factories.instrument(lab), published_at=fair.house.clock.now)
        late = factories.actor(factories.member(lab.firm, "lab_manager"), lab.firm, "lab_manager")
    with pytest.raises(NotFound):
        get_inquiry(late, closed.id)
    assert list_inquiries(late, limit=9) == []
    fair.house.clock.advance(hours=1)
    assert get_inquiry(late, fair.ask().id)


def test_answers_that_are_refused(fair: Fair) -> None:  # R-ASK-2
    asked, item = fair.ask(), fair.house.item.id
    for problem, given in (
        (NothingAnswered, {"text": "  "}),
        (PriceWithoutItem, {"amount_fen": Fen(1), "text": "一口价"}),
        (NotYourItem, {"test_item_id": fair.other_item}),
        (NotYourItem, {"test_item_id": 987_654}),
        (OutsideDiscount, {"test_item_id": item, "amount_fen": Fen(44_999)}),
        (OutsideDiscount, {"test_item_id": item, "amount_fen": Fen(50_001)}),
        (OutsideDiscount, {"test_item_id": item, "amount_fen": Fen(-1)}),
    ):
        with pytest.raises(problem):
            fair.answer(asked, **given)  # type: ignore[arg-type]
    with pytest.raises(Problem) as long:
        fair.answer(asked, text="长" * 2001)
    assert long.value.field == "text"
    fair.answer(asked, test_item_id=item, amount_fen=Fen(46_000))
    for fen in (None, Fen(46_000), Fen(46_001)):
        with pytest.raises(OfferedAlready):
            fair.answer(asked, test_item_id=item, amount_fen=fen)
    assert fair.answer(asked, test_item_id=item, amount_fen=Fen(45_900)).price_fen == 45_900
    with pytest.raises(QuantityOutOfRange):
        fair.answer(fair.ask(quantity=21), test_item_id=item)
    for _each in range(MOST_ANSWERS - 2):
        fair.answer(asked, text="请补充照片")
    with pytest.raises(TooManyAnswers):
        fair.answer(asked, text="再问")


def test_an_answer_becomes_a_quote_at_the_price_offered(app: Flask, fair: Fair) -> None:  # R-ASK-4
    asked = fair.ask()
    own = fair.answer(asked, test_item_id=fair.house.item.id, amount_fen=Fen(46_000))
    listed = fair.answer(asked, actor=fair.other, test_item_id=fair.other_item, amount_fen=Fen(45_000))
    words = fair.answer(asked, text="请来电")
    assert (own.published_fen, own.price_fen) == (50_000, 46_000)
    assert (listed.amount_fen, listed.price_fen) == (None, 45_000)
    assert fair.house.client.person_id in notified("inquiry.answered")
    with pytest.raises(NothingToTake):
        fair.take(words)

    quote = fair.take(own)
    assert (quote.amount_fen, quote.published_fen, quote.own_by) == (46_000, 50_000, own.answered_by)
    booker = db.session.get_one(factories.Person, fair.house.client.person_id)
    client = sign_in(app.test_client(), booker, _firm(fair.house.client))
    page = client.get(f"/quotes/{quote.number}", headers={"Accept-Language": "en"}).text
    assert "Offered in answer to a request to the labs" in page
    assert fair.take(own).id == quote.id
    assert fair.house.manager.person_id in notified("inquiry.taken")
    booking = fair.house.book("2026-11-26 09:00", quantity=5, quote_id=quote.id)
    assert booking.price_fen == 46_000
    closed = get_inquiry(fair.house.client, asked.id).inquiry
    assert (closed.closed_at, closed.closed_by) == (fair.house.clock.now, fair.house.client.person_id)  # R-ASK-5
    with pytest.raises(InquiryClosed):
        fair.answer(asked, actor=fair.other, text="更便宜")


def test_a_price_that_the_fee_of_today_no_longer_allows_is_not_taken(fair: Fair) -> None:  # R-ASK-4
    answer = fair.answer(fair.ask(), test_item_id=fair.house.item.id, amount_fen=Fen(46_000))
    with transaction():
        db.session.execute(update(Fee).where(Fee.test_item_id == fair.house.item.id).values(amount_fen=Fen(20_000)))
    with pytest.raises(OutsideDiscount):
        fair.take(answer)
    assert db.session.get_one(InquiryAnswer, answer.id).quote_id is None


def test_it_waits_for_the_labs_and_then_for_the_client(fair: Fair) -> None:  # R-ASK-2
    def waits(actor: Actor) -> tuple[int, int]:
        now = fair.house.clock.now
        return db.session.scalar(to_answer(actor.firm_id, now)) or 0, waiting_for_client(actor, now)

    asked = fair.ask()
    assert (waits(fair.house.manager), waits(fair.other), waits(fair.house.client)) == ((1, 0), (1, 0), (0, 0))
    answer = fair.answer(asked, test_item_id=fair.house.item.id)
    assert (waits(fair.house.manager), waits(fair.other), waits(fair.house.client)) == ((0, 0), (1, 0), (0, 1))
    fair.take(answer)
    assert waits(fair.house.client) == (0, 0)


def test_a_closed_request_stays_closed_and_an_old_one_closes_itself(fair: Fair) -> None:  # R-ASK-5
    closed, old = fair.ask(), fair.ask()
    answer = fair.answer(closed, test_item_id=fair.house.item.id)
    with pytest.raises(NotAllowed):
        fair.house.do(services.close_inquiry, fair.house.manager, inquiry_id=closed.id)
    fair.house.do(services.close_inquiry, fair.house.client, inquiry_id=closed.id)
    row = get_inquiry(fair.house.client, old.id)
    fair.house.clock.advance(days=30)
    assert row.state_at(fair.house.clock.now) == InquiryState.OPEN
    fair.house.clock.advance(days=1)
    assert row.state_at(fair.house.clock.now) == InquiryState.CLOSED
    for one in (closed, old):
        with pytest.raises(InquiryClosed):
            fair.answer(one, text="还来得及吗？")
        with pytest.raises(InquiryClosed):
            fair.house.do(services.close_inquiry, fair.house.client, inquiry_id=one.id)
    with pytest.raises(InquiryClosed):
        fair.take(answer)


def test_what_was_said_stays(fair: Fair) -> None:  # R-ASK-3
    fair.answer(fair.ask(files=[taken(PNG, "图.png", "document")]), text="可做")
    for statement in (
        "UPDATE inquiry SET text = 'x'",
        "DELETE FROM inquiry_file",
        "UPDATE inquiry_answer SET amount_fen = 1",
        "DELETE FROM inquiry_answer",
    ):
        with pytest.raises(IntegrityError):
            db.session.execute(sql(statement))
        db.session.rollback()


def test_the_pages_from_the_question_to_the_quote(app: Flask, fair: Fair) -> None:
    person = db.session.get_one(factories.Person, fair.house.client.person_id)
    client = sign_in(app.test_client(), person, _firm(fair.house.client))
    nothing = client.get("/search?q=量子纠缠检测 5 件").text
    assert "/inquiries/new?" in nothing
    assert "轴承发脆" in client.get("/inquiries/new?q=轴承发脆&quantity=5&category=mechanics").text
    form: dict[str, Any] = {"text": "轴承发脆", "quantity": "0", "files": (io.BytesIO(b"MZ" * 40), "图纸.exe")}
    refused = client.post("/inquiries/new", data=form, content_type="multipart/form-data")
    assert refused.status_code == 422
    assert "轴承发脆" in refused.text
    form |= {"quantity": "5", "category": "mechanics", "files": (io.BytesIO(b"MZ" * 40), "图纸.exe")}
    refused = client.post("/inquiries/new", data=form, content_type="multipart/form-data")
    assert (refused.status_code, "图纸.exe" in refused.text) == (422, True)
    form["files"] = (io.BytesIO(PNG), "图纸.png")
    sent = client.post("/inquiries/new", data=form, content_type="multipart/form-data")
    assert sent.status_code == 303
    asked = db.session.scalars(select(Inquiry)).one()
    assert "图纸.png" in client.get(f"/inquiries/{asked.id}").text
    with client.get(f"/files/inquiry/{asked.files[0].id}") as sent_back:
        assert sent_back.data == PNG

    hand = db.session.get_one(factories.Person, fair.house.manager.person_id)
    lab = sign_in(app.test_client(), hand, _firm(fair.house.manager))
    assert "轴承发脆" in lab.get("/lab/inquiries").text
    path = f"/lab/inquiries/{asked.id}"
    low = lab.post(path, data={"test_item": str(fair.house.item.id), "own_fen": "1", "text": "可做"})
    assert (low.status_code, "可做" in low.text) == (422, True)
    assert lab.post(path, data={"test_item": str(fair.house.item.id), "own_fen": "460"}).status_code == 303

    answer = db.session.scalars(select(InquiryAnswer)).one()
    compared = client.get(f"/inquiries/{asked.id}").text
    assert "460.00" in compared
    taken_ = client.post(f"/inquiries/{asked.id}/answers/{answer.id}/take")
    assert "/quotes/Q-" in taken_.headers["Location"]
    assert client.post(f"/inquiries/{asked.id}/close").status_code == 303
    assert client.post(f"/inquiries/{asked.id}/close").status_code == 409
    late = lab.post(path, data={"text": "再答"})
    assert (late.status_code, "此询价已关闭" in late.text, "再答" in late.text) == (409, True, True)
    assert 'name="text"' not in lab.get(path).text


def test_the_api_asks_answers_and_takes(app: Flask, fair: Fair) -> None:
    with transaction():
        buyer, seller = (
            token_for(db.session.get_one(factories.Person, one.person_id), _firm(one))
            for one in (fair.house.client, fair.house.manager)
        )
    client = app.test_client()
    form = {"text": "轴承发脆", "quantity": "5", "report_by": "2027-01-05", "files[]": (io.BytesIO(PNG), "图.png")}
    made = client.post("/api/v1/requests", data=form, headers=buyer, content_type="multipart/form-data")
    assert (made.status_code, made.json["report_by"], made.json["files"][0]["name"]) == (201, "2027-01-05", "图.png")
    path = f"/api/v1/requests/{made.json['id']}"
    wrong = client.post("/api/v1/requests", json={"text": "轴承发脆", "quantity": 0}, headers=buyer)
    assert [each["field"] for each in wrong.json["errors"]] == ["quantity"]
    answered = client.post(
        f"{path}/answers", json={"test_item": fair.house.item.id, "amount_fen": 46_000, "text": "可做"}, headers=seller
    )
    assert answered.status_code == 201
    [offer] = client.get(path, headers=buyer).json["answers"]
    assert (offer["amount_fen"], offer["published_fen"], offer["quote"]) == (46_000, 50_000, None)
    quote = client.post(f"{path}/answers/{offer['id']}/quote", headers=buyer)
    assert (quote.status_code, quote.json["amount_fen"]) == (201, 46_000)
    assert client.post(f"{path}/close", headers=buyer).json["state"] == "closed"
    assert client.post(f"{path}/close", headers=buyer).status_code == 409
