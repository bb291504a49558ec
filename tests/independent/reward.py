"""The reward of one month, worked out a second time from docs/rules.md, not from the product.

Plain integers: rates and coefficients are read as whole multiples of 10^-20, so every product is a whole number and the
one rounding is an integer division. Nothing here is shared with the product.
"""

import json

SCALE = 10**20
FIVE = {"excellent", "good", "qualified", "unqualified", "ungraded"}
EIGHT = {
    "not_admitted",
    "suspended",
    "own_firm",
    "related",
    "client_size",
    "client_division",
    "instrument_value",
    "statutory",
}


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


# -- reading ---------------------------------------------------------------------------------------------------------


def scaled(text):
    need(isinstance(text, str), "rate is no string")
    sign = -1 if text.startswith("-") else 1
    whole, point, rest = text.lstrip("-").partition(".")
    need(whole.isascii() and whole.isdigit(), "rate is no number")
    need(not point or (rest.isascii() and rest.isdigit()), "rate is no number")
    need(len(rest) <= 20, "too fine for this check")
    return sign * (int(whole) * SCALE + int((rest or "0").ljust(20, "0")))


def integer(value):
    need(type(value) is int, "not an integer")
    return value


def month_number(text):
    need(isinstance(text, str) and len(text) == 7 and text[4] == "-", "no month")
    year, month = text[:4], text[5:]
    need((year + month).isascii() and (year + month).isdigit() and year != "0000", "no month")
    need(1 <= int(month) <= 12, "no month")
    return int(year) * 12 + int(month) - 1


def exactly(thing, names):
    need(isinstance(thing, dict), "no object")
    need(set(thing) == set(names.split()), "missing or unknown names")


def check_policy(p):
    exactly(
        p,
        "name legal_basis division effective_from effective_to tax clients instruments exclude_statutory unit"
        " threshold_fen bands grades caps budget_year_fen publicity_working_days",
    )
    exactly(p["clients"], "sizes divisions exclude_related")
    exactly(p["instruments"], "min_original_value_fen")
    exactly(p["bands"], "kind steps")
    exactly(p["grades"], "excellent good qualified unqualified ungraded")
    exactly(p["caps"], "instrument_year_fen lab_year_fen firm_year_fen")
    for name in ("name", "legal_basis"):
        need(isinstance(p[name], str) and p[name].strip(), name)
    first = month_number(p["effective_from"])
    need(p["effective_to"] is None or month_number(p["effective_to"]) >= first, "months reversed")
    need(p["tax"] in ("included", "excluded"), "tax")
    need(p["unit"] in ("instrument", "lab", "firm"), "unit")
    need(p["bands"]["kind"] in ("marginal", "highest"), "kind")
    for value in (p["clients"]["exclude_related"], p["exclude_statutory"]):
        need(type(value) is bool, "no truth value")
    sizes = p["clients"]["sizes"]
    need(
        sizes is None or (isinstance(sizes, list) and all(s in ("large", "medium", "small", "micro") for s in sizes)),
        "",
    )
    divisions = p["clients"]["divisions"]
    need(divisions is None or isinstance(divisions, list), "divisions")
    for code in [p["division"], *(divisions or [])]:
        need(isinstance(code, str) and code.isascii() and code.isdigit() and 2 <= len(code) <= 12, "division")
    for amount in (p["threshold_fen"], p["instruments"]["min_original_value_fen"], p["publicity_working_days"]):
        need(integer(amount) >= 0, "negative")
    for amount in (*p["caps"].values(), p["budget_year_fen"]):
        need(amount is None or integer(amount) >= 0, "negative")
    for coefficient in p["grades"].values():
        need(scaled(coefficient) >= 0, "negative")
    steps = p["bands"]["steps"]
    need(isinstance(steps, list) and steps, "no steps")
    for step in steps:
        exactly(step, "from_fen rate")
        need(0 <= scaled(step["rate"]) <= SCALE, "rate")
    starts = [integer(step["from_fen"]) for step in steps]
    need(starts[0] == 0 and starts == sorted(set(starts)), "steps")


# -- helpers of the calculation ---------------------------------------------------------------------------------------


def in_proportion(amount, weights):
    """weights: list of (lab code, weight). Largest remainder; ties by code point of the lab's code."""
    total = sum(w for _, w in weights)
    if total == 0:
        return {code: 0 for code, _ in weights}
    rows = []
    for code, weight in weights:
        quotient, rest = divmod(amount * weight, total)
        rows.append([rest, code, quotient])
    rows.sort(key=lambda row: [ord(character) for character in row[1]])
    rows.sort(key=lambda row: row[0], reverse=True)  # stable: equal remainders stay in order of code
    missing = amount - sum(row[2] for row in rows)
    for row in rows[:missing]:
        row[2] += 1
    return {code: got for _, code, got in rows}


def bring_down(amounts, limit):
    if limit is None or sum(amounts.values()) <= limit:
        return amounts
    return in_proportion(limit, list(amounts.items()))


