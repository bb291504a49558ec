"""The lab's registers: payments, invoices, red letters, with filters in the address; as files too."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import Optional

from labshare.catalogue.models import Lab
from labshare.catalogue.queries.own import lab_choices
from labshare.http.actor import current_actor
from labshare.http.downloads import capped, download_rows
from labshare.http.limits import limited
from labshare.http.rights import OWN_LABS, requires
from labshare.http.schemas.base import Answer
from labshare.http.schemas.settlement import InvoiceOfLab, PaymentOfLab
from labshare.kernel.tables import FORMATS, yuan
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.settlement.queries import registers
from labshare.settlement.queries.registers import Register, Wanted
from labshare.settlement.terms import PaymentsShown
from labshare.web.asked import asked_order, asked_page
from labshare.web.documents import booking_href
from labshare.web.forms import DayField, MoneyField, OptionalSelectField, QueryForm, StringField
from labshare.web.lab import blueprint

MOST_ROWS = 50_000
Find = Callable[..., Register]


class RegisterForm(QueryForm):
    q = StringField(_l("Number, booking, client"))
    amount = MoneyField(_l("Amount (CNY)"), validators=[Optional()])
    since = DayField(_l("From"), name="from", validators=[Optional()])
    until = DayField(_l("To"), name="to", validators=[Optional()])
    lab = OptionalSelectField(_l("Lab"), blank=_l("All labs"), choices=[], validate_choice=False)


class PaymentsForm(RegisterForm):
    shown = OptionalSelectField(_l("Show"), choices=PaymentsShown.choices(), blank=_l("All"))


@blueprint.get("/payments")
@requires("ledger.see", of=OWN_LABS)
@limited("report")
def payments() -> Any:
    """Payments and refunds."""
    form = PaymentsForm()
    shown = PaymentsShown.known(form.shown.data)
    return _register("payments", form, registers.payments, PaymentOfLab(), name=_("Payments"), shown=shown)


@blueprint.get("/invoices")
@requires("ledger.see", of=OWN_LABS)
@limited("report")
def invoices() -> Any:
    """Invoices, a line for each booking that they cover."""
    return _invoices("invoices", name=_("Invoices"), red=False)


@blueprint.get("/red-letters")
@requires("ledger.see", of=OWN_LABS)
@limited("report")
def red_letters() -> Any:
    """Red-letter invoices with what they take back."""
    return _invoices("red-letters", name=_("Red-letter invoices"), red=True)


def _invoices(here: str, *, name: str, red: bool) -> Any:
    return _register(here, RegisterForm(), partial(registers.invoices, red=red), InvoiceOfLab(), name=name)


def _register(
    here: str, form: RegisterForm, find: Find, answer: Answer, *, name: str, shown: PaymentsShown | None = None
) -> Any:
    """The page or, where the address asks for one, the file."""
    actor = current_actor()
    labs = lab_choices(actor.firm_id)
    form.lab.choices = [(lab.code, lab.code) for lab in labs]
    wanted, sort = _wanted(form, labs, shown), asked_order("-day")
    kind = request.args.get("format")
    if kind in FORMATS:
        return _file(find(actor, wanted, sort=sort, limit=MOST_ROWS + 1), answer, here=here, name=name, kind=kind)
    page = asked_page()
    found = find(actor, wanted, sort=sort, limit=page.size, offset=page.offset)
    return render_template(
        "lab/documents/register.html",
        here=here,
        name=name,
        form=form,
        labs=labs,
        found=found,
        sort=sort,
        payments=here == "payments",
        may_record=may(actor, "payment.record", lab=actor.firm_id),
        page=page.of(found.count),
        booking_href=partial(booking_href, actor=actor),
    )


def _wanted(form: RegisterForm, labs: Sequence[Lab], shown: PaymentsShown | None) -> Wanted:
    return Wanted(
        text=form.q.data or "",
        amount_fen=form.amount.data,
        since=form.since.data,
        until=form.until.data,
        lab_id=next((lab.id for lab in labs if lab.code == form.lab.data), None),
        shown=shown,
    )


def _file(found: Register, answer: Answer, *, here: str, name: str, kind: str) -> Any:
    sums = {"amount_fen": yuan(found.amount_fen), "tax_fen": yuan(found.tax_fen)}
    total = [sums.get(column, "") for column in answer.columns]
    total[0] = _("Total")
    rows = capped([answer.cells(row) for row in found.rows], MOST_ROWS)
    return download_rows(f"{here}-{local_day(utc_now())}", answer.head(), rows, kind, sheet=name, total=total)
