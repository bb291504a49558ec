"""Dated fees: which holds on a day, how a new one fits, and what it may say besides its amount. Days are local, both
ends included; amounts are fen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from labshare.catalogue.errors import (
    DatesNotInOrder,
    FeesOverlap,
    NotFixedOrPercent,
    OutOfRange,
    RushNotEarlier,
    SmeAboveFee,
    StepsNotRising,
    SurchargeTwice,
    UnknownChoice,
)
from labshare.catalogue.terms import FeeBasis, SurchargeKind
from labshare.kernel.errors import Problem
from labshare.kernel.formatting import plain_amount
from labshare.kernel.money import ZERO, Fen, round_half_up

DAY = timedelta(days=1)
MOST_FEN = Fen(10**11)
MOST_PERCENT = Decimal(1000)
"""Of a surcharge: ten times the product."""
MOST_SAMPLES = 1_000_000
MOST_NAME = 40


class Step(NamedTuple):
    """The amount of a fee from a quantity on; it holds for all samples."""

    since: int
    amount_fen: Fen
    sme_amount_fen: Fen | None = None


class Surcharge(NamedTuple):
    """What may be ordered on top: a fixed amount, or a percentage of the product."""

    code: str
    kind: SurchargeKind
    amount_fen: Fen | None = None
    percent: Decimal | None = None
    days: int | None = None
    """Of a rush: to the report, instead of the item's."""
    name: str = ""
    """Of a component."""
    name_en: str = ""


class Discount(NamedTuple):
    """How far the lab's own price may fall below the fee, from a quantity on."""

    since: int
    percent: Decimal


class Extras(NamedTuple):
    """What a fee says besides its amount and its minimum."""

    sme_amount_fen: Fen | None = None
    steps: tuple[Step, ...] = ()
    surcharges: tuple[Surcharge, ...] = ()
    discounts: tuple[Discount, ...] = ()

    def columns(self) -> dict[str, Any]:
        """As the fee's row keeps it; what there is none of is null."""
        return {
            "sme_amount_fen": self.sme_amount_fen,
            "steps": [_bare(from_=one.since, **one._asdict()) for one in self.steps] or None,
            "surcharges": [write_surcharge(one) for one in self.surcharges] or None,
            "discounts": [_bare(from_=one.since, **one._asdict()) for one in self.discounts] or None,
        }


NO_EXTRAS = Extras()


def read_extras(fee: Any) -> Extras:
    """What a fee's row keeps besides amount and minimum: what `Extras.columns` wrote."""
    return Extras(
        sme_amount_fen=None if fee.sme_amount_fen is None else Fen(fee.sme_amount_fen),
        steps=read_steps(fee.steps),
        surcharges=read_surcharges(fee.surcharges),
        discounts=read_discounts(fee.discounts),
    )


def _bare(**values: Any) -> dict[str, Any]:
    """As JSON, without what is not given: `from` is a word of Python."""
    values.pop("since", None)
    return {
        name.rstrip("_"): str(value) if isinstance(value, Decimal) else value
        for name, value in values.items()
        if value not in (None, "")
    }


def write_surcharge(one: Surcharge) -> dict[str, Any]:
    return _bare(**one._asdict())


def read_steps(rows: Iterable[Mapping[str, Any]] | None) -> tuple[Step, ...]:
    return tuple(Step(one["from"], one["amount_fen"], one.get("sme_amount_fen")) for one in rows or ())


def read_surcharges(rows: Iterable[Mapping[str, Any]] | None) -> tuple[Surcharge, ...]:
    return tuple(
        Surcharge(
            code=one["code"],
            kind=SurchargeKind(one["kind"]),
            amount_fen=one.get("amount_fen"),
            percent=Decimal(one["percent"]) if "percent" in one else None,
            days=one.get("days"),
            name=one.get("name", ""),
            name_en=one.get("name_en", ""),
        )
        for one in rows or ()
    )


def read_discounts(rows: Iterable[Mapping[str, Any]] | None) -> tuple[Discount, ...]:
    return tuple(Discount(one["from"], Decimal(one["percent"])) for one in rows or ())


def amount_reached(
    steps: Iterable[Step], *, amount_fen: Fen, sme_amount_fen: Fen | None, quantity: int, sme: bool
) -> tuple[Fen, int | None, bool]:
    """The amount that holds for all of `quantity` samples, the quantity of the step reached or None, and whether it is
    the one for small and medium-sized firms. These pay their own amount, that of the last step that names one, where
    it is less than the step's."""
    amount, own, reached = amount_fen, sme_amount_fen, None
    for step in steps:
        if step.since > quantity:
            break
        amount, own, reached = step.amount_fen, own if step.sme_amount_fen is None else step.sme_amount_fen, step.since
    return (own, reached, True) if sme and own is not None and own < amount else (amount, reached, False)


def most_off(discounts: Iterable[Discount], quantity: int) -> Decimal:
    """The percentage by which a lab may go below its fee for so many samples; 0 where nothing was published."""
    return max((one.percent for one in discounts if one.since <= quantity), default=Decimal(0))


def amount_problems(basis: str, *, amount_fen: Fen, minimum_fen: Fen) -> list[Problem]:
    """What is wrong with a fee's basis, amount and minimum."""
    found: list[Problem] = [] if FeeBasis.known(basis) else [UnknownChoice("basis")]
    amounts = (("amount_fen", amount_fen), ("minimum_fen", minimum_fen))
    return found + [_amount_out_of_range(name) for name, value in amounts if not 0 <= value <= MOST_FEN]


