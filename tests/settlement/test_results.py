"""Results: a lab's series of numbers, versions of a report, marks by accreditation (R-RESULT)."""

import io
import re
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from labshare.booking.errors import MarkNotCovered
from labshare.catalogue.models import Accreditation, AccreditationScope, TestItemStandard
from labshare.kernel.database import db, transaction
from labshare.kernel.time import utc_now
from labshare.notices.models import Notice
from labshare.oversight.checks.records import gaps_in_report_numbers
from labshare.settlement import errors
from labshare.settlement.models import Report, ReportMark, ReportSeries
from labshare.settlement.rules.numbers import Series, grouped, new_code, read_code
from tests import factories
from tests.settlement.world import FINISHED, World, pdf, signed_in, taken

JULY_1 = date(2026, 7, 1)


@pytest.fixture
def world(app):
    return World()


def report(number_or_id):
    return db.session.get_one(Report, number_or_id)


# numbers


@settings(max_examples=60)
@given(last=st.integers(0, 12_000), serial=st.integers(0, 12_010))
def test_a_series_takes_what_leaves_no_gap(last, serial):  # R-RESULT-1
    series = Series("XC-012", 2026, last)
    typed = series.number(serial)
    assert series.has_form(typed)
    if serial >= 1 and (last == 0 or serial <= last + 1):
        assert series.serial_of(typed) == serial
    else:
        with pytest.raises(errors.NotNextInSeries) as refused:
            series.serial_of(typed)
        assert refused.value.params["number"] == series.number(last + 1)


@pytest.mark.parametrize("number", ["XC-012-2025-0001", "XC-012-2026-1", "XC-012-2026-00001", "XC-012-2026-000000001"])
def test_a_number_of_the_series_in_another_year_or_spelling(number):  # R-RESULT-1
    with pytest.raises(errors.NotNextInSeries):
        Series("XC-012", 2026).serial_of(number)


@pytest.mark.parametrize(
    "number", ["0001", "XC-0121-2026-0001", "XC-012-2026-1A", "XC-012-2026-٠٠٠١", "XC0122026-0001"]
)
def test_a_number_of_the_labs_own(number):  # R-RESULT-1
    assert not Series("XC-012", 2026).has_form(number)


def test_a_lab_goes_on_where_it_is_on_paper_and_leaves_no_gap_then(world):  # R-RESULT-1
    code = world.lab.code
    world.report(number=f"{code}-2026-0041")
    world.report(number="own")
    with pytest.raises(errors.NotNextInSeries):
        world.report(number=f"{code}-2026-0043")
    assert report(world.report()).number == f"{code}-2026-0042"
    world.report(number=f"{code}-2026-0007")  # issued on paper before, entered late
    assert report(world.report(number=f"{code}-2026-0043")).serial == 43
    assert not list(gaps_in_report_numbers(utc_now()))


def test_the_year_is_that_of_the_reports_date(app):  # R-RESULT-1
    world = World(booked_on=date(2025, 12, 1), finished_on=date(2025, 12, 30))
    assert report(world.report(date(2025, 12, 31))).number.endswith("-2025-0001")
    assert report(world.report(date(2026, 1, 4))).number.endswith("-2026-0001")
    with pytest.raises(errors.NotNextInSeries):
        world.report(date(2025, 12, 31), number=f"{world.lab.code}-2026-0002")


def test_a_refused_report_takes_no_number(world):
    with pytest.raises(errors.FileMissing):
        world.report(file=None)
    assert report(world.report()).serial == 1


def test_the_database_refuses_a_gap(world):  # R-RESULT-1
    world.report()
    for last in (1, 3):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(ReportSeries).values(last=last))
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(ReportSeries).values(last=2))
        session.execute(update(ReportSeries).values(last=3))  # 2 was given to nobody
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("DELETE FROM report_series"))


def test_a_series_with_a_gap_is_found(world):  # R-RESULT-1
    world.report()
    with transaction() as session:
        session.execute(update(ReportSeries).values(last=2))
    assert [subject for subject, _said in gaps_in_report_numbers(utc_now())] == [f"{world.lab.code} 2026"]


