"""Cells of the sheet of fees that hold several things: steps, discounts, surcharges."""

from typing import Any

from labshare.catalogue.rules.fees import Discount, Step, Surcharge
from labshare.catalogue.rules.sheets.columns import lines
from labshare.catalogue.terms import SurchargeKind
from labshare.kernel import typed
from labshare.kernel.tables import yuan


def read_steps(text: str) -> tuple[Step, ...]:
    """`10: 45.00; 50: 40.00 / 38.00`: from so many samples on, and for small and medium-sized firms."""
    found = []
    for line in lines(text):
        since, amounts = _pair(line)
        amount, slash, sme = amounts.partition("/")
        found.append(Step(typed.whole(since), typed.money(amount.strip()), typed.money(sme.strip()) if slash else None))
    return tuple(found)


def read_discounts(text: str) -> tuple[Discount, ...]:
    """`10: 5%; 50: 10%`."""
    return tuple(Discount(typed.whole(since), typed.percent(off)) for since, off in map(_pair, lines(text)))


_MARKS = {kind.value: kind for kind in SurchargeKind.single()}


def read_surcharges(text: str) -> tuple[Surcharge, ...]:
    """A line each: `rush: 50% / 2` (days), `cma: 200.00`, `component 镍 | Nickel: 80.00`."""
    found: list[Surcharge] = []
    components = 0
    for line in (line.strip() for line in text.split("\n") if line.strip()):
        what, price = (part.strip() for part in line.rpartition(":" if ":" in line else "：")[::2])
        amount, slash, days = (part.strip() for part in price.partition("/"))
        fixed = not amount.endswith(("%", "％"))
        given: dict[str, Any] = {
            "amount_fen": typed.money(typed.half_width(amount)) if fixed else None,
            "percent": None if fixed else typed.percent(amount),
        }
        if (kind := _MARKS.get(what)) is not None:
            found.append(Surcharge(code=str(kind), kind=kind, days=typed.whole(days) if slash else None, **given))
            continue
        word, _blank, names = what.partition(" ")
        if word != SurchargeKind.COMPONENT or not names.strip():
            raise ValueError(line)
        components += 1
        name, _bar, name_en = (part.strip() for part in names.partition(" | "))
        code = f"{SurchargeKind.COMPONENT}-{components}"
        found.append(Surcharge(code=code, kind=SurchargeKind.COMPONENT, name=name, name_en=name_en, **given))
    return tuple(found)


def _pair(line: str) -> tuple[str, str]:
    since, colon, rest = typed.half_width(line).partition(":")
    if not colon:
        raise ValueError(line)
    return since.strip(), rest.strip()


def write_steps(steps: tuple[Step, ...]) -> str:
    return "\n".join(
        f"{one.since}: {yuan(one.amount_fen)}"
        + (f" / {yuan(one.sme_amount_fen)}" if one.sme_amount_fen is not None else "")
        for one in steps
    )


def write_discounts(discounts: tuple[Discount, ...]) -> str:
    return "\n".join(f"{one.since}: {one.percent:f}%" for one in discounts)


def write_surcharges(surcharges: tuple[Surcharge, ...]) -> str:
    def line(one: Surcharge) -> str:
        named = f" {one.name}" + (f" | {one.name_en}" if one.name_en else "")
        what = f"{one.kind}{named}" if one.kind == SurchargeKind.COMPONENT else str(one.kind)
        amount = yuan(one.amount_fen) if one.amount_fen is not None else f"{one.percent:f}%"
        return f"{what}: {amount}" + (f" / {one.days}" if one.days is not None else "")

    return "\n".join(map(line, surcharges))
