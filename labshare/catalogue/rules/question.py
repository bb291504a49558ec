"""One typed question taken apart: "盐雾 GB/T 10125，3 件，下周五前" → what, by which standard, how many, by when.

Chinese and English. What is understood as quantity, hours, day, accreditation or standard is taken out; the rest is
looked up (`rules.meaning`). A day always means that whole local day: the report by its end, or, where the question says
so (下周五前开始, start by Friday), a start on that day at the latest.
"""

import calendar
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from labshare.catalogue.rules.standards import PREFIXES, looks_like_number
from labshare.kernel.time import Hours
from labshare.organisations.divisions import DIVISIONS, TOWNS

DAY = timedelta(days=1)
LONGEST_QUESTION = 200


@dataclass(frozen=True)
class Question:
    """`rest` is what remains to be searched for; `standard` is as typed, blanks tidied."""

    rest: str = ""
    standard: str | None = None
    quantity: int | None = None
    hours: Hours | None = None
    by: date | None = None
    """The day on which the report is needed at the latest."""
    start_by: date | None = None
    """The day on which the test must have begun at the latest."""
    mark: str | None = None
    """CNAS or CMA."""
    place: str | None = None
    """The code of a town or a division in which the lab shall be."""
    near: str | None = None
    """The code of a town to which the lab shall be near."""

    @property
    def words(self) -> str:
        """What to search for, the standard's number included."""
        return " ".join(part for part in (self.rest, self.standard) if part)


_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_WORDS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "a": 1,
    "an": 1,
}
_MONTHS = {name.lower(): at for at, name in enumerate(calendar.month_name) if name} | {
    name.lower(): at for at, name in enumerate(calendar.month_abbr) if name
}
_DAYS = {name.lower(): at for at, name in enumerate(calendar.day_name)} | {
    name.lower(): at for at, name in enumerate(calendar.day_abbr)
}
_WEEKDAY_ZH = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 6}

_ZH_NUMBER = "[一二两三四五六七八九十]{1,3}"
_EN_NUMBER = "|".join(_WORDS)
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY = "|".join(name.lower() for name in calendar.day_name)
_SHORT_WEEKDAY = "|".join(sorted(_DAYS, key=len, reverse=True))
_BEFORE = r"(?:之前|以前|前|内|完成)*"
_BY = r"(?:(?:by|before|until|on|no later than)\s+)?"
_START_AFTER = re.compile(
    r"^\s*(?:上午|下午)?\s*(?:就|要|必须|必需|能|能够|可以|可)*\s*(?:开始|开工|启动|开测|上机)(?:检测|测试|试验|做)?"
)
_START_BEFORE = re.compile(
    r"(?:\bto\s+)?\b(?:start|starts|starting|begin|begins|beginning)\s*$|(?:开始于|开始)\s*$", re.IGNORECASE
)
_TIME_OF_DAY = re.compile(
    r"^\s*(?:上午|下午|早上|中午|晚上|(?:in the\s+)?(?:morning|afternoon|evening)\b)|^\s*at the latest\b", re.IGNORECASE
)
_LATEST = re.compile(r"(?:最晚|最迟|不晚于|不迟于|截止到?|截至|\b(?:at the latest|latest))\s*$", re.IGNORECASE)
_MARK = re.compile(
    r"(?<![A-Za-z])(CNAS|CMA)(?![A-Za-z])(?:\s*(?:认可|认证|资质|accredited|accreditation)(?:的)?)?", re.IGNORECASE
)

