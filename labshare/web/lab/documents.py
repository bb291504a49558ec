"""The lab's forms for documents: report, invoice, red letter, payment, refund; withdrawing a report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, ClassVar, TypeVar

from flask import current_app, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response
from wtforms.validators import StopValidation

from labshare.booking.models import Booking
from labshare.booking.queries.bookings import booking_head
from labshare.booking.queries.marks import Certificate
from labshare.http.actor import current_actor
from labshare.http.rights import THE_BOOKING, THE_REPORT, requires
from labshare.kernel.errors import InvalidInput, Problem
from labshare.kernel.formatting import day, plain_amount, plain_money
from labshare.kernel.media import PDF_OR_PICTURES, RAW, accept
from labshare.kernel.money import Fen, round_half_up, total
from labshare.kernel.time import local_day, utc_now
from labshare.settlement import services
from labshare.settlement.errors import ReferenceUsedBefore
from labshare.settlement.files import Kinds, TakenFile, take_in
from labshare.settlement.queries.bank import UsedBefore, same_reference
from labshare.settlement.queries.documents import BookingDocuments, documents_of
from labshare.settlement.queries.missing import to_invoice_with, to_pay_with
from labshare.settlement.queries.report_files import marks_ordered
from labshare.settlement.queries.reports import certificates_for, get_report, next_report_number
from labshare.settlement.rules.invoice_numbers import LONGEST_TYPED
from labshare.settlement.services.payments import REFERENCE_LENGTH
from labshare.settlement.services.reports import NUMBER_LENGTH, REASON_LENGTH
from labshare.settlement.terms import DocumentKind
from labshare.web.documents import booking_href
from labshare.web.forms import (
    BooleanField,
    CreditCodeField,
    DayField,
    FileField,
    FilesField,
    Form,
    MoneyField,
    MultipleField,
    OptionalSelectField,
    SelectField,
    StringField,
    TextAreaField,
    begin_at,
    length,
    optional,
    required,
    show_problem,
)
from labshare.web.lab import blueprint
from labshare.web.lab.originals import WithOriginal, fill_in
from labshare.web.steps import pressed

PROPOSED_TAX_PERCENT = 6
"""VAT of testing services: the tax that the form proposes; the invoice decides."""

_PDF_ONLY = {"accept": "application/pdf"}
_PDF_OR_PICTURES = accept(PDF_OR_PICTURES)
_HINT_PDF = _l("PDF, up to 20 MB.")
NUMBER_HINT = _l("20 digits (fully digital), or the code of 10 or 12 digits and the number of 8.")
_HINT_DOCUMENT = _l("PDF, JPEG or PNG, up to 20 MB.")


OfSeveral = TypeVar("OfSeveral", bound="OverSeveral")


def _says_why(form: Any, field: Any) -> None:
    if form.replaces.data is not None and not (field.data or "").strip():
        raise StopValidation(_("Give a reason."))


class ReportForm(Form):
    number = StringField(_l("Report number"), [required(), length(NUMBER_LENGTH)], render_kw={"class": "ref"})
    issued_on = DayField(_l("Date of the report"), [required()])
    standard = OptionalSelectField(_l("Tested by standard"), blank=_l("Not said"))
    marks = MultipleField(_l("Marks on the report"))
    replaces = OptionalSelectField(_l("Replaces"), coerce=int, blank=_l("No other report"))
    why = TextAreaField(
        _l("Why it replaces that report"), [length(REASON_LENGTH), _says_why], description=_l("The client reads it.")
    )
    file = FileField(_l("Report file"), [required(_l("Choose a file."))], description=_HINT_PDF, render_kw=_PDF_ONLY)
    raw = FilesField(
        _l("Raw data"),
        [optional()],
        description=_l("CSV, TXT, XLSX, ZIP, PDF or pictures, at most 10; the client can download them."),
        render_kw={"accept": ",".join(RAW)},
    )


class WithdrawForm(Form):
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(REASON_LENGTH)])


class OverSeveral(Form):
    """Fields for each other booking of the client that the paper may be about: its `parts` with their labels, named
    with its id."""

    others: Sequence[Booking] = ()
    parts: ClassVar[Mapping[str, Any]] = {"amount": _l("Amount (CNY)")}

    def amounts(self) -> list[tuple[Booking, Any]]:
        """Of each other booking its fields."""
        return [(each, [self[f"{part}_{each.id}"] for part in self.parts]) for each in self.others]

    @property
    def covers_others(self) -> bool:
        """Something stands in these fields, right or wrong."""
        return any(field.raw_data and any(field.raw_data) for _each, fields in self.amounts() for field in fields)


class InvoiceForm(WithOriginal, OverSeveral):
    number = StringField(
        _l("Invoice number"),
        [required(), length(LONGEST_TYPED)],
        description=NUMBER_HINT,
        render_kw={"class": "ref", "inputmode": "numeric"},
    )
    issued_on = DayField(_l("Date of the invoice"), [required()])
    amount_fen = MoneyField(_l("Amount (CNY), tax included"), [required()])
    tax_fen = MoneyField(_l("Of which VAT (CNY)"), [required()])

    parts: ClassVar[Mapping[str, Any]] = {
        "amount": _l("Amount (CNY), tax included"),
        "tax": _l("Of which VAT (CNY)"),
    }

    def shares(self) -> Iterator[tuple[Booking, services.Share]]:
        """Of those that were filled in."""
        for booking, (amount, tax) in self.amounts():
            if amount.data is not None or tax.data is not None:
                yield booking, services.Share(ref=booking.ref, amount_fen=amount.data or 0, tax_fen=tax.data or 0)


class RedLetterForm(WithOriginal):
    reverses = SelectField(_l("Invoice reversed"), coerce=int, validate_choice=False)
    number = StringField(
        _l("Number of the red-letter invoice"),
        [required(), length(LONGEST_TYPED)],
        description=NUMBER_HINT,
        render_kw={"class": "ref", "inputmode": "numeric"},
    )
    issued_on = DayField(_l("Date of the invoice"), [required()])
    amount_fen = MoneyField(
        _l("Amount taken off (CNY)"), [required()], description=_l("Without a minus sign, tax included.")
    )
    tax_fen = MoneyField(_l("Of which VAT (CNY)"), [required()])


class PaymentForm(OverSeveral):
    amount_fen = MoneyField(_l("Amount received (CNY)"), [required()])
    paid_on = DayField(_l("Received on"), [required()])
    reference = StringField(_l("Bank reference"), [required(), length(REFERENCE_LENGTH)], render_kw={"class": "ref"})
    payer_uscc = CreditCodeField(
        _l("Payer's credit code"),
        [required()],
        description=_l("If the payer is not the client, the payment counts once an officer accepts it."),
    )
    file = FileField(_l("Bank slip"), [optional()], description=_HINT_DOCUMENT, render_kw=_PDF_OR_PICTURES)
    again = BooleanField(_l("Record it all the same"))

    def shares(self) -> list[tuple[Booking, Fen]]:
        """Of those that were filled in."""
        return [(booking, amount.data) for booking, (amount,) in self.amounts() if amount.data is not None]


class RefundForm(Form):
    amount_fen = MoneyField(_l("Amount refunded (CNY)"), [required()], description=_l("Without a minus sign."))
    paid_on = DayField(_l("Refunded on"), [required()])
    reference = StringField(_l("Bank reference"), [required(), length(REFERENCE_LENGTH)], render_kw={"class": "ref"})
    payer_uscc = CreditCodeField(
        _l("Receiver's credit code"),
        [required()],
        description=_l("If the receiver is not the client, the refund counts once an officer accepts it."),
    )
    file = FileField(_l("Bank slip"), [optional()], description=_HINT_DOCUMENT, render_kw=_PDF_OR_PICTURES)
    again = BooleanField(_l("Record it all the same"))


def _taken(field: Any, kinds: Kinds) -> TakenFile | None:
    """The uploaded file, examined and kept, before the transaction begins."""
    upload: FileStorage | None = field.data
    if not upload or not upload.filename:
        return None
    return take_in(upload.stream, upload.filename, kinds, now=utc_now())


def _today() -> date:
    return local_day(utc_now())


def _opened(ref: str) -> tuple[Booking, BookingDocuments]:
    """The booking and its papers. Raises `NotFound`."""
    booking = booking_head(current_actor(), ref)
    return booking, documents_of(booking, _today())


def _submitted(
    form: Form,
    ref: str,
    record: Callable[[TakenFile | None], str],
    kinds: Kinds = "document",
    places: Mapping[str, str] | None = None,
) -> Response | int:
    """Read the form, take its file in, record. Gives the way to the booking or, if something is wrong, the status.

    A file that is wrong is told even where the rest of the form could not be read.
    """
    valid = form.validate()
    if isinstance(form, WithOriginal):
        file = form.taken()
    else:
        file = _taken(form.file, kinds) if "file" in form else None
    if not valid:
        if file is not None and file.problem is not None:
            show_problem(form, file.problem)
        return InvalidInput.status
    answer = pressed(lambda: record(file), lambda message: (message, _onward(ref)))
    return show_problem(form, answer, **(places or {})) if isinstance(answer, Problem) else answer


def _onward(ref: str) -> str:
    """The form of the document wanted next, or the list of what is missing, where its button was pressed; else the
    booking."""
    then = request.form.get("then")
    if then == "list":
        return url_for("lab.missing_documents")
    kind = DocumentKind.known(then)
    return url_for(f"lab.record_{kind}", ref=ref) if kind else booking_href(ref, current_actor())


def _page(*, name: str, form: Form, ref: str, documents: BookingDocuments, status: int = 200, **more: Any) -> Any:
    """The form with the booking's money beside it, read anew after a refusal."""
    if status != 200:
        _booking, documents = _opened(ref)
    booking = documents.booking
    page = render_template(
        f"lab/documents/{name}.html",
        form=form,
        booking=booking,
        documents=documents,
        booking_url=booking_href(ref, current_actor()),
        upload_limit=current_app.config["UPLOAD_LIMIT"],
        **more,
    )
    return page, status


