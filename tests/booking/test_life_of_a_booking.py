"""A booking from request to tested, on both databases: each verb, its edges, its trail and what it holds."""

import sys
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from labshare.audit.models import AuditEvent
from labshare.booking import errors, queries, services
from labshare.booking.models import Booking, Charge, Holding, Proposal
from labshare.catalogue.models import Fee
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInputs, NotAllowed, NotFound, ReasonRequired
from tests import factories
from tests.booking.conftest import House, at, fresh, make_house
from tests.conftest import Clock


def holdings() -> list[tuple[int, str, str, str]]:
    db.session.rollback()
    rows = db.session.scalars(select(Holding).order_by(Holding.unit, Holding.starts_at))
    local = [(row.unit, row.kind, row.starts_at, row.ends_at) for row in rows]
    zone = at("2026-01-01 00:00").tzinfo
    return [
        (unit, kind, begin.astimezone(zone).strftime("%d %H:%M"), end.astimezone(zone).strftime("%d %H:%M"))
        for unit, kind, begin, end in local
    ]


def actions(booking: Booking) -> list[str]:
    return [event.action for event in queries.history(booking)]


def test_from_request_to_tested(house: House, clock: Clock) -> None:  # R-PRICE-5, R-BOOKING-1
    booking = house.book("2026-11-25 09:00", quantity=2, sample_description="轴承套圈")
    assert (booking.state, booking.unit, booking.price_fen, booking.charged_fen) == ("requested", 1, 20_000, 20_000)
    assert booking.answer_by == at("2026-11-25 09:00")  # its start comes before two working days are over
    assert holdings() == [(1, "booking", "25 09:00", "25 11:00")]

    house.do(services.confirm, house.manager, ref=booking.ref)
    clock.set("2026-11-25 08:40")
    house.do(services.receive, house.manager, ref=booking.ref, samples=2, condition="完好")
    clock.set("2026-11-25 09:05")
    house.do(services.start, house.manager, ref=booking.ref)
    clock.set("2026-11-25 10:30")
    house.do(services.finish, house.manager, ref=booking.ref, machine_minutes=80)
    booking = fresh(booking)
    assert (booking.state, booking.machine_minutes, booking.ends_at) == ("tested", 80, at("2026-11-25 10:30"))
    assert booking.finished_on is not None
    assert booking.finished_on.isoformat() == "2026-11-25"
    assert booking.charged_fen == 20_000, "machine time changes no price"
    assert holdings() == [(1, "booking", "25 09:00", "25 10:30")]
    assert actions(booking) == [
        "booking.book",
        "booking.confirm",
        "booking.receive",
        "booking.start",
        "booking.finish",
    ]


def test_the_fee_of_the_day_of_booking_sets_the_price(house: House, clock: Clock) -> None:  # R-PRICE-5
    fee = db.session.scalars(select(Fee)).one()
    fee.valid_to = date(2026, 11, 24)
    db.session.flush()
    factories.add(
        Fee(
            test_item_id=house.item.id,
            basis="sample",
            amount_fen=25_000,
            valid_from=date(2026, 11, 25),
            created_at=clock.now,
        )
    )
    db.session.commit()
    first = house.book("2026-12-01 09:00")
    clock.set("2026-11-25 00:00")
    second = house.book("2026-12-01 10:00")
    house.do(services.reschedule, house.client, ref=first.ref, starts_at=at("2026-12-01 14:00"))
    assert (fresh(first).price_fen, fresh(second).price_fen) == (10_000, 25_000)


def test_every_unit_is_tried_and_then_three_alternatives(house: House) -> None:  # R-TIME-12
    assert house.book("2026-11-25 09:00").unit == 1
    assert house.book("2026-11-25 09:30").unit == 2
    with pytest.raises(errors.SlotTaken) as refused:
        house.book("2026-11-25 09:15")
    assert refused.value.status == 409
    starts = [slot.starts_at for slot in refused.value.alternatives]
    assert starts == [at("2026-11-25 10:00"), at("2026-11-25 10:30"), at("2026-11-25 11:00")]
    assert len(holdings()) == 2


