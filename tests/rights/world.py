"""The world the rights are tried in: a client firm, a host firm with a lab, a stranger with a lab of its own, and the
regulators; one object of every kind. All objects belong to the client and the host; to the stranger they are another
firm's."""

import io
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app

from labshare.accounts.links import RESET_LASTS, password_link
from labshare.accounts.models import Passkey, Person, SecondFactor
from labshare.audit.services import publish_head, seal
from labshare.booking.models import Approval, Charge, Closure, Holding, OpeningWeek, Proposal
from labshare.booking.services import add_place, book_for_client, hand_over, make_feed, make_quote
from labshare.booking.services.sheets import import_sheets
from labshare.catalogue.models import Accreditation, Calibration, Fee, Instrument
from labshare.catalogue.queries.claims import digest_of_claim
from labshare.catalogue.services.authorisations import authorise
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.seen import digest_of
from labshare.kernel.sheets import ReadSheet, Row
from labshare.kernel.time import local_day, local_zone, utc_now
from labshare.notices.models import Notice
from labshare.notices.services import notify
from labshare.organisations import services as organisations
from labshare.organisations.models import Firm, Membership, RegulatorRole
from labshare.oversight.heads import add_address
from labshare.rewards.models import ObjectionFile
from labshare.rewards.services import (
    draft_policy,
    hand_over_grades,
    propose_correction,
    publish,
    publish_policy,
    raise_objection,
    run_month,
    save_grades,
)
from labshare.rewards.services.grades import GradeRow
from labshare.settlement.bank import BankLine
from labshare.settlement.files import TakenFile, TakenPhoto, keep_table, read_stored, upload_key
from labshare.settlement.models import MARK, BookingHold, DoubleDocument, InvoiceLine, PayerAcceptance, Payment, Report
from labshare.settlement.rules.bank_sheets import BANK, read_statement
from labshare.settlement.rules.lists import find_layout
from labshare.settlement.rules.tax_sheets import TaxRow
from labshare.settlement.services import (
    answer_inquiry,
    ask_labs,
    contest_document,
    import_statement,
    import_tax_list,
)
from labshare.settlement.services.photos import add_photo
from labshare.settlement.tax_list import TaxLine
from tests import factories as make
from tests.mails import letters, link_in_last_mail
from tests.rewards.reading import policy_json
from tests.settlement.world import World as Booked
from tests.settlement.world import taken

ACTORS = (
    "visitor",
    "client_owner",
    "client_approver",
    "client_booker",
    "client_accountant",
    "client_viewer",
    "lab_owner",
    "lab_manager",
    "lab_accountant",
    "lab_viewer",
    "stranger",
    "officer",
    "approver",
    "auditor",
    "admin",
    "officer_elsewhere",
)
ELSEWHERE = ACTORS[-1]
"""An officer of a county in which none of the objects is: sees what an officer sees where no object is named, and
nothing of theirs."""
GROUPS = {
    "everyone": ACTORS[:-1],
    "signed_in": ACTORS[1:-1],
    "client": ACTORS[1:6],
    "lab": ACTORS[6:10],
    "members": ACTORS[1:11],
    "regulators": ACTORS[11:-1],
}


DIVISIONS = {"officer": "330624", "approver": "330624", "officer_elsewhere": "330683"}
"""What regulators' roles are for; the others' are for the whole platform."""


@dataclass
class RightsWorld:
    people: dict[str, Person] = field(default_factory=dict)
    firms: dict[str, Firm | None] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    places: dict[str, Any] = field(default_factory=dict)
    """What `{name}` in paths and forms stands for."""


