"""Offers over many instruments with a full calendar, beside the best plain SQL we know: two index probes each."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from labshare.booking.models import Holding
from labshare.booking.queries.offers import offers
from labshare.kernel.database import analyse, db, transaction
from tests import factories
from tests.bench.measure import Figure, in_turns, milliseconds, world

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""Tuesday, ten in the morning in Shanghai."""

EARLIEST = """
SELECT t.id, f.amount_fen, CASE WHEN coalesce((SELECT h.ends_at FROM holding h
    WHERE h.instrument_id = i.id AND h.unit = 1 AND h.starts_at < :hour_later
    ORDER BY h.starts_at DESC LIMIT 1), :now) <= :now THEN :now
  ELSE (SELECT min(g.ends_at) FROM (
    SELECT h.ends_at, lead(h.starts_at) OVER (ORDER BY h.starts_at) AS next_start FROM holding h
    WHERE h.instrument_id = i.id AND h.unit = 1 AND h.ends_at > :now AND h.starts_at < :until) g
    WHERE g.next_start IS NULL OR g.next_start >= {an_hour_after}) END AS start
FROM instrument i JOIN test_item_instrument ti ON ti.instrument_id = i.id JOIN test_item t ON t.id = ti.test_item_id
JOIN lab l ON l.id = i.lab_id
JOIN fee f ON f.test_item_id = t.id AND f.valid_from <= :day AND (f.valid_to IS NULL OR f.valid_to >= :day)
WHERE i.state = 'published' AND t.state = 'published' AND l.state = 'published'
""".strip()
"""One index probe for an instrument that is free, a window over its next two weeks for one that is not. Knows no
opening hours, calibration or rules: less than what is asked of us, so a hard measure. The labs are open day and night
on weekdays, so that both sides find the same starts."""


def fill(instruments: int, holdings: int) -> list[int]:
    """Labs of ten instruments; each instrument with its share of holdings, most of the next months taken."""
    rng = random.Random(1)
    items: list[int] = []
    places: list[int] = []
    with transaction():
        factories.working_year()
        factories.working_year(2027)
        standard = factories.standard("GB/T 10125-2021")
        for _ in range(instruments // 10):
            lab = factories.lab(hours=((0, 24),))
            for _ in range(10):
                instrument = factories.instrument(lab)
                items.append(factories.test_item(instrument, by=standard).id)
                places.append(instrument.id)
    each = holdings // instruments
    for start in range(0, len(places), 50):
        rows = []
        for place in places[start : start + 50]:
            moment = NOW - timedelta(hours=8)
            for _ in range(each):
                begins = moment + timedelta(minutes=rng.choice((0, 0, 30, 60, 120, 300)))
                moment = begins + timedelta(minutes=rng.choice((60, 120, 240)))
                rows.append(
                    {
                        "instrument_id": place,
                        "unit": 1,
                        "starts_at": begins,
                        "ends_at": moment,
                        "kind": "in_house",
                        "note": "",
                        "created_at": NOW,
                    }
                )
        with transaction():
            db.session.execute(insert(Holding), rows)
    analyse()
    return items


def measure(engine: str, instruments: int, holdings: int) -> Figure:
    with world(engine):
        items = fill(instruments, holdings)
        sqlite = engine == "sqlite"
        after = (
            "strftime('%Y-%m-%d %H:%M:%f000', g.ends_at, '+60 minutes')" if sqlite else "g.ends_at + interval '1 hour'"
        )
        sql = EARLIEST.format(an_hour_after=after)
        if not sqlite:
            sql = sql.replace(":now", "CAST(:now AS timestamptz)")
        moments = {"now": NOW, "hour_later": NOW + timedelta(hours=1), "until": NOW + timedelta(days=14)}
        values: dict[str, Any] = {"day": NOW.date().isoformat() if sqlite else NOW.date()}
        for name, moment in moments.items():
            values[name] = moment.strftime("%Y-%m-%d %H:%M:%S.%f") if sqlite else moment

        def ours(limit: int | None = 50) -> Any:
            found = offers(items, 1, None, NOW, limit=limit)
            return [(one.item_id, one.amount_fen, one.slot.starts_at) for one in found if one.slot]

        def raw() -> Any:
            return db.session.execute(text(sql), values).all()

        assert sorted(ours(None)) == sorted((item, fen, _moment(start)) for item, fen, start in raw())
        mine, plain = in_turns(ours, raw)
    return Figure(
        "offers: earliest slot and price of every lab",
        engine,
        f"{instruments:,} instruments, {holdings:,} holdings",
        milliseconds(mine.median),
        milliseconds(plain.median),
        mine.median / plain.median,
        "2, floor 4",
        sql,
        spread=mine.spread,
        most=2,
    )


def _moment(found: Any) -> datetime:
    """As the raw statement gives it: text on SQLite."""
    return datetime.fromisoformat(found).replace(tzinfo=UTC) if isinstance(found, str) else found.astimezone(UTC)