def test_rules_of_time_are_422_on_starts_at(house: House) -> None:
    for start, problem in (
        ("2026-11-25 11:30", errors.OutsideOpeningHours),
        ("2026-11-28 09:00", errors.OutsideOpeningHours),
        ("2026-11-24 09:00", errors.InThePast),
        ("2027-06-01 09:00", errors.TooFar),
    ):
        with pytest.raises(problem) as refused:
            house.book(start)
        assert (refused.value.status, refused.value.field) == (422, "starts_at")
    with pytest.raises(errors.QuantityOutOfRange):
        house.book("2026-11-25 09:00", quantity=10_000)
    with pytest.raises(InvalidInputs):
        house.book("2026-11-25 09:00", quantity=0, hours=3)


def test_second_click_books_nothing(house: House) -> None:  # R-BOOKING-11
    first = house.book("2026-11-25 09:00", submission="abc")
    with pytest.raises(errors.AlreadySubmitted) as refused:
        house.book("2026-11-25 10:00", submission="abc")
    assert refused.value.params == {"ref": first.ref}
    assert db.session.query(Booking).count() == 1


def test_a_reference_taken_already_is_drawn_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["B-202611-AAAAA", "B-202611-AAAAA", "B-202611-AAAAA", "B-202611-BBBBB"])
    monkeypatch.setattr(sys.modules["labshare.booking.services.book"], "new_reference", lambda *_: next(drawn))
    assert house.book("2026-11-25 09:00").ref == "B-202611-AAAAA"
    assert house.book("2026-11-25 10:00").ref == "B-202611-BBBBB"
    assert len(holdings()) == 2


def test_who_may_not_book(house: House) -> None:  # R-FIRM-2
    unverified = factories.firm(verified_at=None)
    person = factories.member(unverified)
    db.session.commit()
    with pytest.raises(errors.FirmUnverified):
        house.book("2026-11-25 09:00", actor=factories.actor(person, unverified, "owner"))
    with pytest.raises(NotAllowed):
        house.book("2026-11-25 09:00", actor=factories.actor(person, unverified, "viewer"))
    refused = db.session.scalars(select(AuditEvent).where(AuditEvent.refused)).all()
    assert [event.action for event in refused] == ["booking.book", "booking.book"]


def test_a_booking_keeps_the_clients_class_and_county(house: House) -> None:  # R-FIRM-5
    booking = house.book("2026-11-25 09:00")
    firm = booking.client
    firm.size_class, firm.division = "large", "330683"
    db.session.commit()
    assert (fresh(booking).client_size, fresh(booking).client_division) == ("small", "330624")
    later = house.book("2026-11-25 14:00")
    assert (later.client_size, later.client_division) == ("large", "330683")


def test_others_do_not_see_it(house: House) -> None:  # R-BOOKING-12, R-RIGHTS-2
    booking = house.book("2026-11-25 09:00")
    stranger_firm = factories.firm()
    stranger = factories.actor(factories.member(stranger_firm), stranger_firm, "owner")
    db.session.commit()
    for service, given in (
        (services.confirm, {}),
        (services.cancel, {}),
        (services.decline, {"reason": "x"}),
        (services.receive, {"samples": 1}),
    ):
        with pytest.raises(NotFound):
            house.do(service, stranger, ref=booking.ref, **given)
    with pytest.raises(NotAllowed):
        house.do(services.confirm, house.client, ref=booking.ref)
    assert fresh(booking).state == "requested"


