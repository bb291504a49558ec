"""What people type, in a form's field or in a cell of a table, read into what it means. Raises `ValueError` for what
cannot be read; the message beside each says what would be right."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from flask_babel import lazy_gettext as _l

from labshare.kernel.formatting import ungrouped
from labshare.kernel.money import FEN_PER_WAN, FEN_PER_YUAN, Fen
from labshare.kernel.time import ExactMinutes, local_zone

MONEY = _l("Enter an amount such as 1,234.50.")
WAN = _l("Enter an amount in 10,000 CNY, such as 45.00.")
WHOLE = _l("Enter a whole number.")
MINUTES = _l("Enter minutes such as 30 or 7.5.")
PERCENT = _l("Enter a percentage such as 30 or 12.5.")
DAY = _l("Enter a date such as 2026-11-24.")
MOMENT = _l("Enter a date and a time, such as 2026-12-08 08:30; midnight as text: 2026-12-08 24:00.")

_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－：／　", "0123456789.,-:/ ")
_MONEY = re.compile(r"(-?)[¥￥]?(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)
_LAST_YEARS = (1900, 2999)
_MOMENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[ T]+(\d{1,2}):(\d{2})(?::00)?", re.ASCII)


def half_width(text: str) -> str:
    """Full-width digits and marks as the others, without blanks around."""
    return text.translate(_FULL_WIDTH).strip()


def money(text: str, *, negative: bool = False) -> Fen:
    """Yuan as people write them: 1,234.50, ¥80, 80元."""
    match = _MONEY.fullmatch(text.replace("\u2212", "-").replace(" ", "").removesuffix("元"))
    if match is None or (match[1] and not negative):
        raise ValueError(text)
    fen = int(match[2].replace(",", "")) * FEN_PER_YUAN + int((match[3] or "").ljust(2, "0"))
    if fen > 10**14:
        raise ValueError(text)
    return Fen(-fen if match[1] else fen)


def wan(text: str) -> Fen:
    """A value in 10,000 yuan, the national platform's unit, as whole fen."""
    if not re.fullmatch(r"\d{1,7}(\.\d{1,6})?", text := ungrouped(text), re.ASCII):
        raise ValueError(text)
    return Fen(int(Decimal(text) * FEN_PER_WAN))


def whole(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,12}", text := ungrouped(text), re.ASCII):
        raise ValueError(text)
    return int(text)


def minutes(text: str) -> ExactMinutes:
    """Not negative, fractions to a thousandth."""
    if not re.fullmatch(r"\d{1,7}(\.\d{1,3})?", text, re.ASCII):
        raise ValueError(text)
    return ExactMinutes(Decimal(text))


def percent(text: str) -> Decimal:
    """To a hundredth: 12.5 or 12.5 %."""
    if not re.fullmatch(r"\d{1,4}(\.\d{1,2})?", text := text.removesuffix("%").removesuffix("％").strip(), re.ASCII):
        raise ValueError(text)
    return Decimal(text)


def day(text: str) -> date:
    """A local day: 2026-11-24 or 2026/11/24."""
    read = date.fromisoformat(text.replace("/", "-"))
    if not _LAST_YEARS[0] <= read.year <= _LAST_YEARS[1]:
        raise ValueError(text)
    return read


def moment(text: str) -> datetime:
    """A local minute: 2026-12-08 08:30 or 2026/12/8 8:30; 24:00 is the end of that day. Where clocks change, a repeated
    time is its first occurrence (R-TIME-4)."""
    match = _MOMENT.fullmatch(text.replace("/", "-"))
    if match is None:
        raise ValueError(text)
    year, month, on, hour, minute = map(int, match.groups())
    if not _LAST_YEARS[0] <= year <= _LAST_YEARS[1]:
        raise ValueError(text)
    end_of_day = (hour, minute) == (24, 0)
    clock = time(0 if end_of_day else hour, minute)
    wall = datetime.combine(date(year, month, on) + timedelta(days=end_of_day), clock, tzinfo=local_zone())
    return wall.astimezone(UTC)


def written_moment(at: datetime) -> str:
    """As `moment` reads it: a text, since a spreadsheet does not tell midnight from a day without a time."""
    return at.astimezone(local_zone()).strftime("%Y-%m-%d %H:%M")
