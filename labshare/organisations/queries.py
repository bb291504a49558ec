"""Who someone is: the person, the memberships and the regulator's roles behind a session or a token."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from labshare.accounts.models import Person, SignInSession
from labshare.accounts.sessions import digest
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.organisations.models import ApiToken, Membership, RegulatorRole


@dataclass(frozen=True)
class Account:
    """A person as known when the request began. `memberships` are (firm id, role), the oldest first."""

    id: int
    email: str
    name: str
    locale: str | None
    regulator_roles: frozenset[str]
    memberships: tuple[tuple[int, str], ...]

    def firm_id(self, wished: int | None) -> int | None:
        """The firm to act for: the wished one where the person is a member, else the first, else none."""
        firms = [firm for firm, _role in self.memberships]
        if wished in firms:
            return wished
        return firms[0] if firms else None

    def actor(self, wished_firm: int | None = None, *, address: str | None = None, scope: str = "write") -> Actor:
        """Act for that firm, with the role there and the regulator's roles of the person."""
        firm_id = self.firm_id(wished_firm)
        roles = {role for firm, role in self.memberships if firm == firm_id} | self.regulator_roles
        return Actor(person_id=self.id, firm_id=firm_id, roles=frozenset(roles), address=address, scope=scope)


def account_of_session(key: str, now: datetime, *, demonstration: bool = True) -> Account | None:
    """The person behind a browser's secret, or nothing where the session, the account or its epoch has ended.

    `demonstration` says whether demonstration accounts count. Two statements.
    """
    found = db.session.execute(
        _person_with_roles(SignInSession.person_id == Person.id).where(
            SignInSession.key_digest == digest(key),
            SignInSession.ended_at.is_(None),
            SignInSession.expires_at > now,
            SignInSession.epoch == Person.session_epoch,
        )
    ).all()
    return _account(found, demonstration)


def account_of_person(person_id: int, *, demonstration: bool = True) -> Account | None:
    """The same by the person's id, for commands and jobs."""
    return _account(db.session.execute(_person_with_roles(None).where(Person.id == person_id)).all(), demonstration)


@dataclass(frozen=True)
class TokenHolder:
    """Whose token it is, and who acts with it."""

    token_id: int
    actor: Actor
    locale: str | None


def holder_of_token(
    secret: str, now: datetime, *, address: str | None = None, demonstration: bool = True
) -> TokenHolder | None:
    """Who acts with this API token, or nothing where token, account or membership has ended. Three statements.

    A token for a firm holds the roles of the membership there and no regulator's role; one without a firm holds the
    regulator's roles alone.
    """
    token = db.session.execute(
        select(ApiToken.id, ApiToken.person_id, ApiToken.firm_id, ApiToken.scope).where(
            ApiToken.token_digest == digest(secret),
            ApiToken.revoked_at.is_(None),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
        )
    ).one_or_none()
    if token is None:
        return None
    account = account_of_person(token.person_id, demonstration=demonstration)
    if account is None:
        return None
    if token.firm_id is None:
        roles = account.regulator_roles
    else:
        roles = frozenset(role for firm, role in account.memberships if firm == token.firm_id)
    if not roles:
        return None
    actor = Actor(account.id, token.firm_id, roles, address, token.scope)
    return TokenHolder(token.id, actor, account.locale)


def _person_with_roles(join: Any) -> Any:
    """The person, once for each regulator's role in force (once with none)."""
    chosen = select(
        Person.id, Person.email, Person.name, Person.locale, Person.demonstration, RegulatorRole.role,
    ).select_from(Person)  # fmt: skip
    if join is not None:
        chosen = chosen.join(SignInSession, join)
    return chosen.outerjoin(
        RegulatorRole,
        and_(
            RegulatorRole.person_id == Person.id,
            RegulatorRole.agreed_at.is_not(None),
            RegulatorRole.ended_at.is_(None),
        ),
    ).where(Person.disabled_at.is_(None))


def _account(rows: Any, demonstration: bool) -> Account | None:
    if not rows or (rows[0].demonstration and not demonstration):
        return None
    first = rows[0]
    memberships = db.session.execute(
        select(Membership.firm_id, Membership.role)
        .where(Membership.person_id == first.id, Membership.ended_at.is_(None))
        .order_by(Membership.started_at, Membership.id)
    ).all()
    return Account(
        id=first.id,
        email=first.email,
        name=first.name,
        locale=first.locale,
        regulator_roles=frozenset(row.role for row in rows if row.role),
        memberships=tuple((firm, role) for firm, role in memberships),
    )