def test_codes_are_drawn_by_chance():
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert {len(code) for code in codes} == {16}


# versions


def test_a_corrected_report_stands_for_the_earlier_which_stays_to_be_seen(app, world):  # R-RESULT-2
    first = world.report()
    second = world.report(JULY_1, replaces=first, why="样品编号有误")
    told = [notice for notice in db.session.scalars(select(Notice)) if notice.kind == "report.replaced"]
    assert {notice.person_id for notice in told} == {world.booker.person_id}
    assert told[0].params["old"] == report(first).number
    assert told[0].params["reason"] == "样品编号有误"
    for actor, path in ((world.manager, "/lab/bookings/"), (world.booker, "/bookings/")):
        page = signed_in(app, actor).get(path + world.ref, headers={"Accept-Language": "en"}).text
        assert "version 1" in page
        assert "version 2" in page
        assert f"Superseded by {report(second).number}" in page
        assert "样品编号有误" in page


def test_a_reason_is_asked_for_in_the_form(app, world):  # R-RESULT-2
    first = world.report()
    client, path = signed_in(app, world.manager), f"/lab/bookings/{world.ref}/report"
    page = client.get(f"{path}?replaces={first}", headers={"Accept-Language": "en"}).text
    assert f'<option selected value="{first}">' in page
    form = {"number": "N-2", "issued_on": "2026-07-01", "replaces": first, "why": " "}
    answer = client.post(path, data=form, headers={"Accept-Language": "en"})
    assert 'id="why-error"' in answer.text


def test_versions_move_no_money(world):  # R-RESULT-2, R-RECOGNITION
    """Whatever is replaced how often: June keeps what it earned, later months get nothing."""
    last = world.report()
    world.invoice()
    world.payment()
    earned = world.ledger
    assert earned == {"2026-06": (100_000, 0)}
    for day in (JULY_1, JULY_1 + timedelta(days=40)):
        last = world.report(day, replaces=last, why="更正")
        assert world.ledger == earned
    assert world.money == (100_000, 100_000, 100_000, 100_000)
    world.withdraw(last)
    assert sum(amount for amount, _tax in world.ledger.values()) == 0


# marks


def accredited(world, kind="CMA", *, standard=None, first=date(2024, 1, 1), last=date(2027, 1, 1)):
    """An accreditation that covers the booking's item by a standard of it; the standard's number."""
    if standard is None:
        standard = factories.standard()
        factories.add(TestItemStandard(test_item_id=world.booking.test_item_id, standard_id=standard.id))
    number = "211512340000" if kind == "CMA" else "L12345"
    made = factories.add(
        Accreditation(confirmed=True, lab_id=world.lab.id, kind=kind, number=number, valid_from=first, valid_to=last)
    )
    factories.add(
        AccreditationScope(accreditation_id=made.id, test_item_id=world.booking.test_item_id, standard_id=standard.id)
    )
    db.session.commit()
    return standard.number


def test_a_mark_rests_on_the_accreditation_of_the_day(world):  # R-RESULT-3
    standard = accredited(world)
    made = report(world.report(standard=standard, marks=["CMA"]))
    assert [(mark.kind, mark.number) for mark in made.marks] == [("CMA", "211512340000")]
    assert report(world.report(standard=standard)).marks == []


@pytest.mark.parametrize(
    ("first", "last"),
    [(FINISHED, date(2027, 1, 1)), (date(2024, 1, 1), FINISHED - timedelta(days=1))],
    ids=["begins after the test began", "ended before the test did"],
)
def test_no_mark_on_a_day_that_is_not_covered(world, first, last):  # R-RESULT-3
    standard = accredited(world, first=first, last=last)
    with pytest.raises(MarkNotCovered):
        world.report(standard=standard, marks=["CMA"])


