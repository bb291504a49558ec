"""Who someone is (behind a session or a token), and reading firms, members and roles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from labshare.accounts.models import Person, SignInSession, has_factor_of
from labshare.accounts.sessions import digest
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.events import ask
from labshare.kernel.terms import TokenScope
from labshare.organisations.events import PartyIn
from labshare.organisations.models import (
    ApiToken,
    Firm,
    FirmDraft,
    FirmSize,
    Invitation,
    LostFactor,
    Membership,
    RegulatorRole,
)
from labshare.organisations.permissions import lies_in, may, prefixes, roles_for, visible
from labshare.organisations.terms import FirmRole, FirmState


@dataclass(frozen=True, kw_only=True)
class Account:
    """A person as known when the request began. `memberships` are (firm id, role), the oldest first."""

    id: int
    email: str
    name: str
    locale: str | None
    epoch: int
    divisions: frozenset[tuple[str, str]]
    """(role, code prefix) of each regulator's role in force."""
    memberships: tuple[tuple[int, str], ...]
    has_factor: bool
    """Whether a second factor is set up."""
    proved_at: datetime | None = None
    """When the session's person last proved who it is; of no session, nothing."""

    @property
    def needs_factor(self) -> bool:
        """Whether the roles need a second factor where the installation requires them: regulators, and owners, who
        change their firm's bank account (R-FACTOR-5)."""
        return bool(self.regulator_roles) or any(role == FirmRole.OWNER for _firm, role in self.memberships)

    @property
    def regulator_roles(self) -> frozenset[str]:
        return frozenset(role for role, _division in self.divisions)

    def firm_id(self, wished: int | None) -> int | None:
        """The firm to act for: the wished one where the person is a member, else the first, else none."""
        firms = [firm for firm, _role in self.memberships]
        if wished in firms:
            return wished
        return firms[0] if firms else None

    def actor(
        self,
        wished_firm: int | None = None,
        *,
        address: str | None = None,
        agent: str | None = None,
        scope: str = TokenScope.WRITE,
    ) -> Actor:
        """Act for that firm, with the role there and the regulator's roles of the person."""
        firm_id = self.firm_id(wished_firm)
        roles = {role for firm, role in self.memberships if firm == firm_id} | self.regulator_roles
        return Actor(
            person_id=self.id,
            firm_id=firm_id,
            roles=frozenset(roles),
            address=address,
            agent=agent,
            scope=scope,
            divisions=self.divisions,
        )


def account_of_session(key: str, now: datetime, *, demonstration: bool = True) -> Account | None:
    """The person behind a browser's secret, or nothing where the session, the account or its epoch has ended.

    `demonstration` says whether demonstration accounts count. One statement.
    """
    found = db.session.execute(_BY_SESSION, {"key_digest": digest(key), "now": now}).all()
    return _account(found, demonstration)


def account_of_person(person_id: int, *, demonstration: bool = True) -> Account | None:
    """The same by the person's id, for commands and jobs."""
    return _account(db.session.execute(_BY_PERSON, {"person_id": person_id}).all(), demonstration)


@dataclass(frozen=True)
class TokenHolder:
    """Whose token it is, and who acts with it."""

    token_id: int
    actor: Actor
    locale: str | None
    has_factor: bool


def holder_of_token(
    secret: str, now: datetime, *, address: str | None = None, demonstration: bool = True
) -> TokenHolder | None:
    """Who acts with this API token, or nothing where token, account or membership has ended. One statement.

    A token for a firm holds the roles of the membership there and no regulator's role; one without a firm holds the
    regulator's roles alone.
    """
    found = db.session.execute(_BY_TOKEN, {"token_digest": digest(secret), "now": now}).all()
    account = _account(found, demonstration)
    if account is None:
        return None
    token = found[0]
    if token.token_firm_id is None:
        roles = account.regulator_roles
    else:
        roles = frozenset(role for firm, role in account.memberships if firm == token.token_firm_id)
    if not roles:
        return None
    actor = Actor(
        person_id=account.id,
        firm_id=token.token_firm_id,
        roles=roles,
        address=address,
        scope=token.scope,
        divisions=account.divisions if token.token_firm_id is None else frozenset(),
    )
    return TokenHolder(token.token_id, actor, account.locale, account.has_factor)


