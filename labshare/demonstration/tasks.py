"""What waits for each demonstration account, whatever the day and hour.

Made before the other bookings, so that its times are free: everything here happened before midnight, and its deadlines
and starts lie after the end of today. Only opening hours decide where, so a Sunday or a week of holidays changes
nothing but the dates.
"""

from bisect import insort
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from labshare.booking import notifications
from labshare.booking.models import Booking
from labshare.booking.rules.lifecycle import answer_by
from labshare.booking.rules.price import work_of
from labshare.booking.rules.starts import StartRules
from labshare.booking.rules.time import Interval
from labshare.catalogue.models import (
    Fee,
    Instrument,
    InstrumentUnit,
    StandardProposal,
    TestItem,
    TestItemInstrument,
    TestItemStandard,
)
from labshare.catalogue.rules.standards import normalise
from labshare.catalogue.terms import Category, FeeBasis, LifeState
from labshare.demonstration.blocks import maintain
from labshare.demonstration.bookings import MATERIALS, Place, free_unit
from labshare.demonstration.catalogue import Laboratory, Machine, Offer
from labshare.demonstration.documents import tax_in
from labshare.demonstration.inquiries import add_inquiries
from labshare.demonstration.life import Life
from labshare.demonstration.loading import Client, Loading
from labshare.demonstration.quotes import add_quotes
from labshare.demonstration.searches import add_searches
from labshare.demonstration.shelf import Shelf
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db
from labshare.settlement.terms import MessageSide

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class NoRoom(RuntimeError):
    """A task found no free time in its lab: the generator is wrong."""


