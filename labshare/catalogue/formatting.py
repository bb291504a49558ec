"""Fees and instruments as people read them, in the language now being written."""

from typing import Any

from flask_babel import gettext as _

from labshare.catalogue.terms import FeeBasis
from labshare.kernel.formatting import NOTHING, money_before, plain_money, sentence_money, twin
from labshare.kernel.money import Fen


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