def _person_with_roles(through: Any = None, join: Any = None) -> Select[Any]:
    """The person, once for each pair of a regulator's role in force and a current membership; once with none. `through`
    what they are known by, joined by `join`."""
    chosen = select(
        Person.id,
        Person.email,
        Person.name,
        Person.locale,
        Person.session_epoch,
        Person.demonstration,
        RegulatorRole.role,
        RegulatorRole.division,
        Membership.firm_id,
        Membership.role.label("firm_role"),
        has_factor_of(Person.id).label("has_factor"),
    ).select_from(Person)
    if through is not None:
        chosen = chosen.join(through, join)
    return (
        chosen.outerjoin(
            RegulatorRole,
            and_(
                RegulatorRole.person_id == Person.id,
                RegulatorRole.in_force,
            ),
        )
        .outerjoin(Membership, and_(Membership.person_id == Person.id, Membership.current))
        .where(Person.enabled)
        .order_by(Membership.started_at, Membership.id)
    )


# Every request asks one of these: they are put together once.
_BY_SESSION = (
    _person_with_roles(SignInSession, SignInSession.person_id == Person.id)
    .add_columns(SignInSession.proved_at)
    .where(
        SignInSession.key_digest == bindparam("key_digest"),
        SignInSession.open_at(bindparam("now")),
        SignInSession.epoch == Person.session_epoch,
    )
)
_BY_PERSON = _person_with_roles().where(Person.id == bindparam("person_id"))
_IN_FORCE = and_(Person.id == ApiToken.person_id, Person.session_epoch == ApiToken.epoch, ~ApiToken.revoked)
"""A token that nothing has ended but time: the join of its person."""
_BY_TOKEN = (
    _person_with_roles(ApiToken, _IN_FORCE)
    .add_columns(ApiToken.id.label("token_id"), ApiToken.firm_id.label("token_firm_id"), ApiToken.scope)
    .where(
        ApiToken.token_digest == bindparam("token_digest"),
        ApiToken.lasts_past(bindparam("now")),
    )
)


def _account(rows: Any, demonstration: bool) -> Account | None:
    if not rows or (rows[0].demonstration and not demonstration):
        return None
    first = rows[0]
    return Account(
        id=first.id,
        email=first.email,
        name=first.name,
        locale=first.locale,
        epoch=first.session_epoch,
        divisions=frozenset((row.role, row.division) for row in rows if row.role),
        memberships=tuple(dict.fromkeys((row.firm_id, row.firm_role) for row in rows if row.firm_id is not None)),
        has_factor=bool(first.has_factor),
        proved_at=getattr(first, "proved_at", None),
    )


# ── Firms ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class FirmFilter:
    """What is looked for among firms; None and empty: everything."""

    q: str = ""
    state: str | None = None
    """`waiting`, `returned` or `verified`."""
    kind: str | None = None
    size_class: str | None = None
    town: str | None = None


def firm_lies_in(prefix: str) -> ColumnElement[bool]:
    """Condition on `Firm`, by code prefix: it is of that division, or a party of bookings of it (R-RIGHTS-14)."""
    return or_(lies_in(Firm.division, prefix), ask(PartyIn(Firm.id, prefix)))


def firms_seen(actor: Actor) -> ColumnElement[bool]:
    """Condition on `Firm`: the actor sees it."""
    return visible(actor, "firm.see", firm=Firm.id, division=firm_lies_in)


