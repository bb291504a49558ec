"""Steps for verbs that no route of the rights matrix runs to its end: the scheduler's, and those whose state the
matrix's world does not have.

`steps` is one story: what it does between two steps prepares the next; each step is one transaction, given as its name
and what to do.
"""

import io
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import func, select

from labshare.accounts import factors, mobile
from labshare.accounts import services as accounts
from labshare.accounts.links import RESET_LASTS, password_link, state_of
from labshare.accounts.models import MobileCode, Person
from labshare.accounts.passkeys import remove_passkey
from labshare.accounts.passwords import hashed
from labshare.accounts.queries import open_sessions, passkeys_of
from labshare.accounts.sessions import begin_session
from labshare.accounts.terms import CodePurpose
from labshare.booking import services as booking
from labshare.booking.models import Booking, Charge, ForClient
from labshare.booking.services.hours import seed_working_years
from labshare.booking.services.sheets import import_sheets
from labshare.booking.services.units import change_units
from labshare.booking.services.work import lengthen_running
from labshare.booking.terms import ExtraKind
from labshare.catalogue.models import Lab
from labshare.catalogue.rules.entries import InstrumentDetails, LabDetails, TestItemDetails
from labshare.catalogue.rules.sample_form import Question
from labshare.catalogue.services import applications, fees, instruments, labs, standards, test_items
from labshare.catalogue.services.authorisations import (
    authorise,
    authorise_class,
    notify_ending,
    withdraw_authorisation,
)
from labshare.catalogue.services.many import Change, change_many
from labshare.catalogue.services.sample_forms import set_sample_form
from labshare.catalogue.terms import ManyKind
from labshare.demonstration.photos import drawn
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.sheets import ReadSheet, Row
from labshare.kernel.time import local_day, start_of_day, utc_now
from labshare.organisations import services as organisations
from labshare.organisations.models import Firm, Membership
from labshare.oversight.heads import add_address, confirm_address, remove_address, stop
from labshare.oversight.services import mark_known
from labshare.rewards import services as rewards
from labshare.rewards.models import Correction, Objection, Policy
from labshare.settlement import services as settlement
from labshare.settlement.files import keep_table, take_in, take_photo
from labshare.settlement.models import Dispute, Inquiry
from labshare.settlement.queries.photos import photos_of
from labshare.settlement.rules.tax_sheets import TaxRow
from labshare.settlement.services import add_sample_photo
from labshare.settlement.services.photos import add_photo, move_photo, remove_photo
from labshare.settlement.tax_list import TaxLine
from tests import factories as make
from tests.authenticator import Authenticator
from tests.mails import link_in_last_mail, secret_in_mail
from tests.passkeys import SoftKey, add_to
from tests.rewards.reading import policy_json
from tests.rights.world import RightsWorld, machines

Step = tuple[str, Callable[[], Any]]
PASSWORD = "nine green apples"
PASSWORD_HASH, OTHER = hashed(PASSWORD), hashed(PASSWORD + " more")

EXEMPT = {
    "regulator.create_administrator": "in an empty installation alone: tests/organisations/test_separation.py",
}
"""Verbs that cannot run in this world, and where their events are looked for."""


def steps(world: RightsWorld, clock: Any) -> Iterator[Step]:
    """The story. `clock` may be moved between steps."""
    yield from _accounts(world)
    yield from _heads(world)
    yield from _members(world)
    yield from _keys()
    yield from _catalogue(world)
    yield from _bookings(world, clock)
    yield from _rewards(world, clock)


def acting(world: RightsWorld, name: str) -> Actor:
    firm = world.firms[name]
    role = name
    if firm is not None:
        role = db.session.query(Membership).filter_by(person_id=world.people[name].id, ended_at=None).one().role
    return make.actor(world.people[name], firm, role)


def _keys() -> Iterator[Step]:
    old, new = current_app.config["BANK_KEYS"][0], "another-key-of-chance-0123456789"
    current_app.config["BANK_KEYS"] = (new, old)
    yield "encrypt accounts anew", lambda: organisations.reseal_accounts(actor=SYSTEM, now=utc_now())
    current_app.config["BANK_KEYS"] = (new,)


