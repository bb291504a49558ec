"""Looking for tests, instruments and labs, on both databases: what is found, by what, and in how many statements."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import delete, event, select, text

from labshare.catalogue import queries
from labshare.catalogue.models import Accreditation, AccreditationScope, Fee, SearchEntry
from labshare.catalogue.queries import Filters
from labshare.catalogue.rules.entries import InstrumentDetails, LabDetails, TestItemDetails
from labshare.catalogue.rules.question import read_question
from labshare.catalogue.services import common, instruments, labs, test_items
from labshare.catalogue.services.index import rebuild_all, rebuild_where_missing
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
        first,
        name="盐雾试验箱",
        name_en="Salt spray chamber",
        model="CCT1100",
        manufacturer="Q-FOG",
        class_code="011101",
    )
    spray = make.test_item(
        chamber,
        by=new,
        name="中性盐雾试验",
        name_en="Neutral salt spray",
        category="environment",
        fee_fen=1_000,
        basis="hour",
    )
    second = make.lab(name="力学实验室", name_en="Mechanics lab", town="330624004")
    machine = make.instrument(second, name="万能试验机", model="Z100", manufacturer="ZwickRoell", class_code="020100")
    tensile = make.test_item(
        machine,
        by=make.standard("GB/T 228.1-2021", name="金属材料 拉伸试验"),
        name="拉伸试验",
        name_en="Tensile test",
        fee_fen=12_000,
    )
    draft = make.test_item(machine, name="金丝雀检测", state="draft")
    cnas = make.add(
        Accreditation(
            confirmed=True,
            lab_id=second.id,
            kind="CNAS",
            number="L12345",
            valid_from=date(2024, 1, 1),
            valid_to=date(2027, 1, 1),
        )
    )
    make.add(AccreditationScope(accreditation_id=cnas.id, test_item_id=tensile.id, standard_id=tensile.standards[0].id))
    rebuild_all()
    db.session.commit()
    return {"spray": spray.id, "tensile": tensile.id, "draft": draft.id, "first": first, "second": second}


def found(filters: Filters, day: date = TODAY) -> list[int]:
    return [row.item.id for row in queries.list_test_items(filters, day=day, limit=50).items]


@pytest.mark.parametrize(
    "q",
    [
        "盐雾",
        "雾",
        "中性盐雾",
        "GB/T 10125",
        "gb/t10125-2021",
        "GB／T 10125—2012",
        "10125",
        "cct1100",
        "Q-FOG",
        "zxyw",
        "zhongxingyanwu",
        "Salt spray",
        "SALT",
        "盐雾测试",
        "NSS",
        "salt spray test cost",
        "哪里可以做盐雾",
    ],
)
def test_what_finds_the_salt_spray_test(market, q):
    assert found(Filters(q=q)) == [market["spray"]]


@pytest.mark.parametrize(
    "q",
    ["盐水雾", "xyz", "10126", "金丝雀", "jinsique", "表面工程", "surface", "OES", "mber", "盐雾 GB/T 99999"],
)
def test_what_finds_nothing(market, q):
    """Among them a lab's name, and letters in the middle of words (chamber, does)."""
    assert found(Filters(q=q)) == []


@pytest.mark.parametrize("q", ["%", "_", "'", '"', '盐雾" OR 1=1', "NEAR(", "-", "", "   ", "盐*", "a" * 500])
def test_odd_input_is_only_text(market, q):
    ask(q)
    queries.nearest(q, day=TODAY)
    queries.list_test_items(Filters(q=q), day=TODAY)
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


def test_an_accreditation_that_has_ended_does_not_count(market):  # R-CATALOGUE-4
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


def ask(typed: str, day: date = TODAY):
    return queries.find(read_question(typed, day), category=None, lab=None, day=day)


def test_a_question_with_an_old_standard_leads_to_the_new_one_and_says_so(market):  # R-CATALOGUE-5
    answer = ask("盐雾 GB/T 10125-2012，3 件，下周五前")
    assert list(answer.items) == [market["spray"]]
    assert answer.standard.replaced.number == "GB/T 10125-2012"
    assert [one.number for one in answer.standard.current] == ["GB/T 10125-2021"]
    assert ask("盐雾 GB/T 10125").standard.replaced is None, "no year: nothing old was asked for"


