"""The catalogue's pure rules."""

import itertools
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labshare.catalogue import errors
from labshare.catalogue.formatting import place_in_both
from labshare.catalogue.models import Lab
from labshare.catalogue.rules import fees, sounds, standards, text, validity
from labshare.catalogue.rules import meaning as meaning_rules
from labshare.catalogue.rules.class_codes import is_class_code
from labshare.catalogue.rules.entries import (
    InstrumentDetails,
    LabDetails,
    TestItemDetails,
    instrument_problems,
    item_problems,
    lab_problems,
)
from labshare.catalogue.rules.fees import FeeSpan
from labshare.catalogue.rules.question import Question, read_question
from labshare.catalogue.rules.reading import read_meaning
from labshare.catalogue.rules.validity import Span
from labshare.catalogue.synonyms import shipped
from labshare.kernel.time import DAY, joined

TODAY = date(2026, 11, 24)


def codes(problems) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.field) for problem in problems]


# ── Fees ─────────────────────────────────────────────────────────────────


def test_a_new_fee_ends_the_open_one_the_day_before():
    old = FeeSpan(date(2025, 1, 1), None, 1)
    fitted = fees.with_new([old], FeeSpan(date(2027, 1, 1)))
    assert fitted == (FeeSpan(date(2025, 1, 1), date(2026, 12, 31), 1), FeeSpan(date(2027, 1, 1)))


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2026, 1, 1), None), (date(2026, 12, 31), None), (date(2026, 6, 1), date(2026, 6, 1))],
    ids=["same day", "last day of a dated one", "inside"],
)
def test_a_fee_in_the_way_is_named_by_its_first_day(first, last):
    dated = FeeSpan(date(2026, 1, 1), date(2026, 12, 31), 1)
    with pytest.raises(errors.FeesOverlap) as refused:
        fees.with_new([dated], FeeSpan(first, last))
    assert refused.value.params == {"date": date(2026, 1, 1)}
    assert refused.value.field == "valid_from"


def test_an_open_fee_before_one_ahead_overlaps_it():
    with pytest.raises(errors.FeesOverlap) as refused:
        fees.with_new([FeeSpan(date(2027, 1, 1), None, 1)], FeeSpan(date(2026, 11, 24)))
    assert refused.value.params == {"date": date(2027, 1, 1)}


def test_touching_days_do_not_overlap():
    dated = FeeSpan(date(2026, 1, 1), date(2026, 12, 31), 1)
    assert len(fees.with_new([dated], FeeSpan(date(2027, 1, 1)))) == 2


def test_a_fee_does_not_end_before_it_begins():
    with pytest.raises(errors.DatesNotInOrder):
        fees.with_new([], FeeSpan(date(2026, 2, 1), date(2026, 1, 31)))


days = st.integers(0, 60).map(lambda n: date(2026, 1, 1) + n * DAY)


@given(st.lists(st.tuples(days, st.none() | st.integers(0, 20)), max_size=12))
def test_whatever_is_added_no_day_has_two_fees_and_no_day_loses_one(wanted):
    """Against the plain truth of a list of days: each has at most one fee; what is refused changes nothing."""
    spans: tuple[FeeSpan, ...] = ()
    horizon = [date(2026, 1, 1) + n * DAY for n in range(90)]
    for first, length in wanted:
        before = {day: fees.in_force(spans, day) is not None for day in horizon}
        new = FeeSpan(first, None if length is None else first + length * DAY)
        try:
            spans = fees.with_new(spans, new)
        except errors.FeesOverlap:
            clash = [span for span in spans if span.meets(new) and not (span.last is None and span.first < new.first)]
            assert clash, "refused without a fee in the way"
            continue
        for day in horizon:
            holding = [span for span in spans if span.holds_on(day)]
            assert len(holding) <= 1
            if new.holds_on(day):
                assert holding == [new]
            elif new.last is None or day < new.first:
                assert bool(holding) == before[day]


# ── Validity ─────────────────────────────────────────────────────────────