def build() -> RightsWorld:
    world = RightsWorld()
    make.working_year()
    client, host, stranger = make.firm(), make.firm(size_class="large"), make.firm()
    make.firm()
    for name in ACTORS[1:]:
        side, _dash, role = name.partition("_")
        if name == "stranger":
            world.people[name], world.firms[name] = make.member(stranger, "owner"), stranger
        elif side == "client":
            role = "firm_approver" if role == "approver" else role
            world.people[name], world.firms[name] = make.member(client, role), client
        elif side == "lab":
            role = "lab_manager" if role == "manager" else role
            world.people[name], world.firms[name] = make.member(host, role), host
        else:
            world.people[name] = make.regulator(side, DIVISIONS.get(name, ""))
            world.firms[name] = None
    make.regulator("admin")
    make.regulator("admin")
    lab = make.lab(host)
    world.places["stranger_lab"] = make.lab(stranger).code
    world.places.update(_bookings(lab, client, world.people["client_booker"]))
    world.places.update(
        _catalogue(lab, world.places["instrument_id"], world.places["item_id"], world.places["sample_file_id"])
    )
    world.places.update(_people(world, client, stranger))
    world.places.update(_rewards(world, lab))
    with transaction():
        feed, world.places["feed_secret"] = make_feed(
            actor=make.actor(world.people["client_booker"], client, "booker"),
            now=utc_now(),
            of="person",
            name="rights feed",
        )
        world.places["feed_id"] = feed.id
    with transaction():
        quoted = make.test_item(make.instrument(lab))
        quoted.fees[0].discounts = [{"from": 2, "percent": "50"}]
        db.session.flush()
        quote = make_quote(
            actor=make.actor(world.people["client_booker"], client, "booker"),
            now=utc_now(),
            test_item_id=quoted.id,
            quantity=2,
        )
        world.places |= {"quote": quote.number, "quote_id": quote.id}
    with transaction():
        made = book_for_client(
            actor=make.actor(world.people["lab_manager"], host, "lab_manager"),
            now=utc_now(),
            test_item_id=quoted.id,
            quantity=1,
            starts_at=datetime(2026, 11, 27, 9, tzinfo=local_zone()),
            client=client.uscc,
        )
        world.places["made_id"] = made.id
    file = taken()
    with transaction():
        owner = make.actor(world.people["lab_owner"], host, "owner")
        photos = {
            name: add_photo(
                actor=owner, now=utc_now(), lab_id=shown.id, photo=TakenPhoto(file, file, 400, 300), words="大厅"
            )
            for name, shown in (("photo_id", lab), ("draft_photo_id", make.lab(host, state="draft")))
        }
        world.places |= {name: photo.id for name, photo in photos.items()} | {"photo_mark": file.sha256[:MARK]}
        place = add_place(actor=owner, now=utc_now(), lab_id=lab.id, name="一号柜")
        world.places |= {"place_id": place.id}
        shown = authorise(
            actor=owner,
            now=utc_now(),
            instrument_id=make.instrument(lab).id,
            person_id=world.people["lab_manager"].id,
            paper="SG-1",
            valid_from=local_day(utc_now()),
            valid_to=local_day(utc_now()),
        )
        world.places |= {"authorisation_id": shown.id}
        left = hand_over(actor=owner, now=utc_now(), lab_id=lab.id, text="2 号夹具松动")
        world.places |= {"handover_id": left.id}
    with transaction():
        sheets = import_sheets(actor=owner, now=utc_now(), lab_id=lab.id, sheets=[machines("XN-1")], name="仪器.csv")
        world.places |= {"sheet_import_id": sheets.id}
    with transaction():
        inquiry = ask_labs(
            actor=make.actor(world.people["client_booker"], client, "booker"),
            now=utc_now(),
            text="套圈发脆",
            quantity=2,
            files=[file],
        )
        answer = answer_inquiry(
            actor=make.actor(world.people["lab_manager"], lab.firm, "lab_manager"),
            now=utc_now(),
            inquiry_id=inquiry.id,
            test_item_id=quoted.id,
        )
        world.places |= {
            "inquiry_id": inquiry.id,
            "answer_id": answer.id,
            "inquiry_file_id": inquiry.files[0].id,
        }
    world.places.update(_bank(make.actor(world.people["lab_owner"], host, "owner")))
    for name, person in world.people.items():
        firm = world.firms[name]
        roles = (name,) if firm is None else (_role(person, firm),)
        with transaction():
            _row, world.tokens[name] = organisations.issue_token(
                actor=make.actor(person, firm, *roles), now=utc_now(), scope="write"
            )
    db.session.commit()
    world.places |= _head()
    return world


