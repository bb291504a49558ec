"""The forms of accounts, firms and members."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import StopValidation

from labshare.accounts.passwords import SHORTEST
from labshare.accounts.terms import Locale
from labshare.kernel.formatting import twin
from labshare.kernel.media import PDF_OR_PICTURES, accept
from labshare.kernel.money import Fen
from labshare.organisations.divisions import DIVISIONS, TOWNS
from labshare.organisations.industries import read_industry
from labshare.organisations.services.bank_accounts import LONGEST
from labshare.organisations.terms import AffiliationKind, FirmKind, FirmRole, SectorName
from labshare.web.forms import (
    BooleanField,
    CreditCodeField,
    DayField,
    FileField,
    Form,
    MoneyField,
    MultipleField,
    OptionalSelectField,
    QueryForm,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    WholeNumberField,
    length,
    optional,
    required,
)


class SecretField(PasswordField):
    """A password: taken exactly as typed."""

    def __init__(self, *args: Any, new: bool = False, **kwargs: Any) -> None:
        kwargs["render_kw"] = {
            "autocomplete": "new-password" if new else "current-password",
            "maxlength": "128",
            **kwargs.get("render_kw", {}),
        }
        kwargs["filters"] = ()
        super().__init__(*args, **kwargs)


class WanField(MoneyField):
    """万元 (10,000 yuan) as people write them, up to two decimals ↔ fen."""

    message = _l("Enter an amount such as 1,234.50.")
    HUNDREDTH = 10_000

    def read(self, text: str) -> Fen:
        return Fen(super().read(text.removesuffix("万元")) * self.HUNDREDTH)

    def written(self, data: Fen) -> str:
        return super().written(Fen(data // self.HUNDREDTH))


def email_field(**given: Any) -> EmailField:
    return EmailField(
        _l("E-mail"), [required(), length(254)], render_kw={"autocomplete": "email", "spellcheck": "false"}, **given
    )


class SignInForm(Form):
    email = email_field()
    password = SecretField(_l("Password"), [required()])


def mobile_field(**given: Any) -> StringField:
    return StringField(
        _l("Mobile number"),
        [required(), length(20)],
        render_kw={"type": "tel", "autocomplete": "tel-national", "inputmode": "tel"},
        **given,
    )


class MobileForm(Form):
    mobile = mobile_field(description=_l("A mainland number, eleven digits."))


class OwnMobileForm(MobileForm):
    present_password = SecretField(_l("Present password"), [required()])


class CodeForm(Form):
    mobile = HiddenField(default="")
    code = StringField(
        _l("Six-digit code"),
        [required(), length(6)],
        render_kw={"class": "ref", "autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "6"},
    )


LONGEST_CODE = 40
"""A recovery code with blanks and dashes."""

APPS_CODE = {"class": "ref", "autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": str(LONGEST_CODE)}
"""How a field takes the six digits of an app, blanks among them."""


class code_or_passkey(required):
    """A code was typed, unless a passkey was used."""

    def __call__(self, form: Any, field: Any) -> None:
        if form.passkey.data:
            raise StopValidation
        super().__call__(form, field)


class FactorCodeForm(Form):
    """A code of the app, or what a passkey signed."""

    passkey = HiddenField(default="")
    code = StringField(
        _l("Code of the app"),
        [code_or_passkey(), length(LONGEST_CODE)],
        description=_l("Six digits, new every thirty seconds."),
        render_kw=APPS_CODE,
    )


class RecoveryCodeForm(FactorCodeForm):
    code = StringField(
        _l("Recovery code"),
        [code_or_passkey(), length(LONGEST_CODE)],
        description=_l("Signs in groups of four. Each code works once."),
        render_kw={
            "class": "ref",
            "autocomplete": "off",
            "autocapitalize": "characters",
            "maxlength": str(LONGEST_CODE),
        },
    )


class EitherCodeForm(Form):
    code = StringField(
        _l("Code of the app, or a recovery code"),
        [required(), length(LONGEST_CODE)],
        render_kw={"class": "ref", "autocomplete": "one-time-code", "maxlength": str(LONGEST_CODE)},
    )


class TurnOffFactorForm(EitherCodeForm):
    present_password = SecretField(_l("Present password"), [required()])


class SetUpFactorForm(Form):
    """The password, or where a factor is replaced a code of the present one, then the new app's code."""

    set_up = HiddenField(default="")
    present_password = SecretField(_l("Present password"), [required()])
    present_code = StringField(
        _l("Code of the present app, or a recovery code"),
        [required(), length(LONGEST_CODE)],
        render_kw={"class": "ref", "autocomplete": "off", "maxlength": str(LONGEST_CODE)},
    )
    code = StringField(
        _l("Code that the app shows now"),
        [required(), length(LONGEST_CODE)],
        render_kw=APPS_CODE,
    )