def test_certificates_that_follow_one_another_join():  # R-TIME-10
    spans = [Span(date(2025, 1, 1), date(2025, 12, 31)), Span(date(2026, 1, 1), date(2026, 12, 31))]
    assert validity.valid_until(spans, date(2025, 6, 1)) == date(2026, 12, 31)
    assert validity.covers(spans, date(2025, 12, 31), date(2026, 1, 1))


def test_a_day_between_certificates_breaks_them():
    spans = [Span(date(2025, 1, 1), date(2025, 12, 30)), Span(date(2026, 1, 1), date(2026, 12, 31))]
    assert validity.valid_until(spans, date(2025, 12, 30)) == date(2025, 12, 30)
    assert validity.valid_until(spans, date(2025, 12, 31)) is None
    assert not validity.covers(spans, date(2025, 12, 30), date(2026, 1, 1))


@given(st.lists(st.tuples(days, st.integers(-3, 20)), max_size=10), days)
def test_joined_spans_hold_exactly_the_days_that_some_certificate_holds(certificates, day):
    spans = [Span(first, first + length * DAY) for first, length in certificates]
    whole = joined(spans, DAY)
    assert any(span.first <= day <= span.last for span in spans) == any(
        span.first <= day <= span.last for span in whole
    )
    assert all(one.last + DAY < other.first for one, other in itertools.pairwise(whole))


# ── Standards ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "typed", ["GB/T 10125-2021", "gb/t10125-2021", "ＧＢ／Ｔ 10125—2021", "GBT 10125-2021", " GB / T 10125 – 2021 "]
)
def test_a_number_is_one_however_it_is_typed(typed):
    assert standards.normalise(typed) == "GB/T10125-2021"


@pytest.mark.parametrize(
    ("listed", "typed", "same"),
    [
        ("GB/T10125-2021", "GB/T10125", True),
        ("GB/T10125-2021", "GB/T10125-2012", False),
        ("GB/T10125-2021", "GB/T1012", False),
        ("GB/T24610.2", "GB/T24610", True),
        ("ISO16232:2018", "ISO16232", True),
        ("GB9454-2017", "GB/T9454", False),
    ],
)
def test_a_number_without_its_year_means_every_year_of_it(listed, typed, same):  # R-CATALOGUE-5
    assert standards.same_standard(listed, typed) is same


def test_what_replaced_what_is_followed_up_to_the_day():
    successors = {"A": ("B", date(2020, 1, 1)), "B": ("C", date(2027, 2, 1))}
    assert standards.chain("A", successors) == ("A", "B", "C")
    assert standards.current("A", successors, date(2019, 12, 31)) == "A"
    assert standards.current("A", successors, date(2020, 1, 1)) == "B"
    assert standards.current("A", successors, date(2027, 2, 1)) == "C"


def test_a_ring_of_standards_ends():
    ring = {"A": ("B", date(2020, 1, 1)), "B": ("A", date(2020, 1, 1))}
    assert standards.chain("A", ring) == ("A", "B")


# ── Classes ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", ["010401", "020100", "990000", "110205", "040000", "120000", "030199"])
def test_known_classes(code):
    assert is_class_code(code)


@pytest.mark.parametrize(
    "code", ["", "01040", "0104011", "130000", "000000", "019001", "01O401", "０１０４０１", "991234"]
)
def test_unknown_classes(code):
    assert not is_class_code(code)


# ── Search text ──────────────────────────────────────────────────────────


VOCABULARY = meaning_rules.Vocabulary(shipped())


def meaning(typed, *, forgiving=False):
    return read_meaning(typed, VOCABULARY, forgiving=forgiving)


def test_one_spelling_for_what_is_written_and_what_is_typed():
    assert text.normalise(["盐雾试验", "GB/T 10125-2021", None, "Q-FOG CCT1100"]) == "盐雾试验 gbt101252021 qfogcct1100"
    assert text.terms("GB／T 228.1，拉伸Tensile") == ("gbt", "2281", "拉伸", "tensile")


