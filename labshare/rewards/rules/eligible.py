"""Step 2: C, the eligible sum of each unit in the window, never below 0."""

from collections.abc import Mapping

from labshare.kernel.money import ZERO, Fen
from labshare.rewards.rules.facts import Facts, Instrument, Lab
from labshare.rewards.terms import RewardUnit

Unit = tuple[str, Instrument] | str
"""(lab, instrument), a lab's code, or a firm."""


def unit_of(unit: str, lab: Lab, instrument: Instrument) -> Unit:
    """The unit to which the sum of one lab's instrument belongs."""
    if unit == RewardUnit.INSTRUMENT:
        return lab.code, instrument
    return lab.code if unit == RewardUnit.LAB else lab.firm


def own_sums(facts: Facts) -> dict[str, Fen]:
    """Each lab's own eligible sum, as it is: may be negative."""
    sums = {lab.code: ZERO for lab in facts.labs}
    for (code, _instrument), fen in facts.eligible.items():
        sums[code] = Fen(sums[code] + fen)
    return sums


def unit_sums(unit: str, facts: Facts) -> dict[Unit, Fen]:
    """Each unit's eligible sum, as it is: may be negative. An instrument without entries is no unit; a lab is."""
    by_code = {lab.code: lab for lab in facts.labs}
    sums: dict[Unit, Fen] = {}
    if unit != RewardUnit.INSTRUMENT:
        sums = {unit_of(unit, lab, ""): ZERO for lab in facts.labs}
    for (code, instrument), fen in facts.eligible.items():
        key = unit_of(unit, by_code[code], instrument)
        sums[key] = Fen(sums.get(key, 0) + fen)
    return sums


def not_below_zero(fen: Fen) -> Fen:
    """C is never negative: what is missing is listed to be reclaimed, not taken off elsewhere."""
    return max(ZERO, fen)


def counted(sums: Mapping[Unit, Fen]) -> dict[Unit, Fen]:
    """C of each unit."""
    return {unit: not_below_zero(fen) for unit, fen in sums.items()}