def _tax_in(amount_fen: Fen) -> int:
    """The tax to propose for an amount that includes it."""
    return round_half_up(Fraction(max(0, amount_fen) * PROPOSED_TAX_PERCENT, 100 + PROPOSED_TAX_PERCENT))


@blueprint.route("/bookings/<ref>/report", methods=["GET", "POST"])
@requires("report.record", of=THE_BOOKING, verb="report.record", file=True)
def record_report(ref: str) -> Any:
    """Upload a report; its number is proposed. `?replaces=` names the report that it corrects."""
    booking, documents = _opened(ref)
    form = ReportForm()
    answer: Response | int = 200
    certificates = certificates_for(booking) if booking.finished_on else []
    _offer_report(form, documents, certificates)
    if request.method == "GET":
        form.issued_on.data = _today()
        form.replaces.data = request.args.get("replaces", type=int)
    else:
        raw = [take_in(each.stream, each.filename, "raw", now=utc_now()) for each in form.raw.data or ()]

        def record(file: TakenFile | None) -> str:
            services.record_report(
                actor=current_actor(),
                now=utc_now(),
                ref=ref,
                number=form.number.data,
                issued_on=form.issued_on.data,
                replaces=form.replaces.data,
                why=form.why.data,
                standard=form.standard.data,
                marks=form.marks.data or (),
                raw=raw,
                file=file,
            )
            return _("Report %(number)s is recorded; the client is told.", number=form.number.data)

        answer = _submitted(form, ref, record, "pdf")
    if isinstance(answer, Response):
        return answer
    proposed = next_report_number(booking.lab, (form.issued_on.data or _today()).year)
    if request.method == "GET":
        form.number.data = proposed
    return _page(
        name="report",
        form=form,
        ref=ref,
        documents=documents,
        status=answer,
        proposed=proposed,
        bare=sorted(marks_ordered(booking) - {each.kind for each in certificates}),
    )