_STANDARD = re.compile(
    rf"(?<![A-Za-z])(?:{'|'.join(PREFIXES)})(?:\s?/\s?[TZ]|T(?=\s?\d))?"
    r"(?:\s?[A-Z]{1,3}(?=\s?\d))?\s?\d+(?:\.\d+)*(?:\s?[-–—]\s?\d+(?!\d))?(?:\s?:\s?\d{4}(?!\d))?",
    re.IGNORECASE,
)
_CALLED = ((re.compile(r"国标\s?(?=\d)"), "GB "), (re.compile(r"(?:中国)?药典(?:通则)?\s?(?=\d{4})"), "ChP "))
"""What is said for the letters of a standard."""
_BY_STANDARD = re.compile(r"(?:\b(?:by|to|as per|per|according to)|按照|按|依据|依|标准)\s*$", re.IGNORECASE)
_QUANTITY = (
    re.compile(rf"(\d{{1,6}}|{_ZH_NUMBER})\s*(?:件|个样|个|套|只|根|片|块|瓶|份|组|样)(?:样品|试样|样件|样)?"),
    re.compile(
        rf"\b(\d{{1,6}}|{_EN_NUMBER})\s*(?:samples?|pieces?|pcs|specimens?|sets?|parts?|bars?|wheels?|rings?|discs?)\b",
        re.IGNORECASE,
    ),
)
_HOURS = re.compile(r"(\d{1,5})\s*(?:个小时|小时|hours?\b|hrs?\b|h\b)", re.IGNORECASE)


def read_question(text: str, today: date) -> Question:
    """Take a question apart. `today` is the local day on which it is asked; days that have passed are left as words."""
    text = unicodedata.normalize("NFKC", text[:LONGEST_QUESTION])
    standard, text = take_standard(text)
    mark, text = take_mark(text)
    place, near, text = _place(text)
    by, start_by, text = _deadlines(text, today)
    hours, text = _number(text, (_HOURS,))
    quantity, text = _number(text, _QUANTITY)
    taken = None if hours is None else Hours(hours)
    return Question(_tidy(text), standard, quantity, taken, by, start_by, mark, place, near)


def take_standard(text: str) -> tuple[str | None, str]:
    """The first standard's number in a text, blanks tidied, and the text without it."""
    text = unicodedata.normalize("NFKC", text)
    for pattern, letters in _CALLED:
        text = pattern.sub(letters, text)
    for match in _STANDARD.finditer(text):
        if looks_like_number(match[0]):
            number = re.sub(r"\s*([/\-–—:])\s*", r"\1", match[0].strip())
            before = _BY_STANDARD.sub("", text[: match.start()])
            return re.sub(r"\s+", " ", number), f"{before} {text[match.end() :]}"
    return None, text


def take_mark(text: str) -> tuple[str | None, str]:
    """CNAS or CMA where a text asks for it, and the text without it."""
    match = _MARK.search(text)
    return (match[1].upper(), f"{text[: match.start()]} {text[match.end() :]}") if match else (None, text)


_HERE = r"\s*(?:的|当地|本地|这边|那边|里面|里)?"
_DIVISION_EN = r"(?:Subdistrict|Township|Town|County|City|District)\b"
_NEARBY = r"\s*(?:的)?(?:附近|周边|周围|就近)"


@cache
def _places() -> tuple[tuple[re.Pattern[str], str, bool], ...]:
    """How towns and divisions are written, each with its code and whether it says near; whole names first. A name
    without 街道, 镇 or 县 may be a word (小将): it counts where 在 or 附近 tells."""
    found = []
    named: list[tuple[str, str, str]] = [(one.code, one.name, one.name_en) for one in TOWNS.values()]
    named += [(one.code, one.name, one.name_en) for one in DIVISIONS.values()]
    for code, name, name_en in named:
        stem, word = re.sub(r"(?:街道|[镇乡县市区])$", "", name), re.escape(name_en.split(" ")[0])
        near_en = rf"\b(?:near|around|close to)\s+{word}\b(?:\s+{_DIVISION_EN})?"
        in_en = rf"\b(?:in|at|from)\s+{word}\b(?:\s+{_DIVISION_EN})?|\b{re.escape(name_en)}\b"
        nearby = rf"(?:在|离)?(?:{name}|{stem}){_NEARBY}|{near_en}"
        inside = rf"(?:在|于)?{name}{_HERE}|在{stem}{_HERE}|{in_en}"
        found += [
            (re.compile(nearby, re.IGNORECASE), code, True),
            (re.compile(inside, re.IGNORECASE), code, False),
        ]
    return tuple(found)


