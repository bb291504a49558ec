"""Each bad input of the catalogue: its own message at its field, in the reader's language; what else was typed stays;
no table changes but the audit trail."""

import html
import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from labshare.booking import services as booking
from labshare.catalogue.models import Accreditation, Fee
from labshare.kernel.database import db, transaction
from tests import factories as make
from tests.catalogue.conftest import rows
from tests.signing import sign_in

pytestmark = pytest.mark.slow

LANGUAGES = {"zh": "zh-CN,zh;q=0.9,en;q=0.8", "en": "en-GB,en"}

ENGINES = ("sqlite",)  # messages and kept forms are the same on both


@pytest.fixture
def house(app, clock):
    """A firm with a published lab, a draft of each kind, a fee that a booking used, and a certificate."""
    firm = make.firm(size_class="large")
    lab = make.lab(firm, address="人民路 1 号", phone="0575-1")
    bare_lab = make.lab(firm, state="draft", hours=())
    instrument = make.instrument(lab, inner_id="SB-1")
    bare = make.instrument(lab, calibrated=None, state="draft")
    standard = make.standard("GB/T 228.1-2021")
    item = make.test_item(instrument, by=standard)
    draft = make.test_item(bare, state="draft")
    client = make.firm()
    booker = make.member(client, "booker")
    make.working_year()
    make.add(
        Accreditation(
            confirmed=True,
            lab_id=lab.id,
            kind="CMA",
            number="121108340012",
            valid_from=date(2021, 1, 1),
            valid_to=date(2026, 12, 31),
        )
    )
    make.grade(lab, "good", "2026-01")
    make.affiliation(firm, client)
    db.session.commit()
    with transaction():
        booking.book(
            actor=make.actor(booker, client, "booker"),
            now=clock.now,
            test_item_id=item.id,
            quantity=1,
            starts_at=datetime(2026, 11, 25, 1, 0, tzinfo=UTC),
        )
    fee_of = {one.test_item_id: one.id for one in db.session.scalars(select(Fee))}
    return {
        "firm": firm,
        "person": make.member(firm, "lab_manager"),
        "officer": make.regulator("officer"),
        "uscc": firm.uscc,
        "client": client.uscc,
        "lab": lab.id,
        "bare_lab": bare_lab.id,
        "code": lab.code,
        "instrument": instrument.id,
        "bare": bare.id,
        "item": item.id,
        "draft": draft.id,
        "standard": standard.id,
        "fee": fee_of[item.id],
        "draft_fee": fee_of[draft.id],
    }


LAB = {
    "name": "热处理中心",
    "town": "330624001",
    "lead_time_minutes": "2",
    "horizon_minutes": "90",
    "payment_days": "30",
    "start_grid": "5",
}
INSTRUMENT = {
    "lab": "{lab}",
    "inner_id": "SB-9",
    "name": "万能试验机",
    "nation": "CN",
    "class_code": "020100",
    "usage": "general",
    "sharing": "outside",
    "source": "bought",
    "funds": "own",
    "condition": "normal",
    "units": "1",
}
ITEM = {
    "lab": "{lab}",
    "name": "拉伸试验",
    "category": "mechanics",
    "setup_minutes": "0",
    "sample_minutes": "7.5",
    "run_minutes": "0",
    "cleanup_minutes": "0",
    "samples_per_run": "1",
    "max_quantity": "20",
    "attended": "1",
    "turnaround_days": "5",
    "free_cancel_minutes": "24",
    "late_cancel_percent": "0",
    "no_show_percent": "0",
}
FEE = {"basis": "sample", "amount_fen": "120.00", "minimum_fen": "0", "valid_from": "2027-01-01", "valid_to": ""}
WEEK = {"whose": "own", "valid_from": "2027-01-01", "monday": "08:00–12:00, 13:00–17:00"}
CERTIFICATE = {"certificate": "C-9", "issuer": "省计量院", "valid_from": "2026-01-01", "valid_to": "2026-12-31"}
ADMIT = {"division": "330624", "admitted_from": "2026-12-01", "reason": "补录"}
GRADES = {"year": "2026", "effective_month": "2027-01", "common_reason": "新科〔2026〕15 号"}
TIE = {
    "firm_uscc": "{uscc}",
    "other_uscc": "{client}",
    "kind": "controls",
    "source": "inspection",
    "valid_from": "2026-01-01",
    "valid_to": "",
    "note": "工商登记",
}

