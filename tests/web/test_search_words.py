"""Administrators change the words of the search; what was looked for and not found becomes one of them."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from labshare.audit.models import AuditEvent
from labshare.catalogue import queries
from labshare.catalogue.models import SearchConcept, SearchMiss
from labshare.catalogue.queries.words import meaning
from labshare.catalogue.rules.question import read_question
from labshare.catalogue.services.index import rebuild_all
from labshare.catalogue.services.words import MOST_MISSES, note_miss
from labshare.catalogue.synonyms import overlaid, shipped
from labshare.kernel.database import db, transaction
from tests import factories as make
from tests.signing import sign_in

TODAY = date(2026, 11, 24)
NITAL = {"key": "nital", "kind": "test", "zh": "酸洗评级|硝酸酒精", "en": "nital", "source": "GB/T 13298"}


@pytest.fixture
def item(app: Flask, clock: Any) -> int:
    with transaction():
        lab = make.lab(name="金相室")
        made = make.test_item(make.instrument(lab, name="显微镜"), name="低倍组织（圆钢）")
        rebuild_all()
    return made.id


@pytest.fixture
def admin(app: Flask, client: FlaskClient, clock: Any) -> FlaskClient:
    with transaction():
        person = make.regulator("admin")
    return sign_in(client, person)


def found(typed: str) -> list[int]:
    return list(queries.find(read_question(typed, TODAY), category=None, lab=None, day=TODAY).items)


def test_what_was_not_found_becomes_a_word_at_once(admin: FlaskClient, item: int) -> None:
    assert found("王水腐蚀") == []
    for _time in range(2):
        assert admin.post("/search/missed", data={"q": "王水腐蚀"}).status_code == 303
    admin.post("/search/missed", data={"q": "低倍组织"})
    db.session.expire_all()
    assert [(one.word, one.times) for one in db.session.scalars(select(SearchMiss))] == [("王水腐蚀", 2)]
    assert "王水腐蚀" in admin.get("/admin/words").text
    wrong = admin.post("/admin/words/misses", data={"word": "王水腐蚀", "concept": "no_such"})
    assert wrong.status_code == 422
    assert "no_such" in wrong.text
    assert admin.post("/admin/words/misses", data={"word": "王水腐蚀", "concept": "macro_etch"}).status_code == 303
    assert found("王水腐蚀") == [item]
    assert db.session.scalars(select(SearchMiss)).all() == []
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "search.set_concept")).one()
    assert "王水腐蚀" in event.after["zh"]
    assert "王水腐蚀" not in event.before["zh"]


def test_a_concept_is_added_and_corrected(admin: FlaskClient, item: int) -> None:
    assert admin.post("/admin/words", data={**NITAL, "finds": "macro_etch"}).status_code == 303
    assert found("硝酸酒精") == [item]
    assert admin.post("/admin/words", data={**NITAL, "finds": ""}).status_code == 303
    assert found("硝酸酒精") == []
    assert "nital" in admin.get("/admin/words?q=硝酸").text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"key": "Nital 1"}, "只能用小写字母"),
        ({"zh": "", "en": ""}, "此项须填写"),
        ({"source": ""}, "此项须填写"),
        ({"finds": "no_such"}, "没有概念“no_such”"),
        ({"zh": "盐雾"}, "“盐雾”属于“salt_spray”"),
        ({"kind": "x"}, "Not a valid choice"),
    ],
)
def test_a_concept_that_contradicts_is_refused_at_its_field(admin: FlaskClient, change: Any, told: str) -> None:
    answer = admin.post("/admin/words", data={**NITAL, **change}, headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 422
    assert told in answer.text or change.get("kind") == "x"
    assert db.session.scalars(select(SearchConcept)).all() == []


def test_misses_keep_no_personal_data_and_are_bounded(app: Flask) -> None:
    with transaction():
        for typed in ("请回电 13800138000 王水", "mail me@x.cn 王水", "18 位 330624199001011234", "   ", "!!"):
            note_miss(typed, TODAY)
    words = set(db.session.scalars(select(SearchMiss.word)))
    assert words == {"请回电 王水", "mail 王水", "18 位"}
    with transaction():
        db.session.add_all(SearchMiss(word=f"w{n}", times=1, last_day=TODAY) for n in range(MOST_MISSES))
    with transaction():
        note_miss("多一个", TODAY)
    assert db.session.get(SearchMiss, "多一个") is None
    with transaction():
        note_miss("明年", date(2028, 1, 1))
    assert set(db.session.scalars(select(SearchMiss.word))) == {"明年"}, "old ones are forgotten"


def test_a_change_wins_over_what_ships() -> None:
    from dataclasses import replace

    spray = next(one for one in shipped() if one.key == "salt_spray")
    mine = replace(spray, key="mine", zh=("盐雾",), en=(), short=(), heard=(), finds=("salt_spray", "gone"))
    every = {one.key: one for one in overlaid(shipped(), [mine])}
    assert "盐雾" not in every["salt_spray"].zh
    assert every["mine"].finds == ("salt_spray",)


def test_words_are_read_from_the_database(app: Flask) -> None:
    assert meaning("盐雾").needs[0].weight == 4
