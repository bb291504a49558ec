"""What anybody sees: home, search with offers, labs, instruments, standards, test items."""

import html
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update

from labshare.booking.models import Holding
from labshare.catalogue.models import Accreditation, AccreditationScope, Fee, Lab
from labshare.catalogue.services.index import rebuild_all
from labshare.kernel.database import db
from labshare.kernel.time import local_day, utc_now
from tests import factories as make
from tests.signing import sign_in, sign_in_browser
from tests.web.axe import broken_dates, findings, too_wide

ZH, EN = {"Accept-Language": "zh-CN"}, {"Accept-Language": "en"}


@dataclass
class Market:
    cheap: Any
    """A lab that is cheap and late: closed until the Monday after next."""
    near: Any
    """A lab with a CNAS mark, free tomorrow, dearer."""
    salt: Any
    hardness: Any
    draft: Any
    chamber: Any
    broken: Any
    client: Any
    person: Any


@pytest.fixture
def market(app: Flask) -> Market:
    """Two labs that can do a salt spray test, one that can do hardness, and a draft that nobody may see."""
    make.working_year(2026)
    now = utc_now()
    new = make.standard("GB/T 10125-2021", name="盐雾试验", name_en="Salt spray tests")
    make.standard("GB/T 10125-2012", name="盐雾试验", superseded_by_id=new.id, superseded_from=date(2021, 12, 1))
    near = make.lab(
        make.firm(size_class="large", town="330624003"),
        name="天姥车轮实验室",
        name_en="Tianmu Wheel Lab",
        town="330624003",
        automatic_confirmation=True,
        longitude="120.875",
        latitude="29.500",
    )
    cheap = make.lab(
        make.firm(size_class="large", town="330624110"),
        name="儒岙金属材料实验室",
        name_en=None,
        town="330624110",
        longitude="120.9166",
        latitude="29.3595",
    )
    chamber = make.instrument(near, units=2, name="盐雾箱 Q-FOG", name_en="Salt spray chamber Q-FOG")
    other = make.instrument(cheap, name="盐雾箱", name_en="Salt spray chamber")
    broken = make.instrument(near, name="硬度计", name_en="Hardness tester", condition="awaiting_repair")
    spray = {
        "name": "中性盐雾试验",
        "name_en": "Neutral salt spray",
        "category": "environment",
        "attended": False,
        "sample_minutes": Decimal(0),
        "hours_min": 24,
        "hours_max": 480,
        "hours_step": 24,
        "samples_per_run": 4,
    }
    salt = make.test_item(
        chamber,
        by=new,
        fee_fen=600,
        basis="hour",
        minimum_fen=20_000,
        max_quantity=20,
        free_cancel_minutes=1440,
        late_cancel_percent=30,
        turnaround_days=2,
        **spray,
    )
    late = make.test_item(other, by=new, fee_fen=500, basis="hour", turnaround_days=2, **spray)
    make.add(
        Holding(
            instrument_id=other.id,
            unit=1,
            starts_at=now,
            ends_at=now + timedelta(days=13),
            kind="in_house",
            created_at=now,
        )
    )
    hardness = make.test_item(broken, name="洛氏硬度", name_en=None, fee_fen=2_000, sample_minutes=Decimal(10))
    draft = make.test_item(chamber, name="秘密检测", name_en="Secret test", state="draft")
    mark = make.add(
        Accreditation(
            confirmed=True,
            lab_id=near.id,
            kind="CNAS",
            number="CNAS L12345",
            valid_from=date(2024, 1, 1),
            valid_to=date(2029, 12, 31),
        )
    )
    make.add(AccreditationScope(accreditation_id=mark.id, test_item_id=salt.id, standard_id=new.id))
    firm = make.firm(name="青坛五金", name_en="Qingtan Hardware", town="330624004")
    person = make.member(firm, "owner", name="陈蕾")
    rebuild_all()
    db.session.commit()
    assert late.id
    return Market(cheap, near, salt, hardness, draft, chamber, broken, firm, person)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


QUESTION = {"q": "盐雾 GB/T 10125，3 件，48 小时，下周五前"}


def test_each_offer_is_priced_for_this_question(client: FlaskClient, market: Market) -> None:  # R-SEARCH-1
    page = text_of(client.get("/search", query_string=QUESTION, headers=EN).text)
    assert "2 labs can do it, one in time" in page
    assert "Prices for 3 samples and 48 hours, tax included" in page
    assert "288.00" in page, "48 hours at 6.00"
    assert "240.00" in page, "48 hours at 5.00"
    assert "Wed 25 Nov 10:15" in page, "the lab is open now; the first start that is free to cancel comes a day later"
    assert "Free to cancel until Tue 24 Nov 10:15" in page


