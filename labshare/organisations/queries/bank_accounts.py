"""Which account of a firm counts, what waits, and which firms have one and the same."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.organisations import permissions
from labshare.organisations.bank_accounts import BankAccount
from labshare.organisations.models import Firm


def accounts_of(firm_ids: Iterable[int], day: date) -> dict[int, BankAccount]:
    """By firm, the account that counts on a local day. One statement."""
    wanted = (
        select(BankAccount)
        .where(BankAccount.firm_id.in_(set(firm_ids)), BankAccount.begun_on(day))
        .order_by(BankAccount.counts_from)
    )
    return {one.firm_id: one for one in db.session.scalars(wanted)}


def account_of(firm_id: int, day: date) -> BankAccount | None:
    """The account that counts on a local day."""
    return accounts_of([firm_id], day).get(firm_id)


def accounts_waiting(firm_ids: Iterable[int], day: date) -> dict[int, BankAccount]:
    """By firm, the account that is to count from a later day. One statement."""
    wanted = select(BankAccount).where(BankAccount.firm_id.in_(set(firm_ids)), BankAccount.waits_on(day))
    return {one.firm_id: one for one in db.session.scalars(wanted)}


def entries_of(firm_id: int) -> Sequence[BankAccount]:
    """All that was entered for a firm, the latest first, with who did it."""
    return db.session.scalars(
        select(BankAccount)
        .options(joinedload(BankAccount.enterer))
        .where(BankAccount.firm_id == firm_id)
        .order_by(BankAccount.id.desc())
    ).all()


def own_entry(actor: Actor, account_id: int) -> BankAccount:
    """An entry of the actor's own firm, for who may stop it. Raises `NotFound`, `NotAllowed`."""
    row = db.session.get(BankAccount, account_id)
    if row is None or row.firm_id != actor.firm_id:
        raise NotFound
    permissions.check(actor, "firm.change", firm=row.firm_id)
    return row


def firms_with_equal(firm_ids: Iterable[int]) -> dict[int, list[Firm]]:
    """By firm, the other firms that have or had an account of the same number, stopped ones aside. One statement."""
    own, other = aliased(BankAccount), aliased(BankAccount)
    wanted = (
        select(own.firm_id, Firm)
        .join(other, other.digest == own.digest)
        .join(Firm, Firm.id == other.firm_id)
        .where(own.firm_id.in_(set(firm_ids)), other.firm_id != own.firm_id)
        .where(own.stopped_at.is_(None), other.stopped_at.is_(None))
        .order_by(own.firm_id, Firm.uscc)
        .distinct()
    )
    found: dict[int, list[Firm]] = {}
    for firm_id, firm in db.session.execute(wanted):
        found.setdefault(firm_id, []).append(firm)
    return found