def test_an_entry_sets_names_initials_and_short_words_apart():
    written, grams = text.entry(["盐雾 NSS", "Salt spray"], ["Q-Lab", "instrument"], "yanwu", "yw")
    assert written == "盐雾nss saltspray ˈnss ˈsalt | qlab instrument ˈlab ˈqlab yanwu ^yw "
    assert {"盐雾", "ˈnss", "ˈinstrument", "yw"} <= set(grams.split())


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("测一下硬度多少钱", "硬度"),
        ("我想做个盐雾测试", "盐雾"),
        ("salt spray testing cost near me", "salt spray"),
        ("拉力试验机", "拉力试验机"),
        ("附近哪里能测nss", "NSS"),
        ("GB/T 10125 盐雾检测", "GB/T 10125 盐雾"),
        ("检测", "检测"),
        ("how much", "how much"),
        ("赛默飞 直读光谱", "赛默飞直读光谱"),
        ("铜管的成分", "铜管成分"),
        ("客户要求硬度", "硬度"),
        ("luoshi yingdu", "洛氏硬度"),
        ("yanwushiyan", "盐雾实验"),
        ("盐wu测试", "盐雾"),
        ("HV0.3", "HV"),
        ("SEM-EDS", "SEM EDS"),
        ("ISO 6507-1:2018", "维氏硬度"),
        ("轴承异响", "轴承异响"),
        ("硬度 预算多少 做一次", "硬度"),
        ("贵司盐雾 能出结果的", "盐雾"),
        ("清洁度 VDA19.1", "清洁度"),
    ],
)
def test_fillers_cost_nothing(typed, shown):
    assert meaning(typed).shown == shown


def test_a_concept_is_met_by_any_of_its_words_and_abbreviations_only_whole():
    (need,) = meaning("抗拉强度").needs
    assert {"拉伸", "抗拉", "tensile"} <= {word.pattern for word in need.words}
    (need,) = meaning("nss").needs
    assert {"ˈnss ", "中性盐雾"} <= {word.pattern for word in need.words}
    assert meaning("HRC 洛氏硬度").needs[0].weight == 4
    assert len(meaning("HRC 洛氏硬度").needs) == 1, "one concept twice is asked once"


def test_what_is_mistyped_is_put_right_where_it_is_no_word():
    def mended(typed):
        return [(one.typed, one.read) for one in meaning(typed, forgiving=True).mended]

    assert mended("洛式硬度计") == [("洛式", "洛氏")]
    assert mended("三座标") == [("三座标", "三坐标")]
    assert mended("tensil strength") == [("tensil", "tensile")]
    assert mended("ruoghness") == [("ruoghness", "roughness")]
    assert mended("luoshiyindu") == [("luoshiyindu", "luoshiyingdu")]
    for right in ("力度", "气象", "洛氏硬度", "hardness", "housings", "NSS", "抗剪强度", "盐雾 火星"):
        assert mended(right) == [], right
    assert meaning("洛式硬度").mended == (), "only where it is asked for"


def test_a_worry_only_suggests_and_another_trade_outweighs():
    read = meaning("轴承异响")
    assert read.only_suggests
    assert [need.shown for need in read.symptoms[0].suggests] == ["轴承振动", "振动", "噪声"]
    assert not meaning("阀体漏气 氦检漏").only_suggests
    together = meaning_rules.best_together
    needs = meaning("混凝土抗压强度").needs
    assert together(needs, [0b10]) == ()
    bolt, torque = meaning("螺栓 扭矩").needs
    assert together((bolt, torque), [0b01]) == (), "a material alone says not which test"


def test_sounds_are_those_of_pypinyin():
    from pypinyin import lazy_pinyin

    for word in ("硬度", "盐雾试验", "洛氏", "三坐标", "粗糙度", "氦检漏", "电子膨胀阀", "清洁度"):
        assert "".join(lazy_pinyin(word)) in sounds.pinyin(word)
    assert "lsyd" in sounds.initials("洛氏硬度")
    assert sounds.alike("式") & sounds.alike("氏")


