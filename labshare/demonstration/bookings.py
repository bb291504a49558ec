"""Twelve months of bookings: who books what when, and how each goes on, cut off at midnight before today.

Starts are drawn from the labs' own opening intervals, weighted by weekday and season, and kept only where booking's
rules allow them and a unit is free.
"""

import random
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from labshare.booking.rules.price import Work, work_of
from labshare.booking.rules.starts import Plan, StartRules
from labshare.booking.rules.time import Interval
from labshare.booking.terms import BookingState
from labshare.catalogue.terms import Category
from labshare.demonstration.blocks import keep_for_itself
from labshare.demonstration.catalogue import Laboratory, Machine, Offer
from labshare.demonstration.documents import DocumentWriter
from labshare.demonstration.life import Life
from labshare.demonstration.loading import Client, Loading
from labshare.demonstration.shelf import Shelf

SEASON = (0, 88, 55, 112, 110, 104, 108, 92, 90, 112, 96, 118, 110)
"""Demand by month, in percent of the average: low around Spring Festival and in the hot months."""
WEEKDAY = (92, 116, 112, 104, 84, 40, 30)
OWN_SHARE = (0.08, 0.45)
"""Between these lies, lab by lab, the share of the orders that come from its own firm, a batch each."""
MINUTE = timedelta(minutes=1)
MATERIALS = {
    Category.MECHANICS: "牌号 GCr15、40Cr",
    Category.METALLOGRAPHY: "牌号 GCr15",
    Category.COMPOSITION: "牌号 GCr15、ADC12",
    Category.BEARINGS: "型号 6204-2RS",
    Category.DIMENSIONS: "附图纸",
    Category.WHEELS: "规格 17×7.5J",
    Category.ENVIRONMENT: "表面镀锌",
    Category.REFRIGERATION: "型号 EXV-1.8",
    Category.ELECTRICAL: "12 V 控制器",
    Category.CLEANLINESS: "密封包装",
    Category.TEXTILE_MACHINERY: "附转速要求",
    Category.PHARMA: "避光密封",
}
DECLINES = ("仪器近期排满，请改选其他实验室。", "样品规格超出本实验室能力。", "该时段检测员外出。")
CANCELS = ("送样计划推迟", "样品未制备完成", "改为厂内自检", "订单取消")
LAB_CANCELS = ("仪器故障待修", "检测员请假，无人替代")
MOVES = ("仪器临时校准，需顺延。", "前一检测延长，时段顺延。", "检测员培训，需改时间。")
CONDITIONS = ("", "", "", "包装完好", "表面有轻微划痕，已记录", "数量相符，标识清楚")


@dataclass(frozen=True)
class Place:
    plan: Plan
    unit: int


class Customers:
    """Who books at a lab: firms by what they have tested, related firms and hosts among them."""

    def __init__(self, loading: Loading, clients: Sequence[Client], hosts: Sequence[Client]) -> None:
        self.loading, self.hosts = loading, hosts
        self.by_category: dict[str, tuple[list[Client], list[float]]] = {}
        for category in MATERIALS:
            wanting = [client for client in clients if category in client.categories]
            weights = accumulate(client.weight / (1 + client.categories.index(category)) for client in wanting)
            self.by_category[category] = wanting, list(weights)

    def draw(self, rng: random.Random, lab: Laboratory, category: str) -> Client:
        """Rarely another host or a related firm; the lab's own firm is drawn apart."""
        chance = rng.random()
        if chance < 0.05:
            return rng.choice(self.hosts)
        related = self.loading.related.get(lab.host.id)
        if chance < 0.08 and related:
            return rng.choice(related)
        wanting, weights = self.by_category[category]
        return rng.choices(wanting, cum_weights=weights)[0]


class Diary:
    """The opening intervals of a lab from the first day to a month ahead, with the demand for each."""

    def __init__(self, loading: Loading, lab: Laboratory) -> None:
        begin = loading.at(loading.first_day, 0)
        self.intervals = lab.openings.between(begin, loading.midnight + timedelta(days=35))
        self.starts = [interval.starts_at for interval in self.intervals]
        self.weights = list(accumulate(self._demand(loading, interval) for interval in self.intervals))

    @staticmethod
    def _demand(loading: Loading, interval: Interval) -> float:
        day = loading.day(interval.starts_at)
        weight = SEASON[day.month] * WEEKDAY[day.weekday()] * ((interval.ends_at - interval.starts_at) / MINUTE)
        weight *= 1 + 0.25 * (day - loading.first_day).days / 365
        ahead = (day - loading.today).days
        if ahead >= 0:  # the nearer, the fuller
            weight *= max(0.03, 1 - ahead / 16)
        return weight


