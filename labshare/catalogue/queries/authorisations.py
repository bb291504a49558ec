"""Who may work which instrument on which day (R-TEAM)."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from labshare.catalogue.models import Authorisation, Instrument, Lab
from labshare.catalogue.queries.admissions import lab_lies_in
from labshare.catalogue.queries.own import lab_choices
from labshare.catalogue.rules.class_codes import CLASSES, SECOND_CLASSES
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.models import Membership
from labshare.organisations.permissions import roles_for, visible
from labshare.organisations.queries import members_of, workers_of

NOTIFY_BEFORE = timedelta(days=30)
"""How long before its end it is told that an authorisation ends."""
MOST_WITHDRAWN = 50
"""Withdrawn ones that a page lists, the last first."""


def authorisations_of(instrument_id: int) -> Sequence[Authorisation]:
    """Those of an instrument that were not withdrawn, with their persons; the last to end first. One statement."""
    return db.session.scalars(
        select(Authorisation)
        .where(Authorisation.instrument_id == instrument_id, Authorisation.standing)
        .options(joinedload(Authorisation.person))
        .order_by(Authorisation.valid_to.desc(), Authorisation.id.desc())
    ).all()


def get_authorisation(authorisation_id: int) -> Authorisation:
    """Whoever calls asks whose it is. Raises `NotFound`."""
    found = db.session.get(Authorisation, authorisation_id)
    if found is None:
        raise NotFound
    return found


def list_authorisations(
    actor: Actor, *, lab_id: int | None = None, before: int | None = None, limit: int
) -> Sequence[Authorisation]:
    """Those that the actor sees, withdrawn ones among them, the newest first; `before` the id of the last one seen."""
    wanted = (
        select(Authorisation)
        .join(Authorisation.instrument)
        .join(Instrument.lab)
        .options(
            contains_eager(Authorisation.instrument).contains_eager(Instrument.lab),
            joinedload(Authorisation.person),
            joinedload(Authorisation.recorder),
        )
        .where(visible(actor, "team.see", firm=Lab.firm_id, division=lab_lies_in(local_day(utc_now()))))
    )
    if lab_id is not None:
        wanted = wanted.where(Instrument.lab_id == lab_id)
    if before is not None:
        wanted = wanted.where(Authorisation.id < before)
    return db.session.scalars(wanted.order_by(Authorisation.id.desc()).limit(limit)).all()


def may_work(*, person_id: int | None, instrument_id: int, day: date) -> bool:
    """Whether the person may start a test there: anyone while the lab authorises nobody for the instrument. One
    statement."""
    standing = authorisations_of(instrument_id)
    return not standing or any(one.person_id == person_id and one.in_force_on(day) for one in standing)


def roles_at_bench(firm_id: int) -> Mapping[int, str]:
    """Of those who work at the bench, by person. One statement."""
    return {one.person_id: one.role for one in workers_of(firm_id)}


def instruments_of_class(lab_id: int, class_code: str) -> Sequence[Instrument]:
    """The lab's, whose class begins with these digits; not those taken out of the catalogue. One statement."""
    if class_code not in CLASSES and class_code not in SECOND_CLASSES:
        return ()
    return db.session.scalars(
        select(Instrument)
        .where(Instrument.lab_id == lab_id, Instrument.class_code.startswith(class_code), _in_use())
        .order_by(Instrument.id)
    ).all()


def classes_of(lab_id: int) -> Mapping[str, int]:
    """How many instruments the lab has in each class and in each of its second level. One statement."""
    codes = db.session.scalars(select(Instrument.class_code).where(Instrument.lab_id == lab_id, _in_use()))
    counts: Counter[str] = Counter()
    for code in codes:
        counts.update(one for one in (code[:2], code[:4]) if one in CLASSES or one in SECOND_CLASSES)
    return dict(sorted(counts.items()))


def _in_use() -> ColumnElement[bool]:
    return Instrument.state != LifeState.WITHDRAWN


def holders_on(person_id: int | None, first: date, last: date, instrument_ids: Collection[int]) -> set[int]:
    """On which of the instruments the person is authorised by one row on all these days. One statement."""
    return set(
        db.session.scalars(
            select(Authorisation.instrument_id).where(
                Authorisation.person_id == person_id,
                Authorisation.standing,
                Authorisation.in_force_on(first),
                Authorisation.lasts_to(last),
                Authorisation.instrument_id.in_(list(instrument_ids)),
            )
        )
    )


# ── What ends ─────────────────────────────────────────────────────────────


def _none_after() -> ColumnElement[bool]:
    """Whether no other authorisation of the person for the instrument lasts longer."""
    after = aliased(Authorisation)
    return ~exists().where(
        after.instrument_id == Authorisation.instrument_id,
        after.person_id == Authorisation.person_id,
        after.standing,
        after.outlasts(Authorisation.valid_to),
    )


def _still_works() -> ColumnElement[bool]:
    return exists().where(
        Membership.person_id == Authorisation.person_id,
        Membership.firm_id == Lab.firm_id,
        Membership.current,
        Membership.role.in_(roles_for("booking.work", "lab")),
    )