def sees_firm(actor: Actor, firm_id: int) -> bool:
    """The same of one. At most one statement."""
    if may(actor, "firm.see", firm=firm_id):
        return True
    if not prefixes(actor, "firm.see"):
        return False
    return db.session.scalar(select(Firm.id).where(Firm.id == firm_id, firms_seen(actor))) is not None


def search_firms(actor: Actor, wanted: FirmFilter, *, limit: int = 50, offset: int = 0) -> tuple[Sequence[Firm], int]:
    """Firms by name or credit code, those waiting longest first, and how many there are in all. Two statements."""
    conditions: list[Any] = [firms_seen(actor)]
    if wanted.q.strip():
        like = f"%{_plain(wanted.q)}%"
        conditions.append(
            or_(func.lower(Firm.name).like(like), func.lower(Firm.name_en).like(like), func.lower(Firm.uscc).like(like))
        )
    if wanted.state == FirmState.VERIFIED:
        conditions.append(Firm.verified)
    elif wanted.state == FirmState.RETURNED:
        conditions += [Firm.returned]
    elif wanted.state == FirmState.WAITING:
        conditions.append(Firm.waits)
    for column, value in ((Firm.kind, wanted.kind), (Firm.size_class, wanted.size_class), (Firm.town, wanted.town)):
        if value:
            conditions.append(column == value)
    total = db.session.scalar(select(func.count()).select_from(Firm).where(*conditions)) or 0
    rows = db.session.scalars(
        select(Firm).where(*conditions).order_by(Firm.created_at, Firm.id).limit(limit).offset(offset)
    ).all()
    return rows, total


LAST_VERIFIED = 20
"""Of so many firms the usual duration is told."""


