"""The lab's questions about the samples as fields of the booking form."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask_babel import gettext as _
from markupsafe import Markup, escape
from wtforms.widgets import FileInput

from labshare.booking.errors import QuestionsChanged
from labshare.booking.rules.answers import MOST_TEXT, field_of
from labshare.catalogue.formatting import limits
from labshare.catalogue.rules.sample_form import Question
from labshare.catalogue.terms import FieldKind
from labshare.http.sample_answers import SentAnswers
from labshare.kernel.errors import InvalidInputs
from labshare.kernel.formatting import twin
from labshare.kernel.media import PDF_OR_PICTURES, PICTURES, accept
from labshare.kernel.time import utc_now
from labshare.settlement.files import take_in
from labshare.web.asked import read_number
from labshare.web.filters import chinese, localized
from labshare.web.forms import FileField, Form, OptionalSelectField, RadioField, StringField, show_problem
from labshare.web.steps import message_with

MOST_IN_SIGHT = 5
"""Options of a choice that stand in the form; more are in a list."""


class _Needed:
    """Marks a field as one that must be answered; whether it is says the rule (R-SAMPLE-2)."""

    field_flags: ClassVar = {"required": True}

    def __call__(self, _form: Any, _field: Any) -> None:
        return


def name_of(question: Question) -> str:
    return f"answers-{question.id}"


def with_questions(form: type[Form], questions: Sequence[Question]) -> type[Any]:
    """The class of a form with a field for each question."""
    return type(form.__name__, (form,), {name_of(one): _field(one) for one in questions}) if questions else form


def _field(one: Question) -> Any:
    label = localized(one, "label")
    if one.unit:
        label = message_with(_("%(label)s (%(unit)s)"), label=label, unit=chinese(one.unit))
    hints = [localized(one, "hint")] if one.hint or one.hint_en else []
    hints += [escape(_("Allowed: %(limits)s.", limits=limits(one)))] if limits(one) else []
    given = {"validators": [_Needed()] if one.required else [], "description": Markup(" ").join(hints)}
    if one.kind == FieldKind.CHOICE and len(one.options) <= MOST_IN_SIGHT:
        choices = [(option.name, localized(option)) for option in one.options]
        return RadioField(label, choices=choices, validate_choice=False, **given)
    if one.kind == FieldKind.CHOICE:
        listed = [(option.name, twin(option), {} if option.name_en else {"lang": "zh"}) for option in one.options]
        return OptionalSelectField(label, choices=listed, validate_choice=False, **given)
    if one.kind in FieldKind.files():
        types = PICTURES if one.kind == FieldKind.PHOTO else PDF_OR_PICTURES
        return FileField(label, render_kw=accept(types), **given)
    number = {"inputmode": "decimal", "autocomplete": "off", "class": "num"}
    return StringField(label, render_kw=number if one.kind == FieldKind.NUMBER else {"maxlength": MOST_TEXT}, **given)


def takes_files(questions: Sequence[Question]) -> bool:
    return any(one.kind in FieldKind.files() for one in questions)


def sent_answers(form: Any, questions: Sequence[Question]) -> SentAnswers:
    """What was filled in, its files examined and kept, before the transaction begins."""
    texts, files = {}, {}
    for one in questions:
        data = form[name_of(one)].data
        if one.kind in FieldKind.files():
            if data:
                files[one.id or 0] = take_in(data.stream, data.filename, "document", now=utc_now())
        elif isinstance(data, str):
            texts[one.id or 0] = data
    return SentAnswers(texts, files, read_number(form.form_revision.data or ""))


def places_of(questions: Sequence[Question]) -> dict[str, str]:
    """Where the problems of answers are shown."""
    return {field_of(one.id): name_of(one) for one in questions}


def answers_fit(form: Any, sent: SentAnswers, questions: Sequence[Question], *, revision: int) -> int:
    """Says what is wrong with the answers, each beside its field: the status, 200 where nothing is. Where the lab has
    changed its questions meanwhile, this alone is said."""
    if sent.revision is not None and sent.revision != revision:
        form.form_revision.data = str(revision)
        return show_problem(form, QuestionsChanged())
    problems = sent.problems(questions)
    return show_problem(form, InvalidInputs(problems), **places_of(questions)) if problems else 200


def ask_for_lost_files(form: Any, questions: Sequence[Question]) -> None:
    """A page that is shown again has lost the files that were chosen: it says so."""
    for one in questions:
        field = form[name_of(one)]
        if isinstance(field.widget, FileInput) and field.data and not field.errors:
            field.errors = [
                _("Choose “%(name)s” once more: a form that is shown again has no file.", name=field.data.filename)
            ]