class Tasks:
    """The tasks around one firm with labs (`owner@`, `lab@`) and one client firm (`client@`)."""

    def __init__(self, loading: Loading, labs: list[Laboratory], shelf: Shelf) -> None:
        self.loading, self.shelf = loading, shelf
        self.rng = loading.rng("tasks")
        self.labs = [lab for lab in labs if lab.demo]
        self.others = [
            lab
            for lab in labs
            if not lab.demo and not lab.row["automatic_confirmation"] and lab.admitted and self._easy(lab)
        ]
        self.main = self.labs[0]
        self.lives: list[Life] = []
        self.notices: list[tuple[Life, str, bool, datetime, dict[str, Any]]] = []
        self.tomorrow = loading.at(loading.today + DAY, 0)
        self.customers = [
            client
            for client in loading.clients
            if client is not loading.demo_client
            and client.categories[0] == Category.BEARINGS
            and client.row["verified_at"] is not None
            and client.row["created_at"] < loading.at(loading.first_day, 0)
        ]

    def make(self) -> list[Life]:
        self._lab_tasks()
        self._client_tasks()
        self._officer_tasks()
        self._drafts()
        add_quotes(self.loading, self.main)
        add_inquiries(self.loading, [self.main, *self.others[:3]])
        add_searches(self.loading)
        self._propose_standard()
        for lab in (self.main, *self.others[:3]):
            machine = next((each for each in lab.machines if each.kind.key == "onh"), lab.machines[-1])
            maintain(self.loading, self.rng, lab, machine, self.loading.midnight - 9 * HOUR, self.tomorrow + 30 * HOUR)
        return self.lives

    # -- where and when

    def _intervals(self, lab: Laboratory, since: datetime, until: datetime) -> list[Interval]:
        return [each for each in lab.openings.between(since, until) if each.starts_at >= since]

    def _days_ahead(self, lab: Laboratory) -> list[Interval]:
        """Opening intervals after today, nearest first."""
        return self._intervals(lab, self.tomorrow, self.tomorrow + 40 * DAY)

    def _days_ago(self, lab: Laboratory, days: int) -> list[Interval]:
        """Opening intervals that ended before today, the latest at least so many days ago first."""
        until = self.loading.midnight - (days - 1) * DAY
        found = lab.openings.between(until - 60 * DAY, until)
        return [each for each in reversed(found) if each.ends_at < until]

    def _book(
        self,
        lab: Laboratory,
        kind: str,
        intervals: list[Interval],
        *,
        client: Client | None = None,
        before: timedelta = 3 * DAY,
        asked: datetime | None = None,
        quantity: int = 2,
        hours: int | None = None,
        attended: bool = True,
    ) -> Life:
        """A booking in the first interval with room, ordered `before` it (never after midnight)."""
        client = client or self.customers[len(self.lives) % len(self.customers)]
        for machine, offer in self._benches(lab, kind, attended):
            work = work_of(offer.terms, min(quantity, offer.terms.max_quantity), hours)
            rules = StartRules(lab.openings, work, machine.terms)
            for interval in intervals:
                place = self._room(rules, machine, interval)
                if place is None:
                    continue
                latest = self.loading.midnight - self.rng.randrange(120, 400) * MINUTE
                at = asked or min(place.plan.starts_at - before, latest)
                fee = offer.fee_on(self.loading.day(at))
                if fee is None or rules.problems(place.plan.starts_at, now=at):
                    continue
                life = Life(self.loading, self.shelf, lab)
                name = offer.row["name"].split("（")[-1].rstrip("）")
                life.book(
                    client,
                    client.members[0],
                    at,
                    offer,
                    machine,
                    place.unit,
                    work,
                    place.plan,
                    fee,
                    f"{name}，{MATERIALS[offer.row['category']]}，共 {work.quantity} 件",
                )
                insort(machine.taken[place.unit - 1], (place.plan.starts_at, place.plan.holding_ends_at))
                self.lives.append(life)
                return life
        raise NoRoom(f"{lab.row['code']} {kind}")

    def _benches(self, lab: Laboratory, kind: str, attended: bool) -> list[tuple[Machine, Offer]]:
        return [
            (machine, offer)
            for machine in lab.machines
            if machine.kind.key == kind
            for offer in lab.offers
            if machine in offer.machines and offer.terms.attended == attended and not offer.row["statutory"]
        ]

    def _room(self, rules: StartRules, machine: Machine, interval: Interval) -> Place | None:
        start = interval.starts_at
        length = rules.work.duration if rules.work.attended else rules.work.setup
        while start + length <= interval.ends_at:
            plan = rules.plan(start)
            unit = free_unit(machine, plan.starts_at, plan.holding_ends_at)
            if unit:
                return Place(plan, unit)
            start += 30 * MINUTE
        return None

    def _notify(self, life: Life, kind: str, at: datetime, *, lab: bool, **params: Any) -> None:
        self.notices.append((life, kind, lab, at, params))

    # -- steps

    def _confirmed(self, life: Life) -> Life:
        at = life.row["booked_at"] + 50 * MINUTE
        life.confirm(min(at, self.loading.midnight - 90 * MINUTE))
        return life

    def _received(self, life: Life, at: datetime | None = None) -> Life:
        self._confirmed(life)
        life.receive(
            at or max(life.starts_at - 40 * MINUTE, life.row["confirmed_at"] + 10 * MINUTE),
            life.row["quantity"],
            "包装完好",
        )
        return life

    def _finished(self, life: Life) -> Life:
        self._received(life)
        life.start(life.starts_at)
        end = life.row["ends_at"]
        life.finish(end, at=end)
        return life

    def _reported(self, life: Life) -> Life:
        self._finished(life)
        at = life.row["finished_at"] + 100 * MINUTE
        life.record_report(at, self.loading.day(at))
        return life

    def _invoiced(self, life: Life) -> Life:
        self._reported(life)
        amount = life.row["charged_fen"]
        at = life.row["finished_at"] + 130 * MINUTE
        life.record_invoice(at, self.loading.day(at), amount, tax_in(amount))
        return life

    # -- lab@ and owner@

    def _lab_tasks(self) -> None:
        lab, loading = self.main, self.loading
        ahead, midnight = self._days_ahead(lab), loading.midnight
        # can start now, at any hour: received, and its unit free from now to its start
        for kind in ("sem", "roundness", "profilometer"):
            machine = next(each for each in lab.machines if each.kind.key == kind)
            life = self._received(self._book(lab, kind, ahead[:4], before=5 * DAY), midnight - 5 * HOUR)
            self._keep_free(machine, life)
        # little time left: asked as long ago as the deadline allows that still lies ahead
        for kind in ("utm", "hardness", "microscope"):
            start = ahead[6].starts_at
            life = self._book(lab, kind, ahead[6:12], asked=self._asked_long_ago(start), quantity=3)
            self._notify(life, notifications.REQUESTED, life.row["booked_at"], lab=True, answer_by=life.deadline)
        for kind in ("oes", "cmm", "vibrometer"):
            life = self._book(lab, kind, ahead[5:12], asked=midnight - self.rng.randrange(180, 500) * MINUTE)
            self._notify(life, notifications.REQUESTED, life.row["booked_at"], lab=True, answer_by=life.deadline)
        for kind in ("oes", "hardness", "utm"):  # to receive
            self._confirmed(self._book(lab, kind, ahead[:6], before=6 * DAY))
        # to finish: long tests that were started some days ago and go on beyond today
        for kind, hours in (("life_rig", 400), ("salt", None)):
            ago = self._days_ago(lab, 2)[:8]
            life = self._book(
                lab, kind, ago, before=6 * DAY, attended=False, hours=hours or self._hours_for(ago[0]), quantity=8
            )
            self._received(life)
            life.start(life.starts_at)
        # papers
        for kind in ("oes", "microscope", "roundness"):
            self._finished(self._book(lab, kind, self._days_ago(lab, 1)[:6], before=4 * DAY))
        self._finished(self._book(lab, "hardness", self._days_ago(lab, 12), before=4 * DAY))  # overdue
        for kind in ("utm", "cmm"):
            self._reported(self._book(lab, kind, self._days_ago(lab, 3), before=4 * DAY))
        for kind in ("oes", "vibrometer"):
            self._invoiced(self._book(lab, kind, self._days_ago(lab, 5), before=4 * DAY))
        for lab in self.labs[1:3]:
            kind = lab.machines[0].kind.key
            attended = kind != "life_rig"
            self._book(
                lab,
                kind,
                self._days_ahead(lab)[4:10],
                attended=attended,
                hours=None if attended else 200,
                asked=midnight - 300 * MINUTE,
            )

    def _keep_free(self, machine: Machine, life: Life) -> None:
        """Nobody else gets the unit before the booking's start."""
        insort(machine.taken[life.row["unit"] - 1], (self.loading.midnight - 30 * MINUTE, life.starts_at))

    def _asked_long_ago(self, start: datetime) -> datetime:
        days, loading = self.main.openings.days, self.loading
        for ago in range(20, 0, -1):
            at = loading.at(loading.today - ago * DAY, 15, 12)
            if answer_by(at, starts_at=start, days=days, zone=loading.zone) >= self.tomorrow:
                return at
        raise NoRoom("requests")

    def _hours_for(self, interval: Interval) -> int:
        """Salt spray hours that last from then until the day after tomorrow at least."""
        least = (self.tomorrow + 30 * HOUR - interval.starts_at) // HOUR
        return 24 + 8 * max(0, -(-(least - 24) // 8))

    # -- client@

    def _client_tasks(self) -> None:
        loading, lab, client = self.loading, self.main, self.loading.demo_client
        ahead, midnight = self._days_ahead(lab), self.loading.midnight
        mine: Callable[..., Life] = lambda *given, **more: self._book(*given, client=client, **more)  # noqa: E731
        # proposals to answer, one at a request, one at a confirmed booking
        for kind, confirmed in (("roundness", True), ("microscope", False)):
            life = mine(lab, kind, ahead[6:10], asked=midnight - 30 * HOUR)
            if confirmed:
                self._confirmed(life)
            rules = StartRules(lab.openings, life.work, life.machine.terms)
            for interval in ahead[11:20]:
                place = self._room(rules, life.machine, interval)
                if place is not None:
                    break
            else:
                raise NoRoom("proposal")
            at = midnight - 4 * HOUR
            proposal = life.propose(at, place.plan, place.unit, "仪器临时校准，需顺延。")
            insort(life.machine.taken[place.unit - 1], (place.plan.starts_at, place.plan.holding_ends_at))
            self._notify(
                life,
                notifications.PROPOSED,
                at,
                lab=False,
                proposed_at=place.plan.starts_at,
                reason="仪器临时校准，需顺延。",
                answer_by=proposal["answer_by"],
            )
        # a charge to consent to
        life = self._finished(mine(lab, "utm", self._days_ago(lab, 1)[:6], before=4 * DAY, quantity=4))
        at = midnight - 3 * HOUR
        if at < life.row["finished_at"]:
            at = life.row["finished_at"] + 5 * MINUTE
        life.propose_charge(at, 12_000, "加测一组试样")
        self._notify(life, notifications.CHARGE_PROPOSED, at, lab=False, amount_fen=12_000, reason="加测一组试样")
        # reports to download: one paid, and money to pay
        life = self._invoiced(mine(lab, "oes", self._days_ago(lab, 8), before=4 * DAY))
        paid = life.row["finished_at"] + 150 * MINUTE
        life.record_payment(paid, loading.day(paid), life.row["charged_fen"])
        life = self._invoiced(mine(lab, "roundness", self._days_ago(lab, 4), before=4 * DAY))
        asked = max(midnight - 20 * HOUR, life.row["finished_at"] + 8 * HOUR)
        life.write(asked, MessageSide.CLIENT, "报告第 2 页的滤波设置能否注明截止波数？")
        life.write(asked + HOUR, MessageSide.LAB, "可以，截止波数为 150 UPR，补充说明随发票寄出。")
        self._invoiced(self._elsewhere(0, lambda lab: self._days_ago(lab, 6), client=client))
        # upcoming, and waiting for an answer
        for kind in ("vibrometer", "oes"):
            life = self._confirmed(mine(lab, kind, ahead[1:8], before=6 * DAY))
            self._notify(life, notifications.CONFIRMED, life.row["confirmed_at"], lab=False)
        mine(lab, "cmm", ahead[7:14], asked=midnight - 6 * HOUR)
        self._elsewhere(1, lambda lab: self._days_ahead(lab)[5:12], asked=midnight - 8 * HOUR, client=client)

    def _elsewhere(self, turn: int, intervals: Callable[[Laboratory], list[Interval]], **more: Any) -> Life:
        """A booking in the first of the other labs, the `turn`-th first and the ones before it last, that has room on
        an instrument whose certificate reaches so far."""
        for lab in (*self.others[turn:], *self.others[:turn]):
            for kind in self._easy(lab):
                with suppress(NoRoom):
                    return self._book(lab, kind, intervals(lab), **more)
        raise NoRoom("another lab")

    def _propose_standard(self) -> None:
        """A lab would test by a standard that nobody has listed."""
        number = "GB/T 24179-2009"
        self.loading.rows.add(
            StandardProposal,
            firm_id=self.main.row["firm_id"],
            proposed_at=self.loading.at(self.loading.today - DAY, 10),
            number=number,
            search_number=normalise(number),
            name="金属材料 残余应力测定 压痕应变法",
            name_en="Metallic materials: residual stress by the indentation strain method",
        )

    def _easy(self, lab: Laboratory) -> list[str]:
        """The kinds of instruments of this lab with attended tests: some labs have none but rigs."""
        return [machine.kind.key for machine in lab.machines if self._benches(lab, machine.kind.key, True)]

    # -- officer@

    def _officer_tasks(self) -> None:
        """Payments by another payer that wait for a decision."""
        before = 4 * DAY
        booked = (
            self._book(self.main, "oes", self._days_ago(self.main, 7), before=before),
            self._elsewhere(2, lambda lab: self._days_ago(lab, 8), before=before),
            self._elsewhere(3, lambda lab: self._days_ago(lab, 9), before=before),
        )
        for number, life in enumerate(booked):
            self._invoiced(life)
            at = life.row["finished_at"] + DAY
            payer = self.customers[-1 - number].row["uscc"]
            life.record_payment(at, self.loading.day(at), life.row["charged_fen"], payer)

        disputed = self._invoiced(self._book(self.main, "roundness", self._days_ago(self.main, 8), before=before))
        disputed.dispute(
            disputed.row["finished_at"] + 2 * DAY,
            "2 号试样的圆度与我方复测相差一倍，请复核装夹方式。",
            "已复核原始记录与装夹照片，结果无误；试样端面有磕伤。",
        )

    # -- owner@

    def _drafts(self) -> None:
        """An instrument and a test item that are not published yet."""
        loading, lab = self.loading, self.main
        at = loading.midnight - 28 * HOUR
        instrument = loading.rows.add(
            Instrument,
            lab_id=lab.id,
            inner_id=f"{lab.row['code'].replace('-', '')}-99",
            name="超声波探伤仪 Olympus EPOCH 650",
            name_en="Ultrasonic flaw detector Olympus EPOCH 650",
            model="EPOCH 650",
            manufacturer="Olympus",
            nation="JP",
            class_code="020601",
            original_value_fen=9_800_000,
            begin_date=loading.today - timedelta(days=40),
            technical="0.2–26.5 MHz",
            function="棒材与锻件探伤",
            subjects="430.40",
            state=LifeState.DRAFT,
            created_at=at,
        )
        loading.rows.add(InstrumentUnit, instrument_id=instrument["id"], unit=1)
        item = loading.rows.add(
            TestItem,
            lab_id=lab.id,
            name="超声波探伤（轴承钢棒材）",
            name_en="Ultrasonic flaw detection (bearing steel bars)",
            category=Category.MECHANICS,
            sample_requirement="表面粗糙度不大于 Ra 6.3",
            sample_requirement_en="Surface Ra 6.3 or better",
            setup_minutes=10,
            sample_minutes=20,
            max_quantity=10,
            state=LifeState.DRAFT,
            created_at=at + 20 * MINUTE,
        )
        loading.rows.add(TestItemInstrument, test_item_id=item["id"], instrument_id=instrument["id"])
        standard = next(row["id"] for row in loading.standards.values() if row["number"].startswith("GB/T 10561-2023"))
        loading.rows.add(TestItemStandard, test_item_id=item["id"], standard_id=standard)
        fee = loading.rows.add(
            Fee,
            test_item_id=item["id"],
            basis=FeeBasis.SAMPLE,
            amount_fen=15_000,
            minimum_fen=0,
            valid_from=loading.today - DAY,
            created_at=at + 25 * MINUTE,
        )
        who = {"person_id": lab.host.manager["id"], "firm_id": lab.host.id}
        loading.trail.record(
            at,
            **who,
            action="instrument.add",
            subject=("instrument", instrument["id"]),
            after={"lab_id": lab.id, "units": 1, "name": instrument["name"]},
        )
        loading.trail.record(
            at + 20 * MINUTE,
            **who,
            action="test_item.add",
            subject=("test_item", item["id"]),
            after={"lab_id": lab.id, "name": item["name"], "instruments": [instrument["id"]]},
        )
        loading.trail.record(
            at + 25 * MINUTE,
            **who,
            action="fee.add",
            subject=("test_item", item["id"]),
            after={
                "fee_id": fee["id"],
                "basis": FeeBasis.SAMPLE,
                "amount_fen": 15_000,
                "minimum_fen": 0,
                "valid_from": fee["valid_from"],
                "valid_to": None,
            },
        )

    # -- told

    def notify(self) -> None:
        """Write the notices of the latest steps, once the rows are there."""
        for life, kind, lab, at, params in sorted(self.notices, key=lambda one: one[3]):
            booking = db.session.scalars(select(Booking).where(Booking.ref == life.row["ref"])).one()
            (notifications.notify_lab if lab else notifications.notify_client)(
                kind, booking, actor=SYSTEM, now=at, **params
            )
        db.session.flush()