def _place(text: str) -> tuple[str | None, str | None, str]:
    """The code of the place in a text, that of the town it shall be near, and the text without them."""
    for pattern, code, near in _places():
        match = pattern.search(text)
        if match and not (near and code in DIVISIONS):
            rest = f"{text[: match.start()]} {text[match.end() :]}"
            return (None, code, rest) if near else (code, None, rest)
    return None, None, text


def _number(text: str, patterns: tuple[re.Pattern[str], ...]) -> tuple[int | None, str]:
    for pattern in patterns:
        match = pattern.search(text)
        if match and (value := _value(match[1])) is not None and value > 0:
            return value, f"{text[: match.start()]} {text[match.end() :]}"
    return None, text


def _value(text: str) -> int | None:
    if text.isdigit():
        return int(text)
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if "十" in text:
        tens, _ten, ones = text.partition("十")
        return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)
    return _DIGITS.get(text)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _coming(today: date, month: int, day: int) -> date | None:
    """The next such day: of this year, or of the next where this year's has passed."""
    this_year = _date(today.year, month, day)
    return this_year if this_year is None or this_year >= today else _date(today.year + 1, month, day)


def _month_end(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, calendar.monthrange(year, month)[1])


def _weekday(today: date, weeks: int | None, weekday: int) -> date:
    """A weekday of this week (0), the next (1) …; None: the next one that comes, today included."""
    if weeks is None:
        return today + timedelta(days=(weekday - today.weekday()) % 7)
    return _monday(today) + timedelta(days=7 * weeks + weekday)


Reading = Callable[[re.Match[str], date], date | None]

_DEADLINES: tuple[tuple[re.Pattern[str], Reading], ...] = (
    (
        re.compile(rf"{_BY}(\d{{4}})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})\s*日?{_BEFORE}", re.IGNORECASE),
        lambda m, _today: _date(int(m[1]), int(m[2]), int(m[3])),
    ),
    (
        re.compile(rf"(\d{{1,2}})\s*月\s*(\d{{1,2}})\s*[日号]?{_BEFORE}"),
        lambda m, today: _coming(today, int(m[1]), int(m[2])),
    ),
    (
        re.compile(rf"{_BY}(\d{{1,2}})(?:st|nd|rd|th)?\s+({_MONTH})\b\.?(?:,?\s+(\d{{4}}))?", re.IGNORECASE),
        lambda m, today: (
            _date(int(m[3]), _MONTHS[m[2].lower()], int(m[1]))
            if m[3]
            else _coming(today, _MONTHS[m[2].lower()], int(m[1]))
        ),
    ),
    (
        re.compile(rf"{_BY}({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}}))?", re.IGNORECASE),
        lambda m, today: (
            _date(int(m[3]), _MONTHS[m[1].lower()], int(m[2]))
            if m[3]
            else _coming(today, _MONTHS[m[1].lower()], int(m[2]))
        ),
    ),
    (
        re.compile(rf"(?<![\d\-/.])(\d{{1,2}})[-/](\d{{1,2}})(?![\d\-/.])\s*{_BEFORE}"),
        lambda m, today: _coming(today, int(m[1]), int(m[2])),
    ),
    (
        re.compile(rf"(下+|本|这|这个|下个)?(?:周|星期|礼拜)([一二三四五六日天末]){_BEFORE}"),
        lambda m, today: _weekday(today, _weeks_zh(m[1]), _WEEKDAY_ZH[m[2]]),
    ),
    (
        re.compile(rf"{_BY}\b(this|next)\s+({_SHORT_WEEKDAY})\b", re.IGNORECASE),
        lambda m, today: _weekday(today, {"this": 0, "next": 1}[m[1].lower()], _DAYS[m[2].lower()]),
    ),
    (
        re.compile(rf"\b(?:by|before|until|on)\s+({_SHORT_WEEKDAY})\b|{_BY}\b({_WEEKDAY})\b", re.IGNORECASE),
        lambda m, today: _weekday(today, None, _DAYS[(m[1] or m[2]).lower()]),
    ),
    (
        re.compile(rf"(大后天|后天|明天|今天|今日|明日){_BEFORE}"),
        lambda m, today: today + {"今": 0, "明": 1, "后": 2, "大": 3}[m[1][0]] * DAY,
    ),
    (
        re.compile(rf"{_BY}\b(today|tomorrow|the day after tomorrow)\b", re.IGNORECASE),
        lambda m, today: today + {"today": 0, "tomorrow": 1}.get(m[1].lower(), 2) * DAY,
    ),
    (
        re.compile(rf"(\d{{1,3}}|{_ZH_NUMBER})\s*(天|日|个?星期|个?礼拜|周|个月)\s*(?:之内|以内|内)"),
        lambda m, today: _after(today, _value(m[1]), m[2]),
    ),
    (
        re.compile(
            rf"\b(?:within|in)\s+(?:the\s+next\s+)?(\d{{1,3}}|{_EN_NUMBER})\s*(days?|weeks?|months?)\b", re.IGNORECASE
        ),
        lambda m, today: _after(today, _value(m[1]), m[2]),
    ),
    (
        re.compile(rf"(下个?月|本月|这个?月)?(?:月底|底|月末){_BEFORE}"),
        lambda m, today: _month_end(today, 1 if (m[1] or "").startswith("下") else 0),
    ),
    (
        re.compile(rf"{_BY}(?:the\s+)?end of (?:(this|next|the) )?month\b", re.IGNORECASE),
        lambda m, today: _month_end(today, 1 if (m[1] or "").lower() == "next" else 0),
    ),
    (
        re.compile(rf"{_BY}(?:the\s+)?end of (?:(this|next|the) )?week\b", re.IGNORECASE),
        lambda m, today: _weekday(today, 1 if (m[1] or "").lower() == "next" else 0, 4),
    ),
    (
        re.compile(rf"(下+|本|这)个?周{_BEFORE}(?![一二三四五六日天末])"),
        lambda m, today: _weekday(today, _weeks_zh(m[1]), 6),
    ),
    (
        re.compile(rf"{_BY}\b(this|next) week\b", re.IGNORECASE),
        lambda m, today: _weekday(today, 1 if m[1].lower() == "next" else 0, 6),
    ),
)
"""How people write a deadline, the most exact first."""