class AddPasskeyForm(Form):
    """Who has no second factor yet gives the password, too; `passkey` is what the browser made."""

    passkey = HiddenField(default="")
    name = StringField(
        _l("Name of the passkey"),
        [required(), length(40)],
        description=_l("By which you know the device, such as “Phone” or “Key at work”."),
    )
    present_password = SecretField(_l("Present password"), [required()])


class NameForm(Form):
    name = StringField(_l("Your name"), [required(), length(80)], render_kw={"autocomplete": "name"})


class SignUpForm(NameForm):
    email = email_field(description=_l("A link to choose a password goes to this address."))


class ForgotForm(Form):
    email = email_field()


class PasswordForm(Form):
    password = SecretField(
        _l("New password"),
        [required()],
        new=True,
        description=_l("At least %(n)s characters. A few words in a row are easy to keep in mind.", n=SHORTEST),
    )


class ChangePasswordForm(Form):
    present_password = SecretField(_l("Present password"), [required()])
    password = SecretField(_l("New password"), [required()], new=True, description=_l("At least 12 characters."))


class JoinForm(NameForm, PasswordForm):
    """The name first, on the page and in the list of what is wrong."""


class AccountForm(NameForm):
    locale = RadioField(
        _l("Language of pages and mails"),
        choices=[*((one, one.own_name) for one in Locale), ("", _l("Same as browser"))],
        default="",
    )


def town_choices() -> list[tuple[str, str]]:
    return [(town.code, twin(town)) for town in TOWNS.values()]


def division_choices() -> list[tuple[str, str]]:
    return [(one.code, twin(one)) for one in DIVISIONS.values()]


class IndustryField(StringField):
    """What a firm calls its trade ↔ a code of GB/T 4754; proposals come while one types."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            *args, description=_l("Your trade in a word, such as bearings, or a code such as C3451."), **kwargs
        )

    def __call__(self, **more: Any) -> Any:
        asked = {"data-suggest": url_for("account.industries"), "data-suggest-label": _("Industries")}
        return super().__call__(**more, **asked, **{"data-goes-with": "sector"}, autocomplete="off")

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        self.data = read_industry(self.data or "")


class CreditCodeForm(Form):
    """First of a firm's fields, on the page and in the list of what is wrong."""

    uscc = CreditCodeField(_l("Unified social credit code"), [required()])


class FirmForm(Form):
    """What a firm says about itself."""

    name = StringField(_l("Name"), [required(), length(120)], render_kw={"autocomplete": "organization"})
    name_en = StringField(_l("Name in English"), [optional(), length(160)])
    kind = RadioField(_l("Kind"), [required()], choices=FirmKind.choices(), default=FirmKind.ENTERPRISE)
    division = SelectField(_l("County"), [required()], choices=division_choices)
    town = OptionalSelectField(_l("Town"), choices=town_choices, description=_l("For firms of this county."))
    sector = SelectField(
        _l("Sector"),
        [required()],
        default="industry",
        choices=SectorName.choices(),
        description=_l("By the main activity; the size class depends on it."),
    )
    industry = IndustryField(_l("Industry by GB/T 4754"), [optional(), length(30)])
    legal_person = StringField(_l("Legal representative"), [optional(), length(60)])
    registered_on = DayField(_l("Registered on"), [optional()])
    address = StringField(_l("Address"), [optional(), length(200)], render_kw={"autocomplete": "street-address"})
    phone = StringField(_l("Telephone"), [optional(), length(30)], render_kw={"type": "tel", "autocomplete": "tel"})


