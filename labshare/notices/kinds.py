"""The words of notices. A room registers the kinds it sends beside its services; this room carries and does not know.

    kind(
        "booking.requested",
        title=_l("New request %(ref)s"),
        text=_l("%(client)s asks for %(starts_at)s. Answer before %(answer_at)s."),
    )

`title` is the line in the list and the mail's subject, `text` the mail's body. Places are filled from `params`, which
are written in the reader's language:

- a moment (aware `datetime`) → 11月24日 周二 14:30 / Tue 24 Nov, 14:30; a `date` → 2026年11月24日 / 24 November 2026;
- a `Month` → 2026年11月 / November 2026;
- a name ending in `_fen` → 1,234.50 元 / ¥1,234.50;
- `said(thing, "name")` → the name in the reader's language; a lazy message (`_l`) → its translation;
- anything else as it is.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as translated
from flask_babel.speaklater import LazyString

from labshare.kernel.months import Month
from labshare.kernel.time import local_zone

WEEKDAYS_ZH = "一二三四五六日"
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True)
class Words:
    title: LazyString | str
    text: LazyString | str
    mail: bool
    """Whether it also goes out by mail; what nobody must act on need not."""
    first: bool = False
    """Somebody sits waiting for this mail: it goes before all others."""
    most: int | None = None
    """So many go to one address within an hour, whoever asks for them; what is above is not written."""


KINDS: dict[str, Words] = {}


def kind(
    name: str, *, title: LazyString | str, text: LazyString | str, mail: bool = True, first: bool = False,
    most: int | None = None,
) -> str:  # fmt: skip
    """Register a kind of notice. Its name comes back, so that it can be kept as a constant."""
    if name in KINDS:
        raise RuntimeError(f"two kinds of notice of one name: {name}")
    KINDS[name] = Words(title, text, mail, first, most)
    return name


def said(thing: Any, column: str = "name") -> dict[str, str]:
    """A datum with its English twin column (`name`, `name_en`), for `params`."""
    chinese = getattr(thing, column) or ""
    return {"zh": chinese, "en": getattr(thing, f"{column}_en", None) or chinese}


def kept(params: dict[str, Any]) -> dict[str, Any]:
    """Params as JSON keeps them."""
    return {name: _kept(value) for name, value in params.items()}


def _kept(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    if isinstance(value, Month):
        return {"month": str(value)}
    if isinstance(value, LazyString):
        return {"say": str(value._args[0])}
    return value


def filled(message: LazyString | str, params: dict[str, Any]) -> str:
    """The message in the present language, its places filled from kept params."""
    return str(message) % {name: _written(name, value) for name, value in params.items()}


def title_of(kind_name: str, params: dict[str, Any]) -> str:
    """The line of a notice in the present language; of a kind no longer known, its name."""
    words = KINDS.get(kind_name)
    return filled(words.title, params) if words else kind_name


def text_of(kind_name: str, params: dict[str, Any]) -> str:
    """The sentences of a notice in the present language."""
    words = KINDS.get(kind_name)
    return filled(words.text, params) if words else ""


def _written(name: str, value: Any) -> str:
    english = is_english()
    if isinstance(value, dict):
        if "at" in value:
            return _moment(datetime.fromisoformat(value["at"]), english)
        if "on" in value:
            return _day(date.fromisoformat(value["on"]), english)
        if "month" in value:
            month = Month.parse(value["month"])
            return f"{MONTHS_EN[month.number - 1]} {month.year}" if english else f"{month.year}年{month.number}月"
        if "say" in value:
            return str(translated(value["say"]))
        if "zh" in value:
            return str(value["en"] if english else value["zh"])
    if name.endswith("_fen") and isinstance(value, int):
        whole, rest = divmod(abs(value), 100)
        sign = "-" if value < 0 else ""
        return f"{sign}¥{whole:,}.{rest:02d}" if english else f"{sign}{whole:,}.{rest:02d} 元"
    return "—" if value is None else str(value)


def is_english() -> bool:
    locale = get_locale()
    return locale is not None and locale.language == "en"


def _day(day: date, english: bool) -> str:
    return f"{day.day} {MONTHS_EN[day.month - 1]} {day.year}" if english else f"{day.year}年{day.month}月{day.day}日"


def _moment(moment: datetime, english: bool) -> str:
    local = moment.astimezone(local_zone())
    if english:
        return f"{WEEKDAYS_EN[local.weekday()]} {local.day} {MONTHS_EN[local.month - 1][:3]}, {local:%H:%M}"
    return f"{local.month}月{local.day}日 周{WEEKDAYS_ZH[local.weekday()]} {local:%H:%M}"
