"""What the lab asks about the samples of a test item: a form that makes a form."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from werkzeug.wrappers import Response
from wtforms import HiddenField

from labshare.catalogue.queries.sample_forms import sample_form
from labshare.catalogue.rules.sample_form import LENGTHS, MOST_FIELDS, Option, Question
from labshare.catalogue.services import sample_forms
from labshare.catalogue.terms import FieldKind
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.time import utc_now
from labshare.web.asked import read_number
from labshare.web.forms import (
    BooleanField,
    Form,
    Line,
    NumberField,
    SelectField,
    StringField,
    TextAreaField,
    WholeNumberField,
    length,
    lines,
    optional,
)
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.steps import posted

BETWEEN = "|"
"""Of an option: between its Chinese and its English word."""
TYPED = ("label", "label_en", "unit", "least", "most", "options", "hint", "hint_en")


class FieldLine(Line):
    id = HiddenField()
    label = StringField(_l("Question"), [optional(), length(LENGTHS["label"])])
    label_en = StringField(_l("Question in English"), [optional(), length(LENGTHS["label_en"])])
    kind = SelectField(_l("Kind of answer"), choices=FieldKind.choices())
    required = BooleanField(_l("Must be answered"), default=True)
    unit = StringField(
        lazy_pgettext("of a number", "Unit"),
        [optional(), length(LENGTHS["unit"])],
        description=_l("For a number, such as mm or HRC."),
    )
    least = NumberField(_l("Smallest number"), [optional()])
    most = NumberField(_l("Largest number"), [optional()])
    options = TextAreaField(
        _l("Options"),
        [optional(), length(3000)],
        description=_l("For a choice: one option per line, its English after a vertical bar ( | )."),
    )
    hint = StringField(_l("Help below the field"), [optional(), length(LENGTHS["hint"])])
    hint_en = StringField(_l("Help in English"), [optional(), length(LENGTHS["hint_en"])])
    order = WholeNumberField(_l("Place in the form"), [optional()], least=1, most=99)
    remove = BooleanField(_l("Remove this question"))

    @property
    def filled(self) -> bool:
        return not self.remove.data and any(self[name].data not in (None, "") for name in TYPED)

    @property
    def wrong(self) -> bool:
        return any(field.errors for field in self)

    def question(self) -> Question:
        return Question(
            id=read_number(self.id.data or ""),
            label=self.label.data or "",
            label_en=self.label_en.data or "",
            kind=self.kind.data,
            required=bool(self.required.data),
            unit=self.unit.data or "",
            least=self.least.data,
            most=self.most.data,
            options=tuple(_options(self.options.data or "")),
            hint=self.hint.data or "",
            hint_en=self.hint_en.data or "",
        )


def _options(text: str) -> list[Option]:
    parted = [line.replace("｜", BETWEEN).partition(BETWEEN) for line in text.splitlines() if line.strip()]
    return [Option(zh.strip(), en.strip()) for zh, _stroke, en in parted]


class SampleFormForm(Form):
    revision = HiddenField()
    fields = lines(FieldLine, MOST_FIELDS)

    @property
    def rows(self) -> list[Any]:
        """The lines begun, in the order that they say."""
        begun = [entry.form for entry in self.fields if entry.form.filled]
        return sorted(begun, key=lambda row: row.order.data or MOST_FIELDS)

    def places(self) -> dict[str, str]:
        """Where the problems of a question are shown."""
        return {f"fields-{n}-{field.short_name}": field.name for n, row in enumerate(self.rows) for field in row}


def _written(questions: tuple[Question, ...]) -> list[dict[str, Any]]:
    """A form's questions as the lines show them."""
    return [
        vars(one)
        | {
            "order": n,
            "options": "\n".join(f"{zh} {BETWEEN} {en}" if en else zh for zh, en in one.options),
        }
        for n, one in enumerate(questions, start=1)
    ]


@blueprint.route("/test-items/<int:item_id>/sample-form", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def sample_form_edit(item_id: int) -> Any:
    """The questions of the form, each a line; what has no question is left out."""
    item = common.my_test_item(item_id)
    form = SampleFormForm(data={"revision": item.form_revision, "fields": _written(sample_form(item))})
    answer = posted(
        form,
        lambda: sample_forms.set_sample_form(
            actor=current_actor(),
            now=utc_now(),
            test_item_id=item_id,
            questions=[row.question() for row in form.rows],
            revision=read_number(form.revision.data or "") or 0,
        ),
        lambda _saved: (
            _("The sample form is saved; it is asked from the next booking on."),
            url_for("lab.test_item", item_id=item_id, _anchor="sample-form"),
        ),
        **form.places(),
    )
    if isinstance(answer, Response):
        return answer
    item = common.my_test_item(item_id)
    if answer == 409:
        form.revision.data = str(item.form_revision)
    return render_template("lab/catalogue/sample_form.html", form=form, item=item), answer