def test_who_is_too_late_stays_and_says_so(client: FlaskClient, market: Market) -> None:  # R-SEARCH-2
    page = client.get("/search", query_string=QUESTION, headers=ZH).text
    late = re.findall(r'<article class="offer late">.*?</article>', page, re.S)
    assert len(late) == 1
    assert "儒岙金属材料实验室" in late[0]
    assert "赶不上 12-04" in text_of(late[0])
    hidden = client.get("/search", query_string={**QUESTION, "late": "hide"}, headers=ZH).text
    assert "offer late" not in hidden


def test_order_and_facets_are_in_the_address(client: FlaskClient, market: Market) -> None:
    def labs(**more: Any) -> list[str]:
        question = {"q": "GB/T 10125", "hours": "48", **more}
        page = client.get("/search", query_string=question, headers=ZH).text
        return re.findall(r"<h2><a [^>]*>(.*?)</a></h2>", page)

    assert labs() == ["天姥车轮实验室", "儒岙金属材料实验室"]
    assert labs(order="cheapest") == ["儒岙金属材料实验室", "天姥车轮实验室"]
    assert labs(order="nearest", near="330624110") == ["儒岙金属材料实验室", "天姥车轮实验室"]
    assert labs(mark="CNAS") == ["天姥车轮实验室"]
    assert labs(town="330624110") == ["儒岙金属材料实验室"]
    assert labs(automatic="yes") == ["天姥车轮实验室"]
    assert labs(near="330624003", within="10") == ["天姥车轮实验室"]


def test_each_condition_counts_labs_and_goes_away_again(client: FlaskClient, market: Market) -> None:  # R-SEARCH-4
    question = {"q": "GB/T 10125", "hours": "48", "set": "1"}
    page = client.get("/search", query_string={**question, "at_most": "250", "saturdays": "yes"}, headers=EN).text
    assert "The filters leave nothing over." in page, "nobody opens on Saturdays"
    assert 'href="/search?q=GB%2FT+10125&amp;hours=48&amp;set=1&amp;at_most=250' in page, "each chip takes one away"
    for shown in ("at most ¥250.00", "Open on Saturdays"):
        assert shown in text_of(page)
    only = client.get("/search", query_string={**question, "at_most": "250"}, headers=EN).text
    assert len(re.findall(r'<article class="offer', only)) == 1
    assert re.search(r'value="250"[^>]*checked><span>at most ¥250.00</span><span class="num">1</span>', only)
    assert re.search(r'value=""[^>]*><span>Any</span><span class="num">2</span>', only)


def test_a_deadline_wins_over_free_cancelling(client: FlaskClient, market: Market) -> None:  # R-SEARCH-3
    question = {"q": "GB/T 10125", "hours": "48", "set": "1", "start_by": "2026-11-24"}
    page = text_of(client.get("/search", query_string=question, headers=EN).text)
    assert "2 labs can do it, one in time" in page
    assert "Tue 24 Nov 10:00 start" in page
    assert "Cancelling costs ¥86.40" in page, "30 percent of 288.00, from the booking on"


def test_the_first_start_proposed_can_be_cancelled_for_nothing(client: FlaskClient, market: Market) -> None:
    page = client.get(f"/test-items/{market.salt.id}?hours=48", headers=EN).text  # R-SEARCH-3
    assert "Book Wed 25 Nov 10:30" in text_of(page)
    assert "Free to cancel until Tue 24 Nov 10:30" in text_of(page)
    assert "cancelling ¥86.40" in text_of(page), "at the starts before"
    sooner = client.get(f"/test-items/{market.salt.id}?hours=48&starts_at=2026-11-24T12:00%2B08:00", headers=EN).text
    assert "Cancelling costs ¥86.40" in text_of(sooner)


def test_an_accreditation_counts_on_the_day_of_the_test(client: FlaskClient, market: Market) -> None:  # R-SEARCH-4
    db.session.execute(update(Accreditation).values(valid_to=date(2026, 11, 24)))
    db.session.commit()
    page = text_of(client.get("/search", query_string={"q": "CNAS 盐雾"}, headers=EN).text)
    assert "The filters leave nothing over." in page, "it ends the day before"


def test_an_old_number_leads_to_the_new_one(client: FlaskClient, market: Market) -> None:
    page = text_of(client.get("/search", query_string={"q": "GB/T 10125-2012", "hours": "24"}, headers=EN).text)
    assert "GB/T 10125-2012 is withdrawn, replaced by GB/T 10125-2021." in page
    assert "Tianmu Wheel Lab" in page
    page = text_of(client.get("/standards/GB/T 10125-2012", headers=EN).text)
    assert "Withdrawn, replaced by GB/T 10125-2021." in page
    assert "Tianmu Wheel Lab" in page


def test_hours_are_assumed_where_the_client_chooses_and_said_so(client: FlaskClient, market: Market) -> None:
    page = client.get("/search", query_string={"q": "盐雾"}, headers=EN).text
    assert "the shortest are taken until you enter yours" in text_of(page)
    assert re.findall(r'name="hours" form="of-\d+"[^>]* value="(\d+)"', page) == ["24", "24"]