def test_a_place_in_a_question_is_a_condition():
    def place(asked):
        read = read_question(asked, TODAY)
        return read.place, read.near, read.rest

    assert place("在南明街道做硬度") == ("330624002", None, "做硬度")
    assert place("南明附近 硬度") == (None, "330624002", "硬度")
    assert place("hardness near Nanming") == (None, "330624002", "hardness")
    assert place("新昌县 硬度") == ("330624", None, "硬度")
    assert place("小将盐雾")[:2] == (None, None), "a name without 镇 may be a word"


def test_what_weighs_most_is_asked_for_or_nothing():
    test, material, odd = meaning("洛氏硬度 紧固件 火星").needs
    together = meaning_rules.best_together
    assert together((test, material, odd), [0b001, 0b010, 0b011]) == ((test, material),)
    assert together((test, material, odd), [0b010, 0b100]) == (), "less than half is noise"
    number, spray = meaning("GB/T 99999 盐雾").needs
    assert together((number, spray), [0b10]) == (), "a standard's number is never left out"


@given(st.text(max_size=150))
def test_any_words_are_read_without_failing(typed):
    for need in meaning(typed).needs:
        assert all(word.pattern and word.grams for word in need.words)


@given(st.text(max_size=40), st.text(min_size=1, max_size=8))
def test_the_pairs_of_what_occurs_are_among_the_indexed(written, typed):
    """The index may find too much (the text itself is checked afterwards), never too little."""
    stored = text.normalise([written + typed])
    indexed = set(text.grams(stored).split())
    for term in text.terms(typed):
        if term in stored:
            assert set(text.pairs(term)) <= indexed


# ── Questions ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "understood"),
    [
        ("盐雾 GB/T 10125，3 件，下周五前", Question("盐雾", "GB/T 10125", 3, None, date(2026, 12, 4))),
        (
            "Salt spray by GB/T 10125, 3 samples, by next Friday",
            Question("Salt spray", "GB/T 10125", 3, None, date(2026, 12, 4)),
        ),
        ("拉伸 GB/T228.1-2021 三件 后天前", Question("拉伸", "GB/T228.1-2021", 3, None, date(2026, 11, 26))),
        ("盐雾48小时 12月4日前 两套", Question("盐雾", None, 2, 48, date(2026, 12, 4))),
        ("hardness, 2 parts, within two weeks", Question("hardness", None, 2, None, date(2026, 12, 8))),
        ("salt mist 24 h by 4 Dec", Question("salt mist", None, None, 24, date(2026, 12, 4))),
        ("三坐标 本周五", Question("三坐标", None, None, None, date(2026, 11, 27))),
        ("13°冲击 2件", Question("13°冲击", None, 2, None, None)),
        ("盐雾Ka 月底前", Question("盐雾Ka", None, None, None, date(2026, 11, 30))),
        ("ISO 21940-11:2016 rotor balance", Question("rotor balance", "ISO 21940-11:2016", None, None, None)),
        ("1月5日前 拉伸", Question("拉伸", None, None, None, date(2027, 1, 5))),
        ("拉伸", Question("拉伸")),
        ("拉伸 下周五前开始", Question("拉伸", start_by=date(2026, 12, 4))),
        ("拉伸，下周五之前能开始检测", Question("拉伸", start_by=date(2026, 12, 4))),
        ("tensile, start by next Friday", Question("tensile", start_by=date(2026, 12, 4))),
        ("tensile to begin before 4 Dec", Question("tensile", start_by=date(2026, 12, 4))),
        (
            "拉伸 后天前开始，12月4日前出报告",
            Question("拉伸 出报告", by=date(2026, 12, 4), start_by=date(2026, 11, 26)),
        ),
        ("拉伸 最晚下周五上午", Question("拉伸", by=date(2026, 12, 4))),
        ("tensile by Friday morning", Question("tensile", by=date(2026, 11, 27))),
        ("CNAS 硬度 2 件", Question("硬度", quantity=2, mark="CNAS")),
        ("有CMA资质的硬度", Question("有 硬度", mark="CMA")),
        ("Sun light may test", Question("Sun light may test")),
        ("", Question()),
    ],
)
def test_a_question_taken_apart(asked, understood):
    assert read_question(asked, TODAY) == understood


