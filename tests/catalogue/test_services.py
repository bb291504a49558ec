"""The verbs of the catalogue, on both databases: what they change, what they refuse, what the trail keeps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from labshare.accounts.models import Person
from labshare.booking import services as booking
from labshare.catalogue import queries
from labshare.catalogue.models import Accreditation, Fee, InstrumentUnit, Lab, LabAdmission
from labshare.catalogue.queries.admissions import admission_spans, county_on
from labshare.catalogue.queries.applications import applications_waiting
from labshare.catalogue.queries.open_labs import open_labs
from labshare.catalogue.queries.proposals import proposals_of, proposals_waiting
from labshare.catalogue.queries.publishing import instrument_conditions, item_conditions, lab_conditions
from labshare.catalogue.rules.entries import InstrumentDetails, LabDetails, TestItemDetails
from labshare.catalogue.services import accreditations, applications, fees, instruments, labs, standards, test_items
from labshare.kernel.actor import VISITOR
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound, Problem
from labshare.notices.models import Notice
from labshare.oversight.statistics import ANYONE
from tests import factories as make
from tests.catalogue.conftest import TODAY, events, last_event, refused, sql
from tests.mails import letters

LAB = LabDetails(name="热处理检测中心", town="330624002", address="工业大道 8 号", phone="0575-1")
INSTRUMENT = InstrumentDetails(
    inner_id="SB-001", name="万能试验机", model="Z100", manufacturer="ZwickRoell", class_code="020100"
)
ITEM = TestItemDetails(
    name="拉伸试验", category="mechanics", sample_requirement="3 根棒料", sample_minutes=Decimal("7.5")
)


def county_of(lab: Lab, day: date) -> str | None:
    return db.session.scalar(select(county_on(day)).where(Lab.id == lab.id))


def made_instrument(house, **changes):
    with transaction():
        return instruments.add_instrument(**house.who, lab_id=house.lab.id, details=replace(INSTRUMENT, **changes))


def not_yet_admitted(house):
    """A second lab of the firm, published in September."""
    lab = make.lab(
        house.firm,
        admitted=False,
        address="人民路 2 号",
        phone="0575-00001234",
        first_published_at=house.clock.at("2026-09-01 09:00"),
    )
    db.session.commit()
    return lab


def made_item(house, on=None, fee_from=TODAY, **changes):
    with transaction():
        item = test_items.add_test_item(
            **house.who,
            lab_id=house.lab.id,
            details=replace(ITEM, **changes),
            instruments=[on.id] if on is not None else [],
        )
        if fee_from:
            fees.add_fee(**house.who, test_item_id=item.id, basis="sample", amount_fen=12_000, valid_from=fee_from)
    return item


def booked(house, item, **given):
    """A booking of another firm, made now, for the next working day at nine."""
    client = make.firm()
    person = make.member(client, "booker")
    make.working_year()
    db.session.commit()
    with transaction():
        return booking.book(
            actor=make.actor(person, client, "booker"),
            now=house.clock.now,
            test_item_id=item.id,
            quantity=1,
            starts_at=datetime(2026, 11, 25, 1, 0, tzinfo=UTC),
            **given,
        )


# ── Labs ─────────────────────────────────────────────────────────────────


def test_a_lab_begins_as_a_draft_with_the_next_code(house):
    # Far above what the factories of one run ever count to.
    sql("UPDATE lab SET code = 'XC-9000041' WHERE id = :id", id=house.lab.id)
    with transaction():
        lab = labs.create_lab(**house.who, firm_id=house.firm.id, details=LAB)
    assert (lab.code, lab.state, lab.name_en) == ("XC-9000042", "draft", None)
    event = last_event()
    assert (event.action, event.subject_type, event.subject_id) == ("lab.create", "lab", str(lab.id))
    assert event.after["name"] == "热处理检测中心"
    assert event.after["phone"] == "changed", "personal data stays out of the trail"


def test_a_draft_is_not_there_for_others(house):  # R-CATALOGUE-1, R-RIGHTS-2
    with transaction():
        lab = labs.create_lab(**house.who, firm_id=house.firm.id, details=LAB)
        instrument = instruments.add_instrument(**house.who, lab_id=house.lab.id, details=INSTRUMENT)
        item = test_items.add_test_item(**house.who, lab_id=house.lab.id, details=ITEM)
    for stranger in (house.stranger, VISITOR):
        for look in (
            lambda actor: queries.get_lab(actor, lab.id),
            lambda actor: queries.lab_page(actor, lab.code, TODAY),
            lambda actor: queries.instrument_page(actor, instrument.id, TODAY),
            lambda actor: queries.test_item_page(actor, item.id, TODAY),
        ):
            with pytest.raises(NotFound):
                look(stranger)
    assert queries.lab_page(house.actor, lab.code, TODAY).own
    assert queries.test_item_page(house.officer, item.id, TODAY).item is item
    assert [row.instrument for row in queries.lab_page(VISITOR, house.lab.code, TODAY).instruments] == []


def test_another_firms_catalogue_is_not_changed(house):
    instrument = made_instrument(house)
    for attempt in (
        lambda: labs.edit_lab(actor=house.stranger, now=house.clock.now, lab_id=house.lab.id, details=LAB),
        lambda: instruments.add_instrument(
            actor=house.stranger, now=house.clock.now, lab_id=house.lab.id, details=INSTRUMENT
        ),
        lambda: labs.create_lab(actor=house.stranger, now=house.clock.now, firm_id=house.firm.id, details=LAB),
    ):
        with refused(("NotAllowed", None)):
            attempt()
    with refused(("NotFound", None)):
        instruments.publish_instrument(actor=house.stranger, now=house.clock.now, instrument_id=instrument.id)


def test_a_viewer_changes_nothing(house):
    viewer = make.actor(make.member(house.firm, "viewer"), house.firm, "viewer")
    db.session.commit()
    with refused(("NotAllowed", None)):
        labs.edit_lab(actor=viewer, now=house.clock.now, lab_id=house.lab.id, details=LAB)


def test_what_a_lab_lacks_is_listed_and_then_it_is_published(house):  # R-CATALOGUE-2
    with transaction():
        lab = labs.create_lab(**house.who, firm_id=house.firm.id, details=replace(LAB, address="", phone=""))
    with refused(("NotComplete", None), ("NotComplete", None)):
        labs.publish_lab(**house.who, lab_id=lab.id)
    with transaction():
        labs.edit_lab(**house.who, lab_id=lab.id, details=LAB)
        labs.publish_lab(**house.who, lab_id=lab.id)
    assert db.session.get(Lab, lab.id).state == "published"
    assert last_event().after == {"state": "published"}
    with refused(("WrongState", None)):
        labs.publish_lab(**house.who, lab_id=lab.id)
    with refused(("NotComplete", None)):
        labs.edit_lab(**house.who, lab_id=lab.id, details=replace(LAB, address=""))


def test_an_unverified_firm_publishes_nothing(house):  # R-FIRM-2
    instrument = made_instrument(house, needs_calibration=False)
    item = made_item(house, instrument)
    with transaction():
        lab = labs.create_lab(**house.who, firm_id=house.firm.id, details=LAB)
    sql("UPDATE firm SET verified_at = NULL WHERE id = :id", id=house.firm.id)
    with refused(("FirmNotVerified", None)):
        labs.publish_lab(**house.who, lab_id=lab.id)
    with refused(("FirmNotVerified", None)):
        instruments.publish_instrument(**house.who, instrument_id=instrument.id)
    with refused(("FirmNotVerified", None), ("NotComplete", None)):
        test_items.publish_test_item(**house.who, test_item_id=item.id)


def test_a_withdrawn_lab_takes_its_items_out_of_sight(house):  # R-CATALOGUE-3
    instrument = made_instrument(house, needs_calibration=False)
    item = made_item(house, instrument)
    with transaction():
        instruments.publish_instrument(**house.who, instrument_id=instrument.id)
        test_items.publish_test_item(**house.who, test_item_id=item.id)
    assert [row.item.id for row in queries.list_test_items(day=TODAY).items] == [item.id]
    with transaction():
        labs.withdraw_lab(**house.who, lab_id=house.lab.id)
    assert queries.list_test_items(day=TODAY).total == 0
    with pytest.raises(NotFound):
        queries.test_item_page(VISITOR, item.id, TODAY)


# ── Admission ────────────────────────────────────────────────────────────


def complete(house, **instrument_given):
    """A lab that may apply: with an instrument, a test item and a fee."""
    lab = not_yet_admitted(house)
    instrument = make.instrument(lab, **instrument_given)
    make.test_item(instrument)
    make.add(
        Accreditation(
            confirmed=True, lab_id=lab.id, kind="CMA", number="221100001", valid_from=TODAY, valid_to=date(2028, 1, 1)
        )
    )
    db.session.commit()
    return lab


def test_a_complete_lab_applies_and_an_officer_answers(house):  # R-COUNTY-6
    lab = complete(house)
    with transaction():
        application = applications.apply(**house.who, lab_id=lab.id, remark="证书齐全")
    assert application.proved == {
        "instruments": 1,
        "test_items": 1,
        "accreditations": [["CMA", "221100001", "2028-01-01"]],
    }
    assert db.session.scalar(applications_waiting(ANYONE, TODAY)) == 1
    kinds = db.session.scalars(select(Notice.kind).where(Notice.person_id == house.officer.person_id)).all()
    assert kinds == ["lab.applied"]
    assert [row.lab.id for row in open_labs(ANYONE, TODAY, show="applied").items] == [lab.id]
    with refused(("ApplicationWaits", None)):
        applications.apply(**house.who, lab_id=lab.id)
    with refused(("ReasonRequired", "reason")):
        applications.decline_application(**house.by_officer, lab_id=lab.id, reason=" ")
    with transaction():
        applications.decline_application(**house.by_officer, lab_id=lab.id, reason="仪器证书过期")
    with refused(("ApplicationEnded", None)):
        applications.withdraw_application(**house.who, lab_id=lab.id)
    with transaction():
        applications.apply(**house.who, lab_id=lab.id)
        applications.withdraw_application(**house.who, lab_id=lab.id)
    with transaction():
        application = applications.apply(**house.who, lab_id=lab.id)
        labs.admit_lab(**house.by_officer, lab_id=lab.id, admitted_from=TODAY)
    assert application.outcome == "admitted", "the admission answers it"
    assert db.session.scalar(applications_waiting(ANYONE, TODAY)) == 0
    with refused(("OpenLabAlready", None)):
        applications.apply(**house.who, lab_id=lab.id)
    assert any("仪器证书过期" in letter.body for letter in letters())


def test_only_a_complete_lab_of_ones_own_applies(house):  # R-COUNTY-6
    lab = complete(house, calibrated=(date(2024, 1, 1), date(2024, 12, 31)))
    with refused(("NotComplete", None)):
        applications.apply(**house.who, lab_id=lab.id)
    bare = not_yet_admitted(house)
    with refused(("NotComplete", None), ("NotComplete", None)):
        applications.apply(**house.who, lab_id=bare.id)
    with pytest.raises(NotAllowed):
        applications.apply(actor=house.stranger, now=house.clock.now, lab_id=lab.id)
    with pytest.raises(NotAllowed):
        applications.decline_application(**house.who, lab_id=lab.id, reason="不")


def test_an_officer_admits_and_suspends_and_the_lab_is_told(house):  # R-COUNTY-1, R-COUNTY-3
    house.lab = not_yet_admitted(house)
    with transaction():
        labs.admit_lab(**house.by_officer, lab_id=house.lab.id, admitted_from=date(2026, 12, 1))
    assert last_event().after == {
        "admitted_from": "2026-12-01",
        "division": "330624",
        "reason": "",
        "confirmed": True,
    }
    assert not queries.lab_page(VISITOR, house.lab.code, date(2026, 11, 30)).admitted
    assert queries.lab_page(VISITOR, house.lab.code, date(2026, 12, 1)).admitted
    with refused(("AdmissionOverlaps", "admitted_from")):
        labs.admit_lab(**house.by_officer, lab_id=house.lab.id, admitted_from=date(2027, 1, 1))
    with refused(("ReasonRequired", "reason")):
        labs.suspend_lab(**house.by_officer, lab_id=house.lab.id, suspended_from=date(2027, 1, 1), reason=" ")
    with refused(("NotAdmitted", "suspended_from")):
        labs.suspend_lab(**house.by_officer, lab_id=house.lab.id, suspended_from=TODAY, reason="报告不实")
    with transaction():
        labs.suspend_lab(**house.by_officer, lab_id=house.lab.id, suspended_from=date(2027, 1, 1), reason="报告不实")
    assert queries.lab_page(VISITOR, house.lab.code, date(2026, 12, 31)).admitted
    assert not queries.lab_page(VISITOR, house.lab.code, date(2027, 1, 1)).admitted
    kinds = db.session.scalars(select(Notice.kind).where(Notice.person_id == house.actor.person_id)).all()
    assert kinds == ["lab.admitted", "lab.suspended"]
    assert "报告不实" in letters()[-1].body
    with transaction():
        labs.admit_lab(**house.by_officer, lab_id=house.lab.id, admitted_from=date(2027, 1, 1))
    assert len(db.session.scalars(select(LabAdmission).where(LabAdmission.lab_id == house.lab.id)).all()) == 2


def test_only_officers_admit(house):  # R-COUNTY-1
    lab = not_yet_admitted(house)
    with refused(("NotAllowed", None)):
        labs.admit_lab(**house.who, lab_id=lab.id, admitted_from=TODAY)


def test_an_admission_is_not_before_the_first_publication(house):  # R-COUNTY-1
    lab = not_yet_admitted(house)
    with refused(("BeforePublication", "admitted_from")):
        labs.admit_lab(**house.by_officer, lab_id=lab.id, admitted_from=date(2026, 8, 31), reason="补录")


def test_an_admission_of_more_than_30_days_back_waits_for_a_second_person(house):  # R-COUNTY-2
    """Today is 24 November: 25 October is 30 days back, 24 October needs two."""
    lab = not_yet_admitted(house)
    colleague = make.actor(make.regulator("officer", "330624"), None, "officer", division="330624")
    approver = make.actor(make.regulator("approver"), None, "approver")
    db.session.commit()
    with refused(("ReasonRequired", "reason")):
        labs.admit_lab(**house.by_officer, lab_id=lab.id, admitted_from=date(2026, 10, 24))
    with transaction():
        waiting = labs.admit_lab(**house.by_officer, lab_id=lab.id, admitted_from=date(2026, 10, 24), reason="漏录")
    assert not queries.lab_page(VISITOR, lab.code, TODAY).admitted
    assert county_of(lab, TODAY) == "330624"
    assert admission_spans("330624") == [span for span in admission_spans("") if span[0] != lab.id]
    seen = {"admission_id": waiting.id, "seen": waiting.seen}
    with refused(("NotAllowed", None)):
        labs.confirm_admission(actor=colleague, now=house.clock.now, **seen)
    both = make.actor(db.session.get_one(Person, house.officer.person_id), None, "officer", "approver")
    with refused(("SecondPersonNeeded", None)):
        labs.confirm_admission(actor=both, now=house.clock.now, **seen)
    house.clock.advance(days=1)
    with transaction():
        labs.confirm_admission(actor=approver, now=house.clock.now, **seen)
    assert queries.lab_page(VISITOR, lab.code, date(2026, 10, 24)).admitted
    assert (lab.id, date(2026, 10, 24), date(9999, 12, 31)) in admission_spans("330624")
    assert lab.id not in {span[0] for span in admission_spans("330624", known_at=house.clock.now - timedelta(hours=1))}
    with refused(("AdmissionDecided", None)):
        labs.refuse_admission(actor=approver, now=house.clock.now, admission_id=waiting.id)


def test_an_admission_is_confirmed_as_it_was_seen(house):  # R-COUNTY-2, R-RIGHTS-16
    lab = not_yet_admitted(house)
    approver = make.actor(make.regulator("approver"), None, "approver")
    with transaction():
        waiting = labs.admit_lab(**house.by_officer, lab_id=lab.id, admitted_from=date(2026, 9, 2), reason="漏录")
    shown = waiting.seen
    sql("UPDATE lab_admission SET reason = '改写' WHERE id = :id", id=waiting.id)
    with refused(("ChangedMeanwhile", "seen")):
        labs.confirm_admission(actor=approver, now=house.clock.now, admission_id=waiting.id, seen=shown)
    with pytest.raises(IntegrityError, match="stays as recorded"):
        sql(
            "UPDATE lab_admission SET confirmed_by = entered_by, confirmed_at = entered_at WHERE id = :id",
            id=waiting.id,
        )
    db.session.rollback()
    assert not db.session.get_one(LabAdmission, waiting.id).counts


def test_a_refused_admission_never_counts_and_makes_room_for_another(house):  # R-COUNTY-2
    lab = not_yet_admitted(house)
    with transaction():
        waiting = labs.admit_lab(**house.by_officer, lab_id=lab.id, admitted_from=date(2026, 9, 2), reason="漏录")
    with refused(("AdmissionOverlaps", "admitted_from")):
        labs.admit_lab(**house.by_officer, lab_id=lab.id, admitted_from=TODAY)
    with transaction():
        labs.refuse_admission(**house.by_officer, admission_id=waiting.id)
    with transaction():
        labs.admit_lab(**house.by_officer, lab_id=lab.id, admitted_from=TODAY)
    assert [span[1] for span in admission_spans("330624") if span[0] == lab.id] == [TODAY]


@pytest.mark.parametrize(
    "change",
    [
        "admitted_from = '2026-01-01'",
        "division = '330683'",
        "confirmed_at = '2026-01-01 00:00:00'",
        "lab_id = lab_id + 1",
        "entered_at = '2020-01-01 00:00:00'",
    ],
)
def test_the_database_keeps_an_admission_as_recorded(house, change):  # R-COUNTY-3
    with pytest.raises(IntegrityError):
        sql(f"UPDATE lab_admission SET {change}")
    with pytest.raises(IntegrityError):
        sql("DELETE FROM lab_admission")


def test_a_lab_that_moves_stays_admitted_where_it_was(house):  # R-COUNTY-4
    """The owner's form has a town only; the county of its bookings is that of its admission."""
    moved = LabDetails(**{**vars(LAB), "name": "搬迁的实验室", "town": "330683000"})
    with transaction():
        labs.edit_lab(**house.who, lab_id=house.lab.id, details=moved)
    lab = db.session.get_one(Lab, house.lab.id)
    assert (lab.division, county_of(lab, TODAY)) == ("330683", "330624")
    assert county_of(lab, date(2024, 12, 31)) == "330683"
    with refused(("UnknownTown", "town")):
        labs.edit_lab(**house.who, lab_id=house.lab.id, details=LabDetails(**{**vars(moved), "town": "330683999"}))


