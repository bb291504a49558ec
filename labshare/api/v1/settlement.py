"""Reports, invoices, payments, the ledger: thin adapters over the settlement room's services."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, ClassVar

import marshmallow as ma
from flask import request
from flask_babel import lazy_gettext as _l
from flask_smorest.fields import Upload
from marshmallow.validate import OneOf

from labshare.api.v1.base import ListQuery, RoomBlueprint, after, files_sent, listed
from labshare.api.v1.booking import IDENTITY, ReasonBody
from labshare.api.writing import writing
from labshare.booking.models import Booking
from labshare.booking.queries.bookings import get_booking
from labshare.booking.rules.lifecycle import ACTIONS
from labshare.catalogue.queries.admissions import county_of
from labshare.catalogue.queries.single import get_lab_by_code
from labshare.http.actor import current_actor
from labshare.http.fields import MESSAGES, Day, Fen, Length, Many, MonthField, Names, Spelt, Strict, Text, Whole, YesNo
from labshare.http.limits import limited
from labshare.http.rights import (
    FOUND,
    OWN_LABS,
    THE_BOOKING,
    THE_CLIENT,
    THE_REPORT,
    Of,
    parties_of_booking,
    public,
    requires,
)
from labshare.http.schemas import settlement as schemas
from labshare.http.schemas.base import listing
from labshare.kernel.errors import NotFound
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.settlement import services
from labshare.settlement.errors import RefundOfSeveral
from labshare.settlement.files import Kinds, TakenFile
from labshare.settlement.models import Invoice, Payment
from labshare.settlement.queries import registers
from labshare.settlement.queries.accounts import account_with_client, days_of_account, letters
from labshare.settlement.queries.documents import line_of_invoice, numbers_of_lines
from labshare.settlement.queries.doubles import Elsewhere, elsewhere, ref_of_double
from labshare.settlement.queries.ledger import ledger_entries
from labshare.settlement.queries.proofs import prove
from labshare.settlement.rules.invoice_numbers import LONGEST_TYPED
from labshare.settlement.services.holds import NOTE_LENGTH
from labshare.settlement.services.ledger import ref_of
from labshare.settlement.terms import DocumentKind, DoubleVerdict

blueprint = RoomBlueprint("settlement", "Reports, invoices, payments, the revenue ledger")
THE_DOUBLE = Of("double in the address", lambda actor, double_id: parties_of_booking(actor, ref_of_double(double_id)))
THE_PAYMENT = Of(
    "payment in the address", lambda actor, payment_id: parties_of_booking(actor, ref_of(Payment, payment_id))
)


class ReportForm(Strict):
    number = Text(load_default=None, validate=Length(1, 40))
    issued_on = Day(required=True)
    replaces = Whole(load_default=None, validate=IDENTITY)
    why = Text(load_default=None, validate=Length(max=500))
    standard = Text(load_default=None, validate=Length(1, 60))
    marks = Many(Text(validate=Length(1, 4)), load_default=())


class ProofQuery(Names):
    number = Text(required=True, validate=Length(1, 60))
    code = Text(required=True, validate=Length(1, 60))


class FileForm(Names):
    file = Upload(required=True, error_messages=MESSAGES)


class ReportUpload(ReportForm, FileForm):
    """What `ReportForm` and `FileForm` take together, and raw data."""

    raw = ma.fields.List(Upload(), data_key="raw[]", error_messages=MESSAGES)


class InvoiceName(Spelt):
    """An invoice, by its number or its id."""

    described: ClassVar[dict[str, Any]] = {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}

    default_error_messages: ClassVar[dict[str, Any]] = MESSAGES | {"invalid": _l("The number or the id of an invoice.")}

    def read(self, sent: Any) -> str:
        name = str(sent).strip() if isinstance(sent, str | int) and not isinstance(sent, bool) else ""
        if not 1 <= len(name) <= 30 or not name.isprintable():
            raise self.make_error("invalid")
        return name


class InvoiceBody(Strict):
    number = Text(required=True, validate=Length(1, LONGEST_TYPED))
    amount_fen = Fen(required=True)
    tax_fen = Fen(required=True)
    issued_on = Day(required=True)
    reverses = InvoiceName(load_default=None, allow_none=True)


class PaymentBody(Strict):
    amount_fen = Fen(required=True)
    paid_on = Day(required=True)
    reference = Text(required=True, validate=Length(1, 60))
    payer_uscc = Text(required=True, validate=Length(1, 18))


class PaymentShare(Strict):
    """What of the transfer is for another booking of the client."""

    ref = Text(required=True, validate=Length(1, 20))
    amount_fen = Fen(required=True)


class PaymentsBody(PaymentBody):
    also = Many(ma.fields.Nested(PaymentShare), load_default=list, validate=Length(max=50))


class InvoiceForm(InvoiceBody):
    file = Upload()


class PaymentForm(PaymentBody):
    file = Upload()


class NoteBody(Strict):
    note = Text(load_default="", validate=Length(max=300))


class DecideDoubleBody(Strict):
    verdict = Text(required=True, validate=OneOf(tuple(DoubleVerdict)))
    note = Text(required=True, validate=Length(max=NOTE_LENGTH))


class LedgerQuery(ListQuery):
    month = MonthField(required=True)


class RegisterQuery(ListQuery):
    """`q` is part of a number, bank reference, booking or client; days are both included."""

    q = Text(load_default="", validate=Length(max=100))
    amount_fen = Fen(load_default=None)
    since = Day(load_default=None, data_key="from")
    until = Day(load_default=None, data_key="to")


class InvoicesQuery(RegisterQuery):
    red = YesNo(load_default=False)


class AccountQuery(Names):
    """Days, both included; without, this year's up to today."""

    since = Day(load_default=None, data_key="from")
    until = Day(load_default=None, data_key="to")


