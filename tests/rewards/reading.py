"""Reads the cases of `tests/rewards/cases/*.yaml` (see the README there) into a case's JSON."""

import copy
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "cases"

STANDARD: dict[str, Any] = {
    "name": "演示政策（非正式）",
    "legal_basis": "新昌县共享实验室奖励办法（演示）",
    "division": "330624",
    "effective_from": "2026-01",
    "effective_to": None,
    "tax": "included",
    "clients": {"sizes": ["micro", "small", "medium"], "divisions": None, "exclude_related": True},
    "instruments": {"min_original_value_fen": 0},
    "exclude_statutory": True,
    "unit": "lab",
    "threshold_fen": 0,
    "bands": {"kind": "marginal", "steps": [{"from_fen": 0, "rate": "0.10"}, {"from_fen": 30_000_000, "rate": "0.15"}]},
    "grades": {"excellent": "1.2", "good": "1.0", "qualified": "0.8", "unqualified": "0", "ungraded": "1.0"},
    "caps": {"instrument_year_fen": None, "lab_year_fen": None, "firm_year_fen": None},
    "budget_year_fen": None,
    "publicity_working_days": 5,
}


def policy_json(**changes: Any) -> dict[str, Any]:
    """The standard policy with `changes`; a name may be dotted: `**{"caps.lab_year_fen": 5}`."""
    policy = copy.deepcopy(STANDARD)
    for path, value in changes.items():
        *way, name = path.split(".")
        place = policy
        for step in way:
            place = place[step]
        place[name] = value
    return policy


def fen(yuan: Any) -> int:
    """`1234.56` or 1234.56 yuan as fen, exactly."""
    exact = Decimal(str(yuan).replace(",", "")) * 100
    assert exact == int(exact), yuan
    return int(exact)


@dataclass(frozen=True)
class Case:
    title: str
    json: dict[str, Any]
    expect: dict[str, dict[str, Any]] | None
    expect_error: str | None


def read_case(data: dict[str, Any]) -> Case:
    month = str(data.get("month", "2026-01"))
    labs = []
    for code, words in data.get("labs", {"A": "F1 good"}).items():
        firm, grade = words.split()
        labs.append({"code": str(code), "firm": firm, "grade": None if grade == "-" else grade})
    entries = []
    for line in data.get("entries", []):
        lab, instrument, entry_month, amount, *reason = line.split()
        entries.append(
            {
                "lab": lab,
                "instrument": instrument,
                "month": entry_month,
                "amount_fen": fen(amount),
                "reason": reason[0] if reason else None,
            }
        )
    approved = []
    for line in data.get("approved", []):
        approved_month, lab, amount = line.split()
        approved.append({"month": approved_month, "lab": lab, "payable_fen": fen(amount)})
    ledger: dict[str, Any] = {"month": month, "labs": labs, "entries": entries, "approved": approved}
    if "opening" in data:
        ledger["opening"] = [{"lab": str(lab), "fen": fen(amount)} for lab, amount in data["opening"].items()]
    changes = {path: str(v) if path.startswith("effective") else v for path, v in data.get("policy", {}).items()}
    return Case(
        data["title"],
        {"policy": policy_json(**changes), "ledger": ledger},
        data.get("expect"),
        data.get("expect_error"),
    )


def all_cases() -> list[Case]:
    files = sorted(FOLDER.glob("*.yaml"))
    return [read_case(data) for file in files for data in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)]
