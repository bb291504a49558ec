"""Quotes and the lines of their price."""

from labshare.booking.terms import QuoteState
from labshare.http.fields import Fen, Inside, Many, Moment, Text, Whole, Word
from labshare.http.schemas.base import Answer
from labshare.http.schemas.booking import Client
from labshare.http.schemas.catalogue import LabBrief, TestItemBrief


class PriceLine(Answer):
    """A line of a price, in the reader's language."""

    kind = Text()
    label = Text()
    how = Many(Text())
    amount_fen = Fen(attribute="fen")


class Quote(Answer):
    """Of a `QuoteRow`."""

    about = "quote"

    id = Whole()
    number = Text()
    state = Word(QuoteState)
    client = Inside(Client)
    lab = Inside(LabBrief)
    test_item = Inside(TestItemBrief)
    quantity = Whole()
    hours = Whole(allow_none=True)
    amount_fen = Fen()
    published_fen = Fen()
    lines = Inside(PriceLine, many=True)
    valid_until = Moment()
    purchase_order = Text(allow_none=True)
    booking = Text(attribute="ref", allow_none=True)
