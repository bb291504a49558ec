"""Requests of the demonstration's client to the labs: one with offers to compare and a question, one closed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from labshare.booking.rules.price import price_of, work_of
from labshare.booking.rules.quotes import lasts_until
from labshare.catalogue.terms import Category
from labshare.demonstration.catalogue import Laboratory
from labshare.demonstration.loading import Loading
from labshare.demonstration.rows import Row
from labshare.organisations.terms import SizeClass
from labshare.settlement.models import Inquiry, InquiryAnswer

ASKED = (
    (20, "出口件客户要求提供硬度和金相报告，材料 GCr15，哪些实验室一周内可以出报告？", 16),
    (1, "轴承套圈热处理后磨削时开裂，断口发亮，想知道是材料问题还是热处理问题，需要做哪些检测？", None),
)
"""Days ago, words, and days ago when it was closed."""
QUANTITY = 3
WORDS = ("可做，三天内出报告。", "")
QUESTION = "请补充热处理工艺和开裂部位照片，收到后告知检测方案。"


def add_inquiries(loading: Loading, labs: Sequence[Laboratory]) -> None:
    """The last of these labs asks back, the others offer a test each."""
    for days, text, closed in ASKED:
        inquiry = _ask(loading, days, text, closed)
        for place, lab in enumerate(labs):
            _answer(loading, inquiry, lab, place, asks=place == len(labs) - 1)


def _ask(loading: Loading, days: int, text: str, closed: int | None) -> Row:
    client = loading.demo_client
    person = client.members[0]["id"]
    asked_at = loading.at(loading.today - timedelta(days=days), 9)
    closed_at = None if closed is None else loading.at(loading.today - timedelta(days=closed), 15)
    row = loading.rows.add(
        Inquiry,
        client_firm_id=client.id,
        category=None if closed is None else Category.MECHANICS,
        text=text,
        quantity=QUANTITY,
        report_by=loading.day(asked_at) + timedelta(days=14),
        asked_by=person,
        asked_at=asked_at,
        ends_at=lasts_until(asked_at),
        closed_at=closed_at,
        closed_by=None if closed_at is None else person,
    )
    after = {"category": row["category"], "quantity": QUANTITY, "files": 0}
    _record(loading, asked_at, "inquiry.ask", row, after, person=person, firm_id=client.id)
    if closed_at is not None:
        _record(loading, closed_at, "inquiry.close", row, {"closed": True}, person=person, firm_id=client.id)
    return row


def _answer(loading: Loading, inquiry: Row, lab: Laboratory, place: int, *, asks: bool) -> None:
    client, manager = loading.demo_client, lab.host.manager["id"]
    at: datetime = inquiry["asked_at"] + timedelta(hours=2 + place)
    day = loading.day(at)
    offer = next(
        (
            one
            for one in lab.offers
            if one.terms.hours is None and one.terms.max_quantity >= QUANTITY and one.fee_on(day) is not None
        ),
        None,
    )
    if lab.host.id == client.id or (offer is None and not asks):
        return
    price = None
    if offer is not None and not asks and (fee := offer.fee_on(day)) is not None:
        sme = client.size_on(day) in SizeClass.smes()
        price = price_of(fee, work_of(offer.terms, QUANTITY), sme=sme).total_fen
    row = loading.rows.add(
        InquiryAnswer,
        inquiry_id=inquiry["id"],
        lab_firm_id=lab.host.id,
        lab_id=lab.id,
        test_item_id=offer.row["id"] if offer is not None and price is not None else None,
        published_fen=price,
        text=QUESTION if asks else WORDS[place % len(WORDS)],
        answered_by=manager,
        answered_at=at,
    )
    after = {"lab_id": lab.id, "test_item_id": row.get("test_item_id"), "amount_fen": price}
    _record(loading, at, "inquiry.answer", inquiry, after, person=manager, firm_id=lab.host.id)


def _record(
    loading: Loading, at: datetime, action: str, inquiry: Row, after: dict[str, object], *, person: int, firm_id: int
) -> None:
    loading.trail.record(
        at, person_id=person, firm_id=firm_id, action=action, subject=("inquiry", inquiry["id"]), after=after
    )
