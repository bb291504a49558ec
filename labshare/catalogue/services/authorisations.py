"""Who may work which instrument, by a paper and for a time (docs/rules.md, R-TEAM)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.catalogue.errors import (
    AuthorisedAlready,
    DatesOutOfOrder,
    NobodyAuthorisesThemself,
    OwnersAuthorise,
    Required,
    TooLongText,
    UnknownChoice,
)
from labshare.catalogue.models import Authorisation
from labshare.catalogue.notifications import AUTHORISATION_ENDS
from labshare.catalogue.queries.authorisations import (
    ending_unnotified,
    holders_on,
    instruments_of_class,
    roles_at_bench,
)
from labshare.catalogue.rules.authorising import may_record
from labshare.catalogue.services.common import own_instrument, own_lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, raise_all
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations import permissions
from labshare.organisations.separation import lock_firm
from labshare.organisations.terms import FirmRole

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

    Raises `NotFound`, `NotAllowed`, `NobodyAuthorisesThemself`, `OwnersAuthorise`, `UnknownChoice`, `Required`,
    `TooLongText`, `DatesOutOfOrder`."""
    instrument = own_instrument(actor, instrument_id)
    roles, paper = _roles(instrument.lab.firm_id), " ".join(paper.split())
    given: dict[str, Any] = {"person_id": person_id, "paper": paper, "valid_from": valid_from, "valid_to": valid_to}
    raise_all(_wrong(actor, roles, **given))
    made = _made(actor, now, roles, instrument.id, **given)
    db.session.add(made)
    db.session.flush()
    record(actor, now, "operator.authorise", ("instrument", instrument.id), after=_recorded(made))
    return made


@verb("operator.authorise_class", title=_l("Operator authorised for a class"))
def authorise_class(
    *,
    actor: Actor,
    now: datetime,
    lab_id: int,
    class_code: str,
    person_id: int | None,
    paper: str,
    valid_from: date,
    valid_to: date,
) -> Sequence[Authorisation]:
    """The same for every instrument of a class that the lab has now, but where the person is authorised on all these
    days already (R-TEAM-3). `class_code`: its first digits. What the lab adds later is not among them.

    Raises as `authorise`; `AuthorisedAlready`."""
    lab = own_lab(actor, lab_id)
    roles, paper = _roles(lab.firm_id), " ".join(paper.split())
    given: dict[str, Any] = {"person_id": person_id, "paper": paper, "valid_from": valid_from, "valid_to": valid_to}
    problems = _wrong(actor, roles, **given)
    instruments = instruments_of_class(lab.id, class_code)
    if not instruments:
        problems.append(UnknownChoice("class_code"))
    raise_all(problems)
    has = holders_on(person_id, valid_from, valid_to, [one.id for one in instruments])
    made = [_made(actor, now, roles, one.id, **given) for one in instruments if one.id not in has]
    if not made:
        raise AuthorisedAlready
    db.session.add_all(made)
    db.session.flush()
    after = _recorded(made[0]) | {"class_code": class_code, "instruments": [one.instrument_id for one in made]}
    record(actor, now, "operator.authorise_class", ("lab", lab.id), after=after)
    return made


@verb("operator.withdraw", title=_l("Operator authorisation withdrawn"))
def withdraw_authorisation(*, actor: Actor, now: datetime, authorisation_id: int) -> Authorisation:
    """It holds no more; the row stays. Raises `NotFound`, `NotAllowed`, `OwnersAuthorise`."""
    found = db.session.get(Authorisation, authorisation_id, populate_existing=True)
    if found is None:
        raise NotFound
    roles = _roles(own_instrument(actor, found.instrument_id).lab.firm_id)
    db.session.refresh(found)
    if not may_record(recorder=actor.person_id, person=found.person_id, roles=roles):
        raise OwnersAuthorise
    if found.standing:
        found.withdrawn_by, found.withdrawn_at = actor.person_id, now
        db.session.flush()
        record(actor, now, "operator.withdraw", ("instrument", found.instrument_id), before=_recorded(found))
    return found


@verb("operator.tell_ending", title=_l("Told that an authorisation ends"))
def notify_ending(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Tell owners, lab managers and the person of authorisations that end within 30 days with none after them, each
    once (R-TEAM-4). How many, at most `limit`. For the system alone."""
    permissions.check(actor, "operator.tell_ending")
    due = ending_unnotified(local_day(now), limit=limit)
    for one in due:
        one.ending_told_at = now
        lab = one.instrument.lab
        notify(
            kind=AUTHORISATION_ENDS,
            now=now,
            url=f"/lab/team?lab={lab.id}&ending=1",
            firm_id=lab.firm_id,
            roles=(FirmRole.OWNER, FirmRole.LAB_MANAGER),
            params={
                "person": one.person.name,
                "instrument": in_both_languages(one.instrument, "name"),
                "lab": in_both_languages(lab, "name"),
                "paper": one.paper,
                "day": one.valid_to,
            },
        )
        record(actor, now, "operator.tell_ending", ("instrument", one.instrument_id), after=_recorded(one))
    db.session.flush()
    return len(due)


def _roles(firm_id: int) -> Mapping[int, str]:
    """Who works at the bench, and nobody's role changes meanwhile."""
    lock_firm(firm_id)
    return roles_at_bench(firm_id)


def _wrong(
    actor: Actor, roles: Mapping[int, str], *, person_id: int | None, paper: str, valid_from: date, valid_to: date
) -> list[Problem]:
    problems: list[Problem] = []
    if person_id == actor.person_id:
        problems.append(NobodyAuthorisesThemself("person_id"))
    elif person_id not in roles:
        problems.append(UnknownChoice("person_id"))
    elif not may_record(recorder=actor.person_id, person=person_id, roles=roles):
        problems.append(OwnersAuthorise("person_id"))
    if not paper:
        problems.append(Required("paper"))
    if len(paper) > PAPER_LENGTH:
        problems.append(TooLongText("paper", max=PAPER_LENGTH))
    if valid_to < valid_from:
        problems.append(DatesOutOfOrder("valid_to"))
    return problems


def _made(
    actor: Actor,
    now: datetime,
    roles: Mapping[int, str],
    instrument_id: int,
    *,
    person_id: int | None,
    paper: str,
    valid_from: date,
    valid_to: date,
) -> Authorisation:
    return Authorisation(
        instrument_id=instrument_id,
        person_id=person_id,
        paper=paper,
        valid_from=valid_from,
        valid_to=valid_to,
        recorded_by=actor.person_id,
        recorded_at=now,
        recorded_as=roles[actor.person_id or 0],
        person_as=roles[person_id or 0],
    )


def _recorded(of: Authorisation) -> dict[str, object]:
    return {
        "person_id": of.person_id,
        "paper": of.paper,
        "valid_from": of.valid_from.isoformat(),
        "valid_to": of.valid_to.isoformat(),
    }
