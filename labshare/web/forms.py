"""The base form and the field types of our trade. Messages are ours, in the reader's language.

Money is fen, moments are aware UTC, days and months are local. A form never decides anything: rules do.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from flask import current_app, request
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from flask_wtf.file import FileField, MultipleFileField
from stdnum.cn import uscc
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    FormField,
    HiddenField,
    StringField,
    TextAreaField,
)
from wtforms import Form as WtForm
from wtforms import RadioField as WtRadioField
from wtforms import SelectField as WtSelectField
from wtforms import SelectMultipleField as WtSelectMultipleField
from wtforms.fields.choices import Choice, SelectChoice
from wtforms.meta import DefaultMeta
from wtforms.validators import Length, StopValidation
from wtforms.validators import Optional as WtOptional
from wtforms.widgets import HiddenInput, TextInput

from labshare.http.retry import Application
from labshare.kernel import typed
from labshare.kernel.errors import Problem
from labshare.kernel.formatting import plain_number, ungrouped
from labshare.kernel.media import PDF_OR_PICTURES, accept
from labshare.kernel.money import FEN_PER_YUAN, Fen
from labshare.kernel.months import Month
from labshare.kernel.time import ExactMinutes, Hours, local_zone
from labshare.web.filters import tongue

__all__ = [
    "BooleanField",
    "CreditCodeField",
    "DayField",
    "FileField",
    "FilesField",
    "Form",
    "HoursField",
    "Line",
    "LocalMomentField",
    "MinutesField",
    "MoneyField",
    "MonthField",
    "MultipleField",
    "NumberField",
    "OptionalSelectField",
    "PercentField",
    "QueryForm",
    "RadioField",
    "SelectField",
    "StringField",
    "TextAreaField",
    "WholeNumberField",
    "csrf",
    "length",
    "lines",
    "optional",
    "required",
    "show_problem",
]

csrf = CSRFProtect()

WTFORMS_MESSAGES = (
    _l("Not a valid choice."),
    _l("Invalid Choice: could not coerce."),
    _l("This field is required."),
    _l("Not a valid integer value."),
    _l("Not a valid decimal value."),
    _l("Not a valid date value."),
    _l("Not a valid datetime value."),
    _l("Invalid email address."),
)
"""WTForms' own messages that a reader can meet, named here so that they are in our catalogues."""


class _Translations:
    """WTForms' messages go through our catalogues, in the page's language."""

    def gettext(self, string: str) -> str:
        return gettext(string)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return ngettext(singular, plural, n)


class _Ours:
    """What all our forms do alike."""

    def get_translations(self, form: Any) -> _Translations:
        return _Translations()

    def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
        """Texts lose the blanks around them."""
        if issubclass(unbound_field.field_class, StringField) and "filters" not in unbound_field.kwargs:
            unbound_field.kwargs["filters"] = (_strip,)
        return unbound_field.bind(form=form, **options)


class Line(WtForm):
    """One line of a form's table, such as a band: see `lines`. The form around it carries the tokens."""

    class Meta(_Ours, DefaultMeta):
        pass


class _Lines(FieldList):
    """Every line stands at its place, whatever was sent of it; what was sent for other places is passed over."""

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        return iter(range(self.min_entries))


def lines(line: type[Line], count: int) -> Any:
    """So many lines, each with the fields of `line`: `bands-0-rate`, `bands-1-rate`."""
    return _Lines(FormField(line), min_entries=count, max_entries=count)