def _weeks_zh(word: str | None) -> int | None:
    if not word:
        return None
    return word.count("下")


def _after(today: date, count: int | None, unit: str) -> date | None:
    if not count:
        return None
    if "月" in unit or unit.lower().startswith("month"):
        end = _month_end(today, count)
        return min(end, end.replace(day=min(today.day, end.day)))
    weeks = "周" in unit or "星期" in unit or "礼拜" in unit or unit.lower().startswith("week")
    return today + count * (7 if weeks else 1) * DAY


def _deadlines(text: str, today: date) -> tuple[date | None, date | None, str]:
    """Report by and start by, each where it is said, and the text without them."""
    by: date | None = None
    start_by: date | None = None
    for _each in range(2):
        found = _day(text, today)
        if found is None:
            break
        day, before, after = found
        starts = _START_AFTER.match(after) or _START_BEFORE.search(before)
        if (start_by if starts else by) is not None:
            break
        before, after = _LATEST.sub("", before), _TIME_OF_DAY.sub("", after)
        before, after = _LATEST.sub("", _START_BEFORE.sub("", before)), _START_AFTER.sub("", after)
        by, start_by = (by, day) if starts else (day, start_by)
        text = f"{before} {after}"
    return by, start_by, text


def _day(text: str, today: date) -> tuple[date, str, str] | None:
    """The first day of a text that has not passed, with what stands before and after it."""
    for pattern, read in _DEADLINES:
        for match in pattern.finditer(text):
            day = read(match, today)
            if day is not None and day >= today:
                return day, text[: match.start()], text[match.end() :]
    return None


def _tidy(text: str) -> str:
    """What remains, without stray commas and the little words that joined the parts."""
    text = re.sub(r"[，,。；;、！!？?]+", " ", text)
    text = re.sub(r"\b(?:by|for|within|before|i need|we need|need|please)\b(?=\s|$)", " ", text, flags=re.IGNORECASE)
    text = re.sub(r"(?:^|(?<=\s))(?:需要|想做|做|请|前|按)(?=\s|$)", " ", text)
    return " ".join(text.split())