def test_hold_keeps_the_slot_ten_minutes(single: House, clock: Clock) -> None:  # R-TIME-13, R-TIME-14
    other_firm = factories.firm()
    other = factories.actor(factories.member(other_firm), other_firm, "booker")
    db.session.commit()
    held = single.do(
        services.hold, single.client, test_item_id=single.item.id, quantity=1, starts_at=at("2026-11-25 09:00")
    )
    assert held.expires_at == clock.now + timedelta(minutes=10)
    with pytest.raises(errors.SlotTaken):
        single.book("2026-11-25 09:00", actor=other)
    booking = single.book("2026-11-25 09:00", hold_id=held.id)
    assert holdings() == [(1, "booking", "25 09:00", "25 10:00")]
    single.do(services.cancel, single.client, ref=booking.ref)

    single.do(services.hold, single.client, test_item_id=single.item.id, quantity=1, starts_at=at("2026-11-25 09:00"))
    clock.advance(minutes=10)  # nobody tidies up, and it has stopped counting all the same
    assert single.book("2026-11-25 09:00", actor=other).state == "requested"


def test_a_person_keeps_one_slot_at_a_time(house: House) -> None:  # R-TIME-13
    for start in ("2026-11-25 09:00", "2026-11-25 14:00"):
        house.do(services.hold, house.client, test_item_id=house.item.id, quantity=1, starts_at=at(start))
    assert holdings() == [(1, "offer", "25 14:00", "25 15:00")]


def test_unanswered_request_lapses(house: House, clock: Clock) -> None:  # R-BOOKING-3
    booking = house.book("2026-12-01 09:00")
    assert booking.answer_by == at("2026-11-27 00:00")  # Tuesday: Wednesday and Thursday follow
    clock.set("2026-11-26 23:59")
    assert house.do(services.lapse, SYSTEM) == 0
    clock.set("2026-11-27 00:00")
    with pytest.raises(errors.Lapsed):
        house.do(services.confirm, house.manager, ref=booking.ref)
    assert house.do(services.lapse, SYSTEM) == 1
    assert house.do(services.lapse, SYSTEM) == 0
    booking = fresh(booking)
    assert (booking.state, booking.end_reason, booking.charged_fen) == ("declined", "lapsed", 0)
    assert holdings() == []


def test_lapsed_request_stops_counting_without_any_process(single: House, clock: Clock) -> None:  # R-TIME-14
    first = single.book("2026-12-01 09:00")
    clock.set("2026-11-27 00:00")
    second = single.book("2026-12-01 09:00")
    assert (second.unit, fresh(first).state) == (1, "requested")
    single.do(services.lapse, SYSTEM)
    assert fresh(first).state == "declined"


def test_client_moves_and_it_is_a_request_again(house: House, clock: Clock) -> None:  # R-BOOKING-5
    booking = house.book("2026-12-01 09:00", quantity=2)
    house.do(services.confirm, house.manager, ref=booking.ref)
    assert fresh(booking).answer_by is None
    clock.set("2026-11-26 10:00")
    house.do(services.reschedule, house.client, ref=booking.ref, starts_at=at("2026-12-01 10:00"))
    booking = fresh(booking)
    assert (booking.state, booking.unit, booking.price_fen) == ("requested", 1, 20_000)
    assert booking.answer_by == at("2026-12-01 00:00")  # Thursday: Friday and Monday follow
    assert holdings() == [(1, "booking", "01 10:00", "01 12:00")]
    clock.set("2026-12-01 10:00")
    with pytest.raises((errors.AlreadyBegun, errors.Lapsed)):
        house.do(services.reschedule, house.client, ref=booking.ref, starts_at=at("2026-12-02 10:00"))


def test_automatic_lab_confirms_at_once(app: object, clock: Clock) -> None:  # R-BOOKING-2
    house = make_house(clock, lab={"automatic_confirmation": True})
    booking = house.book("2026-11-25 09:00")
    assert (booking.state, booking.answer_by) == ("confirmed", None)
    house.do(services.reschedule, house.client, ref=booking.ref, starts_at=at("2026-11-25 10:00"))
    assert fresh(booking).state == "confirmed"


