"""Requests to the labs, with the answers that the reader may see."""

from labshare.http.fields import Day, Fen, Inside, Moment, Text, Whole, Word
from labshare.http.schemas.base import Answer
from labshare.http.schemas.booking import Client
from labshare.http.schemas.catalogue import LabBrief, TestItemBrief
from labshare.http.schemas.talk import SentFile
from labshare.settlement.terms import InquiryState


class InquiryAnswer(Answer):
    """`amount_fen`: the price that the lab offers, its own or by the published fee; null where it names no test."""

    id = Whole()
    lab = Inside(LabBrief)
    test_item = Inside(TestItemBrief, allow_none=True)
    hours = Whole(allow_none=True)
    amount_fen = Fen(attribute="price_fen", allow_none=True)
    published_fen = Fen(allow_none=True)
    text = Text()
    answered_at = Moment()
    quote = Text(attribute="quote_number", allow_none=True)


class Inquiry(Answer):
    """Of an `InquiryRow`."""

    about = "inquiry"

    id = Whole()
    state = Word(InquiryState)
    client = Inside(Client)
    category = Text(allow_none=True)
    text = Text()
    quantity = Whole()
    start_by = Day(allow_none=True)
    report_by = Day(allow_none=True)
    asked_at = Moment()
    ends_at = Moment()
    closed_at = Moment(allow_none=True)
    files = Inside(SentFile, many=True)
    answers = Inside(InquiryAnswer, many=True)
