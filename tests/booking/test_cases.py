"""The threshold cases of time, price and deadlines, kept as data that an official can read (`cases/*.yaml`)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from labshare.booking.rules.lifecycle import answer_by
from labshare.booking.rules.price import (
    CancellationTerms,
    Fee,
    HoursChoice,
    ItemTerms,
    cancellation_fee,
    price_of,
    question_problems,
    work_of,
)
from labshare.booking.rules.starts import InstrumentTerms, StartRules
from labshare.booking.rules.time import Closure, DayRange, LabHours, Openings, WorkingDays
from labshare.booking.terms import DayKind

CASES = Path(__file__).parent / "cases"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ORDINARY = dict.fromkeys(WEEKDAYS[:5], "08:30-12:00 13:30-17:00")


def read(name: str) -> Any:
    """A file of cases; dates and times stay text."""
    return yaml.load((CASES / name).read_text(), Loader=yaml.CBaseLoader)  # noqa: S506 -- text and nothing else


def moment(text: str, zone: ZoneInfo) -> datetime:
    read_as = datetime.fromisoformat(text)
    return (read_as if read_as.tzinfo else read_as.replace(tzinfo=zone)).astimezone(UTC)


def minutes(clock: str) -> int:
    hours, rest = clock.split(":")
    return int(hours) * 60 + int(rest)


def days_of(group: dict[str, Any]) -> WorkingDays:
    kinds = {date.fromisoformat(day): DayKind.HOLIDAY for day in group.get("holidays", [])}
    kinds |= {date.fromisoformat(day): DayKind.MAKE_UP for day in group.get("make_up", [])}
    return WorkingDays(kinds, frozenset({2026, 2027}))


def item_of(test: dict[str, Any]) -> ItemTerms:
    hours = test.get("hours")
    return ItemTerms(
        setup=Decimal(test.get("setup", "0")),
        per_sample=Decimal(test.get("per_sample", "60")),
        per_run=Decimal(test.get("per_run", "0")),
        cleanup=Decimal(test.get("cleanup", "0")),
        samples_per_run=int(test.get("samples_per_run", "1")),
        hours=HoursChoice(**{name: int(number) for name, number in zip(("min", "max", "step"), hours, strict=True)})
        if hours
        else None,
        max_quantity=20,
        attended=test.get("attended", "true") == "true",
        runs_start_open=test.get("runs_start_open", "false") == "true",
    )


def instrument_of(given: dict[str, Any]) -> InstrumentTerms:
    calibrated = given.get("calibrated")
    return InstrumentTerms(
        lead=timedelta(minutes=int(given.get("lead_minutes", "0"))),
        horizon=timedelta(days=int(given["horizon_days"])) if "horizon_days" in given else None,
        shortest=Decimal(given["shortest"]) if "shortest" in given else None,
        longest=Decimal(given["longest"]) if "longest" in given else None,
        certificates=None
        if calibrated is None
        else tuple(DayRange(date.fromisoformat(first), date.fromisoformat(last)) for first, last in calibrated),
    )


def starts() -> list[Any]:
    return [
        pytest.param(group, line, id=f"{group['title'].split(' / ')[1]}: {line['at']}")
        for group in read("time.yaml")
        for line in group["starts"]
    ]


@pytest.mark.parametrize(("group", "line"), starts())
def test_start(group: dict[str, Any], line: dict[str, Any]) -> None:
    zone = ZoneInfo(group.get("zone", "Asia/Shanghai"))
    now = moment(group.get("now", "2026-11-24 10:00"), zone)
    hours = group.get("hours", ORDINARY)
    weekly = tuple(
        tuple(
            (minutes(opens), minutes(closes))
            for opens, closes in (span.split("-") for span in hours.get(weekday, "").split())
        )
        for weekday in WEEKDAYS
    )
    closures = tuple(
        Closure(moment(one["from"], zone), moment(one["to"], zone), one["reason"]) for one in group.get("closures", [])
    )
    item = item_of(group.get("test", {}))
    chosen = Decimal(line["hours"]) if "hours" in line else None
    work = work_of(item, int(line.get("quantity", "1")), chosen)
    openings = Openings(LabHours(weekly, closures), days_of(group), zone, now)
    rules = StartRules(openings, work, instrument_of(group.get("instrument", {})))
    start = moment(line["at"], zone)
    waive = line.get("waived") == "true"
    problems = rules.problems(start, now=now, waive=waive)
    if "refused" in line:
        assert [problem.code for problem in problems] == [line["refused"]]
        assert problems[0].field == "starts_at"
        assert problems[0].text
        return
    assert problems == []
    plan = rules.plan(start)
    assert [plan.ends_at, plan.holding_ends_at] == [moment(text, zone) for text in line["ok"]]
    # the search for the next start agrees
    assert rules.next_start(start, start + timedelta(minutes=1)) == start


@pytest.mark.parametrize(
    ("group", "line"),
    [
        pytest.param(group, line, id=f"{group['title'].split(' / ')[1]}: {number}")
        for group in read("price.yaml")
        for number, line in enumerate(group["lines"], 1)
    ],
)
def test_price(group: dict[str, Any], line: dict[str, Any]) -> None:
    item = item_of(group["test"])
    quantity = int(line["quantity"])
    hours = Decimal(line["hours"]) if "hours" in line else None
    if "refused" in line:
        assert [problem.code for problem in question_problems(item, quantity, hours)] == [line["refused"]]
        return
    work = work_of(item, quantity, hours)
    assert (work.runs, work.minutes) == (int(line["runs"]), Fraction(line["minutes"]))
    fee = Fee(
        basis=group["fee"]["basis"],
        amount_fen=int(group["fee"]["amount"]),
        minimum_fen=int(group["fee"].get("minimum", "0")),
    )
    assert price_of(fee, work).total_fen == int(line["price"])


@pytest.mark.parametrize("line", read("deadlines.yaml")["answers"]["lines"])
def test_answer_by(line: dict[str, Any]) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    days = days_of(read("deadlines.yaml")["answers"])
    assert answer_by(
        moment(line["asked"], zone), starts_at=moment(line["starts"], zone), days=days, zone=zone
    ) == moment(line["by"], zone)


@pytest.mark.parametrize("line", read("deadlines.yaml")["cancelling"]["lines"])
def test_cancelling(line: dict[str, Any]) -> None:
    given = read("deadlines.yaml")["cancelling"]
    terms = CancellationTerms(**{name: int(value) for name, value in given["terms"].items()})
    by = line.get("by")
    fee = cancellation_fee(
        terms,
        int(given["price"]),
        until_start=timedelta(minutes=int(line["minutes_before"])),
        by_lab=by == "lab",
        no_show=by == "no_show",
    )
    assert fee == int(line["fee"])
