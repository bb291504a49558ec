"""The administrators' forms."""

from flask import current_app
from flask_babel import lazy_gettext as _l

from labshare.kernel.terms import OfficialRole
from labshare.organisations.terms import FirmKind, FirmState, SizeClass
from labshare.web.account.forms import email_field, town_choices
from labshare.web.forms import (
    Form,
    OptionalSelectField,
    QueryForm,
    SelectField,
    StringField,
    TextAreaField,
    length,
    optional,
    required,
)


class FirmFilterForm(QueryForm):
    q = StringField(_l("Name or credit code"), [optional(), length(120)])
    state = OptionalSelectField(_l("State"), choices=FirmState.choices(), blank=_l("All"))
    kind = OptionalSelectField(_l("Kind"), choices=FirmKind.choices(), blank=_l("All"))
    size_class = OptionalSelectField(_l("Size class"), choices=SizeClass.choices(), blank=_l("All"))
    town = OptionalSelectField(_l("Town"), choices=town_choices, blank=_l("All"))


class ReturnForm(Form):
    reason = TextAreaField(_l("What is to be corrected"), [required(), length(500)])


class RefuseForm(Form):
    reason = TextAreaField(_l("What is wrong, and what would prove it"), [required(), length(300)])


class SizeForm(Form):
    size_class = SelectField(_l("Size class"), [required()], choices=SizeClass.choices())
    reason = StringField(_l("Reason"), [required(), length(200)])


class AccountFilterForm(QueryForm):
    q = StringField(_l("Name or e-mail"), [optional(), length(120)])


class DisableForm(Form):
    reason = StringField(_l("Reason"), [required(), length(200)])


class TakeOffForm(Form):
    reason = StringField(
        _l("How you know that it is the person"),
        [required(), length(200)],
        description=_l("Such as: called back on the number on file."),
    )


class ProposeForm(Form):
    email = email_field(description=_l("The person needs an account."))
    role = SelectField(_l("Role"), [required()], choices=OfficialRole.choices())
    division = StringField(
        _l("Division"),
        [optional(), length(6)],
        default=lambda: str(current_app.config["DIVISION"]),
        description=_l(
            "Code of the county (such as 330624), of the city (3306) or of the province (33); empty: the whole "
            "platform. An administrator's role is always for the whole platform."
        ),
    )
