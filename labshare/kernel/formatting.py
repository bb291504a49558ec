"""How figures, money, dates and the names of data are written for people, in the language now being written.

Takes what services return (fen, aware UTC moments, days, `Month`) and gives plain text. Babel writes it; its patterns
(Unicode LDML) and the words around figures are messages, so that each language has its own in its catalogue. `None`
is always an em dash: nothing to show.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from babel import Locale
from babel import dates as babel_dates
from babel import numbers as babel_numbers
from flask_babel import get_locale, ngettext, npgettext, pgettext
from flask_babel import gettext as _

from labshare.kernel.money import FEN_PER_WAN, FEN_PER_YUAN, Fen, round_half_up
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, local_zone, utc_now

NOTHING = "—"
MINUS = "\u2212"
"""The sign of a negative, as in all our tables."""
MONEY = f"¥#,##0.00;{MINUS}¥#,##0.00"
AMOUNT = f"#,##0.00;{MINUS}#,##0.00"
SOURCE = Locale("en")
"""Of the messages themselves, which are what stands where nobody's language is known."""


PATTERNS: dict[str, Callable[[], str]] = {
    "sentence_money": lambda: pgettext("pattern of money in a sentence", "¥#,##0.00;−¥#,##0.00"),
    "money_before": lambda: pgettext("pattern of money before its unit", "¥#,##0.00;−¥#,##0.00"),
    "wan": lambda: pgettext("pattern of large sums", "¥#,##0;−¥#,##0"),
    "wan_number": lambda: pgettext("pattern of large sums", "#,##0;−#,##0"),
    "day": lambda: pgettext("pattern of days", "d MMMM y"),
    "weekday": lambda: "EEE",
    "long_day": lambda: pgettext("pattern of days", "EEE d MMMM y"),
    "long_month_day": lambda: pgettext("pattern of days", "EEE d MMMM"),
    "short_day": lambda: pgettext("pattern of days in tables", "d MMM y"),
    "near_day": lambda: pgettext("pattern of days in tables", "EEE d MMM"),
    "month_day": lambda: pgettext("pattern of days in tables", "d MMM"),
    "month": lambda: pgettext("pattern of months", "MMMM y"),
    "january": lambda: pgettext("pattern of a year's months", "MMMM y"),
    "year_to_date": lambda: pgettext("pattern of a year's months", "'January–'MMMM y"),
    "slot": lambda: pgettext("pattern of a slot's day", "EEE d MMM"),
    "far_slot": lambda: pgettext("pattern of a slot's day", "d MMM y"),
    "nights": lambda: pgettext("pattern of a slot's days", "d MMM"),
    "far_nights": lambda: pgettext("pattern of a slot's days", "d MMM y"),
    "next_day": lambda: pgettext("pattern of the day after a slot's first", "d MMM"),
    "sentence_moment": lambda: pgettext("pattern of moments in a sentence", "EEE d MMM, HH:mm"),
}
"""Babel's patterns (Unicode LDML) of what is written differently in each language."""


def language() -> str:
    """`zh` or `en`: the language now being written, in a page, a mail or a file."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh"


def sentence_space() -> str:
    """What stands between two sentences: a space, in Chinese nothing."""
    return " " if language() == "en" else ""


def _locale() -> Locale:
    return get_locale() or SOURCE


# The same figures and days come again and again on a page, and Babel reads its pattern anew each time.


@lru_cache(16_384)
def _number(value: Decimal | int, pattern: str, *, exact: bool = False) -> str:
    """Both languages write figures alike. `exact`: with all the decimals that it has, whatever the pattern says."""
    return babel_numbers.format_decimal(value, pattern, SOURCE, decimal_quantization=not exact)


@lru_cache(4_096)
def _written_sum(value: Decimal, pattern: str, locale: Locale) -> str:
    return babel_numbers.format_decimal(value, PATTERNS[pattern](), locale)


@lru_cache(4_096)
def _written_day(value: date, pattern: str, locale: Locale) -> str:
    return babel_dates.format_date(value, PATTERNS[pattern](), locale)


def _sum(value: Decimal, pattern: str) -> str:
    """By a pattern of the table, as `_day`."""
    return _written_sum(value, pattern, _locale())


def _day(value: date, pattern: str) -> str:
    return _written_day(value, pattern, _locale())


def _rounded(value: Fraction | Decimal | int, digits: int) -> Decimal:
    """A half goes away from zero; Babel's own rounding goes to the even one."""
    return Decimal(round_half_up(value * 10**digits)).scaleb(-digits)


