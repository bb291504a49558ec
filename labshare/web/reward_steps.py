"""The seven steps of a statement in words, for its paper: what goes in, by which parameters, and what comes out. All
amounts in yuan."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from labshare.kernel.formatting import MINUS, month, number, percent, plain_amount
from labshare.rewards.rules.trace import reductions
from labshare.rewards.terms import Cap, Grade, Reason, RewardUnit, TraceStep


def step_notes(trace: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Each step: its number and name, and how its result comes about."""
    return [
        (f"{step['step']} {TraceStep(step['label']).label}", _("; ").join(WAYS[step["label"]](step))) for step in trace
    ]


def _entries(step: Mapping[str, Any]) -> Iterator[str]:
    asked = step["parameters"]
    yield _("Entries from %(first)s to %(last)s", first=month(asked["first_month"]), last=month(asked["month"]))
    for row in step["inputs"]:
        verdict = _("Counted") if row["reason"] is None else Reason(row["reason"]).label
        yield _("%(verdict)s: %(fen)s (%(n)s)", verdict=verdict, fen=plain_amount(row["fen"]), n=number(row["count"]))
    yield f"= {plain_amount(step['result'])}"


def _eligible(step: Mapping[str, Any]) -> Iterator[str]:
    yield str(RewardUnit(step["parameters"]["unit"]).label)
    for unit, counted in zip(step["inputs"], step["result"], strict=True):
        yield f"C = {_sum(unit['sums'].values())} = {plain_amount(counted)}"


def _bands(step: Mapping[str, Any]) -> Iterator[str]:
    for unit, result in zip(step["inputs"], step["result"], strict=True):
        if unit["below_threshold"]:
            least = plain_amount(step["parameters"]["threshold_fen"])
            yield _("C is below the threshold of %(least)s: 0.00", least=least)
            continue
        parts = " + ".join(f"{plain_amount(part['fen'])} × {percent(part['rate'])}" for part in unit["parts"])
        grade = f"{unit['coefficient']} ({Grade(unit['grade']).label})"
        yield f"{parts or plain_amount(0)} = {_exact(unit['base'])}, × {grade} = {plain_amount(result)}"


def _unit(step: Mapping[str, Any]) -> Iterator[str]:
    given, cap = step["inputs"], step["parameters"][Cap.INSTRUMENT]
    if given["share"]:
        yield _("The lab's share of its firm's amount: %(share)s", share=_share(given["share"]))
    elif cap is not None:
        yield f"{Cap.INSTRUMENT.label}: {plain_amount(cap)}"
        for unit in given["units"]:
            yield f"{plain_amount(unit['before'])} → {plain_amount(unit['after'])}"
    yield f"= {plain_amount(step['result'])}"


def _caps(step: Mapping[str, Any]) -> Iterator[str]:
    given = step["inputs"]
    after = given["after_own_cap"]
    yield _most(Cap.LAB, most=step["parameters"][Cap.LAB], after=after)
    for one in reductions(step):
        after = one.share["result"] if one.share else after
        yield _most(one.cap, most=one.most, after=after)
        if one.share:
            yield _share(one.share)


def _most(cap: Cap, *, most: int | None, after: int) -> str:
    return f"{cap.label}: {_('no cap') if most is None else plain_amount(most)} → {plain_amount(after)}"


def _budget(step: Mapping[str, Any]) -> Iterator[str]:
    most = step["parameters"]["budget_year_fen"]
    if most is None:
        yield _("no budget of the year")
    else:
        all_labs = plain_amount(step["inputs"]["all_labs"])
        yield _("Budget %(most)s, all labs %(all_labs)s", most=plain_amount(most), all_labs=all_labs)
    if step["inputs"]["share"]:
        yield _share(step["inputs"]["share"])
    yield f"= {plain_amount(step['result'])}"


def _payable(step: Mapping[str, Any]) -> Iterator[str]:
    given = step["inputs"]
    names = (_("Entitlement, year to date"), _("Earlier approved"), _("Opening balance"))
    amounts = (given["entitlement"], given["paid"], given["opening"])
    parts = [f"{name} {plain_amount(fen)}" for name, fen in zip(names, amounts, strict=True)]
    yield _("%(said)s; never below 0: %(due)s", said=f" {MINUS} ".join(parts), due=plain_amount(given["due"]))
    for share, text in (
        *((one.share, str(one.texts.left)) for one in reductions(step)),
        (given["budget_share"], _("Reduced to what the budget leaves: %(amount)s")),
    ):
        if share:
            yield f"{text % {'amount': plain_amount(share['available'])}} ({_share(share)})"
    yield f"{_('Payable')} = {plain_amount(step['result'])}"
    if given["recoverable"]:
        yield f"{_('Recoverable')} {plain_amount(given['recoverable'])}"


WAYS = {
    TraceStep.ENTRIES: _entries,
    TraceStep.ELIGIBLE: _eligible,
    TraceStep.BANDS: _bands,
    TraceStep.UNIT: _unit,
    TraceStep.CAPS: _caps,
    TraceStep.BUDGET: _budget,
    TraceStep.PAYABLE: _payable,
}


def _share(share: Mapping[str, int]) -> str:
    available, weight, weights = (plain_amount(share[name]) for name in ("available", "weight", "weights"))
    return f"{available} × {weight} ÷ {weights} = {plain_amount(share['result'])}"


def _sum(amounts: Iterable[int]) -> str:
    return " + ".join(map(plain_amount, amounts)) or plain_amount(0)


def _exact(fen: str) -> str:
    """A trace's exact decimal of fen, in yuan."""
    yuan = Decimal(fen).scaleb(-2)
    return f"{yuan:,.2f}" if yuan == round(yuan, 2) else f"{yuan.normalize():,f}"