def test_a_standard_says_what_it_replaces_and_from_when(market):
    def changes(number, day=TODAY):
        found = queries.match_standard(number, day)
        return [(one.old.number, one.new.number, one.since, one.ahead) for one in found.changes]

    to_come = make.standard("GB/T 228.1-2027", superseded_by_id=None)
    now = queries.match_standard("GB/T 228.1-2021", TODAY).found[0]
    now.superseded_by_id, now.superseded_from = to_come.id, date(2027, 2, 1)
    db.session.commit()
    change = ("GB/T 228.1-2021", "GB/T 228.1-2027", date(2027, 2, 1), True)
    for number in ("GB/T 228.1-2027", "GB/T 228.1-2021", "gb/t228.1"):
        assert changes(number) == [change]
    assert list(ask("GB/T 228.1-2027").items) == [market["tensile"]], "until then labs test by the present one"
    assert changes("GB/T 10125-2021") == [("GB/T 10125-2012", "GB/T 10125-2021", date(2022, 3, 1), False)]
    assert changes("GB/T 10125") == [], "no year and nothing to come"
    assert found(Filters(standard="GB/T 228.1-2027")) == [], "a list does not offer what is not tested by yet"


def test_words_narrow_a_standard_only_where_a_test_has_them(market):
    assert list(ask("拉伸 GB/T 10125").items) == [market["spray"]]
    assert ask("拉伸 GB/T 10125").left_out == ("拉伸",)
    chamber = make.instrument(market["first"], name="盐雾箱")
    make.test_item(chamber, by=queries.match_standard("GB/T 10125-2021", TODAY).found[0], name="盐雾试验 CASS")
    rebuild_all()
    db.session.commit()
    assert len(ask("GB/T 10125").items) == 2
    assert len(ask("CASS GB/T 10125").items) == 1


def test_what_no_test_has_is_left_out_and_said_but_never_down_to_noise(market):
    assert list(ask("盐雾 火星").items) == [market["spray"]]
    assert ask("盐雾 火星").left_out == ("火星",)
    assert ask("盐雾 拉伸").left_out == (), "two tests asked for at once: both"
    assert set(ask("盐雾 拉伸").items) == {market["spray"], market["tensile"]}
    assert ask("布氏硬度 紧固件").items == {}
    assert found(Filters(q="盐雾 火星")) == [market["spray"]], "lists mean the same"


def test_slots_over_all_labs_mean_the_same_by_words_without_what_is_near(market):
    def items(q):
        return list(db.session.scalars(queries.select_test_items(Filters(q=q), TODAY)))

    assert items("盐雾测试多少钱") == [market["spray"]]
    assert items("拉力机") == items("CNAS 抗拉强度") == [market["tensile"]]
    assert items("中性烟雾试验") == [], "what is mistyped is put right for people only"
    assert list(ask("中性烟雾试验").items) == [market["spray"]]
    assert items("生锈") == [], "a worry asks for nothing"
    assert ask("生锈").items == {}
    assert [one.item.id for one in queries.suggested(ask("生锈").meaning, day=TODAY)] == [market["spray"]]
    assert queries.nearest("中性雨雾试验", day=TODAY) != ()


def test_an_upgrade_writes_the_index_that_a_migration_emptied(market):
    db.session.execute(delete(SearchEntry))
    db.session.commit()
    assert found(Filters(q="盐雾")) == []
    rebuild_where_missing()
    db.session.commit()
    assert found(Filters(q="盐雾")) == [market["spray"]]


def test_what_fits_best_comes_first(market):
    machine = make.instrument(market["second"], name="金相显微镜", manufacturer="ZEISS")
    other = make.standard("GB/T 1-2020")
    named = make.test_item(machine, name="硬度（滚子）", by=other)
    inside = make.test_item(machine, name="洛氏硬度", by=other)
    tester = make.instrument(market["second"], name="硬度计")
    part = make.test_item(tester, name="渗层", by=other)
    same = make.test_item(machine, name="显微组织", by=other)
    rebuild_all()
    db.session.commit()
    assert list(ask("硬度").items) == [named.id, inside.id, part.id]
    assert found(Filters(q="硬度检测")) == [named.id, inside.id, part.id]
    assert next(iter(ask("金相").items)) == same.id, "a synonym in the name before a word of the instrument"
    assert set(ask("蔡司").items) == {named.id, inside.id, same.id}


def test_an_accreditation_in_words_is_a_condition(market):
    assert found(Filters(q="CNAS 拉伸")) == [market["tensile"]]
    assert found(Filters(q="CMA 拉伸")) == []
    assert found(Filters(q="CNAS")) == [market["tensile"]]


def test_a_number_nobody_listed_is_looked_for_as_words(market):
    answer = ask("Z100 GB/T 99999")
    assert answer.items == {}
    assert answer.standard is None
    assert [row.item.id for row in queries.nearest("Z100 GB/T 99999", day=TODAY)] == [market["tensile"]]


def test_nothing_found_offers_the_nearest(market):
    assert ask("盐水试验").items == {}
    assert [row.item.id for row in queries.nearest("盐水试验", day=TODAY)] == [market["spray"]]


