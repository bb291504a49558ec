"""The revenue ledger and the reward runs from nothing but papers: bookings, charges, reports, invoices, payments.

Reads plain tables through any `fetch(sql) -> list of dicts` and imports nothing of the product. Never looks at the
ledger, at a booking's own sums, at stored verdicts or at a stored amount of any run: of the runs it takes only when
somebody calculated, published and approved them. Moments may be text (UTC) or aware datetimes, days text or dates.
"""

import functools
from datetime import date
from zoneinfo import ZoneInfo

from tests.independent import ledger, run
from tests.independent.run import moment

ZONE = ZoneInfo("Asia/Shanghai")


def day(value):
    return date.fromisoformat(str(value)[:10]) if value is not None else None


def local_day(value):
    return moment(value).astimezone(ZONE).date()


def papers_by_booking(fetch):
    """{booking id: papers as `ledger` wants them, each with the moment `at` from which it was known}.

    No moment is kept of a consent or of a withdrawal, and none is needed: each is dated the day on which it is
    entered, so it was known before any month closed in which it says something.
    """
    found = {}
    clients = {}
    begun = {}
    for row in fetch("SELECT b.id, b.booked_at, f.uscc FROM booking b JOIN firm f ON f.id = b.client_firm_id"):
        found[row["id"]] = {"charges": [], "reports": [], "invoices": [], "payments": []}
        clients[row["id"]] = row["uscc"]
        begun[row["id"]] = local_day(row["booked_at"])
    for row in fetch("SELECT booking_id, kind, amount_fen, state, agreed_on FROM charge ORDER BY id"):
        if row["state"] == "agreed":
            of = row["booking_id"]
            on = begun[of] if row["kind"] == "price" else day(row["agreed_on"])
            found[of]["charges"].append({"day": on, "fen": row["amount_fen"], "at": None})
    for row in fetch(
        "SELECT id, booking_id, issued_on, replaces_id, withdrawn_on, recorded_at FROM report ORDER BY id"
    ):
        found[row["booking_id"]]["reports"].append(
            {
                "id": row["id"],
                "day": day(row["issued_on"]),
                "replaces": row["replaces_id"],
                "withdrawn": day(row["withdrawn_on"]),
                "at": moment(row["recorded_at"]),
            }
        )
    for row in fetch(
        "SELECT l.booking_id, i.issued_on, l.amount_fen, l.tax_fen, l.recorded_at FROM invoice_line l "
        "JOIN invoice i ON i.id = l.invoice_id ORDER BY l.id"
    ):
        found[row["booking_id"]]["invoices"].append(
            {
                "day": day(row["issued_on"]),
                "fen": row["amount_fen"],
                "tax": row["tax_fen"],
                "at": moment(row["recorded_at"]),
            }
        )
    for row in fetch(
        "SELECT booking_id, amount_fen, paid_on, payer_uscc, payer_verdict, decided_at, recorded_at FROM payment"
    ):
        own = row["payer_uscc"] == clients[row["booking_id"]]
        found[row["booking_id"]]["payments"].append(
            {
                "day": day(row["paid_on"]),
                "fen": row["amount_fen"],
                "counts": own or row["payer_verdict"] == "accepted",
                "at": moment(row["recorded_at"] if own or row["decided_at"] is None else row["decided_at"]),
            }
        )
    return found


def closings(fetch, county):
    """[(month, moment)] in order: a month closes for a county's bookings when the first run of it, of a division that
    the county's code begins with, is published and stays so."""
    closed = {}
    for row in fetch("SELECT division, month, published_at FROM reward_run WHERE published_at IS NOT NULL"):
        if county.startswith(row["division"]):
            at = moment(row["published_at"])
            closed[row["month"]] = min(at, closed.get(row["month"], at))
    return sorted(closed.items())


def entries(fetch, today):
    """The ledger: one row a booking and month in which something is to be entered, as `run.case_of` takes them."""
    bookings = {row["id"]: row for row in fetch("SELECT id, lab_id, instrument_id, division FROM booking")}
    closed = {county: closings(fetch, county) for county in {row["division"] for row in bookings.values()}}
    rows = []
    for of, papers in papers_by_booking(fetch).items():
        if not papers["reports"]:
            continue
        for month, (fen, tax) in ledger.closed_ledger(papers, closed[bookings[of]["division"]], today).items():
            rows.append(
                {
                    "id": (of, month),
                    "booking_id": of,
                    "lab_id": bookings[of]["lab_id"],
                    "instrument_id": bookings[of]["instrument_id"],
                    "month": month,
                    "amount_fen": fen,
                    "tax_fen": tax,
                }
            )
    return rows


def runs(fetch, policies, today):
    """Every month's run from the first to the last that is stored, each worked out on those before it.

    `policies` are the published documents. Returns {(division, month): (the month's result, {(booking id, month of
    the entry): reason})}.
    """
    fetch = functools.cache(fetch)
    rows = entries(fetch, today)
    done, paid, last_of_window = {}, {}, {}
    for stored in sorted(
        fetch("SELECT division, month, calculated_at, approved_at FROM reward_run"), key=lambda one: one["month"]
    ):
        division, month = stored["division"], stored["month"]
        policy = next(
            one
            for one in policies
            if one["division"] == division
            and one["effective_from"] <= month
            and (one["effective_to"] is None or month <= one["effective_to"])
        )
        start = max(policy["effective_from"], month[:4] + "-01")
        until = moment(stored["calculated_at"])
        before = [line for of, lines in paid.items() if of[0] == division and start <= of[1] < month for line in lines]
        earlier = [of for of in paid if of[0] == division and of[1] < start]
        opening = last_of_window[max(earlier, key=lambda of: of[1])] if earlier else {}
        case, reasons = run.case_of(fetch, policy, month, rows=rows, approved=before, opening=opening, known=until)
        result = run.worked_out(case)
        done[division, month] = result, reasons
        if stored["approved_at"] is not None:
            paid[division, month] = [
                {"month": month, "lab": lab["code"], "payable_fen": lab["payable_fen"]} for lab in result["labs"]
            ]
            last_of_window[division, month] = {
                lab["code"]: lab["recoverable_fen"] for lab in result["labs"] if lab["recoverable_fen"]
            }
    return done
