"""How numbers, money, dates and times are written, in both languages, as the house style says."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from flask import Flask
from flask_babel import force_locale

from labshare.catalogue import formatting as fees
from labshare.kernel import formatting as f
from labshare.kernel.capitals import capital
from labshare.kernel.months import Month
from labshare.organisations.industries import industry_of
from labshare.web import filters
from labshare.web.language import LOCALES

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 on Tuesday 24 November in Shanghai


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00").astimezone(UTC)


CASES = [
    # industries: the standard's classes have Chinese names alone
    (
        filters.industry,
        (industry_of("C3451"),),
        "滚动轴承制造",
        'General-purpose machinery: <span lang="zh">滚动轴承制造</span>',
    ),
    (filters.industry, (industry_of("C345"),), "通用设备制造业", "General-purpose machinery"),
    (filters.industry, (industry_of("C34"),), "通用设备制造业", "General-purpose machinery"),
    # money
    (filters.money, (123_450,), "¥1,234.50", "¥1,234.50"),
    (filters.money, (0,), "¥0.00", "¥0.00"),
    (filters.money, (5,), "¥0.05", "¥0.05"),
    (filters.money, (None,), "—", "—"),
    (f.plain_money, (-123_450,), "−¥1,234.50", "−¥1,234.50"),
    (filters.money, (-123_450,), *2 * ('<span class="red nowrap">−¥1,234.50</span>',)),
    (filters.amount, (123_450,), "1,234.50", "1,234.50"),
    (filters.amount, (-290_000,), *2 * ('<span class="red nowrap">−2,900.00</span>',)),
    (filters.amount, (None,), "—", "—"),
    (f.sentence_money, (88_000,), "880.00 元", "¥880.00"),
    (f.wan, (123_450_000,), "123.45 万元", "¥1,234,500"),
    (f.wan, (45_000_000,), "45.00 万元", "¥450,000"),
    (f.wan, (-123_450_000,), "−123.45 万元", "−¥1,234,500"),
    (f.wan, (4_999,), "0.00 万元", "¥50"),
    (f.wan, (5_000,), "0.01 万元", "¥50"),
    (f.wan_number, (163_500_000,), "163.50", "1,635,000"),
    (fees.fee, (12_000, "sample"), "120.00 元/样", "¥120.00 a sample"),
    (fees.fee, (1_000, "hour"), "10.00 元/小时", "¥10.00 an hour"),
    (fees.fee, (12_000, "sample", 20_000), "120.00 元/样，最低 200.00 元", "¥120.00 a sample, minimum ¥200.00"),
    (fees.money_range, (6_000, 20_000), "¥60.00–¥200.00", "¥60.00–¥200.00"),
    (fees.money_range, (6_000, 20_000, "sample"), "60.00–200.00 元/样", "¥60.00–¥200.00 a sample"),
    (fees.money_range, (6_000, 6_000, "run"), "60.00 元/批", "¥60.00 a run"),
    # numbers
    (f.number, (20_000,), "20,000", "20,000"),
    (f.number, (999,), "999", "999"),
    (f.number, (Decimal("7.50"),), "7.5", "7.5"),
    (f.number, (Decimal("100"),), "100", "100"),
    (f.number, (None,), "—", "—"),
    (f.fixed, (Decimal("2.65"), 1), "2.7", "2.7"),
    (f.fixed, (Decimal("-1.4"), 1), "−1.4", "−1.4"),
    (f.percent, (Decimal("0.10"),), "10%", "10%"),
    (f.percent, ("0.155",), "15.5%", "15.5%"),
    (f.percent, (Decimal("0.314"), 1), "31.4%", "31.4%"),
    (f.percent, (Decimal("1"),), "100%", "100%"),
    (f.quantity, (10, "kN"), "10 kN", "10 kN"),
    (f.quantity, (Decimal("3.2"), "km"), "3.2 km", "3.2 km"),
    (f.counted, (12, "sample"), "12 件样品", "12 samples"),
    (f.counted, (1, "sample"), "1 件样品", "1 sample"),
    (f.counted, (20_000, "booking"), "20,000 条预约", "20,000 bookings"),
    (f.working_days, (5,), "5 个工作日", "5 working days"),
    (f.minutes, (45,), "45 分钟", "45 min"),
    (f.minutes, (90,), "1 小时 30 分钟", "1 h 30 min"),
    (f.minutes, (2880,), "48 小时", "48 h"),
    (f.minutes, (Decimal("7.5"),), "7.5 分钟", "7.5 min"),
    (f.minutes, (0,), "0 分钟", "0 min"),
    (f.distance, (3_210,), "3.2 km", "3.2 km"),
    (f.file_size, (96_000,), "96 KB", "96 KB"),
    (f.file_size, (1_830_000,), "1.8 MB", "1.8 MB"),
    # dates and times
    (f.day, (date(2026, 11, 24),), "2026年11月24日", "24 November 2026"),
    (f.day, (None,), "—", "—"),
    (f.day, (at("2026-11-24T00:30"),), "2026年11月24日", "24 November 2026"),
    (f.long_day, (date(2026, 11, 24),), "2026年11月24日 周二", "Tue 24 November 2026"),
    (f.short_day, (date(2026, 11, 24),), "2026-11-24", "24 Nov 2026"),
    (f.near_day, (date(2026, 11, 24),), "11-24 周二", "Tue 24 Nov"),
    (f.near_day, (date(2027, 1, 5),), "01-05 周二", "Tue 5 Jan"),
    (f.near_day, (date(2025, 11, 24),), "2025-11-24", "24 Nov 2025"),
    (f.clock_time, (at("2026-11-24T14:30"),), "14:30", "14:30"),
    (f.when, (at("2026-11-24T14:30"),), "11-24 周二 14:30", "Tue 24 Nov 14:30"),
    (
        f.slot,
        (at("2026-11-24T14:30"), at("2026-11-24T16:00")),
        "11月24日 周二 14:30–16:00",
        "Tue 24 Nov, 14:30–16:00",
    ),
    (
        f.table_slot,
        (at("2026-11-24T14:30"), at("2026-11-24T16:00")),
        "11-24 周二 14:30–16:00",
        "Tue 24 Nov, 14:30–16:00",
    ),
    (
        f.slot,
        (at("2026-11-24T22:00"), at("2026-11-25T06:00")),
        "11月24日 22:00–次日 06:00",
        "24 Nov 22:00 – 25 Nov 06:00",
    ),
    (
        f.slot,
        (at("2026-11-24T22:00"), at("2026-11-27T06:00")),
        "11月24日 22:00–11月27日 06:00",
        "24 Nov 22:00 – 27 Nov 06:00",
    ),
    (
        f.slot,
        (at("2027-06-13T09:00"), at("2027-06-13T10:00")),
        "2027年6月13日 周日 09:00–10:00",
        "13 Jun 2027, 09:00–10:00",
    ),
    (
        f.slot,
        (at("2027-06-13T00:00"), at("2027-06-14T00:00")),
        "2027年6月13日 00:00–次日 00:00",
        "13 Jun 2027 00:00 – 14 Jun 00:00",
    ),
    (
        f.table_slot,
        (at("2025-06-13T00:00"), at("2025-06-16T00:00")),
        "2025-06-13 00:00–06-16 00:00",
        "13 Jun 2025 00:00 – 16 Jun 00:00",
    ),
    (f.month, (Month(2026, 11),), "2026年11月", "November 2026"),
    (f.month, ("2026-03",), "2026年3月", "March 2026"),
    (f.year_to_date, (Month(2026, 11),), "2026年1–11月累计", "January–November 2026"),
    (f.year_to_date, (Month(2026, 1),), "2026年1月累计", "January 2026"),
    (f.relative, (NOW - timedelta(hours=3), NOW), "3 小时前", "3 hours ago"),
    (f.relative, (NOW - timedelta(minutes=1), NOW), "1 分钟前", "1 minute ago"),
    (f.relative, (NOW + timedelta(days=2), NOW), "2 天后", "in 2 days"),
    (f.relative, (NOW, NOW), "刚刚", "just now"),
    (f.remaining, (NOW + timedelta(minutes=9, seconds=30), NOW), "还剩 9 分 30 秒", "9:30 left"),
    (f.remaining, (NOW + timedelta(hours=3, minutes=5), NOW), "还剩 3 小时 5 分", "3 h 5 min left"),
    (f.remaining, (NOW + timedelta(days=2), NOW), "还剩 2 天", "2 days left"),
    (f.remaining, (NOW - timedelta(days=2), NOW), "还剩 0 分 0 秒", "0:00 left"),
    (f.deadline, (at("2026-12-01T17:00"),), "截至 2026年12月1日 17:00", "until 1 December 2026, 17:00"),
    # data in two languages
    (filters.localized, (SimpleNamespace(name="盐雾", name_en="Salt spray"),), "盐雾", "Salt spray"),
    (filters.localized, (SimpleNamespace(name="盐雾", name_en=None),), "盐雾", '<span lang="zh">盐雾</span>'),
    (filters.localized, (SimpleNamespace(name="GB/T 10125", name_en=None),), "GB/T 10125", "GB/T 10125"),
    (filters.localized, (SimpleNamespace(name="<b>", name_en="<i>"),), "&lt;b&gt;", "&lt;i&gt;"),
    (filters.chinese, ("镜岭镇 12 号",), "镜岭镇 12 号", '<span lang="zh">镜岭镇 12 号</span>'),
    (f.twin, ({"name": "盐雾", "name_en": ""},), "盐雾", "盐雾"),
    (filters.tongue, ("XC-001 盐雾",), "", ' lang="zh"'),
    (filters.tongue, ("Salt spray",), "", ""),
]


@pytest.mark.parametrize(("written_by", "arguments", "in_chinese", "in_english"), CASES)
def test_house_style(any_app: Flask, written_by, arguments, in_chinese, in_english) -> None:
    for language, expected in (("zh", in_chinese), ("en", in_english)):
        with force_locale(LOCALES[language]):
            assert str(written_by(*arguments)) == expected


@pytest.mark.parametrize(
    ("fen", "expected"),
    [
        (123_450, "壹仟贰佰叁拾肆元伍角整"),
        (0, "零元整"),
        (100, "壹元整"),
        (5, "伍分"),
        (105, "壹元零伍分"),
        (1_001, "壹拾元零壹分"),
        (10_050_00, "壹万零伍拾元整"),
        (100_000_000_00, "壹亿元整"),
        (100_010_001_10, "壹亿零壹万零壹元壹角整"),
        (20_000_500_34, "贰仟万零伍佰元叁角肆分"),
        (-5_000, "负伍拾元整"),
    ],
)
def test_capital_numerals(fen: int, expected: str) -> None:
    assert capital(fen) == expected


def test_every_filter_is_in_the_templates(any_app: Flask) -> None:
    assert set(filters.FILTERS) <= set(any_app.jinja_env.filters)