CASES = {
    # name: (page, what is right, what is wrong in it, field, Chinese, English, status)
    "lab without a name": ("/lab/labs/new", LAB, {"name": " "}, "name", "此项须填写。", "Fill this in.", 422),
    "lab without a town": (
        "/lab/labs/new",
        LAB,
        {"town": ""},
        "town",
        "此项须填写。",
        "Fill this in.",
        422,
    ),
    "half a coordinate": (
        "/lab/labs/new",
        LAB,
        {"longitude": "120.9"},
        "longitude",
        "应为十进制度数",
        "Decimal degrees such as 120.9050",
        422,
    ),
    "unreadable lead time": (
        "/lab/labs/new",
        LAB,
        {"lead_time_minutes": "two"},
        "lead_time_minutes",
        "应为小时数，如 24 或 1.5。",
        "Enter hours such as 24 or 1.5.",
        422,
    ),
    "published lab loses its address": (
        "/lab/labs/{lab}/edit",
        {**LAB, "phone": "1"},
        {"address": ""},
        None,
        "尚缺：地址。",
        "Still missing: an address.",
        422,
    ),
    "number used twice": (
        "/lab/instruments/new",
        INSTRUMENT,
        {"inner_id": "SB-1"},
        "inner_id",
        "本实验室已有仪器使用该编号。",
        "Another instrument of this lab has this number.",
        422,
    ),
    "unknown class": (
        "/lab/instruments/new",
        INSTRUMENT,
        {"class_code": "770000"},
        "class_code",
        "应为六位数字",
        "Six digits, such as 010401",
        422,
    ),
    "no units": ("/lab/instruments/new", INSTRUMENT, {"units": "0"}, "units", "1 至 99", "Between 1 and 99.", 422),
    "value in words": (
        "/lab/instruments/new",
        INSTRUMENT,
        {"original_value_fen": "many"},
        "original_value_fen",
        "应为以万元计的金额，如 45.00。",
        "Enter an amount in 10,000 CNY, such as 45.00.",
        422,
    ),
    "longest below shortest": (
        "/lab/instruments/new",
        INSTRUMENT,
        {"shortest_minutes": "60", "longest_minutes": "30"},
        "longest_minutes",
        "最长时长小于最短时长，请调整。",
        "The longest booking is shorter than the shortest.",
        422,
    ),
    "certificate ends before it begins": (
        "/lab/instruments/{instrument}/calibrations/new",
        CERTIFICATE,
        {"valid_to": "2025-12-31"},
        "valid_to",
        "截止日期早于起始日期，请调整。",
        "The last day lies before the first.",
        422,
    ),
    "certificate of tomorrow": (
        "/lab/instruments/{instrument}/calibrations/new",
        CERTIFICATE,
        {"valid_from": "2026-11-25"},
        "valid_from",
        "日期",
        "The date lies in the future.",
        422,
    ),
    "short CMA number": (
        "/lab/labs/{lab}/accreditations/new",
        {"kind": "CMA", "number": "121108340012", "valid_from": "2026-01-01", "valid_to": "2031-12-31"},
        {"number": "1211"},
        "number",
        "CMA 为 12 位数字",
        "CMA: 12 digits.",
        422,
    ),
    "unlisted standard": (
        "/lab/test-items/new",
        ITEM,
        {"standards": "GB/T 228.1-2021\nGB/T 99999"},
        "standards",
        "标准目录中没有 GB/T 99999，请先提请列入。",
        "GB/T 99999 is not in the list of standards; propose it first.",
        422,
    ),
    "fractions finer than a thousandth": (
        "/lab/test-items/new",
        ITEM,
        {"sample_minutes": "0.0001"},
        "sample_minutes",
        "7.5",
        "Enter minutes",
        422,
    ),
    "half a choice of hours": (
        "/lab/test-items/new",
        ITEM,
        {"hours_min": "24"},
        "hours_min",
        "最短、最长和步长须同时填写，或都不填。",
        "Give all three: shortest, longest and step, or none.",
        422,
    ),
    "quantity 0": (
        "/lab/test-items/new",
        ITEM,
        {"max_quantity": "0"},
        "max_quantity",
        "1 至 10000",
        "Between 1 and 10000.",
        422,
    ),
    "a test of no time": (
        "/lab/test-items/new",
        ITEM,
        {"sample_minutes": "0"},
        "sample_minutes",
        "该检测未占用时间",
        "This test would take no time.",
        422,
    ),
    "overlapping fee": (
        "/lab/test-items/{draft}/fees/new",
        FEE,
        {"valid_from": "2025-01-01"},
        "valid_from",
        "与 2025年1月1日 起执行的收费标准重叠。",
        "A fee already holds from 1 January 2025.",
        409,
    ),
    "fee from the past": (
        "/lab/test-items/{item}/fees/new",
        FEE,
        {"valid_from": "2026-11-23"},
        "valid_from",
        "最早自今天起执行",
        "can begin today at the earliest.",
        422,
    ),
    "fee from a day on which the one before was used": (
        "/lab/test-items/{item}/fees/new",
        FEE,
        {"valid_from": "2026-11-24"},
        "valid_from",
        "已有预约使用该收费标准，不能修改，可新增之后执行的标准。",
        "Bookings use this fee; add one from a later date instead.",
        409,
    ),
    "fee in letters": (
        "/lab/test-items/{draft}/fees/new",
        FEE,
        {"amount_fen": "free"},
        "amount_fen",
        "1,234.50",
        "Enter an amount such as 1,234.50.",
        422,
    ),
    "used fee changed": (
        "/lab/fees/{fee}",
        {"basis": "sample", "minimum_fen": "0"},
        {"amount_fen": "1.00"},
        "amount_fen",
        "已有预约使用该收费标准",
        "Bookings use this fee;",
        409,
    ),
    "used fee ended too early": (
        "/lab/fees/{fee}/end",
        {},
        {"valid_to": "2026-11-23"},
        "valid_to",
        "已有预约使用该收费标准",
        "Bookings use this fee;",
        409,
    ),
    "overlapping opening hours": (
        "/lab/labs/{bare_lab}/hours",
        WEEK,
        {"monday": "08:00–12:00, 11:30–17:00"},
        "monday",
        "重叠。",
        "Overlaps with",
        422,
    ),
    "a night that runs into the next morning's hours": (
        "/lab/labs/{bare_lab}/hours",
        WEEK,
        {"sunday": "22:00–08:30"},
        "monday",
        "重叠。",
        "Overlaps with",
        422,
    ),
    "half an interval": (
        "/lab/labs/{bare_lab}/hours",
        WEEK,
        {"monday": "08:00–12:00, 13:00"},
        "monday",
        "请填写时段，如",
        "Write times such as",
        422,
    ),
    "no such time": (
        "/lab/labs/{bare_lab}/hours",
        WEEK,
        {"tuesday": "25:70–26:00"},
        "tuesday",
        "请填写时段，如",
        "Write times such as",
        422,
    ),
    "hours from a day that is over": (
        "/lab/labs/{bare_lab}/hours",
        WEEK,
        {"valid_from": "2026-01-01"},
        "valid_from",
        "请选择今天起五年以内的日期。",
        "Choose a day from today",
        422,
    ),
    "closure without a reason": (
        "/lab/labs/{lab}/closures",
        {"starts_at": "2026-12-01T08:00", "ends_at": "2026-12-02T08:00"},
        {"reason": ""},
        "reason",
        "此项须填写。",
        "Fill this in.",
        422,
    ),
    "closure that ends before it begins": (
        "/lab/labs/{lab}/closures",
        {"starts_at": "2026-12-01T08:00", "reason": "盘点"},
        {"ends_at": "2026-11-30T08:00"},
        "ends_at",
        "结束时间早于开始时间",
        "The end is earlier than the start.",
        422,
    ),
    "standard listed already": (
        "/lab/standards/new",
        {"name": "拉伸"},
        {"number": "gb/t228.1-2021"},
        "number",
        "该标准已在标准目录中。",
        "This standard is listed already.",
        422,
    ),
    "lab published with something missing": (
        "/lab/labs/{bare_lab}/publish",
        {},
        {},
        None,
        "尚缺：地址。",
        "Still missing: an address.",
        422,
    ),
    "instrument published without calibration": (
        "/lab/instruments/{bare}/publish",
        {},
        {},
        None,
        "尚缺：有效的检定/校准证书",
        "Still missing: a calibration",
        422,
    ),
    "item published without an instrument": (
        "/lab/test-items/{draft}/publish",
        {},
        {},
        None,
        "尚缺：至少一台已发布的可用仪器",
        "Still missing: a published",
        422,
    ),
    "withdrawing a draft": (
        "/lab/test-items/{draft}/withdraw",
        {},
        {},
        None,
        "当前状态为“草稿”",
        "Not possible from state “Draft”.",
        409,
    ),
    "admitted twice": (
        "/regulator/labs/{lab}/admit",
        ADMIT,
        {},
        "admitted_from",
        "已自 2025年1月1日 起列入开放实验室。",
        "Admitted already from 1 January 2025.",
        409,
    ),
    "suspended without a reason": (
        "/regulator/labs/{lab}/suspend",
        {"suspended_from": "2026-12-01"},
        {"reason": ""},
        "reason",
        "此项须填写。",
        "Fill this in.",
        422,
    ),
    "suspended before it was admitted": (
        "/regulator/labs/{lab}/suspend",
        {"reason": "报告不实"},
        {"suspended_from": "2024-12-01"},
        "suspended_from",
        "该日实验室未列入开放实验室。",
        "The lab is not admitted then.",
        409,
    ),
    "list of grades without a month that can be read": (
        "/regulator/assessments/new",
        GRADES,
        {"effective_month": "soon"},
        "effective_month",
        "请填写月份",
        "Enter a month such as 2026-11.",
        422,
    ),
    "list of grades of a year far off": (
        "/regulator/assessments/new",
        GRADES,
        {"year": "1890"},
        "year",
        "2000",
        "Between 2000 and 2100.",
        422,
    ),
    "affiliation with a wrong credit code": (
        "/regulator/affiliations",
        TIE,
        {"other_uscc": "913306240000000011"},
        "other_uscc",
        "校验位不符",
        "the check character does not fit.",
        422,
    ),
    "affiliation of a firm with itself": (
        "/regulator/affiliations",
        TIE,
        {"other_uscc": "{uscc}"},
        "other_uscc",
        "",
        "",
        422,
    ),
    "standard that replaces itself": (
        "/regulator/standards/{standard}/supersede",
        {"superseded_from": "2026-01-01"},
        {"successor": "GB/T 228.1-2021"},
        "successor",
        "标准不能直接或间接代替自身。",
        "A standard cannot replace itself, directly or round about.",
        422,
    ),
}


