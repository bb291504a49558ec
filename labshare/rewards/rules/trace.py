"""The trace of a line: seven steps with label, inputs, parameters, result; every number can be worked out again.

All amounts are fen. Exact products, rates and coefficients are decimal strings. A sharing or reduction is shown as
`{available, weight, weights, floor, extra, result}`: result = floor(available × weight ÷ weights) + extra.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.rewards.policy import Policy
from labshare.rewards.rules.amounts import Amounts, Held, UnitResult
from labshare.rewards.rules.facts import Facts, Lab
from labshare.rewards.rules.proportion import Share
from labshare.rewards.terms import Cap, RewardUnit, Together, TraceStep


def plain(value: Fraction) -> str:
    """A finite decimal fraction in digits: 1/4 → `0.25`, exactly."""
    numerator, denominator = value.numerator, value.denominator
    places = 0
    while 10**places % denominator:
        places += 1
    digits = f"{abs(numerator) * 10**places // denominator:0{places + 1}d}"
    sign = "-" if numerator < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


@dataclass(frozen=True)
class Terms:
    """What every line of a month tells alike."""

    policy: Policy
    month: Month
    first_month: Month
    """Of the window."""
    steps: Sequence[Mapping[str, Any]]


def terms_of(policy: Policy, month: Month) -> Terms:
    steps = [{"from_fen": step.from_fen, "rate": plain(step.rate)} for step in policy.steps]
    return Terms(policy, month, policy.window(month)[0], steps)


@dataclass(frozen=True)
class _Line:
    """One lab's line, told step by step."""

    terms: Terms
    lab: Lab
    facts: Facts
    amounts: Amounts

    @property
    def policy(self) -> Policy:
        return self.terms.policy

    @property
    def units(self) -> Sequence[UnitResult]:
        return self.amounts.units[self.lab.code]

    def entries(self) -> Mapping[str, Any]:
        return _step(
            TraceStep.ENTRIES,
            inputs=[
                {
                    "reason": verdicts.reason,
                    "count": verdicts.count,
                    "fen": verdicts.fen,
                    "month_count": verdicts.month_count,
                    "month_fen": verdicts.month_fen,
                }
                for verdicts in self.facts.verdicts.get(self.lab.code, ())
            ],
            parameters={
                "first_month": str(self.terms.first_month),
                "month": str(self.terms.month),
                "tax": self.policy.tax,
            },
            result=self.amounts.own_sum[self.lab.code],
        )

    def eligible(self) -> Mapping[str, Any]:
        return _step(
            TraceStep.ELIGIBLE,
            inputs=[{"sums": dict(unit.sums)} for unit in self.units],
            parameters={"unit": self.policy.unit},
            result=[unit.base.counted_fen for unit in self.units],
        )

    def bands(self) -> Mapping[str, Any]:
        return _step(
            TraceStep.BANDS,
            inputs=[_base(unit) for unit in self.units],
            parameters={
                "kind": self.policy.kind,
                "threshold_fen": self.policy.threshold_fen,
                "steps": self.terms.steps,
            },
            result=[unit.base.result for unit in self.units],
        )

    def caps_of_units(self) -> Mapping[str, Any]:
        capped = self.policy.unit == RewardUnit.INSTRUMENT
        return _step(
            TraceStep.UNIT,
            inputs={
                "units": [{"before": unit.base.result, "after": unit.capped} for unit in self.units],
                "share": _share(self.amounts.unit_share[self.lab.code]),
            },
            parameters={
                "unit": self.policy.unit,
                Cap.INSTRUMENT: self.policy.caps[Cap.INSTRUMENT] if capped else None,
            },
            result=self.amounts.by_units[self.lab.code],
        )

    def caps(self) -> Mapping[str, Any]:
        code, amounts = self.lab.code, self.amounts
        return _step(
            TraceStep.CAPS,
            inputs={
                "before": amounts.by_units[code],
                "after_own_cap": amounts.own_cap[code],
                **self._shared(TraceStep.CAPS, amounts.shared),
            },
            parameters={cap: self.policy.caps[cap] for cap in (Cap.LAB, *Cap.shared())},
            result=amounts.after_caps[code],
        )

    def budget(self) -> Mapping[str, Any]:
        code, amounts = self.lab.code, self.amounts
        return _step(
            TraceStep.BUDGET,
            inputs={
                "before": amounts.after_caps[code],
                "all_labs": amounts.budget_total,
                "share": _share(amounts.budget_share[code]),
            },
            parameters={"budget_year_fen": self.policy.budget_year_fen},
            result=amounts.entitlement[code],
        )

    def payable(self) -> Mapping[str, Any]:
        code, amounts = self.lab.code, self.amounts
        return _step(
            TraceStep.PAYABLE,
            inputs={
                "entitlement": amounts.entitlement[code],
                "paid": amounts.paid[code],
                "opening": amounts.opening[code],
                "due": amounts.due[code],
                **self._shared(TraceStep.PAYABLE, amounts.due_shared),
                "all_paid": amounts.all_paid,
                "budget_share": _share(amounts.due_budget_share[code]),
                "after_own_cap": amounts.own_cap[code],
                "recoverable": amounts.recoverable[code],
            },
            parameters={
                **{cap: self.policy.caps[cap] for cap in Cap.shared()},
                "budget_year_fen": self.policy.budget_year_fen,
            },
            result=amounts.payable[code],
        )

    def _shared(self, step: TraceStep, held: Mapping[Cap, Mapping[str, Held]]) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for cap, together in Cap.shared().items():
            one = held[cap][self.lab.code]
            sum_name, share_name = _names(step, cap, together)
            found |= {sum_name: one.together, share_name: _share(one.share)}
        return found


