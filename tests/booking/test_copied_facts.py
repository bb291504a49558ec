"""A booking copies what was confirmed of its instrument and its test that day, and keeps it (R-CLAIM-2)."""

from labshare.catalogue.models import Instrument, TestItem
from labshare.kernel.database import db, transaction
from tests.booking.conftest import House


def confirmed(house: House, *, value_fen: int | None, voluntary: bool) -> None:
    with transaction():
        db.session.get_one(Instrument, house.instrument.id).confirmed_value_fen = value_fen
        db.session.get_one(TestItem, house.item.id).confirmed_voluntary = voluntary


def test_what_nobody_confirmed_does_not_count_and_later_confirmation_reaches_no_earlier_booking(
    house: House,
) -> None:  # R-CLAIM-2
    confirmed(house, value_fen=None, voluntary=False)
    before = house.book("2026-11-26 10:00")
    confirmed(house, value_fen=90_000_000, voluntary=True)
    after = house.book("2026-11-26 14:00")
    assert (before.instrument_value_fen, before.statutory) == (None, True)
    assert (after.instrument_value_fen, after.statutory) == (90_000_000, False)