class Form(FlaskForm):
    """A form that posts. Carries the CSRF token and a one-time `submission` token, by which a double click is known."""

    class Meta(_Ours, FlaskForm.Meta):
        pass

    submission = HiddenField(default=lambda: str(uuid.uuid4()))

    def with_ids(self, suffix: str) -> None:
        """Ids of its own, for a form that a page shows several times."""
        for one in self:
            one.id = one.label.field_id = f"{one.id}-{suffix}"

    @property
    def submission_key(self) -> str:
        """The token of this showing of the form: the same on every click of its button. Fit as an idempotency key."""
        try:
            return str(uuid.UUID(self.submission.data or ""))
        except ValueError:
            return str(uuid.uuid4())

    @property
    def all_errors(self) -> list[tuple[Field | None, str]]:
        """Every error as (field or None, message), in the order of the form; general ones first."""
        found: list[tuple[Field | None, str]] = [(None, str(message)) for message in self.form_errors]
        for one in self.all_fields:
            found += [(one, message) for message in _flat(one.errors)]
        return found

    def field(self, name: str) -> Field | None:
        """A field of the form or of its lines by its name, if there is one."""
        return self[name] if name in self else next((one for one in self.all_fields if one.name == name), None)

    @property
    def all_fields(self) -> Iterator[Field]:
        """The fields that are filled in, also those in lines."""
        return _leaves(self)


class QueryForm(FlaskForm):
    """Filters in the address: GET, no token, no failure page: what cannot be read counts as not given."""

    class Meta(Form.Meta):
        csrf = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(formdata=request.args, **kwargs)
        self.validate()
        for field in self:  # a filter not in the address is not wrong
            if field.name not in request.args:
                field.errors = []


def _leaves(fields: Iterable[Field]) -> Iterator[Field]:
    for one in fields:
        if isinstance(one, FieldList | FormField):
            yield from _leaves(one)
        else:
            yield one


