"""How numbers, money, dates and times are written for people (house style, in Chinese and English).

Filters take what services return (fen, aware UTC moments, days, `Month`) and write in the language of the page.
`None` is always written as an em dash: nothing to show.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from labshare.catalogue.terms import FeeBasis
from labshare.http.dates import (
    MONTHS_EN,
    NOTHING,
    WEEKDAYS_EN,
    WEEKDAYS_ZH,
    as_day,
    clock_time,
    day,
    in_chinese,
    local,
    long_day,
    month,
    weekday,
)
from labshare.http.language import language
from labshare.kernel.money import FEN_PER_WAN, FEN_PER_YUAN, round_half_up
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, utc_now

MINUS = "\u2212"
COUNTERS = {
    "sample": ("件样品", "sample", "samples"),
    "instrument": ("台仪器", "instrument", "instruments"),
    "firm": ("家企业", "firm", "firms"),
    "lab": ("个实验室", "lab", "labs"),
    "test_item": ("项检测", "test item", "test items"),
    "report": ("份报告", "report", "reports"),
    "invoice": ("张发票", "invoice", "invoices"),
    "payment": ("笔收款", "payment", "payments"),
    "booking": ("条预约", "booking", "bookings"),
    "flag": ("条疑点", "flag", "flags"),
    "objection": ("项异议", "objection", "objections"),
    "unit": ("个工位", "unit", "units"),
    "day": ("天", "day", "days"),
    "hour": ("小时", "hour", "hours"),
    "minute": ("分钟", "minute", "minutes"),
    "working_day": ("个工作日", "working day", "working days"),
    "block": ("段", "block", "blocks"),
    "entry": ("条记录", "entry", "entries"),
    "result": ("条结果", "result", "results"),
    "run": ("批", "run", "runs"),
    "member": ("名成员", "member", "members"),
    "standard": ("项标准", "standard", "standards"),
    "test": ("批", "test", "tests"),
    "thing": ("项", "thing", "things"),
    "account": ("个账号", "account", "accounts"),
    "message": ("条消息", "message", "messages"),
}
"""What is counted → Chinese counter and noun, English singular and plural."""

BASES: dict[str, tuple[str, str]] = {
    FeeBasis.SAMPLE: ("元/样", "a sample"),
    FeeBasis.RUN: ("元/批", "a run"),
    FeeBasis.TEST: ("元/项", "a test"),
    FeeBasis.HOUR: ("元/小时", "an hour"),
}


PLACE_BEFORE = re.compile(r"^(?:浙江省?|[^省市县区]{2,3}[省市县区])+|^(?:Zhejiang|Xinchang|Shengzhou|Ninghai|Ningbo) ")
LEGAL_FORM = re.compile(r"(?:股份)?有限(?:责任)?公司$|,? (?:Co\., Ltd\.|Ltd\.|Inc\.)$")
"""What short_firm leaves out before and after the name proper."""


# ── Money ────────────────────────────────────────────────────────────────


def _yuan(fen: int) -> str:
    """1,234.50 without a sign."""
    whole, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{whole:,}.{rest:02d}"


def plain_money(fen: int | None) -> str:
    """¥1,234.50 or −¥1,234.50, as text; the sign of a negative is U+2212."""
    if fen is None:
        return NOTHING
    return (MINUS if fen < 0 else "") + "¥" + _yuan(fen)


def _red_if_negative(text: str, fen: int) -> Markup:
    return Markup('<span class="red nowrap">{}</span>').format(text) if fen < 0 else escape(text)


def money(fen: int | None) -> Markup:
    """Money standing alone: ¥1,234.50; a negative one in red with its sign."""
    return _red_if_negative(plain_money(fen), fen or 0)


def plain_amount(fen: int | None) -> str:
    """1,234.50 under a heading that names the unit; the sign of a negative is U+2212, as in all our tables."""
    if fen is None:
        return NOTHING
    return (MINUS if fen < 0 else "") + _yuan(fen)


def amount(fen: int | None) -> Markup:
    """1,234.50 in a table whose head names the unit; a negative one in red."""
    return _red_if_negative(plain_amount(fen), fen or 0)


def sentence_money(fen: int | None) -> str:
    """Money inside a sentence: 1,234.50 元, in English ¥1,234.50."""
    if fen is None:
        return NOTHING
    return f"{MINUS if fen < 0 else ''}{_yuan(fen)} 元" if in_chinese() else plain_money(fen)


def wan(fen: int | None) -> str:
    """Large sums and original values: 123.45 万元, in English ¥1,234,500."""
    if fen is None:
        return NOTHING
    sign = MINUS if fen < 0 else ""
    if in_chinese():
        hundredths = round_half_up(Decimal(abs(fen)) * 100 / FEN_PER_WAN)
        whole, rest = divmod(hundredths, 100)
        return f"{sign}{whole:,}.{rest:02d} 万元"
    return f"{sign}¥{round_half_up(Decimal(abs(fen)) / FEN_PER_YUAN):,}"


def wan_number(fen: int | None) -> str:
    """The figure of `wan` alone, for a big figure whose unit stands in small print beside it: 123.45 or 1,234,500."""
    if fen is None:
        return NOTHING
    return wan(fen).removesuffix(" 万元").replace("¥", "")


def wan_unit() -> str:
    """万元, in English CNY."""
    return "万元" if in_chinese() else "CNY"


def money_range(low: int | None, high: int | None, basis: str | None = None) -> str:
    """60.00–200.00 元/样, in English ¥60.00–¥200.00 a sample."""
    if low is None or high is None:
        return NOTHING
    if low == high:
        return fee(low, basis) if basis else plain_money(low)
    if basis is None:
        return f"{plain_money(low)}–{plain_money(high)}"
    zh, en = BASES[basis]
    return f"{_yuan(low)}–{_yuan(high)} {zh}" if in_chinese() else f"{plain_money(low)}–{plain_money(high)} {en}"


def fee(amount_fen: int | None, basis: str, minimum_fen: int | None = None) -> str:
    """120.00 元/样，最低 200.00 元; in English ¥120.00 a sample, minimum ¥200.00."""
    if amount_fen is None:
        return NOTHING
    zh, en = BASES[str(basis)]
    if in_chinese():
        return f"{_yuan(amount_fen)} {zh}" + (f"，最低 {_yuan(minimum_fen)} 元" if minimum_fen else "")
    return f"{plain_money(amount_fen)} {en}" + (f", minimum {plain_money(minimum_fen)}" if minimum_fen else "")


def fee_text(row: Any) -> str:
    """A fee row as a sentence part: 120.00 元/样，最低 200.00 元."""
    return fee(row.amount_fen, row.basis, row.minimum_fen)


def basis_unit(basis: str) -> str:
    """元/样, in English CNY a sample: for a column head."""
    zh, en = BASES[str(basis)]
    return zh if in_chinese() else f"CNY {en}"


_DIGITS = "零壹贰叁肆伍陆柒捌玖"


def capital(fen: int) -> str:
    """壹仟贰佰叁拾肆元伍角整: the amount in capital numerals, for the finance bureau's payment list."""
    yuan, rest = divmod(abs(fen), FEN_PER_YUAN)
    text = "负" if fen < 0 else ""
    if yuan:
        text += _capital_integer(yuan) + "元"
    jiao, cents = divmod(rest, 10)
    if not rest:
        return (text or "零元") + "整"
    if jiao:
        text += _DIGITS[jiao] + "角"
    elif yuan:
        text += "零"
    return text + (_DIGITS[cents] + "分" if cents else "整")


