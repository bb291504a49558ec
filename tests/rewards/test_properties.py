"""What must hold whatever the facts are: conservation, limits, order, names."""

import random
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labshare.kernel.months import Month
from labshare.rewards.policy import Policy, read_policy
from labshare.rewards.rules.calculation import Calculation, calculate
from labshare.rewards.rules.facts import Facts, Lab
from labshare.rewards.terms import Cap
from tests.rewards.reading import policy_json

pytestmark = pytest.mark.slow

MONTH = Month(2026, 6)
CODES = ["A", "B", "C", "D", "E", "F"]
AMOUNT = st.integers(0, 5_000_000)
LIMIT = st.none() | st.just(0) | st.integers(0, 2_000_000)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    starts = sorted({0, *draw(st.lists(st.integers(1, 3_000_000), max_size=3))})
    rates = draw(st.lists(st.sampled_from(["0", "0.1", "0.15", "0.333", "1"]), min_size=4, max_size=4))
    return read_policy(
        policy_json(
            unit=draw(st.sampled_from(["instrument", "lab", "firm"])),
            threshold_fen=draw(st.just(0) | st.integers(0, 100_000)),
            budget_year_fen=draw(LIMIT),
            **{
                "bands.kind": draw(st.sampled_from(["marginal", "highest"])),
                "bands.steps": [{"from_fen": at, "rate": rate} for at, rate in zip(starts, rates, strict=False)],
                "caps.instrument_year_fen": draw(LIMIT),
                "caps.lab_year_fen": draw(LIMIT),
                "caps.firm_year_fen": draw(LIMIT),
            },
        )
    )


@st.composite
def facts(draw: st.DrawFn, *, with_past: bool = True) -> Facts:
    codes = draw(st.lists(st.sampled_from(CODES), min_size=1, unique=True))
    grade = st.sampled_from([None, "excellent", "good", "qualified", "unqualified"])
    labs = tuple(Lab(code=code, firm=draw(st.sampled_from(["F1", "F2", "F3"])), grade=draw(grade)) for code in codes)
    eligible = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(codes), st.sampled_from(["I1", "I2"])), st.integers(-1_000_000, 5_000_000)
        )
    )
    if not with_past:
        return Facts(labs, eligible)
    past = st.dictionaries(st.sampled_from(codes), st.integers(0, 1_000_000))
    openings = st.dictionaries(st.sampled_from(codes), st.integers(-100_000, 500_000))
    return Facts(labs, eligible, draw(past), draw(openings))


def figures(calculation: Calculation) -> dict[str, tuple[int, ...]]:
    return {
        line.code: (line.eligible_ytd_fen, line.entitlement_ytd_fen, line.payable_fen, line.recoverable_fen)
        for line in calculation.lines
    }


many = settings(max_examples=300)


@many
@given(policies(), facts())
def test_no_limit_is_ever_exceeded(policy: Policy, given_facts: Facts) -> None:  # R-REWARD-13, R-REWARD-14, R-REWARD-16
    found = calculate(policy, MONTH, given_facts)
    by_firm: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in found.lines:
        assert line.payable_fen >= 0
        assert line.recoverable_fen >= 0
        assert line.payable_fen <= max(0, line.entitlement_ytd_fen - line.paid_fen - line.opening_fen)
        if policy.caps[Cap.LAB] is not None:
            assert line.entitlement_ytd_fen <= policy.caps[Cap.LAB]
        sums = by_firm[line.firm]
        sums[0] += line.entitlement_ytd_fen
        sums[1] += line.payable_fen
        sums[2] += line.paid_fen
    for entitlement, payable, paid in by_firm.values():
        if policy.caps[Cap.FIRM] is not None:
            assert entitlement <= policy.caps[Cap.FIRM]
            assert payable <= max(0, policy.caps[Cap.FIRM] - paid)
    if policy.budget_year_fen is not None:
        assert sum(line.entitlement_ytd_fen for line in found.lines) <= policy.budget_year_fen
        all_paid = sum(line.paid_fen for line in found.lines)
        assert found.total_payable_fen <= max(0, policy.budget_year_fen - all_paid)