def _head() -> dict[str, Any]:
    """What happened so far is sealed, and its head published."""
    key = current_app.config["AUDIT_KEY"]
    seal(utc_now(), key=key)
    head = publish_head(utc_now(), key=key)
    with transaction():
        admin = make.actor(make.regulator("admin"), None, "admin")
        removed = add_address(actor=admin, now=utc_now(), email="office@test.example", locale="en")
        add_address(actor=admin, now=utc_now(), email="partner@test.example", locale="en")
    by_mail = link_in_last_mail().removeprefix("/audit/heads/by-mail/")
    return {
        "head_id": head.id if head else 0,
        "event_id": 1,
        "head_address_id": removed.id,
        "head_secret": by_mail,
    }


def _role(person: Person, firm: Firm) -> str:
    return db.session.query(Membership).filter_by(person_id=person.id, firm_id=firm.id, ended_at=None).one().role


def _bookings(lab: Any, client: Firm, booker: Person) -> dict[str, Any]:
    """A booking in every state, with documents where the state has them; one has a proposal and a charge to answer."""
    places: dict[str, Any] = {}
    tomorrow = local_day(utc_now()) + timedelta(days=1)
    worlds = {}
    for state in ("received", "testing", "tested"):
        booked = Booked(state=state, lab=lab, client=client)
        places[state] = booked.ref
        worlds[state] = booked
    places["report_id"] = booked.report(raw=[taken(b"t,v", "raw.csv", "raw")])
    report = db.session.get_one(Report, places["report_id"])
    places |= {"report_number": report.number, "report_code": report.printed_code}
    with transaction():  # any file does
        db.session.get_one(Firm, client.id).licence_id = db.session.get_one(Report, places["report_id"]).file_id
    places["invoice_line"] = booked.invoice(50_000)
    places["invoice_number"] = db.session.get_one(InvoiceLine, places["invoice_line"]).invoice.number
    places["reminder_id"] = _letter(places["invoice_line"])
    places["payment_id"] = booked.payment(10_000)
    places["other_payment_id"] = booked.payment(10_000, payer_uscc=make.credit_code(987_654))
    places |= _accepted(booked)
    places["reported"] = booked.ref
    places["booking_id"] = booked.booking.id
    places["raw_file_id"] = db.session.get_one(Report, places["report_id"]).raw[0].id
    places["message_file_id"] = worlds["received"].message(files=[taken()]).files[0].id
    places["held_file_id"] = worlds["testing"].message(files=[taken()]).files[0].id
    booked.dispute()
    with transaction():
        make.add(BookingHold(booking_id=worlds["testing"].id, cause="flag", held_at=utc_now()))
    paid, contested = Booked(lab=lab, client=client), Booked(lab=lab, client=client)
    places |= {"paid": paid.ref, "paid_id": paid.payment(10_000), "contested": contested.ref}
    contested.does(contest_document, actor=contested.booker, document=f"report-{contested.report()}", reason="未收到")
    twice = Booked(lab=lab, client=client)
    twice.payment(10_000, reference=db.session.get_one(Payment, places["paid_id"]).reference)
    places["double_id"] = db.session.scalars(db.select(DoubleDocument.id)).one()
    item = booked.reread().test_item_id
    places["sample_file_id"] = db.session.get_one(Report, places["report_id"]).file_id
    file = {"id": places["sample_file_id"], "name": "图纸.pdf", "size": 1, "content_type": "application/pdf"}
    answered = [{"field": 1, "label": "图纸", "kind": "attached", "file": file}]
    instrument = booked.booking.instrument_id
    for state in ("requested", "confirmed"):
        ahead = Booked(
            state=state,
            lab=lab,
            client=client,
            booked_on=local_day(utc_now()),
            finished_on=tomorrow + timedelta(days=1),
        )
        places[state] = ahead.ref
        with transaction():
            told = ahead.reread()
            told.confidential, told.answers = state == "requested", answered
    places["approval_id"] = make.add(
        Approval(
            firm_id=client.id,
            asked_by=booker.id,
            asked_at=utc_now(),
            test_item_id=item,
            instrument_id=instrument,
            answers=answered,
            quantity=1,
            starts_at=utc_now() + timedelta(days=5),
            ends_at=utc_now() + timedelta(days=5, hours=1),
            sample_description="试样",
            price_fen=100_000,
            answer_by=utc_now() + timedelta(days=2),
            state="waiting",
        )
    ).id
    double = make.instrument(lab, units=2)
    made = make.test_item(double)
    two = Booked(
        state="confirmed",
        lab=lab,
        client=client,
        booked_on=local_day(utc_now()),
        finished_on=tomorrow,
        given={"instrument_id": double.id, "test_item_id": made.id},
    )
    places["two_units"] = two.ref
    with transaction():
        make.add(BookingHold(booking_id=two.id, cause="suspend", note="付款待核查", held_at=utc_now()))
    with transaction():
        proposal = make.add(
            Proposal(
                booking_id=ahead.booking.id,
                instrument_id=ahead.booking.instrument_id,
                unit=1,
                starts_at=ahead.booking.starts_at + timedelta(hours=2),
                ends_at=ahead.booking.ends_at + timedelta(hours=2),
                reason="仪器检修",
                state="open",
                proposed_by=ahead.manager.person_id,
                proposed_at=utc_now(),
                answer_by=ahead.booking.starts_at,
            )
        )
        make.add(
            Holding(
                instrument_id=ahead.booking.instrument_id,
                unit=1,
                starts_at=proposal.starts_at,
                ends_at=proposal.ends_at,
                kind="offer",
                booking_id=ahead.booking.id,
                expires_at=proposal.answer_by,
                created_at=utc_now(),
            )
        )
        charge = make.add(
            Charge(
                booking_id=ahead.booking.id,
                kind="change",
                amount_fen=5_000,
                reason="加做",
                state="proposed",
                entered_at=utc_now(),
            )
        )
        block = make.add(
            Holding(
                instrument_id=instrument,
                unit=1,
                starts_at=utc_now() + timedelta(days=9),
                ends_at=utc_now() + timedelta(days=10),
                kind="maintenance",
                block="0b1c",
                created_at=utc_now(),
            )
        )
    with transaction():
        hold = make.add(
            Holding(
                instrument_id=instrument,
                unit=1,
                starts_at=utc_now() + timedelta(days=12),
                ends_at=utc_now() + timedelta(days=12, hours=1),
                kind="offer",
                held_for=booker.id,
                expires_at=utc_now() + timedelta(minutes=10),
                created_at=utc_now(),
            )
        )
    places.update(
        hold_id=hold.id,
        item_id=item,
        lab_id=lab.id,
        lab_code=lab.code,
        instrument_id=instrument,
        proposal_id=proposal.id,
        charge_id=charge.id,
        block_id=block.block,
        tomorrow=tomorrow.isoformat(),
        client_firm=client.id,
        host_firm=lab.firm_id,
        client_uscc=client.uscc,
        lab_uscc=db.session.get_one(Firm, lab.firm_id).uscc,
        today=local_day(utc_now()).isoformat(),
    )
    return places


