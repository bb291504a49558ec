"""The tax system's list of issued invoices: import, what each is for, recording it; and what is to be issued
(R-TAXLIST)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.downloads import download_rows
from labshare.http.limits import limited
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import number
from labshare.kernel.sheets import ReadSheet
from labshare.kernel.tables import yuan
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.queries import get_firm
from labshare.settlement import services
from labshare.settlement.queries import bank, tax_list
from labshare.settlement.rules.lists import Layout, ReadList
from labshare.settlement.rules.matching import Proposal
from labshare.settlement.rules.reversing import Reversible
from labshare.settlement.rules.tax_sheets import TAX, read_tax_list
from labshare.settlement.tax_list import TaxLine, TaxList
from labshare.settlement.terms import DocumentKind, TaxLines
from labshare.web.asked import asked_choice, asked_page, read_number
from labshare.web.documents import booking_href
from labshare.web.forms import Form
from labshare.web.lab import blueprint
from labshare.web.lab.lists import (
    AmountsForm,
    AsideForm,
    ListPages,
    amounts_form,
    check_page,
    keep_upload,
    offered,
    own_row,
    table_field,
    undone_text,
)
from labshare.web.steps import carry_out, posted

TAX_PERCENT = "6%"
"""VAT of testing services, as the sheet for the tax system proposes it."""


def _read(sheet: ReadSheet, layout: Layout) -> ReadList:
    seller = get_firm(current_actor().firm_id or 0)
    return read_tax_list(sheet, layout, today=local_day(utc_now()), seller_uscc=seller.uscc)


def _known(actor: Actor, _source: str, rows: Sequence[Any]) -> int:
    return len(tax_list.known_numbers(actor, [row.number for row in rows]))


def _take_in(_source: str, **given: Any) -> tuple[Any, int]:
    return services.import_tax_list(actor=current_actor(), now=utc_now(), **given)


class TaxListForm(Form):
    file = table_field(
        _l("Tax system's list"),
        _l("CSV or XLSX as the electronic tax bureau exports it, a row for each invoice; up to 20 MB and 20,000 rows."),
    )


PAGES = ListPages(
    columns=TAX,
    page="lab.tax_lines",
    check="lab.tax_file",
    template="lab/tax/file.html",
    source=lambda _sheet, _layout: tax_list.SOURCE,
    read=_read,
    known=_known,
    take_in=_take_in,
    lacks=_l("Say which columns hold the number and the date, and two of net amount, tax and total."),
    empty=_l("No invoice stands in this list."),
)


OWN_LINE = own_row("own line in the address", TaxLine, "invoice.record")
OWN_LIST = own_row("own list in the address", TaxList, "invoice.record")


@blueprint.route("/tax-list", methods=["GET", "POST"])
@requires("invoice.record", of=OWN_LABS, verb="tax.import", file=True)
def tax_lines() -> Any:
    """What the tax system says was invoiced, with what each line seems to be for; and the way in for the next list."""
    actor, form = current_actor(), TaxListForm()
    status = 200
    if request.method == "POST":
        answer = keep_upload(PAGES, form)
        if isinstance(answer, Response):
            return answer
        status = answer
    shown = TaxLines(asked_choice("show", TaxLines, TaxLines.OPEN))
    waiting = tax_list.lines_open(actor)
    proposals = tax_list.proposals_for(waiting, actor)
    sure = [line for line in waiting if line.id in proposals and proposals[line.id].sure]
    rows: Sequence[Any]
    if shown in (TaxLines.OPEN, TaxLines.SURE):
        chosen = waiting if shown == TaxLines.OPEN else sure
        page = asked_page(len(chosen))
        rows = chosen[page.offset : page.offset + page.size]
    else:
        page = asked_page()
        find = tax_list.lines_aside if shown == TaxLines.ASIDE else partial(tax_list.lines_known, shown=shown)
        rows, count = find(actor, limit=page.size, offset=page.offset)
        page = page.of(count)
    open_ids = {line.id for line in rows} if shown in (TaxLines.OPEN, TaxLines.SURE) else set()
    refs = {ref for line_id in open_ids & proposals.keys() for ref, _fen in proposals[line_id].shares}
    return (
        render_template(
            "lab/tax/lines.html",
            form=form,
            shown=shown,
            rows=rows,
            proposals=proposals,
            sure=[line.id for line in sure],
            sure_fen=sum(line.amount_fen for line in sure),
            sure_at_once=services.SURE_AT_ONCE,
            waiting=waiting,
            bookings=bank.bookings_of(actor, refs),
            lists=tax_list.tax_lists(actor, limit=5),
            page=page,
            booking_href=partial(booking_href, actor=actor),
        ),
        status,
    )


@blueprint.route("/tax-list/files/<string(length=80):file>", methods=["GET", "POST"])
@requires("invoice.record", of=OWN_LABS, verb="tax.import")
def tax_file(file: str) -> Any:
    """What a list says, before it is imported. Importing records nothing as invoiced."""
    return check_page(PAGES, file)


@blueprint.post("/tax-list/<int:list_id>/undo")
@requires("invoice.record", of=OWN_LIST, verb="tax.undo_import")
def tax_undo(list_id: int) -> Any:
    """Take the lines of a list out again."""
    return carry_out(
        lambda: services.undo_tax_list(actor=current_actor(), now=utc_now(), list_id=list_id),
        lambda lines: (undone_text(lines), url_for(".tax_lines")),
    )


@blueprint.route("/tax-list/lines/<int:line_id>", methods=["GET", "POST"])
@requires("invoice.record", of=OWN_LABS, verb="tax.record")
def tax_line(line_id: int) -> Any:
    """One line: what it seems to be for, and what else it could be; recorded for one booking or several."""
    return _line_page(line_id, AsideForm())


def _line_page(line_id: int, aside: AsideForm, *, status: int | None = None) -> Any:
    actor = current_actor()
    line = tax_list.get_tax_line(actor, line_id)
    dues = bank.load_dues(actor, DocumentKind.INVOICE)
    proposal = tax_list.proposals_for([line], actor, dues).get(line.id) if line.unlinked else None
    typed = request.args.get("q", "").strip()[:60]
    shares = proposal.shares if proposal else ()
    theirs: list[Reversible] = []
    reverses = None
    if line.red:
        theirs = tax_list.reversible_by(actor, [line])
        reverses = _reversed(theirs, line, proposal)
        found = reverses.dues if reverses else []
    else:
        found = offered(
            [due for due in dues if line.buyer_uscc in ("", due.uscc)], typed, [ref for ref, _ in shares], line.buyer
        )
    form = amounts_form(AmountsForm, found)
    if request.method == "GET" or status:
        for ref, fen in shares:
            if f"amount-{ref}" in form:
                form[f"amount-{ref}"].data = fen
    answer: Response | int = status or posted(
        form,
        lambda: services.record_tax_line(
            actor=actor,
            now=utc_now(),
            line_id=line_id,
            shares=form.shares,
            reverses=reverses.number if reverses else None,
        ),
        lambda made: (_recorded(made.number, red=line.red), url_for(".tax_lines")),
    )
    if isinstance(answer, Response):
        return answer
    page = render_template(
        "lab/tax/line.html",
        form=form,
        aside=aside,
        line=tax_list.get_tax_line(actor, line_id),
        proposal=proposal,
        reverses=reverses,
        theirs=theirs,
        taken_back=tax_list.red_letters_of(actor, line.reverses_number) if line.reverses_number else [],
        typed=typed,
        bookings=bank.bookings_of(actor, [due.ref for due in found]),
        booking_href=partial(booking_href, actor=actor),
    )
    return page, answer


def _reversed(theirs: Sequence[Reversible], line: TaxLine, proposal: Proposal | None) -> Reversible | None:
    """The invoice that a red letter takes back: the one that it names, else the one chosen, else the one proposed."""
    chosen = line.reverses_number or request.args.get("reverses") or (proposal.reverses if proposal else None)
    return next((each for each in theirs if each.number == chosen), None)


def _recorded(made: str, *, red: bool) -> str:
    if red:
        return _("Red-letter invoice %(number)s is recorded; the client is told.", number=made)
    return _("Invoice %(number)s is recorded.", number=made)


@blueprint.post("/tax-list/sure")
@requires("invoice.record", of=OWN_LABS, verb="tax.record_sure")
def tax_sure() -> Any:
    """Record all sure lines that the page showed."""
    ids = [n for each in request.form.get("lines", "").split(",")[:2000] if (n := read_number(each)) is not None]
    return carry_out(
        lambda: services.record_sure_invoices(actor=current_actor(), now=utc_now(), line_ids=ids),
        lambda n: (
            ngettext("%(n)s invoice is recorded.", "%(n)s invoices are recorded.", n, n=number(n)),
            url_for(".tax_lines"),
        ),
    )


@blueprint.post("/tax-list/lines/<int:line_id>/aside")
@requires("invoice.record", of=OWN_LINE, verb="tax.set_aside")
def tax_aside(line_id: int) -> Any:
    """An invoice that is for no booking."""
    form = AsideForm()
    answer = posted(
        form,
        lambda: services.set_tax_line_aside(
            actor=current_actor(), now=utc_now(), line_id=line_id, note=form.note.data or ""
        ),
        lambda _line: (_("The line is set aside."), url_for(".tax_lines")),
    )
    return answer if isinstance(answer, Response) else _line_page(line_id, form, status=answer)


@blueprint.post("/tax-list/lines/<int:line_id>/back")
@requires("invoice.record", of=OWN_LINE, verb="tax.take_back")
def tax_back(line_id: int) -> Any:
    """A line that was set aside waits again."""
    return carry_out(
        lambda: services.take_tax_line_back(actor=current_actor(), now=utc_now(), line_id=line_id),
        lambda _line: (_("The line waits to be matched again."), url_for(".tax_lines")),
    )


@blueprint.get("/tax-list/to-issue")
@requires("invoice.record", of=OWN_LABS)
@limited("report")
def to_issue() -> Any:
    """What is to be invoiced, a row a booking, with the buyers' tax facts: the sheet for issuing in batch (XLSX)."""
    head = ["发票流水号", "购买方名称", "购买方纳税人识别号", "购买方地址", "购买方电话", "购买方银行账号", "项目名称",
            "数量", "金额（含税）", "税率", "备注"]  # fmt: skip
    bookings = tax_list.to_invoice(current_actor())
    rows = (
        (
            booking.ref,
            booking.client.name,
            booking.client.uscc,
            booking.client.address or "",
            booking.client.phone or "",
            "",  # the client's: the lab asks it where an invoice is to name it
            f"*研发和技术服务*{booking.test_item.name}",
            booking.quantity,
            yuan(booking.charged_fen - booking.invoiced_fen),
            TAX_PERCENT,
            booking.ref,
        )
        for booking in bookings
    )
    open_fen = sum(booking.charged_fen - booking.invoiced_fen for booking in bookings)
    total = ["合计", "", "", "", "", "", "", "", yuan(open_fen), "", ""]
    return download_rows(f"to-issue-{local_day(utc_now())}", head, rows, "xlsx", sheet="待开票", total=total)
