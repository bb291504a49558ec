"""Which booking a bank's line is for (R-BANK-2): by what its text names, by the payer's name, by the amount. Fen.

A proposal says why. It is *sure* only where payer and amount agree with what is owed, nothing else could be meant, and
nothing in the text speaks against it; even then a person accepts it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from labshare.kernel.money import Fen, total
from labshare.settlement.rules.invoice_numbers import ways_to_say
from labshare.settlement.terms import MatchReason

_REFERENCE = re.compile(r"B[-\s_]?(\d{6})[-\s_]?([0-9A-HJKMNP-TV-Z]{5})(?![0-9A-Z])")
_NUMBER = re.compile(r"(?<!\d)(?:\d{20}|\d{18}|\d{8})(?!\d)")


@dataclass(frozen=True, kw_only=True)
class Due:
    """A booking of which something is to be paid."""

    ref: str
    client_id: int
    names: tuple[str, ...]
    """The client's, as a bank may write them."""
    uscc: str
    left_fen: Fen
    invoices: tuple[str, ...] = ()
    """Numbers of invoices that say something of it."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Money that came in, as far as it is not recorded yet."""

    id: int
    amount_fen: Fen
    payer: str
    text: str
    used: bool = False
    """Its reference stands at a payment already."""
    uscc: str = ""
    """Of the client, where the list has it: it decides, not the name."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """`shares`: references of bookings, and how much of the line is for each; none where the client alone is known."""

    line_id: int
    reason: MatchReason
    shares: tuple[tuple[str, Fen], ...]
    uscc: str
    """Of the client."""
    from_client: bool
    """The bank names the client as the payer."""
    sure: bool = False
    reverses: str = ""
    """Of a red letter: the number of the invoice that it takes back; the shares are what it takes off."""

    @property
    def amount_fen(self) -> Fen:
        return total(fen for _ref, fen in self.shares)


def is_named(name: str, names: Iterable[str | None]) -> bool:
    """Whether a name, as the bank or the tax system writes it, is one of these."""
    return plain_name(name) in {plain_name(each) for each in names if each}


def is_buyer(*, name: str, uscc: str, firm_uscc: str, firm_names: Iterable[str | None]) -> bool:
    """Whether the tax system's buyer is this firm: by the credit code where the list has it, else by the name."""
    return uscc == firm_uscc if uscc else is_named(name, firm_names)


def plain_name(name: str) -> str:
    """A firm's name as banks and people write it alike: no blanks, brackets of either width, small letters."""
    return re.sub(r"\s", "", name.translate(str.maketrans("（）", "()"))).lower()


def references_in(text: str) -> tuple[str, ...]:
    """References of bookings that a text names, whichever way their hyphens are written."""
    found = _REFERENCE.findall(text.upper())
    return tuple(dict.fromkeys(f"B-{month}-{rest}" for month, rest in found))


def propose(lines: Iterable[Line], dues: Sequence[Due]) -> dict[int, Proposal]:
    """For each line the bookings it seems to be for. Where two lines claim more of a booking than is left, neither is
    sure."""
    known = _Known(dues)
    found = {line.id: proposal for line in lines if (proposal := _proposal(line, known)) is not None}
    claimed: dict[str, int] = defaultdict(int)
    for proposal in found.values():
        for ref, fen in proposal.shares:
            claimed[ref] += fen
    return {
        each: replace(one, sure=False)
        if one.sure and any(claimed[ref] > known.by_ref[ref].left_fen for ref, _fen in one.shares)
        else one
        for each, one in found.items()
    }


class _Known:
    """What is owed, looked up each way."""

    def __init__(self, dues: Sequence[Due]) -> None:
        self.by_ref: Mapping[str, Due] = {due.ref: due for due in dues}
        self.by_invoice: dict[str, list[Due]] = defaultdict(list)
        self.by_name: dict[str, list[Due]] = defaultdict(list)
        self.by_code: dict[str, list[Due]] = defaultdict(list)
        self.by_amount: dict[Fen, list[Due]] = defaultdict(list)
        for due in dues:
            self.by_amount[due.left_fen].append(due)
            self.by_code[due.uscc].append(due)
            for number in due.invoices:
                for spelling in ways_to_say(number):
                    self.by_invoice[spelling].append(due)
            for name in {plain_name(each) for each in due.names if each}:
                self.by_name[name].append(due)


