"""Into which accounts a run is paid, and what whoever pays looks at before (R-FIRM-8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.organisations.bank_accounts import BankAccount
from labshare.organisations.models import Firm
from labshare.organisations.queries.bank_accounts import accounts_of, accounts_waiting, firms_with_equal
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.terms import PayeeMark


@dataclass(frozen=True, kw_only=True)
class Payee:
    """A firm that a run pays, with the account that counts that day."""

    firm: Firm
    labs: int
    fen: Fen
    account: BankAccount | None
    marks: tuple[PayeeMark, ...]
    equal: Sequence[Firm] = ()
    """Other firms with an account of the same number."""
    waiting: BankAccount | None = None


def payees_of(run: RewardRun, lines: Sequence[RewardLine], day: date) -> list[Payee]:
    """The firms of these lines of a run to which something is payable, by credit code. Four statements."""
    of_firm: dict[int, list[RewardLine]] = {}
    for line in lines:
        if line.payable_fen:
            of_firm.setdefault(line.firm_id, []).append(line)
    if not of_firm:
        return []
    accounts, waiting = accounts_of(of_firm, day), accounts_waiting(of_firm, day)
    equal, last = firms_with_equal(of_firm), _last_paid(run, of_firm)
    found = []
    for firm_id, its in of_firm.items():
        account = accounts.get(firm_id)
        holds = {
            PayeeMark.NO_ACCOUNT: account is None,
            PayeeMark.UNREADABLE: account is not None and account.number is None,
            PayeeMark.EQUAL: firm_id in equal,
            PayeeMark.CHANGED: account is not None and firm_id in last and last[firm_id] < account.counts_from,
            PayeeMark.WAITING: firm_id in waiting,
            PayeeMark.FIRST: firm_id not in last,
        }
        found.append(
            Payee(
                firm=its[0].firm,
                labs=len(its),
                fen=sum(line.payable_fen for line in its),
                account=account,
                marks=tuple(mark for mark in PayeeMark if holds[mark]),
                equal=equal.get(firm_id, ()),
                waiting=waiting.get(firm_id),
            )
        )
    return sorted(found, key=lambda payee: payee.firm.uscc)


def _last_paid(run: RewardRun, firm_ids: dict[int, list[RewardLine]]) -> dict[int, date]:
    """By firm, the day on which another run paid it last, in whichever division."""
    wanted = (
        select(RewardLine.firm_id, func.max(RewardRun.paid_on))
        .join(RewardRun, RewardRun.id == RewardLine.run_id)
        .where(RewardLine.firm_id.in_(firm_ids), RewardLine.payable_fen > 0, RewardRun.id != run.id)
        .where(RewardRun.paid_on.is_not(None))
        .group_by(RewardLine.firm_id)
    )
    return {row[0]: row[1] for row in db.session.execute(wanted)}
