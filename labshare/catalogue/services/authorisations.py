"""Who may work which instrument, by a paper and for a time (docs/rules.md, R-TEAM)."""

from datetime import date, datetime

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.catalogue.errors import DatesOutOfOrder, NobodyAuthorisesThemself, Required, TooLongText, UnknownChoice
from labshare.catalogue.models import Authorisation
from labshare.catalogue.services.common import own_instrument
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, raise_all
from labshare.kernel.verbs import verb
from labshare.organisations.queries import workers_of

PAPER_LENGTH = 60


@verb("operator.authorise", title=_l("Operator authorised"))
def authorise(
    *,
    actor: Actor,
    now: datetime,
    instrument_id: int,
    person_id: int | None,
    paper: str,
    valid_from: date,
    valid_to: date,
) -> Authorisation:
    """Record that a member who works at the bench may work an instrument, on both days and all between (R-TEAM-1).

    Raises `NotFound`, `NotAllowed`, `NobodyAuthorisesThemself`, `UnknownChoice`, `Required`, `TooLongText`,
    `DatesOutOfOrder`."""
    instrument, paper = own_instrument(actor, instrument_id), " ".join(paper.split())
    problems: list[Problem] = []
    if person_id == actor.person_id:
        problems.append(NobodyAuthorisesThemself("person_id"))
    elif person_id not in {one.person_id for one in workers_of(instrument.lab.firm_id)}:
        problems.append(UnknownChoice("person_id"))
    if not paper:
        problems.append(Required("paper"))
    if len(paper) > PAPER_LENGTH:
        problems.append(TooLongText("paper", max=PAPER_LENGTH))
    if valid_to < valid_from:
        problems.append(DatesOutOfOrder("valid_to"))
    raise_all(problems)
    made = Authorisation(
        instrument_id=instrument.id,
        person_id=person_id,
        paper=paper,
        valid_from=valid_from,
        valid_to=valid_to,
        recorded_by=actor.person_id,
        recorded_at=now,
    )
    db.session.add(made)
    db.session.flush()
    record(actor, now, "operator.authorise", ("instrument", instrument.id), after=_said(made))
    return made


@verb("operator.withdraw", title=_l("Operator authorisation withdrawn"))
def withdraw_authorisation(*, actor: Actor, now: datetime, authorisation_id: int) -> Authorisation:
    """It holds no more; the row stays. Raises `NotFound`, `NotAllowed`."""
    found = db.session.get(Authorisation, authorisation_id, populate_existing=True)
    if found is None:
        raise NotFound
    own_instrument(actor, found.instrument_id)
    if found.standing:
        found.withdrawn_by, found.withdrawn_at = actor.person_id, now
        db.session.flush()
        record(actor, now, "operator.withdraw", ("instrument", found.instrument_id), before=_said(found))
    return found


def _said(of: Authorisation) -> dict[str, object]:
    return {
        "person_id": of.person_id,
        "paper": of.paper,
        "valid_from": of.valid_from.isoformat(),
        "valid_to": of.valid_to.isoformat(),
    }