def test_a_draft_is_not_admitted(house):  # R-COUNTY-1
    with transaction():
        lab = labs.create_lab(**house.who, firm_id=house.firm.id, details=LAB)
    with refused(("OnlyPublishedLabs", None)):
        labs.admit_lab(**house.by_officer, lab_id=lab.id, admitted_from=TODAY)


# ── Instruments ──────────────────────────────────────────────────────────


def test_an_instrument_comes_with_its_units(house):
    with transaction():
        instrument = instruments.add_instrument(**house.who, lab_id=house.lab.id, details=INSTRUMENT, units=3)
    units = db.session.scalars(select(InstrumentUnit.unit).where(InstrumentUnit.instrument_id == instrument.id)).all()
    assert sorted(units) == [1, 2, 3]


def test_a_number_is_used_once_in_a_lab(house):
    made_instrument(house)
    with refused(("InnerIdUsed", "inner_id")):
        instruments.add_instrument(**house.who, lab_id=house.lab.id, details=INSTRUMENT)


def test_bad_units_and_bad_fields_are_said_together(house):
    with refused(("BadClassCode", "class_code"), ("OutOfRange", "units")):
        instruments.add_instrument(
            **house.who, lab_id=house.lab.id, details=replace(INSTRUMENT, class_code="770000"), units=0
        )