def test_items_with_and_without_hours_stand_side_by_side(client: FlaskClient, market: Market) -> None:
    """Neither vanishes for the other, with hours or without."""
    fine = make.instrument(market.near, name="盐雾金相显微镜")
    make.test_item(fine, name="盐雾后金相", name_en="Section after salt spray", sample_minutes=Decimal(30))
    rebuild_all()
    db.session.commit()
    for hours in ({}, {"hours": "48"}):
        page = client.get("/search", query_string={"q": "盐雾", **hours}, headers=EN).text
        lines = re.findall(r"<article.*?</article>", page, re.S)
        assert len(lines) == 3
        assert [int('name="hours"' in line) for line in lines].count(1) == 2, "a field where there is a choice"
        assert sum("Neutral salt spray" in line for line in lines) == 2, "the test's name stands in every line"
    row = re.search(r'<form id="of-\d+" method="get" data-autosubmit.*?</form>', page, re.S)
    assert row is not None
    assert 'name="q" value="盐雾"' in row[0], "the line's form keeps the question"


def test_several_tests_can_be_narrowed_to_one(client: FlaskClient, market: Market) -> None:
    """Each with its count of labs, in the address, removable."""
    fine = make.instrument(market.near, name="盐雾金相显微镜")
    make.test_item(fine, name="盐雾后金相（镀层）", name_en="Section after salt spray (coatings)")
    rebuild_all()
    db.session.commit()
    page = client.get("/search", query_string={"q": "盐雾"}, headers=EN).text
    facet = re.search(r"<legend>Which test</legend>.*?</fieldset>", page, re.S)
    assert facet is not None
    assert text_of(facet[0]).split() == "Which test Section after salt spray 1 Neutral salt spray 2".split()
    narrowed = client.get("/search", query_string={"q": "盐雾", "test": "盐雾后金相"}, headers=EN).text
    assert len(re.findall(r'<article class="offer', narrowed)) == 1
    chips = re.findall(r'<a class="chip on" href="([^"]*)"[^>]*>(.*?)</a>', narrowed, re.S)
    assert [("test=" in address) for address, words in chips if "Section" in words] == [False]
    assert len(re.findall(r"<legend>Which test</legend>", narrowed)) == 1, "the others stay to be chosen"


def test_what_quantity_or_hours_do_not_fit_says_so_at_its_field(client: FlaskClient, market: Market) -> None:
    page = client.get("/search", query_string={"q": "盐雾", "hours": "50"}, headers=EN).text
    assert "Quantity or hours do not fit" in page
    assert "Nothing found" not in page
    assert len(re.findall(r'value="50"[^>]*aria-invalid="true"', page)) == 2
    assert "From 24 to 480 hours, in steps of 24." in page
    page = text_of(client.get("/search", query_string={"q": "盐雾", "quantity": "21"}, headers=ZH).text)
    assert "21 件样品：应为 1 至 20 件样品。" in page


def test_start_by_is_no_report_by(client: FlaskClient, market: Market) -> None:
    start = {"q": "盐雾 48 小时 下周五前开始"}
    page = client.get("/search", query_string=start, headers=ZH).text
    assert "12-04 周五前开始" in page
    assert "12-04 周五前出报告" not in page
    late = re.findall(r'<article class="offer late">.*?</article>', page, re.S)
    assert len(late) == 1
    assert "赶不上 12-04" in text_of(late[0]), "free on 7 December only"
    by_hand = client.get("/search", query_string={**start, "set": "1", "start_by": ""}, headers=ZH).text
    assert "offer late" not in by_hand, "a day that was emptied by hand is not read from the text again"


def test_a_standard_typed_says_what_it_replaces_and_from_when(client: FlaskClient, market: Market) -> None:
    future = make.standard("GB/T 10125-2027", name="盐雾试验")
    present = market.salt.standards[0]
    present.superseded_by_id, present.superseded_from = future.id, date(2027, 2, 1)
    db.session.commit()
    for number in ("GB/T 10125-2027", "GB/T 10125-2021"):
        page = text_of(client.get("/search", query_string={"q": number}, headers=EN).text)
        assert "GB/T 10125-2027 replaces GB/T 10125-2021 from 1 Feb 2027 on." in page
        assert "Until then labs test by GB/T 10125-2021." in page
        assert "2 labs can do it" in page
    page = text_of(client.get("/search", query_string={"q": "GB/T 10125-2021"}, headers=ZH).text)
    assert "GB/T 10125-2021 自 2021-12-01 起代替 GB/T 10125-2012。" in page


def test_an_accreditation_typed_is_chosen_beside_the_list(client: FlaskClient, market: Market) -> None:
    page = client.get("/search", query_string={"q": "CNAS 盐雾"}, headers=EN).text
    assert len(re.findall("<article", page)) == 1
    assert re.search(r'name="mark" value="CNAS" checked', page)
    wide = client.get("/search", query_string={"q": "CNAS 盐雾", "mark": "any"}, headers=EN).text
    assert len(re.findall("<article", wide)) == 2