def _accounts(world: RightsWorld) -> Iterator[Step]:
    now = utc_now()
    nobody = Actor()
    yield "sign up", lambda: accounts.sign_up(actor=nobody, now=now, email="fresh@test.example", name="新人")
    someone = db.session.get_one(Person, world.places["person_id"])
    own = Actor(person_id=someone.id)
    yield "ask for a reset", lambda: accounts.ask_password_reset(actor=nobody, now=now, email=someone.email)
    token = password_link(someone, now, RESET_LASTS)
    yield "set a password", lambda: accounts.set_password(actor=nobody, now=now, token=token, new_hash=PASSWORD_HASH)
    kept = db.session.get_one(Person, someone.id).password_hash or ""
    yield "sign in", lambda: accounts.sign_in(actor=nobody, now=now, person_id=someone.id, seen_hash=kept)
    with transaction():
        key = begin_session(db.session.get_one(Person, someone.id), now)
    yield "sign out", lambda: accounts.sign_out(actor=own, now=now, key=key)
    with transaction():
        begin_session(db.session.get_one(Person, someone.id), now)
    (another,) = (one.id for one in open_sessions(someone.id, now)[:1])
    yield "sign another browser out", lambda: accounts.end_one_session(actor=own, now=now, session_id=another)
    yield "choose a language", lambda: accounts.choose_language(actor=own, now=now, locale="en")
    yield (
        "change the password",
        lambda: accounts.change_password(actor=own, now=now, seen_hash=PASSWORD_HASH, new_hash=OTHER),
    )
    yield "sign out everywhere", lambda: accounts.sign_out_everywhere(actor=own, now=now)
    number, adding, signing_in = "13805751234", CodePurpose.ADDING, CodePurpose.SIGNING_IN
    ask = partial(mobile.ask_code, actor=own, now=now, mobile=number, person_id=someone.id)
    yield "ask for a code", lambda: ask(purpose=adding)
    yield "add a number", lambda: mobile.set_mobile(actor=own, now=now, mobile=number, code=_code(number, adding))
    yield "ask for a code to sign in", lambda: ask(purpose=signing_in)
    code = _code(number, signing_in)
    yield "sign in by a code", lambda: mobile.sign_in_by_code(actor=nobody, now=now, mobile=number, code=code)
    yield "remove a number", lambda: mobile.remove_mobile(actor=own, now=now)
    set_up = factors.new_set_up(someone.id, now)
    phone = Authenticator(factors.secret_of_set_up(set_up, someone.id, now))
    put_on = partial(factors.set_factor, actor=own, now=now, set_up=set_up, code=phone.shows(now), key="-")
    yield "set up a second factor", lambda: phone.recovery.extend(put_on())
    state = state_of(db.session.get_one(Person, someone.id))
    soon = now + timedelta(minutes=1)
    yield (
        "sign in with it",
        lambda: factors.enter_code(actor=nobody, now=soon, person_id=someone.id, state=state, code=phone.shows(soon)),
    )
    proving = soon + timedelta(minutes=1)
    yield "prove it anew", lambda: factors.prove(actor=own, now=proving, key="-", code=phone.shows(proving))
    later = proving + timedelta(minutes=1)
    yield "make recovery codes", lambda: factors.renew_codes(actor=own, now=later, code=phone.shows(later))
    last = later + timedelta(minutes=1)
    turn_off = partial(factors.remove_factor, actor=own, now=last, required=False)
    yield "turn the second factor off", lambda: turn_off(code=phone.shows(last))
    yield "add a passkey", lambda: add_to(db.session.get_one(Person, someone.id), SoftKey(), last)
    passkey_id = passkeys_of(someone.id)[0].id
    take_off = partial(remove_passkey, actor=own, now=last, passkey_id=passkey_id, required=False)
    yield "remove a passkey", take_off
    yield "keep a draft", lambda: organisations.save_draft(actor=own, now=now, fields={"name": "新企业"})


def _heads(world: RightsWorld) -> Iterator[Step]:
    now, nobody, admin = utc_now(), Actor(), acting(world, "admin")
    yield "ask an address", lambda: add_address(actor=admin, now=now, email="archive@test.example", locale="en")
    secret = link_in_last_mail().removeprefix("/audit/heads/by-mail/")
    yield "say yes to heads", lambda: confirm_address(actor=nobody, now=now, secret=secret)
    yield "stop them", lambda: stop(actor=nobody, now=now, secret=secret)
    removed = world.places["head_address_id"]
    yield "take an address off", lambda: remove_address(actor=admin, now=now, address_id=removed)


def _code(number: str, purpose: CodePurpose) -> str:
    return mobile.code_of(db.session.get_one(MobileCode, (number, purpose)))