def test_publishing_an_instrument_needs_a_calibration_of_today(house):  # R-CATALOGUE-2
    instrument = made_instrument(house)
    with refused(("NotComplete", None)):
        instruments.publish_instrument(**house.who, instrument_id=instrument.id)
    certificate = {"instrument_id": instrument.id, "issuer": "省计量院"}
    with transaction():
        instruments.add_calibration(
            **house.who, **certificate, certificate="C-1", valid_from=date(2025, 11, 24), valid_to=date(2026, 11, 23)
        )
    assert [one.key for one in instrument_conditions(instrument, TODAY) if not one.met] == ["calibrated"]
    with transaction():
        instruments.add_calibration(
            **house.who, **certificate, certificate="C-2", valid_from=TODAY, valid_to=date(2027, 11, 23)
        )
        instruments.publish_instrument(**house.who, instrument_id=instrument.id)
    page = queries.instrument_page(VISITOR, instrument.id, date(2025, 12, 1))
    assert page.calibrated_until == date(2027, 11, 23), "successive certificates join"


def test_bad_certificates(house):
    instrument = made_instrument(house)
    given = {"instrument_id": instrument.id, "issuer": ""}
    with refused(("Required", "certificate"), ("DatesNotInOrder", "valid_to"), ("DateInFuture", "valid_from")):
        instruments.add_calibration(
            **house.who, **given, certificate=" ", valid_from=TODAY + timedelta(days=1), valid_to=TODAY
        )
    with transaction():
        one = instruments.add_calibration(
            **house.who, **given, certificate="C-1", valid_from=TODAY, valid_to=date(2027, 1, 1)
        )
    with refused(("CertificateOverlaps", "certificate")):
        instruments.add_calibration(
            **house.who, **given, certificate="C-1", valid_from=TODAY, valid_to=date(2027, 1, 1)
        )
    with transaction():
        instruments.remove_calibration(**house.who, calibration_id=one.id)
    assert last_event().before["certificate"] == "C-1"


