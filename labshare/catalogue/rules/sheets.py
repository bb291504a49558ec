"""The catalogue as tables that people fill in: which columns a sheet has, how a cell is read and written. What the
values may be is said by the rules of the forms (`entries`, `fees`)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache, partial
from typing import Any, TypeAlias

from flask_babel import force_locale, gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.accounts.terms import Locale
from labshare.catalogue.errors import UnknownChoice
from labshare.catalogue.rules.entries import InstrumentDetails, TestItemDetails
from labshare.catalogue.rules.fees import Discount, Step, Surcharge
from labshare.catalogue.terms import (
    Category,
    FeeBasis,
    Funds,
    InstrumentCondition,
    InstrumentSource,
    InstrumentUsage,
    Sharing,
    SheetKind,
    SurchargeKind,
)
from labshare.kernel import typed
from labshare.kernel.formatting import language, plain_number
from labshare.kernel.money import FEN_PER_WAN, FEN_PER_YUAN, Fen
from labshare.kernel.opening import HOURS, WEEKDAYS, day_text, read_day
from labshare.kernel.terms import Term

VERSION = 1
"""Of the templates."""
LANGUAGES = (Locale.CHINESE, Locale.ENGLISH)
Words: TypeAlias = LazyString | str


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: the name of its value, and how a cell becomes one and back."""

    name: str
    head: Words
    read: Callable[[str], Any] = str
    typed: bool = True
    """Whether full-width digits and marks count as the others; not in texts."""
    wrong: Words = ""
    """Said of a cell that cannot be read: what would be right."""
    write: Callable[[Any], Any] = lambda value: value
    blank: Any = ""
    """What an empty cell means."""
    field: str = ""
    """The national platform's name of it, where it has one."""
    needed: bool = False
    says: Words = ""
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
            return said_in(LANGUAGES[0], first), said_in(LANGUAGES[1], first)
        return self.example, self.example_en or self.example

    @property
    def right(self) -> str:
        """What would be right in a cell, for the reader."""
        if self.choices is not None:
            return " / ".join(str(term.label) for term in self.choices.offered())
        example = self.examples[language() == "en"]
        return gettext("such as %(example)s", example=example) if example else ""


def said_in(locale: str, words: Words) -> str:
    """Words in one language, whichever the reader's is."""
    with force_locale(locale):
        return str(words)


def in_both(words: Words) -> tuple[str, str]:
    """Words in both languages."""
    return said_in(LANGUAGES[0], words), said_in(LANGUAGES[1], words)


@cache
def _spoken(terms: type[Term]) -> dict[str, Term]:
    """Terms by their codes and by their labels in both languages, in small letters."""
    return {said.casefold(): term for term in terms for said in (str(term.value), *in_both(term.label))}


_YES, _NO = _l("Yes"), _l("No")
_SAID_YES = frozenset({"yes", "y", "true", "1", "是", "√"})
_SAID_NO = frozenset({"no", "n", "false", "0", "否"})
_BREAK = re.compile(r"[\n;；]")


def _yes_or_no(text: str) -> bool:
    if (said := text.casefold()) in _SAID_YES | _SAID_NO:
        return said in _SAID_YES
    raise ValueError(text)


def _term(terms: type[Term], text: str) -> Term:
    if (term := _spoken(terms).get(text.casefold())) is None:
        raise ValueError(text)
    return term


def _code(text: str) -> str:
    """Digits of which a spreadsheet has taken the first noughts."""
    return text.zfill(6) if text.isascii() and text.isdecimal() else text


def _steps(text: str) -> tuple[Step, ...]:
    """`10: 45.00; 50: 40.00 / 38.00`: from so many samples on, and for small and medium-sized firms."""
    found = []
    for line in _lines(text):
        since, amounts = _pair(line)
        amount, slash, sme = amounts.partition("/")
        found.append(Step(typed.whole(since), typed.money(amount.strip()), typed.money(sme.strip()) if slash else None))
    return tuple(found)