@many
@given(policies(), facts(), st.randoms(use_true_random=False))
def test_the_order_of_facts_makes_no_difference(policy: Policy, given_facts: Facts, chance: random.Random) -> None:
    labs, eligible = list(given_facts.labs), list(given_facts.eligible.items())
    chance.shuffle(labs)
    chance.shuffle(eligible)
    shuffled = replace(given_facts, labs=tuple(labs), eligible=dict(eligible))
    assert calculate(policy, MONTH, shuffled) == calculate(policy, MONTH, given_facts)


@many
@given(policies(), facts())
def test_renaming_firms_changes_nothing(policy: Policy, given_facts: Facts) -> None:
    renamed = replace(given_facts, labs=tuple(replace(lab, firm=f"9-{lab.firm}-新") for lab in given_facts.labs))
    assert figures(calculate(policy, MONTH, renamed)) == figures(calculate(policy, MONTH, given_facts))


@many
@given(policies(), facts())
def test_splitting_a_firm_whose_labs_no_rule_ties_changes_nothing(policy: Policy, given_facts: Facts) -> None:
    if policy.unit == "firm":
        policy = replace(policy, unit="lab")
    policy = replace(policy, caps={**policy.caps, Cap.FIRM: None})
    split = replace(given_facts, labs=tuple(replace(lab, firm=lab.code) for lab in given_facts.labs))
    assert figures(calculate(policy, MONTH, split)) == figures(calculate(policy, MONTH, given_facts))


@many
@given(policies(), facts(), st.data())
def test_labs_that_move_between_firms_change_nothing_where_no_rule_is_of_firms(
    policy: Policy, given_facts: Facts, data: st.DataObject
) -> None:
    """A firm split, two merged, a lab sold: where neither unit nor cap is of firms, nobody's figures change."""
    if policy.unit == "firm":
        policy = replace(policy, unit="lab")
    policy = replace(policy, caps={**policy.caps, Cap.FIRM: None})
    firms = st.sampled_from(["F1", "F2", "F3", "F4", "F5"])
    moved = replace(given_facts, labs=tuple(replace(lab, firm=data.draw(firms)) for lab in given_facts.labs))
    assert figures(calculate(policy, MONTH, moved)) == figures(calculate(policy, MONTH, given_facts))


STEPS_OF_SHARING = 6
"""Shared among a firm's labs, cut to firm's cap and budget, and the dues to both again: each moves a fen at a tie."""


@many
@given(policies(), facts(), st.permutations(CODES))
def test_renaming_labs_moves_a_fen_at_a_tie_and_nothing_else(
    policy: Policy, given_facts: Facts, codes: list[str]
) -> None:
    new = dict(zip(CODES, codes, strict=True))
    renamed = Facts(
        tuple(replace(lab, code=new[lab.code]) for lab in given_facts.labs),
        {(new[lab], instrument): fen for (lab, instrument), fen in given_facts.eligible.items()},
        {new[lab]: fen for lab, fen in given_facts.paid.items()},
        {new[lab]: fen for lab, fen in given_facts.opening.items()},
    )
    before, after = figures(calculate(policy, MONTH, given_facts)), figures(calculate(policy, MONTH, renamed))
    assert {new[code] for code in before} == set(after)
    for code, old in before.items():
        assert all(abs(a - b) <= STEPS_OF_SHARING for a, b in zip(old, after[new[code]], strict=True))
    assert sum(one[1] for one in before.values()) == sum(one[1] for one in after.values())