def test_units_that_are_held_ahead_stay(house):
    instrument = made_instrument(house, needs_calibration=False)
    with transaction():
        booking.change_units(**house.who, instrument_id=instrument.id, units=3)
    ahead = house.clock.now + timedelta(days=1)
    hold = (
        "INSERT INTO holding (instrument_id, unit, starts_at, ends_at, kind, note, created_at) "
        "VALUES (:i, 2, :a, :b, 'maintenance', '', :a)"
    )
    spelt = "%Y-%m-%d %H:%M:%S.%f" if db.engine.dialect.name == "sqlite" else "%Y-%m-%d %H:%M:%S+00"
    sql(hold, i=instrument.id, a=ahead.strftime(spelt), b=(ahead + timedelta(hours=2)).strftime(spelt))
    with refused(("UnitsTaken", "units")):
        booking.change_units(**house.who, instrument_id=instrument.id, units=1)
    with transaction():
        booking.change_units(**house.who, instrument_id=instrument.id, units=2)
    assert last_event().after == {"units": 2}
    house.clock.advance(days=2)
    with transaction():
        booking.change_units(**house.who, instrument_id=instrument.id, units=1)
    with transaction():
        booking.change_units(**house.who, instrument_id=instrument.id, units=2)
    units = db.session.scalars(select(InstrumentUnit.unit).where(InstrumentUnit.instrument_id == instrument.id)).all()
    assert sorted(units) == [1, 2], "a unit that was held in the past comes back as it was"


