"""Looking for tests, instruments and labs, on both databases: what is found, by what, and in how many statements."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import event, select, text

from labshare.catalogue import queries
from labshare.catalogue.models import Accreditation, AccreditationScope, Fee, SearchEntry
from labshare.catalogue.queries import Filters
from labshare.catalogue.rules.entries import InstrumentDetails, LabDetails, TestItemDetails
from labshare.catalogue.services import common, instruments, labs, test_items
from labshare.catalogue.services.index import rebuild_all
from labshare.kernel.database import db, transaction
from tests import factories as make
from tests.catalogue.conftest import TODAY


@contextmanager
def counted():
    seen = []

    def count(_connection, _cursor, statement, *_rest):
        if not statement.upper().startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    yield seen
    event.remove(db.engine, "before_cursor_execute", count)


@pytest.fixture
def market(app):
    """Two labs: salt spray by a standard that replaced another, and a tensile test in another town."""
    new = make.standard("GB/T 10125-2021", name="人造气氛腐蚀试验 盐雾试验", name_en="Salt spray tests")
    make.standard("GB/T 10125-2012", name="旧盐雾", superseded_by_id=new.id, superseded_from=date(2022, 3, 1))
    first = make.lab(name="新昌表面工程检测中心", name_en="Surface engineering lab", town="330624002")
    chamber = make.instrument(
        first, name="盐雾试验箱", name_en="Salt spray chamber", model="CCT1100", manufacturer="Q-FOG",
        class_code="011101",
    )  # fmt: skip
    spray = make.test_item(chamber, by=new, name="中性盐雾试验", name_en="Neutral salt spray", category="environment",
                           fee_fen=1_000, basis="hour")  # fmt: skip
    second = make.lab(name="力学实验室", name_en="Mechanics lab", town="330624004")
    machine = make.instrument(second, name="万能试验机", model="Z100", manufacturer="ZwickRoell", class_code="020100")
    tensile = make.test_item(machine, by=make.standard("GB/T 228.1-2021", name="金属材料 拉伸试验"), name="拉伸试验",
                             name_en="Tensile test", fee_fen=12_000)  # fmt: skip
    draft = make.test_item(machine, name="金丝雀检测", state="draft")
    cnas = make.add(Accreditation(lab_id=second.id, kind="CNAS", number="L12345", valid_from=date(2024, 1, 1),
                                  valid_to=date(2027, 1, 1)))  # fmt: skip
    make.add(AccreditationScope(accreditation_id=cnas.id, test_item_id=tensile.id,
                                standard_id=tensile.standards[0].id))  # fmt: skip
    rebuild_all()
    db.session.commit()
    return {"spray": spray.id, "tensile": tensile.id, "draft": draft.id, "first": first, "second": second}


def found(filters: Filters, day: date = TODAY) -> list[int]:
    return [row.item.id for row in queries.list_test_items(filters, day=day, limit=50).items]


@pytest.mark.parametrize(
    "q",
    ["盐雾", "雾", "中性盐雾", "盐雾 表面工程", "GB/T 10125", "gb/t10125-2021", "GB／T 10125—2012", "10125", "cct1100",
     "Q-FOG", "zxyw", "zhongxingyanwu", "Salt spray", "SALT", "surface"],
)  # fmt: skip
def test_what_finds_the_salt_spray_test(market, q):
    assert found(Filters(q=q)) == [market["spray"]]


@pytest.mark.parametrize("q", ["盐水雾", "xyz", "10126", "金丝雀", "jinsique"])
def test_what_finds_nothing(market, q):
    assert found(Filters(q=q)) == []


@pytest.mark.parametrize("q", ["%", "_", "'", '"', '盐雾" OR 1=1', "NEAR(", "-", "", "   ", "盐*", "a" * 500])
def test_odd_input_is_only_text(market, q):
    queries.search(q, day=TODAY)
    queries.list_instruments(Filters(q=q), day=TODAY)
    queries.list_labs(Filters(q=q), day=TODAY)
    queries.list_standards(q, day=TODAY)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(town="330624002"), ["spray"]),
        (Filters(category="environment"), ["spray"]),
        (Filters(class_code="02"), ["tensile"]),
        (Filters(class_code="011101"), ["spray"]),
        (Filters(accreditation="CNAS"), ["tensile"]),
        (Filters(accreditation="CMA"), []),
        (Filters(standard="GB/T 10125"), ["spray"]),
        (Filters(standard="gbt10125-2012"), ["spray"]),
        (Filters(standard="GB/T 1012"), []),
        (Filters(max_fee_fen=1_000), ["spray"]),
        (Filters(max_fee_fen=999), []),
        (Filters(q="试验", town="330624004"), ["tensile"]),
        (Filters(), ["tensile", "spray"]),
    ],
)
def test_filters(market, filters, expected):
    assert found(filters) == [market[name] for name in expected]


def test_an_accreditation_that_has_ended_does_not_count(market):
    assert found(Filters(accreditation="CNAS"), date(2027, 1, 2)) == []
    rows = queries.list_test_items(Filters(), day=TODAY).items
    assert {row.item.id: row.marks for row in rows} == {market["tensile"]: ("CNAS",), market["spray"]: ()}


def test_orders(market):
    def order(name):
        return [row.item.id for row in queries.list_test_items(Filters(), day=TODAY, order=name).items]

    spray, tensile = market["spray"], market["tensile"]
    assert order("name") == [tensile, spray], "lashen before zhongxing: by pinyin"
    assert order("fee") == [spray, tensile]


def test_pages(market):
    page = queries.list_test_items(Filters(), day=TODAY, limit=1, offset=1)
    assert ([row.item.id for row in page.items], page.total, page.number, page.pages) == ([market["spray"]], 2, 2, 2)
    assert (page.first, page.last) == (2, 2)


def test_a_question_with_an_old_standard_leads_to_the_new_one_and_says_so(market):
    answer = queries.search("盐雾 GB/T 10125-2012，3 件，下周五前", day=TODAY)
    assert [row.item.id for row in answer.items.items] == [market["spray"]]
    assert answer.standard.replaced.number == "GB/T 10125-2012"
    assert [one.number for one in answer.standard.current] == ["GB/T 10125-2021"]
    assert (answer.question.quantity, answer.question.by) == (3, date(2026, 12, 4))
    assert queries.search("盐雾 GB/T 10125", day=TODAY).standard.replaced is None, "no year: nothing old was asked for"


def test_a_number_nobody_listed_is_looked_for_as_words(market):
    answer = queries.search("Z100 GB/T 99999", day=TODAY)
    assert answer.items.total == 0
    assert answer.standard is None


def test_nothing_found_offers_the_nearest(market):
    answer = queries.search("盐水试验", day=TODAY)
    assert answer.items.total == 0
    assert [row.item.id for row in answer.near][:1] == [market["spray"]]


def test_instruments_and_labs_stand_beside(market):
    answer = queries.search("盐雾", day=TODAY)
    assert [row.instrument.model for row in answer.instruments.items] == ["CCT1100"]
    assert [row.lab.name for row in queries.search("力学", day=TODAY).labs.items] == ["力学实验室"]


def test_a_standards_page_shows_what_replaces_it(market):
    page = queries.standard_page("GB/T10125-2012", TODAY)
    assert (page.standard.number, page.current.number) == ("GB/T 10125-2012", "GB/T 10125-2021")
    assert [row.item.id for row in page.test_items] == [market["spray"]]
    assert queries.standard_page("GB/T 10125-2021", TODAY).predecessors[0].number == "GB/T 10125-2012"


def test_facets_count_what_each_choice_would_leave(market):
    counts = queries.facets(Filters(town="330624002"), TODAY)
    assert counts["town"] == {"330624002": 1, "330624004": 1}
    assert counts["category"] == {"environment": 1}
    assert counts["accreditation"] == {"CMA": 0, "CNAS": 0}
    assert queries.facets(Filters(), TODAY)["accreditation"] == {"CMA": 0, "CNAS": 1}
    assert queries.category_counts(TODAY) == {"environment": 1, "mechanics": 1}
    assert queries.public_counts() == {"labs": 2, "instruments": 2, "test_items": 2}


def test_the_number_of_statements_does_not_depend_on_what_is_found(market):
    counts = []
    for round in range(2):
        with counted() as statements:
            queries.search("盐雾 GB/T 10125，3 件", day=TODAY)
        counts.append(len(statements))
        lab = market["first"]
        for n in range(30):
            chamber = make.instrument(lab, name=f"盐雾箱{n}")
            make.test_item(chamber, by=make.standard(f"GB/T 10125.{round}{n}-2021"), name=f"盐雾试验{n}")
        rebuild_all()
        db.session.commit()
        db.session.expire_all()
    assert counts[0] == counts[1] <= 19


def test_services_keep_the_index(app, clock):
    firm = make.firm()
    who = {"actor": make.actor(make.member(firm), firm, "owner"), "now": clock.now}
    lab = make.lab(firm, address="人民路 1 号", phone="0575-1")
    db.session.commit()
    item = TestItemDetails(name="洛氏硬度", category="mechanics", sample_requirement="1 件", sample_minutes=10)
    with transaction():
        machine = instruments.add_instrument(
            **who, lab_id=lab.id,
            details=InstrumentDetails(inner_id="1", name="硬度计", model="HR-150", needs_calibration=False),
        )  # fmt: skip
        made = test_items.add_test_item(**who, lab_id=lab.id, details=item, instruments=[machine.id])
    assert entry("test_item", made.id).startswith("洛氏硬度 硬度计 hr150")
    with transaction():
        test_items.edit_test_item(
            **who, test_item_id=made.id, details=replace(item, name="维氏硬度"), standards=[], instruments=[machine.id]
        )
        labs.edit_lab(**who, lab_id=lab.id, details=replace(common.read(lab, LabDetails), name="金相室"))
    assert "维氏硬度" in entry("instrument", machine.id)
    assert "金相室" in entry("test_item", made.id)
    assert index_matches("洛氏") == 0
    assert index_matches("维氏") == 2


def entry(kind: str, target_id: int) -> str:
    return db.session.scalars(
        select(SearchEntry.text).where(SearchEntry.kind == kind, SearchEntry.target_id == target_id)
    ).one()


def index_matches(pair: str) -> int:
    """How many entries the index itself finds, without looking at the text."""
    if db.engine.dialect.name == "sqlite":
        statement = "SELECT count(*) FROM search_fts WHERE search_fts MATCH :pair"
    else:
        statement = "SELECT count(*) FROM search_entry WHERE string_to_array(grams, ' ') @> ARRAY[:pair]"
    return db.session.scalar(text(statement), {"pair": pair})


def test_a_fee_of_another_day_is_another_fee(market):
    fee = db.session.scalars(select(Fee).where(Fee.test_item_id == market["spray"])).one()
    fee.valid_to = date(2026, 12, 31)
    db.session.flush()
    make.add(Fee(test_item_id=market["spray"], basis="hour", amount_fen=2_000, valid_from=date(2027, 1, 1),
                 created_at=make.LONG_AGO))  # fmt: skip
    db.session.commit()
    assert found(Filters(max_fee_fen=1_500)) == [market["spray"]]
    assert found(Filters(max_fee_fen=1_500), date(2027, 1, 1)) == []
