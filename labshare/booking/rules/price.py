"""Quantity, runs, work minutes, price, cancellation fee. Fen are integers; minutes and products exact fractions
(docs/rules.md, R-PRICE)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from labshare.booking.errors import (
    HoursMissing,
    HoursNotOffered,
    HoursOutOfStep,
    QuantityOutOfRange,
)
from labshare.catalogue.terms import FeeBasis
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


@dataclass(frozen=True, kw_only=True)
class Price:
    """`total_fen` = max(`minimum_fen`, `product_fen`); `product_fen` = `amount_fen` × `units` rounded half up."""

    basis: str
    units: Fraction
    amount_fen: Fen
    product_fen: Fen
    minimum_fen: Fen
    total_fen: Fen

    @property
    def minimum_applies(self) -> bool:
        return self.minimum_fen > self.product_fen


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
    )


def price_of(fee: Fee, work: Work) -> Price:
    """`sample` × quantity, `run` × runs, `test` × 1, `hour` × work minutes ÷ 60 (R-PRICE-3, R-PRICE-4)."""
    counted: dict[str, Fraction] = {
        FeeBasis.SAMPLE: Fraction(work.quantity),
        FeeBasis.RUN: Fraction(work.runs),
        FeeBasis.TEST: Fraction(1),
        FeeBasis.HOUR: work.minutes / 60,
    }
    units = counted[fee.basis]
    product = Fen(round_half_up(fee.amount_fen * units))
    return Price(
        basis=fee.basis,
        units=units,
        amount_fen=fee.amount_fen,
        product_fen=product,
        minimum_fen=fee.minimum_fen,
        total_fen=max(fee.minimum_fen, product),
    )


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
