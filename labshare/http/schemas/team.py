"""Who may work which instrument."""

from labshare.http.fields import Day, Inside, Moment, Text, Whole
from labshare.http.schemas.base import Answer
from labshare.http.schemas.catalogue import InstrumentBrief


class PersonName(Answer):
    id = Whole()
    name = Text()


class Authorisation(Answer):
    """`recorded_as`: the role in which it was recorded."""

    id = Whole()
    instrument = Inside(InstrumentBrief)
    person = Inside(PersonName)
    paper = Text()
    valid_from = Day()
    valid_to = Day()
    recorded_by = Inside(PersonName, attribute="recorder")
    recorded_as = Text(allow_none=True)
    recorded_at = Moment()
    withdrawn_at = Moment(allow_none=True)
