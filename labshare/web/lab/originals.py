"""The original of an invoice on its form: read, kept while it is filled in, held against the booking (R-PAPER-13)."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from labshare.booking.models import Booking
from labshare.kernel.errors import InvalidInputs, Problem
from labshare.kernel.media import INVOICES, accept
from labshare.kernel.time import utc_now
from labshare.settlement.errors import FileMissing, InvoiceFileSaysNothing
from labshare.settlement.files import TakenFile, path_of, take_in
from labshare.settlement.rules.originals import wrong_parties
from labshare.web.forms import FileField, Form, optional, show_problem
from labshare.web.lab.sealed import opened, sealed

PURPOSE = "original"


class WithOriginal(Form):
    """A form of an invoice with its file, which stays with the form once it was sent."""

    file = FileField(
        _l("Invoice file"),
        [optional()],
        description=_l("XML, OFD or PDF of a fully digital invoice, or a scan (PDF, JPEG, PNG); up to 20 MB."),
        render_kw=accept(INVOICES),
    )
    kept = HiddenField()

    sent_name = ""
    """Of the file that stays."""

    def taken(self) -> TakenFile | None:
        """The file that was sent, else the one that was sent before; examined, before the transaction begins."""
        upload = self.file.data
        if upload and upload.filename:
            file = take_in(upload.stream, upload.filename, "original", now=utc_now())
        elif self.kept.data:
            try:
                before = opened(self.kept.data, PURPOSE)
            except Problem as problem:
                return TakenFile("", problem=problem)
            with path_of(before.sha256).open("rb") as stream:
                file = take_in(stream, before.name, "original", now=utc_now())
        else:
            return None
        self.sent_name = "" if file.problem else file.name
        self.kept.data = "" if file.problem else sealed(file, PURPOSE)
        return file


def fill_in(form: Any, booking: Booking) -> int:
    """Fill the form in with what its file says. Gives the status of the page: what cannot be right is said already."""
    file = form.taken()
    if file is None or file.problem is not None or file.original is None:
        return show_problem(form, FileMissing() if file is None else file.problem or InvoiceFileSaysNothing())
    original = file.original
    for field, value in (
        (form.number, original.number),
        (form.issued_on, original.issued_on),
        (form.amount_fen, None if original.amount_fen is None else abs(original.amount_fen)),
        (form.tax_fen, None if original.tax_fen is None else abs(original.tax_fen)),
    ):
        if value is not None:
            field.data, field.raw_data = value, None
    seller, client = booking.lab_firm, booking.client
    problems = [*wrong_parties(original, seller=(seller.uscc, seller.name), buyer=(client.uscc, client.name))]
    return show_problem(form, InvalidInputs(problems)) if problems else 200
