"""Random reward cases, odd ones among them: negative sums, openings, many approvals, ties, tiny limits, refused ones.

The same seed gives the same cases. Imports nothing from the product.
"""

import copy
import random

REASONS = ["not_admitted", "suspended", "own_firm", "related", "client_size", "client_division", "instrument_value"]
GRADES = ["excellent", "good", "qualified", "unqualified", "ungraded"]


def policy(rng):
    start = rng.choice(["2025-07", "2026-01", "2026-01", "2026-03"])
    size = rng.choice([10, 1_000, 1_000_000, 30_000_000])
    steps, at = [], 0
    for _ in range(rng.randint(1, 4)):
        steps.append({"from_fen": at, "rate": rng.choice(["0", "0.1", "0.10", "0.15", "0.333", "0.005", "0.5", "1"])})
        at += rng.randint(1, size)
    limit = lambda: rng.choice([None, None, 0, rng.randint(0, size), rng.randint(0, 5 * size), size // 3])  # noqa: E731
    return {
        "name": "演示",
        "legal_basis": "—",
        "division": "330624",
        "effective_from": start,
        "effective_to": rng.choice([None, None, "2026-12"]),
        "tax": rng.choice(["included", "excluded"]),
        "clients": {"sizes": rng.choice([None, ["micro", "small"]]), "divisions": None, "exclude_related": True},
        "instruments": {"min_original_value_fen": 0},
        "exclude_statutory": True,
        "unit": rng.choice(["instrument", "lab", "firm"]),
        "threshold_fen": rng.choice([0, 0, rng.randint(0, size)]),
        "bands": {"kind": rng.choice(["marginal", "highest"]), "steps": steps},
        "grades": {
            "excellent": rng.choice(["1.2", "1.25", "1.333"]),
            "good": "1.0",
            "qualified": rng.choice(["0.8", "0.85", "0.77"]),
            "unqualified": rng.choice(["0", "0", "0.1"]),
            "ungraded": rng.choice(["1.0", "0.5"]),
        },
        "caps": {"instrument_year_fen": limit(), "lab_year_fen": limit(), "firm_year_fen": limit()},
        "budget_year_fen": rng.choice([None, limit(), rng.randint(0, 8 * size)]),
        "publicity_working_days": rng.randint(0, 7),
    }, size


def case(rng):
    terms, size = policy(rng)
    codes = rng.sample(
        ["XC-001", "XC-01", "XC-1", "xc-1", "沃-2", "é", "Z", "XC-10", "XC-9", "a", "𠀀"], rng.randint(1, 7)
    )
    firms = ["F1", "F2", "F3"][: rng.randint(1, 3)]
    month = rng.randint(3, 12)
    labs = [{"code": code, "firm": rng.choice(firms), "grade": rng.choice([None, None, *GRADES])} for code in codes]
    tie = rng.randint(1, 3 * size)  # the same amount for several labs, so that fractions tie
    entries = [
        {
            "lab": rng.choice(codes),
            "instrument": rng.choice(["I1", "I2", "I3"]),
            "month": f"{rng.choice([2025, 2026, 2026, 2026, 2026])}-{rng.randint(1, 12):02d}",
            "amount_fen": rng.choice([tie, rng.randint(1, 2 * size), -rng.randint(1, size)]),
            "reason": rng.choice([None, None, None, rng.choice(REASONS)]),
        }
        for _ in range(rng.choice([0, 3, 10, 30]))
    ]
    approved = [
        {"month": f"2026-{m:02d}", "lab": code, "payable_fen": rng.randint(0, size // 3 + 1)}
        for m in rng.sample(range(1, 13), rng.randint(0, 4))
        for code in codes
        if rng.random() < 0.6
    ]
    ledger = {"month": f"2026-{month:02d}", "labs": labs, "entries": entries, "approved": approved}
    if rng.random() < 0.5:
        ledger["opening"] = [
            {"lab": code, "fen": rng.choice([0, rng.randint(-size // 2, size // 2)])}
            for code in codes
            if rng.random() < 0.5
        ]
    return {"policy": terms, "ledger": ledger}


def spoil(rng, good):
    """The same case with one fault that is refused."""
    bad = copy.deepcopy(good)
    terms, ledger = bad["policy"], bad["ledger"]
    fault = rng.randrange(16)
    if fault == 0:
        terms["bands"]["steps"][0]["rate"] = rng.choice(["1.01", "-0.1", "2"])
    elif fault == 1:
        terms["grades"]["good"] = "-1"
    elif fault == 2:
        terms["bands"]["steps"][0]["from_fen"] = 1
    elif fault == 3:
        terms["bands"]["steps"].append({"from_fen": 0, "rate": "0.1"})
    elif fault == 4:
        terms["threshold_fen"] = -1
    elif fault == 5:
        del terms[rng.choice(sorted(terms))]
    elif fault == 6:
        terms["caps"]["town_year_fen"] = 5
    elif fault == 7:
        terms["caps"]["lab_year_fen"] = -5
    elif fault == 8:
        ledger["labs"][0]["grade"] = "superb"
    elif fault == 9:
        ledger["entries"].append(
            {"lab": "nowhere", "instrument": "I", "month": "2026-01", "amount_fen": 1, "reason": None}
        )
    elif fault == 10:
        code = ledger["labs"][0]["code"]
        ledger["entries"].append(
            {"lab": code, "instrument": "I", "month": "2026-01", "amount_fen": 1, "reason": "mood"}
        )
    elif fault == 11:
        ledger["labs"].append(dict(ledger["labs"][0]))
    elif fault == 12:
        ledger["month"] = rng.choice(["2025-01", "2027-13", "2026-1", ""])
    elif fault == 13:
        del terms["grades"]["ungraded"]
    elif fault == 14:
        terms["bands"]["steps"] = []
    else:
        terms["bands"]["steps"][0]["rate"] = 0.1
    return bad


def cases(seed, number):
    """`number` cases; about one in twelve is spoilt."""
    rng = random.Random(seed)
    for _ in range(number):
        good = case(rng)
        yield spoil(rng, good) if rng.random() < 0.08 else good
