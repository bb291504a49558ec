"""A province's year of revenue by set-based SQL: as many entries as wanted, in seconds, the same ones each time.

Rows, not history: for the speed of the monthly run and for nothing else. `booking`, `revenue_entry` and what they need
are filled; every reason but `suspended` occurs.
"""

from datetime import date

from sqlalchemy import text

from labshare.kernel.database import db
from labshare.organisations.models import Firm
from tests import factories

LABS, INSTRUMENTS_A_LAB, CLIENTS = 400, 10, 3_000
MONTHS = 11


def fill(entries: int, *, labs: int = LABS, clients: int = CLIENTS, commit: bool = True) -> None:
    """`entries` bookings of January to November 2026 with one ledger entry each."""
    someone = factories.person()
    hosts = [factories.firm(size_class="medium") for _ in range(labs // 4)]
    made = [factories.lab(hosts[n % len(hosts)], hours=()) for n in range(labs)]
    instruments = []
    for lab in made:
        first = factories.instrument(lab, calibrated=None)
        instruments.append(first)
        for _ in range(INSTRUMENTS_A_LAB - 1):
            factories.instrument(lab, calibrated=None)
    item = factories.test_item(instruments[0])
    sizes = ("micro", "small", "medium", "large")
    firms = [
        Firm(
            uscc=factories.credit_code(500_000 + n),
            name=f"客户{n}",
            kind="enterprise",
            division="330624",
            sector="industry",
            size_class=sizes[n % 4],
            created_at=factories.LONG_AGO,
        )
        for n in range(clients)
    ]
    db.session.add_all(firms)
    db.session.flush()
    for n in range(0, clients, 7):
        factories.affiliation(
            hosts[n % len(hosts)],
            firms[n],
            "controls",
            date(2026, 1 + n % 9, 1),
            entered_by=someone.id,
            confirmed_by=someone.id,
        )
    db.session.flush()
    fee_id = db.session.execute(text("SELECT min(id) FROM fee")).scalar()
    sqlite = db.engine.dialect.name == "sqlite"
    series = (
        f"SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {entries}"
        if sqlite
        else f"SELECT generate_series(CAST(1 AS bigint), {entries})"
    )
    month, day = f"1 + (n * {MONTHS} - 1) / {entries}", "1 + n % 28"
    if sqlite:
        booked_on = f"'2026-' || printf('%02d', {month}) || '-' || printf('%02d', {day})"
        moment, later = (f"{booked_on} || ' {hour}:00:00.000000'" for hour in ("02", "04"))
        month_of_entry = "substr(booked_on, 1, 7)"
    else:
        booked_on = f"make_date(2026, CAST({month} AS int), CAST({day} AS int))"
        moment, later = (f"({booked_on} + time '{hour}:00') AT TIME ZONE 'UTC'" for hour in ("02", "04"))
        month_of_entry = "to_char(booked_on, 'YYYY-MM')"
    lab = f"(n * 7919) % {labs}"
    price = "1000 + (n * 31) % 90000"
    values = {
        "ref": "'B-' || n",
        "state": "'settled'",
        "client_firm_id": f"{firms[0].id} + (n * 104729) % {clients}",
        "lab_firm_id": "host.id",
        "lab_id": f"{made[0].id} + {lab}",
        "instrument_id": f"{instruments[0].id} + ({lab}) * {INSTRUMENTS_A_LAB} + n % {INSTRUMENTS_A_LAB}",
        "client_size": "CASE n % 5 WHEN 0 THEN 'large' WHEN 1 THEN 'medium' WHEN 2 THEN 'small' ELSE 'micro' END",
        "client_division": "'330624'",
        "division": "'330624'",
        "instrument_value_fen": "50000000",
        "statutory": "(n % 31 = 0)",
        "booked_on": booked_on,
        **dict.fromkeys(("starts_at", "booked_at", "requested_at", "received_at", "started_at"), moment),
        **dict.fromkeys(("ends_at", "finished_at"), later),
        **dict.fromkeys(("price_fen", "charged_fen", "invoiced_fen", "paid_fen", "recognised_fen"), price),
        **dict.fromkeys(("unit", "quantity"), "1"),
        **dict.fromkeys(("cleanup_minutes", "free_cancel_minutes", "late_cancel_percent", "no_show_percent"), "0"),
        "turnaround_days": "5",
        "work_minutes": "60000",
        "sample_description": "''",
        "test_item_id": str(item.id),
        "fee_id": str(fee_id),
        "booked_by": str(someone.id),
    }
    places = ", ".join(f"({place}, {host.id})" for place, host in enumerate(hosts))
    db.session.execute(
        text(
            f"INSERT INTO booking ({', '.join(values)}) "
            f"WITH {'RECURSIVE' if sqlite else ''} number(n) AS ({series}), host(place, id) AS (VALUES {places}) "
            f"SELECT {', '.join(values.values())} FROM number JOIN host ON host.place = ({lab}) % {len(hosts)}"
        )
    )
    db.session.execute(
        text(
            "INSERT INTO revenue_entry (booking_id, lab_id, instrument_id, month, amount_fen, tax_fen, recorded_at) "
            f"SELECT id, lab_id, instrument_id, {month_of_entry}, "
            "CASE WHEN id % 53 = 0 THEN -charged_fen ELSE charged_fen END, 0, finished_at FROM booking"
        )
    )
    if commit:
        db.session.commit()