def _letter(line_id: int) -> int:
    """A dunning letter over the invoice of this line, as if it had been overdue."""
    invoice = db.session.get_one(InvoiceLine, line_id).invoice
    with transaction():
        return make.reminder(invoice.id, sent_on=invoice.due_on + timedelta(days=1)).id


def _catalogue(lab: Any, instrument_id: int, item_id: int, proof_id: int) -> dict[str, Any]:
    with transaction():
        accreditation = make.add(
            Accreditation(
                confirmed=True,
                lab_id=lab.id,
                kind="CMA",
                number="231234567890",
                valid_from=date(2025, 1, 1),
                valid_to=date(2030, 1, 1),
            )
        )
        claim = make.claim(db.session.get_one(Instrument, instrument_id), proof_id=proof_id)
        closure = make.add(
            Closure(
                lab_id=lab.id,
                starts_at=utc_now() + timedelta(days=20),
                ends_at=utc_now() + timedelta(days=21),
                reason="盘点",
            )
        )
        week = make.add(OpeningWeek(lab_id=lab.id, valid_from=date(2027, 6, 1), weekly=[[[540, 1020]]] * 5 + [[], []]))
        present = db.session.query(Fee).filter_by(test_item_id=item_id).one()
        present.valid_to = date(2026, 12, 31)
        later = make.add(
            Fee(
                test_item_id=item_id,
                basis="sample",
                amount_fen=20_000,
                minimum_fen=0,
                valid_from=date(2027, 1, 1),
                created_at=utc_now(),
            )
        )
        standard, proposal = make.standard(), make.standard_proposal(lab.firm)
        draft = make.instrument(lab, state="draft")
        late = make.lab(lab.firm, admitted=False)
        admission = make.admission(late, confirmed_at=None)
    calibration = db.session.query(Calibration).filter_by(instrument_id=instrument_id).one()
    return {
        "claim_id": claim.id,
        "claim_seen": digest_of_claim(claim),
        "draft_instrument_id": draft.id,
        "admission_id": admission.id,
        "admission_seen": admission.seen,
        "accreditation_id": accreditation.id,
        "closure_id": closure.id,
        "week_id": week.id,
        "later_fee_id": later.id,
        "fee_id": present.id,
        "calibration_id": calibration.id,
        "standard": standard.number,
        "standard_id": standard.id,
        "standard_proposal_id": proposal.id,
    }


