"""The client that tested rates it, once; the lab answers beside it (R-RATING)."""

from collections.abc import Iterator
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.booking import notifications
from labshare.booking.errors import (
    AlreadyRated,
    AnswerMissing,
    NoReportStands,
    NotRatedYet,
    OwnLab,
    PointsOutOfRange,
    RatingAnsweredAlready,
    RatingTooLong,
)
from labshare.booking.models import Booking, Rating
from labshare.booking.services.common import locked_booking
from labshare.booking.terms import BookingState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb

RATING_TEXT_LENGTH = 2000
MOST_POINTS = 5


@verb("rating.give", title=_l("Test rated"))
def rate(*, actor: Actor, now: datetime, ref: str, result: int, service: int, time: int, text: str = "") -> Rating:
    """Rate result, service and time, 1 to 5 each, and say why. Raises `NoReportStands`, `OwnLab`, `AlreadyRated`,
    `PointsOutOfRange`, `RatingTooLong`."""
    booking = locked_booking(actor, "rating.give", ref=ref)
    if booking.client_firm_id == booking.lab_firm_id:
        raise OwnLab
    if booking.state not in BookingState.with_report():
        raise NoReportStands
    if _rating_of(booking) is not None:
        raise AlreadyRated
    points = {"result": result, "service": service, "time": time}
    raise_all(
        [
            *(PointsOutOfRange(name) for name, given in points.items() if not 1 <= given <= MOST_POINTS),
            *_text_problems(text),
        ]
    )
    rating = Rating(
        booking_id=booking.id,
        lab_id=booking.lab_id,
        test_item_id=booking.test_item_id,
        given_on=local_day(now),
        result_points=result,
        service_points=service,
        time_points=time,
        text=text.strip(),
        given_by=actor.person_id,
        given_at=now,
    )
    db.session.add(rating)
    db.session.flush()
    record(
        actor, now, "rating.give", ("booking", ref), after={f"{name}_points": given for name, given in points.items()}
    )
    notifications.notify_lab(notifications.RATED, booking, actor=actor, now=now)
    return rating


@verb("rating.answer", title=_l("Rating answered"))
def answer_rating(*, actor: Actor, now: datetime, ref: str, text: str) -> Rating:
    """The lab answers, once. Raises `NotRatedYet`, `RatingAnsweredAlready`, `AnswerMissing`, `RatingTooLong`."""
    booking = locked_booking(actor, "rating.answer", ref=ref)
    rating = _rating_of(booking)
    if rating is None:
        raise NotRatedYet
    if rating.answer is not None:
        raise RatingAnsweredAlready
    raise_all([*([] if text.strip() else [AnswerMissing()]), *_text_problems(text)])
    rating.answer, rating.answered_by, rating.answered_at = text.strip(), actor.person_id, now
    db.session.flush()
    record(actor, now, "rating.answer", ("booking", ref))
    notifications.notify_client(notifications.RATING_ANSWERED, booking, actor=actor, now=now)
    return rating


def _rating_of(booking: Booking) -> Rating | None:
    return db.session.scalar(
        select(Rating).where(Rating.booking_id == booking.id).execution_options(populate_existing=True)
    )


def _text_problems(text: str) -> Iterator[Problem]:
    if len(text) > RATING_TEXT_LENGTH or not all(each.isprintable() or each in "\r\n\t" for each in text):
        yield RatingTooLong(n=RATING_TEXT_LENGTH)