def ending_unnotified(day: date, *, limit: int) -> Sequence[Authorisation]:
    """Those of present workers that end within 30 days with none after them, of which nobody was told. Locked."""
    return db.session.scalars(
        select(Authorisation)
        .join(Authorisation.instrument)
        .join(Instrument.lab)
        .options(
            contains_eager(Authorisation.instrument).contains_eager(Instrument.lab), joinedload(Authorisation.person)
        )
        .where(
            Authorisation.standing,
            ~Authorisation.end_notified,
            ~Authorisation.lasts_to(day + NOTIFY_BEFORE + timedelta(days=1)),
            _none_after(),
            _still_works(),
        )
        .order_by(Authorisation.id)
        .limit(limit)
        .with_for_update(of=Authorisation)
        .execution_options(populate_existing=True)
    ).all()


def authorisations_ending(firm_id: Any) -> Select[Any]:
    """How many of a firm's labs were told to end and were neither renewed nor withdrawn: the badge."""
    return (
        select(func.count())
        .select_from(Authorisation)
        .join(Instrument, Instrument.id == Authorisation.instrument_id)
        .join(Lab, Lab.id == Instrument.lab_id)
        .where(
            Lab.firm_id == firm_id, Authorisation.standing, Authorisation.end_notified, _none_after(), _still_works()
        )
    )


# ── The team ──────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Place:
    """What a member may do in one lab."""

    lab: Lab
    held: tuple[Authorisation, ...]
    """Of each instrument the one that lasts longest, the first to end first."""
    free: int
    """Instruments for which nobody is authorised: whoever works at the bench starts there."""
    closed: int
    """Instruments for which others are authorised and this person is not."""


@dataclass(frozen=True)
class Teammate:
    member: Membership
    works: bool
    """Whether the role works at the bench."""
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Team:
    labs: tuple[Lab, ...]
    mates: tuple[Teammate, ...]
    roles: Mapping[int, str]
    """Of those who work at the bench."""
    day: date

    def ends(self, one: Authorisation) -> bool:
        """Whether it ends within 30 days, or has ended."""
        return not one.lasts_to(self.day + NOTIFY_BEFORE + timedelta(days=1))


def team_of(
    firm_id: int, day: date, *, lab_id: int | None = None, role: str | None = None, ending: bool = False
) -> Team:
    """Who may do what in which of the firm's labs, or in this one of them; with `ending` those alone whose
    authorisations end. Four statements."""
    labs = lab_choices(firm_id)
    shown = [one for one in labs if one.id == lab_id] or labs
    members = members_of(firm_id)
    per_lab = Counter(
        db.session.scalars(select(Instrument.lab_id).join(Instrument.lab).where(Lab.firm_id == firm_id, _in_use()))
    )
    standing = db.session.scalars(
        select(Authorisation)
        .join(Authorisation.instrument)
        .join(Instrument.lab)
        .options(contains_eager(Authorisation.instrument), joinedload(Authorisation.recorder))
        .where(Lab.firm_id == firm_id, Authorisation.standing, _in_use())
        .order_by(Authorisation.valid_to, Authorisation.id)
    ).all()
    restricted: dict[int, set[int]] = defaultdict(set)
    held: dict[tuple[int, int], dict[int, Authorisation]] = defaultdict(dict)
    for one in standing:
        restricted[one.instrument.lab_id].add(one.instrument_id)
        held[one.person_id, one.instrument.lab_id].pop(one.instrument_id, None)
        held[one.person_id, one.instrument.lab_id][one.instrument_id] = one
    at_bench = set(roles_for("booking.work", "lab"))
    mates = tuple(
        Teammate(
            member=member,
            works=member.role in at_bench,
            places=tuple(
                Place(
                    lab=lab,
                    held=tuple(held[member.person_id, lab.id].values()),
                    free=per_lab[lab.id] - len(restricted[lab.id]),
                    closed=len(restricted[lab.id] - {*held[member.person_id, lab.id]}),
                )
                for lab in shown
            ),
        )
        for member in members
        if role in (None, member.role)
    )
    roles = {one.person_id: one.role for one in members if one.role in at_bench and one.person.enabled}
    team = Team(labs=tuple(labs), mates=mates, roles=roles, day=day)
    if not ending:
        return team
    found = tuple(
        mate for mate in mates if mate.works and any(team.ends(one) for place in mate.places for one in place.held)
    )
    return replace(team, mates=found)


def withdrawn_of(lab_id: int) -> Sequence[Authorisation]:
    """Of a lab's instruments, the last withdrawn first. One statement."""
    return db.session.scalars(
        select(Authorisation)
        .join(Authorisation.instrument)
        .options(contains_eager(Authorisation.instrument), joinedload(Authorisation.person))
        .where(and_(Instrument.lab_id == lab_id, ~Authorisation.standing))
        .order_by(Authorisation.withdrawn_at.desc(), Authorisation.id.desc())
        .limit(MOST_WITHDRAWN)
    ).all()