@st.composite
def fair_policies(draw: st.DrawFn) -> Policy:
    """Whose rates never fall: the usual ones, of labs or firms, capped at most by firm and budget."""
    starts = sorted({0, *draw(st.lists(st.integers(1, 3_000_000), max_size=3))})
    rates = sorted(draw(st.lists(st.sampled_from(["0", "0.1", "0.15", "0.333"]), min_size=4, max_size=4)))
    return read_policy(
        policy_json(
            unit=draw(st.sampled_from(["lab", "firm"])),
            threshold_fen=draw(st.just(0) | st.integers(0, 100_000)),
            budget_year_fen=None,
            **{
                "bands.kind": draw(st.sampled_from(["marginal", "highest"])),
                "bands.steps": [{"from_fen": at, "rate": rate} for at, rate in zip(starts, rates, strict=False)],
                "caps.instrument_year_fen": None,
                "caps.lab_year_fen": None,
                "caps.firm_year_fen": draw(LIMIT),
            },
        )
    )


@many
@given(
    fair_policies(),
    st.sampled_from([None, "excellent", "good", "qualified", "unqualified"]),
    st.lists(st.tuples(st.integers(0, 5_000_000), st.integers(0, 5_000_000)), min_size=1, max_size=3),
    st.booleans(),
)
def test_splitting_a_lab_never_raises_what_its_owners_get(
    policy: Policy, grade: str | None, parts: list[tuple[int, int]], also_the_firm: bool
) -> None:
    """Its work shared with a second lab of the same grade, in the same firm or (where no cap is of firms) in a new one:
    at most the fen that two roundings make."""
    if also_the_firm:
        policy = replace(policy, caps={**policy.caps, Cap.FIRM: None})
    labs = tuple(Lab(code=CODES[number], firm="F1", grade=grade) for number in range(len(parts)))
    whole = Facts(labs, {(CODES[number], "I1"): sum(pair) for number, pair in enumerate(parts)})
    second = "F2" if also_the_firm else "F1"
    twins = tuple(Lab(code=f"{CODES[number]}2", firm=second, grade=grade) for number in range(len(parts)))
    split = Facts(
        labs + twins,
        {(CODES[number], "I1"): pair[0] for number, pair in enumerate(parts)}
        | {(f"{CODES[number]}2", "I1"): pair[1] for number, pair in enumerate(parts)},
    )
    before, after = calculate(policy, MONTH, whole), calculate(policy, MONTH, split)
    assert after.total_payable_fen <= before.total_payable_fen + len(parts)


@many
@given(policies(), facts(with_past=False))
def test_calculating_again_after_paying_pays_nothing_more(policy: Policy, given_facts: Facts) -> None:  # R-REWARD-15
    first = calculate(policy, MONTH, given_facts)
    paid = {line.code: line.payable_fen for line in first.lines}
    again = calculate(policy, MONTH.next, replace(given_facts, paid=paid))
    assert again.total_payable_fen == 0
    assert all(line.recoverable_fen == 0 for line in again.lines)


@many
@given(policies(), facts(with_past=False))
def test_without_past_the_payable_is_the_entitlement(policy: Policy, given_facts: Facts) -> None:
    for line in calculate(policy, MONTH, given_facts).lines:
        assert line.payable_fen == line.entitlement_ytd_fen


@many
@given(policies(), facts(), st.integers(1, 1_000_000))
def test_an_idle_lab_more_never_raises_its_firm(policy: Policy, given_facts: Facts, _chance: int) -> None:  # R-REWARD-9
    firm = given_facts.labs[0].firm
    more = replace(given_facts, labs=(*given_facts.labs, Lab(code="Z-idle", firm=firm, grade="excellent")))
    before, after = calculate(policy, MONTH, given_facts), calculate(policy, MONTH, more)
    of_firm = [sum(line.entitlement_ytd_fen for line in found.lines if line.firm == firm) for found in (before, after)]
    if policy.budget_year_fen is None:
        assert of_firm[1] <= of_firm[0]


@many
@given(policies(), facts())
def test_listing_a_lab_only_for_its_grade_gives_it_no_line(policy: Policy, given_facts: Facts) -> None:  # R-REWARD-18
    hidden = replace(given_facts, labs=(*given_facts.labs, Lab(code="Z-hidden", firm="F1", grade="good", listed=False)))
    assert "Z-hidden" not in figures(calculate(policy, MONTH, hidden))