def _discounts(text: str) -> tuple[Discount, ...]:
    """`10: 5%; 50: 10%`."""
    return tuple(Discount(typed.whole(since), typed.percent(off)) for since, off in map(_pair, _lines(text)))


_MARKS = {kind.value: kind for kind in SurchargeKind.single()}


def _surcharges(text: str) -> tuple[Surcharge, ...]:
    """A line each: `rush: 50% / 2` (days), `cma: 200.00`, `component 镍 | Nickel: 80.00`."""
    found: list[Surcharge] = []
    components = 0
    for line in (line.strip() for line in text.split("\n") if line.strip()):
        what, said = (part.strip() for part in line.rpartition(":" if ":" in line else "：")[::2])
        amount, slash, days = (part.strip() for part in said.partition("/"))
        fixed = not amount.endswith(("%", "％"))
        given: dict[str, Any] = {
            "amount_fen": typed.money(typed.half_width(amount)) if fixed else None,
            "percent": None if fixed else typed.percent(amount),
        }
        if (kind := _MARKS.get(what)) is not None:
            found.append(Surcharge(code=str(kind), kind=kind, days=typed.whole(days) if slash else None, **given))
            continue
        word, _blank, names = what.partition(" ")
        if word != SurchargeKind.COMPONENT or not names.strip():
            raise ValueError(line)
        components += 1
        name, _bar, name_en = (part.strip() for part in names.partition(" | "))
        code = f"{SurchargeKind.COMPONENT}-{components}"
        found.append(Surcharge(code=code, kind=SurchargeKind.COMPONENT, name=name, name_en=name_en, **given))
    return tuple(found)


def _pair(line: str) -> tuple[str, str]:
    since, colon, rest = typed.half_width(line).partition(":")
    if not colon:
        raise ValueError(line)
    return since.strip(), rest.strip()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in _BREAK.split(text) if line.strip()]


def _many(text: str) -> tuple[str, ...]:
    return tuple(_lines(text))


def _one_a_line(parts: tuple[str, ...]) -> str:
    return "\n".join(parts)


def _yuan(fen: Fen) -> Decimal:
    return Decimal(fen) / FEN_PER_YUAN


def _plain(fen: Fen) -> str:
    return f"{_yuan(fen):.2f}"


def _write_steps(steps: tuple[Step, ...]) -> str:
    return "\n".join(
        f"{one.since}: {_plain(one.amount_fen)}"
        + (f" / {_plain(one.sme_amount_fen)}" if one.sme_amount_fen is not None else "")
        for one in steps
    )


def _write_discounts(discounts: tuple[Discount, ...]) -> str:
    return "\n".join(f"{one.since}: {one.percent:f}%" for one in discounts)


def _write_surcharges(surcharges: tuple[Surcharge, ...]) -> str:
    def line(one: Surcharge) -> str:
        named = f" {one.name}" + (f" | {one.name_en}" if one.name_en else "")
        what = f"{one.kind}{named}" if one.kind == SurchargeKind.COMPONENT else str(one.kind)
        amount = _plain(one.amount_fen) if one.amount_fen is not None else f"{one.percent:f}%"
        return f"{what}: {amount}" + (f" / {one.days}" if one.days is not None else "")

    return "\n".join(map(line, surcharges))


_text = partial(Column, typed=False, width=20)
_whole = partial(Column, read=typed.whole, wrong=typed.WHOLE, blank=None, width=10)
_minutes = partial(Column, read=typed.minutes, wrong=typed.MINUTES, blank=Decimal(0), write=plain_number, width=10)
_day = partial(Column, read=typed.day, wrong=typed.DAY, blank=None, example="2026-11-24", width=12)
_money = partial(Column, read=typed.money, wrong=typed.MONEY, blank=None, write=_yuan, width=12)
_lists = partial(Column, typed=False, read=_many, blank=(), write=_one_a_line, width=24)
_yes = partial(
    Column,
    read=_yes_or_no,
    wrong=_l("Write yes or no."),
    write=lambda value: str(_YES if value else _NO),
    example="是",
    example_en="Yes",
    width=10,
)


