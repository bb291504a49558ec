"""Statements of banks: import, what each line is for, and recording it (R-BANK)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.actor import Actor
from labshare.kernel.errors import InvalidInput, NotFound, Problem
from labshare.kernel.formatting import number, plain_money
from labshare.kernel.media import CSV, XLSX, accept
from labshare.kernel.money import Fen
from labshare.kernel.sheets import ReadSheet, SheetProblem
from labshare.kernel.time import local_day, utc_now
from labshare.settlement import services
from labshare.settlement.bank import BankLine
from labshare.settlement.errors import TableGone
from labshare.settlement.files import TakenFile, keep_table, path_of, read_kept
from labshare.settlement.queries import bank
from labshare.settlement.rules.bank_sheets import (
    Layout,
    ReadStatement,
    find_layout,
    likely_head,
    merged_below,
    own_account,
    read_statement,
)
from labshare.settlement.rules.matching import Due
from labshare.settlement.services.bank import NOTE_LENGTH
from labshare.settlement.terms import BankColumn, BankLines
from labshare.web.asked import asked_choice, asked_page, read_number
from labshare.web.documents import booking_href
from labshare.web.filters import tongue
from labshare.web.forms import (
    CreditCodeField,
    FileField,
    Form,
    MoneyField,
    OptionalSelectField,
    QueryForm,
    StringField,
    length,
    optional,
    required,
    show_problem,
)
from labshare.web.lab import blueprint
from labshare.web.steps import carry_out, posted, pressed

SHOWN_ROWS = 8
"""Of a statement, before it is imported."""
MOST_BAD = 200
DIGITS = 64
"""Of a file's digest in its address; what follows says whose upload it is."""

WRONG_CELLS = {
    "day": _l("No date that can mean only one day, such as 2026-11-03"),
    "future": _l("After today"),
    "amount": _l("No amount such as 1,234.50"),
    "nothing": _l("Neither money in nor money out"),
    "direction": _l("Neither in nor out, such as 贷 or 借"),
    "cut": _l("Digits are missing: keep this column as text in the spreadsheet"),
}


class StatementForm(Form):
    file = FileField(
        _l("Bank statement"),
        [required(_l("Choose a file."))],
        description=_l("CSV or XLSX as the bank's online service gives it, up to 20 MB and 20,000 rows."),
        render_kw=accept((".csv", ".xlsx", CSV, XLSX)),
    )


class ColumnsForm(QueryForm):
    """Which columns say what. In the address, so that it can be tried out before anything is imported."""

    account = StringField(_l("Own account"), description=_l("Its columns are kept for the next statement."))

    def columns(self) -> list[Any]:
        return [self[column] for column in BankColumn]


class LineForm(Form):
    payer_uscc = CreditCodeField(_l("Payer's credit code"), [required()])

    dues: Sequence[Due] = ()

    def amounts(self) -> list[tuple[Due, Any]]:
        return [(due, self[f"amount-{due.ref}"]) for due in self.dues]

    @property
    def shares(self) -> list[tuple[str, Fen]]:
        return [(due.ref, field.data) for due, field in self.amounts() if field.data]


class AsideForm(Form):
    note = StringField(lazy_pgettext("bank", "What it is"), [length(NOTE_LENGTH)], description=_l("Such as interest."))


@blueprint.route("/bank", methods=["GET", "POST"])
@requires("payment.record", of=OWN_LABS, verb="bank.import", file=True)
def bank_lines() -> Any:
    """What came in, with what each line seems to be for; and the way in for the next statement."""
    actor, form = current_actor(), StatementForm()
    status = 200
    if request.method == "POST":
        answer = _kept(actor, form)
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


def _kept(actor: Actor, form: StatementForm) -> Response | int:
    """Keep the file that was sent, and lead to what it says."""
    if not form.validate():
        return InvalidInput.status
    taken = keep_table(form.file.data.stream, form.file.data.filename, now=utc_now())
    if taken.problem is not None:
        return show_problem(form, taken.problem)
    try:
        read_kept(taken.sha256)
    except SheetProblem as problem:
        return show_problem(form, problem)
    where = url_for(".bank_file", file=f"{taken.sha256}{bank.upload_key(actor, taken.sha256)}", name=taken.name)
    return redirect(where, 303)


