"""What templates have of `formatting`, by name, and what only a page has of it: marks and colours."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from labshare.booking import formatting as prices
from labshare.booking.rules import lines
from labshare.catalogue import formatting as catalogue
from labshare.kernel import formatting
from labshare.kernel.money import Fen
from labshare.kernel.time import local_zone
from labshare.notices.services import absolute
from labshare.organisations.industries import Industry
from labshare.organisations.names import short_firm

_CHINESE = re.compile("[\u3400-\u9fff]")


def _red_if_negative(text: str, fen: Fen | None) -> Markup:
    return Markup('<span class="red nowrap">{}</span>').format(text) if fen is not None and fen < 0 else escape(text)


def money(fen: Fen | None) -> Markup:
    """Money standing alone: ¥1,234.50; a negative one in red with its sign."""
    return _red_if_negative(formatting.plain_money(fen), fen)


def amount(fen: Fen | None) -> Markup:
    """1,234.50 in a table whose head names the unit; a negative one in red."""
    return _red_if_negative(formatting.plain_amount(fen), fen)


MOMENTS: dict[str, Callable[[datetime], str]] = {
    "when": formatting.when,
    "day": formatting.day,
    "long_day": formatting.long_day,
    "clock": formatting.clock_time,
    "relative": formatting.relative,
}


def moment_tag(moment: datetime | None, form: str = "when") -> Markup:
    """`when` (or another form) inside <time datetime="…">."""
    if moment is None:
        return escape(formatting.NOTHING)
    at = moment.astimezone(local_zone()).isoformat(timespec="minutes")
    return Markup('<time datetime="{}">{}</time>').format(at, MOMENTS[form](moment))


def localized(thing: Any, name: str = "name") -> Markup:
    """`twin`, with Chinese on an English page marked `lang="zh"`, so that it is read aloud rightly."""
    zh, en = formatting.twins(thing, name)
    if not en:
        return _marked(zh or formatting.NOTHING)
    return escape(en if formatting.language() == "en" else zh or en)


def industry(one: Industry) -> Markup:
    """By its name; on an English page a class, which has Chinese alone, after its division."""
    name = localized(one)
    english = formatting.language() == "en"
    return Markup("{}: {}").format(localized(one.division), name) if one.is_class and english else name


def chinese(text: str | None) -> Markup:
    """Data that has Chinese only (an address, a remark): marked on an English page."""
    return _marked(text or formatting.NOTHING)


def _marked(text: str) -> Markup:
    return Markup('<span lang="zh">{}</span>').format(text) if tongue(text) else escape(text)


def place(lab: Any) -> Markup:
    """Where a lab stands, as a whole address; Chinese on an English page where the lab wrote no other."""
    return _marked(catalogue.place(lab))


def tongue(text: str) -> Markup:
    """The attribute for an element that holds text alone (a window's title, a choice) and may hold Chinese data."""
    return Markup(' lang="zh"') if formatting.language() == "en" and _has_chinese(text) else Markup("")


def _has_chinese(text: str) -> bool:
    return _CHINESE.search(text) is not None


def unbroken(text: str) -> Markup:
    """A date, a time or a slot within a line, which does not end inside of it."""
    return Markup('<span class="nowrap">{}</span>').format(text)


FILTERS: dict[str, Callable[..., Any]] = {
    "amount": amount,
    "basis_unit": catalogue.basis_unit,
    "by_when": formatting.by_when,
    "chinese": chinese,
    "clock": formatting.clock_time,
    "clock_span": formatting.clock_span,
    "counted": formatting.counted,
    "day": formatting.day,
    "deadline": formatting.deadline,
    "distance": formatting.distance,
    "fee_extras": prices.fee_extras,
    "limits": catalogue.limits,
    "file_size": formatting.file_size,
    "fixed": formatting.fixed,
    "stored_price": lines.read_price,
    "kilometres": formatting.kilometres,
    "long_day": formatting.long_day,
    "long_month_day": formatting.long_month_day,
    "minutes": formatting.minutes,
    "moment": moment_tag,
    "money": money,
    "month": formatting.month,
    "month_day": formatting.month_day,
    "multiplied": prices.multiplied,
    "near_day": formatting.near_day,
    "number": formatting.number,
    "percent": formatting.percent,
    "place": place,
    "plain_amount": formatting.plain_amount,
    "plain_money": formatting.plain_money,
    "price_lines": prices.price_lines,
    "relative": formatting.relative,
    "remaining": formatting.remaining,
    "localized": localized,
    "sentence_money": formatting.sentence_money,
    "short_day": formatting.short_day,
    "surcharge_label": prices.surcharge_label,
    "surcharge_text": prices.surcharge_text,
    "twin": formatting.twin,
    "unbroken": unbroken,
    "wan": formatting.wan,
    "wan_number": formatting.wan_number,
    "weekday": formatting.weekday,
    "when": formatting.when,
    "working_days": formatting.working_days,
    "year_to_date": formatting.year_to_date,
}

GLOBALS: dict[str, Callable[..., Any]] = {
    "absolute": absolute,
    "amount": amount,
    "axis_fen": formatting.axis_fen,
    "chinese": chinese,
    "counted": formatting.counted,
    "day": formatting.day,
    "fee": catalogue.fee,
    "fee_text": catalogue.fee_text,
    "hours_of": formatting.hours_of,
    "industry": industry,
    "kind_of_instrument": catalogue.kind_of_instrument,
    "make_and_model": catalogue.make_and_model,
    "measure_word": formatting.measure_word,
    "money": money,
    "money_range": catalogue.money_range,
    "month": formatting.month,
    "percent": formatting.percent,
    "quantity": formatting.quantity,
    "reading_language": formatting.language,
    "run_reference": formatting.run_reference,
    "localized": localized,
    "sentence_money": formatting.sentence_money,
    "sentence_space": formatting.sentence_space,
    "short_firm": short_firm,
    "slot": formatting.slot,
    "slot_writer": formatting.SlotWriter,
    "table_slot": formatting.table_slot,
    "tongue": tongue,
    "twin": formatting.twin,
    "unit_word": formatting.unit_word,
    "units_text": formatting.units_text,
    "wan": formatting.wan,
    "wan_unit": formatting.wan_unit,
    "weekday_name": formatting.weekday_name,
    "when": formatting.when,
    "with_model": catalogue.with_model,
}


def init(app: Flask) -> None:
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(GLOBALS)