# ── Test items ───────────────────────────────────────────────────────────


def test_a_test_item_from_draft_to_published(house):  # R-CATALOGUE-2
    make.standard("GB/T 228.1-2021")
    db.session.commit()
    instrument = made_instrument(house, needs_calibration=False)
    with transaction():
        item = test_items.add_test_item(
            **house.who,
            lab_id=house.lab.id,
            details=replace(ITEM, sample_requirement=""),
            standards=["gb/t228.1-2021"],
            instruments=[instrument.id],
        )
    assert [condition.key for condition in item_conditions(item, TODAY) if not condition.met] == [
        "instrument_published",
        "fee_today",
        "sample_requirement",
    ]
    with refused(("NotComplete", None), ("NotComplete", None), ("NotComplete", None)):
        test_items.publish_test_item(**house.who, test_item_id=item.id)
    with transaction():
        instruments.publish_instrument(**house.who, instrument_id=instrument.id)
        test_items.edit_test_item(
            **house.who, test_item_id=item.id, details=ITEM, standards=["GB/T 228.1-2021"], instruments=[instrument.id]
        )
        fees.add_fee(**house.who, test_item_id=item.id, basis="sample", amount_fen=12_000, valid_from=TODAY)
        test_items.publish_test_item(**house.who, test_item_id=item.id)
    row = queries.list_test_items(day=TODAY).items[0]
    assert (row.item.id, row.item.sample_minutes, row.fee.amount_fen) == (item.id, Decimal("7.5"), 12_000)
    with refused(("NotComplete", None)):
        test_items.edit_test_item(**house.who, test_item_id=item.id, details=ITEM, standards=[], instruments=[])


def test_unknown_standards_and_others_instruments(house):
    others = make.instrument(make.lab())
    db.session.commit()
    with refused(
        ("UnknownStandard", "standards"), ("UnknownStandard", "standards"), ("UseOwnInstruments", "instruments")
    ):
        test_items.add_test_item(
            **house.who, lab_id=house.lab.id, details=ITEM, standards=["GB/T 1", "GB/T 2"], instruments=[others.id]
        )


def test_nothing_changed_writes_no_event(house):
    item = made_item(house, fee_from=None)
    before = events()
    with transaction():
        test_items.edit_test_item(**house.who, test_item_id=item.id, details=ITEM, standards=[], instruments=[])
    assert events() == before


