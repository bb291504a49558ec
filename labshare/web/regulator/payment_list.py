"""The payment list of an approved run: one row a firm with the account that counts that day and what to look at before
paying (R-FIRM-8), the labs it is for, what it rests on."""

from collections.abc import Sequence
from typing import Any

from flask import redirect, url_for
from flask_babel import gettext as _

from labshare.audit.services import record_export
from labshare.http.actor import current_actor
from labshare.http.downloads import download
from labshare.http.rights import ASKED_DIVISION, OWN_DIVISION, requires
from labshare.kernel.capitals import capital
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import month as month_text
from labshare.kernel.formatting import run_reference, twin
from labshare.kernel.months import Month
from labshare.kernel.tables import Sheet, to_xlsx, yuan
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.queries import pages
from labshare.rewards.queries.payees import Payee, payees_of
from labshare.rewards.terms import RunState
from labshare.web.asked import asked_division, month_of
from labshare.web.regulator import blueprint
from labshare.web.rewards import run_facts


@blueprint.get("/rewards/<month>/payment-list")
@requires("run.see", of=OWN_DIVISION, division=ASKED_DIVISION)
def payment_list(month: str) -> Any:
    """The list as a workbook, once the run is approved; who took it is an event. Whole numbers are for who pays."""
    actor = current_actor()
    found = pages.run_with_policy(actor, month_of(month), asked_division())
    if found is None:
        raise NotFound
    run = found[0]
    if run.state not in RunState.settled():  # nothing to pay yet: the run's page says what comes first
        return redirect(url_for("regulator.run", month=run.month, division=run.division), 302)
    lines = [line for line in pages.lines_with_labs(run.id) if line.payable_fen]
    lines.sort(key=lambda line: (line.firm.uscc, line.lab.code))
    payees = payees_of(run, lines, local_day(utc_now()))
    content = _workbook(run, lines, payees, whole=may(actor, "run.pay", division=run.division))
    record_export(actor, utc_now(), "payment_list", {"month": run.month, "division": run.division, "format": "xlsx"})
    return download(content, f"payment-list-{run.division}-{run.month}.xlsx")


def _account(payee: Payee, *, whole: bool) -> str:
    if payee.account is None:
        return str(_("not entered"))
    return (payee.account.number if whole else None) or payee.account.ends


def _looked_at(payee: Payee) -> str:
    """The marks of a firm's account, with the firms that have the same."""
    labels = [str(mark.label) for mark in payee.marks]
    return "; ".join([*labels, *(f"{twin(firm)} ({firm.uscc})" for firm in payee.equal)])


def _workbook(run: RewardRun, lines: Sequence[RewardLine], payees: Sequence[Payee], *, whole: bool) -> bytes:
    of_month = month_text(Month.parse(run.month))
    total = sum(line.payable_fen for line in lines)
    firms: list[Sequence[Any]] = [
        (
            of_month,
            twin(one.firm),
            one.firm.uscc,
            _account(one, whole=whole),
            one.labs,
            yuan(one.fen),
            capital(one.fen),
            _looked_at(one),
        )
        for one in payees
    ]
    firms.append((_("Total"), "", "", "", len(lines), yuan(total), capital(total), ""))
    by_lab: list[Sequence[Any]] = [
        (of_month, line.lab.code, twin(line.lab), twin(line.firm), line.firm.uscc, yuan(line.payable_fen))
        for line in lines
    ]
    by_lab.append((_("Total"), "", "", "", "", yuan(total)))
    basis = [
        (_("Month"), of_month),
        (_("Reward run"), f"{run_reference(run.month)} · {run.division}"),
        (_("Legal basis"), str(run.policy.document.get("legal_basis", ""))),
        *((_("Reward policy"), fact) for fact in run_facts(run)[:1]),
        *((_("Progress"), fact) for fact in run_facts(run)[1:]),
        (_("Taken on"), local_day(utc_now())),
    ]
    return to_xlsx(
        [
            _("Month"),
            _("Host firm"),
            _("Unified social credit code"),
            _("Bank account"),
            _("Labs"),
            _("Payable (CNY)"),
            _("In capital numerals"),
            _("Look at before paying"),
        ],
        firms,
        sheet=_("By firm"),
        more=[
            Sheet(
                _("By lab"),
                [
                    _("Month"),
                    _("Code of the lab"),
                    _("Lab"),
                    _("Host firm"),
                    _("Unified social credit code"),
                    _("Payable (CNY)"),
                ],
                by_lab,
            ),
            Sheet(_("Basis"), [_("Field"), _("Value")], basis),
        ],
    )
