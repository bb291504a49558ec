"""What a firm's people can say, for every verb there is: arguments drawn by the names of its parameters, mostly of the
firm's own things, sometimes of anybody's.

A verb that is not officers', the scheduler's or a person's own is a firm's, and is played: one with a parameter that
nobody here knows how to fill fails tests/conventions/test_adversary.py.
"""

import inspect
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from labshare.booking.models import Approval, Booking, Charge, Proposal
from labshare.booking.services import Wish
from labshare.booking.terms import ExtraKind
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.catalogue.rules.entries import InstrumentDetails, LabDetails, TestItemDetails
from labshare.catalogue.services.many import Change
from labshare.catalogue.terms import ManyKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.kernel.verbs import VERBS
from labshare.organisations.models import Firm
from labshare.organisations.rules import Figures
from labshare.organisations.services.firms import FirmDetails
from labshare.organisations.services.sizes import Declared
from labshare.organisations.terms import AffiliationKind
from labshare.settlement.files import TakenPhoto
from labshare.settlement.rules.bank_sheets import BankRow
from labshare.settlement.rules.tax_sheets import TaxRow
from tests import factories as make
from tests.adversary.world import (
    CHEAP_MODEL,
    COUNTY,
    ELSEWHERE,
    FALSE_PAYER,
    FREE_NAME,
    GOOD_MODEL,
    STATUTORY_NAME,
    TRUE_FIRMS,
    TRUE_PAYER,
    World,
)

OFFICIAL = (
    "account.disable account.enable affiliation.agree_change affiliation.confirm affiliation.decline_end "
    "affiliation.drop_change affiliation.enter affiliation.leave affiliation.propose_change "
    "claim.confirm claim.refuse contest.decide dispute.decide double.decide firm.confirm_size "
    "firm.refuse_size hold.end hold.suspend "
    "firm.return firm.set_size_class firm.verify lab.admit lab.confirm_admission lab.decline_application "
    "lab.refuse_admission lab.suspend objection.answer payment.accept_payer payment.confirm_payer payment.reject_payer "
    "payment.set_payer_limit standard.decline "
    "standard.publish standard.supersede time.confirm_year time.set_day time.set_year"
).split()
OFFICIAL_ABOUT = ("correction", "factor", "grades", "head", "ledger", "policy", "regulator", "run", "search", "trail")
"""Officers', approvers' and administrators' verbs, one by one and all of these kinds: what of them a truthful one does
is in `officers`; that no firm may do them is shown by tests/rights."""
MACHINES = (
    "approval.lapse booking.remind booking.tell_owner charge.lapse check.mark_known contest.pass_on "
    "dispute.escalate_overdue objection.pass_on "
    "dispute.tell_owner inquiry.tell_owner invoice.remind operator.tell_ending phone.lapse time.grow time.lapse "
    "time.lengthen time.seed_years firm.reseal_accounts"
).split()
"""The scheduler's and the operator's; those that change a booking run whenever time passes."""
PERSONAL = "member.accept member.join notice.choose_mails".split()
PERSONAL_ABOUT = ("account",)
"""How a person comes in and what they are told: says nothing of a firm, a lab or a booking."""

TELLING = (
    "affiliation.agree",
    "affiliation.declare",
    "affiliation.declare",
    "affiliation.end",
    "affiliation.object",
    "charge.consent",
    "charge.propose",
    "contest.raise",
    "dispute.open",
    "dispute.settle",
    "firm.change",
    "firm.declare_figures",
    "firm.register",
    "firm.submit",
    "instrument.edit",
    "invoice.record",
    "invoice.reverse",
    "lab.apply",
    "lab.edit",
    "lab.withdraw",
    "member.change_role",
    "payment.record",
    "payment.refund",
    "phone.accept",
    "phone.book",
    "report.record",
    "report.withdraw",
    "booking.reschedule",
    "booking.propose",
    "test_item.edit",
)
"""By which somebody could hope to gain: played half of the time."""


def firms_verbs() -> list[str]:
    """Every verb that is not in the lists above."""
    others = {*OFFICIAL, *MACHINES, *PERSONAL}
    kinds = OFFICIAL_ABOUT + PERSONAL_ABOUT
    return sorted(action for action in VERBS if action not in others and action.split(".")[0] not in kinds)


