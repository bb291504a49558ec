"""Taking away any one rule of time, price or lifecycle makes a test fail: each mutant here must be noticed."""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask

from labshare.booking.rules import lifecycle, price, starts, time
from labshare.booking.rules.price import HoursChoice
from labshare.booking.rules.starts import Plan, StartRules
from labshare.booking.rules.time import DayRange, Openings, WorkingDays
from labshare.booking.services import answer, charges, end, holdings, hours, move, work
from labshare.booking.terms import BookingState
from tests.booking import test_cases, test_hours, test_life_of_a_booking
from tests.booking.conftest import make_house
from tests.conftest import Clock

pytestmark = pytest.mark.slow

book = sys.modules["labshare.booking.services.book"]
Patch = pytest.MonkeyPatch
OPENINGS_NEXT, OPENINGS_THROUGHOUT = Openings.next_start, Openings.open_throughout
PLAN = StartRules.plan
JOINED = time.joined


def whole_days_only(self: WorkingDays, day: Any) -> int | None:
    return int(day.weekday())


def no_wait(self: StartRules, start: datetime) -> Plan:
    ends_at = self.end_of_work(start)
    return Plan(starts_at=start, ends_at=ends_at, holding_ends_at=ends_at + self.work.cleanup)


def no_clean_up(self: StartRules, start: datetime) -> Plan:
    plan = PLAN(self, start)
    return Plan(
        starts_at=plan.starts_at, ends_at=plan.ends_at, holding_ends_at=plan.holding_ends_at - self.work.cleanup
    )


def closing_is_too_late(self: Openings, since: datetime, until: datetime) -> bool:
    return OPENINGS_THROUGHOUT(self, since, until + timedelta(microseconds=1))


def apart(spans: Any, step: timedelta = timedelta(0)) -> list[Any]:
    return JOINED(spans, step) if step else sorted(one for one in spans if one.starts_at < one.ends_at)


def days_apart(spans: Any, step: timedelta = timedelta(0)) -> list[Any]:
    return sorted(spans) if step else JOINED(spans, step)


def one_occurrence(day: Any, minute: int, zone: Any, *, closing: bool = False) -> datetime:
    del closing
    return MOMENT_OF(day, minute, zone)


MOMENT_OF = time.moment_of
PRICE_OF = price.price_of
WORK_AGREED = price.work_agreed
ANSWER_BY = lifecycle.answer_by