def test_scope_names_own_items_with_their_own_standards(house):  # R-CATALOGUE-4
    standard, foreign = make.standard("GB/T 228.1-2021"), make.standard("GB/T 4340.1-2009")
    db.session.commit()
    with transaction():
        item = test_items.add_test_item(**house.who, lab_id=house.lab.id, details=ITEM, standards=["GB/T 228.1-2021"])
        cnas = accreditations.add_accreditation(
            **house.who,
            lab_id=house.lab.id,
            kind="CNAS",
            number="CNAS L12345",
            valid_from=date(2024, 1, 1),
            valid_to=date(2029, 12, 31),
        )
        accreditations.set_scope(**house.who, accreditation_id=cnas.id, scope=[(item.id, standard.id)])
    assert queries.test_item_page(house.actor, item.id, TODAY).marks == ()
    with transaction():
        cnas.confirmed = True
    assert queries.test_item_page(house.actor, item.id, TODAY).marks == (("CNAS", "L12345", "GB/T 228.1-2021"),)
    assert queries.test_item_page(house.actor, item.id, date(2030, 1, 1)).marks == ()
    with refused(("OutsideScope", "scope")):
        accreditations.set_scope(**house.who, accreditation_id=cnas.id, scope=[(item.id, foreign.id)])
    with transaction():
        test_items.edit_test_item(**house.who, test_item_id=item.id, details=ITEM, standards=[], instruments=[])
    assert queries.test_item_page(house.actor, item.id, TODAY).marks == ()


@pytest.mark.parametrize(("kind", "number"), [("CMA", "1211083400"), ("CNAS", "L123"), ("CNAS", "12345")])
def test_bad_accreditation_numbers(house, kind, number):
    with refused(("BadAccreditationNumber", "number"), ("DatesNotInOrder", "valid_to")):
        accreditations.add_accreditation(
            **house.who, lab_id=house.lab.id, kind=kind, number=number, valid_from=TODAY, valid_to=date(2026, 1, 1)
        )


# ── Fees ─────────────────────────────────────────────────────────────────


def spans(item) -> list[tuple[str, str | None, int]]:
    rows = db.session.scalars(select(Fee).where(Fee.test_item_id == item.id).order_by(Fee.valid_from))
    return [(str(fee.valid_from), fee.valid_to and str(fee.valid_to), fee.amount_fen) for fee in rows]


def test_a_fee_ahead_ends_the_present_one(house):  # R-PRICE-6
    item = made_item(house, fee_from=date(2025, 1, 1))
    with transaction():
        fees.add_fee(**house.who, test_item_id=item.id, basis="hour", amount_fen=15_000, valid_from=date(2027, 1, 1))
    assert spans(item) == [("2025-01-01", "2026-12-31", 12_000), ("2027-01-01", None, 15_000)]
    assert [row.when for row in queries.test_item_page(house.actor, item.id, TODAY).fees] == ["present", "ahead"]
    assert queries.fee_on(item.id, date(2026, 12, 31)).amount_fen == 12_000
    assert queries.fee_on(item.id, date(2027, 1, 1)).amount_fen == 15_000
    with refused(("FeesOverlap", "valid_from")):
        fees.add_fee(**house.who, test_item_id=item.id, basis="hour", amount_fen=1, valid_from=date(2026, 12, 1))
    with transaction():
        ahead = db.session.scalars(select(Fee).where(Fee.valid_from == date(2027, 1, 1))).one()
        fees.remove_fee(**house.who, fee_id=ahead.id)
    assert spans(item) == [("2025-01-01", None, 12_000)], "the one before holds until further notice again"


def test_bad_fees(house):
    item = made_item(house)
    with refused(
        ("UnknownChoice", "basis"),
        ("OutOfRange", "amount_fen"),
        ("OutOfRange", "minimum_fen"),
        ("DatesNotInOrder", "valid_to"),
    ):
        fees.add_fee(
            **house.who,
            test_item_id=item.id,
            basis="day",
            amount_fen=-1,
            minimum_fen=-1,
            valid_from=date(2027, 1, 2),
            valid_to=date(2027, 1, 1),
        )


def test_a_published_items_fee_begins_today_at_the_earliest(house):  # R-PRICE-6
    instrument = make.instrument(house.lab)
    item = make.test_item(instrument)
    db.session.commit()
    with refused(("FeeFromThePast", "valid_from")):
        fees.add_fee(
            **house.who, test_item_id=item.id, basis="sample", amount_fen=1, valid_from=TODAY - timedelta(days=1)
        )


def test_a_used_fee_never_changes(house):
    item = make.test_item(make.instrument(house.lab))
    db.session.commit()
    fee = db.session.scalars(select(Fee).where(Fee.test_item_id == item.id)).one()
    made = booked(house, item)
    assert made.price_fen == 10_000
    with refused(("FeeInUse", "valid_from")):
        fees.change_fee(**house.who, fee_id=fee.id, basis="sample", amount_fen=1)
    with refused(("FeeInUse", "valid_from")):
        fees.remove_fee(**house.who, fee_id=fee.id)
    with refused(("FeeInUse", "valid_from")):
        fees.add_fee(**house.who, test_item_id=item.id, basis="sample", amount_fen=1, valid_from=TODAY)
    with refused(("FeeInUse", "valid_from")):
        fees.end_fee(**house.who, fee_id=fee.id, valid_to=TODAY - timedelta(days=1))
    with transaction():
        fees.add_fee(
            **house.who, test_item_id=item.id, basis="sample", amount_fen=1, valid_from=TODAY + timedelta(days=1)
        )
    assert spans(item) == [("2025-01-01", "2026-11-24", 10_000), ("2026-11-25", None, 1)]


