"""`labshare rewards calculate --cases`: a case's JSON line in, its result out, and nothing more.

Unknown names are ignored in a ledger (adding is not breaking) and refused in a policy (R-REWARD-1).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labshare.kernel.errors import Problem
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.rewards.errors import BrokenLine, LabTwice, NoPolicy, UnknownGrade, UnknownLab, UnknownReason
from labshare.rewards.policy import Policy, read_policy
from labshare.rewards.rules.calculation import Calculation, calculate
from labshare.rewards.rules.facts import Facts, Instrument, Lab, Verdicts
from labshare.rewards.terms import CaseReason, Grade, Reason


def answer_lines(lines: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """One result for each line, in its place; `{"error": …}` where the line is refused."""
    for line in lines:
        try:
            yield result_of(calculate_case(read_line(line)))
        except Problem as problem:
            yield {"error": problem_line(problem)}


def problem_line(problem: Problem) -> str:
    """A problem in one line, with its name and field."""
    problems = problem.problems
    return "; ".join(f"{one.code}{f' ({one.field})' if one.field else ''}: {one.text}" for one in problems)


def read_line(line: bytes) -> Any:
    """The JSON of one line. Raises `BrokenLine`, also for a blank one, a repeated name, `NaN`, or bytes not UTF-8."""
    try:
        text = line.decode("utf-8-sig")
        if not text.strip():
            raise BrokenLine(problem="blank")
        return json.loads(text, object_pairs_hook=_no_name_twice, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BrokenLine(problem=str(error)) from None


def calculate_case(case: Any) -> Calculation:
    """Calculate one case `{"policy": …, "ledger": …}`.

    Raises the policy's problems, `BrokenLine`, `NoPolicy`, `UnknownGrade`, `UnknownLab`, `UnknownReason`, `LabTwice`.
    """
    if not isinstance(case, dict) or "policy" not in case:
        raise BrokenLine("policy", problem="no policy")
    policy = read_policy(case["policy"])
    ledger = _object(case, "ledger")
    month = _month(ledger, "month")
    if not policy.governs(month):
        raise NoPolicy(month=str(month))
    return calculate(policy, month, read_ledger(policy, month, ledger))


def read_ledger(policy: Policy, month: Month, ledger: Mapping[str, Any]) -> Facts:
    """A case's ledger as facts; what lies outside the window is checked like the rest, then left out."""
    labs = _labs(ledger)
    codes = {lab.code for lab in labs}
    window = set(policy.window(month))
    eligible: dict[tuple[str, Instrument], Fen] = {}
    verdicts: dict[str, dict[str | None, Verdicts]] = {}
    for entry in _list(ledger, "entries"):
        code, entry_month, amount = _known(codes, entry), _month(entry, "month"), _amount(entry, "amount_fen")
        instrument, reason = _instrument(entry), _reason(entry)
        if entry_month not in window:
            continue
        if reason is None:
            eligible[code, instrument] = Fen(eligible.get((code, instrument), 0) + amount)
        tally = verdicts.setdefault(code, {})
        tally[reason] = tally.get(reason, Verdicts(reason=reason)).and_of(1, fen=amount, in_month=entry_month == month)
    paid: dict[str, Fen] = {}
    for approved in _list(ledger, "approved"):
        code, approved_month = _known(codes, approved), _month(approved, "month")
        payable = _amount(approved, "payable_fen")
        if approved_month in window and approved_month < month:
            paid[code] = Fen(paid.get(code, 0) + payable)
    opening: dict[str, Fen] = {}
    for carried in _list(ledger, "opening") if ledger.get("opening") is not None else ():
        code = _known(codes, carried)
        opening[code] = Fen(opening.get(code, 0) + _amount(carried, "fen"))
    return Facts(
        tuple(labs),
        eligible,
        paid,
        opening,
        {
            code: tuple(found[reason] for reason in (None, *Reason, *CaseReason) if reason in found)
            for code, found in verdicts.items()
        },
    )


def result_of(calculation: Calculation) -> dict[str, Any]:
    """Exactly what readers of a result rely on."""
    return {
        "month": str(calculation.month),
        "labs": [
            {
                "code": line.code,
                "eligible_ytd_fen": line.eligible_ytd_fen,
                "entitlement_ytd_fen": line.entitlement_ytd_fen,
                "payable_fen": line.payable_fen,
                "recoverable_fen": line.recoverable_fen,
            }
            for line in calculation.lines
        ],
        "total_payable_fen": calculation.total_payable_fen,
    }


def _labs(ledger: Mapping[str, Any]) -> list[Lab]:
    labs: list[Lab] = []
    seen: set[str] = set()
    for item in _list(ledger, "labs"):
        code, firm = _text(item, "code"), _text(item, "firm")
        grade = item.get("grade")
        if grade is not None and Grade.known(grade) is None:
            raise UnknownGrade("grade", grade=grade)
        if code in seen:
            raise LabTwice("code", lab=code)
        seen.add(code)
        labs.append(Lab(code=code, firm=firm, grade=grade))
    return labs


def _known(codes: set[str], item: Mapping[str, Any]) -> str:
    code = _text(item, "lab")
    if code not in codes:
        raise UnknownLab("lab", lab=code)
    return code


def _reason(entry: Mapping[str, Any]) -> str | None:
    reason = _there(entry, "reason")
    if reason is not None and reason not in (*Reason, *CaseReason):
        raise UnknownReason("reason", reason=reason)
    return None if reason is None else str(reason)


def _instrument(entry: Mapping[str, Any]) -> Instrument:
    instrument = _there(entry, "instrument")
    if isinstance(instrument, str) or (isinstance(instrument, int) and not isinstance(instrument, bool)):
        return instrument
    raise BrokenLine("instrument", problem="instrument is neither text nor a whole number")


def _there(item: Mapping[str, Any], name: str) -> Any:
    if name not in item:
        raise BrokenLine(name, problem=f"{name} is missing")
    return item[name]


def _text(item: Mapping[str, Any], name: str) -> str:
    value = _there(item, name)
    if not isinstance(value, str):
        raise BrokenLine(name, problem=f"{name} is no text")
    return value


def _amount(item: Mapping[str, Any], name: str) -> Fen:
    value = _there(item, name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BrokenLine(name, problem=f"{name} is no whole number")
    return Fen(value)


def _month(item: Mapping[str, Any], name: str) -> Month:
    try:
        return Month.parse(_text(item, name))
    except ValueError as error:
        raise BrokenLine(name, problem=str(error)) from None


def _object(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = _there(item, name)
    if not isinstance(value, dict):
        raise BrokenLine(name, problem=f"{name} is no object")
    return value


def _list(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = _there(item, name)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BrokenLine(name, problem=f"{name} is no list of objects")
    return value


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