def test_a_labs_name_leads_to_the_lab_and_not_to_its_tests(client: FlaskClient, market: Market) -> None:
    page = client.get("/search", query_string={"q": "天姥车轮"}, headers=ZH).text
    assert "<article" not in page
    assert f'href="/labs/{market.near.code}"' in page


def test_ticked_offers_are_compared(client: FlaskClient, market: Market) -> None:
    question = {**QUESTION, "compare": [market.salt.id]}
    page = text_of(client.get("/search", query_string=question, headers=EN).text)
    assert "One offer compared" in page
    comparison = client.get("/search", query_string={**question, "view": "compare"}, headers=EN)
    assert comparison.status_code == 200
    assert "288.00" in comparison.text


def test_nothing_found_shows_what_is_nearest(client: FlaskClient, market: Market) -> None:
    page = client.get("/search", query_string={"q": "中性雨雾试验"}, headers=ZH).text
    assert "未找到与“中性雨雾试验”匹配的结果" in page
    near = page.split('id="ne"')[1]
    assert near.count('<article class="offer near">') == 1, "one test once, whatever labs have it"
    assert "名称与“中性雨雾试验”相近" in near
    page = client.get("/search", query_string={"q": "中性烟雾试验"}, headers=ZH).text
    assert "“中性烟雾试验”已按“中性盐雾试验”查找。" in text_of(page)
    assert '<article class="offer near">' not in page, "what sounds alike is found"
    page = client.get("/search", query_string={"q": "盐雾 神秘"}, headers=ZH).text
    assert "没有检测项目同时含有“神秘”，查找时已略去。" in text_of(page).replace(" ", "")
    assert "中性盐雾试验" in page


def test_a_worry_suggests_below_the_line(client: FlaskClient, market: Market) -> None:
    page = client.get("/search", query_string={"q": "螺栓生锈"}, headers=ZH).text
    assert "“生锈”时通常做的检测" in page
    assert "未找到" not in page
    assert '<article class="offer">' not in page
    page = client.get("/search", query_string={"q": "rust, salt spray"}, headers=EN).text
    assert page.index('<article class="offer') < page.index('<article class="offer near">')


def test_each_condition_can_be_taken_away(client: FlaskClient, market: Market) -> None:
    asked = {"q": "盐雾 3 件 48 小时 下周五前出报告 CNAS"}
    page = client.get("/search", query_string=asked, headers=EN).text
    chips = re.findall(r'<a class="chip on" href="([^"]+)"', page)
    assert len(chips) == 4
    for chip in map(html.unescape, chips):
        after = client.get(chip, headers=EN).text
        assert len(re.findall(r'<a class="chip on"', after)) == 3, chip


def test_how_a_question_is_understood_is_shown_while_it_is_typed(client: FlaskClient, market: Market) -> None:
    shown = text_of(client.get("/search/understood", query_string=QUESTION, headers=ZH).text)
    for part in ("GB/T 10125", "3 件样品", "48 小时", "12-04 周五前出报告"):
        assert part in shown


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("盐", ["中性盐雾试验"]),
        ("NSS", ["中性盐雾试验"]),
        ("yanwu", ["中性盐雾试验"]),
        ("50%_", []),
        ("秘密", []),
        ("", []),
    ],
)
def test_names_are_suggested_while_one_types(client: FlaskClient, market: Market, typed: str, named: list[str]) -> None:
    page = client.get("/search/suggested", query_string={"q": typed}, headers=ZH).text
    assert re.findall('data-value="([^"]+)"', page) == named
    assert ("2 家" in text_of(page)) == bool(named)


def test_a_suggestion_is_chosen_by_keyboard(open_browser: Any, market: Market) -> None:
    page = open_browser("en", width=390)
    page.goto("/")
    box = page.get_by_role("combobox", name="What do you want to have tested?")
    box.press_sequentially("salt")
    option = page.get_by_role("option")
    option.first.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    assert findings(page) == []
    box.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    box.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == option.first.get_attribute("id")
    box.press("Enter")
    page.wait_for_url("**/search?*Neutral*salt*spray*")
    page.locator(".offer").first.wait_for()


def test_the_empty_box_offers_what_the_firm_looked_for(open_browser: Any, market: Market) -> None:  # R-SEARCH-6
    page = open_browser("en", width=390)
    sign_in_browser(page, market.person, market.client)
    with page.expect_response("**/search/recent") as kept:
        page.goto("/search?q=NSS")
    assert kept.value.status == 303
    page.goto("/")
    box = page.get_by_role("combobox", name="What do you want to have tested?")
    box.focus()
    page.get_by_role("listbox", name="Recent searches of the firm").get_by_role("option").first.wait_for()
    assert findings(page) == []
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/search?*NSS*")
    page.goto("/search")
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Clear", exact=True).click()
    page.get_by_text("The firm's searches are removed.").wait_for()
    assert page.locator("#recent").count() == 0


