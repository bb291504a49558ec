"""Several reports at once: what their files' names are held against (R-RESULT-5)."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import undefer

from labshare.booking.models import Booking
from labshare.booking.queries.marks import marks_wanted
from labshare.booking.rules.lines import read_price
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.settlement.queries.missing import missing_documents
from labshare.settlement.rules.file_names import FileProposal, Waiting, propose_files
from labshare.settlement.rules.matching import references_in
from labshare.settlement.terms import Lacking

MOST_WAITING = 2_000
"""Finished tests without a report that names are held against, those finished longest ago first."""


def marks_ordered(booking: Booking) -> set[str]:
    """The marks that the client ordered the report with."""
    extras = read_price(booking.price).extras if booking.price else ()
    return {str(mark) for mark in marks_wanted(extra.surcharge for extra in extras)}


def proposals_for_files(actor: Actor, names: Sequence[str]) -> tuple[list[FileProposal], dict[str, Booking]]:
    """For each file name the booking of the own firm's labs that it seems to be of, and the bookings that wait for a
    report, by reference. Three statements."""
    waiting = {
        lack.booking.ref: lack.booking for lack in missing_documents(actor, kind=Lacking.REPORT, limit=MOST_WAITING)
    }
    named = {ref for name in names for ref in references_in(name)}
    priced = select(Booking).where(Booking.ref.in_(named & waiting.keys())).options(undefer(Booking.price))
    db.session.scalars(priced.execution_options(populate_existing=True)).all()
    others = select(Booking.ref).where(Booking.ref.in_(named - waiting.keys()), Booking.lab_firm_id == actor.firm_id)
    tests = [
        Waiting(
            ref=ref,
            code=booking.lab.code,
            clients=tuple(name for name in (booking.client.name, booking.client.name_en) if name),
            marked=ref in named and bool(marks_ordered(booking)),
        )
        for ref, booking in waiting.items()
    ]
    return propose_files(names, tests, db.session.scalars(others).all()), waiting
