"""`labshare rewards calculate --cases` against the independent recomputation on 10,000 random cases."""

import json
from collections import Counter

import pytest

from labshare.rewards.rules import cases
from tests.independent import random_cases, reward
from tests.rewards.retrace import check_trace

pytestmark = pytest.mark.slow

NUMBER = 10_000


def test_ten_thousand_random_cases_come_out_equal() -> None:
    lines = [json.dumps(case).encode() for case in random_cases.cases(seed=20261124, number=NUMBER)]
    seen: Counter[str] = Counter()
    for line, answer in zip(lines, cases.answer_lines(lines), strict=True):
        independent = reward.answer(line)
        if independent is None:
            assert set(answer) == {"error"}, line
            seen["refused"] += 1
            continue
        assert answer == independent, line
        seen["pays"] += answer["total_payable_fen"] > 0
        seen["owes"] += any(lab["recoverable_fen"] for lab in answer["labs"])
        seen["nothing eligible"] += all(lab["eligible_ytd_fen"] == 0 for lab in answer["labs"])
    # the cases are odd enough to mean something
    assert seen["refused"] > NUMBER // 20
    assert min(seen["pays"], seen["owes"]) > NUMBER // 5
    assert seen["nothing eligible"] > NUMBER // 50


def test_traces_of_random_cases_recompute() -> None:
    for case in random_cases.cases(seed=7, number=400):
        if reward.answer(json.dumps(case)) is None:
            continue
        calculation = cases.calculate_case(case)
        for line, figures in zip(calculation.lines, cases.result_of(calculation)["labs"], strict=True):
            check_trace(line.trace, figures)


def test_a_zero_line_says_why_and_no_other_does() -> None:  # R-REWARD-19
    for case in random_cases.cases(seed=8, number=400):
        if reward.answer(json.dumps(case)) is None:
            continue
        for line in cases.calculate_case(case).lines:
            assert (line.why_zero is None) == (line.payable_fen > 0)