def test_proposal_holds_its_time_and_accepting_confirms(house: House, clock: Clock) -> None:  # R-BOOKING-6
    booking = house.book("2026-12-01 09:00", quantity=2)
    proposal = house.do(
        services.propose, house.manager, ref=booking.ref, starts_at=at("2026-12-01 10:00"), reason="仪器维护"
    )
    # the hour that is already the booking's own is not held twice
    assert holdings() == [(1, "booking", "01 09:00", "01 11:00"), (1, "offer", "01 11:00", "01 12:00")]
    clock.set("2026-11-26 23:00")
    assert house.do(services.lapse, SYSTEM) == 0
    house.do(services.accept_proposal, house.client, ref=booking.ref, proposal_id=proposal.id)
    assert fresh(booking).state == "confirmed"
    assert holdings() == [(1, "booking", "01 10:00", "01 12:00")]
    with pytest.raises(errors.NoOpenProposal):
        house.do(services.accept_proposal, house.client, ref=booking.ref, proposal_id=proposal.id)


def test_where_a_booking_stands_is_no_proposal(house: House) -> None:  # R-BOOKING-6
    booking = house.book("2026-12-01 09:00", quantity=2)
    with pytest.raises(errors.AlreadyThere) as refused:
        house.do(services.propose, house.manager, ref=booking.ref, starts_at=booking.starts_at, reason="仪器维护")
    assert refused.value.field == "starts_at"
    with pytest.raises(errors.AlreadyThere):
        services.where_to(booking, "lab", house.clock.now, starts_at=booking.starts_at)
    assert holdings() == [(1, "booking", "01 09:00", "01 11:00")]
    assert not db.session.scalars(select(Proposal)).all()
    assert house.do(
        services.propose, house.manager, ref=booking.ref, starts_at=booking.starts_at, reason="换机", unit=2
    )


def test_new_proposal_replaces_the_old_one(house: House) -> None:  # R-BOOKING-6
    booking = house.book("2026-12-01 09:00")
    first = house.do(services.propose, house.manager, ref=booking.ref, starts_at=at("2026-12-02 09:00"), reason="一")
    second = house.do(services.propose, house.manager, ref=booking.ref, starts_at=at("2026-12-02 09:30"), reason="二")
    assert holdings() == [(1, "booking", "01 09:00", "01 10:00"), (1, "offer", "02 09:30", "02 10:30")]
    assert db.session.get_one(Proposal, first.id).state == "replaced"
    house.do(services.decline_proposal, house.client, ref=booking.ref, proposal_id=second.id)
    assert holdings() == [(1, "booking", "01 09:00", "01 10:00")]
    assert fresh(booking).state == "requested"


def test_open_proposal_stops_the_request_from_lapsing(house: House, clock: Clock) -> None:  # R-BOOKING-6
    booking = house.book("2026-12-03 09:00")
    clock.set("2026-11-26 16:00")
    house.do(services.propose, house.manager, ref=booking.ref, starts_at=at("2026-12-04 09:00"), reason="改期")
    clock.set("2026-11-27 12:00")  # the request alone would have lapsed at midnight
    assert house.do(services.lapse, SYSTEM) == 0
    assert fresh(booking).state == "requested"
    clock.set("2026-12-01 00:00")  # Friday and Monday have passed
    assert house.do(services.lapse, SYSTEM) == 1
    booking = fresh(booking)
    assert (booking.state, booking.end_reason) == ("declined", "lapsed")
    assert [one.state for one in db.session.scalars(select(Proposal))] == ["lapsed"]
    assert holdings() == []


def test_lab_moves_to_another_unit_without_asking(house: House) -> None:  # R-BOOKING-7
    booking = house.book("2026-12-01 09:00")
    other = house.book("2026-12-01 09:00")
    with pytest.raises(errors.SlotTaken):
        house.do(services.move_unit, house.manager, ref=booking.ref, unit=2)
    house.do(services.cancel, house.client, ref=other.ref)
    house.do(services.move_unit, house.manager, ref=booking.ref, unit=2)
    assert fresh(booking).unit == 2
    with pytest.raises(errors.UnknownUnit):
        house.do(services.move_unit, house.manager, ref=booking.ref, unit=3)


