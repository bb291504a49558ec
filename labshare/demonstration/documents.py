"""The documents of finished bookings: reports, invoices, payments, in the many ways they come, late ones too."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction

from labshare.booking.terms import BookingState, ChargeState
from labshare.demonstration.life import Life
from labshare.demonstration.loading import Loading
from labshare.demonstration.rows import Row
from labshare.kernel.money import FEN_PER_YUAN, Fen, round_half_up
from labshare.settlement.terms import PayerVerdict

Step = tuple[datetime, Callable[[datetime], None]]
EXTRAS = ("加测一组试样", "样品需线切割制备", "加急处理", "增加带标识报告")
DISCOUNTS = ("批量优惠", "长期合作优惠")
MISTAKES = ("委托方名称有误", "样品编号有误", "补充不确定度说明")
WITHDRAWALS = ("原始记录复核发现取样位置有误", "仪器期间核查超差，需重测")
VAT = Fraction(6, 106)
RATED = 4
"""Of so many reported bookings one is rated."""
WORDS: tuple[tuple[str, str | None], ...] = (
    ("数据清楚，附了原始记录。", None),
    ("", None),
    ("报告比约定早一天。", "感谢，会继续按时出具。"),
    ("电话说明了取样要求，少跑一趟。", None),
    ("", None),
    ("结果可靠，等待时间稍长。", "该仪器十月校准，已恢复正常排期。"),
    ("报告格式符合客户要求。", None),
)
"""What clients say, and the lab's answer."""


def tax_in(amount_fen: Fen) -> int:
    return round_half_up(amount_fen * VAT)