def _choice(terms: type[Term], **given: Any) -> Column:
    return Column(
        read=partial(_term, terms),
        wrong=UnknownChoice.message,
        write=lambda value: str(terms(value).label),
        choices=terms,
        **given,
    )


_OWN_NUMBER = _text(
    name="inner_id",
    field="innerId",
    head=_l("Own number"),
    needed=True,
    says=_l("The firm's asset number. A row with a number that the lab has changes that instrument."),
    example="YQ-0012",
)
_INSTRUMENTS = (
    _OWN_NUMBER,
    _text(
        name="name",
        field="cname",
        head=_l("Name of the instrument"),
        needed=True,
        example="万能试验机",
        example_en="万能试验机",
    ),
    _text(name="name_en", field="ename", head=_l("Name in English"), example="Universal testing machine"),
    _text(name="model", field="instrVersion", head=_l("Model"), says=_l("Needed before publishing."), example="Z100"),
    _text(
        name="manufacturer",
        head=_l("Maker"),
        says=_l("Needed before publishing."),
        example="ZwickRoell",
    ),
    Column(
        name="class_code",
        field="instrCategory",
        head=_l("Class code"),
        read=_code,
        says=_l("Six digits of the national classification, such as 010401 for spectrometry. Other: 990000."),
        example="020100",
    ),
    Column(
        name="nation",
        head=_l("Country of origin"),
        read=str.upper,
        says=_l("Two letters: CN, DE, US."),
        example="DE",
        width=10,
    ),
    _whole(
        name="units", head=_l("Units at once"), blank=1, says=_l("How many bookings run side by side."), example="1"
    ),
    _whole(name="shortest_minutes", head=_l("Shortest booking, minutes"), example="30"),
    _whole(name="longest_minutes", head=_l("Longest booking, minutes"), example="480"),
    _yes(
        name="needs_calibration",
        head=_l("Needs calibration"),
        says=_l("Without a valid certificate it cannot be booked."),
    ),
    Column(
        name="original_value_fen",
        field="worth",
        head=_l("Original value, 10,000 CNY"),
        read=typed.wan,
        wrong=typed.WAN,
        blank=None,
        write=lambda fen: Decimal(fen) / FEN_PER_WAN,
        example="85.00",
    ),
    _day(name="begin_date", field="beginDate", head=_l("In use since")),
    _choice(InstrumentCondition, name="condition", head=_l("Condition")),
    _choice(InstrumentUsage, name="usage", head=_l("Use")),
    _choice(Sharing, name="sharing", head=_l("Sharing"), says=_l("Only what is open to others can be published.")),
    _choice(InstrumentSource, name="source", field="instrSource", head=_l("Source")),
    _choice(Funds, name="funds", head=_l("Funds")),
    _yes(
        name="customs_supervised",
        field="instrSupervise",
        head=_l("Under customs supervision"),
        example="否",
        example_en="No",
    ),
    _text(name="technical", head=_l("Main specifications"), example="0–100 kN, 0.5"),
    _text(name="function", head=_l("Functions"), example="拉伸、压缩、弯曲"),
    _text(name="service_content", field="serviceContent", head=_l("Services"), example="金属材料拉伸试验"),
    _text(name="requirement", head=_l("What users must observe"), example="须提前两天送样"),
    _text(
        name="subjects",
        field="subject",
        head=_l("Subject areas"),
        says=_l("Up to four, by GB/T 13745."),
        example="430.45",
    ),
)
_CALIBRATIONS = (
    _text(
        name="inner_id",
        field="innerId",
        head=_l("Own number"),
        needed=True,
        says=_l("Of an instrument of the lab, or of this file."),
        example="YQ-0012",
    ),
    _text(name="certificate", head=_l("Certificate number"), needed=True, example="HX2026-10231"),
    _text(name="issuer", head=_l("Issued by"), example="浙江省计量科学研究院"),
    _day(name="valid_from", head=lazy_pgettext("certificate", "Valid from"), needed=True),
    _day(name="valid_to", head=_l("Calibrated until, included"), needed=True, example="2027-11-23"),
)
_ITEM_NUMBER = _whole(
    name="item_id",
    head=_l("Number of the test item"),
    says=_l("Of an item that is here already, as an export gives it; empty for a new one."),
)
_TEST_ITEMS = (
    _ITEM_NUMBER,
    _text(name="name", head=_l("Name of the test"), needed=True, example="室温拉伸试验", example_en="室温拉伸试验"),
    _text(name="name_en", head=_l("Name in English"), example="Tensile test"),
    _choice(Category, name="category", head=_l("Category"), needed=True),
    _lists(
        name="standards",
        head=_l("Standards"),
        says=_l("Listed numbers with their year, one a line or with semicolons between."),
        example="GB/T 228.1-2021",
    ),
    _lists(
        name="instruments",
        head=_l("Instruments that can do it"),
        says=_l("Their own numbers, one a line or with semicolons between."),
        example="YQ-0012; YQ-0013",
    ),
    _text(name="description", head=_l("What is tested"), example="屈服强度、抗拉强度、断后伸长率"),
    _text(name="description_en", head=_l("The same in English"), example="Yield, tensile strength, elongation"),
    _text(
        name="sample_requirement",
        head=_l("Sample requirement"),
        says=_l("Size and number. Needed before publishing."),
        example="3 根棒状试样",
    ),
    _text(name="sample_requirement_en", head=_l("Sample requirement in English"), example="3 bars"),
    _minutes(name="setup_minutes", head=_l("Set-up, minutes"), example="15"),
    _minutes(name="sample_minutes", head=_l("Per sample, minutes"), example="10"),
    _minutes(
        name="run_minutes", head=_l("Per run, minutes"), says=_l("0 where the client chooses hours."), example="0"
    ),
    _whole(
        name="cleanup_minutes",
        head=_l("Clean-up, minutes"),
        says=_l("Kept free after each booking; not charged."),
        example="10",
    ),
    _whole(name="samples_per_run", head=_l("Samples in one run"), example="1"),
    _whole(
        name="hours_min",
        head=_l("Test hours, shortest"),
        says=_l("All three only where the client chooses the hours."),
    ),
    _whole(name="hours_max", head=_l("Test hours, longest")),
    _whole(name="hours_step", head=_l("Test hours, step")),
    _whole(name="max_quantity", head=_l("Most samples in one booking"), example="20"),
    _yes(name="attended", head=_l("Somebody attends"), says=_l("Yes: all work inside one opening interval.")),
    _yes(
        name="runs_start_in_hours",
        head=_l("Each further run starts in opening hours"),
        says=_l("Only for tests that run unattended."),
        example="否",
        example_en="No",
    ),
    _yes(
        name="statutory",
        head=_l("Statutory test"),
        says=_l("Compulsory by law; its revenue earns no reward where the policy says so."),
        example="否",
        example_en="No",
    ),
    _whole(
        name="turnaround_days",
        head=_l("Turnaround, days"),
        says=_l("Promised from the end of the test to the report."),
        example="5",
    ),
    _whole(
        name="free_cancel_minutes",
        head=_l("Free cancellation until, minutes before the start"),
        example="1440",
    ),
    _whole(name="late_cancel_percent", head=_l("Later cancellation, % of the price"), example="0"),
    _whole(name="no_show_percent", head=_l("No-show, % of the price"), example="0"),
)
_FEES = (
    _ITEM_NUMBER,
    _text(
        name="item",
        head=_l("Name of the test"),
        says=_l("As in the sheet of test items; with its number the name may be empty."),
        example="室温拉伸试验",
    ),
    _choice(FeeBasis, name="basis", head=_l("Charged by"), needed=True),
    _money(name="amount_fen", head=_l("Fee, CNY"), needed=True, says=_l("Tax included."), example="120.00"),
    _money(name="minimum_fen", head=_l("Minimum charge, CNY"), blank=Fen(0), example="300.00"),
    _money(
        name="sme_amount_fen",
        head=_l("Fee for SMEs, CNY"),
        says=_l("Medium, small and micro firms, as last confirmed."),
        example="100.00",
    ),
    _day(
        name="valid_from",
        head=_l("Valid from"),
        needed=True,
        says=_l("The open-ended fee before it ends the day before."),
    ),
    _day(name="valid_to", head=_l("Valid to, included"), says=_l("Empty: until further notice."), example="2027-12-31"),
    Column(
        name="steps",
        head=_l("Quantity steps"),
        read=_steps,
        wrong=_l("Write steps such as 10: 45.00; 50: 40.00 / 38.00 (the last for SMEs)."),
        write=_write_steps,
        blank=(),
        says=_l("From so many samples on: the fee, and after a stroke that for SMEs."),
        example="10: 45.00; 50: 40.00 / 38.00",
        width=24,
    ),
    Column(
        name="surcharges",
        head=_l("Surcharges"),
        typed=False,
        read=_surcharges,
        wrong=_l(
            "One a line: rush: 50% / 2 (days) · cma: 200.00 · cnas: 10% · consultation: 100.00 · component Ni: 80.00"
        ),
        write=_write_surcharges,
        blank=(),
        says=_l("One a line: rush with the days to its report, cma, cnas, consultation, component and its name."),
        example="rush: 50% / 2",
        width=28,
    ),
    Column(
        name="discounts",
        head=_l("Discounts of the lab"),
        read=_discounts,
        wrong=_l("Write discounts such as 10: 5%; 50: 10%."),
        write=_write_discounts,
        blank=(),
        says=_l("From so many samples on: how far the own price in a quote may fall below the fee."),
        example="10: 5%; 50: 10%",
        width=20,
    ),
)