def _members(world: RightsWorld) -> Iterator[Step]:
    now = utc_now()
    owner = acting(world, "client_owner")
    firm_id = owner.firm_id or 0
    with transaction():
        guest = make.person(email="guest2@test.example", password_hash=PASSWORD_HASH)
        returned = make.firm(verified_at=None)
        master = make.member(returned, "owner")
        organisations.return_firm(actor=acting(world, "admin"), now=now, firm_id=returned.id, reason="名称不符")
        organisations.invite(actor=owner, now=now, firm_id=firm_id, email=guest.email, role="viewer")
    yield (
        "accept an invitation",
        lambda: organisations.accept_invitation(actor=Actor(person_id=guest.id), now=now, secret=secret_in_mail()),
    )
    yield "leave a firm", lambda: organisations.leave(actor=Actor(person_id=guest.id), now=now, firm_id=firm_id)
    with transaction():
        organisations.invite(actor=owner, now=now, firm_id=firm_id, email="guest3@test.example", role="viewer")
    yield (
        "join by an invitation",
        lambda: organisations.join_by_invitation(
            actor=Actor(), now=now, secret=secret_in_mail(), name="新人", new_hash=PASSWORD_HASH
        ),
    )
    yield (
        "submit a firm again",
        lambda: organisations.submit_firm(
            actor=Actor(person_id=master.id, firm_id=returned.id, roles=frozenset({"owner"})),
            now=now,
            firm_id=returned.id,
        ),
    )


