"""The stored ledger and runs beside those recomputed from documents alone (`tests.independent.documents`)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import select, text

from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.rewards.models import Policy
from tests.independent import documents

FIGURES = ("eligible_ytd_fen", "entitlement_ytd_fen", "payable_fen", "recoverable_fen")


def fetch(statement: str) -> list[dict[str, Any]]:
    return [dict(row) for row in db.session.execute(text(statement)).mappings()]


def ledger_differences(today: date) -> list[tuple[Any, ...]]:
    """Sums by booking and month that the ledger has otherwise: (booking, month, amount, tax), stored or recomputed."""
    stored = {
        (row["booking_id"], row["month"], int(row["fen"]), int(row["tax"]))
        for row in fetch(
            "SELECT booking_id, month, sum(amount_fen) AS fen, sum(tax_fen) AS tax FROM revenue_entry GROUP BY 1, 2"
        )
        if row["fen"] or row["tax"]
    }
    recomputed = {
        (row["booking_id"], row["month"], row["amount_fen"], row["tax_fen"]) for row in documents.entries(fetch, today)
    }
    return sorted(stored ^ recomputed)


def run_differences(today: date) -> Iterator[tuple[Month, str, Any, Any]]:
    """(month, what, stored, recomputed) wherever a stored run says otherwise: its labs, their figures, its total, and
    the verdict on every ledger entry of its window."""
    policies = db.session.scalars(select(Policy.document).where(Policy.state == "published")).all()
    recomputed = documents.runs(fetch, policies, today)
    runs = fetch("SELECT id, division, month, state, total_payable_fen FROM reward_run ORDER BY month")
    lines = fetch("SELECT l.*, lab.code FROM reward_line l JOIN lab ON lab.id = l.lab_id")
    items = fetch(
        "SELECT i.entry_id, i.run_id, i.reason, e.booking_id, e.month FROM reward_item i "
        "JOIN revenue_entry e ON e.id = i.entry_id"
    )
    assert len(recomputed) == len(runs)
    settled: list[int] = []
    for run in runs:
        month = Month.parse(run["month"])
        result, reasons = recomputed[run["division"], run["month"]]
        stored = {line["code"]: line for line in lines if line["run_id"] == run["id"]}
        found = {lab["code"]: lab for lab in result["labs"]}
        if stored.keys() != found.keys():
            yield month, "labs", sorted(stored), sorted(found)
        for code in stored.keys() & found.keys():
            for name in FIGURES:
                if stored[code][name] != found[code][name]:
                    yield month, f"{code} {name}", stored[code][name], found[code][name]
        if run["total_payable_fen"] != result["total_payable_fen"]:
            yield month, "total", run["total_payable_fen"], result["total_payable_fen"]
        kept = {}
        for each in [*settled, run["id"]]:
            kept.update({one["entry_id"]: one for one in items if one["run_id"] == each})
        verdicts: dict[Any, set[str | None]] = {}
        for one in kept.values():
            verdicts.setdefault((one["booking_id"], one["month"]), set()).add(one["reason"])
        for entry, reason in reasons.items():
            if verdicts.get(entry) != {reason}:
                yield month, f"verdict on {entry}", verdicts.get(entry), reason
        if run["state"] in ("approved", "paid"):
            settled.append(run["id"])
