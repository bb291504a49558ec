"""What the bookers of a firm looked for last: kept by the page's script, seen and removed by them alone."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from labshare.catalogue.models import FirmSearch
from labshare.catalogue.services.searches import MOST, keep_search
from labshare.jobs.table import tidy_up
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from labshare.organisations.models import Firm
from tests import factories as make
from tests.signing import sign_in

EN = {"Accept-Language": "en"}


@pytest.fixture
def booker(app: Flask, client: FlaskClient, clock: Any) -> FlaskClient:
    firm = make.firm()
    return sign_in(client, make.member(firm, "booker"), firm)


def searches() -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(select(FirmSearch.words).order_by(FirmSearch.last_at.desc())))


def test_looking_keeps_nothing_and_what_the_script_posts_is_listed(booker: FlaskClient, clock: Any) -> None:
    """R-SEARCH-6, R-RIGHTS-9"""
    page = booker.get("/search?q=盐雾 3 件").text
    assert 'action="/search/recent" data-posts-itself hidden' in page
    assert searches() == []
    for typed, labs in (("盐雾 3 件", "2"), ("HRC", "4"), ("ｈｒｃ ", "999999999999"), ("!!", "1"), ("", "")):
        clock.advance(minutes=1)
        assert booker.post("/search/recent", data={"q": typed, "labs": labs}).status_code == 303
    assert searches() == ["hrc", "盐雾 3 件"], "one row for one spelling"
    start = booker.get("/search", headers=EN).text
    assert 'id="recent"' in start
    assert start.index("99999 labs") < start.index("2 labs")
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    piece = booker.get("/search/suggested?q= ", headers=EN).text
    event.remove(db.engine, "before_cursor_execute", listen)
    assert piece.count('role="option"') == 2
    assert len([one for one in said if not one.startswith(("BEGIN", "SET"))]) <= 3
    booker.post("/search/recent/remove", data={"key": "hrc"})
    assert searches() == ["盐雾 3 件"]
    booker.post("/search/recent/clear")
    assert searches() == []
    assert 'id="recent"' not in text_of_list(booker)


def text_of_list(reader: FlaskClient) -> str:
    piece, page = (reader.get(address, headers=EN).text for address in ("/search/suggested?q=", "/search"))
    return piece + page.split("<main")[1]


@pytest.mark.parametrize("who", ["visitor", "another firm", "accountant", "officer"])
def test_nobody_else_sees_them(app: Flask, booker: FlaskClient, who: str) -> None:
    """R-SEARCH-6"""
    booker.post("/search/recent", data={"q": "秘密配方", "labs": "0"})
    firm = db.session.get_one(Firm, db.session.scalars(select(FirmSearch.firm_id)).one())
    reader = app.test_client()
    if who == "another firm":
        other = make.firm()
        sign_in(reader, make.member(other, "owner"), other)
    elif who == "accountant":
        sign_in(reader, make.member(firm, "accountant"), firm)
    elif who == "officer":
        sign_in(reader, make.regulator("officer"))
    assert "秘密配方" not in text_of_list(reader)
    for address in ("/search/recent/clear", "/search/recent/remove"):
        reader.post(address, data={"key": "秘密配方"})
    assert searches() == ["秘密配方"]


def test_nothing_personal_is_kept_and_the_oldest_goes(app: Flask, clock: Any) -> None:
    """R-SEARCH-6"""
    firm = make.firm()
    actor = make.actor(make.member(firm), firm, "booker")
    db.session.commit()
    typed = ("盐雾 13800138000", "mail me@x.cn 盐雾", "12345678 件", "GB/T 10125-2021 盐雾", "㍿" * 200)
    with transaction():
        for words in typed:
            keep_search(actor=actor, now=utc_now(), typed=words, labs=-1)
    assert {one[:12] for one in searches()} == {"GB/T 10125-2", "株式会社株式会社株式会社"}
    with transaction():
        for at in range(MOST):
            keep_search(actor=actor, now=clock.now + timedelta(seconds=at + 1), typed=f"w{at}", labs=1)
    assert db.session.scalar(select(func.count()).select_from(FirmSearch)) == MOST
    assert searches()[-1] == "w0"
    for days, left in ((184, MOST), (1, 0)):
        tidy_up(clock.advance(days=days))
        assert len(searches()) == left