class DaysBody(Strict):
    """Days, both included."""

    since = Day(required=True, data_key="from")
    until = Day(required=True, data_key="to")

    @ma.validates_schema
    def in_order(self, data: dict[str, Any], **_more: Any) -> None:
        if data["since"] > data["until"]:
            raise ma.ValidationError({"to": [str(_l("Not before the first day."))]})


REMINDERS = listing(schemas.Reminder)


class RemindersQuery(ListQuery):
    """`received`: letters that came to the own firm as a client, not those that its labs sent."""

    received = YesNo(load_default=False)


class RemindersBody(Strict):
    """`clients`: their credit codes."""

    clients = Many(Text(validate=Length(1, 18)), required=True, validate=Length(1, services.CLIENTS_AT_ONCE))
    pay_by = Day(required=True)


def _upload(
    action: str,
    form: type[Names],
    body: type[Names],
    *,
    kinds: Kinds,
    json: bool = True,
    raw: bool = False,
    verb: str | None = None,
) -> Callable[[Any], Any]:
    """A view that takes a form with its file (and, with `raw`, the raw data beside it), or (`json`) the same names
    without one as JSON, of those who may do this to the booking in its address. It is handed what was sent, read, with
    the raw data among it, and the file; all files examined and kept. `verb`: the service's name, where it is not the
    action's."""
    content = {"multipart/form-data": {"schema": form}}
    if json:
        content["application/json"] = {"schema": body}

    def decorate(view: Any) -> Any:
        @wraps(view)
        def reading(ref: str) -> Any:
            location = "form" if request.form or request.files or not json else "json"
            sent = blueprint.ARGUMENTS_PARSER.parse(body(), request, location=location)
            if not json:
                blueprint.ARGUMENTS_PARSER.parse(FileForm(), request, location="files")
            if raw:
                sent["raw"] = files_sent("raw", "raw")
            return view(sent, _file(kinds), ref)

        admitted = requires(action, of=THE_BOOKING, verb=verb or action, file=True)
        return admitted(blueprint.doc(requestBody={"required": True, "content": content})(reading))

    return decorate


def _file(kinds: Kinds) -> TakenFile | None:
    return next(iter(files_sent("file", kinds)), None)


@blueprint.post("/bookings/<ref>/reports")
@_upload("report.record", ReportUpload, ReportForm, kinds="pdf", json=False, raw=True)
@blueprint.response(201, schemas.Report)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def record_report(body: dict[str, Any], file: TakenFile | None, ref: str) -> Any:
    """Upload a report, raw data beside it if there are any; without a number the next of the lab's series is taken."""
    return services.record_report(actor=current_actor(), now=utc_now(), ref=ref, file=file, **body)


@blueprint.post("/bookings/<ref>/sample-photos")
@_upload(ACTIONS["photo"], FileForm, Strict, kinds="document", json=False, verb="booking.add_photo")
@blueprint.response(201, schemas.SamplePhoto)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def add_sample_photo(_body: dict[str, Any], file: TakenFile | None, ref: str) -> Any:
    """A photo (JPEG, PNG) of the samples as they came, in a form."""
    return services.add_sample_photo(actor=current_actor(), now=utc_now(), ref=ref, photo=file)


