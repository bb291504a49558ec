"""The calendar's week of a lab of 100 instruments with 3,500 bookings, added to a copy of the loaded database."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import Flask, current_app
from sqlalchemy import insert, select

from labshare.booking.models import Booking, Holding
from labshare.booking.terms import BookingState, HoldingKind
from labshare.catalogue.models import Instrument, InstrumentUnit, Lab
from labshare.kernel.database import analyse, db, transaction
from labshare.kernel.time import local_day, start_of_day, utc_now
from tests.bench import dragging
from tests.bench.measure import Figure, collect_as_served, in_turns, milliseconds, statements_of
from tests.bench.pages import asks, firm_of, signed_in
from tests.bench.plain import connected, spelled

INSTRUMENTS = 100
EACH = 35
SQL = """
SELECT h.instrument_id, h.unit, h.starts_at, h.ends_at, b.ref, b.state, f.name, f.name_en, t.name, t.name_en
FROM holding h JOIN instrument i ON i.id = h.instrument_id JOIN booking b ON b.id = h.booking_id
JOIN firm f ON f.id = b.client_firm_id JOIN test_item t ON t.id = b.test_item_id
WHERE i.lab_id = {lab} AND h.starts_at < '{until}' AND h.ends_at > '{since}' ORDER BY h.starts_at
"""
VIEWS = (
    ("data", "/lab/calendar/data?lab=BENCH-100&from={day}", 60),
    ("page", "/lab/calendar?lab=BENCH-100", 60),
    ("table", "/lab/calendar?lab=BENCH-100&view=table", 250),
)
"""What is asked, and the most it may take, milliseconds; the page is drawn by a script from the data."""


def fill() -> tuple[int, datetime]:
    """A lab of the demonstration's host firm with a full week; its id and the week's first moment."""
    with transaction():
        known = db.session.scalars(
            select(Booking).where(Booking.state == BookingState.CONFIRMED).order_by(Booking.id)
        ).first()
        assert known is not None
        host = firm_of("lab")
        assert host is not None
        lab = db.session.scalars(select(Lab).where(Lab.firm_id == host, Lab.published).order_by(Lab.id)).first()
        assert lab is not None
        made = _copied(Lab, lab, code="BENCH-100", name="百台仪器", name_en="A hundred instruments")
        day = local_day(utc_now())
        first = start_of_day(day - timedelta(days=day.weekday()))
        instrument = db.session.scalars(select(Instrument).where(Instrument.id == known.instrument_id)).one()
        bookings: list[dict[str, Any]] = []
        for number in range(INSTRUMENTS):
            own = _copied(Instrument, instrument, lab_id=made, inner_id=f"B-{number:03d}", units=1)
            db.session.execute(insert(InstrumentUnit), [{"instrument_id": own, "unit": 1}])
            for place in range(EACH):
                starts_at = first + timedelta(days=place // 5, hours=8 + 2 * (place % 5))
                bookings.append(
                    {
                        **_values(Booking, known),
                        "ref": f"B-BENCH-{len(bookings):05d}",
                        "submission": None,
                        "lab_id": made,
                        "lab_firm_id": host,
                        "instrument_id": own,
                        "unit": 1,
                        "starts_at": starts_at,
                        "ends_at": starts_at + timedelta(hours=1),
                        "work_minutes": Decimal(60),
                    }
                )
        db.session.execute(insert(Booking), bookings)
        made_rows = db.session.scalars(select(Booking).where(Booking.lab_id == made)).all()
        db.session.execute(
            insert(Holding),
            [
                {
                    "instrument_id": row.instrument_id,
                    "unit": 1,
                    "kind": HoldingKind.BOOKING,
                    "note": "",
                    "booking_id": row.id,
                    "starts_at": row.starts_at,
                    "ends_at": row.ends_at,
                    "created_at": row.booked_at,
                }
                for row in made_rows
            ],
        )
    analyse()
    return made, first


def _values(model: Any, row: Any) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in model.__table__.columns if column.name != "id"}


def _copied(model: Any, row: Any, **other: Any) -> int:
    made: int = db.session.execute(insert(model).returning(model.id), {**_values(model, row), **other}).scalar_one()
    return made


def measure(engine: str, turns: int) -> list[Figure]:
    """On a copy of the loaded county."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    lab_id, first = fill()
    connection = connected(app.config["SQLALCHEMY_DATABASE_URI"])
    sql = SQL.format(lab=lab_id, since=spelled(first, engine), until=spelled(first + timedelta(days=7), engine))
    client = signed_in(app, "lab")

    def raw() -> list[str]:
        found = [row[4] for row in connection.execute(sql)]
        connection.rollback()
        return found

    refs = raw()
    assert len(refs) == INSTRUMENTS * EACH
    collect_as_served()
    figures = []
    for what, path, aim in VIEWS:
        ours = asks(client, path.format(day=local_day(first)))
        page = ours().decode()
        assert what == "page" or all(ref in page for ref in refs), f"{what}: not all bookings"
        mine, plain = in_turns(ours, raw, turns=turns)
        figures.append(
            Figure(
                f"week of 100 instruments: {what}",
                engine,
                f"{len(refs):,} bookings, {len(page) / 1024:.0f} KiB",
                milliseconds(mine.median),
                milliseconds(plain.median),
                mine.median / plain.median,
                f"{aim} ms" if aim else "",
                SQL.strip(),
                spread=mine.spread,
                statements=statements_of(ours),
                seconds=mine.median,
                most_ms=aim,
            )
        )
    if engine == "sqlite":
        figures += dragging.measure(app, first, turns)
    return figures
