"""Columns of the sheets: how a cell is read and written."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from typing import Any, TypeAlias

from flask_babel import force_locale, gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.accounts.terms import Locale
from labshare.catalogue.errors import UnknownChoice
from labshare.kernel import typed
from labshare.kernel.formatting import language, plain_number
from labshare.kernel.money import FEN_PER_YUAN, Fen
from labshare.kernel.terms import Term

VERSION = 1
"""Of the templates."""
LANGUAGES = (Locale.CHINESE, Locale.ENGLISH)
Message: TypeAlias = LazyString | str


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: the name of its value, and how a cell becomes one and back."""

    name: str
    head: Message
    read: Callable[[str], Any] = str
    typed: bool = True
    """Whether full-width digits and marks count as the others; not in texts."""
    wrong: Message = ""
    """Said of a cell that cannot be read: what would be right."""
    write: Callable[[Any], Any] = lambda value: value
    blank: Any = ""
    """What an empty cell means."""
    field: str = ""
    """The national platform's name of it, where it has one."""
    needed: bool = False
    says: Message = ""
    example: str = ""
    example_en: str = ""
    choices: type[Term] | None = None
    width: int = 14

    def value(self, text: str) -> Any:
        """What a cell means that is not empty. Raises `ValueError`."""
        return self.read(typed.half_width(text) if self.typed else text)

    @property
    def code(self) -> str:
        """What stands in the row of field names."""
        return self.field or self.name

    def cell(self, value: Any) -> Any:
        """As a file holds it: a text, a number, a day; None for nothing."""
        return None if value is None or value in ("", ()) else self.write(value)

    @property
    def examples(self) -> tuple[str, str]:
        """What may stand in a cell, in Chinese and in English."""
        if self.choices is not None:
            first = self.choices.offered()[0].label
            return localized_in(LANGUAGES[0], first), localized_in(LANGUAGES[1], first)
        return self.example, self.example_en or self.example

    @property
    def right(self) -> str:
        """What would be right in a cell, for the reader."""
        if self.choices is not None:
            return " / ".join(str(term.label) for term in self.choices.offered())
        example = self.examples[language() == "en"]
        return gettext("such as %(example)s", example=example) if example else ""


def localized_in(locale: str, message: Message) -> str:
    """Message in one language, whichever the reader's is."""
    with force_locale(locale):
        return str(message)


def in_both(message: Message) -> tuple[str, str]:
    """Message in both languages."""
    return localized_in(LANGUAGES[0], message), localized_in(LANGUAGES[1], message)


@cache
def _spoken(terms: type[Term]) -> dict[str, Term]:
    """Terms by their codes and by their labels in both languages, in small letters."""
    return {name.casefold(): term for term in terms for name in (str(term.value), *in_both(term.label))}


_YES, _NO = _l("Yes"), _l("No")
_YES_TEXTS = frozenset({"yes", "y", "true", "1", "是", "√"})
_NO_TEXTS = frozenset({"no", "n", "false", "0", "否"})
_BREAK = re.compile(r"[\n;；]")


def _yes_or_no(text: str) -> bool:
    if (answer := text.casefold()) in _YES_TEXTS | _NO_TEXTS:
        return answer in _YES_TEXTS
    raise ValueError(text)


def _term(terms: type[Term], text: str) -> Term:
    if (term := _spoken(terms).get(text.casefold())) is None:
        raise ValueError(text)
    return term


def digits(text: str) -> str:
    """Digits of which a spreadsheet has taken the first noughts."""
    return text.zfill(6) if text.isascii() and text.isdecimal() else text


def lines(text: str) -> list[str]:
    return [line.strip() for line in _BREAK.split(text) if line.strip()]


def _many(text: str) -> tuple[str, ...]:
    return tuple(lines(text))


def _one_a_line(parts: tuple[str, ...]) -> str:
    return "\n".join(parts)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def typed_yuan(fen: Fen) -> Decimal:
    """As one types them: 120, not 120.00."""
    return Decimal(fen) / FEN_PER_YUAN


text = partial(Column, typed=False, width=20)
line = partial(Column, typed=False, read=_one_line, width=24)
whole = partial(Column, read=typed.whole, wrong=typed.WHOLE, blank=None, width=10)
minutes = partial(Column, read=typed.minutes, wrong=typed.MINUTES, blank=Decimal(0), write=plain_number, width=10)
day = partial(Column, read=typed.day, wrong=typed.DAY, blank=None, example="2026-11-24", width=12)
moment = partial(
    Column, read=typed.moment, wrong=typed.MOMENT, write=typed.written_moment, example="2026-12-08 08:30", width=18
)
money = partial(Column, read=typed.money, wrong=typed.MONEY, blank=None, write=typed_yuan, width=12)
lists = partial(Column, typed=False, read=_many, blank=(), write=_one_a_line, width=24)
yes = partial(
    Column,
    read=_yes_or_no,
    wrong=_l("Write yes or no."),
    write=lambda value: str(_YES if value else _NO),
    example="是",
    example_en="Yes",
    width=10,
)


def choice(terms: type[Term], **given: Any) -> Column:
    return Column(
        read=partial(_term, terms),
        wrong=UnknownChoice.message,
        write=lambda value: str(terms(value).label),
        choices=terms,
        **given,
    )
