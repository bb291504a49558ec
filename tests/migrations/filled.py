"""Rows of the first release, written by hand: what upgrades are tried on. Imports nothing of the product."""

import json
from typing import Any

from sqlalchemy import Connection, inspect, text


def insert(connection: Connection, table: str, **values: Any) -> None:
    """One row; columns that may not be null and are not given get an empty value of their type."""
    columns = _required(connection, table)
    row = {name: empty for name, empty in columns.items() if name not in values} | values
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)


def _required(connection: Connection, table: str) -> dict[str, Any]:
    found = {}
    for column in inspect(connection).get_columns(table):
        if column["nullable"] or column["default"] is not None or column["name"] == "id":
            continue
        kind = str(column["type"]).upper()
        if "CHAR" in kind or "TEXT" in kind:
            found[column["name"]] = ""
        elif "BOOL" in kind:
            found[column["name"]] = False
        elif "TIME" in kind:
            found[column["name"]] = "2026-01-01 00:00:00.000000"
        elif "DATE" in kind:
            found[column["name"]] = "2026-01-01"
        elif "JSON" in kind:
            found[column["name"]] = "[]"
        else:
            found[column["name"]] = 0
    return found


def fill_first_release(connection: Connection) -> None:
    """Two firms with a lab each, a client, five bookings, runs of two counties, the trail of the labs."""
    insert(connection, "person", id=1, email="officer@test.example", name="官员")
    for firm in (1, 2, 3):
        insert(
            connection,
            "firm",
            id=firm,
            uscc=f"91330624000000{firm:03d}X",
            name=f"企业{firm}",
            kind="enterprise",
            sector="industry",
            division="330624",
        )
    for lab, published, now in ((1, "2025-12-01", "330683"), (2, "2026-02-01", "330624")):
        insert(
            connection,
            "lab",
            id=lab,
            code=f"XC-{lab:03d}",
            firm_id=lab,
            name=f"实验室{lab}",
            division=now,
            town=f"{now}001",
            state="published",
            published_at="2026-10-01 00:00:00.000000",
        )
        _event(
            connection, f"{published} 01:00:00.000000", "lab.publish", lab, {"state": "draft"}, {"state": "published"}
        )
        _event(
            connection, "2026-10-01 00:00:00.000000", "lab.publish", lab, {"state": "withdrawn"}, {"state": "published"}
        )
    _event(connection, "2026-09-19 17:00:00.000000", "lab.edit", 1, {"division": "330624"}, {"division": "330683"})
    admission = {"reason": "", "entered_by": 1, "entered_at": "2025-12-31 00:00:00.000000"}
    insert(connection, "lab_admission", lab_id=1, admitted_from="2026-01-01", suspended_from=None, **admission)
    insert(connection, "lab_admission", lab_id=2, admitted_from="2026-03-01", suspended_from="2026-08-01", **admission)
    insert(connection, "lab_admission", lab_id=2, admitted_from="2026-10-01", suspended_from=None, **admission)
    _event(connection, "2026-08-01 01:00:00.000000", "lab.suspend", 2, None, {"suspended_from": "2026-08-01"})
    _bookings(connection)
    _runs(connection)


def _bookings(connection: Connection) -> None:
    for lab in (1, 2):
        insert(
            connection,
            "instrument",
            id=lab,
            lab_id=lab,
            inner_id="A1",
            name="仪器",
            state="published",
            condition="normal",
            usage="general",
            sharing="outside",
            source="bought",
            funds="own",
            units=1,
            nation="CN",
            class_code="990000",
        )
        insert(
            connection,
            "test_item",
            id=lab,
            lab_id=lab,
            name="检测",
            category="mechanics",
            state="published",
            samples_per_run=1,
            max_quantity=10,
        )
        insert(connection, "fee", id=lab, test_item_id=lab, basis="sample", amount_fen=100, valid_from="2025-01-01")
    days = ("2026-08-05", "2026-09-25", "2026-08-06", "2026-09-26", "2026-09-27")
    for number, (day, lab) in enumerate(zip(days, (1, 1, 2, 1, 1), strict=True), start=1):
        insert(
            connection,
            "booking",
            id=number,
            ref=f"B-{number}",
            state="confirmed",
            client_firm_id=3,
            lab_firm_id=lab,
            lab_id=lab,
            instrument_id=lab,
            unit=1,
            test_item_id=lab,
            fee_id=lab,
            quantity=1,
            starts_at=f"{day} 01:00:00.000000",
            ends_at=f"{day} 02:00:00.000000",
            booked_on=day,
            booked_by=1,
            client_division="330624",
            price_fen=100,
            charged_fen=100,
        )
        insert(
            connection,
            "revenue_entry",
            id=number,
            booking_id=number,
            lab_id=lab,
            instrument_id=lab,
            month=day[:7],
            amount_fen=100,
            tax_fen=0,
        )


def _runs(connection: Connection) -> None:
    """August and September were approved at home; next door September alone, while lab 1 stood there."""
    for policy, division in ((1, "330624"), (2, "330683")):
        insert(
            connection,
            "policy",
            id=policy,
            division=division,
            version=1,
            name="政策",
            effective_from="2026-01",
            document="{}",
            state="published",
        )
    runs = ((1, "330624", "2026-08", (1, 3)), (2, "330624", "2026-09", (4, 5)), (3, "330683", "2026-09", (5,)))
    for run, division, month, entries in runs:
        insert(
            connection,
            "reward_run",
            id=run,
            division=division,
            month=month,
            policy_id=1 if run < 3 else 2,
            state="calculated",
            digest="",
            to_reclaim="[]",
            total_payable_fen=0,
        )
        for entry in entries:
            insert(connection, "reward_item", entry_id=entry, run_id=run, reason=None, changes=False)
        connection.execute(text("UPDATE reward_run SET state = 'approved' WHERE id = :id"), {"id": run})
    for month in ("2026-08", "2026-09"):
        insert(connection, "closed_month", month=month, closed_at="2026-10-08 00:00:00.000000")


def _event(connection: Connection, at: str, action: str, lab: int, before: Any, after: Any) -> None:
    insert(
        connection,
        "audit_event",
        at=at,
        person_id=1,
        action=action,
        subject_type="lab",
        subject_id=str(lab),
        before=json.dumps(before),
        after=json.dumps(after),
    )
