"""The seven steps in their order, from R-REWARD-3 to R-REWARD-17, for one month and one policy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labshare.kernel.money import ZERO, Fen, total
from labshare.kernel.months import Month
from labshare.rewards.policy import Policy
from labshare.rewards.rules import bands, caps, eligible, payable, proportion, trace, units, why
from labshare.rewards.rules.amounts import Amounts, Held, UnitResult
from labshare.rewards.rules.eligible import Unit
from labshare.rewards.rules.facts import Facts, Lab
from labshare.rewards.rules.proportion import Share
from labshare.rewards.terms import Cap, Grade, RewardUnit


@dataclass(frozen=True, kw_only=True)
class Line:
    """One lab's result, fen."""

    code: str
    firm: str
    grade: str
    eligible_ytd_fen: Fen
    entitlement_ytd_fen: Fen
    paid_fen: Fen
    opening_fen: Fen
    payable_fen: Fen
    recoverable_fen: Fen
    uncapped_fen: Fen
    """What step 4 gives before any cap; less `entitlement_ytd_fen` it is what caps and budget cut."""
    why_zero: str | None
    trace: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Calculation:
    """A month's result: lines in order of code, by code point."""

    month: Month
    lines: tuple[Line, ...]

    @property
    def total_payable_fen(self) -> Fen:
        return total(line.payable_fen for line in self.lines)


def calculate(policy: Policy, month: Month, facts: Facts) -> Calculation:
    """The month's result for every listed lab. The order in which facts are given makes no difference."""
    labs = sorted(facts.labs, key=lambda lab: lab.code)
    firms = by_firm(labs)
    amounts = go_through_steps(policy, labs, firms, facts)
    terms = trace.terms_of(policy, month)
    return Calculation(month, tuple(_line(terms, lab, facts, amounts) for lab in labs if lab.listed))


def by_firm(labs: list[Lab]) -> dict[str, list[Lab]]:
    """Each firm's labs, idle ones too."""
    firms: dict[str, list[Lab]] = {}
    for lab in labs:
        firms.setdefault(lab.firm, []).append(lab)
    return firms


def go_through_steps(policy: Policy, labs: list[Lab], firms: Mapping[str, list[Lab]], facts: Facts) -> Amounts:
    """Steps 2 to 7 for all labs together, since the caps they share and the budget tie them to one another."""
    codes = [lab.code for lab in labs]
    own_sum = eligible.own_sums(facts)
    unit_results, unit_share, by_units = _units(policy, labs, firms, facts, own_sum)

    own_cap = {code: caps.cap_lab(cap_fen=policy.caps[Cap.LAB], amount_fen=by_units[code]) for code in codes}
    shared, after_caps = _within_shared(
        labs, own_cap, None, lambda cap, amounts, _together: caps.cap_shared(policy.caps[cap], amounts)
    )
    budget_shares = caps.cap_budget(policy.budget_year_fen, after_caps)
    entitlement = proportion.results(budget_shares, after_caps)

    paid = {code: facts.paid.get(code, ZERO) for code in codes}
    opening = {code: facts.opening.get(code, ZERO) for code in codes}
    due = {
        code: payable.due(entitlement_fen=entitlement[code], paid_fen=paid[code], opening_fen=opening[code])
        for code in codes
    }
    due_shared, due_after_caps = _within_shared(
        labs,
        due,
        paid,
        lambda cap, dues, together: payable.keep_to_cap(payable.room(policy.caps[cap], [together]), dues),
    )
    due_budget_shares = payable.keep_to_budget(payable.room(policy.budget_year_fen, paid.values()), due_after_caps)
    return Amounts(
        own_sum=own_sum,
        units=unit_results,
        unit_share=unit_share,
        by_units=by_units,
        own_cap=own_cap,
        shared=shared,
        after_caps=after_caps,
        budget_total=total(after_caps.values()),
        budget_share={code: (budget_shares or {}).get(code) for code in codes},
        entitlement=entitlement,
        paid=paid,
        opening=opening,
        due=due,
        due_shared=due_shared,
        due_after_caps=due_after_caps,
        all_paid=total(paid.values()),
        due_budget_share={code: (due_budget_shares or {}).get(code) for code in codes},
        payable=proportion.results(due_budget_shares, due_after_caps),
        recoverable={
            code: payable.recoverable(paid_fen=paid[code], opening_fen=opening[code], after_own_cap_fen=own_cap[code])
            for code in codes
        },
    )