def _catalogue(world: RightsWorld) -> Iterator[Step]:
    now, places = utc_now(), world.places
    owner, officer = acting(world, "lab_owner"), acting(world, "officer")
    details = LabDetails(name="检测中心", town="330624002", address="工业大道 8 号", phone="0575-1")
    with transaction():
        lab = labs.create_lab(actor=owner, now=now, firm_id=owner.firm_id or 0, details=details)
    renamed = LabDetails(**{**vars(details), "name": "热处理检测中心"})
    yield "edit a lab", lambda: labs.edit_lab(actor=owner, now=now, lab_id=lab.id, details=renamed)
    with transaction():
        booking.set_opening_hours(actor=owner, now=now, lab_id=lab.id, weekly=[[(540, 1020)]] * 5 + [[], []])
    machine = InstrumentDetails(
        inner_id="A-901",
        name="试验机",
        model="X0",
        manufacturer="试验机厂",
        original_value_fen=5_000_000,
        begin_date=date(2020, 1, 1),
        needs_calibration=False,
    )
    yield "add an instrument", lambda: instruments.add_instrument(actor=owner, now=now, lab_id=lab.id, details=machine)
    weekly = (((540, 1020),),) * 6 + ((),)
    given = {"lab_id": places["lab_id"], "instrument_id": places["instrument_id"], "valid_from": date(2027, 2, 1)}
    hours = {**given, "weekly": weekly}
    yield "own hours", lambda: booking.set_opening_hours(actor=acting(world, "lab_owner"), now=now, **hours)
    yield (
        "planned hours taken back",
        lambda: booking.drop_opening_hours(actor=owner, now=now, week_id=places["week_id"]),
    )
    with transaction():
        added = instruments.add_instrument(
            actor=owner, now=now, lab_id=lab.id, details=InstrumentDetails(**{**vars(machine), "inner_id": "A-902"})
        )
    changed = InstrumentDetails(**{**vars(machine), "inner_id": "A-902", "model": "X1"})
    yield (
        "edit an instrument",
        lambda: instruments.edit_instrument(actor=owner, now=now, instrument_id=added.id, details=changed),
    )
    yield "publish a lab", lambda: labs.publish_lab(actor=owner, now=now, lab_id=lab.id)
    taken = [take_photo(io.BytesIO(drawn(400, ())), "hall.png", now=now) for _ in range(2)]
    for photo in taken:
        yield (
            "add a photo",
            lambda photo=photo: add_photo(actor=owner, now=now, lab_id=lab.id, photo=photo, words="大厅"),
        )
    first = photos_of(lab.id)[0].id
    yield "move a photo", lambda: move_photo(actor=owner, now=now, photo_id=first, up=False)
    yield "remove a photo", lambda: remove_photo(actor=owner, now=now, photo_id=first)
    yield "publish an instrument", lambda: instruments.publish_instrument(actor=owner, now=now, instrument_id=added.id)
    yield (
        "take in a sheet",
        lambda: import_sheets(actor=owner, now=now, lab_id=lab.id, sheets=[machines("B-1", "B-2")], name="x.csv"),
    )
    before = {"innerId": machine.inner_id, "client": "新光机械厂", "test": "盐雾试验"}
    day = local_day(now) + timedelta(days=200)
    before |= {"starts_at": f"{day} 08:30", "ends_at": f"{day} 10:00"}
    for name, said in (
        ("of bookings from before", before),
        ("that says otherwise of one", before | {"contact": "王工"}),
    ):
        rows = [Row(1, list(said)), Row(2, list(said.values()))]
        sheets = [ReadSheet("", [], [], rows)]
        yield (
            f"take in a sheet {name}",
            lambda sheets=sheets: import_sheets(actor=owner, now=now, lab_id=lab.id, sheets=sheets, name="x.csv"),
        )
    yield "change units", lambda: change_units(actor=owner, now=now, instrument_id=added.id, units=2)
    item = TestItemDetails(name="硬度", category="mechanics", sample_minutes=Decimal(30), sample_requirement="三件")
    yield (
        "add a test item",
        lambda: test_items.add_test_item(
            actor=owner, now=now, lab_id=lab.id, details=item, standards=[places["standard"]], instruments=[added.id]
        ),
    )
    with transaction():
        drafted = test_items.add_test_item(
            actor=owner, now=now, lab_id=lab.id, details=item, standards=[places["standard"]], instruments=[added.id]
        )
        fees.add_fee(
            actor=owner,
            now=now,
            test_item_id=drafted.id,
            basis="sample",
            amount_fen=9_000,
            minimum_fen=0,
            valid_from=local_day(now),
        )
    yield (
        "edit a test item",
        lambda: test_items.edit_test_item(
            actor=owner,
            now=now,
            test_item_id=drafted.id,
            details=TestItemDetails(**{**vars(item), "name": "洛氏硬度"}),
            standards=[places["standard"]],
            instruments=[added.id],
        ),
    )
    asked = Question(label="硬化层深度", kind="number", unit="mm")
    yield (
        "ask about samples",
        lambda: set_sample_form(actor=owner, now=now, test_item_id=drafted.id, questions=[asked], revision=0),
    )
    yield "publish a test item", lambda: test_items.publish_test_item(actor=owner, now=now, test_item_id=drafted.id)
    yield "apply to be an open lab", lambda: applications.apply(actor=owner, now=now, lab_id=lab.id)
    yield (
        "withdraw an application",
        lambda: applications.withdraw_application(actor=owner, now=now, lab_id=lab.id),
    )
    with transaction():
        applications.apply(actor=owner, now=now, lab_id=lab.id)
    yield (
        "decline an application",
        lambda: applications.decline_application(actor=officer, now=now, lab_id=lab.id, reason="证书过期"),
    )
    later = Change(kind=ManyKind.DAYS, days=9)
    yield "change many", lambda: change_many(actor=owner, now=now, change=later, items=[drafted.id])
    yield "admit a lab", lambda: labs.admit_lab(actor=officer, now=now, lab_id=lab.id, admitted_from=local_day(now))
    with transaction():
        drafts = [make.lab(make.firm(), admitted=False) for _ in range(2)]
        early = [
            labs.admit_lab(actor=officer, now=now, lab_id=one.id, admitted_from=date(2026, 1, 5), reason="漏录")
            for one in drafts
        ]
        confirmed, refused = ((one.id, one.seen) for one in early)
    approver = acting(world, "approver")
    yield (
        "confirm an admission",
        lambda: labs.confirm_admission(actor=approver, now=now, admission_id=confirmed[0], seen=confirmed[1]),
    )
    yield "refuse an admission", lambda: labs.refuse_admission(actor=approver, now=now, admission_id=refused[0])
    admin, about = acting(world, "admin"), {"now": now, "name": "标准化工作导则"}
    with transaction():
        proposed = [
            standards.propose_standard(actor=owner, number=f"GB/T {number}-2020", **about).id for number in (1, 2, 3)
        ]
    yield "propose a standard", lambda: standards.propose_standard(actor=owner, number="GB/T 4-2020", **about)
    yield "take a standard back", lambda: standards.withdraw_proposal(actor=owner, now=now, proposal_id=proposed[0])
    yield (
        "decline a standard",
        lambda: standards.decline_proposal(actor=admin, now=now, proposal_id=proposed[1], reason="编号有误"),
    )
    yield (
        "publish a standard",
        lambda: standards.publish_standard(actor=admin, number="GB/T 3-2020", proposal_id=proposed[2], **about),
    )
    with transaction():
        newer = make.standard()
    yield (
        "supersede a standard",
        lambda: standards.supersede_standard(
            actor=officer,
            now=now,
            standard_id=places["standard_id"],
            successor=newer.number,
            superseded_from=local_day(now),
        ),
    )
    yield "seed the working days", lambda: seed_working_years(actor=SYSTEM, now=now, first=2024, last=2025)


