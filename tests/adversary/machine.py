"""The adversary: random acts of the firms' people against officers who confirm only what is true, and what must hold
after each of them."""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select, text

from labshare.booking.models import Booking, Charge
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.catalogue.rules.entries import InstrumentDetails, LabDetails, TestItemDetails
from labshare.catalogue.services import common
from labshare.kernel.actor import SYSTEM, Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import Problem
from labshare.kernel.months import Month
from labshare.kernel.time import local_day, start_of_day
from labshare.kernel.verbs import VERBS
from labshare.organisations.models import Affiliation, Firm
from labshare.organisations.rules import Figures
from labshare.organisations.services.sizes import Declared
from labshare.organisations.terms import FirmRole
from labshare.rewards.models import RewardRun
from labshare.rewards.queries.runs import Result, calculate_now, policies_in_force
from tests.adversary import oracle
from tests.adversary.actors import TELLING, Hand, firms_verbs, fitted, true_details
from tests.adversary.officers import Officers
from tests.adversary.world import (
    BEGIN,
    CHEAP_MODEL,
    CLIENTS,
    COUNTY,
    ELSEWHERE,
    FALSE_PAYER,
    FEE,
    FIRMS,
    FIRST_MONTH,
    GOOD_MODEL,
    HOSTS,
    ROLES,
    STATUTORY_NAME,
    TERMS,
    TRUE_FIRMS,
    TRUE_LINKS,
    TRUE_PAYER,
    World,
    put_policies,
    true_value,
    truly_statutory,
)
from tests.conftest import Clock

draws = st.integers(0, 2**62)
SHARES = {
    "serve": 3,
    "act": 8,
    "lie": 9,
    "relate": 2,
    "take_back": 2,
    "another_pays": 1,
    "raise_the_charge": 1,
    "time_passes": 1,
    "officers_decide": 2,
    "month_goes_on": 2,
}
"""Kind of step → how often of all."""
LIES = (
    "lie_about_size lie_about_county lie_about_instrument lie_about_law lie_about_payer lie_about_being_open "
    "lie_about_place end_a_link buy_from_oneself dispute charge_more harm harm_in_notice"
).split()
OF_LABS = (
    "accreditation bank calibration catalogue charge fee handover instrument invoice lab objection operator payment "
    "phone quote reminder report sheets standard statement tax test_item time"
).split()
"""Verbs of these are labs': whoever has none is mostly not asked to try."""
MOVES = [name for name, share in SHARES.items() for _ in range(share)]
JOBS = ("time.lapse", "charge.lapse", "approval.lapse", "phone.lapse", "dispute.escalate_overdue", "time.grow")
"""What the scheduler does when time passes."""
DEPTHS = ("booked", "confirmed", "finished", "reported", "invoiced", "paid", "paid", "paid", "paid", "paid")
"""How far a booking is brought in one step."""
Lines = dict[tuple[str, str], dict[str, int]]
"""(division, month) → payable by lab code."""


@dataclass
class Seen:
    """What labs had when one looked last, and who has acted since."""

    own: dict[str, dict[Any, Any]] = field(default_factory=dict)
    month: Month | None = None
    actors: set[int | None] = field(default_factory=set)
    """Firms; None: officers, or the scheduler."""