def _capital_integer(number: int) -> str:
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text, gap = "", False
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if not group:
            gap = bool(text)
            continue
        if text and (gap or group < 1000):
            text += "零"
        gap = False
        text += _capital_group(group) + ("", "万", "亿", "兆")[index]
    return text


def _capital_group(group: int) -> str:
    text, gap = "", False
    for power, unit in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
        digit = group // power % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + unit
            gap = False
        else:
            gap = True
    return text


# ── Numbers ──────────────────────────────────────────────────────────────


def number(value: int | Decimal | None) -> str:
    """20,000; fractions as they are, without trailing zeros."""
    if value is None:
        return NOTHING
    value = Decimal(value)
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fixed(value: int | Decimal | None, digits: int = 1) -> str:
    """A number with the same decimals all down its column, rounded half up."""
    if value is None:
        return NOTHING
    scaled = round_half_up(Decimal(value) * 10**digits)
    whole, rest = divmod(abs(scaled), 10**digits)
    return (MINUS if scaled < 0 else "") + f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")


def percent(value: Decimal | str | None, digits: int | None = None) -> str:
    """A rate given as a decimal: "0.10" → 10%. `digits` fixes the decimals, for columns."""
    if value is None:
        return NOTHING
    hundred = Decimal(value) * 100
    return (number(hundred) if digits is None else fixed(hundred, digits)) + "%"


def units_text(value: Fraction) -> str:
    """What a fee is multiplied by: 3, 48, 1.33 (rounded for reading only)."""
    return (
        number(Decimal(value.numerator))
        if value.denominator == 1
        else fixed(Decimal(value.numerator) / value.denominator, 2)
    )