def test_price_in_lines_with_the_minimum(client: FlaskClient, market: Market) -> None:
    page = text_of(client.get(f"/test-items/{market.salt.id}?quantity=2&hours=24", headers=EN).text)
    assert "Up to the minimum charge" in page
    assert "144.00" in page, "24 hours at 6.00"
    assert "56.00" in page
    assert "200.00" in page
    assert "30% of the price" in page


def test_all_slots_keep_hours_and_price(client: FlaskClient, market: Market) -> None:
    sign_in(client, market.person, market.client)
    asked = {"test_item": market.salt.id, "quantity": "3", "hours": "48", "starts_at": "2026-11-26T09:30:00+08:00"}
    page = client.get("/bookings/new", query_string=asked, headers=ZH).text
    assert "288.00" in page
    link = re.search(r'<a href="(/test-items/[^"]+)">查看全部可约时段', page)
    assert link is not None
    slots = client.get(link[1].replace("&amp;", "&"), headers=ZH).text
    assert "288.00" in slots, "not the price of the shortest hours"
    assert re.search(r'id="hours"[^>]*value="48"', slots)
    assert re.findall(r'<a class="slot"[^>]*aria-current="true">([\d:]+)<', slots) == ["09:30"]


def test_an_address_that_does_not_fit_is_told_at_its_field(client: FlaskClient, market: Market) -> None:
    sign_in(client, market.person, market.client)
    asked = {"test_item": market.salt.id, "quantity": "21", "hours": "50", "starts_at": "2026-11-26T09:30:00+08:00"}
    page = client.get("/bookings/new", query_string=asked, headers=EN).text
    for field, words in (("quantity", "Between 1 and 20 samples."), ("hours", "in steps of 24")):
        assert words in page.split(f'id="{field}-error"')[1].split("</div>")[0]


def test_slots_are_chosen_and_lead_to_the_booking(client: FlaskClient, market: Market) -> None:
    page = client.get(f"/test-items/{market.salt.id}?quantity=3&hours=48&starts_at=2026-11-26T09:30:00%2B08:00").text
    chosen = re.findall(r'<a class="slot"[^>]*aria-current="true">([\d:]+)<', page)
    assert chosen == ["09:30"]
    link = re.search(r'<a class="btn btn-primary btn-lg[^"]*" href="([^"]+)"', page)
    assert link is not None
    assert f"test_item={market.salt.id}" in link[1]
    assert "quantity=3" in link[1]
    assert "hours=48" in link[1]


def test_closed_slots_say_why(app: Flask, client: FlaskClient, market: Market) -> None:
    page = text_of(client.get(f"/test-items/{market.hardness.id}", headers=EN).text)
    assert "Closed" in page, "a Saturday"
    now = utc_now()
    for unit in (1, 2):
        make.add(
            Holding(
                instrument_id=market.chamber.id,
                unit=unit,
                starts_at=now + timedelta(hours=20),
                ends_at=now + timedelta(hours=60),
                kind="in_house",
                created_at=now,
            )
        )
    db.session.commit()
    page = client.get(f"/test-items/{market.salt.id}?hours=24", headers=ZH).text
    closed = re.findall(r'<span class="slot is-closed">.*?<small>(.*?)</small>', page, re.S)
    assert "实验室自用" in closed
    assert "不开放" in closed


@pytest.mark.parametrize(
    ("query", "chinese", "english"),
    [
        ("quantity=0", "应为 1 至 20 件样品。", "Between 1 and 20 samples."),
        ("quantity=10000", "应为 1 至 20 件样品。", "Between 1 and 20 samples."),
        ("hours=25", None, "From 24 to 480 hours, in steps of 24."),
    ],
)
def test_bad_numbers_are_told_at_their_field(
    client: FlaskClient, market: Market, query: str, chinese: str | None, english: str
) -> None:
    for headers, words in ((ZH, chinese), (EN, english)):
        page = client.get(f"/test-items/{market.salt.id}?{query}", headers=headers).text
        field = query.split("=")[0]
        shown = re.search(rf'id="{field}-error">.*?<span>(.*?)</span>', page, re.S)
        assert shown is not None
        if words:
            assert shown[1] == words
        assert f'value="{query.split("=")[1]}"' in page, "what was typed is kept"


@pytest.mark.parametrize(
    "query",
    [
        "quantity=x",
        "starts_at=nonsense",
        "starts_at=0001-01-01T00:00%2B08:00",
        "from=2026-99-99",
        "from=9999-12-31",
        "instrument=-1",
        "hours=",
    ],
)
def test_nonsense_in_the_address_breaks_nothing(client: FlaskClient, market: Market, query: str) -> None:
    assert client.get(f"/test-items/{market.salt.id}?{query}").status_code == 200
    assert client.get(f"/search?q=%27%22&{query}&by=x&within=x&order=x&town=x&near=x&category=x").status_code == 200
    assert client.get(f"/labs?page=x&order=x&town=x&mark=x&{query}").status_code == 200