def _bookings(world: RightsWorld, clock: Any) -> Iterator[Step]:
    places = world.places
    client, manager = acting(world, "client_owner"), acting(world, "lab_manager")
    with transaction():
        lab = db.session.get_one(Lab, places["lab_id"])
        item = make.test_item(make.instrument(lab, units=2))

    def book(day: str, at: int) -> str:
        with transaction():
            return booking.book(
                actor=client,
                now=utc_now(),
                test_item_id=item.id,
                quantity=1,
                sample_description="试样",
                starts_at=start_of_day(date.fromisoformat(day)) + timedelta(hours=at),
            ).ref

    def confirmed(day: str, at: int) -> str:
        ref = book(day, at)
        with transaction():
            booking.confirm(actor=manager, now=utc_now(), ref=ref)
        return ref

    ref = book("2026-11-26", 9)
    yield "confirm a booking", lambda: booking.confirm(actor=manager, now=utc_now(), ref=ref)
    paper = {"paper": "SG-1", "valid_from": local_day(utc_now()), "valid_to": local_day(utc_now())}
    who, owner = manager.person_id, acting(world, "lab_owner")
    with transaction():
        spare = make.instrument(lab).id
        make.instrument(lab, class_code="020101")
        held = authorise(actor=owner, now=utc_now(), instrument_id=spare, person_id=who, **paper).id
    yield "authorise", lambda: authorise(actor=owner, now=utc_now(), instrument_id=spare, person_id=who, **paper)
    spare_class = {"lab_id": lab.id, "class_code": "0201", "person_id": who}
    yield "authorise for a class", lambda: authorise_class(actor=owner, now=utc_now(), **spare_class, **paper)
    yield "tell what ends", lambda: notify_ending(actor=SYSTEM, now=utc_now())
    yield "withdraw", lambda: withdraw_authorisation(actor=owner, now=utc_now(), authorisation_id=held)
    mine = manager.person_id
    with transaction():
        left = booking.hand_over(actor=manager, now=utc_now(), ref=ref, text="2 号夹具松动").id
    yield "hand over", lambda: booking.hand_over(actor=manager, now=utc_now(), ref=ref, text="2 号夹具松动")
    yield "take note", lambda: booking.take_note(actor=owner, now=utc_now(), handover_id=left)
    yield "assign a booking", lambda: booking.assign(actor=manager, now=utc_now(), ref=ref, person_id=mine)
    picture = take_in(io.BytesIO(drawn(400, ())), "sample.png", "document", now=utc_now())
    yield "add a photo of samples", lambda: add_sample_photo(actor=manager, now=utc_now(), ref=ref, photo=picture)
    yield "move to another unit", lambda: booking.move_unit(actor=manager, now=utc_now(), ref=ref, unit=2)
    later = start_of_day(date(2026, 11, 26)) + timedelta(hours=14)
    yield "reschedule", lambda: booking.reschedule(actor=client, now=utc_now(), ref=ref, starts_at=later)
    missed = confirmed("2026-11-25", 9)
    running = confirmed("2026-11-25", 13)
    short = confirmed("2026-11-25", 15)
    book("2026-11-27", 9)
    clock.set("2026-11-25 10:00")
    yield "record a no-show", lambda: booking.no_show(actor=manager, now=utc_now(), ref=missed)
    clock.set("2026-11-25 13:00")
    with transaction():
        booking.receive(actor=manager, now=utc_now(), ref=running, samples=1)
    with transaction():
        booking.start(actor=manager, now=utc_now(), ref=running)
    with transaction():
        shelf = booking.add_place(actor=manager, now=utc_now(), lab_id=lab.id, name="架 A").id
    yield "put samples away", lambda: booking.store(actor=manager, now=utc_now(), ref=running, place_id=shelf)
    yield "add a storage place", lambda: booking.add_place(actor=manager, now=utc_now(), lab_id=lab.id, name="架 B")
    yield "remove a storage place", lambda: booking.drop_place(actor=manager, now=utc_now(), place_id=shelf)
    wish = booking.Wish(kind=ExtraKind.TIME, minutes=1)
    ask = partial(booking.propose_extra, actor=manager, now=utc_now(), ref=running, wish=wish, cause="takes_longer")
    yield "propose extra work", ask
    line = db.session.query(Charge).filter(Charge.answer_by.is_not(None), Charge.state == "proposed").one().id
    yield (
        "take extra work back",
        lambda: booking.withdraw_charge(actor=manager, now=utc_now(), ref=running, charge_id=line),
    )
    with transaction():
        until = ask().answer_by
    yield "let extra work lapse", lambda: booking.lapse_extra(actor=SYSTEM, now=until)
    clock.set("2026-11-25 13:30")
    yield "pause a test", lambda: booking.pause(actor=manager, now=utc_now(), ref=running, reason="shift")
    yield "let a test go on", lambda: booking.resume(actor=manager, now=utc_now(), ref=running)
    clock.set("2026-11-25 14:00")
    yield "lengthen what runs", lambda: lengthen_running(actor=SYSTEM, now=utc_now())
    clock.set("2026-11-25 15:00")
    with transaction():
        booking.receive(actor=manager, now=utc_now(), ref=short, samples=1)
    with transaction():
        made = booking.start(actor=manager, now=utc_now(), ref=short)
    span = {"starts_at": utc_now(), "ends_at": utc_now() + timedelta(hours=2)}
    with transaction():
        booking.block(actor=manager, now=utc_now(), instrument_id=made.instrument_id, kind="maintenance", **span)
    clock.set("2026-11-25 15:20")
    with transaction():
        booking.finish(actor=manager, now=utc_now(), ref=short)
    yield "let blocks grow", lambda: booking.grow_blocks(actor=SYSTEM, now=utc_now())
    clock.set("2026-11-30 09:00")
    waits = book("2026-12-08", 9)
    told = start_of_day(date(2026, 12, 2)) + timedelta(hours=7)
    yield "tell the owner of a request", lambda: booking.notify_of_requests(actor=SYSTEM, now=told)
    with transaction():
        booking.confirm(actor=manager, now=utc_now(), ref=waits)
    yield "remind for the lab", lambda: booking.remind_client(actor=manager, now=utc_now(), ref=waits)
    yield "remind of what begins", lambda: booking.remind(actor=SYSTEM, now=utc_now())
    yield "tell owners of disputes", lambda: settlement.notify_of_disputes(actor=SYSTEM, now=_left(Dispute.answer_by))
    yield "tell owners of requests", lambda: settlement.notify_of_inquiries(actor=SYSTEM, now=_left(Inquiry.ends_at))
    yield "tell what is overdue", lambda: settlement.notify_overdue(actor=SYSTEM, now=utc_now() + timedelta(days=90))
    yield "let a request lapse", lambda: booking.lapse(actor=SYSTEM, now=utc_now())
    yield from _approvals(world, item.id)
    yield from _for_clients(world, item.id)
    accountant = acting(world, "lab_accountant")
    yield (
        "record a red letter",
        lambda: settlement.record_red_letter(
            actor=accountant,
            now=utc_now(),
            ref=places["reported"],
            number="26330000000000000077",
            issued_on=date(2026, 11, 30),
            amount_fen=1_000,
            tax_fen=0,
            reverses=places["invoice_line"],
        ),
    )
    line = places["bank_line_id"]
    yield from _payers(world)
    yield "set a bank line aside", lambda: settlement.set_aside(actor=accountant, now=utc_now(), line_id=line)
    yield "take a bank line back", lambda: settlement.take_back(actor=accountant, now=utc_now(), line_id=line)
    yield (
        "record a bank line",
        lambda: settlement.record_bank_line(
            actor=accountant,
            now=utc_now(),
            line_id=line,
            shares=[(places["reported"], 100)],
            payer_uscc=places["client_uscc"],
        ),
    )
    row = TaxRow(
        row=2,
        number="26332000000000000100",
        issued_on=date(2026, 11, 30),
        amount_fen=db.session.scalars(db.select(Booking).filter_by(ref=short)).one().charged_fen,
        tax_fen=Fen(0),
        buyer="",
        buyer_uscc=places["client_uscc"],
        note="",
    )
    sent = keep_table(io.BytesIO(b"list"), "list.csv", now=utc_now())
    yield (
        "import the tax system's list",
        lambda: settlement.import_tax_list(actor=accountant, now=utc_now(), heads={}, file=sent, rows=[row]),
    )
    yield (
        "record a line of it",
        lambda: settlement.record_tax_line(
            actor=accountant,
            now=utc_now(),
            line_id=db.session.scalars(db.select(TaxLine.id).filter_by(number=row.number)).one(),
            shares=[(short, row.amount_fen)],
        ),
    )
    late, uscc = utc_now() + timedelta(days=90), places["client_uscc"]
    yield (
        "send a reminder",
        lambda: settlement.send_reminders(
            actor=accountant, now=late, clients=[uscc], pay_by=local_day(late) + timedelta(days=10)
        ),
    )
    yield (
        "send a statement of account",
        lambda: settlement.send_account(
            actor=accountant, now=utc_now(), client=uscc, since=date(2026, 1, 1), until=local_day(utc_now())
        ),
    )
    line = places["tax_line_id"]
    yield (
        "set an invoice of the list aside",
        lambda: settlement.set_tax_line_aside(actor=accountant, now=utc_now(), line_id=line),
    )
    yield "take it back", lambda: settlement.take_tax_line_back(actor=accountant, now=utc_now(), line_id=line)
    yield from _disputes(world, clock)


