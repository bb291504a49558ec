"""The monthly run over a million ledger entries, beside one plain INSERT … SELECT … GROUP BY of the same rows."""

import random
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, text

from labshare.booking.models import Booking
from labshare.kernel.database import analyse, db, transaction
from labshare.kernel.months import Month
from labshare.rewards.services import draft_policy, publish_policy, run_month
from labshare.settlement.models import RevenueEntry
from tests import factories
from tests.bench.measure import Figure, world

NOW = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
MONTH = Month(2026, 11)
ENTRIES_EACH = 2
POLICY = {
    "name": "Bench",
    "legal_basis": "Bench",
    "division": "330624",
    "effective_from": "2026-01",
    "effective_to": None,
    "tax": "included",
    "clients": {"sizes": ["micro", "small", "medium"], "divisions": None, "exclude_related": True},
    "instruments": {"min_original_value_fen": 0},
    "exclude_statutory": True,
    "unit": "lab",
    "threshold_fen": 0,
    "bands": {"kind": "marginal", "steps": [{"from_fen": 0, "rate": "0.10"}, {"from_fen": 30000000, "rate": "0.15"}]},
    "grades": {"excellent": "1.2", "good": "1.0", "qualified": "0.8", "unqualified": "0", "ungraded": "1.0"},
    "caps": {"instrument_year_fen": None, "lab_year_fen": 20000000, "firm_year_fen": 50000000},
    "budget_year_fen": None,
    "publicity_working_days": 5,
}
RAW_ITEMS = """
INSERT INTO raw_item (entry_id, run_id, reason)
SELECT e.id, 1, CASE WHEN b.client_firm_id = b.lab_firm_id THEN 'own_firm'
  WHEN b.client_size IS NULL OR b.client_size NOT IN ('micro', 'small', 'medium') THEN 'client_size'
  WHEN b.statutory THEN 'statutory' END
FROM revenue_entry e JOIN booking b ON b.id = e.booking_id
WHERE e.month BETWEEN '2026-01' AND :month
GROUP BY e.id, b.client_firm_id, b.lab_firm_id, b.client_size, b.statutory
""".strip()
RAW_LINES = """
INSERT INTO raw_line (lab_id, eligible_fen)
SELECT e.lab_id, sum(CASE WHEN i.reason IS NULL THEN e.amount_fen ELSE 0 END)
FROM revenue_entry e JOIN raw_item i ON i.entry_id = e.id GROUP BY e.lab_id
""".strip()


def fill(entries: int) -> None:
    rng = random.Random(1)
    with transaction():
        factories.working_year()
        hosts = [factories.firm(size_class="large") for _ in range(20)]
        labs = [factories.lab(hosts[n % 20]) for n in range(82)]
        benches = []
        for lab in labs:
            instrument = factories.instrument(lab)
            benches.append((lab, instrument, factories.test_item(instrument)))
        sizes = ("micro", "small", "medium", "small", "large")
        clients = [(factories.firm(size_class=sizes[n % 5]), sizes[n % 5]) for n in range(500)]
        booker = factories.person().id
        fees = {item.id: item.fees[0].id for _, _, item in benches}
        benches = [(lab.id, lab.firm_id, instrument.id, item.id) for lab, instrument, item in benches]
        firms = [(firm.id, size) for firm, size in clients] + [(host.id, "large") for host in hosts]
    months = [str(month) for month in Month(2026, 1).through(MONTH)]
    number = 0
    while number < entries // ENTRIES_EACH:
        bookings: list[dict[str, Any]] = []
        ledger: list[dict[str, Any]] = []
        for _ in range(20_000):
            number += 1
            if number > entries // ENTRIES_EACH:
                break
            lab, host, instrument, item = rng.choice(benches)
            client, size = rng.choice(firms)
            start = datetime(2026, 1, 5, 1, tzinfo=UTC) + timedelta(minutes=number % 460_000)
            bookings.append(
                {
                    "id": number,
                    "ref": f"B-{number:09d}",
                    "state": "settled",
                    "client_firm_id": client,
                    "lab_firm_id": host,
                    "lab_id": lab,
                    "instrument_id": instrument,
                    "unit": 1,
                    "test_item_id": item,
                    "fee_id": fees[item],
                    "quantity": 1,
                    "sample_description": "x",
                    "work_minutes": Decimal(60),
                    "cleanup_minutes": 0,
                    "starts_at": start,
                    "ends_at": start + timedelta(hours=1),
                    "booked_at": start,
                    "booked_on": date(2026, 1, 4),
                    "booked_by": booker,
                    "requested_at": start,
                    "client_size": size,
                    "client_division": "330624",
                    "division": "330624",
                    "instrument_value_fen": 50_000_000,
                    "statutory": number % 50 == 0,
                    "free_cancel_minutes": 0,
                    "late_cancel_percent": 0,
                    "no_show_percent": 0,
                    "turnaround_days": 5,
                    "price_fen": 20_000,
                    "charged_fen": 20_000,
                    "invoiced_fen": 20_000,
                    "paid_fen": 20_000,
                    "recognised_fen": 20_000,
                    "received_at": start,
                    "started_at": start,
                    "finished_at": start + timedelta(hours=1),
                    "finished_on": date(2026, 1, 5),
                }
            )
            month = rng.choice(months)
            for _ in range(ENTRIES_EACH):
                ledger.append(
                    {
                        "booking_id": number,
                        "lab_id": lab,
                        "instrument_id": instrument,
                        "month": month,
                        "amount_fen": 10_000,
                        "tax_fen": 566,
                        "recorded_at": start,
                        "cause": "payment",
                    }
                )
        known = {column.name for column in RevenueEntry.__table__.columns}
        with transaction():
            db.session.execute(insert(Booking), bookings)
            db.session.execute(insert(RevenueEntry), [{k: v for k, v in row.items() if k in known} for row in ledger])
    with transaction():
        officer = factories.actor(factories.regulator("officer"), None, "officer")
        approver = factories.actor(factories.regulator("approver"), None, "approver")
        policy = draft_policy(actor=officer, now=NOW, document=POLICY)
        publish_policy(actor=approver, now=NOW, policy_id=policy.id)
    analyse()