# ── Money ────────────────────────────────────────────────────────────────


def _yuan(fen: Fen) -> Decimal:
    return Decimal(fen).scaleb(-2)


def plain_money(fen: Fen | None) -> str:
    """Money standing alone: ¥1,234.50 or −¥1,234.50, the same in both languages."""
    return NOTHING if fen is None else _number(_yuan(fen), MONEY)


def plain_amount(fen: Fen | None) -> str:
    """1,234.50 under a heading that names the unit."""
    return NOTHING if fen is None else _number(_yuan(fen), AMOUNT)


def sentence_money(fen: Fen | None) -> str:
    """Money inside a sentence: 1,234.50 元, in English ¥1,234.50."""
    if fen is None:
        return NOTHING
    return _sum(_yuan(fen), "sentence_money")


def money_before(fen: Fen) -> str:
    """Money before a unit that names the currency where the language does: 120.00 (元/样), in English ¥120.00."""
    return _sum(_yuan(fen), "money_before")


def _large(fen: Fen) -> Decimal:
    """In the unit in which a language counts large sums, to its last decimal."""
    unit, digits = (FEN_PER_WAN, 2) if language() == "zh" else (FEN_PER_YUAN, 0)
    return _rounded(Fraction(fen, unit), digits)


def wan(fen: Fen | None) -> str:
    """Large sums and original values: 123.45 万元, in English ¥1,234,500."""
    return NOTHING if fen is None else _sum(_large(fen), "wan")


def wan_number(fen: Fen | None) -> str:
    """The figure of `wan` alone, for a big figure whose unit stands in small print beside it: 123.45 or 1,234,500."""
    return NOTHING if fen is None else _sum(_large(fen), "wan_number")


def wan_unit() -> str:
    """万元, in English CNY."""
    return str(pgettext("unit of large sums", "CNY"))


def axis_fen() -> Fen:
    """How many fen are one on the axis of large sums, which counts in 万元, in English in thousands of CNY."""
    return Fen(FEN_PER_WAN if language() == "zh" else 1_000 * FEN_PER_YUAN)


# ── Numbers ──────────────────────────────────────────────────────────────


_THOUSANDS = re.compile(r"(?<=\d)[,，](?=\d{3}(?!\d))")


def ungrouped(text: str) -> str:
    """A number as typed, without the commas between thousands. Any other comma stays: 12,5 is not 125."""
    return _THOUSANDS.sub("", text)