def _payers(world: RightsWorld) -> Iterator[Step]:
    approver, first = acting(world, "approver"), world.places["acceptance_id"]
    second = {"actor": approver, "now": utc_now()}
    yield "confirm a payer", lambda: settlement.confirm_payer(**second, acceptance_id=first)
    yield "set the limit", lambda: settlement.set_payer_limit(**second, amount_fen=Fen(500_000), reason="年初核定")


def _approvals(world: RightsWorld, item_id: int) -> Iterator[Step]:
    booker, approver = acting(world, "client_booker"), acting(world, "client_approver")
    with transaction():
        db.session.get_one(Firm, booker.firm_id).approval_above_fen = 1
        first, second = (
            booking.ask_approval(
                actor=booker,
                now=utc_now(),
                test_item_id=item_id,
                quantity=1,
                starts_at=start_of_day(date(2026, 12, day)) + timedelta(hours=9),
            )
            for day in (2, 3)
        )
    number, price = first.id, first.price_fen
    yield (
        "approve inside the firm",
        lambda: booking.approve(actor=approver, now=utc_now(), approval_id=number, price_fen=price),
    )
    late = second.answer_by
    yield "let an inside yes lapse", lambda: booking.lapse_approvals(actor=SYSTEM, now=late)


def _for_clients(world: RightsWorld, item_id: int) -> Iterator[Step]:
    booker, manager = acting(world, "client_booker"), acting(world, "lab_manager")
    firm = db.session.get_one(Firm, booker.firm_id)

    def make(day: int, client: str, email: str = "") -> ForClient:
        return booking.book_for_client(
            actor=manager,
            now=utc_now(),
            test_item_id=item_id,
            quantity=1,
            starts_at=start_of_day(date(2026, 12, day)) + timedelta(hours=14),
            client=client,
            email=email,
        )

    with transaction():
        firm.approval_above_fen = None
        made = [make(day, firm.uscc) for day in (7, 8, 9, 10)]
        late = made[-1].answer_by
        accepted, declined, withdrawn, _lapsing = (each.id for each in made)
    yield "accept what the lab booked", lambda: booking.accept_for_client(actor=booker, now=utc_now(), made_id=accepted)
    yield "decline it", lambda: booking.decline_for_client(actor=booker, now=utc_now(), made_id=declined)
    yield (
        "withdraw what was booked for a client",
        lambda: booking.withdraw_for_client(actor=manager, now=utc_now(), made_id=withdrawn, reason="误填"),
    )
    yield "mail a slip", lambda: make(11, "新客户", "new@client.example")
    yield "let what was booked for a client lapse", lambda: booking.lapse_for_clients(actor=SYSTEM, now=late)