def measure(engine: str, entries: int) -> Figure:
    """Runs of the last three months, each over its window; the largest, last one is shown, the ratio is the median."""
    with world(engine):
        fill(entries)
        with transaction():
            officer = factories.actor(factories.regulator("officer"), None, "officer")
            rowid = " WITHOUT ROWID" if engine == "sqlite" else ""
            columns = "entry_id bigint NOT NULL, run_id integer NOT NULL, reason varchar(20)"
            db.session.execute(text(f"CREATE TABLE raw_item ({columns}, PRIMARY KEY (entry_id, run_id)){rowid}"))
            db.session.execute(text("CREATE TABLE raw_line (lab_id integer PRIMARY KEY, eligible_fen bigint)"))
        ratios = []
        ours = raw = 0.0
        for month in MONTH.plus(-2).through(MONTH):
            start = time.perf_counter()
            with transaction():
                run = run_month(actor=officer, now=NOW, month=month)
            ours = time.perf_counter() - start
            start = time.perf_counter()
            with transaction():
                db.session.execute(text(RAW_ITEMS), {"month": str(month)})
                db.session.execute(text(RAW_LINES))
            raw = time.perf_counter() - start
            ratios.append(ours / raw)
            _compare(run.id)
            with transaction():
                db.session.execute(text("DELETE FROM raw_item"))
                db.session.execute(text("DELETE FROM raw_line"))
    return Figure(
        "monthly run, verdicts and lines written",
        engine,
        f"{entries:,} entries",
        f"{ours:,.2f} s",
        f"{raw:,.2f} s",
        sorted(ratios)[1],
        "1.5, floor 3",
        RAW_ITEMS + ";\n" + RAW_LINES,
        most=1.5,
    )


def _compare(run_id: int) -> None:
    """Both sides wrote the same verdicts and the same eligible sums."""
    counts = db.session.execute(
        text(
            "SELECT (SELECT count(*) FROM reward_item WHERE run_id = :run), (SELECT count(*) FROM raw_item), "
            "(SELECT count(*) FROM reward_item i JOIN raw_item r ON r.entry_id = i.entry_id "
            "AND coalesce(r.reason, '') = coalesce(i.reason, '') WHERE i.run_id = :run)"
        ),
        {"run": run_id},
    ).one()
    assert len(set(counts)) == 1, counts
    wrong = db.session.execute(
        text(
            "SELECT count(*) FROM raw_line r JOIN reward_line l ON l.lab_id = r.lab_id AND l.run_id = :run "
            "WHERE l.eligible_ytd_fen <> r.eligible_fen"
        ),
        {"run": run_id},
    ).scalar()
    assert wrong == 0