def quantity(value: int | Decimal | None, unit: str) -> str:
    """10 kN, 24 h, 35 °C: one space."""
    return NOTHING if value is None else f"{number(value)} {unit}"


def counted(value: int | None, what: str) -> str:
    """12 件样品, 5 个工作日; in English 12 samples, 1 sample."""
    if value is None:
        return NOTHING
    zh, one, many = COUNTERS[what]
    return f"{value:,} {zh}" if in_chinese() else f"{value:,} {one if value == 1 else many}"


def unit_word(value: int, what: str) -> str:
    """The counter alone, beside a large figure: 件样品, in English samples."""
    zh, one, many = COUNTERS[what]
    return zh if in_chinese() else (one if value == 1 else many)


def minutes(value: int | Decimal | None) -> str:
    """A length of time: 45 分钟, 1 小时 30 分钟, 48 小时; in English 45 min, 1 h 30 min, 48 h."""
    if value is None:
        return NOTHING
    value = Decimal(value)
    hours, rest = divmod(value, 60)
    hour_word, minute_word = ("小时", "分钟") if in_chinese() else ("h", "min")
    parts = [f"{int(hours):,} {hour_word}"] if hours else []
    if rest or not hours:
        parts.append(f"{number(rest)} {minute_word}")
    return " ".join(parts)


def hours_of(value: int | Decimal | None) -> str:
    """Minutes as hours under a head that names the unit, one decimal: 1,234.5."""
    return NOTHING if value is None else fixed(Decimal(value) / 60, 1)


def kilometres(value: float | None) -> str:
    """A measured distance under a head or before its unit: 3.2."""
    return NOTHING if value is None else fixed(Decimal(f"{value:.3f}"), 1)


def distance(metres: int | Decimal | None) -> str:
    """3.2 km."""
    return NOTHING if metres is None else f"{fixed(Decimal(metres) / 1000, 1)} km"


def file_size(size: int | None) -> str:
    """96 KB, 1.8 MB."""
    if size is None:
        return NOTHING
    if size < 1_000_000:
        return f"{max(1, round_half_up(Decimal(size) / 1000))} KB"
    return f"{number(Decimal(round_half_up(Decimal(size) / 100_000)) / 10)} MB"


# ── Dates and times ──────────────────────────────────────────────────────


def _today() -> date:
    return local_day(utc_now())


def weekday_name(number: int) -> str:
    """The weekday of a number, 0 for Monday: 周一, Mon."""
    return (WEEKDAYS_ZH if in_chinese() else WEEKDAYS_EN)[number]


def short_day(value: date | datetime | None) -> str:
    """In tables and documents: 2026-11-24, in English 24 Nov 2026."""
    if value is None:
        return NOTHING
    value = as_day(value)
    return value.isoformat() if in_chinese() else f"{value.day} {MONTHS_EN[value.month - 1][:3]} {value.year}"


def near_day(value: date | datetime | None) -> str:
    """In the near weeks: 11-24 周二, in English Tue 24 Nov; in another year the short date."""
    if value is None:
        return NOTHING
    value = as_day(value)
    if _far(value):
        return short_day(value)
    return f"{month_day(value)} {weekday(value)}" if in_chinese() else f"{weekday(value)} {month_day(value)}"


def _far(value: date) -> bool:
    """Whether the day needs its year: another one, and not the near turn of the year."""
    today = _today()
    return value.year != today.year and abs((value - today).days) > 100


def month_day(value: date | datetime | None) -> str:
    """11-24, in English 24 Nov: where the weekday stands elsewhere."""
    if value is None:
        return NOTHING
    value = as_day(value)
    return f"{value.month:02d}-{value.day:02d}" if in_chinese() else f"{value.day} {MONTHS_EN[value.month - 1][:3]}"


def long_month_day(value: date | datetime | None) -> str:
    """11月24日 周二, in English Tue 24 November: the heading of a day."""
    if value is None:
        return NOTHING
    value = as_day(value)
    if in_chinese():
        return f"{value.month}月{value.day}日 {weekday(value)}"
    return f"{weekday(value)} {value.day} {MONTHS_EN[value.month - 1]}"


def clock_span(span: Any) -> str:
    """08:00–20:00, of anything with `starts_at` and `ends_at`; midnight at the end is 24:00."""
    end = clock_time(span.ends_at)
    return f"{clock_time(span.starts_at)}–{'24:00' if end == '00:00' else end}"


def when(moment: datetime | None) -> str:
    """A moment in tables: 11-24 周二 14:30, in English Tue 24 Nov 14:30; in another year 2025-11-24 14:30."""
    return NOTHING if moment is None else f"{near_day(moment)} {clock_time(moment)}"