def raised(
    extras: Extras, *, amount_fen: Fen, minimum_fen: Fen, percent: Decimal, step_fen: Fen
) -> tuple[Fen, Fen, Extras]:
    """Amount, minimum and extras of a fee changed by a percentage, each rounded half up to a multiple of `step_fen`:
    also steps, what small firms pay, and fixed surcharges. Percentages stay as they are."""

    def of(fen: Fen) -> Fen:
        return Fen(round_half_up(Fraction(fen) * (100 + Fraction(percent)) / 100 / step_fen) * step_fen)

    def maybe(fen: Fen | None) -> Fen | None:
        return None if fen is None else of(fen)

    steps = tuple(
        one._replace(amount_fen=of(one.amount_fen), sme_amount_fen=maybe(one.sme_amount_fen)) for one in extras.steps
    )
    surcharges = tuple(one._replace(amount_fen=maybe(one.amount_fen)) for one in extras.surcharges)
    more = extras._replace(sme_amount_fen=maybe(extras.sme_amount_fen), steps=steps, surcharges=surcharges)
    return of(amount_fen), of(minimum_fen), more


def extras_problems(extras: Extras, amount_fen: Fen, *, turnaround_days: int) -> list[Problem]:
    """What is wrong with them, each at its own field (`steps-0-since`, `surcharges-1-percent`)."""
    found: list[Problem] = []
    if extras.sme_amount_fen is not None and not 0 <= extras.sme_amount_fen <= amount_fen:
        found.append(SmeAboveFee("sme_amount_fen"))
    found += _step_problems(extras.steps)
    found += _surcharge_problems(extras.surcharges, turnaround_days)
    found += _discount_problems(extras.discounts)
    return found


def _step_problems(steps: Sequence[Step]) -> Iterable[Problem]:
    before = 1
    for place, step in enumerate(steps):
        if not before < step.since <= MOST_SAMPLES:
            yield StepsNotRising(f"steps-{place}-since")
        before = max(before, step.since)
        if not 0 <= step.amount_fen <= MOST_FEN:
            yield _amount_out_of_range(f"steps-{place}-amount_fen")
        if step.sme_amount_fen is not None and not 0 <= step.sme_amount_fen <= step.amount_fen:
            yield SmeAboveFee(f"steps-{place}-sme_amount_fen")


def _surcharge_problems(surcharges: Sequence[Surcharge], turnaround_days: int) -> Iterable[Problem]:
    seen: set[str] = set()
    for place, one in enumerate(surcharges):
        at = f"surcharges-{place}"
        key = one.kind if one.kind in SurchargeKind.single() else one.name.casefold()
        if key in seen:
            yield SurchargeTwice(f"{at}-name")
        seen.add(key)
        if (one.amount_fen is None) == (one.percent is None):
            yield NotFixedOrPercent(f"{at}-amount_fen")
        elif one.amount_fen is not None and not 0 <= one.amount_fen <= MOST_FEN:
            yield _amount_out_of_range(f"{at}-amount_fen")
        elif one.percent is not None and not 0 < one.percent <= MOST_PERCENT:
            yield OutOfRange(f"{at}-percent", least="0.01", most=str(MOST_PERCENT))
        if one.kind == SurchargeKind.RUSH and not (one.days is not None and 0 <= one.days < turnaround_days):
            yield RushNotEarlier(f"{at}-days", n=turnaround_days)


def _discount_problems(discounts: Sequence[Discount]) -> Iterable[Problem]:
    before = Discount(1, Decimal(0))
    for place, one in enumerate(discounts):
        if not before.since < one.since <= MOST_SAMPLES:
            yield StepsNotRising(f"discounts-{place}-since")
        if not before.percent < one.percent < 100:
            yield OutOfRange(f"discounts-{place}-percent", least=f"{before.percent:f}", most="99.99")
        before = Discount(max(before.since, one.since), max(before.percent, one.percent))


def _amount_out_of_range(field: str) -> Problem:
    return OutOfRange(field, least=plain_amount(ZERO), most=plain_amount(MOST_FEN))


@dataclass(frozen=True)
class FeeSpan:
    """The days of one fee; `last` None: until further notice."""

    first: date
    last: date | None = None
    id: int | None = None

    def holds_on(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def meets(self, other: "FeeSpan") -> bool:
        """Whether a day belongs to both."""
        return (self.last is None or other.first <= self.last) and (other.last is None or self.first <= other.last)


def in_force(spans: Sequence[FeeSpan], day: date) -> FeeSpan | None:
    """The fee of a day. There is at most one: fees of an item never overlap."""
    return next((span for span in spans if span.holds_on(day)), None)


def ahead(spans: Sequence[FeeSpan], day: date) -> tuple[FeeSpan, ...]:
    """Fees that begin after a day, in order."""
    return tuple(sorted((span for span in spans if span.first > day), key=lambda span: span.first))


def with_new(spans: Sequence[FeeSpan], new: FeeSpan) -> tuple[FeeSpan, ...]:
    """All spans once `new` is added: an open-ended one that began earlier ends the day before.

    Raises `DatesNotInOrder` (new.last before new.first) and `FeesOverlap` (naming the first day of the fee in the way)
    where another fee, dated to its end or beginning later, shares a day with it.
    """
    if new.last is not None and new.last < new.first:
        raise DatesNotInOrder
    fitted = tuple(
        replace(span, last=new.first - DAY) if span.last is None and span.first < new.first else span for span in spans
    )
    for span in fitted:
        if span.meets(new):
            raise FeesOverlap(date=span.first)
    return (*fitted, new)