def _people(world: RightsWorld, client: Firm, other: Firm) -> dict[str, Any]:
    owner = make.actor(world.people["client_owner"], client, "owner")
    admin = make.actor(world.people["admin"], None, "admin")
    with transaction():
        helper = make.person()
        invitation = organisations.invite(
            actor=owner, now=utc_now(), firm_id=client.id, email="guest@test.example", role="viewer"
        )
        relation = organisations.declare_affiliation(
            actor=owner,
            now=utc_now(),
            firm_id=client.id,
            other_uscc=other.uscc,
            kind="declared",
            valid_from=date(2026, 1, 1),
        )
        disputed = make.affiliation(
            client,
            other,
            "family",
            date(2025, 1, 1),
            valid_to=date(2025, 12, 31),
            declared_by=client,
            objected_at=utc_now(),
            objected_by=make.person().id,
            objection="并无亲属关系",
        )
        asked = make.affiliation(
            client,
            other,
            "shares_owner",
            date(2026, 1, 1),
            end_asked_at=utc_now(),
            end_asked_by=make.person().id,
            end_asked_on=date(2026, 10, 1),
            end_asked_reason="股权已转让",
        )
        entered = make.affiliation(client, other, "controls", date(2026, 1, 1))
        changing = organisations.propose_change(
            actor=make.actor(make.regulator("officer"), None, "officer"),
            now=utc_now(),
            affiliation_id=make.affiliation(client, other, "family", date(2024, 1, 1), valid_to=date(2024, 12, 31)).id,
            act="voiding",
            source="inspection",
            reason="查无此事",
        )
        notify(kind="account.password_changed", person_ids=[owner.person_id or 0], now=utc_now())
        token, _secret = organisations.issue_token(actor=owner, now=utc_now(), scope="read")
        proposal = organisations.propose_role(
            actor=make.actor(make.regulator("admin"), None, "admin"),
            now=utc_now(),
            email=helper.email,
            role="auditor",
            division="",
        )
        lost, with_factor = make.person(), make.person()
        for one in (lost, with_factor):
            make.add(SecondFactor(person_id=one.id, secret="x", last_step=0, set_at=utc_now()))
        passkey = make.add(
            Passkey(
                person_id=with_factor.id,
                name="手机",
                credential="x",
                public_key="x",
                sign_count=0,
                asked_at=utc_now(),
                added_at=utc_now(),
            )
        )
        proposer = make.actor(make.regulator("admin"), None, "admin")
        removal = organisations.propose_removal(actor=proposer, now=utc_now(), person_id=lost.id, reason="回拨核实")
        entered_on = local_day(utc_now())
        account = make.bank_account(
            client, entered_by=owner.person_id, entered_on=entered_on, counts_from=entered_on + timedelta(days=5)
        )
        waiting = make.firm(verified_at=None)
        figures = make.firm_size(client, proof_id=world.places["sample_file_id"], declared_by=owner.person_id)
        returned = make.firm(verified_at=None)
        organisations.return_firm(actor=admin, now=utc_now(), firm_id=returned.id, reason="名称不符")
        held = make.regulator("officer")
        disabled = make.person(disabled_at=utc_now())
        extra = make.member(client, "viewer")
    db.session.flush()
    secret = next(letter.body for letter in letters() if letter.to == "guest@test.example")
    return {
        "secret": secret.split("/account/invitations/")[1].split()[0],
        "link": password_link(helper, utc_now(), RESET_LASTS),
        "membership_id": db.session.query(Membership).filter_by(person_id=extra.id).one().id,
        "invitation_id": invitation.id,
        "affiliation_id": relation.id,
        "change_id": changing.id,
        "change_seen": changing.seen,
        "disputed_id": disputed.id,
        "asked_id": asked.id,
        "entered_id": entered.id,
        "token_id": token.id,
        "notice_id": db.session.query(Notice).filter_by(kind="account.password_changed").one().id,
        "proposed_role_id": proposal.id,
        "removal_id": removal.id,
        "with_factor": with_factor.id,
        "passkey_id": passkey.id,
        "waiting_firm": waiting.id,
        "waiting_seen": digest_of(organisations.what_is_verified(waiting)),
        "bank_account_id": account.id,
        "size_id": figures.id,
        "size_seen": figures.digest,
        "other_uscc": other.uscc,
        "held_role_id": db.session.query(RegulatorRole).filter_by(person_id=held.id).one().id,
        "person_id": helper.id,
        "member_email": extra.email,
        "disabled_id": disabled.id,
        "person_email": make.person().email,
        "free_code": make.credit_code(555_555),
    }