def test_live_state_of_an_instrument(client: FlaskClient, market: Market) -> None:
    now = utc_now()
    shown = lambda one: text_of(client.get(f"/instruments/{one.id}", headers=EN).text)  # noqa: E731
    assert " Down " in shown(market.broken)
    assert " Free " in shown(market.chamber)
    for unit in (1, 2):
        make.add(
            Holding(
                instrument_id=market.chamber.id,
                unit=unit,
                starts_at=now - timedelta(hours=1),
                ends_at=now + timedelta(hours=1),
                kind="in_house",
                created_at=now,
            )
        )
    db.session.commit()
    assert " In use " in shown(market.chamber)


def test_drafts_are_the_firms_own(app: Flask, client: FlaskClient, market: Market) -> None:
    path = f"/test-items/{market.draft.id}"
    assert client.get(path).status_code == 404
    assert "秘密检测" not in client.get(f"/labs/{market.near.code}").text
    assert f"/test-items/{market.draft.id}" not in client.get("/search", query_string={"q": "秘密检测"}).text
    own = make.member(market.near.firm, "lab_manager")
    sign_in(client, own, market.near.firm)
    assert client.get(path).status_code == 200
    assert "秘密检测" in client.get(f"/labs/{market.near.code}", headers=ZH).text


def test_a_labs_tests_stand_by_category_with_a_search_among_them(client: FlaskClient, market: Market) -> None:
    page = client.get(f"/labs/{market.near.code}", headers=EN).text
    assert page.count('<details class="group"') == 2
    assert "Environment and corrosion" in text_of(page)
    assert f'name="lab" value="{market.near.code}"' in page
    among = client.get("/search", query_string={"lab": market.near.code, "q": "盐雾"}, headers=EN).text
    assert len(re.findall(r'<article class="offer', among)) == 1, "the other lab's is not among them"


def test_public_figures_as_a_file(client: FlaskClient, market: Market) -> None:
    answer = client.get("/figures?format=csv", headers=EN)
    assert answer.mimetype == "text/csv"
    lines = answer.text.lstrip("\ufeff").splitlines()
    assert lines[0] == "Period,Tests finished,Firms served,Samples tested,Machine hours"
    assert [line[:7] for line in lines[1:]] == [f"2025-{m:02d}" for m in (11, 12)] + [
        f"2026-{m:02d}" for m in range(1, 11)
    ]
    assert client.get("/figures?format=xlsx").data[:2] == b"PK"


def pages(market: Market) -> list[str]:
    return [
        "/",
        "/search",
        "/search?q=盐雾 GB/T 10125，3 件，48 小时，下周五前",
        f"/search?q=盐雾&hours=48&compare={market.salt.id}&near=330624004&by=2026-12-04",
        f"/search?q=盐雾&hours=48&compare={market.salt.id}&view=compare",
        "/search?q=没有的检测",
        "/search?category=environment&hours=24",
        "/labs",
        f"/labs/{market.near.code}",
        "/instruments",
        f"/instruments/{market.chamber.id}",
        "/standards",
        "/standards/GB/T 10125-2021",
        f"/test-items/{market.salt.id}",
        f"/test-items/{market.hardness.id}?quantity=0",
        "/figures",
        "/how-it-works",
        "/rules",
        "/privacy",
        "/accessibility",
        "/nothing-here",
    ]


def test_at_most_twelve_statements_for_anybody(app: Flask, client: FlaskClient, market: Market) -> None:
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SET")):
            said.append(statement)

    readers = [app.test_client(), sign_in(app.test_client(), market.person, market.client)]
    event.listen(db.engine, "before_cursor_execute", listen)
    counts = {}
    try:
        for reader in readers:
            for path in pages(market):
                said.clear()
                reader.get(path)
                counts[path] = max(counts.get(path, 0), len(said))
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    assert {path: count for path, count in counts.items() if count > 12} == {}


def test_an_item_says_what_it_cost_before(client: FlaskClient, market: Market) -> None:
    make.add(
        Fee(
            test_item_id=market.salt.id,
            basis="hour",
            amount_fen=450,
            minimum_fen=0,
            valid_from=date(2023, 1, 1),
            valid_to=date(2023, 12, 31),
            created_at=utc_now(),
        )
    )
    db.session.commit()
    page = text_of(client.get(f"/test-items/{market.salt.id}", headers=EN).text)
    assert "Earlier fees 1" in page
    assert "1 Jan 2023 – 31 Dec 2023" in page
    assert "4.50" in page


