"""What the verbs of the catalogue share: finding what they act on, and naming what the database refuses."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from labshare.audit import services as audit
from labshare.catalogue.errors import FirmNotVerified, NotComplete, WrongState
from labshare.catalogue.models import Accreditation, Instrument, Lab, TestItem
from labshare.catalogue.queries import get_accreditation, get_instrument, get_lab, get_test_item
from labshare.catalogue.rules.publishing import Condition, missing
from labshare.catalogue.terms import LifeState, Requirement
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, raise_all
from labshare.organisations import permissions

PERSONAL = ("contact", "phone", "email")
"""Fields of which the trail keeps only that they changed."""


def own_lab(actor: Actor, lab_id: int) -> Lab:
    """Raises `NotFound` where the actor may not see it, `NotAllowed` where it may not be changed."""
    lab = get_lab(actor, lab_id)
    permissions.check(actor, "catalogue.change", firm=lab.firm_id)
    return lab


def own_instrument(actor: Actor, instrument_id: int) -> Instrument:
    instrument = get_instrument(actor, instrument_id)
    permissions.check(actor, "catalogue.change", firm=instrument.lab.firm_id)
    return instrument


def own_test_item(actor: Actor, item_id: int) -> TestItem:
    item = get_test_item(actor, item_id)
    permissions.check(actor, "catalogue.change", firm=item.lab.firm_id)
    return item


def own_accreditation(actor: Actor, accreditation_id: int) -> Accreditation:
    accreditation = get_accreditation(actor, accreditation_id)
    permissions.check(actor, "catalogue.change", firm=accreditation.lab.firm_id)
    return accreditation


def lock_lab(lab_id: int) -> None:
    """Let nobody else change this lab until the transaction ends."""
    db.session.execute(select(Lab.id).where(Lab.id == lab_id).with_for_update())


def require(conditions: tuple[Condition, ...]) -> None:
    """Raise everything that is missing for publishing, at once."""
    problems: list[Problem] = []
    for key in missing(conditions):
        problems.append(FirmNotVerified() if key == Requirement.FIRM_VERIFIED else NotComplete(what=key.label))
    raise_all(problems)


def move(
    actor: Actor,
    now: datetime,
    thing: Lab | Instrument | TestItem,
    action: str,
    states: tuple[LifeState, ...],
    to: LifeState,
) -> None:
    """Change the state of publication and write it to the trail. Raises `WrongState`."""
    if thing.state not in states:
        raise WrongState(state=LifeState(thing.state).label)
    before = thing.state
    thing.state = to
    if to == LifeState.PUBLISHED and not isinstance(thing, Instrument):
        thing.published_at = now
    db.session.flush()
    audit.record(
        actor, now, action, subject=(thing.__tablename__, thing.id), before={"state": before}, after={"state": to}
    )


def fill(row: Any, details: Any) -> None:
    """Write the fields of an entry's details to its row. Empty English names and coordinates are none."""
    for name, value in vars(details).items():
        nothing = name in ("name_en", "longitude", "latitude") and value == ""
        setattr(row, name, None if nothing else value)


def read(row: Any, kind: type[Any]) -> Any:
    """The details as the row has them."""
    names = kind.__dataclass_fields__
    return kind(**{name: "" if (value := getattr(row, name)) is None and name in _TEXTS else value for name in names})


_TEXTS = ("name_en", "longitude", "latitude", "town")


@contextmanager
def refusals(named: Mapping[str, type[Problem]], **params: Any) -> Iterator[None]:
    """Run and flush in a savepoint; what the database refuses is raised as the problem that its words name.

    A param that is a function is called then, to read what stands in the way.
    """
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except IntegrityError as refused:
        message = str(refused.orig).lower()
        for part, problem in named.items():
            if part in message:
                raise problem(**{name: one() if callable(one) else one for name, one in params.items()}) from refused
        raise
