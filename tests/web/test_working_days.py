"""The working-day calendar's page: a day is set and set back, and a year warns until it is confirmed as complete."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from labshare.audit.models import AuditEvent
from labshare.booking.models import WorkingDay
from labshare.booking.queries.loading import working_days
from labshare.kernel.database import db, transaction
from tests import factories
from tests.signing import sign_in

NEXT_YEAR = date(2027, 1, 1), date(2027, 12, 31)
WARNS = {"zh-CN": "工作日历 2027 年数据不完整", "en": "The working-day calendar of 2027 is not complete"}


@pytest.fixture
def admin(app: Flask, client: FlaskClient, clock: Any) -> FlaskClient:
    with transaction():
        factories.working_year()
        person = factories.regulator("admin")
    return sign_in(client, person)


def events(action: str) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)))


def test_a_holiday_is_set_back_to_an_ordinary_day(admin: FlaskClient) -> None:
    admin.post("/admin/working-days", data={"day": "2026-12-31", "kind": "holiday", "name": "临时放假"})
    page = admin.get("/admin/working-days?year=2026", headers={"Accept-Language": "zh-CN"}).text
    assert "恢复为普通日" in page
    assert 'name="kind" value="ordinary"' in page  # what the button beside the day sends

    answer = admin.post("/admin/working-days", data={"day": "2026-12-31", "kind": "ordinary"})

    assert answer.status_code == 303, answer.text
    assert db.session.get(WorkingDay, date(2026, 12, 31)) is None
    set_back = events("time.set_day")[-1]
    assert (set_back.before, set_back.after) == ({"2026-12-31": "holiday"}, {"2026-12-31": None})


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_an_empty_year_warns_until_it_is_confirmed(admin: FlaskClient, language: str) -> None:  # R-TIME-3
    head = {"Accept-Language": language}
    assert WARNS[language] in admin.get("/regulator/tasks", headers=head).text

    admin.post("/admin/working-days/years", data={"year": "2027", "source": "通知"})
    assert WARNS[language] in admin.get("/regulator/tasks", headers=head).text
    assert working_days().missing_years(*NEXT_YEAR) == (2027,)

    admin.post("/admin/working-days", data={"day": "2027-01-01", "kind": "holiday", "name": "元旦"})
    assert working_days().missing_years(*NEXT_YEAR) == (2027,)
    assert not working_days().is_working_day(date(2027, 1, 1))  # a day entered holds all the same

    assert admin.post("/admin/working-days/years/2027/confirm").status_code == 303
    assert working_days().missing_years(*NEXT_YEAR) == ()
    assert WARNS[language] not in admin.get("/regulator/tasks", headers=head).text
    assert [one.after for one in events("time.confirm_year")] == [{"confirmed": True, "days": 1}]

    admin.post("/admin/working-days/years/2027/confirm")
    assert len(events("time.confirm_year")) == 1


def test_a_year_never_begun_cannot_be_confirmed(admin: FlaskClient) -> None:
    assert admin.post("/admin/working-days/years/2031/confirm").status_code == 404