_HOURS = (
    _text(
        name="inner_id",
        field="innerId",
        head=_l("Own number"),
        says=_l("Of an instrument whose hours differ; empty for the hours of the lab."),
    ),
    _day(
        name="valid_from",
        head=lazy_pgettext("hours", "Valid from"),
        needed=True,
        says=_l("Today or later. A row with a day that the lab has changes those hours."),
    ),
    *(
        Column(
            name=f"day{number}",
            head=head,
            read=read_day,
            wrong=HOURS,
            write=day_text,
            blank=(),
            says=_l("Empty: closed. Past midnight: 22:00–06:00. All day: 24 h.") if number == 1 else "",
            example="" if number == 7 else "08:30–12:00, 13:30–17:00",
            width=24,
        )
        for number, head in enumerate(WEEKDAYS, start=1)
    ),
    _yes(
        name="as_lab",
        head=_l("Hours of the lab"),
        says=_l("Yes: from that day on the instrument keeps the lab's hours, and the days stay empty."),
        blank=False,
        example="否",
        example_en="No",
    ),
)


def _with_defaults(columns: tuple[Column, ...], details: type[Any]) -> tuple[Column, ...]:
    """An empty cell means what the details say where nothing is given."""
    given = {one.name: one.default for one in fields(details)}
    return tuple(
        Column(**{**vars(column), "blank": given[column.name]}) if column.name in given else column
        for column in columns
    )


COLUMNS: Mapping[SheetKind, tuple[Column, ...]] = {
    SheetKind.INSTRUMENTS: _with_defaults(_INSTRUMENTS, InstrumentDetails),
    SheetKind.CALIBRATIONS: _CALIBRATIONS,
    SheetKind.TEST_ITEMS: _with_defaults(_TEST_ITEMS, TestItemDetails),
    SheetKind.FEES: _FEES,
    SheetKind.HOURS: _HOURS,
}


def mark(kind: SheetKind) -> str:
    """What the first cell of a template begins with."""
    return f"LabShare {kind} {VERSION}"
