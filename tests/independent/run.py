"""A month's run worked out a second time from the database's rows, by another way than the product's.

Reads plain tables through any DB-API-like `fetch(sql) -> list of dicts`, decides every verdict booking by booking in
Python, and hands the rest to `reward.result`. Imports nothing from the product. Dates may be text or dates. The ledger
and what was paid are taken as they are stored; `documents` works out those too.
"""

from datetime import UTC, datetime

from tests.independent import reward


def day(value):
    return None if value is None else str(value)[:10]


def moment(value):
    """An aware datetime; text is UTC, as SQLite keeps it."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def past(row, column, known):
    """Whether what this column dates had happened, as far as was known at the moment `known` (None: by now)."""
    at = moment(row[column])
    return at is not None and (known is None or at <= known)


def recall(row, known):
    """An affiliation as one knew it at `known`: nothing before it was recorded and after it was voided, else its two
    firms, its days, which of them declared it, and how far it is believed."""
    if (known is not None and moment(row["recorded_at"]) > known) or past(row, "voided_at", known):
        return None
    seen = past(row, "seen_at", known)
    proven = past(row, "confirmed_at", known) or (bool(row["holds_until_decided"]) and not seen)
    agreed = past(row, "agreed_at", known)
    declaration_waits = row["declaration_touches"] is not None
    agreement_waits = agreed and row["agreement_touches"] is not None
    days = [day(row["valid_to"]), day(row["ended_on"]) if past(row, "ended_at", known) else None]
    both = agreed and seen and moment(row["seen_at"]) >= moment(row["agreed_at"])
    return {
        "above": row["firm_id"],
        "below": row["other_firm_id"],
        "controls": row["kind"] == "controls",
        "first": day(row["valid_from"]),
        "last": min([one for one in days if one is not None], default="9999-12-31"),
        "since": moment(row["recorded_at"]),
        # whose labs' bookings it covers from its first day on, whenever they were made
        "from_the_start": {
            firm
            for firm in (row["firm_id"], row["other_firm_id"])
            if proven
            or (firm == row["declared_by_firm_id"] and not declaration_waits)
            or (firm != row["declared_by_firm_id"] and agreed and not agreement_waits)
        },
        "in_chains": proven or (both and not declaration_waits and not agreement_waits),
    }


def relates(link, host, client, booking):
    """Whether the link by itself relates these two firms for this booking."""
    if {link["above"], link["below"]} != {host, client}:
        return False
    if not link["first"] <= booking["booked_on"] <= link["last"]:
        return False
    return host in link["from_the_start"] or moment(booking["booked_at"]) >= link["since"]


def recorded(at, known):
    """Whether something that was recorded at a moment, if ever, was known at `known` (None: now)."""
    return at is not None and (known is None or moment(at) <= known)


def suspension(admission, known):
    return day(admission["suspended_from"]) if recorded(admission["suspended_at"], known) else None


def lab_ids_with_money(fetch, policy, month, known):
    """Labs that earlier runs of the division ever paid, or that owe it something."""
    runs = {
        row["id"]
        for row in fetch("SELECT * FROM reward_run")
        if row["division"] == policy["division"] and row["month"] < month and recorded(row["approved_at"], known)
    }
    lines = {
        row["lab_id"]
        for row in fetch("SELECT * FROM reward_line")
        if row["run_id"] in runs and (row["payable_fen"] or row["recoverable_fen"])
    }
    return lines | {
        row["lab_id"]
        for row in fetch("SELECT * FROM correction")
        if row["division"] == policy["division"] and recorded(row["agreed_at"], known)
    }


def controllers(links, on):
    """firm → firms that control it on a day, along links that may be chained."""
    above = {}
    for link in links:
        if link["controls"] and link["in_chains"] and link["first"] <= on <= link["last"]:
            above.setdefault(link["below"], set()).add(link["above"])
    return above


def tops(firm, above):
    """The firms at the top of every way up from `firm`; a ring of firms counts as its smallest number."""

    def reach(start):
        seen, todo = {start}, [start]
        while todo:
            for higher in above.get(todo.pop(), ()):
                if higher not in seen:
                    seen.add(higher)
                    todo.append(higher)
        return seen

    found = set()
    for candidate in reach(firm):
        ring = reach(candidate)
        if all(candidate in reach(other) for other in ring):
            found.add(min(ring))
    return found


def reason_of(booking, policy, admissions, held, affiliations):
    """`admissions` are those in the policy's division."""
    on = booking["booked_on"]
    client, host = booking["client_firm_id"], booking["lab_firm_id"]
    open_lab = any(
        a["lab_id"] == booking["lab_id"]
        and a["admitted_from"] <= on
        and (a["suspended_from"] is None or on < a["suspended_from"])
        for a in admissions
    )
    if not open_lab:
        return "not_admitted"
    if booking["id"] in held:
        return "suspended"
    if client == host:
        return "own_firm"
    if policy["clients"]["exclude_related"]:
        direct = any(relates(link, host, client, booking) for link in affiliations)
        above = controllers(affiliations, on)
        if direct or tops(client, above) & tops(host, above):
            return "related"
    sizes = policy["clients"]["sizes"]
    if sizes is not None and booking["client_size"] not in sizes:
        return "client_size"
    divisions = policy["clients"]["divisions"]
    if divisions is not None and not any(booking["client_division"].startswith(code) for code in divisions):
        return "client_division"
    if (booking["instrument_value_fen"] or 0) < policy["instruments"]["min_original_value_fen"]:
        return "instrument_value"
    if policy["exclude_statutory"] and booking["statutory"]:
        return "statutory"
    return None