def _left(end: Any) -> datetime:
    """Seven in the morning of the last day of what ends with a day."""
    last: datetime = db.session.scalars(select(func.max(end))).one()
    return last - timedelta(hours=17)


def _disputes(world: RightsWorld, clock: Any) -> Iterator[Step]:
    client, manager, officer = (acting(world, name) for name in ("client_owner", "lab_manager", "officer"))
    first, second = world.places["reported"], world.places["received"]
    yield "open a dispute", lambda: settlement.open_dispute(actor=client, now=utc_now(), ref=second, text="结果有误")
    yield "answer a dispute", lambda: settlement.answer_dispute(actor=manager, now=utc_now(), ref=first, text="已复核")
    yield "bring it to the authority", lambda: settlement.escalate_dispute(actor=client, now=utc_now(), ref=first)
    yield (
        "decide a dispute",
        lambda: settlement.decide_dispute(actor=officer, now=utc_now(), ref=first, outcome="refund", text="报告有误"),
    )
    yield (
        "rate a test",
        lambda: booking.rate(actor=client, now=utc_now(), ref=first, result=5, service=4, time=3, text="准时"),
    )
    yield "answer a rating", lambda: booking.answer_rating(actor=manager, now=utc_now(), ref=first, text="谢谢")
    later = utc_now() + timedelta(days=90)
    yield "what was not decided", lambda: settlement.pass_on_contests(actor=SYSTEM, now=later)
    later = utc_now() + timedelta(days=30)
    yield "what was not answered", lambda: settlement.escalate_overdue(actor=SYSTEM, now=later)


