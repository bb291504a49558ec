"""No two holdings of one instrument unit overlap: the database itself refuses, SQL by hand included (R-TIME-11)."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask

from labshare.kernel.database import transaction
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import Clock, TestDatabase

REFUSED = (sqlite3.IntegrityError, psycopg.errors.IntegrityError)


class ByHand:
    """A connection that knows nothing of LabShare: neither its session nor its pragmas."""

    def __init__(self, database: TestDatabase, instrument_id: int) -> None:
        self.sqlite = database.engine == "sqlite"
        self.instrument = instrument_id
        self.connection: Any = (
            sqlite3.connect(database.file, isolation_level=None)
            if self.sqlite
            else psycopg.connect(database.libpq(), autocommit=True)
        )

    def run(self, statement: str, *given: object) -> list[Any]:
        cursor = self.connection.execute(statement if self.sqlite else statement.replace("?", "%s"), given)
        return list(cursor.fetchall()) if cursor.description else []

    def time(self, clock: str) -> str:
        """10:30 of one day as the engine keeps it."""
        return f"2026-12-01 {clock}:00.000000" + ("" if self.sqlite else "+00")

    def insert(self, begin: str, end: str, unit: int = 1, verb: str = "INSERT", tail: str = "") -> None:
        self.run(
            f"{verb} INTO holding (instrument_id, unit, starts_at, ends_at, kind, note, created_at) "
            f"VALUES (?, ?, ?, ?, 'maintenance', '', '2026-11-24 00:00:00.000000') {tail}",
            self.instrument,
            unit,
            self.time(begin),
            self.time(end),
        )

    def spans(self) -> list[tuple[int, int, str, str]]:
        rows = self.run("SELECT instrument_id, unit, starts_at, ends_at FROM holding ORDER BY 1, 2, 3")
        if not self.sqlite:
            return [(one, unit, f"{begin:%H:%M}", f"{end:%H:%M}") for one, unit, begin, end in rows]
        return [(one, unit, begin[11:16], end[11:16]) for one, unit, begin, end in rows]


@pytest.fixture
def by_hand(app: Flask, clock: Clock, database: TestDatabase) -> Iterator[ByHand]:
    with transaction():
        lab = factories.lab()
        first = factories.instrument(lab, units=2)
        factories.instrument(lab)
    hand = ByHand(database, first.id)
    if not hand.sqlite:
        hand.run("SET TIME ZONE 'UTC'")
    yield hand
    hand.connection.close()


@pytest.mark.parametrize(
    ("begin", "end"),
    [("10:00", "11:00"), ("10:15", "10:45"), ("09:00", "12:00"), ("09:30", "10:01"), ("10:59", "12:00")],
)
def test_overlapping_insert_is_refused(by_hand: ByHand, begin: str, end: str) -> None:  # R-TIME-11
    by_hand.insert("10:00", "11:00")
    by_hand.insert("12:00", "13:00")
    with pytest.raises(REFUSED, match="holding_no_overlap"):
        by_hand.insert(begin, end)
    assert len(by_hand.spans()) == 2


def test_touching_intervals_and_other_units_are_fine(by_hand: ByHand) -> None:  # R-TIME-1, R-TIME-11
    by_hand.insert("10:00", "11:00")
    by_hand.insert("11:00", "12:00")
    by_hand.insert("09:00", "10:00")
    by_hand.insert("10:00", "11:00", unit=2)
    assert len(by_hand.spans()) == 4


@pytest.mark.parametrize(
    "change",
    [
        "ends_at = '{11:01}' WHERE starts_at = '{10:00}'",
        "starts_at = '{10:59}' WHERE starts_at = '{11:00}' AND unit = 1",
        "starts_at = '{10:30}', ends_at = '{11:30}' WHERE starts_at = '{10:00}'",
        "unit = 1 WHERE unit = 2",
        "unit = 1, starts_at = '{09:30}' WHERE unit = 2",
        "instrument_id = {first} WHERE instrument_id <> {first}",
        "kind = 'in_house', unit = 1 WHERE unit = 2",
        "id = 900, unit = 1 WHERE unit = 2",
    ],
)
def test_overlapping_update_is_refused(by_hand: ByHand, change: str) -> None:  # R-TIME-11
    by_hand.insert("10:00", "11:00")
    by_hand.insert("11:00", "12:00")
    by_hand.insert("10:30", "11:30", unit=2)
    other = by_hand.run("SELECT max(id) FROM instrument")[0][0]
    mine, by_hand.instrument = by_hand.instrument, other
    by_hand.insert("11:15", "11:45")
    by_hand.instrument = mine
    before = by_hand.spans()
    for clock in ("09:30", "10:00", "10:30", "10:59", "11:00", "11:01", "11:30"):
        change = change.replace("{" + clock + "}", by_hand.time(clock))
    with pytest.raises(REFUSED, match="holding_no_overlap"):
        by_hand.run("UPDATE holding SET " + change.replace("{first}", str(mine)))
    assert by_hand.spans() == before


def test_updates_that_touch_or_shrink_are_fine(by_hand: ByHand) -> None:
    by_hand.insert("10:00", "11:00")
    by_hand.insert("11:00", "12:00")
    by_hand.run(f"UPDATE holding SET ends_at = '{by_hand.time('10:30')}' WHERE starts_at = '{by_hand.time('10:00')}'")
    by_hand.run(f"UPDATE holding SET starts_at = '{by_hand.time('10:30')}' WHERE starts_at = '{by_hand.time('11:00')}'")
    by_hand.run("UPDATE holding SET note = 'x'")
    assert [span[2:] for span in by_hand.spans()] == [("10:00", "10:30"), ("10:30", "12:00")]


def test_ends_after_it_starts(by_hand: ByHand) -> None:
    for begin, end in (("10:00", "10:00"), ("11:00", "10:00")):
        with pytest.raises((*REFUSED, psycopg.errors.DataException)):
            by_hand.insert(begin, end)
    assert by_hand.spans() == []


def test_no_conflict_clause_gets_around_it(by_hand: ByHand) -> None:
    by_hand.insert("10:00", "11:00")
    by_hand.insert("12:00", "13:00")
    if by_hand.sqlite:
        for verb in ("INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "INSERT OR ROLLBACK", "REPLACE"):
            with pytest.raises(REFUSED, match="holding_no_overlap"):
                by_hand.insert("10:30", "11:30", verb=verb)
        for verb in ("UPDATE OR REPLACE", "UPDATE OR IGNORE", "UPDATE OR FAIL"):
            with pytest.raises(REFUSED, match="holding_no_overlap"):
                by_hand.run(f"{verb} holding SET ends_at = '{by_hand.time('12:30')}' WHERE starts_at LIKE '%10:00%'")
    else:
        by_hand.insert("10:30", "11:30", tail="ON CONFLICT DO NOTHING")  # writes nothing, breaks nothing
    assert [span[2:] for span in by_hand.spans()] == [("10:00", "11:00"), ("12:00", "13:00")]


def test_no_row_id_gets_around_it(by_hand: ByHand) -> None:
    """A row with an odd id is looked at like any other, and replacing a row by its own id moves only that row."""
    by_hand.run(
        "INSERT INTO holding (id, instrument_id, unit, starts_at, ends_at, kind, note, created_at) "
        f"VALUES (-1, ?, 1, '{by_hand.time('10:00')}', '{by_hand.time('11:00')}', 'maintenance', '', "
        f"'{by_hand.time('00:00')}')",
        by_hand.instrument,
    )
    with pytest.raises(REFUSED, match="holding_no_overlap"):
        by_hand.insert("10:30", "11:30")


SPELLINGS = (
    "2026-12-01 10:30",
    "2026-12-01T10:30:00.000000",
    "2026-12-01 10:30:00",
    "1764585000",
    "2026-12-01 10:30:00.000000Z",
    " 2026-12-01 10:30:00.000000",
    "2026-12-01 10:30:00.0000000",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_time_gets_around_it(by_hand: ByHand, spelling: str) -> None:
    """SQLite compares times as text, where another spelling of the same moment would slip past the guard: there is
    one spelling. PostgreSQL has a type for time and sees through them all."""
    by_hand.insert("10:00", "11:00")
    refusals = (*REFUSED, psycopg.errors.DataError)
    columns = "instrument_id, unit, starts_at, ends_at, kind, note, created_at"
    values = f"'maintenance', '', '{by_hand.time('00:00')}'"
    for begin, end in ((spelling, by_hand.time("12:00")), (by_hand.time("09:00"), spelling)):
        with pytest.raises(refusals):
            by_hand.run(
                f"INSERT INTO holding ({columns}) VALUES (?, 1, '{begin}', '{end}', {values})", by_hand.instrument
            )
    assert len(by_hand.spans()) == 1
    if by_hand.sqlite:
        with pytest.raises(REFUSED, match="holding_time_spelling"):
            by_hand.run(
                f"INSERT INTO holding ({columns}) VALUES (?, 1, CAST(? AS BLOB), CAST(? AS BLOB), {values})",
                by_hand.instrument,
                by_hand.time("10:30"),
                by_hand.time("10:45"),
            )
        with pytest.raises(REFUSED, match="holding_time_spelling"):
            by_hand.run("UPDATE holding SET ends_at = ?", spelling)


def test_one_submission_one_booking_by_hand(app: Flask, clock: Clock, database: TestDatabase) -> None:  # R-BOOKING-11
    house: House = make_house(clock)
    house.book("2026-11-25 09:00", submission="s1")
    second = house.book("2026-11-25 10:00", submission="s2")
    hand = ByHand(database, house.instrument.id)
    with pytest.raises(REFUSED):
        hand.run("UPDATE booking SET submission = 's1' WHERE id = ?", second.id)
    hand.connection.close()
