"""What a dated column means is asked of its model alone: nothing else compares such columns or looks whether they are
set (`Membership.current`, `Fee.in_force_on(day)`, `Holding.counts_at(moment)`)."""

import ast
from collections.abc import Iterator

import pytest

from tests.conventions.reading import inside, python_files

COLUMNS = {
    "admitted_from",
    "agreed_at",
    "answer_by",
    "confirmed_at",
    "disabled_at",
    "effective_from",
    "effective_month",
    "effective_to",
    "ended_at",
    "ended_on",
    "expires_at",
    "handed_over_at",
    "payer_verdict",
    "publicity_ends_at",
    "read_at",
    "refused_at",
    "released_at",
    "returned_at",
    "revoked_at",
    "sent_back_at",
    "superseded_from",
    "suspended_from",
    "valid_from",
    "valid_to",
    "verified_at",
    "voided_at",
    "withdrawn_at",
    "withdrawn_on",
}
"""From which, until which or since when something holds."""
HOME = ("models.py", "assessments.py", "kernel/spans.py", "organisations/links.py", "rewards/policy.py")
"""Where the predicates stand: the models, the span they share, affiliations and policies as the rules know them."""
ELSEWHERE = {
    "labshare/booking/services/move.py::_keep_time_beside": "the deadline is moved",
    "labshare/catalogue/queries/news.py::soon_replaced": "how soon a standard is replaced",
    "labshare/catalogue/queries/own.py::endings": "how soon an accreditation ends",
    "labshare/catalogue/rules/entries.py::calibration_problems": "dates that are given",
    "labshare/catalogue/services/fees.py::end_fee": "the order of two dates that are given",
    "labshare/catalogue/services/fees.py::remove_fee": "which fee comes before another",
    "labshare/catalogue/services/many.py::_raise_fee": "whether there is a day before it",
    "labshare/catalogue/services/labs.py::suspend_lab": "the order of two dates that are given",
    "labshare/organisations/queries/affiliations.py::": "a rough choice before `Link.to_decide`",
    "labshare/organisations/services/affiliation_changes.py::_check": "dates that are given",
    "labshare/organisations/services/affiliation_changes.py::_put": "a date that is given",
    "labshare/organisations/services/affiliations.py::_end_problems": "the order of two dates that are given",
    "labshare/organisations/services/affiliations.py::_refuse_decided": "a step is taken once",
    "labshare/organisations/services/affiliations.py::_refuse_ended": "a step is taken once",
    "labshare/organisations/services/affiliations.py::refuse_twice": "a step is taken once",
    "labshare/rewards/queries/grade_preview.py::_with_grades": "which of two lists is the later",
    "labshare/rewards/queries/pages.py::notice_days": "the days of a public notice are counted",
    "labshare/rewards/services/approve.py::notice_is_over": "there is a day to name",
    "labshare/rewards/services/policies.py::end_policy": "the order of two months that are given",
    "labshare/settlement/rules/documents.py::standing": "the rule of reports; `Report.not_withdrawn_on` is equal to it",
    "labshare/web/account/affiliations.py::_page": "which steps a firm can still take",
    "labshare/web/account/affiliations.py::end_affiliation": "which of two steps an end is",
    "labshare/web/regulator/affiliations.py::_possible": "which steps an officer can still take",
}
"""Where such a column is compared for itself, and why that is no predicate of its model."""


def comparisons(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, function around, column) of each comparison with such a column, or look whether it is set."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for node in ast.walk(tree):
        for side in _compared(node):
            if isinstance(side, ast.Attribute) and side.attr in COLUMNS:
                around = [one for one in functions if one.lineno <= side.lineno <= (one.end_lineno or 0)]
                yield side.lineno, around[-1].name if around else "", side.attr


def _compared(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(ops=ops):
            sides = (node.left, *node.comparators)
            whole = all(isinstance(op, ast.Eq | ast.NotEq) for op in ops)
            yield from (side for side in sides if not whole or getattr(side, "attr", "") == "payer_verdict")
        case ast.Call(func=ast.Attribute(value=value, attr="is_" | "is_not" | "in_" | "between")):
            yield value


@pytest.mark.parametrize(
    "source",
    [
        "Membership.ended_at.is_(None)",
        "Fee.valid_to >= day",
        "payment.payer_verdict == PayerVerdict.ACCEPTED",
        "found.revoked_at is None",
        "first <= fee.valid_from",
        "Policy.effective_from.between(first, last)",
    ],
)
def test_a_comparison_is_found(source: str) -> None:
    assert list(comparisons(source))


@pytest.mark.parametrize(
    "source",
    [
        "Membership.current",
        "fee.in_force_on(day)",
        "fee.valid_to = day",
        "order_by(Fee.valid_from.desc())",
        "Calibration.valid_from == first",
    ],
)
def test_other_uses_pass(source: str) -> None:
    assert not list(comparisons(source))


def test_dated_columns_are_compared_beside_them_alone() -> None:
    found = {
        f"{inside(file)}::{function}": f"{inside(file)}:{line}: {column}"
        for file in python_files("")
        if not str(inside(file)).endswith(HOME)
        for line, function, column in comparisons(file.read_text())
    }
    assert not [place for name, place in found.items() if name not in ELSEWHERE]
    assert not ELSEWHERE.keys() - found.keys(), "a place that is no more"