def _rewards(world: RightsWorld, lab: Any) -> dict[str, Any]:
    officer = make.actor(make.regulator("officer"), None, "officer")
    approver = make.actor(make.regulator("approver"), None, "approver")
    month = Month.parse("2026-10")
    db.session.commit()
    with transaction():
        policy = draft_policy(actor=officer, now=utc_now(), document=policy_json(effective_from="2026-10"))
        publish_policy(actor=approver, now=utc_now(), policy_id=policy.id)
        draft = draft_policy(actor=officer, now=utc_now(), document=policy_json(effective_from="2027-01", name="草稿"))
    with transaction():
        run_month(actor=officer, now=utc_now(), month=month)
    with transaction():
        publish(actor=officer, now=utc_now(), month=month)
    given = {"lab": lab.code, "text": "有异议", "files": [taken(kinds="document")]}
    with transaction():
        owner = make.actor(world.people["lab_owner"], world.firms["lab_owner"], "owner")
        objection = raise_objection(actor=owner, now=utc_now(), month=month, **given)
        objection_file = db.session.query(ObjectionFile).one().file_id
    with transaction():
        correction = propose_correction(actor=officer, now=utc_now(), lab=lab.code, fen=100, reason="追回")
    with transaction():
        given = {"now": utc_now(), "division": lab.division, "year": 2025, "effective_month": Month.parse("2026-12")}
        rows = [GradeRow(lab.id, "good", "考核得分 82")]
        own = make.actor(world.people["officer"], None, "officer")
        draft_grades, handed, own_grades = (save_grades(actor=by, rows=rows, **given) for by in (officer, officer, own))
        hand_over_grades(actor=officer, now=utc_now(), list_id=handed.id, version=1)
    return {
        "objection_file_id": objection_file,
        "draft_grades": draft_grades.id,
        "handed_grades": handed.id,
        "own_grades": own_grades.id,
        "correction_id": correction.id,
        "month": "2026-10",
        "policy_id": policy.id,
        "draft_policy_id": draft.id,
        "draft_policy_seen": draft.seen,
        "objection_id": objection.id,
    }