def test_the_calendar_of_an_item_counts_what_is_free(client: FlaskClient, market: Market) -> None:
    """It is a Tuesday; both units are free all the time, the lab is closed at weekends."""
    path = f"/test-items/{market.salt.id}?hours=48"
    page = client.get(path, headers=EN).text
    days = re.findall(r'id="day-([-0-9]+)"\s+href="([^"]+)"', page)
    assert len(days) == 19, "four weeks without yesterday, Saturdays and Sundays"
    assert len(re.findall(r'<span class="day is-none">', page)) == 9
    day, there = days[10]
    then = client.get(html.unescape(there), headers=EN).text
    assert re.search(rf'id="day-{day}"[^>]*aria-current="date"', then)
    shown = re.search(rf'id="day-{day}"[^>]*>.*?<small>(\d+) free', page, re.S)
    assert shown
    starts = re.findall(r'id="at-(\d+)"', then)
    assert sum(local_day(datetime.fromtimestamp(int(at), UTC)) == date.fromisoformat(day) for at in starts) == int(
        shown[1]
    ), "as many as the day then offers"
    busy = make.add(
        Holding(
            instrument_id=market.chamber.id,
            unit=1,
            starts_at=utc_now(),
            ends_at=utc_now() + timedelta(days=60),
            kind="in_house",
            created_at=utc_now(),
        )
    )
    make.add(
        Holding(
            **{
                **{name: getattr(busy, name) for name in ("instrument_id", "starts_at", "ends_at", "kind")},
                "unit": 2,
                "created_at": utc_now(),
            }
        )
    )
    db.session.commit()
    assert 'id="day-' not in client.get(path, headers=EN).text
    assert client.get(path + "&quantity=9999", headers=EN).status_code == 200


def test_addresses_are_written_in_the_readers_language(client: FlaskClient, market: Market) -> None:
    db.session.execute(
        update(Lab)
        .where(Lab.id == market.near.id)
        .values(
            address="环城路 8 号", address_en="8 Huancheng Road", directions="南门进。", directions_en="South gate."
        )
    )
    db.session.commit()
    for path in (f"/labs/{market.near.code}", f"/test-items/{market.salt.id}"):
        english, chinese = (client.get(path, headers=language).text for language in (EN, ZH))
        assert "8 Huancheng Road, Qixing Subdistrict" in english
        assert "七星街道环城路 8 号" in chinese
        assert "环城路" not in english
    assert "South gate." in client.get(f"/labs/{market.near.code}", headers=EN).text


def test_a_window_says_in_which_language_its_title_is(client: FlaskClient, market: Market) -> None:
    for lab, title in ((market.cheap, '<title lang="zh">儒岙金属材料实验室'), (market.near, "<title>Tianmu Wheel Lab")):
        assert title in client.get(f"/labs/{lab.code}", headers=EN).text
        assert '<title lang="zh">' not in client.get(f"/labs/{lab.code}", headers=ZH).text
    assert '<title lang="zh">盐雾' in client.get("/search?q=盐雾", headers=EN).text


def test_no_chinese_in_english_but_data_marked_so(client: FlaskClient, market: Market) -> None:
    for path in pages(market):
        page = client.get(path.replace("盐雾", "salt spray").replace("没有的检测", "nothing"), headers=EN).text
        body = re.sub(r'<(\w+)[^>]*\slang="zh(-CN)?"[^>]*>.*?</\1>', "", page, flags=re.S)
        body = re.sub(r'value="[^"]*"|content="[^"]*"|href="[^"]*"', "", body, flags=re.S)
        found = re.findall(r"[^<>\n]*[\u4e00-\u9fff]+[^<>\n]*", body)
        assert found == [], path


LOOKS = {
    "sqlite": (("zh-CN", 1440, "light"), ("en-GB", 390, "dark")),
    "postgresql": (("en-GB", 1440, "dark"), ("zh-CN", 390, "light")),
}
"""Both languages, widths and themes; shared out between the engines, since the markup is the same on either."""


@pytest.mark.parametrize("turn", [0, 1])
def test_pages_are_for_everybody(open_browser: Any, market: Market, engine_name: str, turn: int) -> None:
    locale, width, scheme = LOOKS[engine_name][turn]
    page = open_browser(locale, width=width, color_scheme=scheme)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    for path in pages(market):
        if locale == "en-GB":
            path = path.replace("盐雾", "salt spray")
        page.goto(path)
        assert findings(page) == [], path
        assert too_wide(page) == 0, path
        assert broken_dates(page) == [], path
    assert [text for text in complaints if "404" not in text] == []