class Bookings:
    """Makes the bookings of one division, lab by lab."""

    def __init__(
        self,
        loading: Loading,
        labs: Sequence[Laboratory],
        clients: Sequence[Client],
        hosts: Sequence[Client],
        shelf: Shelf,
    ) -> None:
        self.loading, self.shelf = loading, shelf
        self.customers = Customers(loading, clients, hosts)
        self.documents = DocumentWriter(loading)
        total = sum(machine.busy * self._draw_of(lab) for lab in labs for machine in lab.machines)
        self.a_machine = loading.scale.bookings * 1.035 * len(labs) / 82 / total

    @staticmethod
    def _draw_of(lab: Laboratory) -> float:
        """Bearing labs draw most; the demonstration firm's are well known."""
        return 2.2 if lab.demo else 1.0

    def make(self, lab: Laboratory) -> Iterator[Life]:
        """The bookings of a lab, each lived up to midnight."""
        rng = self.loading.rng(f"bookings/{lab.row['code']}")
        own_share = rng.uniform(*OWN_SHARE)
        diary = Diary(self.loading, lab)
        by_machine: dict[int, list[Offer]] = {}
        for offer in lab.offers:
            for machine in offer.machines:
                by_machine.setdefault(machine.id, []).append(offer)
        keep_for_itself(self.loading, rng, lab, diary.intervals, by_machine)
        for machine in lab.machines:
            offers = by_machine.get(machine.id)
            if not offers:
                continue
            expected = machine.busy * self._draw_of(lab) * self.a_machine
            for _turn in range(round(expected * rng.uniform(0.85, 1.15))):
                own = rng.random() < own_share
                life = self._one(rng, lab, diary, machine, rng.choice(offers), own=own)
                if life is not None:
                    yield life

    # -- placing

    def _one(
        self, rng: random.Random, lab: Laboratory, diary: Diary, machine: Machine, offer: Offer, *, own: bool
    ) -> Life | None:
        for _attempt in range(6):
            work = self._work(rng, offer, batch=own)
            rules = StartRules(lab.openings, work, machine.terms)
            place = self._place(rng, diary, machine, rules)
            if place is None:
                continue
            booked_at = self._booked_at(rng, lab, place.plan.starts_at)
            if booked_at is None or rules.problems(place.plan.starts_at, now=booked_at):
                continue
            client = lab.host.client if own else self.customers.draw(rng, lab, offer.row["category"])
            fee = offer.fee_on(self.loading.day(booked_at))
            verified = client.row["verified_at"]
            if fee is None or verified is None or verified > booked_at:
                continue
            return self._live(rng, lab, diary, machine, offer, rules, place, booked_at, client)
        return None

    def _work(self, rng: random.Random, offer: Offer, *, batch: bool) -> Work:
        """How much is ordered: some pieces, or a whole `batch`, as a firm brings its own production."""
        most = offer.terms.max_quantity
        quantity = (
            min(most, 1 + int(rng.expovariate(0.25)))
            if offer.terms.samples_per_run == 1
            else min(most, rng.choice((1, 2, 3, 3, 4, 6, 8, 12, 16)))
        )
        if batch:
            quantity = rng.randint(max(quantity, most // 3), most)
        hours = None
        if (choice := offer.terms.hours) is not None:
            steps = int((choice.max - choice.min) / choice.step)
            hours = choice.min + choice.step * min(steps, int(rng.expovariate(0.35)))
            if offer.test.key == "salt_spray":
                hours = choice.min + choice.step * min(steps, rng.choice((0, 3, 6, 9, 12, 24, 30)))
            elif steps < 8:
                hours = choice.min + choice.step * rng.randrange(steps + 1)
        return work_of(offer.terms, quantity, hours)

    def _place(self, rng: random.Random, diary: Diary, machine: Machine, rules: StartRules) -> Place | None:
        """A start somewhere in the diary with a free unit."""
        interval = diary.intervals[bisect_left(diary.weights, rng.random() * diary.weights[-1])]
        return self.place_in(rng, interval, machine, rules)

    def place_in(self, rng: random.Random, interval: Interval, machine: Machine, rules: StartRules) -> Place | None:
        length = rules.work.duration if rules.work.attended else rules.work.setup
        room = (interval.ends_at - interval.starts_at - length) // MINUTE
        if room < 0:
            return None
        start = interval.starts_at + rng.randrange(room // 30 + 1) * 30 * MINUTE
        plan = rules.plan(start)
        unit = free_unit(machine, plan.starts_at, plan.holding_ends_at)
        return Place(plan, unit) if unit else None

    def _booked_at(self, rng: random.Random, lab: Laboratory, start: datetime) -> datetime | None:
        """Some days before, in waking hours, and never after midnight of today."""
        loading = self.loading
        latest = start - timedelta(minutes=lab.row["lead_time_minutes"] + rng.randrange(2, 240))
        earliest = start - timedelta(minutes=lab.row["horizon_minutes"])
        day = loading.day(start) - timedelta(days=1 + min(40, int(rng.expovariate(0.28))))
        if day >= loading.today:  # ordered lately, for a time farther ahead
            day = loading.today - timedelta(days=1 + int(rng.expovariate(0.5)))
        at = loading.at(day, min(21, max(7, int(rng.gauss(13, 3.2)))), rng.randrange(60))
        at = min(at + timedelta(seconds=rng.randrange(60)), latest)
        if at > loading.midnight:
            return None
        return at if at >= max(earliest, loading.at(loading.first_day, 0)) else None

    # -- living

    def _live(
        self,
        rng: random.Random,
        lab: Laboratory,
        diary: Diary,
        machine: Machine,
        offer: Offer,
        rules: StartRules,
        place: Place,
        booked_at: datetime,
        client: Client,
    ) -> Life:
        fee = offer.fee_on(self.loading.day(booked_at))
        assert fee is not None  # noqa: S101 - asked before
        life = Life(self.loading, self.shelf, lab)
        category = offer.row["category"]
        description = (
            f"{offer.row['name'].split('（')[-1].rstrip('）')}，{MATERIALS[category]}，共 {rules.work.quantity} 件"
        )
        person = rng.choice(client.members)
        life.book(client, person, booked_at, offer, machine, place.unit, rules.work, place.plan, fee, description)
        span = (place.plan.starts_at, place.plan.holding_ends_at)
        insort(machine.taken[place.unit - 1], span)
        Course(self, rng, lab, diary, machine, rules, life, span).run()
        return life


def free_unit(machine: Machine, starts_at: datetime, ends_at: datetime) -> int | None:
    """The first unit with nothing in `[starts_at, ends_at)`."""
    for unit, taken in enumerate(machine.taken, 1):
        index = bisect_left(taken, (ends_at,))
        if index == 0 or taken[index - 1][1] <= starts_at:
            return unit
    return None


class Course:
    """How one booking goes on: steps at moments, taken in order as long as they lie before midnight."""

    def __init__(
        self,
        maker: Bookings,
        rng: random.Random,
        lab: Laboratory,
        diary: Diary,
        machine: Machine,
        rules: StartRules,
        life: Life,
        span: tuple[datetime, datetime],
    ) -> None:
        self.maker, self.rng, self.lab, self.diary, self.machine = maker, rng, lab, diary, machine
        self.rules, self.life, self.span = rules, life, span
        self.loading = maker.loading
        self.at: datetime = life.row["booked_at"]

    def run(self) -> None:
        self._go()
        if self.life.state in (BookingState.DECLINED, BookingState.CANCELLED, BookingState.NO_SHOW):
            self._give_back()
            self.maker.documents.ended(self.rng, self.life, self.at)

    def _give_back(self) -> None:
        self.machine.taken[self.life.row["unit"] - 1].remove(self.span)

    def _before_midnight(self, at: datetime) -> bool:
        """Move the clock of this booking on; False where that lies past the end of the story."""
        if at > self.loading.midnight:
            return False
        self.at = max(self.at, at)
        return True

    def _go(self) -> None:
        rng, life = self.rng, self.life
        if life.state == BookingState.REQUESTED:
            self._answer()
        if life.state != BookingState.CONFIRMED:
            return
        if rng.random() < 0.03:
            self._client_moves()
        if life.state == BookingState.CONFIRMED and rng.random() < 0.02:
            self._lab_moves()
        if life.state != BookingState.CONFIRMED or life.proposal is not None:
            return
        start = life.starts_at
        gap = start - self.at
        if rng.random() < 0.045 and gap > 30 * MINUTE:
            at = self.at + gap * rng.uniform(0.15, 0.97)
            if self._before_midnight(at):
                life.cancel(self.at, rng.choice(CANCELS))
            return
        if rng.random() < 0.008 and gap > 30 * MINUTE:
            if self._before_midnight(self.at + gap * rng.uniform(0.5, 0.97)):
                life.cancel(self.at, rng.choice(LAB_CANCELS), by_lab=True)
            return
        if rng.random() < 0.012:
            if self._before_midnight(start + rng.randrange(61, 240) * MINUTE):
                life.no_show(self.at)
            return
        self._work()

    # -- from request to confirmation

    def _answer(self) -> None:
        rng, life = self.rng, self.life
        deadline = life.deadline
        assert deadline is not None  # noqa: S101 - requests have one
        delay = timedelta(minutes=int(rng.lognormvariate(4.9, 0.9)) + 3)
        at = self._waking(self.at + delay)
        if at >= deadline - 2 * MINUTE:
            at = self.at + (deadline - self.at) * rng.uniform(0.2, 0.8)
        chance = rng.random()
        if chance < 0.01:
            if self._before_midnight(deadline):
                life.lapse(deadline)
            return
        if not self._before_midnight(at):
            return
        if chance < 0.035:
            life.decline(self.at, rng.choice(DECLINES))
        elif chance < 0.07:
            self._lab_moves()
            if life.state == BookingState.REQUESTED and life.proposal is None:
                still = life.deadline
                at = min(self._waking(self.at + 20 * MINUTE), still or self.at)
                if still and at < still and self._before_midnight(at):
                    life.confirm(self.at)
                elif still and self._before_midnight(still):
                    life.lapse(still)
        else:
            life.confirm(self.at)

    def _waking(self, at: datetime) -> datetime:
        """Nobody answers at night."""
        local = at.astimezone(self.loading.zone)
        if local.hour >= 21:
            return self.loading.at(local.date() + timedelta(days=1), 8, local.minute)
        return self.loading.at(local.date(), 8, local.minute) if local.hour < 7 else at

    def _another_place(self, since: datetime) -> Place | None:
        """A free start within some days after the present one."""
        index = bisect_left(self.diary.starts, max(since, self.life.starts_at))
        for interval in self.diary.intervals[index + 1 : index + 9]:
            place = self.maker.place_in(self.rng, interval, self.machine, self.rules)
            if place is not None and not self.rules.problems(place.plan.starts_at, now=since):
                return place
        return None

    def _take(self, place: Place) -> tuple[datetime, datetime]:
        span = (place.plan.starts_at, place.plan.holding_ends_at)
        insort(self.machine.taken[place.unit - 1], span)
        return span

    def _lab_moves(self) -> None:
        """The lab proposes another time: accepted, declined, unanswered, or still open."""
        rng, life = self.rng, self.life
        place = self._another_place(self.at)
        if place is None or life.starts_at <= self.at + 5 * MINUTE:
            return
        life.propose(self.at, place.plan, place.unit, rng.choice(MOVES))
        proposal = life.proposal
        assert proposal is not None  # noqa: S101 - just made
        held = self._take(place)
        deadline = min(proposal["answer_by"], life.starts_at)
        chance = rng.random()
        at = self._waking(self.at + timedelta(minutes=rng.randrange(10, 900)))
        if at >= deadline - MINUTE:
            at = self.at + (deadline - self.at) * rng.uniform(0.2, 0.8)
        if chance > 0.94 and proposal["answer_by"] < life.starts_at:
            at = proposal["answer_by"]
        if not self._before_midnight(at):
            return  # still open: its time stays held
        if at == proposal["answer_by"]:
            life.lapse_proposal(self.at)
            self.machine.taken[place.unit - 1].remove(held)
        elif chance < 0.75:
            self._give_back()
            life.accept_proposal(self.at)
            self.span = held
        else:
            life.decline_proposal(self.at)
            self.machine.taken[place.unit - 1].remove(held)

    def _client_moves(self) -> None:
        life = self.life
        at = self.at + (life.starts_at - self.at) * self.rng.uniform(0.1, 0.6)
        if life.proposal is not None or not self._before_midnight(at) or life.starts_at <= self.at:
            return
        place = self._another_place(self.at)
        if place is None:
            return
        self._give_back()
        life.reschedule(self.at, place.plan, place.unit)
        self.span = self._take(place)
        if life.state == BookingState.REQUESTED:
            self._answer()

    # -- the work

    def _work(self) -> None:
        rng, life = self.rng, self.life
        start = life.starts_at
        received = start - rng.randrange(8, 1500) * MINUTE
        if not self.lab.openings.contains(received) or received <= self.at:
            received = start - rng.randrange(3, 20) * MINUTE
        if not self._before_midnight(max(received, self.at + MINUTE)):
            return
        samples = life.row["quantity"]
        life.receive(self.at, samples, rng.choice(CONDITIONS))
        self.maker.documents.prepay(rng, life, self.at)
        begun = max(start + rng.choice((0, 0, 0, 1, 2, 4)) * MINUTE, whole(self.at + MINUTE))
        if not self._before_midnight(begun):
            return
        life.start(begun)
        work = self.rules.work
        planned: datetime = life.row["ends_at"]
        if work.attended:
            finished = begun + max(MINUTE, work.duration * rng.uniform(0.86, 0.99))
        else:
            finished = begun + work.duration
        finished = max(min(whole(finished), planned), begun)
        noted = finished
        if not self.lab.openings.contains(finished) and not work.attended:
            noted = max(finished, self.lab.openings.next_opening(finished) or finished)
        if self._before_midnight(begun + (finished - begun) / 2):
            self.maker.documents.during_test(rng, life, self.at)
        if not self._before_midnight(noted):
            return
        life.finish(self.at, at=finished, machine_minutes=(finished - begun) // MINUTE)
        self.maker.documents.write(rng, life, self.at)


def whole(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