def _offer_report(form: ReportForm, documents: BookingDocuments, certificates: Sequence[Certificate]) -> None:
    """What can be chosen: reports to replace, the item's standards, and the marks that the accreditations allow."""
    booking = documents.booking
    standards = {each.id: each.number for each in booking.test_item.standards}
    form.replaces.choices = [(line.report.id, line.report.number) for line in documents.reports if not line.successor]
    form.standard.choices = [(number, number) for number in standards.values()]
    covered: dict[tuple[str, str], list[str]] = {}
    for each in certificates:
        covered.setdefault((each.kind, each.number), []).append(standards[each.standard_id])
    form.marks.choices = [
        (kind, f"{kind} {number} ({', '.join(sorted(by))})") for (kind, number), by in sorted(covered.items())
    ]
    if booking.finished_on:
        form.issued_on.description = _("Not before %(day)s, the day the test ended.", day=day(booking.finished_on))
    if request.method == "GET":
        form.standard.data = next(iter(standards.values())) if len(standards) == 1 else None
        form.marks.data = sorted(marks_ordered(booking) & {kind for kind, _number in covered})


@blueprint.route("/reports/<int:report_id>/withdraw", methods=["GET", "POST"])
@requires("report.record", of=THE_REPORT)
def withdraw_report(report_id: int) -> Any:
    """Withdraw a report, with a reason. From today on it stands no longer."""
    report = get_report(report_id)
    ref, number = report.booking.ref, report.number
    _booking, documents = _opened(ref)
    form = WithdrawForm()
    answer: Response | int = 200
    if request.method == "POST":

        def record(_file: TakenFile | None) -> str:
            services.withdraw_report(actor=current_actor(), now=utc_now(), report_id=report_id, reason=form.reason.data)
            return _("Report %(number)s is withdrawn; the client is told.", number=number)

        answer = _submitted(form, ref, record)
    if isinstance(answer, Response):
        return answer
    return _page(name="withdraw", form=form, ref=ref, documents=documents, status=answer, report_id=report_id)