def machines(*numbers: str) -> ReadSheet:
    """A sheet of instruments with these numbers."""
    head = ["innerId", "cname", "instrVersion", "manufacturer"]
    lines = [head, *([number, "硬度计", "HR-150", "华银"] for number in numbers)]
    return ReadSheet("", [], [], [Row(n, line) for n, line in enumerate(lines, start=1)])


def _bank(owner: Actor) -> dict[str, Any]:
    """A statement that was sent, and one that was imported."""
    table = "账号：6222000000000002\n交易日期,贷方发生额,对方户名,交易流水号,摘要\n2026-11-03,{},,{},货款\n"
    sent, imported = (
        keep_table(io.BytesIO(table.format(amount, number).encode()), "bank.csv", now=utc_now())
        for amount, number in (("10.00", "A1"), ("2000.00", "A2"))
    )
    [sheet] = read_stored(imported.sha256)
    layout = find_layout(sheet, BANK)
    assert layout is not None
    with transaction():
        statement, _added = import_statement(
            actor=owner,
            now=utc_now(),
            account="6222000000000001",
            heads=layout.heads,
            file=imported,
            rows=read_statement(sheet, layout, today=date(2026, 11, 24)).rows,
        )
        line = db.session.scalars(db.select(BankLine).filter_by(list_id=statement.id)).one()
        tax_line = _tax_line(owner, sent)
    return {
        "bank_file": f"{sent.sha256}{upload_key(owner, sent.sha256)}",
        "bank_line_id": line.id,
        "bank_list_id": statement.id,
        "tax_file": f"{sent.sha256}{upload_key(owner, sent.sha256)}",
        "tax_line_id": tax_line.id,
        "tax_list_id": tax_line.list_id,
    }


def _tax_line(owner: Actor, file: TakenFile) -> TaxLine:
    row = TaxRow(
        row=2,
        number="26332000000000000099",
        issued_on=date(2026, 11, 3),
        amount_fen=Fen(200_000),
        tax_fen=Fen(0),
        buyer="某公司",
        buyer_uscc="",
        note="",
    )
    imported, _added = import_tax_list(actor=owner, now=utc_now(), heads={}, file=file, rows=[row])
    return db.session.scalars(db.select(TaxLine).filter_by(list_id=imported.id)).one()


def _accepted(booked: Booked) -> dict[str, int]:
    """A payer whom one officer has accepted: a second person is asked."""
    payment_id = booked.payment(10_000, payer_uscc=make.credit_code(987_655))
    with transaction():
        first = make.regulator("officer").id
        accepted = make.add(
            PayerAcceptance(payment_id=payment_id, note="集团内代付", accepted_by=first, accepted_at=utc_now())
        )
    return {"acceptance_id": accepted.id, "accepted_payment": payment_id}