def _rewards(world: RightsWorld, clock: Any) -> Iterator[Step]:
    officer, approver = acting(world, "officer"), acting(world, "approver")
    stranger = acting(world, "stranger")
    month, draft = Month.parse(world.places["month"]), world.places["draft_policy_id"]
    yield (
        "object",
        lambda: rewards.raise_objection(
            actor=stranger, now=utc_now(), month=month, lab=world.places["stranger_lab"], text="有异议"
        ),
    )
    later = utc_now() + timedelta(days=30)
    yield "what was not answered", lambda: rewards.pass_on_objections(actor=SYSTEM, now=later)
    yield "send a run back", lambda: rewards.send_back(actor=officer, now=utc_now(), month=month, reason="漏计")
    yield "calculate a run", lambda: rewards.run_month(actor=officer, now=utc_now(), month=month)
    yield "publish a run", lambda: rewards.publish(actor=officer, now=utc_now(), month=month)
    for objection in db.session.scalars(db.select(Objection.id).where(Objection.verdict.is_(None))).all():
        with transaction():
            rewards.answer_objection(
                actor=officer, now=utc_now(), objection_id=objection, verdict="rejected", text="经查无误"
            )
    clock.set("2026-12-20 09:00")
    yield "approve a run", lambda: rewards.approve(actor=approver, now=utc_now(), month=month)
    yield (
        "pay a run",
        lambda: rewards.pay(actor=officer, now=utc_now(), month=month, paid_on=date(2026, 12, 20), reference="PAY-1"),
    )
    lab = world.places["lab_code"]
    yield (
        "propose a correction",
        lambda: rewards.propose_correction(actor=officer, now=utc_now(), lab=lab, fen=100, reason="追回"),
    )
    with transaction():
        second = make.actor(make.regulator("officer"), None, "officer")
        wrong = rewards.propose_correction(actor=officer, now=utc_now(), lab=lab, fen=200, reason="追回")
        right = rewards.propose_correction(actor=officer, now=utc_now(), lab=lab, fen=300, reason="追回")
    yield (
        "confirm a correction",
        lambda: rewards.confirm_correction(actor=approver, now=utc_now(), correction_id=right.id),
    )
    yield "refuse a correction", lambda: rewards.refuse_correction(actor=second, now=utc_now(), correction_id=wrong.id)
    yield "agree to a correction", lambda: rewards.agree_correction(actor=second, now=utc_now(), correction_id=right.id)
    with transaction():
        policy = db.session.get_one(Policy, world.places["policy_id"])
        policy.effective_to = str(month)
        given = {
            "division": policy.division,
            "year": 2026,
            "from_month": "2026-11",
            "lab_id": right.lab_id,
            "reason": "",
        }
        given |= {"fen": 500, "system_fen": 500, "proposed_at": utc_now()}
        first = policy.effective_from if policy.effective_from > "2026-01" else "2026-01"
        taken, _stale = (make.add(Correction(window_from=since, **given)) for since in ("2025-01", first))
    yield (
        "take a proposed correction up",
        lambda: rewards.take_correction(actor=officer, now=utc_now(), correction_id=taken.id, seen_fen=500),
    )
    window = f"{policy.division}-{first}"
    yield (
        "withdraw a proposed correction",
        lambda: rewards.find_corrections(actor=SYSTEM, now=utc_now(), window=window),
    )
    with transaction():
        policy.effective_to = None
    yield (
        "end a policy",
        lambda: rewards.end_policy(
            actor=approver, now=utc_now(), policy_id=world.places["policy_id"], effective_to=Month.parse("2026-12")
        ),
    )
    yield "publish a policy", lambda: rewards.publish_policy(actor=approver, now=utc_now(), policy_id=draft)
    yield (
        "draft a policy",
        lambda: rewards.draft_policy(
            actor=officer, now=utc_now(), document=policy_json(effective_from="2029-01", name="再一份")
        ),
    )
    closed = Month.parse("2026-09")
    of = {"month": closed, "division": "330624"}
    yield "close a month", lambda: settlement.close_month(actor=officer, now=utc_now(), **of)
    yield "reopen a month", lambda: settlement.reopen_month(actor=officer, now=utc_now(), **of)
    yield (
        "mark what an upgrade found",
        lambda: mark_known(actor=SYSTEM, now=utc_now(), migrations=frozenset({"county"})),
    )
