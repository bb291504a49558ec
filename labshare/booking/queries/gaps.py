"""When units are free, asked of the index of `holding` for thousands of instruments in one statement.

The same questions in the words of both engines. `asked` comes as one JSON text, so that the statement is the same for
one row and for thousands. Times on SQLite are text in one spelling and compare as text. The next few gaps of a unit
come by LATERAL on PostgreSQL, where IN with a LIMIT would look at every holding, and by IN on SQLite, which has no
LATERAL.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import text

from labshare.kernel.database import db


class Asked(NamedTuple):
    """A time of an instrument."""

    number: int
    """What the answer is found by."""
    instrument_id: int
    since: datetime
    until: datetime
    need: str | None = None
    """The least length of a gap, as both engines read it."""


Gap = tuple[Any, Any]
"""From where to where a unit is free, as the engine spells time (most are never read, `moment` reads one); None: for
good."""


def free_units(asked: Iterable[Asked], now: datetime) -> dict[int, list[int]]:
    """By number, the units that are free then. One index step a unit finds the only holding that may be in the way:
    the last one that starts before the end. One statement."""
    free: dict[int, list[int]] = {}
    for number, unit in _run(_FREE, _FREE, asked, now):
        free.setdefault(number, []).append(unit)
    return free


def gaps(asked: Iterable[Asked], now: datetime, few: int | None) -> dict[tuple[int, int], list[Gap]]:
    """By number and unit, the gaps of the length needed that begin between: the next `few`, or all. One statement."""
    found: dict[tuple[int, int], list[Gap]] = {}
    for number, unit, begins, ends in _run(_GAPS_SQLITE, _GAPS_POSTGRESQL, asked, now, few=few or 1_000_000):
        found.setdefault((number, unit), []).append((begins, ends))
    return found


def moment(value: Any) -> datetime:
    """An end of a gap, in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value + "+00:00")
    return value.astimezone(UTC)  # type: ignore[no-any-return]


_ASKED_SQLITE = (
    "WITH asked AS MATERIALIZED (SELECT value ->> 0 AS number, value ->> 1 AS instrument_id, value ->> 2 AS since, "
    "value ->> 3 AS until, value ->> 4 AS need FROM json_each(:asked)) "
)
_ASKED_POSTGRESQL = (
    "WITH asked AS MATERIALIZED (SELECT (a ->> 0)::int AS number, (a ->> 1)::int AS instrument_id, "
    "(a ->> 2)::timestamptz AS since, (a ->> 3)::timestamptz AS until, (a ->> 4)::interval AS need "
    "FROM jsonb_array_elements(CAST(:asked AS jsonb)) AS t(a)) "
)
_UNITS = (
    "FROM asked JOIN instrument i ON i.id = asked.instrument_id "
    "JOIN instrument_unit u ON u.instrument_id = i.id AND u.unit <= i.units "
)


def _of_unit(name: str) -> str:
    """From and where: the unit's holdings that count, under this name."""
    return (
        f"FROM holding {name} WHERE {name}.instrument_id = asked.instrument_id AND {name}.unit = u.unit "
        f"AND ({name}.expires_at IS NULL OR {name}.expires_at > :now)"
    )


def _next_start(after: str) -> str:
    """When the unit is next taken after a holding that ends at `after`."""
    return f"(SELECT n.starts_at {_of_unit('n')} AND n.starts_at >= {after} ORDER BY n.starts_at LIMIT 1)"


_FREE = (
    f"SELECT asked.number, u.unit {_UNITS}"
    f"WHERE coalesce((SELECT h.ends_at {_of_unit('h')} AND h.starts_at < asked.until "
    "ORDER BY h.starts_at DESC LIMIT 1) <= asked.since, TRUE)"
)
# from the holding that covers `since` on: the last one that starts by then, whether it counts or not
_FROM_SINCE = (
    f"{_of_unit('h')} AND h.starts_at >= coalesce((SELECT max(p.starts_at) FROM holding p WHERE p.instrument_id = "  # noqa: S608 -- constants
    "asked.instrument_id AND p.unit = u.unit AND p.starts_at <= asked.since), asked.since) AND h.ends_at > asked.since"
)
_GAPS_SQLITE = (
    f"SELECT asked.number, u.unit, k.ends_at, {_next_start('k.ends_at')} {_UNITS}"
    f"JOIN holding k ON k.id IN (SELECT h.id {_FROM_SINCE} AND h.starts_at < asked.until "
    f"AND coalesce({_next_start('h.ends_at')} >= "
    "strftime('%Y-%m-%d %H:%M:%f', h.ends_at, asked.need), TRUE) ORDER BY h.starts_at LIMIT :few)"
)
# one walk along the index, each holding beside the next one, that stops at the last gap wanted
_GAPS_POSTGRESQL = (
    f"SELECT asked.number, u.unit, k.ends_at, k.next_start {_UNITS}"  # noqa: S608 -- constants
    "JOIN LATERAL (SELECT g.ends_at, g.next_start FROM ("
    "SELECT h.starts_at, h.ends_at, lead(h.starts_at) OVER (ORDER BY h.starts_at) AS next_start "
    f"{_FROM_SINCE} AND h.starts_at < asked.until + interval '400 days'"
    ") g WHERE coalesce(g.next_start >= g.ends_at + asked.need, TRUE) AND g.ends_at < asked.until "
    "ORDER BY g.starts_at LIMIT :few) k ON TRUE"
)


def _run(
    on_sqlite: str, on_postgresql: str, asked: Iterable[Asked], now: datetime, few: int | None = None
) -> list[Any]:
    sqlite = db.session.connection().dialect.name == "sqlite"
    rows = [
        (number, instrument_id, _spelled(since, sqlite), _spelled(until, sqlite), need)
        for number, instrument_id, since, until, need in asked
    ]
    if not rows:
        return []
    given: dict[str, Any] = {"asked": json.dumps(rows), "now": _spelled(now, sqlite) if sqlite else now}
    if few is not None:
        given["few"] = few
    statement = _ASKED_SQLITE + on_sqlite if sqlite else _ASKED_POSTGRESQL + on_postgresql
    return list(db.session.execute(text(statement), given).all())


@lru_cache(maxsize=4096)
def _spelled(moment: datetime, sqlite: bool) -> str:
    """A moment as SQLite keeps it, or with its zone for PostgreSQL."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") + ("" if sqlite else "+00")