def plain_number(value: Decimal) -> str:
    """A decimal as one types it: without noughts behind its last digit."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(value: int | Decimal | None) -> str:
    """20,000; fractions as they are, without trailing zeros."""
    return NOTHING if value is None else _number(value, "#,##0.#", exact=True)


def fixed(value: int | Decimal | Fraction | None, digits: int = 1) -> str:
    """A number with the same decimals all down its column, rounded half up."""
    if value is None:
        return NOTHING
    figure = "#,##0" + ("." + "0" * digits if digits else "")
    return _number(_rounded(value, digits), f"{figure};−{figure}")


def percent(value: Decimal | str | None, digits: int | None = None) -> str:
    """A rate given as a decimal: "0.10" → 10%. `digits` fixes the decimals, for columns."""
    if value is None:
        return NOTHING
    hundred = Decimal(value) * 100
    return (number(hundred) if digits is None else fixed(hundred, digits)) + "%"


def units_text(value: Fraction) -> str:
    """What a fee is multiplied by: 3, 48, 1.33 (rounded for reading only)."""
    return number(value.numerator) if value.denominator == 1 else fixed(value, 2)


def quantity(value: int | Decimal | None, unit: str) -> str:
    """10 kN, 24 h, 35 °C: one space."""
    return NOTHING if value is None else f"{number(value)} {unit}"


COUNTERS: dict[str, Callable[[int], str]] = {
    "account": lambda n: npgettext("counter", "account", "accounts", n),
    "block": lambda n: npgettext("counter", "block", "blocks", n),
    "booking": lambda n: npgettext("counter", "booking", "bookings", n),
    "cell": lambda n: npgettext("counter", "cell", "cells", n),
    "day": lambda n: npgettext("counter", "day", "days", n),
    "entry": lambda n: npgettext("counter", "entry", "entries", n),
    "file": lambda n: npgettext("counter", "file", "files", n),
    "firm": lambda n: npgettext("counter", "firm", "firms", n),
    "flag": lambda n: npgettext("counter", "flag", "flags", n),
    "hour": lambda n: npgettext("counter", "hour", "hours", n),
    "instrument": lambda n: npgettext("counter", "instrument", "instruments", n),
    "invoice": lambda n: npgettext("counter", "invoice", "invoices", n),
    "lab": lambda n: npgettext("counter", "lab", "labs", n),
    "rating": lambda n: npgettext("counter", "rating", "ratings", n),
    "member": lambda n: npgettext("counter", "member", "members", n),
    "message": lambda n: npgettext("counter", "message", "messages", n),
    "minute": lambda n: npgettext("counter", "minute", "minutes", n),
    "objection": lambda n: npgettext("counter", "objection", "objections", n),
    "payment": lambda n: npgettext("counter", "payment", "payments", n),
    "report": lambda n: npgettext("counter", "report", "reports", n),
    "result": lambda n: npgettext("counter", "result", "results", n),
    "run": lambda n: npgettext("counter", "run", "runs", n),
    "sample": lambda n: npgettext("counter", "sample", "samples", n),
    "standard": lambda n: npgettext("counter", "standard", "standards", n),
    "test": lambda n: npgettext("counter", "test", "tests", n),
    "test_item": lambda n: npgettext("counter", "test item", "test items", n),
    "thing": lambda n: npgettext("counter", "item", "items", n),
    "unit": lambda n: npgettext("counter", "unit", "units", n),
    "working_day": lambda n: npgettext("counter", "working day", "working days", n),
}
"""What is counted → the word after a number of it."""


def unit_word(value: int, what: str) -> str:
    """The counter alone, beside a large figure: 件样品, in English samples."""
    return COUNTERS[what](value)


def measure_word(what: str) -> str:
    """The measure word alone, beside a large figure whose head names what is counted: 台; in English nothing."""
    return "" if language() == "en" else unit_word(1, what)[0]


def counted(value: int | None, what: str) -> str:
    """12 件样品, 5 个工作日; in English 12 samples, 1 sample."""
    return NOTHING if value is None else f"{number(value)} {unit_word(value, what)}"


def working_days(value: int | None) -> str:
    """5 个工作日, in English 5 working days."""
    return counted(value, "working_day")


def minutes(value: int | Decimal | None) -> str:
    """A length of time: 45 分钟, 1 小时 30 分钟, 48 小时; in English 45 min, 1 h 30 min, 48 h."""
    if value is None:
        return NOTHING
    hours, rest = divmod(Decimal(value), 60)
    parts = [quantity(hours, pgettext("unit", "h"))] if hours else []
    if rest or not hours:
        parts.append(quantity(rest, pgettext("unit", "min")))
    return " ".join(parts)


def hours_of(value: int | Decimal | None) -> str:
    """Minutes as hours under a head that names the unit, one decimal: 1,234.5."""
    return NOTHING if value is None else fixed(Decimal(value) / 60)


def kilometres(value: float | None) -> str:
    """A measured distance under a head or before its unit: 3.2."""
    return NOTHING if value is None else fixed(Decimal(f"{value:.3f}"))


def distance(metres: int | Decimal | None) -> str:
    """3.2 km."""
    return NOTHING if metres is None else f"{fixed(Decimal(metres) / 1000)} km"


def file_size(size: int | None) -> str:
    """96 KB, 1.8 MB."""
    if size is None:
        return NOTHING
    if size < 1_000_000:
        return f"{max(1, round_half_up(Fraction(size, 1000)))} KB"
    return quantity(_rounded(Fraction(size, 1_000_000), 1), "MB")


# ── Days and months ──────────────────────────────────────────────────────


def _local(moment: datetime) -> datetime:
    return moment.astimezone(local_zone())


def _as_day(value: date | datetime) -> date:
    return local_day(value) if isinstance(value, datetime) else value


def _as_month(value: Month | str) -> Month:
    return value if isinstance(value, Month) else Month.parse(value)


def _far(value: date) -> bool:
    """Whether the day needs its year: another one, and not the near turn of the year."""
    today = local_day(utc_now())
    return value.year != today.year and abs((value - today).days) > 100


def day(value: date | datetime | None) -> str:
    """2026年11月24日, in English 24 November 2026."""
    return NOTHING if value is None else _day(_as_day(value), "day")


def weekday(value: date | datetime | None) -> str:
    """周二, Tue."""
    return NOTHING if value is None else _day(_as_day(value), "weekday")


def weekday_name(number: int) -> str:
    """The weekday of a number, 0 for Monday: 周一, Mon."""
    return str(babel_dates.get_day_names("abbreviated", locale=_locale())[number])


def long_day(value: date | datetime | None) -> str:
    """2026年11月24日 周二, in English Tue 24 November 2026."""
    return NOTHING if value is None else _day(_as_day(value), "long_day")


def short_day(value: date | datetime | None) -> str:
    """In tables and documents: 2026-11-24, in English 24 Nov 2026."""
    return NOTHING if value is None else _day(_as_day(value), "short_day")


def near_day(value: date | datetime | None) -> str:
    """In the near weeks: 11-24 周二, in English Tue 24 Nov; in another year the short date."""
    if value is None:
        return NOTHING
    value = _as_day(value)
    return short_day(value) if _far(value) else _day(value, "near_day")


def month_day(value: date | datetime | None) -> str:
    """11-24, in English 24 Nov: where the weekday stands elsewhere."""
    return NOTHING if value is None else _day(_as_day(value), "month_day")


def long_month_day(value: date | datetime | None) -> str:
    """11月24日 周二, in English Tue 24 November: the heading of a day."""
    return NOTHING if value is None else _day(_as_day(value), "long_month_day")


def month(value: Month | str | None) -> str:
    """2026年11月, in English November 2026."""
    return NOTHING if value is None else _day(_as_month(value).first_day, "month")


def year_to_date(value: Month | str | None) -> str:
    """2026年1–11月累计, in English January–November 2026."""
    if value is None:
        return NOTHING
    last = _as_month(value)
    if last.number == 1:
        return _day(last.first_day, "january")
    return _day(last.first_day, "year_to_date")


# ── Moments and lengths of time ──────────────────────────────────────────


def clock_time(moment: datetime | None) -> str:
    """14:30."""
    if moment is None:
        return NOTHING
    at = _local(moment)
    return f"{at.hour:02}:{at.minute:02}"


def clock_span(span: Any) -> str:
    """08:00–20:00, of anything with `starts_at` and `ends_at`; midnight at the end is 24:00."""
    end = clock_time(span.ends_at)
    return f"{clock_time(span.starts_at)}–{'24:00' if end == '00:00' else end}"


def when(moment: datetime | None) -> str:
    """A moment in tables: 11-24 周二 14:30, in English Tue 24 Nov 14:30; in another year 2025-11-24 14:30."""
    return NOTHING if moment is None else f"{near_day(moment)} {clock_time(moment)}"


def by_when(moment: datetime | None) -> str:
    """As `when`, of a moment by which something is to be done: midnight ends the day before, 11-30 周一 24:00."""
    if moment is None or clock_time(moment) != "00:00":
        return when(moment)
    return f"{near_day(moment - timedelta(minutes=1))} 24:00"


def sentence_moment(moment: datetime) -> str:
    """A moment inside a sentence: 11月24日 周二 14:30, in English Tue 24 Nov, 14:30."""
    return babel_dates.format_datetime(_local(moment), PATTERNS["sentence_moment"](), local_zone(), _locale())


class SlotWriter:
    """Writes many spans as `slot` does, each word and each day once."""

    def __init__(self, *, table: bool = False) -> None:
        self._table, self._zone = table, local_zone()
        self._within = str(pgettext("slot", "%(day)s, %(start)s–%(end)s"))
        self._over = str(pgettext("slot", "%(first)s %(start)s – %(last)s %(end)s"))
        self._days: dict[date, str] = {}

    def __call__(self, starts_at: datetime, ends_at: datetime) -> str:
        begin, end = starts_at.astimezone(self._zone), ends_at.astimezone(self._zone)
        first, last = begin.date(), end.date()
        clocks = {"start": f"{begin.hour:02}:{begin.minute:02}", "end": f"{end.hour:02}:{end.minute:02}"}
        if first == last:
            on = self._days.get(first)
            if on is None:
                on = self._days[first] = self._one_day(first)
            return self._within % {"day": on, **clocks}
        on, until = self._two_days(first, last)
        return self._over % {"first": on, "last": until, **clocks}

    def _one_day(self, day: date) -> str:
        return near_day(day) if self._table else _day(day, "far_slot" if _far(day) else "slot")

    def _two_days(self, first: date, last: date) -> tuple[str, str]:
        until = _day(last, "next_day") if (last - first).days == 1 else None
        if self._table:
            return short_day(first) if _far(first) else month_day(first), until or month_day(last)
        return _day(first, "far_nights" if _far(first) else "nights"), until or _day(last, "nights")


def slot(starts_at: datetime | None, ends_at: datetime | None, *, table: bool = False) -> str:
    """11月24日 周二 14:30–16:00 (in tables 11-24 周二 …), Tue 24 Nov, 14:30–16:00; over midnight with both days; in
    another year with the year."""
    return NOTHING if starts_at is None or ends_at is None else SlotWriter(table=table)(starts_at, ends_at)


def table_slot(starts_at: datetime | None, ends_at: datetime | None) -> str:
    return slot(starts_at, ends_at, table=True)


SPANS: tuple[tuple[int, Callable[[int], str], Callable[[int], str]], ...] = (
    (
        86_400,
        lambda n: ngettext("%(num)d day ago", "%(num)d days ago", n),
        lambda n: ngettext("in %(num)d day", "in %(num)d days", n),
    ),
    (
        3_600,
        lambda n: ngettext("%(num)d hour ago", "%(num)d hours ago", n),
        lambda n: ngettext("in %(num)d hour", "in %(num)d hours", n),
    ),
    (
        60,
        lambda n: ngettext("%(num)d minute ago", "%(num)d minutes ago", n),
        lambda n: ngettext("in %(num)d minute", "in %(num)d minutes", n),
    ),
)
"""Seconds → how so many of them lie back, and ahead."""


def relative(moment: datetime | None, now: datetime | None = None) -> str:
    """3 小时前, in English 3 hours ago; later moments: 3 小时后, in 3 hours."""
    if moment is None:
        return NOTHING
    gap = (now or utc_now()) - moment
    seconds = int(abs(gap).total_seconds())
    for size, ago, ahead in SPANS:
        if seconds >= size:
            return (ahead if gap < timedelta(0) else ago)(seconds // size)
    return str(_("just now"))


def remaining(moment: datetime | None, now: datetime | None = None) -> str:
    """还剩 9 分 30 秒, in English 9:30 left; longer: 还剩 3 小时 5 分, 3 h 5 min left; 还剩 2 天, 2 days left."""
    if moment is None:
        return NOTHING
    seconds = max(0, int((moment - (now or utc_now())).total_seconds()))
    if seconds >= 172_800:
        return str(ngettext("%(num)d day left", "%(num)d days left", seconds // 86_400))
    hours, rest = divmod(seconds, 3_600)
    if not hours:
        return str(_("%(minutes)d:%(seconds)02d left", minutes=rest // 60, seconds=rest % 60))
    if rest < 60:
        return str(_("%(hours)d h left", hours=hours))
    return str(_("%(hours)d h %(minutes)d min left", hours=hours, minutes=rest // 60))


def last_day_before(moment: datetime) -> date:
    """The local day that this moment ends, or lies in: what lasts until 1 December, 00:00 lasts on 30 November."""
    return local_day(moment - timedelta(microseconds=1))


def deadline(moment: datetime | None) -> str:
    """截至 2026年12月1日 17:00, in English until 1 December 2026, 17:00."""
    return NOTHING if moment is None else _("until %(day)s, %(time)s", day=day(moment), time=clock_time(moment))


# ── References and data in two languages ─────────────────────────────────


def run_reference(month: Month | str) -> str:
    """R-202611: what a reward run is called."""
    return f"R-{str(month).replace('-', '')}"


def twins(thing: Any, name: str = "name") -> tuple[str | None, str | None]:
    """`thing.name` and its twin `thing.name_en`: the Chinese and the English of a datum."""
    if isinstance(thing, dict):
        return thing.get(name), thing.get(f"{name}_en")
    return getattr(thing, name, None), getattr(thing, f"{name}_en", None)


def in_both_languages(thing: Any, column: str = "name") -> dict[str, str]:
    """A datum with its English twin column (`name`, `name_en`), for `params`."""
    zh, en = twins(thing, column)
    return {"zh": zh or "", "en": en or zh or ""}


def twin(thing: Any, name: str = "name") -> str:
    """The datum in the language being written; Chinese where no English is, and the other way round."""
    zh, en = twins(thing, name)
    return (en or zh or NOTHING) if language() == "en" else (zh or en or NOTHING)