@pytest.mark.parametrize(
    "change",
    ["amount_fen = 1", "minimum_fen = 1", "basis = 'hour'", "valid_from = '2024-01-01'", "valid_to = '2026-11-23'"],
)
def test_the_database_itself_keeps_a_used_fee(house, change):  # R-PRICE-6
    item = make.test_item(make.instrument(house.lab))
    db.session.commit()
    booked(house, item)
    fee = db.session.scalars(select(Fee).where(Fee.test_item_id == item.id)).one()
    with pytest.raises(IntegrityError, match="fee_in_use"):
        sql(f"UPDATE fee SET {change} WHERE id = :id", id=fee.id)
    sql("UPDATE fee SET valid_to = '2026-11-24' WHERE id = :id", id=fee.id)


def test_an_unused_fee_is_corrected(house):
    item = made_item(house)
    fee = db.session.scalars(select(Fee).where(Fee.test_item_id == item.id)).one()
    with transaction():
        fees.change_fee(**house.who, fee_id=fee.id, basis="sample", amount_fen=13_000, minimum_fen=20_000)
    event = last_event()
    assert (event.before["amount_fen"], event.after["amount_fen"]) == (12_000, 13_000)


@pytest.mark.parametrize(
    ("first", "last"), [("2026-11-24", "NULL"), ("2026-12-31", "'2026-12-31'"), ("2024-01-01", "'2025-01-01'")]
)
def test_the_database_itself_refuses_overlapping_fees(house, first, last):  # R-PRICE-6
    item = made_item(house, fee_from=date(2025, 1, 1))
    with pytest.raises(IntegrityError, match="fee_no_overlap"):
        sql(
            "INSERT INTO fee (test_item_id, basis, amount_fen, minimum_fen, valid_from, valid_to, created_at) "
            f"VALUES (:id, 'sample', 1, 0, '{first}', {last}, '2026-11-24 00:00:00.000000')",
            id=item.id,
        )


def test_an_overlap_that_only_the_database_sees_has_its_name(house, monkeypatch):
    """As in a race: the rule has not seen the other fee."""
    item = made_item(house, fee_from=date(2025, 1, 1))
    monkeypatch.setattr(fees, "_spans", lambda _id: {})
    with refused(("FeesOverlap", "valid_from")):
        fees.add_fee(**house.who, test_item_id=item.id, basis="sample", amount_fen=1, valid_from=date(2027, 1, 1))
    with pytest.raises(fees.errors.FeesOverlap) as caught, transaction():
        fees.add_fee(**house.who, test_item_id=item.id, basis="sample", amount_fen=1, valid_from=date(2025, 1, 1))
    assert caught.value.params == {"date": date(2025, 1, 1)}


def test_a_published_item_keeps_a_fee(house):
    item = make.test_item(make.instrument(house.lab), sample_requirement="3 件")
    db.session.commit()
    fee = db.session.scalars(select(Fee).where(Fee.test_item_id == item.id)).one()
    with refused(("NotComplete", None)):
        fees.remove_fee(**house.who, fee_id=fee.id)
    with refused(("NotComplete", None)):
        fees.end_fee(**house.who, fee_id=fee.id, valid_to=TODAY - timedelta(days=1))


def test_refused_attempts_on_fees_are_in_the_trail(house):
    item = made_item(house)
    fee = db.session.scalars(select(Fee).where(Fee.test_item_id == item.id)).one()
    before = events()
    with pytest.raises(NotFound), transaction():
        fees.change_fee(actor=house.stranger, now=house.clock.now, fee_id=fee.id, basis="sample", amount_fen=1)
    assert events() == before + 1
    event = last_event()
    assert (event.refused, event.action, event.after["problem"]) == (True, "fee.change", "NotFound")


# ── Standards ────────────────────────────────────────────────────────────


def proposed(house: Any, number: str = "GB/T 1-2020", **more: Any) -> int:
    with transaction():
        return standards.propose_standard(**house.who, number=number, name="标准化工作导则", **more).id


def test_a_standard_is_listed_once_however_spelt(house):
    with transaction():
        standards.publish_standard(**house.by_admin, number="GB/T 10125-2021", name="人造气氛腐蚀试验 盐雾试验")
    for verb, who in ((standards.propose_standard, house.who), (standards.publish_standard, house.by_admin)):
        with refused(("StandardKnown", "number")):
            verb(**who, number="gb/t10125—2021", name="盐雾试验")
        with refused(("Required", "number"), ("Required", "name")):
            verb(**who, number=" ", name="")


def test_a_number_without_its_year_is_led_to_the_one_in_force(house):  # R-CATALOGUE-7
    old, new = make.standard("GB/T 230.1-2009"), make.standard("GB/T 230.1-2018")
    old.superseded_by_id, old.superseded_from = new.id, date(2019, 2, 1)
    db.session.commit()
    with refused(("StandardWithoutYear", "number")):
        standards.propose_standard(**house.who, number="GB/T 230.1", name="洛氏硬度试验")
    with pytest.raises(Problem) as caught, transaction():
        test_items.add_test_item(
            **house.who, lab_id=house.lab.id, details=ITEM, standards=["gb/t230.1"], instruments=[]
        )
    assert "GB/T 230.1-2018" in caught.value.text
    assert "GB/T 230.1-2009" not in caught.value.text
    proposed(house, "GB/T 230.1-2026")