def test_a_day_that_has_passed_is_not_a_deadline():
    assert read_question("拉伸 2026-11-01", TODAY).by is None


@given(st.text(max_size=250), days)
def test_any_question_is_read_without_failing(asked, today):
    question = read_question(asked, today)
    assert question.by is None or question.by >= today
    assert question.quantity is None or question.quantity > 0


# ── Entries ──────────────────────────────────────────────────────────────


def test_a_lab_that_is_right():
    lab = LabDetails(name="检测中心", town="330624001", longitude="120.9", latitude="29.5")
    assert codes(lab_problems(lab)) == []


def test_every_problem_of_a_lab_at_once():
    lab = LabDetails(name=" ", town="33068300", longitude="200", latitude="29.5", horizon_minutes=1)
    assert codes(lab_problems(lab)) == [
        ("Required", "name"),
        ("UnknownTown", "town"),
        ("BadCoordinates", "longitude"),
        ("OutOfRange", "horizon_minutes"),
    ]


def test_every_problem_of_an_instrument_at_once():
    wrong = InstrumentDetails(
        inner_id="",
        name="x" * 121,
        class_code="12",
        original_value_fen=-1,
        usage="both",
        begin_date=TODAY + DAY,
        shortest_minutes=60,
        longest_minutes=30,
    )
    assert codes(instrument_problems(wrong, TODAY)) == [
        ("Required", "inner_id"),
        ("TooLongText", "name"),
        ("BadClassCode", "class_code"),
        ("OutOfRange", "original_value_fen"),
        ("UnknownChoice", "usage"),
        ("DateInFuture", "begin_date"),
        ("LongestBelowShortest", "longest_minutes"),
    ]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"hours_min": 24}, ("HoursIncomplete", "hours_min")),
        ({"hours_min": 48, "hours_max": 24, "hours_step": 24}, ("HoursNotInOrder", "hours_max")),
        ({"hours_min": 24, "hours_max": 100, "hours_step": 24}, ("HoursNotInOrder", "hours_max")),
        (
            {"hours_min": 24, "hours_max": 48, "hours_step": 24, "run_minutes": Decimal(1)},
            ("RunMinutesWithHours", "run_minutes"),
        ),
        ({"sample_minutes": Decimal(0)}, ("NoWork", "sample_minutes")),
        ({"runs_start_in_hours": True}, ("RunsStartOnlyUnattended", "runs_start_in_hours")),
        ({"max_quantity": 0}, ("OutOfRange", "max_quantity")),
        ({"late_cancel_percent": 101}, ("OutOfRange", "late_cancel_percent")),
        ({"category": "cooking"}, ("UnknownChoice", "category")),
    ],
)
def test_a_test_item_that_is_wrong(wrong, problem):
    right = {"name": "拉伸试验", "category": "mechanics", "sample_minutes": Decimal("7.5")}
    assert codes(item_problems(TestItemDetails(**right))) == []
    assert codes(item_problems(TestItemDetails(**{**right, **wrong}))) == [problem]


@pytest.mark.parametrize(
    ("town", "address", "address_en", "zh", "en"),
    [
        ("330624001", "环城路 8 号", "8 Huancheng Road", "羽林街道环城路 8 号", "8 Huancheng Road, Yulin Subdistrict"),
        ("330624001", "羽林街道环城路 8 号", "", "羽林街道环城路 8 号", "羽林街道环城路 8 号"),
        ("330624002", "新昌县鼓山路 1 号", "1 Gushan Road, Xinchang County", "新昌县鼓山路 1 号", None),
        ("330624110", "七星街道环城路 223 号", "", "七星街道环城路 223 号", "七星街道环城路 223 号"),
        (None, "环城路 8 号", "8 Huancheng Road", "环城路 8 号", "8 Huancheng Road"),
        ("330624001", "", "", "", ""),
    ],
)
def test_an_address_names_its_town_once(town, address, address_en, zh, en):
    lab = Lab(town=town, address=address, address_en=address_en)
    assert place_in_both(lab) == {"zh": zh, "en": address_en if en is None else en}
