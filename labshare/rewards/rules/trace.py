"""The trace of a line: seven steps with label, inputs, parameters, result; every number can be worked out again.

All amounts are fen. Exact products, rates and coefficients are decimal strings. A sharing or reduction is shown as
`{available, weight, weights, floor, extra, result}`: result = floor(available × weight ÷ weights) + extra.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from labshare.kernel.months import Month
from labshare.rewards.policy import Policy
from labshare.rewards.rules.amounts import Amounts, UnitResult
from labshare.rewards.rules.facts import Facts, Lab
from labshare.rewards.rules.proportion import Share
from labshare.rewards.terms import RewardUnit, TraceStep


def plain(value: Fraction) -> str:
    """A finite decimal fraction in digits: 1/4 → `0.25`, exactly."""
    places = 0
    while value.denominator != 1 and (10**places * value).denominator != 1:
        places += 1
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    sign = "-" if value < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def of_line(policy: Policy, month: Month, lab: Lab, facts: Facts, amounts: Amounts) -> tuple[Mapping[str, Any], ...]:
    """The seven steps of one lab's line."""
    code, firm = lab.code, lab.firm
    results = amounts.units[code]
    window = policy.window(month)
    return (
        _step(
            1,
            inputs=[
                {
                    "reason": verdicts.reason,
                    "count": verdicts.count,
                    "fen": verdicts.fen,
                    "month_count": verdicts.month_count,
                    "month_fen": verdicts.month_fen,
                }
                for verdicts in facts.verdicts.get(code, ())
            ],
            parameters={"first_month": str(window[0]), "month": str(month), "tax": policy.tax},
            result=amounts.own_sum[code],
        ),
        _step(
            2,
            inputs=[{"sums": dict(result.sums)} for result in results],
            parameters={"unit": policy.unit},
            result=[result.base.counted_fen for result in results],
        ),
        _step(
            3,
            inputs=[_base(result) for result in results],
            parameters={
                "kind": policy.kind,
                "threshold_fen": policy.threshold_fen,
                "steps": [{"from_fen": step.from_fen, "rate": plain(step.rate)} for step in policy.steps],
            },
            result=[result.base.result for result in results],
        ),
        _step(
            4,
            inputs={
                "units": [{"before": result.base.result, "after": result.capped} for result in results],
                "share": _share(amounts.unit_share[code]),
            },
            parameters={
                "unit": policy.unit,
                "instrument_year_fen": policy.caps.instrument_year_fen
                if policy.unit == RewardUnit.INSTRUMENT
                else None,
            },
            result=amounts.by_units[code],
        ),
        _step(
            5,
            inputs={
                "before": amounts.by_units[code],
                "after_own_cap": amounts.own_cap[code],
                "firm_total": amounts.firm_total[firm],
                "share": _share(amounts.firm_share[code]),
            },
            parameters={"lab_year_fen": policy.caps.lab_year_fen, "firm_year_fen": policy.caps.firm_year_fen},
            result=amounts.after_firm_cap[code],
        ),
        _step(
            6,
            inputs={
                "before": amounts.after_firm_cap[code],
                "all_labs": amounts.budget_total,
                "share": _share(amounts.budget_share[code]),
            },
            parameters={"budget_year_fen": policy.budget_year_fen},
            result=amounts.entitlement[code],
        ),
        _step(
            7,
            inputs={
                "entitlement": amounts.entitlement[code],
                "paid": amounts.paid[code],
                "opening": amounts.opening[code],
                "due": amounts.due[code],
                "firm_paid": amounts.firm_paid[firm],
                "firm_share": _share(amounts.due_firm_share[code]),
                "all_paid": amounts.all_paid,
                "budget_share": _share(amounts.due_budget_share[code]),
                "after_own_cap": amounts.own_cap[code],
                "recoverable": amounts.recoverable[code],
            },
            parameters={"firm_year_fen": policy.caps.firm_year_fen, "budget_year_fen": policy.budget_year_fen},
            result=amounts.payable[code],
        ),
    )


def _step(number: int, *, inputs: Any, parameters: Mapping[str, Any], result: Any) -> Mapping[str, Any]:
    return {
        "step": number,
        "label": tuple(TraceStep)[number - 1],
        "inputs": inputs,
        "parameters": parameters,
        "result": result,
    }


def _base(result: UnitResult) -> dict[str, Any]:
    base = result.base
    return {
        "counted": base.counted_fen,
        "below_threshold": base.below_threshold,
        "parts": [
            {
                "from_fen": part.from_fen,
                "fen": part.fen,
                "rate": plain(part.rate),
                "product": plain(part.fen * part.rate),
            }
            for part in base.parts
        ],
        "base": plain(base.exact),
        "grade": base.grade,
        "coefficient": plain(base.coefficient),
        "exact": plain(base.exact * base.coefficient),
    }


def _share(share: Share | None) -> dict[str, int] | None:
    if share is None:
        return None
    return {
        "available": share.available,
        "weight": share.weight,
        "weights": share.weights,
        "floor": share.result - share.extra,
        "extra": share.extra,
        "result": share.result,
    }