@blueprint.route("/bookings/<ref>/invoice", methods=["GET", "POST"])
@requires("invoice.record", of=THE_BOOKING, verb="invoice.record", file=True)
def record_invoice(ref: str) -> Any:
    """An invoice for this booking and, if it covers them too, others of the same client."""
    booking, documents = _opened(ref)
    others = to_invoice_with(current_actor(), booking)
    form = _over_several(InvoiceForm, others)
    answer: Response | int = 200
    if request.method == "GET":
        form.issued_on.data = _today()
        form.amount_fen.data = max(0, documents.to_invoice_fen)
        form.tax_fen.data = _tax_in(documents.to_invoice_fen)
        begin_at(form.number)
    elif "fill" in request.form:
        answer = fill_in(form, booking)
    else:
        places: dict[str, str] = {}

        def record(file: TakenFile | None) -> str:
            also = list(form.shares())
            for place, (each, _share) in enumerate(also):
                places[f"also-{place}-amount_fen"] = f"amount_{each.id}"
                places[f"also-{place}-tax_fen"] = f"tax_{each.id}"
            invoice = services.record_invoice(
                actor=current_actor(),
                now=utc_now(),
                ref=ref,
                number=form.number.data,
                issued_on=form.issued_on.data,
                amount_fen=form.amount_fen.data,
                tax_fen=form.tax_fen.data,
                file=file,
                also=[share for _booking, share in also],
            )
            return _("Invoice %(number)s is recorded; the client is told.", number=invoice.number)

        answer = _submitted(form, ref, record, places=places)
    if isinstance(answer, Response):
        return answer
    return _page(name="invoice", form=form, ref=ref, documents=documents, status=answer, tax_in=_tax_in)


def _over_several(kind: type[OfSeveral], others: Sequence[Booking]) -> OfSeveral:
    """The form with fields for each other booking that the paper may be about."""
    fields: dict[str, Any] = {"others": others}
    for each in others:
        fields |= {f"{part}_{each.id}": MoneyField(label, [optional()]) for part, label in kind.parts.items()}
    form: OfSeveral = type(f"{kind.__name__}OfClient", (kind,), fields)()
    return form


