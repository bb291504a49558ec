"""Statements of banks: import, what each line is for, and recording it (R-BANK)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import number, plain_money
from labshare.kernel.money import Fen
from labshare.kernel.sheets import ReadSheet
from labshare.kernel.time import local_day, utc_now
from labshare.settlement import services
from labshare.settlement.bank import BankLine, BankStatement
from labshare.settlement.queries import bank
from labshare.settlement.queries.doubles import doubled
from labshare.settlement.rules.bank_sheets import BANK, own_account, read_statement
from labshare.settlement.rules.lists import Layout
from labshare.settlement.terms import BankLines, DocumentKind
from labshare.web.asked import asked_choice, asked_page, read_number
from labshare.web.documents import booking_href
from labshare.web.forms import CreditCodeField, Form, required
from labshare.web.lab import blueprint
from labshare.web.lab.lists import (
    AmountsForm,
    AsideForm,
    ListPages,
    amounts_form,
    check_page,
    field_value,
    keep_upload,
    offered,
    own_row,
    table_field,
    undone_text,
)
from labshare.web.steps import carry_out, posted


def _source(sheet: ReadSheet, layout: Layout | None) -> str:
    return field_value("account") or own_account(sheet, layout)


def _known(actor: Actor, source: str, rows: Sequence[Any]) -> int:
    return len(bank.known_marks(actor, source, [row.mark for row in rows]))


def _take_in(source: str, **given: Any) -> tuple[Any, int]:
    return services.import_statement(actor=current_actor(), now=utc_now(), account=source, **given)


PAGES = ListPages(
    columns=BANK,
    page="lab.bank_lines",
    check="lab.bank_file",
    template="lab/bank/file.html",
    source=_source,
    read=lambda sheet, layout: read_statement(sheet, layout, today=local_day(utc_now())),
    known=_known,
    take_in=_take_in,
    lacks=_l("Say which column holds the date, and which the money that came in."),
    empty=_l("No money came in by this statement."),
)


class StatementForm(Form):
    file = table_field(
        _l("Bank statement"), _l("CSV or XLSX as the bank's online service gives it, up to 20 MB and 20,000 rows.")
    )


class LineForm(AmountsForm):
    payer_uscc = CreditCodeField(_l("Payer's credit code"), [required()])


OWN_LINE = own_row("own line in the address", BankLine, "payment.record")
OWN_LIST = own_row("own list in the address", BankStatement, "payment.record")


@blueprint.route("/bank", methods=["GET", "POST"])
@requires("payment.record", of=OWN_LABS, verb="bank.import", file=True)
def bank_lines() -> Any:
    """What came in, with what each line seems to be for; and the way in for the next statement."""
    actor, form = current_actor(), StatementForm()
    status = 200
    if request.method == "POST":
        answer = keep_upload(PAGES, form)
        if isinstance(answer, Response):
            return answer
        status = answer
    shown = BankLines(asked_choice("show", BankLines, BankLines.OPEN))
    waiting, dues = bank.lines_waiting(actor), bank.load_dues(actor)
    proposals = bank.proposals(waiting, dues)
    sure = [line.id for line in waiting if line.id in proposals and proposals[line.id].sure]
    rows: Sequence[BankLine]
    if shown in (BankLines.OPEN, BankLines.SURE):
        page = asked_page(len(waiting if shown == BankLines.OPEN else sure))
        chosen = waiting if shown == BankLines.OPEN else [line for line in waiting if line.id in set(sure)]
        rows = chosen[page.offset : page.offset + page.size]
    else:
        page = asked_page()
        rows, count = bank.lines_done(actor, shown, limit=page.size, offset=page.offset)
        page = page.of(count)
    refs = {ref for line in rows if line.id in proposals for ref, _fen in proposals[line.id].shares}
    return (
        render_template(
            "lab/bank/lines.html",
            form=form,
            shown=shown,
            rows=rows,
            proposals=proposals,
            sure=sure,
            sure_fen=sum(line.left_fen for line in waiting if line.id in set(sure)),
            sure_at_once=services.SURE_AT_ONCE,
            waiting=waiting,
            used=bank.used_before(rows),
            bookings=bank.bookings_of(actor, refs),
            statements=bank.statements(actor, limit=5),
            page=page,
            booking_href=partial(booking_href, actor=actor),
        ),
        status,
    )


@blueprint.route("/bank/files/<string(length=80):file>", methods=["GET", "POST"])
@requires("payment.record", of=OWN_LABS, verb="bank.import")
def bank_file(file: str) -> Any:
    """What a statement says, before it is imported: its columns, its first rows, every bad cell. Importing records
    nothing as paid."""
    return check_page(PAGES, file)


@blueprint.post("/bank/<int:list_id>/undo")
@requires("payment.record", of=OWN_LIST, verb="bank.undo_import")
def bank_undo(list_id: int) -> Any:
    """Take the lines of a statement out again."""
    return carry_out(
        lambda: services.undo_statement(actor=current_actor(), now=utc_now(), list_id=list_id),
        lambda lines: (undone_text(lines), url_for(".bank_lines")),
    )


@blueprint.route("/bank/lines/<int:line_id>", methods=["GET", "POST"])
@requires("payment.record", of=OWN_LABS, verb="bank.record")
def bank_line(line_id: int) -> Any:
    """One line: what it seems to be for, and what else it could be; recorded for one booking or several."""
    return _line_page(line_id, AsideForm())


def _line_page(line_id: int, aside: AsideForm, *, status: int | None = None) -> Any:
    actor = current_actor()
    line = bank.get_line(actor, line_id)
    dues = bank.load_dues(actor)
    proposal = bank.proposals([line], dues).get(line.id) if line.waits else None
    typed = request.args.get("q", "").strip()[:60]
    found = offered(dues, typed, [ref for ref, _fen in proposal.shares] if proposal else [], line.payer)
    form = amounts_form(LineForm, found)
    if (request.method == "GET" or status) and proposal:
        form.payer_uscc.data = proposal.uscc if proposal.from_client else ""
        for ref, fen in proposal.shares:
            form[f"amount-{ref}"].data = fen
    answer: Response | int = status or posted(
        form,
        lambda: services.record_bank_line(
            actor=actor, now=utc_now(), line_id=line_id, shares=form.shares, payer_uscc=form.payer_uscc.data
        ),
        lambda payments: (_recorded(payments), url_for(".bank_lines")),
    )
    if isinstance(answer, Response):
        return answer
    line = bank.get_line(actor, line_id)
    page = render_template(
        "lab/bank/line.html",
        form=form,
        aside=aside,
        line=line,
        proposal=proposal,
        typed=typed,
        used=bank.used_before([line]).get(line.id, []),
        bookings=bank.bookings_of(actor, [due.ref for due in found]),
        booking_href=partial(booking_href, actor=actor),
    )
    return page, answer


def _recorded(payments: Sequence[Any]) -> str:
    message = _payment_recorded(payments)
    if not doubled(DocumentKind.PAYMENT, [payment.id for payment in payments]):
        return message
    return f"{message} " + _("Its reference stands on another booking, too; an officer looks at both.")


def _payment_recorded(payments: Sequence[Any]) -> str:
    amount = plain_money(Fen(sum(payment.amount_fen for payment in payments)))
    if not payments[0].by_client:
        return _("%(amount)s is recorded. It counts once an officer accepts the payer.", amount=amount)
    return _("The payment of %(amount)s is recorded.", amount=amount)


@blueprint.post("/bank/sure")
@requires("payment.record", of=OWN_LABS, verb="bank.record_sure")
def bank_sure() -> Any:
    """Record all sure lines that the page showed."""
    ids = [n for each in request.form.get("lines", "").split(",")[:2000] if (n := read_number(each)) is not None]
    return carry_out(
        lambda: services.record_sure(actor=current_actor(), now=utc_now(), line_ids=ids),
        lambda n: (
            ngettext("%(n)s line is recorded as payment.", "%(n)s lines are recorded as payments.", n, n=number(n)),
            url_for(".bank_lines"),
        ),
    )


@blueprint.post("/bank/lines/<int:line_id>/aside")
@requires("payment.record", of=OWN_LINE, verb="bank.set_aside")
def bank_aside(line_id: int) -> Any:
    """A line that is for no booking."""
    form = AsideForm()
    answer = posted(
        form,
        lambda: services.set_aside(actor=current_actor(), now=utc_now(), line_id=line_id, note=form.note.data or ""),
        lambda _line: (_("The line is set aside."), url_for(".bank_lines")),
    )
    return answer if isinstance(answer, Response) else _line_page(line_id, form, status=answer)


@blueprint.post("/bank/lines/<int:line_id>/back")
@requires("payment.record", of=OWN_LINE, verb="bank.take_back")
def bank_back(line_id: int) -> Any:
    """A line that was set aside waits again."""
    return carry_out(
        lambda: services.take_back(actor=current_actor(), now=utc_now(), line_id=line_id),
        lambda _line: (_("The line waits to be matched again."), url_for(".bank_lines")),
    )