def _names(step: str, cap: Cap, together: Together) -> tuple[str, str]:
    """What the labs that a cap holds together have, or were paid; and a lab's share where that was too much. The firm's
    was there first: kept traces call its share just so."""
    if step == TraceStep.PAYABLE:
        return f"{together.name}_paid", f"{together.name}_share"
    return f"{together.name}_total", "share" if cap == Cap.FIRM else f"{together.name}_share"


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """What a kept step tells of a cap that labs share."""

    cap: Cap
    texts: Together
    most: Fen | None
    together: Fen
    share: Mapping[str, Fen] | None
    """Where the cap cut."""


def reductions(step: Mapping[str, Any]) -> Iterator[Reduction]:
    """Of step 5 or 7 of a kept trace: each cap that it names; one that came later it does not."""
    given, most = step["inputs"], step["parameters"]
    for cap, together in Cap.shared().items():
        if cap in most:
            sum_name, share_name = _names(step["label"], cap, together)
            yield Reduction(cap=cap, texts=together, most=most[cap], together=given[sum_name], share=given[share_name])


def of_line(terms: Terms, lab: Lab, facts: Facts, amounts: Amounts) -> tuple[Mapping[str, Any], ...]:
    """The seven steps of one lab's line."""
    line = _Line(terms, lab, facts, amounts)
    return (
        line.entries(),
        line.eligible(),
        line.bands(),
        line.caps_of_units(),
        line.caps(),
        line.budget(),
        line.payable(),
    )


_NUMBERS = {step: number for number, step in enumerate(TraceStep, start=1)}


def _step(step: TraceStep, *, inputs: Any, parameters: Mapping[str, Any], result: Any) -> Mapping[str, Any]:
    return {
        "step": _NUMBERS[step],
        "label": step,
        "inputs": inputs,
        "parameters": parameters,
        "result": result,
    }


def _base(result: UnitResult) -> dict[str, Any]:
    base, exact = result.base, result.base.exact
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
        "base": plain(exact),
        "grade": base.grade,
        "coefficient": plain(base.coefficient),
        "exact": plain(exact * base.coefficient),
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
