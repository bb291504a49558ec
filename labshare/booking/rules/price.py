"""Quantity, runs, work minutes, price, cancellation fee. Fen are integers; minutes and products exact fractions
(docs/rules.md, R-PRICE)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from labshare.booking.errors import (
    HoursMissing,
    HoursNotOffered,
    HoursOutOfStep,
    QuantityOutOfRange,
    SurchargeNotOffered,
)
from labshare.catalogue.rules.fees import Step, Surcharge, amount_reached
from labshare.catalogue.terms import FeeBasis, SurchargeKind
from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.money import ZERO, Fen, round_half_up
from labshare.kernel.time import ExactMinutes, Hours, Minutes


@dataclass(frozen=True, kw_only=True)
class HoursChoice:
    """The hours a client may choose: `min` + k × `step`, up to `max`."""

    min: Hours
    max: Hours
    step: Hours

    def allows(self, hours: Hours) -> bool:
        if not self.min <= hours <= self.max:
            return False
        return hours == self.min if self.step <= 0 else (hours - self.min) % self.step == 0


@dataclass(frozen=True, kw_only=True)
class Fee:
    """A dated fee: `basis` is a `FeeBasis`, amounts in fen."""

    basis: str
    amount_fen: Fen
    minimum_fen: Fen = ZERO
    sme_amount_fen: Fen | None = None
    steps: tuple[Step, ...] = ()
    surcharges: tuple[Surcharge, ...] = ()
    id: int | None = None


@dataclass(frozen=True, kw_only=True)
class CancellationTerms:
    """What cancelling or not coming costs the client: nothing unless stated, at most the price.

    Cancelling is free until `free_minutes` before the start and costs `late_percent` of the price after that; not
    coming costs `no_show_percent`. A lab that cancels is owed nothing.
    """

    free_minutes: Minutes = Minutes(0)
    late_percent: int = 0
    no_show_percent: int = 0


@dataclass(frozen=True, kw_only=True)
class ItemTerms:
    """What a test item says about work and time. Minutes may be fractions."""

    setup: ExactMinutes = ExactMinutes(Decimal(0))
    per_sample: ExactMinutes = ExactMinutes(Decimal(0))
    per_run: ExactMinutes = ExactMinutes(Decimal(0))
    cleanup: Minutes = Minutes(0)
    samples_per_run: int = 1
    hours: HoursChoice | None = None
    max_quantity: int = 1
    attended: bool = True
    runs_start_open: bool = False
    """Each further run starts in opening hours too (unattended items)."""
    cancellation: CancellationTerms = CancellationTerms()
    id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Billed:
    """The hours that an hourly fee counts, by what takes them: minutes of set-up, of a sample and of a run."""

    setup: Fraction
    quantity: int
    per_sample: Fraction
    runs: int
    per_run: Fraction


@dataclass(frozen=True)
class Work:
    """The work of one booking, as elapsed time from its start."""

    quantity: int
    hours: Hours | None
    runs: int
    minutes: Fraction
    """Exact; what the price of an hourly fee uses."""
    setup: timedelta
    duration: timedelta
    cleanup: timedelta
    attended: bool
    run_offsets: tuple[timedelta, ...] = ()
    """Where each further run starts that must start in opening hours."""
    billed: Billed | None = None

    @cached_property
    def shape(self) -> tuple[object, ...]:
        """All that its starts and ends depend on: work of one shape fits where other work of it fits."""
        return self.setup, self.duration, self.cleanup, self.attended, self.run_offsets


@dataclass(frozen=True, kw_only=True)
class Extra:
    """A surcharge that was chosen, in fen."""

    surcharge: Surcharge
    fen: Fen


@dataclass(frozen=True, kw_only=True)
class Price:
    """`total_fen` = max(`minimum_fen`, `product_fen` + the surcharges); `product_fen` = `amount_fen` × `units` rounded
    half up. `own_fen`: the lab's own price instead, in a quote."""

    basis: str
    units: Fraction
    amount_fen: Fen
    product_fen: Fen
    minimum_fen: Fen
    step: int | None = None
    """The quantity from which this amount holds."""
    sme: bool = False
    """Whether it is the amount for small and medium-sized firms."""
    extras: tuple[Extra, ...] = ()
    billed: Billed | None = None
    own_fen: Fen | None = None

    @property
    def sum_fen(self) -> Fen:
        return Fen(self.product_fen + sum(one.fen for one in self.extras))

    @property
    def minimum_applies(self) -> bool:
        return self.minimum_fen > self.sum_fen

    @property
    def published_fen(self) -> Fen:
        """By the fee as published."""
        return max(self.minimum_fen, self.sum_fen)

    @property
    def total_fen(self) -> Fen:
        return self.published_fen if self.own_fen is None else self.own_fen

    @property
    def ordered(self) -> list[str]:
        """The codes of the surcharges in it."""
        return [one.surcharge.code for one in self.extras]

    @property
    def rush_days(self) -> int | None:
        """Days to the report where a rush was ordered."""
        return next((one.surcharge.days for one in self.extras if one.surcharge.kind == SurchargeKind.RUSH), None)


