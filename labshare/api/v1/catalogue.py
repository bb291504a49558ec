"""Labs, instruments, test items: for everybody, without a token."""

from dataclasses import fields, replace
from typing import Any

import marshmallow as ma
from flask_babel import gettext as _

from labshare.api.v1.base import ListQuery, RoomBlueprint, after, listed
from labshare.booking.queries.slots import availability, live_states
from labshare.catalogue.queries.filters import Filters, Page
from labshare.catalogue.queries.lists import (
    instrument_rows,
    item_rows,
    lab_rows,
    list_instruments,
    list_labs,
    list_test_items,
)
from labshare.catalogue.queries.sample_forms import with_forms
from labshare.catalogue.queries.single import get_instrument, get_lab_by_code, get_test_item
from labshare.catalogue.terms import AccreditationKind
from labshare.http.actor import current_actor
from labshare.http.fields import Fen, Length, Moment, Names, OneOf, Pattern, Range, Text
from labshare.http.limits import limited
from labshare.http.rights import public
from labshare.http.schemas.base import listing
from labshare.http.schemas.catalogue import Instrument, Lab, Segment, TestItem
from labshare.kernel.time import local_day, utc_now

blueprint = RoomBlueprint("catalogue", "Labs, instruments, test items")
ACCREDITATION = Text(load_default=None, validate=OneOf(tuple(AccreditationKind)))
FILTERS = {field.name for field in fields(Filters)}
LONGEST_SPAN_DAYS = 92


class LabQuery(ListQuery):
    q = Text(load_default="", validate=Length(max=200))
    town = Text(load_default=None)
    accreditation = ACCREDITATION


class InstrumentQuery(ListQuery):
    q = Text(load_default="", validate=Length(max=200))
    town = Text(load_default=None)
    class_code = Text(load_default=None, validate=Pattern("^[0-9]{1,6}$", "030304"))
    lab = Text(load_default=None)


class TestItemQuery(InstrumentQuery):
    standard = Text(load_default=None, validate=Length(max=60))
    accreditation = ACCREDITATION
    max_fee_fen = Fen(load_default=None, validate=Range(0))


class SpanQuery(Names):
    since = Moment(required=True, data_key="from")
    until = Moment(required=True, data_key="to")

    @ma.validates_schema
    def in_order(self, data: dict[str, Any], **_more: Any) -> None:
        if not data["since"] < data["until"]:
            raise ma.ValidationError(_("Later than “from”."), "to")
        if (data["until"] - data["since"]).days > LONGEST_SPAN_DAYS:
            raise ma.ValidationError(_("At most %(days)s days.", days=LONGEST_SPAN_DAYS), "to")


def filters_of(query: dict[str, Any]) -> Filters:
    return Filters(**{name: value for name, value in query.items() if name in FILTERS and value is not None})


def _paged(found: Page[Any]) -> dict[str, Any]:
    end = found.offset + len(found.items)
    return listed(found.items, end if end < found.total else None)


def _today() -> Any:
    return local_day(utc_now())


@blueprint.get("/labs")
@public
@limited("search")
@blueprint.arguments(LabQuery, location="query")
@blueprint.response(200, listing(Lab))
@blueprint.problems(422)
def labs(query: dict[str, Any]) -> Any:
    """Published labs."""
    found = list_labs(filters_of(query), day=_today(), limit=query["limit"], offset=after(query["cursor"]))
    return _paged(found)


@blueprint.get("/labs/<code>")
@public
@limited("offers")
@blueprint.response(200, Lab)
@blueprint.problems(404)
def lab(code: str) -> Any:
    """One lab."""
    return lab_rows([get_lab_by_code(current_actor(), code)], _today())[0]


@blueprint.get("/instruments")
@public
@limited("search")
@blueprint.arguments(InstrumentQuery, location="query")
@blueprint.response(200, listing(Instrument))
@blueprint.problems(422)
def instruments(query: dict[str, Any]) -> Any:
    """Published instruments."""
    found = list_instruments(filters_of(query), day=_today(), limit=query["limit"], offset=after(query["cursor"]))
    return _paged(found)


@blueprint.get("/instruments/<int:instrument_id>")
@public
@limited("offers")
@blueprint.response(200, Instrument)
@blueprint.problems(404)
def instrument(instrument_id: int) -> Any:
    """One instrument with its live state."""
    found = get_instrument(current_actor(), instrument_id)
    return vars(instrument_rows([found], _today())[0]) | {"live": live_states([found], utc_now())[found.id]}


@blueprint.get("/instruments/<int:instrument_id>/availability")
@public
@limited("offers")
@blueprint.arguments(SpanQuery, location="query")
@blueprint.response(200, listing(Segment))
@blueprint.problems(404, 422)
def instrument_availability(query: dict[str, Any], instrument_id: int) -> Any:
    """Opening hours on calibrated days with the number of free units; zero is shown."""
    found = get_instrument(current_actor(), instrument_id)
    return {"items": availability(found, query["since"], query["until"], now=utc_now())}


@blueprint.get("/test-items")
@public
@limited("search")
@blueprint.arguments(TestItemQuery, location="query")
@blueprint.response(200, listing(TestItem))
@blueprint.problems(422)
def test_items(query: dict[str, Any]) -> Any:
    """Published test items; an old standard's number leads to the one that replaces it."""
    found = list_test_items(filters_of(query), day=_today(), limit=query["limit"], offset=after(query["cursor"]))
    return _paged(replace(found, items=with_forms(found.items)))


@blueprint.get("/test-items/<int:item_id>")
@public
@limited("offers")
@blueprint.response(200, TestItem)
@blueprint.problems(404)
def test_item(item_id: int) -> Any:
    """One test item."""
    return with_forms(item_rows([get_test_item(current_actor(), item_id)], _today()))[0]