@blueprint.route("/bank/files/<string(length=80):file>", methods=["GET", "POST"])
@requires("payment.record", of=OWN_LABS, verb="bank.import")
def bank_file(file: str) -> Any:
    """What a statement says, before it is imported: its columns, its first rows, every bad cell. Importing records
    nothing as paid."""
    actor = current_actor()
    sha256 = file[:DIGITS]
    if file[DIGITS:] != bank.upload_key(actor, sha256):
        raise NotFound
    sheet = _first_sheet(sha256)
    layout, account, form = _asked_layout(actor, sheet)
    read = read_statement(sheet, layout, today=local_day(utc_now())) if layout else ReadStatement()
    stops = _stops(sheet, layout, read)
    answer: Response | Problem | None = None
    if request.method == "POST" and layout is not None and not stops:
        name = request.args.get("name", "")[:200] or "statement.csv"
        kind = XLSX if name.lower().endswith(".xlsx") else CSV
        taken = TakenFile(name, sha256, path_of(sha256).stat().st_size, kind)
        answer = pressed(
            lambda: services.import_statement(
                actor=actor, now=utc_now(), account=account, heads=layout.kept, file=taken, rows=read.rows
            ),
            lambda done: (_imported(done[1], len(read.rows)), url_for(".bank_lines")),
        )
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, Problem):
        form.account.errors = [answer.text]
    known = bank.known_marks(actor, account, [row.mark for row in read.rows])
    page = render_template(
        "lab/bank/file.html",
        form=form,
        layout=layout,
        read=read,
        shown_rows=read.rows[:SHOWN_ROWS],
        known=len(known),
        stops=stops,
        bad=read.bad[:MOST_BAD],
        wrong_cells=WRONG_CELLS,
        name=request.args.get("name", ""),
    )
    refused = request.method == "POST"
    return page, InvalidInput.status if refused else 200


def _first_sheet(sha256: str) -> ReadSheet:
    """The first sheet that looks like a statement, or else that says anything. Raises `NotFound`."""
    try:
        sheets = [sheet for sheet in read_kept(sha256) if sheet.rows]
    except (SheetProblem, TableGone) as problem:
        raise NotFound from problem
    if not sheets:
        raise NotFound
    return next((sheet for sheet in sheets if find_layout(sheet)), sheets[0])


def _asked_layout(actor: Actor, sheet: ReadSheet) -> tuple[Layout | None, str, ColumnsForm]:
    """Where the columns are: as the address says, else as kept of the account, else as banks write them; and the form
    that says so."""
    found = find_layout(sheet)
    account = request.args.get("account", "").strip() or own_account(sheet, found)
    kept = bank.kept_heads(actor, account) if account else None
    found = (find_layout(sheet, kept) if kept else None) or found
    head = found.head if found else likely_head(sheet)
    row = sheet.rows[head]
    names = tuple(row.text(column) for column in range(len(row.cells)))
    choices = [(str(place), name, {"lang": "zh"} if tongue(name) else {}) for place, name in enumerate(names) if name]
    fields = {
        column: OptionalSelectField(column.label, choices=choices, blank=_l("No column"), validate_choice=False)
        for column in BankColumn
    }
    form: ColumnsForm = type("ColumnsOfStatement", (ColumnsForm,), fields)()
    if any(column in request.args for column in BankColumn):
        places = {
            column: place
            for column in BankColumn
            if (place := read_number(request.args.get(column, ""))) is not None and place < len(names)
        }
        told = BankColumn.DAY in places and bool({BankColumn.MONEY_IN, BankColumn.AMOUNT} & places.keys())
        found = Layout(head, places, names) if told else None
    for column in BankColumn:
        form[column].data = str(found.places[column]) if found and column in found.places else form[column].data
    form.account.data = account
    return found, account, form