def _units(
    policy: Policy, labs: list[Lab], firms: Mapping[str, list[Lab]], facts: Facts, own_sum: Mapping[str, Fen]
) -> tuple[dict[str, tuple[UnitResult, ...]], dict[str, Share | None], dict[str, Fen]]:
    """Steps 2 to 4: the units of each lab, its share of its firm's (unit firm), and its amount."""
    leaves = _leaves(policy.unit, labs, firms, facts, own_sum)
    counted = eligible.counted(eligible.unit_sums(policy.unit, facts))
    found: dict[str, tuple[UnitResult, ...]] = {}
    shares: dict[str, Share | None] = {}
    amounts: dict[str, Fen] = {}
    for firm, own in firms.items():
        for lab in own:
            grade = bands.grade_of(policy, lab, own)
            results = []
            for unit, sums in leaves[lab.code].items():
                base = bands.base(policy, counted.get(unit, ZERO), grade)
                capped = (
                    units.cap_instrument(cap_fen=policy.caps[Cap.INSTRUMENT], amount_fen=base.result)
                    if policy.unit == RewardUnit.INSTRUMENT
                    else base.result
                )
                results.append(UnitResult(sums, base, capped))
            found[lab.code] = tuple(results)
            shares[lab.code] = None
            amounts[lab.code] = units.sum_instruments(result.capped for result in results)
        if policy.unit == RewardUnit.FIRM:
            amount = found[own[0].code][0].capped
            for code, part in units.share_firm(amount, {lab.code: own_sum[lab.code] for lab in own}).items():
                shares[code], amounts[code] = part, part.result
        del firm
    return found, shares, amounts


def _leaves(
    unit: str, labs: list[Lab], firms: Mapping[str, list[Lab]], facts: Facts, own_sum: Mapping[str, Fen]
) -> dict[str, dict[Unit, dict[str, Fen]]]:
    """Of each lab's units, what their C is the sum of, for the trace: sums by instrument, or (unit firm) by lab."""
    if unit == RewardUnit.FIRM:
        by_lab = {firm: {lab.code: own_sum[lab.code] for lab in own} for firm, own in firms.items()}
        return {lab.code: {lab.firm: by_lab[lab.firm]} for lab in labs}
    leaves: dict[str, dict[Unit, dict[str, Fen]]] = {
        lab.code: {lab.code: {}} if unit == RewardUnit.LAB else {} for lab in labs
    }
    for (code, instrument), fen in sorted(facts.eligible.items(), key=lambda item: (item[0][0], str(item[0][1]))):
        key: Unit = code if unit == RewardUnit.LAB else (code, instrument)
        leaves[code].setdefault(key, {})[str(instrument)] = fen
    return leaves


_Reduce = Callable[[Cap, Mapping[str, Fen], Fen], dict[str, Share] | None]


def _within_shared(
    labs: list[Lab], amounts: Mapping[str, Fen], paid: Mapping[str, Fen] | None, reduce: _Reduce
) -> tuple[dict[Cap, dict[str, Held]], dict[str, Fen]]:
    """Cap by cap, let `reduce` act on the labs that it holds together, which were `paid` or have the amounts themselves
    together; what it did to each lab, and the amounts after it."""
    by_code = {lab.code: lab for lab in labs}
    found: dict[Cap, dict[str, Held]] = {}
    for cap, held in Cap.shared().items():
        after: dict[str, Fen] = {}
        found[cap] = {}
        for codes in caps.held_together(held, by_code):
            theirs = {code: amounts[code] for code in codes}
            together = total((amounts if paid is None else paid)[code] for code in codes)
            reduced = reduce(cap, theirs, together)
            after |= proportion.results(reduced, theirs)
            found[cap] |= {code: Held(together, (reduced or {}).get(code)) for code in codes}
        amounts = after
    return found, dict(amounts)


def _line(terms: trace.Terms, lab: Lab, facts: Facts, amounts: Amounts) -> Line:
    policy, code = terms.policy, lab.code
    unit_results = amounts.units[code]
    grade = unit_results[0].base.grade if unit_results else lab.grade or Grade.UNGRADED
    share = amounts.unit_share[code]
    uncapped = share.result if share else total(result.base.result for result in unit_results)
    counted = total(result.base.counted_fen for result in unit_results)
    if policy.unit == RewardUnit.FIRM:
        counted = min(counted, eligible.not_below_zero(amounts.own_sum[code]))
    course = why.Course(
        counted=counted,
        all_below_threshold=all(result.base.below_threshold for result in unit_results),
        coefficient_zero=policy.coefficient(grade) == 0,
        uncapped=uncapped,
        after_caps=amounts.after_caps[code],
        entitlement=amounts.entitlement[code],
        settled=Fen(amounts.paid[code] + amounts.opening[code]),
        opening=amounts.opening[code],
        due=amounts.due[code],
        due_after_caps=amounts.due_after_caps[code],
        payable=amounts.payable[code],
        recoverable=amounts.recoverable[code],
    )
    return Line(
        code=code,
        firm=lab.firm,
        grade=grade,
        eligible_ytd_fen=eligible.not_below_zero(amounts.own_sum[code]),
        entitlement_ytd_fen=amounts.entitlement[code],
        paid_fen=amounts.paid[code],
        opening_fen=amounts.opening[code],
        payable_fen=amounts.payable[code],
        recoverable_fen=amounts.recoverable[code],
        uncapped_fen=uncapped,
        why_zero=why.why_zero(course),
        trace=trace.of_line(terms, lab, facts, amounts),
    )