def moment_tag(moment: datetime | None, form: str = "when") -> Markup:
    """`when` (or another form) inside <time datetime="…">."""
    if moment is None:
        return escape(NOTHING)
    text = {"when": when, "day": day, "long_day": long_day, "clock": clock_time, "relative": relative}[form](moment)
    return Markup('<time datetime="{}">{}</time>').format(local(moment).isoformat(timespec="minutes"), text)


def slot(starts_at: datetime | None, ends_at: datetime | None, *, table: bool = False) -> str:
    """11月24日 周二 14:30–16:00 (in tables 11-24 周二 …), Tue 24 Nov, 14:30–16:00; over midnight with both days; in
    another year with the year."""
    if starts_at is None or ends_at is None:
        return NOTHING
    start, end = local(starts_at), local(ends_at)
    first, last = start.date(), end.date()
    days = (last - first).days
    far = _far(first)
    if in_chinese():
        if days == 0:
            head = near_day(first) if table else f"{day(first) if far else _month_day_zh(first)} {weekday(first)}"
            return f"{head} {start:%H:%M}–{end:%H:%M}"
        short, full = (month_day, short_day) if table else (_month_day_zh, day)
        until = "次日" if days == 1 else short(last)
        return f"{full(first) if far else short(first)} {start:%H:%M}–{until} {end:%H:%M}"
    if days == 0:
        return f"{near_day(first)}, {start:%H:%M}–{end:%H:%M}"
    return f"{(short_day if far else month_day)(first)} {start:%H:%M} – {month_day(last)} {end:%H:%M}"


def _month_day_zh(value: date) -> str:
    return f"{value.month}月{value.day}日"


def table_slot(starts_at: datetime | None, ends_at: datetime | None) -> str:
    return slot(starts_at, ends_at, table=True)


def year_to_date(value: Month | str | None) -> str:
    """2026年1–11月累计, in English January–November 2026."""
    if value is None:
        return NOTHING
    value = value if isinstance(value, Month) else Month.parse(value)
    if in_chinese():
        return f"{value.year}年1–{value.number}月累计" if value.number > 1 else f"{value.year}年1月累计"
    return f"January–{MONTHS_EN[value.number - 1]} {value.year}" if value.number > 1 else f"January {value.year}"