def test_only_verified_firms_propose_standards(house):  # R-CATALOGUE-7
    house.firm.verified_at = None
    db.session.commit()
    with refused(("FirmNotVerified", None)):
        standards.propose_standard(**house.who, number="GB/T 1-2020", name="x")


def test_what_is_proposed_is_nowhere_until_an_administrator_publishes_it(house):  # R-CATALOGUE-7
    one = proposed(house)
    assert queries.list_standards(day=TODAY).total == 0
    assert queries.match_standard("GB/T 1-2020", TODAY).found == ()
    with refused(("StandardWaits", "standards")):
        test_items.add_test_item(
            **house.who, lab_id=house.lab.id, details=ITEM, standards=["GB/T 1-2020"], instruments=[]
        )
    with refused(("StandardProposed", "number")):
        standards.propose_standard(**house.who, number="gb/t1—2020", name="x")
    for who in (house.who, house.by_officer):
        with refused(("NotAllowed", None)):
            standards.publish_standard(**who, number="GB/T 1-2020", name="x", proposal_id=one)
        with refused(("NotAllowed", None)):
            standards.decline_proposal(**who, proposal_id=one, reason="不")
    with transaction():
        listed = standards.publish_standard(
            **house.by_admin, number="GB/T 1.1-2020", name="标准化工作导则 第1部分", proposal_id=one
        )
    assert [row.standard for row in queries.list_standards(day=TODAY).items] == [listed]
    told = db.session.scalars(select(Notice).where(Notice.kind == "standard.published")).one()
    assert (told.firm_id, told.params["number"]) == (house.firm.id, "GB/T 1.1-2020")
    for again in (standards.publish_standard, standards.withdraw_proposal):
        more = {"number": "GB/T 2-2020", "name": "x"} if again is standards.publish_standard else {}
        with refused(("ProposalEnded", None)):
            again(**(house.by_admin if more else house.who), proposal_id=one, **more)


def test_a_proposal_is_declined_with_a_reason_or_taken_back(house):  # R-CATALOGUE-7
    one = proposed(house)
    with refused(("ReasonRequired", "reason")):
        standards.decline_proposal(**house.by_admin, proposal_id=one, reason=" ")
    with transaction():
        standards.decline_proposal(**house.by_admin, proposal_id=one, reason="编号有误")
    again = proposed(house)
    with refused(("NotFound", None)):
        standards.withdraw_proposal(actor=house.stranger, now=house.clock.now, proposal_id=again)
    with transaction():
        standards.withdraw_proposal(**house.who, proposal_id=again)
    assert [each.outcome for each in proposals_of(house.firm.id)] == ["withdrawn", "declined"]
    assert db.session.scalar(proposals_waiting()) == 0


def test_a_proposal_says_what_it_replaces_and_publishing_makes_it_so(house):
    old = make.standard("GB/T 228.1-2010")
    db.session.commit()
    about = {"number": "GB/T 228.1-2021", "name": "金属材料 拉伸试验"}
    with refused(("UnknownStandard", "replaces")):
        standards.propose_standard(**house.who, **about, replaces="GB/T 1-2001", replaced_from=date(2026, 1, 1))
    with refused(("Required", "replaced_from")):
        standards.propose_standard(**house.who, **about, replaces=old.number)
    one = proposed(house, "GB/T 228.1-2021", replaces="gb/t228.1-2010", replaced_from=date(2022, 7, 1))
    assert old.superseded_by_id is None
    with transaction():
        new = standards.publish_standard(
            **house.by_admin,
            **about,
            replaces="GB/T 228.1-2010",
            replaced_from=date(2022, 7, 1),
            proposal_id=one,
        )
    assert (old.superseded_by_id, old.superseded_from) == (new.id, date(2022, 7, 1))


def test_what_replaces_a_standard(house):
    old, new = make.standard("GB/T 10125-2012"), make.standard("GB/T 10125-2021")
    db.session.commit()
    with refused(("UnknownStandard", "successor")):
        standards.supersede_standard(
            **house.by_officer, standard_id=old.id, successor="GB/T 99999", superseded_from=date(2022, 1, 1)
        )
    with transaction():
        standards.supersede_standard(
            **house.by_officer, standard_id=old.id, successor="GB/T10125-2021", superseded_from=date(2022, 1, 1)
        )
    with refused(("StandardReplacesItself", "successor")):
        standards.supersede_standard(
            **house.by_officer, standard_id=new.id, successor="GB/T 10125-2012", superseded_from=date(2022, 1, 1)
        )
    with refused(("NotAllowed", None)):
        standards.supersede_standard(
            **house.who, standard_id=old.id, successor="GB/T10125-2021", superseded_from=date(2023, 1, 1)
        )
    match = queries.match_standard("GB/T 10125-2012", TODAY)
    assert [one.number for one in match.current] == ["GB/T 10125-2021"]
    assert match.replaced.number == "GB/T 10125-2012"
    assert queries.match_standard("GB/T 10125-2012", date(2021, 12, 31)).replaced is None


def test_a_firm_without_labs_proposes_no_standards(app, clock):
    firm = make.firm()
    owner = make.actor(make.member(firm), firm, "owner")
    db.session.commit()
    with pytest.raises(NotAllowed), transaction():
        standards.propose_standard(actor=owner, now=clock.now, number="GB/T 1-2020", name="x")


def test_conditions_of_a_published_lab_are_met(house):
    assert all(condition.met for condition in lab_conditions(house.lab))
