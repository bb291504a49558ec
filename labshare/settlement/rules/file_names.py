"""Which booking a report's file is of, by the file's name (docs/rules.md, R-RESULT-5)."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from labshare.settlement.rules.matching import plain_name, references_in
from labshare.settlement.terms import FileMatch

FEWEST = 4
"""Characters of a client's name below which a file's name says nothing."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A finished test without a report. `clients`: its client's names; `marked`: ordered with a mark on the report."""

    ref: str
    code: str
    clients: tuple[str, ...]
    marked: bool = False


@dataclass(frozen=True, kw_only=True)
class FileProposal:
    """`ref`: the booking it seems to be of; `others`: those that it could be of besides; `number`: a report number of
    the lab's that its name holds; `sure`: nothing else could be meant, and nothing is left to be said."""

    match: FileMatch
    ref: str = ""
    others: tuple[str, ...] = ()
    number: str = ""
    sure: bool = False


def propose_files(names: Sequence[str], waiting: Sequence[Waiting], elsewhere: Sequence[str]) -> list[FileProposal]:
    """For each file its proposal. `elsewhere`: bookings of the lab's that wait for no report."""
    tests = {one.ref: one for one in waiting}
    found = [_proposal(name, tests, elsewhere) for name in names]
    claims = Counter(one.ref for one in found if one.ref)
    return [
        FileProposal(match=FileMatch.TWICE, ref=one.ref, number=one.number) if claims[one.ref] > 1 else one
        for one in found
    ]


def _proposal(name: str, tests: dict[str, Waiting], elsewhere: Sequence[str]) -> FileProposal:
    named = references_in(name)
    here = [ref for ref in named if ref in tests]
    if not named:
        plain = plain_name(name)
        clients = [
            one.ref
            for one in tests.values()
            if any(len(client) >= FEWEST and plain_name(client) in plain for client in one.clients)
        ]
        if len(clients) == 1:
            return FileProposal(match=FileMatch.CLIENT, ref=clients[0], number=_number(name, tests[clients[0]]))
        if clients:
            return FileProposal(match=FileMatch.SEVERAL, others=tuple(clients))
        return FileProposal(match=FileMatch.UNKNOWN)
    if len(named) > 1:
        return FileProposal(match=FileMatch.SEVERAL, others=tuple(here))
    if not here:
        known = named[0] in elsewhere
        return FileProposal(match=FileMatch.NOT_WAITING if known else FileMatch.UNKNOWN, others=named if known else ())
    test = tests[here[0]]
    match = FileMatch.MARKED if test.marked else FileMatch.REFERENCE
    return FileProposal(match=match, ref=test.ref, number=_number(name, test), sure=not test.marked)


def _number(name: str, test: Waiting) -> str:
    found = re.search(rf"(?<![0-9A-Z]){re.escape(test.code)}-[0-9]{{4}}-[0-9]{{4,9}}(?![0-9])", name.upper())
    return found[0] if found else ""