def test_frame_works_with_scripts(open_browser: Any, market: Market) -> None:
    page = open_browser("zh-CN")
    page.goto("/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("盐雾 GB/T 10125，3 件")
    page.locator("#understood .tag", has_text="3 件样品").wait_for()
    page.keyboard.press("Enter")
    page.locator(".offer").first.wait_for()
    page.get_by_role("link", name="费用最低").click()
    page.wait_for_url("**order=cheapest**")
    page.locator("#mark-1").check()
    page.wait_for_url("**mark=CNAS**")
    assert page.locator(".offer").count() == 1
    assert page.locator("html").get_attribute("data-bs-theme") == "light"
    page.get_by_role("button", name="切换深浅色").click()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.get_by_role("button", name="EN").click()
    page.locator("html[lang=en]").wait_for()
    assert "mark=CNAS" in page.url, "the language switch keeps the page"
    assert page.locator("html").get_attribute("data-bs-theme") == "dark", "the server keeps the theme"


def test_choosing_on_the_phone(open_browser: Any, market: Market) -> None:
    page = open_browser("zh-CN", width=390)
    sign_in_browser(page, market.person, market.client)
    page.goto(f"/test-items/{market.salt.id}")
    assert page.locator(".tabbar a").count() >= 2
    page.locator("#quantity").fill("2")
    page.locator("#hours").fill("48")
    page.locator("#hours").blur()
    page.locator(".paybar", has_text="288.00").wait_for()
    page.locator(".slot", has_text="09:30").nth(1).click()
    page.locator('.slot[aria-current="true"]', has_text="09:30").wait_for()
    assert page.evaluate("document.activeElement.classList.contains('slot')"), "the keyboard stays where it was"
    assert "09:30" in page.locator("#live-says").inner_text()
    assert findings(page) == []
    assert too_wide(page) == 0


def test_what_does_not_fit_takes_price_and_button_away(open_browser: Any, market: Market) -> None:
    page = open_browser("zh-CN", width=1440)
    sign_in_browser(page, market.person, market.client)
    page.goto(f"/test-items/{market.salt.id}?hours=48")
    page.locator("a.btn-primary", has_text="预约").first.wait_for()
    for field, wrong, message in (("quantity", "21", "应为 1 至 20 件样品。"), ("hours", "50", "24")):
        page.locator(f"#{field}").fill(wrong)
        page.locator(f"#{field}").blur()
        page.locator(f"#{field}-error", has_text=message).wait_for()
        assert page.locator(f"#{field}").input_value() == wrong
        assert page.locator("#item .total").count() == 0, "no price of another question"
        assert page.locator("#item a[href*='/bookings/new']").count() == 0
        assert findings(page) == []
    page.locator("#quantity").fill("2")
    page.locator("#hours").fill("48")
    page.locator("#hours").blur()
    page.locator("a.btn-primary", has_text="预约").first.wait_for()


def test_hours_are_chosen_in_the_line(open_browser: Any, market: Market) -> None:
    page = open_browser("zh-CN", width=390)
    page.goto("/search?q=盐雾 3 件")
    page.locator(".hours-in").first.fill("48")
    page.locator(".hours-in").first.blur()
    page.locator(".offer-price", has_text="288.00").first.wait_for()
    assert page.locator(".hours-in").nth(1).input_value() == "48"
    assert page.locator("#quantity").input_value() == "3"
    page.locator(".hours-in").first.fill("50")
    page.locator(".hours-in").first.blur()
    page.locator(".hours-in[aria-invalid]").first.wait_for()
    assert findings(page) == []
    assert too_wide(page) == 0


def test_what_is_typed_meanwhile_is_kept(open_browser: Any, market: Market) -> None:
    page = open_browser("zh-CN", width=390)
    sign_in_browser(page, market.person, market.client)
    page.goto(f"/test-items/{market.salt.id}")
    held: list[Any] = []
    page.route(re.compile(r"quantity=2&hours=24"), lambda route: held.append(route))
    page.locator("#quantity").fill("2")
    with page.expect_request(re.compile(r"quantity=2&hours=24")):
        page.locator("#hours").fill("48")
    while not held:  # the request is seen before it is held
        page.wait_for_timeout(10)
    with page.expect_response(re.compile(r"quantity=2&hours=24")) as late:
        held[0].continue_()
    late.value.finished()
    assert page.locator("#hours").input_value() == "48"
    page.locator("#hours").blur()
    page.locator(".paybar", has_text="288.00").wait_for()

    page.locator("#quantity").fill("3")
    page.locator(".slot", has_text="09:30").nth(1).click()
    page.locator('.slot[aria-current="true"]', has_text="09:30").wait_for()
    assert page.locator("#quantity").input_value() == "3"
    page.locator("#quantity").fill("4")
    page.locator(".paybar a").click()
    page.wait_for_url("**/bookings/new?*quantity=4*")


def test_the_workbench_frame(open_browser: Any, market: Market) -> None:
    page = open_browser("zh-CN")
    sign_in_browser(page, make.member(market.near.firm, "lab_manager"), market.near.firm)
    page.goto("/lab/bookings")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    assert page.locator(".rail a[aria-current=page]").inner_text() == "预约"
    assert findings(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert too_wide(page) == 0
    page.locator(".tabbar button", has_text="更多").click()
    page.locator("dialog#more[open]").wait_for()
    assert findings(page) == []
    page.locator("dialog#more [command=close]").click()
    page.locator("dialog#more:not([open])").wait_for(state="attached")
    page.locator("details.menu summary").click()
    page.keyboard.press("Escape")
    assert page.locator("details.menu[open]").count() == 0
