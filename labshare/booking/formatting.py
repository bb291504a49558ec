"""How a price was made, line by line, and a week of opening hours, in the language now being written."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from flask_babel import gettext as _
from flask_babel import pgettext

from labshare.booking.rules.hours import as_weekly
from labshare.booking.rules.price import Billed, Price, plain
from labshare.catalogue.formatting import fee
from labshare.catalogue.models import Fee
from labshare.catalogue.rules.fees import Surcharge, read_discounts, read_steps, read_surcharges
from labshare.catalogue.terms import FeeBasis, SurchargeKind
from labshare.kernel.formatting import (
    counted,
    language,
    minutes,
    plain_amount,
    sentence_money,
    unit_word,
    units_text,
    weekday_name,
)
from labshare.kernel.money import Fen
from labshare.kernel.opening import day_text


@dataclass(frozen=True, kw_only=True)
class PriceLine:
    """A line of a price: what for, how it was worked out, how much."""

    kind: str
    label: str
    how: tuple[str, ...]
    fen: Fen


def price_lines(price: Price) -> list[PriceLine]:
    """The lines whose sum is the price."""
    lines = [PriceLine(kind="product", label=_product(price.basis), how=_how(price), fen=price.product_fen)]
    lines += [
        PriceLine(
            kind=one.surcharge.kind,
            label=surcharge_label(one.surcharge),
            how=(surcharge_text(one.surcharge, price.product_fen),),
            fen=one.fen,
        )
        for one in price.extras
    ]
    if price.minimum_applies:
        at_least = _("at least %(amount)s", amount=plain_amount(price.minimum_fen))
        more = Fen(price.minimum_fen - price.sum_fen)
        lines.append(PriceLine(kind="minimum", label=_("Up to the minimum charge"), how=(at_least,), fen=more))
    if price.own_fen is not None:
        agreed = _("agreed for this quote, published %(amount)s", amount=plain_amount(price.published_fen))
        less = Fen(price.own_fen - price.published_fen)
        lines.append(PriceLine(kind="own", label=_("The lab's own price"), how=(agreed,), fen=less))
    return lines


def _product(basis: str) -> str:
    labels: dict[FeeBasis, str] = {
        FeeBasis.SAMPLE: _("Samples"),
        FeeBasis.RUN: pgettext("price", "Runs"),
        FeeBasis.TEST: _("Test"),
        FeeBasis.HOUR: _("Machine time"),
    }
    return labels[FeeBasis(basis)]


def _how(price: Price) -> tuple[str, ...]:
    found = [multiplied(price)]
    if price.step is not None:
        found.append(_("amount from %(samples)s on", samples=counted(price.step, "sample")))
    if price.sme:
        found.append(_("price for small and medium-sized firms"))
    if price.billed is not None:
        found.append(billed_text(price.billed))
    return tuple(found)


def multiplied(price: Price) -> str:
    """48.50 元/小时 × 48 小时, in English ¥48.50 an hour × 48 hours."""
    unit = {
        FeeBasis.SAMPLE: "sample",
        FeeBasis.RUN: "run",
        FeeBasis.TEST: "test",
        FeeBasis.HOUR: "hour",
    }[FeeBasis(price.basis)]
    number = 1 if price.units == 1 else 2
    return f"{fee(price.amount_fen, price.basis)} × {units_text(price.units)} {unit_word(number, unit)}"


def billed_text(billed: Billed) -> str:
    """Which hours are billed: set-up 30 min + 12 samples × 5 min + 2 runs × 24 h."""
    parts = [_("set-up %(time)s", time=minutes(_exact(billed.setup)))] if billed.setup else []
    if billed.per_sample:
        parts.append(f"{counted(billed.quantity, 'sample')} × {minutes(_exact(billed.per_sample))}")
    if billed.per_run:
        parts.append(f"{counted(billed.runs, 'run')} × {minutes(_exact(billed.per_run))}")
    return str(_("billed: %(parts)s", parts=" + ".join(parts)))


def _exact(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / number.denominator


def surcharge_label(one: Surcharge) -> str:
    """What it is for; of a component, which."""
    name = (one.name_en if language() == "en" and one.name_en else one.name) or ""
    return f"{one.kind.label}{_(': ')}{name}" if one.kind == SurchargeKind.COMPONENT and name else str(one.kind.label)


def surcharge_text(one: Surcharge, product_fen: Fen | None = None) -> str:
    """How much it is, and by when a rush is reported."""
    if one.percent is None:
        price = sentence_money(one.amount_fen)
    elif product_fen is None:
        price = _("%(percent)s%% of the product", percent=plain(one.percent))
    else:
        price = _("%(percent)s%% of %(amount)s", percent=plain(one.percent), amount=plain_amount(product_fen))
    if one.kind != SurchargeKind.RUSH:
        return price
    return str(_("%(price)s, report %(days)s after the test", price=price, days=counted(one.days, "day")))


def fee_extras(row: Fee) -> list[str]:
    """What a fee says besides its amount and minimum, a sentence part each."""
    lines = []
    if row.sme_amount_fen is not None:
        lines.append(_("For small and medium-sized firms: %(fee)s", fee=fee(row.sme_amount_fen, row.basis)))
    for step in read_steps(row.steps):
        samples, price = counted(step.since, "sample"), fee(step.amount_fen, row.basis)
        if step.sme_amount_fen is not None:
            own = sentence_money(step.sme_amount_fen)
            price = _("%(fee)s (small and medium-sized firms %(own)s)", fee=price, own=own)
        lines.append(_("From %(samples)s on: %(fee)s", samples=samples, fee=price))
    lines += [f"{surcharge_label(one)}{_(': ')}{surcharge_text(one)}" for one in read_surcharges(row.surcharges)]
    lines += [
        _(
            "From %(samples)s on, the lab may quote up to %(percent)s%% less",
            samples=counted(one.since, "sample"),
            percent=plain(one.percent),
        )
        for one in read_discounts(row.discounts)
    ]
    return lines


def lines_of_week(weekly: Sequence[Sequence[Sequence[int]]] | None) -> list[tuple[str, str]]:
    """A week of opening hours in few lines: days with the same hours in a row share one. Each with its days and its
    hours; none of an instrument that keeps its lab's."""
    found: list[tuple[int, int, str]] = []
    for n, spans in enumerate(as_weekly(weekly) or ()):
        text = day_text(spans) or _("closed")
        if found and found[-1][2] == text:
            found[-1] = (found[-1][0], n, text)
        else:
            found.append((n, n, text))
    return [(_days(first, last), text) for first, last, text in found]


def _days(first: int, last: int) -> str:
    return weekday_name(first) if first == last else f"{weekday_name(first)}–{weekday_name(last)}"
