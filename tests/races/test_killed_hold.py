"""Whoever held a slot is killed with -9, and so is everything else: ten minutes later it is free, on both databases."""

import os
import signal
from datetime import datetime, timedelta

import psutil
import pytest
from flask import Flask
from sqlalchemy import select

from labshare.accounts.models import Person
from labshare.booking.errors import SlotTaken
from labshare.booking.queries.offers import offers
from labshare.booking.services import book
from labshare.kernel.database import db, transaction
from labshare.organisations.models import ApiToken, Firm
from tests import factories
from tests.conftest import TestDatabase
from tests.races.test_http import FIRST, market, post, serving


def test_a_held_slot_is_free_again_after_ten_minutes(app: Flask, database: TestDatabase) -> None:  # R-TIME-14
    item_id, tokens = market(2)
    with serving(database) as (port, server):
        asked = {"test_item": item_id, "quantity": 1, "starts_at": FIRST.isoformat()}
        status, held = post(port, "/api/v1/holds", asked, tokens[0])
        assert status == 201
        for process in (*psutil.Process(server).children(recursive=True), psutil.Process(server)):
            os.kill(process.pid, signal.SIGKILL)
    ends = datetime.fromisoformat(held["expires_at"])
    other = db.session.scalars(select(ApiToken).order_by(ApiToken.id)).all()[1]
    rival = factories.actor(
        db.session.get_one(Person, other.person_id), db.session.get_one(Firm, other.firm_id), "owner"
    )

    def first_start(now: datetime) -> datetime | None:
        (offer,) = offers([item_id], 1, None, now, since=FIRST)
        return offer.slot.starts_at if offer.slot else None

    before = ends - timedelta(seconds=1)
    assert first_start(before) != FIRST
    assert first_start(ends) == FIRST
    with pytest.raises(SlotTaken), transaction():
        book(actor=rival, now=before, test_item_id=item_id, quantity=1, starts_at=FIRST)
    with transaction():
        book(actor=rival, now=ends, test_item_id=item_id, quantity=1, starts_at=FIRST)
