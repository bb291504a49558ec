"""What administrators do with accounts."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.accounts import services as accounts
from labshare.accounts.models import Person
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import ReasonRequired
from labshare.kernel.terms import OfficialRole
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.models import RegulatorRole
from labshare.organisations.services.regulators import keep_two_administrators


@verb("account.disable", title=_l("Account disabled"))
def disable_account(*, actor: Actor, now: datetime, person_id: int, reason: str) -> Person:
    """Disable an account: its sessions and tokens end at the next request.

    Raises `NotAllowed`, `NotFound`, `ReasonRequired`, `NotYourself`, `LastAdministrators`.
    """
    permissions.check(actor, "account.manage")
    if not reason.strip():
        raise ReasonRequired
    is_administrator = select(RegulatorRole.id).where(
        RegulatorRole.person_id == person_id,
        RegulatorRole.role == OfficialRole.ADMIN,
        RegulatorRole.in_force,
    )
    if person_id != actor.person_id and db.session.scalar(is_administrator) is not None:
        keep_two_administrators(person_id)
    return accounts.disable(actor, now, person_id, reason.strip()[:200])


@verb("account.enable", title=_l("Account enabled"))
def enable_account(*, actor: Actor, now: datetime, person_id: int) -> Person:
    """Let a disabled account in again. Raises `NotAllowed`, `NotFound`."""
    permissions.check(actor, "account.manage")
    return accounts.enable(actor, now, person_id)