def test_the_nearest_are_one_a_test_and_none_that_is_not_like_it(market):
    for lab in (market["first"], market["second"]):
        machine = make.instrument(lab, name="硬度计")
        for sample in ("滚子", "钢球"):
            make.test_item(machine, name=f"洛氏硬度（{sample}）", name_en=f"Rockwell hardness ({sample})")
    rebuild_all()
    db.session.commit()

    def near(q):
        return [row.item.name.partition("（")[0] for row in queries.nearest(q, day=TODAY)]

    assert near("洛式硬度") == ["洛氏硬度"]
    assert near("布氏硬度") == ["洛氏硬度"]
    assert near("rokwell") == ["洛氏硬度"]
    for nonsense in ("水泥强度检测", "火星", "concrete slump", "试验台租赁", "qwertyuiop"):
        assert near(nonsense) == []


def test_instruments_and_labs_are_lists_of_their_own(market):
    rows = queries.list_instruments(Filters(q="盐雾"), day=TODAY).items
    assert [row.instrument.model for row in rows] == ["CCT1100"]
    rows = queries.list_instruments(Filters(q="力学"), day=TODAY).items
    assert rows == (), "a lab's name does not make its instruments match either"
    assert [row.lab.name for row in queries.list_labs(Filters(q="力学"), day=TODAY).items] == ["力学实验室"]


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
    assert queries.facets(Filters(), TODAY)["category"] == {"environment": 1, "mechanics": 1}


def test_the_number_of_statements_does_not_depend_on_what_is_found(market):
    counts = []
    for round in range(2):
        with counted() as statements:
            ask("盐雾 GB/T 10125，3 件")
            ask("盐雾 火星")
            queries.list_test_items(Filters(q="盐雾 火星"), day=TODAY)
            queries.nearest("盐水试验", day=TODAY)
        counts.append(len(statements))
        lab = market["first"]
        for n in range(30):
            chamber = make.instrument(lab, name=f"盐雾箱{n}")
            make.test_item(chamber, by=make.standard(f"GB/T 10125.{round}{n}-2021"), name=f"盐雾试验{n}")
        rebuild_all()
        db.session.commit()
        db.session.expire_all()
    assert counts[0] == counts[1] <= 25


def test_services_keep_the_index(app, clock):
    firm = make.firm()
    who = {"actor": make.actor(make.member(firm), firm, "owner"), "now": clock.now}
    lab = make.lab(firm, address="人民路 1 号", phone="0575-1")
    db.session.commit()
    item = TestItemDetails(name="洛氏硬度", category="mechanics", sample_requirement="1 件", sample_minutes=10)
    with transaction():
        machine = instruments.add_instrument(
            **who,
            lab_id=lab.id,
            details=InstrumentDetails(inner_id="1", name="硬度计", model="HR-150", needs_calibration=False),
        )
        made = test_items.add_test_item(**who, lab_id=lab.id, details=item, instruments=[machine.id])
    assert entry("test_item", made.id).startswith("洛氏硬度 | 硬度计 hr150")
    with transaction():
        test_items.edit_test_item(
            **who, test_item_id=made.id, details=replace(item, name="维氏硬度"), standards=[], instruments=[machine.id]
        )
        labs.edit_lab(**who, lab_id=lab.id, details=replace(common.read(lab, LabDetails), name="金相室"))
    assert "维氏硬度" in entry("instrument", machine.id)
    assert "金相室" not in entry("test_item", made.id), "a lab's name is no word of its tests"
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


def test_a_fee_of_another_day_is_another_fee(market):  # R-PRICE-6
    fee = db.session.scalars(select(Fee).where(Fee.test_item_id == market["spray"])).one()
    fee.valid_to = date(2026, 12, 31)
    db.session.flush()
    make.add(
        Fee(
            test_item_id=market["spray"],
            basis="hour",
            amount_fen=2_000,
            valid_from=date(2027, 1, 1),
            created_at=make.LONG_AGO,
        )
    )
    db.session.commit()
    assert found(Filters(max_fee_fen=1_500)) == [market["spray"]]
    assert found(Filters(max_fee_fen=1_500), date(2027, 1, 1)) == []


@pytest.mark.parametrize(
    ("typed", "years"),
    [
        ("gb10125", ["GB/T 10125-2012", "GB/T 10125-2021"]),
        ("按国标 10125 的盐雾", ["GB/T 10125-2012", "GB/T 10125-2021"]),
        ("GBT10125—2012", ["GB/T 10125-2012", "GB/T 10125-2021"]),
        ("yanwu", ["GB/T 10125-2012", "GB/T 10125-2021"]),
        ("salt spray test cost", ["GB/T 10125-2012", "GB/T 10125-2021"]),
        ("盐雾测试", ["GB/T 10125-2012", "GB/T 10125-2021"]),
        ("抗拉强度", ["GB/T 228.1-2021"]),
        ("228", ["GB/T 228.1-2021"]),
        ("gb10125 拉伸", []),
        ("测试", []),
    ],
)
def test_standards_are_found_as_tests_are(market, typed, years):  # R-CATALOGUE-6
    assert [row.standard.number for row in queries.list_standards(typed, day=TODAY).items] == years