def true_details(world: World, firm: Firm) -> FirmDetails:
    """What the firm would say of itself if it said what is so."""
    name = world.firm_name(firm.id)
    division = TRUE_FIRMS[name].division if name else ELSEWHERE
    return FirmDetails(
        name=firm.name,
        kind="enterprise",
        sector="industry",
        division=division,
        legal_person=firm.legal_person or "",
        registered_on=firm.registered_on,
    )


class Hand:
    """What one person says in one step. The same draw gives the same words."""

    def __init__(self, world: World, actor: Actor, now: datetime, rng: random.Random) -> None:
        self.world, self.actor, self.now, self.rng = world, actor, now, rng

    def arguments(self, action: str) -> dict[str, Any] | None:
        """All that a verb requires, and of the rest what matters. None where there is nothing to act on."""
        given = {}
        for name in required(action):
            found = self.value(action, name)
            if found is None:
                return None
            given[name] = found
        return given | {name: self.value(action, name) for name in ALSO.get(action, ())}

    def value(self, action: str, name: str) -> Any:
        giver = GIVERS.get(f"{action}.{name}") or GIVERS.get(name)
        if giver is None:
            raise LookupError(f"{action}: nobody knows how to fill {name!r}")
        return giver(self)

    # -- what they find

    def chance(self, of: float) -> bool:
        return self.rng.random() < of

    def of(self, *choices: Any) -> Any:
        return self.rng.choice(choices)

    def found(self, own: str, everybody: str | None = None) -> Any:
        """Something of the firm's own by this statement (`:firm`), now and then something of anybody's."""
        statement = own if everybody is None or self.chance(0.8) else everybody
        rows = db.session.execute(text(statement), {"firm": self.actor.firm_id})
        values = sorted({row[0] for row in rows if row[0] is not None}, key=str)[-40:]
        return self.rng.choice(values) if values else None

    def row(self, table: str, column: str = "id", where: str = "1 = 1") -> Any:
        """A row of no lab in particular."""
        return self.found(f"SELECT {column} FROM {table} WHERE {where}")

    def of_lab(self, table: str, column: str = "id") -> Any:
        own = f"SELECT t.{column} FROM {table} t JOIN lab l ON l.id = t.lab_id WHERE l.firm_id = :firm"
        return self.found(own, f"SELECT {column} FROM {table}")

    def of_booking(self, table: str, column: str = "id") -> Any:
        own = (
            f"SELECT t.{column} FROM {table} t JOIN booking b ON b.id = t.booking_id "
            "WHERE :firm IN (b.lab_firm_id, b.client_firm_id)"
        )
        return self.found(own, f"SELECT {column} FROM {table}")

    def ref(self) -> Any:
        own = "SELECT ref FROM booking WHERE :firm IN (lab_firm_id, client_firm_id)"
        return self.found(own, "SELECT ref FROM booking")

    def firm(self) -> int:
        return self.actor.firm_id if self.chance(0.9) else self.rng.choice(list(self.world.firms.values()))

    def client(self) -> Firm:
        """The firm they act for."""
        return db.session.get_one(Firm, self.actor.firm_id)

    # -- what they say

    @property
    def today(self) -> date:
        return local_day(self.now)

    def day(self) -> date:
        return self.today + timedelta(days=self.of(-60, -20, -3, -1, 0, 0, 0, 0, 1, 20))

    def moment(self) -> datetime:
        later = self.now + timedelta(minutes=self.of(60, 61, 120, 1500, 4000))
        return later.replace(second=0, microsecond=0)

    def money(self) -> int:
        return self.of(1, 500_000, 1_000_000, 1_000_000, 1_000_000, 2_000_000, 3_000_000)

    def number(self) -> str:
        return f"{self.rng.randrange(10**19, 10**20)}"

    def words(self) -> str:
        return self.of("说明", "另有原因", "按约定")

    def firm_details(self) -> FirmDetails:
        firm, division = self.client(), self.of(COUNTY, ELSEWHERE)
        lies: Sequence[Mapping[str, Any]] = (
            {"name": f"{firm.name}新"},
            {"name": self.of("甲公司", "乙公司")},
            {"division": division, "town": None},
            {"division": division, "town": None},
            {"sector": self.of("other", "wholesale", "industry")},
            {"kind": self.of("enterprise", "public_institution")},
        )
        return replace(true_details(self.world, firm), **self.rng.choice(lies))

    def figures(self) -> Declared:
        year = self.today.year - 1
        employees, revenue = self.of((4, 100_000_000), (30, 400_000_000), (400, 3_000_000_000), (2_000, 5 * 10**11))
        return Declared(year, Figures(employees=employees, revenue_fen=revenue, assets_fen=revenue))

    def lab_details(self) -> LabDetails:
        town = self.of(f"{COUNTY}001", f"{COUNTY}002", f"{ELSEWHERE}001")
        return LabDetails(
            name=self.of("中心实验室", "新实验室"),
            town=town,
            address="工业大道 8 号",
            phone="0575-1",
            automatic_confirmation=self.chance(0.5),
        )

    def instrument_details(self) -> InstrumentDetails:
        model = self.of(GOOD_MODEL, CHEAP_MODEL)
        return InstrumentDetails(
            inner_id=f"S-{self.rng.randrange(10**6)}",
            name=self.of("试验机", "仪器"),
            model=model,
            manufacturer="试验机厂",
            original_value_fen=self.of(60_000_000, 60_000_000, 900_000),
            begin_date=date(2020, 1, 1),
            needs_calibration=False,
        )

    def item_details(self) -> TestItemDetails:
        name = self.of(FREE_NAME, STATUTORY_NAME)
        return TestItemDetails(
            name=name,
            category="mechanics",
            sample_minutes=Decimal(60),
            sample_requirement="三件",
            max_quantity=20,
            statutory=self.chance(0.2),
        )

    def instruments_of(self) -> list[int]:
        found = self.of_lab("instrument")
        return [] if found is None else [found]

    def shares(self) -> list[tuple[str, int]] | None:
        ref = self.ref()
        return None if ref is None else [(ref, self.money())]

    def payer(self) -> str:
        if self.chance(0.6):
            return (
                self.found(
                    "SELECT f.uscc FROM firm f JOIN booking b ON b.client_firm_id = f.id WHERE b.lab_firm_id = :firm"
                )
                or FALSE_PAYER
            )
        return self.of(TRUE_PAYER, FALSE_PAYER, *self.world.codes.values())

    def bank_rows(self) -> list[BankRow]:
        fen = self.money()
        mark = f"{self.rng.randrange(10**9)}"
        return [
            BankRow(
                row=2,
                paid_on=self.today,
                amount_fen=fen,
                payer="某公司",
                payer_account="",
                reference=mark,
                text="货款",
                mark=mark,
            )
        ]

    def tax_rows(self) -> list[TaxRow]:
        red = self.chance(0.3)
        return [
            TaxRow(
                row=2,
                number=self.number(),
                issued_on=self.today,
                amount_fen=-self.money() if red else self.money(),
                tax_fen=0,
                buyer="某公司",
                buyer_uscc=self.payer(),
                note="",
                reverses_number=self.reversed_number() if red else None,
            )
        ]

    def reversed_number(self) -> str | None:
        return self.found("SELECT number FROM invoice WHERE seller_firm_id = :firm", "SELECT number FROM invoice")

    def photo(self) -> TakenPhoto:
        file = self.world.files[0]
        return TakenPhoto(file, file, 400, 300)

    def colleague(self) -> int | None:
        return self.found("SELECT person_id FROM membership WHERE firm_id = :firm", "SELECT person_id FROM membership")


