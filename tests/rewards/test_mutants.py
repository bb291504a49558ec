"""Every rule of the calculation, switched off or bent one at a time: each time at least one written case must fail.

A mutant that no case notices would mean a rule that nothing proves.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from labshare.kernel.money import share_by_largest_remainder
from labshare.rewards import policy as policy_module
from labshare.rewards.policy import Policy, Step
from labshare.rewards.rules import bands, calculation, caps, cases, eligible, payable, proportion, units, why
from labshare.rewards.rules.bands import Part
from labshare.rewards.rules.facts import Facts
from labshare.rewards.rules.proportion import Share
from labshare.rewards.terms import Cap, Reason
from tests.rewards.test_cases import CASES, failures

pytestmark = pytest.mark.slow


def nothing(*_args: Any, **_kwargs: Any) -> None:
    return None


def round_down(amount: Any) -> int:
    return int(amount)


def round_half_to_even(amount: Any) -> int:
    return round(amount)


def round_up(amount: Any) -> int:
    return -(-amount.numerator // amount.denominator)


def base_rounded_first(policy: Policy, counted: int, grade: str) -> bands.Base:
    found = _real_base(policy, counted, grade)
    twice = bands.round_half_up(bands.round_half_up(found.exact) * found.coefficient)
    return bands.Base(
        counted_fen=counted,
        below_threshold=found.below_threshold,
        parts=found.parts,
        grade=grade,
        coefficient=found.coefficient,
        result=twice,
    )


def each_band_rounded(policy: Policy, counted: int, grade: str) -> bands.Base:
    found = _real_base(policy, counted, grade)
    total = sum(bands.round_half_up(part.fen * part.rate) for part in found.parts)
    return bands.Base(
        counted_fen=counted,
        below_threshold=found.below_threshold,
        parts=found.parts,
        grade=grade,
        coefficient=found.coefficient,
        result=bands.round_half_up(total * found.coefficient),
    )


def highest_from_above(steps: tuple[Step, ...], counted: int) -> tuple[Part, ...]:
    step = [step for step in steps if step.from_fen < max(counted, 1)][-1]
    return (Part(from_fen=step.from_fen, fen=counted, rate=step.rate),)


def last_band_forgotten(steps: tuple[Step, ...], counted: int) -> tuple[Part, ...]:
    return _real_marginal(steps, counted)[:1]


def first_band_on_everything(steps: tuple[Step, ...], counted: int) -> tuple[Part, ...]:
    return (Part(from_fen=0, fen=counted, rate=steps[0].rate),)


def ties_by_reverse_code(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    turned = {"".join(chr(0x10FFFF - ord(c)) for c in key) + "\U0010ffff": w for key, w in weights.items()}
    back = dict(zip(turned, weights, strict=True))
    return {back[key]: fen for key, fen in share_by_largest_remainder(total, turned).items()}


def ties_without_case(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    lower = {key.lower(): weight for key, weight in weights.items()}
    found = share_by_largest_remainder(total, lower)
    return {key: found[key.lower()] for key in weights}


def odd_fens_to_the_smallest(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    whole = sum(weights.values())
    shares = {key: total * weight // whole if whole else 0 for key, weight in weights.items()}
    left = total - sum(shares.values()) if whole else 0
    for key in sorted(weights, key=lambda key: (total * weights[key] % (whole or 1), key))[:left]:
        shares[key] += 1
    return shares


def odd_fens_to_the_first(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    whole = sum(weights.values())
    shares = {key: total * weight // whole if whole else 0 for key, weight in weights.items()}
    left = total - sum(shares.values()) if whole else 0
    for key in sorted(weights)[:left]:
        shares[key] += 1
    return shares


def each_share_rounded(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    whole = sum(weights.values())
    return {key: (2 * total * weight + whole) // (2 * whole) if whole else 0 for key, weight in weights.items()}


def shared_equally(amount: int, own_sums: Mapping[str, int]) -> dict[str, Share]:
    return proportion.share(amount, dict.fromkeys(own_sums, 1))


def cut_by_order_instead(limit: int | None, amounts: Mapping[str, int]) -> dict[str, Share] | None:
    if limit is None or sum(amounts.values()) <= limit:
        return None
    left, shares = limit, {}
    for code in sorted(amounts):
        got = min(left, amounts[code])
        left -= got
        shares[code] = Share(available=limit, weight=amounts[code], weights=0, extra=0, result=got)
    return shares


def opening_in_favour_ignored(*, entitlement_fen: int, paid_fen: int, opening_fen: int) -> int:
    return max(0, entitlement_fen - paid_fen - max(0, opening_fen))


def debt_paid(*, entitlement_fen: int, paid_fen: int, opening_fen: int) -> int:
    return entitlement_fen - paid_fen - opening_fen


def recoverable_without_opening(*, paid_fen: int, opening_fen: int, after_own_cap_fen: int) -> int:
    del opening_fen
    return max(0, paid_fen - after_own_cap_fen)


def recoverable_below_zero(*, paid_fen: int, opening_fen: int, after_own_cap_fen: int) -> int:
    return paid_fen + opening_fen - after_own_cap_fen


def lab_and_firm_cap_swapped(policy: Policy, labs: Any, firms: Any, facts: Facts) -> calculation.Amounts:
    """The firm's cap first, then the lab's."""
    real_lab, real_firm = caps.cap_lab, caps.cap_shared
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(caps, "cap_lab", lambda *, amount_fen, **_cap: amount_fen)
        patch.setattr(
            caps,
            "cap_shared",
            lambda cap, amounts: {
                code: Share(
                    available=0,
                    weight=0,
                    weights=0,
                    extra=0,
                    result=real_lab(cap_fen=policy.caps[Cap.LAB], amount_fen=fen),
                )
                for code, fen in proportion.results(real_firm(cap, amounts), amounts).items()
            },
        )
        return _real_steps(policy, labs, firms, facts)


def budget_before_firm_cap(policy: Policy, labs: Any, firms: Any, facts: Facts) -> calculation.Amounts:
    """The budget first: all labs' amounts reduced before any firm's cap."""
    real = calculation._within_shared
    used = []

    def budget_first(labs_: Any, amounts: Mapping[str, int], paid: Any, reduce: Any) -> Any:
        if not used:
            used.append(1)
            amounts = proportion.results(caps.cap_budget(policy.budget_year_fen, amounts), amounts)
        return real(labs_, amounts, paid, reduce)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calculation, "_within_shared", budget_first)
        return _real_steps(policy, labs, firms, facts)


def rooms_swapped(policy: Policy, labs: Any, firms: Any, facts: Facts) -> calculation.Amounts:
    """Step 7 with the budget's room asked before the firms'."""
    real = calculation._within_shared
    calls = []

    def swapped(labs_: Any, amounts: Mapping[str, int], paid: Any, reduce: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            room = payable.room(policy.budget_year_fen, facts.paid.values())
            amounts = proportion.results(payable.keep_to_budget(room, amounts), amounts)
        return real(labs_, amounts, paid, reduce)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calculation, "_within_shared", swapped)
        return _real_steps(policy, labs, firms, facts)


def window_of_all_years(self: Policy, month: Any) -> tuple[Any, ...]:
    first = policy_module.Month(month.year - 1, 1)
    return tuple(m for m in first.through(month) if self.governs(m))


def window_of_the_whole_calendar_year(self: Policy, month: Any) -> tuple[Any, ...]:
    return tuple(policy_module.Month(month.year, 1).through(month))


def window_past_the_month(self: Policy, month: Any) -> tuple[Any, ...]:
    return tuple(m for m in policy_module.Month(month.year, 1).through(month.next) if self.governs(m))


def this_month_only(self: Policy, month: Any) -> tuple[Any, ...]:
    return (month,)


def governs_without_last(self: Policy, month: Any) -> bool:
    return self.effective_from <= month and (self.effective_to is None or month < self.effective_to)


def approvals_of_the_month_too(policy: Policy, month: Any, ledger: Mapping[str, Any]) -> Facts:
    facts = _real_ledger(policy, month, ledger)
    extra = {row["lab"]: row["payable_fen"] for row in ledger["approved"] if row["month"] == str(month)}
    paid = {code: facts.paid.get(code, 0) + extra.get(code, 0) for code in {*facts.paid, *extra}}
    return Facts(facts.labs, facts.eligible, paid, facts.opening, facts.verdicts)


def counts_despite(reason: str) -> Callable[..., Facts]:
    def read(policy: Policy, month: Any, ledger: Mapping[str, Any]) -> Facts:
        entries = [{**e, "reason": None if e["reason"] == reason else e["reason"]} for e in ledger["entries"]]
        return _real_ledger(policy, month, {**ledger, "entries": entries})

    return read


_real_base, _real_marginal = bands.base, bands.marginal
_real_steps, _real_ledger = calculation.go_through_steps, cases.read_ledger

MUTANTS: dict[str, tuple[Any, str, Any]] = {
    # step 1 and the window
    **{f"{reason} counts": (cases, "read_ledger", counts_despite(reason)) for reason in Reason},
    "other years count": (Policy, "window", window_of_all_years),
    "months the policy does not govern count": (Policy, "window", window_of_the_whole_calendar_year),
    "the next month counts": (Policy, "window", window_past_the_month),
    "earlier months do not count": (Policy, "window", this_month_only),
    "the last month is left out": (Policy, "governs", governs_without_last),
    "a month not governed passes": (Policy, "governs", lambda _self, _month: True),
    "approvals for the month itself count": (cases, "read_ledger", approvals_of_the_month_too),
    # step 2
    "C may be negative": (eligible, "not_below_zero", lambda fen: fen),
    "an instrument is the same in all labs": (
        eligible,
        "unit_of",
        lambda unit, lab, instrument: (
            ("", instrument) if unit == "instrument" else lab.code if unit == "lab" else lab.firm
        ),
    ),
    "unit instrument is taken for unit lab": (
        calculation.eligible,
        "unit_of",
        lambda unit, lab, _instrument: lab.firm if unit == "firm" else lab.code,
    ),
    "unit firm is taken for unit lab": (
        calculation.eligible,
        "unit_of",
        lambda unit, lab, instrument: (lab.code, instrument) if unit == "instrument" else lab.code,
    ),
    # step 3
    "no threshold": (bands, "below_threshold", lambda **_given: False),
    "at the threshold nothing": (
        bands,
        "below_threshold",
        lambda *, threshold_fen, counted_fen: counted_fen <= threshold_fen,
    ),
    "highest is taken for marginal": (bands, "highest", bands.marginal),
    "marginal is taken for highest": (bands, "marginal", bands.highest),
    "highest: the step itself still has the lower rate": (bands, "highest", highest_from_above),
    "marginal: higher bands give nothing": (bands, "marginal", last_band_forgotten),
    "marginal: the first rate on everything": (bands, "marginal", first_band_on_everything),
    "no coefficient": (Policy, "coefficient", lambda _self, _grade: bands.Fraction(1)),
    "no grade counts as good": (bands, "grade_of", lambda _policy, lab, _labs: lab.grade or "good"),
    "ungraded counts as good": (
        Policy,
        "coefficient",
        lambda self, grade: self.grades["good" if grade in (None, "ungraded") else grade],
    ),
    "unit firm: each lab its own coefficient": (bands, "grade_of", lambda _p, lab, _labs: lab.grade or "ungraded"),
    "unit firm: the largest coefficient": (
        bands,
        "smallest_grade",
        lambda policy, labs: max((lab.grade or "ungraded" for lab in labs), key=policy.coefficient),
    ),
    "unit lab: the firm's smallest coefficient": (
        bands,
        "grade_of",
        lambda policy, _lab, labs: bands.smallest_grade(policy, labs),
    ),
    "rounded down": (bands, "round_half_up", round_down),
    "rounded half to even": (bands, "round_half_up", round_half_to_even),
    "rounded up": (bands, "round_half_up", round_up),
    "rounded before the coefficient": (bands, "base", base_rounded_first),
    "each band rounded": (bands, "base", each_band_rounded),
    # step 4
    "no instrument cap": (units, "cap_instrument", lambda *, amount_fen, **_cap: amount_fen),
    "instruments are not added": (units, "sum_instruments", lambda amounts: max([*amounts, 0])),
    "a firm's amount shared equally": (units, "share_firm", shared_equally),
    "odd fens to the smallest fraction": (proportion, "share_by_largest_remainder", odd_fens_to_the_smallest),
    "odd fens to the first by code": (proportion, "share_by_largest_remainder", odd_fens_to_the_first),
    "each share rounded": (proportion, "share_by_largest_remainder", each_share_rounded),
    "ties by reverse code": (proportion, "share_by_largest_remainder", ties_by_reverse_code),
    "ties without regard to capitals": (proportion, "share_by_largest_remainder", ties_without_case),
    # step 5
    "no lab cap": (caps, "cap_lab", lambda *, amount_fen, **_cap: amount_fen),
    "no firm cap": (caps, "cap_shared", nothing),
    "the firm's cap before the lab's": (calculation, "go_through_steps", lab_and_firm_cap_swapped),
    "reduced in order of code, not in proportion": (proportion, "reduce_to", cut_by_order_instead),
    # step 6
    "no budget": (caps, "cap_budget", nothing),
    "the budget before the firm's cap": (calculation, "go_through_steps", budget_before_firm_cap),
    # step 7
    "paid is not taken off": (
        payable,
        "due",
        lambda *, entitlement_fen, opening_fen, **_paid: max(0, entitlement_fen - opening_fen),
    ),
    "opening is not taken off": (
        payable,
        "due",
        lambda *, entitlement_fen, paid_fen, **_opening: max(0, entitlement_fen - paid_fen),
    ),
    "opening in the lab's favour is ignored": (payable, "due", opening_in_favour_ignored),
    "a debt is paid as a negative amount": (payable, "due", debt_paid),
    "the firm's cap forgets what was paid": (payable, "room", lambda limit, _paid: limit),
    "no firm's room": (payable, "keep_to_cap", nothing),
    "no budget's room": (payable, "keep_to_budget", nothing),
    "the budget's room before the firms'": (calculation, "go_through_steps", rooms_swapped),
    "nothing is recoverable": (payable, "recoverable", lambda **_given: 0),
    "recoverable forgets the opening": (payable, "recoverable", recoverable_without_opening),
    "a lab that is owed shows a negative debt": (payable, "recoverable", recoverable_below_zero),
    # why a line is zero
    "a zero line says nothing": (why, "why_zero", nothing),
    # validation
    "steps may stand in any order": (policy_module, "check_steps_rise", nothing),
    "rates have no bounds": (policy_module, "_rate", policy_module._decimal),
    "coefficients may be negative": (policy_module, "_coefficient", policy_module._decimal),
    "amounts may be negative": (policy_module, "_amount", lambda value, _path: value),
    "unknown names pass": (policy_module, "UnknownName", lambda *_a, **_k: policy_module.MissingName("x", name="x")),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_case_notices_when_the_rule_is_bent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, attribute, replacement = MUTANTS[name]
    monkeypatch.setattr(target, attribute, replacement)
    noticed = []
    for case in CASES:
        try:
            if failures(case):
                noticed.append(case.title)
        except Exception:  # noqa: BLE001 - a mutant may break in any way; that is being noticed too
            noticed.append(case.title)
    assert noticed, f"no case notices: {name}"


def test_recoverable_measures_what_the_lab_had_after_its_own_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: the debt measured against the entitlement after firm cap and budget."""
    real = calculation.go_through_steps

    def against_entitlement(*args: Any) -> calculation.Amounts:
        found = real(*args)
        owed = {c: max(0, found.paid[c] + found.opening[c] - found.entitlement[c]) for c in found.paid}
        return calculation.Amounts(**{**vars(found), "recoverable": owed})

    monkeypatch.setattr(calculation, "go_through_steps", against_entitlement)
    assert [case.title for case in CASES if failures(case)]