def test_no_mark_by_another_kind_or_standard_or_by_none(world):  # R-RESULT-3
    covered = accredited(world)
    bare = factories.standard()
    factories.add(TestItemStandard(test_item_id=world.booking.test_item_id, standard_id=bare.id))
    foreign = factories.standard().number
    db.session.commit()
    for said, problem in (
        ({"standard": covered, "marks": ["CNAS"]}, MarkNotCovered),
        ({"standard": bare.number, "marks": ["CMA"]}, MarkNotCovered),
        ({"standard": foreign, "marks": ["CMA"]}, errors.StandardNotOfItem),
        ({"marks": ["CMA"]}, errors.MarkWithoutStandard),
        ({"standard": covered, "marks": ["GOLD"]}, MarkNotCovered),
    ):
        with pytest.raises(problem):
            world.report(**said)
    assert not db.session.scalars(select(Report.id)).all()


def test_the_form_offers_the_marks_that_are_covered(app, world):  # R-RESULT-3
    client, path = signed_in(app, world.manager), f"/lab/bookings/{world.ref}/report"
    english = {"Accept-Language": "en"}
    assert 'name="marks"' not in client.get(path, headers=english).text
    standard = accredited(world)
    page = client.get(path, headers=english).text
    assert 'value="CMA"' in page
    assert 'value="CNAS"' not in page
    tampered = {"number": "N-1", "issued_on": "2026-07-01", "standard": standard, "marks": "CNAS"}
    assert 'id="marks-error"' in client.post(path, data=tampered, headers=english).text


def test_the_database_refuses_a_mark_without_accreditation(world):  # R-RESULT-3
    standard = accredited(world)
    made = world.report(standard=standard)
    certificate = db.session.scalars(select(Accreditation)).one()
    for kind, number in (("CNAS", certificate.number), ("CMA", "210000000000")):
        with pytest.raises(IntegrityError), transaction() as session:
            session.add(ReportMark(report_id=made, kind=kind, accreditation_id=certificate.id, number=number))
            session.flush()
    with transaction() as session:
        session.add(ReportMark(report_id=made, kind="CMA", accreditation_id=certificate.id, number=certificate.number))
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("DELETE FROM report_mark"))


# proof


def ask(client, number, code, path="/verify"):
    return client.get(path, query_string={"number": number, "code": code}, headers={"Accept-Language": "en"})


def test_a_report_is_proved_and_not_shown(app, world):  # R-RESULT-4
    standard = accredited(world)
    made = report(world.report(standard=standard, marks=["CMA"]))
    visitor = app.test_client()
    answer = ask(visitor, made.number.lower(), made.printed_code.lower().replace("-", " "))
    page = answer.text
    assert answer.status_code == 200
    for said in ("Genuine and in force", world.lab.code, standard, "211512340000", made.file.sha256):
        assert said in page
    for kept in (world.client.name, str(world.client.name_en), world.client.uscc, world.ref, "/files/"):
        assert kept not in page
    assert answer.headers["Cache-Control"] == "private, no-store"
    said = ask(visitor, made.number, made.code, "/api/v1/reports/verification").json
    assert said == {
        "number": made.number,
        "lab": world.lab.code,
        "issued_on": "2026-06-20",
        "standard": standard,
        "marks": [{"kind": "CMA", "number": "211512340000"}],
        "state": "in_force",
        "superseded_by": None,
        "withdrawn_on": None,
        "sha256": made.file.sha256,
    }


def test_a_later_version_and_a_withdrawal_are_said(app, world):  # R-RESULT-4
    first = report(world.report())
    second = report(world.report(world.today, replaces=first.id))
    visitor = app.test_client()
    assert second.number in ask(visitor, first.number, first.code).text
    assert "Superseded since" in ask(visitor, first.number, first.code).text
    assert "Genuine" in ask(visitor, second.number, second.code).text
    world.withdraw(second.id)
    assert "Withdrawn since" in ask(visitor, second.number, second.code).text


