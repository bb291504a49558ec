"""A reward policy: its JSON (R-REWARD-1), read into frozen parameters or refused by name.

Money in fen. Rates and coefficients come as strings and stay exact (`Fraction`): a rate is never a float.
`read_policy` finds every fault before it refuses, so that a form can show each at its field.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.terms import Term
from labshare.organisations.terms import SizeClass
from labshare.rewards.errors import (
    MissingName,
    MonthsReversed,
    NegativeAmount,
    NotADivision,
    NotAMonth,
    RateOutOfRange,
    StepsNotRising,
    UnknownChoice,
    UnknownName,
    WrongKind,
)
from labshare.rewards.terms import BandKind, Cap, Grade, RewardUnit, Tax

_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,40})?")
_DIVISION = re.compile(r"[0-9]{2,12}")


@dataclass(frozen=True)
class Step:
    """A band: from this sum on (included), this rate."""

    from_fen: Fen
    rate: Fraction


@dataclass(frozen=True)
class Clients:
    """Whose bookings count. `None` leaves nobody out."""

    sizes: frozenset[str] | None
    divisions: tuple[str, ...] | None
    exclude_related: bool


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The parameters of one policy, as validated by `read_policy`."""

    name: str
    legal_basis: str
    division: str
    effective_from: Month
    effective_to: Month | None
    tax: str
    clients: Clients
    min_original_value_fen: Fen
    exclude_statutory: bool
    unit: str
    threshold_fen: Fen
    kind: str
    steps: tuple[Step, ...]
    grades: Mapping[str, Fraction]
    caps: Mapping[Cap, Fen | None]
    """The most of one year; `None` is no cap."""
    budget_year_fen: Fen | None
    publicity_working_days: int

    def governs(self, month: Month) -> bool:
        """Whether the policy is in force in `month`; its last month is included."""
        return self.effective_from <= month and (self.effective_to is None or month <= self.effective_to)

    def window(self, month: Month) -> tuple[Month, ...]:
        """The months of `month`'s calendar year that this policy governs, up to `month`, in order."""
        return tuple(m for m in Month(month.year, 1).through(month) if self.governs(m))

    def coefficient(self, grade: str | None) -> Fraction:
        """The coefficient of a grade; no grade counts as `ungraded`."""
        return self.grades[grade or Grade.UNGRADED]


def read_policy(data: object) -> Policy:
    """Read a policy's JSON object.

    Raises one of the `PolicyRefused` problems, or `InvalidInputs` holding all that were found; each names its field by
    the dotted way to it (`caps.lab_year_fen`, `bands.steps.1.rate`).
    """
    if not isinstance(data, dict):
        raise WrongKind(expected="object")
    reader = _Reader()
    top = reader.names(data, "", _TOP)
    clients = reader.names(top.get("clients"), "clients", ("sizes", "divisions", "exclude_related"))
    instruments = reader.names(top.get("instruments"), "instruments", ("min_original_value_fen",))
    bands = reader.names(top.get("bands"), "bands", ("kind", "steps"))
    grades = reader.names(top.get("grades"), "grades", tuple(Grade))
    caps = reader.names(top.get("caps"), "caps", tuple(Cap))
    first = reader.of(top, "effective_from", _month)
    last = reader.of(top, "effective_to", _optional(_month))
    if first is not None and last is not None and last < first:
        reader.problems.append(MonthsReversed("effective_to"))
    values: dict[str, Any] = {
        "name": reader.of(top, "name", _text),
        "legal_basis": reader.of(top, "legal_basis", _text),
        "division": reader.of(top, "division", _division),
        "effective_from": first,
        "effective_to": last,
        "tax": reader.of(top, "tax", _one_of(Tax)),
        "clients": Clients(
            sizes=reader.of(clients, "clients.sizes", _optional(_several(_one_of(SizeClass), frozenset))),
            divisions=reader.of(clients, "clients.divisions", _optional(_several(_division, tuple))),
            exclude_related=reader.of(clients, "clients.exclude_related", _yes_or_no),
        ),
        "min_original_value_fen": reader.of(instruments, "instruments.min_original_value_fen", _amount),
        "exclude_statutory": reader.of(top, "exclude_statutory", _yes_or_no),
        "unit": reader.of(top, "unit", _one_of(RewardUnit)),
        "threshold_fen": reader.of(top, "threshold_fen", _amount),
        "kind": reader.of(bands, "bands.kind", _one_of(BandKind)),
        "steps": _read_steps(reader, bands),
        "grades": {grade: reader.of(grades, f"grades.{grade}", _coefficient) for grade in Grade},
        "caps": {cap: reader.of(caps, f"caps.{cap}", _optional(_amount)) for cap in Cap},
        "budget_year_fen": reader.of(top, "budget_year_fen", _optional(_amount)),
        "publicity_working_days": reader.of(top, "publicity_working_days", _amount),
    }
    raise_all(reader.problems)
    return Policy(**values)


