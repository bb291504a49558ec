"""Who acts: handed from an entrance to every service."""

from dataclasses import dataclass, field

REGULATOR_ROLES = ("officer", "approver", "auditor", "admin")
"""Roles of a person rather than of a membership; each may read what every firm does."""


@dataclass(frozen=True)
class Actor:
    """One person acting for one firm (or for a regulator), as known when the request began.

    `roles` are the roles of the current membership and, for regulators, of the person: `owner`, `lab_manager`,
    `booker`, `accountant`, `viewer`; `officer`, `approver`, `auditor`, `admin`; `system` for jobs; empty for a visitor.
    `address` is the network address, kept beside the audit trail, outside the seal (R-AUDIT-8).
    """

    person_id: int | None = None
    firm_id: int | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    address: str | None = None
    scope: str = "write"
    """`read` for a read-only API token."""

    @property
    def is_regulator(self) -> bool:
        return not self.roles.isdisjoint(REGULATOR_ROLES)

    @property
    def is_system(self) -> bool:
        return "system" in self.roles


SYSTEM = Actor(roles=frozenset({"system"}))
VISITOR = Actor()
