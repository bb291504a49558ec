"""A firm's bank account (R-FIRM-6): entered by an owner, told to all of them, counting three working days later, and
stopped by any of them until then. The trail keeps its last digits and a digest, never the number."""

from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.accounts.models import Person
from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.events import ask
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.notifications import notify
from labshare.kernel.sealing import equal_digest, seal
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions
from labshare.organisations.bank_accounts import BankAccount, account_ends, compact, place_of
from labshare.organisations.errors import AccountCounts, AccountStopped, NotAnAccount
from labshare.organisations.events import AfterWorkingDays, HostCounties
from labshare.organisations.models import Firm
from labshare.organisations.queries.bank_accounts import account_of, accounts_waiting, own_entry
from labshare.organisations.separation import lock_firm
from labshare.organisations.services.sizes import seen_firm
from labshare.organisations.terms import FirmRole

WORKING_DAYS = 3
"""Full working days between the entry of an account and the day from which it counts."""
LONGEST, FEWEST_SIGNS, MOST_SIGNS = 40, 8, 34
"""As typed; and of the number itself (an IBAN has at most 34)."""


@verb("firm.bank_account", title=_l("Bank account entered or changed"), money=True)
def change_account(*, actor: Actor, now: datetime, firm_id: int, account: str) -> BankAccount:
    """Enter the account into which the firm is paid: it counts after three full working days, in the place of one that
    waits; the one before counts until then. All owners and the officers of its labs' counties are told. Raises
    `NotFound`, `NotAllowed`, `NotAnAccount`, `AccountCounts`."""
    firm = seen_firm(actor, firm_id)
    permissions.check(actor, "firm.change", firm=firm.id)
    signs = compact(account)
    if not (signs.isascii() and FEWEST_SIGNS <= len(signs) <= MOST_SIGNS and len(account.strip()) <= LONGEST):
        raise NotAnAccount(fewest=FEWEST_SIGNS, most=MOST_SIGNS)
    counts_from = ask(AfterWorkingDays(now, WORKING_DAYS))
    lock_firm(firm_id)
    today = local_day(now)
    before, waiting = account_of(firm_id, today), accounts_waiting([firm_id], today).get(firm_id)
    last, digest = waiting or before, equal_digest(signs)
    if last is not None and last.digest == digest:
        raise AccountCounts(day=last.counts_from)
    if waiting is not None:
        _stop(waiting, actor, now)
    row = BankAccount(
        firm_id=firm_id,
        sealed=seal(account.strip(), bound_to=place_of(firm_id, counts_from)),
        digest=digest,
        ends=account_ends(account),
        entered_at=now,
        entered_on=today,
        entered_by=actor.person_id,
        counts_from=counts_from,
    )
    db.session.add(row)
    db.session.flush()
    record(actor, now, "firm.bank_account", ("firm", firm_id), _recorded(last), _recorded(row))
    _notify_owners("firm.bank_account_changed" if before else "firm.bank_account_entered", actor, now, row, before)
    return row


@verb("firm.stop_bank_account", title=_l("Change of the bank account stopped"), money=True)
def stop_account(*, actor: Actor, now: datetime, account_id: int) -> BankAccount:
    """Stop an account before its day: the one before goes on counting. Told as the entry was. Raises `NotFound`,
    `NotAllowed`, `AccountStopped` where its day has come or it is stopped."""
    row = own_entry(actor, account_id)
    lock_firm(row.firm_id)
    db.session.refresh(row)
    today = local_day(now)
    if not row.waits_on(today):
        raise AccountStopped
    _stop(row, actor, now)
    left = account_of(row.firm_id, today)
    record(actor, now, "firm.stop_bank_account", ("firm", row.firm_id), _recorded(row), _recorded(left))
    _notify_owners("firm.bank_account_stopped", actor, now, row, left)
    return row


@verb("firm.reseal_accounts", title=_l("Bank accounts encrypted anew"))
def reseal_accounts(*, actor: Actor, now: datetime) -> tuple[int, int]:
    """Encrypt under the present key what lies under an earlier one, with its digest. How many were, and how many open
    under none of the keys. Raises `NotAllowed`."""
    permissions.check(actor, "firm.reseal_accounts")
    done = lost = 0
    for row in db.session.scalars(select(BankAccount).order_by(BankAccount.id)):
        number = row.number
        if number is None:
            lost += 1
            continue
        sealed = seal(number, bound_to=place_of(row.firm_id, row.counts_from))
        if sealed != row.sealed:
            row.sealed, row.digest = sealed, equal_digest(compact(number))
            done += 1
    db.session.flush()
    if done:
        record(actor, now, "firm.reseal_accounts", ("bank_account", "-"), after={"accounts": done})
    return done, lost


def number_paid_into(firm_id: int, day: date) -> str | None:
    """The whole number of the account that counts, for who pays."""
    row = account_of(firm_id, day)
    return row.number if row is not None else None


def _stop(row: BankAccount, actor: Actor, now: datetime) -> None:
    row.stopped_at, row.stopped_on, row.stopped_by = now, local_day(now), actor.person_id
    db.session.flush()


def _recorded(row: BankAccount | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"account_ends": row.ends, "account_digest": row.digest, "counts_from": row.counts_from.isoformat()}


def _notify_owners(kind: str, actor: Actor, now: datetime, row: BankAccount, before: BankAccount | None) -> None:
    """Every owner, the one who did it too: somebody else may have used their account; and the officers who pay."""
    firm = db.session.get_one(Firm, row.firm_id)
    who = db.session.get(Person, actor.person_id) if actor.person_id is not None else None
    params = {
        "firm": in_both_languages(firm),
        "name": who.name if who else None,
        "before": before.ends if before else None,
        "after": row.ends,
        "day": row.counts_from,
    }
    notify(kind=kind, now=now, firm_id=firm.id, roles=[FirmRole.OWNER], url="/account/firm/bank-account", params=params)
    counties = ask(HostCounties((firm.id,)))
    if counties:
        notify(
            kind=f"{kind}_host",
            now=now,
            regulators=[OfficialRole.OFFICER],
            division=sorted(counties),
            url=f"/regulator/firms/{firm.id}",
            params=params,
        )
