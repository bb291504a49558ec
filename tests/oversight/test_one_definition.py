"""A figure that can be opened sums to what is behind it; figures that share a label share a definition."""

import html
import re
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.booking.models import Holding
from labshare.kernel.database import transaction
from labshare.kernel.formatting import plain_amount, wan_number
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.oversight.dashboard import dashboard
from labshare.oversight.public import figures_by_month, public_figures, usage_by_month
from labshare.oversight.queries import outside_revenue, usage_report
from labshare.oversight.rows import behind
from labshare.oversight.rules import Usage
from labshare.oversight.statistics import ANYONE, statistics
from labshare.oversight.terms import UsageBy
from labshare.settlement.queries.ledger import ledger_total
from tests import factories
from tests.api.conftest import token_for
from tests.conftest import Clock
from tests.rewards.world import add_booking, add_lab, add_revenue, people
from tests.signing import sign_in

pytestmark = pytest.mark.slow

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
BYS = tuple(UsageBy)
NO_BOOKING_MAKES_UP = {"available_minutes", "units", "reports"}


@pytest.fixture
def world(app: Flask, clock: Clock) -> Any:
    """Three labs of two firms in October: work that began in September or ends in November, no-shows, the labs' own
    bookings, revenue that comes months later, an instrument exchanged after it earned, in-house use."""
    clock.set("2026-11-25 10:00")
    with transaction():
        world = people()
        factories.working_year()
        host = factories.firm(size_class="medium")
        for firm in (host, host, None):
            add_lab(world, firm)
        clients = [factories.firm(size_class=size) for size in ("micro", "small", "large")]
        for number, lab in enumerate(world.labs):
            for place, client in enumerate([*clients[: 2 + number % 2], lab.firm]):
                for day, length in ((date(2026, 9, 30), 30), (date(2026, 10, 5 + place), 2), (date(2026, 10, 31), 40)):
                    begun = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
                    booking = add_booking(
                        world,
                        lab,
                        client,
                        day,
                        instrument=place % 2,
                        quantity=place + 1,
                        ends_at=begun + timedelta(hours=length),
                        finished_at=begun + timedelta(hours=length),
                        machine_minutes=61 if place == 0 else None,
                    )
                    add_revenue(booking, f"{day:%Y-%m}", 10_000 + 7 * number + place, 100)
                    add_revenue(booking, "2026-11", -303 + number, 3)
            add_booking(world, lab, clients[0], date(2026, 10, 12), state="no_show", finished_at=None, started_at=None)
            moved = add_booking(world, lab, clients[1], date(2026, 10, 20), instrument=0)
            add_revenue(moved, "2026-10", 4_321)
            moved.instrument_id = world.instruments[lab.id][1].id
            start = datetime(2026, 10, 22, 5, tzinfo=UTC)
            factories.add(
                Holding(
                    instrument_id=world.instruments[lab.id][0].id,
                    unit=1,
                    kind="in_house",
                    starts_at=start,
                    ends_at=start + timedelta(hours=3),
                    created_at=start,
                )
            )
    return world


def made_up(usage: Usage) -> dict[str, Any]:
    return {one.name: getattr(usage, one.name) for one in fields(Usage) if one.name not in NO_BOOKING_MAKES_UP}


@pytest.mark.parametrize("by", BYS)
def test_each_row_of_the_usage_report_opens_to_exactly_what_it_counts(world: Any, clock: Clock, by: UsageBy) -> None:
    # R-USAGE-2
    for first, last in ((OCTOBER, OCTOBER), (NOVEMBER, NOVEMBER), (OCTOBER.previous, NOVEMBER)):
        report = usage_report(ANYONE, by, first, last, clock.now)
        assert any(row.usage.recognised_fen for row in report.rows)
        for row in report.rows:
            opened = behind(ANYONE, by, row.id, first, last, clock.now, offset=0, limit=1000)
            assert made_up(opened.total) == made_up(row.usage), (by, row.code, first)
            assert (opened.code, opened.name) == (row.code, row.name)
            assert len(opened.rows) == opened.bookings
            for name in (
                "booked_minutes",
                "outside_minutes",
                "bookings",
                "no_shows",
                "tests",
                "samples",
                "recognised_fen",
                "outside_fen",
            ):
                assert sum(getattr(one.usage, name) for one in opened.rows) == getattr(row.usage, name), name
            used = sum(one.usage.used_minutes for one in opened.rows)
            assert used + opened.total.in_house_minutes == row.usage.used_minutes
            assert sum(one.recognised_fen for one in opened.ledger) == row.usage.recognised_fen
            assert all(made_up(one.usage) != made_up(Usage()) for one in opened.rows)