def test_a_wrong_number_and_a_wrong_code_are_answered_alike(app, world):  # R-RESULT-4
    made, other = report(world.report()), report(World().report())
    visitor, answers = app.test_client(), []
    for number, code in (
        (made.number, "0" * 16),
        ("N-1", made.code),
        (made.number, other.code),
        (made.number, "WRONG"),
    ):
        answer = ask(visitor, number, code)
        assert answer.status_code == 200
        assert ask(visitor, number, code, "/api/v1/reports/verification").status_code == 404
        said = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
        answers.append(re.sub(r' value="[^"]*"', "", said))
    assert len(set(answers)) == 1


def test_the_label_leads_to_the_proof_for_the_parties_alone(app, world):  # R-RESULT-4
    made = report(world.report())
    path = f"/files/report/{made.id}/label"
    for actor, status in ((world.manager, 200), (world.booker, 200), (World().booker, 404)):
        answer = signed_in(app, actor).get(path)
        assert answer.status_code == status
    assert signed_in(app, world.booker).get(path).data.startswith(b"%PDF-")


@settings(max_examples=40)
@given(st.text(max_size=30))
def test_whatever_is_typed_as_a_code_is_a_code_or_nobodys(typed):
    code = read_code(typed)
    assert code == "?" or (len(code) == 16 and read_code(grouped(code)) == code)


# raw data


def raw(content=b"t,v\n1,2\n", name="data.csv"):
    return taken(content, name, "raw")


def test_raw_data_are_downloaded_by_both_sides_alone(app, world):  # R-RESULT-6
    made = report(world.report(raw=[raw(), raw(b"PK\x03\x04rest", "spectra.zip")]))
    assert [file.name for file in made.raw] == ["data.csv", "spectra.zip"]
    path = f"/files/raw/{made.raw[0].id}"
    for actor, status in ((world.manager, 200), (world.booker, 200), (World().booker, 404)):
        with signed_in(app, actor).get(path) as answer:
            assert answer.status_code == status
    assert "data.csv" in signed_in(app, world.booker).get(f"/bookings/{world.ref}").text
    with signed_in(app, world.booker).get(path) as answer:
        assert answer.data == b"t,v\n1,2\n"
        assert answer.headers["Content-Disposition"].startswith("attachment")
    assert signed_in(app, world.booker).get(f"/files/raw/{made.file_id}").status_code == 404
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("DELETE FROM report_file"))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MZ program", "data.csv"),
        (b"\x7fELF", "data.txt"),
        (b"#!/bin/sh", "run.txt"),
        (b"a\0b", "data.txt"),
        (b"plain", "data.xlsx"),
        (b"PK\x03\x04", "data.csv"),
        (b"plain", "page.html"),
        (b"plain", "data"),
        (b"plain", "data.pdf"),
    ],
)
def test_what_is_no_data_is_refused(world, content, name):  # R-RESULT-6
    with pytest.raises(errors.FileNotTaken) as refused:
        world.report(raw=[raw(content, name)])
    assert refused.value.field == "raw"
    assert not db.session.scalars(select(Report.id)).all()


def test_at_most_ten_files_of_raw_data(world):  # R-RESULT-6
    with pytest.raises(errors.TooManyFiles):
        world.report(raw=[raw()] * 11)


def test_raw_data_come_by_the_form(app, world):  # R-RESULT-6
    form = {"number": "N-1", "issued_on": "2026-07-01", "file": (io.BytesIO(pdf()), "r.pdf")}
    client, path = signed_in(app, world.manager), f"/lab/bookings/{world.ref}/report"
    wrong = {**form, "raw": [(io.BytesIO(b"MZ"), "a.csv")]}
    answer = client.post(path, data=wrong, headers={"Accept-Language": "en"}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert 'id="raw-error"' in answer.text
    right = {**form, "file": (io.BytesIO(pdf()), "r.pdf"), "raw": [(io.BytesIO(b"t,v"), "a.csv")]}
    assert client.post(path, data=right, content_type="multipart/form-data").status_code == 303
    assert [file.name for file in db.session.scalars(select(Report)).one().raw] == ["a.csv"]
