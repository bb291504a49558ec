"""The words of notices. A room registers the kinds it sends beside its services; this room carries and does not know.

    kind(
        "booking.requested",
        topic=Topic.REQUEST,
        title=_l("New request %(ref)s"),
        text=_l("%(client)s asks for %(starts_at)s. Answer before %(answer_at)s."),
    )

`title` is the line in the list and the mail's subject, `text` the mail's body. Places are filled from `params`, which
are written in the reader's language:

- a moment (aware `datetime`) → 11月24日 周二 14:30 / Tue 24 Nov, 14:30; a `date` → 2026年11月24日 / 24 November 2026;
- a `Month` → 2026年11月 / November 2026;
- a name ending in `_fen` → 1,234.50 元 / ¥1,234.50;
- `in_both_languages(thing, "name")` → the name in the reader's language; a lazy message (`_l`) → its translation;
- a list of `(message, params)` → a line each;
- anything else as it is.

A mail that was told with an `Appointment` brings an invitation for its reader's calendar.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as translated
from flask_babel.speaklater import LazyString

from labshare.kernel import formatting
from labshare.kernel.calendars import Entry
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.terms import EntryState
from labshare.notices.terms import Topic

ENTRY = "calendar"
"""Among a notice's stored params: its appointment."""
ALSO = "also"
"""Among its params: what is said below its words, as a list of `(message, params)`."""
SOURCE = "en"
"""The language of the messages themselves: written in it, a message is what the catalogues know it by."""


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """What stands in the reader's calendar from now on."""

    words: str
    """Registered by `entry`."""
    name: str
    revision: int
    state: EntryState
    starts_at: datetime
    ends_at: datetime
    place: dict[str, str]
    """In both languages."""
    more: dict[str, Any]
    """What its words name beside the notice's own params."""


@dataclass(frozen=True)
class EntryTexts:
    """The words of a calendar's entry, as one side reads them."""

    title: LazyString | str
    text: LazyString | str


@dataclass(frozen=True)
class Kind:
    topic: Topic
    title: LazyString | str
    text: LazyString | str
    mail: bool
    """Whether it also goes out by mail; what nobody must act on need not."""
    first: bool = False
    """Somebody sits waiting for this mail: it goes before all others."""
    most: int | None = None
    """So many go to one address within an hour, whoever asks for them; what is above is not written."""

    @property
    def rank(self) -> int:
        """Its place among the mails that wait: 0 goes before 1."""
        return 0 if self.first else 1


KINDS: dict[str, Kind] = {}
ENTRIES: dict[str, EntryTexts] = {}


def kind(
    name: str,
    *,
    topic: Topic,
    title: LazyString | str,
    text: LazyString | str,
    mail: bool = True,
    first: bool = False,
    most: int | None = None,
) -> str:
    """Register a kind of notice. Its name comes back, so that it can be kept as a constant."""
    if name in KINDS:
        raise RuntimeError(f"two kinds of notice of one name: {name}")
    KINDS[name] = Kind(topic, title, text, mail, first, most)
    return name


def entry(name: str, *, title: LazyString | str, text: LazyString | str) -> str:
    """Register what entries of calendars say, as one side reads them. Its name comes back."""
    ENTRIES[name] = EntryTexts(title, text)
    return name


def json_params(params: dict[str, Any]) -> dict[str, Any]:
    """Params as JSON keeps them."""
    return {name: _json_value(value) for name, value in params.items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, list):
        return [{"line": _json_value(message), "of": json_params(of)} for message, of in value]
    if isinstance(value, Appointment):
        return {name: _json_value(each) for name, each in vars(value).items()} | {"more": json_params(value.more)}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    if isinstance(value, Month):
        return {"month": str(value)}
    if isinstance(value, LazyString):
        with force_locale(SOURCE):
            return {"say": str(value)}
    return value


def filled(message: LazyString | str, params: dict[str, Any]) -> str:
    """The message in the present language, its places filled from stored params."""
    return str(message) % {name: _written(name, value) for name, value in params.items()}


def title_of(kind_name: str, params: dict[str, Any]) -> str:
    """The line of a notice in the present language; of a kind no longer known, its name."""
    kind_found = KINDS.get(kind_name)
    return filled(kind_found.title, params) if kind_found else kind_name


def text_of(kind_name: str, params: dict[str, Any]) -> str:
    """The sentences of a notice in the present language, and below them the lines that it was told with."""
    kind_found = KINDS.get(kind_name)
    if kind_found is None:
        return ""
    also = _written("line", params[ALSO]) if params.get(ALSO) else ""
    return "\n\n".join(part for part in (filled(kind_found.text, params), also) if part)


def _written(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(filled(_written("line", each["line"]), each["of"]) for each in value)
    if isinstance(value, dict):
        if "at" in value:
            return formatting.sentence_moment(datetime.fromisoformat(value["at"]))
        if "on" in value:
            return formatting.day(date.fromisoformat(value["on"]))
        if "month" in value:
            return formatting.month(value["month"])
        if "say" in value:
            return str(translated(value["say"]))
        if "zh" in value:
            return str(value[formatting.language()])
    if name.endswith("_fen") and isinstance(value, int):
        return formatting.sentence_money(Fen(value))
    return formatting.NOTHING if value is None else str(value)


def entry_of(params: dict[str, Any], *, stamped_at: datetime, url: str | None) -> Entry | None:
    """What a notice puts into its reader's calendar, in the present language; nothing where it was told without one."""
    entry_params = params.get(ENTRY)
    if entry_params is None:
        return None
    texts, of = ENTRIES[entry_params["words"]], params | entry_params["more"]
    return Entry(
        name=entry_params["name"],
        revision=entry_params["revision"],
        state=EntryState(entry_params["state"]),
        starts_at=datetime.fromisoformat(entry_params["starts_at"]["at"]),
        ends_at=datetime.fromisoformat(entry_params["ends_at"]["at"]),
        stamped_at=stamped_at,
        title=filled(texts.title, of),
        text=filled(texts.text, of),
        place=_written("place", entry_params["place"]),
        url=url,
    )
