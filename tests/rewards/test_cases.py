"""The threshold cases, each checked three ways: the written result, the product, the independent recomputation."""

import json

import pytest

from labshare.kernel.errors import Problem
from labshare.rewards.rules import cases
from labshare.rewards.terms import WhyZero
from tests.independent import reward
from tests.rewards.reading import Case, all_cases, fen
from tests.rewards.retrace import check_trace

CASES = all_cases()


def failures(case: Case) -> list[str]:
    """What the product gets wrong in a case; empty where all is right."""
    try:
        calculation = cases.calculate_case(case.json)
    except Problem as problem:
        names = {one.code for one in (problem.problems)}
        return [] if case.expect_error in names else [f"refused: {sorted(names)}"]
    if case.expect_error:
        return [f"not refused with {case.expect_error}"]
    assert case.expect is not None
    wrong = []
    found = {line.code: line for line in calculation.lines}
    if sorted(found) != sorted(map(str, case.expect)):
        wrong.append(f"lines {sorted(found)}")
    if [line.code for line in calculation.lines] != sorted(found):
        wrong.append("not in order of code")
    for code, wanted in case.expect.items():
        line = found[str(code)]
        got = (line.eligible_ytd_fen, line.entitlement_ytd_fen, line.payable_fen, line.recoverable_fen, line.why_zero)
        want = (*(fen(wanted.get(name, 0)) for name in ("C", "T", "pays", "owes")), wanted.get("why"))
        if got != want:
            wrong.append(f"{code}: {got} instead of {want}")
    return wrong


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_case_comes_out_as_written(case: Case) -> None:  # R-REWARD-1
    assert failures(case) == []


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_independent_recomputation_agrees_with_the_written_case(case: Case) -> None:
    result = reward.answer(json.dumps(case.json))
    if case.expect_error:
        assert result is None
        return
    assert result is not None
    assert case.expect is not None
    for lab in result["labs"]:
        wanted = case.expect[lab["code"]]
        assert lab["eligible_ytd_fen"] == fen(wanted["C"])
        assert lab["entitlement_ytd_fen"] == fen(wanted["T"])
        assert lab["payable_fen"] == fen(wanted["pays"])
        assert lab["recoverable_fen"] == fen(wanted.get("owes", 0))


@pytest.mark.parametrize("case", [c for c in CASES if c.expect], ids=[c.title for c in CASES if c.expect])
def test_every_number_of_the_trace_can_be_worked_out_again(case: Case) -> None:  # R-REWARD-20
    calculation = cases.calculate_case(case.json)
    result = cases.result_of(calculation)
    for line, figures in zip(calculation.lines, result["labs"], strict=True):
        check_trace(json.loads(json.dumps(line.trace)), figures)


def test_every_cause_of_a_zero_line_occurs_in_the_cases() -> None:  # R-REWARD-19
    occurring = {wanted.get("why") for case in CASES if case.expect for wanted in case.expect.values()}
    assert set(WhyZero) <= occurring