def _stops(sheet: ReadSheet, layout: Layout | None, read: ReadStatement) -> list[str]:
    """Why nothing can be imported, beside bad cells."""
    said = []
    if layout is None:
        said.append(_("Say which column holds the date, and which the money that came in."))
    if sheet.formulas:
        cells = ", ".join(sheet.formulas)
        said.append(
            _("Formulas stand in %(cells)s. Copy the sheet as values, or take the bank's own file.", cells=cells)
        )
    if layout and (merged := merged_below(sheet, layout)):
        cells = ", ".join(merged[:5])
        said.append(_("Merged cells stand in %(cells)s. Unmerge them, or take the bank's own file.", cells=cells))
    if read.bad:
        n = len(read.bad)
        said.append(
            ngettext(
                "One cell cannot be read. Nothing is imported before it is put right.",
                "%(n)s cells cannot be read. Nothing is imported before they are put right.",
                n,
                n=number(n),
            )
        )
    elif layout and not read.rows:
        said.append(_("No money came in by this statement."))
    return said


def _imported(added: int, rows: int) -> str:
    if added == rows:
        return ngettext("%(n)s line is imported.", "%(n)s lines are imported.", added, n=number(added))
    return _("%(n)s new lines are imported; %(known)s were here already.", n=number(added), known=number(rows - added))


@blueprint.route("/bank/lines/<int:line_id>", methods=["GET", "POST"])
@requires("payment.record", of=OWN_LABS, verb="bank.record")
def bank_line(line_id: int) -> Any:
    """One line: what it seems to be for, and what else it could be; recorded for one booking or several."""
    actor = current_actor()
    line = bank.get_line(actor, line_id)
    dues = bank.load_dues(actor)
    proposal = bank.proposals([line], dues).get(line.id) if line.waits else None
    words = request.args.get("q", "").strip()[:60]
    offered = _offered(dues, words, [ref for ref, _fen in proposal.shares] if proposal else [], line)
    form = _line_form(offered)
    if request.method == "GET" and proposal:
        form.payer_uscc.data = proposal.uscc if proposal.from_client else ""
        for ref, fen in proposal.shares:
            form[f"amount-{ref}"].data = fen
    answer = posted(
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
        aside=AsideForm(),
        line=line,
        proposal=proposal,
        words=words,
        used=bank.used_before([line]).get(line.id, []),
        bookings=bank.bookings_of(actor, [due.ref for due in offered]),
        booking_href=partial(booking_href, actor=actor),
    )
    return page, answer


def _offered(dues: Sequence[Due], words: str, proposed: Sequence[str], line: BankLine) -> list[Due]:
    """The bookings whose amounts can be filled in: those of the form that was sent, those looked for, those proposed
    with the others of their client, those of the payer."""
    sent = {name.removeprefix("amount-") for name in request.form if name.startswith("amount-")}
    by_ref = {due.ref: due for due in dues}
    if words:
        found = bank.dues_like(dues, words)
    else:
        clients = {by_ref[ref].client_id for ref in proposed if ref in by_ref}
        found = [due for due in dues if due.client_id in clients] or bank.dues_like(dues, line.payer or "\0")
    first = [by_ref[ref] for ref in proposed if ref in by_ref] + [by_ref[ref] for ref in sent if ref in by_ref]
    return list({due.ref: due for due in [*first, *found]}.values())[:50]


def _line_form(dues: Sequence[Due]) -> LineForm:
    fields: dict[str, Any] = {"dues": dues}
    for due in dues:
        fields[f"amount-{due.ref}"] = MoneyField(_l("Amount (CNY)"), [optional()])
    form: LineForm = type("LineFormOfBookings", (LineForm,), fields)()
    return form


def _recorded(payments: Sequence[Any]) -> str:
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
@requires("payment.record", of=OWN_LABS, verb="bank.set_aside")
def bank_aside(line_id: int) -> Any:
    """A line that is for no booking."""
    bank.get_line(current_actor(), line_id)
    form = AsideForm()
    form.validate()
    return carry_out(
        lambda: services.set_aside(
            actor=current_actor(), now=utc_now(), line_id=line_id, note=(form.note.data or "")[:NOTE_LENGTH]
        ),
        lambda _line: (_("The line is set aside."), url_for(".bank_lines")),
    )


@blueprint.post("/bank/lines/<int:line_id>/back")
@requires("payment.record", of=OWN_LABS, verb="bank.take_back")
def bank_back(line_id: int) -> Any:
    """A line that was set aside waits again."""
    bank.get_line(current_actor(), line_id)
    return carry_out(
        lambda: services.take_back(actor=current_actor(), now=utc_now(), line_id=line_id),
        lambda _line: (_("The line waits to be matched again."), url_for(".bank_lines")),
    )