def base_of(policy, c):
    """In units of 1/SCALE fen."""
    if c < policy["threshold_fen"]:
        return 0
    steps = policy["bands"]["steps"]
    if policy["bands"]["kind"] == "highest":
        rate = 0
        for step in steps:
            if step["from_fen"] <= c:
                rate = scaled(step["rate"])
        return c * rate
    total = 0
    for index, step in enumerate(steps):
        end = steps[index + 1]["from_fen"] if index + 1 < len(steps) else c
        width = min(c, end) - step["from_fen"]
        if width > 0:
            total += width * scaled(step["rate"])
    return total


def rounded(numerator, denominator):
    """Half up, of a number that is not negative."""
    return (2 * numerator + denominator) // (2 * denominator)


# -- the calculation --------------------------------------------------------------------------------------------------


def result(case):
    """The result for one case; raises `Refused`."""
    need(isinstance(case, dict) and isinstance(case.get("ledger"), dict), "case")
    policy, ledger = case.get("policy"), case["ledger"]
    check_policy(policy)
    month = month_number(ledger.get("month"))
    first = month_number(policy["effective_from"])
    last = None if policy["effective_to"] is None else month_number(policy["effective_to"])
    need(first <= month and (last is None or month <= last), "month not governed")
    start = max(first, month // 12 * 12)

    firm, grade = {}, {}
    for lab in ledger["labs"]:
        need(lab["code"] not in firm, "lab twice")
        firm[lab["code"]] = lab["firm"]
        grade[lab["code"]] = lab.get("grade") or "ungraded"
        need(lab.get("grade") is None or lab["grade"] in FIVE, "grade")
    labs = sorted(firm)
    firms = sorted(set(firm.values()))
    members = {f: [code for code in labs if firm[code] == f] for f in firms}

    own = dict.fromkeys(labs, 0)
    by_instrument = {}
    for entry in ledger["entries"]:
        need(entry["lab"] in firm, "unknown lab")
        need(entry["reason"] is None or entry["reason"] in EIGHT, "unknown reason")
        amount = integer(entry["amount_fen"])
        if start <= month_number(entry["month"]) <= month and entry["reason"] is None:
            own[entry["lab"]] += amount
            pair = (entry["lab"], entry["instrument"])
            by_instrument[pair] = by_instrument.get(pair, 0) + amount
    paid = dict.fromkeys(labs, 0)
    for row in ledger["approved"]:
        need(row["lab"] in firm, "unknown lab")
        if start <= month_number(row["month"]) < month:
            paid[row["lab"]] += integer(row["payable_fen"])
    opening = dict.fromkeys(labs, 0)
    for row in ledger.get("opening") or []:
        need(row["lab"] in firm, "unknown lab")
        opening[row["lab"]] += integer(row["fen"])

    caps = policy["caps"]
    coefficient = {code: scaled(policy["grades"][grade[code]]) for code in labs}
    amount = dict.fromkeys(labs, 0)
    if policy["unit"] == "instrument":
        for (code, _), value in by_instrument.items():
            one = rounded(base_of(policy, max(0, value)) * coefficient[code], SCALE * SCALE)
            if caps["instrument_year_fen"] is not None:
                one = min(one, caps["instrument_year_fen"])
            amount[code] += one
    elif policy["unit"] == "lab":
        for code in labs:
            amount[code] = rounded(base_of(policy, max(0, own[code])) * coefficient[code], SCALE * SCALE)
    else:
        for f in firms:
            c = max(0, sum(own[code] for code in members[f]))
            smallest = min(coefficient[code] for code in members[f])
            whole = rounded(base_of(policy, c) * smallest, SCALE * SCALE)
            amount.update(in_proportion(whole, [(code, max(0, own[code])) for code in members[f]]))

    if caps["lab_year_fen"] is not None:
        amount = {code: min(value, caps["lab_year_fen"]) for code, value in amount.items()}
    after_own_cap = dict(amount)
    for f in firms:
        amount.update(bring_down({code: amount[code] for code in members[f]}, caps["firm_year_fen"]))
    entitled = bring_down(dict(amount), policy["budget_year_fen"])

    pay = {code: max(0, entitled[code] - paid[code] - opening[code]) for code in labs}
    for f in firms:
        if caps["firm_year_fen"] is not None:
            left = max(0, caps["firm_year_fen"] - sum(paid[code] for code in members[f]))
            pay.update(bring_down({code: pay[code] for code in members[f]}, left))
    if policy["budget_year_fen"] is not None:
        pay = bring_down(pay, max(0, policy["budget_year_fen"] - sum(paid.values())))

    return {
        "month": ledger["month"],
        "labs": [
            {
                "code": code,
                "eligible_ytd_fen": max(0, own[code]),
                "entitlement_ytd_fen": entitled[code],
                "payable_fen": pay[code],
                "recoverable_fen": max(0, paid[code] + opening[code] - after_own_cap[code]),
            }
            for code in labs
        ],
        "total_payable_fen": sum(pay.values()),
    }


def answer(line):
    """The result of one JSON line, or `None` where it must be refused."""
    try:
        return result(json.loads(line))
    except (Refused, ValueError, KeyError, TypeError, AttributeError):
        return None