def test_the_ledgers_page_it_leads_to_shows_the_same_sum(world: Any, clock: Clock) -> None:
    for row in usage_report(ANYONE, "lab", OCTOBER, NOVEMBER, clock.now).rows:
        for one in behind(ANYONE, "lab", row.id, OCTOBER, NOVEMBER, clock.now, offset=0, limit=1).ledger:
            assert ledger_total(ANYONE, one.month, lab_id=one.lab.id)[1] == one.recognised_fen


@pytest.fixture
def reader(world: Any, client: FlaskClient) -> FlaskClient:
    with transaction():
        person = factories.regulator("auditor")
    return sign_in(client, person)


def links(page: str, path: str) -> list[str]:
    return [html.unescape(one) for one in re.findall(r'href="([^"]+)"', page) if urlsplit(one).path == path]


@pytest.mark.parametrize("by", BYS)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_row_of_the_page_leads_to_its_total_name_and_ledger(
    world: Any, clock: Clock, reader: FlaskClient, by: UsageBy, language: str
) -> None:
    head = {"Accept-Language": language}
    page = reader.get(f"/regulator/usage?by={by}&from=2026-10&to=2026-10", headers=head).text
    for row in usage_report(ANYONE, by, OCTOBER, OCTOBER, clock.now).rows:
        (href,) = links(page, f"/regulator/usage/{by}/{row.id}")
        opened = reader.get(href, headers=head).text
        text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", opened)))
        assert row.name in text or (row.name_en or "-") in text
        total = re.findall(r"<tfoot>.*?</tfoot>", opened, re.S)
        assert plain_amount(row.usage.recognised_fen) in total[0]
        if row.usage.recognised_fen:
            assert plain_amount(row.usage.recognised_fen) in total[1]
            assert any("lab=" in one and "month=2026-10" in one for one in links(opened, "/regulator/ledger"))
        for ledger in links(opened, "/regulator/ledger"):
            assert reader.get(ledger, headers=head).status_code == 200


def test_what_is_not_in_the_report_is_not_opened(world: Any, reader: FlaskClient) -> None:
    for path in ("/regulator/usage/lab/99999", "/regulator/usage/planet/1"):
        assert reader.get(path).status_code == 404


def test_a_host_firm_opens_its_own_rows_alone(world: Any, client: FlaskClient) -> None:  # R-USAGE-3
    own, other = world.labs[0], world.labs[2]
    with transaction():
        owner = factories.member(own.firm)
    sign_in(client, owner, own.firm)
    assert client.get(f"/lab/usage/lab/{own.id}?from=2026-10&to=2026-10").status_code == 200
    assert client.get(f"/lab/usage/lab/{other.id}?from=2026-10&to=2026-10").status_code == 404


