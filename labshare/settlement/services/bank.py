"""Statements of banks: import, and recording what came in as payments, the one way that payments have (R-BANK)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_
from stdnum.cn import uscc

from labshare.audit.services import record
from labshare.booking.models import Booking
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, raise_all
from labshare.kernel.formatting import plain_money
from labshare.kernel.money import Fen, total
from labshare.kernel.verbs import verb
from labshare.organisations.permissions import check
from labshare.settlement.bank import BankLine, BankMatch, BankStatement
from labshare.settlement.errors import (
    BankAccountNotReadable,
    BankLineRecorded,
    BookingTwice,
    LineAside,
    LineEmpty,
    PayerNamedOtherwise,
)
from labshare.settlement.files import TakenFile
from labshare.settlement.models import Payment
from labshare.settlement.queries.bank import lines_waiting, load_dues, proposals
from labshare.settlement.rules.bank_sheets import BankRow
from labshare.settlement.rules.matching import is_named
from labshare.settlement.services.ledger import locked_bookings
from labshare.settlement.services.lists import at_share, locked_line, put_aside, put_back, take_in_lines, undo_lines
from labshare.settlement.services.payments import record_payment

RIGHT = "payment.record"
SURE_AT_ONCE = 100
"""Lines that are recorded by one press: a few seconds."""
_ACCOUNT = re.compile(r"\d{6,40}")


@verb("bank.import", title=_l("Bank statement imported"))
def import_statement(
    *, actor: Actor, now: datetime, account: str, heads: Mapping[str, str], file: TakenFile, rows: Sequence[BankRow]
) -> tuple[BankStatement, int]:
    """Take the rows of a statement of the account in, each once: those that came by an earlier file are passed over.
    Nothing is recorded as paid. The heads are kept for the account's next file.

    Gives the statement and how many lines are new. Raises `BankAccountNotReadable`, `NotAllowed`.
    """
    check(actor, "payment.record", lab=actor.firm_id)
    account = re.sub(r"[\s-]", "", account)
    if not _ACCOUNT.fullmatch(account):
        raise BankAccountNotReadable
    statement = BankStatement(account=account)
    values = [
        {
            "account": account,
            "file_row": row.row,
            "paid_on": row.paid_on,
            "amount_fen": row.amount_fen,
            "left_fen": row.amount_fen,
            "payer": row.payer,
            "payer_account": row.payer_account,
            "reference": row.reference,
            "purpose": row.text,
            "mark": row.mark,
        }
        for row in rows
    ]
    added = take_in_lines(statement, BankLine, values, source=account, heads=heads, file=file, actor=actor, now=now)
    after = {"account": account[-4:], "lines": added, "sha256": file.sha256}
    record(actor, now, "bank.import", ("bank_statement", statement.id), after=after)
    return statement, added


@verb("bank.undo_import", title=_l("Import of a bank statement undone"))
def undo_statement(*, actor: Actor, now: datetime, list_id: int) -> int:
    """Take the lines of a statement away again. Gives how many. Raises what `undo_lines` raises."""
    rests = or_(BankLine.left_fen < BankLine.amount_fen, BankLine.aside)
    undone, lines = undo_lines(BankStatement, BankLine, rests, list_id=list_id, right=RIGHT, actor=actor, now=now)
    record(actor, now, "bank.undo_import", ("bank_statement", undone.id), before={"lines": lines}, after={"lines": 0})
    return lines


@verb("bank.record", title=_l("Bank line recorded as payment"), money=True)
def record_bank_line(
    *, actor: Actor, now: datetime, line_id: int, shares: Sequence[tuple[str, Fen]], payer_uscc: str
) -> list[Payment]:
    """Record what came in as payments of these bookings, each with its share; day and reference are the bank's.

    Everything that holds for a payment holds here (R-PAPER). Raises `LineAside`, `BankLineRecorded` where more is
    shared out than is left of the line, `LineEmpty`, `PayerNamedOtherwise` where the bank names somebody else than
    the client whose code is given, and what `record_payment` raises, at `amount-REF`.
    """
    line = locked_line(BankLine, line_id, right=RIGHT, actor=actor)
    if line.aside:
        raise LineAside
    if not shares:
        raise LineEmpty
    if len({ref for ref, _fen in shares}) < len(shares):
        raise BookingTwice
    shared = total(fen for _ref, fen in shares)
    if shared > line.left_fen:
        raise BankLineRecorded(amount=plain_money(line.left_fen))
    bookings = locked_bookings(actor, "payment.record", refs=[ref for ref, _fen in shares])
    payer_uscc = uscc.compact(payer_uscc)
    if any(booking.lab_firm_id != line.firm_id for booking in bookings):
        raise NotFound
    if line.payer and any(_claims_client(booking, line, payer_uscc) for booking in bookings):
        raise PayerNamedOtherwise(name=line.payer)
    payments, problems = [], list[Problem]()
    for ref, fen in shares:
        try:
            payment = record_payment(
                actor=actor,
                now=now,
                ref=ref,
                amount_fen=fen,
                paid_on=line.paid_on,
                reference=line.reference,
                payer_uscc=payer_uscc,
                line_id=line.id,
            )
        except Problem as problem:
            problems += at_share(problem, ref)
        else:
            payments.append(payment)
            db.session.add(BankMatch(payment_id=payment.id, line_id=line.id))
    raise_all(problems)
    before = line.left_fen
    line.left_fen = Fen(before - shared)
    db.session.flush()
    record(
        actor,
        now,
        "bank.record",
        ("bank_line", line.id),
        before={"left_fen": before},
        after={"left_fen": line.left_fen, "payments": [payment.id for payment in payments]},
    )
    return payments


@verb("bank.record_sure", title=_l("Sure bank lines recorded as payments"))
def record_sure(*, actor: Actor, now: datetime, line_ids: Sequence[int]) -> int:
    """Record those of these lines whose proposal is sure now, as proposed, at most a hundred; all or none. Gives how
    many. Raises `NotAllowed` and what `record_bank_line` raises."""
    check(actor, "payment.record", lab=actor.firm_id)
    waiting = lines_waiting(actor)
    found = proposals(waiting, load_dues(actor))
    wanted = set(line_ids)
    sure = [one for one in waiting if one.id in wanted and one.id in found and found[one.id].sure][:SURE_AT_ONCE]
    for line in sure:
        proposal = found[line.id]
        record_bank_line(actor=actor, now=now, line_id=line.id, shares=proposal.shares, payer_uscc=proposal.uscc)
    return len(sure)


@verb("bank.set_aside", title=_l("Bank line set aside"))
def set_aside(*, actor: Actor, now: datetime, line_id: int, note: str = "") -> BankLine:
    """Say that a line is for no booking, such as interest. Raises `BankLineRecorded`, `LineAside`."""
    line = locked_line(BankLine, line_id, right=RIGHT, actor=actor)
    if line.left_fen < line.amount_fen:
        raise BankLineRecorded(amount=plain_money(line.left_fen))
    note_written = put_aside(line, note, actor=actor, now=now)
    record(actor, now, "bank.set_aside", ("bank_line", line.id), after={"note": note_written})
    return line


@verb("bank.take_back", title=_l("Bank line taken back"))
def take_back(*, actor: Actor, now: datetime, line_id: int) -> BankLine:
    """A line that was set aside waits again."""
    line = locked_line(BankLine, line_id, right=RIGHT, actor=actor)
    if line.aside:
        note = put_back(line)
        record(actor, now, "bank.take_back", ("bank_line", line.id), before={"note": note}, after={"note": None})
    return line


def _claims_client(booking: Booking, line: BankLine, payer_uscc: str) -> bool:
    """Whether the code says that the client paid, and the bank names somebody else."""
    client = booking.client
    return payer_uscc == client.uscc and not is_named(line.payer, (client.name, client.name_en))