def required(action: str) -> list[str]:
    """The names of a verb's parameters without a default."""
    parameters = inspect.signature(inspect.unwrap(VERBS[action])).parameters
    return [
        name
        for name, one in parameters.items()
        if one.default is inspect.Parameter.empty and name not in ("actor", "now")
    ]


ALSO: Mapping[str, Sequence[str]] = {
    "affiliation.declare": ("controlled",),
    "booking.book": ("instrument_id",),
    "booking.reschedule": ("instrument_id",),
    "booking.propose": ("instrument_id",),
    "booking.start": ("at",),
    "booking.finish": ("at",),
    "firm.declare_figures": ("proof_id",),
    "firm.register": ("declared",),
    "report.record": ("replaces",),
    "affiliation.end": ("reason",),
    "test_item.add": ("instruments",),
    "inquiry.answer": ("test_item_id", "amount_fen"),
    "time.set_hours": ("instrument_id",),
    "handover.write": ("lab_id",),
    "message.write": ("text",),
    "catalogue.change_many": ("items",),
}
"""Of what has a default: what is said, too."""

Giver = Callable[[Hand], Any]
_ITEMS = "SELECT id FROM test_item WHERE state = 'published'"
GIVERS: Mapping[str, Giver] = {
    # things there are
    "ref": Hand.ref,
    "firm_id": Hand.firm,
    "lab_id": lambda hand: hand.found("SELECT id FROM lab WHERE firm_id = :firm", "SELECT id FROM lab"),
    "lab": lambda hand: hand.found("SELECT code FROM lab WHERE firm_id = :firm", "SELECT code FROM lab"),
    "instrument_id": lambda hand: hand.of_lab("instrument"),
    "booking.book.instrument_id": lambda hand: None,
    "booking.reschedule.instrument_id": lambda hand: hand.row("instrument"),
    "booking.propose.instrument_id": lambda hand: hand.row("instrument"),
    "time.set_hours.instrument_id": lambda hand: None,
    "test_item_id": lambda hand: hand.of_lab("test_item"),
    **{
        f"{action}.test_item_id": lambda hand: hand.found(_ITEMS)
        for action in ("booking.book", "booking.hold", "approval.ask", "quote.make")
    },
    "fee_id": lambda hand: hand.found(
        "SELECT f.id FROM fee f JOIN test_item t ON t.id = f.test_item_id JOIN lab l ON l.id = t.lab_id "
        "WHERE l.firm_id = :firm",
        "SELECT id FROM fee",
    ),
    "accreditation_id": lambda hand: hand.of_lab("accreditation"),
    "claim_id": lambda hand: hand.of_lab("claim"),
    "calibration_id": lambda hand: hand.row("calibration"),
    "week_id": lambda hand: hand.of_lab("opening_week"),
    "closure_id": lambda hand: hand.of_lab("closure"),
    "block_id": lambda hand: hand.row("holding", "block", "block IS NOT NULL"),
    "hold_id": lambda hand: hand.row("holding", where="held_for IS NOT NULL AND booking_id IS NULL"),
    "proposal_id": lambda hand: hand.of_booking("proposal"),
    "standard.withdraw.proposal_id": lambda hand: hand.row("standard_proposal"),
    "charge_id": lambda hand: hand.of_booking("charge"),
    "report_id": lambda hand: hand.of_booking("report"),
    "reverses": lambda hand: hand.of_booking("invoice_line"),
    "quote_id": lambda hand: hand.found(
        "SELECT id FROM quote WHERE :firm IN (client_firm_id, lab_firm_id)", "SELECT id FROM quote"
    ),
    "approval_id": lambda hand: hand.found(
        "SELECT id FROM approval WHERE firm_id = :firm AND state = 'waiting'", "SELECT id FROM approval"
    ),
    "price_fen": lambda hand: hand.row("approval", "price_fen"),
    "made_id": lambda hand: hand.found(
        "SELECT id FROM for_client WHERE :firm IN (client_firm_id, lab_firm_id) AND booking_id IS NULL "
        "AND ended_at IS NULL",
        "SELECT id FROM for_client",
    ),
    "inquiry_id": lambda hand: hand.row("inquiry", where="closed_at IS NULL"),
    "answer_id": lambda hand: hand.row("inquiry_answer"),
    "affiliation_id": lambda hand: hand.found(
        "SELECT id FROM affiliation WHERE :firm IN (firm_id, other_firm_id)",
        "SELECT id FROM affiliation",
    ),
    "membership_id": lambda hand: hand.found(
        "SELECT id FROM membership WHERE firm_id = :firm AND ended_at IS NULL", "SELECT id FROM membership"
    ),
    "invitation_id": lambda hand: hand.row("invitation"),
    "token_id": lambda hand: hand.row("api_token"),
    "account_id": lambda hand: hand.row("bank_account"),
    "document": lambda hand: f"report-{hand.of_booking('report')}",
    "verdict": lambda hand: "dismissed",
    "feed_id": lambda hand: hand.row("calendar_feed"),
    "place_id": lambda hand: hand.of_lab("storage_place"),
    "photo_id": lambda hand: hand.of_lab("lab_photo"),
    "handover_id": lambda hand: hand.of_lab("handover"),
    "authorisation_id": lambda hand: hand.row("authorisation"),
    "import_id": lambda hand: hand.of_lab("sheet_import"),
    "line_id": lambda hand: hand.row("bank_line"),
    "line_ids": lambda hand: [hand.row("bank_line") or 0],
    "list_id": lambda hand: hand.row("bank_statement"),
    **{f"tax.{act}.line_id": lambda hand: hand.row("tax_line") for act in ("record", "set_aside", "take_back")},
    "tax.record_sure.line_ids": lambda hand: [hand.row("tax_line") or 0],
    "tax.undo_import.list_id": lambda hand: hand.row("tax_list"),
    "person_id": Hand.colleague,
    "file": lambda hand: hand.world.files[0],
    "file_id": lambda hand: hand.world.proof_id,
    "proof_id": lambda hand: hand.world.proof_id if hand.chance(0.8) else None,
    "claim.prove.proof_id": lambda hand: hand.world.proof_id,
    "booking.add_photo.photo": lambda hand: hand.world.files[0],
    "photo": Hand.photo,
    # what is said
    "details": Hand.lab_details,
    **{f"firm.{act}.details": Hand.firm_details for act in ("change", "register")},
    **{f"instrument.{act}.details": Hand.instrument_details for act in ("add", "edit")},
    **{f"test_item.{act}.details": Hand.item_details for act in ("add", "edit")},
    "declared": Hand.figures,
    "uscc": lambda hand: make.credit_code(800_000_000 + hand.rng.randrange(10**6)),
    "other_uscc": lambda hand: hand.of(*hand.world.codes.values()),
    "payer_uscc": Hand.payer,
    "client": lambda hand: hand.of(*hand.world.codes.values()),
    "clients": lambda hand: [hand.of(*hand.world.codes.values())],
    "kind": lambda hand: hand.of("CMA", "CNAS"),
    "affiliation.declare.kind": lambda hand: hand.of(AffiliationKind.CONTROLS, *AffiliationKind),
    "affiliation.declare.valid_from": lambda hand: hand.of(date(2025, 1, 1), hand.today),
    "controlled": lambda hand: hand.chance(0.5),
    "time.block.kind": lambda hand: hand.of("maintenance", "training", "in_house"),
    "amount_fen": Hand.money,
    "charge.propose.amount_fen": lambda hand: hand.of(1_000_000, 500_000, -500_000, -1_000_000),
    "inquiry.answer.amount_fen": lambda hand: None,
    "tax_fen": lambda hand: hand.of(0, 0, 56_604),
    "own_fen": Hand.money,
    "number": Hand.number,
    **{f"accreditation.{act}.number": lambda hand: f"23{hand.rng.randrange(10**9, 10**10)}" for act in ("add", "edit")},
    **{f"accreditation.{act}.valid_from": lambda hand: date(2025, 1, 1) for act in ("add", "edit")},
    **{f"accreditation.{act}.kind": lambda hand: "CMA" for act in ("add", "edit")},
    "standard.propose.number": lambda hand: f"GB/T {hand.rng.randrange(10**6)}-2020",
    "issued_on": Hand.day,
    "paid_on": Hand.day,
    "valid_from": Hand.day,
    "valid_to": lambda hand: hand.today + timedelta(days=hand.of(0, 0, 30, 400)),
    "since": lambda hand: hand.today - timedelta(days=60),
    "until": lambda hand: hand.today,
    "pay_by": lambda hand: hand.today + timedelta(days=10),
    "starts_at": Hand.moment,
    "ends_at": lambda hand: hand.moment() + timedelta(days=4),
    "at": lambda hand: hand.of(None, hand.now, hand.now - timedelta(minutes=10)),
    "month": lambda hand: Month.of(hand.today).previous if hand.chance(0.9) else Month.of(hand.today),
    "reference": lambda hand: hand.of("ICBC-1", f"ICBC-{hand.rng.randrange(10**6)}"),
    "replaces": lambda hand: hand.of_booking("report") if hand.chance(0.4) else None,
    "quantity": lambda hand: hand.of(1, 1, 2, 3),
    "shares": Hand.shares,
    "rows": Hand.bank_rows,
    "tax.import.rows": Hand.tax_rows,
    "tax.record.reverses": Hand.reversed_number,
    "heads": lambda hand: {},
    "account": lambda hand: "6222000000000001",
    "outcome": lambda hand: hand.of("none", "refund", "retest"),
    "role": lambda hand: hand.of("owner", "lab_manager", "accountant", "booker", "viewer", "firm_approver"),
    "email": lambda hand: f"guest{hand.rng.randrange(10**6)}@test.example",
    "scope": lambda hand: [],
    "token.issue.scope": lambda hand: hand.of("read", "write"),
    "of": lambda hand: "person",
    "basis": lambda hand: hand.of("sample", "test"),
    "change": lambda hand: hand.of(
        Change(kind=ManyKind.PUBLISH),
        Change(kind=ManyKind.WITHDRAW),
        Change(kind=ManyKind.FEES, percent=Decimal(50), since=hand.today + timedelta(days=1)),
    ),
    "instruments": Hand.instruments_of,
    "items": lambda hand: [found] if (found := hand.of_lab("test_item")) else [],
    "lab.apply.lab_id": lambda hand: hand.found("SELECT id FROM lab WHERE firm_id = :firm AND name = 'never'"),
    "standards": lambda hand: [],
    "sheets": lambda hand: [],
    "questions": lambda hand: [],
    "revision": lambda hand: 0,
    "weekly": lambda hand: (((0, 1440),),) * 7,
    "unit": lambda hand: hand.of(1, 2, 3),
    "units": lambda hand: hand.of(2, 3, 4),
    "up": lambda hand: hand.chance(0.5),
    "wish": lambda hand: hand.of(Wish(kind=ExtraKind.TIME, minutes=30), Wish(kind=ExtraKind.SAMPLES, quantity=1)),
    "cause": lambda hand: hand.of("more_came", "unclear_result", "takes_longer"),
    "result": lambda hand: hand.of(1, 5),
    "service": lambda hand: hand.of(1, 5),
    "time": lambda hand: hand.of(1, 5),
    "fields": lambda hand: {"name": "新企业"},
    "class_code": lambda hand: "0201",
    **dict.fromkeys(
        ("reason", "text", "note", "paper", "certificate", "issuer", "name", "words", "cost_centre", "purchase_order"),
        Hand.words,
    ),
    "booking.pause.reason": lambda hand: "shift",
}
"""By the name of a parameter, or `verb.parameter`: what is given."""


def fitted(action: str, given: dict[str, Any]) -> dict[str, Any]:
    """What goes together: a line and its booking; what is edited keeps what nobody changes."""
    for name, table in (("charge_id", Charge), ("proposal_id", Proposal)):
        row = db.session.get(table, given[name]) if name in given and "ref" in given else None
        if row is not None:
            given = given | {"ref": db.session.get_one(Booking, row.booking_id).ref}
    if action == "approval.approve":
        approval = db.session.get(Approval, given["approval_id"])
        return given | {"price_fen": approval.price_fen} if approval else given
    if action == "instrument.edit":
        row = db.session.get(Instrument, given["instrument_id"])
        return given | {"details": replace(given["details"], inner_id=row.inner_id)} if row else given
    if action == "test_item.edit":
        row = db.session.get(TestItem, given["test_item_id"])
        if row is None:
            return given
        return given | {
            "instruments": [one.id for one in row.instruments],
            "standards": [one.number for one in row.standards],
        }
    if action == "lab.edit":
        lab = db.session.get(Lab, given["lab_id"])
        return given | {"details": replace(given["details"], name=lab.name)} if lab else given
    return given
