"""What the next shift must know."""

from labshare.http.fields import Inside, Moment, Text, Whole
from labshare.http.schemas.base import Answer
from labshare.http.schemas.team import PersonName


class Handover(Answer):
    """`booking` is null for a note on the day."""

    id = Whole()
    lab = Text(attribute="lab.code")
    booking = Text(attribute="booking.ref", allow_none=True, dump_default=None)
    text = Text()
    written_by = Inside(PersonName, attribute="writer")
    written_at = Moment()
    noted_by = Inside(PersonName, attribute="reader", allow_none=True)
    noted_at = Moment(allow_none=True)
