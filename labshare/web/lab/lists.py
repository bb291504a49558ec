"""Lists of banks and of the tax system before they are imported: kept, read, checked, mapped, taken in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import Of
from labshare.kernel.actor import Actor
from labshare.kernel.errors import InvalidInput, NotFound, Problem
from labshare.kernel.formatting import number
from labshare.kernel.media import CSV, XLSX, accept
from labshare.kernel.money import Fen
from labshare.kernel.sheets import ReadSheet, SheetProblem
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import check
from labshare.settlement.errors import TableGone
from labshare.settlement.files import TakenFile, keep_table, path_of, read_stored, upload_key
from labshare.settlement.queries.bank import dues_like, own_firm_of, stored_heads
from labshare.settlement.rules.lists import Columns, Layout, ReadList, find_layout, likely_head, merged_below
from labshare.settlement.rules.matching import Due
from labshare.settlement.services.lists import NOTE_LENGTH
from labshare.web.asked import read_number
from labshare.web.forms import (
    FileField,
    Form,
    MoneyField,
    OptionalSelectField,
    QueryForm,
    StringField,
    begin_at,
    length,
    named_choice,
    optional,
    required,
    show_problem,
)
from labshare.web.steps import pressed

OfAmounts = TypeVar("OfAmounts", bound="AmountsForm")
SHOWN_ROWS = 8
"""Of a list, before it is imported."""
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
    "number": _l("No invoice number: 20 digits, or a code and 8 digits"),
    "twice": _l("This number stands twice: take the list with one row for each invoice"),
    "sum": _l("Amount and tax do not make up the total"),
    "tax": _l("More than the amount, or of the other sign"),
    "seller": _l("Another seller's credit code"),
}


def table_field(label: Any, description: Any) -> FileField:
    return FileField(
        label,
        [required(_l("Choose a file."))],
        description=description,
        render_kw=accept((".csv", ".xlsx", CSV, XLSX)),
    )


def field_value(name: str) -> str:
    """What stands in a field of the page of a file: as it was sent, else as the address says."""
    return request.form.get(name, request.args.get(name, "")).strip()


class ColumnsForm(QueryForm):
    """Which columns say what. In the address, so that it can be tried out before anything is imported."""

    account = StringField(_l("Own account"), description=_l("Its columns are kept for the next statement."))

    columns: Any = ()

    def column_fields(self) -> list[Any]:
        return [self[column] for column in self.columns]


@dataclass(frozen=True, kw_only=True)
class ListPages:
    """What is the lists' own of one kind."""

    columns: Columns
    page: str
    """Endpoint of the page of lines."""
    check: str
    """Endpoint of the page on which a file is checked."""
    template: str
    source: Callable[[ReadSheet, Layout | None], str]
    """Under which its heads are kept: as the rows above the head say, or the address."""
    read: Callable[[ReadSheet, Layout], ReadList]
    known: Callable[[Actor, str, Sequence[Any]], int]
    """How many of the rows are here already."""
    take_in: Callable[..., tuple[Any, int]]
    """Given the source, and heads, file and rows; answers how many are new."""
    lacks: Any
    """What to say where no column is known."""
    empty: Any
    """What to say where nothing is to be taken in."""


def keep_upload(pages: ListPages, form: Any) -> Response | int:
    """Keep the file that was sent, and lead to what it says."""
    if not form.validate():
        return InvalidInput.status
    taken = keep_table(form.file.data.stream, form.file.data.filename, now=utc_now())
    if taken.problem is not None:
        return show_problem(form, taken.problem)
    try:
        read_stored(taken.sha256)
    except SheetProblem as problem:
        return show_problem(form, problem)
    key = upload_key(current_actor(), taken.sha256)
    return redirect(url_for(pages.check, file=f"{taken.sha256}{key}", name=taken.name), 303)


def check_page(pages: ListPages, file: str) -> Any:
    """What a list says, before it is imported: its columns, its first rows, every bad cell."""
    actor, sha256 = current_actor(), file[:DIGITS]
    if file[DIGITS:] != upload_key(actor, sha256):
        raise NotFound
    sheet = _first_sheet(sha256, pages.columns)
    layout, source, form = _asked_layout(actor, sheet, pages)
    read = pages.read(sheet, layout) if layout else ReadList()
    stops = _stops(sheet, layout, read, pages)
    if "again" in request.form:
        asked = {field: field_value(field) for field in ("name", "account", *pages.columns.kind)}
        return redirect(url_for(pages.check, file=file, **asked), 303)
    answer: Response | Problem | None = None
    if request.method == "POST" and layout is not None and not stops:
        name = request.args.get("name", "")[:200] or "list.csv"
        kind = XLSX if name.lower().endswith(".xlsx") else CSV
        taken = TakenFile(name, sha256, path_of(sha256).stat().st_size, kind)
        answer = pressed(
            lambda: pages.take_in(source, heads=layout.heads, file=taken, rows=read.rows),
            lambda done: (_imported(done[1], len(read.rows)), url_for(pages.page)),
        )
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, Problem):
        if answer.field == form.account.name:
            form.account.errors = [answer.text]
        else:
            stops.append(answer.text)
    page = render_template(
        pages.template,
        form=form,
        layout=layout,
        read=read,
        shown_rows=read.rows[:SHOWN_ROWS],
        known=pages.known(actor, source, read.rows),
        stops=stops,
        bad=read.bad[:MOST_BAD],
        wrong_cells=WRONG_CELLS,
        name=request.args.get("name", ""),
        back=url_for(pages.page),
    )
    return page, InvalidInput.status if request.method == "POST" else 200


