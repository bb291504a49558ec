"""The list of standards: seeded, and added to by labs and officers."""

from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.models import Lab, Standard
from labshare.catalogue.queries import match_standard
from labshare.catalogue.rules import standards as numbers
from labshare.catalogue.services import common
from labshare.catalogue.services.index import rebuild_labs_with_standard
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound, Problem, raise_all
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.models import Firm


@verb("standard.add", title=_l("Standard added"))
def add_standard(*, actor: Actor, now: datetime, number: str, name: str, name_en: str = "") -> Standard:
    """By a lab of a verified firm or by an officer (R-CATALOGUE-7). Raises `StandardKnown` for one that is listed,
    however spelt, `StandardWithoutYear` for one that is listed with its year, `FirmNotVerified`."""
    _check(actor, "standard.add")
    number, name, name_en = " ".join(number.split()), name.strip(), name_en.strip()
    problems: list[Problem] = []
    for field, value, most in (("number", number, 60), ("name", name, 200)):
        if not value:
            problems.append(errors.Required(field))
        elif len(value) > most:
            problems.append(errors.TooLongText(field, max=most))
    if len(name_en) > 200:
        problems.append(errors.TooLongText("name_en", max=200))
    search_number = numbers.normalise(number)
    if db.session.scalar(select(Standard.id).where(Standard.search_number == search_number)) is not None:
        problems.append(errors.StandardKnown())
    elif listed := listed_as(number, local_day(now)):
        problems.append(errors.StandardWithoutYear(number=number, listed=listed))
    raise_all(problems)
    standard = Standard(number=number, search_number=search_number, name=name, name_en=name_en or None)
    with common.refusals({"standard": errors.StandardKnown}):
        db.session.add(standard)
    audit.record(
        actor,
        now,
        "standard.add",
        subject=("standard", standard.id),
        before=None,
        after={"number": number, "name": name},
    )
    return standard


def listed_as(number: str, day: date) -> str:
    """What the list has for a number that names no year: what is in force on that day, else nothing."""
    match = match_standard(number, day)
    return ", ".join(one.number for one in match.current) if match else ""


def _check(actor: Actor, action: str) -> None:
    """By an officer, or by the hands of a firm that has labs: the list is everybody's."""
    permissions.check(actor, action, firm=actor.firm_id)
    if permissions.may(actor, action):
        return
    if db.session.scalar(select(Lab.id).where(Lab.firm_id == actor.firm_id).limit(1)) is None:
        raise NotAllowed
    if not db.session.get_one(Firm, actor.firm_id).verified:
        raise errors.FirmNotVerified


@verb("standard.supersede", title=_l("Standard superseded"))
def supersede_standard(
    *, actor: Actor, now: datetime, standard_id: int, successor: str, superseded_from: date
) -> Standard:
    """Say what replaces a standard, and from which day; what is said already only an officer corrects.

    Raises `UnknownStandard`, `StandardReplacesItself`.
    """
    _check(actor, "standard.supersede")
    standard = db.session.get(Standard, standard_id)
    if standard is None:
        raise NotFound
    if standard.superseded_by_id is not None:
        permissions.check(actor, "standard.correct")
    later = db.session.scalar(select(Standard).where(Standard.search_number == numbers.normalise(successor)))
    if later is None:
        raise errors.UnknownStandard("successor", number=successor.strip() or "—")
    following: Standard | None = later
    seen: set[int] = set()
    while following is not None and following.id not in seen:
        if following.id == standard.id:
            raise errors.StandardReplacesItself
        seen.add(following.id)
        following = following.superseded_by
    before = {
        "superseded_by_id": standard.superseded_by_id,
        "superseded_from": standard.superseded_from.isoformat() if standard.superseded_from else None,
    }
    standard.superseded_by, standard.superseded_from = later, superseded_from
    db.session.flush()
    audit.record(
        actor,
        now,
        "standard.supersede",
        subject=("standard", standard.id),
        before=before,
        after={"superseded_by_id": later.id, "superseded_from": superseded_from.isoformat()},
    )
    rebuild_labs_with_standard(later.id)
    return standard