def _strip(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _flat(errors: Any) -> Iterable[str]:
    if isinstance(errors, Mapping):
        errors = errors.values()
    for error in errors:
        if isinstance(error, str) or not isinstance(error, Iterable):
            yield str(error)
        else:
            yield from _flat(error)


def show_problem(form: Form, problem: Problem, **places: str) -> int:
    """Put a problem (or each of `InvalidInputs`) at its field; what has none goes above the form. Returns the status.

    `places` says where a service's name differs from the form's: `show_problem(form, problem, starts_at="slot")`.
    """
    for each in problem.problems:
        name = places.get(each.field or "", each.field)
        field = form.field(name) if name else None
        if field is not None and not isinstance(field.widget, HiddenInput):
            field.errors = [*field.errors, each.text]
        else:
            form.form_errors.append(each.text)
    return problem.status


def begin_at(field: Field) -> None:
    """The first field that nothing is proposed for: whoever comes to the page types at once."""
    field.render_kw = {**(field.render_kw or {}), "autofocus": True}


# ── Validators ───────────────────────────────────────────────────────────


class required:
    """Something was entered. Zero counts, blanks do not."""

    field_flags: ClassVar = {"required": True}

    def __init__(self, message: Any = None) -> None:
        self.message = message or _l("Fill this in.")

    def __call__(self, form: Any, field: Field) -> None:
        given = field.raw_data and any(not isinstance(raw, str) or raw.strip() for raw in field.raw_data)
        if isinstance(field, FileField):
            given = bool(field.data)
        if not given:
            field.errors = []
            raise StopValidation(str(self.message))


class optional(WtOptional):
    """Left empty is fine."""


def length(most: int, least: int = 0) -> Length:
    """At most `most` characters."""
    return Length(min=least or -1, max=most, message=_l("At most %(max)d characters."))


# ── Fields ───────────────────────────────────────────────────────────────


class _TextField(Field):
    """One line of text read into something; what cannot be read stays as typed, with `message`."""

    widget = TextInput()
    message: Any = _l("This cannot be read.")

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else self.written(self.data)

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = typed.half_width(str(valuelist[0])) if valuelist else ""
        if not text:
            self.data = None
            return
        try:
            self.data = self.read(text)
        except (ValueError, InvalidOperation, OverflowError):
            self.data = None
            raise ValueError(str(self.message)) from None

    def read(self, text: str) -> Any:
        return text

    def written(self, data: Any) -> str:
        return str(data)


class MoneyField(_TextField):
    """Yuan as people write them ("1,234.50", "¥80") ↔ fen. `negative=True` allows red letters and refunds."""

    message = typed.MONEY

    def __init__(self, *args: Any, negative: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.negative = negative
        self.render_kw = {"inputmode": "decimal", "class": "num", "autocomplete": "off", **(self.render_kw or {})}

    def read(self, text: str) -> Fen:
        return typed.money(text, negative=self.negative)

    def written(self, data: Fen) -> str:
        whole, rest = divmod(abs(data), FEN_PER_YUAN)
        return f"{'-' if data < 0 else ''}{whole:,}.{rest:02d}"


class WholeNumberField(_TextField):
    message = typed.WHOLE

    def __init__(self, *args: Any, least: int | None = None, most: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.least, self.most = least, most
        self.render_kw = {"inputmode": "numeric", "class": "num", "autocomplete": "off", **(self.render_kw or {})}

    def read(self, text: str) -> int:
        return typed.whole(text)

    def pre_validate(self, form: Any) -> None:
        if self.data is None:
            return
        low = self.least is not None and self.data < self.least
        high = self.most is not None and self.data > self.most
        if low or high:
            if self.least is not None and self.most is not None:
                raise StopValidation(gettext("Between %(least)d and %(most)d.", least=self.least, most=self.most))
            if low:
                raise StopValidation(gettext("At least %(least)d.", least=self.least))
            raise StopValidation(gettext("At most %(most)d.", most=self.most))


class MinutesField(_TextField):
    """Minutes ≥ 0, fractions to a thousandth allowed."""

    message = typed.MINUTES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = {"inputmode": "decimal", "class": "num", "autocomplete": "off", **(self.render_kw or {})}

    def read(self, text: str) -> ExactMinutes:
        return typed.minutes(text)

    def written(self, data: Decimal) -> str:
        return plain_number(Decimal(data))


class HoursField(WholeNumberField):
    """Whole hours of a test."""

    def read(self, text: str) -> Hours:
        return Hours(super().read(text))


class RateField(_TextField):
    """A rate or coefficient as an exact decimal, kept as the text that was typed ("0.10")."""

    message = _l("Enter a decimal such as 0.15.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = {"inputmode": "decimal", "class": "num", "autocomplete": "off", **(self.render_kw or {})}

    def read(self, text: str) -> str:
        if not re.fullmatch(r"-?\d{1,6}(\.\d{1,6})?", text):
            raise ValueError
        return text


class NumberField(_TextField):
    """A number to a thousandth, as an exact decimal."""

    message = _l("Enter a number such as 12.5.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = {"inputmode": "decimal", "class": "num", "autocomplete": "off", **(self.render_kw or {})}

    def read(self, text: str) -> Decimal:
        if not re.fullmatch(r"-?\d{1,12}(\.\d{1,3})?", text := ungrouped(text.replace("\u2212", "-"))):
            raise ValueError
        return Decimal(text)

    def written(self, data: Decimal) -> str:
        return plain_number(data)


class PercentField(_TextField):
    """A percentage to a hundredth: 12.5 or 12.5 %."""

    message = typed.PERCENT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = {"inputmode": "decimal", "class": "num", "autocomplete": "off", **(self.render_kw or {})}

    def read(self, text: str) -> Decimal:
        return typed.percent(text)

    def written(self, data: Decimal) -> str:
        return f"{data:f}"


class DayField(_TextField):
    """A local day ↔ the browser's date input."""

    widget = TextInput()
    message = typed.DAY

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = {"type": "date", **(self.render_kw or {})}

    def read(self, text: str) -> date:
        return typed.day(text)

    def written(self, data: date) -> str:
        return data.isoformat()


class MonthField(_TextField):
    """A `Month` ↔ the browser's month input."""

    message = _l("Enter a month such as 2026-11.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = {"type": "month", "placeholder": "2026-11", **(self.render_kw or {})}

    def read(self, text: str) -> Month:
        month = Month.parse(text)
        if not 1900 <= month.year <= 2999:
            raise ValueError
        return month


class LocalMomentField(_TextField):
    """A wall-clock time of the platform's zone ↔ an aware moment in UTC.

    Where clocks change: a repeated local time is its first occurrence, a missing one is read with the offset before
    the gap (R-TIME-4).
    """

    message = _l("Enter a date and time such as 2026-11-24 14:30.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = {"type": "datetime-local", **(self.render_kw or {})}

    def read(self, text: str) -> datetime:
        wall = datetime.fromisoformat(text.replace("/", "-"))
        if wall.tzinfo is None:
            wall = wall.replace(tzinfo=local_zone(), fold=0)
        if not 1900 <= wall.year <= 2999:
            raise ValueError
        return wall.astimezone(UTC)

    def written(self, data: datetime) -> str:
        return data.astimezone(local_zone()).strftime("%Y-%m-%dT%H:%M")


class CreditCodeField(_TextField):
    """A unified social credit code (GB 32100), its check character included."""

    message = _l("Not a valid credit code: the check character does not fit.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = {
            "class": "ref",
            "maxlength": "24",
            "autocapitalize": "characters",
            "spellcheck": "false",
            "autocomplete": "off",
            **(self.render_kw or {}),
        }

    def read(self, text: str) -> str:
        code = uscc.compact(text).upper()
        if not uscc.is_valid(code):
            raise ValueError
        return code


def _choices(given: Any) -> Any:
    """(value, label) pairs as WTForms wants them from now on."""
    if given is None or callable(given):
        return given
    return [SelectChoice(*each) if isinstance(each, tuple) else each for each in given]


class SelectField(WtSelectField):
    """One of several, in a list. `choices` are (value, label) pairs."""

    def __init__(self, *args: Any, choices: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, choices=_choices(choices), **kwargs)


class RadioField(WtRadioField):
    """One of few, all in sight. `choices` are (value, label) pairs."""

    def __init__(self, *args: Any, choices: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, choices=_choices(choices), **kwargs)


class MultipleField(WtSelectMultipleField):
    """Several check boxes of one question. `choices` are (value, label) pairs."""

    def __init__(self, *args: Any, choices: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, choices=_choices(choices), **kwargs)

    def pre_validate(self, form: Any) -> None:
        """In our words: the library's name the value in a way that its own translations cannot fill."""
        known = {choice[0] for choice in self.iter_choices()}
        if not known.issuperset(self.data or ()):
            raise StopValidation(self.gettext("Not a valid choice."))


def named_choice(value: Any, name: str) -> tuple[Any, str, dict[str, Any]]:
    """A choice by somebody's or something's own name, which says that it is Chinese where the page is not."""
    return value, name, {"lang": "zh"} if tongue(name) else {}


class FilesField(MultipleFileField):
    """Pictures and PDFs; what was chosen, without the empty choice of a browser."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render_kw = accept(PDF_OR_PICTURES) | (self.render_kw or {})

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = [file for file in valuelist if getattr(file, "filename", "")]


class OptionalSelectField(SelectField):
    """A choice that may be left open; the first line is blank and means None."""

    def __init__(self, *args: Any, blank: Any = "—", coerce: Callable[[str], Any] = str, **kwargs: Any) -> None:
        self.blank = blank
        super().__init__(*args, coerce=lambda value: None if value in (None, "", "None") else coerce(value), **kwargs)

    def iter_choices(self) -> Any:
        return [Choice("", self.blank, self.data is None, {}), *super().iter_choices()]

    def pre_validate(self, form: Any) -> None:
        if self.data is not None:
            super().pre_validate(form)


def init(app: Application) -> None:
    """CSRF on every page's POST; the API has bearer tokens and is left alone."""
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # as long as the session
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf.init_app(app)
    app.after_body.append(_protect)


def _protect() -> None:
    if current_app.config["WTF_CSRF_ENABLED"] and request.endpoint and not request.path.startswith("/api/"):
        csrf.protect()