class DocumentWriter:
    """Writes the documents of one division's bookings; those billed together wait in `groups`."""

    def __init__(self, loading: Loading) -> None:
        self.loading = loading
        self.groups: dict[tuple[int, int, str], list[tuple[random.Random, Life]]] = {}

    def office(self, life: Life, rng: random.Random, day: date) -> datetime:
        """A moment of office hours on this day, or on the next working day."""
        days = life.lab.openings.days
        while not days.is_working_day(day):
            day += timedelta(days=1)
        return self.loading.at(day, rng.randrange(8, 17), rng.randrange(60)) + timedelta(seconds=rng.randrange(60))

    # -- before the end of the test

    def prepay(self, rng: random.Random, life: Life, at: datetime) -> None:
        """Some clients pay when they bring the samples."""
        amount = life.row["charged_fen"]
        if rng.random() > 0.05 or amount == 0 or at + timedelta(minutes=9) > self.loading.midnight:
            return
        day = self.loading.day(at)
        life.record_invoice(at + timedelta(minutes=4), day, amount, tax_in(amount))
        life.record_payment(at + timedelta(minutes=8), day, amount)

    def during_test(self, rng: random.Random, life: Life, at: datetime) -> None:
        """Some tests need more than was ordered: a change of charge waits for the client's consent."""
        if rng.random() < 0.045 and not life.lines and life.row["price_fen"]:
            more = max(20, life.row["price_fen"] * rng.choice((15, 20, 30, 50)) // 100 // FEN_PER_YUAN) * FEN_PER_YUAN
            life.propose_charge(at, more, rng.choice(EXTRAS))

    # -- after it

    def write(self, rng: random.Random, life: Life, finished: datetime) -> None:
        """Everything that comes after the test, as far as it has come by midnight."""
        if not life.lines and life.client.id % 9 == 4:  # these are billed by the month
            month = life.row["finished_on"].isoformat()[:7]
            self.groups.setdefault((life.lab.host.id, life.client.id, month), []).append((rng, life))
            life.finished_at = finished
            return
        self._run(self._script(rng, life, finished, together=None, shared={}))

    def share_invoices(self) -> None:
        """Bill together what one client ordered from one lab in a month; a single one is billed alone."""
        for (_host, _client, month), members in self.groups.items():
            first = date.fromisoformat(f"{month}-01")
            after = (first + timedelta(days=32)).replace(day=1) + timedelta(days=1)
            rng, life = members[0]
            together = self.office(life, rng, after) if len(members) > 1 else None
            shared: dict[str, Row] = {}
            for rng, life in members:
                self._run(self._script(rng, life, life.finished_at, together=together, shared=shared))
        self.groups.clear()

    def ended(self, rng: random.Random, life: Life, at: datetime) -> None:
        """What cancelling late or not coming costs is mostly invoiced and paid."""
        amount = life.row["charged_fen"]
        if amount == 0 or rng.random() < 0.06:
            return
        invoiced = self.office(life, rng, self.loading.day(at) + timedelta(days=rng.randrange(1, 8)))
        steps: list[Step] = [(invoiced, lambda t: _invoice(self.loading, life, t, amount))]
        if rng.random() < 0.96:
            paid = self.office(life, rng, self.loading.day(invoiced) + timedelta(days=rng.randrange(1, 30)))
            steps.append((paid, lambda t: _pay(self.loading, life, t, amount)))
        self._run(steps)

    def _run(self, steps: list[Step]) -> None:
        for at, act in sorted(steps, key=lambda step: step[0]):
            if at <= self.loading.midnight:
                act(at)

    def _script(
        self, rng: random.Random, life: Life, finished: datetime, *, together: datetime | None, shared: dict[str, Row]
    ) -> list[Step]:
        loading, row = self.loading, life.row
        plain = together is None and not life.lines
        steps: list[Step] = []
        waiting = [line for line in life.charges if line["state"] == ChargeState.PROPOSED]
        settled = finished
        if waiting:
            answered = self.office(life, rng, loading.day(finished) + timedelta(days=rng.randrange(0, 3)))
            settled = answered = max(answered, finished + timedelta(minutes=5))
            answer = life.refuse if rng.random() < 0.15 else life.consent
            steps.append((answered, lambda t: answer(t, waiting[0])))
        elif plain and rng.random() < 0.02 and row["charged_fen"] > 200 * FEN_PER_YUAN:
            less = row["charged_fen"] // 10 // FEN_PER_YUAN * FEN_PER_YUAN
            settled = finished + timedelta(minutes=20)
            steps.append((settled, lambda t: _ignore(life.propose_charge(t, -less, rng.choice(DISCOUNTS)))))
        reported = self._report(rng, life, finished, steps)
        if life.row["id"] % RATED == 0 and life.client.id != life.lab.host.id:
            steps.append((reported + timedelta(days=2, minutes=11), lambda t: _rate(life, t)))
        if not life.lines:
            self._money(
                rng, life, steps, settled=settled, reported=reported, together=together, shared=shared, plain=plain
            )
        return steps

    def _report(self, rng: random.Random, life: Life, finished: datetime, steps: list[Step]) -> datetime:
        loading = self.loading
        turnaround = life.row["turnaround_days"]
        wait = rng.randrange(turnaround) if rng.random() < 0.93 else turnaround + rng.randrange(1, 9)
        issued = max(
            self.office(life, rng, loading.day(finished) + timedelta(days=wait)), finished + timedelta(minutes=35)
        )
        day = loading.day(issued)
        recorded = issued
        if rng.random() < 0.03:  # the paper went out in time, its entry came late
            recorded = self.office(life, rng, day + timedelta(days=rng.randrange(10, 50)))
        made: list[Row] = []
        steps.append((recorded, lambda t: made.append(life.record_report(t, day))))
        chance = rng.random()
        if chance < 0.02:
            next_version_at = self.office(life, rng, loading.day(recorded) + timedelta(days=rng.randrange(2, 45)))
            steps.append((next_version_at, lambda t: _ignore(life.record_report(t, loading.day(t), made[0]))))
        elif chance < 0.03:
            back = self.office(life, rng, loading.day(recorded) + timedelta(days=rng.randrange(3, 50)))
            steps.append((back, lambda t: life.withdraw_report(t, made[0], rng.choice(WITHDRAWALS))))
            if chance < 0.0285:
                anew = self.office(life, rng, loading.day(back) + timedelta(days=rng.randrange(2, 9)))
                steps.append((anew, lambda t: _ignore(life.record_report(t, loading.day(t)))))
        return recorded

    def _money(
        self,
        rng: random.Random,
        life: Life,
        steps: list[Step],
        *,
        settled: datetime,
        reported: datetime,
        together: datetime | None,
        shared: dict[str, Row],
        plain: bool,
    ) -> None:
        loading = self.loading
        if together is not None:
            invoiced = max(together, settled)
            if invoiced != together:
                shared = {}
        else:
            base = max(settled, reported) if rng.random() < 0.85 else settled
            invoiced = self.office(life, rng, loading.day(base) + timedelta(days=min(20, int(rng.expovariate(0.3)))))
            invoiced = max(invoiced, settled + timedelta(minutes=11))
        day = loading.day(invoiced)
        recorded = invoiced
        if plain and rng.random() < 0.03:
            recorded = self.office(life, rng, day + timedelta(days=rng.randrange(12, 55)))

        def bill(at: datetime) -> None:
            amount = life.row["charged_fen"]
            if amount:
                invoice, _line = life.record_invoice(at, day, amount, tax_in(amount), invoice=shared.get("invoice"))
                if together is not None:
                    shared["invoice"] = invoice

        steps.append((recorded, bill))
        if rng.random() < 0.008:
            return  # not paid to this day
        paid = self.office(life, rng, day + timedelta(days=1 + min(75, int(rng.lognormvariate(2.1, 0.9)))))
        paid = max(paid, settled + timedelta(minutes=30))
        chance = rng.random()
        if chance < 0.03:
            half = self.office(life, rng, loading.day(paid) + timedelta(days=rng.randrange(3, 40)))
            steps.append((paid, lambda t: _pay(loading, life, t, life.row["charged_fen"] // 2)))
            steps.append((half, lambda t: _pay(loading, life, t, life.row["charged_fen"] - life.row["paid_fen"])))
        elif chance < 0.05:
            self._other_payer(rng, life, steps, paid)
        else:
            late = self.office(life, rng, loading.day(paid) + timedelta(days=rng.randrange(8, 45)))
            when = late if rng.random() < 0.03 else paid
            steps.append((when, lambda t: _pay(loading, life, t, life.row["charged_fen"], loading.day(paid))))
            if plain and chance < 0.07:
                self._invoice_anew(rng, life, steps, max(recorded, when))
            elif plain and chance < 0.085:
                self._give_back(rng, life, steps, max(recorded, when))

    def _other_payer(self, rng: random.Random, life: Life, steps: list[Step], paid: datetime) -> None:
        """Another firm pays: an officer accepts it, or does not and the client pays; the latest still wait."""
        loading = self.loading
        payer = rng.choice(loading.clients).row["uscc"]
        if payer == life.client.row["uscc"]:
            return
        made: list[Row] = []
        steps.append((paid, lambda t: made.extend(_pay_as(loading, life, t, payer))))
        decided = self.office(life, rng, loading.day(paid) + timedelta(days=rng.randrange(2, 25)))
        if rng.random() < 0.75:
            steps.append(
                (
                    decided,
                    lambda t: (
                        [life.decide_payer(t, p, PayerVerdict.ACCEPTED, "集团内代付，有委托书") for p in made] and None
                    ),
                )
            )
        else:
            steps.append(
                (
                    decided,
                    lambda t: [life.decide_payer(t, p, PayerVerdict.REJECTED, "无代付证明") for p in made] and None,
                )
            )
            own = self.office(life, rng, loading.day(decided) + timedelta(days=rng.randrange(2, 20)))
            steps.append((own, lambda t: _pay(loading, life, t, life.row["charged_fen"] - life.row["paid_fen"])))

    def _invoice_anew(self, rng: random.Random, life: Life, steps: list[Step], after: datetime) -> None:
        """A red letter over the whole invoice, and a right one the same day."""
        loading = self.loading

        def reverse(at: datetime) -> None:
            if life.lines:
                _invoice, line = life.lines[0]
                life.record_invoice(at, loading.day(at), -line["amount_fen"], -line["tax_fen"], reverses=line)

        at = self.office(life, rng, loading.day(after) + timedelta(days=rng.randrange(1, 25)))
        if at + timedelta(minutes=10) <= loading.midnight or rng.random() < 0.5:
            steps.append((at, reverse))
            steps.append((at + timedelta(minutes=10), lambda t: _invoice(loading, life, t, life.row["charged_fen"])))

    def _give_back(self, rng: random.Random, life: Life, steps: list[Step], after: datetime) -> None:
        """After a complaint: part of the invoice reversed, refunded, and the charge lowered."""
        loading = self.loading

        def act(at: datetime) -> None:
            part = life.row["charged_fen"] // 5
            if not life.lines or life.row["paid_fen"] != life.row["charged_fen"] or part == 0:
                return
            _invoice, line = life.lines[0]
            tax = min(tax_in(part), line["tax_fen"])
            life.record_invoice(at, loading.day(at), -part, -tax, reverses=line)
            life.record_payment(at + timedelta(minutes=3), loading.day(at), -part)
            life.propose_charge(at + timedelta(minutes=6), -part, "样品复测，部分退费")

        steps.append((self.office(life, rng, loading.day(after) + timedelta(days=rng.randrange(3, 60))), act))


def _rate(life: Life, at: datetime) -> None:
    """Drawn from its number: what else is drawn stays as it is. Some labs are better than others."""
    turn = life.row["id"] // RATED
    if life.state not in BookingState.with_report() or life.row["client_firm_id"] == life.row["lab_firm_id"]:
        return
    text, answer = WORDS[turn % len(WORDS)]
    soon = at + timedelta(days=1) <= life.loading.midnight
    slack = life.lab.id % 5
    points = (5 - (turn % 7 == 0), 5 - (turn % 6 < slack), 5 - turn % (slack + 1))
    life.rate(at, points, text, answer if soon else None)


def _ignore(_made: object) -> None:
    return None


def _invoice(loading: Loading, life: Life, at: datetime, amount: int) -> None:
    left = amount - life.row["invoiced_fen"]
    if left > 0:
        life.record_invoice(at, loading.day(at), left, tax_in(left))


def _pay(loading: Loading, life: Life, at: datetime, amount: int, day: date | None = None) -> None:
    amount = min(amount, life.row["charged_fen"] - life.row["paid_fen"])
    if amount > 0:
        life.record_payment(at, day or loading.day(at), amount)


def _pay_as(loading: Loading, life: Life, at: datetime, payer: str) -> list[Row]:
    amount = life.row["charged_fen"]
    return [life.record_payment(at, loading.day(at), amount, payer)] if amount else []