@blueprint.route("/bookings/<ref>/red-letter", methods=["GET", "POST"])
@requires("invoice.record", of=THE_BOOKING, verb="invoice.record", file=True)
def record_red_letter(ref: str) -> Any:
    """A red letter that takes an invoice back, wholly or in part."""
    _booking, documents = _opened(ref)
    form = RedLetterForm()
    answer: Response | int = 200
    form.reverses.choices = [
        (each.line.id, f"{each.invoice.number} · {plain_amount(each.left.amount_fen)}") for each in documents.reversible
    ]
    if request.method == "GET":
        form.issued_on.data = _today()
        if documents.reversible:
            left = documents.reversible[0].left
            form.amount_fen.data, form.tax_fen.data = left.amount_fen, left.tax_fen
    elif "fill" in request.form:
        answer = fill_in(form, documents.booking)
    else:

        def record(file: TakenFile | None) -> str:
            invoice = services.record_red_letter(
                actor=current_actor(),
                now=utc_now(),
                ref=ref,
                number=form.number.data,
                issued_on=form.issued_on.data,
                amount_fen=form.amount_fen.data,
                tax_fen=form.tax_fen.data,
                reverses=form.reverses.data,
                file=file,
            )
            return _("Red-letter invoice %(number)s is recorded; the client is told.", number=invoice.number)

        answer = _submitted(form, ref, record)
    if isinstance(answer, Response):
        return answer
    return _page(name="red_letter", form=form, ref=ref, documents=documents, status=answer)


@blueprint.route("/bookings/<ref>/payment", methods=["GET", "POST"])
@requires("payment.record", of=THE_BOOKING, verb="payment.record", file=True)
def record_payment(ref: str) -> Any:
    """Money received, from the client or, once accepted, from somebody else."""
    form = _over_several(PaymentForm, to_pay_with(current_actor(), booking_head(current_actor(), ref)))
    return _money_form(ref, form, services.record_payment, name="payment")


@blueprint.route("/bookings/<ref>/refund", methods=["GET", "POST"])
@requires("payment.record", of=THE_BOOKING, verb="payment.record", file=True)
def record_refund(ref: str) -> Any:
    """Money given back."""
    return _money_form(ref, RefundForm(), services.record_refund, name="refund")


def _money_form(ref: str, form: PaymentForm | RefundForm, service: Callable[..., Any], *, name: str) -> Any:
    booking, documents = _opened(ref)
    answer: Response | int = 200
    used: Sequence[UsedBefore] = ()
    places: dict[str, str] = {}
    if request.method == "POST" and form.reference.data and not form.again.data:
        used = same_reference(booking, form.reference.data, submission=form.submission_key)
    if request.method == "GET":
        form.paid_on.data = _today()
        form.payer_uscc.data = booking.client.uscc
        if name == "payment":
            form.amount_fen.data = max(0, documents.to_pay_fen)
            begin_at(form.reference)
    else:

        def record(file: TakenFile | None) -> str:
            if used:
                raise ReferenceUsedBefore
            also = form.shares() if isinstance(form, PaymentForm) else []
            for place, (each, _fen) in enumerate(also):
                places[f"also-{place}-amount_fen"] = f"amount_{each.id}"
            more = {"also": [(each.ref, fen) for each, fen in also]} if also else {}
            payment = service(
                actor=current_actor(),
                now=utc_now(),
                ref=ref,
                amount_fen=form.amount_fen.data,
                paid_on=form.paid_on.data,
                reference=form.reference.data,
                payer_uscc=form.payer_uscc.data,
                file=file,
                submission=form.submission_key,
                **more,
            )
            if not payment.by_client:
                return _("Recorded. It counts once an officer accepts the payer.")
            if payment.amount_fen > 0:
                whole = total([payment.amount_fen, *(fen for _each, fen in also)])
                return _("The payment of %(amount)s is recorded.", amount=plain_money(whole))
            return _("The refund of %(amount)s is recorded.", amount=plain_money(-payment.amount_fen))

        answer = _submitted(form, ref, record, places=places)
    if isinstance(answer, Response):
        return answer
    return _page(
        name="payment", form=form, ref=ref, documents=documents, status=answer, refund=name == "refund", used=used
    )