def stored_payments(fetch, policy, labs, start, month):
    """What the stored runs of the window paid, and what was recoverable at the end of the window before."""
    runs = {
        row["id"]: row
        for row in fetch("SELECT * FROM reward_run")
        if row["division"] == policy["division"] and row["state"] in ("approved", "paid") and row["month"] < month
    }
    approved, opening = [], {}
    before = [row["month"] for row in runs.values() if row["month"] < start]
    for line in fetch("SELECT * FROM reward_line"):
        run = runs.get(line["run_id"])
        if run is None:
            continue
        code = labs[line["lab_id"]]["code"]
        if run["month"] >= start:
            approved.append({"month": run["month"], "lab": code, "payable_fen": line["payable_fen"]})
        elif run["month"] == max(before):
            opening[code] = opening.get(code, 0) + line["recoverable_fen"]
    return approved, opening


def case_of(fetch, policy, month, *, rows=None, approved=None, opening=None, known=None):
    """The case of a month, from the tables, and each entry's reason by its id.

    `rows` stand in for the stored ledger; `approved` and `opening` for what stored runs say was paid and is owed;
    what was recorded of affiliations after the moment `known` is not known yet. See `documents`.
    """
    admissions = [
        {**row, "admitted_from": day(row["admitted_from"]), "suspended_from": suspension(row, known)}
        for row in fetch("SELECT * FROM lab_admission")
        if row["division"].startswith(policy["division"]) and recorded(row["confirmed_at"], known)
    ]
    affiliations = [link for row in fetch("SELECT * FROM affiliation") if (link := recall(row, known)) is not None]
    held = {
        row["booking_id"]
        for row in fetch("SELECT * FROM booking_hold")
        if recorded(row["held_at"], known) and not recorded(row["released_at"], known)
    }
    lasting = [a for a in admissions if a["suspended_from"] is None or a["suspended_from"] > a["admitted_from"]]
    ever = {a["lab_id"] for a in lasting} | lab_ids_with_money(fetch, policy, month, known)
    labs = {row["id"]: row for row in fetch("SELECT * FROM lab") if row["id"] in ever}
    bookings = {row["id"]: {**row, "booked_on": day(row["booked_on"])} for row in fetch("SELECT * FROM booking")}
    start = max(policy["effective_from"], month[:4] + "-01")
    reasons, entries = {}, []
    for row in fetch("SELECT * FROM revenue_entry") if rows is None else rows:
        if row["lab_id"] not in labs or not start <= row["month"] <= month:
            continue
        if known is not None and row.get("recorded_at") is not None and moment(row["recorded_at"]) > known:
            continue
        reason = reason_of(bookings[row["booking_id"]], policy, admissions, held, affiliations)
        reasons[row["id"]] = reason
        tax = row["tax_fen"] if policy["tax"] == "excluded" else 0
        entries.append(
            {
                "lab": labs[row["lab_id"]]["code"],
                "instrument": str(row["instrument_id"]),
                "month": row["month"],
                "amount_fen": row["amount_fen"] - tax,
                "reason": reason,
            }
        )
    if approved is None:
        approved, opening = stored_payments(fetch, policy, labs, start, month)
    opening = dict(opening)
    for row in fetch("SELECT * FROM correction WHERE agreed_at IS NOT NULL"):
        if start <= row["from_month"] <= month and row["division"] == policy["division"]:
            code = labs[row["lab_id"]]["code"]
            opening[code] = opening.get(code, 0) + row["fen"]
    first_day, last_day = month + "-01", month + "-31"
    with_entry = {entry["lab"] for entry in entries}
    with_payment = {row["lab"] for row in approved if row["payable_fen"]}
    listed = []
    for lab in labs.values():
        admitted = any(
            a["lab_id"] == lab["id"]
            and a["admitted_from"] <= last_day
            and (
                a["suspended_from"] is None
                or (a["suspended_from"] > first_day and a["suspended_from"] > a["admitted_from"])
            )
            for a in admissions
        )
        code = lab["code"]
        if admitted or code in with_entry or code in with_payment or opening.get(code):
            listed.append(lab)
    grades = {}
    graded = fetch(
        "SELECT a.lab_id, a.grade, l.effective_month FROM assessment a, assessment_list l "
        "WHERE l.id = a.list_id AND l.state = 'confirmed' ORDER BY l.effective_month, a.confirmed_at, a.id"
    )
    for row in graded:
        if row["effective_month"] <= month:
            grades[row["lab_id"]] = row["grade"]
    idle = idle_labs(fetch, listed, known) if policy["unit"] == "firm" else []
    ledger = {
        "month": month,
        "labs": [
            {"code": lab["code"], "firm": str(lab["firm_id"]), "grade": grades.get(lab["id"])} for lab in listed + idle
        ],
        "entries": entries,
        "approved": approved,
        "opening": [{"lab": lab, "fen": fen} for lab, fen in opening.items()],
    }
    return {"policy": policy, "ledger": ledger, "idle": [lab["code"] for lab in idle]}, reasons


def idle_labs(fetch, listed, known):
    """Their firms' other labs that were ever published, wherever they are: their grades count for the firm, and they
    have no line."""
    firms, codes = {lab["firm_id"] for lab in listed}, {lab["code"] for lab in listed}
    return [
        row
        for row in fetch("SELECT * FROM lab")
        if row["firm_id"] in firms and row["code"] not in codes and recorded(row["first_published_at"], known)
    ]


def worked_out(case):
    """The result of a case, without the idle labs' empty lines."""
    found = reward.result({"policy": case["policy"], "ledger": case["ledger"]})
    return {**found, "labs": [lab for lab in found["labs"] if lab["code"] not in case["idle"]]}


def result(fetch, policy, month):
    """The result of a month, and each entry's reason by its id."""
    case, reasons = case_of(fetch, policy, month)
    return worked_out(case), reasons