@blueprint.post("/reports/<int:report_id>/withdraw")
@requires("report.record", of=THE_REPORT, verb="report.withdraw")
@blueprint.arguments(ReasonBody)
@blueprint.response(200, schemas.Report)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def withdraw_report(body: dict[str, Any], report_id: int) -> Any:
    """A report no longer stands, from today on."""
    return services.withdraw_report(actor=current_actor(), now=utc_now(), report_id=report_id, reason=body["reason"])


@blueprint.get("/reports/verification")
@public
@limited("verify")
@blueprint.arguments(ProofQuery, location="query")
@blueprint.response(200, schemas.Proof)
@blueprint.problems(404, 422)
def verification(query: dict[str, Any]) -> Any:
    """Whether a report is genuine, by its number and its code. A wrong number and a wrong code are answered alike."""
    return prove(number=query["number"], code=query["code"], day=local_day(utc_now()))


@blueprint.post("/bookings/<ref>/invoices")
@_upload("invoice.record", InvoiceForm, InvoiceBody, kinds="original")
@blueprint.response(201, schemas.Invoice)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def record_invoice(body: dict[str, Any], file: TakenFile | None, ref: str) -> Any:
    """Record an invoice; a negative amount is a red letter and names what it reverses. JSON or a form with the file."""
    common = {
        "actor": current_actor(),
        "now": utc_now(),
        "ref": ref,
        "number": body["number"],
        "issued_on": body["issued_on"],
        "file": file,
    }
    if body["amount_fen"] < 0 or body["reverses"] is not None:
        original = line_of_invoice(get_booking(current_actor(), ref), body["reverses"] or "")
        made = services.record_red_letter(
            amount_fen=-body["amount_fen"],
            tax_fen=-body["tax_fen"],
            reverses=original.id if original else None,
            **common,
        )
    else:
        made = services.record_invoice(amount_fen=body["amount_fen"], tax_fen=body["tax_fen"], **common)
    return _invoice(made, get_booking(current_actor(), ref))


@blueprint.post("/bookings/<ref>/payments")
@_upload("payment.record", PaymentForm, PaymentsBody, kinds="document")
@blueprint.response(201, schemas.RecordedPayment)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def record_payment(body: dict[str, Any], file: TakenFile | None, ref: str) -> Any:
    """Record money received; a negative amount is a refund. JSON or a form with the file.

    JSON alone: `also` shares the transfer with other bookings of the client, all or none. Answers the payment of the
    booking in the address."""
    common = {"actor": current_actor(), "now": utc_now(), "ref": ref, "file": file}
    also = [(share["ref"], share["amount_fen"]) for share in body.pop("also")]
    if body["amount_fen"] >= 0:
        return _payment(services.record_payment(**common, **body, also=also))
    if also:
        raise RefundOfSeveral
    body["amount_fen"] = -body["amount_fen"]
    return _payment(services.record_refund(**common, **body))


def _payment(made: Payment) -> dict[str, Any]:
    return {"payment": made, "elsewhere": _elsewhere(made.booking, DocumentKind.PAYMENT, made.id)}


@blueprint.post("/payments/<int:payment_id>/accept-payer")
@requires("payment.accept_payer", of=THE_PAYMENT, verb="payment.accept_payer")
@blueprint.arguments(NoteBody)
@blueprint.response(200, schemas.Payment)
@blueprint.problems(401, 403, 404, 409)
@writing()
def accept_payer(body: dict[str, Any], payment_id: int) -> Any:
    """An officer lets another payer's payment count."""
    return services.accept_payer(actor=current_actor(), now=utc_now(), payment_id=payment_id, note=body["note"])


@blueprint.post("/doubles/<int:double_id>/decide")
@requires("double.decide", of=THE_DOUBLE, verb="double.decide")
@blueprint.arguments(DecideDoubleBody)
@blueprint.response(200, schemas.DoubleDecided)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def decide_double(body: dict[str, Any], double_id: int) -> Any:
    """An officer decides on a document that stands on two bookings; used twice, the later booking is suspended."""
    return services.decide_double(actor=current_actor(), now=utc_now(), double_id=double_id, **body)


@blueprint.get("/labs/<code>/ledger")
@requires("ledger.see", of=FOUND)
@blueprint.arguments(LedgerQuery, location="query")
@blueprint.response(200, listing(schemas.Entry))
@blueprint.problems(401, 404, 422)
def ledger(query: dict[str, Any], code: str) -> Any:
    """The revenue entries of a lab in a month."""
    actor = current_actor()
    lab = get_lab_by_code(actor, code)
    if not may(actor, "ledger.see", lab=lab.firm_id, division=county_of(lab, local_day(utc_now()))):
        raise NotFound
    month: Month = query["month"]
    start, limit = after(query["cursor"]), query["limit"]
    lines = ledger_entries(actor, month, lab_id=lab.id, limit=limit + 1, offset=start)
    return listed(lines[:limit], start + limit if len(lines) > limit else None)