def elapsed(minutes: Fraction) -> timedelta:
    """Minutes as elapsed time, to the microsecond above."""
    return timedelta(microseconds=-(-minutes.numerator * 60_000_000 // minutes.denominator))


def question_problems(item: ItemTerms, quantity: int, hours: Hours | None) -> list[Problem]:
    """What is wrong with quantity and hours, each at its own field."""
    found: list[Problem] = []
    if not 1 <= quantity <= item.max_quantity:
        found.append(QuantityOutOfRange(n=item.max_quantity))
    if (problem := hours_problem(item.hours, hours)) is not None:
        found.append(problem)
    return found


def hours_problem(choice: HoursChoice | None, hours: Hours | None) -> Problem | None:
    """What is wrong with the hours for an item that offers this choice, or none."""
    if choice is None:
        return None if hours is None else HoursNotOffered()
    if hours is None:
        return HoursMissing()
    return None if choice.allows(hours) else HoursOutOfStep(min=choice.min, max=choice.max, step=choice.step)


def runs_of(item: ItemTerms, quantity: int) -> int:
    """ceil(quantity ÷ samples_per_run)."""
    return -(-quantity // item.samples_per_run)


def work_of(item: ItemTerms, quantity: int, hours: Hours | None = None) -> Work:
    """The work for `quantity` samples. Raises `QuantityOutOfRange`, `HoursMissing`, `HoursNotOffered`,
    `HoursOutOfStep` (together, where several apply)."""
    raise_all(question_problems(item, quantity, hours))
    return work_agreed(item, quantity, hours)


def work_agreed(
    item: ItemTerms,
    quantity: int,
    hours: Hours | None,
    *,
    minutes: ExactMinutes | None = None,
    cleanup: Minutes | None = None,
) -> Work:
    """The work of a booking already made: quantity and hours are not asked again, and `minutes` and `cleanup` are
    those of the booking, whatever the item says now."""
    runs = runs_of(item, quantity)
    setup, per_sample = Fraction(item.setup), Fraction(item.per_sample)
    one_run = Fraction(item.per_run) if hours is None else Fraction(hours) * 60
    total = setup + quantity * per_sample + runs * one_run if minutes is None else Fraction(minutes)
    billed = Billed(setup=setup, quantity=quantity, per_sample=per_sample, runs=runs, per_run=one_run)
    setup = min(setup, total)
    offsets: tuple[timedelta, ...] = ()
    if item.runs_start_open and not item.attended:
        # every run but the last is full; a further run starts when the one before it has ended
        full_run = item.samples_per_run * per_sample + one_run
        offsets = tuple(elapsed(setup + number * full_run) for number in range(1, runs))
        offsets = tuple(offset for offset in offsets if offset < elapsed(total))
    return Work(
        quantity=quantity,
        hours=hours,
        runs=runs,
        minutes=total,
        setup=elapsed(setup),
        duration=elapsed(total),
        cleanup=elapsed(Fraction(item.cleanup if cleanup is None else cleanup)),
        attended=item.attended,
        run_offsets=offsets,
        billed=billed if minutes is None else None,
    )


UNITS: dict[FeeBasis, Callable[[Work], Fraction]] = {
    FeeBasis.SAMPLE: lambda work: Fraction(work.quantity),
    FeeBasis.RUN: lambda work: Fraction(work.runs),
    FeeBasis.TEST: lambda _work: Fraction(1),
    FeeBasis.HOUR: lambda work: work.minutes / 60,
}
"""What a fee of each basis is multiplied by."""


def price_of(fee: Fee, work: Work, *, sme: bool = False, surcharges: Collection[str] = ()) -> Price:
    """`sample` × quantity, `run` × runs, `test` × 1, `hour` × work minutes ÷ 60, by the amount of the step reached, and
    the surcharges of these codes (R-PRICE-3, R-PRICE-4, R-PRICE-10 to R-PRICE-12). `sme`: the client is micro, small
    or medium. Raises `SurchargeNotOffered`."""
    units = UNITS[FeeBasis(fee.basis)](work)
    amount, step, of_sme = amount_reached(
        fee.steps, amount_fen=fee.amount_fen, sme_amount_fen=fee.sme_amount_fen, quantity=work.quantity, sme=sme
    )
    product = Fen(round_half_up(amount * units))
    return Price(
        basis=fee.basis,
        units=units,
        amount_fen=amount,
        product_fen=product,
        minimum_fen=fee.minimum_fen,
        step=step,
        sme=of_sme,
        extras=tuple(
            Extra(surcharge=one, fen=surcharge_fen(one, product)) for one in chosen_surcharges(fee, surcharges)
        ),
        billed=work.billed if fee.basis == FeeBasis.HOUR else None,
    )


def chosen_surcharges(fee: Fee, codes: Collection[str]) -> tuple[Surcharge, ...]:
    """Those of these codes, in the fee's order. Raises `SurchargeNotOffered` for one that it has not, or named
    twice."""
    chosen = tuple(one for one in fee.surcharges if one.code in codes)
    if len(chosen) != len(codes):
        raise SurchargeNotOffered
    return chosen


def surcharge_fen(surcharge: Surcharge, product_fen: Fen) -> Fen:
    """A fixed amount, or its percentage of the product rounded half up to the fen."""
    if surcharge.percent is None:
        return surcharge.amount_fen or ZERO
    return Fen(round_half_up(product_fen * Fraction(surcharge.percent) / 100))


def cancellation_fee(
    terms: CancellationTerms,
    price_fen: Fen,
    *,
    until_start: timedelta,
    by_lab: bool = False,
    no_show: bool = False,
) -> Fen:
    """What is owed after cancelling `until_start` before the start (negative after it), or not coming; fen."""
    if by_lab:
        return ZERO
    if no_show:
        percent = Fraction(terms.no_show_percent)
    elif until_start < timedelta(minutes=terms.free_minutes):
        percent = Fraction(terms.late_percent)
    else:
        percent = Fraction(0)
    return Fen(max(0, min(price_fen, round_half_up(price_fen * percent / 100))))


def free_until(terms: CancellationTerms, starts_at: datetime) -> datetime | None:
    """The moment from which cancelling this start costs something; None where it never does."""
    return starts_at - timedelta(minutes=terms.free_minutes) if terms.late_percent else None


def plain(number: Decimal) -> str:
    """2, 0.5, 1000: without exponent or trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
