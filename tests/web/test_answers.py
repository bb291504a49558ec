"""The condition by rating: what it leaves, what is marked as best, how it is ordered (R-SEARCH-5)."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import literal, select

from labshare.booking.queries.ratings import Average
from labshare.web.public.answers import Answer, best_of, facets_of, fits, order_key
from labshare.web.public.asking import Wishes
from tests.web.test_public_pages import EN, Market, market, text_of

assert market

START = datetime(2026, 6, 25, 2, tzinfo=UTC)
NOTHING_WISHED = Wishes(
    mark="",
    towns=frozenset(),
    tests=frozenset(),
    samples=frozenset(),
    within=None,
    at_most=None,
    rated="",
    in_time=False,
    automatic=False,
    saturdays=False,
)


def average(thirds: int, count: int = 6) -> Average:
    """Of which the overall mean is so many thirds of a point, over `count` ratings."""
    return Average(count=count, result=Fraction(thirds, 3), service=Fraction(thirds, 3), time=Fraction(thirds, 3))


def answer(number: int, of: Average | None, lab: int | None = None, fen: int = 100) -> Answer:
    offer: Any = SimpleNamespace(
        item_id=number,
        lab_id=lab or number,
        lab_code=f"XC-{lab or number}",
        town="330624003",
        automatic=True,
        name="洛氏硬度",
        name_en="Rockwell hardness",
        amount_fen=fen,
        distance_km=None,
        saturdays=True,
        average=of,
        slot=SimpleNamespace(starts_at=START),
    )
    return Answer(
        offer=offer,
        marks=(),
        relevance=0,
        report_by=None,
        late=None,
        more_instruments=0,
        quantity=1,
        asked_at=START,
    )


def test_what_is_shown_alike_is_compared_as_alike() -> None:  # R-SEARCH-5
    """3.95 reads 4.0 and is 4 and more; 3.94 reads 3.9 and is not."""
    wish = replace(NOTHING_WISHED, rated="4")
    shown = {
        points: Average(count=5, **dict.fromkeys(("result", "service", "time"), points))
        for points in (Fraction(395, 100), Fraction(394, 100))
    }
    assert [fits(wish, answer(1, one)) for one in shown.values()] == [True, False]
    assert not fits(wish, answer(1, None)), "without a published average it is in no such list"
    assert fits(NOTHING_WISHED, answer(1, None))


def test_labs_are_counted_and_ties_are_ties() -> None:  # R-SEARCH-5
    found = [
        answer(1, average(14), fen=300),
        answer(2, average(14), lab=1),
        answer(3, Average(count=9, result=Fraction(14, 3), service=Fraction(14, 3), time=Fraction(47, 10))),
        answer(4, average(10)),
        answer(5, None, fen=50),
    ]
    assert facets_of(found, NOTHING_WISHED)["rated"] == {"4.5": 2, "4": 2, "3": 3, "": 4}
    assert facets_of(found[4:], NOTHING_WISHED)["rated"] == {}, "nobody has an average"
    assert facets_of(found[4:], replace(NOTHING_WISHED, rated="4"))["rated"] == {"4": 0, "": 1}, "the chosen one stays"
    best = {key: value["best_rated"] for key, value in best_of(found).items() if "best_rated" in value}
    assert best == {"1": 2, "2": 2, "3": 2}, "two labs, one of them with two lines; 4.68 reads 4.7 as 4.67 does"
    assert "best_rated" not in str(best_of(found[:2])), "all are alike"
    ordered = [one.offer.item_id for one in sorted(found, key=order_key("rated"))]
    assert ordered == [2, 3, 1, 4, 5], "by points as shown, then by start and price; who has none comes last"


def test_the_page_offers_it_once_a_lab_has_an_average(client: FlaskClient, market: Market, monkeypatch: Any) -> None:
    question = {"q": "GB/T 10125", "hours": "48", "set": "1"}
    plain = client.get("/search", query_string={**question, "order": "rated"}, headers=EN).text
    assert "Best rated" not in plain, "nobody is rated"
    sums = select(
        literal(market.near.id).label("lab_id"), *(literal(n).label(f"n{i}") for i, n in enumerate((6, 26, 26, 26)))
    )
    monkeypatch.setattr(sys.modules["labshare.booking.queries.offers"], "sums_by", lambda _of, _labs, _today: sums)
    page = text_of(client.get("/search", query_string={**question, "rated": "4", "order": "rated"}, headers=EN).text)
    assert "One lab can do it" in page
    assert "rated 4 or more Remove this condition" in page
    assert "4 or more out of 5 1" in page
    assert "4.3 6 ratings in a year" in page
    assert "Clear filters" in text_of(
        client.get("/search", query_string={**question, "rated": "4.5"}, headers=EN).text
    ), "nobody is rated so high"
    unknown = client.get("/search", query_string={**question, "rated": "'4"}, headers=EN).text
    assert "2 labs can do it" in text_of(unknown), "what is no floor is not asked"
