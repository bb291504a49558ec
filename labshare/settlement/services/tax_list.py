"""The tax system's list of issued invoices: import, and recording its lines as invoices, the one way that invoices have
(R-TAXLIST)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import not_, select

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, raise_all
from labshare.kernel.formatting import plain_money
from labshare.kernel.money import Fen, share_by_largest_remainder, total
from labshare.kernel.verbs import verb
from labshare.organisations.permissions import check
from labshare.settlement.errors import (
    BookingTwice,
    BuyerIsOther,
    LineAside,
    LineEmpty,
    RedLetterFits,
    RedLetterWithoutOriginal,
    ReversesNothing,
    ReversesOther,
    TaxLineOtherwise,
    TaxLineRecorded,
)
from labshare.settlement.files import TakenFile
from labshare.settlement.models import Invoice
from labshare.settlement.queries.tax_list import SOURCE, lines_open, proposals_for, reversible
from labshare.settlement.rules.matching import is_buyer
from labshare.settlement.rules.reversing import share_tax
from labshare.settlement.rules.tax_sheets import TaxRow
from labshare.settlement.services.invoices import Share, record_invoice, record_red_letter
from labshare.settlement.services.ledger import locked_bookings
from labshare.settlement.services.lists import at_share, locked_line, put_aside, put_back, take_in_lines, undo_lines
from labshare.settlement.tax_list import TaxLine, TaxList

SURE_AT_ONCE = 100
"""Lines that are recorded by one press: a few seconds."""
RIGHT, SUBJECT = "invoice.record", "tax_line"


@verb("tax.import", title=_l("Tax system's list imported"))
def import_tax_list(
    *, actor: Actor, now: datetime, heads: Mapping[str, str], file: TakenFile, rows: Sequence[TaxRow]
) -> tuple[TaxList, int]:
    """Take the invoices of a list in, each number once. Nothing is recorded as invoiced. Gives the list and how many
    lines are new. Raises `NotAllowed`."""
    check(actor, RIGHT, lab=actor.firm_id)
    taken = TaxList()
    values = [
        {
            "file_row": row.row,
            "number": row.number,
            "issued_on": row.issued_on,
            "amount_fen": row.amount_fen,
            "tax_fen": row.tax_fen,
            "buyer": row.buyer,
            "buyer_uscc": row.buyer_uscc,
            "note": row.note,
            "reverses_number": row.reverses_number,
        }
        for row in rows
    ]
    added = take_in_lines(taken, TaxLine, values, source=SOURCE, heads=heads, file=file, actor=actor, now=now)
    record(actor, now, "tax.import", ("tax_list", taken.id), after={"lines": added, "sha256": file.sha256})
    return taken, added


@verb("tax.undo_import", title=_l("Import of the tax system's list undone"))
def undo_tax_list(*, actor: Actor, now: datetime, list_id: int) -> int:
    """Take the lines of a list away again. Gives how many. Raises what `undo_lines` raises."""
    rests = not_(TaxLine.unlinked)
    undone, lines = undo_lines(TaxList, TaxLine, rests, list_id=list_id, right=RIGHT, actor=actor, now=now)
    record(actor, now, "tax.undo_import", ("tax_list", undone.id), before={"lines": lines}, after={"lines": 0})
    return lines


@verb("tax.record", title=_l("Line of the tax system's list recorded as invoice"), money=True)
def record_tax_line(
    *, actor: Actor, now: datetime, line_id: int, shares: Sequence[tuple[str, Fen]], reverses: str | None = None
) -> Invoice:
    """Record the invoice of a line for these bookings, each with its share of the amount, and the tax in proportion; or
    its red letter, which takes these shares off the invoice of the number `reverses`: the one that the line names,
    where it names one.

    Everything that holds for an invoice holds here (R-PAPER). Raises `LineAside`, `TaxLineRecorded`, `LineEmpty`,
    `TaxLineOtherwise` where the shares are not the line's amount, `BuyerIsOther` where it names another buyer than the
    client, `ReversesOther`, `ReversesNothing`, and what `record_invoice` and `record_red_letter` raise, of each booking
    at `amount-REF`.
    """
    line = locked_line(TaxLine, line_id, right=RIGHT, actor=actor)
    if line.aside:
        raise LineAside
    if line.invoice_id is not None or _is_known(line):
        raise TaxLineRecorded(number=line.number)
    if not shares:
        raise LineEmpty
    if len({ref for ref, _fen in shares}) < len(shares):
        raise BookingTwice
    bookings = locked_bookings(actor, RIGHT, refs=[ref for ref, _fen in shares])
    if any(booking.lab_firm_id != line.firm_id for booking in bookings):
        raise NotFound
    if any(not _is_buyer(line, booking) for booking in bookings):
        raise BuyerIsOther(name=line.buyer, code=line.buyer_uscc)
    shared = total(fen for _ref, fen in shares)
    if shared != abs(line.amount_fen):
        raise TaxLineOtherwise(said=plain_money(Fen(abs(line.amount_fen))), here=plain_money(shared))
    invoice = (
        _record_red(line, shares, reverses, actor=actor, now=now)
        if line.red
        else _record_blue(line, shares, actor=actor, now=now)
    )
    line.invoice_id = invoice.id
    db.session.flush()
    record(actor, now, "tax.record", (SUBJECT, line.id), after={"invoice": invoice.number})
    return invoice


def _record_blue(line: TaxLine, shares: Sequence[tuple[str, Fen]], *, actor: Actor, now: datetime) -> Invoice:
    taxes = share_by_largest_remainder(line.tax_fen, dict(shares))
    first, *also = (Share(ref=ref, amount_fen=fen, tax_fen=taxes[ref]) for ref, fen in shares)
    try:
        return record_invoice(
            actor=actor,
            now=now,
            ref=first.ref,
            number=line.number,
            issued_on=line.issued_on,
            amount_fen=first.amount_fen,
            tax_fen=first.tax_fen,
            also=also,
        )
    except Problem as problem:
        raise _at_shares(problem, [ref for ref, _fen in shares]) from problem


def _record_red(
    line: TaxLine, shares: Sequence[tuple[str, Fen]], reverses: str | None, *, actor: Actor, now: datetime
) -> Invoice:
    """A red letter over the bookings of one invoice, all or none."""
    if line.reverses_number and reverses not in (None, line.reverses_number):
        raise ReversesOther(number=line.reverses_number)
    number = line.reverses_number or reverses
    if not number:
        raise RedLetterWithoutOriginal
    found = reversible(actor, numbers=[number])
    if not found:
        raise ReversesNothing(number=number)
    parts = {part.ref: part for part in found[0].parts}
    taxes = share_tax(Fen(-line.tax_fen), {ref: fen for ref, fen in shares if ref in parts}, found[0])
    made, problems = list[Invoice](), list[Problem]()
    for ref, fen in shares:
        try:
            made.append(
                record_red_letter(
                    actor=actor,
                    now=now,
                    ref=ref,
                    number=line.number,
                    issued_on=line.issued_on,
                    amount_fen=fen,
                    tax_fen=taxes.get(ref, Fen(0)),
                    reverses=parts[ref].line_id if ref in parts else None,
                )
            )
        except Problem as problem:
            problems += at_share(problem, ref)
    raise_all(problems)
    return made[-1]


@verb("tax.record_sure", title=_l("Sure lines of the tax system's list recorded as invoices"))
def record_sure_invoices(*, actor: Actor, now: datetime, line_ids: Sequence[int]) -> int:
    """Record those of these lines whose proposal is sure now, as proposed, at most a hundred; all or none. Gives how
    many. Raises `NotAllowed` and what `record_tax_line` raises."""
    check(actor, RIGHT, lab=actor.firm_id)
    waiting = lines_open(actor)
    found = proposals_for(waiting, actor)
    wanted = set(line_ids)
    sure = [one for one in waiting if one.id in wanted and one.id in found and found[one.id].sure][:SURE_AT_ONCE]
    for line in sure:
        proposal = found[line.id]
        record_tax_line(
            actor=actor, now=now, line_id=line.id, shares=proposal.shares, reverses=proposal.reverses or None
        )
    return len(sure)


@verb("tax.set_aside", title=_l("Line of the tax system's list set aside"))
def set_tax_line_aside(*, actor: Actor, now: datetime, line_id: int, note: str = "") -> TaxLine:
    """Say that an invoice is for no booking. Raises `TaxLineRecorded`, `LineAside`; `RedLetterFits` where it is a red
    letter that reverses what is left of a recorded invoice: what was taken back does not stay counted."""
    line = locked_line(TaxLine, line_id, right=RIGHT, actor=actor)
    if line.invoice_id is not None:
        raise TaxLineRecorded(number=line.number)
    if line.red and (fits := proposals_for([line], actor).get(line.id)) and fits.sure:
        raise RedLetterFits(number=fits.reverses)
    note_written = put_aside(line, note, actor=actor, now=now)
    record(actor, now, "tax.set_aside", (SUBJECT, line.id), after={"note": note_written})
    return line


@verb("tax.take_back", title=_l("Line of the tax system's list taken back"))
def take_tax_line_back(*, actor: Actor, now: datetime, line_id: int) -> TaxLine:
    """A line that was set aside waits again."""
    line = locked_line(TaxLine, line_id, right=RIGHT, actor=actor)
    if line.aside:
        note = put_back(line)
        record(actor, now, "tax.take_back", (SUBJECT, line.id), before={"note": note}, after={"note": None})
    return line


def _is_known(line: TaxLine) -> bool:
    known = select(Invoice.id).where(Invoice.seller_firm_id == line.firm_id, Invoice.number == line.number)
    return db.session.scalar(known) is not None


def _is_buyer(line: TaxLine, booking: Booking) -> bool:
    client = booking.client
    names = client.name, client.name_en
    return is_buyer(name=line.buyer, uscc=line.buyer_uscc, firm_uscc=client.uscc, firm_names=names)


def _at_shares(problem: Problem, refs: Sequence[str]) -> Problem:
    """The problem with those of amounts and taxes at their bookings' shares."""
    for each in problem.problems:
        part, place = each.field or "", 0
        if part.startswith("also-"):
            _also, number, part = part.split("-", 2)
            place = int(number) + 1
        if part in ("amount_fen", "tax_fen", ""):
            each.field = f"amount-{refs[place]}"
    return problem
