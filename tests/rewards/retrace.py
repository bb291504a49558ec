"""Works every number of a line's trace out again from what the trace itself says, step after step."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any


def check_trace(trace: Sequence[Mapping[str, Any]], line: Mapping[str, int]) -> None:
    """`line`: the figures of the same line. Fails at the first number that does not follow."""
    assert [step["step"] for step in trace] == [1, 2, 3, 4, 5, 6, 7]
    entries, eligible, bands, unit, caps, budget, payable = trace
    _entries(entries, line)
    _eligible(eligible, entries)
    _bands(bands, eligible)
    _unit(unit, bands)
    _caps(caps, unit)
    _budget(budget, caps)
    _payable(payable, budget, caps, line)


def _entries(step: Mapping[str, Any], line: Mapping[str, int]) -> None:
    counted = [row for row in step["inputs"] if row["reason"] is None]
    if step["inputs"]:
        assert step["result"] == sum(row["fen"] for row in counted)
    assert line["eligible_ytd_fen"] == max(0, step["result"])


def _eligible(step: Mapping[str, Any], entries: Mapping[str, Any]) -> None:
    assert step["result"] == [max(0, sum(unit["sums"].values())) for unit in step["inputs"]]
    if step["parameters"]["unit"] != "firm":
        assert entries["result"] == sum(sum(unit["sums"].values()) for unit in step["inputs"])


def _bands(step: Mapping[str, Any], eligible: Mapping[str, Any]) -> None:
    terms = step["parameters"]
    with localcontext() as context:
        context.prec = 200
        for unit, counted, result in zip(step["inputs"], eligible["result"], step["result"], strict=True):
            assert unit["counted"] == counted
            assert unit["below_threshold"] == (counted < terms["threshold_fen"])
            total = Decimal(0)
            for part in unit["parts"]:
                assert Decimal(part["product"]) == part["fen"] * Decimal(part["rate"])
                assert {"from_fen": part["from_fen"], "rate": part["rate"]} in terms["steps"]
                total += Decimal(part["product"])
            if not unit["below_threshold"]:
                assert sum(part["fen"] for part in unit["parts"]) == counted
            assert Decimal(unit["base"]) == total
            assert Decimal(unit["exact"]) == total * Decimal(unit["coefficient"])
            assert result == int(Decimal(unit["exact"]).quantize(Decimal(1), ROUND_HALF_UP))


def _share(share: Mapping[str, int]) -> int:
    if share["weights"]:
        assert share["floor"] == share["available"] * share["weight"] // share["weights"]
        assert share["extra"] in (0, 1)
    assert share["result"] == share["floor"] + share["extra"]
    return share["result"]


def _unit(step: Mapping[str, Any], bands: Mapping[str, Any]) -> None:
    cap = step["parameters"]["instrument_year_fen"]
    after = []
    for unit, before in zip(step["inputs"]["units"], bands["result"], strict=True):
        assert unit["before"] == before
        assert unit["after"] == (before if cap is None else min(before, cap))
        after.append(unit["after"])
    share = step["inputs"]["share"]
    if step["parameters"]["unit"] == "firm":
        assert share["available"] == after[0]
        assert step["result"] == _share(share)
    else:
        assert share is None
        assert step["result"] == sum(after)


def _reduced(before: int, together: int, limit: int | None, share: Mapping[str, int] | None) -> int:
    if limit is None or together <= limit:
        assert share is None
        return before
    assert share is not None
    assert (share["available"], share["weight"], share["weights"]) == (limit, before, together)
    return _share(share)


def _caps(step: Mapping[str, Any], unit: Mapping[str, Any]) -> None:
    inputs, terms = step["inputs"], step["parameters"]
    assert inputs["before"] == unit["result"]
    cap = terms["lab_year_fen"]
    assert inputs["after_own_cap"] == (inputs["before"] if cap is None else min(inputs["before"], cap))
    assert step["result"] == _reduced(
        inputs["after_own_cap"], inputs["firm_total"], terms["firm_year_fen"], inputs["share"]
    )


def _budget(step: Mapping[str, Any], caps: Mapping[str, Any]) -> None:
    inputs = step["inputs"]
    assert inputs["before"] == caps["result"]
    assert step["result"] == _reduced(
        inputs["before"], inputs["all_labs"], step["parameters"]["budget_year_fen"], inputs["share"]
    )


def _payable(
    step: Mapping[str, Any], budget: Mapping[str, Any], caps: Mapping[str, Any], line: Mapping[str, int]
) -> None:
    inputs, terms = step["inputs"], step["parameters"]
    assert inputs["entitlement"] == budget["result"] == line["entitlement_ytd_fen"]
    assert inputs["due"] == max(0, inputs["entitlement"] - inputs["paid"] - inputs["opening"])
    amount = inputs["due"]
    for limit, paid, share in (
        (terms["firm_year_fen"], inputs["firm_paid"], inputs["firm_share"]),
        (terms["budget_year_fen"], inputs["all_paid"], inputs["budget_share"]),
    ):
        if share is not None:
            assert share["available"] == max(0, limit - paid)
            assert share["weight"] == amount
            assert share["weights"] > share["available"]
            amount = _share(share)
    assert step["result"] == amount == line["payable_fen"]
    assert inputs["after_own_cap"] == caps["inputs"]["after_own_cap"]
    owed = max(0, inputs["paid"] + inputs["opening"] - inputs["after_own_cap"])
    assert inputs["recoverable"] == owed == line["recoverable_fen"]
