"""Reads of the catalogue: lists, one page's worth of one thing, search. Each takes a fixed number of statements.

`day` is the local day on which fees, accreditations and calibrations are looked at. Lists show what is published;
one thing is shown as a draft to those who may see drafts, and is `NotFound` to others.
"""

from labshare.catalogue.queries.filters import Filters, Page, StandardMatch, match_standard, select_test_items
from labshare.catalogue.queries.lists import (
    InstrumentRow,
    LabRow,
    StandardRow,
    TestItemRow,
    facets,
    list_instruments,
    list_labs,
    list_standards,
    list_test_items,
)
from labshare.catalogue.queries.near import Near, nearest, suggested
from labshare.catalogue.queries.pages import (
    FeeRow,
    InstrumentPage,
    LabPage,
    ScopeRow,
    StandardPage,
    TestItemPage,
    instrument_page,
    lab_page,
    standard_page,
    test_item_page,
)
from labshare.catalogue.queries.search import Candidate, Found, find
from labshare.catalogue.queries.single import (
    draft_or_published,
    fee_on,
    find_instrument,
    get_accreditation,
    get_instrument,
    get_lab,
    get_lab_by_code,
    get_test_item,
)

__all__ = [
    "Candidate",
    "FeeRow",
    "Filters",
    "Found",
    "InstrumentPage",
    "InstrumentRow",
    "LabPage",
    "LabRow",
    "Near",
    "Page",
    "ScopeRow",
    "StandardMatch",
    "StandardPage",
    "StandardRow",
    "TestItemPage",
    "TestItemRow",
    "draft_or_published",
    "facets",
    "fee_on",
    "find",
    "find_instrument",
    "get_accreditation",
    "get_instrument",
    "get_lab",
    "get_lab_by_code",
    "get_test_item",
    "instrument_page",
    "lab_page",
    "list_instruments",
    "list_labs",
    "list_standards",
    "list_test_items",
    "match_standard",
    "nearest",
    "select_test_items",
    "standard_page",
    "suggested",
    "test_item_page",
]