@pytest.mark.parametrize(("now", "fee"), [("2026-11-30 09:00", 0), ("2026-11-30 09:01", 5_000)])
def test_cancelling_costs_what_the_terms_say(app: object, clock: Clock, now: str, fee: int) -> None:  # R-PRICE-9
    house = make_house(clock, free_cancel_minutes=24 * 60, late_cancel_percent=50)
    booking = house.book("2026-12-01 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    clock.set(now)
    assert queries.cancellation_preview(booking, clock.now) == fee
    house.do(services.cancel, house.client, ref=booking.ref)
    booking = fresh(booking)
    assert (booking.state, booking.charged_fen) == ("cancelled", fee)
    lines = db.session.scalars(select(Charge).order_by(Charge.id)).all()
    assert sum(line.amount_fen for line in lines if line.state == "agreed") == fee
    assert holdings() == []


def test_lab_cancels_with_a_reason_and_for_nothing(app: object, clock: Clock) -> None:  # R-PRICE-9, R-BOOKING-8
    house = make_house(clock, free_cancel_minutes=24 * 60, late_cancel_percent=50)
    booking = house.book("2026-11-25 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    house.do(services.receive, house.manager, ref=booking.ref, samples=1)
    with pytest.raises(errors.IllegalStep):
        house.do(services.cancel, house.client, ref=booking.ref)
    with pytest.raises(ReasonRequired):
        house.do(services.cancel, house.manager, ref=booking.ref)
    house.do(services.cancel, house.manager, ref=booking.ref, reason="仪器故障")
    assert (fresh(booking).state, fresh(booking).charged_fen) == ("cancelled", 0)


def test_no_show_from_sixty_minutes_after_the_start(app: object, clock: Clock) -> None:  # R-BOOKING-9
    house = make_house(clock, no_show_percent=30)
    booking = house.book("2026-11-25 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    clock.set("2026-11-25 09:59")
    with pytest.raises(errors.NoShowTooEarly):
        house.do(services.no_show, house.manager, ref=booking.ref)
    clock.set("2026-11-25 10:00")
    house.do(services.no_show, house.manager, ref=booking.ref)
    assert (fresh(booking).state, fresh(booking).charged_fen) == ("no_show", 3_000)


def test_early_start_moves_the_holding_where_the_unit_is_free(single: House, clock: Clock) -> None:  # R-TIME-16
    before = single.book("2026-11-25 10:00")
    booking = single.book("2026-11-25 11:00")
    single.do(services.confirm, single.manager, ref=booking.ref)
    single.do(services.receive, single.manager, ref=booking.ref, samples=1)
    clock.set("2026-11-25 08:55")
    with pytest.raises(errors.SlotTaken):
        single.do(services.start, single.manager, ref=booking.ref)
    single.do(services.cancel, single.client, ref=before.ref)
    single.do(services.start, single.manager, ref=booking.ref)
    assert holdings() == [(1, "booking", "25 08:55", "25 12:00")]
    single.do(services.finish, single.manager, ref=booking.ref)
    assert holdings() == []  # nothing is left of it
    assert fresh(booking).state == "tested"


def test_finish_is_never_in_the_future_nor_before_the_start(single: House, clock: Clock) -> None:  # R-TIME-16
    booking = single.book("2026-11-25 09:00")
    single.do(services.confirm, single.manager, ref=booking.ref)
    single.do(services.receive, single.manager, ref=booking.ref, samples=1)
    clock.set("2026-11-25 09:30")
    single.do(services.start, single.manager, ref=booking.ref, at=at("2026-11-25 09:10"))
    with pytest.raises(errors.MomentInFuture):
        single.do(services.finish, single.manager, ref=booking.ref, at=at("2026-11-25 09:31"))
    with pytest.raises(errors.FinishBeforeStart):
        single.do(services.finish, single.manager, ref=booking.ref, at=at("2026-11-25 09:09"))
    single.do(services.finish, single.manager, ref=booking.ref, at=at("2026-11-25 09:25"))
    assert holdings() == [(1, "booking", "25 09:00", "25 09:25")]


def test_running_test_keeps_its_unit_as_far_as_free(single: House, clock: Clock) -> None:  # R-TIME-16
    booking = single.book("2026-11-25 09:00")
    following = single.book("2026-11-25 10:02")
    single.do(services.confirm, single.manager, ref=following.ref)
    single.do(services.confirm, single.manager, ref=booking.ref)
    single.do(services.receive, single.manager, ref=booking.ref, samples=1)
    clock.set("2026-11-25 09:00")
    single.do(services.start, single.manager, ref=booking.ref)
    clock.set("2026-11-25 09:58")
    assert single.do(services.lengthen_running, SYSTEM) == 0
    clock.set("2026-11-25 09:59")
    assert single.do(services.lengthen_running, SYSTEM) == 1
    assert holdings()[0] == (1, "booking", "25 09:00", "25 10:01")
    clock.set("2026-11-25 10:00")
    single.do(services.lengthen_running, SYSTEM)
    clock.set("2026-11-25 10:01")
    single.do(services.lengthen_running, SYSTEM)
    assert holdings()[0] == (1, "booking", "25 09:00", "25 10:02")
    assert "booking.overrun" in actions(following)
    clock.set("2026-11-25 10:05")
    single.do(services.finish, single.manager, ref=booking.ref)
    assert fresh(booking).ends_at == at("2026-11-25 10:05")
    assert holdings()[0] == (1, "booking", "25 09:00", "25 10:02")


def test_increase_of_charge_needs_consent(house: House) -> None:  # R-PRICE-7
    booking = house.book("2026-11-25 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    line = house.do(services.propose_charge, house.manager, ref=booking.ref, amount_fen=800, reason="复抛")
    assert fresh(booking).charged_fen == 10_000
    with pytest.raises(NotAllowed):
        house.do(services.consent_charge, house.manager, ref=booking.ref, charge_id=line.id)
    house.do(services.consent_charge, house.client, ref=booking.ref, charge_id=line.id)
    assert fresh(booking).charged_fen == 10_800
    with pytest.raises(errors.ChargeNotOpen):
        house.do(services.refuse_charge, house.client, ref=booking.ref, charge_id=line.id)
    house.do(services.propose_charge, house.manager, ref=booking.ref, amount_fen=-10_800, reason="免收")
    assert fresh(booking).charged_fen == 0
    with pytest.raises(errors.NegativeCharge):
        house.do(services.propose_charge, house.manager, ref=booking.ref, amount_fen=-1, reason="多")


def test_nobody_of_the_lab_consents_for_the_client(house: House) -> None:  # R-PRICE-7
    booking = house.book("2026-11-25 09:00")
    house.do(services.confirm, house.manager, ref=booking.ref)
    line = house.do(services.propose_charge, house.manager, ref=booking.ref, amount_fen=800, reason="复抛")
    with transaction():
        at_the_lab = {"person_id": house.client.person_id, "firm_id": house.lab.firm_id, "role": "viewer"}
        db.session.add(factories.Membership(**at_the_lab, started_at=house.clock.now))
    with pytest.raises(errors.LabAnswersItself):
        house.do(services.consent_charge, house.client, ref=booking.ref, charge_id=line.id)
    assert fresh(booking).charged_fen == 10_000


def test_block_takes_what_is_free_and_lists_what_is_in_the_way(house: House) -> None:  # R-TIME-15
    booking = house.book("2026-11-25 10:00")
    made = house.do(
        services.block,
        house.manager,
        instrument_id=house.instrument.id,
        starts_at=at("2026-11-25 09:00"),
        ends_at=at("2026-11-25 18:00"),
        kind="maintenance",
    )
    assert [one.ref for one in made.in_the_way] == [booking.ref]
    assert holdings() == [
        (1, "maintenance", "25 09:00", "25 10:00"),
        (1, "booking", "25 10:00", "25 11:00"),
        (1, "maintenance", "25 11:00", "25 18:00"),
        (2, "maintenance", "25 09:00", "25 18:00"),
    ]
    with pytest.raises(NotAllowed):
        house.do(services.unblock, house.client, block_id=made.id)
    house.do(services.unblock, house.manager, block_id=made.id)
    assert holdings() == [(1, "booking", "25 10:00", "25 11:00")]
