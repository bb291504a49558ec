"""A price as it is kept with a booking or a quote: JSON from which every line can be read again."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from labshare.booking.rules.price import Billed, Extra, Price
from labshare.catalogue.rules.fees import Surcharge, read_surcharges, write_surcharge
from labshare.kernel.money import Fen

_PLAIN = ("basis", "amount_fen", "product_fen", "minimum_fen", "step", "sme", "own_fen")


def written_price(price: Price) -> dict[str, Any]:
    """Without what is not so; fractions as text."""
    values: dict[str, Any] = {name: getattr(price, name) for name in _PLAIN}
    values = {name: value for name, value in values.items() if value is not None and value is not False}
    values["units"] = str(price.units)
    if price.extras:
        values["extras"] = [{**write_surcharge(one.surcharge), "fen": one.fen} for one in price.extras]
    if price.billed is not None:
        values["billed"] = {
            name: str(value) if isinstance(value, Fraction) else value for name, value in vars(price.billed).items()
        }
    return values


def read_price(values: Mapping[str, Any]) -> Price:
    """What `written_price` wrote."""
    billed = values.get("billed")
    return Price(
        **{name: values[name] for name in _PLAIN if name in values},
        units=Fraction(values["units"]),
        extras=tuple(_extra(one) for one in values.get("extras", ())),
        billed=Billed(
            setup=Fraction(billed["setup"]),
            quantity=billed["quantity"],
            per_sample=Fraction(billed["per_sample"]),
            runs=billed["runs"],
            per_run=Fraction(billed["per_run"]),
        )
        if billed
        else None,
    )


def _extra(values: Mapping[str, Any]) -> Extra:
    surcharge: Surcharge = read_surcharges([values])[0]
    return Extra(surcharge=surcharge, fen=Fen(values["fen"]))