_TOP = (
    "name",
    "legal_basis",
    "division",
    "effective_from",
    "effective_to",
    "tax",
    "clients",
    "instruments",
    "exclude_statutory",
    "unit",
    "threshold_fen",
    "bands",
    "grades",
    "caps",
    "budget_year_fen",
    "publicity_working_days",
)


def _read_steps(reader: "_Reader", bands: Mapping[str, Any]) -> tuple[Step, ...]:
    if "steps" not in bands:
        return ()
    if not isinstance(bands["steps"], list):
        reader.problems.append(WrongKind("bands.steps", expected="list"))
        return ()
    steps = []
    for place, item in enumerate(bands["steps"]):
        where = f"bands.steps.{place}"
        named = reader.names(item, where, ("from_fen", "rate"))
        steps.append(Step(reader.of(named, f"{where}.from_fen", _amount), reader.of(named, f"{where}.rate", _rate)))
    check_steps_rise(reader, [step.from_fen for step in steps])
    return tuple(steps)


def check_steps_rise(reader: "_Reader", starts: list[int]) -> None:
    """The first band starts at 0 and each next one strictly higher: else `StepsNotRising` where it does not."""
    if not starts:
        reader.problems.append(StepsNotRising("bands.steps"))
        return
    if starts[0] is not None and starts[0] != 0:
        reader.problems.append(StepsNotRising("bands.steps.0.from_fen"))
    for place in range(1, len(starts)):
        before, here = starts[place - 1], starts[place]
        if before is not None and here is not None and here <= before:
            reader.problems.append(StepsNotRising(f"bands.steps.{place}.from_fen"))
            return


class _Reader:
    """Reads fields one by one and keeps every problem."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def names(self, data: object, where: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        """An object with exactly the `known` names; what is missing or too much becomes a problem each."""
        if not isinstance(data, dict):
            if not any(problem.field == where for problem in self.problems):  # its absence is told already
                self.problems.append(WrongKind(where, expected="object"))
            return {}
        prefix = f"{where}." if where else ""
        self.problems += [MissingName(f"{prefix}{name}", name=name) for name in known if name not in data]
        self.problems += [UnknownName(f"{prefix}{name}", name=name) for name in data if name not in known]
        return data

    def of(self, data: Mapping[str, Any], path: str, read: Callable[[Any, str], Any]) -> Any:
        """The value at the last name of `path`, or `None` where it is missing or at fault."""
        name = path.rpartition(".")[2]
        if name not in data:
            return None
        try:
            return read(data[name], path)
        except Problem as problem:
            self.problems.append(problem)
            return None


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise WrongKind(path, expected="text")
    return value


def _yes_or_no(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise WrongKind(path, expected="true, false")
    return value


def _amount(value: Any, path: str) -> int:
    """A whole number, not negative. `True` is no number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongKind(path, expected="integer")
    if value < 0:
        raise NegativeAmount(path)
    return value


def _decimal(value: Any, path: str) -> Fraction:
    if not isinstance(value, str) or _DECIMAL.fullmatch(value) is None:
        raise WrongKind(path, expected='"0.10"')
    return Fraction(value)


def _rate(value: Any, path: str) -> Fraction:
    rate = _decimal(value, path)
    if not 0 <= rate <= 1:
        raise RateOutOfRange(path)
    return rate


def _coefficient(value: Any, path: str) -> Fraction:
    coefficient = _decimal(value, path)
    if coefficient < 0:
        raise NegativeAmount(path)
    return coefficient


def _month(value: Any, path: str) -> Month:
    try:
        return Month.parse(value)
    except (TypeError, ValueError):
        raise NotAMonth(path) from None


def _division(value: Any, path: str) -> str:
    if not isinstance(value, str) or _DIVISION.fullmatch(value) is None:
        raise NotADivision(path)
    return value


def _one_of(choices: type[Term]) -> Callable[[Any, str], str]:
    def read(value: Any, path: str) -> str:
        if not isinstance(value, str) or choices.known(value) is None:
            raise UnknownChoice(path, choices=", ".join(choices))
        return value

    return read


def _optional(read: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda value, path: None if value is None else read(value, path)


def _several(read: Callable[[Any, str], Any], into: Callable[[Any], Any]) -> Callable[[Any, str], Any]:
    def read_all(value: Any, path: str) -> Any:
        if not isinstance(value, list):
            raise WrongKind(path, expected="list")
        return into([read(item, path) for item in value])

    return read_all
