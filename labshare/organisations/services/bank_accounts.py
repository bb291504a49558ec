"""A firm's bank account in the trail: told to every owner, and never written in full (R-FIRM-6)."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.accounts.models import Person
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.digests import keyed_digest
from labshare.kernel.notifications import notify
from labshare.kernel.verbs import name_action
from labshare.organisations.models import Firm
from labshare.organisations.terms import FirmRole

ENTERED = name_action("firm.bank_account", _l("Bank account entered or changed"))
SHOWN = 4
"""Digits at the end by which an owner knows the account."""
SHORTEST_SHOWN = 8
"""Of anything shorter, four digits would be too much of it."""
_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")


def note_account(actor: Actor, now: datetime, firm: Firm, before: str = "") -> None:
    """Write down and tell every owner that the firm's account was entered, changed or removed; nothing where it is the
    same but for blanks and dashes. `before` is what it was."""
    old, new = _compact(before), _compact(firm.bank_account)
    if old == new:
        return
    record(actor, now, ENTERED, ("firm", firm.id), _kept(old), _kept(new))
    who = db.session.get(Person, actor.person_id) if actor.person_id is not None else None
    notify(
        kind="firm.bank_account_changed" if old else "firm.bank_account_entered",
        now=now,
        firm_id=firm.id,
        roles=[FirmRole.OWNER],
        url="/account/firm",
        params={
            "firm": {"zh": firm.name, "en": firm.name_en or firm.name},
            "name": who.name if who else None,
            "before": account_ends(old) or None,
            "after": account_ends(new) or None,
        },
    )


def account_ends(account: str) -> str:
    """`…1234`; of a short one only the dots, of none nothing."""
    compact = _compact(account)
    return f"…{compact[-SHOWN:] if len(compact) >= SHORTEST_SHOWN else ''}" if compact else ""


def same_account(one: str, other: str) -> bool:
    """Whether both are one account, however they are typed."""
    return _compact(one) == _compact(other)


def _kept(account: str) -> dict[str, str] | None:
    if not account:
        return None
    return {"account_ends": account_ends(account), "account_digest": keyed_digest("bank account", account)}


def _compact(account: str) -> str:
    return "".join(each for each in account.translate(_FULL_WIDTH) if each.isalnum()).upper()
