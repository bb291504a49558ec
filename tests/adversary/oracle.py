"""What may be paid, worked out by `tests/independent` from the documents as they stand and the facts as they truly are.

The tables are read as they are and what firms say in them is put aside: of a booking the class and the county of its
client, the value of the instrument and whether the law prescribes the test are the true ones of the moment at which it
was made; relations and admissions are the true ones; a payer, a charge and a booking count by who has agreed to them,
and a hold by who has lifted it, as seen from outside. Reckons with nothing of the product but its rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tests.independent import documents, run

Row = dict[str, Any]
Fetch = Callable[[str], list[Row]]
LONG_AGO = "2025-01-01 00:00:00.000000"


@dataclass
class Truth:
    """What was seen to be true, by the ids of rows."""

    links: list[Row]
    admissions: list[Row]
    bookings: dict[int, Row] = field(default_factory=dict)
    """Booking → the facts that are copied to it, by column; one for which its client never asked is not here."""
    payers: set[int] = field(default_factory=set)
    """Payments by others than the client that an officer found to be the client's."""
    charges: set[int] = field(default_factory=set)
    """Raised charges to which the client agreed."""
    holds: list[Row] = field(default_factory=list)
    """Disputes: booking, when it was opened and when somebody ended it who may."""

    def hold(self, booking_id: int, now: datetime) -> None:
        self.holds.append({"booking_id": booking_id, "held_at": now, "released_at": None})

    def release(self, booking_id: int, now: datetime) -> None:
        for row in self.holds:
            if row["booking_id"] == booking_id and row["released_at"] is None:
                row["released_at"] = now

    def fetch(self, plain: Fetch) -> Fetch:
        """Rows as `tests.independent` asks for them, each statement once."""
        kept: dict[str, list[Row]] = {}

        def fetch(statement: str) -> list[Row]:
            if statement not in kept:
                kept[statement] = self._true(statement, plain)
            return kept[statement]

        return fetch

    def _true(self, statement: str, plain: Fetch) -> list[Row]:
        if "FROM affiliation" in statement:
            return self.links
        if "FROM lab_admission" in statement:
            return self.admissions
        if "FROM booking_hold" in statement:
            return self.holds
        if "FROM charge" in statement:
            rows = plain("SELECT id, booking_id, kind, amount_fen, state, agreed_on FROM charge ORDER BY id")
            return [
                row
                for row in self._asked(rows)
                if row["kind"] != "change" or row["amount_fen"] <= 0 or row["id"] in self.charges
            ]
        if "FROM payment" in statement:
            rows = plain(statement.replace("SELECT ", "SELECT id, ", 1))
            return [
                row | {"payer_verdict": "accepted" if row["id"] in self.payers else "rejected"}
                for row in self._asked(rows)
            ]
        rows = plain(statement)
        if "FROM booking" in statement:
            return [row | self.bookings[row["id"]] for row in rows if row["id"] in self.bookings]
        return self._asked(rows) if rows and "booking_id" in rows[0] else rows

    def _asked(self, rows: list[Row]) -> list[Row]:
        """Those of bookings for which their clients asked."""
        return [row for row in rows if row["booking_id"] in self.bookings]


def honest_rows(rows: list[Row]) -> list[Row]:
    """The same ledger, had nobody taken back what once was earned: each booking's sum as of a month is the greatest so
    far, in the months in which it was reached."""
    by_booking: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda one: one["month"]):
        by_booking.setdefault(row["booking_id"], []).append(row)
    kept = []
    for entries in by_booking.values():
        reached = so_far = tax_reached = tax = 0
        for row in entries:
            so_far, tax = so_far + row["amount_fen"], tax + row["tax_fen"]
            if so_far - tax > reached - tax_reached or so_far > reached:
                more = {"amount_fen": so_far - reached, "tax_fen": tax - tax_reached}
                kept.append(row | more)
                reached, tax_reached = so_far, tax
    return kept


@dataclass
class Reckoned:
    """What the months to which there are runs come to, by (division, month): the lines by lab code."""

    runs: dict[tuple[str, str], dict[str, Row]] = field(default_factory=dict)
    approved: set[tuple[str, str]] = field(default_factory=set)

    def paid(self, division: str, year: str, labs: set[str] | None = None) -> int:
        """Payable of the year's approved months in all, or of these labs'."""
        return sum(self.payable(*of, labs) for of in self.approved if of[0] == division and of[1].startswith(year))

    def payable(self, division: str, month: str, labs: set[str] | None = None) -> int:
        lines = self.runs[division, month]
        return sum(line["payable_fen"] for code, line in lines.items() if labs is None or code in labs)


def reckon(
    fetch: Fetch, policies: Mapping[str, Row], entries: list[Row], now: datetime, *, also: str | None = None
) -> Reckoned:
    """Every month that has a run from these ledger entries, and as the last one the month `also`, as if calculated now.

    What earlier months paid is what they would have paid by this reckoning, whatever is stored."""
    stored = fetch("SELECT division, month, calculated_at, approved_at, published_at FROM reward_run")
    found = Reckoned()
    for division, policy in policies.items():
        of_division = {row["month"]: row for row in stored if row["division"] == division}
        months = sorted({*of_division, *([also] if also else [])})
        paid: list[Row] = []
        left: dict[str, dict[str, int]] = {}
        for month in months:
            row = of_division.get(month)
            known = run.moment(row["calculated_at"]) if row else now
            if row and row["published_at"] is not None:
                known = run.moment(row["published_at"])
            start = max(policy["effective_from"], month[:4] + "-01")
            before = [one for one in left if one < start]
            opening = left[max(before)] if before else {}
            case, _reasons = run.case_of(
                fetch,
                policy,
                month,
                rows=entries,
                approved=[line for line in paid if line["month"] >= start],
                opening=opening,
                known=known,
            )
            lines = {line["code"]: line for line in run.worked_out(case)["labs"]}
            found.runs[division, month] = lines
            if row is None or row["approved_at"] is None:
                continue
            found.approved.add((division, month))
            paid += [{"month": month, "lab": code, "payable_fen": line["payable_fen"]} for code, line in lines.items()]
            left[month] = {code: line["recoverable_fen"] for code, line in lines.items() if line["recoverable_fen"]}
    return found


def ledger_of(fetch: Fetch, today: date) -> list[Row]:
    """The ledger that the true documents give."""
    return documents.entries(fetch, today)