def field_errors(page: str) -> dict[str, str]:
    """What stands below each field."""
    found = re.findall(r'class="field-error" id="([\w-]+)-error">(.*?)</div>', page, re.S)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", text).split()) for name, text in found}


def as_shown(page: str, name: str) -> str | None:
    """What a control holds: an input's value, a text's content, the chosen option."""
    control = re.search(rf'<(input|select|textarea)\b[^>]*\bname="{name}"[^>]*>', page)
    if control is None:
        return None
    if control[1] == "input":
        value = re.search(r'\bvalue="([^"]*)"', control[0])
        return html.unescape(value[1]) if value else ""
    body = page[control.end() : page.index(f"</{control[1]}>", control.end())]
    if control[1] == "textarea":
        return html.unescape(body).strip().replace("\r\n", "\n")
    chosen = re.search(r'<option selected[^>]*value="([^"]*)"', body)
    return html.unescape(chosen[1]) if chosen else ""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_bad_input(client, house, case, language):
    page, right, wrong, field, zh, en, status = CASES[case]
    someone, firm = (house["officer"], None) if page.startswith("/regulator") else (house["person"], house["firm"])
    sign_in(client, someone, firm)
    sent = {name: value.format(**house) for name, value in {**right, **wrong}.items()}
    before = rows()

    answer = client.post(page.format(**house), data=sent, headers={"Accept-Language": LANGUAGES[language]})

    assert answer.status_code == status, answer.text[:2000]
    message = (zh if language == "zh" else en) or ""
    errors = field_errors(answer.text)
    if field is None:
        assert message in re.search(r'role="alert".*?</div></div>', answer.text, re.S)[0]
    else:
        assert message in errors.get(field, "nothing at this field"), errors
        assert errors[field]
    for name, value in sent.items():
        if field is not None or name != "reason":
            assert as_shown(answer.text, name) in (value, value.strip()), name
    db.session.expire_all()
    db.session.rollback()
    assert rows() == before


def test_an_unverified_firm_is_told_so(client, house):
    house["firm"].verified_at = None
    db.session.commit()
    sign_in(client, house["person"], house["firm"])
    answer = client.post(f"/lab/instruments/{house['bare']}/publish", headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "Your firm must be verified before anything is published." in answer.text


@pytest.mark.parametrize("path", ["/lab/labs/new", "/lab/instruments/new", "/lab/test-items/new"])
def test_what_is_wrong_is_listed_in_the_order_of_the_page(client, house, path):
    sign_in(client, house["person"], house["firm"])
    page = client.post(path, data={}).text
    listed = re.findall(r'<li><a href="#([\w-]+)">', page)
    assert len(listed) > 1
    assert listed == sorted(listed, key=lambda field: page.index(f' id="{field}"'))