class Adversary(RuleBasedStateMachine):
    """Every step is one or more acts, each in one transaction, refused or done whole."""

    world: World
    clock: Clock
    renew: Callable[[], None]
    tally: Counter[tuple[str, str]]
    """(verb, `done` or the problem's code) → how often, over all sequences."""

    def __init__(self) -> None:
        super().__init__()
        type(self).renew()
        self.clock.set(BEGIN)
        self.officers = Officers(self.world, self.do, lambda payment_id: self.truth.payers.add(payment_id))
        self.truth = oracle.Truth(links=_true_links(self.world), admissions=_true_admissions())
        self.truth_of_labs = {row["lab_id"]: row["division"] for row in self.truth.admissions}
        self.changed = False
        self.refused = ""
        self.seen = {division: Seen() for division in (COUNTY, ELSEWHERE)}
        self.settled_with = 0
        self.offers: dict[int, dict[str, str]] = {}
        self.unasked: set[int] = set()
        self.places: dict[int, int] = {}
        self.steps = self.numbers = 0
        self.approved: list[Month] = []
        self.published = False

    @initialize(terms=st.sampled_from(sorted(TERMS)))
    def begin(self, terms: str) -> None:
        self.terms = terms
        self.policies = put_policies(self.world, terms, self.clock.now)

    # -- what every step is made of

    def do(self, action: str, actor: Actor, **given: Any) -> Any:
        """The result, or None where it is refused."""
        for seen in self.seen.values():
            seen.actors.add(actor.firm_id)
        try:
            with transaction():
                result = VERBS[action](actor=actor, now=self.clock.now, **given)
        except Problem as problem:
            self.tally[action, problem.code] += 1
            self.refused = f"{action}: {problem.code}"
            return None
        self.tally[action, "done"] += 1
        self.changed = True
        self._learn(action, actor, given)
        return True if result is None else result

    def _learn(self, action: str, actor: Actor, given: Mapping[str, Any]) -> None:
        """What is true from now on because they did it."""
        if action == "charge.consent":
            charge = db.session.get_one(Charge, given["charge_id"])
            if charge.booking.client_firm_id == actor.firm_id:
                self.truth.charges.add(charge.id)
        if action.startswith(("contest.", "dispute.")):
            self._learn_of_dispute(action, actor, given)
        self._learn_of_bookings(actor)

    def _learn_of_dispute(self, action: str, actor: Actor, given: Mapping[str, Any]) -> None:
        if "ref" not in given:
            return
        booking = db.session.scalars(select(Booking).where(Booking.ref == given["ref"])).one()
        offers = self.offers.setdefault(booking.id, {})
        if action == "contest.raise":
            self.truth.hold(booking.id, self.clock.now)
        elif action == "dispute.open":
            self.truth.hold(booking.id, self.clock.now)
            offers.clear()
        elif action == "dispute.decide" and actor.firm_id is None:
            self.truth.release(booking.id, self.clock.now)
        elif action == "dispute.settle":
            side = "client" if actor.firm_id == booking.client_firm_id else "lab"
            offers[side] = given["outcome"]
            gives_up = side == "client" and given["outcome"] == "none"
            if gives_up or offers.get("client") == offers.get("lab"):
                self.truth.release(booking.id, self.clock.now)

    def _learn_of_bookings(self, actor: Actor) -> None:
        """The facts of a booking that is new, or has another instrument now."""
        rows = db.session.execute(
            select(
                Booking.id,
                Booking.client_firm_id,
                Booking.lab_id,
                Booking.division,
                Booking.instrument_id,
                Instrument.model,
                TestItem.name,
            )
            .join(Instrument, Instrument.id == Booking.instrument_id)
            .join(TestItem, TestItem.id == Booking.test_item_id)
        )
        for row in rows:
            known = self.truth.bookings.get(row.id)
            if known is None and row.id not in self.unasked:
                if row.client_firm_id != actor.firm_id:
                    self.unasked.add(row.id)
                    continue
                name = self.world.firm_name(row.client_firm_id)
                self.truth.bookings[row.id] = {
                    "client_size": TRUE_FIRMS[name].size if name else None,
                    "client_division": TRUE_FIRMS[name].division if name else ELSEWHERE,
                    "statutory": truly_statutory(row.name),
                    "division": self.truth_of_labs.get(row.lab_id, row.division),
                    "instrument_value_fen": true_value(row.model),
                }
                self.places[row.id] = row.instrument_id
            elif known is not None and self.places[row.id] != row.instrument_id:
                self.places[row.id] = row.instrument_id
                known["instrument_value_fen"] = true_value(row.model)

    def person(self, firm: str, role: str = FirmRole.OWNER) -> Actor:
        return self.world.actors[firm, role]

    def pass_time(self, **by: float) -> None:
        self.clock.advance(**by)
        for job in JOBS:
            self.do(job, SYSTEM)

    # -- one step

    @rule(draw=draws)
    def step(self, draw: int) -> None:
        """One kind of step, by its share. Hypothesis likes small numbers, and the same ones again: chance is made of
        its number and the step's, so that all kinds come as often as they should."""
        self.steps += 1
        self.clock.advance(minutes=1)  # what was known before a run is published is never known with it
        db.session.rollback()
        rng = random.Random(f"{self.steps} {draw}")
        getattr(self, rng.choice(MOVES))(rng)

    # -- the honest life of a booking, as far as drawn

    def serve(self, rng: random.Random, item: str = "", client: str = "", until: str = "") -> Any:
        """The booking, or None. What is not said is drawn."""
        item = item or rng.choice(["open", "open", "open", "open", "second", "third", "cheap", "statutory", "never"])
        client = client or rng.choice([*CLIENTS, "small", "small", "small", "stranger", "third", "first"])
        quantity, far = rng.choice([1, 1, 2, 3]), DEPTHS.index(until or rng.choice(DEPTHS))
        lab = self.person(self.world.host_of(item))
        starts = self.clock.now.replace(second=0, microsecond=0) + timedelta(hours=1)
        made = self.do(
            "booking.book",
            self.person(client, FirmRole.BOOKER),
            test_item_id=self.world.items[item],
            quantity=quantity,
            starts_at=starts,
            sample_description="试样",
        )
        if made is None or far < DEPTHS.index("confirmed"):
            return made
        ref, price = made.ref, made.price_fen
        if made.state == "requested":
            self.do("booking.confirm", lab, ref=ref)
        if far < DEPTHS.index("finished"):
            return made
        if item == "open" and rng.random() < 0.3:
            instruments = select(Instrument.id).where(Instrument.lab_id == made.lab_id).order_by(Instrument.id)
            other = rng.choice(db.session.scalars(instruments).all())
            booker = self.person(client, FirmRole.BOOKER)
            self.do("booking.reschedule", booker, ref=ref, starts_at=starts, instrument_id=other)
            self.do("booking.confirm", lab, ref=ref)
        self.clock.set(starts)
        self.do("booking.receive", lab, ref=ref, samples=quantity)
        self.do("booking.start", lab, ref=ref)
        self.clock.advance(hours=quantity)
        self.do("booking.finish", lab, ref=ref)
        if far >= DEPTHS.index("reported"):
            self.do("report.record", lab, ref=ref, issued_on=local_day(self.clock.now), file=self.world.files[0])
        if far >= DEPTHS.index("invoiced"):
            self.invoice(lab, ref, price, price * rng.choice([0, 6]) // 106)
        if far >= DEPTHS.index("paid"):
            self.pay(lab, ref, price, self.world.codes[client])
        return made

    def invoice(self, lab: Actor, ref: str, fen: int, tax: int = 0) -> None:
        self.numbers += 1
        self.do(
            "invoice.record",
            lab,
            ref=ref,
            number=f"2633{self.numbers:016d}",
            issued_on=local_day(self.clock.now),
            amount_fen=fen,
            tax_fen=tax,
        )

    def pay(self, lab: Actor, ref: str, fen: int, payer: str, *, back: bool = False) -> None:
        self.numbers += 1
        self.do(
            "payment.refund" if back else "payment.record",
            lab,
            ref=ref,
            amount_fen=fen,
            paid_on=local_day(self.clock.now),
            reference=f"ICBC{self.numbers}",
            payer_uscc=payer,
        )

    def some(self, rng: random.Random, *states: str) -> Booking | None:
        """A booking in one of these states."""
        rows = db.session.scalars(select(Booking).where(Booking.state.in_(states)).order_by(Booking.id)).all()
        return rng.choice(rows) if rows else None

    def lab_of(self, booking: Booking) -> Actor:
        return self.person(self.world.firm_name(booking.lab_firm_id) or "first")

    def client_of(self, booking: Booking) -> str:
        return self.world.firm_name(booking.client_firm_id) or "small"

    def take_back(self, rng: random.Random) -> None:
        """Money back and a red letter; perhaps paid and invoiced anew."""
        booking = self.some(rng, "settled", "reported")
        if booking is None or not booking.paid_fen:
            return
        lab, ref, fen = self.lab_of(booking), booking.ref, booking.paid_fen // rng.choice([1, 2])
        payer = self.world.codes[self.client_of(booking)]
        line = db.session.execute(
            text("SELECT id, amount_fen, tax_fen FROM invoice_line WHERE booking_id = :id AND amount_fen > 0"),
            {"id": booking.id},
        ).first()
        reverses, again = rng.random() < 0.5 and line is not None, rng.random() < 0.5
        self.pay(lab, ref, fen, payer, back=True)
        if reverses:
            self.numbers += 1
            self.do(
                "invoice.reverse",
                lab,
                ref=ref,
                number=f"2633{self.numbers:016d}",
                issued_on=local_day(self.clock.now),
                amount_fen=line.amount_fen,
                tax_fen=line.tax_fen,
                reverses=line.id,
            )
        if again and reverses:
            self.invoice(lab, ref, line.amount_fen)
        if again:
            self.pay(lab, ref, fen, payer)

    def another_pays(self, rng: random.Random) -> None:
        booking = self.some(rng, "confirmed", "tested", "reported")
        if booking is not None:
            uscc = rng.choice([TRUE_PAYER, TRUE_PAYER, FALSE_PAYER, *self.world.codes.values()])
            self.pay(self.lab_of(booking), booking.ref, booking.charged_fen - booking.paid_fen, uscc)

    def raise_the_charge(self, rng: random.Random) -> None:
        """More is charged, and invoiced and paid as far as that goes through."""
        booking = self.some(rng, "confirmed", "tested", "reported", "settled")
        if booking is None:
            return
        lab, client, ref = self.lab_of(booking), self.client_of(booking), booking.ref
        line = self.do("charge.propose", lab, ref=ref, amount_fen=FEE, reason="加做")
        if line is not None:
            if rng.random() < 0.4:
                self.do("charge.consent", self.person(client), ref=ref, charge_id=line.id)
            self.invoice(lab, ref, FEE)
            self.pay(lab, ref, FEE, self.world.codes[client])

    # -- anything that anybody may say

    def act(self, rng: random.Random) -> None:
        action = rng.choice(TELLING if rng.random() < 0.5 else self.verbs)
        of_labs = action.split(".")[0] in OF_LABS and rng.random() < 0.8
        role = FirmRole.OWNER if rng.random() < 0.6 else rng.choice(ROLES)
        actor = self.person(rng.choice(HOSTS if of_labs else FIRMS), role)
        given = Hand(self.world, actor, self.clock.now, rng).arguments(action)
        given = given and fitted(action, given)
        if given is not None:
            self.do(action, actor, **given)

    verbs = firms_verbs()

    def relate(self, rng: random.Random) -> None:
        """One firm declares something of another, which perhaps agrees, and perhaps the first ends it again."""
        one, other = rng.sample(FIRMS, 2)
        today = local_day(self.clock.now)
        made = self.do(
            "affiliation.declare",
            self.person(one),
            firm_id=self.world.firms[one],
            other_uscc=self.world.codes[other],
            kind=rng.choice(["controls", "controls", "shares_owner", "family", "declared"]),
            valid_from=rng.choice([today, today.replace(year=2025)]),
            controlled=rng.random() < 0.4,
        )
        if made is None:
            return
        self.nothing_is_gained()  # as if a step ended here: what comes now is another firm's act
        then = rng.random()
        if then < 0.4:
            self.do("affiliation.agree", self.person(other), affiliation_id=made.id)
        elif then < 0.6:
            self.do("affiliation.end", self.person(one), affiliation_id=made.id, valid_to=today, reason="已转让")

    # -- what is not so, and a booking by which it would pay

    def lie(self, rng: random.Random) -> None:
        getattr(self, rng.choice(LIES))(rng)

    def lie_about_size(self, rng: random.Random) -> None:
        declared = Declared(local_day(self.clock.now).year - 1, Figures(employees=30, revenue_fen=400_000_000))
        of = {"firm_id": self.world.firms["stranger"], "declared": declared, "proof_id": self.world.proof_id}
        self.do("firm.declare_figures", self.person("stranger"), **of)
        self.serve(rng, "second", "stranger", "paid")

    def lie_about_county(self, rng: random.Random) -> None:
        firm = db.session.get_one(Firm, self.world.firms["third"])
        details = replace(true_details(self.world, firm), division=COUNTY)
        self.do("firm.change", self.person("third"), firm_id=firm.id, details=details)
        self.serve(rng, "open", "third", "paid")

    def lie_about_instrument(self, rng: random.Random) -> None:
        """A dear one is exchanged for a cheap one, or a cheap one said to be dear."""
        item = rng.choice(["open", "cheap"])
        for instrument in db.session.get_one(TestItem, self.world.items[item]).instruments:
            details = replace(
                common.read(instrument, InstrumentDetails), model=CHEAP_MODEL, original_value_fen=true_value(GOOD_MODEL)
            )
            self.do("instrument.edit", self.person("first"), instrument_id=instrument.id, details=details)
        self.serve(rng, item, "small", "paid")

    def lie_about_law(self, rng: random.Random) -> None:
        """A test that the law prescribes is said to be none."""
        item = rng.choice(["open", "statutory"])
        row = db.session.get_one(TestItem, self.world.items[item])
        details = replace(common.read(row, TestItemDetails), name=STATUTORY_NAME, statutory=False)
        given = {"test_item_id": row.id, "details": details, "standards": []}
        self.do("test_item.edit", self.person("first"), **given, instruments=[one.id for one in row.instruments])
        self.serve(rng, item, "small", "paid")

    def lie_about_payer(self, rng: random.Random) -> None:
        """Nearly all of it comes from another, whom an officer perhaps looks at; the client pays the rest."""
        made = self.serve(rng, "open", "small", "invoiced")
        if made is not None:
            self.pay(self.person("first"), made.ref, made.price_fen - 1, rng.choice([FALSE_PAYER, TRUE_PAYER]))
            if rng.random() < 0.5:
                self.officers.payers()
            self.pay(self.person("first"), made.ref, 1, self.world.codes["small"])

    def lie_about_being_open(self, rng: random.Random) -> None:
        self.do("lab.apply", self.person("first"), lab_id=self.world.labs["never"])
        self.serve(rng, "never", "small", "paid")

    def lie_about_place(self, rng: random.Random) -> None:
        lab = db.session.get_one(Lab, self.world.labs["open"])
        details = replace(common.read(lab, LabDetails), town=f"{rng.choice([COUNTY, ELSEWHERE])}001")
        self.do("lab.edit", self.person("first"), lab_id=lab.id, details=details)
        self.serve(rng, "open", "small", "paid")

    def end_a_link(self, rng: random.Random) -> None:
        today = local_day(self.clock.now)
        for found in db.session.scalars(select(Affiliation).where(Affiliation.kind == "family")).all():
            self.do("affiliation.end", self.person("kin"), affiliation_id=found.id, valid_to=today, reason="已转让")
        self.clock.advance(days=1)
        self.serve(rng, "second", "kin", "paid")

    def buy_from_oneself(self, rng: random.Random) -> None:
        self.serve(rng, "third", "third", "paid")

    def dispute(self, rng: random.Random) -> None:
        """And one side says that it is over."""
        made = self.serve(rng, "open", "small", "paid")
        if made is not None:
            self.do("dispute.open", self.person("small"), ref=made.ref, text="结果有误")
            if rng.random() < 0.5:
                self.do("dispute.settle", self.person("first"), ref=made.ref, outcome="none")

    def charge_more(self, rng: random.Random) -> None:
        made = self.serve(rng, "open", "small", "paid")
        if made is not None:
            self.do("charge.propose", self.person("first"), ref=made.ref, amount_fen=FEE, reason="加做")
            self.invoice(self.person("first"), made.ref, FEE)
            self.pay(self.person("first"), made.ref, FEE, self.world.codes["small"])

    def harm(self, rng: random.Random) -> None:
        """Somebody says that a lab's client is theirs, who is said to be the lab's."""
        self.serve(rng, "open", "small", "paid")
        self.nothing_is_gained()
        given = {"other_uscc": self.world.codes["small"], "kind": "controls", "valid_from": date(2025, 1, 1)}
        self.do("affiliation.declare", self.person("stranger"), firm_id=self.world.firms["stranger"], **given)

    def harm_in_notice(self, rng: random.Random) -> None:
        """While a run is published, its lab says that a client is its own, or the client disputes."""
        last = self.first_open_month().last_day
        if not self.published and local_day(self.clock.now) < last:
            self.clock.set(start_of_day(last) + timedelta(hours=9))
        made = self.serve(rng, "open", "small", "paid")
        if not self.published:
            self.month_goes_on(rng)
            self.clock.advance(minutes=1)
        if made is not None and rng.random() < 0.5:
            self.do("dispute.open", self.person("small"), ref=made.ref, text="结果有误")
            return
        given = {"other_uscc": self.world.codes["small"], "kind": "family", "valid_from": date(2025, 1, 1)}
        self.do("affiliation.declare", self.person("first"), firm_id=self.world.firms["first"], **given)

    # -- time, and who decides

    def time_passes(self, rng: random.Random) -> None:
        self.pass_time(days=rng.choice([0.1, 1, 3, 12]))

    def officers_decide(self, rng: random.Random) -> None:
        """Whoever was caught at something that is not so mostly says again what is."""
        for name in FIRMS:
            firm = db.session.get_one(Firm, self.world.firms[name])
            if not firm.verified and rng.random() < 0.7:
                owner, of, details = self.person(name), {"firm_id": firm.id}, true_details(self.world, firm)
                self.do("firm.change", owner, **of, details=details)
                self.do("firm.submit", owner, **of)
        self.officers.decide(rng)

    def month_goes_on(self, rng: random.Random) -> None:
        """The first month that is not approved is published once it is over; what is published is approved once the
        notice is over, and nothing that firms have done meanwhile keeps it from that (R-RUN-9)."""
        month = self.first_open_month()
        officer, approver = self.world.officers["officer"], self.world.officers["approver"]
        if not self.published:
            self.clock.set(max(self.clock.now, month.next.starts_at() + timedelta(hours=33)))
            self.officers.decide(rng)
            self.clock.advance(minutes=1)
            for division in self.policies:
                self.must("run.calculate", officer, month=month, division=division)
                self.must("run.publish", officer, month=month, division=division)
            self.published = True
            return
        self.clock.advance(days=7)
        self.officers.rest()
        for division in self.policies:
            self.must("run.approve", approver, month=month, division=division)
        self.approved.append(month)
        self.published = False

    def first_open_month(self) -> Month:
        return Month.parse(FIRST_MONTH).plus(len(self.approved))

    def must(self, action: str, actor: Actor, **given: Any) -> None:
        """A step of the officers that no firm can block."""
        assert self.do(action, actor, **given), f"blocked: {self.refused}"

    # -- what must hold

    @invariant()
    def nothing_is_gained(self) -> None:
        """What one firm did has changed nothing for a lab that it has no booking with, and nobody gains by what is not
        so. The other county is looked at now and then, and what happened since then is looked at with it."""
        if not hasattr(self, "policies") or not self.changed:
            return
        db.session.rollback()
        db.session.expire_all()
        month = Month.at(self.clock.now)
        payable = {}
        for policy in policies_in_force(month):
            if policy.division == COUNTY or self.steps % 3 == 0:
                result = calculate_now(policy, month)
                self.no_act_reaches_another(policy.division, month, result)
                payable[policy.division] = {line.code: line.payable_fen for line in result.calculation.lines}
        self.never_more_than_the_truth(month, payable)
        self.changed = False

    def no_act_reaches_another(self, division: str, month: Month, result: Result) -> None:
        """(a) No act of a firm changes what a lab has that it has no booking with: the sums of its instruments that
        count, and its grade."""
        facts = result.month_facts.facts
        own: dict[str, dict[Any, Any]] = {lab.code: {"grade": lab.grade} for lab in facts.labs}
        for (code, instrument), fen in facts.eligible.items():
            own[code][instrument] = fen
        before = self.seen[division]
        self.seen[division] = Seen(own, month)
        if before.month != month or None in before.actors or not before.actors:
            return  # another window, or officers or time did something
        together = db.session.execute(
            text("SELECT DISTINCT l.code, b.client_firm_id FROM booking b JOIN lab l ON l.id = b.lab_id")
        ).all()
        touched = {code for code, firm_id in together if firm_id in before.actors}
        touched |= {lab.code for lab in db.session.scalars(select(Lab)) if lab.firm_id in before.actors}
        for code in (set(own) | set(before.own)) - touched:
            assert before.own.get(code) == own.get(code), f"(a) {code} in {division}"

    def never_more_than_the_truth(self, month: Month, payable: Mapping[str, dict[str, int]]) -> None:
        """(b) What is paid and payable in all is no more than the truth gives, under all caps."""
        fetch = self.truth.fetch(_fetch)
        entries = oracle.ledger_of(fetch, local_day(self.clock.now))
        approved, waiting = _stored()
        for division, lines in payable.items():
            waiting.setdefault((division, str(month)), lines)
        true = oracle.reckon(fetch, self.policies, entries, self.clock.now, also=str(month))
        firms = {lab.code: lab.firm_id for lab in db.session.scalars(select(Lab))}
        for division in self.policies:
            for year in ("2026", "2027"):
                paid = Counter(dict.fromkeys(firms, 0))
                for (of, one), lines in approved.items():
                    if of == division and one.startswith(year):
                        paid.update(lines)
                most = true.paid(division, year)
                assert paid.total() <= most, f"(b) {division} {year}: {paid.total()} paid, truly {most}"
                for (of, one), lines in waiting.items():
                    if of == division and one.startswith(year):
                        got, due = sum(lines.values()), true.payable(division, one)
                        assert paid.total() + got <= most + due, f"(b) {division} {one}: {got} payable, truly {due}"
                self._caps(division, paid, firms)
        if len(approved) > self.settled_with:
            self.no_more_than_honestly(fetch, entries, approved, firms)
            self.settled_with = len(approved)

    def no_more_than_honestly(
        self, fetch: oracle.Fetch, entries: list[oracle.Row], approved: Lines, firms: Mapping[str, int]
    ) -> None:
        """(c) No firm is paid more in a year than had nobody taken back, moved, split, renamed or declared anything.
        Where a budget is shared, more for one is less for another, so there it says nothing."""
        honest = oracle.reckon(fetch, self.policies, oracle.honest_rows(entries), self.clock.now)
        for division, policy in self.policies.items():
            if policy["budget_year_fen"] is not None:
                continue
            for firm_id, year in itertools.product(set(firms.values()), ("2026", "2027")):
                labs = {code for code, of in firms.items() if of == firm_id}
                got = sum(
                    fen
                    for (of, month), lines in approved.items()
                    for code, fen in lines.items()
                    if of == division and month.startswith(year) and code in labs
                )
                most = honest.paid(division, year, labs)
                assert got <= most, f"(c) {self.world.firm_name(firm_id)} {year}: {got}, honestly {most}"

    def _caps(self, division: str, paid: Mapping[str, int], firms: Mapping[str, int]) -> None:
        policy = self.policies[division]
        for code, fen in paid.items():
            assert fen <= (policy["caps"]["lab_year_fen"] or fen), f"(b) the cap of {code}"
        for firm_id in set(firms.values()):
            fen = sum(paid[code] for code, of in firms.items() if of == firm_id)
            assert fen <= (policy["caps"]["firm_year_fen"] or fen), f"(b) the cap of firm {firm_id}"
        assert sum(paid.values()) <= (policy["budget_year_fen"] or sum(paid.values())), "(b) the budget"


def _fetch(statement: str) -> list[dict[str, Any]]:
    return [dict(row) for row in db.session.execute(text(statement)).mappings()]


def _stored() -> tuple[Lines, Lines]:
    """What approved runs pay, and what those would that are not yet."""
    approved: Lines = {}
    waiting: Lines = {}
    for run in db.session.scalars(select(RewardRun)):
        (waiting if run.approved_at is None else approved)[run.division, run.month] = {}
    for row in db.session.execute(
        text(
            "SELECT r.division, r.month, l.code, x.payable_fen FROM reward_line x "
            "JOIN reward_run r ON r.id = x.run_id JOIN lab l ON l.id = x.lab_id"
        )
    ):
        of = row.division, row.month
        (approved if of in approved else waiting)[of][row.code] = row.payable_fen
    return approved, waiting


def _true_links(world: World) -> list[dict[str, Any]]:
    return [
        {
            "firm_id": world.firms[one],
            "other_firm_id": world.firms[other],
            "kind": kind,
            "valid_from": "2025-01-01",
            "valid_to": None,
            "recorded_at": oracle.LONG_AGO,
            "confirmed_at": oracle.LONG_AGO,
            "declared_by_firm_id": None,
            "declaration_touches": None,
            "agreement_touches": None,
            "holds_until_decided": False,
            **dict.fromkeys(("voided_at", "agreed_at", "seen_at", "ended_at", "ended_on")),
        }
        for one, other, kind in TRUE_LINKS
    ]


def _true_admissions() -> list[dict[str, Any]]:
    """As they stand before anybody has done anything."""
    return _fetch("SELECT * FROM lab_admission")