def _proposal(line: Line, known: _Known) -> Proposal | None:
    if line.uscc:
        theirs = known.by_code.get(line.uscc, [])
    else:
        theirs = known.by_name.get(plain_name(line.payer), []) if line.payer else []
    clients = {due.client_id for due in theirs}
    one = len(clients) == 1
    refs, numbers = references_in(line.text), tuple(_NUMBER.findall(line.text))
    named = [known.by_ref[ref] for ref in refs if ref in known.by_ref]
    invoiced = [due for number in numbers for due in known.by_invoice.get(number, [])]
    strange = any(ref not in known.by_ref for ref in refs)
    for reason, dues, whole in _ways(line, named, invoiced, theirs if one else [], known):
        if len({due.client_id for due in dues}) != 1:
            continue
        shares = _shares(line.amount_fen, dues) if reason != MatchReason.CLIENT else ()
        agreed = {due.client_id for due in dues} <= clients
        fits = whole and total(fen for _ref, fen in shares) == line.amount_fen == total(due.left_fen for due in dues)
        return Proposal(
            line_id=line.id,
            reason=reason,
            shares=shares,
            uscc=dues[0].uscc,
            from_client=agreed,
            sure=fits and agreed and one and not strange and not line.used and _speaks_for(dues, named, invoiced),
        )
    return None


def _ways(
    line: Line, named: list[Due], invoiced: list[Due], theirs: list[Due], known: _Known
) -> Iterator[tuple[MatchReason, list[Due], bool]]:
    """What the line may be for, the best way first; the last is whether it can be sure."""
    if named:
        yield MatchReason.REFERENCE, _once(named), True
    if invoiced:
        yield MatchReason.INVOICE, _once(invoiced), True
    same = [due for due in theirs if due.left_fen == line.amount_fen]
    if len(same) == 1:
        yield MatchReason.AMOUNT, same, True
    if len(same) > 1:
        yield MatchReason.ONE_OF_SEVERAL, same[:1], False
    by_invoice: dict[str, list[Due]] = defaultdict(list)
    for due in theirs:
        for number in due.invoices:
            by_invoice[number].append(due)
    whole = [dues for dues in by_invoice.values() if len(dues) > 1 and _left(dues) == line.amount_fen]
    if len(whole) == 1:
        yield MatchReason.WHOLE_INVOICE, whole[0], True
    if len(theirs) > 1 and _left(theirs) == line.amount_fen:
        yield MatchReason.ALL_OWED, theirs, False
    if theirs:
        yield MatchReason.CLIENT, theirs, False
    alone = known.by_amount.get(line.amount_fen, [])
    if len(alone) == 1:
        yield MatchReason.AMOUNT_ALONE, alone, False


def _once(dues: list[Due]) -> list[Due]:
    return list({due.ref: due for due in dues}.values())


def _left(dues: Sequence[Due]) -> Fen:
    return total(due.left_fen for due in dues)


def _shares(amount_fen: Fen, dues: Sequence[Due]) -> tuple[tuple[str, Fen], ...]:
    """What of the amount is for each, in their order, no more than is left of any."""
    shares, rest = [], amount_fen
    for due in dues:
        fen = min(rest, due.left_fen)
        if fen > 0:
            shares.append((due.ref, Fen(fen)))
            rest = Fen(rest - fen)
    return tuple(shares)


def _speaks_for(dues: Sequence[Due], named: Sequence[Due], invoiced: Sequence[Due]) -> bool:
    """Whether nothing that the text names is missing among these bookings."""
    refs = {due.ref for due in dues}
    return {due.ref for due in named} <= refs and (not invoiced or bool({due.ref for due in invoiced} & refs))
