"""Fees, instruments and places of labs as people read them, in the language now being written."""

from typing import Any

from flask_babel import gettext as _

from labshare.catalogue.terms import FeeBasis
from labshare.kernel.formatting import (
    NOTHING,
    language,
    money_before,
    plain_money,
    plain_number,
    sentence_money,
    twin,
)
from labshare.kernel.money import Fen
from labshare.organisations.divisions import DIVISIONS, PLACES, Division, Town, town_of


def fee(amount_fen: Fen | None, basis: str, minimum_fen: Fen | None = None) -> str:
    """120.00 元/样，最低 200.00 元; in English ¥120.00 a sample, minimum ¥200.00."""
    if amount_fen is None:
        return NOTHING
    text = f"{money_before(amount_fen)} {FeeBasis(basis).per}"
    if not minimum_fen:
        return text
    return str(_("%(fee)s, minimum %(minimum)s", fee=text, minimum=sentence_money(minimum_fen)))


def fee_text(row: Any) -> str:
    """A fee row as a sentence part: 120.00 元/样，最低 200.00 元."""
    return fee(row.amount_fen, row.basis, row.minimum_fen)


def money_range(low: Fen | None, high: Fen | None, basis: str | None = None) -> str:
    """60.00–200.00 元/样, in English ¥60.00–¥200.00 a sample; without a basis ¥60.00–¥200.00."""
    if low is None or high is None:
        return NOTHING
    if low == high:
        return fee(low, basis) if basis else plain_money(low)
    if basis is None:
        return f"{plain_money(low)}–{plain_money(high)}"
    return f"{money_before(low)}–{money_before(high)} {FeeBasis(basis).per}"


def basis_unit(basis: str) -> str:
    """元/样, in English CNY a sample: for a column head."""
    return str(_("CNY %(per)s", per=FeeBasis(basis).per))


def limits(question: Any) -> str:
    """What numbers a question of a sample form takes: 20–70, ≥ 20, ≤ 70; nothing where any."""
    least, most = (None if one is None else plain_number(one) for one in (question.least, question.most))
    if least is not None and most is not None:
        return f"{least}–{most}"
    return f"≥ {least}" if least is not None else f"≤ {most}" if most is not None else ""


def with_model(instrument: Any) -> str:
    """An instrument's name, with the model where the name does not say it; for choices."""
    name = twin(instrument)
    return name if not instrument.model or instrument.model in name else f"{name} {instrument.model}"


def kind_of_instrument(instrument: Any) -> str:
    """What sort of instrument: its name without the maker and model that stand at its end."""
    name = twin(instrument)
    kind = name.removesuffix(make_and_model(instrument)).strip()
    return kind or name


def make_and_model(instrument: Any) -> str:
    """Maker and model: the line below the kind. The model alone where the name does not end in both."""
    model = instrument.model or ""
    both = f"{instrument.manufacturer or ''} {model}".strip()
    return both if twin(instrument).endswith(both) else model


def place_in_both(lab: Any) -> dict[str, str]:
    """Where a lab stands, for `params`: 羽林街道环城路223号; 223 Huancheng Road, Yulin Subdistrict. The town is named
    once; who wrote no English address has the Chinese one there. Empty without an address."""
    town = town_of(lab.town)
    zh, en = lab.address, lab.address_en
    named: list[Division | Town] = [*PLACES.values(), *DIVISIONS.values()]
    if zh and town is not None and not any(one.name in zh for one in named):
        zh = f"{town.name}{zh}"
    if en and town is not None and not any(one.name_en in en for one in named):
        en = f"{en}, {town.name_en}"
    return {"zh": zh, "en": en or zh}


def place(lab: Any) -> str:
    """Where a lab stands, in the language now being written. Empty without an address."""
    return place_in_both(lab)[language()]
