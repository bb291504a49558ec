"""The trail's values as a person reads them; the rooms say how they are called (`kernel.labels`).

What is left over is data: ids, codes and digests, written as `<code>`; Chinese data is marked on an English page.
"""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from labshare.catalogue.rules.class_codes import class_name
from labshare.kernel import formatting
from labshare.kernel.labels import CODES, COUNTS, FIELDS, SUBJECTS
from labshare.organisations.divisions import town_of
from labshare.web import filters

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH = re.compile(r"\d{4}-\d\d")


def subject_text(subject_type: str) -> Markup:
    word = SUBJECTS.get(subject_type)
    return escape(str(word)) if word is not None else _code(subject_type)


def subject_title(subject_type: str, subject_id: str) -> str:
    """A subject in plain words, for titles: with its number or reference, without a bare name of ours."""
    word = str(SUBJECTS.get(subject_type, subject_type))
    return f"{word} {subject_id}" if any(character.isdigit() for character in subject_id) else word


def field_text(name: str) -> Markup:
    """What a value is; a day of the working calendar is its own name."""
    if _DAY.fullmatch(name):
        return escape(formatting.day(date.fromisoformat(name)))
    return _label(name, formatting.language())


@lru_cache(2_048)
def _label(name: str, _language: str) -> Markup:
    """In the language now being written; a page of the trail asks for hundreds."""
    word = FIELDS.get(name)
    return escape(str(word)) if word is not None else _code(name)


def value_text(subject_type: str, name: str, value: Any) -> Markup:
    """One value as a person reads it."""
    if value is None or value == "" or value == []:
        return escape(formatting.NOTHING)
    if isinstance(value, bool):
        return escape(_("Yes") if value else _("No"))
    if isinstance(value, int | float):
        return _number(name, value)
    if isinstance(value, dict):
        return _code(json.dumps(value, ensure_ascii=False, indent=1))
    if isinstance(value, list):
        return _list(subject_type, name, value)
    return _text(subject_type, name, str(value))


def _number(name: str, value: float) -> Markup:
    if name == "fen" or name.endswith("_fen"):
        return filters.money(int(value))
    if name.endswith("_minutes"):
        return escape(formatting.minutes(int(value)))
    return escape(formatting.number(int(value))) if name in COUNTS else _code(str(value))


def _list(subject_type: str, name: str, values: list[Any]) -> Markup:
    if name == "hours":
        return Markup("; ").join(
            escape(f"{formatting.weekday_name(day)} {_clock(opens)}–{_clock(closes)}") for day, opens, closes in values
        )
    if any(isinstance(value, list | dict) for value in values):
        return _code(json.dumps(values, ensure_ascii=False))
    return Markup(", ").join(value_text(subject_type, name, value) for value in values)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _text(subject_type: str, name: str, value: str) -> Markup:
    table = CODES.get(f"{subject_type}.{name}") or CODES.get(name)
    if table is None and _DAY.fullmatch(name):
        table = CODES["day"]
    if table is not None and value in table:
        return escape(str(table[value]))
    if name == "class_code":
        return escape(str(class_name(value)))
    if name == "town" and (town := town_of(value)) is not None:
        return filters.localized(town)
    if _MOMENT.match(value):
        return filters.moment_tag(datetime.fromisoformat(value))
    if _DAY.fullmatch(value):
        return escape(formatting.day(date.fromisoformat(value)))
    if _MONTH.fullmatch(value):
        return escape(formatting.month(value))
    return filters.chinese(value) if _is_sentence(value) else _code(value)


def _is_sentence(value: str) -> bool:
    """Chinese through and through: what has Latin words or numbers among it is data as a whole."""
    return bool(re.search(r"[\u3400-\u9fff]", value)) and not re.search(r"[A-Za-z]{2}", value)


def _code(text: str) -> Markup:
    """Data, marked as such; Chinese in it too."""
    language = Markup(' lang="zh"') if re.search(r"[\u3400-\u9fff]", text) else Markup("")
    return Markup("<code{}>{}</code>").format(language, text)


def summary_text(event: Any) -> Markup:
    """The line that stands for all the values: the change of state, else how many there are."""
    before, after = event.before or {}, event.after or {}
    if "state" in after:
        return Markup("{} → {}").format(
            value_text(event.subject_type, "state", before.get("state")),
            value_text(event.subject_type, "state", after["state"]),
        )
    count = len(set(before) | set(after))
    return escape(ngettext("%(num)d value", "%(num)d values", count))


FORMATTERS: dict[str, Callable[..., str]] = {
    "subject_text": subject_text,
    "subject_title": subject_title,
    "field_text": field_text,
    "value_text": value_text,
    "summary_text": summary_text,
}
"""For the templates of the trail."""
