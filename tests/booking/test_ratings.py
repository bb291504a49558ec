"""Ratings: who gives them (R-RATING-1), what labs answer (R-RATING-2), when averages are shown (R-RATING-3)."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from labshare.booking import errors, services
from labshare.booking.models import Rating
from labshare.booking.queries.ratings import averages_of_items, reviews_of_lab
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInputs, NotAllowed, NotFound, Problem
from labshare.kernel.time import utc_now
from labshare.oversight.public import standing_of
from tests import factories
from tests.settlement.world import World
from tests.signing import sign_in

TODAY = date(2026, 6, 25)


@pytest.fixture
def booked(app, clock):
    clock.set("2026-06-25 10:00")
    world = World()
    world.report()
    return world


def rate(world, **given):
    with transaction():
        return services.rate(
            **{
                "actor": world.booker,
                "now": utc_now(),
                "ref": world.ref,
                "result": 5,
                "service": 4,
                "time": 3,
                "text": "数据清楚，就是慢了一天",
                **given,
            }
        )


def refused(world, **given):
    with pytest.raises(Problem) as caught:
        rate(world, **given)
    db.session.rollback()
    return type(caught.value)


def test_who_tested_rates_once_and_the_lab_answers_once(booked):
    rate(booked)
    assert refused(booked) is errors.AlreadyRated
    answer = {"actor": booked.manager, "ref": booked.ref, "text": "已增加人手"}
    with transaction():
        services.answer_rating(now=utc_now(), **answer)
    with pytest.raises(errors.RatingAnsweredAlready), transaction():
        services.answer_rating(now=utc_now(), **answer)
    for statement in ("UPDATE rating SET result_points = 1", "DELETE FROM rating"):
        with pytest.raises(IntegrityError):
            db.session.execute(sql(statement))
        db.session.rollback()


def test_who_did_not_test_does_not_rate(booked):
    stranger = factories.firm()
    other = factories.actor(factories.member(stranger, "owner"), stranger, "owner")
    db.session.commit()
    assert refused(booked, actor=other) is NotFound
    assert refused(booked, actor=booked.manager) is NotAllowed
    assert refused(booked.another()) is errors.NoReportStands
    own = booked.another(client=booked.host)
    own.report()
    assert refused(own) is errors.OwnLab


@pytest.mark.parametrize("given", [{"result": 0}, {"time": 6}, {"text": "长" * 2001}])
def test_what_is_no_rating_is_refused(booked, given):
    assert refused(booked, **given) in (errors.PointsOutOfRange, errors.RatingTooLong)
    assert refused(booked, result=0, service=9) is InvalidInputs


def test_averages_from_five_on_within_a_year(booked):
    def given(points, on):
        again = booked.another(given={"test_item_id": booked.booking.test_item_id})
        row = dict.fromkeys(("result_points", "service_points", "time_points"), points)
        factories.add(
            Rating(
                booking_id=again.id,
                lab_id=booked.lab.id,
                test_item_id=booked.booking.test_item_id,
                given_on=on,
                given_at=utc_now(),
                text="好",
                **row,
            )
        )
        db.session.commit()

    item, lab = booked.booking.test_item_id, booked.lab.id
    given(1, TODAY - timedelta(days=365))
    for points in (5, 5, 4, 4):
        given(points, TODAY - timedelta(days=364))
    assert averages_of_items([item], TODAY) == {}
    assert standing_of(lab, TODAY).average is None
    given(4, TODAY)
    average = averages_of_items([item], TODAY)[item]
    assert (average.count, average.overall) == (5, Fraction(22, 5))
    assert standing_of(lab, TODAY).average == average
    assert [one.given_on for one in reviews_of_lab(lab, TODAY, limit=2)] == [TODAY, TODAY - timedelta(days=364)]


def test_the_page_asks_for_each_point(app, booked):
    person = db.session.get_one(factories.Person, booked.booker.person_id)
    client = sign_in(app.test_client(), person, booked.client)
    path = f"/bookings/{booked.ref}/rating"
    kept = client.post(path, data={"rate-result": "5", "rate-text": "准时"}, headers={"Accept-Language": "zh-CN"})
    assert kept.status_code == 422
    assert "准时" in kept.text
    form = {"rate-result": "5", "rate-service": "5", "rate-time": "4", "rate-text": "准时"}
    assert client.post(path, data=form).status_code == 303
    assert client.post(path, data=form).status_code == 409