def test_the_overviews_figures_lead_to_pages_that_show_them(world: Any, clock: Clock, reader: FlaskClient) -> None:
    head = {"Accept-Language": "zh-CN"}
    page = reader.get("/regulator/?span=own&from=2026-10&to=2026-10", headers=head).text
    shown = dashboard(ANYONE, OCTOBER, OCTOBER, clock.now)
    by_lab = next(
        one for one in links(page, "/regulator/usage") if set(parse_qs(urlsplit(one).query)) == {"from", "to"}
    )
    report = usage_report(ANYONE, "lab", OCTOBER, OCTOBER, clock.now)
    assert shown.whole_fen == report.total.recognised_fen
    assert shown.outside_fen == report.total.outside_fen < shown.whole_fen
    opened = reader.get(by_lab, headers=head).text
    foot = re.findall(r"<tfoot>.*?</tfoot>", opened, re.S)[0]
    for fen in (shown.whole_fen, shown.outside_fen):
        assert plain_amount(fen) in foot
        assert wan_number(fen) in page
    chart = next(one for one in links(page, "/regulator/usage") if "by=instrument" in one)
    year = usage_report(ANYONE, "instrument", OCTOBER.plus(-11), OCTOBER, clock.now)
    assert sum(shown.groups) == len(year.rows)
    assert shown.groups[0] == sum((row.usage.utilisation(12) or 0) * 100 < 20 for row in year.rows)
    assert reader.get(chart, headers=head).status_code == 200


def test_tests_finished_firms_served_and_hours_are_the_same_everywhere(world: Any, clock: Clock) -> None:  # R-USAGE-2
    report = usage_report(ANYONE, "lab", OCTOBER, OCTOBER, clock.now).total
    overview = dashboard(ANYONE, OCTOBER, OCTOBER, clock.now).totals
    public = next(one for one in figures_by_month(local_day(clock.now)) if one.month == OCTOBER)
    assert report.tests == overview.finished == public.tests > 0
    assert report.clients == overview.clients == public.clients > 0
    assert report.smes == overview.smes
    assert report.samples == public.samples
    assert report.used_minutes == overview.used_minutes == public.minutes + report.in_house_minutes
    assert report.outside_minutes == overview.outside_minutes
    assert report.sharing_rate == overview.sharing_rate
    assert report.tests != report.bookings, "the world tells them apart"


def test_the_years_public_figures_are_the_reports(world: Any, clock: Clock) -> None:
    year = usage_report(ANYONE, "lab", Month(2026, 1), OCTOBER, clock.now).total
    public = public_figures(local_day(clock.now))
    assert (public.tests, public.clients) == (year.tests, year.clients)


def test_the_public_api_counts_like_the_pages(world: Any, clock: Clock, client: FlaskClient) -> None:
    told = client.get("/api/v1/statistics?month=2026-10").get_json()
    public = public_figures(local_day(clock.now))
    assert (told["labs"], told["instruments"], told["test_items"]) == (
        public.labs,
        public.instruments,
        public.test_items,
    )
    month = next(one for one in figures_by_month(local_day(clock.now)) if one.month == OCTOBER)
    assert sum(row["tests"] for row in told["by_lab"]) == month.tests
    assert sum(row["tests"] for row in told["by_instrument"]) == month.tests
    assert statistics(OCTOBER, clock.now).by_lab.total.clients == month.clients
    for row in told["by_instrument"]:
        of = next(one for one in usage_by_month(row["id"], local_day(clock.now)) if one.month == OCTOBER)
        kept = usage_report(ANYONE, "instrument", OCTOBER, OCTOBER, clock.now)
        used = next(one.usage for one in kept.rows if one.id == row["id"])
        assert (row["tests"], row["used_minutes"]) == (of.tests, of.minutes + used.in_house_minutes)


def test_the_usage_api_and_a_labs_day_count_like_the_report(world: Any, clock: Clock, client: FlaskClient) -> None:
    report = usage_report(ANYONE, "lab", NOVEMBER, NOVEMBER, clock.now)
    for row in report.rows:
        lab = SimpleNamespace(id=row.id)
        assert outside_revenue(lab.id, NOVEMBER) == row.usage.outside_fen  # type: ignore[arg-type]
    with transaction():
        token = token_for(factories.regulator("auditor"))
    told = client.get("/api/v1/reports/usage?from=2026-11&to=2026-11", headers=token).get_json()["total"]
    for name in ("tests", "samples", "clients", "smes", "recognised_fen", "outside_fen", "used_minutes"):
        assert told[name] == getattr(report.total, name)
