"""Who acts: handed from an entrance to every service."""

from dataclasses import dataclass, field, replace

from labshare.kernel.terms import OfficialRole, TokenScope


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One person acting for one firm (or for a regulator), as known when the request began.

    `roles` are the roles of the current membership and, for regulators, of the person: those of
    `FirmRole` (`owner`, `firm_approver` and others), of `OfficialRole` (`officer`, `approver` and others); `system` for
    jobs; empty for a visitor.
    `address` is the network address, kept beside the audit trail, outside the seal (R-AUDIT-8); `agent` what the
    browser says it is, kept with its session.
    """

    person_id: int | None = None
    firm_id: int | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    address: str | None = None
    agent: str | None = None
    scope: str = TokenScope.WRITE
    """`read` for a read-only API token."""
    divisions: frozenset[tuple[str, str]] = frozenset()
    """Of each regulator's role the code prefix of the division it is for (R-RIGHTS-13); empty: the whole platform."""

    def prefix(self, role: str) -> str | None:
        """The division that a regulator's role is for; nothing for a role not held, or held for none."""
        return next((code for held, code in self.divisions if held == role and role in self.roles), None)

    @property
    def shape(self) -> "Actor":
        """Whoever may the same by roles alone: what depends on nothing else is worked out once for all of one shape."""
        return replace(self, person_id=None, firm_id=None, address=None, agent=None)

    @property
    def is_regulator(self) -> bool:
        return not self.roles.isdisjoint(OfficialRole)

    @property
    def is_system(self) -> bool:
        return "system" in self.roles


SYSTEM = Actor(roles=frozenset({"system"}))
VISITOR = Actor()