def relative(moment: datetime | None, now: datetime | None = None) -> str:
    """3 小时前, in English 3 hours ago; later moments: 3 小时后, in 3 hours."""
    if moment is None:
        return NOTHING
    gap = (now or utc_now()) - moment
    later = gap < timedelta(0)
    seconds = int(abs(gap).total_seconds())
    if seconds < 60:
        return "刚刚" if in_chinese() else "just now"
    value, zh, en = next(
        (seconds // size, zh, en)
        for size, zh, en in ((86_400, "天", "day"), (3_600, "小时", "hour"), (60, "分钟", "minute"))
        if seconds >= size
    )
    if in_chinese():
        return f"{value} {zh}{'后' if later else '前'}"
    words = f"{value} {en}{'' if value == 1 else 's'}"
    return f"in {words}" if later else f"{words} ago"


def remaining(moment: datetime | None, now: datetime | None = None) -> str:
    """还剩 9 分 30 秒, in English 9:30 left; longer: 还剩 3 小时 5 分, 3 h 5 min left; 还剩 2 天, 2 days left."""
    if moment is None:
        return NOTHING
    seconds = max(0, int((moment - (now or utc_now())).total_seconds()))
    if seconds >= 172_800:
        return f"还剩 {seconds // 86_400} 天" if in_chinese() else f"{seconds // 86_400} days left"
    if seconds >= 3_600:
        hours, rest = seconds // 3_600, seconds % 3_600 // 60
        if in_chinese():
            return f"还剩 {hours} 小时" + (f" {rest} 分" if rest else "")
        return f"{hours} h" + (f" {rest} min" if rest else "") + " left"
    whole, rest = divmod(seconds, 60)
    return f"还剩 {whole} 分 {rest} 秒" if in_chinese() else f"{whole}:{rest:02d} left"


def deadline(moment: datetime | None) -> str:
    """截至 2026年12月1日 17:00, in English until 1 December 2026, 17:00."""
    if moment is None:
        return NOTHING
    if in_chinese():
        return f"截至 {day(moment)} {clock_time(moment)}"
    return f"until {day(moment)}, {clock_time(moment)}"


def working_days(value: int | None) -> str:
    """5 个工作日, in English 5 working days."""
    return counted(value, "working_day")


# ── Data in two languages ────────────────────────────────────────────────


def twin(thing: Any, name: str = "name") -> str:
    """The text of `thing.name` (its twin is `name_en`) in the page's language, plain; Chinese where no English is."""
    zh, en = _twins(thing, name)
    return (en or zh or NOTHING) if language() == "en" else (zh or en or NOTHING)


def said(thing: Any, name: str = "name") -> Markup:
    """`twin`, with Chinese on an English page marked `lang="zh"`, so that it is read aloud rightly."""
    zh, en = _twins(thing, name)
    if language() == "en" and not en and zh:
        return Markup('<span lang="zh">{}</span>').format(zh) if _has_chinese(zh) else escape(zh)
    return escape(twin(thing, name))


def with_model(instrument: Any) -> str:
    """An instrument's name, with the model where the name does not say it; plain, for choices."""
    name = twin(instrument, "name")
    return name if not instrument.model or instrument.model in name else f"{name} {instrument.model}"


def kind_of_instrument(instrument: Any) -> str:
    """What sort of instrument: its name without the maker and model that stand at its end; plain."""
    name = twin(instrument, "name")
    kind = name.removesuffix(make_and_model(instrument)).strip()
    return kind or name


def make_and_model(instrument: Any) -> str:
    """Maker and model: the line below the kind. The model alone where the name does not end in both."""
    model = instrument.model or ""
    both = f"{instrument.manufacturer or ''} {model}".strip()
    return both if twin(instrument, "name").endswith(both) else model


def short_firm(firm: Any) -> str:
    """A firm's name without place and legal form, for a calendar's cells; the full name must stand beside it."""
    name = twin(firm, "name")
    short = LEGAL_FORM.sub("", PLACE_BEFORE.sub("", name)).strip(" ,")
    return short or name


def chinese(text: str | None) -> Markup:
    """Data that has Chinese only (an address, a remark): marked on an English page."""
    if not text:
        return escape(NOTHING)
    if language() == "en" and _has_chinese(text):
        return Markup('<span lang="zh">{}</span>').format(text)
    return escape(text)


def tongue(text: str) -> Markup:
    """The attribute for an element that holds text alone (a window's title, a choice) and may hold Chinese data."""
    return Markup(' lang="zh"') if language() == "en" and _has_chinese(text) else Markup("")


def _twins(thing: Any, name: str) -> tuple[str | None, str | None]:
    if thing is None:
        return None, None
    if isinstance(thing, dict):
        return thing.get(name), thing.get(f"{name}_en")
    return getattr(thing, name, None), getattr(thing, f"{name}_en", None)


def _has_chinese(text: str) -> bool:
    return any("\u3400" <= character <= "\u9fff" for character in text)


FILTERS: dict[str, Callable[..., Any]] = {
    "money": money, "plain_money": plain_money, "amount": amount, "plain_amount": plain_amount,
    "sentence_money": sentence_money, "wan": wan, "wan_number": wan_number, "capital": capital,
    "number": number, "fixed": fixed, "percent": percent, "minutes": minutes, "distance": distance,
    "kilometres": kilometres,
    "file_size": file_size, "counted": counted, "basis_unit": basis_unit, "day": day, "weekday": weekday,
    "long_day": long_day, "short_day": short_day, "near_day": near_day, "month_day": month_day,
    "long_month_day": long_month_day, "clock_span": clock_span,
    "clock": clock_time, "when": when, "moment": moment_tag, "month": month, "year_to_date": year_to_date,
    "relative": relative, "remaining": remaining, "deadline": deadline, "working_days": working_days,
    "twin": twin, "said": said, "chinese": chinese,
}  # fmt: skip

GLOBALS: dict[str, Callable[..., Any]] = {
    "said": said,
    "with_model": with_model,
    "kind_of_instrument": kind_of_instrument,
    "make_and_model": make_and_model,
    "short_firm": short_firm,
    "twin": twin,
    "chinese": chinese,
    "tongue": tongue,
    "money": money,
    "amount": amount,
    "sentence_money": sentence_money,
    "when": when,
    "day": day,
    "month": month,
    "slot": slot,
    "table_slot": table_slot,
    "fee": fee,
    "fee_text": fee_text,
    "units_text": units_text,
    "money_range": money_range,
    "quantity": quantity,
    "hours_of": hours_of,
    "weekday_name": weekday_name,
    "counted": counted,
    "unit_word": unit_word,
    "wan": wan,
    "wan_unit": wan_unit,
    "reading_language": language,
    "percent": percent,
}


def init(app: Flask) -> None:
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(GLOBALS)