# what the cases in `cases/*.yaml` must notice
RULES: dict[str, Callable[[Patch], None]] = {
    "opening hours": lambda p: p.setattr(StartRules, "hours_problems", lambda self, start: iter(())),
    "lead time and horizon": lambda p: p.setattr(
        StartRules, "_distance_problems", lambda self, start, *, now: iter(())
    ),
    "shortest and longest": lambda p: p.setattr(StartRules, "_length_problems", lambda self: iter(())),
    "calibration": lambda p: p.setattr(StartRules, "_calibration_problems", lambda self, start: []),
    "every day touched": lambda p: p.setattr(
        StartRules, "days_touched", lambda self, start: DayRange(*[time.local_day(start, self.zone)] * 2)
    ),
    "certificates join": lambda p: p.setattr(starts, "joined", days_apart),
    "whole minute": lambda p: p.setattr(starts, "is_whole_minute", lambda moment: True),
    "holidays and make-up days": lambda p: p.setattr(WorkingDays, "weekday_of_hours", whole_days_only),
    "touching intervals": lambda p: p.setattr(time, "joined", apart),
    "closures": lambda p: p.setattr(time, "without", lambda intervals, cuts: list(intervals)),
    "an end at closing": lambda p: p.setattr(Openings, "open_throughout", closing_is_too_late),
    "repeated local time": lambda p: p.setattr(time, "moment_of", one_occurrence),
    "rounding up": lambda p: p.setattr(
        StartRules, "end_of_work", lambda self, start: (start + self.work.duration).replace(second=0)
    ),
    "taken out when open": lambda p: p.setattr(StartRules, "plan", no_wait),
    "clean-up": lambda p: p.setattr(StartRules, "plan", no_clean_up),
    "within a year": lambda p: p.setattr(time, "YEAR", timedelta(days=3650)),
    "further runs": lambda p: p.setattr(
        test_cases, "work_of", lambda *given: _replace(price.work_of(*given), run_offsets=())
    ),
    "set-up in one interval": lambda p: p.setattr(
        test_cases, "work_of", lambda *given: _replace(price.work_of(*given), setup=timedelta(0))
    ),
    "attended": lambda p: p.setattr(
        test_cases, "work_of", lambda *given: _replace(price.work_of(*given), attended=False)
    ),
    "quantity and hours": lambda p: p.setattr(test_cases, "question_problems", lambda *given: []),
    "steps of hours": lambda p: p.setattr(HoursChoice, "allows", lambda self, chosen: True),
    "runs rounded up": lambda p: p.setattr(
        price, "runs_of", lambda item, quantity: max(1, quantity // item.samples_per_run)
    ),
    "minimum": lambda p: p.setattr(
        test_cases,
        "price_of",
        lambda fee, given: PRICE_OF(price.Fee(basis=fee.basis, amount_fen=fee.amount_fen), given),
    ),
    "half up": lambda p: p.setattr(price, "round_half_up", int),
    "minutes exact": lambda p: p.setattr(
        test_cases,
        "price_of",
        lambda fee, given: PRICE_OF(fee, _replace(given, minutes=Fraction(round(given.minutes)))),
    ),
    "working days": lambda p: p.setattr(WorkingDays, "is_working_day", lambda self, day: day.weekday() < 5),
    "two working days": lambda p: p.setattr(lifecycle, "WORKING_DAYS_TO_ANSWER", 1),
    "start comes first": lambda p: p.setattr(
        test_cases, "answer_by", lambda asked, **more: ANSWER_BY(asked, **more | {"starts_at": asked + timedelta(99)})
    ),
    "fee by terms": lambda p: p.setattr(test_cases, "cancellation_fee", lambda *given, **more: 0),
    "lab cancels for nothing": lambda p: p.setattr(
        test_cases,
        "cancellation_fee",
        lambda *given, **more: price.cancellation_fee(*given, **more | {"by_lab": False}),
    ),
}


def _replace(given: Any, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(given, **changes)


def _cases_hold() -> None:
    for given in test_cases.starts():
        test_cases.test_start(*given.values)
    for group in test_cases.read("price.yaml"):
        for line in group["lines"]:
            test_cases.test_price(group, line)
    for line in test_cases.read("deadlines.yaml")["answers"]["lines"]:
        test_cases.test_answer_by(line)
    for line in test_cases.read("deadlines.yaml")["cancelling"]["lines"]:
        test_cases.test_cancelling(line)


def test_unchanged_rules_hold() -> None:
    _cases_hold()


@pytest.mark.parametrize("rule", RULES)
def test_cases_notice(monkeypatch: Patch, rule: str) -> None:
    RULES[rule](monkeypatch)
    with pytest.raises(Exception):  # noqa: B017, PT011 -- a wrong answer or a crash: either is noticed
        _cases_hold()


# what the life of a booking must notice, on both databases
def _confirmed_stays(state: Any, automatic: bool) -> BookingState:
    del automatic
    return BookingState(state)


LIFE: dict[str, tuple[Callable[[Patch], None], Callable[..., None]]] = {
    "no-show after an hour": (
        lambda p: p.setattr(work, "NO_SHOW_AFTER", timedelta(0)),
        test_life_of_a_booking.test_no_show_from_sixty_minutes_after_the_start,
    ),
    "a lapsed request is not confirmed": (
        lambda p: p.setattr(answer, "refuse_lapsed", lambda booking, now: None),
        test_life_of_a_booking.test_unanswered_request_lapses,
    ),
    "who takes time deletes what lapsed": (
        lambda p: p.setattr(holdings, "clear", lambda *given: None),
        test_life_of_a_booking.test_lapsed_request_stops_counting_without_any_process,
    ),
    "a second click books nothing": (
        lambda p: p.setattr(book, "refuse_second_click", lambda actor, submission: None),
        test_life_of_a_booking.test_second_click_books_nothing,
    ),
    "a move is a request again": (
        lambda p: p.setattr(move, "state_after_move", _confirmed_stays),
        test_life_of_a_booking.test_client_moves_and_it_is_a_request_again,
    ),
    "a proposal holds its time": (
        lambda p: p.setattr(move, "_hold_for", lambda *given, **named: True),
        test_life_of_a_booking.test_proposal_holds_its_time_and_accepting_confirms,
    ),
    "cancelling costs": (
        lambda p: p.setattr(end, "cancellation_preview", lambda booking, now, **more: 0),
        lambda app, clock: test_life_of_a_booking.test_cancelling_costs_what_the_terms_say(
            app, clock, "2026-11-30 09:01", 5_000
        ),
    ),
    "never in the future": (
        lambda p: p.setattr(work, "not_in_future", lambda at, *, now: at or now),
        test_life_of_a_booking.test_finish_is_never_in_the_future_nor_before_the_start,
    ),
    "an early start needs the unit free": (
        lambda p: p.setattr(holdings, "change_holding", lambda holding_id, **values: True),
        test_life_of_a_booking.test_early_start_moves_the_holding_where_the_unit_is_free,
    ),
    "a running test keeps its unit": (
        lambda p: p.setattr(holdings, "lengthen", lambda holding, wanted: holding.ends_at),
        test_life_of_a_booking.test_running_test_keeps_its_unit_as_far_as_free,
    ),
    "blocks take what is free": (
        lambda p: p.setattr(holdings, "pieces_free", lambda wanted, taken: [wanted]),
        test_life_of_a_booking.test_block_takes_what_is_free_and_lists_what_is_in_the_way,
    ),
    "an increase needs consent": (
        lambda p: p.setattr(charges, "_waiting_line", _any_line),
        test_life_of_a_booking.test_increase_of_charge_needs_consent,
    ),
    "confirm checks closures again": (
        lambda p: p.setattr(answer, "recheck", lambda *given: None),
        test_hours.test_closure_lists_what_it_hits_and_keeps_it_from_being_confirmed,
    ),
    "new hours list conflicts": (
        lambda p: p.setattr(hours, "bookings_hit", lambda *given, **more: []),
        test_hours.test_new_hours_list_the_bookings_they_hit_and_change_none,
    ),
}


def _any_line(booking: Any, charge_id: int, now: Any) -> Any:
    from labshare.booking.models import Charge
    from labshare.kernel.database import db

    del booking, now
    return db.session.get_one(Charge, charge_id)


@pytest.mark.parametrize("rule", LIFE)
def test_life_notices(app: Flask, clock: Clock, monkeypatch: Patch, rule: str) -> None:
    take_away, noticed_by = LIFE[rule]
    wanted = noticed_by.__code__.co_varnames[: noticed_by.__code__.co_argcount]
    given: dict[str, Any] = {"app": app, "clock": clock}
    if "house" in wanted:
        given["house"] = make_house(clock)
    if "single" in wanted:
        given["single"] = make_house(clock, units=1)
    take_away(monkeypatch)
    with pytest.raises(BaseException) as noticed:  # noqa: PT011 -- pytest's own failures are no Exceptions
        noticed_by(**{name: given[name] for name in wanted})
    assert not isinstance(noticed.value, KeyboardInterrupt | SystemExit | TypeError)