@blueprint.get("/labs/<code>/payments")
@requires("ledger.see", of=FOUND)
@blueprint.arguments(RegisterQuery, location="query")
@blueprint.response(200, listing(schemas.PaymentOfLab))
@blueprint.problems(401, 404, 422)
def payments(query: dict[str, Any], code: str) -> Any:
    """Payments and refunds recorded at a lab of the own firm, the latest first."""
    return _register(registers.payments, query, code)


@blueprint.get("/labs/<code>/invoices")
@requires("ledger.see", of=FOUND)
@blueprint.arguments(InvoicesQuery, location="query")
@blueprint.response(200, listing(schemas.InvoiceOfLab))
@blueprint.problems(401, 404, 422)
def invoices(query: dict[str, Any], code: str) -> Any:
    """Lines of invoices (`red`: of red letters) of a lab of the own firm, the latest first."""
    return _register(partial(registers.invoices, red=query["red"]), query, code)


@blueprint.get("/clients/<uscc>/account")
@requires("ledger.see", of=THE_CLIENT)
@limited("report")
@blueprint.arguments(AccountQuery, location="query")
@blueprint.response(200, schemas.Account)
@blueprint.problems(401, 403, 404, 422, 429)
def account(query: dict[str, Any], uscc: str) -> Any:
    """The statement of account of the own labs' firm with a client, by its credit code; what is overdue today."""
    now = utc_now()
    since, until = days_of_account(local_day(now), query["since"], query["until"])
    return account_with_client(current_actor(), uscc, since, until, now=now)


@blueprint.post("/clients/<uscc>/account/send")
@requires("statement.send", of=THE_CLIENT, verb="statement.send")
@blueprint.arguments(DaysBody)
@blueprint.response(201, schemas.SentStatement)
@blueprint.problems(401, 403, 404, 409, 422)
@writing()
def send_account(body: dict[str, Any], uscc: str) -> Any:
    """Mail the client its statement of account for these days; the same one once a day."""
    return services.send_account(actor=current_actor(), now=utc_now(), client=uscc, **body)


@blueprint.get("/reminders")
@requires("money.see", of=FOUND)
@blueprint.arguments(RemindersQuery, location="query")
@blueprint.response(200, REMINDERS)
@blueprint.problems(401, 422)
def reminders(query: dict[str, Any]) -> Any:
    """Dunning letters, the latest first: those that the own labs' firm sent or, where asked, those that it received."""
    start, limit = after(query["cursor"]), query["limit"]
    found = letters(current_actor(), came=query["received"], limit=limit + 1, offset=start)
    return listed(found[:limit], start + limit if len(found) > limit else None)


@blueprint.post("/reminders")
@requires("reminder.send", of=OWN_LABS, verb="reminder.send")
@blueprint.arguments(RemindersBody)
@blueprint.response(201, REMINDERS)
@blueprint.problems(401, 403, 409, 422)
@writing()
def send_reminders(body: dict[str, Any]) -> Any:
    """Send these clients a letter each over what is overdue and may be asked for, of the level that is next.

    Who has nothing such is passed over."""
    return listed(services.send_reminders(actor=current_actor(), now=utc_now(), **body), None)


def _register(find: Any, query: dict[str, Any], code: str) -> Any:
    actor = current_actor()
    lab = get_lab_by_code(actor, code)
    if lab.firm_id != actor.firm_id:
        raise NotFound
    wanted = registers.Wanted(
        text=query["q"], amount_fen=query["amount_fen"], since=query["since"], until=query["until"], lab_id=lab.id
    )
    start, limit = after(query["cursor"]), query["limit"]
    rows = find(actor, wanted, sort="-day", limit=limit + 1, offset=start).rows
    return listed(rows[:limit], start + limit if len(rows) > limit else None)


def _invoice(of: Invoice, booking: Booking) -> dict[str, Any]:
    reversed_numbers = numbers_of_lines(line.reverses_id for line in of.lines if line.reverses_id)  # type: ignore[attr-defined]
    lines = [{"line": line, "reverses": reversed_numbers.get(line.reverses_id)} for line in of.lines]  # type: ignore[attr-defined]
    return {"invoice": of, "lines": lines, "elsewhere": _elsewhere(booking, DocumentKind.INVOICE, of.id)}


def _elsewhere(booking: Booking, kind: DocumentKind, document_id: int) -> list[Elsewhere]:
    found = elsewhere(booking_id=booking.id, lab_firm_id=booking.lab_firm_id)
    return found.get((kind, document_id), [])
