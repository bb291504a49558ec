"""Who may authorise whom to work an instrument (R-TEAM-1)."""

from collections.abc import Mapping

from labshare.organisations.terms import FirmRole


def may_record(*, recorder: int | None, person: int | None, roles: Mapping[int, str]) -> bool:
    """Whether one person may record or withdraw another's authorisation; `roles`: of those who work at the bench, by
    person. An owner may; a lab manager for the only owner, as nobody does for themself."""
    if recorder is None or recorder == person:
        return False
    if roles.get(recorder) == FirmRole.OWNER:
        return True
    return recorder in roles and roles.get(person or 0) == FirmRole.OWNER and only_owner(roles) == person


def only_owner(roles: Mapping[int, str]) -> int | None:
    """The owner, where there is one alone."""
    owners = [person for person, role in roles.items() if role == FirmRole.OWNER]
    return owners[0] if len(owners) == 1 else None
