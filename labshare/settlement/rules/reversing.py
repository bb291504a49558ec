"""Which recorded invoice a red letter of the tax system's list takes back (R-TAXLIST-5): the one that it names, else
the buyer's of which exactly its amount is left. Fen. Nothing here knows a table."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import lcm

from labshare.kernel.money import Fen, share_by_largest_remainder, total
from labshare.settlement.rules.matching import Due, Proposal, is_buyer
from labshare.settlement.terms import MatchReason


@dataclass(frozen=True, kw_only=True)
class Part:
    """What an invoice says of one booking, as far as no red letter has taken it back."""

    line_id: int
    ref: str
    left_fen: Fen
    left_tax_fen: Fen


@dataclass(frozen=True, kw_only=True)
class Reversible:
    """A recorded invoice of which something is left."""

    number: str
    client_id: int
    names: tuple[str, ...]
    uscc: str
    parts: tuple[Part, ...]

    @property
    def left_fen(self) -> Fen:
        return total(part.left_fen for part in self.parts)

    @property
    def left_tax_fen(self) -> Fen:
        return total(part.left_tax_fen for part in self.parts)

    @property
    def dues(self) -> list[Due]:
        """What may be taken off each booking."""
        return [
            Due(ref=part.ref, client_id=self.client_id, names=self.names, uscc=self.uscc, left_fen=part.left_fen)
            for part in self.parts
        ]

    def of_buyer(self, *, name: str, uscc: str) -> bool:
        return is_buyer(name=name, uscc=uscc, firm_uscc=self.uscc, firm_names=self.names)


@dataclass(frozen=True, kw_only=True)
class RedLine:
    """A red letter of the list; amounts above 0."""

    id: int
    amount_fen: Fen
    tax_fen: Fen
    buyer: str
    uscc: str
    names: str | None
    """The invoice that it says it reverses."""


def propose_reversals(lines: Iterable[RedLine], found: Sequence[Reversible]) -> dict[int, Proposal]:
    """For each red letter the invoice that it seems to take back, and of which bookings; never another client's than
    the buyer. *Sure* is one that names an invoice of which exactly its amount and tax are left, and which no other
    claims."""
    proposals = {line.id: one for line in lines if (one := _proposal(line, found)) is not None}
    claims = Counter(one.reverses for one in proposals.values())
    return {each: replace(one, sure=False) if claims[one.reverses] > 1 else one for each, one in proposals.items()}


def _proposal(line: RedLine, found: Sequence[Reversible]) -> Proposal | None:
    theirs = [each for each in found if each.of_buyer(name=line.buyer, uscc=line.uscc)]
    if line.names:
        theirs = [each for each in theirs if each.number == line.names]
    else:
        theirs = [each for each in theirs if each.left_fen == line.amount_fen]
    if len(theirs) != 1:
        return None
    [invoice] = theirs
    return Proposal(
        line_id=line.id,
        reason=MatchReason.REVERSES if line.names else MatchReason.WHOLE_INVOICE,
        shares=_taken(line.amount_fen, invoice),
        uscc=invoice.uscc,
        from_client=True,
        sure=bool(line.names) and (line.amount_fen, line.tax_fen) == (invoice.left_fen, invoice.left_tax_fen),
        reverses=invoice.number,
    )


def _taken(amount_fen: Fen, invoice: Reversible) -> tuple[tuple[str, Fen], ...]:
    """What is taken off each booking: all that is left, or all of the one booking that it can be of; else a person
    says it."""
    if invoice.left_fen == amount_fen:
        return tuple((part.ref, part.left_fen) for part in invoice.parts)
    if len(invoice.parts) == 1:
        possible = [part for part in invoice.parts if part.left_fen > amount_fen]
    else:
        possible = [part for part in invoice.parts if part.left_fen == amount_fen]
    return ((possible[0].ref, amount_fen),) if len(possible) == 1 else ()


def share_tax(tax_fen: Fen, shares: Mapping[str, Fen], invoice: Reversible) -> dict[str, Fen]:
    """The tax of a red letter for what it takes off each booking, as the invoice has it."""
    parts = [part for part in invoice.parts if part.ref in shares]
    scale = lcm(*(part.left_fen for part in parts))
    weights = {part.ref: Fen(part.left_tax_fen * shares[part.ref] * (scale // part.left_fen)) for part in parts}
    return share_by_largest_remainder(tax_fen, weights if any(weights.values()) else shares)