class BankAccountForm(Form):
    """Another account into which the firm is paid."""

    account = StringField(
        _l("Bank account"),
        [required(), length(LONGEST)],
        render_kw={"class": "ref", "autocomplete": "off", "inputmode": "numeric"},
        description=_l("In the name of the firm, with the bank's own number of the account."),
    )


class FiguresForm(Form):
    """Figures of one closed year, from which the size class is derived."""

    year = WholeNumberField(_l("Figures of the year"), [required()], least=2000, most=2999)
    employees = WholeNumberField(_l("Staff"), [optional()], least=0)
    revenue_fen = WanField(_l("Annual revenue (CNY 10,000)"), [optional()])
    assets_fen = WanField(_l("Total assets (CNY 10,000)"), [optional()])
    proof = FileField(
        _l("Proof"),
        [optional()],
        description=_l(
            "The year's tax return or audit report, PDF, JPEG or PNG, up to 20 MB. A firm that waits for verification "
            "needs none."
        ),
        render_kw=accept(PDF_OR_PICTURES),
    )


LICENCE = FileField(
    _l("Business licence"),
    [optional()],
    description=_l("PDF, JPEG or PNG, up to 20 MB. The administrator checks the details against it."),
    render_kw=accept(PDF_OR_PICTURES),
)


class LicenceForm(Form):
    file = LICENCE


class RegisterFirmForm(CreditCodeForm, FirmForm):
    """The figures are an enterprise's; which of them are needed depends on the sector, and the service says so."""

    year = WholeNumberField(_l("Figures of the year"), [optional()], least=2000, most=2999)
    employees = WholeNumberField(_l("Staff"), [optional()], least=0)
    revenue_fen = WanField(_l("Annual revenue (CNY 10,000)"), [optional()])
    assets_fen = WanField(_l("Total assets (CNY 10,000)"), [optional()])
    licence = LICENCE


class SizeQuery(QueryForm):
    """The figures while they are typed."""

    kind = StringField("")
    sector = StringField("")
    employees = WholeNumberField("", [optional()], least=0)
    revenue_fen = WanField("", [optional()])
    assets_fen = WanField("", [optional()])


class ApprovalForm(Form):
    amount_fen = MoneyField(
        _l("Bookings above this amount need approval (CNY)"),
        [optional()],
        description=_l("Leave empty if none needs approval. Owners and order approvers book any amount themselves."),
    )


class InviteForm(Form):
    email = email_field()
    role = SelectField(_l("Role"), [required()], choices=FirmRole.choices()[::-1])


class RoleForm(Form):
    role = SelectField(_l("Role"), [required()], choices=FirmRole.choices())


RELATIONS = {
    AffiliationKind.CONTROLS: _l("Our firm controls it"),
    "controlled": _l("It controls our firm"),
    **{kind: kind.label for kind in AffiliationKind if kind != AffiliationKind.CONTROLS},
}
"""What a firm says of another one. `controlled` is `controls` the other way."""


class AffiliationForm(Form):
    other_uscc = CreditCodeField(_l("Credit code of the other firm"), [required()])
    kind = SelectField(_l("Kind"), [required()], choices=list(RELATIONS.items()))
    valid_from = DayField(_l("Since"), [required()])
    valid_to = DayField(_l("Until"), [optional()], description=_l("This day included; empty while it holds."))
    note = TextAreaField(_l("Note"), [optional(), length(300)])


class EndAffiliationForm(Form):
    valid_to = DayField(_l("Last day"), [required()])
    reason = TextAreaField(_l("Reason"), [optional(), length(300)])


class AskEndForm(Form):
    valid_to = DayField(_l("Last day"), [required()])
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(300)])


class ObjectForm(Form):
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(500)])


class MailsForm(Form):
    """The topics of which mails come; the choices are those that may reach the person."""

    topics = MultipleField(_l("Mails about"))


class FeedForm(Form):
    """The choices are the reader's own bookings, the firm's, its labs and their instruments."""

    of = SelectField(_l("Shows"), [required()])
    name = StringField(_l("What it is for"), [optional(), length(60)])


class TokenForm(Form):
    name = StringField(_l("What it is for"), [required(), length(60)])
    writes = BooleanField(_l("It may also write, not only read"))
