"""Reading affiliations: as the rules want them, as a firm sees its own, as officers look for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, null, or_, select
from sqlalchemy.orm import aliased

from labshare.accounts.models import Person
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.events import ask
from labshare.organisations.events import HostCounties
from labshare.organisations.links import Link
from labshare.organisations.models import Affiliation, AffiliationChange, Firm
from labshare.organisations.permissions import may, prefixes, visible
from labshare.organisations.queries import firm_lies_in
from labshare.organisations.terms import AffiliationKind, AffiliationList

_OF = Affiliation
_COLUMNS = (
    _OF.id,
    _OF.firm_id.label("firm"),
    _OF.other_firm_id.label("other"),
    _OF.kind,
    _OF.valid_from,
    _OF.valid_to,
    _OF.recorded_at,
    _OF.declared_by_firm_id.label("declared_by"),
    _OF.declaration_touches.is_not(null()).label("declaration_waits"),
    _OF.agreed_at,
    _OF.agreement_touches.is_not(null()).label("agreement_waits"),
    _OF.objected_at,
    _OF.seen_at,
    _OF.confirmed_at,
    _OF.end_asked_at,
    _OF.ended_at,
    _OF.ended_on,
    _OF.voided_at,
    _OF.holds_until_decided.label("held"),
)
"""Named as the fields of `Link`."""
_MAY_WAIT = and_(
    ~_OF.voided,
    or_(
        _OF.end_asked_at.is_not(None),
        and_(
            ~_OF.confirmed,
            or_(
                _OF.objected_at.is_not(None),
                _OF.holds_until_decided,
                _OF.declaration_touches.is_not(null()),
                _OF.agreement_touches.is_not(null()),
                and_(_OF.kind == AffiliationKind.CONTROLS, _OF.agreed_at.is_not(None)),
            ),
        ),
    ),
)
"""The few rows among which those to decide are: what decides is `Link.to_decide`."""


def links(known_at: datetime | None = None) -> list[Link]:
    """Every affiliation as it was known at `known_at` (None: now), voided ones left out. One statement."""
    rows = db.session.execute(select(*_COLUMNS).order_by(_OF.id)).all()
    return [known for row in rows if (known := Link(**row._mapping).known(known_at)) is not None]


def links_of(firm_ids: Collection[int]) -> list[Link]:
    """Every affiliation of these firms, on either side, as it is known now; voided ones left out. One statement."""
    theirs = or_(_OF.firm_id.in_(firm_ids), _OF.other_firm_id.in_(firm_ids))
    return [
        Link(**row._mapping)
        for row in db.session.execute(select(*_COLUMNS).where(theirs, ~_OF.voided).order_by(_OF.id))
    ]


def affiliations_seen(actor: Actor) -> ColumnElement[bool]:
    """Condition on `Affiliation`: the actor sees one of the two firms."""

    def lies_in(prefix: str) -> ColumnElement[bool]:
        either = or_(Firm.id == _OF.firm_id, Firm.id == _OF.other_firm_id)
        return select(Firm.id).where(either, firm_lies_in(prefix)).correlate(_OF).exists()

    return visible(actor, "firm.see", division=lies_in)


def counties_of_link(*, firm_id: int, other_id: int) -> frozenset[str]:
    """Who decides on an affiliation of these firms: the counties of the labs that either has, else those of both firms
    (R-RIGHTS-15). At most two statements."""
    hosting = ask(HostCounties((firm_id, other_id)))
    if hosting:
        return hosting
    return frozenset(db.session.scalars(select(Firm.division).where(Firm.id.in_((firm_id, other_id)))))


def decides_link(actor: Actor, *, firm_id: int, other_id: int, action: str = "affiliation.enter") -> bool:
    """Whether the actor decides on an affiliation of these firms, as officer of one of its counties, or with another
    `action` as who may do that there."""
    if not prefixes(actor, action):
        return may(actor, action)
    counties = [""] if may(actor, action) else counties_of_link(firm_id=firm_id, other_id=other_id)
    return any(may(actor, action, division=county) for county in counties)


def affiliations_to_decide(actor: Actor) -> dict[int, tuple[str, ...]]:
    """By id, why an officer has to decide, of those in sight. One statement over the few that may wait."""
    by_officers = (_MAY_WAIT, ~_change_waits(), affiliations_seen(actor))
    rows = db.session.execute(select(*_COLUMNS).where(*by_officers).order_by(_OF.id)).all()
    return {link.id: reasons for row in rows if (reasons := (link := Link(**row._mapping)).to_decide)}


def _change_waits() -> ColumnElement[bool]:
    """Condition on `Affiliation`: a second person has to agree to what an officer proposed, or to refuse it."""
    return exists().where(AffiliationChange.affiliation_id == _OF.id, AffiliationChange.waits)


def change_of(found: Affiliation) -> AffiliationChange | None:
    """The change of it that waits, if one does."""
    waits = (AffiliationChange.affiliation_id == found.id, AffiliationChange.waits)
    return db.session.scalar(select(AffiliationChange).where(*waits))


def change_in_sight(actor: Actor, change_id: int) -> int:
    """The affiliation of a proposed change. Raises `NotFound`."""
    seen = affiliations_seen(actor)
    of = select(_OF.id).join(AffiliationChange, AffiliationChange.affiliation_id == _OF.id)
    found = db.session.scalar(of.where(AffiliationChange.id == change_id, seen))
    if found is None:
        raise NotFound
    return found


def changes_waiting(actor: Actor) -> Select[Any]:
    """How many proposed changes, of affiliations in sight, wait for somebody else than the actor, as a select."""
    return (
        select(func.count(AffiliationChange.id))
        .join(_OF, _OF.id == AffiliationChange.affiliation_id)
        .where(AffiliationChange.waits, AffiliationChange.proposed_by != actor.person_id, affiliations_seen(actor))
    )


@dataclass(frozen=True)
class AffiliationRow:
    """A relation as one of the two firms sees it."""

    affiliation: Affiliation
    other: Firm
    outgoing: bool
    """Whether it runs from the looking firm to the other (`controls`)."""


def affiliations_of(*, firm_id: int, affiliation_id: int | None = None) -> list[AffiliationRow]:
    """Every relation of the firm (or the one of this id), ended ones too, the latest first. One statement."""
    wanted = (
        select(Affiliation, Firm)
        .join(
            Firm,
            or_(
                and_(Affiliation.firm_id == firm_id, Firm.id == Affiliation.other_firm_id),
                and_(Affiliation.other_firm_id == firm_id, Firm.id == Affiliation.firm_id),
            ),
        )
        .order_by(Affiliation.valid_from.desc(), Affiliation.id.desc())
    )
    if affiliation_id is not None:
        wanted = wanted.where(Affiliation.id == affiliation_id)
    return [AffiliationRow(found, other, found.firm_id == firm_id) for found, other in db.session.execute(wanted)]


def affiliation_row(*, firm_id: int, affiliation_id: int) -> AffiliationRow:
    """One relation of the firm. Raises `NotFound`."""
    found = affiliations_of(firm_id=firm_id, affiliation_id=affiliation_id)
    if not found:
        raise NotFound
    return found[0]


@dataclass(frozen=True)
class FoundRow:
    """A relation as a regulator sees it."""

    affiliation: Affiliation
    firm: Firm
    other: Firm
    reasons: tuple[str, ...] = ()
    """Why an officer has to decide."""


def search_affiliations(
    actor: Actor, today: date, *, q: str = "", show: str | None = None, limit: int = 50, offset: int = 0
) -> tuple[list[FoundRow], int]:
    """Affiliations by firm, the latest first, and how many in all; `show`: an `AffiliationList`. Three statements."""
    one, other = aliased(Firm), aliased(Firm)
    waiting = affiliations_to_decide(actor)
    over = or_(Affiliation.voided, not_(Affiliation.lasts_to(today)))
    conditions: list[Any] = [affiliations_seen(actor)]
    if q.strip():
        conditions.append(
            or_(
                *(
                    func.lower(column).contains(q.strip().lower(), autoescape=True)
                    for firm in (one, other)
                    for column in (firm.name, firm.name_en, firm.uscc)
                )
            )
        )
    if show == AffiliationList.DECIDE:
        conditions.append(Affiliation.id.in_(list(waiting)))
    elif show == AffiliationList.SECOND:
        conditions.append(_change_waits())
    elif show == AffiliationList.OVER:
        conditions.append(over)
    elif show is not None:
        confirmed = show == AffiliationList.CONFIRMED
        conditions += [Affiliation.confirmed if confirmed else ~Affiliation.confirmed, ~Affiliation.voided]
    wanted = (
        select(Affiliation, one, other)
        .join(one, one.id == Affiliation.firm_id)
        .join(other, other.id == Affiliation.other_firm_id)
        .where(*conditions)
    )
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = db.session.execute(wanted.order_by(Affiliation.id.desc()).limit(limit).offset(offset)).all()
    return [FoundRow(*row, waiting.get(row[0].id, ())) for row in rows], total


@dataclass(frozen=True)
class Evidence:
    """One affiliation with everybody who did something to it."""

    affiliation: Affiliation
    firm: Firm
    other: Firm
    persons: dict[int, Person]
    corrected_by: Affiliation | None
    """The row that stands in for a voided one."""
    changes: Sequence[AffiliationChange]
    """What officers proposed against it, in order."""

    @property
    def firms(self) -> tuple[Firm, Firm]:
        return self.firm, self.other

    @property
    def waiting(self) -> AffiliationChange | None:
        """The change that a second person has to agree to or to refuse."""
        return next((change for change in self.changes if change.waits), None)


def affiliation_with_persons(actor: Actor, affiliation_id: int) -> Evidence:
    """One affiliation for a regulator. Four statements. Raises `NotFound`."""
    one, other = aliased(Firm), aliased(Firm)
    row = db.session.execute(
        select(Affiliation, one, other)
        .join(one, one.id == Affiliation.firm_id)
        .join(other, other.id == Affiliation.other_firm_id)
        .where(Affiliation.id == affiliation_id, affiliations_seen(actor))
    ).one_or_none()
    if row is None:
        raise NotFound
    found = row[0]
    of_it = select(AffiliationChange).where(AffiliationChange.affiliation_id == affiliation_id)
    changes = db.session.scalars(of_it.order_by(AffiliationChange.id)).all()
    ids: Sequence[int | None] = (
        *(person for one in changes for person in (one.proposed_by, one.agreed_by, one.dropped_by)),
        found.entered_by,
        found.agreed_by,
        found.objected_by,
        found.seen_by,
        found.confirmed_by,
        found.end_asked_by,
        found.ended_by,
        found.voided_by,
    )
    persons = db.session.scalars(select(Person).where(Person.id.in_([one for one in ids if one is not None])))
    later = db.session.scalar(select(Affiliation).where(Affiliation.corrects_id == affiliation_id).limit(1))
    return Evidence(found, row[1], row[2], {person.id: person for person in persons}, later, changes)