def _first_sheet(sha256: str, columns: Columns) -> ReadSheet:
    """The first sheet that looks like such a list, or else that says anything. Raises `NotFound`."""
    try:
        sheets = [sheet for sheet in read_stored(sha256) if sheet.rows]
    except (SheetProblem, TableGone) as problem:
        raise NotFound from problem
    if not sheets:
        raise NotFound
    return next((sheet for sheet in sheets if find_layout(sheet, columns)), sheets[0])


def _asked_layout(actor: Actor, sheet: ReadSheet, pages: ListPages) -> tuple[Layout | None, str, ColumnsForm]:
    """Where the columns are: as the address says, else as kept of the source, else as is known; and the form that says
    so."""
    columns = pages.columns.kind
    found = find_layout(sheet, pages.columns)
    source = pages.source(sheet, found)
    heads = stored_heads(actor, source) if source else None
    found = (find_layout(sheet, pages.columns, heads) if heads else None) or found
    head = found.head if found else likely_head(sheet)
    row = sheet.rows[head]
    names = tuple(row.text(column) for column in range(len(row.cells)))
    choices = [named_choice(str(place), name) for place, name in enumerate(names) if name]
    fields: dict[str, Any] = {
        column: OptionalSelectField(column.label, choices=choices, blank=_l("No column"), validate_choice=False)
        for column in columns
    }
    form: ColumnsForm = type("ColumnsOfList", (ColumnsForm,), {**fields, "columns": columns})()
    if any(column in request.form or column in request.args for column in columns):
        places = {
            column: place
            for column in columns
            if (place := read_number(field_value(column))) is not None and place < len(names)
        }
        found = Layout(head, places, names) if pages.columns.enough(places) else None
    for column in columns:
        form[column].data = str(found.places[column]) if found and column in found.places else field_value(column)
    form.account.data = source
    if not source:
        begin_at(form.account)
    return found, source, form


def _stops(sheet: ReadSheet, layout: Layout | None, read: ReadList, pages: ListPages) -> list[str]:
    """Why nothing can be imported, beside bad cells."""
    problems = []
    if layout is None:
        problems.append(str(pages.lacks))
    if sheet.formulas:
        cells = ", ".join(sheet.formulas)
        problems.append(
            _("Formulas stand in %(cells)s. Copy the sheet as values, or take the bank's own file.", cells=cells)
        )
    if layout and (merged := merged_below(sheet, layout)):
        cells = ", ".join(merged[:5])
        problems.append(_("Merged cells stand in %(cells)s. Unmerge them, or take the bank's own file.", cells=cells))
    if read.bad:
        n = len(read.bad)
        problems.append(
            ngettext(
                "One cell cannot be read. Nothing is imported before it is put right.",
                "%(n)s cells cannot be read. Nothing is imported before they are put right.",
                n,
                n=number(n),
            )
        )
    elif layout and not read.rows:
        problems.append(str(pages.empty))
    return problems


def _imported(added: int, rows: int) -> str:
    if added == rows:
        return ngettext("%(n)s line is imported.", "%(n)s lines are imported.", added, n=number(added))
    return _("%(n)s new lines are imported; %(known)s were here already.", n=number(added), known=number(rows - added))


def undone_text(lines: int) -> str:
    return ngettext("%(n)s line is taken out again.", "%(n)s lines are taken out again.", lines, n=number(lines))


# ── Lines that were taken in ─────────────────────────────────────────────


def own_row(what: str, kind: type[Any], right: str) -> Of:
    """A row of a list in the address: the role is asked first, as for every page of these lists, then whose it is;
    before anybody waits for the turn to write."""

    def asks(actor: Actor, **address: int) -> None:
        check(actor, right, lab=actor.firm_id)
        own_firm_of(kind, next(iter(address.values())), actor)

    return Of(what, asks=asks)


class AmountsForm(Form):
    """Amounts for each booking that a line may be for."""

    dues: Sequence[Due] = ()

    def amounts(self) -> list[tuple[Due, Any]]:
        return [(due, self[f"amount-{due.ref}"]) for due in self.dues]

    @property
    def shares(self) -> list[tuple[str, Fen]]:
        return [(due.ref, field.data) for due, field in self.amounts() if field.data]


class AsideForm(Form):
    note = StringField(lazy_pgettext("bank", "What it is"), [length(NOTE_LENGTH)], description=_l("Such as interest."))


def offered(dues: Sequence[Due], typed: str, proposed: Sequence[str], name: str) -> list[Due]:
    """The bookings whose amounts can be filled in: those of the form that was sent, those looked for, those proposed
    with the others of their client, those of the client of this name."""
    sent = {name.removeprefix("amount-") for name in request.form if name.startswith("amount-")}
    by_ref = {due.ref: due for due in dues}
    if typed:
        found = dues_like(dues, typed)
    else:
        clients = {by_ref[ref].client_id for ref in proposed if ref in by_ref}
        found = [due for due in dues if due.client_id in clients] or dues_like(dues, name or "\0")
    first = [by_ref[ref] for ref in proposed if ref in by_ref] + [by_ref[ref] for ref in sent if ref in by_ref]
    return list({due.ref: due for due in [*first, *found]}.values())[:50]


def amounts_form(kind: type[OfAmounts], dues: Sequence[Due]) -> OfAmounts:
    """The form with a field for each of these bookings."""
    fields: dict[str, Any] = {"dues": dues}
    for due in dues:
        fields[f"amount-{due.ref}"] = MoneyField(_l("Amount (CNY)"), [optional()])
    form: OfAmounts = type(f"{kind.__name__}OfBookings", (kind,), fields)()
    return form