def usual_verification() -> int | None:
    """Within how many days half of the firms verified last were; None where none was."""
    last = db.session.execute(
        select(Firm.created_at, Firm.verified_at)
        .where(Firm.verified)
        .order_by(Firm.verified_at.desc())
        .limit(LAST_VERIFIED)
    )
    lasted = sorted(verified - created for created, verified in last if verified is not None)
    return max(1, -(-lasted[len(lasted) // 2] // timedelta(days=1))) if lasted else None


def draft_of(person_id: int | None) -> FirmDraft | None:
    """What the person typed of a firm to register."""
    return db.session.get(FirmDraft, person_id) if person_id is not None else None


def is_empty() -> bool:
    """Whether there is neither a person nor a firm yet."""
    return not db.session.scalar(select(or_(exists(select(Person.id)), exists(select(Firm.id)))))


def firms_waiting(actor: Actor) -> int:
    """How many firms wait for verification, of those that the actor sees."""
    return db.session.scalar(firms_to_verify(actor)) or 0


def firms_to_verify(actor: Actor) -> Select[Any]:
    """The same as a select."""
    return select(func.count()).select_from(Firm).where(Firm.waits, firms_seen(actor))


def oldest_firm_to_verify(actor: Actor) -> Select[Any]:
    """The moment since when the first of them waits, as a select."""
    return select(func.min(Firm.created_at)).where(Firm.waits, firms_seen(actor))


def _plain(text: str) -> str:
    """Lower case, without the signs that mean something to LIKE."""
    return text.strip().lower().replace("%", "").replace("_", "").replace("\\", "")


def sizes_of(firm_id: int) -> Sequence[FirmSize]:
    """The firm's declared figures with their size classes, the latest first."""
    return db.session.scalars(
        select(FirmSize).where(FirmSize.firm_id == firm_id).order_by(FirmSize.declared_at.desc(), FirmSize.id.desc())
    ).all()


def waiting_size(firm_id: int) -> FirmSize | None:
    """The figures on which no administrator has decided yet."""
    return db.session.scalar(select(FirmSize).where(FirmSize.firm_id == firm_id, FirmSize.undecided))


def get_size(size_id: int) -> FirmSize:
    """Raises `NotFound`."""
    found = db.session.get(FirmSize, size_id)
    if found is None:
        raise NotFound
    return found


def sizes_to_confirm(actor: Actor) -> Select[Any]:
    """How many verified firms declared figures that wait, as a select."""
    waiting = select(func.count()).select_from(FirmSize).join(FirmSize.firm)
    return waiting.where(FirmSize.undecided, Firm.verified, firms_seen(actor))


def waiting_sizes(actor: Actor, *, limit: int, offset: int) -> tuple[Sequence[FirmSize], int]:
    """They themselves with their firms, the longest waiting first, and how many there are in all. Two statements."""
    rows = db.session.scalars(
        select(FirmSize)
        .join(FirmSize.firm)
        .options(contains_eager(FirmSize.firm))
        .where(FirmSize.undecided, Firm.verified, firms_seen(actor))
        .order_by(FirmSize.declared_at, FirmSize.id)
        .limit(limit)
        .offset(offset)
    ).all()
    return rows, db.session.scalar(sizes_to_confirm(actor)) or 0


def get_firm(firm_id: int) -> Firm:
    """Raises `NotFound`."""
    firm = db.session.get(Firm, firm_id)
    if firm is None:
        raise NotFound
    return firm


def firms_by_id(ids: Iterable[int]) -> dict[int, Firm]:
    """These firms by id. One statement, none for no firm."""
    wanted = sorted(set(ids))
    return {firm.id: firm for firm in db.session.scalars(select(Firm).where(Firm.id.in_(wanted)))} if wanted else {}


def firm_meant(text: str) -> int | None:
    """The id of the first firm of this credit code, or whose name in either language begins so."""
    return db.session.scalar(
        select(Firm.id)
        .where(
            (Firm.uscc == text.upper())
            | Firm.name.startswith(text, autoescape=True)
            | Firm.name_en.istartswith(text, autoescape=True)
        )
        .order_by(Firm.id)
        .limit(1)
    )


def firm_by_code(uscc: str) -> Firm | None:
    """The firm of a credit code."""
    return db.session.scalar(select(Firm).where(Firm.uscc == uscc))


# ── People ────────────────────────────────────────────────────────────────


def removals_waiting(actor: Actor) -> Select[Any]:
    """How many second factors another administrator is asked to take off, as a select."""
    theirs = and_(LostFactor.proposed_by != actor.person_id, LostFactor.person_id != actor.person_id)
    return select(func.count()).select_from(LostFactor).where(LostFactor.waits, theirs)


def waiting_removals() -> Sequence[LostFactor]:
    """They themselves, the oldest first, with their persons. One statement."""
    return db.session.scalars(
        select(LostFactor)
        .options(joinedload(LostFactor.person), joinedload(LostFactor.proposer))
        .where(LostFactor.waits)
        .order_by(LostFactor.proposed_at, LostFactor.id)
    ).all()


def members_of(firm_id: int) -> Sequence[Membership]:
    """The present members with their persons: owners first, then by name."""
    order = case({role: place for place, role in enumerate(FirmRole)}, value=Membership.role)
    return db.session.scalars(
        select(Membership)
        .join(Membership.person)
        .options(contains_eager(Membership.person))
        .where(Membership.firm_id == firm_id, Membership.current)
        .order_by(order, Person.name, Membership.id)
    ).all()


def belongs_to(firm_id: int, *, person_id: int | None) -> bool:
    """Whether somebody is a member of a firm now, on whatever side they act. One statement."""
    of_firm = select(Membership.id).where(
        Membership.person_id == person_id, Membership.firm_id == firm_id, Membership.current
    )
    return bool(db.session.scalar(select(of_firm.exists())))


def workers_of(firm_id: int) -> Sequence[Membership]:
    """The present members with an account in use who may work at the bench of its labs, by name. One statement."""
    return db.session.scalars(
        select(Membership)
        .join(Membership.person)
        .options(contains_eager(Membership.person))
        .where(
            Membership.firm_id == firm_id,
            Membership.current,
            Membership.role.in_(roles_for("booking.work", "lab")),
            Person.enabled,
        )
        .order_by(Person.name, Membership.id)
    ).all()


def invitations_of(firm_id: int, now: datetime) -> Sequence[Invitation]:
    """The open invitations, the newest first."""
    return db.session.scalars(
        select(Invitation)
        .where(
            Invitation.firm_id == firm_id,
            Invitation.open_at(now),
        )
        .order_by(Invitation.id.desc())
    ).all()


def tokens_of(person_id: int) -> Sequence[tuple[ApiToken, Firm | None]]:
    """The person's tokens that nothing has ended but time, with the firm each acts for; the newest first."""
    return [
        (token, firm)
        for token, firm in db.session.execute(
            select(ApiToken, Firm)
            .join(Person, _IN_FORCE)
            .outerjoin(Firm, Firm.id == ApiToken.firm_id)
            .where(ApiToken.person_id == person_id)
            .order_by(ApiToken.id.desc())
        )
    ]


def open_tokens(person_id: int, now: datetime) -> int:
    """How many of the person's tokens are in force."""
    chosen = select(func.count()).select_from(ApiToken).join(Person, _IN_FORCE)
    return db.session.scalar(chosen.where(ApiToken.person_id == person_id, ApiToken.lasts_past(now))) or 0


@dataclass(frozen=True)
class RoleRow:
    role: RegulatorRole
    person: Person
    proposer: Person | None


def regulator_roles() -> list[RoleRow]:
    """The roles in force and the open proposals, proposals first. One statement."""
    proposer = aliased(Person)
    rows = db.session.execute(
        select(RegulatorRole, Person, proposer)
        .join(Person, Person.id == RegulatorRole.person_id)
        .outerjoin(proposer, proposer.id == RegulatorRole.proposed_by)
        .where(RegulatorRole.current)
        .order_by(RegulatorRole.agreed, RegulatorRole.role, Person.name)
    ).all()
    return [RoleRow(role, person, by) for role, person, by in rows]


def roles_proposed(*, but: int | None) -> Select[Any]:
    """How many proposals of somebody else than this person wait for agreement, as a select."""
    others = RegulatorRole.proposed_by.is_distinct_from(but)
    return select(func.count()).select_from(RegulatorRole).where(RegulatorRole.proposed, others)


def holders_of(role: str) -> Select[Any]:
    """How many persons hold a regulator's role, as a select."""
    return select(func.count()).select_from(RegulatorRole).where(RegulatorRole.role == role, RegulatorRole.in_force)


def is_official(person_id: int) -> bool:
    """Whether this person holds a regulator's role."""
    held = select(RegulatorRole.id).where(RegulatorRole.person_id == person_id, RegulatorRole.in_force)
    return db.session.scalar(select(exists(held))) or False


def roles_of(person_ids: Sequence[int]) -> dict[int, list[tuple[str, Firm | None, str]]]:
    """What each of these persons may act as: (role, firm or None for a regulator's, division of a regulator's). Two
    statements."""
    found: dict[int, list[tuple[str, Firm | None, str]]] = {person_id: [] for person_id in person_ids}
    for person_id, role, division in db.session.execute(
        select(RegulatorRole.person_id, RegulatorRole.role, RegulatorRole.division)
        .where(
            RegulatorRole.person_id.in_(person_ids),
            RegulatorRole.in_force,
        )
        .order_by(RegulatorRole.role)
    ):
        found[person_id].append((role, None, division))
    for person_id, role, firm in db.session.execute(
        select(Membership.person_id, Membership.role, Firm)
        .join(Firm, Firm.id == Membership.firm_id)
        .where(Membership.person_id.in_(person_ids), Membership.current)
        .order_by(Membership.id)
    ):
        found[person_id].append((role, firm, ""))
    return found
